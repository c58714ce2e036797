# adopt(): the history of each tool, as its own DDL makes it, with the awkward
# rows; what hostile tables, other sessions and crashes can do to it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_server('adopt', conf => "timezone = 'UTC'\nrestart_after_crash = on\n");

$node->safe_psql('postgres', 'CREATE DATABASE template_adopt');
$node->safe_psql('template_adopt', 'CREATE EXTENSION migrate');

sub database
{
	my ($name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template_adopt");
	return;
}

# The order of versions by value, as the readers store it.
sub by_value
{
	my ($version) = @_;

	$version =~ s/0*(\d*)/length $1 || $& ne '' ? sprintf('%04d%s', length $1, $1) : ''/ge;
	return $version;
}

# Stores migrations as the reader of a layout does:
# [identity, version, name, sort key, { more columns }].
sub store
{
	my ($database, $layout, @migrations) = @_;
	my $sql = '';

	foreach my $m (@migrations)
	{
		my ($identity, $version, $name, $key, $more) = @$m;
		my %columns = (
			project => 'main', kind => defined $version ? 'versioned' : 'repeatable',
			sort_key => $key, version => $version, name => $name, layout => $layout,
			identity => $identity, up_line => 1, up_no_transaction => 'f', down_line => 1,
			down_no_transaction => 'f', stored_by => 'test', checksums => '{}',
			path => "db/$name.sql", up => "SELECT '$name'", %{ $more // {} });
		my $up = quote(delete $columns{up});
		my @names = sort keys %columns;

		$sql .= "INSERT INTO migrate.script SELECT encode(sha256(convert_to($up, 'UTF8')), 'hex'), $up ON CONFLICT DO NOTHING;\n";
		$sql .= 'INSERT INTO migrate.migration (up, ' . join(', ', @names) . ") VALUES (encode(sha256(convert_to($up, 'UTF8')), 'hex'), "
		  . join(', ', map { quote($columns{$_}) } @names) . ");\n";
	}
	$node->safe_psql($database, $sql);
	return;
}

sub quote
{
	my ($value) = @_;

	return 'NULL' unless defined $value;
	return q{'} . ($value =~ s/'/''/gr) . q{'};
}

# The rows of adopt(), and its messages.
sub adopt
{
	my ($database, $arguments, $before) = @_;
	my ($out, $err);

	$node->psql($database,
		($before // '') . "SELECT coalesce(version, name), result, to_char(applied_at, 'YYYY-MM-DD HH24:MI:SS'), applied_by, note"
		  . ' FROM migrate.adopt(' . ($arguments // '') . ')',
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	note("adopt: $out\n$err");
	return wantarray ? ($out, $err) : $out;
}

# Adopting fails so, and leaves nothing.
sub fails
{
	my ($database, $arguments, $pattern, $name, $before) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my (undef, $err) = adopt($database, $arguments, $before);

	like($err, $pattern, $name);
	is_sql($node, $database, 'SELECT (SELECT count(*) FROM migrate.state), (SELECT count(*) FROM migrate.event)',
		'0|0', "$name: nothing is adopted");
	return;
}

# One tool: what is stored, its tables, and the rows that are expected.  A dry
# run says the same and changes nothing; a second call finds all done.
sub tool
{
	my ($tool, %test) = @_;
	my $database = 'tool_' . ($test{database} // $tool =~ s/\W/_/gr);
	my $everything = 'SELECT md5(string_agg(t::text, E\'\n\' ORDER BY t::text)) FROM (SELECT s::text FROM migrate.state s'
	  . ' UNION ALL SELECT e::text FROM migrate.event e UNION ALL SELECT d::text FROM pg_description d) t';
	my ($before, $rows, $again, $messages);
	my $pending = qr/^[^|]*\|(pending|missing|failed|partial)\|/;

	database($database);
	store($database, $test{layout} // $tool, @{ $test{stored} });
	$node->safe_psql($database, $test{tables});
	$before = $node->safe_psql($database, $everything);
	is(scalar adopt($database, 'dry_run => true'), $test{rows}, "$tool: a dry run");
	is($node->safe_psql($database, $everything), $before, "$tool: which changes nothing");
	($rows, $messages) = adopt($database);
	is($rows, $test{rows}, $tool);
	like($messages, $test{messages}, "$tool: its messages") if $test{messages};
	is_sql($node, $database, "SELECT string_agg(coalesce(version, name) || ' ' || outcome, ', ' ORDER BY id) FROM migrate.history WHERE action = 'adopt'",
		$test{history}, "$tool: the order of its history")
	  if $test{history};
	$before = $node->safe_psql($database, $everything);
	$again = adopt($database);
	is( join("\n", map { (split /\|/)[1] } split /\n/, $again),
		join("\n", map { /$pending/ ? $1 : 'unchanged' } split /\n/, $test{rows}),
		"$tool: a second time");
	is($node->safe_psql($database, $everything), $before, "$tool: which changes nothing");
	is_sql($node, $database,
		"SELECT count(*) FROM migrate.migration m JOIN migrate.state s ON s.migration = m.id WHERE s.state = 'applied' AND s.checksum <> m.up",
		'0', "$tool: what is applied is what is stored");
	return $database;
}

# The numbers that most tools have.
sub numbered
{
	my (@versions) = @_;

	return [ map { [ $_, $_, "m$_", by_value($_) ] } @versions ];
}

my $database;
my ($rows, $messages);

#
# Each tool
#

tool('golang-migrate',
	stored => numbered(1, 2, 9, 10, 11),
	tables => 'CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);'
	  . ' INSERT INTO schema_migrations VALUES (10, false)',
	rows => "1|adopted|||comes before 10\n2|adopted|||comes before 10\n9|adopted|||comes before 10\n10|adopted|||\n11|pending|||",
	history => '1 success, 2 success, 9 success, 10 success',
	messages => qr/NOTICE:  4 migrations of table public\.schema_migrations, the history of golang-migrate, were adopted\nDETAIL:  1 pending, 0 failed or partial, 0 missing, 0 of another text\.\nHINT:  See to it that golang-migrate does not run again; run SELECT migrate\.apply\(\); for what is pending\./);
$database = tool('golang-migrate',
	database => 'dirty',
	stored => numbered(1, 2, 3),
	tables => 'CREATE TABLE "My ""History" (version bigint PRIMARY KEY, dirty boolean); INSERT INTO "My ""History" VALUES (2, true)',
	rows => "1|adopted|||comes before 2\n2|partial|||dirty\n3|pending|||",
	messages => qr/WARNING:  migration "2 m2" was not finished by golang-migrate\nDETAIL:  In its own words: dirty\.\nHINT:  See what it left, and settle it with SELECT migrate\.resolve\('2', 'applied'\);/);
($rows, $messages) = ('', '');
$node->psql($database, 'SELECT migrate.apply()', stderr => \$messages);
like($messages, qr/ERROR:  migration "2 m2" was begun by another tool and not finished\nHINT:  .*SELECT migrate\.resolve\('2', 'rolled_back'\);/, 'what was begun is not run again by itself');
$node->safe_psql($database, "SELECT migrate.resolve('2', 'rolled_back')");
is(scalar adopt($database), "1|unchanged|||comes before 2\n2|pending|||dirty; was adopted before, and has been undone or resolved here since\n3|pending|||",
	'what was resolved stays so');
is($node->safe_psql($database, 'SELECT version FROM migrate.apply()'), "2\n3", 'and is run then');
# the position may be that of a file that is gone
tool('golang-migrate',
	database => 'gone',
	stored => numbered(1, 2, 9, 10),
	tables => 'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean); INSERT INTO schema_migrations VALUES (9 - 1, false)',
	rows => "8|missing|||\n1|adopted|||comes before 8\n2|adopted|||comes before 8\n9|pending|||\n10|pending|||");
tool('golang-migrate',
	database => 'nil',
	stored => numbered(1, 2),
	tables => 'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean); INSERT INTO schema_migrations VALUES (-1, true)',
	rows => "-1|missing|||dirty\n1|pending|||\n2|pending|||");

my $flyway_table = <<'SQL';
CREATE TABLE flyway_schema_history (installed_rank int NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY, version varchar(50),
  description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
  installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL);
SQL
tool('flyway',
	stored => [
		[ '1', '1', 'one', by_value('1'), { checksums => '{11}' } ],
		[ '1.5', '1.5', 'one and a half', by_value('1.5'), { checksums => '{15}' } ],
		[ '2', '2', 'two', by_value('2'), { checksums => '{-22}' } ],
		[ '3.1', '3.1', 'three', by_value('3.1'), { checksums => '{31}' } ],
		[ '4', '4', 'four', by_value('4') ],
		[ '5', '5', 'five', by_value('5') ],
		[ '10', '10', 'ten', by_value('10') ],
		[ 'R:a view', undef, 'a view', 'a view', { checksums => '{71,72}' } ],
		[ 'R:other view', undef, 'other view', 'other view', { checksums => '{81}' } ]
	],
	tables => $flyway_table . <<'SQL',
INSERT INTO flyway_schema_history VALUES
 (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '"app"', NULL, 'app', '2024-01-01 10:00:00', 0, true),
 (1, '001.5', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', NULL, 'app', '2024-01-01 10:00:01', 0, true),
 (2, '2.0', 'two', 'SQL', 'V2_0__two.sql', -22, 'app', '2024-01-01 10:00:02', 1, true),
 (3, NULL, 'a view', 'SQL', 'R__a_view.sql', 70, 'app', '2024-01-01 10:00:03', 1, true),
 (4, '003.01.0', 'three', 'SQL', 'V003_01_0__three.sql', 32, 'app', '2024-01-01 10:00:04', 1, true),
 (5, '4', 'four', 'SQL', 'V4__four.sql', 4, 'app', '2024-01-01 10:00:05', 1, true),
 (6, '4', 'four', 'UNDO_SQL', 'U4__four.sql', 4, 'app', '2024-01-01 10:00:06', 1, true),
 (7, NULL, 'a view', 'SQL', 'R__a_view.sql', 72, 'app', '2024-01-01 10:00:07', 1, true),
 (8, '6', 'six', 'SQL', 'V6__six.sql', 6, 'app', '2024-01-01 10:00:08', 1, true),
 (9, '7', 'seven', 'SQL', 'V7__seven.sql', 7, 'app', '2024-01-01 10:00:08', 1, true),
 (10, '7', 'seven', 'DELETE', 'V7__seven.sql', 7, 'app', '2024-01-01 10:00:08', 1, true),
 (11, NULL, 'other view', 'SQL', 'R__other_view.sql', 80, 'app', '2024-01-01 10:00:09', 1, true),
 (12, '5', 'five', 'SQL', 'V5__five.sql', NULL, 'ops', '2024-01-01 10:00:10', 1, false)
SQL
	rows => join("\n",
		'6|missing|2024-01-01 10:00:08|app|',
		'1|adopted|||comes before 001.5',
		'1.5|adopted|2024-01-01 10:00:01|app|BASELINE',
		'2|adopted|2024-01-01 10:00:02|app|',
		'3.1|differs|2024-01-01 10:00:04|app|its checksum is 32 there, the loaded text has another',
		'4|pending|||UNDO_SQL',
		'5|partial|2024-01-01 10:00:10|ops|success = false',
		'10|pending|||',
		'a view|adopted|2024-01-01 10:00:07|app|',
		'other view|pending|2024-01-01 10:00:09|app|another text of it was run'),
	history => '1 success, 1.5 success, 2 success, 3.1 success, a view success, 5 failed, 6 success',
	messages => qr/WARNING:  flyway ran another text of migration "3\.1 three" than the one that is loaded/);

tool('sqlx',
	stored => [
		[ '1', '0001', 'first', by_value('1'), { checksums => '{aabb}' } ],
		[ '20240101000000', '20240101000000', 'second', by_value('20240101000000'), { checksums => '{ccdd}' } ],
		[ '20240102000000', '20240102000000', 'third', by_value('20240102000000') ],
		[ '20240103000000', '20240103000000', 'fourth', by_value('20240103000000') ]
	],
	tables => <<'SQL',
CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),
  success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL);
INSERT INTO _sqlx_migrations VALUES (20240101000000, 'second', '2024-01-01 10:00:00+00', true, '\xCCDD', 5),
 (1, 'first', '2024-01-02 10:00:00+00', true, '\xAABC', 5), (20240102000000, 'third', '2024-01-03 10:00:00+00', false, '\x', -1)
SQL
	rows => join("\n",
		'0001|differs|2024-01-02 10:00:00||its checksum is aabc there, the loaded text has another',
		'20240101000000|adopted|2024-01-01 10:00:00||',
		'20240102000000|failed|2024-01-03 10:00:00||success = false', '20240103000000|pending|||'),
	history => '20240101000000 success, 0001 success, 20240102000000 failed');

tool('prisma',
	stored => [ map { [ $_, /^(\d+)/, $_, $_, { checksums => '{abc}' } ] }
		  qw(20240101000000_one 20240102000000_two 20240103000000_three 20240104000000_four 20240105000000_five 20240106000000_six) ],
	tables => <<'SQL',
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
  logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);
INSERT INTO _prisma_migrations VALUES
 ('a', 'abc', '2024-01-01 10:00:01+00', '20240101000000_one', NULL, NULL, '2024-01-01 10:00:00+00', 1),
 ('b', 'abc', NULL, '20240102000000_two', 'ERROR: x', '2024-01-01 11:30:00+00', '2024-01-01 11:00:00+00', 0),
 ('c', 'abd', '2024-01-01 12:00:01+00', '20240102000000_two', NULL, NULL, '2024-01-01 12:00:00+00', 1),
 ('d', 'abc', '2024-01-01 13:00:00+00', '20240103000000_three', '', NULL, '2024-01-01 13:00:00+00', 0),
 ('e', 'abc', NULL, '20240104000000_four', 'ERROR: y', '2024-01-01 14:30:00+00', '2024-01-01 14:00:00+00', 0),
 ('f', 'abc', NULL, '20240105000000_five', 'ERROR: relation "x" already exists', NULL, '2024-01-01 15:00:00+00', 0)
SQL
	rows => join("\n",
		'20240101000000|adopted|2024-01-01 10:00:01||',
		'20240102000000|differs|2024-01-01 12:00:01||its checksum is abd there, the loaded text has another',
		'20240103000000|adopted|2024-01-01 13:00:00||resolved as applied',
		'20240104000000|pending|||rolled back at 2024-01-01 14:30:00+00',
		'20240105000000|failed|2024-01-01 15:00:00||finished_at is null: ERROR: relation "x" already exists',
		'20240106000000|pending|||'),
	messages => qr/WARNING:  migration "20240105000000 20240105000000_five" failed when prisma ran it/);

tool('liquibase',
	stored => [
		[ 'db/changelog/a.sql::1::alice', '1', 'alice', '0000000001', { checksums => '{8:aa,9:bb}' } ],
		[ 'db/changelog/a.sql::1::bob', '1', 'bob', '0000000002', { checksums => '{9:cc}' } ],
		[ 'changelog/b.sql::2::alice', '2', 'alice', '0000000003', { checksums => '{9:dd}' } ],
		[ 'plain.sql::raw::includeAll', 'raw', 'includeAll', '0000000004' ],
		[ 'db/x/c.sql::3::alice', '3', 'alice', '0000000005' ],
		[ 'db/y/c.sql::3::alice', '3', 'alice', '0000000006' ],
		[ 'db/d.sql::4::Bob B', '4', 'Bob B', '0000000007' ],
		[ 'db/d.sql::view::alice', undef, 'db/d.sql::view::alice', 'db/d.sql::view::alice', { checksums => '{9:ee}' } ]
	],
	tables => <<'SQL',
CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL, filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL,
  orderexecuted int NOT NULL, exectype varchar(10) NOT NULL, md5sum varchar(35), description varchar(255), comments varchar(255), tag varchar(255),
  liquibase varchar(20), contexts varchar(255), labels varchar(255), deployment_id varchar(10));
CREATE TABLE databasechangeloglock (id int PRIMARY KEY, locked boolean NOT NULL, lockgranted timestamp, lockedby varchar(255));
INSERT INTO databasechangeloglock VALUES (1, true, '2024-01-01 09:00:00', 'host (10.0.0.1)');
INSERT INTO databasechangelog VALUES
 ('1', 'bob', 'db/changelog/a.sql', '2024-01-01 10:00:00', 1, 'EXECUTED', '9:cc'),
 ('1', 'alice', 'classpath:/db\changelog\a.sql', '2024-01-01 10:00:00', 2, 'MARK_RAN', '8:aa'),
 ('2', 'alice', 'src/main/changelog/b.sql', '2024-01-01 10:00:01', 3, 'EXECUTED', NULL),
 ('raw_plain.sql', 'includeAll', 'plain.sql', '2024-01-01 10:00:02', 4, 'EXECUTED', '9:ff'),
 ('3', 'alice', 'c.sql', '2024-01-01 10:00:03', 5, 'EXECUTED', '9:ff'),
 ('4', '"Bob B"', 'db/d.sql', '2024-01-01 10:00:04', 6, 'RERAN', '9:ff'),
 ('view', 'alice', 'db/d.sql', '2024-01-01 10:00:05', 7, 'EXECUTED', '9:ee')
SQL
	rows => join("\n",
		'3|missing|2024-01-01 10:00:03||',
		'1|adopted|2024-01-01 10:00:00||MARK_RAN',
		'1|adopted|2024-01-01 10:00:00||', '2|adopted|2024-01-01 10:00:01||', 'raw|adopted|2024-01-01 10:00:02||',
		'3|pending|||', '3|pending|||', '4|adopted|2024-01-01 10:00:04||RERAN', 'db/d.sql::view::alice|adopted|2024-01-01 10:00:05||'),
	messages => qr/WARNING:  table public\.databasechangeloglock says that liquibase is running\nDETAIL:  It says: locked since 2024-01-01 09:00:00 by host \(10\.0\.0\.1\)\./);

tool('atlas',
	stored => [ map { [ $_, $_, "m$_", "${_}_m.sql", { checksums => "{h$_}" } ] } 10, 1, 2, 3, 4, 5, 6 ],
	tables => <<'SQL',
CREATE SCHEMA atlas_schema_revisions;
CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (version varchar PRIMARY KEY, description varchar NOT NULL, type bigint NOT NULL DEFAULT 2,
  applied bigint, total bigint, executed_at timestamptz, execution_time bigint, error text, error_stmt text, hash varchar, partial_hashes jsonb,
  operator_version varchar);
INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES
 ('.atlas_cloud_identifier', 'x', 2, 0, 0, now(), 0, '', '', '', 'null', ''),
 ('1', 'm1', 1, 0, 0, '2024-01-01 10:00:00+00', 0, '', '', '', 'null', 'v0'),
 ('2', 'm2', 2, 3, 3, '2024-01-01 10:00:01+00', 9, '', '', 'h2', 'null', 'v0'),
 ('3', 'm3', 6, 1, 2, '2024-01-01 10:00:02+00', 9, 'pq: x', 'SELECT x', 'h3', 'null', 'v0'),
 ('4', 'm4', 2, 1, 2, '2024-01-01 10:00:03+00', 9, 'pq: y', 'SELECT y', 'h4', '["h1:x"]', 'v0'),
 ('5', 'm5', 2, 0, 2, '2024-01-01 10:00:03+00', 9, 'pq: z', 'SELECT z', 'h5', 'null', 'v0')
SQL
	rows => join("\n",
		# as text, and as the file names are: 10_m.sql stands before 1_m.sql
		'10|adopted|||comes before 1', '1|adopted|2024-01-01 10:00:00||baseline', '2|adopted|2024-01-01 10:00:01||',
		'3|adopted|2024-01-01 10:00:02||resolved, 1 of 2 statements, pq: x, SELECT x',
		'4|partial|2024-01-01 10:00:03||1 of 2 statements, pq: y, SELECT y',
		'5|failed|2024-01-01 10:00:03||0 of 2 statements, pq: z, SELECT z', '6|pending|||'));

tool('goose',
	stored => numbered(1, 2, 3, 4),
	tables => <<'SQL',
CREATE TABLE goose_db_version (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now());
INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES (0, true, '2024-01-01 10:00:00'), (1, true, '2024-01-01 10:00:01'), (3, true, '2024-01-01 10:00:02'),
 (2, true, '2024-01-01 10:00:03'), (3, false, '2024-01-01 10:00:04'), (2, false, '2024-01-01 10:00:05'), (2, true, '2024-01-01 10:00:06')
SQL
	rows => "1|adopted|2024-01-01 10:00:01||\n2|adopted|2024-01-01 10:00:06||\n3|pending|||is_applied = false\n4|pending|||");

tool('knex',
	stored => [ map { [ $_, /^(\d+)/, $_, $_ ] } qw(20240101_one 20240102_two.part 20240103_three) ],
	tables => <<'SQL',
CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz);
CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked integer);
INSERT INTO knex_migrations_lock (is_locked) VALUES (1);
INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('20240102_two.part.ts', 1, '2024-01-01 10:00:00+00'), ('20240101_one.js', 2, '2024-01-02 10:00:00+00'),
 (NULL, 3, NULL), ('20239999_gone.js', NULL, NULL)
SQL
	rows => join("\n", '20239999|missing|||', '20240101|adopted|2024-01-02 10:00:00||batch 2', '20240102|adopted|2024-01-01 10:00:00||batch 1', '20240103|pending|||'),
	history => '20240102 success, 20240101 success, 20239999 success',
	messages => qr/WARNING:  table public\.knex_migrations_lock says that knex is running\nDETAIL:  It says: is_locked = 1\.\n.*WARNING:  1 row of table public\.knex_migrations does not say which migration it is of/s);

tool('node-pg-migrate',
	stored => [ map { [ $_, /^(\d+)/, /_(.*)/, $_ ] } qw(1700000000000_one 1700000000001_two 1700000000002_three) ],
	tables => <<'SQL',
CREATE TABLE pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL);
INSERT INTO pgmigrations (name, run_on) VALUES ('1700000000001_two', '2024-01-01 10:00:00.25'), ('1700000000000_one', '2024-01-01 10:00:00.25'), ('1700000000000_one', '2024-01-01 11:00:00')
SQL
	rows => "1700000000000|adopted|2024-01-01 11:00:00||\n1700000000001|adopted|2024-01-01 10:00:00||\n1700000000002|pending|||",
	history => '1700000000001 success, 1700000000000 success');

tool('graphile-migrate',
	stored => [ map { [ "$_.sql", $_, "m$_", $_, { checksums => "{sha1:$_}" } ] } qw(000001 000002 000003) ],
	tables => <<'SQL',
CREATE SCHEMA graphile_migrate;
CREATE TABLE graphile_migrate.migrations (hash text PRIMARY KEY, previous_hash text REFERENCES graphile_migrate.migrations, filename text NOT NULL, date timestamptz NOT NULL DEFAULT now());
CREATE TABLE graphile_migrate.current (filename text PRIMARY KEY DEFAULT 'current.sql', content text NOT NULL, date timestamptz NOT NULL DEFAULT now());
INSERT INTO graphile_migrate.migrations VALUES ('sha1:000001', NULL, '000001.sql', '2024-01-01 10:00:00+00'), ('sha1:x', 'sha1:000001', '000002.sql', '2024-01-02 10:00:00+00')
SQL
	rows => join("\n", '000001|adopted|2024-01-01 10:00:00||', '000002|differs|2024-01-02 10:00:00||its checksum is sha1:x there, the loaded text has another', '000003|pending|||'));

my $sqitch_tables = <<'SQL';
CREATE SCHEMA sqitch;
CREATE TABLE sqitch.projects (project text PRIMARY KEY, uri text UNIQUE, created_at timestamptz NOT NULL DEFAULT clock_timestamp(), creator_name text NOT NULL, creator_email text NOT NULL);
CREATE TABLE sqitch.changes (change_id text PRIMARY KEY, script_hash text, change text NOT NULL, project text NOT NULL REFERENCES sqitch.projects(project), note text NOT NULL DEFAULT '',
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), committer_name text NOT NULL, committer_email text NOT NULL, planned_at timestamptz NOT NULL, planner_name text NOT NULL,
  planner_email text NOT NULL, UNIQUE(project, script_hash));
INSERT INTO sqitch.projects VALUES ('flipr', NULL, now(), 'x', 'x'), ('other', NULL, now(), 'x', 'x');
SQL
tool('sqitch',
	stored => [
		[ 'aaa1', 'init', 'The beginning', '0000000001', { checksums => '{h1}' } ],
		[ 'aaa2', 'users@v1', 'Users', '0000000002', { checksums => '{h2}' } ],
		[ 'aaa3', 'users', 'Better users', '0000000003', { checksums => '{h3}' } ],
		[ 'aaa4', 'edited', 'Another note', '0000000004', { checksums => '{h4}' } ],
		[ 'aaa5', 'roles@v1', 'Roles', '0000000005', { checksums => '{h5}' } ],
		[ 'aaa6', 'roles', 'Better roles', '0000000006', { checksums => '{h6}' } ]
	],
	tables => $sqitch_tables . <<'SQL',
INSERT INTO sqitch.changes VALUES
 ('bbb0', 'x', 'init', 'other', '', '2024-01-01 09:00:00+00', 'Other', 'o@example.com', now(), 'p', 'p'),
 ('aaa1', 'h1', 'init', 'flipr', '', '2024-01-01 10:00:00+00', 'Ann', 'ann@example.com', now(), 'p', 'p'),
 ('aaa2', 'aaa2', 'users', 'flipr', '', '2024-01-01 10:00:01+00', 'Ann', 'ann@example.com', now(), 'p', 'p'),
 ('aaa3', 'h9', 'users', 'flipr', '', '2024-01-01 10:00:02+00', 'Ann', 'ann@example.com', now(), 'p', 'p'),
 ('zzz4', NULL, 'edited', 'flipr', '', '2024-01-01 10:00:03+00', 'Ann', 'ann@example.com', now(), 'p', 'p'),
 ('zzz5', 'h0', 'roles', 'flipr', 'Roles', '2024-01-01 10:00:04+00', 'Ann', 'ann@example.com', now(), 'p', 'p')
SQL
	rows => join("\n",
		'roles|missing|2024-01-01 10:00:04|Ann <ann@example.com>|',
		'init|adopted|2024-01-01 10:00:00|Ann <ann@example.com>|', 'users@v1|adopted|2024-01-01 10:00:01|Ann <ann@example.com>|',
		'users|differs|2024-01-01 10:00:02|Ann <ann@example.com>|its checksum is h9 there, the loaded text has another',
		'edited|adopted|2024-01-01 10:00:03|Ann <ann@example.com>|', 'roles@v1|pending|||', 'roles|pending|||'));

tool('alembic',
	stored => [ map { [ $_->[0], $_->[0], $_->[0], sprintf('%010d', $_->[1]) ] } [ 'ffff', 1 ], [ 'aaaa', 2 ], [ 'cccc', 3 ], [ 'bbbb', 4 ] ],
	tables => 'CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));'
	  . " INSERT INTO alembic_version VALUES ('cccc'), ('unknown')",
	rows => "unknown|missing|||head\nffff|adopted|||comes before cccc\naaaa|adopted|||comes before cccc\ncccc|adopted|||head\nbbbb|pending|||");

tool('rails',
	stored => [ map { [ $_, $_, "m$_", by_value($_) ] } qw(9 20240101000000 20240102000000) ],
	tables => <<'SQL',
CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
CREATE TABLE ar_internal_metadata (key varchar NOT NULL PRIMARY KEY, value varchar, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
INSERT INTO schema_migrations VALUES ('20240101000000'), ('009'), ('by hand')
SQL
	rows => "by hand|missing|||\n9|adopted|||\n20240101000000|adopted|||\n20240102000000|pending|||");
tool('dbmate',
	stored => [ map { [ $_, $_, "m$_", "${_}_m.sql" ] } qw(001 01 2) ],
	tables => "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY); INSERT INTO schema_migrations VALUES ('01'), ('001')",
	rows => "001|adopted|||\n01|adopted|||\n2|pending|||");
tool('ecto',
	stored => numbered(20240101000000, 20240102000000),
	tables => "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp(0)); INSERT INTO schema_migrations VALUES (20240101000000, '2024-01-01 10:00:00')",
	rows => "20240101000000|adopted|2024-01-01 10:00:00||\n20240102000000|pending|||");
tool('diesel',
	stored => [ map { [ $_, $_, "m$_", $_ ] } qw(00000000000000 20240131120000 20240201000000) ],
	tables => 'CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY NOT NULL, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);'
	  . " INSERT INTO __diesel_schema_migrations VALUES ('00000000000000', '2024-01-01 10:00:00'), ('20240131120000', '2024-01-31 12:00:00')",
	rows => "00000000000000|adopted|2024-01-01 10:00:00||\n20240131120000|adopted|2024-01-31 12:00:00||\n20240201000000|pending|||");
tool('refinery',
	stored => [ map { [ $_, $_, "m$_", by_value($_), { checksums => "{1$_}" } ] } 1, 2, 3 ],
	tables => 'CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));'
	  . " INSERT INTO refinery_schema_history VALUES (2, 'm2', '2024-01-01T10:00:00.123456789Z', '12'), (1, 'm1', 'yesterday', '99')",
	rows => "1|differs|||its checksum is 99 there, the loaded text has another\n2|adopted|2024-01-01 10:00:00||\n3|pending|||");
tool('django',
	stored => [ map { [ $_, $_, $_, $_ ] } qw(auth.0001_initial shop.0001_initial shop.0002_more) ],
	tables => 'CREATE TABLE django_migrations (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamptz NOT NULL);'
	  . " INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0001_initial', '2024-01-01 10:00:00+00'), ('auth', '0001_initial', '2024-01-01 10:00:00+00'), ('gone', '0001_initial', '2024-01-01 10:00:01+00')",
	rows => "gone.0001_initial|missing|2024-01-01 10:00:01||\nauth.0001_initial|adopted|2024-01-01 10:00:00||\nshop.0001_initial|adopted|2024-01-01 10:00:00||\nshop.0002_more|pending|||",
	history => 'shop.0001_initial success, auth.0001_initial success, gone.0001_initial success');
tool('efcore',
	stored => [ map { [ $_, /^(\d+)/, $_, $_ ] } qw(20240101000000_Initial 20240102000000_More) ],
	tables => 'CREATE TABLE "__EFMigrationsHistory" ("MigrationId" varchar(150) NOT NULL, "ProductVersion" varchar(32) NOT NULL, CONSTRAINT "PK___EFMigrationsHistory" PRIMARY KEY ("MigrationId"));'
	  . q{ INSERT INTO "__EFMigrationsHistory" VALUES ('20240101000000_Initial', '9.0.1')},
	rows => "20240101000000|adopted|||by EF Core 9.0.1\n20240102000000|pending|||");
tool('typeorm',
	stored => [ map { [ $_, /(\d+)$/, $_, by_value(/(\d+)$/) ] } qw(First1700000000000 Second1700000000001) ],
	tables => q{CREATE TABLE migrations (id serial PRIMARY KEY, "timestamp" bigint NOT NULL, name varchar NOT NULL);}
	  . q{ CREATE TABLE readings (id serial PRIMARY KEY, "timestamp" bigint NOT NULL, name varchar NOT NULL); INSERT INTO migrations VALUES (1, 1700000000000, 'First1700000000000')},
	rows => "1700000000000|adopted|||\n1700000000001|pending|||");
tool('drizzle',
	database => 'drizzle_old',
	stored => [ map { [ $_->[0], $_->[1], "m$_->[1]", sprintf('%010d', $_->[1]), { checksums => "{$_->[2]}" } ] }
		  [ '1700000000000', '0000', 'h0' ], [ '1700000000001', '0001', 'h1' ], [ '1700000000002', '0002', 'h2' ] ],
	tables => 'CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);'
	  . " INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('x', 1700000000000), ('h1', 42)",
	rows => "0000|differs|||its checksum is x there, the loaded text has another\n0001|adopted|||\n0002|pending|||");
tool('drizzle',
	stored => [ map { [ $_, /^(\d+)/, $_, sprintf('%010d', /00(\d)_/), { checksums => "{h$_}" } ] } qw(20240101000001_one 20240101000002_two 20240101000003_three) ],
	tables => 'CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint, name text, applied_at timestamptz DEFAULT now());'
	  . " INSERT INTO drizzle.__drizzle_migrations (hash, created_at, name, applied_at) VALUES ('h20240101000001_one', 1704067201000, NULL, NULL),"
	  . " ('h20240101000002_two', 1704067202000, '20240101000002_two', '2024-01-01 10:00:00+00')",
	rows => "20240101000001|adopted|||\n20240101000002|adopted|2024-01-01 10:00:00||\n20240101000003|pending|||");
tool('postgrator',
	stored => [ map { [ $_, $_, "m$_", by_value($_), { checksums => "{md5_$_}" } ] } 1, 2, 3 ],
	tables => 'CREATE TABLE schemaversion (version bigint PRIMARY KEY, name text, md5 text, run_at timestamptz);'
	  . " INSERT INTO schemaversion VALUES (0, NULL, NULL, NULL), (1, 'm1', '', '2024-01-01 10:00:00+00'), (2, 'm2', 'md5_2', '2024-01-01 10:00:01+00')",
	rows => "1|adopted|2024-01-01 10:00:00||\n2|adopted|2024-01-01 10:00:01||\n3|pending|||");
tool('postgres-migrations',
	stored => numbered(1, 2),
	tables => 'CREATE TABLE migrations (id integer PRIMARY KEY, name varchar(100) UNIQUE NOT NULL, hash varchar(40) NOT NULL, executed_at timestamp DEFAULT current_timestamp);'
	  . " INSERT INTO migrations VALUES (0, 'create-migrations-table', 'x', '2024-01-01 10:00:00'), (1, 'm1', 'x', '2024-01-01 10:00:01')",
	rows => "1|adopted|2024-01-01 10:00:01||\n2|pending|||");
tool('sql-migrate',
	stored => [ map { [ "$_.sql", /^(\d+)/, $_, $_ ] } qw(1_one 2_two) ],
	tables => q{CREATE TABLE gorp_migrations (id text NOT NULL PRIMARY KEY, applied_at timestamptz); INSERT INTO gorp_migrations VALUES ('1_one.sql', '2024-01-01 10:00:00+00')},
	rows => "1|adopted|2024-01-01 10:00:00||\n2|pending|||");
tool('tern',
	stored => numbered(1, 2, 3),
	tables => 'CREATE TABLE schema_version (version int4 NOT NULL); INSERT INTO schema_version VALUES (2)',
	rows => "1|adopted|||comes before 2\n2|adopted|||\n3|pending|||");
tool('hasura',
	stored => numbered(1700000000000, 1700000000001, 1700000000002),
	tables => 'CREATE SCHEMA hdb_catalog; CREATE TABLE hdb_catalog.hdb_version (hasura_uuid uuid PRIMARY KEY, version text NOT NULL, upgraded_on timestamptz NOT NULL, cli_state jsonb, console_state jsonb);'
	  . q{ INSERT INTO hdb_catalog.hdb_version VALUES (gen_random_uuid(), '48', now(), '{"settings": {}, "migrations": {"default": {"1700000000000": false, "1700000000001": true}, "other": {"5": false}}}', '{}')},
	rows => "1700000000000|adopted|||\n1700000000001|failed|||dirty\n1700000000002|pending|||");
tool('hasura',
	database => 'hasura_1',
	stored => numbered(1700000000000, 1700000000001, 1700000000002),
	tables => 'CREATE SCHEMA hdb_catalog; CREATE TABLE hdb_catalog.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);'
	  . ' INSERT INTO hdb_catalog.schema_migrations VALUES (1700000000000, false), (1700000000002, false)',
	rows => "1700000000000|adopted|||\n1700000000001|pending|||\n1700000000002|adopted|||");

# Plain files, whose tool is known by its history only.
tool('knex',
	database => 'plain_files',
	layout => 'native',
	stored => [
		[ undef, '20240101', 'one', by_value('20240101'), { path => 'db/20240101_one.sql' } ],
		[ undef, '20240102', 'two', by_value('20240102'), { path => 'db/20240102_other_name.up.sql' } ],
		[ undef, '20240103', 'three', by_value('20240103'), { path => 'db/20240103_three.sql' } ]
	],
	tables => 'CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz);'
	  . " INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('20240101_one.js', 1, '2024-01-01 10:00:00+00'), ('20240102_two.js', 1, '2024-01-01 10:00:00+00'), ('20240102_twin.js', 1, '2024-01-01 10:00:00+00')",
	rows => "20240102|missing|2024-01-01 10:00:00||batch 1\n20240101|adopted|2024-01-01 10:00:00||batch 1\n20240102|adopted|2024-01-01 10:00:00||batch 1\n20240103|pending|||");
tool('golang-migrate',
	database => 'plain_position',
	layout => 'native',
	stored => [ map { [ undef, $_, "m$_", by_value($_) ] } qw(001 002 010 011) ],
	tables => 'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean); INSERT INTO schema_migrations VALUES (10, false)',
	rows => "001|adopted|||comes before 10\n002|adopted|||comes before 10\n010|adopted|||\n011|pending|||");
tool('flyway',
	database => 'plain_flyway',
	layout => 'native',
	stored => [ [ undef, '1.2', 'x', by_value('1.2') ], [ undef, '2', 'y', by_value('2') ], [ undef, undef, 'a_view', 'a_view' ] ],
	tables => $flyway_table . "INSERT INTO flyway_schema_history VALUES (1, '01.2', 'x', 'SQL', 'V01.2__x.sql', 5, 'app', '2024-01-01 10:00:00', 0, true), (2, NULL, 'a view', 'SQL', 'R__a_view.sql', 5, 'app', '2024-01-01 10:00:00', 0, true)",
	rows => "1.2|adopted|2024-01-01 10:00:00|app|\n2|pending|||\na_view|adopted|2024-01-01 10:00:00|app|");

#
# The files themselves, and the checksums that the tools publish for them
#

# Loads [path, content]s, adopts, and expects these rows.
sub files
{
	my ($layout, $files, $tables, $expected) = @_;
	my $database = 'files_' . $layout =~ s/\W/_/gr;
	my ($out, $err);

	database($database);
	$node->safe_psql($database, $tables);
	$node->psql(
		$database,
		'SELECT count(*) FROM migrate.load(ARRAY['
		  . join(', ', map { quote($_->[0]) } @$files) . '], ARRAY[' . join(', ', map { quote($_->[1]) } @$files) . "], '$layout')",
		stdout => \$out, stderr => \$err);
	like($err, qr/NOTICE:  table \S+ is the history of $layout\nHINT:  To take over what it says was applied, run SELECT \* FROM migrate\.adopt\(\);/,
		"$layout: load() points at the history");
	is($node->safe_psql($database, 'SELECT coalesce(version, name), result FROM migrate.adopt()'), $expected, "$layout: with its files");
	return;
}

files('flyway',
	[
		[ 'sql/V1__a.sql', "alter table location_history add column valid_until timestamp with time zone;\r\n" ],
		[ 'sql/V2__b.sql', 'SELECT 2' ],
		[ 'sql/R__a_view.sql', 'SELECT 3' ]
	],
	$flyway_table . "INSERT INTO flyway_schema_history VALUES (1, '1', 'a', 'SQL', 'V1__a.sql', -1039259818, 'app', now(), 0, true), (2, '2', 'b', 'SQL', 'V2__b.sql', 3, 'app', now(), 0, true),"
	  . " (3, NULL, 'a view', 'SQL', 'R__a_view.sql', 3, 'app', now(), 0, true)",
	"1|adopted\n2|differs\na view|pending");
files('refinery',
	[ [ 'm/V3__add_brand_to_cars_table.sql', "ALTER TABLE cars\nADD brand varchar(255);\n" ], [ 'm/V4__x.sql', 'SELECT 4' ] ],
	'CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));'
	  . " INSERT INTO refinery_schema_history VALUES (3, 'add_brand_to_cars_table', '2024-01-01T10:00:00Z', '5789498757482767533'), (4, 'x', '2024-01-01T10:00:00Z', '5')",
	"3|adopted\n4|differs");
files('graphile-migrate',
	[
		[ 'committed/000001.sql', "--! Previous: -\n--! Hash: sha1:d30d858bf9fa5d8979af2d32c3be5e09b07da877\n\nSELECT 1;\n" ],
		[ 'committed/000002-x.sql', "--! Previous: sha1:d30d858bf9fa5d8979af2d32c3be5e09b07da877\n--! Hash: sha1:36d26d034e5ea0e30f2e8c93bdbf66399902b1ed\n\nSELECT 2;\n" ]
	],
	'CREATE SCHEMA graphile_migrate;'
	  . ' CREATE TABLE graphile_migrate.migrations (hash text PRIMARY KEY, previous_hash text REFERENCES graphile_migrate.migrations, filename text NOT NULL, date timestamptz NOT NULL DEFAULT now());'
	  . " INSERT INTO graphile_migrate.migrations VALUES ('sha1:d30d858bf9fa5d8979af2d32c3be5e09b07da877', NULL, '000001.sql')",
	"000001|adopted\n000002|pending");
files('atlas',
	[
		[ 'm/1_a.sql', "SELECT 1;\n" ],
		[ 'm/2_b.sql', "SELECT 2;\n" ],
		[ 'm/atlas.sum', "h1:VNvw0pDgavFX/sdOa4OQ4cdfXK8LyCjaMKnLrKqiXHs=\n1_a.sql h1:oHx7vmeRbxB72kdSGUkFhE08red3y82zeqcbzCxkGjo=\n2_b.sql h1:jqdn/UCU1bnj96EwRLYv9FRnrwv3yIEfGHtJessEvPM=\n" ]
	],
	'CREATE TABLE atlas_schema_revisions (version varchar PRIMARY KEY, description varchar NOT NULL, type bigint NOT NULL DEFAULT 2, applied bigint, total bigint,'
	  . ' executed_at timestamptz, execution_time bigint, error text, error_stmt text, hash varchar, partial_hashes jsonb, operator_version varchar);'
	  . " INSERT INTO atlas_schema_revisions VALUES ('1', 'a', 2, 1, 1, now(), 1, '', '', 'oHx7vmeRbxB72kdSGUkFhE08red3y82zeqcbzCxkGjo=', 'null', 'v0'),"
	  . " ('2', 'b', 2, 1, 1, now(), 1, '', '', 'oHx7vmeRbxB72kdSGUkFhE08red3y82zeqcbzCxkGjo=', 'null', 'v0')",
	"1|adopted\n2|differs");

#
# Which table
#

database('choice');
fails('choice', '', qr/ERROR:  project "main" has no migrations yet\n.*HINT:  Load them with migrate\.load\(\), and call again\./s, 'nothing is loaded');
store('choice', 'knex', [ '1_a', '1', '1_a', '1_a' ], [ '2_b', '2', '2_b', '2_b' ]);
fails('choice', '', qr/ERROR:  no history table of another tool was found in database "choice"/, 'no table');
fails('choice', "'knex'", qr/ERROR:  no history table of knex was found in database "choice"\nDETAIL:  A table with these columns is looked for: migration_time \(time\), id \(number\), name \(text\), batch \(number\)\./, 'no table of the tool');
fails('choice', "'flywheel'", qr/ERROR:  unrecognized tool "flywheel"\nHINT:  The tools are "flyway", .*"dbmate"\./, 'an unknown tool');
my $knex_columns = '(id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz)';
$node->safe_psql('choice', <<"SQL");
CREATE SCHEMA "Other ""schema";
CREATE TABLE "Other ""schema"."The 'history" $knex_columns;
INSERT INTO "Other ""schema"."The 'history" VALUES (1, '1_a.js', 1, '2024-01-01 10:00:00+00');
CREATE VIEW a_view AS SELECT * FROM "Other ""schema"."The 'history";
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM "Other ""schema"."The 'history";
CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
CREATE TABLE plain (a int, b text, c text[]);
SQL
is((adopt('choice', 'dry_run => true'))[0], "1|adopted|2024-01-01 10:00:00||batch 1\n2|pending|||", 'names that need quotes; the tool of the files comes first');
fails('choice', "'refinery'", qr/ERROR:  the files of project "main" are not those of refinery\nDETAIL:  They were loaded in layout "knex"; table public\.refinery_schema_history is the history of refinery\.\nHINT:  Load the files of refinery with migrate\.load\(\.\.\., layout => 'refinery'\), or name another history with migrate\.adopt\('knex'\)\./,
	'the history of another tool');
fails('choice', "history_table => 'a_view'", qr/ERROR:  public\.a_view is not a table\nDETAIL:  Views, foreign tables and the like/, 'a view');
fails('choice', "history_table => 'a_matview'", qr/ERROR:  public\.a_matview is not a table/, 'a materialized view');
fails('choice', "history_table => 'plain'", qr/ERROR:  table public\.plain is not the history of a tool that is known here\nDETAIL:  It has columns a \(number\), b \(text\), c \(other\)\./, 'another table');
fails('choice', "'knex', 'plain'", qr/ERROR:  table public\.plain is not a history of knex\nDETAIL:  It has columns .*\nHINT:  The columns that are expected are: migration_time \(time\), /, 'another table, and the tool');
fails('choice', "history_table => 4294967295::oid::regclass", qr/ERROR:  table with OID 4294967295 does not exist/, 'a table that is gone');
$node->safe_psql('choice', "CREATE TABLE knex_migrations $knex_columns; INSERT INTO knex_migrations VALUES (1, '2_b.js', 1, NULL)");
fails('choice', '', qr/ERROR:  there are several histories that could be adopted\nDETAIL:  "Other ""schema"\."The 'history" of knex\npublic\.knex_migrations of knex\.\nHINT:  Say which: SELECT \* FROM migrate\.adopt\('knex', history_table => '"Other ""schema"\."The ''history"'\);/,
	'several tables');
is(scalar adopt('choice', q{'knex', history_table => '"Other ""schema"."The ''history"'}), "1|adopted|2024-01-01 10:00:00||batch 1\n2|pending|||", 'one of them');
is(scalar adopt('choice', q{'knex', 'knex_migrations'}), "1|unchanged|||was adopted before, and is not in this history\n2|adopted|||batch 1", 'and the other one after it');

# a history of two tools' shape, which its surroundings or the caller tell
database('shape');
store('shape', 'rails', [ '1', '1', 'one', by_value('1') ]);
$node->safe_psql('shape', "CREATE TABLE versions (version varchar PRIMARY KEY); INSERT INTO versions VALUES ('1')");
fails('shape', '', qr/ERROR:  no history table of another tool was found/, 'too little to go by');
is(scalar adopt('shape', "'rails', dry_run => true"), '1|adopted|||', 'with the tool it is enough');
is(scalar adopt('shape', "history_table => 'versions'"), '1|adopted|||', 'and with the table the files tell');

# types, and partitions
database('types');
store('types', 'tern', @{ numbered(1, 2) });
$node->safe_psql('types', <<'SQL');
CREATE TYPE mine;
CREATE FUNCTION mine_in(cstring) RETURNS mine LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION mine_out(mine) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE mine (INPUT = mine_in, OUTPUT = mine_out, LIKE = int4, CATEGORY = 'N');
CREATE FUNCTION harm() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'harm is done'; END $$;
CREATE TABLE odd_version (version mine);
CREATE DOMAIN own AS int;
CREATE TABLE own_version (version own);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE far_version (version int) SERVER nowhere;
CREATE TABLE parts_version (version int) PARTITION BY LIST (version);
CREATE TABLE part_1 PARTITION OF parts_version FOR VALUES IN (0, 1);
SQL
fails('types', "history_table => 'odd_version'", qr/ERROR:  table public\.odd_version is not the history of a tool that is known here\nDETAIL:  It has columns version \(a type of its own\)\./, 'a type of its own');
fails('types', "history_table => 'own_version'", qr/ERROR:  table public\.own_version is not the history/, 'a domain');
fails('types', "history_table => 'far_version'", qr/ERROR:  public\.far_version is not a table/, 'a foreign table');
$node->safe_psql('types', 'INSERT INTO parts_version VALUES (1)');
is(scalar adopt('types', 'dry_run => true'), "1|adopted|||\n2|pending|||", 'a partitioned table');
$node->safe_psql('types', 'CREATE FOREIGN TABLE part_2 PARTITION OF parts_version FOR VALUES IN (2) SERVER nowhere');
fails('types', '', qr/ERROR:  a part of table public\.parts_version is a foreign table/, 'a part of which is far away');

#
# Rights
#

database('rights');
store('rights', 'tern', @{ numbered(1, 2) });
$node->safe_psql('rights', <<'SQL');
CREATE ROLE adopter LOGIN;
CREATE ROLE tool_owner LOGIN;
GRANT EXECUTE ON FUNCTION migrate.adopt(text, regclass, boolean, text) TO adopter, tool_owner;
CREATE SCHEMA app AUTHORIZATION tool_owner;
SET ROLE tool_owner;
CREATE TABLE app.schema_version (version int NOT NULL PRIMARY KEY);
INSERT INTO app.schema_version VALUES (1);
COMMENT ON TABLE app.schema_version IS 'What''s "tern"';
SQL
my $as_adopter = "SET SESSION AUTHORIZATION adopter;\n";
fails('rights', '', qr/ERROR:  permission denied for table app\.schema_version\nDETAIL:  It is the history of tern, and is read with your rights\.\nHINT:  Its owner can run GRANT SELECT ON app\.schema_version TO adopter;/, 'no right to read it', $as_adopter);
$node->safe_psql('rights', 'GRANT SELECT ON app.schema_version TO adopter');
fails('rights', '', qr/ERROR:  permission denied for schema app/, 'no right on its schema', $as_adopter);
$node->safe_psql('rights', 'GRANT USAGE ON SCHEMA app TO adopter; ALTER TABLE app.schema_version ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON app.schema_version USING (version < 1)');
fails('rights', '', qr/ERROR:  query would be affected by row-level security policy for table "schema_version"/, 'only a part of it may be seen', $as_adopter);
$node->safe_psql('rights', 'ALTER TABLE app.schema_version DISABLE ROW LEVEL SECURITY');
($rows, $messages) = adopt('rights', '', $as_adopter);
is($rows, "1|adopted|||\n2|pending|||", 'one who may read it adopts it');
like($messages, qr/NOTICE:  table app\.schema_version is not yours: no comment on it says that migrate has taken over/, 'but cannot put up the sign');
is_sql($node, 'rights', "SELECT obj_description('app.schema_version'::regclass)", q{What's "tern"}, 'which is not there');
is_sql($node, 'rights', "SELECT role || ' ' || reason FROM migrate.history", 'adopter tern, table app.schema_version', 'the history says who did it');
adopt('rights', '', "SET SESSION AUTHORIZATION tool_owner;\nSET standard_conforming_strings = off;\nSET search_path = app;\n");
like($node->safe_psql('rights', "SELECT obj_description('app.schema_version'::regclass)"),
	qr/^What's "tern"\nmigrate has taken over from tern, on \d{4}-\d\d-\d\d [\d:.]+(\+00| UTC): run SELECT migrate\.apply\(\); and no longer tern$/, 'its owner adds to the comment');
my $comment = $node->safe_psql('rights', "SELECT obj_description('app.schema_version'::regclass)");
adopt('rights');
is_sql($node, 'rights', "SELECT obj_description('app.schema_version'::regclass)", $comment, 'once');
$node->safe_psql('rights', 'INSERT INTO app.schema_version VALUES (2)');
is(scalar adopt('rights'), "1|unchanged|||\n2|adopted|||", 'what the tool has done since is adopted');
# code of others does not run in the name of one who adopts
$node->safe_psql('rights', <<'SQL');
CREATE FUNCTION app.harm(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'harm is done by %', current_user; END $$;
ALTER TABLE app.schema_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
DROP POLICY p ON app.schema_version;
CREATE POLICY p ON app.schema_version USING (app.harm(version));
CREATE SCHEMA evil;
CREATE FUNCTION evil.ltrim(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'harm is done by %', current_user; END $$;
SQL
(undef, $messages) = adopt('rights', 'dry_run => true', $as_adopter);
like($messages, qr/would be affected by row-level security/, 'no policy is evaluated');
# who may act as the owner reads as the owner, for whom this policy counts
(undef, $messages) = adopt('rights', 'dry_run => true');
like($messages, qr/would be affected by row-level security/, 'not for a superuser either');
$node->safe_psql('rights', 'ALTER TABLE app.schema_version NO FORCE ROW LEVEL SECURITY');
is((adopt('rights', 'dry_run => true', "SET search_path = evil, pg_catalog;\n"))[0], "1|unchanged|||\n2|unchanged|||", 'no function of a user is called');

#
# Other sessions
#

database('busy');
store('busy', 'tern', @{ numbered(1, 2) });
$node->safe_psql('busy', 'CREATE TABLE schema_version (version int NOT NULL PRIMARY KEY); INSERT INTO schema_version VALUES (1)');
my $tern = session($node, 'busy');
$tern->query("SET application_name = 'tern'; SELECT pg_advisory_lock(9628173550095224)");
my $pid = $tern->pid;
fails('busy', '', qr/ERROR:  tern is running\nDETAIL:  Process $pid \(tern\) holds its lock\.\nHINT:  Call again when it has ended, and see to it/, 'the tool is running');
($rows, $messages) = adopt('busy', 'dry_run => true');
is($rows, "1|adopted|||\n2|pending|||", 'which a dry run');
like($messages, qr/WARNING:  tern is running/, 'only tells');
$tern->query('SELECT pg_advisory_unlock_all()');
$tern->query('BEGIN; UPDATE schema_version SET version = 2');
fails('busy', '', qr/ERROR:  canceling statement due to lock timeout\nCONTEXT:  history of tern in table public\.schema_version/, 'the tool is writing', "SET migrate.lock_timeout = '50ms';\n");
my $adopter = session($node, 'busy');
$adopter->start('SELECT version, result FROM migrate.adopt()');
wait_until($node, 'busy', "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'schema_version'::regclass AND mode = 'ShareLock'");
$tern->query('COMMIT');
is(scalar $adopter->finish, "1|adopted\n2|adopted", 'it is waited for, and what it has committed counts');

# the keys that are computed
database('keys');
my %keys = (
	'golang-migrate' => [ 'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean)', 'schema_migrations' ],
	'sqlx' => [ 'CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz, success boolean, checksum bytea, execution_time bigint)' ],
	'flyway' => [$flyway_table]);
$node->safe_psql('keys', join(';', map { $_->[0] } values %keys));
# 77433833903597 is that of the facts; the others are computed by Perl
my $crc = sub {
	my $crc = 0xffffffff;

	foreach my $byte (unpack 'C*', $_[0])
	{
		$crc ^= $byte;
		$crc = $crc & 1 ? ($crc >> 1) ^ 0xedb88320 : $crc >> 1 foreach 1 .. 8;
	}
	return $crc ^ 0xffffffff;
};
my %held = (
	flyway => [77433833903597],
	'golang-migrate' => [ map { ($crc->("public\0schema_migrations\0$_") * 1486364155) % 2**32 } 'keys', '/keys' ],
	sqlx => [ 0x3d32ad9e * $crc->('keys') ]);
foreach my $tool (sort keys %held)
{
	$node->safe_psql('keys', 'DELETE FROM migrate.migration');
	store('keys', $tool, @{ numbered(1) });
	foreach my $key (@{ $held{$tool} })
	{
		$tern = session($node, 'keys');
		$tern->query("SELECT pg_advisory_lock($key)");
		fails('keys', "'$tool'", qr/ERROR:  $tool is running/, "the lock of $tool, $key");
		$tern->quit;
	}
}

# two at once, and a run
database('twice');
store('twice', 'tern', @{ numbered(1, 2, 3) });
$node->safe_psql('twice', 'CREATE TABLE schema_version (version int NOT NULL PRIMARY KEY); INSERT INTO schema_version VALUES (2); CREATE TABLE t (a int)');
my $first = session($node, 'twice');
is($first->query('BEGIN; SELECT count(*) FROM migrate.adopt()'), '3', 'adopted, not committed');
(undef, $messages) = adopt('twice');
like($messages, qr/ERROR:  a run is in progress/, 'nobody else adopts meanwhile');
(undef, $messages) = session($node, 'twice')->query('SELECT * FROM migrate.apply(wait_for_lock => false)');
like($messages, qr/ERROR:  .*run/, 'nor applies');
is((adopt('twice', 'dry_run => true'))[0], "1|adopted|||comes before 2\n2|adopted|||\n3|pending|||", 'a dry run is not held up');
$first->query('ROLLBACK');
is_sql($node, 'twice', 'SELECT count(*) FROM migrate.state', '0', 'all of it is undone');
is_sql($node, 'twice', "SELECT obj_description('schema_version'::regclass) IS NULL", 't', 'the comment too');
is($first->query('BEGIN; SELECT count(*) FROM migrate.adopt(dry_run => true); SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = \'schema_version\'::regclass'), "3\n0",
	'a dry run leaves no lock');
(undef, $messages) = $first->query('ROLLBACK; BEGIN READ ONLY; SELECT * FROM migrate.adopt()');
like($messages, qr/ERROR:  25006: cannot execute migrate\.adopt\(\) in a read-only transaction/, 'read-only');
(undef, $messages) = $first->query('ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM migrate.adopt()');
like($messages, qr/ERROR:  25001: migrate\.adopt\(\) must be called in a READ COMMITTED transaction/, 'an old snapshot');
$first->query('ROLLBACK');
# a run is under way
$node->safe_psql('twice', "SELECT migrate.register('3x', 'waits', 'LOCK TABLE t', project => 'other')");
$first->query('BEGIN; LOCK TABLE t');
my $runner = session($node, 'twice');
$runner->start("SELECT version FROM migrate.apply(project => 'other')");
wait_for_runner($node, 'twice', 'LOCK TABLE t');
(undef, $messages) = adopt('twice');
like($messages, qr/ERROR:  a run is in progress\nHINT:  Run SELECT \* FROM migrate\.progress; to see it/, 'a run is not disturbed');
$first->query('ROLLBACK');
is(scalar $runner->finish, '3x', 'and ends');
is(scalar adopt('twice'), "1|adopted|||comes before 2\n2|adopted|||\n3|pending|||", 'then it is adopted');
is($node->safe_psql('twice', 'SELECT version FROM migrate.apply()'), '3', 'and what is pending is applied');

# what is undone here after that is pending, whatever the old table says
$node->safe_psql('twice', "SELECT migrate.resolve('2', 'rolled_back')");
is(scalar adopt('twice'), "1|unchanged|||comes before 2\n2|pending|||was adopted before, and has been undone or resolved here since\n3|unchanged|||", 'what was undone here stays so');

# what a run here has begun is for that run to finish, whatever the tool says
database('begun');
store('begun', 'tern', [ '1', '1', 'm1', by_value('1'), { up => 'CREATE TABLE t (a int); COMMIT; SELECT 1/0' } ]);
$node->psql('begun', 'SELECT migrate.apply()', stderr => \$messages);
is(states($node, 'begun'), '1 partial', 'begun here');
$node->safe_psql('begun', 'CREATE TABLE schema_version (version int NOT NULL PRIMARY KEY); INSERT INTO schema_version VALUES (1)');
is(scalar adopt('begun'), '1|partial|||a part of it was run here', 'is not adopted');

#
# Many rows, a dump, a crash
#

database('many');
$node->safe_psql('many', <<'SQL');
INSERT INTO migrate.script VALUES (encode(sha256('SELECT 1'), 'hex'), 'SELECT 1');
INSERT INTO migrate.migration (project, kind, sort_key, version, name, path, layout, identity, checksums, up, up_line, up_no_transaction, down_line, down_no_transaction, stored_by)
SELECT 'main', 'versioned', n || '_m', n, n || '_m', n || '_m.js', 'knex', n || '_m', '{}', encode(sha256('SELECT 1'), 'hex'), 1, false, 1, false, 'test' FROM generate_series(100001, 105001) n;
CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz);
INSERT INTO knex_migrations (name, batch, migration_time) SELECT n || '_m.ts', n, timestamptz '2024-01-01 00:00:00+00' + n * interval '1 second' FROM generate_series(100001, 105000) n;
SQL
my $crasher = session($node, 'many');
$crasher->query('BEGIN; SELECT count(*) FROM migrate.adopt()');
crash($node, $crasher->pid);
is_sql($node, 'many', 'SELECT (SELECT count(*) FROM migrate.state), (SELECT count(*) FROM migrate.event)', '0|0', 'a crash leaves nothing of it');
my $start = time;
is($node->safe_psql('many', 'SELECT result, count(*) FROM migrate.adopt() GROUP BY 1 ORDER BY 1'), "adopted|5000\npending|1", 'many rows');
note(sprintf('5000 rows adopted in %.2f s', time - $start));
crash($node, session($node, 'many')->pid);
is_sql($node, 'many', 'SELECT (SELECT count(*) FROM migrate.state), (SELECT count(*) FROM migrate.event)', '5000|5000', 'a crash after it loses nothing');
$start = time;
is($node->safe_psql('many', 'SELECT result, count(*) FROM migrate.adopt() GROUP BY 1 ORDER BY 1'), "pending|1\nunchanged|5000", 'and again');
note(sprintf('5000 rows looked at again in %.2f s', time - $start));

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('twice') ], 'a dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'is restored');
is(scalar adopt('restored'), scalar adopt('twice'), 'and knows what was adopted');
is($node->safe_psql('restored', 'SELECT id, version, action, outcome, reason FROM migrate.history ORDER BY id'),
	$node->safe_psql('twice', 'SELECT id, version, action, outcome, reason FROM migrate.history ORDER BY id'), 'with its history');
like($node->safe_psql('restored', "SELECT obj_description('schema_version'::regclass)"), qr/^migrate has taken over from tern/, 'and the sign');

$node->stop;
done_testing();
