-- What prisma leaves in a database: pg_dump of its tables.

CREATE TABLE public._prisma_migrations (
    id character varying(36) NOT NULL,
    checksum character varying(64) NOT NULL,
    finished_at timestamp with time zone,
    migration_name character varying(255) NOT NULL,
    logs text,
    rolled_back_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_steps_count integer DEFAULT 0 NOT NULL
);
INSERT INTO public._prisma_migrations VALUES ('fb39d517-47c5-4a00-acef-cabe86d00edb', '8b9d5be75b612ea7d6c7285e50230886fcc2773de5f517dd66e699838c8fc0ac', '2026-11-21 06:51:28.638+00', '20240105091500_init', NULL, NULL, '2026-11-21 06:51:28.623+00', 1);
INSERT INTO public._prisma_migrations VALUES ('ceff674e-4f02-4455-a131-052ef4d3c5ec', 'c2197c187ded05aec9474e2def41b1460dd9879f2e2cda5e504255fcc7993d24', '2026-11-21 06:51:28.649+00', '20240212100000_orders_by_customer', NULL, NULL, '2026-11-21 06:51:28.64+00', 1);
INSERT INTO public._prisma_migrations VALUES ('b8e9d9ee-7541-4884-91f7-996bf2d20888', '9dfb1d6546efee6433a7a0b32bdd5f978d36bd8c69a6473eb4d71cf917e9047a', '2026-11-21 06:51:28.659+00', '20240301120000_comment', NULL, NULL, '2026-11-21 06:51:28.653+00', 1);
ALTER TABLE ONLY public._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);
