/*-------------------------------------------------------------------------
 *
 * rules_after.c
 *	  Lint rules: what a migration leaves to be done or undone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "changes.h"
#include "classify.h"
#include "facts.h"
#include "rule.h"

/*
 * Statistics
 */

typedef struct Unanalyzed
{
	MigRel	   *rel;
	MigLintPlace *place;
	const char *consequence;
	const char *rewrite;
} Unanalyzed;

typedef struct AnalyzeMemory
{
	List	   *changes;		/* of Unanalyzed * */
} AnalyzeMemory;

static void
needs_analyze(MigLint *lint, MigRel *rel, int location, const char *consequence)
{
	AnalyzeMemory *memory = mig_lint_memory(lint, sizeof(AnalyzeMemory));
	MemoryContext caller;
	Unanalyzed *change;

	if (rel == NULL || mig_rel_is_new(rel) || mig_lint_is_quiet(lint, rel))
		return;
	caller = MemoryContextSwitchTo(lint->context);
	change = palloc(sizeof(Unanalyzed));
	change->rel = rel;
	change->place = mig_lint_place(lint, location);
	change->consequence = pstrdup(consequence);
	change->rewrite = psprintf("%s;\nANALYZE %s;", mig_lint_text(lint),
							   mig_rel_label(rel));
	memory->changes = lappend(memory->changes, change);
	MemoryContextSwitchTo(caller);
}

/* ANALYZE of one relation; NULL: of all. */
static void
analyzed(AnalyzeMemory *memory, MigRel *rel)
{
	ListCell   *lc;

	foreach(lc, memory->changes)
	{
		if (rel == NULL || ((Unanalyzed *) lfirst(lc))->rel == rel)
			memory->changes = foreach_delete_current(memory->changes, lc);
	}
}

static bool
is_analyze(const VacuumStmt *stmt)
{
	return !stmt->is_vacuumcmd || mig_option_is(stmt->options, "analyze", true);
}

static void
forget_analyzed(MigLint *lint, AnalyzeMemory *memory)
{
	VacuumStmt *stmt = (VacuumStmt *) lint->stmt;
	ListCell   *lc;

	if (!is_analyze(stmt))
		return;
	if (stmt->rels == NIL)
		analyzed(memory, NULL);
	foreach(lc, stmt->rels)
	{
		RangeVar   *name = lfirst_node(VacuumRelation, lc)->relation;
		MigRel	   *rel = name ? mig_shadow_find(lint->shadow, name, 0) : NULL;

		if (rel != NULL)
			analyzed(memory, rel);
	}
}

static bool
has_expression(const IndexStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->indexParams)
	{
		if (lfirst_node(IndexElem, lc)->expr != NULL)
			return true;
	}
	return false;
}

static void
note_command(MigLint *lint)
{
	AlterTableCmd *command = lint->command;
	MigColumn  *column;

	if (lint->rel == NULL)
		return;
	if (command->subtype == AT_AttachPartition)
		needs_analyze(lint, lint->rel,
					  ((PartitionCmd *) command->def)->name->location,
					  psprintf("statistics of %s as a whole do not know the rows of the new partition, and autovacuum does not gather them",
							   mig_rel_label(lint->rel)));
	else if (command->subtype == AT_AlterColumnType)
	{
		column = mig_rel_column(lint->rel, command->name);
		if (column != NULL && (lint->rel->assumed ||
							   SearchSysCacheExists3(STATRELATTINH,
													 ObjectIdGetDatum(lint->rel->oid),
													 Int16GetDatum(column->attnum),
													 BoolGetDatum(false))))
			needs_analyze(lint, lint->rel,
						  ((ColumnDef *) command->def)->typeName->location,
						  psprintf("drops the statistics of %s, and queries are planned without until the next ANALYZE",
								   mig_rel_part_label(lint->rel, command->name)));
	}
}

static void
note_statement(MigLint *lint, AnalyzeMemory *memory)
{
	if (IsA(lint->stmt, VacuumStmt))
		forget_analyzed(lint, memory);
	else if (IsA(lint->stmt, IndexStmt) && has_expression((IndexStmt *) lint->stmt))
		needs_analyze(lint, lint->rel, 0,
					  psprintf("there are no statistics of the expression in the index on %s until the next ANALYZE",
							   lint->rel ? mig_rel_label(lint->rel) : ""));
	else if (IsA(lint->stmt, CreateStatsStmt))
	{
		CreateStatsStmt *stmt = (CreateStatsStmt *) lint->stmt;
		RangeVar   *name = linitial(stmt->relations);
		MigRel	   *rel = IsA(name, RangeVar) ?
			mig_shadow_find(lint->shadow, name, RELKIND_RELATION) : NULL;

		if (rel != NULL)
			needs_analyze(lint, rel, 0,
						  psprintf("the new statistics of %s are empty until the next ANALYZE",
								   mig_rel_label(rel)));
	}
}

static void
check_analyze(MigLint *lint)
{
	AnalyzeMemory *memory = mig_lint_memory(lint, sizeof(AnalyzeMemory));
	ListCell   *lc;

	if (lint->moment == MIG_ON_COMMAND)
		note_command(lint);
	else if (lint->moment == MIG_ON_STATEMENT)
		note_statement(lint, memory);
	if (lint->moment != MIG_ON_SET_END)
		return;
	foreach(lc, memory->changes)
	{
		Unanalyzed *change = lfirst(lc);

		if (!change->rel->dropped)
			mig_lint_report(lint, &(MigReport) {
				.place = change->place,
				.object = mig_rel_label(change->rel),
				.consequence = change->consequence,
				.rewrite = change->rewrite,
			});
	}
}

/*
 * Autovacuum
 */

typedef struct Disabled
{
	const char *schema;
	const char *name;
	MigLintPlace *place;
} Disabled;

typedef struct DisabledMemory
{
	List	   *disabled;		/* of Disabled * */
} DisabledMemory;

/* What the options say of autovacuum: 1 off, 0 on or reset, -1 nothing. */
static int
disables(List *options, bool reset)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);
		bool		on = true;

		if (strcmp(option->defname, "autovacuum_enabled") != 0)
			continue;
		if (!reset && option->arg != NULL &&
			!parse_bool(defGetString(option), &on))
			return -1;
		return reset || on ? 0 : 1;
	}
	return -1;
}

static void
remember_disabled(MigLint *lint, const char *schema, const char *name, int state)
{
	DisabledMemory *memory = mig_lint_memory(lint, sizeof(DisabledMemory));
	MemoryContext caller = MemoryContextSwitchTo(lint->context);
	Disabled   *disabled;
	ListCell   *lc;

	foreach(lc, memory->disabled)
	{
		disabled = lfirst(lc);
		if (strcmp(disabled->schema, schema) == 0 &&
			strcmp(disabled->name, name) == 0)
			memory->disabled = foreach_delete_current(memory->disabled, lc);
	}
	if (state == 1)
	{
		disabled = palloc(sizeof(Disabled));
		disabled->schema = pstrdup(schema);
		disabled->name = pstrdup(name);
		disabled->place = mig_lint_place(lint, 0);
		memory->disabled = lappend(memory->disabled, disabled);
	}
	MemoryContextSwitchTo(caller);
}

static void
note_options(MigLint *lint)
{
	CreateStmt *stmt = (CreateStmt *) lint->stmt;
	AlterTableCmd *command = lint->command;
	int			state;

	if (command == NULL)
	{
		state = IsA(stmt, CreateStmt) ? disables(stmt->options, false) : -1;
		if (state != -1 && stmt->relation->relpersistence != RELPERSISTENCE_TEMP)
			remember_disabled(lint,
							  mig_shadow_creation_schema(lint->shadow, stmt->relation),
							  stmt->relation->relname, state);
		return;
	}
	if (lint->rel == NULL || lint->rel->persistence == RELPERSISTENCE_TEMP ||
		(command->subtype != AT_SetRelOptions && command->subtype != AT_ResetRelOptions))
		return;
	state = disables((List *) command->def, command->subtype == AT_ResetRelOptions);
	if (state != -1)
		remember_disabled(lint, lint->rel->schema, lint->rel->name, state);
}

static void
check_autovacuum(MigLint *lint)
{
	DisabledMemory *memory = mig_lint_memory(lint, sizeof(DisabledMemory));
	ListCell   *lc;

	if (lint->moment != MIG_ON_SET_END)
	{
		note_options(lint);
		return;
	}
	foreach(lc, memory->disabled)
	{
		Disabled   *disabled = lfirst(lc);
		MigRel	   *rel = mig_shadow_find_named(lint->shadow, disabled->schema,
												disabled->name);

		if (rel == NULL)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.place = disabled->place,
			.object = mig_rel_label(rel),
			.consequence = psprintf("%s grows with each UPDATE and DELETE, and its statistics grow old",
									mig_rel_label(rel)),
			.rewrite = psprintf("ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.02);",
								mig_rel_label(rel)),
		});
	}
}

/*
 * The way back
 */

typedef struct WayBack
{
	List	   *places;			/* of MigLintPlace *: what destroys data */
	List	   *objects;		/* of char *, as 'places' */
	int			script;			/* they are of this script */
} WayBack;

static void
remember_destroyed(MigLint *lint, WayBack *memory, const char *object)
{
	MemoryContext caller = MemoryContextSwitchTo(lint->context);

	if (memory->script != lint->number)
		memory->places = memory->objects = NIL;
	memory->script = lint->number;
	memory->places = lappend(memory->places, mig_lint_place(lint, 0));
	memory->objects = lappend(memory->objects, pstrdup(object));
	MemoryContextSwitchTo(caller);
}

/* DROP TABLE, TRUNCATE of what has rows */
static void
note_destroyed_rows(MigLint *lint, WayBack *memory)
{
	Node	   *stmt = lint->stmt;
	ListCell   *lc;
	List	   *rels = NIL;

	if (IsA(stmt, DropStmt) && ((DropStmt *) stmt)->removeType == OBJECT_TABLE)
	{
		foreach(lc, ((DropStmt *) stmt)->objects)
			rels = lappend(rels, mig_shadow_find_list(lint->shadow, lfirst(lc),
													  RELKIND_RELATION));
	}
	else if (IsA(stmt, TruncateStmt))
	{
		foreach(lc, ((TruncateStmt *) stmt)->relations)
			rels = lappend(rels, mig_shadow_find(lint->shadow, lfirst(lc),
												 RELKIND_RELATION));
	}
	foreach(lc, rels)
	{
		MigRel	   *rel = lfirst(lc);

		if (rel != NULL && !mig_lint_is_quiet(lint, rel))
			remember_destroyed(lint, memory, mig_rel_label(rel));
	}
}

/* DELETE of all rows */
static void
note_deleted_rows(MigLint *lint, WayBack *memory)
{
	if (IsA(lint->change->stmt, DeleteStmt) && lint->rel != NULL &&
		mig_change_condition(lint->change) == NULL &&
		!mig_lint_is_quiet(lint, lint->rel))
		remember_destroyed(lint, memory, mig_rel_label(lint->rel));
}

/* DROP COLUMN, and a type that loses something */
static void
note_destroyed_column(MigLint *lint, WayBack *memory)
{
	AlterTableCmd *command = lint->command;
	MigColumn  *column;

	if (lint->rel == NULL || mig_lint_is_quiet(lint, lint->rel) ||
		(command->subtype != AT_DropColumn && command->subtype != AT_AlterColumnType))
		return;
	column = mig_rel_column(lint->rel, command->name);
	if (column == NULL || column->created_in != 0 || column->generated != '\0' ||
		(command->subtype == AT_AlterColumnType &&
		 !mig_fact_type_change(lint->rel, column,
							   (ColumnDef *) command->def)->narrows))
		return;
	remember_destroyed(lint, memory,
					   mig_rel_part_label(lint->rel, command->name));
}

/* Do other migrations of the set have a way back? */
static bool
others_have_down(const MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, lint->scripts)
	{
		if (((MigLintScript *) lfirst(lc))->has_down)
			return true;
	}
	return false;
}

static void
check_way_back(MigLint *lint)
{
	WayBack    *memory = mig_lint_memory(lint, sizeof(WayBack));
	const char *version = lint->script->version;

	if (lint->moment == MIG_ON_STATEMENT)
		note_destroyed_rows(lint, memory);
	else if (lint->moment == MIG_ON_COMMAND)
		note_destroyed_column(lint, memory);
	else if (lint->moment == MIG_ON_CHANGE)
		note_deleted_rows(lint, memory);
	if (lint->moment != MIG_ON_SCRIPT_END || version == NULL)
		return;
	if (!lint->script->has_down)
	{
		if (others_have_down(lint))
			mig_lint_report(lint, &(MigReport) {
				.object = version,
				.consequence = psprintf("rollback() cannot go back past %s, which has no down script",
										version),
			});
	}
	else if (memory->script == lint->number)
	{
		for (int i = 0; i < list_length(memory->places); i++)
			mig_lint_report(lint, &(MigReport) {
				.place = list_nth(memory->places, i),
				.object = list_nth(memory->objects, i),
				.consequence = psprintf("the down script cannot bring back what was in %s",
										(char *) list_nth(memory->objects, i)),
			});
	}
	memory->places = memory->objects = NIL;
}

const MigRule mig_rules_after[] = {
	{
		.name = "analyze-after-change",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND | MIG_ON_SET_END,
		.check = check_analyze,
		.help = "statistics are missing after the migration",
		.why = "A new type drops the column's statistics, an index on an expression has none yet, and partitioned tables are never analyzed by autovacuum: plans are bad until ANALYZE.",
		.safe = "A later statement of the set runs ANALYZE, or the table is new, temporary or empty.",
		.bad = "CREATE INDEX CONCURRENTLY i ON t(lower(b));",
		.good = "CREATE INDEX CONCURRENTLY i ON t(lower(b)); ANALYZE t;",
	},
	{
		.name = "autovacuum-disabled",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND | MIG_ON_SET_END,
		.check = check_autovacuum,
		.help = "a table is left without autovacuum",
		.why = "Dead rows stay, statistics grow old, and the vacuum against wraparound comes all the same, at the worst time.",
		.safe = "A later statement of the set enables it again; temporary tables.",
		.bad = "ALTER TABLE t SET (autovacuum_enabled = false);",
		.good = "ALTER TABLE t SET (autovacuum_vacuum_scale_factor = 0.02);",
	},
	{
		.name = "irreversible-migration",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND | MIG_ON_CHANGE |
		MIG_ON_SCRIPT_END,
		.check = check_way_back,
		.help = "a migration that rollback() cannot undo",
		.why = "Without a down script rollback() stops there; a down script brings back tables and columns, but not what was in them.",
		.safe = "No migration of the set has a down script, or what is dropped holds no data.",
		.bad = "ALTER TABLE t DROP COLUMN a;",
		.good = "ALTER TABLE t ALTER COLUMN a DROP NOT NULL;",
	},
	{0}
};
