-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY orders_id ON orders (id);
VACUUM orders;
-- +migrate Down other notransaction
DROP INDEX CONCURRENTLY orders_id;
