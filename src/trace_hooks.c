/*-------------------------------------------------------------------------
 *
 * trace_hooks.c
 *	  What the server's hooks tell of a statement that runs.
 *
 * Which objects it makes, changes and drops, which triggers it fires, and
 * whether it is about to do what no rollback undoes.  Also what happens inside
 * of functions is heard.  The hooks are in place for the rest of the process
 * and do nothing but while a statement is listened to.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "storage/proc.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "irreversible.h"
#include "trace_hooks.h"

/* The words of dry_run(). */
const char *const mig_trace_changes[] = {
	[MIG_CREATED] = "created",
	[MIG_CHANGED] = "changed",
	[MIG_DROPPED] = "dropped",
	[MIG_TRUNCATED] = "truncated"
};

/* An object of which a hook told, and what it depends on. */
typedef struct Heard
{
	MigTraceObject object;
	List	   *owners;			/* of ObjectAddress * */
	bool		internal;		/* the server did it for itself */
} Heard;

/* What was heard, by what the hook told. */
typedef struct KnownObject
{
	struct
	{
		MigTraceChange change;
		ObjectAddress address;
	}			key;
	Heard	   *heard;
} KnownObject;

/* Whoever had the hooks before. */
static object_access_hook_type next_object_access;
static ExecutorStart_hook_type next_executor_start;
static ExecutorEnd_hook_type next_executor_end;
static ProcessUtility_hook_type next_process_utility;
static fmgr_hook_type next_fmgr;

/* Is what no rollback undoes refused, also between statements? */
static bool guarding;

/* How long a lock is waited for, in milliseconds; 0: without limit. */
static int	longest_wait;

/* What was refused since mig_trace_hooks_listen(); NULL: nothing. */
static const char *refused;

/* The statement that is listened to. */
static struct
{
	bool		active;
	MemoryContext context;
	List	   *heard;			/* of Heard *, in their order */
	HTAB	   *known;			/* of KnownObject: the same; NULL: no statement */
	List	   *remade;			/* of Heard *: those that the server dropped for
								 * itself */
	List	   *triggers;		/* of MigTraceTrigger * */
}			ear;

/*
 * Objects
 */

/* May the server be asked how the object is called? */
static bool
has_identity(const ObjectAddress *address)
{
	return is_objectclass_supported(address->classId) ||
		address->classId == AttrDefaultRelationId;
}

/* TOAST belongs to its table, and transient tables to nobody. */
static bool
is_hidden(const ObjectAddress *address)
{
	Oid			namespace;

	if (address->classId == NamespaceRelationId)
		return isAnyTempNamespace(address->objectId);
	if (address->classId != RelationRelationId)
		return false;
	namespace = get_rel_namespace(address->objectId);
	return !OidIsValid(namespace) || IsCatalogNamespace(namespace) ||
		IsToastNamespace(namespace);
}

/* What an object is a part of: it is made and dropped with that. */
static List *
find_owners(const ObjectAddress *address)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	List	   *owners = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(address->classId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(address->objectId));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress *owner;

		if (row->deptype == DEPENDENCY_NORMAL ||
			row->objsubid != address->objectSubId)
			continue;
		owner = palloc(sizeof(ObjectAddress));
		ObjectAddressSubSet(*owner, row->refclassid, row->refobjid,
							row->refobjsubid);
		owners = lappend(owners, owner);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return owners;
}

/* Did a snapshot see the object? */
static bool
existed(const ObjectAddress *address, Snapshot snapshot)
{
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	if (!is_objectclass_supported(address->classId) ||
		address->objectSubId != 0)
		return false;
	catalog = table_open(address->classId, AccessShareLock);
	ScanKeyInit(&key, get_object_attnum_oid(address->classId),
				BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(address->objectId));
	scan = systable_beginscan(catalog, get_object_oid_index(address->classId),
							  true, snapshot, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/* Fills in how the object is called, if it is there. */
static void
describe(Heard *heard)
{
	if (heard->object.name != NULL || is_hidden(&heard->object.address))
		return;
	heard->object.name = getObjectIdentity(&heard->object.address, true);
	heard->object.type = getObjectTypeDescription(&heard->object.address, true);
	heard->owners = find_owners(&heard->object.address);
}

/*
 * Rows of catalogs that are no objects of their own stand for one.  Of a new
 * default the server names table and column.
 */
static ObjectAddress
object_of(MigTraceChange *change, Oid class, Oid object, int sub)
{
	ObjectAddress address;

	if (class == IndexRelationId || class == InheritsRelationId)
	{
		class = RelationRelationId;
		sub = 0;
	}
	else if (class == AttrDefaultRelationId && sub != 0)
	{
		class = RelationRelationId;
		*change = MIG_CHANGED;
	}
	ObjectAddressSubSet(address, class, object, sub);
	return address;
}

/* What was heard of an object, as the hook told it; NULL: nothing. */
static Heard *
find_heard(MigTraceChange change, const ObjectAddress *address)
{
	KnownObject known = {.key.change = change,.key.address = *address};
	KnownObject *found = hash_search(ear.known, &known.key, HASH_FIND, NULL);

	return found ? found->heard : NULL;
}

static void
keep_heard(Heard *heard)
{
	KnownObject known = {.key.change = heard->object.change,
	.key.address = heard->object.address};
	KnownObject *found = hash_search(ear.known, &known.key, HASH_ENTER, NULL);

	found->heard = heard;
}

/*
 * Keeps what a hook told.  What is new cannot be seen before the end of its
 * command, what is dropped cannot be seen afterwards.
 */
static void
hear(MigTraceChange change, Oid class, Oid object, int sub, bool internal)
{
	MemoryContext caller;
	Heard	   *heard;
	ObjectAddress address = object_of(&change, class, object, sub);

	if (!has_identity(&address) || find_heard(change, &address) != NULL)
		return;
	caller = MemoryContextSwitchTo(ear.context);
	heard = palloc0(sizeof(Heard));
	heard->object.change = change;
	heard->object.address = address;
	heard->internal = internal;
	if (change != MIG_CREATED)
		describe(heard);
	ear.heard = lappend(ear.heard, heard);
	if (internal)
		ear.remade = lappend(ear.remade, heard);
	keep_heard(heard);
	MemoryContextSwitchTo(caller);
}

/* A script may catch the error: that it came to it is remembered. */
static void
refuse(const MigIrreversible *found)
{
	refused = MemoryContextStrdup(TopTransactionContext, found->what);
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s cannot be part of a dry run", found->what),
			 errdetail("It %s, which no rollback undoes.", found->effect),
			 errhint("Call dry_run with force => true to run it all the same.")));
}

static void
hear_function(Oid function)
{
	MigIrreversible found;

	if (guarding && mig_irreversible_function(function, &found))
		refuse(&found);
}

/* What the server does for itself is no news. */
static bool
is_internal(ObjectAccessType access, void *arg)
{
	switch (access)
	{
		case OAT_POST_CREATE:
			return arg && ((ObjectAccessPostCreate *) arg)->is_internal;
		case OAT_POST_ALTER:
			return arg && ((ObjectAccessPostAlter *) arg)->is_internal;
		case OAT_DROP:
			return arg && (((ObjectAccessDrop *) arg)->dropflags &
						   PERFORM_DELETION_INTERNAL);
		default:
			return false;
	}
}

static void
hear_access(ObjectAccessType access, Oid class, Oid object, int sub, void *arg)
{
	bool		internal = is_internal(access, arg);

	/* what is dropped to be made again is told by its making */
	if (internal && access != OAT_DROP)
		return;
	switch (access)
	{
		case OAT_POST_CREATE:
			hear(MIG_CREATED, class, object, sub, false);
			break;
		case OAT_POST_ALTER:
			hear(MIG_CHANGED, class, object, sub, false);
			break;
		case OAT_DROP:
			hear(MIG_DROPPED, class, object, sub, internal);
			break;
		case OAT_TRUNCATE:
			hear(MIG_TRUNCATED, class, object, sub, false);
			break;
		case OAT_FUNCTION_EXECUTE:
		case OAT_NAMESPACE_SEARCH:
			break;
	}
}

/* What it costs to listen is not the statement's. */
static void
on_object_access(ObjectAccessType access, Oid class, Oid object, int sub,
				 void *arg)
{
	BufferUsage buffers = pgBufferUsage;

	if (next_object_access)
		next_object_access(access, class, object, sub, arg);
	if (access == OAT_FUNCTION_EXECUTE)
		hear_function(object);
	else if (ear.active)
	{
		ear.active = false;
		PG_TRY();
		{
			hear_access(access, class, object, sub, arg);
		}
		PG_FINALLY();
		{
			/* the statement may catch an error and go on */
			ear.active = true;
			pgBufferUsage = buffers;
		}
		PG_END_TRY();
	}
}

/*
 * Waiting
 */

/*
 * A statement of a function or DO block may have set lock_timeout, or a
 * function may have its own one: not beyond what the rehearsal allows.
 */
static void
cap_lock_waits(void)
{
	if (longest_wait > 0 && (LockTimeout == 0 || LockTimeout > longest_wait))
		LockTimeout = longest_wait;
}

/*
 * Triggers
 */

/* A trigger as EXPLAIN names it: one of a constraint by that. */
static char *
trigger_name(const Trigger *trigger, Relation relation)
{
	char	   *constraint = OidIsValid(trigger->tgconstraint) ?
		get_constraint_name(trigger->tgconstraint) : NULL;

	return psprintf("%s %s on %s", constraint ? "constraint" : "trigger",
					quote_identifier(constraint ? constraint : trigger->tgname),
					quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
											   RelationGetRelationName(relation)));
}

/* Counts; -1 is 'at least once'. */
static void
add_trigger(char *name, int64 fired)
{
	MigTraceTrigger *trigger;
	ListCell   *lc;

	foreach(lc, ear.triggers)
	{
		trigger = lfirst(lc);
		if (strcmp(trigger->name, name) == 0)
		{
			trigger->fired = fired < 0 || trigger->fired < 0 ? -1 :
				trigger->fired + fired;
			return;
		}
	}
	trigger = palloc(sizeof(MigTraceTrigger));
	trigger->name = name;
	trigger->fired = fired;
	ear.triggers = lappend(ear.triggers, trigger);
}

/* The triggers that a query fired on one of its relations. */
static void
hear_relation(ResultRelInfo *info)
{
	if (info->ri_TrigDesc == NULL || info->ri_TrigInstrument == NULL)
		return;
	for (int i = 0; i < info->ri_TrigDesc->numtriggers; i++)
	{
		Instrumentation *count = &info->ri_TrigInstrument[i];

		InstrEndLoop(count);
		if (count->ntuples > 0)
			add_trigger(trigger_name(&info->ri_TrigDesc->triggers[i],
									 info->ri_RelationDesc),
						(int64) count->ntuples);
	}
}

static void
hear_relations(List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
		hear_relation(lfirst(lc));
}

/* A query of a statement ends: its triggers have fired, or will at the commit. */
static void
on_executor_end(QueryDesc *query)
{
	if (ear.active)
	{
		MemoryContext caller = MemoryContextSwitchTo(ear.context);
		EState	   *estate = query->estate;

		hear_relations(estate->es_opened_result_relations);
		hear_relations(estate->es_tuple_routing_result_relations);
		hear_relations(estate->es_trig_target_relations);
		MemoryContextSwitchTo(caller);
	}
	if (next_executor_end)
		next_executor_end(query);
	else
		standard_ExecutorEnd(query);
	cap_lock_waits();
}

/* Does a query write to a foreign table? */
static void
check_targets(const PlannedStmt *plan)
{
	ListCell   *lc;

	foreach(lc, plan->resultRelations)
	{
		RangeTblEntry *rte = rt_fetch(lfirst_int(lc), plan->rtable);
		MigIrreversible found;

		if (get_rel_relkind(rte->relid) != RELKIND_FOREIGN_TABLE)
			continue;
		found.what = psprintf("writing to foreign table \"%s\"",
							  get_rel_name(rte->relid));
		found.effect = "changes data of another server";
		refuse(&found);
	}
}

static void
on_executor_start(QueryDesc *query, int eflags)
{
	if (!(eflags & EXEC_FLAG_EXPLAIN_ONLY))
	{
		if (guarding)
			check_targets(query->plannedstmt);
		if (ear.active)
			query->instrument_options |= INSTRUMENT_ROWS;
	}
	if (next_executor_start)
		next_executor_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

/*
 * COPY fires triggers without a query: those that are there for it.
 */
static void
hear_copy(const CopyStmt *copy)
{
	MemoryContext caller;
	Relation	relation;
	TriggerDesc *triggers;

	if (!copy->is_from || copy->relation == NULL)
		return;
	relation = table_openrv(copy->relation, AccessShareLock);
	caller = MemoryContextSwitchTo(ear.context);
	triggers = relation->trigdesc;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		if (TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype) &&
			triggers->triggers[i].tgenabled != TRIGGER_DISABLED)
			add_trigger(trigger_name(&triggers->triggers[i], relation), -1);
	}
	MemoryContextSwitchTo(caller);
	table_close(relation, NoLock);
}

/*
 * Comments, labels and privileges have no hook: what such a statement names is
 * looked up.  By the same lock as the statement has, so that none is told of
 * that it did not take.
 */
static void
hear_named(ObjectType type, Node *name, LOCKMODE mode)
{
	Relation	relation = NULL;
	ObjectAddress address = get_object_address(type, name, &relation, mode, true);

	if (relation != NULL)
		relation_close(relation, NoLock);
	if (OidIsValid(address.objectId))
		hear(MIG_CHANGED, address.classId, address.objectId,
			 address.objectSubId, false);
}

/* GRANT and REVOKE of named objects; what ALL IN SCHEMA is, they do not say. */
static void
hear_grant(const GrantStmt *grant)
{
	ListCell   *lc;

	if (grant->targtype != ACL_TARGET_OBJECT)
		return;
	foreach(lc, grant->objects)
	{
		Node	   *name = lfirst(lc);

		switch (grant->objtype)
		{
			case OBJECT_TABLE:
			case OBJECT_SEQUENCE:
				hear(MIG_CHANGED, RelationRelationId,
					 RangeVarGetRelid((RangeVar *) name, NoLock, true), 0, false);
				break;
			case OBJECT_TYPE:
			case OBJECT_DOMAIN:
				hear_named(OBJECT_TYPE,
						   (Node *) makeTypeNameFromNameList((List *) name),
						   AccessShareLock);
				break;
			case OBJECT_DATABASE:
			case OBJECT_FDW:
			case OBJECT_FOREIGN_SERVER:
			case OBJECT_FUNCTION:
			case OBJECT_LANGUAGE:
			case OBJECT_PROCEDURE:
			case OBJECT_ROUTINE:
			case OBJECT_SCHEMA:
				hear_named(grant->objtype, name, AccessShareLock);
				break;
			default:
				break;
		}
	}
}

/* Of ALTER TABLE, what has no hook either. */
static void
hear_alter(const AlterTableStmt *alter)
{
	ListCell   *lc;

	foreach(lc, alter->cmds)
	{
		switch (lfirst_node(AlterTableCmd, lc)->subtype)
		{
			case AT_EnableRowSecurity:
			case AT_DisableRowSecurity:
			case AT_ForceRowSecurity:
			case AT_NoForceRowSecurity:
				hear(MIG_CHANGED, RelationRelationId,
					 RangeVarGetRelid(alter->relation, NoLock, true), 0, false);
				break;
			default:
				break;
		}
	}
}

static void
hear_utility(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CommentStmt:
			hear_named(((CommentStmt *) stmt)->objtype,
					   ((CommentStmt *) stmt)->object, ShareUpdateExclusiveLock);
			break;
		case T_SecLabelStmt:
			hear_named(((SecLabelStmt *) stmt)->objtype,
					   ((SecLabelStmt *) stmt)->object, ShareUpdateExclusiveLock);
			break;
		case T_AlterTableStmt:
			hear_alter((AlterTableStmt *) stmt);
			break;
		case T_GrantStmt:
			hear_grant((GrantStmt *) stmt);
			break;
		case T_CopyStmt:
			hear_copy((CopyStmt *) stmt);
			break;
		default:
			break;
	}
}

static void
on_function(FmgrHookEventType event, FmgrInfo *function, Datum *arg)
{
	cap_lock_waits();
	if (next_fmgr)
		next_fmgr(event, function, arg);
}

static void
on_utility(PlannedStmt *plan, const char *text, bool read_only_tree,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *environment, DestReceiver *dest,
		   QueryCompletion *completion)
{
	MigIrreversible found;

	if (guarding && mig_irreversible_utility(plan->utilityStmt, &found))
		refuse(&found);
	if (next_process_utility)
		next_process_utility(plan, text, read_only_tree, context, params,
							 environment, dest, completion);
	else
		standard_ProcessUtility(plan, text, read_only_tree, context, params,
								environment, dest, completion);
	cap_lock_waits();
	if (ear.active)
		hear_utility(plan->utilityStmt);
}

/*
 * Listening
 */

/*
 * Once per process.  'guard': from here on what no rollback undoes is refused,
 * also in what runs at a commit.  'lock_timeout': no lock is waited for longer,
 * whatever the inside of a statement sets; 0: without limit.
 */
void
mig_trace_hooks_install(bool guard, int lock_timeout)
{
	static bool installed = false;

	guarding = guard;
	longest_wait = lock_timeout;
	if (installed)
		return;
	installed = true;
	next_object_access = object_access_hook;
	object_access_hook = on_object_access;
	next_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = on_executor_start;
	next_executor_end = ExecutorEnd_hook;
	ExecutorEnd_hook = on_executor_end;
	next_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = on_utility;
	next_fmgr = fmgr_hook;
	fmgr_hook = on_function;
}

static void
forget(void)
{
	ear.active = false;
	if (ear.known != NULL)
		hash_destroy(ear.known);
	ear.known = NULL;
	ear.heard = NIL;
	ear.remade = NIL;
	ear.triggers = NIL;
}

/* From here on, until mig_trace_hooks_stop(); what is heard lives there. */
void
mig_trace_hooks_listen(MemoryContext context)
{
	HASHCTL		control = {0};

	forget();
	control.keysize = sizeof(((KnownObject *) NULL)->key);
	control.entrysize = sizeof(KnownObject);
	control.hcxt = context;
	ear.known = hash_create("migrate objects", 64, &control,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	ear.context = context;
	refused = NULL;
	ear.active = true;
}

void
mig_trace_hooks_stop(void)
{
	forget();
}

/* What the statement was not let do, whether it failed for that or not. */
const char *
mig_trace_hooks_refused(void)
{
	return refused;
}

/* Is it among what was heard?  A creation may have turned out a change. */
static bool
is_heard(const ObjectAddress *address, MigTraceChange change)
{
	const Heard *heard = find_heard(change, address);

	if (heard != NULL && heard->object.change == change)
		return true;
	if (change == MIG_CHANGED)
		heard = find_heard(MIG_CREATED, address);
	return heard != NULL && heard->object.change == change;
}

/* Was the owner, or one of its columns, itself made or dropped? */
static bool
goes_with(const ObjectAddress *owner, MigTraceChange change)
{
	ObjectAddress whole = *owner;

	whole.objectSubId = 0;
	return is_heard(&whole, change) || is_heard(owner, change);
}

/* Is it told with something else that it is a part of? */
static bool
is_part(const Heard *heard)
{
	const MigTraceObject *object = &heard->object;
	ListCell   *lc;

	if (object->change == MIG_TRUNCATED)
		return false;
	/* what has a file of its own is always told */
	if (object->address.classId == RelationRelationId &&
		object->address.objectSubId == 0)
		return object->change == MIG_CHANGED &&
			goes_with(&object->address, MIG_CREATED);
	foreach(lc, heard->owners)
	{
		if (goes_with(lfirst(lc), object->change) ||
			(object->change == MIG_CHANGED &&
			 goes_with(lfirst(lc), MIG_CREATED)))
			return true;
	}
	/* a column of a new table, a change of what is new */
	return object->change != MIG_DROPPED &&
		object->address.classId == RelationRelationId &&
		goes_with(&(ObjectAddress) {RelationRelationId,
				  object->address.objectId, 0}, MIG_CREATED) &&
		object->address.objectSubId != 0;
}

/* Has the server dropped an object of that name, to make it again? */
static bool
was_remade(const MigTraceObject *made)
{
	ListCell   *lc;

	foreach(lc, ear.remade)
	{
		const Heard *heard = lfirst(lc);

		if (heard->object.name != NULL && made->name != NULL &&
			heard->object.address.classId == made->address.classId &&
			strcmp(heard->object.name, made->name) == 0)
			return true;
	}
	return false;
}

/* CREATE OR REPLACE tells of a creation, too. */
static void
find_replaced(Snapshot before)
{
	ListCell   *lc;

	foreach(lc, ear.heard)
	{
		Heard	   *heard = lfirst(lc);

		if (heard->object.change != MIG_CREATED)
			continue;
		describe(heard);
		if (existed(&heard->object.address, before) ||
			was_remade(&heard->object))
			heard->object.change = MIG_CHANGED;
	}
}

/*
 * The statement succeeded: what was heard becomes a part of its trace.  What
 * it made and dropped again is not told.
 */
void
mig_trace_hooks_finish(Snapshot before, MigTrace *trace)
{
	MemoryContext caller = MemoryContextSwitchTo(ear.context);
	ListCell   *lc;

	ear.active = false;
	find_replaced(before);
	foreach(lc, ear.heard)
	{
		Heard	   *heard = lfirst(lc);

		if (heard->object.name == NULL || heard->internal || is_part(heard) ||
			(heard->object.change == MIG_DROPPED &&
			 goes_with(&heard->object.address, MIG_CREATED)))
			continue;
		trace->objects = lappend(trace->objects, &heard->object);
	}
	trace->triggers = ear.triggers;
	forget();
	MemoryContextSwitchTo(caller);
}
