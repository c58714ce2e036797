-- Revert shop:users from pg

BEGIN;
DELETE FROM :schema.users;
ALTER TABLE :schema.users DROP COLUMN tags;
COMMIT;
