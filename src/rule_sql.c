/*-------------------------------------------------------------------------
 *
 * rule_sql.c
 *	  Statements that lint rules propose.
 *
 * What is proposed can be put in place of the statement that was found fault
 * with: COMMIT ends a step of a script, and a statement that cannot run in a
 * transaction block is a step of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "nodes/value.h"
#include "utils/builtins.h"

#include "rule_sql.h"

/* Of a larger tree of partitions, only so many are written out. */
#define MAX_PARTITIONS 50

/* Rows that are changed between two commits. */
#define BATCH 10000

void
mig_sql_add(StringInfo sql, const char *format,...)
{
	int			save_errno = errno;

	if (sql->len > 0)
		appendStringInfoChar(sql, '\n');
	for (;;)
	{
		va_list		args;
		int			needed;

		errno = save_errno;
		va_start(args, format);
		needed = appendStringInfoVA(sql, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(sql, needed);
	}
}

/*
 * Names
 */

/* ONLY is of no account, and cannot be everywhere, where no table inherits. */
static const char *
table_of_alter(MigLint *lint, const RangeVar *name)
{
	const char *quoted = mig_lint_range(name);

	if (name->inh || lint->rel == NULL || mig_rel_children(lint->rel, false) == NIL)
		return quoted;
	return psprintf("ONLY %s", quoted);
}

/* The table of the current statement, as the statement names it. */
const char *
mig_sql_table(MigLint *lint)
{
	switch (nodeTag(lint->stmt))
	{
		case T_AlterTableStmt:
			return table_of_alter(lint, ((AlterTableStmt *) lint->stmt)->relation);
		case T_IndexStmt:
			return mig_lint_range(((IndexStmt *) lint->stmt)->relation);
		case T_RenameStmt:
			return mig_lint_range(((RenameStmt *) lint->stmt)->relation);
		case T_CreateStmt:
			return mig_lint_range(((CreateStmt *) lint->stmt)->relation);
		default:
			return mig_rel_label(lint->rel);
	}
}

/* A list of String nodes: quoted, with commas between. */
const char *
mig_sql_column_list(List *strings)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, strings)
		names = lappend(names, strVal(lfirst(lc)));
	return mig_lint_names(names);
}

/* The same as a part of a name that is made of them. */
char *
mig_sql_joined_columns(List *strings)
{
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	foreach(lc, strings)
	{
		if (result.len > 0)
			appendStringInfoChar(&result, '_');
		appendStringInfoString(&result, strVal(lfirst(lc)));
		if (result.len >= NAMEDATALEN)
			break;
	}
	return result.data;
}

/* Numbers the label until the name is free, as the server does. */
static char *
numbered(const char *label, int number)
{
	return number == 0 ? pstrdup(label) : psprintf("%s%d", label, number);
}

/* A name for a new index, as the server would choose it. */
char *
mig_sql_index_name(MigLint *lint, MigRel *rel, const char *columns,
				   const char *label)
{
	for (int i = 0;; i++)
	{
		char	   *name = makeObjectName(rel->name, columns,
										  numbered(label, i));

		if (mig_shadow_find_named(lint->shadow, rel->schema, name) == NULL)
			return name;
	}
}

/* A name for a new constraint, as the server would choose it. */
char *
mig_sql_constraint_name(MigRel *rel, const char *columns, const char *label)
{
	for (int i = 0;; i++)
	{
		char	   *name = makeObjectName(rel->name, columns,
										  numbered(label, i));

		if (mig_rel_constraint(rel, name) == NULL)
			return name;
	}
}

/* Is there such a column?  An assumed table has all that are asked for. */
static bool
has_column(MigRel *rel, const char *name)
{
	return !rel->assumed && mig_rel_column(rel, name) != NULL;
}

/* A name for a new column beside one that is there. */
char *
mig_sql_column_name(MigRel *rel, const char *column, const char *label)
{
	for (int i = 0;; i++)
	{
		char	   *name = makeObjectName(column, NULL, numbered(label, i));

		if (!has_column(rel, name))
			return name;
	}
}

/*
 * Statements
 */

/* One level of a tree of partitions; 'left' counts those still to write. */
static void
add_partitioned_index(StringInfo sql, MigRel *rel, const char *table,
					  bool unique, const char *name, const char *rest,
					  int *left)
{
	const char *parent = quote_qualified_identifier(rel->schema, name);
	ListCell   *lc;

	mig_sql_add(sql, "CREATE %sINDEX %s ON ONLY %s %s;",
				unique ? "UNIQUE " : "", quote_identifier(name), table, rest);
	foreach(lc, mig_rel_children(rel, false))
	{
		MigRel	   *child = lfirst(lc);
		const char *child_table = mig_rel_label(child);
		char	   *child_name = makeObjectName(child->name, name, NULL);

		if (--*left < 0)
		{
			if (*left == -1)
				mig_sql_add(sql, "-- and so on for each further partition");
			return;
		}
		if (child->kind == RELKIND_PARTITIONED_TABLE)
			add_partitioned_index(sql, child, child_table, unique, child_name,
								  rest, left);
		else
			mig_sql_add(sql, "CREATE %sINDEX CONCURRENTLY %s ON %s %s;",
						unique ? "UNIQUE " : "", quote_identifier(child_name),
						child_table, rest);
		mig_sql_add(sql, "ALTER INDEX %s ATTACH PARTITION %s;", parent,
					quote_qualified_identifier(child->schema, child_name));
	}
}

/*
 * Builds an index without blocking writes.  'rest' is what follows the
 * table's name.
 */
void
mig_sql_index(StringInfo sql, MigRel *rel, const char *table, bool unique,
			  const char *name, const char *rest)
{
	int			left = MAX_PARTITIONS;

	if (rel->kind == RELKIND_PARTITIONED_TABLE)
		add_partitioned_index(sql, rel, table, unique, name, rest, &left);
	else
		mig_sql_add(sql, "CREATE %sINDEX %s%s ON %s %s;",
					unique ? "UNIQUE " : "",
					mig_rel_is_new(rel) ? "" : "CONCURRENTLY ",
					quote_identifier(name), table, rest);
}

/* Validates in a transaction that does not hold what adding it has locked. */
void
mig_sql_validate(StringInfo sql, const char *table, const char *constraint)
{
	mig_sql_add(sql, "COMMIT;");
	mig_sql_add(sql, "ALTER TABLE %s VALIDATE CONSTRAINT %s;", table,
				quote_identifier(constraint));
}

/* Sets a column NOT NULL without reading the table under a strong lock. */
void
mig_sql_not_null(StringInfo sql, MigRel *rel, const char *table,
				 const char *column)
{
	char	   *name = mig_sql_constraint_name(rel, column, "not_null_check");

	mig_sql_add(sql, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;",
				table, quote_identifier(name), quote_identifier(column));
	mig_sql_validate(sql, table, name);
	mig_sql_add(sql, "COMMIT;");
	mig_sql_add(sql, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;", table,
				quote_identifier(column));
	mig_sql_add(sql, "ALTER TABLE %s DROP CONSTRAINT %s;", table,
				quote_identifier(name));
}

/* Changes a part of the rows that need it; to be run until there are none. */
void
mig_sql_backfill(StringInfo sql, MigRel *rel, const char *table,
				 const char *assignment, const char *condition)
{
	MigConstraint *key = mig_rel_primary_key(rel);
	MigColumn  *column = NULL;

	mig_sql_add(sql, "COMMIT;");
	mig_sql_add(sql, "-- again and again, each in a transaction of its own, until it changes no row:");
	if (key != NULL && list_length(key->columns) == 1)
		column = mig_rel_attribute(rel, linitial_int(key->columns));
	mig_sql_add(sql, "UPDATE %s SET %s", table, assignment);
	if (column != NULL)
		mig_sql_add(sql, "  WHERE %s IN (SELECT %s FROM %s WHERE %s LIMIT %d);",
					quote_identifier(column->name),
					quote_identifier(column->name), table, condition, BATCH);
	else
		mig_sql_add(sql, "  WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM %s WHERE %s LIMIT %d);",
					table, condition, BATCH);
}

/* What a body of code may be delimited with: "$$", "$body$", ... */
static const char *
body_quote(const char *body)
{
	const char *quote = "$$";

	for (int i = 1; strstr(body, quote) != NULL; i++)
		quote = psprintf("$body%d$", i);
	return quote;
}

/* A trigger of that name on each new row, with the statements of its function. */
void
mig_sql_trigger(StringInfo sql, MigRel *rel, const char *table,
				const char *name, const char *statements)
{
	const char *function = quote_qualified_identifier(rel->schema, name);
	const char *quote = body_quote(statements);

	mig_sql_add(sql, "CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS %s",
				function, quote);
	mig_sql_add(sql, "BEGIN\n%s\n  RETURN NEW;\nEND\n%s;", statements, quote);
	mig_sql_add(sql, "CREATE TRIGGER %s BEFORE INSERT OR UPDATE ON %s",
				quote_identifier(name), table);
	mig_sql_add(sql, "  FOR EACH ROW EXECUTE FUNCTION %s();", function);
}

/* A trigger that computes a column from the others of its row. */
void
mig_sql_fill_trigger(StringInfo sql, MigRel *rel, const char *table,
					 const char *name, const char *column,
					 const char *expression)
{
	mig_sql_trigger(sql, rel, table, name,
					psprintf("  NEW.%s := (SELECT %s FROM (SELECT NEW.*) AS new_row);",
							 quote_identifier(column), expression));
}
