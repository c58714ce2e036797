-- What apply runs, in which order, and what it returns.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_apply;
SET search_path = regress_apply;
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text, pid int DEFAULT pg_backend_pid());
SET client_min_messages = warning;

-- nothing at all, nothing for that project
SELECT * FROM migrate.apply();
SELECT * FROM migrate.apply(project => 'other');
SELECT count(*) FROM migrate.runs;

SELECT migrate.register(v, 'n' || v, format('INSERT INTO log (what) VALUES (%L)', v)) FROM unnest('{1,2,9,10,3.5,3.10}'::text[]) AS v \g /dev/null
SELECT migrate.register(NULL, name, format('INSERT INTO log (what) VALUES (%L)', name)) FROM unnest('{zebra,Apple,mango,äther}'::text[]) AS name \g /dev/null

-- up to and including the target; a runner does it, not this session
SELECT version, name, state, steps, elapsed > interval '0' AS elapsed FROM migrate.apply('3.5');
SELECT what, pid <> pg_backend_pid() AS runner FROM log ORDER BY n;
SELECT version, name, state FROM migrate.status();
-- nothing left up to there
SELECT * FROM migrate.apply('3.5');
SELECT * FROM migrate.apply('2');
-- digits are padded as you like
SELECT version FROM migrate.apply('03.010');

-- an unknown target lists the nearest
SELECT migrate.apply('4');
SELECT migrate.apply('0');
SELECT migrate.apply('99');
SELECT migrate.apply('');
SELECT migrate.apply('zebra');
SELECT migrate.apply('1', project => 'other');
SELECT migrate.apply(project => '');

-- the rest: repeatables come last, by name
SELECT version, name, state FROM migrate.apply(target => NULL);
SELECT string_agg(what, ' ' ORDER BY n) FROM log;
SELECT * FROM migrate.apply();
-- the statement may be more than a plain SELECT of it, as long as it is nothing but the call
SELECT migrate.register('11', 'eleven', 'INSERT INTO log (what) VALUES (11)'), migrate.register('12', 'twelve', 'INSERT INTO log (what) VALUES (12)') \g /dev/null
SELECT count(*) FROM migrate.apply('11');
SELECT (migrate.apply()).version;
SELECT what, pid <> pg_backend_pid() AS runner FROM log WHERE what IN ('11', '12') ORDER BY n;

-- repeatables run again when their text has changed, and only then
SELECT migrate.register(NULL, 'mango', 'INSERT INTO log (what) VALUES (''mango 2'')'),
       migrate.register(NULL, 'zebra', 'INSERT INTO log (what) VALUES (''zebra'')'),
       migrate.register('13', 'thirteen', 'INSERT INTO log (what) VALUES (13)');
SELECT version, name, state FROM migrate.apply();
-- white space is a change, too
SELECT migrate.register(NULL, 'mango', 'INSERT INTO log (what) VALUES (''mango 2'') ');
SELECT version, name, state FROM migrate.apply();
SELECT string_agg(what, ' ' ORDER BY n) FROM log WHERE n > 12;
-- they wait while a version beyond the target is pending
SELECT migrate.register(NULL, 'mango', 'SELECT 3'), migrate.register('14', 'fourteen', 'SELECT 14'), migrate.register('15', 'fifteen', 'SELECT 15');
SELECT version, name, state FROM migrate.apply('14');
SELECT version, name, state FROM migrate.apply('15');

--
-- Older than the newest applied one
--
SELECT migrate.register('2.5', 'late', 'INSERT INTO log (what) VALUES (''late'')'), migrate.register('16', 'new', 'SELECT 16');
SELECT version, state, note FROM migrate.status() WHERE state = 'pending';
SELECT migrate.apply();
SELECT migrate.apply('2.5');
SELECT version, state FROM migrate.status() WHERE state = 'pending';
-- a warning is given once
SET migrate.out_of_order = 'warn';
SELECT version, name, state FROM migrate.apply();
SELECT migrate.register('2.6', 'later', 'SELECT 2.6'), migrate.register('2.7', 'too', 'SELECT 2.7');
SET migrate.out_of_order = 'allow';
SELECT version, name, state FROM migrate.apply();
RESET migrate.out_of_order;
SELECT version, state, note FROM migrate.status() WHERE version LIKE '2%';
-- another project's versions do not count; neither do repeatables
SELECT migrate.register('1', 'one', 'SELECT 1', project => 'other');
SELECT version, name, state FROM migrate.apply(project => 'other');
-- applied up to a target that is older
SELECT migrate.register('20', 'a', 'SELECT 1'), migrate.register('2.8', 'b', 'SELECT 1');
SELECT migrate.apply('2.8');
SELECT migrate.unregister('2.8');
SELECT version FROM migrate.apply();

--
-- Projects
--
SET migrate.project = 'blue';
SELECT migrate.register('1', 'blue one', 'INSERT INTO log (what) VALUES (''blue'')', project => NULL);
SELECT project, version, name, state FROM migrate.status();
SELECT version, name FROM migrate.apply(project => NULL);
SELECT version, name FROM migrate.status('main') WHERE version = '1';
SELECT DISTINCT project FROM migrate.history ORDER BY 1;
RESET migrate.project;
-- a script sees the setting of its own run, as any other
SELECT migrate.register('21', 'setting', 'INSERT INTO log (what) VALUES (current_setting(''migrate.project''))');
SELECT version FROM migrate.apply();
SELECT what FROM log ORDER BY n DESC LIMIT 1;

-- Notices and warnings of the scripts pass through, with their details.
SELECT migrate.register('22', 'loud', $loud$DO $do$ BEGIN
    RAISE WARNING 'from the script' USING DETAIL = 'A detail.', HINT = 'A hint.', ERRCODE = '01234';
    RAISE INFO 'always shown';
    RAISE LOG 'not for the client';
END $do$ $loud$);
SELECT version FROM migrate.apply();

-- The target's run stops there when it fails: what came before stays.
SELECT migrate.register('30', 'good', 'INSERT INTO log (what) VALUES (''30'')'), migrate.register('31', 'bad', 'SELECT 1/0'), migrate.register('32', 'never', 'SELECT 1');
SELECT migrate.apply();
SELECT version, state, note FROM migrate.status() WHERE version >= '30' AND version < '4';
SELECT version, name, outcome FROM migrate.history ORDER BY id DESC LIMIT 2;
SELECT project, action, target, state, ended_at >= started_at AS ended FROM migrate.runs ORDER BY run DESC LIMIT 1;

-- atomic insists
SELECT migrate.apply(atomic => true);
SELECT version, state FROM migrate.status() WHERE version >= '30' AND version < '4';
SELECT migrate.register('31', 'bad', 'INSERT INTO log (what) VALUES (''atomic'')');
SELECT version FROM migrate.apply(atomic => true);
SELECT what, pid = pg_backend_pid() AS here FROM log ORDER BY n DESC LIMIT 1;

DROP EXTENSION migrate;
DROP SCHEMA regress_apply CASCADE;
