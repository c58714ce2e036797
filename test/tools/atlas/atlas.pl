use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../../perl";
use Digest::SHA;
use MigrateTools;
use PostgreSQL::Test::Utils;

# A file is edited, and atlas.sum written anew, as "atlas migrate hash" does it:
# the hash of a file is of all up to it, so those after it differ, too.
sub edit_and_hash
{
	my ($dir) = @_;
	my $chain = Digest::SHA->new(256);
	my $total = Digest::SHA->new(256);
	my $lines = '';

	edit("$dir/migrations/20240212100000_orders.sql", 'status text', 'status varchar');
	foreach my $file (sort glob "$dir/migrations/*.sql")
	{
		my $name = $file =~ s{.*/}{}r;
		$chain->add($name, slurp_file($file));
		my $hash = $chain->clone->b64digest . '=';
		$total->add($name, $hash);
		$lines .= "$name h1:$hash\n";
	}
	unlink "$dir/migrations/atlas.sum";
	append_to_file("$dir/migrations/atlas.sum", 'h1:' . $total->b64digest . "=\n$lines");
	return ('20240212100000', '20240301120000');
}

switch_over(
	name => 'atlas',
	by_hand => 1,
	version => 'psql --version',
	directory => 'migrations',
	first => 'for f in migrations/20240[123]*.sql; do psql -qX -v ON_ERROR_STOP=1 -f $f; done',
	all => 'for f in migrations/*.sql; do psql -qX -v ON_ERROR_STOP=1 -f $f; done',
	history => ['schema atlas_schema_revisions'],
	times => 'SELECT executed_at FROM atlas_schema_revisions.atlas_schema_revisions',
	no_down => 1,
	edits => \&edit_and_hash,
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|20240105091500|customers|new
versioned|20240212100000|orders|new
versioned|20240301120000|orders_by_customer|new
versioned|20240415080000|order_lines|new
versioned|20240502000000|order_lines_by_amount|new
TEXT
20240105091500|customers|adopted
20240212100000|orders|adopted
20240301120000|orders_by_customer|adopted
20240415080000|order_lines|pending
20240502000000|order_lines_by_amount|pending
TEXT
20240415080000|order_lines|applied
20240502000000|order_lines_by_amount|applied
TEXT
