/*-------------------------------------------------------------------------
 *
 * fingerprint.c
 *	  The schema of this database as comparable rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "digest.h"
#include "fingerprint.h"
#include "schema_rows.h"

/* How many bytes of rows go into one step of the hash. */
#define HASH_CHUNK	(1024 * 1024)

/* What decides how the server writes a definition, and how fast. */
static const struct
{
	const char *name;
	const char *value;
}			settings[] = {
	{"quote_all_identifiers", "off"},
	{"datestyle", "ISO"},
	{"intervalstyle", "postgres"},
	{"timezone", "UTC"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"lc_monetary", "C"},
	{"xmlbinary", "base64"},
	{"jit", "off"},
	{"enable_hashagg", "on"},
	{"enable_hashjoin", "on"},
	{"enable_nestloop", "on"},
};

/* A text column's value in the current context. */
static char *
copy_column(uint64 row, int column, MemoryContext context)
{
	char	   *value = mig_col_text(row, column);

	return value ? MemoryContextStrdup(context, value) : NULL;
}

/* Appends what one row of a result says of each aspect. */
static void
append_aspects(MigFingerprint *fingerprint, uint64 result_row, char **aspects,
			   MemoryContext context)
{
	char	   *object = copy_column(result_row, MIG_SCHEMA_OBJECT, context);
	char	   *part_of = copy_column(result_row, MIG_SCHEMA_PART_OF, context);
	char	   *copy_of = copy_column(result_row, MIG_SCHEMA_COPY_OF, context);

	for (int i = MIG_SCHEMA_ASPECTS; i <= SPI_tuptable->tupdesc->natts; i++)
	{
		char	   *definition = copy_column(result_row, i, context);
		MigSchemaRow *row;

		if (definition == NULL)
			continue;
		row = &fingerprint->rows[fingerprint->nrows++];
		row->object = object;
		row->part_of = part_of;
		row->copy_of = copy_of;
		row->aspect = aspects[i - 1];
		row->definition = definition;
	}
}

/* The names of a result's columns. */
static char **
column_names(TupleDesc columns, MemoryContext context)
{
	char	  **names = MemoryContextAlloc(context,
										   columns->natts * sizeof(char *));

	for (int i = 0; i < columns->natts; i++)
		names[i] = MemoryContextStrdup(context,
									   NameStr(TupleDescAttr(columns, i)->attname));
	return names;
}

/* Runs one of the queries and appends its rows. */
static void
append_rows(MigFingerprint *fingerprint, MigQuery *query,
			MemoryContext context)
{
	uint64		n = mig_sql_run(query, NULL);
	char	  **aspects = column_names(SPI_tuptable->tupdesc, context);
	Size		most = n * SPI_tuptable->tupdesc->natts;

	if (n > 0)
		fingerprint->rows = repalloc_huge(fingerprint->rows,
										  (fingerprint->nrows + most) *
										  sizeof(MigSchemaRow));
	for (uint64 i = 0; i < n; i++)
		append_aspects(fingerprint, i, aspects, context);
	SPI_freetuptable(SPI_tuptable);
}

static int
compare_rows(const void *a, const void *b)
{
	const MigSchemaRow *left = a;
	const MigSchemaRow *right = b;
	int			order = strcmp(left->object, right->object);

	return order != 0 ? order : strcmp(left->aspect, right->aspect);
}

/* An aspect of an object, or NULL. */
static const MigSchemaRow *
find_row(const MigFingerprint *fingerprint, const char *object,
		 const char *aspect)
{
	MigSchemaRow key = {0};

	key.object = unconstify(char *, object);
	key.aspect = unconstify(char *, aspect);
	return bsearch(&key, fingerprint->rows, fingerprint->nrows,
				   sizeof(MigSchemaRow), compare_rows);
}

/* Of the sorted rows, drops the aspects of objects that are left out. */
static void
drop_strays(MigFingerprint *fingerprint)
{
	int			kept = 0;

	for (int i = 0; i < fingerprint->nrows; i++)
	{
		const MigSchemaRow *row = &fingerprint->rows[i];

		if (strcmp(row->aspect, MIG_SCHEMA_PRIVILEGES) == 0 ||
			find_row(fingerprint, row->object, MIG_SCHEMA_DEFINITION) != NULL)
			fingerprint->rows[kept++] = *row;
	}
	fingerprint->nrows = kept;
}

/* What the settings are while the server writes definitions. */
static void
set_for_writing(void)
{
	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i].name, settings[i].value,
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
}

/* Fills a fingerprint. */
static void
look(void *arg)
{
	MigFingerprint *fingerprint = arg;
	MigSqlSession session;
	int			guc_level;

	mig_sql_begin(&session);
	guc_level = NewGUCNestLevel();
	set_for_writing();
	for (int i = 0; i < mig_schema_query_count; i++)
		append_rows(fingerprint, &mig_schema_queries[i], fingerprint->context);
	AtEOXact_GUC(false, guc_level);
	mig_sql_end(&session);
}

/*
 * The schema as this transaction sees it now, in memory that is a child of the
 * current context.  Writes nothing, and keeps none of the locks that it takes
 * to read definitions.
 */
MigFingerprint *
mig_fingerprint_take(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "migrate fingerprint",
												  ALLOCSET_DEFAULT_SIZES);
	MigFingerprint *fingerprint = MemoryContextAllocZero(context,
														 sizeof(MigFingerprint));

	fingerprint->context = context;
	fingerprint->rows = MemoryContextAlloc(context, sizeof(MigSchemaRow));
	CommandCounterIncrement();
	mig_sql_look(look, fingerprint);
	qsort(fingerprint->rows, fingerprint->nrows, sizeof(MigSchemaRow),
		  compare_rows);
	drop_strays(fingerprint);
	return fingerprint;
}

void
mig_fingerprint_free(MigFingerprint *fingerprint)
{
	if (fingerprint != NULL)
		MemoryContextDelete(fingerprint->context);
}

/* Is there an object of that kind and name? */
bool
mig_fingerprint_has(const MigFingerprint *fingerprint, const char *object)
{
	return find_row(fingerprint, object, MIG_SCHEMA_DEFINITION) != NULL;
}

/*
 * A SHA-256 of all rows, in hexadecimal.  In steps, as together they may be
 * longer than a string can be.
 */
char *
mig_fingerprint_hash(const MigFingerprint *fingerprint)
{
	StringInfoData buf;
	char	   *hash = "";

	initStringInfo(&buf);
	for (int i = 0; i < fingerprint->nrows; i++)
	{
		const MigSchemaRow *row = &fingerprint->rows[i];
		const char *parts[] = {row->object, row->aspect, row->definition};

		/* with the terminators, so that no two lists of rows are the same */
		for (int j = 0; j < lengthof(parts); j++)
			appendBinaryStringInfo(&buf, parts[j], (int) strlen(parts[j]) + 1);
		if (buf.len < HASH_CHUNK && i < fingerprint->nrows - 1)
			continue;
		appendStringInfoString(&buf, hash);
		hash = mig_digest_hex_bytes(PG_SHA256, buf.data, buf.len);
		resetStringInfo(&buf);
	}
	pfree(buf.data);
	return hash;
}

/*
 * Differences
 */

/* Has only one of them this object?  Not one that is in neither. */
static bool
is_in_one(const MigFingerprint *before, const MigFingerprint *after,
		  const char *object)
{
	return mig_fingerprint_has(before, object) !=
		mig_fingerprint_has(after, object);
}

static bool
same_text(const MigSchemaRow *a, const MigSchemaRow *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a->definition, b->definition) == 0;
}

/* Is a part of a list of names in another one? */
static bool
list_has(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

static List *
split_names(const char *names)
{
	List	   *result = NIL;
	const char *end;

	for (; (end = strstr(names, ", ")) != NULL; names = end + 2)
		result = lappend(result, pnstrdup(names, end - names));
	return lappend(result, pstrdup(names));
}

/* The names of one list that are in another, in their order. */
static List *
common_names(List *names, List *others)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		if (list_has(others, lfirst(lc)))
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/*
 * Are the columns that both lists have in the same order?  Those that only one
 * has differ themselves.
 */
static bool
same_order(const char *before, const char *after)
{
	List	   *left = split_names(before);
	List	   *right = split_names(after);
	List	   *left_common = common_names(left, right);
	List	   *right_common = common_names(right, left);
	ListCell   *l;
	ListCell   *r;

	if (list_length(left_common) != list_length(right_common))
		return false;
	forboth(l, left_common, r, right_common)
	{
		if (strcmp(lfirst(l), lfirst(r)) != 0)
			return false;
	}
	return true;
}

/*
 * Is this difference no more than what another one entails?  An object comes
 * and goes with what it is a part of; what is inherited changes as what it is
 * inherited from.
 */
static bool
is_entailed(const MigFingerprint *before, const MigFingerprint *after,
			const MigSchemaRow *old, const MigSchemaRow *new)
{
	const MigSchemaRow *row = old ? old : new;
	bool		whole = strcmp(row->aspect, MIG_SCHEMA_DEFINITION) == 0;
	const char *copy_of = row->copy_of;

	/* the object itself has a difference, and says it all */
	if (!whole && is_in_one(before, after, row->object))
		return true;
	if (old != NULL && new != NULL &&
		strcmp(row->aspect, MIG_SCHEMA_COLUMN_ORDER) == 0 &&
		same_order(old->definition, new->definition))
		return true;
	if (whole && (old == NULL || new == NULL) &&
		((row->part_of && is_in_one(before, after, row->part_of)) ||
		 (copy_of && is_in_one(before, after, copy_of))))
		return true;
	if (copy_of == NULL)
		return false;
	old = find_row(before, row->object, row->aspect);
	new = find_row(after, row->object, row->aspect);
	return same_text(old, find_row(before, copy_of, row->aspect)) &&
		same_text(new, find_row(after, copy_of, row->aspect));
}

/*
 * How one fingerprint differs from another, as MigSchemaDifference *, by object
 * and aspect.  Of an object that only one of them has there is one difference,
 * of the aspect "definition", and none of its parts.
 */
List *
mig_fingerprint_diff(const MigFingerprint *before, const MigFingerprint *after)
{
	List	   *result = NIL;
	int			b = 0;
	int			a = 0;

	while (b < before->nrows || a < after->nrows)
	{
		const MigSchemaRow *old = &before->rows[b];
		const MigSchemaRow *new = &after->rows[a];
		int			order = b == before->nrows ? 1 :
			a == after->nrows ? -1 : compare_rows(old, new);
		MigSchemaDifference *difference;

		if (order <= 0)
			b++;
		else
			old = NULL;
		if (order >= 0)
			a++;
		else
			new = NULL;
		if (same_text(old, new) || is_entailed(before, after, old, new))
			continue;
		difference = palloc(sizeof(MigSchemaDifference));
		difference->object = old ? old->object : new->object;
		difference->aspect = old ? old->aspect : new->aspect;
		difference->before = old ? old->definition : NULL;
		difference->after = new ? new->definition : NULL;
		result = lappend(result, difference);
	}
	return result;
}
