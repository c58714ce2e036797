-- Verify shop:tables/orders on pg

BEGIN;

SELECT id, customer_id, status FROM shop.orders WHERE false;

ROLLBACK;
