use strict;
use warnings;

use File::Basename;
use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'node-pg-migrate',
	version => 'node -p "require(\'./node_modules/node-pg-migrate/package.json\').version"',
	directory => 'migrations',
	all => 'node-pg-migrate up',
	first => 'node-pg-migrate up 3',
	history => ['public.pgmigrations*'],
	times => 'SELECT run_on::timestamptz FROM pgmigrations',
	no_down => 1,
	from_code => 'node-pg-migrate',
	# what is pending is in JavaScript
	code => sub {
		my ($dir) = @_;

		unlink "$dir/migrations/1713168000000_order.lines.sql", "$dir/migrations/20240502000000000_total.sql";
		foreach my $file (glob "$dir/js/*.js")
		{
			copy_file($file, "$dir/migrations/" . basename($file));
		}
	},
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|1704445200000|customers|new
versioned|20240212100000000|orders|new
versioned|1709294400000|orders-by-customer|new
versioned|1713168000000|order.lines|new
versioned|20240502000000000|total|new
TEXT
1704445200000|customers|adopted
20240212100000000|orders|adopted
1709294400000|orders-by-customer|adopted
1713168000000|order.lines|pending
20240502000000000|total|pending
TEXT
1713168000000|order.lines|applied
20240502000000000|total|applied
TEXT
