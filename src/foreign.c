/*-------------------------------------------------------------------------
 *
 * foreign.c
 *	  What other tools have recorded in this database.
 *
 * histories.c finds the tables, and says how they must be read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/comment.h"
#include "commands/dbcommands.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "digest.h"
#include "files.h"
#include "foreign.h"
#include "guc.h"

/* Longer ones are no versions of any tool. */
#define MAX_VERSION 200

struct MigForeignApplied
{
	int			count;
	int			size;
	char	  **identities;		/* in the order of their bytes */
	const MigTool *tool;
	char	   *below;			/* what is ordered before this is applied too;
								 * NULL: nothing */
};

/* Says which table an error is about. */
static void
table_error_context(void *arg)
{
	const MigForeignTable *table = arg;

	errcontext("history of %s in table %s", table->tool->name, table->name);
}

/* Is there a history table of that tool? */
bool
mig_foreign_has_history(const char *tool)
{
	return mig_tool_is_known(tool) && mig_histories_find(tool, true) != NIL;
}

/* The name of a history table of that tool; NULL if there is none. */
char *
mig_foreign_history(const char *tool)
{
	List	   *tables = mig_tool_is_known(tool) ? mig_histories_find(tool, true) : NIL;

	return tables ? ((MigForeignTable *) linitial(tables))->name : NULL;
}

static Oid
owner_of(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * A query on a table, as its owner if the caller may act as that: planning it
 * calls functions in the table's indexes and constraints, which are the owner's
 * code.  An error restores the caller's identity.
 */
static uint64
query_as_owner(Oid relid, const char *sql)
{
	Oid			owner = owner_of(relid);
	Oid			caller;
	int			context;
	uint64		rows;

	GetUserIdAndSecContext(&caller, &context);
	if (OidIsValid(owner) && has_privs_of_role(caller, owner))
		SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
	rows = mig_caller_query(sql, NULL);
	SetUserIdAndSecContext(caller, context);
	return rows;
}

/*
 * Whether the tool is at work
 */

static void
check_readable(const MigForeignTable *table)
{
	if (pg_class_aclcheck(table->relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for table %s", table->name),
			 errdetail("It is the history of %s, and is read with your rights.",
					   table->tool->name),
			 errhint("Its owner can run GRANT SELECT ON %s TO %s;", table->name,
					 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/*
 * Nobody changes the table until the transaction ends, as far as the caller may
 * see to that: a tool that is writing into it is waited for.
 */
void
mig_foreign_lock(const MigForeignTable *table)
{
	AclMode		writing = ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE;
	ErrorContextCallback callback;
	int			guc_level = NewGUCNestLevel();

	callback.callback = table_error_context;
	callback.arg = (void *) table;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	check_readable(table);
	mig_guc_limit_lock_waits();
	LockRelationOid(table->relid,
					pg_class_aclmask(table->relid, GetUserId(), writing,
									 ACLMASK_ANY) != 0 ?
					ShareLock : AccessShareLock);
	AtEOXact_GUC(false, guc_level);
	error_context_stack = callback.previous;
	if (get_rel_name(table->relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s was dropped meanwhile", table->name)));
}

/* String.hashCode() of Java, which counts in UTF-16. */
static int32
java_hash(const char *text)
{
	int			len;
	const unsigned char *p = (const unsigned char *)
		mig_digest_utf8(text, strlen(text), &len);
	const unsigned char *end = p + len;
	uint32		hash = 0;

	while (p < end)
	{
		pg_wchar	c = utf8_to_unicode(p);

		if (c > 0xffff)
		{
			hash = 31 * hash + 0xd800 + ((c - 0x10000) >> 10);
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		hash = 31 * hash + c;
		p += pg_utf_mblen(p);
	}
	return (int32) hash;
}

/* Both of its names for the database: opened by a URL it has the slash. */
static List *
golang_migrate_keys(const MigForeignTable *table)
{
	static const char *const slashes[] = {"", "/"};
	List	   *keys = NIL;

	for (int i = 0; i < lengthof(slashes); i++)
	{
		StringInfoData text;
		uint32		key;

		initStringInfo(&text);
		appendStringInfo(&text, "%s%c%s%c%s%s", table->schema, '\0',
						 table->table, '\0', slashes[i],
						 get_database_name(MyDatabaseId));
		key = mig_digest_crc32(text.data, text.len) * 1486364155U;
		keys = lappend(keys, psprintf("%u", key));
	}
	return keys;
}

/* The keys of the advisory lock that the tool holds while it runs. */
static List *
advisory_keys(const MigForeignTable *table)
{
	const MigTool *tool = table->tool;
	const char *database = get_database_name(MyDatabaseId);
	int64		key = tool->lock_key;

	switch (tool->lock)
	{
		case MIG_TOOL_NO_LOCK:
			return NIL;
		case MIG_TOOL_LOCK_KEY:
			break;
		case MIG_TOOL_LOCK_FLYWAY:
			key = INT64CONST(77431708279161) +
				java_hash(psprintf("\"%s\".\"%s\"", table->schema, table->table));
			break;
		case MIG_TOOL_LOCK_GOLANG_MIGRATE:
			return golang_migrate_keys(table);
		case MIG_TOOL_LOCK_DATABASE:
			key *= mig_digest_crc32(database, strlen(database));
			break;
	}
	return list_make1(psprintf("%lld", (long long) key));
}

/* The session that holds the tool's advisory lock is the tool. */
static void
check_advisory_lock(const MigForeignTable *table, bool dry_run)
{
	MigParams	params = {0};
	int			guc_level;

	if (table->tool->lock == MIG_TOOL_NO_LOCK)
		return;
	guc_level = mig_caller_begin();
	mig_param_text_array(&params, advisory_keys(table));
	if (mig_caller_query("SELECT l.pid::bigint, a.application_name FROM pg_locks l"
				  " LEFT JOIN pg_stat_activity a USING (pid)"
				  " WHERE l.locktype = 'advisory' AND l.granted"
				  " AND l.objsubid = 1 AND l.pid <> pg_backend_pid()"
				  " AND l.database = (SELECT oid FROM pg_database"
				  "  WHERE datname = current_database())"
				  " AND (l.classid::bigint << 32 | l.objid::bigint)::text = ANY ($1)",
				  &params) > 0)
		ereport(dry_run ? WARNING : ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("%s is running", table->tool->name),
				 errdetail("Process %lld (%s) holds its lock.",
						   (long long) mig_col_int8(0, 1, 0),
						   mig_col_text(0, 2) ? mig_col_text(0, 2) : ""),
				 errhint("Call again when it has ended, and see to it that it does not run again.")));
	mig_caller_end(guc_level);
}

/* The table beside the history in which the tool keeps its lock. */
static const MigCandidate *
find_lock_table(const MigForeignTable *table)
{
	MigTool		locks = {.columns = table->tool->lock_columns};
	List	   *names = list_make1(pnstrdup(locks.columns,
											strcspn(locks.columns, "/")));
	ListCell   *lc;

	foreach(lc, mig_histories_with(names))
	{
		const MigCandidate *candidate = lfirst(lc);

		if (strcmp(candidate->schema, table->schema) == 0 &&
			strncmp(candidate->table, table->table, strlen(table->table)) == 0 &&
			candidate->relkind == RELKIND_RELATION &&
			mig_history_has_columns(candidate, &locks) &&
			pg_class_aclcheck(candidate->relid, GetUserId(),
							  ACL_SELECT) == ACLCHECK_OK)
			return candidate;
	}
	return NULL;
}

/* A lock in a row stays when its tool is killed: it is told, no more. */
static void
check_lock_row(const MigForeignTable *table)
{
	const MigCandidate *locks;
	char	   *name;
	int			guc_level;

	if (table->tool->lock_query == NULL ||
		(locks = find_lock_table(table)) == NULL)
		return;
	name = quote_qualified_identifier(locks->schema, locks->table);
	guc_level = mig_caller_begin();
	if (query_as_owner(locks->relid,
					   psprintf("WITH history AS (SELECT * FROM %s) %s", name,
								table->tool->lock_query)) > 0)
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("table %s says that %s is running", name,
						table->tool->name),
				 errdetail("It says: %s.", mig_col_text(0, 1)),
				 errhint("If it is, wait until it has ended and call again; if it was killed, see what it left.")));
	mig_caller_end(guc_level);
}

/* An error if the tool is running, a warning if it may be. */
void
mig_foreign_check_idle(const MigForeignTable *table, bool dry_run)
{
	check_advisory_lock(table, dry_run);
	check_lock_row(table);
}

/*
 * Reading
 */

static MigForeignState
state_of(const char *state)
{
	if (strcmp(state, "failed") == 0)
		return MIG_FOREIGN_FAILED;
	if (strcmp(state, "partial") == 0)
		return MIG_FOREIGN_PARTIAL;
	if (strcmp(state, "undone") == 0)
		return MIG_FOREIGN_UNDONE;
	return MIG_FOREIGN_APPLIED;
}

/* A row of a tool's query. */
static MigForeignRow *
read_row(MemoryContext context, uint64 row)
{
	MigForeignRow *result = MemoryContextAllocZero(context,
												   sizeof(MigForeignRow));
	bool		isnull;
	Datum		applied_at = SPI_getbinval(SPI_tuptable->vals[row],
										   SPI_tuptable->tupdesc, 5, &isnull);

	result->identity = mig_caller_column(context, row, 1);
	result->other = mig_caller_column(context, row, 2);
	result->version = mig_caller_column(context, row, 3);
	result->name = mig_caller_column(context, row, 4);
	result->applied_at = isnull ? DT_NOBEGIN : DatumGetTimestampTz(applied_at);
	result->applied_by = mig_caller_column(context, row, 6);
	result->checksum = mig_caller_column(context, row, 7);
	result->state = state_of(mig_col_text(row, 8));
	result->below = mig_col_bool(row, 9);
	result->words = mig_caller_column(context, row, 10);
	result->scope = mig_caller_column(context, row, 11);
	return result;
}

/* What the history says, in its order; a list of MigForeignRow. */
List *
mig_foreign_read(const MigForeignTable *table)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback callback;
	List	   *result = NIL;
	int			guc_level;
	int			unnamed = 0;
	uint64		rows;

	check_readable(table);
	callback.callback = table_error_context;
	callback.arg = (void *) table;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	guc_level = mig_caller_begin();
	rows = query_as_owner(table->relid,
						  psprintf("WITH history AS (SELECT * FROM %s) %s",
								   table->name, table->tool->query));
	for (uint64 i = 0; i < rows; i++)
	{
		MigForeignRow *row = read_row(context, i);
		MemoryContext spi;

		unnamed += row->identity == NULL;
		if (row->identity == NULL)
			continue;
		spi = MemoryContextSwitchTo(context);
		result = lappend(result, row);
		MemoryContextSwitchTo(spi);
	}
	mig_caller_end(guc_level);
	error_context_stack = callback.previous;
	if (unnamed > 0)
		ereport(WARNING,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg_plural("%d row of table %s does not say which migration it is of",
							   "%d rows of table %s do not say which migration they are of",
							   unnamed, unnamed, table->name),
				 errdetail("They are left out.")));
	return result;
}

/*
 * How many rows say that something was run and not taken back.  -1: the caller
 * may not read them.
 */
int
mig_foreign_count_run(const MigForeignTable *table)
{
	int			guc_level;
	int			count = 0;
	ListCell   *lc;

	if (pg_class_aclcheck(table->relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return -1;
	guc_level = NewGUCNestLevel();
	mig_guc_limit_lock_waits();
	foreach(lc, mig_foreign_read(table))
	{
		MigForeignState state = ((MigForeignRow *) lfirst(lc))->state;

		count += state == MIG_FOREIGN_APPLIED || state == MIG_FOREIGN_PARTIAL;
	}
	AtEOXact_GUC(false, guc_level);
	return count;
}

/* The order of a version by value; NULL if it can be no version. */
char *
mig_foreign_version_key(const char *version)
{
	if (version == NULL || *version == '\0' || strlen(version) > MAX_VERSION)
		return NULL;
	return mig_version_sort_key(version);
}

/*
 * What is applied
 */

static int
compare_identities(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Where an identity stands in the tool's order; NULL if that is not known. */
static char *
place_of(const MigTool *tool, const char *identity)
{
	switch (tool->order)
	{
		case MIG_TOOL_BY_VALUE:
			return mig_foreign_version_key(identity);
		case MIG_TOOL_BY_TEXT:
			return pstrdup(identity);
		case MIG_TOOL_BY_PLAN:
			break;
	}
	return NULL;
}

static void
add_identity(MigForeignApplied *applied, char *identity)
{
	if (identity == NULL)
		return;
	if (applied->count == applied->size)
	{
		applied->size *= 2;
		applied->identities = repalloc(applied->identities,
									   applied->size * sizeof(char *));
	}
	applied->identities[applied->count++] = identity;
}

/* Does any definition tell its parents? */
static bool
have_parents(List *definitions)
{
	ListCell   *lc;

	foreach(lc, definitions)
		if (((MigDefinition *) lfirst(lc))->parents != NIL)
			return true;
	return false;
}

/*
 * Adds what a tool has run to come to a migration: its parents, theirs, and so
 * on; all before it if none are told.  Definitions come after their parents.
 */
static void
add_ancestors(MigForeignApplied *applied, List *definitions,
			  const char *identity)
{
	List	   *wanted = list_make1(makeString((char *) identity));
	bool		all = !have_parents(definitions);
	bool		found = false;

	for (int i = list_length(definitions) - 1; i >= 0; i--)
	{
		MigDefinition *d = list_nth(definitions, i);
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (d->identity == NULL ||
			!((found && all) ||
			  list_member(wanted, makeString(d->identity))))
			continue;
		found = true;
		add_identity(applied, d->identity);
		wanted = list_delete(wanted, makeString(d->identity));
		foreach(lc, d->parents)
			wanted = list_append_unique(wanted, makeString(lfirst(lc)));
	}
}

/* Adds what one table has as applied. */
static void
add_applied(MigForeignApplied *applied, const MigForeignTable *table,
			List *definitions)
{
	ListCell   *lc;

	applied->tool = table->tool;
	foreach(lc, mig_foreign_read(table))
	{
		const MigForeignRow *row = lfirst(lc);
		char	   *place = row->below ? place_of(table->tool, row->identity) : NULL;

		if (place != NULL &&
			(applied->below == NULL || strcmp(applied->below, place) < 0))
			applied->below = place;
		if (row->below && table->tool->order == MIG_TOOL_BY_PLAN)
			add_ancestors(applied, definitions, row->identity);
		if (row->state != MIG_FOREIGN_APPLIED)
			continue;
		add_identity(applied, row->identity);
		add_identity(applied, row->other);
	}
}

/*
 * What the histories of a tool have as applied, of the definitions and besides.
 * Of several tables each counts: what is stored for that is not applied yet.
 */
MigForeignApplied *
mig_foreign_applied_of(const char *tool, List *definitions)
{
	MigForeignApplied *applied = palloc0(sizeof(MigForeignApplied));
	ListCell   *lc;

	applied->size = 64;
	applied->identities = palloc(applied->size * sizeof(char *));
	foreach(lc, mig_tool_is_known(tool) ? mig_histories_find(tool, true) : NIL)
		add_applied(applied, lfirst(lc), definitions);
	qsort(applied->identities, applied->count, sizeof(char *),
		  compare_identities);
	return applied;
}

/* The identities in the histories of a tool; a list of char *. */
List *
mig_foreign_applied(const char *tool)
{
	MigForeignApplied *applied = mig_foreign_applied_of(tool, NIL);
	List	   *result = NIL;

	for (int i = 0; i < applied->count; i++)
		result = lappend(result, applied->identities[i]);
	return result;
}

/* Is it among them? */
bool
mig_foreign_contains(const MigForeignApplied *applied, const char *identity)
{
	char	   *place;

	if (bsearch(&identity, applied->identities, applied->count, sizeof(char *),
				compare_identities) != NULL)
		return true;
	if (applied->below == NULL)
		return false;
	place = place_of(applied->tool, identity);
	return place != NULL && strcmp(place, applied->below) < 0;
}

/*
 * The sign that is put up
 */

/* Says in the table's comment who has taken over, unless that stands there. */
void
mig_foreign_comment(const MigForeignTable *table)
{
	const char *said = psprintf("migrate has taken over from %s",
								table->tool->name);
	char	   *comment = GetComment(table->relid, RelationRelationId, 0);
	char	   *text;
	int			guc_level;

	if (comment != NULL && strstr(comment, said) != NULL)
		return;
	if (!has_privs_of_role(GetUserId(), owner_of(table->relid)))
	{
		ereport(NOTICE,
				(errmsg("table %s is not yours: no comment on it says that migrate has taken over",
						table->name)));
		return;
	}
	text = psprintf("%s%s%s, on %s: run SELECT migrate.apply(); and no longer %s",
					comment ? comment : "", comment ? "\n" : "", said,
					timestamptz_to_str(GetCurrentTransactionStartTimestamp()),
					table->tool->name);
	guc_level = mig_caller_begin();
	(void) mig_caller_query(psprintf("COMMENT ON TABLE %s IS %s", table->name,
							  quote_literal_cstr(text)), NULL);
	mig_caller_end(guc_level);
}
