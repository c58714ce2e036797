-- Verify shop:orders_by_customer on pg

BEGIN;

SELECT 1 / count(*) FROM pg_class WHERE relname = 'orders_customer_id';

ROLLBACK;
