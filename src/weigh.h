/*-------------------------------------------------------------------------
 *
 * weigh.h
 *	  How large the tables are that a statement goes through.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WEIGH_H
#define MIG_WEIGH_H

#include "nodes/nodes.h"

/* The largest of them. */
typedef struct MigWeight
{
	char	   *name;			/* NULL: none */
	int64		bytes;
} MigWeight;

extern MigWeight mig_weigh_statement(Node *stmt);

#endif							/* MIG_WEIGH_H */
