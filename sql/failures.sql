-- What a failure leaves, and what it says.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_failures;
SET search_path = regress_failures;
SET client_min_messages = warning;
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text);
-- the last event, as far as it is the same everywhere
CREATE VIEW last AS
    SELECT version, action, outcome, step, error_sqlstate AS state, error_message AS message, error_detail AS detail, error_hint AS hint,
           error_statement AS stmt, error_line AS line, reason,
           elapsed > interval '0' AS elapsed, run IS NOT NULL AS run, checksum = (SELECT up FROM migrate.migration m WHERE m.version = h.version AND m.project = h.project) AS text
    FROM migrate.history h ORDER BY id DESC LIMIT 1;

--
-- An error in a migration of one step leaves nothing.
--
SELECT migrate.register('1', 'third of five', $s$INSERT INTO log (what) VALUES ('a');
CREATE TABLE gone ();
INSERT INTO log
  SELECT 1,
    nothing
  FROM log;
INSERT INTO log (what) VALUES ('d');
INSERT INTO log (what) VALUES ('e');
$s$) \gset
SELECT migrate.apply();
\x on
SELECT * FROM last;
\x off
SELECT version, state, note, applied_at, applied_by, elapsed FROM migrate.status();
SELECT count(*), to_regclass('gone') FROM log;
SELECT * FROM migrate.step ORDER BY 1;
SELECT state, target FROM migrate.runs;
-- once more, and it is recorded once more; then correct it
SELECT migrate.apply();
SELECT count(*) FROM migrate.history;
SELECT migrate.register('1', 'third of five', 'INSERT INTO log (what) VALUES (''corrected'')') \gset
SELECT version, state, note FROM migrate.status();
SELECT version, name, state FROM migrate.apply();
SELECT version, state, note, applied_by = current_user AS applied_by FROM migrate.status();

-- every field of the statement's own error is recorded
SELECT migrate.register('2', 'fields', $s$SELECT 1;

DO $$BEGIN
    RAISE EXCEPTION 'the message' USING DETAIL = 'the detail', HINT = 'The hint.', ERRCODE = 'MIG42';
END$$;$s$) \gset
SELECT migrate.apply();
\x on
SELECT * FROM last;
\x off
-- an error within functions: the context leads to the statement
CREATE FUNCTION inner_f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE division_by_zero USING MESSAGE = 'division by zero'; END$$;
CREATE FUNCTION outer_f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN inner_f();
END$$;
SELECT migrate.register('2', 'fields', E'\n\n\nSELECT 1;\nSELECT\n outer_f();') \gset
SELECT migrate.apply();
SELECT stmt, line, state FROM last;
-- a trigger, a domain, a cast
SELECT migrate.register('2', 'fields', E'CREATE TABLE t (a int CHECK (a > 0));\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (-1);') \gset
SELECT migrate.apply();
\x on
SELECT * FROM last;
\x off
SELECT migrate.register('2', 'fields', 'SELECT 1') \gset

-- what cannot be parsed is a failure of its line
SELECT version FROM migrate.apply();
SELECT migrate.register('3', 'syntax', E'SELECT 1;\nSELECT 2;\n\nSELEC 3;\nSELECT 4;\n') \gset
SELECT migrate.apply();
\x on
SELECT * FROM last;
\x off
SELECT migrate.register('3', 'refused', E'SELECT 1;\nROLLBACK;\n') \gset
SELECT migrate.apply();
\x on
SELECT * FROM last;
\x off
-- in the second half of a file: the line is that of the file
SELECT result FROM migrate.load(ARRAY['3_syntax.sql'], ARRAY[E'-- a\n-- migrate:up\nSELECT 1;\nSELECT (2;\n-- migrate:down\n']);
SELECT migrate.apply();
SELECT stmt, line, state FROM last;
SELECT result FROM migrate.load(ARRAY['3_syntax.sql'], ARRAY[E'-- a\n-- migrate:up\nSELECT 1;\nSELECT\n2/0;\n-- migrate:down\n']);
SELECT migrate.apply();
SELECT stmt, line, state FROM last;
-- longer than what an error quotes
SELECT migrate.register('3', 'long', 'SELECT ' || repeat('1, ', 2000) || ' FROM;') \gset
SELECT migrate.apply();
SELECT migrate.register('3', 'umlaut', E'SELECT ''ä🐘'', größe;') \gset
SELECT migrate.apply();
SELECT migrate.unregister('3');

--
-- An error at commit names the migration as well.
--
CREATE TABLE d (a int, CONSTRAINT d_key UNIQUE (a) DEFERRABLE INITIALLY DEFERRED);
SELECT migrate.register('4', 'deferred', E'SELECT 1;\nINSERT INTO d VALUES (1), (1);\nSELECT 3;\n') \gset
SELECT migrate.apply();
SELECT outcome, state, message, detail, line IS NULL OR line = 3 AS last_line FROM last;
SELECT count(*) FROM d;
SELECT version, state, note FROM migrate.status() WHERE version = '4';
SELECT migrate.register('4', 'deferred', E'SELECT 1;\nINSERT INTO d VALUES (1), (1);\nCOMMIT;\nSELECT 3;\n') \gset
SELECT migrate.apply();
SELECT version, state, note FROM migrate.status() WHERE version = '4';
SELECT migrate.unregister('4');

--
-- An error after a committed step: partial, and the next run goes on there.
--
SELECT migrate.register('5', 'partial', $s$INSERT INTO log (what) VALUES ('one');
SET work_mem = '77kB';
SELECT set_config('regress.seen', 'yes', false);
CREATE INDEX CONCURRENTLY log_what ON log (what);
INSERT INTO log (what) VALUES ('three');
INSERT INTO log (what) VALUES (1 / (SELECT count(*) FROM d));
VACUUM log;
INSERT INTO log (what) VALUES (current_setting('work_mem') || current_setting('regress.seen'));
$s$, 'SELECT -5') \gset
SELECT migrate.apply();
\x on
SELECT * FROM last;
\x off
SELECT version, state, note, applied_at FROM migrate.status() WHERE version = '5';
SELECT direction, first_statement, last_statement, state FROM migrate.step ORDER BY first_statement;
SELECT what FROM log WHERE n > 4 ORDER BY n;
-- the same again
SELECT migrate.apply();
SELECT what FROM log WHERE what IN ('one', 'three');
-- a completed step must be what it was
SELECT migrate.register('5', 'partial', $s$INSERT INTO log (what) VALUES ('one changed');
SET work_mem = '77kB';
SELECT set_config('regress.seen', 'yes', false);
CREATE INDEX CONCURRENTLY log_what ON log (what);
SELECT 'rest';
$s$) \gset
SELECT version, state, note FROM migrate.status() WHERE version = '5';
SELECT migrate.apply();
SELECT outcome, step, state, message, detail, stmt, line FROM last;
SELECT migrate.register('5', 'partial', 'SELECT 1') \gset
SELECT migrate.apply();
SELECT migrate.register('5', 'partial', '') \gset
SELECT migrate.apply();
-- but comments may be added to it, and the rest may be rewritten; settings of
-- the completed steps hold
SELECT migrate.register('5', 'partial', $s$-- a comment
INSERT INTO log (what) VALUES ('one');
/* another */
SET work_mem = '77kB'; SELECT set_config('regress.seen', 'yes', false);
CREATE INDEX CONCURRENTLY log_what ON log (what);
INSERT INTO log (what) VALUES ('four');
VACUUM log;
INSERT INTO log (what) VALUES (current_setting('work_mem') || ' ' || current_setting('regress.seen'));
$s$) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT what FROM log WHERE n > 4 ORDER BY n;
SELECT count(*) FROM migrate.step;
SELECT version, state, note FROM migrate.status() WHERE version = '5';

-- split by a retry: the ledger knows the new boundaries
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE moods (m mood);
SELECT migrate.register('6', 'split', E'INSERT INTO log (what) VALUES (''6'');\nALTER TYPE mood ADD VALUE ''happy'';\nINSERT INTO moods VALUES (''happy'');\nSELECT 1/count(*) FROM d;') \gset
SELECT migrate.apply();
SELECT * FROM last;
SELECT first_statement, last_statement, state FROM migrate.step ORDER BY 1;
INSERT INTO d VALUES (1);
SELECT version, name, state, steps FROM migrate.apply();
SELECT count(*) FROM log WHERE what = '6';
SELECT * FROM moods;
DELETE FROM d;

--
-- Concurrent indexes leave nothing invalid.
--
CREATE TABLE dup (a int, b int);
INSERT INTO dup VALUES (1, 1), (1, 2);
SELECT migrate.register('7', 'unique', E'CREATE UNIQUE INDEX CONCURRENTLY dup_a ON dup (a);\nSELECT 2;') \gset
SELECT migrate.apply();
\x on
SELECT * FROM last;
\x off
SELECT version, state FROM migrate.status() WHERE version = '7';
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'dup'::regclass;
-- without a name, in another schema, on an expression
SELECT migrate.register('7', 'unique', E'SELECT 1;\nCREATE UNIQUE INDEX CONCURRENTLY ON regress_failures.dup ((a + 0));') \gset
SELECT migrate.apply();
SELECT version, state FROM migrate.status() WHERE version = '7';
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'dup'::regclass;
SELECT * FROM migrate.step WHERE state = 'started';
-- an invalid index that was there before is not ours
SET client_min_messages = error;
CREATE UNIQUE INDEX CONCURRENTLY dup_mine ON dup (a);
SET client_min_messages = warning;
SELECT migrate.apply();
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'dup'::regclass;
-- the name is taken: nothing is dropped
CREATE INDEX dup_taken ON dup (b);
SELECT migrate.register('7', 'unique', E'SELECT 1;\nCREATE INDEX CONCURRENTLY dup_taken ON dup (a);') \gset
SELECT migrate.apply();
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'dup'::regclass ORDER BY 1;
-- correct the data, and it is built
UPDATE dup SET a = b;
DROP INDEX dup_mine;
SELECT migrate.register('7', 'unique', E'SELECT 1;\nCREATE UNIQUE INDEX CONCURRENTLY dup_a ON dup (a);') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'dup'::regclass ORDER BY 1;
-- REINDEX leaves no copy
INSERT INTO dup VALUES (5, 5), (6, 5);
CREATE FUNCTION one_over(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN 1 / ($1 - coalesce(nullif(current_setting('regress.zero', true), ''), '0')::int); END$$;
CREATE INDEX dup_over ON dup (one_over(a));
SELECT migrate.register('8', 'reindex', E'SET regress.zero = 5;\nREINDEX INDEX CONCURRENTLY dup_over;') \gset
\set VERBOSITY terse
SELECT migrate.apply();
\set VERBOSITY default
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'dup'::regclass ORDER BY 1;
SELECT version, state FROM migrate.status() WHERE version = '8';
SELECT migrate.register('8', 'reindex', E'SET regress.zero = 5;\nRESET regress.zero;\nREINDEX INDEX CONCURRENTLY dup_over;') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.resolve('8', 'rolled_back');
SELECT version, name, state, steps FROM migrate.apply();

-- an error at top level of a script of one statement: nothing is left
SELECT migrate.register('9', 'missing', 'DROP INDEX CONCURRENTLY no_such_index') \gset
SELECT migrate.apply();
SELECT version, state FROM migrate.status() WHERE version = '9';
SELECT outcome, step, state, message, stmt, line FROM last;
SELECT count(*) FROM migrate.step;
SELECT migrate.register('9', 'missing', 'CREATE INDEX CONCURRENTLY ON no_such_table (a)') \gset
SELECT migrate.apply();
SELECT migrate.register('9', 'missing', 'VACUUM no_such_table') \gset
SELECT migrate.apply();
SELECT migrate.register('9', 'missing', 'ALTER TABLE no_such_table DETACH PARTITION p CONCURRENTLY') \gset
SELECT migrate.apply();
SELECT count(*) FROM migrate.step;
SELECT migrate.unregister('9');

-- What a procedure committed before it failed is not nothing.
SELECT migrate.register('10', 'commits, then fails', E'DO $$BEGIN INSERT INTO log (what) VALUES (''kept''); COMMIT; RAISE EXCEPTION ''no''; END$$;', no_transaction => true) \gset
\set VERBOSITY terse
SELECT migrate.apply();
\set VERBOSITY default
SELECT count(*) FROM log WHERE what = 'kept';
SELECT state FROM migrate.status() WHERE version = '10';
SELECT migrate.resolve('10', 'applied');

--
-- Cancelled
--
SELECT migrate.register('11', 'timeout', E'SELECT 1;\nSET statement_timeout = ''50ms'';\nSELECT pg_sleep(10);\n') \gset
SELECT migrate.apply();
\x on
SELECT * FROM last;
\x off
SELECT version, state, note FROM migrate.status() WHERE version = '11';
SELECT state FROM migrate.runs ORDER BY run DESC LIMIT 1;
-- the caller's own timeout ends the run, which is recorded before the error arrives
SELECT migrate.register('11', 'timeout', E'SELECT 1;\n\nSELECT pg_sleep(10);\n') \gset
SET statement_timeout = '1s';
SELECT migrate.apply();
RESET statement_timeout;
SELECT outcome, state, stmt, line FROM last;
SELECT state FROM migrate.runs ORDER BY run DESC LIMIT 1;
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'migrate runner' AND datname = current_database();
SELECT migrate.unregister('11');

--
-- The order goes on: a failed one is tried first, and stops what comes after.
--
SELECT migrate.register('12', 'fails', 'SELECT 1/0'), migrate.register('13', 'after', 'INSERT INTO log (what) VALUES (''after'')'), migrate.register(NULL, 'rep', 'INSERT INTO log (what) VALUES (''rep'')') \gset
SELECT migrate.apply();
SELECT migrate.apply('13');
SELECT version, name, state FROM migrate.status() WHERE version IS NULL OR version >= '12' AND version < '2';
-- a repeatable fails like any other
SELECT migrate.unregister('12');
SELECT migrate.register(NULL, 'rep', E'SELECT 1;\nSELECT 1/0;') \gset
SELECT migrate.apply();
SELECT version, name, state, note FROM migrate.status() WHERE version IS NULL OR version = '13';
SELECT migrate.register(NULL, 'rep', E'INSERT INTO log (what) VALUES (''rep'');\nCREATE INDEX CONCURRENTLY ON log (n);\nSELECT 1/0;') \gset
SELECT migrate.apply();
SELECT version, name, state, note FROM migrate.status() WHERE version IS NULL;
SELECT migrate.register(NULL, 'rep', E'INSERT INTO log (what) VALUES (''rep'');\nCREATE INDEX CONCURRENTLY ON log (n);\nSELECT 1;') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT count(*) FROM log WHERE what = 'rep';

-- The error of a script that is FATAL to its process ends the run, not the session.
SELECT migrate.register('20', 'suicide', E'INSERT INTO log (what) VALUES (''suicide'');\nSELECT pg_terminate_backend(pg_backend_pid());\nSELECT pg_sleep(5);') \gset
SELECT migrate.apply();
SELECT count(*) FROM log WHERE what = 'suicide';
SELECT migrate.register('20', 'suicide', 'SELECT 20') \gset
SET client_min_messages = error;
SELECT version, name, state FROM migrate.apply();
SELECT version, outcome FROM migrate.history WHERE version = '20' ORDER BY id;

DROP EXTENSION migrate CASCADE;
DROP SCHEMA regress_failures CASCADE;
