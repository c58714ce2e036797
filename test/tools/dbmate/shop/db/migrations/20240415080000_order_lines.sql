-- migrate:up
CREATE TABLE order_lines (
	order_id bigint REFERENCES orders,
	line int,
	amount numeric NOT NULL,
	PRIMARY KEY (order_id, line)
);
CREATE VIEW order_totals AS
	SELECT order_id, sum(amount) AS total FROM order_lines GROUP BY order_id;

-- migrate:down
DROP VIEW order_totals;
DROP TABLE order_lines;
