-- From script to steps: what each statement is taken for, what is refused,
-- and how it is run.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_steps;
SET search_path = regress_steps;

-- Applies a script within this transaction and says what came of it; leaves
-- nothing behind.
CREATE FUNCTION try(script text) RETURNS TABLE (report text) LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
    context text;
    line text;
BEGIN
    SET LOCAL client_min_messages = warning;
    PERFORM migrate.register('1', 'try', script, project => 'try');
    PERFORM migrate.apply(project => 'try');
    RAISE EXCEPTION USING ERRCODE = 'RB000';
EXCEPTION
    WHEN SQLSTATE 'RB000' THEN
        report := 'ok'; RETURN NEXT;
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
        report := SQLSTATE || ' ' || SQLERRM; RETURN NEXT;
        report := '  ' || detail; IF detail <> '' THEN RETURN NEXT; END IF;
        report := '  ' || regexp_replace(hint, '  Nothing of the run.*|^Nothing of the run.*', ''); IF trim(report) <> '' THEN RETURN NEXT; END IF;
        FOREACH line IN ARRAY string_to_array(context, E'\n') LOOP
            report := '  at ' || line; IF line NOT LIKE 'SQL statement%' AND line NOT LIKE 'PL/pgSQL function try%' THEN RETURN NEXT; END IF;
        END LOOP;
END
$$;
\pset tuples_only on

--
-- Refused, with the line
--
SELECT try(E'SELECT 1;\nROLLBACK;');
SELECT try(E'SELECT 1;\n\n  ABORT;');
SELECT try(E'SAVEPOINT a;');
SELECT try(E'RELEASE a;');
SELECT try(E'ROLLBACK TO a;');
SELECT try(E'BEGIN;\nSELECT 1;\nPREPARE TRANSACTION ''x'';');
SELECT try(E'COMMIT AND CHAIN;');
SELECT try(E'BEGIN;\nSELECT 1;\nEND AND CHAIN;');
SELECT try(E'COPY pg_class TO STDOUT;');
SELECT try(E'COPY (SELECT 1) TO STDOUT;');
SELECT try(E'BEGIN;\nSELECT 1;\n');
SELECT try(E'BEGIN;\nSELECT 1;\nSTART TRANSACTION;\nCOMMIT;');
SELECT try(E'BEGIN;\n\nVACUUM;\nCOMMIT;');
SELECT try(E'SELECT 1;\nSELEC 2;\nSELECT 3;');
SELECT try(E'SELECT 1;\nSELECT ''2;\nSELECT 3;\n');
SELECT try(E'SELECT 1;\nSELECT $x$2;\nSELECT 3;\n');
SELECT try(E'SELECT 1;\n/* open /* */\nSELECT 3;\n');
SELECT try(E'SELECT (1;\nSELECT 2;');
SELECT try(E'SELECT :variable;');
SELECT try(E'SELECT $1;');

-- psql's meta-commands
SELECT try(E'SELECT 1;\n\\i other.sql\n');
SELECT try(E'\\connect db');
SELECT try(E'\\c db');
SELECT try(E'SELECT 1 \\g');
SELECT try(E'SELECT 1 \\gexec');
SELECT try(E'\\copy a FROM ''b''');
SELECT try(E'\\set x 1');
SELECT try(E'\\if true\n\\endif');
SELECT try(E'\\echo hello');
SELECT try(E'SELECT 1;\n\\.\n');
-- those of pg_dump are skipped
SELECT try(E'\\restrict abc\nSELECT 1;\n\\unrestrict abc\n');

--
-- Not in a transaction: each of these is a step of its own.  Within the
-- caller's transaction it is refused before anything ran.
--
SELECT try(E'SELECT 1/0;\nVACUUM');
SELECT s, report FROM unnest(ARRAY[
    'VACUUM', 'VACUUM (ANALYZE) pg_class', 'CREATE INDEX CONCURRENTLY ON a (b)', 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b)',
    'DROP INDEX CONCURRENTLY i', 'REINDEX INDEX CONCURRENTLY i', 'REINDEX (CONCURRENTLY) TABLE a', 'REINDEX (CONCURRENTLY on, VERBOSE) TABLE a', 'REINDEX SCHEMA s',
    'ALTER TABLE a DETACH PARTITION b CONCURRENTLY', 'CREATE DATABASE d', 'DROP DATABASE d', 'DROP DATABASE d WITH (FORCE)',
    'ALTER DATABASE d SET TABLESPACE t', 'CREATE TABLESPACE t LOCATION ''/x''', 'DROP TABLESPACE t',
    'ALTER SYSTEM SET work_mem = 1', 'ALTER SYSTEM RESET ALL', 'DISCARD ALL', 'CLUSTER', 'COMMIT PREPARED ''x''', 'ROLLBACK PREPARED ''x''',
    'CREATE SUBSCRIPTION s CONNECTION '''' PUBLICATION p', 'DROP SUBSCRIPTION s', 'ALTER SUBSCRIPTION s REFRESH PUBLICATION',
    'ALTER SUBSCRIPTION s SET PUBLICATION p', 'ALTER SUBSCRIPTION s ADD PUBLICATION p WITH (refresh = true)']) AS s, LATERAL try(E'SELECT 1/0;\n' || s)
WHERE report NOT LIKE ' %';
-- these are ordinary statements: the division before them is what fails
SELECT s, report FROM unnest(ARRAY[
    'ANALYZE', 'CREATE INDEX ON a (b)', 'DROP INDEX i', 'REINDEX TABLE a', 'REINDEX (CONCURRENTLY off) TABLE a', 'ALTER TABLE a DETACH PARTITION b',
    'ALTER TABLE a DETACH PARTITION b FINALIZE', 'ALTER DATABASE d SET work_mem = 1', 'ALTER DATABASE d CONNECTION LIMIT 1', 'DISCARD TEMP', 'CLUSTER a USING i',
    'CREATE SUBSCRIPTION s CONNECTION '''' PUBLICATION p WITH (connect = false)', 'ALTER SUBSCRIPTION s DISABLE', 'ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)',
    'ALTER TYPE t ADD VALUE ''v''', 'CALL p()', 'DO $x$begin commit; end$x$', 'COPY a FROM stdin', 'COPY a FROM ''/x''', 'COPY a FROM PROGRAM ''x''', 'COPY a TO ''/x''', 'LISTEN x']) AS s, LATERAL try(E'SELECT 1/0;\n' || s)
WHERE report NOT LIKE ' %';
\pset tuples_only off

-- nothing of all that was kept
SELECT count(*) FROM migrate.status('try');
SELECT count(*) FROM migrate.history;

DROP EXTENSION migrate;
SET client_min_messages = warning;
DROP SCHEMA regress_steps CASCADE;
