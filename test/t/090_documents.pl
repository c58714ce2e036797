
# Every transcript in the documents is what a server answers.
#
# A transcript is a fenced block of the language "psql": prompts, commands and
# what psql printed.  The blocks of one document run in one session of a fresh
# database, in their order.  Times, durations and process numbers are masked
# on both sides, and with them the width of columns.
#

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @documents = ('README.md', glob('doc/*.md'), 'examples/shop/README.md');

# Masks what differs from run to run.
sub mask
{
	my ($text) = @_;

	$text =~ s/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+\d\d/<time>/g;
	$text =~ s/\d\d:\d\d:\d\d(\.\d+)?/<elapsed>/g;
	$text =~ s/\(\d+\.\d s\)/(<elapsed>)/g;
	$text =~ s/\bpid \d+/pid <pid>/gi;
	$text =~ s/\b\d+(\.\d+)? s\b/<n> s/g;
	$text =~ s/\b1[5-8]\.\d+( \([^)]*\))?/<version>/g;
	$text =~ s/-{2,}/--/g;
	$text =~ s/ +/ /g;
	$text =~ s/ +$//mg;
	$text =~ s/\n+\z/\n/;
	return $text;
}

# The transcripts of a document: [line, text].
sub transcripts
{
	my ($file) = @_;
	my (@found, $text, $line);

	open(my $in, '<', $file) or die "could not open $file: $!";
	while (my $row = <$in>)
	{
		if (defined $text)
		{
			if ($row =~ /^```/)
			{
				push @found, [ $line, $text ];
				undef $text;
				next;
			}
			$text .= $row;
		}
		elsif ($row =~ /^```psql$/)
		{
			($line, $text) = ($., '');
		}
	}
	return @found;
}

# Splits a transcript into [command, output] by its prompts.
sub commands
{
	my ($text) = @_;
	my @found;

	foreach my $row (split /\n/, $text)
	{
		if ($row =~ /^\w+=[#>] ?(.*)$/)
		{
			push @found, [ $1, '' ];
		}
		elsif ($row =~ /^\w+[-('"\$][#>] ?(.*)$/)
		{
			$found[-1][0] .= "\n$1";
		}
		else
		{
			$found[-1][1] .= "$row\n";
		}
	}
	return @found;
}

my $node = PostgreSQL::Test::Cluster->new('documents');
$ENV{PGUSER} = 'postgres';
$node->init(extra => [ '-U', 'postgres', '-E', 'UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'\ndatestyle = 'ISO, MDY'");
$node->start;

foreach my $document (@documents)
{
	my @transcripts = transcripts($document);
	next if !@transcripts;

	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS shop',);
	$node->safe_psql('postgres', 'CREATE DATABASE shop');

	# one session for the whole document; a marker ends each command's output
	my ($script, @expected) = ("\\set QUIET off\n");
	foreach my $transcript (@transcripts)
	{
		my ($line, $text) = @$transcript;
		foreach my $command (commands($text))
		{
			push @expected, [ "$document, line $line: $command->[0]", $command->[1] ];
			$script .= "$command->[0]\n\\echo <<end>>\n";
		}
	}
	my $file = "$PostgreSQL::Test::Utils::tmp_check/document.sql";
	open(my $out, '>', $file) or die $!;
	print $out $script;
	close $out;
	my $got = '';
	IPC::Run::run(
		[
			'psql', '-X', '-d', $node->connstr('shop'),
			'-v', 'ON_ERROR_STOP=0', '-f', '-'
		],
		'<', $file, '>&', \$got);
	my @got = split /<<end>>\n/, $got;
	foreach my $i (0 .. $#expected)
	{
		my ($name, $text) = @{ $expected[$i] };
		my $answer = $got[$i] // '';
		# psql names the script and line before messages of the server
		$answer =~ s/^psql:<stdin>:\d+: //mg;
		is(mask($answer), mask($text), $name);
	}
}

$node->stop;
done_testing();
