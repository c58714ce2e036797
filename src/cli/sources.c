/*-------------------------------------------------------------------------
 *
 * sources.c
 *	  Where the text of a migration stands: its file, and a line of that.
 *
 * What was pushed a moment ago is at hand.  Else the server knows the path
 * as it was pushed, and the file may be there still.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "sources.h"

/* Is this how the server names the migration? */
static bool
is_labelled(const char *label, const char *version, const char *name)
{
	size_t		len = strlen(version);

	if (len == 0)
		return strcmp(label, name) == 0;
	return strncmp(label, version, len) == 0 && label[len] == ' ' &&
		strcmp(label + len + 1, name) == 0;
}

/* The path of a migration as the server has it; NULL if it has none. */
static const char *
ask_for_path(Db *db, const char *label)
{
	Query		query;
	PGresult   *rows;
	const char *path = NULL;

	if (db_is_lost(db) || PQtransactionStatus(db->conn) != PQTRANS_IDLE)
		return NULL;
	query_init(&query,
			   "SELECT pg_catalog.to_jsonb(s)->>'path'"
			   " FROM migrate.status($1) s"
			   " WHERE pg_catalog.concat_ws(' ', s.version, s.name) = $2");
	query_text(&query, db->options->project);
	query_text(&query, label);
	rows = db_run(db, &query);
	if (result_is_good(rows) && PQntuples(rows) == 1 &&
		!PQgetisnull(rows, 0, 0))
		path = mem_copy(PQgetvalue(rows, 0, 0));
	PQclear(rows);
	return path;
}

/* The file that the up script of a migration came from; NULL: not known. */
const char *
sources_path(const Sources *sources, Db *db, const char *label)
{
	for (int i = 0; sources && i < PQntuples(sources->stored); i++)
	{
		if (is_labelled(label, PQgetvalue(sources->stored, i, 1),
						PQgetvalue(sources->stored, i, 2)))
			return PQgetvalue(sources->stored, i, 0);
	}
	return ask_for_path(db, label);
}

static char *
replaced(const char *path, const char *part, const char *by)
{
	const char *found = NULL;

	for (const char *p = path; (p = strstr(p, part)) != NULL; p++)
		found = p;
	if (found == NULL)
		return NULL;
	return format("%.*s%s%s", (int) (found - path), path, by,
				  found + strlen(part));
}

/*
 * The file that a down script came from, of which the server tells no path:
 * that of the up script, or the other one of its pair, in which this text is
 * in this line.
 */
const char *
sources_script(const Sources *sources, const char *path, int line,
			   const char *text)
{
	static const char *const pairs[][2] = {
		{".up.", ".down."}, {"/up.", "/down."}, {"/deploy/", "/revert/"},
		{".do.", ".undo."}, {"/V", "/U"}
	};

	if (!sources || !sources->down || text == NULL)
		return path;
	for (size_t i = 0; i < lengthof(pairs); i++)
	{
		char	   *other = replaced(path, pairs[i][0], pairs[i][1]);
		char	   *found = other ? sources_line(sources, other, line) : NULL;

		if (found != NULL && strstr(found, text) != NULL)
			return other;
		free(found);
		free(other);
	}
	return path;
}

static char *
line_of(const char *content, int line)
{
	const char *start = content;
	size_t		len;

	while (--line > 0)
	{
		start = strchr(start, '\n');
		if (start == NULL)
			return NULL;
		start++;
	}
	if (start == content && starts_with(start, "\xEF\xBB\xBF"))
		start += 3;
	len = strcspn(start, "\n");
	if (len > 0 && start[len - 1] == '\r')
		len--;
	return mem_copy_part(start, len);
}

/* A line of a file, without its end; NULL if it is not to be had. */
char *
sources_line(const Sources *sources, const char *path, int line)
{
	char	   *content;
	char	   *found;
	size_t		len;

	for (int i = 0; sources && i < sources->files.count; i++)
	{
		const File *file = sources->files.items[i];

		if (strcmp(file->path, path) == 0)
			return line_of(file->content, line);
	}
	content = read_whole_file(path, &len);
	if (content == NULL || !utf8_is_valid(content, len, &len))
	{
		free(content);
		return NULL;
	}
	found = line_of(content, line);
	free(content);
	return found;
}
