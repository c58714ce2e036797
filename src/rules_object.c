/*-------------------------------------------------------------------------
 *
 * rules_object.c
 *	  Lint rules: triggers, replication, row security, privileges, extensions,
 *	  functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_trigger.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "facts_cascade.h"
#include "rule.h"
#include "spi_util.h"

/*
 * Triggers
 */

/* Does the script itself limit how long locks are waited for? */
static bool
waits_are_limited(MigLint *lint)
{
	const char *value = mig_shadow_setting(lint->shadow, "lock_timeout");

	return value != NULL && strcmp(value, "0") != 0;
}

static void
report_trigger(MigLint *lint, const MigRel *rel, const char *consequence)
{
	mig_lint_report(lint, &(MigReport) {
		.object = mig_rel_label(rel),
		.consequence = consequence,
		.rewrite = psprintf("SET LOCAL lock_timeout = '2s';\n%s;",
							mig_lint_text(lint)),
	});
}

static void
check_create_trigger(MigLint *lint)
{
	if (!IsA(lint->stmt, CreateTrigStmt) || lint->rel == NULL ||
		lint->rel->kind == RELKIND_VIEW || mig_lint_is_quiet(lint, lint->rel) ||
		waits_are_limited(lint))
		return;
	report_trigger(lint, lint->rel,
				   psprintf("blocks writes to %s until the commit",
							mig_rel_label(lint->rel)));
}

static void
check_drop_trigger(MigLint *lint)
{
	DropStmt   *stmt = (DropStmt *) lint->stmt;
	ListCell   *lc;

	if (!IsA(stmt, DropStmt) || stmt->removeType != OBJECT_TRIGGER ||
		waits_are_limited(lint))
		return;
	foreach(lc, stmt->objects)
	{
		List	   *names = lfirst_node(List, lc);
		List	   *table = list_truncate(list_copy(names), list_length(names) - 1);
		MigRel	   *rel = mig_shadow_find_list(lint->shadow, table, RELKIND_RELATION);

		if (rel == NULL || rel->kind == RELKIND_VIEW ||
			mig_lint_is_quiet(lint, rel) ||
			(!rel->assumed && !OidIsValid(get_trigger_oid(rel->oid,
														  strVal(llast(names)), true))))
			continue;
		report_trigger(lint, rel,
					   psprintf("blocks reads and writes of %s until the commit",
								mig_rel_label(rel)));
	}
}

/* The names of triggers of users that are disabled now. */
static List *
disabled_triggers(const MigRel *rel)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	List	   *names = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(rel->oid));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		if (form->tgenabled == TRIGGER_DISABLED && !form->tgisinternal)
			names = lappend(names, pstrdup(NameStr(form->tgname)));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return names;
}

/* The foreign keys that triggers of this table enforce. */
static const char *
enforced_by_triggers(MigRel *rel)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (!constraint->dropped && constraint->type == CONSTRAINT_FOREIGN &&
			constraint->name != NULL)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 quote_identifier(constraint->name));
	}
	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (key->table != rel && key->constraint->name != NULL)
			appendStringInfo(&names, "%s%s on %s", names.len > 0 ? ", " : "",
							 quote_identifier(key->constraint->name),
							 mig_rel_label(key->table));
	}
	return names.len > 0 ? names.data : NULL;
}

/* The statement with USER instead of ALL. */
static char *
for_user_triggers(MigLint *lint)
{
	int			start;
	int			end;

	if (!mig_lint_find_word(lint, 0, "TRIGGER", &start, &end) ||
		!mig_lint_find_word(lint, end, "ALL", &start, &end))
		return NULL;
	return mig_lint_edited(lint, mig_lint_edit(NIL, start, end, "USER"));
}

static void
check_all_triggers(MigLint *lint)
{
	MigRel	   *rel = lint->rel;
	bool		off = lint->command->subtype == AT_DisableTrigAll;
	const char *keys;
	List	   *disabled;

	if ((!off && lint->command->subtype != AT_EnableTrigAll) || rel == NULL ||
		mig_rel_is_invisible(rel))
		return;
	keys = enforced_by_triggers(rel);
	disabled = off || !OidIsValid(rel->oid) ? NIL : disabled_triggers(rel);
	if (!rel->assumed && (off ? keys == NULL : disabled == NIL))
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = off ? 0 : MIG_SEVERITY_NOTICE,
		.object = mig_rel_label(rel),
		.consequence = !off ?
			psprintf("also enables what was disabled before: %s",
					 disabled ? mig_lint_names(disabled) : "any trigger") :
			psprintf("rows written from then on are never checked against %s",
					 keys ? psprintf("foreign key %s", keys) : "foreign keys"),
		.rewrite = off ? for_user_triggers(lint) : NULL,
	});
}

/*
 * Replication
 */

static const char *
replica_identity_consequence(MigRel *rel, char identity)
{
	if (identity == REPLICA_IDENTITY_FULL)
		return psprintf("each UPDATE and DELETE of %s writes the whole old row to the WAL, and subscribers look for it without a key",
						mig_rel_label(rel));
	return mig_lint_is_published(rel) ?
		psprintf("each UPDATE and DELETE of %s fails, because a publication has it",
				 mig_rel_label(rel)) :
		psprintf("each UPDATE and DELETE of %s fails once a publication has it",
				 mig_rel_label(rel));
}

/* ALTER TABLE ... REPLICA IDENTITY USING INDEX with an index that will do. */
static char *
use_an_index(MigRel *rel)
{
	MigConstraint *key = mig_rel_primary_key(rel);

	if (key == NULL)
		return NULL;
	return psprintf("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s;",
					mig_rel_label(rel),
					quote_identifier(key->index ? key->index->name : key->name));
}

static void
check_replica_identity(MigLint *lint)
{
	AlterTableCmd *command = lint->command;
	MigRel	   *rel = lint->rel;
	char		identity;
	MigConstraint *constraint;

	if (rel == NULL || mig_rel_is_new(rel) || mig_rel_is_invisible(rel))
		return;
	if (command->subtype == AT_DropConstraint)
	{
		constraint = mig_rel_constraint(rel, command->name);
		if (constraint != NULL && constraint->type == CONSTRAINT_PRIMARY &&
			rel->replica_identity == REPLICA_IDENTITY_DEFAULT &&
			mig_lint_is_published(rel))
			mig_lint_report(lint, &(MigReport) {
				.object = mig_rel_label(rel),
				.consequence = replica_identity_consequence(rel, REPLICA_IDENTITY_NOTHING),
			});
		return;
	}
	if (command->subtype != AT_ReplicaIdentity)
		return;
	identity = ((ReplicaIdentityStmt *) command->def)->identity_type;
	if (identity == REPLICA_IDENTITY_INDEX ||
		(identity == rel->replica_identity && !rel->assumed))
		return;
	if (identity == REPLICA_IDENTITY_DEFAULT &&
		(mig_rel_primary_key(rel) != NULL || !mig_lint_is_published(rel)))
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = mig_rel_label(rel),
		.consequence = replica_identity_consequence(rel, identity),
		.rewrite = use_an_index(rel),
	});
}

/*
 * Row security
 */

typedef struct Secured
{
	MigRel	   *rel;
	MigLintPlace *place;
} Secured;

typedef struct SecurityMemory
{
	List	   *secured;		/* of Secured * */
	List	   *with_policy;	/* of MigRel * */
} SecurityMemory;

static bool
has_policy(const MigRel *rel)
{
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	if (!OidIsValid(rel->oid))
		return false;
	catalog = table_open(PolicyRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_policy_polrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(rel->oid));
	scan = systable_beginscan(catalog, PolicyPolrelidPolnameIndexId, true, NULL,
							  1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

static void
remember_secured(MigLint *lint, SecurityMemory *memory)
{
	MemoryContext caller = MemoryContextSwitchTo(lint->context);

	if (lint->command == NULL && IsA(lint->stmt, CreatePolicyStmt))
		memory->with_policy = lappend(memory->with_policy, lint->rel);
	else if (lint->command != NULL &&
			 lint->command->subtype == AT_EnableRowSecurity &&
			 lint->rel != NULL && !lint->rel->row_security)
	{
		Secured    *secured = palloc(sizeof(Secured));

		secured->rel = lint->rel;
		secured->place = mig_lint_place(lint, 0);
		memory->secured = lappend(memory->secured, secured);
	}
	MemoryContextSwitchTo(caller);
}

static void
check_row_security(MigLint *lint)
{
	SecurityMemory *memory = mig_lint_memory(lint, sizeof(SecurityMemory));
	ListCell   *lc;

	if (lint->moment != MIG_ON_SET_END)
	{
		remember_secured(lint, memory);
		return;
	}
	foreach(lc, memory->secured)
	{
		Secured    *secured = lfirst(lc);

		if (secured->rel->dropped || has_policy(secured->rel) ||
			list_member_ptr(memory->with_policy, secured->rel))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.place = secured->place,
			.object = mig_rel_label(secured->rel),
			.consequence = psprintf("nobody but the owner sees or writes any row of %s, because it has no policy",
									mig_rel_label(secured->rel)),
		});
	}
}

/*
 * Policies and privileges
 */

static void
check_policy(MigLint *lint)
{
	const char *name;

	if (IsA(lint->stmt, CreatePolicyStmt))
		name = ((CreatePolicyStmt *) lint->stmt)->policy_name;
	else if (IsA(lint->stmt, AlterPolicyStmt))
		name = ((AlterPolicyStmt *) lint->stmt)->policy_name;
	else
		return;
	if (lint->rel == NULL || mig_rel_is_new(lint->rel) ||
		mig_rel_is_invisible(lint->rel))
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("policy %s decides which rows of %s roles see and write%s",
								name, mig_rel_label(lint->rel),
								lint->rel->row_security || lint->rel->assumed ? "" :
								", once row security is enabled"),
	});
}

/* Does anybody know the object already? */
static bool
is_known_object(MigLint *lint, const GrantStmt *stmt, Node *object)
{
	MigRel	   *rel;

	/* ALL TABLES IN SCHEMA names schemas */
	switch (stmt->targtype == ACL_TARGET_ALL_IN_SCHEMA ?
			OBJECT_SCHEMA : stmt->objtype)
	{
		case OBJECT_TABLE:
		case OBJECT_SEQUENCE:
			rel = mig_shadow_find(lint->shadow, castNode(RangeVar, object),
								  stmt->objtype == OBJECT_TABLE ?
								  RELKIND_RELATION : RELKIND_SEQUENCE);
			return rel != NULL && !mig_rel_is_new(rel) &&
				!mig_rel_is_invisible(rel);
		case OBJECT_SCHEMA:
			return lint->shadow->assume_large ||
				OidIsValid(get_namespace_oid(strVal(object), true));
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
			{
				List	   *name = castNode(ObjectWithArgs, object)->objname;
				MigNamed   *made = mig_shadow_routine_made(lint->shadow,
														   list_length(name) > 1 ?
														   strVal(linitial(name)) : NULL,
														   strVal(llast(name)));

				return made == NULL || !made->made;
			}
		default:
			return true;
	}
}

static const char *
name_in_grant(const GrantStmt *stmt, Node *object)
{
	switch (nodeTag(object))
	{
		case T_RangeVar:
			return mig_lint_range((RangeVar *) object);
		case T_String:
			return quote_identifier(strVal(object));
		case T_ObjectWithArgs:
			return NameListToQuotedString(((ObjectWithArgs *) object)->objname);
		case T_List:
			return NameListToQuotedString((List *) object);
		case T_TypeName:
			return NameListToQuotedString(((TypeName *) object)->names);
		default:
			return "it";
	}
}

static void
check_privilege(MigLint *lint)
{
	GrantStmt  *stmt = (GrantStmt *) lint->stmt;
	ListCell   *lc;

	if (!IsA(stmt, GrantStmt) || stmt->targtype == ACL_TARGET_DEFAULTS)
		return;
	foreach(lc, stmt->objects)
	{
		const char *name;

		if (!is_known_object(lint, stmt, lfirst(lc)))
			continue;
		name = name_in_grant(stmt, lfirst(lc));
		mig_lint_report(lint, &(MigReport) {
			.object = name,
			.consequence = psprintf(stmt->is_grant ?
									"gives roles more rights on %s" :
									"takes rights on %s from roles that may use them now",
									name),
		});
	}
}

/*
 * Extensions
 */

static const char *
option_of(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0)
			return defGetString(option);
	}
	return NULL;
}

/* Which version the server would install, and which there is; NULL: none. */
static const char *
extension_versions(const char *name, const char **installed)
{
	static MigQuery query = {"SELECT default_version, installed_version"
		" FROM pg_available_extensions WHERE name = $1"};
	MemoryContext caller = CurrentMemoryContext;
	MigParams	params = {0};
	MigSqlSession session;
	const char *available = NULL;

	*installed = NULL;
	mig_param_text(&params, name);
	mig_sql_begin(&session);
	if (mig_sql_run(&query, &params) > 0)
	{
		MemoryContext inside = MemoryContextSwitchTo(caller);
		const char *first = mig_col_text(0, 1);
		const char *second = mig_col_text(0, 2);

		available = first ? pstrdup(first) : NULL;
		*installed = second ? pstrdup(second) : NULL;
		MemoryContextSwitchTo(inside);
	}
	mig_sql_end(&session);
	return available;
}

static void
report_extension(MigLint *lint, const char *name, const char *consequence,
				 const char *rewrite)
{
	mig_lint_report(lint, &(MigReport) {
		.object = name,
		.consequence = consequence,
		.rewrite = rewrite,
	});
}

static void
check_alter_extension(MigLint *lint)
{
	AlterExtensionStmt *stmt = (AlterExtensionStmt *) lint->stmt;
	const char *installed;
	const char *available;

	if (option_of(stmt->options, "new_version") != NULL)
		return;
	available = extension_versions(stmt->extname, &installed);
	if (available == NULL)
		report_extension(lint, stmt->extname,
						 psprintf("updates %s to whichever version the server has",
								  stmt->extname), NULL);
	else if (installed == NULL || strcmp(installed, available) != 0)
		report_extension(lint, stmt->extname,
						 psprintf("updates %s from %s to %s here, and to another version elsewhere",
								  stmt->extname, installed ? installed : "nothing",
								  available),
						 psprintf("ALTER EXTENSION %s UPDATE TO %s;",
								  quote_identifier(stmt->extname),
								  quote_literal_cstr(available)));
}

static void
check_create_extension(MigLint *lint)
{
	CreateExtensionStmt *stmt = (CreateExtensionStmt *) lint->stmt;
	const char *installed;
	const char *available;

	if (option_of(stmt->options, "new_version") != NULL ||
		(stmt->if_not_exists && OidIsValid(get_extension_oid(stmt->extname, true))))
		return;
	available = extension_versions(stmt->extname, &installed);
	report_extension(lint, stmt->extname,
					 available ?
					 psprintf("installs %s %s here, and another version elsewhere",
							  stmt->extname, available) :
					 psprintf("installs whichever version of %s the server has",
							  stmt->extname),
					 available ?
					 mig_lint_append(lint, psprintf("VERSION %s",
													quote_literal_cstr(available))) :
					 NULL);
}

static void
check_drop_extension(MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, ((DropStmt *) lint->stmt)->objects)
	{
		const char *name = strVal(lfirst(lc));
		Oid			oid = get_extension_oid(name, true);
		List	   *lost = NIL;

		if (OidIsValid(oid))
			lost = mig_cascade_of(lint->shadow,
								  list_make1(mig_cascade_address(ExtensionRelationId,
																 oid, 0)), NIL);
		else if (!lint->shadow->assume_large)
			continue;
		report_extension(lint, name,
						 lost ? psprintf("drops %s, on which depends %s", name,
										 mig_cascade_text(lost)) :
						 psprintf("drops %s with all its functions and types",
								  name), NULL);
	}
}

static void
check_extension(MigLint *lint)
{
	if (IsA(lint->stmt, AlterExtensionStmt))
		check_alter_extension(lint);
	else if (IsA(lint->stmt, CreateExtensionStmt))
		check_create_extension(lint);
	else if (IsA(lint->stmt, DropStmt) &&
			 ((DropStmt *) lint->stmt)->removeType == OBJECT_EXTENSION)
		check_drop_extension(lint);
}

/*
 * Functions
 */

/* The functions whose bodies are strings that have this word in them. */
static const char *
mentioned_in(const char *name)
{
	static MigQuery query = {"SELECT string_agg(format('%I.%I', n.nspname, p.proname), ', '"
		" ORDER BY n.nspname, p.proname)"
		" FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
		" WHERE p.prosqlbody IS NULL AND p.oid >= 16384 AND p.proname <> $1"
		" AND p.prosrc ~ ('\\m' || regexp_replace($1, '\\W', '\\\\\\&', 'g') || '\\M')"
		" AND NOT EXISTS (SELECT FROM pg_depend d"
		" WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid"
		" AND d.deptype = 'e')"};
	MemoryContext caller = CurrentMemoryContext;
	MigParams	params = {0};
	MigSqlSession session;
	const char *result = NULL;

	mig_param_text(&params, name);
	mig_sql_begin(&session);
	if (mig_sql_run(&query, &params) > 0)
	{
		MemoryContext inside = MemoryContextSwitchTo(caller);
		const char *names = mig_col_text(0, 1);

		result = names ? pstrdup(names) : NULL;
		MemoryContextSwitchTo(inside);
	}
	mig_sql_end(&session);
	return result;
}

static void
check_drop_function(MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, ((DropStmt *) lint->stmt)->objects)
	{
		List	   *name = lfirst_node(ObjectWithArgs, lc)->objname;
		const char *users = mentioned_in(strVal(llast(name)));

		if (users == NULL)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.object = NameListToQuotedString(name),
			.consequence = psprintf("the server does not see if bodies of functions need %s; it is mentioned in %s",
									NameListToQuotedString(name), users),
		});
	}
}

static void
check_function(MigLint *lint)
{
	CreateFunctionStmt *stmt = (CreateFunctionStmt *) lint->stmt;
	const char *language;

	if (IsA(stmt, DropStmt))
	{
		ObjectType	type = ((DropStmt *) stmt)->removeType;

		if (type == OBJECT_FUNCTION || type == OBJECT_PROCEDURE ||
			type == OBJECT_ROUTINE)
			check_drop_function(lint);
		return;
	}
	if (!IsA(stmt, CreateFunctionStmt) || stmt->sql_body != NULL)
		return;
	language = option_of(stmt->options, "language");
	if (language == NULL)
		language = "sql";
	if (strcmp(language, "c") == 0 || strcmp(language, "internal") == 0)
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = NameListToQuotedString(stmt->funcname),
		.consequence = psprintf("the server does not see what the body of %s needs: dropping or renaming that does not fail, the next call does",
								NameListToQuotedString(stmt->funcname)),
	});
}

const MigRule mig_rules_object[] = {
	{
		.name = "create-trigger",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_create_trigger,
		.help = "CREATE TRIGGER blocks writes",
		.why = "It holds SHARE ROW EXCLUSIVE on the table until the commit, and waits for every writer before it; those who come later wait behind it.",
		.safe = "The script sets lock_timeout, or the table is new, temporary or empty.",
		.bad = "CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();",
		.good = "SET LOCAL lock_timeout = '2s'; CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();",
	},
	{
		.name = "drop-trigger",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_drop_trigger,
		.help = "DROP TRIGGER blocks reads and writes",
		.why = "It holds ACCESS EXCLUSIVE on the table until the commit, and waits for every query before it; those that come later wait behind it.",
		.safe = "The script sets lock_timeout, or the table is new, temporary or empty, or has no such trigger.",
		.bad = "DROP TRIGGER g ON t;",
		.good = "SET LOCAL lock_timeout = '2s'; DROP TRIGGER g ON t;",
	},
	{
		.name = "enable-disable-trigger",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_all_triggers,
		.help = "DISABLE TRIGGER ALL switches foreign keys off",
		.why = "Foreign keys are enforced by triggers. Rows that come while they are disabled are never checked. ENABLE TRIGGER ALL enables those, too, that were disabled on purpose.",
		.safe = "The table has no foreign keys; to enable, no disabled triggers. Triggers by their names, and USER, are silent.",
		.bad = "ALTER TABLE c DISABLE TRIGGER ALL;",
		.good = "ALTER TABLE c DISABLE TRIGGER USER;",
	},
	{
		.name = "replica-identity",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_replica_identity,
		.help = "a replica identity that replication suffers from",
		.why = "FULL writes whole rows to the WAL and makes subscribers search; without any identity UPDATE and DELETE of a published table fail.",
		.safe = "The table has this identity already, uses an index, or is new.",
		.bad = "ALTER TABLE t REPLICA IDENTITY FULL;",
		.good = "ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;",
	},
	{
		.name = "rls-without-policy",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND | MIG_ON_SET_END,
		.check = check_row_security,
		.help = "row security is enabled, and there is no policy",
		.why = "Without a policy all but the owner see no row and write none.",
		.safe = "A policy is there or made by the set.",
		.bad = "ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
		.good = "CREATE POLICY pol ON t USING (email = current_user); ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
	},
	{
		.name = "policy-change",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_policy,
		.help = "a policy of an existing table changes",
		.why = "Who may see and write which rows is worth a second look.",
		.safe = "The table is new.",
		.bad = "CREATE POLICY pol ON t USING (email = current_user);",
	},
	{
		.name = "privilege-change",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_privilege,
		.help = "rights on an existing object change",
		.why = "Who may do what is worth a second look, and concurrent GRANTs of one object fail.",
		.safe = "The object is new.",
		.bad = "REVOKE SELECT ON t FROM PUBLIC;",
		.good = "CREATE TABLE n(id bigint PRIMARY KEY); GRANT SELECT ON n TO PUBLIC;",
	},
	{
		.name = "extension-change",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_extension,
		.help = "an extension without a version, or dropped",
		.why = "Which version it becomes depends on the packages of each server, so that databases differ.",
		.safe = "The version is named, or nothing would change.",
		.bad = "CREATE EXTENSION hstore;",
		.good = "CREATE EXTENSION hstore VERSION '1.8';",
	},
	{
		.name = "untracked-function-dependencies",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = false,
		.moments = MIG_ON_STATEMENT,
		.check = check_function,
		.help = "the server does not know what a function's body needs",
		.why = "A body that is a string is not looked at until it is called: what it uses can be dropped before that.",
		.safe = "The body is SQL in the standard's form, which the server tracks.",
		.bad = "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN f(1); END';",
		.good = "CREATE FUNCTION g() RETURNS int LANGUAGE sql RETURN f(1);",
	},
	{0}
};
