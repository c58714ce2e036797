# Directories of tools whose migrations are programs: how they are named and ordered, that they are refused as long as their tool has
# not applied them, and SQL files beside them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('layout_host');

new_database($node, 'db');
my $session = session($node, 'db');

# Tests of a directory of test/layouts: all that is not SQL is pending; the
# order and the names, when the tool has applied it.
sub directory
{
	my ($layout, %expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $call = load_call(layout_path($layout), layout => 'auto', project => $layout);
	my (undef, $messages) = $session->query("SELECT * FROM $call");
	my ($list) = $messages =~ /^DETAIL:  (.*?)^HINT:  /ms;

	like($messages, qr/^NOTICE:  00000: the files are read in layout "\Q$layout\E"$/m, "$layout: is detected");
	like($messages, qr/^ERROR:  0A000: \d+ files are not SQL and are not applied$/m, "$layout: what is not SQL is refused");
	like($messages, qr/^HINT:  $expected{hint}\.$/m, "$layout: the hint");
	is(($list // '') =~ s{^.*/\Q$layout\E/}{}mgr, join('', map { "$_\n" } @{ $expected{programs} }), "$layout: they are listed in order");
	is_sql($node, 'db', "SELECT count(*) FROM migrate.migration WHERE project = '$layout'", '0', "$layout: nothing is stored");

	# the tool has applied its part
	$session->query("BEGIN; $expected{history}");
	(my $rows, $messages) = $session->query("SELECT coalesce(version, '-'), name, kind, result FROM $call WHERE result <> 'ignored'");
	is($rows, join("\n", @{ $expected{rows} }), "$layout: versions, names and kinds") or diag($messages);
	my $ignored = $session->query("SELECT string_agg(regexp_replace(path, '.*/$layout/', ''), ' ' ORDER BY path COLLATE \"C\") FROM $call WHERE result = 'ignored'");
	is($ignored, $expected{ignored}, "$layout: what is ignored");
	is( $session->query("SELECT string_agg(identity, ' ' ORDER BY sort_key) FROM migrate.migration WHERE project = '$layout'"),
		$expected{identities}, "$layout: identities");
	is($session->query("SELECT count(*) FROM $call WHERE result NOT IN ('unchanged', 'ignored')"), '0', "$layout: loading again changes nothing");
	(undef, $messages) = $session->query("SET LOCAL migrate.unadopted_history = 'allow'; SELECT * FROM migrate.apply(project => '$layout')");
	like($messages, qr/was applied by \Q$layout\E and cannot be run here/, "$layout: a program is not run") if @{ $expected{programs} };
	$session->query('ROLLBACK');
	return;
}

my $page = sub { $_[0] ? "; doc\\/$_[0]\\.md shows how" : '' };
my $by_hand = sub { "Run them with $_[0], or write what they do as SQL files named <version>_<name>\\.sql" . $page->($_[1]) };
my $printed = sub { "Run them with $_[0], or save what \"$_[1]\" prints as files named <version>_<name>\\.sql" . $page->('from-code') };

directory(
	'knex',
	hint => $by_hand->('Knex', 'from-code'),
	programs => [qw(20240101000000_users.js 20240102000000_orders-2.mjs 20240102000000_orders.ts 9_text_order.js)],
	history => <<'SQL',
CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz);
INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('20240101000000_users.js', 1, now()),
  ('20240102000000_orders-2.mjs', 1, now()), ('20240102000000_orders.js', 1, now()), ('9_text_order.js', 2, now());
SQL
	rows => [
		'20240101000000|users|versioned|new', '20240102000000|orders-2|versioned|new', '20240102000000|orders|versioned|new',
		'20240103000000|carts|versioned|new', '20240104000000|lines|versioned|new', '9|text_order|versioned|new', '-|v|repeatable|new' ],
	ignored => 'helpers.js seeds/01_users.js types.d.ts',
	identities => '20240101000000_users 20240102000000_orders-2 20240102000000_orders 20240103000000_carts 20240104000000_lines 9_text_order');

directory(
	'alembic',
	hint => $printed->('Alembic', 'alembic upgrade FROM:TO --sql'),
	programs => [
		map { "versions/$_.py" }
		  qw(ae1027a6acf_first 0002_left 27c6a30d7c24_right old/0a_merge b_other_head a_third_head) ],
	history => "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('a0a0'), ('b0b0');",
	rows => [
		'ae1027a6acf|first|versioned|new', '1975ea83b712|0002_left|versioned|new', '27c6a30d7c24|right|versioned|new', 'merged-1|0a_merge|versioned|new',
		'b0b0|b_other_head|versioned|new', 'a0a0|a_third_head|versioned|new', '20250101|sql|versioned|new', '20250102|sql|versioned|new' ],
	ignored => 'env.py script.py.mako versions/__init__.py',
	identities => 'ae1027a6acf 1975ea83b712 27c6a30d7c24 merged-1 b0b0 a0a0 20250101_sql.sql 20250102_sql.sql');

directory(
	'rails',
	hint => $by_hand->('Rails', 'from-code'),
	programs => [qw(db/migrate/20230104000000_not_dumped.rb db/migrate/20240201000000_later.rb)],
	history => <<'SQL',
CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar, created_at timestamp(6), updated_at timestamp(6));
INSERT INTO schema_migrations VALUES ('20230101000000'), ('20230104000000'), ('20240201000000');
SQL
	rows => [
		'20230104000000|not_dumped|versioned|new', '20230105000000|structure|versioned|new',
		'20240201000000|later|versioned|new', '20240301000000|by_hand|versioned|new' ],
	ignored => 'db/migrate/20230101000000_create_users.rb db/migrate/20230102000000_create_blobs.active_storage.rb'
	  . ' db/migrate/20240101000000_UpperCase.rb db/migrate/engine/20230103000000_create_jobs.rb db/migrate/helpers.rb db/seeds/01_users.rb',
	identities => '20230104000000 20230105000000 20240201000000 20240301000000');

directory(
	'django',
	hint => $printed->('Django', 'python manage.py sqlmigrate APP NAME'),
	programs => [
		qw(people/migrations/0001_initial.py people/migrations/0002_squashed.py shop/migrations/0001_initial.py shop/migrations/0002_b.py
		  shop/migrations/0002_a.py shop/migrations/0003_merge.py shop/migrations/0004_after_squash.py)
	],
	history => <<'SQL',
CREATE TABLE django_migrations (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, app varchar(255), name varchar(255), applied timestamptz);
INSERT INTO django_migrations (app, name, applied) SELECT 'shop', n, now() FROM unnest('{0001_initial,0002_a,0002_b,0003_merge,0004_after_squash}'::text[]) n;
INSERT INTO django_migrations (app, name, applied) SELECT 'persons', n, now() FROM unnest('{0001_initial,0001_old,0002_old,0002_squashed}'::text[]) n;
SQL
	rows => [
		'persons.0001|initial|versioned|new', 'persons.0002|squashed|versioned|new', 'shop.0001|initial|versioned|new', 'shop.0002|b|versioned|new',
		'shop.0002|a|versioned|new', 'shop.0003|merge|versioned|new', 'shop.0004|after_squash|versioned|new', '20250101|sql|versioned|new' ],
	ignored => 'people/apps.py shop/migrations/0001_squashed_0002.py shop/migrations/__init__.py shop/migrations/_helper.py shop/models.py',
	identities => 'persons.0001_initial persons.0002_squashed shop.0001_initial shop.0002_b shop.0002_a shop.0003_merge shop.0004_after_squash 20250101_sql.sql');

directory(
	'efcore',
	hint => 'Run them with EF Core, or save what "dotnet ef migrations script FROM TO" prints, but its INSERT INTO "__EFMigrationsHistory", as files named'
	  . ' <version>_<name>\.sql; doc\/switch\/efcore\.md shows how',
	programs => [qw(20240101000000_Initial.cs 20240102000000_AddOrders.cs)],
	history => <<'SQL',
CREATE TABLE "__EFMigrationsHistory" ("MigrationId" varchar(150) PRIMARY KEY, "ProductVersion" varchar(32) NOT NULL);
INSERT INTO "__EFMigrationsHistory" VALUES ('20240101000000_Initial', '8.0'), ('20240102000000_AddOrders', '8.0');
SQL
	rows => [ '20240101000000|Initial|versioned|new', '20240102000000|AddOrders|versioned|new', '20240103000000|AddLines|versioned|new' ],
	ignored => '2024_Helper.cs',
	identities => '20240101000000_Initial 20240102000000_AddOrders 20240103000000_AddLines');

directory(
	'typeorm',
	hint => $by_hand->('TypeORM'),
	programs => [qw(1700000000000-Initial.ts both.ts both.ts 1700000000001-Compiled.js compiled.js)],
	history => <<'SQL',
CREATE TABLE migrations (id serial PRIMARY KEY, "timestamp" bigint NOT NULL, name varchar NOT NULL);
INSERT INTO migrations ("timestamp", name) SELECT right(n, 13)::bigint, n
FROM unnest('{Initial1700000000000,Second1700000000002,First1700000000003,Named1700000000005,Later1700000000007}'::text[]) n;
SQL
	rows => [
		'1700000000000|Initial|versioned|new', '1700000000002|Second|versioned|new', '1700000000003|First|versioned|new',
		'1700000000005|Named|versioned|new', '1700000000006|Lines|versioned|new', '1700000000007|Later|versioned|new' ],
	ignored => 'data-source.ts helper.js',
	identities => 'Initial1700000000000 Second1700000000002 First1700000000003 Named1700000000005 Lines1700000000006 Later1700000000007');

directory(
	'ecto',
	hint => $by_hand->('Ecto', 'switch\\/ecto'),
	programs => [qw(sub/9_b.exs 0010_c.exs 20240101000000_a.exs)],
	history => <<'SQL',
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp(0));
INSERT INTO schema_migrations (version, inserted_at) VALUES (9, now()), (10, now()), (20240101000000, now());
SQL
	rows => [ '9|b|versioned|new', '0010|c|versioned|new', '20240101000000|a|versioned|new', '20240102000000|d|versioned|new' ],
	ignored => 'helper.exs seeds.ex',
	identities => '9 10 20240101000000 20240102000000');

# SQL alone, with all that belongs to it, runs and is undone.
my $sql_only = { '1_a.sql' => "-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n", '2_b.up.sql' => 'CREATE TABLE b ();', '2_b.down.sql' => 'DROP TABLE b;' };
foreach my $layout (qw(knex alembic rails django efcore typeorm ecto))
{
	my $project = "project => '$layout'";
	my $load = load_select($sql_only, layout => $layout, project => $layout);

	is($session->query($load), "1_a.sql|1|a|versioned|new\n2_b.up.sql|2|b|versioned|new", "$layout: SQL beside no program");
	is($session->query("SELECT version, state FROM migrate.apply($project)"), "1|applied\n2|applied", "$layout: it is applied");
	is($session->query("SELECT version, state FROM migrate.rollback(2, $project)"), "2|pending\n1|pending", "$layout: and rolled back");
}

# Rails: the dump of a schema alone.
my $dump = qq{CREATE TABLE users (id int);\nINSERT INTO "schema_migrations" (version) VALUES\n('20230101000000'),\n('0020230102000000');\n};
is( $session->query('SELECT version, name, result FROM ' . load_call({ 'db/structure.sql' => $dump }, layout => 'auto', project => 'dump')),
	'20230102000000|structure|new', 'rails: a dump alone');
is( $session->query("SELECT identity, (SELECT body FROM migrate.script WHERE checksum = m.up) = '" . ($dump =~ s/'/''/gr) . "' FROM migrate.migration m WHERE project = 'dump'"),
	'20230102000000|t', 'rails: as it is');
load_fails($session, 'rails', { 'structure.sql' => 'SELECT 1' }, qr/^ERROR:  22023: file "structure\.sql" does not say which migrations it contains\nHINT:  Write it anew/m,
	'a dump without versions');
load_fails($session, 'rails', { '1_a.rb' => '', '01_b.rb' => '' }, qr/^ERROR:  42710: files "01_b\.rb" and "1_a\.rb" have the same version "1"$/m,
	'one version twice');
load_fails($session, 'rails', { '1_a.rb' => '', '1_a.sql' => 'SELECT 1' }, qr/^ERROR:  42710: files "1_a\.rb" and "1_a\.sql" have the same version "1"$/m,
	'a program and the SQL made of it');
load_fails($session, 'ecto', { ('1' x 10000) . '_a.exs' => '' }, qr/^ERROR:  22023: version has a number of more than 9999 digits\nHINT:  .+\nCONTEXT:  file "1/m,
	'a very long number');

# Knex
load_fails($session, 'knex', { '1_a.js' => '', '1_a.ts' => '' }, qr/^ERROR:  42710: files "1_a\.js" and "1_a\.ts" have the same version "1"$/m,
	'the same in two languages');

# Alembic
load_fails($session, 'alembic', { 'a.py' => "revision = 'a'\ndown_revision = None\n", 'b.py' => "\nrevision = 'b'\n\ndown_revision = (\n  'a',\n  'x')\n" },
	qr/^ERROR:  42704: migration "b" needs "x", which no file defines\nHINT:  Load the directory with all files of the project\.\nCONTEXT:  line 6 of file "b\.py"$/m,
	'a revision that is not there');
load_fails($session, 'alembic', { 'a.py' => "revision = 'abc'\ndown_revision = None\n", 'b.py' => "revision = 'b'\ndown_revision = 'ab'\n" },
	qr/^ERROR:  42704: migration "b" needs "ab"/m, 'down_revision is no abbreviation');
load_fails($session, 'alembic', { 'a.py' => "revision = 'a'\ndown_revision = 'b'\n", 'b.py' => "revision = 'b'\ndown_revision = 'a'\n" },
	qr/^ERROR:  22023: migrations "b" and "a" need each other$/m, 'a circle');
load_fails($session, 'alembic', { 'a.py' => "revision = 'a'\ndown_revision = 'a'\n" }, qr/^ERROR:  22023: migrations "a" and "a" need each other$/m,
	'the smallest circle');
load_fails($session, 'alembic', { 'a.py' => "revision = 'a'\ndown_revision = None\n", 'b.py' => "revision = 'a'\ndown_revision = None\n" },
	qr/^ERROR:  42710: files "a\.py" and "b\.py" are the same migration "a"$/m, 'a revision twice');
load_fails($session, 'alembic', { 'a.py' => "revision = 'a'\n\ndown_revision = PREVIOUS\n" },
	qr/^ERROR:  22023: the value of "down_revision" is not a constant\nHINT:  .*\nCONTEXT:  line 3 of file "a\.py"$/m, 'a variable');
load_fails($session, 'alembic', { 'versions/a.py' => 'x = 1' }, qr/^ERROR:  22023: file "versions\/a\.py" does not say its revision$/m, 'no revision');

# Django
load_fails($session, 'django', { 'migrations/0001_a.py' => "class Migration(migrations.Migration):\n    dependencies = []\n" },
	qr/^ERROR:  22023: file "migrations\/0001_a\.py" does not say which application it belongs to\nHINT:  Load a directory above/m, 'no application');
load_fails($session, 'django', { 'a/migrations/0001_a.py' => 'x = 1' }, qr/^ERROR:  22023: file "a\/migrations\/0001_a\.py" has no class Migration$/m,
	'no class');
load_fails($session, 'django', { 'a/migrations/0001_a.py' => "class Migration(migrations.Migration):\n    dependencies = [\n        ('a', '0000_x'),\n    ]\n" },
	qr/^ERROR:  42704: migration "a\.0001_a" needs "a\.0000_x", which no file defines\n.*\nCONTEXT:  line 3 of file "a\/migrations\/0001_a\.py"$/m,
	'a dependency that is not there');
load_fails($session, 'django', { 'a/migrations/0001_a.py' => "class Migration(migrations.Migration):\n    dependencies = [('a', NAME)]\n" },
	qr/^ERROR:  22023: the value of "dependencies" is not a constant\n/m, 'a variable');

# TypeORM
load_fails($session, 'typeorm', { '1700000000000-A.ts' => 'export class A implements MigrationInterface {}' },
	qr/^ERROR:  22023: file "1700000000000-A\.ts" has no class whose name ends in the 13 digits of a time$/m, 'a class without a time');

# Texts that are no programs are read to their end and no further.
foreach my $layout (qw(knex alembic rails django efcore typeorm ecto))
{
	foreach my $text ('', "\x{ef}\x{bb}\x{bf}", "down_revision", "revision = '''", "revision =\ndown_revision", "class Migration(", "class Migration:\n dependencies = [(",
		"class Migration:\n dependencies = [('a', 'b'", "revision = \\", "'\\", '"""', "down_revision: (((", 'class ', "class A1700000000000\nname = '", 'x' x 100000,
		"# down_revision\r\nrevision = 'r'\r\n")
	{
		my %files = map { $_ => $text } 'a/migrations/0001_a.py', 'b.py', '1700000000000-A.ts', '1_a.js', '20240101000000_A.cs', '2_a.exs', '3_a.rb';

		load_rows($session, \%files, layout => $layout, project => 'noise');
	}
	is($session->query('SELECT 1'), '1', "$layout: noise");
}

# A long chain, from its end.
$session->query(<<'SQL');
CREATE TABLE chain AS SELECT array_agg(format('%s.py', 10000 - i)) AS paths,
  array_agg(format(E'revision = ''r%s''\ndown_revision = %s\n', i, CASE WHEN i = 1 THEN 'None' ELSE format('''r%s''', i - 1) END) ORDER BY i DESC) AS contents
FROM generate_series(1, 5000) AS i
SQL
my (undef, $messages) = $session->query("SELECT load.* FROM chain, migrate.load(paths, contents, layout => 'alembic', project => 'chain') AS load");
like($messages, qr/^ERROR:  0A000: 5000 files are not SQL/m, 'alembic: 5,000 revisions, one after the other');

$session->quit;
$node->stop;
done_testing();
