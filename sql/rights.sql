-- Who may do what, and as whom scripts run.
CREATE ROLE regress_rights_owner;
CREATE ROLE regress_rights_applier LOGIN;
CREATE ROLE regress_rights_author;
CREATE ROLE regress_rights_nobody;
CREATE ROLE regress_rights_deploy;
CREATE ROLE regress_rights_login LOGIN;
GRANT regress_rights_deploy TO regress_rights_login;

-- A planted schema, object or role setting does not get into the installation.
SET ROLE regress_rights_nobody;
CREATE EXTENSION migrate;
RESET ROLE;
SELECT has_database_privilege('regress_rights_nobody', current_database(), 'CREATE');
CREATE SCHEMA migrate AUTHORIZATION regress_rights_nobody;
CREATE FUNCTION migrate.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$SELECT 'planted'$$;
\set SHOW_CONTEXT never
CREATE EXTENSION migrate;
\set SHOW_CONTEXT errors
CREATE EXTENSION migrate SCHEMA migrate;
DROP SCHEMA migrate CASCADE;
CREATE EXTENSION migrate;

CREATE SCHEMA regress_rights;
GRANT ALL ON SCHEMA regress_rights TO PUBLIC;
SET search_path = regress_rights;
SET client_min_messages = warning;
SELECT migrate.register('1', 'one', 'CREATE TABLE one (a int)', 'DROP TABLE one'),
       migrate.register('2', 'two', E'CREATE TABLE two (a int);\nCREATE INDEX CONCURRENTLY two_a ON two (a);', 'DROP TABLE two') \g /dev/null

--
-- EXECUTE is the one thing to grant.
--
GRANT EXECUTE ON FUNCTION migrate.apply, migrate.status TO regress_rights_applier;
GRANT EXECUTE ON FUNCTION migrate.register TO regress_rights_author;
-- without it: 42501, for every function, view and table
SET ROLE regress_rights_nobody;
\set VERBOSITY sqlstate
SELECT migrate.apply();
SELECT migrate.rollback();
SELECT migrate.rollback('1');
SELECT migrate.register('3', 'three', 'SELECT 3');
SELECT migrate.unregister('1');
SELECT migrate.load('/');
SELECT migrate.load('{}'::text[], '{}'::text[]);
SELECT migrate.resolve('1', 'applied');
SELECT migrate.baseline('1');
SELECT * FROM migrate.status();
SELECT * FROM migrate.history;
SELECT * FROM migrate.runs;
SELECT * FROM migrate.progress;
SELECT * FROM migrate.progress_rows();
\set VERBOSITY default
SELECT migrate.apply();
RESET ROLE;

-- a role with EXECUTE on apply and status alone
SET ROLE regress_rights_applier;
SELECT version, state FROM migrate.apply('1');
SELECT version, state, applied_by FROM migrate.status();
SELECT version, state, steps FROM migrate.apply();
RESET ROLE;
-- its objects are its own; the record says who
SELECT relname, relowner::regrole FROM pg_class WHERE relnamespace = 'regress_rights'::regnamespace ORDER BY 1;
SELECT version, role, session_role = session_user AS session_role FROM migrate.history ORDER BY id;
SELECT started_by, session_role = session_user AS session_role FROM migrate.runs ORDER BY run;
-- it can neither read nor forge, nor do what else there is
SET ROLE regress_rights_applier;
DO $$
DECLARE
    command text;
BEGIN
    FOREACH command IN ARRAY ARRAY[
        'TABLE migrate.history', 'TABLE migrate.runs', 'TABLE migrate.progress', 'TABLE migrate.event', 'TABLE migrate.run', 'TABLE migrate.migration',
        'TABLE migrate.script', 'TABLE migrate.state', 'TABLE migrate.step', 'DELETE FROM migrate.event', 'TRUNCATE migrate.event', 'UPDATE migrate.event SET role = ''x''',
        'INSERT INTO migrate.event (project, name, action, outcome, session_role, role) VALUES (''main'', ''x'', ''apply'', ''success'', ''x'', ''x'')',
        'DELETE FROM migrate.history', 'UPDATE migrate.history SET role = ''x''', 'DELETE FROM migrate.state', 'UPDATE migrate.migration SET up = down', 'UPDATE migrate.script SET body = ''''',
        'SELECT nextval(''migrate.event_id_seq'')', 'SELECT setval(''migrate.run_run_seq'', 1)', 'LOCK TABLE migrate.migration', 'CREATE TABLE migrate.x ()',
        'CREATE TRIGGER t BEFORE INSERT ON migrate.event FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'CREATE RULE r AS ON INSERT TO migrate.event DO INSTEAD NOTHING',
        'ALTER TABLE migrate.event DISABLE TRIGGER ALL', 'DROP EXTENSION migrate', 'DROP SCHEMA migrate CASCADE', 'ALTER FUNCTION migrate.status OWNER TO regress_rights_applier',
        'CREATE OR REPLACE VIEW migrate.history AS SELECT 1', 'COMMENT ON SCHEMA migrate IS ''x''',
        'SELECT migrate.register(''9'', ''x'', '''')', 'SELECT migrate.rollback()', 'SELECT migrate.resolve(''1'', ''rolled_back'')', 'SELECT migrate.baseline(''1'')', 'SELECT migrate.unregister(''1'')'] LOOP
        BEGIN
            EXECUTE command;
            RAISE WARNING 'allowed: %', command;
        EXCEPTION WHEN insufficient_privilege OR object_not_in_prerequisite_state THEN
            NULL;
        WHEN OTHERS THEN
            RAISE WARNING '% %: %', SQLSTATE, SQLERRM, command;
        END;
    END LOOP;
END
$$;
RESET ROLE;
-- nor from within a script that it applies, in whichever transaction
SELECT migrate.register('3', 'forges', 'DELETE FROM migrate.event') \gset
SET ROLE regress_rights_applier;
SELECT migrate.apply();
BEGIN;
SELECT migrate.apply();
ROLLBACK;
RESET ROLE;
SELECT count(*), count(*) FILTER (WHERE outcome = 'failed') AS failed FROM migrate.history;
-- whoever may store, may not apply
SET ROLE regress_rights_author;
SELECT migrate.register('3', 'author', 'CREATE TABLE three (a int)');
SELECT migrate.apply();
RESET ROLE;
SELECT version, stored_by = session_user AS stored_by FROM migrate.status() WHERE version = '3';

-- the history may be granted for reading, and no more
GRANT SELECT ON migrate.history, migrate.progress, migrate.runs TO regress_rights_nobody;
SET ROLE regress_rights_nobody;
SELECT count(*) FROM migrate.history;
SELECT count(*) FROM migrate.progress;
SELECT count(*) FROM migrate.runs;
DELETE FROM migrate.history;
RESET ROLE;

--
-- Scripts run as the caller's current role.
--
-- what it may not, its script may not
CREATE TABLE secret (a int);
SELECT migrate.register('3', 'reads', 'CREATE TABLE stolen AS TABLE secret') \gset
SET ROLE regress_rights_applier;
SELECT migrate.apply();
RESET ROLE;
SELECT version, outcome, role, error_sqlstate FROM migrate.history ORDER BY id DESC LIMIT 1;
SELECT migrate.register('3', 'who', 'CREATE TABLE who AS SELECT current_user::text AS c, session_user <> current_user AS s') \gset
SET ROLE regress_rights_applier;
SELECT version, state FROM migrate.apply();
RESET ROLE;
TABLE who;
SELECT relowner::regrole FROM pg_class WHERE oid = 'who'::regclass;
DROP TABLE who;
-- SET SESSION AUTHORIZATION
GRANT EXECUTE ON FUNCTION migrate.apply, migrate.status TO regress_rights_login;
SELECT migrate.resolve('3', 'rolled_back') \gset
SET SESSION AUTHORIZATION regress_rights_applier;
SELECT version, state FROM migrate.apply();
RESET SESSION AUTHORIZATION;
SELECT c, s, relowner::regrole FROM who, pg_class WHERE oid = 'who'::regclass;
SELECT session_role, role FROM migrate.history ORDER BY id DESC LIMIT 1;
DROP TABLE who;
-- a script cannot rise above the session's own user
SELECT migrate.register('4', 'rises', 'RESET SESSION AUTHORIZATION; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; CREATE TABLE risen AS SELECT current_user::text AS c, session_user::text AS s') \gset
SET SESSION AUTHORIZATION regress_rights_applier;
SELECT version, state FROM migrate.apply();
RESET SESSION AUTHORIZATION;
TABLE risen;
DROP TABLE risen;
SELECT migrate.register('5', 'rises', 'SET ROLE regress_rights_owner') \gset
SET SESSION AUTHORIZATION regress_rights_applier;
SELECT migrate.apply();
RESET SESSION AUTHORIZATION;
-- SET ROLE of a member; in the caller's transaction as well
SELECT migrate.register('5', 'who', 'CREATE TABLE regress_rights.who AS SELECT current_user::name AS c, session_user::name AS s') \gset
GRANT EXECUTE ON FUNCTION migrate.apply, migrate.status TO regress_rights_deploy;
SET SESSION AUTHORIZATION regress_rights_login;
SET ROLE regress_rights_deploy;
BEGIN;
SELECT version, state FROM migrate.apply();
TABLE who;
ROLLBACK;
SELECT version, state FROM migrate.apply();
TABLE who;
DROP TABLE who;
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT session_role, role FROM migrate.history ORDER BY id DESC LIMIT 1;

-- A SECURITY DEFINER wrapper of another role: its rights count, here as with any statement
SELECT migrate.register('6', 'wrapped', 'CREATE TABLE wrapped AS SELECT current_user::text AS c') \gset
GRANT EXECUTE ON FUNCTION migrate.apply TO regress_rights_owner;
SET ROLE regress_rights_owner;
CREATE FUNCTION wrapper() RETURNS SETOF migrate.run_row LANGUAGE sql SECURITY DEFINER SET search_path = regress_rights, pg_temp AS 'SELECT * FROM migrate.apply()';
RESET ROLE;
SET ROLE regress_rights_nobody;
SELECT version, state FROM wrapper();
TABLE wrapped;
RESET ROLE;
SELECT relowner::regrole FROM pg_class WHERE oid = 'wrapped'::regclass;
SELECT role FROM migrate.history ORDER BY id DESC LIMIT 1;
-- what cannot run there says so
SELECT migrate.register('7', 'wrapped', 'VACUUM wrapped') \gset
SET ROLE regress_rights_nobody;
SELECT version, state FROM wrapper();
RESET ROLE;
SELECT migrate.register('7', 'wrapped', 'SET ROLE regress_rights_owner') \gset
SET ROLE regress_rights_nobody;
SELECT version, state FROM wrapper();
RESET ROLE;
SELECT migrate.unregister('7');
-- a view, too: functions in a view run with the rights of its reader
CREATE VIEW through AS SELECT version, state FROM migrate.apply();
GRANT SELECT ON through TO regress_rights_nobody, regress_rights_applier;
SELECT migrate.register('7', 'view', 'CREATE TABLE seven ()') \gset
SET ROLE regress_rights_nobody;
TABLE through;
SET ROLE regress_rights_applier;
TABLE through;
RESET ROLE;
SELECT relowner::regrole FROM pg_class WHERE oid = 'seven'::regclass;

--
-- Hostile surroundings change nothing.
--
CREATE SCHEMA regress_rights_hostile;
GRANT ALL ON SCHEMA regress_rights_hostile TO PUBLIC;
SET search_path = regress_rights_hostile, pg_catalog;
CREATE TABLE trap (what text);
GRANT ALL ON trap TO PUBLIC;
CREATE FUNCTION sprung(text) RETURNS void LANGUAGE plpgsql AS $$BEGIN INSERT INTO regress_rights_hostile.trap VALUES ($1 || ' as ' || current_user); END$$;
CREATE FUNCTION eq(text, text) RETURNS bool LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('='); RETURN true; END$$;
CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = eq);
CREATE OPERATOR < (LEFTARG = text, RIGHTARG = text, FUNCTION = eq);
CREATE OPERATOR <> (LEFTARG = text, RIGHTARG = text, FUNCTION = eq);
CREATE OPERATOR > (LEFTARG = text, RIGHTARG = text, FUNCTION = eq);
CREATE FUNCTION eq8(bigint, bigint) RETURNS bool LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('= bigint'); RETURN true; END$$;
CREATE OPERATOR = (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = eq8);
CREATE FUNCTION times(bigint, interval) RETURNS interval LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('*'); RETURN $2; END$$;
CREATE OPERATOR * (LEFTARG = bigint, RIGHTARG = interval, FUNCTION = times);
CREATE FUNCTION format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE FUNCTION current_setting(text, boolean) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('current_setting'); RETURN 'hostile'; END$$;
CREATE FUNCTION current_setting(text) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('current_setting'); RETURN 'hostile'; END$$;
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('clock_timestamp'); RETURN now(); END$$;
CREATE FUNCTION host(inet) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('host'); RETURN 'hostile'; END$$;
CREATE FUNCTION round(numeric, int) RETURNS numeric LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('round'); RETURN 0; END$$;
CREATE FUNCTION concat_ws(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM regress_rights_hostile.sprung('concat_ws'); RETURN 'hostile'; END$$;
CREATE AGGREGATE max(text) (SFUNC = pg_catalog.textcat, STYPE = text);
CREATE AGGREGATE array_agg(text) (SFUNC = pg_catalog.textcat, STYPE = text);
CREATE TYPE text AS ENUM ('hostile');
CREATE DOMAIN inet AS pg_catalog.text;
CREATE TABLE migration (LIKE migrate.migration);
CREATE TABLE state (LIKE migrate.state);
CREATE TABLE event (LIKE migrate.event);
CREATE TABLE run (LIKE migrate.run);
CREATE TABLE pg_index (LIKE pg_catalog.pg_index);
CREATE TEMP TABLE migration (LIKE migrate.migration);
CREATE TEMP TABLE event (LIKE migrate.event);
CREATE TEMP TABLE run (LIKE migrate.run);
CREATE TEMP TABLE pg_class (oid oid, relname name);
CREATE TEMP TABLE pg_index (LIKE pg_catalog.pg_index);
GRANT SELECT ON ALL TABLES IN SCHEMA regress_rights_hostile TO PUBLIC;
SELECT migrate.register('10', 'hostile', E'CREATE TABLE regress_rights.ten (a int);\nCREATE UNIQUE INDEX CONCURRENTLY ten_a ON regress_rights.ten (a);\nSELECT 1;', E'DROP INDEX CONCURRENTLY regress_rights.ten_a;\nDROP TABLE regress_rights.ten;') \gset
SET ROLE regress_rights_applier;
SET search_path = pg_temp, regress_rights_hostile, pg_catalog;
SELECT version, state, steps FROM migrate.apply();
SELECT version, state FROM migrate.status() WHERE version OPERATOR(pg_catalog.=) '10';
RESET ROLE;
SELECT version, state, steps FROM migrate.rollback();
BEGIN;
SELECT migrate.register('10', 'hostile', 'SELECT 10', 'SELECT 0');
SELECT version, state, steps FROM migrate.apply();
SELECT migrate.resolve('10', 'rolled_back');
SELECT * FROM migrate.baseline('10');
SELECT version, state FROM migrate.rollback();
SELECT version, result FROM migrate.load(ARRAY['10_hostile.sql'::pg_catalog.text], ARRAY['SELECT 11'::pg_catalog.text]);
COMMIT;
SELECT count(*) FROM migrate.history;
SELECT count(*) FROM migrate.progress;
SET search_path = regress_rights;
-- nothing sprang
TABLE regress_rights_hostile.trap;
SELECT count(*) FROM regress_rights_hostile.event;
SELECT count(*) FROM pg_temp.event;
SET client_min_messages = error;
DROP TABLE pg_temp.migration, pg_temp.event, pg_temp.run, pg_temp.pg_class, pg_temp.pg_index;
DROP SCHEMA regress_rights_hostile CASCADE;
SET client_min_messages = warning;

-- An event trigger of the database's owner runs as ever, with the rights of the script.
CREATE TABLE ddl (tag text, who text);
GRANT INSERT ON ddl TO PUBLIC;
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO regress_rights.ddl VALUES (tg_tag, current_user); END$$;
CREATE EVENT TRIGGER regress_rights_trigger ON ddl_command_end EXECUTE FUNCTION on_ddl();
SELECT migrate.register('10', 'event', 'CREATE TABLE eleven (a int); CREATE INDEX CONCURRENTLY ON eleven (a)') \gset
SET ROLE regress_rights_applier;
SELECT version, state FROM migrate.apply();
RESET ROLE;
TABLE ddl;
-- one that refuses is the script's error
ALTER EVENT TRIGGER regress_rights_trigger DISABLE;
CREATE OR REPLACE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no DDL today'; END$$;
ALTER EVENT TRIGGER regress_rights_trigger ENABLE;
SELECT migrate.register('11', 'event', 'CREATE TABLE twelve (a int);') \gset
SELECT migrate.apply();
DROP EVENT TRIGGER regress_rights_trigger;

-- Another owner: our tables are written as theirs
SELECT migrate.register('11', 'owner', 'SELECT 12') \gset
SELECT format('ALTER TABLE migrate.%I OWNER TO regress_rights_owner', relname) FROM pg_class WHERE relnamespace = 'migrate'::regnamespace AND relkind = 'r' ORDER BY relname \gexec
GRANT ALL ON SCHEMA migrate TO regress_rights_owner;
SET ROLE regress_rights_applier;
SELECT version, state FROM migrate.apply();
RESET ROLE;

DROP EXTENSION migrate CASCADE;
SET client_min_messages = error;
DROP SCHEMA regress_rights CASCADE;
DROP OWNED BY regress_rights_owner, regress_rights_applier, regress_rights_author, regress_rights_nobody, regress_rights_deploy, regress_rights_login;
DROP ROLE regress_rights_owner, regress_rights_applier, regress_rights_author, regress_rights_nobody, regress_rights_deploy, regress_rights_login;
