/*-------------------------------------------------------------------------
 *
 * text.c
 *	  A script as plain text: its lines, its blanks, where an error is.
 *
 * Nothing here knows SQL, but for what a comment looks like.  A location is
 * an offset in bytes, a position is what the server's errors have: a number
 * of characters, from 1.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "parser/scansup.h"

#include "text.h"

#define UTF8_BOM		"\xEF\xBB\xBF"

/* Longest source line quoted as it is in an error, in bytes. */
#define LINE_QUOTED		1000

/* How many bytes at the start of the text are a byte order mark? */
int
mig_text_bom(const char *text)
{
	int			len = strlen(UTF8_BOM);

	return strncmp(text, UTF8_BOM, len) == 0 ? len : 0;
}

/*
 * The first byte from 'p' on that is neither white space nor in a comment,
 * or 'end'.  The same text as the server's scanner skips, for where that
 * cannot be used: before it is known whether the rest is SQL.
 */
const char *
mig_text_skip_blank(const char *p, const char *end)
{
	int			depth = 0;

	while (p < end)
	{
		bool		pair = p + 1 < end;

		if (pair && p[0] == '/' && p[1] == '*')
		{
			depth++;
			p += 2;
		}
		else if (depth > 0 && pair && p[0] == '*' && p[1] == '/')
		{
			depth--;
			p += 2;
		}
		else if (depth > 0 || scanner_isspace(*p))
			p++;
		else if (pair && p[0] == '-' && p[1] == '-')
		{
			while (p < end && *p != '\n' && *p != '\r')
				p++;
		}
		else
			break;
	}
	return p;
}

/* Location of the newline, or of the text's end, at or after a location. */
int
mig_text_line_end(const char *text, int location)
{
	return location + strcspn(text + location, "\n");
}

/* Line of a location, the text's first being 1. */
int
mig_text_line_number(const char *text, int location)
{
	int			line = 1;

	for (int i = 0; i < location; i++)
	{
		if (text[i] == '\n')
			line++;
	}
	return line;
}

/* A copy of a line of the text, without its line end; "" past the end. */
char *
mig_text_line(const char *text, int line)
{
	int			start = 0;
	int			end = mig_text_line_end(text, 0);

	while (--line > 0)
	{
		if (text[end] == '\0')
			return pstrdup("");
		start = end + 1;
		end = mig_text_line_end(text, start);
	}
	if (end > start && text[end - 1] == '\r')
		end--;
	return pnstrdup(text + start, end - start);
}

/* The position of a location, for errposition(). */
int
mig_text_position(const char *text, int location)
{
	return pg_mbstrlen_with_len(text, location) + 1;
}

/* The location of a position, as geterrposition() has it. */
int
mig_text_location(const char *text, int position)
{
	return pg_mbcharcliplen(text, strlen(text), position - 1);
}

/*
 * Error context callback, with a MigTextPlace: an error that has no position
 * is at this place.
 */
void
mig_text_place_error(void *arg)
{
	const MigTextPlace *place = arg;

	if (geterrposition() <= 0)
		errposition(mig_text_position(place->text, place->location));
}

/*
 * In PG_CATCH: the error goes on.  Where the server's scanner finds no end, its
 * message has the whole rest of the text, which may be the whole script.
 */
void
mig_text_rethrow(MemoryContext caller)
{
	ErrorData  *error;
	int			len;

	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	len = strlen(error->message);
	if (len <= LINE_QUOTED)
		PG_RE_THROW();
	FlushErrorState();
	len = pg_mbcliplen(error->message, len, LINE_QUOTED);
	error->message = psprintf("%.*s...", len, error->message);
	ReThrowError(error);
}

/*
 * In an error context callback: an error with a position in the text gets
 * its line and that line's text instead.  Returns the line in the file, where
 * 'first_line' is that of the text's first byte; 0 if there is no position.
 *
 * The script is not what the client sent, so its line goes out as internal
 * query.  Of a line that is too long to be read, only the part is sent that
 * starts with the error.
 */
int
mig_text_quote_error(const char *text, int first_line)
{
	int			position = geterrposition();
	int			location;
	int			start;
	int			len;
	char	   *quoted;
	int			line;

	if (position <= 0)
		return 0;
	location = mig_text_location(text, position);
	for (start = location; start > 0 && text[start - 1] != '\n';)
		start--;
	if (start == 0)
		start = Min(location, mig_text_bom(text));
	len = mig_text_line_end(text, location) - start;
	if (len > LINE_QUOTED)
	{
		start = location;
		len = mig_text_line_end(text, location) - start;
		len = pg_mbcliplen(text + start, len, LINE_QUOTED);
	}
	quoted = pnstrdup(text + start, len);
	if (len > 0 && quoted[len - 1] == '\r')
		quoted[--len] = '\0';
	line = first_line - 1 + mig_text_line_number(text, location);

	errposition(0);
	internalerrquery(quoted);
	internalerrposition(mig_text_position(quoted,
										  Min(location - start, len)));
	errcontext("line %d of the script", line);
	return line;
}
