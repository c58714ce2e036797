# dry_run(): what pending scripts really do is found out in a transaction that
# is rolled back: exact in what it tells, and nothing of it stays.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# with wal_level minimal a rewrite is not in the WAL
my $node = new_server('dry_run', conf => "restart_after_crash = on\nwal_level = replica");
my $db = 'd';
my ($rows, $error, $name);

new_database($node, $db);
$node->safe_psql($db, <<'SQL');
CREATE TABLE customers (id int PRIMARY KEY);
INSERT INTO customers SELECT generate_series(0, 9);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer int, note varchar(20));
INSERT INTO orders (customer, note) SELECT i % 10, 'n' || i FROM generate_series(1, 1000) i;
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER audit AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit();
CREATE TYPE mood AS ENUM ('calm');
CREATE TABLE lines (id int PRIMARY KEY, item int REFERENCES customers DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION takes_lock() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(5); END';
SQL

# All that a dry run could leave: objects, files, settings, states, records.
my $everything = <<'SQL';
SELECT 'classes ' || md5(string_agg(concat_ws(' ', oid, relname, relfilenode, reltablespace), ',' ORDER BY oid)) FROM pg_class;
SELECT 'attributes ' || md5(string_agg(concat_ws(' ', attrelid, attnum, attname, atttypid), ',' ORDER BY attrelid, attnum)) FROM pg_attribute;
SELECT 'constraints ' || md5(string_agg(concat_ws(' ', oid, conname), ',' ORDER BY oid)) FROM pg_constraint;
SELECT 'enum ' || string_agg(enumlabel, ',' ORDER BY oid) FROM pg_enum;
SELECT 'rows ' || md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o;
SELECT 'states ' || string_agg(version || state || coalesce(note, ''), ',') FROM migrate.status();
SELECT 'recorded ' || count(*) FROM (SELECT run FROM migrate.run UNION ALL SELECT run FROM migrate.event
  UNION ALL SELECT run FROM migrate.step UNION ALL SELECT run FROM migrate.attempt) x;
SELECT 'prepared ' || count(*) FROM pg_prepared_xacts;
SQL

# Forgets what is stored and stores these scripts, versions 1, 2, ...
sub store
{
	my @scripts = @_;
	my $n = 0;

	$node->safe_psql($db, "SELECT migrate.unregister(version) FROM migrate.status()");
	register($node, $db, map { [ ++$n, "m$n", $_ ] } @scripts);
	return;
}

# What dry_run() returns for columns, as text; and its messages.
sub dry_run
{
	my ($columns, $arguments) = @_;
	my $session = session($node, $db);
	my ($out, $err) = $session->query("SELECT $columns FROM migrate.dry_run(@{[$arguments // '']})");

	$session->quit;
	return ($out, $err);
}

# One test: afterwards all is as it was.
sub leaves_nothing
{
	my ($before, $what) = @_;

	is_clean($node, $db, $what);
	is($node->safe_psql($db, $everything), $before, "$what: nothing of it stays");
	return;
}

#
# What statements do
#
$name = 'statements';
store(<<'ONE', <<'TWO');
ALTER TABLE orders ADD COLUMN a int;
ALTER TABLE orders ALTER COLUMN customer TYPE bigint;
UPDATE orders SET note = 'x' WHERE id <= 10;
CREATE INDEX orders_customer ON orders (customer);
CREATE TABLE t (id serial PRIMARY KEY, x int CHECK (x > 0), c int REFERENCES customers);
INSERT INTO t (x) SELECT generate_series(1, 5);
DROP TABLE t;
ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers;
ONE
SELECT count(*) FROM orders;
ALTER TABLE orders RENAME TO renamed;
TRUNCATE renamed;
CREATE VIEW v AS SELECT * FROM renamed;
CREATE OR REPLACE VIEW v AS SELECT * FROM renamed WHERE id > 1;
COMMENT ON VIEW v IS 'v';
TWO
my $before = $node->safe_psql($db, $everything);
my $wal = $node->safe_psql($db, "SELECT pg_current_wal_lsn()");
($rows, $error) = dry_run("version, step, statement, outcome, rows");
is($rows, <<'END' =~ s/\n\z//r, "$name: a row for each");
1|1|1|traced|0
1|1|2|traced|0
1|1|3|traced|10
1|1|4|traced|0
1|1|5|traced|0
1|1|6|traced|5
1|1|7|traced|0
1|1|8|traced|0
2|1|1|traced|0
2|1|2|traced|0
2|1|3|traced|0
2|1|4|traced|0
2|1|5|traced|0
2|1|6|traced|0
END
like($error, qr/^NOTICE:  00000: dry run of 2 migrations, rolled back at the end\nDETAIL:  Its locks are real and are kept until the end\.  It waits for none longer than 100 ms\.$/m,
	"$name: it says what it does");
leaves_nothing($before, $name);

# What is only read, indexes too, is left out here.
($rows, $error) = dry_run(q{version, statement, regexp_replace(locks::text, ',?"ACCESS SHARE on[^"]*"', '', 'g')});
is($rows, <<'END' =~ s/\n\z//r, "$name: locks");
1|1|{"ACCESS EXCLUSIVE on public.orders"}
1|2|{"ACCESS EXCLUSIVE on public.orders (held already)","ACCESS EXCLUSIVE on public.orders_pkey","SHARE on public.orders"}
1|3|{"ROW EXCLUSIVE on public.orders","ROW EXCLUSIVE on public.orders_pkey"}
1|4|{"SHARE on public.orders (held already)"}
1|5|{"SHARE ROW EXCLUSIVE on public.customers"}
1|6|{"ROW EXCLUSIVE on public.t"}
1|7|{"ACCESS EXCLUSIVE on public.customers","ACCESS EXCLUSIVE on public.t (held already)","ACCESS EXCLUSIVE on public.t_id_seq (held already)","ACCESS EXCLUSIVE on public.t_pkey (held already)"}
1|8|{"SHARE ROW EXCLUSIVE on public.customers (held already)","SHARE ROW EXCLUSIVE on public.orders","ROW SHARE on public.customers"}
2|1|{}
2|2|{"ACCESS EXCLUSIVE on public.orders"}
2|3|{"ACCESS EXCLUSIVE on public.orders_customer","ACCESS EXCLUSIVE on public.orders_pkey","ACCESS EXCLUSIVE on public.renamed (held already)","SHARE on public.renamed"}
2|4|{}
2|5|{"ACCESS EXCLUSIVE on public.v (held already)"}
2|6|{"SHARE UPDATE EXCLUSIVE on public.v"}
END

my $renamed = q{regexp_replace(rewrites::text, 'file \d+ to \d+', 'file', 'g')};
($rows, $error) = dry_run("version, statement, $renamed, scans, objects, triggers");
is($rows, <<'END' =~ s/\n\z//r, "$name: rewrites, scans, objects, triggers");
1|1|||{"created table column public.orders.a"}|
1|2|{"public.orders (file)","public.orders_pkey (file)"}|{"public.orders (2000 rows)"}|{"changed table column public.orders.customer","changed table public.orders"}|
1|3||{"public.orders (1000 rows)"}||{"trigger audit on public.orders (10 times)"}
1|4||{"public.orders (1010 rows)"}|{"created index public.orders_customer"}|
1|5|||{"created sequence public.t_id_seq","created table public.t","created index public.t_pkey"}|
1|6||||{"constraint t_c_fkey on public.t (5 times)"}
1|7|||{"dropped index public.t_pkey","dropped sequence public.t_id_seq","dropped table public.t"}|
1|8||{"public.customers (10 rows)","public.orders (1000 rows)"}|{"created table constraint orders_customer_fkey on public.orders"}|
2|1||{"public.orders (1000 rows)"}||
2|2|||{"changed table public.orders"}|
2|3|||{"truncated table public.renamed"}|
2|4|||{"created view public.v"}|
2|5|||{"changed view public.v"}|
2|6|||{"changed view public.v"}|
END

# A rewrite writes the table and its index, a look at a table nothing.
($rows, $error) = dry_run("version, statement, wal_bytes > 50000, wal_bytes = 0, buffers_hit + buffers_read > 0,"
	  . " elapsed > '0' AND elapsed < '10 s', (exclusive->>'public.orders')::float > 0");
is((split /\n/, $rows)[0], '1|1|f|f|t|t|t', "$name: how long the table is locked");
is((split /\n/, $rows)[1], '1|2|t|f|t|t|', "$name: a rewrite in WAL, buffers and time");
is((split /\n/, $rows)[8], '2|1|f|t|t|t|', "$name: a look at a table writes nothing");
is((split /\n/, $rows)[9], '2|2|f|f|t|t|t', "$name: the next transaction locks anew");

($rows, $error) = dry_run('exclusive, elapsed', "'1'");
my ($first) = (split /\n/, $rows)[0] =~ /"public.orders": ([\d.]+)/;
my $sum = 0;
foreach (split /\n/, $rows)
{
	$sum += 1000 * (3600 * $1 + 60 * $2 + $3) if /\|(\d+):(\d+):([\d.]+)$/;
}
ok(abs($first - $sum) < 0.01, "$name: locked for as long as the statements take: $first, $sum ms");
is(scalar(split /\n/, $rows), 8, "$name: up to the target");
like($error, qr/^NOTICE:  00000: running-statement-while-holding-access-exclusive: reads 10 rows of public\.customers for [\d.]+ ms while public\.orders is locked against everyone\nDETAIL:  Statement 8 of migration "1 m1", line 8\.$/m,
	"$name: a finding");
leaves_nothing($before, "$name, again");

#
# A session for each script, and transactions as apply() would have them
#
$name = 'sessions and transactions';
store(<<'ONE', <<'TWO', 'SELECT 1');
ALTER TYPE mood ADD VALUE 'glad';
CREATE TABLE moods (m mood);
INSERT INTO moods VALUES ('glad');
SET LOCAL work_mem = '1234kB';
SET maintenance_work_mem = '2345kB';
CREATE TEMP TABLE tt (x int) ON COMMIT DROP;
DO 'BEGIN COMMIT; END';
CREATE TEMP TABLE tt (x int) ON COMMIT DROP;
DO $$ BEGIN ASSERT current_setting('work_mem') <> '1234kB' AND current_setting('maintenance_work_mem') = '2345kB'; END $$;
SET search_path = pg_catalog;
SET ROLE pg_monitor;
ONE
DO $$ BEGIN ASSERT current_user = 'postgres' AND current_setting('maintenance_work_mem') <> '2345kB'
  AND current_setting('search_path') ~ 'public' AND to_regclass('pg_temp.tt') IS NULL; END $$;
BEGIN;
CREATE TABLE copied (a int);
COPY copied FROM stdin WITH (FREEZE);
1
2
\.
COMMIT;
CREATE INDEX CONCURRENTLY orders_note ON orders (note);
ALTER TABLE orders ADD CONSTRAINT unique_note UNIQUE USING INDEX orders_note;
ALTER TABLE orders DROP CONSTRAINT unique_note;
ALTER TABLE lines ADD x int;
INSERT INTO lines VALUES (1, -1);
TWO
$before = $node->safe_psql($db, $everything);
($rows, $error) = dry_run('version, step, statement, outcome, rows, note');
is($rows, <<'END' =~ s/\n\z//r, "$name: the rows");
1|1|1|traced|0|
1|1|2|traced|0|
1|1|3|predicted||needs a commit in between; apply() does that
1|1|4|traced|0|
1|1|5|traced|0|
1|1|6|traced|0|
1|1|7|predicted||commits; apply() runs it outside a transaction
1|1|8|traced|0|
1|1|9|traced|0|
1|1|10|traced|0|
1|1|11|traced|0|
2|1|1|traced|0|
2|2|3|traced|0|
2|2|4|traced|2|
2|3|6|predicted||cannot run in a transaction block; apply() runs it outside
2|4|7|skipped||depends on statement 6 of migration "2 m2", which cannot run here (42704: index "orders_note" does not exist)
2|4|8|skipped||depends on statement 7 of migration "2 m2", which cannot run here (42704: constraint "unique_note" of relation "orders" does not exist)
2|4|9|traced|0|
2|4|10|traced|1|
2|4||failed||23503: insert or update on table "lines" violates foreign key constraint "lines_item_fkey". Key (item)=(-1) is not present in table "customers".
3|1|1|skipped||not reached, as the commit of step 4 of migration "2 m2" failed
END
leaves_nothing($before, $name);

#
# A failure
#
$name = 'failure';
store("SELECT 1;\n\nSELECT 1 /\n0;\nSELECT 2", 'SELECT 3');
$before = $node->safe_psql($db, $everything);
($rows, $error) = dry_run('version, statement, line, outcome, note');
is($rows, <<'END' =~ s/\n\z//r, "$name: it and the rest");
1|1|1|traced|
1|2|3|failed|22012: division by zero
1|3|5|skipped|not reached, as statement 2 of migration "1 m1" failed
2|1|1|skipped|not reached, as statement 2 of migration "1 m1" failed
END
unlike($error, qr/^ERROR/m, "$name: the call succeeds");
store("SELECT 1,\nno_such_column");
is((dry_run('line, note'))[0], '2|42703: column "no_such_column" does not exist', "$name: the line of the error");
store('SELECT migrate.apply()');
like((dry_run('outcome, note'))[0], qr/^failed\|55000: migrate\.apply\(\) cannot be called by a migration script/,
	"$name: scripts do not drive the machine");
store('SELECT migrate.apply();');
leaves_nothing($node->safe_psql($db, $everything), $name);

#
# Findings
#
$name = 'findings';
store(<<'ONE');
ALTER TABLE orders ALTER id TYPE numeric;
ALTER TABLE orders ADD CHECK (customer >= 0);
ALTER TABLE orders ADD CONSTRAINT noted CHECK (note <> '') NOT VALID;
CREATE TABLE items (id int PRIMARY KEY, customer int REFERENCES customers);
CREATE INDEX ON items (customer);
CREATE TABLE parcels (id int PRIMARY KEY, customer int REFERENCES customers);
CREATE TABLE parts (a int) PARTITION BY RANGE (a);
CREATE TABLE part PARTITION OF parts DEFAULT;
CREATE INDEX parts_a ON ONLY parts (a);
ONE
($rows, $error) = dry_run('1');
is(join("\n", map { s/^NOTICE:  00000: //r } grep { /^NOTICE:  00000: \w+-\w+/ } split /\n/, $error), <<'END' =~ s/\n\z//r, "$name: all of them");
multiple-alter-table: goes through public.orders once more after statement 1; one ALTER TABLE goes through it once
foreign-key-missing-index: a DELETE or UPDATE of public.customers scans public.parcels for each row, as no index begins with the columns of parcels_customer_fkey
constraint-left-not-valid: leaves constraint noted NOT VALID: rows that are there already are not checked
invalid-index-left-behind: leaves index parts_a invalid: no query uses it
END
foreach (
	[ 'made again', 'ALTER TABLE customers ALTER id TYPE bigint' ],
	[ 'there before', 'ALTER TABLE lines ADD COLUMN y int; ALTER TABLE lines ADD COLUMN z int' ])
{
	my ($what, $script) = @$_;

	store($script);
	unlike((dry_run('1'))[1], qr/foreign-key/, "$name: a foreign key that is $what is not new");
}
store("SELECT 1;\nALTER TABLE lines ADD COLUMN y int REFERENCES customers;\nALTER TABLE lines ADD COLUMN z int");
like((dry_run('1'))[1], qr/^NOTICE:  00000: foreign-key-missing-index: .*lines_y_fkey\nDETAIL:  Statement 2 of migration "1 m1", line 2\.\n(?!.*foreign-key)/ms,
	"$name: one that came with a column, at the statement that made it");

# What has no hook of its own, too.
$name = 'objects';
$node->safe_psql($db, <<'SQL');
CREATE ROLE other;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
SQL
foreach (
	[ "COMMENT ON COLUMN orders.note IS 'n'", 'changed table column public.orders.note' ],
	[ "COMMENT ON FUNCTION f(int) IS 'f'", 'changed function public.f(integer)' ],
	[ "COMMENT ON CONSTRAINT orders_pkey ON orders IS 'k'", 'changed table constraint orders_pkey on public.orders' ],
	[ 'GRANT SELECT (id), UPDATE ON orders, customers TO other', 'changed table public.orders; changed table public.customers' ],
	[ 'REVOKE ALL ON FUNCTION f(int) FROM PUBLIC', 'changed function public.f(integer)' ],
	[ 'GRANT USAGE ON SCHEMA public TO other', 'changed schema public' ],
	[ 'GRANT USAGE ON TYPE mood TO other', 'changed type public.mood' ],
	[ 'ALTER TABLE orders OWNER TO other', 'changed index public.orders_pkey; changed sequence public.orders_id_seq; changed table public.orders' ],
	[ 'ALTER FUNCTION f(int) OWNER TO other', 'changed function public.f(integer)' ],
	[ 'CREATE POLICY p ON orders', 'created policy p on public.orders' ],
	[ 'ALTER TABLE orders ALTER note SET DEFAULT 1', 'changed table column public.orders.note' ],
	[ 'ALTER TABLE orders ENABLE ROW LEVEL SECURITY', 'changed table public.orders' ])
{
	my ($statement, $objects) = @$_;

	store($statement);
	($rows, $error) = dry_run("array_to_string(objects, '; ')");
	is($rows, $objects, "$name: $statement");
	unlike($error, qr/^(ERROR|WARNING)/m, "$name: $statement: without an error");
}
$node->safe_psql($db, 'DROP ROLE other; DROP FUNCTION f');

#
# Who waits for how long
#
$name = 'unwritable';
store("CREATE INDEX ON orders (note);\nALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers NOT VALID;\nALTER TABLE orders ADD y int");
($rows, $error) = dry_run('unwritable, exclusive, elapsed');
my @waits = map { [ map { s/[1-9]\d*\.\d+|0\.\d*[1-9]\d*/N/gr } (split /\|/)[ 0, 1 ] ] } split /\n/, $rows;
is_deeply(
	\@waits,
	[ [ '{"public.orders": N}', '' ], [ '{"public.orders": N, "public.customers": N}', '' ], [ '', '{"public.orders": N}' ] ],
	"$name: read, but not written");
my @unwritable = $rows =~ /^\{"public.orders": ([\d.]+)/mg;
cmp_ok($unwritable[0], '>', $unwritable[1], "$name: until the end of the transaction");

#
# What no rollback undoes
#
$name = 'irreversible';
foreach (
	[ 'SELECT pg_advisory_lock(3)', 'pg_advisory_lock()' ],
	[ "CREATE TABLE x AS SELECT pg_create_logical_replication_slot('a', 'b')", 'pg_create_logical_replication_slot()' ],
	[ "COPY orders TO PROGRAM 'cat'", 'COPY TO PROGRAM' ],
	[ "COPY orders FROM PROGRAM 'cat'", 'COPY FROM PROGRAM' ],
	[ "COPY (SELECT 1) TO '/nowhere'", 'COPY TO a file' ],
	[ 'WITH x AS (SELECT 1 WHERE pg_terminate_backend(1)) SELECT * FROM x', 'pg_terminate_backend()' ])
{
	my ($script, $what) = @$_;

	store("CREATE TABLE before_it (a int);\n$script");
	($rows, $error) = dry_run('outcome');
	like($error, qr/^ERROR:  0A000: \Q$what\E cannot be part of a dry run$/m, "$name: $what");
	like($error, qr/^DETAIL:  Statement 2 of migration "1 m1", line 2: it .*, which no rollback undoes\.  Nothing was run\.\nHINT:  To run it all the same, run SELECT migrate\.dry_run\(force => true\);$/m,
		"$name: where, and what then");
	unlike($error, qr/^NOTICE:  00000: dry run/m, "$name: before anything runs");
}
foreach (
	[ 'SELECT takes_lock()', 'pg_advisory_lock()' ],
	[ 'DO $$ BEGIN PERFORM lo_export(1, $x$x$x$); END $$', 'lo_export()' ],
	[ 'DO $$ BEGIN EXECUTE $x$COPY orders TO PROGRAM $y$cat$y$$x$; END $$' =~ s/\$y\$/''/gr =~ s/\$x\$/'/gr, 'COPY TO PROGRAM' ])
{
	my ($script, $what) = @$_;

	store("$script;\nSELECT 1");
	($rows, $error) = dry_run('outcome, note');
	like($rows, qr/^failed\|0A000: \Q$what\E cannot be part of a dry run\. It .*, which no rollback undoes\. Call dry_run with force => true to run it all the same\.\nskipped/,
		"$name: $what inside a function");
}
store('SELECT takes_lock(); SELECT 1');
is((dry_run('outcome', 'force => true'))[0], "traced\ntraced", "$name: forced");
is_sql($node, $db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 0", '0', "$name: the process takes its lock along");

$node->safe_psql($db, <<'SQL');
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE far_away (a int) SERVER far;
SQL
store('INSERT INTO far_away VALUES (1)');
like((dry_run('outcome'))[1], qr/^ERROR:  0A000: writing to foreign table "far_away" cannot/m, "$name: a foreign table");
store('DO $$ BEGIN INSERT INTO far_away VALUES (1); END $$');
like((dry_run('outcome, note'))[0], qr/^failed\|0A000: writing to foreign table "far_away" cannot/, "$name: a foreign table inside DO");
$node->safe_psql($db, 'DROP EXTENSION postgres_fdw CASCADE');

$name = 'sequences';
my $last = $node->safe_psql($db, 'SELECT last_value FROM orders_id_seq');
store("INSERT INTO orders (customer) VALUES (1), (2), (3);\nCREATE TABLE own (a serial);\nINSERT INTO own DEFAULT VALUES");
($rows, $error) = dry_run('rows');
is($rows, "3\n0\n1", "$name: rows");
like($error, qr/^NOTICE:  00000: sequences will move, and no rollback moves them back: public\.orders_id_seq$/m, "$name: said before");
like($error, qr/^NOTICE:  00000: sequences have moved, and stay where they are: public\.orders_id_seq$/m, "$name: and after");
is_sql($node, $db, 'SELECT last_value FROM orders_id_seq', $last + 3, "$name: it has moved");
is_sql($node, $db, 'SELECT count(*) FROM orders', 1000, "$name: the rows are gone");

#
# Size
#
$name = 'size';
store("ALTER TABLE orders ADD b int DEFAULT 1;\nUPDATE orders SET note = 'y'");
my $session = session($node, $db);
$session->query("SET migrate.dry_run_max_size = '8kB'");
($rows, $error) = $session->query('SELECT outcome FROM migrate.dry_run()');
like($error, qr/^ERROR:  54000: too much data for a dry run: \d+ kB in public\.orders(?: and others)?\nDETAIL:  Statement 2 of migration "1 m1", line 2, would go through it.*Nothing was run\.\nHINT:  .*force => true/m,
	"$name: refused");
is($session->query('SELECT outcome, rows FROM migrate.dry_run(force => true)'), "traced|0\ntraced|1000", "$name: forced");
$session->query('SET migrate.dry_run_max_size = 0');
is($session->query('SELECT rows FROM migrate.dry_run()'), "0\n1000", "$name: no limit");
$session->quit;

#
# Others
#
$name = 'a lock that another session holds';
store("ALTER TABLE customers ADD z int;\nSET lock_timeout = '1h';\nALTER TABLE orders ADD z int;\nSELECT 1");
$before = $node->safe_psql($db, $everything);
my $gate = session($node, $db);
my $pid = $gate->pid;
$gate->query('BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE');
($rows, $error) = dry_run("outcome, elapsed < '5 s', note");
like($rows, qr/^traced\|t\|\ntraced\|t\|\nfailed\|t\|55P03: canceling statement due to lock timeout\. Waited for AccessExclusiveLock on relation public\.orders, held by pid $pid\.\nPid $pid is a client backend of role "postgres"/,
	"$name: named and not waited for");

# Nor does it wait longer because something inside of a statement says so.
$node->safe_psql($db, <<'SQL');
CREATE FUNCTION patient() RETURNS void LANGUAGE plpgsql SET lock_timeout = '1h' AS 'BEGIN ALTER TABLE orders ADD z int; END';
SQL
foreach (
	q(DO $$BEGIN SET lock_timeout = '1h'; ALTER TABLE orders ADD z int; END$$),
	q(DO $$BEGIN SET LOCAL lock_timeout = 0; LOCK TABLE orders; END$$),
	q(DO $$BEGIN PERFORM set_config('lock_timeout', '1h', false); EXECUTE 'TRUNCATE orders'; END$$),
	q(SELECT patient()))
{
	store($_);
	($rows, $error) = dry_run("outcome, elapsed < '5 s', note");
	like($rows, qr/^failed\|t\|55P03: canceling statement due to lock timeout\. Waited for AccessExclusiveLock/, "$name: $_");
}
$gate->query('ROLLBACK');
$node->safe_psql($db, 'DROP FUNCTION patient');
store('SELECT 1');
leaves_nothing($node->safe_psql($db, $everything), $name);

# A dry run that stays in its last statement until the gate opens.
sub begin_case
{
	store("ALTER TABLE orders ADD z int;\nINSERT INTO customers VALUES (77);\nSELECT pg_advisory_xact_lock(1);\n");
	$before = $node->safe_psql($db, $everything);
	$gate->query('SELECT pg_advisory_lock(1)');
	my $caller = session($node, $db);
	$caller->start("SELECT outcome FROM migrate.dry_run(lock_timeout => '0')");
	return ($caller, wait_for_runner($node, $db, 'pg_advisory_xact_lock'));
}

$name = 'a run and a dry run';
my ($caller, $runner) = begin_case();
($rows, $error) = $gate->query('SELECT * FROM migrate.apply(wait_for_lock => false)');
like($error, qr/^ERROR:  55P03: another run is under way$/m, "$name: never at the same time");
my $second = session($node, $db);
$second->start('SELECT outcome FROM migrate.dry_run()');
ok($second->wait_for(qr/^NOTICE:  00000: waiting for another session that holds the run lock$/m), "$name: the second waits");
$gate->query('SELECT pg_advisory_unlock(1)');
is(($caller->finish)[0], "traced\ntraced\ntraced", "$name: the first");
is(($second->finish)[0], "traced\ntraced\ntraced", "$name: the second");
$_->quit foreach $caller, $second;
leaves_nothing($before, $name);

$name = 'cancel';
($caller, $runner) = begin_case();
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $caller->pid . ')');
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: its error");
$gate->query('SELECT pg_advisory_unlock(1)');
leaves_nothing($before, $name);
is($caller->query('SELECT 1'), '1', "$name: the session goes on");
$caller->quit;

$name = 'termination of the process';
($caller, $runner) = begin_case();
$node->safe_psql($db, "SELECT pg_terminate_backend($runner)");
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57P01: .*\nHINT:  Nothing of it is kept\.  Call migrate\.dry_run\(\) again\.$/m, "$name: its error");
$gate->query('SELECT pg_advisory_unlock(1)');
leaves_nothing($before, $name);
$caller->quit;

# Without its caller a dry run is for nobody: it ends though the gate is closed.
$name = 'termination of the caller';
($caller, $runner) = begin_case();
$node->safe_psql($db, 'SELECT pg_terminate_backend(' . $caller->pid . ')');
wait_until_idle($node);
$gate->query('SELECT pg_advisory_unlock(1)');
leaves_nothing($before, $name);
$caller->quit;

$name = 'time limits';
store("SET statement_timeout = '20ms';\nSELECT pg_sleep(100);\nSELECT 1");
is((dry_run('outcome, note'))[0],
	"traced|\nfailed|57014: canceling statement due to statement timeout\nskipped|not reached, as statement 2 of migration \"1 m1\" failed",
	"$name: the script's own");
$session = session($node, $db);
$session->query("SET statement_timeout = '300ms'");
store("SET statement_timeout = 0;\nSELECT pg_sleep(100)");
($rows, $error) = $session->query('SELECT * FROM migrate.dry_run()');
like($error, qr/^ERROR:  57014: canceling statement due to statement timeout$/m, "$name: the caller's");
$session->quit;

#
# The call
#
$name = 'the call';
store('SELECT 1');
($rows, $error) = $gate->query("BEGIN;\nSELECT * FROM migrate.dry_run();\nROLLBACK");
like($error, qr/^ERROR:  25001: migrate\.dry_run\(\) needs a transaction of its own\nDETAIL:  Nothing was run: it is called inside a transaction block\.\nHINT:  Make the call alone, outside a transaction block\.$/m,
	"$name: in a transaction");
like((dry_run('1', "lock_timeout => '-1s'"))[1], qr/^ERROR:  22023: lock_timeout is out of range$/m, "$name: a negative time");
like((dry_run('1', "'99'"))[1], qr/^ERROR:  42704: migration "99" does not exist/m, "$name: an unknown target");
store();
my $starts = runner_starts($node);
is((dry_run('1'))[0], '', "$name: nothing pending, no rows");
is(runner_starts($node), $starts, "$name: and no process");

# A role that may only call it, and owns its tables.
$node->safe_psql($db, <<'SQL');
CREATE ROLE owner LOGIN;
CREATE ROLE nobody LOGIN;
CREATE SCHEMA theirs AUTHORIZATION owner;
CREATE TABLE theirs.t (a int);
INSERT INTO theirs.t VALUES (1);
ALTER TABLE theirs.t OWNER TO owner;
GRANT EXECUTE ON FUNCTION migrate.dry_run TO owner;
SQL
store("ALTER TABLE theirs.t ALTER a TYPE text;\nCREATE INDEX ON theirs.t (a);\nALTER TABLE orders ADD z int");
$before = $node->safe_psql($db, $everything);
$session = session($node, $db, connstr => $node->connstr($db) . ' user=owner');
is(($session->query('SELECT outcome, rewrites IS NOT NULL, scans, objects, note FROM migrate.dry_run()'))[0],
	<<'END' =~ s/\n\z//r, "$name: by another role");
traced|t|{"theirs.t (1 rows)"}|{"changed table column theirs.t.a","changed table theirs.t"}|
traced|f|{"theirs.t (1 rows)"}|{"created index theirs.t_a_idx"}|
failed|f|||42501: must be owner of table orders
END
$session->quit;
$session = session($node, $db, connstr => $node->connstr($db) . ' user=nobody');
like(($session->query('SELECT * FROM migrate.dry_run()'))[1], qr/^ERROR:  42501: permission denied for function dry_run$/m,
	"$name: by a role without the right");
$session->quit;
leaves_nothing($before, $name);

#
# A crash of the process
#
$name = 'crash';
($caller, $runner) = begin_case();
crash($node, $runner);
leaves_nothing($before, $name);
$_->quit foreach $caller, $gate;

$node->stop;
done_testing();
