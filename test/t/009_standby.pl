# A hot standby can be asked, but not changed; once promoted it goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = new_server('primary', init => { allows_streaming => 1 });

new_database($primary, 'db');
register(
	$primary, 'db',
	[ 1, 'one', 'CREATE TABLE one (id int)' ],
	[ 2, 'waits', "CREATE TABLE two (id int);\nVACUUM two;\nINSERT INTO two VALUES (1);\nSELECT pg_advisory_xact_lock(1);" ],
	[ 3, 'three', 'CREATE INDEX CONCURRENTLY ON two (id)' ]);
$primary->safe_psql('db', "SELECT migrate.apply('1')");
$primary->backup('backup');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));

is(states($standby, 'db'), '1 applied, 2 pending, 3 pending', 'status() on a standby');
is_sql($standby, 'db', 'SELECT version, outcome FROM migrate.history', '1|success', 'the history on a standby');
is_sql($standby, 'db', "SELECT count(*) FROM migrate.apply('1')", '0', 'apply() with nothing to do');

my $session = session($standby, 'db');
foreach my $call (
	[ 'SELECT migrate.apply()', 'cannot execute migrate.apply() during recovery' ],
	[ 'SELECT * FROM migrate.rollback()', undef ],
	[ "SELECT migrate.resolve('2', 'applied')", undef ],
	[ "SELECT migrate.register('4', 'four', 'SELECT 4')", undef ],
	[ 'BEGIN; SELECT migrate.apply()', 'cannot execute migrate.apply() during recovery' ],
	[ 'SELECT migrate.apply(atomic => true)', 'cannot execute migrate.apply() during recovery' ])
{
	my ($sql, $message) = @$call;
	my (undef, $error) = $session->query($sql);

	if ($message)
	{
		like($error, qr/^ERROR:  25006: \Q$message\E$/m, "$sql: refused");
	}
	else
	{
		like($error, qr/^ERROR:  (25006|55000):/m, "$sql: refused");
	}
	$session->query('ROLLBACK');
}
is(runner_starts($standby), 0, 'no runner was started');

# While a run goes on, the standby knows of it but not how far it is.
my $gate = session($primary, 'db');
$gate->query('SELECT pg_advisory_lock(1)');
my $caller = session($primary, 'db');
$caller->start('SELECT * FROM migrate.apply()');
wait_for_runner($primary, 'db', 'pg_advisory_xact_lock');
$primary->safe_psql('db', 'CREATE TABLE flush (id int)');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));
is(states($standby, 'db'), '1 applied, 2 running, 3 pending', 'status() on a standby during a run');
is_sql($standby, 'db', 'SELECT count(*) FROM migrate.progress', '0', 'its progress is not known there');

# Fail-over in the middle of the run.
$primary->stop('immediate');
$_->quit foreach $gate, $caller;
$standby->promote;
my ($rows, $messages) = $session->query('SELECT version, steps FROM migrate.apply()');
like($messages, qr/^NOTICE:  00000: run 2 was interrupted\nDETAIL:  It was in migration "2 waits"\.$/m, 'promoted: the interrupted run is found');
is($rows, "2|3\n3|1", 'promoted: the next run does the rest');
is_sql($standby, 'db', 'SELECT count(*) FROM two', '1', 'promoted: each step ran once');
is(outcomes($standby, 'db'),
	"1 apply success\n2 apply interrupted\n2 apply success\n3 apply success", 'promoted: the history');
is_clean($standby, 'db', 'promoted');
$session->quit;

$standby->stop;
done_testing();
