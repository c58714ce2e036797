/*-------------------------------------------------------------------------
 *
 * lint_text.c
 *	  Findings for people: as a compiler shows its warnings.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "excerpt.h"
#include "lint_text.h"
#include "screen.h"

static Colour
severity_colour(const char *severity)
{
	return strcmp(severity, "error") == 0 ? RED :
		strcmp(severity, "warning") == 0 ? YELLOW : BLUE;
}

/* "path:line:column: ", as far as it is known. */
static void
print_place(const Findings *findings, int row)
{
	const char *path = finding_text(findings, row, FINDING_PATH);
	const char *version = finding_text(findings, row, FINDING_VERSION);
	int			line = finding_number(findings, row, FINDING_LINE);
	int			column = finding_number(findings, row, FINDING_COL);
	Text		place = {0};

	if (path != NULL)
	{
		text_add(&place, path);
		if (line > 0)
			text_add_format(&place, ":%d", line);
		if (line > 0 && column > 0)
			text_add_format(&place, ":%d", column);
	}
	else
	{
		text_add_format(&place, "migration \"%s%s%s\"", version ? version : "",
						version ? " " : "",
						PQgetvalue(findings->rows, row, FINDING_NAME));
		if (line > 0)
			text_add_format(&place, ", line %d", line);
	}
	text_add(&place, ": ");
	say_part(BOLD, place.data);
	text_free(&place);
}

/* The line of the file with a caret, if the file is at hand. */
static void
print_line(const Findings *findings, int row)
{
	const char *path = finding_text(findings, row, FINDING_PATH);
	int			number = finding_number(findings, row, FINDING_LINE);
	char	   *line = path && number > 0 ?
		sources_line(&findings->sources, path, number) : NULL;
	char	   *gutter;
	ExcerptLines lines;

	if (line == NULL)
		return;
	gutter = format("%d", number);
	lines = excerpt_lines(line, finding_number(findings, row, FINDING_COL) - 1,
						  gutter);
	say("%s", lines.source);
	say_part(PLAIN, lines.indent);
	say_part(GREEN, lines.mark);
	say("%s", "");
	excerpt_free(&lines);
	free(gutter);
	free(line);
}

/* What to write instead. */
static void
print_rewrite(const char *rewrite)
{
	say_part(BLUE, "instead:");
	say("%s", "");
	while (*rewrite != '\0')
	{
		size_t		len = strcspn(rewrite, "\n");
		char	   *line = mem_copy_part(rewrite, len);

		say_part(PLAIN, "    ");
		say_part(PLAIN, line);
		say("%s", "");
		free(line);
		rewrite += len + (rewrite[len] == '\n');
	}
}

void
lint_print_text(const Findings *findings)
{
	for (int row = 0; row < PQntuples(findings->rows); row++)
	{
		const char *severity = finding_text(findings, row, FINDING_SEVERITY);
		const char *rewrite = finding_text(findings, row, FINDING_REWRITE);

		print_place(findings, row);
		say_part(severity_colour(severity), severity);
		say_part(PLAIN, ": ");
		say_part(BOLD, PQgetvalue(findings->rows, row, FINDING_RULE));
		say_part(PLAIN, ": ");
		say_part(PLAIN, PQgetvalue(findings->rows, row, FINDING_CONSEQUENCE));
		say("%s", "");
		print_line(findings, row);
		if (rewrite != NULL && *rewrite != '\0')
			print_rewrite(rewrite);
	}
}
