/*-------------------------------------------------------------------------
 *
 * shadow_make.h
 *	  Making columns, constraints and indexes of the shadow, and dropping
 *	  what depends on what goes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SHADOW_MAKE_H
#define MIG_SHADOW_MAKE_H

#include "shadow.h"

/* shadow_make.c */
extern char *mig_make_relation_name(MigShadow *shadow, const char *schema,
									const char *name1, const char *name2,
									const char *label);
extern MigColumn *mig_make_column(MigRel *rel, ColumnDef *definition);
extern void mig_make_column_copy(MigRel *rel, MigColumn *source);
extern void mig_make_serial(MigRel *rel, MigColumn *column);
extern MigConstraint *mig_make_constraint(MigRel *rel, Constraint *definition,
										  const char *column);
extern void mig_make_constraint_copy(MigRel *rel, MigRel *source,
									 MigConstraint *constraint, bool with_name);
extern MigRel *mig_make_index(MigRel *table, IndexStmt *stmt);
extern MigRel *mig_make_index_copy(MigRel *table, MigRel *source,
								   bool is_part);
extern void mig_make_not_null(MigRel *rel, MigColumn *column, const char *name,
							  bool valid);

/* shadow_drop.c */
extern void mig_drop_relation(MigRel *rel, bool cascade);
extern void mig_drop_column(MigRel *rel, MigColumn *column, bool cascade);
extern void mig_drop_constraint(MigRel *rel, MigConstraint *constraint,
								bool cascade);
extern void mig_drop_schema(MigShadow *shadow, const char *schema);

#endif							/* MIG_SHADOW_MAKE_H */
