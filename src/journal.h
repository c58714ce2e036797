/*-------------------------------------------------------------------------
 *
 * journal.h
 *	  What is recorded about runs: structs in, structs out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_JOURNAL_H
#define MIG_JOURNAL_H

#include "storage/dsm.h"
#include "utils/elog.h"

#include "catalog.h"
#include "runctx.h"

/* One row of the history. */
typedef struct MigEvent
{
	int64		run;			/* 0: none */
	const char *action;
	const char *outcome;
	int			step;			/* 0: none */
	int64		elapsed;		/* microseconds; -1: none */
	const char *checksum;
	const char *reason;
	const ErrorData *error;		/* NULL: none */
	int			error_statement;
	int			error_line;
} MigEvent;

/* One try of a step that ended with a failed wait for a lock. */
typedef struct MigAttempt
{
	int64		run;
	const char *action;
	int			step;
	int			attempt;		/* from 1 */
	int			statement;		/* 0: the commit */
	int			line;
	const ErrorData *error;		/* as the server raised it */
	const char *lock;			/* NULL: not known */
	const char *blockers;		/* JSON */
	int64		delay;			/* microseconds; -1: not tried again */
} MigAttempt;

/* Work that can be compared. */
typedef struct MigTiming
{
	int			statement;
	const char *kind;			/* see gauge.c */
	int64		bytes;
	int64		elapsed;		/* microseconds; -1: not known */
} MigTiming;

/* What was adopted before. */
typedef struct MigAdoptedBefore
{
	char	   *version;		/* NULL: none */
	char	   *name;
	char	   *outcome;
	bool		missing;		/* there was no file of it */
} MigAdoptedBefore;

/* A row of migrate.run. */
typedef struct MigRunRecord
{
	int64		run;
	char	   *project;
	char	   *action;
	char	   *state;
	int64		current;		/* migration, or 0 */
	char	   *checksum;		/* of its script */
	MigCaller	caller;
	char	   *started_at;
	int			pid;			/* 0: not known yet */
	dsm_handle	segment;
	int64		elapsed;		/* microseconds since it started */
	char	   *phase;			/* of its index build, if any */
	char	   *percent;
	ErrorData  *error;			/* NULL: none */
} MigRunRecord;

extern int64 mig_journal_queue(const MigRequest *request, dsm_handle segment);
extern int64 mig_journal_start(const MigRequest *request,
							   const MigMigration *current,
							   dsm_handle segment);
extern void mig_journal_goes_on(int64 run, const MigMigration *done,
								const MigMigration *current);
extern bool mig_journal_end(int64 run, const char *state);
extern void mig_journal_set_error(int64 run, const ErrorData *error);
extern void mig_journal_interrupted(int64 run);
extern List *mig_journal_open(void);
extern MigRunRecord *mig_journal_running(void);
extern MigRunRecord *mig_journal_find(int64 run);
extern bool mig_journal_is_running(int64 id);
extern bool mig_journal_has_begun(const char *project);
extern List *mig_journal_adopted(const char *project);
extern bool mig_journal_adopted_last(const MigMigration *migration);
extern int64 *mig_journal_elapsed(List *checksums);
extern void mig_journal_send_rows(int64 run, MigRowSink sink, void *arg);
extern void mig_journal_add_event(const char *project,
								  const MigMigration *migration,
								  const MigEvent *event);
extern void mig_journal_add_attempt(const char *project,
									const MigMigration *migration,
									const MigAttempt *attempt);
extern void mig_journal_add_timing(int64 run, const MigMigration *migration,
								   const MigTiming *timing);
extern void mig_journal_compare(List *timings);

#endif							/* MIG_JOURNAL_H */
