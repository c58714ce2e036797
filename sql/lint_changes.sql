-- Lint: all that changes rows, wherever it stands; what referencing tables
-- cost; routines that are called.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_lint;
SET search_path = regress_lint;
SET migrate.lint_small_table = '0 rows';
SET client_min_messages = error;
\pset format unaligned
\pset tuples_only on
\pset null -

-- What lint says of a script: sizes and estimates differ between versions.
CREATE FUNCTION says(script text, rules text DEFAULT '%')
RETURNS TABLE (finding text) LANGUAGE sql STABLE AS $$
    SELECT format('%s %s %s:%s %s: %s', l.severity, l.rule, l.line, l.col, l.object,
                  regexp_replace(regexp_replace(l.consequence, '\d+ (bytes|kB|MB|GB)', 'size', 'g'),
                                 'about \d+ (thousand )?rows', 'about n rows', 'g'))
    FROM migrate.lint_sql(script) WITH ORDINALITY l
    WHERE l.rule LIKE rules
    ORDER BY l.ordinality
$$;

CREATE TABLE account(id int PRIMARY KEY, seats int, name text);
CREATE TABLE child(id int PRIMARY KEY, aid int CONSTRAINT child_aid_fkey REFERENCES account ON DELETE CASCADE, note text);
CREATE TABLE grandchild(cid int CONSTRAINT grandchild_cid_fkey REFERENCES child ON DELETE CASCADE);
CREATE INDEX ON grandchild(cid);
CREATE TABLE plain(id int PRIMARY KEY, aid int, n int);
CREATE TABLE archive(LIKE account);
INSERT INTO account SELECT i, i % 10, 'a' FROM generate_series(1, 40000) i;
INSERT INTO child SELECT i, i, repeat('x', 200) FROM generate_series(1, 40000) i;
INSERT INTO grandchild SELECT generate_series(1, 100);
INSERT INTO plain SELECT i, i, i FROM generate_series(1, 40000) i;
ANALYZE account, child, grandchild, plain;

-- A key that a large table references, and no index to find the rows by
SELECT says('DELETE FROM account WHERE seats = 3');
SELECT says('WITH old AS (SELECT id FROM plain WHERE n < 2000) DELETE FROM account a USING old WHERE a.id = old.id');
SELECT says('UPDATE account SET id = id + 100000 WHERE seats = 3');
SELECT says('MERGE INTO account a USING plain p ON a.id = p.id AND p.n < 4000 WHEN MATCHED THEN DELETE');
SELECT rewrite FROM migrate.lint_sql('DELETE FROM account WHERE seats = 3') WHERE rule = 'referencing-table-scan';
-- one row is read soon; what is no key is nobody's concern
SELECT says('DELETE FROM account WHERE id = 3; UPDATE account SET seats = 4 WHERE seats = 3; UPDATE account SET id = 0 WHERE id = 3');
-- so is a small table
SET migrate.lint_small_table = '100MB';
SELECT says('DELETE FROM account WHERE seats = 3');
SET migrate.lint_small_table = '0 rows';
-- all rows: one finding, with all that cascades
SELECT says('DELETE FROM account', 'ban-%');
CREATE INDEX child_aid ON child(aid);
SELECT says('DELETE FROM account WHERE seats = 3');
SELECT says('DELETE FROM account', 'ban-%');
SELECT says('DELETE FROM account WHERE seats <> 3');
SELECT says('DELETE FROM plain', 'ban-%');
-- an index that an earlier statement of the set makes, or drops
SELECT says('DROP INDEX child_aid; DELETE FROM account WHERE seats = 3', 'referencing%');
DROP INDEX child_aid;
SELECT says('CREATE INDEX CONCURRENTLY child_aid ON child(aid); DELETE FROM account WHERE seats = 3', 'referencing%');

-- MERGE
SELECT says('MERGE INTO plain USING account a ON plain.id = a.id WHEN MATCHED THEN UPDATE SET n = 1');
SELECT says('MERGE INTO plain USING account a ON plain.id = a.id WHEN MATCHED AND a.seats = 3 THEN UPDATE SET n = 1');
SELECT says('MERGE INTO archive USING account a ON archive.id = a.id WHEN NOT MATCHED THEN INSERT VALUES (a.id, a.seats, a.name)');
SELECT says('MERGE INTO plain USING account a ON plain.id = a.id WHEN NOT MATCHED THEN INSERT VALUES (a.id, 1, 1)');
SELECT says('MERGE INTO plain USING (VALUES (1, 2), (3, 4)) AS v(id, n) ON plain.id = v.id WHEN MATCHED THEN UPDATE SET n = v.n');
SELECT says('ALTER TABLE account ADD COLUMN z int; MERGE INTO plain USING (VALUES (1)) AS v(id) ON plain.id = v.id WHEN MATCHED THEN DELETE', 'data-in%');
SELECT says('MERGE INTO plain USING (VALUES (1)) AS v(id) ON plain.id = v.id WHEN MATCHED THEN UPDATE SET n = 1, n = 2');

-- WITH
SELECT says('WITH gone AS (DELETE FROM plain RETURNING *) SELECT count(*) FROM gone');
SELECT says('SELECT 1; WITH x AS (SELECT 1), changed AS (UPDATE plain SET n = 1 RETURNING *) SELECT count(*) FROM changed');
SELECT says('WITH gone AS (DELETE FROM plain WHERE n > 10 RETURNING id, aid, n) INSERT INTO archive SELECT id, aid FROM gone');
SELECT says('WITH gone AS (DELETE FROM plain WHERE id = 10 RETURNING *) INSERT INTO archive SELECT id, aid FROM gone');
SELECT says('WITH b AS (SELECT id FROM plain LIMIT 1000), gone AS (DELETE FROM plain p USING b WHERE p.id = b.id RETURNING p.*) SELECT count(*) FROM gone');
SELECT says('ALTER TABLE account ADD COLUMN z int; WITH gone AS (DELETE FROM plain WHERE id = 1 RETURNING 1) SELECT * FROM gone', 'data-in%');
SELECT says('WITH c AS (UPDATE plain SET n = 1, n = 2 WHERE id = 1 RETURNING 1) SELECT * FROM c');
SELECT says('EXPLAIN DELETE FROM plain; EXPLAIN ANALYZE DELETE FROM plain');
SELECT says('CREATE TABLE n AS WITH gone AS (DELETE FROM plain RETURNING *) SELECT * FROM gone', 'ban-%');
-- plan() has the locks of what they cascade to
SELECT migrate.register('1', 'one', 'WITH gone AS (DELETE FROM account WHERE id = 1 RETURNING 1) SELECT * FROM gone', 'SELECT 1');
SELECT unnest(locks) FROM migrate.plan() ORDER BY 1;
SELECT migrate.register('1', 'one', 'WITH gone AS (DELETE FROM account RETURNING 1) SELECT * FROM gone', 'SELECT 1');
SELECT rule, object, consequence FROM migrate.lint() WHERE rule = 'irreversible-migration';
SELECT migrate.unregister('1');

-- Routines that are there
CREATE FUNCTION convert() RETURNS void LANGUAGE plpgsql AS $f$
DECLARE n int := 1;
BEGIN
	ALTER TABLE plain ALTER COLUMN n TYPE bigint;
	EXECUTE 'CREATE INDEX ON account (seats)';
END $f$;
CREATE FUNCTION convert_sql(int DEFAULT 1) RETURNS void LANGUAGE sql AS 'DELETE FROM plain; CREATE INDEX ON plain(n)';
CREATE FUNCTION stable() RETURNS int STABLE LANGUAGE plpgsql AS 'BEGIN DELETE FROM plain; RETURN 1; END';
CREATE FUNCTION computes(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN $1 + 1; END';
CREATE FUNCTION dynamic(text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE $1; END';
CREATE FUNCTION two(int) RETURNS void LANGUAGE sql AS 'DELETE FROM plain';
CREATE FUNCTION two(text) RETURNS void LANGUAGE sql AS 'DELETE FROM plain';
CREATE FUNCTION outer_one() RETURNS void LANGUAGE sql AS 'SELECT convert()';
CREATE PROCEDURE batches() LANGUAGE plpgsql AS 'BEGIN UPDATE plain SET n = 1 WHERE id < 10; COMMIT; END';
CREATE PROCEDURE dynamic_too(text) LANGUAGE plpgsql AS 'BEGIN EXECUTE $1; END';
SELECT says('SELECT convert()');
SELECT says('SELECT * FROM regress_lint.convert_sql()');
SELECT says(E'DO $$BEGIN\n\tPERFORM convert();\nEND$$');
SELECT says('SELECT stable(), computes(1), now(), random(), two(1); SELECT max(computes(id)) FROM account; SELECT outer_one()');
SELECT says('SELECT 1, dynamic($$DROP TABLE t$$)');
SELECT says('CALL batches(); CALL dynamic_too($$x$$); CALL nosuch()');
-- the statements after it find what it has left
SELECT says('SELECT convert(); UPDATE account SET name = $$b$$ WHERE id < 10', 'running%');
SELECT says('ALTER TABLE account ADD COLUMN z int; SELECT convert()', 'running%');
-- one that the script makes is judged there
SELECT says('CREATE FUNCTION made() RETURNS void LANGUAGE sql AS $$CREATE INDEX ON plain(n)$$; SELECT made(); DROP FUNCTION made()', 'require-concurrent-index-creation');
-- a definition calls nothing
SELECT says('CREATE FUNCTION made() RETURNS void LANGUAGE sql AS $$SELECT convert()$$; CREATE VIEW v AS SELECT convert()');
SELECT migrate.register('1', 'one', 'SELECT convert()', 'SELECT 1');
SELECT unnest(locks) FROM migrate.plan() ORDER BY 1;
SELECT migrate.unregister('1');

-- A body in a body
SELECT says($s$DO $a$BEGIN
	EXECUTE 'DO $b$BEGIN
		CREATE INDEX ON plain(n);
	END$b$';
END$a$$s$);
SELECT says($s$DO $a$BEGIN
	DO $b$BEGIN EXECUTE 'DELETE FROM ' || current_schema() || '.plain'; DELETE FROM plain; END$b$;
END$a$$s$);
SELECT says($s$CREATE FUNCTION n() RETURNS void LANGUAGE plpgsql AS $a$BEGIN
	EXECUTE $q$DO 'BEGIN DELETE FROM plain; END'$q$;
END$a$$s$);
SELECT says($s$DO $a$BEGIN
	EXECUTE 'CREATE FUNCTION n() RETURNS void LANGUAGE sql AS ''DELETE FROM plain''';
END$a$$s$);

-- Deferred foreign keys: what the server refuses, and what it does not
CREATE TABLE later(id int PRIMARY KEY, aid int CONSTRAINT later_aid_fkey REFERENCES account DEFERRABLE INITIALLY DEFERRED, n int);
CREATE TABLE soon(aid int CONSTRAINT soon_aid_fkey REFERENCES plain DEFERRABLE);
INSERT INTO later VALUES (1, 1);
ANALYZE later;
CREATE PROCEDURE runs(VARIADIC statements text[]) LANGUAGE plpgsql AS $f$
DECLARE s text;
BEGIN
	FOREACH s IN ARRAY statements LOOP EXECUTE s; END LOOP;
END $f$;
\set VERBOSITY terse
CALL runs('INSERT INTO later VALUES (2, 1)', 'ALTER TABLE later ADD COLUMN z int');
SELECT says('INSERT INTO later VALUES (2, 1); ALTER TABLE later ADD COLUMN z int', 'failing%');
CALL runs('INSERT INTO later VALUES (2, 1)', 'TRUNCATE later');
SELECT says('INSERT INTO later VALUES (2, 1); TRUNCATE later', 'failing%');
SELECT says('UPDATE later SET aid = 2; DROP TABLE later', 'failing%');
CALL runs('DELETE FROM account WHERE id = 5', 'ALTER TABLE account ADD COLUMN z int');
SELECT says('DELETE FROM account WHERE id = 5; ALTER TABLE account ADD COLUMN z int', 'failing%');
SELECT rewrite FROM migrate.lint_sql('INSERT INTO later VALUES (2, 1); DROP TABLE later') WHERE rule = 'failing-statement';
SELECT says('UPDATE later SET n = 2; ALTER TABLE later ADD COLUMN z int; DELETE FROM later; DROP TABLE later', 'failing%');
SELECT says('INSERT INTO later VALUES (2, 1); SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE later ADD COLUMN z int', 'failing%');
SELECT says('INSERT INTO later VALUES (2, 1); COMMIT; ALTER TABLE later ADD COLUMN z int', 'failing%');
SELECT says('INSERT INTO later VALUES (2, 1); CREATE INDEX ON later(n); ALTER TABLE plain ADD COLUMN z int', 'failing%');
SELECT says('INSERT INTO soon VALUES (1); ALTER TABLE soon ADD COLUMN z int', 'failing%');
SELECT says('SET CONSTRAINTS ALL DEFERRED; INSERT INTO soon VALUES (1); ALTER TABLE soon ADD COLUMN z int', 'failing%');
SELECT says('ALTER TABLE soon ALTER CONSTRAINT soon_aid_fkey DEFERRABLE INITIALLY DEFERRED; INSERT INTO soon VALUES (1); ALTER TABLE soon ADD COLUMN z int', 'failing%');

-- Row types that columns have
CREATE TYPE pair AS (a int, b int);
CREATE TABLE spot(x int, y int);
CREATE TABLE uses(p pair, q spot[]);
CREATE VIEW reads AS SELECT (1, 2)::pair AS p;
ALTER TYPE pair ALTER ATTRIBUTE a TYPE bigint;
ALTER TABLE spot ALTER COLUMN x TYPE bigint;
ALTER TABLE spot ADD COLUMN z int DEFAULT 1;
SELECT says('ALTER TYPE pair ALTER ATTRIBUTE a TYPE bigint; ALTER TABLE spot ALTER COLUMN x TYPE bigint; ALTER TABLE spot ADD COLUMN z int DEFAULT 1', 'failing%');
SELECT says('ALTER TYPE pair ADD ATTRIBUTE c int; ALTER TABLE spot ADD COLUMN z int, ADD COLUMN u int DEFAULT NULL, DROP COLUMN y', 'failing%');
SELECT says('ALTER TABLE uses DROP COLUMN p, DROP COLUMN q; ALTER TYPE pair ALTER ATTRIBUTE a TYPE bigint; ALTER TABLE spot ALTER COLUMN x TYPE bigint', 'failing%');
SELECT says('DROP TABLE uses; ALTER TYPE pair ALTER ATTRIBUTE a TYPE bigint', 'failing%');
-- what it does not object to, nor does the server
ALTER TYPE pair ADD ATTRIBUTE c int;
ALTER TABLE spot ADD COLUMN z int, ADD COLUMN u int DEFAULT NULL, DROP COLUMN y;

-- Columns that every table has
SELECT says('CREATE TABLE n(a int)', 'required-columns');
SET migrate.lint_required_columns = 'id, "Created" timestamp with time zone, amount numeric(10,2), s public.nosuch';
SELECT says('CREATE TABLE n(id text, "Created" timestamp, amount numeric(12,2)); CREATE TABLE o(id int, "Created" timestamptz, amount numeric(10,2), s int)', 'required-columns');
SELECT says('CREATE TABLE n(id int); ALTER TABLE n ADD COLUMN "Created" timestamptz, ADD amount numeric(10,2), ADD s text', 'required-columns');
SELECT says('CREATE TEMP TABLE n(a int); CREATE TABLE IF NOT EXISTS plain(a int); CREATE TABLE o(LIKE plain); CREATE TABLE p(a int); DROP TABLE p', 'required-columns');
SET migrate.lint_required_columns = 'id, , a';
SET migrate.lint_required_columns = 'id; drop';
SET migrate.lint_required_columns = ' ';
SELECT says('CREATE TABLE n(a int)', 'required-columns');

DROP SCHEMA regress_lint CASCADE;
DROP EXTENSION migrate;
