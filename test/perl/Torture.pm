# What the crash harness runs, and how it knows what has happened: a mixed set
# of migrations in which each transactional step leaves a trace that nothing
# removes, the agreement of those traces with history and ledger, and ways to
# kill.

package Torture;

use strict;
use warnings;

use Exporter 'import';
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_witnessed_database start_application remaining plan_rollback
  disagreement fingerprint wait_for wait_for_restart start_again);

# Enough for an index build or an update to take some ten milliseconds.
my $rows = 20_000;

# A COPY with its data; ends as a file does.
sub copy_lines
{
	my ($first, $last) = @_;

	return "COPY lines (id, body) FROM stdin;\n"
	  . join('', map { "$_\tline $_ with\\ttab and \\\\ backslash\n" } $first .. $last)
	  . "\\.\n";
}

# The migrations.  A statement LOG stands for an INSERT into witness.log of its
# own migration, direction and number: a table without a key, so that a step
# that ran twice, or not at all, shows for ever.  Every down script brings back
# exactly what was there.
my @migrations = (
	{
		version => '1',
		name => 'one step',
		up => [
			'CREATE TABLE items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, label text, kind int)',
			'LOG',
			"INSERT INTO items (id, label, kind) SELECT i, md5(i::text), i % 7 FROM generate_series(1, $rows) i",
		],
		down => [ 'LOG', 'DROP TABLE items CASCADE' ],
	},
	{
		version => '2',
		name => 'mixed steps',
		up => [
			'ALTER TABLE items ADD COLUMN price numeric',
			'UPDATE items SET price = id % 100, n = n + 1 WHERE id <= 5000',
			'LOG',
			'CREATE INDEX CONCURRENTLY items_label_idx ON items (label)',
			'LOG',
			'UPDATE items SET n = n + 1 WHERE id % 10 = 0',
			'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS items_lower_key ON items (lower(label), id) INCLUDE (kind) WHERE kind > 2',
			'ALTER TABLE items ADD CONSTRAINT price_positive CHECK (price >= 0)',
			'LOG',
		],
		down => [
			'ALTER TABLE items DROP CONSTRAINT price_positive',
			'LOG',
			'DROP INDEX CONCURRENTLY items_lower_key',
			'UPDATE items SET n = n - 1 WHERE id % 10 = 0',
			'LOG',
			'DROP INDEX CONCURRENTLY IF EXISTS items_label_idx',
			'UPDATE items SET n = n - 1 WHERE id <= 5000',
			'ALTER TABLE items DROP COLUMN price',
			'LOG',
		],
	},
	{
		version => '3',
		name => 'only outside transactions',
		up => [
			'CREATE INDEX CONCURRENTLY ON items (n)',
			'REINDEX INDEX CONCURRENTLY items_label_idx',
			'REINDEX TABLE CONCURRENTLY items',
			'VACUUM (ANALYZE) items',
		],
		down => [ 'DROP INDEX CONCURRENTLY items_n_idx' ],
	},
	{
		version => '4',
		name => 'enum',
		up => [
			"CREATE TYPE mood AS ENUM ('sad', 'ok')",
			'CREATE TABLE moods (id int PRIMARY KEY, mood mood)',
			"INSERT INTO moods SELECT i, CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'ok' END::mood FROM generate_series(1, $rows / 2) i",
			'LOG',
		],
		down => [ 'DROP TABLE moods', 'DROP TYPE mood', 'LOG' ],
	},
	{
		# the step is split where the new value is used
		version => '5',
		name => 'enum value and its use',
		up => [
			'LOG',
			"ALTER TYPE mood ADD VALUE 'glad'",
			'LOG',
			"UPDATE moods SET mood = 'glad' WHERE id % 3 = 0",
			'LOG',
			'CREATE INDEX moods_mood_idx ON moods (mood)',
			'LOG',
		],
		down => [
			'DROP INDEX moods_mood_idx',
			'ALTER TABLE moods ALTER COLUMN mood TYPE text',
			'DROP TYPE mood',
			"CREATE TYPE mood AS ENUM ('sad', 'ok')",
			"UPDATE moods SET mood = CASE WHEN id % 2 = 0 THEN 'sad' ELSE 'ok' END WHERE mood = 'glad'",
			'ALTER TABLE moods ALTER COLUMN mood TYPE mood USING mood::mood',
			'LOG',
		],
	},
	{
		version => '6',
		name => 'partitions',
		up => [
			'CREATE TABLE parts (id int NOT NULL, n int) PARTITION BY RANGE (id)',
			"CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO ($rows / 2)",
			"CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ($rows / 2) TO ($rows + 1)",
			'CREATE INDEX parts_n_idx ON parts (n)',
			"INSERT INTO parts SELECT i, 0 FROM generate_series(1, $rows) i",
			'LOG',
		],
		down => [ 'LOG', 'DROP TABLE parts' ],
	},
	{
		version => '7',
		name => 'detach',
		up => [
			'UPDATE parts SET n = n + 1 WHERE id % 10 = 0',
			'LOG',
			'ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY',
			'UPDATE parts_1 SET n = n + 10 WHERE id % 20 = 0',
			'LOG',
			'REINDEX TABLE CONCURRENTLY parts',
			'REINDEX INDEX CONCURRENTLY parts_1_n_idx',
			'LOG',
		],
		down => [
			# DETACH has left it
			'ALTER TABLE parts_1 DROP CONSTRAINT IF EXISTS parts_1_id_check',
			'UPDATE parts_1 SET n = n - 10 WHERE id % 20 = 0',
			'LOG',
			"ALTER TABLE parts ATTACH PARTITION parts_1 FOR VALUES FROM (0) TO ($rows / 2)",
			'VACUUM parts_1',
			'UPDATE parts SET n = n - 1 WHERE id % 10 = 0',
			'LOG',
		],
	},
	{
		version => '8',
		name => 'inline copy',
		up => [
			'CREATE TABLE lines (id int, body text)',
			copy_lines(1, 5000),
			'LOG',
			'VACUUM (FREEZE, ANALYZE) lines',
			'LOG',
			copy_lines(5001, 6000),
			'CREATE INDEX CONCURRENTLY lines_id_idx ON lines (id)',
			copy_lines(6001, 6500),
			'LOG',
		],
		down => [ 'DROP INDEX CONCURRENTLY lines_id_idx', 'LOG', 'DROP TABLE lines' ],
	},
	{
		version => '9',
		name => 'settings',
		up => [
			'SET search_path = app, pg_catalog',
			"SET work_mem = '5MB'",
			'SET ROLE builder',
			"CREATE TABLE one AS SELECT i AS id FROM generate_series(1, $rows) i",
			'LOG',
			'CREATE INDEX CONCURRENTLY one_idx ON one (id)',
			"CREATE TABLE two AS SELECT current_user::text AS who, current_setting('work_mem') AS memory, current_setting('search_path') AS path",
			'LOG',
			"SET work_mem = '6MB'",
			'VACUUM one',
			"INSERT INTO two SELECT current_user, current_setting('work_mem'), current_setting('search_path')",
			'RESET ROLE',
			"SELECT pg_catalog.set_config('search_path', '', false)",
			'REINDEX SCHEMA CONCURRENTLY app',
			"INSERT INTO app.two SELECT current_user, current_setting('work_mem'), current_setting('search_path')",
			'LOG',
		],
		down => [
			'SET search_path = app',
			'DROP INDEX CONCURRENTLY one_idx',
			'DROP TABLE one',
			'LOG',
			'VACUUM two',
			'DROP TABLE two',
			'LOG',
		],
	},
	{
		version => '10',
		name => 'blocks',
		up => [
			'BEGIN',
			'UPDATE items SET n = n + 100 WHERE id <= 1000',
			'LOG',
			'COMMIT',
			'BEGIN ISOLATION LEVEL SERIALIZABLE',
			'UPDATE items SET n = n + 1000 WHERE id % 50 = 1',
			'LOG',
			'COMMIT',
			'UPDATE items SET n = n + 10000 WHERE id % 50 = 2',
			'LOG',
		],
		down => [
			'BEGIN',
			'UPDATE items SET n = n - 10000 WHERE id % 50 = 2',
			'LOG',
			'COMMIT',
			'UPDATE items SET n = n - 1000 WHERE id % 50 = 1',
			'LOG',
			'BEGIN',
			'UPDATE items SET n = n - 100 WHERE id <= 1000',
			'LOG',
			'COMMIT',
		],
	},
	{
		version => '11',
		name => 'every statement on its own',
		no_transaction => 1,
		up => [
			'CREATE TABLE counters (id int, n int)',
			'LOG',
			"INSERT INTO counters SELECT i, 0 FROM generate_series(1, $rows / 10) i",
			'UPDATE counters SET n = n + 1',
			'LOG',
			'UPDATE counters SET n = n + 1',
			'CREATE INDEX CONCURRENTLY counters_id_idx ON counters (id)',
			'UPDATE counters SET n = n + 1',
			'LOG',
		],
		down => [ 'LOG', 'DROP INDEX CONCURRENTLY counters_id_idx', 'LOG', 'DROP TABLE counters', 'LOG' ],
	},
	{
		# the enum migration again, between steps of other kinds
		version => '12',
		name => 'enum among others',
		up => [
			'VACUUM moods',
			"ALTER TYPE mood ADD VALUE 'mad' BEFORE 'ok'",
			"INSERT INTO moods SELECT -i, 'mad' FROM generate_series(1, 100) i",
			'LOG',
			'CREATE INDEX CONCURRENTLY moods_mad_idx ON moods (id) WHERE mood = \'mad\'',
			'DROP INDEX CONCURRENTLY moods_mood_idx',
			'LOG',
		],
		down => [
			'DROP INDEX CONCURRENTLY moods_mad_idx',
			'DELETE FROM moods WHERE mood = \'mad\'',
			'LOG',
			'ALTER TABLE moods ALTER COLUMN mood TYPE text',
			'DROP TYPE mood',
			"CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad')",
			'ALTER TABLE moods ALTER COLUMN mood TYPE mood USING mood::mood',
			'LOG',
			'CREATE INDEX CONCURRENTLY moods_mood_idx ON moods (mood)',
		],
	},
	{
		version => '13',
		name => 'trigger and materialized view',
		up => [
			'CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.n := NEW.n + 1; RETURN NEW; END $f$',
			'CREATE TRIGGER touch BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch()',
			'LOG',
			'CREATE MATERIALIZED VIEW totals AS SELECT kind, sum(n) AS n FROM items GROUP BY kind',
			'CREATE UNIQUE INDEX CONCURRENTLY totals_key ON totals (kind)',
			'UPDATE items SET kind = kind WHERE id % 20 = 0',
			'REFRESH MATERIALIZED VIEW CONCURRENTLY totals',
			'LOG',
		],
		down => [
			'DROP MATERIALIZED VIEW totals',
			'DROP TRIGGER touch ON items',
			'LOG',
			'VACUUM items',
			'UPDATE items SET n = n - 1 WHERE id % 20 = 0',
			'DROP FUNCTION touch()',
			'LOG',
		],
	},
	{
		name => 'a view',
		up => [ 'CREATE OR REPLACE VIEW cheap AS SELECT id, label FROM items', 'LOG' ],
	},
	{
		name => 'steps',
		up => [
			'CREATE OR REPLACE FUNCTION answer() RETURNS int LANGUAGE sql RETURN 42',
			'LOG',
			'REINDEX INDEX CONCURRENTLY items_label_idx',
			"COMMENT ON FUNCTION answer() IS 'the answer'",
			'LOG',
		],
	});

# Indexes that their migrations or their rollbacks remove: a cancelled DROP
# INDEX CONCURRENTLY may leave one half removed until the next run goes on.
my $removed = join ', ', map { "'$_'" }
  map { /^DROP INDEX CONCURRENTLY (?:IF EXISTS )?(\w+)/ ? $1 : () }
  map { (@{ $_->{up} }, @{ $_->{down} // [] }) } @migrations;

sub label { return $_[0]->{version} // $_[0]->{name}; }

# A script's text; adds the numbers of its LOG statements to @$logged.
sub script
{
	my ($migration, $direction, $logged) = @_;
	my $text = '';
	my $n = 0;

	foreach my $statement (@{ $migration->{$direction} })
	{
		my $sql = $statement;

		$n++;
		if ($sql eq 'LOG')
		{
			$sql = sprintf("INSERT INTO witness.log VALUES ('%s', '%s', %d)", label($migration), $direction, $n);
			push @$logged, $n;
		}
		$text .= $sql =~ /\\\.\n\z/ ? $sql : "$sql;\n";
	}
	return $text;
}

# A database with the extension, the migrations and their witnesses.
sub new_witnessed_database
{
	my ($node, $database) = @_;
	my $sql = <<'SQL';
CREATE SCHEMA app;
GRANT ALL ON SCHEMA app TO builder;
CREATE SCHEMA witness;
GRANT USAGE ON SCHEMA witness TO builder;
CREATE TABLE witness.log (label text, direction text, statement int);
GRANT INSERT ON witness.log TO builder;
CREATE TABLE witness.expected (label text, direction text, statement int);
-- a unit is what happened between two moments without a run
CREATE TABLE witness.unit (unit int, run bigint, state text, kinds text);
-- An application: short transactions, which every statement that runs
-- CONCURRENTLY has to wait for.  It never waits itself while it holds something.
CREATE PROCEDURE witness.application() LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    LOOP
        FOREACH name IN ARRAY '{items,parts,parts_1,moods,lines,counters,app.one,app.two}'::text[] LOOP
            BEGIN
                IF random() < 0.7 AND to_regclass(name) IS NOT NULL THEN
                    EXECUTE format('LOCK TABLE %s IN %s MODE NOWAIT', name,
                                   CASE WHEN random() < 0.5 THEN 'ACCESS SHARE' ELSE 'ROW EXCLUSIVE' END);
                END IF;
            EXCEPTION WHEN undefined_table OR lock_not_available THEN
                NULL;
            END;
        END LOOP;
        PERFORM pg_sleep(0.03);
        COMMIT;
    END LOOP;
END $$;
SQL

	new_database($node, $database);
	foreach my $m (@migrations)
	{
		my %script;

		foreach my $direction (grep { $m->{$_} } qw(up down))
		{
			my @logged;

			$script{$direction} = "\$mig\$" . script($m, $direction, \@logged) . "\$mig\$";
			$sql .= sprintf("INSERT INTO witness.expected VALUES ('%s', '%s', %d);\n", label($m), $direction, $_)
			  foreach @logged;
		}
		$sql .= sprintf("SELECT migrate.register(%s, '%s', %s, %s, no_transaction => %s);\n",
			defined $m->{version} ? "'$m->{version}'" : 'NULL',
			$m->{name}, $script{up}, $script{down} // 'NULL', $m->{no_transaction} ? 'true' : 'false');
	}
	$node->safe_psql($database, $sql);
	return;
}

# The version that a rollback to a random place leaves, and the call, such that
# a second one finds nothing to do.
sub plan_rollback
{
	my @versions = map { $_->{version} } grep { defined $_->{version} } @migrations;
	my $keep = int(rand(scalar @versions));

	return ('0', 'migrate.rollback(1000)') if $keep == 0;
	return ($versions[ $keep - 1 ], "migrate.rollback('$versions[$keep - 1]')");
}

# Starts the application of that database, until the server ends it.
sub start_application
{
	my ($node, $database) = @_;

	return session($node, $database)->start('CALL witness.application()');
}

# How many seconds of work are left, by how long each migration took in the
# undisturbed database; 0 if nothing is.
sub remaining
{
	my ($node, $database, $took, $target) = @_;
	my $rows = defined $target ?
	  "SELECT version FROM migrate.status() WHERE kind = 'versioned'"
	  . " AND (state = 'applied' OR state = 'partial') AND version::int > $target" :
	  "SELECT coalesce(version, name) FROM migrate.status() WHERE state <> 'applied'";
	my $seconds = 0;

	$seconds += $took->{ defined $target ? 'rollback' : 'apply' }{$_}
	  foreach split /\n/, $node->safe_psql($database, $rows);
	return $seconds;
}

# Where the traces of the steps, history, ledger, states and runs contradict
# each other; empty if nowhere.  Needs a moment without a run; $leftovers says
# that the last one may have been kept from cleaning up.
sub disagreement
{
	my ($node, $database, $leftovers) = @_;
	my $sql = <<'SQL';
-- every step that is recorded has run once for each record, no other has run
WITH happened AS (
    SELECT label, direction, statement, count(*) AS n FROM witness.log GROUP BY 1, 2, 3
), recorded AS (
    SELECT e.*,
           (SELECT count(*) FROM migrate.history h
             WHERE coalesce(h.version, h.name) = e.label AND h.outcome = 'success'
               AND h.action = CASE e.direction WHEN 'up' THEN 'apply' ELSE 'rollback' END)
           + (SELECT count(*) FROM migrate.step s JOIN migrate.migration m ON m.id = s.migration
               WHERE coalesce(m.version, m.name) = e.label AND s.direction = e.direction
                 AND s.state = 'done' AND e.statement BETWEEN s.first_statement AND s.last_statement) AS n
    FROM witness.expected e
)
SELECT format('%s %s, statement %s: ran %s times, recorded %s times', label, direction, statement,
              coalesce(h.n, 0), coalesce(r.n, 0))
  FROM recorded r FULL JOIN happened h USING (label, direction, statement)
 WHERE coalesce(h.n, 0) <> coalesce(r.n, 0);
-- state and history
SELECT format('%s: state %s %s, %s times up', m.version, s.state, s.direction, h.n)
  FROM migrate.migration m LEFT JOIN migrate.state s ON s.migration = m.id,
       LATERAL (SELECT count(*) FILTER (WHERE action = 'apply') - count(*) FILTER (WHERE action = 'rollback') AS n
                  FROM migrate.history WHERE version = m.version AND outcome = 'success') h
 WHERE m.kind = 'versioned'
   AND h.n <> CASE WHEN s.state = 'applied' OR (s.state = 'partial' AND s.direction = 'down') THEN 1 ELSE 0 END;
-- the ledger is empty unless a migration is under way
SELECT format('%s: ledger of a migration that is %s', m.version, coalesce(s.state, 'pending'))
  FROM migrate.step l JOIN migrate.migration m ON m.id = l.migration LEFT JOIN migrate.state s ON s.migration = m.id
 WHERE coalesce(s.state, 'pending') <> 'partial'
   AND NOT EXISTS (SELECT FROM migrate.run WHERE state = 'running' AND current = m.id);
-- runs and history
SELECT format('run %s %s: %s', run, state, e.outcomes)
  FROM migrate.run r, LATERAL (SELECT coalesce(array_agg(outcome) FILTER (WHERE outcome <> 'success'), '{}') AS outcomes
                                 FROM migrate.history h WHERE h.run = r.run) e
 WHERE CASE state WHEN 'success' THEN outcomes <> '{}'
                  WHEN 'running' THEN outcomes <> '{}'
                  -- between its last migration and its end, a run is in none
                  WHEN 'interrupted' THEN outcomes NOT IN ('{interrupted}', '{}')
                  ELSE outcomes <> ARRAY[state] END;
SELECT format('event %s has run %s', id, run) FROM migrate.history
 WHERE run IS NULL OR run NOT IN (SELECT run FROM migrate.run);
SELECT format('%s runs are running', count(*)) FROM migrate.run WHERE state = 'running' HAVING count(*) > 1;
-- nothing is left in memory, and nobody takes a run for one that is alive
SELECT 'progress ' || p::text FROM migrate.progress p;
SELECT 'running ' || s::text FROM migrate.status() s WHERE state = 'running';
SELECT 'runner ' || pid FROM pg_stat_activity WHERE backend_type = 'migrate runner';
SELECT 'lock ' || l::text FROM pg_locks l WHERE classid = 'pg_extension'::regclass;
SQL

	$sql .= <<"SQL" if !$leftovers;
-- a run that recorded its end has removed what its statement left
SELECT format('step of migration %s is started, run %s %s', s.migration, run, r.state)
  FROM migrate.step s JOIN migrate.run r USING (run)
 WHERE s.state = 'started' AND r.state NOT IN ('running', 'interrupted')
   AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending);
SELECT 'invalid index ' || indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indexrelid
 WHERE NOT (indisvalid AND indisready AND indislive) AND relname NOT IN ($removed)
   AND NOT EXISTS (SELECT FROM migrate.step WHERE state = 'started');
SQL
	return $node->safe_psql($database, $sql);
}

# The schema and the data of a database, as text to be compared.
sub fingerprint
{
	my ($node, $database) = @_;
	my ($dump, $err);

	IPC::Run::run(
		[
			'pg_dump', '--schema-only', '-N', 'migrate', '-N', 'witness', '-d', $node->connstr($database)
		],
		'>', \$dump, '2>', \$err)
	  or die "pg_dump: $err";
	# a new key in each dump, in newer versions
	$dump =~ s/^\\(un)?restrict .*\n//mg;
	return $dump . $node->safe_psql($database, <<'SQL');
SELECT table_schema, table_name,
       xpath('//d/text()', query_to_xml(format('SELECT count(*) || '' '' || md5(string_agg(t::text, E''\n'' ORDER BY t::text)) AS d FROM %I.%I t',
                                               table_schema, table_name), false, true, ''))
  FROM (SELECT schemaname AS table_schema, tablename AS table_name FROM pg_tables
        UNION ALL SELECT schemaname, viewname FROM pg_views
        UNION ALL SELECT schemaname, matviewname FROM pg_matviews) t
 WHERE table_schema IN ('public', 'app') ORDER BY 1, 2;
SELECT 'invalid', indexrelid::regclass FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive);
SQL
}

# Is there such a process, other than one that only waits to be reaped?  Under
# a process 1 that reaps nothing, orphans stay as that.
sub alive
{
	my ($pid) = @_;

	return 0 if !kill(0, $pid);
	open(my $stat, '<', "/proc/$pid/stat") or return -d '/proc/self' ? 0 : 1;
	my $line = <$stat> // '';
	close $stat;
	return $line !~ /^\d+ \(.*\) [ZX]/s;
}

# Waits until that is true.
sub wait_for
{
	my ($what, $done) = @_;

	foreach my $try (1 .. 100 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $done->();
		select(undef, undef, undef, 0.01);
	}
	die "timed out waiting for $what";
}

# Has the server ended all its processes because of this one?  Then waits until
# it has started again.  Not so if the process had ended by itself before the
# signal.
sub wait_for_restart
{
	my ($node, $pid, $offset) = @_;

	# gone when the postmaster has reaped it; that is in the log before the
	# postmaster answers the next client
	wait_for("the end of $pid", sub { !kill 0, $pid });
	$node->psql('postgres', 'SELECT 1');
	return 0 if slurp_file($node->logfile, $offset) !~ /\(PID $pid\) was terminated by signal 9/;
	wait_for('the restart', sub {
		slurp_file($node->logfile, $offset) =~ /database system is ready to accept connections/;
	});
	return 1;
}

# Starts a server whose postmaster was killed.  Its processes may still be at
# work: they notice when they wait for something.
sub start_again
{
	my ($node, $postmaster, @orphans) = @_;
	my $since = time;

	wait_for("the end of @orphans", sub { !grep { alive($_) } @orphans });
	# the new one looks whether there is such a process, even one that nobody
	# has reaped yet
	wait_for("the end of $postmaster", sub { !kill(0, $postmaster) || time - $since > 10 });
	unlink($node->data_dir . '/postmaster.pid') if kill(0, $postmaster);
	# a runner that had just been started was not among the orphans
	wait_for('the start', sub { $node->start(fail_ok => 1) });
	return;
}

1;
