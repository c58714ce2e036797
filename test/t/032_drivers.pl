# Each driver calls migrate.apply() as doc/drivers.md says: alone, with
# parameters, in a transaction, and in the driver's special ways.
#
# DRIVERS='JDBC,PHP' tries only those.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateDrivers;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# JDBC knows no Unix sockets
my $node = new_server('drivers',
	conf => "listen_addresses = '127.0.0.1'",
	# of an SQL_ASCII database, psycopg 3 returns text as bytes
	init => { extra => [ '-U', 'postgres', '--encoding=UTF8', '--no-locale' ] });
my $newest;

# A migration with an index that is built concurrently.
sub with_index
{
	my ($version, $name) = @_;

	return [
		$version,
		$name,
		"CREATE TABLE $name AS SELECT g AS id FROM generate_series(1, 100) g;\n"
		  . "CREATE UNIQUE INDEX CONCURRENTLY ${name}_id ON $name (id);\n"
		  . "ALTER TABLE $name ADD CHECK (id > 0);"
	];
}

new_database($node, 'origin');
register(
	$node, 'origin',
	with_index(1, 'orders'),
	[ 2, 'gate', "SELECT pg_advisory_xact_lock(1);\nCREATE TABLE gate (id int)" ]);

my %environment = (PGHOST => '127.0.0.1', PGPORT => $node->port, PGUSER => 'postgres');

# A driver's own ways of calling; each becomes one more migration.  [case, where
# it runs or how it is refused, settings of the environment]
my %ways = (
	'libpq' => [
		[ 'pipeline_first', 'runner' ],
		[ 'pipeline_second', 'inside a pipeline, after another statement' ],
		[ 'pipeline_failure', 'runner' ],
	],
	'psycopg 3' => [
		[ 'pipeline_first', 'runner' ],
		[ 'pipeline_second', 'inside a pipeline, after another statement' ],
		[ 'block', 'inside a transaction block' ],
		[ 'cursor', 'called by a cursor' ],
		[ 'pooled', 'runner' ],
	],
	'psycopg2' => [ [ 'block', 'inside a transaction block' ] ],
	'asyncpg' => [ [ 'one_row', 'runner' ], [ 'pooled', 'runner' ] ],
	'node-postgres' => [ [ 'named', 'runner' ], [ 'pool', 'runner' ] ],
	'JDBC' => [
		[ 'apply', 'runner', { JDBC_OPTIONS => 'preferQueryMode=simple' } ],
		[ 'target', 'runner', { JDBC_OPTIONS => 'preferQueryMode=simple' } ],
		[ 'apply', 'runner', { JDBC_OPTIONS => 'preferQueryMode=extendedForPrepared' } ],
		[ 'apply', 'runner', { JDBC_OPTIONS => 'preferQueryMode=extendedCacheEverything' } ],
		[ 'target', 'runner', { JDBC_OPTIONS => 'prepareThreshold=1' } ],
		[ 'target', 'runner', { JDBC_OPTIONS => 'prepareThreshold=-1' } ],
		[ 'transaction', 'inside a transaction block', { JDBC_OPTIONS => 'autosave=always' } ],
		[ 'fetchSize', 'runner' ],
		[ 'maxRows', 'runner' ],
		[ 'pooled', 'runner' ],
	]);

# One test: the program was refused, as a run in this place cannot be.
sub is_refused
{
	my ($database, $label, $output, $migration) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is(
		$output, <<"TEXT", "$label: refused, with the hint");
error: 25001 CREATE INDEX of migration "$migration" cannot run within the caller's transaction
hint: Run SELECT migrate.apply(); alone, outside a transaction block.
end
TEXT
}

sub try_driver
{
	my ($driver, $database) = @_;
	my %env = (%environment, PGDATABASE => $database);
	my $gate = session($node, $database);
	my $starts = runner_starts($node);

	# autocommit off, while an index waits to be built concurrently
	is_refused($database, 'in a transaction', run_driver($driver, \%env, 'transaction'), '1 orders');
	is(states($node, $database), '1 pending, 2 pending', 'in a transaction: nothing ran');

	# alone: the run is held up in the second migration
	$gate->query('SELECT pg_advisory_lock(1)');
	my $program = start_driver($driver, \%env, 'apply');
	wait_for_runner($node, $database, 'pg_advisory_xact_lock');
	if ($driver->{late} || $driver->{silent})
	{
		is($program->{out}, '', 'alone: no notice before the end');
	}
	else
	{
		ok(wait_for_output($program, qr/^notice: migration 1 of 2, "1 orders": step 3 of 3/m),
			'alone: notices arrive as they come');
		unlike($program->{out}, qr/^(row|error)/m, 'alone: before the rows');
	}
	$gate->query('SELECT pg_advisory_unlock(1)');
	my $notices = $driver->{silent} ? '' : <<'TEXT';
notice: migration 1 of 2, "1 orders": step 1 of 3, CREATE TABLE AS
notice: migration 1 of 2, "1 orders": step 2 of 3, CREATE INDEX
notice: migration 1 of 2, "1 orders": step 3 of 3, ALTER TABLE
notice: migration 2 of 2, "2 gate"
TEXT
	(my $output = finish_driver($program)) =~ s/ \(\d+\.\d s\)$//mg;
	is($output, "${notices}row: 1 applied\nrow: 2 applied\nend\n", 'alone: notices and rows');
	is_sql($node, $database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_id'::regclass",
		't', 'alone: the index was built');
	is(runner_starts($node) - $starts, 1, 'alone: by a runner');

	# with parameters, the statement used again
	register($node, $database, with_index(3, 'third'), with_index(4, 'fourth'));
	is(run_driver($driver, \%env, 'target', 3, 4), "row: 3 applied\nrow: 4 applied\nend\n", 'with parameters: rows');
	is(runner_starts($node) - $starts, 3, 'with parameters: by runners');

	# autocommit off: a part of the transaction, first rolled back, then committed
	register($node, $database, [ 5, 'fifth', 'CREATE TABLE fifth (id int)' ]);
	is(run_driver($driver, \%env, 'transaction'),
		"row: 5 applied\nrow: 5 applied\nend\n", 'in a transaction: undone by rollback, done again');
	is_sql($node, $database, "SELECT to_regclass('fifth')", 'fifth', 'in a transaction: there after commit');
	is(runner_starts($node) - $starts, 3, 'in a transaction: without a runner');

	# an error comes with its hint
	register($node, $database, [ 6, 'sixth', 'SELECT 1 / 0' ]);
	like(
		run_driver($driver, \%env, 'apply'),
		qr{^error: (22012|-) division by zero\nhint: Nothing of the migration is kept\.  Correct the script, store it again and run SELECT migrate\.apply\(\);\nend$}m,
		'a failure: SQLSTATE, message and hint');
	$newest = 6;

	foreach my $way (@{ $ways{ $driver->{name} } // [] })
	{
		my ($case, $where, $more) = @$way;
		my $label = join ' ', $case, values %{ $more // {} };
		my $migration = with_index($newest, "m$newest");

		$starts = runner_starts($node);
		register($node, $database, $migration);
		$output = run_driver(
			$driver,
			{ %env, %{ $more // {} } },
			$case, $case =~ /^(target|named)$/ ? ($newest) x 8 : ());
		if ($where ne 'runner')
		{
			like($output,
				qr/^error: 25001 CREATE INDEX of migration "$newest m$newest" cannot run within the caller's transaction\nhint: Run SELECT migrate\.apply\(\); alone, outside a transaction block\.$/m,
				"$label: refused, with the hint");
			like($node->safe_psql($database, "SELECT state FROM migrate.status() WHERE version = '$newest'"),
				qr/^(pending|failed)$/, "$label: nothing ran");
			# what is stored again with another name next time
			$node->safe_psql($database, "SELECT migrate.unregister('$newest')");
			next;
		}
		is(() = $output =~ /^row: $newest applied$/mg, 1, "$label: one row");
		is(runner_starts($node) - $starts, 1, "$label: by one runner");
		$newest++;
	}

	$gate->quit;
	is_clean($node, $database, 'at the end');
	return;
}

foreach my $driver (drivers())
{
	(my $database = lc $driver->{name}) =~ s/\W/_/g;

	subtest $driver->{name} => sub
	{
		my $why_not = why_not($driver);

		plan skip_all => $why_not if $why_not;
		$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE origin");
		try_driver($driver, $database);
	};
}

# The document shows what the programs run: each of its blocks is a part of the
# file that was named last before it, and the code in its tables of any.
sub stripped
{
	my ($text) = @_;

	$text =~ s/^[ \t]+//mg;
	return $text;
}

subtest 'doc/drivers.md' => sub
{
	my $document = "$FindBin::RealBin/../../doc/drivers.md";
	my ($file, $block, %shown);
	my $programs = join '', map { slurp_file($_) } glob "$FindBin::RealBin/../drivers/*";

	foreach my $line (split /^/, slurp_file($document))
	{
		if ($line =~ /^```/ && defined $block)
		{
			my $known = defined $file ? stripped(slurp_file("$FindBin::RealBin/../../$file")) : '';

			ok(index($known, stripped($block)) >= 0, 'in ' . ($file // 'no file') . ': ' . (split /\n/, $block)[-1]);
			$shown{ $file // '' } = 1;
			undef $block;
		}
		elsif (defined $block)
		{
			$block .= $line;
		}
		elsif ($line =~ /^```/)
		{
			$block = '';
		}
		elsif ($line =~ /^\|/)
		{
			foreach my $code ($line =~ /`([^`]+)`/g)
			{
				ok(index($programs, $code) >= 0, "in a program: $code");
			}
		}
		elsif ($line =~ m{\]\(\.\./(test/[\w/]+\.\w+)\)})
		{
			$file = $1;
		}
	}
	foreach my $program (glob "$FindBin::RealBin/../drivers/*")
	{
		my ($name) = $program =~ m{([^/]+)$};

		ok($shown{"test/drivers/$name"}, "$name is shown");
	}
};

$node->stop;
done_testing();
