/*-------------------------------------------------------------------------
 *
 * read_chained.c
 *	  The layouts of graphile-migrate and Atlas.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "readers.h"

void
mig_read_graphile_migrate(MigReading *reading)
{
}

void
mig_read_atlas(MigReading *reading)
{
}
