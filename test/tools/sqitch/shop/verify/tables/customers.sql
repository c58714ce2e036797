-- Verify shop:tables/customers on pg

BEGIN;

SELECT id, email FROM shop.customers WHERE false;

ROLLBACK;
