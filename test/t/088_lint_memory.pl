# lint() and plan() take little memory for each statement, however many there
# are, and keep no lock on any table of the users.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# its own memory is measured, not that of pages which all share
my $node = new_server('lint_memory', conf => <<'CONF');
shared_buffers = 1MB
log_min_messages = warning
log_statement = none
fsync = off
migrate.lint_small_table = '100 rows, 100kB'
CONF

# ---------------------------------------------------------------------------
# Memory

new_database($node, 'db');
$node->safe_psql('db', <<'SQL');
CREATE TABLE t (id bigint PRIMARY KEY, v text, w int);
INSERT INTO t SELECT i, repeat('x', 500), i FROM generate_series(1, 2000) i;
ANALYZE;
-- twenty statements, each of which has several findings; they leave the table as
-- they find it, so that there is no more to know of it at the end
CREATE FUNCTION fill(scripts int) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(migrate.register(lpad(n::text, 5, '0'), 'm',
		repeat(E'CREATE INDEX i ON t (w, id);\nUPDATE t SET w = 1;\nALTER TABLE t ALTER w SET NOT NULL;\n'
			'ALTER TABLE t ALTER w DROP NOT NULL;\nDROP INDEX i;\n', 4)))
	FROM generate_series(1, scripts) n
$$;
SQL

# The most memory that a session ever had, in bytes, and its rows.
sub peak
{
	my ($call) = @_;
	my $session = session($node, 'db');
	my $rows = $session->query("SELECT count(*) FROM migrate.$call");
	my ($kb) = slurp_file('/proc/' . $session->pid . '/status') =~ /^VmHWM:\s+(\d+) kB/m;

	$session->quit;
	return ($kb * 1024, $rows);
}

SKIP:
{
	skip 'needs /proc', 8 unless -r '/proc/self/status';

	my %limit = (lint => 1536, plan => 3072);
	my %before;

	foreach my $scripts (100, 1000, 2000)
	{
		my $statements = 20 * $scripts;

		$node->safe_psql('db', "SELECT fill($scripts)");
		foreach my $function (sort keys %limit)
		{
			my ($bytes, $rows) = peak("$function()");

			cmp_ok($rows, '>=', $statements, "$function of $statements statements");
			diag(sprintf('figure: %s of %d statements: %d rows, peak %.0f MB',
					$function, $statements, $rows, $bytes / 1024 / 1024));
			if ($before{$function} && $scripts > 1000)
			{
				my $each = ($bytes - $before{$function}) / ($statements / 2);

				cmp_ok($each, '<', $limit{$function},
					"$function: bytes for each statement with what is said about it");
			}
			$before{$function} = $bytes;
		}
	}
}

# ---------------------------------------------------------------------------
# Locks

# Whatever can be said about tables, in one set.
my $folder = "$FindBin::RealBin/../lockprobe";

$node->safe_psql('postgres', 'CREATE DATABASE lab');
$node->safe_psql('lab', "CREATE EXTENSION migrate;\n" . slurp_file("$folder/base.sql"));

my $session = session($node, 'lab');
my $version = 0;
my $scripts = '';

foreach my $line (split(/\n/, slurp_file("$folder/statements.txt")))
{
	next if $line =~ /^[#@]/ || $line eq '';
	$scripts .= sprintf("SELECT migrate.register('%d', 'probe', \$probe\$%s\$probe\$);\n", ++$version, $line);
}
$node->safe_psql('lab', $scripts);

# The locks of this session on what is not the catalog's or ours.
my $held = <<'SQL';
SELECT string_agg(DISTINCT relation::regclass || ' ' || mode, ', ')
	FROM pg_locks JOIN pg_class c ON c.oid = relation
	WHERE pid = pg_backend_pid() AND relnamespace <> ALL
	(SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'pg_toast', 'migrate'));
SQL

$session->query('BEGIN');
foreach my $call ('lint()', 'plan()', "lint_sql('ALTER TABLE t ALTER b TYPE varchar(3); DROP TABLE parent CASCADE')")
{
	my ($rows, $messages) = $session->query("SELECT count(*) FROM migrate.$call");

	is($messages, '', "$call says nothing");
	cmp_ok($rows, '>', $call =~ /sql/ ? 0 : 300, "$call has $rows rows");
	is(scalar $session->query($held), '', "$call: no lock is left");
}
# the query would find one
$session->query('LOCK TABLE t IN ACCESS SHARE MODE');
is(scalar $session->query($held), 't AccessShareLock', 'a lock is found');
$session->query('ROLLBACK');

# It waits for none that others hold, either.
my $other = session($node, 'lab');
$other->query('BEGIN; LOCK TABLE t, parent, child, pt IN ACCESS EXCLUSIVE MODE');
$session->query("SET lock_timeout = '10s'");
foreach my $call ('lint()', 'plan()')
{
	my ($rows, $messages) = $session->query("SELECT count(*) FROM migrate.$call");

	is($messages, '', "$call waits for nobody");
}
$_->quit foreach $session, $other;
$node->stop;
done_testing();
