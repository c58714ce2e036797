use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'alembic',
	version => 'alembic --version',
	directory => 'alembic/versions',
	env => { PYTHONDONTWRITEBYTECODE => 1, DATABASE_URL => 'postgresql://postgres@%HOST%:%PORT%/%DATABASE%' },
	all => 'alembic upgrade head',
	first => 'alembic upgrade 3b2a1c0d9e8f',
	history => ['public.alembic_version'],
	no_down => 1,
	to_sql => 'alembic upgrade 3b2a1c0d9e8f:9c4f0d5b6a71 --sql | grep -v alembic_version >alembic/versions/20240415_order_lines.sql'
	  . ' && alembic upgrade 9c4f0d5b6a71:d5e6f7a8b9c0 --sql | grep -v alembic_version >alembic/versions/20240502_order_lines_by_amount.sql',
	pending => [ 'alembic/versions/9c4f0d5b6a71_order_lines.py', 'alembic/versions/d5e6f7a8b9c0_order_lines_by_amount.py' ],
	from_code => 'Alembic',
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|1975ea83b712|customers|new
versioned|27c6a30d7c24|notes|new
versioned|ae1027a6acf7|orders|new
versioned|3b2a1c0d9e8f|merge|new
versioned|20240415|order_lines|new
versioned|20240502|order_lines_by_amount|new
TEXT
1975ea83b712|customers|adopted
27c6a30d7c24|notes|adopted
ae1027a6acf7|orders|adopted
3b2a1c0d9e8f|merge|adopted
20240415|order_lines|pending
20240502|order_lines_by_amount|pending
TEXT
20240415|order_lines|applied
20240502|order_lines_by_amount|applied
TEXT
