/*-------------------------------------------------------------------------
 *
 * facts_cascade.c
 *	  What goes when an object is dropped with CASCADE: the walk over
 *	  pg_depend that the server would make, without its locks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "facts.h"
#include "facts_cascade.h"

/* More than this is enough to know. */
#define MAX_TARGETS	1000
#define LISTED	5

typedef struct Target
{
	ObjectAddress address;
	bool		part;			/* of something that goes anyway, or named */
} Target;

typedef struct Walk
{
	MigShadow  *shadow;
	List	   *targets;		/* of Target *, as they were found */
	Relation	depend;
} Walk;

ObjectAddress *
mig_cascade_address(Oid classid, Oid objid, int subid)
{
	ObjectAddress *address = palloc(sizeof(ObjectAddress));

	ObjectAddressSubSet(*address, classid, objid, subid);
	return address;
}

static Target *
find_target(const Walk *walk, const ObjectAddress *address)
{
	ListCell   *lc;

	foreach(lc, walk->targets)
	{
		Target	   *target = lfirst(lc);

		if (target->address.classId == address->classId &&
			target->address.objectId == address->objectId &&
			target->address.objectSubId == address->objectSubId)
			return target;
	}
	return NULL;
}

/* Has the set dropped this constraint? */
static bool
constraint_is_gone(MigShadow *shadow, Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(oid));
	Oid			table;
	MigRel	   *rel;
	ListCell   *lc;

	if (!HeapTupleIsValid(tuple))
		return true;
	table = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
	ReleaseSysCache(tuple);
	if (!OidIsValid(table))
		return false;
	rel = mig_shadow_of_oid(shadow, table);
	if (rel == NULL)
		return true;
	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->oid == oid)
			return constraint->dropped;
	}
	return true;
}

/* Has the set dropped it already? */
static bool
is_gone(MigShadow *shadow, const ObjectAddress *address)
{
	MigRel	   *rel;

	if (address->classId == ConstraintRelationId)
		return constraint_is_gone(shadow, address->objectId);
	if (address->classId != RelationRelationId)
		return false;
	rel = mig_shadow_of_oid(shadow, address->objectId);
	return rel == NULL || (address->objectSubId != 0 &&
						   mig_rel_attribute(rel, address->objectSubId) == NULL);
}

/*
 * What an object is an internal part of goes instead of it: a view instead of
 * its rule, an extension instead of its function.
 */
static ObjectAddress
owner_of(const Walk *walk, ObjectAddress address)
{
	ObjectAddress owner = address;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(address.classId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(address.objectId));
	scan = systable_beginscan(walk->depend, DependDependerIndexId, true, NULL,
							  2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->objsubid == address.objectSubId &&
			(form->deptype == DEPENDENCY_INTERNAL ||
			 form->deptype == DEPENDENCY_EXTENSION))
			ObjectAddressSubSet(owner, form->refclassid, form->refobjid,
								form->refobjsubid);
	}
	systable_endscan(scan);
	return owner;
}

static void walk_from(Walk *walk, ObjectAddress address, bool part);

/* One row of pg_depend: this object depends on one that goes. */
static void
walk_row(Walk *walk, const ObjectAddress *from, Form_pg_depend form)
{
	ObjectAddress other;
	bool		part = form->deptype != DEPENDENCY_NORMAL;

	ObjectAddressSubSet(other, form->classid, form->objid, form->objsubid);
	/* a column goes with its table */
	if (other.classId == from->classId && other.objectId == from->objectId)
		return;
	if (!part)
		other = owner_of(walk, other);
	if (!is_gone(walk->shadow, &other))
		walk_from(walk, other, part);
}

/* The same order each time: as the objects were made. */
static int
compare_rows(const ListCell *a, const ListCell *b)
{
	const FormData_pg_depend *left = lfirst(a);
	const FormData_pg_depend *right = lfirst(b);

	if (left->objid != right->objid)
		return left->objid < right->objid ? -1 : 1;
	return left->objsubid - right->objsubid;
}

/* An object that goes, and what depends on it. */
static void
walk_from(Walk *walk, ObjectAddress address, bool part)
{
	Target	   *target = find_target(walk, &address);
	int			nkeys = address.objectSubId == 0 ? 2 : 3;
	List	   *rows = NIL;
	ListCell   *lc;
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;

	if (target != NULL)
	{
		target->part = target->part || part;
		return;
	}
	if (list_length(walk->targets) >= MAX_TARGETS)
		return;
	target = palloc(sizeof(Target));
	target->address = address;
	target->part = part;
	walk->targets = lappend(walk->targets, target);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(address.classId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(address.objectId));
	ScanKeyInit(&keys[2], Anum_pg_depend_refobjsubid, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(address.objectSubId));
	scan = systable_beginscan(walk->depend, DependReferenceIndexId, true, NULL,
							  nkeys, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = palloc(sizeof(FormData_pg_depend));

		memcpy(row, GETSTRUCT(tuple), sizeof(FormData_pg_depend));
		rows = lappend(rows, row);
	}
	systable_endscan(scan);
	list_sort(rows, compare_rows);
	foreach(lc, rows)
		walk_row(walk, &address, lfirst(lc));
}

/*
 * What was found, in words and as SQL
 */

static const char *
drop_relation(const MigRel *rel)
{
	const char *name = quote_qualified_identifier(rel->schema, rel->name);

	switch (rel->kind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
			return psprintf("DROP TABLE %s;", name);
		case RELKIND_VIEW:
			return psprintf("DROP VIEW %s;", name);
		case RELKIND_MATVIEW:
			return psprintf("DROP MATERIALIZED VIEW %s;", name);
		case RELKIND_FOREIGN_TABLE:
			return psprintf("DROP FOREIGN TABLE %s;", name);
		case RELKIND_SEQUENCE:
			return psprintf("DROP SEQUENCE %s;", name);
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			return psprintf("DROP INDEX %s;", name);
		case RELKIND_COMPOSITE_TYPE:
			return psprintf("DROP TYPE %s;", name);
		default:
			return NULL;
	}
}

/* ALTER TABLE of the relation. */
static const char *
alter_relation(MigShadow *shadow, Oid oid, const char *action, const char *name,
			   const char *after)
{
	MigRel	   *rel = mig_shadow_of_oid(shadow, oid);

	if (rel == NULL || name == NULL)
		return NULL;
	return psprintf("ALTER TABLE %s %s %s%s;",
					quote_qualified_identifier(rel->schema, rel->name), action,
					quote_identifier(name), after);
}

static const char *
drop_constraint(MigShadow *shadow, Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(oid));
	Form_pg_constraint form;
	const char *result = NULL;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (OidIsValid(form->conrelid))
		result = alter_relation(shadow, form->conrelid, "DROP CONSTRAINT",
								NameStr(form->conname), "");
	ReleaseSysCache(tuple);
	return result;
}

/* SQL that drops an object alone. */
static const char *
drop_of(MigShadow *shadow, const ObjectAddress *address, const char *identity)
{
	ObjectAddress column;

	switch (address->classId)
	{
		case RelationRelationId:
			return alter_relation(shadow, address->objectId, "DROP COLUMN",
								  get_attname(address->objectId,
											  address->objectSubId, true), "");
		case ConstraintRelationId:
			return drop_constraint(shadow, address->objectId);
		case AttrDefaultRelationId:
			column = GetAttrDefaultColumnAddress(address->objectId);
			return alter_relation(shadow, column.objectId, "ALTER COLUMN",
								  get_attname(column.objectId,
											  column.objectSubId, true),
								  " DROP DEFAULT");
		case ProcedureRelationId:
			return psprintf("DROP ROUTINE %s;", identity);
		case TriggerRelationId:
			return psprintf("DROP TRIGGER %s;", identity);
		case PolicyRelationId:
			return psprintf("DROP POLICY %s;", identity);
		case RewriteRelationId:
			return psprintf("DROP RULE %s;", identity);
		case TypeRelationId:
			return psprintf("DROP TYPE %s;", identity);
		default:
			return NULL;
	}
}

/* A relation that goes. */
static MigLost *
lost_relation(MigRel *rel)
{
	static const struct
	{
		char		kind;
		const char *word;
	}			words[] = {
		{RELKIND_RELATION, "table"},
		{RELKIND_PARTITIONED_TABLE, "table"},
		{RELKIND_FOREIGN_TABLE, "foreign table"},
		{RELKIND_VIEW, "view"},
		{RELKIND_MATVIEW, "materialized view"},
		{RELKIND_SEQUENCE, "sequence"},
		{RELKIND_INDEX, "index"},
		{RELKIND_PARTITIONED_INDEX, "index"},
		{RELKIND_COMPOSITE_TYPE, "type"},
	};
	MigLost    *lost = palloc0(sizeof(MigLost));
	const char *word = "relation";

	for (int i = 0; i < lengthof(words); i++)
	{
		if (words[i].kind == rel->kind)
			word = words[i].word;
	}
	lost->rel = rel;
	lost->classid = RelationRelationId;
	lost->label = psprintf("%s %s", word, mig_rel_label(rel));
	lost->drop = drop_relation(rel);
	return lost;
}

/* A constraint that the set made. */
static MigLost *
lost_key(const MigForeignKey *key)
{
	MigLost    *lost = palloc0(sizeof(MigLost));

	lost->classid = ConstraintRelationId;
	lost->label = psprintf("constraint %s on %s",
						   quote_identifier(key->constraint->name),
						   mig_rel_label(key->table));
	lost->drop = psprintf("ALTER TABLE %s DROP CONSTRAINT %s;",
						  quote_qualified_identifier(key->table->schema,
													 key->table->name),
						  quote_identifier(key->constraint->name));
	return lost;
}

/* An object that goes; NULL: somebody else has dropped it. */
static MigLost *
lost_object(MigShadow *shadow, const ObjectAddress *address)
{
	const char *label;
	MigLost    *lost;

	if (address->classId == RelationRelationId && address->objectSubId == 0)
		return lost_relation(mig_shadow_of_oid(shadow, address->objectId));
	label = mig_fact_object_label(address);
	if (label == NULL)
		return NULL;
	lost = palloc0(sizeof(MigLost));
	lost->classid = address->classId;
	lost->label = label;
	lost->drop = drop_of(shadow, address, getObjectIdentity(address, false));
	return lost;
}

/* Is it a column of a relation that goes anyway? */
static bool
goes_with_its_table(const Walk *walk, const ObjectAddress *address)
{
	ObjectAddress table = *address;

	if (address->classId != RelationRelationId || address->objectSubId == 0)
		return false;
	table.objectSubId = 0;
	return find_target(walk, &table) != NULL;
}

/* Foreign keys and views that the set made. */
static List *
lost_of_the_set(List *lost, List *rels)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, rels)
	{
		foreach(each, mig_rel_referencing(lfirst(lc)))
		{
			MigForeignKey *key = lfirst(each);

			if (!OidIsValid(key->constraint->oid) &&
				key->constraint->name != NULL &&
				!list_member_ptr(rels, key->table))
				lost = lappend(lost, lost_key(key));
		}
	}
	return lost;
}

/*
 * What CASCADE would drop besides the objects themselves: of MigLost *.
 * 'addresses' are those of the catalog, of ObjectAddress *; 'rels' are the
 * relations among them, those that the set makes too.
 */
List *
mig_cascade_of(MigShadow *shadow, List *addresses, List *rels)
{
	Walk		walk = {.shadow = shadow};
	List	   *result = NIL;
	ListCell   *lc;

	walk.depend = table_open(DependRelationId, AccessShareLock);
	foreach(lc, addresses)
		walk_from(&walk, *(ObjectAddress *) lfirst(lc), true);
	foreach(lc, rels)
	{
		MigRel	   *rel = lfirst(lc);

		if (OidIsValid(rel->oid))
			walk_from(&walk, *mig_cascade_address(RelationRelationId, rel->oid, 0),
					  true);
	}
	table_close(walk.depend, AccessShareLock);
	foreach(lc, walk.targets)
	{
		Target	   *target = lfirst(lc);
		MigLost    *lost;

		if (target->part || goes_with_its_table(&walk, &target->address))
			continue;
		lost = lost_object(shadow, &target->address);
		if (lost != NULL)
			result = lappend(result, lost);
	}
	return lost_of_the_set(result, rels);
}

/* "view public.v, constraint c on public.t and 3 more" */
const char *
mig_cascade_text(List *lost)
{
	StringInfoData result;
	int			n = list_length(lost);
	ListCell   *lc;

	initStringInfo(&result);
	foreach(lc, lost)
	{
		int			i = foreach_current_index(lc);

		if (i == LISTED && n > LISTED + 1)
		{
			appendStringInfo(&result, " and %d more", n - i);
			break;
		}
		appendStringInfo(&result, "%s%s",
						 i == 0 ? "" : i == n - 1 ? " and " : ", ",
						 ((MigLost *) lfirst(lc))->label);
	}
	return result.data;
}

/* SQL that drops all of it, what depends on others first; NULL: not known. */
char *
mig_cascade_drops(List *lost)
{
	StringInfoData result;

	if (list_length(lost) >= MAX_TARGETS)
		return NULL;
	initStringInfo(&result);
	for (int i = list_length(lost) - 1; i >= 0; i--)
	{
		MigLost    *one = list_nth(lost, i);

		if (one->drop == NULL)
			return NULL;
		appendStringInfo(&result, "%s\n", one->drop);
	}
	return result.data;
}

/*
 * Users of a type
 */

/* Adds the tables that have a column of the type, or of one based on it. */
static void
add_tables(MigShadow *shadow, Relation depend, Oid type, List **result)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(TypeRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(type));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		MigRel	   *rel;

		if (form->classid == TypeRelationId &&
			get_typtype(form->objid) == TYPTYPE_DOMAIN)
			add_tables(shadow, depend, form->objid, result);
		if (form->classid != RelationRelationId || form->objsubid == 0)
			continue;
		rel = mig_shadow_of_oid(shadow, form->objid);
		if (rel != NULL && mig_rel_attribute(rel, form->objsubid) != NULL)
			*result = list_append_unique_ptr(*result, rel);
	}
	systable_endscan(scan);
}

static int
compare_relations(const ListCell *a, const ListCell *b)
{
	return strcmp(mig_rel_label(lfirst(a)), mig_rel_label(lfirst(b)));
}

/* The tables that have a column of this type or of a domain over it. */
List *
mig_cascade_tables_of_type(MigShadow *shadow, Oid type)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	List	   *result = NIL;

	add_tables(shadow, depend, type, &result);
	list_sort(result, compare_relations);
	table_close(depend, AccessShareLock);
	return result;
}
