/*-------------------------------------------------------------------------
 *
 * store.h
 *	  Storing definitions: register, load, unregister.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STORE_H
#define MIG_STORE_H

#include "layout.h"

/* What became of one file or definition. */
typedef struct MigStored
{
	const char *path;
	const char *version;
	const char *name;
	const char *kind;
	const char *result;
} MigStored;

extern const char *mig_store_definition(const char *project,
										MigDefinition *definition);
extern List *mig_store_files(const char *project, MigLayoutRequest *request);
extern void mig_store_remove(const char *project, const char *version);

#endif							/* MIG_STORE_H */
