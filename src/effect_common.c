/*-------------------------------------------------------------------------
 *
 * effect_common.c
 *	  What many statements do to relations: read them, write them anew, build
 *	  their indexes, drop what belongs to them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"

#include "effect.h"
#include "facts.h"

/* Are there rows of its own, that the server would read? */
static bool
has_rows(const MigRel *rel)
{
	return RELKIND_HAS_TABLE_AM(rel->kind);
}

/* All of the relation is read. */
void
mig_effect_scan(MigEffect *effect, MigRel *rel)
{
	if (has_rows(rel))
		mig_effect_touch(effect, rel)->scans = true;
}

/* The same of it and of all that is below it. */
void
mig_effect_scan_family(MigEffect *effect, MigRel *rel)
{
	ListCell   *lc;

	mig_effect_scan(effect, rel);
	foreach(lc, mig_rel_children(rel, true))
		mig_effect_scan(effect, lfirst(lc));
}

/* A lock on the relation and on all that is below it. */
void
mig_effect_lock_family(MigEffect *effect, MigRel *rel, LOCKMODE mode)
{
	ListCell   *lc;

	mig_effect_lock(effect, rel, mode);
	foreach(lc, mig_rel_children(rel, true))
		mig_effect_lock(effect, lfirst(lc), mode);
}

/* An index is built on the relation; one on a partitioned table has no file. */
void
mig_effect_build(MigEffect *effect, MigRel *rel)
{
	MigTouch   *touch = mig_effect_lock(effect, rel, ShareLock);

	touch->builds = has_rows(rel);
	mig_effect_scan(effect, rel);
}

/* The relation gets a new file, and so does each of its indexes. */
void
mig_effect_rewrite(MigEffect *effect, MigRel *rel)
{
	ListCell   *lc;

	if (!has_rows(rel))
		return;
	mig_effect_touch(effect, rel)->rewrites = true;
	mig_effect_scan(effect, rel);
	foreach(lc, mig_rel_indexes(rel))
	{
		MigTouch   *touch = mig_effect_lock(effect, lfirst(lc),
											AccessExclusiveLock);

		touch->rewrites = true;
		mig_effect_build(effect, rel);
	}
}

/* Has the relation itself no rows, whatever is below it? */
static bool
is_empty_itself(MigRel *rel)
{
	int64		bytes = mig_rel_bytes(rel);
	ListCell   *lc;

	if (rel->assumed || rel->filled)
		return false;
	foreach(lc, mig_rel_children(rel, false))
		bytes -= mig_rel_bytes(lfirst(lc));
	return mig_rel_is_new(rel) || bytes == 0;
}

/*
 * The rows of the table are compared with those that they reference: all of
 * both is read, unless there is nothing to compare.
 */
void
mig_effect_compare(MigEffect *effect, MigRel *rel, MigRel *referenced)
{
	mig_effect_lock(effect, referenced, RowShareLock);
	mig_effect_lock(effect, rel, AccessShareLock);
	mig_effect_scan(effect, rel);
	if (!is_empty_itself(rel))
		mig_effect_scan_family(effect, referenced);
}

/* The index goes, and so do those of partitions that belong to it. */
void
mig_effect_drop_index(MigEffect *effect, MigRel *index)
{
	mig_effect_lock_family(effect, index, AccessExclusiveLock);
}

/* The triggers of a foreign key go, which are on both tables. */
void
mig_effect_drop_foreign_key(MigEffect *effect, MigRel *rel, MigConstraint *key)
{
	mig_effect_lock(effect, rel, AccessExclusiveLock);
	if (key->foreign != NULL)
		mig_effect_lock_family(effect, key->foreign, AccessExclusiveLock);
}

/* The sequences that belong to a column, or to any column of the relation. */
List *
mig_effect_sequences(MigRel *rel, MigColumn *column)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, mig_rel_owned_sequences(rel))
	{
		MigRel	   *sequence = lfirst(lc);

		if (column == NULL || sequence->owner_column == column->attnum)
			result = lappend(result, sequence);
	}
	return result;
}

/* What CASCADE drops together with the relation or the column. */
void
mig_effect_drop_dependents(MigEffect *effect, MigRel *rel, MigColumn *column)
{
	ListCell   *lc;

	foreach(lc, mig_fact_dependents(rel, column))
	{
		MigDependent *dependent = lfirst(lc);
		MigRel	   *view;
		MigTouch   *touch;
		ListCell   *each;

		if (strcmp(dependent->kind, "view") != 0 &&
			strcmp(dependent->kind, "materialized view") != 0)
			continue;
		view = mig_shadow_of_oid(rel->shadow, dependent->objid);
		touch = mig_effect_touch(effect, view);
		/* views of views: each of them once */
		if (mig_touch_strongest(touch) == AccessExclusiveLock)
			continue;
		mig_effect_lock(effect, view, AccessExclusiveLock);
		foreach(each, mig_rel_indexes(view))
			mig_effect_drop_index(effect, lfirst(each));
		mig_effect_drop_dependents(effect, view, NULL);
	}
}
