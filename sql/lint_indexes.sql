-- Lint: indexes.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_lint_indexes;
SET search_path = regress_lint_indexes;
\getenv directory PG_ABS_SRCDIR
\set head :directory '/sql/lint_head.inc'
\i :head

CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, email text, ts timestamptz);
CREATE TABLE empty (a int);
CREATE TEMP TABLE temporary AS SELECT 1 AS a;
CREATE TABLE pt (id bigint, a int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (1000);
CREATE TABLE pt2 PARTITION OF pt FOR VALUES FROM (1000) TO (2000) PARTITION BY RANGE (id);
CREATE TABLE pt2a PARTITION OF pt2 FOR VALUES FROM (1000) TO (2000);
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS id, 2 AS a;
INSERT INTO t SELECT n, n, n, n, now() FROM generate_series(1, 100) n;
INSERT INTO pt VALUES (1, 1), (1001, 1);
CREATE INDEX t_a_b_idx ON t (a, b);
CREATE INDEX pt_a_idx ON pt (a);
ANALYZE t;

--
-- require-concurrent-index-creation
--
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON t(a);');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX CONCURRENTLY i ON t(a);');
-- a place in a longer script; what the index is like is kept, comments are not in the way
SELECT pg_temp.lint('require-concurrent-index-creation', $$SELECT 1;
  -- an index
  CREATE UNIQUE INDEX "Index" /* INDEX */ ON t USING btree (lower(b) DESC, (a + 1)) INCLUDE (id)
	WITH (fillfactor = 70) WHERE a > 0 -- only those
$$);
-- the relation decides
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON empty(a);');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON temporary(a);');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON mv(id);');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON missing(id);');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON missing(id);', 'large');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE TABLE n (a int); CREATE INDEX i ON n(a);');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE TABLE n AS SELECT 1 AS a; COMMIT; CREATE INDEX i ON n(a);');
SET migrate.lint_small_table = '1000 rows';
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON t(a);');
SET migrate.lint_small_table = '99 rows';
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON t(a);');
SET migrate.lint_small_table = '0 rows';
-- nothing is built
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX IF NOT EXISTS t_a_b_idx ON t(b);');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX IF NOT EXISTS another ON t(b);');
-- partitions
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX ON pt(a, id) WHERE a > 0;');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON ONLY pt(a);');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX i ON pt1(a);');

--
-- require-concurrent-index-deletion
--
SELECT pg_temp.lint('require-concurrent-index-deletion', 'DROP INDEX t_a_b_idx;');
SELECT pg_temp.lint('require-concurrent-index-deletion', 'DROP INDEX CONCURRENTLY t_a_b_idx;');
SELECT pg_temp.lint('require-concurrent-index-deletion', 'DROP INDEX IF EXISTS regress_lint_indexes.t_a_b_idx, missing, pt_a_idx, t_pkey, pt1_a_idx CASCADE;');
SELECT pg_temp.lint('require-concurrent-index-deletion', 'DROP INDEX missing;', 'large');
SELECT pg_temp.lint('require-concurrent-index-deletion', 'CREATE INDEX i ON t(a); DROP INDEX i;');
CREATE INDEX empty_a_idx ON empty (a);
SELECT pg_temp.lint('require-concurrent-index-deletion', 'DROP INDEX empty_a_idx;');
SET migrate.lint_small_table = '1000 rows';
SELECT pg_temp.lint('require-concurrent-index-deletion', 'DROP INDEX t_a_b_idx;');
SET migrate.lint_small_table = '0 rows';

--
-- require-concurrent-reindex
--
SELECT pg_temp.lint('require-concurrent-reindex', 'REINDEX TABLE t;');
SELECT pg_temp.lint('require-concurrent-reindex', 'REINDEX (VERBOSE, TABLESPACE pg_default) TABLE regress_lint_indexes.t');
SELECT pg_temp.lint('require-concurrent-reindex', 'REINDEX TABLE CONCURRENTLY t; REINDEX (CONCURRENTLY) TABLE t;');
SELECT pg_temp.lint('require-concurrent-reindex', 'REINDEX INDEX t_a_b_idx;');
SELECT pg_temp.lint('require-concurrent-reindex', 'REINDEX INDEX empty_a_idx; REINDEX TABLE empty; REINDEX TABLE missing');
SELECT pg_temp.lint('require-concurrent-reindex', 'REINDEX TABLE pt;');
SELECT pg_temp.lint('require-concurrent-reindex', 'REINDEX SCHEMA regress_lint_indexes;');

--
-- ban-concurrent-index-creation-in-transaction
--
SELECT pg_temp.lint('ban-concurrent-index-creation-in-transaction', 'CREATE TABLE n (a int); CREATE INDEX CONCURRENTLY i ON n(a);');

--
-- concurrent-index-on-partitioned
--
SELECT pg_temp.lint('concurrent-index-on-partitioned', 'CREATE INDEX CONCURRENTLY i ON pt(a);');
SELECT pg_temp.lint('concurrent-index-on-partitioned', 'CREATE UNIQUE INDEX CONCURRENTLY ON ONLY pt(id, a);');
SELECT pg_temp.lint('concurrent-index-on-partitioned', 'CREATE INDEX CONCURRENTLY i ON pt1(a);');
SELECT pg_temp.lint('concurrent-index-on-partitioned', 'CREATE INDEX i ON ONLY pt(a);');
SELECT pg_temp.lint('concurrent-index-on-partitioned', 'DROP INDEX CONCURRENTLY pt_a_idx;');
SELECT pg_temp.lint('concurrent-index-on-partitioned', 'DROP INDEX pt_a_idx;');
-- made by the script itself
SELECT pg_temp.lint('concurrent-index-on-partitioned', 'CREATE TABLE n (a int) PARTITION BY LIST (a); CREATE INDEX CONCURRENTLY i ON n(a);');

--
-- concurrent-index-if-not-exists, invalid-index-left-behind
--
SELECT pg_temp.lint('concurrent-index-if-not-exists', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS t_b_idx ON t(b);');
SELECT pg_temp.lint('concurrent-index-if-not-exists', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a_b_idx ON t(b);');
SELECT pg_temp.lint('concurrent-index-if-not-exists', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON empty(a);');
SELECT pg_temp.lint('concurrent-index-if-not-exists', 'CREATE INDEX CONCURRENTLY t_b_idx ON t(b); CREATE INDEX IF NOT EXISTS t_b_idx ON t(b);');
CREATE TABLE twice (a int);
INSERT INTO twice VALUES (1), (1);
SELECT pg_temp.lint('invalid-index-left-behind', 'ALTER TABLE twice ADD COLUMN z int;');
CREATE UNIQUE INDEX CONCURRENTLY twice_a_idx ON twice (a);
SELECT pg_temp.lint('concurrent-index-if-not-exists', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS twice_a_idx ON regress_lint_indexes.twice(a);');
SELECT pg_temp.lint('invalid-index-left-behind', 'SELECT 1; ALTER TABLE twice ADD COLUMN z int; ALTER TABLE twice ADD COLUMN y int;');
SELECT pg_temp.lint('invalid-index-left-behind', 'ALTER TABLE twice ADD COLUMN z int; DROP INDEX CONCURRENTLY twice_a_idx;');
SELECT pg_temp.lint('invalid-index-left-behind', 'ALTER TABLE t ADD COLUMN z int;');
SELECT pg_temp.lint('invalid-index-left-behind', 'ALTER TABLE twice ADD COLUMN z int; DROP TABLE twice;');

--
-- concurrent-with-short-lock-timeout
--
SELECT pg_temp.lint('concurrent-with-short-lock-timeout', $$SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY i ON t(a);$$);
SELECT pg_temp.lint('concurrent-with-short-lock-timeout', $$SET lock_timeout = 2000; DROP INDEX CONCURRENTLY t_a_b_idx; REINDEX TABLE CONCURRENTLY t; ALTER TABLE pt DETACH PARTITION pt1 CONCURRENTLY$$);
SELECT pg_temp.lint('concurrent-with-short-lock-timeout', $$SET lock_timeout = '2min'; CREATE INDEX CONCURRENTLY i ON t(a);$$);
SELECT pg_temp.lint('concurrent-with-short-lock-timeout', $$SET lock_timeout = '2s'; CREATE INDEX i ON t(a); RESET lock_timeout; CREATE INDEX CONCURRENTLY j ON t(a);$$);
SELECT pg_temp.lint('concurrent-with-short-lock-timeout', $$SET LOCAL lock_timeout = '2s'; SELECT 1; CREATE INDEX CONCURRENTLY i ON t(a);$$);
SET lock_timeout = '2s';
SELECT pg_temp.lint('concurrent-with-short-lock-timeout', 'CREATE INDEX CONCURRENTLY i ON t(a);');
RESET lock_timeout;

--
-- adding-unique-index-may-fail
--
SELECT pg_temp.lint('adding-unique-index-may-fail', 'CREATE UNIQUE INDEX CONCURRENTLY i ON t(email);');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'CREATE INDEX CONCURRENTLY i ON t(email);');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'CREATE UNIQUE INDEX CONCURRENTLY i ON t (lower(email), (a + 1)) WHERE a > 0 AND b <> '''';');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'ALTER TABLE t ADD UNIQUE (email, a), ADD UNIQUE (id, a);');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'CREATE UNIQUE INDEX i ON t(email, id);');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'CREATE UNIQUE INDEX i ON empty(a);');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'CREATE TABLE n (a int UNIQUE, b int PRIMARY KEY); CREATE UNIQUE INDEX i ON n(a);');
-- a new column
SELECT pg_temp.lint('adding-unique-index-may-fail', 'ALTER TABLE t ADD COLUMN z int UNIQUE;');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'ALTER TABLE t ADD COLUMN z int DEFAULT NULL UNIQUE;');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'ALTER TABLE t ADD COLUMN z int DEFAULT 7 UNIQUE;');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'ALTER TABLE t ADD COLUMN z uuid DEFAULT gen_random_uuid() UNIQUE;');
SELECT pg_temp.lint('adding-unique-index-may-fail', 'ALTER TABLE t ADD COLUMN z int; COMMIT; CREATE UNIQUE INDEX CONCURRENTLY i ON t(z);');
-- what takes over an index has been unique before
SELECT pg_temp.lint('adding-unique-index-may-fail', 'ALTER TABLE t ADD UNIQUE USING INDEX t_pkey;');

--
-- require-index-name
--
SELECT pg_temp.lint('require-index-name', 'CREATE INDEX CONCURRENTLY ON t(a);');
SELECT pg_temp.lint('require-index-name', 'CREATE INDEX ON t(a, b);');
SELECT pg_temp.lint('require-index-name', 'CREATE INDEX ON t(lower(b));');
SELECT pg_temp.lint('require-index-name', 'CREATE INDEX CONCURRENTLY t_a_idx ON t(a);');

--
-- redundant-index
--
SELECT pg_temp.lint('redundant-index', 'CREATE INDEX CONCURRENTLY i ON t(a);');
SELECT pg_temp.lint('redundant-index', 'CREATE INDEX CONCURRENTLY i ON t(a, b);');
SELECT pg_temp.lint('redundant-index', 'CREATE INDEX i ON t(b); CREATE INDEX j ON t(a DESC); CREATE INDEX k ON t(a NULLS FIRST);');
SELECT pg_temp.lint('redundant-index', 'CREATE INDEX i ON t(a) WHERE b > ''''; CREATE UNIQUE INDEX j ON t(a); CREATE INDEX k ON t USING hash (a); CREATE INDEX l ON t(a, b COLLATE "C"); CREATE INDEX m ON t(a, b text_pattern_ops);');
SELECT pg_temp.lint('redundant-index', 'CREATE INDEX i ON t(ts, email); CREATE INDEX j ON t(ts);');
SELECT pg_temp.lint('redundant-index', 'DROP INDEX t_a_b_idx; CREATE INDEX CONCURRENTLY i ON t(a);');
SELECT pg_temp.lint('redundant-index', 'CREATE INDEX twice_idx ON twice(a);');
SELECT pg_temp.lint('redundant-index', 'CREATE UNIQUE INDEX i ON t(id);');

--
-- too-many-index-columns
--
SELECT pg_temp.lint('too-many-index-columns', 'CREATE INDEX CONCURRENTLY i ON t(a, b, email, ts);');
SELECT pg_temp.lint('too-many-index-columns', 'CREATE INDEX i ON t(a, b, email) INCLUDE (ts); CREATE UNIQUE INDEX j ON t(a, b, email, ts);');

--
-- index-expression-search-path
--
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION f(text) RETURNS int LANGUAGE plpgsql IMMUTABLE SET search_path = regress_lint_indexes AS 'BEGIN RETURN 1; END';
CREATE FUNCTION parsed(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1;
SELECT pg_temp.lint('index-expression-search-path', 'CREATE INDEX i ON t(f(a), (f(a) + 1));');
SELECT pg_temp.lint('index-expression-search-path', 'CREATE INDEX i ON t(a) WHERE f(a) > 0;');
SELECT pg_temp.lint('index-expression-search-path', 'CREATE INDEX i ON t(f(b), parsed(a), lower(b));');
SELECT pg_temp.lint('index-expression-search-path', 'ALTER FUNCTION f(int) SET search_path = regress_lint_indexes, pg_temp; CREATE INDEX i ON t(f(a));');

--
-- drop-constraint-backing-index
--
SELECT pg_temp.lint('drop-constraint-backing-index', 'DROP INDEX t_pkey;');
SELECT pg_temp.lint('drop-constraint-backing-index', 'DROP INDEX IF EXISTS regress_lint_indexes.pt_pkey, t_a_b_idx CASCADE;');
SELECT pg_temp.lint('drop-constraint-backing-index', 'ALTER TABLE t DROP CONSTRAINT t_pkey; DROP INDEX IF EXISTS t_pkey;');
SELECT pg_temp.lint('drop-constraint-backing-index', 'CREATE UNIQUE INDEX k ON t(a); ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX k; DROP INDEX k;');

--
-- Names that need quotes
--
CREATE TABLE "sel""ect" ("Ä b" int, "x'y" int);
INSERT INTO "sel""ect" VALUES (1, 1);
CREATE TABLE "a_name_of_sixty_three_bytes_____________________________________" ("a_name_of_sixty_three_bytes_____________________________________" int);
INSERT INTO "a_name_of_sixty_three_bytes_____________________________________" VALUES (1);
SELECT pg_temp.lint('require-index-name', 'CREATE INDEX CONCURRENTLY ON "sel""ect" ("Ä b", "x''y");');
SELECT pg_temp.lint('require-index-name', 'CREATE INDEX ON a_name_of_sixty_three_bytes_____________________________________ (a_name_of_sixty_three_bytes_____________________________________);');
SELECT pg_temp.lint('concurrent-index-if-not-exists', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "I" ON "sel""ect" ("Ä b");');
SELECT pg_temp.lint('adding-unique-index-may-fail', E'/* ä */ CREATE UNIQUE INDEX ON\n /* ä */ "sel""ect" ("Ä b", "x''y");');
SELECT pg_temp.lint('require-concurrent-index-creation', 'CREATE INDEX "INDEX" ON regress_lint_indexes."sel""ect" ("Ä b");');

--
-- A set of migrations is judged as one
--
SELECT migrate.register('1', 'a', 'CREATE TABLE n (a int)'), migrate.register('2', 'b', 'CREATE INDEX i ON n(a); CREATE INDEX j ON t(a);'), migrate.register('3', 'c', 'DROP INDEX t_a_b_idx; CREATE INDEX k ON t(a);') \g /dev/null
SELECT version, statement, line, col, rule, severity, object FROM migrate.lint() WHERE rule ~ 'index';
SELECT version, statement, line, col, rule, severity, object FROM migrate.lint(version => '3') WHERE rule ~ 'index';

DROP EXTENSION migrate CASCADE;
DROP SCHEMA regress_lint_indexes CASCADE;
