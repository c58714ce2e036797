# The first run of another tool's files: refused while the tool's history in
# this database was not adopted, wherever the run is executed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use Test::More;

my $node = new_server('first_run');
my ($database, $session, $rows, $messages);
my $databases = 0;

# Three files of each tool, the first two of which it has applied: its table
# with a row of each, and with none.
my %tools = (
	'flyway' => {
		files => { map { ("V${_}__t$_.sql" => "CREATE TABLE t$_ ();") } 1 .. 3 },
		table => 'other."Our History"',
		columns => 'installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int,'
		  . ' installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL',
		rows => q{(1, '1', 't1', 'SQL', 'V1__t1.sql', NULL, 'app', now(), 1, true), (2, '2', 't2', 'SQL', 'V2__t2.sql', NULL, 'app', now(), 1, true)},
		count => '2 rows',
	},
	'golang-migrate' => {
		files => { map { ("${_}_t$_.up.sql" => "CREATE TABLE t$_ ();") } 1 .. 3 },
		table => 'public.schema_migrations',
		columns => 'version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL',
		rows => '(2, false)',
		count => '1 row',
	},
	'prisma' => {
		files => { 'migration_lock.toml' => qq(provider = "postgresql"\n), map { ("${_}_t/migration.sql" => "CREATE TABLE t$_ ();") } 1 .. 3 },
		table => 'public._prisma_migrations',
		columns => 'id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,'
		  . ' logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0',
		rows => q{('a', '', now(), '1_t', NULL, NULL, now(), 1), ('b', '', now(), '2_t', NULL, NULL, now(), 1)},
		count => '2 rows',
	},
);

# A database in which a tool has applied the rows, its own if none are given,
# and its files are loaded.
sub switch
{
	my ($tool, $applied) = @_;
	my $t = $tools{$tool};

	$session->quit if $session;
	$database = 'db' . ++$databases;
	new_database($node, $database);
	$session = session($node, $database);
	$session->query("CREATE SCHEMA other; CREATE TABLE $t->{table} ($t->{columns})");
	$session->query("INSERT INTO $t->{table} VALUES " . ($applied // $t->{rows})) unless ($applied // 'some') eq 'none';
	load($tool);
	return $t;
}

sub load
{
	my ($tool, $project) = @_;

	load_rows($session, $tools{$tool}{files}, "'$tool', project => '" . ($project // 'main') . "'");
	return;
}

# One test: nothing was run.
sub is_untouched
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is_sql($node, $database, "SELECT count(*), (SELECT count(*) FROM migrate.history), (SELECT count(*) FROM pg_class WHERE relname ~ '^t[1-3]\$') FROM migrate.status() WHERE state = 'pending'",
		'3|0|0', "$name: nothing was run");
	return;
}

# Two tests: a call is refused.
sub is_refused
{
	my ($tool, $sql, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $t = $tools{$tool};
	my $literal = "'$tool', '$t->{table}'";

	($rows, $messages) = $session->query($sql);
	like(
		$messages,
		qr/^ERROR:  55000: project "main" has not adopted the history of $tool
DETAIL:  Table \Q$t->{table}\E has $t->{count} of what $tool has applied\.
HINT:  Run SELECT \* FROM migrate\.adopt\(\Q$literal\E\); first\.  If that table is not about these files, run SET migrate\.unadopted_history = 'allow'; and call migrate\.apply\(\) again\.$/m,
		"$tool: $name");
	is_untouched("$tool: $name");
	return;
}

my $apply = 'SELECT version, state FROM migrate.apply()';
my $all = "1|applied\n2|applied\n3|applied";

#
# Refused, then adopted as the hint says
#
foreach my $tool (sort keys %tools)
{
	switch($tool);
	is_refused($tool, $apply, 'apply()');
	is_refused($tool, "SELECT version, state FROM migrate.apply('2')", 'up to a version');
	is_refused($tool, "BEGIN; $apply; COMMIT", 'in a transaction');
	is_refused($tool, "SELECT version, state FROM migrate.apply(atomic => true)", 'within the caller\'s transaction');
	is_refused($tool, 'DO $$ BEGIN PERFORM migrate.apply(); END $$', 'in a DO block');
	$session->query('SELECT migrate.start()');
	is_refused($tool, 'SELECT * FROM migrate.wait((SELECT max(run) FROM migrate.runs))', 'start()');
	is_sql($node, $database, 'SELECT state FROM migrate.runs', 'failed', "$tool: which is recorded");
	my ($call) = $messages =~ /Run (SELECT \* FROM migrate\.adopt.*?;)/;
	$call =~ s/\*/version, result/;
	is(scalar $session->query($call), "1|adopted\n2|adopted\n3|pending", "$tool: the call of the hint");
	($rows, $messages) = $session->query($apply);
	is($rows, '3|applied', "$tool: then the rest is applied");
	unlike($messages, qr/ERROR|WARNING/, "$tool: without a word");
}

# within the caller's transaction, too
foreach my $tool (sort keys %tools)
{
	switch($tool);
	is(scalar $session->query("BEGIN; SELECT count(*) FROM migrate.adopt(); $apply; COMMIT"), "3\n3|applied", "$tool: adopted and applied in one transaction");
}

#
# What may be run
#
foreach my $tool (sort keys %tools)
{
	switch($tool, 'none');
	is(scalar $session->query($apply), $all, "$tool: its history is empty");
}
switch('prisma', q{('a', '', NULL, '1_t', 'ERROR', NULL, now(), 1), ('b', '', NULL, '2_t', NULL, now(), now(), 1)});
is(scalar $session->query($apply), $all, 'what failed and left nothing, or was taken back');
switch('prisma', q{('a', '', NULL, '1_t', NULL, NULL, now(), 1)});
like(($session->query($apply))[1], qr/has 1 row of what prisma has applied/, 'but not what may have left something');
switch('golang-migrate', '(1, true)');
like(($session->query($apply))[1], qr/has 1 row of what golang-migrate has applied/, 'nor a dirty version');

# plain files are nobody's
switch('golang-migrate');
load_rows($session, { '1_t1.sql' => 'SELECT 1' }, "'native', project => 'plain'");
is(scalar $session->query("SELECT version, state FROM migrate.apply(project => 'plain')"), '1|applied', 'plain files beside the history of a tool');

# another project of the same tool is asked for itself
load('golang-migrate', 'second');
($rows, $messages) = $session->query("SELECT * FROM migrate.apply(project => 'second')");
like($messages, qr/migrate\.adopt\('golang-migrate', 'public\.schema_migrations', project => 'second'\);/, 'the project is in the call');
$session->query("SELECT * FROM migrate.adopt()");
like(($session->query("SELECT * FROM migrate.apply(project => 'second')"))[1], qr/ERROR:  55000: project "second" has not adopted/, 'what one project adopted is not adopted by another');

# a history that nobody may read
switch('golang-migrate');
$session->query(<<'SQL');
DO $$ BEGIN CREATE ROLE deployer; EXCEPTION WHEN duplicate_object THEN END $$;
GRANT USAGE ON SCHEMA migrate TO deployer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrate TO deployer;
GRANT CREATE ON SCHEMA public TO deployer;
SQL
($rows, $messages) = $session->query("SET ROLE deployer; $apply");
like($messages, qr/^ERROR:  55000: .*\nDETAIL:  You may not read table public\.schema_migrations, which says what golang-migrate has applied\.$/m, 'a history that may not be read');
is_untouched('a history that may not be read');
$session->query('RESET ROLE; GRANT SELECT ON schema_migrations TO deployer');
like(($session->query("SET ROLE deployer; $apply"))[1], qr/has 1 row of what/, 'or only read');

#
# How to go on without it
#
switch('flyway');
$session->query("SET migrate.unadopted_history = 'allow'");
is(scalar $session->query($apply), $all, 'allow: in a runner');
$session->query('RESET migrate.unadopted_history');
$tools{flyway}{files}{'V4__t4.sql'} = 'CREATE TABLE t4 ()';
load('flyway');
is(scalar $session->query($apply), '4|applied', 'later runs do not ask');
switch('flyway');
is(scalar $session->query("BEGIN; SET LOCAL migrate.unadopted_history = 'allow'; $apply; COMMIT"), "$all\n4|applied", 'allow: in a transaction');
delete $tools{flyway}{files}{'V4__t4.sql'};

switch('prisma');
($rows, $messages) = $session->query("SET migrate.unadopted_history = 'warn'; $apply");
is($rows, $all, 'warn');
is(scalar(() = $messages =~ /^WARNING:  55000: project "main" has not adopted the history of prisma$/mg), 1, 'once');

switch('flyway');
$session->query("SELECT * FROM migrate.baseline('2')");
is(scalar $session->query($apply), '3|applied', 'after baseline()');
switch('flyway');
$session->query("SELECT migrate.resolve('1', 'applied'); SELECT migrate.resolve('2', 'applied')");
is(scalar $session->query($apply), '3|applied', 'after resolve()');

# a failure is no beginning, a part that was kept is
switch('golang-migrate');
$session->query("CREATE TABLE t1 (); SET migrate.unadopted_history = 'allow'");
like(($session->query($apply))[1], qr/^ERROR:  42P07: /m, 'a first run that fails');
$session->query('RESET migrate.unadopted_history');
like(($session->query($apply))[1], qr/has not adopted/, 'is still the first');
$session->query("DROP TABLE t1; SET migrate.unadopted_history = 'allow'");
$tools{'golang-migrate'}{files}{'1_t1.up.sql'} = "CREATE TABLE t1 ();\nVACUUM t1;\nSELECT 1 / count(*) FROM t1;";
load('golang-migrate');
like(($session->query($apply))[1], qr/^ERROR:  22012: /m, 'one that leaves a part');
$session->query('RESET migrate.unadopted_history; INSERT INTO t1 DEFAULT VALUES');
is(scalar $session->query($apply), $all, 'goes on');

# the way back was no way back to the beginning
$session->query("SELECT migrate.resolve(version, 'rolled_back') FROM migrate.status() ORDER BY version DESC; DROP TABLE t1, t2, t3");
$tools{'golang-migrate'}{files}{'1_t1.up.sql'} = 'CREATE TABLE t1 ()';
load('golang-migrate');
is(scalar $session->query($apply), $all, 'what was undone here is applied again');

# the table is not looked at again, and not waited for without end
switch('golang-migrate');
my $other = session($node, $database);
$other->query('BEGIN; LOCK TABLE schema_migrations');
$session->query("SET migrate.lock_timeout = '100ms'");
($rows, $messages) = $session->query($apply);
like($messages, qr/^ERROR:  55P03: .*\n(?:.*\n)*CONTEXT:  (?:.*\n)*history of golang-migrate in table public\.schema_migrations$/m, 'a table that is locked');
is_untouched('a table that is locked');
$other->query('ROLLBACK');
$session->query("SELECT * FROM migrate.adopt()");
$other->query('BEGIN; LOCK TABLE schema_migrations');
is(scalar $session->query($apply), '3|applied', 'later runs do not look at it');
$other->query('ROLLBACK');
$other->quit;

$session->quit;
$node->stop;
done_testing();
