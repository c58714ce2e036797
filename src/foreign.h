/*-------------------------------------------------------------------------
 *
 * foreign.h
 *	  What other tools have recorded in this database.
 *
 * Their tables are read with the rights of the caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FOREIGN_H
#define MIG_FOREIGN_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "histories.h"

typedef enum MigForeignState
{
	MIG_FOREIGN_APPLIED,
	MIG_FOREIGN_FAILED,			/* nothing was left */
	MIG_FOREIGN_PARTIAL,		/* something may have been */
	MIG_FOREIGN_UNDONE
} MigForeignState;

/* What it says about a migration; see the list in tools.c. */
typedef struct MigForeignRow
{
	char	   *identity;
	char	   *other;
	char	   *version;
	char	   *name;
	TimestampTz applied_at;		/* DT_NOBEGIN: not known */
	char	   *applied_by;
	char	   *checksum;
	MigForeignState state;
	bool		below;
	char	   *words;
	char	   *scope;
} MigForeignRow;

/* What a tool's histories have as applied. */
typedef struct MigForeignApplied MigForeignApplied;

extern bool mig_foreign_has_history(const char *tool);
extern char *mig_foreign_history(const char *tool);
extern List *mig_foreign_applied(const char *tool);
extern MigForeignApplied *mig_foreign_applied_of(const char *tool,
												 List *definitions);
extern bool mig_foreign_contains(const MigForeignApplied *applied,
								 const char *identity);

extern void mig_foreign_lock(const MigForeignTable *table);
extern void mig_foreign_check_idle(const MigForeignTable *table, bool dry_run);
extern List *mig_foreign_read(const MigForeignTable *table);
extern int	mig_foreign_count_run(const MigForeignTable *table);
extern void mig_foreign_comment(const MigForeignTable *table);
extern char *mig_foreign_version_key(const char *version);

#endif							/* MIG_FOREIGN_H */
