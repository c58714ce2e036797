/*-------------------------------------------------------------------------
 *
 * rules_column_change.c
 *	  Lint rules: changing, renaming and dropping columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "utils/builtins.h"

#include "compat.h"
#include "facts.h"
#include "rule_sql.h"

/* So many dependent objects are named. */
#define MAX_NAMED 3

/*
 * What several rules ask
 */

/* The column that the command names, if others may know it; NULL: none. */
static MigColumn *
known_column(MigLint *lint, const char *name)
{
	MigColumn  *column;

	if (lint->rel == NULL || mig_rel_is_new(lint->rel) ||
		lint->rel->persistence == RELPERSISTENCE_TEMP ||
		(lint->rel->kind != RELKIND_RELATION &&
		 lint->rel->kind != RELKIND_PARTITIONED_TABLE &&
		 lint->rel->kind != RELKIND_FOREIGN_TABLE))
		return NULL;
	column = mig_rel_column(lint->rel, name);
	return column != NULL && column->created_in == 0 ? column : NULL;
}

static const char *
label_of(MigLint *lint, const char *column)
{
	return mig_rel_part_label(lint->rel, column);
}

/*
 * NOT NULL
 */

/* Does the same statement add the column? */
static bool
is_added_here(MigLint *lint, const char *name)
{
	ListCell   *lc;

	foreach(lc, castNode(AlterTableStmt, lint->stmt)->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command->subtype == AT_AddColumn &&
			strcmp(castNode(ColumnDef, command->def)->colname, name) == 0)
			return true;
	}
	return false;
}

/* Is this the condition that the column is not null? */
static bool
says_not_null(const Constraint *constraint, const char *name)
{
	NullTest   *test = (NullTest *) constraint->raw_expr;
	ColumnRef  *column;

	if (test == NULL || !IsA(test, NullTest) ||
		test->nulltesttype != IS_NOT_NULL || !IsA(test->arg, ColumnRef))
		return false;
	column = (ColumnRef *) test->arg;
	return IsA(llast(column->fields), String) &&
		strcmp(strVal(llast(column->fields)), name) == 0;
}

/* Is it known that the column has no null? */
static bool
is_proven(MigRel *rel, MigColumn *column)
{
	ListCell   *lc;

	if (column->not_null || mig_fact_proves_not_null(rel, column))
		return true;
	/* where types are not known, the server cannot be asked */
	foreach(lc, rel->assumed ? mig_rel_constraints(rel) : NIL)
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_CHECK && constraint->valid &&
			!constraint->dropped && constraint->definition != NULL &&
			says_not_null(constraint->definition, column->name))
			return true;
	}
	return false;
}

/* SET NOT NULL, or the constraint that says it (18), of one column. */
static void
check_one_not_null(MigLint *lint, const char *name, int location)
{
	MigColumn  *column;
	StringInfoData sql;
	char	   *others;
	bool		added;

	if (lint->rel == NULL || mig_lint_is_quiet(lint, lint->rel) ||
		(lint->rel->kind != RELKIND_RELATION &&
		 lint->rel->kind != RELKIND_PARTITIONED_TABLE))
		return;
	column = mig_rel_column(lint->rel, name);
	added = is_added_here(lint, name);
	if (!added && (column == NULL || is_proven(lint->rel, column)))
		return;
	initStringInfo(&sql);
	others = mig_lint_without_command(lint);
	if (others != NULL)
		mig_sql_add(&sql, "%s", others);
	mig_sql_not_null(&sql, lint->rel, mig_sql_table(lint), name);
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = location,
		.object = label_of(lint, name),
		.consequence = psprintf("reads all of %s under ACCESS EXCLUSIVE: reads and writes wait until it is done",
								mig_rel_sized_label(lint->rel)),
		.rewrite = added ? NULL : sql.data,
	});
}

static void
check_not_null(MigLint *lint)
{
	AlterTableCmd *command = lint->command;
	Constraint *constraint = (Constraint *) command->def;

	if (command->subtype == AT_SetNotNull)
		check_one_not_null(lint, command->name, 0);
	else if (command->subtype == AT_AddConstraint &&
			 constraint->contype == CONSTR_NOTNULL &&
			 !constraint->skip_validation && constraint->keys != NIL)
		check_one_not_null(lint, strVal(linitial(constraint->keys)),
						   constraint->location);
}

/* Why the column cannot do without NOT NULL; NULL: it can. */
static const char *
why_required(MigLint *lint, const MigColumn *column)
{
	MigConstraint *key = mig_rel_primary_key(lint->rel);

	if (key != NULL && list_member_int(key->columns, column->attnum))
		return psprintf("fails: %s is in the primary key", column->name);
	if (column->identity != '\0')
		return psprintf("fails: %s is an identity column", column->name);
	return NULL;
}

static void
check_drop_not_null(MigLint *lint)
{
	MigColumn  *column;
	const char *failure;

	if (lint->command->subtype != AT_DropNotNull)
		return;
	column = known_column(lint, lint->command->name);
	if (column == NULL || (!column->not_null && !lint->rel->assumed))
		return;
	failure = why_required(lint, column);
	mig_lint_report(lint, &(MigReport) {
		.severity = failure ? MIG_SEVERITY_ERROR : MIG_SEVERITY_DEFAULT,
		.object = label_of(lint, column->name),
		.consequence = failure ? failure :
			"readers that do not expect a null may find one",
	});
}

/*
 * Dropping and renaming
 */

/* Does dropping the column fail because of this, unless with CASCADE? */
static bool
needs_cascade(const MigDependent *dependent)
{
	static const char *const kinds[] = {
		"view", "materialized view", "rule", "policy", "function", "trigger",
		"generated column", "foreign key", "publication"
	};

	if (dependent->deptype != DEPENDENCY_NORMAL)
		return false;
	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (strcmp(kinds[i], dependent->kind) == 0)
			return true;
	}
	return false;
}

/* The objects for which DROP fails: "view public.v"; NULL: there is none. */
static char *
dependents_text(MigLint *lint, MigColumn *column)
{
	List	   *dependents = mig_fact_dependents(lint->rel, column);
	StringInfoData result;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&result);
	foreach(lc, dependents)
	{
		MigDependent *dependent = lfirst(lc);

		if (!needs_cascade(dependent))
			continue;
		if (n++ < MAX_NAMED)
			appendStringInfo(&result, "%s%s", n > 1 ? ", " : "",
							 dependent->label);
	}
	if (n == 0)
		return NULL;
	if (n > MAX_NAMED)
		appendStringInfo(&result, " and %d more", n - MAX_NAMED);
	return psprintf("%s %s", result.data, n > 1 ? "depend" : "depends");
}

static void
check_drop_column(MigLint *lint)
{
	MigColumn  *column;
	char	   *dependents = NULL;
	char	   *others;
	bool		relax;

	if (lint->command->subtype != AT_DropColumn)
		return;
	column = known_column(lint, lint->command->name);
	if (column == NULL || mig_attribute_is_virtual(column->generated))
		return;
	/* rows can be inserted without it, once nothing needs it */
	relax = column->not_null && !column->has_default &&
		column->identity == '\0' && why_required(lint, column) == NULL;
	/* what CASCADE drops is told by drop-cascade */
	if (lint->command->behavior != DROP_CASCADE)
		dependents = dependents_text(lint, column);
	others = mig_lint_without_command(lint);
	mig_lint_report(lint, &(MigReport) {
		.severity = dependents ? MIG_SEVERITY_ERROR : MIG_SEVERITY_DEFAULT,
		.object = label_of(lint, column->name),
		.consequence = dependents ?
			psprintf("fails without CASCADE: %s on it", dependents) :
			psprintf("deletes what is in %s, and whoever still uses the column fails",
					 label_of(lint, column->name)),
		.rewrite = relax ?
			psprintf("%s%sALTER TABLE %s ALTER COLUMN %s DROP NOT NULL;\n-- DROP COLUMN in a later migration, when nothing uses it any more",
					 others ? others : "", others ? "\n" : "",
					 mig_sql_table(lint), quote_identifier(column->name)) : NULL,
	});
}

/* A copy of the column, kept the same by a trigger in both directions. */
static char *
rewrite_rename(MigLint *lint, const MigColumn *column, const char *new_name)
{
	const char *table = mig_sql_table(lint);
	const char *old = quote_identifier(column->name);
	const char *new = pstrdup(quote_identifier(new_name));
	char	   *name = mig_sql_index_name(lint, lint->rel, new_name, "sync");
	StringInfoData sql;

	if (!OidIsValid(column->type))
		return NULL;
	old = pstrdup(old);
	initStringInfo(&sql);
	mig_sql_add(&sql, "ALTER TABLE %s ADD COLUMN %s %s;", table, new,
				format_type_with_typemod(column->type, column->typmod));
	mig_sql_trigger(&sql, lint->rel, table, name,
					psprintf("  IF TG_OP = 'INSERT' THEN\n"
							 "    NEW.%s := coalesce(NEW.%s, NEW.%s);\n"
							 "    NEW.%s := NEW.%s;\n"
							 "  ELSIF NEW.%s IS DISTINCT FROM OLD.%s THEN\n"
							 "    NEW.%s := NEW.%s;\n"
							 "  ELSE\n"
							 "    NEW.%s := NEW.%s;\n"
							 "  END IF;",
							 new, new, old, old, new, new, new, old, new, new,
							 old));
	mig_sql_backfill(&sql, lint->rel, table, psprintf("%s = %s", new, old),
					 psprintf("%s IS DISTINCT FROM %s", new, old));
	mig_sql_add(&sql, "-- when nothing uses %s any more: drop the trigger, the function and the column",
				old);
	return sql.data;
}

static void
check_rename(MigLint *lint)
{
	RenameStmt *stmt = (RenameStmt *) lint->stmt;
	MigColumn  *column;

	if (!IsA(stmt, RenameStmt) || stmt->renameType != OBJECT_COLUMN ||
		(stmt->relationType != OBJECT_TABLE &&
		 stmt->relationType != OBJECT_FOREIGN_TABLE))
		return;
	column = known_column(lint, stmt->subname);
	if (column == NULL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->relation->location,
		.object = label_of(lint, stmt->subname),
		.consequence = psprintf("whoever still uses %s by this name fails",
								label_of(lint, stmt->subname)),
		.rewrite = lint->rel->kind == RELKIND_FOREIGN_TABLE ? NULL :
			rewrite_rename(lint, column, stmt->newname),
	});
}

/*
 * Defaults
 */

static void
check_default(MigLint *lint)
{
	MigColumn  *column;
	bool		drops = lint->command->def == NULL;
	bool		breaks;

	if (lint->command->subtype != AT_ColumnDefault)
		return;
	column = known_column(lint, lint->command->name);
	if (column == NULL || (!column->has_default && !lint->rel->assumed))
		return;
	breaks = drops && column->not_null;
	if (!drops && lint->rel->assumed)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = breaks ? MIG_SEVERITY_WARNING : MIG_SEVERITY_DEFAULT,
		.object = label_of(lint, column->name),
		.consequence = breaks ?
			psprintf("whoever inserts without %s fails from now on", column->name) :
			drops ?
			psprintf("whoever inserts without %s gets null from now on", column->name) :
			psprintf("whoever inserts without %s gets another value from now on", column->name),
	});
}

const MigRule mig_rules_column_change[] = {
	{
		.name = "adding-not-nullable-field",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_not_null,
		.help = "SET NOT NULL reads the table under ACCESS EXCLUSIVE",
		.why = "All rows are read to see that none is null, and nobody reads or writes the table meanwhile, unless a valid CHECK proves it.",
		.safe = "The column is NOT NULL already, valid constraints prove that it has no null, or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ALTER a SET NOT NULL;",
		.good = "ALTER TABLE t ADD CONSTRAINT nn CHECK (a IS NOT NULL) NOT VALID;",
	},
	{
		.name = "ban-drop-column",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_drop_column,
		.help = "DROP COLUMN deletes data, and breaks whoever uses the column",
		.why = "What was in the column is gone, and programs that run still may name it.",
		.safe = "The set adds the column or creates the table, the column is virtual, or IF EXISTS does not find it. It is an error if something depends on the column and CASCADE is missing.",
		.bad = "ALTER TABLE t DROP COLUMN a;",
		.good = "ALTER TABLE t ALTER a DROP NOT NULL;",
	},
	{
		.name = "ban-drop-not-null",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_drop_not_null,
		.help = "DROP NOT NULL lets nulls in",
		.why = "Programs that read the column may not expect a null. In a primary key or an identity column it fails.",
		.safe = "The column is not NOT NULL, or the set adds it or creates the table.",
		.bad = "ALTER TABLE t ALTER id DROP NOT NULL;",
		.good = NULL,
	},
	{
		.name = "renaming-column",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_rename,
		.help = "renaming a column breaks whoever uses the old name",
		.why = "Programs cannot change at the same moment as the database. A second column that a trigger keeps the same lets them change one by one.",
		.safe = "The set adds the column or creates the table.",
		.bad = "ALTER TABLE t RENAME a TO b2;",
		.good = "ALTER TABLE t ADD COLUMN b2 int;",
	},
	{
		.name = "changing-column-default",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_default,
		.help = "another default, or none, for a column that has one",
		.why = "Writers that leave the column out get something else from now on; if it is NOT NULL and has no default any more, they fail.",
		.safe = "The column has no default yet, or the set adds it or creates the table. Dropping the default of a column that is NOT NULL is a warning.",
		.bad = "ALTER TABLE t ALTER a SET DEFAULT 1; ALTER TABLE t ALTER a DROP DEFAULT;",
		.good = "ALTER TABLE t ALTER a SET DEFAULT 0;",
	},
	{0}
};
