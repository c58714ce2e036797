/*-------------------------------------------------------------------------
 *
 * read_liquibase.c
 *	  The layout of Liquibase.
 *
 * A changelog that no other one includes is the root; without one in XML,
 * YAML or JSON, the SQL files of the directory are taken as includeAll would
 * take them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/string.h"
#include "miscadmin.h"

#include "liquibase.h"
#include "readers.h"

/* What the caller's variables may say besides values of placeholders. */
#define CONTEXTS "liquibase:contexts"
#define LABELS "liquibase:labels"
#define CHANGELOG_FILE "liquibase:changelogFile"
#define SEARCH_PATH "liquibase:searchPath"

/* How many changesets a notice lists. */
#define SHOWN_CHANGESETS 20

/* ----- changelogs ----- */

static bool
is_sql(const MigFile *file)
{
	int			len = strlen(file->path);

	return len > 4 && pg_strcasecmp(file->path + len - 4, ".sql") == 0 &&
		!mig_file_is_evidence(file->path);
}

/* An SQL file without a header is one changeset. */
static void
read_raw(LbState *state, LbChangelog *changelog)
{
	LbChangeset *changeset;
	LbChange   *change = palloc0(sizeof(LbChange));

	changelog->logical = NULL;
	changeset = mig_lb_changeset(changelog, 1);
	changeset->id = "raw";
	changeset->author = "includeAll";
	change->text = mig_file_text(changelog->file);
	change->line = 1;
	change->file = changelog->file;
	changeset->changes = list_make1(change);
	mig_lb_finish(state, changeset);
}

/* Reads a changelog in whatever form it is. */
static void
read_open_changelog(LbState *state, LbChangelog *changelog)
{
	const MigFile *file = changelog->file;
	LbNode	   *document;

	if (is_sql(file) && mig_lb_is_formatted(file))
		mig_lb_read_sql(state, changelog);
	else if (is_sql(file))
		read_raw(state, changelog);
	else
	{
		document = mig_lb_is_document(file) ? mig_lb_document(file) : NULL;
		if (document == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("file \"%s\" is not a changelog", file->path),
					 errhint("A changelog is an SQL file, or a document with \"databaseChangeLog\" in XML, YAML or JSON.")));
		mig_lb_read_document(state, changelog, document);
	}
}

/* Reads a changelog that is not open yet; all: it is one of a directory. */
static void
read_changelog(LbState *state, LbChangelog *changelog, bool all)
{
	const MigFile *file = changelog->file;
	ListCell   *lc;

	check_stack_depth();
	if (all && !is_sql(file) && !mig_lb_is_document(file))
		return;
	foreach(lc, state->reading_now)
		if (strcmp(lfirst(lc), file->path) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("changelog \"%s\" includes itself", file->path),
					 errdetail("It was included by \"%s\".",
							   changelog->parent->file->path),
					 errhint("Remove one of the includes.")));
	mig_lb_use_file(state, file);
	state->reading_now = lappend(state->reading_now, unconstify(char *, file->path));
	read_open_changelog(state, changelog);
	state->reading_now = list_delete_last(state->reading_now);
}

/* ----- include and includeAll ----- */

static const char *
include_attribute(LbState *state, const LbChangelog *changelog,
				  const LbNode *node, const char *name)
{
	return mig_lb_expand(state, changelog, NULL, changelog->file,
						 mig_lb_value(node, name), node->line);
}

/* A changelog that another one includes. */
static void
read_included(LbState *state, LbChangelog *parent, const LbNode *node,
			  const MigFile *file, const char *name, bool all)
{
	LbChangelog *changelog = palloc0(sizeof(LbChangelog));
	const char *contexts = include_attribute(state, parent, node, "contextFilter");
	const char *labels = include_attribute(state, parent, node, "labels");
	const char *logical = include_attribute(state, parent, node, "logicalFilePath");

	if (contexts == NULL || *contexts == '\0')
		contexts = include_attribute(state, parent, node, "context");
	changelog->file = file;
	changelog->path = name;
	changelog->parent = parent;
	changelog->logical = logical != NULL && *logical != '\0' ? logical : parent->logical;
	changelog->ignore = mig_lb_flag(node, "ignore", false);
	if (contexts != NULL)
		changelog->contexts = list_make1(unconstify(char *, contexts));
	if (labels != NULL)
		changelog->labels = list_make1(unconstify(char *, labels));
	read_changelog(state, changelog, all);
}

/* Nothing is where an include says. */
static void
report_missing(const LbChangelog *changelog, const LbNode *node,
			   const char *path, const char *attribute)
{
	if (!mig_lb_flag(node, attribute, true))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("\"%s\" is not among the files", path),
			 errhint("Load the directory that holds it and the changelog."),
			 mig_file_errcontext(changelog->file, node->line)));
}

/* Does the depth and the ending of a file fit what includeAll asks for? */
static bool
fits_include_all(const LbNode *node, const char *below)
{
	const char *ending = mig_lb_value(node, "endsWithFilter");
	const char *least = mig_lb_value(node, "minDepth");
	const char *most = mig_lb_value(node, "maxDepth");
	int			len = strlen(below);
	int			depth = 1;

	for (const char *p = below; *p != '\0'; p++)
		depth += *p == '/';
	if ((least != NULL && depth < atoi(least)) ||
		(most != NULL && depth > atoi(most)))
		return false;
	return ending == NULL ||
		(len >= strlen(ending) &&
		 pg_strcasecmp(below + len - strlen(ending), ending) == 0);
}

/* The files of a directory, by path. */
static void
include_all(LbState *state, LbChangelog *changelog, const LbNode *node,
			const char *path)
{
	static const char *const classes[] = {"filter", "resourceFilter", "resourceComparator"};
	const char *name;
	List	   *files;
	int			len;

	for (int i = 0; i < lengthof(classes); i++)
		if (mig_lb_value(node, classes[i]) != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("includeAll with \"%s\" is not supported", classes[i]),
					 errhint("Use \"endsWithFilter\", or an include for each file."),
					 mig_file_errcontext(changelog->file, node->line)));
	files = mig_lb_resolve_all(state, changelog, path,
							   mig_lb_flag(node, "relativeToChangelogFile", false),
							   &name);
	if (files == NIL)
	{
		report_missing(changelog, node, path, "errorIfMissingOrEmpty");
		return;
	}
	len = strlen(linitial(files));
	for (int i = 1; i < list_length(files); i++)
	{
		const MigFile *file = list_nth(files, i);
		const char *below = file->path + len;

		below += *below == '/';
		if (file != changelog->file && fits_include_all(node, below))
			read_included(state, changelog, node, file,
						  *name == '\0' ? below : psprintf("%s/%s", name, below), true);
	}
}

/* An include or includeAll of a changelog. */
static void
include(LbState *state, LbChangelog *changelog, const LbNode *node, bool all)
{
	const char *path = include_attribute(state, changelog, node,
										 all ? "path" : "file");
	const MigFile *file;
	const char *name;

	if (path == NULL || *mig_lb_trim(path) == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s without \"%s\"", node->name, all ? "path" : "file"),
				 errhint("Say what is to be included."),
				 mig_file_errcontext(changelog->file, node->line)));
	if (all)
	{
		include_all(state, changelog, node, path);
		return;
	}
	file = mig_lb_resolve(state, changelog, path,
						  mig_lb_flag(node, "relativeToChangelogFile", false),
						  &name);
	if (file == NULL)
		report_missing(changelog, node, path, "errorIfMissing");
	else
		read_included(state, changelog, node, file, name, false);
}

/* ----- the root ----- */

/* Is a path that of the file, or the end of it? */
static bool
ends_with_path(const char *path, const char *end)
{
	return strcmp(path, end) == 0 ||
		pg_str_endswith(path, psprintf("/%s", end));
}

/* The file that the caller calls the root. */
static const MigFile *
named_root(LbState *state, const char *path)
{
	char	   *wanted = mig_lb_normalize(path);
	ListCell   *lc;

	foreach(lc, state->reading->files)
	{
		const MigFile *file = lfirst(lc);
		int			len = strlen(file->path) - strlen(wanted);

		if (!ends_with_path(file->path, wanted))
			continue;
		if (!state->settled)
		{
			state->base = pnstrdup(file->path, Max(len - 1, 0));
			state->prefix = "";
			state->settled = true;
		}
		return file;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("changelog \"%s\" is not among the files", path),
			 errhint("Give variable \"%s\" the path of a file that is loaded.",
					 CHANGELOG_FILE)));
}

/* Marks what a document includes; nothing is read. */
static void
mark_included(LbState *state, const MigFile *file, const LbNode *document)
{
	LbChangelog changelog = {.file = file,.path = file->path};
	ListCell   *lc;
	ListCell   *below;

	state->root = mig_file_directory(file->path);
	foreach(lc, document->children)
	{
		const LbNode *node = lfirst(lc);
		bool		all = strcmp(node->name, "includeAll") == 0;
		const char *path = mig_lb_value(node, all ? "path" : "file");
		bool		relative = mig_lb_flag(node, "relativeToChangelogFile", false);
		const MigFile *one;
		const char *name;
		List	   *files;

		if ((!all && strcmp(node->name, "include") != 0) || path == NULL)
			continue;
		files = all ? mig_lb_resolve_all(state, &changelog, path, relative, &name) : NIL;
		foreach(below, files)
			if (foreach_current_index(below) > 0 && lfirst(below) != file)
				mig_lb_use_file(state, lfirst(below));
		one = all ? NULL : mig_lb_resolve(state, &changelog, path, relative, &name);
		if (one != NULL)
			mig_lb_use_file(state, one);
	}
}

/* The one changelog that no other one includes, or NULL. */
static const MigFile *
find_root(LbState *state)
{
	const char *named = mig_variable_value(state->reading, CHANGELOG_FILE);
	List	   *documents = NIL;
	const MigFile *root = NULL;
	StringInfoData names;
	int			roots = 0;
	ListCell   *lc;

	if (named != NULL)
		return named_root(state, named);
	foreach(lc, state->reading->files)
	{
		MigFile    *file = lfirst(lc);
		LbNode	   *document = mig_lb_is_document(file) ? mig_lb_document(file) : NULL;

		if (document == NULL)
			continue;
		mark_included(state, file, document);
		documents = lappend(documents, file);
	}
	initStringInfo(&names);
	foreach(lc, documents)
	{
		const MigFile *file = lfirst(lc);

		if (mig_lb_is_used(state, file))
			continue;
		root = file;
		roots++;
		appendStringInfo(&names, "%s%s", names.len > 0 ? "\n" : "", file->path);
	}
	if (roots > 1 || (roots == 0 && documents != NIL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 roots > 1 ? errmsg("there are several root changelogs") :
				 errmsg("every changelog is included by another one"),
				 roots > 1 ? errdetail("%s", names.data) : 0,
				 errhint("Say which is the root: variables => '{\"%s\": \"...\"}'.",
						 CHANGELOG_FILE)));
	foreach(lc, state->by_path.definitions)
		((MigDefinition *) lfirst(lc))->host = false;
	return root;
}

/* The first path from the search path that a document names. */
static bool
settle_base(LbState *state, const LbNode *node)
{
	bool		all = strcmp(node->name, "includeAll") == 0;
	bool		file = strcmp(node->name, "sqlFile") == 0;
	const char *path = mig_lb_value(node, all || file ? "path" : "file");
	ListCell   *lc;

	if ((all || file || strcmp(node->name, "include") == 0) && path != NULL &&
		!mig_lb_flag(node, "relativeToChangelogFile", false))
		mig_lb_settle_base(state, path, all);
	foreach(lc, node->children)
		if (!state->settled)
			settle_base(state, lfirst(lc));
	return state->settled;
}

static void
read_root(LbState *state, const MigFile *file)
{
	LbChangelog *changelog = palloc0(sizeof(LbChangelog));

	state->root = mig_file_directory(file->path);
	if (state->base == NULL)
		state->base = pstrdup(state->root);
	if (mig_lb_is_document(file))
	{
		LbNode	   *document = mig_lb_document(file);

		if (document != NULL)
			settle_base(state, document);
	}
	changelog->file = file;
	changelog->path = mig_lb_path_of(state, file);
	read_changelog(state, changelog, false);
}

/* By path; list_sort() comparator. */
static int
compare_path(const ListCell *a, const ListCell *b)
{
	return strcmp(((MigFile *) lfirst(a))->path, ((MigFile *) lfirst(b))->path);
}

/* Without a root: all SQL files, in the order of their paths. */
static void
read_directory(LbState *state)
{
	List	   *files = NIL;
	ListCell   *lc;

	foreach(lc, state->reading->files)
		if (is_sql(lfirst(lc)))
			files = lappend(files, lfirst(lc));
	list_sort(files, compare_path);
	if (files == NIL)
		return;
	state->root = mig_file_directory(((MigFile *) linitial(files))->path);
	if (state->reading->directory != NULL)
		state->root = mig_file_directory(psprintf("%s/", state->reading->directory));
	foreach(lc, files)
		while (*state->root != '\0' &&
			   !(strncmp(((MigFile *) lfirst(lc))->path, state->root, strlen(state->root)) == 0 &&
				 ((MigFile *) lfirst(lc))->path[strlen(state->root)] == '/'))
			state->root = mig_file_directory(state->root);
	if (state->base == NULL)
		state->base = pstrdup(state->root);
	foreach(lc, files)
	{
		LbChangelog *changelog = palloc0(sizeof(LbChangelog));

		changelog->file = lfirst(lc);
		changelog->path = mig_lb_path_of(state, changelog->file);
		read_changelog(state, changelog, true);
	}
}

/* ----- the load ----- */

/* The first of the names, for a notice's detail. */
static char *
list_names(List *names)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, names)
	{
		if (foreach_current_index(lc) == SHOWN_CHANGESETS)
		{
			appendStringInfo(&list, "\nand %d more",
							 list_length(names) - SHOWN_CHANGESETS);
			break;
		}
		appendStringInfo(&list, "%s%s", list.len > 0 ? "\n" : "",
						 (char *) lfirst(lc));
	}
	return list.data;
}

/* What is not as Liquibase does it, or not done at all. */
static void
tell(const LbState *state)
{
	if (state->left_out != NIL)
		ereport(NOTICE,
				(errmsg_plural("%d changeset is left out by its attributes",
							   "%d changesets are left out by their attributes",
							   list_length(state->left_out),
							   list_length(state->left_out)),
				 errdetail("%s", list_names(state->left_out))));
	if (state->repeated != NIL)
		ereport(NOTICE,
				(errmsg("changesets with runOnChange run after all others, in the order of their names"),
				 errdetail("%s", list_names(state->repeated)),
				 errhint("A changeset that needs one of them must have runOnChange, too.")));
	if (state->always != NIL)
		ereport(NOTICE,
				(errmsg("changesets with runAlways run only when their text has changed"),
				 errdetail("%s", list_names(state->always))));
	if (state->forgiving != NIL)
		ereport(NOTICE,
				(errmsg("an error in changesets with failOnError:false ends the run"),
				 errdetail("%s", list_names(state->forgiving))));
	if (state->unchecked != NIL)
		ereport(NOTICE,
				(errmsg("parts of the changelog are not taken over"),
				 errdetail("%s", list_names(state->unchecked))));
}

/* Reads the files of Liquibase. */
void
mig_read_liquibase(MigReading *reading)
{
	LbState		state = {.reading = reading,.include = include,.prefix = "",.root = ""};
	const char *search_path = mig_variable_value(reading, SEARCH_PATH);
	const MigFile *root;
	ListCell   *lc;

	mig_lb_index_files(&state);
	state.contexts = mig_lb_split(mig_variable_value(reading, CONTEXTS), true);
	state.labels = mig_lb_split(mig_variable_value(reading, LABELS), false);
	if (search_path != NULL)
	{
		int			len = strlen(search_path);

		while (len > 0 && search_path[len - 1] == '/')
			len--;
		state.base = pnstrdup(search_path, len);
		state.settled = true;
	}
	root = find_root(&state);
	if (root != NULL)
		read_root(&state, root);
	else
		read_directory(&state);
	foreach(lc, reading->files)
		if (!mig_lb_is_used(&state, lfirst(lc)))
			mig_reading_ignore(reading, lfirst(lc));
	tell(&state);
}
