# pg_migrate, the command line: each command, its exit status, its JSON, and
# errors with file, line and caret.

use strict;
use warnings FATAL => 'all';

use lib 'test/perl';
use JSON::PP;
use MigrateCli;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('cli');
$node->safe_psql('postgres', 'CREATE DATABASE shop');
use_database($node, 'shop');

# The rows of a call with --json.
sub json_rows
{
	my (@arguments) = @_;
	my ($status, $out, $err) = cli(@arguments, '--json');
	my $rows = eval { JSON::PP->new->utf8->decode($out) };

	is($status, 0, "@arguments --json: status");
	is(ref $rows, 'ARRAY', "@arguments --json: an array") or diag("$@$out$err");
	return $rows // [];
}

#
# init, and a database without it
#

cli_is(['status'], 3, undef, qr/schema "migrate" does not exist\nhint: Run "pg_migrate init"/,
	'without the extension, the hint says init');
cli_is(['init'], 0, qr/^extension migrate 1.0 is created in database "shop"$/,
	undef, 'init');
is(json_rows('init')->[0]{result}, 'unchanged', 'init again changes nothing');
cli_is([ 'status', '--exit-code' ], 0, qr/^no migrations are stored$/, undef,
	'status of nothing');
is_deeply(json_rows('status'), [], 'and as JSON');
is_deeply(json_rows($_), [], "$_ --json with nothing to do")
  foreach 'up', 'down', 'redo', 'history';
cli_is([ 'down', '--exit-code' ], 5, qr/^nothing to roll back$/, undef,
	'nothing to roll back, told by the status');
cli_is([ 'redo', '--exit-code' ], 5, qr/^nothing to roll back$/, undef,
	'nothing to redo, told by the status');

#
# push, up, status
#

my $dir = files(
	'001_orders.sql' =>
	  "-- migrate:up\nCREATE TABLE orders (id int);\n-- migrate:down\nDROP TABLE orders;\n",
	'002_lines.up.sql' => "CREATE TABLE lines (id int);\n",
	'002_lines.down.sql' => "DROP TABLE lines;\n",
	'R__all_orders.sql' => 'CREATE OR REPLACE VIEW all_orders AS SELECT 1 AS one',
	'README.md' => "\xff not read",
	'.hidden.sql' => "\xff not read",
	'node_modules/003_x.sql' => 'not read',
	'.git/004_x.sql' => 'not read');

cli_is(
	[ 'up', $dir, '--dry-run', '--exit-code' ], 6,
	qr/^pending +001 orders\n +step +line +statement.*\n +1 +2 +CREATE TABLE orders \(id int\).*\npending +002 lines\n(?: .*\n)+pending +all_orders \(repeatable\)\n(?: .*\n)+(?:\d+ findings?: .*\n)?3 migrations would run; nothing was run or stored$/,
	undef, 'a dry run shows what would run');
is_deeply(json_rows('status'), [], 'and changes nothing');
is(join(' ', map { $_->{name} } @{ json_rows('up', $dir, '--dry-run', '--to', '1') }),
	'orders', 'a dry run up to a version');
cli_is(
	[ 'push', $dir ], 0,
	qr{^new +\Q$dir\E/001_orders.sql\nnew .*\nnew .*\nignored +\Q$dir\E/README.md\n\Q$dir\E: 3 new$},
	undef, 'push');
cli_is([ 'push', "$dir/" ], 0, qr/: nothing has changed$/, undef, 'push again');
is_deeply(
	[
		map { [ $_->{path} =~ s{.*/}{}r, $_->{version}, $_->{name}, $_->{kind}, $_->{result} ] }
		  @{ json_rows('push', $dir) }
	],
	[
		[ '001_orders.sql', '001', 'orders', 'versioned', 'unchanged' ],
		[ '002_lines.up.sql', '002', 'lines', 'versioned', 'unchanged' ],
		[ 'R__all_orders.sql', undef, 'all_orders', 'repeatable', 'unchanged' ],
		[ 'README.md', undef, undef, undef, 'ignored' ]
	],
	'push --json');
cli_is([ 'status', '--exit-code' ], 6, qr/^pending +001 +orders\b.*^3 pending$/ms,
	undef, 'what is pending is told by the status');
cli_is([ 'up', '--to', '001', $dir ], 0,
	qr/^applied +001 orders \(\S+ m?s\)\n1 migration applied in /, undef,
	'up to a version, with the option before the directory');
cli_is([ '--project', 'main', 'up' ], 0,
	qr/^applied +002 lines .*\napplied +all_orders .*\n2 migrations applied in /,
	undef, 'up without a directory, with an option before the command');
cli_is(['up'], 0, qr/^nothing is pending$/, undef, 'nothing pending is no error');
cli_is([ 'up', '--exit-code' ], 5, qr/^nothing is pending$/, undef,
	'but can be told by the status');
cli_is([ 'up', '--dry-run', '--exit-code' ], 0, qr/^nothing is pending$/, undef,
	'a dry run then has status 0');
cli_is([ 'status', '--exit-code' ], 0, qr/^3 applied$/m, undef, 'a gate lets through');
my $rows = json_rows('status');
is_deeply([ map { $_->{state} } @$rows ], [ ('applied') x 3 ], 'status --json');
like($rows->[0]{applied_at}, qr/^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$/, 'a time is ISO 8601');
cmp_ok($rows->[0]{elapsed}, '>', 0, 'a duration is a number of seconds');
is($rows->[2]{version}, undef, 'a repeatable has no version');

#
# down, redo, history
#

$rows = json_rows('down');
is("$rows->[0]{version} $rows->[0]{name} $rows->[0]{state}", '002 lines pending', 'down --json');
cmp_ok($rows->[0]{elapsed}, '>', 0, 'with a duration');
cli_is(['redo'], 0, qr/^rolled back +001 orders .*\napplied +001 orders /, undef, 'redo');
cli_is(['up'], 0, qr/^applied +002/m, undef, 'up after it');
cli_is([ 'down', '--to', '001' ], 0, qr/^rolled back +002 lines .*\n1 migration rolled back/,
	undef, 'down to a version');
cli_is([ 'down', '1' ], 0, qr/^rolled back +001 orders /, undef, 'down by a number');
cli_is([ 'history', '--limit', '2' ], 0,
	qr/\Aat .*\n.*rollback +002 lines.*\n.*rollback +001 orders.*\n\z/, undef,
	'history, newest last');
is(scalar @{ json_rows('history', '001', '--limit=0') }, 4, 'the history of a version');
cli_is(['up'], 0, qr/3 migrations applied/, undef, 'all up again');

#
# Errors as a compiler shows them
#

write_file("$dir/003_bad.sql", "SELECT 1;\nSELECT 2;\tSELECT 'ä', foo FROM orders;\n");
my ($status, $out, $err) = cli('up', $dir);
is($status, 1, 'a failed migration has a status of its own');
like($out, qr/: 1 new, 3 unchanged\nfailed +003 bad \(/, 'it is named');
is($err, <<"END", 'file, line, column, the line, a caret, the hint, and what is left');
$dir/003_bad.sql:2:23: error: column "foo" does not exist
     2 | SELECT 2; SELECT 'ä', foo FROM orders;
       |                       ^
hint: Nothing of the migration is kept.  Correct the script, store it again and run SELECT migrate.apply();
now: 3 applied, 1 failed; "003 bad" is failed
END
cli_is([ 'status', '--exit-code' ], 1, qr/^failed +003 +bad/m, undef, 'a gate tells');

write_file("$dir/003_bad.sql", "-- migrate:up\nSELECT 1;\nSELECT (2\n  ;\n");
cli_is([ 'up', $dir ], 1, qr/: 1 replaced/,
	qr{/003_bad.sql:4:3: error: syntax error at or near ";"\n +4 \|   ;\n +\|   \^\n},
	'a syntax error, in a file with sections');

write_file("$dir/003_bad.sql", "SELECT 1;\n\n  SELECT 1 / (id - 1)\n  FROM generate_series(1, 2) id;\n");
cli_is([ 'up', $dir ], 1, qr/^failed/m,
	qr{/003_bad.sql:3: error: division by zero\n +3 \|   SELECT 1 / \(id - 1\)\n +\|   \^~{18}\n},
	'an error without a position: the statement is marked');

write_file("$dir/003_bad.sql", <<'SQL');
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO nowhere
  SELECT 1;
END $$;
SELECT f();
SQL
cli_is([ 'up', $dir ], 1, qr/^failed/m,
	qr{/003_bad.sql:6: error: relation "nowhere" does not exist\n +6 \| SELECT f\(\);\n +\| \^~+\n +query \| INSERT INTO nowhere\n +\| +\^\n.*^context: PL/pgSQL function f\(\) line 3}ms,
	'an error in a function: the statement, and the query in it');

write_file("$dir/003_bad.sql", 'SELECT ' . ('1 + ' x 200) . 'foo' . (' + 1' x 200) . ";\n");
cli_is([ 'up', $dir ], 1, qr/^failed/m,
	qr{/003_bad.sql:1:808: error: column "foo" does not exist\n +1 \| \.\.\..{20,140} foo .{20,140}\.\.\.\n +\| +\^\n},
	'of a long line, the part around the error');
{
	my ($line, $caret) = $node->safe_psql('shop', 'SELECT 1') && (cli('up'))[2] =~ /^( +1 \| .*)\n( +\| +\^)$/m;
	is(substr($line, length($caret) - 1, 3), 'foo', 'and the caret is below it');
}

write_file("$dir/003_bad.sql", "-- migrate:up\n-- migrate:sideways\n");
cli_is([ 'up', $dir ], 3, undef,
	qr{/003_bad.sql:2: error: unrecognized directive .*\n +2 \| -- migrate:sideways\n}, 'an error of the file: refused');
write_file("$dir/003_bad.sql", "SELECT 1;\n-- \xe4\n");
cli_is([ 'up', $dir ], 3, undef, qr{/003_bad.sql:2: error: byte 0xe4 is not UTF-8\n}, 'bytes that are not UTF-8');
write_file("$dir/003_bad.sql", "SELECT 1;\n\n\0");
cli_is([ 'push', $dir ], 3, undef, qr{/003_bad.sql:3: error: zero byte\n}, 'a zero byte');

# the down script has its own file
write_file("$dir/003_bad.up.sql", 'SELECT 1');
write_file("$dir/003_bad.down.sql", "\nDROP TABLE nowhere;");
unlink "$dir/003_bad.sql";
cli_is([ 'up', $dir ], 0, qr/^applied +003 bad/m, undef, 'corrected');
write_file("$dir/001_orders.sql", "-- migrate:up\nCREATE TABLE orders (id bigint);\n");
cli_is([ 'up', $dir ], 3, undef, qr/"001 orders" is applied and its text has changed\n.*hint: /s, 'an edit of what is applied: refused');
cli_is(['down'], 1, qr/^failed +003 bad/m, qr/error: table "nowhere" does not exist/, 'a rollback that fails');

#
# resolve, baseline, adopt, projects, settings
#

is(json_rows('resolve', '003', 'rolled_back', '--reason', 'by hand')->[0]{state}, 'pending', 'resolve');
is(json_rows('history', '003', '--limit', '1')->[0]{reason}, 'rolled_back: by hand', 'with its reason');
cli_is([ 'resolve', '001', 'accept' ], 0, qr/^accepted +001$/m, qr/^notice: the next text/m, 'an edit that is to come');
cli_is([ 'resolve', '003', 'whatever' ], 3, undef, qr/unrecognized outcome/, 'an outcome that is none');
my $other = files('1_a.sql' => 'SELECT 1/0', '2_b.sql' => "SELECT set_config('shop.seen', current_setting('shop.mark'), false)");
cli_is([ 'push', '--project=other', $other ], 0, qr/2 new/, undef, 'another project');
is_deeply([ map { "$_->{version} $_->{state}" } @{ json_rows('baseline', '1', '--project=other') } ],
	['1 applied'], 'baseline');
cli_is([ 'up', '--project=other', '--set', 'shop.mark=x=y', '--set', 'statement_timeout=1min' ], 0, qr/^applied +2 b/m, undef,
	'settings reach the run');
cli_is([ 'up', '--project=other', '--set', 'work_mem=much' ], 3, undef, qr/invalid value for parameter "work_mem"/, 'one that is refused');
cli_is([ 'adopt', 'flyway' ], 3, undef, qr/error: /, 'adopt without a history to adopt');
$node->safe_psql('shop', <<'SQL');
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (1, false);
SQL
my $adopted = files('1_a.up.sql' => 'SELECT 1', '2_b.up.sql' => 'SELECT 2');
cli_is([ 'push', '--project=adopted', '--layout=golang-migrate', $adopted ], 0, qr/2 new/,
	qr/\Anotice: table public\.schema_migrations is the history of golang-migrate\n  hint: .* SELECT \* FROM migrate\.adopt\(.*\n\z/, 'files of another tool, whose history is there');
cli_is([ 'adopt', '--project=adopted', '--dry-run' ], 0, qr/^adopted +1 a.*^1 adopted, 1 pending; nothing was changed$/ms,
	qr/\Anotice: 1 migration of table public\.schema_migrations, the history of golang-migrate, would be adopted\n  detail: 1 pending, 0 failed or partial, 0 missing, 0 of another text\.\n  hint: To do it, call again without dry_run\.\n\z/,
	'adopt, only to see');
is_deeply([ map { "$_->{version} $_->{result}" } @{ json_rows('adopt', 'golang-migrate', '--table', 'schema_migrations', '--project=adopted') } ],
	[ '1 adopted', '2 pending' ], 'adopt');
my $placeholders = files('V1__a.sql' => "SELECT '\${a}' || '\${b}';\n");
cli_is([ 'up', '--project=vars', '--layout=flyway', '--var', 'a=x "y" \\z', '--var=b=', $placeholders ], 0, qr/^applied +1 a/m, undef, 'variables');

#
# Connections, versions, usage
#

is(json_rows('version')->[0]{extension}, '1.0', 'version');
cli_is([ '-d', 'nowhere', 'status' ], 4, undef, qr/database "nowhere" does not exist/, 'no such database');
cli_is([ 'status', '-p', '1' ], 4, undef, qr/^pg_migrate: error: connection to server /, 'no server');
cli_is([ $node->connstr('shop'), 'status' ], 0, qr/applied/, undef, 'a conninfo string before the command');
cli_is([ 'postgresql:///shop?host=' . $node->host, 'status' ], 0, qr/applied/, undef, 'a URI');
cli_is([ '-h', $node->host, '-p' . $node->port, '-Upostgres', '-w', '-d', 'shop', 'status' ], 0, qr/applied/, undef, "psql's options");
{
	local $ENV{PGOPTIONS} = '-c migrate.project=other';
	cli_is(['status'], 0, qr/^applied +1 +a /m, undef, 'PGOPTIONS');
}
cli_is([ 'wait', '--timeout', '10' ], 0, qr/^the server accepts connections$/, undef, 'wait for a server that is there');
cli_is([ 'wait', '--timeout', '1', '-p', '1' ], 4, undef, qr/timeout: gave up after 1 s$/, 'wait for one that does not come');
cli_is([ 'wait', '-d', 'nowhere' ], 4, undef, qr/does not exist/, 'what does not get better by itself is not waited for');
foreach my $call (
	[ [ 'stauts' ], 'did you mean "status"' ],
	[ [ 'up', '--reason=x' ], '"up" has no option --reason' ],
	[ [ 'up', '--what' ], 'unknown option "--what"' ],
	[ [ '-x', 'up' ], 'unknown option "-x"' ],
	[ [ 'up', 'a', 'b' ], 'an argument too many: "b"' ],
	[ ['push'], 'usage: pg_migrate push DIR' ],
	[ [ 'down', '001_a' ], 'give --to=001_a' ],
	[ [ 'down', '1', '--to=1' ], 'not both' ],
	[ [ 'up', '--layout=x' ], 'for a DIR' ],
	[ [ 'up', '--set', 'x' ], 'takes NAME=VALUE' ],
	[ [ 'wait', 'x' ], 'no number of a run' ],
	[ [ 'wait', '--timeout=x' ], 'takes a number' ],
	[ [ 'up', '--to' ], 'needs a value' ],
	[ [ '--json' ], 'no command' ])
{
	cli_is($call->[0], 2, undef, qr/\Q$call->[1]\E/, "usage: @{ $call->[0] }");
}
cli_is([ 'push', '--', '--nowhere' ], 3, undef, qr/No such file or directory/, 'after --, an argument may look like an option');

# what the server may not tell is not needed
$node->safe_psql('shop', <<'SQL');
CREATE ROLE deployer LOGIN;
GRANT CREATE ON SCHEMA public TO deployer;
GRANT EXECUTE ON FUNCTION migrate.apply TO deployer;
SQL
$node->safe_psql('shop', "SELECT migrate.unregister('003'); SELECT migrate.register('004', 'by role', 'CREATE TABLE t ()'); SELECT migrate.register('005', 'bad', 'SELECT 1/0')");
cli_is([ '-U', 'deployer', 'up' ], 1, qr/^applied +004 by role .*\nfailed +005 bad/m, qr/^migration "005 bad", line 1: error: division by zero/m,
	'a role that may only apply; a migration without a file');
cli_is([ '-U', 'deployer', 'status' ], 3, undef, qr/permission denied for function status/, 'and may not look');

# whatever is in the environment
{
	local %ENV = (%ENV, PGCLIENTENCODING => 'LATIN1', PGDATESTYLE => 'German', LC_ALL => 'C');
	my $latin = files('1_ä.sql' => "CREATE TABLE \"käse\" (x int)");
	cli_is([ 'up', '--project=latin', $latin, '--set', 'IntervalStyle=iso_8601' ], 0, qr/^applied +1 ä \(\S+ m?s\)$/m, undef, 'another client encoding, styles of dates and intervals');
	is_sql($node, 'shop', "SELECT count(*) FROM pg_class WHERE relname = U&'k\\00e4se'", '1', 'a file is UTF-8');
}

# 5,000 files in one call
my $many = PostgreSQL::Test::Utils::tempdir();
write_file(sprintf("$many/%04d_t.sql", $_), "-- number $_\nSELECT 1;\n") foreach 1 .. 5000;
cli_is([ 'push', '--project=many', $many ], 0, qr/: 5000 new$/m, undef, '5,000 files');

# a reader that has seen enough
is(system("pg_migrate history --limit=0 --json | head -c 10 >/dev/null 2>&1; test \${PIPESTATUS:-0} -eq 0"), 0, 'a reader that leaves');
SKIP:
{
	skip 'no /dev/full here', 1 unless -c '/dev/full';
	is(system('pg_migrate status >/dev/full 2>/dev/null') >> 8, 3, 'output that cannot be written is an error');
}

$node->stop;
done_testing();
