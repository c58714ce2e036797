/*-------------------------------------------------------------------------
 *
 * watch.c
 *	  Waiting for a runner, and looking who it waits for meanwhile.
 *
 * Whoever waits for a runner does so on a latch, where no deadlock detector
 * sees it.  So it looks once a second whether the runner waits for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "blockers.h"
#include "compat.h"
#include "watch.h"

/* After how long to repeat what was seen */
#define REPEAT_INTERVAL_MS	30000

/* Starts to watch; what it keeps lives in the current context. */
void
mig_watch_init(MigWatch *watch)
{
	memset(watch, 0, sizeof(MigWatch));
	watch->context = CurrentMemoryContext;
	watch->next_look = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
												   MIG_WATCH_INTERVAL_MS);
}

/* What pg_stat_activity shows as the wait event. */
uint32
mig_watch_event(void)
{
	static uint32 event = 0;

	if (event == 0)
		event = mig_wait_event("MigrateRun");
	return event;
}

/*
 * Sleeps until something happens, at most 'timeout' ms.  A look-up in the
 * catalogs may have left its snapshot, which must not last as long as we wait.
 */
void
mig_watch_latch(long timeout)
{
	InvalidateCatalogSnapshot();
	(void) WaitLatch(MyLatch,
					 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 timeout, mig_watch_event());
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Tells the user whom the runner waits for. */
static void
report(MigWatch *watch, int pid, List *pids)
{
	StringInfoData whom;
	StringInfoData details;
	ListCell   *lc;

	initStringInfo(&whom);
	initStringInfo(&details);
	foreach(lc, pids)
	{
		if (whom.len > 0)
			appendStringInfoString(&whom, ", ");
		if (lfirst_int(lc) == 0)
			appendStringInfoString(&whom, "a prepared transaction");
		else
			appendStringInfo(&whom, "pid %d", lfirst_int(lc));
	}
	mig_blockers_describe(&details, mig_blockers_of(pid), true);
	ereport(NOTICE,
			(errmsg("runner (pid %d) waits for %s", pid, whom.data),
			 details.len > 0 ? errdetail_internal("%s", details.data) : 0));
}

/*
 * Looks who blocks the runner, if it is time to.  Others are reported when
 * they are still there at the next look, when they change, and now and then.
 * If it is we, returns the pids of those it waits for, else NIL.
 */
List *
mig_watch_look(MigWatch *watch, int pid)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		seen_before = watch->blocked;
	List	   *pids;

	if (pid == 0 || now < watch->next_look)
		return NIL;
	watch->next_look = TimestampTzPlusMilliseconds(now, MIG_WATCH_INTERVAL_MS);
	pids = mig_blockers_pids(pid);
	if (mig_blockers_include(pids, MyProcPid))
		return pids;
	watch->blocked = pids != NIL;
	if (watch->blocked && seen_before &&
		(!equal(pids, watch->reported) ||
		 TimestampDifferenceExceeds(watch->reported_at, now,
									REPEAT_INTERVAL_MS)))
	{
		MemoryContext caller = MemoryContextSwitchTo(watch->context);

		list_free(watch->reported);
		watch->reported = list_copy(pids);
		MemoryContextSwitchTo(caller);
		watch->reported_at = now;
		report(watch, pid, pids);
	}
	return NIL;
}

/* The circle of which this process is a part, in words. */
const char *
mig_watch_circle(int pid, List *blockers)
{
	if (list_member_int(blockers, MyProcPid))
		return psprintf("The runner (pid %d) waits for this session (pid %d), which waits for the runner.",
						pid, MyProcPid);
	return psprintf("The runner (pid %d) waits for pid %d, and that one for this session (pid %d), which waits for the runner.",
					pid, linitial_int(blockers), MyProcPid);
}
