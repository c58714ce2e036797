use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;
use Test::More;

# Liquibase 4.4.0 records checksums of version 8.  It knows no quoted names and
# takes the rollback block behind such a one for SQL.
sub try_old_checksums
{
	my ($node) = @_;
	my $dir = new_project('old');

	edit("$dir/changelog/customers.sql", qr/\n--changeset "Bob B".*/s, '');
	$node->safe_psql('postgres', 'CREATE DATABASE old');
	my ($status, $out) = run_in($dir, 'old', join ' ',
		'modules=$(realpath node_modules)/liquibase-4.4/dist;', 'sh $modules/liquibase/liquibase',
		'--classpath=$(echo $modules/drivers/postgresql-*.jar):.',
		'--changeLogFile=changelog.xml --contexts=prod --username=postgres --password=none',
		'--url=$LIQUIBASE_COMMAND_URL update');
	is($status, 0, 'version 4.4.0 runs') or diag($out);
	is(rows('old', "SELECT DISTINCT left(md5sum, 2) FROM databasechangelog"), "8:\n", 'its checksums are of version 8');
	my (undef, $adopted) = adopt_first_half($dir, 'old');
	is($adopted, <<'TEXT', 'and are verified');
changelog/customers.sql::1::ann|the first table|adopted
changelog/customers.sql::2::ann||adopted
changelog/orders.sql::1::bob||adopted
changelog/orders.sql::2::bob||adopted
changelog/2024/01_order_lines.sql::1::ann||adopted
changelog/2024/02_plain.sql::raw::includeAll||adopted
changelog/2024/03_more.sql::index::ann||adopted
changelog/2024/03_more.sql::check::ann||adopted
|changelog/orders.sql::view::bob|adopted
TEXT
	$node->safe_psql('postgres', 'CREATE DATABASE old_edited TEMPLATE old');
	edit("$dir/changelog/orders.sql", 'a ; in a text', 'another text');
	$node->safe_psql('old_edited', 'DROP EXTENSION migrate');
	(undef, $adopted) = adopt_first_half($dir, 'old_edited');
	is(join(' ', $adopted =~ /^(.*)\|differs$/mg), 'changelog/orders.sql::1::bob|', 'an edited one differs');
	return;
}

switch_over(
	name => 'liquibase',
	bin => 'liquibase/dist/liquibase',
	version => 'liquibase --version | grep "^Liquibase Version"',
	directory => '.',
	env => {
		LIQUIBASE_COMMAND_URL => 'jdbc:postgresql://%HOST%:%PORT%/%DATABASE%',
		LIQUIBASE_COMMAND_USERNAME => 'postgres',
		LIQUIBASE_COMMAND_PASSWORD => 'none',
		LIQUIBASE_SHOW_BANNER => 'false',
		LIQUIBASE_HEADLESS => 'true',
		LIQUIBASE_LOG_LEVEL => 'off',
	},
	all => 'liquibase update',
	first => 'liquibase update-count 6',
	history => [ 'public.databasechangelog', 'public.databasechangeloglock' ],
	variables => '{"liquibase:contexts": "prod"}',
	times => 'SELECT dateexecuted::timestamptz FROM databasechangelog',
	more => \&try_old_checksums,
	down => [ 2, 'liquibase rollback-count 2' ],
	edits => [ [ 'changelog/orders.sql', 'a ; in a text', 'another text', 'changelog/orders.sql::1::bob' ] ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|changelog/customers.sql::1::ann|the first table|new
versioned|changelog/customers.sql::2::ann||new
versioned|changelog/customers.sql::a name, with blanks::Bob B||new
versioned|changelog/orders.sql::1::bob||new
versioned|changelog/orders.sql::2::bob||new
versioned|changelog/2024/01_order_lines.sql::1::ann||new
versioned|changelog/2024/02_plain.sql::raw::includeAll||new
versioned|changelog/2024/03_more.sql::index::ann||new
versioned|changelog/2024/03_more.sql::check::ann||new
repeatable||changelog/orders.sql::view::bob|new
|||ignored
TEXT
changelog/customers.sql::1::ann|the first table|adopted
changelog/customers.sql::2::ann||adopted
changelog/customers.sql::a name, with blanks::Bob B||adopted
changelog/orders.sql::1::bob||adopted
changelog/orders.sql::2::bob||adopted
changelog/2024/01_order_lines.sql::1::ann||pending
changelog/2024/02_plain.sql::raw::includeAll||pending
changelog/2024/03_more.sql::index::ann||pending
changelog/2024/03_more.sql::check::ann||pending
|changelog/orders.sql::view::bob|adopted
TEXT
changelog/2024/01_order_lines.sql::1::ann||applied
changelog/2024/02_plain.sql::raw::includeAll||applied
changelog/2024/03_more.sql::index::ann||applied
changelog/2024/03_more.sql::check::ann||applied
TEXT
