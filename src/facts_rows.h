/*-------------------------------------------------------------------------
 *
 * facts_rows.h
 *	  How many rows a statement would read, as the planner sees it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FACTS_ROWS_H
#define MIG_FACTS_ROWS_H

#include "shadow.h"

extern double mig_fact_rows_of(MigShadow *shadow, SelectStmt *select);
extern List *mig_fact_relations_in(MigShadow *shadow, Node *raw);

#endif							/* MIG_FACTS_ROWS_H */
