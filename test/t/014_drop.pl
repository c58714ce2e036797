# The extension cannot be dropped under a run, nor a database under a caller.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $node = new_server('drop');
my ($gate, $caller, $dropper, $rows, $messages);

# A run that waits in its second migration, and a DROP EXTENSION that waits for
# the run.
sub begin_case
{
	my ($db, $up) = @_;

	new_database($node, $db);
	register(
		$node, $db,
		[ 1, 'one', 'CREATE TABLE one (id int)' ],
		[ 2, 'two', "CREATE TABLE two (id int);\nVACUUM two;\nSELECT pg_advisory_xact_lock(1);\n$up" ],
		[ 3, 'three', 'CREATE TABLE three (id int)' ]);
	$gate = session($node, $db);
	$gate->query('SELECT pg_advisory_lock(1)');
	$caller = session($node, $db);
	$caller->start('SELECT version FROM migrate.apply()');
	wait_for_runner($node, $db, 'pg_advisory_xact_lock');
	$dropper = session($node, $db);
	$dropper->start('DROP EXTENSION migrate');
	wait_until($node, $db,
		'SELECT cardinality(pg_blocking_pids(' . $dropper->pid . ')) > 0');
	return;
}

sub end_case
{
	$_->quit foreach $gate, $caller, $dropper;
	return;
}

begin_case('good', 'SELECT 1');
pass('DROP EXTENSION waits for a run');
$gate->query('SELECT pg_advisory_unlock(1)');
($rows, $messages) = $caller->finish;
is($rows, "1\n2\n3", 'the run goes on to its end');
unlike($messages, qr/^(ERROR|WARNING)/m, 'without an error');
unlike(($dropper->finish)[1], qr/ERROR/, 'then the extension is dropped');
is_sql($node, 'good', "SELECT count(*) FROM pg_namespace WHERE nspname = 'migrate'", '0', 'with all of its objects');
like(($caller->query('SELECT migrate.apply()'))[1], qr/^ERROR:  3F000:/m, 'no apply() any more');
$caller->query('CREATE EXTENSION migrate');
is($caller->query("SELECT migrate.register('1', 'one', 'CREATE TABLE uno (id int)'); SELECT version FROM migrate.apply()"),
	"new\n1", 'and a new extension works in the same session');
end_case();

begin_case('bad', 'SELECT 1 / 0');
$gate->query('SELECT pg_advisory_unlock(1)');
($rows, $messages) = $caller->finish;
# the abort lets DROP EXTENSION go on, which then waits for the caller
like($messages, qr/^ERROR:  (22012|40P01):/m, 'a run that fails while DROP EXTENSION waits: an error');
unlike(($dropper->finish)[1], qr/ERROR/, 'then the extension is dropped');
wait_until_idle($node);
is_sql($node, 'bad', "SELECT count(*) FROM pg_locks WHERE classid = 'pg_extension'::regclass", '0', 'no lock is left');
end_case();

# A script that saws off its own branch.
new_database($node, 'own');
register(
	$node, 'own',
	[ 1, 'one', 'CREATE TABLE one (id int)' ],
	[ 2, 'saws', "CREATE TABLE two (id int);\nDROP EXTENSION migrate;" ]);
$caller = session($node, 'own');
($rows, $messages) = $caller->query('SELECT version FROM migrate.apply()');
like($messages, qr/^ERROR:/m, 'a script that drops the extension fails');
is(states($node, 'own'), '1 applied, 2 failed', 'and the extension is still there');
($rows, $messages) = $caller->query('BEGIN; SELECT version FROM migrate.apply(); COMMIT');
like($messages, qr/^ERROR:/m, 'also within a transaction');
is(states($node, 'own'), '1 applied, 2 failed', 'and the extension is still there');
is_clean($node, 'own', 'sawing');
$caller->quit;

# No runner stays in a database that is to be dropped.
new_database($node, 'away');
register($node, 'away', [ 1, 'one', 'CREATE TABLE one (id int)' ]);
is_sql($node, 'away', 'SELECT version FROM migrate.apply()', '1', 'a run');
is($node->psql('postgres', 'DROP DATABASE away'), 0, 'and DROP DATABASE right after it');

# With FORCE, also while it runs.
new_database($node, 'forced');
register($node, 'forced', [ 1, 'waits', 'SELECT pg_advisory_xact_lock(1)' ]);
$gate = session($node, 'forced');
$gate->query('SELECT pg_advisory_lock(1)');
$caller = session($node, 'forced');
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, 'forced', 'pg_advisory_xact_lock');
is($node->psql('postgres', 'DROP DATABASE forced WITH (FORCE)'), 0, 'DROP DATABASE ... WITH (FORCE) during a run');
$_->quit foreach $gate, $caller;
wait_until_idle($node);

# A shutdown does not wait for a run.
new_database($node, 'shut');
register($node, 'shut', [ 1, 'waits', "CREATE TABLE one (id int);\nSELECT pg_advisory_xact_lock(1);" ]);
$gate = session($node, 'shut');
$gate->query('SELECT pg_advisory_lock(1)');
$caller = session($node, 'shut');
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, 'shut', 'pg_advisory_xact_lock');
$node->stop('fast');
$_->quit foreach $gate, $caller;
$node->start;
is_sql($node, 'shut', 'SELECT version FROM migrate.apply()', '1', 'after a fast shutdown the next run does the rest');
is(outcomes($node, 'shut'), "1 apply interrupted\n1 apply success", 'and records what happened');
is_clean($node, 'shut', 'after a fast shutdown');

$node->stop;
done_testing();
