/*-------------------------------------------------------------------------
 *
 * effect_index.c
 *	  What statements that build indexes, or maintain tables, would do to
 *	  relations.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "classify.h"
#include "effect_kinds.h"

/*
 * CREATE INDEX
 */

/* An index that is there already keeps IF NOT EXISTS from building one. */
static bool
is_there(MigRel *table, IndexStmt *stmt)
{
	return stmt->if_not_exists && stmt->idxname != NULL &&
		mig_shadow_find_named(table->shadow, table->schema,
							  stmt->idxname) != NULL;
}

void
mig_effect_create_index(MigShadow *shadow, IndexStmt *stmt, MigEffect *effect)
{
	MigRel	   *table = stmt->relation ?
		mig_shadow_find(shadow, stmt->relation, RELKIND_RELATION) : NULL;
	MigTouch   *touch;
	ListCell   *lc;

	if (table == NULL)
		return;
	if (stmt->concurrent)
	{
		touch = mig_effect_lock(effect, table, ShareUpdateExclusiveLock);
		touch->builds = !is_there(table, stmt);
		if (touch->builds)
			mig_effect_scan(effect, table);
		return;
	}
	mig_effect_lock(effect, table, ShareLock);
	if (is_there(table, stmt))
		return;
	mig_effect_build(effect, table);
	if (!stmt->relation->inh || table->kind != RELKIND_PARTITIONED_TABLE)
		return;
	foreach(lc, mig_rel_children(table, true))
		mig_effect_build(effect, lfirst(lc));
}

/*
 * Sets of relations
 */

/* Tables and materialized views of the catalog, of one schema or of all. */
static List *
all_relations(MigShadow *shadow, const char *schema)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0,
										  NULL);
	HeapTuple	tuple;
	List	   *oids = NIL;
	List	   *result = NIL;
	ListCell   *lc;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relkind == RELKIND_RELATION ||
			form->relkind == RELKIND_MATVIEW ||
			form->relkind == RELKIND_PARTITIONED_TABLE)
			oids = lappend_oid(oids, form->oid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	foreach(lc, oids)
	{
		MigRel	   *rel = mig_shadow_of_oid(shadow, lfirst_oid(lc));

		if (rel != NULL && (schema == NULL || strcmp(rel->schema, schema) == 0) &&
			(schema != NULL || strcmp(rel->schema, "pg_catalog") != 0) &&
			strcmp(rel->schema, "information_schema") != 0 &&
			rel->persistence != RELPERSISTENCE_TEMP)
			result = lappend(result, rel);
	}
	return result;
}

/*
 * REINDEX
 */

/* One index; its table is locked in any case. */
static void
reindex_index(MigRel *index, bool concurrently, MigEffect *effect)
{
	LOCKMODE	mode = concurrently ? ShareUpdateExclusiveLock :
		AccessExclusiveLock;
	MigTouch   *touch = mig_effect_lock(effect, index, mode);
	MigRel	   *table = index->index ? index->index->table : NULL;

	if (index->kind != RELKIND_PARTITIONED_INDEX)
		touch->rewrites = true;
	if (table == NULL)
		return;
	touch = mig_effect_lock(effect, table, concurrently ?
							ShareUpdateExclusiveLock : ShareLock);
	touch->builds = index->kind != RELKIND_PARTITIONED_INDEX;
	mig_effect_scan(effect, table);
}

static void
reindex_table(MigRel *table, bool concurrently, MigEffect *effect)
{
	ListCell   *lc;

	mig_effect_lock(effect, table, concurrently ? ShareUpdateExclusiveLock :
					ShareLock);
	foreach(lc, mig_rel_indexes(table))
		reindex_index(lfirst(lc), concurrently, effect);
}

/* REINDEX INDEX, with the parts of a partitioned one. */
static void
reindex_named_index(MigShadow *shadow, ReindexStmt *stmt, bool concurrently,
					MigEffect *effect)
{
	MigRel	   *index = mig_shadow_find(shadow, stmt->relation, RELKIND_INDEX);
	ListCell   *lc;

	if (index == NULL)
		return;
	reindex_index(index, concurrently, effect);
	foreach(lc, mig_rel_children(index, true))
		reindex_index(lfirst(lc), concurrently, effect);
}

void
mig_effect_reindex(MigShadow *shadow, ReindexStmt *stmt, MigEffect *effect)
{
	bool		concurrently = mig_option_is(stmt->params, "concurrently", true);
	List	   *tables = NIL;
	ListCell   *lc;

	switch (stmt->kind)
	{
		case REINDEX_OBJECT_INDEX:
			if (stmt->relation != NULL)
				reindex_named_index(shadow, stmt, concurrently, effect);
			return;
		case REINDEX_OBJECT_TABLE:
			{
				MigRel	   *table = stmt->relation ?
					mig_shadow_find(shadow, stmt->relation, RELKIND_RELATION) : NULL;

				if (table != NULL)
					tables = lcons(table, mig_rel_children(table, true));
				break;
			}
		case REINDEX_OBJECT_SCHEMA:
			if (stmt->name != NULL)
				tables = all_relations(shadow, stmt->name);
			break;
		case REINDEX_OBJECT_DATABASE:
			tables = all_relations(shadow, NULL);
			break;
		case REINDEX_OBJECT_SYSTEM:
			tables = all_relations(shadow, "pg_catalog");
			break;
	}
	foreach(lc, tables)
		reindex_table(lfirst(lc), concurrently, effect);
}

/*
 * CLUSTER, VACUUM, ANALYZE
 */

/* A new file, and new indexes. */
static void
rewrite(MigRel *table, MigEffect *effect)
{
	mig_effect_lock(effect, table, AccessExclusiveLock);
	mig_effect_rewrite(effect, table);
}

static bool
is_clustered(MigRel *table)
{
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(table))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index != NULL && index->index->clustered)
			return true;
	}
	return false;
}

void
mig_effect_cluster(MigShadow *shadow, ClusterStmt *stmt, MigEffect *effect)
{
	MigRel	   *table;
	ListCell   *lc;

	if (stmt->relation == NULL)
	{
		foreach(lc, all_relations(shadow, NULL))
		{
			if (is_clustered(lfirst(lc)))
				rewrite(lfirst(lc), effect);
		}
		return;
	}
	table = mig_shadow_find(shadow, stmt->relation, RELKIND_RELATION);
	if (table == NULL)
		return;
	rewrite(table, effect);
	foreach(lc, table->kind == RELKIND_PARTITIONED_TABLE ?
			mig_rel_children(table, true) : NIL)
		rewrite(lfirst(lc), effect);
}

static void
vacuum(MigRel *table, VacuumStmt *stmt, MigEffect *effect)
{
	if (stmt->is_vacuumcmd && mig_option_is(stmt->options, "full", true))
	{
		rewrite(table, effect);
		return;
	}
	mig_effect_lock(effect, table, ShareUpdateExclusiveLock);
	if (stmt->is_vacuumcmd)
		mig_effect_scan(effect, table);
}

/* Both, and ANALYZE, of all that is named, or of all there is. */
void
mig_effect_vacuum(MigShadow *shadow, VacuumStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;
	ListCell   *each;

	if (stmt->rels == NIL)
	{
		foreach(lc, all_relations(shadow, NULL))
			vacuum(lfirst(lc), stmt, effect);
		return;
	}
	foreach(lc, stmt->rels)
	{
		VacuumRelation *named = lfirst_node(VacuumRelation, lc);
		MigRel	   *table = named->relation ?
			mig_shadow_find(shadow, named->relation, RELKIND_RELATION) : NULL;

		if (table == NULL)
			continue;
		vacuum(table, stmt, effect);
		foreach(each, table->kind == RELKIND_PARTITIONED_TABLE ?
				mig_rel_children(table, true) : NIL)
			vacuum(lfirst(each), stmt, effect);
	}
}
