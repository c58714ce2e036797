/*-------------------------------------------------------------------------
 *
 * progress.h
 *	  How far the server is, seen over a second connection.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "db.h"

/* What view migrate.progress told last of one run. */
typedef struct Progress
{
	int			step;
	int			steps;
	char	   *phase;			/* NULL: none */
	double		percent;		/* of the phase; negative: not known */
	double		left;			/* seconds of the phase; negative: not known */
	double		asked;			/* when we learned that */
	char	   *blockers;		/* pids; NULL: none */
	char	   *run;			/* its number; NULL: nothing is known */
} Progress;

typedef struct Watcher Watcher;

extern Watcher *watcher_new(const Db *db);
extern void watcher_watch(Watcher *watcher, const char *label, const char *run);
extern int	watcher_tick(Watcher *watcher, struct pollfd *own);
extern const Progress *watcher_progress(const Watcher *watcher);
extern void watcher_free(Watcher *watcher);

extern void add_bar(Text *line, double percent);

#endif							/* CLI_PROGRESS_H */
