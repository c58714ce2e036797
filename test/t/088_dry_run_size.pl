# The memory of a dry run grows with the script and with the rows that it tells,
# and with nothing else.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs /proc' unless -r '/proc/self/statm';

my $node = new_server('dry_run_size', conf => 'shared_buffers = 128MB');
my $db = 'd';

new_database($node, $db);
$node->safe_psql($db, 'CREATE TABLE t (id int PRIMARY KEY, a int)');
my $gate = session($node, $db);

# The pages of a process that are its own, in bytes.
sub private_memory
{
	my ($pid) = @_;
	my (undef, $resident, $shared) = split ' ', slurp_file("/proc/$pid/statm");

	return ($resident - $shared) * 4096;
}

# What the process of a dry run of so many statements has at its end.
sub memory_after
{
	my ($statements) = @_;

	$node->safe_psql($db, <<"SQL");
SELECT migrate.unregister(version) FROM migrate.status();
SELECT migrate.register('1', 'many', string_agg(format('INSERT INTO t VALUES (%s, %s);', n, n), E'\\n'))
  FROM generate_series(1, $statements) n;
SELECT migrate.register('2', 'gate', 'SELECT pg_advisory_xact_lock(1)');
SQL
	$gate->query('SELECT pg_advisory_lock(1)');
	my $caller = session($node, $db);
	$caller->start("SELECT count(*), min(outcome), sum(rows) FROM migrate.dry_run(lock_timeout => '0')");
	my $memory = private_memory(wait_for_runner($node, $db, 'pg_advisory_xact_lock'));
	$gate->query('SELECT pg_advisory_unlock(1)');
	is(($caller->finish)[0], join('|', $statements + 1, 'traced', $statements), "$statements statements");
	$caller->quit;
	return $memory;
}

my $few = memory_after(2000);
my $many = memory_after(20000);
my $each = ($many - $few) / 18000;
note("$few bytes for 2,000, $many for 20,000, $each each");
cmp_ok($each, '<', 5120, 'a statement takes no more than its parse tree and its row');
$gate->quit;
$node->stop;
done_testing();
