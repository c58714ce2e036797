/*-------------------------------------------------------------------------
 *
 * schema_rows.h
 *	  The queries that show the schema of a database as rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCHEMA_ROWS_H
#define MIG_SCHEMA_ROWS_H

#include "spi_util.h"

/*
 * The columns of each query.  Those from MIG_SCHEMA_ASPECTS on are named after
 * the aspects; null: there is nothing to be said.
 */
enum
{
	MIG_SCHEMA_OBJECT = 1,		/* kind and name */
	MIG_SCHEMA_PART_OF,			/* the object it comes and goes with, or null */
	MIG_SCHEMA_COPY_OF,			/* the object it is inherited from, or null */
	MIG_SCHEMA_ASPECTS
};

/* The aspect that each object has: it is there, and is this. */
#define MIG_SCHEMA_DEFINITION	"definition"

/* The aspect that is a list of columns. */
#define MIG_SCHEMA_COLUMN_ORDER	"column order"

/* The aspect that counts even if the object itself is left out. */
#define MIG_SCHEMA_PRIVILEGES	"privileges"

extern MigQuery mig_schema_queries[];
extern const int mig_schema_query_count;

#endif							/* MIG_SCHEMA_ROWS_H */
