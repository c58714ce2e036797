/*-------------------------------------------------------------------------
 *
 * weigh.h
 *	  How large the tables are that a statement goes through.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WEIGH_H
#define MIG_WEIGH_H

#include "shadow.h"

/* All of them together. */
typedef struct MigWeight
{
	int64		bytes;
	const char *names;			/* NULL: there are none */
} MigWeight;

extern MigWeight mig_weigh_statement(MigShadow *shadow, Node *stmt,
									 const char *text);

#endif							/* MIG_WEIGH_H */
