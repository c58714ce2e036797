-- The validated check is proof enough: SET NOT NULL scans nothing, and the check has done its duty.

-- migrate:up
ALTER TABLE orders ALTER COLUMN number SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT orders_number_present;

-- migrate:down
ALTER TABLE orders
    ADD CONSTRAINT orders_number_present CHECK (number IS NOT NULL);
ALTER TABLE orders ALTER COLUMN number DROP NOT NULL;
