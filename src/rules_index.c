/*-------------------------------------------------------------------------
 *
 * rules_index.c
 *	  Lint rules: indexes, how they are built and dropped.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "nodes/makefuncs.h"
#include "commands/progress.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "classify.h"
#include "compat.h"
#include "rule_sql.h"

/* A concurrent build that gives up sooner meets other transactions too often. */
#define SHORT_LOCK_TIMEOUT (60 * 1000)

/*
 * What several rules ask
 */

/* CREATE INDEX on a relation that is known; NULL: another statement. */
static IndexStmt *
index_statement(MigLint *lint)
{
	return IsA(lint->stmt, IndexStmt) && lint->rel != NULL ?
		(IndexStmt *) lint->stmt : NULL;
}

/* The index that CREATE INDEX would make, if it is there already. */
static MigRel *
index_of_that_name(MigLint *lint, IndexStmt *stmt)
{
	return stmt->idxname == NULL ? NULL :
		mig_shadow_find_named(lint->shadow, lint->rel->schema, stmt->idxname);
}

/* Does IF NOT EXISTS find an index of that name and leave it at that? */
static bool
is_skipped(MigLint *lint, IndexStmt *stmt)
{
	return stmt->if_not_exists && index_of_that_name(lint, stmt) != NULL;
}

/* What follows the table's name in CREATE INDEX. */
static char *
rest_of_index(MigLint *lint, IndexStmt *stmt)
{
	int			end = lint->location + lint->len - lint->base;

	return mig_lint_after_name(mig_lint_piece(lint, stmt->relation->location,
												end));
}

/* A table whose size decides how long an index of it takes. */
static const char *
table_of_index(MigRel *index)
{
	return index->index != NULL && index->index->table != NULL ?
		mig_rel_sized_label(index->index->table) :
		psprintf("the table of %s", mig_rel_label(index));
}

/* The name that CREATE INDEX gives, or the one that the server would choose. */
static char *
name_for_index(MigLint *lint, IndexStmt *stmt)
{
	StringInfoData columns;
	ListCell   *lc;

	if (stmt->idxname != NULL)
		return stmt->idxname;
	initStringInfo(&columns);
	foreach(lc, stmt->indexParams)
	{
		IndexElem  *element = lfirst_node(IndexElem, lc);

		appendStringInfo(&columns, "%s%s", columns.len > 0 ? "_" : "",
						 element->name ? element->name : "expr");
	}
	return mig_sql_index_name(lint, lint->rel, columns.data, "idx");
}

/* The relation that one object of DROP INDEX names; NULL: there is none. */
static MigRel *
dropped_index(MigLint *lint, List *name)
{
	MigRel	   *index = mig_shadow_find_list(lint->shadow, name, RELKIND_INDEX);

	return index != NULL && (index->kind == RELKIND_INDEX ||
							 index->kind == RELKIND_PARTITIONED_INDEX) ?
		index : NULL;
}

/* The objects of DROP INDEX; NIL for another statement. */
static List *
dropped_names(MigLint *lint)
{
	DropStmt   *stmt = (DropStmt *) lint->stmt;

	return IsA(stmt, DropStmt) && stmt->removeType == OBJECT_INDEX ?
		stmt->objects : NIL;
}

/* An index as DROP INDEX names it. */
static const char *
name_of_dropped(List *name)
{
	return mig_lint_range(makeRangeVarFromNameList(name));
}

/* The constraint that an index belongs to; NULL: none. */
static MigConstraint *
constraint_of_index(MigRel *index)
{
	ListCell   *lc;

	if (index->index == NULL || index->index->table == NULL)
		return NULL;
	foreach(lc, mig_rel_constraints(index->index->table))
	{
		MigConstraint *constraint = lfirst(lc);

		if (!constraint->dropped && constraint->index == index &&
			constraint->type != CONSTRAINT_FOREIGN)
			return constraint;
	}
	return NULL;
}

/*
 * Building
 */

static void
check_concurrent_creation(MigLint *lint)
{
	IndexStmt  *stmt = index_statement(lint);
	StringInfoData sql;
	bool		partitioned;

	if (stmt == NULL || stmt->concurrent || is_skipped(lint, stmt) ||
		mig_lint_is_quiet(lint, lint->rel))
		return;
	partitioned = lint->rel->kind == RELKIND_PARTITIONED_TABLE;
	if (partitioned && !stmt->relation->inh)
		return;
	initStringInfo(&sql);
	if (partitioned)
		mig_sql_index(&sql, lint->rel, mig_sql_table(lint), stmt->unique,
					  name_for_index(lint, stmt), rest_of_index(lint, stmt));
	else
		appendStringInfoString(&sql, mig_lint_insert(lint, "INDEX",
													 "CONCURRENTLY"));
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = stmt->relation->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("blocks writes to %s%s while the index is built",
								mig_rel_sized_label(lint->rel),
								partitioned ? " and all its partitions" : ""),
		.rewrite = sql.data,
	});
}

static void
check_concurrent_in_transaction(MigLint *lint)
{
	IndexStmt  *stmt = (IndexStmt *) lint->stmt;

	if (!IsA(stmt, IndexStmt) || !stmt->concurrent ||
		(lint->body == MIG_BODY_NONE && !lint->in_transaction))
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->relation->location,
		.object = lint->rel ? mig_rel_label(lint->rel) :
			mig_lint_range(stmt->relation),
		.consequence = lint->body == MIG_BODY_NONE ?
			"fails: CREATE INDEX CONCURRENTLY cannot run inside a transaction block" :
			"fails: CREATE INDEX CONCURRENTLY cannot be executed from a function",
		.rewrite = lint->body == MIG_BODY_ROUTINE ? NULL :
			psprintf("COMMIT;\n%s;", mig_lint_text(lint)),
	});
}

/* A concurrent CREATE INDEX of a partitioned table. */
static void
check_partitioned_creation(MigLint *lint, IndexStmt *stmt)
{
	StringInfoData sql;

	if (lint->rel->kind != RELKIND_PARTITIONED_TABLE || !stmt->concurrent ||
		lint->rel->persistence == RELPERSISTENCE_TEMP)
		return;
	initStringInfo(&sql);
	mig_sql_index(&sql, lint->rel, mig_sql_table(lint), stmt->unique,
				  name_for_index(lint, stmt), rest_of_index(lint, stmt));
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->relation->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("fails: %s is partitioned, and indexes of such tables cannot be built concurrently",
								mig_rel_label(lint->rel)),
		.rewrite = sql.data,
	});
}

static void
check_concurrent_on_partitioned(MigLint *lint)
{
	IndexStmt  *create = index_statement(lint);
	ListCell   *lc;

	if (create != NULL)
		check_partitioned_creation(lint, create);
	foreach(lc, dropped_names(lint))
	{
		DropStmt   *stmt = (DropStmt *) lint->stmt;
		MigRel	   *index = dropped_index(lint, lfirst(lc));

		if (index == NULL || index->kind != RELKIND_PARTITIONED_INDEX ||
			!stmt->concurrent)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.object = mig_rel_label(index),
			.consequence = psprintf("fails: %s is an index of a partitioned table, and cannot be dropped concurrently",
									mig_rel_label(index)),
			.rewrite = psprintf("DROP INDEX %s;", name_of_dropped(lfirst(lc))),
		});
	}
}

static void
check_concurrent_if_not_exists(MigLint *lint)
{
	static const char *const clause[] = {"IF", "NOT", "EXISTS"};
	IndexStmt  *stmt = index_statement(lint);
	MigRel	   *present;
	const char *name;
	bool		invalid;

	if (stmt == NULL || !stmt->concurrent || !stmt->if_not_exists ||
		lint->rel->kind == RELKIND_PARTITIONED_TABLE)
		return;
	present = index_of_that_name(lint, stmt);
	invalid = present != NULL && present->index != NULL &&
		!present->index->valid;
	/* a valid one is skipped for good */
	if ((present != NULL && !invalid) ||
		(present == NULL && mig_lint_is_quiet(lint, lint->rel)))
		return;
	name = quote_qualified_identifier(stmt->relation->schemaname,
									  stmt->idxname);
	mig_lint_report(lint, &(MigReport) {
		.severity = invalid ? MIG_SEVERITY_ERROR : MIG_SEVERITY_DEFAULT,
		.location = stmt->relation->location,
		.object = quote_qualified_identifier(lint->rel->schema,
											 stmt->idxname),
		.consequence = invalid ?
			psprintf("does nothing: %s is there, but invalid, and stays unusable",
					 mig_rel_label(present)) :
			"a second try after a failed build finds the invalid index, and skips it as if it were done",
		.rewrite = psprintf("DROP INDEX CONCURRENTLY IF EXISTS %s;\n%s;", name,
							mig_lint_without(mig_lint_text(lint), clause,
											 lengthof(clause))),
	});
}

/* The length of a lock_timeout that the script has set; 0: it waits. */
static int
script_lock_timeout(MigLint *lint)
{
	const char *value = mig_shadow_setting(lint->shadow, "lock_timeout");
	int			milliseconds;

	if (value == NULL ||
		!parse_int(value, &milliseconds, GUC_UNIT_MS, NULL))
		return 0;
	return milliseconds;
}

/* What waits for other transactions, and leaves something if it gives up. */
static const char *
concurrent_command(MigLint *lint)
{
	Node	   *stmt = lint->stmt;

	if (IsA(stmt, IndexStmt) && ((IndexStmt *) stmt)->concurrent)
		return "CREATE INDEX CONCURRENTLY";
	if (IsA(stmt, DropStmt) && ((DropStmt *) stmt)->concurrent)
		return "DROP INDEX CONCURRENTLY";
	if (IsA(stmt, ReindexStmt) &&
		mig_option_is(((ReindexStmt *) stmt)->params, "concurrently", true))
		return "REINDEX CONCURRENTLY";
	if (IsA(stmt, AlterTableStmt))
	{
		AlterTableCmd *command = linitial(((AlterTableStmt *) stmt)->cmds);

		if (command->subtype == AT_DetachPartition &&
			castNode(PartitionCmd, command->def)->concurrent)
			return "DETACH PARTITION CONCURRENTLY";
	}
	return NULL;
}

static void
check_short_lock_timeout(MigLint *lint)
{
	const char *command = concurrent_command(lint);
	int			timeout;

	if (command == NULL || lint->body != MIG_BODY_NONE)
		return;
	timeout = script_lock_timeout(lint);
	if (timeout == 0 || timeout >= SHORT_LOCK_TIMEOUT)
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = lint->rel ? mig_rel_label(lint->rel) : NULL,
		.consequence = psprintf("%s fails if a transaction of this database is older than %d ms, and leaves its work half done",
								command, timeout),
		.rewrite = psprintf("SET lock_timeout = 0;\n%s;\nRESET lock_timeout;",
							mig_lint_text(lint)),
	});
}

/*
 * Dropping and rebuilding
 */

/* A DROP INDEX with each of its indexes by itself, as far as it can be. */
static char *
dropped_apart(MigLint *lint)
{
	DropStmt   *stmt = (DropStmt *) lint->stmt;
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, dropped_names(lint))
	{
		MigRel	   *index = dropped_index(lint, lfirst(lc));
		MigConstraint *constraint = index ? constraint_of_index(index) : NULL;

		if (constraint != NULL)
			mig_sql_add(&sql, "ALTER TABLE %s DROP CONSTRAINT %s;",
						mig_rel_label(index->index->table),
						quote_identifier(constraint->name));
		else
			mig_sql_add(&sql, "DROP INDEX %s%s%s;",
						index != NULL && index->kind == RELKIND_INDEX &&
						!mig_rel_is_new(index) && !index->partition ? "CONCURRENTLY " : "",
						stmt->missing_ok ? "IF EXISTS " : "",
						name_of_dropped(lfirst(lc)));
	}
	return sql.data;
}

/* Why one object of a DROP INDEX is to be dropped concurrently. */
static void
check_deletion(MigLint *lint, List *name)
{
	MigRel	   *index = dropped_index(lint, name);
	MigRel	   *table = index && index->index ? index->index->table : NULL;

	if (index == NULL || index->kind != RELKIND_INDEX ||
		mig_rel_is_new(index) || index->partition ||
		(index->index != NULL && index->index->constraint) ||
		(table != NULL && mig_lint_is_quiet(lint, table)))
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = table ? mig_lint_by_size(lint, table) : MIG_SEVERITY_DEFAULT,
		.object = mig_rel_label(index),
		.consequence = psprintf("waits for ACCESS EXCLUSIVE on %s: reads and writes queue behind it",
								table_of_index(index)),
		.rewrite = dropped_apart(lint),
	});
}

static void
check_concurrent_deletion(MigLint *lint)
{
	ListCell   *lc;

	if (dropped_names(lint) == NIL || ((DropStmt *) lint->stmt)->concurrent)
		return;
	foreach(lc, dropped_names(lint))
		check_deletion(lint, lfirst(lc));
}

static void
check_backing_index(MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, dropped_names(lint))
	{
		MigRel	   *index = dropped_index(lint, lfirst(lc));
		MigConstraint *constraint = index ? constraint_of_index(index) : NULL;

		if (constraint == NULL)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.object = mig_rel_label(index),
			.consequence = psprintf("fails: the index belongs to constraint %s of %s",
									constraint->name,
									mig_rel_label(index->index->table)),
			.rewrite = dropped_apart(lint),
		});
	}
}

/* What a REINDEX blocks, and the word after which CONCURRENTLY is written. */
static const char *
reindexed(MigLint *lint, ReindexStmt *stmt, const char **word)
{
	switch (stmt->kind)
	{
		case REINDEX_OBJECT_INDEX:
			*word = "INDEX";
			return table_of_index(lint->rel);
		case REINDEX_OBJECT_TABLE:
			*word = "TABLE";
			return mig_rel_sized_label(lint->rel);
		case REINDEX_OBJECT_SCHEMA:
			*word = "SCHEMA";
			return psprintf("each table of schema %s", stmt->name);
		case REINDEX_OBJECT_DATABASE:
			*word = "DATABASE";
			return "each table of the database";
		default:
			return NULL;
	}
}

static void
check_concurrent_reindex(MigLint *lint)
{
	ReindexStmt *stmt = (ReindexStmt *) lint->stmt;
	MigRel	   *table = lint->rel;
	const char *what;
	const char *word;

	if (!IsA(stmt, ReindexStmt) || mig_option_is(stmt->params, "concurrently", true) ||
		(stmt->relation != NULL && lint->rel == NULL))
		return;
	if (table != NULL && table->index != NULL)
		table = table->index->table;
	if (table != NULL && mig_lint_is_quiet(lint, table))
		return;
	what = reindexed(lint, stmt, &word);
	if (what == NULL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = table ? mig_lint_by_size(lint, table) : MIG_SEVERITY_DEFAULT,
		.location = stmt->relation ? stmt->relation->location : 0,
		.object = lint->rel ? mig_rel_label(lint->rel) :
			quote_identifier(stmt->name),
		.consequence = psprintf("blocks writes to %s, and most reads, while %s built", what,
								stmt->kind == REINDEX_OBJECT_INDEX ? "the index is" : "the indexes are"),
		.rewrite = mig_lint_insert(lint, word, "CONCURRENTLY"),
	});
}

/*
 * What a failed build has left
 */

/* An index that is invalid, and the statement that met its table first. */
typedef struct InvalidIndex
{
	MigRel	   *index;
	MigLintPlace *place;
} InvalidIndex;

typedef struct InvalidIndexes
{
	List	   *met;			/* of InvalidIndex * */
	List	   *tables;			/* of MigRel *: looked at */
} InvalidIndexes;

/* Is somebody building an index on this table now? */
static bool
is_being_built(const MigRel *table)
{
	int			n = pgstat_fetch_stat_numbackends();

	for (int i = 1; i <= n; i++)
	{
		LocalPgBackendStatus *local = mig_local_beentry_by_index(i);

		if (local != NULL &&
			local->backendStatus.st_progress_command == PROGRESS_COMMAND_CREATE_INDEX &&
			local->backendStatus.st_progress_command_target == table->oid)
			return true;
	}
	return false;
}

/* Remembers the invalid indexes of a table that a statement touches. */
static void
remember_invalid(MigLint *lint, InvalidIndexes *memory, MigRel *table)
{
	MemoryContext caller;
	ListCell   *lc;

	if (!OidIsValid(table->oid) || list_member_ptr(memory->tables, table))
		return;
	caller = MemoryContextSwitchTo(lint->context);
	memory->tables = lappend(memory->tables, table);
	MemoryContextSwitchTo(caller);
	foreach(lc, mig_rel_indexes(table))
	{
		MigRel	   *index = lfirst(lc);
		InvalidIndex *invalid;

		if (index->index == NULL || index->index->valid ||
			index->kind != RELKIND_INDEX || mig_rel_is_new(index))
			continue;
		caller = MemoryContextSwitchTo(lint->context);
		invalid = palloc(sizeof(InvalidIndex));
		invalid->index = index;
		invalid->place = mig_lint_place(lint, 0);
		memory->met = lappend(memory->met, invalid);
		MemoryContextSwitchTo(caller);
	}
}

static void
check_invalid_index(MigLint *lint)
{
	InvalidIndexes *memory = mig_lint_memory(lint, sizeof(InvalidIndexes));
	ListCell   *lc;

	if (lint->moment == MIG_ON_STATEMENT)
	{
		if (lint->rel != NULL)
			remember_invalid(lint, memory, lint->rel);
		foreach(lc, lint->effect->touches)
			remember_invalid(lint, memory, ((MigTouch *) lfirst(lc))->rel);
		return;
	}
	foreach(lc, memory->met)
	{
		InvalidIndex *invalid = lfirst(lc);
		MigRel	   *index = invalid->index;

		if (index->dropped || index->index->valid ||
			index->index->table->dropped || is_being_built(index->index->table))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.place = invalid->place,
			.object = mig_rel_label(index),
			.consequence = psprintf("a failed build has left it invalid: no query uses it%s",
									index->index->ready ? ", each write maintains it" : ""),
			.rewrite = psprintf("DROP INDEX CONCURRENTLY %s;",
								mig_rel_label(index)),
		});
	}
}

const MigRule mig_rules_index[] = {
	{
		.name = "require-concurrent-index-creation",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_concurrent_creation,
		.help = "CREATE INDEX without CONCURRENTLY blocks writes",
		.why = "CREATE INDEX holds SHARE on the table until the index is built: every INSERT, UPDATE and DELETE waits. On a partitioned table it does so on all partitions.",
		.safe = "The table is new, temporary or empty; or IF NOT EXISTS finds the index. For a small table it is a notice.",
		.bad = "CREATE INDEX i ON t(a);",
		.good = "CREATE INDEX CONCURRENTLY i ON t(a);",
	},
	{
		.name = "require-concurrent-index-deletion",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_concurrent_deletion,
		.help = "DROP INDEX without CONCURRENTLY waits for ACCESS EXCLUSIVE on the table",
		.why = "Dropping is quick, but it waits until nobody uses the table, and everybody who comes meanwhile queues behind it.",
		.safe = "The set created the index, the table is new, temporary or empty, or the index is one of a partitioned table, for which there is no other way. For a small table it is a notice.",
		.bad = "DROP INDEX i;",
		.good = "DROP INDEX CONCURRENTLY i;",
	},
	{
		.name = "require-concurrent-reindex",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_concurrent_reindex,
		.help = "REINDEX without CONCURRENTLY blocks writes and most reads",
		.why = "REINDEX holds SHARE on the table and ACCESS EXCLUSIVE on each index that it builds; the planner opens all indexes of a table, so reads wait, too.",
		.safe = "The table is new, temporary or empty; REINDEX SYSTEM has no concurrent form. For a small table it is a notice.",
		.bad = "REINDEX TABLE t;",
		.good = "REINDEX TABLE CONCURRENTLY t;",
	},
	{
		.name = "ban-concurrent-index-creation-in-transaction",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_concurrent_in_transaction,
		.help = "CREATE INDEX CONCURRENTLY cannot run in a transaction block or a function",
		.why = "It commits several times while it works, so the server refuses it inside BEGIN ... COMMIT, DO blocks and functions.",
		.safe = "In a script, outside BEGIN ... COMMIT: it is a step of its own there.",
		.bad = "DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON t(a); END $$;",
		.good = "CREATE INDEX CONCURRENTLY i ON t(a);",
	},
	{
		.name = "concurrent-index-on-partitioned",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_concurrent_on_partitioned,
		.help = "indexes of partitioned tables cannot be built or dropped concurrently",
		.why = "The server refuses it. An index of the parent alone is made at once; then each partition gets its index concurrently, and the parent's index is valid when the last of them is attached.",
		.safe = "The table is not partitioned, or temporary.",
		.bad = "CREATE INDEX CONCURRENTLY i ON pt(id);",
		.good = "CREATE INDEX i ON ONLY pt(id);",
	},
	{
		.name = "concurrent-index-if-not-exists",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_concurrent_if_not_exists,
		.help = "IF NOT EXISTS takes the invalid index of a failed build for the one wanted",
		.why = "A concurrent build that fails leaves an invalid index of that name. The next try skips the statement with success, and the index stays unusable.",
		.safe = "A valid index of that name exists, or the table is new or empty. It is an error if an invalid one is there now.",
		.bad = "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_b_idx ON t(b);",
		.good = "DROP INDEX CONCURRENTLY IF EXISTS t_b_idx; CREATE INDEX CONCURRENTLY t_b_idx ON t(b);",
	},
	{
		.name = "invalid-index-left-behind",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_SET_END,
		.check = check_invalid_index,
		.help = "a table that is touched has an invalid index",
		.why = "No query uses an invalid index, but writes may have to maintain it, and a unique one may refuse rows already.",
		.safe = "The set drops or rebuilds the index, or it is being built at this moment.",
		.bad = "ALTER TABLE t ADD COLUMN z int; -- and t has an invalid index i",
		.good = "DROP INDEX CONCURRENTLY i;",
	},
	{
		.name = "concurrent-with-short-lock-timeout",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_short_lock_timeout,
		.help = "a concurrent statement with a lock_timeout of less than a minute",
		.why = "It waits for every transaction of the database that is older, and lock_timeout counts for that, too: any long query makes it fail and leave an invalid index.",
		.safe = "The script does not set lock_timeout, or to a minute or more: migrate lets such statements wait.",
		.bad = "SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY i ON t(a);",
		.good = "SET lock_timeout = 0; CREATE INDEX CONCURRENTLY i ON t(a); RESET lock_timeout;",
	},
	{
		.name = "drop-constraint-backing-index",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_backing_index,
		.help = "DROP INDEX of an index that belongs to a constraint fails",
		.why = "The index of a PRIMARY KEY, UNIQUE or EXCLUDE constraint goes with its constraint only.",
		.safe = "The index belongs to no constraint.",
		.bad = "DROP INDEX t_pkey;",
		.good = "ALTER TABLE t DROP CONSTRAINT t_pkey;",
	},
	{0}
};
