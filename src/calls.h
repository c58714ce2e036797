/*-------------------------------------------------------------------------
 *
 * calls.h
 *	  The routines that a statement calls, and the statements in them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_CALLS_H
#define MIG_CALLS_H

#include "bodies.h"
#include "shadow.h"

typedef struct MigCall
{
	const char *name;			/* "app.convert()" */
	int			location;		/* of the call, in the statement */
	bool		made;			/* the set made the routine: it was judged there */
	MigBody    *body;
} MigCall;

extern const char *mig_call_unseen(const MigCall *call);
extern bool mig_calls_are_seen(List *calls);
extern List *mig_calls_of(MigShadow *shadow, Node *stmt);

#endif							/* MIG_CALLS_H */
