-- From here on no order without a number gets in; the old rows are looked at in the next step.

-- migrate:up
ALTER TABLE orders
    ADD CONSTRAINT orders_number_present CHECK (number IS NOT NULL) NOT VALID;

-- migrate:down
ALTER TABLE orders DROP CONSTRAINT orders_number_present;
