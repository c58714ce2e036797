/*-------------------------------------------------------------------------
 *
 * effect_table.c
 *	  What ALTER TABLE and its kin would do: locks, scans, rewrites.
 *
 * The server itself says which lock the target gets; which other relations a
 * command reaches, and what it does to each, is in the table below.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "commands/defrem.h"
#include "commands/tablecmds.h"
#include "commands/tablespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "compat.h"
#include "effect_alter.h"
#include "facts.h"

/*
 * Commands on the table as a whole
 */

/* The index of the target with that name; NULL: there is none. */
static MigRel *
index_named(MigRel *rel, const char *name)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(rel))
	{
		MigRel	   *index = lfirst(lc);

		if (name != NULL && strcmp(index->name, name) == 0)
			return index;
	}
	return NULL;
}

static void
cluster_on(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	MigRel	   *index = index_named(rel, command->name);

	if (index != NULL)
		mig_effect_lock(alter->effect, index, ShareUpdateExclusiveLock);
}

static void
replica_identity(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	ReplicaIdentityStmt *stmt = castNode(ReplicaIdentityStmt, command->def);
	MigRel	   *index = index_named(rel, stmt->name);

	if (index != NULL)
		mig_effect_lock(alter->effect, index, ShareLock);
}

/* SET LOGGED and SET UNLOGGED; the sequences of its columns go with it. */
static void
set_persistence(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	char		wanted = command->subtype == AT_SetLogged ?
		RELPERSISTENCE_PERMANENT : RELPERSISTENCE_UNLOGGED;
	ListCell   *lc;

	if (rel->persistence == wanted && !rel->assumed)
		return;
	mig_effect_rewrite(alter->effect, rel);
	if (rel->kind == RELKIND_SEQUENCE)
		mig_effect_touch(alter->effect, rel)->rewrites = true;
	foreach(lc, mig_effect_sequences(rel, NULL))
		mig_effect_lock(alter->effect, lfirst(lc),
						AccessExclusiveLock)->rewrites = true;
}

static void
set_access_method(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	const char *name = command->name ? command->name : default_table_access_method;

	if (rel->assumed || get_am_oid(name, true) != rel->method)
		mig_effect_rewrite(alter->effect, rel);
}

/* Copies the file; the indexes of a table stay where they are. */
static void
set_tablespace(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	Oid			tablespace = get_tablespace_oid(command->name, true);

	if (tablespace == MyDatabaseTableSpace)
		tablespace = InvalidOid;
	if (mig_rel_has_storage(rel) && (rel->assumed || tablespace != rel->tablespace))
		mig_effect_touch(alter->effect, rel)->rewrites = true;
}

/* Who owns the relation here; InvalidOid: it is not here. */
static Oid
owner_of(const MigRel *rel)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(rel->oid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* The indexes and the sequences of a table get its owner, too. */
static void
change_owner(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	List	   *others;
	ListCell   *lc;

	/* to PUBLIC, which is no role, is refused */
	if (command->newowner->roletype == ROLESPEC_PUBLIC ||
		get_rolespec_oid(command->newowner, true) == owner_of(rel))
		return;
	others = list_concat(mig_rel_indexes(rel), mig_effect_sequences(rel, NULL));
	foreach(lc, others)
		mig_effect_lock(alter->effect, lfirst(lc), alter->lock);
}

/* Does the command mean this trigger? */
static bool
means_trigger(const AlterTableCmd *command, Form_pg_trigger trigger)
{
	if (!TRIGGER_FOR_ROW(trigger->tgtype))
		return false;
	switch (command->subtype)
	{
		case AT_EnableTrigAll:
		case AT_DisableTrigAll:
			return true;
		case AT_EnableTrigUser:
		case AT_DisableTrigUser:
			return !trigger->tgisinternal;
		default:
			return strcmp(NameStr(trigger->tgname), command->name) == 0;
	}
}

/* Triggers for each row are on the partitions as well. */
static void
switch_triggers(MigAlter *alter, MigRel *rel, AlterTableCmd *command)
{
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	if (rel->kind != RELKIND_PARTITIONED_TABLE || !alter->recurses)
		return;
	catalog = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(rel->oid));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1,
							  &key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = means_trigger(command, (Form_pg_trigger) GETSTRUCT(tuple));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (found)
		mig_effect_lock_family(alter->effect, rel, alter->lock);
}

/*
 * The table of commands
 */

typedef enum Reach
{
	REACH_TARGET,				/* the relation that the statement names */
	REACH_FAMILY,				/* it and all that is below it: the same lock */
	REACH_PARTITIONS,			/* the same, of partitioned tables only */
	REACH_IDENTITY,				/* the same where identity is inherited */
	REACH_OWN					/* as REACH_FAMILY, but the function locks */
} Reach;

typedef struct AlterCommand
{
	AlterTableType subtype;
	Reach		reach;
	MigAlterFunction *function; /* NULL: nothing but the locks */
} AlterCommand;

/* What is not here changes the catalog's word on the target only. */
static const AlterCommand commands[] = {
	{AT_AddColumn, REACH_OWN, mig_alter_add_column},
	{AT_DropColumn, REACH_FAMILY, mig_alter_drop_column},
	{AT_AlterColumnType, REACH_FAMILY, mig_alter_type},
	{AT_SetNotNull, REACH_FAMILY, mig_alter_set_not_null},
	{AT_DropNotNull, REACH_FAMILY, NULL},
	{AT_ColumnDefault, REACH_FAMILY, NULL},
	{AT_SetExpression, REACH_FAMILY, mig_alter_set_expression},
	{AT_DropExpression, REACH_FAMILY, NULL},
	{AT_SetStatistics, REACH_FAMILY, NULL},
	{AT_SetStorage, REACH_FAMILY, NULL},
	{AT_AddIdentity, REACH_IDENTITY, NULL},
	{AT_SetIdentity, REACH_IDENTITY, mig_alter_identity},
	{AT_DropIdentity, REACH_IDENTITY, mig_alter_identity},
	{AT_AddConstraint, REACH_OWN, mig_alter_add_constraint},
	{AT_ValidateConstraint, REACH_OWN, mig_alter_validate_constraint},
	{AT_DropConstraint, REACH_OWN, mig_alter_drop_constraint},
	{AT_AlterConstraint, REACH_PARTITIONS, mig_alter_alter_constraint},
	{AT_EnableTrig, REACH_TARGET, switch_triggers},
	{AT_EnableAlwaysTrig, REACH_TARGET, switch_triggers},
	{AT_EnableReplicaTrig, REACH_TARGET, switch_triggers},
	{AT_EnableTrigAll, REACH_TARGET, switch_triggers},
	{AT_EnableTrigUser, REACH_TARGET, switch_triggers},
	{AT_DisableTrig, REACH_TARGET, switch_triggers},
	{AT_DisableTrigAll, REACH_TARGET, switch_triggers},
	{AT_DisableTrigUser, REACH_TARGET, switch_triggers},
	{AT_ClusterOn, REACH_TARGET, cluster_on},
	{AT_ReplicaIdentity, REACH_TARGET, replica_identity},
	{AT_SetLogged, REACH_TARGET, set_persistence},
	{AT_SetUnLogged, REACH_TARGET, set_persistence},
	{AT_SetAccessMethod, REACH_TARGET, set_access_method},
	{AT_SetTableSpace, REACH_TARGET, set_tablespace},
	{AT_ChangeOwner, REACH_TARGET, change_owner},
	{AT_AddInherit, REACH_TARGET, mig_alter_inherit},
	{AT_DropInherit, REACH_TARGET, mig_alter_no_inherit},
	{AT_AttachPartition, REACH_TARGET, mig_alter_attach},
	{AT_DetachPartition, REACH_TARGET, mig_alter_detach},
	{AT_DetachPartitionFinalize, REACH_TARGET, mig_alter_finalize}
};

/* How far the command goes below the target. */
static bool
reaches_below(const MigAlter *alter, Reach reach)
{
	switch (reach)
	{
		case REACH_TARGET:
			return false;
		case REACH_PARTITIONS:
			return alter->recurses &&
				alter->target->kind == RELKIND_PARTITIONED_TABLE;
		case REACH_IDENTITY:
			return mig_identity_is_inherited() &&
				reaches_below(alter, REACH_PARTITIONS);
		default:
			return alter->recurses;
	}
}

static void
run_command(MigAlter *alter, const AlterCommand *row, AlterTableCmd *command)
{
	ListCell   *lc;

	if (!reaches_below(alter, row->reach))
	{
		if (row->function != NULL)
			row->function(alter, alter->target, command);
		return;
	}
	foreach(lc, alter->family)
	{
		MigRel	   *rel = lfirst(lc);

		if (row->reach != REACH_OWN)
			mig_effect_lock(alter->effect, rel, alter->lock);
		if (row->function != NULL)
			row->function(alter, rel, command);
	}
}

/* What kind of relation the statement is written for. */
static char
kind_of_target(ObjectType type)
{
	switch (type)
	{
		case OBJECT_INDEX:
			return RELKIND_INDEX;
		case OBJECT_SEQUENCE:
			return RELKIND_SEQUENCE;
		case OBJECT_VIEW:
			return RELKIND_VIEW;
		case OBJECT_MATVIEW:
			return RELKIND_MATVIEW;
		case OBJECT_FOREIGN_TABLE:
			return RELKIND_FOREIGN_TABLE;
		case OBJECT_TYPE:
			return RELKIND_COMPOSITE_TYPE;
		default:
			return RELKIND_RELATION;
	}
}

/* What is below the target: children, or the tables OF a composite type. */
static List *
below(const MigAlter *alter)
{
	List	   *result = NIL;
	ListCell   *lc;

	if (!alter->recurses)
		return NIL;
	if (alter->target->kind != RELKIND_COMPOSITE_TYPE)
		return mig_rel_children(alter->target, true);
	foreach(lc, mig_fact_dependents(alter->target, NULL))
	{
		MigDependent *dependent = lfirst(lc);

		if (strcmp(dependent->kind, "table") == 0 && dependent->objsubid == 0)
			result = lappend(result,
							 mig_shadow_of_oid(alter->shadow, dependent->objid));
	}
	return result;
}

/* What ALTER TABLE, INDEX, SEQUENCE, VIEW and TYPE would do. */
void
mig_effect_alter_table(MigShadow *shadow, AlterTableStmt *stmt,
					   MigEffect *effect)
{
	MigAlter	alter = {shadow, effect};
	ListCell   *lc;

	alter.target = mig_shadow_find(shadow, stmt->relation,
								   stmt->missing_ok ? 0 :
								   kind_of_target(stmt->objtype));
	if (alter.target == NULL)
		return;
	alter.lock = AlterTableGetLockLevel(stmt->cmds);
	/* the grammar knows no ONLY for types, and leaves it as it is */
	alter.recurses = stmt->relation->inh || stmt->objtype == OBJECT_TYPE;
	alter.family = lcons(alter.target, below(&alter));
	mig_effect_lock(effect, alter.target, alter.lock);
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		for (int i = 0; i < lengthof(commands); i++)
		{
			if (commands[i].subtype == command->subtype)
				run_command(&alter, &commands[i], command);
		}
	}
}
