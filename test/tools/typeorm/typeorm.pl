use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'typeorm',
	version => 'node -p "require(\'./node_modules/typeorm/package.json\').version"',
	directory => 'migrations',
	all => 'typeorm migration:run -d data-source.js --transaction each',
	history => ['public.migrations*'],
	no_down => 1,
	loaded => <<'TEXT', adopted => <<'TEXT', applied => "\n");
versioned|1704445200000|Customers|new
versioned|1707732000000|Orders|new
versioned|1709294400000|OrdersByCustomer|new
versioned|1713168000000|Notes|new
TEXT
1704445200000|Customers|adopted
1707732000000|Orders|adopted
1709294400000|OrdersByCustomer|adopted
1713168000000|Notes|adopted
TEXT
