/*-------------------------------------------------------------------------
 *
 * read_drizzle.c
 *	  The two layouts of Drizzle:
 *
 *		meta/_journal.json			lists <tag>.sql in their order
 *
 *		<timestamp>_<name>/			migration.sql, down.sql, snapshot.json
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "folders.h"
#include "readers.h"
#include "text.h"

/* Between the statements of a file. */
#define BREAKPOINT			"--> statement-breakpoint"

/*
 * Drizzle sends what is between two of its marks on its own.  For SQL a mark
 * is a comment: what follows it on its line would be lost, and a statement in
 * front of it may have no semicolon.  There the mark becomes one.
 */
static char *
end_statements(const char *text)
{
	char	   *result = pstrdup(text);
	char	   *mark;

	for (char *p = result; (mark = strstr(p, BREAKPOINT)) != NULL; p = mark + 1)
	{
		char	   *before = mark;
		char	   *after = mark + strlen(BREAKPOINT);
		bool		ended;

		while (before > result && scanner_isspace(before[-1]))
			before--;
		while (*after == ' ' || *after == '\t' || *after == '\r')
			after++;
		ended = before == result || before[-1] == ';';
		if (ended && (*after == '\n' || *after == '\0'))
			continue;
		memset(mark, ' ', strlen(BREAKPOINT));
		*mark = ';';
	}
	return result;
}

/* A whole file as a script of Drizzle's. */
static void
read_drizzle_script(MigDefinition *definition, const MigFile *file, bool down)
{
	MigSource  *source = down ? &definition->down : &definition->up;
	char	   *text;

	mig_definition_whole_file(definition, file, down);
	text = end_statements(source->text);
	if (strcmp(text, source->text) == 0)
		return;
	if (!down)
		definition->source = source->text;
	source->text = text;
}

/* The files' checksums: with line ends as they are, and as newlines. */
static void
add_drizzle_checksums(MigDefinition *definition, const MigFile *file)
{
	mig_folder_add_checksum(definition, mig_folder_sha256(file->content));
	mig_folder_add_checksum(definition, mig_folder_sha256(mig_with_line_ends(file->content, "\n")));
}

/* The value of a key of a JSON object, of that type; NULL: there is none. */
static JsonbValue *
json_member(JsonbContainer *object, const char *key, enum jbvType type)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key),
													 NULL);

	return value != NULL && value->type == type ? value : NULL;
}

/* Names the journal in errors of its text. */
static void
journal_error_context(void *arg)
{
	errcontext("file \"%s\"", ((const MigFile *) arg)->path);
}

/* The entries of a journal; NULL if it has none. */
static JsonbContainer *
journal_entries(const MigFile *journal)
{
	ErrorContextCallback callback;
	Jsonb	   *json;
	JsonbValue *entries;

	callback.callback = journal_error_context;
	callback.arg = (void *) journal;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											  CStringGetDatum(mig_file_text(journal))));
	error_context_stack = callback.previous;
	if (!JB_ROOT_IS_OBJECT(json))
		return NULL;
	entries = json_member(&json->root, "entries", jbvBinary);
	return entries != NULL && JsonContainerIsArray(entries->val.binary.data) ?
		entries->val.binary.data : NULL;
}

/* The line of the journal that has this text in quotes. */
static int
journal_line(const MigFile *journal, const char *text)
{
	const char *found = strstr(journal->content, psprintf("\"%s\"", text));

	return mig_text_line_number(journal->content,
								found ? found - journal->content : 0);
}

static void
journal_error(const MigFile *journal, int entry)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 entry < 0 ?
			 errmsg("the journal has no array \"entries\"") :
			 errmsg("entry %d of the journal has no number \"when\" or no string \"tag\"",
					entry),
			 errhint("Let drizzle-kit generate the journal anew."),
			 mig_file_errcontext(journal, 1)));
}

/* What the journal lists, in its order. */
static void
read_journal(MigReading *reading, MigPaths *paths, const MigFile *journal)
{
	char	   *meta = mig_file_directory(journal->path);
	char	   *root = mig_file_directory(meta);
	JsonbContainer *entries = journal_entries(journal);

	if (entries == NULL)
		journal_error(journal, -1);
	for (int i = 0; i < JsonContainerSize(entries); i++)
	{
		JsonbValue *entry = getIthJsonbValueFromContainer(entries, i);
		bool		object = entry->type == jbvBinary &&
			JsonContainerIsObject(entry->val.binary.data);
		JsonbValue *when = object ?
			json_member(entry->val.binary.data, "when", jbvNumeric) : NULL;
		JsonbValue *tag = object ?
			json_member(entry->val.binary.data, "tag", jbvString) : NULL;
		const MigFile *file;
		MigDefinition *definition;
		char	   *stem;
		char	   *path;

		CHECK_FOR_INTERRUPTS();
		if (when == NULL || tag == NULL || tag->val.string.len == 0)
			journal_error(journal, i);
		stem = pnstrdup(tag->val.string.val, tag->val.string.len);
		path = mig_paths_join(root, psprintf("%s.sql", stem));
		file = mig_paths_use(paths, path);
		if (file == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the journal lists \"%s\", but there is no file \"%s\"",
							stem, path),
					 errhint("Add the file, or run drizzle-kit drop to take it out of the journal."),
					 mig_file_errcontext(journal, journal_line(journal, stem))));
		definition = mig_reading_add(reading, stem);
		definition->identity = DatumGetCString(DirectFunctionCall1(numeric_out,
																   NumericGetDatum(when->val.numeric)));
		mig_folder_split_name(definition, stem);
		read_drizzle_script(definition, file, false);
		add_drizzle_checksums(definition, file);
	}

	/* what drizzle-kit compares the schema with */
	for (int i = 0; i < paths->count; i++)
		if (strcmp(mig_file_directory(paths->paths[i].path),
				   mig_paths_join("", meta)) == 0)
			paths->paths[i].used = true;
}

/* list_sort() comparator */
static int
compare_identity(const ListCell *a, const ListCell *b)
{
	return strcmp(((MigDefinition *) lfirst(a))->identity,
				  ((MigDefinition *) lfirst(b))->identity);
}

/* A folder per migration; those without a script are none. */
static void
read_drizzle_folders(MigReading *reading, MigPaths *paths, const char *root)
{
	List	   *complete = NIL;
	ListCell   *lc;

	for (int i = 0; i < paths->count; i++)
	{
		MigPath    *path = &paths->paths[i];
		MigFolderFile file;
		bool		up;

		if (path->used || !mig_folder_file(root, path, &file))
			continue;
		up = strcmp(file.base, "migration.sql") == 0;
		path->used = up || strcmp(file.base, "down.sql") == 0 ||
			strcmp(file.base, "snapshot.json") == 0;
		if (!path->used)
			continue;
		if (strcmp(file.base, "snapshot.json") != 0)
			read_drizzle_script(mig_reading_get(reading, file.folder),
								path->file, !up);
		if (up)
			add_drizzle_checksums(mig_reading_get(reading, file.folder),
								  path->file);
	}
	foreach(lc, reading->definitions)
	{
		MigDefinition *definition = lfirst(lc);

		if (definition->up.text == NULL)
			continue;
		definition->identity = definition->sort_key;
		mig_folder_split_name(definition, definition->identity);
		complete = lappend(complete, definition);
	}
	list_sort(complete, compare_identity);
	reading->definitions = complete;
}

/* Two generations of one tool, which does not read both either. */
static void
check_one_generation(const MigFile *journal, const char *root)
{
	if (journal == NULL || root == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is a journal, and there are directories with a \"migration.sql\""),
			 errdetail("A newer drizzle-kit writes no journal any more."),
			 errhint("Run drizzle-kit up, which turns the journal's files into directories."),
			 mig_file_errcontext(journal, 1)));
}

/* Files without the journal that would give them their order. */
static void
check_no_loose_scripts(const MigReading *reading)
{
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);

		if (mig_file_ends(file->path, ".sql"))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there is no file \"meta/_journal.json\", which gives \"%s\" its place",
							file->path),
					 errhint("Load the directory that drizzle-kit writes to, with its directory \"meta\".")));
	}
}

void
mig_read_drizzle(MigReading *reading)
{
	MigPaths   *paths = mig_paths(reading);
	const MigFile *journal = mig_paths_nearest(paths, "meta/_journal.json");
	char	   *root = mig_folders_root(paths, "migration.sql");

	check_one_generation(journal, root);
	if (journal != NULL)
		read_journal(reading, paths, journal);
	else if (root != NULL)
		read_drizzle_folders(reading, paths, root);
	else
		check_no_loose_scripts(reading);
	mig_paths_ignore_rest(reading, paths);
}
