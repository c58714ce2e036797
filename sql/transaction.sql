-- A run within the caller's transaction: all of it or nothing.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_transaction;
SET search_path = regress_transaction;
SET client_min_messages = warning;
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY, what text, pid int DEFAULT pg_backend_pid());
-- what is pending, and what a run left
CREATE VIEW state AS
    SELECT (SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM migrate.status()) AS status,
           (SELECT count(*) FROM migrate.history) AS history, (SELECT count(*) FROM migrate.runs) AS runs,
           (SELECT string_agg(what, ' ' ORDER BY n) FROM log) AS log,
           (SELECT bool_and(pid = pg_backend_pid()) FROM log) AS here,
           (SELECT count(*) FROM pg_locks WHERE locktype IN ('object', 'advisory') AND classid = 'pg_extension'::regclass) AS locks;
CREATE PROCEDURE fresh() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM migrate.resolve(version, 'rolled_back') FROM migrate.status() WHERE state <> 'pending';
    DELETE FROM migrate.event; DELETE FROM migrate.run; DELETE FROM log;
END $$;
SELECT migrate.register('1', 'one', 'INSERT INTO log (what) VALUES (''one'')', 'INSERT INTO log (what) VALUES (''undo one'')'),
       migrate.register('2', 'two', 'INSERT INTO log (what) VALUES (''two'')', 'INSERT INTO log (what) VALUES (''undo two'')');

-- ROLLBACK leaves nothing, COMMIT keeps all
BEGIN;
SELECT version, name, state, steps, elapsed >= interval '0' AS elapsed FROM migrate.apply();
SELECT * FROM state;
ROLLBACK;
SELECT * FROM state;
BEGIN;
SELECT version FROM migrate.apply('1');
SELECT version FROM migrate.apply();
SELECT version FROM migrate.apply();
COMMIT;
SELECT * FROM state;
BEGIN;
SELECT version, name, state FROM migrate.rollback(2);
SELECT * FROM state;
COMMIT;
SELECT * FROM state;
CALL fresh();

-- a subtransaction
BEGIN;
SAVEPOINT a;
SELECT version FROM migrate.apply();
ROLLBACK TO a;
SELECT * FROM state;
SELECT version FROM migrate.apply('1');
COMMIT;
SELECT * FROM state;
CALL fresh();

-- from PL/pgSQL: a function, a DO block, a procedure that commits itself, EXECUTE
CREATE FUNCTION in_function() RETURNS SETOF text LANGUAGE plpgsql AS
$$BEGIN RETURN QUERY SELECT version || ' ' || state FROM migrate.apply(); END$$;
SELECT * FROM in_function();
SELECT * FROM state;
CALL fresh();
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM migrate.apply() LOOP RAISE WARNING '% %', r.version, r.state; END LOOP;
END
$$;
SELECT * FROM state;
CALL fresh();
CREATE PROCEDURE in_procedure() LANGUAGE plpgsql AS
$$BEGIN PERFORM migrate.apply('1'); COMMIT; PERFORM migrate.apply('2'); ROLLBACK; END$$;
CALL in_procedure();
SELECT * FROM state;
CALL fresh();
DO $$ BEGIN EXECUTE 'SELECT migrate.apply()'; END $$;
SELECT * FROM state;
CALL fresh();
PREPARE p AS SELECT version FROM migrate.apply();
EXECUTE p;
SELECT status, history, runs, log FROM state;
CALL fresh();
CREATE FUNCTION in_sql() RETURNS SETOF migrate.run_row LANGUAGE sql AS 'SELECT * FROM migrate.apply()';
SELECT version FROM in_sql();
SELECT status, history, runs, log FROM state;
CALL fresh();

-- an exception is caught: the session goes on, nothing of the run is left
SELECT migrate.register('2', 'two', 'INSERT INTO log (what) VALUES (''two''); SET ROLE regress_nobody;');
DO $$
BEGIN
    PERFORM migrate.apply();
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING '% %', SQLSTATE, SQLERRM;
END
$$;
SELECT * FROM state;
-- and may call again
DO $$
BEGIN
    BEGIN
        PERFORM migrate.apply();
    EXCEPTION WHEN OTHERS THEN
        PERFORM migrate.register('2', 'two', 'INSERT INTO log (what) VALUES (''two'')', 'INSERT INTO log (what) VALUES (''undo two'')');
    END;
    PERFORM migrate.apply();
END
$$;
SELECT * FROM state;
CALL fresh();

-- a larger query, at other isolation levels, in a cursor, EXPLAIN, CREATE TABLE AS
SELECT count(*) FROM migrate.apply(), generate_series(1, 2);
SELECT * FROM state;
CALL fresh();
CREATE TABLE result AS SELECT version, state FROM migrate.apply();
SELECT * FROM result;
SELECT * FROM state;
CALL fresh();
INSERT INTO result SELECT version, state FROM migrate.apply();
SELECT status, history, runs, log FROM state;
CALL fresh();
WITH a AS MATERIALIZED (SELECT * FROM migrate.apply()) SELECT version FROM a;
SELECT status, history, runs, log FROM state;
CALL fresh();
SELECT version, (SELECT count(*) FROM log) AS seen FROM migrate.apply();
CALL fresh();
EXPLAIN (COSTS off) SELECT * FROM migrate.apply();
SELECT status, history FROM state;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT version FROM migrate.apply('1');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT version FROM migrate.apply();
COMMIT;
SELECT * FROM state;
CALL fresh();
SET default_transaction_isolation = 'repeatable read';
SELECT version FROM migrate.apply('1');
SELECT * FROM state;
RESET default_transaction_isolation;
CALL fresh();
BEGIN;
DECLARE c CURSOR FOR SELECT version FROM migrate.apply();
FETCH ALL FROM c;
COMMIT;
SELECT * FROM state;
CALL fresh();
COPY (SELECT version FROM migrate.apply()) TO STDOUT;
SELECT status, history FROM state;
CALL fresh();

-- a transaction that must not write
BEGIN READ ONLY;
SELECT migrate.apply();
ROLLBACK;
SET default_transaction_read_only = on;
SELECT migrate.apply();
SELECT count(*) FROM migrate.status();
RESET default_transaction_read_only;

-- what the caller did before is seen, and what the run did is seen after
BEGIN;
CREATE TABLE mine (a int);
SELECT migrate.register('1', 'one', 'INSERT INTO mine VALUES (1)');
SELECT version FROM migrate.apply('1');
TABLE mine;
ROLLBACK;
-- the script may rely on the caller's temporary objects
BEGIN;
CREATE TEMP TABLE tmp (a int);
SELECT migrate.register('1', 'one', 'INSERT INTO tmp VALUES (1)');
SELECT version FROM migrate.apply('1');
TABLE tmp;
ROLLBACK;
-- a step of several transactions is refused before anything ran; a script with
-- BEGIN and COMMIT becomes a part of the caller's
SELECT migrate.register('2', 'blocks', 'BEGIN; INSERT INTO log (what) VALUES (''a''); COMMIT; INSERT INTO log (what) VALUES (''b'')');
BEGIN;
SELECT version, steps FROM migrate.apply();
ROLLBACK;
SELECT * FROM state;
SELECT migrate.register('2', 'index', E'SELECT 1;\n\nCREATE INDEX CONCURRENTLY log_i ON log (n);');
BEGIN;
SELECT migrate.apply();
ROLLBACK;
DO $$ BEGIN PERFORM migrate.apply(); END $$;
SELECT count(*) FROM migrate.apply(), generate_series(1, 2);
SELECT migrate.apply(atomic => true);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT migrate.apply();
ROLLBACK;
SELECT * FROM state;
-- the target before it can be had
BEGIN;
SELECT version FROM migrate.apply('1');
ROLLBACK;
-- each script asks for no transaction by itself, too
SELECT migrate.register('2', 'asks', E'INSERT INTO log (what) VALUES (''a'');\nDO $$BEGIN NULL; END$$;', no_transaction => true);
BEGIN;
SELECT migrate.apply();
ROLLBACK;
-- what would need a commit boundary says so
CREATE TYPE mood AS ENUM ('sad');
SELECT migrate.register('2', 'enum', E'ALTER TYPE mood ADD VALUE ''happy'';\nSELECT ''happy''::mood;');
BEGIN;
SELECT migrate.apply();
ROLLBACK;
SELECT migrate.register('2', 'commits', E'SELECT 1;\nDO $$BEGIN COMMIT; END$$;');
BEGIN;
SELECT migrate.apply();
ROLLBACK;

-- atomic => false refuses what cannot be given to a runner
SELECT migrate.register('2', 'two', 'INSERT INTO log (what) VALUES (''two'')', 'INSERT INTO log (what) VALUES (''undo two'')');
BEGIN;
SELECT migrate.apply(atomic => false);
ROLLBACK;
DO $$ BEGIN PERFORM migrate.apply(atomic => false); END $$;
SELECT count(*) FROM migrate.apply(atomic => false), generate_series(1, 2);
SET default_transaction_isolation = 'serializable';
SELECT migrate.apply(atomic => false);
RESET default_transaction_isolation;
SELECT * FROM state;
SELECT version FROM migrate.apply(atomic => false);
SELECT version FROM migrate.rollback(2, atomic => true);
SELECT status, history, runs, log FROM state;
CALL fresh();

-- an error aborts the whole transaction; nothing is recorded, and it says so
SELECT migrate.register('3', 'three', E'INSERT INTO log (what) VALUES (''three'');\n\nSELECT 1/0;');
BEGIN;
SELECT migrate.apply();
SELECT 1;
ROLLBACK;
SELECT * FROM state;

-- what a script sets is undone at its end
SELECT migrate.register('3', 'three', $$SET search_path = pg_catalog; SELECT set_config('work_mem', '77kB', false); SET LOCAL timezone = 'Asia/Tokyo'; SET ROLE pg_monitor;$$);
SELECT migrate.register('4', 'four', $$CREATE TABLE regress_transaction.seen AS SELECT current_user = session_user AS me, current_setting('search_path') AS path, current_setting('work_mem') AS mem, current_setting('timezone') AS tz$$);
SET timezone = 'UTC';
BEGIN;
SET LOCAL work_mem = '99kB';
SELECT version FROM migrate.apply();
TABLE seen;
SHOW search_path;
SHOW work_mem;
SELECT current_user = session_user AS me;
COMMIT;

-- A script cannot drive the machine that runs it.
SELECT migrate.register('5', 'nested', 'SELECT 1');
CREATE FUNCTION nests(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM migrate.register('5', 'nested', 'DO $x$ BEGIN PERFORM ' || call || '; END $x$');
    PERFORM migrate.apply();
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT nests(call) FROM unnest(ARRAY['migrate.apply()', 'migrate.rollback()', 'migrate.rollback(''1'')', 'migrate.register(''9'', ''n'', ''SELECT 1'')',
    'migrate.unregister(''5'')', 'migrate.load(''/'')', 'migrate.load(''{}''::text[], ''{}''::text[])', 'migrate.resolve(''1'', ''applied'')', 'migrate.baseline(''1'')']) AS call;
-- looking is allowed
SELECT nests('migrate.status()');
SELECT migrate.unregister('5') FROM migrate.status() WHERE version = '5' AND state = 'pending';
-- in a runner, too
SELECT migrate.register('6', 'nested', E'SELECT 1;\nSELECT migrate.apply();');
SELECT migrate.apply();
SELECT * FROM state;
-- after all these errors the session is free to run
SELECT migrate.register('6', 'six', 'INSERT INTO log (what) VALUES (''six'')');
BEGIN;
SELECT version FROM migrate.apply();
COMMIT;
SELECT log FROM state;

-- a trigger
CREATE TABLE trig (a int);
CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM migrate.apply(); RETURN NEW; END $$;
CREATE TRIGGER trig BEFORE INSERT ON trig FOR EACH ROW EXECUTE FUNCTION trig();
SELECT migrate.register('7', 'seven', 'INSERT INTO log (what) VALUES (''seven'')');
INSERT INTO trig VALUES (1);
SELECT log FROM state;
-- a script that fires it
SELECT migrate.register('8', 'eight', 'INSERT INTO trig VALUES (2)');
SELECT migrate.apply();

DROP EXTENSION migrate CASCADE;
DROP SCHEMA regress_transaction CASCADE;
