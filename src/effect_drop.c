/*-------------------------------------------------------------------------
 *
 * effect_drop.c
 *	  What statements that drop or empty would do to relations.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "effect_kinds.h"
#include "facts.h"

/*
 * What depends on an object of the catalog
 */

/* A walk up the dependencies. */
typedef struct DependWalk
{
	MigShadow  *shadow;
	MigEffect  *effect;
	List	   *seen;			/* of Oid: objects that have been looked at */
} DependWalk;

/* The rows of pg_depend of one object: those it refers to, or that refer to it. */
static List *
depend_rows(Oid class, Oid object, bool referring)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *result = NIL;

	ScanKeyInit(&keys[0], referring ? Anum_pg_depend_refclassid :
				Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(class));
	ScanKeyInit(&keys[1], referring ? Anum_pg_depend_refobjid :
				Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(object));
	scan = systable_beginscan(catalog, referring ? DependReferenceIndexId :
							  DependDependerIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = palloc(sizeof(FormData_pg_depend));

		*row = *(Form_pg_depend) GETSTRUCT(tuple);
		result = lappend(result, row);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

/* An index goes with a lock on its table. */
static void
lock_dependent(DependWalk *walk, Oid oid)
{
	MigRel	   *rel = mig_shadow_of_oid(walk->shadow, oid);

	if (rel == NULL || rel->kind == RELKIND_COMPOSITE_TYPE)
		return;
	if (rel->index != NULL && rel->index->table != NULL)
		mig_effect_lock(walk->effect, rel->index->table, AccessExclusiveLock);
	mig_effect_lock(walk->effect, rel, AccessExclusiveLock);
}

/* The relation that a trigger, a default, a rule or the like is of. */
static void
lock_owner(DependWalk *walk, Oid class, Oid object)
{
	ListCell   *lc;

	foreach(lc, depend_rows(class, object, false))
	{
		Form_pg_depend row = lfirst(lc);

		if (row->refclassid == RelationRelationId &&
			(row->deptype == DEPENDENCY_AUTO ||
			 row->deptype == DEPENDENCY_INTERNAL))
			lock_dependent(walk, row->refobjid);
	}
}

/* All that goes with an object, and the relations that it belongs to. */
static void
walk_dependents(DependWalk *walk, Oid class, Oid object)
{
	ListCell   *lc;

	if (list_member_oid(walk->seen, object))
		return;
	walk->seen = lappend_oid(walk->seen, object);
	foreach(lc, depend_rows(class, object, true))
	{
		Form_pg_depend row = lfirst(lc);

		if (row->classid == RelationRelationId)
			lock_dependent(walk, row->objid);
		else
			lock_owner(walk, row->classid, row->objid);
		/* a column that goes takes what uses it, not all that uses the table */
		if (row->classid != RelationRelationId || row->objsubid == 0)
			walk_dependents(walk, row->classid, row->objid);
	}
}

static void
lock_dependents(MigShadow *shadow, Oid class, Oid object, MigEffect *effect)
{
	DependWalk	walk = {shadow, effect, NIL};

	if (OidIsValid(object))
		walk_dependents(&walk, class, object);
}

/*
 * Relations
 */

/*
 * What a relation takes with it, all of it under the strongest lock.  That it
 * has this lock already does not mean that it goes: 'gone' has those that do.
 */
static void
drop_relation(MigRel *rel, bool cascade, List **gone, MigEffect *effect)
{
	ListCell   *lc;

	if (list_member_ptr(*gone, rel))
		return;
	*gone = lappend(*gone, rel);
	mig_effect_lock(effect, rel, AccessExclusiveLock);
	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_FOREIGN)
			mig_effect_drop_foreign_key(effect, rel, constraint);
	}
	foreach(lc, mig_rel_indexes(rel))
		mig_effect_drop_index(effect, lfirst(lc));
	foreach(lc, mig_rel_owned_sequences(rel))
		mig_effect_lock(effect, lfirst(lc), AccessExclusiveLock);
	foreach(lc, mig_rel_children(rel, false))
		drop_relation(lfirst(lc), cascade, gone, effect);
	if (!cascade)
		return;
	foreach(lc, mig_rel_referencing(rel))
		mig_effect_lock(effect, ((MigForeignKey *) lfirst(lc))->table,
						AccessExclusiveLock);
	foreach(lc, mig_rel_views(rel))
		drop_relation(lfirst(lc), true, gone, effect);
}

/* A partition goes under a lock on the partitioned table. */
static void
drop_from_parent(MigRel *rel, MigEffect *effect)
{
	ListCell   *lc;

	if (!rel->partition)
		return;
	foreach(lc, mig_rel_parents(rel))
	{
		MigRel	   *parent = lfirst(lc);
		MigRel	   *partition = mig_rel_default_partition(parent);

		mig_effect_lock(effect, parent, AccessExclusiveLock);
		if (partition != NULL)
			mig_effect_lock(effect, partition, AccessExclusiveLock);
	}
}

/* DROP INDEX, with the parts of a partitioned one. */
static void
drop_index(MigRel *index, bool concurrently, MigEffect *effect)
{
	LOCKMODE	mode = concurrently ? ShareUpdateExclusiveLock :
		AccessExclusiveLock;
	ListCell   *lc;

	mig_effect_lock(effect, index, mode);
	if (index->index != NULL && index->index->table != NULL)
		mig_effect_lock(effect, index->index->table, mode);
	foreach(lc, mig_rel_children(index, true))
	{
		MigRel	   *part = lfirst(lc);

		if (part->index != NULL && part->index->table != NULL)
			mig_effect_lock(effect, part->index->table, mode);
		mig_effect_lock(effect, part, mode);
	}
}

static void
drop_relations(MigShadow *shadow, DropStmt *stmt, char kind, MigEffect *effect)
{
	List	   *gone = NIL;
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		MigRel	   *rel = mig_shadow_find_list(shadow, lfirst_node(List, lc),
											   kind);

		if (rel == NULL)
			continue;
		if (stmt->removeType == OBJECT_INDEX)
			drop_index(rel, stmt->concurrent, effect);
		else
		{
			mig_effect_lock(effect, rel, AccessExclusiveLock);
			drop_from_parent(rel, effect);
			drop_relation(rel, stmt->behavior == DROP_CASCADE, &gone, effect);
			if (rel->kind == RELKIND_SEQUENCE && OidIsValid(rel->oid) &&
				stmt->behavior == DROP_CASCADE)
				lock_dependents(shadow, RelationRelationId, rel->oid, effect);
		}
	}
}

/* DROP TRIGGER, POLICY, RULE: the last part of the name is its own. */
static void
drop_part(MigShadow *shadow, List *names, MigEffect *effect)
{
	MigRel	   *rel;

	if (list_length(names) < 2)
		return;
	rel = mig_shadow_find_list(shadow,
							   list_copy_head(names, list_length(names) - 1),
							   RELKIND_RELATION);
	if (rel == NULL)
		return;
	mig_effect_lock_family(effect, rel, AccessExclusiveLock);
	mig_effect_lock(effect, rel, AccessShareLock);
}

/*
 * Other objects
 */

static void
drop_routine(MigShadow *shadow, ObjectWithArgs *object, MigEffect *effect)
{
	const char *name = strVal(llast(object->objname));
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP,
										   CStringGetDatum(name));
	List	   *oids = NIL;
	ListCell   *lc;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);
		const char *schema = get_namespace_name(form->pronamespace);
		int			n = list_length(object->objname);

		if (schema != NULL &&
			(n < 2 || strcmp(schema, strVal(list_nth(object->objname, n - 2))) == 0) &&
			(object->args_unspecified ||
			 list_length(object->objargs) == form->pronargs))
			oids = lappend_oid(oids, form->oid);
	}
	ReleaseSysCacheList(list);
	foreach(lc, oids)
		lock_dependents(shadow, ProcedureRelationId, lfirst_oid(lc), effect);
}

static void
drop_type(MigShadow *shadow, TypeName *name, bool cascade, MigEffect *effect)
{
	Oid			type = mig_shadow_type_oid(shadow, name);
	MigRel	   *rel = list_length(name->names) <= 3 ?
		mig_shadow_find_list(shadow, name->names, 0) : NULL;

	if (rel != NULL && rel->kind == RELKIND_COMPOSITE_TYPE)
		mig_effect_lock(effect, rel, AccessExclusiveLock);
	if (cascade && OidIsValid(type))
	{
		lock_dependents(shadow, TypeRelationId, type, effect);
		lock_dependents(shadow, TypeRelationId, get_array_type(type), effect);
	}
}

/* All that is in the schema goes. */
static void
drop_schema(MigShadow *shadow, const char *schema, MigEffect *effect)
{
	const char *was = mig_shadow_schema_was(shadow, schema);
	Oid			namespace = was ? get_namespace_oid(was, true) : InvalidOid;
	List	   *gone = NIL;
	ListCell   *lc;

	if (OidIsValid(namespace))
	{
		/* what is in it depends on it */
		foreach(lc, depend_rows(NamespaceRelationId, namespace, true))
		{
			Form_pg_depend row = lfirst(lc);

			if (row->classid == RelationRelationId && row->objsubid == 0)
				(void) mig_shadow_of_oid(shadow, row->objid);
		}
		lock_dependents(shadow, NamespaceRelationId, namespace, effect);
	}
	foreach(lc, mig_shadow_relations(shadow))
	{
		MigRel	   *rel = lfirst(lc);

		if (strcmp(rel->schema, schema) == 0 && rel->index == NULL)
			drop_relation(rel, true, &gone, effect);
	}
}

/* DROP STATISTICS: its table. */
static void
drop_statistics(MigShadow *shadow, List *names, MigEffect *effect)
{
	int			n = list_length(names);
	List	   *schemas = n > 1 ?
		list_make1(strVal(list_nth(names, n - 2))) : shadow->path;
	ListCell   *lc;

	foreach(lc, schemas)
	{
		const char *was = mig_shadow_schema_was(shadow, lfirst(lc));
		Oid			namespace = was ? get_namespace_oid(was, true) : InvalidOid;
		HeapTuple	tuple;
		MigRel	   *rel;

		if (!OidIsValid(namespace))
			continue;
		tuple = SearchSysCache2(STATEXTNAMENSP,
								PointerGetDatum(strVal(llast(names))),
								ObjectIdGetDatum(namespace));
		if (!HeapTupleIsValid(tuple))
			continue;
		rel = mig_shadow_of_oid(shadow,
								((Form_pg_statistic_ext) GETSTRUCT(tuple))->stxrelid);
		ReleaseSysCache(tuple);
		if (rel != NULL)
			mig_effect_lock(effect, rel, ShareUpdateExclusiveLock);
		return;
	}
}

/* What one object of DROP takes with it. */
static void
drop_object(MigShadow *shadow, DropStmt *stmt, Node *object, MigEffect *effect)
{
	bool		cascade = stmt->behavior == DROP_CASCADE;

	switch (stmt->removeType)
	{
		case OBJECT_TRIGGER:
		case OBJECT_POLICY:
		case OBJECT_RULE:
			drop_part(shadow, castNode(List, object), effect);
			break;
		case OBJECT_TYPE:
		case OBJECT_DOMAIN:
			drop_type(shadow, castNode(TypeName, object), cascade, effect);
			break;
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_AGGREGATE:
			if (cascade)
				drop_routine(shadow, castNode(ObjectWithArgs, object), effect);
			break;
		case OBJECT_SCHEMA:
			if (cascade)
				drop_schema(shadow, strVal(object), effect);
			break;
		case OBJECT_EXTENSION:
			lock_dependents(shadow, ExtensionRelationId,
							get_extension_oid(strVal(object), true), effect);
			effect->unknown = true;
			break;
		case OBJECT_STATISTIC_EXT:
			drop_statistics(shadow, castNode(List, object), effect);
			break;
		default:
			break;
	}
}

/* DROP */
void
mig_effect_drop(MigShadow *shadow, DropStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;

	switch (stmt->removeType)
	{
		case OBJECT_TABLE:
			drop_relations(shadow, stmt, RELKIND_RELATION, effect);
			break;
		case OBJECT_FOREIGN_TABLE:
			drop_relations(shadow, stmt, RELKIND_FOREIGN_TABLE, effect);
			break;
		case OBJECT_VIEW:
			drop_relations(shadow, stmt, RELKIND_VIEW, effect);
			break;
		case OBJECT_MATVIEW:
			drop_relations(shadow, stmt, RELKIND_MATVIEW, effect);
			break;
		case OBJECT_SEQUENCE:
			drop_relations(shadow, stmt, RELKIND_SEQUENCE, effect);
			break;
		case OBJECT_INDEX:
			drop_relations(shadow, stmt, RELKIND_INDEX, effect);
			break;
		default:
			foreach(lc, stmt->objects)
				drop_object(shadow, stmt, lfirst(lc), effect);
	}
}

/*
 * TRUNCATE
 */

/* The table gets an empty file, and so do its indexes; nothing is read. */
static void
truncate_table(MigRel *rel, TruncateStmt *stmt, MigEffect *effect)
{
	MigTouch   *touch = mig_effect_lock(effect, rel, AccessExclusiveLock);
	ListCell   *lc;

	touch->writes = true;
	if (RELKIND_HAS_TABLE_AM(rel->kind))
	{
		mig_effect_lock(effect, rel, ShareLock);
		touch->empties = true;
		foreach(lc, mig_rel_indexes(rel))
			mig_effect_lock(effect, lfirst(lc), AccessExclusiveLock)->empties = true;
	}
	if (stmt->restart_seqs)
	{
		foreach(lc, mig_rel_owned_sequences(rel))
			mig_effect_lock(effect, lfirst(lc), AccessExclusiveLock);
	}
}

/* TRUNCATE */
void
mig_effect_truncate(MigShadow *shadow, TruncateStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;

	foreach(lc, mig_shadow_truncated(shadow, stmt))
		truncate_table(lfirst(lc), stmt, effect);
}
