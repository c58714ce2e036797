-- Lint rules: types, domains, enums.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_lint;
SET search_path = regress_lint;
SET migrate.lint_small_table = '0 rows';
SET client_min_messages = error;
\pset format unaligned
\pset tuples_only on
\pset null -

-- What the rules of this file say of a script.
CREATE FUNCTION says(script text, assume text DEFAULT NULL)
RETURNS TABLE (finding text) LANGUAGE sql AS $$
    SELECT format('%s %s %s:%s %s: %s', l.severity, l.rule, l.line, l.col, l.object,
                  regexp_replace(l.consequence, '\(\d+ (bytes|kB|MB|GB)[^)]*\)', '(size)', 'g'))
        || coalesce(E'\n    ' || replace(l.rewrite, E'\n', E'\n    '), '')
        || CASE WHEN k.rule IS NULL THEN '' ELSE E'\n    which does not parse' END
    FROM migrate.lint_sql(script, assume) WITH ORDINALITY l
    JOIN migrate.rules() r ON r.rule = l.rule AND r.section = 'types'
    LEFT JOIN LATERAL migrate.lint_sql(coalesce(l.rewrite, '')) k ON k.rule IN ('syntax-error', 'refused-statement')
    ORDER BY l.ordinality
$$;

CREATE DOMAIN unused AS int;
CREATE DOMAIN used AS int;
CREATE DOMAIN derived AS used CHECK (value > 0);
CREATE TABLE t1(n used);
CREATE TABLE t2(n derived);
CREATE TABLE t3(n used);
INSERT INTO t1 VALUES (1);
INSERT INTO t2 VALUES (1);
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE m(id bigint PRIMARY KEY, m mood, note text);
INSERT INTO m VALUES (1, 'a', 'x');

-- Domains
SELECT says('CREATE DOMAIN n AS text NOT NULL DEFAULT ''x'' CONSTRAINT c CHECK (value <> '''')');
SELECT says('CREATE DOMAIN n AS text DEFAULT ''x''');
SELECT says('ALTER DOMAIN used ADD CONSTRAINT c CHECK (value > 0)');
SELECT says('ALTER DOMAIN used ADD CONSTRAINT c CHECK (value > 0) NOT VALID; ALTER DOMAIN used VALIDATE CONSTRAINT c');
SELECT says('ALTER DOMAIN derived SET NOT NULL');
SELECT says('ALTER DOMAIN unused SET NOT NULL; ALTER DOMAIN used DROP NOT NULL; ALTER DOMAIN used SET DEFAULT 1');
SELECT says('DROP TABLE t1, t2; ALTER DOMAIN used SET NOT NULL');
SELECT says('CREATE DOMAIN n AS int; CREATE TABLE u(n n); ALTER DOMAIN n SET NOT NULL');
SELECT says('ALTER DOMAIN nosuch SET NOT NULL');
SELECT says('ALTER DOMAIN nosuch SET NOT NULL', 'large');
RESET migrate.lint_small_table;
SELECT says('ALTER DOMAIN used SET NOT NULL');
SET migrate.lint_small_table = '0 rows';

-- Values of enums
SELECT says('ALTER TYPE mood ADD VALUE ''x''; ALTER TYPE mood ADD VALUE ''y''; ALTER TYPE mood ADD VALUE IF NOT EXISTS ''a''; ALTER TYPE mood ADD VALUE ''z'' BEFORE ''a''');
SELECT says('CREATE TYPE n AS ENUM (''it''''s''); ALTER TYPE n ADD VALUE ''x''');
SELECT says('ALTER TYPE mood ADD VALUE ''x'' AFTER ''b''; UPDATE m SET m = ''x'' WHERE id = 1');
SELECT says('ALTER TYPE mood ADD VALUE ''x'' AFTER ''b''; UPDATE m SET m = ''a''; SELECT ''x''; UPDATE t1 SET n = 1 WHERE ''x'' <> ''y''');
SELECT says('BEGIN; ALTER TYPE mood ADD VALUE ''x'' AFTER ''b''; COMMIT; UPDATE m SET m = ''x'' WHERE id = 1');
SELECT says('ALTER TYPE mood ADD VALUE ''x'' AFTER ''b''; CREATE TABLE n(m mood DEFAULT ''x'')');
SELECT says('ALTER TYPE mood ADD VALUE IF NOT EXISTS ''a'' AFTER ''b''; INSERT INTO m VALUES (2, ''a'')');
SELECT says('ALTER TYPE mood RENAME VALUE ''a'' TO ''aa''; INSERT INTO m VALUES (2, ''aa'')');
SELECT says('CREATE TYPE n AS ENUM (''a''); ALTER TYPE n RENAME VALUE ''a'' TO ''b''');

-- DROP TYPE
SELECT says('DROP TYPE mood');
SELECT says('DROP TYPE mood CASCADE');
SELECT says('ALTER TABLE m DROP COLUMN m; DROP TYPE mood');
SELECT says('DROP DOMAIN unused; DROP DOMAIN used CASCADE');
SELECT says('DROP TYPE nosuch CASCADE', 'large');

-- Types of columns
SELECT says('CREATE TABLE n(a varchar(5), b varchar, c character varying(7) NOT NULL, d varchar(3)[], e text)');
SELECT says('ALTER TABLE m ADD COLUMN a varchar(5) NOT NULL, ADD COLUMN b text');
SELECT says('ALTER TABLE m ALTER COLUMN note TYPE varchar(5) USING left(note, 5)');
SELECT says('CREATE TABLE n(a char, b "char", c character(3) DEFAULT ''x'', d bpchar, e national character(2))');
SELECT says('CREATE TABLE n(a timestamp(3) without time zone, b timestamp with time zone, c timestamptz, d pg_catalog.timestamp)');
SELECT says('CREATE TABLE n(a json, b jsonb, c json[])');
SELECT says('CREATE TEMP TABLE n(a json, b varchar(5), c serial)');
SELECT says('ALTER TABLE m ALTER note TYPE text; ALTER TABLE m ALTER note TYPE char(5)');

-- Integers: what runs out
SELECT says('CREATE TABLE n(id int PRIMARY KEY, a int, b integer DEFAULT nextval(''s''), c int GENERATED ALWAYS AS IDENTITY)');
SELECT says('CREATE TABLE n(id serial, a smallserial, PRIMARY KEY (id))');
SELECT says('CREATE TABLE n(a int, year int, PRIMARY KEY (a, year))');
CREATE TABLE small(id int PRIMARY KEY);
SELECT says('CREATE TABLE n(a int REFERENCES m, b int REFERENCES small, c int, FOREIGN KEY (c) REFERENCES m (id))');
SELECT says('CREATE TABLE n(id int PRIMARY KEY REFERENCES small)');
SELECT says('CREATE TABLE big(id bigserial PRIMARY KEY); CREATE TABLE n(a int REFERENCES big)');
SELECT says('ALTER TABLE m ADD COLUMN a int, ADD COLUMN b int REFERENCES m');
SELECT says('ALTER TABLE m ALTER COLUMN id TYPE int');
SELECT says('CREATE SEQUENCE n AS smallint START 5; CREATE SEQUENCE n2 AS bigint; CREATE TEMP SEQUENCE n3 AS int');
CREATE TABLE counter(id serial PRIMARY KEY, n int);
SELECT says('ALTER TABLE counter ADD COLUMN a int');
SELECT setval('counter_id_seq', 1700000000);
SELECT says('ALTER TABLE counter ADD COLUMN a int; ALTER TABLE counter ADD COLUMN b int');

-- Opt-in
SET migrate.lint_enable = 'creating-enum, prefer-bigint-over-smallint';
SELECT says('CREATE TYPE n AS ENUM (''a'', ''it''''s''); CREATE TYPE n2 AS ENUM ()');
SELECT says('CREATE TABLE n(id smallint, b int2)');
RESET migrate.lint_enable;

-- Hostile names
CREATE TYPE "Mo""od" AS ENUM ('a');
CREATE DOMAIN "Do'main" AS int;
CREATE TABLE "sel""ect"("Id '" "Do'main", "Or der" "Mo""od");
INSERT INTO "sel""ect" VALUES (1);
SELECT says('ALTER TYPE "Mo""od" ADD VALUE ''b''; ALTER TYPE "Mo""od" RENAME VALUE ''a'' TO ''it''''s''; ALTER DOMAIN "Do''main" SET NOT NULL; DROP TYPE "Mo""od" CASCADE');
SELECT says('CREATE TABLE "N"("Id" int PRIMARY KEY, "a b" varchar(5), "J" json)');
SELECT count(*), string_agg(DISTINCT k.rule, ',') FROM migrate.lint_sql('ALTER TYPE "Mo""od" ADD VALUE ''b''; ALTER DOMAIN "Do''main" SET NOT NULL; CREATE TABLE "N"("Id" int PRIMARY KEY, "a b" varchar(5), "J" json)') l, migrate.lint_sql(coalesce(l.rewrite, '')) k WHERE k.rule IN ('syntax-error', l.rule);

-- Two migrations: what the first adds, the second can use.
SELECT migrate.register('1', 'one', 'ALTER TYPE mood ADD VALUE ''x'' AFTER ''b''');
SELECT migrate.register('2', 'two', 'UPDATE m SET m = ''x'' WHERE id = 1; ALTER TYPE mood ADD VALUE ''y''');
SELECT version, rule, l.severity, object, rewrite FROM migrate.lint() l JOIN migrate.rules() r USING (rule) WHERE section = 'types';
SELECT migrate.unregister(v) FROM unnest('{1,2}'::text[]) v;

DROP SCHEMA regress_lint CASCADE;
DROP EXTENSION migrate;
