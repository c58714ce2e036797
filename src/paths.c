/*-------------------------------------------------------------------------
 *
 * paths.c
 *	  The files of a reading by their paths.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port.h"

#include "paths.h"

/* qsort() and bsearch() comparator. */
static int
compare_path(const void *a, const void *b)
{
	return strcmp(((const MigPath *) a)->path, ((const MigPath *) b)->path);
}

/* A path in the one form in which all are compared; "" is where we are. */
static char *
plain_path(const char *path)
{
	char	   *plain = pstrdup(path);

	canonicalize_path(plain);
	return strcmp(plain, ".") == 0 ? "" : plain;
}

/* The files of a reading, but for those that only tell of a tool. */
MigPaths *
mig_paths(const MigReading *reading)
{
	MigPaths   *result = palloc0(sizeof(MigPaths));
	ListCell   *lc;

	result->paths = palloc0_array(MigPath, list_length(reading->files) + 1);
	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		MigPath    *path = &result->paths[result->count++];

		path->path = plain_path(file->path);
		path->file = file;
		path->used = mig_file_is_evidence(file->path);
	}
	qsort(result->paths, result->count, sizeof(MigPath), compare_path);
	return result;
}

/* The path of what is called so from a directory. */
char *
mig_paths_join(const char *directory, const char *path)
{
	if (*directory == '\0' || is_absolute_path(path))
		return plain_path(path);
	return plain_path(psprintf("%s/%s", directory, path));
}

/* The file of that path, which is no stray any more; NULL: there is none. */
const MigFile *
mig_paths_use(MigPaths *paths, const char *path)
{
	MigPath		key = {.path = path};
	MigPath    *found = bsearch(&key, paths->paths, paths->count,
								sizeof(MigPath), compare_path);

	if (found == NULL)
		return NULL;
	found->used = true;
	return found->file;
}

/* How deep a path lies. */
static int
count_slashes(const char *path)
{
	int			slashes = 0;

	for (; *path != '\0'; path++)
		slashes += *path == '/';
	return slashes;
}

/* The file with the fewest directories above it whose path is or ends so. */
const MigFile *
mig_paths_nearest(const MigPaths *paths, const char *ending)
{
	const MigPath *nearest = NULL;

	for (int i = 0; i < paths->count; i++)
	{
		const MigPath *path = &paths->paths[i];
		int			start = strlen(path->path) - strlen(ending);

		if (start < 0 || strcmp(path->path + start, ending) != 0 ||
			(start > 0 && path->path[start - 1] != '/'))
			continue;
		if (nearest == NULL ||
			count_slashes(path->path) < count_slashes(nearest->path))
			nearest = path;
	}
	return nearest ? nearest->file : NULL;
}

/* What nothing has asked for is no migration. */
void
mig_paths_ignore_rest(MigReading *reading, const MigPaths *paths)
{
	for (int i = 0; i < paths->count; i++)
		if (!paths->paths[i].used)
			mig_reading_ignore(reading, paths->paths[i].file);
}
