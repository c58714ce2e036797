use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use FindBin;
use lib "$FindBin::RealBin/../../perl";
use MigrateTools;
use PostgreSQL::Test::Utils;

sub trimmed
{
	my ($text) = @_;

	return $text =~ s/^\s+|\s+$//gr;
}

switch_over(
	name => 'graphile-migrate',
	version => 'node -p "require(\'./node_modules/graphile-migrate/package.json\').version"',
	directory => 'migrations/committed',
	env => { SHADOW_DATABASE_URL => 'postgres://postgres@%HOST%:%PORT%/shadow' },
	all => 'graphile-migrate migrate',
	later => [ 'migrations/committed/000004-order-lines.sql', 'migrations/committed/000005.sql' ],
	history => ['schema graphile_migrate'],
	variables => '{"OPEN_STATUS": "new", "DATABASE_OWNER": "postgres"}',
	times => 'SELECT date FROM graphile_migrate.migrations',
	no_down => 1,
	# an edited file with hashes that are right again, as those of all after it
	edits => sub {
		my ($dir) = @_;
		my $previous = '';
		my @files = sort glob "$dir/migrations/committed/*.sql";

		edit($files[1], 'upper', 'lower');
		foreach my $file (@files)
		{
			my ($body) = slurp_file($file) =~ /

(.*)/s;
			my $hash = 'sha1:' . sha1_hex(trimmed("$previous
" . trimmed($body)) . "
");

			edit($file, qr/^--! Previous: .*/m, '--! Previous: ' . ($previous || '-'));
			edit($file, qr/^--! Hash: .*/m, "--! Hash: $hash");
			$previous = $hash;
		}
		return qw(000002 000003);
	},
	loaded => <<'TEXT', adopted => <<'TEXT', applied => <<'TEXT');
versioned|000001|customers-the-first|new
versioned|000002||new
versioned|000003|find-orders-an-index|new
versioned|000004|order-lines|new
versioned|000005||new
TEXT
000001|customers-the-first|adopted
000002||adopted
000003|find-orders-an-index|adopted
000004|order-lines|pending
000005||pending
TEXT
000004|order-lines|applied
000005||applied
TEXT
