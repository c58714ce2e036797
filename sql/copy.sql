-- COPY ... FROM stdin with its data inline.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_copy;
SET search_path = regress_copy;
SET client_min_messages = warning;

SET migrate.project = 'copy';
SELECT migrate.register('20', 'copy', $script$
CREATE TABLE c (a int DEFAULT 7, b text, d int GENERATED ALWAYS AS (a * 2) STORED);
COPY c (a, b) FROM stdin;
1	one
2	t\two
3	\N
4	--\\.; $$ ' /*
\.
COPY c (b) FROM stdin WITH (FORMAT csv, HEADER);
b
"five, ""quoted""
two lines"
six
\.
COPY c (a, b) FROM stdin (FORMAT csv, DELIMITER '|') WHERE a > 100;
100|no
101|yes
\.
copy c(b) from stdout; -- the grammar takes it
last
\.

COPY c (a, b) FROM stdin;
\.
SELECT count(*) FROM c;
COPY c (a, b) FROM stdin;
200	no end
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT * FROM c ORDER BY a, b;
SET migrate.project = 'copy to a view';
SELECT migrate.register('21', 'copy to a view', $script$
CREATE VIEW cv AS SELECT a, b FROM c;
CREATE FUNCTION cvi() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c VALUES (NEW.a, 'by trigger ' || NEW.b); RETURN NEW; END $$;
CREATE TRIGGER cvi INSTEAD OF INSERT ON cv FOR EACH ROW EXECUTE FUNCTION cvi();
COPY cv FROM stdin;
300	x
\.
CREATE TEMP TABLE tc (LIKE c);
COPY tc (a) FROM stdin;
1
\.
CREATE TABLE cp (a int) PARTITION BY LIST (a);
CREATE TABLE cp1 PARTITION OF cp DEFAULT;
BEGIN;
TRUNCATE cp1;
COPY cp1 FROM stdin (FREEZE);
1
2
\.
COMMIT;
COPY cp FROM stdin;
3
\.
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT b FROM c WHERE a = 300;
SELECT array_agg(a ORDER BY a) FROM cp;
-- failing data: the line of the data, and the line of the file
SET migrate.project = 'bad data';
SELECT migrate.register('22', 'bad data', $script$SELECT 1;
COPY c (a, b) FROM stdin;
1	one
x	two
\.
$script$) \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT error_sqlstate, error_statement, error_line FROM migrate.history ORDER BY id DESC LIMIT 1;
SELECT migrate.register('22', 'bad data', E'COPY c (a, b) FROM stdin;\n1\tone\n2\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('22', 'bad data', E'COPY c (a, b) FROM stdin; 1\tone\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('22', 'bad data', E'SELECT 1;\n\nCOPY missing FROM stdin;\n1\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('22', 'bad data', E'COPY c (a, missing) FROM stdin;\n1\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('22', 'bad data', E'COPY c (d) FROM stdin;\n1\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('22', 'bad data', E'COPY c (a) FROM stdin WHERE nonsense;\n1\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('22', 'bad data', E'COPY c (a) FROM stdin (FORMAT nonsense);\n1\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
-- what a role may not INSERT, it may not COPY
CREATE ROLE regress_copy_user;
GRANT USAGE ON SCHEMA regress_copy TO regress_copy_user;
GRANT SELECT ON c TO regress_copy_user;
GRANT INSERT (a) ON c TO regress_copy_user;
SELECT migrate.register('22', 'bad data', E'SET ROLE regress_copy_user;\nCOPY c (a, b) FROM stdin;\n1\tx\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('22', 'bad data', E'SET ROLE regress_copy_user;\nCOPY c (a) FROM stdin;\n1001\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
CREATE TABLE rls (a int);
ALTER TABLE rls ENABLE ROW LEVEL SECURITY;
GRANT INSERT, SELECT ON rls TO regress_copy_user;
SET migrate.project = 'row security';
SELECT migrate.register('23', 'row security', E'SET ROLE regress_copy_user;\nCOPY rls FROM stdin;\n1\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('23', 'row security', E'SET row_security = off;\nCOPY rls FROM stdin;\n1\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT count(*) FROM rls;
-- the foreign table, the sequence, the read-only transaction
SET migrate.project = 'copy where it cannot';
SELECT migrate.register('24', 'copy where it cannot', E'CREATE SEQUENCE sq;\nCOPY sq FROM stdin;\n1\n\\.\n') \gset
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.register('24', 'copy where it cannot', E'BEGIN READ ONLY;\nCOPY c (a) FROM stdin;\n1\n\\.\nCOMMIT;\n') \gset
SELECT version, name, state, steps FROM migrate.apply();


DROP EXTENSION migrate;
DROP SCHEMA regress_copy CASCADE;
DROP ROLE regress_copy_user;
