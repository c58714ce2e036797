/*-------------------------------------------------------------------------
 *
 * files.c
 *	  What every reader of a layout needs: names and lines of files,
 *	  definitions, placeholders.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/string.h"
#include "lib/stringinfo.h"

#include "files.h"
#include "text.h"

/* The count of digits in a sort key has four. */
#define MAX_DIGITS			9999

/* An entry of a map. */
typedef struct MapEntry
{
	const char *key;
	void	   *value;
} MapEntry;

/* Hash and comparison of keys that are pointers to strings. */
static uint32
string_pointer_hash(const void *key, Size size)
{
	const char *string = *(const char *const *) key;

	return hash_bytes((const unsigned char *) string, strlen(string));
}

static int
string_pointer_match(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* What follows the last slash. */
const char *
mig_file_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The path up to the last slash, without it; "" if there is none. */
char *
mig_file_directory(const char *path)
{
	return pnstrdup(path, Max(mig_file_base(path) - path - 1, 0));
}

/* The name of the directory that the file stands in; "" if none is told. */
char *
mig_file_parent(const char *path)
{
	return pstrdup(mig_file_base(mig_file_directory(path)));
}

/* Does the name end so, and is it more than that? */
bool
mig_file_ends(const char *path, const char *ending)
{
	return pg_str_endswith(path, ending) &&
		strlen(mig_file_base(path)) > strlen(ending);
}

/* Is it an SQL file?  Some tools take the ending in any case. */
bool
mig_file_is_sql(const char *path)
{
	int			len = strlen(path);

	return len >= 4 && pg_strcasecmp(path + len - 4, ".sql") == 0;
}

/* Does a file only tell of a tool, wherever it is near the directory? */
bool
mig_file_is_evidence(const char *path)
{
	static const char *const names[] = {
		".gmrc", ".gmrc.js", "sqlx.toml", ".sqlx", "Cargo.toml",
		"package.json", "go.mod"
	};

	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(mig_file_base(path), names[i]) == 0)
			return true;
	return false;
}

static int
count_slashes(const char *path)
{
	int			slashes = 0;

	for (; *path != '\0'; path++)
		slashes += *path == '/';
	return slashes;
}

/* The depth of the directory itself: that of the SQL file nearest to it. */
int
mig_files_depth(List *files)
{
	int			depth = INT_MAX;
	ListCell   *lc;

	foreach(lc, files)
	{
		const MigFile *file = lfirst(lc);

		if (mig_file_is_sql(file->path))
			depth = Min(depth, count_slashes(file->path));
	}
	return depth;
}

/* Does a file stand below the directory and not in it? */
bool
mig_file_is_nested(const MigReading *reading, const MigFile *file)
{
	return count_slashes(file->path) > reading->depth;
}

/*
 * A text that sorts bytewise as people read versions: digit runs by value,
 * the rest bytewise.  Versions with equal keys are the same version.
 *
 * Each digit run becomes the four-digit count of its significant digits,
 * and these.
 */
char *
mig_version_sort_key(const char *version)
{
	StringInfoData key;
	const char *p = version;

	if (*version == '\0')
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("version must not be empty"));

	initStringInfo(&key);
	while (*p != '\0')
	{
		size_t		digits;

		if (*p < '0' || *p > '9')
		{
			appendStringInfoChar(&key, *p++);
			continue;
		}
		p += strspn(p, "0");
		digits = strspn(p, "0123456789");
		if (digits > MAX_DIGITS)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("version has a number of more than %d digits",
							MAX_DIGITS),
					 errhint("Give it a shorter one.")));
		appendStringInfo(&key, "%04d", (int) digits);
		appendBinaryStringInfo(&key, p, digits);
		p += digits;
	}
	return key.data;
}

/* A file's text without a byte order mark. */
const char *
mig_file_text(const MigFile *file)
{
	return file->content + mig_text_bom(file->content);
}

/* Finds the ends of the line that starts here. */
static void
find_line_end(MigLine *line)
{
	const char *newline = strchr(line->start, '\n');

	line->end = newline != NULL ? newline : line->start + strlen(line->start);
	line->next = newline != NULL ? newline + 1 : NULL;
	if (line->end > line->start && line->end[-1] == '\r')
		line->end--;
}

/* The first line of a text: for (mig_line_first(); ...; mig_line_next()). */
void
mig_line_first(MigLine *line, const char *text)
{
	line->start = text;
	line->number = 1;
	find_line_end(line);
}

/* On to the next line; false if there is none. */
bool
mig_line_next(MigLine *line)
{
	if (line->next == NULL)
		return false;
	line->start = line->next;
	line->number++;
	find_line_end(line);
	return true;
}

/* Inside ereport(): the error is in this line of the file. */
int
mig_file_errcontext(const MigFile *file, int line)
{
	errcontext("line %d of file \"%s\"", line, file->path);
	return 0;
}

/* A new definition; sort_key NULL: a repeatable. */
MigDefinition *
mig_reading_add(MigReading *reading, const char *sort_key)
{
	MigDefinition *definition = palloc0(sizeof(MigDefinition));

	definition->sort_key = sort_key ? pstrdup(sort_key) : NULL;
	definition->repeatable = sort_key == NULL;
	definition->name = "";
	definition->up.line = 1;
	definition->down.line = 1;
	reading->definitions = lappend(reading->definitions, definition);
	return definition;
}

/* A map of strings to pointers; it keeps the strings, not copies of them. */
HTAB *
mig_map_create(void)
{
	HASHCTL		control = {
		.keysize = sizeof(char *),
		.entrysize = sizeof(MapEntry),
		.hash = string_pointer_hash,
		.match = string_pointer_match,
		.hcxt = CurrentMemoryContext
	};

	return hash_create("pointers by strings", 256, &control,
					   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

/* Where the pointer for that string stands; NULL stands there at first. */
void **
mig_map_place(HTAB *map, const char *key)
{
	bool		found;
	MapEntry   *entry = hash_search(map, &key, HASH_ENTER, &found);

	if (!found)
		entry->value = NULL;
	return &entry->value;
}

/*
 * The definition of that key, for layouts in which several files make one
 * migration; a new one if it is the first file.
 */
MigDefinition *
mig_reading_get(MigReading *reading, const char *sort_key)
{
	char	   *key = pstrdup(sort_key);
	void	  **place;

	if (reading->by_key == NULL)
		reading->by_key = mig_map_create();
	place = mig_map_place(reading->by_key, key);
	if (*place == NULL)
		*place = mig_reading_add(reading, key);
	return *place;
}

/* The file is no migration. */
void
mig_reading_ignore(MigReading *reading, const MigFile *file)
{
	reading->ignored = lappend(reading->ignored, pstrdup(file->path));
}

/* Is the string in the list of char *? */
static bool
contains(List *strings, const char *string)
{
	ListCell   *lc;

	foreach(lc, strings)
		if (strcmp(lfirst(lc), string) == 0)
			return true;
	return false;
}

/*
 * Is a file that stands for all before it, a baseline or a checkpoint, what
 * brings this database there?  It is where nothing has been done yet, and
 * where it was taken before: by us, or by its tool, whose history then has
 * none of the migrations that it replaces (identities, as char *).
 */
bool
mig_reading_starts_at(const MigReading *reading, const MigFile *file,
					  const char *identity, List *replaced)
{
	List	   *applied;
	ListCell   *lc;

	foreach(lc, reading->around.stored)
		if (strcmp(mig_file_base(lfirst(lc)), mig_file_base(file->path)) == 0)
			return true;
	if (reading->around.stored != NIL)
		return false;
	applied = reading->around.applied ?
		reading->around.applied(reading->layout) : NIL;
	if (applied == NIL)
		return true;
	if (!contains(applied, identity))
		return false;
	foreach(lc, replaced)
		if (strcmp(lfirst(lc), identity) != 0 && contains(applied, lfirst(lc)))
			return false;
	return true;
}

/* How two migrations are ordered: versions by their keys, then repeatables. */
int
mig_order(bool repeatable_a, const char *key_a,
		  bool repeatable_b, const char *key_b)
{
	if (repeatable_a != repeatable_b)
		return repeatable_a ? 1 : -1;
	return strcmp(key_a, key_b);
}

/* A repeatable is ordered by its name. */
const char *
mig_definition_key(const MigDefinition *definition)
{
	return definition->repeatable ? definition->name : definition->sort_key;
}

/* list_sort() comparator */
int
mig_definition_compare(const ListCell *a, const ListCell *b)
{
	const MigDefinition *x = lfirst(a);
	const MigDefinition *y = lfirst(b);

	return mig_order(x->repeatable, mig_definition_key(x),
					 y->repeatable, mig_definition_key(y));
}

/* A part of a file as a script. */
void
mig_source_set(MigSource *source, const char *start, const char *end, int line)
{
	source->text = pnstrdup(start, end - start);
	source->line = line;
}

/* The whole of a file, as it is, as one direction's script. */
void
mig_definition_whole_file(MigDefinition *definition, const MigFile *file,
						  bool down)
{
	MigSource  *source = down ? &definition->down : &definition->up;

	source->text = pstrdup(file->content);
	source->line = 1;
	if (down)
		definition->down_path = pstrdup(file->path);
	else
		definition->path = pstrdup(file->path);
}

/* Two files that claim the same version. */
void
mig_duplicate_error(const MigFile *first, const MigFile *second,
					const char *version)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("files \"%s\" and \"%s\" have the same version \"%s\"",
					first->path, second->path, version),
			 errhint("Rename the later one to a version of its own.")));
}

/* The value that the caller gave; NULL if none. */
const char *
mig_variable_value(const MigReading *reading, const char *name)
{
	ListCell   *lc;

	foreach(lc, reading->variables)
	{
		const MigVariable *variable = lfirst(lc);

		if (strcmp(variable->name, name) == 0)
			return variable->value;
	}
	return NULL;
}

/* Keeps with the definition what a placeholder of it was replaced by. */
void
mig_variable_used(MigDefinition *definition, const char *name,
				  const char *value)
{
	MigVariable *variable;
	ListCell   *lc;

	foreach(lc, definition->variables)
		if (strcmp(((MigVariable *) lfirst(lc))->name, name) == 0)
			return;
	variable = palloc(sizeof(MigVariable));
	variable->name = pstrdup(name);
	variable->value = pstrdup(value);
	definition->variables = lappend(definition->variables, variable);
}

/* A placeholder that nothing is to stand for. */
void
mig_variable_unset_error(const MigFile *file, int line, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_PARAMETER),
			 errmsg("no value for placeholder \"%s\"", name),
			 errhint("Give it with variables => '{\"%s\": \"...\"}'.", name),
			 mig_file_errcontext(file, line)));
}
