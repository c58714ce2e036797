/*-------------------------------------------------------------------------
 *
 * progress.c
 *	  How far the server is, seen over a second connection.
 *
 * Made only for what takes long, and never waited for.  Whatever goes wrong
 * with it, say because the role may not see migrate.progress, ends it in
 * silence: the run does not need it.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "screen.h"

/* Seconds before the connection is made, and between two questions. */
#define PATIENCE	1.0
#define INTERVAL	0.5

/* An estimate needs this much to be worth anything. */
#define LEAST_SECONDS	2.0
#define LEAST_PERCENT	1.0

#define BAR_WIDTH 20

typedef enum WatcherState
{
	WATCHER_IDLE,				/* no connection yet */
	WATCHER_CONNECTING,
	WATCHER_READY,
	WATCHER_ASKING,
	WATCHER_GONE
} WatcherState;

struct Watcher
{
	const Db   *db;
	PGconn	   *conn;
	WatcherState state;
	PostgresPollingStatusType polling;
	char	   *label;			/* of the migration that is watched */
	const char *run;			/* or the number of the run */
	double		since;
	double		asked;
	Progress	progress;

	/* where the phase was first seen */
	double		phase_began;
	double		phase_percent;
};

static const char *const question =
	"SELECT run, step, steps, phase, percent,"
	" nullif(pg_catalog.array_to_string(blocked_by, ', '), '')"
	" FROM migrate.progress"
	" WHERE run::text = $2 OR pg_catalog.concat_ws(' ', version, name) = $1"
	" ORDER BY run LIMIT 1";

static void
forget_progress(Watcher *watcher)
{
	Progress   *progress = &watcher->progress;

	free(progress->phase);
	free(progress->blockers);
	free(progress->run);
	memset(progress, 0, sizeof(Progress));
	progress->percent = -1;
	progress->left = -1;
}

Watcher *
watcher_new(const Db *db)
{
	Watcher    *watcher = mem_alloc(sizeof(Watcher));

	watcher->db = db;
	watcher->since = clock_now();
	forget_progress(watcher);
	return watcher;
}

/* From now on, a migration by its label, or a run by its number. */
void
watcher_watch(Watcher *watcher, const char *label, const char *run)
{
	free(watcher->label);
	watcher->label = label ? mem_copy(label) : NULL;
	watcher->run = run;
	watcher->since = clock_now();
	forget_progress(watcher);
}

static void
give_up(Watcher *watcher)
{
	PQfinish(watcher->conn);
	watcher->conn = NULL;
	watcher->state = WATCHER_GONE;
	forget_progress(watcher);
}

static void
ignore_notice(void *arg, const PGresult *notice)
{
	(void) arg;
	(void) notice;
}

static void
begin_to_connect(Watcher *watcher)
{
	watcher->conn = db_start_another(watcher->db);
	if (PQstatus(watcher->conn) == CONNECTION_BAD)
	{
		give_up(watcher);
		return;
	}
	PQsetNoticeReceiver(watcher->conn, ignore_notice, NULL);
	watcher->state = WATCHER_CONNECTING;
	watcher->polling = PGRES_POLLING_WRITING;
}

static void
go_on_connecting(Watcher *watcher)
{
	watcher->polling = PQconnectPoll(watcher->conn);
	if (watcher->polling == PGRES_POLLING_FAILED)
		give_up(watcher);
	else if (watcher->polling == PGRES_POLLING_OK)
	{
		PQsetnonblocking(watcher->conn, 1);
		watcher->state = WATCHER_READY;
	}
}

static void
ask(Watcher *watcher)
{
	const char *values[2];

	values[0] = watcher->label;
	values[1] = watcher->run;
	watcher->asked = clock_now();
	if (PQsendQueryParams(watcher->conn, question, 2, NULL, values, NULL, NULL,
						  0))
		watcher->state = WATCHER_ASKING;
	else
		give_up(watcher);
}

/* How long the phase will still take, if it goes on as it did. */
static double
estimate(Watcher *watcher, const char *old_phase, double old_percent)
{
	Progress   *progress = &watcher->progress;
	double		now = clock_now();

	if (progress->phase == NULL || progress->percent < 0)
		return -1;
	if (old_phase == NULL || strcmp(old_phase, progress->phase) != 0 ||
		progress->percent < old_percent)
	{
		watcher->phase_began = now;
		watcher->phase_percent = progress->percent;
	}
	if (now - watcher->phase_began < LEAST_SECONDS ||
		progress->percent - watcher->phase_percent < LEAST_PERCENT)
		return -1;
	return (100 - progress->percent) * (now - watcher->phase_began) /
		(progress->percent - watcher->phase_percent);
}

static char *
value_or_null(const PGresult *row, int column)
{
	return PQgetisnull(row, 0, column) ? NULL :
		mem_copy(PQgetvalue(row, 0, column));
}

static void
take_answer(Watcher *watcher, const PGresult *row)
{
	Progress   *progress = &watcher->progress;
	char	   *old_phase = progress->phase;
	double		old_percent = progress->percent;

	progress->phase = NULL;
	forget_progress(watcher);
	progress->run = value_or_null(row, 0);
	progress->step = atoi(PQgetvalue(row, 0, 1));
	progress->steps = atoi(PQgetvalue(row, 0, 2));
	progress->phase = value_or_null(row, 3);
	progress->percent = PQgetisnull(row, 0, 4) ? -1 :
		strtod(PQgetvalue(row, 0, 4), NULL);
	progress->blockers = value_or_null(row, 5);
	progress->left = estimate(watcher, old_phase, old_percent);
	progress->asked = clock_now();
	free(old_phase);
}

static void
receive(Watcher *watcher)
{
	PGresult   *result;

	if (!PQconsumeInput(watcher->conn))
	{
		give_up(watcher);
		return;
	}
	while (!PQisBusy(watcher->conn))
	{
		result = PQgetResult(watcher->conn);
		if (result == NULL)
		{
			watcher->state = WATCHER_READY;
			return;
		}
		if (PQresultStatus(result) != PGRES_TUPLES_OK)
		{
			PQclear(result);
			give_up(watcher);
			return;
		}
		if (PQntuples(result) == 1)
			take_answer(watcher, result);
		else
			forget_progress(watcher);
		PQclear(result);
	}
}

/* What of the connection is to be waited for. */
static void
describe_wait(const Watcher *watcher, struct pollfd *own)
{
	own->fd = watcher->conn ? PQsocket(watcher->conn) : -1;
	own->events = 0;
	if (watcher->state == WATCHER_CONNECTING)
		own->events = watcher->polling == PGRES_POLLING_READING ? POLLIN :
			POLLOUT;
	else if (watcher->state == WATCHER_ASKING)
		own->events = POLLIN;
	else
		own->fd = -1;
}

/* Does what can be done without waiting; returns milliseconds. */
int
watcher_tick(Watcher *watcher, struct pollfd *own)
{
	double		now = clock_now();
	struct pollfd ready;

	switch (watcher->state)
	{
		case WATCHER_IDLE:
			if (now - watcher->since >= PATIENCE)
				begin_to_connect(watcher);
			break;
		case WATCHER_CONNECTING:
			describe_wait(watcher, &ready);
			if (poll(&ready, 1, 0) > 0)
				go_on_connecting(watcher);
			break;
		case WATCHER_READY:
			if (now - watcher->asked >= INTERVAL)
				ask(watcher);
			break;
		case WATCHER_ASKING:
			(void) PQflush(watcher->conn);
			receive(watcher);
			break;
		case WATCHER_GONE:
			break;
	}
	describe_wait(watcher, own);
	return 1000;
}

/* What is known, which may be nothing. */
const Progress *
watcher_progress(const Watcher *watcher)
{
	return &watcher->progress;
}

void
watcher_free(Watcher *watcher)
{
	if (watcher == NULL)
		return;
	give_up(watcher);
	free(watcher->label);
	free(watcher);
}

/* A bar of fixed width. */
void
add_bar(Text *line, double percent)
{
	int			done = (int) (percent * BAR_WIDTH / 100 + 0.5);

	text_add(line, "[");
	for (int i = 0; i < BAR_WIDTH; i++)
		text_add(line, i < done ? (screen_is_utf8() ? "\u2588" : "#") :
				 (screen_is_utf8() ? "\u2591" : "-"));
	text_add_format(line, "] %3.0f%%", percent);
}
