use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'rails',
	version => 'ruby -e "require %q(active_record); puts ActiveRecord.version"',
	directory => 'db/migrate',
	all => 'ruby migrate.rb',
	first => 'ruby migrate.rb 20240301120000',
	history => [ 'public.schema_migrations', 'public.ar_internal_metadata' ],
	no_down => 1,
	to_sql => 'ruby to_sql.rb db/migrate',
	pending => [
		'db/migrate/20240415080000_create_order_lines.rb',
		'db/migrate/20240502000000_index_order_lines_on_amount.rb'
	],
	from_code => 'Rails',
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|20240105091500|create_customers|new
versioned|20240212100000|create_orders|new
versioned|20240301120000|index_orders_on_customer|new
versioned|20240415080000|create_order_lines|new
versioned|20240502000000|index_order_lines_on_amount|new
TEXT
20240105091500|create_customers|adopted
20240212100000|create_orders|adopted
20240301120000|index_orders_on_customer|adopted
20240415080000|create_order_lines|pending
20240502000000|index_order_lines_on_amount|pending
TEXT
20240415080000|create_order_lines|applied
20240502000000|index_order_lines_on_amount|applied
TEXT
