-- What sql-migrate leaves in a database: pg_dump of its tables.

CREATE TABLE public.gorp_migrations (
    id text NOT NULL,
    applied_at timestamp with time zone
);
INSERT INTO public.gorp_migrations VALUES ('1_customers.sql', '2026-11-21 06:16:16.228962+00');
INSERT INTO public.gorp_migrations VALUES ('10_orders.sql', '2026-11-21 06:16:16.231265+00');
INSERT INTO public.gorp_migrations VALUES ('20_by-customer.sql', '2026-11-21 06:16:16.232286+00');
ALTER TABLE ONLY public.gorp_migrations
    ADD CONSTRAINT gorp_migrations_pkey PRIMARY KEY (id);
