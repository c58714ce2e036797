/*-------------------------------------------------------------------------
 *
 * shadow_query.c
 *	  What a query names, before the server has looked at it: relations, and
 *	  the columns of its result.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_target.h"

#include "facts.h"
#include "shadow_query.h"

/* A walk over a query. */
typedef struct QueryWalk
{
	MigQuery   *query;
	List	   *ctes;			/* of char *: names that are no relations here */
	LOCKMODE	mode;			/* of the relations in FROM here */
	bool		all;			/* there is no WHERE, join condition or LIMIT */
} QueryWalk;

static bool walk(Node *node, QueryWalk *context);

/*
 * Relations
 */

static bool
is_cte(const QueryWalk *context, const RangeVar *name)
{
	ListCell   *lc;

	if (name->schemaname != NULL)
		return false;
	foreach(lc, context->ctes)
	{
		if (strcmp(lfirst(lc), name->relname) == 0)
			return true;
	}
	return false;
}

static MigQueryRelation *
add_relation(QueryWalk *context, RangeVar *name, LOCKMODE mode)
{
	MigQueryRelation *relation = palloc0(sizeof(MigQueryRelation));

	relation->name = name;
	relation->mode = mode;
	relation->all = context->all;
	context->query->relations = lappend(context->query->relations, relation);
	return relation;
}

/* The relation whose rows a statement changes. */
static void
add_target(QueryWalk *context, RangeVar *name, bool all, void *change)
{
	if (name != NULL)
	{
		MigQueryRelation *relation = add_relation(context, name,
												  RowExclusiveLock);

		relation->target = true;
		relation->change = change;
		relation->all = all;
	}
}

/*
 * WITH: each query sees the names of those before it, and with RECURSIVE its
 * own and those after it too.
 */
static void
enter_with(QueryWalk *context, WithClause *with)
{
	ListCell   *lc;

	if (with == NULL)
		return;
	if (with->recursive)
	{
		foreach(lc, with->ctes)
			context->ctes = lappend(context->ctes,
									lfirst_node(CommonTableExpr, lc)->ctename);
	}
	foreach(lc, with->ctes)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);
		QueryWalk	inner = *context;

		inner.ctes = list_copy(context->ctes);
		(void) walk(cte->ctequery, &inner);
		if (!with->recursive)
			context->ctes = lappend(context->ctes, cte->ctename);
	}
}

/* Does FOR UPDATE or its like name this alias, or all? */
static LOCKMODE
row_mark(SelectStmt *stmt)
{
	return stmt->lockingClause != NIL ? RowShareLock : AccessShareLock;
}

static bool
walk_list(List *list, QueryWalk *context)
{
	ListCell   *lc;

	foreach(lc, list)
		(void) walk(lfirst(lc), context);
	return false;
}

/* Is this relation one of those that FOR UPDATE OF names? */
static bool
is_marked(SelectStmt *stmt, const RangeVar *name)
{
	const char *known = name->alias ? name->alias->aliasname : name->relname;
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, stmt->lockingClause)
	{
		LockingClause *clause = lfirst_node(LockingClause, lc);

		if (clause->lockedRels == NIL)
			return true;
		foreach(each, clause->lockedRels)
		{
			if (strcmp(lfirst_node(RangeVar, each)->relname, known) == 0)
				return true;
		}
	}
	return false;
}

/* The relations in FROM of a locking SELECT, other than the marked ones. */
static void
unmark(SelectStmt *stmt, MigQuery *query, int first)
{
	for (int i = first; i < list_length(query->relations); i++)
	{
		MigQueryRelation *relation = list_nth(query->relations, i);

		if (relation->mode == RowShareLock && !is_marked(stmt, relation->name))
			relation->mode = AccessShareLock;
	}
}

static bool
walk_select(SelectStmt *stmt, QueryWalk *context)
{
	QueryWalk	inner = *context;
	int			first = list_length(context->query->relations);

	inner.ctes = list_copy(context->ctes);
	inner.mode = AccessShareLock;
	inner.all = stmt->whereClause == NULL && stmt->limitCount == NULL;
	enter_with(&inner, stmt->withClause);
	inner.mode = row_mark(stmt);
	(void) walk_list(stmt->fromClause, &inner);
	unmark(stmt, context->query, first);
	inner.mode = AccessShareLock;
	(void) walk_list(stmt->distinctClause, &inner);
	(void) walk_list(stmt->targetList, &inner);
	(void) walk(stmt->whereClause, &inner);
	(void) walk_list(stmt->groupClause, &inner);
	(void) walk(stmt->havingClause, &inner);
	(void) walk_list(stmt->windowClause, &inner);
	(void) walk_list(stmt->valuesLists, &inner);
	(void) walk_list(stmt->sortClause, &inner);
	(void) walk(stmt->limitOffset, &inner);
	(void) walk(stmt->limitCount, &inner);
	(void) walk((Node *) stmt->larg, &inner);
	(void) walk((Node *) stmt->rarg, &inner);
	return false;
}

static bool
walk_insert(InsertStmt *stmt, QueryWalk *context)
{
	QueryWalk	inner = *context;

	inner.ctes = list_copy(context->ctes);
	inner.mode = AccessShareLock;
	enter_with(&inner, stmt->withClause);
	add_target(&inner, stmt->relation, true, stmt);
	(void) walk(stmt->selectStmt, &inner);
	(void) walk((Node *) stmt->onConflictClause, &inner);
	return false;
}

static bool
walk_update(UpdateStmt *stmt, QueryWalk *context)
{
	QueryWalk	inner = *context;

	inner.ctes = list_copy(context->ctes);
	inner.mode = AccessShareLock;
	inner.all = stmt->whereClause == NULL;
	enter_with(&inner, stmt->withClause);
	add_target(&inner, stmt->relation, inner.all, stmt);
	(void) walk_list(stmt->targetList, &inner);
	(void) walk_list(stmt->fromClause, &inner);
	(void) walk(stmt->whereClause, &inner);
	return false;
}

static bool
walk_delete(DeleteStmt *stmt, QueryWalk *context)
{
	QueryWalk	inner = *context;

	inner.ctes = list_copy(context->ctes);
	inner.mode = AccessShareLock;
	inner.all = stmt->whereClause == NULL;
	enter_with(&inner, stmt->withClause);
	add_target(&inner, stmt->relation, inner.all, stmt);
	(void) walk_list(stmt->usingClause, &inner);
	(void) walk(stmt->whereClause, &inner);
	return false;
}

static bool
walk_merge(MergeStmt *stmt, QueryWalk *context)
{
	QueryWalk	inner = *context;

	inner.ctes = list_copy(context->ctes);
	inner.mode = AccessShareLock;
	inner.all = true;
	enter_with(&inner, stmt->withClause);
	add_target(&inner, stmt->relation, true, stmt);
	(void) walk(stmt->sourceRelation, &inner);
	(void) walk(stmt->joinCondition, &inner);
	(void) walk_list(stmt->mergeWhenClauses, &inner);
	return false;
}

static bool
walk(Node *node, QueryWalk *context)
{
	if (node == NULL)
		return false;
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_RangeVar:
			if (!is_cte(context, (RangeVar *) node))
				add_relation(context, (RangeVar *) node, context->mode);
			return false;
		case T_FuncCall:
			context->query->calls = lappend(context->query->calls, node);
			break;
		case T_SelectStmt:
			return walk_select((SelectStmt *) node, context);
		case T_InsertStmt:
			return walk_insert((InsertStmt *) node, context);
		case T_UpdateStmt:
			return walk_update((UpdateStmt *) node, context);
		case T_DeleteStmt:
			return walk_delete((DeleteStmt *) node, context);
		case T_MergeStmt:
			return walk_merge((MergeStmt *) node, context);
		case T_List:
			return walk_list((List *) node, context);
		default:
			break;
	}
	return raw_expression_tree_walker(node, walk, context);
}

/* Is it a query that the walk above understands? */
static bool
is_query(Node *node)
{
	switch (nodeTag(node))
	{
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			return true;
		default:
			return false;
	}
}

/*
 * What a query names: relations with their locks, and the functions it calls.
 * Of what stands in a query's place, as EXECUTE may, nothing is known.
 */
MigQuery *
mig_query_read(Node *query)
{
	QueryWalk	context = {0};

	context.query = palloc0(sizeof(MigQuery));
	context.mode = AccessShareLock;
	if (is_query(query))
		(void) walk(query, &context);
	return context.query;
}

/* The relations that a query reads, as far as they are known. */
List *
mig_query_sources(MigShadow *shadow, Node *query)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, mig_query_read(query)->relations)
	{
		MigQueryRelation *relation = lfirst(lc);
		MigRel	   *rel = mig_shadow_find(shadow, relation->name, 0);

		if (rel != NULL)
			result = list_append_unique_ptr(result, rel);
	}
	return result;
}

/*
 * Columns of an expression
 */

static bool
collect_names(Node *node, List **names)
{
	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef))
	{
		Node	   *last = llast(((ColumnRef *) node)->fields);

		if (IsA(last, String))
			*names = lappend(*names, strVal(last));
		return false;
	}
	return raw_expression_tree_walker(node, collect_names, names);
}

/* The names of the columns that an expression uses, each as often as it does. */
void
mig_query_column_names(Node *expression, List **names)
{
	(void) collect_names(expression, names);
}

/*
 * Columns of a result
 */

typedef struct ResultColumns
{
	MigShadow  *shadow;
	List	   *columns;		/* of MigColumn * */
	bool		open;
	List	   *ctes;			/* of CommonTableExpr * */
} ResultColumns;

static void add_query(ResultColumns *result, Node *query);

static MigColumn *
add_column(ResultColumns *result, const char *name)
{
	MigColumn  *column = palloc0(sizeof(MigColumn));

	column->name = name;
	column->typmod = -1;
	result->columns = lappend(result->columns, column);
	return column;
}

static CommonTableExpr *
find_cte(const ResultColumns *result, const RangeVar *name)
{
	if (name->schemaname != NULL)
		return NULL;
	for (int i = list_length(result->ctes) - 1; i >= 0; i--)
	{
		CommonTableExpr *cte = list_nth(result->ctes, i);

		if (strcmp(cte->ctename, name->relname) == 0)
			return cte;
	}
	return NULL;
}

/* The columns of a CTE; not those of the ones it refers to itself. */
static void
add_cte(ResultColumns *result, CommonTableExpr *cte)
{
	ListCell   *lc;

	if (cte->aliascolnames == NIL)
	{
		List	   *ctes = result->ctes;

		result->ctes = NIL;
		add_query(result, cte->ctequery);
		result->ctes = ctes;
	}
	foreach(lc, cte->aliascolnames)
		add_column(result, strVal(lfirst(lc)));
}

/* All columns of a relation. */
static void
add_relation_columns(ResultColumns *result, RangeVar *name)
{
	CommonTableExpr *cte = find_cte(result, name);
	MigRel	   *rel;
	ListCell   *lc;

	if (cte != NULL)
	{
		add_cte(result, cte);
		return;
	}
	rel = mig_shadow_find(result->shadow, name, 0);
	if (rel == NULL || rel->assumed)
	{
		result->open = true;
		return;
	}
	result->open |= rel->open;
	foreach(lc, mig_rel_columns(rel))
	{
		MigColumn  *column = lfirst(lc);

		if (column->name == NULL)
			continue;
		*add_column(result, column->name) = *column;
	}
}

/* All columns of an item of FROM. */
static void
add_from(ResultColumns *result, Node *item)
{
	switch (nodeTag(item))
	{
		case T_RangeVar:
			{
				Alias	   *alias = ((RangeVar *) item)->alias;

				if (alias != NULL && alias->colnames != NIL)
					result->open = true;
				else
					add_relation_columns(result, (RangeVar *) item);
				break;
			}
		case T_RangeSubselect:
			{
				RangeSubselect *select = (RangeSubselect *) item;

				if (select->alias != NULL && select->alias->colnames != NIL)
					result->open = true;
				else
					add_query(result, select->subquery);
				break;
			}
		case T_JoinExpr:
			{
				JoinExpr   *join = (JoinExpr *) item;

				if (join->isNatural || join->usingClause != NIL)
					result->open = true;
				add_from(result, join->larg);
				add_from(result, join->rarg);
				break;
			}
		default:
			result->open = true;
	}
}

/* The relations of FROM, joined ones too. */
static List *
relations_of(List *items)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, items)
	{
		Node	   *item = lfirst(lc);

		if (IsA(item, JoinExpr))
			result = list_concat(result,
								 relations_of(list_make2(((JoinExpr *) item)->larg,
														 ((JoinExpr *) item)->rarg)));
		else
			result = lappend(result, item);
	}
	return result;
}

static bool
is_called(Node *item, const char *name)
{
	if (IsA(item, RangeVar))
	{
		RangeVar   *var = (RangeVar *) item;

		return strcmp(var->alias ? var->alias->aliasname : var->relname,
					  name) == 0;
	}
	if (IsA(item, RangeSubselect) && ((RangeSubselect *) item)->alias != NULL)
		return strcmp(((RangeSubselect *) item)->alias->aliasname, name) == 0;
	return false;
}

/* The star, or that of one relation. */
static void
add_star(ResultColumns *result, SelectStmt *stmt, ColumnRef *ref)
{
	int			n = list_length(ref->fields);
	ListCell   *lc;

	if (n == 1)
	{
		foreach(lc, stmt->fromClause)
			add_from(result, lfirst(lc));
		return;
	}
	foreach(lc, relations_of(stmt->fromClause))
	{
		if (IsA(list_nth(ref->fields, n - 2), String) &&
			is_called(lfirst(lc), strVal(list_nth(ref->fields, n - 2))))
		{
			add_from(result, lfirst(lc));
			return;
		}
	}
	result->open = true;
}

/* A column of the one relation that FROM names has that column's type. */
static void
take_type(ResultColumns *result, SelectStmt *stmt, MigColumn *column,
		  Node *expression)
{
	Node	   *field;
	Node	   *from;
	MigRel	   *rel;
	MigColumn  *source;

	if (IsA(expression, TypeCast))
	{
		column->type = mig_fact_type(result->shadow,
									 ((TypeCast *) expression)->typeName,
									 &column->typmod);
		return;
	}
	if (!IsA(expression, ColumnRef) || list_length(stmt->fromClause) != 1)
		return;
	field = llast(((ColumnRef *) expression)->fields);
	from = linitial(stmt->fromClause);
	if (!IsA(field, String) || !IsA(from, RangeVar) ||
		find_cte(result, (RangeVar *) from) != NULL)
		return;
	rel = mig_shadow_find(result->shadow, (RangeVar *) from, 0);
	source = rel ? mig_rel_column(rel, strVal(field)) : NULL;
	if (source != NULL)
	{
		column->type = source->type;
		column->typmod = source->typmod;
		column->collation = source->collation;
	}
}

static bool
is_star(Node *expression)
{
	return expression != NULL && IsA(expression, ColumnRef) &&
		IsA(llast(((ColumnRef *) expression)->fields), A_Star);
}

static void
add_select(ResultColumns *result, SelectStmt *stmt)
{
	List	   *ctes = result->ctes;
	ListCell   *lc;
	int			n = 0;

	while (stmt->larg != NULL)
		stmt = stmt->larg;
	if (stmt->withClause != NULL)
		result->ctes = list_concat_copy(ctes, stmt->withClause->ctes);
	if (stmt->valuesLists != NIL)
	{
		for (n = list_length(linitial(stmt->valuesLists)); n > 0; n--)
			add_column(result,
					   psprintf("column%d", list_length(result->columns) + 1));
	}
	foreach(lc, stmt->targetList)
	{
		ResTarget  *target = lfirst_node(ResTarget, lc);

		if (is_star(target->val))
			add_star(result, stmt, (ColumnRef *) target->val);
		else
			take_type(result, stmt,
					  add_column(result, target->name ? target->name :
								 FigureColname(target->val)),
					  target->val);
	}
	result->ctes = ctes;
}

static void
add_query(ResultColumns *result, Node *query)
{
	check_stack_depth();
	if (IsA(query, SelectStmt))
		add_select(result, (SelectStmt *) query);
	else
		result->open = true;
}

/*
 * The columns of a query's result: of MigColumn, without numbers.  'open' is
 * set if there may be others.
 */
List *
mig_query_columns(MigShadow *shadow, Node *query, bool *open)
{
	ResultColumns result = {0};

	result.shadow = shadow;
	add_query(&result, query);
	*open = result.open;
	return result.columns;
}
