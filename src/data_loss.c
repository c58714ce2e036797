/*-------------------------------------------------------------------------
 *
 * data_loss.c
 *	  What a statement did to data, which no comparison of schemas shows.
 *
 * Data of what a migration itself makes comes and goes with it, and is no
 * loss.  Only what is there without the migration counts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "changes.h"
#include "data_loss.h"

/*
 * Functions that a query calls
 */

/* A check_function_callback.  What set_config() changes is no data. */
static bool
is_volatile(Oid function, void *context)
{
	return func_volatile(function) == PROVOLATILE_VOLATILE &&
		function != F_SET_CONFIG;
}

static bool
changes_something(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_volatile, context))
		return true;
	if (!IsA(node, Query))
		return expression_tree_walker(node, changes_something, context);
	return castNode(Query, node)->commandType != CMD_SELECT ||
		query_tree_walker(castNode(Query, node), changes_something, context, 0);
}

/* Analyzes a query that has run, in a subtransaction of its own. */
static bool
analyze_query(const char *text)
{
	RawStmt    *raw = linitial_node(RawStmt, pg_parse_query(text));
	bool		found;

	PushActiveSnapshot(GetTransactionSnapshot());
	found = changes_something((Node *) parse_analyze_fixedparams(raw, text, NULL,
																 0, NULL), NULL);
	PopActiveSnapshot();
	return found;
}

/*
 * Can a query change anything?  In doubt, say because a later statement has
 * dropped what it reads, it can.
 */
static bool
query_changes_something(const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool found = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		found = analyze_query(text);
	}
	PG_CATCH();
	{
		if (geterrcode() == ERRCODE_QUERY_CANCELED)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return found;
}

/*
 * Statements
 */

typedef enum DataClass
{
	DATA_NONE,
	DATA_TABLES,				/* changes rows of the tables it locks for that */
	DATA_QUERY,					/* may call functions that do */
	DATA_ANYTHING				/* nobody can tell */
} DataClass;

static DataClass
classify(Node *stmt)
{
	if (mig_changes_of(stmt) != NIL)
		return DATA_TABLES;
	switch (nodeTag(stmt))
	{
		case T_TruncateStmt:
			return DATA_TABLES;
		case T_SelectStmt:
			return DATA_QUERY;
		case T_CallStmt:
		case T_DoStmt:
		case T_ExecuteStmt:
			return DATA_ANYTHING;
		default:
			return DATA_NONE;
	}
}

/* Is a relation of that name there without the migration? */
static bool
is_there(const MigFingerprint *without, const char *name)
{
	static const char *const kinds[] = {"table", "foreign table", "view",
	"materialized view"};

	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (mig_fingerprint_has(without, psprintf("%s %s", kinds[i], name)))
			return true;
	}
	return false;
}

/* Has it written to a table that is there without the migration? */
static bool
writes_to_others(const MigTrace *trace, const MigFingerprint *without)
{
	ListCell   *lc;
	bool		any = false;

	foreach(lc, trace->locks)
	{
		const MigTraceLock *lock = lfirst(lc);

		if (lock->mode < RowExclusiveLock)
			continue;
		if (is_there(without, lock->name))
			return true;
		any = true;
	}
	return !any;
}

/* What it has dropped that had data; NULL: nothing. */
static const char *
dropped_data(const MigTrace *trace, const MigFingerprint *without)
{
	ListCell   *lc;

	foreach(lc, trace->objects)
	{
		const MigTraceObject *object = lfirst(lc);
		char	   *label;

		if (object->change != MIG_DROPPED ||
			(strcmp(object->type, "table") != 0 &&
			 strcmp(object->type, "table column") != 0 &&
			 strcmp(object->type, "composite type column") != 0))
			continue;
		label = psprintf("%s %s", object->type, object->name);
		if (mig_fingerprint_has(without, label))
			return label;
	}
	return NULL;
}

/* The table whose data it has converted to another type; NULL: none. */
static const char *
converted_table(const MigTrace *trace, const MigFingerprint *without)
{
	Node	   *stmt = trace->statement->raw->stmt;
	bool		changes_type = false;
	ListCell   *lc;

	if (!IsA(stmt, AlterTableStmt))
		return NULL;
	foreach(lc, castNode(AlterTableStmt, stmt)->cmds)
		changes_type |= lfirst_node(AlterTableCmd, lc)->subtype == AT_AlterColumnType;
	if (!changes_type)
		return NULL;
	foreach(lc, trace->files)
	{
		const MigTraceFile *file = lfirst(lc);

		if (is_there(without, file->name))
			return file->name;
	}
	return NULL;
}

/*
 * What a statement that ran did to data of objects that are there without its
 * migration, as a noun; NULL: nothing.  What a down script drops, the up script
 * had made.
 */
char *
mig_data_loss(const MigScript *script, const MigTrace *trace,
			  const MigFingerprint *without, bool down)
{
	const MigStatement *statement = trace->statement;
	const char *tag = GetCommandTagName(statement->tag);
	DataClass	class = classify(statement->raw->stmt);
	const char *name;

	if (class == DATA_ANYTHING ||
		(class == DATA_TABLES && writes_to_others(trace, without)) ||
		(class == DATA_QUERY &&
		 (trace->rows > 0 ||
		  query_changes_something(pnstrdup(script->text + statement->location,
										   statement->len)))))
		return pstrdup(tag);
	if (down)
		return NULL;
	if ((name = dropped_data(trace, without)) != NULL)
		return psprintf("%s, which drops the data of %s", tag, name);
	if ((name = converted_table(trace, without)) != NULL)
		return psprintf("%s, which converts data of table %s", tag, name);
	return NULL;
}
