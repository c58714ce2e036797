/*-------------------------------------------------------------------------
 *
 * rules_maintenance.c
 *	  Lint rules: copies of whole relations, materialized views, explicit
 *	  locks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "classify.h"
#include "compat.h"
#include "facts_rows.h"
#include "rule.h"

/* CREATE TABLE of a copy beside the relation, with something after it. */
static char *
copy_beside(const MigRel *rel, const char *suffix, const char *create,
			const char *after)
{
	return psprintf("%s %s (LIKE %s INCLUDING ALL)%s;\n-- then copy the rows in batches while a trigger keeps both the same, and swap the names", create,
					quote_qualified_identifier(rel->schema,
											   mig_lint_suffixed(rel->name, suffix)),
					mig_rel_label(rel), after);
}

static void
report_rewrite(MigLint *lint, const char *consequence, char *rewrite)
{
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.object = mig_rel_label(lint->rel),
		.consequence = consequence,
		.rewrite = rewrite,
	});
}

static void
report_failure(MigLint *lint, const char *consequence)
{
	mig_lint_report(lint, &(MigReport) {
		.severity = MIG_SEVERITY_ERROR,
		.object = mig_rel_label(lint->rel),
		.consequence = consequence,
	});
}

/*
 * LOGGED, UNLOGGED
 */

/* The table on the other side of a foreign key that stands in the way. */
static MigRel *
logged_partner(MigRel *rel, bool logged)
{
	ListCell   *lc;

	if (!logged)
	{
		foreach(lc, mig_rel_referencing(rel))
		{
			MigRel	   *table = ((MigForeignKey *) lfirst(lc))->table;

			if (table != rel && table->persistence == RELPERSISTENCE_PERMANENT)
				return table;
		}
		return NULL;
	}
	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (!constraint->dropped && constraint->foreign != NULL &&
			constraint->foreign != rel &&
			constraint->foreign->persistence == RELPERSISTENCE_UNLOGGED)
			return constraint->foreign;
	}
	return NULL;
}

static void
check_persistence(MigLint *lint)
{
	bool		logged = lint->command->subtype == AT_SetLogged;
	MigRel	   *rel = lint->rel;
	MigRel	   *partner;

	if ((!logged && lint->command->subtype != AT_SetUnLogged) || rel == NULL ||
		rel->persistence == RELPERSISTENCE_TEMP)
		return;
	if (rel->kind == RELKIND_PARTITIONED_TABLE)
	{
		if (MIG_PARTITIONED_PERSISTENCE_IS_FIXED)
			report_failure(lint, "fails, because a partitioned table has no data that could be logged or not");
		return;
	}
	if (!rel->assumed && rel->persistence ==
		(logged ? RELPERSISTENCE_PERMANENT : RELPERSISTENCE_UNLOGGED))
		return;
	partner = logged_partner(rel, logged);
	if (partner != NULL)
		report_failure(lint, psprintf("fails, because a foreign key joins it to %s, which is %s",
									  mig_rel_label(partner),
									  logged ? "unlogged" : "logged"));
	else if (!logged && !mig_rel_is_new(rel) && mig_lint_is_published(rel))
		report_failure(lint, "fails, because a publication has the table");
	else if (!mig_lint_is_quiet(lint, rel))
		report_rewrite(lint, psprintf("rewrites %s under ACCESS EXCLUSIVE%s",
									  mig_rel_sized_label(rel),
									  logged ? ", and writes it to the WAL" :
									  "; a crash empties the table from then on"),
					   rel->kind != RELKIND_RELATION ? NULL :
					   copy_beside(rel, logged ? "logged" : "unlogged",
								   logged ? "CREATE TABLE" : "CREATE UNLOGGED TABLE",
								   ""));
}

/*
 * Access methods, tablespaces
 */

static void
check_access_method(MigLint *lint)
{
	MigRel	   *rel = lint->rel;
	const char *name = lint->command->name;

	if (lint->command->subtype != AT_SetAccessMethod || rel == NULL ||
		rel->kind == RELKIND_PARTITIONED_TABLE || mig_lint_is_quiet(lint, rel))
		return;
	if (name == NULL)
		name = default_table_access_method;
	if (!rel->assumed && get_am_oid(name, true) == rel->method)
		return;
	report_rewrite(lint, psprintf("rewrites %s under ACCESS EXCLUSIVE",
								  mig_rel_sized_label(rel)),
				   rel->kind != RELKIND_RELATION ? NULL :
				   copy_beside(rel, name, "CREATE TABLE",
							   psprintf(" USING %s", quote_identifier(name))));
}

/* As pg_class.reltablespace has it. */
static Oid
stored_tablespace(const char *name)
{
	Oid			oid = get_tablespace_oid(name, true);

	return oid == MyDatabaseTableSpace ? InvalidOid : oid;
}

static void
check_tablespace(MigLint *lint)
{
	MigRel	   *rel = lint->rel;
	const char *name = lint->command->name;
	const char *space;

	if (lint->command->subtype != AT_SetTableSpace || rel == NULL ||
		rel->kind == RELKIND_PARTITIONED_TABLE ||
		rel->kind == RELKIND_PARTITIONED_INDEX || mig_lint_is_quiet(lint, rel))
		return;
	if (!rel->assumed && OidIsValid(get_tablespace_oid(name, true)) &&
		stored_tablespace(name) == rel->tablespace)
		return;
	space = psprintf(" TABLESPACE %s", quote_identifier(name));
	report_rewrite(lint, psprintf("copies %s under ACCESS EXCLUSIVE",
								  mig_rel_sized_label(rel)),
				   rel->kind == RELKIND_INDEX ?
				   psprintf("REINDEX (CONCURRENTLY,%s) INDEX %s;", space,
							mig_rel_label(rel)) :
				   rel->kind == RELKIND_RELATION ?
				   copy_beside(rel, "moved", "CREATE TABLE", space) : NULL);
}

/* The relations of a kind in a tablespace. */
static List *
relations_in_tablespace(MigShadow *shadow, Oid tablespace, ObjectType type)
{
	char		kind = type == OBJECT_INDEX ? RELKIND_INDEX :
		type == OBJECT_MATVIEW ? RELKIND_MATVIEW : RELKIND_RELATION;
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	List	   *oids = NIL;
	List	   *result = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	ListCell   *lc;

	ScanKeyInit(&key, Anum_pg_class_reltablespace, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(tablespace));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relkind == kind && form->oid >= FirstNormalObjectId)
			oids = lappend_oid(oids, form->oid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	foreach(lc, oids)
	{
		MigRel	   *rel = mig_shadow_of_oid(shadow, lfirst_oid(lc));

		if (rel != NULL)
			result = lappend(result, rel);
	}
	return result;
}

/* ALTER TABLE ALL IN TABLESPACE ... SET TABLESPACE ... */
static void
check_move_all(MigLint *lint)
{
	AlterTableMoveAllStmt *stmt = (AlterTableMoveAllStmt *) lint->stmt;
	Oid			oid;
	List	   *rels = NIL;
	bool		small = true;
	ListCell   *lc;

	if (!IsA(stmt, AlterTableMoveAllStmt))
		return;
	oid = get_tablespace_oid(stmt->orig_tablespacename, true);
	if (OidIsValid(oid))
		rels = relations_in_tablespace(lint->shadow,
									   stored_tablespace(stmt->orig_tablespacename),
									   stmt->objtype);
	if (rels == NIL && (OidIsValid(oid) || !lint->shadow->assume_large))
		return;
	foreach(lc, rels)
		small = small && mig_rel_is_small(lfirst(lc));
	mig_lint_report(lint, &(MigReport) {
		.severity = rels != NIL && small ? MIG_SEVERITY_NOTICE : 0,
		.object = quote_identifier(stmt->orig_tablespacename),
		.consequence = rels == NIL ?
			psprintf("copies all that is in tablespace %s under ACCESS EXCLUSIVE",
					 stmt->orig_tablespacename) :
			psprintf("copies %s in one transaction, each under ACCESS EXCLUSIVE until it ends",
					 mig_lint_rel_list(rels)),
	});
}

static void
check_set_tablespace(MigLint *lint)
{
	if (lint->command != NULL)
		check_tablespace(lint);
	else
		check_move_all(lint);
}

/*
 * VACUUM FULL, CLUSTER
 */

static void
report_compaction(MigLint *lint, MigRel *rel, char *rewrite)
{
	if (rel == NULL || mig_lint_is_quiet(lint, rel))
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, rel),
		.object = mig_rel_label(rel),
		.consequence = psprintf("rewrites %s with all its indexes under ACCESS EXCLUSIVE",
								mig_rel_sized_label(rel)),
		.rewrite = rewrite,
	});
}

static void
report_whole_database(MigLint *lint, const char *which)
{
	mig_lint_report(lint, &(MigReport) {
		.consequence = psprintf("rewrites %s, one after the other, each under ACCESS EXCLUSIVE",
								which),
	});
}

static void
check_compaction(MigLint *lint)
{
	VacuumStmt *vacuum = (VacuumStmt *) lint->stmt;
	ListCell   *lc;

	if (IsA(lint->stmt, ClusterStmt))
	{
		if (((ClusterStmt *) lint->stmt)->relation != NULL)
			report_compaction(lint, lint->rel, NULL);
		else
			report_whole_database(lint, "every table that was clustered before");
	}
	if (!IsA(vacuum, VacuumStmt) || !vacuum->is_vacuumcmd || !mig_option_is(vacuum->options, "full", true))
		return;
	if (vacuum->rels == NIL)
		report_whole_database(lint, "every table of the database");
	foreach(lc, vacuum->rels)
	{
		RangeVar   *name = lfirst_node(VacuumRelation, lc)->relation;
		MigRel	   *rel = mig_shadow_find(lint->shadow, name, RELKIND_RELATION);

		if (rel != NULL)
			report_compaction(lint, rel, psprintf("VACUUM %s;",
												  mig_rel_label(rel)));
	}
}

/*
 * Materialized views
 */

/* Can REFRESH CONCURRENTLY tell its rows apart? */
static bool
has_plain_unique_index(MigRel *rel)
{
	ListCell   *lc;

	if (rel->assumed)
		return true;
	foreach(lc, mig_rel_indexes(rel))
	{
		MigIndex   *index = ((MigRel *) lfirst(lc))->index;

		if (index != NULL && index->unique && index->valid && !index->partial &&
			!index->expressions)
			return true;
	}
	return false;
}

static void
check_refresh(MigLint *lint)
{
	RefreshMatViewStmt *stmt = (RefreshMatViewStmt *) lint->stmt;
	MigRel	   *rel = lint->rel;

	if (!IsA(stmt, RefreshMatViewStmt) || rel == NULL ||
		rel->kind != RELKIND_MATVIEW)
		return;
	if (stmt->concurrent)
	{
		if (!rel->populated)
			report_failure(lint, "fails, because the materialized view has not been populated yet");
		else if (!has_plain_unique_index(rel))
			report_failure(lint, "fails, because there is no unique index on columns of the materialized view without WHERE");
		return;
	}
	if (stmt->skipData || !rel->populated || mig_lint_is_quiet(lint, rel))
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, rel),
		.location = stmt->relation->location,
		.object = mig_rel_label(rel),
		.consequence = psprintf("blocks reads of %s while its query runs%s",
								mig_rel_sized_label(rel),
								has_plain_unique_index(rel) ? "" :
								"; CONCURRENTLY needs a unique index on its columns first"),
		.rewrite = has_plain_unique_index(rel) ?
			mig_lint_insert(lint, "VIEW", "CONCURRENTLY") : NULL,
	});
}

/* Adds what a relation makes a query read, if that is not small. */
static void
add_source(MigLint *lint, MigRel *rel, List **sources)
{
	ListCell   *lc;

	if (rel->kind == RELKIND_VIEW)
	{
		foreach(lc, mig_rel_sources(rel))
			add_source(lint, lfirst(lc), sources);
	}
	else if (!mig_lint_is_quiet(lint, rel) && !mig_rel_is_small(rel))
		*sources = list_append_unique_ptr(*sources, rel);
}

/* What the query reads that is not small. */
static List *
large_sources(MigLint *lint, Node *query)
{
	List	   *sources = NIL;
	ListCell   *lc;

	foreach(lc, mig_fact_relations_in(lint->shadow, query))
		add_source(lint, lfirst(lc), &sources);
	return sources;
}

/* The statement WITH NO DATA; it may say WITH DATA now. */
static char *
with_no_data(MigLint *lint)
{
	int			len = strlen(mig_lint_text(lint));
	int			start = 0;
	int			end = 0;
	int			data;

	while (mig_lint_find_word(lint, end, "WITH", &start, &end))
	{
		int			data_end;

		if (mig_lint_find_word(lint, end, "DATA", &data, &data_end) &&
			data_end == len && data == end + 1)
			return mig_lint_edited(lint, mig_lint_edit(NIL, data, data, "NO "));
	}
	return mig_lint_append(lint, "WITH NO DATA");
}

static void
check_create_as(MigLint *lint)
{
	CreateTableAsStmt *stmt = (CreateTableAsStmt *) lint->stmt;
	List	   *sources;

	if (!IsA(stmt, CreateTableAsStmt) || stmt->into->skipData ||
		IsA(stmt->query, ExecuteStmt) ||
		stmt->into->rel->relpersistence == RELPERSISTENCE_TEMP ||
		(stmt->if_not_exists &&
		 mig_shadow_find(lint->shadow, stmt->into->rel, 0) != NULL))
		return;
	sources = large_sources(lint, stmt->query);
	if (sources == NIL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->into->rel->location,
		.object = mig_lint_range(stmt->into->rel),
		.consequence = psprintf("runs its query over %s before the transaction can end",
								mig_lint_rel_list(sources)),
		.rewrite = with_no_data(lint),
	});
}

/*
 * LOCK TABLE, ALTER SEQUENCE
 */

static void
check_lock(MigLint *lint)
{
	LockStmt   *stmt = (LockStmt *) lint->stmt;
	StringInfoData sql;
	ListCell   *lc;

	if (!IsA(stmt, LockStmt) || stmt->mode < ShareLock)
		return;
	initStringInfo(&sql);
	foreach(lc, stmt->relations)
	{
		RangeVar   *name = lfirst_node(RangeVar, lc);

		appendStringInfo(&sql, "%s%s%s", sql.len > 0 ? ", " : "LOCK TABLE ",
						 name->inh ? "" : "ONLY ", mig_lint_range(name));
	}
	appendStringInfo(&sql, " IN SHARE UPDATE EXCLUSIVE MODE%s;",
					 stmt->nowait ? " NOWAIT" : "");
	foreach(lc, stmt->relations)
	{
		RangeVar   *name = lfirst_node(RangeVar, lc);
		MigRel	   *rel = mig_shadow_find(lint->shadow, name, RELKIND_RELATION);

		if (rel == NULL || mig_rel_is_invisible(rel))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.location = name->location,
			.object = mig_rel_label(rel),
			.consequence = psprintf("blocks %s of %s until the commit",
									stmt->mode == AccessExclusiveLock ?
									"reads and writes" : "writes",
									mig_rel_label(rel)),
			.rewrite = sql.data,
		});
	}
}

/* RESTART WITH n and nothing else: what setval() does without the lock. */
static char *
as_setval(const MigRel *rel, const AlterSeqStmt *stmt)
{
	DefElem    *option;

	if (list_length(stmt->options) != 1)
		return NULL;
	option = linitial_node(DefElem, stmt->options);
	if (strcmp(option->defname, "restart") != 0 || option->arg == NULL)
		return NULL;
	return psprintf("SELECT setval(%s, %s, false);",
					quote_literal_cstr(mig_rel_label(rel)),
					defGetString(option));
}

static void
check_alter_sequence(MigLint *lint)
{
	AlterSeqStmt *stmt = (AlterSeqStmt *) lint->stmt;

	if (!IsA(stmt, AlterSeqStmt) || lint->rel == NULL ||
		mig_rel_is_new(lint->rel) || mig_rel_is_invisible(lint->rel))
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->sequence->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("blocks nextval() of %s until the commit",
								mig_rel_label(lint->rel)),
		.rewrite = as_setval(lint->rel, stmt),
	});
}

const MigRule mig_rules_maintenance[] = {
	{
		.name = "set-logged-unlogged",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_persistence,
		.help = "SET LOGGED or UNLOGGED rewrites the table",
		.why = "The whole table and its indexes are copied under ACCESS EXCLUSIVE. Foreign keys between logged and unlogged tables make it fail.",
		.safe = "The table is so already, or is new, temporary or empty; a small one is a notice.",
		.bad = "ALTER TABLE t SET UNLOGGED;",
		.good = "CREATE UNLOGGED TABLE t2 (LIKE t INCLUDING ALL);",
	},
	{
		.name = "set-access-method",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_access_method,
		.help = "SET ACCESS METHOD rewrites the table",
		.why = "The whole table and its indexes are copied under ACCESS EXCLUSIVE.",
		.safe = "The table has this access method, or is new, partitioned, temporary or empty; a small one is a notice.",
		.bad = "ALTER TABLE t SET ACCESS METHOD heap2;",
		.good = "CREATE TABLE t2 (LIKE t INCLUDING ALL) USING heap2;",
	},
	{
		.name = "set-tablespace",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND,
		.check = check_set_tablespace,
		.help = "SET TABLESPACE copies the relation",
		.why = "Every page is copied under ACCESS EXCLUSIVE. An index can be moved by REINDEX CONCURRENTLY instead.",
		.safe = "The relation is there already, or is new, partitioned, temporary or empty; a small one is a notice.",
		.bad = "ALTER TABLE t SET TABLESPACE ts1;",
		.good = "REINDEX (CONCURRENTLY, TABLESPACE ts1) INDEX i;",
	},
	{
		.name = "ban-vacuum-full-cluster",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_compaction,
		.help = "VACUUM FULL and CLUSTER rewrite the table",
		.why = "Nobody can read or write the table until the copy and all its indexes are done. VACUUM alone makes room without that; pg_repack and pg_squeeze shrink a table in use.",
		.safe = "The table is new, temporary or empty; a small one is a notice.",
		.bad = "VACUUM FULL t;",
		.good = "VACUUM t;",
	},
	{
		.name = "require-concurrent-refresh-matview",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_refresh,
		.help = "REFRESH MATERIALIZED VIEW without CONCURRENTLY blocks reads",
		.why = "It holds ACCESS EXCLUSIVE while the query runs. CONCURRENTLY lets reads go on; it needs a unique index and a populated view, and fails without.",
		.safe = "The view is new, empty or not populated, or WITH NO DATA; a small one is a notice.",
		.bad = "REFRESH MATERIALIZED VIEW mv;",
		.good = "REFRESH MATERIALIZED VIEW CONCURRENTLY mv;",
	},
	{
		.name = "matview-with-data",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_create_as,
		.help = "CREATE ... AS runs its query within the migration",
		.why = "The transaction, with all locks that it holds already, lasts as long as the query.",
		.safe = "What it reads is small, new or empty, or WITH NO DATA.",
		.bad = "CREATE MATERIALIZED VIEW mv2 AS SELECT * FROM t;",
		.good = "CREATE MATERIALIZED VIEW mv2 AS SELECT * FROM t WITH NO DATA;",
	},
	{
		.name = "lock-table",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_lock,
		.help = "LOCK TABLE blocks others until the transaction ends",
		.why = "SHARE and stronger modes block writes, ACCESS EXCLUSIVE, which is the default, also reads.",
		.safe = "The table is temporary or made by the same transaction, or the mode lets writes go on.",
		.bad = "LOCK TABLE t;",
		.good = "LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE;",
	},
	{
		.name = "alter-sequence-blocks-nextval",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_alter_sequence,
		.help = "ALTER SEQUENCE blocks nextval()",
		.why = "It holds SHARE ROW EXCLUSIVE on the sequence until the commit, so every INSERT that takes a value waits.",
		.safe = "The sequence is new.",
		.bad = "ALTER SEQUENCE s RESTART 5;",
		.good = "SELECT setval('s', 5, false);",
	},
	{0}
};
