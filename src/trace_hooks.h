/*-------------------------------------------------------------------------
 *
 * trace_hooks.h
 *	  What the server's hooks tell of a statement that runs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TRACE_HOOKS_H
#define MIG_TRACE_HOOKS_H

#include "utils/snapshot.h"

#include "traced.h"

extern void mig_trace_hooks_install(bool guard, int lock_timeout);
extern void mig_trace_hooks_listen(MemoryContext context);
extern void mig_trace_hooks_finish(Snapshot before, MigTrace *trace);
extern void mig_trace_hooks_stop(void);
extern const char *mig_trace_hooks_refused(void);

#endif							/* MIG_TRACE_HOOKS_H */
