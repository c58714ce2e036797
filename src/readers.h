/*-------------------------------------------------------------------------
 *
 * readers.h
 *	  The readers of all layouts.  Each takes the files of a reading and adds
 *	  definitions to it; layout.c puts them in order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_READERS_H
#define MIG_READERS_H

#include "files.h"

extern void mig_read_native(MigReading *reading);
extern List *mig_read_native_files(MigReading *reading, List *files);
extern bool mig_is_typeorm_program(const char *text);
extern void mig_read_golang_migrate(MigReading *reading);
extern void mig_read_sqlx(MigReading *reading);
extern void mig_read_tern(MigReading *reading);
extern void mig_read_postgres_migrations(MigReading *reading);
extern void mig_read_postgrator(MigReading *reading);
extern void mig_read_dbmate(MigReading *reading);
extern void mig_read_goose(MigReading *reading);
extern void mig_read_sql_migrate(MigReading *reading);
extern void mig_read_node_pg_migrate(MigReading *reading);
extern void mig_read_flyway(MigReading *reading);
extern void mig_read_refinery(MigReading *reading);
extern void mig_read_graphile_migrate(MigReading *reading);
extern void mig_read_atlas(MigReading *reading);
extern void mig_read_prisma(MigReading *reading);
extern void mig_read_diesel(MigReading *reading);
extern void mig_read_drizzle(MigReading *reading);
extern void mig_read_hasura(MigReading *reading);
extern void mig_read_sqitch(MigReading *reading);
extern void mig_read_liquibase(MigReading *reading);
extern void mig_read_knex(MigReading *reading);
extern void mig_read_alembic(MigReading *reading);
extern void mig_read_rails(MigReading *reading);
extern void mig_read_django(MigReading *reading);
extern void mig_read_efcore(MigReading *reading);
extern void mig_read_typeorm(MigReading *reading);
extern void mig_read_ecto(MigReading *reading);

#endif							/* MIG_READERS_H */
