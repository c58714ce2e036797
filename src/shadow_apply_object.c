/*-------------------------------------------------------------------------
 *
 * shadow_apply_object.c
 *	  The shadow after statements on objects of all kinds: dropping, renaming,
 *	  moving them; types, routines, rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "shadow_change.h"
#include "shadow_make.h"
#include "shadow_query.h"

/*
 * Names
 */

/* The parts of a name; false: it has too many, or none. */
static bool
split_name(List *names, const char **schema, const char **name)
{
	int			n = list_length(names);

	if (n < 1 || n > 3 || !IsA(llast(names), String))
		return false;
	*name = strVal(llast(names));
	*schema = n > 1 ? strVal(list_nth(names, n - 2)) : NULL;
	return true;
}

/* The schema in which an object of that name is made. */
static const char *
schema_for(MigShadow *shadow, const char *schema)
{
	RangeVar	none = {0};

	if (schema != NULL)
		return schema;
	return mig_shadow_creation_schema(shadow, &none);
}

/* The schema in which there is such a type; where it would be, if there is none. */
static const char *
schema_of_type(MigShadow *shadow, const char *schema, const char *name)
{
	ListCell   *lc;

	if (schema != NULL)
		return schema;
	foreach(lc, shadow->path)
	{
		TypeName	type = {0};

		type.names = list_make2(makeString(lfirst(lc)),
								makeString(pstrdup(name)));
		if (mig_shadow_type_exists(shadow, &type))
			return lfirst(lc);
	}
	return schema_for(shadow, NULL);
}

/* The same for routines. */
static const char *
schema_of_routine(MigShadow *shadow, const char *schema, const char *name)
{
	ListCell   *lc;

	if (schema != NULL)
		return schema;
	foreach(lc, shadow->path)
	{
		if (mig_shadow_routine_exists(shadow,
									  list_make2(makeString(lfirst(lc)),
												 makeString(pstrdup(name))),
									  -1))
			return lfirst(lc);
	}
	return schema_for(shadow, NULL);
}

/* The latest note of an object, whatever it says. */
static MigNamed *
latest(List *notes, const char *schema, const char *name)
{
	for (int i = list_length(notes) - 1; i >= 0; i--)
	{
		MigNamed   *note = list_nth(notes, i);

		if (strcmp(note->name, name) == 0 && strcmp(note->schema, schema) == 0)
			return note;
	}
	return NULL;
}

/*
 * Types
 */

/* Keeps what the set knows of a type, and says who changed it last. */
static MigNamed *
change_type(MigShadow *shadow, List *names, Node *stmt)
{
	const char *schema;
	const char *name;
	MigNamed   *before;
	MigNamed   *note;

	if (!split_name(names, &schema, &name))
		return NULL;
	schema = schema_of_type(shadow, schema, name);
	before = latest(shadow->types, schema, name);
	note = mig_shadow_note(shadow, &shadow->types, schema, name);
	note->stmt = mig_shadow_keep(shadow, stmt);
	if (before != NULL && !before->dropped)
	{
		note->made = before->made;
		note->added = before->added;
	}
	return note;
}

static void
make_type(MigShadow *shadow, List *names, Node *stmt)
{
	const char *schema;
	const char *name;
	MigNamed   *note;

	if (!split_name(names, &schema, &name))
		return;
	note = mig_shadow_note(shadow, &shadow->types, schema_for(shadow, schema),
						   name);
	note->made = true;
	note->stmt = mig_shadow_keep(shadow, stmt);
}

/* ALTER TYPE ... ADD VALUE or RENAME VALUE */
static void
alter_enum(MigShadow *shadow, AlterEnumStmt *stmt)
{
	MigNamed   *note = change_type(shadow, stmt->typeName, (Node *) stmt);
	MigAddedValue *value;

	if (note == NULL || stmt->newVal == NULL || stmt->oldVal != NULL)
		return;
	value = MemoryContextAlloc(shadow->context, sizeof(MigAddedValue));
	value->value = MemoryContextStrdup(shadow->context, stmt->newVal);
	value->transaction = shadow->transaction;
	mig_shadow_append(shadow, &note->added, value);
}

/* CREATE TYPE, CREATE DOMAIN, and what changes them. */
void
mig_apply_type(MigShadow *shadow, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_DefineStmt:
			if (((DefineStmt *) stmt)->kind == OBJECT_TYPE)
				make_type(shadow, ((DefineStmt *) stmt)->defnames, stmt);
			break;
		case T_CreateEnumStmt:
			make_type(shadow, ((CreateEnumStmt *) stmt)->typeName, stmt);
			break;
		case T_CreateRangeStmt:
			make_type(shadow, ((CreateRangeStmt *) stmt)->typeName, stmt);
			break;
		case T_CreateDomainStmt:
			make_type(shadow, ((CreateDomainStmt *) stmt)->domainname, stmt);
			break;
		case T_AlterEnumStmt:
			alter_enum(shadow, (AlterEnumStmt *) stmt);
			break;
		case T_AlterDomainStmt:
			change_type(shadow, ((AlterDomainStmt *) stmt)->typeName, stmt);
			break;
		default:
			break;
	}
}

/* Columns of a type that goes. */
static void
drop_columns_of_type(MigShadow *shadow, TypeName *name)
{
	Oid			type = mig_shadow_type_oid(shadow, name);
	Oid			array = OidIsValid(type) ? get_array_type(type) : InvalidOid;
	const char *wanted = strVal(llast(name->names));
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, mig_shadow_type_users(shadow, name))
	{
		foreach(each, mig_rel_columns(lfirst(lc)))
		{
			MigColumn  *column = lfirst(each);
			TypeName   *own = column->definition ?
				column->definition->typeName : NULL;

			if (column->name != NULL &&
				((OidIsValid(type) && column->type == type) ||
				 (OidIsValid(array) && column->type == array) ||
				 (own != NULL && own->names != NIL &&
				  strcmp(strVal(llast(own->names)), wanted) == 0)))
				mig_drop_column(lfirst(lc), column, true);
		}
	}
}

static void
drop_type(MigShadow *shadow, TypeName *type, bool cascade)
{
	const char *schema;
	const char *name;
	MigRel	   *rel;
	MigNamed   *note;

	if (!IsA(type, TypeName) || !split_name(type->names, &schema, &name) ||
		!mig_shadow_type_exists(shadow, type))
		return;
	schema = schema_of_type(shadow, schema, name);
	rel = mig_shadow_find_named(shadow, schema, name);
	if (rel != NULL)
	{
		mig_drop_relation(rel, cascade);
		return;
	}
	if (cascade)
		drop_columns_of_type(shadow, type);
	note = mig_shadow_note(shadow, &shadow->types, schema, name);
	note->dropped = true;
}

/* A type under another name, or in another schema; NULL: as it was. */
static void
move_type(MigShadow *shadow, List *names, const char *new_schema,
		  const char *new_name)
{
	const char *schema;
	const char *name;
	MigRel	   *rel;
	MigNamed   *before;
	MigNamed   *note;

	if (!split_name(names, &schema, &name))
		return;
	schema = schema_of_type(shadow, schema, name);
	rel = mig_shadow_find_named(shadow, schema, name);
	if (rel != NULL)
	{
		mig_shadow_move(rel, new_schema, new_name);
		return;
	}
	before = latest(shadow->types, schema, name);
	note = mig_shadow_note(shadow, &shadow->types,
						   new_schema ? new_schema : schema,
						   new_name ? new_name : name);
	if (before != NULL)
	{
		note->made = before->made;
		note->stmt = before->stmt;
		note->added = before->added;
	}
	mig_shadow_note(shadow, &shadow->types, schema, name)->dropped = true;
}

/*
 * Routines
 */

/* How many arguments it takes, and how many of them it must be given. */
static void
count_arguments(List *parameters, MigNamed *note)
{
	ListCell   *lc;
	bool		variadic = false;

	note->arguments = note->required = 0;
	foreach(lc, parameters)
	{
		FunctionParameter *parameter = lfirst_node(FunctionParameter, lc);

		if (parameter->mode == FUNC_PARAM_TABLE ||
			parameter->mode == FUNC_PARAM_OUT)
			continue;
		note->arguments++;
		if (parameter->defexpr == NULL)
			note->required++;
		variadic |= parameter->mode == FUNC_PARAM_VARIADIC;
	}
	if (variadic)
		note->arguments = -1;
}

/* CREATE FUNCTION, CREATE PROCEDURE */
void
mig_apply_routine(MigShadow *shadow, CreateFunctionStmt *stmt)
{
	const char *schema;
	const char *name;
	MigNamed   *note;

	if (!split_name(stmt->funcname, &schema, &name))
		return;
	note = mig_shadow_note(shadow, &shadow->routines,
						   schema_for(shadow, schema), name);
	note->made = true;
	count_arguments(stmt->parameters, note);
	note->stmt = mig_shadow_keep(shadow, stmt);
}

/* CREATE AGGREGATE */
static void
make_aggregate(MigShadow *shadow, DefineStmt *stmt)
{
	const char *schema;
	const char *name;

	if (split_name(stmt->defnames, &schema, &name))
		mig_shadow_note(shadow, &shadow->routines, schema_for(shadow, schema),
						name)->made = true;
}

/* The notes that a signature is of. */
static bool
is_meant(const MigNamed *note, const char *schema, const char *name,
		 const ObjectWithArgs *object)
{
	return strcmp(note->name, name) == 0 && strcmp(note->schema, schema) == 0 &&
		(object->args_unspecified || note->arguments < 0 ||
		 note->arguments == list_length(object->objargs));
}

static void
drop_routine(MigShadow *shadow, ObjectWithArgs *object)
{
	const char *schema;
	const char *name;
	MigNamed   *note;
	ListCell   *lc;

	if (!IsA(object, ObjectWithArgs) ||
		!split_name(object->objname, &schema, &name))
		return;
	schema = schema_of_routine(shadow, schema, name);
	foreach(lc, shadow->routines)
	{
		note = lfirst(lc);
		if (is_meant(note, schema, name, object))
			note->dropped = true;
	}
	note = mig_shadow_note(shadow, &shadow->routines, schema, name);
	note->dropped = true;
	note->arguments = object->args_unspecified ? -1 :
		list_length(object->objargs);
}

static void
move_routine(MigShadow *shadow, ObjectWithArgs *object, const char *new_schema,
			 const char *new_name)
{
	const char *schema;
	const char *name;
	MigNamed   *note;
	MigNamed   *before = NULL;
	ListCell   *lc;

	if (!IsA(object, ObjectWithArgs) ||
		!split_name(object->objname, &schema, &name))
		return;
	schema = schema_of_routine(shadow, schema, name);
	foreach(lc, shadow->routines)
	{
		note = lfirst(lc);
		if (!note->dropped && is_meant(note, schema, name, object))
			before = note;
	}
	drop_routine(shadow, object);
	note = mig_shadow_note(shadow, &shadow->routines,
						   new_schema ? new_schema : schema,
						   new_name ? new_name : name);
	note->made = before ? before->made : false;
	note->stmt = before ? before->stmt : NULL;
	note->arguments = before ? before->arguments : -1;
	note->required = before ? before->required : 0;
}

/*
 * Dropping
 */

static void
drop_index(MigRel *rel)
{
	mig_drop_relation(rel, false);
}

static void
drop_relations(MigShadow *shadow, DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		MigRel	   *rel = mig_shadow_find_list(shadow, lfirst_node(List, lc), 0);

		if (rel == NULL)
			continue;
		if (stmt->removeType == OBJECT_INDEX)
			drop_index(rel);
		else
			mig_drop_relation(rel, stmt->behavior == DROP_CASCADE);
	}
}

/* DROP */
void
mig_apply_drop(MigShadow *shadow, DropStmt *stmt)
{
	ListCell   *lc;

	switch (stmt->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_INDEX:
			drop_relations(shadow, stmt);
			break;
		case OBJECT_TYPE:
		case OBJECT_DOMAIN:
			foreach(lc, stmt->objects)
				drop_type(shadow, lfirst(lc), stmt->behavior == DROP_CASCADE);
			break;
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_AGGREGATE:
			foreach(lc, stmt->objects)
				drop_routine(shadow, lfirst(lc));
			break;
		case OBJECT_SCHEMA:
			foreach(lc, stmt->objects)
				mig_drop_schema(shadow, strVal(lfirst(lc)));
			break;
		default:
			break;
	}
}

/*
 * Renaming and moving
 */

static void
rename_schema(MigShadow *shadow, const char *name, const char *new_name)
{
	const char *was = mig_shadow_schema_was(shadow, name);
	MigNamed   *before = mig_shadow_schema_made(shadow, name);
	MigNamed   *note;
	List	   *relations = mig_shadow_relations(shadow);
	ListCell   *lc;

	if (!mig_shadow_schema_exists(shadow, name))
		return;
	note = mig_shadow_note(shadow, &shadow->schemas, NULL, new_name);
	note->was = was ? MemoryContextStrdup(shadow->context, was) : NULL;
	note->made = before != NULL;
	mig_shadow_note(shadow, &shadow->schemas, NULL, name)->dropped = true;
	foreach(lc, relations)
	{
		MigRel	   *rel = lfirst(lc);

		if (strcmp(rel->schema, name) == 0)
			mig_shadow_move(rel, new_name, NULL);
	}
	foreach(lc, list_concat_copy(shadow->types, shadow->routines))
	{
		note = lfirst(lc);
		if (strcmp(note->schema, name) == 0)
			note->schema = MemoryContextStrdup(shadow->context, new_name);
	}
}

static MigRel *
renamed_relation(MigShadow *shadow, RenameStmt *stmt)
{
	return stmt->relation ? mig_shadow_find(shadow, stmt->relation, 0) : NULL;
}

/* The index of a constraint has its name. */
static void
rename_relation(MigRel *rel, const char *name)
{
	ListCell   *lc;

	if (mig_shadow_find_named(rel->shadow, rel->schema, name) != NULL)
		return;
	mig_shadow_move(rel, NULL, name);
	if (rel->index == NULL || !rel->index->constraint ||
		rel->index->table == NULL)
		return;
	foreach(lc, mig_rel_constraints(rel->index->table))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->index == rel)
			constraint->name = rel->name;
	}
}

/* ALTER ... RENAME */
void
mig_apply_rename(MigShadow *shadow, RenameStmt *stmt)
{
	MigRel	   *rel;

	switch (stmt->renameType)
	{
		case OBJECT_TABLE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_INDEX:
			rel = renamed_relation(shadow, stmt);
			if (rel != NULL)
				rename_relation(rel, stmt->newname);
			break;
		case OBJECT_COLUMN:
		case OBJECT_ATTRIBUTE:
			rel = renamed_relation(shadow, stmt);
			if (rel != NULL)
				mig_apply_rename_column(rel, stmt);
			break;
		case OBJECT_TABCONSTRAINT:
			rel = renamed_relation(shadow, stmt);
			if (rel != NULL)
				mig_apply_rename_constraint(rel, stmt);
			break;
		case OBJECT_TYPE:
		case OBJECT_DOMAIN:
			if (stmt->object != NULL && IsA(stmt->object, List))
				move_type(shadow, (List *) stmt->object, NULL, stmt->newname);
			break;
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_AGGREGATE:
			move_routine(shadow, (ObjectWithArgs *) stmt->object, NULL,
						 stmt->newname);
			break;
		case OBJECT_SCHEMA:
			rename_schema(shadow, stmt->subname, stmt->newname);
			break;
		default:
			break;
	}
}

/* A relation, and what goes along with it. */
static void
move_relation(MigRel *rel, const char *schema)
{
	List	   *along = list_concat(mig_rel_indexes(rel),
									mig_rel_owned_sequences(rel));
	ListCell   *lc;

	mig_shadow_move(rel, schema, NULL);
	foreach(lc, along)
		mig_shadow_move(lfirst(lc), schema, NULL);
}

/* ALTER ... SET SCHEMA */
void
mig_apply_set_schema(MigShadow *shadow, AlterObjectSchemaStmt *stmt)
{
	MigRel	   *rel;

	switch (stmt->objectType)
	{
		case OBJECT_TABLE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
			rel = stmt->relation ? mig_shadow_find(shadow, stmt->relation, 0) :
				NULL;
			if (rel != NULL)
				move_relation(rel, stmt->newschema);
			break;
		case OBJECT_TYPE:
		case OBJECT_DOMAIN:
			if (stmt->object != NULL && IsA(stmt->object, List))
				move_type(shadow, (List *) stmt->object, stmt->newschema, NULL);
			break;
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_AGGREGATE:
			move_routine(shadow, (ObjectWithArgs *) stmt->object,
						 stmt->newschema, NULL);
			break;
		default:
			break;
	}
}

/*
 * Rows
 */

/* It has rows from now on. */
static void
fill(MigRel *rel)
{
	ListCell   *lc;

	rel->filled = true;
	/* which of the partitions get them, nobody knows */
	if (rel->kind == RELKIND_PARTITIONED_TABLE)
	{
		foreach(lc, mig_rel_children(rel, true))
			((MigRel *) lfirst(lc))->filled = true;
	}
}

static void
empty(MigRel *rel)
{
	rel->filled = false;
	rel->size_read = true;
	rel->bytes = 0;
	rel->rows = 0;
}

static void
truncate(MigShadow *shadow, TruncateStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, mig_shadow_truncated(shadow, stmt))
	{
		if (!((MigRel *) lfirst(lc))->assumed)
			empty(lfirst(lc));
	}
}

/* INSERT and the like, and WITH queries that change rows. */
static void
fill_targets(MigShadow *shadow, Node *stmt)
{
	ListCell   *lc;

	foreach(lc, mig_query_read(stmt)->relations)
	{
		MigQueryRelation *relation = lfirst(lc);
		MigRel	   *rel;

		if (!relation->target)
			continue;
		rel = mig_shadow_find(shadow, relation->name, 0);
		if (rel != NULL)
			fill(rel);
	}
}

/* Does the statement change rows at all? */
static bool
may_fill(Node *stmt)
{
	return !IsA(stmt, SelectStmt) ||
		((SelectStmt *) stmt)->withClause != NULL;
}

/* Statements on rows, and REFRESH. */
void
mig_apply_data(MigShadow *shadow, Node *stmt)
{
	MigRel	   *rel;

	switch (nodeTag(stmt))
	{
		case T_TruncateStmt:
			truncate(shadow, (TruncateStmt *) stmt);
			break;
		case T_CopyStmt:
			if (!((CopyStmt *) stmt)->is_from ||
				((CopyStmt *) stmt)->relation == NULL)
				break;
			rel = mig_shadow_find(shadow, ((CopyStmt *) stmt)->relation, 0);
			if (rel != NULL)
				fill(rel);
			break;
		case T_RefreshMatViewStmt:
			rel = mig_shadow_find(shadow,
								  ((RefreshMatViewStmt *) stmt)->relation,
								  RELKIND_MATVIEW);
			if (rel == NULL)
				break;
			rel->populated = !((RefreshMatViewStmt *) stmt)->skipData;
			rel->filled = rel->populated;
			break;
		case T_DefineStmt:
			if (((DefineStmt *) stmt)->kind == OBJECT_AGGREGATE)
				make_aggregate(shadow, (DefineStmt *) stmt);
			break;
		default:
			if (may_fill(stmt))
				fill_targets(shadow, stmt);
	}
}
