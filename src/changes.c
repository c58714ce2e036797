/*-------------------------------------------------------------------------
 *
 * changes.c
 *	  Which rows a statement changes: the one place that knows what counts as
 *	  a change, MERGE and the queries of WITH included.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"

#include "changes.h"
#include "classify.h"
#include "compat.h"

/*
 * Changes
 */

/* The relation whose rows it changes; NULL: it changes none by itself. */
static RangeVar *
target_of(const Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_InsertStmt:
			return ((const InsertStmt *) stmt)->relation;
		case T_UpdateStmt:
			return ((const UpdateStmt *) stmt)->relation;
		case T_DeleteStmt:
			return ((const DeleteStmt *) stmt)->relation;
		case T_MergeStmt:
			return ((const MergeStmt *) stmt)->relation;
		case T_CopyStmt:
			return ((const CopyStmt *) stmt)->is_from ?
				((const CopyStmt *) stmt)->relation : NULL;
		default:
			return NULL;
	}
}

static WithClause *
with_of(const Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
			return ((const SelectStmt *) stmt)->withClause;
		case T_InsertStmt:
			return ((const InsertStmt *) stmt)->withClause;
		case T_UpdateStmt:
			return ((const UpdateStmt *) stmt)->withClause;
		case T_DeleteStmt:
			return ((const DeleteStmt *) stmt)->withClause;
		case T_MergeStmt:
			return ((const MergeStmt *) stmt)->withClause;
		default:
			return NULL;
	}
}

/* The query that a statement runs: mostly itself. */
static Node *
query_of(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CopyStmt:
			return ((CopyStmt *) stmt)->query ? ((CopyStmt *) stmt)->query : stmt;
		case T_CreateTableAsStmt:
			return ((CreateTableAsStmt *) stmt)->query;
		case T_ExplainStmt:
			return mig_option_is(((ExplainStmt *) stmt)->options, "analyze", true) ?
				query_of(((ExplainStmt *) stmt)->query) : stmt;
		default:
			return stmt;
	}
}

static List *
add_change(List *changes, Node *stmt, List *withs, bool recursive)
{
	RangeVar   *target = target_of(stmt);
	MigChange  *change;

	if (target == NULL)
		return changes;
	change = palloc(sizeof(MigChange));
	change->stmt = stmt;
	change->target = target;
	change->withs = withs;
	change->recursive = recursive;
	return lappend(changes, change);
}

/*
 * The changes that a statement makes, of MigChange: its own, then those of its
 * WITH.  Only there, at the top, does the server allow them.
 */
List *
mig_changes_of(Node *stmt)
{
	Node	   *query = query_of(stmt);
	WithClause *with = with_of(query);
	List	   *withs = with ? with->ctes : NIL;
	bool		recursive = with != NULL && with->recursive;
	List	   *changes = add_change(NIL, query, withs, recursive);
	ListCell   *lc;

	foreach(lc, withs)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);
		WithClause *own = with_of(cte->ctequery);
		List	   *others = list_delete_ptr(list_copy(withs), cte);

		if (own != NULL)
			others = list_concat(others, own->ctes);
		changes = add_change(changes, cte->ctequery, others,
							 recursive || (own != NULL && own->recursive));
	}
	return changes;
}

/*
 * What they do
 */

/* The query that INSERT takes its rows from; NULL: it has none. */
static SelectStmt *
source_of(const Node *stmt)
{
	return IsA(stmt, InsertStmt) ?
		(SelectStmt *) ((const InsertStmt *) stmt)->selectStmt : NULL;
}

/* Does it change no more rows than it spells out? */
bool
mig_change_is_short(const MigChange *change)
{
	SelectStmt *source = source_of(change->stmt);

	return IsA(change->stmt, InsertStmt) &&
		(source == NULL || source->valuesLists != NIL);
}

/* The WHERE of UPDATE or DELETE; NULL: it has none. */
Node *
mig_change_condition(const MigChange *change)
{
	if (IsA(change->stmt, UpdateStmt))
		return ((UpdateStmt *) change->stmt)->whereClause;
	if (IsA(change->stmt, DeleteStmt))
		return ((DeleteStmt *) change->stmt)->whereClause;
	return NULL;
}

static bool
merge_does(const Node *stmt, CmdType command)
{
	ListCell   *lc;

	if (!IsA(stmt, MergeStmt))
		return false;
	foreach(lc, ((const MergeStmt *) stmt)->mergeWhenClauses)
	{
		if (lfirst_node(MergeWhenClause, lc)->commandType == command)
			return true;
	}
	return false;
}

bool
mig_change_inserts(const Node *stmt)
{
	return IsA(stmt, InsertStmt) || IsA(stmt, CopyStmt) ||
		merge_does(stmt, CMD_INSERT);
}

bool
mig_change_deletes(const Node *stmt)
{
	return IsA(stmt, DeleteStmt) || merge_does(stmt, CMD_DELETE);
}

static List *
add_names(List *names, List *targets)
{
	ListCell   *lc;

	foreach(lc, targets)
	{
		ResTarget  *target = lfirst_node(ResTarget, lc);

		if (target->name != NULL)
			names = lappend(names, target->name);
	}
	return names;
}

/* The columns that it sets in rows which are there: of char *. */
List *
mig_change_sets(const Node *stmt)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (IsA(stmt, UpdateStmt))
		return add_names(NIL, ((const UpdateStmt *) stmt)->targetList);
	if (IsA(stmt, InsertStmt) && ((const InsertStmt *) stmt)->onConflictClause)
		return add_names(NIL, ((const InsertStmt *) stmt)->onConflictClause->targetList);
	if (!IsA(stmt, MergeStmt))
		return NIL;
	foreach(lc, ((const MergeStmt *) stmt)->mergeWhenClauses)
	{
		MergeWhenClause *when = lfirst_node(MergeWhenClause, lc);

		if (when->commandType == CMD_UPDATE)
			names = add_names(names, when->targetList);
	}
	return names;
}

/*
 * Queries for the rows that they change
 */

static Node *
all_of(List *conditions, BoolExprType type)
{
	return list_length(conditions) < 2 ? linitial(conditions) :
		(Node *) makeBoolExpr(type, conditions, -1);
}

/* SELECT 'targets', or something, FROM 'relations' WHERE 'condition' */
static SelectStmt *
selection(List *targets, List *relations, Node *condition)
{
	SelectStmt *select = makeNode(SelectStmt);

	if (targets == NIL)
	{
		ResTarget  *target = makeNode(ResTarget);
		A_Const    *one = makeNode(A_Const);

		one->val.ival.type = T_Integer;
		one->val.ival.ival = 1;
		one->location = -1;
		target->val = (Node *) one;
		target->location = -1;
		targets = list_make1(target);
	}
	select->targetList = targets;
	select->fromClause = relations;
	select->whereClause = condition;
	return select;
}

/* What UPDATE or DELETE changes, and with 'returning' what it returns. */
static SelectStmt *
selection_of(Node *stmt, bool returning)
{
	List	   *others = IsA(stmt, UpdateStmt) ?
		((UpdateStmt *) stmt)->fromClause : ((DeleteStmt *) stmt)->usingClause;
	Node	   *condition = IsA(stmt, UpdateStmt) ?
		((UpdateStmt *) stmt)->whereClause : ((DeleteStmt *) stmt)->whereClause;

	return selection(returning ? mig_returning_list(stmt) : NIL,
					 lcons(target_of(stmt), list_copy(others)), condition);
}

/*
 * The rows that one kind of WHEN in a MERGE is for: those of 'from' that have
 * a partner in 'other', or have none.  NULL: nothing happens to them.
 */
static SelectStmt *
merge_selection(const MergeStmt *stmt, MigMergeKind kind)
{
	Node	   *target = (Node *) stmt->relation;
	Node	   *from = kind == MIG_MERGE_INSERT ? stmt->sourceRelation : target;
	Node	   *other = kind == MIG_MERGE_INSERT ? target : stmt->sourceRelation;
	List	   *conditions = NIL;
	List	   *whens = NIL;
	SubLink    *partner;
	bool		changes = false;
	bool		always = false;
	ListCell   *lc;

	foreach(lc, stmt->mergeWhenClauses)
	{
		MergeWhenClause *when = lfirst_node(MergeWhenClause, lc);

		if (mig_merge_kind(when) != kind || when->commandType == CMD_NOTHING)
			continue;
		changes = true;
		always |= when->condition == NULL;
		if (when->condition != NULL)
			whens = lappend(whens, when->condition);
	}
	if (!changes)
		return NULL;
	if (!always)
		conditions = list_make1(all_of(whens, OR_EXPR));
	if (kind == MIG_MERGE_MATCHED)
		return selection(NIL, list_make2(from, other),
						 all_of(lcons(stmt->joinCondition, conditions), AND_EXPR));
	partner = makeNode(SubLink);
	partner->subLinkType = EXISTS_SUBLINK;
	partner->subselect = (Node *) selection(NIL, list_make1(other),
											stmt->joinCondition);
	partner->location = -1;
	return selection(NIL, list_make1(from),
					 all_of(lcons(makeBoolExpr(NOT_EXPR, list_make1(partner), -1),
								  conditions), AND_EXPR));
}

/*
 * The queries of WITH that a change can name.  Those which change rows
 * themselves become queries for what they return, as far as that is a query.
 */
static WithClause *
readable_withs(const MigChange *change)
{
	WithClause *with = makeNode(WithClause);
	ListCell   *lc;

	foreach(lc, change->withs)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		if (IsA(cte->ctequery, UpdateStmt) || IsA(cte->ctequery, DeleteStmt))
		{
			cte = copyObject(cte);
			cte->ctequery = (Node *) selection_of(cte->ctequery, true);
		}
		with->ctes = lappend(with->ctes, cte);
	}
	with->recursive = change->recursive;
	with->location = -1;
	return with;
}

/*
 * Queries that together return a row for each one that is changed: of
 * SelectStmt.  NIL: the statement spells its rows out, or there is no query.
 */
List *
mig_change_queries(const MigChange *change)
{
	List	   *queries = NIL;
	ListCell   *lc;

	if (mig_change_is_short(change) || IsA(change->stmt, CopyStmt))
		return NIL;
	if (IsA(change->stmt, InsertStmt))
		queries = list_make1(copyObject(source_of(change->stmt)));
	else if (IsA(change->stmt, MergeStmt))
	{
		for (int kind = 0; kind < MIG_MERGE_KINDS; kind++)
		{
			SelectStmt *select = merge_selection((MergeStmt *) change->stmt, kind);

			if (select != NULL)
				queries = lappend(queries, select);
		}
	}
	else
		queries = list_make1(selection_of(change->stmt, false));
	if (change->withs == NIL)
		return queries;
	foreach(lc, queries)
	{
		SelectStmt *select = lfirst_node(SelectStmt, lc);

		if (select->withClause == NULL)
			select->withClause = readable_withs(change);
	}
	return queries;
}
