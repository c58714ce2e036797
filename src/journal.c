/*-------------------------------------------------------------------------
 *
 * journal.c
 *	  Sole reader and writer of what is recorded about runs: the runs
 *	  themselves, their attempts, the history.
 *
 * Works as catalog.c does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "journal.h"
#include "spi_util.h"

#define ACTION(request) \
	((request)->action == MIG_ACTION_APPLY ? "apply" : "rollback")

/* Who asks for what: the parameters of both queries that add a run. */
static void
request_params(MigParams *params, const MigRequest *request, dsm_handle segment)
{
	mig_param_text(params, request->project);
	mig_param_text(params, ACTION(request));
	mig_param_text(params, request->target);
	mig_param_text(params, mig_caller.role);
	mig_param_text(params, mig_caller.session_role);
	mig_param_text(params, mig_caller.application_name);
	mig_param_text(params, mig_caller.client_addr);
	mig_param_int8(params, segment);
}

/* Runs a query that returns the number of a run; 0 if it finds none. */
static int64
read_number(MigQuery *query, MigParams *params)
{
	MigSqlSession session;
	int64		run = 0;

	mig_sql_begin(&session);
	if (mig_sql_run(query, params) == 1)
		run = mig_col_int8(0, 1, 0);
	mig_sql_end(&session);
	return run;
}

/* Records that a run was asked for, and will begin when its turn comes. */
int64
mig_journal_queue(const MigRequest *request, dsm_handle segment)
{
	static MigQuery query = {
		"INSERT INTO migrate.run (project, action, target, state, started_by,"
		" session_role, application_name, client_addr, segment)"
		" VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7::pg_catalog.inet, $8)"
		" RETURNING run"
	};
	MigParams	params = {0};

	request_params(&params, request, segment);
	return read_number(&query, &params);
}

/*
 * Records that a run begins, with migration 'current'; returns its number.
 */
int64
mig_journal_start(const MigRequest *request, const MigMigration *current,
				  dsm_handle segment)
{
	static MigQuery insert = {
		"INSERT INTO migrate.run (project, action, target, started_by,"
		" session_role, application_name, client_addr, segment, state, pid,"
		" current, current_checksum)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7::pg_catalog.inet, $8, 'running',"
		" $9, $10, $11) RETURNING run"
	};
	static MigQuery update = {
		"UPDATE migrate.run SET state = 'running', pid = $2, current = $3,"
		" current_checksum = $4, started_at = clock_timestamp()"
		" WHERE run = $1 AND state = 'queued' RETURNING run"
	};
	MigParams	params = {0};
	int64		run;

	if (request->run != 0)
		mig_param_int8(&params, request->run);
	else
		request_params(&params, request, segment);
	mig_param_int4(&params, MyProcPid);
	mig_param_int8(&params, current->id);
	mig_param_text(&params, request->action == MIG_ACTION_APPLY ?
				   current->up : current->down);
	run = read_number(request->run != 0 ? &update : &insert, &params);
	if (run == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run %lld is not waiting for its turn any more",
						(long long) request->run)));
	return run;
}

/*
 * The run goes on: in migration 'current', or it has none left.  What it did so
 * far in this transaction, it did for the definition 'done', which must still
 * be the stored one and stays so until the transaction ends.
 *
 * An error undoes all that if the definition has been replaced or removed
 * meanwhile, or if another run has found this one interrupted and taken over:
 * a script can free both halves of the run lock.
 */
void
mig_journal_goes_on(int64 run, const MigMigration *done,
						const MigMigration *current)
{
	static MigQuery query = {
		"WITH m AS (SELECT FROM migrate.migration"
		" WHERE id = $4 AND up = $5 AND down IS NOT DISTINCT FROM $6 FOR SHARE)"
		" UPDATE migrate.run SET current = $2,"
		" current_checksum = CASE action WHEN 'apply' THEN $3 ELSE $7 END"
		" FROM m WHERE run = $1 AND state = 'running'"
		" AND pid = pg_catalog.pg_backend_pid()"
	};
	MigParams	params = {0};

	mig_param_int8(&params, run);
	if (current != NULL)
		mig_param_int8(&params, current->id);
	else
		mig_param_null(&params);
	mig_param_text(&params, current ? current->up : NULL);
	mig_param_int8(&params, done->id);
	mig_param_text(&params, done->up);
	mig_param_text(&params, done->down);
	mig_param_text(&params, current ? current->down : NULL);
	if (mig_sql_once(&query, &params) == 1)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migration \"%s\" was replaced or removed while it ran, or another run has taken over",
					mig_label(done->version, done->name)),
			 errhint("Run SELECT * FROM migrate.status(); to see where it stands.")));
}

/*
 * Records how a run of this process ended, be it before it had anything to do.
 * False if it has ended already: then another run has found it interrupted and taken over, and nothing
 * must be recorded.
 */
bool
mig_journal_end(int64 run, const char *state)
{
	static MigQuery query = {
		"UPDATE migrate.run SET state = $2, ended_at = clock_timestamp(),"
		" current = NULL, current_checksum = NULL"
		" WHERE run = $1 AND (state = 'queued' OR state = 'running'"
		" AND pid = pg_catalog.pg_backend_pid())"
	};
	MigParams	params = {0};

	mig_param_int8(&params, run);
	mig_param_text(&params, state);
	return mig_sql_once(&query, &params) == 1;
}

/* Keeps the error that a run ended with. */
void
mig_journal_set_error(int64 run, const ErrorData *error)
{
	static MigQuery query = {
		"UPDATE migrate.run SET error_sqlstate = $2, error_message = $3,"
		" error_detail = $4, error_hint = $5, error_context = $6"
		" WHERE run = $1"
	};
	MigParams	params = {0};

	mig_param_int8(&params, run);
	mig_param_text(&params, unpack_sql_state(error->sqlerrcode));
	mig_param_text(&params, error->message);
	mig_param_text(&params, error->detail);
	mig_param_text(&params, error->hint);
	mig_param_text(&params, error->context);
	mig_sql_once(&query, &params);
}

/* Records that a run's process ended before the run did. */
void
mig_journal_interrupted(int64 run)
{
	static MigQuery query = {
		"UPDATE migrate.run SET state = 'interrupted',"
		" ended_at = clock_timestamp(), current = NULL,"
		" current_checksum = NULL, segment = NULL"
		" WHERE run = $1 AND ended_at IS NULL"
	};
	MigParams	params = {0};

	mig_param_int8(&params, run);
	mig_sql_once(&query, &params);
}

/*
 * Reading
 */

#define RUN_COLUMNS \
	"SELECT r.run, r.project, r.action, r.state, r.current," \
	" r.current_checksum, r.started_by, r.session_role, r.application_name," \
	" host(r.client_addr), r.started_at, r.pid, r.segment," \
	" (extract(epoch FROM clock_timestamp() - r.started_at)" \
	"  * 1000000)::bigint, p.phase," \
	" round(100.0 * p.blocks_done / nullif(p.blocks_total, 0), 1)," \
	" r.error_sqlstate, r.error_message, r.error_detail, r.error_hint," \
	" r.error_context" \
	" FROM migrate.run r" \
	" LEFT JOIN pg_catalog.pg_stat_progress_create_index p" \
	" ON p.pid = r.pid AND r.state = 'running'"

/* The error in row 'row' of RUN_COLUMNS; NULL if there is none. */
static ErrorData *
read_error(uint64 row)
{
	char	   *code = mig_col_text(row, 17);
	ErrorData  *error;

	if (code == NULL)
		return NULL;
	error = palloc0(sizeof(ErrorData));
	error->elevel = ERROR;
	error->sqlerrcode = MAKE_SQLSTATE(code[0], code[1], code[2], code[3],
									  code[4]);
	error->message = mig_col_text(row, 18);
	error->detail = mig_col_text(row, 19);
	error->hint = mig_col_text(row, 20);
	error->context = mig_col_text(row, 21);
	error->assoc_context = CurrentMemoryContext;
	return error;
}

/* Row of RUN_COLUMNS to struct, in the current context. */
static MigRunRecord *
read_run(uint64 row)
{
	MigRunRecord *record = palloc0(sizeof(MigRunRecord));

	record->run = mig_col_int8(row, 1, 0);
	record->project = mig_col_text(row, 2);
	record->action = mig_col_text(row, 3);
	record->state = mig_col_text(row, 4);
	record->current = mig_col_int8(row, 5, 0);
	record->checksum = mig_col_text(row, 6);
	record->caller.role = mig_col_text(row, 7);
	record->caller.session_role = mig_col_text(row, 8);
	record->caller.application_name = mig_col_text(row, 9);
	record->caller.client_addr = mig_col_text(row, 10);
	record->started_at = mig_col_text(row, 11);
	record->pid = mig_col_int8(row, 12, 0);
	record->segment = mig_col_int8(row, 13, DSM_HANDLE_INVALID);
	record->elapsed = mig_col_int8(row, 14, 0);
	record->phase = mig_col_text(row, 15);
	record->percent = mig_col_text(row, 16);
	record->error = read_error(row);
	return record;
}

/* Runs a query for RUN_COLUMNS. */
static List *
read_runs(MigQuery *query, MigParams *params)
{
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	List	   *result = NIL;
	uint64		rows;

	mig_sql_begin(&session);
	rows = mig_sql_run(query, params);
	for (uint64 i = 0; i < rows; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(context);

		result = lappend(result, read_run(i));
		MemoryContextSwitchTo(spi);
	}
	mig_sql_end(&session);
	return result;
}

/* The runs that have not ended, queued or running, oldest first. */
List *
mig_journal_open(void)
{
	static MigQuery query = {
		RUN_COLUMNS " WHERE r.ended_at IS NULL ORDER BY r.run"
	};
	MigParams	params = {0};

	return read_runs(&query, &params);
}

/* The run that is under way; NULL if none is recorded. */
MigRunRecord *
mig_journal_running(void)
{
	static MigQuery query = {
		RUN_COLUMNS " JOIN pg_catalog.pg_stat_activity a ON a.pid = r.pid"
		" AND a.backend_start <= r.started_at"
		" AND a.backend_type = 'migrate runner' WHERE r.state = 'running'"
	};
	MigParams	params = {0};
	List	   *found = read_runs(&query, &params);

	return found ? linitial(found) : NULL;
}

/* The run of that number; NULL if there is none. */
MigRunRecord *
mig_journal_find(int64 run)
{
	static MigQuery query = {RUN_COLUMNS " WHERE r.run = $1"};
	MigParams	params = {0};
	List	   *found;

	mig_param_int8(&params, run);
	found = read_runs(&query, &params);
	return found ? linitial(found) : NULL;
}

/* Is a live run in that migration? */
bool
mig_journal_is_running(int64 id)
{
	static MigQuery query = {
		"SELECT FROM migrate.run r,"
		" pg_catalog.pg_stat_get_activity(r.pid) a"
		" WHERE r.current = $1 AND r.state = 'running'"
		" AND a.backend_start <= r.started_at"
		" AND a.backend_type = 'migrate runner' AND a.datid ="
		" (SELECT oid FROM pg_catalog.pg_database"
		"  WHERE datname = pg_catalog.current_database())"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	return mig_sql_once(&query, &params) > 0;
}

/* Has anything of the project ever been applied, settled or adopted here? */
bool
mig_journal_has_begun(const char *project)
{
	static MigQuery query = {
		"SELECT FROM migrate.event WHERE project = $1"
		" AND (outcome = 'success' OR action = 'adopt') LIMIT 1"
	};
	MigParams	params = {0};

	mig_param_text(&params, project);
	return mig_sql_once(&query, &params) > 0;
}

/* What the project has adopted; a list of MigAdoptedBefore. */
List *
mig_journal_adopted(const char *project)
{
	static MigQuery query = {
		"SELECT DISTINCT version, name, outcome, checksum IS NULL"
		" FROM migrate.event WHERE project = $1 AND action = 'adopt'"
	};
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	MigParams	params = {0};
	List	   *result = NIL;
	uint64		rows;

	mig_param_text(&params, project);
	mig_sql_begin(&session);
	rows = mig_sql_run(&query, &params);
	for (uint64 i = 0; i < rows; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(context);
		MigAdoptedBefore *before = palloc0(sizeof(MigAdoptedBefore));

		before->version = mig_col_text(i, 1);
		before->name = mig_col_text(i, 2);
		before->outcome = mig_col_text(i, 3);
		before->missing = mig_col_bool(i, 4);
		result = lappend(result, before);
		MemoryContextSwitchTo(spi);
	}
	mig_sql_end(&session);
	return result;
}

/* Is a migration in the state in which it was adopted? */
bool
mig_journal_adopted_last(const MigMigration *migration)
{
	static MigQuery query = {
		"SELECT FROM (SELECT action FROM migrate.event WHERE project = $1"
		" AND version IS NOT DISTINCT FROM $2 AND name = $3"
		" ORDER BY id DESC LIMIT 1) e WHERE action = 'adopt'"
	};
	MigParams	params = {0};

	mig_param_text(&params, migration->project);
	mig_param_text(&params, migration->version);
	mig_param_text(&params, migration->name);
	return mig_sql_once(&query, &params) > 0;
}

/*
 * How long each script took when it last succeeded, in microseconds; -1: it
 * never has.  In the order of the checksums.
 */
int64 *
mig_journal_elapsed(List *checksums)
{
	static MigQuery query = {
		"SELECT n, (extract(epoch FROM elapsed) * 1000000)::bigint"
		" FROM (SELECT DISTINCT ON (checksum) checksum, elapsed"
		"       FROM migrate.event WHERE action = 'apply'"
		"       AND outcome = 'success' AND checksum = ANY ($1)"
		"       ORDER BY checksum, id DESC) e"
		" JOIN unnest($1) WITH ORDINALITY AS wanted (checksum, n)"
		" USING (checksum)"
	};
	int64	   *result = palloc(Max(list_length(checksums), 1) * sizeof(int64));
	MigSqlSession session;
	MigParams	params = {0};
	uint64		rows;

	for (int i = 0; i < list_length(checksums); i++)
		result[i] = -1;
	mig_sql_begin(&session);
	mig_param_text_array(&params, checksums);
	rows = mig_sql_run(&query, &params);
	for (uint64 row = 0; row < rows; row++)
		result[mig_col_int8(row, 1, 0) - 1] = mig_col_int8(row, 2, -1);
	mig_sql_end(&session);
	return result;
}

/*
 * How long statements may take: the median of what each byte took in the last
 * ten of the same kind that went through comparable amounts, times the bytes.
 */
void
mig_journal_compare(List *timings)
{
	static MigQuery query = {
		"SELECT n, (median * bytes::bigint)::bigint"
		" FROM unnest($1, $2) WITH ORDINALITY AS wanted (kind, bytes, n),"
		" LATERAL (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY rate)"
		"  FROM (SELECT extract(epoch FROM elapsed) * 1000000 / t.bytes"
		"        FROM migrate.timing t WHERE t.kind = wanted.kind"
		"        AND t.bytes BETWEEN wanted.bytes::bigint / 100"
		"        AND wanted.bytes::bigint * 100"
		"        ORDER BY t.id DESC LIMIT 10) last (rate)) m (median)"
		" WHERE median IS NOT NULL"
	};
	List	   *kinds = NIL;
	List	   *bytes = NIL;
	MigSqlSession session;
	MigParams	params = {0};
	ListCell   *lc;
	uint64		rows;

	if (timings == NIL)
		return;
	foreach(lc, timings)
	{
		MigTiming  *timing = lfirst(lc);

		kinds = lappend(kinds, unconstify(char *, timing->kind));
		bytes = lappend(bytes, psprintf("%lld", (long long) timing->bytes));
	}
	mig_sql_begin(&session);
	mig_param_text_array(&params, kinds);
	mig_param_text_array(&params, bytes);
	rows = mig_sql_run(&query, &params);
	for (uint64 row = 0; row < rows; row++)
	{
		MigTiming  *timing = list_nth(timings, mig_col_int8(row, 1, 0) - 1);

		timing->elapsed = mig_col_int8(row, 2, -1);
	}
	mig_sql_end(&session);
}

/* Hands what a run has done to the sink, a row for each migration. */
void
mig_journal_send_rows(int64 run, MigRowSink sink, void *arg)
{
	static MigQuery query = {
		"SELECT version, name,"
		" CASE action WHEN 'apply' THEN 'applied' ELSE 'pending' END, step,"
		" (extract(epoch FROM elapsed) * 1000000)::bigint"
		" FROM migrate.event WHERE run = $1 AND outcome = 'success'"
		" AND action IN ('apply', 'rollback') ORDER BY id"
	};
	MigSqlSession session;
	MigParams	params = {0};
	uint64		rows;

	mig_param_int8(&params, run);
	mig_sql_begin(&session);
	rows = mig_sql_run(&query, &params);
	for (uint64 i = 0; i < rows; i++)
	{
		MigRunRow	row;

		row.version = mig_col_text(i, 1);
		row.name = mig_col_text(i, 2);
		row.state = mig_col_text(i, 3);
		row.steps = mig_col_int8(i, 4, 0);
		row.elapsed = mig_col_int8(i, 5, -1);
		sink(&row, arg);
	}
	mig_sql_end(&session);
}

/*
 * Writing
 */

/* Adds a row to the history. */
void
mig_journal_add_event(const char *project, const MigMigration *migration,
					  const MigEvent *event)
{
	static MigQuery query = {
		"INSERT INTO migrate.event (run, project, version, name, action,"
		" outcome, step, elapsed, checksum, stored_by, session_role, role,"
		" application_name, client_addr, error_sqlstate, error_message,"
		" error_detail, error_hint, error_statement, error_line, reason)"
		" VALUES (nullif($1, 0), $2, $3, $4, $5, $6, nullif($7, 0),"
		" $8 * interval '1 microsecond', $9, $10, $11, $12, $13,"
		" $14::pg_catalog.inet, $15, $16, $17, $18, nullif($19, 0),"
		" nullif($20, 0), $21)"
	};
	const ErrorData *error = event->error;
	MigParams	params = {0};

	mig_param_int8(&params, event->run);
	mig_param_text(&params, project);
	mig_param_text(&params, migration->version);
	mig_param_text(&params, migration->name);
	mig_param_text(&params, event->action);
	mig_param_text(&params, event->outcome);
	mig_param_int4(&params, event->step);
	if (event->elapsed >= 0)
		mig_param_int8(&params, event->elapsed);
	else
		mig_param_null(&params);
	mig_param_text(&params, event->checksum);
	mig_param_text(&params, migration->stored_by);
	mig_param_text(&params, mig_caller.session_role);
	mig_param_text(&params, mig_caller.role);
	mig_param_text(&params, mig_caller.application_name);
	mig_param_text(&params, mig_caller.client_addr);
	mig_param_text(&params, error ? unpack_sql_state(error->sqlerrcode) : NULL);
	mig_param_text(&params, error ? error->message : NULL);
	mig_param_text(&params, error ? error->detail : NULL);
	mig_param_text(&params, error ? error->hint : NULL);
	mig_param_int4(&params, event->error_statement);
	mig_param_int4(&params, event->error_line);
	mig_param_text(&params, event->reason);
	mig_sql_once(&query, &params);
}

/* Adds a row to the attempts. */
void
mig_journal_add_attempt(const char *project, const MigMigration *migration,
						const MigAttempt *attempt)
{
	static MigQuery query = {
		"INSERT INTO migrate.attempt (run, project, version, name, action,"
		" step, attempt, statement, line, sqlstate, message, detail, lock,"
		" blockers, delay)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, 0), nullif($9, 0),"
		" $10, $11, $12, $13, $14::pg_catalog.jsonb,"
		" $15 * interval '1 microsecond')"
	};
	MigParams	params = {0};

	mig_param_int8(&params, attempt->run);
	mig_param_text(&params, project);
	mig_param_text(&params, migration->version);
	mig_param_text(&params, migration->name);
	mig_param_text(&params, attempt->action);
	mig_param_int4(&params, attempt->step);
	mig_param_int4(&params, attempt->attempt);
	mig_param_int4(&params, attempt->statement);
	mig_param_int4(&params, attempt->line);
	mig_param_text(&params, unpack_sql_state(attempt->error->sqlerrcode));
	mig_param_text(&params, attempt->error->message);
	mig_param_text(&params, attempt->error->detail);
	mig_param_text(&params, attempt->lock);
	mig_param_text(&params, attempt->blockers);
	if (attempt->delay >= 0)
		mig_param_int8(&params, attempt->delay);
	else
		mig_param_null(&params);
	mig_sql_once(&query, &params);
}

/* Keeps how long a statement took. */
void
mig_journal_add_timing(int64 run, const MigMigration *migration,
					   const MigTiming *timing)
{
	static MigQuery query = {
		"INSERT INTO migrate.timing (run, project, version, name, statement,"
		" kind, bytes, elapsed)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8 * interval '1 microsecond')"
	};
	MigParams	params = {0};

	mig_param_int8(&params, run);
	mig_param_text(&params, migration->project);
	mig_param_text(&params, migration->version);
	mig_param_text(&params, migration->name);
	mig_param_int4(&params, timing->statement);
	mig_param_text(&params, timing->kind);
	mig_param_int8(&params, timing->bytes);
	mig_param_int8(&params, timing->elapsed);
	mig_sql_once(&query, &params);
}
