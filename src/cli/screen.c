/*-------------------------------------------------------------------------
 *
 * screen.c
 *	  What the user sees: lines, one that changes, colours, tables.
 *
 * Results go to standard output, everything else to standard error.  A line
 * that is drawn again and again is at the bottom of standard output, if that
 * is a terminal, and is cleared before anything else is written.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "exits.h"
#include "screen.h"

/* Width of the word that says what became of a migration. */
#define STATE_WIDTH 11

bool		screen_is_live;

static bool json_only;
static bool out_colours;
static bool err_colours;
static bool drawn;
static bool utf8;
static int	encoding;

/* Whoever read standard output has seen enough. */
static volatile sig_atomic_t reader_left;

static void
handle_pipe(int signal_number)
{
	(void) signal_number;
	reader_left = 1;
}

/* May escape sequences be written there? */
static bool
is_terminal(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

void
screen_init(bool json)
{
	const char *no_color = getenv("NO_COLOR");
	bool		colours = no_color == NULL || *no_color == '\0';

	/* a run is not to end because nobody reads what is said about it */
	signal(SIGPIPE, handle_pipe);
	setlocale(LC_CTYPE, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	encoding = pg_char_to_encoding("UTF8");
	json_only = json;
	screen_is_live = is_terminal(STDOUT_FILENO) && !json;
	out_colours = colours && is_terminal(STDOUT_FILENO) && !json;
	err_colours = colours && is_terminal(STDERR_FILENO);
	/* what is said is seen at once also in the log of a long run */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

bool
screen_is_utf8(void)
{
	return utf8;
}

int
screen_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

static const char *
colour_start(Colour colour, bool colours)
{
	static const char *const codes[] = {
		"", "\033[1m", "\033[2m", "\033[1;31m", "\033[32m", "\033[33m",
		"\033[34m"
	};

	return colours ? codes[colour] : "";
}

static const char *
colour_end(Colour colour, bool colours)
{
	return colours && colour != PLAIN ? "\033[0m" : "";
}

/* The colour of a state or a result. */
Colour
state_colour(const char *state)
{
	static const struct
	{
		const char *state;
		Colour		colour;
	}			colours[] = {
		{"applied", GREEN}, {"adopted", GREEN}, {"success", GREEN},
		{"new", GREEN},
		{"pending", YELLOW}, {"partial", YELLOW}, {"replaced", YELLOW},
		{"missing", YELLOW}, {"interrupted", YELLOW}, {"cancelled", YELLOW},
		{"differs", YELLOW},
		{"failed", RED},
		{"running", BLUE},
		{"unchanged", FAINT}, {"ignored", FAINT},
	};

	for (size_t i = 0; i < lengthof(colours); i++)
	{
		if (strcmp(colours[i].state, state) == 0)
			return colours[i].colour;
	}
	return PLAIN;
}

/*
 * Width
 */

/* Bytes and columns of the first character; of one not printable, none. */
static int
character_length(const char *p, int *columns)
{
	int			len = PQmblenBounded(p, encoding);

	*columns = len == PQmblen(p, encoding) ? PQdsplen(p, encoding) : -1;
	return len > 0 ? len : 1;
}

/* Appends text that cannot do anything to the terminal. */
static int
add_printable(Text *text, const char *string, int limit)
{
	int			width = 0;

	while (*string != '\0')
	{
		int			columns;
		int			len = character_length(string, &columns);
		bool		printable = columns >= 0 && (unsigned char) *string >= 32;

		if (!printable)
			columns = 1;
		if (limit >= 0 && width + columns > limit)
			break;
		if (printable)
			text_add_part(text, string, (size_t) len);
		else
			text_add_char(text, ' ');
		width += columns;
		string += len;
	}
	return width;
}

/*
 * Standard output
 */

void
screen_clear(void)
{
	if (!drawn)
		return;
	fputs("\r\033[K", stdout);
	fflush(stdout);
	drawn = false;
}

/* Shows this line instead of the one that was drawn before. */
void
screen_draw(const char *line)
{
	Text		text = {0};

	if (!screen_is_live)
		return;
	text_add(&text, "\r\033[K");
	add_printable(&text, line, screen_width() - 1);
	fputs(text.data, stdout);
	fflush(stdout);
	text_free(&text);
	drawn = true;
}

void
say(const char *format, ...)
{
	va_list		args;

	if (json_only)
		return;
	screen_clear();
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* One line that starts with what became of something. */
void
say_state(Colour colour, const char *state, const char *format, ...)
{
	Text		text = {0};
	Text		clean = {0};
	va_list		args;

	if (json_only)
		return;
	screen_clear();
	va_start(args, format);
	text_add_args(&text, format, args);
	va_end(args);
	add_printable(&clean, text.data, -1);
	printf("%s%-*s%s %s\n", colour_start(colour, out_colours), STATE_WIDTH,
		   state, colour_end(colour, out_colours), clean.data);
	text_free(&text);
	text_free(&clean);
}

/* A part of a line, without its end. */
void
say_part(Colour colour, const char *text)
{
	Text		clean = {0};

	if (json_only)
		return;
	screen_clear();
	add_printable(&clean, text, -1);
	printf("%s%s%s", colour_start(colour, out_colours),
		   clean.data ? clean.data : "", colour_end(colour, out_colours));
	text_free(&clean);
}

/*
 * Standard error
 */

void
tell(const char *format, ...)
{
	va_list		args;

	screen_clear();
	fflush(stdout);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/*
 * A message with a word in front that says what kind it is.  Further lines of
 * it are indented.
 */
void
tell_part(Colour colour, const char *word, const char *message)
{
	Text		text = {0};

	while (*message != '\0')
	{
		size_t		len = strcspn(message, "\n");
		char	   *line = mem_copy_part(message, len);

		add_printable(&text, line, -1);
		free(line);
		message += len;
		if (*message == '\n')
		{
			text_add(&text, "\n    ");
			message++;
		}
	}
	tell("%s%s:%s %s", colour_start(colour, err_colours), word,
		 colour_end(colour, err_colours), text.data ? text.data : "");
	text_free(&text);
}

/* As it is. */
void
tell_plain(const char *line)
{
	tell("%s", line);
}

/* A part of a line, without its end. */
void
tell_coloured(Colour colour, const char *text)
{
	Text		clean = {0};

	screen_clear();
	fflush(stdout);
	add_printable(&clean, text, -1);
	fprintf(stderr, "%s%s%s", colour_start(colour, err_colours),
			clean.data ? clean.data : "", colour_end(colour, err_colours));
	text_free(&clean);
}

/* An error of this program's own. */
void
complain(const char *format, ...)
{
	Text		text = {0};
	va_list		args;

	va_start(args, format);
	text_add_args(&text, format, args);
	va_end(args);
	tell_coloured(BOLD, "pg_migrate: ");
	tell_part(RED, "error", text.data);
	text_free(&text);
}

/*
 * Tables
 */

/* A value in one line. */
static int
add_cell(Text *text, const PGresult *rows, int row, int column)
{
	if (PQgetisnull(rows, row, column))
		return 0;
	return add_printable(text, PQgetvalue(rows, row, column), -1);
}

static int
column_width(const PGresult *rows, int column)
{
	Text		text = {0};
	int			width = (int) strlen(PQfname(rows, column));

	for (int row = 0; row < PQntuples(rows); row++)
	{
		int			cell;

		text_reset(&text);
		cell = add_cell(&text, rows, row, column);
		if (cell > width)
			width = cell;
	}
	text_free(&text);
	return width;
}

/* Ends a line without the blanks that fill its last column. */
static void
print_line(Text *line)
{
	while (line->len > 0 && line->data[line->len - 1] == ' ')
		line->data[--line->len] = '\0';
	puts(line->data ? line->data : "");
	text_reset(line);
}

/* Is there nothing at all in a column? */
static bool
is_empty_column(const PGresult *rows, int column)
{
	for (int row = 0; row < PQntuples(rows); row++)
	{
		if (*PQgetvalue(rows, row, column) != '\0')
			return false;
	}
	return true;
}

/* Which columns of a result are shown, and how. */
typedef struct Shape
{
	int			first;
	int			end;
	int		   *widths;			/* -1: nothing is in it, it is left out */
	int			state_column;	/* -1: none */
	const char *indent;
} Shape;

static void
add_row(Text *line, const PGresult *rows, int row, const Shape *shape)
{
	text_add(line, shape->indent);
	for (int column = shape->first; column < shape->end; column++)
	{
		Colour		colour = column == shape->state_column ?
			state_colour(PQgetvalue(rows, row, column)) : PLAIN;
		int			width;

		if (shape->widths[column] < 0)
			continue;
		text_add(line, colour_start(colour, out_colours));
		width = add_cell(line, rows, row, column);
		text_add(line, colour_end(colour, out_colours));
		text_add_format(line, "%*s", shape->widths[column] - width + 2, "");
	}
}

/* Without frames: easy to read, to copy and to cut. */
static void
print_shape(const PGresult *rows, Shape *shape)
{
	Text		line = {0};

	if (json_only || PQntuples(rows) == 0)
		return;
	screen_clear();
	shape->widths = mem_alloc((size_t) PQnfields(rows) * sizeof(int));
	text_add(&line, shape->indent);
	for (int column = shape->first; column < shape->end; column++)
	{
		shape->widths[column] = column > shape->first &&
			is_empty_column(rows, column) ? -1 : column_width(rows, column);
		if (shape->widths[column] >= 0)
			text_add_format(&line, "%-*s", shape->widths[column] + 2,
							PQfname(rows, column));
	}
	fputs(colour_start(FAINT, out_colours), stdout);
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	printf("%s%s\n", line.data, colour_end(FAINT, out_colours));
	text_reset(&line);
	for (int row = 0; row < PQntuples(rows); row++)
	{
		add_row(&line, rows, row, shape);
		print_line(&line);
	}
	text_free(&line);
	free(shape->widths);
}

/* The first columns of a result, without those that nothing is in. */
void
print_table(const PGresult *rows, int columns, int state_column)
{
	Shape		shape = {0, columns, NULL, state_column, ""};

	print_shape(rows, &shape);
}

/* The same from a column on, all lines indented. */
void
print_columns(const PGresult *rows, int first, const char *indent)
{
	Shape		shape = {first, PQnfields(rows), NULL, -1, indent};

	print_shape(rows, &shape);
}

/*
 * The end: was everything written?  A reader that has seen enough, such as
 * head, is no error.
 */
int
screen_close(int status)
{
	bool		bad;

	screen_clear();
	errno = 0;
	bad = fflush(stdout) != 0 || ferror(stdout);
	if (!bad || reader_left)
		return status;
	complain("could not write all of the output%s%s", errno ? ": " : "",
			 errno ? strerror(errno) : "");
	return status == EXIT_DONE ? EXIT_REFUSED : status;
}
