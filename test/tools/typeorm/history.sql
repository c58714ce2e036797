-- What typeorm leaves in a database: pg_dump of its tables.

CREATE TABLE public.migrations (
    id integer NOT NULL,
    "timestamp" bigint NOT NULL,
    name character varying NOT NULL
);
CREATE SEQUENCE public.migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.migrations_id_seq OWNED BY public.migrations.id;
ALTER TABLE ONLY public.migrations ALTER COLUMN id SET DEFAULT nextval('public.migrations_id_seq'::regclass);
INSERT INTO public.migrations VALUES (1, 1704445200000, 'Customers1704445200000');
INSERT INTO public.migrations VALUES (2, 1707732000000, 'Orders1707732000000');
INSERT INTO public.migrations VALUES (3, 1709294400000, 'OrdersByCustomer1709294400000');
INSERT INTO public.migrations VALUES (4, 1713168000000, 'Notes1713168000000');
SELECT pg_catalog.setval('public.migrations_id_seq', 4, true);
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY (id);
