-- Lint: constraints and foreign keys.
CREATE EXTENSION migrate;
CREATE SCHEMA regress_lint_constraints;
SET search_path = regress_lint_constraints;
\getenv directory PG_ABS_SRCDIR
\set head :directory '/sql/lint_head.inc'
\i :head

CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, email text NOT NULL, ts timestamptz);
CREATE TABLE nopk (id bigint NOT NULL, a int);
CREATE TABLE empty (id bigint, a int);
CREATE TABLE p (id bigint PRIMARY KEY, r int4range);
CREATE TABLE q (id bigint PRIMARY KEY);
CREATE TABLE c (pid bigint, qid bigint);
CREATE TABLE pt (id bigint NOT NULL, a int, pid bigint) PARTITION BY RANGE (id);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (1000);
CREATE TABLE pt2 PARTITION OF pt FOR VALUES FROM (1000) TO (2000);
CREATE FOREIGN DATA WRAPPER regress_lint;
CREATE SERVER regress_lint FOREIGN DATA WRAPPER regress_lint;
CREATE FOREIGN TABLE ft (a int) SERVER regress_lint;
INSERT INTO t SELECT n, n, n, n, now() FROM generate_series(1, 100) n;
INSERT INTO nopk SELECT n, n FROM generate_series(1, 100) n;
INSERT INTO p VALUES (1);
INSERT INTO q VALUES (1);
INSERT INTO c VALUES (1, 1);
INSERT INTO pt VALUES (1, 1, 1), (1001, 1, 1);

--
-- constraint-missing-not-valid
--
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);');
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;');
-- names that the server would choose; the other commands stay
SELECT pg_temp.lint('constraint-missing-not-valid', $$ALTER TABLE t
	ADD COLUMN z int, -- one
	ADD CHECK (a > 0 AND a < 10), -- two
	ADD CHECK (a > 0 OR b > ',)') NO INHERIT$$);
-- of a new column
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE t ADD COLUMN z int CONSTRAINT "Z" CHECK (z > 0) DEFAULT 1 NOT NULL, ADD COLUMN y int;');
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE t ADD COLUMN IF NOT EXISTS a int CHECK (a > 0);');
-- the relation decides
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE empty ADD CHECK (a > 0); ALTER TABLE ft ADD CHECK (a > 0); CREATE TABLE n (a int CHECK (a > 0)); ALTER TABLE n ADD CHECK (a > 1); ALTER TABLE IF EXISTS missing ADD CHECK (a > 0);');
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE pt ADD CHECK (a > 0);');
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE missing ADD CHECK (a > 0);', 'large');
SET migrate.lint_small_table = '1000 rows';
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);');
SET migrate.lint_small_table = '0 rows';

--
-- require-separate-constraint-validation, constraint-left-not-valid
--
SELECT pg_temp.lint('require-separate-constraint-validation', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k;');
SELECT pg_temp.lint('require-separate-constraint-validation', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; COMMIT; ALTER TABLE t VALIDATE CONSTRAINT k;');
SELECT pg_temp.lint('require-separate-constraint-validation', 'ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (pid) REFERENCES p NOT VALID; ALTER TABLE c VALIDATE CONSTRAINT k;');
SELECT pg_temp.lint('require-separate-constraint-validation', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT k;');
SELECT pg_temp.lint('constraint-left-not-valid', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;');
SELECT pg_temp.lint('constraint-left-not-valid', 'SELECT 1; ALTER TABLE t ADD CHECK (a > 0) NOT VALID, ADD CHECK (a > 1);');
SELECT pg_temp.lint('constraint-left-not-valid', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; COMMIT; ALTER TABLE t VALIDATE CONSTRAINT k;');
SELECT pg_temp.lint('constraint-left-not-valid', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t DROP CONSTRAINT k;');
ALTER TABLE t ADD CONSTRAINT "old 'n'" CHECK (a > 0) NOT VALID;
SELECT pg_temp.lint('require-separate-constraint-validation', $$ALTER TABLE t ADD COLUMN z int; ALTER TABLE t VALIDATE CONSTRAINT "old 'n'";$$);
SELECT pg_temp.lint('constraint-left-not-valid', 'ALTER TABLE t ADD COLUMN z int; ALTER TABLE t ADD COLUMN y int;');
SELECT pg_temp.lint('constraint-left-not-valid', 'SELECT count(*) FROM t');
ALTER TABLE t VALIDATE CONSTRAINT "old 'n'";
-- nothing is read for what is valid
SELECT pg_temp.lint('require-separate-constraint-validation', $$ALTER TABLE t ADD COLUMN z int; ALTER TABLE t VALIDATE CONSTRAINT "old 'n'";$$);
SELECT pg_temp.lint('constraint-left-not-valid', 'ALTER TABLE t ADD COLUMN z int; ALTER TABLE t ADD COLUMN y int;');

--
-- adding-serial-primary-key-field, disallowed-unique-constraint
--
SELECT pg_temp.lint('adding-serial-primary-key-field', 'ALTER TABLE nopk ADD PRIMARY KEY (id);');
SELECT pg_temp.lint('adding-serial-primary-key-field', 'ALTER TABLE nopk ADD COLUMN z int, ADD CONSTRAINT "K" PRIMARY KEY (id, a) INCLUDE (z) WITH (fillfactor = 70) USING INDEX TABLESPACE pg_default DEFERRABLE INITIALLY DEFERRED;');
SELECT pg_temp.lint('adding-serial-primary-key-field', 'ALTER TABLE nopk ADD COLUMN z bigserial PRIMARY KEY;');
SELECT pg_temp.lint('adding-serial-primary-key-field', 'CREATE UNIQUE INDEX CONCURRENTLY k ON nopk (id); ALTER TABLE nopk ADD PRIMARY KEY USING INDEX k;');
SELECT pg_temp.lint('adding-serial-primary-key-field', 'ALTER TABLE empty ADD PRIMARY KEY (id); CREATE TABLE n (id int PRIMARY KEY);');
SELECT pg_temp.lint('adding-serial-primary-key-field', 'ALTER TABLE pt ADD PRIMARY KEY (id);');
SELECT pg_temp.lint('disallowed-unique-constraint', 'ALTER TABLE t ADD UNIQUE (a);');
SELECT pg_temp.lint('disallowed-unique-constraint', 'ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (a, b);');
SELECT pg_temp.lint('disallowed-unique-constraint', 'ALTER TABLE t ADD COLUMN z int UNIQUE DEFERRABLE;');
SELECT pg_temp.lint('disallowed-unique-constraint', 'CREATE UNIQUE INDEX CONCURRENTLY i ON t(a); ALTER TABLE t ADD UNIQUE USING INDEX i;');
SELECT pg_temp.lint('disallowed-unique-constraint', 'ALTER TABLE empty ADD UNIQUE (a); CREATE TABLE n (a int UNIQUE);');
SELECT pg_temp.lint('disallowed-unique-constraint', 'ALTER TABLE missing ADD UNIQUE (a);', 'large');
SELECT pg_temp.lint('disallowed-unique-constraint', 'ALTER TABLE t ADD COLUMN z int, ADD UNIQUE (z);');
SELECT pg_temp.lint('disallowed-unique-constraint', 'ALTER TABLE ONLY pt ADD UNIQUE (id);');

--
-- primary-key-using-index-nullable
--
CREATE UNIQUE INDEX nopk_a ON nopk (a);
CREATE UNIQUE INDEX nopk_id ON nopk (id);
SELECT pg_temp.lint('primary-key-using-index-nullable', 'ALTER TABLE nopk ADD CONSTRAINT k PRIMARY KEY USING INDEX nopk_a;');
SELECT pg_temp.lint('primary-key-using-index-nullable', 'ALTER TABLE nopk ADD CONSTRAINT k PRIMARY KEY USING INDEX nopk_id;');
ALTER TABLE nopk ADD CONSTRAINT nn CHECK (a IS NOT NULL) NOT VALID;
SELECT pg_temp.lint('primary-key-using-index-nullable', 'ALTER TABLE nopk ADD CONSTRAINT k PRIMARY KEY USING INDEX nopk_a;');
ALTER TABLE nopk VALIDATE CONSTRAINT nn;
SELECT pg_temp.lint('primary-key-using-index-nullable', 'ALTER TABLE nopk ADD CONSTRAINT k PRIMARY KEY USING INDEX nopk_a;');

--
-- adding-exclusion-constraint, volatile-check-constraint
--
SELECT pg_temp.lint('adding-exclusion-constraint', 'ALTER TABLE p ADD EXCLUDE USING gist (r WITH &&);');
SELECT pg_temp.lint('adding-exclusion-constraint', 'CREATE TABLE n (r int4range, EXCLUDE USING gist (r WITH &&)); ALTER TABLE n ADD EXCLUDE USING gist (r WITH &&);');
CREATE FUNCTION stable() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
SELECT pg_temp.lint('volatile-check-constraint', 'ALTER TABLE t ADD CHECK (ts < now()) NOT VALID;');
SELECT pg_temp.lint('volatile-check-constraint', $$ALTER TABLE t ADD CHECK (ts < '2100-01-01' AND lower(b) = b) NOT VALID;$$);
SELECT pg_temp.lint('volatile-check-constraint', 'CREATE TABLE n (d date CHECK (d < current_date), a int, CONSTRAINT k CHECK (a > stable()), CHECK (a > 0));');
SELECT pg_temp.lint('volatile-check-constraint', 'ALTER TABLE t ADD COLUMN z timestamptz CHECK (z > localtimestamp OR a > 0);');
SELECT pg_temp.lint('volatile-check-constraint', 'ALTER TABLE t ADD CHECK (missing(a)) NOT VALID;');

--
-- adding-foreign-key-constraint
--
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p(id);');
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p(id) NOT VALID;');
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE c ADD CONSTRAINT "FK" FOREIGN KEY (pid) REFERENCES regress_lint_constraints.p ON DELETE SET NULL DEFERRABLE, ADD COLUMN z int;');
-- a new column without a default is not looked up
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE c ADD COLUMN z bigint REFERENCES p;');
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE c ADD COLUMN z bigint DEFAULT 1 CONSTRAINT k REFERENCES p (id) ON DELETE CASCADE NOT NULL;');
-- the relations decide
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE empty ADD FOREIGN KEY (id) REFERENCES p; CREATE TABLE n (id bigint REFERENCES p); ALTER TABLE n ADD FOREIGN KEY (id) REFERENCES p; ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES missing;');
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES missing;', 'large');
SET migrate.lint_small_table = '10 rows';
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES t;');
ANALYZE;
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (pid) REFERENCES p;');
SET migrate.lint_small_table = '0 rows';
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE pt1 ADD CONSTRAINT k FOREIGN KEY (pid) REFERENCES p NOT VALID; ALTER TABLE pt2 ADD CONSTRAINT k FOREIGN KEY (pid) REFERENCES p NOT VALID; COMMIT; ALTER TABLE pt1 VALIDATE CONSTRAINT k; ALTER TABLE pt2 VALIDATE CONSTRAINT k; ALTER TABLE pt ADD CONSTRAINT k FOREIGN KEY (pid) REFERENCES p;');
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE pt1 ADD CONSTRAINT k FOREIGN KEY (pid) REFERENCES p NOT VALID; COMMIT; ALTER TABLE pt1 VALIDATE CONSTRAINT k; ALTER TABLE pt ADD CONSTRAINT k FOREIGN KEY (pid) REFERENCES p;') AS line LIMIT 2;

--
-- create-table-with-foreign-key
--
SELECT pg_temp.lint('create-table-with-foreign-key', 'CREATE TABLE n(p_id bigint REFERENCES p, q_id bigint REFERENCES q);');
SELECT pg_temp.lint('create-table-with-foreign-key', 'CREATE TABLE n(p_id bigint NOT NULL CONSTRAINT k REFERENCES p ON DELETE CASCADE, q_id bigint, CHECK (p_id > q_id), FOREIGN KEY (q_id) REFERENCES q, UNIQUE (q_id)) WITH (fillfactor = 70);');
SELECT pg_temp.lint('create-table-with-foreign-key', 'CREATE TABLE n(p_id bigint REFERENCES p); CREATE TABLE m (p_id bigint);');
SELECT pg_temp.lint('create-table-with-foreign-key', 'CREATE TABLE n(p_id bigint REFERENCES p); ALTER TABLE t ALTER a SET NOT NULL;');
SELECT pg_temp.lint('create-table-with-foreign-key', 'CREATE TABLE n(p_id bigint REFERENCES p); COMMIT; ALTER TABLE t ALTER a SET NOT NULL;');
SELECT pg_temp.lint('create-table-with-foreign-key', 'CREATE TABLE m (id int PRIMARY KEY); CREATE TABLE n(m_id int REFERENCES m, p_id bigint REFERENCES p);');

--
-- drop-foreign-key-locks-both
--
ALTER TABLE c ADD CONSTRAINT c_pid_fkey FOREIGN KEY (pid) REFERENCES p NOT VALID;
SELECT pg_temp.lint('drop-foreign-key-locks-both', 'ALTER TABLE c DROP CONSTRAINT c_pid_fkey; ALTER TABLE t ALTER a SET NOT NULL;');
SELECT pg_temp.lint('drop-foreign-key-locks-both', 'ALTER TABLE c DROP COLUMN pid; ALTER TABLE t ALTER a SET NOT NULL;');
SELECT pg_temp.lint('drop-foreign-key-locks-both', 'DROP TABLE c; ALTER TABLE t ALTER a SET NOT NULL;');
SELECT pg_temp.lint('drop-foreign-key-locks-both', 'ALTER TABLE c DROP CONSTRAINT c_pid_fkey;');
SELECT pg_temp.lint('drop-foreign-key-locks-both', 'ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE c DROP CONSTRAINT c_pid_fkey; ALTER TABLE t ADD COLUMN z int;');
SELECT pg_temp.lint('drop-foreign-key-locks-both', 'ALTER TABLE c DROP COLUMN qid; ALTER TABLE t ALTER a SET NOT NULL;');

--
-- foreign-key-missing-index
--
SELECT pg_temp.lint('foreign-key-missing-index', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;');
SELECT pg_temp.lint('foreign-key-missing-index', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID; CREATE INDEX CONCURRENTLY i ON c(pid, qid);');
SELECT pg_temp.lint('foreign-key-missing-index', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID; CREATE INDEX CONCURRENTLY i ON c(qid, pid); CREATE INDEX j ON c(pid) WHERE qid > 0;');
SELECT pg_temp.lint('foreign-key-missing-index', 'CREATE TABLE n (p_id bigint REFERENCES p, q_id bigint UNIQUE REFERENCES q);');
SELECT pg_temp.lint('foreign-key-missing-index', 'CREATE TABLE n (p_id bigint REFERENCES p); DROP TABLE n;');
SELECT pg_temp.lint('foreign-key-missing-index', 'ALTER TABLE pt ADD COLUMN "Q" bigint REFERENCES q;');
SET migrate.lint_small_table = '10 rows';
SELECT pg_temp.lint('foreign-key-missing-index', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;');
SET migrate.lint_small_table = '0 rows';

--
-- multiple-foreign-keys-in-transaction, foreign-key-without-on-delete
--
SELECT pg_temp.lint('multiple-foreign-keys-in-transaction', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID, ADD FOREIGN KEY (qid) REFERENCES q NOT VALID;');
SELECT pg_temp.lint('multiple-foreign-keys-in-transaction', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID; ALTER TABLE c ADD COLUMN z int, ADD FOREIGN KEY (qid) REFERENCES q NOT VALID;');
SELECT pg_temp.lint('multiple-foreign-keys-in-transaction', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID; COMMIT; ALTER TABLE c ADD FOREIGN KEY (qid) REFERENCES q NOT VALID;');
SELECT pg_temp.lint('multiple-foreign-keys-in-transaction', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID, ADD FOREIGN KEY (qid) REFERENCES p NOT VALID; CREATE TABLE n (id int PRIMARY KEY); ALTER TABLE c ADD COLUMN z int REFERENCES n;');
SELECT pg_temp.lint('foreign-key-without-on-delete', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;');
SET migrate.lint_enable = 'foreign-key-without-on-delete';
SELECT pg_temp.lint('foreign-key-without-on-delete', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;');
SELECT pg_temp.lint('foreign-key-without-on-delete', 'ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p ON UPDATE CASCADE ON DELETE NO ACTION; CREATE TABLE n (p_id bigint REFERENCES p ON DELETE RESTRICT);');
RESET migrate.lint_enable;

--
-- A set of migrations is judged as one
--
SELECT migrate.register('1', 'a', 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE c ADD CONSTRAINT l FOREIGN KEY (qid) REFERENCES q NOT VALID;'),
	migrate.register('2', 'b', 'ALTER TABLE t VALIDATE CONSTRAINT k; CREATE TABLE n (id int PRIMARY KEY);'),
	migrate.register('3', 'c', 'CREATE INDEX CONCURRENTLY i ON c (qid); ALTER TABLE n ADD CHECK (id > 0); ALTER TABLE n ADD UNIQUE (id);') \g /dev/null
SELECT version, statement, line, col, rule, severity, rewrite FROM migrate.lint() WHERE rule ~ 'valid|foreign|unique' ORDER BY version, rewrite;

--
-- Names that need quotes
--
CREATE TABLE "sel""ect" ("Ä b" int, "x'y" int);
INSERT INTO "sel""ect" VALUES (1, 1);
SELECT pg_temp.lint('constraint-missing-not-valid', 'ALTER TABLE "sel""ect" ADD COLUMN "Z z" int CHECK ("Z z" > 0);');
SELECT pg_temp.lint('disallowed-unique-constraint', 'ALTER TABLE "sel""ect" ADD UNIQUE ("Ä b", "x''y");');
SELECT pg_temp.lint('adding-foreign-key-constraint', 'ALTER TABLE "sel""ect" ADD FOREIGN KEY ("Ä b") REFERENCES "sel""ect" ("x''y");');
SELECT pg_temp.lint('foreign-key-missing-index', 'ALTER TABLE "sel""ect" ADD FOREIGN KEY ("Ä b") REFERENCES "sel""ect" ("x''y") NOT VALID;');

DROP SERVER regress_lint CASCADE;
DROP FOREIGN DATA WRAPPER regress_lint;

DROP EXTENSION migrate CASCADE;
DROP SCHEMA regress_lint_constraints CASCADE;
