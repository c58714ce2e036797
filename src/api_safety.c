/*-------------------------------------------------------------------------
 *
 * api_safety.c
 *	  The SQL-callable functions that look before a run: rights, result rows;
 *	  no logic.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "args.h"
#include "lint.h"
#include "lint_rules.h"

PG_FUNCTION_INFO_V1(migrate_lint);
PG_FUNCTION_INFO_V1(migrate_lint_sql);
PG_FUNCTION_INFO_V1(migrate_rules);

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
		mig_put_text(values, nulls, 12, "script");
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* lint(target, version, assume, project): what is found in pending scripts. */
Datum
migrate_lint(PG_FUNCTION_ARGS)
{
	MigLintRequest request = {0};

	request.target = mig_arg_text(fcinfo, 0);
	request.version = mig_arg_text(fcinfo, 1);
	request.assume_large = assume_argument(fcinfo, 2);
	request.project = mig_arg_project(fcinfo, 3);
	if (request.target != NULL && request.version != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target and version cannot both be given"),
				 errhint("Give target for all that is pending up to it, or version for that one alone.")));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
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
