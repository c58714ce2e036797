-- Deploy shop:schema to pg

BEGIN;

CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS :'shop_owner';

COMMIT;
