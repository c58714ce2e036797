/*-------------------------------------------------------------------------
 *
 * facts.c
 *	  Questions about a change that the server's own functions answer: types,
 *	  new columns, indexes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "parser/parse_type.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "facts.h"

/*
 * Types
 */

typedef struct TypeTry
{
	TypeName   *name;
	Oid			type;
	int32		typmod;
} TypeTry;

static void
try_type(void *arg)
{
	TypeTry    *try = arg;
	HeapTuple	tuple = LookupTypeName(NULL, try->name, &try->typmod, true);

	if (!HeapTupleIsValid(tuple))
		return;
	if (((Form_pg_type) GETSTRUCT(tuple))->typisdefined)
		try->type = ((Form_pg_type) GETSTRUCT(tuple))->oid;
	ReleaseSysCache(tuple);
}

/* The set's latest word on a type of that name; NULL: it has none. */
static MigNamed *
type_of_set(MigShadow *shadow, const TypeName *name)
{
	const char *schema = NULL;

	if (name->names == NIL)
		return NULL;
	if (list_length(name->names) > 1)
		schema = strVal(list_nth(name->names, list_length(name->names) - 2));
	for (int i = list_length(shadow->types) - 1; i >= 0; i--)
	{
		MigNamed   *type = list_nth(shadow->types, i);

		if (strcmp(type->name, strVal(llast(name->names))) == 0 &&
			(schema == NULL || type->schema == NULL ||
			 strcmp(type->schema, schema) == 0))
			return type;
	}
	return NULL;
}

/* Does a statement of the set only change a type that is here? */
static bool
only_changes_type(Node *stmt)
{
	return stmt != NULL &&
		(IsA(stmt, AlterDomainStmt) || IsA(stmt, AlterEnumStmt) ||
		 IsA(stmt, AlterTypeStmt) || IsA(stmt, AlterTableStmt));
}

/* The type of that name here; InvalidOid: there is none, or another one. */
Oid
mig_fact_type(MigShadow *shadow, TypeName *name, int32 *typmod)
{
	TypeTry		try = {name, InvalidOid, -1};
	MigNamed   *known = type_of_set(shadow, name);

	*typmod = -1;
	if (name->pct_type ||
		(known != NULL && (known->dropped || !only_changes_type(known->stmt))))
		return InvalidOid;
	if (!mig_fact_try(shadow, try_type, &try))
		return InvalidOid;
	*typmod = try.typmod;
	return try.type;
}

/* The type as the server spells it; one that is not here, as the script does. */
const char *
mig_fact_type_label(MigShadow *shadow, TypeName *name)
{
	int32		typmod;
	Oid			type = mig_fact_type(shadow, name, &typmod);

	if (OidIsValid(type))
		return format_type_with_typemod(type, typmod);
	return TypeNameToString(name);
}

typedef struct DomainTry
{
	Oid			type;
	bool		result;
} DomainTry;

static void
try_domain(void *arg)
{
	DomainTry  *try = arg;

	try->result = DomainHasConstraints(try->type);
}

/* Is it a domain with constraints? */
bool
mig_fact_type_has_constraints(Oid type)
{
	DomainTry	try = {type, false};
	MigShadow	here = {0};

	if (!OidIsValid(type) || get_typtype(type) != TYPTYPE_DOMAIN)
		return false;
	return !mig_fact_try(&here, try_domain, &try) || try.result;
}

/*
 * New columns
 */

/* The names that make a column a serial one: only as they are, alone. */
static bool
is_serial(const TypeName *name)
{
	static const char *const names[] = {
		"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"
	};

	if (list_length(name->names) != 1 || name->pct_type)
		return false;
	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(strVal(linitial(name->names)), names[i]) == 0)
			return true;
	}
	return false;
}

/* Must each row be given a value that the domain has approved or computed? */
static bool
is_demanding_domain(MigShadow *shadow, TypeName *name, Oid type,
					bool has_default)
{
	MigNamed   *known = type_of_set(shadow, name);

	if (known != NULL && !known->dropped && known->stmt != NULL)
	{
		if (IsA(known->stmt, AlterDomainStmt))
			return true;
		if (IsA(known->stmt, CreateDomainStmt) && name->arrayBounds == NIL)
			return ((CreateDomainStmt *) known->stmt)->constraints != NIL;
	}
	if (mig_fact_type_has_constraints(type))
		return true;
	if (!has_default && OidIsValid(type) && get_typdefault(type) != NULL)
		return mig_fact_volatility(get_typdefault(type)) == PROVOLATILE_VOLATILE;
	return false;
}

/* Has the default to be computed for each row? */
static bool
is_volatile_default(MigRel *rel, ColumnDef *column, Node *raw, Oid type,
					int32 typmod)
{
	Node	   *node;

	/* what a literal is, a domain may have to say by its CHECK */
	if (IsA(raw, A_Const) ||
		(IsA(raw, TypeCast) && IsA(((TypeCast *) raw)->arg, A_Const)))
		return false;
	if (mig_fact_uses_routine_of_set(rel->shadow, raw))
		return true;
	node = mig_fact_transform(rel, raw, type, typmod, EXPR_KIND_COLUMN_DEFAULT);
	return mig_fact_volatility(node) == PROVOLATILE_VOLATILE;
}

/*
 * What ADD COLUMN costs, as ATExecAddColumn() decides it.  A column that needs
 * no value of its own in each row costs nothing.
 */
MigAddColumn
mig_fact_add_column(MigRel *rel, ColumnDef *column)
{
	Node	   *raw = NULL;
	ListCell   *lc;
	Oid			type;
	int32		typmod;

	if (column->typeName == NULL ||
		(rel->kind != RELKIND_RELATION && rel->kind != RELKIND_PARTITIONED_TABLE))
		return MIG_ADD_INSTANT;
	if (is_serial(column->typeName))
		return MIG_ADD_SERIAL;
	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype == CONSTR_IDENTITY)
			return MIG_ADD_IDENTITY;
		if (constraint->contype == CONSTR_GENERATED)
			return mig_generated_is_virtual(constraint) ?
				MIG_ADD_INSTANT : MIG_ADD_STORED;
		if (constraint->contype == CONSTR_DEFAULT)
			raw = constraint->raw_expr;
	}
	type = mig_fact_type(rel->shadow, column->typeName, &typmod);
	if (is_demanding_domain(rel->shadow, column->typeName, type, raw != NULL))
		return MIG_ADD_DOMAIN;
	if (raw != NULL && is_volatile_default(rel, column, raw, type, typmod))
		return MIG_ADD_VOLATILE;
	return MIG_ADD_INSTANT;
}

/*
 * Indexes
 */

/* Are its first columns these, in any order? */
static bool
begins_with(const MigIndex *index, List *columns)
{
	List	   *first = list_copy_head(index->columns, list_length(columns));
	ListCell   *lc;

	if (list_length(first) < list_length(columns))
		return false;
	foreach(lc, columns)
	{
		if (!list_member_int(first, lfirst_int(lc)))
			return false;
	}
	return true;
}

/* Is there an index that finds the rows with given values of these columns? */
bool
mig_fact_index_supports(MigRel *rel, List *columns)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(rel))
	{
		const MigIndex *index = ((MigRel *) lfirst(lc))->index;

		if (index != NULL && index->valid && !index->partial &&
			index->method != BRIN_AM_OID && index->method != GIN_AM_OID &&
			begins_with(index, columns))
			return true;
	}
	return false;
}

/*
 * The last value that a sequence has given out; 0: none, or somebody is in the
 * way.  pg_sequences would take a lock that blocks ALTER SEQUENCE, and keep it.
 */
int64
mig_fact_last_value(Oid sequence)
{
	Relation	relation;
	Buffer		buffer;
	Page		page;
	HeapTupleHeader tuple;
	Form_pg_sequence_data data;
	int64		result;

	if (!ConditionalLockRelationOid(sequence, AccessShareLock))
		return 0;
	relation = try_relation_open(sequence, NoLock);
	if (relation == NULL)
		return 0;
	buffer = ReadBuffer(relation, 0);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	tuple = (HeapTupleHeader) PageGetItem(page,
										  PageGetItemId(page, FirstOffsetNumber));
	data = (Form_pg_sequence_data) ((char *) tuple + tuple->t_hoff);
	result = data->is_called ? data->last_value : 0;
	UnlockReleaseBuffer(buffer);
	relation_close(relation, AccessShareLock);
	return result;
}
