# What a hostile review broke once: runners and servers that die, and locks of
# a run that its own script lets go.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $node = new_server('review',
	conf => "max_worker_processes = 32\nwal_writer_delay = '10s'\nwal_writer_flush_after = '1GB'\ncheckpoint_timeout = '1h'");
my $gate_1 = 'SELECT pg_advisory_xact_lock(1)';
my ($db, $gate, $caller, $other, $rows, $messages);

# A database with a table 'log', a procedure that commits before it waits, and
# a gate that is closed.
sub begin_case
{
	($db) = @_;

	new_database($node, $db);
	$node->safe_psql($db, <<'SQL');
CREATE TABLE log (what text);
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO log VALUES ('committed');
	COMMIT;
	PERFORM pg_advisory_xact_lock(1);
	INSERT INTO log VALUES ('end');
END $$;
SQL
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

# Ends the runner as an administrator would, and waits for the caller's error.
sub terminate_runner
{
	my ($query) = @_;
	my $runner = wait_for_runner($node, $db, $query);

	$node->safe_psql($db, "SELECT pg_terminate_backend($runner)");
	$caller->finish;
	wait_until_idle($node);
	return;
}

sub log_is
{
	my ($expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is_sql($node, $db, "SELECT string_agg(what, ',' ORDER BY what) FROM log", $expected, "$db: $name");
}

# Waits until a session of the database waits for a lock like that.
sub wait_for_lock
{
	my ($condition, $count) = @_;

	$count //= 1;
	wait_until($node, $db,
		"SELECT count(*) >= $count FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = '$db') AND $condition");
	return;
}

my $run_lock = "classid = 'pg_extension'::regclass AND locktype = 'object'";

#
# A script that got shorter than what has been started
#
begin_case('shortened');
my $script = "INSERT INTO log VALUES ('one');\nINSERT INTO log VALUES ('two');";
$node->safe_psql($db, "SELECT migrate.register('1', 'calls', \$\$$script CALL p();\$\$, no_transaction => true)");
$caller->start('SELECT migrate.apply()');
terminate_runner('CALL');
$node->safe_psql($db, "SELECT migrate.register('1', 'calls', \$\$$script\$\$, no_transaction => true)");
(undef, $messages) = $other->query('SELECT migrate.apply()');
like($messages, qr/^ERROR:  55000: an interrupted step of migration "1 calls" has changed$/m, "$db: an error");
is($other->query('SELECT 1'), '1', "$db: and no crash");
$node->safe_psql($db, "SELECT migrate.register('1', 'calls', \$\$$script INSERT INTO log VALUES ('three');\$\$, no_transaction => true)");
(undef, $messages) = $other->query('SELECT migrate.apply()');
like($messages, qr/^ERROR:  55000: an interrupted step of migration "1 calls" has changed$/m, "$db: the same for another statement");
log_is('committed,one,two', 'nothing ran');

#
# It stays unknown until somebody says
#
$node->safe_psql($db, "SELECT migrate.register('1', 'calls', \$\$$script CALL p();\$\$, no_transaction => true)");
open_gate();
foreach my $try (1 .. 3)
{
	(undef, $messages) = $other->query('SELECT migrate.apply()');
	like($messages, qr/^ERROR:  55000: it is not known whether CALL of migration "1 calls" was completed$/m, "$db: try $try");
}
log_is('committed,one,two', 'the procedure does not run again');
is(states($node, $db), '1 partial', "$db: partial");
is_sql($node, $db, "SELECT migrate.resolve('1', 'applied')", 'applied', "$db: resolve");
is_sql($node, $db, 'SELECT count(*) FROM migrate.apply()', '0', "$db: nothing is left to do");
end_case();

# The same for a DO that became a step of its own only when it failed.
begin_case('split');
register($node, $db,
	[ 1, 'does', "INSERT INTO log VALUES ('one');\nDO \$\$ BEGIN CALL p(); END \$\$;\nINSERT INTO log VALUES ('two');" ]);
$caller->start('SELECT migrate.apply()');
terminate_runner('DO ');
open_gate();
foreach my $try (1 .. 2)
{
	(undef, $messages) = $other->query('SELECT migrate.apply()');
	like($messages, qr/^ERROR:  55000: it is not known whether DO of migration "1 does" was completed$/m, "$db: try $try");
}
log_is('committed,one', 'nothing runs again');
is_sql($node, $db, "SELECT migrate.resolve('1', 'rolled_back')", 'pending', "$db: resolve");
is_sql($node, $db, 'SELECT steps FROM migrate.apply()', '3', "$db: from the start, as was decided");
log_is('committed,committed,end,one,one,two', 'the whole of it');
end_case();

#
# A cancel while the completed call waits to be recorded
#
foreach my $last (1, 0)
{
	begin_case("recorded_$last");
	register($node, $db, [ 1, 'calls', 'SELECT 1; CALL p();' . ($last ? '' : " INSERT INTO log VALUES ('two')") ]);
	$caller->start('SELECT migrate.apply()');
	my $runner = wait_for_runner($node, $db, 'CALL');
	$other->query('BEGIN; LOCK migrate.state, migrate.step IN SHARE MODE');
	open_gate();
	wait_for_lock("pid = $runner AND locktype = 'relation'");
	$node->safe_psql($db, 'SELECT pg_cancel_backend(' . ($last ? $runner : $caller->pid) . ')');
	select(undef, undef, undef, 0.5);
	$other->query('COMMIT');
	$caller->finish;
	wait_until_idle($node);
	$other->query('SELECT migrate.apply()');
	log_is($last ? 'committed,end' : 'committed,end,two', 'it ran once');
	is(states($node, $db), '1 applied', "$db: applied");
	is_sql($node, $db, "SELECT count(*) FROM migrate.runs WHERE state = 'running'", '0', "$db: no run is left");
	end_case();
}

#
# A read-only transaction is recorded in itself: who dies before that has done
# nothing
#
begin_case('readonly');
register($node, $db, [ 1, 'inserts', "INSERT INTO log VALUES ('once'); SET TRANSACTION READ ONLY" ]);
$other->query('BEGIN; LOCK migrate.state IN SHARE MODE');
$caller->start('SELECT migrate.apply()');
wait_for_lock("relation = 'migrate.state'::regclass");
$node->safe_psql($db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'migrate runner' AND datname = '$db'");
$caller->finish;
$other->query('COMMIT');
is_sql($node, $db, 'SELECT version FROM migrate.apply()', '1', "$db: the next run");
log_is('once', 'it took effect once');
end_case();

#
# A script that frees the run lock
#
foreach my $case (
	[ 'splits', "INSERT INTO log VALUES ('once');\nDO \$\$ BEGIN COMMIT; END \$\$;", 'once', '1 applied',
		"1 apply interrupted\n1 apply success", qr/another run has taken over$/m ],
	[ 'fails', "INSERT INTO log VALUES ('once');\nSELECT 1 / 0", '', '1 failed',
		"1 apply interrupted\n1 apply failed 22012", qr/division by zero/ ])
{
	my ($name, $rest, $log, $states, $outcomes, $error) = @$case;

	begin_case("unlock_$name");
	register($node, $db, [ 1, 'unlocks', "SELECT pg_advisory_unlock_all();\n$gate_1;\n$rest" ]);
	$caller->start("SELECT 'first', version FROM migrate.apply()");
	wait_for_runner($node, $db, 'pg_advisory_xact_lock');
	my $run = $other->query('SELECT migrate.start()');
	wait_for_lock($run_lock);
	open_gate();
	(undef, $messages) = $caller->finish;
	like($messages, $error, "$db: the first run's error");
	$other->query("SELECT version FROM migrate.wait($run)");
	wait_until_idle($node);
	log_is($log, 'the effect');
	is(states($node, $db), $states, "$db: the state");
	is(outcomes($node, $db), $outcomes, "$db: the history");
	is_sql($node, $db, 'SELECT count(*) FROM migrate.step', '0', "$db: the ledger");
	end_case();
}

#
# Another extension of that name, in the moment in which a step is split.  Two
# gates: the step runs twice, and is to be stopped each time.
#
foreach my $case ('dropped', 'replaced')
{
	begin_case($case);
	my $up = "$gate_1;\nSELECT pg_advisory_xact_lock(2);\nINSERT INTO log VALUES ('x');\nDO \$\$ BEGIN COMMIT; END \$\$;\nINSERT INTO log VALUES ('y');";
	register($node, $db, [ 1, 'splits', $up ]);
	my $gate_2 = session($node, $db);
	$gate_2->query('SELECT pg_advisory_lock(2)');
	$caller->start("SELECT 'first', version FROM migrate.apply()");
	my $runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
	open_gate();
	wait_for_lock("pid = $runner AND locktype = 'advisory' AND objid = 2");
	# the caller's own locks keep the extension
	$caller->kill_client;
	$node->safe_psql($db, 'SELECT pg_terminate_backend(' . $caller->pid . ')');
	$gate->start('SELECT pg_advisory_lock(1)');
	wait_for_lock("locktype = 'advisory' AND objid = 1");
	$other->start("BEGIN; DROP EXTENSION migrate; CREATE EXTENSION migrate;"
		  . ($case eq 'replaced' ? "SELECT migrate.register('1', 'splits', \$mig\$$up\$mig\$);" : '') . ' COMMIT');
	wait_for_lock($run_lock);
	$gate_2->query('SELECT pg_advisory_unlock_all()');
	$gate->finish;
	$other->finish;
	wait_for_lock("pid = $runner AND locktype = 'advisory' AND objid = 1");
	my $second = session($node, $db);
	if ($case eq 'replaced')
	{
		# it is run 1 again
		$second->start("SELECT 'second', version FROM migrate.apply()");
		wait_for_lock("locktype = 'advisory' AND objid = 1", 2);
	}
	open_gate();
	($rows, $messages) = $second->finish if $case eq 'replaced';
	wait_until_idle($node);
	if ($case eq 'replaced')
	{
		log_is('x,y', 'only the second run did it');
		is($rows, 'second|1', "$db: and says so");
		is(outcomes($node, $db), '1 apply success', "$db: the history");
		is(states($node, $db), '1 applied', "$db: the state");
	}
	else
	{
		log_is('', 'nothing is kept');
		is_sql($node, $db, 'SELECT (SELECT count(*) FROM migrate.state), (SELECT count(*) FROM migrate.event), (SELECT count(*) FROM migrate.step)',
			'0|0|0', "$db: and nothing recorded");
	}
	$_->quit foreach $gate_2, $second;
	end_case();
}

#
# A rollback that was interrupted, and then fails without leaving anything
#
begin_case('still_applied');
$node->safe_psql($db, 'CREATE TABLE t (a int)');
register($node, $db, [ 1, 'back', 'SELECT 1', "CREATE INDEX CONCURRENTLY tx ON t ((1 / a));\nSELECT 1;" ], [ 2, 'next', 'SELECT 2' ]);
$node->safe_psql($db, "SELECT migrate.apply('1')");
$node->safe_psql($db, 'INSERT INTO t VALUES (1)');
$other->query('BEGIN; INSERT INTO t VALUES (2)');
$caller->start('SELECT migrate.rollback()');
terminate_runner('CREATE INDEX');
$other->query('COMMIT');
$node->safe_psql($db, 'INSERT INTO t VALUES (0)');
(undef, $messages) = $other->query('SELECT migrate.rollback()');
like($messages, qr/^ERROR:  22012: /m, "$db: the second rollback fails");
like($messages, qr/^HINT:  The migration is still applied\./m, "$db: and says so");
is(states($node, $db), '1 applied, 2 pending', "$db: the states");
is($other->query('SELECT version FROM migrate.apply()'), '2', "$db: apply() is not refused");
is(outcomes($node, $db), "1 apply success\n1 rollback interrupted\n1 rollback failed 22012\n2 apply success", "$db: the history");
end_case();

#
# The history names the text that ran
#
begin_case('text');
register($node, $db, [ 1, 'text', $gate_1 ]);
$caller->start('SELECT migrate.apply()');
terminate_runner('pg_advisory_xact_lock');
register($node, $db, [ 1, 'text', 'SELECT 42' ]);
is_sql($node, $db, 'SELECT version FROM migrate.apply()', '1', "$db: another text");
is_sql($node, $db, 'SELECT outcome, body FROM migrate.history JOIN migrate.script USING (checksum) ORDER BY id',
	"interrupted|$gate_1\nsuccess|SELECT 42", "$db: the history");
end_case();

#
# A role whose commits do not wait
#
new_database($node, 'flushed');
$node->safe_psql('flushed', <<'SQL');
CREATE ROLE hasty LOGIN;
ALTER ROLE hasty SET synchronous_commit = off;
GRANT CREATE ON SCHEMA public TO hasty;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrate TO hasty;
SELECT migrate.register('1', 'one', 'CREATE TABLE one (id int)'), migrate.register('2', 'fails', 'SELECT 1 / 0');
SQL
$node->safe_psql('postgres', 'CHECKPOINT');
foreach my $case ([ "SELECT migrate.apply('1')", '1 applied, 2 pending' ], [ 'SELECT migrate.apply()', '1 applied, 2 failed' ])
{
	my ($sql, $states) = @$case;
	my $hasty = session($node, 'flushed', connstr => $node->connstr('flushed') . ' user=hasty');

	is($hasty->query('SHOW synchronous_commit'), 'off', 'flushed: the setting');
	$hasty->query($sql);
	$node->stop('immediate');
	$node->start;
	$hasty->quit;
	is(states($node, 'flushed'), $states, "flushed: a crash after $sql takes nothing back");
}

$node->stop;
done_testing();
