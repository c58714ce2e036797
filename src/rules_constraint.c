/*-------------------------------------------------------------------------
 *
 * rules_constraint.c
 *	  Lint rules: constraints other than foreign keys.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "facts.h"
#include "rule_sql.h"

/*
 * What several rules ask
 */

/* Is this a table or a partitioned one: what is added to it is verified? */
static bool
has_rows(const MigRel *rel)
{
	return rel->kind == RELKIND_RELATION ||
		rel->kind == RELKIND_PARTITIONED_TABLE;
}

/* Does ADD COLUMN IF NOT EXISTS find the column? */
static bool
is_skipped(MigLint *lint)
{
	return lint->column != NULL && lint->command->missing_ok &&
		!lint->rel->assumed &&
		mig_rel_column(lint->rel, lint->column->colname) != NULL;
}

/* The constraint of this kind that ALTER TABLE adds to rows that are there. */
static Constraint *
added(MigLint *lint, ConstrType kind)
{
	if (lint->constraint->contype != kind || lint->command == NULL ||
		lint->rel == NULL || !has_rows(lint->rel) || is_skipped(lint) ||
		mig_lint_is_quiet(lint, lint->rel))
		return NULL;
	return lint->constraint;
}

/* Is the column's constraint followed by NOT ENFORCED? */
static bool
attribute_says_not_enforced(MigLint *lint)
{
	bool		passed = false;
	ListCell   *lc;

	foreach(lc, lint->column->constraints)
	{
		Constraint *other = lfirst_node(Constraint, lc);

		if (passed && mig_is_enforcement(other))
			return mig_is_not_enforced_attribute(other);
		passed |= other == lint->constraint;
	}
	return false;
}

static bool
is_not_enforced(MigLint *lint)
{
	return !mig_definition_is_enforced(lint->constraint) ||
		(lint->column != NULL && attribute_says_not_enforced(lint));
}

/* Collects the columns that an expression names. */
typedef struct NamedColumns
{
	MigRel	   *rel;
	List	   *names;			/* of String */
} NamedColumns;

static bool
collect_columns(Node *node, NamedColumns *columns)
{
	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef))
	{
		Node	   *last = llast(((ColumnRef *) node)->fields);

		if (IsA(last, String))
			columns->names = list_append_unique(columns->names, last);
		return false;
	}
	return raw_expression_tree_walker(node, collect_columns, columns);
}

/* The name of a constraint, or the one that it is given here. */
static const char *
name_of_check(MigLint *lint)
{
	NamedColumns columns = {lint->rel, NIL};

	if (lint->constraint->conname != NULL)
		return lint->constraint->conname;
	(void) collect_columns(lint->constraint->raw_expr, &columns);
	return mig_sql_constraint_name(lint->rel,
								   list_length(columns.names) == 1 ?
								   strVal(linitial(columns.names)) : NULL,
								   "check");
}

/* A constraint's text without the name that it may begin with. */
static const char *
without_name(MigLint *lint)
{
	char	   *text = mig_lint_constraint_text(lint);

	if (lint->constraint->conname == NULL)
		return text;
	return mig_lint_after_name(mig_lint_after(text, "CONSTRAINT"));
}

/* The statement with another definition of the current column. */
static char *
with_column(MigLint *lint, const char *definition)
{
	int			start = lint->column->location;

	return mig_lint_replace(lint, start, mig_lint_end_of(lint, start),
							definition);
}

/* The statement with another table constraint in place of the current one. */
static char *
with_constraint(MigLint *lint, const char *definition)
{
	int			start = lint->constraint->location;

	return mig_lint_replace(lint, start, mig_lint_end_of(lint, start),
							definition);
}

/*
 * CHECK
 */

static char *
rewrite_check(MigLint *lint)
{
	StringInfoData sql;
	const char *name = name_of_check(lint);
	char	   *constraint = psprintf("CONSTRAINT %s %s NOT VALID",
									  quote_identifier(name),
									  without_name(lint));

	initStringInfo(&sql);
	if (lint->column == NULL)
		mig_sql_add(&sql, "%s", with_constraint(lint, constraint));
	else
	{
		mig_sql_add(&sql, "%s", with_column(lint, mig_lint_column_without(lint,
																		  lint->column,
																		  1 << CONSTR_CHECK)));
		mig_sql_add(&sql, "ALTER TABLE %s ADD %s;", mig_sql_table(lint),
					constraint);
	}
	mig_sql_validate(&sql, mig_sql_table(lint), name);
	return sql.data;
}

static void
check_missing_not_valid(MigLint *lint)
{
	Constraint *constraint = added(lint, CONSTR_CHECK);

	if (constraint == NULL || constraint->skip_validation ||
		is_not_enforced(lint))
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = constraint->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("reads all of %s under ACCESS EXCLUSIVE: reads and writes wait until it is done",
								mig_rel_sized_label(lint->rel)),
		.rewrite = rewrite_check(lint),
	});
}

/*
 * What a CHECK sees while it is made: the relation with the columns that the
 * statement defines.  It is no part of the shadow.
 */
static MigRel *
relation_as_defined(MigLint *lint)
{
	MigRel	   *rel = palloc0(sizeof(MigRel));
	List	   *definitions = NIL;
	ListCell   *lc;

	if (lint->rel != NULL)
		rel->columns = list_copy(mig_rel_columns(lint->rel));
	rel->shadow = lint->shadow;
	rel->name = "";
	rel->columns_read = true;
	if (IsA(lint->stmt, CreateStmt))
	{
		rel->name = ((CreateStmt *) lint->stmt)->relation->relname;
		definitions = ((CreateStmt *) lint->stmt)->tableElts;
	}
	else
	{
		rel->name = ((AlterTableStmt *) lint->stmt)->relation->relname;
		foreach(lc, ((AlterTableStmt *) lint->stmt)->cmds)
		{
			if (lfirst_node(AlterTableCmd, lc)->subtype == AT_AddColumn)
				definitions = lappend(definitions,
									  lfirst_node(AlterTableCmd, lc)->def);
		}
	}
	foreach(lc, definitions)
	{
		ColumnDef  *definition = lfirst(lc);
		MigColumn  *column;

		if (!IsA(definition, ColumnDef) || definition->typeName == NULL)
			continue;
		column = palloc0(sizeof(MigColumn));
		column->name = definition->colname;
		column->attnum = list_length(rel->columns) + 1;
		column->type = mig_fact_type(lint->shadow, definition->typeName,
									 &column->typmod);
		column->collation = get_typcollation(column->type);
		rel->columns = lappend(rel->columns, column);
	}
	return rel;
}

static void
check_volatile(MigLint *lint)
{
	Constraint *constraint = lint->constraint;
	Node	   *expression;

	if (constraint->contype != CONSTR_CHECK || constraint->raw_expr == NULL)
		return;
	expression = mig_fact_transform(relation_as_defined(lint),
									constraint->raw_expr, BOOLOID, -1,
									EXPR_KIND_CHECK_CONSTRAINT);
	if (expression == NULL ||
		mig_fact_volatility(expression) == PROVOLATILE_IMMUTABLE)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = constraint->location,
		.object = lint->rel ? mig_rel_label(lint->rel) : constraint->conname,
		.consequence = "is checked when a row is written only: what it calls gives another answer later, and rows that pass today are refused by a restored dump",
	});
}

/*
 * Validation
 */

static void
check_separate_validation(MigLint *lint)
{
	MigConstraint *constraint;
	MigTouch   *touch;
	LOCKMODE	lock;

	if (lint->command->subtype != AT_ValidateConstraint || lint->rel == NULL ||
		!has_rows(lint->rel) || mig_lint_is_quiet(lint, lint->rel))
		return;
	constraint = mig_rel_constraint(lint->rel, lint->command->name);
	/* nothing is read for one that is valid */
	if (constraint != NULL && constraint->valid)
		return;
	touch = mig_effect_find(lint->effect, lint->rel);
	lock = Max(mig_lint_held(lint, lint->rel),
			   touch ? mig_touch_strongest(touch) : NoLock);
	if (lock < ShareLock)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("reads all of %s while this transaction holds %s on it: %s wait until it is done",
								mig_rel_sized_label(lint->rel),
								mig_lock_label(lock),
								lock == AccessExclusiveLock ? "reads and writes" : "writes"),
		.rewrite = list_length(castNode(AlterTableStmt, lint->stmt)->cmds) > 1 ? NULL :
			psprintf("COMMIT;\nALTER TABLE %s VALIDATE CONSTRAINT %s;",
					 mig_sql_table(lint), quote_identifier(lint->command->name)),
	});
}

/* A constraint that is not valid, and the statement that met it first. */
typedef struct NotValid
{
	MigRel	   *rel;
	MigConstraint *constraint;
	MigLintPlace *place;
} NotValid;

typedef struct NotValids
{
	List	   *met;			/* of NotValid * */
	MigRel	   *rel;			/* of the last statement, */
	MigLintPlace *place;		/* which may have added some */
} NotValids;

/* Remembers what a table has that is not valid. */
static void
remember_not_valid(MigLint *lint, NotValids *memory, MigRel *rel,
				   MigLintPlace *place)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);
		NotValid   *known = NULL;
		MemoryContext caller;

		if (constraint->dropped || constraint->valid || !constraint->enforced)
			continue;
		foreach(each, memory->met)
		{
			known = lfirst(each);
			if (known->constraint == constraint)
				break;
			known = NULL;
		}
		if (known != NULL)
			continue;
		caller = MemoryContextSwitchTo(lint->context);
		known = palloc(sizeof(NotValid));
		known->rel = rel;
		known->constraint = constraint;
		known->place = place;
		memory->met = lappend(memory->met, known);
		MemoryContextSwitchTo(caller);
	}
}

static void
report_not_valid(MigLint *lint, const NotValid *met)
{
	if (met->rel->dropped || met->constraint->dropped ||
		met->constraint->valid || met->constraint->name == NULL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.place = met->place,
		.object = mig_rel_label(met->rel),
		.consequence = psprintf("constraint %s of %s is left NOT VALID: rows that were there may violate it, and the planner does not rely on it",
								met->constraint->name,
								mig_rel_label(met->rel)),
		.rewrite = psprintf("COMMIT;\nALTER TABLE %s VALIDATE CONSTRAINT %s;",
							mig_rel_label(met->rel),
							quote_identifier(met->constraint->name)),
	});
}

/*
 * What a statement adds is in the shadow when the next one comes.  Whether it
 * is validated is known at the end.
 */
static void
check_left_not_valid(MigLint *lint)
{
	NotValids  *memory = mig_lint_memory(lint, sizeof(NotValids));
	ListCell   *lc;

	if (memory->rel != NULL)
		remember_not_valid(lint, memory, memory->rel, memory->place);
	memory->rel = NULL;
	if (lint->moment == MIG_ON_STATEMENT)
	{
		if (!IsA(lint->stmt, AlterTableStmt) || lint->rel == NULL)
			return;
		memory->rel = lint->rel;
		memory->place = mig_lint_place(lint, 0);
		return;
	}
	foreach(lc, memory->met)
		report_not_valid(lint, lfirst(lc));
}

static void
check_not_enforced(MigLint *lint)
{
	static const char *const words[] = {"NOT", "ENFORCED"};
	Constraint *constraint = lint->constraint;

	if ((constraint->contype != CONSTR_CHECK &&
		 constraint->contype != CONSTR_FOREIGN) || !is_not_enforced(lint))
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = constraint->location,
		.object = lint->rel ? mig_rel_label(lint->rel) : NULL,
		.consequence = constraint->contype == CONSTR_CHECK ?
			"is documentation only: nothing holds rows to it, and a CHECK cannot be enforced later" :
			"is documentation only: nothing holds rows to it, and enforcing it later reads both tables under locks that block writes",
		.rewrite = lint->column == NULL && lint->command != NULL ?
			with_constraint(lint, psprintf("%s NOT VALID",
										   mig_lint_without(mig_lint_constraint_text(lint),
															words, lengthof(words)))) : NULL,
	});
}

/*
 * Keys
 */

/* The columns of a key, as String nodes. */
static List *
key_columns(MigLint *lint)
{
	return lint->column ? list_make1(makeString(lint->column->colname)) :
		lint->constraint->keys;
}

/* What a unique index is given that a constraint is given. */
static char *
index_parts(MigLint *lint)
{
	Constraint *constraint = lint->constraint;
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	appendStringInfo(&result, "(%s)", mig_sql_column_list(key_columns(lint)));
	if (constraint->including != NIL)
		appendStringInfo(&result, " INCLUDE (%s)",
						 mig_sql_column_list(constraint->including));
	if (constraint->nulls_not_distinct)
		appendStringInfoString(&result, " NULLS NOT DISTINCT");
	foreach(lc, constraint->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		appendStringInfo(&result, "%s%s = %s",
						 foreach_current_index(lc) == 0 ? " WITH (" : ", ",
						 quote_identifier(option->defname),
						 quote_literal_cstr(defGetString(option)));
	}
	if (constraint->options != NIL)
		appendStringInfoChar(&result, ')');
	if (constraint->indexspace != NULL)
		appendStringInfo(&result, " TABLESPACE %s",
						 quote_identifier(constraint->indexspace));
	return result.data;
}

/* What the key says of when it is checked. */
static const char *
deferral(MigLint *lint)
{
	Constraint *constraint = lint->constraint;
	bool		deferrable = constraint->deferrable;
	bool		deferred = constraint->initdeferred;

	if (lint->column != NULL)
	{
		/* a column's constraints have it beside them */
		deferrable = mig_lint_after(mig_lint_constraint_text(lint), "DEFERRABLE") != NULL;
		deferred = mig_lint_after(mig_lint_constraint_text(lint), "DEFERRED") != NULL;
	}
	return deferred ? " DEFERRABLE INITIALLY DEFERRED" :
		deferrable ? " DEFERRABLE" : "";
}

/* The columns of a key that may be null, as far as is known here. */
static List *
nullable_columns(MigRel *rel, List *columns)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, columns)
	{
		MigColumn  *column = mig_rel_column(rel, strVal(lfirst(lc)));

		if (column != NULL && !column->not_null &&
			!mig_fact_proves_not_null(rel, column))
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/* The key of each partition, attached to one of the parent. */
static void
add_partitioned_key(StringInfo sql, MigLint *lint, const char *name,
					const char *words)
{
	const char *columns = mig_sql_column_list(key_columns(lint));
	char	   *parts = index_parts(lint);
	ListCell   *lc;

	mig_sql_add(sql, "ALTER TABLE ONLY %s ADD CONSTRAINT %s %s (%s)%s;",
				mig_sql_table(lint), quote_identifier(name), words, columns,
				deferral(lint));
	foreach(lc, mig_rel_children(lint->rel, false))
	{
		MigRel	   *child = lfirst(lc);
		const char *table = mig_rel_label(child);
		char	   *index = makeObjectName(child->name, name, NULL);

		if (child->kind == RELKIND_PARTITIONED_TABLE)
			mig_sql_add(sql, "-- the same with %s and its partitions first", table);
		else
		{
			mig_sql_index(sql, child, table, true, index, parts);
			mig_sql_add(sql, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s;",
						table, quote_identifier(index), words,
						quote_identifier(index), deferral(lint));
		}
		mig_sql_add(sql, "ALTER INDEX %s ATTACH PARTITION %s;",
					quote_qualified_identifier(lint->rel->schema, name),
					quote_qualified_identifier(child->schema, index));
	}
}

/* The statement without what the key adds to it; NULL: nothing is left. */
static char *
without_key(MigLint *lint)
{
	if (lint->column == NULL)
		return mig_lint_without_command(lint);
	return with_column(lint, mig_lint_column_without(lint, lint->column,
													 1 << lint->constraint->contype));
}

/*
 * A key in two parts: its index, built concurrently, and the constraint that
 * takes it over.  'words' is PRIMARY KEY or UNIQUE.
 */
static char *
rewrite_key(MigLint *lint, const char *words, const char *name)
{
	StringInfoData sql;
	List	   *columns = key_columns(lint);
	const char *table = mig_sql_table(lint);
	char	   *constraint = psprintf("CONSTRAINT %s %s USING INDEX %s%s",
									  quote_identifier(name), words,
									  quote_identifier(name),
									  deferral(lint));

	char	   *others = without_key(lint);

	initStringInfo(&sql);
	if (others != NULL)
		mig_sql_add(&sql, "%s", others);
	if (lint->constraint->contype == CONSTR_PRIMARY)
	{
		ListCell   *lc;

		foreach(lc, nullable_columns(lint->rel, columns))
			mig_sql_not_null(&sql, lint->rel, table, strVal(lfirst(lc)));
	}
	if (lint->rel->kind == RELKIND_PARTITIONED_TABLE)
	{
		add_partitioned_key(&sql, lint, name, words);
		return sql.data;
	}
	mig_sql_index(&sql, lint->rel, table, true, name, index_parts(lint));
	mig_sql_add(&sql, "ALTER TABLE %s ADD %s;", table, constraint);
	return sql.data;
}

/* PRIMARY KEY or UNIQUE that builds its index under ACCESS EXCLUSIVE. */
static void
report_key(MigLint *lint, const char *words, const char *label)
{
	Constraint *constraint = lint->constraint;
	AlterTableStmt *stmt = castNode(AlterTableStmt, lint->stmt);
	List	   *columns = key_columns(lint);
	const char *name = constraint->conname;

	if (constraint->indexname != NULL ||
		(lint->rel->kind == RELKIND_PARTITIONED_TABLE && !stmt->relation->inh))
		return;
	if (name == NULL)
		name = mig_sql_index_name(lint, lint->rel,
								  constraint->contype == CONSTR_PRIMARY ? NULL :
								  mig_sql_joined_columns(columns), label);
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = constraint->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("builds an index of %s under ACCESS EXCLUSIVE: reads and writes wait until it is done",
								mig_rel_sized_label(lint->rel)),
		.rewrite = mig_is_without_overlaps(constraint) ? NULL :
			rewrite_key(lint, words, name),
	});
}

static void
check_primary_key(MigLint *lint)
{
	if (added(lint, CONSTR_PRIMARY) != NULL)
		report_key(lint, "PRIMARY KEY", "pkey");
}

static void
check_unique(MigLint *lint)
{
	if (added(lint, CONSTR_UNIQUE) != NULL)
		report_key(lint, "UNIQUE", "key");
}

static void
check_exclusion(MigLint *lint)
{
	Constraint *constraint = added(lint, CONSTR_EXCLUSION);

	if (constraint == NULL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = constraint->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("builds an index of %s and reads it again under ACCESS EXCLUSIVE: reads and writes wait until it is done",
								mig_rel_sized_label(lint->rel)),
	});
}

/* The columns of an index as String nodes. */
static List *
columns_of_index(MigRel *rel, const MigIndex *index)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, index->columns)
	{
		MigColumn  *column = mig_rel_attribute(rel, lfirst_int(lc));

		if (column != NULL)
			result = lappend(result, makeString((char *) column->name));
	}
	return result;
}

static void
check_nullable_key(MigLint *lint)
{
	Constraint *constraint = added(lint, CONSTR_PRIMARY);
	StringInfoData sql;
	MigRel	   *index;
	List	   *nullable;
	ListCell   *lc;

	if (constraint == NULL || constraint->indexname == NULL)
		return;
	index = mig_shadow_find_named(lint->shadow, lint->rel->schema,
								  constraint->indexname);
	if (index == NULL || index->index == NULL)
		return;
	nullable = nullable_columns(lint->rel,
								columns_of_index(lint->rel, index->index));
	if (nullable == NIL)
		return;
	initStringInfo(&sql);
	foreach(lc, nullable)
		mig_sql_not_null(&sql, lint->rel, mig_sql_table(lint),
						 strVal(lfirst(lc)));
	mig_sql_add(&sql, "%s;", mig_lint_text(lint));
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = constraint->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("reads all of %s under ACCESS EXCLUSIVE to see that %s %s not null: reads and writes wait until it is done",
								mig_rel_sized_label(lint->rel),
								mig_sql_column_list(nullable),
								list_length(nullable) == 1 ? "is" : "are"),
		.rewrite = sql.data,
	});
}

const MigRule mig_rules_constraint[] = {
	{
		.name = "constraint-missing-not-valid",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_missing_not_valid,
		.help = "a CHECK without NOT VALID reads the table under ACCESS EXCLUSIVE",
		.why = "All rows are read before the statement ends, and nobody reads or writes the table meanwhile; that holds for the CHECK of a new column, too. VALIDATE CONSTRAINT reads them under a lock that blocks nobody.",
		.safe = "The table is new, temporary or empty, or the CHECK is NOT ENFORCED. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);",
		.good = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;",
	},
	{
		.name = "require-separate-constraint-validation",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_separate_validation,
		.help = "VALIDATE CONSTRAINT in a transaction that holds a strong lock on the table",
		.why = "Locks are kept until the commit: what was added NOT VALID in the same transaction is validated under the lock that NOT VALID was to keep short.",
		.safe = "Another transaction validates it, the constraint is valid already, or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k;",
		.good = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; COMMIT; ALTER TABLE t VALIDATE CONSTRAINT k;",
	},
	{
		.name = "adding-serial-primary-key-field",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_primary_key,
		.help = "PRIMARY KEY builds its index under ACCESS EXCLUSIVE",
		.why = "Nobody reads or writes the table until the index is built. A unique index that was built concurrently becomes the key at once.",
		.safe = "USING INDEX takes over an index, or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD PRIMARY KEY (id);",
		.good = "CREATE UNIQUE INDEX CONCURRENTLY k ON t(id); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX k;",
	},
	{
		.name = "primary-key-using-index-nullable",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_nullable_key,
		.help = "PRIMARY KEY USING INDEX of a column that may be null reads the table",
		.why = "The key makes its columns NOT NULL, and the table is read under ACCESS EXCLUSIVE to see that they are.",
		.safe = "The columns are NOT NULL, or a valid CHECK proves that they are; or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "CREATE UNIQUE INDEX CONCURRENTLY k ON t(a); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX k;",
		.good = "CREATE UNIQUE INDEX CONCURRENTLY k ON t(id); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX k;",
	},
	{
		.name = "disallowed-unique-constraint",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_unique,
		.help = "UNIQUE builds its index under ACCESS EXCLUSIVE",
		.why = "Nobody reads or writes the table until the index is built; that holds for a new column, too. A unique index that was built concurrently becomes the constraint at once.",
		.safe = "USING INDEX takes over an index, or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD UNIQUE (a);",
		.good = "CREATE UNIQUE INDEX CONCURRENTLY i ON t(a); ALTER TABLE t ADD CONSTRAINT i UNIQUE USING INDEX i;",
	},
	{
		.name = "adding-exclusion-constraint",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_exclusion,
		.help = "EXCLUDE builds an index and reads it under ACCESS EXCLUSIVE",
		.why = "There is neither NOT VALID nor USING INDEX for it: nobody reads or writes the table until it is done. What remains is a new table with the constraint, into which the rows are copied.",
		.safe = "The table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD EXCLUDE USING gist (int8range(id, id, '[]') WITH &&);",
		.good = NULL,
	},
	{
		.name = "constraint-left-not-valid",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_SET_END,
		.check = check_left_not_valid,
		.help = "a constraint that nothing validates",
		.why = "New rows are held to it, older ones may violate it, and the planner does not rely on it.",
		.safe = "A later statement of the set validates or drops it.",
		.bad = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;",
		.good = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; COMMIT; ALTER TABLE t VALIDATE CONSTRAINT k;",
	},
	{
		.name = "not-enforced",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_not_enforced,
		.help = "a constraint that is NOT ENFORCED (18)",
		.why = "No row is held to it. A CHECK cannot be enforced later, a foreign key only by reading both tables under locks that block writes.",
		.safe = "The constraint is enforced.",
		.bad = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT ENFORCED;",
		.good = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;",
	},
	{
		.name = "volatile-check-constraint",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_volatile,
		.help = "a CHECK that depends on more than its row",
		.why = "It is evaluated when a row is written. What depends on the time, on settings or on other tables is no longer true some day, and then a dump cannot be restored.",
		.safe = "All functions of the expression are immutable.",
		.bad = "ALTER TABLE t ADD CHECK (ts < now()) NOT VALID;",
		.good = "ALTER TABLE t ADD CHECK (ts < '2100-01-01') NOT VALID;",
	},
	{0}
};
