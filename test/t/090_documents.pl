
# Every transcript in the documents is what a server answers.
#
# A transcript is a fenced block of the language "psql": prompts, commands and
# what psql printed.  The blocks of one document run in one session of a fresh
# database, in their order.  Times, durations and process numbers are masked
# on both sides, and with them the width of columns.
#

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateDocument;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @documents = ('README.md', glob('doc/*.md'), 'examples/shop/README.md', 'examples/unsafe/README.md');

my $node = PostgreSQL::Test::Cluster->new('documents');
$ENV{PGUSER} = 'postgres';
$node->init(extra => [ '-U', 'postgres', '-E', 'UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', <<'CONF');
timezone = 'UTC'
datestyle = 'ISO, MDY'
# sizes stay as they are, and nothing is in the way of a dry run
autovacuum = off
# the error of an index build names no parallel worker
max_parallel_maintenance_workers = 0
CONF
$node->start;

foreach my $document (@documents)
{
	my @transcripts = transcripts($document);
	next if !@transcripts;

	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS shop',);
	$node->safe_psql('postgres', 'CREATE DATABASE shop');

	# one session for the whole document
	my @expected;
	foreach my $transcript (@transcripts)
	{
		my ($line, $text) = @$transcript;
		push @expected, map { [ $_->[0], "$document, line $line: $_->[0]", $_->[1] ] } commands($text);
	}
	my @got = psql_answers($node->connstr('shop'),
		"$PostgreSQL::Test::Utils::tmp_check/document.sql", map { $_->[0] } @expected);
	foreach my $i (0 .. $#expected)
	{
		my (undef, $name, $text) = @{ $expected[$i] };
		is(mask($got[$i] // ''), mask($text), $name);
	}
}

$node->stop;
done_testing();
