-- Revert shop:tables/orders from pg

BEGIN;

DROP TABLE shop.orders;

COMMIT;
