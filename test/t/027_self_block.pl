# Every way in which a caller can be in the way of its own runner ends in an
# error, at once; and what looks like one and is none does not.
#
# specs/self_block has a plain session lock and a chain, 003_cancel what is
# recorded of them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;
use Time::HiRes qw(time);

my $node = new_server('self_block', conf => <<'CONF');
max_prepared_transactions = 5
migrate.lock_timeout = '2s'
CONF
my $databases = 0;
my ($db, $caller, $other, $rows, $messages, $name, $took);
my $circle = qr/^ERROR:  40P01: the run waits for a lock that its own caller holds$/m;
my $chain = qr/^ERROR:  40P01: the run waits for a session that waits for it$/m;

$node->safe_psql('postgres', 'CREATE DATABASE model');
$node->safe_psql('model', <<'SQL');
CREATE EXTENSION migrate;
CREATE TABLE t (id int);
INSERT INTO t VALUES (1);
SQL

my $alter = 'ALTER TABLE t ADD COLUMN extra int';
my $index = 'CREATE INDEX CONCURRENTLY t_idx ON t (id)';
my $gate = 'SELECT pg_advisory_xact_lock(1)';

sub begin_case
{
	my ($up) = @_;

	$db = 'case_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE model");
	register($node, $db, [ 1, 'it', $up ]);
	$caller = session($node, $db);
	$other = session($node, $db);
	return;
}

# A statement, and how long it takes.
sub timed
{
	my ($session, $sql) = @_;
	my $start = time;

	($rows, $messages) = $session->query($sql);
	$took = time - $start;
	return;
}

# One error, soon, and nothing is left.  The promise is two seconds; a slow
# machine gets some more.
sub fails_soon
{
	my ($pattern, $states) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	like($messages, $pattern, "$name: the error");
	cmp_ok($took, '<', 5, "$name: within seconds");
	note(sprintf('%s: %.1f s', $name, $took));
	is(states($node, $db), $states, "$name: the state");
	return is_clean($node, $db, "$name, at once");
}

# Once the session holds nothing, the run succeeds.
sub end_case
{
	my ($let_go) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$caller->query($let_go);
	is(($caller->query('SELECT version, state FROM migrate.apply()'))[0], '1|applied', "$name: without it, the run succeeds");
	is_clean($node, $db, "$name, in the end");
	$_->quit foreach $caller, $other;
	return;
}

#
# A lock of the session, or of the statement itself
#
foreach my $case (
	[ 'a session lock and a short timeout', $gate, 'SELECT pg_advisory_lock(1)', "SET migrate.lock_timeout = '20ms'" ],
	[ 'a session lock and no timeout', $gate, 'SELECT pg_advisory_lock(1)', 'SET migrate.lock_timeout = 0' ],
	[ 'a session lock and no retries', $gate, 'SELECT pg_advisory_lock(1)', "SET migrate.lock_timeout = '20ms'; SET migrate.lock_retries = 0" ],
	[ 'a shared session lock', $gate, 'SELECT pg_advisory_lock_shared(1)' ],
	[ 'a session lock and a step that is not the first', "CREATE TABLE two ();\nVACUUM t;\n$gate", 'SELECT pg_advisory_lock(1)' ])
{
	my $up;

	($name, $up, my @before) = @$case;
	begin_case($up);
	$caller->query($_) foreach @before;
	timed($caller, 'SELECT version, state FROM migrate.apply()');
	fails_soon($circle, $up =~ /VACUUM/ ? '1 partial' : '1 failed');
	like($messages, qr/^DETAIL:  .*this session \(pid @{[$caller->pid]}\)|^DETAIL:  .*held by pid @{[$caller->pid]}\./m, "$name: its detail");
	like($messages, qr/^HINT:  /m, "$name: its hint");
	is(($other->query('SELECT count(*) FROM migrate.attempts'))[0] <= 1, 1, "$name: nothing was tried again");
	end_case('SELECT pg_advisory_unlock_all()');
}

# The call is the whole statement for all that can be seen of it, and holds a
# lock that a function of the server has taken.
foreach my $case (
	[ 'a lock of the same statement', $gate, 'SELECT pg_advisory_xact_lock(1), migrate.apply()' ],
	[ 'a lock of the same statement that outlives it', $gate, 'SELECT pg_advisory_lock(1), migrate.apply()' ],
	[ 'a table that the same statement has read', $alter, "SELECT query_to_xml('SELECT * FROM t', true, true, ''), migrate.apply()" ],
	[ 'a table that the same statement has read, and a short timeout', $alter,
		"SELECT query_to_xml('SELECT * FROM t', true, true, ''), migrate.apply()", "SET migrate.lock_timeout = '20ms'" ],
	[ 'a table that the same statement has read, and VACUUM FULL', 'VACUUM FULL t',
		"SELECT query_to_xml('SELECT * FROM t', true, true, ''), migrate.apply()" ])
{
	($name, my ($up, $call, @before)) = @$case;
	begin_case($up);
	$caller->query($_) foreach @before;
	timed($caller, $call);
	fails_soon($circle, '1 failed');
	end_case('SELECT pg_advisory_unlock_all()');
}

# Who waits for the session waits in vain, and the run for that one.
$name = 'a chain and a short timeout';
begin_case($alter);
$caller->query("SET migrate.lock_timeout = '20ms'; SELECT pg_advisory_lock(1)");
$other->query('BEGIN; LOCK t IN SHARE MODE');
$other->start('SELECT pg_advisory_xact_lock(1)');
wait_until($node, $db, 'SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND pid = ' . $other->pid);
timed($caller, 'SELECT version, state FROM migrate.apply()');
fails_soon($chain, '1 failed');
$caller->query('SELECT pg_advisory_unlock_all()');
$other->finish;
$other->query('COMMIT');
end_case('SELECT 1');

$name = 'a chain and CREATE INDEX CONCURRENTLY';
begin_case($index);
$caller->query('SELECT pg_advisory_lock(1)');
$other->query('BEGIN; INSERT INTO t VALUES (2)');
$other->start('SELECT pg_advisory_xact_lock(1)');
wait_until($node, $db, 'SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND pid = ' . $other->pid);
my $start = time;
$caller->start('SELECT version, state FROM migrate.apply()');

# the removal of the index waits for the same session, which is freed here
wait_until($node, $db,
	"SELECT count(*) = 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE backend_type = 'migrate runner' AND l.relation = 't_idx'::regclass AND l.granted");
$node->safe_psql($db, 'SELECT pg_terminate_backend(' . $other->pid . ')');
($rows, $messages) = $caller->finish;
$took = time - $start;
fails_soon($chain, '1 failed');
is_sql($node, $db, "SELECT to_regclass('t_idx')", '', "$name: no index is left");
end_case('SELECT pg_advisory_unlock_all()');

#
# In the caller's transaction there are no two who could wait for each other
#
foreach my $case (
	[ 'a transaction that has locked the table', $alter, 'BEGIN; LOCK t; %s; COMMIT' ],
	[ 'an open cursor', $alter, 'BEGIN; DECLARE c CURSOR FOR SELECT * FROM t WHERE false; FETCH 1 FROM c; CLOSE c; %s; COMMIT' ],
	[ 'a function that has locked the table', $alter, 'SELECT locks()' ],
	[ 'a session lock of a larger statement', $gate, 'SELECT version FROM pg_advisory_lock(1), migrate.apply()' ],
	[ 'a function that has locked the table, beside the call', 'ALTER TABLE other ADD COLUMN extra int', 'SELECT only_locks(), migrate.apply()' ],
	[ 'a DO block that has locked the table', $alter, 'DO $$ BEGIN LOCK t; PERFORM migrate.apply(); END $$' ])
{
	($name, my ($up, $call)) = @$case;
	begin_case($up);
	$caller->query(<<'SQL');
CREATE TABLE other ();
CREATE FUNCTION locks() RETURNS text LANGUAGE plpgsql AS 'BEGIN LOCK t; RETURN (SELECT version FROM migrate.apply()); END';
CREATE FUNCTION only_locks() RETURNS void LANGUAGE plpgsql AS 'BEGIN LOCK t; END';
SQL
	my $starts = runner_starts($node);
	timed($caller, sprintf($call, 'SELECT version FROM migrate.apply()'));
	unlike($messages, qr/ERROR/, "$name: no error");
	is(states($node, $db), '1 applied', "$name: applied");
	is(runner_starts($node), $starts, "$name: without a runner");
	$_->quit foreach $caller, $other;
}

# A cursor that is open in it is in the way of the statement itself, as ever.
$name = 'a cursor that is open in the transaction';
begin_case($alter);
timed($caller, 'BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH 1 FROM c; SELECT version FROM migrate.apply()');
$caller->query('ROLLBACK');
fails_soon(qr/^ERROR:  55006: cannot ALTER TABLE "t" because it is being used by active queries in this session$/m, '1 pending');
end_case('SELECT 1');

$name = 'an index build in a transaction with a cursor';
begin_case($index);
timed($caller, 'BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH 1 FROM c; SELECT version FROM migrate.apply()');
$caller->query('ROLLBACK');
fails_soon(qr/^ERROR:  25001: CREATE INDEX of migration "1 it" cannot run within the caller's transaction$/m, '1 pending');
end_case('SELECT 1');

#
# What a session may keep between statements is not in the way
#
foreach my $up ($alter, $index, 'DROP INDEX CONCURRENTLY t_old_idx', 'REINDEX SCHEMA CONCURRENTLY public')
{
	$name = "a session with a history, $up";
	begin_case($up);
	$caller->query(<<'SQL');
CREATE INDEX t_old_idx ON t (id);
BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT * FROM t; COMMIT;
FETCH 1 FROM held;
CREATE TEMPORARY TABLE scratch AS SELECT * FROM t;
PREPARE p AS SELECT * FROM t;
EXECUTE p;
LISTEN something;
NOTIFY something;
SELECT pg_advisory_lock(99);
SQL
	timed($caller, 'SELECT version, state FROM migrate.apply()');
	is($rows, '1|applied', "$name: applied");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: without an error");
	is_clean($node, $db, $name);
	$_->quit foreach $caller, $other;
}

# Statements that go through every table go through ours, too, which the
# waiting caller has read.
foreach my $up ('VACUUM FULL', 'REINDEX DATABASE CONCURRENTLY %s')
{
	$name = $up;
	begin_case('SELECT 1');
	register($node, $db, [ 1, 'it', sprintf($up, $db) ]);
	timed($caller, 'SELECT version, state FROM migrate.apply()');
	is($rows, '1|applied', "$name: applied");
	unlike($messages, qr/^ERROR/m, "$name: without an error");
	$_->quit foreach $caller, $other;
}

#
# A prepared transaction is nobody's: it can end while the session waits
#
foreach my $case ([ $alter, 'ALTER TABLE' ], [ $index, 'CREATE INDEX' ])
{
	my ($up, $in) = @$case;

	$name = "a prepared transaction of the same session, $in";
	begin_case($up);
	$caller->query("BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'mine'");
	$caller->start('SELECT version, state FROM migrate.apply()');
	ok($caller->wait_for(qr/^NOTICE:  00000: runner \(pid \d+\) waits for a prepared transaction\nDETAIL:  The prepared transaction "mine" holds the lock; COMMIT PREPARED or ROLLBACK PREPARED releases it\.$/m),
		"$name: a notice names it");
	$other->query("COMMIT PREPARED 'mine'");
	($rows, $messages) = $caller->finish;
	is($rows, '1|applied', "$name: the run goes on when it has ended");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: without an error");
	is_clean($node, $db, $name);
	$_->quit foreach $caller, $other;
}

#
# A run that was started without waiting for it
#
foreach my $timeout ('0', '2s', '20ms')
{
	$name = "wait() with a lock, migrate.lock_timeout = $timeout";
	begin_case($alter);
	$caller->query('BEGIN; LOCK t IN ACCESS SHARE MODE');
	$other->query("SET migrate.lock_timeout = '$timeout'");
	my $run = $other->query('SELECT migrate.start()');
	timed($caller, "SELECT version, state FROM migrate.wait($run)");
	like($messages, qr/^ERROR:  40P01: run $run waits for a lock that this session holds$/m, "$name: the error");
	like($messages, qr/^DETAIL:  The runner \(pid \d+\) waits for this session \(pid @{[$caller->pid]}\), which waits for the runner\.$/m, "$name: its detail");
	like($messages, qr/^HINT:  The run goes on\.  End this session's transaction, release its locks, and run SELECT \* FROM migrate\.wait\($run\);$/m, "$name: its hint");
	cmp_ok($took, '<', 5, "$name: within seconds");
	note(sprintf('%s: %.1f s', $name, $took));
	like(states($node, $db), qr/^1 (running|applied)$/, "$name: the run goes on");
	$caller->query('ROLLBACK');
	is(($caller->query("SELECT version, state FROM migrate.wait($run)"))[0], '1|applied', "$name: and succeeds");
	is_clean($node, $db, $name);
	$_->quit foreach $caller, $other;
}

$node->stop;
done_testing();
