/*-------------------------------------------------------------------------
 *
 * shadow_family.c
 *	  What relations are to each other: parents and children, foreign keys,
 *	  views and what they read, sequences and their tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_rewrite.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "shadow.h"

/* Those of a list of relations that are still there. */
static List *
present(List *relations)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, relations)
	{
		if (!((MigRel *) lfirst(lc))->dropped)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/*
 * Parents and children
 */

static void
read_children(MigRel *rel)
{
	ListCell   *lc;

	if (rel->children_read)
		return;
	rel->children_read = true;
	if (!OidIsValid(rel->oid) || !has_subclass(rel->oid))
		return;
	foreach(lc, find_inheritance_children(rel->oid, NoLock))
	{
		MigRel	   *child = mig_shadow_of_oid(rel->shadow, lfirst_oid(lc));

		if (child != NULL)
			mig_shadow_append(rel->shadow, &rel->children, child);
	}
}

static void
read_parents(MigRel *rel)
{
	ScanKeyData key;
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel->parents_read)
		return;
	rel->parents_read = true;
	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(rel->oid));
	catalog = table_open(InheritsRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_inherits form = (Form_pg_inherits) GETSTRUCT(tuple);
		MigRel	   *parent = mig_shadow_of_oid(rel->shadow, form->inhparent);

		if (parent != NULL)
			mig_shadow_append(rel->shadow, &rel->parents, parent);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

/* What is below a relation, not counting what the list has already. */
static List *
add_children(List *found, MigRel *rel, bool all)
{
	ListCell   *lc;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	read_children(rel);
	foreach(lc, present(rel->children))
	{
		MigRel	   *child = lfirst(lc);

		if (list_member_ptr(found, child))
			continue;
		found = lappend(found, child);
		if (all)
			found = add_children(found, child, true);
	}
	return found;
}

/*
 * Partitions and inheriting tables, or the parts of a partitioned index:
 * direct ones, or all below.
 */
List *
mig_rel_children(MigRel *rel, bool all)
{
	return add_children(NIL, rel, all);
}

/* What it is a partition of or inherits from, directly. */
List *
mig_rel_parents(MigRel *rel)
{
	read_parents(rel);
	return present(rel->parents);
}

/* Is the column or constraint of this name what the constraint goes with? */
static bool
goes_with(MigRel *rel, const MigConstraint *constraint,
		  const AlterTableCmd *command)
{
	ListCell   *lc;

	if (command->subtype == AT_DropConstraint)
		return constraint->name != NULL &&
			strcmp(constraint->name, command->name) == 0;
	if (command->subtype != AT_DropColumn)
		return false;
	foreach(lc, constraint->columns)
	{
		MigColumn  *column = mig_rel_attribute(rel, lfirst_int(lc));

		if (column != NULL && strcmp(column->name, command->name) == 0)
			return true;
	}
	return false;
}

/*
 * Does the ALTER TABLE that is being looked at drop the constraint?  The server
 * drops before it does anything else, in whatever order the commands stand.
 */
bool
mig_rel_loses(MigRel *rel, const MigConstraint *constraint)
{
	AlterTableStmt *stmt = rel->shadow->altering;
	MigRel	   *target = stmt ?
		mig_shadow_find(rel->shadow, stmt->relation, 0) : NULL;
	ListCell   *lc;

	if (target == NULL ||
		(target != rel &&
		 !(stmt->relation->inh &&
		   list_member_ptr(mig_rel_children(target, true), rel))))
		return false;
	foreach(lc, stmt->cmds)
	{
		if (goes_with(rel, constraint, lfirst_node(AlterTableCmd, lc)))
			return true;
	}
	return false;
}

/* What TRUNCATE empties: with what is below, and with CASCADE what references it. */
List *
mig_shadow_truncated(MigShadow *shadow, TruncateStmt *stmt)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, stmt->relations)
	{
		RangeVar   *name = lfirst_node(RangeVar, lc);
		MigRel	   *rel = mig_shadow_find(shadow, name, RELKIND_RELATION);

		if (rel == NULL)
			continue;
		tables = list_append_unique_ptr(tables, rel);
		if (name->inh)
			tables = list_concat_unique_ptr(tables, mig_rel_children(rel, true));
	}
	/* the list grows while it is read */
	for (int i = 0; stmt->behavior == DROP_CASCADE && i < list_length(tables); i++)
	{
		foreach(lc, mig_rel_referencing(list_nth(tables, i)))
		{
			MigRel	   *table = ((MigForeignKey *) lfirst(lc))->table;

			tables = list_append_unique_ptr(tables, table);
			tables = list_concat_unique_ptr(tables, mig_rel_children(table, true));
		}
	}
	return tables;
}

/* The default partition; NULL: there is none. */
MigRel *
mig_rel_default_partition(MigRel *rel)
{
	MigRel	   *partition;

	if (rel->kind != RELKIND_PARTITIONED_TABLE)
		return NULL;
	if (!rel->default_read)
	{
		Oid			oid = get_default_partition_oid(rel->oid);

		rel->default_read = true;
		if (OidIsValid(oid))
			rel->default_partition = mig_shadow_of_oid(rel->shadow, oid);
	}
	partition = rel->default_partition;
	return partition != NULL && !partition->dropped ? partition : NULL;
}

/*
 * The child is below the parent from now on.  A circle, which the server
 * refuses, is not made: walks down the family would not end.
 */
void
mig_rel_link(MigRel *parent, MigRel *child)
{
	if (parent == child || list_member_ptr(mig_rel_children(child, true), parent))
		return;
	read_children(parent);
	read_parents(child);
	mig_shadow_append(parent->shadow, &parent->children, child);
	mig_shadow_append(parent->shadow, &child->parents, parent);
	if (child->index != NULL)
		child->partition = true;
}

/* The child is not below the parent any more. */
void
mig_rel_unlink(MigRel *parent, MigRel *child)
{
	read_children(parent);
	read_parents(child);
	if (mig_rel_default_partition(parent) == child)
		parent->default_partition = NULL;
	parent->children = list_delete_ptr(parent->children, child);
	child->parents = list_delete_ptr(child->parents, parent);
	if (child->index != NULL)
		child->partition = false;
}

/*
 * Foreign keys
 */

/* The constraint, of this table, references that one. */
void
mig_rel_reference(MigRel *rel, MigConstraint *constraint, MigRel *foreign)
{
	MigForeignKey *key;

	constraint->foreign = foreign;
	if (foreign == NULL)
		return;
	key = MemoryContextAlloc(rel->shadow->context, sizeof(MigForeignKey));
	key->table = rel;
	key->constraint = constraint;
	mig_shadow_append(rel->shadow, &foreign->referencing, key);
}

/* Reads the foreign keys of this database: there is no index on confrelid. */
static void
read_foreign_keys(MigShadow *shadow)
{
	ScanKeyData key;
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *oids = NIL;
	ListCell   *lc;

	shadow->foreign_keys_read = true;
	ScanKeyInit(&key, Anum_pg_constraint_contype, BTEqualStrategyNumber,
				F_CHAREQ, CharGetDatum(CONSTRAINT_FOREIGN));
	catalog = table_open(ConstraintRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

		oids = list_append_unique_oid(oids, form->conrelid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	foreach(lc, oids)
	{
		MigRel	   *rel = mig_shadow_of_oid(shadow, lfirst_oid(lc));

		if (rel != NULL)
			(void) mig_rel_constraints(rel);
	}
}

/* The foreign keys that reference the relation: of MigForeignKey. */
List *
mig_rel_referencing(MigRel *rel)
{
	List	   *result = NIL;
	ListCell   *lc;

	if (OidIsValid(rel->oid) && !rel->shadow->foreign_keys_read)
		read_foreign_keys(rel->shadow);
	foreach(lc, rel->referencing)
	{
		MigForeignKey *key = lfirst(lc);

		if (!key->constraint->dropped && !key->table->dropped)
			result = lappend(result, key);
	}
	return result;
}

/*
 * Views
 */

/* The relation that a rule is of. */
static Oid
relation_of_rule(Oid rule)
{
	Relation	catalog = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			result = InvalidOid;

	ScanKeyInit(&key, Anum_pg_rewrite_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(rule));
	scan = systable_beginscan(catalog, RewriteOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		result = ((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

/* The rules of the catalog's views of this relation, or on this relation. */
static List *
rules_of(MigRel *rel, bool readers)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *result = NIL;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(rel->oid));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->classid == RewriteRelationId &&
			(form->deptype == DEPENDENCY_INTERNAL) != readers)
			result = list_append_unique_oid(result, form->objid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

/* What a rule reads, other than the view that it is of. */
static void
read_rule_sources(MigRel *view, Oid rule)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *oids = NIL;
	ListCell   *lc;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RewriteRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(rule));
	scan = systable_beginscan(catalog, DependDependerIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->refclassid == RelationRelationId &&
			form->refobjid != view->oid)
			oids = list_append_unique_oid(oids, form->refobjid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	foreach(lc, oids)
	{
		MigRel	   *source = mig_shadow_of_oid(view->shadow, lfirst_oid(lc));

		if (source != NULL && !list_member_ptr(view->sources, source))
			mig_shadow_append(view->shadow, &view->sources, source);
	}
}

/* The relations that a view reads, directly. */
List *
mig_rel_sources(MigRel *rel)
{
	ListCell   *lc;

	if (!rel->sources_read)
	{
		rel->sources_read = true;
		foreach(lc, rules_of(rel, false))
			read_rule_sources(rel, lfirst_oid(lc));
	}
	return present(rel->sources);
}

/* The views that read a relation, directly. */
List *
mig_rel_views(MigRel *rel)
{
	List	   *result = NIL;
	ListCell   *lc;

	if (OidIsValid(rel->oid))
	{
		foreach(lc, rules_of(rel, true))
		{
			MigRel	   *view = mig_shadow_of_oid(rel->shadow,
												 relation_of_rule(lfirst_oid(lc)));

			if (view != NULL)
				(void) mig_rel_sources(view);
		}
	}
	foreach(lc, mig_shadow_relations(rel->shadow))
	{
		MigRel	   *view = lfirst(lc);

		if (view != rel && list_member_ptr(view->sources, rel))
			result = lappend(result, view);
	}
	return result;
}

/*
 * Sequences
 */

/* The sequences that go with a table. */
List *
mig_rel_owned_sequences(MigRel *rel)
{
	List	   *result = NIL;
	ListCell   *lc;

	if (OidIsValid(rel->oid))
	{
		foreach(lc, getOwnedSequences(rel->oid))
		{
			MigRel	   *sequence = mig_shadow_of_oid(rel->shadow,
													 lfirst_oid(lc));

			if (sequence != NULL && sequence->owner == rel)
				result = lappend(result, sequence);
		}
	}
	foreach(lc, rel->sequences)
	{
		MigRel	   *sequence = lfirst(lc);

		if (!sequence->dropped && sequence->owner == rel)
			result = list_append_unique_ptr(result, sequence);
	}
	return result;
}

/* The sequence belongs to that column, and to no other; NULL: to none. */
void
mig_rel_own(MigRel *sequence, MigRel *rel, AttrNumber attnum)
{
	sequence->owner = rel;
	sequence->owner_column = attnum;
	if (rel != NULL)
		mig_shadow_append(rel->shadow, &rel->sequences, sequence);
}
