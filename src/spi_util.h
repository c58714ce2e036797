/*-------------------------------------------------------------------------
 *
 * spi_util.h
 *	  Sessions for our own SQL: as the extension's owner, under a restricted
 *	  search_path, with parameters.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SPI_UTIL_H
#define MIG_SPI_UTIL_H

#include "executor/spi.h"
#include "utils/resowner.h"

/* A constant query; its plan is made at first use and kept. */
typedef struct MigQuery
{
	const char *sql;
	SPIPlanPtr	plan;
} MigQuery;

#define MIG_MAX_PARAMS 24

/* The parameters of one execution, in order. */
typedef struct MigParams
{
	int			n;
	Oid			types[MIG_MAX_PARAMS];
	Datum		values[MIG_MAX_PARAMS];
	char		nulls[MIG_MAX_PARAMS];
} MigParams;

typedef struct MigSqlSession
{
	Oid			role;
	int			security;
	int			guc_level;
	bool		nested;
	bool		snapshot;
	bool		read_only;
} MigSqlSession;

extern void mig_sql_look(void (*look) (void *arg), void *arg);
extern ErrorData *mig_sql_try(void (*function) (void *arg), void *arg);
extern void mig_sql_begin(MigSqlSession *session);
extern uint64 mig_sql_run(MigQuery *query, MigParams *params);
extern void mig_sql_end(MigSqlSession *session);
extern uint64 mig_sql_once(MigQuery *query, MigParams *params);

extern void mig_param_text(MigParams *params, const char *value);
extern void mig_param_int4(MigParams *params, int32 value);
extern void mig_param_int8(MigParams *params, int64 value);
extern void mig_param_bool(MigParams *params, bool value);
extern void mig_param_text_array(MigParams *params, List *strings);
extern void mig_param_null(MigParams *params);

extern char *mig_col_text(uint64 row, int column);
extern int64 mig_col_int8(uint64 row, int column, int64 otherwise);
extern bool mig_col_bool(uint64 row, int column);
extern List *mig_col_text_list(uint64 row, int column);

extern Oid	mig_extension_oid(void);

#endif							/* MIG_SPI_UTIL_H */
