/*-------------------------------------------------------------------------
 *
 * args.h
 *	  What the SQL-callable functions share: arguments, values of result rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_ARGS_H
#define MIG_ARGS_H

#include "fmgr.h"
#include "nodes/pg_list.h"

extern void mig_args_begin_change(const char *function);
extern void mig_args_begin_storing(const char *function);
extern char *mig_arg_text(FunctionCallInfo fcinfo, int n);
extern char *mig_arg_required_text(FunctionCallInfo fcinfo, int n, const char *name);
extern const char *mig_arg_project(FunctionCallInfo fcinfo, int n);
extern List *mig_arg_text_list(FunctionCallInfo fcinfo, int n, const char *name, bool with_nulls);
extern List *mig_arg_variables(FunctionCallInfo fcinfo, int n);
extern void mig_put_text(Datum *values, bool *nulls, int column, const char *value);
extern Datum mig_interval(int64 microseconds);

#endif							/* MIG_ARGS_H */
