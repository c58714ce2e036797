/*-------------------------------------------------------------------------
 *
 * leftover.c
 *	  What an unfinished non-transactional statement left behind.
 *
 * Such a statement commits more than once.  When it fails, or when the server
 * dies under it, the catalogs tell how far it came: this module reads them.
 * It changes nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_subscription.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "leftover.h"
#include "spi_util.h"

/* An index, as far as it matters here. */
typedef struct IndexState
{
	char	   *name;			/* as pg_class has it */
	char	   *qualified;		/* with its schema, quoted */
	bool		valid;
} IndexState;

/*
 * The indexes of one table, or the invalid ones of the database if 'table' is
 * InvalidOid.
 */
static List *
read_indexes(Oid table)
{
	static MigQuery query = {
		"SELECT c.relname::text, format('%I.%I', n.nspname, c.relname),"
		" i.indisvalid"
		" FROM pg_catalog.pg_index i"
		" JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		" WHERE CASE WHEN $1 = 0 THEN NOT i.indisvalid AND c.relkind = 'i'"
		" ELSE i.indrelid::bigint = $1 END ORDER BY 2"
	};
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	MigParams	params = {0};
	List	   *result = NIL;
	uint64		rows;

	mig_param_int8(&params, table);
	mig_sql_begin(&session);
	rows = mig_sql_run(&query, &params);
	for (uint64 i = 0; i < rows; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(context);
		IndexState *index = palloc(sizeof(IndexState));

		index->name = mig_col_text(i, 1);
		index->qualified = mig_col_text(i, 2);
		index->valid = mig_col_bool(i, 3);
		result = lappend(result, index);
		MemoryContextSwitchTo(spi);
	}
	mig_sql_end(&session);
	return result;
}

static bool
contains(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

/* Is this the name of a transient index of REINDEX CONCURRENTLY? */
static bool
is_transient_name(const char *name)
{
	const char *end = name + strlen(name);

	while (end > name && isdigit((unsigned char) end[-1]))
		end--;
	return end - name > 6 &&
		(strncmp(end - 6, "_ccnew", 6) == 0 ||
		 strncmp(end - 6, "_ccold", 6) == 0);
}

/* The table of CREATE INDEX CONCURRENTLY; InvalidOid if it is gone. */
static Oid
indexed_table(Node *stmt)
{
	return RangeVarGetRelid(castNode(IndexStmt, stmt)->relation, NoLock, true);
}

/* The subcommand of ALTER TABLE ... DETACH PARTITION; NULL for any other. */
static PartitionCmd *
detach_command(Node *stmt)
{
	AlterTableCmd *command = linitial_node(AlterTableCmd,
										   castNode(AlterTableStmt, stmt)->cmds);

	if (command->subtype != AT_DetachPartition)
		return NULL;
	return castNode(PartitionCmd, command->def);
}

/* The partition that a statement detaches; InvalidOid if it is gone. */
static Oid
detached_partition(Node *stmt)
{
	PartitionCmd *command = detach_command(stmt);

	return command ? RangeVarGetRelid(command->name, NoLock, true) : InvalidOid;
}

/*
 * For each kind of object that a statement creates or removes as a whole: is
 * it there?
 */

static bool
index_exists(Node *stmt)
{
	List	   *name = linitial(castNode(DropStmt, stmt)->objects);

	return OidIsValid(RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock,
									   true));
}

static bool
partition_is_attached(Node *stmt)
{
	Oid			partition = detached_partition(stmt);

	return OidIsValid(partition) && has_superclass(partition);
}

static bool
created_database_exists(Node *stmt)
{
	return OidIsValid(get_database_oid(castNode(CreatedbStmt, stmt)->dbname,
									   true));
}

static bool
dropped_database_exists(Node *stmt)
{
	return OidIsValid(get_database_oid(castNode(DropdbStmt, stmt)->dbname,
									   true));
}

static bool
created_tablespace_exists(Node *stmt)
{
	return OidIsValid(get_tablespace_oid(castNode(CreateTableSpaceStmt, stmt)->tablespacename,
										 true));
}

static bool
dropped_tablespace_exists(Node *stmt)
{
	return OidIsValid(get_tablespace_oid(castNode(DropTableSpaceStmt, stmt)->tablespacename,
										 true));
}

static bool
created_subscription_exists(Node *stmt)
{
	return OidIsValid(get_subscription_oid(castNode(CreateSubscriptionStmt, stmt)->subname,
										   true));
}

static bool
dropped_subscription_exists(Node *stmt)
{
	return OidIsValid(get_subscription_oid(castNode(DropSubscriptionStmt, stmt)->subname,
										   true));
}

/* The transaction of COMMIT or ROLLBACK PREPARED. */
static bool
prepared_exists(Node *stmt)
{
	static MigQuery query = {
		"SELECT FROM pg_catalog.pg_prepared_xacts WHERE gid = $1"
	};
	MigSqlSession session;
	MigParams	params = {0};
	uint64		rows;

	mig_param_text(&params, castNode(TransactionStmt, stmt)->gid);
	mig_sql_begin(&session);
	rows = mig_sql_run(&query, &params);
	mig_sql_end(&session);
	return rows > 0;
}

/* How the end of a statement shows in the catalogs. */
typedef enum Effect
{
	EFFECT_CREATES,				/* an object is there that was not */
	EFFECT_REMOVES,				/* an object is gone that was there */
	EFFECT_BUILDS_INDEX,
	EFFECT_REBUILDS_INDEXES,
	EFFECT_REPEATABLE			/* it does the same when it runs again */
} Effect;

static const struct
{
	NodeTag		tag;
	Effect		effect;
	bool		(*exists) (Node *stmt);
}			effects[] = {
	{T_IndexStmt, EFFECT_BUILDS_INDEX, NULL},
	{T_ReindexStmt, EFFECT_REBUILDS_INDEXES, NULL},
	{T_DropStmt, EFFECT_REMOVES, index_exists},
	{T_AlterTableStmt, EFFECT_REMOVES, partition_is_attached},
	{T_CreatedbStmt, EFFECT_CREATES, created_database_exists},
	{T_DropdbStmt, EFFECT_REMOVES, dropped_database_exists},
	{T_CreateTableSpaceStmt, EFFECT_CREATES, created_tablespace_exists},
	{T_DropTableSpaceStmt, EFFECT_REMOVES, dropped_tablespace_exists},
	{T_CreateSubscriptionStmt, EFFECT_CREATES, created_subscription_exists},
	{T_DropSubscriptionStmt, EFFECT_REMOVES, dropped_subscription_exists},
	{T_TransactionStmt, EFFECT_REMOVES, prepared_exists},
	{T_VacuumStmt, EFFECT_REPEATABLE, NULL},
	{T_ClusterStmt, EFFECT_REPEATABLE, NULL},
	{T_AlterSystemStmt, EFFECT_REPEATABLE, NULL},
	{T_AlterDatabaseStmt, EFFECT_REPEATABLE, NULL},
	{T_AlterSubscriptionStmt, EFFECT_REPEATABLE, NULL},
	{T_DiscardStmt, EFFECT_REPEATABLE, NULL}
};

/* The row of that table for a statement, or -1. */
static int
find_effect(Node *stmt)
{
	if (IsA(stmt, AlterTableStmt) && detach_command(stmt) == NULL)
		return -1;
	for (int i = 0; i < lengthof(effects); i++)
		if (effects[i].tag == nodeTag(stmt))
			return i;
	return -1;
}

/*
 * To be called before the statement starts: what was there.  Indexes that a
 * failure must not be blamed for, or a mark that the object existed.
 */
List *
mig_leftover_before(Node *stmt)
{
	int			i = find_effect(stmt);
	List	   *result = NIL;
	ListCell   *lc;

	if (i < 0)
		return NIL;
	if (effects[i].exists != NULL)
		return effects[i].exists(stmt) ? list_make1("present") : NIL;
	if (effects[i].effect == EFFECT_REPEATABLE)
		return NIL;
	foreach(lc, read_indexes(IsA(stmt, IndexStmt) ? indexed_table(stmt) :
							 InvalidOid))
		result = lappend(result, ((IndexState *) lfirst(lc))->qualified);
	return result;
}

/* CREATE INDEX CONCURRENTLY: is a new index of that name there and valid? */
static MigVerdict
built_index(IndexStmt *stmt, List *before, List **drop)
{
	Oid			table = indexed_table((Node *) stmt);
	MigVerdict	verdict = MIG_VERDICT_RUN;
	ListCell   *lc;

	if (!OidIsValid(table))
		return verdict;
	foreach(lc, read_indexes(table))
	{
		IndexState *index = lfirst(lc);

		if (contains(before, index->qualified) ||
			(stmt->idxname != NULL && strcmp(index->name, stmt->idxname) != 0))
			continue;
		if (index->valid)
			verdict = MIG_VERDICT_DONE;
		else
			*drop = lappend(*drop, index->qualified);
	}
	return verdict;
}

/* REINDEX CONCURRENTLY can always run again, without its transient indexes. */
static MigVerdict
rebuilt_indexes(List *before, List **drop)
{
	ListCell   *lc;

	foreach(lc, read_indexes(InvalidOid))
	{
		IndexState *index = lfirst(lc);

		if (!contains(before, index->qualified) &&
			is_transient_name(index->name))
			*drop = lappend(*drop, index->qualified);
	}
	return MIG_VERDICT_RUN;
}

/*
 * How an unfinished statement stands.  'before' is what mig_leftover_before
 * said; 'drop' receives the indexes to be dropped concurrently, by qualified
 * and quoted name.
 */
MigVerdict
mig_leftover_verdict(Node *stmt, List *before, List **drop)
{
	int			i = find_effect(stmt);

	*drop = NIL;
	if (i < 0)
		return MIG_VERDICT_UNKNOWN;
	switch (effects[i].effect)
	{
		case EFFECT_CREATES:
			return before == NIL && effects[i].exists(stmt) ?
				MIG_VERDICT_DONE : MIG_VERDICT_RUN;
		case EFFECT_REMOVES:
			if (!effects[i].exists(stmt))
				return before != NIL ? MIG_VERDICT_DONE : MIG_VERDICT_RUN;
			return IsA(stmt, AlterTableStmt) &&
				PartitionHasPendingDetach(detached_partition(stmt)) ?
				MIG_VERDICT_FINALIZE : MIG_VERDICT_RUN;
		case EFFECT_BUILDS_INDEX:
			return built_index(castNode(IndexStmt, stmt), before, drop);
		case EFFECT_REBUILDS_INDEXES:
			return rebuilt_indexes(before, drop);
		case EFFECT_REPEATABLE:
			return MIG_VERDICT_RUN;
	}
	return MIG_VERDICT_UNKNOWN; /* keep compiler quiet */
}

/* The statement that ends a pending detach. */
char *
mig_leftover_finalize(Node *stmt)
{
	RangeVar   *parent = castNode(AlterTableStmt, stmt)->relation;
	RangeVar   *child = detach_command(stmt)->name;

	return psprintf("ALTER TABLE %s DETACH PARTITION %s FINALIZE",
					quote_qualified_identifier(parent->schemaname, parent->relname),
					quote_qualified_identifier(child->schemaname, child->relname));
}
