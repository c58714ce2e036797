-- What status, history, runs and progress show: the columns that clients rely
-- on, in this order, and what they hold.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_status;
SET search_path = regress_status;
SET client_min_messages = warning;

-- The contract.  More columns may follow, never between.
CREATE TABLE contract (relation text, columns text);
INSERT INTO contract VALUES
    ('status', 'project, version, name, kind, state, applied_at, applied_by, elapsed, note'),
    ('apply', 'version, name, state, steps, elapsed'),
    ('rollback', 'version, name, state, steps, elapsed'),
    ('baseline', 'version, name, state, steps, elapsed'),
    ('load', 'path, version, name, kind, result'),
    ('history', 'id, at, run, project, version, name, action, outcome, step, elapsed, checksum, session_role, role, application_name, client_addr, server_version, error_sqlstate, error_message, error_detail, error_hint, error_statement, error_line, reason'),
    ('runs', 'run, project, action, target, state, started_at, ended_at, started_by, pid'),
    ('progress', 'run, version, name, step, steps, statement, query, phase, percent, elapsed, blocked_by');
SELECT c.relation, found.columns LIKE c.columns || '%' AS kept, nullif(substr(found.columns, length(c.columns) + 1), '') AS more
FROM contract AS c,
     LATERAL (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) AS columns
              FROM pg_attribute AS a
              WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (
                  SELECT oid FROM pg_class WHERE relname = c.relation AND relnamespace = 'migrate'::regnamespace
                  UNION
                  SELECT t.typrelid FROM pg_proc AS p JOIN pg_type AS t ON t.oid = p.prorettype
                  WHERE p.proname = c.relation AND p.pronamespace = 'migrate'::regnamespace)) AS found;
SELECT a.attrelid::regclass::text AS relation, string_agg(format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS types
FROM pg_attribute AS a
WHERE a.attnum > 0 AND a.attrelid IN ('migrate.history'::regclass, 'migrate.runs'::regclass, 'migrate.progress'::regclass, 'migrate.run_row'::regclass, 'migrate.load_row'::regclass, 'migrate.status_row'::regclass)
GROUP BY a.attrelid ORDER BY 1;

-- One of everything
SET application_name = 'regress status';
SELECT migrate.register('1', 'one', 'SELECT pg_sleep(0.01)', 'SELECT -1') \gset
SELECT migrate.register('2', 'two', E'SELECT 1;\nCOMMIT;\nSELECT 2;', 'SELECT 1/0') \gset
SELECT migrate.register('3', 'three', 'SELECT 3', 'SELECT -3') \gset
SELECT migrate.register('4', 'four', 'SELECT 1/0') \gset
SELECT migrate.register(NULL, 'rep', 'SELECT 1') \gset
\set VERBOSITY terse
SELECT version FROM migrate.apply();
BEGIN;
SELECT version FROM migrate.rollback();
COMMIT;
SELECT migrate.rollback();
\set VERBOSITY default
SELECT migrate.resolve('4', 'applied', 'by hand');
SELECT migrate.register('5', 'five', 'SELECT 5') \gset
SELECT version FROM migrate.baseline('5', 'was there');
SELECT coalesce(id > lag(id) OVER (ORDER BY id), true) AS id, at > now() - interval '1 hour' AS at, dense_rank() OVER (ORDER BY run) AS run, project, version, name, action, outcome, step, elapsed > interval '0' AS elapsed,
       length(checksum) AS checksum, session_role = session_user AS session_role, role = current_user AS role, application_name, client_addr, server_version = current_setting('server_version') AS server_version,
       error_sqlstate, error_message, error_statement, error_line, reason, stored_by = session_user AS stored_by
FROM migrate.history ORDER BY history.id;
SELECT coalesce(run > lag(run) OVER (ORDER BY run), true) AS run, project, action, target, state, started_at <= ended_at AS ended, started_by = current_user AS started_by, pid = pg_backend_pid() AS here, session_role = session_user AS session_role, application_name, client_addr FROM migrate.runs ORDER BY runs.run;
SELECT project, version, name, kind, state, applied_at > now() - interval '1 hour' AS applied_at, applied_by = current_user AS applied_by, elapsed > interval '0' AS elapsed, note, stored_at > now() - interval '1 hour' AS stored_at, stored_by = session_user AS stored_by FROM migrate.status();
SELECT elapsed BETWEEN interval '10 ms' AND interval '10 s' AS slept FROM migrate.status() WHERE version = '1';
-- the exact text is kept for each
SELECT h.version, h.action, s.body FROM migrate.history AS h LEFT JOIN migrate.script AS s USING (checksum) ORDER BY h.id;

-- What a migration itself sees of its run
CREATE TABLE seen (relation text, value text);
SELECT migrate.register('10', 'looks', $$SELECT 1;
COMMIT;
INSERT INTO seen SELECT 'progress', concat_ws('|', version, name, step, steps, statement, query, phase, percent, elapsed > interval '0', blocked_by) FROM migrate.progress;
INSERT INTO seen SELECT 'runs', concat_ws('|', action, target, state, ended_at, pid = pg_backend_pid()) FROM migrate.runs ORDER BY run DESC LIMIT 1;
INSERT INTO seen SELECT 'status', concat_ws('|', version, name, state, applied_at) FROM migrate.status() WHERE version >= '10' AND version < '2';
$$), migrate.register('11', 'next', 'SELECT 1'), migrate.register('12', 'beyond', 'SELECT 1') \g /dev/null
SELECT version, state FROM migrate.apply('11');
TABLE seen;
SELECT count(*) FROM migrate.progress;
SELECT version, state FROM migrate.apply();

-- status() marks what is out of order and what was edited
SELECT migrate.register('6', 'late', 'SELECT 6'), migrate.register('10', 'looks', (SELECT body || ' -- comment' FROM migrate.script WHERE body LIKE 'SELECT 1;%COMMIT;%progress%')),
       migrate.register(NULL, 'rep', 'SELECT 2') \g /dev/null
SELECT version, name, state, note FROM migrate.status() WHERE note IS NOT NULL;

-- The views are for reading; the history cannot be changed through them.
\set VERBOSITY terse
INSERT INTO migrate.progress (run) VALUES (1);
DELETE FROM migrate.progress;
\set VERBOSITY default
SELECT c.relname, pg_relation_is_updatable(c.oid, true) AS updatable FROM pg_class AS c
WHERE c.relnamespace = 'migrate'::regnamespace AND c.relkind = 'v' ORDER BY 1;

DROP EXTENSION migrate;
DROP SCHEMA regress_status CASCADE;
