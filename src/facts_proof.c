/*-------------------------------------------------------------------------
 *
 * facts_proof.c
 *	  What the constraints of a relation prove already, by the server's own
 *	  prover: then nothing has to be scanned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/attmap.h"
#include "access/relation.h"
#include "access/transam.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_utilcmd.h"
#include "partitioning/partbounds.h"
#include "rewrite/rewriteManip.h"
#include "storage/lmgr.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "facts.h"
#include "spi_util.h"

/*
 * NOT NULL
 */

typedef struct NotNullTry
{
	MigRel	   *rel;
	MigColumn  *column;
	bool		result;
} NotNullTry;

static void
try_not_null(void *arg)
{
	NotNullTry *try = arg;
	NullTest   *test = makeNode(NullTest);

	test->arg = (Expr *) makeVar(1, try->column->attnum, try->column->type,
								 try->column->typmod, try->column->collation, 0);
	test->nulltesttype = IS_NOT_NULL;
	test->argisrow = false;
	test->location = -1;
	try->result = predicate_implied_by(list_make1(test),
									   mig_fact_proven(try->rel, false), true);
}

/* Is the column known to have no nulls? */
bool
mig_fact_proves_not_null(MigRel *rel, MigColumn *column)
{
	NotNullTry	try = {rel, column, false};
	MigConstraint *key;

	if (column->not_null)
		return true;
	key = mig_rel_primary_key(rel);
	if (key != NULL && list_member_int(key->columns, column->attnum))
		return true;
	return OidIsValid(column->type) &&
		mig_fact_try(rel->shadow, try_not_null, &try) && try.result;
}

/*
 * Bounds of partitions
 */

typedef struct BoundTry
{
	MigRel	   *parent;
	MigRel	   *partition;
	PartitionBoundSpec *bound;
	bool		others;			/* prove that all rows are elsewhere */
	bool		result;
} BoundTry;

/* Opens a relation if nobody is in the way; NULL: it cannot be had now. */
static Relation
open_without_waiting(Oid oid)
{
	Relation	relation;

	if (!ConditionalLockRelationOid(oid, AccessShareLock))
		return NULL;
	relation = try_relation_open(oid, NoLock);
	if (relation == NULL)
		UnlockRelationOid(oid, AccessShareLock);
	return relation;
}

/* The expression over columns of the parent, as one over the partition's. */
static List *
map_columns(MigRel *parent, MigRel *partition, List *expression)
{
	AttrMap    *map = make_attrmap(list_length(mig_rel_columns(parent)));
	ListCell   *lc;
	bool		whole_row;

	foreach(lc, mig_rel_columns(parent))
	{
		MigColumn  *column = lfirst(lc);
		MigColumn  *same = column->name ?
			mig_rel_column(partition, column->name) : NULL;

		map->attnums[column->attnum - 1] = same ? same->attnum : 0;
	}
	return (List *) map_variable_attnos((Node *) expression, 1, 0, map,
										InvalidOid, &whole_row);
}

/*
 * Is each value of the bound a constant, or one of a built-in type?  The server
 * evaluates what else there is; nothing of a script is run here.
 */
static bool
is_constant_bound(const BoundTry *try)
{
	List	   *values = list_concat_copy(try->bound->lowerdatums,
										  try->bound->upperdatums);
	ListCell   *lc;

	foreach(lc, list_concat(values, try->bound->listdatums))
	{
		Node	   *value = lfirst(lc);
		int32		typmod;

		if (IsA(value, TypeCast) &&
			mig_fact_type(try->parent->shadow, ((TypeCast *) value)->typeName,
						  &typmod) < FirstNormalObjectId)
			value = ((TypeCast *) value)->arg;
		/* MINVALUE and MAXVALUE are names to the grammar */
		if (!IsA(value, A_Const) && !IsA(value, ColumnRef))
			return false;
	}
	return true;
}

/* What the rows of the partition must satisfy; 'relation' is the parent. */
static List *
bound_expression(const BoundTry *try, Relation relation)
{
	ParseState *pstate = make_parsestate(NULL);
	PartitionBoundSpec *bound = transformPartitionBound(pstate, relation,
														try->bound);
	List	   *expression = get_qual_from_partbound(relation, bound);

	if (try->others)
		return get_proposed_default_constraint(expression);
	return list_concat(expression, RelationGetPartitionQual(relation));
}

/* Asking for the bounds of what the parent is a partition of waits for locks. */
static bool
try_ancestors(Oid parent, List **opened)
{
	ListCell   *lc;

	foreach(lc, get_partition_ancestors(parent))
	{
		Relation	relation = open_without_waiting(lfirst_oid(lc));

		if (relation == NULL)
			return false;
		*opened = lappend(*opened, relation);
	}
	return true;
}

static bool
is_proven(const BoundTry *try, Relation relation)
{
	List	   *expression = bound_expression(try, relation);

	if (expression == NIL)
		return true;
	expression = (List *) eval_const_expressions(NULL, (Node *) expression);
	expression = list_make1(make_ands_explicit(expression));
	return predicate_implied_by(map_columns(try->parent, try->partition, expression),
								mig_fact_proven(try->partition, true), true);
}

static void
try_bound(void *arg)
{
	BoundTry   *try = arg;
	Relation	relation = open_without_waiting(try->parent->oid);
	List	   *opened = NIL;
	ListCell   *lc;

	if (relation == NULL)
		return;
	if (is_constant_bound(try) && RelationGetPartitionKey(relation) != NULL &&
		(!relation->rd_rel->relispartition ||
		 try_ancestors(try->parent->oid, &opened)))
		try->result = is_proven(try, relation);
	foreach(lc, opened)
		relation_close(lfirst(lc), AccessShareLock);
	relation_close(relation, AccessShareLock);
}

/* The server keeps the locks that it takes on ancestors: they go with this. */
static void
try_bound_and_forget(void *arg)
{
	mig_sql_look(try_bound, arg);
}

/* Do the constraints of the partition to be prove that its rows are in bounds? */
bool
mig_fact_proves_bound(MigRel *parent, MigRel *partition,
					  PartitionBoundSpec *bound)
{
	BoundTry	try = {parent, partition, bound, false, false};

	return OidIsValid(parent->oid) && bound != NULL &&
		mig_fact_try(parent->shadow, try_bound_and_forget, &try) && try.result;
}

/* Do those of the default partition prove that it has no row in the bounds? */
bool
mig_fact_default_excludes(MigRel *parent, MigRel *default_partition,
						  PartitionBoundSpec *bound)
{
	BoundTry	try = {parent, default_partition, bound, true, false};

	return OidIsValid(parent->oid) && bound != NULL &&
		mig_fact_try(parent->shadow, try_bound_and_forget, &try) && try.result;
}

typedef struct BoundText
{
	MigRel	   *parent;
	PartitionBoundSpec *bound;
	char	   *result;
} BoundText;

static void
try_text(void *arg)
{
	BoundText  *text = arg;
	BoundTry	try = {text->parent, NULL, text->bound, false, false};
	Relation	relation = open_without_waiting(text->parent->oid);
	List	   *expression;

	if (relation == NULL)
		return;
	if (is_constant_bound(&try) && RelationGetPartitionKey(relation) != NULL &&
		!relation->rd_rel->relispartition && !text->bound->is_default)
	{
		expression = bound_expression(&try, relation);
		text->result = deparse_expression((Node *) make_ands_explicit(expression),
										  deparse_context_for(text->parent->name,
															  text->parent->oid),
										  false, false);
	}
	relation_close(relation, AccessShareLock);
}

/* What the rows of a partition must satisfy, as SQL; NULL: not known. */
char *
mig_fact_bound_text(MigRel *parent, PartitionBoundSpec *bound)
{
	BoundText	text = {parent, bound, NULL};

	if (!OidIsValid(parent->oid) ||
		!mig_fact_try(parent->shadow, try_text, &text))
		return NULL;
	return text.result;
}
