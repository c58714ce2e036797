/*-------------------------------------------------------------------------
 *
 * foreign.h
 *	  What other tools have recorded in this database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FOREIGN_H
#define MIG_FOREIGN_H

#include "nodes/pg_list.h"

extern bool mig_foreign_has_history(const char *tool);
extern List *mig_foreign_applied(const char *tool);
extern bool mig_foreign_contains(List *applied, const char *identity);

#endif							/* MIG_FOREIGN_H */
