/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  What a run has to do: the ordered set of migrations for a target, in
 *	  either direction, and the verdicts that forbid a run.  Writes nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "guc.h"
#include "layout.h"
#include "journal.h"
#include "plan.h"

/*
 * The versions next to one that does not exist, for an error's detail: two
 * older ones and two newer ones.
 */
static char *
nearest_versions(const char *project, const char *version)
{
	char	   *sort_key = mig_version_sort_key(version);
	List	   *all = NIL;
	int			position = 0;
	StringInfoData names;
	ListCell   *lc;

	foreach(lc, mig_catalog_list(project))
	{
		MigMigration *m = lfirst(lc);

		if (m->repeatable)
			continue;
		if (strcmp(m->sort_key, sort_key) < 0)
			position = list_length(all) + 1;
		all = lappend(all, m);
	}
	initStringInfo(&names);
	for (int i = Max(position - 2, 0);
		 i < Min(position + 2, list_length(all)); i++)
		appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
						 ((MigMigration *) list_nth(all, i))->version);
	return names.len > 0 ? names.data : NULL;
}

/* No migration of that version, and no repeatable of that name. */
static void
report_unknown(const char *project, const char *version)
{
	char	   *nearest = nearest_versions(project, version);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("migration \"%s\" does not exist in project \"%s\"",
					version, project),
			 nearest ? errdetail("The nearest versions are %s.", nearest) :
			 errdetail("The project has no migrations."),
			 errhint("Run SELECT version, name FROM migrate.status(%s); to see them all.",
					 strcmp(project, mig_project) == 0 ? "" :
					 quote_literal_cstr(project))));
}

/* Several migrations of one version: only some tools tell them apart. */
static void
report_ambiguous(const char *version, List *found)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, found)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 quote_literal_cstr(((MigMigration *) lfirst(lc))->identity));
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
			 errmsg("version \"%s\" is that of several migrations", version),
			 errhint("Give one of %s instead.", names.data)));
}

/*
 * The migration that a user means: by the tool's identity, by the version as
 * it is written, or however its digits are padded.  NULL: there is none.
 */
static MigMigration *
find_versioned(const char *project, const char *version)
{
	MigMigration *by_key = mig_catalog_find(project, false,
											mig_version_sort_key(version));
	List	   *found;
	ListCell   *lc;

	/* where numbers give the order, no two have the same */
	if (by_key != NULL && strcmp(by_key->version, version) == 0 &&
		mig_layout_order(by_key->layout) == MIG_ORDER_NUMBER)
		return by_key;
	found = mig_catalog_find_named(project, version);

	foreach(lc, found)
	{
		MigMigration *m = lfirst(lc);

		if (m->identity != NULL && strcmp(m->identity, version) == 0)
			return m;
	}
	if (list_length(found) > 1)
		report_ambiguous(version, found);
	return found != NIL ? linitial(found) : by_key;
}

/* The migration of that version, or an error. */
MigMigration *
mig_plan_find_versioned(const char *project, const char *version)
{
	MigMigration *found = find_versioned(project, version);

	if (found == NULL)
		report_unknown(project, version);
	return found;
}

/* The migration of that version, else the repeatable of that name. */
MigMigration *
mig_plan_find(const char *project, const char *version)
{
	MigMigration *found = find_versioned(project, version);

	if (found == NULL)
		found = mig_catalog_find(project, true, version);
	if (found == NULL)
		report_unknown(project, version);
	return found;
}

/* A pending version older than the newest applied one; see start_run too. */
static void
check_order(const MigMigration *m)
{
	if (!m->out_of_order || m->state != MIG_PENDING ||
		mig_out_of_order != MIG_OBJECT_ERROR)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migration \"%s\" is older than the newest applied migration",
					mig_label(m->version, m->name)),
			 errhint("Give it a newer version, or run SET migrate.out_of_order = 'allow'; and call migrate.apply() again.")));
}

/* A rollback that stopped between its steps has to be settled first. */
static void
check_direction(const MigMigration *m, bool down)
{
	const char *argument = mig_argument(m->version, m->name);

	if (m->state != MIG_PARTIAL || m->state_down == down)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migration \"%s\" is partially %s",
					mig_label(m->version, m->name),
					down ? "applied" : "rolled back"),
			 errhint("Run %s to go on, or settle it with %s or %s",
					 mig_call(down ? "apply" : "rollback", "", m->project),
					 mig_call_resolve(argument, "applied", m->project),
					 mig_call_resolve(argument, "rolled_back", m->project))));
}

/*
 * What another tool began is in no ledger: it may have left anything, and is
 * not run again before somebody has looked.
 */
static void
check_adopted(const MigMigration *m)
{
	const char *argument = mig_argument(m->version, m->name);

	if (m->state != MIG_PARTIAL || !mig_journal_adopted_last(m))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migration \"%s\" was begun by another tool and not finished",
					mig_label(m->version, m->name)),
			 errhint("See what it left, and settle it with %s or, to run it from its beginning, %s",
					 mig_call_resolve(argument, "applied", m->project),
					 mig_call_resolve(argument, "rolled_back", m->project))));
}

/*
 * What is pending up to the target.  Repeatables come last and describe the
 * newest schema, so they wait while a version beyond the target is pending.
 */
static List *
plan_apply(const MigRequest *request)
{
	MigMigration *target = NULL;
	List	   *result = NIL;
	bool		beyond = false;
	ListCell   *lc;

	if (request->target != NULL)
		target = mig_plan_find_versioned(request->project, request->target);
	foreach(lc, mig_catalog_pending(request->project))
	{
		MigMigration *m = lfirst(lc);

		if (target != NULL && !m->repeatable &&
			strcmp(m->sort_key, target->sort_key) > 0)
			beyond = true;
		if (beyond)
			continue;
		check_direction(m, false);
		check_adopted(m);
		check_order(m);
		result = lappend(result, m);
	}
	return result;
}

/* An error that names every migration of the plan without a down script. */
static void
check_down_scripts(List *plan)
{
	const MigMigration *first = NULL;
	StringInfoData names;
	int			missing = 0;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, plan)
	{
		MigMigration *m = lfirst(lc);

		if (m->down != NULL)
			continue;
		if (first == NULL)
			first = m;
		appendStringInfo(&names, "%s\"%s\"", missing++ > 0 ? ", " : "",
						 mig_label(m->version, m->name));
	}
	if (missing > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg_plural("migration %s has no down script",
							   "migrations %s have no down script",
							   missing, names.data),
				 errdetail("Nothing was rolled back."),
				 errhint("Store one with migrate.register() or migrate.load(), or undo the migration by hand and run %s",
						 mig_call_resolve(mig_argument(first->version, first->name),
										  "rolled_back", first->project))));
}

/* A version that was given without quotes is taken for a number of steps. */
static void
check_steps(const MigRequest *request, List *all)
{
	const char *version = psprintf("%d", request->steps);

	if (request->steps <= list_length(all) ||
		find_versioned(request->project, version) == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot roll back %d migrations, project \"%s\" has %d",
					request->steps, request->project, list_length(all)),
			 errhint("To roll back to the version, quote it: SELECT migrate.rollback('%s');",
					 version)));
}

/* What is to be undone, newest first. */
static List *
plan_rollback(const MigRequest *request)
{
	List	   *all = mig_catalog_list(request->project);
	MigMigration *target = NULL;
	List	   *result = NIL;

	if (request->steps == 0)
		target = mig_plan_find_versioned(request->project, request->target);
	else
		check_steps(request, all);
	for (int i = list_length(all) - 1; i >= 0; i--)
	{
		MigMigration *m = list_nth(all, i);

		if (m->repeatable)
			continue;
		if (target ? strcmp(m->sort_key, target->sort_key) <= 0 :
			list_length(result) >= request->steps)
			break;
		check_direction(m, true);
		if (m->state == MIG_APPLIED || m->state == MIG_PARTIAL)
			result = lappend(result, m);
	}
	check_down_scripts(result);
	return result;
}

/*
 * What is to be verified is the last one, or each without a target: an applied
 * migration alone, a pending one after those that come before it.
 */
static List *
plan_verify(const MigRequest *request)
{
	MigMigration *target = request->target == NULL ? NULL :
		mig_plan_find(request->project, request->target);

	if (target == NULL || (target->state != MIG_APPLIED && !target->repeatable))
		return plan_apply(request);
	return list_make1(target);
}

/*
 * The migrations that a run has to run, in their order; an error if the run
 * must not start.
 */
List *
mig_plan(const MigRequest *request)
{
	if (request->action == MIG_ACTION_ROLLBACK)
		return plan_rollback(request);
	if (request->action == MIG_ACTION_VERIFY)
		return plan_verify(request);
	return plan_apply(request);
}
