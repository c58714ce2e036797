/*-------------------------------------------------------------------------
 *
 * dry_run.c
 *	  What pending scripts really do, found out and undone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/json.h"

#include "dry_run.h"
#include "effect.h"
#include "plan.h"
#include "rehearse.h"
#include "run.h"
#include "spi_util.h"
#include "trace_rules.h"
#include "worker.h"

/* lint() never waits long for a lock, in milliseconds. */
#define FINDINGS_LOCK_TIMEOUT	100

/*
 * Rows, as the texts of their columns
 */

static const char *const outcomes[] = {
	[MIG_TRACED] = "traced",
	[MIG_PREDICTED] = "predicted",
	[MIG_SKIPPED] = "skipped",
	[MIG_TRACE_FAILED] = "failed"
};

/* A text[] of these, of char *; NULL if there are none. */
static char *
array_text(List *strings)
{
	int			n = list_length(strings);
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));

	if (n == 0)
		return NULL;
	for (int i = 0; i < n; i++)
		values[i] = CStringGetTextDatum(list_nth(strings, i));
	return OidOutputFunctionCall(F_ARRAY_OUT,
								 PointerGetDatum(construct_array(values, n, TEXTOID,
																 -1, false,
																 TYPALIGN_INT)));
}

static List *
lock_texts(const MigTrace *trace)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, trace->locks)
	{
		const MigTraceLock *lock = lfirst(lc);

		texts = lappend(texts, psprintf("%s on %s%s",
										mig_lock_label(lock->mode), lock->name,
										lock->held ? " (held already)" : ""));
	}
	return texts;
}

/*
 * A JSON object: how long each relation was locked by one of these modes, in
 * ms.  The strongest lock of a relation comes first, and is the one that counts.
 */
static char *
duration_text(const MigTrace *trace, LOCKMODE weakest, LOCKMODE strongest)
{
	StringInfoData buf;
	Oid			last = InvalidOid;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, trace->locks)
	{
		const MigTraceLock *lock = lfirst(lc);

		if (lock->mode < weakest || lock->mode > strongest || lock->held ||
			trace->outcome != MIG_TRACED || lock->relation == last)
			continue;
		last = lock->relation;
		appendStringInfoString(&buf, buf.len > 0 ? ", " : "");
		escape_json(&buf, lock->name);
		appendStringInfo(&buf, ": %.3f", lock->duration / 1000.0);
	}
	return buf.len > 0 ? psprintf("{%s}", buf.data) : NULL;
}

static List *
file_texts(const MigTrace *trace)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, trace->files)
	{
		const MigTraceFile *file = lfirst(lc);

		texts = lappend(texts, psprintf("%s (file %u to %u)", file->name,
										file->before, file->after));
	}
	return texts;
}

static List *
scan_texts(const MigTrace *trace)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, trace->scans)
	{
		const MigTraceScan *scan = lfirst(lc);

		texts = lappend(texts, psprintf("%s (" INT64_FORMAT " rows)",
										scan->name, scan->rows));
	}
	return texts;
}

static List *
object_texts(const MigTrace *trace)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, trace->objects)
	{
		const MigTraceObject *object = lfirst(lc);

		texts = lappend(texts, psprintf("%s %s %s",
										mig_trace_changes[object->change],
										object->type, object->name));
	}
	return texts;
}

static List *
trigger_texts(const MigTrace *trace)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, trace->triggers)
	{
		const MigTraceTrigger *trigger = lfirst(lc);

		if (trigger->fired < 0)
			texts = lappend(texts, trigger->name);
		else
			texts = lappend(texts, psprintf("%s (" INT64_FORMAT " times)",
											trigger->name, trigger->fired));
	}
	return texts;
}

static char *
number_text(const MigTrace *trace, int64 number)
{
	return trace->elapsed < 0 ? NULL : psprintf(INT64_FORMAT, number);
}

/* The columns of dry_run(), in their order. */
static void
send_trace(const MigTrace *trace)
{
	bool		traced = trace->outcome == MIG_TRACED;
	char	   *columns[] = {
		unconstify(char *, trace->version),
		unconstify(char *, trace->name),
		psprintf("%d", trace->step),
		trace->statement ? psprintf("%d", trace->statement->number) : NULL,
		trace->line > 0 ? psprintf("%d", trace->line) : NULL,
		trace->text,
		unconstify(char *, outcomes[trace->outcome]),
		trace->elapsed < 0 ? NULL :
		psprintf(INT64_FORMAT " microseconds", trace->elapsed),
		traced ? number_text(trace, trace->rows) : NULL,
		array_text(lock_texts(trace)),
		duration_text(trace, AccessExclusiveLock, AccessExclusiveLock),
		array_text(file_texts(trace)),
		array_text(scan_texts(trace)),
		array_text(object_texts(trace)),
		array_text(trigger_texts(trace)),
		number_text(trace, trace->wal_bytes),
		number_text(trace, trace->buffers_hit),
		number_text(trace, trace->buffers_read),
		trace->note,
		duration_text(trace, ShareLock, ExclusiveLock)
	};
	List	   *texts = NIL;

	for (int i = 0; i < lengthof(columns); i++)
		texts = lappend(texts, columns[i]);
	mig_worker_send_texts(texts);
}

/*
 * In the process
 */

/* The scripts that are to be rehearsed, of MigWork *. */
static List *
load_scripts(MigRehearsal *rehearsal)
{
	List	   *works = NIL;
	ListCell   *lc;

	foreach(lc, mig_plan(rehearsal->request))
	{
		MigWork    *work = mig_rehearse_load(rehearsal, lfirst(lc), false);

		if (work != NULL)
			works = lappend(works, work);
	}
	mig_position_clear();
	return works;
}

/* Everyone who looks at the session has to know what it does. */
static void
announce(const MigRehearsal *rehearsal, int migrations)
{
	int			timeout = rehearsal->request->lock_timeout;

	ereport(NOTICE,
			(errmsg_plural("dry run of %d migration, rolled back at the end",
						   "dry run of %d migrations, rolled back at the end",
						   migrations, migrations),
			 timeout > 0 ?
			 errdetail("Its locks are real and are kept until the end.  It waits for none longer than %d ms.",
					   timeout) :
			 errdetail("Its locks are real and are kept until the end.  It waits for them without limit.")));
}

/* Sequences that nothing had announced; said at the end for all. */
static void
report_sequences(void)
{
	ListCell   *lc;
	StringInfoData names;

	initStringInfo(&names);
	foreach(lc, mig_trace_sequences())
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 (char *) lfirst(lc));
	if (names.len > 0)
		ereport(NOTICE,
				(errmsg("sequences have moved, and stay where they are: %s",
						names.data)));
}

/* A finding of a trace, as a notice; that a statement failed is in its row. */
static void
report_finding(const MigTraceFinding *finding)
{
	const MigTrace *trace = finding->trace;

	if (trace->outcome == MIG_TRACE_FAILED)
		return;
	ereport(NOTICE,
			(errmsg("%s: %s", finding->rule, finding->consequence),
			 errdetail("Statement %d of migration \"%s\", line %d.",
					   trace->statement->number,
					   mig_label(trace->version, trace->name), trace->line)));
}

/* The same as a row, for take_finding(). */
static void
send_finding(const MigTraceFinding *finding)
{
	const MigTrace *trace = finding->trace;
	List	   *texts;

	texts = list_make5(unconstify(char *, finding->rule),
					   psprintf("%d", finding->severity),
					   unconstify(char *, trace->version),
					   unconstify(char *, trace->name),
					   psprintf("%d", trace->statement ? trace->statement->number : 0));
	texts = lappend(texts, psprintf("%d", trace->line));
	texts = lappend(texts, unconstify(char *, finding->object));
	texts = lappend(texts, unconstify(char *, finding->consequence));
	mig_worker_send_texts(texts);
}

/* A MigRehearsalBody. */
static void
dry_run(MigRehearsal *rehearsal)
{
	bool		lint = rehearsal->request->action == MIG_ACTION_LINT;
	List	   *works = load_scripts(rehearsal);
	ListCell   *lc;

	/* it may all have been run while this waited for its turn */
	if (works == NIL)
		return;
	mig_rehearse_check(rehearsal, works);
	announce(rehearsal, list_length(works));
	foreach(lc, works)
		(void) mig_rehearse_script(rehearsal, lfirst(lc));
	foreach(lc, mig_trace_rules(rehearsal->traces))
		(lint ? send_finding : report_finding) (lfirst(lc));
	report_sequences();
	if (lint)
		return;
	foreach(lc, rehearsal->traces)
		send_trace(lfirst(lc));
}

/* The main function of the process. */
void
mig_rehearse_main(Datum main_arg)
{
	mig_rehearse_process(main_arg, dry_run);
}

/* dry_run(): a row per statement that is pending. */
void
mig_dry_run(FunctionCallInfo fcinfo, const MigRequest *request,
			MigTextsSink sink, void *arg)
{
	if (mig_run_has_work(request))
		mig_rehearse(fcinfo, request, sink, arg);
}

/*
 * The findings for lint()
 */

/* A MigTextsSink: a row of send_finding() as a MigLintTraced. */
static void
take_finding(List *texts, void *arg)
{
	List	  **findings = arg;
	MigLintTraced *traced = palloc(sizeof(MigLintTraced));

	traced->rule = linitial(texts);
	traced->severity = atoi(lsecond(texts));
	traced->version = lthird(texts);
	traced->name = lfourth(texts);
	traced->statement = atoi(list_nth(texts, 4));
	traced->line = atoi(list_nth(texts, 5));
	traced->object = list_nth(texts, 6);
	traced->consequence = list_nth(texts, 7);
	*findings = lappend(*findings, traced);
}

/* What is looked up before the dry run that lint() asks for. */
typedef struct Wanted
{
	const MigLintRequest *lint;
	MigRequest	request;
	bool		nothing;		/* nothing of it is pending */
} Wanted;

/* Up to which version the dry run has to go. */
static void
find_target(void *arg)
{
	Wanted	   *wanted = arg;
	const MigLintRequest *lint = wanted->lint;
	const MigMigration *only;

	wanted->request.target = lint->target;
	if (lint->version == NULL)
		return;
	only = mig_plan_find(lint->project, lint->version);
	wanted->nothing = only->state == MIG_APPLIED;
	/* a repeatable comes after all versions */
	wanted->request.target = only->repeatable ? NULL : only->version;
}

/*
 * What a dry run of the same scripts finds, of MigLintTraced *.  The caller's
 * statement is nothing but this call.
 */
List *
mig_dry_run_findings(FunctionCallInfo fcinfo, const MigLintRequest *request)
{
	Wanted		wanted = {.lint = request};
	List	   *findings = NIL;

	wanted.request.action = MIG_ACTION_LINT;
	wanted.request.project = request->project;
	wanted.request.lock_timeout = FINDINGS_LOCK_TIMEOUT;
	mig_sql_look(find_target, &wanted);
	if (!wanted.nothing)
		mig_dry_run(fcinfo, &wanted.request, take_finding, &findings);
	return findings;
}
