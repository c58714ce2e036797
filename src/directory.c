/*-------------------------------------------------------------------------
 *
 * directory.c
 *	  The files of a directory on the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "common/string.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "directory.h"
#include "files.h"

/* Files of these endings are read; of the others the names are enough. */
static const char *const read_endings[] = {
	".conf", ".toml", ".json", ".plan", ".sum", ".xml", ".yaml",
	".yml", ".py", ".js", ".ts", ".cjs", ".mjs", ".cts", ".mts", ".rb",
	".cs", ".exs", ".go", ".java", ".gmrc"
};

/* A file's bytes, which are UTF-8, in the database's encoding. */
static char *
read_file(const char *path)
{
	FILE	   *file = AllocateFile(path, PG_BINARY_R);
	struct stat st;
	char	   *bytes;
	size_t		size;

	if (file == NULL || fstat(fileno(file), &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", path)));
	if (st.st_size >= MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("file \"%s\" is too large", path)));
	bytes = palloc(st.st_size + 1);
	size = fread(bytes, 1, st.st_size, file);
	if (ferror(file))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", path)));
	FreeFile(file);
	bytes[size] = '\0';
	if (strlen(bytes) != size)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("file \"%s\" contains a zero byte", path),
				 errhint("Save it as UTF-8.")));
	return pg_any_to_server(bytes, size, PG_UTF8);
}

/* Names the file in errors of its conversion. */
static void
file_error_context(void *arg)
{
	errcontext("file \"%s\"", (const char *) arg);
}

/* The path of a directory's entry, whether or not it ends in a slash. */
static char *
join_path(const char *directory, const char *name)
{
	int			len = strlen(directory);

	while (len > 1 && directory[len - 1] == '/')
		len--;
	return psprintf("%.*s/%s", len, directory, name);
}

/* A directory has no order of its own. */
static int
compare_path(const ListCell *a, const ListCell *b)
{
	return strcmp(((MigFile *) lfirst(a))->path, ((MigFile *) lfirst(b))->path);
}

/* Is the content of such a file of use? */
static bool
is_read(const char *path)
{
	for (int i = 0; i < lengthof(read_endings); i++)
		if (pg_str_endswith(path, read_endings[i]))
			return true;
	return mig_file_is_sql(path);
}

/* A file's name in the database's encoding, and its content if it is read. */
static MigFile *
read_entry(const char *path, bool content)
{
	MigFile    *file = palloc(sizeof(MigFile));
	ErrorContextCallback callback;

	callback.callback = file_error_context;
	callback.arg = unconstify(char *, path);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	file->path = pg_any_to_server(path, strlen(path), PG_UTF8);
	file->content = content && is_read(path) ? read_file(path) : "";
	error_context_stack = callback.previous;
	return file;
}

/* A directory that is being read, and the one above it; NULL: it is the first. */
typedef struct Level
{
	struct stat st;
	const struct Level *above;
} Level;

/* Does a link lead back to where we are, or above? */
static bool
is_loop(const Level *level, const struct stat *st)
{
	for (; level != NULL; level = level->above)
		if (level->st.st_dev == st->st_dev && level->st.st_ino == st->st_ino)
			return true;
	return false;
}

/*
 * The status of what an entry stands for; false if there is nothing.  What
 * cannot be told might be a migration: it is not left out in silence.
 */
static bool
get_status(const char *path, struct stat *st)
{
	if (stat(path, st) == 0)
		return true;
	if (errno != ENOENT)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", path)));
	return false;
}

/* The regular files of a directory and those below it, hidden ones left out. */
static List *
read_tree(const char *directory, const Level *above, List *files)
{
	Level		level = {.above = above};
	DIR		   *dir = AllocateDir(directory);
	struct dirent *entry;

	check_stack_depth();
	if (dir == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open directory \"%s\": %m", directory),
				 errhint("It is read on the server, by the user that the server runs as; \"pg_migrate push\" sends a directory of another machine.")));
	(void) get_status(directory, &level.st);
	while ((entry = ReadDir(dir, directory)) != NULL)
	{
		char	   *path = join_path(directory, entry->d_name);
		struct stat st;

		CHECK_FOR_INTERRUPTS();
		if (entry->d_name[0] == '.' ||
			strcmp(entry->d_name, "node_modules") == 0 ||
			!get_status(path, &st))
			continue;
		if (S_ISREG(st.st_mode))
			files = lappend(files, read_entry(path, true));
		else if (S_ISDIR(st.st_mode) && !is_loop(&level, &st))
			files = read_tree(path, &level, files);
	}
	FreeDir(dir);
	return files;
}

/* The files near a directory that tell of a tool, by their names only. */
static List *
read_near(const char *directory, List *files)
{
	static const char *const places[] = {".", "..", "../.."};

	for (int place = 0; place < lengthof(places); place++)
	{
		char	   *near = join_path(directory, places[place]);
		DIR		   *dir = AllocateDir(near);
		struct dirent *entry;

		/* the directory itself has been read, but for what is hidden */
		while (dir != NULL && (entry = ReadDirExtended(dir, near, LOG)) != NULL)
			if (mig_file_is_evidence(entry->d_name) &&
				(place > 0 || entry->d_name[0] == '.'))
				files = lappend(files, read_entry(join_path(near, entry->d_name),
												  false));
		if (dir != NULL)
			FreeDir(dir);
	}
	return files;
}

/*
 * The files of a directory as MigFile, in the order of their names, and those
 * near it that tell of a tool.  The caller has checked the right to read
 * server files.
 */
List *
mig_directory_read(const char *directory)
{
	List	   *files = read_tree(directory, NULL, NIL);

	list_sort(files, compare_path);
	return read_near(directory, files);
}
