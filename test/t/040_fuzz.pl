# Made-up scripts and files, through the modules that read what users write:
# see test/fuzz/README.md.
#
# MIGRATE_FUZZ=1000000 runs so many inputs; MIGRATE_FUZZ_SEED=n makes others.

use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = abs_path("$FindBin::RealBin/../..");
my $inputs = $ENV{MIGRATE_FUZZ} || 20_000;
my $seed = $ENV{MIGRATE_FUZZ_SEED} || 1;
my $directory = PostgreSQL::Test::Utils::tempdir();

# What has shown a defect once.
my %found = (
	script => [
		'53455420 7374616e646172645f636f6e666f726d696e675f737472696e6773 3d 6f6e 2c 6f6666 3b',    # a SET with two values had no line
		'5245494e44455828434f4e43555252454e544c592032295441424c452074',    # nor had an option of the wrong type
		'5345540d',    # a position behind the end of its line
		'45275c3027', '27 2745275c3027',    # a zero byte by its escape had no line
		'45275c78666627',    # nor had a byte that is no character
		'434f505920742046524f4d20737464696e3b2d2d0d3f',    # text lost behind a comment that a carriage return ends
	],
	files => [ unpack('H*', '7' x 10_000) . '5f612e73716c1f1e' ],    # a version too long, of a file without a name
);

# Sound scripts, which have to be accepted: statements, steps, text.
my @sound = (
	[ 2, 1, "SELECT 1 /* ; */;-- ;\r\nSELECT ';'" ],
	[ 4, 1, "COPY t FROM stdin;\n1\t;'\n\\.\nSELECT 1;\nCOPY t FROM stdin;\r\n\\.\r\nSELECT 2" ],
	[ 3, 1, "COPY s.from FROM stdin; -- data\n/*\n\\.\nSELECT 1; COPY t FROM stdin WITH (FORMAT csv);\n\"\n" ],
	[ 4, 3, "SELECT 1;\nCREATE INDEX CONCURRENTLY ON t (a);\n\\restrict x\nSELECT 2;\nSELECT 3;" ],
	[ 4, 1, "SET standard_conforming_strings = off;\nSELECT 'a\\';';\nRESET standard_conforming_strings;\nSELECT 'a\\';" ],
	[ 5, 2, "BEGIN; SET LOCAL standard_conforming_strings = off; SELECT 'a\\';'; COMMIT; SELECT 'a\\';" ],
	[ 2, 1, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 1;" ],
);

# The module, in a directory of its own.  A compiler that cannot count edges
# will do, too.
delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
my @make = ('make', '-s', '-C', $directory, '-f', "$root/test/fuzz/Makefile", 'PG_CONFIG=' . ($ENV{PG_CONFIG} // 'pg_config'));
system_log(@make) == 0 || system_log(@make, '-B', 'COVERAGE=') == 0 or die 'could not build the fuzz module';

my $node = new_server('fuzz');
my $options = "TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'";
my $session;

# A database of an encoding, with the functions.
sub open_database
{
	my ($encoding) = @_;

	$session->quit if $session;
	$node->safe_psql('postgres', "CREATE DATABASE \L$encoding\E ENCODING '$encoding' $options");
	$session = session($node, lc $encoding);
	$session->query(<<SQL);
CREATE FUNCTION fuzz_run(kind text, seed bigint, inputs bigint, corpus bytea[]) RETURNS text
    STRICT LANGUAGE c AS '$directory/migrate_fuzz', 'migrate_fuzz_run';
CREATE FUNCTION fuzz_one(kind text, input bytea) RETURNS text
    STRICT LANGUAGE c AS '$directory/migrate_fuzz', 'migrate_fuzz_one';
SET client_min_messages = error;
SET log_min_messages = fatal;
SQL
	return;
}

# Files to start from, in pieces of a bearable size.
sub pieces
{
	my ($as_files, @files) = @_;
	my @pieces;

	foreach my $file (@files)
	{
		my @parts = ('');

		foreach my $part (split /(?<=\n)(?=\n)/, slurp_file($file))
		{
			push @parts, '' if length($parts[-1]) + length($part) > 1000;
			$parts[-1] .= substr($part, 0, 2000);
		}
		my ($name) = $file =~ m{([^/]+)$};
		push @pieces, map { unpack('H*', $as_files ? "$name\x1f$_\x1e" : $_) } grep { length } @parts;
	}
	# files that belong together come one after the other
	@pieces = map { $pieces[$_] . ($pieces[ $_ + 1 ] // '') } 0 .. $#pieces if $as_files;
	return 'ARRAY[' . join(', ', map { "'\\x$_'" } @pieces) . ']::bytea[]';
}

# Runs inputs; returns what was counted.
sub fuzz
{
	my ($name, $kind, $number, $corpus) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($counts, $messages) = $session->query("SELECT fuzz_run('$kind', $seed, $number, $corpus)");
	my %count = $counts =~ /(\w+)=(-?\d+)/g;

	is($messages, '', "$name: all that must hold does");
	is($count{inputs}, $number, "$name: of so many inputs");
	# they are worth something only if they get somewhere
	cmp_ok($count{accepted}, '>', $number / 20, "$name: some are sound");
	cmp_ok($count{refused}, '>', $number / 20, "$name: some are not");
	cmp_ok($count{growth}, '<', 256 * 1024, "$name: nothing is left in memory");
	cmp_ok($count{slowest_us}, '<', 5_000_000, "$name: none takes long");
	note("figure: $name: $counts");
	return %count;
}

my @scripts = sort(glob("$root/sql/*.sql"), glob("$root/examples/*/*.sql"));
my $text = pieces(0, @scripts);
my $files = pieces(1, sort glob("$root/examples/*/*.sql"));
my %count;

open_database('UTF8');
foreach my $kind (sort keys %found)
{
	foreach my $input (@{ $found{$kind} })
	{
		my ($counts, $messages) = $session->query(sprintf "SELECT fuzz_one('%s', '\\x%s')", $kind, $input =~ s/ //gr);

		is($messages, '', 'found once: ' . substr($input, 0, 60));
	}
}
foreach my $case (@sound)
{
	my ($statements, $steps, $script) = @$case;
	my $counts = $session->query(sprintf "SELECT fuzz_one('script', '\\x%s')", unpack('H*', $script));

	like($counts, qr/ accepted=1 .* statements=$statements /, "sound: $script");
	# a text of this length is made to have a step for each statement
	like($counts, qr/ steps=$steps /, 'with its steps') if length($script) % 5;
}
%count = fuzz('scripts', 'script', int($inputs * 0.6), $text);
cmp_ok($count{same_as_server}, '>', $inputs / 20, "scripts: many can be held against the server's grammar");
cmp_ok($count{copies}, '>', $inputs / 100, 'scripts: some have inline data');
fuzz('files', 'files', int($inputs * 0.3), $files);
open_database('SQL_ASCII');
fuzz('any bytes', 'script', int($inputs * 0.1), $text);
is_sql($node, 'postgres', 'SELECT pg_postmaster_start_time() < now()', 't', 'the server is there');
unlike(slurp_file($node->logfile), qr/terminated by signal|TRAP:|PANIC/, 'and none of its processes crashed');

$session->quit;
$node->stop;
done_testing();
