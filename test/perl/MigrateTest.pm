# What the TAP tests share: a server, databases with the extension, sessions
# that stay open, and waiting for what a runner does.

package MigrateTest;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PGUSER} = 'postgres';

our @EXPORT = qw(new_server new_database register session wait_until
  wait_for_runner wait_until_idle crash pgbench is_sql runner_starts is_clean
  outcomes states);

# A running server.  Asks for log_min_messages = debug1, which logs the start
# of each background worker.
sub new_server
{
	my ($name, %params) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	# its superuser is postgres, whatever the system's user is called
	$node->init(extra => [ '-U', 'postgres', '-E', 'UTF8', '--locale=C' ], %{ $params{init} // {} });
	$node->append_conf('postgresql.conf', <<'CONF');
max_worker_processes = 16
log_min_messages = debug1
autovacuum = off
# a run that a test holds up waits there until it is let go
migrate.lock_timeout = 0
# what is found in scripts is for the tests of lint
migrate.lint = off
CONF
	$node->append_conf('postgresql.conf', $params{conf}) if $params{conf};
	$node->start;
	return $node;
}

# A database with the extension.
sub new_database
{
	my ($node, $database, $options) = @_;

	$node->safe_psql('postgres',
		"CREATE DATABASE $database " . ($options // ''));
	$node->safe_psql($database, 'CREATE EXTENSION migrate');
	return;
}

# Stores migrations: [version, name, up, down].
sub register
{
	my ($node, $database, @migrations) = @_;
	my $sql = '';

	foreach my $m (@migrations)
	{
		my ($version, $name, $up, $down) = @$m;

		$sql .= sprintf(
			"SELECT migrate.register(%s, '%s', \$mig\$%s\$mig\$, %s);\n",
			defined $version ? "'$version'" : 'NULL',
			$name, $up, defined $down ? "\$mig\$$down\$mig\$" : 'NULL');
	}
	$node->safe_psql($database, $sql);
	return;
}

# A session that stays open; see MigrateTest::Session below.
sub session
{
	return MigrateTest::Session->new(@_);
}

# Waits until a query returns t.
sub wait_until
{
	my ($node, $database, $query) = @_;

	$node->poll_query_until($database, $query)
	  or die "timed out waiting until: $query";
	return;
}

# Waits until a runner of the database waits for a heavyweight lock in a
# statement that is like $query; returns its pid.
sub wait_for_runner
{
	my ($node, $database, $query) = @_;
	my $from = "FROM pg_stat_activity WHERE backend_type = 'migrate runner'"
	  . " AND datname = current_database() AND wait_event_type = 'Lock'"
	  . " AND query LIKE '%$query%'";

	wait_until($node, $database, "SELECT count(*) = 1 $from");
	return $node->safe_psql($database, "SELECT pid $from");
}

# Waits until no runner is left in the whole server.
sub wait_until_idle
{
	my ($node) = @_;

	wait_until($node, 'postgres',
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'migrate runner'"
	);
	return;
}

# Kills one process of the server as a crash would.  The postmaster then ends
# all others and starts anew; waits for that.
sub crash
{
	my ($node, $pid) = @_;
	my $seen = () = slurp_file($node->logfile) =~ /database system is ready to accept connections/g;

	kill 'KILL', $pid or die "could not kill $pid: $!";
	foreach my $try (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my $now = () = slurp_file($node->logfile) =~ /database system is ready to accept connections/g;

		return if $now > $seen;
		select(undef, undef, undef, 0.1);
	}
	die 'the server did not start again';
}

# Runs pgbench with this script, once unless the options say otherwise;
# returns its exit status, its output and its messages.
sub pgbench
{
	my ($node, $database, $script, @options) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
	my ($out, $err);

	append_to_file($file, $script);
	@options = ('-t', '1', @options) unless grep { $_ eq '-T' } @options;
	IPC::Run::run(
		[
			'pgbench', '-n', @options, '-f', $file, '-h', $node->host, '-p',
			$node->port, $database
		],
		'<', \'', '>', \$out, '2>', \$err);
	note("pgbench: $out$err");
	return ($? >> 8, $out, $err);
}

# One test: what a query returns.
sub is_sql
{
	my ($node, $database, $query, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is($node->safe_psql($database, $query), $expected, $name);
}

# How many runners the server has started so far.
sub runner_starts
{
	my ($node) = @_;
	my @found = slurp_file($node->logfile) =~
	  /starting background worker process "migrate runner"/g;

	return scalar @found;
}

# One test: a run left nothing behind but what it recorded.
sub is_clean
{
	my ($node, $database, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	wait_until_idle($node);
	return is_sql(
		$node, $database, <<'SQL', "runners:0\nlocks:0\ninvalid:0\nrunning:0", "$name: nothing is left behind");
SELECT 'runners:' || count(*) FROM pg_stat_activity WHERE backend_type = 'migrate runner';
SELECT 'locks:' || count(*) FROM pg_locks WHERE classid = 'pg_extension'::regclass;
SELECT 'invalid:' || count(*) FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive);
SELECT 'running:' || count(*) FROM migrate.run WHERE state = 'running';
SQL
}

# The history as "version action outcome[ sqlstate]" lines.
sub outcomes
{
	my ($node, $database, $where) = @_;

	return $node->safe_psql($database,
		"SELECT concat_ws(' ', coalesce(version, name), action, outcome, error_sqlstate)"
		  . " FROM migrate.history WHERE "
		  . ($where // 'true')
		  . " ORDER BY id");
}

# The states as one line.
sub states
{
	my ($node, $database) = @_;

	return $node->safe_psql($database,
		"SELECT string_agg(coalesce(version, name) || ' ' || state, ', ' ORDER BY n)"
		  . " FROM migrate.status() WITH ORDINALITY AS s (a, version, name, b, state, c, d, e, f, g, h, i, n)"
	);
}

# A psql that is fed statement by statement.  Unlike BackgroundPsql it is the
# same on all versions, keeps notices and errors, and can be waited for while
# a statement runs.
package MigrateTest::Session;

use Test::More;

sub new
{
	my ($class, $node, $database, %params) = @_;
	my $self = bless { in => '', out => '', err => '', count => 0 }, $class;
	my $connstr = $params{connstr} // $node->connstr($database);

	local %ENV = (%ENV, %{ $params{env} // {} });
	$self->{timeout} =
	  IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	$self->{run} = IPC::Run::start(
		[
			'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-v',
			'ON_ERROR_STOP=0', '-d', $connstr
		],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err},
		$self->{timeout});
	$self->{pid} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

sub pid { return $_[0]->{pid}; }

# Sends statements without waiting for their end.
sub start
{
	my ($self, $sql) = @_;
	my $n = ++$self->{count};

	$self->{out} = '';
	$self->{err} = '';
	$self->{in} .= "$sql\n;\n\\echo end_$n\n\\warn end_$n\n";
	# not pump, which can wait for output when all is written
	while (length $self->{in})
	{
		$self->{run}->pump_nb;
	}
	return $self;
}

sub pump_until
{
	my ($self, $done) = @_;

	until ($done->())
	{
		# false, or an error, when psql has ended
		my $alive = eval { $self->{run}->pumpable && $self->{run}->pump; };

		die "timed out: $self->{out}$self->{err}"
		  if $self->{timeout}->is_expired;
		return $done->() if !$alive && !$self->{run}->pumpable;
	}
	return 1;
}

# Waits until the notices or errors so far match; false if psql ended.
sub wait_for
{
	my ($self, $pattern) = @_;

	return $self->pump_until(sub { $self->{err} =~ $pattern });
}

# Waits for the end of what was started: its output, and its notices and
# errors.  psql may end on the way.
sub finish
{
	my ($self) = @_;
	my $n = $self->{count};

	$self->pump_until(
		sub { $self->{out} =~ /^end_$n\n/m && $self->{err} =~ /^end_$n\n/m });
	$self->{$_} =~ s/^end_$n\n//m foreach qw(out err);
	# where in the server's source it was raised is no business of ours
	$self->{err} =~ s/^LOCATION: .*\n//mg;
	chomp(my $out = $self->{out});
	note("session: $out\n$self->{err}");
	return wantarray ? ($out, $self->{err}) : $out;
}

sub query
{
	my ($self, $sql) = @_;

	$self->start($sql);
	return $self->finish;
}

# Ends the session.
sub quit
{
	my ($self) = @_;

	$self->{in} .= "\\q\n";
	eval { $self->{run}->finish; };
	return;
}

# Kills the client, as a crash of its machine would.
sub kill_client
{
	my ($self) = @_;

	$self->{run}->kill_kill(grace => 0);
	return;
}

1;
