/*-------------------------------------------------------------------------
 *
 * effect_kinds.h
 *	  What statements of one kind each would do to relations.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_EFFECT_KINDS_H
#define MIG_EFFECT_KINDS_H

#include "effect.h"
#include "nodes/primnodes.h"

/* effect_index.c */
extern void mig_effect_create_index(MigShadow *shadow, IndexStmt *stmt,
									MigEffect *effect);
extern void mig_effect_reindex(MigShadow *shadow, ReindexStmt *stmt,
							   MigEffect *effect);
extern void mig_effect_cluster(MigShadow *shadow, ClusterStmt *stmt,
							   MigEffect *effect);
extern void mig_effect_vacuum(MigShadow *shadow, VacuumStmt *stmt,
							  MigEffect *effect);

/* effect_create.c */
extern void mig_effect_create_table(MigShadow *shadow, CreateStmt *stmt,
									MigEffect *effect);
extern void mig_effect_create_as(MigShadow *shadow, Node *query,
								 IntoClause *into, MigEffect *effect);
extern void mig_effect_view(MigShadow *shadow, ViewStmt *stmt,
							MigEffect *effect);
extern void mig_effect_refresh(MigShadow *shadow, RefreshMatViewStmt *stmt,
							   MigEffect *effect);

/* effect_drop.c */
extern void mig_effect_drop(MigShadow *shadow, DropStmt *stmt,
							MigEffect *effect);
extern void mig_effect_truncate(MigShadow *shadow, TruncateStmt *stmt,
								MigEffect *effect);

/* effect_other.c */
extern void mig_effect_other(MigShadow *shadow, Node *stmt, MigEffect *effect);

/* effect_query.c */
extern void mig_effect_query(MigShadow *shadow, Node *query, bool runs,
							 MigEffect *effect);
extern void mig_effect_copy(MigShadow *shadow, CopyStmt *stmt,
							MigEffect *effect);

#endif							/* MIG_EFFECT_KINDS_H */
