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

/* The stored migrations by their identities, as definitions with that key. */
static MigReading *
index_existing(List *existing)
{
	MigReading *index = palloc0(sizeof(MigReading));
	ListCell   *lc;

	foreach(lc, existing)
	{
		MigMigration *m = lfirst(lc);

		if (!m->repeatable && m->identity != NULL)
			mig_reading_get(index, m->identity)->source = m->sort_key;
	}
	return index;
}

/* The next key that is taken; NULL if there is none. */
static const char *
next_stored_key(List *existing, const char *key)
{
	ListCell   *lc;

	foreach(lc, existing)
	{
		const MigMigration *m = lfirst(lc);

		if (!m->repeatable && strcmp(m->sort_key, key) > 0)
			return m->sort_key;
	}
	return NULL;
}

/* Repeatables come last; list_sort() comparator. */
static int
compare_key(const ListCell *a, const ListCell *b)
{
	const MigDefinition *x = lfirst(a);
	const MigDefinition *y = lfirst(b);

	if (x->repeatable || y->repeatable)
		return x->repeatable && y->repeatable ? strcmp(x->name, y->name) :
			x->repeatable - y->repeatable;
	return strcmp(x->sort_key, y->sort_key);
}

/* Keys for what a plan lists: the stored ones stay, new ones fit in. */
static void
arrange_plan(MigLayoutResult *read, List *existing)
{
	MigReading *index = index_existing(existing);
	char	   *key = "";
	ListCell   *lc;

	foreach(lc, read->definitions)
	{
		MigDefinition *d = lfirst(lc);
		const char *next;

		CHECK_FOR_INTERRUPTS();
		if (d->repeatable)
			continue;
		d->sort_key = mig_reading_get(index, d->identity)->source;
		if (d->sort_key == NULL)
		{
			next = next_stored_key(existing, key);
			d->sort_key = next ? key_between(key, next) : key_after(key);
		}
		if (strcmp(d->sort_key, key) > 0)
			key = d->sort_key;
	}
	list_sort(read->definitions, compare_key);
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
