/*-------------------------------------------------------------------------
 *
 * irreversible.c
 *	  What the rollback of a transaction does not undo.
 *
 * Asked twice: of a script's parse trees, before anything runs, and of what
 * is about to be executed, where also what is inside functions shows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "irreversible.h"
#include "shadow.h"

#define SESSION_LOCK	"takes a lock that outlives the transaction"
#define SLOT			"changes a replication slot at once"
#define SERVER_FILE		"changes files of the server"
#define BACKEND			"acts on other sessions"
#define SERVER			"acts on the whole server"
#define ORIGIN			"changes how far replication has got"
#define ROWS			"changes rows where they are"
#define STATISTICS		"resets statistics"
#define ELSEWHERE		"works through a connection of its own"

/* Functions of the server and of extensions that come with it. */
static const MigIrreversible functions[] = {
	{"pg_advisory_lock", SESSION_LOCK},
	{"pg_advisory_lock_shared", SESSION_LOCK},
	{"pg_try_advisory_lock", SESSION_LOCK},
	{"pg_try_advisory_lock_shared", SESSION_LOCK},
	{"pg_create_logical_replication_slot", SLOT},
	{"pg_create_physical_replication_slot", SLOT},
	{"pg_copy_logical_replication_slot", SLOT},
	{"pg_copy_physical_replication_slot", SLOT},
	{"pg_drop_replication_slot", SLOT},
	{"pg_replication_slot_advance", SLOT},
	{"pg_logical_slot_get_changes", SLOT},
	{"pg_logical_slot_get_binary_changes", SLOT},
	{"pg_sync_replication_slots", SLOT},
	{"pg_logical_emit_message", "writes a message that need not be transactional"},
	{"pg_replication_origin_advance", ORIGIN},
	{"pg_replication_origin_drop", ORIGIN},
	{"lo_export", SERVER_FILE},
	{"pg_file_write", SERVER_FILE},
	{"pg_file_rename", SERVER_FILE},
	{"pg_file_unlink", SERVER_FILE},
	{"pg_file_sync", SERVER_FILE},
	{"pg_terminate_backend", BACKEND},
	{"pg_cancel_backend", BACKEND},
	{"pg_log_backend_memory_contexts", BACKEND},
	{"heap_force_kill", ROWS},
	{"heap_force_freeze", ROWS},
	{"pg_switch_wal", SERVER},
	{"pg_promote", SERVER},
	{"pg_reload_conf", SERVER},
	{"pg_rotate_logfile", SERVER},
	{"pg_create_restore_point", SERVER},
	{"pg_backup_start", SERVER},
	{"pg_backup_stop", SERVER},
	{"pg_wal_replay_pause", SERVER},
	{"pg_wal_replay_resume", SERVER},
	{"pg_stat_reset", STATISTICS},
	{"pg_stat_reset_shared", STATISTICS},
	{"pg_stat_reset_slru", STATISTICS},
	{"pg_stat_reset_single_table_counters", STATISTICS},
	{"pg_stat_reset_single_function_counters", STATISTICS},
	{"pg_stat_reset_replication_slot", STATISTICS},
	{"pg_stat_reset_subscription_stats", STATISTICS},
	{"pg_stat_reset_backend_stats", STATISTICS},
	{"pg_stat_statements_reset", STATISTICS},
	{"dblink", ELSEWHERE},
	{"dblink_connect", ELSEWHERE},
	{"dblink_connect_u", ELSEWHERE},
	{"dblink_exec", ELSEWHERE},
	{"dblink_open", ELSEWHERE},
	{"dblink_send_query", ELSEWHERE},
	{"pg_background_launch", ELSEWHERE},
};

/* The entry of a function of that name, or NULL. */
static const MigIrreversible *
find_function(const char *name)
{
	for (int i = 0; i < lengthof(functions); i++)
	{
		if (strcmp(functions[i].what, name) == 0)
			return &functions[i];
	}
	return NULL;
}

static bool
found_function(const MigIrreversible *entry, MigIrreversible *found)
{
	if (entry == NULL)
		return false;
	found->what = psprintf("%s()", entry->what);
	found->effect = entry->effect;
	return true;
}

/*
 * A function that is about to be executed.  One of a user that merely has the
 * name of one of these is none of them.
 */
bool
mig_irreversible_function(Oid function, MigIrreversible *found)
{
	char	   *name = get_func_name(function);
	const MigIrreversible *entry = name ? find_function(name) : NULL;

	if (entry == NULL)
		return false;
	if (function >= FirstNormalObjectId &&
		!OidIsValid(getExtensionOfObject(ProcedureRelationId, function)))
		return false;
	return found_function(entry, found);
}

/*
 * The relation of that name; InvalidOid: there is none.  What the caller may
 * not use is no error: a role that the script takes may.
 */
static Oid
find_relation(const RangeVar *name)
{
	Oid			schema;

	if (name == NULL)
		return InvalidOid;
	if (name->schemaname == NULL)
		return RelnameGetRelid(name->relname);
	schema = get_namespace_oid(name->schemaname, true);
	return OidIsValid(schema) ? get_relname_relid(name->relname, schema) :
		InvalidOid;
}

/* Is it a foreign table?  Then what is written goes to another server. */
static bool
is_foreign(const RangeVar *relation)
{
	Oid			oid = find_relation(relation);

	return OidIsValid(oid) && get_rel_relkind(oid) == RELKIND_FOREIGN_TABLE;
}

static bool
writes_foreign(const RangeVar *relation, MigIrreversible *found)
{
	if (!is_foreign(relation))
		return false;
	found->what = psprintf("writing to foreign table \"%s\"",
						   relation->relname);
	found->effect = "changes data of another server";
	return true;
}

/* A utility statement, by what its tree says. */
bool
mig_irreversible_utility(Node *stmt, MigIrreversible *found)
{
	CopyStmt   *copy;
	ListCell   *lc;

	if (stmt != NULL && IsA(stmt, TruncateStmt))
	{
		foreach(lc, ((TruncateStmt *) stmt)->relations)
		{
			if (writes_foreign(lfirst(lc), found))
				return true;
		}
	}
	if (stmt == NULL || !IsA(stmt, CopyStmt))
		return false;
	copy = castNode(CopyStmt, stmt);
	if (copy->is_program)
	{
		found->what = copy->is_from ? "COPY FROM PROGRAM" : "COPY TO PROGRAM";
		found->effect = "runs a program on the server";
		return true;
	}
	if (!copy->is_from && copy->filename != NULL)
	{
		found->what = "COPY TO a file";
		found->effect = SERVER_FILE;
		return true;
	}
	return copy->is_from && writes_foreign(copy->relation, found);
}

/*
 * The trees of a script
 */

typedef struct Search
{
	MigIrreversible *found;
	List	   *names;			/* of sequences */
} Search;

/* The unqualified name of a function that is called. */
static char *
called_name(const FuncCall *call)
{
	return strVal(llast(call->funcname));
}

/* A walker: does an expression or a query call one of the functions? */
static bool
calls_one(Node *node, void *arg)
{
	Search	   *search = arg;

	if (node == NULL)
		return false;
	if (IsA(node, FuncCall) &&
		found_function(find_function(called_name((FuncCall *) node)),
					   search->found))
		return true;
	if (IsA(node, InsertStmt) &&
		writes_foreign(((InsertStmt *) node)->relation, search->found))
		return true;
	if (IsA(node, UpdateStmt) &&
		writes_foreign(((UpdateStmt *) node)->relation, search->found))
		return true;
	if (IsA(node, DeleteStmt) &&
		writes_foreign(((DeleteStmt *) node)->relation, search->found))
		return true;
	return raw_expression_tree_walker(node, calls_one, arg);
}

/*
 * The part of a statement that is executed and that the server's walker knows:
 * it stops at utility statements.
 */
static Node *
query_of(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			return stmt;
		case T_CallStmt:
			return (Node *) ((CallStmt *) stmt)->funccall;
		case T_CopyStmt:
			return ((CopyStmt *) stmt)->query;
		case T_CreateTableAsStmt:
			return query_of(((CreateTableAsStmt *) stmt)->query);
		case T_ExplainStmt:
			return query_of(((ExplainStmt *) stmt)->query);
		case T_DeclareCursorStmt:
			return query_of(((DeclareCursorStmt *) stmt)->query);
		default:
			return NULL;
	}
}

/* A raw parse tree: does its own text say so? */
bool
mig_irreversible_statement(Node *stmt, MigIrreversible *found)
{
	Search		search = {found, NIL};

	return mig_irreversible_utility(stmt, found) ||
		calls_one(query_of(stmt), &search);
}

/*
 * Sequences
 */

/* How a relation is shown; NULL if it is not there. */
static char *
relation_name(Oid relation)
{
	char	   *name = get_rel_name(relation);

	return name == NULL ? NULL :
		quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
								   name);
}

static void
add_sequence(Search *search, Oid sequence)
{
	char	   *name = relation_name(sequence);

	if (name == NULL || get_rel_relkind(sequence) != RELKIND_SEQUENCE)
		return;
	if (!list_member(search->names, makeString(name)))
		search->names = lappend(search->names, makeString(name));
}

/* The sequences that rows inserted into a table take their numbers from. */
static void
add_owned(Search *search, const RangeVar *relation)
{
	Oid			oid = find_relation(relation);
	ListCell   *lc;

	if (!OidIsValid(oid))
		return;
	foreach(lc, getOwnedSequences(oid))
		add_sequence(search, lfirst_oid(lc));
}

/* The literal that a call of nextval or setval names its sequence by. */
static void
add_called(Search *search, const FuncCall *call)
{
	const char *name = called_name(call);
	Node	   *argument = call->args == NIL ? NULL : linitial(call->args);
	List	   *parts;

	if (strcmp(name, "nextval") != 0 && strcmp(name, "setval") != 0)
		return;
	if (argument != NULL && IsA(argument, TypeCast))
		argument = ((TypeCast *) argument)->arg;
	if (argument == NULL || !IsA(argument, A_Const) ||
		!IsA(&((A_Const *) argument)->val, String))
		return;
	name = strVal(&((A_Const *) argument)->val);
	parts = mig_shadow_split_name(name);
	if (parts != NIL && list_length(parts) <= 3)
		add_sequence(search, find_relation(makeRangeVarFromNameList(parts)));
}

static bool
collect_sequences(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall))
		add_called(arg, (FuncCall *) node);
	if (IsA(node, InsertStmt))
		add_owned(arg, ((InsertStmt *) node)->relation);
	return raw_expression_tree_walker(node, collect_sequences, arg);
}

/*
 * Adds the sequences that a statement will move, as far as its tree tells; of
 * String nodes.  They stay where a rehearsal leaves them.
 */
List *
mig_irreversible_sequences(Node *stmt, List *names)
{
	Search		search = {NULL, names};

	if (IsA(stmt, CopyStmt) && ((CopyStmt *) stmt)->is_from)
		add_owned(&search, ((CopyStmt *) stmt)->relation);
	(void) collect_sequences(query_of(stmt), &search);
	return search.names;
}
