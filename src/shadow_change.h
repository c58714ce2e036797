/*-------------------------------------------------------------------------
 *
 * shadow_change.h
 *	  The shadow after statements of one kind each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SHADOW_CHANGE_H
#define MIG_SHADOW_CHANGE_H

#include "nodes/primnodes.h"

#include "shadow.h"

/* shadow_apply_table.c */
extern void mig_apply_create_table(MigShadow *shadow, CreateStmt *stmt,
								   char kind);
extern void mig_apply_create_as(MigShadow *shadow, Node *query,
								IntoClause *into, bool is_matview);
extern void mig_apply_view(MigShadow *shadow, ViewStmt *stmt);
extern void mig_apply_composite(MigShadow *shadow, CompositeTypeStmt *stmt);
extern void mig_apply_create_sequence(MigShadow *shadow, CreateSeqStmt *stmt);
extern void mig_apply_create_index(MigShadow *shadow, IndexStmt *stmt);
extern void mig_apply_owned_by(MigRel *sequence, List *options);
extern void mig_apply_checks(MigRel *child, MigRel *parent);
extern void mig_apply_inherit(MigRel *child, MigRel *parent);
extern void mig_apply_partition(MigRel *partition, MigRel *parent);
extern void mig_apply_not_null(MigRel *rel, Constraint *constraint);

/* shadow_apply_alter.c */
extern void mig_apply_alter_table(MigShadow *shadow, AlterTableStmt *stmt);
extern void mig_apply_rename_column(MigRel *rel, RenameStmt *stmt);
extern void mig_apply_rename_constraint(MigRel *rel, RenameStmt *stmt);

/* shadow_apply_object.c */
extern void mig_apply_drop(MigShadow *shadow, DropStmt *stmt);
extern void mig_apply_rename(MigShadow *shadow, RenameStmt *stmt);
extern void mig_apply_set_schema(MigShadow *shadow, AlterObjectSchemaStmt *stmt);
extern void mig_apply_type(MigShadow *shadow, Node *stmt);
extern void mig_apply_routine(MigShadow *shadow, CreateFunctionStmt *stmt);
extern void mig_apply_data(MigShadow *shadow, Node *stmt);

#endif							/* MIG_SHADOW_CHANGE_H */
