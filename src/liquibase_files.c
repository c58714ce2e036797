/*-------------------------------------------------------------------------
 *
 * liquibase_files.c
 *	  Which file a path in a changelog means, and what Liquibase calls it.
 *
 * A changelog names files from a search path that is not known here: the
 * directory that was loaded may be it, or be above it, or below it.  So a
 * path is looked for in the root changelog's directory, in those above it,
 * and then without its own first directories.  The first path that is found
 * tells what the search path is; without any, it is the directory of the
 * root changelog.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "liquibase.h"

static char *
join_path(const char *directory, const char *path)
{
	return *directory == '\0' ? pstrdup(path) :
		psprintf("%s%s%s", directory,
				 directory[strlen(directory) - 1] == '/' ? "" : "/", path);
}

/* Makes the files known by their paths. */
void
mig_lb_index_files(LbState *state)
{
	ListCell   *lc;

	foreach(lc, state->reading->files)
	{
		const MigFile *file = lfirst(lc);
		MigDefinition *entry = mig_reading_get(&state->by_path, file->path);

		entry->up.line = foreach_current_index(lc) + 1;
		entry->path = unconstify(char *, file->path);
	}
}

static const MigFile *
find_file(LbState *state, const char *path)
{
	MigDefinition *entry = mig_reading_get(&state->by_path, path);

	return entry->path == NULL ? NULL :
		list_nth(state->reading->files, entry->up.line - 1);
}

/* The file belongs to a changelog. */
void
mig_lb_use_file(LbState *state, const MigFile *file)
{
	mig_reading_get(&state->by_path, file->path)->host = true;
}

bool
mig_lb_is_used(LbState *state, const MigFile *file)
{
	return mig_reading_get(&state->by_path, file->path)->host;
}

/* The files below a directory. */
static List *
find_below(LbState *state, const char *directory)
{
	List	   *found = NIL;
	int			len = strlen(directory);
	ListCell   *lc;

	foreach(lc, state->reading->files)
	{
		MigFile    *file = lfirst(lc);

		if (!mig_file_is_evidence(file->path) &&
			(len == 0 || (strncmp(file->path, directory, len) == 0 &&
						  (directory[len - 1] == '/' || file->path[len] == '/'))))
			found = lappend(found, file);
	}
	return found;
}

/* Is there such a file, or a directory with files in it? */
static bool
is_there(LbState *state, const char *path, bool all)
{
	return all ? find_below(state, path) != NIL :
		find_file(state, path) != NULL;
}

/*
 * Where a path from the search path is, or NULL.  *base is the directory
 * that it is in, and *prefix what the path has that this directory has not.
 */
static char *
search(LbState *state, const char *path, bool all, char **base, char **prefix)
{
	char	   *directory = pstrdup(state->root);
	char	   *place;

	*prefix = "";
	for (;;)
	{
		*base = directory;
		place = join_path(directory, path);
		if (is_there(state, place, all))
			return place;
		if (*directory == '\0')
			break;
		directory = mig_file_directory(directory);
	}
	*base = pstrdup(state->root);
	for (const char *rest = strchr(path, '/'); rest != NULL;
		 rest = strchr(rest + 1, '/'))
	{
		place = join_path(*base, rest + 1);
		*prefix = pnstrdup(path, rest - path);
		if (is_there(state, place, all))
			return place;
	}
	/* the root's own directory is meant */
	if (all && mig_file_ends(psprintf("/%s", state->root), psprintf("/%s", path)))
		return pstrdup(state->root);
	return NULL;
}

/* The first path that the root changelog names tells the search path. */
void
mig_lb_settle_base(LbState *state, const char *path, bool all)
{
	char	   *base;
	char	   *prefix;

	if (state->settled)
		return;
	if (search(state, mig_lb_normalize(path), all, &base, &prefix) == NULL)
		return;
	state->base = base;
	state->prefix = prefix;
	state->settled = true;
}

/* What Liquibase calls a file. */
char *
mig_lb_path_of(const LbState *state, const MigFile *file)
{
	const char *path = file->path;
	int			common = 0;
	int			len = strlen(state->base);

	if (len == 0)
		return mig_lb_normalize(join_path(state->prefix, path));
	if (strncmp(path, state->base, len) == 0 &&
		(path[len] == '/' || state->base[len - 1] == '/'))
		return mig_lb_normalize(join_path(state->prefix, path + len));
	/* a file beside the search path: from where the two part */
	for (int i = 0; path[i] != '\0' && path[i] == state->base[i]; i++)
		if (path[i] == '/')
			common = i + 1;
	return mig_lb_normalize(path + common);
}

/* Where a path is that a changelog names. */
static char *
locate(LbState *state, const LbChangelog *changelog, const char *path,
	   bool relative, bool all, const char **name)
{
	char	   *base;
	char	   *prefix;
	char	   *place;
	bool		absolute;

	*name = mig_lb_normalize(path);
	if (!relative)
		return search(state, *name, all, &base, &prefix);
	absolute = changelog->file->path[0] == '/';
	place = mig_lb_normalize(join_path(mig_file_directory(changelog->file->path), path));
	*name = mig_lb_normalize(join_path(mig_file_directory(changelog->path), path));
	while (strncmp(*name, "../", 3) == 0)
		*name += 3;
	return absolute ? psprintf("/%s", place) : place;
}

/*
 * The file that a changelog names, or NULL; *name is what Liquibase calls
 * it.
 */
const MigFile *
mig_lb_resolve(LbState *state, const LbChangelog *changelog, const char *path,
			   bool relative, const char **name)
{
	char	   *place = locate(state, changelog, path, relative, false, name);

	return place != NULL ? find_file(state, place) : NULL;
}

/* By path; list_sort() comparator. */
static int
compare_path(const ListCell *a, const ListCell *b)
{
	return strcmp(((MigFile *) lfirst(a))->path, ((MigFile *) lfirst(b))->path);
}

/*
 * The files of a directory that a changelog names, in the order of their
 * paths; what Liquibase calls them starts with *name in the place of the
 * directory, which comes first in the list.
 */
List *
mig_lb_resolve_all(LbState *state, const LbChangelog *changelog,
				   const char *path, bool relative, const char **name)
{
	char	   *place = locate(state, changelog, path, relative, true, name);
	List	   *files = place != NULL ? find_below(state, place) : NIL;

	list_sort(files, compare_path);
	return files != NIL ? lcons(place, files) : NIL;
}
