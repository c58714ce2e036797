use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'ecto',
	by_hand => 1,
	version => 'psql --version',
	directory => 'priv/repo/migrations',
	# the statements that Ecto makes of its migrations
	first => 'for f in sql/20240[123]*; do psql -qX -v ON_ERROR_STOP=1 -f $f; done',
	all => 'for f in sql/*; do psql -qX -v ON_ERROR_STOP=1 -f $f; done',
	history => ['public.schema_migrations'],
	times => 'SELECT inserted_at::timestamptz FROM schema_migrations',
	no_down => 1,
	to_sql => 'cp sql/20240415* sql/20240502* priv/repo/migrations',
	pending => [ map { "priv/repo/migrations/$_.exs" } qw(20240415080000_order_lines 20240502000000_order_lines_by_amount) ],
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
