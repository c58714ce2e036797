# lint() against scripts and databases that mean no good: nothing of theirs is
# run, nothing ends the session or cannot be cancelled, a standby can be asked.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_server('review', init => { allows_streaming => 1 });
my $db = 'd';
my $name;

new_database($node, $db);
# no rollback takes back what a sequence has handed out
$node->safe_psql($db, <<'SQL');
CREATE SEQUENCE witness;
CREATE FUNCTION tell(v int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('public.witness'); RETURN true; END$$;
CREATE FUNCTION tell(a int, b int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('public.witness'); RETURN true; END$$;
CREATE DOMAIN told AS int CHECK (tell(VALUE));
CREATE DOMAIN moved AS int CHECK (nextval('public.witness') > 0);
CREATE TYPE told_row AS (a told);
CREATE TABLE t (a int, c told_row);
INSERT INTO t SELECT i % 10 FROM generate_series(1, 30000) i;
ANALYZE t;
CREATE FUNCTION takes(told_row) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA m;
CREATE FUNCTION m.lower(v text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('public.witness'); RETURN v; END$$;
CREATE OPERATOR m.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = tell, RESTRICT = eqsel);
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE FUNCTION to_mood(int) RETURNS mood IMMUTABLE LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('public.witness'); RETURN 'a'; END$$;
CREATE CAST (int AS mood) WITH FUNCTION to_mood AS ASSIGNMENT;
CREATE TABLE moods (m mood) PARTITION BY LIST (m);
CREATE TABLE moods_a (m mood);
CREATE TABLE tolds (e told) PARTITION BY LIST (e);
CREATE TABLE tolds_a (e told);
INSERT INTO moods_a VALUES ('b');
CREATE TABLE guarded (a int);
INSERT INTO guarded SELECT i FROM generate_series(1, 30000) i;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded USING (m.lower('x') = 'x');
CREATE UNLOGGED TABLE unlogged (a int);
INSERT INTO unlogged VALUES (1);
CREATE ROLE reader;
GRANT SELECT ON guarded, t TO reader;
GRANT USAGE ON SCHEMA m TO reader;
GRANT USAGE ON SEQUENCE witness TO reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrate TO reader;
SQL

# The rules that have a finding in a script.
sub rules_of
{
	my ($script, %options) = @_;
	my $session = session($options{node} // $node, $db);
	my ($out, $error);

	$session->query("SET ROLE $options{role}") if $options{role};
	($out, $error) =
	  $session->query("SELECT string_agg(DISTINCT rule, ' ') FROM migrate.lint_sql(\$script\$$script\$script\$)");
	$session->quit;
	return $error || $out;
}

#
# What is the user's does not run
#
foreach my $case (
	[ 'an array of a domain', q{ALTER TABLE t ADD COLUMN x told[] DEFAULT '{1}'} ],
	[ 'a cast to it', q{ALTER TABLE t ADD COLUMN x told[] DEFAULT '{1}'::told[]} ],
	[ 'an expression of it', q{ALTER TABLE t ADD COLUMN x int DEFAULT cardinality('{1}'::told[])} ],
	[ 'a row of a domain', q{ALTER TABLE t ADD COLUMN x told_row DEFAULT '(1)'} ],
	[ 'the argument of a function', q{ALTER TABLE t ADD COLUMN x int DEFAULT takes('(1)')} ],
	[ 'USING', q{ALTER TABLE t ALTER a TYPE int USING takes('(1)')} ],
	[ 'a domain that calls a function of the server', q{ALTER TABLE t ADD COLUMN x moved[] DEFAULT ARRAY['{1}'::moved[]]} ],
	[ 'the bound of a partition, cast', 'ALTER TABLE moods ATTACH PARTITION moods_a FOR VALUES IN (1)' ],
	[ 'the bound of a partition, of a domain', 'ALTER TABLE tolds ATTACH PARTITION tolds_a FOR VALUES IN (1)' ],
	[ 'a function called as one of the server', q{INSERT INTO t SELECT * FROM t WHERE m.lower('x') = 'x'} ],
	[ 'an operator', 'INSERT INTO t SELECT * FROM t WHERE 1 OPERATOR(m.===) 2' ],
	[ 'an operator and what statistics know', 'INSERT INTO t SELECT * FROM t WHERE a OPERATOR(m.===) 2' ],
	[ 'a literal of a query', q{DELETE FROM t WHERE takes('(1)') = a} ],
	[ 'a policy', 'INSERT INTO t SELECT a FROM guarded', role => 'reader' ])
{
	my ($what, $script, %options) = @$case;

	$node->safe_psql($db, "SELECT setval('witness', 1, false)");
	unlike(rules_of($script, %options), qr/ERROR/, "$what: judged");
	is_sql($node, $db, 'SELECT is_called FROM witness', 'f', "$what: does not run");
}
is(rules_of("ALTER TABLE t ADD COLUMN x told[] DEFAULT '{}'"), 'require-lock-timeout',
	'a literal is no volatile default, whatever its type');
like(rules_of('ALTER TABLE t ADD COLUMN x float DEFAULT random()'), qr/adding-field-with-default/, 'a volatile one still is');
like(rules_of('INSERT INTO t SELECT * FROM t WHERE lower(a::text) <> $$x$$'), qr/unbatched-backfill/,
	'a query that calls nothing of the user is planned');

#
# Scripts that are made to hurt
#
$name = 'a constant of very many parts';
is(rules_of("DO \$x\$ BEGIN EXECUTE " . "'a'||" x 20000 . "'b'; END \$x\$"), 'do-block-unchecked', "$name: judged");
is_sql($node, $db, q{SELECT count(*) FROM migrate.lint_sql('DO $x$ BEGIN EXECUTE ''DROP TABLE ''||''t''||'' CASCADE''; END $x$') WHERE rule = 'ban-drop-table'},
	1, "$name: in their order");

$name = 'backslashes in a body in quotes';
is_sql($node, $db, <<'SQL', 'ban-drop-table|1|t', "$name: where its statements stand");
SELECT rule, line, col = strpos(text, 'DROP') FROM
	(SELECT 'CREATE FUNCTION f() RETURNS void LANGUAGE sql AS ''SELECT ''''' || repeat('\', 90000) || '''''; DROP TABLE t''') s(text), migrate.lint_sql(text)
	WHERE rule = 'ban-drop-table'
SQL

$name = 'a family of very many generations';
my $script = 'CREATE TABLE t0 (a int);' . join('', map { "CREATE TABLE t$_ () INHERITS (t@{[$_ - 1]});" } 1 .. 20000) .
  'ALTER TABLE t0 ADD COLUMN x int DEFAULT random();';
my $session = session($node, $db);
$session->query("SET statement_timeout = '1s'");
my (undef, $error) = $session->query("SELECT count(*) FROM migrate.lint_sql('$script')");
like($error, qr/57014|54001/, "$name: can be cancelled");
$session->quit;

# what the grammar accepts and nobody would write
foreach my $statement (
	'ALTER FUNCTION to_mood(int) RESET ALL',
	'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader',
	'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO reader',
	'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM reader',
	'DROP OWNED BY PUBLIC',
	'ALTER TABLE t OWNER TO PUBLIC',
	'VACUUM (FULL maybe, ANALYZE maybe) t',
	'REINDEX (CONCURRENTLY maybe) TABLE t',
	'EXPLAIN (ANALYZE maybe) DELETE FROM t',
	"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = maybe)",
	'ALTER SEQUENCE witness RESTART WITH 99999999999999999999',
	'CREATE SCHEMA AUTHORIZATION CURRENT_USER')
{
	unlike(rules_of($statement), qr/ERROR|server closed/, "$statement: judged");
	$node->safe_psql($db, "SELECT migrate.register('1', 'one', \$x\$$statement\$x\$)");
	unlike(($session->query('SELECT text FROM migrate.plan()'))[1], qr/ERROR/, "$statement: planned");
	unlike(rules_of("DO \$x\$ BEGIN $statement; END \$x\$"), qr/ERROR|server closed/, "$statement: judged in a body");
}

#
# A standby
#
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
like(rules_of('ALTER TABLE t ADD COLUMN x float DEFAULT random()', node => $standby),
	qr/adding-field-with-default/, 'lint_sql() on a standby');
like(rules_of('ALTER TABLE unlogged ADD COLUMN x float DEFAULT random()', node => $standby),
	qr/require-lock-timeout/, 'a table that has no file on a standby');
register($node, $db, [ 1, 'one', "UPDATE unlogged SET a = 2;\nDO 'BEGIN PERFORM 1; END'" ]);
$node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
is_sql($standby, $db, 'SELECT count(*) FROM migrate.plan()', 2, 'plan() on a standby');

done_testing();
