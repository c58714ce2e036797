/*-------------------------------------------------------------------------
 *
 * shadow_apply_alter.c
 *	  The shadow after ALTER TABLE and its like.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "facts.h"
#include "shadow_change.h"
#include "shadow_make.h"

/* One command on one relation: the named one, or one below it. */
typedef struct Change
{
	MigRel	   *rel;
	AlterTableCmd *command;
	MigRel	   *origin;			/* NULL: it is the named one */
} Change;

static MigColumn *
column_of(const Change *change)
{
	return change->command->name ?
		mig_rel_column(change->rel, change->command->name) : NULL;
}

/*
 * Columns
 */

static bool
has_column(MigRel *rel, const char *name)
{
	ListCell   *lc;

	foreach(lc, mig_rel_columns(rel))
	{
		MigColumn  *column = lfirst(lc);

		if (column->name != NULL && strcmp(column->name, name) == 0)
			return true;
	}
	return false;
}

static void
add_column(const Change *change)
{
	ColumnDef  *definition = castNode(ColumnDef, change->command->def);
	ListCell   *lc;

	if (has_column(change->rel, definition->colname))
		return;
	if (change->origin != NULL)
	{
		MigColumn  *source = mig_rel_column(change->origin,
											definition->colname);

		if (source != NULL)
			mig_make_column_copy(change->rel, source);
		mig_apply_checks(change->rel, change->origin);
		return;
	}
	mig_make_column(change->rel, definition);
	foreach(lc, definition->constraints)
	{
		if (IsA(lfirst(lc), Constraint))
			mig_make_constraint(change->rel, lfirst(lc), definition->colname);
	}
}

static void
drop_column(const Change *change)
{
	MigColumn  *column = column_of(change);

	if (column != NULL)
		mig_drop_column(change->rel, column,
						change->command->behavior == DROP_CASCADE);
}

/* A new type; what the column had before is not what it has now. */
static void
change_type(const Change *change)
{
	ColumnDef  *definition = castNode(ColumnDef, change->command->def);
	MigColumn  *column = column_of(change);
	ColumnDef  *kept;

	if (column == NULL || definition->typeName == NULL)
		return;
	column->typmod = -1;
	column->type = mig_fact_type(change->rel->shadow, definition->typeName,
								 &column->typmod);
	column->collation = OidIsValid(column->type) && definition->collClause == NULL ?
		get_typcollation(column->type) : InvalidOid;
	if (column->definition == NULL)
		return;
	kept = mig_shadow_keep(change->rel->shadow, column->definition);
	kept->typeName = mig_shadow_keep(change->rel->shadow, definition->typeName);
	column->definition = kept;
}

/* DROP NOT NULL: from 18 on, the constraint goes, too. */
static void
drop_not_null(const Change *change)
{
	MigColumn  *column = column_of(change);
	ListCell   *lc;

	if (column == NULL)
		return;
	column->not_null = false;
	foreach(lc, list_copy(mig_rel_constraints(change->rel)))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_NOTNULL &&
			list_member_int(constraint->columns, column->attnum))
			mig_drop_constraint(change->rel, constraint, false);
	}
}

static void
set_not_null(const Change *change)
{
	MigColumn  *column = column_of(change);
	ListCell   *lc;

	if (column == NULL)
		return;
	/* one that was not valid becomes valid */
	foreach(lc, mig_rel_constraints(change->rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_NOTNULL &&
			list_member_int(constraint->columns, column->attnum))
		{
			constraint->valid = true;
			column->not_null = true;
		}
	}
	mig_make_not_null(change->rel, column, NULL, true);
}

static void
drop_identity(const Change *change, MigColumn *column)
{
	ListCell   *lc;

	column->identity = '\0';
	foreach(lc, mig_rel_owned_sequences(change->rel))
	{
		MigRel	   *sequence = lfirst(lc);

		if (sequence->owner_column == column->attnum)
			mig_drop_relation(sequence, false);
	}
}

static void
add_identity(const Change *change, MigColumn *column)
{
	Constraint *constraint = (Constraint *) change->command->def;

	if (column->identity != '\0' || !IsA(constraint, Constraint))
		return;
	column->identity = constraint->generated_when;
	if (change->origin == NULL)
		mig_make_serial(change->rel, column);
}

static void
set_identity(const Change *change, MigColumn *column)
{
	ListCell   *lc;

	foreach(lc, (List *) change->command->def)
	{
		DefElem    *option = lfirst(lc);

		if (IsA(option, DefElem) && strcmp(option->defname, "generated") == 0)
			column->identity = defGetInt32(option);
	}
}

/* The commands that change what one column is. */
static void
change_column(const Change *change)
{
	MigColumn  *column = column_of(change);

	if (column == NULL)
		return;
	switch (change->command->subtype)
	{
		case AT_ColumnDefault:
			column->has_default = change->command->def != NULL;
			break;
		case AT_DropExpression:
			column->generated = '\0';
			column->has_default = false;
			break;
		case AT_AddIdentity:
			add_identity(change, column);
			break;
		case AT_SetIdentity:
			set_identity(change, column);
			break;
		case AT_DropIdentity:
			drop_identity(change, column);
			break;
		default:
			break;
	}
}

/*
 * Constraints
 */

static void
add_constraint(const Change *change)
{
	Constraint *definition = castNode(Constraint, change->command->def);
	List	   *sources;

	if (definition->conname != NULL && definition->indexname == NULL &&
		mig_rel_constraint(change->rel, definition->conname) != NULL)
		return;
	if (definition->contype == CONSTR_NOTNULL)
		mig_apply_not_null(change->rel, definition);
	else if (change->origin == NULL)
		mig_make_constraint(change->rel, definition, NULL);
	else if (definition->contype == CONSTR_CHECK)
		mig_apply_checks(change->rel, change->origin);
	else if (definition->contype == CONSTR_FOREIGN && change->rel->partition)
	{
		sources = mig_rel_constraints(change->origin);
		if (sources != NIL)
			mig_make_constraint_copy(change->rel, change->origin,
									 llast(sources), false);
	}
}

/* NOT NULL of 18, by its name. */
static void
forget_not_null(MigRel *rel, MigConstraint *constraint)
{
	ListCell   *lc;

	if (constraint->type != CONSTRAINT_NOTNULL)
		return;
	foreach(lc, constraint->columns)
	{
		MigColumn  *column = mig_rel_attribute(rel, lfirst_int(lc));

		if (column != NULL)
			column->not_null = false;
	}
}

static void
drop_constraint(const Change *change)
{
	MigConstraint *constraint = mig_rel_constraint(change->rel,
												   change->command->name);

	if (constraint == NULL)
		return;
	forget_not_null(change->rel, constraint);
	mig_drop_constraint(change->rel, constraint,
						change->command->behavior == DROP_CASCADE);
}

static void
validate_constraint(const Change *change)
{
	MigConstraint *constraint = mig_rel_constraint(change->rel,
												   change->command->name);
	ListCell   *lc;

	if (constraint == NULL)
		return;
	constraint->valid = true;
	if (constraint->type != CONSTRAINT_NOTNULL)
		return;
	foreach(lc, constraint->columns)
	{
		MigColumn  *column = mig_rel_attribute(change->rel, lfirst_int(lc));

		if (column != NULL)
			column->not_null = true;
	}
}

static void
alter_constraint(const Change *change)
{
	bool		enforces;
	bool		enforced;
	const char *name = mig_altered_constraint(change->command, &enforces,
											  &enforced);
	MigConstraint *constraint = name ? mig_rel_constraint(change->rel, name) :
		NULL;

	if (constraint == NULL)
		return;
	constraint->deferrable = mig_altered_deferrable(change->command,
													constraint->deferrable);
	constraint->deferred = mig_altered_deferred(change->command,
												constraint->deferred);
	if (enforces)
		constraint->enforced = constraint->valid = enforced;
}

/*
 * Families
 */

static MigRel *
partner(const Change *change, RangeVar *name, char kind)
{
	return name ? mig_shadow_find(change->rel->shadow, name, kind) : NULL;
}

/* A partitioned index is valid when all partitions have their part. */
static void
attach_index(MigRel *rel, MigRel *part)
{
	if (list_member_ptr(mig_rel_children(rel, false), part))
		return;
	mig_rel_link(rel, part);
	if (rel->index != NULL && rel->index->table != NULL)
		rel->index->valid = list_length(mig_rel_children(rel, false)) >=
			list_length(mig_rel_children(rel->index->table, false));
}

static void
attach_partition(const Change *change)
{
	PartitionCmd *command = castNode(PartitionCmd, change->command->def);
	MigRel	   *rel = change->rel;
	bool		is_index = rel->kind == RELKIND_INDEX ||
		rel->kind == RELKIND_PARTITIONED_INDEX;
	MigRel	   *part = partner(change, command->name,
							   is_index ? RELKIND_INDEX : RELKIND_RELATION);

	if (part == NULL || part == rel)
		return;
	if (is_index)
	{
		attach_index(rel, part);
		return;
	}
	if (list_member_ptr(mig_rel_children(rel, false), part))
		return;
	mig_rel_link(rel, part);
	if (!list_member_ptr(mig_rel_children(rel, false), part))
		return;
	mig_apply_partition(part, rel);
	if (command->bound != NULL && command->bound->is_default)
	{
		rel->default_read = true;
		rel->default_partition = part;
	}
}

/* Its indexes are no parts of the partitioned ones any more. */
static void
detach_partition(const Change *change)
{
	PartitionCmd *command = castNode(PartitionCmd, change->command->def);
	MigRel	   *part = partner(change, command->name, 0);
	ListCell   *lc;
	ListCell   *each;

	if (part == NULL)
		return;
	foreach(lc, mig_rel_indexes(part))
	{
		foreach(each, mig_rel_parents(lfirst(lc)))
			mig_rel_unlink(lfirst(each), lfirst(lc));
	}
	mig_rel_unlink(change->rel, part);
	part->partition = false;
}

static void
change_parent(const Change *change, bool add)
{
	MigRel	   *parent = partner(change, (RangeVar *) change->command->def, 0);

	if (parent == NULL || parent == change->rel)
		return;
	if (add && !list_member_ptr(mig_rel_parents(change->rel), parent))
		mig_rel_link(parent, change->rel);
	else if (!add)
		mig_rel_unlink(parent, change->rel);
}

/*
 * The relation itself
 */

static void
set_replica_identity(const Change *change)
{
	ReplicaIdentityStmt *stmt = castNode(ReplicaIdentityStmt,
										 change->command->def);
	ListCell   *lc;

	change->rel->replica_identity = stmt->identity_type;
	foreach(lc, mig_rel_indexes(change->rel))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index != NULL)
			index->index->replica_identity = stmt->name != NULL &&
				strcmp(index->name, stmt->name) == 0;
	}
}

static void
set_cluster(const Change *change)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(change->rel))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index != NULL)
			index->index->clustered = change->command->subtype == AT_ClusterOn &&
				change->command->name != NULL &&
				strcmp(index->name, change->command->name) == 0;
	}
}

/* The table, its indexes and its sequences. */
static void
set_persistence(MigRel *rel, char persistence)
{
	ListCell   *lc;

	rel->persistence = persistence;
	foreach(lc, list_concat(mig_rel_indexes(rel), mig_rel_owned_sequences(rel)))
		((MigRel *) lfirst(lc))->persistence = persistence;
}

static void
change_relation(const Change *change)
{
	AlterTableCmd *command = change->command;
	MigRel	   *rel = change->rel;

	switch (command->subtype)
	{
		case AT_SetLogged:
			set_persistence(rel, RELPERSISTENCE_PERMANENT);
			break;
		case AT_SetUnLogged:
			set_persistence(rel, RELPERSISTENCE_UNLOGGED);
			break;
		case AT_SetAccessMethod:
			rel->method = command->name ? get_am_oid(command->name, true) :
				InvalidOid;
			break;
		case AT_SetTableSpace:
			rel->tablespace = command->name ?
				get_tablespace_oid(command->name, true) : InvalidOid;
			break;
		case AT_ReplicaIdentity:
			set_replica_identity(change);
			break;
		case AT_ClusterOn:
		case AT_DropCluster:
			set_cluster(change);
			break;
		case AT_EnableRowSecurity:
			rel->row_security = true;
			break;
		case AT_DisableRowSecurity:
			rel->row_security = false;
			break;
		default:
			break;
	}
}

/*
 * Commands
 */

/* What a command changes, and in which round of the statement. */
typedef struct CommandKind
{
	AlterTableType subtype;
	int			round;
	bool		recurses;		/* to partitions and inheriting tables */
	void		(*apply) (const Change *change);
} CommandKind;

static void
add_parent(const Change *change)
{
	change_parent(change, true);
}

static void
drop_parent(const Change *change)
{
	change_parent(change, false);
}

/* What has no row changes the relation at most. */
static const CommandKind command_kinds[] = {
	{AT_DropColumn, 0, true, drop_column},
	{AT_DropConstraint, 0, true, drop_constraint},
	{AT_DropNotNull, 0, true, drop_not_null},
	{AT_AlterColumnType, 1, true, change_type},
	{AT_AddColumn, 2, true, add_column},
	{AT_ColumnDefault, 3, true, change_column},
	{AT_DropExpression, 3, true, change_column},
	{AT_AddIdentity, 3, true, change_column},
	{AT_SetIdentity, 3, true, change_column},
	{AT_DropIdentity, 3, true, change_column},
	{AT_SetNotNull, 3, true, set_not_null},
	{AT_AddConstraint, 4, true, add_constraint},
	{AT_AlterConstraint, 5, true, alter_constraint},
	{AT_ValidateConstraint, 5, true, validate_constraint},
	{AT_AttachPartition, 5, false, attach_partition},
	{AT_DetachPartition, 5, false, detach_partition},
	{AT_DetachPartitionFinalize, 5, false, detach_partition},
	{AT_AddInherit, 5, false, add_parent},
	{AT_DropInherit, 5, false, drop_parent}
};

#define LAST_ROUND 5

static const CommandKind *
kind_of(const AlterTableCmd *command)
{
	static const CommandKind other = {0, LAST_ROUND, false, change_relation};

	for (int i = 0; i < lengthof(command_kinds); i++)
	{
		if (command_kinds[i].subtype == command->subtype)
			return &command_kinds[i];
	}
	return &other;
}

/* One command, on the relation and on what is below it. */
static void
apply_command(MigRel *rel, AlterTableCmd *command, bool recurse)
{
	const CommandKind *kind = kind_of(command);
	Change		change = {rel, command, NULL};
	ListCell   *lc;

	/* before the command drops what tells them */
	List	   *below = kind->recurses && recurse ?
		mig_rel_children(rel, true) : NIL;

	kind->apply(&change);
	foreach(lc, below)
	{
		change.rel = lfirst(lc);
		change.origin = rel;
		kind->apply(&change);
	}
}

/* What kind of relation the statement names. */
static char
named_kind(ObjectType type)
{
	switch (type)
	{
		case OBJECT_INDEX:
			return RELKIND_INDEX;
		case OBJECT_VIEW:
			return RELKIND_VIEW;
		case OBJECT_MATVIEW:
			return RELKIND_MATVIEW;
		case OBJECT_SEQUENCE:
			return RELKIND_SEQUENCE;
		case OBJECT_FOREIGN_TABLE:
			return RELKIND_FOREIGN_TABLE;
		case OBJECT_TYPE:
			return RELKIND_COMPOSITE_TYPE;
		default:
			return RELKIND_RELATION;
	}
}

/* The server, too, drops before it adds, whatever the order of commands. */
void
mig_apply_alter_table(MigShadow *shadow, AlterTableStmt *stmt)
{
	MigRel	   *rel = mig_shadow_find(shadow, stmt->relation,
									  named_kind(stmt->objtype));
	ListCell   *lc;

	if (rel == NULL)
		return;
	for (int round = 0; round <= LAST_ROUND; round++)
	{
		foreach(lc, stmt->cmds)
		{
			AlterTableCmd *command = lfirst(lc);

			if (IsA(command, AlterTableCmd) && kind_of(command)->round == round)
				apply_command(rel, command, stmt->relation->inh);
		}
	}
}

/*
 * Renaming parts of a relation
 */

void
mig_apply_rename_column(MigRel *rel, RenameStmt *stmt)
{
	List	   *tables = list_make1(rel);
	ListCell   *lc;

	if (stmt->relation->inh)
		tables = list_concat(tables, mig_rel_children(rel, true));
	foreach(lc, tables)
	{
		MigColumn  *column = mig_rel_column(lfirst(lc), stmt->subname);

		if (column != NULL)
			column->name = MemoryContextStrdup(rel->shadow->context,
											   stmt->newname);
	}
}

void
mig_apply_rename_constraint(MigRel *rel, RenameStmt *stmt)
{
	List	   *tables = list_make1(rel);
	ListCell   *lc;

	if (stmt->relation->inh)
		tables = list_concat(tables, mig_rel_children(rel, true));
	foreach(lc, tables)
	{
		MigConstraint *constraint = mig_rel_constraint(lfirst(lc),
													   stmt->subname);

		if (constraint == NULL || (constraint->index != NULL && lfirst(lc) != rel))
			continue;
		constraint->name = MemoryContextStrdup(rel->shadow->context,
											   stmt->newname);
		if (constraint->index != NULL)
			mig_shadow_move(constraint->index, NULL, stmt->newname);
	}
}
