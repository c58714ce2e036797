/*-------------------------------------------------------------------------
 *
 * adopt.c
 *	  Taking over what another tool's history says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "adopt.h"

/* Adopts a tool's history; returns a list of MigAdopted. */
List *
mig_adopt(const MigAdoptRequest *request)
{
	return NIL;
}
