# What the tests of other tools share.  switch_over() is such a test: a tool
# applies the first half of its project, we adopt that and apply the rest, and
# the result is what the tool makes alone.

package MigrateTools;

use strict;
use warnings;

use Exporter 'import';
use File::Copy;
use File::Path qw(make_path);
use IPC::Run;
use MigrateDocument;
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(switch_over tool run_in rows try_document dump_of is_dump
  new_project copy_database adopt_first_half edit copy_file);

our ($node, %tool, $home);

# ---------------------------------------------------------------------------
# The tool

# Reads what a test says of its tool:
#
# name       its directory below test/tools, and the page of it
# version    the command that prints its version
# by_hand    the tool cannot be had: psql takes its place, and history.sql is
#            what its sources say
# bin        where its program is, among the modules
# layout     the layout of its files, if not its name
# directory  what is loaded, below its project
# prepare    called with a new copy of the project
# all        the command that applies what is pending
# first      the same for the first half; or:
# later      files of the second half, which the tool does not see before
# begin, end called with the project before and after that
# history    its tables, as patterns of pg_dump
# env        more for the environment of its commands; %DATABASE% and the like
#            are replaced
# variables  for load(), as JSON
sub tool
{
	%tool = @_;
	$tool{layout} //= $tool{name};
	$home = "$FindBin::RealBin/shop";

	$node = new_server($tool{name},
		conf => "listen_addresses = '127.0.0.1'\ntimezone = 'UTC'\ndatestyle = 'ISO, MDY'",
		init => { extra => [ '-U', 'postgres', '--encoding=UTF8', '--no-locale' ] });
	my ($status, $version) = run_in(new_project('version'), 'postgres', $tool{version});
	die "$tool{name} does not run: $version" if $status;
	($version) = $version =~ /(\d+(?:\.\d+)+\S*)/;
	note($tool{by_hand} ? 'version: without the tool, from what its sources say' : "version: $version");
	return $node;
}

# A copy of the project, as a directory of its own.
sub new_project
{
	my ($name) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir() . "/$name";

	system('cp', '-r', $home, $dir) == 0 or die "could not copy $home";
	symlink $ENV{MIGRATE_MODULES}, "$dir/node_modules" if -d ($ENV{MIGRATE_MODULES} // '');
	$tool{prepare}->($dir) if $tool{prepare};
	return $dir;
}

# Runs a command of the shell in a project; returns its exit status and output.
sub run_in
{
	my ($dir, $database, $command) = @_;
	my %env = %{ $tool{env} // {} };
	my %known = (HOST => '127.0.0.1', PORT => $node->port, DATABASE => $database);
	my $out = '';

	$env{PATH} = "$ENV{MIGRATE_MODULES}/$tool{bin}:$ENV{PATH}" if $tool{bin};
	s/%(HOST|PORT|DATABASE)%/$known{$1}/g foreach values %env;
	local %ENV = (
		%ENV,
		HOME => $dir,
		TZ => 'UTC',
		NO_COLOR => 1,
		PGHOST => '127.0.0.1',
		PGPORT => $node->port,
		PGUSER => 'postgres',
		PGDATABASE => $database,
		DATABASE_URL => "postgres://postgres\@127.0.0.1:$known{PORT}/$database",
		%env);
	IPC::Run::run([ 'bash', '-c', "cd '$dir' && $command" ], '<', \'', '>&', \$out);
	my $status = $? >> 8;
	# without its colours, spinners and terminal moves
	$out =~ s/\e\[[0-9;?]*[A-Za-z]//g;
	$out =~ s/^.*\r(?!\n)//mg;
	note("\$ $command\n$out");
	return wantarray ? ($status, $out) : $out;
}

sub run_tool
{
	my ($dir, $database, $command) = @_;
	my ($status, $out) = run_in($dir, $database, $command);

	die "$command failed:\n$out" if $status;
	return $out;
}

# The tool applies the first half to a database.
sub first_half
{
	my ($dir, $database) = @_;
	my @later = map { [ "$dir/$_", "$dir/../later-" . tr{/}{_}r ] } @{ $tool{later} // [] };

	foreach my $file (@later)
	{
		move(@$file) or die "could not move $file->[0]: $!";
	}
	$tool{begin}->($dir) if $tool{begin};
	run_tool($dir, $database, $tool{first} // $tool{all});
	$tool{end}->($dir) if $tool{end};
	foreach my $file (@later)
	{
		move($file->[1], $file->[0]) or die "could not move $file->[1]: $!";
	}
	return;
}

# ---------------------------------------------------------------------------
# Databases

sub copy_database
{
	my ($from, $to) = @_;

	wait_until_idle($node);
	$node->safe_psql('postgres', "CREATE DATABASE $to TEMPLATE $from");
	return;
}

# What pg_dump is asked to take, or to leave out, for the tool's tables.
sub tables
{
	my ($schema_option, $table_option) = @_;

	return map { /^schema (.*)/ ? ($schema_option, $1) : ($table_option, $_) } @{ $tool{history} };
}

# pg_dump of a database, without what differs between two runs.
sub dump_of
{
	my ($database, @options) = @_;
	my ($out, $err);

	IPC::Run::run([ 'pg_dump', '--no-owner', @options, '-d', $node->connstr($database) ],
		'>', \$out, '2>', \$err)
	  or die "pg_dump: $err";
	$out =~ s/^(--|SET |\\(un)?restrict ).*\n//mg;
	$out =~ s/^SELECT pg_catalog\.set_config.*\n//mg;
	$out =~ s/\n{2,}/\n/g;
	return $out;
}

# What the migrations made in a database: neither our tables nor the tool's.
sub made_in
{
	my ($database) = @_;

	copy_database($database, 'dumped');
	$node->safe_psql('dumped', 'DROP EXTENSION IF EXISTS migrate CASCADE');
	my $dump = dump_of('dumped', tables('-N', '-T'));
	$node->safe_psql('postgres', 'DROP DATABASE dumped');
	return $dump;
}

# One test: two texts are equal; shows the first difference only.
sub is_dump
{
	my ($got, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @got = split /\n/, $got;
	my @expected = split /\n/, $expected;
	my $i = 0;

	return pass($name) if $got eq $expected;
	$i++ while $i < @got && $i < @expected && $got[$i] eq $expected[$i];
	fail($name);
	diag("line $i is\n" . join("\n", grep { defined } @got[ $i .. $i + 5 ])
		  . "\nand should be\n" . join("\n", grep { defined } @expected[ $i .. $i + 5 ]));
	return 0;
}

# The rows of a query, a line each.
sub rows
{
	my ($database, $query) = @_;

	return $node->safe_psql($database, $query) . "\n";
}

# ---------------------------------------------------------------------------
# Taking over

sub load_call
{
	my ($dir) = @_;
	my $directory = $tool{directory} eq '.' ? $dir : "$dir/$tool{directory}";
	my $variables = $tool{variables} ? ", variables => '$tool{variables}'" : '';

	return "migrate.load('$directory'$variables)";
}

# Creates the extension, loads, adopts; returns what each said.
sub adopt_first_half
{
	my ($dir, $database) = @_;

	$node->safe_psql($database, 'CREATE EXTENSION IF NOT EXISTS migrate');
	my $loaded = rows($database, 'SELECT kind, version, name, result FROM ' . load_call($dir));
	my $adopted = rows($database, 'SELECT version, name, result FROM migrate.adopt()');

	return ($loaded, $adopted);
}

# The tool's tables are what test/tools/<tool>/history.sql says, the fixture of
# the tests that do without the tool.
sub is_history
{
	my ($database) = @_;
	my $file = "$FindBin::RealBin/history.sql";
	my @tables = tables('-n', '-t');
	my $steady = sub {
		my ($text) = @_;

		$text =~ s/^(--.*)?\n//mg;
		$text =~ s/^(SELECT pg_catalog\.setval).*\n//mg;
		# moments, ids and durations that each run makes anew
		$text =~ s/\b2\d{3}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00)?/<time>/g;
		$text =~ s/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/<uuid>/g;
		$text =~ s/'\d{10}'\);$/<id>);/mg;
		return $text;
	};
	my $dump = dump_of($database, '--no-comments', '--inserts', @tables);

	if ($ENV{MIGRATE_REWRITE} && (!-e $file || $steady->(slurp_file($file)) ne $steady->($dump)))
	{
		rewrite("test/tools/$tool{name}/history.sql",
			"-- What $tool{name} leaves in a database: pg_dump of its tables.\n$dump");
	}
	is_dump($steady->($dump), -e $file ? $steady->(slurp_file($file)) : '', 'its tables are as in history.sql');
	return;
}

# Writes a new version of a file of ours, which check-tools copies to its place.
sub rewrite
{
	my ($path, $text) = @_;
	my $file = "$ENV{MIGRATE_REWRITE}/$path";

	make_path($file =~ s{/[^/]*$}{}r);
	open(my $out, '>', $file) or die "could not write $file: $!";
	print $out $text;
	close $out;
	diag("rewritten: $path");
	return;
}

# Changes a file of a project.
sub edit
{
	my ($file, $from, $to) = @_;
	my $text = slurp_file($file);

	$text =~ s/$from/$to/g or die "$file: no $from";
	open(my $out, '>', $file) or die "could not write $file: $!";
	print $out $text;
	close $out;
	return;
}

sub copy_file
{
	my ($from, $to) = @_;

	copy($from, $to) or die "could not copy $from to $to: $!";
	return;
}

# The whole test.  Besides what tool() takes:
#
# loaded     what load() answers: kind|version|name|result
# adopted    what adopt() answers: version|name|result
# applied    what apply() answers: version|name|state
# edits      [file, from, to, version]: a text that the tool checks has changed;
#            or a function that does it in a project and returns the versions
# stop       [SQL, pattern]: what doc/adopting.md puts into its table, so that the
#            tool says this and runs nothing
# times      a query of the times of the tool's rows, in their order
# no_down    there is no way down
# down       [number, command]: that many are rolled back here, and by the
#            tool's command where it was alone; else all, and nothing is left
# to_sql     the command that turns what is pending into SQL files
# pending    the files in a host language that these take the place of
# from_code  the section of doc/from-code.md about it
# more       called with the server
# code       called with the project in which that is tried, if it is not the same
# code_alone called with the project that the tool runs to compare, if not as code
sub switch_over
{
	tool(@_);
	my $dir = new_project('first');

	new_empty_database('first');
	first_half($dir, 'first');
	run_tool($dir, 'first', "psql -qX -v ON_ERROR_STOP=1 -f $FindBin::RealBin/history.sql") if $tool{by_hand};
	is_history('first');
	foreach my $name (qw(adopted shop), $tool{edits} ? 'edited' : ())
	{
		copy_database('first', $name);
	}

	subtest 'taking over' => sub { take_over($dir, 'adopted') };
	subtest 'what the tool makes alone' => sub {
		my $alone = new_project('alone');

		new_empty_database('alone');
		run_tool($alone, 'alone', $tool{all});
		is_dump(made_in('adopted'), made_in('alone'), 'is what both made together');
	};
	subtest 'the way down' => sub { go_down('adopted') }
	  unless $tool{no_down};
	subtest 'an edited file' => sub { see_edits('edited') }
	  if $tool{edits};
	subtest 'a row that stops the tool' => sub { is_stopped() }
	  if $tool{stop};
	try_document("doc/switch/$tool{name}.md", new_project('shop'), 'shop');
	try_from_code() if $tool{from_code};
	$tool{more}->($node) if $tool{more};
	$node->stop;
	done_testing();
	return;
}

sub new_empty_database
{
	my ($database) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	return;
}

sub take_over
{
	my ($dir, $database) = @_;
	my @history = tables('-n', '-t');
	my $theirs = dump_of($database, '--no-comments', @history);

	to_sql($dir, $database) if $tool{to_sql};
	$node->safe_psql($database, 'CREATE EXTENSION migrate');
	is(rows($database, 'SELECT kind, version, name, result FROM ' . load_call($dir)),
		$tool{loaded}, 'the directory is loaded');
	my $before = dump_of($database);
	is(rows($database, 'SELECT version, name, result FROM migrate.adopt(dry_run => true)'),
		$tool{adopted}, 'adopt(dry_run) says what it would do');
	is_dump(dump_of($database), $before, 'and changes nothing');
	$node->psql($database, 'SELECT migrate.apply()', stderr => \my $refused);
	like($refused, qr/ERROR:  project "main" has not adopted the history of \Q$tool{layout}\E$/m, 'apply() is refused before adopt()');
	is_dump(dump_of($database), $before, 'and changes nothing');

	is(rows($database, 'SELECT version, name, result FROM migrate.adopt()'),
		$tool{adopted}, 'adopt() does it');
	is_dump(dump_of($database, '--no-comments', @history), $theirs, 'the tables of the tool are as they were');
	is(rows($database, 'SELECT DISTINCT applied_at FROM migrate.status() WHERE applied_at IS NOT NULL ORDER BY 1'),
		rows($database, "SELECT DISTINCT t FROM ($tool{times}) AS h (t) ORDER BY 1"), 'with the times of the tool')
	  if $tool{times};

	my $adopted = dump_of($database);
	is(rows($database, 'SELECT version, name, result FROM migrate.adopt()'),
		$tool{adopted} =~ s/\|adopted$/|unchanged/mgr, 'adopting twice: all is unchanged');
	is_dump(dump_of($database), $adopted, 'and changes nothing');

	is(rows($database, 'SELECT version, name, state FROM migrate.apply()'),
		$tool{applied}, 'the rest is applied');
	is(rows($database, 'SELECT kind, version, name, result FROM ' . load_call($dir)),
		$tool{loaded} =~ s/\|new$/|unchanged/mgr, 'loading again: all is unchanged');
	is(rows($database, 'SELECT count(*) FROM migrate.apply()'), "0\n", 'nothing is left to do');
	return;
}

# Turns what is pending into SQL, as doc/from-code.md says, on a copy of the
# database.
sub to_sql
{
	my ($dir, $database) = @_;

	copy_database($database, 'scratch');
	run_tool($dir, 'scratch', $tool{to_sql});
	unlink map { "$dir/$_" } @{ $tool{pending} };
	return;
}

# The way down, by the tool's own down scripts.
sub go_down
{
	my ($database) = @_;
	my ($number, $command) = @{ $tool{down} // [] };
	my $theirs = 'alone';

	if ($command)
	{
		run_tool(new_project('down'), 'alone', $command);
	}
	else
	{
		($number) = rows($database, "SELECT count(*) FROM migrate.status() WHERE state = 'applied' AND kind = 'versioned'") =~ /(\d+)/;
		$theirs = 'nothing';
		new_empty_database($theirs);
	}
	$node->safe_psql($database, "SELECT migrate.rollback($number)");
	is_dump(made_in($database), made_in($theirs), 'is undone');
	return;
}

# Each edited file differs from what the tool recorded, and no other.
sub see_edits
{
	my ($database) = @_;
	my $dir = new_project('edited');
	my %differs;

	if (ref $tool{edits} eq 'CODE')
	{
		%differs = map { $_ => 1 } $tool{edits}->($dir);
	}
	else
	{
		foreach my $edit (@{ $tool{edits} })
		{
			my ($file, $from, $to, $version) = @$edit;

			edit("$dir/$file", $from, $to);
			$differs{$version} = 1;
		}
	}
	my (undef, $adopted) = adopt_first_half($dir, $database);
	my $expected = join '', map {
		my ($version) = /^([^|]*)/;
		$differs{$version} ? s/\|adopted$/|differs/r : $_
	} map { "$_\n" } split /\n/, $tool{adopted};
	is($adopted, $expected, 'differs from what the tool recorded');
	return;
}

# A row in its table is a reason for the tool not to go on.
sub is_stopped
{
	my ($sql, $pattern) = @{ $tool{stop} };

	copy_database('first', 'stopped');
	$node->safe_psql('stopped', $sql);
	my $before = made_in('stopped');
	like(scalar run_in(new_project('stopped'), 'stopped', $tool{all}), $pattern, 'it says so');
	is_dump(made_in('stopped'), $before, 'and runs nothing');
	return;
}

# ---------------------------------------------------------------------------
# Documents

# Console and psql blocks of a document, or of a section of it, are what they
# show.  In it, the project is /srv/shop and the database is shop.
sub try_document
{
	my ($path, $dir, $database, $section) = @_;
	my $file = "$FindBin::RealBin/../../../$path";
	my $original = slurp_file($file);
	# what another test may have rewritten
	my $rewritten = ($ENV{MIGRATE_REWRITE} // '') . "/$path";
	my $text = -e $rewritten ? slurp_file($rewritten) : $original;
	my $before = $text;
	my $blocks = 0;

	subtest $path => sub {
		foreach my $transcript (transcripts($file, 'console', 'psql'))
		{
			my ($line, $block, $language) = @$transcript;
			next if defined $section && (section_of($original, $line) // '') ne $section;
			$blocks++;
			my @commands = commands($block, $language);
			my @got = map { shown($dir, $_) } answers($language, $dir, $database, map { $_->[0] } @commands);

			foreach my $i (0 .. $#commands)
			{
				my ($command, $expected) = @{ $commands[$i] };
				is(mask_more($got[$i] // ''), mask_more($expected), "line $line: $command");
			}
			$text = replace_block($text, $line, $block, $language, \@commands, \@got) if $ENV{MIGRATE_REWRITE};
		}
		ok($blocks > 0, 'there are transcripts');
		shown_programs($file, $section) if defined $section;
	};
	rewrite($path, $text) if $ENV{MIGRATE_REWRITE} && $text ne $before;
	return;
}

# What doc/from-code.md shows for the tool, from a database in which the first
# half is applied, makes what the tool makes.
sub try_from_code
{
	my $dir = new_project('code');
	my $alone = 'alone';

	$tool{code}->($dir) if $tool{code};
	wait_until_idle($node);
	$node->safe_psql('postgres', 'DROP DATABASE shop');
	copy_database('first', 'shop');
	if ($tool{code})
	{
		my $theirs = new_project('coded');

		($tool{code_alone} // $tool{code})->($theirs);
		copy_database('first', 'coded');
		run_tool($theirs, 'coded', $tool{all});
		$alone = 'coded';
	}
	$node->safe_psql('shop', 'CREATE EXTENSION migrate');
	try_document('doc/from-code.md', $dir, 'shop', $tool{from_code});
	is_dump(made_in('shop'), made_in($alone), 'doc/from-code.md: makes what the tool makes');
	return;
}

# Programs that a document shows are those of the project.
sub shown_programs
{
	my ($file, $section) = @_;
	my $text = slurp_file($file);

	foreach my $transcript (transcripts($file, 'js', 'ruby'))
	{
		my ($line, $block) = @$transcript;
		next if (section_of($text, $line) // '') ne $section;
		ok((grep { slurp_file($_) eq $block } glob "$home/*.*"), "line $line: a program of the project");
	}
	return;
}

# The heading before a line.
sub section_of
{
	my ($text, $line) = @_;
	my @lines = (split /\n/, $text)[ 0 .. $line - 1 ];
	my ($heading) = map { /^## (.*)/ } grep { /^## / } reverse @lines;

	return $heading;
}

sub answers
{
	my ($language, $dir, $database, @commands) = @_;
	my @real = map { s{/srv/shop\b}{$dir}gr } @commands;

	return psql_answers($node->connstr($database), PostgreSQL::Test::Utils::tempdir() . '/document.sql', @real)
	  if $language eq 'psql';
	return map { scalar run_in($dir, $database, $_) } @real;
}

sub mask_more
{
	my ($text) = mask(@_);

	$text =~ s/\b\d+(\.\d+)?\s?(ms|µs)\b/<elapsed>/g;
	$text =~ s/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/<uuid>/g;
	$text =~ s/\[\d+:\d\d:\d\d [AP]M\]|\[<elapsed> [AP]M\]/<time>/g;
	return $text;
}

# An answer with the names that the documents have.
sub shown
{
	my ($dir, $answer) = @_;
	my $port = $node->port;

	$answer =~ s{\Q$dir\E}{/srv/shop}g;
	$answer =~ s/:$port\b/:5432/g;
	return $answer;
}

# A command behind its prompts.
sub prompted
{
	my ($language, $command) = @_;
	my ($shown, $dollars) = ('', 0);

	foreach my $row (split /\n/, $command)
	{
		my $first = $shown eq '';

		$shown .= $language eq 'console' ? ($first ? '$ ' : '> ')
		  : 'shop' . ($first ? '=' : $dollars % 2 ? '$' : '-') . '# ';
		$shown .= "$row\n";
		$dollars += () = $row =~ /\$\$/g;
	}
	return $shown;
}

# A document with new answers in one of its blocks.  The text before that block
# may have changed its length: the block itself is looked for.
sub replace_block
{
	my ($text, $line, $block, $language, $commands, $got) = @_;
	my $new = '';

	foreach my $i (0 .. $#$commands)
	{
		my ($command, $old) = @{ $commands->[$i] };
		my $answer = $got->[$i] // '';

		# what differs in times only stays as it is
		$answer = $old if mask_more($answer) eq mask_more($old);
		$answer =~ s/[ \t]+$//mg;
		$answer =~ s/\n*\z/\n/ if $answer ne '';
		$answer .= "\n" if $language eq 'psql' && $answer =~ / rows?\)\n\z/ && $i < $#$commands;
		$new .= prompted($language, $command) . $answer;
	}
	$text =~ s/^```$language\n\Q$block\E```$/```$language\n$new```/m or die "line $line: the block is gone";
	return $text;
}

1;
