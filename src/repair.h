/*-------------------------------------------------------------------------
 *
 * repair.h
 *	  Settling what a run left: interrupted runs, resolve, baseline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_REPAIR_H
#define MIG_REPAIR_H

#include "runctx.h"

extern void mig_repair_take_run_lock(void);
extern void mig_repair_interrupted(void);
extern const char *mig_repair_resolve(const char *project, const char *version,
									  const char *outcome, const char *reason);
extern void mig_repair_baseline(const char *project, const char *version,
								const char *reason, MigRowSink sink, void *arg);

#endif							/* MIG_REPAIR_H */
