# Files are UTF-8; databases and clients are what they are.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# e acute, and a Polish l that LATIN1 does not have
my $e_utf8 = "\xc3\xa9";
my $e_latin = "\xe9";
my $l_utf8 = "\xc5\x82";

my $node = new_server('encoding');
my $options = "TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'";

new_database($node, 'unicode', "ENCODING 'UTF8' $options");
new_database($node, 'latin', "ENCODING 'LATIN1' $options");
new_database($node, 'ascii', "ENCODING 'SQL_ASCII' $options");

my $directory = PostgreSQL::Test::Utils::tempdir();
my $content = "-- caf$e_utf8\nCREATE TABLE \"caf$e_utf8\" (word text);\n"
  . "INSERT INTO \"caf$e_utf8\" VALUES ('$e_utf8');\n"
  . "DO \$\$ BEGIN RAISE NOTICE 'a notice with $e_utf8'; END \$\$;\n";
append_to_file("$directory/001_caf$e_utf8.sql", $content);

# In a script that says, as each of pg_dump's does, in which encoding it is.
my $setting = "SET client_encoding = 'LATIN1';\nSET client_encoding = 'UTF8';\nSET client_encoding = 'SQL_ASCII';\n"
  . "SET client_encoding = 'LATIN1';\n"
  . "DO \$\$ BEGIN RAISE NOTICE 'second notice with $e_utf8'; END \$\$;\n"
  . "VACUUM \"caf$e_utf8\";\n"
  . "DO \$\$ BEGIN RAISE NOTICE 'third notice with $e_utf8'; END \$\$;\n";
append_to_file("$directory/002_says_so.sql", $setting);
append_to_file("$directory/003_fails.sql",
	"SET client_encoding = 'LATIN1';\nDO \$\$ BEGIN RAISE EXCEPTION 'no $e_utf8' USING DETAIL = 'detail $e_utf8'; END \$\$");

my %length = (unicode => 2, latin => 1, ascii => 2);
foreach my $case (
	[ 'unicode', 'UTF8', $e_utf8 ],
	[ 'unicode', 'LATIN1', $e_latin ],
	[ 'latin', 'UTF8', $e_utf8 ],
	[ 'latin', 'LATIN1', $e_latin ],
	[ 'ascii', 'SQL_ASCII', $e_utf8 ])
{
	my ($db, $encoding, $e) = @$case;
	my $name = "$db, client $encoding";
	my $session = session($node, $db, env => { PGCLIENTENCODING => $encoding });
	my $utf8 = session($node, $db, env => { PGCLIENTENCODING => $db eq 'ascii' ? 'SQL_ASCII' : 'UTF8' });

	is(($session->query("SELECT version, name FROM migrate.load('$directory')"))[0],
		"001|caf$e\n002|says_so\n003|fails", "$name: load");
	is($utf8->query("SELECT s.name, h.checksum FROM migrate.status() s, migrate.script h WHERE version = '001' AND body ~ 'second|VALUES' AND body ~ 'INSERT'"),
		"caf$e_utf8|" . sha256_hex($content), "$name: the checksum is that of the file");
	my ($rows, $messages) = $session->query("SELECT version, name FROM migrate.apply('2')");
	is($rows, "001|caf$e\n002|says_so", "$name: apply");
	like($messages, qr/^NOTICE:  00000: migration 1 of 2, "001 caf$e" \(/m, "$name: our notices");
	like($messages, qr/^NOTICE:  00000: $_ notice with $e$/m, "$name: $_ notice of a script")
	  foreach 'a', 'second', 'third';
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: no error");
	is($utf8->query("SELECT word, octet_length(word) FROM \"caf$e_utf8\""),
		"$e_utf8|$length{$db}", "$name: the data");

	($rows, $messages) = $session->query('SELECT migrate.apply()');
	like($messages, qr/^ERROR:  P0001: no $e\nDETAIL:  detail $e\n/m, "$name: an error");
	like($messages, qr/statement 2 of migration "003 fails", line 2/, "$name: its context");
	is($utf8->query("SELECT error_message, error_detail FROM migrate.history WHERE outcome = 'failed'"),
		"no $e_utf8|detail $e_utf8", "$name: the error in the history");
	is($session->query('SHOW client_encoding'), $encoding, "$name: the client's encoding is as it was");
	($rows, $messages) = $session->query("SELECT result FROM migrate.load('$directory')");
	is($rows, "unchanged\nunchanged\nunchanged", "$name: a second load");
	is_clean($node, $db, $name);

	# for the next case
	$session->query('DROP EXTENSION migrate; CREATE EXTENSION migrate');
	$utf8->query("DROP TABLE \"caf$e_utf8\"");
	$_->quit foreach $session, $utf8;
}

# What an encoding does not have.
append_to_file("$directory/004_l.sql", "-- $l_utf8\nSELECT 1");
my $session = session($node, 'latin');
my ($rows, $messages) = $session->query("SELECT * FROM migrate.load('$directory')");
like($messages, qr/^ERROR:  22P05: character with byte sequence 0xc5 0x82 in encoding "UTF8" has no equivalent in encoding "LATIN1"$/m,
	'a file that the database cannot hold');
like($messages, qr/^CONTEXT:  file ".*004_l\.sql"$/m, 'is named');
is_sql($node, 'latin', 'SELECT count(*) FROM migrate.status()', '0', 'and nothing is stored');
$session->quit;

# A client that cannot take a notice gets an error, as from any statement, and
# the run ends as after a cancel.
register($node, 'unicode', [ 1, $l_utf8, 'SELECT pg_advisory_xact_lock(1); CREATE TABLE one (id int)' ]);
my $gate = session($node, 'unicode');
$gate->query('SELECT pg_advisory_lock(1)');
$session = session($node, 'unicode', env => { PGCLIENTENCODING => 'LATIN1' });
($rows, $messages) = $session->query('SELECT migrate.apply()');
like($messages, qr/^ERROR:  22P05:/m, 'a notice that the client cannot take');
is_sql($node, 'unicode', "SELECT state, to_regclass('one') IS NULL FROM migrate.status()", 'failed|t', 'is an error of the run');
is_clean($node, 'unicode', 'and then');
$gate->query('SELECT pg_advisory_unlock(1)');
is_sql($node, 'unicode', 'SELECT version FROM migrate.apply()', '1', 'another client applies it');
$_->quit foreach $session, $gate;

$node->stop;
done_testing();
