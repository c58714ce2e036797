# What a hostile review broke once: what other sessions do while a run goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('meanwhile', conf => 'max_worker_processes = 32');
my $gate_1 = 'SELECT pg_advisory_xact_lock(1)';
my $insert = 'INSERT INTO log VALUES (1)';
my $databases = 0;
my ($db, $caller, $other, $rows, $messages);

# A database with tables 'log' and 't', and two sessions.
sub begin_case
{
	my (@migrations) = @_;

	$db = 'case_' . ++$databases;
	new_database($node, $db);
	$node->safe_psql($db, 'CREATE TABLE log (i int); CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1), (1, 2)');
	register($node, $db, @migrations);
	$caller = session($node, $db);
	$other = session($node, $db);
	return;
}

# What is recorded as applied is the stored text, and of no other is anything
# recorded; 'log' says which ran.
sub end_case
{
	my ($name, $log, $states) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	wait_until_idle($node);
	is_sql($node, $db, "SELECT string_agg(i::text, ',' ORDER BY i) FROM log", $log, "$name: what ran") if defined $log;
	is(states($node, $db), $states, "$name: the states");
	is_sql($node, $db, <<'SQL', '', "$name: the states speak of what is stored");
SELECT s.*, m.* FROM migrate.state s LEFT JOIN migrate.migration m ON m.id = s.migration
WHERE m.id IS NULL OR s.state = 'applied' AND s.checksum <> m.up
SQL
	is_clean($node, $db, $name);
	$_->quit foreach $caller, $other;
	return;
}

sub wait_for_lock
{
	my ($condition) = @_;

	wait_until($node, $db,
		"SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = '$db') AND $condition");
	return;
}

sub indexes_are
{
	my ($expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is_sql($node, $db,
		"SELECT string_agg(concat_ws(' ', relname, CASE WHEN indisunique THEN 'unique' END, CASE WHEN NOT indisvalid THEN 'invalid' END), ', ' ORDER BY relname)"
		  . " FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = 't'::regclass", $expected, $name);
}

#
# The definition changes
#
my %change = (
	removed => "SELECT migrate.unregister('1')",
	replaced => "SELECT migrate.register('1', 'm', 'INSERT INTO log VALUES (42)')");

foreach my $how ('removed', 'replaced')
{
	# asked for before the run, committed while it waits to record
	begin_case([ 1, 'm', $insert ]);
	$other->query("BEGIN; $change{$how}");
	$caller->start('SELECT migrate.apply()');
	wait_for_lock("relation = 'migrate.migration'::regclass");
	$other->query('COMMIT');
	(undef, $messages) = $caller->finish;
	like($messages, qr/^ERROR:  55000: migration "1 m" was replaced or removed while it ran/m, "$how before: the error");
	is(($caller->query('SELECT version, state FROM migrate.apply()'))[0], $how eq 'removed' ? '' : '1|applied', "$how before: the next run");
	end_case("$how before", $how eq 'removed' ? '' : '42', $how eq 'removed' ? '' : '1 applied');

	# the same with a migration that is not the first
	begin_case([ 0, 'first', "$gate_1; INSERT INTO log VALUES (0)" ], [ 1, 'm', $insert ], [ 2, 'last', 'INSERT INTO log VALUES (2)' ]);
	my $gate = session($node, $db);
	$gate->query('SELECT pg_advisory_lock(1)');
	$caller->start('SELECT version FROM migrate.apply()');
	wait_for_runner($node, $db, 'pg_advisory_xact_lock');
	like(($other->query("SELECT migrate.unregister('0')"))[1], qr/^ERROR:  55006: migration "0 first" is running$/m, "$how: not the one that runs");
	$other->query($change{$how});
	$gate->query('SELECT pg_advisory_unlock_all()');
	($rows, $messages) = $caller->finish;
	unlike($messages, qr/ERROR/, "$how later: no error");
	is($rows, $how eq 'removed' ? "0\n2" : "0\n1\n2", "$how later: the rows");
	$gate->quit;
	end_case("$how later", $how eq 'removed' ? '0,2' : '0,2,42', $how eq 'removed' ? '0 applied, 2 applied' : '0 applied, 1 applied, 2 applied');

	# within a transaction; before it and after it
	begin_case([ 1, 'm', $insert ]);
	$other->query("BEGIN; $change{$how}");
	$caller->start('BEGIN; SELECT migrate.apply(); COMMIT');
	wait_for_lock("relation = 'migrate.migration'::regclass");
	$other->query('COMMIT');
	like(($caller->finish)[1], qr/^ERROR:  55000: migration "1 m" was replaced or removed while it ran/m, "$how in a transaction: the error");
	end_case("$how in a transaction", '', $how eq 'removed' ? '' : '1 pending');

	begin_case([ 1, 'm', $insert ]);
	$caller->query('BEGIN; SELECT migrate.apply()');
	$other->start($change{$how});
	wait_for_lock("relation = 'migrate.migration'::regclass");
	$caller->query('COMMIT');
	like(($other->finish)[1], qr/^ERROR:  55000: migration "1 m" is applied/m, "$how after: refused");
	end_case("$how after", '1', '1 applied');

	# while its end is recorded
	begin_case([ 1, 'm', "$insert; VACUUM t; INSERT INTO log VALUES (2)" ]);
	$other->query('BEGIN; LOCK migrate.event IN SHARE MODE');
	$caller->start('SELECT migrate.apply()');
	wait_for_lock("relation = 'migrate.event'::regclass");
	like(($other->query($change{$how}))[1], qr/^ERROR:  55006: migration "1 m" is running$/m, "$how at the end: refused");
	$other->query('ROLLBACK');
	$caller->finish;
	end_case("$how at the end", '1,2', '1 applied');
}

# Old snapshots show what is not so any more.
begin_case([ 1, 'm', $insert ]);
$other->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
$caller->query('SELECT migrate.apply()');
like(($other->query($_))[1], qr/^ERROR:  25001: migrate\.\w+\(\) must be called in a READ COMMITTED transaction$/m, "an old snapshot: $_"),
  $other->query('ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
  foreach $change{removed}, $change{replaced}, "SELECT migrate.load(ARRAY['1_m.sql'], ARRAY['SELECT 1'])";
$other->query('ROLLBACK');
end_case('an old snapshot', '1', '1 applied');

begin_case([ 1, 'm', $insert ]);
$other->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
$caller->query('SELECT migrate.apply()');
$other->query('SELECT migrate.apply()');
$other->query('COMMIT');
end_case('an old snapshot that applies', '1', '1 applied');

#
# Others' indexes
#

# A run stopped in CREATE INDEX CONCURRENTLY, in its first wait, is killed.
sub interrupt_index
{
	my $writer = session($node, $db);

	$writer->query('BEGIN; INSERT INTO t VALUES (2, 3)');
	$caller->start('SELECT migrate.apply()');
	my $runner = wait_for_runner($node, $db, 'CREATE');
	$node->safe_psql($db, "SELECT pg_terminate_backend($runner)");
	$caller->finish;
	wait_until_idle($node);
	$writer->query('COMMIT');
	$writer->quit;
	return;
}

foreach my $name ('', 'ours')
{
	begin_case([ 1, 'm', "SELECT 1; CREATE INDEX CONCURRENTLY $name ON t (a)" ]);
	my $ours = $name || 't_a_idx';
	interrupt_index();
	indexes_are("$ours invalid", "interrupted, \"$name\": what is left");
	my $writer = session($node, $db);
	$writer->query('BEGIN; INSERT INTO t VALUES (2, 4)');
	# the server lets two of them deadlock; it is ours that gives way
	$other->query("SET deadlock_timeout = '1h'");
	$other->start('CREATE INDEX CONCURRENTLY theirs ON t (b)');
	wait_until($node, $db, "SELECT to_regclass('theirs') IS NOT NULL");
	$caller->start('SET quote_all_identifiers = on; SELECT version FROM migrate.apply()');
	wait_until($node, $db, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'migrate runner' AND wait_event_type = 'Lock'");
	$writer->query('COMMIT');
	$other->finish;
	($rows, $messages) = $caller->finish;
	($rows) = $caller->query('SELECT version FROM migrate.apply()') if $messages =~ /40P01/;
	is($rows, '1', "interrupted, \"$name\": the next run");
	indexes_are("$ours, theirs", "interrupted, \"$name\": both are there");
	$writer->quit;
	end_case("interrupted, \"$name\"", undef, '1 applied');
}

# Theirs comes first, under the name that ours was to have.
foreach my $name ('', 't_a_idx')
{
	begin_case([ 1, 'm', "SELECT 1; CREATE INDEX CONCURRENTLY $name ON t (a, (a + b))" ]);
	my $ours = $name || 't_a_expr_idx';
	$other->query("BEGIN; CREATE INDEX $ours ON t (b)");
	$caller->start('SELECT version FROM migrate.apply()');
	wait_for_runner($node, $db, 'CREATE');
	$other->query('COMMIT');
	($rows, $messages) = $caller->finish;
	if ($rows eq '')
	{
		like($messages, qr/^ERROR:  42P07: relation "$ours" already exists$/m, "same name, \"$name\": the error");
		($rows, $messages) = $caller->query('SELECT version FROM migrate.apply()');
	}
	if ($name)
	{
		like($messages, qr/^ERROR:  42P07: relation "$ours" already exists$/m, "same name, \"$name\": it stays an error");
		indexes_are($ours, "same name, \"$name\": theirs is there");
	}
	else
	{
		is($rows, '1', "same name, \"$name\": the next run");
		indexes_are("$ours, ${ours}1", "same name, \"$name\": both are there");
	}
	end_case("same name, \"$name\"", undef, $name ? '1 partial' : '1 applied');
}

# Ours fails, or is killed before it began.
begin_case([ 1, 'm', 'SELECT 1; CREATE UNIQUE INDEX CONCURRENTLY ON t (a)' ]);
$other->query('BEGIN; CREATE INDEX other ON t (b)');
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, $db, 'CREATE');
$other->query('COMMIT');
like(($caller->finish)[1], qr/^ERROR:  23505: /m, 'a failing index: the error');
indexes_are('other', 'a failing index: theirs is there');
like(($caller->query('SELECT version FROM migrate.apply()'))[1], qr/^ERROR:  23505: /m, 'a failing index: it is not taken for done');
end_case('a failing index', undef, '1 partial');

begin_case([ 1, 'm', 'SELECT 1; CREATE UNIQUE INDEX CONCURRENTLY t_b_idx ON t (b)' ]);
$other->query('BEGIN; LOCK t');
$caller->start('SELECT version FROM migrate.apply()');
my $runner = wait_for_runner($node, $db, 'CREATE');
$node->safe_psql($db, "SELECT pg_terminate_backend($runner)");
$caller->finish;
$other->query('CREATE INDEX ON t (b); COMMIT');
like(($caller->query('SELECT version FROM migrate.apply()'))[1], qr/^ERROR:  42P07: /m, 'killed before it began: theirs is not ours');
indexes_are('t_b_idx', 'killed before it began: theirs is there');
end_case('killed before it began', undef, '1 partial');

# A name that finds another index once the first is dropped.
begin_case([ 1, 'm', 'SET search_path = s1, s2; DROP INDEX CONCURRENTLY i; SELECT 1' ]);
$node->safe_psql($db, 'CREATE SCHEMA s1 CREATE TABLE t (a int) CREATE INDEX i ON t (a); CREATE SCHEMA s2 CREATE TABLE t (a int) CREATE INDEX i ON t (a)');
my $reader = session($node, $db);
$reader->query('BEGIN; SELECT * FROM s1.t');
$caller->start('SELECT version FROM migrate.apply()');
$runner = wait_for_runner($node, $db, 'DROP INDEX');
$other->query('BEGIN; LOCK migrate.step IN SHARE MODE');
$reader->query('COMMIT');
wait_for_lock("pid = $runner AND relation = 'migrate.step'::regclass");
$node->safe_psql($db, "SELECT pg_terminate_backend($runner)");
$caller->finish;
$other->query('COMMIT');
is_sql($node, $db, "SELECT string_agg(indexrelid::regclass::text, ',') FROM pg_index WHERE indexrelid::regclass::text LIKE '%.i'", 's2.i', 'a dropped index: the first is gone');
is($caller->query('SELECT version FROM migrate.apply()'), '1', 'a dropped index: the next run');
is_sql($node, $db, "SELECT string_agg(indexrelid::regclass::text, ',') FROM pg_index WHERE indexrelid::regclass::text LIKE '%.i'", 's2.i', 'a dropped index: the second is not');
$reader->quit;
end_case('a dropped index', undef, '1 applied');

#
# Runs that wait for each other
#
foreach my $try (1 .. 3)
{
	begin_case([ 1, 'm', "$gate_1; CREATE INDEX CONCURRENTLY ON t (a); VACUUM t; CREATE INDEX CONCURRENTLY ON t (b)" ]);
	my $gate = session($node, $db);
	my @callers = map { session($node, $db) } 1 .. 3;
	$gate->query('SELECT pg_advisory_lock(1)');
	$_->start('SELECT version FROM migrate.apply()') foreach @callers;
	wait_for_runner($node, $db, 'pg_advisory_xact_lock');
	wait_until($node, $db, "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted AND classid = 'pg_extension'::regclass AND locktype = 'object'");
	select(undef, undef, undef, 1.2) if $try == 2;
	$gate->query('SELECT pg_advisory_unlock_all()');
	my @results = map { [ $_->finish ] } @callers;
	unlike(join('', map { $_->[1] } @results), qr/ERROR/, "concurrent runs $try: no error");
	is(join('', map { $_->[0] } @results), '1', "concurrent runs $try: one of them did it");
	$_->quit foreach $gate, @callers;
	end_case("concurrent runs $try", undef, '1 applied');
}

#
# A caller that waits is not in the way of who works on our tables
#
begin_case([ 1, 'm', "$gate_1;\n$insert" ]);
my $tables = $node->safe_psql($db,
	"SELECT string_agg(oid::regclass::text, ', ') FROM pg_class WHERE relnamespace = 'migrate'::regnamespace AND relkind = 'r'");
my $holder = session($node, $db);
$holder->query('SELECT pg_advisory_lock(1)');
$caller->start('SELECT version FROM migrate.apply()');
wait_for_runner($node, $db, 'pg_advisory_xact_lock');
my $waiter = session($node, $db);
$waiter->start('SELECT version FROM migrate.wait(1)');
my $second = session($node, $db);
$second->start('SELECT version FROM migrate.apply()');
$second->wait_for(qr/^NOTICE:  00000: waiting for run 1/m);
wait_until($node, $db, 'SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = \'Extension\' AND pid IN ('
	  . join(', ', $caller->pid, $waiter->pid) . ')');
(undef, $messages) = $other->query("SET lock_timeout = '100s'; VACUUM FULL $tables");
is($messages, '', 'a waiting caller: VACUUM FULL of our tables');
$holder->query('SELECT pg_advisory_unlock(1)');
is(scalar($caller->finish), '1', 'a waiting caller: the run');
is(scalar($waiter->finish), '1', 'a waiting caller: who waits for it, too');
is(scalar($second->finish), '', 'a waiting caller: a second one');
$_->quit foreach $holder, $waiter, $second;
end_case('a waiting caller', '1', '1 applied');

#
# COPY ... WHERE is the server's
#
begin_case([ 1, 'm', "COPY g (a) FROM stdin WHERE b > 2;\n1\n2\n\\.\n" ]);
$node->safe_psql($db, 'CREATE TABLE g (a int, b int GENERATED ALWAYS AS (a * 2) STORED)');
my ($ours) = ($caller->query('SELECT migrate.apply()'))[1] =~ /^(ERROR:.*)$/m;
my ($theirs) = ($caller->query("COPY g (a) FROM '/dev/null' WHERE b > 2"))[1] =~ /^(ERROR:.*)$/m;
like($ours, qr/generated columns are not supported in COPY FROM WHERE conditions/, 'a generated column: an error');
is($ours, $theirs, "a generated column: the server's") if defined $theirs;
end_case('a generated column', undef, '1 failed');

#
# A directory with what the server cannot read and need not
#
begin_case();
my $directory = PostgreSQL::Test::Utils::tempdir();
append_to_file("$directory/1_m.sql", 'SELECT 1');
append_to_file("$directory/$_", "\x89PNG\0\xff") foreach 'logo.png', 'README.md';
chmod 0, "$directory/README.md" or die;
($rows, $messages) = $caller->query("SELECT version, result FROM migrate.load('$directory') ORDER BY path");
is($rows, "1|new\n|ignored\n|ignored", 'a directory: what is no script is not read');
end_case('a directory', undef, '1 pending');

$node->stop;
done_testing();
