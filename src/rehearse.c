/*-------------------------------------------------------------------------
 *
 * rehearse.c
 *	  Scripts that run in a transaction which is rolled back.
 *
 * A process of its own runs them, as a runner does: with the caller's role and
 * settings, under the run lock, statement by statement through the same code.
 * But it is one transaction from the first script to the last.  What would be
 * a transaction of apply() is a subtransaction here, so is each statement; at
 * the end of the former happens what a commit would do: deferred constraints
 * are checked, SET LOCAL ends.
 *
 * Nothing is recorded.  Whatever ends the process leaves nothing, but for what
 * no rollback undoes; that is refused before anything runs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "blockers.h"
#include "effect.h"
#include "exec.h"
#include "guc.h"
#include "irreversible.h"
#include "missing.h"
#include "rehearse.h"
#include "retry.h"
#include "run.h"
#include "runlock.h"
#include "snapshot.h"
#include "spi_util.h"
#include "weigh.h"
#include "work.h"
#include "worker.h"

/* Longer first lines are cut. */
#define MAX_TEXT	120

/*
 * Traces
 */

/* How notes and messages name a statement. */
static char *
statement_label(const MigTrace *trace)
{
	if (trace->statement == NULL)
		return psprintf("the commit of step %d of migration \"%s\"",
						trace->step, mig_label(trace->version, trace->name));
	return psprintf("statement %d of migration \"%s\"",
					trace->statement->number,
					mig_label(trace->version, trace->name));
}

/* The first line of a statement, cut if it is long. */
static char *
first_line(const MigScript *script, const MigStatement *statement)
{
	const char *text = script->text + statement->location;
	int			len = strcspn(text, "\r\n");

	len = Min(len, statement->len);
	if (len > MAX_TEXT)
		return psprintf("%.*s...", pg_mbcliplen(text, len, MAX_TEXT), text);
	return pnstrdup(text, len);
}

/* A new row; 'statement' is NULL for the commit. */
static MigTrace *
add_trace(MigRehearsal *rehearsal, const MigWork *work,
		  const MigStatement *statement)
{
	MigTrace   *trace = palloc0(sizeof(MigTrace));

	trace->version = work->migration->version;
	trace->name = work->migration->name;
	trace->step = work->at + 1;
	trace->commit = rehearsal->commit;
	trace->statement = statement;
	trace->elapsed = -1;
	if (statement != NULL)
	{
		trace->line = statement->line;
		trace->text = first_line(work->script, statement);
	}
	else
		trace->text = "COMMIT";
	rehearsal->traces = lappend(rehearsal->traces, trace);
	return trace;
}

/* A statement that is not reached any more. */
static void
skip_statement(MigRehearsal *rehearsal, const MigWork *work,
			   const MigStatement *statement)
{
	MigTrace   *trace = add_trace(rehearsal, work, statement);

	trace->outcome = MIG_SKIPPED;
	trace->note = psprintf("not reached, as %s failed",
						   statement_label(rehearsal->failure));
}

/* What a statement that cannot run here would lock. */
static void
predict_locks(MigTrace *trace)
{
	MigEffect  *effect = mig_effect_of(mig_shadow_create(false),
									   trace->statement->raw->stmt);
	ListCell   *lc;

	foreach(lc, effect->touches)
	{
		const MigTouch *touch = lfirst(lc);

		for (LOCKMODE mode = MaxLockMode; mode > NoLock; mode--)
		{
			MigTraceLock *lock;

			if (!(touch->locks & LOCKBIT_ON(mode)))
				continue;
			lock = palloc0(sizeof(MigTraceLock));
			lock->relation = touch->rel->oid;
			lock->name = pstrdup(mig_rel_label(touch->rel));
			lock->mode = mode;
			trace->locks = lappend(trace->locks, lock);
		}
	}
}

/* The statement does not run: says what it would do, and why it does not. */
static void
predict(MigRehearsal *rehearsal, MigTrace *trace, const char *why)
{
	trace->outcome = MIG_PREDICTED;
	trace->note = pstrdup(why);
	predict_locks(trace);
	rehearsal->missing =
		lappend(rehearsal->missing,
				mig_missing_make(statement_label(trace), trace->statement));
}

/*
 * The transactions of apply()
 */

/* A subtransaction in the rehearsal's memory. */
void
mig_rehearse_begin(const MigRehearsal *rehearsal)
{
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(rehearsal->context);
}

void
mig_rehearse_end(const MigRehearsal *rehearsal, bool keep)
{
	if (keep)
		ReleaseCurrentSubTransaction();
	else
	{
		RollbackAndReleaseCurrentSubTransaction();
		mig_trace_rolled_back();
	}
	MemoryContextSwitchTo(rehearsal->context);
}

static void
begin_transaction(MigRehearsal *rehearsal)
{
	rehearsal->commit++;
	mig_rehearse_begin(rehearsal);
}

/* Takes the error that is being handled, and rolls a subtransaction back. */
static ErrorData *
roll_back(const MigRehearsal *rehearsal)
{
	ErrorData  *error;

	MemoryContextSwitchTo(rehearsal->context);
	error = CopyErrorData();
	FlushErrorState();
	mig_exec_after_failure();
	mig_rehearse_end(rehearsal, false);
	return error;
}

/* SET LOCAL ends with its transaction, other settings stay. */
static void
end_local_settings(MigRehearsal *rehearsal)
{
	List	   *settings = mig_worker_session_settings();

	AtEOXact_GUC(false, rehearsal->guc_level);
	rehearsal->guc_level = NewGUCNestLevel();
	mig_worker_restore_session(settings);
}

/*
 * What happens at a commit before anything is on disk.  A cursor WITH HOLD
 * runs to its end, which may fire triggers.
 */
static void
end_work(void)
{
	do
		AfterTriggerFireDeferred();
	while (PreCommit_Portals(false));
	PreCommit_on_commit_actions();
	CommandCounterIncrement();
	/* a script that drops it is not recorded, and so not committed */
	(void) mig_extension_oid();
}

/* A text and what is said after it, if there is anything. */
static char *
add_sentence(char *text, const char *more)
{
	size_t		len = strlen(text);
	bool		ended = len > 0 && strchr(".?!:", text[len - 1]) != NULL;

	if (more == NULL)
		return text;
	return psprintf("%s%s %s", text, ended ? "" : ".", more);
}

/* What an error means for the rehearsal as a whole. */
static void
note_failure(MigRehearsal *rehearsal, MigTrace *trace, ErrorData *error)
{
	bool		locked = mig_retry_may_help(error->sqlerrcode);
	const char *waited = locked ? mig_retry_explain(1, true) : NULL;

	trace->outcome = MIG_TRACE_FAILED;
	trace->error = error;
	trace->passing = locked || trace->refused != NULL;
	if (trace->statement != NULL)
		trace->line = mig_exec_error_line();
	trace->note = psprintf("%s: %s", unpack_sql_state(error->sqlerrcode),
						   error->message);
	trace->note = add_sentence(trace->note, error->detail);
	trace->note = add_sentence(trace->note, waited);
	trace->note = add_sentence(trace->note, error->hint);
	rehearsal->failure = trace;
}

/* Ends a transaction as its commit would. */
static void
end_transaction(MigRehearsal *rehearsal, const MigWork *work)
{
	PG_TRY();
	{
		if (rehearsal->failure == NULL)
			end_work();
		mig_rehearse_end(rehearsal, true);
	}
	PG_CATCH();
	{
		ErrorData  *error = roll_back(rehearsal);

		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
		note_failure(rehearsal, add_trace(rehearsal, work, NULL), error);
	}
	PG_END_TRY();
	mig_trace_end_transaction(rehearsal->traces, rehearsal->commit);
	end_local_settings(rehearsal);
}

/*
 * Statements
 */

/*
 * COPY FREEZE wants its table made in the same subtransaction: it gets none of
 * its own.
 */
static bool
needs_same_subtransaction(const MigStatement *statement)
{
	CopyStmt   *copy;
	ListCell   *lc;

	if (!IsA(statement->raw->stmt, CopyStmt))
		return false;
	copy = castNode(CopyStmt, statement->raw->stmt);
	foreach(lc, copy->options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, "freeze") == 0)
			return true;
	}
	return false;
}

/* Was it the statement's own time limit, or does somebody want it all to end? */
static bool
is_cancelled(const ErrorData *error, const MigTrace *trace)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED &&
		(StatementTimeout == 0 || trace->elapsed < StatementTimeout * INT64CONST(1000));
}

/* Why the statement fails here but not in apply(); NULL: it fails there, too. */
static const char *
reason_to_predict(const MigStatement *statement, const MigStep *step,
				  int sqlstate)
{
	if (step->block)
		return NULL;
	switch (sqlstate)
	{
		case ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE:
			return "needs a commit in between; apply() does that";
		case ERRCODE_INVALID_TRANSACTION_TERMINATION:
			return statement->class == MIG_STMT_PROCEDURAL ?
				"commits; apply() runs it outside a transaction" : NULL;
		case ERRCODE_ACTIVE_SQL_TRANSACTION:
			return "cannot run in a transaction block; apply() runs it outside";
		default:
			return NULL;
	}
}

/*
 * Judges an error.  True if the statement needs a transaction of its own, so
 * that apply() would commit before and after it.
 */
static bool
judge(MigRehearsal *rehearsal, const MigWork *work, const MigStep *step,
	  MigTrace *trace, ErrorData *error)
{
	const char *reason = reason_to_predict(trace->statement, step,
										   error->sqlerrcode);
	const MigMissing *missing;

	if (reason != NULL)
	{
		trace->elapsed = -1;
		predict(rehearsal, trace, reason);
		return true;
	}
	missing = mig_missing_find(rehearsal->missing,
							   mig_exec_text(work->script, trace->statement),
							   error);
	if (missing == NULL)
	{
		note_failure(rehearsal, trace, error);
		return false;
	}
	trace->outcome = MIG_SKIPPED;
	trace->elapsed = -1;
	trace->note = psprintf("%s on %s, which cannot run here (%s: %s)",
						   missing->anything ? "may depend" : "depends",
						   missing->label, unpack_sql_state(error->sqlerrcode),
						   error->message);
	rehearsal->missing =
		lappend(rehearsal->missing,
				mig_missing_make(statement_label(trace), trace->statement));
	return false;
}

/* Runs one statement; what it raised, or NULL. */
static ErrorData *
execute(MigRehearsal *rehearsal, const MigWork *work, MigTrace *trace)
{
	const MigStatement *statement = trace->statement;
	volatile bool apart = !needs_same_subtransaction(statement);
	ErrorData  *volatile error = NULL;

	mig_guc_cap_lock_waits(rehearsal->request->lock_timeout);
	mig_trace_start(trace);
	if (apart)
		mig_rehearse_begin(rehearsal);
	PG_TRY();
	{
		mig_trace_check_locks(trace);
		mig_exec_statement(work->script, statement, false);
		if (apart)
			mig_rehearse_end(rehearsal, true);
		MemoryContextSwitchTo(rehearsal->context);
	}
	PG_CATCH();
	{
		error = roll_back(rehearsal);
		/* its transaction went with it */
		if (!apart)
			mig_rehearse_begin(rehearsal);
	}
	PG_END_TRY();
	(void) SetClientEncoding(GetDatabaseEncoding());
	if (error == NULL)
		mig_trace_stop(trace);
	else
		mig_trace_abandon(trace);
	return error;
}

/* True if it needs a transaction of its own. */
static bool
rehearse_statement(MigRehearsal *rehearsal, const MigWork *work,
				   const MigStep *step, const MigStatement *statement)
{
	MigTrace   *trace = add_trace(rehearsal, work, statement);
	ErrorData  *error;

	mig_position.statement = statement->number;
	mig_position.line = statement->line;
	mig_worker_check_cancelled();
	mig_worker_set_position(&mig_position,
							mig_exec_text(work->script, statement));
	error = execute(rehearsal, work, trace);
	if (error == NULL)
		return false;
	if (is_cancelled(error, trace))
		ReThrowError(error);
	return judge(rehearsal, work, step, trace, error);
}

/* A step that is a transaction. */
static void
rehearse_block(MigRehearsal *rehearsal, const MigWork *work,
			   const MigStep *step)
{
	begin_transaction(rehearsal);
	for (int i = step->first; i <= step->last; i++)
	{
		const MigStatement *statement = mig_ledger_statement(work, i);

		if (statement->class == MIG_STMT_BEGIN ||
			statement->class == MIG_STMT_COMMIT)
			continue;
		if (rehearsal->failure != NULL)
			skip_statement(rehearsal, work, statement);
		else if (rehearse_statement(rehearsal, work, step, statement))
		{
			end_transaction(rehearsal, work);
			begin_transaction(rehearsal);
		}
	}
	end_transaction(rehearsal, work);
}

static void
rehearse_step(MigRehearsal *rehearsal, const MigWork *work,
			  const MigStep *step)
{
	const MigStatement *statement;

	mig_position.step = work->at + 1;
	mig_position.steps = list_length(work->steps);
	if (!step->toplevel)
	{
		rehearse_block(rehearsal, work, step);
		return;
	}
	statement = mig_ledger_statement(work, step->first);
	rehearsal->commit++;
	if (rehearsal->failure != NULL)
		skip_statement(rehearsal, work, statement);
	else
		predict(rehearsal, add_trace(rehearsal, work, statement),
				"cannot run in a transaction block; apply() runs it outside");
}

/*
 * Scripts
 */

/* The session is as a script begins with it, but for the settings. */
static void
clean_session(void)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	PortalHashTableDeleteAll();
	mig_worker_discard();
	PopActiveSnapshot();
	CommandCounterIncrement();
	mig_runlock_after_discard();
}

/* Reads a script and splits it into steps; NULL if it is gone. */
MigWork *
mig_rehearse_load(MigRehearsal *rehearsal, MigMigration *migration, bool down)
{
	MigWork    *work = palloc0(sizeof(MigWork));

	work->context = rehearsal->context;
	work->down = down;
	work->project = rehearsal->request->project;
	work->migration = migration;
	mig_position.version = migration->version;
	mig_position.name = migration->name;
	mig_position.down = down;
	return mig_work_load(work) ? work : NULL;
}

/*
 * Runs what is left of a script, in the rehearsal's transaction and from a
 * clean session.  False if it failed; then it and all that come after are
 * skipped.
 */
bool
mig_rehearse_script(MigRehearsal *rehearsal, MigWork *work)
{
	Oid			role;
	int			security;

	GetUserIdAndSecContext(&role, &security);
	rehearsal->guc_level = NewGUCNestLevel();
	mig_position.active = true;
	mig_position.version = work->migration->version;
	mig_position.name = work->migration->name;
	mig_position.down = work->down;
	if (work->done > 0)
		mig_worker_restore_session(work->settings);
	for (work->at = 0; work->at < list_length(work->steps); work->at++)
	{
		const MigStep *step = list_nth(work->steps, work->at);

		if (work->done == 0 || step->last > work->done)
			rehearse_step(rehearsal, work, step);
	}
	mig_position_clear();
	AtEOXact_GUC(false, rehearsal->guc_level);
	SetUserIdAndSecContext(role, security);
	clean_session();
	return rehearsal->failure == NULL;
}

/*
 * Before anything runs
 */

/* The call that lets pass what was refused, for a hint. */
static const char *
forced_call(const MigRehearsal *rehearsal)
{
	return mig_call(rehearsal->request->action == MIG_ACTION_VERIFY ?
					"verify" : "dry_run", "force => true",
					rehearsal->request->project);
}

/* The function that the user called. */
static const char *
called_function(const MigRequest *request)
{
	switch (request->action)
	{
		case MIG_ACTION_VERIFY:
			return "verify";
		case MIG_ACTION_LINT:
			return "lint";
		default:
			return "dry_run";
	}
}

static void
check_irreversible(const MigRehearsal *rehearsal, const MigWork *work,
				   const MigStatement *statement)
{
	MigIrreversible found;

	if (!mig_irreversible_statement(statement->raw->stmt, &found))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s cannot be part of a dry run", found.what),
			 errdetail("Statement %d of migration \"%s\", line %d: it %s, which no rollback undoes.  Nothing was run.",
					   statement->number,
					   mig_label(work->migration->version,
								 work->migration->name),
					   statement->line, found.effect),
			 errhint("To run it all the same, run %s", forced_call(rehearsal))));
}

static void
check_size(const MigRehearsal *rehearsal, const MigWork *work,
		   const MigStatement *statement, MigWeight weight)
{
	char	   *size;

	if (mig_dry_run_max_size == 0 ||
		weight.bytes <= mig_dry_run_max_size * INT64CONST(1024))
		return;
	size = text_to_cstring(DatumGetTextPP(DirectFunctionCall1(pg_size_pretty,
															  Int64GetDatum(weight.bytes))));
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too much data for a dry run: %s in %s", size, weight.names),
			 errdetail("Statement %d of migration \"%s\", line %d, would go through it and keep what it locks until the end of the dry run.  The limit is migrate.dry_run_max_size.  Nothing was run.",
					   statement->number,
					   mig_label(work->migration->version,
								 work->migration->name),
					   statement->line),
			 errhint("To run it all the same, run %s", forced_call(rehearsal))));
}

/* The names, separated by commas. */
static char *
join(List *names)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, names)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "",
						 (char *) lfirst(lc));
	return buf.data;
}

/* What sequences hand out is gone; says which ones will. */
static void
announce_sequences(List *sequences)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, sequences)
		names = lappend(names, strVal(lfirst(lc)));
	if (names != NIL)
		ereport(NOTICE,
				(errmsg("sequences will move, and no rollback moves them back: %s",
						join(names))));
}

/*
 * Refuses scripts that do what no rollback undoes, or go through tables that
 * are too large, unless that is wanted; of MigWork *.
 */
void
mig_rehearse_check(MigRehearsal *rehearsal, List *works)
{
	MigShadow  *shadow = mig_shadow_create(false);
	List	   *sequences = NIL;
	ListCell   *lc;

	foreach(lc, works)
	{
		const MigWork *work = lfirst(lc);
		const MigScript *script = work->script;

		mig_shadow_begin_session(shadow);
		for (int i = work->done + 1; i <= script->nstatements; i++)
		{
			const MigStatement *statement = mig_ledger_statement(work, i);
			MigWeight	weight;

			CHECK_FOR_INTERRUPTS();
			weight = mig_weigh_statement(shadow, statement->raw->stmt,
										 mig_exec_text(script, statement));
			sequences = mig_irreversible_sequences(statement->raw->stmt,
												   sequences);
			/* what runs at top level does not run here */
			if (rehearsal->request->force ||
				statement->class == MIG_STMT_TOPLEVEL)
				continue;
			check_irreversible(rehearsal, work, statement);
			check_size(rehearsal, work, statement, weight);
		}
		mig_shadow_end_transaction(shadow);
	}
	announce_sequences(sequences);
}

/*
 * The process
 */

/* Opens the transaction in which all of it happens. */
static void
open_transaction(MigRehearsal *rehearsal)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	BeginTransactionBlock();
	CommitTransactionCommand();
	StartTransactionCommand();
	MemoryContextSwitchTo(rehearsal->context);
	mig_guc_cap_lock_waits(rehearsal->request->lock_timeout);
}

/* Nothing of it happened. */
static void
close_transaction(void)
{
	UserAbortTransactionBlock(false);
	CommitTransactionCommand();
}

/*
 * What is read and changed is counted, and by this process alone, whose counts
 * are at hand: other workers would be the application's besides.
 */
static void
prepare_to_count(void)
{
	SetConfigOption("track_counts", "on", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("max_parallel_workers_per_gather", "0", PGC_USERSET,
					PGC_S_CLIENT);
	SetConfigOption("max_parallel_maintenance_workers", "0", PGC_USERSET,
					PGC_S_CLIENT);
}

/* Of what waited for a lock outside of any statement: who holds it. */
static void
explain_wait(const MigRehearsal *rehearsal, ErrorData *error)
{
	char	   *waited;

	if (!mig_retry_may_help(error->sqlerrcode))
		return;
	StartTransactionCommand();
	MemoryContextSwitchTo(rehearsal->context);
	waited = mig_retry_explain(1, false);
	AbortOutOfAnyTransaction();
	MemoryContextSwitchTo(rehearsal->context);
	if (waited == NULL)
		return;
	/* our own query, of many lines, helps nobody */
	error->context = NULL;
	error->detail = error->detail ? add_sentence(error->detail, waited) : waited;
	if (error->hint == NULL)
		error->hint = "Call it again when that is done.";
}

/* The main function of a process that rehearses. */
void
mig_rehearse_process(Datum main_arg, MigRehearsalBody body)
{
	MigRequest	request;
	MigRehearsal rehearsal = {0};

	mig_worker_open(main_arg, &request, &mig_caller);
	prepare_to_count();
	rehearsal.request = &request;
	rehearsal.context = AllocSetContextCreate(TopMemoryContext,
											  "migrate rehearsal",
											  ALLOCSET_DEFAULT_SIZES);
	PG_TRY();
	{
		MemoryContextSwitchTo(rehearsal.context);
		mig_run_lock(&request);
		open_transaction(&rehearsal);
		mig_trace_begin(request.force, request.lock_timeout);
		body(&rehearsal);
		close_transaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(rehearsal.context);
		error = CopyErrorData();
		FlushErrorState();
		mig_exec_after_error();
		mig_blockers_remember();
		AbortOutOfAnyTransaction();
		explain_wait(&rehearsal, error);
		HOLD_CANCEL_INTERRUPTS();
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

/* Has a process rehearse the request; its rows go to the sink. */
void
mig_rehearse(FunctionCallInfo fcinfo, const MigRequest *request,
			 MigTextsSink sink, void *arg)
{
	const char *function = called_function(request);
	const char *obstacle;

	mig_refuse_nested(function);
	mig_refuse_read_only(function);
	obstacle = mig_snapshot_obstacle(fcinfo);
	if (obstacle != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("migrate.%s() needs a transaction of its own", function),
				 errdetail("Nothing was run: %s.", obstacle),
				 errhint("Make the call %s", mig_snapshot_hint(obstacle))));
	mig_run_in_worker(request, sink, arg);
}
