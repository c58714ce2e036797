/*-------------------------------------------------------------------------
 *
 * tell.h
 *	  Telling the world that a migration was applied or rolled back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TELL_H
#define MIG_TELL_H

/* A migration that was applied, or rolled back. */
typedef struct MigNews
{
	int64		run;
	const char *project;
	const char *version;		/* NULL for a repeatable */
	const char *name;
	bool		down;
	int64		elapsed;		/* microseconds */
	bool		committed;
} MigNews;

extern void mig_tell_listeners(const MigNews *news);
extern void mig_tell_log(const MigNews *news);

#endif							/* MIG_TELL_H */
