/*-------------------------------------------------------------------------
 *
 * rules_table.c
 *	  Lint rules: what drops or empties tables and other objects.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_shdepend.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "commands/policy.h"
#include "commands/trigger.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "facts.h"
#include "facts_cascade.h"
#include "rule.h"

/*
 * What a DROP names
 */

typedef struct Dropped
{
	MigLint    *lint;
	DropStmt   *stmt;
	List	   *addresses;		/* of ObjectAddress *; without relations */
	List	   *rels;			/* of MigRel * */
} Dropped;

static char
kind_of_object(ObjectType type)
{
	switch (type)
	{
		case OBJECT_TABLE:
			return RELKIND_RELATION;
		case OBJECT_VIEW:
			return RELKIND_VIEW;
		case OBJECT_MATVIEW:
			return RELKIND_MATVIEW;
		case OBJECT_SEQUENCE:
			return RELKIND_SEQUENCE;
		case OBJECT_FOREIGN_TABLE:
			return RELKIND_FOREIGN_TABLE;
		case OBJECT_INDEX:
			return RELKIND_INDEX;
		default:
			return 0;
	}
}

static void
add_address(Dropped *dropped, Oid classid, Oid objid)
{
	if (OidIsValid(objid))
		dropped->addresses = lappend(dropped->addresses,
									 mig_cascade_address(classid, objid, 0));
}

/* Adds a trigger or a policy, which the name of its table stands before. */
static void
add_of_table(Dropped *dropped, List *names)
{
	List	   *table = list_truncate(list_copy(names), list_length(names) - 1);
	MigRel	   *rel = mig_shadow_find_list(dropped->lint->shadow, table, 0);
	char	   *name = strVal(llast(names));

	if (rel == NULL || !OidIsValid(rel->oid))
		return;
	if (dropped->stmt->removeType == OBJECT_TRIGGER)
		add_address(dropped, TriggerRelationId,
					get_trigger_oid(rel->oid, name, true));
	else
		add_address(dropped, PolicyRelationId,
					get_relation_policy_oid(rel->oid, name, true));
}

static void
add_object(Dropped *dropped, Node *object)
{
	MigShadow  *shadow = dropped->lint->shadow;
	ObjectType	type = dropped->stmt->removeType;
	MigRel	   *rel;
	int32		typmod;

	switch (type)
	{
		case OBJECT_SCHEMA:
			add_address(dropped, NamespaceRelationId,
						get_namespace_oid(strVal(object), true));
			break;
		case OBJECT_EXTENSION:
			add_address(dropped, ExtensionRelationId,
						get_extension_oid(strVal(object), true));
			break;
		case OBJECT_TYPE:
		case OBJECT_DOMAIN:
			add_address(dropped, TypeRelationId,
						mig_fact_type(shadow, castNode(TypeName, object),
									  &typmod));
			break;
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_AGGREGATE:
		case OBJECT_ROUTINE:
			add_address(dropped, ProcedureRelationId,
						LookupFuncWithArgs(type, castNode(ObjectWithArgs, object),
										   true));
			break;
		case OBJECT_TRIGGER:
		case OBJECT_POLICY:
			add_of_table(dropped, castNode(List, object));
			break;
		default:
			if (kind_of_object(type) == 0)
				break;
			rel = mig_shadow_find_list(shadow, castNode(List, object),
									   kind_of_object(type));
			if (rel != NULL)
				dropped->rels = list_append_unique_ptr(dropped->rels, rel);
	}
}

static void
add_objects(void *arg)
{
	Dropped    *dropped = arg;
	ListCell   *lc;

	foreach(lc, dropped->stmt->objects)
		add_object(dropped, lfirst(lc));
}

/* What the DROP of this statement names, as far as it is here. */
static Dropped *
dropped_by(MigLint *lint)
{
	Dropped    *dropped = palloc0(sizeof(Dropped));

	dropped->lint = lint;
	dropped->stmt = castNode(DropStmt, lint->stmt);
	if (!mig_fact_try(lint->shadow, add_objects, dropped))
		dropped->addresses = dropped->rels = NIL;
	return dropped;
}

/* The name of an object as its DROP gives it. */
static const char *
name_of_object(Node *object)
{
	if (IsA(object, String))
		return strVal(object);
	if (IsA(object, TypeName))
		return NameListToQuotedString(((TypeName *) object)->names);
	if (IsA(object, ObjectWithArgs))
		return NameListToQuotedString(((ObjectWithArgs *) object)->objname);
	return NameListToQuotedString(castNode(List, object));
}

static const char *
names_of_objects(DropStmt *stmt)
{
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	foreach(lc, stmt->objects)
		appendStringInfo(&result, "%s%s", result.len > 0 ? ", " : "",
						 name_of_object(lfirst(lc)));
	return result.data;
}

/* The statement without the CASCADE at its end. */
static char *
without_cascade(MigLint *lint)
{
	int			start = 0;
	int			end = 0;
	int			next_start;
	int			next_end;

	if (!mig_lint_find_word(lint, 0, "CASCADE", &start, &end))
		return NULL;
	while (mig_lint_find_word(lint, end, "CASCADE", &next_start, &next_end))
	{
		start = next_start;
		end = next_end;
	}
	return mig_lint_edited(lint, mig_lint_edit(NIL, start - 1, end, ""));
}

/* The same, after SQL that drops what CASCADE would. */
static char *
spelled_out(MigLint *lint, List *lost)
{
	char	   *drops = mig_cascade_drops(lost);
	char	   *rest = without_cascade(lint);

	return drops && rest ? psprintf("%s%s", drops, rest) : NULL;
}

/*
 * DROP TABLE
 */

/* Does dropping one of them lock the other? */
static bool
is_related(MigRel *rel, MigRel *other)
{
	ListCell   *lc;

	foreach(lc, mig_rel_parents(rel))
	{
		if (lfirst(lc) == other || mig_rel_default_partition(lfirst(lc)) == other)
			return true;
	}
	foreach(lc, mig_rel_constraints(rel))
	{
		if (((MigConstraint *) lfirst(lc))->foreign == other)
			return true;
	}
	foreach(lc, mig_rel_referencing(rel))
	{
		if (((MigForeignKey *) lfirst(lc))->table == other)
			return true;
	}
	return false;
}

static const char *
drop_table_consequence(MigLint *lint, MigRel *rel, List *all)
{
	List	   *others = NIL;
	const char *loss = mig_lint_loss(rel);
	ListCell   *lc;

	foreach(lc, mig_lint_locked_too(lint, AccessExclusiveLock, all))
	{
		if (is_related(rel, lfirst(lc)))
			others = lappend(others, lfirst(lc));
	}

	return others ?
		psprintf("drops %s, and holds ACCESS EXCLUSIVE on %s until the commit",
				 loss, mig_lint_rel_list(others)) :
		psprintf("drops %s", loss);
}

/* The tables under names that nobody uses, to be dropped later. */
static char *
set_aside(List *rels)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, rels)
	{
		const MigRel *rel = lfirst(lc);

		appendStringInfo(&sql, "%sALTER TABLE %s RENAME TO %s;",
						 sql.len > 0 ? "\n" : "", mig_rel_label(rel),
						 quote_identifier(mig_lint_suffixed(rel->name, "unused")));
	}
	return sql.data;
}

static void
check_drop_table(MigLint *lint)
{
	DropStmt   *stmt = (DropStmt *) lint->stmt;
	Dropped    *dropped;
	List	   *lost = NIL;
	ListCell   *lc;

	if (!IsA(stmt, DropStmt) || stmt->removeType != OBJECT_TABLE)
		return;
	dropped = dropped_by(lint);
	if (stmt->behavior != DROP_CASCADE)
		lost = mig_cascade_of(lint->shadow, NIL, dropped->rels);
	if (lost != NIL)
	{
		mig_lint_report(lint, &(MigReport) {
			.severity = MIG_SEVERITY_ERROR,
			.object = mig_rel_label(linitial(dropped->rels)),
			.consequence = psprintf("fails, as long as there is %s",
									mig_cascade_text(lost)),
			.rewrite = set_aside(dropped->rels),
		});
		return;
	}
	foreach(lc, dropped->rels)
	{
		MigRel	   *rel = lfirst(lc);

		if (mig_rel_is_new(rel) || mig_rel_is_invisible(rel))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.severity = mig_rel_is_empty(rel) ? MIG_SEVERITY_NOTICE : 0,
			.object = mig_rel_label(rel),
			.consequence = drop_table_consequence(lint, rel, dropped->rels),
			.rewrite = set_aside(dropped->rels),
		});
	}
}

/*
 * DROP SCHEMA, DROP DATABASE
 */

/* Relations of the set in a schema. */
static List *
new_relations_in(MigShadow *shadow, const char *schema)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, mig_shadow_relations(shadow))
	{
		MigRel	   *rel = lfirst(lc);

		if (!OidIsValid(rel->oid) && strcmp(rel->schema, schema) == 0)
			result = lappend(result, rel);
	}
	return result;
}

static void
report_drop_schema(MigLint *lint, const char *schema, List *lost, int made)
{
	DropStmt   *stmt = (DropStmt *) lint->stmt;
	int			n = list_length(lost) + made;
	MigReport	report = {.object = quote_identifier(schema)};

	if (stmt->behavior != DROP_CASCADE)
	{
		report.severity = MIG_SEVERITY_ERROR;
		report.consequence = psprintf("fails, because the schema holds %d %s%s%s",
									  n, n == 1 ? "object" : "objects",
									  lost ? ": " : "", mig_cascade_text(lost));
	}
	else if (n > 0)
		report.consequence = psprintf("drops schema %s and %d %s%s%s",
									  quote_identifier(schema), n,
									  n == 1 ? "object" : "objects",
									  lost ? ": " : "", mig_cascade_text(lost));
	else
		report.consequence = psprintf("drops schema %s and all that is in it",
									  quote_identifier(schema));
	report.rewrite = psprintf("ALTER SCHEMA %s RENAME TO %s;",
							  quote_identifier(schema),
							  quote_identifier(mig_lint_suffixed(schema, "unused")));
	mig_lint_report(lint, &report);
}

static void
check_drop_schema(MigLint *lint)
{
	DropStmt   *stmt = (DropStmt *) lint->stmt;
	ListCell   *lc;

	if (!IsA(stmt, DropStmt) || stmt->removeType != OBJECT_SCHEMA)
		return;
	foreach(lc, stmt->objects)
	{
		const char *schema = strVal(lfirst(lc));
		Oid			oid = get_namespace_oid(schema, true);
		List	   *lost = NIL;
		int			made = list_length(new_relations_in(lint->shadow, schema));

		if (OidIsValid(oid))
			lost = mig_cascade_of(lint->shadow,
								  list_make1(mig_cascade_address(NamespaceRelationId,
																 oid, 0)),
								  NIL);
		else if (!lint->shadow->assume_large || made > 0)
			continue;			/* nobody has seen it yet */
		if (lost == NIL && made == 0 &&
			(OidIsValid(oid) || stmt->behavior != DROP_CASCADE))
			continue;
		report_drop_schema(lint, schema, lost, made);
	}
}

static void
check_drop_database(MigLint *lint)
{
	DropdbStmt *stmt = (DropdbStmt *) lint->stmt;
	Oid			oid;

	if (!IsA(stmt, DropdbStmt))
		return;
	oid = get_database_oid(stmt->dbname, true);
	if (!OidIsValid(oid) && stmt->missing_ok && !lint->shadow->assume_large)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = oid == MyDatabaseId ? MIG_SEVERITY_ERROR : 0,
		.object = quote_identifier(stmt->dbname),
		.consequence = oid == MyDatabaseId ?
			psprintf("fails, because the migration runs in database %s",
					 stmt->dbname) :
			psprintf("drops database %s with all that is in it, for good",
					 stmt->dbname),
	});
}

/*
 * CASCADE
 */

static void
report_cascade(MigLint *lint, const char *object, List *lost, bool unknown,
			   bool spell)
{
	if (lost == NIL && !unknown)
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = object,
		.consequence = lost == NIL ?
			psprintf("drops whatever depends on %s", object) :
			psprintf("also drops %s", mig_cascade_text(lost)),
		.rewrite = !spell ? NULL : lost == NIL ? without_cascade(lint) :
			spelled_out(lint, lost),
	});
}

/* Is something of it only assumed to be there? */
static bool
is_assumed(const Dropped *dropped)
{
	ListCell   *lc;

	foreach(lc, dropped->rels)
	{
		if (((MigRel *) lfirst(lc))->assumed)
			return true;
	}
	return dropped->lint->shadow->assume_large && dropped->rels == NIL &&
		dropped->addresses == NIL;
}

static void
check_drop_cascade(MigLint *lint)
{
	DropStmt   *stmt = (DropStmt *) lint->stmt;
	Dropped    *dropped = dropped_by(lint);
	List	   *lost = mig_cascade_of(lint->shadow, dropped->addresses,
									  dropped->rels);
	const char *object = dropped->rels ?
		mig_rel_label(linitial(dropped->rels)) : names_of_objects(stmt);

	/* what is in a schema, ban-drop-schema tells */
	if (stmt->removeType != OBJECT_SCHEMA)
		report_cascade(lint, object, lost, is_assumed(dropped), true);
}

/* ALTER TABLE ... DROP COLUMN or DROP CONSTRAINT ... CASCADE */
static void
check_alter_cascade(MigLint *lint)
{
	AlterTableCmd *command = lint->command;
	ObjectAddress *address = NULL;
	List	   *lost = NIL;
	MigRel	   *rel = lint->rel;
	bool		spell = list_length(((AlterTableStmt *) lint->stmt)->cmds) == 1;

	if (rel == NULL || command->behavior != DROP_CASCADE)
		return;
	if (command->subtype == AT_DropColumn)
	{
		MigColumn  *column = mig_rel_column(rel, command->name);

		if (column != NULL && column->created_in == 0 && !rel->assumed)
			address = mig_cascade_address(RelationRelationId, rel->oid,
										  column->attnum);
	}
	else if (command->subtype == AT_DropConstraint)
	{
		MigConstraint *constraint = mig_rel_constraint(rel, command->name);

		if (constraint != NULL && OidIsValid(constraint->oid))
			address = mig_cascade_address(ConstraintRelationId,
										  constraint->oid, 0);
	}
	else
		return;
	if (address != NULL)
		lost = mig_cascade_of(lint->shadow, list_make1(address), NIL);
	report_cascade(lint, mig_rel_part_label(rel, command->name),
				   lost, rel->assumed, spell);
}

/* How many objects of this database a role owns. */
static int
count_owned(Oid role)
{
	Relation	catalog = table_open(SharedDependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			n = 0;

	ScanKeyInit(&keys[0], Anum_pg_shdepend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(AuthIdRelationId));
	ScanKeyInit(&keys[1], Anum_pg_shdepend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(role));
	scan = systable_beginscan(catalog, SharedDependReferenceIndexId, true, NULL,
							  2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_shdepend form = (Form_pg_shdepend) GETSTRUCT(tuple);

		if (form->dbid == MyDatabaseId && form->deptype == SHARED_DEPENDENCY_OWNER)
			n++;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return n;
}

static void
check_drop_owned(MigLint *lint)
{
	DropOwnedStmt *stmt = (DropOwnedStmt *) lint->stmt;
	ListCell   *lc;

	foreach(lc, stmt->roles)
	{
		RoleSpec   *spec = lfirst_node(RoleSpec, lc);
		Oid			role;
		const char *name;
		int			n;

		/* the server refuses: it is no role */
		if (spec->roletype == ROLESPEC_PUBLIC)
			continue;
		role = get_rolespec_oid(spec, true);
		name = OidIsValid(role) ? GetUserNameFromId(role, true) :
			spec->rolename;
		n = OidIsValid(role) ? count_owned(role) : 0;
		if (n == 0 && (OidIsValid(role) || !lint->shadow->assume_large))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.object = quote_identifier(name),
			.consequence = n == 0 ?
				psprintf("drops all that role %s owns in this database", name) :
				psprintf("drops the %d %s that role %s owns in this database", n,
						 n == 1 ? "object" : "objects", name),
			.rewrite = psprintf("REASSIGN OWNED BY %s TO CURRENT_USER;",
								quote_identifier(name)),
		});
	}
}

static void
check_cascade(MigLint *lint)
{
	if (lint->command != NULL)
		check_alter_cascade(lint);
	else if (IsA(lint->stmt, DropStmt) &&
			 ((DropStmt *) lint->stmt)->behavior == DROP_CASCADE)
		check_drop_cascade(lint);
	else if (IsA(lint->stmt, DropOwnedStmt))
		check_drop_owned(lint);
}

/*
 * TRUNCATE
 */

/* The relations of the statement that are known. */
static List *
truncated(MigLint *lint)
{
	List	   *rels = NIL;
	ListCell   *lc;

	foreach(lc, ((TruncateStmt *) lint->stmt)->relations)
	{
		RangeVar   *name = lfirst_node(RangeVar, lc);
		MigRel	   *rel = mig_shadow_find(lint->shadow, name, RELKIND_RELATION);

		if (rel == NULL)
			continue;
		rels = list_append_unique_ptr(rels, rel);
		if (name->inh)
			rels = list_concat_unique_ptr(rels, mig_rel_children(rel, true));
	}
	return rels;
}

/* The first foreign key to 'rel' of a table that is not in the list. */
static MigForeignKey *
outside_reference(MigRel *rel, List *rels)
{
	ListCell   *lc;

	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (!list_member_ptr(rels, key->table))
			return key;
	}
	return NULL;
}

static bool
is_child_of_another(MigRel *rel, List *rels)
{
	ListCell   *lc;

	foreach(lc, mig_rel_parents(rel))
	{
		if (list_member_ptr(rels, lfirst(lc)))
			return true;
	}
	return false;
}

static void
check_truncate(MigLint *lint)
{
	TruncateStmt *stmt = (TruncateStmt *) lint->stmt;
	List	   *rels;
	ListCell   *lc;

	if (!IsA(stmt, TruncateStmt))
		return;
	rels = truncated(lint);
	foreach(lc, rels)
	{
		MigRel	   *rel = lfirst(lc);
		MigForeignKey *key = stmt->behavior == DROP_CASCADE ? NULL :
			outside_reference(rel, rels);

		if (key == NULL && (mig_lint_is_quiet(lint, rel) ||
							is_child_of_another(rel, rels)))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.severity = key ? MIG_SEVERITY_ERROR : 0,
			.object = mig_rel_label(rel),
			.consequence = key ?
				psprintf("fails, because constraint %s on %s references %s",
						 key->constraint->name, mig_rel_label(key->table),
						 mig_rel_label(rel)) :
				psprintf("deletes all rows of %s under ACCESS EXCLUSIVE",
						 mig_lint_loss(rel)),
			.rewrite = key != NULL || stmt->behavior == DROP_CASCADE ||
			list_length(stmt->relations) > 1 ? NULL :
			psprintf(MIG_LINT_FIRST_BATCH "DELETE FROM %s WHERE %s;",
					 mig_rel_label(rel), mig_lint_batch(rel, NULL)),
		});
	}
}

/* The tables that TRUNCATE ... CASCADE of these would reach besides. */
static List *
reached(List *rels)
{
	List	   *all = list_copy(rels);

	for (int i = 0; i < list_length(all); i++)
	{
		ListCell   *lc;

		foreach(lc, mig_rel_referencing(list_nth(all, i)))
		{
			MigRel	   *table = ((MigForeignKey *) lfirst(lc))->table;

			all = list_append_unique_ptr(all, table);
			all = list_concat_unique_ptr(all, mig_rel_children(table, true));
		}
	}
	return list_difference_ptr(all, rels);
}

/* The statement with all tables by their names, and without CASCADE. */
static char *
truncate_by_name(MigLint *lint, List *others)
{
	TruncateStmt *stmt = (TruncateStmt *) lint->stmt;
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, stmt->relations)
	{
		RangeVar   *name = lfirst_node(RangeVar, lc);

		appendStringInfo(&sql, "%s%s%s", sql.len > 0 ? ", " : "TRUNCATE ",
						 name->inh ? "" : "ONLY ", mig_lint_range(name));
	}
	foreach(lc, others)
	{
		if (!is_child_of_another(lfirst(lc), others))
			appendStringInfo(&sql, ", %s", mig_rel_label(lfirst(lc)));
	}
	appendStringInfoString(&sql, stmt->restart_seqs ? " RESTART IDENTITY;" : ";");
	return sql.data;
}

static void
check_truncate_cascade(MigLint *lint)
{
	TruncateStmt *stmt = (TruncateStmt *) lint->stmt;
	List	   *rels;
	List	   *others;
	List	   *full = NIL;
	ListCell   *lc;
	bool		assumed = false;

	if (!IsA(stmt, TruncateStmt) || stmt->behavior != DROP_CASCADE)
		return;
	rels = truncated(lint);
	others = reached(rels);
	foreach(lc, rels)
		assumed = assumed || ((MigRel *) lfirst(lc))->assumed;
	foreach(lc, others)
	{
		if (!mig_lint_is_quiet(lint, lfirst(lc)))
			full = lappend(full, lfirst(lc));
	}
	if (rels == NIL || (full == NIL && !assumed))
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = mig_rel_label(linitial(rels)),
		.consequence = full == NIL ?
			psprintf("also empties all tables that reference %s",
					 mig_rel_label(linitial(rels))) :
			psprintf("also deletes all rows of %s", mig_lint_rel_list(full)),
		.rewrite = truncate_by_name(lint, others),
	});
}

const MigRule mig_rules_table[] = {
	{
		.name = "ban-drop-table",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_drop_table,
		.help = "DROP TABLE destroys data and breaks clients",
		.why = "No down script brings the rows back, and clients that still use the table fail. Tables that its foreign keys reference are locked, too.",
		.safe = "The table is new or temporary; an empty one is a notice. It is an error if an object depends on the table: DROP TABLE then fails.",
		.bad = "DROP TABLE c;",
		.good = "ALTER TABLE c RENAME TO c_unused;",
	},
	{
		.name = "ban-drop-schema",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_drop_schema,
		.help = "DROP SCHEMA destroys all that is in it",
		.why = "CASCADE drops every table of the schema, and what depends on them elsewhere. Without CASCADE it fails unless the schema is empty.",
		.safe = "The schema is empty, or made by the same set.",
		.bad = "DROP SCHEMA s CASCADE;",
		.good = "ALTER SCHEMA s RENAME TO s_unused;",
	},
	{
		.name = "ban-drop-database",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_drop_database,
		.help = "DROP DATABASE destroys a whole database",
		.why = "It cannot be rolled back, and nothing but a backup brings the database back.",
		.safe = "IF EXISTS, and there is no such database.",
		.bad = "DROP DATABASE d;",
	},
	{
		.name = "drop-cascade",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND,
		.check = check_cascade,
		.help = "CASCADE drops more than the statement names",
		.why = "What goes depends on what is there when the statement runs, which may be more than was there when it was written.",
		.safe = "Nothing depends on what is dropped.",
		.bad = "DROP TABLE p CASCADE;",
		.good = "ALTER TABLE c DROP CONSTRAINT c_pid_fkey; DROP TABLE p;",
	},
	{
		.name = "ban-truncate",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_truncate,
		.help = "TRUNCATE deletes all rows",
		.why = "No down script brings them back, and reads wait too. It fails if a table that is not truncated with it has a foreign key to it.",
		.safe = "The table is new, temporary or empty.",
		.bad = "TRUNCATE t;",
		.good = "DELETE FROM t WHERE id BETWEEN 1 AND 10000;",
	},
	{
		.name = "ban-truncate-cascade",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_truncate_cascade,
		.help = "TRUNCATE ... CASCADE empties tables that it does not name",
		.why = "Every table with a foreign key to it loses its rows, and every table with a foreign key to one of those.",
		.safe = "No table with rows references it.",
		.bad = "TRUNCATE p CASCADE;",
		.good = "TRUNCATE p, c;",
	},
	{0}
};
