/*-------------------------------------------------------------------------
 *
 * retry.c
 *	  When to try again after a failed wait for a lock.
 *
 * While a statement waits for a lock, everyone who asks for a conflicting one
 * later waits behind it.  So a wait is short, and what was waited for is tried
 * again after a pause in which nothing is held.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timestamp.h"

#include "blockers.h"
#include "compat.h"
#include "guc.h"
#include "retry.h"

/* The first pause; each next one is twice as long. */
#define FIRST_DELAY_MS	100

/* How many holders of a lock to name */
#define MAX_NAMED		5

/* Is it an error that the same statement may not meet a moment later? */
bool
mig_retry_may_help(int sqlstate)
{
	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE ||
		sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

/*
 * The pause before the given retry, counted from 1, in milliseconds.  Up to a
 * half of it is left to chance, so that two who got in each other's way do not
 * meet again.
 */
long
mig_retry_delay(int retry)
{
	double		delay = FIRST_DELAY_MS;

	for (int i = 1; i < retry && delay < mig_lock_retry_max_delay; i++)
		delay *= 2;
	delay = Min(delay, mig_lock_retry_max_delay);
	return (long) (delay * (1 - pg_prng_double(&pg_global_prng_state) / 2));
}

/* Sleeps, outside any transaction; a cancel ends it with its error. */
void
mig_retry_sleep(long ms)
{
	static uint32 event = 0;
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
	long		left = ms;

	if (event == 0)
		event = mig_wait_event("MigrateRetry");
	while (left > 0)
	{
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 left, event);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);
	}
}

/* The pids of sessions, separated by commas. */
static void
append_pids(StringInfo buf, List *blockers)
{
	ListCell   *lc;

	foreach(lc, blockers)
	{
		MigBlocker *blocker = lfirst(lc);

		if (foreach_current_index(lc) == MAX_NAMED)
		{
			appendStringInfoString(buf, " and others");
			break;
		}
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(buf, ", ");
		if (blocker->pid == 0)
			appendStringInfo(buf, "prepared transaction %u", blocker->xid);
		else
			appendStringInfo(buf, "pid %d", blocker->pid);
	}
}

/*
 * How often it was tried, if more than once, what was waited for and who held
 * it; NULL if none of it is known.  'queries': also what the holders run, which
 * must not be kept.
 */
char *
mig_retry_explain(int tries, bool queries)
{
	List	   *holders = mig_blockers_of_remembered();
	StringInfoData buf;

	initStringInfo(&buf);
	if (tries > 1)
		appendStringInfo(&buf, "Tried %d times.", tries);
	if (mig_blockers_remembered())
	{
		appendStringInfo(&buf, "%sWaited for %s", buf.len > 0 ? "  " : "",
						 mig_blockers_lock());
		if (holders != NIL)
		{
			appendStringInfoString(&buf, ", held by ");
			append_pids(&buf, holders);
		}
		appendStringInfoChar(&buf, '.');
	}
	mig_blockers_describe(&buf, holders, queries);
	return buf.len > 0 ? buf.data : NULL;
}
