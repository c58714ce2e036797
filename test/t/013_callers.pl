# Many callers at the same time: each migration runs once, nobody fails.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $node = new_server('callers', conf => 'max_worker_processes = 32');
my $callers = 8;
my $migrations = 30;

new_database($node, 'db');
$node->safe_psql('db', <<"SQL");
CREATE TABLE ran (migration int, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 1000);
SELECT count(migrate.register(n::text, 'm' || n,
       format('INSERT INTO ran VALUES (%s);', n)
       || CASE WHEN n % 3 = 0 THEN format('CREATE INDEX CONCURRENTLY t%1\$s ON t (id); SELECT pg_sleep(0.01);', n)
               WHEN n % 5 = 0 THEN 'VACUUM t; REINDEX TABLE CONCURRENTLY t;'
               ELSE '' END))
  FROM generate_series(1, $migrations) n;
SQL

# All start at one moment.
my $gate = session($node, 'db');
$gate->query('BEGIN; LOCK migrate.run IN ACCESS EXCLUSIVE MODE');
my @sessions = map { session($node, 'db') } 1 .. $callers;
$_->start('SELECT version FROM migrate.apply()') foreach @sessions;
wait_until($node, 'db', "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'migrate.run'::regclass AND NOT granted");
$gate->query('COMMIT');

my @rows;
foreach my $i (0 .. $#sessions)
{
	my ($rows, $messages) = $sessions[$i]->finish;

	unlike($messages, qr/^(ERROR|WARNING)/m, "caller $i: no error");
	push @rows, split /\n/, $rows;
}
is("@rows", join(' ', 1 .. $migrations), 'each migration is reported once, all by one caller');
is_sql($node, 'db', 'SELECT string_agg(migration::text, \' \' ORDER BY at) FROM ran', join(' ', 1 .. $migrations),
	'each ran once, in order');
is_sql($node, 'db', "SELECT state, count(*) FROM migrate.runs GROUP BY 1", 'success|1', 'it was one run');
is_sql($node, 'db', "SELECT count(*), count(DISTINCT version) FROM migrate.history WHERE outcome = 'success'",
	"$migrations|$migrations", 'the history has each once');
is_clean($node, 'db', 'after many callers');

# Each with a part of its own, in both ways of running, and other projects.
$node->safe_psql('db', <<"SQL");
TRUNCATE ran;
SELECT count(migrate.register(n::text, 'p', format('INSERT INTO ran VALUES (%s);', 100 + n)
       || CASE WHEN n = 3 THEN 'VACUUM t;' ELSE '' END, project => 'p' || p))
  FROM generate_series(1, 4) n, generate_series(1, $callers) p;
SQL
foreach my $i (0 .. $#sessions)
{
	my $project = 'p' . ($i + 1);

	$sessions[$i]->start("SELECT migrate.apply('2', project => '$project', atomic => @{[$i % 2 ? 'true' : 'false']});\n"
		  . "SELECT migrate.apply(project => '$project')");
}
foreach my $i (0 .. $#sessions)
{
	unlike(($sessions[$i]->finish)[1], qr/^(ERROR|WARNING)/m, "project of caller $i: no error");
}
is_sql($node, 'db', 'SELECT migration, count(*) FROM ran GROUP BY 1 ORDER BY 1',
	join("\n", map { "10$_|$callers" } 1 .. 4), 'each migration of each project ran once');
is_sql($node, 'db', "SELECT state, count(*) FROM migrate.runs GROUP BY 1", 'success|' . (1 + 2 * $callers), 'the runs');
is_clean($node, 'db', 'after many projects');

# Some apply while others roll back: no deadlock, no lost update.
$node->safe_psql('db', "SELECT migrate.register('1', 'back', 'SELECT 1', 'SELECT 2', project => 'back')");
foreach my $i (0 .. $#sessions)
{
	$sessions[$i]->start(join ";\n",
		map { $i % 2 ? "SELECT migrate.apply(project => 'back')" : "SELECT migrate.rollback(project => 'back')" } 1 .. 5);
}
foreach my $i (0 .. $#sessions)
{
	unlike(($sessions[$i]->finish)[1], qr/^(ERROR|WARNING)/m, "back and forth, caller $i: no error");
}
is_sql($node, 'db', <<'SQL', 't', 'applied and rolled back in turn');
SELECT bool_and(action = CASE WHEN n % 2 = 1 THEN 'apply' ELSE 'rollback' END AND outcome = 'success')
  FROM (SELECT action, outcome, row_number() OVER (ORDER BY id) n FROM migrate.history WHERE project = 'back') h
SQL
is_clean($node, 'db', 'back and forth');

# An index build that has seen a caller's snapshot, before that one knew that it
# has to wait, waits for the end of its statement: for the end of the wait.
register(
	$node, 'db',
	[
		31, 'index',
		"SELECT pg_advisory_xact_lock(1);\nCREATE INDEX CONCURRENTLY t31 ON t (id);\nCREATE TABLE t31_done (id int);"
	]);
$gate->query('SELECT pg_advisory_lock(1), pg_advisory_lock(2)');
my ($first, $second) = @sessions;
$first->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, 'db', 'pg_advisory_xact_lock');
# it stops with its snapshot, before it knows whether there is anything to do
$second->start("SELECT version FROM migrate.apply(project => format('main%s', pg_advisory_xact_lock(2)))");
wait_until($node, 'db', 'SELECT wait_event_type = \'Lock\' FROM pg_stat_activity WHERE pid = ' . $second->pid);
$gate->query('SELECT pg_advisory_unlock(1)');
wait_for_runner($node, 'db', 'CREATE INDEX');
$gate->query('SELECT pg_advisory_unlock(2)');
my ($rows, $messages) = $second->finish;
unlike($messages, qr/^ERROR/m, 'a caller whose snapshot an index build has seen: no error');
($rows, $messages) = $first->finish;
is($rows, '31', 'and the run with the index build goes on');
unlike($messages, qr/^(ERROR|WARNING)/m, 'without an error');
is_clean($node, 'db', 'two that wait for each other');

$_->quit foreach $gate, @sessions;
$node->stop;
done_testing();
