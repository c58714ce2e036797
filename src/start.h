/*-------------------------------------------------------------------------
 *
 * start.h
 *	  Runs that nobody waits for: starting, waiting later, cancelling.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_START_H
#define MIG_START_H

#include "fmgr.h"
#include "storage/dsm.h"

#include "runctx.h"

extern void mig_start_init(void);
extern int64 mig_start(const MigRequest *request);
extern void mig_start_wait(FunctionCallInfo fcinfo, int64 run,
						   MigRowSink sink, void *arg);
extern bool mig_start_cancel(int64 run);
extern bool mig_start_is_alive(dsm_handle segment, int64 run);

#endif							/* MIG_START_H */
