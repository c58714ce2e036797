# The table of lint rules: the page that is made of it, and that each rule finds
# its bad example and not its good one.  With REWRITE=1 the page is written.

use strict;
use warnings FATAL => 'all';

use FindBin;
use JSON::PP;
use lib "$FindBin::RealBin/../perl";
use MigrateRules;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('rules', conf => "migrate.lint_small_table = '0 rows'\n");
new_database($node, 'rules');
new_database($node, 'empty');
$node->safe_psql('rules', slurp_file('test/lint/schema.sql'));

my $version = $node->safe_psql('rules', "SELECT current_setting('server_version_num')::int / 10000");
my @rules = rules($node, 'empty');

# The page

my $page = 'doc/rules.md';
my ($introduction) = slurp_file($page) =~ /\A(.*?)(?=^## Indexes$)/ms;
my $expected = $introduction . rules_page(@rules);
if ($ENV{REWRITE})
{
	open(my $out, '>', $page) or die "could not write $page: $!";
	print $out $expected;
	close($out);
}
is(slurp_file($page), $expected, "$page is what the table says; REWRITE=1 writes it");

# The texts

my %seen;
foreach my $rule (@rules)
{
	my $name = $rule->{rule};

	ok(!$seen{$name}++, "$name: is there once");
	like($name, qr/^[a-z][a-z0-9-]+$/, "$name: is a name");
	foreach my $text (qw(help why safe))
	{
		unlike($rule->{$text}, qr/^\s*$/, "$name: says $text");
	}
	like($rule->{why}, qr/\.$/, "$name: why is a sentence");
}

# Bad and good

# Examples that take more than a script: where they are tested instead.
my %elsewhere = map { $_ => 1 }
  qw(multiple-statements-in-no-transaction too-many-ddl invalid-index-left-behind wide-table
  irreversible-migration fk-nondeterministic-collation table-in-use write-hot-table rewrite-disk-headroom
  referencing-table-scan required-columns);

# Examples in a grammar that older servers have not.
my %since = ('not-enforced' => 18);

# The findings of one rule in a text.
sub findings
{
	my ($database, $rule, $sql, $arguments) = @_;

	return scalar $node->safe_psql($database,
			"SET migrate.lint_enable = '$rule';\n"
		  . "SELECT severity, line, col, object, consequence, rewrite FROM migrate.lint_sql(\$lint\$$sql\$lint\$$arguments) WHERE rule = '$rule'");
}

foreach my $rule (@rules)
{
	my ($name, $bad, $good) = @$rule{qw(rule bad good)};

	next if ($since{$name} // 0) > $version;
	if ($bad eq '' || $elsewhere{$name})
	{
		ok($elsewhere{$name}, "$name: has an example, or is tested elsewhere");
		next;
	}
	my $found = findings('rules', $name, $bad, '');
	isnt($found, '', "$name: finds its bad example");
	like((split /\|/, $found)[4] // '', qr/\w/, "$name: says what would happen");
	is(findings('rules', $name, $good, ''), '', "$name: does not find its good example")
	  if $good ne '';
}

# The pairs of the field

# What is not found as the pair has it, and why.
my %because = do './test/lint/exceptions.pl';
my $pairs = decode_json(slurp_file('test/lint/pairs.json'));
foreach my $pair (@$pairs)
{
	my ($name, $bad, $good) = @$pair{qw(rule bad good)};

	next if $pair->{pg_min} > $version;
	if (my $reason = $because{$name})
	{
		note("$name: $reason");
		next;
	}
	isnt(findings('rules', $name, $bad, ''), '', "$name: $bad");
	is(findings('rules', $name, $good, ''), '', "$name: $good")
	  if $good =~ /;/;
}

$node->stop;
done_testing();
