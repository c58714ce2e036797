use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'golang-migrate',
	by_hand => 1,
	version => 'psql --version',
	directory => 'migrations',
	first => 'psql -qX -v ON_ERROR_STOP=1 -f migrations/000001_customers.up.sql -f migrations/2_orders.up.sql -f migrations/000003_orders_by_customer.up.sql',
	all => 'psql -qX -v ON_ERROR_STOP=1 -f migrations/000001_customers.up.sql -f migrations/2_orders.up.sql -f migrations/000003_orders_by_customer.up.sql -f migrations/000010_order_lines.up.sql -f migrations/000011_order_lines_by_amount.up.sql',
	history => ['public.schema_migrations'],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|000001|customers|new
versioned|2|orders|new
versioned|000003|orders_by_customer|new
versioned|000010|order_lines|new
versioned|000011|order_lines_by_amount|new
TEXT
000001|customers|adopted
2|orders|adopted
000003|orders_by_customer|adopted
000010|order_lines|pending
000011|order_lines_by_amount|pending
TEXT
000010|order_lines|applied
000011|order_lines_by_amount|applied
TEXT
