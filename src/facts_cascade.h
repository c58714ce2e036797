/*-------------------------------------------------------------------------
 *
 * facts_cascade.h
 *	  What goes when an object is dropped with CASCADE.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FACTS_CASCADE_H
#define MIG_FACTS_CASCADE_H

#include "catalog/objectaddress.h"

#include "shadow.h"

/* An object that CASCADE drops besides what the statement names. */
typedef struct MigLost
{
	const char *label;			/* "view public.v" */
	const char *drop;			/* SQL that drops it alone; NULL: not known */
	Oid			classid;
	MigRel	   *rel;			/* if it is a relation */
} MigLost;

extern List *mig_cascade_of(MigShadow *shadow, List *addresses, List *rels);
extern List *mig_cascade_tables_of_type(MigShadow *shadow, Oid type);
extern const char *mig_cascade_text(List *lost);
extern char *mig_cascade_drops(List *lost);
extern ObjectAddress *mig_cascade_address(Oid classid, Oid objid, int subid);

#endif							/* MIG_FACTS_CASCADE_H */
