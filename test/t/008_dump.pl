# A restored database knows its scripts, their states and its history.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('dump');
my $directory = PostgreSQL::Test::Utils::tempdir();

new_database($node, 'db');
register(
	$node, 'db',
	[ '001', 'one', "CREATE TABLE one (id int);\nINSERT INTO one VALUES (1);", 'DROP TABLE one' ],
	[ '002', 'index', 'CREATE INDEX CONCURRENTLY one_idx ON one (id)' ],
	[ '003', 'fails', "CREATE TABLE three (id int);\nVACUUM three;\nINSERT INTO three SELECT 1 / count(*) FROM ready;\nINSERT INTO three VALUES (2);" ],
	[ '004', 'pending', 'CREATE TABLE four (id int)' ],
	[ undef, 'view', 'CREATE OR REPLACE VIEW v AS SELECT * FROM one' ]);
$node->psql('db', 'SELECT migrate.apply()');
$node->safe_psql('db', <<'SQL');
SELECT migrate.register('1', 'other', 'SELECT ''it''''s''', project => 'other');
SELECT migrate.apply(project => 'other');
SELECT migrate.resolve('1', 'rolled_back', 'for the dump', project => 'other');
SQL
is(states($node, 'db'), '001 applied, 002 applied, 003 partial, 004 pending, view pending', 'the database to be dumped');

my @contents = (
	"SELECT * FROM migrate.status() UNION ALL SELECT * FROM migrate.status('other')",
	'SELECT * FROM migrate.history ORDER BY id',
	'SELECT * FROM migrate.runs ORDER BY run',
	'SELECT * FROM migrate.script ORDER BY checksum',
	'SELECT * FROM migrate.migration ORDER BY id',
	'SELECT * FROM migrate.step',
	"SELECT c.relname, pg_sequence_last_value(c.oid) FROM pg_class c WHERE relkind = 'S' AND relnamespace = 'migrate'::regnamespace ORDER BY 1");
my @expected = map { $node->safe_psql('db', $_) } @contents;

# Goes on in a restored database.
sub goes_on
{
	my ($db) = @_;

	is($node->safe_psql($db, $contents[$_]), $expected[$_], "$db: " . $contents[$_] =~ s/^SELECT \* FROM //r)
	  foreach 0 .. $#contents;
	is_sql($node, $db, "SELECT version FROM migrate.apply('002')", '', "$db: what was applied is not pending");
	$node->safe_psql($db, 'CREATE TABLE ready AS SELECT 1 AS id');
	is_sql($node, $db, 'SELECT coalesce(version, name) FROM migrate.apply()', "003\n004\nview", "$db: the rest is applied");
	is_sql($node, $db, 'SELECT * FROM three ORDER BY 1', "1\n2", "$db: from where it had stopped");
	is_sql($node, $db, 'SELECT id > 6, run > 2 FROM migrate.history ORDER BY id DESC LIMIT 1', 't|t', "$db: the numbers go on");
	register($node, $db, [ '005', 'five', 'SELECT 5' ]);
	is_sql($node, $db, 'SELECT version, state FROM migrate.apply()', '005|applied', "$db: and new ones are stored and applied");
	is_sql($node, $db, "SELECT state FROM migrate.status() WHERE version = '001'", 'applied', "$db: rollback: before");
	is_sql($node, $db, "SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND classid = 'pg_class'::regclass",
		$node->safe_psql('db', "SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND classid = 'pg_class'::regclass"),
		"$db: the tables belong to the extension");
	is_clean($node, $db, $db);
	return;
}

sub restore
{
	my ($db, $format, @options) = @_;
	my $file = "$directory/$db.dump";

	$node->command_ok([ 'pg_dump', "-F$format", @options, '-f', $file, '-d', $node->connstr('db') ], "$db: pg_dump @options");
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	if ($format eq 'p')
	{
		$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr($db) ], "$db: psql");
	}
	else
	{
		$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr($db), $file ], "$db: pg_restore");
	}
	return;
}

restore('plain', 'p');
goes_on('plain');
restore('custom', 'c');
goes_on('custom');
restore('inserts', 'p', '--inserts');
goes_on('inserts');

# Without data there is no history either; the scripts are loaded again.
restore('schema_only', 'p', '--schema-only');
is(states($node, 'schema_only'), '', 'schema_only: no migrations');
is_sql($node, 'schema_only', 'SELECT count(*) FROM migrate.history', '0', 'schema_only: no history');
register($node, 'schema_only', [ '001', 'one', 'CREATE TABLE one (id int)' ], [ '002', 'index', 'SELECT 2' ], [ '003', 'more', 'CREATE TABLE more (id int)' ]);
is_sql($node, 'schema_only', "SELECT version FROM migrate.baseline('002')", "001\n002", 'schema_only: baseline');
is_sql($node, 'schema_only', 'SELECT version FROM migrate.apply()', '003', 'schema_only: and the rest');

# The data of the extension alone, into a database that has it.
new_database($node, 'data_only');
$node->command_ok([ 'pg_dump', '--data-only', '-e', 'migrate', '-f', "$directory/data.sql", '-d', $node->connstr('db') ], 'data_only: pg_dump');
$node->safe_psql('data_only', 'CREATE TABLE one (id int); CREATE TABLE three (id int)');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$directory/data.sql", '-d', $node->connstr('data_only') ], 'data_only: psql');
is(states($node, 'data_only'), states($node, 'db'), 'data_only: the states');

# A dump that is itself a migration.
$node->command_ok([ 'pg_dump', '-t', 'one', '-f', "$directory/one.sql", '-d', $node->connstr('db') ], 'pg_dump of a table');
new_database($node, 'from_dump');
my $dump = slurp_file("$directory/one.sql");
if ($dump =~ s/^\\(un)?restrict .*\n//mg)
{
	note('the meta-commands of newer releases were removed');
}
register($node, 'from_dump', [ 1, 'dump', $dump ], [ 2, 'next', 'INSERT INTO one VALUES (2)' ]);
is_sql($node, 'from_dump', 'SELECT version, steps FROM migrate.apply()', "1|1\n2|1", 'a dump with COPY as a migration');
is_sql($node, 'from_dump', 'SELECT id FROM one ORDER BY 1', "1\n2", 'its data, and no empty search_path for the next');

$node->stop;
done_testing();
