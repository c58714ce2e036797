-- Deploy shop:tables/orders to pg
-- requires: users
-- requires: schema
-- conflicts: crm:orders

BEGIN;

CREATE TABLE :schema.orders (id bigint PRIMARY KEY, buyer bigint REFERENCES :schema.users);
COPY :schema.orders FROM stdin;
1	\N
2	\N
\.

COMMIT;
