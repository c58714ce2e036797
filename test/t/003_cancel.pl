# Whoever is cancelled, terminated or gone, caller or runner: what is left,
# what is recorded, and that the next run succeeds.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $node = new_server('cancel');
my $databases = 0;
my ($db, $gate, $writer, $caller, $runner);

$node->safe_psql('postgres', 'CREATE DATABASE model');
$node->safe_psql('model', <<'SQL');
CREATE EXTENSION migrate;
CREATE TABLE busy (id int);
CREATE INDEX busy_old_idx ON busy (id);
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
SQL

# Three migrations, of which the second is stopped: by an advisory lock, or by
# an open transaction that has written to 'busy' and 'parts'.
sub prepare_case
{
	my ($up) = @_;

	$db = 'case_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE model");
	register(
		$node, $db,
		[ 1, 'before', 'CREATE TABLE one (id int)' ],
		[ 2, 'stopped', $up ],
		[ 3, 'after', 'CREATE TABLE three (id int)' ]);
	$gate = session($node, $db);
	$gate->query('SELECT pg_advisory_lock(1)');
	$writer = session($node, $db);
	$writer->query('BEGIN; INSERT INTO busy VALUES (1); INSERT INTO parts VALUES (1)');
	$caller = session($node, $db);
	return;
}

# A run that has applied 1 and is stopped in 2.
sub begin_case
{
	my ($up, $waits_in) = @_;

	prepare_case($up);
	$caller->start('SELECT version FROM migrate.apply()');
	$runner = wait_for_runner($node, $db, $waits_in);
	return;
}

sub let_go
{
	$gate->query('SELECT pg_advisory_unlock_all()');
	$writer->query('COMMIT');
	return;
}

# The next run goes on and ends well.
sub next_run_succeeds
{
	my ($name, $history, $versions) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $session = session($node, $db);
	my ($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');

	is($rows, $versions // "2\n3", "$name: the next run does the rest");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: without an error");
	is(states($node, $db), '1 applied, 2 applied, 3 applied', "$name: all is applied");
	is(outcomes($node, $db), $history, "$name: the history");
	is_clean($node, $db, $name);
	$_->quit foreach $session, $gate, $writer, $caller;
	return $messages;
}

my $one_step = "CREATE TABLE two (id int);\nSELECT pg_advisory_xact_lock(1);\nINSERT INTO two VALUES (1);";
my $concurrent = "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY busy_idx ON busy (id);\n"
  . "INSERT INTO two VALUES (1);";
my $cancelled = "1 apply success\n2 apply cancelled 57014\n2 apply success\n3 apply success";
my $interrupted = "1 apply success\n2 apply interrupted\n2 apply success\n3 apply success";
my $undisturbed = "1 apply success\n2 apply success\n3 apply success";
my ($rows, $error, $name);

#
# A step within a transaction
#
$name = 'cancel of the caller in a transaction';
begin_case($one_step, 'pg_advisory_xact_lock');
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $caller->pid . ')');
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: its error");
is(states($node, $db), '1 applied, 2 failed, 3 pending', "$name: the states");
is_sql($node, $db, 'SELECT state, ended_at IS NOT NULL FROM migrate.runs', 'cancelled|t', "$name: the run");
is_sql($node, $db, "SELECT to_regclass('two')", '', "$name: nothing is kept");
is_clean($node, $db, "$name, at once");
is($caller->query('SELECT 1'), '1', "$name: the session goes on");
let_go();
next_run_succeeds($name, $cancelled);

$name = 'timeout of the caller';
prepare_case($one_step);
$caller->query("SET statement_timeout = '500ms'");
($rows, $error) = $caller->query('SELECT version FROM migrate.apply()');
like($error, qr/^ERROR:  57014: canceling statement due to statement timeout$/m, "$name: its error");
is(states($node, $db), '1 applied, 2 failed, 3 pending', "$name: the states");
is_clean($node, $db, "$name, at once");
let_go();
next_run_succeeds($name, $cancelled);

$name = 'cancel of the runner in a transaction';
begin_case($one_step, 'pg_advisory_xact_lock');
$node->safe_psql($db, "SELECT pg_cancel_backend($runner)");
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: the caller's error");
like($error, qr/^HINT:  Nothing of the migration is kept\.  Run SELECT migrate\.apply\(\); to try again\.$/m,
	"$name: its hint");
like($error, qr/^CONTEXT:  .*statement 2 of migration "2 stopped", line 2$/m, "$name: its context");
is(states($node, $db), '1 applied, 2 failed, 3 pending', "$name: the states");
is_sql($node, $db,
	"SELECT error_message, error_statement, error_line FROM migrate.history WHERE outcome = 'cancelled'",
	'canceling statement due to user request|2|2', "$name: the history has the place");
is_clean($node, $db, "$name, at once");
let_go();
next_run_succeeds($name, $cancelled);

$name = 'termination of the runner in a transaction';
begin_case($one_step, 'pg_advisory_xact_lock');
$node->safe_psql($db, "SELECT pg_terminate_backend($runner)");
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57P01: terminating background worker "migrate runner" due to administrator command$/m,
	"$name: the caller's error");
like($error, qr/^HINT:  .*SELECT migrate\.apply\(\).* goes on where this run stopped\.$/m, "$name: its hint");
is($caller->query('SELECT 1'), '1', "$name: the caller's session goes on");
let_go();
like(next_run_succeeds($name, $interrupted), qr/^NOTICE:  00000: run 1 was interrupted$/m,
	"$name: the next run says so");
is_sql($node, $db, 'SELECT state FROM migrate.runs ORDER BY run', "interrupted\nsuccess", "$name: the runs");

# A script can catch the cancel, but not the caller's wish.
$name = 'cancel that the script catches';
begin_case(
	"DO \$\$ BEGIN PERFORM pg_advisory_xact_lock(1); EXCEPTION WHEN query_canceled THEN NULL; END \$\$;\n"
	  . "CREATE TABLE two (id int);",
	'pg_advisory_xact_lock');
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $caller->pid . ')');
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014:/m, "$name: the caller's error");
is(states($node, $db), '1 applied, 2 failed, 3 pending', "$name: the states");
is_clean($node, $db, "$name, at once");
let_go();
next_run_succeeds($name, $cancelled);

#
# An index build that waits for another session
#
# The removal of its index waits for that session, too.
sub wait_for_removal
{
	wait_until($node, $db,
		"SELECT count(*) = 1 FROM pg_locks WHERE pid = $runner AND relation = 'busy_idx'::regclass AND granted");
	return;
}

$name = 'cancel of the caller in an index build';
begin_case($concurrent, 'CREATE INDEX CONCURRENTLY');
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $caller->pid . ')');
wait_for_removal();
is(states($node, $db), '1 applied, 2 running, 3 pending', "$name: the run is not over before its end");
let_go();
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: its error");
is(states($node, $db), '1 applied, 2 partial, 3 pending', "$name: the states");
is_sql($node, $db, "SELECT to_regclass('busy_idx') IS NULL, to_regclass('two') IS NOT NULL", 't|t',
	"$name: the step before is kept, the index is not");
is_clean($node, $db, "$name, at once");
next_run_succeeds($name, $cancelled);
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: each step ran once");

$name = 'impatient cancel';
begin_case($concurrent, 'CREATE INDEX CONCURRENTLY');
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $caller->pid . ')');
wait_for_removal();
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $caller->pid . ')');
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014: canceling statement due to user request$/m,
	"$name: the second one ends the waiting for the removal");
let_go();
wait_until_idle($node);
is(states($node, $db), '1 applied, 2 partial, 3 pending', "$name: the removal goes on without a caller");
is_clean($node, $db, "$name, then");
next_run_succeeds($name, $cancelled);

$name = 'cancel of the runner in an index build';
begin_case($concurrent, 'CREATE INDEX CONCURRENTLY');
$node->safe_psql($db, "SELECT pg_cancel_backend($runner)");
wait_for_removal();
let_go();
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: the caller's error");
like($error, qr/^HINT:  .*SELECT migrate\.apply\(\); to go on at step 2 of 3/m, "$name: its hint");
is(states($node, $db), '1 applied, 2 partial, 3 pending', "$name: the states");
is_clean($node, $db, "$name, at once");
next_run_succeeds($name, $cancelled);

$name = 'termination of the runner in an index build';
begin_case($concurrent, 'CREATE INDEX CONCURRENTLY');
$node->safe_psql($db, "SELECT pg_terminate_backend($runner)");
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57P01:/m, "$name: the caller's error");
let_go();
wait_until_idle($node);
is_sql($node, $db, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_idx'::regclass", 'f',
	"$name: an invalid index is left");
next_run_succeeds($name, $interrupted);
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: each step ran once");

#
# Other statements that commit by themselves
#
$name = 'cancel of REINDEX CONCURRENTLY';
begin_case("REINDEX INDEX CONCURRENTLY busy_old_idx;\nCREATE TABLE two (id int);", 'REINDEX');
$node->safe_psql($db, "SELECT pg_cancel_backend($runner)");
wait_until($node, $db,
	"SELECT count(*) = 1 FROM pg_locks l JOIN pg_class c ON c.oid = relation WHERE pid = $runner AND relname ~ '_ccnew\$' AND mode = 'ShareUpdateExclusiveLock'"
);
let_go();
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014:/m, "$name: the caller's error");
is(states($node, $db), '1 applied, 2 failed, 3 pending', "$name: the states");
is_clean($node, $db, "$name, at once");
next_run_succeeds($name, $cancelled);
is_sql($node, $db, "SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)'", '0', "$name: no transient index");

$name = 'cancel of DROP INDEX CONCURRENTLY';
begin_case("CREATE TABLE two (id int);\nDROP INDEX CONCURRENTLY busy_old_idx;", 'DROP INDEX');
$node->safe_psql($db, "SELECT pg_cancel_backend($runner)");
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014:/m, "$name: the caller's error");
is(states($node, $db), '1 applied, 2 partial, 3 pending', "$name: the states");
let_go();
next_run_succeeds($name, $cancelled);
is_sql($node, $db, "SELECT to_regclass('busy_old_idx')", '', "$name: the index is gone in the end");

$name = 'cancel of DETACH PARTITION CONCURRENTLY';
begin_case("CREATE TABLE two (id int);\nALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;\nDROP TABLE part_1;",
	'DETACH');
$node->safe_psql($db, "SELECT pg_cancel_backend($runner)");
($rows, $error) = $caller->finish;
like($error, qr/^ERROR:  57014:/m, "$name: the caller's error");
is(states($node, $db), '1 applied, 2 partial, 3 pending', "$name: the states");
let_go();
next_run_succeeds($name, $cancelled);
is_sql($node, $db, "SELECT string_agg(inhrelid::regclass::text, ',') FROM pg_inherits", 'part_2',
	"$name: the partition is gone in the end");

#
# The caller is gone: the run goes on
#
$name = 'termination of the caller';
begin_case($concurrent, 'CREATE INDEX CONCURRENTLY');
$node->safe_psql($db, 'SELECT pg_terminate_backend(' . $caller->pid . ')');
wait_until($node, $db, 'SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ' . $caller->pid);
is(states($node, $db), '1 applied, 2 running, 3 pending', "$name: the run goes on");
my $second = session($node, $db);
$second->start('SELECT version FROM migrate.apply()');
ok($second->wait_for(qr/^NOTICE:  00000: waiting for run 1 of role "postgres" \(pid $runner/m),
	"$name: the next caller waits for it");
let_go();
($rows, $error) = $second->finish;
is($rows, '', "$name: the next caller finds nothing left");
unlike($error, qr/^ERROR/m, "$name: and no error");
next_run_succeeds($name, $undisturbed, '');

$name = 'a client that was killed';
begin_case($one_step, 'pg_advisory_xact_lock');
$caller->kill_client;
let_go();
wait_until_idle($node);
next_run_succeeds($name, $undisturbed, '');

$name = 'a client whose end the server notices';
begin_case($one_step, 'pg_advisory_xact_lock');
let_go();
$caller->finish;
register($node, $db, [ 4, 'more', 'SELECT pg_advisory_xact_lock(1)' ]);
$gate->query('SELECT pg_advisory_lock(1)');
$caller->query("SET client_connection_check_interval = '100ms'");
$caller->start('SELECT migrate.apply()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$caller->kill_client;
wait_until($node, $db, 'SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ' . $caller->pid);
is(states($node, $db), '1 applied, 2 applied, 3 applied, 4 running', "$name: the run goes on");
let_go();
wait_until_idle($node);
is(states($node, $db), '1 applied, 2 applied, 3 applied, 4 applied', "$name: to its end");
is_sql($node, $db, 'SELECT state FROM migrate.runs ORDER BY run', "success\nsuccess", "$name: and is a success");
$_->quit foreach $gate, $writer, $second;

#
# A second caller that waits for the first
#
$name = 'cancel of a waiting caller';
begin_case($one_step, 'pg_advisory_xact_lock');
$second = session($node, $db);
$second->start('SELECT version FROM migrate.apply()');
$second->wait_for(qr/^NOTICE:  00000: waiting for run 1/m);
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $second->pid . ')');
($rows, $error) = $second->finish;
like($error, qr/^ERROR:  57014:/m, "$name: its error");
is_sql($node, $db, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'migrate runner'", '1',
	"$name: it had no runner of its own");
is($second->query('SELECT 1'), '1', "$name: and its session goes on");
let_go();
($rows, $error) = $caller->finish;
is($rows, "1\n2\n3", "$name: the first is not disturbed");
next_run_succeeds($name, $undisturbed, '');
$second->quit;

# The run waits for a lock of its own caller, which no deadlock detector sees.
$name = 'a lock of the caller';
begin_case("SELECT pg_advisory_xact_lock(1);\nSELECT pg_advisory_xact_lock(2)", 'pg_advisory_xact_lock(1)');
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $caller->pid . ')');
$caller->finish;
my $pid = $caller->pid;
$caller->query('SELECT pg_advisory_lock(2)');
let_go();
($rows, $error) = $caller->query('SELECT version FROM migrate.apply()');
like($error, qr/^ERROR:  40P01: the run waits for a lock that its own caller holds$/m, "$name: its error");
like($error, qr/^DETAIL:  The runner \(pid \d+\) waits for this session \(pid $pid\), which waits for the runner\.$/m,
	"$name: its detail");
like($error, qr/^HINT:  Release .*pg_advisory_unlock_all\(\).* migrate\.apply\(\) again\.$/m, "$name: its hint");
is(states($node, $db), '1 applied, 2 failed, 3 pending', "$name: the states");
is_clean($node, $db, "$name, at once");
$caller->query('SELECT pg_advisory_unlock_all()');
next_run_succeeds($name,
	"1 apply success\n2 apply cancelled 57014\n2 apply cancelled 57014\n2 apply success\n3 apply success");

# The same by way of a third session.
$name = 'a lock of the caller that another session waits for';
begin_case("SELECT pg_advisory_xact_lock(1);\nLOCK busy;\nSELECT 1", 'pg_advisory_xact_lock(1)');
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $caller->pid . ')');
$caller->finish;
$caller->query('SELECT pg_advisory_lock(2)');
$gate->query('SELECT pg_advisory_unlock_all()');
$writer->start('SELECT pg_advisory_xact_lock(2)');
($rows, $error) = $caller->query('SELECT version FROM migrate.apply()');
like($error, qr/^ERROR:  40P01: the run waits for a session that waits for it$/m, "$name: its error");
like($error, qr/^DETAIL:  The runner \(pid \d+\) waits for pid @{[$writer->pid]}, and that one for this session/m,
	"$name: its detail");
$caller->query('SELECT pg_advisory_unlock_all()');
$writer->finish;
let_go();
next_run_succeeds($name,
	"1 apply success\n2 apply cancelled 57014\n2 apply cancelled 57014\n2 apply success\n3 apply success");

$node->stop;
done_testing();
