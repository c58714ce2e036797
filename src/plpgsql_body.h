/*-------------------------------------------------------------------------
 *
 * plpgsql_body.h
 *	  The SQL in a PL/pgSQL body, found by PL/pgSQL's own grammar.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PLPGSQL_BODY_H
#define MIG_PLPGSQL_BODY_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "parser/parser.h"

typedef enum MigPlKind
{
	MIG_PL_STATEMENT,			/* an SQL statement */
	MIG_PL_PERFORM,				/* PERFORM, as the SELECT it becomes */
	MIG_PL_EXPRESSION,			/* an expression */
	MIG_PL_EXECUTE,				/* an expression whose value is executed */
	MIG_PL_TRANSACTION			/* COMMIT or ROLLBACK */
} MigPlKind;

/* What the grammar hands on to SQL. */
typedef struct MigPlSql
{
	MigPlKind	kind;
	const char *text;			/* as it stands in the body, but for INTO */
	RawParseMode mode;			/* how the SQL grammar is to read it */
	int			line;			/* of the PL/pgSQL statement, from 1 */
} MigPlSql;

extern List *mig_plpgsql_block(const char *source);
extern List *mig_plpgsql_routine(CreateFunctionStmt *stmt, const char *source);

#endif							/* MIG_PLPGSQL_BODY_H */
