/*-------------------------------------------------------------------------
 *
 * effect_create.c
 *	  What statements that make tables and views would do to those that are
 *	  there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"

#include "effect_kinds.h"
#include "facts.h"

/*
 * CREATE TABLE
 */

/* What a foreign key of a new table does to the table that it references. */
static void
reference(MigRel *referenced, MigEffect *effect)
{
	mig_effect_lock_family(effect, referenced, ShareRowExclusiveLock);
	mig_effect_lock(effect, referenced, AccessShareLock);
}

static void
add_constraint(MigShadow *shadow, Constraint *constraint, const RangeVar *own,
			   MigEffect *effect)
{
	MigRel	   *referenced;

	if (!IsA(constraint, Constraint) ||
		constraint->contype != CONSTR_FOREIGN || constraint->pktable == NULL)
		return;
	/* to itself */
	if (constraint->pktable->schemaname == NULL &&
		strcmp(constraint->pktable->relname, own->relname) == 0)
		return;
	referenced = mig_shadow_find(shadow, constraint->pktable, RELKIND_RELATION);
	if (referenced != NULL)
		reference(referenced, effect);
}

static void
add_elements(MigShadow *shadow, CreateStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, stmt->tableElts)
	{
		Node	   *element = lfirst(lc);
		MigRel	   *source;

		if (IsA(element, Constraint))
			add_constraint(shadow, (Constraint *) element, stmt->relation,
						   effect);
		else if (IsA(element, ColumnDef))
		{
			foreach(each, ((ColumnDef *) element)->constraints)
				add_constraint(shadow, lfirst(each), stmt->relation, effect);
		}
		else if (IsA(element, TableLikeClause))
		{
			source = mig_shadow_find(shadow,
									 ((TableLikeClause *) element)->relation,
									 RELKIND_RELATION);
			if (source != NULL)
				mig_effect_lock(effect, source, AccessShareLock);
		}
	}
}

/* The rows of the default partition may belong into the new one. */
static void
check_default(MigRel *parent, PartitionBoundSpec *bound, MigEffect *effect)
{
	MigRel	   *partition = mig_rel_default_partition(parent);
	ListCell   *lc;

	if (partition == NULL || bound->is_default)
		return;
	mig_effect_lock(effect, partition, AccessExclusiveLock);
	if (mig_fact_default_excludes(parent, partition, bound))
		return;
	mig_effect_scan(effect, partition);
	foreach(lc, mig_rel_children(partition, true))
	{
		mig_effect_lock(effect, lfirst(lc), AccessExclusiveLock);
		mig_effect_scan(effect, lfirst(lc));
	}
}

/* A partition gets the indexes and foreign keys of its parent. */
static void
add_as_partition(MigRel *parent, PartitionBoundSpec *bound, MigEffect *effect)
{
	ListCell   *lc;

	mig_effect_lock(effect, parent, AccessExclusiveLock);
	check_default(parent, bound, effect);
	foreach(lc, mig_rel_indexes(parent))
		mig_effect_lock(effect, lfirst(lc), ShareUpdateExclusiveLock);
	foreach(lc, mig_rel_constraints(parent))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_FOREIGN && constraint->foreign != NULL)
			reference(constraint->foreign, effect);
	}
	foreach(lc, mig_rel_referencing(parent))
		mig_effect_lock(effect, ((MigForeignKey *) lfirst(lc))->table,
						ShareRowExclusiveLock);
}

/* Is there a relation of that name already? */
static bool
is_there(MigShadow *shadow, const RangeVar *name)
{
	MigRel	   *rel = mig_shadow_find_named(shadow,
											mig_shadow_creation_schema(shadow, name),
											name->relname);

	return rel != NULL && !rel->assumed;
}

void
mig_effect_create_table(MigShadow *shadow, CreateStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;

	if (stmt->if_not_exists && is_there(shadow, stmt->relation))
		return;
	foreach(lc, stmt->inhRelations)
	{
		MigRel	   *parent = mig_shadow_find(shadow, lfirst_node(RangeVar, lc),
											 stmt->partbound ?
											 RELKIND_PARTITIONED_TABLE :
											 RELKIND_RELATION);

		if (parent == NULL)
			continue;
		if (stmt->partbound != NULL)
			add_as_partition(parent, stmt->partbound, effect);
		else
			mig_effect_lock(effect, parent, ShareUpdateExclusiveLock);
	}
	add_elements(shadow, stmt, effect);
}

/* CREATE TABLE AS, CREATE MATERIALIZED VIEW, SELECT INTO */
void
mig_effect_create_as(MigShadow *shadow, Node *query, IntoClause *into,
					 MigEffect *effect)
{
	mig_effect_query(shadow, query, !into->skipData, effect);
	effect->unknown |= IsA(query, ExecuteStmt);
}

/*
 * Views
 */

void
mig_effect_view(MigShadow *shadow, ViewStmt *stmt, MigEffect *effect)
{
	MigRel	   *rel = mig_shadow_find_named(shadow,
											mig_shadow_creation_schema(shadow, stmt->view),
											stmt->view->relname);

	if (rel != NULL && stmt->replace)
		mig_effect_lock(effect, rel, AccessExclusiveLock);
	mig_effect_query(shadow, stmt->query, false, effect);
}

/* What the query of a materialized view reads. */
static void
read_sources(MigRel *view, MigEffect *effect, List *above)
{
	ListCell   *lc;

	above = lappend(list_copy(above), view);
	foreach(lc, mig_rel_sources(view))
	{
		MigRel	   *source = lfirst(lc);

		if (list_member_ptr(above, source))
			continue;
		mig_effect_lock_family(effect, source, AccessShareLock);
		if (source->kind == RELKIND_VIEW)
			read_sources(source, effect, above);
		else
			mig_effect_scan_family(effect, source);
	}
}

void
mig_effect_refresh(MigShadow *shadow, RefreshMatViewStmt *stmt,
				   MigEffect *effect)
{
	MigRel	   *rel = mig_shadow_find(shadow, stmt->relation, RELKIND_MATVIEW);

	if (rel == NULL)
		return;
	if (stmt->concurrent)
	{
		mig_effect_lock(effect, rel, ExclusiveLock);
		mig_effect_scan(effect, rel);
		mig_effect_touch(effect, rel)->writes = true;
	}
	else
	{
		mig_effect_lock(effect, rel, AccessExclusiveLock);
		mig_effect_rewrite(effect, rel);
	}
	if (!stmt->skipData)
		read_sources(rel, effect, NIL);
}
