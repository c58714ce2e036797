-- Lint and plan: what the statements of a script are to each other: proofs that
-- one takes from another, steps, locks that are held, what fails.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_lint_sequence;
SET search_path = regress_lint_sequence;
SET migrate.lint_small_table = '0 rows';
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on

-- what some rules say of a script, and what is an error in what they propose
CREATE FUNCTION pg_temp.says(script text, VARIADIC rules text[] DEFAULT '{%}') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s %s %s: %s', l.severity, l.rule, l.statement, regexp_replace(l.consequence, '\d+ (bytes|kB|MB)', 'size', 'g'))
		|| coalesce(E'\n    ' || replace(l.rewrite, E'\n', E'\n    '), '')
		|| coalesce(E'\n  which is ' || again.errors, '')
	FROM migrate.lint_sql(script) WITH ORDINALITY l,
		LATERAL (SELECT string_agg(rule || ': ' || regexp_replace(consequence, '\d+ (bytes|kB|MB)', 'size', 'g'), ', ') AS errors
			FROM migrate.lint_sql(coalesce(l.rewrite, '')) WHERE severity = 'error') again
	WHERE l.rule LIKE ANY (rules)
	ORDER BY l.ordinality
$$;
-- what plan() says of a script
CREATE FUNCTION pg_temp.plans(script text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM migrate.register('1', 'probe', script);
	RETURN QUERY SELECT format('%s: step %s%s%s, reads %s, rewrites %s, %s', statement, step,
			CASE WHEN transactional THEN '' ELSE ', not in a transaction' END,
			CASE WHEN commits THEN ', commits' ELSE '' END, coalesce(scans::text, '-'),
			coalesce(rewrites::text, '-'), CASE bytes WHEN 0 THEN 'no size' ELSE 'a size' END)
		FROM migrate.plan();
	PERFORM migrate.unregister('1');
END $$;

CREATE TABLE t (id bigint PRIMARY KEY, a int, b int, c int CONSTRAINT c_given CHECK (c IS NOT NULL), v varchar(10) CONSTRAINT v_short CHECK (length(v) < 9));
CREATE TABLE u (id bigint PRIMARY KEY, t bigint REFERENCES t);
CREATE TABLE w (u bigint REFERENCES u);
CREATE TABLE few (a bigint);
INSERT INTO t SELECT i, i, i, i, i FROM generate_series(1, 50000) i;
INSERT INTO u SELECT i, i FROM generate_series(1, 50000) i;
INSERT INTO w SELECT i FROM generate_series(1, 50000) i;
INSERT INTO few VALUES (1);
ALTER TABLE t ADD CONSTRAINT both_given CHECK (a IS NOT NULL AND b > 0);
CREATE TABLE parent (id bigint NOT NULL, a int) PARTITION BY RANGE (id);
CREATE TABLE other PARTITION OF parent DEFAULT;
CREATE TABLE part (id bigint NOT NULL, a int);
INSERT INTO other SELECT i, i FROM generate_series(1000001, 1050000) i;
INSERT INTO part SELECT i, i FROM generate_series(1, 50000) i;
CREATE PROCEDURE batches() LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
CREATE PROCEDURE one() LANGUAGE plpgsql AS 'BEGIN NULL; END';
ANALYZE t, u, w, few, parent, other, part;

--
-- Proofs: the server drops before it does anything else
--
SELECT pg_temp.says('ALTER TABLE t ALTER COLUMN c SET NOT NULL', 'adding-not-null%');
SELECT pg_temp.says('ALTER TABLE t ALTER COLUMN c SET NOT NULL, DROP CONSTRAINT v_short', 'adding-not-null%');
SELECT pg_temp.says('ALTER TABLE t ALTER COLUMN c SET NOT NULL, DROP CONSTRAINT c_given', 'adding-not-null%');
SELECT pg_temp.says('ALTER TABLE t DROP CONSTRAINT c_given, ALTER COLUMN c SET NOT NULL', 'adding-not-null%');
-- with a column, all constraints that mention it go
SELECT pg_temp.says('ALTER TABLE t DROP COLUMN b, ALTER COLUMN a SET NOT NULL', 'adding-not-null%');
SELECT pg_temp.plans('ALTER TABLE t ALTER COLUMN c SET NOT NULL; COMMIT; ALTER TABLE t DROP CONSTRAINT c_given');
SELECT pg_temp.plans('ALTER TABLE t ALTER COLUMN c SET NOT NULL, DROP CONSTRAINT c_given');
-- what goes is not verified again
SELECT pg_temp.plans('ALTER TABLE t ALTER COLUMN v TYPE varchar(20)');
SELECT pg_temp.plans('ALTER TABLE t ALTER COLUMN v TYPE varchar(20), DROP CONSTRAINT v_short');
-- two that must stay two, and two that could be one
SELECT pg_temp.says('ALTER TABLE t ALTER COLUMN c SET NOT NULL; ALTER TABLE t DROP CONSTRAINT c_given', 'multiple%');
SELECT pg_temp.says('ALTER TABLE t DROP CONSTRAINT c_given; ALTER TABLE t ALTER COLUMN c SET NOT NULL', 'multiple%');
SELECT pg_temp.says('ALTER TABLE t ALTER COLUMN a SET NOT NULL; ALTER TABLE t DROP COLUMN b', 'multiple%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; ALTER TABLE t ALTER COLUMN x TYPE bigint', 'multiple%');
SELECT pg_temp.says('ALTER TABLE t ALTER COLUMN a SET DEFAULT 1; ALTER TABLE t DROP COLUMN a', 'multiple%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; ALTER TABLE t DROP COLUMN a', 'multiple%');

--
-- Partitions: VALIDATE with nothing locked
--
SELECT pg_temp.says('ALTER TABLE parent ATTACH PARTITION part FOR VALUES FROM (1) TO (50001)', 'attach%');
SELECT pg_temp.says('CREATE TABLE part2 PARTITION OF parent FOR VALUES FROM (1) TO (50001)', 'create-part%');
ALTER TABLE other ADD CHECK (id > 1000000);
SELECT pg_temp.says('ALTER TABLE parent ATTACH PARTITION part FOR VALUES FROM (1) TO (50001)', 'attach%');
SELECT pg_temp.says('CREATE TABLE part2 PARTITION OF parent FOR VALUES FROM (1) TO (50001)', 'create-part%');

--
-- Steps: what commits has one of its own
--
\set batches 'ALTER TABLE t ADD COLUMN x int; DO $x$ DECLARE lo bigint := 0; BEGIN WHILE lo < 50000 LOOP UPDATE t SET x = a WHERE id > lo AND id <= lo + 1000; COMMIT; lo := lo + 1000; END LOOP; END $x$; ALTER TABLE u ADD COLUMN x int; DO ''BEGIN COMMIT; END'''
SELECT pg_temp.says(:'batches', 'data-in%', 'running%', 'unbatched%');
SELECT pg_temp.plans(:'batches');
SELECT pg_temp.says(replace(:'batches', 'COMMIT;', ''), 'data-in%', 'running%', 'unbatched%');
SELECT pg_temp.plans(replace(:'batches', 'COMMIT;', ''));
-- one bound is no range
SELECT pg_temp.says(replace(:'batches', 'AND id <= lo + 1000', ''), 'unbatched%');
SELECT pg_temp.says(replace(:'batches', 'id > lo AND id <= lo + 1000', 'lo + 1000 > id AND a >= 1'), 'unbatched%');
SELECT pg_temp.says(replace(:'batches', 'id > lo AND id <= lo + 1000', 'lo + 1000 >= id AND lo < id'), 'unbatched%');
-- where the script itself has a transaction, it fails as it always did
SELECT pg_temp.plans($$BEGIN; ALTER TABLE t ADD COLUMN x int; DO 'BEGIN COMMIT; END'; COMMIT$$);
-- procedures
SELECT pg_temp.plans('ALTER TABLE t ADD COLUMN x int; CALL batches(); CALL one(); SELECT 1');
SELECT pg_temp.plans($$CREATE PROCEDURE one(a int) LANGUAGE plpgsql AS 'BEGIN ROLLBACK; END'; CALL one(1); CALL nosuch()$$);
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; CALL batches()', 'running%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; CALL one()', 'running%');

--
-- TRUNCATE takes no time, and what is empty after it neither
--
SELECT pg_temp.says('ALTER TABLE few ADD COLUMN x int; TRUNCATE t CASCADE', 'running%', 'data-in%', '%headroom');
SELECT pg_temp.plans('TRUNCATE u CASCADE; CREATE TABLE n AS SELECT * FROM w');
SELECT pg_temp.says('TRUNCATE u CASCADE; CREATE TABLE n AS SELECT * FROM w; CREATE INDEX ON w (u); CREATE TABLE m AS SELECT * FROM t', 'running%', 'require-conc%');
SELECT pg_temp.says('TRUNCATE w; INSERT INTO w SELECT id FROM u', 'data-in%', 'running%');

--
-- Long work while a lock is held: told once, with a way out
--
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; UPDATE t SET x = a', 'running%', 'data-in%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; UPDATE t SET x = a WHERE id < 10', 'running%', 'data-in%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; INSERT INTO few SELECT id FROM u', 'running%', 'data-in%');
SELECT pg_temp.says('ALTER TABLE few ADD COLUMN x int; INSERT INTO u VALUES (0, 1)', 'running%', 'data-in%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; CREATE INDEX ON u (t)', 'running%', 'data-in%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; ALTER TABLE u ADD COLUMN x int', 'wide%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; COMMIT; UPDATE t SET x = a WHERE id < 10; COMMIT; ALTER TABLE u ADD COLUMN x int', 'running%', 'data-in%', 'wide%', 'transaction-nesting');
-- a body cannot be cut, and what a function does is not done now
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; DO $x$ BEGIN UPDATE t SET x = a; ALTER TABLE u ADD COLUMN x int; END $x$', 'running%', 'data-in%', 'wide%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN UPDATE t SET x = a; END $x$', 'running%', 'data-in%', 'wide%');
SELECT pg_temp.says('ALTER TABLE t ADD COLUMN x int; DO $x$ BEGIN EXECUTE current_user; END $x$', 'running%');

--
-- What fails has locked nothing
--
SELECT pg_temp.says('ALTER TABLE t DROP COLUMN nosuch; UPDATE u SET t = 1; ALTER TABLE u ADD COLUMN x int', 'unknown%', 'running%', 'data-in%', 'wide%');
SELECT pg_temp.says('ALTER TABLE t DROP COLUMN b; UPDATE u SET t = 1', 'unknown%', 'running%', 'data-in%');
SELECT pg_temp.says('DO $x$ BEGIN ALTER TABLE t DROP COLUMN nosuch; END $x$; UPDATE u SET t = 1', 'unknown%', 'running%', 'data-in%');
SELECT pg_temp.says('CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN ALTER TABLE t DROP COLUMN nosuch; END $x$; ALTER TABLE t ADD COLUMN x int; UPDATE u SET t = 1', 'running%', 'data-in%');

DROP SCHEMA regress_lint_sequence CASCADE;
DROP EXTENSION migrate;
