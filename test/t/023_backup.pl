# Backups: whatever the format, a restored database goes on where the dump was
# taken, also when that was in the middle of a run.  008_dump.pl has the plain
# ways; here are the others, the filters, restoring over something, and what a
# dump says of a run that is alive elsewhere.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('backup', conf => 'max_worker_processes = 32');
my $directory = PostgreSQL::Test::Utils::tempdir();

# ---------------------------------------------------------------------------
# A database with every state, and how it goes on

new_database($node, 'db');
register(
	$node, 'db',
	[ '001', 'one', "CREATE TABLE one (id int);\nINSERT INTO one VALUES (1);", 'DROP TABLE one' ],
	[ '002', 'index', 'CREATE INDEX CONCURRENTLY one_idx ON one (id)' ],
	[ '003', 'stops', "CREATE TABLE three (id int);\nVACUUM three;\nINSERT INTO three SELECT 1 / count(*) FROM ready;\nINSERT INTO three VALUES (2);" ],
	[ '004', 'pending', 'CREATE TABLE four (id int)' ],
	[ undef, 'view', 'CREATE OR REPLACE VIEW v AS SELECT * FROM one' ]);
$node->psql('db', 'SELECT migrate.apply()');
$node->safe_psql('db', <<'SQL');
SELECT migrate.register('1', 'other', 'SELECT ''it''''s''', project => 'other');
SELECT migrate.apply(project => 'other');
SQL
my $states = '001 applied, 002 applied, 003 partial, 004 pending, view pending';
is(states($node, 'db'), $states, 'the database to be dumped');

# Everything there is, in a form in which two databases can be compared.
my @contents = (
	"SELECT * FROM migrate.status() UNION ALL SELECT * FROM migrate.status('other')",
	'SELECT * FROM migrate.history ORDER BY id',
	'SELECT * FROM migrate.runs ORDER BY run',
	map({ "SELECT * FROM migrate.$_ ORDER BY 1" } qw(script migration state step run event)),
	"SELECT c.relname, pg_sequence_last_value(c.oid) FROM pg_class c WHERE relkind = 'S' AND relnamespace = 'migrate'::regnamespace ORDER BY 1");

sub contents
{
	my ($server, $db) = @_;

	return join("\n", map { $server->safe_psql($db, $_) } @contents);
}
my $contents = contents($node, 'db');

# The numbers that the next run and the next row of the history would get are
# those that no row has.
sub goes_on
{
	my ($server, $db, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is(contents($server, $db), $contents, "$name: scripts, states, ledger, history, runs, sequences");
	is_sql($server, $db, "SELECT count(*) FROM migrate.apply('002')", '0', "$name: what was applied is not pending");
	is_sql($server, $db, "SELECT count(*) FROM migrate.apply(project => 'other')", '0', "$name: nor in the other project");
	$server->safe_psql($db, 'CREATE TABLE ready AS SELECT 1 AS id');
	is_sql($server, $db, 'SELECT coalesce(version, name), steps FROM migrate.apply()', "003|3\n004|1\nview|1", "$name: the rest is applied");
	is_sql($server, $db, 'SELECT * FROM three ORDER BY 1', "1\n2", "$name: from where it had stopped");
	is_sql($server, $db, "SELECT run, min(id), max(id) FROM migrate.history WHERE run > 2 GROUP BY run",
		'3|5|7', "$name: the numbers go on");
	register($server, $db, [ '005', 'five', 'SELECT 5' ]);
	is_sql($server, $db, 'SELECT version FROM migrate.apply()', '005', "$name: new ones are stored and applied");
	is_sql($server, $db, 'SELECT count(*) FROM migrate.apply()', '0', "$name: and nothing is pending");
	is_clean($server, $db, $name);
	return;
}

sub create
{
	my ($db) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0");
	return;
}

# pg_dump to a file; returns its name.
sub dump_to
{
	my ($name, @options) = @_;
	my $file = "$directory/$name";

	$node->command_ok([ 'pg_dump', @options, '-f', $file, '-d', $node->connstr('db') ], "$name: pg_dump @options");
	return $file;
}

sub psql_file
{
	my ($db, $file, @options) = @_;

	return $node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', @options, '-f', $file, '-d', $node->connstr($db) ], "$db: psql @options");
}

sub pg_restore
{
	my ($db, $file, @options) = @_;

	return $node->command_ok([ 'pg_restore', '-e', @options, '-d', $node->connstr($db), $file ], "$db: pg_restore @options");
}

# ---------------------------------------------------------------------------
# Formats

my $whole = dump_to('directory', '-Fd', '-j2');
create('directory');
pg_restore('directory', $whole, '-j2');
goes_on($node, 'directory', 'directory');

my $custom = dump_to('custom', '-Fc');
create('parallel');
pg_restore('parallel', $custom, '-j2');
goes_on($node, 'parallel', 'parallel');

my $sections = dump_to('tar', '-Ft');
create('sections');
pg_restore('sections', $sections, "--section=$_") foreach qw(pre-data data post-data);
goes_on($node, 'sections', 'sections');

create('plain_sections');
psql_file('plain_sections', dump_to("$_.sql", "--section=$_"), '-1') foreach qw(pre-data data post-data);
goes_on($node, 'plain_sections', 'plain_sections');

# Schema and data apart; the data load into tables that are there.
create('apart');
psql_file('apart', dump_to('schema.sql', '--schema-only'));
is_sql($node, 'apart', 'SELECT (SELECT count(*) FROM migrate.status()), (SELECT count(*) FROM migrate.history)',
	'0|0', 'apart: a schema has no history');
psql_file('apart', dump_to('data.sql', '--data-only', '--disable-triggers'));
goes_on($node, 'apart', 'apart');

# A role that may only read takes a whole backup too.
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN IN ROLE pg_read_all_data');
create('by_reader');
psql_file('by_reader', dump_to('by_reader.sql', '-U', 'keeper', '--inserts', '--no-owner'));
goes_on($node, 'by_reader', 'by_reader');

$node->safe_psql('postgres', 'CREATE DATABASE templated TEMPLATE db');
goes_on($node, 'templated', 'templated');

# ---------------------------------------------------------------------------
# Filters

# A table of the user alone is not the extension.
create('one_table');
psql_file('one_table', dump_to('one.sql', '-t', 'one'));
is_sql($node, 'one_table', "SELECT count(*), to_regnamespace('migrate') IS NULL FROM one", '1|t', 'one_table: the table, and nothing of ours');

# Our tables alone are their data: for a database that has the extension and
# the schema that they speak of.
create('ours');
psql_file('ours', dump_to('schema_of_user.sql', '--schema-only', '-N', 'migrate'));
is_sql($node, 'ours', 'SELECT count(*) FROM migrate.status()', '0', 'ours: the extension without its data');
psql_file('ours', dump_to('ours.sql', '-t', 'migrate.*'));
$node->safe_psql('ours', 'INSERT INTO one VALUES (1)');
goes_on($node, 'ours', 'ours');

# By schema: -n of the user's schema leaves the extension out.  -N of ours
# brings it back empty, which is the state of a database that never migrated.
create('by_schema');
$node->safe_psql('by_schema', 'DROP SCHEMA public');
psql_file('by_schema', dump_to('by_schema.sql', '-n', 'public'));
is_sql($node, 'by_schema', "SELECT count(*), to_regnamespace('migrate') IS NULL FROM one", '1|t', 'by_schema: no extension');

foreach my $filter ([ 'not_ours', '-N', 'migrate' ], [ 'not_our_data', '--exclude-table-data=migrate.*' ])
{
	my ($db, @options) = @$filter;

	create($db);
	psql_file($db, dump_to("$db.sql", @options));
	is_sql($node, $db, 'SELECT (SELECT count(*) FROM one), (SELECT count(*) FROM migrate.status()), (SELECT count(*) FROM migrate.history)',
		'1|0|0', "$db: the user's data, an empty extension");
	register($node, $db, [ '001', 'one', 'CREATE TABLE one (id int)' ], [ '002', 'index', 'SELECT 2' ], [ '003', 'more', 'CREATE TABLE more (id int)' ]);
	is_sql($node, $db, "SELECT version FROM migrate.baseline('002')", "001\n002", "$db: baseline");
	is_sql($node, $db, 'SELECT version FROM migrate.apply()', '003', "$db: and the rest");
}

# One table out of a whole dump, into a database that goes on by itself.
new_database($node, 'from_whole');
register($node, 'from_whole', [ '1', 'own', 'CREATE TABLE own (id int)' ]);
$node->safe_psql('from_whole', 'SELECT migrate.apply()');
pg_restore('from_whole', $custom, '-t', 'one');
is_sql($node, 'from_whole', 'SELECT (SELECT count(*) FROM one), (SELECT count(*) FROM migrate.history)', '1|1', 'from_whole: the table, and the history of before');

# ---------------------------------------------------------------------------
# Over something

# An empty extension is in the way of nothing.
new_database($node, 'has_extension');
pg_restore('has_extension', $custom);
goes_on($node, 'has_extension', 'has_extension');

# A second restore stops at the first object that is there and changes
# nothing.  With --clean it replaces everything.
create('twice');
pg_restore('twice', $custom);
$node->command_fails_like(
	[ 'pg_restore', '-e', '-d', $node->connstr('twice'), $custom ],
	qr/relation "one" already exists/, 'twice: the second restore says what is there');
$node->command_fails_like(
	[ 'pg_restore', '-d', $node->connstr('twice'), $custom ],
	qr/duplicate key value violates unique constraint "migration_pkey"/, 'twice: without -e too');
is(contents($node, 'twice'), $contents, 'twice: and changes nothing of ours');
pg_restore('twice', $custom, '--clean', '--if-exists');
goes_on($node, 'twice', 'twice');
$node->safe_psql('twice', 'DROP VIEW v');
pg_restore('twice', $custom, '--clean', '--if-exists', '-1');
is(contents($node, 'twice'), $contents, 'twice: clean, after it went on');

# Into a database with a history of its own: refused as a whole.
new_database($node, 'has_own');
register($node, 'has_own', [ '1', 'own', 'CREATE TABLE own (id int)' ], [ '2', 'own', 'CREATE TABLE own_2 (id int)' ]);
$node->safe_psql('has_own', "SELECT migrate.apply('1')");
my $own = contents($node, 'has_own');
foreach my $way ([ 'pg_restore', '-1', $custom ], [ 'psql', '-Xq1', '-v', 'ON_ERROR_STOP=1', '-f', "$directory/ours.sql" ])
{
	my ($program, @options) = @$way;

	$node->command_fails_like(
		[ $program, '-d', $node->connstr('has_own'), @options ],
		qr/duplicate key value violates unique constraint/, "has_own: $program");
	is(contents($node, 'has_own'), $own, "has_own: $program changed nothing");
}

# ---------------------------------------------------------------------------
# All databases, to another server

{
	my $other = new_server('other');
	my $file = "$directory/all.sql";

	$node->command_ok([ 'pg_dumpall', '-f', $file, '-d', $node->connstr('postgres'), '--exclude-database=[^d]*' ], 'pg_dumpall');
	$other->command_ok([ 'psql', '-Xq', '-f', $file, '-d', $other->connstr('postgres') ], 'all: psql');
	goes_on($other, 'db', 'all');
	$other->stop;
}

# ---------------------------------------------------------------------------
# While a run is under way

# The snapshot of a dump can be anywhere in a run.  Each case is one place,
# held there by 'block' (statements of another session, or the gate within the
# script).  The copy must end as the original does once it is let go.
my @cases = (
	{
		name => 'the first step',
		up => "CREATE TABLE two (id int);\nINSERT INTO two VALUES (1);\nSELECT pg_advisory_xact_lock(1);",
		check => 'SELECT id FROM two',
		result => '1'
	},
	{
		name => 'the last of three steps',
		up => "CREATE TABLE two (id int);\nINSERT INTO two VALUES (1);\nVACUUM two;\nSELECT pg_advisory_xact_lock(1);\nINSERT INTO two VALUES (2);",
		check => 'SELECT id FROM two ORDER BY id',
		result => "1\n2"
	},
	{
		name => 'CREATE INDEX CONCURRENTLY, before it starts',
		block => 'BEGIN; LOCK busy IN SHARE UPDATE EXCLUSIVE MODE',
		in => 'CREATE INDEX',
		up => "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY busy_new_idx ON busy (id);\nINSERT INTO two VALUES (1);",
		check => "SELECT (SELECT count(*) FROM two), indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		result => '1|t'
	},
	{
		name => 'CREATE INDEX CONCURRENTLY, in the middle',
		block => 'BEGIN; INSERT INTO busy VALUES (0)',
		in => 'CREATE INDEX',
		up => "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY busy_new_idx ON busy (id);\nINSERT INTO two VALUES (1);",
		check => "SELECT (SELECT count(*) FROM two), indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		result => '1|t'
	},
	{
		name => 'CREATE INDEX CONCURRENTLY IF NOT EXISTS of one that is there',
		block => 'BEGIN; LOCK busy IN SHARE UPDATE EXCLUSIVE MODE',
		in => 'CREATE INDEX',
		up => "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY IF NOT EXISTS busy_old_idx ON busy (id);\nINSERT INTO two VALUES (1);",
		check => "SELECT (SELECT count(*) FROM two), indisvalid FROM pg_index WHERE indexrelid = 'busy_old_idx'::regclass",
		result => '1|t'
	},
	{
		name => 'REINDEX CONCURRENTLY',
		block => 'BEGIN; INSERT INTO busy VALUES (0)',
		in => 'REINDEX',
		up => "CREATE TABLE two (id int);\nREINDEX TABLE CONCURRENTLY busy;\nINSERT INTO two VALUES (1);",
		check => "SELECT string_agg(relname, ',') FROM pg_class WHERE relname ~ '^busy_.*idx'",
		result => 'busy_old_idx'
	},
	{
		name => 'DROP INDEX CONCURRENTLY, before it starts',
		block => 'BEGIN; LOCK busy IN SHARE UPDATE EXCLUSIVE MODE',
		in => 'DROP INDEX',
		up => "CREATE TABLE two (id int);\nDROP INDEX CONCURRENTLY busy_old_idx;\nINSERT INTO two VALUES (1);",
		check => "SELECT (SELECT count(*) FROM two), to_regclass('busy_old_idx') IS NULL",
		result => '1|t'
	},
	{
		name => 'DROP INDEX CONCURRENTLY, in the middle',
		block => 'BEGIN; SELECT count(*) FROM busy',
		in => 'DROP INDEX',
		up => "CREATE TABLE two (id int);\nDROP INDEX CONCURRENTLY busy_old_idx;\nINSERT INTO two VALUES (1);",
		check => "SELECT (SELECT count(*) FROM two), to_regclass('busy_old_idx') IS NULL",
		result => '1|t'
	},
	{
		name => 'DETACH PARTITION CONCURRENTLY, before it starts',
		block => 'BEGIN; LOCK parts IN SHARE UPDATE EXCLUSIVE MODE',
		in => 'DETACH',
		up => "CREATE TABLE two (id int);\nALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;\nINSERT INTO two VALUES (1);",
		check => "SELECT string_agg(inhrelid::regclass::text, ',') FROM pg_inherits WHERE inhparent = 'parts'::regclass",
		result => 'part_2'
	},
	{
		name => 'DETACH PARTITION CONCURRENTLY, in the middle',
		block => 'BEGIN; SELECT count(*) FROM parts',
		in => 'DETACH',
		up => "CREATE TABLE two (id int);\nALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;\nINSERT INTO two VALUES (1);",
		check => "SELECT string_agg(inhrelid::regclass::text, ',') FROM pg_inherits WHERE inhparent = 'parts'::regclass",
		result => 'part_2'
	});

$node->safe_psql('postgres', 'CREATE DATABASE model TEMPLATE template0');
$node->safe_psql('model', <<'SQL');
CREATE EXTENSION migrate;
CREATE TABLE busy (id int);
CREATE INDEX busy_old_idx ON busy (id);
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
SQL

foreach my $i (0 .. $#cases)
{
	my $case = $cases[$i];
	my ($db, $copy) = ("live_$i", "copy_$i");
	my $name = "during $case->{name}";
	my $file = "$directory/live_$i.dump";

	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE model");
	register($node, $db, [ 1, 'before', 'CREATE TABLE one (id int)' ], [ 2, 'stopped', $case->{up} ], [ 3, 'after', 'CREATE TABLE three (id int)' ]);
	my $blocker = session($node, $db);
	$blocker->query($case->{block} // 'SELECT pg_advisory_lock(1)');
	my $caller = session($node, $db);
	$caller->start('SELECT version FROM migrate.apply()');
	my $runner = wait_for_runner($node, $db, $case->{in} // 'pg_advisory_xact_lock');

	$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, '-d', $node->connstr($db) ], "$name: pg_dump");
	create($copy);
	$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr($copy), $file ], "$name: pg_restore");

	# The runner of the original is alive, has the pid of the copied row, and
	# is no runner of the copy.
	is_sql($node, $db, "SELECT r.pid = $runner, s.state FROM migrate.runs r, migrate.status() s WHERE s.version = '2'", 't|running', "$name: the original is running");
	is_sql($node, $copy, "SELECT r.pid = $runner, r.state FROM migrate.runs r", 't|running', "$name: the copy has the row of that run");
	is_sql($node, $copy, "SELECT state <> 'running', note FROM migrate.status() WHERE version = '2'", 't|interrupted, as the next run will record', "$name: which is not running");
	is_sql($node, $copy, 'SELECT count(*) FROM migrate.progress', '0', "$name: and shows no progress");
	is_sql($node, $copy, "SELECT migrate.register('2', 'stopped', \$mig\$$case->{up}\n\$mig\$)", 'replaced', "$name: and is in nobody's way");

	my $session = session($node, $copy);
	my ($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
	like($messages, qr/^NOTICE:  00000: run 1 was interrupted\nDETAIL:  It was in migration "2 stopped"\.$/m, "$name: the copy's next run says so");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: no error");
	is($rows, "2\n3", "$name: and does the rest");
	is_sql($node, $copy, $case->{check}, $case->{result}, "$name: schema and data of the copy");
	is(outcomes($node, $copy), "1 apply success\n2 apply interrupted\n2 apply success\n3 apply success", "$name: its history");
	is_sql($node, $copy, 'SELECT count(*) FROM migrate.apply()', '0', "$name: nothing is pending");
	$session->quit;

	# the original was not touched
	is_sql($node, $db, "SELECT state FROM migrate.status() WHERE version = '2'", 'running', "$name: the original is still running");
	$blocker->quit;
	is(scalar $caller->finish, "1\n2\n3", "$name: and ends well");
	is_sql($node, $db, $case->{check}, $case->{result}, "$name: schema and data of the original");
	$caller->quit;
	is_clean($node, $_, "$name, $_") foreach $db, $copy;

	# back to the dump, in the very database it was taken from
	$node->safe_psql($db, 'DROP EXTENSION migrate; DROP SCHEMA public CASCADE; CREATE SCHEMA public');
	$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr($db), $file ], "$name: pg_restore to the original");
	is_sql($node, $db, 'SELECT version FROM migrate.apply()', "2\n3", "$name: its next run does the rest");
	is_sql($node, $db, $case->{check}, $case->{result}, "$name: schema and data of the restored original");
}

# ---------------------------------------------------------------------------
# A run row of another server whose pid is that of a process here

$node->safe_psql('postgres', 'CREATE DATABASE collides TEMPLATE model');
register($node, 'collides', [ 1, 'one', 'CREATE TABLE one (id int)' ]);
my $bystander = session($node, 'collides');
foreach my $pid ($bystander->pid, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))
{
	$node->safe_psql('collides', <<"SQL");
INSERT INTO migrate.run (project, action, state, started_by, session_role, pid, current, current_checksum, segment)
SELECT project, 'apply', 'running', 'postgres', 'postgres', $pid, id, up, 1 FROM migrate.migration
SQL
	is_sql($node, 'collides', 'SELECT state, note FROM migrate.status()', 'pending|interrupted, as the next run will record',
		'a pid of another server: not running');
	is_sql($node, 'collides', 'SELECT count(*) FROM migrate.progress', '0', 'a pid of another server: no progress');
	is_sql($node, 'collides', "SELECT migrate.register('1', 'one', 'CREATE TABLE one (id bigint, run$pid int)')", 'replaced', 'a pid of another server: the script can be replaced');
	# apply, and undo it for the next
	is_sql($node, 'collides', 'SELECT version FROM migrate.apply()', '1', 'a pid of another server: apply');
	is_sql($node, 'collides', "SELECT outcome, count(*) FROM migrate.history WHERE run = (SELECT run FROM migrate.runs WHERE pid = $pid) GROUP BY 1", 'interrupted|1',
		'a pid of another server: is recorded as interrupted');
	is($bystander->query('SELECT 1'), '1', 'a pid of another server: the process of that pid is left alone');
	is_clean($node, 'collides', 'a pid of another server');
	$node->safe_psql('collides', "DROP TABLE one; SELECT migrate.resolve('1', 'rolled_back')");
}
$bystander->quit;

$node->stop;
done_testing();
