-- What hasura leaves in a database, from what its sources say.
CREATE SCHEMA hdb_catalog;
CREATE FUNCTION hdb_catalog.gen_hasura_uuid() RETURNS uuid
    LANGUAGE sql
    AS $$select gen_random_uuid()$$;
CREATE TABLE hdb_catalog.hdb_version (
    hasura_uuid uuid DEFAULT hdb_catalog.gen_hasura_uuid() NOT NULL,
    version text NOT NULL,
    upgraded_on timestamp with time zone NOT NULL,
    cli_state jsonb DEFAULT '{}'::jsonb NOT NULL,
    console_state jsonb DEFAULT '{}'::jsonb NOT NULL
);
INSERT INTO hdb_catalog.hdb_version VALUES ('7f5c2f5e-3b1d-4f0a-9c7e-0d6f0e5b1a2c', '48', '2024-01-05 09:00:00+00', '{"settings": {"migration_mode": "true"}, "migrations": {"default": {"1704445200000": false, "1707732000000": false, "1709294400000": false}}, "isStateCopyCompleted": false}', '{}');
ALTER TABLE ONLY hdb_catalog.hdb_version
    ADD CONSTRAINT hdb_version_pkey PRIMARY KEY (hasura_uuid);
CREATE UNIQUE INDEX hdb_version_one_row ON hdb_catalog.hdb_version USING btree (((version IS NOT NULL)));
