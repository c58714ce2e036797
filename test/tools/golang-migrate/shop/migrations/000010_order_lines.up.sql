BEGIN;
CREATE TABLE order_lines (
	order_id bigint REFERENCES orders,
	line int,
	amount numeric NOT NULL,
	PRIMARY KEY (order_id, line)
);
COMMIT;
