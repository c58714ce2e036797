/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  The differences between the server versions migrate is built for.
 *
 * Every shim has the newest version's signature and names the versions it
 * stands in for.  No other file tests PG_VERSION_NUM.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_COMPAT_H
#define MIG_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "migrate supports PostgreSQL 15 to 18"
#endif

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_constraint.h"
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "postmaster/bgworker.h"
#include "replication/slot.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "utils/backend_status.h"
#include "utils/guc_tables.h"
#include "utils/regproc.h"
#include "utils/wait_event.h"

/* LockHeldByMe() got its third argument in 17. */
static inline bool
mig_lock_held_by_me(const LOCKTAG *tag, LOCKMODE mode)
{
#if PG_VERSION_NUM >= 170000
	return LockHeldByMe(tag, mode, false);
#else
	return LockHeldByMe(tag, mode);
#endif
}

/* A lock's holder was told by two fields before 17. */
static inline VirtualTransactionId
mig_lock_vxid(const LockInstanceData *lock)
{
#if PG_VERSION_NUM >= 170000
	return lock->vxid;
#else
	VirtualTransactionId vxid;

	vxid.backendId = lock->backend;
	vxid.localTransactionId = lock->lxid;
	return vxid;
#endif
}

/*
 * LockAcquireExtended() of a lock that is held already; it got its last
 * argument in 18.
 */
static inline LOCALLOCK *
mig_lock_again(const LOCKTAG *tag, LOCKMODE mode)
{
	LOCALLOCK  *local = NULL;

#if PG_VERSION_NUM >= 180000
	(void) LockAcquireExtended(tag, mode, false, true, true, &local, false);
#else
	(void) LockAcquireExtended(tag, mode, false, true, true, &local);
#endif
	return local;
}

/*
 * The locks of this process in a partition of the server's table: the one after
 * that, or with NULL the first one.  Its lists are of another kind since 16.
 */
static inline PROCLOCK *
mig_next_proclock(int partition, PROCLOCK *proclock)
{
#if PG_VERSION_NUM >= 160000
	dlist_head *list = &MyProc->myProcLocks[partition];

	if (proclock == NULL)
		return dlist_is_empty(list) ? NULL :
			dlist_head_element(PROCLOCK, procLink, list);
	return dlist_has_next(list, &proclock->procLink) ?
		dlist_container(PROCLOCK, procLink,
						dlist_next_node(list, &proclock->procLink)) : NULL;
#else
	SHM_QUEUE  *list = &MyProc->myProcLocks[partition];

	return (PROCLOCK *) SHMQueueNext(list, proclock ? &proclock->procLink : list,
									 offsetof(PROCLOCK, procLink));
#endif
}

/* The weak locks on relations that are with a process itself; more in 18. */
#if PG_VERSION_NUM >= 180000
#define MIG_FAST_PATH_SLOTS	FastPathLockSlotsPerBackend()
#define MIG_FAST_PATH_BITS(slot) \
	(MyProc->fpLockBits[(slot) / FP_LOCK_SLOTS_PER_GROUP] >> \
	 3 * ((slot) % FP_LOCK_SLOTS_PER_GROUP))
#else
#define MIG_FAST_PATH_SLOTS	FP_LOCK_SLOTS_PER_BACKEND
#define MIG_FAST_PATH_BITS(slot)	(MyProc->fpLockBits >> 3 * (slot))
#endif

/* Three bits for each, the lowest one for ACCESS SHARE. */
static inline LOCKMASK
mig_fast_path_modes(int slot)
{
	return (LOCKMASK) (MIG_FAST_PATH_BITS(slot) & 7) << AccessShareLock;
}

/* stringToQualifiedNameList() got its second argument in 16. */
static inline List *
mig_qualified_name(const char *name)
{
#if PG_VERSION_NUM >= 160000
	return stringToQualifiedNameList(name, NULL);
#else
	return stringToQualifiedNameList(name);
#endif
}

/* ReplicationSlotCleanup() got its argument in 17. */
static inline void
mig_replication_slot_cleanup(void)
{
#if PG_VERSION_NUM >= 170000
	ReplicationSlotCleanup(false);
#else
	ReplicationSlotCleanup();
#endif
}

/* PortalRun() lost its argument run_once in 18. */
static inline bool
mig_portal_run(Portal portal, bool toplevel, DestReceiver *dest,
			   QueryCompletion *completion)
{
#if PG_VERSION_NUM >= 180000
	return PortalRun(portal, FETCH_ALL, toplevel, dest, dest, completion);
#else
	return PortalRun(portal, FETCH_ALL, toplevel, true, dest, dest,
					 completion);
#endif
}

/* Permissions moved out of the range table in 16. */
static inline void
mig_check_insert(ParseState *pstate, ParseNamespaceItem *item,
				 Bitmapset *columns)
{
#if PG_VERSION_NUM >= 160000
	item->p_perminfo->requiredPerms = ACL_INSERT;
	item->p_perminfo->insertedCols = columns;
	(void) ExecCheckPermissions(pstate->p_rtable, list_make1(item->p_perminfo),
								true);
#else
	item->p_rte->requiredPerms = ACL_INSERT;
	item->p_rte->insertedCols = columns;
	(void) ExecCheckRTPerms(pstate->p_rtable, true);
#endif
}

/* SET LOGGED and UNLOGGED are refused for a partitioned table from 18 on. */
#define MIG_PARTITIONED_PERSISTENCE_IS_FIXED (PG_VERSION_NUM >= 180000)

/* Values added to an enum of the same transaction can be used from 17 on. */
#define MIG_NEW_ENUM_TAKES_VALUES (PG_VERSION_NUM >= 170000)

/* A foreign key must join collations of one kind from 18 on. */
#define MIG_REFERENCE_NEEDS_SAME_COLLATION (PG_VERSION_NUM >= 180000)

/* Written in front of a declaration from 18 on. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* A worker could not connect as a role without LOGIN before 17. */
#if PG_VERSION_NUM < 170000
#define BGWORKER_BYPASS_ROLELOGINCHECK 0
#endif

/* NOT NULL of a table is a row of pg_constraint from 18 on. */
#if PG_VERSION_NUM < 170000
#define CONSTRAINT_NOTNULL 'n'
#endif
static const bool mig_not_null_is_constraint = PG_VERSION_NUM >= 180000;

/* Constraints can be not enforced from 18 on. */
static inline bool
mig_constraint_is_enforced(Form_pg_constraint constraint)
{
#if PG_VERSION_NUM >= 180000
	return constraint->conenforced;
#else
	return true;
#endif
}

/* Generated columns can be virtual from 18 on. */
static inline bool
mig_generated_is_virtual(const Constraint *constraint)
{
#if PG_VERSION_NUM >= 180000
	return constraint->generated_kind == ATTRIBUTE_GENERATED_VIRTUAL;
#else
	return false;
#endif
}

/* The same of a column that is here: a letter of pg_attribute. */
static inline bool
mig_attribute_is_virtual(char generated)
{
#if PG_VERSION_NUM >= 180000
	return generated == ATTRIBUTE_GENERATED_VIRTUAL;
#else
	return false;
#endif
}

/* SET EXPRESSION came in 17; no command has this number before. */
#if PG_VERSION_NUM < 170000
#define AT_SetExpression	((AlterTableType) -1)
#endif

/* Partitions have the identity of their parent from 17 on. */
static inline bool
mig_identity_is_inherited(void)
{
	return PG_VERSION_NUM >= 170000;
}

/* ADD CONSTRAINT locks all that is below the table from 18 on. */
static inline bool
mig_add_constraint_locks_children(void)
{
	return PG_VERSION_NUM >= 180000;
}

/* A definition says NOT ENFORCED from 18 on. */
static inline bool
mig_definition_is_enforced(const Constraint *constraint)
{
#if PG_VERSION_NUM >= 180000
	/* the grammar says so of these two only */
	if (constraint->contype == CONSTR_CHECK ||
		constraint->contype == CONSTR_FOREIGN)
		return constraint->is_enforced;
	return true;
#else
	return true;
#endif
}

/* The same as an attribute that follows a column's constraint. */
static inline bool
mig_is_not_enforced_attribute(const Constraint *constraint)
{
#if PG_VERSION_NUM >= 180000
	return constraint->contype == CONSTR_ATTR_NOT_ENFORCED;
#else
	return false;
#endif
}

/* The same: is it deferrable afterwards? */
static inline bool
mig_altered_deferrable(const AlterTableCmd *command, bool before)
{
#if PG_VERSION_NUM >= 180000
	ATAlterConstraint *change = castNode(ATAlterConstraint, command->def);

	return change->alterDeferrability ? change->deferrable : before;
#else
	return castNode(Constraint, command->def)->deferrable;
#endif
}

/* The same: is it deferred? */
static inline bool
mig_altered_deferred(const AlterTableCmd *command, bool before)
{
#if PG_VERSION_NUM >= 180000
	ATAlterConstraint *change = castNode(ATAlterConstraint, command->def);

	return change->alterDeferrability ? change->initdeferred : before;
#else
	return castNode(Constraint, command->def)->initdeferred;
#endif
}

/* NOT NULL of 18 names its column as a list. */
static inline char *
mig_not_null_column(const Constraint *constraint)
{
#if PG_VERSION_NUM >= 180000
	return constraint->keys ? strVal(linitial(constraint->keys)) : NULL;
#else
	return NULL;
#endif
}

/* ALTER CONSTRAINT: its node changed in 18, which can enforce as well. */
static inline const char *
mig_altered_constraint(const AlterTableCmd *command, bool *enforces,
					   bool *enforced)
{
#if PG_VERSION_NUM >= 180000
	ATAlterConstraint *change = castNode(ATAlterConstraint, command->def);

	*enforces = change->alterEnforceability;
	*enforced = change->is_enforced;
#else
	Constraint *change = castNode(Constraint, command->def);

	*enforces = *enforced = false;
#endif
	return change->conname;
}

/* NOT NULL is a constraint, which may be NOT VALID, from 18 on. */
static inline bool
mig_not_null_is_valid(Oid relation, AttrNumber attnum)
{
#if PG_VERSION_NUM >= 180000
	HeapTuple	tuple = findNotNullConstraintAttnum(relation, attnum);
	bool		valid = true;

	if (HeapTupleIsValid(tuple))
	{
		valid = ((Form_pg_constraint) GETSTRUCT(tuple))->convalidated;
		heap_freetuple(tuple);
	}
	return valid;
#else
	return true;
#endif
}

/* GRANT and REVOKE lock the table from 18 on. */
static inline bool
mig_grant_locks(void)
{
	return PG_VERSION_NUM >= 180000;
}

/* Says this attribute of a column's constraint that it is enforced, or not? */
static inline bool
mig_is_enforcement(const Constraint *constraint)
{
#if PG_VERSION_NUM >= 180000
	return constraint->contype == CONSTR_ATTR_ENFORCED ||
		constraint->contype == CONSTR_ATTR_NOT_ENFORCED;
#else
	return false;
#endif
}

/* Keys can be without overlaps from 18 on: they are exclusion constraints. */
static inline bool
mig_is_without_overlaps(const Constraint *constraint)
{
#if PG_VERSION_NUM >= 180000
	return constraint->without_overlaps;
#else
	return false;
#endif
}

/* Foreign keys of partitioned tables can be NOT VALID from 18 on. */
static inline bool
mig_partitioned_key_can_wait(void)
{
	return PG_VERSION_NUM >= 180000;
}

/* Memory of a setting's check hook: the server has its own way from 16 on. */
static inline void *
mig_guc_malloc(size_t size)
{
#if PG_VERSION_NUM >= 160000
	return guc_malloc(LOG, size);
#else
	return malloc(size);
#endif
}

/* RETURNING became a clause with options in 18. */
static inline List *
mig_returning_list(Node *stmt)
{
#if PG_VERSION_NUM >= 180000
	ReturningClause *clause = IsA(stmt, UpdateStmt) ?
		((UpdateStmt *) stmt)->returningClause :
		((DeleteStmt *) stmt)->returningClause;

	return clause ? clause->exprs : NIL;
#else
	return IsA(stmt, UpdateStmt) ? ((UpdateStmt *) stmt)->returningList :
		((DeleteStmt *) stmt)->returningList;
#endif
}

/* Which rows a WHEN of MERGE is for; those BY SOURCE are new in 17. */
typedef enum MigMergeKind
{
	MIG_MERGE_MATCHED,
	MIG_MERGE_INSERT,			/* NOT MATCHED [BY TARGET] */
	MIG_MERGE_ORPHAN,			/* NOT MATCHED BY SOURCE */
	MIG_MERGE_KINDS
} MigMergeKind;

static inline MigMergeKind
mig_merge_kind(const MergeWhenClause *when)
{
#if PG_VERSION_NUM >= 170000
	return when->matchKind == MERGE_WHEN_MATCHED ? MIG_MERGE_MATCHED :
		when->matchKind == MERGE_WHEN_NOT_MATCHED_BY_TARGET ? MIG_MERGE_INSERT :
		MIG_MERGE_ORPHAN;
#else
	return when->matched ? MIG_MERGE_MATCHED : MIG_MERGE_INSERT;
#endif
}

/* Wait events of extensions have names from 17 on. */
static inline uint32
mig_wait_event(const char *name)
{
#if PG_VERSION_NUM >= 170000
	return WaitEventExtensionNew(name);
#else
	return PG_WAIT_EXTENSION;
#endif
}

/* get_guc_variables() returned the server's own array before 16. */
static inline struct config_generic **
mig_guc_variables(int *n)
{
#if PG_VERSION_NUM >= 160000
	return get_guc_variables(n);
#else
	*n = GetNumConfigOptions();
	return get_guc_variables();
#endif
}

/* Entries of the local copy of pg_stat_activity: renamed in 16. */
static inline LocalPgBackendStatus *
mig_local_beentry_by_index(int idx)
{
#if PG_VERSION_NUM >= 160000
	return pgstat_get_local_beentry_by_index(idx);
#else
	return pgstat_fetch_stat_local_beentry(idx);
#endif
}

/* The module's name and version are known to the server from 18 on. */
#if PG_VERSION_NUM >= 180000
#define MIG_MODULE_MAGIC(module, module_version) \
	PG_MODULE_MAGIC_EXT(.name = module, .version = module_version)
#else
#define MIG_MODULE_MAGIC(module, module_version)	PG_MODULE_MAGIC
#endif

/* A part of a query: from 18 on, and before. */
#if PG_VERSION_NUM >= 180000
#define MIG_SQL_18(since, before)	since
#else
#define MIG_SQL_18(since, before)	before
#endif

#endif							/* MIG_COMPAT_H */
