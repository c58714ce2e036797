-- Deploy shop:users to pg
-- requires: users@v1.1
-- requires: audit:log

BEGIN;

ALTER TABLE :schema.users ADD COLUMN email text;

COMMIT;
