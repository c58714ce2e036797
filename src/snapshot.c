/*-------------------------------------------------------------------------
 *
 * snapshot.c
 *	  May a statement give its snapshot up while it waits; doing so.
 *
 * A statement that waits for CREATE INDEX CONCURRENTLY in another process
 * must not hold a snapshot: the index build waits for all old snapshots, and
 * as the statement waits on a latch, no deadlock detector would ever see the
 * circle.  So a caller gives its snapshot up while it waits and takes a new
 * one afterwards.  That is right only for a statement that nothing else hangs
 * on: mig_snapshot_obstacle() tells whether this is one, and once the snapshot
 * is given up, the backend's published xmin proves it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "snapshot.h"

/*
 * Is this statement bare?
 */

typedef struct PlanCheck
{
	Oid			function;		/* the one that asks */
	bool		found;
} PlanCheck;

/* A function that may run queries: any but ours and the server's. */
static bool
is_other_function(Oid function, void *arg)
{
	PlanCheck  *check = arg;

	if (function == check->function)
		check->found = true;
	return function >= FirstNormalObjectId && function != check->function;
}

/* Does an expression do anything but call us and the server's functions? */
static bool
does_more(Node *node, PlanCheck *check)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_other_function, check))
		return true;
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan))
		return true;
	/* its constraints call what they like */
	if (IsA(node, CoerceToDomain) &&
		((CoerceToDomain *) node)->resulttype >= FirstNormalObjectId)
		return true;
	return expression_tree_walker(node, does_more, check);
}

/* The same for a plan: anything unknown does more. */
static bool
plan_does_more(Plan *plan, PlanCheck *check)
{
	if (plan == NULL)
		return false;
	switch (nodeTag(plan))
	{
		case T_Result:
			if (does_more(((Result *) plan)->resconstantqual, check))
				return true;
			break;
		case T_FunctionScan:
			if (does_more((Node *) ((FunctionScan *) plan)->functions, check))
				return true;
			break;
		case T_Limit:
			if (does_more(((Limit *) plan)->limitOffset, check) ||
				does_more(((Limit *) plan)->limitCount, check))
				return true;
			break;
		case T_SubqueryScan:
			if (plan_does_more(((SubqueryScan *) plan)->subplan, check))
				return true;
			break;
		case T_ProjectSet:
		case T_Agg:
		case T_Sort:
			break;
		default:
			return true;
	}
	return plan->initPlan != NIL ||
		does_more((Node *) plan->targetlist, check) ||
		does_more((Node *) plan->qual, check) ||
		plan_does_more(plan->lefttree, check) ||
		plan_does_more(plan->righttree, check);
}

/*
 * Is the statement nothing but a call of this function, its rows perhaps
 * counted, sorted, or cut?  Then no scan holds a pointer to its snapshot.
 */
static bool
statement_is_call(PlannedStmt *stmt, Oid function)
{
	PlanCheck	check = {function, false};
	ListCell   *lc;

	if (stmt->commandType != CMD_SELECT || stmt->hasModifyingCTE ||
		stmt->rowMarks != NIL || stmt->subplans != NIL)
		return false;
	foreach(lc, stmt->rtable)
	{
		if (lfirst_node(RangeTblEntry, lc)->rtekind == RTE_RELATION)
			return false;
	}
	return !plan_does_more(stmt->planTree, &check) && check.found;
}

/* The query of the portal that runs, if it is a plain SELECT; or NULL. */
static QueryDesc *
running_query(void)
{
	if (ActivePortal == NULL || ActivePortal->strategy != PORTAL_ONE_SELECT)
		return NULL;
	return ActivePortal->queryDesc;
}

/*
 * Is the statement's own snapshot the only active one?  Whoever called the
 * statement, say a PL/pgSQL loop, has one beneath it.  The stack can be looked
 * at only by taking its top off; the portal's reference keeps the snapshot.
 */
static bool
snapshot_is_only_one(QueryDesc *query)
{
	bool		only;

	if (!ActiveSnapshotSet() || GetActiveSnapshot() != query->snapshot ||
		query->snapshot->regd_count == 0)
		return false;
	PopActiveSnapshot();
	only = !ActiveSnapshotSet();
	PushActiveSnapshot(query->snapshot);
	return only;
}

/*
 * Why this call cannot be given to a runner, as the end of a sentence that
 * starts with "because"; NULL if it can.
 */
const char *
mig_snapshot_obstacle(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	QueryDesc  *query = running_query();

	if (!IsUnderPostmaster)
		return "the server runs in single-user mode";
	if (RecoveryInProgress())
		return "the server is in recovery";
	if (MyXactFlags & XACT_FLAGS_PIPELINING)
		return "it is called inside a pipeline, after another statement";
	if (IsTransactionBlock() || IsSubTransaction())
		return "it is called inside a transaction block";
	if (IsolationUsesXactSnapshot())
		return MIG_OBSTACLE_ISOLATION;
	if (IsInParallelMode())
		return "it is called by a parallel query";
	if (query == NULL || !statement_is_call(query->plannedstmt,
											fcinfo->flinfo->fn_oid))
		return "it is part of a larger statement";
	if (ActivePortal->cursorOptions & CURSOR_OPT_HOLD)
		return "it is called by a cursor";
	if (!snapshot_is_only_one(query) || SPI_inside_nonatomic_context() ||
		(rsinfo != NULL && IsA(rsinfo, ReturnSetInfo) &&
		 rsinfo->econtext->ecxt_estate != query->estate))
		return "it is called from a function or by EXECUTE";
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return "its transaction has already changed something";
	return NULL;
}

/* What to do about an obstacle, as the end of a sentence. */
const char *
mig_snapshot_hint(const char *obstacle)
{
	if (strcmp(obstacle, MIG_OBSTACLE_ISOLATION) == 0 && !IsTransactionBlock())
		return "after SET default_transaction_isolation = 'read committed';";
	return "alone, outside a transaction block.";
}

/*
 * The statement's snapshot
 */

/*
 * An index build in another session does not wait for a backend with this
 * flag.  As in the server itself, it is set only while no xid and no xmin is
 * published; should a look-up in the catalogs publish one while we wait, it
 * blocks nobody.
 */
static void
set_safe_flag(bool on)
{
	LWLockAcquire(ProcArrayLock, LW_EXCLUSIVE);
	if (on)
		MyProc->statusFlags |= PROC_IN_SAFE_IC;
	else
		MyProc->statusFlags &= ~PROC_IN_SAFE_IC;
	ProcGlobal->statusFlags[MyProc->pgxactoff] = MyProc->statusFlags;
	LWLockRelease(ProcArrayLock);
}

/* The statement goes on as if it had started now. */
void
mig_snapshot_renew(Portal portal)
{
	QueryDesc  *query = portal->queryDesc;

	InvalidateCatalogSnapshot();
	set_safe_flag(false);
	if (!LocalTransactionIdIsValid(MyProc->fpLocalTransactionId))
	{
		VirtualTransactionId vxid;

		GET_VXID_FROM_PGPROC(vxid, *MyProc);
		VirtualXactLockTableInsert(vxid);
	}
	query->snapshot = RegisterSnapshotOnOwner(GetTransactionSnapshot(),
											  portal->resowner);
	query->estate->es_snapshot = RegisterSnapshotOnOwner(query->snapshot,
														 portal->resowner);
	PushActiveSnapshot(query->snapshot);
}

/*
 * Gives up every snapshot of this backend.  Afterwards nobody waits for us,
 * or this has raised an error.  After an error in what follows nothing needs
 * to be put back: the end of the transaction does it.
 */
void
mig_snapshot_release(Portal portal)
{
	QueryDesc  *query = running_query();

	if (query == NULL || !snapshot_is_only_one(query))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for a run inside another statement"),
				 errhint("Call the function alone, outside a transaction block.")));

	PopActiveSnapshot();
	UnregisterSnapshotFromOwner(query->estate->es_snapshot, portal->resowner);
	UnregisterSnapshotFromOwner(query->snapshot, portal->resowner);
	query->estate->es_snapshot = InvalidSnapshot;
	query->snapshot = InvalidSnapshot;
	InvalidateCatalogSnapshot();

	if (TransactionIdIsValid(MyProc->xmin) || TransactionIdIsValid(MyProc->xid))
	{
		mig_snapshot_renew(portal);
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for a run while this session holds a snapshot"),
				 errhint("Close the session's cursors, and call the function alone, outside a transaction block.")));
	}
	set_safe_flag(true);

	/*
	 * An index build that saw the snapshot a moment ago waits for the end of
	 * this transaction.  It waits for what cannot hurt it any more, and the
	 * run may be waiting for it: let it go.
	 */
	VirtualXactLockTableCleanup();
}
