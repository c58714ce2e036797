/*-------------------------------------------------------------------------
 *
 * run.c
 *	  One run: shown while it goes on, and how it ended.
 *
 * The server announces each migration and each step of it in a notice.  A
 * migration is done when the next one is announced, or when the run has
 * ended well.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "look.h"
#include "report.h"
#include "run.h"
#include "screen.h"

/* Seconds between two drawings, and between two lines where none is drawn. */
#define REDRAW		0.1
#define STILL_HERE	30.0

Run *
run_new(Db *db)
{
	Run		   *run = mem_alloc(sizeof(Run));

	run->db = db;
	return run;
}

/*
 * While it runs
 */

static void
say_done(Run *run, const char *label, double seconds)
{
	say_state(GREEN, run->sources.down ? "rolled back" : "applied", "%s (%s)",
			  label, duration_words(seconds));
	run->spoke = clock_now();
	run->said++;
}

/* The part of an announcement between the quotes, and what follows. */
static char *
read_label(const char *quoted, char **step)
{
	const char *end = NULL;

	*step = NULL;
	for (const char *p = quoted; (p = strstr(p, "\": step ")) != NULL; p++)
		end = p;
	if (end != NULL)
	{
		const char *tail = strrchr(end, '(');

		/* what a script says may look like it */
		if (tail == NULL)
			return NULL;
		*step = mem_copy_part(end + 3, (size_t) (tail - end - 4));
	}
	else
	{
		for (const char *p = quoted; (p = strstr(p, "\" (")) != NULL; p++)
			end = p;
	}
	return end ? mem_copy_part(quoted, (size_t) (end - quoted)) : NULL;
}

/* Is the notice an announcement?  Then we know where the run is. */
static bool
take_announcement(Run *run, const char *message)
{
	const char *format = run->sources.down ?
		"rollback %d of %d, \"%n" : "migration %d of %d, \"%n";
	int			at;
	int			total;
	int			end = 0;
	char	   *label;
	char	   *step;

	if (sscanf(message, format, &at, &total, &end) != 2 || end == 0 ||
		!ends_with(message, " s)") ||
		(label = read_label(message + end, &step)) == NULL)
		return false;
	if (run->label != NULL && at != run->at)
		say_done(run, run->label, clock_now() - run->since);
	if (run->label == NULL || at != run->at)
		run->since = clock_now();
	watcher_watch(run->watcher, label, NULL);
	free(run->label);
	free(run->step);
	run->label = label;
	run->step = step;
	run->at = at;
	run->total = total;
	return true;
}

static void
handle_notice(void *arg, const PGresult *notice)
{
	Run		   *run = arg;
	const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);

	if (message == NULL || take_announcement(run, message))
		return;
	report_notice(notice);
	run->spoke = clock_now();
}

/* A bar, if the server knows how far it is. */
static void
add_percent(Text *line, const Progress *progress)
{
	if (progress->percent < 0)
		return;
	text_add(line, "  ");
	add_bar(line, progress->percent);
	if (progress->left >= 0)
		text_add_format(line, ", %s left", duration_clock(progress->left));
}

/* Where the run is, in one line; what matters least is last, and may be cut. */
static char *
describe(const Run *run)
{
	const Progress *progress = watcher_progress(run->watcher);
	Text		line = {0};

	text_add_format(&line, "%-11s ", run->cancelling ? "cancelling" : "running");
	if (run->label != NULL)
		text_add_format(&line, "%s (%d of %d)  %s", run->label, run->at,
						run->total, duration_clock(clock_now() - run->since));
	else
		text_add_format(&line, "%s%s  %s", run->number ? "run " : "the run",
						run->number ? run->number : "",
						duration_clock(clock_now() - run->began));
	add_percent(&line, progress);
	if (run->step != NULL)
		text_add_format(&line, "  %s", run->step);
	else if (run->label == NULL && progress->steps > 1)
		text_add_format(&line, "  step %d of %d", progress->step,
						progress->steps);
	if (progress->blockers != NULL)
		text_add_format(&line, "  waiting for pid %s", progress->blockers);
	if (progress->phase != NULL)
		text_add_format(&line, "  %s", progress->phase);
	return line.data;
}

/* A terminal sees it move; a log gets a sign of life now and then. */
static int
handle_tick(void *arg, struct pollfd *own)
{
	Run		   *run = arg;
	double		now = clock_now();
	int			timeout = run->db->options->timeout;

	watcher_tick(run->watcher, own);
	if (run->number != NULL && timeout >= 0 && !run->timed_out &&
		now - run->began >= timeout)
	{
		run->timed_out = true;
		db_cancel(run->db);
	}
	if (screen_is_live && now - run->drew >= REDRAW)
	{
		char	   *line = describe(run);

		screen_draw(line);
		free(line);
		run->drew = now;
	}
	else if (!screen_is_live && now - run->spoke >= STILL_HERE)
	{
		char	   *line = describe(run);

		say("%s", line);
		free(line);
		run->spoke = now;
	}
	return screen_is_live ? (int) (REDRAW * 1000) : 200;
}

static void
handle_cancel(void *arg)
{
	Run		   *run = arg;

	run->cancelling = true;
	if (run->number != NULL)
		return;
	tell_part(YELLOW, "cancelling",
			  "waiting for the server to undo what is unfinished; Ctrl-C again does not wait");
}

/*
 * The rows
 */

static int64_t
get_int(const char *bytes, int count)
{
	uint64_t	number = 0;

	for (int i = 0; i < count; i++)
		number = number << 8 | (unsigned char) bytes[i];
	return (int64_t) number;
}

static char *
get_text(const PGresult *rows, int row, int column)
{
	if (PQgetisnull(rows, row, column))
		return NULL;
	return mem_copy_part(PQgetvalue(rows, row, column),
						 (size_t) PQgetlength(rows, row, column));
}

/* Rows come in binary: the text of an interval depends on a setting. */
static RunRow *
read_row(const PGresult *rows, int i)
{
	RunRow	   *row = mem_alloc(sizeof(RunRow));

	row->version = get_text(rows, i, 0);
	row->name = get_text(rows, i, 1);
	row->state = get_text(rows, i, 2);
	row->steps = PQgetisnull(rows, i, 3) ? 0 :
		(int) get_int(PQgetvalue(rows, i, 3), 4);
	row->elapsed = PQgetisnull(rows, i, 4) ? -1 :
		(double) get_int(PQgetvalue(rows, i, 4), 8) / 1e6;
	return row;
}

static void
take_rows(Run *run, const PGresult *rows)
{
	for (int i = 0; i < PQntuples(rows); i++)
	{
		RunRow	   *row = read_row(rows, i);
		char	   *label = row->version ?
			format("%s %s", row->version, row->name) : mem_copy(row->name);

		vector_add(&run->rows, row);
		if (i >= run->said)
			say_done(run, label, row->elapsed);
		free(label);
	}
}

/*
 * The end
 */

/* The server does not answer any more; a runner does not need us. */
static int
report_lost_connection(Run *run, const PGresult *result)
{
	PGconn	   *conn;
	const char *text;

	report_error(run->db, result, NULL);
	conn = db_connect_quietly(run->db->options);
	if (PQstatus(conn) != CONNECTION_OK)
		text = "The server does not answer.  If only the way to it is broken, the run goes on; \"pg_migrate status\" tells once it is back.";
	else
	{
		PGresult   *open = PQexec(conn, "SELECT run FROM migrate.progress ORDER BY run LIMIT 1");

		if (PQresultStatus(open) == PGRES_TUPLES_OK && PQntuples(open) == 1)
			text = format("The run goes on without this client: \"pg_migrate wait %s\" waits for its end.",
						  PQgetvalue(open, 0, 0));
		else
			text = "The run is over; \"pg_migrate status\" shows where it got to.";
		PQclear(open);
	}
	PQfinish(conn);
	tell_part(BLUE, "hint", text);
	return EXIT_NO_CONNECTION;
}

/* The user did not want to wait for the end. */
static int
leave_alone(const Run *run)
{
	tell_part(YELLOW, "left", run->number ? format("run %s goes on", run->number) :
			  "the run was told to stop; \"pg_migrate status\" shows what is left of it");
	return 128 + run->db->signal;
}

/* A wait that ended before its run did: that goes on. */
static int
stop_waiting(Run *run)
{
	tell_part(YELLOW, run->timed_out ? "timeout" : "left",
			  format("run %s goes on; \"pg_migrate wait %s\" waits for its end",
					 run->number, run->number));
	return run->timed_out ? EXIT_PENDING : 128 + run->db->signal;
}

static int
report_failure(Run *run, const PGresult *result)
{
	bool		of_migration = error_is_of_migration(result);

	if (run->label != NULL && of_migration)
		say_state(RED, run->db->signal ? "cancelled" : "failed", "%s (%s)",
				  run->label, duration_words(clock_now() - run->since));
	report_error(run->db, result, &run->sources);
	if (of_migration)
		look_at_what_is_left(run->db);
	if (run->db->signal != 0)
		return 128 + run->db->signal;
	return of_migration ? EXIT_FAILED : EXIT_REFUSED;
}

/* How the statement ended. */
static int
take_result(Run *run, const PGresult *result)
{
	const char *state = result ?
		PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	bool		cancelled = state != NULL && strcmp(state, "57014") == 0;

	if (result == NULL)
		return leave_alone(run);
	if (result_is_good(result) && PQnfields(result) < 5)
	{
		complain("migrate in the database is of another version than this pg_migrate");
		return EXIT_REFUSED;
	}
	if (result_is_good(result))
	{
		take_rows(run, result);
		return run->db->signal ? 128 + run->db->signal : EXIT_DONE;
	}
	if (db_is_lost(run->db))
		return report_lost_connection(run, result);
	if (run->number != NULL && cancelled &&
		(run->timed_out || run->db->signal != 0))
		return stop_waiting(run);
	return report_failure(run, result);
}

/* Calls a function that runs migrations; returns the exit status. */
int
run_statement(Run *run, Query *query)
{
	PGresult   *result;
	int			status;

	run->watcher = watcher_new(run->db);
	if (run->number != NULL)
		watcher_watch(run->watcher, NULL, run->number);
	run->since = run->spoke = clock_now();
	if (run->began == 0)
		run->began = run->since;
	run->said = 0;
	run->db->notice = handle_notice;
	run->db->notice_arg = run;
	query->binary = true;
	query->tick = handle_tick;
	query->on_cancel = handle_cancel;
	query->arg = run;
	result = db_run(run->db, query);
	run->db->notice = NULL;
	watcher_free(run->watcher);
	run->watcher = NULL;
	screen_clear();
	status = take_result(run, result);
	PQclear(result);
	free(run->label);
	free(run->step);
	run->label = run->step = NULL;
	return status;
}

static void
print_rows_as_json(const Run *run)
{
	json_begin();
	for (int i = 0; i < run->rows.count; i++)
	{
		const RunRow *row = run->rows.items[i];
		char	   *steps = format("%d", row->steps);
		char	   *elapsed = row->elapsed < 0 ? NULL :
			format("%.6f", row->elapsed);

		json_row();
		json_text("version", row->version);
		json_text("name", row->name);
		json_text("state", row->state);
		json_raw("steps", steps);
		json_raw("elapsed", elapsed);
		free(steps);
		free(elapsed);
	}
	json_end();
}

/*
 * The last line of a run that ended well.  'done': what became of so many
 * migrations.
 */
int
run_end(Run *run, int status, int count, const char *done)
{
	const Options *options = run->db->options;

	if (status == EXIT_DONE)
	{
		if (options->json)
			print_rows_as_json(run);
		else if (count > 0)
			say("%d %s %s in %s", count,
				count == 1 ? "migration" : "migrations", done,
				duration_words(clock_now() - run->began));
		if (options->exit_code && run->rows.count == 0)
			status = EXIT_NOTHING;
	}
	db_close(run->db);
	return status;
}
