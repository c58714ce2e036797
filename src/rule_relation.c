/*-------------------------------------------------------------------------
 *
 * rule_relation.c
 *	  Relations in the words of lint rules, and parts of their rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "rule.h"

/* More names than this are no help. */
#define LISTED	5

/* "about 12 million rows"; NULL: not worth a word. */
const char *
mig_lint_rows(double rows)
{
	if (rows < 1)
		return NULL;
	if (rows < 1.5)
		return "1 row";
	if (rows < 10000)
		return psprintf("about %.0f rows", rows);
	if (rows < 1e6)
		return psprintf("about %.0f thousand rows", rows / 1e3);
	if (rows < 1e9)
		return psprintf("about %.0f million rows", rows / 1e6);
	return psprintf("about %.1f billion rows", rows / 1e9);
}

/* What is lost with a relation: "public.t (16 kB, about 100 rows)". */
const char *
mig_lint_loss(MigRel *rel)
{
	const char *rows = NULL;
	Datum		size;

	if (rel->assumed || mig_rel_is_new(rel) ||
		(!mig_rel_has_storage(rel) && rel->kind != RELKIND_PARTITIONED_TABLE))
		return mig_rel_label(rel);
	if (mig_rel_bytes(rel) == 0)
		return psprintf("%s (empty)", mig_rel_label(rel));
	rows = mig_lint_rows(mig_rel_rows(rel));
	size = DirectFunctionCall1(pg_size_pretty, Int64GetDatum(mig_rel_bytes(rel)));
	return psprintf("%s (%s%s%s)", mig_rel_label(rel),
					TextDatumGetCString(size), rows ? ", " : "",
					rows ? rows : "");
}

static int
compare_labels(const ListCell *a, const ListCell *b)
{
	return strcmp(mig_rel_label(lfirst(a)), mig_rel_label(lfirst(b)));
}

/* "public.a (8 kB), public.b (3277 MB) and 7 more" */
const char *
mig_lint_rel_list(List *rels)
{
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	rels = list_copy(rels);
	list_sort(rels, compare_labels);
	foreach(lc, rels)
	{
		int			n = foreach_current_index(lc);

		if (n == LISTED && list_length(rels) > LISTED + 1)
		{
			appendStringInfo(&result, " and %d more", list_length(rels) - n);
			break;
		}
		appendStringInfo(&result, "%s%s", n > 0 ? ", " : "",
						 mig_rel_sized_label(lfirst(lc)));
	}
	return result.data;
}

/*
 * The other relations that others see and that the statement takes a lock of
 * at least this strength on; what has no rows of its own is left out.
 */
List *
mig_lint_locked_too(MigLint *lint, LOCKMODE least, List *except)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, lint->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);

		if (mig_touch_strongest(touch) < least ||
			list_member_ptr(except, touch->rel) ||
			mig_rel_is_invisible(touch->rel))
			continue;
		switch (touch->rel->kind)
		{
			case RELKIND_RELATION:
			case RELKIND_PARTITIONED_TABLE:
			case RELKIND_MATVIEW:
			case RELKIND_FOREIGN_TABLE:
				result = lappend(result, touch->rel);
		}
	}
	return result;
}

/* Does a publication send its changes? */
bool
mig_lint_is_published(const MigRel *rel)
{
	List	   *tables = list_make1_oid(rel->oid);
	Oid			schema = get_namespace_oid(rel->schema, true);
	ListCell   *lc;

	if (GetAllTablesPublications() != NIL ||
		(OidIsValid(schema) && GetSchemaPublications(schema) != NIL))
		return true;
	if (!OidIsValid(rel->oid))
		return false;
	if (rel->partition)
		tables = list_concat(tables, get_partition_ancestors(rel->oid));
	foreach(lc, tables)
	{
		if (GetRelationPublications(lfirst_oid(lc)) != NIL)
			return true;
	}
	return false;
}

/* The names of columns, quoted where they must be; NULL: one is unknown. */
char *
mig_lint_column_names(MigRel *rel, List *attnums)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, attnums)
	{
		MigColumn  *column = mig_rel_attribute(rel, lfirst_int(lc));

		if (column == NULL)
			return NULL;
		names = lappend(names, unconstify(char *, column->name));
	}
	return names ? mig_lint_names(names) : NULL;
}

static bool
is_integer(const MigColumn *column)
{
	return column->type == INT2OID || column->type == INT4OID ||
		column->type == INT8OID;
}

/*
 * A condition that picks a first batch of the rows.  'qualifier' is what
 * columns are qualified with; NULL: nothing.
 */
char *
mig_lint_batch(MigRel *rel, const char *qualifier)
{
	MigConstraint *key = mig_rel_primary_key(rel);
	const char *prefix = qualifier ?
		psprintf("%s.", quote_identifier(qualifier)) : "";
	char	   *names = key ? mig_lint_column_names(rel, key->columns) : NULL;
	MigColumn  *first;

	if (names == NULL)
		return psprintf("%sctid < '(1000,0)'", prefix);
	first = mig_rel_attribute(rel, linitial_int(key->columns));
	if (list_length(key->columns) == 1 && is_integer(first))
		return psprintf("%s%s BETWEEN 1 AND 10000", prefix, names);
	if (list_length(key->columns) == 1)
		return psprintf("%s%s IN (SELECT %s FROM %s ORDER BY %s LIMIT 10000)",
						prefix, names, names, mig_rel_label(rel), names);
	/* the places of rows in different tables may be the same */
	if (mig_rel_children(rel, false) != NIL)
		return psprintf("(%stableoid, %sctid) IN (SELECT tableoid, ctid FROM %s ORDER BY %s LIMIT 10000)",
						prefix, prefix, mig_rel_label(rel), names);
	return psprintf("%sctid IN (SELECT ctid FROM %s ORDER BY %s LIMIT 10000)",
					prefix, mig_rel_label(rel), names);
}
