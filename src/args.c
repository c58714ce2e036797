/*-------------------------------------------------------------------------
 *
 * args.c
 *	  What the SQL-callable functions share: arguments, values of result rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "args.h"
#include "files.h"
#include "guc.h"
#include "runctx.h"

/*
 * Arguments
 */

/* What every function that changes state refuses. */
void
mig_args_begin_change(const char *function)
{
	mig_refuse_nested(function);
	mig_refuse_read_only(function);
	mig_caller_is_self();
}

/*
 * Storing looks at what is stored now and locks it: an older snapshot of the
 * transaction would show what is not so any more.
 */
void
mig_args_begin_storing(const char *function)
{
	mig_args_begin_change(function);
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("migrate.%s() must be called in a READ COMMITTED transaction",
						function),
				 errhint("Run BEGIN ISOLATION LEVEL READ COMMITTED; first.")));
}

/* A text argument; NULL stays NULL. */
char *
mig_arg_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* A text argument that must be given and not be empty. */
char *
mig_arg_required_text(FunctionCallInfo fcinfo, int n, const char *name)
{
	char	   *value = mig_arg_text(fcinfo, n);

	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
	return value;
}

/* The project that an argument names, else the one that is set. */
const char *
mig_arg_project(FunctionCallInfo fcinfo, int n)
{
	char	   *project = mig_arg_text(fcinfo, n);

	if (project == NULL)
		return mig_project;
	if (*project == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a project must not be empty")));
	return project;
}

/* The elements of a text[] argument, which must be given. */
List *
mig_arg_text_list(FunctionCallInfo fcinfo, int n, const char *name,
				   bool with_nulls)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	List	   *result = NIL;

	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false,
					  TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i] && !with_nulls)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain nulls", name)));
		result = lappend(result,
						 nulls[i] ? NULL : TextDatumGetCString(values[i]));
	}
	return result;
}

/* A scalar of a JSON object as text. */
static char *
json_scalar(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return value->val.boolean ? "true" : "false";
		default:
			return NULL;
	}
}

/* The argument variables: an object of scalars. */
List *
mig_arg_variables(FunctionCallInfo fcinfo, int n)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	MigVariable *variable = NULL;
	List	   *result = NIL;

	if (PG_ARGISNULL(n))
		return NIL;
	if (!JB_ROOT_IS_OBJECT(PG_GETARG_JSONB_P(n)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variables must be a JSON object"),
				 errhint("Give names and values: '{\"name\": \"value\"}'.")));
	iterator = JsonbIteratorInit(&PG_GETARG_JSONB_P(n)->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			variable = palloc(sizeof(MigVariable));
			variable->name = json_scalar(&value);
		}
		else if (token == WJB_VALUE)
		{
			variable->value = json_scalar(&value);
			if (variable->value == NULL)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("the value of variable \"%s\" is not a text, a number or a boolean",
								variable->name)));
			result = lappend(result, variable);
		}
	}
	return result;
}

/*
 * Result rows
 */

/* Sets a column to a text or to null. */
void
mig_put_text(Datum *values, bool *nulls, int column, const char *value)
{
	nulls[column] = value == NULL;
	if (value != NULL)
		values[column] = CStringGetTextDatum(value);
}

Datum
mig_interval(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = microseconds;
	return IntervalPGetDatum(interval);
}
