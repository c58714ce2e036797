use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'drizzle',
	version => 'node -p "require(\'./node_modules/drizzle-orm/package.json\').version"',
	directory => 'drizzle',
	all => 'drizzle-kit migrate',
	begin => sub { edit("$_[0]/drizzle/meta/_journal.json", qr/,\s+\{\s+"idx": 3.*(?=\n  \])/s, '') },
	end => sub { copy_file("$FindBin::RealBin/shop/drizzle/meta/_journal.json", "$_[0]/drizzle/meta/_journal.json") },
	history => ['schema drizzle'],
	no_down => 1,
	edits => [ [ 'drizzle/0002_data.sql', 'upper', 'lower', '0002' ] ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|0000|customers|new
versioned|0001|orders|new
versioned|0002|data|new
versioned|0003|order_lines|new
versioned|0004|marvelous_young_avengers|new
TEXT
0000|customers|adopted
0001|orders|adopted
0002|data|adopted
0003|order_lines|pending
0004|marvelous_young_avengers|pending
TEXT
0003|order_lines|applied
0004|marvelous_young_avengers|applied
TEXT
