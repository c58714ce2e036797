/*-------------------------------------------------------------------------
 *
 * rules_data.c
 *	  Lint rules: changes of rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "parser/scansup.h"
#include "utils/builtins.h"

#include "changes.h"
#include "compat.h"
#include "facts.h"
#include "facts_rows.h"
#include "rule.h"

/* A change of so many rows is long, however fast the machine. */
#define LARGE_ROWS	1e6

/* What one batch may have; estimates may be off by as much again. */
#define BATCH_ROWS	20000

/* As many bytes are read in a second or so. */
#define LONG_READ	(1024.0 * 1024 * 1024)

/*
 * Conditions of UPDATE and DELETE
 */

static List *
others_of(Node *stmt)
{
	return IsA(stmt, UpdateStmt) ? ((UpdateStmt *) stmt)->fromClause :
		((DeleteStmt *) stmt)->usingClause;
}

/* The statement for a first batch of its rows; NULL: it cannot be told. */
static char *
first_batch(MigLint *lint)
{
	Node	   *stmt = lint->change->stmt;
	RangeVar   *target = lint->change->target;
	const char *qualifier;
	char	   *batch;
	int			len = strlen(mig_lint_text(lint));
	int			start = 0;
	int			end = 0;
	List	   *edits;

	if (stmt != lint->stmt ||
		(!IsA(stmt, UpdateStmt) && !IsA(stmt, DeleteStmt)) ||
		mig_returning_list(stmt) != NIL)
		return NULL;
	qualifier = others_of(stmt) == NIL ? NULL :
		target->alias ? target->alias->aliasname : target->relname;
	batch = mig_lint_batch(lint->rel, qualifier);
	if (mig_change_condition(lint->change) == NULL)
		return psprintf(MIG_LINT_FIRST_BATCH "%s",
						mig_lint_append(lint, psprintf("WHERE %s", batch)));
	if (!mig_lint_find_word(lint, 0, "WHERE", &start, &end))
		return NULL;
	/* the blank after WHERE goes before the batch */
	edits = mig_lint_edit(NIL, end, Min(end + 1, len),
						  psprintf(" %s AND (", batch));
	edits = mig_lint_edit(edits, len, len, ")");
	return psprintf(MIG_LINT_FIRST_BATCH "%s", mig_lint_edited(lint, edits));
}

/*
 * Rows of other tables
 */

/* " and, by ON DELETE CASCADE, rows of public.c (8 kB)" */
static const char *
cascade_label(MigLint *lint)
{
	List	   *reached = list_make1(lint->rel);
	List	   *lost;

	if (!mig_change_deletes(lint->change->stmt))
		return "";
	/* the list grows as it is walked */
	for (int i = 0; i < list_length(reached); i++)
	{
		ListCell   *lc;

		foreach(lc, mig_rel_referencing(list_nth(reached, i)))
		{
			MigForeignKey *key = lfirst(lc);

			if (key->constraint->on_delete == FKCONSTR_ACTION_CASCADE &&
				key->constraint->enforced && !key->table->partition &&
				!mig_rel_is_empty(key->table))
				reached = list_append_unique_ptr(reached, key->table);
		}
	}
	lost = list_delete_first(reached);
	return lost == NIL ? "" :
		psprintf(" and, by ON DELETE CASCADE, rows of %s", mig_lint_rel_list(lost));
}

/* The first foreign key to it that has to look for rows without an index. */
static MigForeignKey *
unsupported_reference(MigRel *rel)
{
	ListCell   *lc;

	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (!mig_rel_is_empty(key->table) && !mig_rel_is_small(key->table) &&
			key->constraint->columns != NIL &&
			!mig_fact_index_supports(key->table, key->constraint->columns))
			return key;
	}
	return NULL;
}

static void
report_all_rows(MigLint *lint, const char *verb)
{
	MigRel	   *rel = lint->rel;
	MigForeignKey *key = IsA(lint->change->stmt, DeleteStmt) ?
		unsupported_reference(rel) : NULL;
	MigSeverity severity = mig_lint_by_size(lint, rel);

	if (key != NULL || rel->assumed || mig_rel_rows(rel) >= LARGE_ROWS)
		severity = MIG_SEVERITY_ERROR;
	mig_lint_report(lint, &(MigReport) {
		.severity = severity,
		.location = mig_lint_change_location(lint),
		.object = mig_rel_label(rel),
		.consequence = key ?
			psprintf("%s all rows of %s%s, and for each reads all of %s, where constraint %s has no index",
					 verb, mig_lint_loss(rel), cascade_label(lint),
					 mig_rel_sized_label(key->table), key->constraint->name) :
			psprintf("%s all rows of %s%s in one transaction, and locks each until it ends",
					 verb, mig_lint_loss(rel), cascade_label(lint)),
		.rewrite = first_batch(lint),
	});
}

static bool
changes_known_rows(const MigLint *lint)
{
	return lint->rel != NULL && lint->rel->kind != RELKIND_VIEW &&
		lint->rel->kind != RELKIND_FOREIGN_TABLE &&
		!mig_rel_is_invisible(lint->rel) && !mig_rel_is_empty(lint->rel);
}

static void
check_update(MigLint *lint)
{
	if (IsA(lint->change->stmt, UpdateStmt) &&
		mig_change_condition(lint->change) == NULL && changes_known_rows(lint))
		report_all_rows(lint, "updates");
}

static void
check_delete(MigLint *lint)
{
	if (IsA(lint->change->stmt, DeleteStmt) &&
		mig_change_condition(lint->change) == NULL && changes_known_rows(lint))
		report_all_rows(lint, "deletes");
}

/*
 * Large changes
 */

/* Does a query limit its rows itself? */
static bool
is_limited(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SelectStmt) && ((SelectStmt *) node)->limitCount != NULL)
		return true;
	return raw_expression_tree_walker(node, is_limited, context);
}

/* The smaller and the larger side of a comparison; false: it is none. */
static bool
sides_of(Node *node, Node **smaller, Node **larger)
{
	A_Expr	   *expr = (A_Expr *) node;
	const char *operator;

	if (!IsA(expr, A_Expr) || expr->kind != AEXPR_OP ||
		list_length(expr->name) != 1)
		return false;
	operator = strVal(linitial(expr->name));
	*smaller = *operator == '<' ? expr->lexpr : expr->rexpr;
	*larger = *operator == '<' ? expr->rexpr : expr->lexpr;
	return strcmp(operator, "<") == 0 || strcmp(operator, "<=") == 0 ||
		strcmp(operator, ">") == 0 || strcmp(operator, ">=") == 0;
}

/* Do two conditions give the same column a lower and an upper bound? */
static bool
is_range(List *conditions)
{
	Node	   *lower;
	Node	   *column;
	Node	   *same;
	Node	   *upper;
	ListCell   *a;
	ListCell   *b;

	foreach(a, conditions)
	{
		if (!sides_of(lfirst(a), &lower, &column) || !IsA(column, ColumnRef))
			continue;
		foreach(b, conditions)
		{
			if (sides_of(lfirst(b), &same, &upper) && equal(column, same))
				return true;
		}
	}
	return false;
}

/* For rows that cannot be counted here: does the condition look like one batch? */
static bool
looks_like_batch(Node *condition)
{
	ListCell   *lc;

	if (condition == NULL)
		return false;
	if (IsA(condition, A_Expr))
	{
		A_Expr	   *expr = (A_Expr *) condition;

		return expr->kind == AEXPR_BETWEEN || expr->kind == AEXPR_IN ||
			(expr->kind == AEXPR_OP &&
			 strcmp(strVal(linitial(expr->name)), "=") == 0 &&
			 expr->rexpr != NULL && !IsA(expr->rexpr, ColumnRef));
	}
	if (!IsA(condition, BoolExpr) || ((BoolExpr *) condition)->boolop != AND_EXPR)
		return false;
	if (is_range(((BoolExpr *) condition)->args))
		return true;
	foreach(lc, ((BoolExpr *) condition)->args)
	{
		if (looks_like_batch(lfirst(lc)))
			return true;
	}
	return false;
}

/* Rows of the largest relation that the query reads. */
static double
rows_read(MigLint *lint, SelectStmt *select)
{
	double		rows = 0;
	ListCell   *lc;

	foreach(lc, mig_fact_relations_in(lint->shadow, (Node *) select))
	{
		MigRel	   *rel = lfirst(lc);

		if (rel->assumed || (mig_rel_is_new(rel) && rel->filled))
			return LARGE_ROWS;
		rows = Max(rows, mig_rel_rows(rel));
	}
	return rows;
}

/* How many rows a query returns; one that cannot be planned, all it reads. */
static double
rows_of(MigLint *lint, SelectStmt *select)
{
	double		rows = mig_fact_rows_of(lint->shadow, select);

	return rows < 0 ? rows_read(lint, select) : rows;
}

/* How many rows the change is of; 0: few enough. */
static double
many_rows(MigLint *lint)
{
	Node	   *condition = mig_change_condition(lint->change);
	double		rows = 0;
	ListCell   *lc;

	foreach(lc, mig_change_queries(lint->change))
	{
		SelectStmt *select = lfirst_node(SelectStmt, lc);

		if (is_limited((Node *) select, NULL))
			return 0;
		if (lint->rel->assumed)
			return looks_like_batch(condition) ? 0 : LARGE_ROWS;
		if (looks_like_batch(condition))
			rows += Max(mig_fact_rows_of(lint->shadow, select), 0);
		else
			rows += rows_of(lint, select);
	}
	return rows > BATCH_ROWS ? rows : 0;
}

/* Does the change only add rows to a table? */
static bool
only_inserts(const MigLint *lint)
{
	Node	   *stmt = lint->change->stmt;

	return mig_change_inserts(stmt) && !mig_change_deletes(stmt) &&
		(IsA(stmt, InsertStmt) || mig_change_sets(stmt) == NIL);
}

static void
check_backfill(MigLint *lint)
{
	Node	   *stmt = lint->change->stmt;
	bool		insert = only_inserts(lint);
	MigRel	   *rel = lint->rel;
	double		rows;
	const char *words;

	/* without a condition, other rules tell */
	if (!insert && (!changes_known_rows(lint) || mig_rel_is_small(rel) ||
					(!IsA(stmt, MergeStmt) &&
					 mig_change_condition(lint->change) == NULL)))
		return;
	if (insert && (rel == NULL || mig_rel_is_new(rel) || mig_rel_is_invisible(rel) ||
				   rel->kind == RELKIND_VIEW))
		return;
	rows = many_rows(lint);
	if (rows == 0)
		return;
	words = rel->assumed ? "many rows" : mig_lint_rows(rows);
	mig_lint_report(lint, &(MigReport) {
		.location = mig_lint_change_location(lint),
		.object = mig_rel_label(rel),
		.consequence = insert ?
			psprintf("inserts %s into %s in one transaction", words,
					 mig_rel_label(rel)) :
			psprintf("changes %s of %s%s in one transaction, and locks each until it ends",
					 words, mig_rel_label(rel), cascade_label(lint)),
		.rewrite = insert ? NULL : first_batch(lint),
	});
}

/*
 * Keys that others reference
 */

/* Does the change delete, or change columns of the key that it references? */
static bool
is_looked_up(MigLint *lint, const MigForeignKey *key)
{
	ListCell   *lc;
	ListCell   *each;

	if (mig_change_deletes(lint->change->stmt))
		return true;
	foreach(lc, mig_change_sets(lint->change->stmt))
	{
		foreach(each, key->constraint->foreign_columns)
		{
			MigColumn  *column = mig_rel_attribute(lint->rel, lfirst_int(each));

			if (column != NULL && column->name != NULL &&
				strcmp(column->name, lfirst(lc)) == 0)
				return true;
		}
	}
	return false;
}

/* How many rows it changes, as the planner has it; in doubt, one. */
static double
expected_rows(MigLint *lint)
{
	double		rows = 0;
	ListCell   *lc;

	foreach(lc, mig_change_queries(lint->change))
		rows += mig_fact_rows_of(lint->shadow, lfirst_node(SelectStmt, lc));
	return Max(rows, 1);
}

static void
report_lookup(MigLint *lint, const MigForeignKey *key, double rows)
{
	MigRel	   *table = key->table;
	const char *words = mig_lint_rows(rows);
	double		bytes = rows * mig_rel_bytes(table);
	char	   *columns = mig_lint_column_names(table, key->constraint->columns);

	if (bytes < LONG_READ)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = bytes < 10 * LONG_READ ? MIG_SEVERITY_WARNING : MIG_SEVERITY_ERROR,
		.location = mig_lint_change_location(lint),
		.object = mig_rel_label(table),
		.consequence = psprintf("reads all of %s for each of %s of %s, as constraint %s has no index%s",
								mig_rel_sized_label(table), words,
								mig_rel_label(lint->rel), key->constraint->name,
								mig_change_deletes(lint->change->stmt) &&
								key->constraint->on_delete == FKCONSTR_ACTION_CASCADE ?
								", and deletes the rows that it finds" : ""),
		.rewrite = columns == NULL || table->kind == RELKIND_PARTITIONED_TABLE ? NULL :
		psprintf("CREATE INDEX CONCURRENTLY ON %s (%s);\n%s;",
				 mig_rel_label(table), columns, mig_lint_text(lint)),
	});
}

/*
 * A DELETE or UPDATE that has the server look for referencing rows, and no
 * index to find them by.  Of a DELETE without WHERE another rule tells.
 */
static void
check_lookup(MigLint *lint)
{
	Node	   *stmt = lint->change->stmt;
	double		rows = 0;
	ListCell   *lc;

	if (!changes_known_rows(lint) ||
		(IsA(stmt, DeleteStmt) && mig_change_condition(lint->change) == NULL))
		return;
	foreach(lc, mig_rel_referencing(lint->rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (key->constraint->enforced && key->constraint->columns != NIL &&
			is_looked_up(lint, key) && !mig_rel_is_empty(key->table) &&
			!mig_rel_is_small(key->table) &&
			!mig_fact_index_supports(key->table, key->constraint->columns))
		{
			if (rows == 0)
				rows = expected_rows(lint);
			report_lookup(lint, key, rows);
		}
	}
}

/*
 * Rows and definitions in one transaction
 */

static void
check_mixed(MigLint *lint)
{
	MigRel	   *held;
	MigDone    *holder;

	if (!lint->in_transaction || lint->body == MIG_BODY_ROUTINE ||
		mig_change_is_short(lint->change) ||
		lint->rel == NULL || mig_rel_is_invisible(lint->rel))
		return;
	holder = mig_lint_holder(lint, AccessExclusiveLock, NULL, &held);
	if (holder == NULL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_is_slow(lint) ? 0 : MIG_SEVERITY_NOTICE,
		.location = mig_lint_change_location(lint),
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("changes rows of %s while nobody can use %s, which statement %d has locked",
								mig_rel_sized_label(lint->rel),
								mig_rel_label(held),
								holder->statement ? holder->statement->number : 0),
		.rewrite = mig_lint_after_commit(lint),
	});
}

/*
 * A default that does not have to be written
 */

typedef struct NewColumn
{
	MigRel	   *rel;
	const char *name;
	const char *source;			/* its definition as it is written */
} NewColumn;

typedef struct NewColumns
{
	List	   *columns;		/* of NewColumn * */
} NewColumns;

static bool
has_default(const ColumnDef *column)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		switch (lfirst_node(Constraint, lc)->contype)
		{
			case CONSTR_DEFAULT:
			case CONSTR_IDENTITY:
			case CONSTR_GENERATED:
				return true;
			default:
				break;
		}
	}
	return false;
}

static void
remember_column(MigLint *lint, NewColumns *memory)
{
	MemoryContext caller;
	NewColumn  *column;

	if (lint->command == NULL || lint->rel == NULL || mig_rel_is_new(lint->rel) ||
		has_default(lint->column))
		return;
	caller = MemoryContextSwitchTo(lint->context);
	column = palloc(sizeof(NewColumn));
	column->rel = lint->rel;
	column->name = pstrdup(lint->column->colname);
	column->source = mig_lint_source(lint, lint->column->location);
	memory->columns = lappend(memory->columns, column);
	MemoryContextSwitchTo(caller);
}

/* Is it a constant that could be a default? */
static bool
is_constant(Node *value)
{
	if (value != NULL && IsA(value, TypeCast))
		value = ((TypeCast *) value)->arg;
	return value != NULL && IsA(value, A_Const) && !((A_Const *) value)->isnull;
}

/* Does the condition leave out nothing but what has a value already? */
static bool
is_all_rows(Node *condition, const char *column)
{
	NullTest   *test = (NullTest *) condition;
	ColumnRef  *ref;

	if (condition == NULL)
		return true;
	if (!IsA(test, NullTest) || test->nulltesttype != IS_NULL ||
		!IsA(test->arg, ColumnRef))
		return false;
	ref = (ColumnRef *) test->arg;
	return IsA(llast(ref->fields), String) &&
		strcmp(strVal(llast(ref->fields)), column) == 0;
}

/* What the column is set to, as it is written. */
static char *
value_text(MigLint *lint, Node *value)
{
	int			start = mig_lint_offset(lint, exprLocation(value));
	int			end = mig_lint_source_end(lint, exprLocation(value));
	int			after;
	int			ignored;
	char	   *text;

	if (mig_lint_find_word(lint, start, "WHERE", &after, &ignored) ||
		mig_lint_find_word(lint, start, "RETURNING", &after, &ignored))
		end = Min(end, after);
	text = mig_lint_between(lint, start, end);
	while (end > start && scanner_isspace(text[end - start - 1]))
		text[--end - start] = '\0';
	return text;
}

static void
check_backfilled_default(MigLint *lint)
{
	NewColumns *memory = mig_lint_memory(lint, sizeof(NewColumns));
	UpdateStmt *stmt = (UpdateStmt *) lint->stmt;
	ResTarget  *target;
	ListCell   *lc;

	if (lint->moment == MIG_ON_COLUMN)
	{
		remember_column(lint, memory);
		return;
	}
	if (!IsA(stmt, UpdateStmt) || lint->rel == NULL ||
		list_length(stmt->targetList) != 1 || stmt->fromClause != NIL)
		return;
	target = linitial_node(ResTarget, stmt->targetList);
	if (target->indirection != NIL || !is_constant(target->val) ||
		!is_all_rows(stmt->whereClause, target->name))
		return;
	foreach(lc, memory->columns)
	{
		NewColumn  *column = lfirst(lc);

		if (column->rel != lint->rel || strcmp(column->name, target->name) != 0)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.location = target->location,
			.object = mig_rel_part_label(lint->rel, column->name),
			.consequence = psprintf("writes each row of %s for a value that ADD COLUMN ... DEFAULT gives all of them at once",
									mig_rel_sized_label(lint->rel)),
			.rewrite = psprintf("ALTER TABLE %s ADD COLUMN %s DEFAULT %s;",
								mig_rel_label(lint->rel), column->source,
								value_text(lint, target->val)),
		});
		return;
	}
}

const MigRule mig_rules_data[] = {
	{
		.name = "ban-update-without-where",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CHANGE,
		.check = check_update,
		.help = "UPDATE of all rows in one transaction",
		.why = "Each row stays locked until the end, the table grows to twice its size, and replicas fall behind. Batches that commit do none of that.",
		.safe = "The table is new, temporary or empty; a small one is a notice, one of a million rows an error.",
		.bad = "UPDATE t SET a = 0;",
		.good = "UPDATE t SET a = 0 WHERE id BETWEEN 1 AND 10000;",
	},
	{
		.name = "ban-delete-without-where",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CHANGE,
		.check = check_delete,
		.help = "DELETE of all rows in one transaction",
		.why = "Each row stays locked until the end, and for each one the tables that reference it are looked at: without an index, all of them.",
		.safe = "The table is new, temporary or empty; a small one is a notice. It is an error for a million rows, or if a large table references it without an index.",
		.bad = "DELETE FROM t;",
		.good = "DELETE FROM t WHERE id BETWEEN 1 AND 10000;",
	},
	{
		.name = "unbatched-backfill",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CHANGE,
		.check = check_backfill,
		.help = "a change of very many rows in one transaction",
		.why = "Each row stays locked until the end, and a failure loses all of the work. Batches by key, a transaction each, do not.",
		.safe = "The planner expects up to 20000 rows, or the table is new, temporary, empty or small.",
		.bad = "UPDATE t SET a = id::int WHERE a IS NOT NULL;",
		.good = "UPDATE t SET a = id::int WHERE id BETWEEN 1 AND 10000 AND a IS NOT NULL;",
	},
	{
		.name = "referencing-table-scan",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CHANGE,
		.check = check_lookup,
		.help = "a key goes or changes, and a large table that references it has no index",
		.why = "For each row that is deleted, or whose key changes, the server looks for rows that reference it: without an index on the foreign key it reads all of that table each time.",
		.safe = "The referencing table is small, or so few rows change that less than 1 GB is read; from 10 GB on it is an error.",
		.bad = "DELETE FROM p WHERE id > 10;",
		.good = "DELETE FROM p WHERE id = 10;",
	},
	{
		.name = "data-in-ddl-transaction",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_CHANGE,
		.check = check_mixed,
		.help = "rows change while ACCESS EXCLUSIVE is held",
		.why = "The lock that a quick ALTER TABLE took is held until the rows are written. After a COMMIT, or in a migration of its own, the change blocks nobody's reads.",
		.safe = "INSERT ... VALUES; what was locked is new or temporary; a notice if all that is read and written is small.",
		.bad = "ALTER TABLE t ADD COLUMN z int; UPDATE t SET z = a;",
		.good = "UPDATE t SET a = 1 WHERE id = 1;",
	},
	{
		.name = "add-column-then-backfill-default",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COLUMN,
		.check = check_backfilled_default,
		.help = "a new column gets one value in all rows",
		.why = "ADD COLUMN ... DEFAULT with a constant does not touch the rows; UPDATE writes all of them again.",
		.safe = "The table is new.",
		.bad = "ALTER TABLE t ADD COLUMN z int; UPDATE t SET z = 0;",
		.good = "ALTER TABLE t ADD COLUMN z int NOT NULL DEFAULT 0;",
	},
	{0}
};
