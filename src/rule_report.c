/*-------------------------------------------------------------------------
 *
 * rule_report.c
 *	  What a lint rule says, and the verdicts that many rules share.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "mb/pg_wchar.h"
#include "storage/lock.h"
#include "utils/memutils.h"

#include "calls.h"
#include "changes.h"
#include "rule.h"
#include "text.h"

const char *const mig_severity_names[] = {NULL, "notice", "warning", "error"};

/*
 * Reporting
 */

/*
 * Where in 'source' the part of the statement is that rules look at: what
 * stands for them in MigLint, from the inside out.
 */
static int
current_location(MigLint *lint)
{
	int			start;
	int			end;

	if (lint->constraint != NULL)
		return lint->base + lint->constraint->location;
	if (lint->column != NULL)
		return lint->base + lint->column->location;
	if (lint->command == NULL)
		return lint->location;
	mig_lint_command_span(lint, mig_lint_command_number(lint), &start, &end);
	return lint->location + start;
}

/* A place of the current statement, or of the node at 'location' in it. */
static MigLintPlace
place_of(MigLint *lint, int location)
{
	MigLintPlace place = {0};

	place.script = lint->number;
	place.called = lint->called != NULL;
	place.statement = lint->statement ? lint->statement->number : 0;
	if (lint->source != lint->script->text)
		place.location = lint->place;
	else
		place.location = location > 0 ? lint->base + location :
			current_location(lint);
	return place;
}

/* The same, kept until the end of the set. */
MigLintPlace *
mig_lint_place(MigLint *lint, int location)
{
	MigLintPlace *place = MemoryContextAlloc(lint->context,
											 sizeof(MigLintPlace));

	*place = place_of(lint, location);
	return place;
}

static char *
keep(const MigLint *lint, const char *string)
{
	return string ? MemoryContextStrdup(lint->context, string) : NULL;
}

/* Line in its file of a location; counted from the statement's if it is known. */
static int
line_of(const MigLintScript *script, int number, int location)
{
	const MigStatement *statement;
	int			line;

	if (script->script == NULL || number == 0)
		return script->first_line - 1 +
			mig_text_line_number(script->text, location);
	statement = &script->script->statements[number - 1];
	line = statement->line;
	for (int i = statement->location; i < location; i++)
		line += script->text[i] == '\n';
	/* a comment above the statement */
	for (int i = location; i < statement->location; i++)
		line -= script->text[i] == '\n';
	return line;
}

/* Line and column of a location in the script's text. */
static void
set_position(MigFinding *finding, const MigLintScript *script, int location)
{
	const char *text = script->text;
	int			start = location;

	while (start > 0 && text[start - 1] != '\n')
		start--;
	finding->line = line_of(script, finding->statement, location);
	finding->col = 1 + pg_mbstrlen_with_len(text + start, location - start);
}

/* What a function will do is not what the migration does. */
static MigSeverity
severity_of(const MigLint *lint, const MigReport *report)
{
	MigSeverity severity = report->severity;

	if (severity == MIG_SEVERITY_DEFAULT)
		severity = lint->rule->severity;
	if (lint->body == MIG_BODY_ROUTINE || lint->body == MIG_BODY_CALLED)
		severity = Min(severity, MIG_SEVERITY_WARNING);
	return severity;
}

/*
 * Does it say that the statement is certain to fail?  All rules use these words
 * for it; what begins with "fails if" may fail.
 */
static bool
is_failure(const MigLint *lint, const MigReport *report)
{
	return report->place == NULL && lint->body != MIG_BODY_ROUTINE &&
		severity_of(lint, report) == MIG_SEVERITY_ERROR &&
		(strncmp(report->consequence, "fails: ", strlen("fails: ")) == 0 ||
		 strncmp(report->consequence, "fails, ", strlen("fails, ")) == 0);
}

/*
 * A routine that was there before is not under review: only what matters is
 * told.  One that the scripts make was judged where they make it.
 */
static bool
is_told_of(const MigLint *lint, const MigReport *report)
{
	if (lint->called == NULL)
		return report->place == NULL || !report->place->called;
	return !lint->called->made && severity_of(lint, report) >= MIG_SEVERITY_WARNING;
}

/* Adds a finding of the rule that is being asked. */
void
mig_lint_report(MigLint *lint, const MigReport *report)
{
	MigLintPlace place = report->place ? *report->place :
		place_of(lint, report->location);
	MigLintScript *script = list_nth(lint->scripts, place.script);
	MemoryContext caller;
	MigFinding *finding;

	lint->fails |= is_failure(lint, report);
	if (!script->reported || !is_told_of(lint, report))
		return;
	caller = MemoryContextSwitchTo(lint->context);
	finding = palloc0(sizeof(MigFinding));
	finding->rule = lint->rule;
	finding->severity = severity_of(lint, report);
	finding->script = place.script;
	finding->statement = place.statement;
	set_position(finding, script, place.location);
	finding->object = keep(lint, report->object);
	if (lint->called == NULL)
	{
		finding->consequence = keep(lint, report->consequence);
		finding->rewrite = keep(lint, report->rewrite);
	}
	else
		finding->consequence = psprintf("line %d of %s: %s", lint->called_line,
										lint->called->name, report->consequence);
	lint->findings = lappend(lint->findings, finding);
	MemoryContextSwitchTo(caller);
}

/* Memory of the current rule, zeroed at first and kept until the set's end. */
void *
mig_lint_memory(MigLint *lint, Size size)
{
	if (lint->memory[lint->rule_number] == NULL)
		lint->memory[lint->rule_number] =
			MemoryContextAllocZero(lint->context, size);
	return lint->memory[lint->rule_number];
}

/*
 * Verdicts
 */

/*
 * Is what happens to this relation nobody's concern: nobody else sees it, or
 * there is nothing in it?
 */
bool
mig_lint_is_quiet(MigLint *lint, MigRel *rel)
{
	return mig_rel_is_invisible(rel) || mig_rel_is_empty(rel);
}

/* The severity of what takes as long as the relation is large. */
MigSeverity
mig_lint_by_size(MigLint *lint, MigRel *rel)
{
	return mig_rel_is_small(rel) ? MIG_SEVERITY_NOTICE : lint->rule->severity;
}

/* Does anybody else use the relation?  Not one that the scripts make. */
bool
mig_lint_is_shared(const MigRel *rel)
{
	return rel->persistence != RELPERSISTENCE_TEMP && !mig_rel_is_new(rel);
}

/* The locks on the relation that the transaction holds, as bits. */
static int
held_locks(const MigLint *lint, const MigRel *rel)
{
	return rel->held_in == lint->shadow->transaction ? rel->held : 0;
}

/* A statement has run: what it locked stays locked until the commit. */
void
mig_lint_hold(MigLint *lint, MigDone *done)
{
	ListCell   *lc;

	foreach(lc, done->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);
		int			before = held_locks(lint, touch->rel);
		LOCKMODE	lock = mig_touch_strongest(touch);

		lint->nheld += before == 0 && touch->locks != 0;
		if (lock >= ShareLock && lock > mig_lock_strongest(before) &&
			mig_lint_is_shared(touch->rel))
		{
			MigHolder  *holder = palloc(sizeof(MigHolder));

			holder->done = done;
			holder->rel = touch->rel;
			holder->lock = lock;
			lint->holders = lappend(lint->holders, holder);
		}
		touch->rel->held = before | touch->locks;
		touch->rel->held_in = lint->shadow->transaction;
	}
}

/* The strongest lock that the transaction holds on it already. */
LOCKMODE
mig_lint_held(MigLint *lint, const MigRel *rel)
{
	return mig_lock_strongest(held_locks(lint, rel));
}

/* Does the statement change as many rows as it finds? */
static bool
changes_many_rows(Node *stmt)
{
	ListCell   *lc;

	foreach(lc, mig_changes_of(stmt))
	{
		if (!mig_change_is_short(lfirst(lc)))
			return true;
	}
	return false;
}

/* The same, of a relation that others see? */
bool
mig_lint_changes_rows(MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, mig_changes_of(lint->stmt))
	{
		const MigChange *change = lfirst(lc);
		MigRel	   *rel;

		if (mig_change_is_short(change))
			continue;
		rel = mig_shadow_find(lint->shadow, change->target, RELKIND_RELATION);
		if (rel != NULL && !mig_rel_is_invisible(rel))
			return true;
	}
	return false;
}

/* Does the statement take as long as a large relation is large? */
bool
mig_lint_is_slow(MigLint *lint)
{
	bool		many = changes_many_rows(lint->stmt);
	ListCell   *lc;

	foreach(lc, lint->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);

		if ((touch->scans || touch->rewrites || touch->builds ||
			 (touch->writes && many)) &&
			!mig_lint_is_quiet(lint, touch->rel) &&
			!mig_rel_is_small(touch->rel))
			return true;
	}
	return false;
}

/* Where the change stands in the statement; 0: it is the statement. */
int
mig_lint_change_location(const MigLint *lint)
{
	return lint->change->stmt == lint->stmt ? 0 :
		lint->change->target->location;
}

/*
 * The first statement of the transaction that took a lock of at least this
 * strength, which is ShareLock or more, on a relation that others see, other
 * than 'except'; sets 'held' to the relation.  NULL: there is none.
 */
MigDone *
mig_lint_holder(MigLint *lint, LOCKMODE least, const MigRel *except,
				MigRel **held)
{
	ListCell   *lc;

	foreach(lc, lint->holders)
	{
		MigHolder  *holder = lfirst(lc);

		if (holder->rel == except || holder->lock < least)
			continue;
		*held = holder->rel;
		return holder->done;
	}
	return NULL;
}

/*
 * Statements
 */

/* What kind of relation a statement for this kind of object names. */
static char
assumed_kind(ObjectType type)
{
	switch (type)
	{
		case OBJECT_TABLE:
		case OBJECT_COLUMN:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_TRIGGER:
		case OBJECT_POLICY:
		case OBJECT_RULE:
			return RELKIND_RELATION;
		case OBJECT_INDEX:
			return RELKIND_INDEX;
		case OBJECT_VIEW:
			return RELKIND_VIEW;
		case OBJECT_MATVIEW:
			return RELKIND_MATVIEW;
		case OBJECT_SEQUENCE:
			return RELKIND_SEQUENCE;
		case OBJECT_FOREIGN_TABLE:
			return RELKIND_FOREIGN_TABLE;
		default:
			return 0;
	}
}

/* The name of the relation that a statement is about, and what it should be. */
RangeVar *
mig_lint_subject(Node *stmt, char *kind)
{
	*kind = RELKIND_RELATION;
	switch (nodeTag(stmt))
	{
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->relation;
		case T_AlterTableStmt:
			*kind = assumed_kind(((AlterTableStmt *) stmt)->objtype);
			return *kind ? ((AlterTableStmt *) stmt)->relation : NULL;
		case T_RenameStmt:
			*kind = assumed_kind(((RenameStmt *) stmt)->renameType);
			return *kind ? ((RenameStmt *) stmt)->relation : NULL;
		case T_AlterObjectSchemaStmt:
			*kind = assumed_kind(((AlterObjectSchemaStmt *) stmt)->objectType);
			return *kind ? ((AlterObjectSchemaStmt *) stmt)->relation : NULL;
		case T_CreateTrigStmt:
			return ((CreateTrigStmt *) stmt)->relation;
		case T_CreatePolicyStmt:
			return ((CreatePolicyStmt *) stmt)->table;
		case T_AlterPolicyStmt:
			return ((AlterPolicyStmt *) stmt)->table;
		case T_RuleStmt:
			return ((RuleStmt *) stmt)->relation;
		case T_InsertStmt:
			return ((InsertStmt *) stmt)->relation;
		case T_UpdateStmt:
			return ((UpdateStmt *) stmt)->relation;
		case T_DeleteStmt:
			return ((DeleteStmt *) stmt)->relation;
		case T_MergeStmt:
			return ((MergeStmt *) stmt)->relation;
		case T_CopyStmt:
			return ((CopyStmt *) stmt)->relation;
		case T_ClusterStmt:
			return ((ClusterStmt *) stmt)->relation;
		case T_RefreshMatViewStmt:
			*kind = RELKIND_MATVIEW;
			return ((RefreshMatViewStmt *) stmt)->relation;
		case T_ReindexStmt:
			if (((ReindexStmt *) stmt)->kind == REINDEX_OBJECT_INDEX)
				*kind = RELKIND_INDEX;
			return ((ReindexStmt *) stmt)->relation;
		case T_AlterSeqStmt:
			*kind = RELKIND_SEQUENCE;
			return ((AlterSeqStmt *) stmt)->sequence;
		default:
			return NULL;
	}
}

/* Has the ALTER TABLE a command of that kind for that column or constraint? */
bool
mig_lint_commands(MigLint *lint, AlterTableType subtype, const char *name)
{
	ListCell   *lc;

	foreach(lc, ((AlterTableStmt *) lint->stmt)->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command->subtype != subtype)
			continue;
		if (command->name != NULL ? strcmp(command->name, name) == 0 :
			subtype == AT_AddColumn &&
			strcmp(castNode(ColumnDef, command->def)->colname, name) == 0)
			return true;
	}
	return false;
}
