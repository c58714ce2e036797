/*-------------------------------------------------------------------------
 *
 * shadow_settings.c
 *	  What SET, RESET and set_config() of a script leave in force, and the
 *	  schemas in which names are looked up because of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "shadow.h"

/* The value in force; NULL: as found. */
const char *
mig_shadow_setting(MigShadow *shadow, const char *name)
{
	const char *session = NULL;
	ListCell   *lc;

	foreach(lc, shadow->settings)
	{
		MigSetting *setting = lfirst(lc);

		if (pg_strcasecmp(setting->name, name) != 0)
			continue;
		if (setting->local)
			return setting->value;
		session = setting->value;
	}
	return session;
}

/*
 * The path
 */

/* The role whose name "$user" stands for. */
static const char *
current_role(MigShadow *shadow)
{
	const char *role = mig_shadow_setting(shadow, "role");

	if (role != NULL && strcmp(role, "none") != 0)
		return role;
	role = mig_shadow_setting(shadow, "session_authorization");
	return role ? role : GetUserNameFromId(GetUserId(), true);
}

/* The schemas of a value of search_path, with pg_catalog where it is looked in. */
static List *
path_of(MigShadow *shadow, const char *value)
{
	List	   *names;
	List	   *result = NIL;
	ListCell   *lc;
	bool		has_catalog = false;

	if (!SplitIdentifierString(pstrdup(value), ',', &names))
		return shadow->path;
	foreach(lc, names)
	{
		const char *name = lfirst(lc);

		if (strcmp(name, "$user") == 0)
			name = current_role(shadow);
		if (name == NULL)
			continue;
		has_catalog |= strcmp(name, "pg_catalog") == 0;
		result = lappend(result, pstrdup(name));
	}
	return has_catalog ? result : lcons(pstrdup("pg_catalog"), result);
}

/* The path follows from the settings. */
static void
find_path(MigShadow *shadow)
{
	MemoryContext caller;
	const char *value = mig_shadow_setting(shadow, "search_path");

	if (shadow->settings == NIL && shadow->initial_path != NIL)
	{
		shadow->path = shadow->initial_path;
		return;
	}
	caller = MemoryContextSwitchTo(shadow->context);
	shadow->path = path_of(shadow, value ? value : namespace_search_path);
	MemoryContextSwitchTo(caller);
}

/*
 * Setting
 */

/* Drops what there is of a setting; all of them without a name. */
static void
forget(MigShadow *shadow, const char *name, bool local_only)
{
	ListCell   *lc;

	foreach(lc, shadow->settings)
	{
		MigSetting *setting = lfirst(lc);

		if ((setting->local || !local_only) &&
			(name == NULL || pg_strcasecmp(setting->name, name) == 0))
			shadow->settings = foreach_delete_current(shadow->settings, lc);
	}
}

/* Does the path depend on the setting? */
static bool
moves_path(const char *name)
{
	return pg_strcasecmp(name, "search_path") == 0 ||
		pg_strcasecmp(name, "role") == 0 ||
		pg_strcasecmp(name, "session_authorization") == 0;
}

static void
set(MigShadow *shadow, const char *name, const char *value, bool local)
{
	MigSetting *setting;

	forget(shadow, name, local);
	if (value != NULL || local)
	{
		setting = MemoryContextAlloc(shadow->context, sizeof(MigSetting));
		setting->name = MemoryContextStrdup(shadow->context, name);
		setting->value = value ? MemoryContextStrdup(shadow->context, value) :
			NULL;
		setting->local = local;
		mig_shadow_append(shadow, &shadow->settings, setting);
	}
	if (moves_path(name))
		find_path(shadow);
}

/* What a script sets ends with it: the next one begins as the first did. */
void
mig_shadow_begin_session(MigShadow *shadow)
{
	shadow->settings = NIL;
	find_path(shadow);
	shadow->initial_path = shadow->path;
}

/* The transaction commits; what it made is there for others from now on. */
void
mig_shadow_end_transaction(MigShadow *shadow)
{
	shadow->transaction++;
	if (shadow->settings != NIL)
	{
		forget(shadow, NULL, true);
		find_path(shadow);
	}
}

/*
 * Statements
 */

/* A constant as text; NULL: it is none. */
static const char *
constant_text(Node *node)
{
	A_Const    *constant;

	if (node != NULL && IsA(node, TypeCast))
		node = ((TypeCast *) node)->arg;
	if (node == NULL || !IsA(node, A_Const))
		return NULL;
	constant = (A_Const *) node;
	if (constant->isnull)
		return NULL;
	switch (nodeTag(&constant->val))
	{
		case T_Integer:
			return psprintf("%d", intVal(&constant->val));
		case T_Float:
			return constant->val.fval.fval;
		case T_Boolean:
			return boolVal(&constant->val) ? "true" : "false";
		case T_String:
			return strVal(&constant->val);
		default:
			return NULL;
	}
}

/* The value that a list of arguments makes, as SHOW would show it. */
static const char *
value_of(const char *name, List *args)
{
	StringInfoData value;
	ListCell   *lc;
	bool		is_path = pg_strcasecmp(name, "search_path") == 0;

	initStringInfo(&value);
	foreach(lc, args)
	{
		const char *text = constant_text(lfirst(lc));

		if (text == NULL)
			return "";
		if (value.len > 0)
			appendStringInfoString(&value, ", ");
		appendStringInfoString(&value, is_path ? quote_identifier(text) : text);
	}
	return value.data;
}

/* SET TRANSACTION and SET SESSION CHARACTERISTICS. */
static void
set_several(MigShadow *shadow, VariableSetStmt *stmt)
{
	bool		session = strcmp(stmt->name, "SESSION CHARACTERISTICS") == 0;
	ListCell   *lc;

	foreach(lc, stmt->args)
	{
		DefElem    *item = lfirst(lc);

		if (IsA(item, DefElem))
			set(shadow, session ? psprintf("default_%s", item->defname) :
				item->defname,
				constant_text(item->arg), !session);
	}
}

/* The shadow after SET or RESET. */
void
mig_shadow_apply_set(MigShadow *shadow, VariableSetStmt *stmt)
{
	switch (stmt->kind)
	{
		case VAR_SET_VALUE:
			set(shadow, stmt->name, value_of(stmt->name, stmt->args),
				stmt->is_local);
			break;
		case VAR_SET_DEFAULT:
		case VAR_RESET:
			set(shadow, stmt->name, NULL, stmt->is_local);
			break;
		case VAR_RESET_ALL:
			shadow->settings = NIL;
			find_path(shadow);
			break;
		case VAR_SET_MULTI:
			if (stmt->name != NULL)
				set_several(shadow, stmt);
			break;
		case VAR_SET_CURRENT:
			break;
	}
}

/* SELECT set_config(name, value, is_local), as pg_dump writes it. */
void
mig_shadow_apply_set_config(MigShadow *shadow, SelectStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->targetList)
	{
		ResTarget  *target = lfirst(lc);
		FuncCall   *call;
		const char *name;
		const char *value;
		const char *local;
		bool		is_local = false;

		if (!IsA(target, ResTarget) || target->val == NULL ||
			!IsA(target->val, FuncCall))
			continue;
		call = (FuncCall *) target->val;
		if (list_length(call->args) != 3 ||
			strcmp(strVal(llast(call->funcname)), "set_config") != 0)
			continue;
		name = constant_text(linitial(call->args));
		value = constant_text(lsecond(call->args));
		local = constant_text(lthird(call->args));
		if (name == NULL || value == NULL || local == NULL ||
			!parse_bool(local, &is_local))
			continue;
		set(shadow, name, value, is_local);
	}
}
