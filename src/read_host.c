/*-------------------------------------------------------------------------
 *
 * read_host.c
 *	  The layouts of tools whose migrations are in a host language: Knex, Alembic, Rails, Django, EF Core, TypeORM, Ecto.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "readers.h"

void
mig_read_knex(MigReading *reading)
{
}

void
mig_read_alembic(MigReading *reading)
{
}

void
mig_read_rails(MigReading *reading)
{
}

void
mig_read_django(MigReading *reading)
{
}

void
mig_read_efcore(MigReading *reading)
{
}

void
mig_read_typeorm(MigReading *reading)
{
}

void
mig_read_ecto(MigReading *reading)
{
}
