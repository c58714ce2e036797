/*-------------------------------------------------------------------------
 *
 * match.c
 *	  Which row of another tool's history is of which migration.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "match.h"

/* What mig_index_find() returns instead of a number. */
#define NONE	(-1)
#define SEVERAL	(-2)

typedef struct MigIndexKey
{
	const char *key;
	int			number;
} MigIndexKey;

/* All that a row may call a migration, each to the migration's number. */
typedef struct Names
{
	MigIndex	identities;
	MigIndex	files;			/* without identity: names of files, with and
								 * without their endings */
	MigIndex	versions;		/* the same: keys of versions */
	MigIndex	others;			/* names, names of files */
	MigIndex	checksums;
	MigIndex	changesets;		/* of Liquibase, without their paths */
} Names;

/*
 * Names
 */

void
mig_index_add(MigIndex *index, const char *key, int number)
{
	if (index->count == index->size)
	{
		index->size = Max(64, 2 * index->size);
		index->keys = index->keys == NULL ?
			palloc(index->size * sizeof(MigIndexKey)) :
			repalloc(index->keys, index->size * sizeof(MigIndexKey));
	}
	index->keys[index->count].key = key;
	index->keys[index->count++].number = number;
}

static int
compare_keys(const void *a, const void *b)
{
	const MigIndexKey *x = a;
	const MigIndexKey *y = b;
	int			order = strcmp(x->key, y->key);

	return order != 0 ? order : x->number - y->number;
}

/* To be called once, when all is added. */
void
mig_index_sort(MigIndex *index)
{
	if (index->count > 1)
		qsort(index->keys, index->count, sizeof(MigIndexKey), compare_keys);
}

/* The first entry that is not less than a key. */
static int
lower_bound(const MigIndex *index, const char *key)
{
	int			low = 0;
	int			high = index->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(index->keys[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number of that name; negative if there is none, or more than one. */
int
mig_index_find(const MigIndex *index, const char *key)
{
	int			i;
	int			number;

	if (key == NULL)
		return NONE;
	i = lower_bound(index, key);
	if (i == index->count || strcmp(index->keys[i].key, key) != 0)
		return NONE;
	number = index->keys[i].number;
	for (i++; i < index->count && strcmp(index->keys[i].key, key) == 0; i++)
		if (index->keys[i].number != number)
			return SEVERAL;
	return number;
}

/* What follows the path in an identity of Liquibase. */
static const char *
changeset_of(const char *identity)
{
	const char *separator = strstr(identity, "::");

	return separator ? separator + 2 : identity;
}

/* A name with blanks for underscores, as Flyway has descriptions. */
static char *
with_blanks(const char *name)
{
	char	   *result = pstrdup(name);

	for (char *p = result; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	return result;
}

/* The names of a migration to which no tool gave one: those of its file. */
static void
add_file_names(Names *names, const MigMigration *m, int number)
{
	static const char *const endings[] = {".up.sql", ".sql"};
	const char *base;

	if (m->repeatable)
	{
		mig_index_add(&names->files, psprintf("R:%s", m->name), number);
		mig_index_add(&names->files, psprintf("R:%s", with_blanks(m->name)),
					  number);
	}
	else
		mig_index_add(&names->versions, m->sort_key, number);
	if (m->path == NULL)
		return;
	base = mig_file_base(m->path);
	mig_index_add(&names->files, base, number);
	for (int i = 0; i < lengthof(endings); i++)
		if (mig_file_ends(base, endings[i]))
			mig_index_add(&names->files,
						  pnstrdup(base, strlen(base) - strlen(endings[i])),
						  number);
}

/* All names of the migrations. */
static Names *
index_names(const MigTool *tool, List *migrations)
{
	Names	   *names = palloc0(sizeof(Names));
	ListCell   *lc;

	foreach(lc, migrations)
	{
		const MigMigration *m = lfirst(lc);
		int			number = foreach_current_index(lc);
		ListCell   *checksum;

		if (!mig_match_allows(tool, m->layout))
			continue;
		if (m->identity == NULL)
		{
			add_file_names(names, m, number);
			continue;
		}
		mig_index_add(&names->identities, m->identity, number);
		/* a change of Sqitch that was reworked: change@tag */
		if (m->version != NULL && strcmp(m->layout, "sqitch") == 0)
			mig_index_add(&names->others,
						  pnstrdup(m->version, strcspn(m->version, "@")), number);
		if (m->path != NULL)
			mig_index_add(&names->others, mig_file_base(m->path), number);
		mig_index_add(&names->changesets, changeset_of(m->identity), number);
		foreach(checksum, m->checksums)
			mig_index_add(&names->checksums, lfirst(checksum), number);
	}
	mig_index_sort(&names->identities);
	mig_index_sort(&names->files);
	mig_index_sort(&names->versions);
	mig_index_sort(&names->others);
	mig_index_sort(&names->checksums);
	mig_index_sort(&names->changesets);
	return names;
}

/* May files of that layout be what the tool has run? */
bool
mig_match_allows(const MigTool *tool, const char *layout)
{
	if (strcmp(layout, tool->name) == 0)
		return true;
	if (tool->key == MIG_TOOL_OWN)
		return false;
	if (strcmp(layout, "native") == 0)
		return true;
	if (tool->key != MIG_TOOL_NUMBER)
		return false;
	for (int i = 0; i < mig_tools_count; i++)
		if (strcmp(mig_tools[i].name, layout) == 0)
			return mig_tools[i].key == MIG_TOOL_NUMBER;
	return false;
}

/*
 * Rows to migrations
 */

/* Is one the end of the other, from a directory's name on? */
static bool
same_path_end(const char *a, int a_len, const char *b, int b_len)
{
	int			len = Min(a_len, b_len);

	if (memcmp(a + a_len - len, b + b_len - len, len) != 0)
		return false;
	return a_len == b_len || (a_len > b_len ? a[a_len - len - 1] == '/' :
							  b[b_len - len - 1] == '/');
}

/* The changeset of the same id and author whose path begins elsewhere. */
static int
find_changeset(const Names *names, List *migrations, const MigForeignRow *row)
{
	const char *changeset = changeset_of(row->identity);
	int			path_len = Max(changeset - row->identity - 2, 0);
	int			found = NONE;

	for (int i = lower_bound(&names->changesets, changeset);
		 i < names->changesets.count &&
		 strcmp(names->changesets.keys[i].key, changeset) == 0; i++)
	{
		int			number = names->changesets.keys[i].number;
		const MigMigration *m = list_nth(migrations, number);

		if (!same_path_end(row->identity, path_len, m->identity,
						   Max(changeset_of(m->identity) - m->identity - 2, 0)))
			continue;
		if (found != NONE)
			return SEVERAL;
		found = number;
	}
	return found;
}

/* A file that goes by no tool's rules: by its name, else by its version. */
static int
find_file(const Names *names, const MigForeignRow *row)
{
	int			number = mig_index_find(&names->files, row->identity);

	if (number == NONE)
		number = mig_index_find(&names->files, row->other);
	if (number == NONE && row->version != NULL)
		number = mig_index_find(&names->versions,
								mig_foreign_version_key(row->identity));
	if (number == NONE)
		number = mig_index_find(&names->versions,
								mig_foreign_version_key(row->version));
	return number;
}

/* The migration of a row that is not told by its identity. */
static int
find_migration(const MigTool *tool, const Names *names, List *migrations,
			   const MigForeignRow *row)
{
	int			number = mig_index_find(&names->identities, row->other);

	if (number == NONE && strcmp(tool->name, "liquibase") == 0)
		return find_changeset(names, migrations, row);
	if (number == NONE)
		number = mig_index_find(&names->others, row->other);
	if (number == NONE && strcmp(tool->name, "drizzle") == 0)
		number = mig_index_find(&names->checksums, row->checksum);
	if (number == NONE)
		number = find_file(names, row);
	return number;
}

/* Gives a row to its migration; false if it has none that is free. */
static bool
match_row(MigMatches *result, MigForeignRow *row, int number)
{
	MigMatch   *match;

	if (number < 0)
		return false;
	match = &result->matches[number];
	/* what is there twice counts as it was last */
	if (match->row != NULL && strcmp(match->row->identity, row->identity) != 0)
		return false;
	match->row = row;
	return true;
}

/* Is a migration ordered before a row that has none of its own? */
static bool
is_before(const MigTool *tool, const MigMigration *m, const MigForeignRow *row)
{
	const char *name = m->identity ? m->identity : m->version;
	char	   *a;
	char	   *b;

	switch (tool->order)
	{
		case MIG_TOOL_BY_VALUE:
			a = mig_foreign_version_key(name);
			b = mig_foreign_version_key(row->identity);
			return a != NULL && b != NULL && *row->identity != '-' &&
				strcmp(a, b) < 0;
		case MIG_TOOL_BY_TEXT:
			return strcmp(name, row->identity) < 0;
		case MIG_TOOL_BY_PLAN:
			break;
	}
	return false;
}

/* What is ordered before a row, and has none of its own, has its turn now. */
static void
expand_row(const MigTool *tool, MigMatches *result, MigForeignRow *row,
		   int number, int *turn)
{
	for (int i = 0; i < result->count; i++)
	{
		MigMatch   *match = &result->matches[i];
		const MigMigration *m = match->migration;

		if (m->repeatable || i == number)
			break;
		if (match->row != NULL || match->turn != 0 ||
			!mig_match_allows(tool, m->layout) ||
			(number < 0 && !is_before(tool, m, row)))
			continue;
		match->below = row;
		match->turn = ++*turn;
	}
}

/* Is a row of a set of which a migration was found, if any was? */
static bool
is_in_scope(const MigIndex *scopes, const MigForeignRow *row)
{
	return row->scope == NULL || scopes->count == 0 ||
		mig_index_find(scopes, row->scope) != NONE;
}

/* Is it the very script that a row has the checksum of? */
static bool
has_checksum(const MigMigration *m, const char *checksum)
{
	ListCell   *lc;

	foreach(lc, m->checksums)
		if (checksum != NULL && strcmp(lfirst(lc), checksum) == 0)
			return true;
	return false;
}

/*
 * Does a name alone tell too little?  While nothing says which of the sets in
 * the table is ours, another one's may have the same names.
 */
static bool
may_be_of_another(const MigTool *tool, const MigIndex *scopes,
				  List *migrations, const MigForeignRow *row, int number)
{
	return number >= 0 && tool->key == MIG_TOOL_OWN && row->scope != NULL &&
		scopes->count == 0 &&
		!has_checksum(list_nth(migrations, number), row->checksum);
}

/*
 * The migration of each row, by number: first those that are told by their
 * identity, so that others leave these alone.
 */
static int *
match_rows(const MigTool *tool, MigMatches *result, List *migrations,
		   List *rows, MigIndex *scopes)
{
	Names	   *names = index_names(tool, migrations);
	int		   *numbers = palloc(sizeof(int) * (list_length(rows) + 1));
	ListCell   *lc;

	foreach(lc, rows)
	{
		MigForeignRow *row = lfirst(lc);
		int			number = mig_index_find(&names->identities, row->identity);

		if (!match_row(result, row, number))
			number = NONE;
		else if (row->scope != NULL)
			mig_index_add(scopes, row->scope, 0);
		numbers[foreach_current_index(lc)] = number;
	}
	mig_index_sort(scopes);
	foreach(lc, rows)
	{
		MigForeignRow *row = lfirst(lc);
		int		   *number = &numbers[foreach_current_index(lc)];

		CHECK_FOR_INTERRUPTS();
		if (*number >= 0 || !is_in_scope(scopes, row))
			continue;
		*number = find_migration(tool, names, migrations, row);
		if (may_be_of_another(tool, scopes, migrations, row, *number) ||
			!match_row(result, row, *number))
			*number = NONE;
	}
	return numbers;
}

/* Gives each row its migration, and each migration its turn. */
MigMatches *
mig_match(const MigTool *tool, List *migrations, List *rows)
{
	MigMatches *result = palloc0(sizeof(MigMatches));
	MigIndex	scopes = {0};
	int		   *numbers;
	int			turn = 0;
	ListCell   *lc;

	result->count = list_length(migrations);
	result->matches = palloc0(sizeof(MigMatch) * (result->count + 1));
	foreach(lc, migrations)
		result->matches[foreach_current_index(lc)].migration = lfirst(lc);
	numbers = match_rows(tool, result, migrations, rows, &scopes);
	foreach(lc, rows)
	{
		MigForeignRow *row = lfirst(lc);
		int			number = numbers[foreach_current_index(lc)];

		if (row->below)
			expand_row(tool, result, row, number, &turn);
		if (number >= 0)
		{
			result->found++;
			if (result->matches[number].turn == 0)
				result->matches[number].turn = ++turn;
		}
		else if (is_in_scope(&scopes, row))
			result->missing = lappend(result->missing, row);
	}
	return result;
}
