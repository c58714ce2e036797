/*-------------------------------------------------------------------------
 *
 * facts_expression.c
 *	  Expressions over the columns that a relation will have.
 *
 * The server's parser is shown a subquery that has the shadow's columns, so
 * that no relation has to be opened: a column is the Var (1, attnum), as it is
 * in a stored CHECK.  Whatever the parser objects to means: not known.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "facts_expression.h"
#include "spi_util.h"

/*
 * Trying
 */

/* Names are looked up where the set would look them up now. */
static void
set_path(MigShadow *shadow)
{
	StringInfoData path;
	ListCell   *lc;

	if (shadow->path == shadow->initial_path)
		return;
	initStringInfo(&path);
	foreach(lc, shadow->path)
	{
		if (path.len > 0)
			appendStringInfoString(&path, ", ");
		appendStringInfoString(&path, quote_identifier(lfirst(lc)));
	}
	(void) set_config_option("search_path", path.data, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Is it code of the extension's library or of the server?  Whoever may add to
 * those may do anything.
 */
static bool
is_library_code(Oid function, Form_pg_proc form)
{
	return function < FirstNormalObjectId ||
		form->prolang == ClanguageId || form->prolang == INTERNALlanguageId;
}

/* Whoever had the hook before. */
static object_access_hook_type next_object_access;

/*
 * The server evaluates some of what it is asked about: a literal of a type
 * made of domains goes through their CHECKs, an immutable function is called.
 * What would run code of users, or change anything, is not known.
 */
static void
refuse_to_run(ObjectAccessType access, Oid class, Oid object, int sub,
			  void *arg)
{
	HeapTuple	tuple;
	bool		harmless;

	if (next_object_access)
		next_object_access(access, class, object, sub, arg);
	if (access != OAT_FUNCTION_EXECUTE)
		return;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(object));
	harmless = HeapTupleIsValid(tuple) &&
		((Form_pg_proc) GETSTRUCT(tuple))->provolatile != PROVOLATILE_VOLATILE &&
		is_library_code(object, (Form_pg_proc) GETSTRUCT(tuple));
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	if (!harmless)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("function %u is not run to judge a script", object));
}

/* What is asked with the path of the shadow. */
typedef struct Question
{
	MigShadow  *shadow;
	void		(*function) (void *arg);
	void	   *arg;
} Question;

static void
ask(void *arg)
{
	Question   *question = arg;

	/* the subtransaction's end takes the path back */
	set_path(question->shadow);
	question->function(question->arg);
}

/*
 * Calls a function that asks the server something.  False: the server
 * answered with an error, of which nothing is left.
 */
bool
mig_fact_try(MigShadow *shadow, void (*function) (void *arg), void *arg)
{
	Question	question = {shadow, function, arg};
	object_access_hook_type before = object_access_hook;
	ErrorData  *error = NULL;

	/* questions nest */
	if (before != refuse_to_run)
		next_object_access = before;
	object_access_hook = refuse_to_run;
	PG_TRY();
	{
		error = mig_sql_try(ask, &question);
	}
	PG_FINALLY();
	{
		object_access_hook = before;
	}
	PG_END_TRY();
	if (error == NULL)
		return true;
	FreeErrorData(error);
	return false;
}

/*
 * Transforming
 */

/* The columns as a target list: what cannot be named has the empty name. */
static List *
columns_as_targets(MigRel *rel)
{
	List	   *targets = NIL;
	ListCell   *lc;

	foreach(lc, mig_rel_columns(rel))
	{
		MigColumn  *column = lfirst(lc);
		bool		known = column->name != NULL && OidIsValid(column->type);
		Const	   *value = known ?
			makeNullConst(column->type, column->typmod, column->collation) :
			makeNullConst(INT4OID, -1, InvalidOid);

		targets = lappend(targets,
						  makeTargetEntry((Expr *) value, column->attnum,
										  pstrdup(known ? column->name : ""),
										  false));
	}
	return targets;
}

/* What the parser has to know to see the columns of the relation. */
static ParseState *
parse_state(MigRel *rel, ParseExprKind kind)
{
	ParseState *pstate = make_parsestate(NULL);
	Query	   *query = makeNode(Query);
	ParseNamespaceItem *item;

	/* a default cannot use them */
	if (kind == EXPR_KIND_COLUMN_DEFAULT)
		return pstate;
	query->commandType = CMD_SELECT;
	query->targetList = columns_as_targets(rel);
	item = addRangeTableEntryForSubquery(pstate, query,
										 makeAlias(rel->name, NIL), false, true);
	addNSItemToQuery(pstate, item, true, true, true);
	return pstate;
}

typedef struct TransformTry
{
	MigRel	   *rel;
	Node	   *expression;
	Oid			type;
	int32		typmod;
	ParseExprKind kind;
	Node	   *result;
} TransformTry;

static void
try_to_transform(void *arg)
{
	TransformTry *try = arg;
	ParseState *pstate = parse_state(try->rel, try->kind);
	Node	   *node = transformExpr(pstate, copyObject(try->expression), try->kind);

	if (OidIsValid(try->type))
		node = coerce_to_target_type(pstate, node, exprType(node), try->type,
									 try->typmod, COERCION_ASSIGNMENT,
									 COERCE_IMPLICIT_CAST, -1);
	if (node != NULL)
		assign_expr_collations(pstate, node);
	try->result = node;
}

/*
 * An expression as the parser left it, analyzed over the relation's columns
 * and coerced to a type unless that is InvalidOid.  NULL: it cannot be, for
 * something in it is not here.
 */
Node *
mig_fact_transform(MigRel *rel, Node *expression, Oid type, int32 typmod,
				   ParseExprKind kind)
{
	TransformTry try = {rel, expression, type, typmod, kind, NULL};

	return mig_fact_try(rel->shadow, try_to_transform, &try) ? try.result : NULL;
}

/*
 * Planning
 */

/* Is it a function of the user? */
static bool
is_user_code(Oid function, void *context)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return true;
	result = !is_library_code(function, (Form_pg_proc) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	return result;
}

static bool
calls_user_code(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, calls_user_code, context, 0);
	return check_functions_in_node(node, is_user_code, context) ||
		expression_tree_walker(node, calls_user_code, context);
}

/*
 * Does an analyzed query call functions of the user, also as operators and
 * casts?  To plan it, the server calls them with constants and with what
 * statistics know of columns.
 */
bool
mig_fact_calls_user_code(Query *query)
{
	return calls_user_code((Node *) query, NULL);
}

/* A function of the user that planning would or could run. */
static bool
is_foreign_code(Oid function, void *context)
{
	HeapTuple	tuple;
	bool		result;

	if (function < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return true;
	result = ((Form_pg_proc) GETSTRUCT(tuple))->provolatile != PROVOLATILE_VOLATILE ||
		((Form_pg_proc) GETSTRUCT(tuple))->prolang != SQLlanguageId;
	ReleaseSysCache(tuple);
	return result;
}

static bool
calls_foreign_code(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_foreign_code, context))
		return true;
	return expression_tree_walker(node, calls_foreign_code, context);
}

/*
 * The expression as the planner simplifies it.  That evaluates functions that
 * are immutable, so one with functions of the user's stays as it is: nothing of
 * a script is run here.
 */
Node *
mig_fact_planned(Node *transformed)
{
	if (calls_foreign_code(transformed, NULL))
		return transformed;
	return (Node *) expression_planner((Expr *) transformed);
}

typedef struct VolatilityTry
{
	Node	   *expression;
	char		result;
} VolatilityTry;

static void
try_volatility(void *arg)
{
	VolatilityTry *try = arg;
	Node	   *expression = try->expression;

	/* planning may inline a volatile function that is none */
	if (contain_volatile_functions(expression))
		expression = mig_fact_planned(expression);
	if (contain_volatile_functions(expression))
		try->result = PROVOLATILE_VOLATILE;
	else if (contain_mutable_functions(expression))
		try->result = PROVOLATILE_STABLE;
	else
		try->result = PROVOLATILE_IMMUTABLE;
}

/* How volatile a transformed expression is: a letter of pg_proc.provolatile. */
char
mig_fact_volatility(Node *transformed)
{
	VolatilityTry try = {transformed, PROVOLATILE_VOLATILE};
	MigShadow	here = {0};

	/* names have been looked up */
	return transformed != NULL && mig_fact_try(&here, try_volatility, &try) ?
		try.result : PROVOLATILE_VOLATILE;
}

typedef struct RoutineSearch
{
	MigShadow  *shadow;
	Node	   *expression;
	bool		found;
} RoutineSearch;

static bool
calls_routine_of_set(Node *node, RoutineSearch *search)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall))
	{
		const char *name = strVal(llast(((FuncCall *) node)->funcname));
		ListCell   *lc;

		foreach(lc, search->shadow->routines)
		{
			if (strcmp(((MigNamed *) lfirst(lc))->name, name) == 0)
			{
				search->found = true;
				return true;
			}
		}
	}
	return raw_expression_tree_walker(node, calls_routine_of_set, search);
}

static void
try_routines(void *arg)
{
	RoutineSearch *search = arg;

	(void) calls_routine_of_set(search->expression, search);
}

/*
 * Does the expression call what the set creates, replaces or drops?  Then what
 * the catalog has of the function will not count.
 */
bool
mig_fact_uses_routine_of_set(MigShadow *shadow, Node *raw)
{
	RoutineSearch search = {shadow, raw, false};

	if (shadow->routines == NIL)
		return false;
	/* a node that the walker does not know is an error */
	return !mig_fact_try(shadow, try_routines, &search) || search.found;
}

/*
 * What is proven
 */

/* "column IS NOT NULL", of a column that is. */
static Node *
not_null_test(const MigColumn *column)
{
	NullTest   *test = makeNode(NullTest);

	test->arg = (Expr *) makeVar(1, column->attnum, column->type,
								 column->typmod, column->collation, 0);
	test->nulltesttype = IS_NOT_NULL;
	test->argisrow = false;
	test->location = -1;
	return (Node *) test;
}

/* The expression of a CHECK; NULL: not known. */
static Node *
check_expression(MigRel *rel, MigConstraint *constraint)
{
	if (constraint->check != NULL)
		return copyObject(constraint->check);
	if (constraint->definition == NULL || constraint->definition->raw_expr == NULL)
		return NULL;
	return mig_fact_transform(rel, constraint->definition->raw_expr, BOOLOID, -1,
							  EXPR_KIND_CHECK_CONSTRAINT);
}

/*
 * What all rows of the relation are known to satisfy: its valid CHECKs and,
 * if asked for, its columns that are not null.  Prepared for
 * predicate_implied_by() as the server does for its own proofs.
 */
List *
mig_fact_proven(MigRel *rel, bool not_nulls)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);
		Node	   *check;

		if (constraint->type != CONSTRAINT_CHECK || constraint->dropped ||
			!constraint->valid || !constraint->enforced ||
			mig_rel_loses(rel, constraint))
			continue;
		check = check_expression(rel, constraint);
		if (check == NULL)
			continue;
		if (!calls_foreign_code(check, NULL))
			check = eval_const_expressions(NULL, check);
		check = (Node *) canonicalize_qual((Expr *) check, true);
		result = list_concat(result, make_ands_implicit((Expr *) check));
	}
	if (!not_nulls)
		return result;
	foreach(lc, mig_rel_columns(rel))
	{
		MigColumn  *column = lfirst(lc);

		if (column->name != NULL && column->not_null && OidIsValid(column->type))
			result = lappend(result, not_null_test(column));
	}
	return result;
}
