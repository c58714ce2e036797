/*-------------------------------------------------------------------------
 *
 * foreign.c
 *	  What other tools have recorded in this database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "foreign.h"

/* Is there a history table of that tool? */
bool
mig_foreign_has_history(const char *tool)
{
	return false;
}

/* The identities that the tool's history has as applied, as char *. */
List *
mig_foreign_applied(const char *tool)
{
	return NIL;
}

/* Is it among them? */
bool
mig_foreign_contains(List *applied, const char *identity)
{
	return false;
}
