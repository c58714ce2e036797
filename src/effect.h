/*-------------------------------------------------------------------------
 *
 * effect.h
 *	  What a statement would do to relations: locks, scans, rewrites.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_EFFECT_H
#define MIG_EFFECT_H

#include "storage/lockdefs.h"

#include "shadow.h"

/* What a statement does to one relation. */
typedef struct MigTouch
{
	MigRel	   *rel;
	int			locks;			/* bit 1 << mode for each lock mode it takes */
	bool		scans;			/* reads all of it */
	bool		rewrites;		/* gives it a new file */
	bool		builds;			/* builds an index on it */
	bool		empties;		/* gives it a new file without rows: at once */
	bool		writes;			/* changes its rows */
} MigTouch;

typedef struct MigEffect
{
	List	   *touches;		/* of MigTouch *; the one the statement names
								 * comes first */
	bool		unknown;		/* runs code that cannot be seen from here */
} MigEffect;

/* effect_of.c */
extern MigEffect *mig_effect_of(MigShadow *shadow, Node *stmt);

/* effect_touch.c */
extern LOCKMODE mig_lock_strongest(int locks);
extern LOCKMODE mig_touch_strongest(const MigTouch *touch);
extern MigTouch *mig_effect_find(const MigEffect *effect, const MigRel *rel);
extern const char *mig_lock_label(LOCKMODE mode);

/* For the modules that fill it: a touch of the relation, made if need be. */
extern MigTouch *mig_effect_touch(MigEffect *effect, MigRel *rel);
extern void mig_effect_merge(MigEffect *effect, const MigEffect *inner);
extern MigTouch *mig_effect_lock(MigEffect *effect, MigRel *rel, LOCKMODE mode);


/* effect_common.c: what many statements do, for the modules that fill it. */
extern void mig_effect_scan(MigEffect *effect, MigRel *rel);
extern void mig_effect_build(MigEffect *effect, MigRel *rel);
extern void mig_effect_rewrite(MigEffect *effect, MigRel *rel);
extern void mig_effect_lock_family(MigEffect *effect, MigRel *rel,
								   LOCKMODE mode);
extern void mig_effect_scan_family(MigEffect *effect, MigRel *rel);
extern void mig_effect_compare(MigEffect *effect, MigRel *rel,
							   MigRel *referenced);
extern void mig_effect_drop_index(MigEffect *effect, MigRel *index);
extern void mig_effect_drop_foreign_key(MigEffect *effect, MigRel *rel,
										MigConstraint *key);
extern void mig_effect_drop_dependents(MigEffect *effect, MigRel *rel,
									   MigColumn *column);
extern List *mig_effect_sequences(MigRel *rel, MigColumn *column);

/* effect_table.c */
extern void mig_effect_alter_table(MigShadow *shadow, AlterTableStmt *stmt,
								   MigEffect *effect);

#endif							/* MIG_EFFECT_H */
