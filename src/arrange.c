/*-------------------------------------------------------------------------
 *
 * arrange.c
 *	  Sort keys that depend on what is stored already.
 *
 * What was stored is never sorted anew: a plan that lists a migration between
 * two others gets a key between theirs, and a project whose files come to be
 * read in another layout gets that layout's keys only if they leave the order
 * as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "arrange.h"
#include "catalog.h"

/* Digits of a planned key before the part that lies between two others. */
#define PLANNED_DIGITS 10

/* Is a definition that of a stored migration, which another layout knows? */
static bool
is_same(const MigDefinition *d, const MigMigration *m)
{
	return !d->repeatable && !m->repeatable &&
		(strcmp(d->version, m->version) == 0 ||
		 strcmp(mig_version_sort_key(d->version),
				mig_version_sort_key(m->version)) == 0);
}

/* The definition of a stored migration, in its place or anywhere. */
static MigDefinition *
find_definition(List *definitions, int from, const MigMigration *m)
{
	MigDefinition *found = NULL;
	int			count = list_length(definitions);

	for (int i = 0; i < count; i++)
	{
		MigDefinition *d = list_nth(definitions, (from + i) % count);

		CHECK_FOR_INTERRUPTS();
		if (!is_same(d, m))
			continue;
		if (strcmp(d->name, m->name) == 0)
			return d;
		if (found == NULL)
			found = d;
	}
	return found;
}

/* Gives what is stored the keys that the layout gives to the same files. */
static void
change_layout(MigLayoutResult *read, List *existing)
{
	MigMigration *previous = NULL;
	List	   *changed = NIL;
	ListCell   *lc;

	foreach(lc, existing)
	{
		MigMigration *m = lfirst(lc);
		MigDefinition *d;

		if (m->repeatable)
			continue;
		d = find_definition(read->definitions, foreach_current_index(lc), m);
		if (d == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("migration \"%s\", stored in layout \"%s\", is not among the files of layout \"%s\"",
							mig_label(m->version, m->name), m->layout,
							read->layout),
					 errdetail("The two layouts order migrations by different rules."),
					 errhint("Load the files with layout => '%s', or into another project.",
							 m->layout)));
		if (previous != NULL && strcmp(previous->sort_key, d->sort_key) >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("layout \"%s\" has migrations \"%s\" and \"%s\" the other way round",
							read->layout,
							pstrdup(mig_label(previous->version, previous->name)),
							mig_label(m->version, m->name)),
					 errdetail("They are stored in the order of layout \"%s\".",
							   m->layout),
					 errhint("Load the files with layout => '%s', or into another project.",
							 m->layout)));
		m->sort_key = d->sort_key;
		changed = lappend(changed, m);
		previous = m;
	}
	mig_catalog_rekey(changed);
}

/*
 * A key between two others, as short as can be; NULL is beyond all.  A digit
 * that would be followed by nothing smaller is never the last one.
 */
static char *
key_between(const char *low, const char *high)
{
	StringInfoData key;

	initStringInfo(&key);
	for (int i = 0;; i++)
	{
		int			from = i < strlen(low) ? low[i] - '0' : 0;
		int			to = high == NULL ? 10 :
			i < strlen(high) ? high[i] - '0' : 0;

		if (to - from > 1)
		{
			appendStringInfoChar(&key, '0' + (from + to) / 2);
			return key.data;
		}
		appendStringInfoChar(&key, '0' + from);
		if (to > from)
			high = NULL;
	}
}

/* A key behind all of a plan so far. */
static char *
key_after(const char *key)
{
	return psprintf("%0*lld", PLANNED_DIGITS,
					strtoll(pnstrdup(key, PLANNED_DIGITS), NULL, 10) + 1);
}

/* A plan that is being arranged. */
typedef struct Arrangement
{
	List	   *existing;
	HTAB	   *by_identity;	/* stored migrations */
	HTAB	   *listed;			/* identities that the plan lists */
	HTAB	   *lost;			/* by version: stored migrations whose identity
								 * it does not list any more */
} Arrangement;

/* Looks up what is stored, and what of it the plan still lists. */
static void
begin_arrangement(Arrangement *plan, List *definitions, List *existing)
{
	ListCell   *lc;

	plan->existing = existing;
	plan->by_identity = mig_map_create();
	plan->listed = mig_map_create();
	plan->lost = mig_map_create();
	foreach(lc, definitions)
	{
		MigDefinition *d = lfirst(lc);

		if (!d->repeatable)
			*mig_map_place(plan->listed, d->identity) = d;
	}
	foreach(lc, existing)
	{
		MigMigration *m = lfirst(lc);

		if (m->repeatable || m->identity == NULL)
			continue;
		*mig_map_place(plan->by_identity, m->identity) = m;
		if (*mig_map_place(plan->listed, m->identity) == NULL)
			*mig_map_place(plan->lost, m->version) = m;
	}
}

/*
 * The stored migration of a definition; NULL if there is none.  Some tools
 * derive the identity from what stands before it in the plan: one that did not
 * run yet may then get another.
 */
static MigMigration *
find_stored(const Arrangement *plan, const MigDefinition *d)
{
	MigMigration *m = *mig_map_place(plan->by_identity, d->identity);

	if (m != NULL)
		return m;
	m = *mig_map_place(plan->lost, d->version);
	if (m != NULL && (m->state == MIG_APPLIED || m->state == MIG_PARTIAL))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("migration \"%s\" is %s and is another one in the plan now",
						mig_label(m->version, m->name),
						mig_state_names[m->state]),
				 errdetail("It was stored as %s and is %s.", m->identity,
						   d->identity),
				 errhint("Undo the change of the plan at or before it; what is new belongs after it.")));
	return m;
}

/* The next key that is taken for good; NULL if there is none. */
static const char *
next_fixed_key(const Arrangement *plan, const char *key)
{
	ListCell   *lc;

	foreach(lc, plan->existing)
	{
		const MigMigration *m = lfirst(lc);

		if (!m->repeatable && strcmp(m->sort_key, key) > 0 &&
			(m->state != MIG_PENDING ||
			 *mig_map_place(plan->lost, m->version) == m))
			return m->sort_key;
	}
	return NULL;
}

/* A key for what comes next in the plan, after 'key'; 'm': as it is stored. */
static char *
key_in_plan(const Arrangement *plan, const MigMigration *m, const char *key)
{
	const char *next;

	if (m != NULL && m->state != MIG_PENDING)
		return m->sort_key;
	next = next_fixed_key(plan, key);
	if (m != NULL && strcmp(m->sort_key, key) > 0 &&
		(next == NULL || strcmp(m->sort_key, next) < 0))
		return m->sort_key;
	return next ? key_between(key, next) : key_after(key);
}

/* list_sort() comparator: versions by their keys, then repeatables. */
static int
compare_definitions(const ListCell *a, const ListCell *b)
{
	const MigDefinition *x = lfirst(a);
	const MigDefinition *y = lfirst(b);

	if (x->repeatable || y->repeatable)
		return x->repeatable && y->repeatable ? strcmp(x->name, y->name) :
			x->repeatable - y->repeatable;
	return strcmp(x->sort_key, y->sort_key);
}

static int
compare_stored(const ListCell *a, const ListCell *b)
{
	const MigMigration *x = lfirst(a);
	const MigMigration *y = lfirst(b);

	return x->repeatable != y->repeatable ? x->repeatable - y->repeatable :
		strcmp(x->sort_key, y->sort_key);
}

/*
 * Keys for what a plan lists: those of what ran stay, and the others fit in
 * between as the plan has them.
 */
static void
arrange_plan(MigLayoutResult *read, List *existing)
{
	Arrangement plan;
	List	   *moved = NIL;
	char	   *key = "";
	ListCell   *lc;

	begin_arrangement(&plan, read->definitions, existing);
	foreach(lc, read->definitions)
	{
		MigDefinition *d = lfirst(lc);
		MigMigration *m;

		CHECK_FOR_INTERRUPTS();
		if (d->repeatable)
			continue;
		m = find_stored(&plan, d);
		d->sort_key = key_in_plan(&plan, m, key);
		if (m != NULL && strcmp(m->sort_key, d->sort_key) != 0)
		{
			m->sort_key = d->sort_key;
			moved = lappend(moved, m);
		}
		if (strcmp(d->sort_key, key) > 0)
			key = d->sort_key;
	}
	mig_catalog_rekey(moved);
	list_sort(read->definitions, compare_definitions);
	list_sort(existing, compare_stored);
}

/* Makes the keys of what was read fit to what is stored. */
void
mig_arrange(MigLayoutResult *read, List *existing)
{
	MigOrder	order = mig_layout_order(read->layout);
	ListCell   *lc;

	foreach(lc, existing)
	{
		const MigMigration *m = lfirst(lc);

		if (m->repeatable || strcmp(m->layout, read->layout) == 0)
			continue;
		if (order == MIG_ORDER_NUMBER &&
			mig_layout_order(m->layout) == MIG_ORDER_NUMBER)
			continue;
		change_layout(read, existing);
		return;
	}
	if (order == MIG_ORDER_PLAN)
		arrange_plan(read, existing);
}
