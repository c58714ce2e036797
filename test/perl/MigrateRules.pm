# The page of the lint rules, made of the table of rules.

package MigrateRules;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(rules rules_page);

# The rules of a database's extension: a hash for each, in their order.
sub rules
{
	my ($node, $database) = @_;
	my @columns = qw(rule section severity enabled help why safe bad good page);
	my $list = join(", chr(1), ", map { "coalesce($_\::text, '')" } @columns);
	my $text = $node->safe_psql($database,
		"SELECT string_agg(concat($list), chr(2)) FROM migrate.rules()");

	return map { my %rule; @rule{@columns} = split(/\x01/, $_, -1); \%rule } split /\x02/, $text;
}

sub example
{
	my ($title, $sql) = @_;

	return $sql eq '' ? '' : "$title:\n\n```sql\n$sql\n```\n\n";
}

# What stands below the introduction of doc/rules.md.
sub rules_page
{
	my ($section, $text) = ('', '');

	foreach my $rule (@_)
	{
		$text .= '## ' . ucfirst($rule->{section}) . "\n\n" if $rule->{section} ne $section;
		$section = $rule->{section};
		$text .= "### $rule->{rule}\n\n";
		$text .= "*$rule->{severity}" . ($rule->{enabled} eq 'true' ? '' : ', not enabled by default') . "*: $rule->{help}\n\n";
		$text .= "Why: $rule->{why}\n\nSafe when: $rule->{safe}\n\n";
		$text .= example('Found', $rule->{bad}) . example('Instead', $rule->{good});
	}
	$text =~ s/\n+\z/\n/;
	return $text;
}

1;
