/*-------------------------------------------------------------------------
 *
 * shadow_apply.c
 *	  The shadow after a statement: which module knows.
 *
 * What a statement names and is not there is passed over: there is a rule for
 * it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"

#include "shadow_change.h"

/* CREATE SCHEMA, with what it makes in it. */
static void
create_schema(MigShadow *shadow, CreateSchemaStmt *stmt)
{
	const char *name = stmt->schemaname;
	MigNamed   *note;
	List	   *path = shadow->path;
	ListCell   *lc;

	if (name == NULL && stmt->authrole != NULL &&
		stmt->authrole->roletype == ROLESPEC_CSTRING)
		name = stmt->authrole->rolename;
	if (name == NULL)
		return;
	if (!mig_shadow_schema_exists(shadow, name))
	{
		note = mig_shadow_note(shadow, &shadow->schemas, NULL, name);
		note->made = true;
		note->stmt = mig_shadow_keep(shadow, stmt);
	}
	shadow->path = lcons((char *) name, list_copy(path));
	foreach(lc, stmt->schemaElts)
		mig_shadow_apply(shadow, lfirst(lc));
	shadow->path = path;
}

static char
view_kind(ObjectType type)
{
	return type == OBJECT_MATVIEW ? RELKIND_MATVIEW : RELKIND_RELATION;
}

static void
create_as(MigShadow *shadow, CreateTableAsStmt *stmt)
{
	mig_apply_create_as(shadow, stmt->query, stmt->into,
						view_kind(stmt->objtype) == RELKIND_MATVIEW);
}

static void
select_statement(MigShadow *shadow, SelectStmt *stmt)
{
	SelectStmt *leftmost = stmt;

	/* INTO of a set operation is in its first query */
	while (leftmost->larg != NULL)
		leftmost = leftmost->larg;
	if (leftmost->intoClause != NULL)
		mig_apply_create_as(shadow, (Node *) stmt, leftmost->intoClause, false);
	mig_shadow_apply_set_config(shadow, stmt);
	mig_apply_data(shadow, (Node *) stmt);
}

static void
alter_sequence(MigShadow *shadow, AlterSeqStmt *stmt)
{
	MigRel	   *rel = mig_shadow_find(shadow, stmt->sequence, RELKIND_SEQUENCE);

	if (rel != NULL)
		mig_apply_owned_by(rel, stmt->options);
}

static void
create_trigger(MigShadow *shadow, CreateTrigStmt *stmt)
{
	MigRel	   *rel = mig_shadow_find(shadow, stmt->relation, RELKIND_RELATION);

	if (rel != NULL)
		rel->triggers = true;
}

/* Statements that make or alter relations of one kind each. */
static bool
apply_to_relation(MigShadow *shadow, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			mig_apply_create_table(shadow, (CreateStmt *) stmt,
								   RELKIND_RELATION);
			return true;
		case T_CreateForeignTableStmt:
			mig_apply_create_table(shadow,
								   &((CreateForeignTableStmt *) stmt)->base,
								   RELKIND_FOREIGN_TABLE);
			return true;
		case T_CreateTableAsStmt:
			create_as(shadow, (CreateTableAsStmt *) stmt);
			return true;
		case T_ViewStmt:
			mig_apply_view(shadow, (ViewStmt *) stmt);
			return true;
		case T_CreateSeqStmt:
			mig_apply_create_sequence(shadow, (CreateSeqStmt *) stmt);
			return true;
		case T_AlterSeqStmt:
			alter_sequence(shadow, (AlterSeqStmt *) stmt);
			return true;
		case T_IndexStmt:
			mig_apply_create_index(shadow, (IndexStmt *) stmt);
			return true;
		case T_CompositeTypeStmt:
			mig_apply_composite(shadow, (CompositeTypeStmt *) stmt);
			return true;
		case T_AlterTableStmt:
			mig_apply_alter_table(shadow, (AlterTableStmt *) stmt);
			return true;
		case T_CreateTrigStmt:
			create_trigger(shadow, (CreateTrigStmt *) stmt);
			return true;
		default:
			return false;
	}
}

/* The shadow as the statement leaves it. */
void
mig_shadow_apply(MigShadow *shadow, Node *stmt)
{
	shadow->altering = NULL;
	if (apply_to_relation(shadow, stmt))
		return;
	switch (nodeTag(stmt))
	{
		case T_DropStmt:
			mig_apply_drop(shadow, (DropStmt *) stmt);
			break;
		case T_RenameStmt:
			mig_apply_rename(shadow, (RenameStmt *) stmt);
			break;
		case T_AlterObjectSchemaStmt:
			mig_apply_set_schema(shadow, (AlterObjectSchemaStmt *) stmt);
			break;
		case T_CreateSchemaStmt:
			create_schema(shadow, (CreateSchemaStmt *) stmt);
			break;
		case T_DefineStmt:
			mig_apply_type(shadow, stmt);
			mig_apply_data(shadow, stmt);
			break;
		case T_CreateEnumStmt:
		case T_CreateRangeStmt:
		case T_CreateDomainStmt:
		case T_AlterEnumStmt:
		case T_AlterDomainStmt:
			mig_apply_type(shadow, stmt);
			break;
		case T_CreateFunctionStmt:
			mig_apply_routine(shadow, (CreateFunctionStmt *) stmt);
			break;
		case T_VariableSetStmt:
			mig_shadow_apply_set(shadow, (VariableSetStmt *) stmt);
			break;
		case T_SelectStmt:
			select_statement(shadow, (SelectStmt *) stmt);
			break;
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
		case T_CopyStmt:
		case T_TruncateStmt:
		case T_RefreshMatViewStmt:
			mig_apply_data(shadow, stmt);
			break;
		default:
			break;
	}
}
