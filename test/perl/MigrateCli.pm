# What the tests of pg_migrate share: calling it, and files to call it with.

package MigrateCli;

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(use_database cli cli_is start_cli wait_for_output finish_cli
  write_file files);

# From now on pg_migrate finds this database, as psql would.
sub use_database
{
	my ($node, $database) = @_;

	$ENV{PGHOST} = $node->host;
	$ENV{PGPORT} = $node->port;
	$ENV{PGDATABASE} = $database;
	delete @ENV{qw(NO_COLOR PGAPPNAME)};
	return;
}

# A call: its exit status, standard output and standard error.
sub cli
{
	my (@arguments) = @_;
	my ($out, $err);

	IPC::Run::run([ 'pg_migrate', @arguments ],
		'<', \'', '>', \$out, '2>', \$err);
	my $status = $? >> 8;

	$status = 'signal ' . ($? & 127) if $? & 127;
	note("pg_migrate @arguments: $status\n$out$err");
	return ($status, $out, $err);
}

# One test: the exit status of a call, and patterns that its standard output
# and standard error match; no pattern: nothing is there.
sub cli_is
{
	my ($arguments, $status, $out, $err, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @got = cli(@$arguments);

	return subtest $name => sub {
		is($got[0], $status, 'exit status');
		like($got[1], $out // qr/\A\z/, 'standard output');
		like($got[2], $err // qr/\A\z/, 'standard error');
	};
}

# A call that goes on; with "tty", on a terminal.
sub start_cli
{
	my ($tty, @arguments) = @_;
	my $call = { in => '', out => '', err => '' };

	$call->{timer} =
	  IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	$call->{run} = IPC::Run::start(
		[ 'pg_migrate', @arguments ],
		$tty ? ('<pty<', \$call->{in}, '>pty>', \$call->{out}) :
		  ('<', \$call->{in}, '>', \$call->{out}, '2>', \$call->{err}),
		$call->{timer});
	return $call;
}

# Waits until what a call has written matches.
sub wait_for_output
{
	my ($call, $pattern) = @_;

	while ("$call->{out}$call->{err}" !~ $pattern)
	{
		eval { $call->{run}->pumpable && $call->{run}->pump }
		  or die "pg_migrate does not write $pattern: $call->{out}$call->{err}";
	}
	return;
}

# Waits for the end of a call; its exit status, and what it has written.
sub finish_cli
{
	my ($call) = @_;

	$call->{run}->finish;
	my $result = $call->{run}->full_result;
	my $status = $result & 127 ? 'signal ' . ($result & 127) : $result >> 8;

	note("$status: $call->{out}$call->{err}");
	return ($status, $call->{out}, $call->{err});
}

sub write_file
{
	my ($path, $text) = @_;

	make_path(dirname($path));
	open(my $out, '>:raw', $path) or die "could not write $path: $!";
	print $out $text;
	close($out) or die "could not write $path: $!";
	return;
}

# A new directory with these files: name => text.
sub files
{
	my (%texts) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();

	write_file("$dir/$_", $texts{$_}) foreach keys %texts;
	return $dir;
}

1;
