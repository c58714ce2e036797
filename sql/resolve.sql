-- What a human settles: resolve and baseline.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_resolve;
SET search_path = regress_resolve;
SET client_min_messages = warning;
CREATE TABLE log (what text);
CREATE VIEW last AS SELECT version, name, action, outcome, run, step, elapsed, session_role = session_user AS session_role, role = current_user AS role,
    checksum = (SELECT up FROM migrate.migration m WHERE m.version = h.version AND m.project = h.project) AS text, reason FROM migrate.history h ORDER BY id DESC LIMIT 1;
-- one in every state
SELECT migrate.register('1', 'applied', 'INSERT INTO log VALUES (''1'')'),
       migrate.register('2', 'pending', 'INSERT INTO log VALUES (''2'')', 'SELECT 2'),
       migrate.register('1', 'failed', 'SELECT 1/0', project => 'failed'),
       migrate.register('1', 'partial', E'INSERT INTO log VALUES (''p'');\nCOMMIT;\nSELECT 1/0;', project => 'partial'),
       migrate.register('1', 'partial down', 'SELECT 1', E'INSERT INTO log VALUES (''d'');\nCOMMIT;\nSELECT 1/0;', project => 'down'),
       migrate.register(NULL, 'rep', 'INSERT INTO log VALUES (''rep'')') \g /dev/null
SELECT version FROM migrate.apply('1');
SELECT version FROM migrate.apply(project => 'down');
\set VERBOSITY terse
SELECT migrate.apply(project => 'failed');
SELECT migrate.apply(project => 'partial');
SELECT migrate.rollback(project => 'down');
\set VERBOSITY default
CREATE VIEW all_states AS SELECT s.project, s.version, s.name, s.state, s.note FROM (SELECT DISTINCT project FROM migrate.migration) AS p, migrate.status(p.project) AS s ORDER BY 1, 2, 3;
TABLE all_states;

--
-- Every state and every outcome.  Each try is undone.
--
CREATE FUNCTION try(project text, version text, outcome text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    detail text;
    hint text;
BEGIN
    result := 'now ' || migrate.resolve(version, outcome, 'try', project);
    IF result <> 'now ' || (SELECT s.state FROM migrate.status(project) AS s WHERE s.version = try.version) THEN
        result := result || ', but status() says otherwise';
    END IF;
    IF outcome <> 'accept' THEN
        result := result || (SELECT ', ' || count(*) || ' steps' FROM migrate.step JOIN migrate.migration m ON m.id = migration WHERE m.project = try.project);
    END IF;
    RAISE EXCEPTION USING MESSAGE = result, ERRCODE = 'RB000';
EXCEPTION
    WHEN SQLSTATE 'RB000' THEN RETURN SQLERRM;
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, '  ' || detail, '  ' || hint);
END $$;
SELECT state, outcome, try(project, version, outcome)
FROM (VALUES (1, 'main', '1', 'applied'), (2, 'main', '2', 'pending'), (3, 'failed', '1', 'failed'), (4, 'partial', '1', 'partial'), (5, 'down', '1', 'partial down')) AS v (n, project, version, state),
     unnest('{applied,rolled_back,accept}'::text[]) WITH ORDINALITY AS o (outcome, m) ORDER BY n, m;

-- what must be given
SELECT migrate.resolve('1', 'nonsense');
SELECT migrate.resolve('1', '');
SELECT migrate.resolve('1', NULL);
SELECT migrate.resolve(NULL, 'applied');
SELECT migrate.resolve('', 'applied');
SELECT migrate.resolve('3', 'applied');
SELECT migrate.resolve('1', 'applied', project => 'none');

--
-- Who, when and why is kept.
--
SELECT migrate.resolve('2', 'applied', 'done by hand: ''quoted'' 🐘');
SELECT * FROM last;
SELECT version, state, applied_at IS NOT NULL AS applied_at, applied_by = current_user AS applied_by, elapsed, note FROM migrate.status() WHERE version = '2';
SELECT count(*) FROM log WHERE what = '2';
SELECT migrate.resolve('02', 'rolled_back');
SELECT * FROM last;
SELECT version, state, applied_at, applied_by FROM migrate.status() WHERE version = '2';
SELECT migrate.resolve('1', 'applied', project => 'failed', reason => 'it was there');
SELECT * FROM last;
-- a migration resolved as applied is one like any other
SELECT migrate.register('1', 'failed', 'SELECT 2', project => 'failed');
SELECT * FROM migrate.apply(project => 'failed');
-- partial, pending again: it starts from its first step
SELECT migrate.resolve('1', 'rolled_back', project => 'partial');
SELECT migrate.register('1', 'partial', E'INSERT INTO log VALUES (''p'');\nCOMMIT;\nSELECT 1;', project => 'partial');
SELECT version, state, steps FROM migrate.apply(project => 'partial');
SELECT count(*) FROM log WHERE what = 'p';
-- a partial rollback: applied after all
SELECT migrate.resolve('1', 'applied', project => 'down');
SELECT version, state FROM migrate.status('down');
SELECT count(*) FROM migrate.step;
SELECT migrate.register('1', 'partial down', 'SELECT 1', 'INSERT INTO log VALUES (''d'')', project => 'down');
SELECT version, state FROM migrate.rollback(project => 'down');

--
-- accept
--
SET client_min_messages = notice;
-- before the edited text is stored
SELECT migrate.resolve('1', 'accept', 'typo');
SET client_min_messages = warning;
SELECT * FROM last;
SELECT version, state, note FROM migrate.status() WHERE version = '1';
SELECT migrate.register('1', 'applied', 'INSERT INTO log VALUES (''1 edited'')');
SELECT version, state, note FROM migrate.status() WHERE version = '1';
SELECT * FROM migrate.apply('1');
-- after a comment was stored
SELECT migrate.register('1', 'applied', 'INSERT INTO log VALUES (''1 edited'') -- comment');
SELECT version, state, note FROM migrate.status() WHERE version = '1';
SELECT migrate.resolve('1', 'accept');
SELECT version, state, note FROM migrate.status() WHERE version = '1';
SELECT migrate.register('1', 'applied', 'INSERT INTO log VALUES (''1 again'')');
-- a permission that is not used is withdrawn by the next outcome
SELECT migrate.resolve('1', 'accept');
SELECT migrate.resolve('1', 'rolled_back');
SELECT migrate.resolve('1', 'applied');
SELECT migrate.register('1', 'applied', 'INSERT INTO log VALUES (''1 again'')');

--
-- Repeatables, by their name
--
SELECT migrate.resolve('rep', 'rolled_back');
SELECT migrate.resolve('rep', 'accept');
SELECT migrate.resolve('rep', 'applied', 'as it is');
SELECT * FROM last;
SELECT migrate.resolve('rep', 'accept');
SELECT migrate.register(NULL, 'rep', 'INSERT INTO log VALUES (''rep 2'')');
SELECT migrate.resolve('rep', 'applied');
SELECT name, state FROM migrate.status() WHERE version IS NULL;
SELECT count(*) FROM log WHERE what LIKE 'rep%';
SELECT migrate.resolve('rep', 'rolled_back');
SELECT name, state FROM migrate.apply() WHERE version IS NULL;
-- the name of a repeatable that looks like a version gives way to the version
SELECT migrate.register(NULL, '1', 'SELECT ''one''');
SELECT version, name FROM migrate.apply();
SELECT migrate.resolve('1', 'rolled_back');
SELECT version, name, state FROM migrate.status() WHERE '1' IN (version, name);

-- It is a part of the caller's transaction, and needs one that may write.
BEGIN;
SELECT migrate.resolve('1', 'applied');
ROLLBACK;
SELECT version, state FROM migrate.status() WHERE version = '1';
BEGIN READ ONLY;
SELECT migrate.resolve('1', 'applied');
ROLLBACK;

--
-- baseline
--
SET migrate.project = 'base';
SELECT migrate.register(v, 'n' || v, 'SELECT 1/0', 'SELECT 1') FROM unnest('{1,2,3.1,3.2,10,20}'::text[]) AS v \g /dev/null
SELECT migrate.register(NULL, 'rep', 'SELECT 1') \gset
SELECT * FROM migrate.baseline('3.2', 'taken over from the old system');
SELECT version, name, state, applied_at IS NOT NULL AS applied_at, applied_by = current_user AS applied_by, elapsed, note FROM migrate.status();
SELECT * FROM last;
SELECT version, action, outcome, reason FROM migrate.history WHERE project = 'base' ORDER BY id;
-- again, or older: nothing
SELECT * FROM migrate.baseline('3.2');
SELECT * FROM migrate.baseline('1');
SELECT version, state FROM migrate.baseline('010');
-- unknown
SELECT migrate.baseline('15');
SELECT migrate.baseline('rep');
SELECT migrate.baseline('');
SELECT migrate.baseline(NULL);
SELECT migrate.baseline('1', project => 'none');
-- what has run in part is settled first
SELECT migrate.apply();
SELECT migrate.baseline('20');
SELECT migrate.register('20', 'n20', E'SELECT 1;\nCOMMIT;\nSELECT 1/0') \gset
SELECT migrate.apply();
SELECT migrate.baseline('20');
SELECT version, state FROM migrate.status() WHERE version = '20';
SELECT migrate.resolve('20', 'applied');
-- a version from before is marked as well
SELECT migrate.register('5', 'late', 'SELECT 1/0') \gset
SELECT version, state FROM migrate.baseline('10');
-- what was taken over can be rolled back
SELECT version, state FROM migrate.rollback('5');
BEGIN;
SELECT version, state FROM migrate.baseline('20');
ROLLBACK;
SELECT count(*) FROM migrate.status() WHERE state = 'pending';
-- in a query that calls it once for each row
SELECT v, b.version FROM unnest('{10,20}'::text[]) AS v, migrate.baseline(v) AS b;

DROP EXTENSION migrate CASCADE;
DROP SCHEMA regress_resolve CASCADE;
