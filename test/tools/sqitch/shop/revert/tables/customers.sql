-- Revert shop:tables/customers from pg

BEGIN;

DROP TABLE shop.customers;

COMMIT;
