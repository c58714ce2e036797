/*-------------------------------------------------------------------------
 *
 * held.h
 *	  The locks on relations that this process holds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_HELD_H
#define MIG_HELD_H

#include "storage/lock.h"

/* The locks on a relation; one on the fast path has an entry of its own. */
typedef struct MigHeld
{
	Oid			relation;
	LOCKMASK	modes;
} MigHeld;

extern MigHeld *mig_held_relations(int *count, int *locks);
extern int64 mig_held_times(LOCALLOCK **local, Oid relation, LOCKMODE mode);

#endif							/* MIG_HELD_H */
