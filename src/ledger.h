/*-------------------------------------------------------------------------
 *
 * ledger.h
 *	  How far earlier runs of a script got, and where to go on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LEDGER_H
#define MIG_LEDGER_H

#include "portability/instr_time.h"

#include "journal.h"
#include "script.h"

/* One migration of a run. */
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
	List	   *timings;		/* of MigTiming *: the statements to time */
	MemoryContext context;		/* outlives the transactions of the run */

	/* the rest belongs to work.c and ledger.c */
	instr_time	start;
	MigScript  *script;
	List	   *steps;			/* of MigStep *, split where needed */
	int			at;				/* index of the current one */
	int			done;			/* statements 1 to this one are committed */
	List	   *settings;		/* what they have set for their session */
	bool		recorded;		/* as done */
	MigLedgerStep *started;		/* recorded as started, not yet as done */
	int			ran;			/* this statement at top level is done */
	bool		attempting;		/* it runs in this process at this moment */
	bool		committed_part; /* a CALL or DO committed before it failed */
	char	   *splits;			/* commit boundaries that were added */
	int			retries;		/* of the current step */
} MigWork;

extern const MigStatement *mig_ledger_statement(const MigWork *work,
												int number);
extern char *mig_ledger_checksum(const MigWork *work, int first, int last);
extern void mig_ledger_replace_step(MigWork *work, int index, List *steps);
extern void mig_ledger_read(MigWork *work);

#endif							/* MIG_LEDGER_H */
