-- Revert shop:grants from pg

BEGIN;
REVOKE USAGE ON SCHEMA :"schema" FROM PUBLIC;
COMMIT;
