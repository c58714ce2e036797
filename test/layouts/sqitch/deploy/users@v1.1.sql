-- Deploy shop:users to pg
-- requires: schema

BEGIN;

CREATE TABLE :schema.users (
	id bigint PRIMARY KEY,
	nick text NOT NULL
);

COMMIT;
