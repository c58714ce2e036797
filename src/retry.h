/*-------------------------------------------------------------------------
 *
 * retry.h
 *	  When to try again after a failed wait for a lock.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RETRY_H
#define MIG_RETRY_H

#include "nodes/pg_list.h"

extern bool mig_retry_may_help(int sqlstate);
extern long mig_retry_delay(int retry);
extern void mig_retry_sleep(long ms);
extern char *mig_retry_explain(int tries, bool queries);

#endif							/* MIG_RETRY_H */
