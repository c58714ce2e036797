# load(directory): what a real directory may hold, and who may read one.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('directory');
my $directory = PostgreSQL::Test::Utils::tempdir();
my $session;

new_database($node, 'db');
$session = session($node, 'db');

# A new directory with these files; path => content.
sub directory
{
	my ($name, %files) = @_;

	mkdir "$directory/$name" or die "could not create a directory: $!";
	append_to_file("$directory/$name/$_", $files{$_}) foreach keys %files;
	return "$directory/$name";
}

# One test: loading fails so, and nothing is stored.
sub load_fails
{
	my ($path, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = $session->query("SELECT * FROM migrate.load('$path')");

	like($messages, $pattern, $name);
	is_sql($node, 'db', 'SELECT count(*) FROM migrate.migration', '0', "$name: nothing is stored");
	return;
}

# Errors come before anything is stored, whichever file is to blame.
my $path = directory('invalid', '001_good.sql' => 'SELECT 1', '002_bad.sql' => "SELECT 'caf\xe9'");
load_fails($path, qr/^ERROR:  22021: invalid byte sequence for encoding "UTF8": 0xe9 0x27\nCONTEXT:  file "\Q$path\E\/002_bad\.sql"$/m,
	'invalid UTF-8');
$path = directory('zero', '001_good.sql' => 'SELECT 1', '002_bad.sql' => "SELECT 1;\0SELECT 2");
load_fails($path, qr/^ERROR:  22021: file "\Q$path\E\/002_bad\.sql" contains a zero byte$/m, 'a zero byte');
$path = directory('unreadable', '001_good.sql' => 'SELECT 1', '002_bad.sql' => 'SELECT 2');
chmod 0, "$path/002_bad.sql" or die;
load_fails($path, qr/^ERROR:  42501: could not open file "\Q$path\E\/002_bad\.sql": Permission denied$/m, 'a file that cannot be read');
$path = directory('closed', '001_good.sql' => 'SELECT 1');
chmod 0, $path or die;
load_fails($path, qr/^ERROR:  42501: could not open directory "\Q$path\E": Permission denied$/m, 'a directory that cannot be read');
chmod 0700, $path or die;
load_fails("$directory/none", qr/^ERROR:  58P01: could not open directory "\Q$directory\E\/none": No such file or directory\nHINT:  It is read on the server, /m,
	'a directory that is not there');
load_fails("$path/001_good.sql", qr/^ERROR:  \w{5}: could not open directory "\Q$path\E\/001_good\.sql": Not a directory$/m, 'a file');
$path = directory('twice', '001_one.sql' => 'SELECT 1', '1_two.sql' => 'SELECT 2');
load_fails($path, qr/^ERROR:  42710: files ".*\/001_one\.sql" and ".*\/1_two\.sql" have the same version "1"$/m,
	'the same version twice');
$path = directory('empty');
is($session->query("SELECT count(*) FROM migrate.load('$path')"), '0', 'an empty directory');

# All that a directory may hold besides.
$path = directory(
	'mixed',
	'001_one.sql' => "-- migrate:up\nCREATE TABLE one (id int);\n-- migrate:down\nDROP TABLE one;\n",
	'002_two.up.sql' => 'CREATE TABLE two (id int);',
	'002_two.down.sql' => 'DROP TABLE two;',
	'10_ten.sql' => "\xef\xbb\xbfCREATE TABLE ten (id int);\r\nSELECT 1;\r\n",
	'9_nine.sql' => '',
	'R__view.sql' => 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one',
	'README.md' => '# How we do it',
	'.003_hidden.sql' => 'SELECT hidden',
	'logo.png' => "\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
mkdir "$path/004_four.sql" or die;
append_to_file("$path/004_four.sql/005_five.sql", 'SELECT 5');
symlink "$path/none", "$path/006_dangling.sql" or die;
system_or_bail('mkfifo', "$path/007_pipe.sql");
my ($rows, $messages) = $session->query("SELECT replace(path, '$path/', ''), version, name, kind, result FROM migrate.load('$path')");
is( $rows, join("\n",
		'001_one.sql|001|one|versioned|new', '002_two.up.sql|002|two|versioned|new', '9_nine.sql|9|nine|versioned|new',
		'10_ten.sql|10|ten|versioned|new', 'R__view.sql||view|repeatable|new',
		'004_four.sql/005_five.sql||||ignored', 'README.md||||ignored', 'logo.png||||ignored'),
	'a directory with all sorts of things');
like($messages, qr/^NOTICE:  00000: file ".*\Q$_\E" is not a migration$/m, "$_ is named") foreach 'README.md', '005_five.sql';
unlike($messages, qr/hidden/, 'hidden files are not');

unlink "$path/logo.png";
($rows, $messages) = $session->query("SELECT count(*) FROM migrate.load('$path/')");
is(states($node, 'db'), '001 pending, 002 pending, 9 pending, 10 pending, view pending', 'it is stored, also with a slash at the end');
is($session->query("SELECT version, state FROM migrate.apply()"),
	"001|applied\n002|applied\n9|applied\n10|applied\n|applied", 'and applied');

# What has changed.
append_to_file("$path/011_new.sql", 'CREATE TABLE eleven (id int)');
append_to_file("$path/R__view.sql", "\nUNION ALL SELECT 2");
append_to_file("$path/10_ten.sql", '-- a comment');
is($session->query("SELECT coalesce(version, name), result FROM migrate.load('$path') WHERE result <> 'ignored'"),
	"001|unchanged\n002|unchanged\n9|unchanged\n10|replaced\n011|new\nview|replaced", 'a second load');
is($session->query('SELECT coalesce(version, name) FROM migrate.apply()'), "011\nview", 'the new and the edited repeatable');
append_to_file("$path/011_new.sql", '; SELECT 1');
append_to_file("$path/012_newer.sql", 'SELECT 12');
($rows, $messages) = $session->query("SELECT * FROM migrate.load('$path')");
like($messages, qr/^ERROR:  55000: migration "011 new" is applied and its text has changed$/m, 'an edited migration is refused');
is_sql($node, 'db', "SELECT count(*) FROM migrate.status() WHERE version = '012'", '0', 'and nothing else is stored');

# Who may.
$session->query(<<'SQL');
CREATE ROLE loader LOGIN;
GRANT EXECUTE ON FUNCTION migrate.load(text, text, text, jsonb) TO loader;
CREATE ROLE stranger LOGIN;
SQL
unlink "$path/011_new.sql", "$path/012_newer.sql";
my $loader = session($node, 'db', connstr => $node->connstr('db') . ' user=loader');
(undef, $messages) = $loader->query("SELECT * FROM migrate.load('$path')");
like($messages, qr/^ERROR:  42501: permission denied to read a directory of the server$/m, 'EXECUTE is not enough');
like($messages, qr/^HINT:  Send the files with migrate\.load\(paths, contents\) instead\.$/m, 'and the way out');
$session->query('GRANT pg_read_server_files TO loader');
is($loader->query("SELECT count(*) FROM migrate.load('$path') WHERE result = 'unchanged'"), '5', 'with pg_read_server_files');
my $stranger = session($node, 'db', connstr => $node->connstr('db') . ' user=stranger');
like(($stranger->query("SELECT * FROM migrate.load('$path')"))[1], qr/^ERROR:  42501: permission denied for function load$/m,
	'EXECUTE is needed');
append_to_file("$path/013_stored.sql", 'SELECT 13');
$loader->query("SELECT * FROM migrate.load('$path')");
is_sql($node, 'db', "SELECT stored_by FROM migrate.status() WHERE version = '013'", 'loader', 'status() shows who stored it');

$_->quit foreach $session, $loader, $stranger;
$node->stop;
done_testing();
