# Transcripts in documents: fenced blocks with prompts, commands and what these
# printed.  "psql" blocks are what a psql session shows, "console" blocks what a
# shell shows.

package MigrateDocument;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;

our @EXPORT = qw(mask transcripts commands psql_answers);

# Masks what differs from run to run, and with it the width of columns.
sub mask
{
	my ($text) = @_;

	$text =~ s/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+\d\d)?/<time>/g;
	$text =~ s/\d\d:\d\d:\d\d(\.\d+)?/<elapsed>/g;
	$text =~ s/\(\d+\.\d s\)/(<elapsed>)/g;
	$text =~ s/\bpid \d+/pid <pid>/gi;
	$text =~ s/\bfile \d+ to \d+/file <n> to <n>/g;
	# dry_run(): how long, in ms
	$text =~ s/": \d+\.\d+/": <ms>/g;
	$text =~ s/\b\d+\.\d ms\b/<ms> ms/g;
	$text =~ s/\b\d+(\.\d+)? s\b/<n> s/g;
	$text =~ s/\b1[5-8]\.\d++(?! ?m?s\b)( \([^)]*\))?/<version>/g;
	$text =~ s/-{2,}/--/g;
	$text =~ s/ +/ /g;
	$text =~ s/ +$//mg;
	$text =~ s/\n+\z/\n/;
	return $text;
}

# The transcripts of a document: [line, text, language].
sub transcripts
{
	my ($file, @languages) = @_;
	my ($known) = map { qr/^```($_)$/ } join '|', @languages ? @languages : 'psql';
	my (@found, $text, $line, $language);

	open(my $in, '<', $file) or die "could not open $file: $!";
	while (my $row = <$in>)
	{
		if (defined $text)
		{
			if ($row =~ /^```/)
			{
				push @found, [ $line, $text, $language ];
				undef $text;
				next;
			}
			$text .= $row;
		}
		elsif ($row =~ $known)
		{
			($line, $text, $language) = ($., '', $1);
		}
	}
	return @found;
}

# Is a command of the shell unfinished: does its last line end in a backslash,
# or is a quote open?
sub goes_on
{
	my ($command) = @_;

	return $command =~ /\\\z/ || ($command =~ tr/'//) % 2;
}

# Splits a transcript into [command, output] by its prompts: those of psql, or
# "$ " and, for what goes on, "> ".
sub commands
{
	my ($text, $language) = @_;
	my $console = ($language // '') eq 'console';
	my ($first, $next) = $console ? (qr/^\$ (.*)$/, qr/^> (.*)$/)
	  : (qr/^\w+=[#>] ?(.*)$/, qr/^\w+[-('"\$][#>] ?(.*)$/);
	my @found;

	foreach my $row (split /\n/, $text)
	{
		if ($row =~ $first)
		{
			push @found, [ $1, '' ];
		}
		elsif ($row =~ $next && (!$console || goes_on($found[-1][0])))
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

# What psql prints for each of the commands, in one session.  The script is
# kept in the file.
sub psql_answers
{
	my ($connstr, $file, @commands) = @_;
	my $got = '';

	# a marker ends each command's output
	open(my $out, '>', $file) or die "could not write $file: $!";
	print $out "\\set QUIET off\n", map { "$_\n\\echo <<end>>\n" } @commands;
	close $out;
	IPC::Run::run([ 'psql', '-X', '-d', $connstr, '-v', 'ON_ERROR_STOP=0', '-f', '-' ],
		'<', $file, '>&', \$got);
	# psql names the script and line before messages of the server
	return map { s/^psql:<stdin>:\d+: //mgr } split /<<end>>\n/, $got;
}

1;
