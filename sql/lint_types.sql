-- Lint: changes of type.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_lint_types;
SET search_path = regress_lint_types;
\getenv directory PG_ABS_SRCDIR
\set head :directory '/sql/lint_head.inc'
\i :head

SET timezone = 'UTC';
CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, v10 varchar(10), n numeric(10, 2), ts timestamp, tz timestamptz, j json, u uuid, c char(5), small smallint, d int);
CREATE TABLE empty (a int);
CREATE TABLE pt (id bigint NOT NULL, a int) PARTITION BY RANGE (id);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (1000);
CREATE TABLE child (t_id bigint REFERENCES t);
INSERT INTO t (id, a, v10) SELECT n, n, n FROM generate_series(1, 100) n;
INSERT INTO pt VALUES (1, 1);
INSERT INTO child VALUES (1);
ANALYZE t;

--
-- changing-column-type: what the server does decides
--
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t ALTER a TYPE bigint;');
SELECT change, severity FROM unnest('{v10 TYPE varchar(20),v10 TYPE text,v10 TYPE varchar(5),b TYPE varchar,b TYPE varchar(20),"n TYPE numeric(12,2)","n TYPE numeric(12,3)",n TYPE numeric,a TYPE int,a TYPE int USING a,a TYPE int USING a + 1,j TYPE jsonb USING j::jsonb,u TYPE text,c TYPE text,ts TYPE timestamptz,ts TYPE timestamptz USING ts AT TIME ZONE ''UTC'',small TYPE int,id TYPE int}'::text[]) WITH ORDINALITY AS changes (change, number)
	LEFT JOIN LATERAL migrate.lint_sql('ALTER TABLE t ALTER ' || change) AS f ON rule = 'changing-column-type' ORDER BY number;
SET timezone = 'Europe/Berlin';
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t ALTER ts TYPE timestamptz;') LIMIT 2;
SET timezone = 'UTC';
-- the relation decides
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE empty ALTER a TYPE bigint; CREATE TABLE n (a int); ALTER TABLE n ALTER a TYPE bigint; ALTER TABLE missing ALTER a TYPE bigint;');
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE missing ALTER a TYPE bigint;', 'large') LIMIT 2;
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE pt ALTER a TYPE bigint;');
SET migrate.lint_small_table = '100 rows';
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t ALTER a TYPE bigint;') LIMIT 2;
SET migrate.lint_small_table = '0 rows';
-- foreign keys
-- of a key that is referenced: what the other side has to do
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t ALTER id TYPE int;');
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE child ALTER t_id TYPE int;') LIMIT 2;
-- a place in a longer statement
SELECT pg_temp.lint('changing-column-type', E'ALTER TABLE t\n\tADD COLUMN z int,\n\tALTER a TYPE bigint USING a * 2,\n\tALTER b TYPE varchar') LIMIT 2;
-- no rewrite, but a CHECK, or an index
ALTER TABLE t ADD CONSTRAINT short CHECK (length(v10) < 10);
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t ALTER v10 TYPE text;');
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t DROP CONSTRAINT short; ALTER TABLE t ALTER v10 TYPE text;');
ALTER TABLE t DROP CONSTRAINT short;
CREATE INDEX plain ON t (v10);
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t ALTER v10 TYPE text;');
CREATE INDEX lowered ON t (lower(v10));
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t ALTER v10 TYPE text;');
DROP INDEX lowered;
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE t ALTER v10 TYPE varchar(20) COLLATE "C";');

--
-- type-narrowing
--
SELECT pg_temp.lint('type-narrowing', 'ALTER TABLE t ALTER b TYPE varchar(5);');
SELECT pg_temp.lint('type-narrowing', 'ALTER TABLE t ALTER id TYPE smallint;');
SELECT pg_temp.lint('type-narrowing', 'ALTER TABLE t ALTER n TYPE numeric(5, 2);');
SELECT pg_temp.lint('type-narrowing', 'ALTER TABLE t ALTER v10 TYPE text, ALTER a TYPE bigint, ALTER n TYPE numeric, ALTER tz TYPE timestamptz(0); ALTER TABLE empty ALTER a TYPE smallint;');

--
-- alter-type-blocked-by-dependents (how a view is written differs between versions)
--
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'ALTER TABLE t ALTER a TYPE bigint;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';
CREATE VIEW v AS SELECT a FROM t;
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'ALTER TABLE t ALTER a TYPE bigint;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'DROP VIEW v; ALTER TABLE t ALTER a TYPE bigint; CREATE VIEW v AS SELECT a FROM t;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'ALTER TABLE t ALTER b TYPE varchar;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';
CREATE POLICY own ON t USING (a > 0);
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'ALTER TABLE t ALTER a TYPE bigint;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';
CREATE FUNCTION trigger_function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE UPDATE OF b ON t FOR EACH ROW EXECUTE FUNCTION trigger_function();
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'ALTER TABLE t ALTER b TYPE varchar;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';
CREATE TABLE generated (a int, g int GENERATED ALWAYS AS (a + 1) STORED);
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'ALTER TABLE generated ALTER a TYPE bigint;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';
CREATE FUNCTION parsed() RETURNS bigint LANGUAGE sql RETURN (SELECT sum(d) FROM t);
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'ALTER TABLE t ALTER d TYPE bigint;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';

--
-- Names that need quotes
--
CREATE TABLE "sel""ect" ("Ä b" int NOT NULL, "x'y" text);
INSERT INTO "sel""ect" VALUES (1, 1);
CREATE VIEW "V v" AS SELECT "x'y" FROM "sel""ect";
SELECT pg_temp.lint('changing-column-type', 'ALTER TABLE "sel""ect" ALTER "Ä b" TYPE bigint;');
SELECT pg_temp.lint('type-narrowing', 'ALTER TABLE "sel""ect" ALTER "x''y" TYPE varchar(3);');
SELECT line FROM pg_temp.lint('alter-type-blocked-by-dependents', 'ALTER TABLE "sel""ect" ALTER "x''y" TYPE varchar;') AS line WHERE line !~ '> (CREATE VIEW|  *FROM)';

DROP EXTENSION migrate CASCADE;
DROP SCHEMA regress_lint_types CASCADE;
