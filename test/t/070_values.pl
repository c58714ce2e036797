# After a script ran, other values for its placeholders change neither it nor
# its way back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateLayout;
use MigrateTest;
use Test::More;

my $node = new_server('values');
new_database($node, 'db');
my $session = session($node, 'db');
my %files = ('1_a.sql' => "CREATE TABLE {{.p}}_a ();\n---- create above / drop below ----\nDROP TABLE {{.p}}_a;\n");

load_rows($session, \%files, q('tern', variables => '{"p": "none"}'));
load_rows($session, \%files, q('tern', variables => '{"p": "one"}'));
$session->query('SELECT migrate.apply()');
load_rows($session, \%files, q('tern', variables => '{"p": "two"}'));
is_sql($node, 'db', 'SELECT variables FROM migrate.migration', '{"p": "one"}', 'the values of what ran are kept');
script_is($session, 'main', 1, 'down', "\nDROP TABLE one_a;\n", 'and its way back');
$session->query('SELECT migrate.rollback()');
load_rows($session, \%files, q('tern', variables => '{"p": "two"}'));
$session->query('SELECT migrate.apply()');
is_sql($node, 'db', "SELECT to_regclass('two_a')", 'two_a', 'undone, it takes the new ones');
$session->quit;
$node->stop;
done_testing();
