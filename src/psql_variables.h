/*-------------------------------------------------------------------------
 *
 * psql_variables.h
 *	  psql's variables in a script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PSQL_VARIABLES_H
#define MIG_PSQL_VARIABLES_H

#include "files.h"

extern char *mig_psql_replace(const MigFile *file, List *variables,
							  List **used);

#endif							/* MIG_PSQL_VARIABLES_H */
