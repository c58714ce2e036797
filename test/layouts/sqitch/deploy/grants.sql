-- Deploy shop:grants to pg
-- requires: index

BEGIN;
GRANT USAGE ON SCHEMA :"schema" TO PUBLIC;
COMMIT;
