# The layouts with a folder per migration: Prisma, diesel, Drizzle (and its
# journal), Hasura.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout qw(layout_path layout_files load_select load_is load_fails stored_script);
use MigrateTest;
use Test::More;

my $node = new_server('layout_folders');
my $session;

# Each layout has a database of its own.
sub begin
{
	my ($database) = @_;

	$session->quit if $session;
	new_database($node, $database);
	$session = session($node, $database);
	return;
}

# One test: both forms of load() make the same of a directory.
sub loads
{
	my ($layout, $directory, $migrations, @ignored) = @_;
	my %files = layout_files($directory);
	my @others = map { "$_||||ignored" } @ignored;
	my $messages = load_is($session, load_select(layout_path($directory), layout => $layout),
		[ (map { "$_|new" } @$migrations), @others ], "$directory: a directory");
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	load_is($session, load_select(\%files, layout => $layout),
		[ (map { "$_|unchanged" } @$migrations), @others ], "$directory: the same files from a client");
	return $messages;
}

# One test: a column of the stored migrations, in their order.
sub stored
{
	my ($column, $expected, $name, $project) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is($session->query("SELECT $column FROM migrate.migration WHERE project = '" . ($project // 'main') . "' ORDER BY sort_key"),
		join("\n", @$expected), $name);
	return;
}

sub applies
{
	my ($expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = $session->query('SELECT name, steps FROM migrate.apply()');

	is($rows, join("\n", @$expected), $name) or diag($messages);
	return;
}

# The checksum as Prisma once printed it.
sub unpadded
{
	my ($hex) = @_;

	return join('', map { s/^0//r } $hex =~ /../g);
}

#
# Prisma
#
begin('prisma');
my @prisma = (
	'0_init/migration.sql|0|init|versioned',
	'20240102030405_add_posts/migration.sql|20240102030405|add_posts|versioned',
	'20240102030405_add_tags/migration.sql|20240102030405|add_tags|versioned',
	'20240102030406_select/migration.sql|20240102030406|select|versioned',
	'20240102030407_index/migration.sql|20240102030407|index|versioned',
	'squashed_views/migration.sql|squashed_views||versioned');
loads('prisma', 'prisma', \@prisma, '20240102030407_index/README.md', '20240102030407_index/notes/migration.sql', 'seed.sql');
stored('identity', [ map { (split /\//)[0] } @prisma ], 'prisma: a directory is the identity; one timestamp may be there twice');
stored("checksums[1]", [ map { my %f = layout_files('prisma'); sha256_hex($f{ (split /\|/)[0] }) } @prisma ],
	'prisma: SHA-256 of the text');
my $crlf = "SELECT 1;\r\nSELECT 2;\r\n";
my $lf = "SELECT 1;\nSELECT 2;\n";
is( $session->query("SELECT array_to_string(checksums, ' ') FROM migrate.migration WHERE name = 'select'"),
	join(' ',
		'b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd',
		sha256_hex("SELECT 1;\r\n"),
		unpadded('b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd'),
		unpadded(sha256_hex("SELECT 1;\r\n"))),
	'prisma: the test vector, with other line ends, without padding');
load_is($session, load_select({ '1_a/migration.sql' => $crlf }, layout => 'prisma', project => 'crlf'),
	['1_a/migration.sql|1|a|versioned|new'], 'prisma: no migration_lock.toml, CRLF');
stored('array_to_string(checksums, \' \')',
	[ join(' ', sha256_hex($crlf), sha256_hex($lf), unpadded(sha256_hex($crlf)), unpadded(sha256_hex($lf))) ],
	'prisma: with both line ends', 'crlf');
is(unpadded(sha256_hex($lf)) ne sha256_hex($lf), 1, 'prisma: these differ');
applies([ 'init|1', 'add_posts|1', 'add_tags|1', 'select|1', 'index|1', '|1' ], 'prisma: they run');
is($session->query(q(SELECT indisvalid FROM pg_index WHERE indexrelid = '"Post_author"'::regclass)), 't', 'prisma: an index built concurrently');
(undef, my $messages) = $session->query('SELECT migrate.rollback()');
like($messages, qr/^ERROR: .*no down script/m, 'prisma: there is no way back');
load_is($session, load_select({ "x/2_\xe2\x98\x83 '\"/migration.sql" => 'SELECT 1' }, layout => 'prisma', project => 'odd'),
	["x/2_\xe2\x98\x83 '\"/migration.sql|2|\xe2\x98\x83 '\"|versioned|new"], 'prisma: a hostile name');
load_is($session, load_select({ '99999999999999999999_b/migration.sql' => '', '1000000000000000000000_a/migration.sql' => "\xef\xbb\xbf" },
		layout => 'prisma', project => 'long'),
	[ '1000000000000000000000_a/migration.sql|1000000000000000000000|a|versioned|new', '99999999999999999999_b/migration.sql|99999999999999999999|b|versioned|new' ],
	'prisma: long numbers, in the order of text');
load_is($session, load_select({ 'README.md' => 'x' }, layout => 'prisma', project => 'none'), ['README.md||||ignored'], 'prisma: nothing');

my $one = { '1_a/migration.sql' => 'SELECT 1' };
load_fails($session, 'prisma', { %$one, '2_b/steps.json' => '{}' },
	qr/^ERROR:  22023: directory "2_b" has no file "migration\.sql"\nDETAIL:  It has the file "2_b\/steps\.json"\.\nHINT:  .+$/m, 'no migration.sql');
load_fails($session, 'prisma', { %$one, 'migration_lock.toml' => "# x\n\nprovider = \"mysql\" # y\n" },
	qr/^ERROR:  0A000: the migrations are for provider "mysql"\nHINT:  .+\nCONTEXT:  line 3 of file "migration_lock\.toml"$/m, 'another provider');
load_fails($session, 'prisma', { %$one, 'migration_lock.toml' => "[x]\nprovider = \"postgresql\"\n" },
	qr/^ERROR:  0A000: file "migration_lock\.toml" names no provider\nHINT:  .+\nCONTEXT:  line 1 of file "migration_lock\.toml"$/m, 'no provider');
load_fails($session, 'prisma', { %$one, 'migration_lock.toml' => "\nprovider: postgresql\n" },
	qr/^ERROR:  22023: a line of file "migration_lock\.toml" is not TOML\nHINT:  .+\nCONTEXT:  line 2 of file "migration_lock\.toml"$/m, 'no TOML');

#
# diesel
#
begin('diesel');
$messages = loads(
	'diesel', 'diesel',
	[
		'00000000000000_diesel_initial_setup/up.sql|00000000000000|diesel_initial_setup|versioned',
		'2024-01-31-120000_create_users/up.sql|20240131120000|create_users|versioned',
		'20240201_index/up.sql|20240201|index|versioned', '20240202_plain/up.sql|20240202|plain|versioned',
		'20240203_trap/up.sql|20240203|trap|versioned', '3/up.sql|3||versioned'
	],
	'3/notes.txt',
	'schema.sql');
stored('identity', [ '00000000000000', '20240131120000', '20240201', '20240202', '20240203', '3' ],
	'diesel: the version without dashes is the identity; text order');
stored('up_no_transaction', [ 'f', 'f', 't', 'f', 't', 'f' ], 'diesel: metadata.toml; one without the key says false');
stored('down_no_transaction', [ 'f', 'f', 't', 'f', 't', 'f' ], 'diesel: the same way back');
stored('down IS NOT NULL', [ 't', 't', 't', 'f', 'f', 'f' ], 'diesel: an empty down.sql is no way back');
like($messages, qr/^NOTICE:  00000: file "\S+20240203_trap\/metadata\.toml" does not say "run_in_transaction", which diesel takes for false$/m,
	'diesel: which is said');
applies([ 'diesel_initial_setup|1', 'create_users|1', 'index|2', 'plain|1', 'trap|2', '|1' ], 'diesel: they run, those without transaction in steps');
(undef, $messages) = $session->query('SELECT migrate.rollback(6)');
like($messages, qr/^ERROR: .*no down script/m, 'diesel: some have no way back');
$session->query("SELECT migrate.resolve(v, 'rolled_back') FROM unnest(ARRAY['3', '20240203', '20240202']) v");
is($session->query('SELECT name FROM migrate.rollback(3)'), "index\ncreate_users\ndiesel_initial_setup", 'diesel: rollback');
load_is($session, load_select({ '1_a/up.sql' => "SELECT 1;\r\n", '1_a/metadata.toml' => "\xef\xbb\xbfrun_in_transaction = true\r\n" }, layout => 'diesel', project => 'crlf'),
	['1_a/up.sql|1|a|versioned|new'], 'diesel: BOM and CRLF');
stored('up_no_transaction', ['f'], 'diesel: in metadata.toml too', 'crlf');
load_is($session, load_select({ '1_a/up.sql' => 'SELECT 1', '.2_b/down.sql' => 'SELECT 2' }, layout => 'diesel', project => 'dot'),
	[ '1_a/up.sql|1|a|versioned|new', '.2_b/down.sql||||ignored' ], 'diesel: a hidden directory');

$one = { '1_a/up.sql' => 'SELECT 1' };
load_fails($session, 'diesel', { %$one, '2_b/down.sql' => 'SELECT 1' },
	qr/^ERROR:  22023: directory "2_b" has no file "up\.sql"\nDETAIL:  It has the file "2_b\/down\.sql"\.\nHINT:  .+$/m, 'no up.sql');
load_fails($session, 'diesel', { %$one, '2_b/up.sql' => '' },
	qr/^ERROR:  22023: file "2_b\/up\.sql" is empty\nHINT:  .+$/m, 'an empty up.sql');
load_fails($session, 'diesel', { %$one, '-_b/up.sql' => 'x' },
	qr/^ERROR:  22023: directory "-_b" has no version before its first underscore\nHINT:  .+$/m, 'no version');
load_fails($session, 'diesel', { %$one, '-1_b/up.sql' => 'x' },
	qr/^ERROR:  42710: files ".+" and ".+" have the same version "1"\nHINT:  .+$/m, 'a version twice');
load_fails($session, 'diesel', { %$one, '1_a/metadata.toml' => "\nrun_in_transaction = yes\n" },
	qr/^ERROR:  22023: invalid value for "run_in_transaction": yes\nHINT:  .+\nCONTEXT:  line 2 of file "1_a\/metadata\.toml"$/m, 'an unknown value');
load_fails($session, 'diesel', { %$one, '1_a/metadata.toml' => "run_in_transaction\n" },
	qr/^ERROR:  22023: a line of file "metadata\.toml" is not TOML\nHINT:  .+\nCONTEXT:  line 1 of file "1_a\/metadata\.toml"$/m, 'no TOML');

#
# Drizzle, with a journal
#
begin('drizzle');
loads(
	'drizzle', 'drizzle',
	[
		'0000_brave_hulk.sql|0000|brave_hulk|versioned', '0001_late_branch.sql|0001|late_branch|versioned',
		'0001_calm_storm.sql|0001|calm_storm|versioned', 'add_notes.sql|add_notes||versioned'
	],
	'0002_dropped.sql',
	'schema.ts');
stored('identity', [ '1706745600000', '1706745700000', '1706745700001', '1706745800000' ], "drizzle: the journal's order and times");
my %files = layout_files('drizzle');
stored(
	"array_to_string(checksums, ' ')",
	[
		(map { sha256_hex($files{$_}) } '0000_brave_hulk.sql', '0001_late_branch.sql', '0001_calm_storm.sql'),
		'b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd'
	],
	'drizzle: SHA-256; the test vector');
is(stored_script($session, 'main', '0000', 'up'), $files{'0000_brave_hulk.sql'}, 'drizzle: a mark on its own line, behind a semicolon, is a comment');
stored('source IS NOT NULL', [ 'f', 'f', 't', 'f' ], 'drizzle: so nothing is replaced');
my %windows = map { ($_ => $files{$_} =~ s/\n/\r\n/gr) } keys %files;
$session->query(load_select(\%windows, layout => 'drizzle', project => 'crlf'));
stored("array_to_string(checksums, ' ')",
	[ map { join(' ', sha256_hex($windows{$_}), sha256_hex($files{$_})) } '0000_brave_hulk.sql', '0001_late_branch.sql', '0001_calm_storm.sql', 'add_notes.sql' ],
	'drizzle: with CRLF, and with newlines as the tool takes them', 'crlf');
stored('source IS NOT NULL', [ 'f', 'f', 't', 'f' ], 'drizzle: marks are found there too', 'crlf');
is( $session->query("SELECT replace(body, ' ', '_') FROM migrate.script JOIN migrate.migration m ON checksum = m.up WHERE m.name = 'calm_storm' AND project = 'main'"),
	"CREATE_TABLE_calm_(id_int)\n;" . '_' x 23 . "\nCREATE_TABLE_storm_(id_int)_;" . '_' x 24 . "CREATE_TABLE_sun_(id_int);\n",
	'drizzle: elsewhere it ends the statement');
applies([ 'brave_hulk|1', 'late_branch|1', 'calm_storm|1', '|1' ], 'drizzle: they run');
is($session->query("SELECT count(*) FROM pg_tables WHERE tablename IN ('users', 'orders', 'late', 'calm', 'storm', 'sun', 'dropped')"),
	'6', 'drizzle: every statement of them');

# An entry in between, and a key between its neighbours'.
my $journal = sub { '{"entries": [' . join(', ', map { my ($when, $tag) = @$_; "{\"when\": $when, \"tag\": \"$tag\"}" } @_) . ']}' };
load_is($session, load_select({ 'meta/_journal.json' => $journal->([ 1, '0_a' ], [ 3, '2_c' ]), '0_a.sql' => '', '2_c.sql' => '' }, layout => 'drizzle', project => 'grow'),
	[ '0_a.sql|0|a|versioned|new', '2_c.sql|2|c|versioned|new' ], 'drizzle: a small journal, empty files');
load_is(
	$session,
	load_select(
		{ 'd/meta/_journal.json' => "\xef\xbb\xbf" . $journal->([ 1, '0_a' ], [ 20000000000000000000, '1_b' ], [ 3, '2_c' ]) =~ s/2e\+19/20000000000000000000/r,
			map { ("d/$_.sql" => '') } '0_a', '1_b', '2_c' },
		layout => 'drizzle',
		project => 'grow'),
	[ 'd/0_a.sql|0|a|versioned|unchanged', 'd/1_b.sql|1|b|versioned|new', 'd/2_c.sql|2|c|versioned|unchanged' ],
	'drizzle: one more in between, whatever its time');
stored('identity', [ '1', '20000000000000000000', '3' ], 'drizzle: it stays there', 'grow');

sub journal_fails
{
	my ($text, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	load_fails($session, 'drizzle', { 'meta/_journal.json' => $text, '0_a.sql' => 'SELECT 1' }, $pattern, $name);
	return;
}

journal_fails('', qr/^ERROR:  22P02: .*\n(?:.*\n)*CONTEXT:  (?:.*\n)*file "meta\/_journal\.json"$/m, 'an empty journal');
journal_fails("{\n\"entries\": [}", qr/^ERROR:  22P02: .*\n(?:.*\n)*CONTEXT:  JSON data, line 2(?:.*\n)*file "meta\/_journal\.json"$/m, 'no JSON');
journal_fails($_, qr/^ERROR:  22023: the journal has no array "entries"\nHINT:  .+\nCONTEXT:  line 1 of file "meta\/_journal\.json"$/m, "journal $_")
  foreach '[]', '{}', '1', '{"entries": {}}', '{"entries": "x"}';
journal_fails("{\"entries\": [$_]}", qr/^ERROR:  22023: entry 0 of the journal has no number "when" or no string "tag"\nHINT:  .+\nCONTEXT:  line 1 of file "meta\/_journal\.json"$/m, "entry $_")
  foreach '1', 'null', '[]', '{}', '{"when": 1}', '{"when": "1", "tag": "0_a"}', '{"when": 1, "tag": 0}', '{"when": 1, "tag": ""}';
journal_fails("{\"entries\": [\n{\"when\": 1, \"tag\": \"0_a\"},\n{\"when\": 2, \"tag\": \"1_b\"}]}",
	qr/^ERROR:  22023: the journal lists "1_b", but there is no file "1_b\.sql"\nHINT:  .+\nCONTEXT:  line 3 of file "meta\/_journal\.json"$/m,
	'a file that is not there');
journal_fails($journal->([ 1, '0_a' ], [ 1, '0_a' ]), qr/^ERROR:  42710: files "0_a\.sql" and "0_a\.sql" have the same version "0"\nHINT:  .+$/m, 'an entry twice');
load_fails($session, 'drizzle', { '0_a.sql' => '' },
	qr/^ERROR:  22023: there is no file "meta\/_journal\.json", which gives "0_a\.sql" its place\nHINT:  .+$/m, 'no journal');
load_fails($session, 'drizzle', { 'meta/_journal.json' => '{"entries": []}', '20240101000000_a/migration.sql' => '' },
	qr/^ERROR:  22023: there is a journal, and there are directories with a "migration\.sql"\n(?:.*\n)*HINT:  .*drizzle-kit up.*$/m, 'both layouts');

#
# Drizzle, with folders
#
begin('drizzle_folders');
loads(
	'drizzle',
	'drizzle_folders',
	[
		'20240201000000_brave_hulk/migration.sql|20240201000000|brave_hulk|versioned',
		'20240202000000_a/migration.sql|20240202000000|a|versioned',
		'20240202000000_b/migration.sql|20240202000000|b|versioned'
	]);
stored('identity', [ '20240201000000_brave_hulk', '20240202000000_a', '20240202000000_b' ], 'drizzle: a directory is the identity');
%files = layout_files('drizzle_folders');
stored("array_to_string(checksums, ' ')", [ map { sha256_hex($files{$_}) } grep { /migration/ } sort keys %files ], 'drizzle: SHA-256');
is(stored_script($session, 'main', '20240201000000', 'down'), 'DROP TABLE "orders";' . ' ' x 23 . "\nDROP TABLE \"users\"\n", 'drizzle: down.sql, cut by marks too');
applies([ 'brave_hulk|1', 'a|1', 'b|1' ], 'drizzle: directories run');
(undef, $messages) = $session->query('SELECT migrate.rollback(2)');
like($messages, qr/^ERROR: .*no down script/m, 'drizzle: those without down.sql do not run back');
load_is($session, load_select({ '20240101000000_z/migration.sql' => 'SELECT 1', %files }, layout => 'drizzle'),
	[
		'20240101000000_z/migration.sql|20240101000000|z|versioned|new',
		map { "$_|unchanged" } '20240201000000_brave_hulk/migration.sql|20240201000000|brave_hulk|versioned',
		'20240202000000_a/migration.sql|20240202000000|a|versioned',
		'20240202000000_b/migration.sql|20240202000000|b|versioned'
	],
	'drizzle: an older directory comes before them');

#
# Hasura
#
begin('hasura');
loads(
	'hasura', 'hasura',
	[
		'default/200_early.name/up.sql|200|early.name|versioned',
		'default/0000000000300_flat.up.sql|0000000000300|flat|versioned',
		'default/1550925483858_init/up.sql|1550925483858|init|versioned',
		'default/18446744073709551615_last/up.sql|18446744073709551615|last|versioned'
	],
	'default/1550925483858_init/up.yaml',
	'default/1550925483900_metadata/up.yaml',
	'default/1550925483901_empty/down.sql',
	'default/1550925483901_empty/up.sql',
	'default/18446744073709551616_too_large/up.sql',
	'default/notes_x/up.sql');
stored('identity', [ '200', '300', '1550925483858', '18446744073709551615' ], 'hasura: a number is the identity, and the order');
is($session->query('SELECT name FROM migrate.apply()'), "early.name\nflat\ninit\nlast", 'hasura: they run');
$session->query("SELECT migrate.resolve('18446744073709551615', 'rolled_back')");
is($session->query('SELECT name FROM migrate.rollback(2)'), "init\nflat", 'hasura: and back');
load_is($session, load_select({ '1_a/up.sql' => 'SELECT 1', '1_b.down.sql' => 'SELECT 2', 'old/2_c/up.sql' => 'SELECT 3' }, layout => 'hasura', project => 'mixed'),
	[ '1_a/up.sql|1|a|versioned|new', 'old/2_c/up.sql||||ignored' ], 'hasura: one version in both forms; deeper directories are not read');
stored('down IS NOT NULL', ['t'], 'hasura: up and down belong together', 'mixed');

$one = { '1_a/up.sql' => 'SELECT 1' };
load_fails($session, 'hasura', { %$one, '01_b/up.sql' => 'SELECT 2' },
	qr/^ERROR:  42710: files ".+" and ".+" have the same version "0?1"\nHINT:  .+$/m, 'a version twice');
load_fails($session, 'hasura', { %$one, '2_b/down.sql' => 'SELECT 2' },
	qr/^ERROR:  22023: down script "2_b\/down\.sql" has no up script\nHINT:  .+$/m, 'no up.sql');
load_fails($session, 'hasura', { %$one, '2_b/down.sql' => 'SELECT 2', '2_b/up.sql' => '' },
	qr/^ERROR:  22023: down script "2_b\/down\.sql" has no up script\nHINT:  .+$/m, 'an empty up.sql is none');
load_fails($session, 'hasura', { %$one, '2_b/up.yaml' => "- type: run_sql\n  args:\n    sql: CREATE TABLE x ()\n" },
	qr/^ERROR:  0A000: 1 file is not SQL and is not applied\nDETAIL:  2_b\/up\.yaml\nHINT:  .+$/m, 'SQL in YAML');
load_fails($session, 'hasura', { 'a/1_a/up.sql' => 'SELECT 1', 'b/1_a/up.sql' => 'SELECT 2' },
	qr/^ERROR:  22023: directories "a" and "b" have migrations of two databases\nHINT:  .+$/m, 'two databases');

# Many directories, in any order.
my $many = { map { (sprintf('%05d_x/migration.sql', $_) => "SELECT $_") } 1 .. 5000 };
my $started = time;
is($session->query('SELECT count(*) FROM (' . load_select($many, layout => 'prisma', project => 'many') . ') AS loaded'), '5000', '5000 directories');
note('figure: 5000 directories of prisma in ' . (time - $started) . ' s');

$session->quit;
$node->stop;
done_testing();
