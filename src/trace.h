/*-------------------------------------------------------------------------
 *
 * trace.h
 *	  What a statement really did.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TRACE_H
#define MIG_TRACE_H

#include "traced.h"

extern void mig_trace_begin(bool force, int lock_timeout);
extern void mig_trace_start(MigTrace *trace);
extern void mig_trace_check_locks(MigTrace *trace);
extern void mig_trace_stop(MigTrace *trace);
extern void mig_trace_abandon(MigTrace *trace);
extern void mig_trace_rolled_back(void);
extern void mig_trace_end_transaction(List *traces, int commit);
extern List *mig_trace_sequences(void);

#endif							/* MIG_TRACE_H */
