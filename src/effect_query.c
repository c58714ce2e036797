/*-------------------------------------------------------------------------
 *
 * effect_query.c
 *	  What queries, and statements on rows, would do to relations.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "changes.h"
#include "effect_kinds.h"
#include "shadow_query.h"

/*
 * Triggers
 */

/* Does the catalog have a trigger of a user on it that is not disabled? */
static bool
has_catalog_triggers(MigRel *rel)
{
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		result = false;

	if (!OidIsValid(rel->oid))
		return false;
	catalog = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(rel->oid));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1,
							  &key);
	while (!result && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		result = !form->tgisinternal && form->tgenabled != TRIGGER_DISABLED;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

/* Does the catalog have a rule that makes other statements of it? */
static bool
has_rules(MigRel *rel)
{
	HeapTuple	tuple;
	bool		result;

	if (rel->kind == RELKIND_VIEW || !OidIsValid(rel->oid))
		return false;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(rel->oid));
	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_class) GETSTRUCT(tuple))->relhasrules;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Foreign keys
 */

/* Are columns with these numbers among those that a statement changes? */
static bool
are_changed(MigRel *rel, List *attnums, List *changed)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, attnums)
	{
		MigColumn  *column = mig_rel_attribute(rel, lfirst_int(lc));

		foreach(each, changed)
		{
			if (column != NULL && strcmp(column->name, lfirst(each)) == 0)
				return true;
		}
	}
	return false;
}

/* New rows are looked up in the tables that they reference. */
static void
check_parents(MigEffect *effect, MigRel *rel, bool all, List *changed)
{
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_FOREIGN && constraint->enforced &&
			constraint->foreign != NULL && constraint->foreign != rel &&
			(all || are_changed(rel, constraint->columns, changed)))
			mig_effect_lock(effect, constraint->foreign, RowShareLock);
	}
}

/* Rows that go are looked up in the tables that reference them. */
static void
check_children(MigEffect *effect, MigRel *rel, bool all, List *changed)
{
	ListCell   *lc;

	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);
		char		action = key->constraint->on_delete;
		MigTouch   *touch;

		if (!key->constraint->enforced || key->table == rel ||
			(!all && !are_changed(rel, key->constraint->foreign_columns,
								  changed)))
			continue;
		touch = mig_effect_lock(effect, key->table, RowShareLock);
		if (!all || action == FKCONSTR_ACTION_NOACTION ||
			action == FKCONSTR_ACTION_RESTRICT || action == '\0')
			continue;
		touch = mig_effect_lock(effect, key->table, RowExclusiveLock);
		touch->writes = true;
		effect->unknown |= has_catalog_triggers(key->table);
	}
}

/* What changing rows of a table adds: foreign keys, triggers. */
static void
change_rows(MigEffect *effect, MigRel *rel, Node *stmt)
{
	List	   *changed = mig_change_sets(stmt);
	List	   *tables = list_concat(list_make1(rel), mig_rel_children(rel, true));
	ListCell   *lc;

	foreach(lc, tables)
	{
		MigRel	   *table = lfirst(lc);

		mig_effect_touch(effect, table)->writes = true;
		check_parents(effect, table, mig_change_inserts(stmt), changed);
		if (changed != NIL)
			check_children(effect, table, false, changed);
		if (mig_change_deletes(stmt))
			check_children(effect, table, true, NIL);
		effect->unknown |= table->triggers || has_catalog_triggers(table) ||
			has_rules(table);
	}
}

/*
 * Functions
 */

/* nextval('name') and its like, whose argument is a sequence. */
static bool
lock_sequence(MigShadow *shadow, FuncCall *call, MigEffect *effect)
{
	static const char *const names[] = {"nextval", "setval"};
	const char *name = strVal(llast(call->funcname));
	Node	   *argument;
	List	   *parts;
	MigRel	   *rel;

	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) != 0)
			continue;
		argument = call->args ? linitial(call->args) : NULL;
		if (argument != NULL && IsA(argument, TypeCast))
			argument = ((TypeCast *) argument)->arg;
		if (argument == NULL || !IsA(argument, A_Const) ||
			((A_Const *) argument)->isnull ||
			!IsA(&((A_Const *) argument)->val, String))
			return true;
		parts = mig_shadow_split_name(strVal(&((A_Const *) argument)->val));
		rel = parts ? mig_shadow_find_list(shadow, parts, RELKIND_SEQUENCE) : NULL;
		if (rel != NULL)
			mig_effect_lock(effect, rel, RowExclusiveLock);
		return true;
	}
	return false;
}

/* Can a routine of that name run SQL that is not seen from here? */
static bool
may_run_sql(MigShadow *shadow, List *funcname)
{
	const char *name = strVal(llast(funcname));
	const char *schema = list_length(funcname) > 1 ?
		strVal(list_nth(funcname, list_length(funcname) - 2)) : NULL;
	CatCList   *list;
	bool		result = false;

	if (mig_shadow_routine_made(shadow, schema, name) != NULL)
		return true;
	list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->prolang != INTERNALlanguageId && form->prolang != ClanguageId &&
			form->pronamespace != PG_CATALOG_NAMESPACE)
			result = true;
	}
	ReleaseSysCacheList(list);
	return result;
}

/*
 * Relations
 */

/* What a view reads is locked as it is. */
static void
lock_sources(MigEffect *effect, MigRel *view, LOCKMODE mode, bool runs,
			 List *above)
{
	ListCell   *lc;

	if (view->kind != RELKIND_VIEW || list_member_ptr(above, view))
		return;
	above = lappend(list_copy(above), view);
	foreach(lc, mig_rel_sources(view))
	{
		MigRel	   *source = lfirst(lc);

		if (source->kind == RELKIND_VIEW)
			mig_effect_lock(effect, source, mode);
		else
			mig_effect_lock_family(effect, source, mode);
		lock_sources(effect, source, mode, runs, above);
	}
}

static void
add_relation(MigShadow *shadow, MigQueryRelation *relation, bool runs,
			 MigEffect *effect)
{
	MigRel	   *rel = mig_shadow_find(shadow, relation->name, RELKIND_RELATION);

	if (rel == NULL || rel->kind == RELKIND_INDEX ||
		rel->kind == RELKIND_PARTITIONED_INDEX ||
		rel->kind == RELKIND_COMPOSITE_TYPE)
		return;
	if (!runs)
	{
		mig_effect_lock(effect, rel, AccessShareLock);
		return;
	}
	if (relation->name->inh)
		mig_effect_lock_family(effect, rel, relation->mode);
	else
		mig_effect_lock(effect, rel, relation->mode);
	lock_sources(effect, rel, relation->mode, runs, NIL);
	if (relation->target && rel->kind != RELKIND_VIEW)
		change_rows(effect, rel, relation->change);
	/* an INSERT reads nothing of its target; what a rule makes of it is open */
	if (relation->all &&
		!(relation->target &&
		  (IsA(relation->change, InsertStmt) || has_rules(rel))))
		mig_effect_scan_family(effect, rel);
}

/*
 * What a query does when it runs; or, if it does not, when the server looks at
 * it only.
 */
void
mig_effect_query(MigShadow *shadow, Node *query, bool runs, MigEffect *effect)
{
	MigQuery   *read = mig_query_read(query);
	ListCell   *lc;

	/* the relation that the statement is about comes first */
	foreach(lc, read->relations)
	{
		if (((MigQueryRelation *) lfirst(lc))->target)
			add_relation(shadow, lfirst(lc), runs, effect);
	}
	foreach(lc, read->relations)
	{
		if (!((MigQueryRelation *) lfirst(lc))->target)
			add_relation(shadow, lfirst(lc), runs, effect);
	}
	foreach(lc, read->calls)
	{
		FuncCall   *call = lfirst_node(FuncCall, lc);

		if (runs && !lock_sequence(shadow, call, effect))
			effect->unknown |= may_run_sql(shadow, call->funcname);
	}
}

/* COPY */
void
mig_effect_copy(MigShadow *shadow, CopyStmt *stmt, MigEffect *effect)
{
	MigRel	   *rel;

	if (stmt->query != NULL)
	{
		mig_effect_query(shadow, stmt->query, true, effect);
		return;
	}
	rel = stmt->relation ?
		mig_shadow_find(shadow, stmt->relation, RELKIND_RELATION) : NULL;
	if (rel == NULL)
		return;
	mig_effect_lock(effect, rel, stmt->is_from ? RowExclusiveLock :
					AccessShareLock);
	if (stmt->is_from)
		change_rows(effect, rel, (Node *) stmt);
	else
		mig_effect_scan(effect, rel);
}
