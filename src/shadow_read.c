/*-------------------------------------------------------------------------
 *
 * shadow_read.c
 *	  What the catalog has of a relation, read when it is asked for.
 *
 * Only the system catalogs are read, and no lock is waited for: a script can
 * be judged while somebody else has its tables locked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "shadow.h"

/* The elements of an array of smallints; null is the empty list. */
static List *
attnum_list(Datum value, bool isnull)
{
	List	   *result = NIL;
	ArrayType  *array;
	int16	   *elements;
	int			n;

	if (isnull)
		return NIL;
	array = DatumGetArrayTypeP(value);
	elements = (int16 *) ARR_DATA_PTR(array);
	n = ARR_NDIM(array) == 1 ? ARR_DIMS(array)[0] : 0;
	for (int i = 0; i < n; i++)
		result = lappend_int(result, elements[i]);
	return result;
}

/* Which columns an expression of an index uses. */
static List *
used_columns(List *key, Node *expressions, Node *predicate)
{
	Bitmapset  *attnums = NULL;
	List	   *result = NIL;
	ListCell   *lc;
	int			attnum = -1;

	pull_varattnos(expressions, 1, &attnums);
	pull_varattnos(predicate, 1, &attnums);
	foreach(lc, key)
	{
		if (lfirst_int(lc) != 0)
			attnums = bms_add_member(attnums, lfirst_int(lc) -
									 FirstLowInvalidHeapAttributeNumber);
	}
	while ((attnum = bms_next_member(attnums, attnum)) >= 0)
		result = lappend_int(result,
							 attnum + FirstLowInvalidHeapAttributeNumber);
	return result;
}

/* An expression that is stored as text; NULL if there is none. */
static Node *
stored_expression(HeapTuple tuple, AttrNumber attribute)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(INDEXRELID, tuple, attribute, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(value));
}

/* The lists of an index that have an element per column of its key. */
static void
load_index_key(MigIndex *index, HeapTuple tuple)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	bool		isnull;
	oidvector  *classes;
	oidvector  *collations;
	int2vector *options;

	classes = (oidvector *) DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple,
															Anum_pg_index_indclass, &isnull));
	collations = (oidvector *) DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple,
															   Anum_pg_index_indcollation, &isnull));
	options = (int2vector *) DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple,
															 Anum_pg_index_indoption, &isnull));
	for (int i = 0; i < form->indnatts; i++)
	{
		int			attnum = form->indkey.values[i];

		if (i >= form->indnkeyatts)
		{
			index->included = lappend_int(index->included, attnum);
			continue;
		}
		index->columns = lappend_int(index->columns, attnum);
		index->opclasses = lappend_oid(index->opclasses, classes->values[i]);
		index->collations = lappend_oid(index->collations,
										collations->values[i]);
		index->options = lappend_int(index->options, options->values[i]);
	}
}

/* What pg_index has of an index. */
static void
load_index(MigRel *rel)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(rel->oid));
	MigIndex   *index;
	Form_pg_index form;
	Node	   *expressions;
	Node	   *predicate;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_index) GETSTRUCT(tuple);
	index = rel->index = palloc0(sizeof(MigIndex));
	index->method = rel->method;
	index->unique = form->indisunique;
	index->primary = form->indisprimary;
	index->valid = form->indisvalid;
	index->ready = form->indisready;
	index->live = form->indislive;
	index->clustered = form->indisclustered;
	index->replica_identity = form->indisreplident;
	index->constraint = OidIsValid(get_index_constraint(rel->oid));
	expressions = stored_expression(tuple, Anum_pg_index_indexprs);
	predicate = stored_expression(tuple, Anum_pg_index_indpred);
	index->expressions = expressions != NULL;
	index->partial = predicate != NULL;
	load_index_key(index, tuple);
	index->used = used_columns(list_concat_copy(index->columns, index->included),
							   expressions, predicate);
	index->table = mig_shadow_of_oid(rel->shadow, form->indrelid);
	ReleaseSysCache(tuple);
}

/* The table that a sequence goes with. */
static void
load_owner(MigRel *rel)
{
	Oid			table;
	int32		attnum;

	if (!sequenceIsOwned(rel->oid, DEPENDENCY_AUTO, &table, &attnum) &&
		!sequenceIsOwned(rel->oid, DEPENDENCY_INTERNAL, &table, &attnum))
		return;
	rel->owner = mig_shadow_of_oid(rel->shadow, table);
	rel->owner_column = attnum;
}

/* Fills in what pg_class has of rel->oid; without a name, there is none. */
void
mig_shadow_load(MigRel *rel)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(rel->oid));
	Form_pg_class form;
	const char *schema;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_class) GETSTRUCT(tuple);
	schema = get_namespace_name(form->relnamespace);
	schema = mig_shadow_schema_now(rel->shadow, schema ? schema : "pg_temp");
	if (schema == NULL)
	{
		/* it went with its schema */
		ReleaseSysCache(tuple);
		return;
	}
	rel->schema = schema;
	rel->name = pstrdup(NameStr(form->relname));
	rel->kind = form->relkind;
	rel->persistence = form->relpersistence;
	rel->partition = form->relispartition;
	rel->method = form->relam;
	rel->tablespace = form->reltablespace;
	rel->replica_identity = form->relreplident;
	rel->row_security = form->relrowsecurity;
	rel->populated = form->relispopulated;
	rel->row_type = form->reltype;
	ReleaseSysCache(tuple);
	if (rel->kind == RELKIND_INDEX || rel->kind == RELKIND_PARTITIONED_INDEX)
		load_index(rel);
	else if (rel->kind == RELKIND_SEQUENCE)
		load_owner(rel);
}

/* One column as pg_attribute has it. */
static MigColumn *
load_column(const MigRel *rel, AttrNumber attnum, HeapTuple tuple)
{
	MigColumn  *column = palloc0(sizeof(MigColumn));
	Form_pg_attribute form = (Form_pg_attribute) GETSTRUCT(tuple);

	column->attnum = attnum;
	if (form->attisdropped)
		return column;
	column->name = pstrdup(NameStr(form->attname));
	column->type = form->atttypid;
	column->typmod = form->atttypmod;
	column->collation = form->attcollation;
	column->not_null = form->attnotnull &&
		mig_not_null_is_valid(rel->oid, attnum);
	column->has_default = form->atthasdef;
	column->identity = form->attidentity;
	column->generated = form->attgenerated;
	return column;
}

/* The columns, in the order of their attnums. */
List *
mig_rel_columns(MigRel *rel)
{
	MemoryContext caller;

	if (rel->columns_read)
		return rel->columns;
	caller = MemoryContextSwitchTo(rel->shadow->context);
	rel->columns_read = true;
	for (AttrNumber attnum = 1;; attnum++)
	{
		HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(rel->oid),
											Int16GetDatum(attnum));

		if (!HeapTupleIsValid(tuple))
			break;
		rel->columns = lappend(rel->columns, load_column(rel, attnum, tuple));
		ReleaseSysCache(tuple);
	}
	MemoryContextSwitchTo(caller);
	return rel->columns;
}

/*
 * The column of that name; NULL: there is none.  A relation that is assumed
 * or not fully known has every column, of unknown type.
 */
MigColumn *
mig_rel_column(MigRel *rel, const char *name)
{
	ListCell   *lc;

	foreach(lc, mig_rel_columns(rel))
	{
		MigColumn  *column = lfirst(lc);

		if (column->name != NULL && strcmp(column->name, name) == 0)
			return column;
	}
	if (rel->assumed || rel->open)
	{
		MigColumn  *column = mig_rel_add_column(rel, name);

		column->created_in = 0;
		return column;
	}
	return NULL;
}

/* The column with that number; NULL: there is none. */
MigColumn *
mig_rel_attribute(MigRel *rel, AttrNumber attnum)
{
	List	   *columns = mig_rel_columns(rel);
	MigColumn  *column;

	if (attnum < 1 || attnum > list_length(columns))
		return NULL;
	column = list_nth(columns, attnum - 1);
	return column->name ? column : NULL;
}

/* One constraint as pg_constraint has it. */
static MigConstraint *
load_constraint(MigRel *rel, HeapTuple tuple, TupleDesc desc)
{
	MigShadow  *shadow = rel->shadow;
	MigConstraint *constraint = palloc0(sizeof(MigConstraint));
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	bool		isnull;
	Datum		value;

	constraint->oid = form->oid;
	constraint->name = pstrdup(NameStr(form->conname));
	constraint->type = form->contype;
	constraint->valid = form->convalidated;
	constraint->enforced = mig_constraint_is_enforced(form);
	constraint->no_inherit = form->connoinherit;
	constraint->deferrable = form->condeferrable;
	constraint->deferred = form->condeferred;
	constraint->on_delete = form->confdeltype;
	value = heap_getattr(tuple, Anum_pg_constraint_conkey, desc, &isnull);
	constraint->columns = attnum_list(value, isnull);
	value = heap_getattr(tuple, Anum_pg_constraint_confkey, desc, &isnull);
	constraint->foreign_columns = attnum_list(value, isnull);
	value = heap_getattr(tuple, Anum_pg_constraint_conbin, desc, &isnull);
	if (!isnull)
		constraint->check = stringToNode(TextDatumGetCString(value));
	if (OidIsValid(form->confrelid))
		mig_rel_reference(rel, constraint,
						  mig_shadow_of_oid(shadow, form->confrelid));
	else if (OidIsValid(form->conindid))
		constraint->index = mig_shadow_of_oid(shadow, form->conindid);
	return constraint;
}

/* The constraints of the relation, in the order of their names. */
List *
mig_rel_constraints(MigRel *rel)
{
	MemoryContext caller;
	ScanKeyData key;
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (rel->constraints_read)
		return rel->constraints;
	caller = MemoryContextSwitchTo(rel->shadow->context);
	rel->constraints_read = true;
	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(rel->oid));
	catalog = table_open(ConstraintRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true,
							  NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		rel->constraints = lappend(rel->constraints,
								   load_constraint(rel, tuple,
												   RelationGetDescr(catalog)));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	MemoryContextSwitchTo(caller);
	return rel->constraints;
}

/* The constraint of that name; NULL: there is none. */
MigConstraint *
mig_rel_constraint(MigRel *rel, const char *name)
{
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (!constraint->dropped && constraint->name != NULL &&
			strcmp(constraint->name, name) == 0)
			return constraint;
	}
	return NULL;
}

/* The primary key; NULL: there is none. */
MigConstraint *
mig_rel_primary_key(MigRel *rel)
{
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (!constraint->dropped && constraint->type == CONSTRAINT_PRIMARY)
			return constraint;
	}
	return NULL;
}

/* The indexes on the relation that are not dropped. */
List *
mig_rel_indexes(MigRel *rel)
{
	MemoryContext caller;
	ScanKeyData key;
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *result = NIL;
	ListCell   *lc;

	if (!rel->indexes_read)
	{
		caller = MemoryContextSwitchTo(rel->shadow->context);
		rel->indexes_read = true;
		ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber,
					F_OIDEQ, ObjectIdGetDatum(rel->oid));
		catalog = table_open(IndexRelationId, AccessShareLock);
		scan = systable_beginscan(catalog, IndexIndrelidIndexId, true, NULL, 1,
								  &key);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
			MigRel	   *index = mig_shadow_of_oid(rel->shadow, form->indexrelid);

			if (index != NULL)
				rel->indexes = lappend(rel->indexes, index);
		}
		systable_endscan(scan);
		table_close(catalog, AccessShareLock);
		MemoryContextSwitchTo(caller);
	}
	foreach(lc, rel->indexes)
	{
		if (!((MigRel *) lfirst(lc))->dropped)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/* Pages and rows of one relation, as the planner sees them now. */
static void
read_live_size(MigRel *rel, Relation relation)
{
	BlockNumber pages;
	double		rows;
	double		visible;
	BlockNumber blocks;

	/* on a standby it has no file */
	if (RecoveryInProgress() && !RelationIsPermanent(relation))
		return;
	blocks = RelationGetNumberOfBlocks(relation);
	rel->bytes = (int64) blocks * BLCKSZ;
	if (blocks > 0 && rel->kind != RELKIND_SEQUENCE)
	{
		estimate_rel_size(relation, NULL, &pages, &rows, &visible);
		/* the planner takes a small table for a growing one */
		rel->rows = pages > 0 ? rows * blocks / Max(pages, blocks) : rows;
	}
	if (OidIsValid(relation->rd_rel->reltoastrelid))
	{
		Relation	toast = relation_open(relation->rd_rel->reltoastrelid,
										  AccessShareLock);

		rel->bytes += (int64) RelationGetNumberOfBlocks(toast) * BLCKSZ;
		relation_close(toast, AccessShareLock);
	}
}

/* The same as statistics have it, for a relation that is locked. */
static void
read_known_size(MigRel *rel)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(rel->oid));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_class) GETSTRUCT(tuple);
	rel->bytes = (int64) form->relpages * BLCKSZ;
	rel->rows = Max(form->reltuples, 0);
	ReleaseSysCache(tuple);
}

/* The size of one relation, without what is below it. */
static void
read_own_size(MigRel *rel)
{
	Relation	relation = NULL;

	if (!OidIsValid(rel->oid) || !mig_rel_has_storage(rel))
		return;
	if (ConditionalLockRelationOid(rel->oid, AccessShareLock))
	{
		relation = try_relation_open(rel->oid, NoLock);
		if (relation == NULL)
			UnlockRelationOid(rel->oid, AccessShareLock);
	}
	if (relation == NULL)
	{
		read_known_size(rel);
		return;
	}
	read_live_size(rel, relation);
	relation_close(relation, AccessShareLock);
}

/* Reads the size of the relation and of its partitions or children. */
static void
read_size(MigRel *rel)
{
	ListCell   *lc;

	if (rel->size_read)
		return;
	rel->size_read = true;
	read_own_size(rel);
	foreach(lc, mig_rel_children(rel, false))
	{
		MigRel	   *child = lfirst(lc);

		rel->bytes += mig_rel_bytes(child);
		rel->rows += mig_rel_rows(child);
	}
}

/* Bytes of the heap, its TOAST table and its children. */
int64
mig_rel_bytes(MigRel *rel)
{
	read_size(rel);
	return rel->bytes;
}

/* Rows of the relation and its children: an estimate. */
double
mig_rel_rows(MigRel *rel)
{
	read_size(rel);
	return rel->rows;
}
