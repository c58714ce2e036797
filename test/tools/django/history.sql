-- What django leaves in a database: pg_dump of its tables.

CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.django_migrations_id_seq OWNED BY public.django_migrations.id;
ALTER TABLE ONLY public.django_migrations ALTER COLUMN id SET DEFAULT nextval('public.django_migrations_id_seq'::regclass);
INSERT INTO public.django_migrations VALUES (1, 'shop', '0001_initial', '2026-11-21 06:14:24.688677+00');
INSERT INTO public.django_migrations VALUES (2, 'shop', '0002_order', '2026-11-21 06:14:24.698164+00');
SELECT pg_catalog.setval('public.django_migrations_id_seq', 2, true);
ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);
