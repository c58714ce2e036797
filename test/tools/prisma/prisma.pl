use strict;
use warnings;

use File::Path qw(remove_tree);
use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'prisma',
	version => 'node -p "require(\'./node_modules/prisma/package.json\').version"',
	directory => 'prisma/migrations',
	env => {
		CHECKPOINT_DISABLE => 1,
		PRISMA_HIDE_UPDATE_MESSAGE => 1,
		# the native engines are not there, nor wanted
		PRISMA_QUERY_ENGINE_LIBRARY => '/bin/false',
		PRISMA_SCHEMA_ENGINE_BINARY => '/bin/false',
	},
	# a file with the line ends of Windows, which git would change
	prepare => sub {
		my ($dir) = @_;

		edit("$dir/prisma/migrations/20240301120000_comment/migration.sql", qr/(?<!\r)\n/, "\r\n");
	},
	all => 'prisma migrate deploy',
	later => [ map { "prisma/migrations/$_" } qw(20240415080000_order_lines 20240502000000_total-by-hand) ],
	history => ['public._prisma_migrations'],
	times => 'SELECT finished_at FROM _prisma_migrations',
	no_down => 1,
	edits => [ [ 'prisma/migrations/20240105091500_init/migration.sql', 'RESTRICT', 'CASCADE', '20240105091500' ] ],
	from_code => 'Prisma',
	# what is generated is the migration before the last, which is by hand
	code => sub {
		my ($dir) = @_;

		remove_tree("$dir/prisma/migrations/20240415080000_order_lines", "$dir/prisma/migrations/20240502000000_total-by-hand");
	},
	code_alone => sub { remove_tree("$_[0]/prisma/migrations/20240502000000_total-by-hand") },
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|20240105091500|init|new
versioned|20240212100000|orders_by_customer|new
versioned|20240301120000|comment|new
versioned|20240415080000|order_lines|new
versioned|20240502000000|total-by-hand|new
TEXT
20240105091500|init|adopted
20240212100000|orders_by_customer|adopted
20240301120000|comment|adopted
20240415080000|order_lines|pending
20240502000000|total-by-hand|pending
TEXT
20240415080000|order_lines|applied
20240502000000|total-by-hand|applied
TEXT
