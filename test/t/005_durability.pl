# Commits within a run are asynchronous; what a run has reported is on disk,
# and a crash leaves no half of anything.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

# Whoever relies on the WAL writer loses.
my $node = new_server('durability',
	conf => "wal_writer_delay = '10s'\nwal_writer_flush_after = '1GB'\ncheckpoint_timeout = '1h'");

# What is recorded as applied is there, and nothing else is.
sub is_consistent
{
	my ($db, $name) = @_;

	return is_sql($node, $db, <<'SQL', '', "$name: record and schema agree");
SELECT version FROM migrate.status() s
 WHERE (state = 'applied') <> (to_regclass('t' || version) IS NOT NULL)
    OR (state = 'applied') <> EXISTS (SELECT FROM migrate.history h WHERE h.version = s.version AND outcome = 'success')
SQL
}

sub generate
{
	my ($db, $n, $more) = @_;

	new_database($node, $db);
	$node->safe_psql($db, <<"SQL");
SELECT count(migrate.register(n::text, 'm', format('CREATE TABLE t%s AS SELECT 1 AS a;%s', n, '$more')))
  FROM generate_series(1, $n) n
SQL
	return;
}

# Whatever the last script has set.
foreach my $case (
	[ 'plain', '' ],
	[ 'asynchronous', ' SET synchronous_commit = off' ],
	[ 'mixed', ' VACUUM t\' || n || \'; SET synchronous_commit = off; CREATE TABLE u\' || n || \' (a int)' ],
	[ 'readonly', ' SET default_transaction_read_only = on' ])
{
	my ($name, $more) = @$case;

	generate($name, 20, $more);
	my $session = session($node, $name);
	my ($rows, $messages) = $session->query('SELECT count(*) FROM migrate.apply()');

	is($rows, '20', "$name: the run reports success");
	$node->stop('immediate');
	$node->start;
	is_sql($node, $name, "SELECT count(*) FROM migrate.status() WHERE state = 'applied'", '20',
		"$name: all of it is there after a crash");
	is_sql($node, $name, 'SELECT state FROM migrate.runs', 'success', "$name: and so is its end");
	is_consistent($name, $name);
	$session->quit;
}

# A failure that was reported is recorded, with the migrations before it.
generate('failed', 10, '');
register($node, 'failed', [ 11, 'fails', 'CREATE TABLE t11 (id int); SELECT 1 / 0' ]);
my $session = session($node, 'failed');
like(($session->query('SELECT migrate.apply()'))[1], qr/^ERROR:  22012:/m, 'a failing run');
$node->stop('immediate');
$node->start;
is_sql($node, 'failed', 'SELECT state, count(*) FROM migrate.status() GROUP BY 1 ORDER BY 1',
	"applied|10\nfailed|1", 'a reported failure is there after a crash');
is_sql($node, 'failed', 'SELECT state FROM migrate.runs', 'failed', 'and so is the end of its run');
$session->quit;

# A crash in the middle can lose the tail of the run, never its consistency.
generate('middle', 30, '');
register($node, 'middle', [ 31, 'waits', 'CREATE TABLE t31 (id int); SELECT pg_advisory_xact_lock(1)' ]);
my $gate = session($node, 'middle');
$gate->query('SELECT pg_advisory_lock(1)');
my $caller = session($node, 'middle');
$caller->start('SELECT migrate.apply()');
wait_for_runner($node, 'middle', 'pg_advisory_xact_lock');
$node->stop('immediate');
$node->start;
$_->quit foreach $gate, $caller;
is_consistent('middle', 'in the middle');
is_sql($node, 'middle', "SELECT bool_and(version::int = n) FROM (SELECT version, row_number() OVER (ORDER BY version::int) n FROM migrate.status() WHERE state = 'applied') s HAVING count(*) > 0",
	$node->safe_psql('middle', "SELECT 't' FROM migrate.status() WHERE state = 'applied' LIMIT 1"),
	'in the middle: what is left is the beginning of the run');
is_sql($node, 'middle', 'SELECT count(*) > 0 FROM migrate.apply()', 't', 'in the middle: the next run goes on');
is_sql($node, 'middle', "SELECT count(*) FROM migrate.status() WHERE state = 'applied'", '31', 'in the middle: to the end');
is_sql($node, 'middle', "SELECT max(n) FROM (SELECT count(*) n FROM migrate.history WHERE outcome = 'success' GROUP BY version) h",
	'1', 'in the middle: each is recorded once');
is_consistent('middle', 'in the end');

$node->stop;
done_testing();
