-- What postgres-migrations leaves in a database: pg_dump of its tables.

CREATE TABLE public.migrations (
    id integer NOT NULL,
    name character varying(100) NOT NULL,
    hash character varying(40) NOT NULL,
    executed_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO public.migrations VALUES (0, 'create-migrations-table', 'e18db593bcde2aca2a408c4d1100f6abba2195df', '2026-11-21 06:15:47.467384');
INSERT INTO public.migrations VALUES (1, 'customers', '412620b90a767d17504f742bab2ead33aa4d92b8', '2026-11-21 06:15:47.473907');
INSERT INTO public.migrations VALUES (2, 'orders', '32f3c23bdc028b545421e4ac9ea2aebe70980fc2', '2026-11-21 06:15:47.479409');
INSERT INTO public.migrations VALUES (3, 'orders_by_customer', 'e83f7e9dba8515e0af7a5db9d4d58240d721248b', '2026-11-21 06:15:47.485032');
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT migrations_name_key UNIQUE (name);
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (id);
