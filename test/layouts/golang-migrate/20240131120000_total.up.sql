BEGIN;
ALTER TABLE orders ADD COLUMN total numeric;
UPDATE orders SET total = 0;
COMMIT;
