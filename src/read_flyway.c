/*-------------------------------------------------------------------------
 *
 * read_flyway.c
 *	  The layouts of Flyway and refinery.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "readers.h"

void
mig_read_flyway(MigReading *reading)
{
}

void
mig_read_refinery(MigReading *reading)
{
}
