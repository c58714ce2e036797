# What the world is told of each migration: a notification, a line in the
# server's log, an entry in pg_stat_activity.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# the level of a server as it is by default
my $node = new_server(
	'news', conf => <<'CONF');
log_min_messages = warning
log_statement = none
log_line_prefix = '%m [%p] %b '
deadlock_timeout = 100ms
CONF
my $at_gate = 'SELECT pg_advisory_xact_lock(1)';
my $cases = 0;
my ($db, $s, $listener, $gate, $logged);

sub begin_case
{
	my (@migrations) = @_;

	$db = 'news_' . ++$cases;
	new_database($node, $db);
	register($node, $db, @migrations);
	($s, $listener, $gate) = map { session($node, $db) } 1 .. 3;
	$listener->query('LISTEN migrate');
	$logged = -s $node->logfile;
	return;
}

# What the listener has heard since it was last asked, and from whom; psql shows
# what came with the end of a statement.
sub heard
{
	my ($out) = $listener->query('SELECT');

	return map { [ $1, $2 ] if /^Asynchronous notification "migrate" with payload "(.*)" received from server process with PID (\d+)\.$/s }
	  split /\n/, $out;
}

# The members of the payloads, a line each; all must be valid.  The time is left
# out, but it must be one.
sub news
{
	my @payloads = map { $_->[0] } heard();

	return join "\n", map {
		$node->safe_psql($db,
			"SELECT concat_ws('|', p->>'run', p->>'project', coalesce(p->>'version', 'null'), p->>'name', p->>'action',"
			  . " CASE WHEN (p->>'elapsed_ms')::numeric < 0 THEN 'bad time' END, CASE WHEN octet_length(p::text) > 7999 THEN 'too long' END)"
			  . " FROM (SELECT \$p\$$_\$p\$::jsonb AS p) x"
			  . " WHERE ARRAY(SELECT jsonb_object_keys(p) ORDER BY 1) = '{action,elapsed_ms,name,project,run,version}'")
	} @payloads;
}

# The lines of the log about migrations, with what is in front of the message.
sub log_lines
{
	return join "\n", map { s/^\S+ \S+ \S+ \[\d+\] //r =~ s/in \d+\.\d{3} ms/in N ms/r }
	  grep { /LOG:  (applied|rolled back) / } split /\n/, substr(slurp_file($node->logfile), $logged);
}

sub end_case
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is_clean($node, $db, $name);
	$_->quit foreach $s, $listener, $gate;
	return;
}

#
# Runs
#
my $name = 'a run';
begin_case(
	[ 1, 'one', 'CREATE TABLE one (id int)', 'DROP TABLE one' ],
	[ 2, 'two', "CREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY two_id ON two (id);\n$at_gate;", 'DROP TABLE two' ],
	[ 3, 'three', 'SELECT 1', 'SELECT 1' ],
	[ undef, 'a view', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one' ]);
$gate->query('SELECT pg_advisory_lock(1)');
$s->start('SELECT * FROM migrate.apply()');
my $runner = wait_for_runner($node, $db, 'pg_advisory_xact_lock');
my @heard = heard();
is(scalar @heard, 1, "$name: each migration is told when it commits, not before");
is($heard[0][1], $runner, "$name: by the runner");
like($heard[0][0], qr/^\{"run": 1, "project": "main", "version": "1", "name": "one", "action": "apply", "elapsed_ms": \d+\.\d{3}\}$/, "$name: the payload");
is(log_lines(), qq{migrate runner LOG:  applied migration "1 one" of project "main" in database "$db" in N ms (run 1)}, "$name: and logged");
is_sql($node, $db,
	"SELECT application_name, backend_type, query, state FROM pg_stat_activity WHERE pid = $runner",
	"migrate: 2 two|migrate runner|$at_gate|active", "$name: where it is");
$gate->query('SELECT pg_advisory_unlock(1)');
$s->finish;
is(news(), "1|main|2|two|apply\n1|main|3|three|apply\n1|main|null|a view|apply", "$name: the others follow, steps do not count");
is(log_lines(), join("\n", map { qq{migrate runner LOG:  applied migration "$_" of project "main" in database "$db" in N ms (run 1)} } '1 one', '2 two', '3 three', 'a view'),
	"$name: a line for each");
$s->query('SELECT * FROM migrate.rollback(2)');
is(news(), "2|main|3|three|rollback\n2|main|2|two|rollback", "$name: a rollback, newest first");
is(join("\n", (split /\n/, log_lines())[ 4, 5 ]),
	join("\n", map { qq{migrate runner LOG:  rolled back migration "$_" of project "main" in database "$db" in N ms (run 2)} } '3 three', '2 two'), "$name: and its lines");
$s->query('SELECT * FROM migrate.apply()');
news();
is($s->query('SELECT * FROM migrate.apply()'), '', "$name: nothing to do");
is(news(), '', "$name: nothing to tell");
$s->query("SELECT migrate.register('1', 'b', 'SELECT 1', project => 'b'); SELECT migrate.start(project => 'b')");
wait_until($node, $db, "SELECT count(*) = 4 AND bool_and(state = 'success') FROM migrate.runs");
is(news(), '4|b|1|b|apply', "$name: of another project, without a caller");
end_case($name);

#
# Failures
#
$name = 'a failure';
begin_case(
	[ 1, 'one', 'CREATE TABLE one (id int)' ],
	[ 2, 'two', "CREATE TABLE two (id int);\nVACUUM one;\nSELECT 1 / 0" ]);
$s->query('SELECT * FROM migrate.apply()');
is(news(), '1|main|1|one|apply', "$name: is not told, nor are its steps");
is(log_lines(), qq{migrate runner LOG:  applied migration "1 one" of project "main" in database "$db" in N ms (run 1)}, "$name: nor logged");
register($node, $db, [ 2, 'two', "CREATE TABLE two (id int);\nVACUUM one;\nSELECT 1 / 1" ]);
$s->query('SELECT * FROM migrate.apply()');
is(news(), '2|main|2|two|apply', "$name: its rest is");
$s->query("SELECT migrate.register('3', 'three', 'SELECT 1'); SELECT migrate.resolve('3', 'applied')");
is(news(), '', "$name: what was done by hand is not");
# a step that is tried again is told once
register($node, $db, [ 4, 'four', 'LOCK one' ]);
$gate->query('BEGIN; LOCK one');
$s->query("SET migrate.lock_timeout = '20ms'");
$s->start('SELECT * FROM migrate.apply()');
$s->wait_for(qr/retry 2 of 20/);
$gate->query('COMMIT');
$s->finish;
is(news(), '3|main|4|four|apply', "$name: a retry is told once");
end_case($name);

#
# In a transaction
#
$name = 'a transaction';
begin_case(map { [ $_, 'm', 'SELECT 1', 'SELECT 1' ] } 1 .. 3);
$s->query("BEGIN; SELECT migrate.apply('1')");
is(news(), '', "$name: tells nothing before its commit");
$s->query('ROLLBACK');
is(news(), '', "$name: nor after its rollback");
$s->query("BEGIN; SELECT migrate.apply('1'); SAVEPOINT s; SELECT migrate.apply('2'); ROLLBACK TO s; SELECT migrate.apply('3'); COMMIT");
my $session = $s->pid;
@heard = heard();
is(join(',', map { $_->[0] =~ /"version": "(\d)"/ } @heard), '1,2,3', "$name: then all that is left of it");
is(join(',', map { $_->[1] } @heard), join(',', ($session) x 3), "$name: by its session");
like(log_lines(), qr/^client backend LOG:  applied migration "3 m" of project "main" in database "$db" in N ms \(run \d+, not committed yet\)$/m, "$name: the log");
$s->query('BEGIN; SELECT migrate.rollback(); COMMIT');
like(news(), qr/^\d+\|main\|3\|m\|rollback$/, "$name: a rollback");
end_case($name);

#
# Names
#
# Long ones are cut, at a character, and the payload is JSON whatever they hold.
$name = 'names';
begin_case();
my @names = (
	q{quote " and \\ backslash, } . "tab\tand newline\n, \x01 and \x1f and \x7f",
	'x' x 5000,
	"\xc3\xa9" x 3000,
	'a' . "\xf0\x9f\x90\x98" x 2000,
	"\x01" x 3000,
	'"' x 3000,
	'%s %n {"run": 99} $1');
my $n = 0;
foreach my $hostile (@names)
{
	++$n;
	# the project is a part of a key, and shorter
	my $project = $n % 2 ? 'main' : substr($hostile, 0, 1001);

	$node->safe_psql($db, "SELECT migrate.register('$n', \$name\$$hostile\$name\$, 'SELECT 1', project => \$name\$$project\$name\$)");
	$node->safe_psql($db, "SELECT migrate.apply(project => \$name\$$project\$name\$)");
	@heard = heard();
	is(scalar @heard, 1, "$name: number $n is told");
	cmp_ok(length $heard[0][0], '<', 8000, "$name: number $n is short enough");
	my $whole = length $hostile < 400;
	is_sql($node, $db,
		"SELECT p->>'version', starts_with(m.name, p->>'name'), p->>'name' = m.name, octet_length(p->>'name') BETWEEN least(397, octet_length(m.name)) AND 400, starts_with(m.project, p->>'project')"
		  . " FROM (SELECT \$p\$$heard[0][0]\$p\$::json AS p) x, migrate.migration m WHERE m.version = '$n'",
		"$n|t|" . ($whole ? 't' : 'f') . '|t|t', "$name: number $n is JSON, with the name");
}
unlike(substr(slurp_file($node->logfile), $logged), qr/^(?!\d{4}-|\t).+$/m, "$name: none can forge a line of the log");
is(scalar(() = log_lines() =~ /^migrate runner LOG:  applied migration "/mg), scalar @names, "$name: each has its line");
end_case($name);

# In other encodings a character is cut as little.
$name = 'encodings';
foreach my $encoding ('LATIN1', 'EUC_JP', 'SQL_ASCII')
{
	$db = lc "news_$encoding";
	new_database($node, $db, "ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	($s, $listener, $gate) = map { session($node, $db) } 1 .. 3;
	$listener->query('LISTEN migrate');
	$node->safe_psql($db,
		$encoding eq 'EUC_JP' ? "SELECT migrate.register('1', 'a' || repeat(U&'\\3042', 1000), 'SELECT 1')" : "SELECT migrate.register('1', repeat(chr(233), 1000), 'SELECT 1')");
	$listener->query("SET client_encoding = '$encoding'");
	$s->query('SELECT migrate.apply()');
	@heard = heard();
	like($heard[0][0], qr/"name": "([\x80-\xff]{400}|a[\x80-\xff]{398})"/, "$name: $encoding");
	end_case("$name: $encoding");
}

$node->stop;
done_testing();
