/*-------------------------------------------------------------------------
 *
 * weigh.c
 *	  How large the tables are that a statement goes through: that it scans,
 *	  rewrites or changes.
 *
 * In doubt a statement is taken to go through the tables it names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "weigh.h"

/* The size of a table and of all that is stored below it. */
static int64
table_size(Oid table)
{
	int64		bytes = 0;
	ListCell   *lc;

	foreach(lc, find_all_inheritors(table, NoLock, NULL))
	{
		LOCAL_FCINFO(fcinfo, 1);
		int64		size;

		InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
		fcinfo->args[0].value = ObjectIdGetDatum(lfirst_oid(lc));
		fcinfo->args[0].isnull = false;
		size = DatumGetInt64(pg_table_size(fcinfo));
		/* null: it is being dropped */
		if (!fcinfo->isnull)
			bytes += size;
	}
	return bytes;
}

static void
weigh(MigWeight *weight, const RangeVar *name)
{
	Oid			table = name == NULL ? InvalidOid :
		RangeVarGetRelid(name, NoLock, true);
	int64		bytes;

	if (OidIsValid(table) && get_rel_relkind(table) == RELKIND_INDEX)
		table = IndexGetRelation(table, true);
	if (!OidIsValid(table) ||
		(get_rel_relkind(table) != RELKIND_RELATION &&
		 get_rel_relkind(table) != RELKIND_MATVIEW &&
		 get_rel_relkind(table) != RELKIND_PARTITIONED_TABLE))
		return;
	bytes = table_size(table);
	if (weight->name != NULL && bytes <= weight->bytes)
		return;
	weight->bytes = bytes;
	weight->name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
											  get_rel_name(table));
}

/* A walker: all tables of a query. */
static bool
weigh_query(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeVar))
		weigh(arg, (RangeVar *) node);
	return raw_expression_tree_walker(node, weigh_query, arg);
}

/* A default of a new column that needs no look at the rows. */
static bool
is_constant(Node *node)
{
	while (node != NULL && IsA(node, TypeCast))
		node = ((TypeCast *) node)->arg;
	return node != NULL && IsA(node, A_Const);
}

/* Does adding the column do without going through the rows? */
static bool
column_is_light(const ColumnDef *column)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype != CONSTR_NULL &&
			constraint->contype != CONSTR_NOTNULL &&
			(constraint->contype != CONSTR_DEFAULT ||
			 !is_constant(constraint->raw_expr)))
			return false;
	}
	return true;
}

static bool
constraint_is_light(const Constraint *constraint)
{
	return constraint->skip_validation || constraint->indexname != NULL;
}

/* Does the command do without going through the rows? */
static bool
command_is_light(const AlterTableCmd *command)
{
	switch (command->subtype)
	{
		case AT_AddColumn:
			return column_is_light((ColumnDef *) command->def);
		case AT_AddConstraint:
			return constraint_is_light((Constraint *) command->def);
		case AT_SetNotNull:
		case AT_AlterColumnType:
		case AT_ValidateConstraint:
		case AT_SetLogged:
		case AT_SetUnLogged:
		case AT_SetAccessMethod:
		case AT_SetTableSpace:
		case AT_AttachPartition:
			return false;
		default:
			/* the rest is of catalogs alone */
			return true;
	}
}

static void
weigh_alter_table(MigWeight *weight, const AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command_is_light(command))
			continue;
		weigh(weight, stmt->relation);
		if (command->subtype == AT_AddConstraint)
			weigh(weight, ((Constraint *) command->def)->pktable);
		if (command->subtype == AT_AttachPartition)
			weigh(weight, ((PartitionCmd *) command->def)->name);
	}
}

/* The largest table that the statement goes through. */
MigWeight
mig_weigh_statement(Node *stmt)
{
	MigWeight	weight = {0};

	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			(void) weigh_query(stmt, &weight);
			break;
		case T_CreateTableAsStmt:
			(void) weigh_query(((CreateTableAsStmt *) stmt)->query, &weight);
			break;
		case T_AlterTableStmt:
			weigh_alter_table(&weight, (AlterTableStmt *) stmt);
			break;
		case T_IndexStmt:
			weigh(&weight, ((IndexStmt *) stmt)->relation);
			break;
		case T_ReindexStmt:
			weigh(&weight, ((ReindexStmt *) stmt)->relation);
			break;
		case T_ClusterStmt:
			weigh(&weight, ((ClusterStmt *) stmt)->relation);
			break;
		case T_RefreshMatViewStmt:
			weigh(&weight, ((RefreshMatViewStmt *) stmt)->relation);
			break;
		case T_CopyStmt:
			if (!((CopyStmt *) stmt)->is_from)
				weigh(&weight, ((CopyStmt *) stmt)->relation);
			(void) weigh_query(((CopyStmt *) stmt)->query, &weight);
			break;
		default:
			break;
	}
	return weight;
}
