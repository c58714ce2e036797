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

#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_subscription.h"
#include "catalog/index.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_target.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "leftover.h"
#include "spi_util.h"

/*
 * What was there before a statement started is kept as text, each entry a word
 * of its own meaning:
 */
#define ENTRY_INDEX		"index "	/* OID of an index that was there */
#define ENTRY_NAME		"name "		/* of the index that is to be created */
#define ENTRY_OBJECT	"object "	/* OID of what is to be removed or created */
#define ENTRY_ORIGIN	"origin "	/* where that OID means something */

/* An index, as far as it matters here. */
typedef struct IndexState
{
	Oid			oid;
	char	   *name;			/* as pg_class has it */
	char	   *qualified;		/* with its schema, quoted */
	bool		valid;
	bool		unique;
	List	   *columns;		/* of char * */
} IndexState;

/*
 * The indexes of one table, or of the database if 'table' is InvalidOid.
 * Those that a session is building at this moment are left out.
 */
static List *
read_indexes(Oid table)
{
	static MigQuery query = {
		"SELECT c.oid::bigint, c.relname::text,"
		" format('%I.%I', n.nspname, c.relname), i.indisvalid,"
		" i.indisunique, ARRAY(SELECT a.attname::text"
		" FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid"
		" ORDER BY a.attnum)"
		" FROM pg_catalog.pg_index i"
		" JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		" WHERE c.relkind = 'i' AND"
		" CASE WHEN $1 = 0 THEN NOT i.indisvalid"
		" ELSE i.indrelid::bigint = $1 END AND NOT EXISTS"
		" (SELECT FROM pg_catalog.pg_stat_progress_create_index p"
		" WHERE p.index_relid = c.oid) ORDER BY 1"
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

		index->oid = mig_col_int8(i, 1, 0);
		index->name = mig_col_text(i, 2);
		index->qualified = mig_col_text(i, 3);
		index->valid = mig_col_bool(i, 4);
		index->unique = mig_col_bool(i, 5);
		index->columns = mig_col_text_list(i, 6);
		result = lappend(result, index);
		MemoryContextSwitchTo(spi);
	}
	mig_sql_end(&session);
	return result;
}

static char *
oid_entry(const char *word, Oid oid)
{
	return psprintf("%s%u", word, oid);
}

/*
 * The cluster, the database and the installation of the extension in which OIDs
 * are what they are: a dump can be restored over the database it came from.
 */
static char *
origin_entry(void)
{
	return psprintf("%s" UINT64_FORMAT "/%u/%u", ENTRY_ORIGIN,
					GetSystemIdentifier(), MyDatabaseId, mig_extension_oid());
}

static bool
contains(List *before, const char *entry)
{
	ListCell   *lc;

	foreach(lc, before)
	{
		if (strcmp(lfirst(lc), entry) == 0)
			return true;
	}
	return false;
}

/* Is that OID among what was there? */
static bool
was_there(List *before, const char *word, Oid oid)
{
	return contains(before, oid_entry(word, oid));
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
 * For each kind of object that a statement creates or removes as a whole: its
 * OID, if it is there.
 */

static Oid
find_index(Node *stmt)
{
	List	   *name = linitial(castNode(DropStmt, stmt)->objects);

	return RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);
}

static Oid
find_attached_partition(Node *stmt)
{
	Oid			partition = detached_partition(stmt);

	return OidIsValid(partition) && has_superclass(partition) ?
		partition : InvalidOid;
}

static Oid
find_created_database(Node *stmt)
{
	return get_database_oid(castNode(CreatedbStmt, stmt)->dbname, true);
}

static Oid
find_dropped_database(Node *stmt)
{
	return get_database_oid(castNode(DropdbStmt, stmt)->dbname, true);
}

static Oid
find_created_tablespace(Node *stmt)
{
	return get_tablespace_oid(castNode(CreateTableSpaceStmt, stmt)->tablespacename,  true);
}

static Oid
find_dropped_tablespace(Node *stmt)
{
	return get_tablespace_oid(castNode(DropTableSpaceStmt, stmt)->tablespacename,  true);
}

static Oid
find_created_subscription(Node *stmt)
{
	return get_subscription_oid(castNode(CreateSubscriptionStmt, stmt)->subname, true);
}

static Oid
find_dropped_subscription(Node *stmt)
{
	return get_subscription_oid(castNode(DropSubscriptionStmt, stmt)->subname, true);
}

/* The transaction of COMMIT or ROLLBACK PREPARED: its xid serves as OID. */
static Oid
find_prepared(Node *stmt)
{
	static MigQuery query = {
		"SELECT transaction::text::bigint FROM pg_catalog.pg_prepared_xacts"
		" WHERE gid = $1"
	};
	MigSqlSession session;
	MigParams	params = {0};
	Oid			found = InvalidOid;

	mig_param_text(&params, castNode(TransactionStmt, stmt)->gid);
	mig_sql_begin(&session);
	if (mig_sql_run(&query, &params) > 0)
		found = mig_col_int8(0, 1, 0);
	mig_sql_end(&session);
	return found;
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
	Oid			(*find) (Node *stmt);
}			effects[] = {
	{T_IndexStmt, EFFECT_BUILDS_INDEX, NULL},
	{T_ReindexStmt, EFFECT_REBUILDS_INDEXES, NULL},
	{T_DropStmt, EFFECT_REMOVES, find_index},
	{T_AlterTableStmt, EFFECT_REMOVES, find_attached_partition},
	{T_CreatedbStmt, EFFECT_CREATES, find_created_database},
	{T_DropdbStmt, EFFECT_REMOVES, find_dropped_database},
	{T_CreateTableSpaceStmt, EFFECT_CREATES, find_created_tablespace},
	{T_DropTableSpaceStmt, EFFECT_REMOVES, find_dropped_tablespace},
	{T_CreateSubscriptionStmt, EFFECT_CREATES, find_created_subscription},
	{T_DropSubscriptionStmt, EFFECT_REMOVES, find_dropped_subscription},
	{T_TransactionStmt, EFFECT_REMOVES, find_prepared},
	{T_VacuumStmt, EFFECT_REPEATABLE, NULL},
	{T_ClusterStmt, EFFECT_REPEATABLE, NULL},
	{T_AlterSystemStmt, EFFECT_REPEATABLE, NULL},
	{T_AlterDatabaseStmt, EFFECT_REPEATABLE, NULL},
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

/* What the server calls a column of an index. */
static const char *
column_name(const IndexElem *column)
{
	const char *name = column->name;

	if (name == NULL)
		name = FigureIndexColname(column->expr);
	return name ? name : "expr";
}

/* A name that none of the others is, by a number at its end as the server does. */
static char *
choose_name(const char *name, List *others)
{
	char	   *result = pstrdup(name);

	for (int n = 1; list_member(others, makeString(result)); n++)
	{
		char	   *suffix = psprintf("%d", n);
		int			len = pg_mbcliplen(name, strlen(name),
									   NAMEDATALEN - 1 - strlen(suffix));

		result = psprintf("%.*s%s", len, name, suffix);
	}
	return result;
}

/*
 * An index without a name gets one before it is created, or it could not be
 * told from others afterwards.
 */
static void
name_index(IndexStmt *stmt, Oid table)
{
	StringInfoData columns;
	List	   *names = NIL;
	ListCell   *lc;

	if (stmt->idxname != NULL)
		return;
	initStringInfo(&columns);
	foreach(lc, list_concat_copy(stmt->indexParams, stmt->indexIncludingParams))
	{
		char	   *name = choose_name(column_name(lfirst_node(IndexElem, lc)),
									   names);

		names = lappend(names, makeString(name));
		appendStringInfo(&columns, "%s%s", columns.len > 0 ? "_" : "", name);
		if (columns.len >= NAMEDATALEN)
			break;
	}
	stmt->idxname = ChooseRelationName(get_rel_name(table), columns.data,
									   "idx", get_rel_namespace(table), false);
}

/* What was there before CREATE INDEX or REINDEX CONCURRENTLY. */
static List *
indexes_before(Node *stmt)
{
	Oid			table = InvalidOid;
	List	   *result = NIL;
	ListCell   *lc;

	if (IsA(stmt, IndexStmt))
	{
		table = indexed_table(stmt);
		if (!OidIsValid(table))
			return NIL;
		name_index(castNode(IndexStmt, stmt), table);
		result = list_make1(psprintf("%s%s", ENTRY_NAME,
									 castNode(IndexStmt, stmt)->idxname));
	}
	foreach(lc, read_indexes(table))
		result = lappend(result, oid_entry(ENTRY_INDEX,
										   ((IndexState *) lfirst(lc))->oid));
	return result;
}

/*
 * To be called before the statement starts: what is there.  Gives an index
 * that is to be created a name, if the statement has none.
 */
List *
mig_leftover_before(Node *stmt)
{
	int			i = find_effect(stmt);
	Oid			object;

	if (i < 0 || effects[i].effect == EFFECT_REPEATABLE)
		return NIL;
	if (effects[i].find == NULL)
		return indexes_before(stmt);
	object = effects[i].find(stmt);
	return OidIsValid(object) ?
		list_make2(oid_entry(ENTRY_OBJECT, object), origin_entry()) : NIL;
}

/* Can the statement have made this index?  Somebody else may use its name. */
static bool
is_made_by(const IndexState *index, const IndexStmt *stmt)
{
	int			n = 0;
	ListCell   *lc;

	if (strcmp(index->name, stmt->idxname) != 0 ||
		index->unique != stmt->unique ||
		list_length(index->columns) != list_length(stmt->indexParams) +
		list_length(stmt->indexIncludingParams))
		return false;
	foreach(lc, stmt->indexParams)
	{
		const char *column = lfirst_node(IndexElem, lc)->name;

		if (column != NULL && strcmp(column, list_nth(index->columns, n)) != 0)
			return false;
		n++;
	}
	return true;
}

/*
 * CREATE INDEX CONCURRENTLY: is the index there that was not, and valid?  If a
 * statement without a name is resumed, it gets the name of its first try.
 */
static MigVerdict
built_index(IndexStmt *stmt, List *before, List **drop)
{
	Oid			table = indexed_table((Node *) stmt);
	ListCell   *lc;

	foreach(lc, before)
	{
		const char *entry = lfirst(lc);

		if (strncmp(entry, ENTRY_NAME, strlen(ENTRY_NAME)) == 0)
			stmt->idxname = pstrdup(entry + strlen(ENTRY_NAME));
	}
	if (!OidIsValid(table) || stmt->idxname == NULL)
		return MIG_VERDICT_RUN;
	foreach(lc, read_indexes(table))
	{
		IndexState *index = lfirst(lc);

		if (was_there(before, ENTRY_INDEX, index->oid) ||
			!is_made_by(index, stmt))
			continue;
		if (index->valid)
			return MIG_VERDICT_DONE;
		*drop = lappend(*drop, index->qualified);
	}
	return MIG_VERDICT_RUN;
}

/* REINDEX CONCURRENTLY can always run again, without its transient indexes. */
static MigVerdict
rebuilt_indexes(List *before, List **drop)
{
	ListCell   *lc;

	foreach(lc, read_indexes(InvalidOid))
	{
		IndexState *index = lfirst(lc);

		if (!was_there(before, ENTRY_INDEX, index->oid) &&
			is_transient_name(index->name))
			*drop = lappend(*drop, index->qualified);
	}
	return MIG_VERDICT_RUN;
}

/*
 * Is what was to be removed gone?  A name may now find another object; but in
 * a restored dump the same object has another OID.
 */
static MigVerdict
removed_object(Node *stmt, Oid object, List *before)
{
	if (before == NIL)
		return MIG_VERDICT_RUN;
	if (!OidIsValid(object) ||
		(contains(before, origin_entry()) &&
		 !was_there(before, ENTRY_OBJECT, object)))
		return MIG_VERDICT_DONE;
	return IsA(stmt, AlterTableStmt) && PartitionHasPendingDetach(object) ?
		MIG_VERDICT_FINALIZE : MIG_VERDICT_RUN;
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
			return before == NIL && OidIsValid(effects[i].find(stmt)) ?
				MIG_VERDICT_DONE : MIG_VERDICT_RUN;
		case EFFECT_REMOVES:
			return removed_object(stmt, effects[i].find(stmt), before);
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
