/*-------------------------------------------------------------------------
 *
 * report.c
 *	  Errors and notices of the server, as a compiler shows its own.
 *
 *	  db/migrations/003_x.sql:12:8: error: relation "foo" does not exist
 *	     12 | UPDATE foo SET a = 1;
 *	        |        ^
 *	  hint: ...
 *
 * The extension puts migration and line into the error's context, and the
 * statement with the position in it into the internal query.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "excerpt.h"
#include "report.h"
#include "screen.h"

/* What the context of an error tells of where it is. */
typedef struct Place
{
	char	   *label;			/* of the migration */
	char	   *path;
	int			line;			/* of the file; 0: not known */
	bool		in_script;		/* the internal query is the script's text */
	Text		rest;			/* of the context */
} Place;

/* What is to be shown of a line: columns are characters from 0. */
typedef struct Excerpt
{
	char	   *line;
	int			column;			/* -1: not known */
	bool		is_exact;		/* the line is the whole line of the file */
} Excerpt;

/*
 * Reading the context
 */

/* What is between the first quote and the last one. */
static char *
quoted_part(const char *text)
{
	const char *first = strchr(text, '"');
	const char *last = strrchr(text, '"');

	if (first == NULL || last == first)
		return NULL;
	return mem_copy_part(first + 1, (size_t) (last - first - 1));
}

/* Is it the line of context of a place that we know how to show? */
static bool
read_context_line(Place *place, const char *text)
{
	const char *tail = strrchr(text, '"');
	int			number;
	int			end = 0;

	if (sscanf(text, "statement %d of migration \"%n", &number, &end) == 1 &&
		end > 0 && tail != NULL &&
		sscanf(tail, "\", line %d", &place->line) == 1)
		place->label = quoted_part(text);
	else if (sscanf(text, "line %d of the script%n", &number, &end) == 1 &&
			 end > 0 && text[end] == '\0')
		place->line = number;
	else if (sscanf(text, "line %d of file \"%n", &number, &end) == 1 &&
			 end > 0)
	{
		place->line = number;
		place->path = quoted_part(text);
	}
	else if (starts_with(text, "file \"") && ends_with(text, "\""))
		place->path = quoted_part(text);
	else if ((starts_with(text, "migration \"") ||
			  (sscanf(text, "commit of step %d of migration \"%n", &number,
					  &end) == 1 && end > 0)) && ends_with(text, "\""))
		place->label = quoted_part(text);
	else
		return false;
	return true;
}

/* The outermost place counts; what is said before it is about a function. */
static void
read_context(Place *place, const char *context)
{
	memset(place, 0, sizeof(Place));
	while (context != NULL && *context != '\0')
	{
		size_t		len = strcspn(context, "\n");
		char	   *text = mem_copy_part(context, len);

		if (!read_context_line(place, text))
			text_add_format(&place->rest, "%s%s",
							place->rest.len > 0 ? "\n" : "", text);
		else if (place->rest.len == 0)
			place->in_script = true;
		free(text);
		context += len + (context[len] == '\n');
	}
}

/* Did a migration fail, or was the request refused? */
bool
error_is_of_migration(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	Place		place;

	read_context(&place, PQresultErrorField(result, PG_DIAG_CONTEXT));
	/* cancelled, or the runner's process is gone */
	return place.label != NULL || state == NULL ||
		strcmp(state, "57014") == 0 || starts_with(state, "57P") ||
		starts_with(state, "08");
}

/*
 * The line and the caret
 */

/* The line in which a position is, and the column; 'first' if it is line 1. */
static char *
line_at(const char *text, int position, int *column, bool *first)
{
	const char *start = text;
	const char *p = text;
	int			encoding = pg_char_to_encoding("UTF8");
	size_t		len;

	*column = 0;
	while (--position > 0 && *p != '\0')
	{
		*column += 1;
		if (*p == '\n')
		{
			start = p + 1;
			*column = 0;
		}
		p += PQmblenBounded(p, encoding);
	}
	*first = start == text;
	len = strcspn(start, "\n");
	if (len > 0 && start[len - 1] == '\r')
		len--;
	return mem_copy_part(start, len);
}

static int
characters(const char *text, size_t bytes)
{
	int			count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += (text[i] & 0xC0) != 0x80;
	return count;
}

/* Finds the offending line: in the file if it can, else as the server has it. */
static Excerpt
find_excerpt(const PGresult *result, const Place *place,
			 const Sources *sources, const char **path)
{
	const char *query = PQresultErrorField(result, PG_DIAG_INTERNAL_QUERY);
	const char *position = PQresultErrorField(result, PG_DIAG_INTERNAL_POSITION);
	Excerpt		found = {NULL, -1, false};
	char	   *whole;
	const char *part;
	bool		first = false;

	if (place->in_script && query != NULL && position != NULL)
		found.line = line_at(query, atoi(position), &found.column, &first);
	if (*path == NULL || place->line == 0)
		return found;
	*path = sources_script(sources, *path, place->line, found.line);
	whole = sources_line(sources, *path, place->line);
	if (whole == NULL)
		return found;
	part = found.line ? strstr(whole, found.line) : whole;
	/* the file may have been edited since it was pushed */
	if (part == NULL)
		return found;
	if (found.line != NULL)
		found.column += characters(whole, (size_t) (part - whole));
	free(found.line);
	found.line = whole;
	found.is_exact = true;
	return found;
}

/*
 * Shows the line, its number in front, and below it where the error is.  If
 * only the statement is known, all of the line is marked.
 */
static void
show_line(const Excerpt *excerpt, const char *gutter)
{
	ExcerptLines lines = excerpt_lines(excerpt->line, excerpt->column, gutter);

	tell_plain(lines.source);
	tell_coloured(PLAIN, lines.indent);
	tell_coloured(GREEN, lines.mark);
	tell_plain("");
	excerpt_free(&lines);
}

/* The query of a function in which the error is: its line, and the caret. */
static void
show_inner_query(const PGresult *result)
{
	const char *query = PQresultErrorField(result, PG_DIAG_INTERNAL_QUERY);
	const char *position = PQresultErrorField(result, PG_DIAG_INTERNAL_POSITION);
	Excerpt		inner;
	bool		first;

	if (query == NULL || position == NULL)
		return;
	inner.line = line_at(query, atoi(position), &inner.column, &first);
	inner.is_exact = false;
	show_line(&inner, "query");
	free(inner.line);
}

/*
 * Messages
 */

static void
show_field(const PGresult *result, int field, const char *word)
{
	const char *value = PQresultErrorField(result, field);

	if (value != NULL && *value != '\0')
		tell_part(BLUE, word, value);
}

/* The hint; of an error in a call of ours, what we know better. */
static void
show_hint(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	bool		ours = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION) != NULL &&
		state != NULL;

	if (ours && strcmp(state, "3F000") == 0 &&
		strstr(message, "\"migrate\"") != NULL)
		tell_part(BLUE, "hint", "Run \"pg_migrate init\" to create the extension in this database.");
	else if (ours && strcmp(state, "42883") == 0 &&
			 strstr(message, "migrate.") != NULL)
		tell_part(BLUE, "hint", "The extension in the database is older than this pg_migrate; run ALTER EXTENSION migrate UPDATE;");
	else
		show_field(result, PG_DIAG_MESSAGE_HINT, "hint");
}

/* "path:line:column: ", as far as it is known. */
static void
show_place(const Place *place, const char *path, const Excerpt *excerpt)
{
	Text		text = {0};

	if (path != NULL)
	{
		text_add(&text, path);
		if (place->line > 0)
			text_add_format(&text, ":%d", place->line);
		if (place->line > 0 && excerpt->column >= 0 && excerpt->is_exact)
			text_add_format(&text, ":%d", excerpt->column + 1);
	}
	else if (place->label != NULL)
	{
		text_add_format(&text, "migration \"%s\"", place->label);
		if (place->line > 0)
			text_add_format(&text, ", line %d", place->line);
	}
	else
		text_add(&text, "pg_migrate");
	text_add(&text, ": ");
	tell_coloured(BOLD, text.data);
	text_free(&text);
}

/* An error without fields is libpq's: the connection is lost. */
static void
report_bare_error(const PGresult *result)
{
	Text		message = {0};

	text_add(&message, PQresultErrorMessage(result));
	while (message.len > 0 && message.data[message.len - 1] == '\n')
		message.data[--message.len] = '\0';
	complain("%s", message.data);
	text_free(&message);
}

/* An error, with the place in the file if it is known.  'sources' may be NULL. */
void
report_error(Db *db, const PGresult *result, const Sources *sources)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	Place		place;
	Excerpt		excerpt;
	const char *path;

	if (message == NULL)
	{
		report_bare_error(result);
		return;
	}
	read_context(&place, PQresultErrorField(result, PG_DIAG_CONTEXT));
	path = place.path;
	if (path == NULL && place.label != NULL)
		path = sources_path(sources, db, place.label);
	excerpt = find_excerpt(result, &place, sources, &path);
	show_place(&place, path, &excerpt);
	tell_part(RED, "error", message);
	if (excerpt.line != NULL)
	{
		char	   *number = place.line > 0 ? format("%d", place.line) :
			mem_copy("");

		show_line(&excerpt, number);
		free(number);
	}
	if (!place.in_script)
		show_inner_query(result);
	show_field(result, PG_DIAG_MESSAGE_DETAIL, "detail");
	show_hint(result);
	if (place.rest.len > 0)
		tell_part(BLUE, "context", place.rest.data);
	free(excerpt.line);
}

/* A notice or warning: one line, and what there is to say besides. */
void
report_notice(const PGresult *notice)
{
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
	bool		warning = severity && strcmp(severity, "WARNING") == 0;

	if (message == NULL)
		return;
	tell_part(warning ? YELLOW : BLUE, warning ? "warning" : "notice",
			  message);
	show_field(notice, PG_DIAG_MESSAGE_DETAIL, "  detail");
	show_field(notice, PG_DIAG_MESSAGE_HINT, "  hint");
}
