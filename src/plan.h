/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  What a run has to do: the ordered set of migrations for a target.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PLAN_H
#define MIG_PLAN_H

#include "catalog.h"

extern List *mig_plan(const MigRequest *request);
extern MigMigration *mig_plan_find(const char *project, const char *version);
extern MigMigration *mig_plan_find_versioned(const char *project,
											 const char *version);

#endif							/* MIG_PLAN_H */
