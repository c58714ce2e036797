/*-------------------------------------------------------------------------
 *
 * rules_transaction.c
 *	  Lint rules: transactions, locks that last, timeouts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/twophase.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "bodies.h"
#include "calls.h"
#include "classify.h"
#include "guc.h"
#include "rule.h"
#include "scan.h"

/* Above this a queue behind a waiting lock is an outage. */
#define LONG_LOCK_TIMEOUT_MS	10000

/* With more statements that take ACCESS EXCLUSIVE, their locks add up. */
#define MANY_DDL	10

/*
 * Timeouts
 */

/* A setting of time, in milliseconds, as the script has it; -1: it has not. */
static int
set_time(MigLint *lint, const char *name)
{
	const char *value = mig_shadow_setting(lint->shadow, name);
	int			ms;

	if (value == NULL || !parse_int(value, &ms, GUC_UNIT_MS, NULL))
		return -1;
	return ms;
}

/* The same, or as this session has it. */
static int
time_in_force(MigLint *lint, const char *name)
{
	int			ms = set_time(lint, name);

	if (ms < 0)
		(void) parse_int(GetConfigOption(name, false, false), &ms, GUC_UNIT_MS,
						 NULL);
	return ms;
}

/* Names a span of time; 0 is none. */
static const char *
time_label(int ms)
{
	return ms == 0 ? "without limit" : psprintf("up to %g s", ms / 1000.0);
}

/*
 * The relation on which a transactional statement takes a lock that makes
 * others wait; only the first such statement of a transaction has one.
 */
static MigRel *
first_hard_lock(MigLint *lint)
{
	MigRel	   *held;
	ListCell   *lc;

	if (!lint->in_transaction || lint->body == MIG_BODY_ROUTINE ||
		mig_lint_holder(lint, ShareLock, NULL, &held) != NULL)
		return NULL;
	foreach(lc, lint->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);

		if (mig_lint_is_shared(touch->rel) &&
			mig_touch_strongest(touch) >= ShareLock)
			return touch->rel;
	}
	return NULL;
}

/* The strongest lock of the current statement on the relation. */
static const char *
lock_on(MigLint *lint, const MigRel *rel)
{
	return mig_lock_label(mig_touch_strongest(mig_effect_find(lint->effect, rel)));
}

static void
check_lock_timeout(MigLint *lint)
{
	MigRel	   *rel = first_hard_lock(lint);
	int			ms;

	if (rel == NULL)
		return;
	ms = set_time(lint, "lock_timeout");
	if (ms < 0)
		ms = mig_lock_timeout;
	if (ms > 0 && ms <= LONG_LOCK_TIMEOUT_MS)
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = mig_rel_label(rel),
		.consequence = psprintf("waits for %s on %s %s, and all that come later wait behind it",
								lock_on(lint, rel), mig_rel_label(rel),
								time_label(ms)),
		.rewrite = psprintf("SET LOCAL lock_timeout = '2s';\n%s;",
							mig_lint_text(lint)),
	});
}

static void
check_statement_timeout(MigLint *lint)
{
	MigRel	   *rel = first_hard_lock(lint);

	if (rel == NULL || time_in_force(lint, "statement_timeout") != 0)
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = mig_rel_label(rel),
		.consequence = psprintf("can hold %s on %s without limit",
								lock_on(lint, rel), mig_rel_label(rel)),
		.rewrite = psprintf("SET LOCAL statement_timeout = '5s';\n%s;",
							mig_lint_text(lint)),
	});
}

static void
check_idle_timeout(MigLint *lint)
{
	MigRel	   *rel = first_hard_lock(lint);

	if (rel == NULL ||
		time_in_force(lint, "idle_in_transaction_session_timeout") != 0)
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = mig_rel_label(rel),
		.consequence = psprintf("a client that calls apply() in its own transaction and then stops holds %s on %s for ever",
								lock_on(lint, rel), mig_rel_label(rel)),
		.rewrite = psprintf("SET LOCAL idle_in_transaction_session_timeout = '10s';\n%s;",
							mig_lint_text(lint)),
	});
}

/*
 * Blocks
 */

/* Outside of bodies the parser finds it: see parse_error_rule() of lint.c. */
static void
check_non_transactional(MigLint *lint)
{
	const char *reason;
	const char *hint;

	if (lint->body == MIG_BODY_NONE ||
		mig_classify(lint->stmt, &reason, &hint) != MIG_STMT_TOPLEVEL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = MIG_SEVERITY_ERROR,
		.consequence = psprintf("fails: %s cannot be executed from a function or DO block",
								GetCommandTagName(CreateCommandTag(lint->stmt))),
		.rewrite = psprintf("%s;", mig_lint_text(lint)),
	});
}

static void
check_no_transaction_script(MigLint *lint)
{
	const MigScript *script = lint->script->script;
	MigLintPlace place = {0};

	if (!lint->script->no_transaction || script->nstatements < 2)
		return;
	place.script = lint->number;
	place.statement = 2;
	place.location = script->statements[1].location;
	mig_lint_report(lint, &(MigReport) {
		.place = &place,
		.consequence = psprintf("each of the %d statements commits by itself: after a failure those before it stay, and apply() goes on from there",
								script->nstatements),
	});
}

/* Reports BEGIN or COMMIT, which are in no step. */
static void
report_block(MigLint *lint, const MigStatement *statement,
			 MigSeverity severity, const char *consequence)
{
	MigLintPlace place = {lint->number, statement->number, statement->location};

	mig_lint_report(lint, &(MigReport) {
		.severity = severity,
		.place = &place,
		.consequence = consequence,
	});
}

/* BEGIN and COMMIT in a script, which is a transaction as it is. */
static void
check_nesting(MigLint *lint)
{
	const MigScript *script = lint->script->script;
	bool		open = false;

	for (int i = 0; i < script->nstatements; i++)
	{
		const MigStatement *statement = &script->statements[i];

		if (statement->class == MIG_STMT_BEGIN)
		{
			open = true;
			if (i == 0 && list_length(script->steps) == 1)
				report_block(lint, statement, MIG_SEVERITY_NOTICE,
							 "is not needed: a script is a transaction as it is");
			else
				report_block(lint, statement, MIG_SEVERITY_WARNING,
							 "commits in the middle of the script: if a later statement fails, what comes before stays");
		}
		else if (statement->class == MIG_STMT_COMMIT)
		{
			if (!open)
				report_block(lint, statement, MIG_SEVERITY_NOTICE,
							 "commits what comes before it although no BEGIN began it: if a later statement fails, that stays");
			open = false;
		}
	}
}

/* A script without the COMMIT of its BEGIN cannot be parsed. */
static void
check_nothing(MigLint *lint)
{
}

/* Is there nothing in the step after the current statement? */
static bool
is_last_of_step(MigLint *lint)
{
	for (int i = lint->statement->number + 1; i <= lint->step->last; i++)
	{
		const MigStatement *next = &lint->script->script->statements[i - 1];

		if (next->class != MIG_STMT_COMMIT &&
			!(IsA(next->raw->stmt, VariableSetStmt) &&
			  ((VariableSetStmt *) next->raw->stmt)->is_local))
			return false;
	}
	return true;
}

static void
check_set_local(MigLint *lint)
{
	VariableSetStmt *stmt = (VariableSetStmt *) lint->stmt;

	if (!IsA(stmt, VariableSetStmt) || !stmt->is_local ||
		lint->body != MIG_BODY_NONE || !is_last_of_step(lint))
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = stmt->name,
		.consequence = "has no effect: its transaction ends before the next statement",
		.rewrite = stmt->name == NULL || stmt->kind != VAR_SET_VALUE ? NULL :
		psprintf("SET%s;", strpbrk(strcasestr(mig_lint_text(lint), "local"), " \t\r\n")),
	});
}

static void
check_session_state(MigLint *lint)
{
	VariableSetStmt *stmt = (VariableSetStmt *) lint->stmt;

	if (!IsA(stmt, VariableSetStmt) || stmt->is_local ||
		stmt->kind != VAR_SET_VALUE || lint->body != MIG_BODY_NONE)
		return;
	mig_lint_report(lint, &(MigReport) {
		.object = stmt->name,
		.consequence = psprintf("stays in force until the end of the script, and in a session that runs it by hand for longer"),
		.rewrite = lint->in_transaction && !is_last_of_step(lint) ?
		mig_lint_insert(lint, "SET", "LOCAL") : NULL,
	});
}

/*
 * Locks that last
 */

/* What the statement does that takes as long as a relation is large. */
static MigTouch *
long_work(MigLint *lint)
{
	MigTouch   *found = NULL;
	ListCell   *lc;

	foreach(lc, lint->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);

		if (touch->rel->kind == RELKIND_INDEX ||
			mig_lint_is_quiet(lint, touch->rel) ||
			!(touch->scans || touch->rewrites || touch->builds ||
			  (touch->writes && !touch->empties &&
			   !IsA(lint->stmt, InsertStmt))))
			continue;
		if (found == NULL || mig_rel_bytes(touch->rel) > mig_rel_bytes(found->rel))
			found = touch;
	}
	return found;
}

/* What it does, in words. */
static const char *
work_label(const MigTouch *touch)
{
	if (touch->rewrites)
		return "rewrites";
	if (touch->builds)
		return "builds an index on";
	return touch->writes ? "changes rows of" : "reads all of";
}

/* Are all statements of a body there to be judged, each by itself? */
static bool
is_seen(const MigBody *body)
{
	return body != NULL && body->unseen == NULL && !body->dynamic;
}

static void
check_work_under_lock(MigLint *lint)
{
	MigRel	   *held;
	MigDone    *holder = mig_lint_holder(lint, AccessExclusiveLock, NULL, &held);
	MigTouch   *work;

	/* of rows that change, data-in-ddl-transaction tells */
	if (holder == NULL || lint->body == MIG_BODY_ROUTINE ||
		mig_lint_changes_rows(lint))
		return;
	work = long_work(lint);
	if (work != NULL)
		mig_lint_report(lint, &(MigReport) {
			.severity = mig_rel_is_small(work->rel) ? MIG_SEVERITY_NOTICE :
			MIG_SEVERITY_ERROR,
			.object = mig_rel_label(held),
			.consequence = psprintf("%s %s while statement %d still holds ACCESS EXCLUSIVE on %s",
									work_label(work),
									mig_rel_sized_label(work->rel),
									holder->statement->number,
									mig_rel_label(held)),
			/* CONCURRENTLY, which another rule proposes, has its own step */
			.rewrite = IsA(lint->stmt, IndexStmt) ? NULL :
			mig_lint_after_commit(lint),
		});
	else if (lint->effect->unknown && !is_seen(lint->routine) &&
			 !mig_calls_are_seen(lint->calls))
		mig_lint_report(lint, &(MigReport) {
			.object = mig_rel_label(held),
			.consequence = psprintf("runs code of unknown length while statement %d still holds ACCESS EXCLUSIVE on %s",
									holder->statement->number,
									mig_rel_label(held)),
			.rewrite = mig_lint_after_commit(lint),
		});
}

/* Is it a table by itself, and not a part of another one? */
static bool
is_whole_table(const MigRel *rel)
{
	return (rel->kind == RELKIND_RELATION ||
			rel->kind == RELKIND_PARTITIONED_TABLE) && !rel->partition;
}

/*
 * The table that the transaction has locked before; sets 'several' if there is
 * more than one.
 */
static MigRel *
table_locked_before(MigLint *lint, bool *several)
{
	MigRel	   *first = NULL;
	ListCell   *lc;

	*several = false;
	foreach(lc, lint->holders)
	{
		MigHolder  *holder = lfirst(lc);

		if (holder->lock < ShareRowExclusiveLock || !is_whole_table(holder->rel))
			continue;
		if (first == NULL)
			first = holder->rel;
		else if (holder->rel != first)
		{
			*several = true;
			break;
		}
	}
	return first;
}

/* The second table that a transaction locks, by another statement. */
static void
check_lock_window(MigLint *lint)
{
	bool		several;
	MigRel	   *before = table_locked_before(lint, &several);
	ListCell   *lc;

	/* the third one and later ones have been told of */
	if (before == NULL || several || lint->body == MIG_BODY_ROUTINE)
		return;
	foreach(lc, lint->effect->touches)
	{
		MigTouch   *touch = lfirst(lc);
		MigRel	   *rel = touch->rel;

		if (rel == before || !is_whole_table(rel) || !mig_lint_is_shared(rel) ||
			mig_touch_strongest(touch) < ShareRowExclusiveLock)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.object = mig_rel_label(rel),
			.consequence = psprintf("waits for %s on %s while it holds a lock on %s: their queries wait for both, and whoever takes them in the other order deadlocks",
									lock_on(lint, rel), mig_rel_label(rel),
									mig_rel_label(before)),
			.rewrite = mig_lint_after_commit(lint),
		});
		return;
	}
}

/*
 * Several ALTER TABLE of one table
 */

/* The commands of an ALTER TABLE as they are written: behind the name. */
static char *
commands_text(const char *text)
{
	MigScan		scan;
	int			words = 0;
	int			end = 0;
	bool		dotted = true;

	mig_scan_begin(&scan, text);
	while (mig_scan_next(&scan) == MIG_SCAN_TOKEN)
	{
		const char *token = text + scan.location;

		/* ALTER TABLE [IF EXISTS] [ONLY] name[.name] [*] */
		if (words >= 2 && scan.token != '.' && !dotted && *token != '*')
		{
			end = scan.location;
			break;
		}
		if (words >= 2)
			dotted = scan.token == '.' ||
				pg_strncasecmp(token, "if ", 3) == 0 ||
				pg_strncasecmp(token, "exists ", 7) == 0 ||
				pg_strncasecmp(token, "only ", 5) == 0;
		words++;
	}
	mig_scan_end(&scan);
	return pstrdup(text + end);
}

/* Would the command be better off in a statement of its own? */
static bool
stands_alone(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		switch (lfirst_node(AlterTableCmd, lc)->subtype)
		{
			case AT_ValidateConstraint:
				/* what it drops may be what proves the other's change */
			case AT_DropConstraint:
			case AT_AttachPartition:
			case AT_DetachPartition:
			case AT_DetachPartitionFinalize:
				return true;
			default:
				break;
		}
	}
	return stmt->objtype != OBJECT_TABLE;
}

/*
 * Would one ALTER TABLE do the second one's command before the first one's,
 * which it must not?  The server drops first and changes types next; a column
 * is not there yet then, and what proves a change may be gone.
 */
static bool
must_come_before(const AlterTableCmd *first, const AlterTableCmd *second)
{
	if (second->subtype != AT_DropColumn && second->subtype != AT_DropNotNull &&
		second->subtype != AT_AlterColumnType)
		return false;
	switch (first->subtype)
	{
		case AT_AddColumn:
			return strcmp(castNode(ColumnDef, first->def)->colname,
						  second->name) == 0;
		case AT_SetNotNull:
		case AT_AddConstraint:
			return true;
		default:
			return first->name != NULL && strcmp(first->name, second->name) == 0;
	}
}

static bool
is_order_free(const AlterTableStmt *first, const AlterTableStmt *second)
{
	ListCell   *a;
	ListCell   *b;

	foreach(a, first->cmds)
	{
		foreach(b, second->cmds)
		{
			if (must_come_before(lfirst_node(AlterTableCmd, a),
								 lfirst_node(AlterTableCmd, b)))
				return false;
		}
	}
	return true;
}

static bool
reads_all(const MigEffect *effect, const MigRel *rel)
{
	MigTouch   *touch = mig_effect_find(effect, rel);

	return touch != NULL && (touch->scans || touch->rewrites);
}

static void
check_multiple_alter(MigLint *lint)
{
	AlterTableStmt *stmt = (AlterTableStmt *) lint->stmt;
	MigDone    *last = lint->done ? llast(lint->done) : NULL;
	bool		costly;

	if (!IsA(stmt, AlterTableStmt) || last == NULL || lint->rel == NULL ||
		lint->body != MIG_BODY_NONE || !IsA(last->stmt, AlterTableStmt) ||
		mig_effect_find(last->effect, lint->rel) == NULL ||
		mig_lint_is_quiet(lint, lint->rel) ||
		strcmp(((AlterTableStmt *) last->stmt)->relation->relname,
			   stmt->relation->relname) != 0 ||
		stands_alone(stmt) || stands_alone((AlterTableStmt *) last->stmt) ||
		!is_order_free((AlterTableStmt *) last->stmt, stmt))
		return;
	costly = reads_all(lint->effect, lint->rel) &&
		reads_all(last->effect, lint->rel);
	mig_lint_report(lint, &(MigReport) {
		.severity = costly ? MIG_SEVERITY_WARNING : MIG_SEVERITY_NOTICE,
		.object = mig_rel_label(lint->rel),
		.consequence = costly ?
		psprintf("reads %s once more: one ALTER TABLE with both changes reads it once",
				 mig_rel_sized_label(lint->rel)) :
		psprintf("can be part of the ALTER TABLE of %s before it",
				 mig_rel_label(lint->rel)),
		.rewrite = psprintf("%.*s,\n    %s;", last->statement->len,
							lint->script->text + last->statement->location,
							commands_text(mig_lint_text(lint))),
	});
}

/* Counts what a transaction has locked by its end. */
static void
check_too_many(MigLint *lint)
{
	int			statements = 0;
	int			room = max_locks_per_xact * (MaxBackends + max_prepared_xacts);
	MigDone    *last = lint->done ? llast(lint->done) : NULL;
	MigLintPlace place = {lint->number};
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, lint->done)
	{
		bool		hard = false;

		foreach(each, ((MigDone *) lfirst(lc))->effect->touches)
		{
			MigTouch   *touch = lfirst(each);

			hard |= mig_lint_is_shared(touch->rel) &&
				mig_touch_strongest(touch) == AccessExclusiveLock;
		}
		statements += hard;
	}
	if (last == NULL ||
		(statements <= MANY_DDL && lint->nheld <= room / 2))
		return;
	place.statement = last->statement->number;
	place.location = last->statement->location;
	if (lint->nheld > room / 2)
		mig_lint_report(lint, &(MigReport) {
			.severity = MIG_SEVERITY_WARNING,
			.place = &place,
			.consequence = psprintf("the transaction locks %d relations, more than half of what the server's lock table is sized for (%d)",
									lint->nheld, room),
			.rewrite = NULL,
		});
	else
		mig_lint_report(lint, &(MigReport) {
			.place = &place,
			.consequence = psprintf("%d statements of the transaction take ACCESS EXCLUSIVE, and all are held until its end",
									statements),
		});
}

const MigRule mig_rules_transaction[] = {
	{
		.name = "require-lock-timeout",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_lock_timeout,
		.help = "a lock is waited for without a limit, or for long",
		.why = "While ALTER TABLE waits for its lock, every query that comes later queues behind it, reads too.",
		.safe = "migrate.lock_timeout is in force, which is so unless it is 0 or the script sets lock_timeout itself; the limit is at most 10 s.",
		.bad = "SET lock_timeout = 0; ALTER TABLE t ADD COLUMN z int;",
		.good = "SET LOCAL lock_timeout = '2s'; ALTER TABLE t ADD COLUMN z int;",
	},
	{
		.name = "require-statement-timeout",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = false,
		.moments = MIG_ON_STATEMENT,
		.check = check_statement_timeout,
		.help = "a lock that makes others wait can be held without a limit",
		.why = "lock_timeout limits the wait for a lock, not how long it is held.",
		.safe = "statement_timeout is set, by the script or for the role or database.",
		.bad = "ALTER TABLE t ADD COLUMN z int;",
		.good = "SET LOCAL statement_timeout = '5s'; ALTER TABLE t ADD COLUMN z int;",
	},
	{
		.name = "require-idle-in-transaction-timeout",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = false,
		.moments = MIG_ON_STATEMENT,
		.check = check_idle_timeout,
		.help = "a client that stops in its transaction keeps the locks",
		.why = "It matters only where apply() is called in a transaction of the client: a runner never idles.",
		.safe = "apply() is called alone, or idle_in_transaction_session_timeout is set.",
		.bad = "ALTER TABLE t ADD COLUMN z int;",
		.good = "SET LOCAL idle_in_transaction_session_timeout = '10s'; ALTER TABLE t ADD COLUMN z int;",
	},
	{
		.name = "non-transactional-statement",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_non_transactional,
		.help = "a statement that refuses a transaction block is in one",
		.why = "CREATE INDEX CONCURRENTLY, VACUUM and the like fail within BEGIN ... COMMIT, and in functions and DO blocks even after a COMMIT.",
		.safe = "It stands in the script itself, outside BEGIN ... COMMIT: there it is a step of its own.",
		.bad = "BEGIN; VACUUM t; COMMIT;",
		.good = "VACUUM t;",
	},
	{
		.name = "multiple-statements-in-no-transaction",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_SCRIPT_END,
		.check = check_no_transaction_script,
		.help = "a script without a transaction has several statements",
		.why = "Each statement commits by itself, so a failure leaves those before it. apply() knows which ones and goes on there; whoever runs the script by hand must know it himself.",
		.safe = "The directive is left out: statements that need no transaction are recognised, and the others commit together.",
		.bad = NULL,
		.good = "CREATE INDEX CONCURRENTLY i ON t(a);",
	},
	{
		.name = "transaction-nesting",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_SCRIPT_END,
		.check = check_nesting,
		.help = "BEGIN or COMMIT in a script, which is a transaction as it is",
		.why = "BEGIN ... COMMIT commits in the middle of the migration: if a later statement fails, that part stays. BEGIN within BEGIN fails.",
		.safe = "never; around the whole script it is merely not needed, and a COMMIT alone is plainly meant: notices.",
		.bad = "BEGIN; ALTER TABLE t ADD COLUMN z int; COMMIT;",
		.good = "ALTER TABLE t ADD COLUMN z int;",
	},
	{
		.name = "ban-uncommitted-transaction",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.check = check_nothing,
		.help = "BEGIN without COMMIT",
		.why = "What follows BEGIN would be neither committed nor rolled back, so the script is refused.",
		.safe = "never",
		.bad = "BEGIN; ALTER TABLE t ADD COLUMN z int;",
		.good = "BEGIN; ALTER TABLE t ADD COLUMN z int; COMMIT;",
	},
	{
		.name = "set-local-outside-transaction",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_set_local,
		.help = "SET LOCAL that no statement sees",
		.why = "SET LOCAL ends with its transaction; before a statement that cannot run in one, that is at once.",
		.safe = "A statement of the same transaction follows.",
		.bad = "SET LOCAL lock_timeout = '2s'; VACUUM t;",
		.good = "SET lock_timeout = '2s'; VACUUM t; RESET lock_timeout;",
	},
	{
		.name = "session-state-leak",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = false,
		.moments = MIG_ON_STATEMENT,
		.check = check_session_state,
		.help = "SET without LOCAL",
		.why = "In a session that runs the script by hand the setting outlives it.",
		.safe = "Only apply() runs the script: each migration starts from a clean session.",
		.bad = "SET search_path = s;",
		.good = "SET LOCAL search_path = s; SELECT 1;",
	},
	{
		.name = "running-statement-while-holding-access-exclusive",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_work_under_lock,
		.help = "long work after a statement that locks a table against reads",
		.why = "ACCESS EXCLUSIVE is held until the transaction ends, so reads of the first table wait for all that follows.",
		.safe = "What follows is instant, or works on new, empty or (as a notice) small tables.",
		.bad = "ALTER TABLE t ADD COLUMN z int; CREATE INDEX i ON q (id);",
		.good = "ALTER TABLE t ADD COLUMN z int; COMMIT; CREATE INDEX i ON q (id);",
	},
	{
		.name = "wide-lock-window",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_lock_window,
		.help = "one transaction locks several tables",
		.why = "The waits add up while the first lock is held, and a transaction that takes the tables in another order deadlocks.",
		.safe = "All but one are new.",
		.bad = "ALTER TABLE t ADD COLUMN z int; ALTER TABLE p ADD COLUMN z int;",
		.good = "ALTER TABLE t ADD COLUMN z int; COMMIT; ALTER TABLE p ADD COLUMN z int;",
	},
	{
		.name = "multiple-alter-table",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_multiple_alter,
		.help = "two ALTER TABLE of one table that could be one",
		.why = "One statement makes one pass over the table for all its changes.",
		.safe = "The table is new or empty, or one of the two is better off alone (VALIDATE CONSTRAINT), or the server would do the second one's change first (it drops before all else). A warning if both read the table.",
		.bad = "ALTER TABLE t ADD CHECK (a > 0) NOT VALID; ALTER TABLE t ADD CHECK (b <> '') NOT VALID;",
		.good = "ALTER TABLE t ADD CHECK (a > 0) NOT VALID, ADD CHECK (b <> '') NOT VALID;",
	},
	{
		.name = "too-many-ddl",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_TRANSACTION_END,
		.check = check_too_many,
		.help = "a transaction takes very many locks",
		.why = "All locks are held until the commit; with partition trees they can fill the server's lock table, and then other sessions fail too.",
		.safe = "At most 10 statements take ACCESS EXCLUSIVE on tables that others see.",
		.bad = NULL,
		.good = "ALTER TABLE t ADD COLUMN z int;",
	},
	{0}
};
