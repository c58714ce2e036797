# What the crash harness found, made to happen each time.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Torture;

my $node = new_server('found');
my $caller;

#
# A cancel that arrives while a migration commits belongs to the next one
#
new_database($node, 'between');
$node->safe_psql('between', <<'SQL');
CREATE TABLE t (a int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RETURN CASE WHEN pg_cancel_backend(pg_backend_pid()) THEN NULL::t END; END $$;
CREATE CONSTRAINT TRIGGER c AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();
SQL
register($node, 'between',
	[ 1, 'first', 'INSERT INTO t VALUES (1)' ],
	[ 2, 'second', 'CREATE TABLE two (id int)' ]);
$caller = session($node, 'between');
my (undef, $messages) = $caller->query('SELECT * FROM migrate.apply()');
is(states($node, 'between'), '1 applied, 2 failed', 'between: the states');
like($messages, qr/^HINT:.*migrate\.apply/m, 'between: the error names the next command');
is_sql($node, 'between', 'SELECT state FROM migrate.runs', 'cancelled', 'between: the run');
is(outcomes($node, 'between'), "1 apply success\n2 apply cancelled 57014", 'between: the history');
$caller->quit;

#
# A runner does not outlive the postmaster by more than a statement: no server
# can start meanwhile
#
my $gate = $node->basedir . '/go';
new_database($node, 'orphan');
# busy without ever waiting for a latch, until the file is there
register(
	$node,
	'orphan',
	[
		1,
		'busy',
		"CREATE TABLE one (id int);\nDO \$\$ BEGIN WHILE pg_stat_file('$gate', true) IS NULL AND clock_timestamp() < now() + '20s' LOOP END LOOP; END \$\$"
	],
	[ 2, 'after', 'CREATE TABLE two (id int)' ]);
$caller = session($node, 'orphan');
$caller->start('SELECT migrate.apply()');
wait_until($node, 'orphan',
	"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'migrate runner' AND query LIKE 'DO %'");
my $pids = $node->safe_psql('orphan',
	"SELECT string_agg(pid::text, ',') FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
$node->kill9;
Torture::wait_for('the postmaster', sub { !Torture::alive($postmaster) });
append_to_file($gate, 'go');
start_again($node, $postmaster, split /,/, $pids);
# 1 may be complete, as its commit followed
like(states($node, 'orphan'), qr{^1 (applied|pending), 2 pending$},
	'orphan: no migration is started after the death of the postmaster');
$caller->finish;
$caller->quit;

$node->stop;
done_testing();
