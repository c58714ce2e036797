# The layout of Liquibase: changelogs in formatted SQL, XML, YAML and JSON,
# which changesets are loaded and as what, and the checksums that the tool
# itself has recorded for them (Liquibase 4.28.0, on these very files).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('liquibase');
my $layouts = "$FindBin::RealBin/../layouts";
my $copies = PostgreSQL::Test::Utils::tempdir();
my $databases = 0;
my $session;

# The server may not be let into the checkout.
system_or_bail('cp', '-r', glob("$layouts/liquibase-*"), $copies);
chmod 0755, $copies or die;

# Its lines end as they do on Windows.
my $crlf = "$copies/liquibase-xml/db/changelog/sql/crlf.sql";
my $lines = slurp_file($crlf) =~ s/\n/\r\n/gr;
unlink $crlf or die;
append_to_file($crlf, $lines);

# A session in a fresh database.
sub fresh
{
	$session->quit if $session;
	new_database($node, 'db' . ++$databases);
	$session = session($node, "db$databases");
	return;
}

# Text as a literal of SQL.
sub literal
{
	my ($text) = @_;
	(my $doubled = $text) =~ s/'/''/g;
	return "'$doubled'";
}

# What load() says of files that a client sends: [path, content], ...
sub load_files
{
	my ($variables, @files) = @_;
	my $paths = join(',', map { literal($_->[0]) } @files);
	my $contents = join(',', map { literal($_->[1]) } @files);

	return $session->query("SELECT coalesce(version, name) || ' ' || kind FROM "
		  . "migrate.load(ARRAY[$paths], ARRAY[$contents], 'liquibase', variables => "
		  . literal($variables // '{}') . ") WHERE result <> 'ignored'");
}

# Formatted SQL in one file.
sub load_sql
{
	my ($text, $variables) = @_;
	return load_files($variables, [ 'c.sql', "--liquibase formatted sql\n$text" ]);
}

# A column of what is stored, in order, as psql prints it.
sub stored
{
	my ($column) = @_;
	return $node->safe_psql("db$databases",
		"SELECT $column FROM migrate.migration m ORDER BY kind DESC, sort_key, name");
}

# The script of a changeset, up or down, without its last newline.
sub script
{
	my ($identity, $direction) = @_;
	return $node->safe_psql("db$databases",
		"SELECT s.body FROM migrate.migration m JOIN migrate.script s ON s.checksum = m.$direction "
		  . "WHERE m.identity = " . literal($identity)) =~ s/\n\z//r;
}

# The history of the tool, in the order of its rows: identity, md5sum.
sub is_recorded
{
	my ($name, $prefix, %recorded) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	foreach my $identity (sort keys %recorded)
	{
		is_sql($node, "db$databases",
			"SELECT " . literal("9:$recorded{$identity}") . " = ANY (checksums) FROM migrate.migration "
			  . "WHERE identity = " . literal($identity),
			't', "$name: the checksum of $identity");
	}
	return;
}

# One test: loading fails so.
sub sql_fails
{
	my ($text, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = load_sql($text);

	like($messages, $pattern, $name);
	return;
}

# ---------------------------------------------------------------------------
# A root changelog in XML, with files and changesets of every kind.

my $expected = <<'LIST';
db/changelog/sql/tables.sql::1::alice|the first table|versioned
db/changelog/sql/tables.sql::2::bob|the second|versioned
db/changelog/sql/tables.sql::id three::carol smith||versioned
db/changelog/sql/tables.sql::4::alice||versioned
db/changelog/sql/tables.sql::5::alice||versioned
db/changelog/sql/tables.sql::6::alice||versioned
db/changelog/sql/tables.sql::7::alice||versioned
db/changelog/sql/tables.sql::8::alice||versioned
db/changelog/sql/tables.sql::10::alice||versioned
db/changelog/sql/tables.sql::11::alice||versioned
db/changelog/sql/tables.sql::13::dave||versioned
db/changelog/sql/tables.sql::14::dave||versioned
db/changelog/sql/tables.sql::15::dave||versioned
db/changelog/sql/tables.sql::17::dave||versioned
db/changelog/sql/tables.sql::18::dave||versioned
db/changelog/sql/crlf.sql::1::eve||versioned
db/changelog/sql/crlf.sql::2::eve||versioned
log/ical.sql::1::eve||versioned
other.sql::2::eve||versioned
db/changelog/raw/a10.sql::raw::includeAll||versioned
db/changelog/raw/a9.sql::raw::includeAll||versioned
db/changelog/raw/b.sql::raw::includeAll||versioned
db/changelog/raw/sub/x.sql::1::f||versioned
db/changelog/master.xml::x1::xml|an XML changeset|versioned
db/changelog/master.xml::x2::xml||versioned
db/changelog/master.xml::x3::xml||versioned
some/where.xml::x4::xml||versioned
db/changelog/master.xml::x6::xml||versioned
db/changelog/master.xml::x7::xml||versioned
|db/changelog/sql/tables.sql::9::alice|repeatable
LIST
chomp $expected;

fresh();
my ($rows, $messages) = $session->query(
	"SELECT version, name, kind FROM migrate.load('$copies/liquibase-xml', 'liquibase') WHERE result = 'new'");
is($rows, $expected, 'XML: the changesets, in order of appearance');
like($messages, qr/^NOTICE:  .*3 changesets are left out by their attributes\nDETAIL:  db\/changelog\/sql\/tables\.sql::12::dave \(dbms\)\ndb\/changelog\/sql\/tables\.sql::16::dave \(ignore\)\ndb\/changelog\/master\.xml::x5::xml \(dbms\)$/m,
	'what is left out is told');
like($messages, qr/^NOTICE:  .*changesets with runOnChange run after all others.*\nDETAIL:  db\/changelog\/sql\/tables\.sql::9::alice$/m,
	'so are those with runOnChange');
like($messages, qr/^NOTICE:  .*an error in changesets with failOnError:false ends the run\nDETAIL:  db\/changelog\/sql\/tables\.sql::17::dave$/m,
	'so are those with failOnError:false');
is( $session->query("SELECT replace(path, '$copies/', '') FROM migrate.load('$copies/liquibase-xml', 'liquibase') WHERE result = 'ignored' ORDER BY path"),
	"liquibase-xml/db/changelog/raw/README.txt\nliquibase-xml/db/files/unused.sql", 'what no changelog includes is ignored');
is($session->query("SELECT DISTINCT result FROM migrate.load('$copies/liquibase-xml', 'liquibase') WHERE version IS NOT NULL"),
	'unchanged', 'loading again changes nothing');
is_sql($node, "db$databases", "SELECT count(*) FROM migrate.migration WHERE layout = 'liquibase' AND identity = coalesce(version, name)",
	'30', 'the identity is path, id and author');

is_recorded('XML', '',
	'db/changelog/sql/tables.sql::1::alice' => '2ac5ab6ab6d5b4616e41b61cdc6affae',
	'db/changelog/sql/tables.sql::2::bob' => 'ddba5b10260997d1a1a60e1f3a24fc74',
	'db/changelog/sql/tables.sql::id three::carol smith' => '97843b070f417cadc0cd9b8232fac069',
	'db/changelog/sql/tables.sql::4::alice' => '19c3f0bffca8bc7236f1e315813b6271',
	'db/changelog/sql/tables.sql::5::alice' => '5078a02fd55a884f61e19607427643f3',
	'db/changelog/sql/tables.sql::6::alice' => 'b251f766ef5d12ecc8ea53707d585fd1',
	'db/changelog/sql/tables.sql::7::alice' => '6464212f52466824bd64b769fdc06f4c',
	'db/changelog/sql/tables.sql::8::alice' => '95be9d9a5db670f5dba10697a349cfc4',
	'db/changelog/sql/tables.sql::9::alice' => '80bf484b53922b64e4d6031ad5d61b2f',
	'db/changelog/sql/tables.sql::10::alice' => '36b7bf52cd55674b6cc8f6bbeefb2319',
	'db/changelog/sql/tables.sql::11::alice' => '3618a696b6f0aaed1779dabd237cc3d2',
	'db/changelog/sql/tables.sql::13::dave' => '0439c07bc3c2904f667614cc4f1c6ae9',
	'db/changelog/sql/tables.sql::14::dave' => '0e23d398a4037a4424bc57b0c1036742',
	'db/changelog/sql/tables.sql::15::dave' => '2634ec9b787679caa4c5598f57487d5d',
	'db/changelog/sql/tables.sql::17::dave' => 'd1040a4fa7039eab3ec26d89147bcbd2',
	'db/changelog/sql/tables.sql::18::dave' => '5f5c2ff269a7b8c905171fa3982f11f5',
	'db/changelog/sql/crlf.sql::1::eve' => '0a7ed49c904abc7110aa09324b49f106',
	'db/changelog/sql/crlf.sql::2::eve' => '551f7729de0d9e3c0680b3a0ef3fa298',
	'log/ical.sql::1::eve' => '0a7ed49c904abc7110aa09324b49f106',
	'other.sql::2::eve' => 'cd1510052112db30d0cd43ccde792b3e',
	'db/changelog/raw/a10.sql::raw::includeAll' => '970ad66e7f903dfeac84c259c483d860',
	'db/changelog/raw/a9.sql::raw::includeAll' => '8a98b23178dee361b6bd0affe9c60968',
	'db/changelog/raw/b.sql::raw::includeAll' => 'bd893ed13fa5356bbbdf955617b2ee9f',
	'db/changelog/raw/sub/x.sql::1::f' => '0a7ed49c904abc7110aa09324b49f106',
	'db/changelog/master.xml::x1::xml' => '503c802fdeb621f85d5a0ceb252b5d90',
	'db/changelog/master.xml::x2::xml' => 'd66b3190216a363637c237b5b61a3de4',
	'some/where.xml::x4::xml' => '9dd751676551ac2642a3049605071d2d',
	'db/changelog/master.xml::x6::xml' => '9f8fbc55438f85f55cbc0ac77370ace8');
is_sql($node, "db$databases", "SELECT identity, checksums FROM migrate.migration WHERE checksums = '{}' ORDER BY 1",
	"db/changelog/master.xml::x3::xml|{}\ndb/changelog/master.xml::x7::xml|{}",
	'no checksum is known of changes that are no SQL, and any is welcome where validCheckSum says so');
is_sql($node, "db$databases", "SELECT checksums[3:] FROM migrate.migration WHERE identity ~ '::10::'",
	'{9:00000000000000000000000000000000,8:11111111111111111111111111111111}', 'validCheckSum is taken, too');

# Scripts, and in which lines they stand.
is(script('db/changelog/sql/tables.sql::1::alice', 'up'),
	"CREATE TABLE one (id int);\n\n   -- a comment that stays\nCREATE INDEX one_id   ON one (id);", 'a script without its directives');
is(script('db/changelog/sql/tables.sql::1::alice', 'down'), "DROP INDEX one_id;\nDROP TABLE one;", 'rollback lines');
is(script('db/changelog/sql/tables.sql::id three::carol smith', 'up'),
	"CREATE FUNCTION three() RETURNS int LANGUAGE sql AS 'SELECT 3 -- \@\@' ;\nSELECT three()\n;", 'a delimiter, but not in quotes');
is(script('db/changelog/sql/tables.sql::id three::carol smith', 'down'), "DROP FUNCTION three();\nSELECT 1;", 'a rollback block');
is(script('db/changelog/sql/tables.sql::4::alice', 'up'), "CREATE TABLE four (a int); -- local_one four of_xml", 'properties');
is_sql($node, "db$databases", "SELECT source = encode(sha256(E'CREATE TABLE \${tab} (a int); -- \${loc} \${ tab } \${suffix}\\n'), 'hex')
  FROM migrate.migration WHERE identity ~ '::4::'", 't', 'the text before that');
is_sql($node, "db$databases", "SELECT variables FROM migrate.migration WHERE identity ~ '::4::'",
	'{"loc": "local_one", "tab": "four", "suffix": "of_xml"}', 'and their values');
is(script('db/changelog/sql/tables.sql::5::alice', 'up'), "SELECT 'five'\n;\nSELECT 5;",
	'rollbackSplitStatements:true is read for splitStatements, too');
is(script('db/changelog/sql/tables.sql::6::alice', 'up'),
	"SELECT 'GO', \$go\$ GO \$go\$ -- GO\n;\nSELECT 'six and a half'\n;", 'GO as a delimiter');
is(script('db/changelog/sql/tables.sql::8::alice', 'up'), "SELECT 'é' || 'ü';\n\n\n\nSELECT 2;\n\n\n\nSELECT 3;",
	'ignored lines are empty');
is(script('db/changelog/sql/tables.sql::11::alice', 'down'), script('db/changelog/sql/tables.sql::4::alice', 'up'),
	'a rollback by another changeset');
is(script('db/changelog/raw/b.sql::raw::includeAll', 'up'),
	"CREATE TABLE raw1 (a int);\n-- \${tab} here\nINSERT INTO raw1 VALUES (1);", 'a plain file is as it is');
is(script('db/changelog/master.xml::x2::xml', 'up'),
	"SELECT '<a> & b';\n\n SELECT 1 < 2\n;\nCREATE TABLE two_file (a int);\n\n\tINSERT INTO two_file VALUES (1); -- of_xml",
	'several changes of a changeset');
is(script('some/where.xml::x4::xml', 'up'), "CREATE TABLE go_file (a int)\n;\nINSERT INTO go_file\n\tVALUES (1)\n;", 'a file of a change');
is_sql($node, "db$databases", "SELECT string_agg(format('%s %s %s', split_part(identity, '::', 2), up_line, CASE WHEN down IS NOT NULL THEN down_line END), ', ' ORDER BY sort_key)
  FROM migrate.migration WHERE identity ~ 'tables|crlf|master'",
	'1 5 9, 2 14 12, id three 19 23, 4 30 31, 5 34 , 6 39 , 7 45 , 8 48 , 10 65 , 11 68 30, 13 78 , 14 82 , 15 88 , 17 95 94, 18 98 , 1 4 6, 2 8 , x1 17 20, x2 23 22, x3 29 , x6 42 , x7 47 48, 9 59 ',
	'the lines of the scripts; a precondition stands in the line before');
is_sql($node, "db$databases", "SELECT identity FROM migrate.migration WHERE up_no_transaction ORDER BY 1",
	"db/changelog/master.xml::x7::xml\ndb/changelog/sql/tables.sql::7::alice", 'runInTransaction:false');
is_sql($node, "db$databases", "SELECT identity, down = (SELECT checksum FROM migrate.script WHERE body = '') FROM migrate.migration
  WHERE identity ~ '::(2|17|x2)::(bob|dave|xml)' ORDER BY 1",
	"db/changelog/master.xml::x2::xml|t\ndb/changelog/sql/tables.sql::17::dave|t\ndb/changelog/sql/tables.sql::2::bob|t",
	'nothing to be rolled back is not the same as no rollback');

# All of it runs, and can be undone as far as the tool can.
($rows, $messages) = $session->query("SELECT count(*), count(*) FILTER (WHERE state = 'applied') FROM migrate.apply()");
is($rows, '30|30', 'apply') or diag $messages;
like($messages, qr/^NOTICE:  .*precondition of changeset "14" does not hold$/m, 'a precondition with MARK_RAN');
is($session->query("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"),
	'four go_file one raw1 raw2 raw3 two_file v x1_of_xml', 'what is there then');
is($session->query("SELECT count(*) FROM x1_of_xml"), '1', 'a precondition keeps a changeset from running');

# ---------------------------------------------------------------------------
# YAML: two directories above the changelogs.

fresh();
is( $session->query("SELECT version, name, kind FROM migrate.load('$copies/liquibase-yaml', 'liquibase') WHERE result = 'new'"),
	"changes/001.yaml::1::yam|the first|versioned\nchanges/001.yaml::2::ya'm||versioned\nchanges/001.yaml::4::yam||versioned\n"
	  . "changes/v1/10.sql::1::v||versioned\nchanges/v1/9.sql::raw::includeAll||versioned\n|changes/001.yaml::3::yam|repeatable",
	'YAML: the changesets');
is_recorded('YAML', '',
	'changes/001.yaml::1::yam' => '4dcd41e41daaad005b2e328bff35d6b7',
	"changes/001.yaml::2::ya'm" => '8f7778c37466cd7fe5ffff4a2e63a1cd',
	'changes/001.yaml::3::yam' => '7f94bf6a97b89f6eae7f940e795e3954',
	'changes/001.yaml::4::yam' => '51969132ea252a1e7646bf39b9d77c94',
	'changes/v1/10.sql::1::v' => 'f66f994c1b585b586c801d7dab701858',
	'changes/v1/9.sql::raw::includeAll' => '8854d62660b8325a0b53fbb0b25f03de');
is(script('changes/001.yaml::1::yam', 'up'), "CREATE TABLE y1 (a int);\n\nINSERT INTO y1 VALUES (1); -- by postgres", 'a text in lines');
is(script("changes/001.yaml::2::ya'm", 'up'), "CREATE TABLE y2 (a int)\n;\nSELECT 'a\tb',\n  2", 'a file and a text');
is(script("changes/001.yaml::2::ya'm", 'down'), 'DROP TABLE y2;', 'a folded text');
is_sql($node, "db$databases", "SELECT up_line FROM migrate.migration WHERE identity ~ '001.yaml::1::'", '12', 'and its line');
is($session->query("SELECT count(*) FROM migrate.apply()"), '6', 'YAML: apply');
is($session->query('SELECT count(*) FROM y1'), '3', 'YAML: a precondition holds');
is($session->query("SELECT DISTINCT result FROM migrate.load('$copies', 'liquibase', project => 'named',
  variables => '{\"liquibase:changelogFile\": \"liquibase-yaml/db.changelog-master.yaml\", \"liquibase:contexts\": \"test\"}') WHERE result <> 'ignored'"),
	'new', 'the caller names the root');
is($session->query("SELECT string_agg(coalesce(version, name), ', ' ORDER BY version) FROM migrate.status(project => 'named')"),
	"liquibase-yaml/changes/001.yaml::1::yam, liquibase-yaml/changes/001.yaml::2::ya'm, liquibase-yaml/changes/001.yaml::4::yam, liquibase-yaml/changes/001.yaml::3::yam",
	'then its path tells where the search path is; a context keeps an include out');

# JSON
fresh();
($rows, $messages) = $session->query("SELECT version, name, kind FROM migrate.load('$copies/liquibase-json', 'liquibase') WHERE result = 'new'");
is($rows, "changelog.json::1::json||versioned\nsql/two.sql::1::two||versioned\n|changelog.json::3::json|repeatable", 'JSON: the changesets');
like($messages, qr/^NOTICE:  .*changesets with runAlways run only when their text has changed$/m, 'runAlways');
is_recorded('JSON', '',
	'changelog.json::1::json' => '1243eff91f8b0356da62888d2c43d77c',
	'sql/two.sql::1::two' => 'cd1510052112db30d0cd43ccde792b3e',
	'changelog.json::3::json' => 'bbb244c4fe2a48c7da35917d4d4d2ba2');
is($session->query("SELECT count(*) FROM migrate.apply()"), '3', 'JSON: apply');
is($session->query("SELECT a FROM j1"), 'é"', 'JSON: escapes');

# Rollback, changesets that come later, and those that run again.
fresh();
my $text = <<'SQL';
--changeset a:1
CREATE TABLE a (i int);
--rollback DROP TABLE a;
--changeset a:2
INSERT INTO a VALUES (1);
--rollback not required
--changeset a:3
CREATE TABLE b (i int);
/* liquibase rollback
DROP TABLE
  b;
*/
--changeset a:view runOnChange:true
CREATE OR REPLACE VIEW w AS SELECT 1 AS one;
SQL
load_sql($text);
$session->query('SELECT migrate.apply()');
is($session->query('SELECT version, state FROM migrate.rollback(2)'), "c.sql::3::a|pending\nc.sql::2::a|pending", 'rollback');
is($session->query("SELECT to_regclass('b') IS NULL, count(*) FROM a"), 't|1', '... as the changesets say');
$text =~ s/1 AS one/2 AS one/;
$text =~ s/--changeset a:2/--changeset a:between\nCREATE TABLE c (i int);\n$&/;
load_sql($text);
is( $session->query('SELECT coalesce(version, name), state FROM migrate.status()'),
	"c.sql::1::a|applied\nc.sql::between::a|pending\nc.sql::2::a|pending\nc.sql::3::a|pending\nc.sql::view::a|pending",
	'a changeset in between, and one whose text has changed');
is($session->query('SELECT count(*) FROM migrate.apply()'), '4', '... run');
is($session->query('SELECT one FROM w'), '2', '... the latter again');
($rows, $messages) = $session->query("SELECT * FROM migrate.rollback('c.sql::1::a')");
like($messages, qr/^ERROR:  \w{5}: .*c\.sql::between::a/m, 'no rollback: it cannot be undone');

# No root: all files of the directory, by path.
fresh();
is( $session->query("SELECT version, kind FROM migrate.load('$copies/liquibase-directory', 'liquibase') WHERE result = 'new'"),
	"v1/001.sql::1::me|versioned\nv1/002.sql::raw::includeAll|versioned\nv10/001.sql::1::me|versioned\nv2/001.sql::1::me|versioned",
	'a directory: by path');
is_recorded('directory', '',
	'v1/001.sql::1::me' => '60b882c70148937b83c1c14e6cbd9183',
	'v1/002.sql::raw::includeAll' => '847c174acae984f2aaa07faae5c5b3a7',
	'v10/001.sql::1::me' => 'e341dc14f11a37212b7820d0c37e1e39',
	'v2/001.sql::1::me' => '47b2076c85720308e55baaa12693c157');
is($session->query("SELECT count(*) FROM migrate.apply()"), '4', 'a directory: apply');
is($session->query("SELECT count(*) FROM migrate.load('$copies/liquibase-directory', 'liquibase', project => 'p', variables => '{\"liquibase:searchPath\": \"$copies/\"}') WHERE version = 'liquibase-directory/v1/001.sql::1::me'"),
	'1', 'the caller gives the search path');

# ---------------------------------------------------------------------------
# Checksums as Liquibase 4.28.0 (9) and 4.4.0 (8) recorded them; the first two
# are also in upstream's own tests.

fresh();
load_sql("--changeset a:1\nselect 1\n--changeset a:2\ncreate table thisShouldRun(id int)\n"
	  . "--changeset a:3\nSELECT\t1;\r\n\n SELECT 2\n"
	  . "--changeset a:4 splitStatements:false stripComments:false endDelimiter:\@\@\nSELECT 4\n"
	  . "--changeset a:5\nSELECT 5\n/\n");
is( stored('checksums'),
	"{9:3b78b9910981c62ca27148640fad7bc2,8:9fb1856b01b1f71c2b4fc3bd0a0722ba}\n"
	  . "{9:62336a615e62e89c9d86128d1ca60ecf,8:7469e431ae73df93cdca752bf85a3464}\n"
	  . "{9:ce22a173d260e2fdfcb04307b5480889,8:ee6136bdc0403555fc5cf40ffa8cec4c}\n"
	  . "{9:48df45a9d84ac89f6b6eb09e145745a0,8:04307a710a6822f79c1e87b7fc38052d}\n"
	  . "{9:d064170e143acb32472c10e167a89b9e,8:66f9e105252c3b4c5374e9b234786160}",
	'checksums of versions 9 and 8');

# ---------------------------------------------------------------------------
# Filters.

my $filtered = join('', map { "--changeset c:$_->[0] $_->[1]\nSELECT 1;\n" } (
		[ 'prod', 'context:prod' ], [ 'test', 'context:test' ], [ 'or', 'context:"prod or test"' ],
		[ 'and', 'context:"prod and test"' ], [ 'not', 'context:!prod' ], [ 'word', 'context:"not prod"' ],
		[ 'comma', 'context:prod,test' ], [ 'parens', 'context:"(prod or dev) and test"' ],
		[ 'neither', 'context:"!(prod or test)"' ], [ 'case', 'context:PROD' ], [ 'at', 'context:@prod' ],
		[ 'a', 'labels:a' ], [ 'ab', 'labels:"a, b"' ], [ 'z', 'labels:a labels:z' ],
		[ 'ours', 'dbms:postgresql,h2' ], [ 'h2', 'dbms:h2' ], [ 'not_ours', 'dbms:!postgresql' ],
		[ 'not_h2', 'dbms:!h2' ], [ 'none', 'dbms:none' ], [ 'all', 'dbms:all' ],
		[ 'last', 'ignore:true ignore:false' ], [ 'plain', '' ]));

foreach my $case (
	[ '{}', 'prod test or and not word comma parens neither case a ab z ours not_h2 all last plain' ],
	[ '{"liquibase:contexts": "prod"}', 'prod or comma case at a ab z ours not_h2 all last plain' ],
	[ '{"liquibase:contexts": "test"}', 'test or not word comma a ab z ours not_h2 all last plain' ],
	[ '{"liquibase:contexts": "Prod, test"}', 'prod test or and comma parens case at a ab z ours not_h2 all last plain' ],
	[ '{"liquibase:contexts": "qa", "liquibase:labels": "a and !b"}', 'not word neither a ours not_h2 all last plain' ],
	[ '{"liquibase:labels": "z"}', 'prod test or and not word comma parens neither case z ours not_h2 all last plain' ])
{
	fresh();
	load_sql($filtered, $case->[0]);
	is(stored("split_part(identity, '::', 2)"), $case->[1] =~ s/ /\n/gr, "filtered by $case->[0]");
}

# ---------------------------------------------------------------------------
# Placeholders.

fresh();
$text = <<'SQL';
--property name:env value:dev
--property name:t_dev value:tab
--property name:t_dev value:second
--property name:l value:1 global:false
--property name:l value:2 global:false
--property name:late value:${later}!
--property name:later value:at_last
--property name:h value:h2 dbms:h2
--property name:h value:here
--changeset a:1
SELECT '${t_${env}} ${T_DEV} ${l} $ $${env} ${late} ${h} ${database.typeName} ${env';
SQL
load_sql($text);
is(script('c.sql::1::a', 'up'), "SELECT 'tab tab 2 \$ \$dev at_last! here postgresql \${env';", 'placeholders');
fresh();
load_sql($text, '{"ENV": "dev", "T_dev": "mine", "unused": "x"}');
is(script('c.sql::1::a', 'up'), "SELECT 'mine mine 2 \$ \$dev at_last! here postgresql \${env';", 'the caller comes first, in any case');
$text = "--changeset a:1\nSELECT 1;\n\nSELECT '\${nope}';\n";
sql_fails($text, qr/^ERROR:  42P02: no value for placeholder "nope"\nHINT:  Give it with variables => '\{"nope": "\.\.\."\}'\.\nCONTEXT:  line 5 of file "c\.sql"$/m,
	'a placeholder without a value');
fresh();
load_sql($text, '{"liquibase:missingPropertyMode": "PRESERVE"}');
like(script('c.sql::1::a', 'up'), qr/\$\{nope\}/, 'which may stay as it is');
sql_fails("--property name:a value:x\${b}\n--property name:b value:y\${a}\n--changeset a:2\nSELECT '\${a}';\n",
	qr/^ERROR:  22023: value of placeholder "\w" contains itself$/m, 'values that need each other');

# ---------------------------------------------------------------------------
# Delimiters; the same statements as the tool makes of them, or more.

foreach my $case (
	[ '\n/', "SELECT 4\n/ 2;\n/\nSELECT 5\n/\n", "SELECT 4\n; 2;\n \nSELECT 5\n;" ],
	[ '/', "SELECT 4 / 2\n/\nSELECT /* / */ 5\n/\n", "SELECT 4 / 2\n;\nSELECT /* / */ 5\n;" ],
	[ '$$', "SELECT 4 \$\$ SELECT \$b\$ \$\$ \$b\$ \$\$\n", "SELECT 4 ; SELECT \$b\$ \$\$ \$b\$ ;" ],
	[ '//', "SELECT 'a//b', \"x//y\" FROM (SELECT 1 AS \"x//y\") s //\nSELECT 2 //\n",
		"SELECT 'a//b', \"x//y\" FROM (SELECT 1 AS \"x//y\") s ;\nSELECT 2 ;" ],
	[ 'go', "SELECT 1 AS ergo GO SELECT 2\ngo\n", "SELECT 1 AS ergo ; SELECT 2\n;" ],
	[ '@@', "SELECT E'it\\'s \@\@', '\@\@''\@\@' \@\@ -- \@\@\nSELECT 1; \@\@\n",
		"SELECT E'it\\'s \@\@', '\@\@''\@\@' ; -- \@\@\nSELECT 1;" ],
	[ ';', "SELECT 1;\n/* / */\n", "SELECT 1;\n/* / */" ],
	[ '\|\|', "SELECT 1 || SELECT 2 ||\n", "SELECT 1 ; SELECT 2 ;" ])
{
	fresh();
	load_sql("--changeset a:1 endDelimiter:$case->[0]\n$case->[1]");
	is(script('c.sql::1::a', 'up'), $case->[2], "endDelimiter:$case->[0]");
	is($session->query('SELECT state FROM migrate.apply()'), 'applied', '... runs') unless $case->[0] eq '\n/';
}
sql_fails("--changeset a:7 endDelimiter:\\d+\nSELECT 1;", qr/^ERROR:  0A000: endDelimiter "\\d\+" is not supported\nHINT:.*\nCONTEXT:  line 3 of file "c\.sql"$/m,
	'a delimiter that is a regular expression');

# ---------------------------------------------------------------------------
# Preconditions: decided when the changeset runs.

fresh();
load_sql(<<'SQL');
--changeset p:halt
--preconditions onFail:HALT
--precondition-sql-check expectedResult:"0 rows" SELECT count(*) || ' rows' FROM pg_class WHERE relname = 'later';
--precondition-view-exists view:pg_views schema:pg_catalog
CREATE TABLE later (a int);
--changeset p:warn
--preconditions onFail:WARN
--precondition-table-exists table:nowhere
CREATE TABLE warned (a int);
--changeset p:mark
--preconditions onFail:MARK_RAN
--precondition-table-exists table:LATER schema:public
INSERT INTO later VALUES (1);
INSERT INTO later VALUES (2);
--changeset p:stop
--precondition-table-exists table:nowhere
CREATE TABLE stopped (a int);
SQL
($rows, $messages) = $session->query('SELECT version, state FROM migrate.apply()');
like($messages, qr/^WARNING:  .*precondition of changeset "warn" does not hold$/m, 'WARN');
like($messages, qr/^ERROR:  55000: precondition of changeset "stop" does not hold\nDETAIL:  It is: EXISTS .*'nowhere'/m, 'HALT, also without onFail');
is($session->query('SELECT version, state FROM migrate.status()'),
	"c.sql::halt::p|applied\nc.sql::warn::p|applied\nc.sql::mark::p|applied\nc.sql::stop::p|failed", 'what has run');
is($session->query('SELECT count(*) FROM later'), '2', 'MARK_RAN runs all statements if the precondition holds');
sql_fails("--changeset p:skip\n--preconditions onFail:CONTINUE\n--precondition-table-exists table:nowhere\nSELECT 1;",
	qr/^ERROR:  0A000: 1 file is not SQL and is not applied\nDETAIL:  c\.sql \(line 2, changeset skip: onFail:CONTINUE\)\nHINT:  Print their SQL with "liquibase update-sql"/m,
	'CONTINUE cannot be kept');

# ---------------------------------------------------------------------------
# What is not understood.

fresh();
foreach my $case (
	[ "--changeset a:1\n--changeset a:2\nSELECT 1;", 'changeset "1" has no SQL', 2 ],
	[ "--changeset a:1\n\n \n", 'changeset "1" has no SQL', 2 ],
	[ "--changeset a : 1\nSELECT 1;", 'could not read "--changeset a : 1" as a directive of Liquibase', 2 ],
	[ "--changeset a: 1\nSELECT 1;", 'could not read "--changeset a: 1" as a directive of Liquibase', 2 ],
	[ "--changeset a:\nSELECT 1;", 'could not read "--changeset a:" as a directive of Liquibase', 2 ],
	[ "-changeset a:1\nSELECT 1;", 'could not read "-changeset a:1" as a directive of Liquibase', 2 ],
	[ "--changesets are nice\n", 'could not read "--changesets are nice" as a directive of Liquibase', 2 ],
	[ "--comment: x\n--changeset a:1\nSELECT 1;", 'could not read "--comment: x" as a directive of Liquibase', 2 ],
	[ "--changeset a:1\n--comments: x\nSELECT 1;", 'could not read "--comments: x" as a directive of Liquibase', 3 ],
	[ "--changeset a:1\nSELECT 1;\n -rollback SELECT 1;", 'could not read " -rollback SELECT 1;" as a directive of Liquibase', 4 ],
	[ "--changeset a:1\n--precondition-foo x\nSELECT 1;", 'could not read "--precondition-foo x" as a directive of Liquibase', 3 ],
	[ "--changeset a:1\n--precondition-sql-check\nSELECT 1;", 'could not read "--precondition-sql-check" as a directive of Liquibase', 3 ],
	[ "--property x\n", 'could not read "--property x" as a directive of Liquibase', 2 ],
	[ "--changeset a:1\n--ignoreLines:x\nSELECT 1;", 'could not read "--ignoreLines:x" as a directive of Liquibase', 3 ],
	[ "--changeset a:1\n--ignore:1\nSELECT 1;", 'could not read "--ignore:1" as a directive of Liquibase', 3 ],
	[ "--changeset a:1\nSELECT 1;\n/* liquibase rollback\nSELECT 2;\n", 'rollback comment does not end', 4 ],
	[ "--changeset a:1\nSELECT 1;\n--changeset a:1\nSELECT 2;", 'changeset "c.sql::1::a" appears twice', 4 ],
	[ "--changeset a:1\nSELECT 1;\n--rollback changesetId:9 changesetAuthor:a\n", 'changeset "c.sql::9::a" does not exist', 4 ],
	[ "--changeset a:1\nSELECT 1;\n--rollback changesetId:9\n", 'rollback to a changeset needs "changesetId" and "changesetAuthor"', 4 ],
	[ "--tagDatabase: v1\n", '"--tagDatabase: v1" is not supported', 2 ],
	[ "--include file:none.sql\n", '"none.sql" is not among the files', 2 ])
{
	sql_fails($case->[0], qr/^ERROR:  \w{5}: \Q$case->[1]\E\n(?:DETAIL:.*\n)?HINT:  .*\nCONTEXT:  line $case->[2] of file "c\.sql"$/m, $case->[1]);
}
is(stored('identity'), '', 'nothing of that is stored');
($rows, $messages) = load_sql("SELECT 0;\n--changeset a:1\nSELECT 1;");
like($messages, qr/^NOTICE:  .*text before the first changeset is not run$/m, 'text before the first changeset');
is(script('c.sql::1::a', 'up'), 'SELECT 1;', '... is no part of it');

# Documents.
fresh();
foreach my $case (
	[ 'a.xml', '<databaseChangeLog><changeSet id="1" author="a"><sql>x</sq></changeSet></databaseChangeLog>', 'element "sql" does not end', 1 ],
	[ 'a.xml', "<databaseChangeLog>\n<changeSet id=1>", "an attribute's value has no quotes", 2 ],
	[ 'a.xml', "<databaseChangeLog>\n&nope;", 'unknown entity', 2 ],
	[ 'a.yaml', "databaseChangeLog:\n- changeSet: &x\n    id: 1", '"&" is not understood here', 2 ],
	[ 'a.yaml', "databaseChangeLog:\n- changeSet:\n    id: \"1", 'a quoted text does not end', 3 ],
	[ 'a.json', "{\"databaseChangeLog\": [\n{\"changeSet\": {\"id\": \"\\q\"}}]}", 'invalid escape', 2 ],
	[ 'a.json', '{"databaseChangeLog": [', 'there is no "]"', 1 ])
{
	($rows, $messages) = load_files('{}', [ $case->[0], $case->[1] ]);
	like($messages, qr/^ERROR:  42601: could not read changelog: \Q$case->[2]\E\nHINT:.*\nCONTEXT:  line $case->[3] of file "\Q$case->[0]\E"$/m,
		"$case->[0]: $case->[2]");
}
($rows, $messages) = load_files('{}', [ 'a.xml', "<databaseChangeLog>\n<changeSet id='1' author='a'><createTable tableName='t'/></changeSet>\n<changeSet id='2' author='a'><sql>SELECT 1</sql></changeSet></databaseChangeLog>" ]);
like($messages, qr/^ERROR:  0A000: 1 file is not SQL and is not applied\nDETAIL:  a\.xml \(line 2, changeset 1: createTable\)$/m, 'a change that is no SQL');
($rows, $messages) = load_files('{}', map { [ $_, '<databaseChangeLog/>' ] } 'a.xml', 'b.xml');
like($messages, qr/^ERROR:  22023: there are several root changelogs\nDETAIL:  a\.xml\nb\.xml\nHINT:  Say which is the root: variables => '\{"liquibase:changelogFile": "\.\.\."\}'\.$/m,
	'several roots');
($rows, $messages) = load_files('{}', [ 'a.xml', '<databaseChangeLog><include file="b.xml"/></databaseChangeLog>' ],
	[ 'b.xml', '<databaseChangeLog><include file="c.xml"/></databaseChangeLog>' ], [ 'c.xml', '<databaseChangeLog><include file="b.xml"/></databaseChangeLog>' ]);
like($messages, qr/^ERROR:  22023: changelog "b\.xml" includes itself\nDETAIL:  It was included by "c\.xml"\.$/m, 'a circle');
foreach my $name ('empty', 'blank')
{
	($rows, $messages) = load_files('{}', [ "$name.sql", $name eq 'empty' ? '' : "\n \n" ]);
	like($messages, qr/^ERROR:  22023: changeset "raw" has no SQL$/m, "a file that is $name");
}

# Paths, wherever the files are taken from.
foreach my $root ('', 'db/changelog/', '/srv/app/db/changelog/', 'changelog/')
{
	fresh();
	load_files('{}', [ "${root}root.yaml", "databaseChangeLog:\n- include: {file: db/changelog/x.sql}\n- include: {file: ./y.sql, relativeToChangelogFile: true}\n" ],
		[ "${root}x.sql", "--liquibase formatted sql\n--changeset a:1\nSELECT 1;" ], [ "${root}y.sql", 'SELECT 2' ]);
	is(stored('identity'), "db/changelog/x.sql::1::a\ndb/changelog/y.sql::raw::includeAll", "the names of files below \"$root\"");
}
fresh();
load_files('{}', [ 'db/root.xml', '<databaseChangeLog logicalFilePath="root"><include file="../sql/x.sql" relativeToChangelogFile="true"/></databaseChangeLog>' ],
	[ 'sql/x.sql', 'SELECT 2' ]);
is(stored('identity'), 'sql/x.sql::raw::includeAll', 'a file beside the directory of the root');

# Odd bytes.
fresh();
load_files('{}', [ 'bom.sql', "\xef\xbb\xbf--liquibase formatted sql\r\n--changeset a:1\r\nSELECT 1;\r\n--rollback SELECT 2;\r\n" ]);
is(script('bom.sql::1::a', 'up'), "SELECT 1;\r", 'a byte order mark and CRLF');
is(script('bom.sql::1::a', 'down'), 'SELECT 2;', 'CRLF after a rollback');
fresh();
load_sql("--changeset " . ('a' x 500) . ':' . ('9' x 20) . "\nSELECT '" . ('x' x 1_000_000) . "';\n--changeset \"it's\":\"a::b \\\"\nSELECT 1;");
is(stored("length(identity) || ' ' || left(identity, 20)"), "529 c.sql::" . ('9' x 13) . "\n19 c.sql::a::b \\::it's",
	'a huge line and hostile names');

# Every beginning of these files is read, or refused with an error of ours.
fresh();
foreach my $file ('liquibase-xml/db/changelog/master.xml', 'liquibase-xml/db/changelog/sql/tables.sql',
	'liquibase-yaml/changes/001.yaml', 'liquibase-json/changelog.json')
{
	my $content = slurp_file("$copies/$file");

	$content =~ s/<include.*?>|\w+File (path|: \{ path)//g;
	utf8::decode($content);
	utf8::encode($content);
	is( $node->safe_psql("db$databases", sprintf(<<'SQL', literal($content), literal($file))),
CREATE TEMP TABLE answers (state text, message text);
DO $test$
DECLARE
	content text := %s;
BEGIN
	FOR n IN 0 .. length(content) BY 11 LOOP
		BEGIN
			PERFORM migrate.load(ARRAY[%s], ARRAY[left(content, n)], 'liquibase', variables => '{"suffix": "x", "owner": "x"}');
			RAISE EXCEPTION USING ERRCODE = 'P0004', MESSAGE = 'loaded';
		EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
			INSERT INTO answers VALUES (SQLSTATE, SQLERRM);
		END;
	END LOOP;
END $test$;
SELECT string_agg(DISTINCT state || ' ' || message, ', ') FROM answers
WHERE state NOT IN ('P0004', '42601', '22023', '0A000', '42704', '58P01', '42P02');
SELECT count(*) > 50 FROM answers;
SQL
		"\nt", "every beginning of $file");
}

$session->quit;
$node->stop;
done_testing();
