/*-------------------------------------------------------------------------
 *
 * excerpt.h
 *	  A line of a file with its number, and a caret below it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_EXCERPT_H
#define CLI_EXCERPT_H

/* Two lines, the second in two parts of different colours. */
typedef struct ExcerptLines
{
	char	   *source;
	char	   *indent;
	char	   *mark;
} ExcerptLines;

extern ExcerptLines excerpt_lines(const char *line, int column, const char *gutter);
extern void excerpt_free(ExcerptLines *lines);

#endif							/* CLI_EXCERPT_H */
