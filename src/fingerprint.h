/*-------------------------------------------------------------------------
 *
 * fingerprint.h
 *	  The schema of this database as comparable rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FINGERPRINT_H
#define MIG_FINGERPRINT_H

#include "nodes/pg_list.h"

/* One aspect of one object. */
typedef struct MigSchemaRow
{
	char	   *object;			/* kind and name */
	char	   *part_of;		/* what it comes and goes with, or NULL */
	char	   *copy_of;		/* what it is inherited from, or NULL */
	char	   *aspect;			/* "definition": the object itself */
	char	   *definition;
} MigSchemaRow;

/* Sorted by object and aspect, in memory of its own. */
typedef struct MigFingerprint
{
	MemoryContext context;
	int			nrows;
	MigSchemaRow *rows;
} MigFingerprint;

/* Where two differ; NULL: there is none. */
typedef struct MigSchemaDifference
{
	const char *object;
	const char *aspect;
	const char *before;
	const char *after;
} MigSchemaDifference;

extern MigFingerprint *mig_fingerprint_take(void);
extern void mig_fingerprint_free(MigFingerprint *fingerprint);
extern bool mig_fingerprint_has(const MigFingerprint *fingerprint,
								const char *object);
extern char *mig_fingerprint_hash(const MigFingerprint *fingerprint);
extern List *mig_fingerprint_diff(const MigFingerprint *before,
								  const MigFingerprint *after);

#endif							/* MIG_FINGERPRINT_H */
