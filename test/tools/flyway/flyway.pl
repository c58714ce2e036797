use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'flyway',
	by_hand => 1,
	version => 'psql --version',
	directory => 'sql',
	first => 'psql -qX -v ON_ERROR_STOP=1 -f sql/V1__customers.sql -f sql/V2_1__orders.sql -f sql/V3__orders_by_customer.sql -f sql/R__open_orders.sql',
	all => 'psql -qX -v ON_ERROR_STOP=1 -f sql/V1__customers.sql -f sql/V2_1__orders.sql -f sql/V3__orders_by_customer.sql -f sql/R__open_orders.sql -f sql/V10__order_lines.sql -f sql/V11__order_lines_by_amount.sql',
	history => ['public.flyway_schema_history'],
	times => 'SELECT installed_on::timestamptz FROM flyway_schema_history',
	no_down => 1,
	edits => [ [ 'sql/V2_1__orders.sql', 'status text', 'status varchar', '2.1' ] ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|1|customers|new
versioned|2.1|orders|new
versioned|3|orders by customer|new
versioned|10|order lines|new
versioned|11|order lines by amount|new
repeatable||open orders|new
TEXT
1|customers|adopted
2.1|orders|adopted
3|orders by customer|adopted
10|order lines|pending
11|order lines by amount|pending
|open orders|adopted
TEXT
10|order lines|applied
11|order lines by amount|applied
TEXT
