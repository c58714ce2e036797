/*-------------------------------------------------------------------------
 *
 * exits.h
 *	  The exit statuses.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_EXITS_H
#define CLI_EXITS_H

/*
 * The exit statuses.  Scripts rely on them: see doc/pg_migrate.md, which
 * explains them, and the man page.  A signal ends in 128 + its number.
 */
enum
{
	EXIT_DONE = 0,				/* also when there was nothing to do */
	EXIT_FAILED = 1,			/* a migration failed or was cancelled */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,			/* an error before anything ran */
	EXIT_NO_CONNECTION = 4,		/* none could be made, or it was lost */
	EXIT_NOTHING = 5,			/* --exit-code: nothing was pending */
	EXIT_PENDING = 6			/* --exit-code: something is; wait: not yet */
};

#endif							/* CLI_EXITS_H */
