/*-------------------------------------------------------------------------
 *
 * read_sqitch.c
 *	  The layouts of Sqitch.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "readers.h"

void
mig_read_sqitch(MigReading *reading)
{
}
