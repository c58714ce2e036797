/*-------------------------------------------------------------------------
 *
 * suppress.h
 *	  Comments in a script that suppress lint findings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SUPPRESS_H
#define MIG_SUPPRESS_H

#include "script.h"

/* One rule that a comment names. */
typedef struct MigSuppression
{
	int			location;		/* of the comment, in the script's text */
	int			statement;		/* it is about; 0: the whole script */
	const char *rule;			/* NULL: all rules */
	const char *written;		/* as the comment spells it */
	bool		foreign;		/* the comment is another tool's */
	bool		used;			/* it has suppressed something */
} MigSuppression;

extern List *mig_suppress_read(const MigScript *script);
extern bool mig_suppress_covers(List *suppressions, const char *rule,
								int statement);

#endif							/* MIG_SUPPRESS_H */
