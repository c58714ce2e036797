-- Deploy shop:schema to pg

BEGIN;

CREATE SCHEMA :"schema";
COMMENT ON SCHEMA :"schema" IS :'title';

COMMIT;
