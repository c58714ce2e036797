/*-------------------------------------------------------------------------
 *
 * repair.c
 *	  Settling what a run left: interrupted runs, resolve, baseline.
 *
 * The only code that may contradict the history; all of it holds the run lock
 * and writes down who, when and why.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "journal.h"
#include "plan.h"
#include "repair.h"
#include "runlock.h"
#include "start.h"

/* What resolve can do. */
typedef enum Outcome
{
	OUTCOME_APPLIED,
	OUTCOME_ROLLED_BACK,
	OUTCOME_ACCEPT
} Outcome;

#define STATE(state) (1 << (state))

/* The outcomes, and the states that allow them. */
static const struct
{
	const char *name;
	int			allowed;
	const char *allowed_names;
}			outcomes[] = {
	[OUTCOME_APPLIED] = {
		"applied",
		STATE(MIG_PENDING) | STATE(MIG_FAILED) | STATE(MIG_PARTIAL),
		"pending, failed and partial"
	},
	[OUTCOME_ROLLED_BACK] = {
		"rolled_back",
		STATE(MIG_FAILED) | STATE(MIG_PARTIAL) | STATE(MIG_APPLIED),
		"failed, partial and applied"
	},
	[OUTCOME_ACCEPT] = {
		"accept",
		STATE(MIG_APPLIED),
		"applied"
	}
};

/* Repairs do not wait for a run: its end may make them needless. */
void
mig_repair_take_run_lock(void)
{
	if (!mig_runlock_try(false))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("a run is in progress"),
				 errhint("Run SELECT * FROM migrate.progress; to see it, and call again when it has ended.")));
	mig_repair_interrupted();
}

/* The migration that an interrupted run was in. */
static void
settle_interrupted(const MigRunRecord *run, MigMigration *m)
{
	bool		down = strcmp(run->action, "rollback") == 0;
	bool		begun = mig_catalog_steps(m->id, down) != NIL;
	MigEvent	event = {0};

	if (begun)
		mig_catalog_set_state(m, MIG_PARTIAL, down,
							  down ? m->checksum : run->checksum, -1,
							  "interrupted");
	else if (!down)
		mig_catalog_set_state(m, MIG_FAILED, down, run->checksum, -1,
							  "interrupted");
	event.run = run->run;
	event.action = run->action;
	event.outcome = "interrupted";
	event.elapsed = -1;
	event.checksum = run->checksum;
	mig_journal_add_event(run->project, m, &event);
}

/*
 * Whoever has the run lock knows that no other run is under way: those that
 * say so were interrupted, by a crash or by the end of their process.  One
 * that waits for its turn may still have its process.
 */
static bool
was_interrupted(const MigRunRecord *run)
{
	return strcmp(run->state, "running") == 0 ||
		!mig_start_is_alive(run->segment, run->run);
}

/* Settles the runs that were interrupted; the caller has the run lock. */
void
mig_repair_interrupted(void)
{
	MigCaller	self = mig_caller;
	ListCell   *lc;

	foreach(lc, mig_journal_open())
	{
		MigRunRecord *run = lfirst(lc);
		MigMigration *m = run->current ? mig_catalog_get(run->current) : NULL;

		if (!was_interrupted(run))
			continue;
		/* the history names who asked for that run */
		mig_caller = run->caller;
		if (m != NULL)
			settle_interrupted(run, m);
		mig_journal_interrupted(run->run);
		mig_caller = self;
		ereport(NOTICE,
				(errmsg("run %lld was interrupted", (long long) run->run),
				 m == NULL ? 0 :
				 errdetail("It was in migration \"%s\".",
						   mig_label(m->version, m->name))));
	}
}

static Outcome
parse_outcome(const char *name)
{
	for (int i = 0; i < lengthof(outcomes); i++)
		if (strcmp(name, outcomes[i].name) == 0)
			return (Outcome) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized outcome \"%s\"", name),
			 errhint("The outcomes are \"applied\", \"rolled_back\" and \"accept\".")));
	return OUTCOME_ACCEPT;		/* keep compiler quiet */
}

/* One act of a human, for the history. */
static void
record(const char *project, const MigMigration *m, const char *action,
	   const char *outcome, const char *reason)
{
	MigEvent	event = {0};

	event.action = action;
	event.outcome = "success";
	event.elapsed = -1;
	event.checksum = m->up;
	event.reason = reason ? psprintf("%s: %s", outcome, reason) : outcome;
	mig_journal_add_event(project, m, &event);
}

/* Does to the catalog what the outcome says; returns the new state. */
static MigState
carry_out(const MigMigration *m, Outcome outcome)
{
	switch (outcome)
	{
		case OUTCOME_APPLIED:
			mig_catalog_set_state(m, MIG_APPLIED, false, m->up, -1, NULL);
			mig_catalog_drop_steps(m->id);
			return MIG_APPLIED;
		case OUTCOME_ROLLED_BACK:
			mig_catalog_set_state(m, MIG_PENDING, false, NULL, -1, NULL);
			mig_catalog_drop_steps(m->id);
			return MIG_PENDING;
		case OUTCOME_ACCEPT:
			mig_catalog_allow_edit(m->id);
			ereport(NOTICE,
					(errmsg("the next text stored for migration \"%s\" is taken as what was applied",
							mig_label(m->version, m->name)),
					 errhint("Store the edited text with migrate.load() or migrate.register().")));
			return MIG_APPLIED;
	}
	return m->state;			/* keep compiler quiet */
}

/*
 * Settles a migration as a human decided; returns its new state.  An error if
 * its state does not allow the outcome.
 */
const char *
mig_repair_resolve(const char *project, const char *version,
				   const char *outcome_name, const char *reason)
{
	Outcome		outcome = parse_outcome(outcome_name);
	MigMigration *m;
	MigState	state;

	mig_repair_take_run_lock();
	m = mig_plan_find(project, version);
	if (m->repeatable && outcome == OUTCOME_ACCEPT)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("migration \"%s\" is repeatable", m->name),
				 errdetail("An edited repeatable runs again."),
				 errhint("Run %s or %s",
						 mig_call("apply", "", project),
						 mig_call_resolve(mig_argument(NULL, m->name),
										  "applied", project))));
	state = m->state;
	if (m->repeatable && state == MIG_APPLIED && strcmp(m->up, m->checksum) != 0)
		state = MIG_PENDING;
	if ((STATE(state) & outcomes[outcome].allowed) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("migration \"%s\" is %s", mig_label(m->version, m->name),
						mig_state_names[state]),
				 errdetail("The states that allow outcome \"%s\" are: %s.",
						   outcomes[outcome].name,
						   outcomes[outcome].allowed_names),
				 errhint("Run SELECT * FROM migrate.status(); to see where it stands.")));
	state = carry_out(m, outcome);
	record(project, m, "resolve", outcomes[outcome].name, reason);
	return mig_state_names[state];
}

/* A migration that ran in part cannot be taken for one that never ran. */
static void
check_baseline(const MigMigration *m)
{
	const char *argument = mig_argument(m->version, m->name);

	if (m->state != MIG_FAILED && m->state != MIG_PARTIAL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migration \"%s\" is %s", mig_label(m->version, m->name),
					mig_state_names[m->state]),
			 errhint("Settle it first with %s or %s",
					 mig_call_resolve(argument, "applied", m->project),
					 mig_call_resolve(argument, "rolled_back", m->project))));
}

/*
 * Marks every pending migration up to 'version' as applied without running it;
 * a row for each goes to the sink.
 */
void
mig_repair_baseline(const char *project, const char *version,
					const char *reason, MigRowSink sink, void *arg)
{
	MigMigration *target;
	ListCell   *lc;

	mig_repair_take_run_lock();
	target = mig_plan_find_versioned(project, version);
	foreach(lc, mig_catalog_pending(project))
	{
		MigMigration *m = lfirst(lc);
		MigRunRow	row = {0};

		if (m->repeatable || strcmp(m->sort_key, target->sort_key) > 0)
			break;
		check_baseline(m);
		mig_catalog_set_state(m, MIG_APPLIED, false, m->up, -1, NULL);
		record(project, m, "baseline", "baseline", reason);
		row.version = m->version;
		row.name = m->name;
		row.state = mig_state_names[MIG_APPLIED];
		row.elapsed = -1;
		sink(&row, arg);
	}
}
