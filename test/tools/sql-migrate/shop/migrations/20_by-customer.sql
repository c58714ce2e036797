-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY orders_customer_id ON orders (customer_id);

-- +migrate Down notransaction
DROP INDEX CONCURRENTLY orders_customer_id;
