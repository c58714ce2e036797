-- One definition of what an order costs; BEGIN ATOMIC lets the server know which columns it needs.

-- migrate:up
CREATE FUNCTION order_total(order_id bigint) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(sum(l.qty * l.unit_price_cents), 0)::bigint
      FROM order_lines AS l
     WHERE l.order_id = order_total.order_id;
END;

-- migrate:down
DROP FUNCTION order_total(bigint);
