/*-------------------------------------------------------------------------
 *
 * work.h
 *	  One migration of a run: its steps, its ledger, its outcome.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WORK_H
#define MIG_WORK_H

#include "portability/instr_time.h"

#include "catalog.h"
#include "script.h"

typedef struct MigWork
{
	/* set by run.c */
	int64		run;
	bool		runner;			/* else: within the caller's transaction */
	bool		down;
	const char *project;
	MigMigration *migration;
	MigMigration *next;			/* the run's next one; NULL: none */
	int			number;			/* this one is the number-th ... */
	int			total;			/* ... of so many */
	instr_time	run_start;
	MemoryContext context;		/* outlives the transactions of the run */

	/* the rest belongs to work.c */
	instr_time	start;
	MigScript  *script;
	List	   *steps;			/* of MigStep *, split where needed */
	int			at;				/* index of the current one */
	int			done;			/* statements 1 to this one are committed */
	List	   *settings;		/* what they have set for their session */
	bool		recorded;		/* as done */
	MigLedgerStep *started;		/* recorded as started, not yet as done */
	bool		attempting;		/* it runs in this process at this moment */
	bool		committed_part; /* a CALL or DO committed before it failed */
	char	   *splits;			/* commit boundaries that were added */
} MigWork;

extern void mig_work_begin(MigWork *work);
extern void mig_work_commit(MigWork *work, bool synchronous);

extern bool mig_work_load(MigWork *work);
extern void mig_work_check_atomic(MigWork *work, const char *obstacle);
extern void mig_work_run(MigWork *work);
extern ErrorData *mig_work_catch(MigWork *work);
extern MigState mig_work_fail(MigWork *work, ErrorData *error);
extern int64 mig_work_elapsed(const instr_time *since);

#endif							/* MIG_WORK_H */
