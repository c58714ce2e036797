/*-------------------------------------------------------------------------
 *
 * facts_depend.c
 *	  What depends on a relation or on a column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "facts.h"

/* What the set has dropped does not depend on anything any more. */
static bool
is_relation_gone(MigShadow *shadow, Oid oid)
{
	return mig_shadow_of_oid(shadow, oid) == NULL;
}

/* A row of a catalog that has an index on its OID; freed by the caller. */
static HeapTuple
row_of_oid(Oid catalog, Oid index, AttrNumber attribute, Oid oid)
{
	Relation	relation = table_open(catalog, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, attribute, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(oid));
	scan = systable_beginscan(relation, index, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return tuple;
}

/* Views depend through their rule: the view itself is meant. */
static const char *
rule_kind(MigShadow *shadow, MigDependent *dependent, MigRel *rel)
{
	HeapTuple	tuple = row_of_oid(RewriteRelationId, RewriteOidIndexId,
								   Anum_pg_rewrite_oid, dependent->objid);
	Oid			owner;
	char		kind;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	owner = ((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class;
	heap_freetuple(tuple);
	if (is_relation_gone(shadow, owner))
		return NULL;
	kind = get_rel_relkind(owner);
	if (kind != RELKIND_VIEW && kind != RELKIND_MATVIEW)
		return "rule";
	/* a view has its columns from its own rule */
	if (owner == rel->oid)
		return NULL;
	dependent->classid = RelationRelationId;
	dependent->objid = owner;
	dependent->objsubid = 0;
	return kind == RELKIND_VIEW ? "view" : "materialized view";
}

static const char *
default_kind(MigDependent *dependent, MigRel *rel, int attnum)
{
	ObjectAddress column = GetAttrDefaultColumnAddress(dependent->objid);
	MigRel	   *table;
	MigColumn  *owner;

	if (!OidIsValid(column.objectId))
		return NULL;
	table = mig_shadow_of_oid(rel->shadow, column.objectId);
	owner = table ? mig_rel_attribute(table, column.objectSubId) : NULL;
	if (owner == NULL || (table == rel && owner->attnum == attnum))
		return NULL;
	if (owner->generated == '\0')
		return table == rel ? NULL : "default";
	dependent->classid = RelationRelationId;
	dependent->objid = column.objectId;
	dependent->objsubid = column.objectSubId;
	return "generated column";
}

static const char *
constraint_kind(MigShadow *shadow, Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(oid));
	Form_pg_constraint form;
	Oid			owner;
	char		type;
	MigRel	   *table;
	ListCell   *lc;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	owner = form->conrelid;
	type = form->contype;
	ReleaseSysCache(tuple);
	if (!OidIsValid(owner))
		return "domain constraint";
	table = mig_shadow_of_oid(shadow, owner);
	if (table == NULL)
		return NULL;
	foreach(lc, mig_rel_constraints(table))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->oid == oid && constraint->dropped)
			return NULL;
	}
	return type == CONSTRAINT_FOREIGN ? "foreign key" : "constraint";
}

static const char *
relation_kind(MigShadow *shadow, Oid oid)
{
	MigRel	   *rel = mig_shadow_of_oid(shadow, oid);

	if (rel == NULL)
		return NULL;
	switch (rel->kind)
	{
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			return "index";
		case RELKIND_SEQUENCE:
			return "sequence";
		case RELKIND_TOASTVALUE:
			return NULL;
		case RELKIND_VIEW:
			return "view";
		case RELKIND_MATVIEW:
			return "materialized view";
		default:
			return "table";
	}
}

/* Has the set's latest word on a function dropped it? */
static const char *
routine_kind(MigShadow *shadow, Oid oid)
{
	char	   *name = get_func_name(oid);

	if (name == NULL)
		return NULL;
	for (int i = list_length(shadow->routines) - 1; i >= 0; i--)
	{
		MigNamed   *routine = list_nth(shadow->routines, i);

		if (strcmp(routine->name, name) == 0)
			return routine->dropped ? NULL : "function";
	}
	return "function";
}

/* Of a trigger or policy: the table's; NULL if that is gone. */
static const char *
trigger_kind(MigShadow *shadow, Oid oid)
{
	HeapTuple	tuple = row_of_oid(TriggerRelationId, TriggerOidIndexId,
								   Anum_pg_trigger_oid, oid);
	bool		counts;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	/* those of foreign keys come with them */
	counts = !((Form_pg_trigger) GETSTRUCT(tuple))->tgisinternal &&
		!is_relation_gone(shadow, ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid);
	heap_freetuple(tuple);
	return counts ? "trigger" : NULL;
}

static const char *
policy_kind(MigShadow *shadow, Oid oid)
{
	HeapTuple	tuple = row_of_oid(PolicyRelationId, PolicyOidIndexId,
								   Anum_pg_policy_oid, oid);
	bool		counts;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	counts = !is_relation_gone(shadow, ((Form_pg_policy) GETSTRUCT(tuple))->polrelid);
	heap_freetuple(tuple);
	return counts ? "policy" : NULL;
}

/* What kind of thing depends; NULL: none that counts. */
static const char *
kind_of(MigRel *rel, int attnum, MigDependent *dependent)
{
	MigShadow  *shadow = rel->shadow;

	switch (dependent->classid)
	{
		case RelationRelationId:
			return relation_kind(shadow, dependent->objid);
		case RewriteRelationId:
			return rule_kind(shadow, dependent, rel);
		case AttrDefaultRelationId:
			return default_kind(dependent, rel, attnum);
		case ConstraintRelationId:
			return constraint_kind(shadow, dependent->objid);
		case ProcedureRelationId:
			return routine_kind(shadow, dependent->objid);
		case TriggerRelationId:
			return trigger_kind(shadow, dependent->objid);
		case PolicyRelationId:
			return policy_kind(shadow, dependent->objid);
		case PublicationRelRelationId:
			return "publication";
		case StatisticExtRelationId:
			return "statistics object";
		case TypeRelationId:
			/* its own row type, and the arrays of it */
			return NULL;
		default:
			return "object";
	}
}

/*
 * An object in words, qualified whatever search_path says: "view public.v";
 * NULL: it is gone.
 */
const char *
mig_fact_object_label(const ObjectAddress *address)
{
	const char *identity = getObjectIdentity(address, true);
	const char *kind;

	if (identity == NULL)
		return NULL;
	kind = getObjectTypeDescription(address, true);
	if (strcmp(kind, "table constraint") == 0)
		kind = "constraint";
	else if (strcmp(kind, "table column") == 0)
		kind = "column";
	return psprintf("%s %s", kind, identity);
}

static bool
is_listed(List *dependents, const MigDependent *dependent)
{
	ListCell   *lc;

	foreach(lc, dependents)
	{
		MigDependent *other = lfirst(lc);

		if (other->classid == dependent->classid &&
			other->objid == dependent->objid &&
			other->objsubid == dependent->objsubid)
			return true;
	}
	return false;
}

/* One row of pg_depend. */
static List *
add_dependent(List *result, MigRel *rel, int attnum, Form_pg_depend form)
{
	MigDependent *dependent = palloc0(sizeof(MigDependent));
	ObjectAddress address;

	dependent->classid = form->classid;
	dependent->objid = form->objid;
	dependent->objsubid = form->objsubid;
	dependent->deptype = form->deptype;
	dependent->kind = kind_of(rel, attnum, dependent);
	if (dependent->kind == NULL || is_listed(result, dependent))
		return result;
	ObjectAddressSubSet(address, dependent->classid, dependent->objid,
						dependent->objsubid);
	dependent->label = mig_fact_object_label(&address);
	return dependent->label ? lappend(result, dependent) : result;
}

/* What depends on one object; attnum 0: on any part of it. */
static List *
add_dependents(List *result, MigRel *rel, Oid class, Oid oid, int attnum)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[3];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(class));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(oid));
	ScanKeyInit(&key[2], Anum_pg_depend_refobjsubid, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(attnum));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true, NULL,
							  attnum == 0 ? 2 : 3, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		result = add_dependent(result, rel, attnum,
							   (Form_pg_depend) GETSTRUCT(tuple));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

/*
 * What depends on a relation, or on one of its columns: of MigDependent, in
 * no particular order.  What the set has dropped is left out.
 */
List *
mig_fact_dependents(MigRel *rel, MigColumn *column)
{
	List	   *result = NIL;

	if (!OidIsValid(rel->oid) || (column != NULL && column->created_in != 0))
		return NIL;
	result = add_dependents(result, rel, RelationRelationId, rel->oid,
							column ? column->attnum : 0);
	if (column == NULL && OidIsValid(rel->row_type))
		result = add_dependents(result, rel, TypeRelationId, rel->row_type, 0);
	return result;
}
