use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'diesel',
	by_hand => 1,
	version => 'psql --version',
	directory => 'migrations',
	first => 'for d in migrations/0* migrations/2024-0[123]-*; do psql -qX -v ON_ERROR_STOP=1 -f $d/up.sql; done',
	all => 'for d in migrations/*; do psql -qX -v ON_ERROR_STOP=1 -f $d/up.sql; done',
	history => ['public.__diesel_schema_migrations'],
	times => 'SELECT run_on::timestamptz FROM __diesel_schema_migrations',
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|00000000000000|diesel_initial_setup|new
versioned|20240105091500|customers|new
versioned|20240212100000|orders|new
versioned|20240301120000|orders_by_customer|new
versioned|20240415080000|order_lines|new
versioned|20240502000000|order_lines_by_amount|new
TEXT
00000000000000|diesel_initial_setup|adopted
20240105091500|customers|adopted
20240212100000|orders|adopted
20240301120000|orders_by_customer|adopted
20240415080000|order_lines|pending
20240502000000|order_lines_by_amount|pending
TEXT
20240415080000|order_lines|applied
20240502000000|order_lines_by_amount|applied
TEXT
