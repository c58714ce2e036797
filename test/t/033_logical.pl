# Logical replication: what our tables tell is about their own database.  Rows
# that a publication FOR ALL TABLES sends are not taken by the subscriber's
# tables, so both sides keep their own migrations, and nothing collides.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = new_server('publisher', init => { allows_streaming => 'logical' }, conf => 'max_connections = 50');
my $subscriber = new_server('subscriber', conf => "max_connections = 50\nwal_retrieve_retry_interval = 200ms");
my $tables = 'script,migration,state,step,run,attempt,event,timing';
my $users = 'SELECT string_agg(id || \':\' || coalesce(v::text, \'\'), \' \' ORDER BY id) FROM users';

foreach my $node ($publisher, $subscriber)
{
	$node->safe_psql('postgres', 'CREATE DATABASE db');
	$node->safe_psql('db', 'CREATE TABLE users (id int PRIMARY KEY, v int)');
}
$publisher->safe_psql('db', 'CREATE PUBLICATION p FOR ALL TABLES; INSERT INTO users VALUES (1, 1)');
my $connection = $publisher->connstr('db') =~ s/'/''/gr;
$subscriber->safe_psql('db', "CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION p");
$subscriber->wait_for_subscription_sync($publisher, 's', 'db');
$publisher->safe_psql('db', "SELECT pg_create_logical_replication_slot('decoder', 'test_decoding')");

# All that there is of ours in a database.
sub contents
{
	my ($node) = @_;

	return join("\n", map { $node->safe_psql('db', "SELECT * FROM migrate.$_ ORDER BY 1") } split /,/, $tables);
}

# The subscriber gets everything that was done so far, without any error.
sub is_in_sync
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$publisher->wait_for_catchup('s');
	is_sql($subscriber, 'db', $users, $publisher->safe_psql('db', $users), "$name: the users' rows arrive");
	return;
}

# ---------------------------------------------------------------------------
# The extension on the publisher only

$publisher->safe_psql('db', 'CREATE EXTENSION migrate');
is_sql($publisher, 'db', "SELECT count(*) FROM pg_publication_tables WHERE schemaname = 'migrate'", '8', 'FOR ALL TABLES is for ours too');
is_sql($publisher, 'db',
	"SELECT string_agg(relname, ',') FROM pg_class c WHERE relnamespace = 'migrate'::regnamespace AND relkind = 'r'"
	  . " AND NOT EXISTS (SELECT FROM pg_index i WHERE indrelid = c.oid AND indisprimary)",
	'', 'they have primary keys, so that they can be changed');
is_in_sync('CREATE EXTENSION');

# As for any new table: the subscription waits until the subscriber has it, and
# loses nothing.
register(
	$publisher, 'db',
	[ 1, 'one', "INSERT INTO users VALUES (2, 2);\nUPDATE users SET v = 3;" ],
	[ 2, 'two', "VACUUM users;\nCREATE INDEX CONCURRENTLY users_v ON users (v);\nDELETE FROM users WHERE id = 1;" ],
	[ 3, 'fails', "CREATE TABLE three (id int);\nVACUUM users;\nSELECT 1 / 0;" ]);
my $session = session($publisher, 'db');
my ($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
like($messages, qr/^ERROR:  22012: division by zero$/m, 'a run of a publisher');
is(states($publisher, 'db'), '1 applied, 2 applied, 3 partial', 'its states');
wait_until($subscriber, 'db', 'SELECT apply_error_count > 0 FROM pg_stat_subscription_stats');
like(slurp_file($subscriber->logfile), qr/logical replication target relation "migrate\.script" does not exist/, 'without the extension the subscription waits');
$subscriber->safe_psql('db', 'CREATE EXTENSION migrate');
is_in_sync('with the extension');
is(contents($subscriber), "\n" x 7, 'and nothing of the publisher is in it');

# ---------------------------------------------------------------------------
# Both have it

# Numbers and keys of both sides are the same.
register($subscriber, 'db', [ 1, 'own', 'CREATE TABLE own (id int)' ], [ 2, 'own index', 'CREATE INDEX CONCURRENTLY users_own ON users (v)' ]);
is_sql($subscriber, 'db', 'SELECT version FROM migrate.apply()', "1\n2", 'a run of the subscriber');
my $own = contents($subscriber);
register($publisher, 'db', [ 3, 'mended', "CREATE TABLE three (id int);\nVACUUM users;\nINSERT INTO users VALUES (3, 3);" ]);
is_sql($publisher, 'db', 'SELECT version FROM migrate.apply()', '3', 'another of the publisher');
is_in_sync('both');
is(contents($subscriber), $own, 'both: the subscriber keeps its own');

# The initial copy of our tables brings nothing, and their changes do not.
$subscriber->safe_psql('db', 'CREATE TABLE three (id int); ALTER SUBSCRIPTION s REFRESH PUBLICATION');
$subscriber->wait_for_subscription_sync($publisher, 's', 'db');
is_sql($subscriber, 'db', "SELECT count(*) FROM pg_subscription_rel r JOIN pg_class c ON c.oid = srrelid WHERE relnamespace = 'migrate'::regnamespace AND srsubstate = 'r'",
	'8', 'refreshed: our tables are a part of the subscription');
is(contents($subscriber), $own, 'refreshed: the subscriber keeps its own');
$publisher->safe_psql('db', "SELECT migrate.resolve('3', 'rolled_back'); SELECT migrate.unregister('3')");
register($publisher, 'db', [ 4, 'four', 'INSERT INTO users VALUES (4, 4)', 'DELETE FROM users WHERE id = 4' ]);
$publisher->safe_psql('db', 'SELECT migrate.apply(); SELECT migrate.rollback(); SELECT migrate.apply()');
is_in_sync('refreshed');
is(contents($subscriber), $own, 'refreshed: changes are not taken either');
register($subscriber, 'db', [ 3, 'own', "INSERT INTO own VALUES (1);\nVACUUM own;\nINSERT INTO own VALUES (2);" ]);
is_sql($subscriber, 'db', 'SELECT version FROM migrate.apply()', '3', 'refreshed: the subscriber goes on with its own');
is_in_sync('refreshed, once more');

# A new subscription of a database with an empty extension stays empty.
$subscriber->safe_psql('postgres', 'CREATE DATABASE second');
$subscriber->safe_psql('second', 'CREATE TABLE users (id int PRIMARY KEY, v int); CREATE TABLE three (id int); CREATE EXTENSION migrate');
$subscriber->safe_psql('second', "CREATE SUBSCRIPTION second CONNECTION '$connection' PUBLICATION p");
$subscriber->wait_for_subscription_sync($publisher, 'second', 'second');
is_sql($subscriber, 'second', 'SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM migrate.status()), (SELECT count(*) FROM migrate.history), (SELECT count(*) FROM migrate.script)',
	'3|0|0|0', 'a new subscription: the rows of the users, and none of ours');

# Only subscriptions are kept out, not a restore in the way of a replica.
my $dump = PostgreSQL::Test::Utils::tempdir() . '/ours.sql';
$publisher->command_ok([ 'pg_dump', '-t', 'migrate.*', '-f', $dump, '-d', $publisher->connstr('db') ], 'pg_dump of our tables');
$subscriber->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-c', 'SET session_replication_role = replica', '-f', $dump, '-d', $subscriber->connstr('second') ], 'restored as a replica');
is(states($subscriber, 'second'), states($publisher, 'db'), 'a restore as a replica is no subscription');
is_sql($subscriber, 'second', 'SELECT count(*) FROM migrate.apply()', '0', 'and nothing is pending');

is_sql($subscriber, 'db', 'SELECT sum(sync_error_count) FROM pg_stat_subscription_stats', '0', 'no initial copy has failed');
is_sql($subscriber, 'db', "SELECT count(*) FROM pg_stat_subscription WHERE subname IN ('s', 'second') AND pid IS NOT NULL AND relid IS NULL", '2', 'both subscriptions are at work');

# ---------------------------------------------------------------------------
# Publications and scripts

# What the server demands of a published table, it demands of a script.
register($publisher, 'db', [ 5, 'no key', "CREATE TABLE no_key (id int);\nINSERT INTO no_key VALUES (1);\nUPDATE no_key SET id = 2;" ]);
($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
like($messages, qr/^ERROR:  55000: cannot update table "no_key" because it does not have a replica identity and publishes updates$/m, 'a script that updates a published table without a key');
is_sql($publisher, 'db', "SELECT outcome, error_sqlstate FROM migrate.history WHERE version = '5'", 'failed|55000', 'is recorded');
register($publisher, 'db', [ 5, 'key', "CREATE TABLE no_key (id int PRIMARY KEY);\nINSERT INTO no_key VALUES (1);\nUPDATE no_key SET id = 2;" ]);
$subscriber->safe_psql($_, 'CREATE TABLE no_key (id int PRIMARY KEY)') foreach qw(db second);
is(scalar $session->query('SELECT version FROM migrate.apply()'), '5', 'and runs with one');
is_in_sync('with a key');

# A publication may be made by a script, and be without our tables.
register($publisher, 'db', [ 6, 'publication', "CREATE PUBLICATION q FOR TABLES IN SCHEMA public;\nDROP PUBLICATION p;\nCREATE PUBLICATION p FOR TABLES IN SCHEMA public;\nINSERT INTO users VALUES (6, 6);" ]);
is(scalar $session->query('SELECT version FROM migrate.apply()'), '6', 'a publication of a schema');
is_sql($publisher, 'db', "SELECT count(*) FROM pg_publication_tables WHERE schemaname = 'migrate'", '0', 'does not have ours');
$session->quit;

# ---------------------------------------------------------------------------
# Decoding

# A decoder that was there before everything sees each run.  It prevents none,
# also no index build, and the slot of one can be made during a run.
register($publisher, 'db', [ 7, 'waits', "CREATE INDEX CONCURRENTLY users_7 ON users (id, v);\nINSERT INTO users VALUES (7, 7);\nVACUUM users;\nSELECT pg_advisory_xact_lock(1);" ]);
my $gate = session($publisher, 'db');
$gate->query('SELECT pg_advisory_lock(1)');
my $caller = session($publisher, 'db');
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($publisher, 'db', 'pg_advisory_xact_lock');
is_sql($publisher, 'db', "SELECT pg_create_logical_replication_slot('during', 'test_decoding') IS NOT NULL", 't', 'a slot is made during a run');
$gate->quit;
is(scalar $caller->finish, '7', 'which ends well');
$caller->quit;
my $changes = $publisher->safe_psql('db', "SELECT data FROM pg_logical_slot_get_changes('decoder', NULL, NULL)");
like($changes, qr/^table public\.users: INSERT: id\[integer\]:$_ v\[integer\]:$_$/m, "decoded: users $_") foreach 2, 3, 4, 6, 7;
like($changes, qr/^table migrate\.event: INSERT: .*'waits'/m, 'decoded: the history');
like($publisher->safe_psql('db', "SELECT data FROM pg_logical_slot_get_changes('during', NULL, NULL)"), qr/^table migrate\.state: INSERT: /m, 'decoded: from the slot made during the run');
is_clean($publisher, 'db', 'publisher');
is_clean($subscriber, $_, "subscriber, $_") foreach qw(db second);

$subscriber->safe_psql('db', 'DROP SUBSCRIPTION s');
$subscriber->safe_psql('second', 'DROP SUBSCRIPTION second');
$_->stop foreach $subscriber, $publisher;
done_testing();
