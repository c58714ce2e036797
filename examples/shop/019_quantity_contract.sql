-- qty becomes quantity, 4 of 4: no client has written qty for a month, so it goes, and its trigger with it.

-- migrate:up
DROP TRIGGER order_lines_sync_quantity ON order_lines;
DROP FUNCTION sync_quantity();
ALTER TABLE order_lines DROP COLUMN qty;

-- migrate:down
-- qty comes back as the last column: a table cannot be given a column in the middle.
ALTER TABLE order_lines ADD COLUMN qty integer;

UPDATE order_lines SET qty = quantity;

ALTER TABLE order_lines
    ALTER COLUMN qty SET NOT NULL,
    ADD CONSTRAINT order_lines_qty_check CHECK (qty > 0);

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
