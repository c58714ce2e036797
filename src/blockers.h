/*-------------------------------------------------------------------------
 *
 * blockers.h
 *	  Who a process waits for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BLOCKERS_H
#define MIG_BLOCKERS_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

extern List *mig_blockers_add(List *pids, int pid);
extern bool mig_blockers_include_us(List *pids);
extern void mig_blockers_describe(StringInfo buf, int pid);

#endif							/* MIG_BLOCKERS_H */
