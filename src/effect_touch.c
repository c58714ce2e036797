/*-------------------------------------------------------------------------
 *
 * effect_touch.c
 *	  The relations that a statement touches, and the words for locks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/lock.h"

#include "effect.h"

/* What the effect has of the relation; NULL: nothing. */
MigTouch *
mig_effect_find(const MigEffect *effect, const MigRel *rel)
{
	ListCell   *lc;

	foreach(lc, effect->touches)
	{
		MigTouch   *touch = lfirst(lc);

		if (touch->rel == rel)
			return touch;
	}
	return NULL;
}

/* The same, made if it is not there. */
MigTouch *
mig_effect_touch(MigEffect *effect, MigRel *rel)
{
	MigTouch   *touch = mig_effect_find(effect, rel);

	if (touch == NULL)
	{
		touch = palloc0(sizeof(MigTouch));
		touch->rel = rel;
		effect->touches = lappend(effect->touches, touch);
	}
	return touch;
}

/* The statement takes this lock on the relation. */
MigTouch *
mig_effect_lock(MigEffect *effect, MigRel *rel, LOCKMODE mode)
{
	MigTouch   *touch = mig_effect_touch(effect, rel);

	touch->locks |= LOCKBIT_ON(mode);
	return touch;
}

/* Adds what a statement within another one does. */
void
mig_effect_merge(MigEffect *effect, const MigEffect *inner)
{
	ListCell   *lc;

	foreach(lc, inner->touches)
	{
		MigTouch   *from = lfirst(lc);
		MigTouch   *touch = mig_effect_touch(effect, from->rel);

		touch->locks |= from->locks;
		touch->scans |= from->scans;
		touch->rewrites |= from->rewrites;
		touch->builds |= from->builds;
		touch->empties |= from->empties;
		touch->writes |= from->writes;
	}
}

/* The strongest lock of a set; NoLock: it is empty. */
LOCKMODE
mig_lock_strongest(int locks)
{
	for (LOCKMODE mode = MaxLockMode; mode > NoLock; mode--)
	{
		if (locks & LOCKBIT_ON(mode))
			return mode;
	}
	return NoLock;
}

LOCKMODE
mig_touch_strongest(const MigTouch *touch)
{
	return mig_lock_strongest(touch->locks);
}

/* As LOCK TABLE spells it. */
const char *
mig_lock_label(LOCKMODE mode)
{
	static const char *const labels[] = {
		"no lock",
		"ACCESS SHARE",
		"ROW SHARE",
		"ROW EXCLUSIVE",
		"SHARE UPDATE EXCLUSIVE",
		"SHARE",
		"SHARE ROW EXCLUSIVE",
		"EXCLUSIVE",
		"ACCESS EXCLUSIVE"
	};

	return labels[mode];
}
