/*-------------------------------------------------------------------------
 *
 * copyin.c
 *	  COPY ... FROM stdin with inline data.
 *
 * The server's COPY takes its data from a callback here, not from a client.
 * What the server's own entry point does before it reads is done here in the
 * same order: the right to insert, read-only transactions, row security.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_attribute.h"
#include "commands/copy.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "tcop/utility.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "copyin.h"

/* What is left of the data; the server's callback has no argument. */
static const char *rest;
static int	rest_len;

/* Hands out the next bytes. */
static int
next_data(void *buffer, int minread, int maxread)
{
	int			n = Min(maxread, rest_len);

	CHECK_FOR_INTERRUPTS();
	memcpy(buffer, rest, n);
	rest += n;
	rest_len -= n;
	return n;
}

/*
 * The data was converted to the database's encoding when the script was
 * stored, whatever the statement or client_encoding say.
 */
static List *
with_server_encoding(List *options)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "encoding") != 0)
			result = lappend(result, option);
	}
	return lappend(result,
				   makeDefElem("encoding",
							   (Node *) makeString(pstrdup(GetDatabaseEncodingName())),
							   -1));
}

/* The filter runs before generated columns are computed. */
static void
check_where_columns(Relation rel, Node *clause)
{
	Bitmapset  *columns = NULL;
	int			i = -1;

	pull_varattnos(clause, 1, &columns);
	if (bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns))
		columns = bms_add_range(columns, 1 - FirstLowInvalidHeapAttributeNumber,
								RelationGetNumberOfAttributes(rel) -
								FirstLowInvalidHeapAttributeNumber);
	while ((i = bms_next_member(columns, i)) >= 0)
	{
		AttrNumber	column = i + FirstLowInvalidHeapAttributeNumber;

		if (column > 0 &&
			TupleDescAttr(RelationGetDescr(rel), column - 1)->attgenerated)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
					 errmsg("generated columns are not supported in COPY FROM WHERE conditions"),
					 errdetail("Column \"%s\" is a generated column.",
							   NameStr(TupleDescAttr(RelationGetDescr(rel), column - 1)->attname))));
	}
}

/* The filter of COPY ... WHERE, as CopyFrom wants it. */
static Node *
transform_where(ParseState *pstate, ParseNamespaceItem *item, Relation rel,
				Node *clause)
{
	if (clause == NULL)
		return NULL;
	addNSItemToQuery(pstate, item, false, true, true);
	clause = transformExpr(pstate, clause, EXPR_KIND_COPY_WHERE);
	clause = coerce_to_boolean(pstate, clause, "WHERE");
	assign_expr_collations(pstate, clause);
	check_where_columns(rel, clause);
	clause = eval_const_expressions(NULL, clause);
	clause = (Node *) canonicalize_qual((Expr *) clause, false);
	return (Node *) make_ands_implicit((Expr *) clause);
}

/* Refuses what the current role or transaction must not do. */
static void
check_rights(ParseState *pstate, ParseNamespaceItem *item, Relation rel,
			 List *columns)
{
	Bitmapset  *inserted = NULL;
	ListCell   *lc;

	foreach(lc, CopyGetAttnums(RelationGetDescr(rel), rel, columns))
		inserted = bms_add_member(inserted, lfirst_int(lc) -
								  FirstLowInvalidHeapAttributeNumber);
	mig_check_insert(pstate, item, inserted);
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY FROM is not supported with row-level security"),
				 errhint("Use INSERT statements instead.")));
	if (!rel->rd_islocaltemp)
		PreventCommandIfReadOnly("COPY FROM");
}

/*
 * Runs COPY ... FROM stdin on 'len' bytes of data within the open
 * transaction.  'source' is the statement's text, for error positions.
 */
void
mig_copy_in(CopyStmt *stmt, const char *source, const char *data, int len)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *item;
	CopyFromState state;
	Relation	rel;
	Node	   *where;

	PushActiveSnapshot(GetTransactionSnapshot());
	pstate->p_sourcetext = source;
	rel = table_openrv(stmt->relation, RowExclusiveLock);
	item = addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL,
										 false, false);
	where = transform_where(pstate, item, rel, stmt->whereClause);
	check_rights(pstate, item, rel, stmt->attlist);
	rest = data;
	rest_len = len;
	state = BeginCopyFrom(pstate, rel, where, NULL, false, next_data,
						  stmt->attlist, with_server_encoding(stmt->options));
	(void) CopyFrom(state);
	EndCopyFrom(state);
	table_close(rel, NoLock);
	free_parsestate(pstate);
	PopActiveSnapshot();
}
