# The layouts of dbmate, goose, sql-migrate, node-pg-migrate.

use strict;
use warnings;

use Digest::SHA 'sha256_hex';
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('sections');
my $session;
my ($rows, $messages);

new_database($node, 'db');
$session = session($node, 'db');

#
# dbmate
#
loads($session, 'dbmate', <<'ROWS' =~ s/\n\z//r, '');
0100-zeros.sql|0100|zeros|versioned|new
1000_number.sql|1000|number|versioned|new
100_text.sql|100|text|versioned|new
20240101000000_accounts.sql|20240101000000|accounts|versioned|new
20240102000000-orders.sql|20240102000000|orders|versioned|new
20240103000000.sql|20240103000000||versioned|new
schema.sql||||ignored
sub/20240104000000_old.sql||||ignored
ROWS
is(stored($session, 'dbmate'), <<'ROWS' =~ s/\n\z//r, 'dbmate: what is stored');
0100 0100 up 2 down 4
1000 1000 up 2 down 4
100 100 up 2 down 4
20240101000000 20240101000000 up 5 down 8
20240102000000 20240102000000 up 2 bare down 5 bare
20240103000000 20240103000000 up 2 down 7
ROWS
script_is($session, 'dbmate', '20240101000000', 'up', "CREATE TABLE accounts (id int PRIMARY KEY);\n\n", 'a section');
script_is($session, 'dbmate', '0100', 'down', '', 'an empty way back');
script_is($session, 'dbmate', '20240103000000', 'up',
	"CREATE TABLE one (id int);\n-- migrate:uploads are not meant here\n -- migrate:down neither\n-- Migrate:down nor here\n\n\n\n\nCREATE TABLE two (id int);\n",
	'several sections are one script, on the lines that they have in the file');
script_is($session, 'dbmate', '20240103000000', 'down', "DROP TABLE one;\n\n\n\n\nDROP TABLE two;\n", 'and so are those of the way back');
runs($session, 'dbmate', [qw(0100 1000 100 20240101000000 20240102000000 20240103000000)], 6, '');
load_rows($session, { '3_a.sql' => "\xef\xbb\xbf-- migrate:up\r\nSELECT 1;\r\n-- migrate:down transaction:false\r\nSELECT 2;", '3000000000000000000000000_b.sql' => "-- migrate:up\n-- migrate:down" },
	"'dbmate', project => 'dbmate odd'");
is(stored($session, 'dbmate odd'), "3000000000000000000000000 3000000000000000000000000 up 2 down 3\n3 3 up 2 down 4 bare",
	'dbmate: a byte order mark, line ends of another kind, no line end, a long number');
$rows = load_rows($session, { '3_renamed.sql' => "-- migrate:up\nSELECT 1;\n-- migrate:down transaction:false\nSELECT 2;" }, "'dbmate', project => 'dbmate odd'");
is($rows, '3_renamed.sql|3|renamed|versioned|replaced', 'dbmate: what follows the number may be renamed');

is(scalar load_rows($session, { map { $_ => "-- migrate:up\n-- migrate:down\n" } '1-a.sql', '10.sql', '100 b.sql', "1000\xc3\xa9.sql", '10000.sql', '100000~.sql' },
		"'dbmate', project => 'dbmate order'") =~ s/\.sql.*//gmr,
	"1-a\n10\n100 b\n10000\n100000~\n1000\xc3\xa9", 'dbmate: the order of bytes');
my %dbmate_errors = (
	'' => [ 1, 'there is no line "-- migrate:up"' ],
	'-- migrate:up' => [ 1, 'there is no line "-- migrate:down"' ],
	"-- migrate:down\n-- migrate:up\n" => [ 1, '"-- migrate:down" before "-- migrate:up"' ],
	"-- a\n\nSELECT 1;\n-- migrate:up\n-- migrate:down\n" => [ 3, 'text before "-- migrate:up"' ],
	"-- migrate:up\n-- migrate:down\n-- migrate:down\n" => [ 3, '"-- migrate:down" follows another one' ],
	"-- migrate:up\nSELECT 1;\n-- migrate:up\n-- migrate:down\n" => [ 3, '"-- migrate:up" follows another one' ],
	" -- migrate:up\nSELECT 1;\n-- migrate:down\n" => [ 2, 'text before "-- migrate:up"' ]);
foreach my $content (sort keys %dbmate_errors)
{
	my ($line, $message) = @{ $dbmate_errors{$content} };

	load_fails($session, 'dbmate', { '1_good.sql' => "-- migrate:up\n-- migrate:down\n", '2_bad.sql' => $content },
		[ qr/^ERROR:  22023: \Q$message\E$/m, qr/^CONTEXT:  line $line of file "2_bad\.sql"$/m ], "$message, line $line");
}
load_fails($session, 'dbmate', { '1_a.sql' => "-- migrate:up\n-- migrate:down\n", '1-b.sql' => "-- migrate:up\n-- migrate:down\n" },
	[ qr/^ERROR:  42710: files "1-b\.sql" and "1_a\.sql" have the same version "1"$/m ], 'a version twice');

#
# goose
#
my $variables = q(, variables => '{"SCHEMA": "goose", "TABLE": "orders", "EMPTY": "", "other": 1}');
loads($session, 'goose', <<'ROWS' =~ s/\n\z//r, $variables);
00001_accounts.sql|00001|accounts|versioned|new
2_functions.sql|2|functions|versioned|new
10_index.sql|10|index|versioned|new
11_forward_only.sql|11|forward_only|versioned|new
20240131120000_variables.sql|20240131120000|variables|versioned|new
0_zero.sql||||ignored
3-hyphen.sql||||ignored
4_data_test.go||||ignored
helpers.sql||||ignored
main.go||||ignored
sub/5_old.sql||||ignored
ROWS
is(stored($session, 'goose'), <<'ROWS' =~ s/\n\z//r, 'goose: what is stored');
00001 1 up 4 down 11
2 2 up 2 down 12
10 10 up 2 bare down 5 bare
11 11 up 2
20240131120000 20240131120000 up 2 down 15
ROWS
script_is($session, 'goose', 1, 'up',
	"CREATE TABLE accounts (id int PRIMARY KEY);\n-- a comment; with a semicolon\nINSERT INTO accounts\n-- within a statement\nVALUES (1);\n\n",
	'a section, as it is');
script_is($session, 'goose', '20240131120000', 'up', <<'SQL', 'variables, where they are replaced');
-- '$unset' in a comment between statements is nothing
CREATE TABLE before ("$id" int);

-- $unset
CREATE TABLE goose.orders (
	a text DEFAULT 'none of goose', -- orders
	b text DEFAULT 'used',
	c text DEFAULT '${TEXT} $x \\ $(pwd) 5$',
	d text DEFAULT 'ders or er orders'
);

COMMENT ON TABLE before IS '${TABLE}';
SQL
script_is($session, 'goose', '20240131120000', 'down', "\nDROP TABLE before, goose.orders;\n", 'and in the way back');
is_sql($node, 'db', "SELECT variables FROM migrate.migration WHERE project = 'goose' AND variables IS NOT NULL",
	'{"EMPTY": "", "TABLE": "orders", "SCHEMA": "goose"}', 'goose: the values are kept with the script');
my ($up) = { layout_files('goose') }->{'20240131120000_variables.sql'} =~ /^-- \+goose Up\n(.*)^-- \+goose Down\n/ms;
is_sql($node, 'db', "SELECT source FROM migrate.migration WHERE project = 'goose' AND variables IS NOT NULL",
	sha256_hex($up), 'goose: the text with its variables is known');
load_rows($session, { '1_a.sql' => "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose ENVSUB ON\nSELECT \$ONE;" },
	q('goose', project => 'goose back', variables => '{"ONE": 1}'));
is_sql($node, 'db', "SELECT source, variables FROM migrate.migration WHERE project = 'goose back'",
	sha256_hex("SELECT 1;\n") . '|{"ONE": "1"}', 'goose: a value in the way back only');
runs($session, 'goose', [qw(00001 2 10 11 20240131120000)], 1, 'accounts accounts_id accounts_pkey kept');
load_rows($session, { '7_a.sql' => "\xef\xbb\xbf-- +goose Up\r\nSELECT 1\r\n;\r\n-- +goose Down\r\nSELECT 2;", '8_b.sql' => '-- +goose Up' },
	"'goose', project => 'goose odd'");
is(stored($session, 'goose odd'), "7 7 up 2 down 5\n8 8 up 2", 'goose: a byte order mark, line ends of another kind, no line end');

# One line with variables: what becomes of it.
sub interpolates
{
	my ($text, $expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $project = sprintf('goose i%d', Test::More->builder->current_test);

	load_rows($session, { '1_a.sql' => "-- +goose ENVSUB ON\n-- +goose Up\nSELECT $text ;" },
		qq('goose', project => '$project', variables => '{"A": "abcdef", "B_1": "x", "EMPTY": "", "N": "\$A"}'));
	return script_is($session, $project, 1, 'up', "SELECT $expected ;", "interpolation of $text");
}
interpolates(@$_)
  foreach [ '$A.$B_1.$A', 'abcdef.x.abcdef' ], [ '${A}${B_1}', 'abcdefx' ], [ '$N', '$A' ],
  [ '${EMPTY:-a}${EMPTY-b}${U-c}${U:-d}', 'acd' ], [ '${A:-$U}${A-${U}}${A?$U}', 'abcdef' x 3 ], [ '${U:-${V:-$A}}', 'abcdef' ],
  [ '${EMPTY:--:{}}', '-:{}' ], [ '${U:-}', '' ], [ '${A?}', 'abcdef' ],
  [ '${A:0}', 'abcdef' ], [ '${A:2}', 'cdef' ], [ '${A: -2}', 'ef' ], [ '${A: -20}', 'abcdef' ], [ '${A:20}', '' ],
  [ '${A:0:2}', 'ab' ], [ '${A:2:2}', 'cd' ], [ '${A:1:-2}', 'bcd' ], [ '${A:4:-4}', '' ], [ '${A:0:99}', 'abcdef' ], [ '${A:0:0}', '' ],
  [ '${A:0:-99}', '' ], [ '$$A \$A $${A} \${A}', '$A $A ${A} ${A}' ], [ '\\\\$A \\n', '\\\\abcdef \\n' ], [ '$(A) $(', '$(A) $(' ], [ "\xc3\xa9\$A", "\xc3\xa9abcdef" ];

my %goose_errors = (
	'' => [ 1, 'there is no line "-- +goose Up"' ],
	"-- comment\n" => [ 1, 'there is no line "-- +goose Up"' ],
	"\nSELECT 1;\n-- +goose Up\n" => [ 2, 'text before "-- +goose Up"' ],
	"-- +goose Down\n" => [ 1, '"-- +goose Down" before "-- +goose Up"' ],
	"-- +goose Up\n\n-- +goose Up\n" => [ 3, '"-- +goose Up" appears twice' ],
	"-- +goose Up\n-- +goose Down\n-- +goose Up\n" => [ 3, '"-- +goose Up" appears twice' ],
	"-- +goose Up\n-- +goose Down\n-- +goose Down\n" => [ 3, '"-- +goose Down" appears twice' ],
	"-- +goose Up\n -- +goose Down\n" => [ 2, 'a line for goose is indented' ],
	"-- +goose\n" => [ 1, '"-- +goose" is nothing that goose knows' ],
	"-- +goose Up +goose Down\n" => [ 1, '"-- +goose Up +goose Down" is nothing that goose knows' ],
	"-- +goose Up\n-- we like +goose\n" => [ 2, '"-- we like +goose" is nothing that goose knows' ],
	"-- +goose StatementBegin\n" => [ 1, 'StatementBegin out of place' ],
	"-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n" => [ 2, 'StatementBegin without StatementEnd' ],
	"-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose Down\n" => [ 2, 'StatementBegin without StatementEnd' ],
	"-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementBegin\n" => [ 3, 'StatementBegin out of place' ],
	"-- +goose Up\n-- +goose StatementEnd\n" => [ 2, 'StatementEnd without StatementBegin' ],
	"-- +goose Up\nSELECT 1;\n\nSELECT\n2 -- ;\n\n-- +goose Down\n" => [ 4, 'the statement has no end' ],
	"-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2" => [ 4, 'the statement has no end' ]);
foreach my $content (sort keys %goose_errors)
{
	my ($line, $message) = @{ $goose_errors{$content} };

	load_fails($session, 'goose', { '1_good.sql' => "-- +goose Up\n", '2_bad.sql' => $content },
		[ qr/^ERROR:  22023: \Q$message\E$/m, qr/^CONTEXT:  line $line of file "2_bad\.sql"$/m ], "$message, line $line");
}
my %variable_errors = (
	'$U' => '42P02: no value for placeholder "U"',
	'${U}' => '42P02: no value for placeholder "U"',
	'${U:1}' => '42P02: no value for placeholder "U"',
	'${E:-$U}' => '42P02: no value for placeholder "U"',
	'${U?}' => '42P02: no value for placeholder "U"',
	'${U?say ${E-who}}' => '42P02: no value for placeholder "U"',
	'$1 a' => '42601: expected the name of a variable after "$" in ',
	'$_a' => '42601: expected the name of a variable after "$" in ',
	'${}' => '42601: expected the name of a variable after "$" in ',
	'${E' => '42601: expected "}" after the name of a variable in ',
	'${E+a}' => '42601: expected "}" after the name of a variable in ',
	'${E:-a' => '42601: expected "}" in ',
	'${E:x}' => '42601: expected a number in ',
	'${E:}' => '42601: expected a number in ',
	'${E:1:}' => '42601: expected a number in ',
	'${E:1:2' => '42601: expected a number in ',
	'${E:99999999999999999999}' => '42601: expected a number in ',
	"\$\$ \${A:0:1}" => '22021: a part of a value begins or ends within a character');
foreach my $text (sort keys %variable_errors)
{
	my $message = $variable_errors{$text};

	load_fails($session, 'goose', { '1_a.sql' => "-- +goose Up\n-- +goose ENVSUB ON\n\nSELECT $text;" },
		[ qr/^ERROR:  \Q$message\E/m, qr/^CONTEXT:  line 4 of file "1_a\.sql"$/m ], "variables: $text", variables => qq({"E": "", "A": "\xc3\xa9"}));
}
like((load_rows($session, { '1_a.sql' => "-- +goose ENVSUB ON\n-- +goose Up\nSELECT \${U?say \${E-who}};" }, "'goose', project => 'fails'"))[1],
	qr/^DETAIL:  The file says: say who$/m, 'goose: an error of the file itself');
like((load_rows($session, { '1_a.sql' => "-- +goose ENVSUB ON\n-- +goose Up\nSELECT " . ('${U:-' x 100000) }, "'goose', project => 'fails'"))[1],
	qr/^ERROR:  54001: stack depth limit exceeded$/m, 'goose: variables within variables');
load_fails($session, 'goose', { '1_a.sql' => "-- +goose Up\n-- +goose  " . "\xc3\xa9" x 1000 },
	[ qr/^ERROR:  22023: "-- \+goose  (\xc3\xa9|\x{e9}){34}\.\.\." is nothing that goose knows$/m ], 'a long line is cut between characters');
load_fails($session, 'goose', { '1_a.sql' => "-- +goose Up\n", '001_b.sql' => "-- +goose Up\n" },
	[ qr/^ERROR:  42710: files "001_b\.sql" and "1_a\.sql" have the same version "1"$/m ], 'a number twice');
load_fails($session, 'goose', { '1_a.sql' => "-- +goose Up\n", '2_b.go' => 'package b', '3_c.go' => undef, 'c/4_d.sql' => 'SELECT stray' },
	[ qr/^ERROR:  0A000: 2 files are not SQL and are not applied$/m, qr/^DETAIL:  2_b\.go\n3_c\.go$/m, qr/goose cannot print/ ], 'files in Go');
load_fails($session, 'goose', { '1_b.go' => 'package b', 'sql/1.sql' => 'SELECT stray' },
	[ qr/^ERROR:  0A000: 1 file is not SQL and is not applied$/m ], 'nothing but a file in Go');
is(scalar load_rows($session, { '9223372036854775807_a.sql' => "-- +goose Up\n", '9223372036854775808_b.sql' => 'stray', '+1_c.sql' => 'stray' },
		"'goose', project => 'goose large'"),
	"9223372036854775807_a.sql|9223372036854775807|a|versioned|new\n+1_c.sql||||ignored\n9223372036854775808_b.sql||||ignored", 'goose: the largest number');

#
# sql-migrate
#
loads($session, 'sql-migrate', <<'ROWS' =~ s/\n\z//r, '');
1_accounts.sql|1|accounts|versioned|new
1_orders.sql|1|orders|versioned|new
02-functions.sql|02|functions|versioned|new
10_index.sql|10|index|versioned|new
last.sql|last||versioned|new
README.md||||ignored
sub/3_old.sql||||ignored
ROWS
is(stored($session, 'sql-migrate'), <<'ROWS' =~ s/\n\z//r, 'sql-migrate: what is stored');
1 1_accounts.sql up 3 down 7
1 1_orders.sql up 2 down 4
02 02-functions.sql up 4 down 2
10 10_index.sql up 2 bare down 5 bare
last last.sql up 2
ROWS
script_is($session, 'sql-migrate', '02-functions.sql', 'up', <<'SQL', 'several sections are one script, on the lines that they have in the file');
-- +migrate StatementBegin
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RETURN 1;
END;
$$;
-- +migrate StatementEnd
-- +migrate Unknown words are nothing



CREATE TABLE more (id int);
SQL
script_is($session, 'sql-migrate', '02-functions.sql', 'down', "DROP FUNCTION f();\n" . "\n" x 10 . "DROP TABLE IF EXISTS more;\n",
	'and so are those of the way back');
script_is($session, 'sql-migrate', '1_orders.sql', 'down', "-- nothing to do\n", 'a way back that does nothing');
runs($session, 'sql-migrate', [qw(1 1 02 10 last)], 0, 'accounts accounts_pkey more orders orders_id orders_pkey');
load_rows($session, { '7_a.sql' => "\xef\xbb\xbf-- +migrate Up\r\nSELECT 1;\r\n-- +migrate Down\r\nSELECT 2;", 'b.sql' => "-- +migrate Down notransaction\nSELECT 1;" },
	"'sql-migrate', project => 'sql-migrate odd'");
is(stored($session, 'sql-migrate odd'), "7 7_a.sql up 2 down 4\nb b.sql up 1 down 2 bare",
	'sql-migrate: a byte order mark, line ends of another kind, no line end; no way there');
my %sql_migrate_errors = (
	'' => [ 1, 'there is no line "-- +migrate Up"' ],
	"SELECT 1;\n--+migrate Up\n" => [ 3, 'there is no line "-- +migrate Up"' ],
	"-- +migrate Up\n\nSELECT 1\n-- ;\n-- +migrate Down\n" => [ 3, 'the statement has no end' ],
	"-- +migrate Up\nSELECT 1" => [ 2, 'the statement has no end' ],
	"-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\n" => [ 2, 'StatementBegin without StatementEnd' ],
	"-- +migrate Up\n-- +migrate  \n" => [ 2, '"-- +migrate" without a command' ]);
foreach my $content (sort keys %sql_migrate_errors)
{
	my ($line, $message) = @{ $sql_migrate_errors{$content} };

	load_fails($session, 'sql-migrate', { '1_good.sql' => "-- +migrate Up\n", '2_bad.sql' => $content },
		[ qr/^ERROR:  22023: \Q$message\E$/m, qr/^CONTEXT:  line $line of file "2_bad\.sql"$/m ], "$message, line $line");
}
load_fails($session, 'sql-migrate', { '9223372036854775808_a.sql' => "-- +migrate Up\n" },
	[ qr/^ERROR:  22023: the number of file "9223372036854775808_a\.sql" is too large$/m ], 'a large number');

#
# node-pg-migrate
#
loads($session, 'node-pg-migrate', <<'ROWS' =~ s/\n\z//r, '');
7_a-9.sql|7|a-9|versioned|new
7_a10.sql|7|a10|versioned|new
7_a.sql|7|a|versioned|new
7_A.sql|7|A|versioned|new
0007_b.sql|0007|b|versioned|new
10.sql|10||versioned|new
1700000000000_accounts.sql|1700000000000|accounts|versioned|new
20231114221320000_orders.sql|20231114221320000|orders|versioned|new
1700000000001_up_only.sql|1700000000001|up_only|versioned|new
1700000000002_whole.sql|1700000000002|whole|versioned|new
1700000000003_alone.up.sql|1700000000003|alone|versioned|new
1700000000003_pair.up.sql|1700000000003|pair|versioned|new
notes.txt||||ignored
sql/1_old.sql||||ignored
ROWS
is(stored($session, 'node-pg-migrate'), <<'ROWS' =~ s/\n\z//r, 'node-pg-migrate: what is stored');
7 7_a-9 up 1
7 7_a10 up 1
7 7_a up 1
7 7_A up 1
0007 0007_b up 1
10 10 up 1
1700000000000 1700000000000_accounts up 2 down 5
20231114221320000 20231114221320000_orders up 6 down 3
1700000000001 1700000000001_up_only up 1
1700000000002 1700000000002_whole up 1 down 3
1700000000003 1700000000003_alone up 1
1700000000003 1700000000003_pair up 1 down 1
ROWS
script_is($session, 'node-pg-migrate', '1700000000000_accounts', 'up', "CREATE TABLE accounts (id int PRIMARY KEY);\n\n", 'a section');
script_is($session, 'node-pg-migrate', '20231114221320000_orders', 'up', "CREATE TABLE orders (id int PRIMARY KEY);\n", 'sections the other way round');
script_is($session, 'node-pg-migrate', '20231114221320000_orders', 'down', "DROP TABLE orders;\n", 'and the way back');
script_is($session, 'node-pg-migrate', '1700000000002_whole', 'up', "CREATE TABLE whole (id int);\n-- Down Migration\nDROP TABLE whole;\n",
	'without a section for up all of the file is run');
script_is($session, 'node-pg-migrate', '1700000000003_pair', 'up', "CREATE TABLE pair (id int);\n-- Down Migration\nCREATE TABLE pair_too (id int);\n",
	'a file of a pair has no sections');
runs($session, 'node-pg-migrate', [qw(7 7 7 7 0007 10 1700000000000 20231114221320000 1700000000001 1700000000002 1700000000003 1700000000003)],
	1, 'accounts accounts_pkey alone orders orders_pkey up_only');
load_rows($session, { '1_a.sql' => "\xef\xbb\xbf--UP MIGRATION\r\nSELECT 1;\r\n\r\n\t--\t-up\r\nmigration\r\n-- Down migration", '2_b.up.sql' => '', '2_b.down.sql' => '', '99999999999999999999_c.sql' => "\n" },
	"'node-pg-migrate', project => 'node-pg-migrate odd'");
is(stored($session, 'node-pg-migrate odd'), "1 1_a up 2 down 6\n2 2_b up 1\n99999999999999999999 99999999999999999999_c up 1",
	'node-pg-migrate: a byte order mark, line ends of another kind, no line end, empty files, a long number');
my %node_errors = (
	'seed.sql' => '22023: file "seed.sql" has no number',
	'helper.ts' => '22023: file "helper.ts" has no number',
	'20241301000000000_a.sql' => '22023: the number of file "20241301000000000_a.sql" is no date',
	'20240101240000001_a.sql' => '22023: the number of file "20240101240000001_a.sql" is no date',
	'1_x.js' => '42710: files "1_x.js" and "1_x.sql" have the same name for node-pg-migrate',
	'1_x.up.sql' => '42710: files "1_x.sql" and "1_x.up.sql" have the same name for node-pg-migrate',
	'1_x.down.sql' => '42710: files "1_x.down.sql" and "1_x.sql" have the same name for node-pg-migrate',
	'2_y.down.sql' => '22023: down script "2_y.down.sql" has no up script');
foreach my $name (sort keys %node_errors)
{
	load_fails($session, 'node-pg-migrate', { '1_x.sql' => '', $name => '' }, [ qr/^ERROR:  \Q$node_errors{$name}\E$/m ], $name);
}
load_fails($session, 'node-pg-migrate', { '1_a.sql' => '', '2_b.js' => 'exports.up', '3_c.mts' => undef, 'sql/2_b.sql' => 'SELECT stray', '.eslintrc.js' => '' },
	[ qr/^ERROR:  0A000: 2 files are not SQL and are not applied$/m, qr/^DETAIL:  2_b\.js\n3_c\.mts$/m, qr/node-pg-migrate up --dry-run/ ],
	'files in JavaScript');
load_fails($session, 'node-pg-migrate', { '1_a.js' => '', 'sql/1_a.sql' => 'SELECT stray' },
	[ qr/^ERROR:  0A000: 1 file is not SQL and is not applied$/m ], 'nothing but a file in JavaScript');

# An error names the line of the file, wherever the script was cut out of it.
my %broken = (
	dbmate => "-- a\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n-- migrate:up\nSELECT 1/0;\n-- migrate:down\n",
	goose => "\n\n\n-- +goose Up\n-- +goose ENVSUB ON\nSELECT 1/\$ZERO;\n",
	'sql-migrate' => "-- +migrate Up\nSELECT 1;\n-- +migrate Down\n\n-- +migrate Up\nSELECT\n1/0;\n",
	'node-pg-migrate' => "--\n-- Down Migration\nSELECT 1;\n-- Up Migration\n\nSELECT 1/0;\n");
my %broken_line = (dbmate => 7, goose => 6, 'sql-migrate' => 6, 'node-pg-migrate' => 6);
foreach my $layout (sort keys %broken)
{
	load_rows($session, { '1_a.sql' => $broken{$layout} }, qq('$layout', project => 'broken', variables => '{"ZERO": "0"}'));
	$session->query("SELECT migrate.apply(project => 'broken')");
	is(scalar $session->query("SELECT error_sqlstate, error_line FROM migrate.history WHERE project = 'broken' ORDER BY id DESC LIMIT 1"),
		"22012|$broken_line{$layout}", "$layout: the line of an error");
	$session->query("SELECT migrate.unregister('1', project => 'broken')");
}

# Long lines and hostile contents end in some result, soon.
foreach my $layout ('dbmate', 'goose', 'sql-migrate', 'node-pg-migrate')
{
	my $start = { dbmate => "-- migrate:up\n", goose => "-- +goose Up\n", 'sql-migrate' => "-- +migrate Up\n" }->{$layout} // '';
	my $number = 0;

	is(scalar load_rows($session, {}, "'$layout', project => 'fails'"), '', "$layout: no files");
	foreach my $text ('x' x 1_000_000, "\n" x 1_000_000, "--\n" x 300_000, '$$;' x 300_000, "-- +goose \xc3\xa9", '${' x 1000, "\x01\x7f", "-- migrate:up transaction:\n-- migrate:down", '-- up')
	{
		$number++;
		$session->query("DO \$do\$ BEGIN PERFORM migrate.load(ARRAY['1_x.sql'], ARRAY[" . MigrateLayout::quoted($start . $text) . "], '$layout', project => 'long $layout $number');"
			  . " EXCEPTION WHEN OTHERS THEN PERFORM 1; END \$do\$");
		is(scalar $session->query('SELECT 1'), '1', "$layout: content $number");
	}
}
is_sql($node, 'db', "SELECT count(*) FROM migrate.migration WHERE project = 'fails'", '0', 'nothing is stored of what failed');

# A directory of many files.
foreach my $layout ('dbmate', 'goose', 'sql-migrate', 'node-pg-migrate')
{
	my $took = $session->query(<<"SQL");
DO \$do\$
DECLARE
	paths text[] := array_agg(n || '_x.sql' ORDER BY n) FROM generate_series(1, 5000) n;
	contents text[] := array_agg(E'-- migrate:up\\n-- +goose Up\\n-- +migrate Up\\nSELECT ' || n || repeat(' ', 200) || E';\\n-- migrate:down\\nSELECT 1;\\n' ORDER BY n) FROM generate_series(1, 5000) n;
	start timestamptz := clock_timestamp();
BEGIN
	PERFORM migrate.load(paths, contents, '$layout', project => 'many $layout');
	PERFORM set_config('test.took', extract(epoch FROM clock_timestamp() - start)::text, false);
END \$do\$; SELECT current_setting('test.took')
SQL

	note(sprintf("figure: 5000 files of %s are loaded in %.2f s", $layout, $took));
	cmp_ok($took, '<', 10, "$layout: 5000 files");
}

$session->quit;
$node->stop;
done_testing();
