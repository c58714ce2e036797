/*-------------------------------------------------------------------------
 *
 * preview.c
 *	  What apply() would do, statement by statement.  Nothing is executed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "gauge.h"
#include "journal.h"
#include "lint.h"
#include "plan.h"
#include "preview.h"

/* Longer first lines are cut. */
#define MAX_TEXT	120

typedef struct PreviewRun
{
	MemoryContext context;		/* of the result */
	List	   *rows;			/* of MigPreview * */
	List	   *wanted;			/* of MigTiming *: what is comparable ... */
	List	   *wanted_by;		/* ... and the rows */
} PreviewRun;

/* The first line of a text, cut if it is long. */
static char *
first_line(const char *text, int most)
{
	int			len = strcspn(text, "\r\n");

	len = Min(len, most);
	if (len > MAX_TEXT)
		return psprintf("%.*s...", pg_mbcliplen(text, len, MAX_TEXT), text);
	return pnstrdup(text, len);
}

/* The relations that others can see before the statement runs. */
static List *
visible_touches(const MigEffect *effect)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, effect->touches)
	{
		MigTouch   *touch = lfirst(lc);
		MigPreviewTouch *row;

		if (mig_rel_is_invisible(touch->rel))
			continue;
		row = palloc(sizeof(MigPreviewTouch));
		row->relation = mig_rel_label(touch->rel);
		row->locks = touch->locks;
		row->scans = touch->scans;
		row->rewrites = touch->rewrites || touch->empties;
		row->builds = touch->builds;
		row->writes = touch->writes;
		/* how large it will be, nobody knows; what goes is not worked on */
		row->bytes = mig_rel_is_new(touch->rel) ? -1 :
			touch->empties ? 0 : mig_rel_bytes(touch->rel);
		row->rows = mig_rel_rows(touch->rel);
		result = lappend(result, row);
	}
	return result;
}

/* Number of a step in its script, from 1. */
static int
step_number(const MigLint *lint)
{
	int			number = 0;
	ListCell   *lc;

	foreach(lc, lint->script->script->steps)
	{
		number++;
		if (lfirst(lc) == lint->step)
			break;
	}
	return number;
}

/* Remembers to look how long comparable work took. */
static void
want_timing(PreviewRun *run, const MigLint *lint, MigPreview *row)
{
	MigTiming  *timing = mig_gauge(lint->stmt, lint->effect);

	if (timing == NULL)
		return;
	run->wanted = lappend(run->wanted, timing);
	run->wanted_by = lappend(run->wanted_by, row);
}

/* What is told of a statement. */
static void
describe_statement(PreviewRun *run, const MigLint *lint, MigPreview *row)
{
	row->step = step_number(lint);
	row->statement = lint->statement->number;
	row->line = lint->statement->line;
	row->text = first_line(lint->script->text + lint->location, lint->len);
	row->transactional = lint->in_transaction;
	row->commits = lint->statement->number == lint->step->last;
	row->touches = visible_touches(lint->effect);
	want_timing(run, lint, row);
}

/* What is told of a script that cannot be parsed. */
static void
describe_failure(const MigLintScript *script, MigPreview *row)
{
	const char *text = script->text + strspn(script->text, " \t\r\n");

	row->line = script->failure_line;
	row->text = first_line(text, strlen(text));
	row->note = psprintf("fails: %s", script->failure);
}

/* A MigLintVisitor: keeps one row. */
static void
keep_row(const MigLint *lint, void *arg)
{
	PreviewRun *run = arg;
	MemoryContext caller = MemoryContextSwitchTo(run->context);
	MigPreview *row = palloc0(sizeof(MigPreview));

	row->version = lint->script->version;
	row->name = lint->script->name;
	row->script = lint->number;
	row->expected = -1;
	if (lint->statement != NULL)
		describe_statement(run, lint, row);
	else
		describe_failure(lint->script, row);
	run->rows = lappend(run->rows, row);
	MemoryContextSwitchTo(caller);
}

/* Counts the findings of each row. */
static void
count_findings(const PreviewRun *run, List *findings)
{
	ListCell   *lc;
	ListCell   *each = list_head(run->rows);

	foreach(lc, findings)
	{
		MigFinding *finding = lfirst(lc);
		MigPreview *row = NULL;

		/* both lists are in the order of the scripts */
		for (; each != NULL; each = lnext(run->rows, each))
		{
			row = lfirst(each);
			if (row->script > finding->script ||
				(row->script == finding->script &&
				 (row->statement >= finding->statement || row->statement == 0)))
				break;
		}
		/* a script that cannot be parsed has one row, without a statement */
		if (each != NULL && row->script == finding->script &&
			(row->statement == finding->statement || row->statement == 0))
			row->findings++;
	}
}

/*
 * How long the statements may take.  Where nothing of a script is comparable,
 * the time of its own last run stands at its first statement.
 */
static void
expect(const PreviewRun *run, List *migrations)
{
	List	   *checksums = NIL;
	Bitmapset  *told = NULL;
	int64	   *elapsed;
	ListCell   *lc;
	ListCell   *each;

	mig_journal_compare(run->wanted);
	forboth(lc, run->wanted, each, run->wanted_by)
	{
		MigPreview *row = lfirst(each);

		row->expected = ((MigTiming *) lfirst(lc))->elapsed;
		if (row->expected >= 0)
			told = bms_add_member(told, row->script);
	}
	foreach(lc, migrations)
		checksums = lappend(checksums, ((MigMigration *) lfirst(lc))->up);
	elapsed = mig_journal_elapsed(checksums);
	foreach(lc, run->rows)
	{
		MigPreview *row = lfirst(lc);

		if (bms_is_member(row->script, told))
			continue;
		row->expected = elapsed[row->script];
		told = bms_add_member(told, row->script);
	}
}

/*
 * The statements that apply() would run, in their order: MigPreview.  A script
 * that cannot be parsed has one row.
 */
List *
mig_preview(const MigRequest *request)
{
	PreviewRun	run = {0};
	List	   *migrations = mig_plan(request);
	MigLintResult *lint;

	run.context = CurrentMemoryContext;
	lint = mig_lint_migrations(migrations, keep_row, &run);
	count_findings(&run, lint->findings);
	expect(&run, migrations);
	return run.rows;
}
