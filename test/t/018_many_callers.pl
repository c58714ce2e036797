# Many callers at one moment, in all ways of calling, with as few worker slots as
# a server has by default.  MIGRATE_CALLERS says how many; 32 is the long mode.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;
use Time::HiRes 'time';

my $callers = $ENV{MIGRATE_CALLERS} || 16;
my $migrations = 100;

# Queued runs of start() have a slot each: no more of them at one moment than
# there are slots.
my $most_starts = 5;

# what a server has by default
my $node = new_server(
	'many', conf => <<'CONF');
max_worker_processes = 8
max_connections = 100
migrate.lock_timeout = 2s
CONF
my @sessions;
my ($rows, $messages, $since);

# All of them are there, and begin when the gate is opened: each stops in its
# own look at what is pending.
sub call_at_once
{
	my ($db, @statements) = @_;
	my $gate = session($node, $db);

	$gate->query('BEGIN; LOCK migrate.migration IN ACCESS EXCLUSIVE MODE');
	$sessions[$_]->start($statements[$_]) foreach 0 .. $#statements;
	wait_until($node, $db,
		'SELECT count(*) = ' . @statements . " FROM pg_locks WHERE relation = 'migrate.migration'::regclass AND NOT granted");
	$since = time;
	$gate->query('COMMIT');
	$gate->quit;
	return;
}

# Each migration of the database ran once, in order, and nothing is left.
sub each_ran_once
{
	my ($db, $count, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is_sql($node, $db, "SELECT string_agg(migration::text, ' ' ORDER BY id) FROM ran", join(' ', 1 .. $count), "$name: each ran once, in order");
	is_sql($node, $db,
		"SELECT count(*), count(DISTINCT (project, version)) FROM migrate.history WHERE outcome = 'success'",
		"$count|$count", "$name: the history has each once");
	is_clean($node, $db, $name);
	return;
}

sub connect_callers
{
	my ($db) = @_;

	$_->quit foreach @sessions;
	@sessions = map { session($node, $db) } 1 .. $callers;
	return;
}

# Migrations of which every fifth builds an index concurrently.
sub store_migrations
{
	my ($db, $concurrently) = @_;

	$node->safe_psql($db, <<"SQL");
CREATE TABLE ran (id int GENERATED ALWAYS AS IDENTITY, migration int);
CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 1000);
SELECT count(migrate.register(n::text, 'm', format('INSERT INTO ran (migration) VALUES (%s);', n)
       || CASE WHEN n % 5 = 0 THEN format('CREATE INDEX $concurrently t%s ON t (id);', n) ELSE '' END))
  FROM generate_series(1, $migrations) n;
SQL
	return;
}

#
# All call apply()
#
my $name = "$callers callers of apply()";
new_database($node, 'alone');
store_migrations('alone', 'CONCURRENTLY');
connect_callers('alone');
call_at_once('alone', ('SELECT version FROM migrate.apply()') x $callers);
my @all;
foreach my $i (0 .. $#sessions)
{
	($rows, $messages) = $sessions[$i]->finish;
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: no error for $i");
	push @all, split /\n/, $rows;
}
note(sprintf '%s: %.1f s', $name, time - $since);
is("@all", join(' ', 1 .. $migrations), "$name: each migration is reported once, all by one");
each_ran_once('alone', $migrations, $name);
is(runner_starts($node), 1, "$name: with one worker");

#
# Some wait, some start, some call in a transaction
#
$name = "$callers callers in three ways";
new_database($node, 'mixed');
store_migrations('mixed', '');
connect_callers('mixed');
my $starts = 0;
my @mix = map {
	    $_ % 3 == 1 && $starts++ < $most_starts ? "SELECT migrate.start() AS run \\gset\nSELECT version FROM migrate.wait(:run)"
	  : $_ % 3 == 2                              ? "BEGIN;\nSELECT version FROM migrate.apply(atomic => true);\nCOMMIT"
	  : 'SELECT version FROM migrate.apply()'
} 0 .. $#sessions;

# start() does not look at what is pending: it joins the others a moment later
call_at_once('mixed', map { /start/ ? "SELECT FROM migrate.status();\n$_" : $_ } @mix);
@all = ();
foreach my $i (0 .. $#sessions)
{
	($rows, $messages) = $sessions[$i]->finish;
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: no error for $i");
	push @all, grep { /./ } split /\n/, $rows;
}
note(sprintf '%s: %.1f s', $name, time - $since);
is("@all", join(' ', 1 .. $migrations), "$name: each migration is reported once");
each_ran_once('mixed', $migrations, $name);
is_sql($node, 'mixed', 'SELECT DISTINCT state FROM migrate.runs', 'success', "$name: all runs are a success");

# A session in a transaction that waits for its turn has a snapshot, for which
# index builds wait: a deadlock, which ends for either of them at once.
$name = 'transactions against index builds';
$node->safe_psql('mixed', <<"SQL");
SELECT count(migrate.register(n::text, 'p', format('INSERT INTO ran (migration) VALUES (%s);', $migrations + n)
       || format('CREATE INDEX CONCURRENTLY p%s ON t (id);', n), project => 'p'))
  FROM generate_series(1, 5) n;
SELECT count(migrate.register(n::text, 'q', 'SELECT 1', project => 'q' || n)) FROM generate_series(1, $callers) n;
SQL
call_at_once('mixed', map {
	$_ % 2 ? "BEGIN;\nSELECT migrate.apply(project => 'q$_');\nCOMMIT" : "SELECT version FROM migrate.apply(project => 'p')"
} 0 .. $#sessions);
my $deadlocks = 0;
foreach my $i (0 .. $#sessions)
{
	($rows, $messages) = $sessions[$i]->finish;
	$deadlocks++ if $i % 2 && $messages =~ /^ERROR:  40P01:/m;
	$messages =~ s/^ERROR:  40P01:.*//m if $i % 2;
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: no other error for $i");
}
note(sprintf '%s: %d deadlocks, %.1f s', $name, $deadlocks, time - $since);
cmp_ok(time - $since, '<', 60, "$name: nobody hangs");
is_sql($node, 'mixed', "SELECT string_agg(migration::text, ' ' ORDER BY id) FROM ran WHERE migration > $migrations",
	join(' ', $migrations + 1 .. $migrations + 5), "$name: each step ran once");
is_clean($node, 'mixed', $name);

#
# Deadlocks
#
# Migration 1 waits at the gate; migration 2 needs a lock that a session in a
# transaction has, and that one calls apply().
my $cases = 0;
my ($db, $gate, $caller, $other);

sub begin_deadlock
{
	my ($two, $lock) = @_;

	$db = 'deadlock_' . ++$cases;
	new_database($node, $db);
	$node->safe_psql($db, <<'SQL');
CREATE TABLE t (id int);
INSERT INTO t VALUES (1);
CREATE FUNCTION slow(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(1.5); RETURN i; END';
SQL
	register(
		$node, $db,
		[ 1, 'one', "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(1)" ],
		[ 2, 'two', $two ]);
	($gate, $caller, $other) = map { session($node, $db) } 1 .. 3;
	$gate->query('SELECT pg_advisory_lock(1)');
	$caller->start('SELECT version FROM migrate.apply()');
	wait_for_runner($node, $db, 'pg_advisory_xact_lock');
	$other->query("BEGIN; $lock");
	return;
}

# One of the two has an error, at once; then the other can go on.
sub end_deadlock
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $other_error = ($other->finish)[1];
	my $error;

	$other->query('ROLLBACK');
	($rows, $error) = $caller->finish;
	cmp_ok(time - $since, '<', 15, "$name: nobody hangs");
	note(sprintf '%s: %.1f s', $name, time - $since);
	is(join(',', map { /^ERROR:  (\w+)/m ? $1 : '' } $other_error, $error), '40P01,', "$name: the one in a transaction has an error");
	is($rows, "1\n2", "$name: the run goes on");
	is(states($node, $db), '1 applied, 2 applied', "$name: to its end");
	is_clean($node, $db, $name);
	$_->quit foreach $gate, $caller, $other;
	return;
}

foreach my $case (
	[ 'a table', 'ALTER TABLE t ADD x int', 'LOCK t IN ACCESS SHARE MODE' ],
	[ 'an index build', 'CREATE INDEX CONCURRENTLY t_id ON t (id)', 'INSERT INTO t VALUES (1)' ],

	# each try takes longer than the server's look for a deadlock is away
	[ 'a long index build', 'CREATE INDEX CONCURRENTLY t_id ON t (slow(id))', 'SELECT 1' ])
{
	my ($what, $two, $lock) = @$case;

	# the run needs the lock of one that waits for the run
	$name = "$what, the session waits first";
	begin_deadlock($two, $lock);
	$other->start('SELECT version FROM migrate.apply()');
	ok($other->wait_for(qr/^NOTICE:  00000: waiting for run 1 of role "postgres" \(pid \d+, since .*\)$/m), "$name: it says for whom");
	# its own look for a deadlock is over
	wait_until($node, $db, "SELECT clock_timestamp() > query_start + interval '1.2 s' FROM pg_stat_activity WHERE pid = " . $other->pid);
	$since = time;
	$gate->query('SELECT pg_advisory_unlock(1)');
	end_deadlock($name);
	next if $lock eq 'SELECT 1';

	$name = "$what, the run waits first";
	begin_deadlock($two, $lock);
	$gate->query('SELECT pg_advisory_unlock(1)');
	wait_for_runner($node, $db, substr($two, 0, 10));
	$since = time;
	$other->start('SELECT version FROM migrate.apply()');
	end_deadlock($name);
}

# Both in a transaction.
$name = 'two transactions';
$db = 'transactions';
new_database($node, $db);
$node->safe_psql($db, 'CREATE TABLE t (id int)');
register($node, $db, [ 1, 'one', 'SELECT 1' ]);
($caller, $other) = map { session($node, $db) } 1, 2;
$caller->query('BEGIN; SELECT migrate.apply()');
$other->query('BEGIN; LOCK t');
$other->start('SELECT migrate.apply()');
ok($other->wait_for(qr/^NOTICE:  00000: waiting for /m), "$name: the second waits for the first");
$since = time;
$caller->start('LOCK t');
wait_until($node, $db, "SELECT state = 'idle in transaction (aborted)' FROM pg_stat_activity WHERE pid IN (@{[$caller->pid]}, @{[$other->pid]}) ORDER BY 1 DESC LIMIT 1");
$_->{run}->pump_nb foreach $caller, $other;
is(join(',', "$caller->{err}$other->{err}" =~ /^ERROR:  (\w+)/mg), '40P01', "$name: one has an error");
cmp_ok(time - $since, '<', 10, "$name: at once");
$_->quit foreach $caller, $other;

# A caller that waits for the turn of another holds what that one's run needs:
# the server cannot see that the other one waits for its runner.
$name = 'the lock of the next caller';
$db = 'turn';
new_database($node, $db);
register($node, $db, [ 1, 'one', "SET LOCAL lock_timeout = 0;\nSELECT pg_advisory_xact_lock(1);\nSELECT pg_advisory_xact_lock(2);" ]);
($gate, $caller, $other) = map { session($node, $db) } 1 .. 3;
$gate->query('SELECT pg_advisory_lock(1)');
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock(1)');
$other->query('SELECT pg_advisory_lock(2)');
$other->start('SELECT version FROM migrate.apply()');
ok($other->wait_for(qr/^NOTICE:  00000: waiting for run 1/m), "$name: it waits");
$since = time;
$gate->query('SELECT pg_advisory_unlock(1)');
($rows, $messages) = $caller->finish;
like($messages, qr/^ERROR:  40P01: .*\nDETAIL:  The runner \(pid \d+\) waits for pid @{[$other->pid]}, and that one for this session/m, "$name: the first has an error");
cmp_ok(time - $since, '<', 10, "$name: at once");
# it is the next one's turn, and its own lock
($rows, $messages) = $other->finish;
like($messages, qr/^ERROR:  40P01: the run waits for a lock that its own caller holds\n/m, "$name: then the next one");
$other->query('SELECT pg_advisory_unlock_all()');
is(($caller->query('SELECT version FROM migrate.apply()'))[0], '1', "$name: without that lock it runs");
$_->quit foreach $gate, $caller, $other;
is_clean($node, $db, $name);

#
# Whose run it is
#
$name = 'whose run';
$db = 'whose';
new_database($node, $db);
$node->safe_psql($db, 'CREATE ROLE deployer; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrate TO deployer');
register(
	$node, $db,
	[ 0, 'zero', 'SELECT 1', 'SELECT 1' ],
	[ 1, 'one', 'SELECT 1', 'SELECT 1' ],
	[ 2, 'two', "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(1)", 'SELECT 1' ],
	[ 3, 'three', 'SELECT 1', 'SELECT 1' ]);
($gate, $caller, $other) = map { session($node, $db) } 1 .. 3;
$gate->query('SELECT pg_advisory_lock(1)');

# Those that do not want to wait.
sub refuses
{
	my ($name, $detail) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	foreach my $call ('apply(wait_for_lock => false)', 'rollback(wait_for_lock => false)',
		"rollback('0', wait_for_lock => false)", 'apply(wait_for_lock => false, atomic => true)')
	{
		my $from = time;

		(undef, $messages) = $other->query("SELECT migrate.$call");
		like($messages, qr/^ERROR:  55P03: another run is under way\nDETAIL:  $detail\nHINT:  Leave out wait_for_lock => false to wait for it, or run SELECT \* FROM migrate\.progress; to see it\.$/m,
			"$name: $call");
		cmp_ok(time - $from, '<', 2, "$name: at once");
	}
	return;
}
# something to roll back, and something to apply
$gate->query("SELECT migrate.apply('1')");
my $second = session($node, $db);
$caller->query('SET ROLE deployer');
$caller->start('SELECT version FROM migrate.apply()');
my $runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
my $whose = qr/run 2 of role "deployer" \(pid $runner, since 2\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d.*\)/;
refuses("$name, a runner", qr/It is $whose, apply of migration "[^"]+"\./);
$second->start('SELECT version FROM migrate.apply()');
ok($second->wait_for(qr/^NOTICE:  00000: waiting for $whose$/m), "$name: a caller that waits says so");
refuses("$name, a runner and one that waits for its turn", qr/It is $whose, apply of migration "[^"]+"\./);
$gate->query('SELECT migrate.start()');
wait_until($node, $db, "SELECT count(*) = 1 FROM migrate.progress WHERE phase = 'waiting for its turn'");
refuses("$name, a runner and one that is queued", qr/It is $whose, apply of migration "[^"]+"\./);
my $third = session($node, $db);
$third->start('BEGIN; SELECT version FROM migrate.apply(); COMMIT');
ok($third->wait_for(qr/^NOTICE:  00000: waiting for $whose$/m), "$name: one in a transaction says so, too");
$gate->query('SELECT pg_advisory_unlock_all()');
is($caller->finish, "2\n3", "$name: the first does it all");
is(join(',', map { scalar $_->finish } $second, $third), ',', "$name: the others find nothing left");
wait_until($node, $db, "SELECT count(*) = 0 FROM migrate.runs WHERE state IN ('queued', 'running')");
register($node, $db, [ 4, 'four', 'SELECT 1', 'SELECT 1' ]);
is($other->query('SELECT version FROM migrate.apply(wait_for_lock => false)'), '4', "$name: nothing is in the way of a run that would not wait");
is($other->query('SELECT version FROM migrate.apply(wait_for_lock => false)'), '', "$name: nor of none");

# A run in a transaction is not visible to others, but its lock is.
register($node, $db, [ 5, 'five', 'SELECT 1', 'SELECT 1' ], [ 6, 'six', 'SELECT 1', 'SELECT 1' ]);
$second->query("BEGIN; SELECT migrate.apply('5')");
refuses("$name, a transaction", qr/Another session holds the run lock\.  Pid @{[$second->pid]} is a client backend of role "postgres"(?s:.*)/);
$third->start('SELECT version FROM migrate.apply()');
ok($third->wait_for(qr/^NOTICE:  00000: waiting for another session that holds the run lock$/m), "$name: a transaction is waited for");
my $holder = $second->pid;
ok($third->wait_for(qr/^NOTICE:  00000: runner \(pid \d+\) waits for pid $holder$/m), "$name: and named, soon");
$second->query('COMMIT');
is($third->finish, '6', "$name: until it ends");

# A run that was interrupted is not the one that is in the way.
register($node, $db, [ 7, 'seven', "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(1)", 'SELECT 1' ]);
$gate->query('SELECT pg_advisory_lock(1)');
$caller->start('SELECT migrate.apply()');
$runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$node->safe_psql($db, "SELECT pg_terminate_backend($runner, 60000)");
$caller->finish;
$gate->query('SELECT pg_advisory_unlock(1)');
like(($second->query("BEGIN; SELECT migrate.rollback()"))[1], qr/^NOTICE:  00000: run \d+ was interrupted$/m, "$name: an interrupted run");
refuses("$name, a transaction and an interrupted run", qr/Another session holds the run lock\.  Pid @{[$second->pid]} is a client backend of role "postgres"(?s:.*)/);
$second->query('ROLLBACK');
is($third->query('SELECT version FROM migrate.apply()'), '7', "$name: after it");
is_clean($node, $db, $name);
$_->quit foreach $gate, $caller, $other, $second, $third;

#
# Other databases, other projects
#
$name = 'other databases';
my @dbs = map { "other_$_" } 1 .. 4;
foreach my $i (1 .. 4)
{
	new_database($node, "other_$i");
	register($node, "other_$i", [ 1, 'one', 'SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(1); CREATE TABLE one (id int)' ],
		[ 2, 'two', 'CREATE INDEX CONCURRENTLY one_id ON one (id)' ]);
}
my @gates = map { session($node, $_) } @dbs;
my @callers = map { session($node, $_) } @dbs;
$_->query('SELECT pg_advisory_lock(1)') foreach @gates;
$_->start('SELECT version FROM migrate.apply()') foreach @callers;
wait_for_runner($node, $_, 'pg_advisory_xact_lock') foreach @dbs;
pass("$name: all run at the same time");

# the last first, while the others hold their run lock and a snapshot
foreach my $i (reverse 0 .. 3)
{
	$gates[$i]->query('SELECT pg_advisory_unlock(1)');
	is(($callers[$i]->finish)[0], "1\n2", "$name: $dbs[$i] does not wait for the others");
}
is_clean($node, $_, "$name, $_") foreach @dbs;
$_->quit foreach @gates, @callers;

# In one database they take turns, and each finds its own.
$name = 'other projects';
new_database($node, 'projects');
store_migrations('projects', '');
$node->safe_psql('projects', <<"SQL");
SELECT count(migrate.unregister(n::text)) FROM generate_series(1, $migrations) n;
SELECT count(migrate.register(n::text, 'm', format('INSERT INTO ran (migration) VALUES (%s); CREATE INDEX CONCURRENTLY ON t (id);', n + 3 * p),
       project => 'p' || p)) FROM generate_series(1, 3) n, generate_series(0, $callers - 1) p;
SQL
connect_callers('projects');
call_at_once('projects', map { "SELECT version FROM migrate.apply(project => 'p$_')" } 0 .. $#sessions);
foreach my $i (0 .. $#sessions)
{
	($rows, $messages) = $sessions[$i]->finish;
	is($rows, "1\n2\n3", "$name: the rows of $i");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: no error for $i");
}
note(sprintf '%s: %.1f s', $name, time - $since);
is_sql($node, 'projects', 'SELECT count(*), count(DISTINCT migration) FROM ran', join('|', (3 * $callers) x 2), "$name: each ran once");
is_sql($node, 'projects', 'SELECT bool_and(m = id - 1) FROM (SELECT id, 3 * ((id - 1) / 3) + (migration - 1) % 3 AS m FROM ran) r', 't',
	"$name: one run after the other");
is_clean($node, 'projects', $name);

$_->quit foreach @sessions;
$node->stop;
done_testing();
