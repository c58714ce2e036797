/*-------------------------------------------------------------------------
 *
 * rules_live.c
 *	  Lint rules: what the running server knows of the relations.
 *
 * Each relation is asked about once in a set.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/statvfs.h>

#include "catalog/pg_class.h"
#include "catalog/pg_tablespace_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "guc.h"
#include "rule.h"
#include "spi_util.h"

/* So many changed rows a second are a hot table. */
#define HOT_ROWS_PER_SECOND	100

/* A rewrite that needs this much is told of, whatever is free. */
#define MUCH_SPACE	((int64) 1024 * 1024 * 1024)

/* And one that needs such a part of what is free. */
#define PART_OF_FREE	10

/* What sorting an entry of an index needs besides its columns. */
#define ENTRY_OVERHEAD	32

typedef struct Asked
{
	List	   *rels;			/* of MigRel * */
} Asked;

/* The first time in this set that the rule comes to the relation? */
static bool
is_first_time(MigLint *lint, MigRel *rel)
{
	Asked	   *asked = mig_lint_memory(lint, sizeof(Asked));
	MemoryContext caller;

	if (list_member_ptr(asked->rels, rel))
		return false;
	caller = MemoryContextSwitchTo(lint->context);
	asked->rels = lappend(asked->rels, rel);
	MemoryContextSwitchTo(caller);
	return true;
}

/* A relation that is here, and that others see. */
static bool
is_here(const MigRel *rel)
{
	return OidIsValid(rel->oid) && !mig_rel_is_invisible(rel) &&
		(rel->kind == RELKIND_RELATION || rel->kind == RELKIND_MATVIEW ||
		 rel->kind == RELKIND_PARTITIONED_TABLE);
}

/*
 * Who is in the way now
 */

typedef struct Holder
{
	Oid			relation;
	const char *words;
} Holder;

typedef struct InUse
{
	Asked		asked;
	bool		read;
	List	   *holders;		/* of Holder * */
} InUse;

/* What holds locks for longer than anybody is willing to wait. */
static void
read_holders(MigLint *lint, InUse *memory)
{
	static MigQuery query = {"SELECT DISTINCT ON (l.relation) l.relation::int8,"
		" CASE WHEN a.backend_type = 'autovacuum worker'"
		" THEN 'the autovacuum against wraparound'"
		" ELSE a.backend_type || CASE WHEN a.application_name = '' THEN ''"
		" ELSE format(' %s', a.application_name) END END"
		" || format(' (pid %s)', a.pid) || ' holds ' || l.mode || ' for '"
		" || date_trunc('second', clock_timestamp() - a.xact_start)"
		" FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
		" WHERE l.granted AND l.locktype = 'relation' AND l.pid <> pg_backend_pid()"
		" AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
		" AND CASE WHEN a.backend_type = 'autovacuum worker'"
		" THEN a.query LIKE '%(to prevent wraparound)' AND l.mode <> 'AccessShareLock'"
		" ELSE clock_timestamp() - a.xact_start > $1 * interval '1 ms' END"
		" ORDER BY l.relation, a.xact_start"};
	MigParams	params = {0};
	MigSqlSession session;
	uint64		n;

	memory->read = true;
	mig_param_int8(&params, mig_lock_timeout > 0 ? mig_lock_timeout : 1000);
	mig_sql_begin(&session);
	n = mig_sql_run(&query, &params);
	for (uint64 i = 0; i < n; i++)
	{
		Holder	   *holder = MemoryContextAlloc(lint->context, sizeof(Holder));
		MemoryContext inside = MemoryContextSwitchTo(lint->context);

		holder->relation = (Oid) mig_col_int8(i, 1, 0);
		holder->words = pstrdup(mig_col_text(i, 2));
		memory->holders = lappend(memory->holders, holder);
		MemoryContextSwitchTo(inside);
	}
	mig_sql_end(&session);
}

static void
check_in_use(MigLint *lint)
{
	InUse	   *memory = mig_lint_memory(lint, sizeof(InUse));
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, lint->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);

		if (mig_touch_strongest(touch) != AccessExclusiveLock ||
			!is_here(touch->rel) || !is_first_time(lint, touch->rel))
			continue;
		if (!memory->read)
			read_holders(lint, memory);
		foreach(each, memory->holders)
		{
			Holder	   *holder = lfirst(each);

			if (holder->relation == touch->rel->oid)
				mig_lint_report(lint, &(MigReport) {
					.object = mig_rel_label(touch->rel),
					.consequence = psprintf("would wait for %s now, and every query of it behind this: %s",
											mig_rel_label(touch->rel), holder->words),
				});
		}
	}
}

/*
 * Rows changed a second since statistics were reset, as if that was an hour ago
 * at least; -1: not known.  They count what was rolled back, too, also by our
 * own dry runs, and what a restore brought.  What was committed since the last
 * ANALYZE is neither: the lower rate of the two.
 */
static double
changes_per_second(const MigRel *rel)
{
	static MigQuery query = {"SELECT least((s.n_tup_ins + s.n_tup_upd + s.n_tup_del) / t.all_of_it,"
		" s.n_mod_since_analyze / greatest(coalesce(extract(epoch FROM clock_timestamp()"
		" - greatest(s.last_analyze, s.last_autoanalyze))::int8, t.all_of_it), 1))"
		" FROM pg_stat_all_tables s, pg_stat_database d,"
		" LATERAL (SELECT greatest(extract(epoch FROM clock_timestamp() - coalesce(d.stats_reset,"
		" pg_postmaster_start_time())), 3600)::int8 AS all_of_it) t"
		" WHERE s.relid = $1::oid AND d.datname = current_database()"};
	MigParams	params = {0};
	MigSqlSession session;
	double		result = -1;

	mig_param_int8(&params, rel->oid);
	mig_sql_begin(&session);
	if (mig_sql_run(&query, &params) > 0)
		result = mig_col_int8(0, 1, -1);
	mig_sql_end(&session);
	return result;
}

static void
check_hot(MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, lint->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);
		double		rate;

		if (mig_touch_strongest(touch) < ShareLock || !is_here(touch->rel) ||
			mig_lint_is_quiet(lint, touch->rel) || mig_rel_is_small(touch->rel) ||
			!is_first_time(lint, touch->rel))
			continue;
		rate = changes_per_second(touch->rel);
		if (rate < HOT_ROWS_PER_SECOND)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.object = mig_rel_label(touch->rel),
			.consequence = psprintf("stops the writers of %s, which change %.0f rows a second",
									mig_rel_label(touch->rel), rate),
		});
	}
}

/*
 * Space and memory
 */

static const char *
pretty(int64 bytes)
{
	return TextDatumGetCString(DirectFunctionCall1(pg_size_pretty,
												   Int64GetDatum(bytes)));
}

/* Bytes that are free where the relation is; -1: not known. */
static int64
free_space(const MigRel *rel)
{
	Oid			space = get_rel_tablespace(rel->oid);
	struct statvfs disk;

	if (!OidIsValid(space))
		space = MyDatabaseTableSpace;
	/* the server runs in its data directory */
	if (statvfs(space == DEFAULTTABLESPACE_OID ? "base" :
				psprintf("pg_tblspc/%u", space), &disk) != 0)
		return -1;
	return (int64) disk.f_bavail * disk.f_frsize;
}

/* Is that much to need where the relation is? */
static bool
is_much(const MigRel *rel, int64 bytes)
{
	int64		space;

	if (bytes >= MUCH_SPACE)
		return true;
	space = free_space(rel);
	return space >= 0 && bytes > space / PART_OF_FREE;
}

static void
check_headroom(MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, lint->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);
		MigRel	   *rel = touch->rel;
		int64		bytes;
		ListCell   *each;

		if (!touch->rewrites || !is_here(rel) || mig_lint_is_quiet(lint, rel) ||
			mig_rel_is_small(rel) || !is_first_time(lint, rel))
			continue;
		bytes = mig_rel_bytes(rel);
		foreach(each, mig_rel_indexes(rel))
			bytes += mig_rel_bytes(lfirst(each));
		if (!is_much(rel, bytes))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.object = mig_rel_label(rel),
			.consequence = psprintf("needs %s free for the copy of %s with its indexes, and as much again for the WAL",
									pretty(bytes), mig_rel_label(rel)),
		});
	}
}

/* Bytes of a value of the column in an index. */
static int
column_width(MigRel *rel, const char *name)
{
	MigColumn  *column = name ? mig_rel_column(rel, name) : NULL;
	int			width = 0;

	if (column == NULL || !OidIsValid(column->type))
		return 8;
	if (OidIsValid(rel->oid))
		width = get_attavgwidth(rel->oid, column->attnum);
	return width > 0 ? width : get_typavgwidth(column->type, column->typmod);
}

/* Kilobytes that a build may use, as the script has set it. */
static int
build_memory(MigLint *lint)
{
	const char *set = mig_shadow_setting(lint->shadow, "maintenance_work_mem");
	int			value;
	const char *hint;

	if (set != NULL && parse_int(set, &value, GUC_UNIT_KB, &hint))
		return value;
	return maintenance_work_mem;
}

static void
check_build(MigLint *lint)
{
	IndexStmt  *stmt = (IndexStmt *) lint->stmt;
	MigRel	   *rel = lint->rel;
	double		kilobytes;
	int			width = ENTRY_OVERHEAD;
	const char *wanted;
	ListCell   *lc;

	if (!IsA(stmt, IndexStmt) || rel == NULL || !is_here(rel) ||
		mig_lint_is_quiet(lint, rel) || mig_rel_is_small(rel))
		return;
	foreach(lc, stmt->indexParams)
		width += column_width(rel, lfirst_node(IndexElem, lc)->name);
	foreach(lc, stmt->indexIncludingParams)
		width += column_width(rel, lfirst_node(IndexElem, lc)->name);
	kilobytes = mig_rel_rows(rel) * MAXALIGN(width) / 1024;
	if (kilobytes <= build_memory(lint) || kilobytes > MAX_KILOBYTES)
		return;
	wanted = psprintf("%dMB", (int) (kilobytes / 1024) + 1);
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->relation->location,
		.object = mig_rel_label(rel),
		.consequence = psprintf("sorts about %s of %s on disk, since maintenance_work_mem is %s",
								pretty((int64) kilobytes * 1024), mig_rel_label(rel),
								pretty((int64) build_memory(lint) * 1024)),
		.rewrite = stmt->concurrent ?
			psprintf("SET maintenance_work_mem = '%s';\n%s;\nRESET maintenance_work_mem;",
					 wanted, mig_lint_text(lint)) :
			psprintf("SET LOCAL maintenance_work_mem = '%s';\n%s;", wanted,
					 mig_lint_text(lint)),
	});
}

const MigRule mig_rules_live[] = {
	{
		.name = "table-in-use",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_in_use,
		.help = "a long transaction holds a lock on the table right now",
		.why = "ACCESS EXCLUSIVE waits for it, and everybody who comes later waits behind that. The autovacuum against wraparound does not step aside, either.",
		.safe = "No transaction that is older than migrate.lock_timeout has a lock on it.",
		.bad = "ALTER TABLE t ADD COLUMN z int;",
		.good = "SELECT 1;",
	},
	{
		.name = "write-hot-table",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_hot,
		.help = "the table is written to all the time",
		.why = "Even a short lock makes many writers wait, who then all come at once. A quiet hour is better.",
		.safe = "Fewer than 100 rows a second changed since statistics were reset, or were committed since the last ANALYZE; or the table is new, temporary, empty or small.",
		.bad = "ALTER TABLE t ADD COLUMN z int;",
		.good = "SELECT 1;",
	},
	{
		.name = "rewrite-disk-headroom",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_headroom,
		.help = "a rewrite needs room for a copy of the table",
		.why = "The old and the new files exist side by side until the commit, indexes included, and the WAL has all of it once more.",
		.safe = "The copy needs less than 1 GB, and less than a tenth of what is free there; or the table is new, temporary, empty or small.",
		.bad = "ALTER TABLE t ALTER COLUMN a TYPE bigint;",
		.good = "ALTER TABLE t ADD COLUMN a_new bigint;",
	},
	{
		.name = "long-index-build",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_build,
		.help = "an index is sorted on disk",
		.why = "What does not fit into maintenance_work_mem is sorted in several passes over temporary files.",
		.safe = "The keys fit, or the table is new, temporary, empty or small.",
		.bad = "SET maintenance_work_mem = '1MB'; CREATE INDEX CONCURRENTLY i ON t(a);",
		.good = "SET maintenance_work_mem = '1GB'; CREATE INDEX CONCURRENTLY i ON t(a);",
	},
	{0}
};
