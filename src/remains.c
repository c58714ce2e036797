/*-------------------------------------------------------------------------
 *
 * remains.c
 *	  What the abort of a step's transaction leaves in its session.
 *
 * These are session locks and prepared statements: a step that is run again
 * takes and prepares them again, and nothing is to be held until then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/prepare.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "remains.h"
#include "spi_util.h"

/* A step begins: from here on, what there is is its own. */
static TimestampTz step_start;
static LockData *step_locks;	/* of all sessions; NULL: ours had none */
static MemoryContext step_context;

static bool
is_own_advisory_lock(const LockInstanceData *lock)
{
	return lock->pid == MyProcPid && lock->holdMask != 0 &&
		lock->locktag.locktag_type == LOCKTAG_ADVISORY;
}

/* Did this session hold the lock, in this mode, when the step began? */
static bool
was_held(const LOCKTAG *tag, LOCKMODE mode)
{
	for (int i = 0; step_locks != NULL && i < step_locks->nelements; i++)
	{
		const LockInstanceData *lock = &step_locks->locks[i];

		if (is_own_advisory_lock(lock) &&
			(lock->holdMask & LOCKBIT_ON(mode)) &&
			memcmp(&lock->locktag, tag, sizeof(LOCKTAG)) == 0)
			return true;
	}
	return false;
}

/* A step begins; it is the first one of its session or not. */
void
mig_remains_begin(bool first)
{
	MemoryContext caller;

	if (step_context == NULL)
		step_context = AllocSetContextCreate(TopMemoryContext,
											 "migrate step",
											 ALLOCSET_SMALL_SIZES);
	MemoryContextReset(step_context);
	caller = MemoryContextSwitchTo(step_context);
	step_locks = first ? NULL : GetLockStatusData();
	MemoryContextSwitchTo(caller);
	step_start = GetCurrentTimestamp();
}

static void
drop_prepared_statements(void)
{
	static MigQuery query = {
		"SELECT name FROM pg_catalog.pg_prepared_statements"
		" WHERE prepare_time >= $1::pg_catalog.text::pg_catalog.timestamptz"
	};
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	MigParams	params = {0};
	List	   *names = NIL;
	ListCell   *lc;
	uint64		n;

	mig_param_text(&params, timestamptz_to_str(step_start));
	mig_sql_begin(&session);
	n = mig_sql_run(&query, &params);
	for (uint64 i = 0; i < n; i++)
		names = lappend(names, MemoryContextStrdup(context, mig_col_text(i, 1)));
	mig_sql_end(&session);
	foreach(lc, names)
		DropPreparedStatement(lfirst(lc), false);
}

/* The step was rolled back: undoes the rest of it.  In a transaction. */
void
mig_remains_remove(void)
{
	LockData   *locks = GetLockStatusData();

	for (int i = 0; i < locks->nelements; i++)
	{
		const LockInstanceData *lock = &locks->locks[i];

		if (!is_own_advisory_lock(lock))
			continue;
		for (LOCKMODE mode = 1; mode <= MaxLockMode; mode++)
		{
			if (!(lock->holdMask & LOCKBIT_ON(mode)) ||
				was_held(&lock->locktag, mode))
				continue;
			while (mig_lock_held_by_me(&lock->locktag, mode) &&
				   LockRelease(&lock->locktag, mode, true))
				;
		}
	}
	drop_prepared_statements();
}
