/*-------------------------------------------------------------------------
 *
 * rules_column.c
 *	  Lint rules: adding columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "facts.h"
#include "rule_sql.h"

/*
 * What has to wait until the column has its values.  A foreign key has not:
 * nothing is looked up for a null.
 */
#define LATER ((1 << CONSTR_DEFAULT) | (1 << CONSTR_NOTNULL) | \
			   (1 << CONSTR_PRIMARY) | (1 << CONSTR_UNIQUE) | \
			   (1 << CONSTR_CHECK) | (1 << CONSTR_IDENTITY) | \
			   (1 << CONSTR_GENERATED))

/*
 * What several rules ask
 */

/* Does the statement add a column to a table that may have rows? */
static bool
is_added(MigLint *lint)
{
	if (lint->command == NULL || lint->rel == NULL ||
		(lint->rel->kind != RELKIND_RELATION &&
		 lint->rel->kind != RELKIND_PARTITIONED_TABLE))
		return false;
	return !lint->command->missing_ok || lint->rel->assumed ||
		mig_rel_column(lint->rel, lint->column->colname) == NULL;
}

/* The same of a rewrite of this kind that others would notice. */
static bool
is_rewritten(MigLint *lint, MigAddColumn how)
{
	return is_added(lint) && !mig_lint_is_quiet(lint, lint->rel) &&
		mig_fact_add_column(lint->rel, lint->column) == how;
}

static const char *
column_name(MigLint *lint)
{
	return quote_identifier(lint->column->colname);
}

/* The statement with another definition of the current column. */
static char *
with_column(MigLint *lint, const char *definition)
{
	int			start = lint->column->location;

	return mig_lint_replace(lint, start, mig_lint_end_of(lint, start),
							definition);
}

/* Does the new column refuse nulls? */
static bool
is_required(const ColumnDef *column)
{
	return mig_lint_column_constraint((ColumnDef *) column, CONSTR_NOTNULL) ||
		mig_lint_column_constraint((ColumnDef *) column, CONSTR_PRIMARY);
}

/* One of the column's constraints as it is written. */
static char *
text_of(MigLint *lint, Constraint *constraint)
{
	char	   *text;

	lint->constraint = constraint;
	text = mig_lint_constraint_text(lint);
	lint->constraint = NULL;
	return text;
}

/* Adds the CHECKs of the column's definition, and reads the table for them. */
static void
add_checks(StringInfo sql, MigLint *lint)
{
	int			number = 0;
	ListCell   *lc;

	foreach(lc, lint->column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);
		char	   *text;
		char	   *name = constraint->conname;

		if (constraint->contype != CONSTR_CHECK)
			continue;
		text = text_of(lint, constraint);
		if (name != NULL)
			text = mig_lint_after_name(mig_lint_after(text, "CONSTRAINT"));
		else
		{
			name = mig_sql_constraint_name(lint->rel, lint->column->colname,
										   number == 0 ? "check" :
										   psprintf("check%d", number));
			number++;
		}
		mig_sql_add(sql, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;",
					mig_sql_table(lint), quote_identifier(name), text);
		mig_sql_validate(sql, mig_sql_table(lint), name);
		mig_sql_add(sql, "COMMIT;");
	}
}

/* Builds the index of the column's key, and makes it the key. */
static void
add_key(StringInfo sql, MigLint *lint, Constraint *key)
{
	bool		primary = key->contype == CONSTR_PRIMARY;
	char	   *text = text_of(lint, key);
	char	   *name = key->conname;

	if (name == NULL)
		name = mig_sql_index_name(lint, lint->rel,
								  primary ? NULL : lint->column->colname,
								  primary ? "pkey" : "key");
	mig_sql_index(sql, lint->rel, mig_sql_table(lint), true, name,
				  psprintf("(%s)%s", column_name(lint),
						   key->nulls_not_distinct ? " NULLS NOT DISTINCT" : ""));
	if (lint->rel->kind == RELKIND_RELATION)
		mig_sql_add(sql, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s;",
					mig_sql_table(lint), quote_identifier(name),
					primary ? "PRIMARY KEY" : "UNIQUE",
					quote_identifier(name),
					mig_lint_after(text, "DEFERRED") ? " DEFERRABLE INITIALLY DEFERRED" :
					mig_lint_after(text, "DEFERRABLE") ? " DEFERRABLE" : "");
}

/* Adds what else the column's definition says, once it has its values. */
static void
add_rest(StringInfo sql, MigLint *lint, bool required)
{
	Constraint *key = mig_lint_column_constraint(lint->column, CONSTR_PRIMARY);

	if (key == NULL)
		key = mig_lint_column_constraint(lint->column, CONSTR_UNIQUE);
	required = required || is_required(lint->column);
	if (!required && key == NULL &&
		mig_lint_column_constraint(lint->column, CONSTR_CHECK) == NULL)
		return;
	mig_sql_add(sql, "COMMIT;");
	mig_sql_add(sql, "-- when that is done:");
	add_checks(sql, lint);
	if (required)
		mig_sql_not_null(sql, lint->rel, mig_sql_table(lint),
						 lint->column->colname);
	if (key != NULL)
		add_key(sql, lint, key);
}

/* Fills the rows that are there with the default of the column. */
static void
add_backfill(StringInfo sql, MigLint *lint)
{
	mig_sql_backfill(sql, lint->rel, mig_sql_table(lint),
					 psprintf("%s = DEFAULT", column_name(lint)),
					 psprintf("%s IS NULL", column_name(lint)));
}

static void
report_rewrite(MigLint *lint, int location, const char *because,
			   const char *rewrite)
{
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("rewrites %s under ACCESS EXCLUSIVE, because %s: reads and writes wait until it is done",
								mig_rel_sized_label(lint->rel), because),
		.rewrite = rewrite,
	});
}

/*
 * Rewrites
 */

static void
check_default(MigLint *lint)
{
	Constraint *constraint;
	char	   *expression;
	StringInfoData sql;

	if (!is_rewritten(lint, MIG_ADD_VOLATILE))
		return;
	constraint = mig_lint_column_constraint(lint->column, CONSTR_DEFAULT);
	if (constraint == NULL)
		return;
	expression = mig_lint_after(text_of(lint, constraint), "DEFAULT");
	initStringInfo(&sql);
	mig_sql_add(&sql, "%s", with_column(lint,
										mig_lint_column_without(lint, lint->column, LATER)));
	mig_sql_add(&sql, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;",
				mig_sql_table(lint), column_name(lint), expression);
	add_backfill(&sql, lint);
	add_rest(&sql, lint, false);
	report_rewrite(lint, constraint->location,
				   psprintf("the default of %s is volatile", column_name(lint)),
				   sql.data);
}

/* What is written of the current column behind its type, without these. */
static char *
after_type(MigLint *lint, int kinds)
{
	ColumnDef  *column = lint->column;
	int			end = mig_lint_type_end(lint, column->typeName) +
		lint->location - lint->base;

	return mig_lint_column_without(lint, column, kinds) +
		strlen(mig_lint_piece(lint, column->location, end));
}

/* What a sequence is given that identity is given. */
static char *
sequence_options(MigLint *lint)
{
	Constraint *identity = mig_lint_column_constraint(lint->column, CONSTR_IDENTITY);

	if (identity == NULL || identity->options == NIL)
		return "";
	return psprintf(" %s", mig_lint_list(mig_lint_after(text_of(lint, identity),
														"IDENTITY")));
}

/* A sequence of the user's own in place of serial or identity. */
static char *
rewrite_numbering(MigLint *lint)
{
	static const char *const types[][2] = {
		{"smallserial", "smallint"}, {"serial2", "smallint"},
		{"serial", "integer"}, {"serial4", "integer"},
		{"bigserial", "bigint"}, {"serial8", "bigint"}
	};
	const char *type = NULL;
	const char *name = strVal(llast(lint->column->typeName->names));
	char	   *sequence = mig_sql_index_name(lint, lint->rel,
											  lint->column->colname, "seq");
	const char *qualified = quote_qualified_identifier(lint->rel->schema,
													   sequence);
	StringInfoData sql;

	for (int i = 0; i < lengthof(types); i++)
	{
		if (strcmp(types[i][0], name) == 0)
			type = types[i][1];
	}
	initStringInfo(&sql);
	if (type != NULL)
		mig_sql_add(&sql, "%s", with_column(lint, psprintf("%s %s%s", column_name(lint), type,
													  after_type(lint, LATER))));
	else
	{
		type = mig_fact_type_label(lint->shadow, lint->column->typeName);
		mig_sql_add(&sql, "%s", with_column(lint,
											mig_lint_column_without(lint, lint->column, LATER)));
	}
	mig_sql_add(&sql, "CREATE SEQUENCE %s AS %s%s OWNED BY %s.%s;", qualified,
				type, sequence_options(lint), mig_rel_label(lint->rel),
				column_name(lint));
	mig_sql_add(&sql, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT nextval(%s);",
				mig_sql_table(lint), column_name(lint),
				quote_literal_cstr(qualified));
	add_backfill(&sql, lint);
	add_rest(&sql, lint, true);
	return sql.data;
}

static void
check_numbering(MigLint *lint)
{
	bool		serial = is_rewritten(lint, MIG_ADD_SERIAL);

	if (!serial && !is_rewritten(lint, MIG_ADD_IDENTITY))
		return;
	report_rewrite(lint, lint->column->location,
				   psprintf("each row gets a number of its own in %s",
							column_name(lint)),
				   rewrite_numbering(lint));
}

/* A plain column that a trigger keeps up to date. */
static char *
rewrite_generated(MigLint *lint, Constraint *constraint)
{
	char	   *name = mig_sql_index_name(lint, lint->rel,
										  lint->column->colname, "fill");
	char	   *expression;
	StringInfoData sql;

	expression = mig_lint_list(mig_lint_after(text_of(lint, constraint), "AS"));
	initStringInfo(&sql);
	mig_sql_add(&sql, "%s", with_column(lint,
										mig_lint_column_without(lint, lint->column, LATER)));
	mig_sql_fill_trigger(&sql, lint->rel, mig_sql_table(lint), name,
						 lint->column->colname, expression);
	mig_sql_backfill(&sql, lint->rel, mig_sql_table(lint),
					 psprintf("%s = (%s)", column_name(lint), expression),
					 psprintf("%s IS DISTINCT FROM (%s)", column_name(lint),
							  expression));
	add_rest(&sql, lint, false);
	return sql.data;
}

static void
check_generated(MigLint *lint)
{
	Constraint *constraint;

	if (lint->moment == MIG_ON_COLUMN)
	{
		if (!is_rewritten(lint, MIG_ADD_STORED))
			return;
		constraint = mig_lint_column_constraint(lint->column, CONSTR_GENERATED);
		report_rewrite(lint, constraint->location,
					   psprintf("%s is computed and stored in each row",
								column_name(lint)),
					   rewrite_generated(lint, constraint));
	}
	else if (lint->command->subtype == AT_SetExpression &&
			 lint->rel != NULL && !mig_lint_is_quiet(lint, lint->rel))
	{
		MigColumn  *column = mig_rel_column(lint->rel, lint->command->name);

		if (column != NULL && !mig_attribute_is_virtual(column->generated))
			report_rewrite(lint, 0,
						   psprintf("%s is computed anew and stored in each row",
									lint->command->name), NULL);
	}
}

/*
 * Domains
 */

/* The domain's CHECK with the column in place of VALUE. */
static char *
check_of_column(const char *definition, const char *column)
{
	return mig_lint_substitute(definition, "VALUE", column);
}

/* The CHECKs of a domain, as text about the column. */
static List *
domain_checks(Oid domain, const char *column)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *result = NIL;

	ScanKeyInit(&key, Anum_pg_constraint_contypid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(domain));
	scan = systable_beginscan(catalog, ConstraintTypidIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
		Datum		definition;

		if (form->contype != CONSTRAINT_CHECK)
			continue;
		definition = DirectFunctionCall1(pg_get_constraintdef,
								   ObjectIdGetDatum(form->oid));
		result = lappend(result, check_of_column(TextDatumGetCString(definition),
												 column));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

/* Does the domain refuse nulls? */
static bool
is_not_null(Oid domain)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(domain));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_type) GETSTRUCT(tuple))->typnotnull;
	ReleaseSysCache(tuple);
	return result;
}

/* The base type and the domain's CHECKs, which are validated later. */
static char *
rewrite_domain(MigLint *lint)
{
	int32		typmod;
	Oid			domain = mig_fact_type(lint->shadow, lint->column->typeName,
									   &typmod);
	Oid			base;
	StringInfoData sql;
	ListCell   *lc;

	if (!OidIsValid(domain) || get_typtype(domain) != TYPTYPE_DOMAIN ||
		get_typtype(getBaseType(domain)) == TYPTYPE_DOMAIN)
		return NULL;
	/* the default and NOT NULL of a domain are not its columns' */
	if (get_typdefault(domain) != NULL || is_not_null(domain))
		return NULL;
	base = getBaseTypeAndTypmod(domain, &typmod);
	initStringInfo(&sql);
	mig_sql_add(&sql, "%s", with_column(lint,
										psprintf("%s %s%s", column_name(lint),
												 format_type_with_typemod(base, typmod),
												 after_type(lint, 0))));
	foreach(lc, domain_checks(domain, column_name(lint)))
	{
		char	   *label = lc == NULL ? NULL : "check";
		char	   *name = mig_sql_constraint_name(lint->rel,
												   lint->column->colname,
												   foreach_current_index(lc) == 0 ? label :
												   psprintf("%s%d", label,
															foreach_current_index(lc)));

		mig_sql_add(&sql, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;",
					mig_sql_table(lint), quote_identifier(name),
					(char *) lfirst(lc));
		mig_sql_validate(&sql, mig_sql_table(lint), name);
	}
	return sql.data;
}

static void
check_domain(MigLint *lint)
{
	if (is_rewritten(lint, MIG_ADD_DOMAIN))
		report_rewrite(lint, lint->column->location,
					   psprintf("the domain of %s has constraints or a default",
								column_name(lint)),
					   rewrite_domain(lint));
}

/*
 * NOT NULL
 */

/* Has the new column a value other than null for the rows that are there? */
static bool
has_value(MigLint *lint, ColumnDef *column)
{
	Constraint *constraint = mig_lint_column_constraint(column, CONSTR_DEFAULT);
	MigAddColumn how;

	if (mig_lint_column_constraint(column, CONSTR_GENERATED) ||
		mig_lint_column_constraint(column, CONSTR_IDENTITY))
		return true;
	if (constraint != NULL)
		return !IsA(constraint->raw_expr, A_Const) ||
			!((A_Const *) constraint->raw_expr)->isnull;
	how = mig_fact_add_column(lint->rel, column);
	/* a domain may have a default of its own */
	return how == MIG_ADD_SERIAL || how == MIG_ADD_DOMAIN;
}

static void
check_required(MigLint *lint)
{
	bool		empty;

	if (!is_added(lint) || mig_rel_is_invisible(lint->rel) ||
		mig_rel_is_new(lint->rel) || !is_required(lint->column) ||
		has_value(lint, lint->column))
		return;
	empty = mig_rel_is_empty(lint->rel);
	mig_lint_report(lint, &(MigReport) {
		.severity = empty ? MIG_SEVERITY_WARNING : MIG_SEVERITY_DEFAULT,
		.location = lint->column->location,
		.object = mig_rel_label(lint->rel),
		.consequence = empty ?
			psprintf("writers that do not know %s yet fail from now on",
					 column_name(lint)) :
			psprintf("fails: %s has rows, and %s would be null in them",
					 mig_rel_sized_label(lint->rel), column_name(lint)),
		.rewrite = psprintf("%s\n-- NOT NULL when all writers fill it, and all rows are filled",
							with_column(lint,
										mig_lint_column_without(lint, lint->column,
																(1 << CONSTR_NOTNULL) | (1 << CONSTR_PRIMARY)))),
	});
}

const MigRule mig_rules_column[] = {
	{
		.name = "adding-field-with-default",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COLUMN,
		.check = check_default,
		.help = "a new column with a volatile default rewrites the table",
		.why = "The default is computed for each row that is there. One that is constant or stable, as now() is, is computed once and stored beside the table.",
		.safe = "The planned expression is not volatile, or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD COLUMN u uuid DEFAULT gen_random_uuid();",
		.good = "ALTER TABLE t ADD COLUMN u uuid; ALTER TABLE t ALTER u SET DEFAULT gen_random_uuid();",
	},
	{
		.name = "adding-stored-generated-column",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COLUMN | MIG_ON_COMMAND,
		.check = check_generated,
		.help = "a stored generated column rewrites the table",
		.why = "Its value is computed and stored in each row under ACCESS EXCLUSIVE; so is a new expression of it (17).",
		.safe = "It is VIRTUAL (18), or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (a + 1) STORED;",
		.good = "ALTER TABLE t ADD COLUMN g int;",
	},
	{
		.name = "adding-serial-or-identity-column",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COLUMN,
		.check = check_numbering,
		.help = "a new serial or identity column rewrites the table",
		.why = "Each row that is there gets a number of its own, under ACCESS EXCLUSIVE.",
		.safe = "The table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;",
		.good = "ALTER TABLE t ADD COLUMN n bigint; CREATE SEQUENCE t_n_seq OWNED BY t.n; ALTER TABLE t ALTER n SET DEFAULT nextval('t_n_seq');",
	},
	{
		.name = "adding-constrained-domain-column",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COLUMN,
		.check = check_domain,
		.help = "a new column of a domain with constraints rewrites the table",
		.why = "The server takes no short cut for such a domain: the table is rewritten even if all rows get null.",
		.safe = "The domain has neither constraints nor a default, or the table is new, temporary or empty. For a small table it is a notice.",
		.bad = "ALTER TABLE t ADD COLUMN d posint;",
		.good = "ALTER TABLE t ADD COLUMN d int; ALTER TABLE t ADD CHECK (d > 0) NOT VALID;",
	},
	{
		.name = "adding-required-field",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COLUMN,
		.check = check_required,
		.help = "a new column that is NOT NULL and has no default",
		.why = "It fails if there is a row. If there is none it succeeds, and every writer that does not know the column fails.",
		.safe = "It has a default, is generated, or numbered; or the set creates the table. For an empty table it is a warning.",
		.bad = "ALTER TABLE t ADD COLUMN z int NOT NULL;",
		.good = "ALTER TABLE t ADD COLUMN z int NOT NULL DEFAULT 0;",
	},
	{0}
};
