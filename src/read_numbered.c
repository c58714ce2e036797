/*-------------------------------------------------------------------------
 *
 * read_numbered.c
 *	  The layouts of golang-migrate, sqlx, tern, postgres-migrations, postgrator.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "readers.h"

void
mig_read_golang_migrate(MigReading *reading)
{
}

void
mig_read_sqlx(MigReading *reading)
{
}

void
mig_read_tern(MigReading *reading)
{
}

void
mig_read_postgres_migrations(MigReading *reading)
{
}

void
mig_read_postgrator(MigReading *reading)
{
}
