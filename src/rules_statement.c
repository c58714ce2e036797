/*-------------------------------------------------------------------------
 *
 * rules_statement.c
 *	  Lint rules: what is sure to fail, or hides that it does nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

#include "changes.h"
#include "facts.h"
#include "nearest.h"
#include "rule.h"
#include "spi_util.h"

/* Found by lint.c itself. */
static void
check_nothing(MigLint *lint)
{
}

/*
 * What is sure to fail
 */

/* For so many names that do not exist, it is looked what may be meant. */
#define MAX_LOOKED	20

/* What check_unknown_object() remembers. */
typedef struct Unknown
{
	int			looked;			/* up to MAX_LOOKED */
} Unknown;

/* Code that cannot be seen may have made or dropped anything before. */
static bool
is_certain(MigLint *lint)
{
	return lint->body != MIG_BODY_ROUTINE && lint->body != MIG_BODY_CALLED &&
		!lint->unseen;
}

/* 'nearest' is what may have been meant; NULL: nobody knows. */
static void
report_unknown(MigLint *lint, int location, const char *kind, const char *name,
			   const char *nearest)
{
	mig_lint_report(lint, &(MigReport) {
		.location = location,
		.object = name,
		.consequence = psprintf(nearest ? "fails: %s %s does not exist, perhaps %s is meant" :
								"fails: %s %s does not exist", kind, name, nearest),
	});
}

/* The column of the relation that may have been meant; NULL: none. */
static const char *
nearest_column(MigRel *rel, const char *name)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, mig_rel_columns(rel))
	{
		const char *column = ((MigColumn *) lfirst(lc))->name;

		if (column != NULL)
			names = lappend(names, unconstify(char *, column));
	}
	name = mig_nearest(name, names);
	return name ? quote_identifier(name) : NULL;
}

static const char *
nearest_constraint(MigRel *rel, const char *name)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->name != NULL && !constraint->dropped)
			names = lappend(names, unconstify(char *, constraint->name));
	}
	name = mig_nearest(name, names);
	return name ? quote_identifier(name) : NULL;
}

/* The names of relations in a schema, those that the set makes included. */
static List *
relation_names(MigLint *lint, const char *schema)
{
	static MigQuery query = {"SELECT c.relname::text FROM pg_class c"
		" JOIN pg_namespace n ON n.oid = c.relnamespace"
	" WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i')"};
	MemoryContext caller = CurrentMemoryContext;
	MigParams	params = {0};
	MigSqlSession session;
	MemoryContext inside;
	List	   *names = NIL;
	uint64		n;
	ListCell   *lc;

	mig_param_text(&params, schema);
	mig_sql_begin(&session);
	n = mig_sql_run(&query, &params);
	inside = MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < n; i++)
		names = lappend(names, pstrdup(mig_col_text(i, 1)));
	MemoryContextSwitchTo(inside);
	mig_sql_end(&session);
	foreach(lc, mig_shadow_relations(lint->shadow))
	{
		MigRel	   *rel = lfirst(lc);

		if (mig_rel_is_new(rel) && strcmp(rel->schema, schema) == 0)
			names = lappend(names, unconstify(char *, rel->name));
	}
	return names;
}

/* The relation that may have been meant; NULL: none. */
static const char *
nearest_relation(MigLint *lint, const char *schema, const char *name)
{
	Unknown    *memory = mig_lint_memory(lint, sizeof(Unknown));
	List	   *schemas = schema ? list_make1(unconstify(char *, schema)) :
		lint->shadow->path;
	ListCell   *lc;

	if (memory->looked++ >= MAX_LOOKED)
		return NULL;
	foreach(lc, schemas)
	{
		const char *nearest = mig_nearest(name, relation_names(lint, lfirst(lc)));

		/* one that the set has dropped is no help */
		if (nearest != NULL &&
			mig_shadow_find_named(lint->shadow, lfirst(lc), nearest) != NULL)
			return quote_qualified_identifier(lfirst(lc), nearest);
	}
	return NULL;
}

static void
report_unknown_range(MigLint *lint, const RangeVar *range)
{
	report_unknown(lint, range->location, "relation", mig_lint_range(range),
				   nearest_relation(lint, range->schemaname, range->relname));
}

/* The columns and constraints that a command of ALTER TABLE names. */
static void
check_unknown_in_command(MigLint *lint)
{
	AlterTableCmd *command = lint->command;
	const char *label;

	if (lint->rel == NULL || lint->rel->assumed || lint->rel->open ||
		command->name == NULL || command->missing_ok)
		return;
	label = mig_rel_part_label(lint->rel, command->name);
	switch (command->subtype)
	{
		case AT_ColumnDefault:
		case AT_DropNotNull:
		case AT_SetNotNull:
		case AT_SetStatistics:
		case AT_SetStorage:
		case AT_DropColumn:
		case AT_AlterColumnType:
		case AT_AddIdentity:
		case AT_SetIdentity:
		case AT_DropIdentity:
		case AT_DropExpression:
			if (mig_rel_column(lint->rel, command->name) == NULL &&
				!mig_lint_commands(lint, AT_AddColumn, command->name))
				report_unknown(lint, 0, "column", label,
							   nearest_column(lint->rel, command->name));
			break;
		case AT_ValidateConstraint:
		case AT_DropConstraint:
		case AT_AlterConstraint:
			if (mig_rel_constraint(lint->rel, command->name) == NULL)
				report_unknown(lint, 0, "constraint", label,
							   nearest_constraint(lint->rel, command->name));
			break;
		default:
			break;
	}
}

/* The columns that CREATE INDEX names. */
static void
check_unknown_in_index(MigLint *lint, IndexStmt *stmt)
{
	ListCell   *lc;

	if (lint->rel == NULL || lint->rel->assumed || lint->rel->open)
		return;
	foreach(lc, stmt->indexParams)
	{
		IndexElem  *element = lfirst_node(IndexElem, lc);

		if (element->name != NULL &&
			mig_rel_column(lint->rel, element->name) == NULL)
			report_unknown(lint, 0, "column",
						   mig_rel_part_label(lint->rel, element->name),
						   nearest_column(lint->rel, element->name));
	}
}

/* The relations that DROP names. */
static void
check_unknown_in_drop(MigLint *lint, DropStmt *stmt)
{
	ListCell   *lc;

	if (stmt->missing_ok)
		return;
	switch (stmt->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_FOREIGN_TABLE:
			break;
		default:
			return;
	}
	foreach(lc, stmt->objects)
	{
		List	   *name = lfirst(lc);

		if (mig_shadow_find_list(lint->shadow, name, RELKIND_RELATION) == NULL)
			report_unknown_range(lint, makeRangeVarFromNameList(name));
	}
}

/* Names of WITH queries are no relations. */
typedef struct QueryNames
{
	MigLint    *lint;
	List	   *queries;		/* of char *: of WITH, in the statement */
} QueryNames;

static bool
find_query_names(Node *node, void *context)
{
	QueryNames *names = context;

	if (node == NULL)
		return false;
	if (IsA(node, CommonTableExpr))
		names->queries = lappend(names->queries,
								 ((CommonTableExpr *) node)->ctename);
	return raw_expression_tree_walker(node, find_query_names, context);
}

static bool
is_query_name(const QueryNames *names, const RangeVar *range)
{
	ListCell   *lc;

	if (range->schemaname != NULL)
		return false;
	foreach(lc, names->queries)
	{
		if (strcmp(lfirst(lc), range->relname) == 0)
			return true;
	}
	return false;
}

static bool
find_unknown_ranges(Node *node, void *context)
{
	QueryNames *names = context;

	if (node == NULL)
		return false;
	if (IsA(node, RangeVar))
	{
		RangeVar   *range = (RangeVar *) node;

		if (!is_query_name(names, range) &&
			mig_shadow_find(names->lint->shadow, range, RELKIND_RELATION) == NULL)
			report_unknown_range(names->lint, range);
		return false;
	}
	return raw_expression_tree_walker(node, find_unknown_ranges, context);
}

/* The relations that a query reads or writes. */
static void
check_unknown_in_query(MigLint *lint, Node *query)
{
	QueryNames	names = {.lint = lint};

	/* CREATE TABLE AS EXECUTE has none */
	if (!IsA(query, SelectStmt) && !IsA(query, InsertStmt) &&
		!IsA(query, UpdateStmt) && !IsA(query, DeleteStmt) &&
		!IsA(query, MergeStmt))
		return;
	(void) find_query_names(query, &names);
	(void) find_unknown_ranges(query, &names);
}

/* The relation that a statement of DDL is about. */
static void
check_unknown_subject(MigLint *lint)
{
	Node	   *stmt = lint->stmt;
	char		kind;
	RangeVar   *name = mig_lint_subject(stmt, &kind);
	bool		missing_ok = false;

	if (IsA(stmt, AlterTableStmt))
		missing_ok = ((AlterTableStmt *) stmt)->missing_ok;
	else if (IsA(stmt, RenameStmt))
		missing_ok = ((RenameStmt *) stmt)->missing_ok;
	else if (IsA(stmt, AlterObjectSchemaStmt))
		missing_ok = ((AlterObjectSchemaStmt *) stmt)->missing_ok;
	else if (IsA(stmt, AlterSeqStmt))
		missing_ok = ((AlterSeqStmt *) stmt)->missing_ok;
	if (name != NULL && lint->rel == NULL && !missing_ok)
		report_unknown_range(lint, name);
}

static void
check_unknown(MigLint *lint)
{
	Node	   *stmt = lint->stmt;

	if (!is_certain(lint))
		return;
	if (lint->command != NULL)
	{
		check_unknown_in_command(lint);
		return;
	}
	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			check_unknown_in_query(lint, stmt);
			break;
		case T_ViewStmt:
			check_unknown_in_query(lint, ((ViewStmt *) stmt)->query);
			break;
		case T_CreateTableAsStmt:
			check_unknown_in_query(lint, ((CreateTableAsStmt *) stmt)->query);
			break;
		case T_DropStmt:
			check_unknown_in_drop(lint, (DropStmt *) stmt);
			break;
		case T_IndexStmt:
			check_unknown_in_index(lint, (IndexStmt *) stmt);
			check_unknown_subject(lint);
			break;
		default:
			check_unknown_subject(lint);
			break;
	}
}

/* The table that a foreign key references. */
static void
check_unknown_reference(MigLint *lint)
{
	Constraint *constraint = lint->constraint;

	if (constraint->contype != CONSTR_FOREIGN || !is_certain(lint) ||
		(IsA(lint->stmt, CreateStmt) &&
		 strcmp(constraint->pktable->relname,
				((CreateStmt *) lint->stmt)->relation->relname) == 0) ||
		mig_shadow_find(lint->shadow, constraint->pktable, RELKIND_RELATION))
		return;
	report_unknown_range(lint, constraint->pktable);
}

static void
check_unknown_object(MigLint *lint)
{
	if (lint->constraint != NULL)
		check_unknown_reference(lint);
	else
		check_unknown(lint);
}

static void
report_exists(MigLint *lint, int location, const char *kind, const char *name)
{
	mig_lint_report(lint, &(MigReport) {
		.location = location,
		.object = name,
		.consequence = psprintf("fails: %s %s already exists", kind, name),
	});
}

/* The relation of that name in the schema where it would be made. */
static MigRel *
in_the_way(MigLint *lint, const RangeVar *name)
{
	return mig_shadow_find_named(lint->shadow,
								 mig_shadow_creation_schema(lint->shadow, name),
								 name->relname);
}

static void
check_new_relation(MigLint *lint, const RangeVar *name, bool if_not_exists)
{
	MigRel	   *rel;

	if (if_not_exists || (rel = in_the_way(lint, name)) == NULL || rel->assumed)
		return;
	report_exists(lint, name->location, "relation", mig_rel_label(rel));
}

/* An index is made in the schema of its table. */
static void
check_new_index(MigLint *lint, IndexStmt *stmt)
{
	MigRel	   *rel;

	if (stmt->idxname == NULL || stmt->if_not_exists || lint->rel == NULL)
		return;
	rel = mig_shadow_find_named(lint->shadow, lint->rel->schema, stmt->idxname);
	if (rel != NULL)
		report_exists(lint, 0, "relation", mig_rel_label(rel));
}

/* Columns and constraints that ALTER TABLE adds. */
static void
check_new_part(MigLint *lint)
{
	AlterTableCmd *command = lint->command;
	const char *name;

	if (lint->rel == NULL || lint->rel->assumed || command->missing_ok)
		return;
	if (command->subtype == AT_AddColumn)
	{
		name = castNode(ColumnDef, command->def)->colname;
		if (mig_rel_column(lint->rel, name) != NULL &&
			!mig_lint_commands(lint, AT_DropColumn, name))
			report_exists(lint, castNode(ColumnDef, command->def)->location,
						  "column",
						  mig_rel_part_label(lint->rel, name));
	}
	else if (command->subtype == AT_AddConstraint)
	{
		name = castNode(Constraint, command->def)->conname;
		if (name != NULL && mig_rel_constraint(lint->rel, name) != NULL &&
			!mig_lint_commands(lint, AT_DropConstraint, name))
			report_exists(lint, castNode(Constraint, command->def)->location,
						  "constraint",
						  mig_rel_part_label(lint->rel, name));
	}
}

static void
check_exists(MigLint *lint)
{
	Node	   *stmt = lint->stmt;

	if (!is_certain(lint))
		return;
	if (lint->command != NULL)
		check_new_part(lint);
	else if (IsA(stmt, CreateStmt))
		check_new_relation(lint, ((CreateStmt *) stmt)->relation,
						   ((CreateStmt *) stmt)->if_not_exists);
	else if (IsA(stmt, CreateTableAsStmt))
		check_new_relation(lint, ((CreateTableAsStmt *) stmt)->into->rel,
						   ((CreateTableAsStmt *) stmt)->if_not_exists);
	else if (IsA(stmt, CreateSeqStmt))
		check_new_relation(lint, ((CreateSeqStmt *) stmt)->sequence,
						   ((CreateSeqStmt *) stmt)->if_not_exists);
	else if (IsA(stmt, ViewStmt))
		check_new_relation(lint, ((ViewStmt *) stmt)->view,
						   ((ViewStmt *) stmt)->replace);
	else if (IsA(stmt, IndexStmt))
		check_new_index(lint, (IndexStmt *) stmt);
	else if (IsA(stmt, CreateSchemaStmt) &&
			 ((CreateSchemaStmt *) stmt)->schemaname != NULL &&
			 !((CreateSchemaStmt *) stmt)->if_not_exists &&
			 mig_shadow_schema_exists(lint->shadow,
									  ((CreateSchemaStmt *) stmt)->schemaname))
		report_exists(lint, 0, "schema",
					  quote_identifier(((CreateSchemaStmt *) stmt)->schemaname));
}

/* Columns that are assigned twice. */
static void
check_targets(MigLint *lint, List *targets)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, targets)
	{
		ResTarget  *target = lfirst_node(ResTarget, lc);

		if (target->name == NULL || target->indirection != NIL)
			continue;
		for_each_cell(each, targets, lnext(targets, lc))
		{
			ResTarget  *other = lfirst_node(ResTarget, each);

			if (other->indirection == NIL && other->name != NULL &&
				strcmp(other->name, target->name) == 0)
				mig_lint_report(lint, &(MigReport) {
					.location = other->location,
					.object = lint->rel ?
						mig_rel_part_label(lint->rel, other->name) :
						quote_identifier(other->name),
					.consequence = psprintf("fails: column %s is assigned twice",
											quote_identifier(other->name)),
				});
		}
	}
}

/* Columns that CREATE TABLE defines twice. */
static void
check_definitions(MigLint *lint, CreateStmt *stmt)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, stmt->tableElts)
	{
		ColumnDef  *column = lfirst(lc);

		if (!IsA(column, ColumnDef))
			continue;
		for_each_cell(each, stmt->tableElts, lnext(stmt->tableElts, lc))
		{
			ColumnDef  *other = lfirst(each);

			if (IsA(other, ColumnDef) &&
				strcmp(other->colname, column->colname) == 0)
				mig_lint_report(lint, &(MigReport) {
					.location = other->location,
					.object = mig_lint_column_label(lint, other->colname),
					.consequence = psprintf("fails: column %s is defined twice",
											quote_identifier(other->colname)),
				});
		}
	}
}

static void
check_duplicates(MigLint *lint)
{
	Node	   *stmt = lint->change ? lint->change->stmt : lint->stmt;
	ListCell   *lc;

	if (lint->change == NULL)
	{
		if (IsA(stmt, CreateStmt))
			check_definitions(lint, (CreateStmt *) stmt);
	}
	else if (IsA(stmt, UpdateStmt))
		check_targets(lint, ((UpdateStmt *) stmt)->targetList);
	else if (IsA(stmt, InsertStmt))
	{
		check_targets(lint, ((InsertStmt *) stmt)->cols);
		if (((InsertStmt *) stmt)->onConflictClause != NULL)
			check_targets(lint,
						  ((InsertStmt *) stmt)->onConflictClause->targetList);
	}
	else if (IsA(stmt, MergeStmt))
	{
		foreach(lc, ((MergeStmt *) stmt)->mergeWhenClauses)
			check_targets(lint, lfirst_node(MergeWhenClause, lc)->targetList);
	}
}

/*
 * Robustness
 */

/* Would the statement fail if it ran a second time? */
static bool
fails_again(MigLint *lint)
{
	Node	   *stmt = lint->stmt;

	if (lint->command != NULL)
		return !lint->command->missing_ok &&
			(lint->command->subtype == AT_AddColumn ||
			 lint->command->subtype == AT_DropColumn ||
			 lint->command->subtype == AT_AddConstraint ||
			 lint->command->subtype == AT_DropConstraint);
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			return !((CreateStmt *) stmt)->if_not_exists;
		case T_CreateTableAsStmt:
			return !((CreateTableAsStmt *) stmt)->if_not_exists;
		case T_CreateSeqStmt:
			return !((CreateSeqStmt *) stmt)->if_not_exists;
		case T_CreateSchemaStmt:
			return !((CreateSchemaStmt *) stmt)->if_not_exists;
		case T_IndexStmt:
			return !((IndexStmt *) stmt)->if_not_exists;
		case T_DropStmt:
			return !((DropStmt *) stmt)->missing_ok;
		default:
			return false;
	}
}

static void
check_robust(MigLint *lint)
{
	if (lint->body == MIG_BODY_NONE &&
		(!lint->in_transaction || lint->script->no_transaction) &&
		fails_again(lint))
		mig_lint_report(lint, &(MigReport) {
			.consequence = "fails if it runs a second time, and commits by itself",
		});
}

/* How many differences are told. */
#define MAX_TOLD	3

static void
add_drift(StringInfo drift, int *n, const char *text)
{
	if ((*n)++ < MAX_TOLD)
		appendStringInfo(drift, "%s%s", drift->len > 0 ? "; " : "", text);
}

/* The columns of a definition that the table has not, or not so; NULL: none. */
static const char *
drift_of(MigLint *lint, MigRel *rel, List *elements)
{
	StringInfoData drift;
	int			n = 0;
	ListCell   *lc;

	initStringInfo(&drift);
	foreach(lc, elements)
	{
		ColumnDef  *definition = lfirst(lc);
		MigColumn  *column;
		int32		typmod;
		Oid			type;

		if (!IsA(definition, ColumnDef))
			continue;
		column = mig_rel_column(rel, definition->colname);
		if (column == NULL)
		{
			add_drift(&drift, &n, psprintf("column %s is missing",
										   quote_identifier(definition->colname)));
			continue;
		}
		type = mig_fact_type(lint->shadow, definition->typeName, &typmod);
		if (OidIsValid(type) && OidIsValid(column->type) &&
			(type != column->type || typmod != column->typmod))
			add_drift(&drift, &n, psprintf("column %s is %s, not %s",
										   quote_identifier(definition->colname),
										   format_type_with_typemod(column->type,
																	column->typmod),
										   format_type_with_typemod(type, typmod)));
	}
	if (n > MAX_TOLD)
		appendStringInfo(&drift, "; and %d more", n - MAX_TOLD);
	return n > 0 ? drift.data : NULL;
}

static void
report_drift(MigLint *lint, MigRel *rel, const char *drift)
{
	mig_lint_report(lint, &(MigReport) {
		.object = mig_rel_label(rel),
		.consequence = psprintf("does nothing, as %s is there already, but %s",
								mig_rel_label(rel), drift),
	});
}

static void
check_hidden_drift(MigLint *lint)
{
	Node	   *stmt = lint->stmt;
	MigRel	   *rel;
	const char *drift;

	if (lint->command != NULL)
	{
		if (lint->command->subtype != AT_AddColumn || lint->rel == NULL ||
			!lint->command->missing_ok || lint->rel->assumed ||
			mig_rel_column(lint->rel, castNode(ColumnDef, lint->command->def)->colname) == NULL)
			return;
		rel = lint->rel;
		drift = drift_of(lint, rel, list_make1(lint->command->def));
	}
	else if (IsA(stmt, CreateStmt) && ((CreateStmt *) stmt)->if_not_exists)
	{
		rel = in_the_way(lint, ((CreateStmt *) stmt)->relation);
		if (rel == NULL || rel->assumed)
			return;
		drift = drift_of(lint, rel, ((CreateStmt *) stmt)->tableElts);
	}
	else if (IsA(stmt, IndexStmt) && ((IndexStmt *) stmt)->if_not_exists &&
			 lint->rel != NULL && ((IndexStmt *) stmt)->idxname != NULL)
	{
		rel = mig_shadow_find_named(lint->shadow, lint->rel->schema,
									((IndexStmt *) stmt)->idxname);
		if (rel == NULL || rel->index == NULL || rel->index->table == lint->rel)
			return;
		drift = psprintf("it is on %s", mig_rel_label(rel->index->table));
	}
	else
		return;
	if (drift != NULL)
		report_drift(lint, rel, drift);
}

const MigRule mig_rules_statement[] = {
	{
		.name = "syntax-error",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.check = check_nothing,
		.help = "the script cannot be parsed",
		.why = "The server's own grammar refuses the script, so no statement of it would run.",
		.safe = "never",
		.bad = "ALTER TABEL t ADD a int;",
		.good = "ALTER TABLE t ADD a2 int;",
	},
	{
		.name = "refused-statement",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.check = check_nothing,
		.help = "the statement cannot be part of a migration",
		.why = "ROLLBACK, SAVEPOINT, PREPARE TRANSACTION and the like take the transaction out of the runner's hands.",
		.safe = "never",
		.bad = "ROLLBACK;",
		.good = "SELECT 1;",
	},
	{
		.name = "unknown-object",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND | MIG_ON_CONSTRAINT,
		.check = check_unknown_object,
		.help = "a relation, column or constraint that will not be there",
		.why = "The statement fails when its turn comes, after everything before it ran. A script can be judged without its tables: say assume => 'large'.",
		.safe = "An earlier script or statement creates it, or one whose code cannot be seen might.",
		.bad = "ALTER TABLE nosuch ADD COLUMN a int;",
		.good = "CREATE TABLE nosuch(a int);",
		.before = true,
	},
	{
		.name = "object-already-exists",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND,
		.check = check_exists,
		.help = "a relation, column, constraint or schema that will be there already",
		.why = "The statement fails when its turn comes, after everything before it ran.",
		.safe = "An earlier statement drops or renames it.",
		.bad = "CREATE TABLE t(a int);",
		.good = "ALTER TABLE t ADD COLUMN a3 int;",
		.before = true,
	},
	{
		.name = "ban-duplicate-column-assignments",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_CHANGE,
		.check = check_duplicates,
		.help = "a column that one statement assigns or defines twice",
		.why = "The server refuses it.",
		.safe = "Elements of one array or fields of one composite are assigned.",
		.bad = "UPDATE t SET a = 1, a = 2 WHERE id = 1;",
		.good = "UPDATE t SET a = 2 WHERE id = 1;",
	},
	{
		.name = "prefer-robust-stmts",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = false,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND,
		.check = check_robust,
		.help = "a statement that commits by itself and cannot run twice",
		.why = "Tools that run a failed script again from its start need IF NOT EXISTS and IF EXISTS. apply() goes on after what is done.",
		.safe = "The statement is part of a transaction.",
		.bad = "CREATE INDEX CONCURRENTLY i ON t(a);",
		.good = "CREATE TABLE n(a int);",
	},
	{
		.name = "if-not-exists-hides-drift",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND,
		.check = check_hidden_drift,
		.help = "IF NOT EXISTS that keeps something else of that name",
		.why = "The statement succeeds and does nothing, and what the script describes is not what is there.",
		.safe = "What is there has the same columns.",
		.bad = "CREATE TABLE IF NOT EXISTS t(id bigint, other text);",
		.good = "ALTER TABLE t ADD COLUMN other text;",
		.before = true,
	},
	{
		.name = "unused-ignore",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.check = check_nothing,
		.help = "a comment that suppresses nothing",
		.why = "A name that does not exist, or a finding that is not there any more: the comment is only in the way of the next reader.",
		.safe = "The rule has a finding there.",
		.bad = "-- migrate:ignore ban-drop-table: no longer\nSELECT 1;",
		.good = "SELECT 1;",
	},
	{0}
};
