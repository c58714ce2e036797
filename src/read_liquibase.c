/*-------------------------------------------------------------------------
 *
 * read_liquibase.c
 *	  The layouts of Liquibase.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "readers.h"

void
mig_read_liquibase(MigReading *reading)
{
}
