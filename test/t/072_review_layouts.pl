# What a hostile review of load() broke: each test failed once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('review_layouts');
my $directory = PostgreSQL::Test::Utils::tempdir();
my $session;

new_database($node, 'db');
$session = session($node, 'db');

# Loads files; "version name result" of each migration, and the messages.
sub loaded
{
	my ($project, $layout, $files) = @_;
	my ($rows, $messages) = load_rows($session, $files, "'$layout', project => '$project'");

	return (join(', ', map { my @row = split(/\|/, $_); "$row[1] $row[2] $row[4]" } grep { !/\|ignored$/ } split(/\n/, $rows)),
		$messages);
}

# The versions or names that apply() runs.
sub applied
{
	my ($project) = @_;

	return scalar $session->query(
		"SELECT string_agg(coalesce(version, name), ' ') FROM migrate.apply(project => '$project')");
}

# A journal of Drizzle: [when, tag].
sub journal
{
	return '{"entries": [' . join(', ', map { qq({"when": $_->[0], "tag": "$_->[1]"}) } @_) . ']}';
}

my ($rows, $messages);

#
# What ran stays what it is
#
foreach my $pair ([ 'native', '1.0_a.sql', 'flyway', 'V1.0__a.sql' ], [ 'flyway', 'V1.0__a.sql', 'native', '1.0_a.sql' ])
{
	my ($from, $old, $to, $new) = @$pair;

	loaded("$from to", $from, { $old => 'SELECT 1' });
	is(applied("$from to"), '1.0', "$from: 1.0 runs");
	is((loaded("$from to", $to, { $new => 'SELECT 1' }))[0], '1.0 a unchanged', "$from to $to: it is the same migration");
	is(applied("$from to"), '', "$from to $to: it does not run again");
	is((loaded("$from to", $to, { $new => 'SELECT 1' }))[0], '1.0 a unchanged', "$from to $to: nor later");
}

my $sections = "-- migrate:up\nSELECT 1;\n-- migrate:down\n";
loaded('renamed', 'dbmate', { '20240101-a.sql' => $sections });
is(applied('renamed'), '20240101', 'dbmate: a name with a hyphen');
is((loaded('renamed', 'dbmate', { '20240101_a.sql' => $sections }))[0], '20240101 a unchanged', 'dbmate: its version is all it knows');
is(applied('renamed'), '', 'dbmate: a renamed file does not run again');

loaded('program', 'node-pg-migrate', { '1_a.sql' => 'SELECT 1' });
is(applied('program'), '1', 'node-pg-migrate: a SQL file');
like((load_rows($session, { '1_a.js' => 'exports.up = (pgm) => {}' }, "'node-pg-migrate', project => 'program'"))[1],
	qr/^ERROR: .*migration "1 a" is applied and its text has changed$/m, 'node-pg-migrate: a program in its place is the same migration');

my $changes = "--liquibase formatted sql\n--changeset me:1\nCREATE VIEW v AS SELECT 1 AS a;\n--changeset me:2\nSELECT 2;\n";
my $repeatable = $changes =~ s/me:1/me:1 runOnChange:true/r;
loaded('kind', 'liquibase', { 'c.sql' => $changes });
is(applied('kind'), 'c.sql::1::me c.sql::2::me', 'liquibase: changesets');
is((loaded('kind', 'liquibase', { 'c.sql' => $repeatable }))[0],
	'c.sql::2::me  unchanged,  c.sql::1::me unchanged', 'liquibase: one of them gets runOnChange');
is(applied('kind'), '', 'liquibase: it runs when its text changes only');
is((loaded('kind', 'liquibase', { 'c.sql' => $changes }))[0],
	'c.sql::2::me  unchanged, c.sql::1::me  unchanged', 'liquibase: and ceases to have it');
is(applied('kind'), '', 'liquibase: it has run');
is((loaded('kind', 'liquibase', { 'c.sql' => "$changes--changeset me:3\nSELECT 3;\n" }))[0],
	'c.sql::2::me  unchanged, c.sql::1::me  unchanged, c.sql::3::me  new', 'liquibase: what is new comes after it');
is(applied('kind'), 'c.sql::3::me', 'liquibase: and is not out of order');

#
# Plans
#
my %before = ('0000_a.sql' => 'SELECT 1', '0001_b.sql' => 'SELECT 2');
my @entries = ([ 1, '0000_a' ], [ 2, '0001_b' ]);
loaded('before first', 'native', {%before});
is(applied('before first'), '0000 0001', 'drizzle: what ran in another layout');
loaded('before first', 'drizzle', { %before, 'meta/_journal.json' => journal(@entries) });
foreach my $n (1 .. 20)
{
	unshift @entries, [ 100 + $n, "x$n" ];
	$before{"x$n.sql"} = "SELECT $n";
	($rows, $messages) = loaded('before first', 'drizzle', { %before, 'meta/_journal.json' => journal(@entries) });
}
is($session->query("SELECT string_agg(version, ' ' ORDER BY sort_key) FROM migrate.migration WHERE project = 'before first'"),
	join(' ', map { "x$_" } reverse 1 .. 20) . ' 0000 0001', 'drizzle: again and again before what was first in another layout')
  || diag($messages);

# two of one number, of which each is made anew
my %branches = ('2_a.sql' => 'SELECT 1', '2_b.sql' => 'SELECT 2');
loaded('branches', 'drizzle', { %branches, 'meta/_journal.json' => journal([ 1, '2_a' ], [ 2, '2_b' ]) });
is((loaded('branches', 'drizzle', { %branches, 'meta/_journal.json' => journal([ 3, '2_b' ], [ 4, '2_a' ]) }))[0],
	'2 b unchanged, 2 a unchanged', 'drizzle: two of one number and other times');
is($session->query("SELECT string_agg(name || identity, ' ' ORDER BY sort_key) FROM migrate.migration WHERE project = 'branches'"),
	'b3 a4', 'drizzle: each is its own');

#
# Layouts that change
#
loaded('layout', 'golang-migrate', { '1_a.up.sql' => 'SELECT 1', '1_a.down.sql' => 'SELECT 2' });
like((loaded('layout', 'auto', { '1_a.up.sql' => 'SELECT 1', '1_a.down.sql' => 'SELECT 2', 'R__v.sql' => 'SELECT 3' }))[1],
	qr/^NOTICE: .*the files are read in layout "native"$/m, 'another layout than before is named');
loaded('twins', 'node-pg-migrate', { '1_a.sql' => 'SELECT 1', '1_b.sql' => 'SELECT 2' });
like((loaded('twins', 'prisma', { '1_a/migration.sql' => 'SELECT 1' }))[1],
	qr/^ERROR: .*migration "1 b", stored in layout "node-pg-migrate", is not among the files of layout "prisma"$/m,
	'one of two of a version is missing');

# names of another form cost what names of the same form cost
is_sql($node, 'db', <<'SQL', '2000', 'many files get other names in another layout');
SET statement_timeout = '30s';
WITH f AS (SELECT array_agg(lpad(i::text, 8, '0') || '_add_' || i || '.sql') AS paths, array_agg('SELECT ' || i) AS contents
           FROM generate_series(1, 2000) i)
SELECT count(*) FROM f, migrate.load(paths, contents, 'sqlx', 'many');
SQL
$node->safe_psql('db', <<'SQL');
SELECT count(*) FROM migrate.load((SELECT array_agg(lpad(i::text, 8, '0') || '_add_' || i || '.sql') FROM generate_series(1, 2000) i),
                                  (SELECT array_agg('SELECT ' || i) FROM generate_series(1, 2000) i), 'node-pg-migrate', 'many')
SQL
is_sql($node, 'db', "SELECT layout, count(*) FROM migrate.migration WHERE project = 'many' GROUP BY 1", 'node-pg-migrate|2000', 'all of them');

#
# Names and directories
#
is((loaded('case', 'native', { '1_a.UP.sql' => 'SELECT 1', '1_a.Down.sql' => 'DROP TABLE a' }))[0],
	'1 a new', 'native: a way back in any case is no migration');

my $path = "$directory/tree";
mkdir $_ or die "could not create a directory: $!" foreach $path, "$path/sub", "$path/sub/deep", "$directory/closed";
append_to_file("$path/001_a.sql", 'SELECT 1');
append_to_file("$directory/closed/b.sql", 'SELECT 2');
symlink '..', "$path/sub/up" or die;
symlink '../..', "$path/sub/deep/up" or die;
symlink '.', "$path/sub/self" or die;
is($session->query("SET statement_timeout = '30s'; SELECT path, result FROM migrate.load('$path', project => 'tree')"),
	"$path/001_a.sql|new", 'links that lead back up');
symlink '../closed/b.sql', "$path/002_b.sql" or die;
chmod 0, "$directory/closed" or die;
like(($session->query("SELECT path FROM migrate.load('$path', project => 'tree')"))[1],
	qr/^ERROR:  42501: could not stat file "\Q$path\E\/002_b\.sql": Permission denied$/m, 'a link to what cannot be read');
chmod 0700, "$directory/closed" or die;

done_testing();
