# What plan() says a statement would lock, read as a whole and write anew is what
# it does.  Each statement of test/lockprobe runs on this server in a transaction
# that is rolled back; what it took is compared with what plan() said before.
#
# Compared are the relations that were there before: the strongest lock on each,
# which ones were scanned, which ones got another file.  Up to ROW EXCLUSIVE, locks
# on an index are left out on both sides: a statement on rows takes on all indexes
# of its tables what it takes on the table, and they are in nobody's way that the
# lock on the table is not.
# Statements that this server refuses are counted apart.
#
# Where statements prepare for another, plan() is asked twice: when they have
# run, and when they are pending as well, so that it has to work out what they
# will leave.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use JSON::PP;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# thousands of answers
no warnings 'redefine';
*MigrateTest::Session::note = sub { };
use warnings 'redefine';

my $folder = "$FindBin::RealBin/../lockprobe";

# What cannot run in a transaction block cannot be measured there: its locks as
# the server's source and the documentation have them.
my %known = (
	'create index concurrently i1 on t(nn)' => { 't' => 'SHARE UPDATE EXCLUSIVE' },
	'create index concurrently on t(nn)' => { 't' => 'SHARE UPDATE EXCLUSIVE' },
	'alter table pt detach partition pt2 concurrently' => {
		'pt' => 'SHARE UPDATE EXCLUSIVE',
		'pt2' => 'ACCESS EXCLUSIVE',
		'pt2_d_idx' => 'ACCESS EXCLUSIVE'
	},
	'alter table pt detach partition pt1 concurrently' => {
		'pt' => 'SHARE UPDATE EXCLUSIVE',
		'pt1' => 'ACCESS EXCLUSIVE',
		'pt1_d_idx' => 'ACCESS EXCLUSIVE'
	},);

# Why plan() may say something else than what was measured; "later" stands before
# those lines whose preparations were pending.
my @reasons = (
	[
		qr/^alter table t add column x comp default row/,
		'only 15 opens the type of a row constructor, and does nothing to it'
	],
	[
		qr/volf\(\) \+ plimm\(\)$/,
		'only by running plimm(), which nothing here may do, is it found that volf() is a constant'
	],
	[
		qr/^later \@alter database/,
		'the measurement has a new session, a run goes on with the settings that it began with (see below)'
	],
	[
		qr/^later \@create table tp .* attach partition tp1/,
		'the server can tell the bounds of a parent only when that is there'
	],
	[
		qr/^later \@create extension (btree_gist|pg_trgm);;.* alter [vb] type/,
		'the operator classes of an extension are not known before it is there'
	],);

# A relation in one line, both as predicted and as measured.
sub describe
{
	my ($relation, $what) = @_;
	my @parts = ($what->{lock} // 'no lock');

	push @parts, 'scan' if $what->{scan};
	push @parts, 'rewrite' if $what->{rewrite};
	return "$relation: " . join(', ', @parts);
}

# The relations of the lab, their files and how often each was scanned.
my $relations = <<'SQL';
SELECT coalesce(json_agg(r), '[]') FROM
	(SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind,
			pg_relation_filenode(c.oid) AS file,
			pg_stat_get_xact_numscans(c.oid) AS scans
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname NOT IN ('information_schema', 'migrate') AND n.nspname NOT LIKE 'pg\_%') r;
SQL

# The locks of this session on relations.
my $locks = <<'SQL';
SELECT coalesce(json_agg(l), '[]') FROM
	(SELECT relation AS oid, mode FROM pg_locks
		WHERE pid = pg_backend_pid() AND locktype = 'relation') l;
SQL

# From weak to strong, as pg_locks and as plan() spell them.
my @modes = qw(AccessShareLock RowShareLock RowExclusiveLock
  ShareUpdateExclusiveLock ShareLock ShareRowExclusiveLock ExclusiveLock
  AccessExclusiveLock);
my %strength = map { $modes[$_] => $_ } 0 .. $#modes;

sub spelled
{
	my ($mode) = @_;

	return uc join(' ', $mode =~ /[A-Z][a-z]+/g) =~ s/ ?Lock$//r;
}

# What plan() says of a statement that comes after these: by relation, or undef
# if it refuses it.
sub predict
{
	my ($session, $statement, @before) = @_;
	my $version = 0;
	my $register = join('',
		map { 'SELECT 1 FROM migrate.register(\'' . ++$version . "', 'probe', \$probe\$$_\$probe\$);\n" }
		  @before, $statement);
	my ($out, $err) =
	  $session->query("BEGIN;\n${register}SELECT relations FROM migrate.plan() WHERE version = '$version';\nROLLBACK");
	my %result;

	return undef if $err =~ /^ERROR/m;
	foreach my $line (grep { /^\[/ } split(/\n/, $out))
	{
		foreach my $touch (@{ decode_json($line) })
		{
			my $what = { lock => $touch->{lock} eq 'no lock' ? undef : $touch->{lock} };

			$what->{$_} = $touch->{$_} ? 1 : 0 foreach qw(scan rewrite);
			$result{ $touch->{relation} } = $what;
		}
	}
	return \%result;
}

# What a statement does, in the same form; its error's SQLSTATE if it fails.
sub measure
{
	my ($session, $statement) = @_;
	my (%result, %by_oid, %file_of);

	$session->query('BEGIN');
	my $before = decode_json($session->query($relations));
	my (undef, $err) = $session->query($statement);

	if ($err =~ /^ERROR:  (\w{5}): (.*)/m)
	{
		$session->query('ROLLBACK');
		return (undef, $1, $2);
	}
	my $held = decode_json($session->query($locks));
	my $after = decode_json($session->query($relations));
	$session->query('ROLLBACK');

	$by_oid{ $_->{oid} } = $_ foreach @$after;
	# an index that is made again is another one of that name
	$file_of{ $_->{name} } = $_->{file} foreach @$after;
	foreach my $relation (@$before)
	{
		my $now = $by_oid{ $relation->{oid} };
		my $file = $now ? $now->{file} : $file_of{ $relation->{name} };
		my ($strongest) = sort { $strength{$b} <=> $strength{$a} }
		  map { $_->{mode} } grep { $_->{oid} == $relation->{oid} } @$held;
		my $scanned = $now && $relation->{kind} =~ /[rm]/ && $now->{scans} > $relation->{scans};
		my $rewritten = defined $file && defined $relation->{file} && $file != $relation->{file};

		next if !$strongest && !$scanned && !$rewritten;
		$result{ $relation->{name} } = {
			lock => $strongest ? spelled($strongest) : undef,
			scan => $scanned ? 1 : 0,
			rewrite => $rewritten ? 1 : 0
		};
	}
	my %kind = map { $_->{name} => $_->{kind} } @$before;

	return (\%result, undef, undef, \%kind);
}

# Leaves out what is not compared.
sub compared
{
	my ($found, $kind) = @_;

	foreach my $relation (keys %{ $found // {} })
	{
		delete $found->{$relation}
		  if ($kind->{$relation} // '') =~ /[iI]/
		  && ($found->{$relation}{lock} // '') =~ /^(?:ACCESS SHARE|ROW SHARE|ROW EXCLUSIVE)$/
		  && !$found->{$relation}{scan}
		  && !$found->{$relation}{rewrite};
	}
	# our own tables, which the measurement leaves out
	delete $found->{$_} foreach grep { /^migrate\./ } keys %{ $found // {} };
	return $found;
}

my $node = new_server('lockprobe', conf => <<'CONF');
allow_in_place_tablespaces = on
log_min_messages = warning
log_statement = none
fsync = off
CONF

$node->safe_psql('postgres', q{CREATE TABLESPACE lab_space LOCATION ''});
$node->safe_psql('postgres', 'CREATE DATABASE lab_base');
$node->safe_psql('lab_base', "CREATE EXTENSION migrate;\n" . slurp_file("$folder/base.sql"));

# where nothing is ever prepared
$node->safe_psql('postgres', 'CREATE DATABASE lab_plain TEMPLATE lab_base');
my $plain = session($node, 'lab_plain');

# A database as base.sql leaves it, and a session in it.
sub new_lab
{
	my ($preparations) = @_;

	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS lab');
	$node->safe_psql('postgres', 'CREATE DATABASE lab TEMPLATE lab_base');
	foreach my $sql (@$preparations)
	{
		my ($status, undef, $err) = $node->psql('lab', $sql);

		return undef if $status != 0;
	}
	return session($node, 'lab');
}

my %counts = map { $_ => 0 } qw(agree disagree refused untold), 'later agree', 'later disagree';
my @unexplained;

# Compares one prediction with what was measured.
sub judge
{
	my ($kind, $line, $predicted, $measured) = @_;

	# its scans are of the new files, in which there is nothing to read
	delete $_->{scan} foreach $line =~ /^truncate / ? values %$measured : ();

	my @said = map { describe($_, $predicted->{$_}) } sort keys %{ $predicted // {} };
	my @done = map { describe($_, $measured->{$_}) } sort keys %$measured;
	my %said = map { $_ => 1 } @said;
	my %done = map { $_ => 1 } @done;
	my $difference = join('', map { "\n    said: $_" } grep { !$done{$_} } @said)
	  . join('', map { "\n    done: $_" } grep { !$said{$_} } @done);

	if ($difference eq '')
	{
		$counts{"${kind}agree"}++;
		return;
	}
	$counts{"${kind}disagree"}++;
	foreach my $reason (@reasons)
	{
		next if "$kind$line" !~ $reason->[0];
		diag("explained: $kind$line: $reason->[1]$difference");
		return;
	}
	push @unexplained, "$kind$line$difference";
	return;
}

my $session = new_lab([]);
my $usual = $session;
my $only = $ENV{LOCKPROBE} || undef;

foreach my $line (split(/\n/, slurp_file("$folder/statements.txt")))
{
	my ($preparations, $statement) = $line =~ /^@(.*?)\|\|(.*)$/ ? ($1, $2) : (undef, $line);

	next if $line =~ /^#/ || $line eq '';
	next if defined $only && $line !~ /$only/;
	if (defined $preparations)
	{
		$usual->quit if $usual;
		$usual = undef;
		$session = new_lab([ split(/;;/, $preparations) ]);
	}
	elsif (!$usual)
	{
		$usual = $session = new_lab([]);
	}
	if (!$session)
	{
		# this server refuses a preparation
		$counts{refused}++;
		next;
	}

	my $predicted = predict($session, $statement);
	my ($measured, $sqlstate, $message, $kind) = measure($session, $statement);

	$session->quit if !$usual;
	if (!$measured && $sqlstate eq '25001' && $known{$statement})
	{
		my $locked = $known{$statement};

		$measured = { map { ("public.$_" => { lock => $locked->{$_} }) } keys %$locked };
		delete @{$_}{qw(scan rewrite)} foreach values %{ $predicted // {} };
	}
	if (!$measured)
	{
		my $why = $sqlstate eq '25001' ? 'untold' : 'refused';

		$counts{$why}++;
		diag("not told: $line: $message") if $why eq 'untold' && $ENV{LOCKPROBE_UNTOLD};
		next;
	}
	compared($_, $kind // {}) foreach $predicted // {}, $measured;
	judge('', $line, $predicted, $measured);
	judge('later ', $line, compared(predict($plain, $statement, split(/;;/, $preparations)), $kind), $measured)
	  if defined $preparations && $kind;
}

# ALTER DATABASE is not for the run that does it: plan() is right, which says
# that the table is not rewritten.
$usual->quit if $usual;
$session = new_lab([]);
my $file = "SELECT pg_relation_filenode('t')";
my $before = $session->query("ALTER DATABASE lab SET timezone = 'UTC'; $file");
$session->quit;
$session = session($node, 'lab');
$session->query("SELECT migrate.register('1', 'zone', 'ALTER DATABASE lab SET timezone = ''Europe/Oslo'''),"
	  . " migrate.register('2', 'type', 'ALTER TABLE t ALTER ts TYPE timestamptz')");
is(scalar $session->query("SELECT rewrites FROM migrate.plan() WHERE version = '2'"),
	'{public.t_ts_idx}', 'plan() of what comes after ALTER DATABASE ... SET: only the index');
like(($session->query('SELECT version FROM migrate.apply()'))[0], qr/^1\n2$/, 'a run of it');
is(scalar $session->query($file), $before, 'has not rewritten the table, either');
$session->quit;
$plain->quit;

my $judged = $counts{agree} + $counts{disagree};

diag("figure: $counts{agree} of $judged statements agree; $counts{refused} are refused by this server, "
	  . "$counts{untold} cannot be measured");
diag("figure: $counts{'later agree'} of "
	  . ($counts{'later agree'} + $counts{'later disagree'})
	  . ' agree while what comes before them is pending, too');
is(join("\n", @unexplained), '', 'each disagreement is explained');
cmp_ok($judged, '>', 300, 'most statements were judged') if !defined $only;
done_testing();
