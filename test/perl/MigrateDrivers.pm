# What the tests of drivers share: the programs of test/drivers, each of which
# calls migrate.apply() through one driver, and how to run them.
#
# A program is called with the name of a case and perhaps arguments, finds the
# server by PGHOST and the like, and prints at once what it gets:
#
#   notice: <message>
#   row: <version> <state>
#   error: <SQLSTATE> <message>
#   hint: <hint>
#   end

package MigrateDrivers;

use strict;
use warnings;

use Exporter 'import';
use File::Spec;
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(drivers why_not start_driver wait_for_output finish_driver
  run_driver);

my $folder = "$FindBin::RealBin/../drivers";
# programs that are built, modules, caches
my $temp = File::Spec->rel2abs(PostgreSQL::Test::Utils::tempdir());

# Runs a command, for its exit status.
sub works
{
	my (@command) = @_;
	my $output = '';

	# a program that is not there is no exception
	my $result =
	  eval { IPC::Run::run(\@command, '<', \undef, '>&', \$output, IPC::Run::timeout(120)); };

	note("@command: $output$@") if !$result;
	return $result;
}

# The same for a step that must work once its packages are there.
sub must_work
{
	my (@command) = @_;

	works(@command) or die "failed: @command";
	return;
}

# Debian's Python knows Debian's packages, whatever else is in the path.
sub python
{
	my ($file, $module, $package) = @_;

	foreach my $python ('/usr/bin/python3', 'python3')
	{
		return { command => [ $python, "$folder/$file" ] }
		  if works($python, '-c', "import $module");
	}
	return { why_not => "no Python module $module (package $package)" };
}

# The module of Debian, or else of npm.
sub node
{
	my $modules = "$temp/npm/node_modules";

	local $ENV{NODE_PATH} = "/usr/share/nodejs:$modules";
	return { why_not => 'no node (package nodejs)' } if !works('node', '--version');
	if (!works('node', '-e', 'require("pg")'))
	{
		# its cache and its configuration must be ours to write
		local $ENV{HOME} = $temp;

		works(
			'npm', 'install', '--prefix', "$temp/npm", '--no-audit',
			'--no-fund', '--no-update-notifier', '--fetch-retries=0', 'pg@8');
		return { why_not => 'no node module pg (package node-pg, or npm with a network)' }
		  if !works('node', '-e', 'require("pg")');
	}
	return {
		command => [ 'node', "$folder/node.js" ],
		env => { NODE_PATH => $ENV{NODE_PATH} }
	};
}

sub jdbc
{
	my $jar = '/usr/share/java/postgresql.jar';

	return { why_not => 'no JDBC driver (package libpostgresql-jdbc-java)' } if !-e $jar;
	return { why_not => 'no javac (package default-jdk-headless)' } if !works('javac', '-version');
	must_work('javac', '-cp', $jar, '-d', "$temp/java", "$folder/Jdbc.java");
	return { command => [ 'java', '-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', "$temp/java:$jar", 'Jdbc' ] };
}

sub libpq
{
	my $pg_config = $ENV{PG_CONFIG} // 'pg_config';

	chomp(my $include = `$pg_config --includedir`);
	chomp(my $lib = `$pg_config --libdir`);
	return { why_not => 'no libpq-fe.h (package libpq-dev)' } if !-e "$include/libpq-fe.h";
	must_work('gcc', '-Wall', '-Werror', "-I$include", '-o', "$temp/libpq", "$folder/libpq.c", "-L$lib", '-lpq');
	return { command => ["$temp/libpq"] };
}

sub dbi
{
	return { why_not => 'no Perl module DBD::Pg (package libdbd-pg-perl)' }
	  if !works($^X, '-MDBD::Pg', '-e', '1');
	return { command => [ $^X, "$folder/dbi.pl" ] };
}

sub php
{
	my ($extension) = @_;

	return { why_not => 'no php (package php-cli)' } if !works('php', '--version');
	return { why_not => "no $extension in PHP (package php-pgsql)" }
	  if !works('php', '-r', "exit(extension_loaded('$extension') ? 0 : 1);");
	return { command => [ 'php', "$folder/pgsql.php" ] };
}

sub ruby
{
	return { why_not => 'no Ruby module pg (package ruby-pg)' } if !works('ruby', '-e', 'require "pg"');
	return { command => [ 'ruby', "$folder/ruby.rb" ] };
}

# Debian's Go packages are sources below one folder.
sub go
{
	local %ENV = (
		%ENV,
		HOME => $temp,
		GOCACHE => "$temp/go",
		GOPATH => '/usr/share/gocode',
		GO111MODULE => 'off');

	return { why_not => 'no go (package golang-go)' } if !works('go', 'version');
	return { why_not => 'no lib/pq (package golang-github-lib-pq-dev)' }
	  if !works('go', 'list', 'github.com/lib/pq');
	must_work('go', 'build', '-o', "$temp/libpq-go", "$folder/libpq.go");
	return { command => ["$temp/libpq-go"] };
}

# The drivers.  late: its notices can be seen only after the end of the call.
my @drivers = (
	{ name => 'libpq', find => \&libpq },
	{ name => 'psycopg 3', find => sub { python('with_psycopg3.py', 'psycopg', 'python3-psycopg') } },
	{
		name => 'psycopg2',
		late => 1,
		find => sub { python('with_psycopg2.py', 'psycopg2', 'python3-psycopg2') }
	},
	{ name => 'asyncpg', find => sub { python('with_asyncpg.py', 'asyncpg', 'python3-asyncpg') } },
	{ name => 'node-postgres', find => \&node },
	{ name => 'JDBC', find => \&jdbc },
	{ name => 'DBI', find => \&dbi },
	{ name => 'PHP', late => 1, find => sub { php('pgsql') } },
	{ name => 'PDO', silent => 1, prefix => 'pdo_', find => sub { php('pdo_pgsql') } },
	{ name => 'Ruby', find => \&ruby },
	{ name => 'Go', find => \&go });

# Only those that DRIVERS names, if it is set.
sub drivers
{
	return @drivers if !$ENV{DRIVERS};
	return grep { my $name = $_->{name}; grep { $_ eq $name } split /,/, $ENV{DRIVERS} } @drivers;
}

# Why a driver cannot be tried here; undef if it can.
sub why_not
{
	my ($driver) = @_;

	$driver->{found} //= $driver->{find}->();
	return $driver->{found}->{why_not};
}

# Starts the program of a driver.
sub start_driver
{
	my ($driver, $env, $case, @arguments) = @_;
	my $program = { out => '', err => '' };

	local %ENV = (%ENV, %{ $driver->{found}->{env} // {} }, %$env);
	$case = ($driver->{prefix} // '') . $case;
	note("$driver->{name}: $case @arguments");
	$program->{run} = IPC::Run::start(
		[ @{ $driver->{found}->{command} }, $case, @arguments ],
		'<', \undef, '>', \$program->{out}, '2>', \$program->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $program;
}

# Waits until the output of a program matches; false if it ended before.
sub wait_for_output
{
	my ($program, $pattern) = @_;

	while ($program->{out} !~ $pattern)
	{
		return $program->{out} =~ $pattern if !$program->{run}->pumpable;
		$program->{run}->pump;
	}
	return 1;
}

# What the program printed, all of it.
sub finish_driver
{
	my ($program) = @_;

	$program->{run}->finish;
	note("$program->{out}$program->{err}");
	return $program->{out};
}

sub run_driver
{
	return finish_driver(start_driver(@_));
}

1;
