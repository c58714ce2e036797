/*-------------------------------------------------------------------------
 *
 * rules_reference.c
 *	  Lint rules: how foreign keys fit what they join.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "facts.h"
#include "rule.h"

/* One side of a foreign key: a column, wherever it is defined. */
typedef struct Side
{
	const char *name;
	ColumnDef  *definition;		/* in this statement; NULL: it is there */
	Oid			type;			/* InvalidOid: not known */
	const char *label;			/* of the type */
	Oid			collation;
	bool		not_null;
} Side;

/* The table that references, as the statement names it. */
static RangeVar *
referencing_table(const MigLint *lint)
{
	return IsA(lint->stmt, CreateStmt) ? ((CreateStmt *) lint->stmt)->relation :
		((AlterTableStmt *) lint->stmt)->relation;
}

/* The definition of that name in the statement; NULL: none. */
static ColumnDef *
definition_of(const MigLint *lint, const char *name)
{
	ListCell   *lc;

	if (IsA(lint->stmt, CreateStmt))
	{
		foreach(lc, ((CreateStmt *) lint->stmt)->tableElts)
		{
			ColumnDef  *column = lfirst(lc);

			if (IsA(column, ColumnDef) && strcmp(column->colname, name) == 0)
				return column;
		}
		return NULL;
	}
	foreach(lc, ((AlterTableStmt *) lint->stmt)->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command->subtype == AT_AddColumn &&
			strcmp(((ColumnDef *) command->def)->colname, name) == 0)
			return (ColumnDef *) command->def;
	}
	return NULL;
}

static bool
has_constraint(const ColumnDef *column, ConstrType type)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		if (lfirst_node(Constraint, lc)->contype == type)
			return true;
	}
	return false;
}

/* Is the column part of a primary key that the CREATE TABLE itself has? */
static bool
is_in_table_key(const MigLint *lint, const char *name)
{
	ListCell   *lc;
	ListCell   *each;

	if (!IsA(lint->stmt, CreateStmt))
		return false;
	foreach(lc, ((CreateStmt *) lint->stmt)->tableElts)
	{
		Constraint *constraint = lfirst(lc);

		if (!IsA(constraint, Constraint) || constraint->contype != CONSTR_PRIMARY)
			continue;
		foreach(each, constraint->keys)
		{
			if (strcmp(strVal(lfirst(each)), name) == 0)
				return true;
		}
	}
	return false;
}

static void
fill_from_definition(MigLint *lint, Side *side)
{
	ColumnDef  *column = side->definition;
	int32		typmod;
	static const struct
	{
		const char *name;
		Oid			type;
	}			serials[] = {
		{"serial", INT4OID}, {"serial4", INT4OID}, {"bigserial", INT8OID},
		{"serial8", INT8OID}, {"smallserial", INT2OID}, {"serial2", INT2OID},
	};

	side->not_null = has_constraint(column, CONSTR_NOTNULL) ||
		has_constraint(column, CONSTR_PRIMARY) ||
		has_constraint(column, CONSTR_IDENTITY) ||
		is_in_table_key(lint, side->name);
	if (column->typeName == NULL)
		return;
	side->type = mig_fact_type(lint->shadow, column->typeName, &typmod);
	side->label = mig_fact_type_label(lint->shadow, column->typeName);
	for (int i = 0; i < lengthof(serials); i++)
	{
		if (list_length(column->typeName->names) == 1 &&
			strcmp(strVal(linitial(column->typeName->names)), serials[i].name) == 0)
		{
			side->type = serials[i].type;
			side->label = format_type_be(side->type);
			side->not_null = true;
		}
	}
	if (column->collClause != NULL)
		side->collation = get_collation_oid(column->collClause->collname, true);
	else if (OidIsValid(side->type))
		side->collation = get_typcollation(side->type);
}

static void
fill_from_column(MigLint *lint, Side *side, const MigColumn *column)
{
	if (column == NULL)
		return;
	if (!OidIsValid(column->type) && column->definition != NULL)
	{
		side->definition = column->definition;
		fill_from_definition(lint, side);
		side->definition = NULL;
	}
	else if (OidIsValid(column->type))
	{
		side->type = column->type;
		side->label = format_type_with_typemod(column->type, column->typmod);
		side->collation = column->collation;
	}
	side->not_null = side->not_null || column->not_null;
}

/* A column of the referencing table. */
static Side
referencing_side(MigLint *lint, const char *name)
{
	Side		side = {.name = name};

	side.definition = lint->column ? lint->column : definition_of(lint, name);
	if (side.definition != NULL)
		fill_from_definition(lint, &side);
	else if (lint->rel != NULL && !lint->rel->assumed)
		fill_from_column(lint, &side, mig_rel_column(lint->rel, name));
	return side;
}

/* Does the statement create the table that this names? */
static bool
is_itself(const MigLint *lint, const RangeVar *name)
{
	RangeVar   *table = referencing_table(lint);

	return IsA(lint->stmt, CreateStmt) &&
		strcmp(table->relname, name->relname) == 0 &&
		(name->schemaname == NULL || table->schemaname == NULL ||
		 strcmp(table->schemaname, name->schemaname) == 0);
}

/* The name of the n-th referenced column; NULL: not known. */
static const char *
referenced_name(MigLint *lint, MigRel *table, int n)
{
	Constraint *constraint = lint->constraint;
	MigConstraint *key;
	MigColumn  *column;

	if (constraint->pk_attrs != NIL)
		return n < list_length(constraint->pk_attrs) ?
			strVal(list_nth(constraint->pk_attrs, n)) : NULL;
	key = table ? mig_rel_primary_key(table) : NULL;
	if (key == NULL || n >= list_length(key->columns))
		return NULL;
	column = mig_rel_attribute(table, list_nth_int(key->columns, n));
	return column ? column->name : NULL;
}

/* The n-th column of the referenced table. */
static Side
referenced_side(MigLint *lint, int n)
{
	RangeVar   *name = lint->constraint->pktable;
	MigRel	   *table = mig_shadow_find(lint->shadow, name, 0);
	Side		side = {0};

	side.name = referenced_name(lint, table, n);
	if (side.name == NULL)
		return side;
	if (is_itself(lint, name))
	{
		side.definition = definition_of(lint, side.name);
		if (side.definition != NULL)
			fill_from_definition(lint, &side);
	}
	else if (table != NULL && !table->assumed)
		fill_from_column(lint, &side, mig_rel_column(table, side.name));
	return side;
}

/* The names of the referencing columns. */
static List *
referencing_names(const MigLint *lint)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (lint->column != NULL)
		return list_make1(lint->column->colname);
	foreach(lc, lint->constraint->fk_attrs)
		names = lappend(names, strVal(lfirst(lc)));
	return names;
}

static const char *
referenced_label(const MigLint *lint, const Side *side)
{
	return psprintf("%s.%s", mig_lint_range(lint->constraint->pktable),
					quote_identifier(side->name));
}

/*
 * Types and collations
 */

/* Are values of both compared as they are? */
static bool
is_same_type(Oid left, Oid right)
{
	left = getBaseType(left);
	right = getBaseType(right);
	return left == right || IsBinaryCoercible(left, right) ||
		IsBinaryCoercible(right, left);
}

/* The statement with the other type for the column. */
static char *
with_type(MigLint *lint, const Side *side, const char *type)
{
	ColumnDef  *column = side->definition;

	if (column == NULL || column->typeName == NULL)
		return NULL;
	return mig_lint_edited(lint,
						   mig_lint_edit(NIL, mig_lint_offset(lint, column->typeName->location),
										 mig_lint_type_end(lint, column->typeName),
										 type));
}

static void
check_types(MigLint *lint)
{
	List	   *names;
	ListCell   *lc;

	if (lint->constraint->contype != CONSTR_FOREIGN)
		return;
	names = referencing_names(lint);
	foreach(lc, names)
	{
		Side		left = referencing_side(lint, lfirst(lc));
		Side		right = referenced_side(lint, foreach_current_index(lc));

		if (!OidIsValid(left.type) || !OidIsValid(right.type) ||
			is_same_type(left.type, right.type))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.location = lint->constraint->location,
			.object = mig_lint_column_label(lint, left.name),
			.consequence = psprintf("%s is %s, but %s is %s: values may not fit, and each check converts them",
									quote_identifier(left.name), left.label,
									referenced_label(lint, &right), right.label),
			.rewrite = with_type(lint, &left, right.label),
		});
	}
}

static void
check_collations(MigLint *lint)
{
	List	   *names;
	ListCell   *lc;

	if (lint->constraint->contype != CONSTR_FOREIGN)
		return;
	names = referencing_names(lint);
	foreach(lc, names)
	{
		Side		left = referencing_side(lint, lfirst(lc));
		Side		right = referenced_side(lint, foreach_current_index(lc));

		if (!OidIsValid(left.collation) || !OidIsValid(right.collation) ||
			left.collation == right.collation ||
			(get_collation_isdeterministic(left.collation) &&
			 get_collation_isdeterministic(right.collation)))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.severity = MIG_REFERENCE_NEEDS_SAME_COLLATION ?
				MIG_SEVERITY_ERROR : 0,
			.location = lint->constraint->location,
			.object = mig_lint_column_label(lint, left.name),
			.consequence = psprintf("%s, because %s has collation %s and %s has %s, and they do not call the same values equal",
									MIG_REFERENCE_NEEDS_SAME_COLLATION ? "fails" :
									"rows may be found that do not match",
									quote_identifier(left.name),
									get_collation_name(left.collation),
									referenced_label(lint, &right),
									get_collation_name(right.collation)),
		});
	}
}

/*
 * Null and deferred
 */

/* The statement with NOT NULL for the column. */
static char *
with_not_null(MigLint *lint, const Side *side)
{
	int			start;
	int			end;

	if (side->definition == NULL)
		return psprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;",
						mig_lint_range(referencing_table(lint)),
						quote_identifier(side->name));
	start = mig_lint_offset(lint, side->definition->typeName->location);
	end = mig_lint_type_end(lint, side->definition->typeName);
	return mig_lint_edited(lint,
						   mig_lint_edit(NIL, end, end,
										 start < end ? " NOT NULL" : ""));
}

static void
check_nullable(MigLint *lint)
{
	ListCell   *lc;

	if (lint->constraint->contype != CONSTR_FOREIGN ||
		referencing_table(lint)->relpersistence == RELPERSISTENCE_TEMP)
		return;
	foreach(lc, referencing_names(lint))
	{
		Side		side = referencing_side(lint, lfirst(lc));

		if (side.not_null || (side.definition == NULL && !OidIsValid(side.type)) ||
			(side.definition != NULL && side.definition->typeName == NULL))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.location = lint->constraint->location,
			.object = mig_lint_column_label(lint, side.name),
			.consequence = psprintf("rows whose %s is null reference nothing",
									quote_identifier(side.name)),
			.rewrite = with_not_null(lint, &side),
		});
	}
}

static void
check_deferrable(MigLint *lint)
{
	Constraint *constraint = lint->constraint;
	int			end;
	int			start;
	ListCell   *lc;

	if (constraint->contype != CONSTR_FOREIGN || constraint->deferrable)
		return;
	/* of a column, the grammar says it in an element of its own */
	if (lint->column != NULL)
	{
		foreach(lc, lint->column->constraints)
		{
			if (lfirst_node(Constraint, lc)->contype == CONSTR_ATTR_DEFERRABLE)
				return;
		}
	}
	start = mig_lint_offset(lint, constraint->location);
	end = mig_lint_source_end(lint, constraint->location);
	if (lint->column == NULL && constraint->skip_validation &&
		mig_lint_find_word(lint, start, "NOT", &start, &end))
		end = start;
	mig_lint_report(lint, &(MigReport) {
		.location = constraint->location,
		.object = mig_lint_range(referencing_table(lint)),
		.consequence = psprintf("rows that reference each other cannot be written in any order, nor rows of %s be replaced",
								mig_lint_range(constraint->pktable)),
		.rewrite = lint->column != NULL ? NULL :
			mig_lint_edited(lint, mig_lint_edit(NIL, end, end,
												constraint->skip_validation ?
												"DEFERRABLE " : " DEFERRABLE")),
	});
}

const MigRule mig_rules_reference[] = {
	{
		.name = "fk-type-mismatch",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_types,
		.help = "a foreign key joins columns of different types",
		.why = "A smaller type runs out of values before the referenced one does, and comparing different types can rule an index out.",
		.safe = "The types are the same, or the same but for their length.",
		.bad = "CREATE TABLE n(p_id int REFERENCES p(id));",
		.good = "CREATE TABLE n(p_id bigint REFERENCES p(id));",
	},
	{
		.name = "fk-nondeterministic-collation",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_collations,
		.help = "a foreign key joins columns that do not call the same values equal",
		.why = "With a nondeterministic collation on one side, rows match on one side that do not on the other. PostgreSQL 18 refuses that.",
		.safe = "Both collations are the same, or both are deterministic.",
		.bad = "CREATE TABLE n(name text REFERENCES ci(name));",
		.good = "CREATE TABLE n(name text COLLATE ci REFERENCES ci(name));",
	},
	{
		.name = "nullable-foreign-key",
		.severity = MIG_SEVERITY_NOTICE,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_nullable,
		.help = "a foreign key column that can be null",
		.why = "A null references nothing, so each query that joins has to think of it.",
		.safe = "The column is NOT NULL; temporary tables.",
		.bad = "CREATE TABLE n(p_id bigint REFERENCES p);",
		.good = "CREATE TABLE n(p_id bigint NOT NULL REFERENCES p);",
	},
	{
		.name = "deferrable-fk",
		.severity = MIG_SEVERITY_NOTICE,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_deferrable,
		.help = "a foreign key that cannot be checked at the end of the transaction",
		.why = "Only a DEFERRABLE one lets a transaction write rows in any order.",
		.safe = "It is DEFERRABLE.",
		.bad = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;",
		.good = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p DEFERRABLE NOT VALID;",
	},
	{0}
};
