# What the tests of layouts share: the directories of test/layouts, the calls
# that load them or files that are sent, and what was stored.
#
# Files are { path => content } or, in the order in which they are sent,
# [ path => content, ... ]; a string is the path of a directory.  Arguments of
# load() behind them are names and values, or one string of SQL.

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

our @EXPORT = qw(fresh_database layout_path layout_files load_call load_select
  load_rows load_sent load_is loads loads_many load_fails stored stored_columns
  stored_script script_is checksums_are runs);

my $root = Cwd::abs_path(dirname(__FILE__) . '/../layouts');
my $databases = 0;

# A new database for what follows, and a session in it in place of another.
sub fresh_database
{
	my ($node, $session) = @_;
	my $database = 'db' . ++$databases;

	$session->quit if $session;
	new_database($node, $database);
	return ($database, session($node, $database));
}

# A directory of test/layouts.
sub layout_path
{
	my ($name) = @_;

	return "$root/$name";
}

# Its files; path => content.
sub layout_files
{
	my ($name) = @_;
	my $directory = layout_path($name);
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

# The call of load().
sub load_call
{
	my ($files, @arguments) = @_;
	my @sent;

	if (@arguments > 1)
	{
		my %named = @arguments;

		@arguments = map { "$_ => " . quoted($named{$_}) } grep { defined $named{$_} } sort keys %named;
	}
	return 'migrate.load(' . join(', ', quoted($files), @arguments) . ')' unless ref $files;
	@sent = ref $files eq 'ARRAY' ? @$files : map { ($_, $files->{$_}) } sort keys %$files;
	return 'migrate.load('
	  . join(', ',
		(map { 'ARRAY[' . join(', ', @$_) . ']::text[]' }
			  [ map { quoted($sent[ 2 * $_ ]) } 0 .. $#sent / 2 ], [ map { quoted($sent[ 2 * $_ + 1 ]) } 0 .. $#sent / 2 ]),
		@arguments)
	  . ')';
}

# Its rows, without what depends on the machine.
sub load_select
{
	my ($files) = @_;
	my $path = ref $files ? 'path' : 'replace(path, ' . quoted("$files/") . ", '')";

	return "SELECT $path, version, name, kind, result FROM " . load_call(@_);
}

# The same, run; with the messages.
sub load_rows
{
	my ($session, @call) = @_;

	return $session->query(load_select(@call));
}

# What becomes of files of a layout that are migrations.
sub load_sent
{
	my ($session, $layout, $variables, @files) = @_;

	return scalar $session->query(load_select(\@files, layout => $layout, variables => $variables || undef)
		  . " WHERE result <> 'ignored'");
}

# One test: rows of load_select(), in their order; returns the messages.
sub load_is
{
	my ($session, $select, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = $session->query($select);

	is($rows, join("\n", @$expected), $name) or diag($messages);
	return $messages;
}

# One test: a call of load() takes 5,000 files; prints how long that took.
sub loads_many
{
	my ($session, $name, $call) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($count, $ms) = split /\|/,
	  $session->query("SELECT count(*), (extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::int FROM $call");

	is($count, '5000', "$name: 5,000 files");
	note("figure: $name: 5,000 files in $ms ms");
	return;
}

# Three tests: a layout's directory is loaded as expected, from the server and
# as files that are sent, and a second time without any change.
sub loads
{
	my ($session, $layout, $expected, $arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %files = layout_files($layout);
	my $load = load_select(layout_path($layout), "'$layout', project => '$layout'$arguments");
	my $again = $expected =~ s/\|new$/|unchanged/gmr;

	# files come in the order in which they are sent
	is(scalar $session->query($load), $expected, "$layout: a directory");
	is(scalar $session->query($load), $again, "$layout: the directory again");
	is(scalar load_rows($session, \%files, "'$layout', project => '$layout sent'$arguments"),
		$expected, "$layout: files that are sent");
	return;
}

# Two tests: loading these files fails so, with advice, and stores nothing.
sub load_fails
{
	my ($session, $layout, $files, $patterns, $name, %arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = load_rows($session, $files, layout => $layout, project => 'fails', %arguments);
	my @missing = grep { $messages !~ $_ } ref $patterns eq 'ARRAY' ? @$patterns : $patterns;

	# what JSON is not is for the server to say, which gives no advice
	push @missing, 'HINT' if $messages !~ /^(HINT:|ERROR:  22P02: )/m;
	ok(!@missing, "$layout: $name") || diag("missing: @missing\n$messages");
	is($session->query("SELECT count(*) FROM migrate.migration WHERE project = 'fails'"), '0', "$layout: $name: nothing is stored");
	return;
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

# Columns of all that is stored, m, with its scripts, u and d: a line for each.
sub stored_columns
{
	my ($session, $columns, $where) = @_;

	return scalar $session->query("SELECT $columns FROM migrate.migration m LEFT JOIN migrate.script u ON u.checksum = m.up"
		  . ' LEFT JOIN migrate.script d ON d.checksum = m.down WHERE '
		  . ($where // 'true')
		  . ' ORDER BY kind DESC, sort_key');
}

# The stored text of a script, 'up' or 'down', of an identity or version.
sub stored_script
{
	my ($session, $project, $identity, $direction) = @_;

	return scalar $session->query("SELECT body FROM migrate.migration m JOIN migrate.script s ON s.checksum = m.$direction"
		  . " WHERE project = '$project' AND '$identity' IN (identity, version)");
}

# One test: that text.
sub script_is
{
	my ($session, $project, $identity, $direction, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is(stored_script($session, $project, $identity, $direction), $expected, "$project: $name");
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
