# Traffic on a table goes on without an error while migrations change it: its
# index is built concurrently, constraints are added in safe steps.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('load', conf => 'max_connections = 50');

new_database($node, 'db');
$node->safe_psql('db', <<'SQL');
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int NOT NULL,
                     amount numeric NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
INSERT INTO customers SELECT generate_series(1, 100);
INSERT INTO orders (customer, amount) SELECT 1 + g % 100, g FROM generate_series(1, 50000) g;
ANALYZE;
SQL
my $backfill = <<'SQL';
DO $$
DECLARE
    highest CONSTANT bigint := (SELECT max(id) FROM orders);
    done    bigint := 0;
BEGIN
    WHILE done < highest LOOP
        UPDATE orders SET number = 'R-' || id WHERE id > done AND id <= done + 5000 AND number IS NULL;
        COMMIT;
        done := done + 5000;
    END LOOP;
END;
$$;
VACUUM (ANALYZE) orders;
SQL
register(
	$node, 'db',
	[ '01', 'index', 'CREATE INDEX CONCURRENTLY orders_created_at_idx ON orders (created_at)' ],
	[
		'02', 'column', <<'SQL' ],
ALTER TABLE orders ADD COLUMN number text;
CREATE FUNCTION set_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.number := coalesce(NEW.number, 'R-' || NEW.id);
    RETURN NEW;
END;
$$;
CREATE TRIGGER orders_set_number BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION set_number();
SQL
	[ '03', 'backfill', $backfill ],
	[ '04', 'check', 'ALTER TABLE orders ADD CONSTRAINT present CHECK (number IS NOT NULL) NOT VALID' ],
	[ '05', 'validate', 'ALTER TABLE orders VALIDATE CONSTRAINT present' ],
	[ '06', 'not null', "ALTER TABLE orders ALTER COLUMN number SET NOT NULL;\nALTER TABLE orders DROP CONSTRAINT present;" ],
	[
		'07', 'unique',
		"CREATE UNIQUE INDEX CONCURRENTLY orders_number_key ON orders (number);\n"
		  . 'ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE USING INDEX orders_number_key'
	],
	[
		'08', 'foreign key',
		"CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer);\n"
		  . 'ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES customers NOT VALID'
	],
	[ '09', 'validate it', 'ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fkey' ],
	[ '10', 'reindex', 'REINDEX TABLE CONCURRENTLY orders' ],
	[ '11', 'drop', 'DROP INDEX CONCURRENTLY orders_created_at_idx' ]);

# The application: short transactions, some prepared, until it is told to stop.
my $file = PostgreSQL::Test::Utils::tempdir() . '/traffic.sql';
append_to_file($file, <<'SQL');
\set customer random(1, 100)
\set order random(1, 50000)
INSERT INTO orders (customer, amount) VALUES (:customer, :order);
UPDATE orders SET amount = amount + 1 WHERE id = :order;
SELECT amount FROM orders WHERE id = :order;
DELETE FROM orders WHERE id = :order AND amount < 0;
SQL
my ($out, $err) = ('', '');
my $traffic = IPC::Run::start(
	[
		'pgbench', '-n', '-M', 'prepared', '-c', '4', '-T', '120', '-P', '1', '-f', $file,
		'-h', $node->host, '-p', $node->port, 'db'
	],
	'<', \'', '>', \$out, '2>', \$err,
	IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
wait_until($node, 'db', 'SELECT count(*) > 50100 FROM orders');

my $session = session($node, 'db');
my ($rows, $messages) = $session->query('SELECT version, state FROM migrate.apply()');
is($rows, join("\n", map { sprintf '%02d|applied', $_ } 1 .. 11), 'the run');
unlike($messages, qr/^(ERROR|WARNING)/m, 'without an error');

# The traffic is still there, and has met no error.
my $before = $node->safe_psql('db', 'SELECT count(*) FROM orders');
wait_until($node, 'db', "SELECT count(*) > $before FROM orders");
$traffic->pump_nb;
ok($traffic->pumpable, 'the traffic went on all the time');
$traffic->signal('INT');
eval { $traffic->finish };
note($err);
unlike($err, qr/ERROR|aborted|failed: [1-9]/, 'and met no error');
unlike(slurp_file($node->logfile), qr/pgbench ERROR/, 'nor does the server log know of one');

# Sound indexes and constraints.
is_clean($node, 'db', 'under load');
$session->query('CREATE EXTENSION amcheck');
is_sql($node, 'db', <<'SQL', 't|t|0', 'all indexes are complete, all constraints hold');
SELECT bool_and(bt_index_check(indexrelid, true) IS NOT NULL),
       (SELECT bool_and(convalidated) FROM pg_constraint WHERE conrelid = 'orders'::regclass),
       (SELECT count(*) FROM orders WHERE number IS DISTINCT FROM 'R-' || id)
  FROM pg_index WHERE indrelid = 'orders'::regclass
SQL
$session->quit;
$node->stop;
done_testing();
