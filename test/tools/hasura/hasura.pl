use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;
use Test::More;

# Hasura's metadata are in another database: two columns of its row are enough.
sub metadata_elsewhere
{
	my ($node) = @_;
	my $dir = new_project('elsewhere');
	my $row = $node->safe_psql('first', 'SELECT hasura_uuid, quote_literal(cli_state) FROM hdb_catalog.hdb_version');
	my ($uuid, $state) = split /\|/, $row, 2;

	$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
	$node->safe_psql('elsewhere', "CREATE TABLE hasura AS SELECT '$uuid'::uuid AS hasura_uuid, CAST($state AS jsonb) AS cli_state");
	my (undef, $adopted) = adopt_first_half($dir, 'elsewhere');
	like($adopted, qr/^(\d+\|\w+\|adopted\n){3}(\d+\|\w+\|pending\n){2}\z/, 'metadata in another database');
	return;
}

switch_over(
	name => 'hasura',
	by_hand => 1,
	version => 'psql --version',
	directory => 'migrations',
	first => 'for d in migrations/default/170*; do psql -qX -v ON_ERROR_STOP=1 -f $d/up.sql; done',
	all => 'for d in migrations/default/*; do psql -qX -v ON_ERROR_STOP=1 -f $d/up.sql; done',
	history => ['schema hdb_catalog'],
	more => \&metadata_elsewhere,
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|1704445200000|customers|new
versioned|1707732000000|orders|new
versioned|1709294400000|orders_by_customer|new
versioned|1713168000000|order_lines|new
versioned|1714608000000|order_lines_by_amount|new
TEXT
1704445200000|customers|adopted
1707732000000|orders|adopted
1709294400000|orders_by_customer|adopted
1713168000000|order_lines|pending
1714608000000|order_lines_by_amount|pending
TEXT
1713168000000|order_lines|applied
1714608000000|order_lines_by_amount|applied
TEXT
