/*-------------------------------------------------------------------------
 *
 * effect_alter.h
 *	  The parts of ALTER TABLE: what each command does to one relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_EFFECT_ALTER_H
#define MIG_EFFECT_ALTER_H

#include "effect.h"

typedef struct MigAlter
{
	MigShadow  *shadow;
	MigEffect  *effect;
	LOCKMODE	lock;			/* that the statement takes on its target */
	MigRel	   *target;
	bool		recurses;		/* no ONLY */
	List	   *family;			/* the target and all that is below it */
} MigAlter;

/* What one command does to the target, or to what is below it. */
typedef void MigAlterFunction (MigAlter *alter, MigRel *rel,
							   AlterTableCmd *command);

/* effect_column.c */
extern void mig_alter_lock_children(MigAlter *alter);
extern MigAlterFunction mig_alter_add_column;
extern MigAlterFunction mig_alter_drop_column;
extern MigAlterFunction mig_alter_type;
extern MigAlterFunction mig_alter_set_not_null;
extern MigAlterFunction mig_alter_set_expression;
extern MigAlterFunction mig_alter_identity;

/* effect_constraint.c */
extern MigAlterFunction mig_alter_add_constraint;
extern MigAlterFunction mig_alter_validate_constraint;
extern MigAlterFunction mig_alter_drop_constraint;
extern MigAlterFunction mig_alter_alter_constraint;
extern void mig_alter_column_constraints(MigAlter *alter, MigRel *rel,
										 ColumnDef *column);

/* effect_partition.c */
extern MigAlterFunction mig_alter_attach;
extern MigAlterFunction mig_alter_detach;
extern MigAlterFunction mig_alter_finalize;
extern MigAlterFunction mig_alter_inherit;
extern MigAlterFunction mig_alter_no_inherit;

#endif							/* MIG_EFFECT_ALTER_H */
