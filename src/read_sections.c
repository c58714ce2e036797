/*-------------------------------------------------------------------------
 *
 * read_sections.c
 *	  The layouts of dbmate, goose, sql-migrate, node-pg-migrate.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "readers.h"

void
mig_read_dbmate(MigReading *reading)
{
}

void
mig_read_goose(MigReading *reading)
{
}

void
mig_read_sql_migrate(MigReading *reading)
{
}

void
mig_read_node_pg_migrate(MigReading *reading)
{
}
