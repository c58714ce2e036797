/*-------------------------------------------------------------------------
 *
 * irreversible.h
 *	  What the rollback of a transaction does not undo.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_IRREVERSIBLE_H
#define MIG_IRREVERSIBLE_H

#include "nodes/pg_list.h"

/* Something that a statement does and a rollback does not undo. */
typedef struct MigIrreversible
{
	const char *what;			/* say, a function */
	const char *effect;			/* what stays; completes a sentence */
} MigIrreversible;

extern bool mig_irreversible_function(Oid function, MigIrreversible *found);
extern bool mig_irreversible_utility(Node *stmt, MigIrreversible *found);
extern bool mig_irreversible_statement(Node *stmt, MigIrreversible *found);
extern List *mig_irreversible_sequences(Node *stmt, List *names);

#endif							/* MIG_IRREVERSIBLE_H */
