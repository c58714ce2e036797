-- How the steps of a script are run and recorded.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_steps_run;
SET search_path = regress_steps_run;
SET client_min_messages = warning;

--
-- Scripts of one step and of many
--
SET migrate.project = 'mixed';
SELECT migrate.register('1', 'mixed', $script$
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE person (id int, name text, mood mood);
INSERT INTO person SELECT i, 'n' || i, 'ok' FROM generate_series(1, 100) AS i;
CREATE UNIQUE INDEX CONCURRENTLY person_id ON person (id);
ALTER TABLE person ADD CONSTRAINT person_pkey PRIMARY KEY USING INDEX person_id;
ALTER TYPE mood ADD VALUE 'happy';
INSERT INTO person VALUES (101, 'last', 'happy');
VACUUM (ANALYZE) person;
REINDEX TABLE CONCURRENTLY person;
CREATE TABLE part (a int) PARTITION BY LIST (a);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
ALTER TABLE part DETACH PARTITION part_1 CONCURRENTLY;
CREATE INDEX part_2_a ON part_2 (a);
DROP INDEX CONCURRENTLY part_2_a;
ALTER SYSTEM SET deadlock_timeout = '1234ms';
ALTER SYSTEM RESET deadlock_timeout;
CREATE DATABASE regress_steps_run_db;
DROP DATABASE regress_steps_run_db;
COMMENT ON TABLE person IS 'done'
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT outcome, step, reason FROM migrate.history ORDER BY id DESC LIMIT 1;
SELECT count(*), max(mood) FROM person;
\d person
SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'part'::regclass;
SELECT obj_description('person'::regclass);
SELECT * FROM migrate.step;

-- BEGIN and COMMIT delimit steps; they are not errors
SET migrate.project = 'blocks';
SELECT migrate.register('2', 'blocks', $script$
CREATE TABLE iso (n int, isolation text, read_only text, xid xid8);
INSERT INTO iso VALUES (0, current_setting('transaction_isolation'), current_setting('transaction_read_only'), pg_current_xact_id());
BEGIN;
INSERT INTO iso VALUES (1, current_setting('transaction_isolation'), current_setting('transaction_read_only'), pg_current_xact_id());
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO iso VALUES (2, current_setting('transaction_isolation'), current_setting('transaction_read_only'), pg_current_xact_id());
INSERT INTO iso VALUES (2, current_setting('transaction_isolation'), current_setting('transaction_read_only'), pg_current_xact_id());
END;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE;
INSERT INTO iso VALUES (3, current_setting('transaction_isolation'), current_setting('transaction_read_only'), pg_current_xact_id());
COMMIT WORK;
COMMIT;
BEGIN; COMMIT;
INSERT INTO iso VALUES (4, current_setting('transaction_isolation'), current_setting('transaction_read_only'), pg_current_xact_id());
COMMIT;
INSERT INTO iso VALUES (5, current_setting('transaction_isolation'), current_setting('transaction_read_only'), pg_current_xact_id());
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT n, isolation, read_only, dense_rank() OVER (ORDER BY xid) FROM iso ORDER BY n;

-- a block may be read-only: the record of the step is not a part of it
SET migrate.project = 'read only';
SELECT migrate.register('3', 'read only', $script$
BEGIN READ ONLY;
SELECT count(*) FROM iso;
COMMIT;
SELECT 1;
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();

-- the last migration of a run may leave any setting behind
SET migrate.project = 'read only ever after';
SELECT migrate.register('4', 'read only ever after', 'SET default_transaction_read_only = on;') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT version, state, note FROM migrate.status() ;
SELECT state FROM migrate.runs ORDER BY run DESC LIMIT 1;
SET migrate.project = 'and in the middle';
SELECT migrate.register('5', 'and in the middle', E'SET default_transaction_read_only = on;\nCOMMIT;\nSELECT 1;') \gset
SELECT version, name, state, steps FROM migrate.apply();

--
-- Statement boundaries
--
SET migrate.project = 'boundaries';
SELECT migrate.register('10', 'boundaries', $script$-- ; in a comment /* and another
CREATE FUNCTION f1() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'a;b'; END; $$;
CREATE FUNCTION f2(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a > 1 THEN 2 ELSE 3 END; END;
CREATE OR REPLACE PROCEDURE p1() LANGUAGE sql BEGIN ATOMIC END;
CREATE FUNCTION f3() RETURNS text LANGUAGE sql AS $body$SELECT $$;$$::text$body$;
/* nested /* ; */ ; */
CREATE TABLE "a;b" ("begin" int, "end;" int);
CREATE RULE r AS ON DELETE TO "a;b" DO ALSO (SELECT 1; SELECT 2);
SELECT 'x;', E'\';', U&'\003B', "begin" FROM "a;b";
SELECT 'it''s;'
  ';continued';
DO $$ BEGIN PERFORM 1; END $$;
CREATE SCHEMA regress_steps_run_2 CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1 AS a;
DROP SCHEMA regress_steps_run_2 CASCADE;
CREATE TABLE begin_atomic (atomic int); SELECT 1;; ; SELECT 2
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT f1(), f2(1), f2(2), f3();
-- the setting that changes how literals are read
SET migrate.project = 'literals';
SELECT migrate.register('11', 'literals', $script$CREATE TABLE lit (n int, t text);
INSERT INTO lit VALUES (1, 'a\'); INSERT INTO lit VALUES (2, 'b');
SET standard_conforming_strings = off;
SET escape_string_warning = off;
INSERT INTO lit VALUES (3, 'a\'); INSERT INTO lit VALUES (0, \'b');
RESET standard_conforming_strings;
INSERT INTO lit VALUES (4, 'c\');
SET LOCAL standard_conforming_strings = off;
INSERT INTO lit VALUES (5, 'a\';');
COMMIT;
INSERT INTO lit VALUES (6, 'd\');
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT * FROM lit ORDER BY n;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET migrate.project = 'caller';
SELECT migrate.register('12', 'caller''s literals', $$INSERT INTO lit VALUES (7, 'e\';');$$) \gset
SELECT version, name, state, steps FROM migrate.apply();
RESET standard_conforming_strings;
RESET escape_string_warning;
SELECT * FROM lit WHERE n = 7;

--
-- What fails only because it is in a transaction gets a commit before and
-- after it; a notice says so, the history keeps it.
--
CREATE TYPE colour AS ENUM ('red');
CREATE TABLE paint (c colour);
SET migrate.project = 'enum';
SELECT migrate.register('30', 'enum', E'SELECT 1;\nALTER TYPE colour ADD VALUE ''green'';\nINSERT INTO paint VALUES (''green'');\nALTER TYPE colour ADD VALUE ''blue'' BEFORE ''green'';\nINSERT INTO paint VALUES (''blue'');\nSELECT 2;') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT reason FROM migrate.history ORDER BY id DESC LIMIT 1;
SELECT * FROM paint ORDER BY c;
-- a new value that nothing uses needs no boundary
SET migrate.project = 'enum unused';
SELECT migrate.register('31', 'enum unused', E'ALTER TYPE colour ADD VALUE ''grey'';\nSELECT 1;') \gset
SELECT version, name, state, steps FROM migrate.apply();
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO paint VALUES ('red'); COMMIT; INSERT INTO paint VALUES ('red'); ROLLBACK; END $$;
SET migrate.project = 'call';
SELECT migrate.register('32', 'call', E'CREATE TABLE t32 ();\nCALL commits();\nCREATE TABLE t32b ();\nDO $$BEGIN INSERT INTO paint VALUES (''red''); COMMIT; END$$;') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT reason FROM migrate.history ORDER BY id DESC LIMIT 1;
SELECT c, count(*) FROM paint GROUP BY c ORDER BY c;
-- a procedure that does not commit stays with the others
SET migrate.project = 'quiet call';
SELECT migrate.register('33', 'quiet call', E'CREATE PROCEDURE quiet() LANGUAGE sql AS ''SELECT 1'';\nCALL quiet();\nDO $$BEGIN END$$;') \gset
SELECT version, name, state, steps FROM migrate.apply();
-- 25001 from what the tree does not show: a partitioned table
CREATE TABLE cl (a int, b int) PARTITION BY LIST (a);
CREATE TABLE cl1 PARTITION OF cl FOR VALUES IN (1);
CREATE INDEX cl_b ON cl (b);
SET migrate.project = 'not in the tree';
SELECT migrate.register('34', 'not in the tree', E'CREATE TABLE t34 ();\nREINDEX TABLE cl;\nCREATE TABLE t34b ();\nREINDEX INDEX cl_b;') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT reason FROM migrate.history ORDER BY id DESC LIMIT 1;
-- a block that the script wrote itself is not taken apart
SET migrate.project = 'own block';
SELECT migrate.register('35', 'own block', E'BEGIN;\nSELECT 1;\nALTER TYPE colour ADD VALUE ''black'';\nINSERT INTO paint VALUES (''black'');\nCOMMIT;') \gset
SELECT version, name, state, steps FROM migrate.apply();
-- a function that asks for what only a procedure may have stays an error
SET migrate.project = 'no way';
SELECT migrate.register('36', 'no way', E'SELECT 1;\nDO $$BEGIN BEGIN COMMIT; EXCEPTION WHEN division_by_zero THEN NULL; END; END$$;') \gset
SELECT version, name, state, steps FROM migrate.apply();

--
-- Scripts that ask for no transaction: each statement is a step
--
SET migrate.project = 'no transaction';
SELECT migrate.register('40', 'no transaction', $script$
CREATE TABLE nt (n int, xid xid8);
INSERT INTO nt VALUES (1, pg_current_xact_id());
INSERT INTO nt VALUES (2, pg_current_xact_id());
DO $$BEGIN INSERT INTO nt VALUES (3, pg_current_xact_id()); COMMIT; INSERT INTO nt VALUES (4, pg_current_xact_id()); END$$;
COPY nt (n) FROM stdin;
5
\.
BEGIN;
INSERT INTO nt VALUES (6, pg_current_xact_id());
INSERT INTO nt VALUES (6, pg_current_xact_id());
COMMIT;
VACUUM nt;
CALL commits();
$script$, no_transaction => true) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT n, dense_rank() OVER (ORDER BY xid) FROM nt ORDER BY n, xid;
SELECT reason IS NULL AS no_retry FROM migrate.history ORDER BY id DESC LIMIT 1;
SET migrate.project = 'no transaction, empty';
SELECT migrate.register('41', 'no transaction, empty', '-- nothing', no_transaction => true) \gset
SELECT version, name, state, steps FROM migrate.apply();

-- DISCARD ALL, and what a session has, in a script
SET migrate.project = 'discard';
SELECT migrate.register('50', 'discard', E'SET work_mem = ''77kB'';\nCREATE TEMP TABLE gone ();\nDISCARD ALL;\nCREATE TABLE discarded AS SELECT current_setting(''work_mem'') AS work_mem, to_regclass(''gone'') AS gone;\nDISCARD ALL;') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT work_mem = current_setting('work_mem') AS callers, gone FROM discarded;
-- every kind of statement that returns or keeps something
SET migrate.project = 'other statements';
SELECT migrate.register('51', 'other statements', $script$
EXPLAIN (COSTS off) SELECT 1;
SHOW work_mem;
VALUES (1), (2);
TABLE nt;
DECLARE cur CURSOR FOR SELECT 1;
FETCH cur;
CLOSE cur;
DECLARE held CURSOR WITH HOLD FOR SELECT 1;
PREPARE ps AS SELECT $1::int;
EXECUTE ps(1);
CREATE TABLE ctas AS EXECUTE ps(1);
INSERT INTO ctas VALUES (1) RETURNING *;
UNLISTEN *;
NOTIFY regress_steps_run, 'x';
LOCK TABLE ctas;
SET CONSTRAINTS ALL IMMEDIATE;
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();
-- nobody would hear
SELECT migrate.register('52', 'listen', E'SELECT 1;\nLISTEN regress_steps_run;') \gset
SELECT version, name, state, steps FROM migrate.apply();

DROP EXTENSION migrate;
DROP SCHEMA regress_steps_run CASCADE;
