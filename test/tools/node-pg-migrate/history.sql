-- What node-pg-migrate leaves in a database: pg_dump of its tables.

CREATE TABLE public.pgmigrations (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    run_on timestamp without time zone NOT NULL
);
CREATE SEQUENCE public.pgmigrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.pgmigrations_id_seq OWNED BY public.pgmigrations.id;
ALTER TABLE ONLY public.pgmigrations ALTER COLUMN id SET DEFAULT nextval('public.pgmigrations_id_seq'::regclass);
INSERT INTO public.pgmigrations VALUES (1, '1704445200000_customers', '2026-11-21 06:15:33.874536');
INSERT INTO public.pgmigrations VALUES (2, '20240212100000000_orders', '2026-11-21 06:15:33.874536');
INSERT INTO public.pgmigrations VALUES (3, '1709294400000_orders-by-customer', '2026-11-21 06:15:33.891333');
SELECT pg_catalog.setval('public.pgmigrations_id_seq', 3, true);
ALTER TABLE ONLY public.pgmigrations
    ADD CONSTRAINT pgmigrations_pkey PRIMARY KEY (id);
