/*-------------------------------------------------------------------------
 *
 * calls.c
 *	  The routines that a statement calls, and the statements in them.
 *
 * Only those count which can change something: volatile ones, in a language
 * that runs SQL.  Which of several routines of one name is called depends on
 * the types of the arguments, and so is not known here: of those, nothing is
 * said.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/proclang.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "calls.h"
#include "shadow_query.h"

/*
 * Routines of the set
 */

/* Could this be one that only computes, or is called by the server only? */
static bool
is_harmless(const CreateFunctionStmt *stmt)
{
	ListCell   *lc;

	if (stmt->returnType != NULL && stmt->returnType->names != NIL &&
		strstr(strVal(llast(stmt->returnType->names)), "trigger") != NULL)
		return true;
	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "volatility") == 0)
			return strcmp(strVal(option->arg), "volatile") != 0;
	}
	return false;
}

static MigBody *
made_body(const MigNamed *made)
{
	if (made->stmt == NULL || !IsA(made->stmt, CreateFunctionStmt) ||
		is_harmless((CreateFunctionStmt *) made->stmt))
		return NULL;
	return mig_body_of(made->stmt, "");
}

/*
 * Routines of the catalog
 */

/* Can it be called with so many arguments? */
static bool
takes(Form_pg_proc form, int nargs)
{
	return OidIsValid(form->provariadic) ||
		(nargs <= form->pronargs &&
		 nargs >= form->pronargs - form->pronargdefaults);
}

/*
 * The one routine of that name in the schema that takes so many arguments;
 * InvalidOid: there is none, or there are several.
 */
static Oid
routine_in_schema(Oid schema, const char *name, int nargs, bool *found)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	Oid			result = InvalidOid;
	int			n = 0;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->pronamespace != schema)
			continue;
		if (!takes(form, nargs))
			continue;
		*found = true;
		n++;
		result = form->oid;
	}
	ReleaseSysCacheList(list);
	return n == 1 ? result : InvalidOid;
}

/* The same, where the path finds it first. */
static Oid
find_routine(MigShadow *shadow, const char *schema, const char *name, int nargs)
{
	Oid			result;
	bool		found = false;
	ListCell   *lc;

	if (schema != NULL)
		return routine_in_schema(get_namespace_oid(schema, true), name, nargs,
								 &found);
	result = routine_in_schema(PG_CATALOG_NAMESPACE, name, nargs, &found);
	foreach(lc, shadow->path)
	{
		if (!found)
			result = routine_in_schema(get_namespace_oid(lfirst(lc), true), name,
									   nargs, &found);
	}
	return result;
}

/* A routine of the catalog, as the statement that would create it again. */
static MigBody *
body_from_definition(Oid routine)
{
	Datum		definition = DirectFunctionCall1(pg_get_functiondef,
												 ObjectIdGetDatum(routine));
	char	   *source = TextDatumGetCString(definition);
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(source, RAW_PARSE_DEFAULT));

	return mig_body_of(raw->stmt, source);
}

/* The body of what can run SQL that changes something; NULL: it cannot. */
static MigBody *
catalog_body(Oid routine)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(routine));
	Form_pg_proc form;
	bool		counts;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	counts = form->pronamespace != PG_CATALOG_NAMESPACE &&
		form->provolatile == PROVOLATILE_VOLATILE &&
		form->prolang != INTERNALlanguageId && form->prolang != ClanguageId &&
		(form->prokind == PROKIND_FUNCTION || form->prokind == PROKIND_PROCEDURE) &&
		form->prorettype != TRIGGEROID && form->prorettype != EVENT_TRIGGEROID;
	ReleaseSysCache(tuple);
	return counts ? body_from_definition(routine) : NULL;
}

/*
 * Calls
 */

/* The call, if its routine can change something; NULL: it cannot. */
static MigCall *
look_at(MigShadow *shadow, FuncCall *call)
{
	int			n = list_length(call->funcname);
	const char *name = strVal(llast(call->funcname));
	const char *schema = n > 1 ? strVal(list_nth(call->funcname, n - 2)) : NULL;
	MigNamed   *made = mig_shadow_routine_made(shadow, schema, name);
	MigCall    *result;
	MigBody    *body = NULL;
	Oid			routine;

	if (made != NULL)
	{
		body = made_body(made);
		schema = made->schema;
	}
	else
	{
		routine = find_routine(shadow, schema, name, list_length(call->args));
		if (OidIsValid(routine))
		{
			body = catalog_body(routine);
			schema = get_namespace_name(get_func_namespace(routine));
		}
	}
	if (body == NULL)
		return NULL;
	result = palloc(sizeof(MigCall));
	result->name = psprintf("%s()", quote_qualified_identifier(schema, name));
	result->location = call->location;
	result->made = made != NULL;
	result->body = body;
	return result;
}

/* Why not all that the call does can be seen; NULL: it can. */
const char *
mig_call_unseen(const MigCall *call)
{
	ListCell   *lc;

	if (call->body->unseen != NULL)
		return call->body->unseen;
	foreach(lc, call->body->statements)
	{
		if (((MigBodyStatement *) lfirst(lc))->dynamic)
			return "some are made when it runs";
	}
	return NULL;
}

/* Are there some, and can all of them be seen? */
bool
mig_calls_are_seen(List *calls)
{
	ListCell   *lc;

	foreach(lc, calls)
	{
		if (mig_call_unseen(lfirst(lc)) != NULL)
			return false;
	}
	return calls != NIL;
}

/*
 * What a SELECT or CALL calls that can change something, of MigCall.  Other
 * statements call functions to compute what they write.
 */
List *
mig_calls_of(MigShadow *shadow, Node *stmt)
{
	List	   *calls = NIL;
	List	   *result = NIL;
	ListCell   *lc;

	if (IsA(stmt, SelectStmt))
		calls = mig_query_read(stmt)->calls;
	else if (IsA(stmt, CallStmt))
		calls = list_make1(((CallStmt *) stmt)->funccall);
	foreach(lc, calls)
	{
		MigCall    *call = look_at(shadow, lfirst_node(FuncCall, lc));

		if (call != NULL)
			result = lappend(result, call);
	}
	return result;
}
