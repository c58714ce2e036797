-- What a hostile review broke once, as far as one session shows it.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_review;
CREATE SCHEMA regress_review_app;
CREATE ROLE regress_review_builder;
CREATE ROLE regress_review_deployer LOGIN;
GRANT ALL ON SCHEMA regress_review, regress_review_app TO regress_review_builder;
SET search_path = regress_review;
SET client_min_messages = warning;
CREATE TABLE log (id int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION settled(OUT states text, OUT ledger bigint) LANGUAGE sql AS $$
SELECT string_agg(version || ' ' || state, ', '), (SELECT count(*) FROM migrate.step) FROM migrate.status()
$$;

--
-- A statement that commits a part of its work and then fails
--
SET migrate.project = 'commits';
SET my.ok = '0';
SELECT migrate.register('1', 'a', $script$DO $$
BEGIN
    INSERT INTO log (what) VALUES ('commits'); COMMIT;
    PERFORM 1 / current_setting('my.ok')::int;
END $$$script$) \gset
SELECT version, state FROM migrate.apply();
SELECT * FROM settled();
SET my.ok = '1';
SELECT version, state FROM migrate.apply();
SELECT count(*) FROM log WHERE what = 'commits';

--
-- An edit removes all that was left to do
--
SET migrate.project = 'removed';
SELECT migrate.register('1', 'a', 'CREATE TABLE a (i int); CREATE INDEX CONCURRENTLY ON a (i); SELECT 1 / 0') \gset
SELECT version, state FROM migrate.apply();
SELECT migrate.register('1', 'a', 'CREATE TABLE a (i int); CREATE INDEX CONCURRENTLY ON a (i);') \gset
SELECT version, state FROM migrate.apply();
SELECT * FROM settled();
SELECT * FROM migrate.apply();
SELECT outcome FROM migrate.history WHERE project = 'removed' ORDER BY id;

--
-- Read-only transactions
--
SET migrate.project = 'readonly';
SELECT migrate.register('1', 'late', $$INSERT INTO log (what) VALUES ('readonly'); SET TRANSACTION READ ONLY$$),
       migrate.register('2', 'block', 'BEGIN READ ONLY; SELECT 1; COMMIT; CREATE TABLE b (i int); BEGIN READ ONLY; SELECT 1; COMMIT'),
       migrate.register('3', 'session', 'CREATE TABLE c (i int); SET default_transaction_read_only = on; VACUUM') \gset
SELECT version, state, steps FROM migrate.apply();
SELECT * FROM settled();
SELECT count(*) FROM log WHERE what = 'readonly';

--
-- What was set is in force after a resumption, and is not set by running a
-- statement again.  Every script fails after a committed step first.
--
SET migrate.project = 'resumed';
CREATE FUNCTION resumed(name text, script text) RETURNS text LANGUAGE sql AS $$
SELECT migrate.register((SELECT count(*) + 1 FROM migrate.status())::text, name,
    script || E';\nSELECT 1 / current_setting(''my.ok'')::int;\n'
    'CREATE TABLE ' || name || ' AS SELECT current_setting(''my.value'', true) AS value')
$$;
CREATE FUNCTION made(OUT made text, OUT owner regrole, OUT value text) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    FOR made, owner IN SELECT oid::regclass, relowner FROM pg_class WHERE relname LIKE 'r\_%' ORDER BY relname LOOP
        EXECUTE 'SELECT value FROM ' || made INTO value;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT resumed('r_cte', $$WITH i AS (INSERT INTO log (what) VALUES ('cte') RETURNING 'once')
SELECT set_config('my.value', 'once', false) FROM i; VACUUM log$$) \gset
SELECT resumed('r_set', 'SET search_path = regress_review_app; VACUUM regress_review.log') \gset
SELECT resumed('r_config', $$SELECT set_config('search_path', 'regress_review_app', false); BEGIN; SELECT 1; COMMIT$$) \gset
SELECT resumed('r_do', $s$BEGIN; DO $$ BEGIN PERFORM set_config('search_path', 'regress_review_app', false); END $$; COMMIT$s$) \gset
SELECT resumed('r_role', 'BEGIN; SET ROLE regress_review_builder; COMMIT') \gset
SELECT resumed('r_reset', 'BEGIN; SET search_path = regress_review_app; SET my.value = 1; RESET search_path; RESET my.value; COMMIT') \gset
SELECT resumed('r_discard', 'SET search_path = regress_review_app; SET ROLE regress_review_builder; DISCARD ALL') \gset
-- what ends with its transaction is not kept
SELECT resumed('r_local', 'BEGIN; SET LOCAL search_path = regress_review_app; SET LOCAL my.value = local; COMMIT') \gset
SELECT resumed('r_local_config', $$BEGIN; SELECT set_config('search_path', 'regress_review_app', true); COMMIT$$) \gset
SELECT resumed('r_local_role', 'BEGIN; SET LOCAL ROLE regress_review_builder; COMMIT') \gset
SELECT resumed('r_masked', $$BEGIN; SET my.value = 'kept'; SET LOCAL my.value = 'masked'; COMMIT$$) \gset
-- each of them twice
\set VERBOSITY sqlstate
SELECT format('SET my.ok = %L;', ok), 'SELECT version, name, state FROM migrate.apply(' || quote_literal(v) || ');'
FROM generate_series(1, 11) AS v, generate_series(0, 1) AS ok ORDER BY v, ok \gexec
\set VERBOSITY default
SELECT * FROM settled();
SELECT * FROM made();
SELECT count(*) FROM log WHERE what = 'cte';

-- temporary objects are gone
SET migrate.project = 'temporary';
SET my.ok = '0';
SELECT migrate.register('1', 'kept', $$CREATE TABLE victim AS SELECT 1 AS i; CREATE TEMPORARY TABLE victim AS SELECT 1 AS i; VACUUM log;
SELECT 1 / current_setting('my.ok')::int; DELETE FROM victim$$) \gset
\set VERBOSITY sqlstate
SELECT * FROM migrate.apply();
\set VERBOSITY default
SET my.ok = '1';
SELECT * FROM migrate.apply();
SELECT * FROM settled();
SELECT count(*) FROM victim;
SELECT migrate.resolve('1', 'applied');
-- those that a later step has dropped do not count
SET my.ok = '0';
SELECT migrate.register('2', 'dropped', $$CREATE TEMPORARY TABLE t AS SELECT 1 AS i; VACUUM log; DROP TABLE t; VACUUM log;
SELECT 1 / current_setting('my.ok')::int$$) \gset
\set VERBOSITY sqlstate
SELECT * FROM migrate.apply();
\set VERBOSITY default
SET my.ok = '1';
SELECT version, state FROM migrate.apply();

--
-- A split step
--
SET migrate.project = 'split';
CREATE TYPE mood AS ENUM ('a');
CREATE TABLE kept (x text);
CREATE TABLE regress_review_app.kept (x text);
SELECT migrate.register('1', 'local', $$SET LOCAL search_path = regress_review_app; ALTER TYPE regress_review.mood ADD VALUE 'b';
INSERT INTO kept VALUES ('b'::regress_review.mood::text); INSERT INTO kept VALUES ('late');$$) \gset
SELECT version, state, steps FROM migrate.apply();
SELECT tableoid::regclass, x FROM regress_review_app.kept UNION ALL SELECT tableoid::regclass, x FROM kept;
SELECT migrate.register('2', 'function', $$SELECT set_config('search_path', 'regress_review_app', true);
ALTER TYPE regress_review.mood ADD VALUE 'b2'; INSERT INTO kept VALUES ('b2'::regress_review.mood::text);$$) \gset
SELECT version, state FROM migrate.apply();
SELECT tableoid::regclass, x FROM kept;
SELECT migrate.resolve('2', 'applied');
SELECT migrate.register('3', 'lock', $$LOCK kept; ALTER TYPE mood ADD VALUE 'c'; INSERT INTO kept VALUES ('c'::mood::text)$$) \gset
SELECT version, state FROM migrate.apply();
SELECT migrate.register('3', 'lock', $$LOCK kept; DO 'BEGIN COMMIT; END'$$) \gset
SELECT version, state FROM migrate.apply();
SELECT migrate.register('3', 'lock', $$SET CONSTRAINTS ALL DEFERRED; ALTER TYPE mood ADD VALUE 'd'; INSERT INTO kept VALUES ('d'::mood::text)$$) \gset
SELECT version, state FROM migrate.apply();
SELECT * FROM settled();
SELECT enum_range(NULL::mood);

--
-- The role is taken away from who runs it
--
SET migrate.project = 'revoked';
GRANT regress_review_builder TO regress_review_deployer;
GRANT EXECUTE ON FUNCTION migrate.apply, migrate.status TO regress_review_builder;
GRANT USAGE ON SCHEMA regress_review TO regress_review_deployer;
CREATE FUNCTION revoke() RETURNS void SECURITY DEFINER LANGUAGE sql AS 'REVOKE regress_review_builder FROM regress_review_deployer';
SELECT migrate.register('1', 'revokes', 'SELECT regress_review.revoke()'), migrate.register('2', 'after', 'CREATE TABLE after (i int)') \gset
SET SESSION AUTHORIZATION regress_review_deployer;
SET ROLE regress_review_builder;
SELECT * FROM migrate.apply();
RESET SESSION AUTHORIZATION;
SELECT * FROM settled();
SELECT state FROM migrate.runs WHERE project = 'revoked';
SELECT version, outcome, error_sqlstate FROM migrate.history WHERE project = 'revoked' ORDER BY id;

--
-- Edits
--
SET migrate.project = 'edits';
SELECT migrate.register('1', 'half', 'CREATE TABLE half (i int)', 'DROP TABLE half; VACUUM log; SELECT 1 / 0') \gset
SELECT state FROM migrate.apply();
\set VERBOSITY sqlstate
SELECT * FROM migrate.rollback();
\set VERBOSITY default
SELECT migrate.register('1', 'half', 'CREATE TABLE other (i int)', 'DROP TABLE half; VACUUM log; SELECT 1 / 0');
SELECT migrate.resolve('1', 'applied');
SELECT migrate.resolve('1', 'accept');
SELECT migrate.register('1', 'half', 'CREATE TABLE  half (i int) -- white space', 'DROP TABLE half');
SELECT migrate.register('1', 'half', 'DROP TABLE half', 'DROP TABLE half');
SELECT action, reason, body FROM migrate.history JOIN migrate.script USING (checksum) WHERE project = 'edits' ORDER BY id;

--
-- An error at COMMIT
--
SET migrate.project = 'deferred';
CREATE TABLE parent (i int PRIMARY KEY);
CREATE TABLE child (i int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
SELECT migrate.register('1', 'child', E'VACUUM log;\nINSERT INTO child VALUES (1);\nSELECT 1;') \gset
SELECT * FROM migrate.apply();
SELECT * FROM settled();
SELECT step, error_sqlstate, error_statement, error_line FROM migrate.history WHERE project = 'deferred';

--
-- An index without a name has the name that the server would give it
--
SET migrate.project = 'names';
CREATE TABLE indexed_a (a int, b text, "C d" int);
CREATE TABLE indexed_b (LIKE indexed_a);
SELECT format('CREATE %sINDEX %%s ON indexed_%%s %s', "unique", what) AS statement
INTO TEMP statements
FROM unnest(ARRAY['', 'UNIQUE ', '', '', '', '', ''],
    ARRAY['(a, "C d")', '(a) INCLUDE (b)', '(lower(b), lower(b), a)', '((a + 1), (a + 2))', '(lower(b), ("C d"::bigint))', '(a, a)',
        '(' || array_to_string(array_fill('lower(b)'::text, ARRAY[20]), ', ') || ')']) AS s ("unique", what);
SELECT format(statement, '', 'a') FROM statements \gexec
SELECT migrate.register('1', 'indexes', string_agg(format(statement, 'CONCURRENTLY', 'b'), ';')) FROM statements \gset
SELECT state FROM migrate.apply();
SELECT substr(a.indexname, 10) AS name, count(b.*) AS also
FROM pg_indexes a LEFT JOIN pg_indexes b ON b.tablename = 'indexed_b' AND substr(b.indexname, 10) = substr(a.indexname, 10)
WHERE a.tablename = 'indexed_a' GROUP BY 1 ORDER BY 1;

DROP EXTENSION migrate;
DROP SCHEMA regress_review, regress_review_app CASCADE;
DROP OWNED BY regress_review_builder, regress_review_deployer;
DROP ROLE regress_review_builder, regress_review_deployer;
