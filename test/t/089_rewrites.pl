# What lint proposes is right: each rewrite is put in the place of the statement
# that it is for, and the script is linted and applied again.
#
# A rewrite must make no finding of its own that is more than a notice, must not
# be found fault with as the statement was, must run, and must leave the schema
# that the original leaves.  What a rewrite cannot keep of that is in the tables
# of test/lint/rewrites.pl, with the reason; an entry that is not needed fails.
#
# Tried are the bad examples of all rules, the pairs of the field, examples/unsafe
# and the hostile scripts of test/lint/hostile.sql.  CASES=pattern tries those only
# whose names are like it.

use strict;
use warnings FATAL => 'all';

use FindBin;
use JSON::PP;
use lib "$FindBin::RealBin/../perl";
use MigrateRules;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# thousands of answers
no warnings 'redefine';
*MigrateTest::Session::note = sub { };
use warnings 'redefine';

my $node = new_server('rewrites', conf => <<'CONF');
migrate.lint_small_table = '0 rows'
fsync = off
migrate.lock_timeout = '5s'
CONF

my %exceptions = do './test/lint/rewrites.pl';

# The texts of SQL between semicolons: [offset, length] of each, from its first
# token to its last.
sub statements
{
	my ($sql) = @_;
	my (@found, $start, $end);

	while ($sql =~ /\G(?:(\s+|--[^\n]*|\/\*.*?\*\/)|(\w*'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$).*?\3|\w+|.))/gs)
	{
		next if defined $1;
		if ($2 eq ';')
		{
			push @found, [ $start, $end - $start ] if defined $start;
			undef $start;
			next;
		}
		$start //= $-[2];
		$end = $+[2];
	}
	push @found, [ $start, $end - $start ] if defined $start;
	return @found;
}

# The script with the rewrite of a finding.
sub rewritten
{
	my ($sql, $finding) = @_;
	my $rewrite = $finding->{rewrite};
	my $how = $exceptions{place}{ $finding->{rule} } // 'instead';
	my $n = $finding->{statement};
	my ($offset, $length) = span($sql, $n, $n);

	$rewrite =~ s/;\s*\z//;
	$rewrite =~ s/(--[^\n]*)\z/$1\n/;
	if ($how eq 'column')
	{
		# the statement that adds the column, too
		my ($column) = $rewrite =~ /ADD COLUMN ("[^"]*"|\w+)/;
		my ($addition) = grep { my ($from, $len) = span($sql, $_, $_); substr($sql, $from, $len) =~ /ADD (?:COLUMN )?\Q$column\E / } 1 .. $n;
		my ($from) = span($sql, $addition, $addition);
		my ($next) = span($sql, $addition + 1, $addition + 1);

		substr($sql, $offset, $length, $rewrite);
		substr($sql, $from, $next - $from, '');
		return $sql;
	}
	elsif ($how eq 'previous')
	{
		($offset, $length) = span($sql, $n - 1, $n);
	}
	elsif ($how eq 'before')
	{
		$rewrite .= ";\n" . substr($sql, $offset, $length);
	}
	elsif ($how eq 'after')
	{
		$rewrite = substr($sql, $offset, $length) . ";\n$rewrite";
	}
	elsif ($how eq 'end')
	{
		$sql =~ s/;?\s*(--[^\n]*)?\z/;/;
		return "$sql\n$rewrite;";
	}
	substr($sql, $offset, $length, $rewrite);
	return $sql;
}

sub span
{
	my ($sql, $from, $to) = @_;
	my @list = statements($sql);

	return ($list[ $from - 1 ][0], $list[ $to - 1 ][0] + $list[ $to - 1 ][1] - $list[ $from - 1 ][0]);
}

# Sessions and lint

my (%session, %rules);
my $json = JSON::PP->new->utf8;

sub findings
{
	my ($case, $sql) = @_;
	my $session = $session{ $case->{database} };

	# each session has a limit from its start on
	$session->{timeout}->start($PostgreSQL::Test::Utils::timeout_default);
	my $enable = $rules{ $case->{rule} } ? $case->{rule} : '';

	my ($answer, $err) = $session->query("BEGIN;\n$case->{prepare};\nSET LOCAL migrate.lint_enable = '$enable';\n"
		  . "SELECT coalesce(json_agg(f), '[]') FROM migrate.lint_sql(\$lint\$$sql\$lint\$) f;\nROLLBACK");
	die "$case->{name}: $err" if $err =~ /^ERROR/m;
	$answer =~ s/\A[^\[]*//;
	my @findings = @{ $json->decode($answer) };

	utf8::encode($_->{rewrite}) foreach grep { defined $_->{rewrite} } @findings;
	return @findings;
}

# What becomes of a script: its error, and what the schema is afterwards.
my %outcome;

sub outcome
{
	my ($case, $sql) = @_;

	# what is to be repeated until nothing is left is done at once
	$sql =~ s/(until it changes no row:\n.*?) LIMIT \d+\)/$1)/gs;
	return @{ $outcome{ $case->{database} }{ $case->{prepare} }{$sql} //= [ run($case, $sql) ] };
}

# Runs a script as a migration, in a transaction that is rolled back if it has a
# single step.
sub run
{
	my ($case, $sql) = @_;
	my $session = $session{"run_$case->{database}"};

	$session->{timeout}->start($PostgreSQL::Test::Utils::timeout_default);
	my $apply = "SELECT FROM migrate.apply();\n";
	my $schema = "SELECT 'schema ' || migrate.fingerprint();";
	my $register = "SELECT 1 FROM migrate.register('1', 'script', \$mig\$$sql\$mig\$);\n";
	my ($out, $err) = $session->query("BEGIN;\n$case->{prepare};\n$register"
		  . "SELECT 'plan' FROM migrate.plan() WHERE NOT transactional OR step > 1");

	# several steps need a database of their own
	if ($out =~ /^plan$/m)
	{
		$session->query('ROLLBACK');
		$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS scratch WITH (FORCE)');
		$node->safe_psql('postgres', "CREATE DATABASE scratch TEMPLATE template_$case->{database}");
		my $scratch = session($node, 'scratch');
		($out, $err) = $scratch->query("$case->{prepare};\n$register$apply$schema");
		$scratch->quit;
	}
	elsif ($err !~ /^ERROR/m)
	{
		($out, $err) = $session->query("$apply$schema\nROLLBACK");
	}
	else
	{
		$session->query('ROLLBACK');
	}
	my ($error) = $err =~ /^((?:ERROR|FATAL):  .*?)(?:^ERROR:  25P02|\z)/ms;
	my ($fingerprint) = $out =~ /^schema (.*)$/m;

	return ($error // '', $fingerprint // '');
}

# The cases: name, database, script.

my @cases;
my $version;

sub prepare
{
	my ($database, $schema) = @_;

	# lint sees tables that no rolled back script has written to
	new_database($node, $database);
	$node->safe_psql($database, $schema);
	foreach my $copy ("template_$database", "run_$database")
	{
		$node->safe_psql('postgres', "CREATE DATABASE $copy TEMPLATE $database");
	}
	$session{$_} = session($node, $_) foreach $database, "run_$database";
	return;
}

prepare('rules', slurp_file('test/lint/schema.sql'));
# 100,000 orders would be deleted by scans
prepare('unsafe', slurp_file('examples/unsafe/0001_schema.sql') =~ s/\b([12])(00000|99999)\)/$1 . substr($2, 0, 3) . ')'/ger);
prepare('hostile', slurp_file('test/lint/hostile_schema.sql'));
$version = $node->safe_psql('rules', "SELECT current_setting('server_version_num')::int / 10000");

my @rules = rules($node, 'rules');
%rules = map { $_->{rule} => 1 } @rules;

sub add_case
{
	my ($name, $database, $rule, $sql) = @_;

	push @cases,
	  {
		name => $name,
		database => $database,
		rule => $rule,
		sql => $sql,
		prepare => $exceptions{prepare}{$name} // $exceptions{prepare}{$rule} // '' };
	return;
}

foreach my $rule (@rules)
{
	add_case("rule $rule->{rule}", 'rules', $rule->{rule}, $rule->{bad}) if $rule->{bad} ne '';
}
foreach my $pair (@{ decode_json(slurp_file('test/lint/pairs.json')) })
{
	add_case("pair $pair->{rule}", 'rules', $pair->{rule}, $pair->{bad}) if $pair->{pg_min} <= $version;
}
foreach my $file (glob('examples/unsafe/*.sql'))
{
	add_case($file, 'unsafe', '', slurp_file($file)) if $file !~ /0001/;
}
foreach my $script (split(/^-- case: /m, slurp_file('test/lint/hostile.sql')))
{
	my ($name, $sql) = $script =~ /\A([^\n]*)\n(.*)\z/s or next;

	add_case("hostile: $name", 'hostile', '', $sql) if $name !~ /^-- Scripts/;
}

my (%tried, %used);
my ($tried, $compared, $same) = (0, 0, 0);

# What a rewrite may do, and why, if one of these names says it: the case with
# the rule, or the rule.  Else undef.
sub excused
{
	my ($what, @names) = @_;

	foreach my $name (@names)
	{
		next if !exists $exceptions{$what}{$name};
		$used{$what}{$name}++;
		return 1;
	}
	return 0;
}

# What is wrong with the rewrite of a finding.
sub faults
{
	my ($case, $finding, $before) = @_;
	my $rule = $finding->{rule};
	my $name = "$case->{name}: $rule";
	my $text = rewritten($case->{sql}, $finding);
	my (%after, @faults);

	foreach my $after (findings($case, $text))
	{
		my $kind = "$after->{severity} $after->{rule}";

		$after{ $after->{rule} }++;
		push @faults, "has the $kind: $after->{consequence}"
		  if $after->{severity} ne 'notice'
		  && !$before->{ $after->{rule} }
		  && !excused('finding', "$name > $after->{rule}", "$rule > $after->{rule}", $after->{rule});
	}
	push @faults, 'is found again'
	  if ($after{$rule} // 0) >= $before->{$rule} && !excused('again', $name, $rule);

	# what is left for later is not run
	my $later = $text =~ s/$exceptions{placeholder}//g;
	my ($original_error, $original) = outcome($case, $case->{sql});
	my ($error, $schema) = outcome($case, $text);
	if ($error ne '')
	{
		push @faults, "fails, the original $original_error: $error"
		  if substr($error, 0, 15) ne substr($original_error, 0, 15) || !excused('fails', $name, $case->{name});
	}
	elsif ($original_error eq '' && !$later)
	{
		$compared++;
		$same++ if $schema eq $original;
		push @faults, 'leaves another schema' if $schema ne $original && !excused('schema', $name, $rule);
	}
	return @faults;
}

foreach my $case (@cases)
{
	next if $ENV{CASES} && $case->{name} !~ /$ENV{CASES}/;
	my @before = findings($case, $case->{sql});
	my %before;

	$before{ $_->{rule} }++ foreach @before;
	foreach my $finding (grep { defined $_->{rewrite} } @before)
	{
		my ($offset, $length) = span($case->{sql}, $finding->{statement}, $finding->{statement});

		# what is for a statement inside of a function takes the place of no other
		next
		  if substr($case->{sql}, $offset, $length) =~ /\ACREATE FUNCTION/
		  && $finding->{rewrite} !~ /\ACREATE FUNCTION/;
		next if $tried{ $case->{database} }{ $case->{prepare} }{ $finding->{rule} }{ $finding->{rewrite} }++;
		$tried++;
		my @faults = faults($case, $finding, \%before);

		ok(!@faults, "$case->{name}: $finding->{rule}")
		  or diag("$case->{sql}\nstatement $finding->{statement} becomes:\n$finding->{rewrite}\n" . join("\n", @faults));
	}
}
foreach my $what (grep { !/^(?:place|placeholder|prepare|since)$/ } sort keys %exceptions)
{
	next if $ENV{CASES};
	is(join(', ', grep { !$used{$what}{$_} && ($exceptions{since}{$_} // 0) <= $version } sort keys %{ $exceptions{$what} }), '', "all exceptions of $what are needed");
}
note("figure: $tried rewrites tried, $compared compared with what the original does, of which $same leave the same schema");

$node->stop;
done_testing();
