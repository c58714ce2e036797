-- Each migration starts from a clean session with the caller's settings, and
-- the caller's session stays as it is.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_hygiene;
SET search_path = regress_hygiene;
SET client_min_messages = warning;
CREATE ROLE regress_hygiene_role;
GRANT ALL ON SCHEMA regress_hygiene TO regress_hygiene_role;
-- what a migration finds
CREATE TABLE seen (n int GENERATED ALWAYS AS IDENTITY, who text, what text, value text);
GRANT ALL ON seen TO PUBLIC;
CREATE FUNCTION look(who text) RETURNS void LANGUAGE sql
SET search_path = regress_hygiene, pg_temp AS $$
    INSERT INTO seen (who, what, value) VALUES
        (who, 'current_user', CASE current_user WHEN session_user THEN 'session_user' ELSE current_user END),
        (who, 'session_user', CASE WHEN session_user LIKE 'regress%' THEN session_user ELSE 'caller' END),
        (who, 'work_mem', current_setting('work_mem')),
        (who, 'maintenance_work_mem', current_setting('maintenance_work_mem')),
        (who, 'timezone', current_setting('timezone')),
        (who, 'extra_float_digits', current_setting('extra_float_digits')),
        (who, 'custom', current_setting('regress.custom', true)),
        (who, 'client_encoding', current_setting('client_encoding')),
        (who, 'read_only', current_setting('default_transaction_read_only')),
        (who, 'replication_role', current_setting('session_replication_role')),
        (who, 'temp tables', (SELECT count(*)::text FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r')),
        (who, 'temp functions', (SELECT count(*)::text FROM pg_proc WHERE pronamespace = pg_my_temp_schema())),
        (who, 'prepared', (SELECT count(*)::text FROM pg_prepared_statements)),
        (who, 'cursors', (SELECT count(*)::text FROM pg_cursors WHERE name = 'held')),
        (who, 'listening', (SELECT count(*)::text FROM pg_listening_channels())),
        (who, 'advisory locks', (SELECT count(*)::text FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND classid = 4711)),
        (who, 'relation locks', (SELECT count(*)::text FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'seen'::regclass AND mode = 'AccessExclusiveLock'))
$$;
CREATE FUNCTION looked() RETURNS TABLE (what text, clean text, dirty text, after text) LANGUAGE sql AS $$
    SELECT what, max(value) FILTER (WHERE who = 'clean'), max(value) FILTER (WHERE who = 'dirty'), max(value) FILTER (WHERE who = 'after') FROM seen GROUP BY what ORDER BY min(n)
$$;
CREATE SEQUENCE seq;
SELECT migrate.register('1', 'clean', $$SELECT regress_hygiene.look('clean'); INSERT INTO regress_hygiene.seen (who, what, value) VALUES ('clean', 'search_path', current_setting('search_path'))$$) \gset
SELECT migrate.register('2', 'dirty', $s$
SELECT nextval('regress_hygiene.seq');
SET work_mem = '77kB';
SET maintenance_work_mem = '2MB';
SET SESSION timezone = 'Asia/Tokyo';
SELECT set_config('extra_float_digits', '0', false), set_config('regress.custom', 'dirty', false);
SET client_encoding = 'LATIN1';
SET session_replication_role = replica;
CREATE TEMP TABLE tmp (a int);
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
PREPARE p AS SELECT 1;
DECLARE held CURSOR WITH HOLD FOR SELECT 1;
SELECT pg_advisory_lock(4711, 1), pg_advisory_lock(4711, 1), pg_advisory_lock_shared(4711, 2);
LOCK TABLE regress_hygiene.seen;
SET ROLE regress_hygiene_role;
SELECT pg_catalog.set_config('search_path', '', false);
SELECT regress_hygiene.look('dirty');
INSERT INTO regress_hygiene.seen (who, what, value) VALUES ('dirty', 'search_path', current_setting('search_path'));
$s$, 'SELECT 2') \gset
SELECT migrate.register('3', 'after', $$SELECT regress_hygiene.look('after'); INSERT INTO regress_hygiene.seen (who, what, value) VALUES ('after', 'search_path', current_setting('search_path'))$$) \gset
-- the caller's session: what it has set counts, and is what RESET goes back to
SET work_mem = '999kB';
SET maintenance_work_mem = '33MB';
SET timezone = 'Europe/Vienna';
SET regress.custom = 'of the caller';
CREATE TEMP TABLE mine (a int);
PREPARE mine AS SELECT 1;
DECLARE mine CURSOR WITH HOLD FOR SELECT 1;
SELECT pg_advisory_lock(4712);
LISTEN regress_hygiene;
SELECT version, state FROM migrate.apply();
SELECT * FROM looked();
-- the caller has everything still
SELECT current_setting('work_mem') AS work_mem, current_setting('regress.custom') AS custom, current_setting('search_path') AS path,
       (SELECT count(*) FROM mine) AS temp, (SELECT count(*) FROM pg_prepared_statements) AS prepared, (SELECT count(*) FROM pg_cursors WHERE name = 'mine') AS cursors,
       (SELECT count(*) FROM pg_listening_channels()) AS listening, pg_advisory_unlock(4712) AS unlocked, current_user = session_user AS me;
CLOSE mine;

-- The same within the caller's transaction: what a script sets ends with it.
-- What belongs to the session or the transaction as a whole is shared there.
TRUNCATE seen;
SELECT migrate.resolve(version, 'rolled_back') FROM migrate.status();
BEGIN;
SELECT version, state FROM migrate.apply();
SELECT * FROM looked() WHERE what NOT IN ('temp tables', 'temp functions', 'prepared', 'cursors', 'advisory locks', 'relation locks', 'listening');
SELECT current_setting('work_mem') AS work_mem, current_setting('regress.custom') AS custom, current_setting('search_path') AS path, current_setting('client_encoding') AS encoding, current_user = session_user AS me;
ROLLBACK;
DEALLOCATE ALL;
UNLISTEN *;
SELECT pg_advisory_unlock_all();
DROP TABLE mine;

-- RESET and DISCARD in a script go back to the caller's settings
SET migrate.project = 'reset';
SELECT migrate.register('1', 'reset', $$SET work_mem = '77kB'; RESET work_mem; SELECT regress_hygiene.look('reset');$$),
       migrate.register('2', 'reset all', $$SET work_mem = '77kB'; SET timezone = 'Asia/Tokyo'; RESET ALL; SELECT regress_hygiene.look('reset all');$$),
       migrate.register('3', 'discard all', $$SET work_mem = '77kB'; DISCARD ALL; SELECT regress_hygiene.look('discard all');$$),
       migrate.register('4', 'to default', $$SET work_mem TO DEFAULT; SELECT regress_hygiene.look('to default');$$) \g /dev/null
TRUNCATE seen;
SELECT version, state FROM migrate.apply();
SELECT who, what, value FROM seen WHERE what IN ('work_mem', 'timezone', 'custom') ORDER BY n;
-- SET LOCAL ends with its step
SET migrate.project = 'local';
SELECT migrate.register('1', 'local', E'SET LOCAL work_mem = ''77kB'';\nSELECT look(''first'');\nCOMMIT;\nSELECT look(''second'');') \gset
TRUNCATE seen;
SELECT version, state, steps FROM migrate.apply();
SELECT who, value FROM seen WHERE what = 'work_mem' ORDER BY n;
-- SET holds to the end of the script, over all of its steps
SET migrate.project = 'steps';
SELECT migrate.register('1', 'steps', E'SET work_mem = ''77kB'';\nSET ROLE regress_hygiene_role;\nCREATE TABLE st (a int);\nCREATE INDEX CONCURRENTLY st_a ON st (a);\nSELECT look(''second'');\nCREATE TABLE st2 ();') \gset
TRUNCATE seen;
SELECT version, state, steps FROM migrate.apply();
SELECT what, value FROM seen WHERE what IN ('work_mem', 'current_user') ORDER BY n;
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('st', 'st_a', 'st2') ORDER BY 1;

-- SET SESSION AUTHORIZATION
SET migrate.project = 'authorization';
SELECT migrate.register('1', 'authorization', $$SET SESSION AUTHORIZATION regress_hygiene_role; SELECT regress_hygiene.look('dirty'); CREATE TABLE regress_hygiene.sa ();$$),
       migrate.register('2', 'after', $$SELECT regress_hygiene.look('after');$$),
       migrate.register('3', 'and back', $$SET SESSION AUTHORIZATION regress_hygiene_role; RESET SESSION AUTHORIZATION; SELECT regress_hygiene.look('back');$$) \g /dev/null
TRUNCATE seen;
SELECT version, state FROM migrate.apply();
SELECT who, what, value FROM seen WHERE what IN ('current_user', 'session_user') ORDER BY n;
SELECT relowner::regrole FROM pg_class WHERE relname = 'sa';
-- in a transaction
SELECT migrate.resolve(version, 'rolled_back') FROM migrate.status();
DROP TABLE sa;
TRUNCATE seen;
BEGIN;
SELECT version, state FROM migrate.apply();
SELECT current_user = session_user AS same, session_user LIKE 'regress%' AS still;
COMMIT;
SELECT who, what, value FROM seen WHERE what IN ('current_user', 'session_user') ORDER BY n;
SELECT current_user = session_user AS same, session_user LIKE 'regress%' AS still;

-- The caller's role is that of every script.
SET migrate.project = 'role';
SELECT migrate.register('1', 'one', $$SELECT look('one'); RESET ROLE; CREATE TABLE r1 ();$$), migrate.register('2', 'two', $$SELECT look('two'); CREATE TABLE r2 ();$$) \g /dev/null
GRANT EXECUTE ON FUNCTION migrate.apply TO regress_hygiene_role;
TRUNCATE seen;
SET ROLE regress_hygiene_role;
SELECT version, state FROM migrate.apply();
RESET ROLE;
SELECT who, value FROM seen WHERE what = 'current_user' ORDER BY n;
SELECT relname, relowner = (SELECT oid FROM pg_roles WHERE rolname = session_user) AS of_session, relowner::regrole::text LIKE 'regress%' AS of_role FROM pg_class WHERE relname IN ('r1', 'r2') ORDER BY 1;

-- after a failure the next run starts clean, too; so does a retry of a step
SET migrate.project = 'failure';
CREATE TYPE mood AS ENUM ('sad');
SELECT migrate.register('1', 'retry', $$SELECT regress_hygiene.look('first'); SET work_mem = '77kB'; ALTER TYPE mood ADD VALUE 'happy'; SELECT 'happy'::regress_hygiene.mood; SELECT regress_hygiene.look('last');$$) \gset
TRUNCATE seen;
SELECT version, state, steps FROM migrate.apply();
SELECT who, value FROM seen WHERE what = 'work_mem' ORDER BY n;

-- What a runner is called, and what its notices come back in
SET migrate.project = 'name';
SELECT migrate.register('1', 'named', $$INSERT INTO seen (who, what, value) SELECT 'runner', backend_type, application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()$$),
       migrate.register(NULL, 'a repeatable with a name that is much longer than what an application name may be', $$INSERT INTO seen (who, what, value) SELECT 'runner', backend_type, application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()$$) \g /dev/null
TRUNCATE seen;
SELECT version, state FROM migrate.apply();
SELECT what, value FROM seen ORDER BY n;
SELECT migrate.register('2', 'umlaut', $$DO $do$BEGIN RAISE WARNING 'größe'; END$do$; SET client_encoding = 'LATIN1'; DO $do$BEGIN RAISE WARNING 'größe %', current_setting('client_encoding'); END$do$;$$) \gset
SELECT version, state FROM migrate.apply();

DROP EXTENSION migrate;
DROP SCHEMA regress_hygiene CASCADE;
DROP ROLE regress_hygiene_role;
