/*-------------------------------------------------------------------------
 *
 * plpgsql_body.c
 *	  The SQL in a PL/pgSQL body, found by PL/pgSQL's own grammar.
 *
 * plpgsql.so offers its parser only as part of something larger, and what is
 * visible of it from 17 on are two ways in.
 *
 * The body of a DO block is given to the inline handler.  A plugin of PL/pgSQL
 * sees the parsed block before anything of it runs; ours takes what it wants
 * and leaves an empty block to be run.  That writes nothing and needs no
 * transaction number.
 *
 * A function is compiled from its row in pg_proc, as its parameters and result
 * decide what the grammar accepts.  So it gets one, in the caller's
 * subtransaction, which has to be rolled back.  The row is all there is of it:
 * no dependencies, no privileges, a schema that does not exist, and so no
 * name that anybody could call it by.
 *
 * Compiling looks up types; no expression of the body is planned, let alone
 * evaluated.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/catalog.h"
#include "catalog/indexing.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/event_trigger.h"
#include "commands/proclang.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_node.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "plpgsql.h"

#include "plpgsql_body.h"

typedef PLpgSQL_function *(*Compiler) (FunctionCallInfo fcinfo,
									   bool for_validator);

/* A walk over a compiled body. */
typedef struct Walk
{
	PLpgSQL_function *function;
	MemoryContext context;		/* of what is found */
	List	   *found;			/* of MigPlSql * */
} Walk;

/* The walk that the plugin is to make. */
static Walk *block_walk;

/*
 * The OID of every function that is compiled here.  It is taken once: PL/pgSQL
 * remembers a function by its OID, and so forgets the one before.
 */
static Oid	function_oid = InvalidOid;

/* A function of PL/pgSQL's library, which is loaded if it is not yet. */
static void *
plpgsql_symbol(const char *name)
{
	return load_external_function("$libdir/plpgsql", name, true, NULL);
}

/* ----------------------------------------------------------------
 * The tree
 * ----------------------------------------------------------------
 */

static void
add_text(Walk *walk, MigPlKind kind, const char *text, RawParseMode mode,
		 int line)
{
	MemoryContext caller = MemoryContextSwitchTo(walk->context);
	MigPlSql   *sql = palloc(sizeof(MigPlSql));

	sql->kind = kind;
	sql->text = pstrdup(text);
	sql->mode = mode;
	sql->line = line;
	walk->found = lappend(walk->found, sql);
	MemoryContextSwitchTo(caller);
}

static void
add(Walk *walk, MigPlKind kind, const PLpgSQL_expr *expr, int line)
{
	if (expr != NULL)
		add_text(walk, kind, expr->query, expr->parseMode, line);
}

static void
add_all(Walk *walk, List *exprs, int line)
{
	ListCell   *lc;

	foreach(lc, exprs)
		add(walk, MIG_PL_EXPRESSION, lfirst(lc), line);
}

static void walk_list(Walk *walk, List *statements);

/* The declarations of a block: defaults, and the queries of cursors. */
static void
walk_declarations(Walk *walk, const PLpgSQL_stmt_block *block)
{
	for (int i = 0; i < block->n_initvars; i++)
	{
		PLpgSQL_datum *datum =
			walk->function->datums[block->initvarnos[i]];
		PLpgSQL_variable *variable = (PLpgSQL_variable *) datum;

		/* what else there is has no declaration of its own */
		if (datum->dtype != PLPGSQL_DTYPE_VAR &&
			datum->dtype != PLPGSQL_DTYPE_REC)
			continue;
		add(walk, MIG_PL_EXPRESSION, variable->default_val, variable->lineno);
		if (datum->dtype == PLPGSQL_DTYPE_VAR)
			add(walk, MIG_PL_STATEMENT,
				((PLpgSQL_var *) datum)->cursor_explicit_expr,
				variable->lineno);
	}
}

static void
walk_block(Walk *walk, const PLpgSQL_stmt_block *block)
{
	ListCell   *lc;

	walk_declarations(walk, block);
	walk_list(walk, block->body);
	if (block->exceptions == NULL)
		return;
	foreach(lc, block->exceptions->exc_list)
		walk_list(walk, ((PLpgSQL_exception *) lfirst(lc))->action);
}

static void
walk_if(Walk *walk, const PLpgSQL_stmt_if *stmt)
{
	ListCell   *lc;

	add(walk, MIG_PL_EXPRESSION, stmt->cond, stmt->lineno);
	walk_list(walk, stmt->then_body);
	foreach(lc, stmt->elsif_list)
	{
		PLpgSQL_if_elsif *arm = lfirst(lc);

		add(walk, MIG_PL_EXPRESSION, arm->cond, arm->lineno);
		walk_list(walk, arm->stmts);
	}
	walk_list(walk, stmt->else_body);
}

static void
walk_case(Walk *walk, const PLpgSQL_stmt_case *stmt)
{
	ListCell   *lc;

	add(walk, MIG_PL_EXPRESSION, stmt->t_expr, stmt->lineno);
	foreach(lc, stmt->case_when_list)
	{
		PLpgSQL_case_when *arm = lfirst(lc);

		add(walk, MIG_PL_EXPRESSION, arm->expr, arm->lineno);
		walk_list(walk, arm->stmts);
	}
	walk_list(walk, stmt->else_stmts);
}

static void
walk_raise(Walk *walk, const PLpgSQL_stmt_raise *stmt)
{
	ListCell   *lc;

	add_all(walk, stmt->params, stmt->lineno);
	foreach(lc, stmt->options)
		add(walk, MIG_PL_EXPRESSION,
			((PLpgSQL_raise_option *) lfirst(lc))->expr, stmt->lineno);
}

/* Statements that are a query, or an expression whose value is one. */
static void
walk_query(Walk *walk, const PLpgSQL_expr *query, const PLpgSQL_expr *dynamic,
		   List *params, int line)
{
	add(walk, MIG_PL_STATEMENT, query, line);
	add(walk, MIG_PL_EXECUTE, dynamic, line);
	add_all(walk, params, line);
}

/* A loop; true if the statement is one. */
static bool
walk_loop(Walk *walk, const PLpgSQL_stmt *stmt)
{
	int			line = stmt->lineno;

	switch (stmt->cmd_type)
	{
		case PLPGSQL_STMT_LOOP:
			walk_list(walk, ((PLpgSQL_stmt_loop *) stmt)->body);
			return true;
		case PLPGSQL_STMT_WHILE:
			add(walk, MIG_PL_EXPRESSION, ((PLpgSQL_stmt_while *) stmt)->cond,
				line);
			walk_list(walk, ((PLpgSQL_stmt_while *) stmt)->body);
			return true;
		case PLPGSQL_STMT_FORI:
			add(walk, MIG_PL_EXPRESSION, ((PLpgSQL_stmt_fori *) stmt)->lower,
				line);
			add(walk, MIG_PL_EXPRESSION, ((PLpgSQL_stmt_fori *) stmt)->upper,
				line);
			add(walk, MIG_PL_EXPRESSION, ((PLpgSQL_stmt_fori *) stmt)->step,
				line);
			walk_list(walk, ((PLpgSQL_stmt_fori *) stmt)->body);
			return true;
		case PLPGSQL_STMT_FORS:
			add(walk, MIG_PL_STATEMENT, ((PLpgSQL_stmt_fors *) stmt)->query,
				line);
			walk_list(walk, ((PLpgSQL_stmt_fors *) stmt)->body);
			return true;
		case PLPGSQL_STMT_FORC:
			add(walk, MIG_PL_EXPRESSION,
				((PLpgSQL_stmt_forc *) stmt)->argquery, line);
			walk_list(walk, ((PLpgSQL_stmt_forc *) stmt)->body);
			return true;
		case PLPGSQL_STMT_DYNFORS:
			walk_query(walk, NULL, ((PLpgSQL_stmt_dynfors *) stmt)->query,
					   ((PLpgSQL_stmt_dynfors *) stmt)->params, line);
			walk_list(walk, ((PLpgSQL_stmt_dynfors *) stmt)->body);
			return true;
		case PLPGSQL_STMT_FOREACH_A:
			add(walk, MIG_PL_EXPRESSION,
				((PLpgSQL_stmt_foreach_a *) stmt)->expr, line);
			walk_list(walk, ((PLpgSQL_stmt_foreach_a *) stmt)->body);
			return true;
		default:
			return false;
	}
}

/* Statements with expressions and nothing below them. */
static void
walk_expressions(Walk *walk, const PLpgSQL_stmt *stmt)
{
	PLpgSQL_expr *expr = NULL;

	switch (stmt->cmd_type)
	{
		case PLPGSQL_STMT_ASSIGN:
			expr = ((PLpgSQL_stmt_assign *) stmt)->expr;
			break;
		case PLPGSQL_STMT_EXIT:
			expr = ((PLpgSQL_stmt_exit *) stmt)->cond;
			break;
		case PLPGSQL_STMT_RETURN:
			expr = ((PLpgSQL_stmt_return *) stmt)->expr;
			break;
		case PLPGSQL_STMT_RETURN_NEXT:
			expr = ((PLpgSQL_stmt_return_next *) stmt)->expr;
			break;
		case PLPGSQL_STMT_FETCH:
			expr = ((PLpgSQL_stmt_fetch *) stmt)->expr;
			break;
		case PLPGSQL_STMT_ASSERT:
			add(walk, MIG_PL_EXPRESSION, ((PLpgSQL_stmt_assert *) stmt)->cond,
				stmt->lineno);
			expr = ((PLpgSQL_stmt_assert *) stmt)->message;
			break;
		default:				/* GET DIAGNOSTICS, CLOSE: nothing */
			break;
	}
	add(walk, MIG_PL_EXPRESSION, expr, stmt->lineno);
}

static void
walk_statement(Walk *walk, const PLpgSQL_stmt *stmt)
{
	int			line = stmt->lineno;

	if (walk_loop(walk, stmt))
		return;
	switch (stmt->cmd_type)
	{
		case PLPGSQL_STMT_BLOCK:
			walk_block(walk, (PLpgSQL_stmt_block *) stmt);
			break;
		case PLPGSQL_STMT_IF:
			walk_if(walk, (PLpgSQL_stmt_if *) stmt);
			break;
		case PLPGSQL_STMT_CASE:
			walk_case(walk, (PLpgSQL_stmt_case *) stmt);
			break;
		case PLPGSQL_STMT_RAISE:
			walk_raise(walk, (PLpgSQL_stmt_raise *) stmt);
			break;
		case PLPGSQL_STMT_EXECSQL:
			add(walk, MIG_PL_STATEMENT,
				((PLpgSQL_stmt_execsql *) stmt)->sqlstmt, line);
			break;
		case PLPGSQL_STMT_PERFORM:
			add(walk, MIG_PL_PERFORM, ((PLpgSQL_stmt_perform *) stmt)->expr,
				line);
			break;
		case PLPGSQL_STMT_CALL:
			add(walk, MIG_PL_STATEMENT, ((PLpgSQL_stmt_call *) stmt)->expr,
				line);
			break;
		case PLPGSQL_STMT_DYNEXECUTE:
			walk_query(walk, NULL, ((PLpgSQL_stmt_dynexecute *) stmt)->query,
					   ((PLpgSQL_stmt_dynexecute *) stmt)->params, line);
			break;
		case PLPGSQL_STMT_RETURN_QUERY:
			walk_query(walk, ((PLpgSQL_stmt_return_query *) stmt)->query,
					   ((PLpgSQL_stmt_return_query *) stmt)->dynquery,
					   ((PLpgSQL_stmt_return_query *) stmt)->params, line);
			break;
		case PLPGSQL_STMT_OPEN:
			walk_query(walk, ((PLpgSQL_stmt_open *) stmt)->query,
					   ((PLpgSQL_stmt_open *) stmt)->dynquery,
					   ((PLpgSQL_stmt_open *) stmt)->params, line);
			add(walk, MIG_PL_EXPRESSION,
				((PLpgSQL_stmt_open *) stmt)->argquery, line);
			break;
		case PLPGSQL_STMT_COMMIT:
			add_text(walk, MIG_PL_TRANSACTION, "COMMIT", RAW_PARSE_DEFAULT,
					 line);
			break;
		case PLPGSQL_STMT_ROLLBACK:
			add_text(walk, MIG_PL_TRANSACTION, "ROLLBACK", RAW_PARSE_DEFAULT,
					 line);
			break;
		default:
			walk_expressions(walk, stmt);
			break;
	}
}

static void
walk_list(Walk *walk, List *statements)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, statements)
		walk_statement(walk, lfirst(lc));
}

/* ----------------------------------------------------------------
 * DO blocks
 * ----------------------------------------------------------------
 */

/*
 * The plugin's hook: PL/pgSQL has parsed the block and not begun to run it.
 * What is left of it is the RETURN that the compiler puts at its end.
 */
static void
take_block(PLpgSQL_execstate *estate, PLpgSQL_function *function)
{
	PLpgSQL_stmt_block *block = function->action;
	PLpgSQL_stmt *last = llast(block->body);

	if (last->cmd_type != PLPGSQL_STMT_RETURN)
		elog(ERROR, "a block ends without RETURN"); /* cannot happen */
	block_walk->function = function;
	walk_block(block_walk, block);
	block->body = list_make1(last);
	block->n_initvars = 0;
	block->exceptions = NULL;
}

/*
 * The SQL in a DO block, a list of MigPlSql; what is wrong with the block is
 * an error.
 */
List *
mig_plpgsql_block(const char *source)
{
	static PLpgSQL_plugin plugin = {.func_setup = take_block};
	static PGFunction handler = NULL;
	void	  **hook = find_rendezvous_variable("PLpgSQL_plugin");
	void	   *before = *hook;
	InlineCodeBlock *block = makeNode(InlineCodeBlock);
	Walk		walk = {.context = CurrentMemoryContext};

	if (handler == NULL)
		handler = (PGFunction) plpgsql_symbol("plpgsql_inline_handler");
	block->source_text = pstrdup(source);
	block->langOid = get_language_oid("plpgsql", false);
	block->langIsTrusted = true;
	block->atomic = true;
	block_walk = &walk;
	*hook = &plugin;
	PG_TRY();
	{
		(void) DirectFunctionCall1(handler, PointerGetDatum(block));
	}
	PG_FINALLY();
	{
		*hook = before;
		block_walk = NULL;
	}
	PG_END_TRY();
	return walk.found;
}

/* ----------------------------------------------------------------
 * Functions and procedures
 * ----------------------------------------------------------------
 */

/*
 * A type, or one that PL/pgSQL takes for any: the type may be what an earlier
 * statement, which has not run yet, creates.
 */
static TypeName *
known_type(const TypeName *type, Oid otherwise)
{
	Type		found = LookupTypeName(NULL, type, NULL, true);

	if (found == NULL)
	{
		TypeName   *stand_in = makeTypeNameFromOid(otherwise, -1);

		stand_in->setof = type->setof;
		return stand_in;
	}
	ReleaseSysCache(found);
	return copyObject(unconstify(TypeName *, type));
}

/* The parameters without their defaults, of types that exist. */
static List *
known_parameters(List *parameters)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, parameters)
	{
		FunctionParameter *given = lfirst_node(FunctionParameter, lc);
		FunctionParameter *parameter = makeNode(FunctionParameter);

		*parameter = *given;
		parameter->argType =
			known_type(given->argType,
					   given->mode == FUNC_PARAM_VARIADIC ? INT4ARRAYOID : RECORDOID);
		parameter->defexpr = NULL;
		result = lappend(result, parameter);
	}
	return result;
}

/* Puts an array that may be missing into a row. */
static void
set_array(Datum *values, bool *nulls, int attribute, ArrayType *array)
{
	nulls[attribute - 1] = array == NULL;
	values[attribute - 1] = PointerGetDatum(array);
}

/* The row in pg_proc, as far as PL/pgSQL's compiler reads it. */
static HeapTuple
form_row(TupleDesc description, CreateFunctionStmt *stmt,
		 const char *source)
{
	Datum		values[Natts_pg_proc] = {0};
	bool		nulls[Natts_pg_proc] = {0};
	ParseState *pstate = make_parsestate(NULL);
	Oid			language = get_language_oid("plpgsql", false);
	NameData	name;
	oidvector  *types;
	List	   *type_list = NIL;
	ArrayType  *all_types;
	ArrayType  *modes;
	ArrayType  *names;
	List	   *in_names = NIL;
	List	   *defaults = NIL;
	Oid			variadic;
	Oid			result;
	bool		set = false;

	interpret_function_parameter_list(pstate,
									  known_parameters(stmt->parameters),
									  language,
									  stmt->is_procedure ? OBJECT_PROCEDURE : OBJECT_FUNCTION,
									  &types, &type_list, &all_types, &modes,
									  &names, &in_names, &defaults,
									  &variadic, &result);
	free_parsestate(pstate);
	if (stmt->returnType != NULL)
	{
		result = typenameTypeId(NULL, known_type(stmt->returnType, RECORDOID));
		set = stmt->returnType->setof;
	}
	else if (!OidIsValid(result))
		result = VOIDOID;
	namestrcpy(&name, strVal(llast(stmt->funcname)));

	values[Anum_pg_proc_oid - 1] = ObjectIdGetDatum(function_oid);
	values[Anum_pg_proc_proname - 1] = NameGetDatum(&name);
	values[Anum_pg_proc_pronamespace - 1] = ObjectIdGetDatum(function_oid);
	values[Anum_pg_proc_proowner - 1] = ObjectIdGetDatum(GetUserId());
	values[Anum_pg_proc_prolang - 1] = ObjectIdGetDatum(language);
	values[Anum_pg_proc_provariadic - 1] = ObjectIdGetDatum(variadic);
	values[Anum_pg_proc_prosupport - 1] = ObjectIdGetDatum(InvalidOid);
	values[Anum_pg_proc_procost - 1] = Float4GetDatum(100);
	values[Anum_pg_proc_prorows - 1] = Float4GetDatum(set ? 1000 : 0);
	values[Anum_pg_proc_prokind - 1] =
		CharGetDatum(stmt->is_procedure ? PROKIND_PROCEDURE : PROKIND_FUNCTION);
	values[Anum_pg_proc_proretset - 1] = BoolGetDatum(set);
	values[Anum_pg_proc_provolatile - 1] = CharGetDatum(PROVOLATILE_VOLATILE);
	values[Anum_pg_proc_proparallel - 1] = CharGetDatum(PROPARALLEL_UNSAFE);
	values[Anum_pg_proc_pronargs - 1] = UInt16GetDatum(types->dim1);
	values[Anum_pg_proc_prorettype - 1] = ObjectIdGetDatum(result);
	values[Anum_pg_proc_proargtypes - 1] = PointerGetDatum(types);
	set_array(values, nulls, Anum_pg_proc_proallargtypes, all_types);
	set_array(values, nulls, Anum_pg_proc_proargmodes, modes);
	set_array(values, nulls, Anum_pg_proc_proargnames, names);
	values[Anum_pg_proc_prosrc - 1] = CStringGetTextDatum(source);
	nulls[Anum_pg_proc_proargdefaults - 1] = true;
	nulls[Anum_pg_proc_protrftypes - 1] = true;
	nulls[Anum_pg_proc_probin - 1] = true;
	nulls[Anum_pg_proc_prosqlbody - 1] = true;
	nulls[Anum_pg_proc_proconfig - 1] = true;
	nulls[Anum_pg_proc_proacl - 1] = true;
	return heap_form_tuple(description, values, nulls);
}

/* Inserts the row, for the rest of the subtransaction; its result type. */
static Oid
insert_row(CreateFunctionStmt *stmt, const char *source)
{
	Relation	relation = table_open(ProcedureRelationId, RowExclusiveLock);
	HeapTuple	row;
	Oid			result;

	if (!OidIsValid(function_oid) ||
		SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(function_oid)))
		function_oid = GetNewOidWithIndex(relation, ProcedureOidIndexId,
										  Anum_pg_proc_oid);
	row = form_row(RelationGetDescr(relation), stmt, source);
	CatalogTupleInsert(relation, row);
	result = ((Form_pg_proc) GETSTRUCT(row))->prorettype;
	heap_freetuple(row);
	table_close(relation, RowExclusiveLock);
	CommandCounterIncrement();
	return result;
}

/* Compiles the function as PL/pgSQL's validator does. */
static PLpgSQL_function *
compile(Oid result)
{
	static Compiler compiler = NULL;
	LOCAL_FCINFO(fcinfo, 0);
	FmgrInfo	flinfo = {.fn_oid = function_oid,.fn_mcxt = CurrentMemoryContext};
	TriggerData trigger = {.type = T_TriggerData};
	EventTriggerData event_trigger = {.type = T_EventTriggerData};

	if (compiler == NULL)
		compiler = (Compiler) plpgsql_symbol("plpgsql_compile");
	MemSet(fcinfo, 0, SizeForFunctionCallInfo(0));
	fcinfo->flinfo = &flinfo;
	if (result == TRIGGEROID)
		fcinfo->context = (Node *) &trigger;
	else if (result == EVENT_TRIGGEROID)
		fcinfo->context = (Node *) &event_trigger;
	return compiler(fcinfo, true);
}

/*
 * PL/pgSQL keeps what it compiles for as long as the session lasts.  This is
 * how its own plpgsql_free_function_memory() leaves a function, which is not
 * visible to us; nothing in it has a plan yet.
 */
static void
free_function(PLpgSQL_function *function)
{
	MemoryContext context = function->fn_cxt;

	function->ndatums = 0;
	function->action = NULL;
	function->fn_cxt = NULL;
	MemoryContextDelete(context);
}

/*
 * Before 18, a function that does not compile leaves its memory behind.  New
 * contexts come first among their siblings: they are those before the one
 * that was the first, if that is still there.
 */
static void
free_leftover(MemoryContext first_before)
{
	MemoryContext context = TopMemoryContext->firstchild;

	while (context != NULL && context != first_before)
		context = context->nextchild;
	if (context == NULL)
		return;
	context = TopMemoryContext->firstchild;
	while (context != first_before)
	{
		MemoryContext next = context->nextchild;

		if (strcmp(context->name, "PL/pgSQL function") == 0)
			MemoryContextDelete(context);
		context = next;
	}
}

/*
 * The SQL in a function's or procedure's body, a list of MigPlSql; what is
 * wrong with it is an error.  The caller rolls its subtransaction back.
 */
List *
mig_plpgsql_routine(CreateFunctionStmt *stmt, const char *source)
{
	Walk		walk = {.context = CurrentMemoryContext};
	MemoryContext first = TopMemoryContext->firstchild;
	Oid			result;

	if (RecoveryInProgress())
		ereport(ERROR,
				errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				errmsg("a function in PL/pgSQL cannot be compiled on a standby"));
	result = insert_row(stmt, source);
	PG_TRY();
	{
		walk.function = compile(result);
	}
	PG_CATCH();
	{
		free_leftover(first);
		PG_RE_THROW();
	}
	PG_END_TRY();
	walk_block(&walk, walk.function->action);
	free_function(walk.function);
	return walk.found;
}
