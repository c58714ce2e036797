# pg_migrate lint, plan, up --dry-run: what is shown before a run, in every
# format, to people and to CI systems; and that nothing is stored by it.

use strict;
use warnings FATAL => 'all';

use lib 'test/perl';
use Encode qw(decode);
use JSON::PP;
use MigrateCli;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('cli_lint');
$node->safe_psql('postgres', 'CREATE DATABASE shop');
use_database($node, 'shop');
cli('init');
$node->safe_psql('shop', <<'SQL');
CREATE TABLE big AS SELECT g AS a FROM generate_series(1, 2000) g;
CREATE TABLE "such, a: 100% ""table""" AS TABLE big;
ANALYZE;
ALTER DATABASE shop SET migrate.lint_small_table = '10 rows, 1kB';
SQL

# One rule, whose severity is chosen by what is there: the others have tests of
# their own, and may find more in these scripts.
my $rule = 'require-concurrent-index-creation';
my $others = join ',', grep { $_ ne $rule && $_ ne 'syntax-error' }
  split /\n/, $node->safe_psql('shop', 'SELECT rule FROM migrate.rules()');
$node->safe_psql('shop', "ALTER DATABASE shop SET migrate.lint_disable = '$others'");

# Paths as CI has them: relative to where it is called.
my $name = '002_of b,c%: ä.sql';
chdir(PostgreSQL::Test::Utils::tempdir()) or die $!;
write_file('m/001_a.sql', <<'SQL');
-- migrate:up
CREATE TABLE fresh (a int);
CREATE INDEX ON fresh (a);
CREATE INDEX big_a ON big (a);
SQL
write_file("m/$name", <<'SQL');
-- migrate:up
DO '';

	CREATE INDEX i ON "such, a: 100% ""table""" (a);

	CREATE INDEX i ON "such, a: 100% ""table""" (a);
SQL

# What the formats say of the same findings.
sub json_of
{
	my (@arguments) = @_;
	my ($status, $out, $err) = cli(@arguments);
	my $value = eval { JSON::PP->new->utf8->decode($out) };

	ok(ref $value, "@arguments: JSON") or diag("$@$out");
	is($err, '', "@arguments: nothing on standard error");
	return ($status, $value);
}

#
# Text
#

my ($status, $out, $err) = cli('lint', 'm');
is($status, 1, 'errors are told by the status');
is($err, '', 'and are results');
like($out, qr{^m/001_a\.sql:4:23: error: $rule: blocks writes to public\.big \(.*\) while the index is built\n +4 \| CREATE INDEX big_a ON big \(a\);\n +\| {23}\^\ninstead:\n    CREATE INDEX CONCURRENTLY big_a ON big \(a\);\n}m,
	'as a compiler shows it, with the line, a caret and what to write instead');
like($out, qr{^m/\Q$name\E:4:20: error: .*\n +4 \|  CREATE INDEX i ON .*\n +\| {20}\^$}m,
	'the caret is below the place also after a tab');
unlike($out, qr/fresh/, 'what the script has created itself is no concern');
like($out, qr/^3 errors\n\z/m, 'and how many there are');
cli_is(['status'], 0, qr/^no migrations are stored$/, undef, 'nothing is stored');

cli_is([ 'lint', 'm', '--only', '1' ], 1, qr/\Am\/001_a.*^1 error\n\z/ms, undef, 'one migration alone');
cli_is([ 'lint', 'm', '--to', '001' ], 1, qr/\Am\/001_a.*^1 error\n\z/ms, undef, 'up to a version');
cli_is([ 'lint', 'm', '--fail-on', 'never' ], 0, qr/^3 errors$/m, undef, 'status 0 if nothing is to fail');
cli_is([ 'lint', 'm', '--only', '1', '--set=migrate.lint_small_table=1000000 rows, 1GB' ], 0,
	qr/^m\/001_a\.sql:4:23: notice: .*^1 notice\n\z/ms, undef, 'notices do not fail');
cli_is([ 'lint', 'm', '--only', '1', '--set=migrate.lint_small_table=1000000 rows, 1GB', '--fail-on=notice', '--level=warning' ], 1,
	qr/\Anothing found; 1 not shown\n\z/, undef, 'unless they are to, also if they are not shown');
cli_is([ 'lint', 'm', '--set=migrate.lint_small_table=1000000 rows, 1GB', '--fail-on=warning' ], 0, qr/^3 notices$/m, undef, 'from warnings on');
cli_is([ 'lint', files('1_a.sql' => 'SELECT 1;') ], 0, qr/\Anothing found\n\z/, undef, 'nothing found');
cli_is(['lint'], 0, qr/\Anothing found\n\z/, undef, 'nothing is stored, nothing is judged');
cli_is([ 'lint', 'absent' ], 3, undef, qr/absent: No such file or directory/, 'no such directory');
cli_is([ 'lint', files('1_a.sql' => "SELECT 1;\nSELEC 2;\n") ], 1, qr{/1_a\.sql:2:1: error: syntax-error: fails: syntax error at or near "SELEC"\n +2 \| SELEC 2;\n +\| \^\n}, undef,
	'a script that cannot be parsed is a finding');
like(
	(cli('lint', files('1_a.sql' => qq{ALTER TABLE big\n\tADD COLUMN x int,\n\tDROP COLUMN IF EXISTS "ä,", DROP COLUMN nosuch;\n}), '--set=migrate.lint_disable=ban-drop-column'))[1],
	qr{/1_a\.sql:3:30: error: unknown-object: .*\n +3 \|  DROP COLUMN IF EXISTS "ä,", DROP COLUMN nosuch;\n +\| {30}\^\n},
	'the caret is below the command of ALTER TABLE, by characters');
like((cli('lint', '--rules'))[1], qr/^rule +section +severity +enabled +help\n(?:.*\n)*$rule +indexes +error +t +\S/, 'the rules');
is((json_of('lint', '--rules', '--json'))[1][0]{enabled}, JSON::PP::true, 'and as JSON');
cli_is([ 'lint', 'm', "--set=migrate.lint_disable=$others,$rule" ], 0, qr/\Anothing found\n\z/, undef, 'settings count');

{
	local $ENV{TERM} = 'xterm';
	like((finish_cli(start_cli(1, 'lint', 'm', '--only=1')))[1], qr/\e\[1;31merror\e\[0m: \e\[1m$rule\e/, 'coloured on a terminal');
	local $ENV{NO_COLOR} = '1';
	unlike((finish_cli(start_cli(1, 'lint', 'm', '--only=1')))[1], qr/\e\[\d/, 'but not with NO_COLOR');
}
my $absent = files('1_a.sql' => 'CREATE INDEX i ON absent (a);');
cli_is([ 'lint', $absent ], 0, qr/\Anothing found\n\z/, undef, 'of a table that is not here nothing is known');
like((cli('lint', $absent, '--assume=large'))[1], qr/: error: $rule: /, 'it can be taken for large');
cli_is([ 'lint', $absent, '--assume=small' ], 3, undef, qr/invalid value for assume: "small"/, 'the server knows what can be assumed');

#
# What was typed wrongly
#

foreach (
	[ 'there is no format "xml"', '--format=xml' ],
	[ '--level takes error, warning or notice, not "never"', '--level', 'never' ],
	[ '--fail-on takes error, warning, notice or never, not "no"', '--fail-on=no' ],
	[ '--json is --format=json, not --format=sarif', '--json', '--format=sarif' ],
	[ '--layout and --var are for a DIR that is pushed', '--layout=flyway' ])
{
	my ($message, @arguments) = @$_;
	cli_is([ 'lint', @arguments ], 2, undef, qr/\Apg_migrate: error: \Q$message\E/, "lint @arguments");
}

#
# JSON
#

my ($json_status, $rows) = json_of('lint', 'm', '--format=json');
is($json_status, 1, 'the status is the same');
is_deeply([ map { "$_->{path}:$_->{line}:$_->{col} $_->{version} $_->{severity} $_->{rule} $_->{origin}" } @$rows ],
	[
		"m/001_a.sql:4:23 001 error $rule script",
		map { decode('UTF-8', "m/$name") . ":$_:20 002 error $rule script" } 4, 6
	],
	'rows of lint()');
is($rows->[0]{rewrite}, 'CREATE INDEX CONCURRENTLY big_a ON big (a);', 'the rewrite');
is_deeply((json_of('lint', 'm', '--json'))[1], $rows, '--json is the same');
is_deeply([ json_of('lint', 'm', '--json', '--fail-on=never', '--set=migrate.lint_disable=' . $others . ",$rule") ], [ 0, [] ], 'no findings');

#
# GitHub: workflow commands, as its runner takes them apart
#

{
	my (undef, $text) = cli('lint', 'm', '--format=github');
	my @commands = split /\n/, $text;

	is(@commands, 3, 'a line for each finding, and no other');
	my ($command, $properties, $message) = $commands[1] =~ /^::(\w+) (.*?)::(.*)$/;
	my %property = map { /^(.*?)=(.*)$/ } split /,/, $properties;
	s/%([0-9A-F]{2})/chr hex $1/ge foreach values %property, $message;
	is($command, 'error', 'the command');
	is_deeply(\%property, { file => "m/$name", line => 4, col => 20, title => $rule }, 'properties');
	like($message, qr/^blocks writes to public\.\S+, a: 100% .*\n\nInstead:\nCREATE INDEX CONCURRENTLY i ON/, 'the message');
}

#
# GitLab: what its code quality report needs
#

{
	my (undef, $report) = json_of('lint', 'm', '--format=gitlab');
	my %seen;

	foreach my $issue (@$report)
	{
		ok(length $issue->{$_}, $_) foreach qw(description check_name fingerprint);
		like($issue->{severity}, qr/^(info|minor|major|critical|blocker)$/, 'severity');
		like($issue->{location}{path}, qr/^m\//, 'path');
		like($issue->{location}{lines}{begin}, qr/^\d+$/, 'line');
		is($seen{ $issue->{fingerprint} }++, 0, 'its own fingerprint');
	}
	my @before = map { $_->{fingerprint} } @$report;
	write_file('m/001_a.sql', "-- migrate:up\n\n\n  CREATE INDEX big_a ON big (a);\n");
	my (undef, $later) = json_of('lint', './m', '--format=gitlab');
	is($later->[0]{location}{lines}{begin}, 4, 'the line has moved');
	is($later->[0]{location}{path}, 'm/001_a.sql', 'the path is that in the repository');
	is_deeply([ map { $_->{fingerprint} } @$later ], \@before, 'fingerprints stay');
}

#
# SARIF: what GitHub needs, and the schema asks for
#

{
	my (undef, $sarif) = json_of('lint', 'm', '--format=sarif');
	my $run = $sarif->{runs}[0];
	my $driver = $run->{tool}{driver};
	my %rules = map { $_->{id} => $_ } @{ $driver->{rules} };

	is($sarif->{version}, '2.1.0', 'version');
	like($sarif->{'$schema'}, qr/sarif-2\.1\.0\.json$/, 'schema');
	is($driver->{name}, 'pg_migrate', 'tool');
	foreach my $id (sort keys %rules)
	{
		ok(length $rules{$id}{$_}{text}, "$id: $_") foreach qw(shortDescription fullDescription help);
		like($rules{$id}{defaultConfiguration}{level}, qr/^(error|warning|note)$/, "$id: level");
	}
	is(scalar keys %rules, scalar @{ $driver->{rules} }, 'each rule once');
	my %seen;
	foreach my $result (@{ $run->{results} })
	{
		my $place = $result->{locations}[0]{physicalLocation};

		ok(length $result->{message}{text}, 'a message');
		is($driver->{rules}[ $result->{ruleIndex} ]{id}, $result->{ruleId}, 'its rule');
		like($result->{level}, qr/^(error|warning|note)$/, 'level');
		like($place->{artifactLocation}{uri}, qr{^m/[!-~]+$}, 'a URI');
		cmp_ok($place->{region}{$_}, '>', 0, $_) foreach qw(startLine startColumn);
		is($seen{ $result->{partialFingerprints}{primaryLocationLineHash} }++, 0, 'its own fingerprint');
	}
	is($run->{results}[1]{locations}[0]{physicalLocation}{artifactLocation}{uri},
		'm/002_of%20b%2Cc%25%3A%20%C3%A4.sql', 'what is no part of a URI is escaped');
	my (undef, $empty) = json_of('lint', '--format=sarif');
	is_deeply($empty->{runs}[0]{results}, [], 'no results');
}

#
# What is stored already; without a file
#

$node->safe_psql('shop', q{SELECT migrate.register('1', 'a "b"', E'SELECT 1;\nCREATE INDEX i ON big (a)')});
cli_is(['lint'], 1, qr/\Amigration "1 a "b"", line 2: error: $rule: .*\ninstead:\n    CREATE INDEX CONCURRENTLY i ON big \(a\);?\n1 error\n\z/, undef, 'of what has no file');
like((cli('lint', '--format=github'))[1], qr/\A::error title=${rule}::blocks/, 'GitHub: no place');
is((json_of('lint', '--format=gitlab'))[1][0]{location}{path}, 'a "b"', 'GitLab: its name');
is((json_of('lint', '--format=sarif'))[1]{runs}[0]{results}[0]{locations}, undef, 'SARIF: no place');
$node->safe_psql('shop', q{SELECT migrate.unregister('1')});

#
# plan, up --dry-run
#

write_file('m/001_a.sql', <<'SQL');
-- migrate:up
CREATE TABLE fresh (a int);
CREATE INDEX CONCURRENTLY big_a ON big (a);
CREATE INDEX big_b ON big (a);
SQL
unlink("m/$name") or die;
write_file('m/R__v.sql', '');
my $plan = qr/\Apending     001 a\n +step  line  statement +commit( .*)?\n +1 +2 +CREATE TABLE fresh \(a int\) +yes\b.*\n +2 +3 +CREATE INDEX CONCURRENTLY .* alone\b.*\n +3 +4 +CREATE INDEX big_b .* yes\b.*\npending     v \(repeatable\)\n    no statements\n1 finding: see pg_migrate lint\n2 migrations would run; nothing was run or stored\n\z/;
cli_is([ 'plan', 'm' ], 0, $plan, undef, 'plan');
cli_is([ 'up', 'm', '--dry-run', '--exit-code' ], 6, $plan, undef, 'a dry run shows it');
cli_is([ 'plan', 'm', '--exit-code', '--to=001' ], 6, qr/^1 migration would run;/m, undef, 'up to a version');
cli_is([ 'plan', 'm', '--to=7' ], 3, undef, qr/migration "7" does not exist/, 'that there is not');
cli_is([ 'plan', '--exit-code' ], 0, qr/\Anothing is pending\n\z/, undef, 'and nothing was stored');
($status, $rows) = json_of('plan', 'm', '--json');
is_deeply([ map { "$_->{step} $_->{statement} $_->{line} $_->{transactional} $_->{findings}" } @$rows ],
	[ '1 1 2 1 0', '2 2 3 0 0', '3 3 4 1 1' ], 'plan as JSON');
is(ref $rows->[0]{relations}, 'ARRAY', 'with what is nested');

# A script that cannot be parsed hides none of the others.
write_file('m/002_typo.sql', "-- migrate:up\nSELECT 1;\nCREATE TABEL x (a int);\n");
foreach my $command ([ 'plan', 'm' ], [ 'up', 'm', '--dry-run' ])
{
	cli_is(
		$command, 0,
		qr/^pending     001 a\n.*^pending     002 typo\n.*^ +3 +SELECT 1;.*\n    fails: syntax error at or near "TABEL"\npending     v .*^2 findings: .*^3 migrations would run/ms,
		undef, "@$command: a script that cannot be parsed");
}
($status, $rows) = json_of('plan', 'm', '--json');
is_deeply(
	[ map { [ @{$_}{qw(statement line text findings note)} ] } grep { $_->{version} eq '002' } @$rows ],
	[ [ undef, 3, 'SELECT 1;', 1, 'fails: syntax error at or near "TABEL"' ] ],
	'and as JSON');

$node->stop;
done_testing();
