/*
 * Calls migrate.apply() through libpq.  The server is that of PGHOST and so on.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn *conn;
static int	failed;

static void
print_notice(void *arg, const PGresult *notice)
{
	printf("notice: %s\n", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
	fflush(stdout);
}

static const char *
or_nothing(const char *text)
{
	return text ? text : "";
}

static void
print_result(PGresult *result)
{
	switch (PQresultStatus(result))
	{
		case PGRES_TUPLES_OK:
			for (int i = 0; i < PQntuples(result); i++)
				printf("row: %s %s\n", PQgetvalue(result, i, 0),
					   PQnfields(result) > 1 ? PQgetvalue(result, i, 1) : "");
			break;
		case PGRES_COMMAND_OK:
		case PGRES_PIPELINE_SYNC:
			break;
		case PGRES_PIPELINE_ABORTED:
			printf("aborted\n");
			break;
		default:
			printf("error: %s %s\n",
				   or_nothing(PQresultErrorField(result, PG_DIAG_SQLSTATE)),
				   or_nothing(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
			printf("hint: %s\n",
				   or_nothing(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT)));
			failed = 1;
	}
	PQclear(result);
}

static void
apply(void)
{
	PQsetNoticeReceiver(conn, print_notice, NULL);
	PGresult   *result = PQexec(conn, "SELECT version, state FROM migrate.apply()");
	print_result(result);
}

static void
target(int count, char **versions)
{
	PQclear(PQprepare(conn, "apply", "SELECT version, state FROM migrate.apply($1)", 1, NULL));
	for (int i = 0; i < count; i++)
	{
		const char *version = versions[i];

		print_result(PQexecPrepared(conn, "apply", 1, &version, NULL, NULL, 0));
	}
}

static void
transaction(void)
{
	PQclear(PQexec(conn, "BEGIN"));
	print_result(PQexec(conn, "SELECT version, state FROM migrate.apply()"));
	PQclear(PQexec(conn, "ROLLBACK"));
	if (failed)
		return;
	PQclear(PQexec(conn, "BEGIN"));
	print_result(PQexec(conn, "SELECT version, state FROM migrate.apply()"));
	PQclear(PQexec(conn, "COMMIT"));
}

/* All results up to that of the synchronization point. */
static void
print_pipeline(void)
{
	for (;;)
	{
		PGresult   *result = PQgetResult(conn);
		int			end;

		/* NULL ends the results of one query */
		if (result == NULL)
			continue;
		end = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		print_result(result);
		if (end)
			break;
	}
}

static void
send(const char *query)
{
	if (!PQsendQueryParams(conn, query, 0, NULL, NULL, NULL, NULL, 0))
	{
		fprintf(stderr, "%s", PQerrorMessage(conn));
		exit(1);
	}
}

/* The call is the first of its pipeline, or the first after a sync. */
static void
pipeline_first(void)
{
	PQsetNoticeReceiver(conn, print_notice, NULL);
	PQenterPipelineMode(conn);
	send("SELECT 1");
	PQpipelineSync(conn);
	PQsendQueryParams(conn, "SELECT version, state FROM migrate.apply()", 0, NULL, NULL, NULL, NULL, 0);
	PQpipelineSync(conn);
	send("SELECT 2");
	PQpipelineSync(conn);
	print_pipeline();
	print_pipeline();
	print_pipeline();
	PQexitPipelineMode(conn);
}

/* What follows the call fails: what the runner did stays. */
static void
pipeline_failure(void)
{
	PQenterPipelineMode(conn);
	send("SELECT version, state FROM migrate.apply()");
	send("SELECT 1 / 0");
	send("SELECT 2");
	PQpipelineSync(conn);
	print_pipeline();
	PQexitPipelineMode(conn);
}

static void
pipeline_second(void)
{
	PQenterPipelineMode(conn);
	send("SELECT 1");
	send("SELECT version, state FROM migrate.apply()");
	send("SELECT 2");
	PQpipelineSync(conn);
	print_pipeline();
	PQexitPipelineMode(conn);
}

int
main(int argc, char **argv)
{
	const char *name = argv[1];

	setvbuf(stdout, NULL, _IOLBF, 0);
	conn = PQconnectdb("");
	if (PQstatus(conn) != CONNECTION_OK)
	{
		fprintf(stderr, "%s", PQerrorMessage(conn));
		return 1;
	}
	if (strcmp(name, "apply") == 0 || strcmp(name, "pooled") == 0)
		apply();
	else if (strcmp(name, "target") == 0)
		target(argc - 2, argv + 2);
	else if (strcmp(name, "transaction") == 0)
		transaction();
	else if (strcmp(name, "pipeline_first") == 0)
		pipeline_first();
	else if (strcmp(name, "pipeline_second") == 0)
		pipeline_second();
	else if (strcmp(name, "pipeline_failure") == 0)
		pipeline_failure();
	else
		return 2;
	PQfinish(conn);
	printf("end\n");
	return 0;
}
