<?php
# Calls migrate.apply() through PHP's pgsql and PDO.  The server is that of PGHOST and so on.

function print_rows($rows)
{
	foreach ($rows as $row)
		echo "row: {$row['version']} {$row['state']}\n";
}

function print_error($state, $text)
{
	preg_match('/ERROR: +(.*)/', $text, $message);
	preg_match('/HINT: +(.*)/', $text, $hint);
	exit("error: $state $message[1]\nhint: $hint[1]\nend\n");
}

# without exceptions, as most code does it
function ask($conn, $sql, $values = [])
{
	pg_send_query_params($conn, $sql, $values);
	$result = pg_get_result($conn);
	if (pg_result_status($result) == PGSQL_TUPLES_OK)
		print_rows(pg_fetch_all($result));
	else
		print_error(pg_result_error_field($result, PGSQL_DIAG_SQLSTATE), pg_result_error($result));
}

function apply()
{
	$conn = pg_connect('');
	$result = @pg_query($conn, 'SELECT version, state FROM migrate.apply()');
	foreach (pg_last_notice($conn, PGSQL_NOTICE_ALL) as $notice)
		echo preg_replace('/^NOTICE: +/', 'notice: ', $notice), "\n";
	if ($result)
		print_rows(pg_fetch_all($result));
	else
		# pg_query does not tell the SQLSTATE
		print_error('-', pg_last_error($conn));
}

function target(...$versions)
{
	$conn = pg_connect('');
	foreach ($versions as $version)
		ask($conn, 'SELECT version, state FROM migrate.apply($1)', [$version]);
}

function transaction()
{
	$conn = pg_connect('');
	pg_query($conn, 'BEGIN');
	ask($conn, 'SELECT version, state FROM migrate.apply()');
	pg_query($conn, 'ROLLBACK');
	pg_query($conn, 'BEGIN');
	ask($conn, 'SELECT version, state FROM migrate.apply()');
	pg_query($conn, 'COMMIT');
}

function pooled()
{
	apply();
}

function pdo_apply()
{
	$pdo = new PDO('pgsql:');
	$rows = $pdo->query('SELECT version, state FROM migrate.apply()')->fetchAll();
	print_rows($rows);
}

function pdo_target(...$versions)
{
	$pdo = new PDO('pgsql:');
	$statement = $pdo->prepare('SELECT version, state FROM migrate.apply(?)');
	foreach ($versions as $version)
	{
		$statement->execute([$version]);
		print_rows($statement->fetchAll());
	}
}

function pdo_transaction()
{
	$pdo = new PDO('pgsql:');
	$pdo->beginTransaction();
	print_rows($pdo->query('SELECT version, state FROM migrate.apply()')->fetchAll());
	$pdo->rollBack();
	$pdo->beginTransaction();
	print_rows($pdo->query('SELECT version, state FROM migrate.apply()')->fetchAll());
	$pdo->commit();
}

try
{
	$argv[1](...array_slice($argv, 2));
}
catch (PDOException $error)
{
	print_error($error->getCode(), $error->getMessage());
}
echo "end\n";
