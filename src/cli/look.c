/*-------------------------------------------------------------------------
 *
 * look.c
 *	  status, history, version: where the migrations stand.
 *
 *-------------------------------------------------------------------------
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "look.h"
#include "screen.h"
#include "session.h"

/* How many rows of the history are shown. */
#define HISTORY_LIMIT "50"

/* How often to look whether a run has ended, and the pause between, in ms. */
#define END_TRIES	50
#define END_PAUSE	100

/* For people, in the time zone of the session; and for programs. */
#define TIME_TEXT(column) \
	"pg_catalog.to_char(" column ", 'YYYY-MM-DD HH24:MI:SSOF')"
#define ELAPSED_TEXT \
	"CASE WHEN elapsed < '1 min'" \
	" THEN pg_catalog.round(extract(epoch FROM elapsed)::numeric, 3) || ' s'" \
	" ELSE pg_catalog.to_char(elapsed, 'HH24:MI:SS') END"
/* A version, a name, or both as they are shown or stand in a file's name. */
#define IS_OF_MIGRATION(target) \
	target " IN (version, name, version || ' ' || name, version || '_' || name)"
#define TIME_JSON(column) "pg_catalog.to_json(" column ") AS " column
#define ELAPSED_JSON "extract(epoch FROM elapsed) AS elapsed"

/*
 * status
 */

static PGresult *
status_for_people(Db *db)
{
	Query		query;

	query_init(&query,
			   "SELECT state, coalesce(version, 'R') AS version, name, "
			   TIME_TEXT("applied_at") " AS applied, applied_by AS by, "
			   ELAPSED_TEXT " AS elapsed, note, kind"
			   " FROM migrate.status($1)");
	query_text(&query, db->options->project);
	return session_rows(db, &query, NULL);
}

static PGresult *
status_for_programs(Db *db)
{
	Query		query;

	query_init(&query,
			   "SELECT project, version, name, kind, state, "
			   TIME_JSON("applied_at") ", applied_by, " ELAPSED_JSON
			   ", note, " TIME_JSON("stored_at") ", stored_by, path"
			   " FROM migrate.status($1)");
	query_text(&query, db->options->project);
	return session_rows(db, &query, NULL);
}

static int
count_state(const PGresult *rows, const char *state)
{
	int			column = PQfnumber(rows, "state");
	int			count = 0;

	for (int row = 0; row < PQntuples(rows); row++)
		count += strcmp(PQgetvalue(rows, row, column), state) == 0;
	return count;
}

/* "12 applied, 1 failed, 3 pending". */
static char *
count_states(const PGresult *rows)
{
	static const char *const states[] = {
		"applied", "running", "partial", "failed", "pending"
	};
	Text		text = {0};

	for (size_t i = 0; i < lengthof(states); i++)
	{
		int			count = count_state(rows, states[i]);

		if (count > 0)
			text_add_format(&text, "%s%d %s", text.len > 0 ? ", " : "", count,
							states[i]);
	}
	if (text.len == 0)
		text_add(&text, "no migrations are stored");
	return text.data;
}

/* What --exit-code says of a database that is to be up to date. */
static int
verdict(const PGresult *rows)
{
	if (count_state(rows, "failed") + count_state(rows, "partial") > 0)
		return EXIT_FAILED;
	if (count_state(rows, "pending") + count_state(rows, "running") > 0)
		return EXIT_PENDING;
	return EXIT_DONE;
}

/* status */
int
command_status(Options *options)
{
	Db		   *db = session_open(options);
	PGresult   *rows = options->json ? status_for_programs(db) :
		status_for_people(db);
	int			status = options->exit_code ? verdict(rows) : EXIT_DONE;

	if (options->json)
		print_json(rows);
	else
	{
		char	   *counts = count_states(rows);

		print_table(rows, 7, 0);
		say("%s", counts);
		free(counts);
	}
	PQclear(rows);
	db_close(db);
	return status;
}

/*
 * After a run
 */

/* Where everything is; NULL: who may run need not be allowed to look. */
static PGresult *
ask_what_is_left(Db *db)
{
	PGresult   *rows;
	Query		query;

	query_init(&query, "SELECT state, coalesce(version || ' ', '') || name AS label"
			   " FROM migrate.status($1)");
	query_text(&query, db->options->project);
	rows = db_run(db, &query);
	if (result_is_good(rows))
		return rows;
	PQclear(rows);
	return NULL;
}

/*
 * After a run that failed: what it has left, and which need a hand.  A run
 * that was cancelled may take a moment to record that.
 */
void
look_at_what_is_left(Db *db)
{
	PGresult   *rows = NULL;
	Text		labels = {0};

	for (int i = 0; i < END_TRIES && !db_is_lost(db); i++)
	{
		PQclear(rows);
		rows = ask_what_is_left(db);
		if (rows == NULL || db->signal == 0 ||
			count_state(rows, "running") == 0)
			break;
		(void) poll(NULL, 0, END_PAUSE);
	}
	if (rows == NULL)
		return;
	for (int row = 0; row < PQntuples(rows); row++)
	{
		const char *state = PQgetvalue(rows, row, 0);

		if (strcmp(state, "failed") == 0 || strcmp(state, "partial") == 0)
			text_add_format(&labels, "; \"%s\" is %s",
							PQgetvalue(rows, row, 1), state);
	}
	tell_part(BLUE, "now", format("%s%s", count_states(rows),
								  labels.data ? labels.data : ""));
	text_free(&labels);
	PQclear(rows);
}

/*
 * history
 */

static const char *const history_for_people =
	"SELECT * FROM (SELECT "
	TIME_TEXT("at") " AS at, outcome, action,"
	" coalesce(version || ' ', '') || name AS migration, session_role AS by, "
	ELAPSED_TEXT " AS elapsed,"
	" coalesce(reason, error_message) AS note, id"
	" FROM migrate.history"
	" WHERE project = coalesce($1, nullif(pg_catalog.current_setting('migrate.project', true), ''), 'main')"
	" AND ($2 IS NULL OR " IS_OF_MIGRATION("$2") ")"
	" ORDER BY id DESC LIMIT $3::int) AS newest ORDER BY id";

static const char *const history_for_programs =
	"SELECT * FROM (SELECT id, " TIME_JSON("at") ", run, project, version, name,"
	" action, outcome, step, " ELAPSED_JSON ", checksum, session_role, role,"
	" application_name, pg_catalog.host(client_addr) AS client_addr,"
	" server_version, error_sqlstate, error_message, error_detail, error_hint,"
	" error_statement, error_line, reason, stored_by"
	" FROM migrate.history"
	" WHERE project = coalesce($1, nullif(pg_catalog.current_setting('migrate.project', true), ''), 'main')"
	" AND ($2 IS NULL OR " IS_OF_MIGRATION("$2") ")"
	" ORDER BY id DESC LIMIT $3::int) AS newest ORDER BY id";

/* history [VERSION] */
int
command_history(Options *options)
{
	Db		   *db = session_open(options);
	PGresult   *rows;
	Query		query;

	query_init(&query, options->json ? history_for_programs : history_for_people);
	query_text(&query, options->project);
	query_text(&query, option_argument(options, 0));
	/* 0: all of it */
	query_text(&query, options->limit > 0 ? format("%d", options->limit) :
			   options->limit == 0 ? NULL : HISTORY_LIMIT);
	rows = session_rows(db, &query, NULL);
	if (options->json)
		print_json(rows);
	else
	{
		print_table(rows, 7, 1);
		if (PQntuples(rows) == 0 && option_argument(options, 0) != NULL)
			say("nothing is known of \"%s\"", option_argument(options, 0));
		else if (PQntuples(rows) == 0)
			say("nothing was done yet");
	}
	PQclear(rows);
	db_close(db);
	return EXIT_DONE;
}

/*
 * version
 */
int
command_version(Options *options)
{
	Db		   *db = session_open(options);
	PGresult   *rows;
	Query		query;

	query_init(&query,
			   "SELECT $1 AS pg_migrate,"
			   " (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'migrate') AS extension,"
			   " pg_catalog.current_setting('server_version') AS server");
	query_text(&query, CLI_VERSION);
	rows = session_rows(db, &query, NULL);
	if (options->json)
		print_json(rows);
	say("pg_migrate %s", PQgetvalue(rows, 0, 0));
	say("extension  %s", PQgetisnull(rows, 0, 1) ? "not installed in this database" :
		PQgetvalue(rows, 0, 1));
	say("server     %s", PQgetvalue(rows, 0, 2));
	PQclear(rows);
	db_close(db);
	return EXIT_DONE;
}
