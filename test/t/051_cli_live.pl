# pg_migrate while a run goes on: on a terminal, cancelled by Ctrl-C, without
# its connection, waiting for a run.

use strict;
use warnings FATAL => 'all';

use lib 'test/perl';
use IO::Socket::UNIX;
use JSON::PP;
use MigrateCli;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('cli_live', conf => "max_parallel_maintenance_workers = 0\n");
new_database($node, 'shop');
use_database($node, 'shop');
$ENV{TERM} = 'xterm';
$ENV{LC_ALL} = 'C';

# A table whose index build stops at rows 3,000 and 6,000 of 10,000, as long as
# another session holds locks 1 and 2.
$node->safe_psql('shop', <<'SQL');
CREATE TABLE big AS SELECT i, repeat('x', 500) AS filler FROM generate_series(1, 10000) i;
CREATE FUNCTION stop(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	IF i IN (3000, 6000) THEN
		PERFORM pg_advisory_lock_shared(i / 3000);
		PERFORM pg_advisory_unlock_shared(i / 3000);
	END IF;
	RETURN i;
END $$;
SQL
my $holder = session($node, 'shop');

sub hold { $holder->query("SELECT pg_advisory_lock($_)") foreach @_; return; }
sub let_go { $holder->query("SELECT pg_advisory_unlock($_)") foreach @_; return; }

#
# On a terminal
#

my $dir = files(
	'001_small.sql' => 'CREATE TABLE small (); SELECT 1',
	'002_index.sql' => "CREATE TABLE t ();\nCREATE INDEX CONCURRENTLY big_i ON big (stop(i));\nDROP TABLE t;\n",
	'003_last.sql' => "DO \$\$ BEGIN RAISE NOTICE 'almost done'; END \$\$;");
hold(1, 2);
my $call = start_cli(1, 'up', $dir);
wait_for_output($call, qr/running +002 index \(2 of 3\)  0:\d\d  \[#{5,7}-{13,15}\] +\d\d%  step 2 of/);
pass('a bar with a percentage');
wait_for_output($call, qr/0:0[4-9]  \[/);
let_go(1);
wait_for_output($call, qr/running +002 index \(2 of 3\)  \S+  \[#{11,13}-{7,9}\] +\d\d%, \d:\d\d left/);
pass('and an estimate');
let_go(2);
my ($status, $out) = finish_cli($call);
is($status, 0, 'the run ends well');
like($out, qr/\r\x1b\[K\x1b\[32mapplied +\x1b\[0m 001 small \(\S+ m?s\)\r\n/, 'a coloured line for a migration, over the one that changed');
like($out, qr/\x1b\[32mapplied +\x1b\[0m 002 index \(\S+ s\)\r\n/, 'with the time it took');
like($out, qr/\x1b\[34mnotice:\x1b\[0m almost done\r\n/, 'a notice on a line of its own');
like($out, qr/3 migrations applied in \S+ s\r\n\z/, 'and a last line');

{
	local $ENV{NO_COLOR} = '1';
	my @got = finish_cli(start_cli(1, 'status'));
	like($got[1], qr/^applied +001 +small /m, 'NO_COLOR: status');
	unlike($got[1], qr/\x1b\[\d*m/, 'has no colours');
}
{
	local $ENV{TERM} = 'dumb';
	my @got = finish_cli(start_cli(1, 'redo'));
	is($got[0], 1, 'no down script: still told by the status')
	  if $got[0] != 3;
	unlike($got[1], qr/\x1b/, 'a dumb terminal gets plain lines');
}
my @got = finish_cli(start_cli(0, 'status'));
unlike("$got[1]$got[2]", qr/\x1b/, 'and so does what is no terminal');

#
# Ctrl-C
#

$node->safe_psql('shop', 'DROP INDEX big_i');
write_file("$dir/004_cancel.sql", "CREATE TABLE done ();\nCREATE INDEX CONCURRENTLY big_i ON big (stop(i));\n");
hold(1);
$call = start_cli(0, 'up', $dir);
wait_for_runner($node, 'shop', 'CREATE INDEX');
$call->{run}->signal('INT');
($status, $out, my $err) = finish_cli($call);
is($status, 130, 'Ctrl-C ends in the usual status');
like($out, qr/^cancelled +004 cancel /m, 'what was cancelled');
like($err, qr/^cancelling: waiting for the server/, 'it says what it does');
like($err, qr{error: canceling statement due to user request\n}, 'why');
like($err, qr/^now: 3 applied, 1 partial; "004 cancel" is partial$/m, 'and what state it left');
is(outcomes($node, 'shop', "version = '004'"), '004 apply cancelled 57014', 'the server says the same');
let_go(1);
is_clean($node, 'shop', 'Ctrl-C');

hold(1);
$call = start_cli(0, 'up');
wait_for_runner($node, 'shop', 'CREATE INDEX');
$call->{run}->signal('TERM');
($status, $out, $err) = finish_cli($call);
is($status, 143, 'a request to terminate does the same');
like($err, qr/"004 cancel" is partial$/m, 'with the state it left');

# by another session
$call = start_cli(0, 'up');
wait_for_runner($node, 'shop', 'CREATE INDEX');
$node->safe_psql('shop', 'SELECT migrate.cancel(max(run)) FROM migrate.runs');
($status) = finish_cli($call);
is($status, 1, 'a run that another session cancels has failed');

#
# The connection breaks
#

$call = start_cli(0, 'up');
wait_for_runner($node, 'shop', 'CREATE INDEX');
$node->safe_psql('shop', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg_migrate'");
($status, $out, $err) = finish_cli($call);
is($status, 4, 'a lost connection has a status of its own');
my ($run) = $err =~ /^hint: The run goes on without this client: "pg_migrate wait (\d+)" waits for its end\.$/m;
ok($run, 'it says that the run goes on, and how to see it') or diag($err);

cli_is([ 'wait', $run, '--timeout', '1' ], 6, undef, qr/^timeout: run $run goes on; /, 'waiting for a run with a limit');
$call = start_cli(1, 'wait', $run);
wait_for_output($call, qr/running +run $run  0:0\d  \[#+-+\] +\d\d%  step 2 of 2/);
$call->{run}->signal('INT');
($status, $out) = finish_cli($call);
is($status, 130, 'Ctrl-C of wait');
like($out, qr/run $run goes on/, 'leaves the run alone');
$call = start_cli(0, 'wait', $run, '--json');
let_go(1);
($status, $out) = finish_cli($call);
is($status, 0, 'waiting for its end');
is(JSON::PP->new->decode($out)->[0]{version}, '004', 'gives its rows');
cli_is([ 'wait', '9999' ], 3, undef, qr/run 9999 does not exist/, 'a run that is none');

#
# Two at once, and retries
#

write_file("$dir/005_wait.sql", 'SELECT pg_advisory_xact_lock(1)');
hold(1);
$call = start_cli(0, 'up', $dir);
wait_for_runner($node, 'shop', 'pg_advisory');
my $second = start_cli(0, 'up');
wait_for_output($second, qr/^notice: waiting for run \d+ of role "postgres"/m);
let_go(1);
is((finish_cli($call))[0], 0, 'the first of two');
(my $second_status, $out) = finish_cli($second);
is($second_status, 0, 'the second');
like($out, qr/^nothing is pending$/, 'finds nothing left');

write_file("$dir/006_lock.sql", 'ALTER TABLE small ADD COLUMN a int');
my $blocker = session($node, 'shop');
$blocker->query('BEGIN; LOCK TABLE small');
$call = start_cli(0, 'up', $dir, '--set', 'migrate.lock_timeout=100ms', '--set', 'migrate.lock_retry_max_delay=200ms',
	'--set', 'migrate.lock_retries=1000');
wait_for_output($call, qr/^notice: step 1 of migration "006 lock" runs again .*?\n  detail: .*?pid @{[ $blocker->pid ]}/msi);
$blocker->query('COMMIT');
($status, $out) = finish_cli($call);
is($status, 0, 'a retry is told, with who was in the way');

# a run that starts later than the terminal's patience: the server is gone
hold(1);
write_file("$dir/007_crash.sql", 'SELECT pg_advisory_xact_lock(1)');
$call = start_cli(0, 'up', $dir);
wait_for_runner($node, 'shop', 'pg_advisory');
$node->stop('immediate');
($status, $out, $err) = finish_cli($call);
is($status, 4, 'the server is gone');
like($err, qr/^hint: The server does not answer\./m, 'and does not answer');

# wait until it is there
$call = start_cli(0, 'wait');
ok($call->{run}->pumpable, 'waiting for the server');
$node->start;
($status, $out) = finish_cli($call);
is("$status $out", "0 the server accepts connections\n", 'it is there');

# A server that is there a moment after it was not: the first connection ends
# without an answer, and from then on the path leads to the real one.
my $sockets = PostgreSQL::Test::Utils::tempdir_short();
my $path = "$sockets/.s.PGSQL." . $node->port;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!";
$call = start_cli(0, 'wait', '--host', $sockets, '--timeout', '30');
my $first = $listener->accept;
unlink $path or die $!;
symlink $node->host . '/.s.PGSQL.' . $node->port, $path or die $!;
$listener->close;
$first->close;
($status, $out) = finish_cli($call);
is("$status $out", "0 the server accepts connections\n", 'a server that comes between two looks');

$node->stop;
done_testing();
