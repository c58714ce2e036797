-- Revert shop:last from pg

BEGIN;

ALTER TABLE shop.orders DROP CONSTRAINT orders_status_check;

COMMIT;
