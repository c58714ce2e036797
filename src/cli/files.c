/*-------------------------------------------------------------------------
 *
 * files.c
 *	  The files of a directory, as the server wants to have them.
 *
 * Which of them are migrations is for the server to say; see the comment of
 * migrate.load().  What is near a directory may tell of the tool that it
 * belongs to.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "db.h"
#include "files.h"
#include "screen.h"

/* What one message to the server may hold, with some room for the rest. */
#define MAX_BYTES	((size_t) 0x3ff00000)

#define MAX_DEPTH	100

/* Files of these endings are read; of the others the names are enough. */
static const char *const read_endings[] = {
	".sql", ".conf", ".toml", ".json", ".plan", ".sum", ".xml", ".yaml",
	".yml", ".py", ".js", ".ts", ".cjs", ".mjs", ".cts", ".mts", ".rb",
	".cs", ".exs", ".go", ".java"
};

/* Files that tell of a tool, in the directory or in one of two above it. */
static const char *const evidence[] = {
	".gmrc", ".gmrc.js", "sqlx.toml", ".sqlx", "Cargo.toml", "package.json",
	"go.mod"
};

static void NO_RETURN
refuse(const char *path, const char *why)
{
	complain("%s: %s", path, why);
	exit(screen_close(EXIT_REFUSED));
}

/* The path of a directory's entry, whether or not it ends in a slash. */
char *
join_path(const char *directory, const char *name)
{
	size_t		len = strlen(directory);

	while (len > 1 && directory[len - 1] == '/')
		len--;
	return format("%.*s%s%s", (int) len, directory,
				  len == 1 && *directory == '/' ? "" : "/", name);
}

/* All bytes of a file; NULL, and errno, if it cannot be read. */
char *
read_whole_file(const char *path, size_t *len)
{
	FILE	   *file = fopen(path, "rb");
	Text		text = {0};
	char		block[65536];
	size_t		got;
	int			error;

	if (file == NULL)
		return NULL;
	text_reset(&text);
	while ((got = fread(block, 1, sizeof(block), file)) > 0)
		text_add_part(&text, block, got);
	error = ferror(file) ? errno : 0;
	fclose(file);
	if (error != 0)
	{
		text_free(&text);
		errno = error;
		return NULL;
	}
	*len = text.len;
	return text.data;
}

/* The server would say it of the whole message, and name no file. */
static void
check_encoding(const File *file)
{
	size_t		bad;
	int			line = 1;

	if (utf8_is_valid(file->content, file->len, &bad))
		return;
	for (size_t i = 0; i < bad; i++)
	{
		if (file->content[i] == '\n')
			line++;
	}
	tell_coloured(BOLD, format("%s:%d: ", file->path, line));
	tell_part(RED, "error", file->content[bad] == '\0' ? "zero byte" :
			  format("byte 0x%02x is not UTF-8",
					 (unsigned char) file->content[bad]));
	tell_part(BLUE, "hint", "Save the file as UTF-8.");
	exit(screen_close(EXIT_REFUSED));
}

static bool
is_read(const char *name)
{
	for (size_t i = 0; i < lengthof(read_endings); i++)
	{
		if (ends_with(name, read_endings[i]))
			return true;
	}
	return false;
}

static void
add_file(Vector *files, char *path, bool content)
{
	File	   *file = mem_alloc(sizeof(File));
	size_t		bad;

	file->path = path;
	file->content = content ? read_whole_file(path, &file->len) : mem_copy("");
	if (file->content == NULL)
		refuse(path, strerror(errno));
	check_encoding(file);
	if (!utf8_is_valid(path, strlen(path), &bad))
		refuse(path, "the name of the file is not UTF-8");
	vector_add(files, file);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The entries of a directory that are not hidden, in order. */
static Vector
list_directory(const char *directory)
{
	DIR		   *dir = opendir(directory);
	Vector		names = {0};
	struct dirent *entry;

	if (dir == NULL)
		refuse(directory, strerror(errno));
	errno = 0;
	while ((entry = readdir(dir)) != NULL)
	{
		if (entry->d_name[0] != '.')
			vector_add(&names, mem_copy(entry->d_name));
	}
	if (errno != 0)
		refuse(directory, strerror(errno));
	closedir(dir);
	if (names.count > 0)
		qsort(names.items, (size_t) names.count, sizeof(void *),
			  compare_names);
	return names;
}

static void
read_tree(Vector *files, const char *directory, int depth)
{
	Vector		names = list_directory(directory);

	if (depth > MAX_DEPTH)
		refuse(directory, "too many levels of directories");
	for (int i = 0; i < names.count; i++)
	{
		char	   *path = join_path(directory, names.items[i]);
		struct stat st;

		if (stat(path, &st) != 0)
		{
			/* a link to nowhere, as editors leave them, or gone meanwhile */
			if (errno != ENOENT)
				refuse(path, strerror(errno));
		}
		else if (S_ISREG(st.st_mode))
			add_file(files, path, is_read(path));
		else if (S_ISDIR(st.st_mode) &&
				 strcmp(names.items[i], "node_modules") != 0)
			read_tree(files, path, depth + 1);
		free(names.items[i]);
	}
	free(names.items);
}

/* What is hidden in the directory, or above it. */
static void
read_near(Vector *files, const char *directory)
{
	static const char *const places[] = {"", "../", "../../"};

	for (size_t place = 0; place < lengthof(places); place++)
	{
		for (size_t i = 0; i < lengthof(evidence); i++)
		{
			char	   *name = format("%s%s", places[place], evidence[i]);
			char	   *path = join_path(directory, name);
			struct stat st;

			if ((place > 0 || evidence[i][0] == '.') && stat(path, &st) == 0)
				add_file(files, path, false);
			free(name);
		}
	}
}

/*
 * The files of a directory and those below it, in the order of their names,
 * and those near it that tell of a tool.  What cannot be read ends the
 * program.
 */
Vector
files_read(const char *directory)
{
	Vector		files = {0};
	size_t		bytes = 0;

	read_tree(&files, directory, 0);
	for (int i = 0; i < files.count; i++)
		bytes += ((File *) files.items[i])->len + 1000;
	if (bytes > MAX_BYTES)
		refuse(directory, "the files have more than one gigabyte");
	read_near(&files, directory);
	return files;
}

/*
 * A text[] in binary: no quoting, whatever the texts hold.
 */

static void
array_add_number(Text *array, uint32_t number)
{
	number = htonl(number);
	text_add_part(array, (const char *) &number, sizeof(number));
}

/* One dimension, no nulls, of text. */
void
array_begin(Text *array, int count)
{
	text_reset(array);
	array_add_number(array, count > 0);
	array_add_number(array, 0);
	array_add_number(array, DB_TEXT);
	if (count > 0)
	{
		array_add_number(array, (uint32_t) count);
		array_add_number(array, 1);
	}
}

void
array_add(Text *array, const char *value, size_t len)
{
	array_add_number(array, (uint32_t) len);
	text_add_part(array, value, len);
}
