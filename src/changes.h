/*-------------------------------------------------------------------------
 *
 * changes.h
 *	  Which rows a statement changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_CHANGES_H
#define MIG_CHANGES_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

/* A change of rows that a statement makes: by itself, or in its WITH. */
typedef struct MigChange
{
	Node	   *stmt;			/* INSERT, UPDATE, DELETE, MERGE, COPY FROM */
	RangeVar   *target;
	List	   *withs;			/* of CommonTableExpr *: what its queries may
								 * name */
	bool		recursive;		/* of 'withs' */
} MigChange;

extern List *mig_changes_of(Node *stmt);
extern List *mig_change_queries(const MigChange *change);
extern bool mig_change_is_short(const MigChange *change);
extern Node *mig_change_condition(const MigChange *change);

/* what a statement on rows may do to those of its target */
extern bool mig_change_inserts(const Node *stmt);
extern bool mig_change_deletes(const Node *stmt);
extern List *mig_change_sets(const Node *stmt);

#endif							/* MIG_CHANGES_H */
