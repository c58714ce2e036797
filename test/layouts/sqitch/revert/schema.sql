-- Revert shop:schema from pg

BEGIN;
DROP SCHEMA :schema;
COMMIT;
