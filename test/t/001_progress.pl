# What a caller and others see of a run while it runs, and afterwards.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $node = new_server('progress', conf => "listen_addresses = '127.0.0.1'");

new_database($node, 'db');
$node->safe_psql('db', <<'SQL');
CREATE ROLE nobody_yet LOGIN;
CREATE TABLE busy (id int);
SQL
register(
	$node, 'db',
	[
		'001', 'first',
		"DO \$\$ BEGIN RAISE NOTICE 'a notice'; RAISE WARNING 'a warning' USING ERRCODE = '01004'; END \$\$"
	],
	[
		'002', 'x',
		"CREATE TABLE x (id int);\nSELECT pg_advisory_xact_lock(1);\n"
		  . "CREATE INDEX CONCURRENTLY busy_idx ON busy (id);\n"
		  . "ALTER TABLE x ADD CHECK (id > 0);"
	],
	[ '003', 'three steps', "CREATE TABLE y (id int);\nVACUUM y;\nDROP TABLE y" ],
	[ undef, 'a view', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one' ]);

my $gate = session($node, 'db');
$gate->query('SELECT pg_advisory_lock(1)');

# A client over TCP, with a name.
my $caller = session($node, 'db',
	connstr => "host=127.0.0.1 port="
	  . $node->port
	  . " dbname=db application_name=release_7");
$caller->start('SELECT * FROM migrate.apply()');

ok($caller->wait_for(qr/step 1 of 3.*\n/), 'notices arrive while the run goes on');
like(
	$caller->{err},
	qr/^NOTICE:  00000: migration 1 of 4, "001 first" \(\d+\.\d s\)$/m,
	'a migration of one step is announced once');
like($caller->{err}, qr/^NOTICE:  00000: a notice$/m, "a script's notice passes through");
like($caller->{err}, qr/^WARNING:  01004: a warning$/m,
	"a script's warning passes through with its SQLSTATE");
like(
	$caller->{err},
	qr/^NOTICE:  00000: migration 2 of 4, "002 x": step 1 of 3, statements 1 to 2 \(\d+\.\d s\)$/m,
	'a step of several statements is announced');
unlike($caller->{err}, qr/step 2/, 'a step is announced when it begins');

# At the gate.
my $runner = wait_for_runner($node, 'db', 'pg_advisory_xact_lock');
is_sql($node, 'db', <<'SQL', "1|002|x|1|3|2|SELECT pg_advisory_xact_lock(1)|||t|t", 'migrate.progress');
SELECT run, version, name, step, steps, statement, query, phase, percent,
       elapsed > interval '0' AND elapsed < interval '1 hour',
       blocked_by = ARRAY(SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND granted)
  FROM migrate.progress
SQL
is_sql($node, 'db',
	"SELECT pid, backend_type, application_name, query, state FROM pg_stat_activity WHERE backend_type = 'migrate runner'",
	"$runner|migrate runner|migrate: 002 x|SELECT pg_advisory_xact_lock(1)|active",
	'pg_stat_activity');
is_sql($node, 'db',
	'SELECT run, project, action, target, state, ended_at, started_by, pid FROM migrate.runs',
	"1|main|apply||running||postgres|$runner",
	'migrate.runs during the run');
is(states($node, 'db'), '001 applied, 002 running, 003 pending, a view pending',
	'status() during the run');
is_sql($node, 'db', "SELECT count(*) FROM pg_class WHERE relname = 'x'", '0',
	'an open step is not visible to others');

# Who may look.
my $other = session($node, 'db', connstr => $node->connstr('db') . ' user=nobody_yet');
like(($other->query('SELECT * FROM migrate.progress'))[1], qr/ERROR:  42501:/,
	'migrate.progress needs SELECT');
like(($other->query('SELECT * FROM migrate.progress_rows()'))[1],
	qr/ERROR:  42501: permission denied for view migrate\.progress/,
	'and its function needs the same');
$node->safe_psql('db', 'GRANT SELECT ON migrate.progress TO nobody_yet');
is($other->query('SELECT version, step FROM migrate.progress'),
	'002|1', 'with SELECT on the view its rows are there');
is($other->query('SELECT count(*) FROM migrate.progress_rows()'),
	'1', 'and those of its function');
$other->quit;

# The caller is told whom the run waits for.
my $gate_pid = $gate->pid;
ok( $caller->wait_for(
		qr/^NOTICE:  00000: runner \(pid $runner\) waits for pid $gate_pid$/m),
	'the caller is told whom the run waits for');
ok( $caller->wait_for(
		qr/^DETAIL:  Pid $gate_pid is a client backend of role "postgres", application "001_progress.pl", idle for \d+ s; its query started \d+ s ago: SELECT pg_advisory_lock\(1\)/m
	),
	'and what that one does');

# A second caller waits for the first.
my $second = session($node, 'db');
$second->start('SELECT * FROM migrate.apply()');
ok( $second->wait_for(
		qr/^NOTICE:  00000: waiting for run 1 of role "postgres" \(pid $runner, since .*\)$/m),
	'a second caller is told which run it waits for');

# The index build waits for a writer.
my $writer = session($node, 'db');
$writer->query('BEGIN; INSERT INTO busy VALUES (1)');
$gate->query('SELECT pg_advisory_unlock(1)');
is(wait_for_runner($node, 'db', 'CREATE INDEX CONCURRENTLY'),
	$runner, 'one runner for the whole run');
ok( $caller->wait_for(
		qr/^NOTICE:  00000: migration 2 of 4, "002 x": step 2 of 3, CREATE INDEX \(\d+\.\d s\)$/m),
	'a step of one statement is announced by its tag');
is_sql($node, 'db',
	"SELECT version, step, steps, statement, query, phase, blocked_by FROM migrate.progress",
	'002|2|3|3|CREATE INDEX CONCURRENTLY busy_idx ON busy (id)|waiting for writers before build|{'
	  . $writer->pid . '}',
	'migrate.progress during an index build');
is(states($node, 'db'), '001 applied, 002 running, 003 pending, a view pending',
	'status() between steps');
$writer->query('COMMIT');

my ($rows, $messages) = $caller->finish;
like(
	$rows,
	qr/\A001\|first\|applied\|1\|00:00:\d\d.*\n002\|x\|applied\|3\|00:00:\d\d.*\n003\|three steps\|applied\|3\|.*\n\|a view\|applied\|1\|00:00:00.*\z/,
	'the rows');
like($messages, qr/^NOTICE:  00000: migration 3 of 4, "003 three steps": step 2 of 3, VACUUM \(\d+\.\d s\)$/m,
	'notices up to the end');
like($messages, qr/^NOTICE:  00000: migration 4 of 4, "a view" \(\d+\.\d s\)$/m,
	'a repeatable is announced by its name');
unlike($messages, qr/^(ERROR|WARNING:  (?!01004))/m, 'and no error');
($rows, $messages) = $second->finish;
is($rows, '', 'the second caller finds nothing left');
unlike($messages, qr/^ERROR/m, 'and stood in the way of no index build');

is_sql($node, 'db', 'SELECT count(*) FROM migrate.progress', '0',
	'migrate.progress is empty after the run');
is_sql($node, 'db',
	"SELECT run, project, action, target, state, ended_at > started_at, started_by, pid, session_role, application_name, client_addr FROM migrate.runs",
	"1|main|apply||success|t|postgres|$runner|postgres|release_7|127.0.0.1",
	'migrate.runs after the run; that of the second caller is none');
is_sql($node, 'db', <<'SQL', <<"ROWS" =~ s/\n\z//r, 'migrate.history');
SELECT id, run, project, version, name, action, outcome, step, elapsed > interval '0',
       at <= clock_timestamp(), length(checksum), session_role, role, application_name, client_addr,
       server_version = current_setting('server_version'), error_sqlstate, error_line, reason
  FROM migrate.history ORDER BY id
SQL
1|1|main|001|first|apply|success|1|t|t|64|postgres|postgres|release_7|127.0.0.1|t|||
2|1|main|002|x|apply|success|3|t|t|64|postgres|postgres|release_7|127.0.0.1|t|||
3|1|main|003|three steps|apply|success|3|t|t|64|postgres|postgres|release_7|127.0.0.1|t|||
4|1|main||a view|apply|success|1|t|t|64|postgres|postgres|release_7|127.0.0.1|t|||
ROWS

# Over a local socket there is no address.  A failure is in the history with
# all that the server said.
register($node, 'db',
	[ '004', 'fails', "CREATE TABLE z (id int);\n\nINSERT INTO z\n  SELECT 1 / 0;" ]);
$second->query("SET application_name = 'by hand'; SET ROLE pg_monitor");
like(($second->query('SELECT migrate.apply()'))[1],
	qr/ERROR:  42501: permission denied for function apply/,
	'EXECUTE is asked of the current role');
(undef, $messages) = $second->query('RESET ROLE; SELECT * FROM migrate.apply()');
like($messages, qr/^ERROR:  22012: division by zero$/m, "the failing statement's own error");
like($messages, qr/^CONTEXT:.*statement 2 of migration "004 fails", line [34]/m, 'names statement, migration and line');
like($messages, qr/^HINT:  .*SELECT migrate\.apply\(\);/m, 'and the next command');
is_sql($node, 'db',
	"SELECT outcome, error_sqlstate, error_message, error_statement, application_name, client_addr FROM migrate.history ORDER BY id DESC LIMIT 1",
	'failed|22012|division by zero|2|by hand|',
	'the failure in the history');
is(states($node, 'db'), '001 applied, 002 applied, 003 applied, 004 failed, a view applied', 'status()');
is_sql($node, 'db', 'SELECT run, state FROM migrate.runs ORDER BY 1', "1|success\n2|failed", 'runs');
$gate->query('SELECT pg_advisory_unlock_all()');
is_clean($node, 'db', 'after all');

$_->quit foreach $gate, $caller, $second, $writer;
#
# What lint finds is told before anything runs
#
new_database($node, 'found');
register($node, 'found', [ 1, 'one', 'CREATE TABLE one (a int)' ], [ 2, 'two', "SELECT 1;\nSET LOCAL lock_timeout = 1;" ]);
my $warned = session($node, 'found');
my (undef, $told) = $warned->query("SET migrate.lint = 'warn'; SELECT migrate.apply()");
like($told, qr/\A(?:(?!migration 1 of 2).)*^NOTICE:  00000: lint warning, set-local-outside-transaction: .*
DETAIL:  Migration "2 two", statement 2, line 2\.
HINT:  SET lock_timeout = 1;
(?:(?!lint).)*^NOTICE:  00000: migration 1 of 2, "1 one" /ms, 'a finding is told before the run begins');
$node->safe_psql('found', "SELECT migrate.register('7', 'many', repeat('GRANT pg_monitor TO CURRENT_USER; REVOKE pg_monitor FROM CURRENT_USER; ', 22), project => 'it''s')");
(undef, $told) = $warned->query("SELECT migrate.apply(project => 'it''s')");
is(scalar(() = $told =~ /^NOTICE:  00000: lint warning, superuser-grant: /mg), 20, 'of many findings not all are told');
like($told, qr/^NOTICE:  00000: lint has 2 more findings\nHINT:  (SELECT .*;) shows those of "7 many"\.$/m, 'but where the others are');
my ($hint) = $told =~ /^HINT:  (SELECT .*;) shows/m;
like($warned->query($hint), qr/^superuser-grant/, 'and it shows them after the run, too');
$warned->quit;

$node->stop;
done_testing();
