# The way from another tool to here, with the files of each: the first of them
# have run, the tool's own table says so, adopt() takes that over, apply() runs
# the rest.  The rows are made of the files by what each tool does, not by what
# ours thinks of it, so that readers and queries must fit together.

use strict;
use warnings;

use Compress::Zlib ();
use Cwd;
use Digest::MD5 'md5_hex';
use Digest::SHA qw(sha1_hex sha256_hex sha384_hex);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('switch', conf => "timezone = 'UTC'\n");
my $root = Cwd::abs_path("$FindBin::RealBin/../layouts");
my $databases = 0;

$node->safe_psql('postgres', 'CREATE DATABASE template_switch');
$node->safe_psql('template_switch', 'CREATE EXTENSION migrate');
# a script of graphile-migrate's grants to it
$node->safe_psql('postgres', 'CREATE ROLE visitor');

sub quote
{
	my ($value) = @_;

	return 'NULL' unless defined $value;
	return q{'} . ($value =~ s/'/''/gr) . q{'};
}

# SipHash-1-3 with a key of zeros, as Rust hashes.
sub siphash13
{
	my ($data) = @_;
	no warnings 'portable';
	my @v = (0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573);
	my $add = sub { use integer; return $_[0] + $_[1] };
	my $turn = sub { my ($x, $n) = @_; return ($x << $n | $x >> (64 - $n)) & 0xffffffffffffffff };
	my $round = sub {
		$v[0] = $add->($v[0], $v[1]) & 0xffffffffffffffff;
		$v[1] = $turn->($v[1], 13) ^ $v[0];
		$v[0] = $turn->($v[0], 32);
		$v[2] = $add->($v[2], $v[3]) & 0xffffffffffffffff;
		$v[3] = $turn->($v[3], 16) ^ $v[2];
		$v[0] = $add->($v[0], $v[3]) & 0xffffffffffffffff;
		$v[3] = $turn->($v[3], 21) ^ $v[0];
		$v[2] = $add->($v[2], $v[1]) & 0xffffffffffffffff;
		$v[1] = $turn->($v[1], 17) ^ $v[2];
		$v[2] = $turn->($v[2], 32);
	};
	my $length = length $data;

	foreach my $word (unpack 'Q<*', $data . "\0" x (7 - $length % 8) . chr($length & 0xff))
	{
		$v[3] ^= $word;
		$round->();
		$v[0] ^= $word;
	}
	$v[2] ^= 0xff;
	$round->() foreach 1 .. 3;
	return sprintf '%u', $v[0] ^ $v[1] ^ $v[2] ^ $v[3];
}

# Flyway's: of the lines without their ends, as a signed number.
sub crc_of_lines
{
	my ($text) = @_;

	$text =~ s/^\xef\xbb\xbf//;
	$text =~ s/\r\n?|\n//g;
	return unpack 'l', pack 'L', Compress::Zlib::crc32($text);
}

# Sqitch's IDs, of each change of a plan, in order.
sub sqitch_ids
{
	my ($plan) = @_;
	my ($project) = $plan =~ /^%project=(.*)$/m;
	my ($uri) = $plan =~ /^%uri=(.*)$/m;
	my ($parent, @changes);

	foreach my $line (grep { /^[^%@\s]/ } split /\n/, $plan)
	{
		my ($change, undef, $needs, $time, $planner, $note) =
		  $line =~ /^(\S+) (\[([^]]*)\] )?(\S+Z) ([^#]*>) # (.*)$/ or die $line;
		my @requires = grep { !/^!/ } split / /, $needs // '';
		my @conflicts = map { s/^!//r } grep { /^!/ } split / /, $needs // '';
		my $info = join "\n", "project $project", "uri $uri", "change $change",
		  ($parent ? "parent $parent" : ()), "planner $planner", "date $time",
		  (@requires ? ('requires', map { "  + $_" } @requires) : ()),
		  (@conflicts ? ('conflicts', map { "  - $_" } @conflicts) : ());

		$note =~ s/\\([n\\])/$1 eq 'n' ? "\n" : '\\'/ge;
		$info .= "\n\n$note";
		$parent = sha1_hex('change ' . length($info) . "\0$info");
		push @changes, [ $parent, $change ];
	}
	return @changes;
}

# One way.  'ran': the paths of what has run, in the order of the history;
# 'target': the last of them; 'rows': what the tool writes for one, given its
# number, path and text; or 'row': all that it writes.  'refused': load() itself
# sees that a file was edited.
sub switch
{
	my ($tool, %way) = @_;
	my $directory = $way{directory} // $tool;
	my $database = 'switch_' . ++$databases;
	my %files = layout_files($directory);
	my $variables = quote($way{variables} // '{}');
	my $name = $directory;
	my $load = "migrate.load('$root/$directory', '%s', variables => $variables)";
	my $said = "SELECT replace(s.path, '$root/$directory/', ''), a.result FROM"
	  . ' (SELECT *, row_number() OVER () AS n FROM migrate.adopt(%s)) a FULL JOIN (SELECT version, name, path, row_number() OVER () AS n'
	  . ' FROM migrate.status()) s ON a.n = s.n AND a.name = s.name AND a.version IS NOT DISTINCT FROM s.version ORDER BY a.n';
	my %ran = map { $_ => 1 } @{ $way{ran} };
	my ($expected, $messages, $out);
	my $number = 0;

	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template_switch");
	# the tool's part of the work
	$node->safe_psql($database, 'SELECT count(*) FROM ' . sprintf($load, $tool) . '; SELECT count(*) FROM migrate.apply(' . quote($way{target}) . ')');
	is_sql($node, $database, "SELECT string_agg(replace(path, '$root/$directory/', ''), ' ' ORDER BY path) FROM (SELECT DISTINCT path FROM migrate.status() WHERE state = 'applied') s",
		join(' ', sort keys %ran), "$name: what has run");
	$node->safe_psql($database, 'DROP EXTENSION migrate; CREATE EXTENSION migrate');
	$node->safe_psql($database, "$way{tables};\n"
		  . ($way{row} ? ref $way{row} ? $way{row}->(\%files) : $way{row}
			: join(";\n", map { $way{rows}->(++$number, $_, $files{$_}) } @{ $way{ran} })));

	# and ours
	$node->psql($database, 'SELECT count(*) FROM ' . sprintf($load, $way{layout} // 'auto'), stderr => \$messages);
	like($messages, qr/NOTICE:  the files are read in layout "$tool"/, "$name: is detected") unless $way{layout};
	$expected = $node->safe_psql($database, "SELECT replace(path, '$root/$directory/', '') FROM migrate.status()");
	$expected = join "\n", map { $_ . '|' . ($ran{$_} ? 'adopted' : 'pending') } split /\n/, $expected;
	$node->psql($database, sprintf($said, ''), stdout => \$out, stderr => \$messages);
	is($out, $expected, "$name: what ran is adopted");
	like($messages, qr/, 0 failed or partial, 0 missing, 0 of another text\./, "$name: its rows and checksums fit");
	is_sql($node, $database, "SELECT string_agg(replace(path, '$root/$directory/', ''), ' ' ORDER BY id) FROM migrate.history JOIN (SELECT DISTINCT version, name, path FROM migrate.status()) s USING (name) WHERE history.version IS NOT DISTINCT FROM s.version",
		join(' ', @{ $way{ran} }), "$name: in the order of the history")
	  unless $way{no_order};
	is_sql($node, $database, "SELECT count(*) FROM migrate.apply()", scalar(grep { /pending/ } split /\n/, $expected), "$name: the rest runs");
	is_sql($node, $database, "SELECT DISTINCT state FROM migrate.status()", 'applied', "$name: all is applied");
	is($node->safe_psql($database, sprintf($said, '')), $expected =~ s/\|\w+$/|unchanged/gmr, "$name: adopted again");

	# another text of what ran
	$database = 'switch_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template_switch");
	$number = 0;
	$node->safe_psql($database, "$way{tables};\n"
		  . ($way{row} ? ref $way{row} ? $way{row}->(\%files) : $way{row}
			: join(";\n", map { $way{rows}->(++$number, $_, $files{$_}) } @{ $way{ran} })));
	my $changed = $way{changed} // $way{ran}[0];
	my $session = session($node, $database);

	$files{$changed} .= "\nSELECT 'changed';\n";
	(undef, $messages) = load_rows($session, \%files, quote($tool) . ", variables => $variables");
	if ($way{refused})
	{
		like($messages, $way{refused}, "$name: an edited file is refused");
		$session->quit;
		return;
	}
	$expected = join '', map { /^\Q$changed\E\|/ ? $_ : '' } split /^/, $expected;
	$expected =~ s/\n\z//;
	$out = join "\n", grep { /^\Q$changed\E\|/ } split /\n/, $node->safe_psql($database, sprintf($said, ''));
	is($out, $way{checked} ? $expected =~ s/\|adopted/|differs/gr : $expected, "$name: an edited file " . ($way{checked} ? 'is told' : 'cannot be told'));
	$session->quit;
	return;
}

sub try_switch { eval { switch(@_); 1 } or ok(0, "$_[0] died: $@"); }
my $position = 'CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)';

switch('golang-migrate',
	ran => [qw(000001_accounts.up.sql 2_orders.up.sql 10_orders_account.up.sql)],
	target => '10',
	tables => $position,
	row => 'INSERT INTO schema_migrations VALUES (10, false)');
switch('flyway',
	variables => '{"greeting": "Hello", "column": "email"}',
	ran => [qw(V1__create_people.sql V1_1__add_email.sql V2.0__index_concurrently.sql V003__leading_zeros.sql)],
	target => '003',
	checked => 1,
	tables => 'CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,'
	  . ' script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL)',
	rows => sub {
		my ($n, $path, $text) = @_;
		my ($version, $description) = $path =~ /^V(.*?)__(.*)\.sql$/;

		return "INSERT INTO flyway_schema_history VALUES ($n, '" . ($version =~ tr/_/./r) . "', '" . ($description =~ tr/_/ /r) . "', 'SQL', '$path', "
		  . crc_of_lines($text) . ", 'app', '2024-01-01 10:00:0$n', 1, true)";
	});
switch('sqlx',
	ran => [qw(1_accounts.sql 0002_add_orders_table.up.sql 10_orders_index.up.sql)],
	target => '10',
	checked => 1,
	tables => 'CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),'
	  . ' success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)',
	rows => sub {
		my ($n, $path, $text) = @_;
		my ($version) = $path =~ /^0*(\d+)/;

		return "INSERT INTO _sqlx_migrations VALUES ($version, '$path', '2024-01-01 10:00:0$n', true, '\\x" . sha384_hex($text) . "', 5)";
	});
switch('prisma',
	ran => [ map { "$_/migration.sql" } qw(0_init 20240102030405_add_posts 20240102030405_add_tags) ],
	target => '20240102030405_add_tags',
	checked => 1,
	tables => 'CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,'
	  . ' logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)',
	rows => sub {
		my ($n, $path, $text) = @_;
		my ($directory) = $path =~ m{^(.*)/};

		return "INSERT INTO _prisma_migrations VALUES ('$n', '" . sha256_hex($text) . "', '2024-01-01 10:00:0$n', '$directory', NULL, NULL, '2024-01-01 10:00:0$n', 1)";
	});
switch('dbmate',
	# it keeps no order
	no_order => 1,
	layout => 'dbmate',
	ran => [qw(0100-zeros.sql 1000_number.sql 100_text.sql)],
	target => '100',
	tables => 'CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)',
	rows => sub { return "INSERT INTO schema_migrations VALUES ('" . ($_[1] =~ s/\D.*//r) . "')"; });
switch('goose',
	variables => '{"SCHEMA": "public", "TABLE": "orders", "EMPTY": ""}',
	ran => [qw(00001_accounts.sql 2_functions.sql 10_index.sql)],
	target => '10',
	tables => 'CREATE TABLE goose_db_version (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now());'
	  . ' INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true)',
	rows => sub { return 'INSERT INTO goose_db_version (version_id, is_applied) VALUES (' . ($_[1] =~ s/\D.*//r) . ', true)'; });
switch('node-pg-migrate',
	ran => [qw(7_A.sql 7_a.sql 7_a10.sql 7_a-9.sql 0007_b.sql)],
	target => '0007_b',
	tables => 'CREATE TABLE pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)',
	rows => sub { return "INSERT INTO pgmigrations (name, run_on) VALUES ('" . ($_[1] =~ s/\.sql$//r) . "', '2024-01-01 10:00:0$_[0]')"; });
switch('graphile-migrate',
	variables => '{"VISITOR": "visitor"}',
	ran => [qw(committed/000001-users.sql committed/000002.sql committed/000003-index.sql)],
	target => '000003',
	refused => qr/^ERROR:  XX001: the text of committed migration "000001-users\.sql" is not that of its hash$/m,
	tables => 'CREATE SCHEMA graphile_migrate;'
	  . ' CREATE TABLE graphile_migrate.migrations (hash text PRIMARY KEY, previous_hash text REFERENCES graphile_migrate.migrations, filename text NOT NULL, date timestamptz NOT NULL DEFAULT now());'
	  . ' CREATE TABLE graphile_migrate.current (filename text PRIMARY KEY, content text NOT NULL, date timestamptz NOT NULL)',
	rows => sub {
		my ($n, $path, $text) = @_;
		my ($previous) = $text =~ /^--! Previous: (\S+)$/m;
		my ($body) = $text =~ /\A(?:--![^\n]*\n)+(.*)\z/s;
		my $hashed = ($previous eq '-' ? '' : $previous) . "\n" . $body =~ s/\A\s+//r;

		return sprintf "INSERT INTO graphile_migrate.migrations VALUES (%s, %s, '%s.sql')", quote('sha1:' . sha1_hex($hashed =~ s/\A\s+|\s+\z//gr . "\n")),
		  quote($previous eq '-' ? undef : $previous), $path =~ /(\d+)/;
	});
switch('sqitch',
	ran => [qw(deploy/schema.sql deploy/users@v1.1.sql deploy/tables/orders.sql deploy/emile.sql)],
	target => 'emile',
	checked => 1,
	tables => 'CREATE SCHEMA sqitch; CREATE TABLE sqitch.projects (project text PRIMARY KEY, uri text UNIQUE, created_at timestamptz NOT NULL DEFAULT now(), creator_name text NOT NULL, creator_email text NOT NULL);'
	  . ' CREATE TABLE sqitch.changes (change_id text PRIMARY KEY, script_hash text, change text NOT NULL, project text NOT NULL REFERENCES sqitch.projects, note text NOT NULL DEFAULT \'\','
	  . ' committed_at timestamptz NOT NULL, committer_name text NOT NULL, committer_email text NOT NULL, planned_at timestamptz NOT NULL, planner_name text NOT NULL,'
	  . ' planner_email text NOT NULL, UNIQUE(project, script_hash)); INSERT INTO sqitch.projects VALUES (\'shop\', NULL, now(), \'x\', \'x\')',
	row => sub {
		my ($files) = @_;
		my @changes = sqitch_ids($files->{'sqitch.plan'});
		my @paths = qw(deploy/schema.sql deploy/users@v1.1.sql deploy/tables/orders.sql deploy/emile.sql);

		return join ";\n", map {
			sprintf "INSERT INTO sqitch.changes VALUES ('%s', '%s', '%s', 'shop', '', '2024-01-01 10:00:0%d', 'Ann', 'ann\@example.com', now(), 'p', 'p')",
			  $changes[$_][0], sha1_hex($files->{ $paths[$_] }), $changes[$_][1], $_
		} 0 .. 3;
	});
switch('atlas',
	ran => [qw(20240101000000_create_users.sql 20240102000000.sql 20240103000000_index.sql)],
	target => '20240103000000',
	refused => qr/^ERROR:  XX001: checksum mismatch in "atlas\.sum": file "20240101000000_create_users\.sql" was edited$/m,
	tables => 'CREATE SCHEMA atlas_schema_revisions; CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (version varchar PRIMARY KEY, description varchar NOT NULL, type bigint NOT NULL DEFAULT 2,'
	  . ' applied bigint NOT NULL DEFAULT 0, total bigint NOT NULL DEFAULT 0, executed_at timestamptz NOT NULL, execution_time bigint NOT NULL, error text, error_stmt text, hash varchar NOT NULL, partial_hashes jsonb, operator_version varchar NOT NULL);'
	  . " INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES ('.atlas_cloud_identifier', 'x', 2, 0, 0, now(), 0, '', '', '', NULL, 'v0')",
	row => sub {
		my ($files) = @_;
		my $n = 0;
		my $chain = Digest::SHA->new(256);

		# each file's hash goes on with that of the files before it
		return join ";\n", map {
			my ($version, $description) = /^(\d+)_?(.*)\.sql$/;

			$chain->add($_, $files->{$_});
			sprintf "INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES ('%s', '%s', 2, 1, 1, '2024-01-01 10:00:0%d', 1, '', '', '%s=', NULL, 'v0')",
			  $version, $description, ++$n, $chain->clone->b64digest;
		} qw(20240101000000_create_users.sql 20240102000000.sql 20240103000000_index.sql);
	});
switch('diesel',
	ran => [ map { "$_/up.sql" } qw(00000000000000_diesel_initial_setup 2024-01-31-120000_create_users 20240201_index) ],
	target => '20240201',
	tables => 'CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY NOT NULL, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)',
	rows => sub { return "INSERT INTO __diesel_schema_migrations VALUES ('" . ($_[1] =~ s/_.*//r =~ s/-//gr) . "', '2024-01-01 10:00:0$_[0]')"; });
switch('refinery',
	ran => [qw(V1__initial.sql one/two/V2__add_cars_table.sql one/V3__add_brand_to_cars_table.sql)],
	target => '3',
	checked => 1,
	tables => 'CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255))',
	rows => sub {
		my ($n, $path, $text) = @_;
		my ($version, $name) = $path =~ m{V(\d+)__([^/]*)\.sql$};

		return "INSERT INTO refinery_schema_history VALUES ($version, '$name', '2024-01-01T10:00:0$n.5Z', '" . siphash13("$name\xff" . pack('l<', $version) . "$text\xff") . "')";
	});
my $drizzle = 'CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint';
switch('drizzle',
	ran => [qw(0000_brave_hulk.sql 0001_late_branch.sql)],
	target => '1706745700000',
	checked => 1,
	tables => "$drizzle)",
	rows => sub { return "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('" . sha256_hex($_[2]) . "', " . (1706745500000 + 100000 * $_[0]) . ')'; });
switch('drizzle',
	directory => 'drizzle_folders',
	ran => [ map { "$_/migration.sql" } qw(20240201000000_brave_hulk 20240202000000_a) ],
	target => '20240202000000_a',
	checked => 1,
	tables => "$drizzle, name text, applied_at timestamptz DEFAULT now())",
	rows => sub { return "INSERT INTO drizzle.__drizzle_migrations (hash, created_at, name) VALUES ('" . sha256_hex($_[2]) . "', 170674560000$_[0], '" . ($_[1] =~ s{/.*}{}r) . "')"; });
switch('tern',
	variables => '{"prefix": "shop"}',
	ran => [qw(001_accounts.sql 2_view.sql)],
	target => '2',
	tables => 'CREATE TABLE schema_version (version int4 NOT NULL PRIMARY KEY)',
	row => 'INSERT INTO schema_version VALUES (2)');
switch('sql-migrate',
	ran => [qw(1_accounts.sql 1_orders.sql 02-functions.sql)],
	target => '02-functions.sql',
	tables => 'CREATE TABLE gorp_migrations (id text NOT NULL PRIMARY KEY, applied_at timestamptz)',
	rows => sub { return "INSERT INTO gorp_migrations VALUES ('$_[1]', '2024-01-01 10:00:0$_[0]')"; });
switch('postgres-migrations',
	ran => [qw(00001_create-table.sql 2-add_column.sql)],
	target => '2',
	checked => 1,
	tables => 'CREATE TABLE migrations (id integer PRIMARY KEY, name varchar(100) UNIQUE NOT NULL, hash varchar(40) NOT NULL, executed_at timestamp DEFAULT current_timestamp);'
	  . q{ INSERT INTO migrations VALUES (0, 'create-migrations-table', 'e18db593bcde2aca2a408c4d1100f6abba2195df')},
	rows => sub { return "INSERT INTO migrations VALUES ($_[0], '" . ($_[1] =~ s/^\d+[-_]?|\.sql$//gr) . "', '" . sha1_hex("$_[1]$_[2]") . "', '2024-01-01 10:00:0$_[0]')"; });
switch('hasura',
	directory => 'hasura/default',
	ran => [qw(200_early.name/up.sql 0000000000300_flat.up.sql)],
	target => '300',
	tables => 'CREATE SCHEMA hdb_catalog; CREATE TABLE hdb_catalog.hdb_version (hasura_uuid uuid PRIMARY KEY, version text NOT NULL, upgraded_on timestamptz NOT NULL, cli_state jsonb NOT NULL, console_state jsonb NOT NULL)',
	row => q(INSERT INTO hdb_catalog.hdb_version VALUES (gen_random_uuid(), '48', now(), '{"settings": {}, "migrations": {"default": {"200": false, "300": false}}, "isStateCopyCompleted": true}', '{}')));
switch('postgrator',
	ran => [qw(001.do.sql 2.do.add-column.sql)],
	target => '2',
	checked => 1,
	tables => 'CREATE TABLE schemaversion (version bigint PRIMARY KEY, name text, md5 text, run_at timestamptz); INSERT INTO schemaversion (version) VALUES (0)',
	rows => sub { return "INSERT INTO schemaversion VALUES ($_[0], '', '" . md5_hex($_[2]) . "', '2024-01-01 10:00:0$_[0]')"; });
my $changelog = 'CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL, filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL, orderexecuted int NOT NULL, exectype varchar(10) NOT NULL,'
  . ' md5sum varchar(35), description varchar(255), comments varchar(255), tag varchar(255), liquibase varchar(20), contexts varchar(255), labels varchar(255), deployment_id varchar(10));'
  . ' CREATE TABLE databasechangeloglock (id int PRIMARY KEY, locked boolean NOT NULL, lockgranted timestamp, lockedby varchar(255)); INSERT INTO databasechangeloglock VALUES (1, false, NULL, NULL)';
# the sums are those that Liquibase has for these changesets: see t/066
switch('liquibase',
	directory => 'liquibase-directory',
	ran => [qw(v1/001.sql v1/002.sql)],
	target => 'v1/002.sql::raw::includeAll',
	checked => 1,
	tables => $changelog,
	row => q{INSERT INTO databasechangelog VALUES ('1', 'me', 'v1/001.sql', '2024-01-01 10:00:00', 1, 'EXECUTED', '9:60b882c70148937b83c1c14e6cbd9183'),}
	  . q{ ('raw', 'includeAll', 'v1/002.sql', '2024-01-01 10:00:00', 2, 'EXECUTED', '8:2e65fabf0780c8c68dfcd38e329da554')});

$node->stop;
done_testing();
