-- What tern leaves in a database, from what its sources say.
CREATE TABLE public.schema_version (
    version integer NOT NULL
);
INSERT INTO public.schema_version VALUES (3);
ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (version);
