/*-------------------------------------------------------------------------
 *
 * step.c
 *	  A script's statements to steps.
 *
 * Positions of errors are those in the script's text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "step.h"
#include "text.h"

/* A script that is being divided into steps. */
typedef struct StepState
{
	MigScript  *script;
	bool		no_transaction;
	MigStep		step;			/* the one that is not complete yet */
} StepState;

static const MigStatement *
get_statement(const MigScript *script, int number)
{
	return &script->statements[number - 1];
}

/* Inside ereport(): the error is at this statement. */
static int
statement_errposition(const MigScript *script, const MigStatement *statement)
{
	return errposition(mig_text_position(script->text, statement->location));
}

/*
 * Appends a step like 'step' with these statements, unless there is nothing
 * to execute in it.
 */
static List *
add_step(const MigScript *script, List *steps, const MigStep *step,
		 int first, int last)
{
	for (int i = first; i <= last; i++)
	{
		MigStmtClass class = get_statement(script, i)->class;

		if (class != MIG_STMT_BEGIN && class != MIG_STMT_COMMIT)
		{
			MigStep    *result = palloc(sizeof(MigStep));

			*result = *step;
			result->first = first;
			result->last = last;
			return lappend(steps, result);
		}
	}
	return steps;
}

/* The current step, if there is anything in it, ends with this statement. */
static void
close_step(StepState *state, int last)
{
	MigScript  *script = state->script;

	script->steps = add_step(script, script->steps, &state->step,
							 state->step.first, last);
	memset(&state->step, 0, sizeof(MigStep));
	state->step.first = last + 1;
}

/* BEGIN starts a step that ends with the next COMMIT. */
static void
step_begin(StepState *state, const MigStatement *statement)
{
	MigScript  *script = state->script;

	if (state->step.block)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_TRANSACTION_INITIATION),
				errmsg("BEGIN inside BEGIN ... COMMIT"),
				errdetail("The transaction begins in line %d.",
						  get_statement(script, state->step.first)->line),
				errhint("End the first transaction with COMMIT before the second one begins."),
				statement_errposition(script, statement));
	close_step(state, statement->number - 1);
	state->step.block = true;
	state->step.begin_options =
		castNode(TransactionStmt, statement->raw->stmt)->options;
}

/* COMMIT ends a step; without BEGIN, it is a part of none. */
static void
step_commit(StepState *state, const MigStatement *statement)
{
	if (!state->step.block)
		close_step(state, statement->number - 1);
	close_step(state, statement->number);
}

/* What a statement that refuses a transaction block is called. */
static const char *
toplevel_name(const MigStatement *statement)
{
	switch (statement->tag)
	{
		case CMDTAG_CREATE_INDEX:
			return "CREATE INDEX CONCURRENTLY";
		case CMDTAG_DROP_INDEX:
			return "DROP INDEX CONCURRENTLY";
		case CMDTAG_ALTER_TABLE:
			return "ALTER TABLE ... DETACH CONCURRENTLY";
		default:
			return GetCommandTagName(statement->tag);
	}
}

/* A statement outside any transaction block is a step of its own. */
static void
step_toplevel(StepState *state, const MigStatement *statement)
{
	MigScript  *script = state->script;

	if (state->step.block)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("%s cannot run inside a transaction block",
					   toplevel_name(statement)),
				errdetail("The statement is in line %d, the transaction block begins in line %d.",
						  statement->line,
						  get_statement(script, state->step.first)->line),
				errhint("Move it out of BEGIN ... COMMIT."),
				statement_errposition(script, statement));
	close_step(state, statement->number - 1);
	state->step.toplevel = true;
	close_step(state, statement->number);
}

/* Lets one more statement join or delimit the current step. */
static void
step_statement(StepState *state, const MigStatement *statement)
{
	bool		alone = state->no_transaction && !state->step.block;

	switch (statement->class)
	{
		case MIG_STMT_BEGIN:
			step_begin(state, statement);
			break;
		case MIG_STMT_COMMIT:
			step_commit(state, statement);
			break;
		case MIG_STMT_TOPLEVEL:
			step_toplevel(state, statement);
			break;
		case MIG_STMT_PROCEDURAL:
			if (alone)
				step_toplevel(state, statement);
			break;
		case MIG_STMT_PLAIN:
		case MIG_STMT_COPY_IN:
			if (alone)
				close_step(state, statement->number);
			break;
		case MIG_STMT_REFUSED:
			/* cannot happen */
			elog(ERROR, "statement %d should have been refused",
				 statement->number);
			break;
	}
}

/*
 * Divides a script's statements into steps.  With no_transaction, every
 * statement outside BEGIN ... COMMIT is a step of its own.
 *
 * Guaranteed: the steps are in order, each has something to execute, and
 * every statement but BEGIN and COMMIT is in exactly one.  Only an empty
 * script has a step without statements.
 */
void
mig_step_build(MigScript *script, bool no_transaction)
{
	StepState	state = {script, no_transaction, {.first = 1}};

	for (int i = 1; i <= script->nstatements; i++)
		step_statement(&state, get_statement(script, i));

	if (state.step.block)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				errmsg("BEGIN without COMMIT"),
				errhint("End the transaction with COMMIT, or remove BEGIN: a script is a transaction as it is."),
				statement_errposition(script,
									  get_statement(script, state.step.first)));
	close_step(&state, script->nstatements);

	if (script->steps == NIL)
	{
		MigStep    *step = palloc0(sizeof(MigStep));

		step->first = 1;
		script->steps = list_make1(step);
	}
}

/*
 * The one to three steps that 'step' becomes when it commits before and
 * after one of its statements.  That statement's step is toplevel as told;
 * the others, and it too otherwise, keep the step's kind of transaction.
 */
List *
mig_step_split(const MigScript *script, const MigStep *step, int number,
			   bool toplevel)
{
	const MigStep outside = {.toplevel = true};
	MigStep		part = *step;
	List	   *steps = NIL;

	/* cannot happen */
	if (number < step->first || number > step->last)
		elog(ERROR, "statement %d is not in the step of statements %d to %d",
			 number, step->first, step->last);
	if (part.origin == 0)
		part.origin = step->first;
	steps = add_step(script, steps, &part, step->first, number - 1);
	steps = add_step(script, steps, toplevel ? &outside : &part,
					 number, number);
	return add_step(script, steps, &part, number + 1, step->last);
}
