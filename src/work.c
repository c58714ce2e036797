/*-------------------------------------------------------------------------
 *
 * work.c
 *	  One migration of a run: its steps, its outcome.
 *
 * What a step did and the record that it was done
 * commit together.  Only a step that cannot run in a transaction is first
 * recorded as started, then run, then recorded as done.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "replication/slot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "blockers.h"
#include "exec.h"
#include "guc.h"
#include "ledger.h"
#include "leftover.h"
#include "record.h"
#include "remains.h"
#include "retry.h"
#include "runctx.h"
#include "runlock.h"
#include "snapshot.h"
#include "work.h"
#include "worker.h"

/* How long cleaning up after a failure may wait for each lock. */
#define CLEAN_UP_LOCK_TIMEOUT "5s"

/*
 * The script and its steps
 */

static MigStep *
current_step(const MigWork *work)
{
	return list_nth(work->steps, work->at);
}

/* Names the migration in errors of its parsing. */
static void
migration_error_context(void *arg)
{
	const MigMigration *m = ((MigWork *) arg)->migration;

	errcontext("migration \"%s\"", mig_label(m->version, m->name));
}

/*
 * The definition is not the one that was planned: takes the stored one.  False
 * if there is none any more; then the run goes on without it.
 */
static bool
take_stored_definition(MigWork *work)
{
	MigMigration *m = mig_catalog_get(work->migration->id);

	if (m != NULL && (!work->down || m->down != NULL))
	{
		mig_journal_goes_on(work->run, m, m);
		work->migration = m;
		return true;
	}
	ereport(NOTICE,
			(errmsg("migration \"%s\" was removed meanwhile",
					mig_label(work->migration->version,
							  work->migration->name))));
	if (work->next != NULL && (m = mig_catalog_get(work->next->id)) != NULL)
		mig_journal_goes_on(work->run, m, m);
	return false;
}

/* Splits the script into steps and finds out where to begin. */
static void
split_script(MigWork *work, const char *text)
{
	const MigMigration *m = work->migration;

	work->script = mig_script_parse(text,
									work->down ? m->down_line : m->up_line,
									work->down ? m->down_no_transaction :
									m->up_no_transaction);
	work->steps = work->script->steps;
	if (m->state == MIG_FAILED || m->state == MIG_PARTIAL)
		mig_ledger_read(work);
}

/*
 * Reads the script and splits it into steps.  Its definition may have been
 * replaced while the run was busy with others; false if it is gone.
 */
bool
mig_work_load(MigWork *work)
{
	ErrorContextCallback callback;
	char	   *text;

	callback.callback = migration_error_context;
	callback.arg = work;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	INSTR_TIME_SET_CURRENT(work->start);
	mig_record_begin(work);
	text = mig_catalog_script(work->migration, work->down);
	if (text == NULL && take_stored_definition(work))
		text = mig_catalog_script(work->migration, work->down);
	if (text != NULL)
		split_script(work, text);
	mig_record_commit(work, false);
	error_context_stack = callback.previous;
	return text != NULL;
}

/* An error if a step cannot run within the caller's transaction. */
void
mig_work_check_atomic(MigWork *work, const char *obstacle)
{
	const MigMigration *m = work->migration;
	ListCell   *lc;

	foreach(lc, work->steps)
	{
		MigStep    *step = lfirst(lc);
		const MigStatement *s;

		if ((!step->toplevel && step->begin_options == NIL) ||
			step->last <= work->done)
			continue;
		s = mig_ledger_statement(work, step->first);
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s of migration \"%s\" cannot run within the caller's transaction",
						GetCommandTagName(s->tag),
						mig_label(m->version, m->name)),
				 errdetail("It is statement %d, line %d.  Nothing was run: %s.",
						   s->number, s->line, obstacle),
				 errhint("Run %s %s",
						 mig_call(work->down ? "rollback" : "apply", "",
								  work->project),
						 mig_snapshot_hint(obstacle))));
	}
}

/* What a notice says of where the run is. */
static void
announce(const MigWork *work)
{
	const MigMigration *m = work->migration;
	const MigStep *step = current_step(work);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %d of %d, \"%s\"",
					 work->down ? "rollback" : "migration",
					 work->number, work->total, mig_label(m->version, m->name));
	if (list_length(work->steps) > 1)
	{
		appendStringInfo(&text, ": step %d of %d, ", work->at + 1,
						 list_length(work->steps));
		if (step->first == step->last)
			appendStringInfoString(&text, GetCommandTagName(mig_ledger_statement(work, step->first)->tag));
		else
			appendStringInfo(&text, "statements %d to %d", step->first,
							 step->last);
	}
	ereport(NOTICE,
			(errmsg("%s (%.1f s)", text.data,
					mig_record_elapsed(&work->run_start) / 1000000.0)));
	pfree(text.data);
}

/*
 * Running
 */

/* Where the time of a statement is kept; NULL: it is not. */
static MigTiming *
timing_of(const MigWork *work, int number)
{
	ListCell   *lc;

	foreach(lc, work->timings)
	{
		MigTiming  *timing = lfirst(lc);

		if (timing->statement == number)
			return timing;
	}
	return NULL;
}

/* Runs one statement; BEGIN and COMMIT were turned into steps. */
static void
run_statement(MigWork *work, int number, bool toplevel)
{
	const MigStatement *s = mig_ledger_statement(work, number);
	MigTiming  *timing = timing_of(work, number);
	instr_time	start;

	if (s->class == MIG_STMT_BEGIN || s->class == MIG_STMT_COMMIT)
		return;
	mig_position.statement = number;
	mig_position.line = s->line;
	if (work->runner)
	{
		char	   *text = mig_exec_text(work->script, s);

		mig_worker_check_cancelled();
		mig_worker_set_position(&mig_position, text);
		pfree(text);
	}
	if (!toplevel)
		mig_guc_limit_lock_waits();
	INSTR_TIME_SET_CURRENT(start);
	mig_exec_statement(work->script, s, toplevel);
	if (timing != NULL)
		timing->elapsed = mig_record_elapsed(&start);
	/* pg_dump writes SET client_encoding; the caller takes the database's */
	if (work->runner)
		(void) SetClientEncoding(GetDatabaseEncoding());
}

/*
 * The completed steps ran in another session: what they set for the rest of
 * the script is set again.
 */
static void
replay_settings(MigWork *work)
{
	mig_record_begin(work);
	mig_worker_restore_session(work->settings);
	mig_record_commit(work, false);
}

/* SET LOCAL, which ends with its transaction. */
static bool
is_local_setting(const MigStatement *s)
{
	Node	   *stmt = s->raw->stmt;

	return IsA(stmt, VariableSetStmt) && castNode(VariableSetStmt, stmt)->is_local;
}

/* A step that was one with others keeps what SET LOCAL set before it. */
static void
repeat_local_settings(MigWork *work, const MigStep *step)
{
	if (step->origin == 0)
		return;
	for (int i = step->origin; i < step->first; i++)
		if (is_local_setting(mig_ledger_statement(work, i)))
			run_statement(work, i, false);
}

/* Errors of a commit, say of a deferred constraint, belong to no statement. */
static void
commit_error_context(void *arg)
{
	if (mig_retry_may_help(geterrcode()))
		mig_blockers_remember();
	/* a statement of our own is nothing to show */
	internalerrposition(0);
	internalerrquery(NULL);
	errcontext("commit of step %d of migration \"%s\"", mig_position.step,
			   mig_position_label());
}

/* Records a step in its own transaction and commits. */
static void
finish_block(MigWork *work, const MigStep *step)
{
	ErrorContextCallback callback;

	callback.callback = commit_error_context;
	callback.arg = NULL;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	mig_position.statement = 0;
	mig_blockers_forget();
	mig_record_step(work, step);
	mig_record_commit(work, false);
	error_context_stack = callback.previous;
}

/* Runs a step within a transaction and records it in the same one. */
static void
run_block(MigWork *work, const MigStep *step)
{
	mig_record_begin_block(work);
	if (step->begin_options != NIL)
		mig_exec_set_transaction(step->begin_options);
	repeat_local_settings(work, step);
	for (int i = step->first; i <= step->last; i++)
		run_statement(work, i, false);
	finish_block(work, step);
}

/* Runs a text of our own at top level. */
static void
run_own(MigWork *work, const char *sql)
{
	mig_record_begin(work);
	mig_exec_sql(sql, true);
	mig_record_commit(work, false);
}

/*
 * Looks at what an unfinished statement left, and drops its invalid indexes;
 * says how to go on.
 */
static MigVerdict
settle_leftover(MigWork *work)
{
	Node	   *stmt = mig_ledger_statement(work, work->started->first)->raw->stmt;
	MigVerdict	verdict;
	List	   *drop;
	ListCell   *lc;

	mig_record_begin(work);
	verdict = mig_leftover_verdict(stmt, work->started->before, &drop);
	mig_record_commit(work, false);
	foreach(lc, drop)
		run_own(work, psprintf("DROP INDEX CONCURRENTLY IF EXISTS %s",
							   (char *) lfirst(lc)));
	return verdict;
}

/* Only a human can tell whether a crash came before or after the end. */
static void
report_unknown_outcome(const MigWork *work)
{
	const MigMigration *m = work->migration;
	const MigStatement *s = mig_ledger_statement(work, work->started->first);
	const char *argument = mig_argument(m->version, m->name);

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("it is not known whether %s of migration \"%s\" was completed",
					GetCommandTagName(s->tag), mig_label(m->version, m->name)),
			 errdetail("Statement %d, line %d, was running when its process ended, and commits by itself.",
					   s->number, s->line),
			 errhint("Look at the data, complete or undo the migration by hand, and run %s or %s",
					 mig_call_resolve(argument, "applied", work->project),
					 mig_call_resolve(argument, "rolled_back", work->project))));
}

/* Goes on with a step that an earlier process started; true if it is done. */
static bool
resume_started(MigWork *work)
{
	const MigStep *step = current_step(work);

	switch (settle_leftover(work))
	{
		case MIG_VERDICT_RUN:
			return false;
		case MIG_VERDICT_DONE:
			return true;
		case MIG_VERDICT_FINALIZE:
			run_own(work, mig_leftover_finalize(mig_ledger_statement(work, step->first)->raw->stmt));
			return true;
		case MIG_VERDICT_UNKNOWN:
			report_unknown_outcome(work);
	}
	return false;
}

/* Runs a step that cannot run in a transaction. */
static void
run_toplevel(MigWork *work, const MigStep *step)
{
	bool		resumed = work->started != NULL &&
		work->started->first == step->first;

	if (work->ran != step->first && (!resumed || !resume_started(work)))
	{
		if (!resumed)
			mig_record_started(work, step);
		mig_record_begin(work);
		mig_exec_watch_commits();
		work->attempting = true;
		run_statement(work, step->first, true);
		mig_record_commit(work, false);
		work->attempting = false;
	}
	work->ran = step->first;

	/* it is done: a cancel now must not make it run again */
	HOLD_CANCEL_INTERRUPTS();
	mig_record_begin(work);
	mig_guc_unlimit_lock_waits();
	mig_record_step(work, step);
	mig_record_commit(work, false);
	RESUME_CANCEL_INTERRUPTS();
	work->started = NULL;
}

/*
 * Takes an error out of a runner's transaction: aborts, and returns the error
 * in the work's context, which is the current one then.
 */
ErrorData *
mig_work_catch(MigWork *work)
{
	ErrorData  *error;

	MemoryContextSwitchTo(work->context);
	error = CopyErrorData();
	FlushErrorState();
	mig_exec_after_error();
	AbortOutOfAnyTransaction();
	/* as a client's command loop does; an abort leaves them alone */
	if (MyReplicationSlot != NULL)
		ReplicationSlotRelease();
	mig_replication_slot_cleanup();
	MemoryContextSwitchTo(work->context);
	mig_runlock_after_abort();
	return error;
}

/*
 * Does the step mean the same when it is split before its failed statement?
 * Its transaction must have nothing that would end with it: no lock that was
 * asked for, no setting but those of SET LOCAL, which are repeated for what
 * comes later, though not for a statement at top level.
 */
static bool
is_divisible(const MigWork *work, const MigStep *step, bool toplevel)
{
	/* the limit that mig_record_begin_block() has set is set again, too */
	List	   *repeated = list_make1("lock_timeout");

	for (int i = step->first; i < mig_position.statement; i++)
	{
		const MigStatement *s = mig_ledger_statement(work, i);
		Node	   *stmt = s->raw->stmt;

		if (IsA(stmt, LockStmt) || IsA(stmt, ConstraintsSetStmt) ||
			(IsA(stmt, VariableSetStmt) &&
			 castNode(VariableSetStmt, stmt)->kind == VAR_SET_MULTI))
			return false;
		if (!is_local_setting(s))
			continue;
		if (toplevel)
			return false;
		repeated = lappend(repeated, castNode(VariableSetStmt, stmt)->name);
	}
	return !mig_worker_has_local_settings(repeated);
}

/*
 * Did the statement fail only because it was in a transaction with others?
 * Then its step can be split.  A block that the script wrote itself cannot.
 */
static bool
can_split(const MigWork *work, const MigStep *step, int sqlstate)
{
	const MigStatement *s;

	if (!work->runner || step->toplevel || step->block ||
		mig_position.statement == 0)
		return false;
	s = mig_ledger_statement(work, mig_position.statement);
	switch (sqlstate)
	{
		case ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE:
			return step->first < s->number && is_divisible(work, step, false);
		case ERRCODE_INVALID_TRANSACTION_TERMINATION:
			return s->class == MIG_STMT_PROCEDURAL &&
				is_divisible(work, step, true);
		case ERRCODE_ACTIVE_SQL_TRANSACTION:
			return !IsA(s->raw->stmt, VariableSetStmt) &&
				is_divisible(work, step, true);
		default:
			return false;
	}
}

/* Splits the current step around its failed statement and says so. */
static void
split_step(MigWork *work, const ErrorData *error)
{
	int			number = mig_position.statement;
	bool		toplevel = error->sqlerrcode !=
		ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE;
	char	   *boundary;

	boundary = psprintf("commit before and after statement %d (%s)", number,
						unpack_sql_state(error->sqlerrcode));
	ereport(NOTICE,
			(errmsg("step %d of migration \"%s\" runs again, with a %s",
					work->at + 1, mig_position_label(), boundary),
			 errdetail("Statement %d, line %d: %s", number, mig_position.line,
					   error->message)));
	work->splits = work->splits ?
		psprintf("%s, %s", work->splits, boundary) : boundary;
	mig_ledger_replace_step(work, work->at,
							mig_step_split(work->script, current_step(work),
										   number, toplevel));
}

/*
 * After the failure of a statement that cannot be undone by an abort: removes
 * what it left, and its mark, unless the next run has to look at it again.
 * Never raises an error: the failure is what must be reported.  True if
 * nothing of the statement is left.
 */
static bool
clean_up_started(MigWork *work)
{
	int			first = work->started->first;
	bool		committed = mig_exec_committed();
	volatile bool clean = false;

	/* the caller waits for its error meanwhile */
	char	   *lock_timeout = mig_guc_replace_lock_timeout(CLEAN_UP_LOCK_TIMEOUT);

	work->attempting = false;
	PG_TRY();
	{
		MigVerdict	verdict = settle_leftover(work);

		work->committed_part = committed && verdict == MIG_VERDICT_UNKNOWN;
		/* it failed: if its object is there, somebody else has made it */
		if (verdict != MIG_VERDICT_FINALIZE)
		{
			mig_record_begin(work);
			mig_catalog_drop_step(work->migration->id, work->down, first);
			mig_record_commit(work, false);
			work->started = NULL;
			clean = !work->committed_part;
		}
	}
	PG_CATCH();
	{
		ErrorData  *error = mig_work_catch(work);

		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("could not remove what statement %d left: %s", first,
						error->message),
				 errhint("The next run of migration \"%s\" will.",
						 mig_label(work->migration->version,
								   work->migration->name))));
	}
	PG_END_TRY();
	(void) mig_guc_replace_lock_timeout(lock_timeout);
	return clean;
}

/*
 * Did the step fail only because somebody was in its way?  Then it can be
 * run again, once it has left nothing.
 */
static bool
can_retry(const MigWork *work, int sqlstate)
{
	return work->runner && mig_retry_may_help(sqlstate);
}

/*
 * Does whoever holds what the step needs wait for this run, say for the run
 * lock, or is it the caller?  Then trying again is no use.  Says so, or
 * returns NULL.
 */
static const char *
find_circle(List *holders)
{
	ListCell   *lc;

	foreach(lc, holders)
	{
		MigBlocker *blocker = lfirst(lc);
		List	   *pids = list_make1_int(blocker->pid);
		bool		awaited = mig_worker_is_awaited();

		if (blocker->pid == 0)
			continue;
		if (awaited && blocker->pid == mig_caller.pid)
			return "the run waits for a lock that its own caller holds";
		if (mig_blockers_include(pids, MyProcPid) ||
			(awaited && mig_blockers_include(pids, mig_caller.pid)))
			return "the run waits for a session that waits for it";
	}
	return NULL;
}

/* Both lines, either of which may be missing. */
static char *
add_line(char *first, char *second)
{
	if (first == NULL || second == NULL)
		return first ? first : second;
	return psprintf("%s\n%s", first, second);
}

/* Says that the current step will be run again, and sleeps until then. */
static void
pause_step(MigWork *work, const char *reason, long delay)
{
	const char *where = mig_position.statement == 0 ? "Commit" :
		psprintf("Statement %d, line %d", mig_position.statement,
				 mig_exec_error_line());

	work->retries++;
	ereport(NOTICE,
			(errmsg("step %d of migration \"%s\" runs again in %.1f s (retry %d of %d)",
					work->at + 1, mig_position_label(), delay / 1000.0,
					work->retries, mig_lock_retries),
			 errdetail("%s: %s", where, reason)));
	mig_position.phase = psprintf("sleeping before retry %d of %d",
								  work->retries, mig_lock_retries);
	mig_worker_set_position(&mig_position, NULL);
	mig_position.phase = NULL;
	mig_retry_sleep(delay);
	mig_worker_check_cancelled();
}

/*
 * The current step was in somebody's way and was rolled back.  Comes back when
 * it is time to run it again; an error if that is no use.
 */
static void
retry_step(MigWork *work, ErrorData *error)
{
	long		delay = -1;
	List	   *holders;
	const char *circle;
	char	   *tried;

	if (work->attempting && !clean_up_started(work))
		ReThrowError(error);
	mig_record_begin(work);
	holders = mig_blockers_of_remembered();
	mig_worker_set_blockers(holders);
	circle = find_circle(holders);
	if (circle == NULL && work->retries < mig_lock_retries)
		delay = mig_retry_delay(work->retries + 1);
	mig_record_attempt(work, error, delay);
	tried = mig_retry_explain(work->retries + 1, delay >= 0);
	mig_record_commit(work, false);
	if (delay < 0)
	{
		if (circle != NULL)
		{
			error->sqlerrcode = ERRCODE_T_R_DEADLOCK_DETECTED;
			error->message = unconstify(char *, circle);
		}
		error->detail = add_line(error->detail, tried);
		ReThrowError(error);
	}

	pause_step(work, add_line(error->message, add_line(error->detail, tried)),
			   delay);
}

/*
 * Runs the current step.  False if it was rolled back, so that what is the
 * current step now, be it a part of it, has to be run.
 */
static bool
run_step(MigWork *work)
{
	const MigStep *step = current_step(work);
	ErrorData  *volatile error = NULL;

	mig_position.step = work->at + 1;
	mig_position.steps = list_length(work->steps);
	mig_position.statement = 0;
	if (work->runner)
	{
		mig_runlock_after_discard();
		mig_remains_begin(work->at == 0);
		/* a statement at top level is first recorded, which may take long */
		if (step->toplevel)
			mig_worker_set_position(&mig_position, NULL);
	}
	PG_TRY();
	{
		if (step->toplevel)
			run_toplevel(work, step);
		else
			run_block(work, step);
	}
	PG_CATCH();
	{
		if (!can_split(work, step, geterrcode()) &&
			!can_retry(work, geterrcode()))
			PG_RE_THROW();
		error = mig_work_catch(work);
	}
	PG_END_TRY();
	if (error == NULL)
	{
		work->retries = 0;
		return true;
	}
	mig_record_begin(work);
	mig_remains_remove();
	mig_record_commit(work, false);
	if (can_retry(work, error->sqlerrcode))
		retry_step(work, error);
	else
		split_step(work, error);
	return false;
}

/* Runs the steps that are not done yet. */
void
mig_work_run(MigWork *work)
{
	bool		announced = false;

	if (work->done > 0)
		replay_settings(work);
	work->at = 0;
	while (work->at < list_length(work->steps))
	{
		MigStep    *step = current_step(work);

		if (work->done > 0 && step->last <= work->done)
		{
			work->at++;
			continue;
		}
		if (!announced || list_length(work->steps) > 1)
			announce(work);
		announced = true;
		if (run_step(work))
			work->at++;
	}
	if (work->recorded)
		return;
	/* an edit has removed all that was left to do */
	mig_record_begin(work);
	mig_record_success(work);
	mig_record_commit(work, false);
}

/*
 * Failing
 */

/*
 * Records that the migration failed, after the abort of its transaction and
 * in one of its own; returns the state it is in now.
 */
MigState
mig_work_fail(MigWork *work, ErrorData *error)
{
	if (work->attempting)
		(void) clean_up_started(work);
	return mig_record_failure(work, error);
}
