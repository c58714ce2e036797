# pg_cron runs migrate.apply() on schedule, in both of its ways: over a
# connection to the server itself, and in a background worker.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $pg_config = $ENV{PG_CONFIG} // 'pg_config';
chomp(my $share = `$pg_config --sharedir`);
if (!-e "$share/extension/pg_cron.control")
{
	my ($major) = `$pg_config --version` =~ /(\d+)/;

	plan skip_all => "no pg_cron (package postgresql-$major-cron)";
}

# A server with three databases: migrations that succeed, one that does not, and
# a job of two statements.  pg_cron itself lives in a fourth.
sub new_cron_server
{
	my ($name, $conf) = @_;
	my $node = new_server($name, conf => <<"CONF");
listen_addresses = '127.0.0.1'
shared_preload_libraries = 'pg_cron'
cron.host = '127.0.0.1'
cron.timezone = 'UTC'
$conf
CONF

	$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron');
	$node->safe_psql('postgres', 'CREATE ROLE deployer LOGIN');
	new_database($node, 'shop');
	$node->safe_psql('shop', <<'SQL');
GRANT EXECUTE ON FUNCTION migrate.apply TO deployer;
GRANT CREATE ON SCHEMA public TO deployer;
SQL
	register(
		$node, 'shop',
		[ 1, 'orders', <<'SQL' ], [ 2, 'notes', 'CREATE TABLE notes (body text)' ]);
CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 100) g;
CREATE UNIQUE INDEX CONCURRENTLY orders_id ON orders (id);
ALTER TABLE orders ADD CHECK (id > 0);
SQL
	new_database($node, 'broken');
	register(
		$node, 'broken',
		[ 1, 'good', 'CREATE TABLE good (id int)' ],
		[ 2, 'bad', "CREATE TABLE bad (id int);\nSELECT 1 / 0;" ]);
	new_database($node, 'several');
	register($node, 'several', [ 1, 'index', "CREATE TABLE t (id int);\nCREATE INDEX CONCURRENTLY ON t (id);" ]);
	$node->safe_psql('postgres', <<'SQL');
SELECT cron.schedule_in_database('migrate shop', '* * * * *', 'SELECT migrate.apply()', 'shop', 'deployer');
SELECT cron.schedule_in_database('broken', '* * * * *', 'SELECT migrate.apply()', 'broken');
SELECT cron.schedule_in_database('several', '* * * * *', 'CREATE TABLE own (id int); SELECT migrate.apply()', 'several');
SQL
	# refused before version 1.5; then it is a matter of a minute
	$node->psql('postgres', q{SELECT cron.alter_job(jobid, schedule => '1 second') FROM cron.job});
	return $node;
}

# Both wait for the same minute.
my %nodes = (
	'over a connection' => new_cron_server('cron_connection', ''),
	'in a background worker' => new_cron_server('cron_worker', 'cron.use_background_workers = on'));

foreach my $way (sort keys %nodes)
{
	my $node = $nodes{$way};

	foreach my $job ([ 'shop', 'succeeded' ], [ 'broken', 'failed' ], [ 'several', 'failed' ])
	{
		my ($database, $status) = @$job;

		wait_until($node, 'postgres',
			"SELECT count(*) > 0 FROM cron.job_run_details WHERE database = '$database' AND end_time IS NOT NULL");
		is_sql(
			$node, 'postgres',
			"SELECT status FROM cron.job_run_details WHERE database = '$database' ORDER BY runid LIMIT 1",
			$status,
			"$way: cron.job_run_details of a run that $status");
	}
	# no further runs, which would change what is looked at
	$node->safe_psql('postgres', 'SELECT cron.unschedule(jobid) FROM cron.job');
	wait_until($node, 'postgres', 'SELECT count(*) = 0 FROM cron.job_run_details WHERE end_time IS NULL');
	note($node->safe_psql('postgres', 'TABLE cron.job_run_details'));

	is(states($node, 'shop'), '1 applied, 2 applied', "$way: what was pending is applied");
	is_sql($node, 'shop', "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_id'::regclass",
		't', "$way: an index was built concurrently");
	is(outcomes($node, 'shop'), "1 apply success\n2 apply success", "$way: once");
	is_sql($node, 'shop', 'SELECT DISTINCT started_by FROM migrate.runs',
		'deployer', "$way: as the role of the job");
	is_sql($node, 'shop', "SELECT relowner::regrole FROM pg_class WHERE relname = 'orders'",
		'deployer', "$way: and so do the scripts");

	is(states($node, 'broken'), '1 applied, 2 failed', "$way: before the failure, applied");
	is_sql($node, 'broken', "SELECT to_regclass('bad')", '', "$way: nothing of the migration that failed");
	is_sql(
		$node, 'broken', <<'SQL', "22012|division by zero|2", "$way: the history tells about the failure");
SELECT error_sqlstate, error_message, error_line FROM migrate.history WHERE outcome = 'failed' ORDER BY id LIMIT 1
SQL
	like(
		$node->safe_psql(
			'postgres',
			"SELECT return_message FROM cron.job_run_details WHERE database = 'broken' ORDER BY runid LIMIT 1"),
		qr/^ERROR: +division by zero\nHINT: +Nothing of the migration is kept\. .*\nCONTEXT: /,
		"$way: and so does cron.job_run_details");

	like(
		$node->safe_psql(
			'postgres',
			"SELECT return_message FROM cron.job_run_details WHERE database = 'several' ORDER BY runid LIMIT 1"),
		qr/^ERROR: +CREATE INDEX of migration "1 index" cannot run within the caller's transaction\n.*HINT: +Run SELECT migrate\.apply\(\); alone, outside a transaction block\./s,
		"$way: a job of several statements is a transaction");
	is_clean($node, $_, "$way, $_") foreach qw(shop broken several);
	$node->stop;
}
done_testing();
