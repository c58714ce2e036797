/*-------------------------------------------------------------------------
 *
 * wire.h
 *	  The shared memory between a caller and its runner.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WIRE_H
#define MIG_WIRE_H

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "nodes/pg_list.h"
#include "pg_config_manual.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/shm_mq.h"
#include "storage/spin.h"

#include "runctx.h"

/*
 * Names the layout of everything below.  Changed with it, so that a session
 * that still has an older library loaded is recognised.
 */
#define MIG_WIRE_MAGIC		UINT64CONST(0x6d69677261746504)

/* Entries of the segment's table of contents. */
#define MIG_WIRE_KEY_FIXED		1	/* MigWire */
#define MIG_WIRE_KEY_REQUEST	2	/* MigRequest and MigCaller */
#define MIG_WIRE_KEY_SETTINGS	3	/* the caller's settings */
#define MIG_WIRE_KEY_QUEUE		4	/* runner to caller */

#define MIG_WIRE_QUEUE_SIZE		((Size) 65536)

/*
 * Message types of our own.  All others on the queue are the protocol's; these
 * letters are none of the backend's.
 */
#define MIG_MSG_ROW		'm'
#define MIG_MSG_DONE	'q'

#define MIG_PROGRESS_QUERY_SIZE	1024

#define MIG_WIRE_MAX_BLOCKERS	64

/* Where a runner is: its position, for any session to read. */
typedef struct MigProgress
{
	int64		run;
	int			pid;
	bool		active;
	bool		down;
	/* empty: none */
	char		version[2 * NAMEDATALEN];
	char		name[4 * NAMEDATALEN];
	int			step;
	int			steps;
	int			statement;
	int			line;
	TimestampTz statement_start;	/* 0: no statement yet */
	char		phase[2 * NAMEDATALEN];	/* empty: none */
	char		query[MIG_PROGRESS_QUERY_SIZE];
} MigProgress;

typedef struct MigWire
{
	/* set by the caller before the runner starts, constant from then on */
	Oid			database;
	Oid			session_user;
	Oid			role;			/* what SET ROLE made of it */

	/* the run begins when this transaction has committed; or at once */
	TransactionId start_after;

	/* somebody gave up waiting and wants the run to end */
	pg_atomic_uint32 cancelled;

	/* the runner has let go of all it held; told by the condition variable */
	pg_atomic_uint32 ended;
	ConditionVariable end;

	slock_t		mutex;			/* guards what follows */
	MigProgress progress;

	/* who held what the last failed wait for a lock was for */
	TimestampTz blocked_at;
	int			nblockers;
	int			blockers[MIG_WIRE_MAX_BLOCKERS];
} MigWire;

/* Strings travel in the database encoding; NULL stays NULL. */
static inline void
mig_wire_put_string(StringInfo buf, const char *string)
{
	int			len = string ? (int) strlen(string) : -1;

	pq_sendint32(buf, len);
	if (len >= 0)
		appendBinaryStringInfo(buf, string, len);
}

/* The result is allocated in the current context. */
static inline char *
mig_wire_get_string(StringInfo buf)
{
	int			len = (int) pq_getmsgint(buf, 4);

	return len < 0 ? NULL : pnstrdup(pq_getmsgbytes(buf, len), len);
}

/* A list of strings; its members may be NULL. */
static inline void
mig_wire_put_strings(StringInfo buf, List *strings)
{
	ListCell   *lc;

	pq_sendint32(buf, list_length(strings));
	foreach(lc, strings)
		mig_wire_put_string(buf, lfirst(lc));
}

static inline List *
mig_wire_get_strings(StringInfo buf)
{
	int			n = (int) pq_getmsgint(buf, 4);
	List	   *strings = NIL;

	for (int i = 0; i < n; i++)
		strings = lappend(strings, mig_wire_get_string(buf));
	return strings;
}

/* in worker.c, next to what reads it */
extern dsm_segment *mig_wire_create(const MigRequest *request,
									const MigCaller *caller,
									MigWire **shared, shm_mq_handle **queue);
extern MigWire *mig_wire_open(dsm_segment *segment, int64 run);

#endif							/* MIG_WIRE_H */
