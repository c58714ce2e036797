/*-------------------------------------------------------------------------
 *
 * facts.c
 *	  Questions about a change that the server's own functions answer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "facts.h"

Oid
mig_fact_type(MigShadow *shadow, TypeName *name, int32 *typmod)
{
	return InvalidOid;
}

const char *
mig_fact_type_label(MigShadow *shadow, TypeName *name)
{
	return "";
}

bool
mig_fact_type_has_constraints(Oid type)
{
	return false;
}

MigAddColumn
mig_fact_add_column(MigRel *rel, ColumnDef *column)
{
	return MIG_ADD_INSTANT;
}

MigTypeChange *
mig_fact_type_change(MigRel *rel, MigColumn *column, ColumnDef *definition)
{
	MigTypeChange *change = palloc0(sizeof(MigTypeChange));

	change->rewrites = true;
	return change;
}

bool
mig_fact_proves_not_null(MigRel *rel, MigColumn *column)
{
	return false;
}

bool
mig_fact_proves_bound(MigRel *parent, MigRel *partition,
					  PartitionBoundSpec *bound)
{
	return false;
}

bool
mig_fact_default_excludes(MigRel *parent, MigRel *partition,
						  PartitionBoundSpec *bound)
{
	return false;
}

Node *
mig_fact_transform(MigRel *rel, Node *expression, Oid type, int32 typmod,
				   ParseExprKind kind)
{
	return NULL;
}

char
mig_fact_volatility(Node *transformed)
{
	return 'v';
}

bool
mig_fact_index_supports(MigRel *rel, List *columns)
{
	return false;
}

List *
mig_fact_dependents(MigRel *rel, MigColumn *column)
{
	return NIL;
}
