/*-------------------------------------------------------------------------
 *
 * effect_of.c
 *	  What a statement would do to relations: which module knows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "effect.h"

MigEffect *
mig_effect_of(MigShadow *shadow, Node *stmt)
{
	return palloc0(sizeof(MigEffect));
}
