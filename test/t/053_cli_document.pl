# doc/pg_migrate.md tells the truth: its transcripts, its exit statuses; and
# help, man page and completion know the same commands and options.
#
# A transcript is a fenced block of the language "console": "$ " and a command,
# "> " and its further lines, and what it printed.  All of them run in one
# directory.  What differs from run to run is masked on both sides.

use strict;
use warnings FATAL => 'all';

use lib 'test/perl';
use Cwd qw(getcwd);
use MigrateCli;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

sub mask
{
	my ($text) = @_;

	$text =~ s/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+\d\d/<time>/g;
	$text =~ s/\b2\d{13}\b/<version>/g;
	$text =~ s/\b2\d{13}_/<version>_/g;
	$text =~ s/\b\d+(\.\d+)? m?s\b/<elapsed>/g;
	$text =~ s/\(\d+ [kM]?B\)/(<size>)/g;
	$text =~ s/ +/ /g;
	return $text;
}

my $checkout = getcwd();
my $document = slurp_file('doc/pg_migrate.md');
my $node = new_server('cli_document', conf => "migrate.lock_timeout = '2s'\nmigrate.lint = warn\n");
$node->safe_psql('postgres', 'CREATE DATABASE shop');
use_database($node, 'shop');
$ENV{PGTZ} = 'UTC';
chdir(PostgreSQL::Test::Utils::tempdir()) or die $!;

while ($document =~ /^```console\n(.*?)^```$/msg)
{
	my @commands;

	foreach my $line (split /^/, $1)
	{
		if ($line =~ /^\$ (.*)/s) { push @commands, [ $1, '' ]; }
		elsif ($line =~ /^> ?(.*)/s) { $commands[-1][0] .= $1; }
		else { $commands[-1][1] .= $line; }
	}
	foreach my $command (@commands)
	{
		my ($text, $expected) = @$command;
		my $got;

		# both streams in their order; versions of the text are of another day
		$text =~ s/\b20260102120000/29990102120000/g;
		IPC::Run::run([ 'bash', '-c', $text ], '<', \'', '>&', \$got);
		is(mask($got), mask($expected), $text =~ s/\n.*//sr);
	}
}

#
# What exists is documented everywhere
#

chdir($checkout) or die $!;
{
	my ($status, $help) = cli('--help');
	my $man = slurp_file('doc/pg_migrate.1');
	my $completion = slurp_file('src/cli/pg_migrate.bash-completion');
	my ($commands) = $help =~ /^Commands:\n(.*?)\n\n/ms;

	foreach my $command ($commands =~ /^  ([\w-]+)/mg)
	{
		my (undef, $text) = cli($command, '--help');

		like($man, qr/^\.It Cm $command\b/m, "$command is in the man page");
		like($completion, qr/commands='[^']*\b$command\b/, "$command is completed");
		foreach my $option ($text =~ /^ +--([a-z-]+)/mg)
		{
			like($man, qr/^\.It Fl -$option\b/m, "$command --$option is in the man page");
			like($completion, qr/^\t+[^\n]*\b$command\b[^\n]*\) word='[^']*--$option\b/m, "$command --$option is completed");
		}
	}
	foreach my $option ($help =~ /--([a-z-]+)\b(?=[= ])/g)
	{
		next if $option eq 'exit-code';
		like($man, qr/^\.It .*Fl -$option\b/m, "--$option is in the man page");
		like($completion, qr/common='[^']*--$option\b/, "--$option is completed");
	}
	my %told = $document =~ /^\| (\d) \| (.*?) \|$/mg;
	foreach my $number (0 .. 6)
	{
		ok($told{$number}, "status $number is in the document");
		like($man, qr/^\.It $number$/m, "and in the man page");
	}
	my @completed = split /\n/, `bash -c '. src/cli/pg_migrate.bash-completion; COMP_WORDS=(pg_migrate --json resolve 001 r) COMP_CWORD=4; _pg_migrate; printf "%s\\n" "\${COMPREPLY[@]}"'`;
	is("@completed", 'rolled_back', 'an outcome is completed');
}

$node->stop;
done_testing();
