-- What graphile-migrate leaves in a database: pg_dump of its tables.

CREATE SCHEMA graphile_migrate;
CREATE TABLE graphile_migrate.current (
    filename text DEFAULT 'current.sql'::text NOT NULL,
    content text NOT NULL,
    date timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE graphile_migrate.migrations (
    hash text NOT NULL,
    previous_hash text,
    filename text NOT NULL,
    date timestamp with time zone DEFAULT now() NOT NULL
);
INSERT INTO graphile_migrate.migrations VALUES ('sha1:c4d0c60c905e1c0c6ae23dcbe8634a7c5b33b8c1', NULL, '000001.sql', '2026-11-21 06:14:53.110381+00');
INSERT INTO graphile_migrate.migrations VALUES ('sha1:619ccadf816c3d1646eb7200857335f17a1ce84e', 'sha1:c4d0c60c905e1c0c6ae23dcbe8634a7c5b33b8c1', '000002.sql', '2026-11-21 06:14:53.117463+00');
INSERT INTO graphile_migrate.migrations VALUES ('sha1:f71531a5e8d3151476f6d974deddd0edc92ef940', 'sha1:619ccadf816c3d1646eb7200857335f17a1ce84e', '000003.sql', '2026-11-21 06:14:53.130109+00');
ALTER TABLE ONLY graphile_migrate.current
    ADD CONSTRAINT current_pkey PRIMARY KEY (filename);
ALTER TABLE ONLY graphile_migrate.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY graphile_migrate.migrations
    ADD CONSTRAINT migrations_previous_hash_fkey FOREIGN KEY (previous_hash) REFERENCES graphile_migrate.migrations(hash);
