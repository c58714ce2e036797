-- The planner took status and payment for independent, and nested loops for a good idea.

-- migrate:up
CREATE STATISTICS orders_status_paid_stats (mcv) ON status, (paid_at IS NULL) FROM orders;

ANALYZE orders;

-- migrate:down
DROP STATISTICS orders_status_paid_stats;
