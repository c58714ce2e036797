-- What sqlx leaves in a database, from what its sources say.
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
INSERT INTO public._sqlx_migrations VALUES (20240105091500, 'customers', '2024-01-05 09:15:00+00', true, '\x28b27d421831c7d679e5febcc8e176df8900267d1da4970f43bc93e2fd831b084697ca1277528bae492bf984a017c145', 1000000);
INSERT INTO public._sqlx_migrations VALUES (20240212100000, 'orders', '2024-02-05 09:15:00+00', true, '\x63ccdfe5fd550175073c5b4da93b10bd8b454e34332d54e51ba630c4c9353dd3ae0bc88d80082ae48071d4f082e680bb', 1000001);
INSERT INTO public._sqlx_migrations VALUES (20240301120000, 'orders by customer', '2024-03-05 09:15:00+00', true, '\x653fc1d2d9589a7a54b70cddab4065b2505838b3e87dfb5d1056a95bddfa887247c7c19f85280b3baa06427d5f1bff0d', 1000002);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
