# A step that was in somebody's way is rolled back and run again, after a pause
# in which nothing is held: what is retried, what is told and kept of it, and
# what becomes of a run that is disturbed meanwhile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

# Short waits and short pauses; pauses that something is to happen in are long.
my $node = new_server('lock_retry', conf => <<'CONF');
max_prepared_transactions = 5
restart_after_crash = on
migrate.lock_timeout = '50ms'
migrate.lock_retry_max_delay = '200ms'
migrate.lock_retries = 1000000
CONF
my $databases = 0;
my ($db, $holder, $caller, $other, $runner);

$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE deployer LOGIN; CREATE DATABASE model');
$node->safe_psql('model', <<'SQL');
CREATE EXTENSION migrate;
CREATE TABLE busy (id int);
INSERT INTO busy VALUES (1);
CREATE TABLE two (id int);
CREATE SEQUENCE tries;
GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrate TO deployer;
ALTER TABLE busy OWNER TO deployer;
SQL

# What a step does: count its tries, leave a row, want what is held.
my $count = "SELECT nextval('tries');\nINSERT INTO two VALUES (1);\n";
my $want = 'ALTER TABLE busy ADD COLUMN extra int;';
my $hold = "BEGIN; LOCK busy IN ACCESS SHARE MODE; SELECT 'held'";

# A database with this migration, and a session that holds a lock.
sub prepare_case
{
	my ($up, $held, @settings) = @_;

	$db = 'case_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE model");
	register($node, $db, [ 1, 'it', $up, 'DROP TABLE two' ]);
	$holder = session($node, $db, connstr => $node->connstr($db) . ' application_name=shop');
	$holder->query($held) if $held;
	$caller = session($node, $db);
	$caller->query("SET $_") foreach @settings;
	$other = session($node, $db);
	return;
}

# The same, and the run has begun.
sub begin_case
{
	prepare_case(@_);
	$caller->start('SELECT version, state FROM migrate.apply()');
	return;
}

# Waits until the step has been tried in vain so often.
sub wait_for_attempts
{
	my ($n) = @_;

	wait_until($node, $db, "SELECT count(*) >= $n FROM migrate.attempts");
	return;
}

# Waits until the run sleeps before this retry, whose pause is of 0.8 s or more
# with the longest delay as it is by default; returns the runner.
my @long_pauses = ("migrate.lock_timeout = '10ms'", "migrate.lock_retry_max_delay = '30s'");

sub wait_for_pause
{
	wait_until($node, $db, "SELECT count(*) = 1 FROM migrate.progress WHERE phase LIKE 'sleeping before retry 5 of %'");
	return $node->safe_psql($db,
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'migrate runner'");
}

# The run ended well, and the step's work is there once.
sub ends_well
{
	my ($name, $states) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rows, $messages) = $caller->finish;

	is($rows, '1|applied', "$name: it is applied");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: without an error");
	return end_case($name, $messages);
}

# Nothing is left of the case; returns what the run has said.
sub end_case
{
	my ($name, $messages) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is_clean($node, $db, $name);
	$_->quit foreach $holder, $caller, $other;
	return $messages;
}

# The next run does it.
sub next_run_succeeds
{
	my ($name, $history) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$holder->query('ROLLBACK');
	my $session = session($node, $db);
	my ($rows, $messages) = $session->query('SELECT version, state FROM migrate.apply()');
	is($rows, '1|applied', "$name: the next run applies it");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: without an error");
	is(outcomes($node, $db), $history, "$name: the history");
	is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: its work is there once");
	$session->quit;
	return end_case($name, $messages);
}

sub attempts_are
{
	my ($columns, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is_sql($node, $db, "SELECT DISTINCT $columns FROM migrate.attempts", $expected, $name);
}

my ($rows, $messages, $name, $pid);

#
# What is held in the pauses, how long they are, what is told and kept
#
$name = 'a busy table';
prepare_case("$count$want", '');
$holder->query('SET ROLE app; BEGIN; SELECT count(*) FROM busy');
$caller->start('SELECT version, state FROM migrate.apply()');

# All looks at one pause, if the pause is the same before and after them.
my $phase = "SELECT phase FROM migrate.progress WHERE phase LIKE 'sleeping before retry %'";
my ($before, $seen) = ('', '');
until ($before ne '' && $before eq $other->query($phase))
{
	$before = $other->query($phase);
	$seen = $other->query(<<'SQL') if $before ne '';
SELECT 'transaction:' || (xact_start IS NOT NULL), 'xid:' || (backend_xid IS NOT NULL), 'snapshot:' || (backend_xmin IS NOT NULL),
       (SELECT string_agg(concat_ws(' ', locktype, classid::regclass, relation::regclass, mode), ', ') FROM pg_locks l WHERE l.pid = a.pid)
FROM pg_stat_activity a WHERE backend_type = 'migrate runner'
SQL
}
like($before, qr/^sleeping before retry \d+ of 1000000$/, "$name: the pause shows in migrate.progress");
is($seen, 'transaction:false|xid:false|snapshot:false|object pg_extension ExclusiveLock, object pg_extension ExclusiveLock',
	"$name: no transaction, no snapshot, and no lock but the run lock is held in a pause");
is_sql($node, $db, 'SELECT version, name, step, steps FROM migrate.progress', '1|it|1|1', "$name: where it is meanwhile");

wait_for_attempts(12);
$holder->query('COMMIT');
$messages = ends_well($name);
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");
is_sql($node, $db, 'SELECT last_value - count(*) FROM tries, migrate.attempts GROUP BY last_value', '1',
	"$name: each try ran the step from its beginning, and one succeeded");
attempts_are('run, project, version, name, action, step, statement, line, sqlstate, lock',
	'1|main|1|it|apply|1|3|3|55P03|AccessExclusiveLock on relation public.busy', "$name: what it waited for");
is_sql($node, $db, 'SELECT string_agg(attempt::text, \',\' ORDER BY id) = string_agg(i::text, \',\' ORDER BY i) FROM'
	  . ' (SELECT *, row_number() OVER (ORDER BY id) AS i FROM migrate.attempts) AS a',
	't', "$name: the attempts are counted");
is_sql($node, $db, <<'SQL', 't', "$name: the pauses double from 0.1 s to the longest, at least a half of each");
SELECT bool_and(delay BETWEEN d / 2 AND d)
FROM (SELECT delay, interval '0.1 s' * least(2, 2 ^ (attempt - 1)) AS d FROM migrate.attempts) AS a
SQL
is_sql($node, $db, 'SELECT count(DISTINCT delay) > 3 FROM migrate.attempts WHERE attempt > 1', 't',
	"$name: the rest of each is left to chance");
is_sql($node, $db, 'SELECT bool_and(a.at - b.at >= b.delay) FROM migrate.attempts a, migrate.attempts b WHERE a.attempt = b.attempt + 1',
	't', "$name: it did sleep so long");
$pid = $holder->pid;
is_sql($node, $db, <<'SQL', "$pid|client backend|postgres|shop|idle in transaction|f|t|t|1", "$name: who held it");
SELECT DISTINCT b->>'pid', b->>'backend_type', b->>'usename', b->>'application_name', b->>'state', b ? 'query',
       (b->>'state_change')::timestamptz BETWEEN r.started_at - interval '1 min' AND a.at,
       (b->>'query_start')::timestamptz <= (b->>'state_change')::timestamptz, jsonb_array_length(blockers)
FROM migrate.attempts a JOIN migrate.runs r USING (run), jsonb_array_elements(blockers) AS b
SQL
like($messages, qr/^NOTICE:  00000: step 1 of migration "1 it" runs again in 0\.1 s \(retry 1 of 1000000\)$/m, "$name: a notice before it sleeps");
like($messages,
	qr/^DETAIL:  Statement 3, line 3: canceling statement due to lock timeout\nWaited for AccessExclusiveLock on relation public\.busy, held by pid $pid\.\nPid $pid is a client backend of role "postgres", application "shop", idle in transaction for \d+ s; its query started \d+ s ago: SELECT count\(\*\) FROM busy/m,
	"$name: its detail has all that");

#
# What may be seen of others
#
$name = 'a role that may not see what others do';
prepare_case($want, $hold, 'SESSION AUTHORIZATION deployer', 'migrate.lock_retries = 1');
(undef, $messages) = $caller->query('SELECT version, state FROM migrate.apply()');
like($messages, qr/^ERROR:  55P03:/m, "$name: the error");
unlike($messages, qr/SELECT 'held'|idle in transaction/, "$name: is not told");
like($messages, qr/^Pid @{[$holder->pid]} is a client backend of role "postgres", application "shop"\.$/m, "$name: but who it is");
attempts_are("b - 'pid' FROM (SELECT jsonb_array_elements(blockers) AS b FROM migrate.attempts) AS a --",
	'{"usename": "postgres", "backend_type": "client backend", "application_name": "shop"}', "$name: nor is it kept");
$node->safe_psql('postgres', 'GRANT pg_read_all_stats TO deployer');
(undef, $messages) = $caller->query('SELECT version, state FROM migrate.apply()');
like($messages, qr/^NOTICE: .*idle in transaction for \d+ s; its query started \d+ s ago: [^\n]*SELECT 'held'/ms, "$name: with the right to, it is");
unlike($messages, qr/^ERROR: .*SELECT 'held'/ms, "$name: but in no error, which is kept");
is_sql($node, $db, "SELECT count(*) FROM migrate.history h, migrate.attempts a, migrate.run r WHERE concat(h.*, a.*, r.*) ~ 'held'''", '0', "$name: nor in any table");
$node->safe_psql('postgres', 'REVOKE pg_read_all_stats FROM deployer');
end_case($name);

#
# The retries are used up
#
$name = 'used up';
begin_case("$count$want", $hold, 'migrate.lock_retries = 2');
(undef, $messages) = $caller->finish;
$pid = $holder->pid;
like($messages, qr/^ERROR:  55P03: canceling statement due to lock timeout$/m, "$name: its error");
like($messages,
	qr/^DETAIL:  Tried 3 times\.  Waited for AccessExclusiveLock on relation public\.busy, held by pid $pid\.\nPid $pid is a client backend of role "postgres", application "shop", idle in transaction for \d+ s; its query started \d+ s ago\.$/m,
	"$name: names who holds it");
like($messages, qr/^HINT:  Nothing of the migration is kept\.  Run SELECT migrate\.apply\(\); to try again\.$/m, "$name: its hint");
is(states($node, $db), '1 failed', "$name: the state");
is_sql($node, $db, 'SELECT count(*) FROM two', '0', "$name: nothing is kept");
is_sql($node, $db, 'SELECT attempt, delay IS NULL FROM migrate.attempts ORDER BY id', "1|f\n2|f\n3|t", "$name: the attempts");
is_sql($node, $db, 'SELECT error_statement, error_line, error_detail LIKE \'Tried 3 times.%\' FROM migrate.history', '3|3|t', "$name: the history has it, too");
is_clean($node, $db, "$name, at once");
next_run_succeeds($name, "1 apply failed 55P03\n1 apply success");

$name = 'no retries';
begin_case("$count$want", $hold, 'migrate.lock_retries = 0');
(undef, $messages) = $caller->finish;
like($messages, qr/^ERROR:  55P03: canceling statement due to lock timeout\nDETAIL:  Waited for AccessExclusiveLock/m, "$name: its error");
attempts_are('attempt, delay', '1|', "$name: the attempt");
next_run_succeeds($name, "1 apply failed 55P03\n1 apply success");

$name = 'no limit';
begin_case("$count$want", $hold, 'migrate.lock_timeout = 0');
wait_for_runner($node, $db, 'ALTER TABLE');
wait_until($node, $db, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND clock_timestamp() - waitstart > interval '0.5 s'");
$holder->query('COMMIT');
ends_well($name);
attempts_are('count(*)', '0', "$name: it waited once");

#
# What else is tried again
#
# The session keeps to the longer deadlock_timeout, so the run is the victim.
$name = 'a deadlock';
begin_case("LOCK two;\nSELECT pg_advisory_xact_lock(1);\nLOCK busy;\n$count", 'SELECT pg_advisory_lock(1)',
	"migrate.lock_timeout = '20s'", "deadlock_timeout = '50ms'");
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$other->query("SET deadlock_timeout = '1h'; BEGIN; LOCK busy");
$other->start('LOCK two; COMMIT');
wait_until($node, $db, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'two'::regclass");
$holder->query('SELECT pg_advisory_unlock(1)');
unlike(($other->finish)[1], qr/ERROR/, "$name: the session is not disturbed");
$messages = ends_well($name);
like($messages, qr/^DETAIL:  Statement 3, line 3: deadlock detected\nProcess \d+ waits for AccessExclusiveLock on relation/m, "$name: the notice");
attempts_are('attempt, sqlstate, statement, detail ~ \'^Process \d+ waits for AccessExclusiveLock\', delay > \'0\'', '1|40P01|3|t|t', "$name: the attempt");
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");

$name = 'a serialization failure';
begin_case(
	"BEGIN ISOLATION LEVEL SERIALIZABLE;\nINSERT INTO two SELECT count(*) FROM busy;\nSELECT pg_advisory_xact_lock(1);\n"
	  . "UPDATE busy SET id = id + 10;\nCOMMIT;", 'SELECT pg_advisory_lock(1)', 'migrate.lock_timeout = 0');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
$other->query('UPDATE busy SET id = id + 1');
$holder->query('SELECT pg_advisory_unlock(1)');
ends_well($name);
attempts_are('attempt, sqlstate, statement, line, lock, blockers', '1|40001|4|4||[]', "$name: the attempt");
is_sql($node, $db, 'SELECT id FROM busy UNION ALL SELECT id FROM two', "12\n1", "$name: the step's work is there once");

$name = 'one that a script raises';
begin_case("$count DO \$\$ BEGIN IF (SELECT last_value FROM tries) < 3 THEN RAISE 'once more' USING ERRCODE = '40001'; END IF; END \$\$", '');
ends_well($name);
attempts_are('count(*) FROM migrate.attempts WHERE message = \'once more\' --', '2', "$name: the attempts");
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");

$name = 'NOWAIT';
begin_case("$count LOCK busy NOWAIT", $hold);
wait_for_attempts(3);
$holder->query('COMMIT');
like(ends_well($name), qr/^DETAIL:  Statement 3, line 3: could not obtain lock on relation "busy"$/m, "$name: the notice");
attempts_are('sqlstate, statement, lock, blockers', '55P03|3||[]', "$name: the attempts");
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");

$name = 'a rollback';
begin_case('SELECT 1', '');
$caller->finish;
$holder->query('BEGIN; SELECT FROM two');
$caller->start('SELECT version, state FROM migrate.rollback()');
wait_for_attempts(2);
$holder->query('COMMIT');
is(($caller->finish)[0], '1|pending', "$name: it succeeds");
attempts_are('run, action, statement, lock', '2|rollback|1|AccessExclusiveLock on relation public.two', "$name: the attempts");
end_case($name);

# What the abort of a transaction does not undo: in the first step, in a later
# one.
$name = 'a session lock and a prepared statement';
begin_case("SELECT pg_advisory_lock(7);\nPREPARE p AS SELECT 1;\n$count$want\nSELECT pg_advisory_unlock(7);", $hold, @long_pauses);
wait_for_pause();
is_sql($node, $db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", '0', "$name: is not held in a pause");
$holder->query('COMMIT');
ends_well($name);
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");


$name = 'a session lock and a prepared statement in a later step';
begin_case("SELECT pg_advisory_lock(6);\nPREPARE q AS SELECT 1;\nVACUUM two;\nEXECUTE q;\nSELECT pg_advisory_lock(7);\nPREPARE p AS SELECT 1;\n$count$want\nSELECT pg_advisory_unlock(7);", $hold, @long_pauses);
wait_for_pause();
is_sql($node, $db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", '1', "$name: that of the step before is held in a pause, and no other");
$holder->query('COMMIT');
ends_well($name);
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");


# The same when a step is run again in parts.
$name = 'a session lock and a prepared statement in a step that is split';
begin_case("CREATE TYPE mood AS ENUM ('sad');\nVACUUM two;\nSELECT pg_advisory_lock(7);\nPREPARE p AS SELECT 1;\n$count"
	  . "ALTER TYPE mood ADD VALUE 'glad';\nCREATE TABLE moods AS SELECT 'glad'::mood;\nSELECT pg_advisory_unlock(7);\n"
	  . "DO \$\$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'); END \$\$;", '');
like(ends_well($name), qr/runs again, with a commit before and after statement/, "$name: the notice");
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");

#
# A migration of several steps
#
$name = 'the last of three steps';
my $three = "$count VACUUM two;\nSELECT nextval('tries');\n$want";
begin_case($three, $hold);
wait_for_attempts(3);
$holder->query('COMMIT');
like(ends_well($name), qr/^NOTICE:  00000: step 3 of migration "1 it" runs again/m, "$name: the notice");
attempts_are('step, statement', '3|5', "$name: the attempts");
is_sql($node, $db, 'SELECT count(*), last_value - (SELECT count(*) FROM migrate.attempts) FROM two, tries GROUP BY last_value', '1|2',
	"$name: it alone ran again");

$name = 'the last of three steps, in vain';
begin_case($three, $hold, 'migrate.lock_retries = 1');
(undef, $messages) = $caller->finish;
like($messages, qr/^HINT:  Run SELECT migrate\.apply\(\); to go on at step 3 of 3, or settle it with/m, "$name: the hint");
is(states($node, $db), '1 partial', "$name: the state");
next_run_succeeds($name, "1 apply failed 55P03\n1 apply success");

#
# At the commit
#
my $deferred = <<'SQL';
CREATE FUNCTION wants() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN LOCK busy; RETURN NULL; END';
CREATE CONSTRAINT TRIGGER wants AFTER INSERT ON two DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wants();
SQL
$name = 'a deferred trigger';
begin_case("$deferred$count", $hold);
wait_for_attempts(2);
$holder->query('COMMIT');
like(ends_well($name), qr/^DETAIL:  Commit: canceling statement due to lock timeout\nWaited for AccessExclusiveLock on relation public\.busy, held by pid @{[$holder->pid]}\.$/m,
	"$name: the notice");
attempts_are('statement, line, lock', '||AccessExclusiveLock on relation public.busy', "$name: the attempts");
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");

$name = 'our own tables';
begin_case($count, 'BEGIN; LOCK migrate.migration IN EXCLUSIVE MODE');
wait_for_attempts(2);
is_sql($node, $db, 'SELECT count(*) FROM two', '0', "$name: no work without its record");
$holder->query('COMMIT');
ends_well($name);
attempts_are('sqlstate, lock', '55P03|RowShareLock on relation migrate.migration', "$name: the attempts");
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step's work is there once");

#
# Whose lock_timeout counts
#
foreach my $set ('SET', 'SET LOCAL')
{
	$name = "$set lock_timeout in a script";
	begin_case("$set lock_timeout = '20ms';\n$count$want", $hold, 'migrate.lock_timeout = 0');
	wait_for_attempts(2);
	$holder->query('COMMIT');
	ends_well($name);
	attempts_are('sqlstate, statement', '55P03|4', "$name: it wins over migrate.lock_timeout");
}

# That of the caller and of the connection do not: no index build ends by it.
$name = 'CREATE INDEX CONCURRENTLY';
prepare_case("$count CREATE INDEX CONCURRENTLY busy_idx ON busy (id);", 'BEGIN; INSERT INTO busy VALUES (2)');
$node->safe_psql('postgres', "ALTER DATABASE $db SET lock_timeout = '20ms'; ALTER ROLE postgres SET lock_timeout = '20ms'");
$caller->query("SET lock_timeout = '20ms'");
$caller->start('SELECT version, state FROM migrate.apply()');
wait_for_runner($node, $db, 'CREATE INDEX');
wait_until($node, $db, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND clock_timestamp() - waitstart > interval '1 s'");
is_sql($node, $db, 'SELECT phase, blocked_by FROM migrate.progress', 'waiting for writers before build|{' . $holder->pid . '}',
	"$name: waits, and it shows for whom");
ok($caller->wait_for(qr/^NOTICE:  00000: runner \(pid \d+\) waits for pid @{[$holder->pid]}\nDETAIL:  Pid .*application "shop", idle in transaction/m), "$name: in a notice, too");
$holder->query('COMMIT');
ends_well($name);
attempts_are('count(*)', '0', "$name: it waited once");
$node->safe_psql('postgres', 'ALTER ROLE postgres RESET lock_timeout');

# The build waits for the writer, and the writer for the build.
$name = 'a deadlock in CREATE INDEX CONCURRENTLY';
begin_case("$count CREATE INDEX CONCURRENTLY busy_idx ON busy (id);", "SET deadlock_timeout = '1h'; BEGIN; INSERT INTO busy VALUES (2)",
	"deadlock_timeout = '3s'");
wait_for_runner($node, $db, 'CREATE INDEX');
$holder->start('LOCK busy IN SHARE UPDATE EXCLUSIVE MODE; COMMIT');
$messages = ends_well($name);
unlike(($holder->finish)[1], qr/ERROR/, "$name: the session is not disturbed");
attempts_are('attempt, sqlstate, step, statement', '1|40P01|2|3', "$name: it was tried again");
is_sql($node, $db, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_idx'::regclass", 't', "$name: and then built");
is_sql($node, $db, 'SELECT count(*) FROM two', '1', "$name: the step before ran once");

#
# Within the caller's transaction nothing is tried again
#
foreach my $case ([ 'migrate.lock_timeout', 'lock_timeout = DEFAULT', "migrate.lock_timeout = '50ms'" ],
	[ "the session's lock_timeout", "lock_timeout = '50ms'", 'migrate.lock_timeout = 0' ])
{
	$name = "in a transaction, $case->[0]";
	prepare_case("$count$want", $hold, @{$case}[ 1, 2 ]);
	my $starts = runner_starts($node);
	(undef, $messages) = $caller->query('BEGIN; SELECT version, state FROM migrate.apply()');
	like($messages, qr/^ERROR:  55P03: canceling statement due to lock timeout$/m, "$name: an error");
	unlike($messages, qr/runs again/, "$name: at once");
	is_sql($node, $db, 'SELECT count(*) FROM pg_locks WHERE pid = ' . $caller->pid . " AND locktype <> 'virtualxid'", '0', "$name: holds no lock");
	$caller->query('ROLLBACK');
	is(states($node, $db), '1 pending', "$name: nothing is kept");
	attempts_are('count(*)', '0', "$name: nor recorded");
	is(runner_starts($node), $starts, "$name: no runner was started");
	next_run_succeeds($name, '1 apply success');
}

#
# Somebody ends the pause
#
$name = 'cancel of the caller in a pause';
begin_case("$count$want", $hold, @long_pauses);
wait_for_pause();
$other->query('SELECT pg_cancel_backend(' . $caller->pid . ')');
(undef, $messages) = $caller->finish;
like($messages, qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: its error");
is(states($node, $db), '1 failed', "$name: the state");
is_sql($node, $db, 'SELECT state, ended_at IS NOT NULL FROM migrate.runs', 'cancelled|t', "$name: the run");
is_clean($node, $db, "$name, at once");
next_run_succeeds($name, "1 apply cancelled 57014\n1 apply success");

# Whenever it comes: while it waits or while it sleeps, it ends the same way.
$name = 'timeout of the caller';
begin_case("$count$want", $hold, @long_pauses, "statement_timeout = '1500ms'");
(undef, $messages) = $caller->finish;
like($messages, qr/^ERROR:  57014: canceling statement due to statement timeout$/m, "$name: its error");
is(states($node, $db), '1 failed', "$name: the state");
is_clean($node, $db, "$name, at once");
next_run_succeeds($name, "1 apply cancelled 57014\n1 apply success");

$name = 'cancel of the runner in a pause';
begin_case("$count$want", $hold, @long_pauses);
$runner = wait_for_pause();
$other->query("SELECT pg_cancel_backend($runner)");
(undef, $messages) = $caller->finish;
like($messages, qr/^ERROR:  57014: canceling statement due to user request$/m, "$name: the caller's error");
is(states($node, $db), '1 failed', "$name: the state");
is_clean($node, $db, "$name, at once");
next_run_succeeds($name, "1 apply cancelled 57014\n1 apply success");

$name = 'termination of the runner in a pause';
begin_case("$count$want", $hold, @long_pauses);
$runner = wait_for_pause();
$other->query("SELECT pg_terminate_backend($runner)");
(undef, $messages) = $caller->finish;
like($messages, qr/^ERROR:  57P01: terminating background worker "migrate runner"/m, "$name: the caller's error");
is(states($node, $db), '1 pending', "$name: the state");
like(next_run_succeeds($name, "1 apply interrupted\n1 apply success"), qr/^NOTICE:  00000: run 1 was interrupted$/m, "$name: the next run says so");

$name = 'termination of the caller in a pause';
begin_case("$count$want", $hold, @long_pauses);
wait_for_pause();
$other->query('SELECT pg_terminate_backend(' . $caller->pid . ')');
wait_until($node, $db, 'SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ' . $caller->pid);
is(states($node, $db), '1 running', "$name: the run goes on");
$holder->query('COMMIT');
wait_until_idle($node);
is(states($node, $db), '1 applied', "$name: to its end");
end_case($name);

$name = 'a crash in a pause';
begin_case("$count$want", $hold, @long_pauses);
$runner = wait_for_pause();
crash($node, $runner);
is(states($node, $db), '1 pending', "$name: the state");
is_sql($node, $db, 'SELECT count(*) > 3 FROM migrate.attempts', 't', "$name: the attempts are kept");
$_->quit foreach $holder, $caller, $other;
next_run_succeeds($name, "1 apply interrupted\n1 apply success");

#
# Who else can hold a lock
#
$name = 'several holders';
begin_case('SELECT 1', '');
$caller->finish;
register($node, $db, [ 2, 'more', $want ]);
$holder->query($hold);
$other->query($hold);
$caller->start('SELECT version, state FROM migrate.apply()');
wait_for_attempts(1);
$_->query('COMMIT') foreach $holder, $other;
my $pids = join(', ', map { "pid $_" } $holder->pid, $other->pid);
my $reverse = join(', ', map { "pid $_" } $other->pid, $holder->pid);
like(($caller->finish)[1], qr/^Waited for AccessExclusiveLock on relation public\.busy, held by ($pids|$reverse)\.\nPid \d+ is .*^Pid \d+ is/ms,
	"$name: all are named");
end_case($name);

$name = 'a script that catches the timeout and raises it again';
begin_case("DO \$\$ BEGIN LOCK busy; EXCEPTION WHEN lock_not_available THEN RAISE 'again' USING ERRCODE = '55P03'; END \$\$", $hold);
wait_for_attempts(1);
$holder->query('COMMIT');
ends_well($name);
is_sql($node, $db, 'SELECT max(jsonb_array_length(blockers)) FROM migrate.attempts', '0', "$name: it is an error of its own");

$name = 'the holder of a row';
begin_case("$count UPDATE busy SET id = 5", 'BEGIN; UPDATE busy SET id = 4');
wait_for_attempts(2);
$holder->query('COMMIT');
ends_well($name);
attempts_are('sqlstate, lock ~ \'^ShareLock on transaction \d+$\', blockers->0->>\'pid\'', '55P03|t|' . $holder->pid, "$name: the attempts");
is_sql($node, $db, 'SELECT id FROM busy', '5', "$name: the step ran in the end");

$name = 'another one that waits for a row';
prepare_case("$count UPDATE busy SET id = 5", 'BEGIN; UPDATE busy SET id = 4');
$other->start('UPDATE busy SET id = 6');
wait_until($node, $db, 'SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND pid = ' . $other->pid);
$caller->start('SELECT version, state FROM migrate.apply()');
wait_for_attempts(2);
$holder->query('COMMIT');
$other->finish;
ends_well($name);
attempts_are('lock, blockers->0->>\'pid\'', 'ExclusiveLock on a row of relation public.busy|' . $other->pid, "$name: the attempts");

$name = 'a prepared transaction';
begin_case("$count$want", "$hold; PREPARE TRANSACTION 'left behind'");
wait_for_attempts(2);
ok($caller->wait_for(qr/^Waited for AccessExclusiveLock on relation public\.busy, held by prepared transaction \d+\.\nThe prepared transaction "left behind" holds the lock; COMMIT PREPARED or ROLLBACK PREPARED releases it\.$/m),
	"$name: the notice");
attempts_are('blockers', '[{"gid": "left behind", "pid": 0, "backend_type": "prepared transaction"}]', "$name: the attempts");
$other->query('SELECT pg_cancel_backend(' . $caller->pid . ')');
$caller->finish;
end_case($name);

$name = 'a prepared transaction after a restart';
$node->restart;
$caller = session($node, $db);
$caller->query('SET migrate.lock_retries = 1');
(undef, $messages) = $caller->query('SELECT version, state FROM migrate.apply()');
like($messages, qr/^The prepared transaction "left behind" holds the lock/m, "$name: it is named");
attempts_are('run, blockers->0->>\'gid\'', "1|left behind\n2|left behind", "$name: the attempts");
$holder = session($node, $db);
$holder->query("COMMIT PREPARED 'left behind'");
next_run_succeeds($name, "1 apply cancelled 57014\n1 apply failed 55P03\n1 apply success");

# Its vacuum goes on until somebody waits longer than deadlock_timeout.
$name = 'autovacuum';
prepare_case($want, '', "migrate.lock_timeout = '100ms'");
$node->safe_psql($db, <<'SQL');
ALTER TABLE busy SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
                      autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
INSERT INTO busy SELECT generate_series(1, 100000);
DELETE FROM busy;
ALTER SYSTEM SET autovacuum_naptime = '1s';
SQL
$node->safe_psql($db, 'ALTER SYSTEM SET autovacuum = on');
$node->reload;
wait_until($node, $db,
	"SELECT count(*) = 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE backend_type = 'autovacuum worker' AND relation = 'busy'::regclass");
$caller->start('SELECT version, state FROM migrate.apply()');
wait_for_attempts(1);
like($node->safe_psql($db, 'SELECT b - \'pid\' - \'state_change\' - \'query_start\' FROM migrate.attempts, jsonb_array_elements(blockers) AS b LIMIT 1'),
	qr/^\{"state": "active", "backend_type": "autovacuum worker"\}$/, "$name: the attempts");
$other->query('SELECT pg_cancel_backend(' . $caller->pid . ')');
$caller->finish;
$caller->query("SET migrate.lock_timeout = '20s'");
is(($caller->query('SELECT version, state FROM migrate.apply()'))[0], '1|applied', "$name: makes way for who waits long enough");
end_case($name);

$node->stop;
done_testing();
