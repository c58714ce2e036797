-- What rails leaves in a database: pg_dump of its tables.

CREATE TABLE public.ar_internal_metadata (
    key character varying NOT NULL,
    value character varying,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);
INSERT INTO public.ar_internal_metadata VALUES ('environment', 'default_env', '2026-11-21 06:16:02.63094', '2026-11-21 06:16:02.63094');
INSERT INTO public.schema_migrations VALUES ('20240105091500');
INSERT INTO public.schema_migrations VALUES ('20240212100000');
INSERT INTO public.schema_migrations VALUES ('20240301120000');
ALTER TABLE ONLY public.ar_internal_metadata
    ADD CONSTRAINT ar_internal_metadata_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
