/*-------------------------------------------------------------------------
 *
 * layouts.h
 *	  How new migrations look in the directories of all tools.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_LAYOUTS_H
#define CLI_LAYOUTS_H

#include "util.h"

typedef enum Numbering
{
	NUMBER_TIME,				/* YYYYMMDDHHMMSS, UTC */
	NUMBER_TIME_DASHES,			/* YYYY-MM-DD-HHMMSS */
	NUMBER_TIME_MS,				/* YYYYMMDDHHMMSSmmm */
	NUMBER_EPOCH,				/* seconds since 1970 */
	NUMBER_EPOCH_MS,
	NUMBER_COUNT
} Numbering;

/* In paths and texts %v is the version, %n the name, %a the author. */
typedef struct NewLayout
{
	const char *name;
	Numbering	numbering;		/* of the first one in a directory */
	int			digits;			/* of a counter */
	char		separator;		/* between the words of a name */
	const char *up_path;
	const char *up_text;
	const char *down_path;		/* NULL: none */
	const char *down_text;
	const char *refusal;		/* why we cannot, and who can */
	const char *after;			/* what is left to be done */
} NewLayout;

extern const NewLayout *layout_named(const char *name);
extern const NewLayout *layout_guess(const char *directory);
extern bool layout_fits(const NewLayout *layout, const NewLayout *guess,
						const char *directory);
extern char *layout_newest_version(const char *directory);
extern char *layout_next_version(const NewLayout *layout, const char *newest);

#endif							/* CLI_LAYOUTS_H */
