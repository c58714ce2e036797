# dry_run() and lint(trace => true) against scripts that mean no good: nothing
# gets past the guard, nothing stays, nobody else is in the way.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('review', conf => "max_connections = 10\nmax_locks_per_transaction = 40\n");
my $db = 'd';
my ($rows, $error, $name);

new_database($node, $db);
$node->safe_psql($db, <<'SQL');
CREATE TABLE t (id int PRIMARY KEY, a int, note text);
INSERT INTO t SELECT i, i % 7, 'n' || i FROM generate_series(1, 500) i;
CREATE TABLE u (id int PRIMARY KEY, t int);
CREATE FUNCTION takes_lock() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock(5); RETURN NULL; END';
INSERT INTO u SELECT i, i FROM generate_series(1, 10) i;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION takes_lock();
SQL

sub store
{
	my @scripts = @_;
	my $n = 0;

	$node->safe_psql($db, "SELECT migrate.unregister(version) FROM migrate.status()");
	register($node, $db, map { [ ++$n, "m$n", $_ ] } @scripts);
	return;
}

# What a query returns in a session of its own, and its messages.
sub query
{
	my ($sql) = @_;
	my $session = session($node, $db);
	my ($out, $err) = $session->query($sql);

	$session->quit;
	return ($out, $err);
}

sub dry_run
{
	my ($columns, $arguments) = @_;

	return query("SELECT $columns FROM migrate.dry_run(@{[$arguments // '']})");
}

sub lint
{
	my ($columns, $arguments) = @_;

	return query("SELECT $columns FROM migrate.lint(@{[$arguments // 'trace => true']})");
}

my $locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";

#
# The guard
#
$name = 'guard';
store('DO $$ BEGIN BEGIN PERFORM pg_advisory_lock(1); EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM pg_advisory_lock(2); END $$');
like((dry_run('outcome, note'))[0], qr/^failed\|0A000: pg_advisory_lock\(\) cannot be part of a dry run/,
	"$name: also after one refusal that was caught");
store("DO \$\$ BEGIN BEGIN PERFORM pg_advisory_lock(1); EXCEPTION WHEN OTHERS THEN NULL; END; CREATE TABLE made (a int); END \$\$;\nSELECT 1");
is((dry_run('outcome, objects, note'))[0],
	"traced|{\"created table public.made\"}|it went on without pg_advisory_lock(), which cannot be part of a dry run\ntraced||",
	"$name: what went on without it says so");
store('INSERT INTO u VALUES (11, 1)');
is((dry_run('outcome, note'))[0],
	"traced|\nfailed|0A000: pg_advisory_lock() cannot be part of a dry run. It takes a lock that outlives the transaction, which no rollback undoes. Call dry_run with force => true to run it all the same.",
	"$name: also in what runs at the commit");
is((dry_run('outcome', 'force => true'))[0], 'traced', "$name: forced");
is_sql($node, $db, $locks, 0, "$name: no lock stays");

#
# Scripts that change who and what the session is
#
$name = 'identity';
$node->safe_psql($db, <<'SQL');
CREATE ROLE low LOGIN;
CREATE ROLE team;
GRANT team TO low;
CREATE SCHEMA teams AUTHORIZATION team;
CREATE TABLE teams.big AS SELECT generate_series(1, 1000) a;
ALTER TABLE teams.big OWNER TO team;
ALTER ROLE low NOINHERIT;
GRANT EXECUTE ON FUNCTION migrate.dry_run, migrate.lint TO low;
SQL
my $who = q{DO $$ BEGIN RAISE NOTICE 'who % % % %', session_user, current_user, current_setting('role'), current_setting('work_mem'); END $$};
store(
	"$who; SET SESSION AUTHORIZATION low; $who; SET work_mem = '77kB'; RESET ALL; COMMIT; SET ROLE team; $who; COMMIT; $who",
	"$who; SET LOCAL ROLE low; $who; COMMIT; $who; SET LOCAL SESSION AUTHORIZATION low; COMMIT; $who",
	"$who; DISCARD ALL; $who");
foreach my $role ('none', 'pg_monitor')
{
	my $session = session($node, $db);

	$session->query("SET ROLE $role") if $role ne 'none';
	$session->query("RESET ROLE; GRANT EXECUTE ON FUNCTION migrate.dry_run TO pg_monitor; SET ROLE $role") if $role ne 'none';
	($rows, $error) = $session->query('SELECT outcome, note FROM migrate.dry_run()');
	my $current = $role eq 'none' ? 'postgres' : $role;
	my @who = $error =~ /who (.*)/g;
	is_deeply(
		[ map { s/ \d+[kM]B$//r } @who ],
		[
			"postgres $current $role", 'low low none', 'low team team', 'low team team',
			"postgres $current $role", "postgres low low", "postgres $current $role", "postgres $current $role",
			"postgres $current $role", "postgres $current $role" ],
		"$name: each transaction as apply() would have it, called as $role");
	is_deeply([ map { (split / /)[-1] } @who ], [ ('4MB') x 10 ], "$name: settings");
	$session->quit;
}
store("SET ROLE team; UPDATE teams.big SET a = a + 1");
my $low = session($node, $db, connstr => $node->connstr($db) . ' user=low');
is(($low->query('SELECT outcome, rows, note FROM migrate.dry_run()'))[0], "traced|0|\ntraced|1000|",
	"$name: a schema that only a role of the script may use");
$low->quit;

#
# Transactions
#
$name = 'transactions';
$node->safe_psql($db, <<'SQL');
CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN INSERT INTO t VALUES (1000); COMMIT; END';
CREATE PROCEDURE rolls_back() LANGUAGE plpgsql AS 'BEGIN INSERT INTO t VALUES (1000); ROLLBACK; INSERT INTO t VALUES (1001); END';
SQL
store("CALL commits();\nCALL rolls_back();\nDO 'BEGIN COMMIT; EXCEPTION WHEN OTHERS THEN NULL; END';\nDISCARD ALL;\nNOTIFY news; NOTIFY news;\nSELECT count(*) FROM t",
	"PREPARE p AS SELECT 1; EXECUTE p;\nCOMMIT;\nEXECUTE p; DEALLOCATE p");
is((dry_run('version, outcome, note'))[0], <<'END' =~ s/\n\z//r, "$name: what commits is predicted");
1|predicted|commits; apply() runs it outside a transaction
1|predicted|commits; apply() runs it outside a transaction
1|traced|
1|predicted|cannot run in a transaction block; apply() runs it outside
1|traced|
1|traced|
1|traced|
2|traced|
2|traced|
2|traced|
2|traced|
END
is_sql($node, $db, 'SELECT count(*) FROM t', 500, "$name: nothing stays");
store("DECLARE c CURSOR WITH HOLD FOR SELECT id FROM t; DECLARE d CURSOR FOR SELECT 1;\nCOMMIT;\nFETCH c;\nFETCH d");
is((dry_run('outcome, note'))[0],
	"traced|\ntraced|\ntraced|\nfailed|34000: cursor \"d\" does not exist",
	"$name: a cursor WITH HOLD outlives its transaction, others do not");
store("DECLARE c CURSOR WITH HOLD FOR SELECT 1 / (500 - id) FROM t;\nCOMMIT;\nSELECT 1");
is((dry_run('statement, outcome, note'))[0],
	"1|traced|\n|failed|22012: division by zero\n3|skipped|not reached, as the commit of step 1 of migration \"1 m1\" failed",
	"$name: and is read to its end by the commit");

#
# Scripts that aim at the machine
#
$name = 'machine';
foreach (
	[ 'SELECT migrate.dry_run()', 'dry_run' ],
	[ 'SELECT * FROM migrate.lint(trace => true)', 'lint' ],
	[ 'DO $$ BEGIN PERFORM migrate.apply(); END $$', 'apply' ],
	[ 'SELECT migrate.start()', 'start' ],
	[ 'SELECT migrate.verify()', 'verify' ])
{
	my ($script, $function) = @$_;

	store($script);
	like((dry_run('outcome, note'))[0], qr/^failed\|55000: migrate\.$function\(\) cannot be called by a migration script/, "$name: $function()");
}
store("SELECT pg_advisory_unlock_all();\nCREATE TABLE after_it (a int)", 'SELECT 1');
is((dry_run('outcome'))[0], "traced\ntraced\ntraced", "$name: the run lock survives pg_advisory_unlock_all()");
store("CREATE TABLE before_it (a int REFERENCES t);\nDROP EXTENSION migrate", 'SELECT 1');
like((query('SELECT state FROM migrate.apply()'))[1], qr/^ERROR:  42704: extension "migrate" is not installed/m, "$name: apply() does not commit a script that drops the extension");
is((dry_run('statement, outcome, note'))[0], <<'END' =~ s/\n\z//r, "$name: nor does a dry run");
1|traced|
2|traced|
|failed|42704: extension "migrate" does not exist
1|skipped|not reached, as the commit of step 1 of migration "1 m1" failed
END
is_sql($node, $db, "SELECT count(*) FROM pg_extension WHERE extname = 'migrate'", 1, "$name: the extension stays");

$node->safe_psql($db, <<'SQL');
CREATE FUNCTION fails() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no %'', tg_tag; END';
CREATE EVENT TRIGGER fails ON ddl_command_end WHEN tag IN ('CREATE VIEW') EXECUTE FUNCTION fails();
SQL
store("CREATE TABLE x (a int);\nCREATE VIEW v AS SELECT 1");
like((dry_run('outcome, note'))[0], qr/^traced\|\nfailed\|P0001: no CREATE VIEW$/m, "$name: an event trigger that fails");
$node->safe_psql($db, 'DROP EVENT TRIGGER fails');

#
# Hostile names
#
$name = 'names';
my $evil = q{a"b'c\\,{}%s %n}  . "\x{c3}\x{a9}";
my $quoted = '"' . ($evil =~ s/"/""/gr) . '"';
store("CREATE SCHEMA $quoted; CREATE TABLE $quoted.$quoted ($quoted int);\nCOMMIT;\nALTER TABLE $quoted.$quoted ALTER $quoted TYPE bigint, ADD CONSTRAINT $quoted CHECK ($quoted > 0) NOT VALID;\nDROP SCHEMA $quoted CASCADE");
($rows, $error) = dry_run("outcome, locks[1] = 'ACCESS EXCLUSIVE on ' || format('%1\$I.%1\$I', \$q\$$evil\$q\$), (exclusive->>format('%1\$I.%1\$I', \$q\$$evil\$q\$)) IS NOT NULL");
is((split /\n/, $rows)[2], 'traced|t|t', "$name: quoted as SQL has them");

#
# Rooms of the server
#
$name = 'lock table';
store((map { "CREATE TABLE many_$_ (id serial PRIMARY KEY, note text UNIQUE)" } 1 .. 300), 'SELECT 1');
($rows, $error) = dry_run('version, outcome, note');
like($rows, qr/^\d+\|failed\|53400: the dry run holds \d+ locks, more than half of those that the server has room for\. Give dry_run\(\) an earlier target, or raise "max_locks_per_transaction"\.$/m,
	"$name: it ends before others find no room");
like($rows, qr/^301\|skipped\|/m, "$name: and skips the rest");
like((lint("severity, consequence ~ '^cannot be run here', origin", 'trace => true'))[0], qr/^notice\|t\|trace$/m, "$name: apply() does not fail for that");

#
# What only a dry run finds, among what lint finds
#
$name = 'lint';
my $dynamic = sub { "DO \$\$ BEGIN EXECUTE format('$_[0]', 'u'); END \$\$" };
my @scripts = (
	$dynamic->('LOCK TABLE t') . ";\nALTER TABLE u ALTER t TYPE bigint",
	"-- migrate:ignore foreign-key-missing-index: small\n"
	  . $dynamic->('ALTER TABLE %I ADD CONSTRAINT k FOREIGN KEY (t) REFERENCES t (id) NOT VALID') . ";\n"
	  . "-- migrate:ignore constraint-left-not-valid: nothing to suppress\nSELECT 1",
	"SELECT 1 /\n0",
	'SELECT 2');
my $columns = 'rule, severity, version, statement, line, object, consequence, origin';
store(@scripts);
($rows, $error) = lint($columns);
my $traced = join("\n", grep { /\|trace$/ } split /\n/, $rows);
$traced =~ s/for [\d.]+ ms/for N ms/;
is($traced, <<'END' =~ s/\n\z//r, "$name: what a dry run adds");
running-statement-while-holding-access-exclusive|warning|1|2|2|public.t|rewrites public.u for N ms while public.t is locked against everyone|trace
constraint-left-not-valid|notice|2|1|2|public.u|leaves constraint k NOT VALID: rows that are there already are not checked|trace
failing-statement|error|3|1|1||fails here, and what follows is not looked at: 22012: division by zero|trace
END
like($rows, qr/^unused-ignore\|.*\|2\|2\|3\|.*constraint-left-not-valid.*\|script$/m, "$name: a comment that suppresses nothing, also with a dry run");
unlike($rows, qr/^unused-ignore\|.*foreign-key/m, "$name: one that suppresses what a dry run finds is used");
($rows, $error) = lint('rule, origin', '');
unlike($rows, qr/trace$|unused-ignore/m, "$name: without a dry run these comments are not judged");
unlike($error, qr/dry run/, "$name: and none is made");

($rows, $error) = lint($columns, "version => '2', trace => true");
is(scalar(grep { /\|trace$/ && !/^[\w-]+\|\w+\|2\|/ } split /\n/, $rows), 0, "$name: of one version");
like($rows, qr/^constraint-left-not-valid\|.*\|trace$/m, "$name: its own");
like((lint($columns, "'1', trace => true"))[0], qr/^running[^\n]*\|trace$(?!.*^failing)/ms, "$name: up to a target");
($rows, $error) = query("SET migrate.lint_disable = 'constraint-left-not-valid'; SET migrate.lint_start_after = '1'; SELECT rule, version, origin FROM migrate.lint(trace => true)");
like($rows, qr/^failing-statement\|3\|trace$/m, "$name: settings");
unlike($rows, qr/^constraint-left|\|1\|trace/m, "$name: leave out what they leave out of scripts");

# what both find is told once
store("ALTER TABLE t ALTER a TYPE numeric;\nALTER TABLE t ADD CONSTRAINT c CHECK (a >= 0) NOT VALID");
($rows, $error) = lint($columns);
is(scalar(() = $rows =~ /^constraint-left-not-valid\|/mg), 1, "$name: nothing is told twice");

foreach (
	[ 'BEGIN; SELECT * FROM migrate.lint(trace => true); ROLLBACK', qr/^ERROR:  25001: migrate\.lint\(\) needs a transaction of its own$/m ],
	[ 'SET default_transaction_read_only = on; SELECT * FROM migrate.lint(trace => true)', qr/^ERROR:  25006: cannot execute migrate\.lint\(\) in a read-only transaction$/m ],
	[ 'SET default_transaction_read_only = on; SELECT * FROM migrate.dry_run()', qr/^ERROR:  25006: cannot execute migrate\.dry_run\(\) in a read-only transaction$/m ],
	[ 'SET migrate.dry_run_max_size = 1; SELECT * FROM migrate.lint(trace => true)', qr/^ERROR:  54000: too much data for a dry run: .* in public\.t.*\nDETAIL:.*\nHINT:  To run it all the same, run SELECT migrate\.dry_run\(force => true\);$/m ])
{
	my ($call, $message) = @$_;

	like((query($call))[1], $message, "$name: $call");
}

#
# What a statement goes through
#
$name = 'size';
$node->safe_psql($db, <<'SQL');
CREATE TABLE parts (a int) PARTITION BY RANGE (a);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10000);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10000) TO (20000);
INSERT INTO parts SELECT generate_series(0, 19999);
SQL
foreach (
	[ 1, 'ALTER TABLE parts ALTER a TYPE bigint', 'each partition is smaller, together they are not' ],
	[ 1, "DO 'BEGIN UPDATE part_1 SET a = a; UPDATE part_2 SET a = a; END'", 'inside DO' ],
	[ 1, 'DELETE FROM parts WHERE a = 5', 'some rows' ],
	[ 0, 'INSERT INTO parts VALUES (3)', 'new rows' ],
	[ 0, 'ALTER TABLE parts ADD b int', 'the catalog alone' ],
	[ 0, 'CREATE TABLE parts_2 (a int); INSERT INTO parts_2 SELECT 1; ALTER TABLE parts_2 ALTER a TYPE bigint', 'a new table' ],
	[ 0, 'DROP TABLE parts; CREATE TABLE parts (a int); UPDATE parts SET a = 1', 'a table that is gone by then' ])
{
	my ($large, $script, $what) = @$_;

	store($script);
	($rows, $error) = query("SET migrate.dry_run_max_size = '500kB'; SELECT outcome FROM migrate.dry_run()");
	($large ? \&like : \&unlike)->($error, qr/^ERROR:  54000: too much data for a dry run: 7\d\d kB in public\.part_[12] and others$/m, "$name: $what");
	unlike($error, qr/^ERROR/m, "$name: $what: nothing wrong") if !$large;
}

#
# What cannot run here is predicted, as of then
#
$name = 'predicted';
store("CREATE TABLE fresh (id int PRIMARY KEY, a int);\nCOMMIT;\nCREATE INDEX CONCURRENTLY ON fresh (a);\nALTER TABLE t RENAME TO renamed;\nCREATE INDEX CONCURRENTLY ON renamed (a);\nDROP INDEX CONCURRENTLY t_pkey;\nREINDEX TABLE CONCURRENTLY renamed;\nVACUUM renamed, nowhere");
is((dry_run('statement, outcome, locks', ''))[0] =~ s/^(?!\d+\|predicted).*\n//mgr, <<'END' =~ s/\n\z//r, "$name: locks");
3|predicted|{"SHARE UPDATE EXCLUSIVE on public.fresh"}
5|predicted|{"SHARE UPDATE EXCLUSIVE on public.renamed"}
6|predicted|{"SHARE UPDATE EXCLUSIVE on public.t_pkey","SHARE UPDATE EXCLUSIVE on public.renamed"}
7|predicted|{"SHARE UPDATE EXCLUSIVE on public.renamed","SHARE UPDATE EXCLUSIVE on public.t_pkey"}
8|predicted|{"SHARE UPDATE EXCLUSIVE on public.renamed"}
END

$node->stop;
done_testing();
