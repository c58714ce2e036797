/*-------------------------------------------------------------------------
 *
 * adopt.c
 *	  Taking over what another tool's history says.
 *
 * What it says was run is marked as applied, with the time and in the order
 * of the history; nothing of it is run, and the history stays as it is.  A
 * migration is adopted once: what became of it here since then counts, not
 * what the old table still says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "adopt.h"
#include "journal.h"
#include "match.h"
#include "repair.h"
#include "spi_util.h"

/* How many migrations a warning lists. */
#define SHOWN_NAMES 10

/* What becomes of a migration. */
typedef enum Verdict
{
	STAYS,						/* its state is not touched */
	IS_ADOPTED,					/* it gets the state that the history has */
	DIFFERS						/* the same, though its text is another */
} Verdict;

typedef struct Adoption
{
	const MigAdoptRequest *request;
	MigForeignTable *table;
	List	   *migrations;		/* of MigMigration *, in order */
	MigMatches *matches;
	MigIndex	before;			/* what was adopted before: see before_key() */
	MigAdopted *rows;			/* one for each migration */
	Verdict    *verdicts;		/* the same */
	List	   *result;			/* of MigAdopted * */

	int			adopted;
	int			missing;
	int			pending;
	int			unsettled;		/* failed or partial */
	List	   *differing;		/* of char *: labels */
} Adoption;

/* The tool's words and ours. */
static const char *
join_notes(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a ? a : b;
	return psprintf("%s; %s", a, b);
}

/* What can be looked up among the things adopted before. */
static const char *
before_key(const char *version, const char *name, const char *outcome,
		   bool missing)
{
	return psprintf("%s\n%s\n%s\n%s", version ? version : "", name, outcome,
					missing ? "missing" : "");
}

/* Was it adopted before, with that outcome? */
static bool
was_adopted(const Adoption *adoption, const char *version, const char *name,
			const char *outcome, bool missing)
{
	return mig_index_find(&adoption->before,
						  before_key(version, name, outcome, missing)) >= 0;
}

static void
index_adopted_before(Adoption *adoption)
{
	ListCell   *lc;

	foreach(lc, mig_journal_adopted(adoption->request->project))
	{
		const MigAdoptedBefore *b = lfirst(lc);

		mig_index_add(&adoption->before,
					  before_key(b->version, b->name, b->outcome, b->missing), 0);
	}
	mig_index_sort(&adoption->before);
}

/*
 * What to adopt
 */

/* The layout in which the project's files were read last; NULL: none. */
static const char *
layout_of(List *migrations)
{
	const char *layout = NULL;
	ListCell   *lc;

	foreach(lc, migrations)
	{
		const MigMigration *m = lfirst(lc);

		if (m->path != NULL)
			layout = m->layout;
	}
	return layout;
}

/* The project's migrations, of which there must be some. */
static List *
list_migrations(const Adoption *adoption)
{
	List	   *migrations = mig_catalog_list(adoption->request->project);

	if (migrations == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("project \"%s\" has no migrations yet",
						adoption->request->project),
				 errdetail("A history is adopted for the files it speaks of."),
				 errhint("Load them with migrate.load(), and call again.")));
	return migrations;
}

/* A history says nothing about files that go by another tool's names. */
static void
check_layout(const Adoption *adoption)
{
	const MigForeignTable *table = adoption->table;
	const MigMigration *first = linitial(adoption->migrations);
	ListCell   *lc;

	foreach(lc, adoption->migrations)
		if (mig_match_allows(table->tool,
							 ((MigMigration *) lfirst(lc))->layout))
			return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the files of project \"%s\" are not those of %s",
					adoption->request->project, table->tool->name),
			 errdetail("They were loaded in layout \"%s\"; table %s is the history of %s.",
					   first->layout, table->name, table->tool->name),
			 errhint("Load the files of %s with migrate.load(..., layout => '%s'), or name another history with migrate.adopt('%s').",
					 table->tool->name, table->tool->name,
					 strcmp(first->layout, "native") == 0 ? "tool" :
					 first->layout)));
}

/*
 * Verdicts
 */

/* Is the text that the tool ran the one that is loaded, as far as is known? */
static bool
is_same_text(const MigMigration *m, const MigForeignRow *row)
{
	ListCell   *lc;

	if (row->checksum == NULL || *row->checksum == '\0' || m->checksums == NIL)
		return true;
	foreach(lc, m->checksums)
		if (strcmp(lfirst(lc), row->checksum) == 0)
			return true;
	return false;
}

/* The state that the history says, as one of ours. */
static MigState
state_said(const MigMatch *match)
{
	if (match->row == NULL)
		return match->below ? MIG_APPLIED : MIG_PENDING;
	switch (match->row->state)
	{
		case MIG_FOREIGN_APPLIED:
			return MIG_APPLIED;
		case MIG_FOREIGN_FAILED:
			return MIG_FAILED;
		case MIG_FOREIGN_PARTIAL:
			return MIG_PARTIAL;
		case MIG_FOREIGN_UNDONE:
			break;
	}
	return MIG_PENDING;
}

/* The state that it is in here. */
static MigState
state_here(const MigMigration *m)
{
	if (m->repeatable && m->state == MIG_APPLIED && strcmp(m->up, m->checksum) != 0)
		return MIG_PENDING;
	return m->state;
}

static const char *
outcome_of(MigState state)
{
	return state == MIG_APPLIED ? "success" : "failed";
}

/* A migration that stays as it is, whatever the history says. */
static Verdict
leave(MigAdopted *row, MigState state, const char *note)
{
	row->result = mig_state_names[state];
	row->note = join_notes(row->note, note);
	return STAYS;
}

/* What becomes of one migration; says so in its row. */
static Verdict
judge(const Adoption *adoption, const MigMatch *match, MigAdopted *row)
{
	const MigMigration *m = match->migration;
	MigState	said = state_said(match);
	MigState	here = state_here(m);

	row->result = "unchanged";
	if (here == MIG_APPLIED)
	{
		if (said == MIG_PENDING && mig_journal_adopted_last(m))
			row->note = join_notes(row->note, "was adopted before, and is not in this history");
		return STAYS;
	}
	if (said == MIG_PENDING || said == here)
		return leave(row, here, NULL);
	if (was_adopted(adoption, m->version, m->name, outcome_of(said), false))
		return leave(row, here, "was adopted before, and has been undone or resolved here since");
	if (here == MIG_PARTIAL && !mig_journal_adopted_last(m))
		return leave(row, here, "a part of it was run here");
	if (said == MIG_APPLIED && match->row != NULL &&
		!is_same_text(m, match->row))
	{
		/* what runs again when it changes is to run again */
		if (m->repeatable)
			return leave(row, MIG_PENDING, "another text of it was run");
		row->result = "differs";
		row->note = join_notes(row->note,
							   psprintf("its checksum is %s there, the loaded text has another",
										match->row->checksum));
		return DIFFERS;
	}
	row->result = said == MIG_APPLIED ? "adopted" : mig_state_names[said];
	return IS_ADOPTED;
}

/* What the result says of a migration before it is judged. */
static void
begin_row(const MigMatch *match, MigAdopted *row)
{
	row->version = match->migration->version;
	row->name = match->migration->name;
	row->applied_at = DT_NOBEGIN;
	if (match->row != NULL)
	{
		row->note = match->row->words;
		if (match->row->state == MIG_FOREIGN_UNDONE)
			return;
		row->applied_at = match->row->applied_at;
		row->applied_by = match->row->applied_by;
	}
	else if (match->below != NULL)
		row->note = psprintf("comes before %s", match->below->version);
}

static void
judge_all(Adoption *adoption)
{
	int			count = adoption->matches->count;

	adoption->rows = palloc0(sizeof(MigAdopted) * (count + 1));
	adoption->verdicts = palloc0(sizeof(Verdict) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		const MigMatch *match = &adoption->matches->matches[i];
		MigAdopted *row = &adoption->rows[i];

		CHECK_FOR_INTERRUPTS();
		begin_row(match, row);
		adoption->verdicts[i] = judge(adoption, match, row);
		if (adoption->verdicts[i] == DIFFERS)
			adoption->differing = lappend(adoption->differing,
										  pstrdup(mig_label(row->version, row->name)));
		if (strcmp(row->result, "failed") == 0 ||
			strcmp(row->result, "partial") == 0)
			adoption->unsettled++;
		else if (adoption->verdicts[i] != STAYS)
			adoption->adopted++;
		else if (strcmp(row->result, "pending") == 0)
			adoption->pending++;
	}
}

/*
 * Writing down
 */

/* One event of the history. */
static void
record(const Adoption *adoption, const MigMigration *m, const char *outcome,
	   const char *checksum, TimestampTz applied_at, const char *note)
{
	const MigForeignTable *table = adoption->table;
	MigEvent	event = {0};
	StringInfoData reason;

	initStringInfo(&reason);
	appendStringInfo(&reason, "%s, table %s", table->tool->name, table->name);
	if (!TIMESTAMP_IS_NOBEGIN(applied_at))
		appendStringInfo(&reason, ", %s", timestamptz_to_str(applied_at));
	if (note != NULL)
		appendStringInfo(&reason, ": %s", note);
	event.action = "adopt";
	event.outcome = outcome;
	event.elapsed = -1;
	event.checksum = checksum;
	event.reason = reason.data;
	mig_journal_add_event(adoption->request->project, m, &event);
}

/* Gives a migration the state that the history says. */
static void
adopt_one(const Adoption *adoption, int number)
{
	const MigMatch *match = &adoption->matches->matches[number];
	const MigAdopted *row = &adoption->rows[number];
	const MigMigration *m = match->migration;
	MigState	state = state_said(match);

	mig_catalog_adopt(m, state,
					  state != MIG_APPLIED || TIMESTAMP_IS_NOBEGIN(row->applied_at) ?
					  NULL : timestamptz_to_str(row->applied_at),
					  state == MIG_APPLIED ? row->applied_by : NULL,
					  join_notes(psprintf("adopted from %s",
										  adoption->table->tool->name),
								 row->note));
	record(adoption, m, outcome_of(state), m->up, row->applied_at, row->note);
}

/* Carries out the verdicts in the order of the history. */
static void
adopt_all(const Adoption *adoption)
{
	int			count = adoption->matches->count;
	int		   *order = palloc(sizeof(int) * (count + 1));

	for (int i = 0; i <= count; i++)
		order[i] = -1;
	for (int i = 0; i < count; i++)
		if (adoption->verdicts[i] != STAYS)
			order[adoption->matches->matches[i].turn] = i;
	for (int turn = 1; turn <= count; turn++)
	{
		CHECK_FOR_INTERRUPTS();
		if (order[turn] >= 0)
			adopt_one(adoption, order[turn]);
	}
}

/* A row of the history of which no file is loaded: kept in ours, once. */
static MigAdopted *
take_missing(Adoption *adoption, const MigForeignRow *foreign)
{
	MigAdopted *row = palloc0(sizeof(MigAdopted));
	const char *outcome = foreign->state == MIG_FOREIGN_APPLIED ?
		"success" : "failed";
	MigMigration m = {0};

	row->version = foreign->version;
	row->name = foreign->name ? foreign->name : foreign->identity;
	row->result = "missing";
	row->applied_at = foreign->applied_at;
	row->applied_by = foreign->applied_by;
	row->note = foreign->words;
	adoption->missing++;
	if (adoption->request->dry_run ||
		was_adopted(adoption, row->version, row->name, outcome, true))
		return row;
	m.version = foreign->version;
	m.name = (char *) row->name;
	record(adoption, &m, outcome, NULL, row->applied_at,
		   join_notes(row->note, "no file of it is loaded"));
	return row;
}

/* The result: what has no place in the order first. */
static void
take_all_missing(Adoption *adoption)
{
	ListCell   *lc;

	foreach(lc, adoption->matches->missing)
	{
		const MigForeignRow *foreign = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (foreign->state != MIG_FOREIGN_UNDONE)
			adoption->result = lappend(adoption->result,
									   take_missing(adoption, foreign));
	}
	for (int i = 0; i < adoption->matches->count; i++)
		adoption->result = lappend(adoption->result, &adoption->rows[i]);
}

/*
 * Telling
 */

/* Those that were run with another text. */
static void
warn_of_differences(const Adoption *adoption)
{
	StringInfoData names;
	ListCell   *lc;

	if (adoption->differing == NIL)
		return;
	initStringInfo(&names);
	foreach(lc, adoption->differing)
	{
		if (foreach_current_index(lc) == SHOWN_NAMES)
		{
			appendStringInfo(&names, " and %d more",
							 list_length(adoption->differing) - SHOWN_NAMES);
			break;
		}
		appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
						 (char *) lfirst(lc));
	}
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg_plural("%s ran another text of migration %s than the one that is loaded",
						   "%s ran other texts of migrations %s than those that are loaded",
						   list_length(adoption->differing),
						   adoption->table->tool->name, names.data),
			 errdetail("By the checksums of table %s.", adoption->table->name),
			 errhint("They did run and are taken as applied: compare the files with those that were released.")));
}

/* Those that the tool has not brought to an end. */
static void
warn_of_failures(const Adoption *adoption)
{
	const char *tool = adoption->table->tool->name;
	const char *project = adoption->request->project;

	for (int i = 0; i < adoption->matches->count; i++)
	{
		const MigAdopted *row = &adoption->rows[i];
		const char *argument = mig_argument(row->version, row->name);

		if (adoption->verdicts[i] == STAYS)
			continue;
		if (strcmp(row->result, "failed") == 0)
			ereport(WARNING,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("migration \"%s\" failed when %s ran it",
							mig_label(row->version, row->name), tool),
					 errdetail("In its own words: %s.", row->note),
					 errhint("Run %s to run it again, or %s if its work was done by hand.",
							 mig_call("apply", "", project),
							 mig_call_resolve(argument, "applied", project))));
		else if (strcmp(row->result, "partial") == 0)
			ereport(WARNING,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("migration \"%s\" was not finished by %s",
							mig_label(row->version, row->name), tool),
					 errdetail("In its own words: %s.", row->note),
					 errhint("See what it left, and settle it with %s or, to run it from its beginning, %s",
							 mig_call_resolve(argument, "applied", project),
							 mig_call_resolve(argument, "rolled_back", project))));
	}
}

/* A history of other files is likely an error of the one who loaded them. */
static void
warn_of_strangers(const Adoption *adoption)
{
	if (adoption->matches->found > 0 || adoption->missing == 0)
		return;
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("none of the migrations in table %s is loaded",
					adoption->table->name),
			 errhint("See with SELECT path, version, name FROM migrate.load(...); whether the right directory was loaded, in layout '%s'.",
					 adoption->table->tool->name)));
}

/* What was done, and what to do next. */
static void
report(const Adoption *adoption)
{
	const MigForeignTable *table = adoption->table;
	const char *project = adoption->request->project;
	bool		nothing = adoption->pending == 0 && adoption->unsettled == 0;

	warn_of_differences(adoption);
	warn_of_failures(adoption);
	warn_of_strangers(adoption);
	ereport(NOTICE,
			(adoption->request->dry_run ?
			 errmsg_plural("%d migration of table %s, the history of %s, would be adopted",
						   "%d migrations of table %s, the history of %s, would be adopted",
						   adoption->adopted, adoption->adopted, table->name,
						   table->tool->name) :
			 errmsg_plural("%d migration of table %s, the history of %s, was adopted",
						   "%d migrations of table %s, the history of %s, were adopted",
						   adoption->adopted, adoption->adopted, table->name,
						   table->tool->name),
			 errdetail("%d pending, %d failed or partial, %d missing, %d of another text.",
					   adoption->pending, adoption->unsettled,
					   adoption->missing, list_length(adoption->differing)),
			 adoption->request->dry_run ?
			 errhint("To do it, call again without dry_run.") :
			 nothing ?
			 errhint("Nothing is pending.  See to it that %s does not run again.",
					 table->tool->name) :
			 errhint("See to it that %s does not run again; run %s for what is pending.",
					 table->tool->name, mig_call("apply", "", project))));
}

/* All of it; a callback of mig_sql_look(). */
static void
adopt(void *arg)
{
	Adoption   *adoption = arg;
	const MigAdoptRequest *request = adoption->request;
	bool		dry_run = request->dry_run;
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;

	adoption->migrations = list_migrations(adoption);
	adoption->table = mig_histories_choose(request->tool,
										   request->history_table,
										   layout_of(adoption->migrations));
	check_layout(adoption);
	mig_foreign_check_idle(adoption->table, dry_run);
	if (!dry_run)
	{
		mig_foreign_lock(adoption->table);
		mig_catalog_lock();
		adoption->migrations = list_migrations(adoption);
	}
	adoption->matches = mig_match(adoption->table->tool, adoption->migrations,
								  mig_foreign_read(adoption->table));
	/* one session for all that follows on our tables */
	mig_sql_begin(&session);
	MemoryContextSwitchTo(context);
	index_adopted_before(adoption);
	judge_all(adoption);
	if (!dry_run)
		adopt_all(adoption);
	mig_sql_end(&session);
}

/* Adopts a tool's history; returns a list of MigAdopted. */
List *
mig_adopt(const MigAdoptRequest *request)
{
	Adoption	adoption = {.request = request};

	if (request->dry_run)
		mig_sql_look(adopt, &adoption);
	else
	{
		mig_repair_take_run_lock();
		adopt(&adoption);
	}
	take_all_missing(&adoption);
	if (!request->dry_run)
		mig_foreign_comment(adoption.table);
	report(&adoption);
	return adoption.result;
}
