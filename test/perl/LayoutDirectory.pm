# What the tests of layouts share: the files of test/layouts, and loading them
# by both forms of load().

package LayoutDirectory;

use strict;
use warnings;

use Exporter 'import';
use File::Find ();
use FindBin;
use Test::More;

our @EXPORT = qw(layout_path layout_files load_directory load_files load_rows
  load_fails stored_script);

# A directory of test/layouts.
sub layout_path
{
	my ($name) = @_;

	return "$FindBin::RealBin/../layouts/$name";
}

# Its files: path => content.
sub layout_files
{
	my ($name) = @_;
	my $top = layout_path($name);
	my %files;

	File::Find::find(
		{
			no_chdir => 1,
			wanted => sub {
				return unless -f $_;
				open(my $in, '<:raw', $_) or die "could not open $_: $!";
				local $/;
				$files{ substr($_, length("$top/")) } = <$in> // '';
			}
		},
		$top);
	return %files;
}

sub literal
{
	my ($text) = @_;

	return 'NULL' unless defined $text;
	$text =~ s/'/''/g;
	return "'$text'";
}

# Arguments behind the files: layout, project, variables.
sub arguments
{
	my (%args) = @_;

	return join('', map { ", $_ => " . literal($args{$_}) } sort keys %args);
}

# What to call with: the columns of its rows that do not depend on the machine.
sub rows
{
	my ($call, $cut) = @_;

	return 'SELECT replace(path, ' . literal($cut) . ", ''), version, name, kind, result FROM $call";
}

# SELECT of load(directory).
sub load_directory
{
	my ($path, %args) = @_;

	return rows('migrate.load(' . literal($path) . arguments(%args) . ')', "$path/");
}

# SELECT of load(paths, contents).
sub load_files
{
	my ($files, %args) = @_;
	my @paths = sort keys %$files;

	return rows(
		'migrate.load(ARRAY['
		  . join(', ', map { literal($_) } @paths)
		  . ']::text[], ARRAY['
		  . join(', ', map { literal($files->{$_}) } @paths)
		  . ']::text[]'
		  . arguments(%args) . ')',
		'');
}

# One test: rows of a SELECT, in their order, and the notices that it raises.
sub load_rows
{
	my ($session, $select, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = $session->query($select);

	is($rows, join("\n", @$expected), $name) or diag($messages);
	return $messages;
}

# One test: loading these files fails so, and stores nothing.
sub load_fails
{
	my ($session, $files, $pattern, $name, %args) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = $session->query(load_files($files, project => 'fails', %args));

	like($messages, $pattern, $name);
	is($session->query("SELECT count(*) FROM migrate.migration WHERE project = 'fails'"),
		'0', "$name: nothing is stored");
	return;
}

# A stored script: up or down.
sub stored_script
{
	my ($session, $version, $column, $project) = @_;

	return scalar $session->query(
		"SELECT body FROM migrate.script JOIN migrate.migration m ON checksum = m.$column WHERE version = '$version' AND project = "
		  . literal($project // 'main'));
}

1;
