use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;

switch_over(
	name => 'efcore',
	by_hand => 1,
	version => 'psql --version',
	directory => 'Migrations',
	# what "dotnet ef migrations script" prints, without the rows of its table
	first => q{for f in sql/20240[123]*; do sed '/^INSERT INTO "__EF/,/;$/d' $f | psql -qX -v ON_ERROR_STOP=1; done},
	all => q{for f in sql/*; do sed '/^INSERT INTO "__EF/,/;$/d' $f | psql -qX -v ON_ERROR_STOP=1; done},
	history => ['public."__EFMigrationsHistory"'],
	no_down => 1,
	to_sql => q{for m in 20240415080000_OrderLines 20240502000000_OrderLinesByAmount; do}
	  . q{ sed '/^INSERT INTO "__EF/,/;$/d' sql/$m.sql >Migrations/$m.sql; done},
	pending => [ map { ("Migrations/$_.cs", "Migrations/$_.Designer.cs") } qw(20240415080000_OrderLines 20240502000000_OrderLinesByAmount) ],
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|20240105091500|Customers|new
versioned|20240212100000|Orders|new
versioned|20240301120000|OrdersByCustomer|new
versioned|20240415080000|OrderLines|new
versioned|20240502000000|OrderLinesByAmount|new
TEXT
20240105091500|Customers|adopted
20240212100000|Orders|adopted
20240301120000|OrdersByCustomer|adopted
20240415080000|OrderLines|pending
20240502000000|OrderLinesByAmount|pending
TEXT
20240415080000|OrderLines|applied
20240502000000|OrderLinesByAmount|applied
TEXT
