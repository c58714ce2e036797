/*-------------------------------------------------------------------------
 *
 * screen.h
 *	  What the user sees: lines, one that changes, colours, tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdio.h>

#include "libpq-fe.h"

#include "util.h"

typedef enum Colour
{
	PLAIN,
	BOLD,
	FAINT,
	RED,
	GREEN,
	YELLOW,
	BLUE
} Colour;

/* Is standard output a terminal that a line can be redrawn on? */
extern bool screen_is_live;

extern void screen_init(bool json);
extern int	screen_width(void);
extern bool screen_is_utf8(void);

/* Standard output: results.  Nothing of it appears with --json. */
extern void say(const char *format, ...) PRINTF_LIKE(1, 2);
extern void say_state(Colour colour, const char *state, const char *format, ...) PRINTF_LIKE(3, 4);
extern void say_part(Colour colour, const char *text);
extern Colour state_colour(const char *state);

/* The line that changes, below what was said. */
extern void screen_draw(const char *line);
extern void screen_clear(void);

/* Standard error: what went wrong, and what the server has to say. */
extern void tell(const char *format, ...) PRINTF_LIKE(1, 2);
extern void tell_part(Colour colour, const char *word, const char *message);
extern void tell_plain(const char *line);
extern void tell_coloured(Colour colour, const char *text);
extern void complain(const char *format, ...) PRINTF_LIKE(1, 2);

extern void print_table(const PGresult *rows, int columns, int state_column);
extern void print_columns(const PGresult *rows, int first, const char *indent);

extern int	screen_close(int status);

#endif							/* CLI_SCREEN_H */
