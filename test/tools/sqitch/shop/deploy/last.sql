-- Deploy shop:last to pg

BEGIN;

ALTER TABLE shop.orders ADD CHECK (status IN ('new', 'paid'));

COMMIT;
