/*-------------------------------------------------------------------------
 *
 * watch.h
 *	  Waiting for a runner, and looking who it waits for meanwhile.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WATCH_H
#define MIG_WATCH_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* How often to look who blocks the runner */
#define MIG_WATCH_INTERVAL_MS	1000

typedef struct MigWatch
{
	MemoryContext context;		/* lasts as long as the wait */
	TimestampTz next_look;
	bool		blocked;		/* at the last look */
	List	   *reported;		/* pids of the last notice, in order */
	TimestampTz reported_at;
} MigWatch;

extern void mig_watch_init(MigWatch *watch);
extern uint32 mig_watch_event(void);
extern void mig_watch_latch(long timeout);
extern List *mig_watch_look(MigWatch *watch, int pid);
extern const char *mig_watch_circle(int pid, List *blockers);

#endif							/* MIG_WATCH_H */
