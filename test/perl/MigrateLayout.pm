# What the tests of layouts share: the directories of test/layouts, loading
# them in both ways, and what was stored.

package MigrateLayout;

use strict;
use warnings;

use Cwd;
use Exporter 'import';
use File::Basename;
use File::Find;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(layout_files load_rows loads load_fails stored script_is checksums_are runs);

my $root = Cwd::abs_path(dirname(__FILE__) . '/../layouts');

# The files of a layout's directory; path => content.
sub layout_files
{
	my ($layout) = @_;
	my $directory = "$root/$layout";
	my %files;

	find({ no_chdir => 1, wanted => sub { $files{ substr($_, length("$directory/")) } = slurp_file($_) if -f } },
		$directory);
	return %files;
}

# A literal that no content can end.
sub quoted
{
	my ($text) = @_;

	return 'NULL' unless defined $text;
	$text =~ s/'/''/g;
	$text =~ s/\\/\\\\/g;
	$text =~ s/\r/\\r/g;
	return "E'$text'";
}

# Loads files that are sent; the rows, and the messages.
sub load_rows
{
	my ($session, $files, $arguments) = @_;
	my @paths = sort keys %$files;

	return $session->query('SELECT path, version, name, kind, result FROM migrate.load(ARRAY['
		  . join(', ', map { quoted($_) } @paths)
		  . ']::text[], ARRAY['
		  . join(', ', map { quoted($files->{$_}) } @paths)
		  . "]::text[], $arguments)");
}

# Three tests: a layout's directory is loaded as expected, from the server and
# as files that are sent, and a second time without any change.
sub loads
{
	my ($session, $layout, $expected, $arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $directory = "$root/$layout";
	my %files = layout_files($layout);
	my $load = "SELECT replace(path, '$directory/', ''), version, name, kind, result FROM migrate.load('$directory', '$layout'"
	  . ", project => '$layout'$arguments)";
	my $again = $expected =~ s/\|new$/|unchanged/gmr;

	# files come in the order in which they are sent
	is(scalar $session->query($load), $expected, "$layout: a directory");
	is(scalar $session->query($load), $again, "$layout: the directory again");
	is(scalar load_rows($session, \%files, "'$layout', project => '$layout sent'$arguments"),
		$expected, "$layout: files that are sent");
	return;
}

# One test: loading these files fails so.
sub load_fails
{
	my ($session, $layout, $files, $patterns, $name, $arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = load_rows($session, $files, "'$layout', project => 'fails'" . ($arguments // ''));
	my @missing = grep { $messages !~ $_ } @$patterns;

	return ok(!@missing && $messages =~ /^HINT:/m, "$layout: $name")
	  || diag("missing: @missing\n$messages");
}

# What was stored of a project: identity, where the scripts begin, and which
# of them are without a transaction.
sub stored
{
	my ($session, $project) = @_;

	return scalar $session->query(<<"SQL");
SELECT concat_ws(' ', version, identity, 'up', up_line, CASE WHEN up_no_transaction THEN 'bare' END,
                 CASE WHEN down IS NOT NULL THEN concat_ws(' ', 'down', down_line, CASE WHEN down_no_transaction THEN 'bare' END) END)
FROM migrate.migration WHERE project = '$project' AND layout = regexp_replace('$project', ' .*', '') ORDER BY sort_key
SQL
}

# One test: the stored text of a script, 'up' or 'down'.
sub script_is
{
	my ($session, $project, $identity, $direction, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $text = $session->query("SELECT body FROM migrate.migration m JOIN migrate.script s ON s.checksum = m.$direction"
		  . " WHERE project = '$project' AND identity = '$identity'");

	return is($text, $expected, "$project: $name");
}

# One test: all checksums of a migration.
sub checksums_are
{
	my ($session, $project, $identity, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is(
		scalar $session->query("SELECT array_to_string(checksums, ' ') FROM migrate.migration"
			  . " WHERE project = '$project' AND identity = '$identity'"),
		$expected, "$project: $name");
}

# Three tests: the scripts run and, as far as they have a way back, are undone.
sub runs
{
	my ($session, $layout, $applied, $back, $left) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$session->query("CREATE SCHEMA \"$layout\"; SET search_path = \"$layout\"");
	is(scalar $session->query("SELECT version, state FROM migrate.apply(project => '$layout')"),
		join("\n", map { "$_|applied" } @$applied), "$layout: apply()");
	is(scalar $session->query("SELECT version FROM migrate.rollback($back, project => '$layout')"),
		join("\n", (reverse @$applied)[ 0 .. $back - 1 ]), "$layout: rollback()");
	is(scalar $session->query("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = '\"$layout\"'::regnamespace"),
		$left, "$layout: what is left");
	$session->query('RESET search_path');
	return;
}

1;
