-- Down scripts.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_rollback;
SET search_path = regress_rollback;
SET client_min_messages = warning;
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text, pid int DEFAULT pg_backend_pid());

-- nothing to undo
SELECT * FROM migrate.rollback();
SELECT * FROM migrate.rollback(5);
SELECT migrate.register(v, 'n' || v, format('INSERT INTO log (what) VALUES (''up %s'')', v), format('INSERT INTO log (what) VALUES (''down %s'')', v)) FROM unnest('{1,2,3,4,5,10}'::text[]) AS v \g /dev/null
SELECT migrate.register(NULL, 'rep', 'INSERT INTO log (what) VALUES (''rep'')') \gset
SELECT * FROM migrate.rollback();
SELECT count(*) FROM migrate.apply('5');

-- newest first, as many as are asked for; repeatables are left alone
SELECT version, name, state, steps, elapsed > interval '0' AS elapsed FROM migrate.rollback();
SELECT version, name, state FROM migrate.status();
SELECT version, name, state FROM migrate.rollback(2);
SELECT what, pid <> pg_backend_pid() AS runner FROM log WHERE what LIKE 'down%' ORDER BY n;
SELECT version, action, outcome, step, run IS NOT NULL AS run, checksum = (SELECT down FROM migrate.migration m WHERE m.version = h.version) AS text FROM migrate.history h WHERE action = 'rollback' ORDER BY id;
SELECT action, target, state FROM migrate.runs ORDER BY run;
-- down to a target, which stays
SELECT version, name, state FROM migrate.apply();
SELECT version FROM migrate.rollback('02');
SELECT version FROM migrate.rollback('2');
SELECT version FROM migrate.rollback('10');
SELECT version, state FROM migrate.status();
-- more than there are
SELECT version FROM migrate.rollback(steps => 100);
SELECT * FROM migrate.rollback();
SELECT string_agg(what, ', ' ORDER BY n) FROM log WHERE what LIKE 'rep';
-- and up again
SELECT count(*) FROM migrate.apply();

-- what must be given
SELECT migrate.rollback(0);
SELECT migrate.rollback(-1);
SELECT migrate.rollback(NULL::int) IS NOT NULL AS one;
SELECT migrate.rollback(NULL::text);
SELECT migrate.rollback('');
SELECT migrate.rollback('6');
SELECT migrate.rollback('rep');
SELECT count(*) FROM migrate.apply();

-- No down script: an error before anything ran, which names them all.
SELECT migrate.register('11', 'eleven', 'SELECT 11') \gset
SELECT migrate.register('12', 'twelve', 'SELECT 12', 'INSERT INTO log (what) VALUES (''down 12'')') \gset
SELECT migrate.register('13', 'thirteen', 'SELECT 13') \gset
SELECT count(*) FROM migrate.apply();
SELECT migrate.rollback();
SELECT migrate.rollback(3);
SELECT migrate.rollback('10');
SELECT count(*) FROM log WHERE what = 'down 12';
SELECT migrate.resolve('13', 'rolled_back');
SELECT version FROM migrate.rollback();
-- an empty one is one
SELECT migrate.register('11', 'eleven', 'SELECT 11', '') \gset
SELECT version, state FROM migrate.rollback();
SELECT migrate.unregister('11'), migrate.unregister('12'), migrate.unregister('13');

-- pending and failed ones are passed over
SELECT migrate.register('14', 'fails', 'SELECT 1/0', 'SELECT 1') \gset
SELECT migrate.apply();
SELECT version FROM migrate.rollback();
SELECT version, state FROM migrate.status() WHERE version IN ('5', '10', '14');
SELECT migrate.unregister('14');
SELECT count(*) FROM migrate.apply();

-- A failing down script is rolled back whole, and the migration stays applied.
SELECT migrate.register('20', 'bad down', 'CREATE TABLE t20 ()', E'DROP TABLE t20;\n\nINSERT INTO log (what) VALUES (''down 20'');\nSELECT 1/0;\n') \gset
SELECT migrate.register('21', 'good down', 'CREATE TABLE t21 ()', 'DROP TABLE t21') \gset
SELECT count(*) FROM migrate.apply();
SELECT version, state FROM migrate.status() WHERE version > '2' AND length(version) = 2;
SELECT migrate.rollback(2);
SELECT version, state, note, applied_at IS NOT NULL AS applied_at FROM migrate.status() WHERE version > '2' AND length(version) = 2;
SELECT to_regclass('t20'), to_regclass('t21');
SELECT version, action, outcome, step, error_sqlstate, error_statement, error_line FROM migrate.history ORDER BY id DESC LIMIT 2;
SELECT action, state FROM migrate.runs ORDER BY run DESC LIMIT 1;
-- correct it and try again
SELECT migrate.register('20', 'bad down', 'CREATE TABLE t20 ()', 'DROP TABLE t20') \gset
SELECT version, state FROM migrate.rollback();

-- A down script may have any steps.
CREATE TABLE big (a int);
SELECT migrate.register('30', 'index', 'CREATE INDEX CONCURRENTLY big_a ON big (a);', E'SELECT 1;\nDROP INDEX CONCURRENTLY big_a;') \gset
SELECT version, state, steps FROM migrate.apply('30');
SELECT version, state, steps FROM migrate.rollback('21');
SELECT to_regclass('big_a');
-- in a transaction it is refused like an up script
SELECT count(*) FROM migrate.apply();
BEGIN;
SELECT migrate.rollback();
ROLLBACK;
-- one that fails half-way is partial: the next rollback goes on there
SELECT migrate.register('30', 'index', 'CREATE INDEX CONCURRENTLY big_a ON big (a);', E'INSERT INTO log (what) VALUES (''half'');\nDROP INDEX CONCURRENTLY big_a;\nSELECT 1/0;') \gset
SELECT migrate.rollback();
SELECT version, state, note, applied_at IS NOT NULL AS applied_at FROM migrate.status() WHERE version = '30';
SELECT version, action, outcome, step, error_statement, error_line FROM migrate.history ORDER BY id DESC LIMIT 1;
-- it has to be settled before anything is applied, or undone beneath it
SELECT migrate.apply();
SELECT migrate.rollback();
SELECT migrate.register('30', 'index', 'CREATE INDEX CONCURRENTLY big_a ON big (a);', E'INSERT INTO log (what) VALUES (''half'');\nDROP INDEX CONCURRENTLY big_a;\nSELECT 1;') \gset
SELECT version, state, note FROM migrate.status() WHERE version = '30';
SELECT version, state, steps FROM migrate.rollback();
SELECT count(*) FROM log WHERE what = 'half';
SELECT count(*) FROM migrate.step;
SELECT version, state FROM migrate.status() WHERE version = '30';
-- a partial one going up has to be settled before it can be rolled back
SELECT migrate.register('30', 'index', E'SELECT 1;\nCOMMIT;\nSELECT 1/0;', 'SELECT 1') \gset
SELECT migrate.apply();
SELECT migrate.rollback();
SELECT migrate.resolve('30', 'rolled_back');
SELECT migrate.unregister('30');

-- an unknown project
SELECT migrate.rollback('1', project => 'none');

-- within the caller's transaction
BEGIN;
SELECT version, state FROM migrate.rollback(2);
SELECT count(*) FROM migrate.status() WHERE state = 'pending';
ROLLBACK;
SELECT count(*) FROM migrate.status() WHERE state = 'pending';
DO $$BEGIN PERFORM migrate.rollback(); END$$;
SELECT count(*) FROM migrate.status() WHERE state = 'pending';

-- down scripts of files, by their line
SELECT result FROM migrate.load(ARRAY['1_f.up.sql', '1_f.down.sql', '2_s.sql'], ARRAY['SELECT 1', E'\n\nSELECT 1/0;', E'-- migrate:up\nSELECT 1;\n-- migrate:down\n-- migrate:no-transaction\nSELECT 2;\nSELECT 3/0;'], project => 'files');
SELECT count(*) FROM migrate.apply(project => 'files');
SELECT migrate.rollback(project => 'files');
SELECT migrate.resolve('2', 'rolled_back', project => 'files');
SELECT migrate.rollback(project => 'files');
SELECT version, error_line FROM migrate.history WHERE project = 'files' AND outcome = 'failed' ORDER BY id;

DROP EXTENSION migrate;
DROP SCHEMA regress_rollback CASCADE;
