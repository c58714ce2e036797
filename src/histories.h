/*-------------------------------------------------------------------------
 *
 * histories.h
 *	  Finding the history tables of other tools in this database; queries on
 *	  them with the rights of the caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_HISTORIES_H
#define MIG_HISTORIES_H

#include "nodes/pg_list.h"

#include "spi_util.h"
#include "tools.h"

/* A table that may be a tool's, and what tells. */
typedef struct MigCandidate
{
	Oid			relid;
	char	   *schema;
	char	   *table;
	char		relkind;
	List	   *columns;		/* of char *: name/category */
	bool		beside_rails;	/* ar_internal_metadata is in its schema */
} MigCandidate;

/* A history table. */
typedef struct MigForeignTable
{
	const MigTool *tool;
	Oid			relid;
	char	   *schema;
	char	   *table;
	char	   *name;			/* both, quoted where needed */
} MigForeignTable;

/* queries as the caller */
extern int	mig_caller_begin(void);
extern uint64 mig_caller_query(const char *sql, MigParams *params);
extern char *mig_caller_column(MemoryContext context, uint64 row, int column);
extern void mig_caller_end(int guc_level);

extern List *mig_histories_with(List *names);
extern bool mig_history_has_columns(const MigCandidate *candidate,
									const MigTool *tool);
extern List *mig_histories_find(const char *tool, bool strict);
extern MigForeignTable *mig_histories_choose(const char *tool,
											 Oid history_table,
											 const char *layout);

#endif							/* MIG_HISTORIES_H */
