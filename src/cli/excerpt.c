/*-------------------------------------------------------------------------
 *
 * excerpt.c
 *	  A line of a file with its number, and a caret below it.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libpq-fe.h"

#include "excerpt.h"
#include "util.h"

/* Of a longer line, only the part around the place is shown, in columns. */
#define SHOWN_WIDTH 150

/* Appends characters of a line, tabs and the like as one blank; their width. */
static int
add_characters(Text *text, const char **p, int count, int limit)
{
	int			encoding = pg_char_to_encoding("UTF8");
	int			width = 0;

	while (count-- > 0 && **p != '\0' && width < limit)
	{
		int			len = PQmblenBounded(*p, encoding);
		int			columns = PQdsplen(*p, encoding);

		if (columns < 0 || (unsigned char) **p < 32)
		{
			text_add_char(text, ' ');
			columns = 1;
		}
		else
			text_add_part(text, *p, (size_t) len);
		width += columns;
		*p += len > 0 ? len : 1;
	}
	return width;
}

/*
 * The line, its number in front, and below it a caret at the column, from 0.
 * If that is not known (-1), all of the line is marked.
 */
ExcerptLines
excerpt_lines(const char *line, int column, const char *gutter)
{
	Text		text = {0};
	Text		mark = {0};
	ExcerptLines lines;
	const char *p = line;
	int			first = column >= 0 ? column : (int) strspn(line, " \t");
	int			before;
	int			after;

	if (first > SHOWN_WIDTH - 30)
	{
		Text		skipped = {0};

		add_characters(&skipped, &p, first - SHOWN_WIDTH / 2, INT_MAX);
		text_free(&skipped);
		text_add(&text, "...");
		before = 3 + add_characters(&text, &p, SHOWN_WIDTH / 2, SHOWN_WIDTH);
	}
	else
		before = add_characters(&text, &p, first, SHOWN_WIDTH);
	after = add_characters(&text, &p, SHOWN_WIDTH, SHOWN_WIDTH - before);
	text_add_char(&mark, '^');
	for (int i = 1; column < 0 && i < after; i++)
		text_add_char(&mark, '~');
	lines.source = format(" %5s | %s%s", gutter, text.data ? text.data : "",
						  *p ? "..." : "");
	lines.indent = format(" %5s | %*s", "", before, "");
	lines.mark = mark.data;
	text_free(&text);
	return lines;
}

void
excerpt_free(ExcerptLines *lines)
{
	free(lines->source);
	free(lines->indent);
	free(lines->mark);
}
