use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'goose',
	by_hand => 1,
	version => 'psql --version',
	directory => 'migrations',
	# the way up of each file
	first => q{for f in migrations/0000[12]_* migrations/3_*; do sed '/+goose Down/,$d' $f | psql -qX -v ON_ERROR_STOP=1; done},
	all => q{for f in migrations/0000[12]_* migrations/3_* migrations/0001*; do sed '/+goose Down/,$d' $f | psql -qX -v ON_ERROR_STOP=1; done},
	history => ['public.goose_db_version*'],
	times => 'SELECT tstamp::timestamptz FROM goose_db_version WHERE version_id > 0',
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|00001|customers|new
versioned|00002|orders|new
versioned|3|orders_by_customer|new
versioned|00010|order_lines|new
versioned|00011|order_lines_by_amount|new
TEXT
00001|customers|adopted
00002|orders|adopted
3|orders_by_customer|adopted
00010|order_lines|pending
00011|order_lines_by_amount|pending
TEXT
00010|order_lines|applied
00011|order_lines_by_amount|applied
TEXT
