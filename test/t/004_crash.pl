# The server dies in the middle of a run, in any kind of step.  The next run
# knows what is done, goes on there, and leaves the schema as an undisturbed
# run would have left it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $gate = 'SELECT pg_advisory_xact_lock(1)';

# Each case stops in migration 2 in a statement like 'in', because another
# session has done 'block'.  'check' returns 'result' in the end.
my %gate = (in => 'pg_advisory_xact_lock', block => 'SELECT pg_advisory_lock(1)');
my %writer = (block => 'BEGIN; INSERT INTO busy VALUES (0)');
my %reader = (block => 'BEGIN; SELECT count(*) FROM busy');
my $ids = "SELECT string_agg(id::text, ',' ORDER BY id) FROM two";
my @cases = (
	{
		name => 'one step',
		up => "CREATE TABLE two (id int);\nINSERT INTO two VALUES (1);\n$gate;",
		%gate,
		check => $ids,
		result => '1'
	},
	{
		name => 'the last of three steps',
		up => "CREATE TABLE two (id int);\nINSERT INTO two VALUES (1);\nVACUUM two;\n"
		  . "INSERT INTO two VALUES (2);\n$gate;",
		%gate,
		check => $ids,
		result => '1,2'
	},
	{
		name => 'a block of its own',
		up => "CREATE TABLE two (id int);\nBEGIN;\nINSERT INTO two VALUES (1);\nCOMMIT;\n"
		  . "BEGIN ISOLATION LEVEL SERIALIZABLE;\nINSERT INTO two VALUES (2);\n$gate;\nCOMMIT;\nINSERT INTO two VALUES (3);",
		%gate,
		check => $ids,
		result => '1,2,3'
	},
	{
		name => 'CREATE INDEX CONCURRENTLY, first wait',
		up => "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY busy_new_idx ON busy (id);\nINSERT INTO two VALUES (1);",
		%writer,
		in => 'CREATE INDEX',
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		check => "SELECT (SELECT count(*) FROM two), indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		result => '1|t'
	},
	{
		name => 'CREATE INDEX CONCURRENTLY, last wait',
		up => 'CREATE INDEX CONCURRENTLY busy_new_idx ON busy (id)',
		block => 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1',
		in => 'CREATE INDEX',
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		check => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_new_idx'::regclass",
		result => 't'
	},
	{
		name => 'CREATE INDEX CONCURRENTLY without a name',
		up => "CREATE INDEX CONCURRENTLY ON busy (id);\nCREATE TABLE two (id int);",
		%writer,
		in => 'CREATE INDEX',
		check => "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relname ~ '^busy_.*idx'",
		result => 'busy_id_idx,busy_old_idx'
	},
	{
		name => 'REINDEX CONCURRENTLY, first wait',
		up => "REINDEX INDEX CONCURRENTLY busy_old_idx;\nCREATE TABLE two (id int);",
		%writer,
		in => 'REINDEX',
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_old_idx_ccnew'::regclass",
		check => "SELECT string_agg(relname, ',') FROM pg_class WHERE relname ~ '^busy_.*idx'",
		result => 'busy_old_idx'
	},
	{
		name => 'REINDEX CONCURRENTLY, last wait',
		up => "REINDEX TABLE CONCURRENTLY busy;\nCREATE TABLE two (id int);",
		%reader,
		in => 'REINDEX',
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_old_idx_ccold'::regclass",
		check => "SELECT string_agg(relname, ',') FROM pg_class WHERE relname ~ '^busy_.*idx' OR relname ~ '_cc(old|new)'",
		result => 'busy_old_idx'
	},
	{
		name => 'DROP INDEX CONCURRENTLY',
		up => "CREATE TABLE two (id int);\nDROP INDEX CONCURRENTLY busy_old_idx;\nINSERT INTO two VALUES (1);",
		%reader,
		in => 'DROP INDEX',
		left => "SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_old_idx'::regclass",
		check => "SELECT to_regclass('busy_old_idx') IS NULL, (SELECT count(*) FROM two)",
		result => 't|1'
	},
	{
		name => 'DETACH PARTITION CONCURRENTLY',
		up => "CREATE TABLE two (id int);\nALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;\nDROP TABLE part_1;",
		block => 'BEGIN; SELECT count(*) FROM parts',
		in => 'DETACH',
		left => "SELECT NOT inhdetachpending FROM pg_inherits WHERE inhrelid = 'part_1'::regclass",
		check => "SELECT string_agg(inhrelid::regclass::text, ',') FROM pg_inherits WHERE inhparent = 'parts'::regclass",
		result => 'part_2'
	},
	{
		name => 'VACUUM',
		up => "CREATE TABLE two (id int);\nVACUUM busy;\nINSERT INTO two VALUES (1);",
		block => 'BEGIN; LOCK busy',
		in => 'VACUUM',
		check => $ids,
		result => '1'
	},
	{
		name => 'a new enum value that is used at once',
		up => "ALTER TYPE mood ADD VALUE 'glad';\nCREATE TABLE two AS SELECT 1 AS id, 'glad'::mood;\n$gate;",
		%gate,
		check => $ids,
		result => '1'
	},
	{
		name => 'SET search_path',
		up => "SET search_path = elsewhere;\nCREATE TABLE two (id int);\nVACUUM two;\nINSERT INTO two VALUES (1);\n"
		  . "CREATE TABLE three (LIKE two);\n$gate;",
		%gate,
		check => "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'elsewhere'::regnamespace",
		result => 'three,two'
	},
	{
		name => 'set_config as pg_dump writes it',
		up => "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.two (id text);\n"
		  . "VACUUM public.two;\nINSERT INTO public.two SELECT '<' || current_setting('search_path') || '>';\n$gate;",
		%gate,
		check => $ids,
		result => '<>'
	},
	{
		name => 'SET ROLE',
		up => "SET ROLE builder;\nCREATE TABLE two (id int);\nVACUUM two;\nCREATE TABLE three_too (id int);\n$gate;",
		%gate,
		check => "SELECT string_agg(relname || ':' || relowner::regrole, ',' ORDER BY relname) FROM pg_class WHERE relname IN ('two', 'three_too', 'three')",
		result => 'three:postgres,three_too:builder,two:builder'
	},
	{
		name => 'a DO block that commits',
		up => "CREATE TABLE two (id int);\nDO \$\$ BEGIN INSERT INTO two VALUES (1); COMMIT; "
		  . "PERFORM pg_advisory_xact_lock(1); INSERT INTO two VALUES (2); END \$\$;\nINSERT INTO two VALUES (3);",
		%gate,
		in => 'DO ',
		unknown => 'DO',
		check => $ids,
		result => '1'
	},
	{
		name => 'a procedure that commits',
		up => "CREATE TABLE two (id int);\nCREATE PROCEDURE p() LANGUAGE plpgsql AS \$\$ BEGIN INSERT INTO two VALUES (1); COMMIT; "
		  . "PERFORM pg_advisory_xact_lock(1); INSERT INTO two VALUES (2); END \$\$;\nCALL p();\nINSERT INTO two VALUES (3);",
		%gate,
		in => 'CALL ',
		unknown => 'CALL',
		check => $ids,
		result => '1'
	});

my $node = new_server('crash', conf => "max_worker_processes = 64\nrestart_after_crash = on");

$node->safe_psql('postgres', 'CREATE DATABASE model');
$node->safe_psql('model', <<'SQL');
CREATE EXTENSION migrate;
CREATE ROLE builder;
GRANT ALL ON SCHEMA public TO builder;
CREATE SCHEMA elsewhere;
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE busy (id int, long text);
CREATE INDEX busy_old_idx ON busy (id);
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
SQL

# All cases run at once, each in its database, and die together.
sub crash_all
{
	my ($way, $die) = @_;
	my (@sessions, @runners);

	foreach my $i (0 .. $#cases)
	{
		my $case = $cases[$i];
		my $db = "${way}_$i";

		$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE model");
		register(
			$node, $db,
			[ 1, 'before', 'CREATE TABLE one (id int)' ],
			[ 2, 'stopped', $case->{up} ],
			[ 3, 'after', 'CREATE TABLE public.three (id int)' ]);
		my $blocker = session($node, $db);
		$blocker->query($case->{block});
		my $caller = session($node, $db);
		$caller->start('SELECT migrate.apply()');
		push @sessions, $blocker, $caller;
	}
	foreach my $i (0 .. $#cases)
	{
		push @runners, wait_for_runner($node, "${way}_$i", $cases[$i]->{in});
	}
	# a synchronous commit, so that all the commits before are on disk
	$node->safe_psql('postgres', "CREATE TABLE ${way}_flush (id int)");
	$die->(@runners);
	$_->quit foreach @sessions;
	return;
}

# The next run in each of the databases.
sub resume_all
{
	my ($way, $resolution) = @_;

	foreach my $i (0 .. $#cases)
	{
		my $case = $cases[$i];
		my $db = "${way}_$i";
		my $name = "$way, $case->{name}";

		is_sql($node, $db, $case->{left}, 'f', "$name: is left half done") if $case->{left};
		my $session = session($node, $db);
		my ($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
		like($messages, qr/^NOTICE:  00000: run 1 was interrupted\nDETAIL:  It was in migration "2 stopped"\.$/m,
			"$name: the next run says so");
		my $last = 'success';

		if ($case->{unknown})
		{
			like(
				$messages,
				qr/^ERROR:  55000: it is not known whether $case->{unknown} of migration "2 stopped" was completed$/m,
				"$name: is reported as unknown");
			like($messages, qr/^DETAIL:  Statement \d, line \d, was running when its process ended/m,
				"$name: with its place");
			like($messages, qr/^HINT:  .*migrate\.resolve\('2', 'applied'\); or .*migrate\.resolve\('2', 'rolled_back'\);$/m,
				"$name: and the way out");
			is(states($node, $db), '1 applied, 2 partial, 3 pending', "$name: is partial");
			($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
			like($messages, qr/^ERROR:  55000: it is not known/m, "$name: stays unknown");
			is_sql($node, $db, $case->{check}, $case->{result}, "$name: and nothing is run twice");
			is_sql($node, $db, "SELECT migrate.resolve('2', '$resolution', 'looked at')",
				$resolution eq 'applied' ? 'applied' : 'pending', "$name: resolve");
			$node->safe_psql($db, 'DROP TABLE two') if $resolution eq 'rolled_back';
			$node->safe_psql($db, 'DROP PROCEDURE IF EXISTS p') if $resolution eq 'rolled_back';
			($rows, $messages) = $session->query('SELECT version FROM migrate.apply()');
			is($rows, $resolution eq 'applied' ? '3' : "2\n3", "$name: the next run goes on");
			is_sql($node, $db, $case->{check}, $resolution eq 'applied' ? '1' : '1,2,3', "$name: the data");
		}
		else
		{
			is($rows, "2\n3", "$name: the next run does the rest");
			is_sql($node, $db, $case->{check}, $case->{result}, "$name: schema and data");
			is(outcomes($node, $db),
				"1 apply success\n2 apply interrupted\n2 apply success\n3 apply success",
				"$name: the history");
			is_sql($node, $db, 'SELECT state, ended_at IS NOT NULL FROM migrate.runs ORDER BY run',
				"interrupted|t\nsuccess|t", "$name: the runs");
		}
		unlike($messages, qr/^(ERROR|WARNING)/m, "$name: no error");
		is(states($node, $db), '1 applied, 2 applied, 3 applied', "$name: all is applied");
		is_sql($node, $db, 'SELECT count(*) FROM migrate.step', '0', "$name: the ledger is empty");
		is_clean($node, $db, $name);
		$session->quit;
	}
	return;
}

crash_all('kill', sub { crash($node, $_[0]) });
resume_all('kill', 'applied');
crash_all('stop', sub { $node->stop('immediate'); $node->start; });
resume_all('stop', 'rolled_back');

# The same for a rollback.
my $db = 'down';
$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE model");
register(
	$node, $db,
	[
		1, 'index', 'CREATE INDEX CONCURRENTLY busy_new_idx ON busy (id)',
		"CREATE TABLE undone (id int);\nDROP INDEX CONCURRENTLY busy_new_idx;\nINSERT INTO undone VALUES (1);"
	],
	[ 2, 'table', 'CREATE TABLE two (id int)', 'DROP TABLE two' ]);
$node->safe_psql($db, 'SELECT migrate.apply()');
my $blocker = session($node, $db);
$blocker->query('BEGIN; SELECT count(*) FROM busy');
my $caller = session($node, $db);
$caller->start('SELECT * FROM migrate.rollback(2)');
my $runner = wait_for_runner($node, $db, 'DROP INDEX');
$node->safe_psql('postgres', 'CREATE TABLE down_flush (id int)');
crash($node, $runner);
$_->quit foreach $blocker, $caller;
$caller = session($node, $db);
my ($rows, $messages) = $caller->query('SELECT version, state FROM migrate.apply()');
like($messages, qr/^ERROR:  55000: migration "1 index" is partially rolled back$/m, 'down: apply is refused');
is(states($node, $db), '1 partial, 2 pending', 'down: the states');
($rows, $messages) = $caller->query('SELECT version, state FROM migrate.rollback()');
is($rows, '1|pending', 'down: the next rollback does the rest');
is_sql($node, $db, "SELECT to_regclass('busy_new_idx') IS NULL, (SELECT count(*) FROM undone)", 't|1',
	'down: schema and data');
is(outcomes($node, $db, "action = 'rollback'"),
	"2 rollback success\n1 rollback interrupted\n1 rollback success", 'down: the history');
is(states($node, $db), '1 pending, 2 pending', 'down: all is pending');
is_clean($node, $db, 'down');
$caller->quit;

$node->stop;
done_testing();
