use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'sql-migrate',
	version => 'dpkg-query -W -f "\${Version}" sql-migrate',
	directory => 'migrations',
	all => 'sql-migrate up -env=production',
	first => 'sql-migrate up -env=production -limit=3',
	history => ['public.gorp_migrations'],
	times => 'SELECT applied_at FROM gorp_migrations',
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|1|customers|new
versioned|10|orders|new
versioned|20|by-customer|new
versioned|30|order_lines|new
versioned|40|order_lines_by_amount|new
TEXT
1|customers|adopted
10|orders|adopted
20|by-customer|adopted
30|order_lines|pending
40|order_lines_by_amount|pending
TEXT
30|order_lines|applied
40|order_lines_by_amount|applied
TEXT
