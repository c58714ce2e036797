/*-------------------------------------------------------------------------
 *
 * effect_column.c
 *	  What the commands of ALTER TABLE that are about a column would do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "utils/syscache.h"

#include "compat.h"
#include "effect_alter.h"
#include "facts.h"

/* The column of that name; an assumed relation is not given new ones. */
static MigColumn *
column_named(MigRel *rel, const char *name)
{
	ListCell   *lc;

	foreach(lc, mig_rel_columns(rel))
	{
		MigColumn  *column = lfirst(lc);

		if (column->name != NULL && strcmp(column->name, name) == 0)
			return column;
	}
	return NULL;
}

/*
 * ADD COLUMN
 */

typedef struct SequenceSearch
{
	MigEffect  *effect;
	MigShadow  *shadow;
} SequenceSearch;

/* nextval() has its sequence as a constant. */
static bool
lock_sequences(Node *node, SequenceSearch *search)
{
	if (node == NULL)
		return false;
	if (IsA(node, Const) && ((Const *) node)->consttype == REGCLASSOID &&
		!((Const *) node)->constisnull)
	{
		MigRel	   *rel = mig_shadow_of_oid(search->shadow,
											DatumGetObjectId(((Const *) node)->constvalue));

		if (rel != NULL && rel->kind == RELKIND_SEQUENCE)
			mig_effect_lock(search->effect, rel, RowExclusiveLock);
	}
	return expression_tree_walker(node, lock_sequences, search);
}

/* A default that is computed for each row may take numbers from a sequence. */
static void
lock_sequences_of_default(MigAlter *alter, ColumnDef *definition)
{
	SequenceSearch search = {alter->effect, alter->shadow};
	ListCell   *lc;

	foreach(lc, definition->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype == CONSTR_DEFAULT)
			(void) lock_sequences(mig_fact_transform(alter->target,
													 constraint->raw_expr,
													 InvalidOid, -1,
													 EXPR_KIND_COLUMN_DEFAULT),
								  &search);
	}
}

void
mig_alter_add_column(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	ColumnDef  *definition = castNode(ColumnDef, command->def);
	MigAddColumn cost;

	if (column_named(alter->target, definition->colname) != NULL)
		return;
	mig_effect_lock(alter->effect, rel, alter->lock);
	/* below the target, one that is there already is taken for the new one */
	if (column_named(rel, definition->colname) != NULL)
		return;
	cost = mig_fact_add_column(rel, definition);
	if (cost != MIG_ADD_INSTANT)
		mig_effect_rewrite(alter->effect, rel);
	if (cost == MIG_ADD_VOLATILE && rel == alter->target)
		lock_sequences_of_default(alter, definition);
	mig_alter_column_constraints(alter, rel, definition);
}

/*
 * DROP COLUMN
 */

/* Even ONLY has to tell the children that the column is theirs now. */
void
mig_alter_lock_children(MigAlter *alter)
{
	ListCell   *lc;

	foreach(lc, mig_rel_children(alter->target, false))
		mig_effect_lock(alter->effect, lfirst(lc), alter->lock);
}

/* Has the relation the column from its parent alone? */
static bool
is_inherited(const MigRel *rel, const MigColumn *column)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(rel->oid),
										Int16GetDatum(column->attnum));
	Form_pg_attribute form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return true;
	form = (Form_pg_attribute) GETSTRUCT(tuple);
	result = form->attinhcount == 1 && !form->attislocal;
	ReleaseSysCache(tuple);
	return result;
}

/* Indexes, foreign keys and sequences go with a column. */
static void
drop_column(MigAlter *alter, MigRel *rel, MigColumn *column)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(rel))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index != NULL &&
			list_member_int(index->index->used, column->attnum))
			mig_effect_drop_index(alter->effect, index);
	}
	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_FOREIGN && !constraint->dropped &&
			list_member_int(constraint->columns, column->attnum))
			mig_effect_drop_foreign_key(alter->effect, rel, constraint);
	}
	foreach(lc, mig_effect_sequences(rel, column))
		mig_effect_lock(alter->effect, lfirst(lc), AccessExclusiveLock);
}

/* So do views, foreign keys of others and generated columns. */
static void
drop_column_cascade(MigAlter *alter, MigRel *rel, MigColumn *column)
{
	ListCell   *lc;

	mig_effect_drop_dependents(alter->effect, rel, column);
	foreach(lc, mig_fact_dependents(rel, column))
	{
		MigDependent *dependent = lfirst(lc);

		if (strcmp(dependent->kind, "generated column") == 0 &&
			dependent->objid == rel->oid)
			drop_column(alter, rel,
						mig_rel_attribute(rel, dependent->objsubid));
	}
	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (list_member_int(key->constraint->foreign_columns, column->attnum))
			mig_effect_drop_foreign_key(alter->effect, key->table,
										key->constraint);
	}
}

void
mig_alter_drop_column(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	MigColumn  *column = column_named(rel, command->name);

	if (column == NULL || (rel != alter->target && !is_inherited(rel, column)))
		return;
	drop_column(alter, rel, column);
	if (command->behavior == DROP_CASCADE)
		drop_column_cascade(alter, rel, column);
	if (!alter->recurses)
		mig_alter_lock_children(alter);
}

/*
 * ALTER COLUMN
 */

/* CHECKs that are verified again; those that are NOT VALID stay so. */
static bool
has_valid_check(List *checks)
{
	ListCell   *lc;

	foreach(lc, checks)
	{
		MigConstraint *check = lfirst(lc);

		if (check->valid && check->enforced)
			return true;
	}
	return false;
}

/* All indexes of the column are made again; some keep their file. */
static void
remake_indexes(MigEffect *effect, MigRel *rel, MigColumn *column, List *rebuilt)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(rel))
	{
		MigRel	   *index = lfirst(lc);
		MigTouch   *touch;

		if (index->index == NULL ||
			!list_member_int(index->index->used, column->attnum))
			continue;
		touch = mig_effect_lock(effect, index, AccessExclusiveLock);
		mig_effect_lock(effect, rel, ShareLock);
		if (!list_member_ptr(rebuilt, index))
			continue;
		touch->rewrites = index->kind == RELKIND_INDEX;
		mig_effect_build(effect, rel);
	}
}

/* A foreign key is dropped and made again, on both tables. */
static void
remake_foreign_key(MigEffect *effect, const MigForeignKey *key, bool compares)
{
	MigConstraint *constraint = key->constraint;

	mig_effect_drop_foreign_key(effect, key->table, constraint);
	if (constraint->foreign == NULL)
		return;
	mig_effect_lock_family(effect, constraint->foreign, ShareRowExclusiveLock);
	mig_effect_lock(effect, key->table, ShareRowExclusiveLock);
	if (compares && constraint->valid && constraint->enforced)
		mig_effect_compare(effect, key->table, constraint->foreign);
}

void
mig_alter_type(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	ColumnDef  *definition = castNode(ColumnDef, command->def);
	MigColumn  *column = mig_rel_column(rel, command->name);
	MigTypeChange *change;
	ListCell   *lc;

	if (column == NULL)
		return;
	change = mig_fact_type_change(rel, column, definition);
	if (change->rewrites)
		mig_effect_rewrite(alter->effect, rel);
	else if (has_valid_check(change->checks))
		mig_effect_scan(alter->effect, rel);
	remake_indexes(alter->effect, rel, column, change->indexes);
	foreach(lc, change->foreign_keys)
		remake_foreign_key(alter->effect, lfirst(lc), change->compares_anew);
}

void
mig_alter_set_not_null(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	MigColumn  *column = mig_rel_column(rel, command->name);

	if (column != NULL && !mig_fact_proves_not_null(rel, column))
		mig_effect_scan(alter->effect, rel);
}

/* Of a column that is computed when it is read, only the catalog changes. */
void
mig_alter_set_expression(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	MigColumn  *column = mig_rel_column(rel, command->name);

	if (column == NULL || mig_attribute_is_virtual(column->generated))
		return;
	mig_effect_rewrite(alter->effect, rel);
	remake_indexes(alter->effect, rel, column, mig_rel_indexes(rel));
}

/* SET GENERATED and the options of the sequence behind it; dropping both. */
void
mig_alter_identity(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	MigColumn  *column = column_named(rel, command->name);
	ListCell   *lc;

	if (column == NULL)
		return;
	foreach(lc, mig_effect_sequences(rel, column))
		mig_effect_lock(alter->effect, lfirst(lc),
						command->subtype == AT_DropIdentity ?
						AccessExclusiveLock : ShareRowExclusiveLock);
}
