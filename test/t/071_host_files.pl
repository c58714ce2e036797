# Files in a host language: load() takes those that their tool's history has
# as applied, and adopt() makes them so here.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use Test::More;

my $node = new_server('host_files');
my ($rows, $messages);

# Alembic names the heads only: who is applied is what they come from.
my %down = (base => 'None', a1 => q{'base'}, b1 => q{'base'}, a2 => q{'a1'}, m => q{('a2', 'b1')}, c1 => q{'a1'});

sub revisions
{
	my (@names) = @_;

	return join(', ',
		'ARRAY[' . join(', ', map { "'v/${_}_x.py'" } @names) . ']',
		'ARRAY[' . join(', ', map { "\$\$revision = '$_'\ndown_revision = $down{$_}\n\$\$" } @names) . ']',
		q{'alembic'});
}

new_database($node, 'alembic');
$node->safe_psql('alembic', q{CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY); INSERT INTO alembic_version VALUES ('m')});
my $session = session($node, 'alembic');
($rows, $messages) = $session->query('SELECT version FROM migrate.load(' . revisions(qw(m a2 b1 a1 base c1)) . ')');
like($messages, qr/ERROR:  0A000: 1 file is not SQL and is not applied\nDETAIL:  v\/c1_x\.py$/m, 'a branch that no head comes from');
($rows, $messages) = $session->query('SELECT version, result FROM migrate.load(' . revisions(qw(m a2 b1 a1 base)) . ')');
is(join(' ', sort split /\n/, $rows), 'a1|new a2|new b1|new base|new m|new', 'the ancestors of the head');
like($messages, qr/^NOTICE:  00000: table public\.alembic_version is the history of alembic\nHINT:  To take over what it says was applied, run SELECT \* FROM migrate\.adopt\(\);$/m, 'and what to do next');
is($session->query('SELECT count(*) FROM migrate.adopt() WHERE result = \'adopted\''), '5', 'are adopted');
is($session->query('SELECT * FROM migrate.apply()'), '', 'nothing is left to run');
$session->query('DROP TABLE alembic_version');
($rows, $messages) = $session->query('SELECT DISTINCT result FROM migrate.load(' . revisions(qw(m a2 b1 a1 base)) . ')');
is("$rows$messages", 'unchanged', 'they are known when the history is gone');

# A project that goes on with SQL.
my $files = "ARRAY['d/1_a.js', 'd/2_b.%s'], ARRAY['exports.up = async (knex) => {}', 'CREATE TABLE b (a int)'], 'knex'";

new_database($node, 'knex');
$node->safe_psql('knex', q{CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz); INSERT INTO knex_migrations (name) VALUES ('1_a.ts')});
$session = session($node, 'knex');
($rows, $messages) = $session->query('SELECT * FROM migrate.load(' . sprintf($files, 'js') . ')');
like($messages, qr/ERROR:  0A000: 1 file is not SQL and is not applied\nDETAIL:  d\/2_b\.js\nHINT:  .*Knex/, 'one that is not applied');
is($session->query('SELECT path, result FROM migrate.load(' . sprintf($files, 'sql') . ')'), "d/1_a.js|new\nd/2_b.sql|new", 'SQL after what is applied');
($rows, $messages) = $session->query('SELECT * FROM migrate.apply()');
like($messages, qr/ERROR:  55000: project "main" has not adopted the history of knex$/m, 'apply before adopt');
($rows, $messages) = $session->query("SET migrate.unadopted_history = 'allow'; SELECT * FROM migrate.apply()");
like($messages, qr/ERROR:  55000: 1_a\.js was applied by knex and cannot be run here\nHINT:  Run SELECT \* FROM migrate\.adopt\(\); first\./, 'there is no way round it');
$session->query('RESET migrate.unadopted_history');
is($session->query('SELECT version, result FROM migrate.adopt()'), "1|adopted\n2|pending", 'adopt');
is($session->query('SELECT version, state FROM migrate.apply()'), '2|applied', 'apply');
($rows, $messages) = $session->query('SELECT result FROM migrate.load(' . sprintf($files, 'sql') . ')');
is($rows, "unchanged\nunchanged", 'load again');
unlike($messages, qr/history of/, 'without a word about the history');

$session->quit;
$node->stop;
done_testing();
