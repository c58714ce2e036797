/*-------------------------------------------------------------------------
 *
 * rehearse.h
 *	  Scripts that run in a transaction which is rolled back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_REHEARSE_H
#define MIG_REHEARSE_H

#include "fmgr.h"

#include "ledger.h"
#include "trace.h"

/* A rehearsal, in its process. */
typedef struct MigRehearsal
{
	const MigRequest *request;
	MemoryContext context;		/* as long as the process */
	List	   *traces;			/* of MigTrace *, in their order */
	const MigTrace *failure;	/* the rest is skipped; NULL: none so far */

	/* the rest belongs to rehearse.c */
	List	   *missing;		/* of MigMissing * */
	int			commit;			/* number of the current transaction of apply() */
	int			guc_level;		/* of the current script */
} MigRehearsal;

/* What a process does in the transaction that is rolled back. */
typedef void (*MigRehearsalBody) (MigRehearsal *rehearsal);

/* the caller's side */
extern void mig_rehearse(FunctionCallInfo fcinfo, const MigRequest *request,
						 MigTextsSink sink, void *arg);

/* the process */
extern void mig_rehearse_process(Datum main_arg, MigRehearsalBody body);
extern void mig_rehearse_begin(const MigRehearsal *rehearsal);
extern void mig_rehearse_end(const MigRehearsal *rehearsal, bool keep);
extern MigWork *mig_rehearse_load(MigRehearsal *rehearsal,
								  MigMigration *migration, bool down);
extern void mig_rehearse_check(MigRehearsal *rehearsal, List *works);
extern bool mig_rehearse_script(MigRehearsal *rehearsal, MigWork *work);

#endif							/* MIG_REHEARSE_H */
