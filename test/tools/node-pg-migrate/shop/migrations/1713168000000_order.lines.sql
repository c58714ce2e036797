CREATE TABLE order_lines (
	order_id bigint REFERENCES orders,
	line int,
	amount numeric NOT NULL,
	PRIMARY KEY (order_id, line)
);
COMMENT ON TABLE order_lines IS 'There is no marker in this file: all of it is the way up.';
