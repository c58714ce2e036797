/*-------------------------------------------------------------------------
 *
 * api_safety.c
 *	  The SQL-callable functions that look before a run: rights, result rows;
 *	  no logic.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "args.h"
#include "dry_run.h"
#include "fingerprint.h"
#include "lint.h"
#include "lint_rules.h"
#include "preview.h"
#include "verify.h"

PG_FUNCTION_INFO_V1(migrate_lint);
PG_FUNCTION_INFO_V1(migrate_lint_sql);
PG_FUNCTION_INFO_V1(migrate_rules);
PG_FUNCTION_INFO_V1(migrate_dry_run);
PG_FUNCTION_INFO_V1(migrate_verify);
PG_FUNCTION_INFO_V1(migrate_fingerprint);
PG_FUNCTION_INFO_V1(migrate_plan);

/* Adds a row, and frees what was made for it in 'context'. */
static void
put_row(ReturnSetInfo *result, MemoryContext context, Datum *values, bool *nulls)
{
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	MemoryContextReset(context);
}

/* For what is made for one row: there may be very many. */
static MemoryContext
row_context(void)
{
	return AllocSetContextCreate(CurrentMemoryContext, "migrate row",
								 ALLOCSET_DEFAULT_SIZES);
}

/*
 * Lint
 */

/* The argument assume: 'large', or null for nothing. */
static bool
assume_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *value = mig_arg_text(fcinfo, n);

	if (value == NULL || strcmp(value, "large") == 0)
		return value != NULL;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for %s: \"%s\"", "assume", value),
			 errhint("The only value is 'large': tables that do not exist here are taken for large ones.")));
}

/* A number, or null for 0. */
static void
put_number(Datum *values, bool *nulls, int column, int number)
{
	nulls[column] = number == 0;
	values[column] = Int32GetDatum(number);
}

static void
put_findings(ReturnSetInfo *result, const MigLintResult *lint)
{
	MemoryContext context = row_context();
	MemoryContext caller = MemoryContextSwitchTo(context);
	ListCell   *lc;

	foreach(lc, lint->findings)
	{
		MigFinding *finding = lfirst(lc);
		const MigLintScript *script = mig_lint_script(lint, finding);
		Datum		values[13] = {0};
		bool		nulls[13] = {0};

		mig_put_text(values, nulls, 0, finding->rule->name);
		mig_put_text(values, nulls, 1, mig_severity_names[finding->severity]);
		mig_put_text(values, nulls, 2, script->version);
		mig_put_text(values, nulls, 3, script->name);
		mig_put_text(values, nulls, 4, script->path);
		put_number(values, nulls, 5, finding->statement);
		put_number(values, nulls, 6, finding->line);
		put_number(values, nulls, 7, finding->col);
		mig_put_text(values, nulls, 8, finding->object);
		mig_put_text(values, nulls, 9, finding->consequence);
		mig_put_text(values, nulls, 10, finding->rewrite);
		mig_put_text(values, nulls, 11, mig_lint_rule_page(finding->rule));
		mig_put_text(values, nulls, 12, finding->traced ? "trace" : "script");
		put_row(result, context, values, nulls);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * lint(target, version, assume, project, trace): what is found in pending
 * scripts, and in a dry run of them.
 */
Datum
migrate_lint(PG_FUNCTION_ARGS)
{
	MigLintRequest request = {0};

	request.target = mig_arg_text(fcinfo, 0);
	request.version = mig_arg_text(fcinfo, 1);
	request.assume_large = assume_argument(fcinfo, 2);
	request.project = mig_arg_project(fcinfo, 3);
	request.trace = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
	if (request.target != NULL && request.version != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target and version cannot both be given"),
				 errhint("Give target for all that is pending up to it, or version for that one alone.")));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (request.trace)
		request.traced = mig_dry_run_findings(fcinfo, &request);
	put_findings((ReturnSetInfo *) fcinfo->resultinfo,
				 mig_lint_pending(&request));
	return (Datum) 0;
}

/* lint_sql(script, assume, no_transaction): what is found in a text. */
Datum
migrate_lint_sql(PG_FUNCTION_ARGS)
{
	char	   *script = mig_arg_required_text(fcinfo, 0, "script");
	bool		assume_large = assume_argument(fcinfo, 1);
	bool		no_transaction = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	put_findings((ReturnSetInfo *) fcinfo->resultinfo,
				 mig_lint_sql(script, no_transaction, assume_large));
	return (Datum) 0;
}

/* rules(): the table of lint rules. */
Datum
migrate_rules(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool	   *enabled = mig_lint_rules_enabled();

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 0; i < mig_lint_rules_count(); i++)
	{
		const MigRule *rule = mig_lint_rule(i);
		Datum		values[10] = {0};
		bool		nulls[10] = {0};

		mig_put_text(values, nulls, 0, rule->name);
		mig_put_text(values, nulls, 1, mig_lint_rule_section(i));
		mig_put_text(values, nulls, 2, mig_severity_names[rule->severity]);
		values[3] = BoolGetDatum(enabled[i]);
		mig_put_text(values, nulls, 4, rule->help);
		mig_put_text(values, nulls, 5, rule->why);
		mig_put_text(values, nulls, 6, rule->safe);
		mig_put_text(values, nulls, 7, rule->bad);
		mig_put_text(values, nulls, 8, rule->good);
		mig_put_text(values, nulls, 9, mig_lint_rule_page(rule));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * Plan
 */

/* A text[] of the list's strings; null if there are none. */
static void
put_text_list(Datum *values, bool *nulls, int column, List *strings)
{
	int			n = list_length(strings);
	Datum	   *elements = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = CStringGetTextDatum(list_nth(strings, i));
	nulls[column] = n == 0;
	values[column] = PointerGetDatum(construct_array(elements, n, TEXTOID, -1,
													 false, TYPALIGN_INT));
}

/* The locks of a touch, weakest first, as a JSON array. */
static void
append_locks(StringInfo json, int locks)
{
	bool		first = true;

	appendStringInfoChar(json, '[');
	for (LOCKMODE mode = AccessShareLock; mode <= MaxLockMode; mode++)
	{
		if ((locks & LOCKBIT_ON(mode)) == 0)
			continue;
		appendStringInfo(json, "%s\"%s\"", first ? "" : ", ",
						 mig_lock_label(mode));
		first = false;
	}
	appendStringInfoChar(json, ']');
}

/* What a statement would do to relations, as JSON. */
static Datum
relations_json(List *touches)
{
	StringInfoData json;
	ListCell   *lc;

	initStringInfo(&json);
	foreach(lc, touches)
	{
		MigPreviewTouch *touch = lfirst(lc);

		appendStringInfoString(&json, json.len > 0 ? ", " : "[");
		appendStringInfoString(&json, "{\"relation\": ");
		escape_json(&json, touch->relation);
		appendStringInfo(&json, ", \"lock\": \"%s\", \"locks\": ",
						 mig_lock_label(mig_lock_strongest(touch->locks)));
		append_locks(&json, touch->locks);
		appendStringInfo(&json, ", \"scan\": %s, \"rewrite\": %s, \"builds\": %s, \"writes\": %s, \"bytes\": %s, \"rows\": %.0f}",
						 touch->scans ? "true" : "false",
						 touch->rewrites ? "true" : "false",
						 touch->builds ? "true" : "false",
						 touch->writes ? "true" : "false",
						 touch->bytes < 0 ? "null" : psprintf("%lld", (long long) touch->bytes),
						 touch->rows);
	}
	appendStringInfoString(&json, json.len > 0 ? "]" : "[]");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* What one row of plan says about relations: columns 8 to 11, and 14. */
static void
put_touches(Datum *values, bool *nulls, List *touches)
{
	List	   *locks = NIL;
	List	   *scans = NIL;
	List	   *rewrites = NIL;
	int64		bytes = -1;
	ListCell   *lc;

	foreach(lc, touches)
	{
		MigPreviewTouch *touch = lfirst(lc);
		LOCKMODE	lock = mig_lock_strongest(touch->locks);

		if (lock > AccessShareLock)
			locks = lappend(locks, psprintf("%s on %s", mig_lock_label(lock),
											touch->relation));
		if (touch->scans)
			scans = lappend(scans, unconstify(char *, touch->relation));
		if (touch->rewrites)
			rewrites = lappend(rewrites, unconstify(char *, touch->relation));
		bytes = Max(bytes, touch->bytes);
	}
	put_text_list(values, nulls, 8, locks);
	put_text_list(values, nulls, 9, scans);
	put_text_list(values, nulls, 10, rewrites);
	nulls[11] = bytes < 0;
	values[11] = Int64GetDatum(bytes);
	values[14] = relations_json(touches);
}

static void
put_preview(ReturnSetInfo *result, MemoryContext context, const MigPreview *row)
{
	Datum		values[16] = {0};
	bool		nulls[16] = {0};

	mig_put_text(values, nulls, 0, row->version);
	mig_put_text(values, nulls, 1, row->name);
	put_number(values, nulls, 2, row->step);
	put_number(values, nulls, 3, row->statement);
	put_number(values, nulls, 4, row->line);
	mig_put_text(values, nulls, 5, row->text);
	nulls[6] = nulls[7] = row->statement == 0;
	values[6] = BoolGetDatum(row->transactional);
	values[7] = BoolGetDatum(row->commits);
	put_touches(values, nulls, row->touches);
	nulls[12] = row->expected < 0;
	if (!nulls[12])
		values[12] = mig_interval(row->expected);
	values[13] = Int32GetDatum(row->findings);
	mig_put_text(values, nulls, 15, row->note);
	put_row(result, context, values, nulls);
}

/* plan(target, project): what apply would do, a row per statement. */
Datum
migrate_plan(PG_FUNCTION_ARGS)
{
	MigRequest	request = {0};
	MemoryContext context;
	MemoryContext caller;
	List	   *rows;
	ListCell   *lc;

	request.action = MIG_ACTION_APPLY;
	request.target = mig_arg_text(fcinfo, 0);
	request.project = mig_arg_project(fcinfo, 1);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	rows = mig_preview(&request);
	context = row_context();
	caller = MemoryContextSwitchTo(context);
	foreach(lc, rows)
		put_preview((ReturnSetInfo *) fcinfo->resultinfo, context, lfirst(lc));
	MemoryContextSwitchTo(caller);
	return (Datum) 0;
}

/*
 * Rehearsals
 */

/* Rows that come as texts, and where they go. */
typedef struct TextRows
{
	ReturnSetInfo *result;
	AttInMetadata *input;
} TextRows;

/* A MigTextsSink that writes to the function's result. */
static void
put_texts(List *texts, void *arg)
{
	TextRows   *rows = arg;
	char	  **values = palloc(sizeof(char *) * list_length(texts));

	for (int i = 0; i < list_length(texts); i++)
		values[i] = list_nth(texts, i);
	tuplestore_puttuple(rows->result->setResult,
						BuildTupleFromCStrings(rows->input, values));
	pfree(values);
}

/* The argument lock_timeout in milliseconds. */
static int
lock_timeout_argument(FunctionCallInfo fcinfo, int n)
{
	Interval   *value;
	double		ms;

	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", "lock_timeout"),
				 errhint("Give 0 for no limit.")));
	value = PG_GETARG_INTERVAL_P(n);
	ms = value->time / 1000.0 +
		(value->day + value->month * (double) DAYS_PER_MONTH) * SECS_PER_DAY * 1000.0;
	if (ms < 0 || ms > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", "lock_timeout")));
	return (int) ceil(ms);
}

/* dry_run(target, lock_timeout, force, project): runs, looks, rolls back. */
Datum
migrate_dry_run(PG_FUNCTION_ARGS)
{
	MigRequest	request = {0};
	TextRows	rows;

	request.action = MIG_ACTION_DRY_RUN;
	request.target = mig_arg_text(fcinfo, 0);
	request.lock_timeout = lock_timeout_argument(fcinfo, 1);
	request.force = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	request.project = mig_arg_project(fcinfo, 3);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	rows.result = (ReturnSetInfo *) fcinfo->resultinfo;
	rows.input = TupleDescGetAttInMetadata(rows.result->setDesc);
	mig_dry_run(fcinfo, &request, put_texts, &rows);
	return (Datum) 0;
}

/* verify(version, project): up, down, up and down, compared and rolled back. */
Datum
migrate_verify(PG_FUNCTION_ARGS)
{
	MigRequest	request = {0};
	TextRows	rows;

	request.action = MIG_ACTION_VERIFY;
	request.target = mig_arg_text(fcinfo, 0);
	request.lock_timeout = MIG_VERIFY_LOCK_TIMEOUT;
	request.project = mig_arg_project(fcinfo, 1);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	rows.result = (ReturnSetInfo *) fcinfo->resultinfo;
	rows.input = TupleDescGetAttInMetadata(rows.result->setDesc);
	mig_verify(fcinfo, &request, put_texts, &rows);
	return (Datum) 0;
}

/* fingerprint(): a hash of the schema of this database. */
Datum
migrate_fingerprint(PG_FUNCTION_ARGS)
{
	char	   *hash = mig_fingerprint_hash(mig_fingerprint_take());

	PG_RETURN_TEXT_P(cstring_to_text(hash));
}
