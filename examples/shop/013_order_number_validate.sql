-- The scan that SET NOT NULL would do under an exclusive lock, done here while orders come in.

-- migrate:up
ALTER TABLE orders VALIDATE CONSTRAINT orders_number_present;

-- migrate:down
-- There is no way back to NOT VALID but to add the constraint again.
ALTER TABLE orders
    DROP CONSTRAINT orders_number_present,
    ADD CONSTRAINT orders_number_present CHECK (number IS NOT NULL) NOT VALID;
