/*-------------------------------------------------------------------------
 *
 * nearest.h
 *	  The name that is most like one that does not exist.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_NEAREST_H
#define MIG_NEAREST_H

#include "nodes/pg_list.h"

extern const char *mig_nearest(const char *name, List *candidates);

#endif							/* MIG_NEAREST_H */
