/*-------------------------------------------------------------------------
 *
 * ledger.c
 *	  How far earlier runs of a script got, and where to go on.
 *
 * The ledger speaks of statements, not of steps: a step that was split in one
 * run is whole again in the next.  Reading it makes the steps of the script
 * end where completed ones ended, and holds the script to what has run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "ledger.h"

/* A statement of the script, by its number. */
const MigStatement *
mig_ledger_statement(const MigWork *work, int number)
{
	Assert(number >= 1 && number <= work->script->nstatements);
	return &work->script->statements[number - 1];
}

/* Replaces a step by the steps that a commit boundary makes of it. */
void
mig_ledger_replace_step(MigWork *work, int index, List *steps)
{
	ListCell   *lc;

	/* in place: a script may have tens of thousands of steps */
	lfirst(list_nth_cell(work->steps, index)) = linitial(steps);
	for_each_from(lc, steps, 1)
		work->steps = list_insert_nth(work->steps, ++index, lfirst(lc));
}

/* Index of the last step that starts with or before a statement; or -1. */
static int
find_step(const MigWork *work, int number)
{
	int			low = 0;
	int			high = list_length(work->steps);

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		const MigStep *step = list_nth(work->steps, middle);

		if (step->first <= number)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

/* Makes statement 'last' the last one of its step. */
static void
end_step_at(MigWork *work, int last)
{
	int			index = find_step(work, last);
	MigStep    *step;
	MigStep    *head;
	MigStep    *tail;

	if (index < 0)
		return;
	step = list_nth(work->steps, index);
	if (step->last <= last)
		return;
	head = palloc(sizeof(MigStep));
	tail = palloc(sizeof(MigStep));
	*head = *tail = *step;
	head->last = last;
	tail->first = last + 1;
	if (tail->origin == 0)
		tail->origin = step->first;
	mig_ledger_replace_step(work, index, list_make2(head, tail));
}

/* The checksum of statements, whatever stands between them. */
char *
mig_ledger_checksum(const MigWork *work, int first, int last)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = first; i <= last; i++)
	{
		const MigStatement *s = mig_ledger_statement(work, i);

		appendBinaryStringInfo(&text, work->script->text + s->location, s->len);
		appendStringInfoString(&text, ";\n");
		if (s->class == MIG_STMT_COPY_IN)
			appendBinaryStringInfo(&text, s->data, s->data_len);
	}
	return mig_checksum(text.data, text.len);
}

/* A step that was completed or begun must be in the script as it was. */
static void
check_unchanged(const MigWork *work, const MigLedgerStep *step)
{
	const MigMigration *m = work->migration;
	int			line = 0;

	if (step->last <= work->script->nstatements &&
		strcmp(mig_ledger_checksum(work, step->first, step->last),
			   step->checksum) == 0)
		return;
	if (step->first <= work->script->nstatements)
		line = mig_ledger_statement(work, step->first)->line;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 step->done ?
			 errmsg("a completed step of migration \"%s\" has changed",
					mig_label(m->version, m->name)) :
			 errmsg("an interrupted step of migration \"%s\" has changed",
					mig_label(m->version, m->name)),
			 errdetail("Statements %d to %d, now at line %d, have run already.",
					   step->first, step->last, line),
			 errhint("Restore their text and store the migration again, or undo them by hand and run %s",
					 mig_call_resolve(mig_argument(m->version, m->name),
									  "rolled_back", work->project))));
}

/* Temporary objects of a completed step went with the session of its run. */
static void
check_temporary(const MigWork *work, const MigLedgerStep *step)
{
	const MigMigration *m = work->migration;
	const char *argument = mig_argument(m->version, m->name);

	if (!step->temporary)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migration \"%s\" cannot go on after statement %d",
					mig_label(m->version, m->name), step->last),
			 errdetail("The completed statements made temporary objects, which are gone with their session."),
			 errhint("Complete or undo the migration by hand and run %s or %s",
					 mig_call_resolve(argument, "applied", work->project),
					 mig_call_resolve(argument, "rolled_back", work->project))));
}

/*
 * A statement that was started on its own is a step at top level again, also
 * if only its failure had shown that it has to be.
 */
static void
isolate_step(MigWork *work, int number)
{
	if (number > 1)
		end_step_at(work, number - 1);
	end_step_at(work, number);
	for (int i = 0; i < list_length(work->steps); i++)
	{
		MigStep    *step = list_nth(work->steps, i);

		if (step->first == number && step->last == number)
			step->toplevel = true;
	}
}

/* Takes over what an earlier run of this script recorded. */
void
mig_ledger_read(MigWork *work)
{
	MigLedgerStep *last = NULL;
	ListCell   *lc;

	foreach(lc, mig_catalog_steps(work->migration->id, work->down))
	{
		MigLedgerStep *step = lfirst(lc);

		if (step->done)
		{
			check_unchanged(work, step);
			end_step_at(work, step->last);
			work->done = step->last;
			work->settings = step->settings;
			last = step;
		}
		else
			work->started = step;
	}
	if (last != NULL)
		check_temporary(work, last);
	if (work->started == NULL)
		return;
	check_unchanged(work, work->started);
	isolate_step(work, work->started->first);
}
