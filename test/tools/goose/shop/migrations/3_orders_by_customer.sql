-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY orders_customer_id ON orders (customer_id);

-- +goose Down
DROP INDEX CONCURRENTLY orders_customer_id;
