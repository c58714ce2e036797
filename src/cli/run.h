/*-------------------------------------------------------------------------
 *
 * run.h
 *	  One run: shown while it goes on, and how it ended.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "progress.h"
#include "sources.h"

/* A row of apply(), rollback(), wait(). */
typedef struct RunRow
{
	char	   *version;		/* NULL: a repeatable */
	char	   *name;
	char	   *state;
	int			steps;
	double		elapsed;		/* seconds; negative: none */
} RunRow;

typedef struct Run
{
	Db		   *db;
	Sources		sources;
	const char *number;			/* of a run that is only waited for */
	Vector		rows;			/* of RunRow *, of all statements so far */

	/* what the server announced last */
	char	   *label;			/* of the migration; NULL: none */
	char	   *step;			/* what it does; NULL: it is one step */
	int			at;
	int			total;
	double		since;

	int			said;			/* rows that were shown when they were done */
	double		began;
	double		spoke;			/* when anything was said last */
	double		drew;
	bool		cancelling;
	bool		timed_out;
	Watcher    *watcher;
} Run;

extern Run *run_new(Db *db);
extern int	run_statement(Run *run, Query *query);
extern int	run_end(Run *run, int status, int count, const char *done);

#endif							/* CLI_RUN_H */
