# The layouts of golang-migrate, sqlx, tern, postgres-migrations, postgrator.

use strict;
use warnings;

use Digest::MD5 'md5_hex';
use Digest::SHA qw(sha1_hex sha256_hex sha384_hex);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use Test::More;

my $node = new_server('numbered');
my $session;
my ($rows, $messages);

new_database($node, 'db');
$session = session($node, 'db');

#
# golang-migrate
#
loads($session, 'golang-migrate', <<'ROWS' =~ s/\n\z//r, '');
000001_accounts.up.sql|000001|accounts|versioned|new
2_orders.up.sql|2|orders|versioned|new
10_orders_account.up.sql|10|orders_account|versioned|new
11_only_back.down.sql|11|only_back|versioned|new
12_view.up.sql|12|view|versioned|new
20240131120000_total.up.sql|20240131120000|total|versioned|new
3-hyphen.up.sql||||ignored
4_no_direction.sql||||ignored
99999999999999999999_too_large.up.sql||||ignored
README.md||||ignored
archive/5_old.up.sql||||ignored
schema.sql||||ignored
ROWS
is(stored($session, 'golang-migrate'), <<'ROWS' =~ s/\n\z//r, 'golang-migrate: what is stored');
000001 1 up 1 down 1
2 2 up 1 down 1
10 10 up 1
11 11 up 1 down 1
12 12 up 1 down 1
20240131120000 20240131120000 up 1 down 1
ROWS
script_is($session, 'golang-migrate', 11, 'up', '', 'a missing up file is an empty migration');
script_is($session, 'golang-migrate', 12, 'down', "DROP VIEW v;\n", 'the last direction in a name counts');
runs($session, 'golang-migrate', [qw(000001 2 10 11 12 20240131120000)], 3, 'accounts accounts_pkey orders orders_account orders_pkey');
like(($session->query("SELECT migrate.rollback(2, project => 'golang-migrate')"))[1],
	qr/^ERROR: .*"10 orders_account"/m, 'golang-migrate: there is no way back without a down file');
load_fails($session, 'golang-migrate', { '1_a.up.sql' => '', '01_b.up.sql' => '' },
	[ qr/^ERROR:  42710: files "01_b\.up\.sql" and "1_a\.up\.sql" have the same version "1"$/m ], 'two files of one number');
load_fails($session, 'golang-migrate', { '1_a.up.sql' => '', '1_a.up.sql.bak' => undef },
	[ qr/^ERROR:  22023: file "1_a\.up\.sql\.bak" is a migration by its name, but not an SQL file$/m, qr/^HINT:  Name it 1_a\.up\.sql,/m ],
	'a file that golang-migrate would run');
load_rows($session, { '18446744073709551615_last.up.sql' => '', '1__.up.sql' => "\xef\xbb\xbfSELECT 1;\r\nSELECT 2" },
	"'golang-migrate', project => 'golang-migrate odd'");
is(stored($session, 'golang-migrate odd'), "1 1 up 1\n18446744073709551615 18446744073709551615 up 1",
	'golang-migrate: the largest number');
is(scalar $session->query("SELECT name, encode(convert_to(body, 'UTF8'), 'escape') FROM migrate.migration m"
		  . " JOIN migrate.script s ON s.checksum = m.up WHERE project = 'golang-migrate odd' AND version = '1'"),
	'_|\\357\\273\\277SELECT 1;' . "\r\nSELECT 2", 'golang-migrate: the bytes of a file are kept');

#
# sqlx
#
loads($session, 'sqlx', <<'ROWS' =~ s/\n\z//r, '');
1_accounts.sql|1|accounts|versioned|new
0002_add_orders_table.up.sql|0002|add orders table|versioned|new
10_orders_index.up.sql|10|orders index|versioned|new
11_not_first.sql|11|not first|versioned|new
12_.sql|12||versioned|new
13_twice.sql.sql|13|twice|versioned|new
15_notes.txt||||ignored
old/3_old.sql||||ignored
schema.sql||||ignored
14_alone.down.sql||||ignored
ROWS
is(stored($session, 'sqlx'), <<'ROWS' =~ s/\n\z//r, 'sqlx: what is stored');
1 1 up 1
0002 2 up 1 down 1
10 10 up 1 bare down 1 bare
11 11 up 1 down 1
12 12 up 1
13 13 up 1
ROWS
runs($session, 'sqlx', [qw(1 0002 10 11 12 13)], 0, 'accounts accounts_pkey notes orders orders_id orders_pkey');
checksums_are($session, 'sqlx', 12, sha384_hex("SELECT 1;\n") . ' ' . sha384_hex('SELECT1;'),
	'the checksum is that of the file, or without the characters that sqlx.toml ignores');
like(sha384_hex("SELECT 1;\n"), qr/^24454095d8d7876c/, 'sqlx: the known checksum');
load_rows($session, { '1_a.sql' => "\xef\xbb\xbf-- no-transaction\r\nSELECT 1;\r\n", '0_a.sql' => '-- no-transactions' },
	"'sqlx', project => 'sqlx odd'");
is(stored($session, 'sqlx odd'), "0 0 up 1 bare\n1 1 up 1", 'sqlx: no-transaction are the first bytes, whatever follows');
checksums_are($session, 'sqlx odd', 1,
	join(' ', sha384_hex("\xef\xbb\xbf-- no-transaction\r\nSELECT 1;\r\n"),
		sha384_hex("\xef\xbb\xbf-- no-transaction\nSELECT 1;\n"), sha384_hex('--no-transactionSELECT1;')),
	'line ends and a byte order mark count');
foreach my $name ('seed_data.sql', '_a.sql', '1-2_a.sql', '-1_a.sql', '9223372036854775808_a.sql')
{
	load_fails($session, 'sqlx', { '1_a.sql' => '', $name => '' },
		[ qr/^ERROR:  22023: file "\Q$name\E" has no number before its first underscore$/m, qr/^HINT:/m ], $name);
}
load_fails($session, 'sqlx', { '1_a.sql' => '', '1_a.up.sql' => '' },
	[ qr/^ERROR:  42710: files "1_a\.sql" and "1_a\.up\.sql" have the same version "1"$/m ], 'two files of one number');

#
# tern
#
my $variables = q(, variables => '{"prefix": "shop", "unused": 1}');
loads($session, 'tern', <<'ROWS' =~ s/\n\z//r, $variables);
001_accounts.sql|001|accounts|versioned|new
2_view.sql|2|view|versioned|new
03_index.sql|03|index|versioned|new
04_irreversible.sql|04|irreversible|versioned|new
005_.sql||||ignored
shared/columns.sql||||ignored
shared/v1.sql||||ignored
should_be_ignored.sql||||ignored
ROWS
is(stored($session, 'tern'), <<'ROWS' =~ s/\n\z//r, 'tern: what is stored');
001 1 up 1 down 5
2 2 up 1 down 6
03 3 up 1 bare down 4
04 4 up 1
ROWS
script_is($session, 'tern', 1, 'up', "CREATE TABLE shop_accounts (\n    id int PRIMARY KEY\n);\n\n", 'a value');
script_is($session, 'tern', 1, 'down', "\n\nDROP TABLE shop_accounts;\n", 'a value in the way back');
is_sql($node, 'db', "SELECT source FROM migrate.migration WHERE project = 'tern' AND identity = '1'",
	sha256_hex("CREATE TABLE {{.prefix}}_accounts (
    id int PRIMARY KEY
);

"), 'tern: the text with its placeholders is known');
script_is($session, 'tern', 2, 'up',
	"-- the view is in a file of its own \nCREATE VIEW shop_ids AS SELECT id\n FROM shop_accounts;\n\nSELECT '{{';\n\n",
	'other files, constants and comments');
script_is($session, 'tern', 2, 'down', "\nDROP VIEW  shop_ids;\n", 'blanks are trimmed where that is said');
is_sql($node, 'db', "SELECT string_agg(version || ' ' || coalesce(variables::text, ''), ', ' ORDER BY sort_key) FROM migrate.migration WHERE project = 'tern'",
	'001 {"prefix": "shop"}, 2 {"prefix": "shop"}, 03 {"prefix": "shop"}, 04 ', 'tern: values are kept with the script');
load_rows($session, { '1_a.sql' => "SELECT 1;\n---- create above / drop below ----\nSELECT {{.one}};" },
	q('tern', project => 'tern back', variables => '{"one": 1}'));
is_sql($node, 'db', "SELECT source, variables FROM migrate.migration WHERE project = 'tern back'",
	sha256_hex("SELECT 1;\n") . '|{"one": "1"}', 'tern: a value in the way back only');
runs($session, 'tern', [qw(001 2 03 04)], 0, 'accounts_id kept shop_accounts shop_accounts_pkey shop_ids');
($rows, $messages) = load_rows($session, { layout_files('tern') }, q('tern', project => 'tern', variables => '{"prefix": "other"}'));
like($rows, qr/^03_index\.sql\|03\|index\|versioned\|unchanged$/m, 'tern: other values change nothing that is applied');
load_fails($session, 'tern', { layout_files('tern') },
	[ qr/^ERROR:  42P02: no value for placeholder "prefix"$/m, qr/^HINT:  Give it with variables/m, qr/^CONTEXT:  line 1 of file "001_accounts\.sql"$/m ],
	'a value that is missing');
load_fails($session, 'tern', { '1_a.sql' => "SELECT 1;\n\n{{ template \"s/b.sql\" . }}", 's/b.sql' => "\n{{.b}}" },
	[ qr/^ERROR:  42P02: no value for placeholder "b"$/m, qr/^CONTEXT:  line 2 of file "s\/b\.sql"$/m ], 'a value that is missing in another file');
load_fails($session, 'tern', { '1_a.sql' => 'SELECT 1;', '3_c.sql' => 'SELECT 3;' },
	[ qr/^ERROR:  22023: file "3_c\.sql" should have number 2$/m ], 'a gap');
load_fails($session, 'tern', { '0_a.sql' => 'SELECT 1;' }, [ qr/^ERROR:  22023: file "0_a\.sql" should have number 1$/m ], 'number 0');
load_fails($session, 'tern', { '1_a.sql' => 'SELECT 1;', '001_b.sql' => 'SELECT 3;' },
	[ qr/^ERROR:  42710: files "001_b\.sql" and "1_a\.sql" have the same version "1"$/m ], 'a number twice');
load_fails($session, 'tern', { '2147483648_a.sql' => 'SELECT 1;' }, [ qr/^ERROR:  22023: the number of file "2147483648_a\.sql" is too large$/m ],
	'a large number');
load_fails($session, 'tern', { '1_a.sql' => "\n-- nothing\n---- create above / drop below ----\nDROP TABLE a;" },
	[ qr/^ERROR:  22023: file "1_a\.sql" has no SQL to apply$/m ], 'nothing to apply');
load_fails($session, 'tern', { '1_a.sql' => 'SELECT 1;', '2_b.sql' => '' }, [ qr/^ERROR:  22023: file "2_b\.sql" has no SQL to apply$/m ], 'an empty file');
load_fails($session, 'tern', { '1_a.sql' => "SELECT 1;\n{{ template \"s/x.sql\" . }}" },
	[ qr/^ERROR:  58P01: there is no file "s\/x\.sql" for a template$/m, qr/^CONTEXT:  line 2 of file "1_a\.sql"$/m ], 'a file that is not there');
load_fails($session, 'tern', { '1_a.sql' => '{{ template "s/x.sql" . }}', 's/x.sql' => '{{ template "s/x.sql" . }}' },
	[ qr/^ERROR:  54001: file "s\/x\.sql" takes in itself$/m, qr/^CONTEXT:  line 1 of file "s\/x\.sql"$/m ], 'a file that takes in itself');
foreach my $action ('if .x', '.a.b', '', 'template .x', 'template "s/x.sql" .y', '/* a */ .x', '/* a */-', '/* a', '-', 'install_snapshot "x"', "sub 43 1", '"a\\"b"', '{1,2},{3,4')
{
	load_fails($session, 'tern', { '1_a.sql' => "SELECT 1;\nSELECT {{ $action }}" },
		[ qr/^ERROR:  0A000: template action \{\{\Q$action\E/m, qr/^CONTEXT:  line 2 of file "1_a\.sql"$/m, qr/tern print-migrations/ ],
		"template action $action");
}
load_fails($session, 'tern', { '1_a.sql' => "SELECT 1;\nSELECT {{ .x" },
	[ qr/^ERROR:  0A000: template action \{\{ \.x/m, qr/^CONTEXT:  line 2 of file "1_a\.sql"$/m ], 'an action without an end');

#
# postgres-migrations
#
loads($session, 'postgres-migrations', <<'ROWS' =~ s/\n\z//r, '');
00001_create-table.sql|00001|create-table|versioned|new
2-add_column.sql|2|add_column|versioned|new
3.sql|3|3.sql|versioned|new
4direct.sql|4|direct|versioned|new
1_create-table.md||||ignored
sub/9_old.sql||||ignored
ROWS
is(stored($session, 'postgres-migrations'), "00001 1 up 1\n2 2 up 1\n3 3 up 1 bare\n4 4 up 1", 'postgres-migrations: what is stored');
checksums_are($session, 'postgres-migrations', 4, sha1_hex("4direct.sqlSELECT 1;\n"), 'the checksum is that of the name and the text');
checksums_are($session, 'postgres-migrations', 3, 'bf4c0b9cb2511ff510ec353b9bf6a2c9b9b4d3ac', 'what postgres-migrations 5.3 has recorded for this file');
runs($session, 'postgres-migrations', [qw(00001 2 3 4)], 0, 'accounts accounts_name accounts_pkey');
($rows) = load_rows($session, { '1_a.SQL' => 'SELECT 1;' }, "'postgres-migrations', project => 'postgres-migrations odd'");
is($rows, '1_a.SQL|1|a|versioned|new', 'postgres-migrations: endings in capitals');
foreach my $name ('schema.sql', '-1_a.sql', 'helper.js')
{
	load_fails($session, 'postgres-migrations', { '1_a.sql' => '', $name => '' },
		[ qr/^ERROR:  22023: file "\Q$name\E" has no number$/m ], $name);
}
load_fails($session, 'postgres-migrations', { '1_a.sql' => '', '3_a.sql' => '' },
	[ qr/^ERROR:  22023: file "3_a\.sql" should have number 2$/m ], 'a gap');
load_fails($session, 'postgres-migrations', { '1_a.sql' => '', '1-b.sql' => '' },
	[ qr/^ERROR:  42710: files "1-b\.sql" and "1_a\.sql" have the same version "1"$/m ], 'a number twice');
load_fails($session, 'postgres-migrations', { '1_a.sql' => '', '2_b.js' => 'module.exports' , '3_c.JS' => undef, 'sub/4.sql' => ''},
	[ qr/^ERROR:  0A000: 2 files are not SQL and are not applied$/m, qr/^DETAIL:  2_b\.js\n3_c\.JS$/m, qr/generateSql/ ], 'files in JavaScript');

#
# postgrator
#
loads($session, 'postgrator', <<'ROWS' =~ s/\n\z//r, '');
001.do.sql|001||versioned|new
2.do.add-column.sql|2|add-column|versioned|new
10.do.with.dots.sql|10|with|versioned|new
000.do.sql||||ignored
10.undo.with.mjs||||ignored
12.up.sql||||ignored
13.sql||||ignored
create.sql||||ignored
old/3.do.sql||||ignored
11.undo.sql||||ignored
ROWS
is(stored($session, 'postgrator'), "001 1 up 1 down 1\n2 2 up 1 down 1\n10 10 up 1", 'postgrator: what is stored');
my $script = { layout_files('postgrator') }->{'001.do.sql'};
checksums_are($session, 'postgrator', 1, join(' ', map { md5_hex($_) } $script, $script =~ s/\n/\r\n/r, $script =~ s/\n/\r/r),
	'the checksum is that of the file, its line ends as they are or alike');
like(scalar $session->query("SELECT checksums[1] FROM migrate.migration WHERE project = 'postgrator' AND identity = '2'"),
	qr/^a4e5970465df7d96dc56a5daf6a77e19$/, 'postgrator: what postgrator 8 has recorded for this file');
runs($session, 'postgrator', [qw(001 2 10)], 0, 'accounts accounts_name accounts_pkey');
load_rows($session, { '1.do.a.sql' => "SELECT 1;\r\nSELECT 2;\rSELECT 3;\n" }, "'postgrator', project => 'postgrator odd'");
checksums_are($session, 'postgrator odd', 1,
	join(' ', map { md5_hex("SELECT 1;$_->[0]SELECT 2;$_->[1]SELECT 3;$_->[2]") }
		  [ "\r\n", "\r", "\n" ], [ "\n", "\n", "\n" ], [ "\r\n", "\r\n", "\r\n" ], [ "\r", "\r", "\r" ]),
	'all kinds of line ends');
load_fails($session, 'postgrator', { '1.do.a.sql' => '', '01.do.b.sql' => '' },
	[ qr/^ERROR:  42710: files "01\.do\.b\.sql" and "1\.do\.a\.sql" have the same version "1"$/m ], 'a number twice');
load_fails($session, 'postgrator', { '9007199254740992.do.sql' => '' },
	[ qr/^ERROR:  22023: the number of file "9007199254740992\.do\.sql" is too large$/m ], 'a large number');
load_fails($session, 'postgrator', { '1.do.sql' => 'SELECT 1', '2.do.b.cjs' => '', '2.undo.b.sql' => 'SELECT 2', '3.do.js' => '' },
	[ qr/^ERROR:  0A000: 2 files are not SQL and are not applied$/m, qr/^DETAIL:  2\.do\.b\.cjs\n3\.do\.js$/m, qr/generateSql/ ],
	'files in JavaScript');

# Nothing at all, and hostile names.
foreach my $layout ('golang-migrate', 'sqlx', 'tern', 'postgres-migrations', 'postgrator')
{
	is(scalar load_rows($session, {}, "'$layout', project => 'fails'"), '', "$layout: no files");
	is(scalar load_rows($session, { map { $_ => 'SELECT 1' } 'a', '.sql', '%s%n', '..', '/', "\xc3\xa9.txt", '_' x 1000, '.up.sql', '0' x 30 },
			"'$layout', project => 'fails'") =~ s/.*\|ignored\n?//gmr,
		'', "$layout: names that are nothing to it")
	  unless $layout eq 'postgres-migrations';
}
is_sql($node, 'db', "SELECT count(*) FROM migrate.migration WHERE project = 'fails'", '0', 'nothing is stored of what failed');

# A directory of many files.
$session->query(<<'SQL');
CREATE TEMP TABLE many AS SELECT array_agg(n || '_x.up.sql' ORDER BY n) AS paths, array_agg('SELECT ' || n || repeat(' ', 200) ORDER BY n) AS contents
FROM generate_series(1, 5000) n
SQL
foreach my $layout ('golang-migrate', 'sqlx')
{
	my $took = $session->query(
		"DO \$\$ DECLARE start timestamptz := clock_timestamp(); BEGIN PERFORM migrate.load(paths, contents, '$layout', project => 'many $layout') FROM many;\n"
		  . "PERFORM set_config('test.took', extract(epoch FROM clock_timestamp() - start)::text, false); END \$\$; SELECT current_setting('test.took')");

	note(sprintf("figure: 5000 files of %s are loaded in %.2f s", $layout, $took));
	cmp_ok($took, '<', 10, "$layout: 5000 files");
}

$session->quit;
$node->stop;
done_testing();
