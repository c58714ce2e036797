/*-------------------------------------------------------------------------
 *
 * work.h
 *	  One migration of a run: its steps, its outcome.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WORK_H
#define MIG_WORK_H

#include "ledger.h"

extern bool mig_work_load(MigWork *work);
extern void mig_work_check_atomic(MigWork *work, const char *obstacle);
extern void mig_work_run(MigWork *work);
extern ErrorData *mig_work_catch(MigWork *work);
extern MigState mig_work_fail(MigWork *work, ErrorData *error);

#endif							/* MIG_WORK_H */
