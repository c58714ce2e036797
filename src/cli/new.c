/*-------------------------------------------------------------------------
 *
 * new.c
 *	  new: writes the files of a new migration.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "files.h"
#include "json.h"
#include "layouts.h"
#include "screen.h"

static void NO_RETURN
refuse(const char *path, const char *why)
{
	complain("%s: %s", path, why);
	exit(screen_close(EXIT_REFUSED));
}

/* Of what was typed, what a file can be called everywhere. */
static char *
clean_name(const char *typed, char separator)
{
	Text		name = {0};

	text_reset(&name);
	for (; *typed != '\0'; typed++)
	{
		bool		good = (unsigned char) *typed > 127 ||
			strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
				   *typed) != NULL;

		if (good)
			text_add_char(&name, *typed);
		else if (name.len > 0 && name.data[name.len - 1] != separator)
			text_add_char(&name, separator);
	}
	while (name.len > 0 && name.data[name.len - 1] == separator)
		name.data[--name.len] = '\0';
	return name.data;
}

/* %v, %n and %a in a path or text. */
static char *
fill_in(const char *pattern, const char *version, const char *name)
{
	const char *author = getenv("USER");
	Text		text = {0};

	text_reset(&text);
	for (; *pattern != '\0'; pattern++)
	{
		if (*pattern != '%')
		{
			text_add_char(&text, *pattern);
			continue;
		}
		pattern++;
		text_add(&text, *pattern == 'v' ? version : *pattern == 'n' ? name :
				 author && *author ? author : "author");
	}
	return text.data;
}

/* Makes the directories above a path that are not there. */
static void
make_directories(const char *path)
{
	char	   *part = mem_copy(path);

	for (char *slash = strchr(part + 1, '/'); slash != NULL;
		 slash = strchr(slash + 1, '/'))
	{
		*slash = '\0';
		if (mkdir(part, 0777) != 0 && errno != EEXIST && errno != EISDIR)
			refuse(part, strerror(errno));
		*slash = '/';
	}
	free(part);
}

/* Makes a file that is not there; false, and errno, if it cannot. */
static bool
write_new_file(const char *path, const char *text)
{
	int			fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
	size_t		left = strlen(text);
	int			error;

	if (fd < 0)
		return false;
	while (left > 0)
	{
		ssize_t		written = write(fd, text, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			break;
		text += written;
		left -= (size_t) written;
	}
	if (close(fd) == 0 && left == 0)
		return true;
	error = errno;
	unlink(path);
	errno = error;
	return false;
}

/* Both files or none. */
static void
write_files(const char *up, const char *up_text, const char *down,
			const char *down_text)
{
	make_directories(up);
	if (!write_new_file(up, up_text))
		refuse(up, strerror(errno));
	if (down == NULL || write_new_file(down, down_text))
		return;
	up_text = strerror(errno);
	unlink(up);
	refuse(down, up_text);
}

/* The directory that was meant if none is given. */
static const char *
usual_directory(const Options *options)
{
	static const char *const usual[] = {
		"migrations", "db/migrations", "db/migration", "prisma/migrations",
		"supabase/migrations"
	};

	for (size_t i = 0; i < lengthof(usual); i++)
	{
		if (access(usual[i], F_OK) == 0)
			return usual[i];
	}
	usage_error(options, "there is no directory \"migrations\" or \"db/migrations\" here: give a DIR");
}

static const NewLayout *
choose_layout(const Options *options, const char *directory)
{
	const char *asked = options->layout;
	const NewLayout *guess = layout_guess(directory);
	const NewLayout *layout = asked && strcmp(asked, "auto") != 0 ?
		layout_named(asked) : guess;

	if (layout == NULL)
		usage_error(options, "unknown layout \"%s\"", asked);
	/* of the named one, the form that the directory has */
	if (layout != guess && starts_with(guess->name, layout->name))
		layout = guess;
	if (strcmp(layout->name, "sqlx") == 0 &&
		strcmp(guess->name, "native-pairs") == 0)
		layout = guess;
	if (layout->refusal != NULL)
		refuse(layout->name, layout->refusal);
	if (!layout_fits(layout, guess, directory))
	{
		complain("%s: its files are not in layout \"%s\"", directory,
				 layout->name);
		tell_part(BLUE, "hint", "Leave out --layout to write the new ones as those are, or give another directory.");
		exit(screen_close(EXIT_REFUSED));
	}
	return layout;
}

static void
say_path(const Options *options, const char *path)
{
	if (path == NULL)
		return;
	if (options->json)
	{
		json_row();
		json_text("path", path);
	}
	say("%s", path);
}

/* new NAME [DIR] */
int
command_new(Options *options)
{
	const char *directory = option_argument(options, 1);
	const NewLayout *layout;
	char	   *version;
	char	   *name;
	char	   *up;
	char	   *down;

	if (directory == NULL)
		directory = usual_directory(options);
	layout = choose_layout(options, directory);
	name = clean_name(option_argument(options, 0), layout->separator);
	if (*name == '\0')
		usage_error(options, "\"%s\" has no letter or digit for a name",
					option_argument(options, 0));
	version = layout_next_version(layout, layout_newest_version(directory));
	up = join_path(directory, fill_in(layout->up_path, version, name));
	down = layout->down_path == NULL ? NULL :
		join_path(directory, fill_in(layout->down_path, version, name));
	write_files(up, fill_in(layout->up_text, version, name), down,
				down ? fill_in(layout->down_text, version, name) : NULL);
	if (options->json)
		json_begin();
	say_path(options, up);
	say_path(options, down);
	if (options->json)
		json_end();
	if (layout->after != NULL)
		tell_part(BLUE, "hint", layout->after);
	return EXIT_DONE;
}
