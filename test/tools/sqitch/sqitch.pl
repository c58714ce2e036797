use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'sqitch',
	version => 'sqitch --version',
	directory => '.',
	env => {
		SQITCH_TARGET => 'db:pg:%DATABASE%',
		SQITCH_FULLNAME => 'Ann Shop',
		SQITCH_EMAIL => 'ann@example.com',
	},
	all => 'sqitch deploy --verify --set shop_owner=Ann',
	first => 'sqitch deploy --verify --set shop_owner=Ann --to orders_by_customer',
	history => ['schema sqitch'],
	variables => '{"shop_owner": "Ann"}',
	times => 'SELECT committed_at FROM sqitch.changes',
	edits => [ [ 'deploy/greeting@v1.0.sql', 'Hello', 'Good morning', 'greeting@v1.0' ] ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|schema|A place of our own: "shop"|new
versioned|tables/customers|Customers|new
versioned|greeting@v1.0|Say hello|new
versioned|tables/orders|Orders # and what not|new
versioned|orders_by_customer|Built concurrently, so without a transaction|new
versioned|greeting|Say it louder|new
versioned|last|The last one|new
TEXT
schema|A place of our own: "shop"|adopted
tables/customers|Customers|adopted
greeting@v1.0|Say hello|adopted
tables/orders|Orders # and what not|adopted
orders_by_customer|Built concurrently, so without a transaction|adopted
greeting|Say it louder|pending
last|The last one|pending
TEXT
greeting|Say it louder|applied
last|The last one|applied
TEXT
