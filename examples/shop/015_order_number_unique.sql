-- Two orders must never share a number: the index is built beside the traffic, the constraint then takes it over.

-- migrate:up
CREATE UNIQUE INDEX CONCURRENTLY orders_number_key ON orders (number);
ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE USING INDEX orders_number_key;

-- migrate:down
ALTER TABLE orders DROP CONSTRAINT orders_number_key;
