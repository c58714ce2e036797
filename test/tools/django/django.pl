use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'django',
	version => 'python3 -m django --version',
	directory => 'shop/migrations',
	env => { PYTHONDONTWRITEBYTECODE => 1 },
	all => 'python3 manage.py migrate',
	first => 'python3 manage.py migrate shop 0002',
	history => ['public.django_migrations*'],
	times => 'SELECT applied FROM django_migrations',
	no_down => 1,
	to_sql => 'python3 manage.py sqlmigrate shop 0003 >shop/migrations/0003_order_line.sql'
	  . ' && python3 manage.py sqlmigrate shop 0004 >shop/migrations/0004_order_line_amount.sql',
	pending => [ 'shop/migrations/0003_order_line.py', 'shop/migrations/0004_order_line_amount.py' ],
	from_code => 'Django',
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|shop.0001|initial|new
versioned|shop.0002|order|new
versioned|0003|order_line|new
versioned|0004|order_line_amount|new
|||ignored
TEXT
shop.0001|initial|adopted
shop.0002|order|adopted
0003|order_line|pending
0004|order_line_amount|pending
TEXT
0003|order_line|applied
0004|order_line_amount|applied
TEXT
