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

/* One of these definitions, of that name if there is one; NULL: there is none. */
static MigDefinition *
choose_by_name(List *definitions, const char *name)
{
	ListCell   *lc;

	foreach(lc, definitions)
		if (strcmp(((MigDefinition *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	return definitions != NIL ? linitial(definitions) : NULL;
}

/* Lists of definitions by their versions, however their digits are padded. */
static HTAB *
map_versions(List *definitions)
{
	HTAB	   *map = mig_map_create();
	ListCell   *lc;

	foreach(lc, definitions)
	{
		MigDefinition *d = lfirst(lc);
		List	  **place;

		CHECK_FOR_INTERRUPTS();
		if (d->repeatable)
			continue;
		place = (List **) mig_map_place(map, mig_version_sort_key(d->version));
		*place = lappend(*place, d);
	}
	return map;
}

/* Gives what is stored the keys that the layout gives to the same files. */
static void
change_layout(MigLayoutResult *read, List *existing)
{
	HTAB	   *versions = map_versions(read->definitions);
	MigMigration *previous = NULL;
	List	   *changed = NIL;
	ListCell   *lc;

	foreach(lc, existing)
	{
		MigMigration *m = lfirst(lc);
		MigDefinition *d;

		if (m->repeatable)
			continue;
		d = choose_by_name(*mig_map_place(versions, mig_version_sort_key(m->version)),
						   m->name);
		if (d == NULL ||
			(previous != NULL && strcmp(previous->sort_key, d->sort_key) == 0))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("migration \"%s\", stored in layout \"%s\", is not among the files of layout \"%s\"",
							mig_label(m->version, m->name), m->layout,
							read->layout),
					 errdetail("The two layouts order migrations by different rules."),
					 errhint("Load the files with layout => '%s', or into another project.",
							 m->layout)));
		if (previous != NULL && strcmp(previous->sort_key, d->sort_key) > 0)
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
	HTAB	   *lost;			/* by version: lists of stored migrations whose
								 * identity it does not list any more */
	int			fixed;			/* no key before that of this stored one is
								 * asked for any more */
} Arrangement;

/* Is it stored, and not listed any more? */
static bool
is_lost(const Arrangement *plan, const MigMigration *m)
{
	return *mig_map_place(plan->listed, m->identity) == NULL;
}

/* Looks up what is stored, and what of it the plan still lists. */
static void
begin_arrangement(Arrangement *plan, List *definitions, List *existing)
{
	ListCell   *lc;

	plan->existing = existing;
	plan->fixed = 0;
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
		if (is_lost(plan, m))
		{
			List	  **place = (List **) mig_map_place(plan->lost, m->version);

			*place = lappend(*place, m);
		}
	}
}

/* Takes the lost one of that version, and of that name if there are several. */
static MigMigration *
take_lost(const Arrangement *plan, const MigDefinition *d)
{
	List	  **place = (List **) mig_map_place(plan->lost, d->version);
	MigMigration *found = *place != NIL ? linitial(*place) : NULL;
	ListCell   *lc;

	foreach(lc, *place)
	{
		MigMigration *m = lfirst(lc);

		if (strcmp(m->name, d->name) == 0)
		{
			found = m;
			break;
		}
	}
	*place = list_delete_ptr(*place, found);
	return found;
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
	m = take_lost(plan, d);
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

/*
 * The next key that is taken for good; NULL if there is none.  The keys asked
 * for only grow, and what is moved meanwhile goes before them.
 */
static const char *
next_fixed_key(Arrangement *plan, const char *key)
{
	for (; plan->fixed < list_length(plan->existing); plan->fixed++)
	{
		const MigMigration *m = list_nth(plan->existing, plan->fixed);

		if (!m->repeatable && strcmp(m->sort_key, key) > 0 &&
			(m->state != MIG_PENDING || is_lost(plan, m)))
			return m->sort_key;
	}
	return NULL;
}

/* A key for what comes next in the plan, after 'key'; 'm': as it is stored. */
static char *
key_in_plan(Arrangement *plan, const MigMigration *m, const char *key)
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

/* list_sort() comparator */
static int
compare_stored(const ListCell *a, const ListCell *b)
{
	const MigMigration *x = lfirst(a);
	const MigMigration *y = lfirst(b);

	return mig_order(x->repeatable, x->sort_key, y->repeatable, y->sort_key);
}

/*
 * What a plan lists may become repeatable, or cease to be: it is the same
 * migration, which has run or not, and what ran came before what is new.
 */
static void
change_kinds(List *definitions, List *existing)
{
	HTAB	   *by_identity = mig_map_create();
	char	   *last = "";
	ListCell   *lc;

	foreach(lc, existing)
	{
		MigMigration *m = lfirst(lc);

		if (m->identity != NULL)
			*mig_map_place(by_identity, m->identity) = m;
		if (!m->repeatable)
			last = m->sort_key;
	}
	foreach(lc, definitions)
	{
		const MigDefinition *d = lfirst(lc);
		MigMigration *m = *mig_map_place(by_identity, d->identity);

		if (m == NULL || m->repeatable == d->repeatable)
			continue;
		m->repeatable = d->repeatable;
		m->version = d->version;
		m->name = d->name;
		m->sort_key = d->repeatable ? d->name : (last = key_after(last));
		mig_catalog_change_kind(m);
	}
	list_sort(existing, compare_stored);
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

	change_kinds(read->definitions, existing);
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
	list_sort(read->definitions, mig_definition_compare);
	list_sort(existing, compare_stored);
}

/*
 * What is stored and has no definition of its key may have one of another: a
 * tool knows a renamed file by its identity, and layouts that go by numbers
 * do not all take 1.0 for another one than 1.
 */
static void
follow_renamed(MigLayoutResult *read, List *existing)
{
	HTAB	   *keys = mig_map_create();
	HTAB	   *defined = mig_map_create();
	HTAB	   *identities = mig_map_create();
	HTAB	   *versions = map_versions(read->definitions);
	List	   *moved = NIL;
	ListCell   *lc;

	foreach(lc, existing)
	{
		MigMigration *m = lfirst(lc);

		if (!m->repeatable)
			*mig_map_place(keys, m->sort_key) = m;
	}
	foreach(lc, read->definitions)
	{
		MigDefinition *d = lfirst(lc);

		if (d->repeatable)
			continue;
		*mig_map_place(defined, d->sort_key) = d;
		if (d->identity != NULL)
			*mig_map_place(identities, d->identity) = d;
	}
	foreach(lc, existing)
	{
		MigMigration *m = lfirst(lc);
		MigDefinition *d = NULL;

		if (m->repeatable || *mig_map_place(defined, m->sort_key) != NULL)
			continue;
		if (strcmp(m->layout, read->layout) != 0)
			d = choose_by_name(*mig_map_place(versions, mig_version_sort_key(m->version)),
							   m->name);
		else if (m->identity != NULL)
			d = *mig_map_place(identities, m->identity);
		if (d == NULL || *mig_map_place(keys, d->sort_key) != NULL)
			continue;
		*mig_map_place(keys, d->sort_key) = m;
		m->sort_key = d->sort_key;
		moved = lappend(moved, m);
	}
	mig_catalog_rekey(moved);
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
	else
		follow_renamed(read, existing);
}
