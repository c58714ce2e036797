/*-------------------------------------------------------------------------
 *
 * blockers.h
 *	  Who a process waits for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BLOCKERS_H
#define MIG_BLOCKERS_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

/* Whoever holds a lock: a session, or a prepared transaction. */
typedef struct MigBlocker
{
	int			pid;			/* 0: a prepared transaction */
	TransactionId xid;			/* of a prepared transaction */
} MigBlocker;

extern List *mig_blockers_pids(int pid);
extern bool mig_blockers_include(List *pids, int pid);
extern List *mig_blockers_of(int pid);
extern void mig_blockers_describe(StringInfo buf, List *blockers,
								  bool queries);

extern void mig_blockers_forget(void);
extern void mig_blockers_note_lock(void);
extern void mig_blockers_remember(void);
extern bool mig_blockers_remembered(void);
extern List *mig_blockers_of_remembered(void);
extern char *mig_blockers_lock(void);
extern char *mig_blockers_json(void);

#endif							/* MIG_BLOCKERS_H */
