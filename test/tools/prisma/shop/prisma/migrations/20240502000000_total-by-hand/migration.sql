CREATE FUNCTION total(the_order int) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT sum(amount) FROM "OrderLine" WHERE "orderId" = the_order
$$;
