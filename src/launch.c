/*-------------------------------------------------------------------------
 *
 * launch.c
 *	  The caller's side of a run in a background worker.
 *
 * It waits without a snapshot; see snapshot.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "libpq/pqmq.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shm_mq.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "launch.h"
#include "snapshot.h"
#include "watch.h"
#include "wire.h"

/* How long to try for a free worker slot, and the first pause between tries */
#define SLOT_WAIT_MS		5000
#define SLOT_FIRST_PAUSE_MS	50

/* How long a repeated cancel may be on its way. */
#define REPEATED_CANCEL_MS	10

/* What the user calls, and what its process executes. */
typedef struct MigCall
{
	const char *function;
	const char *main;
	bool		leaves_nothing; /* an interrupted one has not happened */
} MigCall;

static const MigCall calls[] = {
	[MIG_ACTION_APPLY] = {"apply", "mig_runner_main", false},
	[MIG_ACTION_ROLLBACK] = {"rollback", "mig_runner_main", false},
	[MIG_ACTION_DRY_RUN] = {"dry_run", "mig_rehearse_main", true},
	[MIG_ACTION_VERIFY] = {"verify", "mig_verify_main", true},
	[MIG_ACTION_LINT] = {"lint", "mig_rehearse_main", true},
};

/* One run, as its caller sees it. */
typedef struct MigLaunch
{
	const MigCall *call;
	MemoryContext context;		/* for what must last as long as this */
	MemoryContext scratch;		/* reset for every message and every look */

	dsm_segment *segment;
	MigWire    *wire;
	shm_mq_handle *queue;
	BackgroundWorkerHandle *handle; /* NULL: not registered yet */
	pid_t		pid;			/* 0: not started yet */

	List	   *rows;			/* of List *, texts */
	ErrorData  *error;			/* the run ended with it */
	bool		done;			/* the run ended well */
	int			cancels;		/* sent, as the caller has its own error */

	MigWatch	watch;
} MigLaunch;

/*
 * The runner
 */

static void
describe_worker(BackgroundWorker *worker, dsm_segment *segment,
				const char *function)
{
	memset(worker, 0, sizeof(BackgroundWorker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	worker->bgw_notify_pid = MyProcPid;
	worker->bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	strlcpy(worker->bgw_library_name, "migrate", BGW_MAXLEN);
	strlcpy(worker->bgw_function_name, function, BGW_MAXLEN);
	strlcpy(worker->bgw_name, "migrate runner", BGW_MAXLEN);
	strlcpy(worker->bgw_type, "migrate runner", BGW_MAXLEN);
}

/* What to do when there is no slot for a worker. */
static const char *
hint_without_slot(const MigCall *call)
{
	if (call->leaves_nothing)
		return psprintf("Raise \"max_worker_processes\", or call migrate.%s() again later.",
						call->function);
	return psprintf("Raise \"max_worker_processes\", or run it in this session, all or nothing: BEGIN; SELECT migrate.%s(); COMMIT;",
					call->function);
}

/*
 * Starts the runner of a segment.  The slots are shared with parallel query,
 * so a full house is often over in a moment.  The handle lives in the current
 * context.
 */
BackgroundWorkerHandle *
mig_launch_runner(dsm_segment *segment, shm_mq_handle *queue,
				  MigAction action)
{
	BackgroundWorkerHandle *handle;
	BackgroundWorker worker;
	TimestampTz deadline;
	long		pause = SLOT_FIRST_PAUSE_MS;

	describe_worker(&worker, segment, calls[action].main);
	deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										   SLOT_WAIT_MS);
	while (!RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		long		left;

		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
											   deadline);
		if (left <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("could not start a background worker"),
					 errdetail("All slots for background workers are taken; there are %d.",
							   max_worker_processes),
					 errhint("%s", hint_without_slot(&calls[action]))));
		mig_watch_latch(Min(pause, left));
		pause *= 2;
	}

	/* a runner that ends before it attaches detaches the queue */
	shm_mq_set_handle(queue, handle);
	return handle;
}

/*
 * The segment of a run, from any session, to be given back with
 * mig_launch_detach().  NULL if the run has no runner any more: the segment
 * may then be gone, or be something else's by now.
 */
MigWire *
mig_launch_attach(dsm_handle handle, int64 run, dsm_segment **attached)
{
	dsm_segment *segment;
	MigWire    *wire;

	*attached = NULL;
	if (handle == DSM_HANDLE_INVALID)
		return NULL;
	segment = dsm_find_mapping(handle);
	if (segment == NULL)
		segment = *attached = dsm_attach(handle);
	if (segment == NULL)
		return NULL;
	wire = mig_wire_open(segment, run);
	if (wire == NULL)
		mig_launch_detach(*attached);
	return wire;
}

/* Gives back what mig_launch_attach() has attached, if anything. */
void
mig_launch_detach(dsm_segment *attached)
{
	if (attached != NULL)
		dsm_detach(attached);
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

/* What an interrupted call means for the next one. */
static const char *
hint_to_go_on(const MigLaunch *launch)
{
	if (launch->call->leaves_nothing)
		return psprintf("Nothing of it is kept.  Call migrate.%s() again.",
						launch->call->function);
	return psprintf("Call migrate.%s() again, it goes on where this run stopped.",
					launch->call->function);
}

/* The next command after an error that ended the runner's process. */
static const char *
hint_after_exit(const MigLaunch *launch)
{
	const char *function = launch->call->function;
	bool		connected;

	SpinLockAcquire(&launch->wire->mutex);
	connected = launch->wire->progress.pid != 0;
	SpinLockRelease(&launch->wire->mutex);
	if (launch->call->leaves_nothing)
		return hint_to_go_on(launch);
	if (connected)
		return psprintf("SELECT migrate.%s(); goes on where this run stopped.",
						function);
	return psprintf("The runner could not connect as this session's user.  Run it in this session, all or nothing: BEGIN; SELECT migrate.%s(); COMMIT;",
					function);
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
	if (error->elevel > ERROR && error->hint == NULL)
		error->hint = MemoryContextStrdup(launch->context,
										  hint_after_exit(launch));
	error->elevel = ERROR;
	/* of several, the first is the reason for the others */
	if (launch->error == NULL)
		launch->error = error;
}

static void
keep_row(MigLaunch *launch, StringInfo message)
{
	MemoryContext scratch = MemoryContextSwitchTo(launch->context);

	launch->rows = lappend(launch->rows, mig_wire_get_strings(message));
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
	bool		own = list_member_int(blockers, MyProcPid);

	ereport(ERROR,
			(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
			 own ? errmsg("the run waits for a lock that its own caller holds") :
			 errmsg("the run waits for a session that waits for it"),
			 errdetail_internal("%s", mig_watch_circle((int) launch->pid,
													   blockers)),
			 own ? errhint("Release this session's locks, if it holds any, for example with pg_advisory_unlock_all(), and call migrate.%s() again.",
						   launch->call->function) :
			 errhint("Release this session's locks, if it holds any, or end the statement of pid %d, and call migrate.%s() again.",
					 linitial_int(blockers), launch->call->function)));
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
 * A commit that waits for a synchronous standby takes a cancel for itself: it
 * ends that wait and no more.  After a cancel the runner still has to record
 * it, and would wait for the standby again: this ends these waits too.
 */
static void
end_standby_wait(MigLaunch *launch)
{
	PGPROC	   *runner;

	if (launch->cancels == 0 || launch->pid == 0)
		return;
	runner = BackendPidGetProc((int) launch->pid);
	if (runner != NULL && runner->wait_event_info == WAIT_EVENT_SYNC_REP)
		(void) kill(launch->pid, SIGINT);
}

/*
 * Looks who blocks the runner.  Returns false if it is we, and there is
 * nothing more to be waited for.
 */
static bool
look_for_blockers(MigLaunch *launch)
{
	List	   *circle = mig_watch_look(&launch->watch, (int) launch->pid);

	if (circle == NIL)
		return true;
	if (launch->cancels == 0)
		report_circle(launch, circle);
	/* a script can catch a cancel, but not have us wait for ever */
	if (launch->cancels > 1)
		return false;
	send_cancel(launch);
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
		end_standby_wait(launch);
		MemoryContextReset(launch->scratch);
		mig_watch_latch(MIG_WATCH_INTERVAL_MS);
	}
	MemoryContextSwitchTo(caller_context);
}

/*
 * The server sends a cancel to the process and to its process group, so that
 * one request arrives twice: the second time is no other interrupt.
 */
static void
forget_repeated_cancel(void)
{
	HOLD_CANCEL_INTERRUPTS();
	(void) WaitLatch(MyLatch, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 REPEATED_CANCEL_MS, mig_watch_event());
	QueryCancelPending = false;
	RESUME_CANCEL_INTERRUPTS();
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
	forget_repeated_cancel();
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

/*
 * This session ends while it waits.  A run goes on without it; what would leave
 * nothing and is for nobody any more must not hold its locks any longer.
 */
static void
abandon_runner(int code, Datum arg)
{
	MigLaunch  *launch = (MigLaunch *) DatumGetPointer(arg);

	if (launch->handle == NULL)
		return;
	pg_atomic_write_u32(&launch->wire->cancelled, 1);
	if (launch->pid == 0)
		TerminateBackgroundWorker(launch->handle);
	else
		(void) kill(launch->pid, SIGTERM);
}

/* Starts the runner and waits for its end; cancels it after an error. */
static void
run_to_end(MigLaunch *launch, MigAction action)
{
	MemoryContext caller_context = CurrentMemoryContext;

	mig_watch_init(&launch->watch);
	if (launch->call->leaves_nothing)
		before_shmem_exit(abandon_runner, PointerGetDatum(launch));
	PG_TRY();
	{
		launch->handle = mig_launch_runner(launch->segment, launch->queue,
										   action);
		await_runner(launch);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller_context);
		error = CopyErrorData();
		FlushErrorState();
		cancel_runner(launch);
		if (launch->call->leaves_nothing)
			cancel_before_shmem_exit(abandon_runner, PointerGetDatum(launch));
		add_position(error, launch->error);
		ReThrowError(error);
	}
	PG_END_TRY();
	if (launch->call->leaves_nothing)
		cancel_before_shmem_exit(abandon_runner, PointerGetDatum(launch));
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
				 errhint("%s", hint_to_go_on(launch))));
}

/*
 * Executes a run in a background worker.  Notices arrive as they are sent, the
 * rows at the end, in the statement's new snapshot.  Raises the error the run
 * ended with; after an error of its own, say a cancel, the run is cancelled.
 * If this session dies, the run goes on, unless nothing of it would stay.
 */
void
mig_launch_run(const MigRequest *request, const MigCaller *caller,
			   MigTextsSink sink, void *arg)
{
	Portal		portal = ActivePortal;
	MigLaunch  *launch = palloc0(sizeof(MigLaunch));
	ListCell   *lc;

	launch->call = &calls[request->action];
	launch->context = CurrentMemoryContext;
	launch->scratch = AllocSetContextCreate(CurrentMemoryContext,
											"migrate launch",
											ALLOCSET_DEFAULT_SIZES);

	/* in a pipeline, what follows must not be part of this transaction */
	MyXactFlags |= XACT_FLAGS_NEEDIMMEDIATECOMMIT;

	launch->segment = mig_wire_create(request, caller, &launch->wire,
									  &launch->queue);
	mig_snapshot_release(portal);
	run_to_end(launch, request->action);
	dsm_detach(launch->segment);
	raise_outcome(launch);
	mig_snapshot_renew(portal);

	foreach(lc, launch->rows)
		sink(lfirst(lc), arg);
	MemoryContextDelete(launch->scratch);
}

/*
 * Where the run 'run' is, from any session.  False if it has no runner any
 * more.
 */
bool
mig_launch_read_progress(dsm_handle segment, int64 run, MigProgress *out)
{
	dsm_segment *attached;
	MigWire    *wire = mig_launch_attach(segment, run, &attached);

	if (wire == NULL)
		return false;
	SpinLockAcquire(&wire->mutex);
	*out = wire->progress;
	SpinLockRelease(&wire->mutex);
	mig_launch_detach(attached);
	return true;
}
