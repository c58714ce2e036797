-- What drizzle leaves in a database: pg_dump of its tables.

CREATE SCHEMA drizzle;
CREATE TABLE drizzle.__drizzle_migrations (
    id integer NOT NULL,
    hash text NOT NULL,
    created_at bigint
);
CREATE SEQUENCE drizzle.__drizzle_migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE drizzle.__drizzle_migrations_id_seq OWNED BY drizzle.__drizzle_migrations.id;
ALTER TABLE ONLY drizzle.__drizzle_migrations ALTER COLUMN id SET DEFAULT nextval('drizzle.__drizzle_migrations_id_seq'::regclass);
INSERT INTO drizzle.__drizzle_migrations VALUES (1, '9a0ebc266c18db5d177def82da789f9f6a363e892208cf3716acda044e9328a6', 1704445200000);
INSERT INTO drizzle.__drizzle_migrations VALUES (2, 'aa35c5b8f96637a61bb27f0c0a778986a88215b0941b4a1db4c2299689b88a3f', 1707732000000);
INSERT INTO drizzle.__drizzle_migrations VALUES (3, '2dd29a15bc32cbf3907e329136be4a4c4c7dd40362af0f4a430c8dd85cabd2be', 1709294400000);
SELECT pg_catalog.setval('drizzle.__drizzle_migrations_id_seq', 3, true);
ALTER TABLE ONLY drizzle.__drizzle_migrations
    ADD CONSTRAINT __drizzle_migrations_pkey PRIMARY KEY (id);
