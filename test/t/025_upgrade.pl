# pg_upgrade from an older server keeps scripts, states, history and the ledger
# of a migration that is half done.
#
# OLD_INSTALL names the older server's folder, in which bin/postgres is; the
# extension must be installed there, too.  .ci/run has one.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'no OLD_INSTALL, so there is no older server' if !$ENV{OLD_INSTALL};

# All that is told of a database.
sub everything
{
	my ($node) = @_;

	return $node->safe_psql('shop', <<'SQL');
SELECT * FROM migrate.status();
SELECT * FROM migrate.history ORDER BY id;
SELECT * FROM migrate.runs ORDER BY run;
SELECT * FROM migrate.attempts ORDER BY id;
SELECT * FROM migrate.step ORDER BY first_statement;
SELECT * FROM migrate.script ORDER BY checksum COLLATE "C";
SELECT proname, ARRAY(SELECT unnest(coalesce(proacl, acldefault('f', proowner)))::text ORDER BY 1)
  FROM pg_proc WHERE pronamespace = 'migrate'::regnamespace ORDER BY oid::regprocedure::text COLLATE "C";
SQL
}

my @init = (extra => [ '-U', 'postgres', '--locale', 'C', '-E', 'UTF8' ]);
my $old = PostgreSQL::Test::Cluster->new('old', install_path => $ENV{OLD_INSTALL});
$old->init(@init);
$old->start;
note('from ' . $old->safe_psql('postgres', 'SHOW server_version'));
new_database($old, 'shop');
$old->safe_psql('shop', 'CREATE ROLE deployer; GRANT EXECUTE ON FUNCTION migrate.apply TO deployer; CREATE TABLE t (a int); INSERT INTO t VALUES (0)');
register(
	$old, 'shop',
	[ 1, 'applied', 'CREATE TABLE one (id int)', 'DROP TABLE one' ],
	[
		2,
		'partial',
		"CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY t_a ON t (a);\nSET search_path = public, pg_catalog;\nVACUUM t;\nINSERT INTO two SELECT 1 / a FROM t;"
	],
	[ 3, 'pending', 'CREATE TABLE three (id int)' ],
	[ undef, 'view', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS a' ]);
my ($status, undef, $error) = $old->psql('shop', 'SELECT migrate.apply()');
like($error, qr/division by zero/, 'a migration stops half done');
is(states($old, 'shop'), '1 applied, 2 partial, 3 pending, view pending', 'on the old server');
my $before = everything($old);
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
# from 18 on a cluster has checksums unless it is told not to; the old has none
push @{ $init[1] }, '--no-data-checksums' if $new->pg_version >= 18;
$new->init(@init);
# in a short folder, for the sockets
chdir(PostgreSQL::Test::Utils::tempdir()) or die;
my $output;
my $upgraded = IPC::Run::run(
	[
		'pg_upgrade', '--no-sync', '-U', 'postgres',
		'-d', $old->data_dir, '-D', $new->data_dir,
		'-b', $old->config_data('--bindir'), '-B', $new->config_data('--bindir'),
		'-s', $new->host, '-p', $old->port, '-P', $new->port
	],
	'<', \'', '>&', \$output);
ok($upgraded, 'pg_upgrade');
note($output, map { grep { /error|ERROR/ } split /^/, slurp_file($_) } glob($new->data_dir . '/pg_upgrade_output.d/*/log/pg_upgrade_dump_*.log')) if !$upgraded;
chdir($FindBin::RealBin) or die;
$new->start;
note('to ' . $new->safe_psql('postgres', 'SHOW server_version'));
is(everything($new), $before, 'the new server tells what the old one told');
$new->safe_psql('shop', 'UPDATE t SET a = 1');
is_sql($new, 'shop', 'SELECT version, steps FROM migrate.apply()', "2|5\n3|1\n|1", 'it goes on');
is_sql($new, 'shop', 'SELECT count(*), min(id) FROM two', '1|1', 'where the old one stopped');
is_sql($new, 'shop', 'SELECT count(*) FROM migrate.apply()', '0', 'and then nothing is pending');
is_sql($new, 'shop',
	"SELECT count(*), count(DISTINCT id) FROM migrate.history WHERE outcome = 'success'", '4|4', 'the history goes on, too');
is_clean($new, 'shop', 'in the end');

$new->stop;
done_testing();
