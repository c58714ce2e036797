/*-------------------------------------------------------------------------
 *
 * traced.h
 *	  What a statement really did, as data.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TRACED_H
#define MIG_TRACED_H

#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"
#include "utils/elog.h"

#include "step.h"

typedef enum MigTraceOutcome
{
	MIG_TRACED,					/* it ran */
	MIG_PREDICTED,				/* it cannot run here */
	MIG_SKIPPED,				/* it was not reached, or misses another one */
	MIG_TRACE_FAILED
} MigTraceOutcome;

/* A lock that a statement took and kept. */
typedef struct MigTraceLock
{
	Oid			relation;
	char	   *name;			/* as it was before the statement */
	char		kind;			/* RELKIND_* */
	LOCKMODE	mode;
	bool		held;			/* an earlier statement of its step took it */
	bool		own;			/* its step made the relation: nobody waits */
	int64		duration;		/* microseconds to the end of its step, where
								 * it was first taken */
} MigTraceLock;

/* A relation that has got a new file. */
typedef struct MigTraceFile
{
	Oid			relation;
	char	   *name;
	Oid			before;			/* relfilenode */
	Oid			after;
} MigTraceFile;

/* A table that was read as a whole. */
typedef struct MigTraceScan
{
	Oid			relation;
	char	   *name;
	bool		own;			/* its step made the relation */
	int64		scans;
	int64		rows;			/* read by them */
} MigTraceScan;

typedef enum MigTraceChange
{
	MIG_CREATED,
	MIG_CHANGED,
	MIG_DROPPED,
	MIG_TRUNCATED
} MigTraceChange;

extern const char *const mig_trace_changes[];

typedef struct MigTraceObject
{
	MigTraceChange change;
	ObjectAddress address;
	char	   *type;
	char	   *name;			/* before the statement, if it was there */
} MigTraceObject;

typedef struct MigTraceTrigger
{
	char	   *name;
	int64		fired;			/* -1: not counted */
} MigTraceTrigger;

/* One statement of a rehearsal. */
typedef struct MigTrace
{
	const char *version;
	const char *name;
	int			step;			/* from 1 */
	int			commit;			/* number of its transaction in the rehearsal */
	const MigStatement *statement;	/* NULL: the commit of the step */
	int			line;			/* where the error is, if there is one */
	char	   *text;			/* its first line */
	MigTraceOutcome outcome;
	ErrorData  *error;			/* it failed with */
	char	   *refused;		/* what it was not let do, and apply() would do;
								 * NULL: nothing */
	bool		passing;		/* apply() need not fail for that error */
	char	   *note;			/* NULL: none */

	int64		elapsed;		/* microseconds; -1: it did not run */
	int64		rows;			/* inserted, updated, deleted */
	int64		wal_bytes;
	int64		buffers_hit;
	int64		buffers_read;
	List	   *locks;			/* of MigTraceLock *, the strongest first */
	List	   *files;			/* of MigTraceFile * */
	List	   *scans;			/* of MigTraceScan * */
	List	   *objects;		/* of MigTraceObject * */
	List	   *triggers;		/* of MigTraceTrigger * */
} MigTrace;

#endif							/* MIG_TRACED_H */
