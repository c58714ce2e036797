use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'refinery',
	by_hand => 1,
	version => 'psql --version',
	directory => 'migrations',
	first => 'for f in migrations/V[123]__*; do psql -qX -v ON_ERROR_STOP=1 -f $f; done',
	all => 'for f in migrations/V[123]__* migrations/U10__* migrations/V11__*; do psql -qX -v ON_ERROR_STOP=1 -f $f; done',
	history => ['public.refinery_schema_history'],
	times => 'SELECT applied_on::timestamptz FROM refinery_schema_history',
	no_down => 1,
	edits => [ [ 'migrations/V2__orders.sql', 'status text', 'status varchar', '2' ] ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|1|customers|new
versioned|2|orders|new
versioned|3|orders_by_customer|new
versioned|10|order_lines|new
versioned|11|order_lines_by_amount|new
TEXT
1|customers|adopted
2|orders|adopted
3|orders_by_customer|adopted
10|order_lines|pending
11|order_lines_by_amount|pending
TEXT
10|order_lines|applied
11|order_lines_by_amount|applied
TEXT
