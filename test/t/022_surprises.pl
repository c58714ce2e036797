# What a DBA does to a database that migrates: read-only sessions, settings and
# limits of roles and databases, roles renamed, dropped and locked out, ALTER
# and DROP of the database and the extension under a run, timeouts of the one
# who waits, a server in recovery.  In each case an error that says why, or a
# run that is not disturbed; and the next one works.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $node = new_server('surprises', conf => 'wal_level = replica');
my $version = $node->safe_psql('postgres', 'SHOW server_version_num') / 10000;
my $cases = 0;
my ($db, $user, $builder, $session, $gate, $rows, $messages);

$node->safe_psql('postgres', 'CREATE DATABASE model');
$node->safe_psql('model', <<'SQL');
CREATE EXTENSION migrate;
GRANT CREATE ON SCHEMA public TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrate TO PUBLIC;
GRANT SELECT ON migrate.history, migrate.progress, migrate.runs TO PUBLIC;
SQL

# A transactional migration and one that needs a runner; the gate, if it is
# taken, stops the first in its last statement.
my @migrations = (
	[ 1, 'one', "CREATE TABLE one (id int);\nSELECT pg_advisory_xact_lock(1);", 'DROP TABLE one' ],
	[ 2, 'two', "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY two_idx ON two (id);\nINSERT INTO two VALUES (1);" ]);
my $all = '1 applied, 2 applied';

# A database and two roles of its own, the one a member of the other.
sub new_case
{
	my (@more) = @_;

	$cases++;
	($db, $user, $builder) = ("case_$cases", "deployer_$cases", "builder_$cases");
	$node->safe_psql('postgres',
		"CREATE DATABASE $db TEMPLATE model; CREATE ROLE $user LOGIN; CREATE ROLE $builder; GRANT $builder TO $user");
	register($node, $db, @migrations, @more);
	return;
}

# Replaces the caller's session.
sub connect_user
{
	$session->quit if $session;
	$session = session($node, $db, connstr => $node->connstr($db) . " user=$user");
	return;
}

# A superuser's commands, for which USER, BUILDER and DB stand.
sub as_admin
{
	my ($sql, $in) = @_;

	$sql =~ s/\bUSER(?![A-Z])/$user/g;
	$sql =~ s/\bBUILDER(?![A-Z])/$builder/g;
	$sql =~ s/\bDB(?![A-Z])/$db/g;
	return $node->safe_psql($in // $db, $sql);
}

sub fails
{
	my ($sql, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	($rows, $messages) = $session->query($sql);
	return like($messages, $pattern, $name);
}

sub succeeds
{
	my ($name, $versions) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
	is($rows, $versions // "1\n2", "$name: the run");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: without an error");
	is(states($node, $db), $all, "$name: all is applied");
	is_clean($node, $db, $name);
	return;
}

# Nothing was run and nothing recorded.
sub is_untouched
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is(states($node, $db), '1 pending, 2 pending', "$name: the states");
	is_sql($node, $db, 'SELECT count(*) FROM migrate.runs', '0', "$name: there was no run");
	is_clean($node, $db, $name);
	return;
}

# A run of the user that has stopped in the first migration.
sub begin_run
{
	my ($before) = @_;

	connect_user();
	$session->query($before) if $before;
	$gate = session($node, $db);
	$gate->query('SELECT pg_advisory_lock(1)');
	$session->start('SELECT version FROM migrate.apply()');
	return wait_for_runner($node, $db, 'pg_advisory_xact_lock');
}

sub end_run
{
	$gate->query('SELECT pg_advisory_unlock(1)');
	($rows, $messages) = $session->finish;
	$gate->quit;
	return;
}

# The run that was begun is not disturbed.
sub goes_on
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	end_run();
	is($rows, "1\n2", "$name: the run goes on to its end");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: without an error");
	is(states($node, $db), $all, "$name: all is applied");
	is_clean($node, $db, $name);
	return;
}

#
# Read-only
#
my @changes = (
	'migrate.apply()', "migrate.resolve('1', 'applied')", "migrate.register('3', 'three', 'SELECT 3')",
	"migrate.unregister('1')", "migrate.baseline('1')", "migrate.load(ARRAY['3_x.sql'], ARRAY['SELECT 3'])");
my @looks = ('migrate.status()', 'migrate.history', 'migrate.runs', 'migrate.progress');

new_case();
connect_user();
foreach my $before ('SET default_transaction_read_only = on', 'SET default_transaction_read_only = off; BEGIN READ ONLY')
{
	foreach my $call (@changes)
	{
		my ($function) = $call =~ /^(migrate\.\w+)/;

		fails("$before; SELECT * FROM $call; ROLLBACK",
			qr/^ERROR:  25006: cannot execute \Q$function()\E in a read-only transaction$/m, "$before; $call");
	}
	foreach my $what (@looks)
	{
		($rows, $messages) = $session->query("$before; SELECT count(*) FROM $what; ROLLBACK");
		unlike($messages, qr/^ERROR/m, "$before; $what can be read");
	}
}
is_untouched('read-only');

foreach my $whose ('ROLE USER', 'DATABASE DB', 'ROLE USER IN DATABASE DB')
{
	new_case();
	as_admin("ALTER $whose SET default_transaction_read_only = on", 'postgres');
	connect_user();
	fails('SELECT migrate.apply()', qr/^ERROR:  25006: cannot execute migrate\.apply\(\) in a read-only transaction$/m,
		"read-only by $whose");
	$session->query('SET default_transaction_read_only = off');
	succeeds("read-only by $whose, but not the session");
}

# The runner connects later than its caller did, and meets the new setting.
new_case();
connect_user();
as_admin('ALTER ROLE USER SET default_transaction_read_only = on');
fails('SELECT migrate.apply()', qr/^ERROR:  25006: cannot execute CREATE TABLE in a read-only transaction$/m,
	'read-only since the caller has connected');
is(states($node, $db), '1 failed, 2 pending', 'read-only since the caller has connected: recorded all the same');
is(outcomes($node, $db), '1 apply failed 25006', 'read-only since the caller has connected: the history');
as_admin('ALTER ROLE USER RESET ALL');
succeeds('read-only no more');

#
# Settings of roles and databases
#
foreach my $setting (
	"lock_timeout = '10s'", "search_path = public", "default_transaction_deferrable = on",
	"client_encoding = 'LATIN1'", "log_statement = 'all'", "log_min_duration_statement = 0",
	'session_replication_role = replica', 'synchronous_commit = off', "idle_in_transaction_session_timeout = '5ms'",
	"idle_session_timeout = '1h'", "client_connection_check_interval = '10ms'", "statement_timeout = '1h'",
	'row_security = off', 'standard_conforming_strings = off', "application_name = 'x'",
	'plan_cache_mode = force_generic_plan', "client_min_messages = error", "datestyle = 'SQL, DMY'")
{
	# in turn, as either takes a new database and time
	my $whose = $cases % 2 ? 'ROLE USER' : 'DATABASE DB';

	new_case();
	as_admin("ALTER $whose SET $setting", 'postgres');
	connect_user();
	is($session->query('SELECT version FROM migrate.apply()'), "1\n2", "ALTER $whose SET $setting");
	is(states($node, $db), $all, "ALTER $whose SET $setting: all is applied");
}
is_clean($node, $db, 'settings');

new_case();
as_admin('ALTER ROLE USER SET role = BUILDER');
connect_user();
succeeds('ALTER ROLE SET role');
is_sql($node, $db, "SELECT DISTINCT session_role, role FROM migrate.history", "$user|$builder", 'ALTER ROLE SET role: the history');
is_sql($node, $db, "SELECT relowner::regrole FROM pg_class WHERE relname = 'two'", $builder, 'ALTER ROLE SET role: the owner');

new_case();
as_admin('ALTER ROLE USER SET role = BUILDER');
connect_user();
$session->query('SET ROLE NONE');
succeeds('ALTER ROLE SET role, but not the session');
is_sql($node, $db, "SELECT relowner::regrole FROM pg_class WHERE relname = 'two'", $user, 'ALTER ROLE SET role, but not the session: the owner');

new_case();
as_admin('ALTER ROLE USER SET search_path = nowhere');
connect_user();
fails('SELECT migrate.apply()', qr/^ERROR:  3F000: no schema has been selected to create in$/m, 'ALTER ROLE SET search_path: its error');
is(states($node, $db), '1 failed, 2 pending', 'ALTER ROLE SET search_path: the states');
$session->query('SET search_path = public');
succeeds('ALTER ROLE SET search_path, but not the session');

new_case();
as_admin("ALTER ROLE USER SET default_transaction_isolation = 'serializable'");
connect_user();
fails('SELECT migrate.apply()', qr/^ERROR:  25001: CREATE INDEX of migration "2 two" cannot run within the caller's transaction$/m,
	'ALTER ROLE SET default_transaction_isolation: its error');
like($messages, qr/^DETAIL:  .*the isolation level is not READ COMMITTED\.$/m, 'ALTER ROLE SET default_transaction_isolation: says why');
is_untouched('ALTER ROLE SET default_transaction_isolation');
is($session->query("SELECT version FROM migrate.apply('1')"), '1',
	'ALTER ROLE SET default_transaction_isolation: what can runs in the session');
$session->query("SET default_transaction_isolation = 'read committed'");
succeeds('ALTER ROLE SET default_transaction_isolation, but not the session', '2');

new_case();
as_admin("ALTER ROLE USER SET statement_timeout = '500ms'");
begin_run();
($rows, $messages) = $session->finish;
like($messages, qr/^ERROR:  57014: canceling statement due to statement timeout$/m, 'ALTER ROLE SET statement_timeout: its error');
is(outcomes($node, $db), '1 apply cancelled 57014', 'ALTER ROLE SET statement_timeout: the history');
$gate->quit;
$session->query("SET statement_timeout = '1min'");
succeeds('ALTER ROLE SET statement_timeout, but not the session');

#
# Limits of roles and databases.  A runner is no connection of a client.
#
foreach my $limit (
	'ALTER ROLE USER CONNECTION LIMIT 1', 'ALTER DATABASE DB CONNECTION LIMIT 1', "ALTER ROLE USER VALID UNTIL '2001-01-01'")
{
	new_case();
	connect_user();
	as_admin($limit, 'postgres');
	succeeds($limit);
}

# What a runner refuses as any connection is, or does not: never half done.
foreach my $case (
	[ 'ALTER ROLE USER NOLOGIN', 'ALTER ROLE USER LOGIN', qr/28000: role "\w+" is not permitted to log in/ ],
	[ 'REVOKE CONNECT ON DATABASE DB FROM PUBLIC', 'GRANT CONNECT ON DATABASE DB TO PUBLIC', qr/42501: permission denied for database/ ],
	[ 'ALTER DATABASE DB ALLOW_CONNECTIONS false', 'ALTER DATABASE DB ALLOW_CONNECTIONS true', qr/55000: database "\w+" is not currently accepting connections/ ])
{
	my ($refuse, $allow, $error) = @$case;

	new_case();
	connect_user();
	my $admin = session($node, $db);
	as_admin($refuse, 'postgres');
	($rows, $messages) = $session->query("SELECT version FROM migrate.apply('1')");
	if ($messages =~ /^ERROR/m)
	{
		like($messages, qr/^ERROR:  $error/m, "$refuse: its error");
		is($session->query("BEGIN; SELECT version FROM migrate.apply('1'); COMMIT"), '1', "$refuse: works in a transaction");
	}
	else
	{
		is($rows, '1', "$refuse: no matter to who is connected");
	}
	is($admin->query("SELECT string_agg(state, ', ') FROM migrate.status()"), 'applied, pending', "$refuse: the states");
	$admin->quit;
	as_admin($allow, 'postgres');
	succeeds("$allow", '2');
	is(outcomes($node, $db), "1 apply success\n2 apply success", "$refuse: the history");
}

new_case();
connect_user();
$session->query("SET ROLE $builder");
succeeds('a current role without LOGIN');

#
# Roles that change
#
new_case();
connect_user();
as_admin('ALTER ROLE USER RENAME TO renamed_idle');
succeeds('role renamed before a run');
is_sql($node, $db, 'SELECT DISTINCT session_role FROM migrate.history', 'renamed_idle', 'role renamed before a run: the history');

foreach my $before ('', 'SET ROLE')
{
	my $role = $before ? 'BUILDER' : 'USER';

	new_case();
	begin_run($before ? "SET ROLE $builder" : undef);
	as_admin("ALTER ROLE $role RENAME TO ${role}_renamed");
	goes_on("$role renamed during a run");

	# what it has made, committed or not, keeps it
	new_case();
	begin_run($before ? "SET ROLE $builder" : undef);
	my $admin = session($node, $db)->start('DROP ROLE ' . ($before ? $builder : $user));
	wait_until($node, $db, "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = " . $admin->pid);
	goes_on("$role to be dropped during a run");
	like(($admin->finish)[1], qr/^ERROR:  2BP01: role ".*" cannot be dropped because some objects depend on it$/m,
		"$role to be dropped during a run: is refused");
	$admin->quit;

	new_case([ 1, 'one', 'SELECT pg_advisory_xact_lock(1)' ]);
	begin_run($before ? "SET ROLE $builder" : undef);
	as_admin("DROP ROLE $role");
	end_run();
	like($messages, qr/^ERROR:  42704: (role \d+ was concurrently dropped|invalid role OID: \d+|role ".*" does not exist)$/m,
		"$role dropped during a run: its error");
	like(states($node, $db), qr/^1 (applied|failed), 2 (failed|partial|pending)$/, "$role dropped during a run: the states");
	is_clean($node, $db, "$role dropped during a run");
	$session->quit;
	$session = session($node, $db);
	$session->query('SELECT 1');
	($rows, $messages) = $session->query('SELECT migrate.apply()');
	unlike($messages, qr/^(ERROR|WARNING)/m, "$role dropped during a run: another role goes on");
	is(states($node, $db), $all, "$role dropped during a run: all is applied");
}

new_case();
connect_user();
$session->query("SET ROLE $builder");
as_admin('DROP ROLE BUILDER');
fails('SELECT migrate.apply()', qr/^ERROR:  42704: invalid role OID/m, 'current role dropped before a run');
is_untouched('current role dropped before a run');
$session->query('RESET ROLE');
succeeds('current role dropped, and reset');

# As SET ROLE is checked once, so is its repetition before each migration.
new_case();
begin_run("SET ROLE $builder");
as_admin('REVOKE BUILDER FROM USER');
end_run();
like($messages, qr/^ERROR:  42501: permission denied to set role/m, 'membership revoked during a run: its error');
is(states($node, $db), '1 applied, 2 failed', 'membership revoked during a run: the states');
is_clean($node, $db, 'membership revoked during a run');
as_admin('GRANT BUILDER TO USER');
succeeds('membership granted again', '2');

#
# The database under a run
#
my @attempts = (
	[ 'DROP DATABASE DB', 'database "DB" is being accessed by other users' ],
	[ 'ALTER DATABASE DB RENAME TO DB_renamed', 'database "DB" is being accessed by other users' ],
	[ 'CREATE DATABASE DB_copy TEMPLATE DB', 'source database "DB" is being accessed by other users' ]);

# Each gives up after five seconds: all of them at the same time.
my @running;
foreach my $attempt (@attempts)
{
	my ($sql, $error) = @$attempt;

	new_case();
	s/\bDB/$db/g foreach $sql, $error;
	$session = undef;
	begin_run();
	push @running, [ $db, $session, $gate, session($node, 'postgres')->start($sql), $sql, $error ];
}
foreach my $running (@running)
{
	my ($admin, $sql, $error);

	(undef, undef, undef, $admin, $sql, $error) = @$running;
	like(($admin->finish)[1], qr/^ERROR:  55006: \Q$error\E$/m, "$sql during a run is refused");
	$admin->quit;
}
$_->[2]->query('SELECT pg_advisory_unlock(1)') foreach @running;
wait_until_idle($node);
foreach my $running (@running)
{
	($db, $session, $gate) = @$running;
	goes_on($running->[4]);
	$session->quit;
}
$session = undef;

# What needs nobody else to be gone
new_case();
begin_run();
as_admin("ALTER DATABASE DB SET work_mem = '8MB'; ALTER DATABASE DB OWNER TO BUILDER; ALTER DATABASE DB CONNECTION LIMIT 0", 'postgres');
goes_on('ALTER DATABASE during a run');

# A database that is renamed or copied knows its history.
new_case();
connect_user();
$session->query("SELECT migrate.apply('1')");
$session->quit;
$session = undef;
as_admin('ALTER DATABASE DB RENAME TO DB_renamed', 'postgres');
$db = "${db}_renamed";
connect_user();
succeeds('after ALTER DATABASE RENAME', '2');
is(outcomes($node, $db), "1 apply success\n2 apply success", 'after ALTER DATABASE RENAME: the history');

#
# The extension under a run.  014_drop drops it.
#
# ALTER EXTENSION waits for the run, or, before the minor releases in which it
# takes a lock, does not: either way neither disturbs the other.
foreach my $case (
	[ 'ALTER EXTENSION migrate UPDATE', qr/^NOTICE:  00000: version "[\d.]+" of extension "migrate" is already installed$/m ],
	[ "ALTER EXTENSION migrate UPDATE TO 'nonsense'", qr/^ERROR:  22023: extension "migrate" has no update path/m ],
	[ 'ALTER EXTENSION migrate SET SCHEMA public', qr/^ERROR:  0A000: extension "migrate" does not support SET SCHEMA$/m ],
	[ 'ALTER EXTENSION migrate DROP VIEW migrate.history', undef ],
	[ 'DROP SCHEMA migrate CASCADE', qr/^ERROR:  2BP01: cannot drop schema migrate because extension migrate requires it$/m ])
{
	my ($sql, $expected) = @$case;

	# without an index build, which would wait for the snapshot of who waits
	new_case([ 2, 'two', "CREATE TABLE two (id int);\nVACUUM two;\nINSERT INTO two VALUES (1);" ]);
	begin_run();
	my $admin = session($node, $db)->start($sql);
	wait_until($node, $db,
		"SELECT state = 'idle' OR wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = " . $admin->pid);
	goes_on("$sql during a run");
	my $answer = ($admin->finish)[1];
	if ($expected) { like($answer, $expected, "$sql: its answer") }
	else { is($answer, '', "$sql: its answer") }
	$admin->quit;
}

# An index build waits for the snapshot of an ALTER EXTENSION that waits for the
# run.  The server finds that, and ends one of the two.
new_case();
begin_run();
my $admin = session($node, $db);
# its own look comes too early, so it is the index build that finds out
$admin->query("SET deadlock_timeout = '10ms'");
$admin->start('ALTER EXTENSION migrate UPDATE');
wait_until($node, $db,
	"SELECT state = 'idle' OR clock_timestamp() > query_start + '100ms' FROM pg_stat_activity WHERE pid = " . $admin->pid);
end_run();
unlike($messages, qr/^ERROR:  (?!40P01: deadlock detected$)/m, 'ALTER EXTENSION and an index build: no error but a deadlock');
is_sql($node, $db, "SELECT count(*) FROM pg_index WHERE NOT indisvalid", '0', 'ALTER EXTENSION and an index build: no invalid index');
unlike(($admin->finish)[1], qr/^ERROR:  (?!40P01)/m, 'ALTER EXTENSION and an index build: no other error on the other side');
$admin->quit;
is_clean($node, $db, 'ALTER EXTENSION and an index build');
($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
unlike($messages, qr/^(ERROR|WARNING)/m, 'ALTER EXTENSION and an index build: the next run, if there is anything left');
is(states($node, $db), $all, 'ALTER EXTENSION and an index build: all is applied');

#
# Timeouts of the one who waits
#
# It is not idle.
new_case();
begin_run("SET idle_in_transaction_session_timeout = '10ms'; SET client_connection_check_interval = '10ms'");
wait_until($node, $db, "SELECT clock_timestamp() > query_start + '100ms' FROM pg_stat_activity WHERE pid = " . $session->pid);
goes_on('timeouts of the caller');

new_case();
connect_user();
$session->query("SET lock_timeout = '100ms'");
my $first = session($node, $db);
$gate = session($node, $db);
$gate->query('SELECT pg_advisory_lock(1)');
$first->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$session->start('SELECT version FROM migrate.apply()');
$session->wait_for(qr/^(NOTICE:  00000: waiting for run 1|ERROR)/m);
wait_until($node, $db, "SELECT clock_timestamp() > query_start + '300ms' FROM pg_stat_activity WHERE pid = " . $session->pid);
$gate->query('SELECT pg_advisory_unlock(1)');
($rows, $messages) = $session->finish;
like($messages, qr/^(?!.*^ERROR:  (?!55P03))/ms, 'lock_timeout of one who waits for a run: a lock timeout, or none');
is(($first->finish)[0], "1\n2", 'lock_timeout of one who waits for a run: the run is not disturbed');
is(states($node, $db), $all, 'lock_timeout of one who waits for a run: the states');
is_clean($node, $db, 'lock_timeout of one who waits for a run');
$_->quit foreach $gate, $first;

SKIP:
{
	skip 'transaction_timeout came with 17', 1 if $version < 17;

	# the caller's session ends, the run does too: it has the same setting
	new_case();
	begin_run("SET transaction_timeout = '1s'");
	($rows, $messages) = $session->finish;
	like($messages, qr/(25P04: terminating connection due to transaction timeout|connection to server was lost)/,
		'transaction_timeout: its error');
	wait_until_idle($node);
	$gate->quit;
	$session->quit;
	$session = undef;
	connect_user();
	succeeds('transaction_timeout, the next');
}

#
# A server in recovery.  009_standby has a standby and its promotion.
#
new_case();
connect_user();
$session->query("SELECT migrate.apply('1')");
$session->quit;
$session = undef;
$node->stop;
$node->append_conf('standby.signal', '');
$node->start;
my $starts = runner_starts($node);
connect_user();
foreach my $what (@looks)
{
	($rows, $messages) = $session->query("SELECT count(*) FROM $what");
	unlike($messages, qr/^ERROR/m, "in recovery, $what can be read");
}
foreach my $call (@changes, 'migrate.rollback()')
{
	my ($function) = $call =~ /^(migrate\.\w+)/;

	fails("SELECT * FROM $call", qr/^ERROR:  25006: cannot execute \Q$function()\E during recovery$/m, "in recovery, $call");
}
is(states($node, $db), '1 applied, 2 pending', 'in recovery: the states');
is(runner_starts($node), $starts, 'in recovery: no runner');
$node->promote;
succeeds('after recovery', '2');
$session->quit;

$node->stop;
done_testing();
