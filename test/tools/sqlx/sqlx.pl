use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'sqlx',
	by_hand => 1,
	version => 'psql --version',
	directory => 'migrations',
	first => 'psql -qX -v ON_ERROR_STOP=1 -f migrations/20240105091500_customers.sql -f migrations/20240212100000_orders.sql -f migrations/20240301120000_orders_by_customer.sql',
	all => 'psql -qX -v ON_ERROR_STOP=1 -f migrations/20240105091500_customers.sql -f migrations/20240212100000_orders.sql -f migrations/20240301120000_orders_by_customer.sql -f migrations/20240415080000_order_lines.sql -f migrations/20240502000000_order_lines_by_amount.sql',
	history => ['public._sqlx_migrations'],
	times => 'SELECT installed_on FROM _sqlx_migrations',
	no_down => 1,
	edits => [ [ 'migrations/20240212100000_orders.sql', 'status text', 'status varchar', '20240212100000' ] ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|20240105091500|customers|new
versioned|20240212100000|orders|new
versioned|20240301120000|orders by customer|new
versioned|20240415080000|order lines|new
versioned|20240502000000|order lines by amount|new
TEXT
20240105091500|customers|adopted
20240212100000|orders|adopted
20240301120000|orders by customer|adopted
20240415080000|order lines|pending
20240502000000|order lines by amount|pending
TEXT
20240415080000|order lines|applied
20240502000000|order lines by amount|applied
TEXT
