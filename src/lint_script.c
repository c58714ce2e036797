/*-------------------------------------------------------------------------
 *
 * lint_script.c
 *	  A script as lint judges it: its statements in the steps that apply() will
 *	  make of them, or why it cannot be parsed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bodies.h"
#include "lint_rules.h"
#include "lint_script.h"
#include "scan.h"
#include "script.h"
#include "spi_util.h"
#include "text.h"

/*
 * Steps
 */

/* Has the body of a DO, or of a procedure that is made, a COMMIT or ROLLBACK? */
static bool
body_commits(const MigScript *script, const MigStatement *statement)
{
	char	   *text = pnstrdup(script->text + statement->location,
								statement->len);

	return mig_body_of(statement->raw->stmt, text)->commits;
}

/* Does the statement, a DO or a CALL, commit in its middle? */
static bool
commits(const MigScript *script, const MigStatement *statement)
{
	CallStmt   *call = (CallStmt *) statement->raw->stmt;

	if (IsA(call, DoStmt))
		return body_commits(script, statement);
	if (!IsA(call, CallStmt))
		return false;
	/* a procedure that the script itself makes, or that is there */
	for (int i = statement->number - 1; i > 0; i--)
	{
		const MigStatement *earlier = &script->statements[i - 1];
		CreateFunctionStmt *create = (CreateFunctionStmt *) earlier->raw->stmt;

		if (IsA(create, CreateFunctionStmt) && create->is_procedure &&
			strcmp(strVal(llast(create->funcname)),
				   strVal(llast(call->funccall->funcname))) == 0)
			return body_commits(script, earlier);
	}
	return mig_body_call_commits(call);
}

/*
 * The steps that apply() will make of one: what commits is refused within a
 * transaction, and then runs outside of one, after a commit.  Where the script
 * wrote BEGIN ... COMMIT, it fails.
 */
static List *
divide_step(const MigScript *script, MigStep *step)
{
	if (step->toplevel || step->block)
		return list_make1(step);
	for (int i = step->first; i <= step->last; i++)
	{
		List	   *parts;
		MigStep    *rest;

		if (!commits(script, &script->statements[i - 1]))
			continue;
		parts = mig_step_split(script, step, i, true);
		rest = llast(parts);
		return rest->first == i ? parts :
			list_concat(list_delete_last(parts), divide_step(script, rest));
	}
	return list_make1(step);
}

static List *
divide(const MigScript *script)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, script->steps)
		result = list_concat(result, divide_step(script, lfirst(lc)));
	return result;
}

/*
 * Parsing
 */

static void
parse(void *arg)
{
	MigLintParse *try = arg;

	try->result = mig_script_parse(try->script->text, try->script->first_line,
								   try->script->no_transaction);
}

/* Finds the statement that the error is in. */
static void
find_failed(void *arg)
{
	MigLintParse *try = arg;
	MigScan		scan;

	mig_scan_begin(&scan, try->script->text);
	while (mig_scan_token(&scan))
	{
		bool		ended = scan.token == ';' && scan.statement.parens == 0 &&
			scan.statement.bodies == 0;

		if (ended && scan.location >= try->location)
			break;
		if (scan.statement.position == 1)
			try->start = scan.location;
		try->end = scan.token_end;
		try->statement += ended && scan.statement.position > 1;
	}
	mig_scan_end(&scan);
}

/*
 * Parses a script, and divides it into the steps that apply() will make; an
 * error is no reason to stop, and says where and what it is.
 */
void
mig_lint_parse(MigLintParse *try, const MigLintScript *script)
{
	memset(try, 0, sizeof(MigLintParse));
	try->script = script;
	try->error = mig_sql_try(parse, try);
	if (try->error == NULL)
	{
		try->result->steps = divide(try->result);
		return;
	}
	try->location = Max(mig_script_error_location(), 0);
	try->line = script->first_line - 1 +
		mig_text_line_number(script->text, try->location);
	try->statement = 1;
	/* it may fail where the scanner did before */
	(void) mig_sql_try(find_failed, try);
}

/* The rule that an error of parsing is about. */
const MigRule *
mig_lint_parse_rule(const MigLintParse *try)
{
	static const struct
	{
		int			sqlstate;
		const char *rule;
	}			rules[] =
	{
		{ERRCODE_FEATURE_NOT_SUPPORTED, "refused-statement"},
		{ERRCODE_ACTIVE_SQL_TRANSACTION, "non-transactional-statement"},
		{ERRCODE_INVALID_TRANSACTION_INITIATION, "transaction-nesting"},
		{ERRCODE_INVALID_TRANSACTION_STATE, "ban-uncommitted-transaction"},
	};

	for (int i = 0; i < lengthof(rules); i++)
	{
		if (rules[i].sqlstate == try->error->sqlerrcode)
			return mig_lint_rule_named(rules[i].rule);
	}
	return mig_lint_rule_named("syntax-error");
}

/* What to write instead of a script that cannot be parsed; NULL: who knows. */
const char *
mig_lint_parse_rewrite(const MigLintParse *try)
{
	if (try->error->sqlerrcode != ERRCODE_ACTIVE_SQL_TRANSACTION)
		return NULL;
	return psprintf("-- before BEGIN or after COMMIT:\n%.*s;",
					try->end - try->start, try->script->text + try->start);
}
