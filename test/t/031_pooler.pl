# migrate.apply() through pgbouncer, in transaction and in statement mode.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateDrivers;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# not in the path of every user
my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'no pgbouncer (package pgbouncer)' if !$pgbouncer;

my $node = new_server('pooler',
	conf => "listen_addresses = '127.0.0.1'",
	# of an SQL_ASCII database, psycopg 3 returns text as bytes
	init => { extra => [ '-U', 'postgres', '--encoding=UTF8', '--no-locale' ] });
my $port = $node->port;

new_database($node, 'shop');

#
# A pooler with one connection to the server for each of its databases
#
my $folder = PostgreSQL::Test::Utils::tempdir();
my $pooler_port = PostgreSQL::Test::Cluster::get_free_port();

append_to_file("$folder/users", qq{"postgres" ""\n});
append_to_file("$folder/pgbouncer.ini", <<"INI");
[databases]
shop = host=127.0.0.1 port=$port dbname=shop pool_size=1
statements = host=127.0.0.1 port=$port dbname=shop pool_mode=statement pool_size=1

[pgbouncer]
pool_mode = transaction
ignore_startup_parameters = extra_float_digits
listen_addr = 127.0.0.1
listen_port = $pooler_port
unix_socket_dir =
auth_type = trust
auth_file = $folder/users
admin_users = postgres
INI
my ($log, $pooler) = ('');
$pooler = IPC::Run::start([ $pgbouncer, "$folder/pgbouncer.ini" ], '<', \undef, '>&', \$log);

# What one psql says that goes through the pooler.
sub through_pooler
{
	my ($database, @commands) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run(
		[
			'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d',
			"host=127.0.0.1 port=$pooler_port dbname=$database",
			map { ('-c', $_) } @commands
		],
		'<', \undef, '>', \$out, '2>', \$err);
	$err =~ s/^LOCATION: .*\n//mg;
	note("$database: @commands\n$out$err");
	chomp($out);
	return ($out, $err);
}

# Waits until the pooler's own console tells this of the pool.
sub wait_for_pool
{
	my ($column, $expected) = @_;

	foreach my $try (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my $result = `psql -X -d 'host=127.0.0.1 port=$pooler_port dbname=pgbouncer' --csv -c 'SHOW POOLS' 2>&1`;
		my ($head, @rows) = map { [ split /,/ ] } split /\n/, $result;

		foreach my $row (@rows)
		{
			my %pool;
			@pool{@$head} = @$row;
			return 1 if $pool{database} eq 'shop' && ($pool{$column} // '') eq $expected;
		}
		select(undef, undef, undef, 0.1);
	}
	die "the pool never had $column = $expected";
}

sub session_through_pooler
{
	return session($node, 'shop', connstr => "host=127.0.0.1 port=$pooler_port dbname=shop");
}

# Stores a migration, with an index built concurrently or without.
sub next_migration
{
	my ($version, $concurrently, $more) = @_;

	register(
		$node, 'shop',
		[
			$version,
			"m$version",
			"CREATE TABLE t$version AS SELECT g AS id FROM generate_series(1, 100) g;\n"
			  . ($concurrently ? "CREATE UNIQUE INDEX CONCURRENTLY t${version}_id ON t$version (id);\n" : '')
			  . ($more // '')
		]);
	return;
}

# until it answers
foreach my $try (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	last if (through_pooler('shop', 'SELECT 1'))[0] eq '1';
	die "no pooler: $log" if !$pooler->pumpable;
	select(undef, undef, undef, 0.1);
}

#
# Alone, in both modes
#
my $version = 0;
foreach my $pool (qw(shop statements))
{
	my $starts = runner_starts($node);

	next_migration(++$version, 1);
	my ($rows, $messages) = through_pooler($pool, 'SELECT version, state FROM migrate.apply()');
	is($rows, "$version|applied", "$pool: alone");
	like($messages, qr/^NOTICE:  00000: migration 1 of 1, "$version m$version": step 2 of 2, CREATE INDEX/m,
		"$pool: alone, its notices");
	is(runner_starts($node) - $starts, 1, "$pool: alone, by a runner");
}

#
# In a transaction block
#
my $refused = qr/^ERROR:  25001: CREATE INDEX of migration "3 m3" cannot run within the caller's transaction\nDETAIL:  .*\nHINT:  Run SELECT migrate\.apply\(\); alone, outside a transaction block\.$/m;

next_migration(3, 1);
like((through_pooler('shop', 'BEGIN', 'SELECT version FROM migrate.apply()'))[1],
	$refused, 'in a transaction block, with an index to be built concurrently: refused, with the hint');
like((through_pooler('shop', 'SELECT 1; SELECT version FROM migrate.apply()'))[1],
	$refused, 'two statements in one message: the same');
next_migration(3, 0);
is((through_pooler('shop', 'BEGIN', 'SELECT version FROM migrate.apply()', 'ROLLBACK'))[0], '3',
	'in a transaction block that is rolled back');
is((through_pooler('shop', 'BEGIN', 'SELECT version FROM migrate.apply()', 'COMMIT'))[0], '3',
	'in a transaction block that is committed');
is(states($node, 'shop'), '1 applied, 2 applied, 3 applied', 'in a transaction block: applied');
like((through_pooler('statements', 'BEGIN'))[1],
	qr/transaction blocks not allowed in statement pooling mode/, 'statement mode has no transaction blocks');

#
# The connection to the server is taken until the end of the call
#
my $gate = session($node, 'shop');
my $caller = session_through_pooler();
next_migration(4, 1, 'SELECT pg_advisory_xact_lock(1);');
$gate->query('SELECT pg_advisory_lock(1)');
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, 'shop', 'pg_advisory_xact_lock');
ok($caller->wait_for(qr/step 3 of 3/), 'notices arrive as they come');
my $other = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', "host=127.0.0.1 port=$pooler_port dbname=shop", '-c', 'SELECT state FROM migrate.status()' ],
	'<', \undef, '>', \my $seen, '2>', \my $error);
wait_for_pool('cl_waiting', 1);
pass('another client waits for a free connection');
$gate->query('SELECT pg_advisory_unlock(1)');
is($caller->finish, '4', 'the call ends');
$other->finish;
is($seen, "applied\n" x 4, 'and the other client gets its turn');

#
# What a session sets, the next client of its connection has, too
#
$caller->query("SET migrate.project = 'other'");
is((through_pooler('shop', 'SHOW migrate.project'))[0], 'other', 'a setting stays with the connection to the server');
$node->safe_psql('shop', "SELECT migrate.register('1', 'first', 'CREATE TABLE first (id int)', project => 'own')");
is((through_pooler('shop', "SELECT version FROM migrate.apply(project => 'own')"))[0], '1',
	'an argument is independent of it');
$caller->query('RESET migrate.project');

#
# Cancel, and a client that dies
#
next_migration(5, 1, 'SELECT pg_advisory_xact_lock(1);');
$gate->query('SELECT pg_advisory_lock(1)');
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, 'shop', 'pg_advisory_xact_lock');
$caller->{run}->signal('INT');
like(($caller->finish)[1], qr/^ERROR:  57014: /m, 'Ctrl-C: the error');
is(outcomes($node, 'shop', "version = '5'"), '5 apply cancelled 57014', 'Ctrl-C: the run is cancelled');

# psql has ended with it
$caller = session_through_pooler();
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, 'shop', 'pg_advisory_xact_lock');
$caller->kill_client;
wait_for_pool('cl_active', 0);
$gate->query('SELECT pg_advisory_unlock(1)');
wait_until($node, 'shop', "SELECT state = 'applied' FROM migrate.status() WHERE version = '5'");
pass('a client that dies: the run goes on to its end');
is_clean($node, 'shop', 'a client that dies');

# The pooler ends the connection to the server.
next_migration(6, 1, 'SELECT pg_advisory_xact_lock(1);');
$gate->query('SELECT pg_advisory_lock(1)');
through_pooler('pgbouncer', 'SET query_timeout = 1');
like((through_pooler('shop', 'SELECT version FROM migrate.apply()'))[1],
	qr/query[ _]timeout/, 'query_timeout of the pooler: the error');
wait_for_runner($node, 'shop', 'pg_advisory_xact_lock');
$gate->query('SELECT pg_advisory_unlock(1)');
wait_until($node, 'shop', "SELECT state = 'applied' FROM migrate.status() WHERE version = '6'");
pass('query_timeout of the pooler: the run goes on to its end');
through_pooler('pgbouncer', 'SET query_timeout = 0');
is_clean($node, 'shop', 'query_timeout of the pooler');

#
# Drivers that would use prepared statements, which this mode need not have:
# each twice, on the same connection to the server
#
foreach my $driver (grep { !$_->{prefix} } drivers())
{
	SKIP:
	{
		my $why_not = why_not($driver);

		skip $why_not, 2 if $why_not;
		foreach my $round (1, 2)
		{
			next_migration(++$version + 10, 1);
			like(
				run_driver(
					$driver,
					{
						PGHOST => '127.0.0.1',
						PGPORT => $pooler_port,
						PGDATABASE => 'shop',
						PGUSER => 'postgres'
					},
					'pooled'),
				qr/^row: @{[$version + 10]} applied$/m,
				"$driver->{name}, round $round");
		}
	}
}
is_sql($node, 'shop', "SELECT count(*) FROM migrate.status() WHERE state <> 'applied'", '0', 'everything is applied');
is_clean($node, 'shop', 'at the end');

$gate->quit;
$pooler->kill_kill(grace => 5);
$node->stop;
done_testing();
