/*-------------------------------------------------------------------------
 *
 * rules_rename.c
 *	  Lint rules: tables, views and schemas under another name.
 *
 * A new name is no harm if something has the old one when the transaction
 * commits, so these rules look again then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "rule.h"

/* A name that was taken away. */
typedef struct Vacated
{
	const char *schema;
	const char *name;
	MigReport	report;
} Vacated;

typedef struct Memory
{
	List	   *vacated;		/* of Vacated *, in this transaction */
} Memory;

static char *
keep(MigLint *lint, const char *string)
{
	return string ? MemoryContextStrdup(lint->context, string) : NULL;
}

/* The relation's name is free now; to be looked at again at the commit. */
static void
vacate(MigLint *lint, const char *consequence, const char *rewrite)
{
	Memory	   *memory = mig_lint_memory(lint, sizeof(Memory));
	MemoryContext caller = MemoryContextSwitchTo(lint->context);
	Vacated    *vacated = palloc0(sizeof(Vacated));

	vacated->schema = pstrdup(lint->rel->schema);
	vacated->name = pstrdup(lint->rel->name);
	vacated->report.object = pstrdup(mig_rel_label(lint->rel));
	vacated->report.consequence = keep(lint, consequence);
	vacated->report.rewrite = keep(lint, rewrite);
	vacated->report.place = mig_lint_place(lint, 0);
	if (lint->body == MIG_BODY_ROUTINE)
		vacated->report.severity = Min(lint->rule->severity,
									   MIG_SEVERITY_WARNING);
	memory->vacated = lappend(memory->vacated, vacated);
	MemoryContextSwitchTo(caller);
}

/* The transaction ends: is there something of the old name? */
static bool
report_vacated(MigLint *lint)
{
	Memory	   *memory = mig_lint_memory(lint, sizeof(Memory));
	ListCell   *lc;

	if (lint->moment != MIG_ON_TRANSACTION_END)
		return false;
	foreach(lc, memory->vacated)
	{
		Vacated    *vacated = lfirst(lc);

		if (mig_shadow_find_named(lint->shadow, vacated->schema,
								  vacated->name) == NULL)
			mig_lint_report(lint, &vacated->report);
	}
	memory->vacated = NIL;
	return true;
}

static bool
is_view(const MigRel *rel)
{
	return rel->kind == RELKIND_VIEW || rel->kind == RELKIND_MATVIEW;
}

static bool
is_table(const MigRel *rel)
{
	return rel->kind == RELKIND_RELATION ||
		rel->kind == RELKIND_PARTITIONED_TABLE ||
		rel->kind == RELKIND_FOREIGN_TABLE;
}

/* RENAME TO of a relation that others know. */
static bool
renames_known(const MigLint *lint)
{
	const RenameStmt *stmt = (const RenameStmt *) lint->stmt;

	if (!IsA(stmt, RenameStmt) || lint->rel == NULL || mig_rel_is_new(lint->rel) ||
		mig_rel_is_invisible(lint->rel))
		return false;
	return stmt->renameType == OBJECT_TABLE || stmt->renameType == OBJECT_VIEW ||
		stmt->renameType == OBJECT_MATVIEW ||
		stmt->renameType == OBJECT_FOREIGN_TABLE;
}

static void
check_rename_table(MigLint *lint)
{
	RenameStmt *stmt = (RenameStmt *) lint->stmt;

	if (report_vacated(lint) || !renames_known(lint) || !is_table(lint->rel))
		return;
	vacate(lint,
		   psprintf("clients that use %s fail until they know it as %s",
					mig_rel_label(lint->rel), quote_identifier(stmt->newname)),
		   psprintf("%s;\nCREATE VIEW %s AS SELECT * FROM %s;",
					mig_lint_text(lint), mig_rel_label(lint->rel),
					quote_qualified_identifier(lint->rel->schema,
											   stmt->newname)));
}

static void
check_rename_view(MigLint *lint)
{
	RenameStmt *stmt = (RenameStmt *) lint->stmt;

	if (report_vacated(lint) || !renames_known(lint) || !is_view(lint->rel))
		return;
	vacate(lint,
		   psprintf("clients that use %s fail until they know it as %s",
					mig_rel_label(lint->rel), quote_identifier(stmt->newname)),
		   psprintf("CREATE VIEW %s AS SELECT * FROM %s;",
					quote_qualified_identifier(lint->rel->schema, stmt->newname),
					mig_rel_label(lint->rel)));
}

static void
check_set_schema(MigLint *lint)
{
	AlterObjectSchemaStmt *stmt = (AlterObjectSchemaStmt *) lint->stmt;
	MigRel	   *rel = lint->rel;
	const char *new_name;

	if (report_vacated(lint) || !IsA(stmt, AlterObjectSchemaStmt) || rel == NULL || mig_rel_is_new(rel) ||
		mig_rel_is_invisible(rel) || strcmp(rel->schema, stmt->newschema) == 0 ||
		(!is_view(rel) && !is_table(rel) && rel->kind != RELKIND_SEQUENCE))
		return;
	new_name = quote_qualified_identifier(stmt->newschema, rel->name);
	vacate(lint,
		   psprintf("clients that use %s fail until they know it as %s",
					mig_rel_label(rel), new_name),
		   rel->kind == RELKIND_SEQUENCE ? NULL :
		   psprintf("%s;\nCREATE VIEW %s AS SELECT * FROM %s;",
					mig_lint_text(lint), mig_rel_label(rel), new_name));
}

/*
 * Schemas
 */

/* The tables and views of a schema that can be selected from. */
static List *
relations_in(MigShadow *shadow, Oid schema)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	List	   *oids = NIL;
	List	   *result = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	ListCell   *lc;

	ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(schema));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		oids = lappend_oid(oids, ((Form_pg_class) GETSTRUCT(tuple))->oid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	foreach(lc, oids)
	{
		MigRel	   *rel = mig_shadow_of_oid(shadow, lfirst_oid(lc));

		if (rel != NULL && (is_table(rel) || is_view(rel)))
			result = lappend(result, rel);
	}
	return result;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(((MigRel *) lfirst(a))->name, ((MigRel *) lfirst(b))->name);
}

/* The new schema beside the old one, with views. */
static char *
schema_of_views(const char *name, List *rels)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE SCHEMA %s;", quote_identifier(name));
	list_sort(rels, compare_names);
	foreach(lc, rels)
	{
		MigRel	   *rel = lfirst(lc);

		appendStringInfo(&sql, "\nCREATE VIEW %s AS SELECT * FROM %s;",
						 quote_qualified_identifier(name, rel->name),
						 mig_rel_label(rel));
	}
	return sql.data;
}

static void
check_rename_schema(MigLint *lint)
{
	RenameStmt *stmt = (RenameStmt *) lint->stmt;
	Oid			oid;
	List	   *rels = NIL;
	int			n;

	if (!IsA(stmt, RenameStmt) || stmt->renameType != OBJECT_SCHEMA)
		return;
	oid = get_namespace_oid(stmt->subname, true);
	if (OidIsValid(oid))
		rels = relations_in(lint->shadow, oid);
	if (rels == NIL && (OidIsValid(oid) || !lint->shadow->assume_large))
		return;
	n = list_length(rels);
	mig_lint_report(lint, &(MigReport) {
		.object = quote_identifier(stmt->subname),
		.consequence = n == 0 ?
			psprintf("clients that use schema %s fail", stmt->subname) :
			psprintf("clients that use schema %s with its %d %s fail",
					 stmt->subname, n, n == 1 ? "table or view" : "tables and views"),
		.rewrite = schema_of_views(stmt->newname, rels),
	});
}


const MigRule mig_rules_rename[] = {
	{
		.name = "renaming-table",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_TRANSACTION_END,
		.check = check_rename_table,
		.help = "a table gets another name while clients use the old one",
		.why = "No client changes at the moment of the commit: those that still use the old name fail.",
		.safe = "The table is new, or the same transaction makes a view of the old name.",
		.bad = "ALTER TABLE t RENAME TO t2;",
		.good = "ALTER TABLE t RENAME TO t2; CREATE VIEW t AS SELECT * FROM t2;",
	},
	{
		.name = "renaming-schema",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_rename_schema,
		.help = "a schema gets another name while clients use the old one",
		.why = "Every name with the old schema in it fails, in clients and in bodies of functions, and so does every search_path.",
		.safe = "The schema is new, or there is no table or view in it.",
		.bad = "ALTER SCHEMA s RENAME TO s2;",
		.good = "CREATE SCHEMA s2;",
	},
	{
		.name = "renaming-view",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_TRANSACTION_END,
		.check = check_rename_view,
		.help = "a view gets another name while clients use the old one",
		.why = "No client changes at the moment of the commit: those that still use the old name fail.",
		.safe = "The view is new, or the same transaction makes another one of the old name.",
		.bad = "ALTER VIEW v RENAME TO v2;",
		.good = "CREATE VIEW v2 AS SELECT * FROM v;",
	},
	{
		.name = "set-schema",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_TRANSACTION_END,
		.check = check_set_schema,
		.help = "a table, view or sequence moves to another schema while clients use it",
		.why = "Clients that name the old schema, or do not have the new one in their search_path, fail. The table and its sequences are locked.",
		.safe = "It is new, is in that schema already, or the same transaction makes a view of the old name.",
		.bad = "ALTER TABLE t SET SCHEMA s;",
		.good = "ALTER TABLE t SET SCHEMA s; CREATE VIEW t AS SELECT * FROM s.t;",
	},
	{0}
};
