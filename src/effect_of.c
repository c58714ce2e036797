/*-------------------------------------------------------------------------
 *
 * effect_of.c
 *	  What a statement would do to relations: which module knows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "effect_kinds.h"

static void add_effect(MigShadow *shadow, Node *stmt, MigEffect *effect);

/* INTO of a set operation is in its first query. */
static void
select_effect(MigShadow *shadow, SelectStmt *stmt, MigEffect *effect)
{
	SelectStmt *leftmost = stmt;

	while (leftmost->larg != NULL)
		leftmost = leftmost->larg;
	if (leftmost->intoClause != NULL)
		mig_effect_create_as(shadow, (Node *) stmt, leftmost->intoClause,
							 effect);
	else
		mig_effect_query(shadow, (Node *) stmt, true, effect);
}

/* Statements that make relations, or drop or empty them. */
static bool
definition_effect(MigShadow *shadow, Node *stmt, MigEffect *effect)
{
	ListCell   *lc;

	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			mig_effect_alter_table(shadow, (AlterTableStmt *) stmt, effect);
			return true;
		case T_CreateStmt:
			mig_effect_create_table(shadow, (CreateStmt *) stmt, effect);
			return true;
		case T_CreateForeignTableStmt:
			mig_effect_create_table(shadow,
									&((CreateForeignTableStmt *) stmt)->base,
									effect);
			return true;
		case T_CreateTableAsStmt:
			mig_effect_create_as(shadow, ((CreateTableAsStmt *) stmt)->query,
								 ((CreateTableAsStmt *) stmt)->into, effect);
			return true;
		case T_ViewStmt:
			mig_effect_view(shadow, (ViewStmt *) stmt, effect);
			return true;
		case T_IndexStmt:
			mig_effect_create_index(shadow, (IndexStmt *) stmt, effect);
			return true;
		case T_DropStmt:
			mig_effect_drop(shadow, (DropStmt *) stmt, effect);
			return true;
		case T_TruncateStmt:
			mig_effect_truncate(shadow, (TruncateStmt *) stmt, effect);
			return true;
		case T_CreateSchemaStmt:
			foreach(lc, ((CreateSchemaStmt *) stmt)->schemaElts)
				add_effect(shadow, lfirst(lc), effect);
			return true;
		default:
			return false;
	}
}

static void
add_effect(MigShadow *shadow, Node *stmt, MigEffect *effect)
{
	if (definition_effect(shadow, stmt, effect))
		return;
	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
			select_effect(shadow, (SelectStmt *) stmt, effect);
			break;
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			mig_effect_query(shadow, stmt, true, effect);
			break;
		case T_CopyStmt:
			mig_effect_copy(shadow, (CopyStmt *) stmt, effect);
			break;
		case T_RefreshMatViewStmt:
			mig_effect_refresh(shadow, (RefreshMatViewStmt *) stmt, effect);
			break;
		case T_ReindexStmt:
			mig_effect_reindex(shadow, (ReindexStmt *) stmt, effect);
			break;
		case T_ClusterStmt:
			mig_effect_cluster(shadow, (ClusterStmt *) stmt, effect);
			break;
		case T_VacuumStmt:
			mig_effect_vacuum(shadow, (VacuumStmt *) stmt, effect);
			break;
		default:
			mig_effect_other(shadow, stmt, effect);
	}
}

/* What the statement would do; the shadow is as it finds it. */
MigEffect *
mig_effect_of(MigShadow *shadow, Node *stmt)
{
	MigEffect  *effect = palloc0(sizeof(MigEffect));

	shadow->altering = IsA(stmt, AlterTableStmt) ? (AlterTableStmt *) stmt : NULL;
	add_effect(shadow, stmt, effect);
	return effect;
}
