# A runner's memory stays flat, however long its run.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs /proc' unless -r '/proc/self/statm';

my $node = new_server('memory', conf => 'shared_buffers = 128MB');

# A thousand migrations; the 100th and the 900th let us look at the runner.
new_database($node, 'db');
$node->safe_psql('db', <<'SQL');
CREATE TABLE t (id int, word text);
SELECT count(migrate.register(n::text, 'm' || n,
       format('INSERT INTO t VALUES (%1$s, repeat(%2$L, 100)); COMMENT ON TABLE t IS %1$L;', n, md5(n::text))
       || CASE WHEN n IN (100, 900) THEN format('SELECT pg_advisory_xact_lock(%s);', n)
               WHEN n % 50 = 0 THEN 'VACUUM t; SELECT 1;'
               WHEN n % 10 = 0 THEN 'CREATE TEMPORARY TABLE x (id int); DROP TABLE x;'
               ELSE '' END))
  FROM generate_series(1, 1000) n;
SQL
my $gate = session($node, 'db');
$gate->query('SELECT pg_advisory_lock(100), pg_advisory_lock(900)');
my $caller = session($node, 'db');
$caller->start('SELECT count(*) FROM migrate.apply()');

# What the server itself thinks: the memory of all its contexts, in bytes.
sub context_memory
{
	my ($pid) = @_;
	my $offset = -s $node->logfile;

	$node->safe_psql('db', "SELECT pg_log_backend_memory_contexts($pid)");
	$node->wait_for_log(qr/\[$pid\].*Grand total: \d+ bytes/, $offset);
	my ($bytes) = slurp_file($node->logfile, $offset) =~ /\[$pid\].*Grand total: (\d+) bytes/;
	return $bytes;
}

# Pages of its own: resident ones without those of shared memory.
sub private_memory
{
	my ($pid) = @_;
	my (undef, $resident, $shared) = split ' ', slurp_file("/proc/$pid/statm");

	return ($resident - $shared) * 4096;
}

my (@contexts, @private);
foreach my $n (100, 900)
{
	my $pid = wait_for_runner($node, 'db', "pg_advisory_xact_lock($n)");

	push @contexts, context_memory($pid);
	push @private, private_memory($pid);
	$gate->query("SELECT pg_advisory_unlock($n)");
}
my ($rows, $messages) = $caller->finish;
is($rows, '1000', 'the run');
unlike($messages, qr/^(ERROR|WARNING)/m, 'without an error');
note("contexts: @contexts, private: @private");
cmp_ok($contexts[1] - $contexts[0], '<', 256 * 1024, 'the memory contexts of the runner stay flat');
cmp_ok($private[1] - $private[0], '<', 1024 * 1024, 'so does its process');
$_->quit foreach $gate, $caller;
$node->stop;
done_testing();
