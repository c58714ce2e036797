/*-------------------------------------------------------------------------
 *
 * facts_change.c
 *	  What it costs to change a column's type.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_type.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "compat.h"
#include "facts.h"

typedef struct ChangeTry
{
	MigRel	   *rel;
	MigColumn  *column;
	ColumnDef  *definition;
	MigTypeChange *change;
} ChangeTry;

/*
 * Rewriting
 */

/* As ATColumnChangeRequiresRewrite(): is the new value the old one's bytes? */
static bool
requires_rewrite(Node *node, AttrNumber attnum)
{
	for (;;)
	{
		if (IsA(node, Var) && ((Var *) node)->varattno == attnum)
			return false;
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, CoerceToDomain))
		{
			if (DomainHasConstraints(((CoerceToDomain *) node)->resulttype))
				return true;
			node = (Node *) ((CoerceToDomain *) node)->arg;
		}
		else if (IsA(node, FuncExpr) &&
				 (((FuncExpr *) node)->funcid == F_TIMESTAMPTZ_TIMESTAMP ||
				  ((FuncExpr *) node)->funcid == F_TIMESTAMP_TIMESTAMPTZ) &&
				 !TimestampTimestampTzRequiresRewrite())
			node = linitial(((FuncExpr *) node)->args);
		else
			return true;
	}
}

/* The new value: USING's, or the old one coerced.  NULL: there is none. */
static Node *
new_value(const ChangeTry *try)
{
	Node	   *raw = try->definition->raw_default;
	MigColumn  *column = try->column;
	Node	   *node;

	if (raw != NULL)
	{
		if (mig_fact_uses_routine_of_set(try->rel->shadow, raw))
			return NULL;
		node = mig_fact_transform(try->rel, raw, InvalidOid, -1,
								  EXPR_KIND_ALTER_COL_TRANSFORM);
	}
	else if (OidIsValid(column->type))
		node = (Node *) makeVar(1, column->attnum, column->type, column->typmod,
								column->collation, 0);
	else
		return NULL;
	if (node == NULL)
		return NULL;
	node = coerce_to_target_type(make_parsestate(NULL), node, exprType(node),
								 try->change->type, try->change->typmod,
								 COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	if (node == NULL)
		return NULL;
	assign_expr_collations(NULL, node);
	return mig_fact_planned(node);
}

/*
 * Narrowing
 */

/* The digits before and after the point that a typmod of numeric allows. */
static void
numeric_digits(int32 typmod, int *before, int *after)
{
	/* as numeric.c packs them: a scale of 11 bits, with a sign since 15 */
	int			precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;

	*after = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
	*before = precision - *after;
}

/* Does the typmod allow less than the old one of the same type did? */
static bool
narrows_typmod(Oid type, int32 old, int32 new)
{
	int			old_before;
	int			old_after;
	int			before;
	int			after;

	if (new < 0 || new == old)
		return false;
	switch (type)
	{
		case VARCHAROID:
		case BPCHAROID:
		case VARBITOID:
		case BITOID:
			return old < 0 || new < old;
		case NUMERICOID:
			if (old < 0)
				return true;
			numeric_digits(old, &old_before, &old_after);
			numeric_digits(new, &before, &after);
			return before < old_before || after < old_after;
		default:
			/* times are rounded, and nothing is known of other types */
			return false;
	}
}

/* May values of the old type not fit into the new one? */
static bool
narrows(const MigColumn *column, Oid type, int32 typmod)
{
	Oid			old = getBaseType(column->type);
	Oid			new = getBaseType(type);
	char		category;
	bool		preferred;

	if (mig_fact_type_has_constraints(type) && type != column->type)
		return true;
	if (old == new)
		return narrows_typmod(new, column->typmod, typmod);
	get_type_category_preferred(old, &category, &preferred);
	if (category != TypeCategory(new))
		return false;
	if (category == TYPCATEGORY_NUMERIC)
		return !can_coerce_type(1, &old, &new, COERCION_IMPLICIT) ||
			(new == NUMERICOID && typmod >= 0);
	/* varchar(10) and char(20) count the same characters */
	return category == TYPCATEGORY_STRING &&
		narrows_typmod(new, old == VARCHAROID || old == BPCHAROID ?
					   column->typmod : -1, typmod);
}

/*
 * What is made again
 */

/* Would a column of the index get another operator class or collation? */
static bool
key_changes(const ChangeTry *try, const MigIndex *index, int position,
			Oid collation)
{
	Oid			opclass = list_length(index->opclasses) > position ?
		list_nth_oid(index->opclasses, position) : InvalidOid;
	Oid			old_collation = list_length(index->collations) > position ?
		list_nth_oid(index->collations, position) : InvalidOid;
	Oid			old_default = GetDefaultOpClass(try->column->type, index->method);
	Oid			new_default = GetDefaultOpClass(try->change->type, index->method);

	if (!OidIsValid(opclass) || opclass == old_default)
	{
		if (new_default != old_default || !OidIsValid(new_default))
			return true;
		if (try->column->type != try->change->type &&
			IsPolymorphicType(get_opclass_input_type(new_default)))
			return true;
	}
	/* one of its own stays as it is */
	return old_collation == try->column->collation && old_collation != collation;
}

/* As CheckIndexCompatible(): has the index to be built anew? */
static bool
index_changes(const ChangeTry *try, const MigIndex *index, Oid collation)
{
	int			position = 0;
	ListCell   *lc;

	if (index->partial || index->expressions || !index->valid ||
		!OidIsValid(index->method))
		return true;
	foreach(lc, index->columns)
	{
		if (lfirst_int(lc) == try->column->attnum &&
			key_changes(try, index, position, collation))
			return true;
		position++;
	}
	return false;
}

static void
find_indexes(const ChangeTry *try)
{
	MigTypeChange *change = try->change;
	Oid			collation = OidIsValid(change->type) ?
		GetColumnDefCollation(NULL, try->definition, change->type) : InvalidOid;
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(try->rel))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index == NULL ||
			!list_member_int(index->index->used, try->column->attnum))
			continue;
		if (!change->known || index_changes(try, index->index, collation))
			change->indexes = lappend(change->indexes, index);
	}
}

/* Does a CHECK mention the column? */
static bool
mentions(MigRel *rel, MigConstraint *constraint, AttrNumber attnum)
{
	Bitmapset  *attnums = NULL;
	Node	   *check = constraint->check;

	if (list_member_int(constraint->columns, attnum))
		return true;
	if (check == NULL && constraint->definition != NULL &&
		constraint->definition->raw_expr != NULL)
		check = mig_fact_transform(rel, constraint->definition->raw_expr, BOOLOID,
								   -1, EXPR_KIND_CHECK_CONSTRAINT);
	if (check == NULL)
		return true;
	pull_varattnos(check, 1, &attnums);
	return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, attnums) ||
		bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, attnums);
}

static void
find_checks(const ChangeTry *try)
{
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(try->rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_CHECK && !constraint->dropped &&
			!mig_rel_loses(try->rel, constraint) &&
			mentions(try->rel, constraint, try->column->attnum))
			try->change->checks = lappend(try->change->checks, constraint);
	}
}

static void
find_foreign_keys(const ChangeTry *try)
{
	MigTypeChange *change = try->change;
	AttrNumber	attnum = try->column->attnum;
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(try->rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_FOREIGN && !constraint->dropped &&
			!mig_rel_loses(try->rel, constraint) &&
			list_member_int(constraint->columns, attnum))
		{
			MigForeignKey *key = palloc(sizeof(MigForeignKey));

			key->table = try->rel;
			key->constraint = constraint;
			change->foreign_keys = lappend(change->foreign_keys, key);
		}
	}
	foreach(lc, mig_rel_referencing(try->rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (key->table != try->rel &&
			list_member_int(key->constraint->foreign_columns, attnum))
			change->foreign_keys = lappend(change->foreign_keys, key);
	}
}

/* Do values of the old type compare with the same operator as new ones? */
static bool
compares_the_same(Oid old, Oid new)
{
	TypeCacheEntry *left = lookup_type_cache(old, TYPECACHE_BTREE_OPFAMILY);
	TypeCacheEntry *right = lookup_type_cache(new, TYPECACHE_BTREE_OPFAMILY);

	return left->btree_opf == right->btree_opf &&
		left->btree_opintype == right->btree_opintype;
}

/*
 * The question
 */

static void
try_change(void *arg)
{
	ChangeTry  *try = arg;
	MigTypeChange *change = try->change;
	Node	   *node;

	change->type = mig_fact_type(try->rel->shadow, try->definition->typeName,
								 &change->typmod);
	if (!OidIsValid(change->type))
		return;
	/* computed when it is read: there is nothing to rewrite */
	if (mig_attribute_is_virtual(try->column->generated))
	{
		change->known = true;
		change->rewrites = false;
		return;
	}
	node = new_value(try);
	if (node == NULL)
		return;
	change->rewrites = requires_rewrite(node, try->column->attnum);
	change->narrows = OidIsValid(try->column->type) &&
		narrows(try->column, change->type, change->typmod);
	change->compares_anew = change->rewrites ||
		!OidIsValid(try->column->type) ||
		!compares_the_same(try->column->type, change->type);
	change->known = true;
}

static void
try_dependents(void *arg)
{
	ChangeTry  *try = arg;

	find_checks(try);
	find_foreign_keys(try);
	find_indexes(try);
}

/*
 * What it costs to give the column the type of the definition, as
 * ATPrepAlterColumnType() and what follows it decide.
 */
MigTypeChange *
mig_fact_type_change(MigRel *rel, MigColumn *column, ColumnDef *definition)
{
	MigTypeChange *change = palloc0(sizeof(MigTypeChange));
	ChangeTry	try = {rel, column, definition, change};

	change->rewrites = change->compares_anew = true;
	change->typmod = -1;
	if (!mig_fact_try(rel->shadow, try_change, &try))
	{
		change->known = false;
		change->rewrites = change->compares_anew = true;
	}
	if (!mig_fact_try(rel->shadow, try_dependents, &try))
		change->known = false;
	return change;
}
