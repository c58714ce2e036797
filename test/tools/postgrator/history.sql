-- What postgrator leaves in a database: pg_dump of its tables.

CREATE TABLE public.schemaversion (
    version bigint NOT NULL,
    name text,
    md5 text,
    run_at timestamp with time zone
);
INSERT INTO public.schemaversion VALUES (0, NULL, NULL, NULL);
INSERT INTO public.schemaversion VALUES (1, 'customers', '47e3ad98541e9d62372a66a58a7209b0', '2026-11-21 06:15:41.844+00');
INSERT INTO public.schemaversion VALUES (2, 'orders', '7cbed4e3e371f379198ee86a5297a106', '2026-11-21 06:15:41.847+00');
INSERT INTO public.schemaversion VALUES (3, '', '9663dd457a83c02bb7382ebafbab2022', '2026-11-21 06:15:41.849+00');
ALTER TABLE ONLY public.schemaversion
    ADD CONSTRAINT schemaversion_pkey PRIMARY KEY (version);
