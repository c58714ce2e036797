/*-------------------------------------------------------------------------
 *
 * read_hasura.c
 *	  The layout of Hasura:
 *
 *		<version>_<name>/up.sql, down.sql
 *		<version>_<name>.up.sql, <version>_<name>.down.sql
 *
 * in a directory, or in one of its sub-directories for each database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "parser/scansup.h"

#include "paths.h"
#include "readers.h"

/* A file's name taken apart. */
typedef struct HasuraFile
{
	const MigFile *file;
	char	   *root;			/* the directory of its migration or, of a flat
								 * one, of the file */
	char	   *version;
	char	   *name;
	bool		down;
	bool		yaml;			/* metadata, or SQL inside of it */
} HasuraFile;

/* The longest number that is a version there: an unsigned one of 64 bits. */
static bool
hasura_number(const char *digits, int len)
{
	uint64		value = 0;

	for (int i = 0; i < len; i++)
	{
		uint64		digit = digits[i] - '0';

		if (value > (PG_UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	return len > 0;
}

/* The ending of a migration's file; 0 if it has none of them. */
static int
hasura_ending(const char *base, HasuraFile *hasura)
{
	static const char *const endings[] = {
		"up.sql", "down.sql", "up.yaml", "down.yaml"
	};

	for (int i = 0; i < lengthof(endings); i++)
	{
		int			start = strlen(base) - strlen(endings[i]);

		if (start < 0 || strcmp(base + start, endings[i]) != 0)
			continue;
		hasura->down = i % 2 == 1;
		hasura->yaml = i >= 2;
		return strlen(endings[i]);
	}
	return 0;
}

/* Takes a path apart; false if it is not that of a migration. */
static bool
hasura_name(const MigFile *file, HasuraFile *hasura)
{
	const char *base = mig_file_base(file->path);
	int			ending = hasura_ending(base, hasura);
	bool		flat = strlen(base) > ending;
	char	   *directory = mig_file_directory(file->path);
	char	   *name = flat ? pnstrdup(base, strlen(base) - ending) :
		mig_file_parent(file->path);
	size_t		digits = strspn(name, "0123456789");

	if (ending == 0 || !hasura_number(name, digits) || name[digits] != '_')
		return false;
	if (flat && name[strlen(name) - 1] != '.')
		return false;
	if (flat)
		name[strlen(name) - 1] = '\0';
	hasura->file = file;
	hasura->root = flat ? directory : mig_file_directory(directory);
	hasura->version = pnstrdup(name, digits);
	hasura->name = pstrdup(name + digits + 1);
	return true;
}

/* Is there nothing in the file?  It is no migration for Hasura then. */
static bool
hasura_is_empty(const HasuraFile *hasura)
{
	const char *text = hasura->file->content;

	if (!hasura->yaml)
		return *text == '\0';
	while (scanner_isspace(*text))
		text++;
	return *text == '\0' || strncmp(text, "[]", 2) == 0;
}

/* The migrations' files, those in the directory nearest to the top only. */
static List *
find_hasura_files(const MigReading *reading)
{
	List	   *result = NIL;
	const HasuraFile *first = NULL;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		HasuraFile *hasura = palloc0(sizeof(HasuraFile));

		CHECK_FOR_INTERRUPTS();
		if (!hasura_name(lfirst(lc), hasura))
			continue;
		result = lappend(result, hasura);
		if (first == NULL || strlen(hasura->root) < strlen(first->root))
			first = hasura;
	}
	foreach(lc, result)
	{
		HasuraFile *hasura = lfirst(lc);
		int			len = strlen(first->root);

		if (strcmp(hasura->root, first->root) == 0)
			continue;
		if (strncmp(hasura->root, first->root, len) == 0 &&
			(len == 0 || hasura->root[len] == '/'))
		{
			result = foreach_delete_current(result, lc);
			continue;
		}
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("directories \"%s\" and \"%s\" have migrations of two databases",
						first->root, hasura->root),
				 errhint("Load each of them by itself, in the database that it is for.")));
	}
	return result;
}

/* Adds a file to its migration. */
static void
add_hasura_file(MigReading *reading, MigPaths *paths, HasuraFile *hasura)
{
	MigDefinition *definition;
	MigSource  *source;
	const char *other;

	if (hasura_is_empty(hasura) || (hasura->yaml && hasura->down))
		return;
	definition = mig_reading_get(reading, mig_version_sort_key(hasura->version));
	if (definition->version == NULL)
	{
		definition->version = hasura->version;
		definition->name = hasura->name;
		definition->identity = hasura->version + strspn(hasura->version, "0");
		if (*definition->identity == '\0')
			definition->identity = "0";
	}
	if (hasura->yaml)
	{
		definition->host = true;
		if (definition->path == NULL)
			definition->path = pstrdup(hasura->file->path);
		return;
	}
	source = hasura->down ? &definition->down : &definition->up;
	other = hasura->down ? definition->down_path : definition->path;
	if (source->text != NULL)
	{
		MigFile		first = {.path = other};

		mig_duplicate_error(&first, hasura->file, hasura->version);
	}
	mig_definition_whole_file(definition, hasura->file, hasura->down);
	mig_paths_use(paths, mig_paths_join("", hasura->file->path));
}

void
mig_read_hasura(MigReading *reading)
{
	MigPaths   *paths = mig_paths(reading);
	ListCell   *lc;

	foreach(lc, find_hasura_files(reading))
		add_hasura_file(reading, paths, lfirst(lc));
	foreach(lc, reading->definitions)
	{
		MigDefinition *definition = lfirst(lc);

		/* YAML beside SQL is metadata of Hasura's own server */
		if (definition->up.text != NULL)
			definition->host = false;
		else if (definition->host)
			mig_paths_use(paths, mig_paths_join("", definition->path));
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("down script \"%s\" has no up script",
							definition->down_path),
					 errhint("Add the file \"up.sql\" beside it.")));
	}
	mig_paths_ignore_rest(reading, paths);
}
