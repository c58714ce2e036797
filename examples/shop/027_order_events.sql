-- Whatever happens to an order becomes an event as well; the default partition makes sure that none is ever refused.

-- migrate:up
CREATE TABLE events_default PARTITION OF events DEFAULT;

CREATE FUNCTION record_order_status() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO events (kind, payload)
    VALUES ('order ' || NEW.status,
            jsonb_build_object('order', NEW.number, 'before', OLD.status));
    RETURN NULL;
END;
$$;

CREATE TRIGGER orders_record_status
    AFTER UPDATE OF status ON orders
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION record_order_status();

-- migrate:down
DROP TRIGGER orders_record_status ON orders;
DROP FUNCTION record_order_status();
DROP TABLE events_default;
