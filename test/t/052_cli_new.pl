# pg_migrate new: the files of a new migration in the directories of all tools.
# What it writes, the server reads as the next migration of that directory.

use strict;
use warnings FATAL => 'all';

use lib 'test/perl';
use MigrateCli;
use PostgreSQL::Test::Utils;
use Test::More;

# The new paths in a directory after "new", with stamps masked.
sub new_in
{
	my ($dir, @options) = @_;
	my ($status, $out, $err) = cli('new', 'Add users!', $dir, @options);

	is($status, 0, "new @options") or return $err;
	foreach my $path (split /\n/, $out)
	{
		ok(-s $path, "$path is written");
	}
	$out =~ s/^\Q$dir\E\///mg;
	$out =~ s/\b\d{4}-\d\d-\d\d-\d{6}_/<dashes>_/g;
	$out =~ s/(?<!\d)2\d{16}(?!\d)/<ms>/g;
	$out =~ s/(?<!\d)2\d{13}(?!\d)/<time>/g;
	$out =~ s/(?<!\d)1\d{12}(?!\d)/<epoch>/g;
	return join(' ', split(/\n/, $out));
}

# an empty directory, each layout
my %first = (
	'native' => '<time>_Add_users.sql',
	'atlas' => '<time>_Add_users.sql',
	'dbmate' => '<time>_Add_users.sql',
	'diesel' => '<dashes>_Add_users/up.sql <dashes>_Add_users/down.sql',
	'flyway' => 'V<time>__Add_users.sql',
	'golang-migrate' => '<time>_Add_users.up.sql <time>_Add_users.down.sql',
	'goose' => '<time>_Add_users.sql',
	'hasura' => '<epoch>_Add_users/up.sql <epoch>_Add_users/down.sql',
	'liquibase' => '<time>_Add_users.sql',
	'node-pg-migrate' => '<epoch>_Add-users.sql',
	'postgrator' => '001.do.Add-users.sql 001.undo.Add-users.sql',
	'postgres-migrations' => '0001_Add_users.sql',
	'prisma' => '<time>_Add_users/migration.sql',
	'refinery' => 'V1__Add_users.sql',
	'sql-migrate' => '<time>-Add_users.sql',
	'sqlx' => '<time>_Add_users.sql',
	'tern' => '001_Add_users.sql');
foreach my $layout (sort keys %first)
{
	is(new_in(files(), "--layout=$layout"), $first{$layout}, "$layout: the first");
}
is(new_in(files()), '<time>_Add_users.sql', 'the first, of ours');

# a directory that says by itself how it goes on
my @going_on = (
	[ 'numbers', { '001_a.sql' => 'SELECT 1', '009_b.sql' => 'SELECT 1' }, '010_Add_users.sql' ],
	[ 'numbers that get longer', { '9_a.sql' => 'SELECT 1' }, '10_Add_users.sql' ],
	[ 'pairs', { '000099_a.up.sql' => 'SELECT 1', '000099_a.down.sql' => 'SELECT 1' }, '000100_Add_users.up.sql 000100_Add_users.down.sql' ],
	[ 'sections', { '1_a.sql' => "-- migrate:up\n-- migrate:down\n" }, '2_Add_users.sql' ],
	[ 'epoch seconds', { '1700000000_a.sql' => 'SELECT 1' }, undef ],
	[ '17 digits', { '20240101120000123_a.sql' => "-- Up Migration\n" }, '<ms>_Add-users.sql' ],
	[ '13 digits', { '1700000000000_a.sql' => "-- Up Migration\n" }, '<epoch>_Add-users.sql' ],
	[ 'time stamps of the future', { '29990101120009_a.sql' => 'SELECT 1' }, '<time>_Add_users.sql' ],
	[ 'flyway', { 'V1__a.sql' => 'SELECT 1', 'V1.9__b.sql' => 'SELECT 1' }, 'V1.10__Add_users.sql' ],
	[ 'flyway with undo', { 'V1__a.sql' => 'SELECT 1', 'U1__a.sql' => 'SELECT 1' }, 'V2__Add_users.sql U2__Add_users.sql' ],
	[ 'prisma', { 'migration_lock.toml' => 'x', '20240101120000_a/migration.sql' => 'SELECT 1' }, '<time>_Add_users/migration.sql' ],
	[ 'diesel', { '2024-01-01-120000_a/up.sql' => 'SELECT 1', '2024-01-01-120000_a/down.sql' => 'SELECT 1' }, '<dashes>_Add_users/up.sql <dashes>_Add_users/down.sql' ],
	[ 'hasura', { '1700000000000_a/up.sql' => 'SELECT 1' }, '<epoch>_Add_users/up.sql <epoch>_Add_users/down.sql' ],
	[ 'goose', { '00009_a.sql' => "-- +goose Up\n" }, '00010_Add_users.sql' ],
	[ 'tern', { '001_a.sql' => "SELECT 1;\n---- create above / drop below ----\n" }, '002_Add_users.sql' ],
	[ 'postgrator', { '001.do.a.sql' => 'SELECT 1', '001.undo.a.sql' => 'SELECT 1' }, '002.do.Add-users.sql 002.undo.Add-users.sql' ]);
foreach my $case (@going_on)
{
	my ($name, $files, $expected) = @$case;
	my $got = new_in(files(%$files));

	$expected //= ($got =~ /^(\d{10}_Add_users\.sql)$/)[0];
	is($got, $expected, "going on with $name");
}

# texts
my $dir = files('1_a.sql' => "-- +goose Up\n");
my (undef, $out) = cli('new', 'b', $dir);
chomp $out;
like(slurp_file($out), qr/\A-- \+goose Up\n\n+-- \+goose Down\n/, 'sections of the layout');
cli_is([ 'new', 'c', $dir, '--layout=liquibase' ], 3, undef, qr/^pg_migrate: error: \Q$dir\E: its files are not in layout "liquibase"\n *hint: Leave out --layout /m, 'a layout that is not that of the directory');
is(join(' ', sort map { s{.*/}{}r } glob "$dir/*"), '1_a.sql 2_b.sql', 'nothing is written');
$dir = files('1_a.sql' => 'SELECT 1');
cli('new', 'c', $dir, '--layout=liquibase');
like(slurp_file("$dir/2_c.sql"), qr/\A--liquibase formatted sql\n\n--changeset \S+:2_c\n/, 'a layout that is asked for');

# which layouts may follow which
my %follow = (
	'1_a.sql' => { 'SELECT 1' => 'dbmate goose native sqlx tern', "-- migrate:up\n" => 'dbmate native', "-- +goose Up\n" => 'goose' },
	'1_a.up.sql' => { 'SELECT 1' => 'golang-migrate native sqlx' },
	'V1__a.sql' => { 'SELECT 1' => 'flyway refinery' },
	'1_a/migration.sql' => { 'SELECT 1' => 'prisma' },
	'1_a.rb' => { '' => 'native' });
foreach my $path (sort keys %follow)
{
	foreach my $text (sort keys %{ $follow{$path} })
	{
		my @fit = grep { (cli('new', 'x', files($path => $text), "--layout=$_"))[0] == 0 } qw(dbmate flyway goose golang-migrate native prisma refinery sqlx tern);

		is(join(' ', sort @fit), $follow{$path}{$text}, "what may follow $path: " . $text =~ s/\n//r);
	}
}

# where nothing can be written
$dir = files('1_a.sql' => 'SELECT 1');
chmod 0555, $dir;
SKIP:
{
	skip 'root may write everywhere', 1 if $> == 0;
	cli_is([ 'new', 'y', $dir ], 3, undef, qr/Permission denied/, 'a directory that cannot be written');
}
chmod 0755, $dir;

cli_is([ 'new', 'x', files('sqitch.plan' => '%project=x') ], 3, undef, qr/sqitch: .*"sqitch add"/, 'sqitch writes its own');
cli_is([ 'new', 'x', files('meta/_journal.json' => '{}') ], 3, undef, qr/drizzle-kit generate/, 'and so does drizzle');
cli_is([ 'new', 'x', files('committed/000001.sql' => '') ], 3, undef, qr/graphile-migrate commit/, 'and graphile-migrate');
cli_is([ 'new', 'x', files(), '--layout=what' ], 2, undef, qr/unknown layout "what"/, 'a layout that is none');
cli_is([ 'new', '!!', files() ], 2, undef, qr/has no letter or digit/, 'a name that is none');

# the usual directory
chdir(files()) or die $!;
cli_is([ 'new', 'x' ], 2, undef, qr/give a DIR/, 'no directory');
mkdir 'db';
mkdir 'db/migrations';
cli_is([ 'new', 'x' ], 0, qr{^db/migrations/\d{14}_x\.sql$}, undef, 'the usual directory');
cli_is([ 'new', 'x/../y', 'not/there', '--json' ], 0, qr{^\[\{"path": "not/there/\d{14}_x_y\.sql"\}\]$}, undef, 'a directory that is not there is made; a path in a name is none');

done_testing();
