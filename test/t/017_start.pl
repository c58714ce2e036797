# Runs that nobody waits for: start(), wait(), cancel(), and what others see of
# them in migrate.progress.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'time';

# Shared memory in files of our own, which can be counted; worker slots as by
# default, of which the server itself takes one; commits that can be held up, as
# they wait, if they are asked to, for a standby that never comes.
my $node = new_server(
	'start',
	init => { allows_streaming => 1 },
	conf => <<'CONF');
max_worker_processes = 8
synchronous_standby_names = 'nobody'
synchronous_commit = local
restart_after_crash = on
max_connections = 50
max_prepared_transactions = 5
dynamic_shared_memory_type = mmap
deadlock_timeout = 100ms
CONF
my $slots = 7;
my $at_gate = 'SELECT pg_advisory_xact_lock(1)';
my $databases = 0;
my ($db, $s, $other, $gate, $rows, $messages, $name, $before);

$node->safe_psql('postgres', 'CREATE DATABASE model');
$node->safe_psql('model', <<'SQL');
CREATE EXTENSION migrate;
CREATE TABLE t (id int, v int);
INSERT INTO t SELECT i, i FROM generate_series(1, 1000) i;
SQL

# A database with these migrations; two sessions, and one that keeps the gate
# shut at which scripts wait that take advisory lock 1.
sub begin_case
{
	my (@migrations) = @_;

	$db = 'case_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE model");
	register($node, $db, @migrations);
	$s = session($node, $db);
	$other = session($node, $db);
	$gate = session($node, $db);
	$gate->query('SELECT pg_advisory_lock(1)');
	$before = runner_starts($node);
	return;
}

sub open_gate
{
	$gate->query('SELECT pg_advisory_unlock_all()');
	return;
}

# How many runners were started since the case began; the log is written
# before a runner can be seen.
sub runners
{
	return runner_starts($node) - $before;
}

# The wire of a run is a bit larger than its queue of 64 kB; nothing else of the
# server has that size.
my $segments = <<'SQL';
SELECT count(*) FROM pg_ls_dir('pg_dynshmem') f, pg_stat_file('pg_dynshmem/' || f, true) s
 WHERE s.size BETWEEN 65536 AND 200000
SQL

sub runs
{
	return $node->safe_psql($db,
		"SELECT string_agg(run || ' ' || state, ', ' ORDER BY run) FROM migrate.runs");
}

# Waits until so many runs wait for their turn.
sub wait_for_queue
{
	my ($count) = @_;

	wait_until($node, $db,
		"SELECT count(*) = $count FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE backend_type = 'migrate runner'"
		  . " AND datname = '$db' AND NOT granted AND classid = 'pg_extension'::regclass");
	return;
}

# Nothing is left but what is expected in runs and states.
sub end_case
{
	my ($name, $runs, $states) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is_clean($node, $db, $name);
	is_sql($node, $db, $segments, '0', "$name: no shared memory is left");
	is(runs(), $runs, "$name: the runs");
	is(states($node, $db), $states, "$name: the states");
	is_sql($node, $db, "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = '$db')",
		'0', "$name: nobody waits");
	$_->quit foreach $s, $other, $gate;
	return;
}

# Without the NOTICE lines and their DETAIL, HINT and CONTEXT: the error alone.
sub error_of
{
	my ($text) = @_;

	$text =~ s/\A.*?^(?=ERROR:)//ms or return '';
	return $text;
}

#
# Starting
#
$name = 'start';
begin_case([ 1, 'one', $at_gate ], [ 2, 'two', 'CREATE TABLE two (id int)' ]);
is($s->query('SELECT migrate.start()'), '1', "$name: the number comes at once");
is(wait_for_runner($node, $db, 'pg_advisory_xact_lock'),
	$node->safe_psql($db, 'SELECT pid FROM migrate.runs'), "$name: the run goes on in a runner");
is_sql($node, $db, 'SELECT state, started_by, application_name FROM migrate.runs', 'running|postgres|017_start.pl', "$name: the run is recorded");
is($s->query('SELECT 1'), '1', "$name: the session is free");
is(runners(), 1, "$name: there is one runner");
open_gate();
is($s->query('SELECT version, name, state, steps FROM migrate.wait(1)'), "1|one|applied|1\n2|two|applied|1", "$name: the rows");
is($s->query('SELECT migrate.start()'), '2', "$name: with nothing pending");
is($s->query('SELECT * FROM migrate.wait(2)'), '', "$name: there are no rows");
end_case($name, '1 success, 2 success', '1 applied, 2 applied');

$name = 'commit';
begin_case([ 1, 'one', 'SELECT count(*) / (count(*) - 1) FROM t' ]);
is($s->query('BEGIN; SELECT migrate.start()'), '1', "$name: the number comes at once");
$s->query('INSERT INTO t VALUES (1001)');
is(runs(), '', "$name: before it there is no run");
is(runners(), 0, "$name: and no runner");
like(($s->query('SAVEPOINT s; SELECT * FROM migrate.wait(1)'))[1],
	qr/^ERROR:  55000: run 1 begins when this transaction commits\nHINT:  Run COMMIT; first\.$/m, "$name: it cannot be waited for");
like(($s->query('ROLLBACK TO s; SELECT migrate.cancel(1)'))[1], qr/^ERROR:  55000: run 1 begins when this transaction commits$/m,
	"$name: nor cancelled");
like(($other->query('SELECT * FROM migrate.wait(1)'))[1], qr/^ERROR:  42704: run 1 does not exist$/m, "$name: others do not see it");
$s->query('ROLLBACK TO s; COMMIT');
is($s->query('SELECT version FROM migrate.wait(1)'), '1', "$name: then it runs");
is(runners(), 1, "$name: in one runner");
end_case($name, '1 success', '1 applied');

$name = 'rollback';
begin_case([ 1, 'one', 'SELECT 1' ]);
$s->start(join "\n", map { 'BEGIN; SELECT migrate.start(); ROLLBACK;' } 1 .. 200);
is(scalar(split /\n/, $s->finish), 200, "$name: 200 numbers");
is(runners(), 0, "$name: no runner");
is_sql($node, $db, $segments, '0', "$name: no shared memory, with the session still there");
$s->query('SELECT migrate.start() \; SELECT 1 / 0');
$s->query('BEGIN; SELECT migrate.start(); SELECT 1 / 0; COMMIT');
$s->query('BEGIN; SELECT migrate.start()');
$node->safe_psql($db, 'SELECT pg_terminate_backend(' . $s->pid . ', 60000)');
is(runners(), 0, "$name: after errors and the end of the session, too");
end_case($name, '', '1 pending');

$name = 'savepoints';
begin_case([ 1, 'one', 'SELECT 1' ]);
$s->start("BEGIN;\n" . (join "\n", map { 'SAVEPOINT s; SELECT migrate.start(); ROLLBACK TO s;' } 1 .. 200) . "\nCOMMIT;");
unlike(($s->finish)[1], qr/ERROR/, "$name: 200 that are rolled back");
is(runners(), 0, "$name: start no runner");
is_sql($node, $db, $segments, '0', "$name: and leave no shared memory");
# the fourth of these is all that is left
$s->query(<<'SQL');
BEGIN;
SAVEPOINT outer1; SAVEPOINT inner1; SELECT migrate.start(); RELEASE inner1; ROLLBACK TO outer1;
SAVEPOINT outer2; SELECT migrate.start(); SAVEPOINT inner2; SELECT migrate.start(); ROLLBACK TO outer2;
SAVEPOINT outer3; SAVEPOINT inner3; SELECT migrate.start(); RELEASE inner3; RELEASE outer3;
DO $$ BEGIN PERFORM migrate.start(); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
COMMIT
SQL
is($s->query('SELECT version FROM migrate.wait((SELECT max(run) FROM migrate.runs))'), '1', "$name: what is released runs");
is(runners(), 1, "$name: in the only runner");
is($node->safe_psql($db, 'SELECT count(*) FROM migrate.runs'), '1', "$name: of the only run");
# start() fails halfway; what is left of it must not run
register($node, $db, [ 2, 'two', 'SELECT 1' ]);
$other->query('BEGIN; LOCK migrate.run IN ACCESS EXCLUSIVE MODE');
like(($s->query("BEGIN; SET LOCAL lock_timeout = '50ms'; SAVEPOINT s; SELECT migrate.start()"))[1],
	qr/^ERROR:  55P03:/m, "$name: a start that fails");
$other->query('COMMIT');
$s->query('ROLLBACK TO s; COMMIT');
is(runners(), 1, "$name: starts nothing");
end_case($name, '204 success', '1 applied, 2 pending');

$name = 'several';
begin_case();
$node->safe_psql($db, "SELECT migrate.register('1', p, 'INSERT INTO t VALUES (0)', project => p) FROM unnest('{a,b,c}'::text[]) p");
$s->query("BEGIN; SELECT migrate.start(project => p) FROM unnest('{a,b,c}'::text[]) p; COMMIT");
is($s->query("SELECT name FROM migrate.wait($_)"), ('a' .. 'c')[ $_ - 1 ], "$name: run $_ of the transaction") foreach 1 .. 3;
is_sql($node, $db, 'SELECT count(*) FROM t WHERE id = 0', '3', "$name: each ran once");
is(runners(), 3, "$name: in a runner each");
end_case($name, '1 success, 2 success, 3 success', '');

$name = 'a prepared transaction';
begin_case([ 1, 'one', 'SELECT 1' ]);
like(($s->query("BEGIN; SELECT migrate.start(); PREPARE TRANSACTION 'p'"))[1],
	qr/^ERROR:  0A000: cannot PREPARE a transaction that has started a run$/m, "$name: is refused");
is_sql($node, $db, 'SELECT count(*) FROM pg_prepared_xacts', '0', "$name: nothing is prepared");
$s->query("BEGIN; SAVEPOINT s; SELECT migrate.start(); ROLLBACK TO s; PREPARE TRANSACTION 'p'");
$s->query("COMMIT PREPARED 'p'");
is(runners(), 0, "$name: nothing runs");
end_case($name, '', '1 pending');

$name = 'other places';
begin_case(
	[ 1, 'one', 'CREATE TABLE one AS SELECT current_user::text AS role, current_setting(\'my.x\', true) AS x' ],
	[ 2, 'two', 'SELECT 1' ], [ 3, 'three', 'SELECT 1' ], [ 4, 'four', 'SELECT 1' ]);
$node->safe_psql($db, <<'SQL');
CREATE ROLE deployer;
GRANT EXECUTE ON FUNCTION migrate.start, migrate.wait, migrate.cancel TO deployer;
GRANT CREATE ON SCHEMA public TO deployer;
CREATE FUNCTION begin_run(target text) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN migrate.start(target); END';
CREATE FUNCTION begin_run_as_owner() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN migrate.start(); END';
ALTER FUNCTION begin_run_as_owner OWNER TO deployer;
SQL
$s->query("BEGIN; SET LOCAL ROLE deployer; SET LOCAL my.x = 'then'; SELECT begin_run('1'); RESET ROLE; SET LOCAL my.x = 'later'; COMMIT");
is($s->query('SELECT version FROM migrate.wait(1)'), '1', "$name: in a function");
is_sql($node, $db, "SELECT role, x, tableowner FROM one, pg_tables WHERE tablename = 'one'", 'deployer|then|deployer',
	"$name: it runs with the role and the settings of that moment");
is_sql($node, $db, 'SELECT role, session_role, outcome FROM migrate.history', 'deployer|postgres|success', "$name: as the history says");
$s->query("DO \$\$ BEGIN PERFORM migrate.start('2'); COMMIT; PERFORM migrate.start('3'); ROLLBACK; END \$\$");
is($s->query('SELECT version FROM migrate.wait(2)'), '2', "$name: in a DO block that commits");
$s->query("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM t; SELECT migrate.start('3'); COMMIT");
is($s->query('SELECT version FROM migrate.wait(4)'), '3', "$name: in a serializable transaction");
like(($s->query('BEGIN READ ONLY; SELECT migrate.start()'))[1], qr/^ERROR:  25006:/m, "$name: not in a read-only one");
$s->query('ROLLBACK');
# it would run with the rights of the session, here a superuser's
like(($s->query('SELECT begin_run_as_owner()'))[1],
	qr/^ERROR:  0A000: migrate\.start\(\) cannot be called by a SECURITY DEFINER function$/m, "$name: not for another role than the session's");
register($node, $db, [ 4, 'four', 'SELECT migrate.start()' ]);
like(($s->query('SELECT migrate.wait(migrate.start())'))[1], qr/^ERROR:  55000: run 5 begins when/m, "$name: not waited for by the same statement");
is($s->query('SELECT migrate.start()'), '6', "$name: a script");
like(($s->query('SELECT * FROM migrate.wait(6)'))[1], qr/^ERROR:  55000: migrate\.start\(\) cannot be called by a migration script$/m,
	"$name: cannot start a run");
end_case($name, '1 success, 2 success, 4 success, 6 failed', '1 applied, 2 applied, 3 applied, 4 failed');

$name = 'the starter is gone';
begin_case([ 1, 'one', $at_gate ], [ 2, 'two', 'DO $$ BEGIN FOR i IN 1 .. 3000 LOOP RAISE NOTICE \'%\', repeat(\'x\', 100); END LOOP; END $$' ]);
is($node->safe_psql($db, 'SELECT migrate.start()'), '1', "$name: it ended right after the commit");
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
is($s->query('SELECT migrate.start()'), '2', "$name: its client is killed");
$s->kill_client;
is($other->query('SELECT migrate.start()'), '3', "$name: it is terminated");
$node->safe_psql($db, 'SELECT pg_terminate_backend(' . $other->pid . ', 60000)');
wait_for_queue(2);
open_gate();
$other = session($node, $db);
is($other->query("SELECT version FROM migrate.wait($_)"), $_ == 1 ? "1\n2" : '', "$name: run $_ ends well") foreach 1 .. 3;
end_case($name, '1 success, 2 success, 3 success', '1 applied, 2 applied');

# The runner is there before the commit is done.
sub hang_in_commit
{
	$s->start('BEGIN; SELECT migrate.start(); SET LOCAL synchronous_commit = on; COMMIT');
	wait_until($node, $db, "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = " . $s->pid);
	wait_until($node, $db,
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'migrate runner' AND wait_event = 'transactionid'");
	return;
}

$name = 'a commit that takes long';
begin_case([ 1, 'one', 'SELECT 1' ]);
hang_in_commit();
is(runs(), '', "$name: nothing to be seen of the run");
is(states($node, $db), '1 pending', "$name: and nothing runs");
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $s->pid . ')');
like(($s->finish)[1], qr/^WARNING:  01000: canceling wait for synchronous replication due to user request$/m, "$name: then it is over");
is($other->query('SELECT version FROM migrate.wait(1)'), '1', "$name: to its end");
end_case($name, '1 success', '1 applied');

$name = 'a commit that fails';
begin_case([ 1, 'one', 'SELECT 1' ]);
$node->safe_psql($db, 'CREATE TABLE u (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); CREATE TABLE a (i int); CREATE TABLE b (i int)');
like(($s->query('BEGIN; SELECT migrate.start(); INSERT INTO u VALUES (1), (1); COMMIT'))[1], qr/^ERROR:  23505:/m, "$name: its own error");
is(runners(), 0, "$name: before the runner");
$s->query('BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM a; INSERT INTO b VALUES (1); SELECT migrate.start()');
$other->query('BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM b; INSERT INTO a VALUES (1); COMMIT');
like(($s->query('COMMIT'))[1], qr/^ERROR:  40001:/m, "$name: its own error");
is(runners(), 1, "$name: after the runner was started");
end_case($name, '', '1 pending');

$name = 'no worker slot';
begin_case([ 1, 'one', $at_gate ]);
$node->safe_psql($db, 'SELECT migrate.start()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$node->safe_psql($db, 'SELECT migrate.start()') foreach 2 .. $slots - 1;
wait_for_queue($slots - 2);
like(($s->query("BEGIN; INSERT INTO t VALUES (0); SELECT migrate.start(), migrate.start(); COMMIT"))[1],
	qr/^ERROR:  53000: could not start a background worker\nDETAIL:  All slots for background workers are taken; there are 8\.\nHINT:  Raise "max_worker_processes"/m,
	"$name: the commit fails");
is_sql($node, $db, 'SELECT count(*) FROM t WHERE id = 0', '0', "$name: and with it the transaction");
wait_until($node, $db, "SELECT count(*) = $slots - 1 FROM pg_stat_activity WHERE backend_type = 'migrate runner'");
is(runners(), $slots, "$name: the first of two had its runner, for nothing");
is($s->query('SELECT migrate.start()'), $slots + 2, "$name: which gave its slot back");
open_gate();
$other->query("SELECT * FROM migrate.wait($slots + 2)");
end_case($name, join(', ', map { "$_ success" } 1 .. $slots - 1, $slots + 2), '1 applied');

#
# Waiting
#
my @three = (
	[ 1, 'one', "CREATE TABLE one (id int);\n$at_gate;" ],
	[ 2, 'two', "CREATE INDEX CONCURRENTLY t_id ON t (id);\nALTER TABLE t ADD w int;" ],
	[ undef, 'view', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one' ]);
$name = 'many that wait';
begin_case(@three);
$node->safe_psql($db, 'CREATE FUNCTION f(run bigint) RETURNS SETOF migrate.run_row LANGUAGE plpgsql AS \'BEGIN RETURN QUERY SELECT * FROM migrate.wait(run); END\'');
$s->query('SELECT migrate.start()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
my @waiters = map { session($node, $db) } 1 .. 6;
$_->start('SELECT * FROM migrate.wait(1)') foreach $s, @waiters;
wait_until($node, $db, "SELECT count(*) = 7 FROM pg_stat_activity WHERE datname = '$db' AND wait_event IN ('Extension', 'MigrateRun')");
is_sql($node, $db, "SELECT count(*) FROM pg_stat_activity WHERE datname = '$db' AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
	'0', "$name: none of them holds a snapshot");
open_gate();
my @results = map { scalar $_->finish } $s, @waiters;
my $apply = $node->safe_psql('postgres', "CREATE DATABASE by_apply TEMPLATE model");
register($node, 'by_apply', @three);
$apply = $node->safe_psql('by_apply', 'SELECT * FROM migrate.apply()');
s/\|[0-9:.]+$//mg foreach @results, $apply;
is($results[$_], $apply, "$name: the rows of apply() for number $_") foreach 0 .. $#results;
is_sql($node, $db, 'SELECT count(*) FROM migrate.wait(1) JOIN migrate.history USING (name, elapsed)', '3', "$name: long afterwards, within a query, with the elapsed times of the history");
is($other->query('SELECT version FROM f(1)'), "1\n2\n", "$name: in a function");
is($other->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT version FROM migrate.wait(1); COMMIT'), "1\n2\n", "$name: in any transaction");
like(($other->query('SELECT * FROM migrate.wait(99)'))[1], qr/^ERROR:  42704: run 99 does not exist\nHINT:  Run SELECT \* FROM migrate\.runs; to see the runs\.$/m, "$name: an unknown run");
like(($other->query('SELECT * FROM migrate.wait(NULL)'))[1], qr/^ERROR:  22004: run must not be null$/m, "$name: no run");
$_->quit foreach @waiters;
end_case($name, '1 success', '1 applied, 2 applied, view applied');

# A waiter in a transaction block is no worse than one outside, as long as it
# holds nothing that the run needs.
$name = 'in a transaction block';
begin_case([ 1, 'one', $at_gate ], [ 2, 'two', 'ALTER TABLE t ADD w int' ], [ 3, 'three', 'CREATE INDEX CONCURRENTLY t_id ON t (id)' ]);
$s->query("SELECT migrate.start('2')");
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
like(($other->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM migrate.wait(1)'))[1],
	qr/^ERROR:  25001: migrate\.wait\(\) must be called in a READ COMMITTED transaction$/m, "$name: not with a lasting snapshot");
$other->query('ROLLBACK');
$other->start('BEGIN; CREATE TABLE mine (id int); SELECT version FROM migrate.wait(1); COMMIT');
wait_until($node, $db, "SELECT wait_event IN ('Extension', 'MigrateRun') FROM pg_stat_activity WHERE pid = " . $other->pid);
open_gate();
is($other->finish, "1\n2", "$name: the rows");

# Its own snapshot and its locks: it says so, and the run goes on.
sub is_told
{
	my ($pid, $error, $since, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	cmp_ok(time - $since, '<', 3, "$name: within 2 s");
	like(
		$error,
		qr/^ERROR:  40P01: run \d+ waits for a lock that this session holds\nDETAIL:  The runner \(pid \d+\) waits for this session \(pid $pid\), which waits for the runner\.\nHINT:  The run goes on\.  End this session's transaction, release its locks, and run SELECT \* FROM migrate\.wait\(\d+\);$/m,
		"$name: the error");
	return;
}
# A writer holds the build up until this session waits.
my $writer = session($node, $db);
$writer->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
$s->query('BEGIN');
$other->query('SELECT migrate.start()');
$s->start('SELECT * FROM migrate.wait(2)');
wait_until($node, $db, "SELECT wait_event IN ('Extension', 'MigrateRun') FROM pg_stat_activity WHERE pid = " . $s->pid);
my $since = time;
$writer->query('COMMIT');
$writer->quit;
is_told($s->pid, ($s->finish)[1], $since, "$name, its snapshot");
$s->query('ROLLBACK');
is($s->query('SELECT version FROM migrate.wait(2)'), '3', "$name, its snapshot: the run went on");
register($node, $db, [ 4, 'four', 'ALTER TABLE t ADD z int' ]);
$s->query('BEGIN; LOCK t IN ACCESS SHARE MODE');
$other->query('SELECT migrate.start()');
$since = time;
is_told($s->pid, ($s->query('SELECT * FROM migrate.wait(3)'))[1], $since, "$name, its lock");
$s->query('ROLLBACK');
is($other->query('SELECT version FROM migrate.wait(3)'), '4', "$name, its lock: and went on");
# a lock of the session, outside a block; a queued run that waits for a running one
register($node, $db, [ 5, 'five', 'SELECT pg_advisory_xact_lock(5)' ]);
$s->query('SELECT pg_advisory_lock(5)');
$other->query('SELECT migrate.start()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$other->query('SELECT migrate.start()');
wait_for_queue(1);
like(($s->query('SELECT * FROM migrate.wait(5)'))[1], qr/^ERROR:  40P01: run 5 waits for a lock that this session holds\nDETAIL:  The runner \(pid \d+\) waits for pid \d+, and that one for this session/m,
	"$name, by way of another run: the error");
$s->query('SELECT pg_advisory_unlock_all()');
is($s->query('SELECT version FROM migrate.wait(4)'), '5', "$name, by way of another run: it went on");
$s->query('SELECT version FROM migrate.wait(5)');
end_case($name, join(', ', map { "$_ success" } 1 .. 5), join(', ', map { "$_ applied" } 1 .. 5));

# The error of a run, as apply() raises it.
$name = 'a failed run';
my @failing = (
	[ 1, 'one', 'SELECT 1' ],
	[
		2, 'two', "CREATE TABLE two (id int);\nVACUUM t;\n\n"
		  . "DO \$\$ BEGIN RAISE 'out of % or %', 'cheese', E'b\xc3\xa9ar\\nnaise' USING ERRCODE = 'X1234', DETAIL = E'the\\nplate', HINT = 'buy \"some\"'; END \$\$"
	]);
begin_case(@failing);
$s->query('SELECT migrate.start()');
my $waited = error_of(($s->query('SELECT * FROM migrate.wait(1)'))[1]);
$node->safe_psql('postgres', 'CREATE DATABASE apply_fails TEMPLATE model');
register($node, 'apply_fails', @failing);
my $client = session($node, 'apply_fails');
my $applied = error_of(($client->query('SELECT * FROM migrate.apply()'))[1]);
like($applied, qr/\AERROR:  X1234: .*^DETAIL:  the\n.*^HINT:  buy "some"  .*^CONTEXT:  /ms, "$name: apply() has an error to compare with");
is($waited, $applied, "$name: wait() raises the same, to the letter");
is(error_of(($other->query('SELECT * FROM migrate.wait(1)'))[1]), $applied, "$name: for any session, long afterwards");
$client->quit;
is(outcomes($node, $db), "1 apply success\n2 apply failed X1234", "$name: the history");
end_case($name, '1 failed', '1 applied, 2 partial');

# A failure before the first migration.
$name = 'a run that cannot begin';
begin_case([ 2, 'two', 'SELECT 1' ]);
$s->query("SELECT * FROM migrate.apply(); SELECT migrate.register('1', 'one', 'SELECT 1'); SELECT migrate.start(); SELECT migrate.start('nothing')");
$client = session($node, $db);
foreach my $target (undef, 'nothing')
{
	my $call = $target ? "'$target'" : '';
	my $run = $target ? 3 : 2;
	my $expected = error_of(($client->query("SELECT * FROM migrate.apply($call)"))[1]);

	$waited = error_of(($s->query("SELECT * FROM migrate.wait($run)"))[1]);
	isnt($expected, '', "$name: apply($call) fails");
	# apply() in a session looks ahead, and has no context
	$waited =~ s/^CONTEXT: .*\n//mg;
	is($waited, $expected, "$name: wait() raises the error of apply($call)");
}
$client->quit;
end_case($name, '1 success, 2 failed, 3 failed', '1 pending, 2 applied');

$name = 'what becomes of who waits';
begin_case([ 1, 'one', $at_gate ]);
$s->query('SELECT migrate.start()');
my $runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
like(($s->query("SET statement_timeout = '200ms'; SELECT * FROM migrate.wait(1)"))[1],
	qr/^ERROR:  57014: canceling statement due to statement timeout$/m, "$name: a timeout");
$s->query('RESET statement_timeout');
$s->start('SELECT * FROM migrate.wait(1)');
wait_until($node, $db, "SELECT wait_event IN ('Extension', 'MigrateRun') FROM pg_stat_activity WHERE pid = " . $s->pid);
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $s->pid . ')');
like(($s->finish)[1], qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: a cancel");
is($s->query('SELECT 1'), '1', "$name: leave the session alone");
$other->start('BEGIN; SELECT * FROM migrate.wait(1)');
wait_until($node, $db, "SELECT wait_event IN ('Extension', 'MigrateRun') FROM pg_stat_activity WHERE pid = " . $other->pid);
$node->safe_psql($db, 'SELECT pg_terminate_backend(' . $other->pid . ', 60000)');
$client = session($node, $db);
$client->query("SET client_connection_check_interval = '50ms'");
$client->start('SELECT * FROM migrate.wait(1)');
wait_until($node, $db, "SELECT wait_event IN ('Extension', 'MigrateRun') FROM pg_stat_activity WHERE pid = " . $client->pid);
$client->kill_client;
wait_until($node, $db, 'SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ' . $client->pid);
is_sql($node, $db, 'SELECT version, blocked_by FROM migrate.progress', '1|{' . $gate->pid . '}', "$name: the run goes on after all of them");
open_gate();
$other = session($node, $db);
is($other->query('SELECT version FROM migrate.wait(1)'), '1', "$name: to its end");
end_case($name, '1 success', '1 applied');

$name = 'an interrupted run';
begin_case([ 1, 'one', $at_gate ]);
$s->query('SELECT migrate.start()');
$runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$s->start('SELECT * FROM migrate.wait(1)');
wait_until($node, $db, "SELECT wait_event IN ('Extension', 'MigrateRun') FROM pg_stat_activity WHERE pid = " . $s->pid);
$node->safe_psql($db, "SELECT pg_terminate_backend($runner, 60000)");
my $interrupted = qr/\AERROR:  08006: run 1 was interrupted\nDETAIL:  Its process ended before the run did; the server log may have more\.\nHINT:  SELECT migrate\.apply\(\); goes on where it stopped\.$/m;
like(($s->finish)[1], $interrupted, "$name: the error");
like(($other->query('SELECT * FROM migrate.wait(1)'))[1], $interrupted, "$name: the error before anybody recorded it");
is($other->query('SELECT migrate.cancel(1)'), 'f', "$name: it cannot be cancelled");
open_gate();
$other->query('SELECT migrate.start()');
is($other->query('SELECT version FROM migrate.wait(2)'), '1', "$name: the next run does it");
like(($s->query('SELECT * FROM migrate.wait(1)'))[1], $interrupted, "$name: the error afterwards");
end_case($name, '1 interrupted, 2 success', '1 applied');

#
# Cancelling
#
my $cancelled = qr/^ERROR:  57014: canceling statement due to user request$/m;

$name = 'cancel';
begin_case([ 1, 'one', "CREATE TABLE one (id int);\n$at_gate" ], [ 2, 'two', "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY t_id ON t (id)" ], [ 3, 'three', 'ALTER TABLE t ADD w int' ]);
$s->query('SELECT migrate.start(); SELECT migrate.start()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
wait_for_queue(1);
$other->start('SELECT * FROM migrate.wait(2)');
wait_until($node, $db, "SELECT wait_event IN ('Extension', 'MigrateRun') FROM pg_stat_activity WHERE pid = " . $other->pid);
is($s->query('SELECT migrate.cancel(2)'), 't', "$name: a queued run");
like(($other->finish)[1], $cancelled, "$name: a queued run ends");
is(runs(), '1 running, 2 cancelled', "$name: and only that one");
is($s->query('SELECT migrate.cancel(1)'), 't', "$name: a run in a transaction");
like(($s->query('SELECT * FROM migrate.wait(1)'))[1], $cancelled, "$name: a run in a transaction ends");
is_sql($node, $db, "SELECT to_regclass('one')", '', "$name: nothing of it is kept");
is(states($node, $db), '1 failed, 2 pending, 3 pending', "$name: the states");
is($s->query("SELECT migrate.cancel($_)"), 'f', "$name: not run $_ any more") foreach 1, 2;
like(($s->query('SELECT migrate.cancel(99)'))[1], qr/^ERROR:  42704: run 99 does not exist$/m, "$name: an unknown run");
like(($s->query('SELECT migrate.cancel(NULL)'))[1], qr/^ERROR:  22004: run must not be null$/m, "$name: no run");
open_gate();
# in an index build
$other->query('BEGIN; INSERT INTO t VALUES (0)');
$s->query('SELECT migrate.start()');
$runner = wait_for_runner($node, $db, 'CREATE INDEX');
is($s->query('SELECT migrate.cancel(3)'), 't', "$name: a run in an index build");
# the removal waits for the same writer
wait_until($node, $db, "SELECT count(*) = 1 FROM pg_locks WHERE pid = $runner AND relation = 't_id'::regclass AND granted");
$other->query('COMMIT');
like(($s->query('SELECT * FROM migrate.wait(3)'))[1], $cancelled, "$name: a run in an index build ends");
is_sql($node, $db, "SELECT to_regclass('t_id')", '', "$name: without an index");
is(states($node, $db), '1 applied, 2 partial, 3 pending', "$name: the states");
# between two tries
$other->query('BEGIN; LOCK t IN ACCESS SHARE MODE');
$s->query("SET migrate.lock_timeout = '20ms'; SET migrate.lock_retry_max_delay = '10min'; SET migrate.lock_retries = 100; SELECT migrate.start()");
wait_until($node, $db, "SELECT phase = 'sleeping before retry 5 of 100' FROM migrate.progress");
is($s->query('SELECT migrate.cancel(4)'), 't', "$name: a run in a pause");
like(($s->query('SELECT * FROM migrate.wait(4)'))[1], $cancelled, "$name: a run in a pause ends");
is(states($node, $db), '1 applied, 2 applied, 3 failed', "$name: the states");
$other->query('COMMIT');
# right after its start, before its process is known
$gate->query('BEGIN; LOCK t IN ACCESS SHARE MODE');
$s->start(join "\n", 'RESET migrate.lock_timeout;', map { "SELECT migrate.start() AS run \\gset\nSELECT migrate.cancel(:run);\nSELECT * FROM migrate.wait(:run);" } 1 .. 30);
($rows, $messages) = $s->finish;
is($rows, join("\n", ('t') x 30), "$name: 30 right after their start");
is(scalar(() = $messages =~ /$cancelled/g), 30, "$name: 30 are cancelled");
$gate->query('COMMIT');
end_case($name, '1 cancelled, 2 cancelled, 3 cancelled, 4 cancelled, ' . join(', ', map { "$_ cancelled" } 5 .. 34), '1 applied, 2 applied, 3 failed');

#
# The end of the server
#
$name = 'restart';
begin_case([ 1, 'one', $at_gate ]);
$s->query('SELECT migrate.start(); SELECT migrate.start()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
wait_for_queue(1);
$node->restart;
$_->quit foreach $s, $other, $gate;
is(runs(), '1 running, 2 queued', "$name: what was recorded");
is_sql($node, $db, 'SELECT count(*) FROM migrate.progress', '0', "$name: nothing is running");
$s = session($node, $db);
like(($s->query("SELECT * FROM migrate.wait($_)"))[1], qr/^ERROR:  08006: run $_ was interrupted$/m, "$name: wait($_)") foreach 1, 2;
is($s->query("SELECT migrate.cancel($_)"), 'f', "$name: cancel($_)") foreach 1, 2;
($rows, $messages) = $s->query('SELECT version FROM migrate.apply()');
is($rows, '1', "$name: the next run");
like($messages, qr/^NOTICE:  00000: run $_ was interrupted$/m, "$name: says that of $_") foreach 1, 2;
$other = session($node, $db);
$gate = session($node, $db);
end_case($name, '1 interrupted, 2 interrupted, 3 success', '1 applied');

# The commit is on disk, its runner waits for its end: neither lives on.
$name = 'crash between the commit and the run';
begin_case([ 1, 'one', 'SELECT 1' ]);
hang_in_commit();
crash($node, $s->pid);
is(runs(), '1 queued', "$name: what was recorded");
is(states($node, $db), '1 pending', "$name: nothing has run");
$other = session($node, $db);
like(($other->query('SELECT * FROM migrate.wait(1)'))[1], $interrupted, "$name: wait()");
# a crash loses some numbers of a sequence
my $next = $other->query('SELECT migrate.start()');
is($other->query("SELECT version FROM migrate.wait($next)"), '1', "$name: the next run");
$gate = session($node, $db);
end_case($name, "1 interrupted, $next success", '1 applied');

$name = 'crash of a queue';
begin_case([ 1, 'one', $at_gate ]);
$s->query('SELECT migrate.start(); SELECT migrate.start(); SELECT migrate.start()');
$runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
wait_for_queue(2);
crash($node, $runner);
$_ = session($node, $db) foreach $s, $other, $gate;
is(runs(), '1 running, 2 queued, 3 queued', "$name: what was recorded");
$next = $s->query('SELECT migrate.start()');
is($s->query("SELECT version FROM migrate.wait($next)"), '1', "$name: the next run");
end_case($name, "1 interrupted, 2 interrupted, 3 interrupted, $next success", '1 applied');

#
# What others see
#
# An index build that stops in the middle of its table.
$name = 'progress';
begin_case(
	[ 1, 'one', $at_gate ],
	[ 2, 'two', "SELECT 1;\nCREATE INDEX CONCURRENTLY t_slow ON t (slow(id))" ]);
$node->safe_psql($db, <<'SQL');
INSERT INTO t SELECT i, i FROM generate_series(1001, 100000) i;
CREATE FUNCTION slow(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN IF i = 50000 THEN PERFORM pg_advisory_xact_lock(2); END IF; RETURN i; END';
CREATE ROLE looker LOGIN;
GRANT SELECT ON migrate.progress TO looker;
SQL
$gate->query('SELECT pg_advisory_lock(2)');
my $looker = session($node, $db, connstr => $node->connstr($db) . ' user=looker');
$s->query('SELECT migrate.start(); SELECT migrate.start()');
$runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
wait_for_queue(1);
my $look = "SELECT run, version, name, step, steps, statement, query, phase, percent BETWEEN 40 AND 60, elapsed > '0' AND elapsed < '1 h' FROM migrate.progress";
is($looker->query($look), "1|1|one|1|1|1|$at_gate|||t\n2|||0|0|0||waiting for its turn||t", "$name: one run, and one that waits for it");
is($looker->query('SELECT run, blocked_by FROM migrate.progress'), '1|{' . $gate->pid . "}\n2|{$runner}", "$name: each with who is in its way");
$gate->query('SELECT pg_advisory_unlock(1)');
wait_until($node, $db, "SELECT percent BETWEEN 40 AND 60 FROM migrate.progress WHERE run = 1");
is($looker->query("$look WHERE run = 1"),
	'1|2|two|2|2|2|CREATE INDEX CONCURRENTLY t_slow ON t (slow(id))|building index: scanning table|t|t',
	"$name: the middle of an index build, for one who may see only that");
is($looker->query("SELECT phase FROM pg_stat_progress_create_index WHERE pid = $runner"), '', "$name: and not the server's own view");
like(($looker->query($_))[1], qr/^ERROR:  42501:/m, "$name: nor $_")
  foreach 'SELECT migrate.start()', 'SELECT migrate.wait(1)', 'SELECT migrate.cancel(1)', 'SELECT * FROM migrate.runs';
is_sql($node, $db,
	"SELECT string_agg(proname, ',') FROM pg_proc p WHERE pronamespace = 'migrate'::regnamespace AND has_function_privilege('looker', p.oid, 'EXECUTE')",
	'progress_rows', "$name: of all functions PUBLIC has that of the view");
open_gate();
is($s->query('SELECT version FROM migrate.wait(1)'), "1\n2", "$name: the run ends well");
$s->query('SELECT version FROM migrate.wait(2)');
is($looker->query('SELECT count(*) FROM migrate.progress'), '0', "$name: and is gone from the view");
$looker->quit;
end_case($name, '1 success, 2 success', '1 applied, 2 applied');

$node->stop;
done_testing();
