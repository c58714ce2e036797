-- The back office opens on "orders since ..."; the shop keeps selling while the index is built.

-- migrate:up
CREATE INDEX CONCURRENTLY orders_created_at_idx ON orders (created_at);

-- migrate:down
DROP INDEX CONCURRENTLY orders_created_at_idx;
