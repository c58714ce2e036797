/*-------------------------------------------------------------------------
 *
 * effect_partition.c
 *	  What attaching and detaching partitions and parents would do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"

#include "effect_alter.h"
#include "facts.h"

/*
 * ATTACH
 */

/* Do the constraints prove that the rows of the partition are right? */
typedef bool Proof (MigRel *parent, MigRel *partition, PartitionBoundSpec *bound);

/* Reads what is not proven: all of it, or those of its partitions. */
static void
verify(MigEffect *effect, MigRel *parent, MigRel *rel, PartitionBoundSpec *bound,
	   Proof *proof)
{
	ListCell   *lc;

	if (proof(parent, rel, bound))
		return;
	mig_effect_scan(effect, rel);
	if (rel->kind != RELKIND_PARTITIONED_TABLE)
		return;
	foreach(lc, mig_rel_children(rel, false))
		verify(effect, parent, lfirst(lc), bound, proof);
}

/* Do both indexes have the same key, of columns of the same names? */
static bool
same_key(MigRel *parent, const MigIndex *left, MigRel *partition,
		 const MigIndex *right)
{
	ListCell   *a;
	ListCell   *b;

	if (list_length(left->columns) != list_length(right->columns))
		return false;
	forboth(a, left->columns, b, right->columns)
	{
		MigColumn  *one = mig_rel_attribute(parent, lfirst_int(a));
		MigColumn  *other = mig_rel_attribute(partition, lfirst_int(b));

		if (one == NULL || other == NULL || strcmp(one->name, other->name) != 0)
			return false;
	}
	return equal(left->opclasses, right->opclasses) &&
		equal(left->collations, right->collations);
}

/* Is there an index on the partition that can become part of the parent's? */
static bool
has_counterpart(MigRel *parent, const MigIndex *index, MigRel *partition)
{
	ListCell   *lc;

	/* the server compares expressions; here, they are taken for others */
	if (index->expressions || index->partial)
		return false;
	foreach(lc, mig_rel_indexes(partition))
	{
		const MigIndex *other = ((MigRel *) lfirst(lc))->index;

		if (other != NULL && other->valid && !other->partial &&
			!other->expressions && other->method == index->method &&
			other->unique == index->unique &&
			(other->constraint || !index->constraint) &&
			same_key(parent, index, partition, other))
			return true;
	}
	return false;
}

/* The partition gets the indexes of its parent. */
static void
adopt_indexes(MigEffect *effect, MigRel *parent, MigRel *partition)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, mig_rel_indexes(parent))
	{
		MigRel	   *index = lfirst(lc);

		mig_effect_lock(effect, index, ShareUpdateExclusiveLock);
		if (index->index == NULL ||
			has_counterpart(parent, index->index, partition))
			continue;
		mig_effect_build(effect, partition);
		foreach(each, mig_rel_children(partition, true))
			mig_effect_build(effect, lfirst(each));
	}
}

/* It gets the foreign keys of its parent, and is referenced as the parent is. */
static void
adopt_foreign_keys(MigEffect *effect, MigRel *parent, MigRel *partition)
{
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(parent))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->foreign == NULL || constraint->dropped)
			continue;
		mig_effect_lock_family(effect, constraint->foreign,
							   ShareRowExclusiveLock);
		mig_effect_compare(effect, partition, constraint->foreign);
	}
	foreach(lc, mig_rel_referencing(parent))
		mig_effect_lock(effect, ((MigForeignKey *) lfirst(lc))->table,
						ShareRowExclusiveLock);
}

/* The bounds of what the parent is a partition of count as well. */
static void
look_at_ancestors(MigEffect *effect, MigRel *rel)
{
	ListCell   *lc;

	if (!rel->partition)
		return;
	foreach(lc, mig_rel_parents(rel))
	{
		mig_effect_lock(effect, lfirst(lc), AccessShareLock);
		look_at_ancestors(effect, lfirst(lc));
	}
}

/* ALTER INDEX ... ATTACH PARTITION */
static void
attach_index(MigAlter *alter, MigRel *parent, MigRel *index)
{
	mig_effect_lock(alter->effect, index, AccessExclusiveLock);
	if (index->index != NULL && index->index->table != NULL)
		mig_effect_lock(alter->effect, index->index->table, AccessShareLock);
	if (parent->index != NULL && parent->index->table != NULL)
		mig_effect_lock(alter->effect, parent->index->table, AccessShareLock);
}

void
mig_alter_attach(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	PartitionCmd *attach = castNode(PartitionCmd, command->def);
	MigRel	   *partition = mig_shadow_find(alter->shadow, attach->name,
											RELKIND_RELATION);
	MigRel	   *others = mig_rel_default_partition(rel);

	if (partition == NULL)
		return;
	if (rel->kind == RELKIND_PARTITIONED_INDEX || partition->index != NULL)
	{
		attach_index(alter, rel, partition);
		return;
	}
	mig_effect_lock_family(alter->effect, partition, AccessExclusiveLock);
	look_at_ancestors(alter->effect, rel);
	adopt_indexes(alter->effect, rel, partition);
	adopt_foreign_keys(alter->effect, rel, partition);
	verify(alter->effect, rel, partition, attach->bound, mig_fact_proves_bound);
	if (others != NULL)
	{
		mig_effect_lock_family(alter->effect, others, AccessExclusiveLock);
		verify(alter->effect, rel, others, attach->bound,
			   mig_fact_default_excludes);
	}
}

/*
 * DETACH
 */

/* The indexes become those of a table of its own, its foreign keys as well. */
static void
release(MigEffect *effect, MigRel *parent, MigRel *partition)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(partition))
	{
		MigRel	   *index = lfirst(lc);

		if (mig_rel_parents(index) != NIL)
			mig_effect_lock(effect, index, AccessExclusiveLock);
	}
	foreach(lc, mig_rel_constraints(partition))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->foreign != NULL && !constraint->dropped)
			mig_effect_lock(effect, constraint->foreign, ShareRowExclusiveLock);
	}
	foreach(lc, mig_rel_referencing(parent))
	{
		MigRel	   *referencing = ((MigForeignKey *) lfirst(lc))->table;

		/* no row may reference what is not there any more */
		mig_effect_lock(effect, referencing, ShareLock);
		mig_effect_scan(effect, referencing);
		mig_effect_scan(effect, partition);
	}
}

void
mig_alter_detach(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	PartitionCmd *detach = castNode(PartitionCmd, command->def);
	MigRel	   *partition = mig_shadow_find(alter->shadow, detach->name,
											RELKIND_RELATION);
	MigRel	   *others = mig_rel_default_partition(rel);

	if (partition == NULL)
		return;
	/* in the end, CONCURRENTLY has it for itself as well */
	mig_effect_lock_family(alter->effect, partition, AccessExclusiveLock);
	if (detach->concurrent)
		mig_effect_lock(alter->effect, partition, ShareUpdateExclusiveLock);
	else if (others != NULL)
		mig_effect_lock(alter->effect, others, AccessExclusiveLock);
	release(alter->effect, rel, partition);
}

/* DETACH ... FINALIZE */
void
mig_alter_finalize(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	PartitionCmd *detach = castNode(PartitionCmd, command->def);
	MigRel	   *partition = mig_shadow_find(alter->shadow, detach->name,
											RELKIND_RELATION);

	if (partition == NULL)
		return;
	mig_effect_lock(alter->effect, partition, AccessExclusiveLock);
	release(alter->effect, rel, partition);
}

/*
 * Parents
 */

void
mig_alter_inherit(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	MigRel	   *parent = mig_shadow_find(alter->shadow,
										 castNode(RangeVar, command->def),
										 RELKIND_RELATION);

	if (parent != NULL)
		mig_effect_lock(alter->effect, parent, ShareUpdateExclusiveLock);
}

void
mig_alter_no_inherit(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	MigRel	   *parent = mig_shadow_find(alter->shadow,
										 castNode(RangeVar, command->def),
										 RELKIND_RELATION);

	if (parent != NULL)
		mig_effect_lock(alter->effect, parent, AccessShareLock);
}
