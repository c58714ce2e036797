-- Deploy shop:users to pg
-- requires: users@v2

\set limit 10
\set quoted '''a\tb'''
BEGIN;

ALTER TABLE :schema.users ADD COLUMN tags text[] DEFAULT (ARRAY['a', 'b', 'c'])[1:2];
INSERT INTO :schema.users SELECT i, ':limit' || i FROM generate_series(1, :limit) i;
INSERT INTO :schema.users VALUES (0, $$:limit$$, :quoted, ARRAY[:'title', :'limit']); -- not :this

COMMIT;
