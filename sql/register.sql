-- Storing one migration with migrate.register().
CREATE EXTENSION migrate;
CREATE SCHEMA regress_register;
SET search_path = regress_register;

-- new, unchanged, replaced: a pending migration may be replaced freely
SELECT migrate.register('1', 'first', 'CREATE TABLE one (a int)');
SELECT migrate.register('1', 'first', 'CREATE TABLE one (a int)');
SELECT migrate.register('1', 'first', 'CREATE TABLE one (a int, b int)');
SELECT migrate.register('1', 'first', 'CREATE TABLE one (a int, b int)', 'DROP TABLE one');
SELECT migrate.register('1', 'first', 'CREATE TABLE one (a int, b int)', 'DROP TABLE one');
SELECT migrate.register('1', 'renamed', 'CREATE TABLE one (a int, b int)', 'DROP TABLE one');
SELECT migrate.register('1', 'renamed', 'CREATE TABLE one (a int, b int)', 'DROP TABLE one',
                        no_transaction => true);
SELECT migrate.register('1', 'renamed', 'CREATE TABLE one (a int, b int)', 'DROP TABLE one');

-- by name
SELECT migrate.register(name => 'second', version => '2', up => E'SELECT 1;\nSELECT 2;\nSELECT 3;\n');

-- a repeatable has no version
SELECT migrate.register(NULL, 'a_view', 'CREATE OR REPLACE VIEW a_view AS SELECT 1 AS a');
SELECT migrate.register(NULL, 'a_view', 'CREATE OR REPLACE VIEW a_view AS SELECT 1 AS a');
SELECT migrate.register(NULL, 'a_view', 'CREATE OR REPLACE VIEW a_view AS SELECT 2 AS a');
SELECT migrate.register(NULL, 'a_view', 'SELECT 1', 'SELECT 2');

-- what must be given
SELECT migrate.register('', 'n', 'SELECT 1');
SELECT migrate.register('3', '', 'SELECT 1');
SELECT migrate.register(NULL, '', 'SELECT 1');
SELECT migrate.register('3', NULL, 'SELECT 1');
SELECT migrate.register('3', 'n', NULL);
SELECT migrate.register('3', 'n', 'SELECT 1', project => '');
SELECT version, name, kind, state, note, stored_by = current_user AS stored_by_me FROM migrate.status();

--
-- An applied migration
--
SET client_min_messages = warning;
SELECT version, name, state, steps FROM migrate.apply();
RESET client_min_messages;
-- the same text is silent
SELECT migrate.register('2', 'second', E'SELECT 1;\nSELECT 2;\nSELECT 3;\n');
-- white space and comments
SELECT migrate.register('2', 'second', E'-- one\r\nSELECT/* two */ 1;\r\n\tselect 2;\r\nSELECT 3; -- three');
SELECT version, state, note FROM migrate.status() WHERE version = '2';
-- a real edit names the first line that differs
SELECT migrate.register('2', 'second', E'SELECT 1;\nSELECT 20;\nSELECT 30;\n');
SELECT migrate.register('2', 'second', E'SELECT 1;\n\n\nSELECT 2;\n');
SELECT migrate.register('2', 'second', E'SELECT 1;\nSELECT 2;\nSELECT 3;\n\nDROP TABLE one;');
SELECT migrate.register('2', 'second', E'SELECT 1;\nSELECT ''' || repeat('long ', 30) || ''';\n');
SELECT migrate.register('2', 'second', '');
-- a text that cannot be read is an edit of the migration that it is for
SELECT migrate.register('2', 'second', E'SELECT 1;\nSELECT ''2;\n');
-- nothing of that was stored
SELECT version, state, note FROM migrate.status() WHERE version = '2';
-- the way out; the notice says what comes next
SELECT migrate.resolve('2', 'accept', 'typing error');
SELECT version, state, note FROM migrate.status() WHERE version = '2';
SELECT migrate.register('2', 'second', E'SELECT 1;\nSELECT 20;\nSELECT 30;\n');
SELECT version, state, note FROM migrate.status() WHERE version = '2';
-- once only
SELECT migrate.register('2', 'second', E'SELECT 1;\nSELECT 200;\nSELECT 300;\n');
-- the down script of an applied migration may be brought later
SELECT migrate.register('2', 'second', E'SELECT 1;\nSELECT 20;\nSELECT 30;\n', 'SELECT -1');
SELECT migrate.apply();
-- every text that was stored is kept, by its checksum
SELECT count(*) FROM migrate.script WHERE body IN (E'SELECT 1;\nSELECT 2;\nSELECT 3;\n', E'SELECT 1;\nSELECT 20;\nSELECT 30;\n', 'SELECT -1');
SELECT bool_and(checksum = encode(sha256(convert_to(body, 'UTF8')), 'hex')) AS sha256 FROM migrate.script;
SELECT body FROM migrate.script WHERE checksum =
    (SELECT checksum FROM migrate.history WHERE version = '2' AND action = 'apply');

-- a repeatable may be edited at any time and is pending again
SELECT migrate.register(NULL, 'a_view', 'CREATE OR REPLACE VIEW a_view AS SELECT 3 AS a');
SELECT name, state, note FROM migrate.status() WHERE kind = 'repeatable';
-- back to what ran: nothing to do
SELECT migrate.register(NULL, 'a_view', 'CREATE OR REPLACE VIEW a_view AS SELECT 2 AS a');
SELECT name, state, note FROM migrate.status() WHERE kind = 'repeatable';

--
-- Versions are compared as people read them
--
SELECT migrate.register(v, 'v', 'SELECT 1', project => 'versions')
FROM unnest('{10,9,1.10,1.9,1,1.9.1,2a,2b,2,20240101120000,0,1-rc1,99999999999999999999}'::text[]) AS v;
SELECT version FROM migrate.status('versions');
-- the same version, written otherwise
SELECT migrate.register('1', 'v', 'SELECT 1', project => 'versions');
\set VERBOSITY sqlstate
SELECT migrate.register('01', 'v', 'SELECT 1', project => 'versions');
SELECT migrate.register('001', 'other', 'SELECT 2', project => 'versions');
SELECT migrate.register('1.09', 'other', 'SELECT 2', project => 'versions');
\set VERBOSITY default
SELECT version, name FROM migrate.status('versions') WHERE version IN ('1', '01', '001', '1.9', '1.09');
SELECT migrate.register(repeat('9', 10000), 'v', 'SELECT 1', project => 'versions');

--
-- unregister
--
SELECT migrate.unregister('99999999999999999999', 'versions');
SELECT migrate.unregister('010', 'versions');
SELECT count(*) FROM migrate.status('versions') WHERE version IN ('10', '99999999999999999999');
SELECT migrate.unregister('10', 'versions');
SELECT migrate.unregister('2');
SELECT migrate.unregister('a_view');
SELECT migrate.unregister('no such');
SELECT migrate.unregister('');
SELECT migrate.unregister(NULL);
SELECT migrate.unregister('1', 'no such project');
SELECT migrate.register(NULL, 'b_view', 'SELECT 1');
SELECT migrate.unregister('b_view');
SELECT count(*) FROM migrate.status() WHERE name = 'b_view';

--
-- Hostile names and versions reach no parser
--
CREATE TABLE canary ();
CREATE TABLE hostile (n int GENERATED ALWAYS AS IDENTITY, v text);
INSERT INTO hostile (v) VALUES
    ($$'; DROP TABLE regress_register.canary; --$$), ($$"quoted"$$), ($$back\slash\$$),
    (E'two\nlines\r\n\ttabs'), ('%s %n %1$s'), ('größe 数据库 🐘'), ('$$ $1 $x$'), (' '), ('{"a", NULL}'), (repeat('long ', 200));
SELECT n, migrate.register('1' || v, v, 'SELECT 1', 'SELECT 2', project => 'hostile') FROM hostile ORDER BY n;
SELECT n, migrate.register(NULL, v, 'SELECT 1', project => 'hostile') FROM hostile ORDER BY n;
SET client_min_messages = warning;
SELECT count(*), min(state) FROM migrate.apply(project => 'hostile');
SELECT count(*) AS found
FROM hostile, migrate.status('hostile') AS s
WHERE s.name = v AND (s.version = '1' || v OR s.version IS NULL) AND s.state = 'applied';
SELECT migrate.rollback((SELECT '1' || v FROM hostile WHERE n = 1), 'hostile') IS NOT NULL AS rolled_back;
SELECT n, migrate.resolve(s.version, 'rolled_back', v, 'hostile')
FROM hostile JOIN migrate.status('hostile') AS s ON s.version = '1' || v AND s.state = 'applied' ORDER BY n;
SELECT n, migrate.unregister('1' || v, 'hostile') FROM hostile WHERE n > 1 ORDER BY n;
RESET client_min_messages;
-- a hint is a command to be typed: a name in it is quoted
SET client_min_messages = warning;
SELECT version = '1' || v AS applied FROM migrate.apply(project => 'hostile'), hostile WHERE n = 1;
RESET client_min_messages;
SELECT migrate.register('1' || v, v, 'SELECT 3', 'SELECT 2', project => 'hostile') FROM hostile WHERE n = 1;
SELECT migrate.unregister('1' || v, 'hostile') FROM hostile WHERE n = 1;
SELECT migrate.unregister(v, 'hostile') FROM hostile WHERE n = 1;
-- a project may be called anything, too
SELECT migrate.register('1', 'n', 'SELECT 1', project => v) FROM hostile WHERE n = 1;
SELECT migrate.apply('2', project => v) FROM hostile WHERE n = 1;
-- too long for the index that keeps them apart
\set VERBOSITY sqlstate
SELECT migrate.register((SELECT string_agg('x' || md5(i::text), '') FROM generate_series(1, 200) AS i), 'n', 'SELECT 1');
SELECT migrate.register(NULL, (SELECT string_agg('x' || md5(i::text), '') FROM generate_series(1, 200) AS i), 'SELECT 1');
\set VERBOSITY default
SELECT count(*) AS canaries FROM pg_class WHERE relname = 'canary' AND relnamespace = 'regress_register'::regnamespace;

--
-- Bodies
--
SET client_min_messages = warning;
SELECT migrate.register('1', 'empty', '', project => 'bodies');
SELECT migrate.register('2', 'comment', E'-- nothing\n/* to /* be */ done */', project => 'bodies');
SELECT migrate.register('3', 'bom', E'\uFEFFCREATE TABLE bom ();', project => 'bodies');
SELECT migrate.register('4', 'crlf', E'CREATE TABLE crlf (a text);\r\nCOPY crlf FROM stdin;\r\nx\r\ny\r\n\\.\r\n\r\nSELECT 1\r\n', project => 'bodies');
SELECT migrate.register('5', 'unterminated', 'CREATE TABLE unterminated ()', project => 'bodies');
SELECT migrate.register('6', 'semicolons', ';;; ; CREATE TABLE semicolons ();;;', project => 'bodies');
-- 10 MB: one long literal, and many statements
SELECT migrate.register('7', 'large', 'CREATE TABLE large AS SELECT length(''' || repeat('0123456789', 1048576) || ''')', project => 'bodies');
SELECT migrate.register('8', 'many', repeat('SELECT 1;', 20000) || 'CREATE TABLE many()', project => 'bodies');
SELECT version, name, state, steps FROM migrate.apply(project => 'bodies');
SELECT * FROM large;
SELECT a, length(a) FROM crlf;
SELECT relname FROM pg_class WHERE relnamespace = 'regress_register'::regnamespace
    AND relname IN ('bom', 'unterminated', 'semicolons', 'many') ORDER BY 1;
SELECT s.version, length(t.body), octet_length(t.body), h.checksum = t.checksum AS recorded
FROM migrate.status('bodies') AS s
JOIN migrate.history AS h ON h.project = 'bodies' AND h.version = s.version
JOIN migrate.script AS t USING (checksum);
RESET client_min_messages;

-- register is not allowed in a script
SELECT migrate.register('1', 'nested', E'SELECT 1;\nSELECT migrate.register(''2'', ''x'', ''SELECT 1'');', project => 'nested');
SET client_min_messages = warning;
SELECT migrate.apply(project => 'nested');
RESET client_min_messages;

-- It is a part of the caller's transaction.
BEGIN;
SELECT migrate.register('1', 'n', 'SELECT 1', project => 'undone');
ROLLBACK;
SELECT count(*) FROM migrate.status('undone');

DROP EXTENSION migrate;
SET client_min_messages = warning;
DROP SCHEMA regress_register CASCADE;
