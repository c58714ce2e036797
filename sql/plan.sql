-- plan(): how long comparable work took, and scripts that cannot be parsed.
SET client_min_messages = warning;
CREATE EXTENSION migrate;
CREATE SCHEMA regress_plan;
SET search_path = regress_plan;
-- about 30 MB, and 8 kB
CREATE TABLE large (id int, v text, doc tsvector) WITH (autovacuum_enabled = off, fillfactor = 10);
INSERT INTO large SELECT i, repeat('x', 600) FROM generate_series(1, 4096) i;
CREATE TABLE tiny (id int, v text);
INSERT INTO tiny VALUES (1, 'x');
CREATE VIEW expected AS
    SELECT version AS v, statement AS n, text,
           round(extract(epoch FROM expected) / pg_relation_size('large') * 1024 * 1024, 2) AS s_per_mb
    FROM migrate.plan();
SELECT migrate.register('1', 'work', $$
CREATE INDEX i1 ON large (id);
CREATE INDEX CONCURRENTLY i2 ON large (id);
CREATE INDEX i3 ON large USING gin (doc);
ALTER TABLE large ALTER v SET NOT NULL;
ALTER TABLE large ALTER id TYPE bigint;
ALTER TABLE large ADD w int;
CREATE INDEX ON tiny (id);
UPDATE large SET v = 'y';
CREATE TABLE made AS SELECT * FROM large;
CREATE INDEX ON made (id);
REINDEX TABLE large;
CLUSTER large USING i1;
VACUUM FULL large;
$$);

-- nothing is known
SELECT DISTINCT s_per_mb FROM expected;

-- what earlier runs recorded, about other tables
CREATE FUNCTION took(kind text, bytes bigint, elapsed interval) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO migrate.timing (run, project, name, statement, kind, bytes, elapsed)
    VALUES (1, 'other', 'pinned', 1, kind, bytes, elapsed)
$$;
SELECT took('CREATE INDEX USING btree', 10 * 1024 * 1024, '10 s');
SELECT took('CREATE INDEX CONCURRENTLY USING btree', 100 * 1024 * 1024, '200 s');
SELECT took('ALTER TABLE SET NOT NULL', 10 * 1024 * 1024, '1 s');
SELECT took('ALTER TABLE SET NOT NULL, ALTER COLUMN TYPE', 10 * 1024 * 1024, '100 s');
SELECT took('CLUSTER', 10 * 1024 * 1024, '50 s');
SELECT took('VACUUM FULL', 10 * 1024 * 1024, '40 s');
-- a hundredth of the size and a hundred times it are the limits
SELECT took('REINDEX', 100 * 1024, '1 s');
SELECT took('REINDEX', 1024::bigint * 1024 * 1024 * 10, '1 s');
SELECT * FROM expected WHERE s_per_mb IS NOT NULL ORDER BY n;

-- the median of the newest ten, so that one that waited does not count
SELECT took('CREATE INDEX USING btree', 10 * 1024 * 1024, interval '1 s' * i)
FROM unnest(ARRAY[20, 20, 20, 20, 20, 30, 30, 30, 30, 3000]) i;
SELECT s_per_mb FROM expected WHERE n = 1;
SELECT took('CREATE INDEX USING btree', 10 * 1024 * 1024, interval '30 s');
SELECT s_per_mb FROM expected WHERE n = 1;

-- the time of a script's own last run is told where nothing else is
SELECT migrate.register('2', 'again', 'SELECT 1; SELECT 2', 'SELECT 1');
SELECT migrate.register('3', 'both', 'SELECT 3; CREATE INDEX i3 ON large (id)', 'SELECT 1');
INSERT INTO migrate.event (project, name, action, outcome, elapsed, checksum, session_role, role)
SELECT 'main', name, 'apply', 'success', '7 s', up, 'x', 'x'
FROM migrate.migration WHERE version IN ('2', '3');
SELECT version, statement, expected = '7 s' AS own_time, expected IS NULL AS unknown
FROM migrate.plan() WHERE version IN ('2', '3');

-- a run times what plan() will compare: not what is small, or nothing in bytes
SELECT migrate.unregister(v) FROM unnest(ARRAY['1', '2', '3']) v;
TRUNCATE migrate.timing;
SELECT migrate.register('1', 'work', $$
CREATE INDEX i1 ON regress_plan.large (id);
CREATE INDEX ON regress_plan.tiny (id);
ALTER TABLE regress_plan.large ALTER v SET NOT NULL, ADD w int;
UPDATE regress_plan.large SET w = 1;
VACUUM FULL regress_plan.large;
$$);
SET migrate.lint = off;
SELECT version, state FROM migrate.apply('1');
SELECT count(*) FROM migrate.timing;
SET migrate.lint = warn;
SET client_min_messages = error;
SELECT migrate.resolve('1', 'rolled_back');
DROP INDEX i1;
ALTER TABLE large DROP w, ALTER v DROP NOT NULL;
CREATE TABLE sizes AS SELECT pg_relation_size('large') AS before;
SELECT version, state FROM migrate.apply('1');
SELECT run = (SELECT max(run) FROM migrate.runs) AS run, project, version, name,
       statement, kind, bytes = before AS bytes,
       elapsed > '0' AND elapsed < '10 min' AS elapsed
FROM migrate.timing, sizes ORDER BY id;
-- within a transaction as well, and not if that is rolled back
TRUNCATE migrate.timing;
SELECT migrate.register('4', 'atomic', 'REINDEX TABLE regress_plan.large; REINDEX INDEX regress_plan.i1');
BEGIN;
SELECT version, state FROM migrate.apply('4');
SELECT statement, kind FROM migrate.timing ORDER BY id;
ROLLBACK;
SELECT count(*) FROM migrate.timing;

-- nobody but the owner reads or writes it
SELECT relacl FROM pg_class WHERE oid = 'migrate.timing'::regclass;

-- a script that cannot be parsed is one row, and the others are there
SELECT migrate.unregister('4');
SELECT migrate.register('5', 'typo', E'\n\n-- a comment\nCREATE TABEL x (id int);\nSELECT 1');
SELECT migrate.register('6', 'good', 'CREATE TABLE regress_plan.fine (id int)');
SELECT migrate.register('7', 'empty', '');
SELECT migrate.register('8', 'block', E'BEGIN;\nVACUUM;\nCOMMIT');
SELECT version, step, statement, line, text, transactional, commits, locks, bytes, expected, findings, relations, note
FROM migrate.plan();
-- what lint is told to leave out is planned all the same
SET migrate.lint_start_after = '7';
SELECT version, text, findings, note FROM migrate.plan();
RESET migrate.lint_start_after;

DROP EXTENSION migrate CASCADE;
DROP SCHEMA regress_plan CASCADE;
