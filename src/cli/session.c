/*-------------------------------------------------------------------------
 *
 * session.c
 *	  A connection with what was asked for it, whose errors are shown.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "screen.h"
#include "session.h"

/*
 * Runs a statement that a command cannot do without: after an error, says so
 * and ends the program.  'sources' may be NULL.
 */
PGresult *
session_rows(Db *db, Query *query, const Sources *sources)
{
	PGresult   *result = db_run(db, query);

	if (result_is_good(result) && db->signal == 0)
		return result;
	if (result != NULL && !result_is_good(result))
		report_error(db, result, sources);
	exit(screen_close(db->signal ? 128 + db->signal :
					  db_is_lost(db) ? EXIT_NO_CONNECTION : EXIT_REFUSED));
}

/* Runs a statement that has neither parameters nor rows. */
void
session_command(Db *db, const char *sql)
{
	Query		query;

	query_init(&query, sql);
	PQclear(session_rows(db, &query, NULL));
}

/* The settings that --set asks for, of this session and its runs. */
static void
send_settings(Db *db)
{
	const Vector *settings = &db->options->settings;

	for (int i = 0; i < settings->count; i++)
	{
		const char *setting = settings->items[i];
		const char *equals = strchr(setting, '=');
		Query		query;

		query_init(&query, "SELECT pg_catalog.set_config($1, $2, false)");
		query_text(&query, mem_copy_part(setting, (size_t) (equals - setting)));
		query_text(&query, equals + 1);
		PQclear(session_rows(db, &query, NULL));
	}
}

/* Connects, and makes the settings of --set; an error ends the program. */
Db *
session_open(const Options *options)
{
	Db		   *db = db_connect(options);

	db->any_notice = report_notice;
	send_settings(db);
	return db;
}
