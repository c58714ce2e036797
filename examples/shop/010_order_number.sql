-- Customers quote an order by a number we print, not by our key; this step only takes care of new orders.

-- migrate:up
ALTER TABLE orders ADD COLUMN number text;

CREATE FUNCTION order_number(id bigint) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN 'R-' || lpad(id::text, 9, '0');

-- A trigger and not a generated column: orders from a marketplace bring a number of their own.
CREATE FUNCTION set_order_number() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.number := coalesce(NEW.number, order_number(NEW.id));
    RETURN NEW;
END;
$$;

CREATE TRIGGER orders_set_number
    BEFORE INSERT ON orders
    FOR EACH ROW EXECUTE FUNCTION set_order_number();

-- migrate:down
DROP TRIGGER orders_set_number ON orders;
DROP FUNCTION set_order_number();
DROP FUNCTION order_number(bigint);
ALTER TABLE orders DROP COLUMN number;
