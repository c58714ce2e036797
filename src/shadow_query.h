/*-------------------------------------------------------------------------
 *
 * shadow_query.h
 *	  What a query names, before the server has looked at it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SHADOW_QUERY_H
#define MIG_SHADOW_QUERY_H

#include "nodes/parsenodes.h"
#include "storage/lockdefs.h"

#include "shadow.h"

/* A relation that a query names. */
typedef struct MigQueryRelation
{
	RangeVar   *name;
	LOCKMODE	mode;			/* the lock that it takes */
	bool		target;			/* its rows are changed */
	Node	   *change;			/* of a target: what changes them */
	bool		all;			/* no condition says which rows are read */
} MigQueryRelation;

typedef struct MigQuery
{
	List	   *relations;		/* of MigQueryRelation * */
	List	   *calls;			/* of FuncCall * */
} MigQuery;

extern MigQuery *mig_query_read(Node *query);
extern List *mig_query_columns(MigShadow *shadow, Node *query, bool *open);
extern List *mig_query_sources(MigShadow *shadow, Node *query);
extern void mig_query_column_names(Node *expression, List **names);

#endif							/* MIG_SHADOW_QUERY_H */
