/*-------------------------------------------------------------------------
 *
 * snapshot.h
 *	  May a statement give its snapshot up while it waits; doing so.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SNAPSHOT_H
#define MIG_SNAPSHOT_H

#include "fmgr.h"
#include "utils/portal.h"

/* One of the obstacles, which a setting removes. */
#define MIG_OBSTACLE_ISOLATION "the isolation level is not READ COMMITTED"

extern const char *mig_snapshot_hint(const char *obstacle);
extern const char *mig_snapshot_obstacle(FunctionCallInfo fcinfo);
extern void mig_snapshot_release(Portal portal);
extern void mig_snapshot_renew(Portal portal);

#endif							/* MIG_SNAPSHOT_H */
