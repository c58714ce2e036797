/*-------------------------------------------------------------------------
 *
 * record.h
 *	  What a migration of a run records, and the transactions it does that in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RECORD_H
#define MIG_RECORD_H

#include "ledger.h"
#include "tell.h"

extern void mig_record_begin(MigWork *work);
extern void mig_record_begin_block(MigWork *work);
extern void mig_record_commit(MigWork *work, bool synchronous);
extern void mig_record_commit_later(void);

extern int64 mig_record_elapsed(const instr_time *since);
extern MigNews mig_record_news(const MigWork *work);
extern void mig_record_success(MigWork *work);
extern void mig_record_step(MigWork *work, const MigStep *step);
extern void mig_record_started(MigWork *work, const MigStep *step);
extern void mig_record_attempt(const MigWork *work, const ErrorData *error,
							   long delay);
extern MigState mig_record_failure(MigWork *work, ErrorData *error);

#endif							/* MIG_RECORD_H */
