-- What dbmate leaves in a database: pg_dump of its tables.

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);
INSERT INTO public.schema_migrations VALUES ('0001');
INSERT INTO public.schema_migrations VALUES ('20240105091500');
INSERT INTO public.schema_migrations VALUES ('20240212100000');
INSERT INTO public.schema_migrations VALUES ('20240301120000');
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
