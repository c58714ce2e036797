/*-------------------------------------------------------------------------
 *
 * run.c
 *	  A run: owner of the state machine, in both directions.
 *
 * A run is executed by a runner, a background worker in which each step is a
 * transaction of its own, or within the caller's transaction.  Both go through
 * the same moments: take the run lock, record runs that were interrupted,
 * plan, record the start, run each migration, record the end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "blockers.h"
#include "catalog.h"
#include "exec.h"
#include "foreign.h"
#include "guc.h"
#include "journal.h"
#include "launch.h"
#include "lint_tell.h"
#include "plan.h"
#include "record.h"
#include "repair.h"
#include "run.h"
#include "runlock.h"
#include "snapshot.h"
#include "spi_util.h"
#include "tell.h"
#include "work.h"
#include "worker.h"

typedef struct MigRun
{
	const MigRequest *request;
	bool		runner;
	const char *obstacle;		/* why it is not in a runner */
	MigRowSink	sink;
	void	   *arg;
	int64		id;
	List	   *plan;			/* of MigMigration * */
	List	  **timings;		/* of each, what is worth timing; NULL: nothing */
	instr_time	start;
	MemoryContext context;		/* as long as the run */
	bool		unsettled;		/* a failure could not be recorded */
} MigRun;

/* What a run has to know of one of its migrations, in a context of its own. */
static MigWork *
new_work(const MigRun *run, int index)
{
	MemoryContext context = AllocSetContextCreate(run->context,
												  "migrate migration",
												  ALLOCSET_DEFAULT_SIZES);
	MigWork    *work = MemoryContextAllocZero(context, sizeof(MigWork));
	MigMigration *m = list_nth(run->plan, index);

	work->context = context;
	work->run = run->id;
	work->runner = run->runner;
	work->down = run->request->action == MIG_ACTION_ROLLBACK;
	work->project = run->request->project;
	work->migration = m;
	work->number = index + 1;
	work->total = list_length(run->plan);
	work->run_start = run->start;
	work->timings = run->timings ? run->timings[index] : NIL;
	if (work->number < work->total)
		work->next = list_nth(run->plan, work->number);

	mig_position.version = m->version;
	mig_position.name = m->name;
	mig_position.down = work->down;
	mig_position.step = 0;
	mig_position.statement = 0;
	return work;
}

/* Tells the caller, and the server's log, that a migration succeeded. */
static void
send_row(const MigRun *run, const MigWork *work)
{
	MigRunRow	row;
	MigNews		news = mig_record_news(work);

	/* a cancel now belongs to the next migration, or comes too late */
	HOLD_CANCEL_INTERRUPTS();
	mig_tell_log(&news);
	RESUME_CANCEL_INTERRUPTS();
	row.version = work->migration->version;
	row.name = work->migration->name;
	row.state = mig_state_names[work->down ? MIG_PENDING : MIG_APPLIED];
	row.steps = list_length(work->steps);
	row.elapsed = news.elapsed;
	run->sink(&row, run->arg);
}

/* What is known of the run that is under way. */
typedef struct RunUnderWay
{
	const char *run;			/* NULL: it is in an open transaction */
	const char *migration;		/* NULL: none now */
} RunUnderWay;

static void
find_run_under_way(void *arg)
{
	RunUnderWay *found = arg;
	MigRunRecord *record = mig_journal_running();
	MigMigration *m = record && record->current ?
		mig_catalog_get(record->current) : NULL;

	if (record == NULL)
		return;
	found->run = psprintf("run %lld of role \"%s\" (pid %d, since %s)",
						  (long long) record->run, record->caller.role,
						  record->pid, record->started_at);
	if (m != NULL)
		found->migration = psprintf("%s of migration \"%s\"", record->action,
									mig_label(m->version, m->name));
}

/* What is known of the session that holds the run lock; "" if nothing. */
static const char *
describe_holder(void)
{
	MigBlocker	holder = {0};
	StringInfoData buf;

	initStringInfo(&buf);
	holder.pid = mig_runlock_holder();
	if (holder.pid != 0)
		mig_blockers_describe(&buf, list_make1(&holder), true);
	return buf.data;
}

/*
 * Another run is under way: says which one this request waits for, or refuses
 * it if it does not want to wait.
 */
static void
announce_waiting(const MigRequest *request)
{
	RunUnderWay other = {0};
	const char *holder;

	mig_sql_look(find_run_under_way, &other);
	holder = other.run == NULL ? describe_holder() : "";
	if (request->nowait)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("another run is under way"),
				 other.run == NULL ?
				 errdetail("Another session holds the run lock.  %s", holder) :
				 errdetail("It is %s%s%s.", other.run,
						   other.migration ? ", " : "",
						   other.migration ? other.migration : ""),
				 errhint("Leave out wait_for_lock => false to wait for it, or run SELECT * FROM migrate.progress; to see it.")));
	if (other.run == NULL)
		ereport(NOTICE,
				(errmsg("waiting for another session that holds the run lock"),
				 *holder ? errdetail_internal("%s", holder) : 0));
	else
		ereport(NOTICE,
				(errmsg("waiting for %s", other.run)));
}

/* The tool whose files are to be run; NULL: none, or some have been already. */
static const char *
tool_of(const List *plan)
{
	const char *tool = NULL;
	ListCell   *lc;

	foreach(lc, plan)
	{
		const MigMigration *m = lfirst(lc);

		if (m->state == MIG_PARTIAL)
			return NULL;
		if (tool == NULL && mig_tool_is_known(m->layout))
			tool = m->layout;
	}
	return tool;
}

/* What another tool has applied, and its history tells, is not run again. */
static void
check_history(const MigRequest *request, const MigForeignTable *table)
{
	int			count = mig_foreign_count_run(table);
	const char *tool = table->tool->name;

	if (count == 0)
		return;
	ereport(mig_unadopted_history == MIG_OBJECT_WARN ? WARNING : ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("project \"%s\" has not adopted the history of %s",
					request->project, tool),
			 count < 0 ?
			 errdetail("You may not read table %s, which says what %s has applied.",
					   table->name, tool) :
			 errdetail_plural("Table %s has %d row of what %s has applied.",
							  "Table %s has %d rows of what %s has applied.",
							  count, table->name, count, tool),
			 errhint("Run %s first.  If that table is not about these files, run SET migrate.unadopted_history = 'allow'; and call migrate.apply() again.",
					 mig_call_rows("adopt",
								   psprintf("'%s', %s", tool,
											quote_literal_cstr(table->name)),
								   request->project))));
}

/*
 * Files of another tool that nothing is known of here may have been run by the
 * tool: refuses the first run of a project before its history is adopted.
 */
static void
check_first_run(const MigRun *run)
{
	const char *tool = tool_of(run->plan);
	ListCell   *lc;

	if (run->request->action != MIG_ACTION_APPLY || tool == NULL ||
		mig_unadopted_history == MIG_OBJECT_ALLOW ||
		mig_journal_has_begun(run->request->project))
		return;
	/* a runner has none between the statements of a script */
	PushActiveSnapshot(GetTransactionSnapshot());
	foreach(lc, mig_histories_find(tool, true))
		check_history(run->request, lfirst(lc));
	PopActiveSnapshot();
}

/* Records the start of the run. */
static void
start_run(MigRun *run)
{
	MigMigration *first = linitial(run->plan);
	ListCell   *lc;

	check_first_run(run);
	if (run->request->action == MIG_ACTION_APPLY)
		run->timings = mig_lint_before_run(run->plan);
	foreach(lc, run->plan)
	{
		MigMigration *m = lfirst(lc);

		if (m->out_of_order && m->state == MIG_PENDING &&
			mig_out_of_order == MIG_OBJECT_WARN)
			ereport(WARNING,
					(errcode(ERRCODE_WARNING),
					 errmsg("migration \"%s\" is older than the newest applied migration",
							mig_label(m->version, m->name))));
	}
	run->id = mig_journal_start(run->request, first,
									run->runner ? mig_worker_segment() : 0);
	/* before the row can be seen */
	mig_worker_set_run(run->id);
}

/*
 * Within the caller's transaction
 */

/* Appends advice to what the error itself advises. */
static void
add_hint(ErrorData *error, const char *hint)
{
	error->hint = error->hint ? psprintf("%s  %s", error->hint, hint) :
		pstrdup(hint);
}

/* The call that this run is, for a hint to propose. */
static const char *
call_again(const MigRun *run)
{
	return mig_call(run->request->action == MIG_ACTION_APPLY ?
					"apply" : "rollback",
					run->request->target ?
					quote_literal_cstr(run->request->target) : "",
					run->request->project);
}

/* Can the same script succeed another time, or with other rights? */
static bool
is_worth_another_try(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_QUERY_CANCELED:
		case ERRCODE_LOCK_NOT_AVAILABLE:
		case ERRCODE_T_R_DEADLOCK_DETECTED:
		case ERRCODE_T_R_SERIALIZATION_FAILURE:
		case ERRCODE_INSUFFICIENT_PRIVILEGE:
			return true;
	}
	return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INSUFFICIENT_RESOURCES ||
		ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_TO_CATEGORY(ERRCODE_IO_ERROR);
}

/* The next command after a failure that the caller's rollback undoes. */
static void
add_transaction_hint(const MigRun *run, ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE:
		case ERRCODE_INVALID_TRANSACTION_TERMINATION:
		case ERRCODE_ACTIVE_SQL_TRANSACTION:
			add_hint(error, psprintf("Run %s alone, outside a transaction block.",
									 call_again(run)));
			break;
		default:
			add_hint(error, psprintf("Nothing of the run is kept.  %s %s",
									 is_worth_another_try(error->sqlerrcode) ?
									 "Run" : "Correct the script, store it again and run",
									 call_again(run)));
	}
}

/*
 * One migration, within the caller's transaction.  What it sets is undone at
 * its end, so that the next one begins as this one did.
 */
static void
run_one_in_transaction(const MigRun *run, MigWork *work)
{
	int			guc_level = NewGUCNestLevel();
	Oid			role;
	int			security;

	GetUserIdAndSecContext(&role, &security);
	mig_guc_limit_lock_waits();
	mig_position.active = true;
	PG_TRY();
	{
		mig_work_run(work);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		mig_position_clear();
		MemoryContextSwitchTo(run->context);
		error = CopyErrorData();
		FlushErrorState();
		add_transaction_hint(run, error);
		ReThrowError(error);
	}
	PG_END_TRY();
	mig_position_clear();
	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(role, security);
	send_row(run, work);
}

/* A run as a part of the caller's transaction: all of it or nothing. */
static void
run_in_transaction(MigRun *run)
{
	List	   *works = NIL;
	ListCell   *lc;

	mig_caller_is_self();
	if (!mig_runlock_try(false))
	{
		announce_waiting(run->request);
		mig_runlock_wait(false);
	}
	mig_repair_interrupted();
	run->plan = mig_plan(run->request);
	if (run->plan == NIL)
		return;
	start_run(run);
	for (int i = 0; i < list_length(run->plan); i++)
	{
		MigWork    *work = new_work(run, i);
		MemoryContext caller = MemoryContextSwitchTo(work->context);
		bool		there = mig_work_load(work);

		if (there)
			mig_work_check_atomic(work, run->obstacle);
		MemoryContextSwitchTo(caller);
		if (there)
			works = lappend(works, work);
	}
	foreach(lc, works)
	{
		MigWork    *work = lfirst(lc);
		MemoryContext caller = MemoryContextSwitchTo(work->context);

		INSTR_TIME_SET_CURRENT(work->start);
		mig_position.version = work->migration->version;
		mig_position.name = work->migration->name;
		run_one_in_transaction(run, work);
		MemoryContextSwitchTo(caller);
		MemoryContextDelete(work->context);
	}
	mig_journal_end(run->id, "success");
}

/*
 * In a runner
 */

/*
 * The next command after a failure; see design section 4.6.  An error of our
 * own may bring it already.
 */
static void
add_runner_hint(const MigRun *run, const MigWork *work, MigState state,
				ErrorData *error)
{
	const char *project = run->request->project;
	const char *argument = mig_argument(work->migration->version,
										work->migration->name);
	const char *kept;

	if (error->hint != NULL && strstr(error->hint, "migrate.") != NULL)
		return;
	if (work->committed_part)
		add_hint(error, psprintf("Statement %d committed a part of its work before it failed, and will run again as a whole.",
								 mig_position.statement));
	if (state == MIG_PARTIAL)
	{
		add_hint(error, psprintf("%s %s to go on at step %d of %d, or settle it with %s or %s",
								 is_worth_another_try(error->sqlerrcode) ?
								 "Run" : "Correct the rest of the script, store it again and run",
								 call_again(run), work->at + 1,
								 list_length(work->steps),
								 mig_call_resolve(argument, "applied", project),
								 mig_call_resolve(argument, "rolled_back", project)));
		return;
	}
	kept = work->down ? "The migration is still applied." :
		"Nothing of the migration is kept.";
	if (is_worth_another_try(error->sqlerrcode))
		add_hint(error, psprintf("%s  Run %s to try again.", kept,
								 call_again(run)));
	else
		add_hint(error, psprintf("%s  Correct the script, store it again and run %s",
								 kept, call_again(run)));
}

/*
 * Records a failure after the abort.  If even that fails, say for a full disk,
 * the run stays behind as one that was interrupted.
 */
static void
record_failure(MigRun *run, MigWork *work, ErrorData *error)
{
	run->unsettled = true;
	PG_TRY();
	{
		MigState	state = mig_work_fail(work, error);

		run->unsettled = false;
		add_runner_hint(run, work, state, error);
	}
	PG_CATCH();
	{
		ErrorData  *second = mig_work_catch(work);

		ereport(WARNING,
				(errcode(second->sqlerrcode),
				 errmsg("could not record the failure: %s", second->message),
				 errhint("The next run will find that this one was interrupted.")));
		add_hint(error, psprintf("%s goes on where this run stopped.",
								 call_again(run)));
	}
	PG_END_TRY();
}

/* One migration in the runner; an error is recorded and raised again. */
static void
run_one_in_runner(MigRun *run, int index)
{
	MigWork    *work = new_work(run, index);
	volatile bool there = false;

	MemoryContextSwitchTo(work->context);
	PG_TRY();
	{
		mig_worker_clean_session();
		mig_runlock_after_discard();
		MemoryContextSwitchTo(work->context);
		mig_worker_set_position(&mig_position, NULL);
		there = mig_work_load(work);
		mig_position.active = true;
		if (there)
			mig_work_run(work);
	}
	PG_CATCH();
	{
		ErrorData  *error = mig_work_catch(work);

		record_failure(run, work, error);
		mig_position_clear();
		ReThrowError(error);
	}
	PG_END_TRY();
	mig_position_clear();
	if (there)
		send_row(run, work);
	MemoryContextSwitchTo(run->context);
	MemoryContextDelete(work->context);
}

/* Starts a transaction of the run itself. */
static void
begin(MemoryContext context)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	MemoryContextSwitchTo(context);
}

/* Not synchronously; see record.c. */
static void
commit(MemoryContext context)
{
	mig_record_commit_later();
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

/* Takes the run lock for this process; waits for it without a snapshot. */
void
mig_run_lock(const MigRequest *request)
{
	MemoryContext context = CurrentMemoryContext;
	bool		locked;

	begin(context);
	locked = mig_runlock_try(true);
	if (!locked)
		announce_waiting(request);
	commit(context);
	if (locked)
		return;
	begin(context);
	mig_runlock_wait(true);
	commit(context);
	mig_worker_check_cancelled();
}

/* A run in its runner: what succeeded stays. */
static void
run_in_runner(MigRun *run)
{
	MemoryContextSwitchTo(run->context);
	mig_run_lock(run->request);
	begin(run->context);
	mig_repair_interrupted();
	commit(run->context);
	begin(run->context);
	run->plan = mig_plan(run->request);
	if (run->plan != NIL)
		start_run(run);
	else if (run->id != 0)
		mig_journal_end(run->id, "success");
	commit(run->context);
	if (run->plan == NIL)
		return;
	for (int i = 0; i < list_length(run->plan); i++)
		run_one_in_runner(run, i);
	/* there is nothing left to cancel */
	HOLD_CANCEL_INTERRUPTS();
	begin(run->context);
	mig_journal_end(run->id, "success");
	/* with this flush, all that the run committed is safe */
	ForceSyncCommit();
	CommitTransactionCommand();
	MemoryContextSwitchTo(run->context);
	QueryCancelPending = false;
	RESUME_CANCEL_INTERRUPTS();
}

/*
 * Keeps the error for whoever asks how the run ended, and that it has ended if
 * it was in no migration.  Without a number it has not begun, and its caller
 * alone knows of it.
 */
static void
record_error(const MigRun *run, ErrorData *error)
{
	if (run->id == 0)
		return;
	PG_TRY();
	{
		begin(run->context);
		if (!run->unsettled)
			mig_journal_end(run->id,
							error->sqlerrcode == ERRCODE_QUERY_CANCELED ?
							"cancelled" : "failed");
		mig_journal_set_error(run->id, error);
		ForceSyncCommit();
		CommitTransactionCommand();
		MemoryContextSwitchTo(run->context);
	}
	PG_CATCH();
	{
		/* a warning has told why the failure could not be recorded */
		MemoryContextSwitchTo(run->context);
		FlushErrorState();
		AbortOutOfAnyTransaction();
	}
	PG_END_TRY();
}

/* The main function of a runner. */
void
mig_runner_main(Datum main_arg)
{
	MigRequest	request;
	MigRun		run = {0};

	mig_worker_open(main_arg, &request, &mig_caller);
	run.request = &request;
	run.id = request.run;
	run.runner = true;
	run.sink = mig_worker_send_row;
	run.context = AllocSetContextCreate(TopMemoryContext, "migrate run",
										ALLOCSET_DEFAULT_SIZES);
	INSTR_TIME_SET_CURRENT(run.start);
	PG_TRY();
	{
		mig_worker_await_start();
		run_in_runner(&run);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(run.context);
		error = CopyErrorData();
		FlushErrorState();
		mig_exec_after_error();
		AbortOutOfAnyTransaction();
		HOLD_CANCEL_INTERRUPTS();
		record_error(&run, error);
		mig_runlock_release();
		mig_worker_fail(error);
	}
	PG_END_TRY();
	mig_runlock_release();
	mig_worker_close();
}

/*
 * The call
 */

/* Leaves the request alone if there is something to do, else clears it. */
static void
look_for_work(void *request)
{
	const MigRequest **wanted = request;

	if (mig_plan(*wanted) == NIL)
		*wanted = NULL;
}

/* Is there anything that the request would run? */
bool
mig_run_has_work(const MigRequest *request)
{
	mig_sql_look(look_for_work, &request);
	return request != NULL;
}

/*
 * Waits until no other session is about to launch a runner, without a
 * snapshot.  False if then there is nothing left to do.
 */
static bool
take_turn(const MigRequest *request)
{
	Portal		portal = ActivePortal;
	int			guc_level;

	if (mig_runlock_take_turn(false))
		return true;
	announce_waiting(request);
	guc_level = NewGUCNestLevel();
	mig_guc_unlimit_lock_waits();
	mig_snapshot_release(portal);
	(void) mig_runlock_take_turn(true);
	AtEOXact_GUC(false, guc_level);
	mig_snapshot_renew(portal);
	return mig_run_has_work(request);
}

/*
 * Executes a request in a process of its own, if it still has something to do
 * when its turn comes.  The caller's statement has no obstacle.
 */
void
mig_run_in_worker(const MigRequest *request, MigTextsSink sink, void *arg)
{
	if (take_turn(request))
	{
		mig_caller_is_self();
		mig_launch_run(request, &mig_caller, sink, arg);
	}
	mig_runlock_end_turn();
}

/* A MigTextsSink: hands what mig_worker_send_row() sent to the run's sink. */
static void
take_row(List *texts, void *arg)
{
	const MigRun *run = arg;
	MigRunRow	row;

	row.version = linitial(texts);
	row.name = lsecond(texts);
	row.state = lthird(texts);
	row.steps = atoi(lfourth(texts));
	row.elapsed = strtoll(list_nth(texts, 4), NULL, 10);
	run->sink(&row, run->arg);
}

/*
 * Executes a request where it can be, and hands a row for each migration to
 * the sink.  Without anything to do it returns at once.
 */
void
mig_run(FunctionCallInfo fcinfo, const MigRequest *request, MigWhere where,
		MigRowSink sink, void *arg)
{
	MigRun		run = {0};

	if (!mig_run_has_work(request))
		return;
	mig_refuse_read_only(request->action == MIG_ACTION_APPLY ?
						 "apply" : "rollback");
	run.obstacle = where == MIG_IN_TRANSACTION ?
		"atomic is true" : mig_snapshot_obstacle(fcinfo);
	run.sink = sink;
	run.arg = arg;
	if (run.obstacle == NULL)
	{
		mig_run_in_worker(request, take_row, &run);
		return;
	}
	if (where == MIG_IN_RUNNER)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("the run cannot be given to a runner"),
				 errdetail("Nothing was run: %s.", run.obstacle),
				 errhint("Leave out atomic => false, or make the call %s",
						 mig_snapshot_hint(run.obstacle))));
	run.request = request;
	run.context = CurrentMemoryContext;
	INSTR_TIME_SET_CURRENT(run.start);
	run_in_transaction(&run);
}
