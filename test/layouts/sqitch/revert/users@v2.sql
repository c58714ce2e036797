-- Revert shop:users from pg

BEGIN;
ALTER TABLE :schema.users DROP COLUMN email;
COMMIT;
