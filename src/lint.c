/*-------------------------------------------------------------------------
 *
 * lint.c
 *	  Judging scripts before they run: each statement, in the order in which
 *	  they would run, goes before all rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "bodies.h"
#include "calls.h"
#include "changes.h"
#include "guc.h"
#include "lint.h"
#include "lint_rules.h"
#include "lint_script.h"
#include "plan.h"
#include "scan.h"
#include "spi_util.h"
#include "suppress.h"
#include "trace_rules.h"

/* A set that is being judged. */
typedef struct LintRun
{
	MigLint		lint;			/* what rules see */
	bool	   *enabled;		/* by number of the rule */
	int			rules;
	MigLintVisitor visit;		/* NULL: none */
	void	   *visit_arg;
	bool		trace;			/* a dry run was made, too */
	List	   *traced;			/* of MigLintTraced *: what it found */
} LintRun;

/*
 * Asking the rules
 */

/* Asks the rules that wait for this moment. */
static void
ask(LintRun *run, int moment)
{
	run->lint.moment = moment;
	for (int i = 0; i < run->rules; i++)
	{
		const MigRule *rule = mig_lint_rule(i);

		if (!run->enabled[i] || (rule->moments & moment) == 0 ||
			(rule->before && run->lint.script->applied))
			continue;
		run->lint.rule = rule;
		run->lint.rule_number = i;
		rule->check(&run->lint);
	}
}

static void
ask_constraint(LintRun *run, ColumnDef *column, Constraint *constraint)
{
	run->lint.column = column;
	run->lint.constraint = constraint;
	ask(run, MIG_ON_CONSTRAINT);
	run->lint.column = NULL;
	run->lint.constraint = NULL;
}

static void
ask_column(LintRun *run, ColumnDef *column)
{
	ListCell   *lc;

	run->lint.column = column;
	ask(run, MIG_ON_COLUMN);
	run->lint.column = NULL;
	foreach(lc, column->constraints)
		ask_constraint(run, column, lfirst_node(Constraint, lc));
}

/* The parts of CREATE TABLE. */
static void
ask_create_table(LintRun *run, CreateStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->tableElts)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, ColumnDef))
			ask_column(run, (ColumnDef *) element);
		else if (IsA(element, Constraint))
			ask_constraint(run, NULL, (Constraint *) element);
	}
}

/* The parts of ALTER TABLE. */
static void
ask_alter_table(LintRun *run, AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		run->lint.command = command;
		ask(run, MIG_ON_COMMAND);
		if (command->subtype == AT_AddColumn)
			ask_column(run, castNode(ColumnDef, command->def));
		else if (command->subtype == AT_AddConstraint)
			ask_constraint(run, NULL, castNode(Constraint, command->def));
		run->lint.command = NULL;
	}
}

/* The changes of rows, each with the relation it is about. */
static void
ask_changes(LintRun *run)
{
	MigLint    *lint = &run->lint;
	MigRel	   *rel = lint->rel;
	ListCell   *lc;

	foreach(lc, mig_changes_of(lint->stmt))
	{
		lint->change = lfirst(lc);
		lint->rel = mig_shadow_find(lint->shadow, lint->change->target,
									RELKIND_RELATION);
		ask(run, MIG_ON_CHANGE);
	}
	lint->change = NULL;
	lint->rel = rel;
}

/*
 * Statements
 */

/* Brings one statement before the rules; the shadow is as it finds it. */
static void
judge(LintRun *run, Node *stmt)
{
	MigLint    *lint = &run->lint;
	RangeVar   *name;
	char		kind;

	lint->stmt = stmt;
	lint->effect = mig_effect_of(lint->shadow, stmt);
	name = mig_lint_subject(stmt, &kind);
	lint->rel = name ? mig_shadow_find(lint->shadow, name, kind) : NULL;
	ask(run, MIG_ON_STATEMENT);
	if (IsA(stmt, CreateStmt))
		ask_create_table(run, (CreateStmt *) stmt);
	else if (IsA(stmt, AlterTableStmt))
		ask_alter_table(run, (AlterTableStmt *) stmt);
	else
		ask_changes(run);
}

/* The statement has run: the next ones find what it leaves. */
static void
remember(LintRun *run)
{
	MigLint    *lint = &run->lint;
	MigDone    *done = palloc(sizeof(MigDone));

	done->statement = lint->statement;
	done->stmt = lint->stmt;
	done->effect = lint->effect;
	done->script = lint->number;
	/* what fails has not run, and holds no locks */
	if (!lint->fails)
	{
		lint->done = lappend(lint->done, done);
		mig_lint_hold(lint, done);
	}
	mig_shadow_apply(lint->shadow, lint->stmt);
}

/* Where a statement of the script stands. */
static void
stand_in_script(MigLint *lint, const MigStatement *statement)
{
	lint->source = lint->script->text;
	lint->base = statement->base;
	lint->location = statement->location;
	lint->len = statement->len;
}

/* Where a body starts. */
typedef struct BodyPlace
{
	int			location;		/* in the script's text */
	bool		written;		/* its statements stand there, too */
} BodyPlace;

/* Where a statement of a body stands. */
static void
stand_in_body(MigLint *lint, BodyPlace place, const MigBodyStatement *inner)
{
	bool		written = place.written && inner->as_written;

	lint->place = place.location;
	if (place.written && inner->location >= 0)
		lint->place += inner->location;
	lint->source = written ? lint->script->text : inner->text;
	lint->location = written ? lint->place : 0;
	lint->base = lint->location;
	lint->len = strlen(inner->text);
}

/* Where the body of the statement that is being judged starts. */
static BodyPlace
body_place(const MigLint *lint, const MigBody *body)
{
	BodyPlace	place = {.location = lint->location,.written = true};

	if (lint->source != lint->script->text)
		place = (BodyPlace) {.location = lint->place,.written = false};
	else if (body->body_location >= 0)
		place.location += body->body_location;
	else
		place.written = false;
	return place;
}

/* A commit: its locks are gone. */
static void
end_transaction(MigLint *lint)
{
	lint->done = NIL;
	lint->holders = NIL;
	lint->nheld = 0;
	mig_shadow_end_transaction(lint->shadow);
}

static void judge_inside(LintRun *run, Node *stmt, const char *text);

/*
 * The statements of a body.  Those of a DO block run now, as do those of a
 * routine that is called; those of a function run when somebody calls it.
 */
static void
judge_body(LintRun *run, BodyPlace place, MigBody *body)
{
	MigLint    *lint = &run->lint;
	MigEffect  *outer = lint->effect;
	bool		runs = lint->body != MIG_BODY_ROUTINE;
	ListCell   *lc;

	foreach(lc, body->statements)
	{
		MigBodyStatement *inner = lfirst(lc);

		if (inner->commits && runs)
			end_transaction(lint);
		if (inner->raw == NULL || inner->commits)
			continue;
		stand_in_body(lint, place, inner);
		if (lint->called != NULL)
			lint->called_line = inner->line;
		judge_inside(run, inner->raw->stmt, inner->text);
		if (runs)
		{
			mig_effect_merge(outer, lint->effect);
			remember(run);
		}
	}
	lint->effect = outer;
}

/* What the statement runs inside: where that stands, and then it again. */
static void
enter(LintRun *run, MigLintBody kind, BodyPlace place, MigBody *body)
{
	MigLint    *lint = &run->lint;
	MigLint		before = *lint;

	lint->routine = NULL;
	lint->calls = NIL;
	lint->body = kind;
	/* outside a transaction, DO has one for its statements */
	lint->in_transaction = true;
	judge_body(run, place, body);
	lint->in_transaction = before.in_transaction;
	lint->stmt = before.stmt;
	lint->rel = before.rel;
	lint->body = before.body;
	lint->source = before.source;
	lint->base = before.base;
	lint->location = before.location;
	lint->len = before.len;
	lint->place = before.place;
}

/* The routines that the statement has called: they run now. */
static void
judge_called(LintRun *run)
{
	MigLint    *lint = &run->lint;
	BodyPlace	place = {0};
	List	   *calls = lint->calls;
	ListCell   *lc;

	foreach(lc, calls)
	{
		MigCall    *call = lfirst(lc);

		place.location = lint->source == lint->script->text ?
			lint->base + call->location : lint->place;
		lint->called = call;
		enter(run, MIG_BODY_CALLED, place, call->body);
		lint->called = NULL;
	}
}

/*
 * A statement, and what is inside of it: first itself, then the statements of
 * its body, or of the routines that it calls.
 */
static void
judge_inside(LintRun *run, Node *stmt, const char *text)
{
	MigLint    *lint = &run->lint;
	bool		block = IsA(stmt, DoStmt);
	MigBody    *body = block || IsA(stmt, CreateFunctionStmt) ?
		mig_body_of(stmt, text) : NULL;

	lint->routine = body;
	/* one level deep, and not before somebody calls it */
	lint->calls = lint->called != NULL || lint->body == MIG_BODY_ROUTINE ? NIL :
		mig_calls_of(lint->shadow, stmt);
	judge(run, stmt);
	judge_called(run);
	if (body == NULL)
		return;
	enter(run, !block ? MIG_BODY_ROUTINE :
		  lint->body == MIG_BODY_NONE ? MIG_BODY_DO : lint->body,
		  body_place(lint, body), body);
	if (block && lint->body != MIG_BODY_ROUTINE)
		lint->unseen |= body->unseen != NULL || body->dynamic;
}

/* One statement of a script. */
static void
judge_statement(LintRun *run, const MigStatement *statement)
{
	MigLint    *lint = &run->lint;
	Node	   *stmt = statement->raw->stmt;

	CHECK_FOR_INTERRUPTS();
	lint->statement = statement;
	lint->fails = false;
	stand_in_script(lint, statement);
	lint->body = MIG_BODY_NONE;
	judge_inside(run, stmt, mig_lint_text(lint));
	if (run->visit != NULL)
		run->visit(lint, run->visit_arg);
	remember(run);
	if (IsA(stmt, CallStmt) || (IsA(stmt, SelectStmt) && lint->effect->unknown))
		lint->unseen = true;
}

/* One step: what commits together. */
static void
judge_step(LintRun *run, const MigScript *script, const MigStep *step)
{
	MigLint    *lint = &run->lint;

	/* what has run is in the catalog */
	if (step->last <= lint->script->done && step->last >= step->first)
		return;
	lint->step = step;
	lint->in_transaction = !step->toplevel;
	for (int i = step->first; i <= step->last; i++)
		judge_statement(run, &script->statements[i - 1]);
	ask(run, MIG_ON_TRANSACTION_END);
	end_transaction(lint);
}

/*
 * Scripts
 */

/* A script that cannot be parsed is a finding of its own: it would fail. */
static void
report_parse_error(LintRun *run, const MigLintParse *try)
{
	MigLint    *lint = &run->lint;
	MigLintPlace place = {lint->number, try->statement, try->location};

	lint->script->failure = try->error->message;
	lint->script->failure_line = try->line;
	if (run->visit != NULL)
		run->visit(lint, run->visit_arg);
	lint->rule = mig_lint_parse_rule(try);
	mig_lint_report(lint, &(MigReport) {
		.severity = MIG_SEVERITY_ERROR,
		.place = &place,
		.consequence = psprintf("fails: %s", try->error->message),
		.rewrite = mig_lint_parse_rewrite(try),
	});
}

/* One script of the set. */
static void
judge_script(LintRun *run, int number)
{
	MigLint    *lint = &run->lint;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "migrate lint script",
												  ALLOCSET_DEFAULT_SIZES);
	MigLintParse try;
	ListCell   *lc;

	MemoryContextSwitchTo(context);
	lint->number = number;
	lint->script = list_nth(lint->scripts, number);
	lint->statement = NULL;
	mig_lint_parse(&try, lint->script);
	lint->script->script = try.result;
	if (try.result != NULL)
	{
		MemoryContextSwitchTo(lint->context);
		lint->script->suppressions = mig_suppress_read(try.result);
		MemoryContextSwitchTo(context);
	}
	mig_shadow_begin_session(lint->shadow);
	if (try.result == NULL)
		report_parse_error(run, &try);
	else
	{
		foreach(lc, try.result->steps)
			judge_step(run, try.result, lfirst(lc));
		lint->statement = NULL;
		lint->stmt = NULL;
		lint->source = lint->script->text;
		lint->location = 0;
		ask(run, MIG_ON_SCRIPT_END);
	}
	lint->script->script = NULL;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/* Orders findings as their statements stand in the set. */
static int
compare_findings(const ListCell *a, const ListCell *b)
{
	const MigFinding *left = lfirst(a);
	const MigFinding *right = lfirst(b);

	if (left->script != right->script)
		return left->script < right->script ? -1 : 1;
	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	if (left->col != right->col)
		return left->col < right->col ? -1 : 1;
	if (left->severity != right->severity)
		return left->severity > right->severity ? -1 : 1;
	return strcmp(left->rule->name, right->rule->name);
}

/* Takes out what comments in the scripts suppress. */
static void
suppress_findings(LintRun *run)
{
	List	   *left = NIL;
	ListCell   *lc;

	foreach(lc, run->lint.findings)
	{
		MigFinding *finding = lfirst(lc);
		MigLintScript *script = list_nth(run->lint.scripts, finding->script);

		if (!mig_suppress_covers(script->suppressions, finding->rule->name,
								 finding->statement))
			left = lappend(left, finding);
	}
	run->lint.findings = left;
}

/* Is the rule enabled?  One that does not exist is. */
static bool
is_enabled(const LintRun *run, const char *name)
{
	for (int i = 0; i < run->rules; i++)
	{
		if (strcmp(mig_lint_rule(i)->name, name) == 0)
			return run->enabled[i];
	}
	return true;
}

/* Was the rule looked for wherever it is?  A dry run may have to. */
static bool
was_asked(const LintRun *run, const char *name)
{
	return is_enabled(run, name) && (run->trace || !mig_trace_finds(name));
}

/* What a comment that suppresses nothing is told. */
static const char *
unused_text(const MigSuppression *suppression)
{
	const char *nearest;

	if (suppression->rule == NULL)
		return suppression->statement == 0 ? "suppresses nothing" :
			"names no rule, so it suppresses nothing";
	if (mig_lint_rule_named(suppression->rule) == NULL)
	{
		nearest = mig_lint_rule_nearest(suppression->rule);
		return psprintf(nearest ? "there is no rule \"%s\", perhaps \"%s\" is meant" :
						"there is no rule \"%s\"",
						suppression->written, nearest);
	}
	return psprintf("rule \"%s\" has no finding here", suppression->written);
}

/* A name of another tool that stands for several rules is used if one is. */
static bool
is_sibling_used(List *suppressions, const MigSuppression *unused)
{
	ListCell   *lc;

	foreach(lc, suppressions)
	{
		MigSuppression *other = lfirst(lc);

		if (other->used && other->location == unused->location &&
			strcmp(other->written, unused->written) == 0)
			return true;
	}
	return false;
}

/* Comments that suppress nothing are findings of their own. */
static void
report_unused(LintRun *run, int number)
{
	MigLint    *lint = &run->lint;
	MigLintScript *script = list_nth(lint->scripts, number);
	const char *last = NULL;
	ListCell   *lc;

	foreach(lc, script->suppressions)
	{
		MigSuppression *suppression = lfirst(lc);
		MigLintPlace place = {number, suppression->statement,
		suppression->location};

		/* one that is an alias comes after its own name */
		if (suppression->used || suppression->written == last ||
			(suppression->rule != NULL && !was_asked(run, suppression->rule)) ||
			is_sibling_used(script->suppressions, suppression))
			continue;
		last = suppression->written;
		mig_lint_report(lint, &(MigReport) {
			.place = &place,
			.consequence = unused_text(suppression),
		});
	}
}

/*
 * What a dry run has found
 */

/* The number of the script it is about; -1: none that is reported on. */
static int
script_of_traced(const LintRun *run, const MigLintTraced *traced)
{
	ListCell   *lc;

	foreach(lc, run->lint.scripts)
	{
		const MigLintScript *script = lfirst(lc);

		if ((script->version == NULL) != (traced->version == NULL) ||
			strcmp(script->name, traced->name) != 0 ||
			(script->version != NULL &&
			 strcmp(script->version, traced->version) != 0))
			continue;
		return script->reported ? foreach_current_index(lc) : -1;
	}
	return -1;
}

/* Would a rule say of a trace what another one has said of the script? */
static bool
tells_the_same(const MigRule *told, const MigRule *traced)
{
	return told == traced ||
		(strcmp(told->name, "data-in-ddl-transaction") == 0 &&
		 strcmp(traced->name, "running-statement-while-holding-access-exclusive") == 0);
}

/* Has the script told the same of that statement? */
static bool
is_told(const LintRun *run, const MigFinding *finding)
{
	ListCell   *lc;

	foreach(lc, run->lint.findings)
	{
		const MigFinding *other = lfirst(lc);

		if (!other->traced && tells_the_same(other->rule, finding->rule) &&
			other->script == finding->script &&
			other->statement == finding->statement)
			return true;
	}
	return false;
}

/* Adds what a dry run has found and the scripts have not told. */
static void
add_traced(LintRun *run)
{
	ListCell   *lc;

	foreach(lc, run->traced)
	{
		const MigLintTraced *traced = lfirst(lc);
		MigFinding *finding = palloc0(sizeof(MigFinding));

		finding->rule = mig_lint_rule_named(traced->rule);
		finding->script = script_of_traced(run, traced);
		finding->statement = traced->statement;
		if (finding->rule == NULL || !is_enabled(run, traced->rule) ||
			finding->script < 0 || is_told(run, finding))
			continue;
		finding->severity = traced->severity == MIG_SEVERITY_DEFAULT ?
			finding->rule->severity : traced->severity;
		finding->line = traced->line;
		finding->object = traced->object;
		finding->consequence = traced->consequence;
		finding->traced = true;
		run->lint.findings = lappend(run->lint.findings, finding);
	}
}

/* After the last script: what suppresses what. */
static void
apply_suppressions(LintRun *run)
{
	const MigRule *rule = mig_lint_rule_named("unused-ignore");

	suppress_findings(run);
	if (!is_enabled(run, rule->name))
		return;
	run->lint.rule = rule;
	for (int i = 0; i < list_length(run->lint.scripts); i++)
		report_unused(run, i);
}

/* Judges scripts that would run one after the other. */
static MigLintResult *
judge_set(LintRun *run, List *scripts)
{
	MigLintResult *result = palloc0(sizeof(MigLintResult));
	int			level;

	run->rules = mig_lint_rules_count();
	run->enabled = mig_lint_rules_enabled();
	/* a run itself will tell what the scanner has to say */
	level = mig_scan_begin_quiet();
	run->lint.context = CurrentMemoryContext;
	run->lint.scripts = scripts;
	run->lint.memory = palloc0(run->rules * sizeof(void *));
	for (int i = 0; i < list_length(scripts); i++)
		judge_script(run, i);
	run->lint.number = 0;
	ask(run, MIG_ON_SET_END);
	add_traced(run);
	apply_suppressions(run);
	list_sort(run->lint.findings, compare_findings);
	mig_scan_end_quiet(level);
	result->scripts = scripts;
	result->findings = run->lint.findings;
	return result;
}

/*
 * What is judged
 */

/* How far a script has got that stopped between its steps. */
static int
statements_done(const MigMigration *m)
{
	int			done = 0;
	ListCell   *lc;

	if (m->state != MIG_PARTIAL)
		return 0;
	foreach(lc, mig_catalog_steps(m->id, false))
	{
		MigLedgerStep *step = lfirst(lc);

		if (step->done)
			done = Max(done, step->last);
	}
	return done;
}

/* A stored migration as a script of the set. */
static MigLintScript *
stored_script(const MigMigration *m)
{
	MigLintScript *script = palloc0(sizeof(MigLintScript));

	script->version = m->version;
	script->name = m->name;
	script->path = m->path;
	script->no_transaction = m->up_no_transaction;
	script->has_down = m->down != NULL;
	script->first_line = m->up_line;
	script->text = mig_catalog_script(m, false);
	if (script->has_down)
		script->down = mig_catalog_script(m, true);
	script->done = statements_done(m);
	return script;
}

/* Is it newer than what migrate.lint_start_after names? */
static bool
is_after_start(const MigMigration *m)
{
	return *mig_lint_start_after == '\0' || m->repeatable ||
		strcmp(m->sort_key, mig_version_sort_key(mig_lint_start_after)) > 0;
}

/* Judges migrations that would run one after the other. */
MigLintResult *
mig_lint_migrations(List *migrations, MigLintVisitor visit, void *arg)
{
	LintRun		run = {.visit = visit,.visit_arg = arg};
	List	   *scripts = NIL;
	ListCell   *lc;

	foreach(lc, migrations)
	{
		MigLintScript *script = stored_script(lfirst(lc));

		script->reported = is_after_start(lfirst(lc));
		scripts = lappend(scripts, script);
	}
	run.lint.shadow = mig_shadow_create(false);
	return judge_set(&run, scripts);
}

/* What is pending before and with the last one that is to be judged. */
static List *
pending_scripts(const MigLintRequest *request, const MigMigration *only)
{
	MigMigration *target = NULL;
	List	   *scripts = NIL;
	ListCell   *lc;

	if (request->target != NULL)
		target = mig_plan_find_versioned(request->project, request->target);
	foreach(lc, mig_catalog_pending(request->project))
	{
		MigMigration *m = lfirst(lc);
		MigLintScript *script;

		if (target != NULL && !m->repeatable &&
			strcmp(m->sort_key, target->sort_key) > 0)
			break;
		script = stored_script(m);
		script->reported = only ? m->id == only->id : is_after_start(m);
		scripts = lappend(scripts, script);
		if (only != NULL && m->id == only->id)
			break;
	}
	return scripts;
}

/*
 * Judges what is pending, up to a target, as one ordered set; or one version,
 * with what is pending before it known.
 */
MigLintResult *
mig_lint_pending(const MigLintRequest *request)
{
	LintRun		run = {.trace = request->trace,.traced = request->traced};
	MigMigration *only = NULL;
	List	   *scripts;

	if (request->version != NULL)
		only = mig_plan_find(request->project, request->version);
	if (only != NULL && only->state == MIG_APPLIED)
	{
		/* what ran already is judged by itself */
		MigLintScript *script = stored_script(only);

		script->reported = true;
		script->applied = true;
		scripts = list_make1(script);
	}
	else
		scripts = pending_scripts(request, only);
	run.lint.shadow = mig_shadow_create(request->assume_large);
	return judge_set(&run, scripts);
}

/* Judges a text that is not stored. */
MigLintResult *
mig_lint_sql(const char *text, bool no_transaction, bool assume_large)
{
	LintRun		run = {0};
	MigLintScript *script = palloc0(sizeof(MigLintScript));

	script->text = text;
	script->first_line = 1;
	script->no_transaction = no_transaction;
	script->reported = true;
	run.lint.shadow = mig_shadow_create(assume_large);
	return judge_set(&run, list_make1(script));
}

/* The script that a finding is of. */
const MigLintScript *
mig_lint_script(const MigLintResult *result, const MigFinding *finding)
{
	return list_nth(result->scripts, finding->script);
}
