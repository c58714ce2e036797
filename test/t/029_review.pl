# What a second hostile review broke once: short lock waits and their retries,
# runs without waiting, and what is told and kept of other sessions.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_server('review',
	init => { allows_streaming => 'logical' },
	conf => "max_worker_processes = 32\nmax_connections = 50");
my $gate_1 = 'SELECT pg_advisory_xact_lock(1)';
my ($db, $gate, $caller, $other, $rows, $messages, $runner);

# A database with two tables and a gate that is closed.
sub begin_case
{
	($db) = @_;

	new_database($node, $db);
	$node->safe_psql($db, 'CREATE TABLE log (what text); CREATE TABLE t (a int)');
	$gate = session($node, $db);
	$gate->query('SELECT pg_advisory_lock(1)');
	$caller = session($node, $db);
	$other = session($node, $db);
	return;
}

sub end_case
{
	is_clean($node, $db, $db);
	$_->quit foreach $gate, $caller, $other;
	return;
}

sub open_gate
{
	$gate->query('SELECT pg_advisory_unlock_all()');
	return;
}

# Starts a run that nobody waits for, which stops at the gate.
sub start_run
{
	my $run = $node->safe_psql($db, 'SELECT migrate.start()');

	$runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
	return $run;
}

# Waits until the caller waits for the run.
sub caller_waits
{
	wait_until($node, $db, "SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = " . $caller->pid);
	return;
}

sub log_is
{
	my ($expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is_sql($node, $db, "SELECT string_agg(what, ',') FROM log", $expected, "$db: $name");
}

# One test: a query returns t, within seconds.
sub soon
{
	my ($query, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $end = time + 15;
	my $result;

	do
	{
		$result = $node->safe_psql($db, $query);
	} until ($result eq 't' || time > $end);
	return is($result, 't', "$db: $name");
}

# One test: a session of this database waits for a lock like that, for longer
# than that.
sub waits
{
	my ($condition, $longer, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return soon(
		"SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND clock_timestamp() - waitstart > '$longer' AND ($condition)", $name);
}

# One test: a session is told something like that before its statement ends.
sub is_told
{
	my ($session, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$session->wait_for(qr/$pattern|^end_\d+$/m);
	return like($session->{err}, $pattern, "$db: $name");
}

my $again = qr/^NOTICE:  00000: step 1 of migration ".*" runs again in /m;

#
# start() fails and somebody catches that: nothing is started
#
begin_case('failed_start');
register($node, $db, [ 1, 'one', 'CREATE TABLE one (id int)' ]);
$other->query('BEGIN; LOCK TABLE migrate.run IN SHARE MODE');
(undef, $messages) = $caller->query(<<'SQL');
SET lock_timeout = '100ms';
BEGIN;
DO $$
BEGIN
	PERFORM migrate.start();
EXCEPTION WHEN lock_not_available THEN
	RAISE NOTICE 'it failed';
END $$;
COMMIT;
SQL
like($messages, qr/^NOTICE:  00000: it failed$/m, "$db: it fails");
unlike($messages, qr/^ERROR/m, "$db: its transaction does not");
$other->query('COMMIT');
wait_until_idle($node);
is_sql($node, $db, 'SELECT count(*) FROM migrate.runs', '0', "$db: there is no run");
is(states($node, $db), '1 pending', "$db: nothing ran");
is_sql($node, $db, "SELECT to_regclass('one')", '', "$db: nothing at all");
end_case();

#
# A CALL is done, and its record meets a serialization failure
#
begin_case('recorded');
$node->safe_psql($db, <<'SQL');
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('called'); COMMIT; END $$;
CREATE SEQUENCE failures;
CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF nextval('public.failures') = 1 THEN
		RAISE serialization_failure;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER fail_once BEFORE INSERT ON migrate.event FOR EACH ROW EXECUTE FUNCTION fail_once();
SELECT migrate.register('1', 'calls', 'CALL p()', no_transaction => true);
SQL
($rows, $messages) = $caller->query('SELECT version, state FROM migrate.apply()');
like($messages, $again, "$db: it is recorded again");
unlike($messages, qr/^ERROR/m, "$db: no error");
is($rows, '1|applied', "$db: its row");
log_is('called', 'it was called once');
is_sql($node, $db, 'SELECT sqlstate FROM migrate.attempts', '40001', "$db: the attempt");
end_case();

#
# The record of a step that is done waits, whatever the script has set
#
begin_case('pending');
register($node, $db, [ 1, 'one', "SET lock_timeout = '100ms'; VACUUM t" ], [ 2, 'two', 'CREATE TABLE two (id int)' ]);
$other->query('BEGIN; LOCK TABLE migrate.event IN SHARE MODE');
$caller->start('SELECT version FROM migrate.apply()');
waits("relation = 'migrate.event'::regclass", '500 ms', 'the record waits');
$other->query('COMMIT');
($rows, $messages) = $caller->finish;
is($rows, "1\n2", "$db: the run goes on");
unlike($messages, qr/^ERROR|runs again/m, "$db: with the first try of each");
is_sql($node, $db, 'SELECT count(*) FROM migrate.attempts', '0', "$db: no attempt failed");
end_case();

#
# A step that had a replication slot in its hands is tried again
#
begin_case('slot');
register($node, $db, [ 1, 'slot', "SELECT pg_create_logical_replication_slot('review', 'test_decoding')" ]);
$other->query('BEGIN; CREATE TABLE x (a int)');
$caller->query("SET migrate.lock_timeout = '100ms'");
$caller->start('SELECT version FROM migrate.apply()');
is_told($caller, $again, 'the first try waits in vain');
$other->query('COMMIT');
($rows, $messages) = $caller->finish;
is($rows, '1', "$db: a later one does not");
unlike($messages, qr/^ERROR/m, "$db: no error");
wait_until_idle($node);
is_sql($node, $db, 'SELECT slot_name, active FROM pg_replication_slots', 'review|f', "$db: there is one slot");
$node->safe_psql($db, 'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
end_case();

#
# A retry finds none of the prepared statements of the try before
#
begin_case('prepared');
register($node, $db, [ 1, 'prepares', 'PREPARE p AS SELECT 1; ALTER TABLE t ADD b int; DEALLOCATE p' ]);
$other->query('BEGIN; SELECT * FROM t');
$caller->query("SET migrate.lock_timeout = '100ms'");
$caller->start('SELECT version FROM migrate.apply()');
is_told($caller, $again, 'the first try waits in vain');
$other->query('COMMIT');
($rows, $messages) = $caller->finish;
is($rows, '1', "$db: a later one does not");
unlike($messages, qr/^ERROR/m, "$db: no error");
end_case();

#
# A run that pauses holds none of the session's locks.  Somebody who asks for
# one gets it while the run is still under way.
#
begin_case('advisory');
register($node, $db, [ 1, 'locks', <<'SQL' ]);
SELECT pg_advisory_lock(42);
ALTER TABLE t ADD b int;
SELECT pg_advisory_unlock(42);
INSERT INTO log SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
SQL
$other->query('BEGIN; SELECT * FROM t');
$caller->query("SET migrate.lock_timeout = '500ms'; SET migrate.lock_retry_max_delay = '500ms'");
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, $db, 'ALTER TABLE');
my $third = session($node, $db);
is($third->query('SELECT pg_advisory_lock(42); SELECT state FROM migrate.runs'), "\nrunning", "$db: somebody else gets it");
$other->query('COMMIT');
$third->query('SELECT pg_advisory_unlock(42)');
$third->quit;
is($caller->finish, '1', "$db: the run");
log_is('0', 'one unlock was enough');
end_case();

#
# What others run is told to who may see it, and not kept
#
begin_case('leak');
register($node, $db, [ 1, 'alters', 'ALTER TABLE t ADD b int' ]);
$other->query("BEGIN; LOCK TABLE t; SELECT 'top' || 'secret'");
$caller->query("SET migrate.lock_timeout = '100ms'; SET migrate.lock_retries = 1");
(undef, $messages) = $caller->query('SELECT migrate.apply()');
my ($notices, $error) = $messages =~ /^(.*?)(^ERROR: .*)/ms;
like($notices, qr/: SELECT 'top' \|\| 'secret'$/m, "$db: a notice tells the query");
like($error, qr/^ERROR:  55P03: canceling statement due to lock timeout$/m, "$db: the error");
like($error, qr/^DETAIL:  Tried 2 times\.  Waited for AccessExclusiveLock on relation public\.t, held by pid @{[$other->pid]}\.$/m,
	"$db: it tells who");
unlike($error, qr/secret/, "$db: but not what");
foreach my $table (qw(attempt attempts event history run runs state status()))
{
	is_sql($node, $db, "SELECT count(*) FILTER (WHERE x::text LIKE '%secret%'), count(*) > 0 FROM migrate.$table x", '0|t',
		"$db: nothing of it in $table");
}
is_sql($node, $db, "SELECT count(*), count(*) FILTER (WHERE blockers #>> '{0,pid}' = '@{[$other->pid]}') FROM migrate.attempts", '2|2',
	"$db: the attempts name the blocker");
$other->query('ROLLBACK');
end_case();

#
# A transaction that has stored a migration and waits for the run, which needs
# that migration: no use to try it 21 times
#
foreach my $case ([ 'timeout', '300ms', '1min' ])
{
	my ($name, $lock_timeout, $deadlock_timeout) = @$case;

	begin_case("circle_$name");
	register($node, $db, [ 1, 'one', $gate_1 ], [ 2, 'two', 'SELECT 2' ]);
	# the run's, which tells which of the two ends its wait
	$caller->query("SET migrate.lock_timeout = '$lock_timeout'; SET deadlock_timeout = '$deadlock_timeout'");
	$other->query("SET deadlock_timeout = '1min'");
	$caller->start('SELECT version FROM migrate.apply()');
	wait_for_runner($node, $db, 'pg_advisory_xact_lock');
	$other->query("BEGIN; SELECT migrate.register('2', 'two', 'SELECT 22')");
	$other->start('SELECT version FROM migrate.apply()');
	waits('pid = ' . $other->pid, '0 s', 'the other one waits for the run');
	open_gate();
	(undef, $messages) = $caller->finish;
	like($messages, qr/^ERROR:  40P01: the run waits for a session that waits for it$/m, "$db: the run's error");
	# after the first try, or a few on a machine that is busy with other things
	is_sql($node, $db, 'SELECT count(*) BETWEEN 1 AND 5 FROM migrate.attempts', 't', "$db: soon");
	# to store a migration keeps a run from recording any
	is($other->finish, "1\n2", "$db: the other one goes on");
	$other->query('COMMIT');
	is(states($node, $db), '1 applied, 2 applied', "$db: the states");
	end_case();
}

#
# What takes back the script's own limit brings back ours
#
begin_case('reset');
my $look = "INSERT INTO log SELECT current_setting('lock_timeout');\n";
register($node, $db, [ 1, 'resets', join("$look", '', map { "$_;\n" }
		  'SET lock_timeout = 1000', 'RESET lock_timeout',
		  'SET lock_timeout = 2000', 'SET lock_timeout TO DEFAULT',
		  'SET LOCAL lock_timeout = 3000', 'SET LOCAL lock_timeout TO DEFAULT',
		  'SET lock_timeout = 4000', 'RESET ALL', 'SET lock_timeout = 0', '') ]);
$caller->query("SET migrate.lock_timeout = '678ms'");
is($caller->query('SELECT version FROM migrate.apply()'), '1', "$db: the run");
log_is('678ms,1s,678ms,2s,678ms,3s,678ms,4s,678ms,0', 'the limits');
end_case();

#
# A script that caught one lock timeout fails because of another lock
#
begin_case('stale');
$node->safe_psql($db, 'CREATE TABLE b (a int)');
register($node, $db, [ 1, 'catches', <<'SQL' ]);
DO $$
BEGIN
	BEGIN
		LOCK TABLE t;
	EXCEPTION WHEN lock_not_available THEN
		NULL;
	END;
	LOCK TABLE b NOWAIT;
END $$
SQL
$other->query('BEGIN; SELECT * FROM t, b');
$caller->query("SET migrate.lock_timeout = '100ms'; SET migrate.lock_retries = 0");
(undef, $messages) = $caller->query('SELECT migrate.apply()');
like($messages, qr/^ERROR:  55P03: could not obtain lock on relation "b"$/m, "$db: the error");
unlike($messages, qr/Waited for/, "$db: has nothing of the first one");
is_sql($node, $db, 'SELECT lock, blockers FROM migrate.attempts', '|[]', "$db: nor has the attempt");
$other->query('COMMIT');
end_case();

#
# Those who queued behind the migration get in when its wait ends.  Whom it
# waited for is named first.
#
begin_case('blame');
register($node, $db, [ 1, 'alters', 'ALTER TABLE t ADD b int' ]);
$other->query("SET application_name = 'culprit'; BEGIN; SELECT * FROM t");
$caller->query("SET migrate.lock_timeout = '10s'; SET migrate.lock_retries = 0");
$caller->start('SELECT migrate.apply()');
$runner = wait_for_runner($node, $db, 'ALTER TABLE');
my @applications = map { session($node, $db) } 1 .. 20;
$_->start('BEGIN; SELECT * FROM t') foreach @applications;
wait_until($node, $db, "SELECT count(*) = 21 FROM pg_locks WHERE relation = 't'::regclass AND NOT granted");
(undef, $messages) = $caller->finish;
like($messages, qr/^DETAIL:  Waited for AccessExclusiveLock on relation public\.t, held by pid @{[$other->pid]}, pid .* and others\.\nPid @{[$other->pid]} is a client backend .*, application "culprit", idle in transaction/m,
	"$db: the error");
is_sql($node, $db, "SELECT jsonb_array_length(blockers), blockers #>> '{0,application_name}' FROM migrate.attempts", '21|culprit',
	"$db: the attempt");
$_->quit foreach @applications;
$other->query('COMMIT');
end_case();

#
# A waiter that has told of a blocker keeps no snapshot
#
begin_case('xmin');
$node->safe_psql($db, 'CREATE ROLE stranger LOGIN SUPERUSER');
register($node, $db, [ 1, 'alters', 'ALTER TABLE t ADD b int' ]);
my $stranger = session($node, $db, connstr => $node->connstr($db) . ' user=stranger');
$stranger->query('BEGIN; LOCK TABLE t');
$node->safe_psql($db, 'SELECT migrate.start()');
$caller->start('SELECT version FROM migrate.wait(1)');
is_told($caller, qr/^DETAIL:  Pid @{[$stranger->pid]} is a client backend of role "stranger"/m, 'it tells');
soon('SELECT backend_xmin IS NULL FROM pg_stat_activity WHERE pid = ' . $caller->pid, 'and keeps no snapshot');
$stranger->query('COMMIT');
is($caller->finish, '1', "$db: the run");
$stranger->quit;
end_case();

#
# A caller's own limit is not for its wait for its turn
#
begin_case('turn');
register($node, $db, [ 1, 'one', $gate_1 ]);
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$other->query("SET lock_timeout = '100ms'");
$other->start('SELECT version FROM migrate.apply()');
waits('pid = ' . $other->pid, '400 ms', 'the second caller waits');
open_gate();
is($caller->finish, '1', "$db: the first one");
($rows, $messages) = $other->finish;
is($rows, '', "$db: the second one finds nothing to do");
unlike($messages, qr/^ERROR/m, "$db: without an error");
is($other->query('SHOW lock_timeout'), '100ms', "$db: its setting is as it was");
end_case();

#
# A run that needs what the next caller holds: each is told what concerns it
#
begin_case('words');
register($node, $db, [ 1, 'locks', "$gate_1; SELECT pg_advisory_xact_lock(5)" ]);
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$other->query('SELECT pg_advisory_lock(5)');
$other->start('SELECT version FROM migrate.apply()');
waits('pid = ' . $other->pid, '0 s', 'the second caller waits');
open_gate();
(undef, $messages) = $caller->finish;
like($messages, qr/^ERROR:  40P01: the run waits for a session that waits for it$/m, "$db: the first one");
like($messages, qr/^HINT:  Release this session's locks, if it holds any, or end the statement of pid @{[$other->pid]}, and call migrate\.apply\(\) again\.$/m,
	"$db: its hint");
(undef, $messages) = $other->finish;
like($messages, qr/^ERROR:  40P01: the run waits for a lock that its own caller holds$/m, "$db: the second one");
$other->query('SELECT pg_advisory_unlock(5)');
is($caller->query('SELECT version FROM migrate.apply()'), '1', "$db: the first one again");
end_case();

#
# The state of a failed run and its error can be seen together only
#
begin_case('outcome');
$node->safe_psql($db, <<'SQL');
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
CREATE TRIGGER stop BEFORE UPDATE ON migrate.run FOR EACH ROW
	WHEN (OLD.error_message IS DISTINCT FROM NEW.error_message) EXECUTE FUNCTION stop();
SQL
register($node, $db, [ 1, 'fails', 'SELECT 1 / 0' ]);
$node->safe_psql($db, 'SELECT migrate.start()');
waits("locktype = 'advisory' AND objid = 1", '0 s', 'the error is about to be recorded');
is_sql($node, $db, 'SELECT state FROM migrate.runs', 'running', "$db: the run has not failed yet");
$caller->start('SELECT migrate.wait(1)');
caller_waits();
open_gate();
(undef, $messages) = $caller->finish;
like($messages, qr/^ERROR:  22012: division by zero$/m, "$db: the error");
end_case();

#
# Whoever waits for a run goes on when nothing is held any more.  The runner is
# stopped in its last moments: somebody uses its temporary table.
#
begin_case('ended');
register($node, $db, [ 1, 'locks', "BEGIN; CREATE TEMP TABLE kept (a int); COMMIT; SELECT pg_advisory_lock(7); $gate_1" ]);
start_run();
my $schema = $node->safe_psql($db, "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'kept'");
$other->query("BEGIN; LOCK TABLE $schema.kept IN ACCESS SHARE MODE");
$caller->start("SELECT version FROM migrate.wait(1); SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7");
caller_waits();
open_gate();
waits("pid = $runner AND locktype = 'relation'", '0 s', 'the process is about to end');
is_sql($node, $db, 'SELECT state FROM migrate.runs', 'success', "$db: the run has ended");
is_told($caller, qr/^NOTICE:  00000: runner \(pid $runner\) waits for pid @{[$other->pid]}$/m, 'wait() waits for its end');
$other->query('COMMIT');
is($caller->finish, "1\n0", "$db: and finds it gone");
end_case();

#
# Timeouts at every moment of a run, and more of them than others at its end,
# where a signal has ended the whole server
#
begin_case('signals');
my $start = time;
$caller->query("SELECT migrate.register(NULL, 'r', '$_'); SELECT migrate.apply()") foreach map { "SELECT $_" } 1 .. 10;
my $usual = (time - $start) * 100;
($rows, $messages) = $caller->query(join('', map {
	sprintf("SELECT migrate.register(NULL, 'r', 'SELECT 0, $_');\nSET statement_timeout = %d;\nSELECT count(*) FROM migrate.apply();\nRESET statement_timeout;\n",
		1 + $usual * (0.3 + rand))
} 1 .. 150));
wait_until_idle($node);
note("$usual ms, ", scalar(() = $messages =~ /^ERROR:  57014/mg), ' cancelled');
unlike($messages, qr/^ERROR:  (?!57014)/m, "$db: no other error");
unlike(slurp_file($node->logfile), qr/terminated by signal/, "$db: no process has crashed");
is(states($node, $db) =~ /^r (applied|pending|failed)$/ ? 1 : 0, 1, "$db: the state");
end_case();

#
# A cancel that a CALL has caught ends the run before the next one has begun
#
begin_case('part');
$node->safe_psql($db, <<'SQL');
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		PERFORM pg_advisory_xact_lock(1);
	EXCEPTION WHEN query_canceled THEN
		NULL;
	END;
	INSERT INTO log VALUES ('called');
	COMMIT;
END $$;
SELECT migrate.register('1', 'calls', 'CALL p(); CALL p()', no_transaction => true);
SQL
$node->safe_psql($db, 'SELECT migrate.start()');
wait_for_runner($node, $db, 'CALL');
is_sql($node, $db, 'SELECT migrate.cancel(1)', 't', "$db: a cancel");
(undef, $messages) = $caller->query('SELECT migrate.wait(1)');
like($messages, qr/^ERROR:  57014: canceling statement due to user request$/m, "$db: its error");
like($messages, qr/^HINT:  Run SELECT migrate\.apply\(\); to go on at step 2 of 2, or /m, "$db: its hint");
log_is('called', 'the first one has run');
is_sql($node, $db, "SELECT string_agg(first_statement || ' ' || state, ',' ORDER BY first_statement) FROM migrate.step", '1 done',
	"$db: the ledger");
open_gate();
is($caller->query('SELECT version FROM migrate.apply()'), '1', "$db: the next run");
log_is('called,called', 'runs the second one');
end_case();

#
# The copy of a database whose run is under way has no run
#
begin_case('original');
register($node, $db, [ 1, 'one', "$gate_1; SELECT 1" ]);
start_run();
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr($db), '-f', $dump ], "$db: a dump");
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('copy'), '-f', $dump ], "$db: restored");
is(states($node, $db), '1 running', "$db: the original");
is_sql($node, 'copy', 'SELECT state, note FROM migrate.status()', 'pending|interrupted, as the next run will record', 'copy: the copy');
is_sql($node, 'copy', 'SELECT count(*) FROM migrate.progress', '0', 'copy: nothing runs');
is_sql($node, 'copy', 'SELECT migrate.cancel(1)', 'f', 'copy: there is nothing to cancel');
is_sql($node, 'copy', "SELECT migrate.register('1', 'one', 'SELECT 2')", 'replaced', 'copy: a migration is replaced');
is_sql($node, 'copy', 'SELECT version FROM migrate.apply()', '1', 'copy: and applied');
is_sql($node, 'copy', 'SELECT run, state FROM migrate.runs ORDER BY 1', "1|interrupted\n2|success", 'copy: the runs');
open_gate();
is($caller->query('SELECT version FROM migrate.wait(1)'), '1', "$db: the run is not disturbed");
end_case();

#
# A server in recovery
#
begin_case('recovery');
register($node, $db, [ 1, 'one', $gate_1 ]);
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('review_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
start_run();
# the server says where it will write next, which is on no disk before it does:
# what the standby is to have is on disk when a commit has returned
$node->safe_psql($db, 'CREATE TABLE later ()');
$node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
my $reader = session($standby, $db);
is($reader->query('SELECT run, state FROM migrate.runs'), '1|running', "$db: the run is known there");
foreach my $function ('wait', 'cancel')
{
	(undef, $messages) = $reader->query("SELECT migrate.$function(1)");
	like($messages, qr/^ERROR:  25006: cannot execute migrate\.$function\(\) during recovery$/m, "$db: $function()");
	like($messages, qr/^HINT:  Call it on the primary server\.$/m, "$db: the hint of $function()");
}
$reader->quit;
$standby->stop;
open_gate();
is($caller->query('SELECT version FROM migrate.wait(1)'), '1', "$db: the run is not disturbed");
end_case();

$node->stop;
done_testing();
