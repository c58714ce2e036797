/*-------------------------------------------------------------------------
 *
 * rules_index_key.c
 *	  Lint rules: indexes, what they are of.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "compat.h"
#include "facts.h"
#include "rule_sql.h"

/* More columns than this are rarely all of use. */
#define MANY_COLUMNS 3

/* CREATE INDEX on a relation that is known; NULL: another statement. */
static IndexStmt *
index_statement(MigLint *lint)
{
	return IsA(lint->stmt, IndexStmt) && lint->rel != NULL ?
		(IndexStmt *) lint->stmt : NULL;
}

/* Does IF NOT EXISTS find an index of that name and leave it at that? */
static bool
is_skipped(MigLint *lint, IndexStmt *stmt)
{
	return stmt->if_not_exists &&
		mig_shadow_find_named(lint->shadow, lint->rel->schema,
							  stmt->idxname) != NULL;
}

/* The names of an index's columns as String nodes; NIL: it has expressions. */
static List *
plain_columns(IndexStmt *stmt)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, stmt->indexParams)
	{
		IndexElem  *element = lfirst_node(IndexElem, lc);

		if (element->name == NULL)
			return NIL;
		names = lappend(names, makeString(element->name));
	}
	return names;
}

/* The attnums of columns that are there; NIL: one is not. */
static List *
attnums_of(MigRel *rel, List *names)
{
	List	   *attnums = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		MigColumn  *column = mig_rel_column(rel, strVal(lfirst(lc)));

		if (column == NULL)
			return NIL;
		attnums = lappend_int(attnums, column->attnum);
	}
	return attnums;
}

/*
 * Duplicates
 */

/* Does an index that is there see to it that there are none? */
static bool
is_unique_already(MigRel *rel, List *attnums)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(rel))
	{
		MigIndex   *index = ((MigRel *) lfirst(lc))->index;

		if (index != NULL && index->unique && index->valid &&
			!index->partial && !index->expressions &&
			list_difference_int(index->columns, attnums) == NIL)
			return true;
	}
	return false;
}

/* Has the set made one of these columns, and left it null? */
static bool
is_filled_by_set(MigRel *rel, List *attnums)
{
	ListCell   *lc;

	foreach(lc, attnums)
	{
		MigColumn  *column = mig_rel_attribute(rel, lfirst_int(lc));

		if (column != NULL && column->created_in != 0 && !column->has_default)
			return true;
	}
	return false;
}

/* What uniqueness is asked of, and how it is said. */
typedef struct UniqueKey
{
	List	   *columns;		/* of String; NIL: expressions */
	int			location;
	const char *where;			/* the predicate of an index; NULL: none */
	const char *expressions;	/* what stands for the columns; NULL: them */
} UniqueKey;

static void
report_possible_duplicates(MigLint *lint, const UniqueKey *key)
{
	const char *what = key->columns != NIL ?
		mig_sql_column_list(key->columns) : key->expressions;

	mig_lint_report(lint, &(MigReport) {
		.location = key->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("fails if %s has two rows with the same (%s)",
								mig_rel_sized_label(lint->rel), what),
		.rewrite = psprintf("SELECT %s, count(*) FROM %s%s GROUP BY %s HAVING count(*) > 1;",
							what, mig_sql_table(lint),
							key->where ? psprintf(" WHERE %s", key->where) : "",
							what),
	});
}

static void
check_unique_key(MigLint *lint, const UniqueKey *key)
{
	List	   *attnums = attnums_of(lint->rel, key->columns);

	if (mig_lint_is_quiet(lint, lint->rel) ||
		(key->columns != NIL && attnums == NIL) ||
		(attnums != NIL && is_unique_already(lint->rel, attnums)) ||
		(attnums != NIL && is_filled_by_set(lint->rel, attnums)))
		return;
	report_possible_duplicates(lint, key);
}

/* The key of CREATE INDEX as it is written: what is within the parentheses. */
static char *
key_text(MigLint *lint, IndexStmt *stmt)
{
	int			end = lint->location + lint->len - lint->base;
	char	   *rest = mig_lint_after_name(mig_lint_piece(lint,
															stmt->relation->location,
															end));

	return mig_lint_list(strchr(rest, '(') ? strchr(rest, '(') : rest);
}

static void
check_unique_index(MigLint *lint)
{
	IndexStmt  *stmt = index_statement(lint);
	UniqueKey	key = {0};

	if (stmt == NULL || !stmt->unique || is_skipped(lint, stmt))
		return;
	key.columns = plain_columns(stmt);
	key.location = stmt->relation->location;
	if (key.columns == NIL)
		key.expressions = key_text(lint, stmt);
	if (stmt->whereClause != NULL)
		key.where = mig_lint_after(mig_lint_text(lint), "WHERE");
	check_unique_key(lint, &key);
}

/*
 * A new column: all rows have the value of its default.
 */
static void
check_unique_column(MigLint *lint)
{
	Constraint *default_value = mig_lint_column_constraint(lint->column,
														   CONSTR_DEFAULT);

	if (default_value == NULL || mig_lint_is_quiet(lint, lint->rel) ||
		mig_fact_add_column(lint->rel, lint->column) != MIG_ADD_INSTANT)
		return;
	if (IsA(default_value->raw_expr, A_Const) &&
		((A_Const *) default_value->raw_expr)->isnull)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = MIG_SEVERITY_ERROR,
		.location = lint->constraint->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("fails if %s has two rows: all get the same default",
								mig_rel_sized_label(lint->rel)),
	});
}

static void
check_unique_may_fail(MigLint *lint)
{
	Constraint *constraint = lint->constraint;

	if (lint->moment == MIG_ON_STATEMENT)
		check_unique_index(lint);
	else if (lint->command == NULL || lint->rel == NULL ||
			 constraint->indexname != NULL ||
			 (constraint->contype != CONSTR_UNIQUE &&
			  constraint->contype != CONSTR_PRIMARY) ||
			 mig_is_without_overlaps(constraint))
		return;
	else if (lint->column != NULL)
		check_unique_column(lint);
	else
		check_unique_key(lint, &(UniqueKey) {
			.columns = constraint->keys,
			.location = constraint->location
		});
}

/*
 * Names and numbers
 */

static void
check_index_name(MigLint *lint)
{
	IndexStmt  *stmt = index_statement(lint);
	List	   *columns;
	char	   *name;

	if (stmt == NULL || stmt->idxname != NULL)
		return;
	columns = plain_columns(stmt);
	name = mig_sql_index_name(lint, lint->rel,
							  columns ? mig_sql_joined_columns(columns) : "expr",
							  "idx");
	mig_lint_report(lint, &(MigReport) {
		.severity = stmt->concurrent ? MIG_SEVERITY_WARNING : MIG_SEVERITY_DEFAULT,
		.location = stmt->relation->location,
		.object = mig_rel_label(lint->rel),
		.consequence = stmt->concurrent ?
			"what a failed build leaves has a name that nobody chose, and a second try makes another index" :
			"the server chooses a name, which later scripts have to guess",
		.rewrite = mig_lint_insert(lint,
								   stmt->concurrent ? "CONCURRENTLY" : "INDEX",
								   quote_identifier(name)),
	});
}

static void
check_many_columns(MigLint *lint)
{
	IndexStmt  *stmt = index_statement(lint);

	if (stmt == NULL || stmt->unique ||
		list_length(stmt->indexParams) <= MANY_COLUMNS)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->relation->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("%d columns make a large index, and conditions on the later ones rarely use it",
								list_length(stmt->indexParams)),
	});
}

/*
 * Indexes that are there already
 */

/* INDOPTION_* of a column of CREATE INDEX. */
static int
options_of(const IndexElem *element)
{
	int			options = 0;

	if (element->ordering == SORTBY_DESC)
		options |= INDOPTION_DESC;
	if (element->nulls_ordering == SORTBY_NULLS_FIRST ||
		(element->nulls_ordering == SORTBY_NULLS_DEFAULT &&
		 element->ordering == SORTBY_DESC))
		options |= INDOPTION_NULLS_FIRST;
	return options;
}

/* Is column n of an index the same as one of CREATE INDEX would be? */
static bool
is_same_column(MigRel *rel, const MigIndex *index, int n,
			   const IndexElem *element)
{
	MigColumn  *column = mig_rel_column(rel, element->name);
	Oid			class = list_nth_oid(index->opclasses, n);
	Oid			collation = list_nth_oid(index->collations, n);

	if (column == NULL || column->attnum != list_nth_int(index->columns, n) ||
		list_nth_int(index->options, n) != options_of(element))
		return false;
	return (!OidIsValid(class) ||
			class == GetDefaultOpClass(column->type, index->method)) &&
		(!OidIsValid(collation) || collation == column->collation);
}

/* Do the first columns of an index do what the new one would? */
static bool
covers(MigLint *lint, const MigIndex *index, IndexStmt *stmt)
{
	ListCell   *lc;

	if (!index->valid || index->partial || index->expressions ||
		index->method != get_index_am_oid(stmt->accessMethod, true) ||
		list_length(index->columns) < list_length(stmt->indexParams) ||
		list_length(index->options) < list_length(stmt->indexParams))
		return false;
	/* another unique index of the same columns alone is as good as a new one */
	if (stmt->unique && (!index->unique ||
						 list_length(index->columns) > list_length(stmt->indexParams)))
		return false;
	foreach(lc, stmt->indexParams)
	{
		IndexElem  *element = lfirst_node(IndexElem, lc);

		if (element->name == NULL || element->opclass != NIL ||
			element->collation != NIL ||
			!is_same_column(lint->rel, index, foreach_current_index(lc), element))
			return false;
	}
	return true;
}

static void
check_redundant(MigLint *lint)
{
	IndexStmt  *stmt = index_statement(lint);
	ListCell   *lc;

	/* others than B-trees find what is in any column equally well */
	if (stmt == NULL || stmt->whereClause != NULL ||
		stmt->indexIncludingParams != NIL || is_skipped(lint, stmt) ||
		lint->rel->assumed)
		return;
	foreach(lc, mig_rel_indexes(lint->rel))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index == NULL || !covers(lint, index->index, stmt))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.location = stmt->relation->location,
			.object = mig_rel_label(lint->rel),
			.consequence = psprintf("%s begins with the same columns and serves the same queries: one more index only makes writes slower",
									mig_rel_label(index)),
		});
		return;
	}
}

/*
 * Functions that depend on search_path
 */

/* Does the function see to its search_path itself, or need none? */
static bool
has_own_path(HeapTuple tuple)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	bool		isnull;
	Datum		value;
	ArrayIterator iterator;
	Datum		item;
	bool		found = false;

	if (form->prolang == INTERNALlanguageId || form->prolang == ClanguageId)
		return true;
	/* names in a body that was parsed are bound */
	(void) SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &isnull);
	if (!isnull)
		return true;
	value = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &isnull);
	if (isnull)
		return false;
	iterator = array_create_iterator(DatumGetArrayTypeP(value), 0, NULL);
	while (array_iterate(iterator, &item, &isnull))
		found |= !isnull && strncmp(TextDatumGetCString(item), "search_path=",
									strlen("search_path=")) == 0;
	array_free_iterator(iterator);
	return found;
}

/* Adds a function that has no search_path to the list. */
static bool
collect_function(Oid function, void *list)
{
	List	  **functions = list;
	HeapTuple	tuple;

	if (function < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return false;
	if (!has_own_path(tuple))
		*functions = list_append_unique_oid(*functions, function);
	ReleaseSysCache(tuple);
	return false;
}

static bool
collect_functions(Node *node, void *list)
{
	if (node == NULL)
		return false;
	(void) check_functions_in_node(node, collect_function, list);
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, collect_functions, list, 0);
	return expression_tree_walker(node, collect_functions, list);
}

/* Functions that the set has given a search_path. */
typedef struct GivenPaths
{
	List	   *names;			/* of String: without schema and arguments */
} GivenPaths;

/* Remembers a function that the statement gives a search_path. */
static void
remember_path(MigLint *lint, List *name, List *options)
{
	GivenPaths *memory = mig_lint_memory(lint, sizeof(GivenPaths));
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);
		MemoryContext caller;
		const char *setting;

		if (strcmp(option->defname, "set") != 0)
			continue;
		/* RESET ALL names none */
		setting = castNode(VariableSetStmt, option->arg)->name;
		if (setting == NULL || strcmp(setting, "search_path") != 0)
			continue;
		caller = MemoryContextSwitchTo(lint->context);
		memory->names = lappend(memory->names, copyObject(llast(name)));
		MemoryContextSwitchTo(caller);
	}
}

static bool
is_given_path(MigLint *lint, Oid function)
{
	GivenPaths *memory = mig_lint_memory(lint, sizeof(GivenPaths));
	char	   *name = get_func_name(function);

	return name != NULL && list_member(memory->names, makeString(name));
}

static void
report_functions(MigLint *lint, List *functions)
{
	ListCell   *lc;

	foreach(lc, functions)
	{
		Oid			function = lfirst_oid(lc);
		char	   *label;
		char	   *schema;

		if (is_given_path(lint, function))
			continue;
		label = format_procedure_qualified(function);
		schema = get_namespace_name(get_func_namespace(function));
		mig_lint_report(lint, &(MigReport) {
			.object = label,
			.consequence = psprintf("%s has no search_path of its own: from version 17 on it runs here with search_path = pg_catalog, pg_temp, as it does when a dump is restored",
									label),
			.rewrite = psprintf("ALTER FUNCTION %s SET search_path = %s, pg_temp;",
								label, quote_identifier(schema ? schema : "public")),
		});
	}
}

/* The functions of an expression of CREATE INDEX. */
static void
collect_raw(MigLint *lint, Node *expression, ParseExprKind kind, List **functions)
{
	if (expression != NULL)
		(void) collect_functions(mig_fact_transform(lint->rel, expression,
													InvalidOid, -1, kind),
								 functions);
}

static void
check_function_path(MigLint *lint)
{
	IndexStmt  *stmt = index_statement(lint);
	List	   *functions = NIL;
	ListCell   *lc;

	if (IsA(lint->stmt, AlterFunctionStmt))
		remember_path(lint, ((AlterFunctionStmt *) lint->stmt)->func->objname,
					  ((AlterFunctionStmt *) lint->stmt)->actions);
	else if (IsA(lint->stmt, CreateFunctionStmt))
		remember_path(lint, ((CreateFunctionStmt *) lint->stmt)->funcname,
					  ((CreateFunctionStmt *) lint->stmt)->options);
	if (stmt == NULL || is_skipped(lint, stmt))
		return;
	foreach(lc, stmt->indexParams)
		collect_raw(lint, lfirst_node(IndexElem, lc)->expr,
					EXPR_KIND_INDEX_EXPRESSION, &functions);
	collect_raw(lint, stmt->whereClause, EXPR_KIND_INDEX_PREDICATE, &functions);
	report_functions(lint, functions);
}

const MigRule mig_rules_index_key[] = {
	{
		.name = "adding-unique-index-may-fail",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_CONSTRAINT,
		.check = check_unique_may_fail,
		.help = "a unique index or key fails if there are duplicates",
		.why = "The build reads the whole table before it says so, and a concurrent one leaves an invalid index. The proposed query lists the duplicates.",
		.safe = "The table is new or empty, another unique index covers some of the columns, or the set has just added one of them.",
		.bad = "CREATE UNIQUE INDEX CONCURRENTLY i ON t(email);",
		.good = "CREATE INDEX CONCURRENTLY i ON t(email);",
	},
	{
		.name = "require-index-name",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_index_name,
		.help = "an index without a name",
		.why = "Later scripts, and whoever cleans up after a failed concurrent build, need its name.",
		.safe = "The index has a name. It is a warning for a concurrent build.",
		.bad = "CREATE INDEX CONCURRENTLY ON t(a);",
		.good = "CREATE INDEX CONCURRENTLY t_a_idx ON t(a);",
	},
	{
		.name = "redundant-index",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_redundant,
		.help = "another index begins with the same columns",
		.why = "Each index makes writes slower; a query that could use the new one can use the other.",
		.safe = "The other index is invalid, partial, of another method, of expressions, or differs in order, collation or operator class; or the new one is unique and the other not.",
		.bad = "CREATE INDEX t_a_b_idx ON t(a, b); CREATE INDEX t_a_idx ON t(a);",
		.good = "CREATE INDEX t_a_b_idx ON t(a, b); CREATE INDEX t_b_idx ON t(b);",
		.before = true,
	},
	{
		.name = "too-many-index-columns",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_many_columns,
		.help = "an index of more than three columns",
		.why = "It is large, and only conditions on its first columns narrow a search down.",
		.safe = "The index is unique.",
		.bad = "CREATE INDEX CONCURRENTLY i ON t(a, b, email, ts);",
		.good = "CREATE INDEX CONCURRENTLY i ON t(a, b);",
	},
	{
		.name = "index-expression-search-path",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_function_path,
		.help = "an index calls a function that depends on search_path",
		.why = "From 17 on, builds of indexes, REFRESH, CLUSTER and VACUUM run with search_path = pg_catalog, pg_temp; on all versions a restored dump does. Names without a schema in the function's body are not found then.",
		.safe = "The function has a search_path of its own, is written in C, or has a body that was parsed when it was created (BEGIN ATOMIC, RETURN).",
		.bad = "CREATE INDEX i ON t(f(a));",
		.good = "ALTER FUNCTION f(int) SET search_path = public, pg_temp;",
	},
	{0}
};
