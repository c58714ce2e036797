# The layout of Sqitch: plans that the real tool wrote or took, with the IDs and
# hashes that it recorded for them.

use strict;
use warnings;

use Digest::SHA qw(sha1_hex sha256_hex);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use Test::More;

my $node = new_server('layout_sqitch');
my $session;
my ($rows, $messages);

new_database($node, 'db');
$session = session($node, 'db');

# A plan of project p: pragmas and lines; a change's timestamp and planner are
# put in.
my $stamp = '2024-02-03T04:05:06Z P <p@example.com>';

sub plan_of
{
	return join("\n", '%syntax-version=1.0.0', '%project=p', '', @_, '');
}

# Files of a plan whose changes have a deploy script each.
sub project
{
	my ($plan, @changes) = @_;

	return { 'sqitch.plan' => $plan, map { ("deploy/$_.sql" => "SELECT 1; -- $_\n") } @changes };
}

#
# A plan that Sqitch 1.3.1 wrote; it recorded these in sqitch.changes.
#
my @recorded = (
	'2a27247af405f035b6f7cb4e4eb3fadaa7e7a51c|d1cd179c237d2ebf0d7c2247f4b50571abae9f02',
	'd1af2892885d0f2e4da4896adf036ac319b647d5|56f73b650b327d9c62bfce5468e15ad15068c5f4',
	'86df903b3137f53de3470cc1e438e63c6dc86499|4373457aabb0daa75ac3635f4b753441e5c8ff87',
	'11a319b1f9a250548fa7fb158b0622953ef01685|0bdcf0023acd3bf7d461e03a6be9e10382c906bb',
	'2313a6c7a61347f5c0a788603ff9e045d8c58de7|c7e16e735a3244d5bed433f8c7881ba0d7f19da1',
	'69541c51179aed1486c3c3570d013cc348557a22|adf92e8414bde3b64d6fd81b0bf4c2a3dd8da96f',
	'bf3d155db81247dc2d098fc916bbcb2366c68c63|220711d4f14b9d33f0e9c30b5611434b37f25e95',
	'a97882b5d49fa98a1a489f25755104932bb60034|0b2c6f40b74a8de59cc071ee56da07ea529c4b82');
my $identities = 'SELECT identity, array_to_string(checksums, \',\') FROM migrate.migration WHERE project = ';
my @loaded = (
	'deploy/schema.sql|schema|Adds the schema.|versioned|',
	'deploy/users@v1.1.sql|users@v1.1|Adds users.|versioned|',
	'deploy/tables/orders.sql|tables/orders|Orders, below a directory.|versioned|',
	"deploy/emile.sql|emile|\xc3\x9cn\xc3\xafcode name.|versioned|",
	'deploy/users@v2.sql|users@v2|Reworks users.|versioned|',
	'deploy/index.sql|index|An index.|versioned|',
	'deploy/users.sql|users|Once more.|versioned|',
	'deploy/grants.sql|grants|Last.|versioned|');

$messages = load_is($session, load_select(layout_path('sqitch'), layout => 'sqitch'),
	[ (map { "${_}new" } @loaded), 'deploy/forgotten.sql||||ignored' ],
	'a directory: plan order, reworked instances by their tags');
is($session->query("$identities 'main' ORDER BY sort_key"),
	join("\n", @recorded), 'IDs and hashes are those that Sqitch recorded');
like($messages, qr/^NOTICE:  00000: 2 verify scripts are not run\nDETAIL:  \S+verify\/schema\.sql\n\S+verify\/users\.sql$/m,
	'verify scripts, in one notice');
like($messages,
	qr/^NOTICE:  00000: 2 dependencies on other projects are not checked\nDETAIL:  change "tables\/orders" conflicts with "crm:orders"\nchange "users" requires "audit:log"$/m,
	'other projects, in one notice');
is(() = $messages =~ /^NOTICE/mg, 3, 'and the stray file: that is all');
my %files = layout_files('sqitch');
load_is($session, load_select(\%files, layout => 'auto'),
	[ (map { "${_}unchanged" } @loaded), 'deploy/forgotten.sql||||ignored' ], 'files that a client sends, layout detected')
  if $ENV{MIGRATE_DETECT};
load_is($session, load_select(\%files, layout => 'sqitch', project => 'files'),
	[ (map { "${_}new" } @loaded), 'deploy/forgotten.sql||||ignored' ], 'files that a client sends');
is($session->query("$identities 'files' ORDER BY sort_key"), join("\n", @recorded), 'with the same IDs');

# Variables: of the configuration, of the script, none in quotes and comments.
is(stored_script($session, 'main', 'schema', 'up'), <<'SQL', 'literals and identifiers are quoted');
-- Deploy shop:schema to pg

BEGIN;

CREATE SCHEMA "shop";
COMMENT ON SCHEMA "shop" IS 'Our shop; it''s #1';

COMMIT;
SQL
is(stored_script($session, 'main', 'users', 'up'), <<'SQL', '\set in the script; slices, strings, comments stay');
-- Deploy shop:users to pg
-- requires: users@v2



BEGIN;

ALTER TABLE shop.users ADD COLUMN tags text[] DEFAULT (ARRAY['a', 'b', 'c'])[1:2];
INSERT INTO shop.users SELECT i, ':limit' || i FROM generate_series(1, 10) i;
INSERT INTO shop.users VALUES (0, $$:limit$$, 'a	b', ARRAY['Our shop; it''s #1', '10']); -- not :this

COMMIT;
SQL
is(stored_script($session, 'main', 'users@v1.1', 'down'), <<'SQL', 'revert scripts have variables of their own');
-- Revert shop:users from pg

BEGIN;
DROP TABLE shop.users CASCADE;
COMMIT;
SQL
is($session->query("SELECT source FROM migrate.migration WHERE project = 'main' AND version = 'users\@v1.1'"),
	sha256_hex($files{'deploy/users@v1.1.sql'}), 'the checksum of the script as it was is kept');
is($session->query("SELECT variables FROM migrate.migration WHERE project = 'main' AND version = 'users'"),
	q({"title": "Our shop; it's #1", "schema": "shop"}), 'and what was given for its variables');
is($session->query("SELECT source IS NULL, variables IS NULL FROM migrate.migration WHERE project = 'main' AND version = 'emile'"),
	't|t', 'but only where there is one');

# They run, each in its own transaction, and back.
is($session->query('SELECT version FROM migrate.apply()'), join("\n", map { (split /\|/)[1] } @loaded), 'apply');
is( $session->query('SELECT * FROM shop.users WHERE id < 2 ORDER BY id'),
	"0|:limit|a\tb|{\"Our shop; it's #1\",10}\n1|:limit1||{a,b}", 'what Sqitch and psql make of the same scripts');
is($session->query('SELECT id FROM shop.orders'), "1\n2", 'data of COPY');
is($session->query("SELECT version FROM migrate.rollback(3)"), "grants\nusers\nindex", 'rollback');
(undef, $messages) = $session->query("SELECT version FROM migrate.rollback(2)");
like($messages, qr/^ERROR: .*emile/m, 'not over a change without a revert script');
is($session->query('SELECT count(*) FROM migrate.apply()'), '3', 'and forth');

#
# Odd lines, and files in other places; Sqitch has these IDs for the plan.
#
load_is(
	$session,
	load_select(layout_path('sqitch_places'), layout => 'sqitch', project => 'places'),
	[
		'sql/old/deploy/a@two.sql|a@two||versioned|new', "sql/up/b.sql|b|padded note \\t |versioned|new",
		'sql/up/d/e.f-g.sql|d/e.f-g|no blank|versioned|new', 'sql/up/a.sql|a|0|versioned|new',
		'sql/up/x[1.sql|x[1||versioned|new', 'sql/up/z.sql|z||versioned|new',
		'sql/deploy/z.sql||||ignored'
	],
	'directories and the plan as sqitch.conf has them');
is( $session->query("SELECT identity FROM migrate.migration WHERE project = 'places' ORDER BY sort_key"),
	"e0bf0f3c92e759c34fe54331de8c0a71d1c50027\nde7bcb08896bec98ccd4c28f111ee222fd3068ba\n"
	  . "4748af473d8d6532a1e61ae95e04f48828604c12\n213fcf54fdfa1811983cf166128f749582d0a3a2\n"
	  . "a75a6f2ceda4a4dceeb50e91ba5b350cb32873c7\ncdc5815764b00c350d686cc5e38f278e5f989b1c",
	'their IDs, with the canonical URI');
is($session->query("SELECT version, down IS NOT NULL FROM migrate.migration WHERE project = 'places' AND down IS NOT NULL ORDER BY sort_key"),
	"a\@two|t\nb|t", 'revert scripts from two directories');

# The top directory alone, without the configuration.
load_is($session, load_select({ 'x/sqitch.plan' => plan_of("a $stamp"), 'x/deploy/a.sql' => 'SELECT 1' }, layout => 'sqitch', project => 'top'),
	['x/deploy/a.sql|a||versioned|new'], 'a plan in a directory');
load_is(
	$session,
	load_select(
		{
			'./sqitch.conf' => "[core]\n\ttop_dir = sql\n",
			'./sqitch.plan' => plan_of("a $stamp # \xe2\x98\x83", "b $stamp"),
			'./deploy//a.sql' => "\xef\xbb\xbfSELECT 1;\r\n",
			'deploy/b.sql' => ''
		},
		layout => 'sqitch',
		project => 'dots'),
	[ "./deploy//a.sql|a|\xe2\x98\x83|versioned|new", 'deploy/b.sql|b||versioned|new' ],
	'paths in other forms, a plan that is not where the configuration has it, BOM and an empty script');
is(stored_script($session, 'dots', 'a', 'up'), "\xef\xbb\xbfSELECT 1;\r\n", 'the bytes stay as they are');

# The URI as Perl's URI module writes it.
my %canonical = (
	'http://Example.COM:80' => 'http://example.com/',
	'https://a.b:444/%7Ex/%2f?q' => 'https://a.b:444/~x/%2F?q',
	'HTTP://U:P@Host:/x' => 'http://U:P@host/x',
	'urn:X:y' => 'urn:X:y',
	'Git://Host/x y' => 'git://Host/x%20y',
	'a/B' => 'a/B',
	'mailto:x@Y.z' => 'mailto:x@Y.z',
	'ftp://H:21' => 'ftp://h',
	"http://h/\xc3\xa9" => 'http://h/%C3%A9');
foreach my $uri (sort keys %canonical)
{
	my $info = "project p\nuri $canonical{$uri}\nchange a\nplanner P <p\@example.com>\ndate 2024-02-03T04:05:06Z";
	my $plan = plan_of("a $stamp") =~ s/=p\n/=p\n%uri=$uri\n/r;

	$session->query("BEGIN");
	$session->query(load_select(project($plan, 'a'), layout => 'sqitch', project => 'uri'));
	is($session->query("SELECT identity FROM migrate.migration WHERE project = 'uri'"),
		sha1_hex('change ' . length($info) . "\0$info"), "URI $uri");
	$session->query("ROLLBACK");
}

#
# A plan grows.
#
my $old = project(plan_of("a $stamp", "c $stamp"), 'a', 'c');
load_is($session, load_select($old, layout => 'sqitch', project => 'grow'),
	[ 'deploy/a.sql|a||versioned|new', 'deploy/c.sql|c||versioned|new' ], 'two changes');
$session->query("SELECT migrate.apply('a', project => 'grow')");
my $new = project(plan_of("a $stamp", "\@v1 $stamp", "a [a\@v1] $stamp # again", "b $stamp"), 'a@v1', 'a', 'b');
$new->{'deploy/a@v1.sql'} = $old->{'deploy/a.sql'};
($rows, $messages) = $session->query(load_select($new, layout => 'sqitch', project => 'grow'));
is($rows, "deploy/a\@v1.sql|a\@v1||versioned|replaced\ndeploy/a.sql|a|again|versioned|new\ndeploy/b.sql|b||versioned|new",
	'an applied change is reworked') or diag($messages);
is($session->query("SELECT version, state FROM migrate.status('grow')"),
	"a\@v1|applied\na|pending\nb|pending\nc|pending", 'it stays applied under its new name');
like($messages, qr/^NOTICE:  00000: migration "c ?" is not applied and not among the files$/m, 'a change that is gone');

#
# What a plan cannot say.
#
sub plan_fails
{
	my ($lines, $pattern, $line, $name) = @_;
	my $plan = ref $lines ? plan_of(@$lines) : $lines;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	load_fails($session, 'sqitch', project($plan, 'a', 'b', 'c'),
		qr/^ERROR:  \w{5}: $pattern\n(?:DETAIL:.*\n)?HINT:  .+\nCONTEXT:  line $line of file "sqitch\.plan"$/m, $name);
	return;
}

plan_fails('', 'the plan has no pragma %project before its first blank line', 1, 'an empty plan');
plan_fails("%syntax-version=1.0.0\n\n%project=p\n", 'the plan has no pragma %project before its first blank line', 2,
	'a pragma behind the blank line');
plan_fails("%project=p\na $stamp\n", 'a line before the first blank one is no pragma', 2, 'no blank line');
plan_fails("%project=p q\n\n", 'invalid project name "p q"', 1, 'a project name with a blank');
plan_fails("%project p\n\n", 'the pragma has no name, or no =', 1, 'a pragma without =');
plan_fails(['a'], 'syntax error in the plan: there is no timestamp such as .*', 4, 'a change without timestamp');
plan_fails(['a 2024-02-03T04:05:06Z'], 'syntax error in the plan: there is no planner such as .*', 4, 'a change without planner');
plan_fails(['a 2024-13-03T04:05:06Z P <p@example.com>'], 'syntax error in the plan: there is no timestamp such as .*', 4, 'a month 13');
plan_fails(['a 2024-02-03T04:05:06Z <p@example.com>'], 'syntax error in the plan: there is no planner such as .*', 4, 'a planner without name');
plan_fails(['a 2024-02-03T04:05:06Z P <>'], 'syntax error in the plan: there is no planner such as .*', 4, 'a planner without e-mail');
plan_fails(["a [b $stamp"], 'syntax error in the plan: its dependencies do not end .*', 4, 'a bracket left open');
plan_fails(["a [] $stamp"], 'syntax error in the plan: its dependencies do not end .*', 4, 'no dependency in brackets');
plan_fails([ '', '# x', "$_ $stamp" ], 'syntax error in the plan: its name is not valid', 6, "name $_")
  foreach '.a', 'a.', 'a:b', 'a\\b', 'a~1', 'a^22', '-', 'a@v1';
plan_fails(["$_ $stamp"], qr/"$_" cannot be a name/, 4, "name $_") foreach 'ROOT', 'HEAD', 'a' x 40;
plan_fails([ "a $stamp", "a $stamp" ], 'change "a" is in the plan already, in line 4', 5, 'a change twice');
plan_fails(["\@v1 $stamp"], 'there is no change for tag "@v1"', 4, 'a tag first');
plan_fails([ "a $stamp", "\@v/x $stamp" ], 'tag "@v\/x" has a slash in it', 5, 'a tag with a slash');
plan_fails([ "a $stamp", "\@v1 [a] $stamp" ], 'tag "@v1" has dependencies', 5, 'a tag with dependencies');
plan_fails([ "a $stamp", "\@v1 $stamp", "b $stamp", "\@v1 $stamp" ], 'tag "@v1" is in the plan already, in line 5', 7, 'a tag twice');
plan_fails([ "a $stamp", "b [a a] $stamp" ], 'dependency "a" is there twice', 5, 'a dependency twice');
plan_fails([ "a $stamp", "b [$_] $stamp" ], qr/"\Q$_\E" is not a dependency/, 5, "dependency $_")
  foreach '!', ':a', 'p:', 'a@', '@', 'a@b@c', 'a:b:c', '.a';
plan_fails(["a [b] $stamp"], 'change "a" requires "b", which is not in the plan', 4, 'a required change that is not there');
plan_fails(["a [!b] $stamp"], 'change "a" conflicts with "b", which is not in the plan', 4, 'a conflict that is not there');
plan_fails(["a [a] $stamp"], 'change "a" requires itself', 4, 'a change that requires itself');
plan_fails([ "a [c] $stamp", "b $stamp", "c $stamp" ], 'change "a" requires "c", which stands after it in line 6', 4, 'a required change that comes later');
plan_fails([ "a $stamp", "b [p:c] $stamp", "c $stamp" ], 'change "b" requires "c", which stands after it in line 6', 5, 'the same with the own project');
plan_fails([ "a $stamp", "b [a\@v1] $stamp" ], 'change "b" requires "a@v1", which is not in the plan', 5, 'a tag that is not there');
plan_fails([ "a $stamp", "b [!a] $stamp" ], 'change "b" conflicts with "a", which stands before it in line 4', 5, 'a conflict');
plan_fails([ "a $stamp", "b $stamp", "d $stamp" ], 'change "d" has no deploy script', 6, 'no deploy script');
load_fails($session, 'sqitch', { 'deploy/a.sql' => 'SELECT 1' },
	qr/^ERROR:  22023: there is no file "sqitch\.plan"\nHINT:  .+$/m, 'no plan');
load_is($session, load_select(project(plan_of("a $stamp", "b [!c] $stamp", "c $stamp"), 'a', 'b', 'c'), layout => 'sqitch', project => 'later'),
	[ map { "deploy/$_.sql|$_||versioned|new" } 'a', 'b', 'c' ], 'a conflict with what comes later is none, as for Sqitch');

# The configuration.
sub conf_fails
{
	my ($conf, $pattern, $line, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	load_fails($session, 'sqitch', { %{ project(plan_of("a $stamp"), 'a') }, 'sqitch.conf' => $conf },
		qr/^ERROR:  \w{5}: $pattern\nHINT:  .+\nCONTEXT:  line $line of file "sqitch\.conf"$/m, $name);
	return;
}

conf_fails("[core]\n\tengine = mysql\n", 'the project is for engine "mysql"', 2, 'another engine');
conf_fails("# x\nkey = value\n", 'syntax error in file "sqitch\.conf"', 2, 'a setting in no section');
conf_fails("[core\n", 'syntax error in file "sqitch\.conf"', 1, 'a section that does not end');
conf_fails("[core]\nkey = \"x\n", 'syntax error in file "sqitch\.conf"', 2, 'a quote that does not end');
conf_fails("[core]\nkey = \\x\n", 'syntax error in file "sqitch\.conf"', 2, 'an unknown escape');

#
# psql's variables.
#
my $case = 0;
my $values = q({"v": "val", "q": "it's", "b": "a\\\\b", "i": "a\"b"});

sub replaced
{
	my ($text, $expected, $name, $variables) = @_;
	my $project = 'psql' . $case++;
	my $files = { 'sqitch.plan' => plan_of("a $stamp"), 'deploy/a.sql' => $text };
	my ($loaded, $errors) = $session->query(
		load_select($files, layout => 'sqitch', project => $project, variables => $variables // $values));
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is(stored_script($session, $project, 'a', 'up'), $expected, $name) or diag($errors);
	return;
}

replaced(q(x :v, :'v' :"v" y), q(x val, 'val' "val" y), 'three forms');
replaced(q(:'q' :'b' :"i" :"q"), q('it''s'  E'a\\\\b' "a""b" "it's"), 'quoting');
replaced(q(:{?v} :{?w} :{? :{v), q(TRUE FALSE :{? :{v), 'is it set?');
replaced(q(a::v a:=v ::v :::v), q(a::v a:=v ::v ::val), 'casts and assignments');
replaced(q('a:v''b:v' "a:v" E'\':v' e'a\\\\'':v' x'1:v'), q('a:v''b:v' "a:v" E'\':v' e'a\\\\'':v' x'1:v'), 'none in strings');
replaced(q($$:v$$ $a$:v $$ :v$a$ a$b$:v $1:v), q($$:v$$ $a$:v $$ :v$a$ a$b$val $1val), 'none in dollar quotes');
replaced("-- :v\n/* :v /* */ :v */ :v - :v / :v", "-- :v\n/* :v /* */ :v */ val - val / val", 'none in comments');
replaced("COPY t FROM STDIN;\n:v\t\\N\n\\.\n:v; COPY t TO STDOUT;\n:v", "COPY t FROM STDIN;\n:v\t\\N\n\\.\nval; COPY t TO STDOUT;\nval", 'none in the data of COPY');
replaced(q(a[1:2] a[lo:hi] a[:hi] a[ :x] json('k':x) json("k":x) f():x), q(a[1:2] a[lo:hi] a[:hi] a[ :x] json('k':x) json("k":x) f():x), 'colons of SQL stay');
replaced(q(a[:v] json('k':v)), q(a[val] json('k'val)), 'but variables that are set are replaced there too, as by psql');
replaced("\\set v 1\n:v\n\\set v\n:v.\n\\set w :v 'a b' c:'q'\n:w", "\n1\n\n.\n\na bc'it''s'", '\set: arguments are joined');
replaced("\\set w 'a\\nb''c\\'d\\101\\x41\\xy'\n:'w'", "\n'a\nb''c''dAAxy'", '\set: quotes and escapes');
replaced("\\set w \"x y\" \\\\ :w\n", "  \"x y\"\n" =~ s/^ //r, '\set: double quotes stay, \\\\ ends it');
replaced("\\unset v\n:{?v}", "\nFALSE", '\unset');
replaced("\\echo :v\n:v", "\\echo :v\nval", 'other meta-commands stay for the engine');
replaced("a \\: b \\; c", 'a : b ; c', 'escaped colon and semicolon');
replaced(":v", ':w', 'a value is not searched again', '{"v": ":w"}');
replaced(("x" x 100000) . " :v", ("x" x 100000) . ' val', 'a huge line');
replaced(":'registry'", "'sqitch'", 'what Sqitch itself sets');
replaced("'unterminated :v", "'unterminated :v", 'a quote left open');
replaced("\$\$ :v", "\$\$ :v", 'a dollar quote left open');
replaced("/* :v", "/* :v", 'a comment left open');

sub unset
{
	my ($text, $what, $line, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	load_fails($session, 'sqitch', { 'sqitch.plan' => plan_of("a $stamp"), 'deploy/a.sql' => $text },
		qr/^ERROR:  \w{5}: $what\nHINT:  .+\nCONTEXT:  line $line of file "deploy\/a\.sql"$/m, $name);
	return;
}

unset("SELECT 1;\nSELECT :none;", 'no value for placeholder "none"', 2, 'a variable that is not set');
unset("SELECT a[:'none'];", 'no value for placeholder "none"', 1, 'a quoted one, even in a slice');
unset("\\set a 1\n\\unset a\nSELECT :a;", 'no value for placeholder "a"', 3, 'one that is not set any more');
unset("\n\\set a `date`", 'a psql meta-command runs a program of the client', 2, 'a program of the client');
unset("\\set a 'b\n'", 'unterminated quoted string in a psql meta-command', 1, 'a quote left open in \set');
load_fails($session, 'sqitch', { %{ project(plan_of("a $stamp"), 'a') }, 'revert/a.sql' => "\n\n:none" },
	qr/^ERROR:  42P02: no value for placeholder "none"\nHINT:  .+\nCONTEXT:  line 3 of file "revert\/a\.sql"$/m, 'in a revert script');

# What was given comes first, and other values are no edit of what ran.
my %variables = ('sqitch.plan' => plan_of("a $stamp"), 'sqitch.conf' => "[core \"variables\"]\nv = 1\n[deploy \"variables\"]\nw = 2\n",
	'deploy/a.sql' => 'SELECT :v, :w;');
is($session->query(load_select(\%variables, layout => 'sqitch', project => 'given', variables => '{"w": "3"}')), 'deploy/a.sql|a||versioned|new', 'variables from both');
is(stored_script($session, 'given', 'a', 'up'), 'SELECT 1, 3;', 'the call comes before the configuration');
$session->query("SELECT migrate.apply(project => 'given')");
is($session->query(load_select(\%variables, layout => 'sqitch', project => 'given')), 'deploy/a.sql|a||versioned|unchanged', 'another value after it ran');

# What the engine refuses, it refuses with the line of the file.
$session->query(load_select({ 'sqitch.plan' => plan_of("a $stamp"), 'deploy/a.sql' => "\\set v 1\nBEGIN;\nSELECT :v;\nROLLBACK;\n" }, layout => 'sqitch', project => 'refused'));
(undef, $messages) = $session->query("SELECT * FROM migrate.apply(project => 'refused')");
like($messages, qr/^ERROR:.*ROLLBACK[^\n]*\n(?:.*\n)*CONTEXT:  .*line 4/m, 'ROLLBACK');
$session->query(load_select({ 'sqitch.plan' => plan_of("a $stamp"), 'deploy/a.sql' => "\\set v 1\n\\i other.sql\n" }, layout => 'sqitch', project => 'include'));
(undef, $messages) = $session->query("SELECT * FROM migrate.apply(project => 'include')");
like($messages, qr/^ERROR:.*meta-command "\\i"[^\n]*\n(?:.*\n)*CONTEXT:  .*line 2/m, '\i');

# In another encoding the IDs and hashes are those of the files, which are UTF-8.
new_database($node, 'latin1', "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
is_sql($node, 'latin1', 'SELECT count(*) FROM migrate.load(' . "'" . layout_path('sqitch') . "', layout => 'sqitch')", '9', 'a LATIN1 database');
is_sql($node, 'latin1', "$identities 'main' ORDER BY sort_key", join("\n", @recorded), 'with the same IDs and hashes');

# Many changes.
my @many = map { "change_$_" } 1 .. 3000;
my $started = time;
my $load = load_select(project(plan_of(map { "$many[$_]" . ($_ ? " [$many[$_ - 1]]" : '') . " $stamp" } 0 .. $#many), @many), layout => 'sqitch', project => 'many');
is($session->query("SELECT count(*) FROM ($load) AS loaded"), '3000', '3000 changes');
note('figure: 3000 changes in ' . (time - $started) . ' s');

$session->quit;
$node->stop;
done_testing();
