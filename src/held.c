/*-------------------------------------------------------------------------
 *
 * held.c
 *	  The locks on relations that this process holds.
 *
 * They may be thousands and are asked for after each statement.  The view
 * pg_locks would copy those of all processes, and keep all of them waiting for
 * that; this process's own ones are in lists of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "storage/lwlock.h"
#include "storage/proc.h"

#include "compat.h"
#include "held.h"

/* What is being collected. */
typedef struct Collection
{
	MigHeld    *held;
	int			count;
	int			size;
	int			locks;			/* also on what is no relation */
} Collection;

static void
collect(Collection *all, Oid relation, LOCKMASK modes)
{
	if (all->count == all->size)
	{
		all->size *= 2;
		all->held = repalloc(all->held, all->size * sizeof(MigHeld));
	}
	all->held[all->count].relation = relation;
	all->held[all->count++].modes = modes;
}

/* Is it a relation that users made? */
static bool
is_of_interest(const LOCKTAG *tag)
{
	return tag->locktag_type == LOCKTAG_RELATION &&
		tag->locktag_field1 == MyDatabaseId &&
		tag->locktag_field2 >= FirstNormalObjectId;
}

/* Those in the server's table of locks. */
static void
collect_shared(Collection *all)
{
	for (int i = 0; i < NUM_LOCK_PARTITIONS; i++)
	{
		PROCLOCK   *proclock = NULL;

		LWLockAcquire(LockHashPartitionLockByIndex(i), LW_SHARED);
		while ((proclock = mig_next_proclock(i, proclock)) != NULL)
		{
			const LOCKTAG *tag = &proclock->tag.myLock->tag;

			all->locks += proclock->holdMask != 0;
			if (proclock->holdMask != 0 && is_of_interest(tag))
				collect(all, tag->locktag_field2, proclock->holdMask);
		}
		LWLockRelease(LockHashPartitionLockByIndex(i));
	}
}

/* Those on the fast path, which are weak ones on relations of this database. */
static void
collect_fast(Collection *all)
{
	LWLockAcquire(&MyProc->fpInfoLock, LW_SHARED);
	for (int slot = 0; slot < MIG_FAST_PATH_SLOTS; slot++)
	{
		LOCKMASK	modes = mig_fast_path_modes(slot);

		if (modes != 0 && MyProc->fpRelId[slot] >= FirstNormalObjectId)
			collect(all, MyProc->fpRelId[slot], modes);
	}
	LWLockRelease(&MyProc->fpInfoLock);
}

/*
 * The locks on relations of this database that users made, and how many there
 * are; 'locks': how many of any kind take room in the server's table of locks.
 */
MigHeld *
mig_held_relations(int *count, int *locks)
{
	Collection	all = {.size = 256};

	all.held = palloc(all.size * sizeof(MigHeld));
	collect_shared(&all);
	collect_fast(&all);
	*count = all.count;
	*locks = all.locks;
	return all.held;
}

/*
 * How often this process has taken a lock that it holds.  '*local' is where
 * its count was found the last time, or NULL.  The count of a lock that was let
 * go keeps its place until that is another one's.
 */
int64
mig_held_times(LOCALLOCK **local, Oid relation, LOCKMODE mode)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relation);
	if (*local == NULL || (*local)->nLocks == 0 || (*local)->tag.mode != mode ||
		memcmp(&(*local)->tag.lock, &tag, sizeof(LOCKTAG)) != 0)
	{
		*local = mig_lock_again(&tag, mode);
		(void) LockRelease(&tag, mode, false);
	}
	return (*local)->nLocks;
}
