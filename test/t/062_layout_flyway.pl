# The layouts of Flyway and refinery: their directories by both forms of load(),
# what is stored of them, and that it runs; what is refused, and how.

use strict;
use warnings;

use Compress::Raw::Zlib ();
use Digest::SHA 'sha256_hex';
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('layout_flyway');
my $database;
my $session;

# Each case has a database of its own.
sub fresh
{
	($database, $session) = fresh_database($node, $session);
	return;
}

# The CRC-32 that Flyway computes, by another implementation than ours.
sub crc
{
	my ($text) = @_;

	$text =~ s/^\xef\xbb\xbf//;
	$text =~ s/[\r\n]//g;
	return unpack('l', pack('l', Compress::Raw::Zlib::crc32($text)));
}

#
# Flyway: the directory.
#

my $directory = layout_path('flyway');
my $variables = '{"greeting": "Hello", "column": "email"}';
my $expected = <<'ROWS';
V1__create_people.sql|1|create people|versioned|new
V1_1__add_email.sql|1.1|add email|versioned|new
V2.0__index_concurrently.sql|2.0|index concurrently|versioned|new
V003__leading_zeros.sql|003|leading zeros|versioned|new
sub/dir/V4__nested.sql|4|nested|versioned|new
V5.sql|5||versioned|new
V6__as_it_is.sql|6|as it is|versioned|new
V9__copy___data.sql|9|copy   data|versioned|new
V10__ten.sql|10|ten|versioned|new
V11__dollars.sql|11|dollars|versioned|new
R__another_view.sql||another view|repeatable|new
R__people_view.sql||people view|repeatable|new
R1__repeatable.sql||||ignored
README.md||||ignored
V1.x__letters.sql||||ignored
V12_no_separator.sql||||ignored
V99__gone.sql.conf||||ignored
beforeMigrateX.sql||||ignored
schema.sql||||ignored
v13__lower_case.sql||||ignored
ROWS
chomp $expected;

fresh();
my ($rows, $messages) =
  $session->query(load_select({ layout_files('flyway') }, layout => 'flyway', variables => $variables));
is($rows, $expected, 'flyway: the files that a client sends');
like($messages, qr/^NOTICE:  00000: 2 callbacks are not run: afterMigrate__say_so\.sql, beforeEachMigrate\.sql\nHINT:  /m,
	'flyway: callbacks are named');

fresh();
($rows, $messages) =
  $session->query(load_select($directory, layout => 'flyway', variables => $variables));
is($rows, $expected, 'flyway: the directory');
like($messages, qr/^NOTICE:  00000: file "\Q$directory\E\/schema\.sql" is not a migration$/m, 'flyway: stray files are named');

is(stored_columns($session, 'identity, layout'), <<'ROWS' =~ s/\n\z//r, 'flyway: identities');
1|flyway
1.1|flyway
2|flyway
3|flyway
4|flyway
5|flyway
6|flyway
9|flyway
10|flyway
11|flyway
R:another view|flyway
R:people view|flyway
ROWS
is( stored_columns($session, 'u.body', "version = '1'"),
	"-- Hello: placeholders count in comments, too.\nCREATE TABLE public.people (\n    id int PRIMARY KEY,\n"
	  . "    greeting text DEFAULT 'Hello, postgres'\n);\nCOMMENT ON TABLE people IS\n"
	  . "    '$database V1__create_people.sql flyway_schema_history default';\n",
	'flyway: placeholders, in any case, and the built-in ones');
is(stored_columns($session, 'variables', "version = '1'"),
	'{"Greeting": "Hello", "greeting": "Hello", "FLYWAY:User": "postgres", "flyway:table": "flyway_schema_history", '
	  . "\"flyway:database\": \"$database\", \"flyway:filename\": \"V1__create_people.sql\", "
	  . '"flyway:environment": "default", "flyway:defaultSchema": "public"}',
	'flyway: their values are kept');
is(stored_columns($session, 'source', "version = '1'"), sha256_hex(slurp_file("$directory/V1__create_people.sql")),
	'flyway: and the checksum of the text before they were replaced');
is(stored_columns($session, 'd.body, down_no_transaction', "version = '1.1'"),
	"-- undoes V1_1: both are version 1.1\nALTER TABLE people DROP COLUMN email;\n|f", 'flyway: an undo script');
is( stored_columns($session, 'up_no_transaction, down_no_transaction', "version = '2.0'"), 't|t', 'flyway: executeInTransaction');
like(stored_columns($session, 'u.body', "version = '6'"), qr/\$\{no_placeholder\}/, 'flyway: placeholderReplacement');
is( stored_columns($session, 'u.body', "version = '11'"),
	"CREATE TABLE eleven AS SELECT \$\$a\$\$ AS a, '\$\${greeting}' AS b, '\$\$Hello' AS c;\n",
	'flyway: "$${" is no placeholder, "$$${" is one');

foreach my $file (qw(V1__create_people V1_1__add_email V2.0__index_concurrently V10__ten R__another_view))
{
	is(stored_columns($session, 'checksums[1]', "path LIKE '%/$file.sql'"), crc(slurp_file("$directory/$file.sql")), "flyway: checksum of $file");
}
my $raw = slurp_file("$directory/R__people_view.sql");
is( stored_columns($session, 'checksums', "name = 'people view'"),
	sprintf('{%s,%s}', crc($raw =~ s/\$\{greeting\}/Hello/r), crc($raw)),
	'flyway: checksums of a repeatable, with placeholders replaced and without');

is($session->query('SELECT coalesce(version, name), state, steps FROM migrate.apply()'),
	join("\n", '1|applied|1', '1.1|applied|1', '2.0|applied|2', '003|applied|1', '4|applied|1', '5|applied|1', '6|applied|1',
		'9|applied|1', '10|applied|1', '11|applied|1', 'another view|applied|1', 'people view|applied|1'),
	'flyway: all is applied');
is_sql($node, $database, 'SELECT email FROM people ORDER BY id', "one\@example.com\ntwo\@example.com", 'flyway: inline data of COPY');
is_sql($node, $database, "SELECT text FROM six", '${no_placeholder}', 'flyway: what was not replaced');
$session->query("SELECT migrate.resolve(v, 'rolled_back', 'no undo script') FROM unnest(ARRAY['11', '10', '9', '6', '5', '4', '3']) v");
$session->query('DROP VIEW people_view, another_view');
is($session->query('SELECT version, state FROM migrate.rollback(2)'), "2.0|pending\n1.1|pending", 'flyway: undo scripts run');
is_sql($node, $database, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attname = 'email' AND NOT attisdropped",
	'0', 'flyway: and undo');

# Other values do not make an applied script another one.
is($session->query("SELECT result, count(*) FROM migrate.load('$directory', 'flyway', variables => '{\"greeting\": \"Hi\", \"column\": \"email\"}')"
		  . " WHERE result <> 'ignored' GROUP BY 1 ORDER BY 1"),
	"replaced|2\nunchanged|10", 'flyway: other values change what is pending and repeatable');

#
# Flyway: names, versions and checksums one by one.
#

# The test vectors.
fresh();
load_sent($session, 'flyway', '',
	'V1__settings.sql' => "DROP TABLE IF EXISTS settings;\nCREATE TABLE IF NOT EXISTS settings (\n    id INTEGER PRIMARY KEY\n);\n",
	'V2__crlf.sql' => "DROP TABLE IF EXISTS settings;\r\nCREATE TABLE IF NOT EXISTS settings (\r\n    id INTEGER PRIMARY KEY\r\n);",
	'V3__valid.sql' => "alter table location_history add column valid_until timestamp with time zone;\n",
	'V4__valid.sql' => 'alter table location_history add column valid_until timestamp with time zone;',
	'V5__empty.sql' => '');
is(stored_columns($session, 'checksums'), "{-723451720}\n{-723451720}\n{-1039259818}\n{-1039259818}\n{0}", 'flyway: test vectors of the checksum');

fresh();
is( load_sent($session, 'flyway', '',
		'x/V2__b.sql' => 'SELECT 2', 'V10__c.sql' => 'SELECT 10', 'V1.9__a.SQL' => 'SELECT 1', 'V1.10.0__a.sql' => 'SELECT 1',
		'V0__zero.sql' => '', 'V00.0.1__low.sql' => '', 'V20240131235959123456__long.sql' => '',
		'V9223372036854775808.99999999999999999999__big.sql' => '', 'R.sql.txt' => '', 'V1.sql.bak' => '', 'V.sql' => '',
		'V__x.sql' => '', 'V1..2__x.sql' => '', 'V1.__x.sql' => '', 'V-1__x.sql' => '', 'Views.sql' => '', 'Base.java' => '', 'R.java' => ''),
	join("\n",
		'V0__zero.sql|0|zero|versioned|new', 'V00.0.1__low.sql|00.0.1|low|versioned|new', 'V1.9__a.SQL|1.9|a|versioned|new',
		'V1.10.0__a.sql|1.10.0|a|versioned|new', 'x/V2__b.sql|2|b|versioned|new', 'V10__c.sql|10|c|versioned|new',
		'V9223372036854775808.99999999999999999999__big.sql|9223372036854775808.99999999999999999999|big|versioned|new',
		'V20240131235959123456__long.sql|20240131235959123456|long|versioned|new'),
	'flyway: versions go by their numbers');
is(stored_columns($session, 'identity'), "0\n0.0.1\n1.9\n1.10\n2\n10\n9223372036854775808.99999999999999999999\n20240131235959123456",
	'flyway: their identities');
is($session->query("SELECT version, state FROM migrate.apply('1.10')"), "0|applied\n00.0.1|applied\n1.9|applied\n1.10.0|applied",
	'flyway: an identity is as good as a version');

fresh();
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'V01.0__b.sql' => '' ],
	qr/^ERROR:  42710: files "V1__a\.sql" and "V01\.0__b\.sql" have the same version "01\.0"$/m, 'two files of a version');
load_fails($session, 'flyway', [ 'R__a_b.sql' => '', 'x/R__a_b.sql' => '' ],
	qr/^ERROR:  42710: files "R__a_b\.sql" and "x\/R__a_b\.sql" are the same repeatable migration "a b"$/m, 'two repeatables of a description');
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'U1__a.sql' => '', 'U1.0__b.sql' => '' ],
	qr/^ERROR:  42710: files "U1__a\.sql" and "U1\.0__b\.sql" have the same version "1\.0"$/m, 'two undo scripts');
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'U2__b.sql' => '' ],
	qr/^ERROR:  22023: undo script "U2__b\.sql" has no migration of version "2"\nHINT:  Add the file "V2__b\.sql", or remove this one\.$/m,
	'an undo script alone');
load_fails($session, 'flyway', [ 'R__.sql' => '' ],
	qr/^ERROR:  22023: repeatable migration "R__\.sql" has no description$/m, 'no description');
load_fails($session, 'flyway', [ 'V' . '1' x 51 . '__x.sql' => '' ],
	qr/^ERROR:  42622: version of file "V1{51}__x\.sql" is longer than 50 characters$/m, 'a long version');
load_fails($session, 'flyway', [ 'V1__a.sql' => "SELECT 1;\r\n\r\n-- \${unknown}\r\n" ],
	qr/^ERROR:  42P02: no value for placeholder "unknown"\nHINT:  Give it with variables => '\{"unknown": "\.\.\."\}'\.\nCONTEXT:  line 3 of file "V1__a\.sql"$/m,
	'an unset placeholder');
load_fails($session, 'flyway', [ 'V1__a.sql' => 'SELECT \'${flyway:workingDirectory}\'' ],
	qr/^ERROR:  42P02: no value for placeholder "flyway:workingDirectory"$/m, 'an unset built-in one');
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'U1__a.sql' => "--\n\${x}" ],
	qr/^CONTEXT:  line 2 of file "U1__a\.sql"$/m, 'an unset one of an undo script');
load_fails($session, 'flyway', [ 'V1__a.sql' => "SELECT\n'\${x'" ],
	qr/^ERROR:  22023: placeholder without its closing "\}"\nHINT:  .*"V1__a\.sql\.conf"\.\nCONTEXT:  line 2 of file "V1__a\.sql"$/m,
	'an open placeholder');
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'V1__a.sql.conf' => "\nflyway.mixed=true" ],
	qr/^ERROR:  22023: unrecognized key "flyway\.mixed"\nHINT:  .*\nCONTEXT:  line 2 of file "V1__a\.sql\.conf"$/m, 'an unknown setting');
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'V1__a.sql.conf' => 'executeInTransaction=maybe' ],
	qr/^ERROR:  22023: invalid value "maybe" of key "executeInTransaction"$/m, 'an invalid setting');
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'V1__a.sql.conf' => 'encoding=ISO-8859-1' ],
	qr/^ERROR:  0A000: encoding "ISO-8859-1" is not supported\nHINT:  Save "V1__a\.sql" as UTF-8 and remove the line\.$/m, 'another encoding');
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'V1__a.sql.conf' => 'shouldExecute=${env}==test' ],
	qr/^ERROR:  0A000: key "shouldExecute" is not supported\nDETAIL:  Flyway evaluates it in its paid editions only\.$/m,
	'a key of a paid edition', variables => '{"env": "prod"}');
load_fails($session, 'flyway', [ 'V1__a.sql' => '', 'V2__b.java' => 'class V2__b {}', 'x/V3__c.py' => undef, 'R__d.sh' => undef, 'U1__a.py' => undef ],
	qr/^ERROR:  0A000: 3 files are not SQL and are not applied\nDETAIL:  V2__b\.java\nx\/V3__c\.py\nR__d\.sh\nHINT:  Let Flyway apply them .*dryRunOutput/m,
	'files that are not SQL');

# What is accepted of settings and of the tool's own configuration.
load_sent($session, 'flyway', '{"flyway.placeholderPrefix": "<<", "flyway.placeholderSuffix": ">>", "FLYWAY:TABLE": "history", "empty": ""}',
	'V1__a.sql' => 'SELECT <<flyway:table>>, ${x}, 1 <2 <<EMPTY>>', 'V1__a.sql.conf' => "\xef\xbb\xbf#c\r\nshouldExecute = true\r\n encoding utf8\r\n",
	'V2__b.sql' => 'A < b <', 'V2__b.sql.conf' => '');
is(stored_columns($session, 'u.body, source IS NOT NULL'), "SELECT history, \${x}, 1 <2 |t\nA < b <|f", 'flyway: other marks of placeholders');
is(load_sent($session, 'flyway', '{"flyway.placeholderReplacement": "false"}', 'V1__a.sql' => 'SELECT ${x}', 'V2__b.sql' => '${'),
	"V1__a.sql|1|a|versioned|replaced\nV2__b.sql|2|b|versioned|replaced", 'flyway: placeholders switched off');
is(stored_columns($session, 'u.body'), "SELECT \${x}\n\${", 'flyway: nothing is replaced then');

# ${flyway:timestamp} makes a repeatable run at each migration, as in the tool.
fresh();
load_sent($session, 'flyway', '', 'R__always.sql' => 'SELECT \'${flyway:timestamp}\'');
like(stored_columns($session, 'u.body'), qr/^SELECT '\d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d'$/, 'flyway: the timestamp');
like(stored_columns($session, 'checksums'), qr/^\{-?\d+,-?\d+\}$/, 'flyway: and both checksums');

# Line and quotes of what fails.
fresh();
load_sent($session, 'flyway', '{"lines": "1,\n2"}', 'V1__a.sql' => "\xef\xbb\xbfSELECT 1;\n\nSELECT no_column;\n");
like(($session->query('SELECT migrate.apply()'))[1], qr/^CONTEXT:  statement 2 of migration "1 a", line 3$/m, 'flyway: errors have the line of the file');

# A huge line, and names that are up to no good.
fresh();
my $huge = 'SELECT 1 /* ' . 'x' x 1_000_000 . ' ${a} */';
is(load_sent($session, 'flyway', '{"a": "b"}', "V1__it's_\"quoted\"_\$1.sql" => $huge, '../../V2__up.sql' => '', 'V3__' . 'n' x 300 . '.sql' => ''),
	"V1__it's_\"quoted\"_\$1.sql|1|it's \"quoted\" \$1|versioned|new\n../../V2__up.sql|2|up|versioned|new\n"
	  . 'V3__' . 'n' x 300 . '.sql|3|' . 'n' x 300 . '|versioned|new',
	'flyway: huge lines and hostile names');
is(stored_columns($session, 'length(u.body), checksums[1]', "version = '1'"), (length($huge) - 3) . '|' . crc($huge), 'flyway: are taken as they are');

#
# Flyway: baseline migrations.
#

my @squashed = (
	'V1__a.sql' => 'CREATE TABLE a ()', 'V2__b.sql' => 'CREATE TABLE b ()', 'U2__b.sql' => 'DROP TABLE b',
	'B2__all.sql' => 'CREATE TABLE a (); CREATE TABLE b ()', 'V3__c.sql' => 'CREATE TABLE c ()');
fresh();
is(load_sent($session, 'flyway', '', @squashed), "B2__all.sql|2|all|versioned|new\nV3__c.sql|3|c|versioned|new", 'flyway: a new database starts at the baseline');
is($session->query('SELECT version FROM migrate.apply()'), "2\n3", 'flyway: which stands for all before it');
is(load_sent($session, 'flyway', '', @squashed, 'B3__more.sql' => 'SELECT 1', 'V4__d.sql' => ''),
	"B2__all.sql|2|all|versioned|unchanged\nV3__c.sql|3|c|versioned|unchanged\nV4__d.sql|4|d|versioned|new",
	'flyway: a newer one is nothing to a database that is there already');
fresh();
load_sent($session, 'flyway', '', @squashed[ 0 .. 5 ]);
$session->query('SELECT migrate.apply()');
is(load_sent($session, 'flyway', '', @squashed),
	"V1__a.sql|1|a|versioned|unchanged\nV2__b.sql|2|b|versioned|unchanged\nV3__c.sql|3|c|versioned|new",
	'flyway: nor is the first one');
is(load_sent($session, 'flyway', '', @squashed[ 6 .. 9 ]), 'V3__c.sql|3|c|versioned|unchanged', 'flyway: when what it stands for is gone, either');
fresh();
load_fails($session, 'flyway', [ 'B2__a.sql' => '', 'B2.0__b.sql' => '' ],
	qr/^ERROR:  42710: files "B2__a\.sql" and "B2\.0__b\.sql" have the same version "2\.0"$/m, 'two baselines');
is(load_sent($session, 'flyway', '', 'B1__a.sql' => '', 'V2__b.sql' => '', 'B3__c.sql' => '', 'V1.5__x.sql' => ''), 'B3__c.sql|3|c|versioned|new',
	'flyway: the newest baseline counts');

#
# refinery
#

$directory = layout_path('refinery');
$expected = <<'ROWS';
V1__initial.sql|1|initial|versioned|new
one/two/V2__add_cars_table.sql|2|add_cars_table|versioned|new
one/V3__add_brand_to_cars_table.sql|3|add_brand_to_cars_table|versioned|new
V4__add_year_to_motos_table.sql|4|add_year_to_motos_table|versioned|new
U010__unversioned.sql|010|unversioned|versioned|new
V11__index.sql|11|index|versioned|new
V20240504090241__long_number.sql|20240504090241|long_number|versioned|new
R__repeatable.sql||||ignored
V5_one_underscore.sql||||ignored
V6__not-a-name.sql||||ignored
V7__.sql||||ignored
Vide__note.sql||||ignored
ROWS
chomp $expected;
fresh();
is(scalar $session->query(load_select({ layout_files('refinery') }, layout => 'refinery')),
	$expected, 'refinery: the files that a client sends');
fresh();
is(scalar $session->query(load_select($directory, layout => 'refinery')),
	$expected, 'refinery: the directory');
is(stored_columns($session, 'identity, up_no_transaction, down IS NULL'),
	"1|f|t\n2|f|t\n3|f|t\n4|f|t\n10|f|t\n11|t|t\n20240504090241|f|t", 'refinery: identities, transactions, and no down script');
is(stored_columns($session, 'checksums[1]', "version IN ('3', '4')"), "5789498757482767533\n2544180288160291571", 'refinery: test vectors of the checksum');
is(stored_columns($session, 'cardinality(checksums)'), "2\n2\n2\n2\n2\n2\n1", 'refinery: versions of 4 and of 8 bytes have checksums of their own');
is($session->query('SELECT version, steps FROM migrate.apply()'), "1|1\n2|1\n3|1\n4|1\n010|1\n11|2\n20240504090241|1", 'refinery: all is applied');

fresh();
load_fails($session, 'refinery', [ 'V1.5__x.sql' => '' ],
	qr/^ERROR:  22003: version "1\.5" is not an integer of 64 bits\n(?:.*\n)?CONTEXT:  file "V1\.5__x\.sql"$/m, 'a version with a point');
load_fails($session, 'refinery', [ 'V99999999999999999999__x.sql' => '' ],
	qr/^ERROR:  22003: version "99999999999999999999" is not an integer of 64 bits$/m, 'a version of 20 digits');
load_fails($session, 'refinery', [ 'V1__a.sql' => '', 'U1__a.sql' => '' ],
	qr/^ERROR:  42710: files "V1__a\.sql" and "U1__a\.sql" have the same version "1"$/m, 'U is no undo');
load_fails($session, 'refinery', [ 'V1__a.sql' => '', 'V2__b.rs' => undef ],
	qr/^ERROR:  0A000: 1 file is not SQL and is not applied\nDETAIL:  V2__b\.rs\nHINT:  Let refinery apply them /m, 'files that are not SQL');
is( load_sent($session, 'refinery', '',
		"V9223372036854775807__\xc3\xa4.sql" => "SELECT 1;\r\n-----refinery:noTransaction\r\nSELECT 2;", 'V2__crlf.sql' => '--  refinery:noTransaction',
		'V3__x.sql' => '-refinery:noTransaction', 'V0__empty.sql' => ''),
	"V0__empty.sql|0|empty|versioned|new\nV2__crlf.sql|2|crlf|versioned|new\nV3__x.sql|3|x|versioned|new\n"
	  . "V9223372036854775807__\xc3\xa4.sql|9223372036854775807|\xc3\xa4|versioned|new",
	'refinery: the largest number');
is(stored_columns($session, 'version, up_no_transaction'), "0|f\n2|f\n3|f\n9223372036854775807|t", 'refinery: what is a directive and what is not');

# U in the two layouts.
fresh();
load_sent($session, 'flyway', '', 'V1__a.sql' => 'SELECT 1', 'U1__a.sql' => 'SELECT 2');
is(stored_columns($session, 'version, u.body, d.body'), '1|SELECT 1|SELECT 2', 'U is an undo script to Flyway');
fresh();
load_sent($session, 'refinery', '', 'V1__a.sql' => 'SELECT 1', 'U2__a.sql' => 'SELECT 2');
is(stored_columns($session, 'version, u.body, d.body'), "1|SELECT 1|\n2|SELECT 2|", 'and a migration to refinery');

# Checksums are of the files, whatever the encoding of the database.
$session->quit;
new_database($node, 'latin1', "ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
$database = 'latin1';
$session = session($node, $database, env => { PGCLIENTENCODING => 'UTF8' });
load_sent($session, 'flyway', '', 'V1__x.sql' => "SELECT '\xc3\xb6';\n");
is(stored_columns($session, 'checksums[1]'), crc("SELECT '\xc3\xb6';\n"), 'flyway: in another encoding');

# Large directories.
fresh();
my @many = map { ("V$_\__x.sql" => "SELECT $_, '\${flyway:user}';\n" x 20) } 1 .. 5000;
loads_many($session, 'flyway', load_call(\@many, layout => 'flyway'));
fresh();
loads_many($session, 'refinery', load_call(\@many, layout => 'refinery'));

$session->quit;
$node->stop;
done_testing();
