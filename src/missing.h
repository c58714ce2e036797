/*-------------------------------------------------------------------------
 *
 * missing.h
 *	  Does a statement miss what another one would have done?
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MISSING_H
#define MIG_MISSING_H

#include "utils/elog.h"

#include "step.h"

/* A statement that did not run. */
typedef struct MigMissing
{
	char	   *label;			/* statement 2 of migration "1 x" */
	List	   *names;			/* of char *: what it would make or remove */
	bool		anything;		/* it could do anything */
} MigMissing;

extern MigMissing *mig_missing_make(const char *label,
									const MigStatement *statement);
extern const MigMissing *mig_missing_find(List *missing, const char *text,
										  const ErrorData *error);

#endif							/* MIG_MISSING_H */
