/*-------------------------------------------------------------------------
 *
 * leftover.h
 *	  What an unfinished non-transactional statement left behind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LEFTOVER_H
#define MIG_LEFTOVER_H

#include "nodes/parsenodes.h"

typedef enum MigVerdict
{
	MIG_VERDICT_RUN,			/* it can run, again or for the first time */
	MIG_VERDICT_DONE,			/* its effect is there */
	MIG_VERDICT_FINALIZE,		/* a partition's detach is pending */
	MIG_VERDICT_UNKNOWN			/* only a human can tell */
} MigVerdict;

extern List *mig_leftover_before(Node *stmt);
extern MigVerdict mig_leftover_verdict(Node *stmt, List *before, List **drop);
extern char *mig_leftover_finalize(Node *stmt);

#endif							/* MIG_LEFTOVER_H */
