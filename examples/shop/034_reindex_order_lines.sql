-- The backfill in 017 has left the primary key at twice its size; it is built anew while the shop is open.

-- migrate:up
REINDEX INDEX CONCURRENTLY order_lines_pkey;

-- migrate:down
-- Nothing to do: the index is the same, only smaller.
