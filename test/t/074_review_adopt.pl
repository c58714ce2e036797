# A hostile review of adopt() and of pg_migrate: what they found, each with the
# way to it.

use strict;
use warnings;

use Digest::SHA;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateCli;
use MigrateLayout;
use MigrateTest;
use Test::More;

my $node = new_server('review_adopt', conf => "timezone = 'UTC'\n");
my $databases = 0;
my ($rows, $messages, $session, $database);

# A session in a new database.
sub fresh
{
	$session->quit if $session;
	$database = 'db' . ++$databases;
	new_database($node, $database);
	$session = session($node, $database);
	return;
}

# What adopt() says of each migration.
sub adopt
{
	my ($arguments) = @_;

	($rows, $messages) = $session->query('SELECT coalesce(version, name), result, note FROM migrate.adopt(' . ($arguments // '') . ')');
	return $rows;
}

#
# Nothing is taken for applied that never ran
#

# Two projects of Sqitch share a registry; names such as "users" are in both.
fresh();
$session->query(<<'SQL');
CREATE SCHEMA sqitch;
CREATE TABLE sqitch.changes (change_id text PRIMARY KEY, script_hash text, change text NOT NULL, project text NOT NULL, note text NOT NULL DEFAULT '', committed_at timestamptz NOT NULL DEFAULT now(),
  committer_name text NOT NULL, committer_email text NOT NULL, planned_at timestamptz NOT NULL, planner_name text NOT NULL, planner_email text NOT NULL);
INSERT INTO sqitch.changes VALUES ('aaaa', 'bbbb', 'users', 'other', '', now(), 'x', 'x', now(), 'x', 'x');
SQL
my %sqitch = (
	'sqitch.plan' => "%syntax-version=1.0.0\n%project=shop\n\nusers 2024-01-01T00:00:00Z A <a\@example.com> # Users\n",
	'deploy/users.sql' => 'CREATE TABLE users (id int)');
load_rows($session, \%sqitch, q('sqitch'));
is(adopt(), "users|missing|\nusers|pending|", "sqitch: another project's change of the same name is not this one");
# but the same script under a changed ID is
$session->query("UPDATE sqitch.changes SET script_hash = '" . Digest::SHA::sha1_hex($sqitch{'deploy/users.sql'}) . "'");
is(adopt(), 'users|adopted|', 'sqitch: a change whose note was edited is told by its script');

# Another application in the database has the history of another tool.
fresh();
$session->query('CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (20240101, false)');
load_rows($session, { '1_a.sql' => 'SELECT 1', '2_b.sql' => 'SELECT 2' }, q('sqlx'));
adopt();
like($messages, qr/^ERROR:  42P01: no history table of sqlx was found in database "$database"\nDETAIL:  .*golang-migrate.*\nHINT:  .*migrate\.adopt\('golang-migrate'\)/m,
	'the history of another tool is not taken for that of the files unless it is named');
is(adopt(q('golang-migrate', dry_run => true)), "20240101|missing|\n1|adopted|comes before 20240101\n2|adopted|comes before 20240101", 'when it is named, it is');

# The undo script of Flyway failed halfway.
fresh();
$session->query(<<'SQL');
CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int,
  installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL);
INSERT INTO flyway_schema_history VALUES (1, '1', 'a', 'SQL', 'V1__a.sql', NULL, 'app', now(), 1, true), (2, '1', 'a', 'UNDO_SQL', 'U1__a.sql', NULL, 'app', now(), 1, false);
SQL
load_rows($session, { 'V1__a.sql' => 'SELECT 1' }, q('flyway'));
is(adopt(), '1|partial|UNDO_SQL, success = false', 'flyway: an undo script that failed leaves nobody knows what');

# Prisma was killed: the script may have been committed, the row says nothing.
fresh();
$session->query(<<'SQL');
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
  logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);
INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ('a', 'x', '1_a', NULL), ('b', 'x', '2_b', 'ERROR: syntax error');
SQL
load_rows($session, { '1_a/migration.sql' => 'SELECT 1', '2_b/migration.sql' => 'SELECT 2', 'migration_lock.toml' => qq(provider = "postgresql"\n) }, q('prisma'));
is(adopt(), "1|partial|finished_at is null\n2|failed|finished_at is null: ERROR: syntax error", 'prisma: what was begun and never ended may have run');

# The tool takes back what was adopted.
fresh();
$session->query('CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)');
$session->query(q(INSERT INTO _sqlx_migrations VALUES (1, 'a', now(), true, '', 1), (2, 'b', now(), true, '', 1)));
load_rows($session, { '1_a.sql' => 'SELECT 1', '2_b.sql' => 'SELECT 2', '3_c.sql' => 'SELECT 3' }, q('sqlx'));
is(adopt(), "1|adopted|\n2|adopted|\n3|pending|", 'sqlx: two have run');
$session->query("DELETE FROM _sqlx_migrations WHERE version = 2; INSERT INTO _sqlx_migrations VALUES (3, 'c', now(), true, '', 1)");
is(adopt(), "1|unchanged|\n2|unchanged|was adopted before, and is not in this history\n3|adopted|", 'what the tool has taken back since is told');

#
# Code of a table's owner runs in nobody else's name
#
fresh();
$node->safe_psql($database, <<'SQL');
CREATE ROLE owner;
CREATE SCHEMA app AUTHORIZATION owner;
SET ROLE owner;
CREATE TABLE app.schema_version (version int PRIMARY KEY);
INSERT INTO app.schema_version VALUES (1);
CREATE TABLE app.seen (who text);
CREATE FUNCTION app.note(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.seen VALUES (current_user); RETURN true; END $$;
CREATE FUNCTION app.harm(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM app.note(1); RETURN true; END $$;
CREATE INDEX ON app.schema_version (version) WHERE app.harm(1);
CREATE INDEX ON app.schema_version (version, (app.harm(2)));
DELETE FROM app.seen;
SQL
load_rows($session, { '001_a.sql' => 'SELECT 1', '002_b.sql' => 'SELECT 2' }, q('tern'));
is(adopt(), "001|adopted|\n002|pending|", 'a table with a hostile index');
is_sql($node, $database, "SELECT string_agg(DISTINCT who, ' ') FROM app.seen", 'owner', 'whose code runs with the rights of its owner');

$session->quit;

#
# pg_migrate
#
use_database($node, $database);

# a script may say what an announcement would
my $notices = files('1_a.sql' => q{DO $$ BEGIN RAISE NOTICE 'migration 1 of 1, "x": step 1 s)'; RAISE NOTICE 'migration 1 of 1, "a": step (1 s)'; END $$;});
cli_is([ 'up', '--project=notices', '--layout=native', $notices ], 0, qr/^applied +1 a/m, qr/\A(notice: .*\n|  hint: .*\n)*\z/, 'notices that are like announcements');

# the first run of another tool's files
my $first = files('001_a.sql' => 'SELECT 1');
cli_is([ 'up', '--project=first', $first ], 3, qr/1 new$/m, qr/error: project "first" has not adopted the history of tern$/m, 'up before adopt');
cli_is([ 'up', '--project=first', '--set=migrate.unadopted_history=allow', $first ], 0, qr/^applied +001 a/m, qr/^notice: /m, 'up in spite of it');

# nothing that a file or the server says can do anything to the terminal
my $escapes = files("1_\e]0;owned\a.sql" => "SELECT '\e[2J' FROM \"\e[31mnowhere\";", "2_b\nerror: x.sql" => 'SELECT 2');
my ($status, $out, $err) = cli('up', '--project=escapes', '--layout=native', $escapes);
is($status, 1, 'escape sequences: status');
unlike("$out$err", qr/[\e\a]/, 'escape sequences are not written');
($status, $out, $err) = cli('push', '--project=escapes', files("1_\e[31m.sql" => "\xff"));
unlike("$out$err", qr/\e/, 'nor those in the name of a file that is refused');

# two migrations of one version
my $twins = files(map { ("1_$_.sql" => "-- Up Migration\nCREATE TABLE $_ ();\n-- Down Migration\nDROP TABLE $_;\n") } qw(a b));
cli_is([ 'up', '--project=twins', '--layout=node-pg-migrate', $twins ], 0, qr/2 migrations applied/, undef, 'two migrations of one version');
cli_is([ 'redo', '--project=twins' ], 0, qr/^rolled back +1 b .*\napplied +1 b /m, undef, 'the newer one is run again');
cli_is([ 'status', '--project=twins' ], 0, qr/^2 applied$/m, undef, 'both are applied');
cli_is([ 'down', '--project=twins', '--to=1_a' ], 0, qr/\Arolled back +1 b .*\n1 migration rolled back/, undef, 'and can be told apart');

# a password is in no message, wherever the connection string stands
($status, $out, $err) = cli('status', 'postgresql://u:secret@h/d');
is($status, 2, 'a connection string in the wrong place: status');
unlike("$out$err", qr/secret/, 'which is not shown');

# functions of other versions
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', <<'SQL');
CREATE SCHEMA migrate;
CREATE FUNCTION migrate.load(text[], text[], text, text) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION migrate.apply(text, text) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
SQL
cli_is([ '-d', 'other', 'up', files('1_a.sql' => 'SELECT 1') ], 3, undef, qr/error: column "path" does not exist/, 'rows of another shape are an error');
cli_is([ '-d', 'other', 'up' ], 3, undef, qr/^pg_migrate: error: migrate in the database is of another version than this pg_migrate$/, 'of a run, too');

# a dry run changes nothing
my $everything = "SELECT md5(string_agg(x, ' ' ORDER BY x)) FROM (SELECT m::text AS x FROM migrate.migration m UNION ALL SELECT s::text FROM migrate.script s UNION ALL SELECT e::text FROM migrate.event e UNION ALL SELECT s::text FROM migrate.state s UNION ALL SELECT r::text FROM migrate.run r) t";
my $before = $node->safe_psql($database, $everything);
cli_is([ 'up', '--dry-run', '--project=dry', files('1_a.sql' => 'SELECT 1', 'R__v.sql' => 'SELECT 1') ], 0, qr/2 migrations would run/, undef, 'a dry run');
is($node->safe_psql($database, $everything), $before, 'changes nothing');

$node->stop;
done_testing();
