/*-------------------------------------------------------------------------
 *
 * push.c
 *	  push: sending the files of a directory to the server.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "json.h"
#include "push.h"
#include "report.h"
#include "screen.h"
#include "session.h"

/* By name: an older extension may have others. */
#define LOAD \
	"SELECT path, version, name, kind, result FROM migrate.load($1, $2, $3, "

/* The files as the two arrays that load() takes. */
static void
fill_arrays(const Vector *files, Text *paths, Text *contents)
{
	array_begin(paths, files->count);
	array_begin(contents, files->count);
	for (int i = 0; i < files->count; i++)
	{
		const File *file = files->items[i];

		array_add(paths, file->path, strlen(file->path));
		array_add(contents, file->content, file->len);
	}
}

/* --var name=value, ...: one JSON object. */
static char *
variables_object(const Vector *variables)
{
	Text		object = {0};

	text_add(&object, "{");
	for (int i = 0; i < variables->count; i++)
	{
		const char *variable = variables->items[i];
		const char *equals = strchr(variable, '=');
		char	   *name = mem_copy_part(variable, (size_t) (equals - variable));

		text_add(&object, i > 0 ? ", " : "");
		json_quote(&object, name);
		text_add(&object, ": ");
		json_quote(&object, equals + 1);
		free(name);
	}
	text_add(&object, "}");
	return object.data;
}

/* What the rows tell as well need not be said twice. */
static void
handle_notice(void *arg, const PGresult *notice)
{
	const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);

	(void) arg;
	if (message == NULL || !starts_with(message, "file \"") ||
		!ends_with(message, "\" is not a migration"))
		report_notice(notice);
}

/*
 * Stores a directory; 'sources' then knows its files.  An error ends the
 * program.
 */
void
push_directory(Db *db, const char *directory, Sources *sources)
{
	const Options *options = db->options;
	Text		paths = {0};
	Text		contents = {0};
	Query		query;

	sources->files = files_read(directory);
	fill_arrays(&sources->files, &paths, &contents);
	query_init(&query, LOAD "$4)");
	query_binary(&query, DB_TEXT_ARRAY, &paths);
	query_binary(&query, DB_TEXT_ARRAY, &contents);
	query_text(&query, options->layout ? options->layout : "auto");
	query_text(&query, options->project);
	if (options->variables.count > 0)
	{
		query.sql = LOAD "$4, $5)";
		query_value(&query, DB_JSONB, variables_object(&options->variables));
	}
	db->notice = handle_notice;
	sources->stored = session_rows(db, &query, sources);
	db->notice = NULL;
	text_free(&paths);
	text_free(&contents);
}

/*
 * Begins a transaction, to be rolled back, in which a directory is stored, if
 * one is given.  What load() finds in it is what the caller is to ask for.
 */
void
push_for_a_look(Db *db, const char *directory, Sources *sources)
{
	session_command(db, "BEGIN");
	if (directory == NULL)
		return;
	session_command(db, "SET LOCAL migrate.lint = 'off'");
	push_directory(db, directory, sources);
}

/* "2 new, 14 unchanged"; NULL if nothing changed. */
char *
push_summary(const PGresult *stored)
{
	static const char *const results[] = {"new", "replaced", "unchanged"};
	Text		text = {0};
	bool		changed = false;

	for (size_t i = 0; i < lengthof(results); i++)
	{
		int			count = 0;

		for (int row = 0; row < PQntuples(stored); row++)
			count += strcmp(PQgetvalue(stored, row, 4), results[i]) == 0;
		if (count == 0)
			continue;
		text_add_format(&text, "%s%d %s", text.len > 0 ? ", " : "", count,
						results[i]);
		changed = changed || i < 2;
	}
	if (!changed)
		text_free(&text);
	return text.data;
}

/* push DIR */
int
command_push(Options *options)
{
	Db		   *db = session_open(options);
	const char *directory = option_argument(options, 0);
	Sources		sources = {0};
	char	   *summary;

	push_directory(db, directory, &sources);
	if (options->json)
		print_json(sources.stored);
	for (int row = 0; row < PQntuples(sources.stored); row++)
	{
		const char *result = PQgetvalue(sources.stored, row, 4);

		if (strcmp(result, "unchanged") != 0)
			say_state(state_colour(result), result, "%s",
					  PQgetvalue(sources.stored, row, 0));
	}
	summary = push_summary(sources.stored);
	say("%s: %s", directory, summary ? summary : "nothing has changed");
	db_close(db);
	return EXIT_DONE;
}
