/*-------------------------------------------------------------------------
 *
 * exec.c
 *	  One statement of a script.
 *
 * Each statement gets a portal of its own, as the server's main loop would
 * give it: at top level if it must, else as part of the transaction that is
 * open.  This serves a runner and a caller's session alike, where SPI could
 * not run a statement at top level and would keep the rows of every SELECT.
 * Rows are thrown away.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/analyze.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "blockers.h"
#include "compat.h"
#include "copyin.h"
#include "exec.h"
#include "retry.h"
#include "runctx.h"
#include "text.h"

/* Longest statement that an error shows whole, in bytes. */
#define QUOTED	10000

/* What the error context callback has to know of the running statement. */
typedef struct StatementContext
{
	const char *text;
	int			line;
} StatementContext;

/* The file's line of the last error; see mig_exec_error_line. */
static int	error_line;

/* See mig_exec_committed. */
static uint64 commits;
static uint64 commits_before;

/* The line, counted from 1, of a position in characters, counted from 1. */
static int
line_of_position(const char *text, int position)
{
	int			line = 1;

	while (position > 1 && *text != '\0')
	{
		if (*text == '\n')
			line++;
		text += pg_mblen(text);
		position--;
	}
	return line;
}

/*
 * What an error shows of a statement: all of it, or of a long one the part
 * around the error, in which the position then is.
 */
static char *
quoted_part(const char *text, int *position)
{
	int			len = strlen(text);
	int			location;
	int			start;

	if (len <= QUOTED)
		return pstrdup(text);
	location = mig_text_location(text, *position);
	start = pg_mbcliplen(text, len, Max(0, location - QUOTED / 2));
	*position = mig_text_position(text + start, location - start);
	return pnstrdup(text + start,
					pg_mbcliplen(text + start, len - start, QUOTED));
}

/*
 * Names statement, migration and line.  A cursor position within our
 * statement would be taken for one within the query that the client sent;
 * it becomes one of an internal query.
 */
static void
statement_error_context(void *arg)
{
	StatementContext *context = arg;
	int			position = geterrposition();

	if (mig_retry_may_help(geterrcode()))
		mig_blockers_remember();
	error_line = context->line;
	if (position > 0)
	{
		char	   *quoted;

		error_line += line_of_position(context->text, position) - 1;
		quoted = quoted_part(context->text, &position);
		errposition(0);
		internalerrposition(position);
		internalerrquery(quoted);
	}
	errcontext("statement %d of migration \"%s\", line %d",
			   mig_position.statement, mig_position_label(), error_line);
}

/* The line of the file that the last error of a statement points to. */
int
mig_exec_error_line(void)
{
	return error_line;
}

/* Counts the commits of this process. */
static void
count_commit(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT)
		commits++;
}

/* Was anything committed since mig_exec_watch_commits()? */
bool
mig_exec_committed(void)
{
	return commits > commits_before;
}

/* From here on mig_exec_committed() looks. */
void
mig_exec_watch_commits(void)
{
	static bool registered = false;

	if (!registered)
		RegisterXactCallback(count_commit, NULL);
	registered = true;
	commits_before = commits;
}

/* A statement's own text, without its final semicolon. */
char *
mig_exec_text(const MigScript *script, const MigStatement *stmt)
{
	return pnstrdup(script->text + stmt->location, stmt->len);
}

/* The one raw parse tree of a statement's text. */
static RawStmt *
parse_one(const char *text)
{
	List	   *trees = pg_parse_query(text);

	if (list_length(trees) != 1)
		elog(ERROR, "expected one statement in \"%s\"", text);	/* cannot happen */
	return linitial_node(RawStmt, trees);
}

/* Analyzes, rewrites and plans; the plans live in the current context. */
static List *
plan_statement(RawStmt *raw, const char *text)
{
	bool		snapshot = analyze_requires_snapshot(raw);
	List	   *plans;

	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_analyze_and_rewrite_fixedparams(raw, text, NULL, 0, NULL);
	plans = pg_plan_queries(plans, text, CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();
	return plans;
}

/*
 * Runs a parse tree in a portal.  'toplevel': as a statement that a client
 * sent, which may start and commit transactions of its own.
 */
static void
run_in_portal(RawStmt *raw, const char *text, bool toplevel)
{
	List	   *plans = plan_statement(raw, text);
	DestReceiver *nowhere = CreateDestReceiver(DestNone);
	Portal		portal = CreateNewPortal();
	QueryCompletion completion;

	portal->visible = false;
	PortalDefineQuery(portal, NULL, text, CreateCommandTag(raw->stmt), plans,
					  NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	InitializeQueryCompletion(&completion);
	(void) mig_portal_run(portal, toplevel, nowhere, &completion);
	nowhere->rDestroy(nowhere);
	PortalDrop(portal, false);
}

/*
 * Outside a client's command loop nobody arms statement_timeout.  The timer
 * of a caller's own statement is left alone.
 */
static void
start_statement_timer(void)
{
	if (MyBackendType == B_BG_WORKER && StatementTimeout > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);
}

static void
stop_statement_timer(void)
{
	if (MyBackendType == B_BG_WORKER)
		disable_timeout(STATEMENT_TIMEOUT, false);
}

/* DETACH PARTITION, which is always alone. */
static void
take_detach(AlterTableCmd *fresh, const AlterTableCmd *decided)
{
	if (fresh->subtype == AT_DetachPartition)
		castNode(PartitionCmd, fresh->def)->concurrent =
			castNode(PartitionCmd, decided->def)->concurrent;
}

/*
 * What was decided about a statement after its script was parsed: the name of
 * an index that had none, and that it runs without CONCURRENTLY.
 */
static void
take_decisions(Node *fresh, Node *decided)
{
	switch (nodeTag(fresh))
	{
		case T_IndexStmt:
			castNode(IndexStmt, fresh)->idxname =
				castNode(IndexStmt, decided)->idxname;
			castNode(IndexStmt, fresh)->concurrent =
				castNode(IndexStmt, decided)->concurrent;
			break;
		case T_DropStmt:
			castNode(DropStmt, fresh)->concurrent =
				castNode(DropStmt, decided)->concurrent;
			break;
		case T_ReindexStmt:
			castNode(ReindexStmt, fresh)->params =
				castNode(ReindexStmt, decided)->params;
			break;
		case T_AlterTableStmt:
			take_detach(linitial_node(AlterTableCmd, castNode(AlterTableStmt, fresh)->cmds),
						linitial_node(AlterTableCmd, castNode(AlterTableStmt, decided)->cmds));
			break;
		default:
			break;
	}
}

/*
 * Runs one text, that of 'stmt' if it is a script's.  Trees and plans
 * live in a child of the current context, which must outlast transactions if
 * the statement may commit.
 */
static void
run_text(const char *text, const MigStatement *stmt, bool toplevel)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "migrate statement",
												  ALLOCSET_DEFAULT_SIZES);
	RawStmt    *raw;

	MemoryContextSwitchTo(context);
	SetCurrentStatementStartTimestamp();
	debug_query_string = MyBackendType == B_BG_WORKER ? text :
		debug_query_string;
	raw = parse_one(text);
	if (stmt != NULL)
		take_decisions(raw->stmt, stmt->raw->stmt);
	start_statement_timer();
	if (stmt != NULL && stmt->class == MIG_STMT_COPY_IN)
		mig_copy_in(castNode(CopyStmt, raw->stmt), text, stmt->data,
					stmt->data_len);
	else
		run_in_portal(raw, text, toplevel);
	stop_statement_timer();
	if (!toplevel)
		CommandCounterIncrement();
	if (MyBackendType == B_BG_WORKER)
		debug_query_string = NULL;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * After an error in a runner: what a client's command loop does.  A timer or a
 * cancel meant for the failed statement must not hit what comes next.
 */
void
mig_exec_after_error(void)
{
	disable_all_timeouts(false);
	QueryCancelPending = false;
	debug_query_string = NULL;
}

/*
 * The same after an error that only ends a subtransaction: other timers go on.
 */
void
mig_exec_after_failure(void)
{
	stop_statement_timer();
	if (MyBackendType == B_BG_WORKER)
		debug_query_string = NULL;
}

/* Runs one statement of a script; its errors name it. */
void
mig_exec_statement(const MigScript *script, const MigStatement *stmt,
				   bool toplevel)
{
	StatementContext context;
	ErrorContextCallback callback;
	char	   *text = mig_exec_text(script, stmt);

	mig_blockers_forget();
	error_line = stmt->line;
	context.text = text;
	context.line = stmt->line;
	callback.callback = statement_error_context;
	callback.arg = &context;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	run_text(text, stmt, toplevel);
	error_context_stack = callback.previous;
	pfree(text);
}

/* Runs a statement of our own as the current role. */
void
mig_exec_sql(const char *sql, bool toplevel)
{
	run_text(sql, NULL, toplevel);
}

/* Gives the open transaction the options of the script's BEGIN. */
void
mig_exec_set_transaction(List *options)
{
	VariableSetStmt *set = makeNode(VariableSetStmt);
	RawStmt    *raw = makeNode(RawStmt);

	set->kind = VAR_SET_MULTI;
	set->name = "TRANSACTION";
	set->args = copyObject(options);
	raw->stmt = (Node *) set;
	run_in_portal(raw, "SET TRANSACTION", false);
}
