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

extern BackgroundWorkerHandle *mig_launch_runner(dsm_segment *segment,
												 shm_mq_handle *queue,
												 MigAction action);
extern MigWire *mig_launch_attach(dsm_handle handle, int64 run,
								  dsm_segment **attached);
extern void mig_launch_detach(dsm_segment *attached);
extern void mig_launch_run(const MigRequest *request, const MigCaller *caller,
						   MigTextsSink sink, void *arg);
extern bool mig_launch_read_progress(dsm_handle segment, int64 run,
									 MigProgress *out);

#endif							/* MIG_LAUNCH_H */
