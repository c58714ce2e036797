-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY orders_status ON orders (status);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY orders_status;
