/*-------------------------------------------------------------------------
 *
 * rules_code.c
 *	  Lint rules: code that is not seen, and rights.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "bodies.h"
#include "calls.h"
#include "rule.h"

/* What a statement calls. */
static void
check_unseen_calls(MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, lint->calls)
	{
		const MigCall *call = lfirst(lc);

		const char *unseen = mig_call_unseen(call);

		if (unseen != NULL)
			mig_lint_report(lint, &(MigReport) {
				.location = call->location,
				.object = call->name,
				.consequence = psprintf("calls %s, whose statements are not all judged: %s; dry_run() shows what they do",
										call->name, unseen),
			});
	}
	if (IsA(lint->stmt, CallStmt) && lint->calls == NIL)
		mig_lint_report(lint, &(MigReport) {
			.object = NameListToString(((CallStmt *) lint->stmt)->funccall->funcname),
			.consequence = "runs a procedure, whose statements are not judged",
		});
}

static void
check_unseen(MigLint *lint)
{
	ListCell   *lc;

	check_unseen_calls(lint);
	if (lint->routine == NULL)
		return;
	if (lint->routine->unseen != NULL)
		mig_lint_report(lint, &(MigReport) {
			.consequence = psprintf("what the code does is not judged: %s",
									lint->routine->unseen),
		});
	foreach(lc, lint->routine->statements)
	{
		MigBodyStatement *statement = lfirst(lc);

		if (statement->dynamic)
			mig_lint_report(lint, &(MigReport) {
				.object = statement->expression,
				.consequence = psprintf("line %d of the code runs a statement that is not known before: EXECUTE %s",
										statement->line, statement->expression),
			});
	}
}

static const DefElem *
find_option(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0)
			return option;
	}
	return NULL;
}

/* Does CREATE FUNCTION set search_path for itself? */
static bool
sets_search_path(List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "set") == 0 &&
			IsA(option->arg, VariableSetStmt) &&
			((VariableSetStmt *) option->arg)->name != NULL &&
			pg_strcasecmp(((VariableSetStmt *) option->arg)->name,
						  "search_path") == 0)
			return true;
	}
	return false;
}

static void
check_security_definer(MigLint *lint)
{
	CreateFunctionStmt *stmt = (CreateFunctionStmt *) lint->stmt;
	const DefElem *security;

	if (!IsA(stmt, CreateFunctionStmt))
		return;
	security = find_option(stmt->options, "security");
	/* names in a parsed body are bound already */
	if (security == NULL || !boolVal(security->arg) || stmt->sql_body != NULL ||
		sets_search_path(stmt->options))
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = NameListToQuotedString(stmt->funcname),
		.consequence = psprintf("runs with its owner's rights whatever its caller has put into search_path"),
		/* a body that is checked now names what is beside the function */
		.rewrite = psprintf("%s\nSET search_path = %s, pg_temp;",
							mig_lint_text(lint),
							quote_identifier(mig_shadow_creation_schema(lint->shadow,
																		makeRangeVarFromNameList(stmt->funcname)))),
	});
}

static void
check_superuser(MigLint *lint)
{
	Node	   *stmt = lint->stmt;
	List	   *options = NIL;
	const DefElem *option;
	ListCell   *lc;

	if (IsA(stmt, CreateRoleStmt))
		options = ((CreateRoleStmt *) stmt)->options;
	else if (IsA(stmt, AlterRoleStmt))
		options = ((AlterRoleStmt *) stmt)->options;
	option = find_option(options, "superuser");
	if (option != NULL && boolVal(option->arg))
		mig_lint_report(lint, &(MigReport) {
			.consequence = "makes a superuser",
		});
	if (!IsA(stmt, GrantRoleStmt) || !((GrantRoleStmt *) stmt)->is_grant)
		return;
	foreach(lc, ((GrantRoleStmt *) stmt)->granted_roles)
	{
		const char *role = lfirst_node(AccessPriv, lc)->priv_name;

		if (strncmp(role, "pg_", 3) == 0)
			mig_lint_report(lint, &(MigReport) {
				.object = quote_identifier(role),
				.consequence = psprintf("gives the powers of %s over the whole server",
										role),
			});
	}
}

static void
check_public(MigLint *lint)
{
	GrantStmt  *stmt = (GrantStmt *) lint->stmt;
	ListCell   *lc;

	if (!IsA(stmt, GrantStmt) || !stmt->is_grant)
		return;
	foreach(lc, stmt->grantees)
	{
		RoleSpec   *role = lfirst_node(RoleSpec, lc);

		if (role->roletype == ROLESPEC_PUBLIC)
			mig_lint_report(lint, &(MigReport) {
				.location = role->location,
				.consequence = "gives rights to every role, those made later too",
			});
	}
}

const MigRule mig_rules_code[] = {
	{
		.name = "do-block-unchecked",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_unseen,
		.help = "code whose statements cannot be judged",
		.why = "Text that EXECUTE runs is made at run time; languages other than PL/pgSQL and SQL are not looked into, and of what is called only the routine itself is, not those that it calls. dry_run() sees what they do.",
		.safe = "All statements of the code are static: they are judged like those of the script.",
		.bad = "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN z int', current_setting('app.table')); END $$;",
		.good = "ALTER TABLE t ADD COLUMN z int;",
	},
	{
		.name = "security-definer-search-path",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_security_definer,
		.help = "SECURITY DEFINER without a search_path of its own",
		.why = "Whoever calls the function chooses what its unqualified names mean, and runs that with the owner's rights.",
		.safe = "The function sets search_path, or has a parsed body (BEGIN ATOMIC, RETURN).",
		.bad = "CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';",
		.good = "CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1';",
	},
	{
		.name = "superuser-grant",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_superuser,
		.help = "a superuser, or a role with powers over the server",
		.why = "Such powers reach beyond this database, and stay when the migration is long forgotten.",
		.safe = "Rights on objects are granted instead.",
		.bad = "ALTER ROLE app SUPERUSER;",
		.good = "GRANT SELECT ON t TO app;",
	},
	{
		.name = "grant-to-public",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_public,
		.help = "rights for every role",
		.why = "PUBLIC is every role of the server, also those that are made later.",
		.safe = "The rights go to a role.",
		.bad = "GRANT ALL ON t TO PUBLIC;",
		.good = "GRANT SELECT ON t TO app;",
	},
	{0}
};
