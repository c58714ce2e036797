use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'dbmate',
	version => 'dbmate --version',
	directory => 'db/migrations',
	env => {
		DATABASE_URL => 'postgres://postgres@%HOST%:%PORT%/%DATABASE%?sslmode=disable',
		# else it dumps the schema after each command
		DBMATE_NO_DUMP_SCHEMA => 'true'
	},
	all => 'dbmate up',
	later => [
		'db/migrations/20240415080000_order_lines.sql',
		'db/migrations/20240502000000orders.by.status.sql'
	],
	history => ['public.schema_migrations'],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|0001|helpers|new
versioned|20240105091500|customers|new
versioned|20240212100000|orders|new
versioned|20240301120000|orders-by-customer|new
versioned|20240415080000|order_lines|new
versioned|20240502000000|orders.by.status|new
|||ignored
TEXT
0001|helpers|adopted
20240105091500|customers|adopted
20240212100000|orders|adopted
20240301120000|orders-by-customer|adopted
20240415080000|order_lines|pending
20240502000000|orders.by.status|pending
TEXT
20240415080000|order_lines|applied
20240502000000|orders.by.status|applied
TEXT
