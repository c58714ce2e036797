/*-------------------------------------------------------------------------
 *
 * shadow_apply.c
 *	  The shadow after a statement.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "shadow.h"

void
mig_shadow_apply(MigShadow *shadow, Node *stmt)
{
}
