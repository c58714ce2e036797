/*-------------------------------------------------------------------------
 *
 * settle.c
 *	  init, resolve, baseline, adopt: what runs no migration.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "screen.h"
#include "session.h"

/* The version of the extension in the database; NULL if it has none. */
static char *
installed_version(Db *db)
{
	PGresult   *rows;
	Query		query;
	char	   *version = NULL;

	query_init(&query, "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'migrate'");
	rows = session_rows(db, &query, NULL);
	if (PQntuples(rows) == 1)
		version = mem_copy(PQgetvalue(rows, 0, 0));
	PQclear(rows);
	return version;
}

/* init */
int
command_init(Options *options)
{
	Db		   *db = session_open(options);
	char	   *version = installed_version(db);
	bool		is_new = version == NULL;

	if (is_new)
	{
		Query		query;

		/* somebody else may be doing the same */
		query_init(&query, "CREATE EXTENSION IF NOT EXISTS migrate");
		PQclear(session_rows(db, &query, NULL));
		version = installed_version(db);
	}
	if (options->json)
	{
		json_begin();
		json_row();
		json_text("extension", "migrate");
		json_text("version", version);
		json_text("result", is_new ? "new" : "unchanged");
		json_end();
	}
	say(is_new ? "extension migrate %s is created in database \"%s\"" :
		"extension migrate %s is in database \"%s\" already",
		version ? version : "", PQdb(db->conn));
	free(version);
	db_close(db);
	return EXIT_DONE;
}

/* resolve VERSION OUTCOME */
int
command_resolve(Options *options)
{
	Db		   *db = session_open(options);
	const char *version = option_argument(options, 0);
	const char *outcome = option_argument(options, 1);
	const char *state;
	PGresult   *rows;
	Query		query;

	query_init(&query, "SELECT $1 AS version, migrate.resolve($1, $2, $3, $4) AS state");
	query_text(&query, version);
	query_text(&query, outcome);
	query_text(&query, options->reason);
	query_text(&query, options->project);
	rows = session_rows(db, &query, NULL);
	if (options->json)
		print_json(rows);
	/* to accept changes no state: the migration was applied before */
	state = PQgetvalue(rows, 0, 1);
	say_state(state_colour(state),
			  strcmp(outcome, "accept") == 0 ? "accepted" : state, "%s", version);
	PQclear(rows);
	db_close(db);
	return EXIT_DONE;
}

/* Rows with version and name in these columns, and what became of them. */
static void
say_rows(const PGresult *rows, const char *result, const char *note)
{
	int			version = PQfnumber(rows, "version");
	int			name = PQfnumber(rows, "name");
	int			word = PQfnumber(rows, result);
	int			remark = note ? PQfnumber(rows, note) : -1;

	for (int row = 0; row < PQntuples(rows); row++)
	{
		const char *said = remark < 0 ? "" : PQgetvalue(rows, row, remark);

		say_state(state_colour(PQgetvalue(rows, row, word)),
				  PQgetvalue(rows, row, word), "%s%s%s%s%s%s",
				  PQgetvalue(rows, row, version),
				  PQgetisnull(rows, row, version) ||
				  PQgetisnull(rows, row, name) ? "" : " ",
				  PQgetvalue(rows, row, name), *said ? " (" : "", said,
				  *said ? ")" : "");
	}
}

/* baseline VERSION */
int
command_baseline(Options *options)
{
	Db		   *db = session_open(options);
	PGresult   *rows;
	Query		query;

	query_init(&query, "SELECT version, name, state FROM migrate.baseline($1, $2, $3)");
	query_text(&query, option_argument(options, 0));
	query_text(&query, options->reason);
	query_text(&query, options->project);
	rows = session_rows(db, &query, NULL);
	if (options->json)
		print_json(rows);
	say_rows(rows, "state", NULL);
	say("%d %s marked as applied", PQntuples(rows),
		PQntuples(rows) == 1 ? "migration" : "migrations");
	PQclear(rows);
	db_close(db);
	return EXIT_DONE;
}

/* "12 adopted, 3 pending", in the order in which they first appear. */
static char *
count_results(const PGresult *rows)
{
	int			column = PQfnumber(rows, "result");
	Text		text = {0};

	for (int row = 0; row < PQntuples(rows); row++)
	{
		const char *result = PQgetvalue(rows, row, column);
		int			count = 0;
		bool		first = true;

		for (int other = 0; other < PQntuples(rows); other++)
		{
			bool		same = strcmp(PQgetvalue(rows, other, column), result) == 0;

			count += same;
			first = first && !(same && other < row);
		}
		if (first)
			text_add_format(&text, "%s%d %s", text.len > 0 ? ", " : "", count,
							result);
	}
	if (text.len == 0)
		text_add(&text, "nothing to adopt");
	return text.data;
}

/* adopt [TOOL] */
int
command_adopt(Options *options)
{
	Db		   *db = session_open(options);
	PGresult   *rows;
	Query		query;
	char	   *counts;

	query_init(&query,
			   "SELECT version, name, result, pg_catalog.to_json(applied_at) AS applied_at,"
			   " applied_by, note"
			   " FROM migrate.adopt($1, $2::text::regclass, $3, $4)");
	query_text(&query, option_argument(options, 0));
	query_text(&query, options->table);
	query_value(&query, DB_BOOL, options->dry_run ? "t" : "f");
	query_text(&query, options->project);
	rows = session_rows(db, &query, NULL);
	if (options->json)
		print_json(rows);
	say_rows(rows, "result", "note");
	counts = count_results(rows);
	say("%s%s", counts, options->dry_run ? "; nothing was changed" : "");
	free(counts);
	PQclear(rows);
	db_close(db);
	return EXIT_DONE;
}
