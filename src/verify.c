/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  Does a down script undo its up script?
 *
 * The scripts of a migration run one after the other: up, down, up, down; of
 * one that is applied already, down, up, down, up.  So each of them runs twice,
 * and after each the schema must be what it was the time before.  All of it
 * happens in one transaction that is rolled back.  What is pending is verified
 * in its order, each migration on top of those before it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "utils/memutils.h"

#include "data_loss.h"
#include "fingerprint.h"
#include "plan.h"
#include "rehearse.h"
#include "run.h"
#include "schema_rows.h"
#include "script.h"
#include "verify.h"
#include "worker.h"

/* How often scripts run: each of the two twice. */
#define RUNS	4

/* An object that is not as it was. */
typedef struct Difference
{
	char	   *object;
	char	   *before;			/* NULL: it was not there */
	char	   *after;			/* NULL: it is not there */
	const char *when;
} Difference;

/* One migration, and what was found out about it. */
typedef struct Verification
{
	MigMigration *migration;
	bool		applied;
	MigWork    *up;
	MigWork    *down;			/* NULL: there is none */
	List	   *differences;	/* of Difference * */
	const char *result;			/* 'failed', 'no down' or 'not run'; or NULL */
	const char *reason;			/* of that */
	List	   *unproved;		/* of char *: what the schema does not show */
	List	   *notes;			/* of char * */
	int			first_trace;	/* of the script that ran last */
} Verification;

/* What is being compared after a run of a script. */
static const char *const moments[2][RUNS] = {
	{"after up", "after down", "after the second up", "after the second down"},
	{"after down", "after down and up", "after the second down",
	"after the second up"}
};

/*
 * Statements without CONCURRENTLY
 */

/* The option that makes a REINDEX concurrent. */
static List *
without_concurrently(List *params)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, params)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, "concurrently") != 0)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/* Turns a statement into the same one without CONCURRENTLY, if there is one. */
static bool
make_plain(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_IndexStmt:
			castNode(IndexStmt, stmt)->concurrent = false;
			return true;
		case T_DropStmt:
			castNode(DropStmt, stmt)->concurrent = false;
			return true;
		case T_AlterTableStmt:
			castNode(PartitionCmd, linitial_node(AlterTableCmd,
												 castNode(AlterTableStmt, stmt)->cmds)->def)->concurrent = false;
			return true;
		case T_ReindexStmt:
			castNode(ReindexStmt, stmt)->params =
				without_concurrently(castNode(ReindexStmt, stmt)->params);
			return castNode(ReindexStmt, stmt)->kind <= REINDEX_OBJECT_TABLE;
		default:
			return false;
	}
}

static char *
statement_label(const MigWork *work, const MigStatement *statement)
{
	return psprintf("statement %d of %s", statement->number,
					work->down ? "down" : "up");
}

/*
 * Has the steps that run outside a transaction run inside, where that can be.
 * The locks of the plain form keep writers out until the end, which the limit
 * on the size of tables keeps short.
 */
static void
move_inside(Verification *v, MigWork *work)
{
	ListCell   *lc;

	foreach(lc, work->steps)
	{
		MigStep    *step = lfirst(lc);
		MigStatement *statement;

		if (!step->toplevel)
			continue;
		statement = &work->script->statements[step->first - 1];
		if (statement->class == MIG_STMT_PROCEDURAL)
			step->toplevel = false;
		else if (make_plain(statement->raw->stmt))
		{
			statement->class = MIG_STMT_PLAIN;
			step->toplevel = false;
			v->notes = lappend(v->notes,
							   psprintf("%s ran without CONCURRENTLY",
										statement_label(work, statement)));
		}
	}
}

/*
 * What is found out
 */

static MigWork *
script_of_run(const Verification *v, int run)
{
	return (run % 2 == 1) == v->applied ? v->up : v->down;
}

/* Of a failed script: which statement, and why. */
static void
note_failure(Verification *v, const MigTrace *failure, const MigWork *work,
			 bool again)
{
	const char *script = psprintf("%s%s", again ? "second " : "",
								  work->down ? "down" : "up");

	v->result = "failed";
	if (failure->statement == NULL)
		v->reason = psprintf("%s, at its commit: %s", script, failure->note);
	else
		v->reason = psprintf("%s, statement %d, line %d: %s", script,
							 failure->statement->number, failure->line,
							 failure->note);
}

/* What the statements of a script did that the schema does not show. */
static void
note_statements(Verification *v, MigRehearsal *rehearsal, int run,
				const MigFingerprint *without)
{
	const MigWork *work = script_of_run(v, run);

	for (int i = v->first_trace; i < list_length(rehearsal->traces); i++)
	{
		const MigTrace *trace = list_nth(rehearsal->traces, i);
		const char *what;

		/* VACUUM and ANALYZE leave the schema alone */
		if (trace->statement == NULL ||
			IsA(trace->statement->raw->stmt, VacuumStmt))
			continue;
		if (trace->outcome == MIG_TRACED)
			what = mig_data_loss(work->script, trace, without, work->down);
		else
			what = psprintf("%s, which %s",
							GetCommandTagName(trace->statement->tag), trace->note);
		if (what != NULL)
			v->unproved = lappend(v->unproved,
								  psprintf("%s (%s)",
										   statement_label(work, trace->statement),
										   what));
	}
}

/* One aspect for a row's 'before' or 'after'. */
static void
append_aspect(StringInfo buf, const MigSchemaDifference *difference,
			  const char *definition)
{
	if (buf->len > 0)
		appendStringInfoChar(buf, '\n');
	if (strcmp(difference->aspect, MIG_SCHEMA_DEFINITION) != 0)
		appendStringInfo(buf, "%s: ", difference->aspect);
	appendStringInfoString(buf, definition ? definition : "(none set)");
}

/* The differences of one object, beginning at 'at', as one; moves 'at' on. */
static Difference *
next_object(List *differences, int *at, const char *when)
{
	const MigSchemaDifference *first = list_nth(differences, *at);
	Difference *result = palloc0(sizeof(Difference));
	StringInfoData before;
	StringInfoData after;
	bool		only_order = true;

	initStringInfo(&before);
	initStringInfo(&after);
	result->object = pstrdup(first->object);
	for (; *at < list_length(differences); (*at)++)
	{
		const MigSchemaDifference *difference = list_nth(differences, *at);

		if (strcmp(difference->object, first->object) != 0)
			break;
		only_order &= strcmp(difference->aspect, MIG_SCHEMA_COLUMN_ORDER) == 0;
		append_aspect(&before, difference, difference->before);
		append_aspect(&after, difference, difference->after);
	}
	/* of an object that only one side has, this is the only aspect */
	if (strcmp(first->aspect, MIG_SCHEMA_DEFINITION) != 0 || first->before)
		result->before = before.data;
	if (strcmp(first->aspect, MIG_SCHEMA_DEFINITION) != 0 || first->after)
		result->after = after.data;
	result->when = only_order ?
		psprintf("%s; only the order of its columns differs", when) : when;
	return result;
}

static bool
same_or_null(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Was it found already, after an earlier run? */
static bool
is_known(const Verification *v, const Difference *difference)
{
	ListCell   *lc;

	foreach(lc, v->differences)
	{
		const Difference *other = lfirst(lc);

		if (strcmp(other->object, difference->object) == 0 &&
			same_or_null(other->before, difference->before) &&
			same_or_null(other->after, difference->after))
			return true;
	}
	return false;
}

static void
compare(Verification *v, const MigFingerprint *before,
		const MigFingerprint *after, const char *when)
{
	List	   *differences = mig_fingerprint_diff(before, after);
	int			at = 0;

	while (at < list_length(differences))
	{
		Difference *difference = next_object(differences, &at, when);

		if (!is_known(v, difference))
			v->differences = lappend(v->differences, difference);
	}
}

/*
 * One migration
 */

/* Runs a script; false if it failed. */
static bool
run_script(Verification *v, MigRehearsal *rehearsal, int run)
{
	MigWork    *work = script_of_run(v, run);

	v->first_trace = list_length(rehearsal->traces);
	if (!mig_rehearse_script(rehearsal, work))
	{
		note_failure(v, rehearsal->failure, work, run >= 2);
		rehearsal->failure = NULL;
		return false;
	}
	return true;
}

/*
 * Goes back and forth between the two states that the migration leads to,
 * beginning in the second one, and back to that.
 */
static void
go_back_and_forth(Verification *v, MigRehearsal *rehearsal,
				  const MigFingerprint *first, const MigFingerprint *second)
{
	const char *const *moment = moments[v->applied];

	mig_rehearse_begin(rehearsal);
	for (int run = 1; run < RUNS; run++)
	{
		MigFingerprint *now;

		if (!run_script(v, rehearsal, run))
			break;
		if (run == 1)
			note_statements(v, rehearsal, run, v->applied ? second : first);
		now = mig_fingerprint_take();
		compare(v, run == 2 ? second : first, now, moment[run]);
		mig_fingerprint_free(now);
	}
	mig_rehearse_end(rehearsal, false);
}

/* Reads the scripts. */
static void
load(Verification *v, MigRehearsal *rehearsal)
{
	v->up = mig_rehearse_load(rehearsal, v->migration, false);
	if (v->migration->down != NULL)
		v->down = mig_rehearse_load(rehearsal, v->migration, true);
	if (v->up == NULL || (v->migration->down != NULL && v->down == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the migration is not stored any more")));
	move_inside(v, v->up);
	if (v->down != NULL)
		move_inside(v, v->down);
}

/* The scripts could not be read, or may not run here: says why. */
static void
note_obstacle(Verification *v, const ErrorData *error, bool loaded)
{
	if (loaded)
	{
		v->result = "not run";
		v->reason = psprintf("%s: %s", error->message, error->detail);
		return;
	}
	v->result = "failed";
	v->reason = psprintf("%s%s: %s", mig_position.down ? "down" : "up",
						 mig_script_error_line() > 0 ?
						 psprintf(", line %d", mig_script_error_line()) : "",
						 psprintf("%s: %s", unpack_sql_state(error->sqlerrcode), error->message));
}

/* Reads the scripts; false if they may not run here. */
static bool
prepare(Verification *v, MigRehearsal *rehearsal)
{
	volatile bool loaded = false;

	mig_rehearse_begin(rehearsal);
	PG_TRY();
	{
		load(v, rehearsal);
		loaded = true;
		mig_rehearse_check(rehearsal, v->down ? list_make2(v->up, v->down) :
						   list_make1(v->up));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(rehearsal->context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			(loaded && error->sqlerrcode != ERRCODE_FEATURE_NOT_SUPPORTED &&
			 error->sqlerrcode != ERRCODE_PROGRAM_LIMIT_EXCEEDED))
			PG_RE_THROW();
		FlushErrorState();
		note_obstacle(v, error, loaded);
	}
	PG_END_TRY();
	mig_rehearse_end(rehearsal, false);
	mig_position_clear();
	return v->result == NULL;
}

/*
 * Verifies one migration, and leaves it applied; false if it could not be run.
 * 'first' is the schema before it, or NULL, and '*second' becomes the one after
 * it: they cost as much as the schema is large, and are taken where something
 * is compared with them.
 */
static bool
verify_migration(Verification *v, MigRehearsal *rehearsal, bool wanted,
				 MigFingerprint *first, MigFingerprint **second)
{
	bool		partial = v->up->done > 0;
	bool		compares = wanted && !partial && v->down != NULL;

	if (v->applied && v->down == NULL)
		v->result = "no down";
	if (v->result != NULL)
		return false;
	if (compares && first == NULL)
		first = mig_fingerprint_take();
	mig_rehearse_begin(rehearsal);
	if (!run_script(v, rehearsal, 0))
	{
		mig_rehearse_end(rehearsal, false);
		return false;
	}
	mig_rehearse_end(rehearsal, true);
	if (!wanted)
		return true;
	if (partial)
	{
		v->result = "not run";
		v->reason = "a part of it is applied already: there is nothing to compare with";
	}
	else if (v->down == NULL)
		v->result = "no down";
	else
	{
		*second = mig_fingerprint_take();
		note_statements(v, rehearsal, 0, v->applied ? *second : first);
		go_back_and_forth(v, rehearsal, first, *second);
	}
	return true;
}

/*
 * All of them
 */

/* Everyone who looks at the session has to know what it does. */
static void
announce(const MigRehearsal *rehearsal, int migrations)
{
	ereport(NOTICE,
			(errmsg_plural("verification of %d migration, rolled back at the end",
						   "verification of %d migrations, rolled back at the end",
						   migrations, migrations),
			 errdetail("Its locks are real and are kept until the end.  It waits for none longer than %d ms.",
					   rehearsal->request->lock_timeout)));
}

/* Verifies those that are wanted: the last one, if one was named, or all. */
static List *
verify_plan(MigRehearsal *rehearsal, List *plan, MigFingerprint *start)
{
	bool		all = rehearsal->request->target == NULL;
	MigFingerprint *schema = start;
	Verification *stopped = NULL;
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, plan)
	{
		Verification *v = palloc0(sizeof(Verification));
		bool		wanted = all || lc == list_tail(plan);
		MigFingerprint *next = NULL;
		bool		ran = false;

		v->migration = lfirst(lc);
		v->applied = v->migration->state == MIG_APPLIED;
		if (stopped != NULL)
		{
			v->result = "not run";
			v->reason = psprintf("migration \"%s\" before it could not be run",
								 mig_label(stopped->migration->version,
										   stopped->migration->name));
		}
		else if (prepare(v, rehearsal))
			ran = verify_migration(v, rehearsal, wanted, schema, &next);
		if (!ran && stopped == NULL)
			stopped = v;
		if (schema != start)
			mig_fingerprint_free(schema);
		schema = next;
		if (wanted)
			result = lappend(result, v);
	}
	return result;
}

/*
 * What other sessions have changed meanwhile is no difference that a script
 * has made.
 */
static void
forget_changes_of_others(Verification *v, List *changes)
{
	ListCell   *lc;

	foreach(lc, changes)
	{
		const MigSchemaDifference *change = lfirst(lc);
		ListCell   *other;

		foreach(other, v->differences)
		{
			if (strcmp(((Difference *) lfirst(other))->object, change->object) != 0)
				continue;
			v->notes = lappend(v->notes,
							   psprintf("another session changed %s meanwhile",
										change->object));
			v->differences = foreach_delete_current(v->differences, other);
		}
	}
}

/*
 * Rows
 */

static char *
join(List *texts)
{
	StringInfoData buf;
	ListCell   *lc;

	if (texts == NIL)
		return NULL;
	initStringInfo(&buf);
	foreach(lc, texts)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? "; " : "",
						 (char *) lfirst(lc));
	return buf.data;
}

static void
send_row(const Verification *v, const char *result,
		 const Difference *difference, const char *note)
{
	const char *columns[] = {
		v->migration->version,
		v->migration->name,
		result,
		difference ? difference->object : NULL,
		difference ? difference->before : NULL,
		difference ? difference->after : NULL,
		note
	};
	List	   *texts = NIL;

	for (int i = 0; i < lengthof(columns); i++)
		texts = lappend(texts, unconstify(char *, columns[i]));
	mig_worker_send_texts(texts);
}

static void
send_verification(const Verification *v)
{
	ListCell   *lc;

	foreach(lc, v->differences)
	{
		const Difference *difference = lfirst(lc);

		send_row(v, "differs", difference, difference->when);
	}
	if (v->result != NULL)
		send_row(v, v->result, NULL, v->reason);
	else if (v->unproved != NIL)
		send_row(v, "not provable", NULL,
				 psprintf("the schema does not show what these do: %s",
						  join(list_concat_copy(v->unproved, v->notes))));
	else if (v->differences == NIL)
		send_row(v, "reversible", NULL, join(v->notes));
}

/* A MigRehearsalBody. */
static void
verify(MigRehearsal *rehearsal)
{
	List	   *plan = mig_plan(rehearsal->request);
	MigFingerprint *before;
	List	   *verifications;
	List	   *changes;
	ListCell   *lc;

	announce(rehearsal, rehearsal->request->target ? 1 : list_length(plan));
	mig_rehearse_begin(rehearsal);
	before = mig_fingerprint_take();
	verifications = verify_plan(rehearsal, plan, before);
	mig_rehearse_end(rehearsal, false);
	changes = mig_fingerprint_diff(before, mig_fingerprint_take());
	foreach(lc, verifications)
	{
		forget_changes_of_others(lfirst(lc), changes);
		send_verification(lfirst(lc));
	}
}

/* The main function of the process. */
void
mig_verify_main(Datum main_arg)
{
	mig_rehearse_process(main_arg, verify);
}

/* verify(): a row per migration, or per object that its down leaves changed. */
void
mig_verify(FunctionCallInfo fcinfo, const MigRequest *request,
		   MigTextsSink sink, void *arg)
{
	if (mig_run_has_work(request))
		mig_rehearse(fcinfo, request, sink, arg);
}
