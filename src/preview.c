/*-------------------------------------------------------------------------
 *
 * preview.c
 *	  What apply() would do, statement by statement.  Nothing is executed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

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
	int64	   *elapsed;		/* of each script; -1: not known */
} PreviewRun;

/* The first line of a statement, cut if it is long. */
static char *
first_line(const MigLint *lint)
{
	const char *text = lint->script->text + lint->location;
	int			len = strcspn(text, "\r\n");

	len = Min(len, lint->len);
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
		row->rewrites = touch->rewrites;
		row->builds = touch->builds;
		row->writes = touch->writes;
		/* how large it will be, nobody knows */
		row->bytes = mig_rel_is_new(touch->rel) ? -1 : mig_rel_bytes(touch->rel);
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

/*
 * How long the script took when it ran before; only the first statement tells,
 * for all of them.
 */
static int64
expected_time(const PreviewRun *run, const MigLint *lint)
{
	if (lint->statement->number != lint->script->done + 1)
		return -1;
	return run->elapsed[lint->number];
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
	row->step = step_number(lint);
	row->statement = lint->statement->number;
	row->line = lint->statement->line;
	row->text = first_line(lint);
	row->transactional = lint->in_transaction;
	row->commits = lint->statement->number == lint->step->last;
	row->touches = visible_touches(lint->effect);
	row->expected = expected_time(run, lint);
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

		/* both lists are in the order of the scripts */
		while (each != NULL)
		{
			MigPreview *row = lfirst(each);

			if (row->script > finding->script ||
				(row->script == finding->script &&
				 row->statement >= finding->statement))
				break;
			each = lnext(run->rows, each);
		}
		if (each != NULL && finding->statement > 0)
			((MigPreview *) lfirst(each))->findings++;
	}
}

/* The statements that apply() would run, in their order: MigPreview. */
List *
mig_preview(const MigRequest *request)
{
	PreviewRun	run = {0};
	List	   *migrations = mig_plan(request);
	List	   *checksums = NIL;
	MigLintResult *lint;
	ListCell   *lc;

	run.context = CurrentMemoryContext;
	foreach(lc, migrations)
		checksums = lappend(checksums, ((MigMigration *) lfirst(lc))->up);
	run.elapsed = mig_journal_elapsed(checksums);
	lint = mig_lint_migrations(migrations, keep_row, &run);
	count_findings(&run, lint->findings);
	return run.rows;
}
