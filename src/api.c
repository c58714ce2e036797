/*-------------------------------------------------------------------------
 *
 * api.c
 *	  The SQL-callable functions: arguments, rights, result rows; no logic.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "adopt.h"
#include "args.h"
#include "directory.h"
#include "guc.h"
#include "journal.h"
#include "launch.h"
#include "repair.h"
#include "run.h"
#include "start.h"
#include "store.h"

PG_FUNCTION_INFO_V1(migrate_register);
PG_FUNCTION_INFO_V1(migrate_unregister);
PG_FUNCTION_INFO_V1(migrate_load_directory);
PG_FUNCTION_INFO_V1(migrate_load_files);
PG_FUNCTION_INFO_V1(migrate_apply);
PG_FUNCTION_INFO_V1(migrate_rollback_steps);
PG_FUNCTION_INFO_V1(migrate_rollback_target);
PG_FUNCTION_INFO_V1(migrate_start);
PG_FUNCTION_INFO_V1(migrate_wait);
PG_FUNCTION_INFO_V1(migrate_cancel);
PG_FUNCTION_INFO_V1(migrate_adopt);
PG_FUNCTION_INFO_V1(migrate_resolve);
PG_FUNCTION_INFO_V1(migrate_baseline);
PG_FUNCTION_INFO_V1(migrate_progress_rows);
PG_FUNCTION_INFO_V1(migrate_ignore_replicated);

/*
 * Arguments
 */

/* What the argument atomic insists on. */
static MigWhere
where_argument(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return MIG_ANYWHERE;
	return PG_GETARG_BOOL(n) ? MIG_IN_TRANSACTION : MIG_IN_RUNNER;
}

/* The opposite of the argument wait_for_lock. */
static bool
nowait_argument(FunctionCallInfo fcinfo, int n)
{
	return !PG_ARGISNULL(n) && !PG_GETARG_BOOL(n);
}

/*
 * Result rows
 */

/* A MigRowSink that writes to the function's result. */
static void
put_run_row(const MigRunRow *row, void *arg)
{
	ReturnSetInfo *result = arg;
	Datum		values[5] = {0};
	bool		nulls[5] = {0};

	mig_put_text(values, nulls, 0, row->version);
	mig_put_text(values, nulls, 1, row->name);
	mig_put_text(values, nulls, 2, row->state);
	values[3] = Int32GetDatum(row->steps);
	nulls[4] = row->elapsed < 0;
	if (!nulls[4])
		values[4] = mig_interval(row->elapsed);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Writes what load did to the function's result. */
static void
put_load_rows(ReturnSetInfo *result, List *rows)
{
	ListCell   *lc;

	foreach(lc, rows)
	{
		MigStored  *row = lfirst(lc);
		Datum		values[5] = {0};
		bool		nulls[5] = {0};

		mig_put_text(values, nulls, 0, row->path);
		mig_put_text(values, nulls, 1, row->version);
		mig_put_text(values, nulls, 2, row->name);
		mig_put_text(values, nulls, 3, row->kind);
		mig_put_text(values, nulls, 4, row->result);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * Storing
 */

/*
 * register(version, name, up, down, project, no_transaction): stores one
 * migration and returns new, replaced or unchanged.
 */
Datum
migrate_register(PG_FUNCTION_ARGS)
{
	MigDefinition definition = {0};

	mig_args_begin_storing("register");
	definition.version = mig_arg_text(fcinfo, 0);
	definition.repeatable = definition.version == NULL;
	if (!definition.repeatable)
		definition.sort_key = mig_version_sort_key(definition.version);
	definition.name = mig_arg_required_text(fcinfo, 1, "name");
	definition.up.text = mig_arg_required_text(fcinfo, 2, "up");
	definition.up.line = 1;
	definition.down.text = mig_arg_text(fcinfo, 3);
	definition.down.line = 1;
	definition.up.no_transaction = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	definition.down.no_transaction = definition.up.no_transaction &&
		definition.down.text != NULL;
	if (*definition.name == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a migration must not be empty")));
	if (definition.repeatable && definition.down.text != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a repeatable cannot have a down script"),
				 errhint("Give it a version, or leave out down.")));
	PG_RETURN_TEXT_P(cstring_to_text(mig_store_definition(mig_arg_project(fcinfo, 4),
														  &definition)));
}

/* unregister(version, project): removes a pending migration. */
Datum
migrate_unregister(PG_FUNCTION_ARGS)
{
	mig_args_begin_storing("unregister");
	mig_store_remove(mig_arg_project(fcinfo, 1),
					 mig_arg_required_text(fcinfo, 0, "version"));
	PG_RETURN_VOID();
}

/* load(directory, layout, project): stores what a directory holds. */
Datum
migrate_load_directory(PG_FUNCTION_ARGS)
{
	char	   *directory = mig_arg_required_text(fcinfo, 0, "directory");
	MigLayoutRequest request = {0};

	request.layout = mig_arg_required_text(fcinfo, 1, "layout");

	mig_args_begin_storing("load");
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read a directory of the server"),
				 errdetail("Only roles with privileges of the \"%s\" role may.",
						   "pg_read_server_files"),
				 errhint("Send the files with migrate.load(paths, contents) instead.")));
	request.directory = directory;
	request.files = mig_directory_read(directory);
	request.variables = mig_arg_variables(fcinfo, 3);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	put_load_rows((ReturnSetInfo *) fcinfo->resultinfo,
				  mig_store_files(mig_arg_project(fcinfo, 2), &request));
	return (Datum) 0;
}

/* load(paths, contents, layout, project): stores files that a client sends. */
Datum
migrate_load_files(PG_FUNCTION_ARGS)
{
	List	   *paths = mig_arg_text_list(fcinfo, 0, "paths", false);
	List	   *contents = mig_arg_text_list(fcinfo, 1, "contents", true);
	MigLayoutRequest request = {0};
	ListCell   *path;
	ListCell   *content;

	mig_args_begin_storing("load");
	if (list_length(paths) != list_length(contents))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d paths but %d contents",
						list_length(paths), list_length(contents))));
	forboth(path, paths, content, contents)
	{
		MigFile    *file = palloc(sizeof(MigFile));

		file->path = lfirst(path);
		file->content = lfirst(content) ? lfirst(content) : "";
		if (lfirst(content) == NULL && mig_file_is_sql(file->path))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the content of file \"%s\" must not be null",
							file->path)));
		request.files = lappend(request.files, file);
	}
	request.layout = mig_arg_required_text(fcinfo, 2, "layout");
	request.variables = mig_arg_variables(fcinfo, 4);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	put_load_rows((ReturnSetInfo *) fcinfo->resultinfo,
				  mig_store_files(mig_arg_project(fcinfo, 3), &request));
	return (Datum) 0;
}

/*
 * Running
 */

/* Runs a request and returns its rows. */
static Datum
run_request(FunctionCallInfo fcinfo, const MigRequest *request, MigWhere where)
{
	mig_refuse_nested(request->action == MIG_ACTION_APPLY ?
					  "apply" : "rollback");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	mig_run(fcinfo, request, where, put_run_row, fcinfo->resultinfo);
	return (Datum) 0;
}

/* apply(target, project, atomic, wait_for_lock): runs what is pending. */
Datum
migrate_apply(PG_FUNCTION_ARGS)
{
	MigRequest	request = {0};

	request.action = MIG_ACTION_APPLY;
	request.target = mig_arg_text(fcinfo, 0);
	request.project = mig_arg_project(fcinfo, 1);
	request.nowait = nowait_argument(fcinfo, 3);
	return run_request(fcinfo, &request, where_argument(fcinfo, 2));
}

/* rollback(steps, project, atomic, wait_for_lock): undoes the newest. */
Datum
migrate_rollback_steps(PG_FUNCTION_ARGS)
{
	MigRequest	request = {0};

	request.action = MIG_ACTION_ROLLBACK;
	request.steps = PG_ARGISNULL(0) ? 1 : PG_GETARG_INT32(0);
	request.project = mig_arg_project(fcinfo, 1);
	if (request.steps < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("steps must be at least 1")));
	request.nowait = nowait_argument(fcinfo, 3);
	return run_request(fcinfo, &request, where_argument(fcinfo, 2));
}

/* rollback(target, project, atomic, wait_for_lock): undoes what is newer. */
Datum
migrate_rollback_target(PG_FUNCTION_ARGS)
{
	MigRequest	request = {0};

	request.action = MIG_ACTION_ROLLBACK;
	request.target = mig_arg_required_text(fcinfo, 0, "target");
	request.project = mig_arg_project(fcinfo, 1);
	request.nowait = nowait_argument(fcinfo, 3);
	return run_request(fcinfo, &request, where_argument(fcinfo, 2));
}

/* The number of a run. */
static int64
run_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", "run")));
	return PG_GETARG_INT64(0);
}

/* start(target, project): apply that nobody waits for; the run's number. */
Datum
migrate_start(PG_FUNCTION_ARGS)
{
	MigRequest	request = {0};

	mig_args_begin_change("start");
	request.action = MIG_ACTION_APPLY;
	request.target = mig_arg_text(fcinfo, 0);
	request.project = mig_arg_project(fcinfo, 1);
	PG_RETURN_INT64(mig_start(&request));
}

/* wait(run): what apply would have returned. */
Datum
migrate_wait(PG_FUNCTION_ARGS)
{
	mig_refuse_nested("wait");
	mig_refuse_recovery("wait");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	mig_start_wait(fcinfo, run_argument(fcinfo), put_run_row,
				   fcinfo->resultinfo);
	return (Datum) 0;
}

/* cancel(run): false if it has ended. */
Datum
migrate_cancel(PG_FUNCTION_ARGS)
{
	mig_refuse_nested("cancel");
	mig_refuse_recovery("cancel");
	PG_RETURN_BOOL(mig_start_cancel(run_argument(fcinfo)));
}

/*
 * Settling
 */

/* adopt(tool, history_table, dry_run, project): another tool's history. */
Datum
migrate_adopt(PG_FUNCTION_ARGS)
{
	MigAdoptRequest request = {0};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	mig_args_begin_storing("adopt");
	request.tool = mig_arg_text(fcinfo, 0);
	request.history_table = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
	request.dry_run = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	request.project = mig_arg_project(fcinfo, 3);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	foreach(lc, mig_adopt(&request))
	{
		MigAdopted *row = lfirst(lc);
		Datum		values[6] = {0};
		bool		nulls[6] = {0};

		mig_put_text(values, nulls, 0, row->version);
		mig_put_text(values, nulls, 1, row->name);
		mig_put_text(values, nulls, 2, row->result);
		nulls[3] = TIMESTAMP_IS_NOBEGIN(row->applied_at);
		values[3] = TimestampTzGetDatum(row->applied_at);
		mig_put_text(values, nulls, 4, row->applied_by);
		mig_put_text(values, nulls, 5, row->note);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* resolve(version, outcome, reason, project): returns the new state. */
Datum
migrate_resolve(PG_FUNCTION_ARGS)
{
	const char *state;

	mig_args_begin_change("resolve");
	state = mig_repair_resolve(mig_arg_project(fcinfo, 3),
							   mig_arg_required_text(fcinfo, 0, "version"),
							   mig_arg_required_text(fcinfo, 1, "outcome"),
							   mig_arg_text(fcinfo, 2));
	PG_RETURN_TEXT_P(cstring_to_text(state));
}

/* baseline(version, reason, project): marks as applied without running. */
Datum
migrate_baseline(PG_FUNCTION_ARGS)
{
	mig_args_begin_change("baseline");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	mig_repair_baseline(mig_arg_project(fcinfo, 2),
						mig_arg_required_text(fcinfo, 0, "version"),
						mig_arg_text(fcinfo, 1),
						put_run_row, fcinfo->resultinfo);
	return (Datum) 0;
}

/*
 * Looking
 */

/* Whoever may read the view migrate.progress may see its rows. */
static void
check_progress_rights(void)
{
	Oid			view = get_relname_relid("progress",
										 get_namespace_oid("migrate", false));

	if (pg_class_aclcheck(view, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_VIEW, "migrate.progress");
}

/* What a run does besides running a statement, or within it; NULL: nothing. */
static const char *
progress_phase(const MigRunRecord *run, const MigProgress *progress)
{
	if (strcmp(run->state, "queued") == 0)
		return "waiting for its turn";
	return *progress->phase ? progress->phase : run->phase;
}

/* One row of the view migrate.progress. */
static void
put_progress_row(ReturnSetInfo *result, const MigRunRecord *run,
				 const MigProgress *progress)
{
	Datum		values[12] = {0};
	bool		nulls[12] = {0};

	values[0] = Int64GetDatum(run->run);
	mig_put_text(values, nulls, 1, *progress->version ? progress->version : NULL);
	mig_put_text(values, nulls, 2, *progress->name ? progress->name : NULL);
	values[3] = Int32GetDatum(progress->step);
	values[4] = Int32GetDatum(progress->steps);
	values[5] = Int32GetDatum(progress->statement);
	mig_put_text(values, nulls, 6, *progress->query ? progress->query : NULL);
	mig_put_text(values, nulls, 7, progress_phase(run, progress));
	nulls[8] = run->percent == NULL;
	if (!nulls[8])
		values[8] = DirectFunctionCall3(numeric_in, CStringGetDatum(run->percent),
										ObjectIdGetDatum(InvalidOid),
										Int32GetDatum(-1));
	values[9] = mig_interval(run->elapsed);
	values[10] = DirectFunctionCall1(pg_blocking_pids,
									 Int32GetDatum(progress->pid));
	nulls[11] = progress->statement_start == 0;
	if (!nulls[11])
		values[11] = mig_interval(GetCurrentTimestamp() -
									progress->statement_start);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* progress_rows(): the runs that a runner executes or will execute. */
Datum
migrate_progress_rows(PG_FUNCTION_ARGS)
{
	ListCell   *lc;

	check_progress_rights();
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	foreach(lc, mig_journal_open())
	{
		MigRunRecord *run = lfirst(lc);
		MigProgress progress;

		if (mig_launch_read_progress(run->segment, run->run, &progress))
			put_progress_row((ReturnSetInfo *) fcinfo->resultinfo, run,
							 &progress);
	}
	return (Datum) 0;
}

/*
 * Trigger of our tables, before each row: nothing that a subscription brings is
 * stored.  Whoever else works as a replica, say to restore a dump, is let
 * through.
 */
Datum
migrate_ignore_replicated(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						"migrate.ignore_replicated")));
	if (IsLogicalWorker())
		return PointerGetDatum(NULL);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
						   trigger->tg_newtuple : trigger->tg_trigtuple);
}
