-- Revert shop:users from pg

BEGIN;
DROP TABLE :schema.users :behavior;
COMMIT;
