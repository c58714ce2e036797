-- Verify shop:last on pg

BEGIN;

SELECT 1 / count(*) FROM pg_constraint WHERE conname = 'orders_status_check';

ROLLBACK;
