use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'tern',
	by_hand => 1,
	version => 'psql --version',
	directory => 'migrations',
	variables => '{"first_status": "new"}',
	# the way up of each file
	first => q[for f in migrations/00[123]_*; do sed '/^---- create above/,$d; s/{{.first_status}}/new/' $f | psql -qX -v ON_ERROR_STOP=1; done],
	all => q[for f in migrations/*.sql; do sed '/^---- create above/,$d; s/{{.first_status}}/new/' $f | psql -qX -v ON_ERROR_STOP=1; done],
	history => ['public.schema_version'],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|001|customers|new
versioned|002|orders|new
versioned|003|orders_by_customer|new
versioned|004|order_lines|new
versioned|005|order_lines_by_amount|new
TEXT
001|customers|adopted
002|orders|adopted
003|orders_by_customer|adopted
004|order_lines|pending
005|order_lines_by_amount|pending
TEXT
004|order_lines|applied
005|order_lines_by_amount|applied
TEXT
