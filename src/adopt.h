/*-------------------------------------------------------------------------
 *
 * adopt.h
 *	  Taking over what another tool's history says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_ADOPT_H
#define MIG_ADOPT_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* A row of adopt(). */
typedef struct MigAdopted
{
	const char *version;
	const char *name;
	const char *result;
	TimestampTz applied_at;		/* DT_NOBEGIN: not known */
	const char *applied_by;
	const char *note;
} MigAdopted;

typedef struct MigAdoptRequest
{
	const char *project;
	const char *tool;			/* NULL: the one whose table is found */
	Oid			history_table;	/* InvalidOid: the one that is found */
	bool		dry_run;
} MigAdoptRequest;

extern List *mig_adopt(const MigAdoptRequest *request);

#endif							/* MIG_ADOPT_H */
