--! Previous: sha1:f71531a5e8d3151476f6d974deddd0edc92ef940
--! Hash: sha1:2263f16668a35e01c7497878623f3c05186bd2b7
--! Message: order lines

CREATE TABLE order_lines (
	order_id bigint REFERENCES orders,
	line int,
	amount numeric NOT NULL,
	PRIMARY KEY (order_id, line)
);
ALTER TABLE orders ADD CHECK (status IN (':OPEN_STATUS', 'paid'));
