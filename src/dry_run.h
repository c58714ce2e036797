/*-------------------------------------------------------------------------
 *
 * dry_run.h
 *	  What pending scripts really do, found out and undone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_DRY_RUN_H
#define MIG_DRY_RUN_H

#include "fmgr.h"

#include "lint.h"
#include "runctx.h"

extern void mig_dry_run(FunctionCallInfo fcinfo, const MigRequest *request,
						MigTextsSink sink, void *arg);
extern List *mig_dry_run_findings(FunctionCallInfo fcinfo,
								  const MigLintRequest *request);

extern PGDLLEXPORT void mig_rehearse_main(Datum main_arg);

#endif							/* MIG_DRY_RUN_H */
