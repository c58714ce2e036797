/*-------------------------------------------------------------------------
 *
 * query.c
 *	  One statement at a time: sent, watched, cancelled by Ctrl-C.
 *
 *-------------------------------------------------------------------------
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include "db.h"
#include "screen.h"

/* The signal that asks to end, and how many came. */
static volatile sig_atomic_t caught;
static volatile sig_atomic_t times;

static void
handle_signal(int number)
{
	caught = number;
	times++;
}

/*
 * Statements
 */

void
query_init(Query *query, const char *sql)
{
	memset(query, 0, sizeof(Query));
	query->sql = sql;
}

void
query_value(Query *query, Oid type, const char *value)
{
	query->types[query->count] = type;
	query->values[query->count++] = value;
}

void
query_text(Query *query, const char *value)
{
	query_value(query, DB_TEXT, value);
}

void
query_binary(Query *query, Oid type, const Text *value)
{
	query->lengths[query->count] = (int) value->len;
	query->formats[query->count] = 1;
	query_value(query, type, value->data);
}

bool
db_is_lost(const Db *db)
{
	return PQstatus(db->conn) != CONNECTION_OK;
}

bool
result_is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* Appends a row of a result of the same columns. */
void
result_add_row(PGresult *to, const PGresult *from, int row)
{
	int			last = PQntuples(to);

	for (int column = 0; column < PQnfields(from); column++)
		PQsetvalue(to, last, column, PQgetvalue(from, row, column),
				   PQgetisnull(from, row, column) ? -1 :
				   PQgetlength(from, row, column));
}

/*
 * Watching
 */

/*
 * While a statement runs, Ctrl-C and a request to terminate cancel it.  They
 * are blocked but while we wait, so that none is missed.
 */
static void
catch_signals(sigset_t *waiting, struct sigaction *saved)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	struct sigaction action;
	sigset_t	block;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handle_signal;
	sigemptyset(&action.sa_mask);
	sigemptyset(&block);
	for (size_t i = 0; i < lengthof(numbers); i++)
	{
		sigaction(numbers[i], NULL, &saved[i]);
		/* of one that is ignored, as under nohup, nothing is to be seen */
		if (saved[i].sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
		sigaddset(&block, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &block, waiting);
	for (size_t i = 0; i < lengthof(numbers); i++)
		sigdelset(waiting, numbers[i]);
	caught = 0;
	times = 0;
}

static void
release_signals(const sigset_t *waiting, const struct sigaction *saved)
{
	sigaction(SIGINT, &saved[0], NULL);
	sigaction(SIGTERM, &saved[1], NULL);
	sigprocmask(SIG_SETMASK, waiting, NULL);
}

/* Asks the server to cancel the statement; how it ends is still to come. */
void
db_cancel(Db *db)
{
	char		message[256];
	PGcancel   *cancel = PQgetCancel(db->conn);

	if (cancel != NULL && !PQcancel(cancel, message, sizeof(message)))
		complain("could not cancel: %s", message);
	PQfreeCancel(cancel);
}

/* Waits until the server or the watcher has something, or a signal comes. */
static void
wait_for_event(Db *db, const Query *query, const sigset_t *waiting)
{
	struct pollfd own = {-1, 0, 0};
	struct timespec limit;
	fd_set		readable;
	fd_set		writable;
	int			server = PQsocket(db->conn);
	int			left = -1;
	int			unsent = PQflush(db->conn);

	if (query->tick != NULL)
		left = query->tick(query->arg, &own);
	FD_ZERO(&readable);
	FD_ZERO(&writable);
	if (server < 0)
		return;
	FD_SET(server, &readable);
	if (unsent == 1)
		FD_SET(server, &writable);
	if (own.fd >= 0)
		FD_SET(own.fd, own.events == POLLIN ? &readable : &writable);
	limit.tv_sec = left / 1000;
	limit.tv_nsec = left % 1000 * 1000000L;
	(void) pselect((own.fd > server ? own.fd : server) + 1, &readable,
				   &writable, NULL, left < 0 ? NULL : &limit, waiting);
}

/*
 * Waits for the next result of the statement; how many signals were heeded is
 * counted for all of them.  False: we were told not to wait.
 */
static bool
wait_for_result(Db *db, const Query *query, const sigset_t *waiting,
				int *handled)
{
	while (PQisBusy(db->conn))
	{
		wait_for_event(db, query, waiting);
		if (times > *handled)
		{
			db->signal = caught;
			if ((*handled)++ > 0)
				return false;
			if (query->on_cancel != NULL)
				query->on_cancel(query->arg);
			db_cancel(db);
		}
		if (!PQconsumeInput(db->conn))
			break;
	}
	return true;
}

/* The statement's result, or the first error. */
static PGresult *
collect_result(Db *db, const Query *query, const sigset_t *waiting)
{
	PGresult   *kept = NULL;
	int			handled = 0;

	for (;;)
	{
		PGresult   *result;

		if (!wait_for_result(db, query, waiting, &handled))
		{
			PQclear(kept);
			return NULL;
		}
		result = PQgetResult(db->conn);
		if (result == NULL)
			return kept;
		if (kept == NULL || (result_is_good(kept) && !result_is_good(result)))
		{
			PQclear(kept);
			kept = result;
		}
		else
			PQclear(result);
	}
}

/*
 * Runs a statement.  Ctrl-C cancels it and sets db->signal; the result then
 * tells what came of that.  A second one does not wait for it: NULL.
 */
PGresult *
db_run(Db *db, Query *query)
{
	struct sigaction saved[2];
	sigset_t	waiting;
	PGresult   *result = NULL;

	catch_signals(&waiting, saved);
	PQsetnonblocking(db->conn, 1);
	if (PQsendQueryParams(db->conn, query->sql, query->count, query->types,
						  query->values, query->lengths, query->formats,
						  query->binary))
		result = collect_result(db, query, &waiting);
	if (result == NULL && db->signal == 0)
		result = PQmakeEmptyPGresult(db->conn, PGRES_FATAL_ERROR);
	PQsetnonblocking(db->conn, 0);
	release_signals(&waiting, saved);
	return result;
}
