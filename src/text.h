/*-------------------------------------------------------------------------
 *
 * text.h
 *	  A script as plain text: its lines, its blanks, where an error is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TEXT_H
#define MIG_TEXT_H

#include "compat.h"

/* A place in a text, for mig_text_place_error(). */
typedef struct MigTextPlace
{
	const char *text;
	int			location;
} MigTextPlace;

extern int	mig_text_bom(const char *text);
extern const char *mig_text_skip_blank(const char *p, const char *end);
extern int	mig_text_line_end(const char *text, int location);
extern int	mig_text_line_number(const char *text, int location);
extern char *mig_text_line(const char *text, int line);
extern int	mig_text_position(const char *text, int location);
extern int	mig_text_location(const char *text, int position);
extern void mig_text_place_error(void *arg);
pg_noreturn extern void mig_text_rethrow(MemoryContext caller);
extern int	mig_text_quote_error(const char *text, int first_line);

#endif							/* MIG_TEXT_H */
