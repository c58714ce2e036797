use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'postgrator',
	version => 'node -p "require(\'./node_modules/postgrator/package.json\').version"',
	directory => 'migrations',
	all => 'postgrator',
	first => 'postgrator 3',
	history => ['public.schemaversion'],
	times => 'SELECT run_at FROM schemaversion WHERE version > 0',
	stop => [ q{UPDATE schemaversion SET md5 = '-' WHERE version = 3}, qr/MD5 checksum failed for migration \[3\]/ ],
	edits => [ [ 'migrations/2.do.orders.sql', 'status text', 'status varchar', '2' ] ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|001|customers|new
versioned|2|orders|new
versioned|003||new
versioned|010|order|new
versioned|11|by-amount|new
TEXT
001|customers|adopted
2|orders|adopted
003||adopted
010|order|pending
11|by-amount|pending
TEXT
010|order|applied
11|by-amount|applied
TEXT
