# A server that runs out of something: worker slots, locks, disk, WAL, shared
# memory.  What the caller is told, what is recorded, what is left, and that
# the next run succeeds once there is room again.
#
# A full disk takes a small file system.  Either SMALL_DISK names a directory
# on one that is ours alone, or the whole test runs in a user and mount name
# space of its own, where any user may mount a tmpfs; else that part is skipped.

use strict;
use warnings;

use File::Temp;
use FindBin;

# The process that has the capabilities of the new name space becomes this test
# again, without them: the server shall see no more than it would outside.
# Comes before the modules that divert the output.
sub enter_name_space
{
	my $dir = File::Temp::tempdir(CLEANUP => 1, TMPDIR => 1);
	my $mount = 'mount -t tmpfs -o size=64m tmpfs "$1"';
	my @unshare = ('unshare', '--map-current-user', '--mount', '--keep-caps', 'sh', '-c');

	return if system(@unshare, "{ $mount; } 2>/dev/null", 'sh', $dir) != 0;
	local $ENV{SMALL_DISK} = $dir;
	my $status = system(@unshare,
		"$mount && shift && exec setpriv --ambient-caps -all --inh-caps -all -- \"\$@\"",
		'sh', $dir, $^X, (map { "-I$_" } @INC), $0);
	exit(($status >> 8) || ($status ? 1 : 0));
}

BEGIN
{
	enter_name_space() unless $ENV{SMALL_DISK};
}

use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $disk = $ENV{SMALL_DISK} && "$ENV{SMALL_DISK}/starvation";
my ($rows, $messages, $session, $db);

# Kilobytes that are free on the small disk.
sub free_space
{
	my ($free) = (`df --output=avail -k '$disk'`)[1] =~ /(\d+)/;

	return $free;
}

# Leaves no more than so many kilobytes on the small disk.
sub fill_disk
{
	my ($leave) = @_;
	my $size = free_space() - $leave;

	system("dd if=/dev/zero of='$disk/ballast' bs=1024 count=$size status=none") == 0
	  or die 'could not fill the disk';
	return;
}

sub make_room
{
	unlink "$disk/ballast" or die "could not remove the ballast: $!";
	return;
}

# One test: a call fails like this.
sub fails
{
	my ($sql, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	($rows, $messages) = $session->query($sql);
	return like($messages, $pattern, $name);
}

# Tests: the next run does the rest.
sub succeeds
{
	my ($name, $versions, $states) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
	is($rows, $versions, "$name: the next run does the rest");
	unlike($messages, qr/^(ERROR|WARNING)/m, "$name: without an error");
	is(states($session->{node}, $db), $states, "$name: all is applied");
	is_clean($session->{node}, $db, $name);
	return;
}

sub open_session
{
	my ($node) = @_;

	$session->quit if $session;
	$session = session($node, $db);
	$session->{node} = $node;
	return;
}

#
# Worker slots.  002_protocol has the one that is taken and becomes free.
#
my $node = new_server('slots', conf => <<'CONF');
max_worker_processes = 0
max_logical_replication_workers = 0
CONF
$db = 'slots';
new_database($node, $db);
register(
	$node, $db,
	[ 1, 'one', 'CREATE TABLE one (id int)' ],
	[ 2, 'index', "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY ON two (id);" ]);
open_session($node);
my $start = time;
fails('SELECT migrate.apply()', qr/^ERROR:  53000: could not start a background worker$/m, 'no slots at all: the error');
cmp_ok(time - $start, '>=', 4, 'no slots at all: it has waited a little');
like($messages, qr/^DETAIL:  .*there are 0\.$/m, 'no slots at all: how many there are');
like($messages, qr/^HINT:  Raise "max_worker_processes", or .*BEGIN; SELECT migrate\.apply\(/m, 'no slots at all: the two ways out');
is_sql($node, $db, 'SELECT count(*) FROM migrate.runs', '0', 'no slots at all: there was no run');

$session->query("SET statement_timeout = '300ms'");
fails('SELECT migrate.apply()', qr/^ERROR:  57014: canceling statement due to statement timeout$/m,
	'a timeout while waiting for a slot');
$session->query('RESET statement_timeout');
is_sql($node, $db, 'SELECT count(*) FROM migrate.runs', '0', 'a timeout while waiting for a slot: there was no run');

is(($session->query("BEGIN; SELECT version FROM migrate.apply('1'); COMMIT"))[0],
	'1', 'no slots at all: the way of the hint works');
fails('BEGIN; SELECT migrate.apply(); COMMIT', qr/^ERROR:  25001: CREATE INDEX .* cannot run within the caller's transaction$/m,
	'no slots at all: what needs a runner says so');
is(states($node, $db), '1 applied, 2 pending', 'no slots at all: the states');

# More callers than slots: who waits for its turn gets it.
$session->quit;
$session = undef;
$node->append_conf('postgresql.conf', 'max_worker_processes = 2');
$node->restart;
$node->safe_psql($db,
	"CREATE TABLE ran (migration int); SELECT count(migrate.register(n::text, 'n', format('INSERT INTO ran VALUES (%s)', n))) FROM generate_series(3, 12) n"
);
my $gate = session($node, $db);
$gate->query('BEGIN; LOCK migrate.run IN ACCESS EXCLUSIVE MODE');
my @callers = map { session($node, $db)->start('SELECT version FROM migrate.apply()') } 1 .. 6;
wait_until($node, $db, "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'migrate.run'::regclass AND NOT granted");
$gate->query('COMMIT');
my @reported;
foreach my $i (0 .. $#callers)
{
	($rows, $messages) = $callers[$i]->finish;
	unlike($messages, qr/^(ERROR|WARNING)/m, "more callers than slots, caller $i: no error");
	push @reported, split /\n/, $rows;
}
is("@reported", join(' ', 2 .. 12), 'more callers than slots: each migration is reported once');
is_sql($node, $db, 'SELECT count(*), count(DISTINCT migration) FROM ran', '10|10', 'more callers than slots: each ran once');
is_clean($node, $db, 'more callers than slots');
$_->quit foreach $gate, @callers;
$node->stop;

#
# Locks
#
$node = new_server('locks', conf => <<'CONF');
max_locks_per_transaction = 10
max_connections = 10
max_worker_processes = 4
max_wal_senders = 0
CONF
$db = 'locks';
new_database($node, $db);
sub tables
{
	my ($from, $to) = @_;

	return "DO \$\$ BEGIN FOR i IN $from .. $to LOOP EXECUTE 'CREATE TABLE t' || i || ' (id int)'; END LOOP; END \$\$";
}
my $count = "SELECT count(*) FROM pg_class WHERE relname ~ '^t[0-9]+\$'";
my $out_of_locks = qr/^ERROR:  53200: out of shared memory$/m;
register($node, $db, [ 1, 'many', "CREATE TABLE first (id int);\n" . tables(1, 3000) ], [ 2, 'after', 'CREATE TABLE after (id int)' ]);
open_session($node);
fails('SELECT migrate.apply()', $out_of_locks, 'locks: the error');
like($messages, qr/^HINT:  .*max_locks_per_transaction.*SELECT migrate\.apply\(/m, 'locks: what to raise, and the next command');
like($messages, qr/^CONTEXT:  .*^statement 2 of migration "1 many", line 2$/ms, 'locks: its place');
is(states($node, $db), '1 failed, 2 pending', 'locks: the states');
is_sql($node, $db, $count, '0', 'locks: nothing is kept');
is_sql($node, $db,
	"SELECT outcome, error_sqlstate, error_message, error_statement, error_hint ~ 'max_locks_per_transaction' FROM migrate.history",
	'failed|53200|out of shared memory|2|t', 'locks: the history');
is_clean($node, $db, 'locks, at once');
fails('BEGIN; SELECT migrate.apply(); COMMIT', $out_of_locks, 'locks: in a transaction');
is_clean($node, $db, 'locks, in a transaction');

# One way out is to commit in between ...
register($node, $db, [ 1, 'many', join(";\nCOMMIT;\n", map { tables($_ * 50 + 1, $_ * 50 + 50) } 0 .. 9) ]);
succeeds('locks, split', "1\n2", '1 applied, 2 applied');
is_sql($node, $db, $count, '500', 'locks, split: all is there');

# ... the other is to raise the limit.  Here it comes after a committed step.
register($node, $db, [ 3, 'more', tables(501, 510) . ";\nVACUUM t501;\n" . tables(511, 3000) ]);
fails('SELECT migrate.apply()', $out_of_locks, 'locks, later step: the error');
is(states($node, $db), '1 applied, 2 applied, 3 partial', 'locks, later step: the states');
is_sql($node, $db, $count, '510', 'locks, later step: the step before is kept');

# Others can take them all.
my $hog = session($node, $db);
like(($hog->query('SELECT pg_advisory_lock(i) FROM generate_series(1, 100000) i'))[1],
	$out_of_locks, 'no lock is left');
fails('SELECT migrate.apply()', $out_of_locks, 'no lock is left: the error');
like($messages, qr/^HINT:  .*max_locks_per_transaction/m, 'no lock is left: its hint');
$hog->quit;
wait_until_idle($node);
is(states($node, $db), '1 applied, 2 applied, 3 partial', 'no lock is left: the states');
is_clean($node, $db, 'no lock is left');

$node->append_conf('postgresql.conf', 'max_locks_per_transaction = 500');
$node->restart;
open_session($node);
succeeds('locks, raised', '3', '1 applied, 2 applied, 3 applied');
is_sql($node, $db, $count, '3000', 'locks, raised: all is there');
$session->quit;
$session = undef;
$node->stop;

SKIP:
{
	skip 'a small disk takes a user name space, or SMALL_DISK', 1 unless $disk;
	disk_tests();
}
done_testing();

sub disk_tests
{
	my $no_space = qr/^ERROR:  53100: could not extend file .*: No space left on device$/m;

	#
	# A full disk of some table
	#
	foreach my $dir ($disk, map { "$disk/$_" } qw(space database dynshmem))
	{
		mkdir $dir or die "could not create $dir: $!";
	}
	$node = new_server('disk');
	$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk/space'");
	$db = 'data';
	new_database($node, $db);
	open_session($node);
	my $fill = "INSERT INTO two SELECT i, repeat('x', 500) FROM generate_series(1, 10000) i";
	register(
		$node, $db,
		[ 1, 'one', 'CREATE TABLE one (id int) TABLESPACE small' ],
		[ 2, 'fill', "CREATE TABLE two (id int, t text) TABLESPACE small;\n$fill;" ],
		[ 3, 'after', 'CREATE TABLE three (id int)' ]);
	fill_disk(2048);
	my $free = free_space();
	fails('SELECT version FROM migrate.apply()', $no_space, 'disk: the error');
	like($messages, qr/^HINT:  Check free disk space\..*SELECT migrate\.apply\(.*to try again/m, 'disk: its hint');
	like($messages, qr/^CONTEXT:  .*statement 2 of migration "2 fill", line 2$/m, 'disk: its place');
	is(states($node, $db), '1 applied, 2 failed, 3 pending', 'disk: the states');
	is_sql($node, $db, "SELECT error_sqlstate, error_statement, error_line FROM migrate.history WHERE outcome = 'failed'",
		'53100|2|2', 'disk: the history');
	is_sql($node, $db, "SELECT to_regclass('two')", '', 'disk: nothing is kept');
	is_clean($node, $db, 'disk, at once');
	fails("BEGIN; SELECT version FROM migrate.apply(); COMMIT", $no_space, 'disk: in a transaction');
	is(states($node, $db), '1 applied, 2 failed, 3 pending', 'disk, in a transaction: the states');
	# files without a transaction are removed at a checkpoint
	$node->safe_psql($db, 'CHECKPOINT');
	is(free_space(), $free, 'disk: and no space is lost');

	# A dry run of the same: it says so, and gives back what it took
	($rows, $messages) = $session->query('SELECT version, statement, outcome, note FROM migrate.dry_run()');
	like($rows, qr/^2\|1\|traced\|\n2\|2\|failed\|53100: could not extend file .*: No space left on device.*\n3\|1\|skipped\|not reached, as statement 2 of migration "2 fill" failed$/,
		'disk, dry run: its rows');
	unlike($messages, qr/^(ERROR|WARNING)/m, 'disk, dry run: the call succeeds');
	is(states($node, $db), '1 applied, 2 failed, 3 pending', 'disk, dry run: the states');
	is_clean($node, $db, 'disk, dry run');
	$node->safe_psql($db, 'CHECKPOINT');
	is(free_space(), $free, 'disk, dry run: and no space is lost');
	make_room();
	succeeds('disk', "2\n3", '1 applied, 2 applied, 3 applied');

	# A rewrite that takes more than a tenth of what is free there, and one that does not
	my $rewrite = q(SELECT rule, severity, consequence FROM migrate.lint_sql('ALTER TABLE two ALTER id TYPE bigint') WHERE rule = 'rewrite-disk-headroom');
	$session->query("SET migrate.lint_small_table = '8kB'");
	fill_disk(20480);
	like(scalar $session->query($rewrite), qr/^rewrite-disk-headroom\|warning\|needs \d+ kB free for the copy of public\.two/, 'a rewrite that needs much of what is free');
	$session->query('CREATE TABLE less TABLESPACE small AS SELECT * FROM two LIMIT 2000');
	is(scalar $session->query($rewrite =~ s/two/less/r), '', 'and one that needs little of it');
	$session->query('DROP TABLE less; RESET migrate.lint_small_table');
	make_room();

	# An index build, and what follows a committed step
	register(
		$node, $db,
		[
			4, 'index',
			"CREATE TABLE four (id int);\nCREATE INDEX CONCURRENTLY two_idx ON two (t, id) WITH (deduplicate_items = off) TABLESPACE small;\nINSERT INTO four VALUES (4);"
		]);
	fill_disk(1024);
	fails('SELECT version FROM migrate.apply()', qr/^ERROR:  53100: could not (extend|write).*: No space left on device$/m,
		'disk, index: the error');
	like($messages, qr/^HINT:  .*SELECT migrate\.apply\(.*to go on at step 2 of 3/m, 'disk, index: its hint');
	is(states($node, $db), '1 applied, 2 applied, 3 applied, 4 partial', 'disk, index: the states');
	is_sql($node, $db, "SELECT to_regclass('two_idx')", '', 'disk, index: no invalid index is left');
	is_clean($node, $db, 'disk, index, at once');
	make_room();
	succeeds('disk, index', '4', '1 applied, 2 applied, 3 applied, 4 applied');
	is_sql($node, $db, 'SELECT count(*) FROM four', '1', 'disk, index: each step ran once');

	#
	# Not even the failure can be recorded
	#
	$node->safe_psql('postgres', "CREATE TABLESPACE tight LOCATION '$disk/database'");
	$db = 'tight';
	new_database($node, $db, 'TABLESPACE tight');
	open_session($node);

	# the script fills the disk itself; the message has to go to a new page
	register(
		$node, $db,
		[ 1, 'one', "CREATE TABLE one (id int);\nVACUUM one;\nINSERT INTO one VALUES (1);" ],
		[
			2, 'greedy', <<"SQL" ]);
CREATE TABLE two (id int);
VACUUM two;
INSERT INTO two VALUES (1);
COPY (SELECT 1) TO PROGRAM 'dd if=/dev/zero of=$disk/ballast bs=1024 status=none 2>&1 || true';
DO \$\$ BEGIN RAISE disk_full USING MESSAGE = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 100) i); END \$\$;
SQL
	fails('SELECT version FROM migrate.apply()', qr/^ERROR:  53100: /m, 'tight: the error');
	like($messages, qr/^WARNING:  53100: could not record the failure: could not extend file/m, 'tight: it could not be recorded');
	wait_until_idle($node);
	is_sql($node, $db, "SELECT version, state, note FROM migrate.status()",
		"1|applied|\n2|pending|interrupted, as the next run will record", 'tight: the states can be asked');
	is_sql($node, $db, 'SELECT state FROM migrate.runs', 'running', 'tight: nobody could write how it ended');
	fails("SELECT migrate.register('3', 'large', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 20000) i))",
		$no_space, 'tight: storing fails, too');
	make_room();
	register($node, $db, [ 2, 'greedy', "CREATE TABLE two (id int);\nVACUUM two;\nINSERT INTO two VALUES (2);" ]);
	succeeds('tight', '2', '1 applied, 2 applied');
	like($messages, qr/^NOTICE:  00000: run 1 was interrupted\nDETAIL:  It was in migration "2 greedy"\.$/m,
		'tight: the next run says so');
	is_sql($node, $db, 'SELECT id FROM two', '2', 'tight: the completed step is kept, the failed one is not');
	is(outcomes($node, $db), "1 apply success\n2 apply interrupted\n2 apply success", 'tight: the history');

	#
	# Shared memory between caller and runner
	#
	$session->quit;
	$session = undef;
	my $dynshmem = $node->data_dir . '/pg_dynshmem';
	$node->stop;
	rmdir $dynshmem or die "could not remove $dynshmem: $!";
	symlink "$disk/dynshmem", $dynshmem or die "could not link $dynshmem: $!";
	$node->append_conf('postgresql.conf', 'dynamic_shared_memory_type = mmap');
	$node->start;
	register($node, $db, [ 3, 'three', 'CREATE TABLE three (id int)' ], [ 4, 'four', 'CREATE INDEX CONCURRENTLY ON three (id)' ]);
	$db = 'data';
	register($node, $db, [ 5, 'five', 'CREATE TABLE five (id int)' ], [ 6, 'six', 'CREATE INDEX CONCURRENTLY ON five (id)' ]);
	open_session($node);
	$session->query('SELECT migrate.status()');
	fill_disk(0);
	fails('SELECT version FROM migrate.apply()', qr/^ERROR:  53\d00: could not resize shared memory segment .*: No space left on device$/m,
		'shared memory: the error');
	is(states($node, $db), '1 applied, 2 applied, 3 applied, 4 applied, 5 pending, 6 pending', 'shared memory: the states');
	is_sql($node, $db, 'SELECT count(*) FROM migrate.runs WHERE state <> \'success\' AND state <> \'failed\'', '0',
		'shared memory: there was no run');
	is(($session->query("BEGIN; SELECT version FROM migrate.apply('5'); COMMIT"))[0], '5', 'shared memory: it works in a transaction');
	make_room();
	succeeds('shared memory', '6', '1 applied, 2 applied, 3 applied, 4 applied, 5 applied, 6 applied');
	$session->quit;
	$session = undef;
	$node->stop;
	system("rm -rf '$disk'/*") == 0 or die 'could not empty the disk';

	#
	# The write-ahead log
	#
	$node = new_server(
		'wal',
		init => { extra => [ '-U', 'postgres', '--wal-segsize', '1', '--waldir', "$disk/wal" ] },
		conf => "max_wal_size = 1GB\nwal_recycle = off\ncheckpoint_timeout = 1h\nfsync = off");
	$db = 'wal';
	new_database($node, $db);
	register(
		$node, $db,
		[ 1, 'one', 'CREATE TABLE one (id int)' ],
		[
			2, 'writes',
			"CREATE TABLE two (id int, t text);\nVACUUM two;\nINSERT INTO two SELECT i, repeat('x', 500) FROM generate_series(1, 40000) i;\nCREATE INDEX CONCURRENTLY two_idx ON two (id);"
		],
		[ 3, 'after', 'CREATE TABLE three (id int)' ]);
	open_session($node);
	is($session->query("SELECT version FROM migrate.apply('1')"), '1', 'WAL: the first migration');
	fill_disk(6 * 1024);
	($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
	unlike($messages, qr/^ERROR:  (?!57P0)/m, 'WAL: the session ends with the server');
	$session->quit;
	$session = undef;
	like(slurp_file($node->logfile), qr/PANIC:  .*No space left on device/, 'WAL: the server has panicked');
	# it does not come back by itself: restart_after_crash is off
	foreach my $try (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last unless -e $node->data_dir . '/postmaster.pid';
		select(undef, undef, undef, 0.1);
	}
	ok(!-e $node->data_dir . '/postmaster.pid', 'WAL: the server is down');
	make_room();
	$node->stop('immediate', fail_ok => 1);
	$node->start;
	open_session($node);
	succeeds('WAL', "2\n3", '1 applied, 2 applied, 3 applied');
	like($messages, qr/^NOTICE:  00000: run 2 was interrupted\nDETAIL:  It was in migration "2 writes"\.$/m,
		'WAL: the next run says what happened');
	is_sql($node, $db, 'SELECT count(*) FROM two', '40000', 'WAL: each step ran once');
	is(outcomes($node, $db), "1 apply success\n2 apply interrupted\n2 apply success\n3 apply success", 'WAL: the history');
	$session->quit;
	$node->stop;
	system("rm -rf '$disk'") == 0 or die 'could not empty the disk';
	return;
}
