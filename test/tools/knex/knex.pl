use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'knex',
	version => 'node -p "require(\'./node_modules/knex/package.json\').version"',
	directory => 'migrations',
	all => 'knex migrate:latest',
	first => 'knex migrate:up && knex migrate:up && knex migrate:up',
	history => ['public.knex_migrations*'],
	times => 'SELECT migration_time FROM knex_migrations',
	no_down => 1,
	to_sql => 'node to-sql.js migrations',
	pending => [ 'migrations/20240415080000_order_lines.js', 'migrations/20240502000000_order_lines_by_amount.js' ],
	from_code => 'Knex',
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|20240105091500|customers|new
versioned|20240212100000|orders|new
versioned|20240301120000|orders_by_customer|new
versioned|20240415080000|order_lines|new
versioned|20240502000000|order_lines_by_amount|new
TEXT
20240105091500|customers|adopted
20240212100000|orders|adopted
20240301120000|orders_by_customer|adopted
20240415080000|order_lines|pending
20240502000000|order_lines_by_amount|pending
TEXT
20240415080000|order_lines|applied
20240502000000|order_lines_by_amount|applied
TEXT
