/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  What a run would do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "db.h"

extern int	plan_show(Db *db, const char *directory);

#endif							/* CLI_PLAN_H */
