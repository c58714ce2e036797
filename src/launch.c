/*-------------------------------------------------------------------------
 *
 * launch.c
 *	  The caller's side of a run in a background worker.
 *
 * A statement that waits for CREATE INDEX CONCURRENTLY in another process
 * must not hold a snapshot: the index build waits for all old snapshots, and
 * as the statement waits on a latch, no deadlock detector would ever see the
 * circle.  So a caller gives its snapshot up while it waits and takes a new
 * one afterwards.  That is right only for a statement that nothing else hangs
 * on: mig_launch_obstacle() tells whether this is one, and once the snapshot
 * is given up, the backend's published xmin proves it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "libpq/pqmq.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "postmaster/bgworker.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"
#include "tcop/pquery.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "blockers.h"
#include "compat.h"
#include "launch.h"
#include "wire.h"

/* How long to try for a free worker slot, and the first pause between tries */
#define SLOT_WAIT_MS		5000
#define SLOT_FIRST_PAUSE_MS	50

/* How often to look who blocks the runner, and to repeat what was seen */
#define LOOK_INTERVAL_MS	1000
#define REPEAT_INTERVAL_MS	30000

/* One run, as its caller sees it. */
typedef struct MigLaunch
{
	const char *function;		/* what the user called */
	MemoryContext context;		/* for what must last as long as this */
	MemoryContext scratch;		/* reset for every message and every look */

	dsm_segment *segment;
	MigWire    *wire;
	shm_mq_handle *queue;
	BackgroundWorkerHandle *handle; /* NULL: not registered yet */
	pid_t		pid;			/* 0: not started yet */

	List	   *rows;			/* of MigRunRow * */
	ErrorData  *error;			/* the run ended with it */
	bool		done;			/* the run ended well */
	int			cancels;		/* sent, as the caller has its own error */

	TimestampTz next_look;
	bool		blocked;		/* at the last look */
	List	   *reported;		/* pids of the last notice, in order */
	TimestampTz reported_at;
} MigLaunch;

/*
 * Is this statement bare?
 */

typedef struct PlanCheck
{
	Oid			function;		/* the one that asks */
	bool		found;
} PlanCheck;

/* A function that may run queries: any but ours and the server's. */
static bool
is_other_function(Oid function, void *arg)
{
	PlanCheck  *check = arg;

	if (function == check->function)
		check->found = true;
	return function >= FirstNormalObjectId && function != check->function;
}

/* Does an expression do anything but call us and the server's functions? */
static bool
does_more(Node *node, PlanCheck *check)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_other_function, check))
		return true;
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan))
		return true;
	/* its constraints call what they like */
	if (IsA(node, CoerceToDomain) &&
		((CoerceToDomain *) node)->resulttype >= FirstNormalObjectId)
		return true;
	return expression_tree_walker(node, does_more, check);
}

/* The same for a plan: anything unknown does more. */
static bool
plan_does_more(Plan *plan, PlanCheck *check)
{
	if (plan == NULL)
		return false;
	switch (nodeTag(plan))
	{
		case T_Result:
			if (does_more(((Result *) plan)->resconstantqual, check))
				return true;
			break;
		case T_FunctionScan:
			if (does_more((Node *) ((FunctionScan *) plan)->functions, check))
				return true;
			break;
		case T_Limit:
			if (does_more(((Limit *) plan)->limitOffset, check) ||
				does_more(((Limit *) plan)->limitCount, check))
				return true;
			break;
		case T_SubqueryScan:
			if (plan_does_more(((SubqueryScan *) plan)->subplan, check))
				return true;
			break;
		case T_ProjectSet:
		case T_Agg:
		case T_Sort:
			break;
		default:
			return true;
	}
	return plan->initPlan != NIL ||
		does_more((Node *) plan->targetlist, check) ||
		does_more((Node *) plan->qual, check) ||
		plan_does_more(plan->lefttree, check) ||
		plan_does_more(plan->righttree, check);
}

/*
 * Is the statement nothing but a call of this function, its rows perhaps
 * counted, sorted, or cut?  Then no scan holds a pointer to its snapshot.
 */
static bool
statement_is_call(PlannedStmt *stmt, Oid function)
{
	PlanCheck	check = {function, false};
	ListCell   *lc;

	if (stmt->commandType != CMD_SELECT || stmt->hasModifyingCTE ||
		stmt->rowMarks != NIL || stmt->subplans != NIL)
		return false;
	foreach(lc, stmt->rtable)
	{
		if (lfirst_node(RangeTblEntry, lc)->rtekind == RTE_RELATION)
			return false;
	}
	return !plan_does_more(stmt->planTree, &check) && check.found;
}

/* The query of the portal that runs, if it is a plain SELECT; or NULL. */
static QueryDesc *
running_query(void)
{
	if (ActivePortal == NULL || ActivePortal->strategy != PORTAL_ONE_SELECT)
		return NULL;
	return ActivePortal->queryDesc;
}

/*
 * Is the statement's own snapshot the only active one?  Whoever called the
 * statement, say a PL/pgSQL loop, has one beneath it.  The stack can be looked
 * at only by taking its top off; the portal's reference keeps the snapshot.
 */
static bool
snapshot_is_only_one(QueryDesc *query)
{
	bool		only;

	if (!ActiveSnapshotSet() || GetActiveSnapshot() != query->snapshot ||
		query->snapshot->regd_count == 0)
		return false;
	PopActiveSnapshot();
	only = !ActiveSnapshotSet();
	PushActiveSnapshot(query->snapshot);
	return only;
}

/*
 * Why this call cannot be given to a runner, as the end of a sentence that
 * starts with "because"; NULL if it can.
 */
const char *
mig_launch_obstacle(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QueryDesc  *query = running_query();

	if (!IsUnderPostmaster)
		return "the server runs in single-user mode";
	if (RecoveryInProgress())
		return "the server is in recovery";
	if (MyXactFlags & XACT_FLAGS_PIPELINING)
		return "it is called inside a pipeline, after another statement";
	if (IsTransactionBlock() || IsSubTransaction())
		return "it is called inside a transaction block";
	if (IsolationUsesXactSnapshot())
		return "the isolation level is not READ COMMITTED";
	if (IsInParallelMode())
		return "it is called by a parallel query";
	if (query == NULL || !statement_is_call(query->plannedstmt,
											fcinfo->flinfo->fn_oid))
		return "it is part of a larger statement";
	if (ActivePortal->cursorOptions & CURSOR_OPT_HOLD)
		return "it is called by a cursor";
	if (!snapshot_is_only_one(query) || SPI_inside_nonatomic_context() ||
		(rsinfo != NULL && IsA(rsinfo, ReturnSetInfo) &&
		 rsinfo->econtext->ecxt_estate != query->estate))
		return "it is called from a function or by EXECUTE";
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return "its transaction has already changed something";
	return NULL;
}

/*
 * The statement's snapshot
 */

/*
 * An index build in another session does not wait for a backend with this
 * flag.  As in the server itself, it is set only while no xid and no xmin is
 * published; should a look-up in the catalogs publish one while we wait, it
 * blocks nobody.
 */
static void
set_safe_flag(bool on)
{
	LWLockAcquire(ProcArrayLock, LW_EXCLUSIVE);
	if (on)
		MyProc->statusFlags |= PROC_IN_SAFE_IC;
	else
		MyProc->statusFlags &= ~PROC_IN_SAFE_IC;
	ProcGlobal->statusFlags[MyProc->pgxactoff] = MyProc->statusFlags;
	LWLockRelease(ProcArrayLock);
}

/* The statement goes on as if it had started now. */
static void
renew_snapshot(Portal portal)
{
	QueryDesc  *query = portal->queryDesc;

	InvalidateCatalogSnapshot();
	set_safe_flag(false);
	if (!LocalTransactionIdIsValid(MyProc->fpLocalTransactionId))
	{
		VirtualTransactionId vxid;

		GET_VXID_FROM_PGPROC(vxid, *MyProc);
		VirtualXactLockTableInsert(vxid);
	}
	query->snapshot = RegisterSnapshotOnOwner(GetTransactionSnapshot(),
											  portal->resowner);
	query->estate->es_snapshot = RegisterSnapshotOnOwner(query->snapshot,
														 portal->resowner);
	PushActiveSnapshot(query->snapshot);
}

/*
 * Gives up every snapshot of this backend.  Afterwards nobody waits for us,
 * or this has raised an error.  After an error in what follows nothing needs
 * to be put back: the end of the transaction does it.
 */
static void
release_snapshot(Portal portal)
{
	QueryDesc  *query = running_query();

	if (query == NULL || !snapshot_is_only_one(query))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for a run inside another statement"),
				 errhint("Call the function alone, outside a transaction block.")));

	PopActiveSnapshot();
	UnregisterSnapshotFromOwner(query->estate->es_snapshot, portal->resowner);
	UnregisterSnapshotFromOwner(query->snapshot, portal->resowner);
	query->estate->es_snapshot = InvalidSnapshot;
	query->snapshot = InvalidSnapshot;
	InvalidateCatalogSnapshot();

	if (TransactionIdIsValid(MyProc->xmin) || TransactionIdIsValid(MyProc->xid))
	{
		renew_snapshot(portal);
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for a run while this session holds a snapshot"),
				 errhint("Close the session's cursors, and call the function alone, outside a transaction block.")));
	}
	set_safe_flag(true);

	/*
	 * An index build that saw the snapshot a moment ago waits for the end of
	 * this transaction.  It waits for what cannot hurt it any more, and the
	 * run may be waiting for it: let it go.
	 */
	VirtualXactLockTableCleanup();
}

/*
 * The runner
 */

/*
 * Sleeps until something happens, at most 'timeout' ms.  A look-up in the
 * catalogs may have left its snapshot, which must not last as long as we wait.
 */
static void
wait_for_latch(long timeout)
{
	static uint32 event = 0;

	if (event == 0)
		event = mig_wait_event("MigrateRun");
	InvalidateCatalogSnapshot();
	(void) WaitLatch(MyLatch,
					 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 timeout, event);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

static void
describe_worker(BackgroundWorker *worker, dsm_segment *segment)
{
	memset(worker, 0, sizeof(BackgroundWorker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	worker->bgw_notify_pid = MyProcPid;
	worker->bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	strlcpy(worker->bgw_library_name, "migrate", BGW_MAXLEN);
	strlcpy(worker->bgw_function_name, "mig_runner_main", BGW_MAXLEN);
	strlcpy(worker->bgw_name, "migrate runner", BGW_MAXLEN);
	strlcpy(worker->bgw_type, "migrate runner", BGW_MAXLEN);
}

/*
 * Starts the runner.  The slots are shared with parallel query, so a full
 * house is often over in a moment.
 */
static void
start_runner(MigLaunch *launch)
{
	BackgroundWorker worker;
	TimestampTz deadline;
	long		pause = SLOT_FIRST_PAUSE_MS;
	MemoryContext caller_context;

	describe_worker(&worker, launch->segment);
	deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										   SLOT_WAIT_MS);
	caller_context = MemoryContextSwitchTo(launch->context);
	while (!RegisterDynamicBackgroundWorker(&worker, &launch->handle))
	{
		long		left;

		launch->handle = NULL;
		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
											   deadline);
		if (left <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("could not start a background worker"),
					 errdetail("All slots for background workers are taken; there are %d.",
							   max_worker_processes),
					 errhint("Raise \"max_worker_processes\", or run it in this session, all or nothing: %s",
							 psprintf("BEGIN; SELECT migrate.%s(); COMMIT;",
									  launch->function))));
		wait_for_latch(Min(pause, left));
		pause *= 2;
	}
	MemoryContextSwitchTo(caller_context);

	/* a runner that ends before it attaches detaches the queue */
	shm_mq_set_handle(launch->queue, launch->handle);
}

/* Has the runner's process ended?  Learns its pid on the way. */
static bool
runner_is_gone(MigLaunch *launch)
{
	pid_t		pid;
	BgwHandleStatus status = GetBackgroundWorkerPid(launch->handle, &pid);

	if (status == BGWH_STARTED)
		launch->pid = pid;
	return status == BGWH_STOPPED || status == BGWH_POSTMASTER_DIED;
}

/* Passes a notice on, or keeps the error the run ended with. */
static void
relay_message(MigLaunch *launch, StringInfo message)
{
	MemoryContext scratch = CurrentMemoryContext;
	ErrorData  *error;

	/* the error must last until it is reported */
	if (message->data[0] == 'E')
		MemoryContextSwitchTo(launch->context);
	error = palloc(sizeof(ErrorData));
	pq_parse_errornotice(message, error);
	MemoryContextSwitchTo(scratch);

	/* a position is one in the script, which the client does not have */
	error->cursorpos = 0;
	if (error->elevel < ERROR)
	{
		ThrowErrorData(error);
		return;
	}

	/* what ended the runner's process ends the run, not this session */
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION &&
		error->elevel > ERROR && error->hint == NULL)
		error->hint = MemoryContextStrdup(launch->context,
										  psprintf("SELECT migrate.%s() goes on where this run stopped.",
												   launch->function));
	error->elevel = ERROR;
	/* of several, the first is the reason for the others */
	if (launch->error == NULL)
		launch->error = error;
}

static void
keep_row(MigLaunch *launch, StringInfo message)
{
	MemoryContext scratch = MemoryContextSwitchTo(launch->context);
	MigRunRow  *row = palloc0(sizeof(MigRunRow));

	row->version = mig_wire_get_string(message);
	row->name = mig_wire_get_string(message);
	row->state = mig_wire_get_string(message);
	row->steps = (int) pq_getmsgint(message, 4);
	row->elapsed = pq_getmsgint64(message);
	launch->rows = lappend(launch->rows, row);
	MemoryContextSwitchTo(scratch);
}

/* One message of the runner.  What the protocol has besides is not for us. */
static void
handle_message(MigLaunch *launch, const char *data, Size len)
{
	StringInfoData message;

	if (len == 0)
		return;
	initStringInfo(&message);
	appendBinaryStringInfo(&message, data, (int) len);
	switch (pq_getmsgbyte(&message))
	{
		case 'E':
		case 'N':
			relay_message(launch, &message);
			break;
		case MIG_MSG_ROW:
			keep_row(launch, &message);
			break;
		case MIG_MSG_DONE:
			launch->done = true;
			break;
	}
}

/* All messages that are there; comes back when there are no more for now. */
static void
receive_messages(MigLaunch *launch)
{
	Size		len;
	void	   *data;

	while (shm_mq_receive(launch->queue, &len, &data, true) == SHM_MQ_SUCCESS)
	{
		CHECK_FOR_INTERRUPTS();
		handle_message(launch, data, len);
		MemoryContextReset(launch->scratch);
	}
}

/*
 * Who blocks the runner
 */

/*
 * The run and its caller wait for each other.  The caller alone knows, as it
 * waits on a latch.
 */
static void
report_circle(MigLaunch *launch, List *blockers)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
			 errmsg("the run waits for a lock that its own caller holds"),
			 list_member_int(blockers, MyProcPid) ?
			 errdetail("The runner (pid %d) waits for this session (pid %d), which waits for the runner.",
					   (int) launch->pid, MyProcPid) :
			 errdetail("The runner (pid %d) waits for pid %d, and that one for this session (pid %d), which waits for the runner.",
					   (int) launch->pid, linitial_int(blockers), MyProcPid),
			 errhint("Release this session's locks, if it holds any, for example with pg_advisory_unlock_all(), and call migrate.%s() again.",
					 launch->function)));
}

/* Tells the user whom the run waits for. */
static void
report_blockers(MigLaunch *launch, List *blockers)
{
	StringInfoData whom;
	StringInfoData details;
	ListCell   *lc;

	initStringInfo(&whom);
	initStringInfo(&details);
	pgstat_clear_backend_activity_snapshot();
	foreach(lc, blockers)
	{
		int			pid = lfirst_int(lc);

		if (whom.len > 0)
			appendStringInfoString(&whom, ", ");
		appendStringInfoString(&whom, pid == 0 ? "a prepared transaction" :
							   psprintf("pid %d", pid));
		mig_blockers_describe(&details, pid);
	}
	pgstat_clear_backend_activity_snapshot();

	ereport(NOTICE,
			(errmsg("runner (pid %d) waits for %s", (int) launch->pid,
					whom.data),
			 errdetail_internal("%s", details.data)));
}

/* Asks the runner to stop, or, if it has not started, the postmaster. */
static void
send_cancel(MigLaunch *launch)
{
	launch->cancels++;
	if (launch->pid == 0)
		TerminateBackgroundWorker(launch->handle);
	else
		(void) kill(launch->pid, SIGINT);
}

/*
 * Looks who blocks the runner, if it is time to.  Others are reported when
 * they are still there at the next look, when they change, and now and then.
 * Returns false if it is we, and there is nothing more to be waited for.
 */
static bool
look_for_blockers(MigLaunch *launch)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		seen_before = launch->blocked;
	List	   *blockers;

	if (launch->pid == 0 || now < launch->next_look)
		return true;
	launch->next_look = TimestampTzPlusMilliseconds(now, LOOK_INTERVAL_MS);

	blockers = mig_blockers_add(NIL, (int) launch->pid);
	if (mig_blockers_include_us(blockers))
	{
		if (launch->cancels == 0)
			report_circle(launch, blockers);
		/* a script can catch a cancel, but not have us wait for ever */
		if (launch->cancels > 1)
			return false;
		send_cancel(launch);
		return true;
	}
	list_sort(blockers, list_int_cmp);
	launch->blocked = blockers != NIL;
	if (launch->blocked && seen_before &&
		(!equal(blockers, launch->reported) ||
		 TimestampDifferenceExceeds(launch->reported_at, now,
									REPEAT_INTERVAL_MS)))
	{
		MemoryContext scratch = MemoryContextSwitchTo(launch->context);

		list_free(launch->reported);
		launch->reported = list_copy(blockers);
		MemoryContextSwitchTo(scratch);
		launch->reported_at = now;
		report_blockers(launch, blockers);
	}
	return true;
}

/*
 * The run
 */

/*
 * Waits until the runner's process has ended, passing on what it sends.  Its
 * end, not its last message, is what counts: only then its locks are free.
 */
static void
await_runner(MigLaunch *launch)
{
	MemoryContext caller_context = MemoryContextSwitchTo(launch->scratch);

	for (;;)
	{
		/* asked first, so that nothing it sent before its end is missed */
		bool		gone = runner_is_gone(launch);

		receive_messages(launch);
		if (gone || !look_for_blockers(launch))
			break;
		MemoryContextReset(launch->scratch);
		wait_for_latch(LOOK_INTERVAL_MS);
	}
	MemoryContextSwitchTo(caller_context);
}

/*
 * The caller has an error of its own.  Ends the run and waits until it has
 * recorded that, so that the user finds the state the error promises.  Another
 * interrupt ends the waiting.
 */
static void
cancel_runner(MigLaunch *launch)
{
	if (launch->handle == NULL || runner_is_gone(launch))
		return;
	pg_atomic_write_u32(&launch->wire->cancelled, 1);
	send_cancel(launch);
	await_runner(launch);
}

/* What the cancelled run says of where it was belongs to the caller's error. */
static void
add_position(ErrorData *error, const ErrorData *cancelled)
{
	if (cancelled == NULL)
		return;
	if (error->hint == NULL)
		error->hint = cancelled->hint;
	if (cancelled->context != NULL)
		error->context = error->context ?
			psprintf("%s\n%s", cancelled->context, error->context) :
			cancelled->context;
}

/* Starts the runner and waits for its end; cancels it after an error. */
static void
run_to_end(MigLaunch *launch)
{
	MemoryContext caller_context = CurrentMemoryContext;

	launch->next_look = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													LOOK_INTERVAL_MS);
	PG_TRY();
	{
		start_runner(launch);
		await_runner(launch);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller_context);
		error = CopyErrorData();
		FlushErrorState();
		cancel_runner(launch);
		add_position(error, launch->error);
		ReThrowError(error);
	}
	PG_END_TRY();
}

/* Comes back if the run ended well. */
static void
raise_outcome(MigLaunch *launch)
{
	if (launch->error != NULL)
		ThrowErrorData(launch->error);
	if (!launch->done)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("lost connection to the runner"),
				 errdetail("The background worker ended without saying how the run went; the server log has more."),
				 errhint("Call migrate.%s() again, it goes on where this run stopped.",
						 launch->function)));
}

/*
 * Executes a run in a background worker.  Notices arrive as they are sent, the
 * rows at the end, in the statement's new snapshot.  Raises the error the run
 * ended with; after an error of its own, say a cancel, the run is cancelled.
 * If this session dies, the run goes on.
 */
void
mig_launch_run(const MigRequest *request, const MigCaller *caller,
			   MigRowSink sink, void *arg)
{
	Portal		portal = ActivePortal;
	MigLaunch  *launch = palloc0(sizeof(MigLaunch));
	ListCell   *lc;

	launch->function = request->action == MIG_ACTION_ROLLBACK ? "rollback" :
		"apply";
	launch->context = CurrentMemoryContext;
	launch->scratch = AllocSetContextCreate(CurrentMemoryContext,
											"migrate launch",
											ALLOCSET_DEFAULT_SIZES);

	/* in a pipeline, what follows must not be part of this transaction */
	MyXactFlags |= XACT_FLAGS_NEEDIMMEDIATECOMMIT;

	launch->segment = mig_wire_create(request, caller, &launch->wire,
									  &launch->queue);
	release_snapshot(portal);
	run_to_end(launch);
	dsm_detach(launch->segment);
	raise_outcome(launch);
	renew_snapshot(portal);

	foreach(lc, launch->rows)
		sink(lfirst(lc), arg);
	MemoryContextDelete(launch->scratch);
}

/*
 * Where the run 'run' is, from any session.  False if it has no runner any
 * more: 'segment' may then be gone, or be something else's by now.
 */
bool
mig_launch_read_progress(dsm_handle segment, int64 run, MigProgress *out)
{
	dsm_segment *mapping;
	dsm_segment *attached = NULL;
	shm_toc    *toc = NULL;
	bool		found = false;

	if (segment == DSM_HANDLE_INVALID)
		return false;
	mapping = dsm_find_mapping(segment);
	if (mapping == NULL)
		mapping = attached = dsm_attach(segment);
	if (mapping == NULL)
		return false;

	if (dsm_segment_map_length(mapping) >
		sizeof(MigWire) + MIG_WIRE_QUEUE_SIZE)
		toc = shm_toc_attach(MIG_WIRE_MAGIC, dsm_segment_address(mapping));
	if (toc != NULL)
	{
		MigWire    *wire = shm_toc_lookup(toc, MIG_WIRE_KEY_FIXED, false);

		SpinLockAcquire(&wire->mutex);
		*out = wire->progress;
		SpinLockRelease(&wire->mutex);
		found = out->run == run;
	}
	if (attached != NULL)
		dsm_detach(attached);
	return found;
}
