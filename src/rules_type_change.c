/*-------------------------------------------------------------------------
 *
 * rules_type_change.c
 *	  Lint rules: changing the type of a column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "facts.h"
#include "rule_sql.h"

/* So many objects are named. */
#define MAX_NAMED 3

/*
 * What several rules ask
 */

/* The column whose type is changed; NULL: another command, or unknown. */
static MigColumn *
changed_column(MigLint *lint)
{
	if (lint->command->subtype != AT_AlterColumnType || lint->rel == NULL ||
		(lint->rel->kind != RELKIND_RELATION &&
		 lint->rel->kind != RELKIND_PARTITIONED_TABLE))
		return NULL;
	return mig_rel_column(lint->rel, lint->command->name);
}

static ColumnDef *
new_definition(MigLint *lint)
{
	return castNode(ColumnDef, lint->command->def);
}

static const char *
label_of(MigLint *lint)
{
	return mig_rel_part_label(lint->rel, lint->command->name);
}

/* Where the command stands: its type is all that has a location. */
static int
location_of(MigLint *lint)
{
	return new_definition(lint)->typeName->location;
}

/* The new type as it is written. */
static const char *
type_text(MigLint *lint)
{
	return mig_fact_type_label(lint->shadow, new_definition(lint)->typeName);
}

/* The expression after USING; NULL: there is none. */
static char *
using_text(MigLint *lint)
{
	if (new_definition(lint)->raw_default == NULL)
		return NULL;
	return mig_lint_after(mig_lint_source(lint, location_of(lint)), "USING");
}

/*
 * Rewrites, scans and index builds
 */

/*
 * What has to be done first at the other side of foreign keys that reference
 * the column.
 */
static void
add_referencing(StringInfo sql, MigLint *lint, List *keys, const char *new)
{
	ListCell   *lc;

	foreach(lc, keys)
	{
		MigForeignKey *key = lfirst(lc);
		const char *table = mig_rel_label(key->table);
		char	   *columns = mig_lint_column_names(key->table,
												  key->constraint->columns);

		if (key->table == lint->rel || key->constraint->name == NULL)
			continue;
		mig_sql_add(sql, "-- %s references it: change %s in the same way first, with a foreign key to %s",
					table, columns ? columns : "its columns", new);
		mig_sql_add(sql, "ALTER TABLE %s DROP CONSTRAINT %s;", table,
					quote_identifier(key->constraint->name));
	}
}

/* A second column, filled by a trigger and in batches, that takes over. */
static char *
rewrite_with_column(MigLint *lint, MigTypeChange *change)
{
	const char *table = mig_sql_table(lint);
	const char *old = pstrdup(quote_identifier(lint->command->name));
	char	   *new_name = mig_sql_column_name(lint->rel, lint->command->name,
												"new");
	const char *new = pstrdup(quote_identifier(new_name));
	char	   *expression = using_text(lint);
	char	   *trigger = mig_sql_index_name(lint, lint->rel, new_name, "fill");
	char	   *others = mig_lint_without_command(lint);
	StringInfoData sql;

	if (expression == NULL)
		expression = psprintf("%s::%s", old, type_text(lint));
	initStringInfo(&sql);
	if (others != NULL)
		mig_sql_add(&sql, "%s", others);
	mig_sql_add(&sql, "ALTER TABLE %s ADD COLUMN %s %s;", table, new,
				type_text(lint));
	mig_sql_fill_trigger(&sql, lint->rel, table, trigger, new_name, expression);
	mig_sql_backfill(&sql, lint->rel, table,
					 psprintf("%s = %s", new, expression),
					 psprintf("%s IS DISTINCT FROM (%s)", new, expression));
	mig_sql_add(&sql, "COMMIT;");
	mig_sql_add(&sql, "-- when that is done, and the new column has the old one's default, indexes, constraints and views:");
	add_referencing(&sql, lint, change->foreign_keys, new);
	mig_sql_add(&sql, "DROP TRIGGER %s ON %s;", quote_identifier(trigger), table);
	mig_sql_add(&sql, "DROP FUNCTION %s();",
				quote_qualified_identifier(lint->rel->schema, trigger));
	mig_sql_add(&sql, "ALTER TABLE %s DROP COLUMN %s;", table, old);
	mig_sql_add(&sql, "ALTER TABLE %s RENAME COLUMN %s TO %s;", table, new, old);
	return sql.data;
}

/* The CHECKs are taken away, and validated when the type is another. */
static char *
rewrite_without_checks(MigLint *lint, List *checks)
{
	const char *table = mig_sql_table(lint);
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, checks)
	{
		MigConstraint *check = lfirst(lc);

		if (!OidIsValid(check->oid))
			return NULL;
		mig_sql_add(&sql, "ALTER TABLE %s DROP CONSTRAINT %s;", table,
					quote_identifier(check->name));
	}
	mig_sql_add(&sql, "%s;", mig_lint_text(lint));
	foreach(lc, checks)
	{
		MigConstraint *check = lfirst(lc);
		Datum		definition = DirectFunctionCall1(pg_get_constraintdef,
													 ObjectIdGetDatum(check->oid));

		mig_sql_add(&sql, "ALTER TABLE %s ADD CONSTRAINT %s %s%s;", table,
					quote_identifier(check->name),
					TextDatumGetCString(definition),
					check->valid ? " NOT VALID" : "");
	}
	foreach(lc, checks)
		mig_sql_validate(&sql, table, ((MigConstraint *) lfirst(lc))->name);
	return sql.data;
}

/* The indexes are dropped first, and built concurrently afterwards. */
static char *
rewrite_without_indexes(MigLint *lint, List *indexes)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, indexes)
	{
		MigRel	   *index = lfirst(lc);

		if (!OidIsValid(index->oid) || index->index->constraint ||
			index->kind != RELKIND_INDEX)
			return NULL;
		mig_sql_add(&sql, "DROP INDEX CONCURRENTLY %s;",
					mig_rel_label(index));
	}
	mig_sql_add(&sql, "%s;", mig_lint_text(lint));
	foreach(lc, indexes)
	{
		MigRel	   *index = lfirst(lc);
		char	   *definition = pg_get_indexdef_string(index->oid);

		mig_sql_add(&sql, "%s;", mig_lint_with(definition, "INDEX",
											   "CONCURRENTLY"));
	}
	return sql.data;
}

/* "x, y and 2 more" */
static char *
names_text(List *names)
{
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	foreach(lc, names)
	{
		if (foreach_current_index(lc) < MAX_NAMED)
			appendStringInfo(&result, "%s%s", result.len > 0 ? ", " : "",
							 (const char *) lfirst(lc));
	}
	if (list_length(names) > MAX_NAMED)
		appendStringInfo(&result, " and %d more",
						 list_length(names) - MAX_NAMED);
	return result.data;
}

static List *
constraint_names(List *constraints)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, constraints)
		names = lappend(names, (void *) quote_identifier(((MigConstraint *) lfirst(lc))->name));
	return names;
}

static List *
index_labels(List *indexes)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, indexes)
		names = lappend(names, (void *) mig_rel_label(lfirst(lc)));
	return names;
}

/* The tables at the other end of foreign keys. */
static List *
other_tables(MigRel *rel, List *keys)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, keys)
	{
		MigForeignKey *key = lfirst(lc);
		MigRel	   *other = key->table == rel ? key->constraint->foreign : key->table;

		if (other != NULL && other != rel && !mig_rel_is_new(other))
			names = list_append_unique(names, makeString((char *) mig_rel_label(other)));
	}
	foreach(lc, names)
		lfirst(lc) = strVal(lfirst(lc));
	return names;
}

/* What else happens because of foreign keys; "" if there are none. */
static const char *
foreign_text(MigLint *lint, MigTypeChange *change)
{
	List	   *others = other_tables(lint->rel, change->foreign_keys);

	return others == NIL ? "" :
		psprintf("; foreign keys make %s wait, too", names_text(others));
}

/* What the change does; NULL: nothing that takes long. */
static char *
type_consequence(MigLint *lint, MigTypeChange *change)
{
	const char *table = mig_rel_sized_label(lint->rel);

	if (change->rewrites)
		return psprintf("rewrites %s under ACCESS EXCLUSIVE: reads and writes wait until it is done%s",
						table, foreign_text(lint, change));
	if (change->checks != NIL && change->indexes != NIL)
		return psprintf("verifies %s and builds %s anew under ACCESS EXCLUSIVE on %s: reads and writes wait until it is done%s",
						names_text(constraint_names(change->checks)),
						names_text(index_labels(change->indexes)), table,
						foreign_text(lint, change));
	if (change->checks != NIL)
		return psprintf("verifies %s in all rows of %s under ACCESS EXCLUSIVE: reads and writes wait until it is done%s",
						names_text(constraint_names(change->checks)), table,
						foreign_text(lint, change));
	if (change->indexes != NIL)
		return psprintf("builds %s anew under ACCESS EXCLUSIVE on %s: reads and writes wait until it is done%s",
						names_text(index_labels(change->indexes)), table,
						foreign_text(lint, change));
	return NULL;
}

static char *
type_rewrite(MigLint *lint, MigTypeChange *change)
{
	bool		alone = list_length(castNode(AlterTableStmt, lint->stmt)->cmds) == 1;

	if (change->rewrites)
		return rewrite_with_column(lint, change);
	/* a computation of the same statement would be run twice */
	if (!alone || (change->checks != NIL && change->indexes != NIL))
		return NULL;
	return change->checks != NIL ?
		rewrite_without_checks(lint, change->checks) :
		rewrite_without_indexes(lint, change->indexes);
}

static void
check_type(MigLint *lint)
{
	MigColumn  *column = changed_column(lint);
	MigTypeChange *change;
	char	   *consequence;

	if (column == NULL || mig_lint_is_quiet(lint, lint->rel))
		return;
	change = mig_fact_type_change(lint->rel, column, new_definition(lint));
	consequence = type_consequence(lint, change);
	if (consequence == NULL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = location_of(lint),
		.object = label_of(lint),
		.consequence = consequence,
		.rewrite = type_rewrite(lint, change),
	});
}

/*
 * Narrowing
 */

/* What values have to fulfil to fit into the type; NULL: hard to say. */
static char *
fitting(const char *column, Oid type, int32 typmod)
{
	switch (type)
	{
		case INT2OID:
			return psprintf("%s BETWEEN -32768 AND 32767", column);
		case INT4OID:
			return psprintf("%s BETWEEN -2147483648 AND 2147483647", column);
		case INT8OID:
			return psprintf("%s BETWEEN -9223372036854775808 AND 9223372036854775807",
							column);
		case VARCHAROID:
		case BPCHAROID:
			return typmod < (int32) VARHDRSZ ? NULL :
				psprintf("char_length(%s) <= %d", column,
						 typmod - (int32) VARHDRSZ);
		default:
			return NULL;
	}
}

static char *
rewrite_narrowing(MigLint *lint, MigTypeChange *change)
{
	char	   *condition = fitting(quote_identifier(lint->command->name),
									change->type, change->typmod);
	char	   *others = mig_lint_without_command(lint);
	char	   *name;
	StringInfoData sql;

	if (condition == NULL)
		return NULL;
	name = mig_sql_constraint_name(lint->rel, lint->command->name, "check");
	initStringInfo(&sql);
	if (others != NULL)
		mig_sql_add(&sql, "%s", others);
	mig_sql_add(&sql, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s) NOT VALID;",
				mig_sql_table(lint), quote_identifier(name), condition);
	mig_sql_validate(&sql, mig_sql_table(lint), name);
	return sql.data;
}

static void
check_narrowing(MigLint *lint)
{
	MigColumn  *column = changed_column(lint);
	MigTypeChange *change;

	if (column == NULL || mig_lint_is_quiet(lint, lint->rel) ||
		!OidIsValid(column->type))
		return;
	change = mig_fact_type_change(lint->rel, column, new_definition(lint));
	if (!change->narrows)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = location_of(lint),
		.object = label_of(lint),
		.consequence = psprintf("fails if a value of %s does not fit from %s into %s",
								label_of(lint),
								format_type_with_typemod(column->type, column->typmod),
								type_text(lint)),
		.rewrite = rewrite_narrowing(lint, change),
	});
}

/*
 * What depends on the column
 */

/* Does the server refuse to change the type because of this? */
static bool
blocks_change(const MigDependent *dependent)
{
	static const char *const kinds[] = {
		"view", "materialized view", "rule", "policy", "function", "trigger",
		"generated column", "publication"
	};

	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (strcmp(kinds[i], dependent->kind) == 0)
			return true;
	}
	return false;
}

/* The definition of a view; NULL: somebody has locked what it reads. */
static char *
view_definition(MigRel *view)
{
	ListCell   *lc;
	Datum		definition;

	foreach(lc, lcons(view, mig_rel_sources(view)))
	{
		MigRel	   *rel = lfirst(lc);

		if (!OidIsValid(rel->oid) ||
			!ConditionalLockRelationOid(rel->oid, AccessShareLock))
			return NULL;
	}
	definition = DirectFunctionCall1(pg_get_viewdef,
									 ObjectIdGetDatum(view->oid));
	foreach(lc, lcons(view, mig_rel_sources(view)))
		UnlockRelationOid(((MigRel *) lfirst(lc))->oid, AccessShareLock);
	return TextDatumGetCString(definition);
}

/* Views are dropped before and made again afterwards; NULL: more is needed. */
static char *
rewrite_around_views(MigLint *lint, List *blocking)
{
	StringInfoData before;
	StringInfoData after;
	ListCell   *lc;

	initStringInfo(&before);
	initStringInfo(&after);
	foreach(lc, blocking)
	{
		MigDependent *dependent = lfirst(lc);
		MigRel	   *view = dependent->classid == RelationRelationId ?
			mig_shadow_of_oid(lint->shadow, dependent->objid) : NULL;
		char	   *definition;

		/* others may depend on it in turn */
		if (view == NULL || view->kind != RELKIND_VIEW ||
			mig_rel_is_new(view) || mig_fact_dependents(view, NULL) != NIL)
			return NULL;
		definition = view_definition(view);
		if (definition == NULL)
			return NULL;
		mig_sql_add(&before, "DROP VIEW %s;", mig_rel_label(view));
		mig_sql_add(&after, "CREATE VIEW %s AS %s", mig_rel_label(view),
					definition + strspn(definition, " \n"));
	}
	return psprintf("%s\n%s;\n%s\n-- and GRANT what was granted on it",
					before.data, mig_lint_text(lint), after.data);
}

static void
check_dependents(MigLint *lint)
{
	MigColumn  *column = changed_column(lint);
	List	   *blocking = NIL;
	List	   *labels = NIL;
	ListCell   *lc;

	if (column == NULL)
		return;
	foreach(lc, mig_fact_dependents(lint->rel, column))
	{
		MigDependent *dependent = lfirst(lc);

		if (!blocks_change(dependent))
			continue;
		blocking = lappend(blocking, dependent);
		labels = lappend(labels, (void *) dependent->label);
	}
	if (blocking == NIL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = location_of(lint),
		.object = label_of(lint),
		.consequence = psprintf("fails: %s %s on %s", names_text(labels),
								list_length(labels) == 1 ? "depends" : "depend",
								label_of(lint)),
		.rewrite = rewrite_around_views(lint, blocking),
	});
}

const MigRule mig_rules_type_change[] = {
	{
		.name = "changing-column-type",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_type,
		.help = "changing a type rewrites the table, reads it, or builds indexes, under ACCESS EXCLUSIVE",
		.why = "Unless old values are new ones as they stand, all rows are written anew, and all indexes built. If they are, CHECKs of the column are verified in all rows still, and indexes with expressions or conditions on it, or of another collation, are built.",
		.safe = "The server takes the old values as they are and no CHECK or such index names the column, as from varchar(10) to text; or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ALTER a TYPE bigint;",
		.good = "ALTER TABLE t ADD COLUMN a_new bigint;",
	},
	{
		.name = "type-narrowing",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_narrowing,
		.help = "values may not fit into the new type",
		.why = "The first value that does not fit makes the statement fail, after all the work before it. A CHECK that is validated first finds it without locking anybody out.",
		.safe = "The new type takes all values of the old one, or the table is new, temporary or empty.",
		.bad = "ALTER TABLE t ALTER b TYPE varchar(5);",
		.good = "ALTER TABLE t ADD CHECK (length(b) <= 5) NOT VALID;",
	},
	{
		.name = "alter-type-blocked-by-dependents",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_dependents,
		.help = "the type of a column that others depend on cannot be changed",
		.why = "The server refuses it while a view, a rule, a policy, a trigger, a generated column, a function with a parsed body or a publication's filter uses the column.",
		.safe = "Nothing depends on the column, or the set drops it first.",
		.bad = "ALTER TABLE t ALTER a TYPE bigint;",
		.good = "DROP VIEW v; ALTER TABLE t ALTER a TYPE bigint; CREATE VIEW v AS SELECT a FROM t;",
	},
	{0}
};
