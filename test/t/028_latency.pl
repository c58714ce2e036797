# While a migration waits for a lock, the application's queries wait behind it:
# with apply() never longer than migrate.lock_timeout, without it as long as
# the lock is held.  bench/lock_wait draws the same.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use IPC::Run;
use List::Util qw(max);
use PostgreSQL::Test::Utils;
use Test::More;

# In seconds.  What a busy machine adds is less than what the lock is held.
my ($limit, $margin, $held) = (0.3, 2.5, 4);

my $node = new_server('latency', conf => <<"CONF");
migrate.lock_timeout = '${limit}s'
migrate.lock_retry_max_delay = '300ms'
migrate.lock_retries = 1000
CONF
my $alter = 'ALTER TABLE orders ADD COLUMN %s text';
my $directory = PostgreSQL::Test::Utils::tempdir();

new_database($node, 'db');
$node->safe_psql('db', <<'SQL');
CREATE TABLE orders (id int PRIMARY KEY, quantity int);
INSERT INTO orders SELECT i, 0 FROM generate_series(1, 1000) i;
SQL
register($node, 'db', [ 1, 'a note', sprintf($alter, 'note') ]);
append_to_file("$directory/app.sql", <<'SQL');
\set id random(1, 1000)
SELECT quantity FROM orders WHERE id = :id;
UPDATE orders SET quantity = quantity + 1 WHERE id = :id;
\sleep 10 ms
SQL

# The application runs, and a session stays idle in transaction on its table
# for so long as the migration has waited for it; returns what the migration
# said, and the application's longest transaction.
sub longest_transaction
{
	my ($name, $migration) = @_;
	my $application = IPC::Run::start(
		[
			'pgbench', '-n', '-c', '3', '-T', $held + 8, '-l', '--log-prefix', "$directory/$name", '-f', "$directory/app.sql",
			$node->connstr('db') . ' application_name=shop'
		], '<', \'', '>', \my $out, '2>', \my $err);
	my $holder = session($node, 'db');
	my $session = session($node, 'db');

	$holder->query('BEGIN; SELECT count(*) FROM orders');
	wait_until($node, 'db', "SELECT sum(quantity) > 10 FROM orders");
	my $began = $holder->query('SELECT clock_timestamp()');
	$session->start($migration);
	wait_until($node, 'db', "SELECT clock_timestamp() > timestamptz '$began' + interval '$held s'");
	$holder->query('COMMIT');
	my (undef, $messages) = $session->finish;
	is_sql($node, 'db', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shop'", '3',
		"$name: the application ran all the time");
	$application->finish;
	is($application->result(0), 0, "$name: and had no error") or diag($err);

	# the third field are microseconds
	my @took = map { (split)[2] / 1e6 } map { split /\n/, slurp_file($_) } glob("$directory/$name.[0-9]*");
	my $longest = max(@took);
	note(sprintf('%s: %d transactions, the longest %.2f s', $name, scalar @took, $longest));
	$_->quit foreach $holder, $session;
	return ($messages, $longest);
}

my ($messages, $longest) = longest_transaction('plain', sprintf($alter, 'plain'));
unlike($messages, qr/ERROR/, 'plain: it is done in the end');
cmp_ok($longest, '>', $held - 0.5, 'plain: the application stands still as long as the lock is held');

($messages, $longest) = longest_transaction('apply', 'SELECT migrate.apply()');
unlike($messages, qr/ERROR/, 'apply: it is done in the end');
is(states($node, 'db'), '1 applied', 'apply: the state');
is_sql($node, 'db', 'SELECT count(*) > 3 FROM migrate.attempts', 't', 'apply: it has waited its turn');
cmp_ok($longest, '<', $limit + $margin, 'apply: the application waits no longer than migrate.lock_timeout');
cmp_ok($longest, '>=', $limit / 2, 'apply: which is what it waits at times');
is_clean($node, 'db', 'apply');

$node->stop;
done_testing();
