/*-------------------------------------------------------------------------
 *
 * read_folders.c
 *	  The layouts of Prisma, diesel, Drizzle, Hasura: a folder or a journal.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "readers.h"

void
mig_read_prisma(MigReading *reading)
{
}

void
mig_read_diesel(MigReading *reading)
{
}

void
mig_read_drizzle(MigReading *reading)
{
}

void
mig_read_hasura(MigReading *reading)
{
}
