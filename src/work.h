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
#include "tell.h"

extern void mig_work_commit_later(void);
extern bool mig_work_load(MigWork *work);
extern void mig_work_check_atomic(MigWork *work, const char *obstacle);
extern void mig_work_run(MigWork *work);
extern ErrorData *mig_work_catch(MigWork *work);
extern MigState mig_work_fail(MigWork *work, ErrorData *error);
extern MigNews mig_work_news(const MigWork *work);
extern int64 mig_work_elapsed(const instr_time *since);

#endif							/* MIG_WORK_H */
