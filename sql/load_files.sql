-- Files that a client sends: migrate.load(paths, contents).
CREATE EXTENSION migrate;
CREATE SCHEMA regress_load;
SET search_path = regress_load;

-- The native layout.  A file that is no migration is named in a notice.
SELECT * FROM migrate.load(
    ARRAY['db/010_ten.sql', 'db/R__view.sql', 'db/9_nine.up.sql', 'db/9_nine.down.sql',
          'README.md', 'db/2_two.sql', 'db/2.5_two_and_a_half.sql', 'db/_x.sql', 'db/7.sql',
          'db/8_.sql', 'db/R__.sql', 'db/notes_1.sql', 'db/3_three.SQL', 'db/r__lower.sql', 'db/.sql', '', '/'],
    ARRAY['SELECT 10', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS a', 'CREATE TABLE nine ()', 'DROP TABLE nine',
          '# not SQL', E'-- migrate:up\nCREATE TABLE two ();\n-- migrate:down\nDROP TABLE two;\n',
          'SELECT 2.5', '', '', '', '', '', '', '', '', '', '']);
-- loading the same again changes nothing, whatever the order and the folder
SELECT * FROM migrate.load(
    ARRAY['R__view.sql', '9_nine.down.sql', '9_nine.up.sql', '2_two.sql', '2.5_two_and_a_half.sql', '010_ten.sql'],
    ARRAY['CREATE OR REPLACE VIEW v AS SELECT 1 AS a', 'DROP TABLE nine', 'CREATE TABLE nine ()',
          E'-- migrate:up\nCREATE TABLE two ();\n-- migrate:down\nDROP TABLE two;\n', 'SELECT 2.5', 'SELECT 10'],
    layout => 'native');
SELECT version, name, kind, state FROM migrate.status();
SELECT version, path, up_line, down_line FROM migrate.migration ORDER BY id;
SET client_min_messages = warning;
SELECT version, name, state, steps FROM migrate.apply();
SELECT migrate.resolve('10', 'rolled_back');
SELECT version, name, state FROM migrate.rollback();
RESET client_min_messages;
SELECT version, name, state FROM migrate.status();

-- An edit of an applied migration stops everything that comes with it.
SELECT * FROM migrate.load(ARRAY['1_new.sql', '2_two.sql'],
    ARRAY['SELECT 1', E'-- made in May\n\n-- migrate:up\nCREATE TABLE two (\n\tadded int\n);\n-- migrate:down\nDROP TABLE two;\n']);
SELECT count(*) FROM migrate.status() WHERE version = '1';
-- white space and comments, and the other direction, may be edited
SELECT * FROM migrate.load(ARRAY['2_two.sql'],
    ARRAY[E'-- made in May\n\n-- migrate:up\nCREATE TABLE two (\n);\n-- migrate:down\nDROP TABLE IF EXISTS two;\n']);
-- A pending one that is not among the files is pointed at, not removed; an
-- applied one may be gone.
SELECT version, result FROM migrate.load(ARRAY['2_b.sql', '3_c.sql', 'R__d.sql'], ARRAY['', '', ''], project => 'gone');
SELECT version, result FROM migrate.load(ARRAY['3_c.sql'], ARRAY[''], project => 'gone');
SELECT version, name, state FROM migrate.status('gone');

-- Files may be renamed and moved; what is a comment to one is the head of another.
SELECT path, version, name, result FROM migrate.load(ARRAY['sub/dir/2_deux.sql'],
    ARRAY[E'-- migrate:up\nCREATE TABLE two (\n);\n-- migrate:down\nDROP TABLE IF EXISTS two;\n'], project => 'main');
SELECT version, name, state FROM migrate.status() WHERE version = '2';

-- The line in the file is counted anew when only the lines above the section change.
SELECT result FROM migrate.load(ARRAY['1_a.sql'], ARRAY[E'-- migrate:up\nSELECT 1/0;\n'], project => 'lines');
SELECT count(*) FROM migrate.load(ARRAY['1_a.sql'], ARRAY[E'-- one\n-- two\n-- three\n-- migrate:up\nSELECT 1/0;\n'], project => 'lines');
SET client_min_messages = warning;
SELECT migrate.apply(project => 'lines');
RESET client_min_messages;
SELECT error_line FROM migrate.history WHERE project = 'lines';

-- Sections
SELECT result FROM migrate.load(ARRAY['1_a.sql', '2_b.sql', '3_c.sql', '4_d.sql', '5_e.sql', 'R__f.sql', '6_g.sql', '7_h.up.sql'],
    ARRAY[E'\uFEFF-- a comment\r\n-- migrate:up\r\nSELECT 1;\r\n-- migrate:down\r\nSELECT 2;\r\n',
          E'-- migrate:down\nSELECT 1;\n-- migrate:up\nSELECT 2;',
          E'SELECT 3;\n  --   migrate:down  \nSELECT 4;',
          E'-- migrate:no-transaction\nSELECT 5;\n--migrate:down\nSELECT 6;',
          E'-- migrate:up\n-- migrate:no-transaction\nSELECT 7;\n-- migrate:down\nSELECT 8;',
          E'-- migrate:no-transaction\nSELECT 9;',
          E'-- migrate: this is a comment\n-- migrate:up\n-- migrate:down',
          E'-- migrate:no-transaction\nSELECT 10;'],
    project => 'sections');
SELECT version, replace(u.body, E'\uFEFF', '<BOM>') AS up, up_line, up_no_transaction AS ntx, d.body AS down, down_line, down_no_transaction AS ntx
FROM migrate.migration AS m
JOIN migrate.script AS u ON u.checksum = m.up LEFT JOIN migrate.script AS d ON d.checksum = m.down
WHERE project = 'sections' ORDER BY sort_key;

--
-- Errors.  Each names the file, the line, and what to do.
--
CREATE FUNCTION try(paths text[], contents text[] DEFAULT NULL, layout text DEFAULT 'auto')
RETURNS SETOF text LANGUAGE sql AS
$$SELECT l.version || ' ' || result FROM migrate.load(paths, coalesce(contents, array_fill('SELECT 1'::text, ARRAY[cardinality(paths)])), layout, 'errors') AS l$$;

SELECT try('{1_a.sql,01_b.sql}');
SELECT try('{x/001_b.sql,db/1_a.sql}');
SELECT try('{1_a.sql,1_b.sql}');
SELECT try('{a/1_a.sql,b/1_a.sql}');
SELECT try('{1_a.sql,1_a.up.sql}');
SELECT try('{1_a.sql,1_a.down.sql}');
SELECT try('{1_a.up.sql,1_a.down.sql,1_a.down.sql}');
SELECT try('{1_a.up.sql,1_b.down.sql}');
SELECT try('{1_a.down.sql}');
SELECT try('{db/R__a.sql,x/R__a.sql}');
SELECT try('{R__a.up.sql,R__a.down.sql}');
SELECT try('{R__a.down.sql}');
SELECT try('{R__a.sql}', ARRAY[E'SELECT 1;\n-- migrate:down\nSELECT 2;']);
SELECT try('{1_a.up.sql}', ARRAY[E'SELECT 1;\n\n-- migrate:up\nSELECT 2;']);
SELECT try('{1_a.up.sql,1_a.down.sql}', ARRAY['SELECT 1', E'-- migrate:down\nSELECT 2;']);
SELECT try('{1_a.sql}', ARRAY[E'-- migrate:up\nSELECT 1;\n-- migrate:down\n-- migrate:up\nSELECT 2;']);
SELECT try('{1_a.sql}', ARRAY[E'-- migrate:down\n-- migrate:down\n']);
SELECT try('{1_a.sql}', ARRAY[E'-- a comment\n/* another */\nSELECT 1; -- lost\n-- migrate:up\nSELECT 2;']);
SELECT try('{1_a.sql}', ARRAY[E'SELECT 1;\n-- migrate:dwon\nSELECT 2;']);
SELECT try('{1_a.sql}', ARRAY[E'-- migrate:no_transaction\nSELECT 2;']);
SELECT try('{1_a.sql}', layout => 'none');
SELECT try('{1_a.sql}', layout => NULL);
SELECT try('{1_a.sql}', '{}');
SELECT try('{1_a.sql}', '{a,b}');
SELECT try('{1_a.sql,NULL}', '{a,b}');
SELECT try('{1_a.sql,2_b.sql}', '{a,NULL}');
SELECT try(NULL, '{}');
SELECT * FROM migrate.load('{a}'::text[], NULL::text[]);
SELECT try(ARRAY[repeat('9', 10000) || '_a.sql']);
-- none of them left anything
SELECT count(*) FROM migrate.status('errors');
-- no files are no error
SELECT * FROM migrate.load('{}'::text[], '{}'::text[], project => 'errors');
-- arrays of any shape
SELECT try('[5:6]={1_a.sql,2_b.sql}', '{{a},{b}}');

-- Names are as free here as in register().
SELECT version, name, result FROM migrate.load(
    ARRAY[$$1_it's; DROP "x" %s.sql$$, E'2_two\nlines.sql', '3_größe 🐘.sql', '4_back\slash.sql', '5_a.b.sql', '1a-rc.2_x__y.sql'],
    array_fill('SELECT 1'::text, ARRAY[6]), project => 'names');

-- A thousand files in one statement
SELECT result, count(*)
FROM migrate.load((SELECT array_agg(i || '_n.sql') FROM generate_series(1, 1000) AS i),
                  (SELECT array_agg('SELECT ' || i) FROM generate_series(1, 1000) AS i), project => 'many')
GROUP BY result;
SELECT version FROM migrate.status('many') OFFSET 998;

DROP EXTENSION migrate;
SET client_min_messages = warning;
DROP SCHEMA regress_load CASCADE;
