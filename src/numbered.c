/*-------------------------------------------------------------------------
 *
 * numbered.c
 *	  What the layouts of numbered files have in common: the numbers, pairs
 *	  of up and down files, files in a host language among them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "numbered.h"

/* How much of a text an error shows, in bytes. */
#define SHOWN_TEXT	80

/* How many digits a text begins with. */
int
mig_number_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* A number in decimal as a tool prints it: without leading zeros. */
char *
mig_number_normal(const char *digits)
{
	digits += strspn(digits, "0");
	return pstrdup(*digits != '\0' ? digits : "0");
}

/* Is a number larger than another, which has no leading zeros? */
bool
mig_number_exceeds(const char *digits, const char *limit)
{
	const char *number = digits + strspn(digits, "0");
	int			len = strlen(number);
	int			limit_len = strlen(limit);

	return len != limit_len ? len > limit_len : strcmp(number, limit) > 0;
}

/* Adds a file to the migration of its number. */
MigDefinition *
mig_numbered_add(MigReading *reading, const MigFile *file,
				 const MigNumbered *numbered)
{
	MigDefinition *definition =
		mig_reading_get(reading, mig_version_sort_key(numbered->version));
	MigSource  *source = numbered->down ? &definition->down : &definition->up;
	MigFile		first = {0};

	first.path = numbered->down ? definition->down_path : definition->path;
	if (first.path != NULL)
		mig_duplicate_error(&first, file,
							mig_number_normal(numbered->version));
	if (definition->version == NULL || !numbered->down)
	{
		definition->version = numbered->version;
		definition->name = numbered->name;
		definition->identity = mig_number_normal(numbered->version);
	}
	if (numbered->host)
	{
		definition->host = true;
		definition->path = pstrdup(file->path);
	}
	else
		mig_definition_whole_file(definition, file, numbered->down);
	source->no_transaction = numbered->no_transaction;
	return definition;
}

/* A down script whose version is never applied is of no use. */
void
mig_numbered_drop_unpaired(MigReading *reading)
{
	ListCell   *lc;

	foreach(lc, reading->definitions)
	{
		const MigDefinition *definition = lfirst(lc);
		MigFile		file = {0};

		if (definition->path != NULL)
			continue;
		file.path = definition->down_path;
		mig_reading_ignore(reading, &file);
		reading->definitions = foreach_delete_current(reading->definitions, lc);
	}
}

/* list_sort() comparator. */
static int
compare_sort_key(const ListCell *a, const ListCell *b)
{
	return strcmp(((MigDefinition *) lfirst(a))->sort_key,
				  ((MigDefinition *) lfirst(b))->sort_key);
}

/* Tools that count their files from 1 take no other numbers. */
void
mig_numbered_check_consecutive(const MigReading *reading)
{
	List	   *sorted = list_copy(reading->definitions);
	ListCell   *lc;

	list_sort(sorted, compare_sort_key);
	foreach(lc, sorted)
	{
		const MigDefinition *definition = lfirst(lc);
		int			number = foreach_current_index(lc) + 1;

		if (strcmp(definition->identity, psprintf("%d", number)) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("file \"%s\" should have number %d",
							definition->path, number),
					 errdetail("Files of layout \"%s\" are counted from 1, without gaps.",
							   reading->layout),
					 errhint("Add the missing file, or rename this one.")));
	}
}

/* Which of these endings a file's name has, and more than that; NULL: none. */
const char *
mig_name_ending(const char *base, const char *const *endings)
{
	for (; *endings != NULL; endings++)
		if (mig_file_ends(base, *endings))
			return *endings;
	return NULL;
}

/* What stands in a file's name from 'start' on, before its ending. */
char *
mig_name_before(const char *start, const char *ending)
{
	return pnstrdup(start, Max((int) (strlen(start) - strlen(ending)), 0));
}

/* As much of a text as an error shows. */
char *
mig_shown(const char *text)
{
	int			len = strlen(text);
	int			shown = pg_mbcliplen(text, len, SHOWN_TEXT);

	return psprintf("%.*s%s", shown, text, shown < len ? "..." : "");
}

static int
count_slashes(const char *path)
{
	int			slashes = 0;

	for (; *path != '\0'; path++)
		slashes += *path == '/';
	return slashes;
}

/*
 * The directory is where the numbered files are, be they in SQL or in a host
 * language: what the latter read may stand below it, in SQL.
 */
void
mig_numbered_depth(MigReading *reading, const char *const *endings)
{
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		const char *base = mig_file_base(file->path);

		if (mig_number_digits(base) > 0 &&
			mig_name_ending(base, endings) != NULL)
			reading->depth = Min(reading->depth, count_slashes(file->path));
	}
}
