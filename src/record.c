/*-------------------------------------------------------------------------
 *
 * record.c
 *	  What a migration of a run records, and the transactions it does that in.
 *
 * In a runner each step is a transaction of its own; within a caller's
 * transaction the same code runs and the transaction is left alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "blockers.h"
#include "exec.h"
#include "guc.h"
#include "leftover.h"
#include "record.h"
#include "spi_util.h"
#include "worker.h"

/*
 * Transactions.  Within a caller's transaction there is nothing to begin and
 * nothing to commit.
 */

/* Starts a transaction for our own reads and writes. */
void
mig_record_begin(MigWork *work)
{
	if (!work->runner)
		return;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	MemoryContextSwitchTo(work->context);
}

/* Starts a transaction block, as BEGIN does, for the statements of a step. */
void
mig_record_begin_block(MigWork *work)
{
	if (!work->runner)
		return;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	BeginTransactionBlock();
	CommitTransactionCommand();
	StartTransactionCommand();
	mig_guc_limit_lock_waits();
	MemoryContextSwitchTo(work->context);
}

/* The open transaction's commit need not wait for its flush. */
void
mig_record_commit_later(void)
{
	(void) set_config_option("synchronous_commit", "off", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * Commits.  Not synchronously but at the end of a run: each commit takes its
 * record with it, so a crash can lose the last ones but never a part of one.
 */
void
mig_record_commit(MigWork *work, bool synchronous)
{
	if (!work->runner)
		return;
	if (synchronous)
		ForceSyncCommit();
	else
		mig_record_commit_later();
	if (IsTransactionBlock())
		(void) EndTransactionBlock(false);
	CommitTransactionCommand();
	MemoryContextSwitchTo(work->context);
}

/* Microseconds since then. */
int64
mig_record_elapsed(const instr_time *since)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, *since);
	return (int64) INSTR_TIME_GET_MICROSEC(now);
}

/*
 * Recording
 */

/* The history's row of this migration, so far without an outcome. */
static MigEvent
new_event(const MigWork *work)
{
	MigEvent	event = {0};

	event.run = work->run;
	event.action = work->down ? "rollback" : "apply";
	event.elapsed = mig_record_elapsed(&work->start);
	event.checksum = work->down ? work->migration->down : work->migration->up;
	event.reason = work->splits;
	return event;
}

/* What is told of it when it is done. */
MigNews
mig_record_news(const MigWork *work)
{
	MigNews		news = {0};

	news.run = work->run;
	news.project = work->project;
	news.version = work->migration->version;
	news.name = work->migration->name;
	news.down = work->down;
	news.elapsed = mig_record_elapsed(&work->start);
	news.committed = work->runner;
	return news;
}

/* The migration is done: its state, its history, and the run goes on. */
void
mig_record_success(MigWork *work)
{
	const MigMigration *m = work->migration;
	MigEvent	event = new_event(work);
	MigSqlSession session;
	MigNews		news = mig_record_news(work);

	event.outcome = "success";
	event.step = list_length(work->steps);
	mig_sql_begin(&session);
	mig_catalog_set_state(m, work->down ? MIG_PENDING : MIG_APPLIED, false,
						  m->up, event.elapsed, NULL);
	if (work->down)
		mig_catalog_repeat_all(work->project);
	if (event.step > 1 || work->done > 0 || work->started != NULL)
		mig_catalog_drop_steps(m->id);
	mig_journal_add_event(work->project, m, &event);
	mig_journal_goes_on(work->run, m, work->next);
	mig_sql_end(&session);
	mig_tell_listeners(&news);
	work->recorded = true;
}

/* Keeps how long the statements of a step took that are worth timing. */
static void
record_timings(const MigWork *work, const MigStep *step)
{
	ListCell   *lc;

	foreach(lc, work->timings)
	{
		const MigTiming *timing = lfirst(lc);

		/* without a time, it had been done already */
		if (timing->statement >= step->first &&
			timing->statement <= step->last && timing->elapsed >= 0)
			mig_journal_add_timing(work->run, work->migration, timing);
	}
}

/* A step is done: if it was the last one, the migration is. */
void
mig_record_step(MigWork *work, const MigStep *step)
{
	MigLedgerStep ledger = {0};

	record_timings(work, step);
	if (work->at == list_length(work->steps) - 1)
	{
		mig_record_success(work);
		return;
	}
	ledger.first = step->first;
	ledger.last = step->last;
	ledger.checksum = mig_ledger_checksum(work, step->first, step->last);
	ledger.done = true;
	if (work->runner)
		ledger.settings = mig_worker_session_settings();
	mig_journal_goes_on(work->run, work->migration, work->migration);
	mig_catalog_put_step(work->migration->id, work->down, work->run, &ledger);
}

/* Records that a step starts which cannot be undone by an abort. */
void
mig_record_started(MigWork *work, const MigStep *step)
{
	MigLedgerStep *ledger = palloc0(sizeof(MigLedgerStep));

	mig_record_begin(work);
	ledger->first = step->first;
	ledger->last = step->last;
	ledger->checksum = mig_ledger_checksum(work, step->first, step->last);
	ledger->before = mig_leftover_before(mig_ledger_statement(work, step->first)->raw->stmt);
	mig_journal_goes_on(work->run, work->migration, work->migration);
	mig_catalog_put_step(work->migration->id, work->down, work->run, ledger);
	/* not all that the statement does need be in this server's WAL */
	mig_record_commit(work, true);
	work->started = ledger;
}

/* Keeps what a failed try of the current step waited for, and for whom. */
void
mig_record_attempt(const MigWork *work, const ErrorData *error, long delay)
{
	MigAttempt	attempt = {0};

	attempt.run = work->run;
	attempt.action = work->down ? "rollback" : "apply";
	attempt.step = mig_position.step;
	attempt.attempt = work->retries + 1;
	attempt.statement = mig_position.statement;
	attempt.line = mig_position.statement > 0 ? mig_exec_error_line() : 0;
	attempt.error = error;
	if (mig_blockers_remembered())
		attempt.lock = mig_blockers_lock();
	attempt.blockers = mig_blockers_json();
	attempt.delay = delay < 0 ? -1 : delay * 1000;
	mig_journal_add_attempt(work->project, work->migration, &attempt);
}

/*
 * Records that the migration failed, after the abort of its transaction and
 * in one of its own; returns the state it is in now.
 */
MigState
mig_record_failure(MigWork *work, ErrorData *error)
{
	MigMigration *m = work->migration;
	MigEvent	event = new_event(work);
	bool		kept;
	char	   *note;
	MigState	state;

	event.outcome = error->sqlerrcode == ERRCODE_QUERY_CANCELED ?
		"cancelled" : "failed";
	event.error = error;
	event.step = mig_position.step;
	event.error_statement = mig_position.statement;
	event.error_line = mig_position.statement > 0 ?
		mig_exec_error_line() : mig_script_error_line();
	note = event.error_line > 0 ?
		psprintf("%s at line %d: %s", event.outcome, event.error_line,
				 error->message) :
		psprintf("%s: %s", event.outcome, error->message);

	/* a second cancel must not keep the failure from being recorded */
	HOLD_CANCEL_INTERRUPTS();
	mig_record_begin(work);
	mig_guc_unlimit_lock_waits();
	kept = work->committed_part ||
		mig_catalog_steps(m->id, work->down) != NIL;
	if (work->down)
		state = kept ? MIG_PARTIAL : MIG_APPLIED;
	else
		state = kept ? MIG_PARTIAL : MIG_FAILED;
	if (mig_journal_end(work->run, event.outcome))
	{
		if (state != MIG_APPLIED)
			mig_catalog_set_state(m, state, work->down,
								  work->down ? m->checksum : m->up, -1, note);
		else
			mig_catalog_still_applied(m->id,
									  psprintf("rollback %s", note));
		mig_journal_add_event(work->project, m, &event);
		mig_journal_set_error(work->run, error);
	}
	mig_record_commit(work, true);
	RESUME_CANCEL_INTERRUPTS();
	return state;
}
