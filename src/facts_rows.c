/*-------------------------------------------------------------------------
 *
 * facts_rows.c
 *	  How many rows a statement would read, as the planner sees it.
 *
 * The planner works on the catalog, not on the shadow: where the two differ,
 * or where it would have to wait for a lock, the answer is that nobody knows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"

#include "facts_expression.h"
#include "facts_rows.h"
#include "spi_util.h"

typedef struct RowsTry
{
	MigShadow  *shadow;
	SelectStmt *select;
	List	   *names;			/* of RangeVar * */
	List	   *withs;			/* of char *: names of WITH queries */
	bool		writes;			/* has an INSERT or MERGE in its WITH */
	double		result;
} RowsTry;

static bool
collect(Node *node, void *context)
{
	RowsTry    *try = context;

	if (node == NULL)
		return false;
	if (IsA(node, RangeVar))
	{
		try->names = lappend(try->names, node);
		return false;
	}
	if (IsA(node, CommonTableExpr))
		try->withs = lappend(try->withs, ((CommonTableExpr *) node)->ctename);
	/* analyzing it would take a lock that may have to be waited for */
	if (IsA(node, InsertStmt) || IsA(node, MergeStmt))
		try->writes = true;
	return raw_expression_tree_walker(node, collect, context);
}

/* Does the name stand for a WITH query? */
static bool
is_with(const RowsTry *try, const RangeVar *name)
{
	ListCell   *lc;

	foreach(lc, try->withs)
	{
		if (name->schemaname == NULL && strcmp(lfirst(lc), name->relname) == 0)
			return true;
	}
	return false;
}

/* The relations that a part of a statement names and that are known. */
List *
mig_fact_relations_in(MigShadow *shadow, Node *raw)
{
	RowsTry		try = {0};
	List	   *result = NIL;
	ListCell   *lc;

	(void) collect(raw, &try);
	foreach(lc, try.names)
	{
		MigRel	   *rel = is_with(&try, lfirst(lc)) ? NULL :
			mig_shadow_find(shadow, lfirst(lc), RELKIND_RELATION);

		if (rel != NULL)
			result = list_append_unique_ptr(result, rel);
	}
	return result;
}

/* Can the planner read about it now, and is it what the shadow has? */
static bool
is_at_hand(MigShadow *shadow, const RangeVar *name)
{
	MigRel	   *rel = mig_shadow_find(shadow, name, 0);
	ListCell   *lc;

	if (rel == NULL || !OidIsValid(rel->oid) ||
		RangeVarGetRelid(name, NoLock, true) != rel->oid ||
		(rel->kind != RELKIND_RELATION && rel->kind != RELKIND_MATVIEW &&
		 rel->kind != RELKIND_PARTITIONED_TABLE) ||
		!ConditionalLockRelationOid(rel->oid, AccessShareLock))
		return false;
	foreach(lc, mig_rel_children(rel, true))
	{
		MigRel	   *child = lfirst(lc);

		if (!OidIsValid(child->oid) ||
			!ConditionalLockRelationOid(child->oid, AccessShareLock))
			return false;
	}
	return true;
}

static void
plan(void *arg)
{
	RowsTry    *try = arg;
	RawStmt    *raw = makeNode(RawStmt);
	List	   *queries;
	PlannedStmt *planned;
	ListCell   *lc;

	foreach(lc, try->names)
	{
		if (!is_with(try, lfirst(lc)) && !is_at_hand(try->shadow, lfirst(lc)))
			return;
	}
	raw->stmt = copyObject((Node *) try->select);
	queries = pg_analyze_and_rewrite_fixedparams(raw, "", NULL, 0, NULL);
	if (mig_fact_calls_user_code(linitial_node(Query, queries)))
		return;
	planned = pg_plan_query(linitial_node(Query, queries), "", 0, NULL);
	try->result = planned->planTree->plan_rows;
}

/* The locks that it takes go with it. */
static void
plan_and_forget(void *arg)
{
	mig_sql_look(plan, arg);
}

/* How many rows the query would return; -1: not known. */
double
mig_fact_rows_of(MigShadow *shadow, SelectStmt *select)
{
	RowsTry		try = {.shadow = shadow,.select = select,.result = -1};

	(void) collect((Node *) select, &try);
	if (try.writes || !mig_fact_try(shadow, plan_and_forget, &try))
		return -1;
	return try.result;
}
