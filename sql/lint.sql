-- lint: how findings are told, suppressed and switched; the rules about
-- transactions, statements, names and code.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_lint;
SET search_path = regress_lint;
SET migrate.lint_small_table = '0 rows';
SET migrate.lock_timeout = '2s';
CREATE TABLE t (id bigint PRIMARY KEY, a int, b text);
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE "Odd ""Name" (id bigint);
INSERT INTO t SELECT n, n FROM generate_series(1, 2000) n;
INSERT INTO p SELECT generate_series(1, 2000);
ANALYZE;
CREATE FUNCTION found(script text, wanted text DEFAULT '%', no_transaction boolean DEFAULT false)
RETURNS TABLE (rule text, severity text, place text, object text, consequence text)
LANGUAGE sql AS $$
    SELECT rule, severity, concat_ws(':', statement, line, col), object, consequence
    FROM migrate.lint_sql(script, NULL, no_transaction) WHERE rule LIKE wanted
$$;

-- comments that suppress
SELECT * FROM found('DROP TABLE nosuch;');
SELECT * FROM found(E'-- migrate:ignore unknown-object: it is there in production\nDROP TABLE nosuch;');
SELECT * FROM found(E'DROP TABLE nosuch; -- migrate:ignore unknown-object: it is there');
SELECT * FROM found(E'DROP TABLE /* migrate:ignore unknown-object: why */ nosuch;');
SELECT * FROM found(E'/* about\n/* nested */ */ -- migrate: ignore unknown-object, needs-quoting\nDROP TABLE nosuch;');
SELECT * FROM found(E'SELECT 1;\n-- migrate:ignore-file unknown-object: all of it\nDROP TABLE nosuch;\nDROP TABLE nosuch2;');
SELECT * FROM found(E'-- migrate:ignore-file\nDROP TABLE nosuch;\nCREATE TABLE "order"(a int);');
SELECT * FROM found(E'-- migrate:ignore\nDROP TABLE nosuch;');
SELECT * FROM found(E'-- migrate:ignore nothing-like-it: no\nDROP TABLE nosuch;');
SELECT * FROM found(E'-- migrate:ignore unknown-object: only the next one\nSELECT 1;\nDROP TABLE nosuch;');
SELECT * FROM found(E'SELECT ''-- migrate:ignore unknown-object'';\nDROP TABLE nosuch;');
SELECT * FROM found(E'-- squawk-ignore unknown-object, ban-drop-table -- as Squawk has it\nDROP TABLE nosuch;');
SELECT * FROM found(E'-- squawk-ignore-file\nDROP TABLE nosuch;');
SELECT * FROM found(E'-- migrate:ignored unknown-object\nDROP TABLE nosuch;');
SELECT * FROM found(E'COPY t FROM stdin;\n1\t2\t-- migrate:ignore unknown-object\n\\.\nDROP TABLE nosuch;');

-- the place of a finding: characters, not bytes; lines of the file
SELECT * FROM found(E'SELECT 1;\n\n  SELECT ''\u00e4\u00f6'' FROM nosuch;');

-- that of a command of ALTER TABLE, which the grammar does not keep
CREATE TABLE "Ä, (x" (a int, "b,""c" int, d text);
SELECT * FROM found(E'ALTER TABLE ONLY ( regress_lint . "Ä, (x" )\n  DROP COLUMN /* ä, ( */ nosuch1, -- one, two\n  ALTER d TYPE text USING concat(d, '', ('', (ARRAY[1, 2])[1]), /* ü */ DROP nosuch2,\n\tADD CHECK (a IN (1, 2)), ADD COLUMN e numeric(10, 2) DEFAULT (1), ADD COLUMN IF NOT EXISTS "b,""c" text, DROP CONSTRAINT nosuch3');
SELECT * FROM found('ALTER TABLE IF EXISTS "Ä, (x" * DROP nosuch;', 'unknown%');
SELECT * FROM found(E'-- first\nALTER VIEW IF EXISTS nosuch ALTER a SET DEFAULT 1; ALTER TYPE t ADD ATTRIBUTE a int, DROP ATTRIBUTE nosuch;');
SELECT * FROM found(E'DO $$BEGIN\n  ALTER TABLE "Ä, (x" ADD COLUMN é int,\n    DROP nosuch;\nEND$$;', 'unknown%');
SELECT * FROM found('DO ''BEGIN ALTER TABLE "Ä, (x" ADD COLUMN "it''''s" int, DROP nosuch; END'';', 'unknown%');

-- names can be pasted
SELECT object, object::regclass::oid = 'regress_lint."Ä, (x"'::regclass AS same, consequence
FROM migrate.lint_sql('ALTER TABLE "Ä, (x" RENAME TO "Ö p";') WHERE rule = 'renaming-table';
SELECT object, consequence FROM migrate.lint_sql('ALTER TABLE "Ä, (x" DROP COLUMN "b,""c";') WHERE rule = 'ban-drop-column';
CREATE VIEW "V w" AS SELECT a FROM "Ä, (x";
SELECT rule, object, consequence FROM migrate.lint_sql('ALTER TABLE "Ä, (x" DROP COLUMN a; ALTER TABLE t DROP COLUMN a;') WHERE rule = 'ban-drop-column';
SELECT rule, object, consequence FROM migrate.lint_sql('ALTER TABLE "Ä, (x" DROP COLUMN a CASCADE;');
SELECT migrate.register('1', 'one', 'ALTER TABLE "Ä, (x" ADD COLUMN f int; CREATE INDEX CONCURRENTLY ON "Ä, (x" (a);');
SELECT statement, locks, r ->> 'relation' AS relation, (r ->> 'relation')::regclass::oid = 'regress_lint."Ä, (x"'::regclass AS same
FROM migrate.plan(), jsonb_array_elements(relations) AS r;
SET client_min_messages = warning;
SELECT statement, outcome, locks FROM migrate.dry_run();
RESET client_min_messages;
SELECT migrate.unregister('1');
DROP VIEW "V w";
DROP TABLE "Ä, (x";

-- what may have been meant
SELECT * FROM found(E'-- migrate:ignore require-concurent-index-creation\nSELECT 1;');
CREATE TABLE accounts (id bigint PRIMARY KEY, "Seats" int);
SELECT * FROM found('SELECT * FROM acounts, nothing; DROP TABLE regress_lint.acccounts; ALTER TABLE accounts DROP seats, DROP idd, DROP CONSTRAINT accounts_key, DROP x;', 'unknown%');
SELECT * FROM found('CREATE TABLE invoices (a int); SELECT * FROM invoice; DROP TABLE invoices; SELECT * FROM invoice, invoices;', 'unknown%');
DROP TABLE accounts;

-- settings
SET migrate.lint_disable = 'unknown-object, nothing-like-it, prefer-text-fields';
SELECT * FROM found('DROP TABLE nosuch;');
SET migrate.lint_disable = 'not a list,,';
RESET migrate.lint_disable;
SET migrate.lint_enable = 'naming-convention';
SELECT * FROM found('CREATE TABLE "BadName"(a int);');
RESET migrate.lint_enable;
SELECT * FROM migrate.lint_sql('SELECT 1', 'small');
SELECT * FROM migrate.lint_sql(NULL);
SELECT * FROM migrate.lint('1', '1');

-- what cannot be parsed, and what is refused
SELECT * FROM found(E'SELECT 1;\nALTER TABEL t;');
SELECT * FROM found('ROLLBACK;');
SELECT * FROM found('BEGIN; VACUUM t; COMMIT;');
SELECT rule, concat_ws(':', statement, line, col) AS place, consequence, rewrite FROM migrate.lint_sql(E'BEGIN;\n  CREATE INDEX CONCURRENTLY ON t (a) -- why\n;\nCOMMIT;');
SELECT * FROM found('BEGIN; ALTER TABLE t DETACH PARTITION p CONCURRENTLY; COMMIT;');
SELECT * FROM found(E'SELECT ''ä'';; ;\n  SELECT ''öö'' FROM (SELECT 1; SELECT 2;');
SELECT * FROM found(E'SELECT 1;\nCREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT ''\u00e4');
SELECT * FROM found(E'SELECT 1;\nSELECT E''\u00e4 \\u12'';');
SELECT * FROM found(E'SELECT 1; COPY t FROM stdin;\n1;2;3\n\\.\n\n\\i more.sql');
SELECT * FROM found('BEGIN; BEGIN; COMMIT;');
SELECT * FROM found('BEGIN; SELECT 1;');
SELECT * FROM found('');

-- a cancel is no finding
SET statement_timeout = '20ms';
SELECT count(*) FROM migrate.lint_sql(repeat('SELECT 1;', 300000));
RESET statement_timeout;

-- transactions
SELECT * FROM found('SELECT 1; BEGIN; SELECT 2; COMMIT;', 'transaction-nesting');
SELECT * FROM found('BEGIN; SELECT 2; COMMIT;', 'transaction-nesting');
SELECT * FROM found('SELECT 1; COMMIT; SELECT 2;', 'transaction-nesting');
SELECT * FROM found('SET LOCAL lock_timeout = 1; VACUUM t;', 'set-local%');
SELECT * FROM found('SET LOCAL lock_timeout = 1; SELECT 1; VACUUM t;', 'set-local%');
SELECT * FROM found('SET LOCAL lock_timeout = 1; SELECT 1;', 'set-local%', true);
SELECT * FROM found('SELECT 1; SELECT 2;', 'multiple%', true);
SELECT * FROM found('SELECT 1;', 'multiple%', true);
SELECT rule, consequence, rewrite FROM migrate.lint_sql('SET LOCAL lock_timeout = 1; VACUUM t;') WHERE rule LIKE 'set-local%';

-- lock_timeout: the runner has its own
SELECT * FROM found('ALTER TABLE t ADD COLUMN z int;', '%timeout');
SELECT * FROM found('SET lock_timeout = 0; ALTER TABLE t ADD COLUMN z int;', '%timeout');
SELECT * FROM found('SET lock_timeout = ''1min''; ALTER TABLE t ADD COLUMN z int;', '%timeout');
SELECT * FROM found('SET lock_timeout = 0; RESET lock_timeout; ALTER TABLE t ADD COLUMN z int;', '%timeout');
SELECT * FROM found('BEGIN; SET LOCAL lock_timeout = 0; COMMIT; ALTER TABLE t ADD COLUMN z int;', '%lock-timeout');
SELECT * FROM found('SELECT set_config(''lock_timeout'', ''0'', false); ALTER TABLE t ADD COLUMN z int;', '%timeout');
SELECT * FROM found('SET lock_timeout = 0; CREATE TABLE n (a int); ALTER TABLE n ADD COLUMN b int;', '%timeout');

-- locks that last
SELECT * FROM found('ALTER TABLE t ADD COLUMN z int; UPDATE p SET id = id;', 'data-in%');
SELECT * FROM found('ALTER TABLE t ADD COLUMN z int; CREATE INDEX ON p (id);', 'running%');
SELECT * FROM found('ALTER TABLE t ADD COLUMN z int; ALTER TABLE t ADD COLUMN y int;', 'running%');
SELECT * FROM found('ALTER TABLE t ADD COLUMN z int; COMMIT; UPDATE p SET id = id;', 'running%');
SELECT * FROM found('CREATE TABLE n (a int); ALTER TABLE n ADD COLUMN z int; UPDATE p SET id = id;', 'running%');
SELECT * FROM found('ALTER TABLE t ADD COLUMN z int; ALTER TABLE p ADD COLUMN z int;', 'wide%');
SELECT * FROM found('CREATE TABLE n (a int); ALTER TABLE p ADD COLUMN z int;', 'wide%');
SELECT rule, severity, rewrite FROM migrate.lint_sql('ALTER TABLE ONLY regress_lint.t ADD CHECK (a > 0); ALTER TABLE t ADD CHECK (b <> '''');') WHERE rule = 'multiple-alter-table';
SELECT rule, rewrite FROM migrate.lint_sql('ALTER TABLE t ADD CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT t_a_check;') WHERE rule = 'multiple-alter-table';
SELECT * FROM found((SELECT string_agg(format('ALTER TABLE t ADD COLUMN z%s int;', n), ' ') FROM generate_series(1, 11) n), 'too-many-ddl');

-- what is there already, what is not
SELECT * FROM found('CREATE TABLE t (a int);', 'object%');
SELECT * FROM found('CREATE TABLE IF NOT EXISTS t (a int);', 'object%');
SELECT * FROM found('DROP TABLE t; CREATE TABLE t (a int);', 'object%');
SELECT * FROM found('ALTER TABLE t RENAME TO old; CREATE TABLE t (a int); DROP TABLE t; DROP TABLE t;');
SELECT * FROM found('ALTER TABLE t ADD COLUMN a int, DROP COLUMN b, ADD COLUMN b int;', 'object%');
SELECT * FROM found('CREATE INDEX t_pkey ON t (a);', 'object%');
SELECT * FROM found('CREATE SCHEMA regress_lint; CREATE VIEW t AS SELECT 1; CREATE SEQUENCE p;', 'object%');
SELECT * FROM found('ALTER TABLE t DROP COLUMN nosuch; ALTER TABLE t DROP COLUMN IF EXISTS nosuch;', 'unknown%');
SELECT * FROM found('ALTER TABLE t DROP COLUMN a; CREATE INDEX i ON t (a);', 'unknown%');
SELECT * FROM found('ALTER TABLE t ADD COLUMN z int, ALTER COLUMN z SET NOT NULL, VALIDATE CONSTRAINT nosuch;', 'unknown%');
SELECT * FROM found('WITH q AS (SELECT 1) SELECT * FROM q, nosuch; CREATE VIEW v AS SELECT * FROM gone; INSERT INTO away VALUES (1);', 'unknown%');
SELECT * FROM found('ALTER TABLE t ADD COLUMN z int REFERENCES nosuch; CREATE TABLE n (id int PRIMARY KEY, up int REFERENCES n);', 'unknown%');
SELECT * FROM found('CREATE TEMP TABLE n (a int); INSERT INTO n VALUES (1); DROP TABLE n;');
SELECT * FROM found('CREATE SCHEMA s; SET search_path = s; CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN x int; SELECT * FROM p;');
SELECT * FROM found('DO $$ BEGIN EXECUTE ''create '' || ''table x()''; END $$; DROP TABLE x;', 'unknown%');
SELECT * FROM found('CREATE TABLE IF NOT EXISTS t (id int, b text);', 'if-not%');
SELECT * FROM found('CREATE TABLE IF NOT EXISTS t (id bigint, b text); ALTER TABLE t ADD COLUMN IF NOT EXISTS a bigint;', 'if-not%');
SELECT * FROM found('UPDATE t SET a = 1, b = '''', a = 2; INSERT INTO t (a, a) VALUES (1, 2); CREATE TABLE n (a int, b int, a int);', 'ban-dup%');

-- names
SELECT * FROM found('CREATE TABLE "order" ("Total" int, ok int, "user" int);', '%ed%');
SELECT * FROM found(format('CREATE TABLE %s (a int); CREATE TABLE %s (a int); SELECT ''%s'';', repeat('x', 64), repeat('x', 65), repeat('y', 80)), 'identifier%');
SELECT * FROM found(format('CREATE TABLE "%s" (a int);', repeat('"" ', 30)), 'identifier%');

-- code and rights
SELECT * FROM found(E'DO $$\nBEGIN\n  DROP TABLE nosuch;\n  EXECUTE ''select '' || 1;\nEND $$;');
SELECT * FROM found(E'CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  UPDATE t SET a = 1, a = 2;\n  VACUUM t;\nEND $$;');
SELECT * FROM found('CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER AS ''SELECT 1'';', 'security%');
SELECT * FROM found('CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER RETURN 1;', 'security%');
SELECT * FROM found('CREATE ROLE r SUPERUSER; GRANT pg_monitor TO r; GRANT SELECT ON t TO PUBLIC; REVOKE ALL ON t FROM PUBLIC;', '%grant%');
SELECT * FROM found('GRANT SELECT ON t TO PUBLIC;', 'grant-to-public');

-- a set: what an earlier script makes is known to the later ones
SELECT migrate.register('1', 'one', 'CREATE TABLE n (a int);');
SELECT migrate.register('2', 'two', 'ALTER TABLE n ADD COLUMN b int; DROP TABLE nosuch;');
SELECT migrate.register('3', 'three', 'DROP TABLE n; DROP TABLE nosuch;');
SELECT rule, version, name, statement, object FROM migrate.lint() WHERE rule = 'unknown-object';
SELECT rule, version, name, statement, object FROM migrate.lint('2') WHERE rule = 'unknown-object';
SELECT rule, version, name, statement, object FROM migrate.lint(version => '3') WHERE rule = 'unknown-object';
SET migrate.lint_start_after = '2';
SELECT rule, version, name, statement, object FROM migrate.lint() WHERE rule = 'unknown-object';
RESET migrate.lint_start_after;
SELECT migrate.lint('4');

-- what apply and load tell
SET migrate.lint_enable = '';
SET migrate.lint = 'error';
BEGIN;
SELECT * FROM migrate.apply();
ROLLBACK;
SELECT version, state FROM migrate.status();
SET migrate.lint = 'warn';
SELECT migrate.unregister('3'), migrate.unregister('2');
SELECT migrate.register('2', 'two', 'ALTER TABLE n ADD COLUMN "B" int; SET LOCAL lock_timeout = 1;');
-- how long runs take is no matter here; t/001 sees apply() tell a finding
SET client_min_messages = warning;
SELECT version, name, state FROM migrate.apply();
-- one that has run is not told that what it made is there already
SELECT rule, statement, consequence FROM migrate.lint(version => '1');
SELECT rule, statement, consequence FROM migrate.lint(version => '2');
RESET client_min_messages;
-- more than is told: the hint shows them when it has run, too
SELECT migrate.register('7', 'many', repeat('GRANT pg_monitor TO CURRENT_USER; REVOKE pg_monitor FROM CURRENT_USER; ', 22) || 'SELECT 1 / 0;', project => 'it''s');
SELECT count(*) FROM migrate.lint(version => '7', project => 'it''s') WHERE severity = 'warning';
SELECT * FROM migrate.load(ARRAY['3_x.sql', '4_y.sql'], ARRAY['CREATE TABLE "order" (a int);', 'BEGIN; SELECT 1; COMMIT; SELECT 2;']);
SELECT * FROM migrate.load(ARRAY['3_x.sql', '4_y.sql'], ARRAY['CREATE TABLE "order" (a int);', 'BEGIN; SELECT 1; COMMIT; SELECT 2;']);

SET client_min_messages = warning;
DROP EXTENSION migrate;
DROP SCHEMA regress_lint CASCADE;
