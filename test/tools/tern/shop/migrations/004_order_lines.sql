CREATE TABLE order_lines (
	order_id bigint REFERENCES orders,
	line int,
	amount numeric NOT NULL,
	PRIMARY KEY (order_id, line)
);

CREATE FUNCTION total(the_order bigint) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT sum(amount) FROM order_lines WHERE order_id = the_order);
END;
$$;

---- create above / drop below ----

DROP FUNCTION total(bigint);
DROP TABLE order_lines;
