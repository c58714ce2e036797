# Scripts in a runner see the settings and the role of the caller, whichever
# way they were set, and nothing that another script has set.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $node = new_server('settings');

new_database($node, 'db');
$node->safe_psql('db', <<'SQL');
CREATE ROLE deployer LOGIN;
CREATE ROLE builder;
GRANT builder TO deployer;
CREATE SCHEMA s AUTHORIZATION builder;
GRANT EXECUTE ON FUNCTION migrate.apply, migrate.status TO builder, deployer;
ALTER ROLE deployer SET work_mem = '5MB';
ALTER ROLE builder SET temp_buffers = '5MB';
ALTER DATABASE db SET hash_mem_multiplier = 1.25;
ALTER ROLE deployer IN DATABASE db SET random_page_cost = 1.75;
CREATE TABLE public.seen (migration int, name text, value text);
GRANT INSERT ON public.seen TO PUBLIC;
SQL

# A script that writes down what it sees; the VACUUM makes a step of its own.
my @names = qw(maintenance_work_mem search_path work_mem hash_mem_multiplier random_page_cost temp_buffers
  cpu_tuple_cost app.tenant timezone extra_float_digits role client_encoding
  application_name statement_timeout synchronous_commit log_statement);

sub script
{
	my ($migration, $before) = @_;
	my $list = join ', ', map { "'$_'" } @names;

	return "$before;\nINSERT INTO public.seen SELECT $migration, name, current_setting(name, true)\n"
	  . "  FROM unnest(ARRAY[$list]) AS name\n"
	  . " UNION ALL SELECT $migration, 'users', session_user || '/' || current_user;\n"
	  . "VACUUM s.v;\nINSERT INTO public.seen VALUES ($migration, 'later search_path', current_setting('search_path'));";
}
register(
	$node, 'db',
	[ 1, 'first', script(1, 'CREATE TABLE s.v (id int)') ],
	[
		2,
		'sets everything',
		script(2,
			"SET maintenance_work_mem = '9MB'; SET search_path = pg_catalog; SET ROLE NONE; SET app.tenant = 'x'; SET timezone = 'UTC';"
			  . " SET SESSION statement_timeout = '1h'; SET LOCAL work_mem = '1MB'")
		  =~ s/VACUUM s\.v/VACUUM public.seen/r
	],
	[ 3, 'after it', script(3, 'SELECT 1') ],
	[ 4, 'resets', script(4, 'SET maintenance_work_mem = \'9MB\'; RESET ALL; SET search_path = DEFAULT') ]);
$node->safe_psql('db', 'GRANT pg_read_all_data TO deployer; ALTER TABLE public.seen OWNER TO deployer');

my $caller = session(
	$node, 'db',
	connstr => $node->connstr('db') . ' user=deployer application_name=deploy',
	env => { PGOPTIONS => '-c cpu_tuple_cost=0.0125 -c app.tenant=acme', PGTZ => 'Europe/Vienna' });
$caller->query(<<'SQL');
SET maintenance_work_mem = '77MB';
SET search_path = s, public;
SET extra_float_digits = 3;
SET ROLE builder;
SET client_encoding = 'LATIN1';
SQL
my ($rows, $messages) = $caller->query('SELECT version FROM migrate.apply()');
is($rows, "1\n2\n3\n4", 'the run');
unlike($messages, qr/^ERROR/m, 'without an error');

my %expected = (
	maintenance_work_mem => '77MB',
	search_path => 's, public',
	'later search_path' => 's, public',
	work_mem => '5MB',
	hash_mem_multiplier => '1.25',
	random_page_cost => '1.75',
	temp_buffers => '8MB',
	cpu_tuple_cost => '0.0125',
	'app.tenant' => 'acme',
	timezone => 'Europe/Vienna',
	extra_float_digits => '3',
	role => 'builder',
	users => 'deployer/builder',
	statement_timeout => '0',
	synchronous_commit => 'on',
	log_statement => 'all');
foreach my $migration (1, 3, 4)
{
	foreach my $name (sort keys %expected)
	{
		my $value = $expected{$name};

		is_sql($node, 'db', "SELECT value FROM seen WHERE migration = $migration AND name = '$name'",
			$value, "migration $migration sees $name");
	}
}
is_sql($node, 'db', "SELECT value FROM seen WHERE migration = 3 AND name = 'application_name'", 'migrate: 3 after it',
	'the application name is that of the migration');
is_sql($node, 'db',
	"SELECT name, value FROM seen WHERE migration = 2 AND name IN ('maintenance_work_mem', 'search_path', 'later search_path', 'users', 'app.tenant', 'work_mem') ORDER BY name COLLATE \"C\"",
	"app.tenant|x\nlater search_path|pg_catalog\nmaintenance_work_mem|9MB\nsearch_path|pg_catalog\nusers|deployer/deployer\nwork_mem|1MB",
	'a script sees what it has set itself, in later steps too');

# The caller's own session is as it was.
is($caller->query('SHOW search_path; SHOW maintenance_work_mem; SHOW application_name; SHOW client_encoding; SELECT current_user; SHOW synchronous_commit'),
	"s, public\n77MB\ndeploy\nLATIN1\nbuilder\non", "the caller's session is as it was");
is_sql($node, 'db', "SELECT relowner::regrole FROM pg_class WHERE relname = 'v'", 'builder', 'the current role owns what is made');
is_sql($node, 'db', 'SELECT DISTINCT session_role, role, application_name FROM migrate.history', 'deployer|builder|deploy',
	'the history knows both roles');
is_sql($node, 'db', 'SELECT DISTINCT applied_by FROM migrate.status()', 'builder', 'status() knows the current role');

# What is not seen by the next script.
register(
	$node, 'db',
	[
		5, 'litters',
		"CREATE TEMPORARY TABLE litter (id int);\nPREPARE litter AS SELECT 1;\n"
		  . "SELECT pg_advisory_lock(77);\nDECLARE litter CURSOR WITH HOLD FOR SELECT 1;\nVACUUM;\nSELECT 1;"
	],
	[
		6, 'looks', <<'SQL' ]);
DO $$
BEGIN
    ASSERT to_regclass('pg_temp.litter') IS NULL, 'temporary table';
    ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements), 'prepared statement';
    ASSERT NOT EXISTS (SELECT FROM pg_cursors WHERE name = 'litter'), 'cursor';
    ASSERT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 77), 'advisory lock';
END;
$$
SQL
($rows, $messages) = $node->psql('db', "SET client_min_messages = warning; SELECT version FROM migrate.apply()");
is(states($node, 'db') =~ s/^.*4 applied, //r, '5 applied, 6 applied', 'nothing is left to the next script')
  or diag($messages);

# As a read-only session.
register($node, 'db', [ 7, 'more', 'CREATE TABLE more (id int)' ]);
like(
	($caller->query('RESET ROLE; SET default_transaction_read_only = on; SELECT migrate.apply()'))[1],
	qr/^ERROR:  25006: cannot execute migrate\.apply\(\) in a read-only transaction$/m,
	'a read-only session is refused');

# A role that was given by SET SESSION AUTHORIZATION.
my $super = session($node, 'db');
$super->query('GRANT CREATE ON SCHEMA public TO deployer; SET SESSION AUTHORIZATION deployer');
is($super->query('SELECT version FROM migrate.apply()'), '7', 'SET SESSION AUTHORIZATION');
is_sql($node, 'db', "SELECT relowner::regrole FROM pg_class WHERE relname = 'more'", 'deployer', 'and the role that it gave');
is_clean($node, 'db', 'at the end');

$_->quit foreach $caller, $super;
$node->stop;
done_testing();
