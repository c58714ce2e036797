# The statements inside PL/pgSQL and SQL bodies are judged where they stand;
# nothing of a body runs for that, and nothing is left behind.

use strict;
use warnings FATAL => 'all';

use lib 'test/perl';
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('bodies', init => { allows_streaming => 1 });
my $index = 'require-concurrent-index-creation';

new_database($node, 'db');
$node->safe_psql('db', <<'SQL');
CREATE TABLE big AS SELECT g AS a FROM generate_series(1, 5000) g;
ANALYZE;
ALTER DATABASE db SET migrate.lint_small_table = '10 rows, 1kB';
CREATE TABLE touched (by text);
CREATE FUNCTION touch() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO touched VALUES (current_query());
	RETURN 1;
END $$;
SQL

sub quote { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# Where a rule finds something in a script: "line:column".
sub places
{
	my ($rule, $script, @settings) = @_;
	my $sql = join '', map { "SET $_;" } @settings;

	$sql .= "SELECT string_agg(line || ':' || col, ' ' ORDER BY line, col)"
	  . ' FROM migrate.lint_sql(' . quote($script) . ") WHERE rule = '$rule'";
	return $node->safe_psql('db', $sql);
}

# What cannot be judged, and why.
sub unseen
{
	my ($script) = @_;
	return $node->safe_psql('db', 'SELECT consequence FROM migrate.lint_sql(' . quote($script) . ") WHERE rule = 'do-block-unchecked' ORDER BY line, consequence");
}

#
# Every statement of PL/pgSQL that has others in it, or SQL: each CREATE INDEX
# is found, in its line.
#

my $everywhere = <<'SQL';
DO LANGUAGE plpgsql $body$
<<outer>>
DECLARE
	n int := touch();
	c CURSOR (x int) FOR SELECT a FROM big WHERE a = x;
	r record;
	v refcursor;
BEGIN
	CREATE INDEX ON big (a);
	IF touch() = 1 THEN CREATE INDEX ON big (a); ELSIF touch() = 2 THEN
		CREATE INDEX ON big (a);
	ELSE
		CREATE INDEX ON big (a);
	END IF;
	CASE touch() WHEN 1 THEN CREATE INDEX ON big (a);
	ELSE CREATE INDEX ON big (a); END CASE;
	CASE WHEN touch() = 1 THEN
		CREATE INDEX ON big (a);
	END CASE;
	LOOP CREATE INDEX ON big (a); EXIT WHEN touch() = 1; CONTINUE; END LOOP;
	WHILE touch() = 2 LOOP CREATE INDEX ON big (a); END LOOP;
	FOR i IN REVERSE touch() .. touch() BY touch() LOOP CREATE INDEX ON big (a); END LOOP;
	FOR r IN SELECT touch() LOOP CREATE INDEX ON big (a); END LOOP;
	FOR r IN c (touch()) LOOP CREATE INDEX ON big (a); END LOOP;
	FOR r IN EXECUTE 'SELECT ' || touch() USING touch() LOOP CREATE INDEX ON big (a); END LOOP;
	FOREACH n IN ARRAY ARRAY[touch()] LOOP CREATE INDEX ON big (a); END LOOP;
	BEGIN
		CREATE INDEX ON big (a);
	EXCEPTION
		WHEN undefined_table OR SQLSTATE '42P07' THEN CREATE INDEX ON big (a);
		WHEN OTHERS THEN
			CREATE INDEX ON big (a);
	END;
	-- what has no statement of its own, between two that have
	RAISE NOTICE 'x %', touch() USING HINT = touch();
	ASSERT touch() = 1, touch()::text;
	GET DIAGNOSTICS n = ROW_COUNT;
	OPEN c (touch()); FETCH c INTO r; MOVE FORWARD touch() FROM c; CLOSE c;
	OPEN v FOR SELECT touch(); OPEN v FOR EXECUTE 'SELECT ' || touch();
	SELECT touch() INTO n FROM big; PERFORM touch(); NULL;
	n := touch(); r.a := touch();
	COMMIT; ROLLBACK;
	EXECUTE 'CREATE INDEX ON big (a)' INTO n USING touch();
	EXECUTE $$
		CREATE INDEX ON big (a); CREATE INDEX ON big (a)$$;
	CREATE INDEX ON big (a); /* the same once more */ CREATE INDEX ON big (a);
	CREATE INDEX
		ON big (a);
	RETURN;
END outer $body$;
SQL
my @expected;
{
	my $number = 0;
	foreach my $line (split /\n/, $everywhere)
	{
		$number++;
		push @expected, $number foreach $line =~ /ON big \(a\)/g;
	}
}
is(places($index, $everywhere) =~ s/:\d+//gr =~ s/^(.*)$/join ' ', sort { $a <=> $b } split ' ', $1/er,
	"@expected", 'each statement is found in its line');
like(unseen($everywhere), qr/\A.*EXECUTE 'SELECT ' \|\| touch\(\)\n.*EXECUTE 'SELECT ' \|\| touch\(\)\z/,
	'what is put together when it runs is named');
is($node->safe_psql('db', 'SELECT count(*) FROM touched'), 0, 'nothing of it ran');

# The column, in characters, in the line of the file.
is(places($index, "SELECT 1;\nDO \$\$ BEGIN\n\t/* ä */ CREATE INDEX ON big (a); END \$\$;"),
	'3:26', 'in its column');
is(places($index, "DO '\nBEGIN PERFORM ''a''; CREATE INDEX ON big (a); END';"), '2:38',
	'also in quotes');
is(places($index, "DO \$\$ BEGIN\n EXECUTE 'CREATE INDEX '\n || 'ON big (a)'; EXECUTE E'CREATE INDEX \\x4f\\x4e big (a)'; END \$\$;"),
	'2:10 3:27', 'what is put together has the place of its expression');
is($node->safe_psql('db', 'SELECT rewrite FROM migrate.lint_sql(' . quote("DO \$\$ BEGIN\n EXECUTE 'CREATE INDEX '\n || 'ON big (a)'; END \$\$;") . ") WHERE rule = '$index'"),
	'CREATE INDEX CONCURRENTLY ON big (a);', 'and is what is rewritten');
is($node->safe_psql('db', 'SELECT rewrite FROM migrate.lint_sql(' . quote("DO 'BEGIN SELECT ''a''; CREATE INDEX ON big (a) WHERE x = ''y''; END';") . ") WHERE rule = '$index'"),
	"CREATE INDEX CONCURRENTLY ON big (a) WHERE x = 'y';", 'without its escapes');

#
# Functions and procedures: parameters, results, triggers; types that an
# earlier statement would have created
#

sub routine
{
	my ($head, $body, $tail) = @_;
	return "CREATE $head LANGUAGE plpgsql AS \$\$\n$body\$\$ " . ($tail // '') . ';';
}

my $create = 'CREATE INDEX ON big (a);';
foreach (
	[ 'FUNCTION f() RETURNS void', "BEGIN $create END" ],
	[ 'OR REPLACE FUNCTION public.f(a int, INOUT b text, VARIADIC c int[] DEFAULT touch_this()) RETURNS text', "#variable_conflict use_column\nBEGIN a := f.a; b := \$1; $create END" ],
	[ 'FUNCTION f(later, OUT o later, t absent.type%TYPE) RETURNS later', "BEGIN $create o := NULL; RETURN; END" ],
	[ 'FUNCTION f() RETURNS SETOF later', "BEGIN $create RETURN NEXT NULL; RETURN QUERY SELECT 1; END" ],
	[ 'FUNCTION f() RETURNS TABLE (a int, b later)', "BEGIN $create RETURN NEXT; END" ],
	[ 'FUNCTION f(anyelement) RETURNS anyarray', "BEGIN $create RETURN ARRAY[\$1]; END" ],
	[ 'FUNCTION f() RETURNS trigger', "BEGIN NEW.a := TG_OP; $create RETURN OLD; END" ],
	[ 'FUNCTION f() RETURNS event_trigger', "BEGIN IF tg_tag = '' THEN $create END IF; END" ],
	[ 'PROCEDURE p(INOUT a int)', "BEGIN $create COMMIT; END" ],
	[ 'FUNCTION count(a int) RETURNS int', "BEGIN $create RETURN count.a; END" ],
	[ 'FUNCTION migrate.lint_sql(a text, b text, c boolean) RETURNS int', "BEGIN $create RETURN 1; END" ])
{
	my ($head, $body) = @$_;
	my $line = $body =~ /^#/ ? 3 : 2;

	like(places($index, routine($head, $body)), qr/^$line:\d+$/, $head);
}
is($node->safe_psql('db', "SELECT count(*) FROM pg_proc WHERE proname IN ('f', 'p') OR proname = 'count' AND prosrc ~ 'INDEX'"), 0,
	'none of them is there');
is(places($index, "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS \$\$\n SELECT 1;\n\n $create \$\$;"), '4:18', 'LANGUAGE sql');

#
# What cannot be seen is said
#

foreach (
	[ "DO 'BEGIN oops END'", 'unexpected end of function definition at end of input' ],
	[ "DO 'DECLARE r absent%ROWTYPE; BEGIN END'", 'relation "absent" does not exist' ],
	[ "DO 'BEGIN UPDATE big SET; END'", 'syntax error at end of input' ],
	[ "DO LANGUAGE plpython3u 'pass'", 'it is in language plpython3u' ],
	[ routine('FUNCTION f() RETURNS int', 'BEGIN RETURN 1'), 'unexpected end of function definition at end of input|syntax error at end of input' ],
	[ routine('FUNCTION f() RETURNS int', 'DECLARE a absent; BEGIN END'), 'type "absent" does not exist' ],
	[ "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'oops'", 'syntax error at or near "oops"' ])
{
	my ($script, $why) = @$_;
	like(unseen($script), qr/: ($why)$/, $script =~ s/\n.*//sr . ": $why");
}
is(unseen("DO 'BEGIN UPDATE big SET a = 1; END'"), '', 'and nothing of what is seen');

#
# Settings, transactions, sessions
#

is(places($index, "DO 'BEGIN $create END'", "plpgsql.extra_warnings = 'all'", 'check_function_bodies = off'), '1:27', 'settings do not matter');
my $function = routine('FUNCTION f() RETURNS void', "BEGIN $create END");
foreach ("DO 'BEGIN $create END'", $function)
{
	my $count = 'SELECT count(*) FROM migrate.lint_sql(' . quote($_) . ") WHERE rule = '$index'";

	is($node->safe_psql('db', "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY; $count; COMMIT"), 1, 'in a read-only transaction');
	is($node->safe_psql('db', "DO \$x\$ BEGIN IF ($count) <> 1 THEN RAISE 'bad'; END IF; END \$x\$; SELECT 'good'"), 'good', 'within PL/pgSQL');
}
is($node->safe_psql('db', "BEGIN; SELECT count(*) > 0 FROM migrate.lint_sql('DO ''BEGIN $create END'''); SELECT txid_current_if_assigned() IS NULL; COMMIT"), "t\nt",
	'a DO block takes no transaction number');

# An event trigger would notice a function that is created.
$node->safe_psql('db', <<'SQL');
CREATE FUNCTION notice() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM touch(); END';
CREATE EVENT TRIGGER notice ON ddl_command_start EXECUTE FUNCTION notice();
SQL
places($index, $function);
is($node->safe_psql('db', 'DROP EVENT TRIGGER notice; SELECT count(*) FROM touched'), 0, 'no event trigger fires');

# The memory of a session does not grow with what it has looked at.
my $look = 'DO $x$ BEGIN FOR i IN 1 .. COUNT LOOP PERFORM migrate.lint_sql(' . quote($function) . '); END LOOP; END $x$;';
my $memory = 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts;';
my ($before, $after) = split /\n/, $node->safe_psql('db',
	($look =~ s/COUNT/100/r) . $memory . ($look =~ s/COUNT/300/r) . $memory);
cmp_ok($after - $before, '<', 100_000, 'memory after 300 more functions');

#
# A standby has no transaction numbers to give, which a function needs
#

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('bodies_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
is($standby->safe_psql('db', "SELECT line FROM migrate.lint_sql('DO \$\$ BEGIN\n$create END\$\$') WHERE rule = '$index'"), 2, 'a DO block on a standby');
like($standby->safe_psql('db', 'SELECT consequence FROM migrate.lint_sql(' . quote($function) . ") WHERE rule = 'do-block-unchecked'"),
	qr/a function in PL\/pgSQL cannot be compiled on a standby$/, 'a function on a standby');

$standby->stop;
$node->stop;
done_testing();
