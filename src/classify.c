/*-------------------------------------------------------------------------
 *
 * classify.c
 *	  What kind of statement a raw parse tree is.
 *
 * The answer comes from the tree alone, never from the catalogs: a script
 * must split into the same steps whatever the database looks like, before,
 * during and after the run.  What only the catalogs can tell (REINDEX TABLE
 * of a partitioned table, say) is therefore classified as plain and fails
 * with the server's own message when it is executed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "classify.h"

/* Why a statement is refused, and what to write instead. */
typedef struct Refusal
{
	const char *reason;
	const char *hint;
} Refusal;

#define SAVEPOINT_HINT \
	"Let the error end the migration, or catch it in a PL/pgSQL block " \
	"with EXCEPTION."

static const Refusal transaction_refusals[] = {
	[TRANS_STMT_ROLLBACK] = {
		"ROLLBACK",
		"Remove it: a step whose statement fails is rolled back by itself."
	},
	[TRANS_STMT_SAVEPOINT] = {"SAVEPOINT", SAVEPOINT_HINT},
	[TRANS_STMT_RELEASE] = {"RELEASE SAVEPOINT", SAVEPOINT_HINT},
	[TRANS_STMT_ROLLBACK_TO] = {"ROLLBACK TO SAVEPOINT", SAVEPOINT_HINT},
	[TRANS_STMT_PREPARE] = {
		"PREPARE TRANSACTION",
		"Use COMMIT: a prepared step could be neither recorded nor resumed."
	},
};

static const Refusal chain_refusal = {
	"COMMIT AND CHAIN",
	"Write COMMIT, and BEGIN with the transaction mode it needs."
};

static const Refusal copy_out_refusal = {
	"COPY ... TO STDOUT",
	"Remove it, or copy to a file or into a table: "
	"nobody reads the output of a migration."
};

static MigStmtClass refuse(const Refusal *refusal, const char **reason,
						   const char **hint);
static MigStmtClass classify_transaction(const TransactionStmt *stmt,
										 const char **reason,
										 const char **hint);
static MigStmtClass classify_copy(const CopyStmt *stmt, const char **reason,
								  const char **hint);
static bool is_toplevel(Node *stmt);
static bool detaches_concurrently(const AlterTableStmt *stmt);
static bool reindexes_many(const ReindexStmt *stmt);
static bool creates_slot(const CreateSubscriptionStmt *stmt);
static bool alters_publisher(const AlterSubscriptionStmt *stmt);
static bool has_option(List *options, const char *name);

/*
 * The class of a statement's raw parse tree.
 *
 * For MIG_STMT_REFUSED, *reason is what is refused, as a noun, and *hint a
 * sentence that says what to write instead; otherwise both are NULL.
 */
MigStmtClass
mig_classify(Node *stmt, const char **reason, const char **hint)
{
	*reason = NULL;
	*hint = NULL;

	switch (nodeTag(stmt))
	{
		case T_TransactionStmt:
			return classify_transaction((TransactionStmt *) stmt, reason,
										hint);
		case T_CopyStmt:
			return classify_copy((CopyStmt *) stmt, reason, hint);
		case T_CallStmt:
		case T_DoStmt:
			return MIG_STMT_PROCEDURAL;
		default:
			return is_toplevel(stmt) ? MIG_STMT_TOPLEVEL : MIG_STMT_PLAIN;
	}
}

/* Hands out a refusal's texts and the class that goes with them. */
static MigStmtClass
refuse(const Refusal *refusal, const char **reason, const char **hint)
{
	*reason = refusal->reason;
	*hint = refusal->hint;
	return MIG_STMT_REFUSED;
}

/*
 * Transaction control: BEGIN and COMMIT delimit steps; whatever would undo
 * or detach a part of a step is refused, because the ledger could not tell
 * any more what is done.
 */
static MigStmtClass
classify_transaction(const TransactionStmt *stmt, const char **reason,
					 const char **hint)
{
	switch (stmt->kind)
	{
		case TRANS_STMT_BEGIN:
		case TRANS_STMT_START:
			return MIG_STMT_BEGIN;
		case TRANS_STMT_COMMIT:
			if (stmt->chain)
				return refuse(&chain_refusal, reason, hint);
			return MIG_STMT_COMMIT;
		case TRANS_STMT_COMMIT_PREPARED:
		case TRANS_STMT_ROLLBACK_PREPARED:
			return MIG_STMT_TOPLEVEL;
		case TRANS_STMT_ROLLBACK:
		case TRANS_STMT_SAVEPOINT:
		case TRANS_STMT_RELEASE:
		case TRANS_STMT_ROLLBACK_TO:
		case TRANS_STMT_PREPARE:
			break;
	}
	return refuse(&transaction_refusals[stmt->kind], reason, hint);
}

/* COPY without a file or a program talks to a client, which is the script. */
static MigStmtClass
classify_copy(const CopyStmt *stmt, const char **reason, const char **hint)
{
	if (stmt->filename != NULL || stmt->is_program)
		return MIG_STMT_PLAIN;
	if (stmt->is_from)
		return MIG_STMT_COPY_IN;
	return refuse(&copy_out_refusal, reason, hint);
}

/*
 * Does the server refuse to run this in a transaction block?  These are the
 * callers of PreventInTransactionBlock(), as far as the tree tells.  In doubt
 * the answer is yes: such a statement works as a step of its own, too.
 */
static bool
is_toplevel(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_CreateTableSpaceStmt:
		case T_DropTableSpaceStmt:
		case T_AlterSystemStmt:
		case T_DropSubscriptionStmt:
			return true;
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->concurrent;
		case T_DropStmt:
			return ((DropStmt *) stmt)->concurrent;
		case T_VacuumStmt:
			return ((VacuumStmt *) stmt)->is_vacuumcmd;
		case T_ClusterStmt:
			return ((ClusterStmt *) stmt)->relation == NULL;
		case T_DiscardStmt:
			return ((DiscardStmt *) stmt)->target == DISCARD_ALL;
		case T_AlterDatabaseStmt:
			return has_option(((AlterDatabaseStmt *) stmt)->options,
							  "tablespace");
		case T_AlterTableStmt:
			return detaches_concurrently((AlterTableStmt *) stmt);
		case T_ReindexStmt:
			return reindexes_many((ReindexStmt *) stmt);
		case T_CreateSubscriptionStmt:
			return creates_slot((CreateSubscriptionStmt *) stmt);
		case T_AlterSubscriptionStmt:
			return alters_publisher((AlterSubscriptionStmt *) stmt);
		default:
			return false;
	}
}

/* Only DETACH PARTITION ... CONCURRENTLY; FINALIZE is transactional. */
static bool
detaches_concurrently(const AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_DetachPartition &&
			castNode(PartitionCmd, cmd->def)->concurrent)
			return true;
	}
	return false;
}

/* What spans many tables commits after each of them. */
static bool
reindexes_many(const ReindexStmt *stmt)
{
	if (stmt->kind == REINDEX_OBJECT_SCHEMA ||
		stmt->kind == REINDEX_OBJECT_SYSTEM ||
		stmt->kind == REINDEX_OBJECT_DATABASE)
		return true;
	return mig_option_is(stmt->params, "concurrently", true);
}

/* A subscription that creates its slot on the publisher, as by default. */
static bool
creates_slot(const CreateSubscriptionStmt *stmt)
{
	return !mig_option_is(stmt->options, "create_slot", false) &&
		!mig_option_is(stmt->options, "connect", false);
}

/* What talks to the publisher, where it cannot be rolled back. */
static bool
alters_publisher(const AlterSubscriptionStmt *stmt)
{
	switch (stmt->kind)
	{
		case ALTER_SUBSCRIPTION_REFRESH:
			return true;
		case ALTER_SUBSCRIPTION_SET_PUBLICATION:
		case ALTER_SUBSCRIPTION_ADD_PUBLICATION:
		case ALTER_SUBSCRIPTION_DROP_PUBLICATION:
			return !mig_option_is(stmt->options, "refresh", false);
		case ALTER_SUBSCRIPTION_OPTIONS:
			return has_option(stmt->options, "failover") ||
				has_option(stmt->options, "two_phase");
		default:
			return false;
	}
}

/* Is the option given, whatever its value? */
static bool
has_option(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, name) == 0)
			return true;
	}
	return false;
}

/* What is no Boolean is for the server to refuse. */
static bool
is_on(DefElem *option)
{
	bool		on = true;

	if (option->arg == NULL)
		return true;
	if (IsA(option->arg, Integer))
		return intVal(option->arg) == 1;
	return parse_bool(defGetString(option), &on) && on;
}

/*
 * Is the Boolean option given with this value?  The last one counts, as it
 * does for the server.
 */
bool
mig_option_is(List *options, const char *name, bool value)
{
	ListCell   *lc;
	bool		result = false;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0)
			result = is_on(option) == value;
	}
	return result;
}
