-- The fingerprint of a schema: what it depends on, and what not.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_fingerprint;
SET search_path = regress_fingerprint;
CREATE TABLE t (id serial PRIMARY KEY, a text DEFAULT 'x', d date DEFAULT '2001-02-03');
CREATE VIEW v AS SELECT id, a FROM t WHERE d > '2001-02-03';
SELECT migrate.fingerprint() AS fingerprint \gset
SELECT length(:'fingerprint') AS length;
CREATE FUNCTION pg_temp.same(text) RETURNS boolean LANGUAGE sql AS 'SELECT migrate.fingerprint() = $1';

-- not on data, statistics, temporary objects, or what sequences are at
INSERT INTO t (a) VALUES ('y');
ANALYZE t;
CREATE TEMPORARY TABLE temporary (a int PRIMARY KEY);
SELECT pg_temp.same(:'fingerprint');
-- nor on settings that change how definitions are written
SET datestyle = 'German';
SET quote_all_identifiers = on;
SET search_path = pg_catalog;
SELECT pg_temp.same(:'fingerprint');
RESET datestyle;
RESET quote_all_identifiers;
SET search_path = regress_fingerprint;
-- nor on OIDs, and on how the schema came about
DROP VIEW v;
DROP TABLE t;
CREATE TABLE t (id serial PRIMARY KEY, gone int, a text, d date DEFAULT '2001-02-03');
ALTER TABLE t DROP gone, ALTER a SET DEFAULT 'x';
CREATE VIEW v AS SELECT id, a FROM t WHERE d > '2001-02-03';
GRANT SELECT ON t TO PUBLIC;
REVOKE SELECT ON t FROM PUBLIC;
SELECT pg_temp.same(:'fingerprint');

-- It sees what its own transaction has done, in any kind of transaction.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.same(:'fingerprint');
ALTER TABLE t ADD b int;
SELECT pg_temp.same(:'fingerprint');
ALTER TABLE t DROP b;
SELECT pg_temp.same(:'fingerprint');
ROLLBACK;
BEGIN READ ONLY;
SELECT pg_temp.same(:'fingerprint');
-- and keeps no lock on what it looks at
SELECT count(*) FROM pg_locks WHERE relation IN ('t'::regclass, 'v'::regclass) AND pid = pg_backend_pid();
COMMIT;

DROP SCHEMA regress_fingerprint CASCADE;
DROP EXTENSION migrate;
