/*-------------------------------------------------------------------------
 *
 * verify.h
 *	  Does a down script undo its up script?
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_VERIFY_H
#define MIG_VERIFY_H

#include "fmgr.h"

#include "runctx.h"

/* How long it waits for a lock, in milliseconds. */
#define MIG_VERIFY_LOCK_TIMEOUT	100

extern void mig_verify(FunctionCallInfo fcinfo, const MigRequest *request,
					   MigTextsSink sink, void *arg);

extern PGDLLEXPORT void mig_verify_main(Datum main_arg);

#endif							/* MIG_VERIFY_H */
