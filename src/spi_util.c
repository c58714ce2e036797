/*-------------------------------------------------------------------------
 *
 * spi_util.c
 *	  Sessions for our own SQL.
 *
 * Scripts run with the rights and settings of whoever applies them; the
 * extension's own tables are read and written as their owner, under a
 * search_path in which no user's object can stand.  This file is the one
 * place where that switch happens.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "spi_util.h"

/* The extension's OID; an error if it is not there any more. */
Oid
mig_extension_oid(void)
{
	return get_extension_oid("migrate", false);
}

/*
 * The owner of our tables.  Asked each time: REASSIGN OWNED may change it, and
 * the answer comes from the system caches.
 */
static Oid
extension_owner(void)
{
	Oid			schema = get_namespace_oid("migrate", true);
	Oid			table = InvalidOid;
	HeapTuple	tuple;
	Oid			owner;

	if (OidIsValid(schema))
		table = get_relname_relid("migration", schema);
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"migrate\" is not installed in this database"),
				 errhint("Run CREATE EXTENSION migrate.")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* The search_path of our own SQL. */
#define OWN_SEARCH_PATH "pg_catalog, pg_temp"

/* Is this process in a session of ours already? */
static bool
is_own_session(Oid owner, Oid role, int security)
{
	return role == owner && (security & SECURITY_NOFORCE_RLS) != 0 &&
		strcmp(namespace_search_path, OWN_SEARCH_PATH) == 0;
}

/*
 * From here to mig_sql_end this process is the extension's owner.  An error
 * in between is undone by the (sub)transaction's abort.  Sessions nest; around
 * several queries an outer one saves switching back and forth.
 */
void
mig_sql_begin(MigSqlSession *session)
{
	Oid			owner;

	/* a runner has none between the statements of a script */
	session->snapshot = !ActiveSnapshotSet();
	if (session->snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	owner = extension_owner();
	/* a script may have made its own transaction read-only; not our record */
	session->read_only = XactReadOnly;
	XactReadOnly = RecoveryInProgress();

	GetUserIdAndSecContext(&session->role, &session->security);
	session->nested = is_own_session(owner, session->role, session->security);
	if (!session->nested)
	{
		session->guc_level = NewGUCNestLevel();
		(void) set_config_option("search_path", OWN_SEARCH_PATH,
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
		SetUserIdAndSecContext(owner,
							   session->security |
							   SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_NOFORCE_RLS);
	}
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI"); /* cannot happen */
}

/* Runs a query; its rows stay readable until the next one or the end. */
uint64
mig_sql_run(MigQuery *query, MigParams *params)
{
	MigParams	none = {0};
	int			result;

	if (params == NULL)
		params = &none;
	if (query->plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare(query->sql, params->n, params->types);

		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare \"%s\"", query->sql); /* cannot happen */
		query->plan = plan;
	}
	result = SPI_execute_plan(query->plan, params->values, params->nulls,
							  false, 0);
	if (result < 0)
		elog(ERROR, "could not execute \"%s\"", query->sql); /* cannot happen */
	return SPI_processed;
}

/* Back to the role and search_path from before mig_sql_begin. */
void
mig_sql_end(MigSqlSession *session)
{
	SPI_finish();
	if (!session->nested)
	{
		SetUserIdAndSecContext(session->role, session->security);
		AtEOXact_GUC(false, session->guc_level);
	}
	XactReadOnly = session->read_only;
	if (session->snapshot)
		PopActiveSnapshot();
}

/* Runs one query in a session of its own; returns how many rows it touched. */
uint64
mig_sql_once(MigQuery *query, MigParams *params)
{
	MigSqlSession session;
	uint64		rows;

	mig_sql_begin(&session);
	rows = mig_sql_run(query, params);
	mig_sql_end(&session);
	return rows;
}

/*
 * Calls a function that reads, and leaves no lock on our tables: a caller that
 * goes on to wait for a runner must not be in the way of those who want them.
 * Memory is the current context's, as without.
 */
void
mig_sql_look(void (*look) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		look(arg);
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/*
 * Calls a function whose failure is an answer: its error, of which nothing
 * else is left; NULL: it succeeded.  Whoever wants this process to stop asks
 * for no answer.
 */
ErrorData *
mig_sql_try(void (*function) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		function(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL && (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
						  error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN ||
						  error->sqlerrcode == ERRCODE_OUT_OF_MEMORY))
		ReThrowError(error);
	return error;
}

/* Appends one parameter. */
static void
add_param(MigParams *params, Oid type, Datum value, bool isnull)
{
	Assert(params->n < MIG_MAX_PARAMS);
	params->types[params->n] = type;
	params->values[params->n] = value;
	params->nulls[params->n] = isnull ? 'n' : ' ';
	params->n++;
}

void
mig_param_text(MigParams *params, const char *value)
{
	add_param(params, TEXTOID,
			  value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

void
mig_param_int4(MigParams *params, int32 value)
{
	add_param(params, INT4OID, Int32GetDatum(value), false);
}

void
mig_param_int8(MigParams *params, int64 value)
{
	add_param(params, INT8OID, Int64GetDatum(value), false);
}

void
mig_param_bool(MigParams *params, bool value)
{
	add_param(params, BOOLOID, BoolGetDatum(value), false);
}

/* A NULL bigint. */
void
mig_param_null(MigParams *params)
{
	add_param(params, INT8OID, (Datum) 0, true);
}

/* A text[] of the list's C strings. */
void
mig_param_text_array(MigParams *params, List *strings)
{
	int			n = list_length(strings);
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		values[i] = CStringGetTextDatum(list_nth(strings, i));
	add_param(params, TEXTARRAYOID,
			  PointerGetDatum(construct_array(values, n, TEXTOID, -1, false,
											  TYPALIGN_INT)), false);
}

/* The value in text form, in the SPI context; NULL if it is null. */
char *
mig_col_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
						column);
}

/* A bigint or integer column, or what is given for a null. */
int64
mig_col_int8(uint64 row, int column, int64 otherwise)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, column, &isnull);

	if (isnull)
		return otherwise;
	if (SPI_gettypeid(SPI_tuptable->tupdesc, column) == INT4OID)
		return DatumGetInt32(value);
	return DatumGetInt64(value);
}

/* A boolean column; null is false. */
bool
mig_col_bool(uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/* A text[] column as a list of C strings; null is the empty list. */
List *
mig_col_text_list(uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, column, &isnull);
	Datum	   *elements;
	int			n;
	List	   *result = NIL;

	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		result = lappend(result, TextDatumGetCString(elements[i]));
	return result;
}
