/*-------------------------------------------------------------------------
 *
 * match.h
 *	  Which row of another tool's history is of which migration.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MATCH_H
#define MIG_MATCH_H

#include "catalog.h"
#include "foreign.h"

/* What the history says about a migration. */
typedef struct MigMatch
{
	MigMigration *migration;
	MigForeignRow *row;			/* its own; NULL: none */
	MigForeignRow *below;		/* the one that it is ordered before; NULL:
								 * none */
	int			turn;			/* the order of the history, from 1; 0: it says
								 * nothing */
} MigMatch;

typedef struct MigMatches
{
	int			count;
	MigMatch   *matches;		/* in the order of the migrations */
	List	   *missing;		/* of MigForeignRow *: no migration is theirs */
	int			found;			/* how many rows have one */
} MigMatches;

/* A set of names, each of a number. */
typedef struct MigIndex
{
	int			count;
	int			size;
	struct MigIndexKey *keys;
} MigIndex;

extern void mig_index_add(MigIndex *index, const char *key, int number);
extern void mig_index_sort(MigIndex *index);
extern int	mig_index_find(const MigIndex *index, const char *key);

extern bool mig_match_allows(const MigTool *tool, const char *layout);
extern MigMatches *mig_match(const MigTool *tool, List *migrations, List *rows);

#endif							/* MIG_MATCH_H */
