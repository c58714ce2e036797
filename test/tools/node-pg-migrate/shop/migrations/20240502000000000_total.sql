-- Up Migration
CREATE FUNCTION total(the_order bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
	SELECT sum(amount) FROM order_lines WHERE order_id = the_order;
$$;

-- Down Migration
DROP FUNCTION total(bigint);
