-- Lint rules: tables, partitions, materialized views, maintenance.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_lint;
SET search_path = regress_lint;
SET migrate.lint_small_table = '0 rows';
SET client_min_messages = error;
\pset format unaligned
\pset tuples_only on
\pset null -

-- What the rules of this file say of a script: sizes differ between versions.
CREATE FUNCTION says(script text, assume text DEFAULT NULL)
RETURNS TABLE (finding text) LANGUAGE sql AS $$
    SELECT format('%s %s %s:%s %s: %s', l.severity, l.rule, l.line, l.col, l.object,
                  regexp_replace(l.consequence, '\(\d+ (bytes|kB|MB|GB)[^)]*\)', '(size)', 'g'))
        || coalesce(E'\n    ' || replace(l.rewrite, E'\n', E'\n    '), '')
        || CASE WHEN k.rule IS NULL THEN '' ELSE E'\n    which does not parse' END
    FROM migrate.lint_sql(script, assume) WITH ORDINALITY l
    JOIN migrate.rules() r ON r.rule = l.rule AND r.section = 'tables'
    LEFT JOIN LATERAL migrate.lint_sql(coalesce(l.rewrite, '')) k ON k.rule IN ('syntax-error', 'refused-statement')
    ORDER BY l.ordinality
$$;

CREATE TABLE t(id bigint PRIMARY KEY, a int, b text, email text, ts timestamptz);
CREATE TABLE p(id bigint PRIMARY KEY);
CREATE TABLE q(id bigint PRIMARY KEY);
CREATE TABLE c(pid bigint CONSTRAINT c_pid_fkey REFERENCES p, qid bigint);
CREATE TABLE pt(id bigint, a int) PARTITION BY RANGE (id);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (100);
CREATE TABLE c1(id bigint, a int);
CREATE TABLE empty(id bigint);
CREATE TEMP TABLE temporary(id bigint);
INSERT INTO t SELECT i, i, 'b', 'e' FROM generate_series(1, 50000) i;
INSERT INTO p VALUES (1); INSERT INTO q VALUES (1); INSERT INTO c VALUES (1, 1);
INSERT INTO pt VALUES (1); INSERT INTO c1 VALUES (100);
INSERT INTO temporary VALUES (1);
CREATE VIEW v AS SELECT a FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT id FROM t;
CREATE UNIQUE INDEX mv_key ON mv(id);
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE SCHEMA s;
CREATE TABLE s.x(a int);
CREATE SEQUENCE s;
CREATE DOMAIN posint AS int CHECK (value > 0);
CREATE TABLE d(n posint);
INSERT INTO d VALUES (1);
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE INDEX i ON t(b);
CREATE COLLATION ci (provider = icu, locale = 'und', deterministic = false);
CREATE TABLE ci(name text COLLATE ci PRIMARY KEY);
DO $$
BEGIN
    EXECUTE format('CREATE TABLE wide(%s)', (SELECT string_agg(format('c%s int', i), ', ') FROM generate_series(1, 100) i));
END $$;
ANALYZE t, p, q, c, pt, c1, mv, d;

-- Each rule finds its bad example and is silent at its good one; what it
-- proposes can be parsed and is silent, too.  Exceptions: who is alone sees
-- nobody else, and a text that is not stored has no way back.
SELECT string_agg(rule, ',') AS all_rules FROM migrate.rules() WHERE NOT enabled AND section IN ('tables', 'types', 'data') \gset
SET migrate.lint_enable = :'all_rules';
SELECT 'not found', rule FROM migrate.rules() r
WHERE section IN ('tables', 'types', 'data') AND NOT EXISTS (SELECT FROM migrate.lint_sql(r.bad) l WHERE l.rule = r.rule);
SELECT 'found in the good one', r.rule, l.rule, l.consequence
FROM (SELECT * FROM migrate.rules() WHERE section IN ('tables', 'types', 'data') AND good IS NOT NULL) r, migrate.lint_sql(r.good) l
WHERE l.rule IN (r.rule, 'syntax-error', 'refused-statement');
SELECT 'found in the rewrite', r.rule, l.rewrite, k.rule, k.consequence
FROM (SELECT * FROM migrate.rules() WHERE section IN ('tables', 'types', 'data')) r,
    migrate.lint_sql(r.bad) l, migrate.lint_sql(coalesce(l.rewrite, '')) k
WHERE l.rule = r.rule AND k.rule IN (r.rule, 'syntax-error', 'refused-statement');
SET migrate.lint_enable = 'untracked-function-dependencies';

-- DROP TABLE: what decides is the catalog, as the script has left it.
SELECT says('DROP TABLE t');
SELECT says('DROP VIEW v; DROP MATERIALIZED VIEW mv; DROP TABLE t');
SELECT says('DROP TABLE c');
SELECT says('DROP TABLE p');
SELECT says('DROP TABLE p, c');
SELECT says('DROP TABLE empty, temporary, pt1');
SELECT says('CREATE TABLE n(a int); DROP TABLE n');
SELECT says('DROP TABLE IF EXISTS nosuch');
SELECT says('DROP TABLE nosuch', 'large');
-- CASCADE
SELECT says('DROP TABLE t CASCADE');
SELECT says('DROP TABLE c CASCADE');
SELECT says('ALTER TABLE c DROP CONSTRAINT c_pid_fkey; DROP TABLE p CASCADE');
SELECT says('ALTER TABLE q ADD CONSTRAINT q_fkey FOREIGN KEY (id) REFERENCES p NOT VALID; DROP TABLE p CASCADE');
SELECT says('ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE');
SELECT says('ALTER TABLE t DROP COLUMN a CASCADE');
SELECT says('ALTER TABLE t DROP COLUMN email CASCADE');
SELECT says('DROP FUNCTION f() CASCADE; DROP FUNCTION f(int) CASCADE');
SELECT says('DROP VIEW v CASCADE');
SELECT says('DROP TABLE nosuch CASCADE', 'large');
SELECT says('DROP OWNED BY nobody_at_all');
-- DROP SCHEMA, DROP DATABASE
SELECT says('DROP SCHEMA s');
SELECT says('CREATE SCHEMA n; DROP SCHEMA n CASCADE');
SELECT says('DROP SCHEMA nosuch CASCADE', 'large');
SELECT says('DROP DATABASE IF EXISTS nosuch');
SELECT severity, object = current_database() FROM migrate.lint_sql(format('DROP DATABASE %I', current_database())) WHERE rule = 'ban-drop-database';

-- TRUNCATE
SELECT says('TRUNCATE t, empty, temporary');
SELECT says('TRUNCATE p');
SELECT says('TRUNCATE p, c');
SELECT says('TRUNCATE p CASCADE');
SELECT says('TRUNCATE ONLY q RESTART IDENTITY CASCADE');
SELECT says('TRUNCATE pt');
SELECT says('TRUNCATE nosuch CASCADE', 'large');

-- Names
SELECT says('ALTER TABLE t RENAME TO t2');
SELECT says('ALTER TABLE t RENAME TO t2; CREATE VIEW t AS SELECT * FROM t2');
SELECT says('BEGIN; ALTER TABLE t RENAME TO t2; COMMIT; CREATE VIEW t AS SELECT * FROM t2');
SELECT says('CREATE TABLE n(a int); ALTER TABLE n RENAME TO n2');
SELECT says('ALTER INDEX i RENAME TO i2; ALTER TABLE i2 RENAME TO i3');
SELECT says('ALTER VIEW v RENAME TO v2; ALTER MATERIALIZED VIEW mv RENAME TO mv2');
SELECT says('ALTER VIEW v RENAME TO v2; CREATE VIEW v AS SELECT 1');
SELECT says('ALTER TABLE t SET SCHEMA regress_lint; ALTER SEQUENCE s SET SCHEMA s');
SELECT says('ALTER TABLE nosuch RENAME TO other', 'large');
SELECT says('ALTER SCHEMA s RENAME TO s2');

-- Copies of whole tables
CREATE UNLOGGED TABLE un(id bigint); INSERT INTO un VALUES (1);
SELECT says('ALTER TABLE un SET UNLOGGED; ALTER TABLE empty SET UNLOGGED; ALTER TABLE t SET LOGGED');
SELECT says('ALTER TABLE un SET LOGGED');
SELECT says('ALTER TABLE p SET UNLOGGED');
CREATE PUBLICATION pub FOR TABLE q;
SELECT says('ALTER TABLE q SET UNLOGGED');
DROP PUBLICATION pub;
SELECT says('ALTER TABLE t SET ACCESS METHOD heap');
SELECT says('ALTER TABLE t SET TABLESPACE pg_default; ALTER INDEX i SET TABLESPACE pg_default; ALTER TABLE pt SET TABLESPACE nosuch');
SELECT says('ALTER INDEX i SET TABLESPACE nosuch');
SELECT says('VACUUM FULL empty; VACUUM t; VACUUM (FULL false) t; VACUUM (FULL, ANALYZE) t, q; CLUSTER t USING t_pkey; VACUUM FULL');

-- Materialized views
CREATE MATERIALIZED VIEW mv2 AS SELECT id FROM t;
CREATE MATERIALIZED VIEW mv3 AS SELECT id FROM t WITH NO DATA;
SELECT says('REFRESH MATERIALIZED VIEW mv');
SELECT says('REFRESH MATERIALIZED VIEW mv2');
SELECT says('REFRESH MATERIALIZED VIEW CONCURRENTLY mv2');
SELECT says('REFRESH MATERIALIZED VIEW mv3; REFRESH MATERIALIZED VIEW mv WITH NO DATA');
SELECT says('REFRESH MATERIALIZED VIEW CONCURRENTLY mv3');
SELECT says('CREATE TABLE n AS SELECT * FROM t WITH DATA');
SELECT says('CREATE TABLE n AS SELECT * FROM v');
SELECT says('CREATE TABLE n AS SELECT * FROM empty; CREATE TABLE n2 AS WITH t AS (SELECT 1) SELECT * FROM t; CREATE TEMP TABLE n3 AS SELECT * FROM t');

-- Locks
SELECT says('LOCK TABLE ONLY t, temporary IN SHARE MODE NOWAIT');
SELECT says('CREATE TABLE n(a int); LOCK TABLE n; LOCK TABLE t IN ROW EXCLUSIVE MODE');
SELECT says('ALTER SEQUENCE s INCREMENT 5; CREATE SEQUENCE n; ALTER SEQUENCE n RESTART 5');

-- Partitions
SELECT says('ALTER TABLE pt DETACH PARTITION pt1');
SELECT says('ALTER TABLE c1 ADD CHECK (id IS NOT NULL AND id >= 100 AND id < 200); ALTER TABLE pt ATTACH PARTITION c1 FOR VALUES FROM (100) TO (200)');
SELECT says('ALTER TABLE c1 ADD CHECK (id IS NOT NULL AND id >= 100 AND id < 200) NOT VALID; ALTER TABLE pt ATTACH PARTITION c1 FOR VALUES FROM (100) TO (200)');
SELECT says('CREATE TABLE n(LIKE pt); ALTER TABLE pt ATTACH PARTITION n FOR VALUES FROM (100) TO (200)');
SELECT says('CREATE TABLE n PARTITION OF pt FOR VALUES FROM (MINVALUE) TO (0) PARTITION BY LIST (a) ');
SELECT says('CREATE TABLE n PARTITION OF pt DEFAULT');
SELECT says('CREATE TABLE n(a int) PARTITION BY LIST (a); CREATE TABLE n1 PARTITION OF n FOR VALUES IN (1)');
SELECT says('CREATE TABLE n PARTITION OF nosuch FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (fillfactor = 70)', 'large');
-- the same, where the catalog has a default partition
CREATE TABLE ptd PARTITION OF pt DEFAULT;
INSERT INTO ptd VALUES (1000);
SELECT says('ALTER TABLE pt DETACH PARTITION pt1');
SELECT says('ALTER TABLE pt DETACH PARTITION pt1 CONCURRENTLY');
SELECT says('CREATE TABLE n(LIKE pt); ALTER TABLE pt ATTACH PARTITION n FOR VALUES FROM (100) TO (200)');
SELECT says('CREATE TABLE n PARTITION OF pt FOR VALUES FROM (100) TO (200)');
ALTER TABLE ptd ADD CHECK (NOT (id IS NOT NULL AND id >= 100 AND id < 200));
SELECT says('CREATE TABLE n(LIKE pt); ALTER TABLE pt ATTACH PARTITION n FOR VALUES FROM (100) TO (200)');
-- keys
SELECT says('ALTER TABLE pt ADD UNIQUE (a); ALTER TABLE pt ADD UNIQUE (a, id)');
SELECT says('CREATE TABLE n(a int, b int, UNIQUE (a)) PARTITION BY LIST (b)');
SELECT says('CREATE TABLE n(a int PRIMARY KEY) PARTITION BY LIST ((a + 1))');

-- Triggers
SELECT says('CREATE TRIGGER h AFTER UPDATE ON empty FOR EACH ROW EXECUTE FUNCTION f(); DROP TRIGGER nosuch ON t');
SELECT says('SET lock_timeout = 0; DROP TRIGGER g ON t');
SELECT says('ALTER TABLE t DISABLE TRIGGER ALL; ALTER TABLE p DISABLE TRIGGER ALL; ALTER TABLE c ENABLE TRIGGER ALL; ALTER TABLE t DISABLE TRIGGER g');
ALTER TABLE t DISABLE TRIGGER g;
SELECT says('ALTER TABLE t ENABLE TRIGGER ALL');

-- Replication
CREATE PUBLICATION pub FOR TABLE q;
SELECT says('ALTER TABLE q REPLICA IDENTITY NOTHING; ALTER TABLE t REPLICA IDENTITY NOTHING');
SELECT says('ALTER TABLE q DROP CONSTRAINT q_pkey; ALTER TABLE t DROP CONSTRAINT t_pkey');
SELECT says('ALTER TABLE t REPLICA IDENTITY DEFAULT; ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey');
DROP PUBLICATION pub;

-- Row security, privileges
SELECT says('ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY pol ON t USING (true)');
SELECT says('CREATE TABLE n(a int); ALTER TABLE n ENABLE ROW LEVEL SECURITY');
CREATE POLICY pol ON q USING (true);
SELECT says('ALTER TABLE q ENABLE ROW LEVEL SECURITY; ALTER POLICY pol ON q USING (false)');
SELECT says('CREATE TABLE n(a int); GRANT SELECT ON n TO PUBLIC; GRANT USAGE ON SCHEMA s TO PUBLIC');

-- Extensions, functions
SELECT says('ALTER EXTENSION migrate UPDATE; ALTER EXTENSION nosuch UPDATE; CREATE EXTENSION IF NOT EXISTS migrate; CREATE EXTENSION nosuch; DROP EXTENSION IF EXISTS nosuch');
CREATE FUNCTION caller() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN callee(); END';
CREATE FUNCTION callee() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT says('DROP FUNCTION callee(); DROP FUNCTION caller()');

-- Width
SELECT says('ALTER TABLE wide DROP COLUMN c1, ADD COLUMN n int');
SELECT says('CREATE TABLE n(' || string_agg(format('c%s int', i), ', ') || ')') FROM generate_series(1, 1601) i;

-- Small tables are notices by default.
RESET migrate.lint_small_table;
SELECT says('ALTER TABLE q SET UNLOGGED; VACUUM FULL q; REFRESH MATERIALIZED VIEW mv');

-- Hostile names
SET migrate.lint_small_table = '0 rows';
CREATE TABLE "sel""ect"("Id '" bigint PRIMARY KEY);
INSERT INTO "sel""ect" VALUES (1);
CREATE VIEW "V;--" AS SELECT * FROM "sel""ect";
SELECT says('DROP TABLE "sel""ect" CASCADE');
SELECT says('TRUNCATE "sel""ect"; ALTER TABLE "sel""ect" RENAME TO "; DROP"; ALTER VIEW "V;--" RENAME TO "O''Brien"');
SELECT count(*), string_agg(DISTINCT k.rule, ',') FROM migrate.lint_sql('DROP TABLE "sel""ect" CASCADE; ALTER TABLE "sel""ect" RENAME TO "; DROP"; LOCK TABLE "sel""ect"; VACUUM FULL "sel""ect"; ALTER TABLE "sel""ect" SET UNLOGGED') l, migrate.lint_sql(coalesce(l.rewrite, '')) k WHERE k.rule IN ('syntax-error', l.rule);
SELECT length(substring(rewrite FROM 'RENAME TO (.*);')) FROM migrate.lint_sql(format('CREATE TABLE %1$I(a int); BEGIN; DROP TABLE %1$I; COMMIT', repeat('x', 63)), 'large') WHERE rule = 'ban-drop-table';
SELECT length(substring(rewrite FROM 'RENAME TO (.*);')) FROM migrate.lint_sql(format('DROP TABLE %1$I', repeat('x', 63)), 'large') WHERE rule = 'ban-drop-table';

-- Two migrations: the second finds what the first leaves.
SELECT migrate.register('1', 'one', 'CREATE TABLE n(a int); ALTER TABLE c DROP CONSTRAINT c_pid_fkey');
SELECT migrate.register('2', 'two', 'DROP TABLE n; TRUNCATE p; DROP TABLE p CASCADE');
SELECT version, rule, l.severity, object FROM migrate.lint() l JOIN migrate.rules() r USING (rule) WHERE section = 'tables';
SELECT migrate.unregister(v) FROM unnest('{1,2}'::text[]) v;

DROP SCHEMA regress_lint, s CASCADE;
DROP EXTENSION migrate;
