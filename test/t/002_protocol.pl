# A caller may wait for a runner in every protocol and every form of a call
# that is the whole statement; all other forms run in the caller's session.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('protocol');
my $number = 0;

new_database($node, 'db');

# Stores the next migration: with an index built concurrently, or without.
sub next_migration
{
	my ($concurrently) = @_;

	$number++;
	register(
		$node, 'db',
		[
			$number,
			"m$number",
			"CREATE TABLE t$number AS SELECT g AS id FROM generate_series(1, 100) g;\n"
			  . ($concurrently
				? "CREATE UNIQUE INDEX CONCURRENTLY ON t$number (id);\n"
				: '')
			  . "ALTER TABLE t$number ADD CHECK (id > 0);"
		]);
	return;
}

# One test: the newest migration ran, and in which process.
sub ran_in
{
	my ($where, $name, $pid) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $expected = $where eq 'runner' ? 'applied|success|t' : 'applied|success|f';

	return is_sql(
		$node, 'db', <<"SQL", $expected, "$name: ran in a $where");
SELECT s.state, r.state, r.pid <> $pid
  FROM migrate.status() s, migrate.runs r
 WHERE version = '$number' AND r.run = (SELECT max(run) FROM migrate.runs)
SQL
}

#
# The whole statement is the call
#
my $session = session($node, 'db');

foreach my $call (
	[ 'SELECT migrate.apply()', qr/^\(\d+,m\d+,applied,3,/ ],
	[ 'SELECT * FROM migrate.apply()', qr/^\d+\|m\d+\|applied\|3\|/ ],
	[ 'SELECT count(*) FROM migrate.apply()', qr/^1$/ ],
	[ 'SELECT name, steps FROM migrate.apply() ORDER BY elapsed LIMIT 5', qr/^m\d+\|3$/ ],
	[ 'SELECT (migrate.apply()).*', qr/^\d+\|/ ],
	[ "SELECT upper(name) FROM migrate.apply(atomic => false) AS r WHERE state = 'applied'", qr/^M\d+$/ ],
	[ "SELECT max(version) FROM migrate.apply(target => '%d') HAVING count(*) = 1", qr/^\d+$/ ])
{
	my ($sql, $expected) = @$call;

	next_migration(1);
	$sql = sprintf($sql, $number) if $sql =~ /%d/;
	my ($rows, $messages) = $session->query($sql);

	like($rows, $expected, $sql);
	unlike($messages, qr/^(ERROR|WARNING)/m, "$sql: no error");
	ran_in('runner', $sql, $session->pid);
	is($session->query("SELECT count(*) FROM t$number"), '100',
		"$sql: the session goes on and sees what was done");
}

# pgbench speaks the extended protocol as a driver does.
foreach my $mode (qw(simple extended prepared))
{
	next_migration(1);
	my ($status, undef, $messages) =
	  pgbench($node, 'db', "SELECT * FROM migrate.apply();\nSELECT 1;\n", '-M', $mode);

	is($status, 0, "pgbench -M $mode");
	unlike($messages, qr/ERROR|WARNING/, "pgbench -M $mode: no error");
	ran_in('runner', "pgbench -M $mode", 0);
}

# The same prepared statement twice: its plan is kept.
next_migration(1);
my ($status, undef, $messages) =
  pgbench($node, 'db', "SELECT * FROM migrate.apply(NULL);\n", '-M', 'prepared', '-t', 3);
is($status, 0, 'a prepared statement run three times');
ran_in('runner', 'a prepared statement', 0);

# In a pipeline the first statement is alone: what follows is not part of its
# transaction.
next_migration(1);
($status, undef, $messages) = pgbench($node, 'db',
	"\\startpipeline\nSELECT * FROM migrate.apply();\nSELECT 1;\n\\endpipeline\n",
	'-M', 'extended');
is($status, 0, 'first in a pipeline');
ran_in('runner', 'first in a pipeline', 0);

next_migration(1);
($status, undef, $messages) = pgbench($node, 'db',
	"\\startpipeline\nSELECT 1;\nSELECT * FROM migrate.apply();\n\\endpipeline\n",
	'-M', 'extended');
isnt($status, 0, 'second in a pipeline: refused');
like($messages,
	qr/CREATE INDEX of migration "$number m$number" cannot run within the caller's transaction/,
	'second in a pipeline: says why');
like(states($node, 'db'), qr/, $number pending$/, 'second in a pipeline: nothing ran');

SKIP:
{
	skip 'psql has no \bind', 2 if $node->pg_version < 16;
	my ($rows) =
	  $session->query("SELECT name FROM migrate.apply(\$1, project => \$2) \\bind $number main \\g");

	is($rows, "m$number", '\bind');
	ran_in('runner', '\bind', $session->pid);
}
$session->query('SELECT migrate.apply()');

# The flag that lets index builds pass a waiting caller is gone afterwards: an
# index build waits for a snapshot of this session.
$session->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t1');
my $builder = session($node, 'db');
$builder->start('CREATE INDEX CONCURRENTLY t2_idx ON t2 (id)');
wait_until($node, 'db',
	'SELECT ' . $session->pid . ' = ANY (pg_blocking_pids(' . $builder->pid . '))');
pass('an index build waits for a later snapshot of the session');
$session->query('COMMIT');
unlike(($builder->finish)[1], qr/ERROR/, 'and no longer');
$builder->quit;

#
# The call is part of something
#
$session->query(<<'SQL');
CREATE FUNCTION own(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT $1 FROM t1 LIMIT 1); END';
CREATE TABLE result (version text);
PREPARE p AS SELECT version FROM migrate.apply();
SQL
foreach my $sql (
	'EXECUTE p',
	'WITH a AS (SELECT * FROM migrate.apply()) SELECT version FROM a',
	'SELECT own(version) FROM migrate.apply()',
	'SELECT version FROM migrate.apply(), t1 WHERE t1.id = 1',
	'SELECT (SELECT version FROM migrate.apply())',
	'SELECT version FROM migrate.apply() WHERE EXISTS (SELECT FROM t1)',
	'INSERT INTO result SELECT version FROM migrate.apply() RETURNING version',
	'COPY (SELECT version FROM migrate.apply()) TO STDOUT',
	'BEGIN; SELECT version FROM migrate.apply(); COMMIT',
	'BEGIN; DECLARE c CURSOR FOR SELECT version FROM migrate.apply(); FETCH ALL FROM c; COMMIT',
	'DECLARE h CURSOR WITH HOLD FOR SELECT version FROM migrate.apply()'
	  . ";\nFETCH ALL FROM h; CLOSE h")
{
	my $starts = runner_starts($node);

	next_migration(1);
	my ($rows, $error) = $session->query($sql);
	like(
		$error,
		qr/^ERROR:  25001: CREATE INDEX of migration "$number m$number" cannot run within the caller's transaction$/m,
		"$sql: refused");
	like($error, qr/^DETAIL:  It is statement 2, line 2\.  Nothing was run: \w.*\.$/m, "$sql: says why");
	like($error, qr/^HINT:  Run SELECT migrate\.apply\(\); alone, outside a transaction block\.$/m,
		"$sql: says what to do");
	$session->query('ROLLBACK');
	is_sql($node, 'db', "SELECT to_regclass('t$number')", '', "$sql: nothing ran");

	$number--;
	next_migration(0);
	($rows, $error) = $session->query($sql);
	is($rows, $number, "$sql: without it, done");
	ran_in('session', $sql, $session->pid);
	is(runner_starts($node), $starts, "$sql: no runner was started");
}

# Two statements in one message.
next_migration(0);
my $output;
run_log(
	[ 'psql', '-XAtq', '-d', $node->connstr('db'), '-c', 'SELECT version FROM migrate.apply(); SELECT 1 / 1' ],
	'>', \$output);
is($output, "$number\n1\n", 'psql -c with two statements');
is_sql($node, 'db', 'SELECT count(*) FROM migrate.runs WHERE pid = ' . $session->pid, '11',
	'psql -c with two statements: another session');
next_migration(0);
$node->command_fails_like(
	[ 'psql', '-XAtq', '-d', $node->connstr('db'), '-c', 'SELECT version FROM migrate.apply(); SELECT 1 / 0' ],
	qr/division by zero/, 'psql -c whose second statement fails');
like(states($node, 'db'), qr/, $number pending$/, 'psql -c whose second statement fails: nothing is kept');
is(($session->query('SELECT version FROM migrate.apply()'))[0], $number, 'the session alone');
ran_in('runner', 'the session alone', $session->pid);

#
# Nothing is pending
#
my $starts = runner_starts($node);
foreach my $sql (
	'SELECT migrate.apply()',
	'SELECT * FROM migrate.apply(atomic => false)',
	"SELECT * FROM migrate.apply('3')",
	'EXECUTE p', 'BEGIN; SELECT migrate.apply(); COMMIT')
{
	my ($rows, $messages) = $session->query($sql);
	is("$rows$messages", '', "nothing pending, $sql: no rows, no messages");
}
is(runner_starts($node), $starts, 'nothing pending: no runner was started');
is_clean($node, 'db', 'at the end');

#
# No slot for a runner
#
$session->quit;
$node->append_conf('postgresql.conf', <<'CONF');
max_worker_processes = 1
max_logical_replication_workers = 0
CONF
$node->restart;
new_database($node, 'other');
register($node, 'other', [ 1, 'long', 'SELECT pg_advisory_xact_lock(1)' ]);
$session = session($node, 'db');
my $gate = session($node, 'other');
$gate->query('SELECT pg_advisory_lock(1)');
my $long = session($node, 'other')->start('SELECT * FROM migrate.apply()');
wait_for_runner($node, 'other', 'pg_advisory_xact_lock');

next_migration(0);
my ($rows, $error) = $session->query('SELECT version FROM migrate.apply()');
like($error, qr/^ERROR:  53000: could not start a background worker$/m, 'no slot: the error');
like($error, qr/^DETAIL:  .* there are 1\.$/m, 'no slot: how many there are');
like($error, qr/^HINT:  Raise "max_worker_processes", or .*: BEGIN; SELECT migrate\.apply\(\); COMMIT;$/m,
	'no slot: the hint');
is(($session->query('BEGIN; SELECT version FROM migrate.apply(); COMMIT'))[0],
	$number, 'no slot: the way of the hint works');

# A slot that becomes free in time is taken.
next_migration(0);
$session->start('SELECT version FROM migrate.apply()');
wait_until($node, 'db',
	"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = " . $session->pid);
$gate->query('SELECT pg_advisory_unlock(1)');
like(($long->finish)[0], qr/^1\|long\|applied\|1\|/, 'the run that had the slot');
is($session->finish, $number, 'a slot that becomes free in time is taken');

$_->quit foreach $session, $gate, $long;
$node->stop;
done_testing();
