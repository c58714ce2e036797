-- Revert shop:tables/orders from pg

BEGIN;
DROP TABLE :schema.orders;
COMMIT;
