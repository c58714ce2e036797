/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  plan, dry-run, verify: what a run would do, told, tried and undone.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "plan.h"
#include "push.h"
#include "screen.h"
#include "session.h"

/*
 * plan
 */

/* A row per statement: its migration, and what is shown of it. */
static const char *const plan_for_people =
	"SELECT coalesce(version, '') AS version, name, note, step, line,"
	" CASE WHEN pg_catalog.length(text) > 60"
	"  THEN pg_catalog.left(text, 57) || '...' ELSE text END AS statement,"
	" CASE WHEN NOT transactional THEN 'alone' WHEN commits THEN 'yes' END AS commit,"
	" pg_catalog.array_to_string(locks, ', ') AS locks,"
	" pg_catalog.array_to_string(scans, ', ') AS scans,"
	" pg_catalog.array_to_string(rewrites, ', ') AS rewrites,"
	" pg_catalog.pg_size_pretty(bytes) AS size,"
	" CASE WHEN expected < '1 min'"
	"  THEN pg_catalog.round(extract(epoch FROM expected)::numeric, 1) || ' s'"
	"  ELSE pg_catalog.to_char(expected, 'HH24:MI:SS') END AS expected,"
	" nullif(findings, 0) AS findings"
	" FROM migrate.plan($1, $2)";

static const char *const plan_for_programs =
	"SELECT version, name, step, statement, line, text, transactional, commits,"
	" pg_catalog.to_json(locks) AS locks, pg_catalog.to_json(scans) AS scans,"
	" pg_catalog.to_json(rewrites) AS rewrites, bytes,"
	" extract(epoch FROM expected) AS expected, findings, relations, note"
	" FROM migrate.plan($1, $2)";

/* Columns of plan_for_people. */
enum
{
	PLAN_VERSION,
	PLAN_NAME,
	PLAN_NOTE,
	PLAN_SHOWN,					/* from here on, they are shown */
	PLAN_FINDINGS = 12
};

static PGresult *
ask_for_plan(Db *db, const char *sql)
{
	Query		query;

	query_init(&query, sql);
	query_text(&query, db->options->target);
	query_text(&query, db->options->project);
	return session_rows(db, &query, NULL);
}

/* The migrations that are pending, in this transaction. */
static PGresult *
ask_for_pending(Db *db)
{
	Query		query;

	query_init(&query,
			   "SELECT state, coalesce(version, '') AS version, name,"
			   " coalesce(note, CASE WHEN version IS NULL THEN kind END, '')"
			   " FROM migrate.status($1)");
	query_text(&query, db->options->project);
	return session_rows(db, &query, NULL);
}

/* A version, a name, or both as they are shown. */
static bool
is_target(const PGresult *rows, int row, const char *target)
{
	const char *version = PQgetvalue(rows, row, 1);
	const char *name = PQgetvalue(rows, row, 2);
	size_t		len = strlen(version);

	return (len > 0 && compare_natural(version, target) == 0) ||
		strcmp(name, target) == 0 ||
		(strncmp(target, version, len) == 0 && target[len] != '\0' &&
		 strcmp(target + len + 1, name) == 0);
}

/* Shows the statements of a migration; returns how many findings they have. */
static int
print_statements(const PGresult *plan, const char *version, const char *name)
{
	PGresult   *part = PQcopyResult(plan, PG_COPYRES_ATTRS);
	int			findings = 0;

	for (int row = 0; row < PQntuples(plan); row++)
	{
		if (strcmp(PQgetvalue(plan, row, PLAN_VERSION), version) != 0 ||
			strcmp(PQgetvalue(plan, row, PLAN_NAME), name) != 0)
			continue;
		result_add_row(part, plan, row);
		findings += atoi(PQgetvalue(plan, row, PLAN_FINDINGS));
	}
	print_columns(part, PLAN_SHOWN, "    ");
	if (PQntuples(part) == 0)
		say("    no statements");
	/* a script that cannot be parsed has one row */
	else if (!PQgetisnull(part, 0, PLAN_NOTE))
		say("    %s", PQgetvalue(part, 0, PLAN_NOTE));
	PQclear(part);
	return findings;
}

/* Shows the pending migrations with their statements; how many there are. */
static int
print_plan(Db *db, const PGresult *pending)
{
	PGresult   *plan = ask_for_plan(db, plan_for_people);
	const char *target = db->options->target;
	int			count = 0;
	int			findings = 0;

	for (int row = 0; row < PQntuples(pending); row++)
	{
		const char *state = PQgetvalue(pending, row, 0);
		const char *version = PQgetvalue(pending, row, 1);
		const char *name = PQgetvalue(pending, row, 2);
		const char *note = PQgetvalue(pending, row, 3);

		if (strcmp(state, "applied") != 0)
		{
			say_state(state_colour(state), state, "%s%s%s%s%s%s", version,
					  *version ? " " : "", name,
					  *note ? " (" : "", note, *note ? ")" : "");
			findings += print_statements(plan, version, name);
			count++;
		}
		if (target != NULL && is_target(pending, row, target))
			break;
	}
	if (findings > 0)
		say("%d %s: see pg_migrate lint", findings,
			findings == 1 ? "finding" : "findings");
	PQclear(plan);
	return count;
}

/* The same as JSON: a row per statement; how many migrations there are. */
static int
print_plan_json(Db *db, const PGresult *pending)
{
	PGresult   *plan = ask_for_plan(db, plan_for_programs);
	int			count = 0;

	print_json(plan);
	PQclear(plan);
	for (int row = 0; row < PQntuples(pending); row++)
	{
		count += strcmp(PQgetvalue(pending, row, 0), "applied") != 0;
		if (db->options->target != NULL &&
			is_target(pending, row, db->options->target))
			break;
	}
	return count;
}

/* Shows what a run would do, with a directory, and closes the connection. */
int
plan_show(Db *db, const char *directory)
{
	const Options *options = db->options;
	Sources		sources = {0};
	PGresult   *pending;
	int			count;

	push_for_a_look(db, directory, &sources);
	pending = ask_for_pending(db);
	count = options->json ? print_plan_json(db, pending) :
		print_plan(db, pending);
	if (count == 0)
		say("nothing is pending");
	else
		say("%d %s would run; nothing was run or stored", count,
			count == 1 ? "migration" : "migrations");
	PQclear(pending);
	session_command(db, "ROLLBACK");
	db_close(db);
	return options->exit_code && count > 0 ? EXIT_PENDING : EXIT_DONE;
}

/* plan [DIR] */
int
command_plan(Options *options)
{
	const char *directory = option_argument(options, 0);

	options_need_directory(options, directory);
	return plan_show(session_open(options), directory);
}

/*
 * dry-run, verify: the server says what the columns are
 */

static int
show_rows(Options *options, Query *query, const char *nothing)
{
	Db		   *db = session_open(options);
	PGresult   *rows = session_rows(db, query, NULL);

	if (options->json)
		print_json(rows);
	print_table(rows, PQnfields(rows), -1);
	if (PQntuples(rows) == 0)
		say("%s", nothing);
	PQclear(rows);
	db_close(db);
	return EXIT_DONE;
}

/* dry-run */
int
command_dry_run(Options *options)
{
	Query		query;

	query_init(&query, "SELECT * FROM migrate.dry_run(target => $1, project => $2, force => $3)");
	query_text(&query, options->target);
	query_text(&query, options->project);
	query_value(&query, DB_BOOL, options->force ? "true" : "false");
	if (options->lock_timeout != NULL)
	{
		query.sql = "SELECT * FROM migrate.dry_run(target => $1, project => $2, force => $3, lock_timeout => $4)";
		query_value(&query, DB_INTERVAL, options->lock_timeout);
	}
	return show_rows(options, &query, "nothing is pending");
}

/* verify [VERSION] */
int
command_verify(Options *options)
{
	Query		query;

	query_init(&query, "SELECT * FROM migrate.verify(version => $1, project => $2)");
	query_text(&query, option_argument(options, 0));
	query_text(&query, options->project);
	return show_rows(options, &query, "nothing differs");
}
