# Runs and rolls back a mixed set of migrations and kills at random moments:
# runners, callers, clients, the whole server.  What was done has been done once,
# what was not has left nothing, and the history tells what happened.
#
# MIGRATE_KILLS=200 is the long mode.  MIGRATE_SEED=... makes the choices of an
# earlier run again, until another timing leads to other ones.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Torture;

my $wanted = $ENV{MIGRATE_KILLS} // 20;
my $seed = $ENV{MIGRATE_SEED} // int(rand(2**31));
srand($seed);
diag("seed $seed");

# By kind: the states in which it may leave a run beside success, and the errors
# that a caller may see.  Whoever takes the run lock next makes 'running'
# 'interrupted'.
my $lost = qr/57P01|57P02|57P03|08006|the database system is|server closed the connection|connection to server/;
my %kinds = (
	'runner -9' => { crash => 1, leaves => 'running', errors => $lost },
	'runner TERM' => { leaves => 'running', errors => qr/57P01/ },
	'runner cancel' => { leaves => 'cancelled', errors => qr/57014/ },
	'caller -9' => { crash => 1, leaves => 'running', errors => $lost },
	'caller TERM' => { goes_on => 1, errors => qr/57P01|server closed the connection|connection to server/ },
	'caller cancel' => { leaves => 'cancelled', errors => qr/57014/ },
	'client -9' => { goes_on => 1, errors => qr/(?!)/ },
	'postmaster -9' => { crash => 1, leaves => 'running', errors => $lost },
	'postmaster immediate' => { crash => 1, leaves => 'running', errors => $lost });
# in a deck, so that none is missing in a short run
my @deck;

sub draw_kind
{
	if (!@deck)
	{
		@deck = sort keys %kinds;
		foreach my $i (reverse 1 .. $#deck)
		{
			my $j = int(rand($i + 1));

			@deck[ $i, $j ] = @deck[ $j, $i ];
		}
	}
	return shift @deck;
}

# Commits that are not flushed stay so for long: a crash loses the tail.
my $node = new_server('torture', conf => <<'CONF');
restart_after_crash = on
log_min_messages = warning
log_statement = none
max_wal_size = 2GB
wal_writer_delay = 1s
wal_writer_flush_after = 1GB
CONF
$node->safe_psql('postgres', 'CREATE ROLE builder');

# What the migrations lead to when nobody disturbs them, and how long they take.
new_witnessed_database($node, $_) foreach qw(reference victim);
my $application = start_application($node, 'reference');
my @prints;
foreach my $call ('migrate.apply()', 'migrate.rollback(1000)', 'migrate.apply()')
{
	$node->safe_psql('reference', "SELECT * FROM $call");
	is(disagreement($node, 'reference'), '', "undisturbed, $call: record and traces agree");
	push @prints, fingerprint($node, 'reference');
}
$node->safe_psql('reference', 'SELECT pg_terminate_backend(' . $application->pid . ')');
$application->quit;
my $reference = $prints[0];
isnt($reference, $prints[1], 'the migrations do something');
is($prints[2], $reference, 'and the same again after a rollback');
my %took;
$took{ $_->[0] }{ $_->[1] } = $_->[2] foreach map { [ split /\|/ ] } split /\n/, $node->safe_psql(
	'reference', "SELECT action, coalesce(version, name), avg(extract(epoch FROM elapsed)) FROM migrate.history GROUP BY 1, 2");
my %total = map { $_ => eval join '+', values %{ $took{$_} } } keys %took;
note("undisturbed: $_ takes $total{$_} s") foreach sort keys %total;

# The present aim: a call, and for a rollback the version that stays.
my ($call, $target) = ('migrate.apply()');
my $control = session($node, 'postgres');
# What happens between two moments without a run is a unit: its kills that were
# in time, and how many calls it had.
my ($unit, $unit_calls, @unit) = (0, 0);
# A second cancel, which meets the clean-up after the first one, leaves that to
# the next run.
my $hurried = 0;
my ($kills, $contradictions, $with_second, $down_seconds, $started) = (0, 0, 0, 0, time);
my (%done, %late, %during, %ended);

$application = start_application($node, 'victim');

# The runners of the victim, as [pid, what it does].
sub runners
{
	return map { [ split /\|/ ] } split /\n/, $control->query(
		"SELECT pid, CASE WHEN wait_event = 'object' THEN 'waiting for the run lock'"
		  . " ELSE coalesce(substring(query from '^\\s*(\\w+( (INDEX|TABLE|TYPE))?)'), 'start') END"
		  . " FROM pg_stat_activity WHERE backend_type = 'migrate runner' AND datname = 'victim'");
}

# The callers that have not got their answer, nor lost their connection.
sub waiting
{
	my (@callers) = @_;

	return grep
	{
		my $caller = $_;

		!$caller->{killed}
		  && eval { $caller->{run}->pump_nb; $caller->{run}->pumpable }
		  && $caller->{out} !~ /^end_/m
	} @callers;
}

sub pick { return $_[ rand @_ ]; }

# A test that is counted only when it fails.
sub check
{
	my ($ok, $what, $text) = @_;

	return if $ok;
	$contradictions++;
	fail("kill $kills, unit $unit (@{[ join ', ', map { $_->{kind} } @unit ]}), $call: $what");
	diag($text);
	return;
}

# Kills the postmaster and waits until the server is back.
sub kill_postmaster
{
	my @orphans = split /,/, $control->query("SELECT string_agg(pid::text, ',') FROM pg_stat_activity");
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my $since = time;

	$node->kill9;
	start_again($node, $postmaster, @orphans);
	$down_seconds = time - $since if time - $since > $down_seconds;
	return;
}

# Kills; returns what the runner was doing, or nothing if there was nobody to
# be killed any more.
sub strike
{
	my ($kind, @callers) = @_;
	my $offset = -s $node->logfile;
	my ($caller, @runners, $pid, $during);

	# the very start of a runner is a moment like any other
	wait_for('a runner', sub { @runners = runners(); @runners || $kind !~ /^runner/ || !waiting(@callers) });
	$caller = pick(waiting(@callers));
	return if !$caller || (!@runners && $kind =~ /^runner/);
	($pid, $during) = @runners ? @{ pick(@runners) } : (0, 'no runner');
	$pid = $caller->pid if $kind !~ /^runner/;

	if ($kind eq 'runner -9' || $kind eq 'caller -9')
	{
		return if !kill('KILL', $pid) || !wait_for_restart($node, $pid, $offset);
	}
	elsif ($kind =~ / TERM$/)
	{
		return if !kill('TERM', $pid);
	}
	elsif ($kind =~ / cancel$/)
	{
		$control->query("SELECT pg_cancel_backend($pid)");
	}
	elsif ($kind eq 'client -9')
	{
		$caller->kill_client;
		$caller->{killed} = 1;
	}
	elsif ($kind eq 'postmaster immediate')
	{
		$node->stop('immediate');
		$node->start;
	}
	else
	{
		kill_postmaster();
	}
	if ($kinds{$kind}{crash})
	{
		$_->quit foreach $control, $application;
		$control = session($node, 'postgres');
		$application = start_application($node, 'victim');
	}
	return $during;
}

# Waits for the end of the calls; returns the errors they got.
sub await_callers
{
	my (@callers) = @_;
	my @errors;

	foreach my $caller (grep { !$_->{killed} } @callers)
	{
		my ($rows, $messages) = $caller->finish;

		push @errors, grep { /^(psql|WARNING|ERROR|FATAL|PANIC)/ } split /\n/, $messages;
		$caller->quit;
	}
	return @errors;
}

# The end of a unit: waits until no runner is left.  Every run of the unit has
# succeeded or ended as one of its kills explains, and everything agrees.
# Returns the states of the runs.
sub settle
{
	my @leaves = map { $kinds{ $_->{kind} }{leaves} // () } @unit;
	# the next caller has recorded an interrupted run already
	my @allowed = map { $_ eq 'running' && $unit_calls > 1 ? ($_, 'interrupted') : $_ } @leaves;
	my ($problems, @states, @stopped);

	# a caller whose client is gone starts its run all the same
	wait_for('the end of the runs', sub {
		$control->query("SELECT count(*) FROM pg_stat_activity WHERE datname = 'victim'"
			  . " AND (backend_type = 'migrate runner' OR query LIKE 'SELECT version FROM migrate.%' AND state <> 'idle')") == 0;
	});
	$unit++;
	# this commit is synchronous: from here on, the unit cannot be lost
	$problems = $node->safe_psql('victim',
		"INSERT INTO witness.unit SELECT $unit, run, state, '@{[ join ', ', map { $_->{kind} } @unit ]}'"
		  . " FROM migrate.run WHERE run > (SELECT coalesce(max(run), 0) FROM witness.unit);"
		  . " SELECT state FROM witness.unit WHERE unit = $unit ORDER BY run");
	@states = split /\n/, $problems;
	@stopped = grep { $_ ne 'success' } @states;
	foreach my $state (@stopped)
	{
		check(scalar(grep { $_ eq $state } @allowed), "a run is $state", "@states");
	}
	check(@stopped <= @leaves, 'no more runs are stopped than by the kills', "@states");
	$hurried ||= 1 < grep { /cancel/ } map { $_->{kind} } @unit;
	$problems = disagreement($node, 'victim', $hurried);
	check($problems eq '', 'record and traces agree', $problems);
	@unit = ();
	$unit_calls = 0;
	return join ',', @states;
}

# Goes on to the end without a kill.
sub go_on
{
	my $caller = session($node, 'victim');
	my @errors;

	$unit_calls++;
	$caller->start("SELECT version FROM $call");
	@errors = await_callers($caller);
	check(!@errors, 'an undisturbed call succeeds', "@errors");
	$hurried = 0;
	settle();
	return if defined $target;

	my $print = fingerprint($node, 'victim');
	check($print eq $reference, 'schema and data are those of the reference', $print);
	return;
}

# Makes the call, at times in a second session too, and kills at a random moment.
sub disturb
{
	my ($left) = @_;
	my @now = draw_kind();
	# the start of a run is short and has moments of its own
	my $wait = rand(rand() < 0.15 ? 0.03 : $left);
	my $second = rand() < 0.33 ? rand($wait) : undef;
	my @callers = map { session($node, 'victim') } 1 .. (defined $second ? 2 : 1);
	my $alone = !$unit_calls && @callers == 1;
	my (@hits, @errors, @unexpected, $states);

	# at times a second one, while the first one is being dealt with
	push @now, draw_kind() if !$kinds{ $now[0] }{crash} && rand() < 0.25;
	$alone &&= @now == 1;
	$unit_calls += @callers;

	$callers[0]->start("SELECT version FROM $call");
	select(undef, undef, undef, $second // $wait);
	if (defined $second)
	{
		$callers[1]->start("SELECT version FROM $call");
		select(undef, undef, undef, $wait - $second);
	}
	foreach my $i (0 .. $#now)
	{
		my $during;

		select(undef, undef, undef, rand(0.02)) if $i > 0;
		$during = strike($now[$i], @callers);
		push @hits, { kind => $now[$i], during => $during } if defined $during;
	}
	push @unit, @hits;

	@errors = await_callers(@callers);
	foreach my $error (@errors)
	{
		push @unexpected, $error if !grep { $error =~ $kinds{ $_->{kind} }{errors} } @unit;
	}
	check(!@unexpected, 'the callers get the errors that the kills explain', join "\n", @unexpected);

	# at times the next caller finds the run still under way
	if (@hits && $kinds{ $hits[-1]{kind} }{goes_on} && rand() < 0.5)
	{
		$states = 'under way when the next call came';
	}
	else
	{
		$states = settle() || 'no run';
	}
	# what came while the run was about to end shows by its result
	@hits = () if $alone && @hits && (exists $kinds{ $hits[0]{kind} }{leaves} ?
		$states eq 'success' && $hits[0]{kind} ne 'postmaster -9' : 0);
	@hits = () if $alone && @hits && $hits[0]{kind} =~ /cancel/ && !@errors;

	foreach my $hit (@hits)
	{
		$kills++;
		$done{ $hit->{kind} }++;
		$during{ $hit->{during} }++;
		$ended{ $hit->{kind} }{$states}++ if $alone;
	}
	$with_second += @hits if @callers > 1;
	if (!@hits)
	{
		$late{ $now[0] }++;
		# not to be missed in a short run
		push @deck, $now[0];
	}
	return;
}

while ($kills < $wanted && !$contradictions)
{
	my $left = remaining($node, 'victim', \%took, $target);

	if ($left >= 0.1 * $total{ defined $target ? 'rollback' : 'apply' })
	{
		disturb($left);
		next;
	}
	go_on();
	($target, $call) = defined $target ? (undef, 'migrate.apply()') : plan_rollback();
}

# To the end.
go_on();
if (defined $target)
{
	($target, $call) = (undef, 'migrate.apply()');
	go_on();
}
ok(!$contradictions, "$kills kills: nothing contradicts the record after any of them");
is(remaining($node, 'victim', \%took), 0, 'all is applied in the end');
is(fingerprint($node, 'victim'), $reference, 'schema and data equal those of the undisturbed database');
is(disagreement($node, 'victim'), '', 'each step has run as often as the history says');
is_sql($node, 'victim', 'SELECT count(*) FROM migrate.step', 0, 'the ledger is empty');
is_sql(
	$node, 'victim', <<'SQL', '', 'every run ended as its kill left it, or was recorded as interrupted by the next');
SELECT u.run, u.kinds, u.state, r.state FROM witness.unit u LEFT JOIN migrate.run r USING (run)
 WHERE r.state IS DISTINCT FROM CASE u.state WHEN 'running' THEN 'interrupted' ELSE u.state END
SQL
is_sql($node, 'victim',
	"SELECT count(*) FROM migrate.history WHERE outcome NOT IN ('success', 'cancelled', 'interrupted')",
	0, 'the history has no failure');
is_clean($node, 'victim', 'in the end');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal (?!9\b)|could not record/,
	'no process crashed by itself');

my $seconds = time - $started;
my @report = sprintf('%d kills in %.0f s, %.2f s each; %d with a second caller; seed %d',
	$kills, $seconds, $seconds / ($kills || 1), $with_second, $seed);
foreach my $kind (sort keys %kinds)
{
	push @report, sprintf('%-21s %3d, and %d too late; runs of a single caller: %s', $kind, $done{$kind} // 0, $late{$kind} // 0,
		join(', ', map { "$ended{$kind}{$_} $_" } sort keys %{ $ended{$kind} // {} }));
}
push @report, 'while the runner was in: ' . join(', ', map { "$_ $during{$_}" } sort { $during{$b} <=> $during{$a} } keys %during);
push @report, sprintf('at most %.1f s from the death of a postmaster to the next one\'s start', $down_seconds);
push @report, 'history: ' . $node->safe_psql('victim',
	"SELECT string_agg(n || ' ' || outcome, ', ' ORDER BY outcome) FROM (SELECT outcome, count(*) AS n FROM migrate.history GROUP BY 1) h");
note("figure: $_") foreach @report;

$node->stop;
$_->quit foreach $control, $application;
done_testing();
