/*-------------------------------------------------------------------------
 *
 * up.c
 *	  up, down, redo, wait: the commands that run migrations.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "push.h"
#include "run.h"
#include "screen.h"
#include "session.h"

/* How long to wait for a server, unless it is said, in seconds. */
#define SERVER_TIMEOUT 60

/* Pauses between two attempts to connect, in milliseconds. */
#define FIRST_PAUSE	100
#define LONGEST_PAUSE	1000

/* apply(), called alone, so that a runner executes it. */
static int
apply(Run *run, const char *target)
{
	Query		query;

	run->sources.down = false;
	query_init(&query, "SELECT * FROM migrate.apply($1, $2)");
	query_text(&query, target);
	query_text(&query, run->db->options->project);
	return run_statement(run, &query);
}

/* up [DIR] */
int
command_up(Options *options)
{
	const char *directory = option_argument(options, 0);
	Db		   *db;
	Run		   *run;
	int			status;

	options_need_directory(options, directory);
	db = session_open(options);
	if (options->dry_run)
		return plan_show(db, directory);
	run = run_new(db);
	if (directory != NULL)
	{
		char	   *summary;

		push_directory(db, directory, &run->sources);
		summary = push_summary(run->sources.stored);
		if (summary != NULL)
			say("%s: %s", directory, summary);
		free(summary);
	}
	status = apply(run, options->target);
	if (status == EXIT_DONE && run->rows.count == 0)
		say("nothing is pending");
	return run_end(run, status, run->rows.count, "applied");
}

static int
roll_back_steps(Run *run, const char *steps)
{
	Query		query;

	run->sources.down = true;
	query_init(&query, "SELECT * FROM migrate.rollback($1, $2)");
	query_value(&query, DB_INT4, steps);
	query_text(&query, run->db->options->project);
	return run_statement(run, &query);
}

static int
roll_back_to(Run *run, const char *target)
{
	Query		query;

	run->sources.down = true;
	query_init(&query, "SELECT * FROM migrate.rollback($1, $2)");
	query_text(&query, target);
	query_text(&query, run->db->options->project);
	return run_statement(run, &query);
}

/* down [N] */
int
command_down(Options *options)
{
	const char *steps = option_argument(options, 0);
	int			number;
	Run		   *run;
	int			status;

	if (steps != NULL && options->target != NULL)
		usage_error(options, "give N or --to, not both");
	if (steps != NULL && !parse_int(steps, 1, INT_MAX, &number))
		usage_error(options, "\"%s\" is no number of migrations; to roll back to a version, give --to=%s",
					steps, steps);
	run = run_new(session_open(options));
	status = options->target ? roll_back_to(run, options->target) :
		roll_back_steps(run, steps ? steps : "1");
	if (status == EXIT_DONE && run->rows.count == 0)
		say("nothing to roll back");
	return run_end(run, status, run->rows.count, "rolled back");
}

/* redo */
int
command_redo(Options *options)
{
	Run		   *run = run_new(session_open(options));
	int			status = roll_back_steps(run, "1");

	if (status == EXIT_DONE && run->rows.count == 0)
		say("nothing to roll back");
	else if (status == EXIT_DONE)
	{
		const RunRow *undone = run->rows.items[0];

		/* several may have the version: not with the name */
		status = apply(run, *undone->name == '\0' ? undone->version :
					   format("%s %s", undone->version, undone->name));
	}
	return run_end(run, status, run->rows.count / 2, "rolled back and applied");
}

/*
 * wait
 */

static int
wait_for_run(const Options *options, const char *number)
{
	Run		   *run;
	Query		query;
	int			status;

	run = run_new(session_open(options));
	run->number = number;
	query_init(&query, "SELECT * FROM migrate.wait($1)");
	query_value(&query, DB_INT8, number);
	status = run_statement(run, &query);
	if (status == EXIT_DONE && run->rows.count == 0)
		say("run %s had nothing to do", number);
	return run_end(run, status, run->rows.count, format("done by run %s, seen", number));
}

/*
 * A server that starts, or is not there, may come; a wrong password or
 * database will not get better by itself.  Of a try that failed, a ping tells
 * the reason only if it was made before: a moment later the server may be
 * there.
 */
static bool
may_come(PGPing answer)
{
	return answer == PQPING_REJECT || answer == PQPING_NO_RESPONSE;
}

static int
wait_for_server(const Options *options)
{
	int			timeout = options->timeout >= 0 ? options->timeout : SERVER_TIMEOUT;
	double		began = clock_now();
	int			pause = FIRST_PAUSE;

	for (;;)
	{
		PGPing		answer = db_ping(options);
		PGconn	   *conn = db_connect_quietly(options);
		double		left = timeout - (clock_now() - began);

		if (PQstatus(conn) == CONNECTION_OK || PQconnectionNeedsPassword(conn))
		{
			say("the server accepts connections");
			if (options->json)
				puts("[{\"state\": \"accepting connections\"}]");
			PQfinish(conn);
			return EXIT_DONE;
		}
		if (left <= 0 || !(may_come(answer) || may_come(db_ping(options))))
		{
			complain("%.*s", (int) strcspn(PQerrorMessage(conn), "\n"),
					 PQerrorMessage(conn));
			if (left <= 0)
				tell_part(YELLOW, "timeout",
						  format("gave up after %d s", timeout));
			PQfinish(conn);
			return EXIT_NO_CONNECTION;
		}
		PQfinish(conn);
		(void) poll(NULL, 0, pause < left * 1000 ? pause : (int) (left * 1000) + 1);
		pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
	}
}

/* wait [RUN] */
int
command_wait(Options *options)
{
	const char *number = option_argument(options, 0);

	if (number == NULL)
		return wait_for_server(options);
	if (*number == '\0' || strspn(number, "0123456789") != strlen(number))
		usage_error(options, "\"%s\" is no number of a run", number);
	return wait_for_run(options, number);
}
