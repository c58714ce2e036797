-- What ecto leaves in a database, from what its sources say.
CREATE TABLE public.schema_migrations (
    version bigint NOT NULL,
    inserted_at timestamp(0) without time zone
);
INSERT INTO public.schema_migrations VALUES (20240105091500, '2024-01-05 09:15:00');
INSERT INTO public.schema_migrations VALUES (20240212100000, '2024-02-05 09:15:00');
INSERT INTO public.schema_migrations VALUES (20240301120000, '2024-03-05 09:15:00');
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
