/*-------------------------------------------------------------------------
 *
 * migrate.c
 *	  Module magic and initialization.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "guc.h"
#include "start.h"

MIG_MODULE_MAGIC("migrate", "1.0.0");

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	mig_guc_init();
	mig_start_init();
}
