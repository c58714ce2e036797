# A standby takes over in the middle of runs, whatever statement they were in;
# and a synchronous one holds up the end of a run, visibly, until somebody
# cancels the wait.  009_standby.pl has what a standby answers.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Where each run is when the primary dies: held there by 'block', statements of
# another session; 'left' is what the standby has of it (f: half done).
my @cases = (
	{
		name => 'a failed step',
		up => "CREATE TABLE two (id int);\nVACUUM two;\nINSERT INTO two SELECT 1 / count(*) FROM ready;",
		fails => 1,
		check => 'SELECT id FROM two',
		result => '1'
	},
	{
		name => 'the last of three steps',
		up => "CREATE TABLE two (id int);\nINSERT INTO two VALUES (1);\nVACUUM two;\nINSERT INTO two VALUES (2);\nSELECT pg_advisory_xact_lock(1);",
		check => 'SELECT id FROM two ORDER BY id',
		result => "1\n2"
	},
	{
		name => 'CREATE INDEX CONCURRENTLY, first wait',
		block => 'BEGIN; INSERT INTO busy VALUES (0)',
		in => 'CREATE INDEX',
		up => "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY busy_new_idx ON busy (id);\nINSERT INTO two VALUES (1);",
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		check => "SELECT (SELECT count(*) FROM two), indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		result => '1|t'
	},
	{
		name => 'CREATE INDEX CONCURRENTLY, last wait',
		block => 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1',
		in => 'CREATE UNIQUE INDEX',
		up => 'CREATE UNIQUE INDEX CONCURRENTLY busy_new_idx ON busy (id)',
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		check => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		result => 't'
	},
	{
		name => 'REINDEX CONCURRENTLY',
		block => 'BEGIN; SELECT count(*) FROM busy',
		in => 'REINDEX',
		up => "REINDEX TABLE CONCURRENTLY busy;\nCREATE TABLE two (id int);",
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_old_idx_ccold'::regclass",
		check => "SELECT string_agg(relname, ',') FROM pg_class WHERE relname ~ '^busy_.*idx' OR relname ~ '_cc(old|new)'",
		result => 'busy_old_idx'
	},
	{
		name => 'DROP INDEX CONCURRENTLY',
		block => 'BEGIN; SELECT count(*) FROM busy',
		in => 'DROP INDEX',
		up => "CREATE TABLE two (id int);\nDROP INDEX CONCURRENTLY busy_old_idx;\nINSERT INTO two VALUES (1);",
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_old_idx'::regclass",
		check => "SELECT to_regclass('busy_old_idx') IS NULL, (SELECT count(*) FROM two)",
		result => 't|1'
	},
	{
		name => 'DETACH PARTITION CONCURRENTLY',
		block => 'BEGIN; SELECT count(*) FROM parts',
		in => 'DETACH',
		up => "CREATE TABLE two (id int);\nALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;\nDROP TABLE part_1;",
		left => "SELECT NOT inhdetachpending FROM pg_inherits WHERE inhrelid = 'part_1'::regclass",
		check => "SELECT string_agg(inhrelid::regclass::text, ',') FROM pg_inherits WHERE inhparent = 'parts'::regclass",
		result => 'part_2'
	});

# ---------------------------------------------------------------------------
# Fail-over

my $primary = new_server('primary', conf => "max_worker_processes = 32\nmax_connections = 100", init => { allows_streaming => 1 });

$primary->safe_psql('postgres', 'CREATE DATABASE model');
$primary->safe_psql('model', <<'SQL');
CREATE EXTENSION migrate;
CREATE TABLE busy (id int);
INSERT INTO busy SELECT generate_series(1, 100);
CREATE INDEX busy_old_idx ON busy (id);
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
SQL
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

# All cases at once; a session of the standby looks on and stays open.
my (@sessions, @lookers);
foreach my $i (0 .. $#cases)
{
	my $case = $cases[$i];

	$primary->safe_psql('postgres', "CREATE DATABASE db_$i TEMPLATE model");
	register($primary, "db_$i", [ 1, 'before', 'CREATE TABLE one (id int)' ], [ 2, 'stopped', $case->{up} ], [ 3, 'after', 'CREATE TABLE three (id int)' ]);
	my $blocker = session($primary, "db_$i");
	$blocker->query($case->{block} // 'SELECT pg_advisory_lock(1)');
	my $caller = session($primary, "db_$i");
	$caller->start('SELECT version FROM migrate.apply()');
	push @sessions, $blocker, $caller;
	if ($case->{fails})
	{
		like(($caller->finish)[1], qr/^ERROR:  42P01:/m, "$case->{name}: fails on the primary");
		next;
	}
	wait_for_runner($primary, "db_$i", $case->{in} // 'pg_advisory_xact_lock');
}
# a synchronous commit, so that all the commits before are sent
$primary->safe_psql('postgres', 'CREATE TABLE flush (id int)');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));

foreach my $i (0 .. $#cases)
{
	my ($case, $db) = ($cases[$i], "db_$i");
	my $state = $case->{fails} ? 'partial' : 'running';

	is(states($standby, $db), "1 applied, 2 $state, 3 pending", "$case->{name}: status() on the standby");
	is_sql($standby, $db, 'SELECT state FROM migrate.runs', $case->{fails} ? 'failed' : 'running', "$case->{name}: the runs");
	is(outcomes($standby, $db), '1 apply success' . ($case->{fails} ? "\n2 apply failed 42P01" : ''), "$case->{name}: the history");
	# where a runner is, is in the memory of its server
	is_sql($standby, $db, 'SELECT count(*) FROM migrate.progress', '0', "$case->{name}: the progress is the primary's");
	is_sql($primary, $db, 'SELECT version FROM migrate.progress', '2', "$case->{name}: which has it") unless $case->{fails};
	push @lookers, session($standby, $db);
	like(($lookers[-1]->query('SELECT migrate.apply()'))[1],
		qr/^ERROR:  25006: cannot execute migrate\.apply\(\) during recovery$/m, "$case->{name}: apply() on the standby");
}

$primary->stop('immediate');
$_->quit foreach @sessions;
$standby->promote;

foreach my $i (0 .. $#cases)
{
	my ($case, $db, $session) = ($cases[$i], "db_$i", $lookers[$i]);
	my $name = "promoted, $case->{name}";

	is_sql($standby, $db, $case->{left}, 'f', "$name: is left half done") if $case->{left};
	is_sql($standby, $db, "SELECT state <> 'running', note FROM migrate.status() WHERE version = '2'", 't|interrupted, as the next run will record', "$name: is not running any more")
	  unless $case->{fails};
	$standby->safe_psql($db, 'CREATE TABLE ready AS SELECT 1 AS id') if $case->{fails};
	my ($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
	like($messages, qr/^NOTICE:  00000: run 1 was interrupted\nDETAIL:  It was in migration "2 stopped"\.$/m, "$name: the next run says so")
	  unless $case->{fails};
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: no error");
	is($rows, "2\n3", "$name: and does the rest");
	is_sql($standby, $db, $case->{check}, $case->{result}, "$name: schema and data");
	is(outcomes($standby, $db),
		"1 apply success\n2 apply " . ($case->{fails} ? 'failed 42P01' : 'interrupted') . "\n2 apply success\n3 apply success", "$name: the history");
	is_sql($standby, $db, 'SELECT count(*) FROM migrate.step', '0', "$name: the ledger is empty");
	is_sql($standby, $db, 'SELECT count(*) FROM migrate.apply()', '0', "$name: nothing is pending");
	is_clean($standby, $db, $name);
	$session->quit;
}

# ---------------------------------------------------------------------------
# A synchronous standby

# The new primary gets one of its own.
$standby->backup('again');
$primary = $standby;
$standby = PostgreSQL::Test::Cluster->new('synchronous');
$standby->init_from_backup($primary, 'again', has_streaming => 1);
$standby->start;
$primary->append_conf('postgresql.conf', "synchronous_standby_names = '*'\nsynchronous_commit = remote_apply");
$primary->reload;
wait_until($primary, 'postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");

my $db = 'sync';
$primary->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE model");
register($primary, $db, map { [ $_, "m$_", "CREATE TABLE t$_ (id int)" ] } 1 .. 20);
register($primary, $db, [ 21, 'index', "CREATE INDEX CONCURRENTLY busy_new_idx ON busy (id);\nCREATE TABLE t21 (id int);" ]);
$primary->safe_psql($db, "SELECT migrate.apply('20')");

# No waiting here: that a run was reported as done means that it is there.
is_sql($standby, $db, "SELECT count(*) FROM migrate.status() WHERE state = 'applied'", '20', 'a run that ended is applied on a synchronous standby');
is_sql($standby, $db, "SELECT count(*) FROM pg_class WHERE relname ~ '^t[0-9]+\$'", '20', 'and so is what it did');
is_sql($standby, $db, 'SELECT state FROM migrate.runs', 'success', 'and its end');
$primary->safe_psql($db, 'SELECT migrate.apply()');
is_sql($standby, $db, "SELECT count(*), bool_and(state = 'applied') FROM migrate.status()", '21|t', 'the same with an index build');

# The standby is gone: the end of the run waits for it.  What the run did is
# committed here; the wait is visible, and can be cancelled from anywhere.
my $n = 21;
my $runner = "FROM pg_stat_activity WHERE backend_type = 'migrate runner'";

# Starts a run that waits; returns its caller.
sub waiting_run
{
	my ($up) = @_;
	my $caller = session($primary, $db);

	$n++;
	# stored while the standby is there; or this would wait
	$standby->start unless $standby->{_pid};
	wait_until($primary, 'postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
	register($primary, $db, [ $n, "m$n", $up // "CREATE TABLE t$n (id int)" ]);
	$standby->stop;
	wait_until($primary, 'postgres', 'SELECT count(*) = 0 FROM pg_stat_replication');
	$caller->start('SELECT version, state FROM migrate.apply()');
	wait_until($primary, $db, "SELECT count(*) = 1 $runner AND wait_event = 'SyncRep'");
	return $caller;
}

sub is_applied
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	wait_until_idle($primary);
	is_sql($primary, $db, "SELECT state FROM migrate.status() WHERE version = '$n'", 'applied', "$name: is applied here");
	is_sql($primary, $db, "SELECT to_regclass('t$n') IS NOT NULL", 't', "$name: with its table");
	is_sql($primary, $db, 'SELECT state FROM migrate.runs ORDER BY run DESC LIMIT 1', 'success', "$name: and its run has ended well");
	is_sql($primary, $db, 'SELECT count(*) FROM migrate.apply()', '0', "$name: nothing is pending");
	is_clean($primary, $db, $name);
	return;
}

foreach my $who (qw(runner caller))
{
	my $name = "synchronous, cancel of the $who";
	my $caller = waiting_run();
	my $pid = $who eq 'caller' ? $caller->pid : $primary->safe_psql($db, "SELECT pid $runner");

	is_sql($primary, $db, "SELECT pg_cancel_backend($pid)", 't', $name);
	my ($rows, $messages) = $caller->finish;
	like($messages, qr/^WARNING:  01000: canceling wait for synchronous replication due to user request$/m, "$name: a warning says what it means");
	if ($who eq 'runner')
	{
		is($rows, "$n|applied", "$name: the run returns its rows");
		unlike($messages, qr/^ERROR/m, "$name: and no error");
	}
	else
	{
		like($messages, qr/^ERROR:  57014:/m, "$name: the caller's own error");
	}
	is_applied($name);
	$caller->quit;
}

# The end of the runner's process ends the wait too; all was committed before.
my $name = 'synchronous, end of the runner';
my $caller = waiting_run();
$primary->safe_psql($db, "SELECT pg_terminate_backend(pid) $runner");
my ($rows, $messages) = $caller->finish;
like($messages, qr/^WARNING:  57P01: canceling the wait for synchronous replication and terminating connection due to administrator command$/m, "$name: a warning says what it means");
is($rows, "$n|applied", "$name: the run returns its rows");
$caller->quit;
is_applied($name);

# The end of its caller is not the end of a run.
$name = 'synchronous, end of the caller';
$caller = waiting_run();
my $pid = $caller->pid;
$primary->safe_psql($db, "SELECT pg_terminate_backend($pid)");
$caller->quit;
wait_until($primary, $db, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid");
is_sql($primary, $db, "SELECT wait_event $runner", 'SyncRep', "$name: the run waits on");
$standby->start;
is_applied($name);

# The caller sees the end as soon as a standby is back.
$caller = waiting_run();
$standby->start;
is(scalar $caller->finish, "$n|applied", 'synchronous, the standby is back: the run ends');
$caller->quit;
is_applied('synchronous, the standby is back');

# In the middle of a run, what is recorded before a statement that cannot run in
# a transaction waits in the same way.
my $indexed = sub { "CREATE TABLE t$_[0] (id int);\nCREATE INDEX CONCURRENTLY t$_[0]_idx ON t$_[0] (id);\nINSERT INTO t$_[0] VALUES (1);" };
$name = 'synchronous, before an index build';
$caller = waiting_run($indexed->($n + 1));
is_sql($primary, $db, "SELECT version, to_regclass('t$n') IS NOT NULL, to_regclass('t${n}_idx') IS NULL FROM migrate.progress", "$n|t|t", "$name: is where it waits");
$standby->start;
is(scalar $caller->finish, "$n|applied", "$name: the run ends");
$caller->quit;
is_applied($name);

# A cancel ends this wait, and those for the records that the cancel makes.
$name = 'synchronous, cancel before an index build';
$caller = waiting_run($indexed->($n + 1));
$primary->safe_psql($db, "SELECT pg_cancel_backend(${\$caller->pid})");
($rows, $messages) = $caller->finish;
like($messages, qr/^WARNING:  01000: canceling wait for synchronous replication due to user request$/m, "$name: a warning says what it means");
like($messages, qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: the caller's own error");
is_clean($primary, $db, $name);
is_sql($primary, $db, "SELECT state FROM migrate.status() WHERE version = '$n'", 'partial', "$name: is partial");
is_sql($primary, $db, 'SELECT state FROM migrate.runs ORDER BY run DESC LIMIT 1', 'cancelled', "$name: the run is cancelled");
$standby->start;
($rows, $messages) = $caller->query('SELECT version, state FROM migrate.apply()');
is($rows, "$n|applied", "$name: the next run goes on");
$caller->quit;
is_applied($name);

$_->stop foreach $standby, $primary;
done_testing();
