/*-------------------------------------------------------------------------
 *
 * run.h
 *	  A run: owner of the state machine, in both directions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RUN_H
#define MIG_RUN_H

#include "fmgr.h"

#include "runctx.h"

/* Where a run may be executed; see design section 4.1. */
typedef enum MigWhere
{
	MIG_ANYWHERE,
	MIG_IN_TRANSACTION,			/* atomic => true */
	MIG_IN_RUNNER				/* atomic => false */
} MigWhere;

extern void mig_run(FunctionCallInfo fcinfo, const MigRequest *request,
					MigWhere where, MigRowSink sink, void *arg);

/* for what else runs scripts */
extern bool mig_run_has_work(const MigRequest *request);
extern void mig_run_in_worker(const MigRequest *request, MigTextsSink sink,
							  void *arg);
extern void mig_run_lock(const MigRequest *request);

extern PGDLLEXPORT void mig_runner_main(Datum main_arg);

#endif							/* MIG_RUN_H */
