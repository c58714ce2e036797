# layout => 'auto': what a directory is taken for, by its files, by what is near it, by how the project was loaded before, by the
# histories of other tools in the database.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('detect');
my ($up, $both) = ('CREATE TABLE t ()', "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n");

new_database($node, 'db');
my $session = session($node, 'db');

# The arguments paths and contents; a content may be undef.
sub arguments
{
	my %files = @_;
	my @paths = sort keys %files;
	my @contents = map { defined $files{$_} ? $files{$_} =~ s/'/''/gr : undef } @paths;

	return sprintf("ARRAY[%s]::text[], ARRAY[%s]::text[]",
		join(',', map { "'$_'" } @paths),
		join(',', map { defined $_ ? "'$_'" : 'NULL' } @contents));
}

# What messages say that the files were taken for.
sub taken_for
{
	my ($messages) = @_;

	return $1 if $messages =~ /^NOTICE:  00000: the files are read in layout "(.*)"$/m;
	return "ask: $1" if $messages =~ /^ERROR:  22023: the files may be of several layouts: (.*)\nHINT:  Say which: migrate\.load\(\.\.\., layout => '.*'\)\.$/m;
	return 'native';
}

# One test: these files are taken for that.  Whether its reader likes them is
# another matter.
sub detects
{
	my ($name, $expected, $files, $before) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$session->query('BEGIN; ' . ($before // 'SELECT'));
	my (undef, $messages) = $session->query('SELECT count(*) FROM migrate.load(' . arguments(%$files) . ')');
	$session->query('ROLLBACK');
	return is(taken_for($messages), $expected, $name) || diag($messages);
}

# The table of histories that tests of this need.
my %history = (
	'golang-migrate' => 'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)',
	sqlx => 'CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),'
	  . ' success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)',
	'node-pg-migrate' => 'CREATE TABLE pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)',
	dbmate => 'CREATE TABLE schema_migrations (version varchar PRIMARY KEY)',
	flyway => 'CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,'
	  . ' script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(),'
	  . ' execution_time int NOT NULL, success boolean NOT NULL)',
	refinery => 'CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255))',
	atlas => 'CREATE TABLE atlas_schema_revisions (version varchar PRIMARY KEY, description varchar NOT NULL, type bigint NOT NULL DEFAULT 2, applied bigint, total bigint,'
	  . ' executed_at timestamptz, execution_time bigint, error text, error_stmt text, hash varchar, partial_hashes jsonb, operator_version varchar)',
	liquibase => 'CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL, filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL,'
	  . ' orderexecuted int NOT NULL, exectype varchar(10) NOT NULL, md5sum varchar(35), description varchar(255), comments varchar(255), tag varchar(255),'
	  . ' liquibase varchar(20), contexts varchar(255), labels varchar(255), deployment_id varchar(10))',
	prisma => 'CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,'
	  . ' logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)',
	drizzle => 'CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)',
);

# The decision table, row by row.
detects('1: sqitch.plan', 'sqitch', { 'sqitch.plan' => "%syntax-version=1.0.0\n%project=shop\n", 'deploy/1_a.sql' => $up });
detects('2: .gmrc and current.sql', 'graphile-migrate', { 'm/../.gmrc' => undef, 'm/current.sql' => '' });
detects('2: .gmrc.js two above', 'graphile-migrate', { 'm/../../.gmrc.js' => undef, 'm/current.sql' => '' });
detects('2: committed/', 'graphile-migrate', { 'committed/000001-one.sql' => $up });
detects('2: a header', 'graphile-migrate', { '000001.sql' => "--! Previous: -\n--! Hash: sha1:0\n\nSELECT 1" });
detects('3: migration.sql and migration_lock.toml', 'prisma', { '20240101000000_a/migration.sql' => $up, 'migration_lock.toml' => 'provider = "postgresql"' });
detects('4: migration.sql and snapshot.json', 'drizzle', { '20240101000000_a/migration.sql' => $up, '20240101000000_a/snapshot.json' => '{}' });
detects('5: meta/_journal.json', 'drizzle', { '0000_a.sql' => $up, 'meta/_journal.json' => '{}' });
detects('6: up.sql', 'diesel', { '2024-01-01-000000_a/up.sql' => $up, '2024-01-01-000000_a/down.sql' => '' });
detects('6: up.sql with a time in milliseconds', 'hasura', { 'default/1700000000000_a/up.sql' => $up });
detects('6: what hasura keeps beside it', 'hasura', { '1_a/up.sql' => $up, '2_b/up.yaml' => '' });
detects('6: signs of diesel and of hasura', 'ask: "diesel", "hasura"', { '1700000000000_a/up.sql' => $up, '2024-01-01-000000_b/up.sql' => $up });
detects('6: something below', 'ask: "diesel", "native"', { '1_a.sql' => $up, 'x/up.sql' => $up });
detects('7: liquibase formatted', 'liquibase', { '1_a.sql' => "\n\n-- Liquibase Formatted SQL\n-- changeset a:1\nSELECT 1" });
detects('7: not in the first line', 'native', { '1_a.sql' => "SELECT 1;\n-- liquibase formatted sql\n" });
detects('7: a changelog in XML', 'liquibase', { 'db.xml' => '<databaseChangeLog/>', '1_a.sql' => $up });
detects('7: a changelog in YAML', 'liquibase', { 'db.yaml' => "databaseChangeLog:\n", '1_a.sql' => $up });
detects('7: a changelog in JSON', 'liquibase', { 'db.json' => '{"databaseChangeLog": []}', '1_a.sql' => $up });
detects('8: migrate:up with an option', 'dbmate', { '1_a.sql' => "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\n" });
detects('8: sections, no underscore in a name', 'dbmate', { '1.sql' => $both, '2-b.sql' => $both });
detects('8: sections and schema.sql', 'dbmate', { '1_a.sql' => $both, 'schema.sql' => '' });
detects('8: two pairs of sections', 'dbmate', { '1_a.sql' => "$both$both" });
detects('9: +goose', 'goose', { '1_a.sql' => "-- +goose Up\nSELECT 1;" });
detects('9: +goose after a blank', 'goose', { '1_a.sql' => "  --+goose up\nSELECT 1;" });
detects('9: +migrate', 'sql-migrate', { '1_a.sql' => "-- +migrate Up\nSELECT 1;" });
detects('10: Up Migration', 'node-pg-migrate', { '1_a.sql' => "-- Up Migration\nSELECT 1;", '2_b.sql' => "SELECT 1\n   ---- - dOWN   migration" });
detects('10: not every file has it', 'ask: "node-pg-migrate", "native"', { '1_a.sql' => "-- Up Migration\nSELECT 1;", '2_b.sql' => $up });
detects('10: but the numbers', 'node-pg-migrate', { '1700000000000_a.sql' => '-- Up Migration', '20240101000000000_b.sql' => $up });
detects('10: but package.json', 'node-pg-migrate', { '../package.json' => undef, '1_a.sql' => '-- Up Migration', '2_b.sql' => $up });
detects('10: a comment like that', 'native', { '1_a.sql' => "-- migration up\n-- upmigration\n-- uphill migration\nSELECT 1" });
detects('11: V1__', 'flyway', { 'V1__a.sql' => $up });
detects('11: V1__ below', 'flyway', { 'a/V1__a.sql' => $up, 'b/V1_1__b.SQL' => $up });
detects('11: no version', 'native', { 'V__a.sql' => $up, 'Vx__a.sql' => $up });
detects('12: pairs', 'native', { '1_a.up.sql' => $up, '1_a.down.sql' => '' });
detects('13: atlas.sum', 'atlas', { 'atlas.sum' => "h1:x\n", '1_a.sql' => $up });
detects('13: atlas.sum over no numbers', 'atlas', { 'atlas.sum' => "h1:x\n", 'a.sql' => $up });
detects('13: atlas.sum beside goose', 'goose', { 'atlas.sum' => "h1:x\n", '1_a.sql' => '-- +goose Up' });
detects('13: atlas.sum beside dbmate', 'dbmate', { 'atlas.sum' => "h1:x\n", '1_a.sql' => $both });
detects('13: atlas.sum beside Flyway', 'flyway', { 'atlas.sum' => "h1:x\n", 'V1__a.sql' => $up });
detects('13: atlas.sum beside pairs', 'golang-migrate', { 'atlas.sum' => "h1:x\n", '1_a.up.sql' => $up, '1_a.down.sql' => '' });
detects('13: something else of that name', 'native', { 'atlas.sum' => 'x', '1_a.sql' => $up });
detects('14: atlas: in the first comments', 'atlas', { '1_a.sql' => "-- a\n-- atlas:txmode none\n\nSELECT 1" });
detects('14: atlas: further down', 'native', { '1_a.sql' => "SELECT 1;\n-- atlas:nolint\nSELECT 1" });
detects('15: plain', 'native', { '1_a.sql' => $up, '0002_b.sql' => $up });
detects('16: Ruby', 'rails', { 'db/migrate/20240101000000_a.rb' => 'class A < ActiveRecord::Migration[7.1]' });
detects('16: structure.sql', 'rails', { 'db/structure.sql' => qq(INSERT INTO "schema_migrations" (version) VALUES\n('20240101000000');\n) });
detects('17: down_revision', 'alembic', { 'versions/1a_b.py' => "revision = '1a'\ndown_revision = None\n", 'env.py' => '' });
detects('18: class Migration', 'django', { 'shop/migrations/0001_initial.py' => "class Migration(migrations.Migration):\n    pass\n" });
detects('19: knex', 'knex', { '20240101000000_a.js' => 'exports.up = knex => knex.schema.createTable()' });
detects('19: pgm', 'node-pg-migrate', { '1700000000000_a.ts' => 'export const up = (pgm: MigrationBuilder) => {}' });
detects('19: MigrationInterface', 'typeorm', { '1700000000000-A.ts' => 'export class A1700000000000 implements MigrationInterface {}' });
detects('19: JavaScript', 'typeorm', { '1700000000000-A.js' => "class A1700000000000 {\n  async up(queryRunner) {}\n}" });
detects('19: a class without a time', 'native', { '1700000000000-A.js' => "class A {\n  async up(queryRunner) {}\n}" });
detects('20: C#', 'efcore', { '20240101000000_A.cs' => 'public partial class A : Migration' });
detects('20: C# of another tool', 'native', { '20240101000000_A.cs' => 'using FluentMigrator;' });
detects('20: Elixir', 'ecto', { '20240101000000_a.exs' => 'use Ecto.Migration' });
detects('20: Go', 'goose', { '00001_a.go' => 'func init() { goose.AddMigrationContext(up, down) }' });
detects('20: Go of another sort', 'native', { '1_a.up.sql' => $up, 'embed.go' => 'package x' });
detects('postgrator', 'postgrator', { '001.do.a.sql' => $up, '001.undo.a.sql' => $up });
detects('tern', 'tern', { '001_a.sql' => "$up;\n---- create above / drop below ----\nDROP TABLE t;" });

# The conflicts.
my %pair = ('1_a.up.sql' => $up, '1_a.down.sql' => 'DROP TABLE t');
my %npm_pair = ('1700000000000_a.up.sql' => $up, '1700000000000_a.down.sql' => 'DROP TABLE t');
detects('pairs, first bytes of sqlx', 'sqlx', { %pair, '2_b.up.sql' => '-- no-transaction' });
detects('pairs, not its first bytes', 'native', { %pair, '2_b.up.sql' => ' -- no-transaction' });
detects("pairs, $_ near", 'sqlx', { %pair, "../$_" => undef }) foreach qw(sqlx.toml .sqlx Cargo.toml);
detects('pairs and plain files, Cargo.toml near', 'sqlx', { %pair, '2_b.sql' => $up, '../Cargo.toml' => undef });
detects('pairs, go.mod near', 'golang-migrate', { %pair, '../../go.mod' => undef });
detects('pairs and plain files, go.mod near', 'native', { %pair, '2_b.sql' => $up, '../go.mod' => undef });
detects('pairs, go.mod and Cargo.toml near', 'ask: "native", "sqlx", "golang-migrate", "node-pg-migrate"', { %pair, '../go.mod' => undef, '../Cargo.toml' => undef });
detects('the same with BEGIN', 'golang-migrate', { %pair, '1_a.up.sql' => "BEGIN;\n$up;\nCOMMIT;", '../go.mod' => undef, '../Cargo.toml' => undef });
detects('pairs of milliseconds, package.json near', 'node-pg-migrate', { %npm_pair, '../package.json' => undef });
detects('pairs, package.json near', 'native', { %pair, '../package.json' => undef });
detects('plain files of milliseconds, package.json near', 'node-pg-migrate', { '1700000000000_a.sql' => $up, '../package.json' => undef });
detects('plain files of milliseconds', 'native', { '1700000000000_a.sql' => $up });
detects('plain files, package.json near', 'native', { '1_a.sql' => $up, '../package.json' => undef });
detects('plain files, Cargo.toml near', 'sqlx', { '1_a.sql' => $up, '../Cargo.toml' => undef });
detects('names with a dash', 'ask: "postgres-migrations", "atlas"', { '1-a.sql' => $up, '2-b.sql' => $up });
detects('names with a dash, package.json near', 'postgres-migrations', { '1-a.sql' => $up, '2-b.sql' => $up, '../package.json' => undef });
detects('V and Cargo.toml', 'refinery', { 'V1__a.sql' => $up, '../Cargo.toml' => undef });
detects('V and its line', 'refinery', { 'V1__a.sql' => "-- refinery:noTransaction\n$up" });
detects('V beside Rust', 'refinery', { 'V1__a.sql' => $up, 'mod.rs' => undef });
detects('U without a V', 'ask: "flyway", "refinery"', { 'V1__a.sql' => $up, 'U2__b.sql' => $up });
detects('U without a V and Cargo.toml', 'refinery', { 'V1__a.sql' => $up, 'U2__b.sql' => $up, '../Cargo.toml' => undef });
detects('U with its V', 'flyway', { 'V1__a.sql' => $up, 'V02__b.sql' => $up, 'U2__b.sql' => $up });
detects("U and $_", 'flyway', { 'V1__a.sql' => $up, 'U2__b.sql' => $up, $_ => '' })
  foreach 'R__v.sql', 'B3__c.sql', 'V1__a.sql.conf', 'V1.1__c.sql', 'V1_1__c.sql', 'afterMigrate.sql', 'V3__not-a-word.sql';
detects('U and signs of both', 'ask: "flyway", "refinery"', { 'V1__a.sql' => '-- refinery:noTransaction', 'U2__b.sql' => $up, 'R__v.sql' => $up });
detects('V and numbers', 'ask: "flyway", "refinery", "native"', { 'V1__a.sql' => $up, '2_b.sql' => $up });
detects('migration.sql alone', 'ask: "prisma", "drizzle"', { '20240101000000_a/migration.sql' => $up });
detects('everything flat without a sum', 'native', { '1_a.sql' => $up, 'schema.sql' => $up, 'seed_data.sql' => $up });
detects('committed by another', 'native', { 'committed/x-1_a.sql' => $up, '1_a.sql' => $up });
detects('liquibase and goose', 'ask: "liquibase", "goose"', { '1_a.sql' => '--liquibase formatted sql', '2_b.sql' => '-- +goose Up' });
detects('goose, sql-migrate and dbmate', 'ask: "goose", "sql-migrate", "dbmate"', { '1_a.sql' => '-- +goose Up', '2_b.sql' => '-- +migrate Up', '3_c.sql' => $both });
detects('Knex and TypeORM', 'ask: "knex", "typeorm"', { '1_a.js' => 'up(knex)', '1700000000000-A.ts' => 'implements MigrationInterface' });
detects('programs and SQL made of them', 'knex', { '1_a.js' => 'exports.up = knex => 1', '2_b.sql' => $both });
detects('goose in SQL and Go', 'goose', { '1_a.sql' => '-- +goose Up', '2_b.go' => 'goose.AddMigration(a, b)' });
detects('CRLF and a byte order mark', 'goose', { '1_a.sql' => "\x{ef}\x{bb}\x{bf}-- +goose Up\r\nSELECT 1;\r\n" });
detects('CRLF and sections', 'dbmate', { '1_a.sql' => "-- migrate:up\r\n-- migrate:down\r\n", 'schema.sql' => '' });
detects('what lies below is not asked', 'native', { '1_a.sql' => $up, 'old/2_b.sql' => '-- +goose Up', 'old/V1__a.sql' => $up, 'old/3_c.up.sql' => '' });

# Native and dbmate, which share their sections.
detects('sections', 'native', { '1_a.sql' => $both, '2_b.sql' => $both });
detects('sections, with the numbers of dbmate', 'native', { '20240101000000_a.sql' => $both, '20240102000000_b.sql' => $both });
detects('sections, numbers and names in different orders', 'ask: "dbmate", "native"', { '9_a.sql' => $both, '10_b.sql' => $both });
detects("sections and $_", 'native', { '9_a.sql' => $both, '10_b.sql' => $both, $_ => $up }) foreach 'R__v.sql', '11_c.sql', '1.5_c.sql', '11_c.up.sql';
detects('a section alone', 'native', { '9_a.sql' => $both, '10_b.sql' => "-- migrate:up\nSELECT 1" });
detects('sections in the other order', 'native', { '9_a.sql' => $both, '10_b.sql' => "-- migrate:down\n-- migrate:up\n" });
detects('a blank before it', 'native', { '9_a.sql' => $both, '10_b.sql' => " $both" });
detects('no-transaction', 'native', { '9_a.sql' => $both, '10_b.sql' => "-- migrate:up\n-- migrate:no-transaction\n-- migrate:down\n" });
detects('what only dbmate has and what only native has', 'ask: "dbmate", "native"',
	{ '9_a.sql' => "-- migrate:up transaction:false\n-- migrate:down\n", 'R__v.sql' => $up });

# Nothing to go by.
detects('no files', 'native', {});
detects('no SQL', 'native', { 'README.md' => undef, 'a.txt' => undef, 'x/logo.png' => undef });
detects('no content', 'native', { '1_a.sql' => undef });
detects('only repeatables', 'native', { 'R__v.sql' => $up });
detects('only what is near', 'native', { '../Cargo.toml' => undef, '../.gmrc' => undef });
detects('names that are no versions', 'native', { ('9' x 20) . '_a.sql' => $up, '0_b.sql' => $up, '__.sql' => $up, 'V.sql' => $up, "it''s.sql" => $up });

# The history that the database has decides among the candidates.
detects("plain files and the history of $_", $_, { '1_a.sql' => $up }, $history{$_}) foreach qw(sqlx node-pg-migrate atlas liquibase);
detects('pairs, plain files and the history of golang-migrate', 'golang-migrate', { %pair, '2_b.sql' => $up }, $history{'golang-migrate'});
detects("plain files and the history of $_", 'native', { '1_a.sql' => $up }, $history{$_}) foreach qw(golang-migrate dbmate prisma);
detects("pairs and the history of $_", $_, {%pair}, $history{$_}) foreach qw(golang-migrate sqlx node-pg-migrate);
detects('it is more than what is near', 'golang-migrate', { %pair, '../Cargo.toml' => undef }, $history{'golang-migrate'});
detects('two of them', 'ask: "native", "sqlx", "golang-migrate", "node-pg-migrate"', {%pair}, "$history{sqlx}; $history{'golang-migrate'}");
detects('U files and the history of refinery', 'refinery', { 'V1__a.sql' => $up, 'U2__b.sql' => $up }, $history{refinery});
detects('U files and the history of Flyway', 'flyway', { 'V1__a.sql' => $up, 'U2__b.sql' => $up }, $history{flyway});
detects('sections and the history of dbmate', 'dbmate', { '1_a.sql' => $both, '2_b.sql' => $both }, $history{dbmate});
detects('migration.sql and the history of Drizzle', 'drizzle', { '20240101000000_a/migration.sql' => $up }, $history{drizzle});
detects('names with a dash and the history of Atlas', 'atlas', { '1-a.sql' => $up }, $history{atlas});
detects('repeatables and the history of Flyway', 'flyway', { 'R__v.sql' => $up }, $history{flyway});

# A project stays in the layout that it was loaded in, unless the files say
# otherwise.
my $loaded = 'SELECT count(*) FROM migrate.load(' . arguments('1_a.sql' => $both) . ", layout => 'native')";
detects('loaded as native', 'native', { '1_a.sql' => $both, '2_b.sql' => $both }, "$loaded; $history{dbmate}");
detects('in another order too', 'native', { '1_a.sql' => $both, '9_b.sql' => $both, '10_b.sql' => $both }, $loaded);
detects('with a file near', 'native', { '1_a.sql' => $up, '../Cargo.toml' => undef }, $loaded);
detects('with a comment like that of node-pg-migrate', 'native', { '1_a.sql' => "-- Up migration\n$up" }, $loaded);
detects('with a sign that leaves no doubt', 'goose', { '1_a.sql' => "-- +goose Up\nSELECT 1;" }, $loaded);

# Every directory that is there for a layout is taken for it, with the history of its tool where the files leave a choice.
# Without a history that we know, plain files are native.
my %exception = ('postgres-migrations' => 'native');
my (undef, $unrecognized) = $session->query("SELECT migrate.load('{}'::text[], '{}'::text[], '?')");
my @known = sort { length $b <=> length $a } $unrecognized =~ /"([a-z-]+)"/g;
foreach my $directory (sort grep { -d } glob("$FindBin::RealBin/../layouts/*"))
{
	my ($name) = $directory =~ m{/([^/]+)$};
	my ($layout) = grep { $name =~ /^\Q$_\E([-_].*)?$/ } @known;

	die "test/layouts/$name is not named by a layout" if !defined $layout;
	$session->query('BEGIN; ' . ($history{$layout} // 'SELECT'));
	my (undef, $messages) = $session->query("SELECT count(*) FROM migrate.load('$directory')");
	$session->query('ROLLBACK');
	is(taken_for($messages), $exception{$name} // $layout, "test/layouts/$name") or diag($messages);
}

# A large directory is looked at in no time.
my $large = <<'SQL';
CREATE TEMP TABLE large AS SELECT array_agg(format('%s_m.sql', 20240000000000 + i)) AS paths,
       array_agg(repeat(format(E'CREATE TABLE t%s (\n\tid bigint,\n\t-- a comment\n\tx text\n);\n', i), 10)) AS contents
FROM generate_series(1, 5000) AS i
SQL
$session->query($large);
my %seconds;
foreach my $layout (qw(native auto native auto))
{
	$session->query('BEGIN');
	my $before = $session->query('SELECT extract(epoch FROM clock_timestamp())');
	$session->query("SELECT count(*) FROM large, migrate.load(paths, contents, layout => '$layout')");
	my $took = $session->query('SELECT extract(epoch FROM clock_timestamp())') - $before;
	$seconds{$layout} = $took if !defined $seconds{$layout} || $took < $seconds{$layout};
	$session->query('ROLLBACK');
}
note(sprintf('figure: 5,000 files: %.2f s, with detection %.2f s', @seconds{qw(native auto)}));
cmp_ok($seconds{auto}, '<', $seconds{native} + 1, 'detection takes less than a second');

$session->quit;
$node->stop;
done_testing();
