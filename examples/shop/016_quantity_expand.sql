-- qty becomes quantity, 1 of 4: both columns exist, and a trigger keeps them equal whichever one a client writes.

-- migrate:up
ALTER TABLE order_lines ADD COLUMN quantity integer;

CREATE FUNCTION sync_quantity() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.quantity := coalesce(NEW.quantity, NEW.qty);
        NEW.qty := NEW.quantity;
    ELSIF NEW.quantity IS DISTINCT FROM OLD.quantity THEN
        NEW.qty := NEW.quantity;
    ELSE
        NEW.quantity := NEW.qty;
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER order_lines_sync_quantity
    BEFORE INSERT OR UPDATE ON order_lines
    FOR EACH ROW WHEN (NEW.quantity IS DISTINCT FROM NEW.qty)
    EXECUTE FUNCTION sync_quantity();

-- migrate:down
DROP TRIGGER order_lines_sync_quantity ON order_lines;
DROP FUNCTION sync_quantity();
ALTER TABLE order_lines DROP COLUMN quantity;
