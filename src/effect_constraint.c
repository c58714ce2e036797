/*-------------------------------------------------------------------------
 *
 * effect_constraint.c
 *	  What the commands of ALTER TABLE that are about a constraint would do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"

#include "compat.h"
#include "effect_alter.h"
#include "facts.h"

/* Is the relation a partition below a partitioned target? */
static bool
is_partition_of_target(const MigAlter *alter)
{
	return alter->target->kind == RELKIND_PARTITIONED_TABLE;
}

/*
 * Adding
 */

/* Must the columns of a primary key be proven to have no nulls? */
static void
require_not_null(MigAlter *alter, MigRel *rel, List *names)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		MigColumn  *column = mig_rel_column(rel, strVal(lfirst(lc)));

		if (column == NULL || column->not_null)
			continue;
		mig_effect_lock(alter->effect, rel, alter->lock);
		if (!mig_fact_proves_not_null(rel, column))
			mig_effect_scan(alter->effect, rel);
	}
}

/* The names of an index's key columns, as a grammar's list. */
static List *
key_names(MigRel *rel, const MigIndex *index)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, index->columns)
	{
		MigColumn  *column = mig_rel_attribute(rel, lfirst_int(lc));

		if (column != NULL)
			result = lappend(result, makeString(pstrdup(column->name)));
	}
	return result;
}

/* ADD CONSTRAINT ... USING INDEX */
static void
use_index(MigAlter *alter, MigRel *rel, const Constraint *constraint)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(rel))
	{
		MigRel	   *index = lfirst(lc);

		if (strcmp(index->name, constraint->indexname) != 0)
			continue;
		/* it gets the name of the constraint */
		if (constraint->conname != NULL &&
			strcmp(constraint->conname, index->name) != 0)
			mig_effect_lock(alter->effect, index, ShareUpdateExclusiveLock);
		if (constraint->contype == CONSTR_PRIMARY && index->index != NULL)
			require_not_null(alter, rel, key_names(rel, index->index));
	}
}

/* UNIQUE, PRIMARY KEY and EXCLUDE */
static void
add_index(MigAlter *alter, MigRel *rel, const Constraint *constraint)
{
	if (constraint->contype == CONSTR_PRIMARY)
		require_not_null(alter, rel, constraint->keys);
	/* not even what inherits has it */
	if (rel == alter->target || is_partition_of_target(alter))
		mig_effect_build(alter->effect, rel);
}

/* A foreign key: the partitions have it, too, on both sides. */
static void
add_foreign_key(MigAlter *alter, MigRel *rel, const Constraint *constraint,
				bool validates)
{
	MigRel	   *referenced = mig_shadow_find(alter->shadow, constraint->pktable,
											 RELKIND_RELATION);

	if (rel != alter->target && !is_partition_of_target(alter))
		return;
	mig_effect_lock(alter->effect, rel, alter->lock);
	if (referenced == NULL)
		return;
	mig_effect_lock_family(alter->effect, referenced, ShareRowExclusiveLock);
	if (validates)
		mig_effect_compare(alter->effect, rel, referenced);
}

/* One constraint of the target or below it. */
static void
add_constraint(MigAlter *alter, MigRel *rel, Constraint *constraint,
			   bool validates)
{
	const char *name;

	if (rel != alter->target && mig_add_constraint_locks_children())
		mig_effect_lock(alter->effect, rel, alter->lock);
	switch (constraint->contype)
	{
		case CONSTR_CHECK:
			if (rel != alter->target && constraint->is_no_inherit)
				return;
			mig_effect_lock(alter->effect, rel, alter->lock);
			if (validates)
				mig_effect_scan(alter->effect, rel);
			break;
		case CONSTR_NOTNULL:
			name = mig_not_null_column(constraint);
			if (name != NULL && validates)
				require_not_null(alter, rel, list_make1(makeString(pstrdup(name))));
			break;
		case CONSTR_UNIQUE:
		case CONSTR_PRIMARY:
		case CONSTR_EXCLUSION:
			if (constraint->indexname == NULL)
				add_index(alter, rel, constraint);
			else if (rel == alter->target)
				use_index(alter, rel, constraint);
			break;
		case CONSTR_FOREIGN:
			add_foreign_key(alter, rel, constraint, validates);
			break;
		default:
			break;
	}
}

void
mig_alter_add_constraint(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	Constraint *constraint = castNode(Constraint, command->def);

	add_constraint(alter, rel, constraint, !constraint->skip_validation &&
				   mig_definition_is_enforced(constraint));
}

/* What a new column has instead of a value. */
typedef enum Filling
{
	FILL_NONE,					/* nothing, so it is null */
	FILL_NULL,					/* DEFAULT NULL */
	FILL_VALUE
} Filling;

static Filling
filling_of(const ColumnDef *column)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype == CONSTR_DEFAULT)
			return IsA(constraint->raw_expr, A_Const) &&
				castNode(A_Const, constraint->raw_expr)->isnull ?
				FILL_NULL : FILL_VALUE;
		if (constraint->contype == CONSTR_GENERATED)
			return mig_generated_is_virtual(constraint) ? FILL_NONE : FILL_VALUE;
		if (constraint->contype == CONSTR_IDENTITY)
			return FILL_VALUE;
	}
	return FILL_NONE;
}

/* Is the constraint of a column enforced?  What follows it says so. */
static bool
is_enforced(const ColumnDef *column, int position)
{
	for (int i = position + 1; i < list_length(column->constraints); i++)
	{
		Constraint *next = list_nth_node(Constraint, column->constraints, i);

		if (mig_is_not_enforced_attribute(next))
			return false;
		if (next->contype < CONSTR_ATTR_DEFERRABLE)
			break;
	}
	return true;
}

/* REFERENCES of a new column: nothing is compared if all of it is null. */
static void
add_column_foreign_key(MigAlter *alter, MigRel *rel, Constraint *constraint,
					   Filling filling, bool enforced)
{
	add_constraint(alter, rel, constraint,
				   enforced && filling == FILL_VALUE);
	if (filling == FILL_NULL && enforced)
	{
		MigRel	   *referenced = mig_shadow_find(alter->shadow,
												 constraint->pktable,
												 RELKIND_RELATION);

		/* the server reads the rows to find that none has a value */
		mig_effect_scan(alter->effect, rel);
		if (referenced != NULL)
			mig_effect_lock(alter->effect, referenced, RowShareLock);
	}
}

/* The constraints that come with a new column. */
void
mig_alter_column_constraints(MigAlter *alter, MigRel *rel, ColumnDef *column)
{
	Filling		filling = filling_of(column);
	int			position = 0;
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);
		bool		enforced = is_enforced(column, position++);

		switch (constraint->contype)
		{
			case CONSTR_NOTNULL:
				if (filling != FILL_VALUE)
					mig_effect_scan(alter->effect, rel);
				break;
			case CONSTR_FOREIGN:
				add_column_foreign_key(alter, rel, constraint, filling, enforced);
				break;
			case CONSTR_PRIMARY:
				if (filling != FILL_VALUE)
					mig_effect_scan(alter->effect, rel);
				/* FALLTHROUGH */
			default:
				add_constraint(alter, rel, constraint, enforced);
				break;
		}
	}
}

/*
 * Validating, dropping, altering
 */

void
mig_alter_validate_constraint(MigAlter *alter, MigRel *rel,
							  AlterTableCmd *command)
{
	MigConstraint *constraint = mig_rel_constraint(rel, command->name);

	if (constraint == NULL || constraint->valid)
		return;
	mig_effect_lock(alter->effect, rel, alter->lock);
	if (constraint->type == CONSTRAINT_FOREIGN && constraint->foreign != NULL)
		mig_effect_compare(alter->effect, rel, constraint->foreign);
	else
		mig_effect_scan(alter->effect, rel);
}

/* Does the foreign key rely on this constraint? */
static bool
relies_on(const MigForeignKey *key, const MigConstraint *constraint)
{
	List	   *foreign = key->constraint->foreign_columns;

	return list_length(foreign) == list_length(constraint->columns) &&
		list_difference_int(foreign, constraint->columns) == NIL;
}

/* Foreign keys that reference what goes. */
static void
drop_referencing(MigAlter *alter, MigRel *rel, const MigConstraint *constraint)
{
	ListCell   *lc;

	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (relies_on(key, constraint))
			mig_effect_drop_foreign_key(alter->effect, key->table,
										key->constraint);
	}
}

/* Have the children of a table such a constraint as well? */
static bool
is_inherited(const MigConstraint *constraint)
{
	return constraint != NULL && !constraint->no_inherit &&
		(constraint->type == CONSTRAINT_CHECK ||
		 constraint->type == CONSTRAINT_NOTNULL);
}

void
mig_alter_drop_constraint(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	MigConstraint *constraint = mig_rel_constraint(alter->target, command->name);

	/* partitions are looked at whatever it is */
	if (is_partition_of_target(alter) || is_inherited(constraint))
		mig_effect_lock(alter->effect, rel, alter->lock);
	if (constraint == NULL || rel != alter->target)
		return;
	if (!alter->recurses && is_inherited(constraint))
		mig_alter_lock_children(alter);
	if (constraint->type == CONSTRAINT_FOREIGN)
		mig_effect_drop_foreign_key(alter->effect, rel, constraint);
	if (constraint->index != NULL)
		mig_effect_drop_index(alter->effect, constraint->index);
	if (command->behavior == DROP_CASCADE && constraint->index != NULL)
		drop_referencing(alter, rel, constraint);
}

void
mig_alter_alter_constraint(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	bool		enforces;
	bool		enforced;
	const char *name = mig_altered_constraint(command, &enforces, &enforced);
	MigConstraint *constraint = mig_rel_constraint(rel, name);

	if (constraint == NULL || constraint->foreign == NULL || !enforces ||
		constraint->enforced == enforced)
		return;
	if (!enforced)
		mig_effect_drop_foreign_key(alter->effect, rel, constraint);
	else
	{
		mig_effect_lock_family(alter->effect, constraint->foreign,
							   ShareRowExclusiveLock);
		mig_effect_compare(alter->effect, rel, constraint->foreign);
	}
}
