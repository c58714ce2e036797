-- Lint rules: changes of rows, foreign keys, what the running server knows.
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
                  regexp_replace(l.consequence, '\d+ (bytes|kB|MB|GB)', 'size', 'g'))
        || coalesce(E'\n    ' || replace(l.rewrite, E'\n', E'\n    '), '')
        || CASE WHEN k.rule IS NULL THEN '' ELSE E'\n    which does not parse' END
    FROM migrate.lint_sql(script, assume) WITH ORDINALITY l
    JOIN migrate.rules() r ON r.rule = l.rule AND r.section = 'data'
    LEFT JOIN LATERAL migrate.lint_sql(coalesce(l.rewrite, '')) k ON k.rule IN ('syntax-error', 'refused-statement')
    ORDER BY l.ordinality
$$;

CREATE TABLE t(id bigint PRIMARY KEY, a int, b text);
INSERT INTO t SELECT i, i, 'b' FROM generate_series(1, 50000) i;
CREATE TABLE p(id bigint PRIMARY KEY);
CREATE TABLE c(pid bigint CONSTRAINT c_pid_fkey REFERENCES p ON DELETE CASCADE, name text);
CREATE TABLE u(id uuid PRIMARY KEY, a int);
CREATE TABLE k(a int, b int, PRIMARY KEY (b, a));
CREATE TABLE nokey(a int);
CREATE TABLE empty(a int);
INSERT INTO p SELECT generate_series(1, 100);
INSERT INTO c SELECT 1 FROM generate_series(1, 100);
INSERT INTO u VALUES ('00000000-0000-0000-0000-000000000000');
INSERT INTO k VALUES (1, 1);
INSERT INTO nokey VALUES (1);
ANALYZE t, p, c, u, k, nokey;

-- All rows
SELECT says('UPDATE t SET a = 0');
SELECT says('UPDATE t AS x SET a = c.pid FROM c');
SELECT says('UPDATE u SET a = 0; UPDATE k SET a = 0; UPDATE nokey SET a = 0');
SELECT says('DELETE FROM empty; UPDATE empty SET a = 0; CREATE TABLE n(a int); INSERT INTO n VALUES (1); UPDATE n SET a = 0');
SELECT says('DELETE FROM c');
SELECT says('DELETE FROM p');
-- the same, where the catalog has an index
CREATE INDEX ON c(pid);
SELECT says('DELETE FROM p');
SELECT says('UPDATE nosuch SET a = 0; DELETE FROM nosuch', 'large');
SELECT says('CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN DELETE FROM t; END $f$');

-- Many rows: as the planner sees it
SELECT says('UPDATE t SET a = 0 WHERE a IS NOT NULL');
SELECT says('UPDATE t SET a = 0 WHERE a IS NULL; UPDATE t SET a = 0 WHERE id < 1000');
SELECT says('DELETE FROM t WHERE id > 10 OR b = ''b''');
SELECT says('UPDATE t SET a = 0 WHERE id IN (SELECT id FROM t WHERE a > 0 LIMIT 30000)');
SELECT says('INSERT INTO empty SELECT a FROM t; INSERT INTO empty SELECT a FROM t WHERE id < 10; INSERT INTO empty VALUES (1)');
SELECT says('WITH x AS (SELECT * FROM t) INSERT INTO empty SELECT a FROM x');
-- what the planner cannot know yet, counts as all rows
SELECT says('ALTER TABLE t RENAME COLUMN a TO z; UPDATE t SET z = 0 WHERE z IS NULL');
SELECT says('UPDATE nosuch SET a = 0 WHERE a IS NULL; UPDATE nosuch SET a = 0 WHERE id BETWEEN 1 AND 10 AND a IS NULL', 'large');

-- Rows and definitions in one transaction
SELECT says('ALTER TABLE t ADD COLUMN z int; UPDATE t SET z = a WHERE id < 10; INSERT INTO p VALUES (-1)');
SELECT says('BEGIN; ALTER TABLE t ADD COLUMN z int; COMMIT; UPDATE t SET z = a WHERE id < 10');
SELECT says('CREATE TABLE n(a int); ALTER TABLE n ADD COLUMN z int; UPDATE t SET a = 1 WHERE id < 10');

-- A default instead of a backfill
SELECT says('ALTER TABLE t ADD COLUMN z text COLLATE "C" CHECK (z <> ''''); UPDATE t SET z = ''x''::text WHERE z IS NULL');
SELECT says('ALTER TABLE t ADD COLUMN z int DEFAULT 1; UPDATE t SET z = 0 WHERE id < 10; ALTER TABLE t ADD COLUMN y int; UPDATE t SET y = a WHERE id < 10');

-- Statistics
SELECT says('ALTER TABLE t ALTER COLUMN a TYPE bigint');
SELECT says('ALTER TABLE t ALTER COLUMN a TYPE bigint; ANALYZE t');
SELECT says('ALTER TABLE t ALTER COLUMN a TYPE bigint; VACUUM (ANALYZE) t');
SELECT says('CREATE STATISTICS n ON a, b FROM t; CREATE INDEX CONCURRENTLY n2 ON t(a); CREATE INDEX CONCURRENTLY n3 ON empty((a + 1))');

-- Autovacuum
SELECT says('ALTER TABLE t SET (autovacuum_enabled = off, fillfactor = 50)');
SELECT says('ALTER TABLE t SET (autovacuum_enabled = off); ALTER TABLE t RESET (autovacuum_enabled)');
SELECT says('CREATE TABLE n(a int) WITH (autovacuum_enabled = false)');

-- Foreign keys
CREATE COLLATION ci (provider = icu, locale = 'und', deterministic = false);
CREATE TABLE ci(name text COLLATE ci PRIMARY KEY);
SELECT says('ALTER TABLE c ADD COLUMN n int REFERENCES p NOT NULL, ADD FOREIGN KEY (name) REFERENCES t (id) NOT VALID');
SELECT says('CREATE TABLE n(id int PRIMARY KEY, parent bigint REFERENCES n, other varchar(5) REFERENCES ci)');
SELECT says('CREATE TABLE n(a varchar(5) REFERENCES m); CREATE TABLE m(a text PRIMARY KEY); CREATE TABLE n2(a varchar(5) REFERENCES m)');
SELECT severity = CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'error' ELSE 'warning' END, object FROM migrate.lint_sql('ALTER TABLE c ADD FOREIGN KEY (name) REFERENCES ci NOT VALID') WHERE rule = 'fk-nondeterministic-collation';
SET migrate.lint_enable = 'nullable-foreign-key, deferrable-fk';
SELECT says('CREATE TABLE n(a bigint PRIMARY KEY REFERENCES p DEFERRABLE, b bigint, FOREIGN KEY (b) REFERENCES p)');
SELECT says('ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p ON DELETE SET NULL NOT VALID');
RESET migrate.lint_enable;

-- What the server knows: space, memory, writers
SELECT says('ALTER TABLE t ALTER COLUMN a TYPE bigint USING a; ALTER TABLE t ALTER COLUMN a TYPE text; ANALYZE t');
SET maintenance_work_mem = '1MB';
SELECT says('CREATE INDEX CONCURRENTLY n ON t(a)');
SELECT says('SET maintenance_work_mem = ''64MB''; CREATE INDEX CONCURRENTLY n ON t(a)');
SET maintenance_work_mem = '64MB';
SELECT says('CREATE INDEX CONCURRENTLY n ON t(a); SET maintenance_work_mem = ''1MB''; CREATE INDEX n2 ON t(a)');
RESET maintenance_work_mem;
-- as many rows a second as if statistics were an hour old
CREATE TABLE hot(a int) WITH (autovacuum_enabled = off);
SELECT pg_stat_reset();
INSERT INTO hot SELECT generate_series(1, 500000);
SELECT pg_stat_force_next_flush();
SELECT says('ALTER TABLE hot ADD COLUMN b int; ALTER TABLE hot ADD COLUMN c int; ALTER TABLE p ADD COLUMN b int');
-- what is rolled back, as by a dry run, or was there before an ANALYZE is nobody's writing
ANALYZE hot;
BEGIN;
INSERT INTO hot SELECT generate_series(1, 500000);
ROLLBACK;
SELECT pg_stat_force_next_flush();
SELECT says('ALTER TABLE hot ADD COLUMN b int');

-- The way back: only where somebody wants it.
SELECT migrate.register('1', 'one', 'ALTER TABLE t DROP COLUMN a');
SELECT migrate.register('2', 'two', 'DROP TABLE empty, nokey');
SELECT version, rule, object FROM migrate.lint() WHERE rule = 'irreversible-migration';
SELECT migrate.register('2', 'two', 'DROP TABLE empty, nokey', 'CREATE TABLE empty(a int); CREATE TABLE nokey(a int)');
SELECT version, rule, object, line, col, consequence FROM migrate.lint() WHERE rule = 'irreversible-migration';
-- A column of the first, filled by the second
SELECT migrate.register('1', 'one', 'ALTER TABLE t ADD COLUMN z int');
SELECT migrate.register('2', 'two', 'UPDATE t SET z = 1', 'UPDATE t SET z = NULL');
SELECT version, rule, object, rewrite FROM migrate.lint() JOIN migrate.rules() r USING (rule) WHERE section = 'data';
SELECT migrate.unregister(v) FROM unnest('{1,2}'::text[]) v;

-- Hostile names
CREATE TABLE "sel""ect"("Id '" bigint PRIMARY KEY, "Or der" int);
INSERT INTO "sel""ect" SELECT i FROM generate_series(1, 30000) i;
ANALYZE "sel""ect";
SELECT says('DELETE FROM "sel""ect"; UPDATE "sel""ect" SET "Or der" = 1 WHERE "Or der" IS NULL; ALTER TABLE "sel""ect" ADD "N ''" int; UPDATE "sel""ect" SET "N ''" = 1');
SELECT count(*), string_agg(DISTINCT k.rule, ',') FROM migrate.lint_sql('DELETE FROM "sel""ect"; UPDATE "sel""ect" SET "Or der" = 1 WHERE "Or der" IS NULL') l, migrate.lint_sql(coalesce(l.rewrite, '')) k WHERE k.rule IN ('syntax-error', l.rule);

DROP SCHEMA regress_lint CASCADE;
DROP EXTENSION migrate;
