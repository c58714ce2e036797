-- What diesel leaves in a database, from what its sources say.
CREATE TABLE public.__diesel_schema_migrations (
    version character varying(50) NOT NULL,
    run_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO public.__diesel_schema_migrations VALUES ('00000000000000', '2024-01-05 09:00:00');
INSERT INTO public.__diesel_schema_migrations VALUES ('20240105091500', '2024-01-05 09:15:00');
INSERT INTO public.__diesel_schema_migrations VALUES ('20240212100000', '2024-02-05 09:15:00');
INSERT INTO public.__diesel_schema_migrations VALUES ('20240301120000', '2024-03-05 09:15:00');
ALTER TABLE ONLY public.__diesel_schema_migrations
    ADD CONSTRAINT __diesel_schema_migrations_pkey PRIMARY KEY (version);
