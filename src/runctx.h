/*-------------------------------------------------------------------------
 *
 * runctx.h
 *	  Which run, migration and statement this process is in; who asked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RUNCTX_H
#define MIG_RUNCTX_H

#include "nodes/pg_list.h"

/* What a run is asked to do. */
typedef enum MigAction
{
	MIG_ACTION_APPLY,
	MIG_ACTION_ROLLBACK,
	MIG_ACTION_DRY_RUN,			/* nothing of it stays */
	MIG_ACTION_VERIFY,			/* nor of this */
	MIG_ACTION_LINT				/* nor of this: for what a dry run finds */
} MigAction;

typedef struct MigRequest
{
	int64		run;			/* its number; 0: it gets one when it begins */
	MigAction	action;
	const char *project;
	const char *target;			/* version, or NULL */
	int			steps;			/* rollback: how many; 0: down to target */
	bool		nowait;			/* fail if another run is under way */
	/* of a rehearsal: */
	int			lock_timeout;	/* milliseconds */
	bool		force;			/* whatever its size and what stays of it */
} MigRequest;

/* Who asked for the run; recorded in runs and history. */
typedef struct MigCaller
{
	const char *database;
	const char *session_role;
	const char *role;
	const char *application_name;
	const char *client_addr;	/* NULL for a local socket */
	int			pid;
} MigCaller;

/* One row of apply(), rollback(), wait(). */
typedef struct MigRunRow
{
	const char *version;		/* NULL for a repeatable */
	const char *name;
	const char *state;
	int			steps;
	int64		elapsed;		/* microseconds */
} MigRunRow;

typedef void (*MigRowSink) (const MigRunRow *row, void *arg);

/* Takes a row as the texts of its columns, which may be NULL. */
typedef void (*MigTextsSink) (List *texts, void *arg);

/* Where this process is within a run; what the progress view shows. */
typedef struct MigPosition
{
	bool		active;			/* a script's statements are running */
	const char *version;		/* NULL for a repeatable */
	const char *name;
	bool		down;
	int			step;			/* from 1 */
	int			steps;
	int			statement;		/* from 1; 0: none yet */
	int			line;
	const char *phase;			/* what it does besides; NULL: nothing */
} MigPosition;

/*
 * The position of this process.  run.c sets it per migration and step, exec.c
 * per statement; while 'active', functions that change state refuse.
 */
extern MigPosition mig_position;

/* Who asked for what this process does. */
extern MigCaller mig_caller;

extern const char *mig_label(const char *version, const char *name);
extern const char *mig_argument(const char *version, const char *name);
extern const char *mig_call(const char *function, const char *arguments,
							const char *project);
extern const char *mig_call_rows(const char *function, const char *arguments,
								 const char *project);
extern const char *mig_call_resolve(const char *argument, const char *outcome,
									const char *project);
extern const char *mig_position_label(void);
extern void mig_position_clear(void);
extern void mig_refuse_nested(const char *function);
extern void mig_refuse_recovery(const char *function);
extern void mig_refuse_read_only(const char *function);

extern void mig_caller_is_self(void);

#endif							/* MIG_RUNCTX_H */
