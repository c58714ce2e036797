-- no-transaction: the index is built concurrently
CREATE INDEX CONCURRENTLY orders_id ON orders (id);
VACUUM orders;
