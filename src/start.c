/*-------------------------------------------------------------------------
 *
 * start.c
 *	  Runs that nobody waits for: starting, waiting later, cancelling.
 *
 * A run that is started gets its number and its shared memory at once.  Its
 * runner is launched when the transaction is about to commit, so that a lack
 * of worker slots is still an error of that transaction, and waits for its
 * end: after a rollback it finds that there is nothing to do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "blockers.h"
#include "journal.h"
#include "launch.h"
#include "snapshot.h"
#include "spi_util.h"
#include "start.h"
#include "watch.h"

/* A run that this transaction has started. */
typedef struct StartedRun
{
	int64		run;
	SubTransactionId subtransaction;	/* where it was started, if still open */
	dsm_segment *segment;
	shm_mq_handle *queue;
} StartedRun;

/* Of StartedRun *, in TopTransactionContext. */
static List *started = NIL;

/*
 * Starting
 */

/*
 * Launches the runners.  Each has to attach its memory before this session
 * lets it go.
 */
static void
launch_started(void)
{
	ListCell   *lc;

	foreach(lc, started)
	{
		StartedRun *run = lfirst(lc);

		(void) mig_launch_runner(run->segment, run->queue,
								 MIG_ACTION_APPLY);
		if (shm_mq_wait_for_attach(run->queue) != SHM_MQ_SUCCESS)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("the runner of run %lld could not start",
							(long long) run->run),
					 errdetail("The server log has more.")));
	}
}

/* The transaction has ended: the runners have the memory, or nobody. */
static void
forget_started(void)
{
	ListCell   *lc;

	foreach(lc, started)
		dsm_detach(((StartedRun *) lfirst(lc))->segment);
	started = NIL;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (started == NIL)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			launch_started();
			break;
		case XACT_EVENT_PRE_PREPARE:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot PREPARE a transaction that has started a run")));
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
			forget_started();
			break;
		default:
			break;
	}
}

/*
 * What a savepoint started goes with it.  That includes a run whose start()
 * has failed halfway.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subtransaction,
					  SubTransactionId parent, void *arg)
{
	ListCell   *lc;

	foreach(lc, started)
	{
		StartedRun *run = lfirst(lc);

		if (run->subtransaction != subtransaction)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			run->subtransaction = parent;
		else if (event == SUBXACT_EVENT_ABORT_SUB)
		{
			dsm_detach(run->segment);
			started = foreach_delete_current(started, lc);
		}
	}
}

/* Watches the ends of transactions, once per process. */
void
mig_start_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}

/*
 * Starts a run when this transaction commits; returns its number.  It is run
 * as this session's role now, with its settings of now.
 */
int64
mig_start(const MigRequest *request)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	StartedRun *run = palloc0(sizeof(StartedRun));
	MigWire    *wire;

	/* the runner would have the session's rights */
	if (InLocalUserIdChange())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("migrate.start() cannot be called by a SECURITY DEFINER function"),
				 errhint("Call migrate.apply(), which runs with the function's rights.")));
	mig_caller_is_self();
	run->subtransaction = GetCurrentSubTransactionId();
	run->segment = mig_wire_create(request, &mig_caller, &wire, &run->queue);
	/* until the end of the transaction, not of the statement */
	dsm_pin_mapping(run->segment);
	/* its row vanishes with a savepoint, too, or if there is an error now */
	wire->start_after = GetCurrentTransactionId();
	started = lappend(started, run);
	run->run = mig_journal_queue(request, dsm_segment_handle(run->segment));
	wire->progress.run = run->run;
	MemoryContextSwitchTo(caller);
	return run->run;
}

/*
 * Waiting
 */

/* Does the run still have a process, or will it get one? */
bool
mig_start_is_alive(dsm_handle segment, int64 run)
{
	dsm_segment *attached;
	MigWire    *wire = mig_launch_attach(segment, run, &attached);
	bool		alive = wire != NULL && !pg_atomic_read_u32(&wire->ended);

	mig_launch_detach(attached);
	return alive;
}

typedef struct Lookup
{
	int64		run;
	MigRunRecord *record;
} Lookup;

static void
look_up(void *arg)
{
	Lookup	   *lookup = arg;

	lookup->record = mig_journal_find(lookup->run);
}

/* The run of that number; it must be a committed one. */
static MigRunRecord *
find_run(int64 number)
{
	Lookup		lookup = {number, NULL};
	ListCell   *lc;

	mig_sql_look(look_up, &lookup);
	if (lookup.record == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("run %lld does not exist", (long long) number),
				 errhint("Run SELECT * FROM migrate.runs; to see the runs.")));
	foreach(lc, started)
	{
		if (((StartedRun *) lfirst(lc))->run == number)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("run %lld begins when this transaction commits",
							(long long) number),
					 errhint("Run COMMIT; first.")));
	}
	return lookup.record;
}

static bool
is_open(const MigRunRecord *record)
{
	return strcmp(record->state, "queued") == 0 ||
		strcmp(record->state, "running") == 0;
}

/* The run waits for a lock of this session, which waits for the run. */
static void
report_circle(int64 run, int pid, List *blockers)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
			 errmsg("run %lld waits for a lock that this session holds",
					(long long) run),
			 errdetail_internal("%s", mig_watch_circle(pid, blockers)),
			 errhint("The run goes on.  End this session's transaction, release its locks, and run SELECT * FROM migrate.wait(%lld);",
					 (long long) run)));
}

/*
 * Who was in the way of the runner when it last gave up, if that was after
 * 'start'.  It may sleep whenever this session looks, and this session, which
 * waits, still holds what it held then.
 */
static List *
recent_blockers(MigWire *wire, TimestampTz start)
{
	int			pids[MIG_WIRE_MAX_BLOCKERS];
	int			n = 0;
	List	   *result = NIL;

	SpinLockAcquire(&wire->mutex);
	if (wire->blocked_at >= start)
	{
		n = wire->nblockers;
		memcpy(pids, wire->blockers, n * sizeof(int));
	}
	SpinLockRelease(&wire->mutex);
	for (int i = 0; i < n; i++)
		result = lappend_int(result, pids[i]);
	return result;
}

/* Waits until the runner has ended. */
static void
await_end(MigWire *wire, int64 run)
{
	TimestampTz start = GetCurrentTimestamp();
	MigWatch	watch;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(caller, "migrate wait",
												  ALLOCSET_DEFAULT_SIZES);

	mig_watch_init(&watch);
	MemoryContextSwitchTo(scratch);
	ConditionVariablePrepareToSleep(&wire->end);
	while (!pg_atomic_read_u32(&wire->ended))
	{
		List	   *circle;
		int			pid;

		MemoryContextReset(scratch);
		InvalidateCatalogSnapshot();
		(void) ConditionVariableTimedSleep(&wire->end, MIG_WATCH_INTERVAL_MS,
										   mig_watch_event());
		SpinLockAcquire(&wire->mutex);
		pid = wire->progress.pid;
		SpinLockRelease(&wire->mutex);
		circle = mig_watch_look(&watch, pid);
		if (circle == NIL)
		{
			circle = recent_blockers(wire, start);
			if (!mig_blockers_include(circle, MyProcPid))
				continue;
		}
		report_circle(run, pid, circle);
	}
	ConditionVariableCancelSleep();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

/*
 * Waits without a snapshot if this statement can do without.  Else it can be
 * in the way of the run, and will find out.
 */
static void
await_run(FunctionCallInfo fcinfo, const MigRunRecord *record)
{
	Portal		portal = ActivePortal;
	bool		bare = mig_snapshot_obstacle(fcinfo) == NULL;
	dsm_segment *attached;
	MigWire    *wire = mig_launch_attach(record->segment, record->run,
										 &attached);

	if (wire == NULL)
		return;
	if (bare)
		mig_snapshot_release(portal);
	await_end(wire, record->run);
	if (bare)
		mig_snapshot_renew(portal);
	mig_launch_detach(attached);
}

/* Comes back if the run ended well. */
static void
raise_outcome(const MigRunRecord *record)
{
	if (record->error != NULL)
		ThrowErrorData(record->error);
	if (is_open(record) || strcmp(record->state, "interrupted") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("run %lld was interrupted", (long long) record->run),
				 errdetail("Its process ended before the run did; the server log may have more."),
				 errhint("SELECT migrate.%s(); goes on where it stopped.",
						 record->action)));
	if (strcmp(record->state, "success") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("run %lld ended as %s", (long long) record->run,
						record->state),
				 errhint("Run SELECT * FROM migrate.history WHERE run = %lld; to see how.",
						 (long long) record->run)));
}

/*
 * Waits for the end of a run.  Hands its rows to the sink, or raises the error
 * it ended with; an error of this session's own leaves the run alone.
 */
void
mig_start_wait(FunctionCallInfo fcinfo, int64 run, MigRowSink sink, void *arg)
{
	MigRunRecord *record = find_run(run);

	/* a run that has recorded its end may still have to record its error */
	if (is_open(record) || record->segment != DSM_HANDLE_INVALID)
	{
		if (is_open(record) && IsolationUsesXactSnapshot())
			ereport(ERROR,
					(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
					 errmsg("migrate.wait() must be called in a READ COMMITTED transaction"),
					 errhint("Run BEGIN ISOLATION LEVEL READ COMMITTED; first.")));
		await_run(fcinfo, record);
		record = find_run(run);
	}
	raise_outcome(record);
	mig_journal_send_rows(run, sink, arg);
}

/*
 * Cancelling
 */

/*
 * Asks a run to stop, as Ctrl-C of its caller does; false if it has ended.
 * Does not wait until it has.
 */
bool
mig_start_cancel(int64 run)
{
	MigRunRecord *record = find_run(run);
	dsm_segment *attached;
	MigWire    *wire;
	int			pid;

	if (!is_open(record))
		return false;
	wire = mig_launch_attach(record->segment, run, &attached);
	if (wire == NULL)
		return false;
	pg_atomic_write_u32(&wire->cancelled, 1);
	SpinLockAcquire(&wire->mutex);
	pid = wire->progress.pid;
	SpinLockRelease(&wire->mutex);
	/* one without a pid yet sees the mark when it has one */
	if (pid != 0 && !pg_atomic_read_u32(&wire->ended))
		(void) kill(pid, SIGINT);
	mig_launch_detach(attached);
	return true;
}
