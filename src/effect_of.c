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
	MigEffect  *effect = palloc0(sizeof(MigEffect));

	if (IsA(stmt, AlterTableStmt))
		mig_effect_alter_table(shadow, (AlterTableStmt *) stmt, effect);
	return effect;
}
