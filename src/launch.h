/*-------------------------------------------------------------------------
 *
 * launch.h
 *	  The caller's side of a run in a background worker.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LAUNCH_H
#define MIG_LAUNCH_H

#include "fmgr.h"
#include "storage/dsm.h"

#include "runctx.h"
#include "wire.h"

extern const char *mig_launch_obstacle(FunctionCallInfo fcinfo);
extern void mig_launch_run(const MigRequest *request, const MigCaller *caller,
						   MigRowSink sink, void *arg);
extern bool mig_launch_read_progress(dsm_handle segment, int64 run,
									 MigProgress *out);

#endif							/* MIG_LAUNCH_H */
