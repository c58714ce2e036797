# Scripts, names and directories far beyond what anybody should write: each
# works or is a clear error, in bounded memory, and the server stays up.
#
# MIGRATE_LARGE=1 makes them larger still: 100,000 steps of their own, 300 MB.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'needs /proc' unless -r '/proc/self/status';

# Little shared memory, so that a process' size is its own.
my $node = new_server('large_input',
	conf => "shared_buffers = 16MB\nmax_wal_size = 4GB\nfsync = off\nlog_statement = none");
my $directory = PostgreSQL::Test::Utils::tempdir();
my $mb = 1024 * 1024;
my ($session, $gate, $rows, $messages, $started);

new_database($node, 'db', "ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0");

# What a process has needed at most so far, in MB.
sub peak
{
	my ($pid) = @_;
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB$/m;

	return int($kb / 1024);
}

# A new caller, whose memory is counted from here.
sub new_session
{
	$session->quit if $session;
	$session = session($node, 'db');
	return;
}

# Writes one file, from pieces, and returns its directory.
sub directory
{
	my ($name, %files) = @_;

	mkdir "$directory/$name" or die "could not create a directory: $!";
	foreach my $file (keys %files)
	{
		open(my $out, '>:raw', "$directory/$name/$file") or die "could not create \"$file\": $!";
		print $out ref $files{$file} ? @{ $files{$file} } : $files{$file} or die;
		close($out) or die;
	}
	return "$directory/$name";
}

sub start_clock
{
	$started = time;
	return;
}

sub elapsed { return sprintf '%.1f s', time - $started; }

# Removes what is not applied, so that it is not in the way.
sub remove_pending
{
	$session->query("SELECT count(migrate.unregister(version)) FROM migrate.status() WHERE state IN ('pending', 'failed')");
	return;
}

# Loads a directory and applies it.  The last statement of the script waits
# for us, so that we can look at the runner.
sub load_and_apply
{
	my ($path, $state, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	new_session();
	my $before = peak($session->pid);
	start_clock();
	is($session->query("SELECT result FROM migrate.load('$path')"), 'new', "$name: load");
	note("figure: $name: load " . elapsed() . ', peak of the caller ' . peak($session->pid) . " MB, $before before");
	start_clock();
	is($session->query("SELECT count(*) FROM migrate.load('$path') WHERE result = 'unchanged'"), '1', "$name: again");
	note("figure: $name: again " . elapsed() . ', peak of the caller ' . peak($session->pid) . ' MB');

	new_session();
	start_clock();
	like($session->query('SELECT name, state FROM migrate.status()'), qr/\|pending$/, "$name: status");
	note("figure: $name: status " . elapsed() . ', peak of the caller ' . peak($session->pid) . ' MB');
	$gate->query('SELECT pg_advisory_lock(41)');
	start_clock();
	$session->start('SELECT state, steps FROM migrate.apply()');
	my $runner = wait_for_runner($node, 'db', 'pg_advisory_xact_lock(41)');
	my $peak = peak($runner);
	note("figure: $name: apply " . elapsed() . ", peak of the runner $peak MB, of the caller " . peak($session->pid) . ' MB');
	$gate->query('SELECT pg_advisory_unlock(41)');
	($rows, $messages) = $session->finish;
	is($rows, $state, "$name: apply");
	cmp_ok(peak($session->pid), '<', 100, "$name: the caller who waits needs no memory for it");
	return $peak;
}

# Stores a script, applies it, and expects an error that names it and a line.
sub fails_cleanly
{
	my ($name, $script, $error) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	start_clock();
	$session->query("SELECT migrate.register('1000000', 'bad', $script)");
	($rows, $messages) = $session->query('SELECT * FROM migrate.apply()');
	like($messages, qr/^ERROR:  $error/m, $name);
	like($messages, qr/migration "1000000 bad"/, "$name: names the migration");
	like($messages, qr/^CONTEXT:  .*\bline 2\b/m, "$name: and the line");
	is($session->query("SELECT state FROM migrate.status() WHERE version = '1000000'"), 'failed', "$name: is recorded");
	is_sql($node, 'db', "SELECT error_line FROM migrate.history WHERE version = '1000000' ORDER BY id DESC LIMIT 1", '2',
		"$name: with its line");
	note("figure: $name: " . elapsed());
	return;
}

# Stores a script and applies it.
my $version = 0;
sub works
{
	my ($name, $script) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	remove_pending();
	$version++;
	start_clock();
	$session->query("SELECT migrate.register('$version', 'good', $script)");
	($rows, $messages) = $session->query('SELECT version, state FROM migrate.apply()');
	is($rows, "$version|applied", $name);
	note("figure: $name: " . elapsed());
	return;
}

$gate = session($node, 'db');
new_session();
$session->query('CREATE TABLE t (id int, word text)');

# Nesting.  Bison's stack has 10,000 places, then it is the grammar's error;
# what it can read may still be too deep for the rest of the server.
my $exhausted = '42601: memory exhausted at or near';
my $too_deep = '54001: stack depth limit exceeded';
my $deep = 10_000;
fails_cleanly('parentheses', "E'\\nSELECT ' || repeat('(', $deep) || 1 || repeat(')', $deep)", $exhausted);
fails_cleanly('CASE', "E'\\nSELECT ' || repeat('CASE WHEN true THEN ', $deep) || 1 || repeat(' END', $deep)", $exhausted);
fails_cleanly('SELECT', "E'\\nSELECT ' || repeat('(SELECT ', $deep) || 1 || repeat(')', $deep)", $exhausted);
fails_cleanly('BEGIN ATOMIC',
	"E'\\n' || repeat('CREATE FUNCTION f() RETURNS void BEGIN ATOMIC ', $deep) || repeat('END; ', $deep)", $exhausted);
fails_cleanly('NOT', "E'\\nSELECT ' || repeat('NOT ', $deep) || true", $exhausted);
fails_cleanly('operators', "E'\\nSELECT 1' || repeat(' + 1', $deep)", $too_deep);
fails_cleanly('UNION', "E'\\nSELECT 1' || repeat(' UNION ALL SELECT 1', $deep)", $too_deep);
fails_cleanly('open comments', "E'\\nSELECT 1 ' || repeat('/* ', $deep)", '42601: unterminated /\* comment');
fails_cleanly('open tags', "E'\\nSELECT ' || (SELECT string_agg('\$a' || i || '\$', ' ') FROM generate_series(1, $deep) i)",
	'42601: unterminated dollar-quoted string');
works('comments', "'SELECT 1 ' || repeat('/* ', $deep) || repeat('*/', $deep)");
works('parentheses that the grammar can read', "'SELECT ' || repeat('(', 3000) || 1 || repeat(')', 3000)");
works('long lists', "'SELECT 1' || repeat(', 1', 1000) || ' WHERE 1 IN (1' || repeat(', 1', 500000) || ')'");

# Bytes that are no characters.  Of files, 012_directory.pl has more.
fails_cleanly('a byte by its escape', q(E'\nSELECT E''\\\\xff'''), '22021: invalid byte sequence for encoding "UTF8": 0xff');
like(
	($session->query("SELECT migrate.register('1', 'zero', convert_from('\\x5345004c', 'UTF8'))"))[1],
	qr/^ERROR:  22021: invalid byte sequence for encoding "UTF8": 0x00$/m,
	'a zero byte does not get as far as register');
my $path = directory('latin', "1_caf\xe9.sql" => 'SELECT 1');
like(($session->query("SELECT migrate.load('$path')"))[1],
	qr/^ERROR:  22021: invalid byte sequence for encoding "UTF8": 0xe9 0x2e/m, 'a file name in another encoding');

# Warnings: each is given once, by the statement as it runs, and costs no
# more in a long script.
$session->query('SET client_min_messages = error');
works('20,000 strings that are worth a warning',
	q('SET standard_conforming_strings = off;' || repeat(E'INSERT INTO t VALUES (0, ''it\\\\''s'');\n', 20000)));
cmp_ok(time - $started, '<', 30, 'do not take long');
$session->query('RESET client_min_messages');

# Statements.
my $statements = 100_000;
my $script = join('', map { "INSERT INTO t VALUES ($_, 'word');\n" } 1 .. $statements) . 'SELECT pg_advisory_xact_lock(41);';
$session->query('TRUNCATE t');
remove_pending();
$path = directory('statements', ++$version . '_statements.sql' => $script);
my $peak = load_and_apply($path, 'applied|1', "$statements statements");
is_sql($node, 'db', 'SELECT count(*) FROM t', $statements, 'each ran');
cmp_ok($peak, '<', 512, 'their runner needed less than 512 MB');

# Steps, the last but one of which fails first.  The time of going on must grow
# with their number, not with its square.
my $steps = $ENV{MIGRATE_LARGE} ? 100_000 : 20_000;
new_session();
$session->query('SET client_min_messages = warning; CREATE TABLE permission (id int);');
$version++;
$session->query(<<SQL);
SELECT migrate.register('$version', 'steps', repeat(E'INSERT INTO t VALUES (-2);\\n', $steps - 2)
           || 'SELECT 1 / count(*) FROM permission; SELECT pg_advisory_xact_lock(41);', no_transaction => true)
SQL
start_clock();
($rows, $messages) = $session->query('SELECT steps FROM migrate.apply()');
my $first = time - $started;
like($messages, qr/^ERROR:  22012: division by zero\nHINT:  .* to go on at step @{[$steps - 1]} of $steps\b/m, "$steps steps");
$session->query('INSERT INTO permission VALUES (1)');
$gate->query('SELECT pg_advisory_lock(41)');
start_clock();
$session->start('SELECT steps FROM migrate.apply()');
my $runner = wait_for_runner($node, 'db', 'pg_advisory_xact_lock(41)');
my $second = time - $started;
$peak = peak($runner);
$gate->query('SELECT pg_advisory_unlock(41)');
is($session->finish, $steps, 'go on');
note(sprintf "figure: %d steps: %.1f s, to go on %.1f s, peak of the runner %d MB", $steps, $first, $second, $peak);
is_sql($node, 'db', 'SELECT count(*) FROM t WHERE id = -2', $steps - 2, 'each ran once');
cmp_ok($second, '<', $first / 10, 'to go on takes a tenth of the time at most');
cmp_ok($peak, '<', 512, 'and less than 512 MB');

# Bytes.
my $line = "INSERT INTO t VALUES (0, '" . 'x' x 997 . "');\n";
my $lines = ($ENV{MIGRATE_LARGE} ? 300 : 100) * 1000;
$session->query('TRUNCATE t');
$path = directory('bytes', ++$version . '_bytes.sql' => [ ($line) x $lines, 'SELECT pg_advisory_xact_lock(41);' ]);
my $size = int((-s "$path/${version}_bytes.sql") / $mb);
$peak = load_and_apply($path, 'applied|1', "a script of $size MB");
cmp_ok($peak, '<', 10 * $size, 'its runner needed less than ten times its size');
is_sql($node, 'db', 'SELECT count(*) FROM t WHERE id = 0', $lines, 'each of its statements ran');
unlink "$path/${version}_bytes.sql";

# More than a text can hold: a file with a hole.
$path = directory('hole', '1_hole.sql' => '');
truncate "$path/1_hole.sql", 1100 * $mb or die;
like(($session->query("SELECT migrate.load('$path')"))[1],
	qr/^ERROR:  54000: file "\Q$path\E\/1_hole\.sql" is too large$/m, 'a file of more than a gigabyte');
unlink "$path/1_hole.sql";

# A line: no error may show all of it.
$path = directory('line',
	++$version . '_line.sql' => [ "INSERT INTO t VALUES (-1, '", 'x' x (10 * $mb), "'); SELECT pg_advisory_xact_lock(41);" ]);
load_and_apply($path, 'applied|1', 'a line of 10 MB');
new_session();
fails_cleanly('an unterminated string of 10 MB', q(E'\nSELECT ''' || repeat('x', 10000000)), '42601: unterminated quoted string');
cmp_ok(length($messages), '<', 10_000, 'is not shown whole');
is_sql($node, 'db', 'SELECT max(length(error_message)) < 10000 FROM migrate.history', 't', 'nor kept');
fails_cleanly('an error at the end of a line of 3 MB', q(E'\nSELECT ' || repeat('1, ', 1000000) || 'nonsense FROM t'),
	'42703: column "nonsense" does not exist');
cmp_ok(length($messages), '<', 30_000, 'shows a part of it');

# A directory.
my $files = 20_000;
$path = directory('files', map { sprintf('%d_file_%d.sql', 10_000_000 + $_, $_) => "SELECT $_" } 1 .. $files);
remove_pending();
new_session();
start_clock();
is($session->query("SELECT count(*) FROM migrate.load('$path') WHERE result = 'new'"), $files, "$files files");
note("figure: $files files: load " . elapsed() . ', peak ' . peak($session->pid) . ' MB');
start_clock();
is($session->query("SELECT count(*) FROM migrate.load('$path') WHERE result = 'unchanged'"), $files, 'once more');
note("figure: $files files: again " . elapsed() . ', peak ' . peak($session->pid) . ' MB');
start_clock();
is($session->query("SELECT count(*) FROM migrate.status() WHERE state = 'pending'"), $files, 'all are pending');
note("figure: $files files: status " . elapsed());
$session->query('SET client_min_messages = warning');
start_clock();
is($session->query("SELECT count(*) FROM migrate.apply('10001000')"), 1000, 'a thousand of them are applied');
note("figure: $files files: apply of 1000 " . elapsed());
cmp_ok(peak($session->pid), '<', 256, 'in less than 256 MB');
$session->query('RESET client_min_messages');
start_clock();
remove_pending();
note("figure: $files files: removed " . elapsed());

# Versions and names.
sub refused
{
	my ($call, $error, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	($rows, $messages) = $session->query("SELECT $call");
	like($messages, qr/^ERROR:  $error/m, $name);
	cmp_ok(length($messages), '<', 1000, "$name: is told briefly");
	return;
}
refused(q(migrate.register(repeat('7', 10000), 'digits', 'SELECT 1')),
	'22023: version has a number of more than 9999 digits', 'a version of 10,000 digits');
refused(q(migrate.register(repeat('7', 9999), 'digits', 'SELECT 1')), '42622: version "7{60}\.\.\." is too long', 'a version of 9,999 digits');
refused(q(migrate.register(repeat('1.', 10000), 'digits', 'SELECT 1')), '42622: version "[1.]{60}\.\.\." is too long',
	'a version of 10,000 numbers');
refused(q(migrate.register(NULL, repeat('a', 10000), 'SELECT 1')), '42622: name "a{60}\.\.\." is too long',
	'a repeatable of 10,000 characters');
like(($session->query(q(SELECT migrate.load(ARRAY[repeat('7', 10000) || '_a.sql'], ARRAY['SELECT 1']))))[1],
	qr/^ERROR:  22023: version has a number of more than 9999 digits\nHINT:  .+\nCONTEXT:  file "7{10}/m, 'a file of that version');

# Hostile names: whatever they hold is shown, stored and found again as it is.
my %names = (
	'quotes' => q(a'b"c$$d$mig$e\\f),
	'line ends' => "a\nERROR:  b\r\nc",
	'control characters' => "a\x01\x1b[31m\x07\x7f",
	'formats' => '%s%n%1$s{0}%%',
	'emoji' => "\xf0\x9f\x98\x80\xe2\x80\xae\xc2\xa0",
	'blanks' => "  \t ",
	'an option' => '--help; DROP TABLE t',
	'10,000 characters' => "\xc3\xa9" x 10_000);
my $number = 20_000_000;
foreach my $name (sort keys %names)
{
	my $literal = "convert_from('\\x" . unpack('H*', $names{$name}) . "', 'UTF8')";

	$number++;
	$session->query("SELECT migrate.register('$number', $literal, 'SELECT pg_advisory_xact_lock(41); SELECT 1 / 0')");
	is($session->query("SELECT state FROM migrate.status() WHERE version = '$number' AND name = $literal"), 'pending', "$name: is stored");
	$gate->query('SELECT pg_advisory_lock(41)');
	$session->start('SELECT 1 FROM migrate.apply()');
	wait_for_runner($node, 'db', 'pg_advisory_xact_lock(41)');
	is_sql($node, 'db',
		"SELECT application_name ~ '^migrate: [ -~]*\$' AND length(application_name) < 64 FROM pg_stat_activity WHERE backend_type = 'migrate runner'",
		't', "$name: the runner shows it in plain letters");
	# there is little room for it between two processes
	is_sql($node, 'db', "SELECT count(*) FROM migrate.progress WHERE starts_with($literal, name) AND length(name) > 2", '1',
		"$name: is in progress");
	$gate->query('SELECT pg_advisory_unlock(41)');
	($rows, $messages) = $session->finish;
	like($messages, qr/^ERROR:  22012: division by zero$/m, "$name: fails");
	is_sql($node, 'db', "SELECT count(*) FROM migrate.history WHERE name = $literal AND error_line = 1", '1', "$name: is in the history");
	$session->query("SELECT migrate.register('$number', $literal, 'SELECT 1')");
	is($session->query('SELECT state FROM migrate.apply()'), 'applied', "$name: is applied");
	($rows, $messages) = $session->query("SELECT migrate.register('$number', $literal, 'SELECT 2')");
	like($messages, qr/^ERROR:  55000: migration/m, "$name: an edit is refused");

	# as a repeatable, with its name in the calls that hints propose
	next if length($names{$name}) > 1000;
	$session->query("SELECT migrate.register(NULL, $literal, 'SELECT 1')");
	($rows, $messages) = $session->query("SELECT migrate.load(ARRAY['20000001_quotes.sql'], ARRAY['SELECT 1'])");
	my ($hint) = $messages =~ /^HINT:  If it was given up, run (SELECT migrate\.unregister\(.*?\);)$/ms;
	$session->query($hint // 'SELECT 1 AS no_hint');
	is($session->query('SELECT count(*) FROM migrate.status() WHERE version IS NULL'), '0', "$name: the call that a hint proposes works");
	remove_pending();
}

unlike(slurp_file($node->logfile), qr/terminated by signal|TRAP:|PANIC/, 'no process has crashed');
is_clean($node, 'db', 'after all');
$gate->quit;
$session->quit;
$node->stop;
done_testing();
