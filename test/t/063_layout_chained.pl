# The layouts of graphile-migrate and Atlas, in which checksums chain the files:
# their directories by both forms of load(), what is stored of them, and that it
# runs; what is refused, and how.

use strict;
use warnings;

use Digest::SHA qw(sha1_hex sha256_base64 sha256_hex);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('layout_chained');
my $database;
my $session;

# Each case has a database of its own.
sub fresh
{
	($database, $session) = fresh_database($node, $session);
	return;
}

# A committed file of graphile-migrate: its text and its hash.
sub committed
{
	my ($previous, $body, $more) = @_;
	my $text = $body =~ s/\A\s+//r =~ s/\s+\z//r;
	my $hash = 'sha1:' . sha1_hex(join("\n", grep { $_ ne '' } $previous // '', $text) . "\n");

	return ("--! Previous: " . ($previous // '-') . "\n--! Hash: $hash\n" . ($more // '') . "\n$body", $hash);
}

# The total of atlas.sum, and the checksums that it is of, of files in order.
sub atlas_sum
{
	my (@files) = @_;
	my $so_far = Digest::SHA->new(256);
	my ($lines, $hashed) = ('', '');

	while (my ($name, $text) = splice(@files, 0, 2))
	{
		$so_far->add($name);
		next if $text =~ /\A-- atlas:sum ignore$/m;
		$so_far->add($text);
		my $hash = $so_far->clone->b64digest . '=';

		$lines .= "$name h1:$hash\n";
		$hashed .= "$name$hash";
	}
	return 'h1:' . sha256_base64($hashed) . "=\n$lines";
}

#
# graphile-migrate: the directory.
#

my $directory = layout_path('graphile-migrate');
my $variables = '{"VISITOR": "visitor"}';
my $expected = <<'ROWS';
committed/000001-users.sql|000001|users|versioned|new
committed/000002.sql|000002|What was said of it|versioned|new
committed/000003-index.sql|000003|index|versioned|new
committed/000004-.sql|000004|Included|versioned|new
committed/000005-edited.sql|000005|edited|versioned|new
committed/000010-last.sql|000010|last|versioned|new
committed/notes.sql||||ignored
current.sql||||ignored
current/001-part.sql||||ignored
fixtures/view.sql||||ignored
ROWS
chomp $expected;
fresh();
is(scalar $session->query(load_select({ layout_files('graphile-migrate') }, layout => 'graphile-migrate', variables => $variables)),
	$expected, 'graphile-migrate: the files that a client sends');

fresh();
my ($rows, $messages) = $session->query(load_select($directory, layout => 'graphile-migrate', variables => '{":VISITOR": "visitor"}'));
is($rows, $expected, 'graphile-migrate: the directory');
like($messages, qr/^NOTICE:  00000: file "\Q$directory\E\/$_" is not a migration$/m, "graphile-migrate: $_ is named as left out")
  foreach 'current.sql', 'current/001-part.sql';
is($session->query("SELECT count(*) FROM migrate.load('$directory/committed', 'graphile-migrate', variables => '$variables') WHERE result = 'unchanged'"),
	'6', 'graphile-migrate: the directory below it is the same');

is(stored_columns($session, 'identity, up_line, up_no_transaction'), <<'ROWS' =~ s/\n\z//r, 'graphile-migrate: identities, lines, transactions');
000001.sql|5|f
000002.sql|5|f
000003.sql|5|t
000004.sql|5|f
000005.sql|6|f
000010.sql|4|f
ROWS
is(stored_columns($session, 'checksums', "version <> '000005'"),
	join("\n", map { slurp_file($_) =~ /^--! Hash: (.*)$/m ? "{$1}" : '' } grep { !/notes|edited/ } sort glob("$directory/committed/*.sql")),
	'graphile-migrate: the hashes of the headers');
is(stored_columns($session, 'checksums[1], cardinality(checksums)', "version = '000005'"), 'sha1:0123456789012345678901234567890123456789|2',
	'graphile-migrate: an invalid hash that is allowed, and the valid one');
is( stored_columns($session, 'u.body', "version = '000001'"),
	"-- a comment of the script\nCREATE TABLE users (id int, owner text DEFAULT 'postgres', slice int[] DEFAULT '{1,2,3}');\n"
	  . "COMMENT ON TABLE users IS '$database :DATABASE_NAMES';\n",
	'graphile-migrate: the built-in placeholders');
is(stored_columns($session, 'variables', "version IN ('000001', '000002')"),
	"{\"DATABASE_NAME\": \"$database\", \"DATABASE_OWNER\": \"postgres\"}\n{\"VISITOR\": \"visitor\"}", 'graphile-migrate: values are kept');
like(stored_columns($session, 'u.body', "version = '000002'"), qr/TO visitor;.*\[1:N\], 'x'::TEXT, ':NOT_SET'/s, 'graphile-migrate: what is no placeholder stays');
$session->query('CREATE ROLE visitor');
is($session->query('SELECT version, steps FROM migrate.apply()'), "000001|1\n000002|1\n000003|1\n000004|1\n000005|1\n000010|1",
	'graphile-migrate: all is applied');

#
# graphile-migrate: files one by one.
#

# The test vectors, with the white space that the tool does not count.
my ($one, $hash_one) = committed(undef, 'SELECT 1;');
my ($two, $hash_two) = committed($hash_one, "\n\n \xef\xbb\xbf SELECT 2;\xc2\xa0\n\n");
is($hash_one, 'sha1:d30d858bf9fa5d8979af2d32c3be5e09b07da877', 'graphile-migrate: a test vector of the hash');
$hash_two = 'sha1:36d26d034e5ea0e30f2e8c93bdbf66399902b1ed';
$two =~ s/^--! Hash: .*$/--! Hash: $hash_two/m;
fresh();
is(load_sent($session, 'graphile-migrate', '', '2.sql' => $two, '1.sql' => $one),
	"1.sql|1||versioned|new\n2.sql|2||versioned|new", 'graphile-migrate: files without a directory');
is(stored_columns($session, 'up_line, u.body'), "4|SELECT 1;\n\n6|SELECT 2;\n", 'graphile-migrate: scripts are what is not blank, from its line on');
is($session->query('SELECT version, state FROM migrate.apply()'), "1|applied\n2|applied", 'graphile-migrate: and run');
is(stored_columns($session, 'checksums'), "{$hash_one}\n{$hash_two}", 'graphile-migrate: the second test vector');

# Numbers are compared as text.
($one) = committed(undef, '');
fresh();
is( load_sent($session, 'graphile-migrate', '', 'x/committed/9.sql' => (committed((committed(undef, ''))[1], ''))[0], 'x/committed/10.sql' => $one,
		'x/committed/11_x.sql' => '', 'x/committed/12-a.b.sql' => '', 'x/committed/12.sql.bak' => '', '13.sql' => ''),
	"x/committed/10.sql|10||versioned|new\nx/committed/9.sql|9||versioned|new", 'graphile-migrate: numbers are text');

# The directive of the first line.
my @words = ('--!no-transaction', "--!\t no-transaction for a reason", '--! no-transactions', '-- no-transaction', "SELECT 1;\n--! no-transaction");
my ($previous, @files);
foreach my $i (0 .. $#words)
{
	my ($text, $hash) = committed($previous, "$words[$i]\nSELECT $i;\n");

	push @files, "$i.sql" => $text;
	$previous = $hash;
}
fresh();
load_sent($session, 'graphile-migrate', '', @files);
is(stored_columns($session, 'up_no_transaction'), "t\nt\nf\nf\nf", 'graphile-migrate: what is the directive and what is not');

fresh();
($one, $hash_one) = committed(undef, "SELECT 1;\n");
($two, $hash_two) = committed($hash_one, "SELECT 2;\n");
my @fails = (
	[ 'an edited file', qr/^ERROR:  XX001: the text of committed migration "1\.sql" is not that of its hash\nDETAIL:  The header has $hash_one, the text sha1:\w{40}\.\nHINT:  .*AllowInvalidHash.*\nCONTEXT:  line 2 of file "1\.sql"$/m,
		'1.sql' => $one =~ s/SELECT 1/SELECT 3/r ],
	[ 'a hash allowed in vain', qr/^ERROR:  22023: committed migration "1\.sql" allows an invalid hash, but its hash is valid$/m,
		'1.sql' => (committed(undef, 'SELECT 1', "--! AllowInvalidHash\n"))[0] ],
	[ 'a missing file', qr/^ERROR:  22023: committed migration "2\.sql" follows another one, but is the first\nHINT:  .*\nCONTEXT:  line 1 of file "2\.sql"$/m,
		'2.sql' => $two ],
	[ 'a broken chain', qr/^ERROR:  22023: committed migration "3\.sql" does not follow "2\.sql"\nDETAIL:  It names $hash_one as the previous one, which is $hash_two\.$/m,
		'1.sql' => $one, '2.sql' => $two, '3.sql' => $two ],
	[ 'two first files', qr/^ERROR:  22023: committed migration "2\.sql" does not follow "1\.sql"\nDETAIL:  It names none as/m, '1.sql' => $one, '2.sql' => $one ],
	[ 'a number twice', qr/^ERROR:  42710: files "1-a\.sql" and "1-b\.sql" have the same version "1"$/m, '1-a.sql' => $one, '1-b.sql' => $two ],
	[ 'no header', qr/^ERROR:  22023: committed migration "1\.sql" has no header\nHINT:  .*\nCONTEXT:  line 1 of file "1\.sql"$/m, '1.sql' => 'SELECT 1' ],
	[ 'an empty file', qr/"1\.sql" has no header$/m, '1.sql' => '' ],
	[ 'a byte order mark', qr/"1\.sql" has no header$/m, '1.sql' => "\xef\xbb\xbf$one" ],
	[ 'a header of another form', qr/"1\.sql" has no empty line after its header\nHINT:  .*\nCONTEXT:  line 2 of file "1\.sql"$/m,
		'1.sql' => $one =~ s/--! Hash/--!  Hash/r ],
	[ 'no empty line', qr/"1\.sql" has no empty line after its header\nHINT:  .*\nCONTEXT:  line 3 of file "1\.sql"$/m, '1.sql' => $one =~ s/\n\n/\n/r ],
	[ 'nothing but a header', qr/"1\.sql" has no empty line after its header$/m, '1.sql' => "--! Previous: -\n--! Hash: x" ],
	[ 'no hash', qr/"1\.sql" has no "--! Hash:" in its header$/m, '1.sql' => $one =~ s/--! Hash.*\n//r ],
	[ 'an empty hash', qr/"1\.sql" has no "--! Hash:" in its header$/m, '1.sql' => $one =~ s/--! Hash.*\n/--! Hash:\n/r ],
	[ 'no previous one', qr/"1\.sql" has no "--! Previous:" in its header$/m, '1.sql' => $one =~ s/--! Previous.*\n//r ],
	[ 'a key twice', qr/"1\.sql" has the key "Hash" twice\nHINT:  .*\nCONTEXT:  line 3 of file "1\.sql"$/m, '1.sql' => $one =~ s/(--! Hash.*\n)/$1$1/r ],
	[ 'line ends of Windows', qr/^ERROR:  22023: committed migration "1\.sql" has line ends of Windows\nDETAIL:  .*\nHINT:  .*gitattributes.*\nCONTEXT:  line 1 of file "1\.sql"$/m,
		'1.sql' => $one =~ s/\n/\r\n/gr ],
	[ 'one line end of Windows', qr/has line ends of Windows\nDETAIL:  .*\nHINT:  .*\nCONTEXT:  line 3 of file "1\.sql"$/m, '1.sql' => $one =~ s/\n\n/\n\r\n/r ],
	[ 'an unset placeholder', qr/^ERROR:  42P02: no value for placeholder "NAME"\nHINT:  .*\nCONTEXT:  line 6 of file "1\.sql"$/m,
		'1.sql' => (committed(undef, "SELECT ':NAME', a[1:NAME], b::NAME; -- :NAME\n/* :NAME */\nDROP ROLE :NAME;\n"))[0] ]);
foreach my $case (@fails)
{
	my ($name, $pattern, @in) = @$case;

	load_fails($session, 'graphile-migrate', \@in, $pattern, $name);
}

#
# Atlas: the directory.
#

$directory = layout_path('atlas');
$expected = <<'ROWS';
20240101000000_create_users.sql|20240101000000|create_users|versioned|new
20240102000000.sql|20240102000000||versioned|new
20240103000000_index.sql|20240103000000|index|versioned|new
20240104000000_delimiter.sql|20240104000000|delimiter|versioned|new
20240105000000_ignored.sql|20240105000000|ignored|versioned|new
20240106000000_file.sql|20240106000000|file|versioned|new
20240107000000_detached.sql|20240107000000|detached|versioned|new
seed.sql|seed||versioned|new
README.md||||ignored
nested/20240101000001_nested.sql||||ignored
ROWS
chomp $expected;
fresh();
is(scalar $session->query(load_select({ layout_files('atlas') }, layout => 'atlas')),
	$expected, 'atlas: the files that a client sends');
fresh();
($rows, $messages) = $session->query(load_select($directory, layout => 'atlas'));
is($rows, $expected, 'atlas: the directory');
like($messages, qr/^NOTICE:  00000: directive "atlas:txmode" in line 1 of file ".*_detached\.sql" is ignored\nDETAIL:  .*empty line, .*\.$/m,
	'atlas: a directive that the tool does not see');
is(stored_columns($session, 'identity, up_no_transaction'), <<'ROWS' =~ s/\n\z//r, 'atlas: identities and transactions');
20240101000000|f
20240102000000|f
20240103000000|t
20240104000000|f
20240105000000|f
20240106000000|f
20240107000000|f
seed|f
ROWS
is(stored_columns($session, 'coalesce(checksums[1], $$none$$)'),
	join("\n", map { my $v = $_; slurp_file("$directory/atlas.sum") =~ /^\Q$v\E h1:(.*)$/m ? $1 : 'none' }
		  map { s{.*/}{}r } sort glob("$directory/*.sql")),
	'atlas: the checksums of atlas.sum');
is( stored_columns($session, 'u.body', "version = '20240104000000'"),
	<<'TEXT', 'atlas: semicolons in place of the delimiter, on the lines where it was');
-- atlas:delimiter \n-- end

CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$
-- end of what is declared
BEGIN
    RETURN 1;
END $$;

CREATE TABLE delimited (a text DEFAULT ('
-- end'), b text);

INSERT INTO delimited (b) VALUES ('done')
TEXT
is(stored_columns($session, 'source', "version = '20240104000000'"), sha256_hex(slurp_file("$directory/20240104000000_delimiter.sql")),
	'atlas: and the checksum of the file as it is');
is($session->query('SELECT version, steps FROM migrate.apply()'),
	join("\n", '20240101000000|1', '20240102000000|1', '20240103000000|2', '20240104000000|1', '20240105000000|1', '20240106000000|1',
		'20240107000000|1', 'seed|1'),
	'atlas: all is applied');
is_sql($node, $database, 'SELECT one(), b FROM delimited', '1|done', 'atlas: with a delimiter of its own');

#
# Atlas: files one by one.
#

# The test vectors.
my @vectors = ('1_a.sql' => "SELECT 1;\n", '2_b.sql' => "SELECT 2;\n");
my $sum = "h1:VNvw0pDgavFX/sdOa4OQ4cdfXK8LyCjaMKnLrKqiXHs=\n"
  . "1_a.sql h1:oHx7vmeRbxB72kdSGUkFhE08red3y82zeqcbzCxkGjo=\n2_b.sql h1:jqdn/UCU1bnj96EwRLYv9FRnrwv3yIEfGHtJessEvPM=\n";
is(atlas_sum(@vectors), $sum, 'atlas: the test computes what it should');
fresh();
load_sent($session, 'atlas', '', @vectors, 'atlas.sum' => $sum);
is(stored_columns($session, 'checksums[1]'), "oHx7vmeRbxB72kdSGUkFhE08red3y82zeqcbzCxkGjo=\njqdn/UCU1bnj96EwRLYv9FRnrwv3yIEfGHtJessEvPM=",
	'atlas: test vectors of the checksum');
is(load_sent($session, 'atlas', '', @vectors, 'atlas.sum' => $sum =~ s/\n/\r\n/gr), "1_a.sql|1|a|versioned|unchanged\n2_b.sql|2|b|versioned|unchanged",
	'atlas: line ends of atlas.sum do not count');
is(load_sent($session, 'atlas', '', @vectors), "1_a.sql|1|a|versioned|unchanged\n2_b.sql|2|b|versioned|unchanged", 'atlas: without atlas.sum');
is(stored_columns($session, 'checksums'), "{}\n{}", 'atlas: no checksums are known then');

# Names are compared as text; every .sql file is one.
fresh();
is( load_sent($session, 'atlas', '', '10_b.sql' => '', '9_a.sql' => '', 'schema.sql' => '', '1.5-x.sql' => '', '2_c_d.sql' => "\xef\xbb\xbfSELECT 1;\r\n",
		'20_e.sql' => '', 'z_x.down.sql' => '', '99999999999999999999_n.sql' => '', 'x.hcl' => '', "it's \$1.sql" => '', '.sql' => ''),
	join("\n", '1.5-x.sql|1.5-x||versioned|new', '10_b.sql|10|b|versioned|new', '20_e.sql|20|e|versioned|new', '2_c_d.sql|2|c_d|versioned|new',
		'99999999999999999999_n.sql|99999999999999999999|n|versioned|new', '9_a.sql|9|a|versioned|new',
		"it's \$1.sql|it's \$1||versioned|new", 'schema.sql|schema||versioned|new', 'z_x.down.sql|z|x.down|versioned|new'),
	'atlas: names are text');
is($session->query('SELECT version FROM migrate.apply()'), "1.5-x\n10\n20\n2\n99999999999999999999\n9\nit's \$1\nschema\nz", 'atlas: and so are they run');
fresh();
is(load_sent($session, 'atlas', '', '001_a.sql' => '', '1_b.sql' => '', '01_c.sql' => ''),
	"001_a.sql|001|a|versioned|new\n01_c.sql|01|c|versioned|new\n1_b.sql|1|b|versioned|new", 'atlas: leading zeros make a difference');
fresh();
load_sent($session, 'atlas', '', '1_a.sql' => 'SELECT 1');
is(load_sent($session, 'atlas', '', '1_renamed.sql' => 'SELECT 1'), '1_renamed.sql|1|renamed|versioned|replaced', 'atlas: another description is the same version');

# Directives.
@files = (
	'1.sql' => "-- atlas:txmode none\r\n\r\nSELECT 1;", '2.sql' => '-- atlas:txmode none', '3.sql' => "-- atlas:txmode none\n \t\nSELECT 1;",
	'4.sql' => "# atlas:txmode none\n-- more: atlas:txmodes file\n\nSELECT 1;", '5.sql' => "--\tatlas:txmode none\n\nSELECT 1;",
	'6.sql' => " -- atlas:txmode none\n\nSELECT 1;", '7.sql' => "SELECT 1;\n-- atlas:txmode none\n\n", '8.sql' => "--atlas:txmode none\n\n",
	'9.sql' => "\xef\xbb\xbf-- atlas:txmode none\n\n");
fresh();
load_sent($session, 'atlas', '', @files);
is(stored_columns($session, 'version, up_no_transaction'), "1|f\n2|t\n3|t\n4|t\n5|f\n6|f\n7|f\n8|t\n9|f", 'atlas: what is a directive and what is not');
fresh();
load_sent($session, 'atlas', '',
	'1.sql' => "-- atlas:delimiter \\n\\n\\n\nSELECT 1\n\n\nSELECT ('a\n\n\nb')\n\n\nSELECT 2;\n", '2.sql' => "-- atlas:delimiter //\nSELECT 1 // SELECT '//', \"//\", \$x\$//\$x\$ -- /\n//",
	'3.sql' => "--atlas:delimiter //\nSELECT 1;", '4.sql' => "\n-- atlas:delimiter //\nSELECT 1;", '5.sql' => '-- atlas:delimiter ;;');
is( stored_columns($session, 'u.body') . "\n",
	"-- atlas:delimiter \\n\\n\\n\nSELECT 1;\n\n\nSELECT ('a\n\n\nb');\n\n\nSELECT 2;\n\n"
	  . "-- atlas:delimiter //\nSELECT 1 ; SELECT '//', \"//\", \$x\$//\$x\$ -- /\n;\n"
	  . "--atlas:delimiter //\nSELECT 1;\n\n-- atlas:delimiter //\nSELECT 1;\n-- atlas:delimiter ;;\n",
	'atlas: delimiters');

# Checkpoints.
my @squashed = ('1_a.sql' => 'CREATE TABLE a ()', '2_b.sql' => 'CREATE TABLE b ()', '3_all.sql' => "-- atlas:checkpoint v1\n\nCREATE TABLE a (); CREATE TABLE b ();",
	'4_c.sql' => 'CREATE TABLE c ()');
fresh();
is(load_sent($session, 'atlas', '', @squashed, 'atlas.sum' => atlas_sum(@squashed)), "3_all.sql|3|all|versioned|new\n4_c.sql|4|c|versioned|new",
	'atlas: a new database starts at the checkpoint');
is($session->query('SELECT version FROM migrate.apply()'), "3\n4", 'atlas: which stands for all before it');
push @squashed, '5_all.sql' => "-- atlas:checkpoint\n\nSELECT 1", '6_d.sql' => '';
is(load_sent($session, 'atlas', '', @squashed), "3_all.sql|3|all|versioned|unchanged\n4_c.sql|4|c|versioned|unchanged\n6_d.sql|6|d|versioned|new",
	'atlas: a newer one is nothing to a database that is there already');
fresh();
load_sent($session, 'atlas', '', @squashed[ 0 .. 3 ]);
is(load_sent($session, 'atlas', '', @squashed), "1_a.sql|1|a|versioned|unchanged\n2_b.sql|2|b|versioned|unchanged\n4_c.sql|4|c|versioned|new\n6_d.sql|6|d|versioned|new",
	'atlas: nor is the first one');
fresh();
is(load_sent($session, 'atlas', '', @squashed), "5_all.sql|5|all|versioned|new\n6_d.sql|6|d|versioned|new", 'atlas: the newest checkpoint counts');

fresh();
@fails = (
	[ 'an edited file', qr/^ERROR:  XX001: checksum mismatch in "atlas\.sum": file "1_a\.sql" was edited\nHINT:  If all files are as they should be, run atlas migrate hash\.\nCONTEXT:  line 2 of file "atlas\.sum"$/m,
		'1_a.sql' => "SELECT 3;\n", '2_b.sql' => "SELECT 2;\n", 'atlas.sum' => $sum ],
	[ 'the last file edited', qr/^ERROR:  XX001: checksum mismatch in "atlas\.sum": file "2_b\.sql" was edited\nHINT:  .*\nCONTEXT:  line 3 of file "atlas\.sum"$/m,
		'1_a.sql' => "SELECT 1;\n", '2_b.sql' => "SELECT 2;\r\n", 'atlas.sum' => $sum ],
	[ 'a missing line', qr/^ERROR:  XX001: checksum mismatch in "atlas\.sum": file "3_c\.sql" has no line there\nHINT:  .*atlas migrate hash\.$/m,
		@vectors, '3_c.sql' => '', 'atlas.sum' => $sum ],
	[ 'a missing line in the middle', qr/file "1_b\.sql" has no line there\nHINT:  .*\nCONTEXT:  line 3 of file "atlas\.sum"$/m,
		@vectors, '1_b.sql' => '', 'atlas.sum' => $sum ],
	[ 'a missing file', qr/file "1_a\.sql" is not among the files\nHINT:  .*\nCONTEXT:  line 2 of file "atlas\.sum"$/m,
		'2_b.sql' => "SELECT 2;\n", 'atlas.sum' => $sum ],
	[ 'the last file missing', qr/file "2_b\.sql" is not among the files\nHINT:  .*\nCONTEXT:  line 3 of file "atlas\.sum"$/m,
		'1_a.sql' => "SELECT 1;\n", 'atlas.sum' => $sum ],
	[ 'an edited atlas.sum', qr/^ERROR:  XX001: the lines of file "atlas\.sum" are not those of its total\nHINT:  .*atlas migrate hash\.\nCONTEXT:  line 1 of file "atlas\.sum"$/m,
		@vectors, 'atlas.sum' => $sum =~ s/oHx/xHx/r ],
	[ 'an empty atlas.sum', qr/are not those of its total$/m, @vectors, 'atlas.sum' => '' ],
	[ 'no checksum in a line', qr/^ERROR:  22023: line 3 of file "atlas\.sum" is not a name and a checksum$/m, @vectors, 'atlas.sum' => $sum =~ s/2_b.sql h1:/2_b.sql /r ],
	[ 'a version twice', qr/^ERROR:  42710: files "1\.sql" and "1_b\.sql" have the same version "1"$/m, '1_b.sql' => '', '1.sql' => '' ],
	[ 'no version', qr/^ERROR:  22023: file "_x\.sql" has no version in its name$/m, '_x.sql' => '' ],
	[ 'a mode of all', qr/^ERROR:  22023: unrecognized value "all" of directive "atlas:txmode"\nHINT:  .*\nCONTEXT:  line 2 of file "1\.sql"$/m,
		'1.sql' => "-- c\n-- atlas:txmode all\n\n" ],
	[ 'no mode', qr/unrecognized value "" of directive "atlas:txmode"$/m, '1.sql' => "-- atlas:txmode\n\n" ],
	[ 'two modes', qr/^ERROR:  22023: directive "atlas:txmode" appears twice\nDETAIL:  The first one is in line 1\.\nHINT:  .+\nCONTEXT:  line 2 of file "1\.sql"$/m,
		'1.sql' => "-- atlas:txmode none\n-- atlas:txmode none\n\n" ],
	[ 'no delimiter', qr/^ERROR:  22023: directive "atlas:delimiter" names no delimiter$/m, '1.sql' => "-- atlas:delimiter\nSELECT 1;" ],
	[ 'an import', qr/^ERROR:  0A000: directive "atlas:import" is not supported\nHINT:  Write the text of "other\.sql" into this file/m, '1.sql' => "-- atlas:import other.sql\n" ],
	[ 'an archive', qr/^ERROR:  0A000: directive "atlas:txtar" is not supported\n/m, '1.sql' => "-- atlas:txtar\n\n-- migration.sql --\nSELECT 1;\n" ]);
foreach my $case (@fails)
{
	my ($name, $pattern, @in) = @$case;

	load_fails($session, 'atlas', \@in, $pattern, $name);
}

# A file in the middle of many is found.
@files = map { (sprintf('%04d_x.sql', $_) => "SELECT $_;\n") } 1 .. 100;
$sum = atlas_sum(@files);
foreach my $edited (1, 37, 64, 100)
{
	my @in = @files;

	$in[ 2 * $edited - 1 ] .= "\n";
	load_fails($session, 'atlas', [ @in, 'atlas.sum' => $sum ], qr/file "0*${edited}_x\.sql" was edited$/m, "file $edited of 100 edited");
}

# Large directories.
@files = map { (sprintf('%06d_x.sql', $_) => "SELECT $_;\n" x 20) } 1 .. 5000;
fresh();
loads_many($session, 'atlas', load_call([ @files, 'atlas.sum' => atlas_sum(@files) ], layout => 'atlas'));
$previous = undef;
@files = ();
foreach my $i (1 .. 5000)
{
	my ($text, $hash) = committed($previous, "SELECT $i, ':DATABASE_NAME';\n" x 20);

	push @files, sprintf('%06d.sql', $i) => $text;
	$previous = $hash;
}
fresh();
loads_many($session, 'graphile-migrate', load_call(\@files, layout => 'graphile-migrate'));

# Checksums are of the files, whatever the encoding of the database.
$session->quit;
new_database($node, 'latin1', "ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
$database = 'latin1';
$session = session($node, $database, env => { PGCLIENTENCODING => 'UTF8' });
@files = ("1_\xc3\xa4.sql" => "SELECT '\xc3\xb6';\n");
load_sent($session, 'atlas', '', @files, 'atlas.sum' => atlas_sum(@files));
is(stored_columns($session, 'checksums[1]'), atlas_sum(@files) =~ /\.sql h1:(.*)$/m ? $1 : '', 'atlas: in another encoding');
$session->query("SELECT migrate.unregister('1')");
my ($text, $hash) = committed(undef, "SELECT '\xc3\xb6';\n");
is(load_sent($session, 'graphile-migrate', '', '1.sql' => $text), '1.sql|1||versioned|new', 'graphile-migrate: in another encoding');

$session->quit;
$node->stop;
done_testing();
