/*-------------------------------------------------------------------------
 *
 * shadow_named.c
 *	  Schemas, types and routines as the statements of a set will have left
 *	  them.
 *
 * The set's own words on them are lists of notes, of which the latest holds;
 * what has no note is as the catalog has it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "shadow.h"

/* The latest note of that name; NULL: the set has nothing to do with it. */
static MigNamed *
find_note(List *notes, const char *schema, const char *name)
{
	for (int i = list_length(notes) - 1; i >= 0; i--)
	{
		MigNamed   *note = list_nth(notes, i);

		if (strcmp(note->name, name) == 0 &&
			(schema == NULL || strcmp(note->schema, schema) == 0))
			return note;
	}
	return NULL;
}

/* A new note: the current transaction has made it. */
MigNamed *
mig_shadow_note(MigShadow *shadow, List **objects, const char *schema,
				const char *name)
{
	MigNamed   *note = MemoryContextAllocZero(shadow->context,
											  sizeof(MigNamed));

	note->schema = schema ? MemoryContextStrdup(shadow->context, schema) : NULL;
	note->name = MemoryContextStrdup(shadow->context, name);
	note->transaction = shadow->transaction;
	note->arguments = -1;
	mig_shadow_append(shadow, objects, note);
	return note;
}

/*
 * Schemas
 */

/* The schema that has this name now: its name in the catalog, or NULL. */
const char *
mig_shadow_schema_was(MigShadow *shadow, const char *schema)
{
	MigNamed   *note = find_note(shadow->schemas, NULL, schema);

	if (note == NULL)
		return schema;
	return note->dropped ? NULL : note->was;
}

/* What the catalog's schema is called now; NULL: it is gone. */
const char *
mig_shadow_schema_now(MigShadow *shadow, const char *schema)
{
	for (int i = list_length(shadow->schemas) - 1; i >= 0; i--)
	{
		MigNamed   *note = list_nth(shadow->schemas, i);

		if (note->was != NULL && strcmp(note->was, schema) == 0)
			return note->dropped ? NULL : note->name;
	}
	return schema;
}

bool
mig_shadow_schema_exists(MigShadow *shadow, const char *schema)
{
	MigNamed   *note = find_note(shadow->schemas, NULL, schema);

	if (note != NULL)
		return !note->dropped;
	return strcmp(schema, "pg_temp") == 0 ||
		OidIsValid(get_namespace_oid(schema, true));
}

/* The schema of that name that the set made; NULL: it made none. */
MigNamed *
mig_shadow_schema_made(MigShadow *shadow, const char *schema)
{
	MigNamed   *note = find_note(shadow->schemas, NULL, schema);

	return note != NULL && !note->dropped && note->made ? note : NULL;
}

/*
 * Types
 */

/* The set's word on an object; without a schema, on the first of the path. */
static MigNamed *
find_on_path(MigShadow *shadow, List *notes, const char *schema,
			 const char *name)
{
	ListCell   *lc;

	if (notes == NIL)
		return NULL;
	if (schema != NULL)
		return find_note(notes, schema, name);
	foreach(lc, shadow->path)
	{
		MigNamed   *note = find_note(notes, lfirst(lc), name);

		if (note != NULL)
			return note;
	}
	return NULL;
}

/*
 * The type of that name that the set made or changed; NULL: it did neither.
 * Without a schema, names are looked up in the path.
 */
MigNamed *
mig_shadow_type_made(MigShadow *shadow, const char *schema, const char *name)
{
	MigNamed   *note = find_on_path(shadow, shadow->types, schema, name);

	return note != NULL && !note->dropped ? note : NULL;
}

/* The type that the catalog has under this name; InvalidOid: none. */
static Oid
type_in_catalog(MigShadow *shadow, const char *schema, const char *name)
{
	const char *was = mig_shadow_schema_was(shadow, schema);
	Oid			namespace = was ? get_namespace_oid(was, true) : InvalidOid;
	Oid			type;
	Oid			relation;

	if (!OidIsValid(namespace))
		return InvalidOid;
	type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
						   ObjectIdGetDatum(namespace));
	if (!OidIsValid(type))
		return InvalidOid;
	/* the type of a relation is called as the relation is */
	relation = get_typ_typrelid(type);
	if (OidIsValid(relation) &&
		mig_shadow_find_named(shadow, schema, name) == NULL)
		return InvalidOid;
	return type;
}

static bool
type_is_in_schema(MigShadow *shadow, const char *schema, const char *name)
{
	MigNamed   *note = find_note(shadow->types, schema, name);
	MigRel	   *rel;

	if (note != NULL)
		return !note->dropped;
	rel = mig_shadow_find_named(shadow, schema, name);
	if (rel != NULL)
		return rel->kind != RELKIND_INDEX &&
			rel->kind != RELKIND_PARTITIONED_INDEX &&
			rel->kind != RELKIND_SEQUENCE;
	return OidIsValid(type_in_catalog(shadow, schema, name));
}

/* Is the name one that only column definitions know? */
static bool
is_serial(const char *name)
{
	static const char *const names[] = {
		"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* table.column%TYPE */
static bool
column_type_exists(MigShadow *shadow, List *names)
{
	MigRel	   *rel;

	if (list_length(names) < 2)
		return false;
	rel = mig_shadow_find_list(shadow,
							   list_copy_head(names, list_length(names) - 1),
							   0);
	return rel != NULL && mig_rel_column(rel, strVal(llast(names))) != NULL;
}

/* Is there such a type, here or made by the set? */
bool
mig_shadow_type_exists(MigShadow *shadow, TypeName *name)
{
	int			n = list_length(name->names);
	const char *own;
	ListCell   *lc;

	if (n == 0 || n > 3)
		return OidIsValid(name->typeOid);
	if (name->pct_type)
		return column_type_exists(shadow, name->names);
	own = strVal(llast(name->names));
	if (n > 1)
		return type_is_in_schema(shadow, strVal(list_nth(name->names, n - 2)),
								 own);
	if (is_serial(own) || type_is_in_schema(shadow, "pg_temp", own))
		return true;
	foreach(lc, shadow->path)
	{
		if (type_is_in_schema(shadow, lfirst(lc), own))
			return true;
	}
	return false;
}

/* The type here that the set has not made or dropped; InvalidOid: none. */
static Oid
type_oid(MigShadow *shadow, const char *schema, const char *name)
{
	MigNamed   *note = find_note(shadow->types, schema, name);

	if (note != NULL && (note->dropped || note->made))
		return InvalidOid;
	return type_in_catalog(shadow, schema, name);
}

/* The type of that name here; InvalidOid: none, or one that the set made. */
Oid
mig_shadow_type_oid(MigShadow *shadow, TypeName *name)
{
	int			n = list_length(name->names);
	ListCell   *lc;

	if (n == 0 || n > 3 || name->pct_type)
		return InvalidOid;
	if (n > 1)
		return type_oid(shadow, strVal(list_nth(name->names, n - 2)),
						strVal(llast(name->names)));
	foreach(lc, shadow->path)
	{
		if (type_is_in_schema(shadow, lfirst(lc), strVal(llast(name->names))))
			return type_oid(shadow, lfirst(lc), strVal(llast(name->names)));
	}
	return InvalidOid;
}

/* Adds the relations of the catalog with columns of a type, or of one of it. */
static List *
add_catalog_users(MigShadow *shadow, Oid type, List *found, List **seen)
{
	Relation	catalog;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *relations = NIL;
	List	   *types = NIL;
	ListCell   *lc;

	if (!OidIsValid(type) || list_member_oid(*seen, type))
		return found;
	*seen = lappend_oid(*seen, type);
	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(TypeRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(type));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->classid == RelationRelationId && form->objsubid > 0)
			relations = lappend_oid(relations, form->objid);
		else if (form->classid == TypeRelationId)
			types = lappend_oid(types, form->objid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	foreach(lc, relations)
	{
		MigRel	   *rel = mig_shadow_of_oid(shadow, lfirst_oid(lc));

		if (rel == NULL)
			continue;
		found = list_append_unique_ptr(found, rel);
		if (rel->kind == RELKIND_COMPOSITE_TYPE)
			found = add_catalog_users(shadow, rel->row_type, found, seen);
	}
	foreach(lc, types)
		found = add_catalog_users(shadow, lfirst_oid(lc), found, seen);
	return found;
}

/* Is a column of the set defined with a type of that name? */
static bool
is_defined_with(const MigColumn *column, const char *type)
{
	return column->name != NULL && column->definition != NULL &&
		column->definition->typeName != NULL &&
		column->definition->typeName->names != NIL &&
		strcmp(strVal(llast(column->definition->typeName->names)), type) == 0;
}

/* The relations that have columns of the type, or of types made of it. */
List *
mig_shadow_type_users(MigShadow *shadow, TypeName *name)
{
	List	   *seen = NIL;
	List	   *result = add_catalog_users(shadow,
										   mig_shadow_type_oid(shadow, name),
										   NIL, &seen);
	ListCell   *lc;
	ListCell   *each;

	if (name->names == NIL)
		return NIL;
	foreach(lc, mig_shadow_relations(shadow))
	{
		foreach(each, ((MigRel *) lfirst(lc))->columns)
		{
			if (is_defined_with(lfirst(each), strVal(llast(name->names))))
				result = list_append_unique_ptr(result, lfirst(lc));
		}
	}
	return result;
}

/* The parts of a name as regclass reads it; NIL: it is none. */
List *
mig_shadow_split_name(const char *name)
{
	List	   *parts;
	List	   *result = NIL;
	ListCell   *lc;

	if (!SplitIdentifierString(pstrdup(name), '.', &parts))
		return NIL;
	foreach(lc, parts)
		result = lappend(result, makeString(pstrdup(lfirst(lc))));
	return result;
}

/*
 * Routines
 */

/* The routine of that name that the set made; NULL: it made none. */
MigNamed *
mig_shadow_routine_made(MigShadow *shadow, const char *schema, const char *name)
{
	MigNamed   *note = find_on_path(shadow, shadow->routines, schema, name);

	return note != NULL && !note->dropped ? note : NULL;
}

/* Can it be called with so many arguments? */
static bool
takes(const MigNamed *note, int nargs)
{
	return nargs < 0 || note->arguments < 0 ||
		(nargs <= note->arguments && nargs >= note->required);
}

/* Did the set drop a routine with that number of declared arguments? */
static bool
is_dropped(MigShadow *shadow, const char *schema, const char *name, int declared)
{
	ListCell   *lc;

	foreach(lc, shadow->routines)
	{
		MigNamed   *note = lfirst(lc);

		if (note->dropped && strcmp(note->name, name) == 0 &&
			strcmp(note->schema, schema) == 0 &&
			(note->arguments < 0 || note->arguments == declared))
			return true;
	}
	return false;
}

static bool
routine_is_in_catalog(MigShadow *shadow, const char *schema, const char *name,
					  int nargs)
{
	const char *was = mig_shadow_schema_was(shadow, schema);
	Oid			namespace = was ? get_namespace_oid(was, true) : InvalidOid;
	CatCList   *list;
	bool		result = false;

	if (!OidIsValid(namespace))
		return false;
	list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	for (int i = 0; i < list->n_members && !result; i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->pronamespace != namespace ||
			is_dropped(shadow, schema, name, form->pronargs))
			continue;
		result = nargs < 0 ||
			(nargs >= form->pronargs - form->pronargdefaults &&
			 nargs <= form->pronargs) ||
			(OidIsValid(form->provariadic) && nargs >= form->pronargs - 1);
	}
	ReleaseSysCacheList(list);
	return result;
}

static bool
routine_is_in_schema(MigShadow *shadow, const char *schema, const char *name,
					 int nargs)
{
	for (int i = list_length(shadow->routines) - 1; i >= 0; i--)
	{
		MigNamed   *note = list_nth(shadow->routines, i);

		if (strcmp(note->name, name) != 0 || strcmp(note->schema, schema) != 0)
			continue;
		if (!note->dropped && takes(note, nargs))
			return true;
		if (note->dropped && note->arguments < 0)
			return false;
	}
	return routine_is_in_catalog(shadow, schema, name, nargs);
}

/*
 * Is there a routine of that name, here or made by the set, that can be
 * called with so many arguments?  nargs -1: with whatever.
 */
bool
mig_shadow_routine_exists(MigShadow *shadow, List *name, int nargs)
{
	int			n = list_length(name);
	const char *own;
	ListCell   *lc;

	if (n == 0 || n > 3)
		return false;
	own = strVal(llast(name));
	if (n > 1)
		return routine_is_in_schema(shadow, strVal(list_nth(name, n - 2)), own,
									nargs);
	foreach(lc, shadow->path)
	{
		if (routine_is_in_schema(shadow, lfirst(lc), own, nargs))
			return true;
	}
	return false;
}
