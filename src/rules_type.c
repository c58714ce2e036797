/*-------------------------------------------------------------------------
 *
 * rules_type.c
 *	  Lint rules: domains, enums and other types.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "facts.h"
#include "facts_cascade.h"
#include "rule.h"
#include "scan.h"

/* A type's name as it has to be written. */
static char *
quoted_name(List *names)
{
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	foreach(lc, names)
		appendStringInfo(&result, "%s%s", result.len > 0 ? "." : "",
						 quote_identifier(strVal(lfirst(lc))));
	return result.data;
}

/* The type of that name in the catalog; InvalidOid: none that is known. */
static Oid
type_named(MigLint *lint, List *names)
{
	int32		typmod;

	return mig_fact_type(lint->shadow, makeTypeNameFromNameList(names), &typmod);
}

/* The type as SQL has it; as it is written if it is not there yet. */
static const char *
type_label(MigLint *lint, List *names)
{
	Oid			type = type_named(lint, names);

	return OidIsValid(type) ? format_type_be_qualified(type) :
		NameListToQuotedString(names);
}

/* What the set knows of the type; NULL: nothing. */
static MigNamed *
type_of_set(MigLint *lint, List *names)
{
	return mig_shadow_type_made(lint->shadow,
								list_length(names) > 1 ?
								strVal(list_nth(names, list_length(names) - 2)) : NULL,
								strVal(llast(names)));
}

static bool
is_made_by_set(MigLint *lint, List *names)
{
	MigNamed   *type = type_of_set(lint, names);

	return type != NULL && type->made;
}

/*
 * Domains
 */

/* CREATE DOMAIN without the constraints that this rule objects to. */
static char *
without_constraints(MigLint *lint, const CreateDomainStmt *stmt)
{
	int			len = strlen(mig_lint_text(lint));
	List	   *edits = NIL;

	for (int i = 0; i < list_length(stmt->constraints); i++)
	{
		Constraint *constraint = list_nth(stmt->constraints, i);
		int			start = mig_lint_offset(lint, constraint->location);
		int			end = len;

		if (constraint->contype != CONSTR_CHECK &&
			constraint->contype != CONSTR_NOTNULL)
			continue;
		if (i + 1 < list_length(stmt->constraints))
			end = mig_lint_offset(lint, ((Constraint *)
										 list_nth(stmt->constraints, i + 1))->location);
		edits = mig_lint_edit(edits, end == len ? start - 1 : start, end, "");
	}
	return mig_lint_edited(lint, edits);
}

static void
check_create_domain(MigLint *lint)
{
	CreateDomainStmt *stmt = (CreateDomainStmt *) lint->stmt;
	ListCell   *lc;

	if (!IsA(stmt, CreateDomainStmt))
		return;
	foreach(lc, stmt->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype != CONSTR_CHECK &&
			constraint->contype != CONSTR_NOTNULL)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.location = constraint->location,
			.object = type_label(lint, stmt->domainname),
			.consequence = psprintf("adding a column of %s will rewrite its table, and each change of this constraint will read all tables that use it",
									type_label(lint, stmt->domainname)),
			.rewrite = without_constraints(lint, stmt),
		});
		return;
	}
}

/* A constraint that is checked for new values only. */
static char *
unchecked_constraint(MigLint *lint, const AlterDomainStmt *stmt)
{
	const char *name = quoted_name(stmt->typeName);
	Constraint *constraint = (Constraint *) stmt->def;

	if (stmt->subtype == 'C' && constraint->contype == CONSTR_CHECK)
		return mig_lint_append(lint, "NOT VALID");
	if (stmt->subtype == 'V')
		return NULL;
	return psprintf("ALTER DOMAIN %s ADD CONSTRAINT %s CHECK (VALUE IS NOT NULL) NOT VALID;",
					name,
					quote_identifier(mig_lint_suffixed(strVal(llast(stmt->typeName)),
													   "not_null")));
}

static void
check_alter_domain(MigLint *lint)
{
	AlterDomainStmt *stmt = (AlterDomainStmt *) lint->stmt;
	List	   *users = NIL;
	List	   *full = NIL;
	Oid			type;
	bool		small = true;
	ListCell   *lc;

	if (!IsA(stmt, AlterDomainStmt) ||
		(stmt->subtype != 'C' && stmt->subtype != 'O' && stmt->subtype != 'V') ||
		(stmt->subtype == 'C' && ((Constraint *) stmt->def)->skip_validation))
		return;
	type = type_named(lint, stmt->typeName);
	if (OidIsValid(type))
		users = mig_cascade_tables_of_type(lint->shadow, type);
	else if (!lint->shadow->assume_large || is_made_by_set(lint, stmt->typeName))
		return;
	foreach(lc, users)
	{
		MigRel	   *rel = lfirst(lc);

		if (mig_lint_is_quiet(lint, rel) || !mig_rel_has_storage(rel))
			continue;
		full = lappend(full, rel);
		small = small && mig_rel_is_small(rel);
	}
	if (full == NIL && OidIsValid(type))
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = full && small ? MIG_SEVERITY_NOTICE :
			stmt->subtype == 'V' ? MIG_SEVERITY_WARNING : 0,
		.object = type_label(lint, stmt->typeName),
		.consequence = psprintf("blocks writes to %s while all rows are read",
								full ? mig_lint_rel_list(full) :
								"every table with a column of it"),
		.rewrite = unchecked_constraint(lint, stmt),
	});
}

/*
 * Enums
 */

static void
check_create_enum(MigLint *lint)
{
	CreateEnumStmt *stmt = (CreateEnumStmt *) lint->stmt;
	StringInfoData sql;
	ListCell   *lc;
	const char *name;

	if (!IsA(stmt, CreateEnumStmt))
		return;
	name = quoted_name(stmt->typeName);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TABLE %s (name text PRIMARY KEY);", name);
	foreach(lc, stmt->vals)
		appendStringInfo(&sql, "%s(%s)", foreach_current_index(lc) == 0 ?
						 psprintf("\nINSERT INTO %s VALUES ", name) : ", ",
						 quote_literal_cstr(strVal(lfirst(lc))));
	if (stmt->vals != NIL)
		appendStringInfoChar(&sql, ';');
	mig_lint_report(lint, &(MigReport) {
		.object = type_label(lint, stmt->typeName),
		.consequence = psprintf("no value of %s can ever be removed, and new ones cannot be used in the transaction that adds them",
								type_label(lint, stmt->typeName)),
		.rewrite = sql.data,
	});
}

/* The last value of an enum in its order; NULL: it has none. */
static const char *
last_value(Oid type)
{
	Relation	catalog = table_open(EnumRelationId, AccessShareLock);
	const char *label = NULL;
	float4		order = 0;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(type));
	scan = systable_beginscan(catalog, EnumTypIdLabelIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_enum form = (Form_pg_enum) GETSTRUCT(tuple);

		if (label == NULL || form->enumsortorder > order)
		{
			label = pstrdup(NameStr(form->enumlabel));
			order = form->enumsortorder;
		}
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return label;
}

static bool
has_value(Oid type, const char *label)
{
	return SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type),
								 CStringGetDatum(label));
}

static void
check_enum_order(MigLint *lint)
{
	AlterEnumStmt *stmt = (AlterEnumStmt *) lint->stmt;
	const char *last = NULL;
	MigNamed   *made;
	Oid			type;

	if (!IsA(stmt, AlterEnumStmt) || stmt->newVal == NULL ||
		stmt->oldVal != NULL || stmt->newValNeighbor != NULL)
		return;
	made = type_of_set(lint, stmt->typeName);
	type = type_named(lint, stmt->typeName);
	if (made != NULL && made->added != NIL)
		last = ((MigAddedValue *) llast(made->added))->value;
	else if (made != NULL && made->made && made->stmt != NULL &&
			 IsA(made->stmt, CreateEnumStmt) &&
			 ((CreateEnumStmt *) made->stmt)->vals != NIL)
		last = strVal(llast(((CreateEnumStmt *) made->stmt)->vals));
	else if (OidIsValid(type))
		last = last_value(type);
	else if (!lint->shadow->assume_large)
		return;
	if (OidIsValid(type) &&
		(last == NULL ||
		 (stmt->skipIfNewValExists && has_value(type, stmt->newVal))))
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = type_label(lint, stmt->typeName),
		.consequence = psprintf("%s sorts after all other values of %s",
								stmt->newVal, type_label(lint, stmt->typeName)),
		.rewrite = last == NULL ? NULL :
			mig_lint_append(lint, psprintf("AFTER %s", quote_literal_cstr(last))),
	});
}

/* A value that the transaction has added. */
typedef struct Added
{
	int			transaction;
	Oid			type;
	const char *name;			/* of the type, the last part */
	const char *label;			/* of the type, for people */
	const char *value;
	int			number;			/* of the statement that adds it */
} Added;

typedef struct AddedMemory
{
	List	   *added;			/* of Added * */
} AddedMemory;

static void
remember_added(MigLint *lint, AddedMemory *memory)
{
	AlterEnumStmt *stmt = (AlterEnumStmt *) lint->stmt;
	Oid			type = type_named(lint, stmt->typeName);
	MigNamed   *made = type_of_set(lint, stmt->typeName);
	MemoryContext caller;
	Added	   *added;

	if (stmt->newVal == NULL || stmt->oldVal != NULL ||
		(OidIsValid(type) && has_value(type, stmt->newVal)))
		return;
	if (MIG_NEW_ENUM_TAKES_VALUES && made != NULL && made->made &&
		made->transaction == lint->shadow->transaction)
		return;
	caller = MemoryContextSwitchTo(lint->context);
	added = palloc0(sizeof(Added));
	added->transaction = lint->shadow->transaction;
	added->type = type;
	added->name = pstrdup(strVal(llast(stmt->typeName)));
	added->label = pstrdup(type_label(lint, stmt->typeName));
	added->value = pstrdup(stmt->newVal);
	added->number = lint->statement ? lint->statement->number : 0;
	memory->added = lappend(memory->added, added);
	MemoryContextSwitchTo(caller);
}

/* Has a relation that the statement touches a column of the type? */
static bool
touches_type(MigLint *lint, const Added *added)
{
	ListCell   *lc;
	ListCell   *each;

	if (!OidIsValid(added->type))
		return false;
	foreach(lc, lint->effect->touches)
	{
		foreach(each, mig_rel_columns(((MigTouch *) lfirst(lc))->rel))
		{
			MigColumn  *column = lfirst(each);

			if (column->name != NULL && column->type == added->type)
				return true;
		}
	}
	return false;
}

/*
 * Is the value a string of the statement that has to do with the type: its
 * name is there, or a relation with a column of it?
 */
static bool
uses_value(MigLint *lint, const Added *added)
{
	bool		value = false;
	bool		type = touches_type(lint, added);
	MigScan		scan;

	mig_scan_begin(&scan, mig_lint_text(lint));
	for (;;)
	{
		MigScanEvent event = mig_scan_next(&scan);

		if (event == MIG_SCAN_END || event == MIG_SCAN_FAILED)
			break;
		if (scan.token == MIG_TOKEN_SCONST)
			value = value || strcmp(scan.value.str, added->value) == 0;
		else if (scan.token == MIG_TOKEN_IDENT)
			type = type || strcmp(scan.value.str, added->name) == 0;
	}
	mig_scan_end(&scan);
	return value && type;
}

static void
check_enum_use(MigLint *lint)
{
	AddedMemory *memory = mig_lint_memory(lint, sizeof(AddedMemory));
	ListCell   *lc;

	if (!lint->in_transaction)
		return;
	foreach(lc, memory->added)
	{
		Added	   *added = lfirst(lc);

		if (added->transaction != lint->shadow->transaction ||
			IsA(lint->stmt, AlterEnumStmt) || IsA(lint->stmt, CommentStmt) ||
			!uses_value(lint, added))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.object = added->label,
			.consequence = psprintf("fails, because statement %d adds %s to %s in this transaction; apply() then commits after that statement and goes on, which is not possible within a transaction",
									added->number, added->value, added->label),
			.rewrite = psprintf("COMMIT;\n%s;", mig_lint_text(lint)),
		});
	}
	if (IsA(lint->stmt, AlterEnumStmt))
		remember_added(lint, memory);
}

static void
check_rename_value(MigLint *lint)
{
	AlterEnumStmt *stmt = (AlterEnumStmt *) lint->stmt;
	Oid			type;

	if (!IsA(stmt, AlterEnumStmt) || stmt->oldVal == NULL ||
		is_made_by_set(lint, stmt->typeName))
		return;
	type = type_named(lint, stmt->typeName);
	if (OidIsValid(type) ? !has_value(type, stmt->oldVal) :
		!lint->shadow->assume_large)
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = type_label(lint, stmt->typeName),
		.consequence = psprintf("clients that send or expect %s of %s fail",
								stmt->oldVal, type_label(lint, stmt->typeName)),
		.rewrite = psprintf("ALTER TYPE %s ADD VALUE %s AFTER %s;",
							quoted_name(stmt->typeName),
							quote_literal_cstr(stmt->newVal),
							quote_literal_cstr(stmt->oldVal)),
	});
}

/*
 * DROP TYPE
 */

static void
report_drop_type(MigLint *lint, const char *name, List *lost)
{
	bool		cascade = ((DropStmt *) lint->stmt)->behavior == DROP_CASCADE;
	List	   *locked = NIL;
	ListCell   *lc;

	foreach(lc, lint->effect->touches)
		locked = lappend(locked, ((MigTouch *) lfirst(lc))->rel);
	mig_lint_report(lint, &(MigReport) {
		.severity = cascade ? 0 : MIG_SEVERITY_ERROR,
		.object = name,
		.consequence = !cascade ?
			psprintf("fails, as long as there is %s", mig_cascade_text(lost)) :
			lost == NIL ?
			psprintf("drops %s, and each column of it with its data", name) :
			psprintf("drops %s and %s%s", name, mig_cascade_text(lost),
					 locked ? psprintf(", under ACCESS EXCLUSIVE on %s",
									   mig_lint_rel_list(locked)) : ""),
	});
}

static void
check_drop_type(MigLint *lint)
{
	DropStmt   *stmt = (DropStmt *) lint->stmt;
	ListCell   *lc;

	if (!IsA(stmt, DropStmt) || (stmt->removeType != OBJECT_TYPE &&
								 stmt->removeType != OBJECT_DOMAIN))
		return;
	foreach(lc, stmt->objects)
	{
		List	   *names = lfirst_node(TypeName, lc)->names;
		Oid			type = type_named(lint, names);
		List	   *lost = NIL;

		if (OidIsValid(type))
			lost = mig_cascade_of(lint->shadow,
								  list_make1(mig_cascade_address(TypeRelationId,
																 type, 0)), NIL);
		else if (!lint->shadow->assume_large || is_made_by_set(lint, names))
			continue;
		if (lost == NIL && (OidIsValid(type) || stmt->behavior != DROP_CASCADE))
			continue;
		report_drop_type(lint, type_label(lint, names), lost);
	}
}

const MigRule mig_rules_type[] = {
	{
		.name = "ban-create-domain-with-constraint",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_create_domain,
		.help = "a domain with a constraint is expensive to use and to change",
		.why = "Adding a column of such a domain rewrites the table, and a new constraint reads all tables that use the domain while nobody can write them. A CHECK of the table can be NOT VALID first.",
		.safe = "The domain has no CHECK and is not NOT NULL.",
		.bad = "CREATE DOMAIN d AS text CHECK (value <> '');",
		.good = "CREATE DOMAIN d AS text;",
	},
	{
		.name = "ban-alter-domain-with-add-constraint",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_alter_domain,
		.help = "a constraint of a domain reads all tables that use it",
		.why = "Every table with a column of the domain is locked against writes and read, all in one statement; VALIDATE CONSTRAINT does the same.",
		.safe = "NOT VALID, or no table with rows has a column of the domain; small ones are a notice.",
		.bad = "ALTER DOMAIN posint ADD CHECK (value < 1000000);",
		.good = "ALTER DOMAIN posint ADD CONSTRAINT k CHECK (value < 1000000) NOT VALID;",
	},
	{
		.name = "creating-enum",
		.severity = MIG_SEVERITY_NOTICE,
		.moments = MIG_ON_STATEMENT,
		.check = check_create_enum,
		.help = "an enum, of which no value can be removed",
		.why = "A table of values can be changed by plain statements, and can say more about each value.",
		.safe = "never",
		.bad = "CREATE TYPE mood AS ENUM ('a', 'b');",
		.good = "CREATE TABLE mood(name text PRIMARY KEY);",
	},
	{
		.name = "require-enum-value-ordering",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_enum_order,
		.help = "ADD VALUE without BEFORE or AFTER",
		.why = "Values sort in the order of the enum, and the place of a value cannot be changed later.",
		.safe = "BEFORE or AFTER says where it goes, or the value is there already.",
		.bad = "ALTER TYPE mood ADD VALUE 'x';",
		.good = "ALTER TYPE mood ADD VALUE 'x' AFTER 'b';",
	},
	{
		.name = "enum-value-used-in-same-transaction",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_enum_use,
		.help = "a new value of an enum is used before it is committed",
		.why = "The server refuses it with 55P04. apply() then commits after ADD VALUE and runs the rest again, so that the migration is not all or nothing any more; within a transaction it fails.",
		.safe = "It is used in a later transaction; a renamed value, or since PostgreSQL 17 a value of an enum that the same transaction made.",
		.bad = "ALTER TYPE mood ADD VALUE 'x' AFTER 'b'; SELECT 'x'::mood;",
		.good = "ALTER TYPE mood ADD VALUE 'x' AFTER 'b';",
	},
	{
		.name = "rename-enum-value",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_rename_value,
		.help = "a value of an enum gets another name while clients use the old one",
		.why = "Clients that send the old name fail, and those that read see a name that they do not know.",
		.safe = "The enum is new.",
		.bad = "ALTER TYPE mood RENAME VALUE 'a' TO 'aa';",
		.good = "ALTER TYPE mood ADD VALUE 'aa' AFTER 'a';",
	},
	{
		.name = "drop-type",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_drop_type,
		.help = "DROP TYPE takes columns with it, or fails",
		.why = "With CASCADE every column of the type goes with its data, under ACCESS EXCLUSIVE on each table; without, it fails as long as there is one.",
		.safe = "Nothing uses the type.",
		.bad = "DROP DOMAIN posint CASCADE;",
		.good = "ALTER TABLE t DROP COLUMN m; DROP TYPE mood;",
	},
	{0}
};
