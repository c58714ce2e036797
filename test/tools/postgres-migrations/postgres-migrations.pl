use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'postgres-migrations',
	version => 'node -p "require(\'./node_modules/postgres-migrations/package.json\').version"',
	directory => 'migrations',
	all => 'node migrate.js',
	later => [ 'migrations/4_order_lines.sql', 'migrations/5.sql' ],
	history => ['public.migrations'],
	times => 'SELECT executed_at::timestamptz FROM migrations WHERE id > 0',
	no_down => 1,
	stop => [ q{INSERT INTO migrations VALUES (4, 'stopped', '-')}, qr/Hashes don't match for migrations '4_order_lines\.sql'/ ],
	edits => [ [ 'migrations/002-orders.sql', 'status text', 'status varchar', '002' ] ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|1|customers|new
versioned|002|orders|new
versioned|3|orders_by_customer|new
versioned|4|order_lines|new
versioned|5|5.sql|new
TEXT
1|customers|adopted
002|orders|adopted
3|orders_by_customer|adopted
4|order_lines|pending
5|5.sql|pending
TEXT
4|order_lines|applied
5|5.sql|applied
TEXT
