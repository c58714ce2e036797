/*-------------------------------------------------------------------------
 *
 * blockers.c
 *	  Who a process waits for, and what that one does.
 *
 * Two look: a caller while its runner waits, and a runner after it gave up
 * waiting.  The latter has to remember what it waited for at the moment of its
 * timeout, as the end of the wait wipes that out.
 *
 * Of other sessions one is told what pg_stat_activity would show: what it
 * does only with the right to see that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/twophase.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "blockers.h"
#include "compat.h"
#include "spi_util.h"

/* How far to follow a chain of waiting sessions */
#define MAX_CHAIN			64

/* Of a blocker's query, in a notice */
#define QUERY_EXCERPT		200

/* How many holders of a lock to remember */
#define MAX_REMEMBERED		64

/* How many of them to describe */
#define MAX_DESCRIBED		5

/* A lock that this process waited for, and who held it. */
static struct
{
	volatile bool valid;
	volatile bool fresh;		/* no error has used it yet */
	LOCKTAG		tag;
	LOCKMODE	mode;
	int			nholders;
	MigBlocker	holders[MAX_REMEMBERED];
}			remembered;

/* What is known of a blocker. */
typedef struct BlockerFacts
{
	const char *type;			/* of process; NULL: it is gone */
	const char *role;
	const char *application;	/* NULL: none */
	const char *gid;			/* of a prepared transaction */
	bool		hidden;			/* the rest may not be seen */
	const char *state;
	TimestampTz state_since;	/* 0: unknown */
	TimestampTz query_start;	/* 0: none */
	const char *query;			/* NULL: none */
} BlockerFacts;

/*
 * Whom does a process wait for?
 */

static List *
add_pids(List *pids, int pid)
{
	ArrayType  *found;
	int32	   *values;
	int			n;

	found = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids,
												   Int32GetDatum(pid)));
	n = ArrayGetNItems(ARR_NDIM(found), ARR_DIMS(found));
	values = (int32 *) ARR_DATA_PTR(found);
	for (int i = 0; i < n; i++)
		pids = list_append_unique_int(pids, values[i]);
	return pids;
}

/*
 * The pids of those a process waits for, in order; 0 is a prepared
 * transaction.  Asks the lock manager and no catalog.
 */
List *
mig_blockers_pids(int pid)
{
	List	   *pids = add_pids(NIL, pid);

	list_sort(pids, list_int_cmp);
	return pids;
}

/* Is this one of the processes, or does any of them wait for it? */
bool
mig_blockers_include(List *pids, int pid)
{
	List	   *chain = list_copy(pids);

	for (int i = 0; i < list_length(chain) && i < MAX_CHAIN; i++)
	{
		int			next = list_nth_int(chain, i);

		if (next == pid)
			return true;
		if (next != 0)
			chain = add_pids(chain, next);
	}
	return false;
}

/* Does this process hold the lock in a way that keeps others from that mode? */
static bool
is_in_the_way(const LockInstanceData *lock, const LOCKTAG *tag, LOCKMODE mode)
{
	if (memcmp(&lock->locktag, tag, sizeof(LOCKTAG)) != 0)
		return false;
	for (LOCKMODE held = 1; held <= MaxLockMode; held++)
	{
		if ((lock->holdMask & LOCKBIT_ON(held)) &&
			DoLockModesConflict(held, mode))
			return true;
	}
	return false;
}

/* The xid of a prepared transaction; of one that outlived a restart it is all. */
static TransactionId
prepared_xid(VirtualTransactionId vxid)
{
	bool		more;

	if (VirtualTransactionIdIsRecoveredPreparedXact(vxid))
		return vxid.localTransactionId;
	return TwoPhaseGetXidByVirtualXID(vxid, &more);
}

/* Everyone but 'pid' who keeps others from a lock. */
static List *
find_holders(const LockData *locks, const LOCKTAG *tag, LOCKMODE mode, int pid)
{
	List	   *result = NIL;

	for (int i = 0; i < locks->nelements; i++)
	{
		const LockInstanceData *lock = &locks->locks[i];
		MigBlocker *blocker;

		if (lock->pid == pid || !is_in_the_way(lock, tag, mode))
			continue;
		blocker = palloc0(sizeof(MigBlocker));
		blocker->pid = lock->pid;
		if (lock->pid == 0)
			blocker->xid = prepared_xid(mig_lock_vxid(lock));
		result = lappend(result, blocker);
	}
	return result;
}

/* The lock that a process waits for, or NULL. */
static const LockInstanceData *
find_awaited(const LockData *locks, int pid)
{
	for (int i = 0; i < locks->nelements; i++)
	{
		if (locks->locks[i].pid == pid &&
			locks->locks[i].waitLockMode != NoLock)
			return &locks->locks[i];
	}
	return NULL;
}

/*
 * Whoever holds what a process waits for, and whoever is only before it in the
 * queue; of MigBlocker *.
 */
List *
mig_blockers_of(int pid)
{
	LockData   *locks = GetLockStatusData();
	const LockInstanceData *awaited = find_awaited(locks, pid);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, mig_blockers_pids(pid))
	{
		MigBlocker *blocker;

		if (lfirst_int(lc) == 0)
			continue;
		blocker = palloc0(sizeof(MigBlocker));
		blocker->pid = lfirst_int(lc);
		result = lappend(result, blocker);
	}
	if (awaited == NULL)
		return result;
	foreach(lc, find_holders(locks, &awaited->locktag, awaited->waitLockMode,
							 pid))
	{
		if (((MigBlocker *) lfirst(lc))->pid == 0)
			result = lappend(result, lfirst(lc));
	}
	return result;
}

/*
 * What does it do?
 */

/* The entry of a process in pg_stat_activity as it is now, or NULL. */
static PgBackendStatus *
find_activity(int pid)
{
	int			n = pgstat_fetch_stat_numbackends();

	for (int i = 1; i <= n; i++)
	{
		LocalPgBackendStatus *entry = mig_local_beentry_by_index(i);

		if (entry != NULL && entry->backendStatus.st_procpid == pid)
			return &entry->backendStatus;
	}
	return NULL;
}

static const char *
state_name(BackendState state)
{
	switch (state)
	{
		case STATE_IDLE:
			return "idle";
		case STATE_IDLEINTRANSACTION:
			return "idle in transaction";
		case STATE_IDLEINTRANSACTION_ABORTED:
			return "idle in transaction (aborted)";
		default:
			return "active";
	}
}

/* The name that PREPARE TRANSACTION gave; NULL if it has ended. */
static char *
prepared_name(TransactionId xid)
{
	static MigQuery query = {
		"SELECT gid FROM pg_catalog.pg_prepared_xacts"
		" WHERE transaction::pg_catalog.text = $1"
	};
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	MigParams	params = {0};
	char	   *gid = NULL;

	mig_param_text(&params, psprintf("%u", xid));
	mig_sql_begin(&session);
	if (mig_sql_run(&query, &params) > 0)
		gid = MemoryContextStrdup(context, mig_col_text(0, 1));
	mig_sql_end(&session);
	return gid;
}

/* What may be seen of a session only with the right to. */
static void
read_activity(BlockerFacts *facts, const PgBackendStatus *entry)
{
	char	   *query;

	facts->hidden = !has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) &&
		!has_privs_of_role(GetUserId(), entry->st_userid);
	if (facts->hidden)
		return;
	facts->state_since = entry->st_state_start_timestamp;
	if (facts->state_since != 0)
		facts->state = state_name(entry->st_state);
	facts->query_start = entry->st_activity_start_timestamp;
	/* another database's text may be in another encoding */
	query = pgstat_clip_activity(entry->st_activity_raw);
	if (entry->st_databaseid == MyDatabaseId && query[0] != '\0')
		facts->query = pnstrdup(query, pg_mbcliplen(query, strlen(query),
													QUERY_EXCERPT));
}

static BlockerFacts
read_facts(const MigBlocker *blocker)
{
	BlockerFacts facts = {0};
	PgBackendStatus *entry;

	if (blocker->pid == 0)
	{
		facts.gid = prepared_name(blocker->xid);
		facts.type = "prepared transaction";
		return facts;
	}
	entry = find_activity(blocker->pid);
	if (entry == NULL)
		return facts;
	facts.type = GetBackendTypeDesc(entry->st_backendType);
	facts.role = GetUserNameFromId(entry->st_userid, true);
	if (entry->st_appname[0] != '\0')
		facts.application = pstrdup(entry->st_appname);
	read_activity(&facts, entry);
	return facts;
}

static long
seconds_since(TimestampTz then)
{
	return TimestampDifferenceMilliseconds(then, GetCurrentTimestamp()) / 1000;
}

/* One sentence about a blocker. */
static void
describe(StringInfo buf, const MigBlocker *blocker, bool queries)
{
	BlockerFacts facts = read_facts(blocker);

	if (blocker->pid == 0)
	{
		if (facts.gid == NULL)
			appendStringInfoString(buf, "A prepared transaction held the lock, and is gone by now.");
		else
			appendStringInfo(buf, "The prepared transaction \"%s\" holds the lock; COMMIT PREPARED or ROLLBACK PREPARED releases it.",
							 facts.gid);
		return;
	}
	if (facts.type == NULL)
	{
		appendStringInfo(buf, "Pid %d is gone by now.", blocker->pid);
		return;
	}
	appendStringInfo(buf, "Pid %d is a %s", blocker->pid, facts.type);
	if (facts.role != NULL)
		appendStringInfo(buf, " of role \"%s\"", facts.role);
	if (facts.application != NULL)
		appendStringInfo(buf, ", application \"%s\"", facts.application);
	if (facts.state != NULL)
		appendStringInfo(buf, ", %s for %ld s", facts.state,
						 seconds_since(facts.state_since));
	if (facts.query_start != 0)
		appendStringInfo(buf, "; its query started %ld s ago",
						 seconds_since(facts.query_start));
	if (queries && facts.query != NULL)
		appendStringInfo(buf, ": %s", facts.query);
	else
		appendStringInfoChar(buf, '.');
}

/* A line about each blocker, with its query or without. */
void
mig_blockers_describe(StringInfo buf, List *blockers, bool queries)
{
	ListCell   *lc;

	pgstat_clear_backend_activity_snapshot();
	foreach(lc, blockers)
	{
		if (foreach_current_index(lc) == MAX_DESCRIBED)
			break;
		if (buf->len > 0)
			appendStringInfoChar(buf, '\n');
		describe(buf, lfirst(lc), queries);
	}
	pgstat_clear_backend_activity_snapshot();
}

/*
 * Whom did this process wait for?
 */

/* Nothing that happened so far matters. */
void
mig_blockers_forget(void)
{
	remembered.valid = false;
}

/*
 * Called by the handler of SIGINT, which is how the end of lock_timeout
 * arrives: notes the lock that is being waited for.  The wait ends right
 * afterwards, and nothing else of the server tells what it was for.
 */
void
mig_blockers_note_lock(void)
{
	LOCK	   *lock = MyProc ? MyProc->waitLock : NULL;

	remembered.valid = false;
	if (lock == NULL)
		return;
	remembered.tag = lock->tag;
	remembered.mode = MyProc->waitLockMode;
	remembered.nholders = 0;
	remembered.fresh = true;
	remembered.valid = true;
}

/*
 * The wait has ended with an error, which is being raised: keeps who holds the
 * lock.  The transaction is not aborted yet, so this reads no catalog.
 */
void
mig_blockers_remember(void)
{
	MemoryContext context;
	MemoryContext caller;
	ListCell   *lc;

	/* what an earlier error, caught by the script, waited for */
	if (!remembered.fresh)
		remembered.valid = false;
	if (!remembered.valid)
		return;
	remembered.fresh = false;
	context = AllocSetContextCreate(TopMemoryContext, "migrate blockers",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	foreach(lc, find_holders(GetLockStatusData(), &remembered.tag,
							 remembered.mode, MyProcPid))
	{
		if (remembered.nholders < MAX_REMEMBERED)
			remembered.holders[remembered.nholders++] = *(MigBlocker *) lfirst(lc);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/* Is it known which lock this process waited for? */
bool
mig_blockers_remembered(void)
{
	return remembered.valid;
}

/* When the transaction of a blocker began; 0: it is in none, or gone. */
static TimestampTz
transaction_start(const MigBlocker *blocker)
{
	PgBackendStatus *entry = blocker->pid == 0 ? NULL :
		find_activity(blocker->pid);

	return entry == NULL ? 0 : entry->st_xact_start_timestamp;
}

static int
compare_starts(const ListCell *a, const ListCell *b)
{
	TimestampTz x = transaction_start(lfirst(a));
	TimestampTz y = transaction_start(lfirst(b));

	return x < y ? -1 : x > y;
}

/*
 * Who held it then, of MigBlocker *, the oldest transaction first: the end of
 * our wait has let in those who waited behind us, and they hold it, too.
 */
List *
mig_blockers_of_remembered(void)
{
	List	   *result = NIL;

	if (!remembered.valid)
		return NIL;
	for (int i = 0; i < remembered.nholders; i++)
		result = lappend(result, &remembered.holders[i]);
	pgstat_clear_backend_activity_snapshot();
	list_sort(result, compare_starts);
	return result;
}

/*
 * The lock that was waited for, say "AccessExclusiveLock on relation
 * public.orders".
 */
char *
mig_blockers_lock(void)
{
	const LOCKTAG *tag = &remembered.tag;
	char	   *relation = NULL;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s on ",
					 GetLockmodeName(tag->locktag_lockmethodid,
									 remembered.mode));
	if (tag->locktag_field1 == MyDatabaseId &&
		(tag->locktag_type == LOCKTAG_RELATION ||
		 tag->locktag_type == LOCKTAG_TUPLE))
		relation = get_rel_name(tag->locktag_field2);
	if (relation != NULL)
		appendStringInfo(&buf, "%srelation %s",
						 tag->locktag_type == LOCKTAG_TUPLE ? "a row of " : "",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(tag->locktag_field2)),
													relation));
	else
		DescribeLockTag(&buf, tag);
	return buf.data;
}

/* Appends one member of a JSON object. */
static void
put_json(StringInfo buf, const char *key, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(buf, ", \"%s\": ", key);
	escape_json(buf, value);
}

static void
put_json_time(StringInfo buf, const char *key, TimestampTz value)
{
	char		text[MAXDATELEN + 1];

	if (value == 0)
		return;
	JsonEncodeDateTime(text, TimestampTzGetDatum(value), TIMESTAMPTZOID, NULL);
	put_json(buf, key, text);
}

/*
 * Who held it then, as a JSON array with an object for each: its keys are the
 * columns of pg_stat_activity and of pg_prepared_xacts.  To be kept, so it is
 * without queries: others may read it later, who may not see them.
 */
char *
mig_blockers_json(void)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	pgstat_clear_backend_activity_snapshot();
	foreach(lc, mig_blockers_of_remembered())
	{
		MigBlocker *blocker = lfirst(lc);
		BlockerFacts facts = read_facts(blocker);

		appendStringInfo(&buf, "%s{\"pid\": %d", buf.len > 0 ? ", " : "",
						 blocker->pid);
		put_json(&buf, "gid", facts.gid);
		put_json(&buf, "backend_type", facts.type);
		put_json(&buf, "usename", facts.role);
		put_json(&buf, "application_name", facts.application);
		put_json(&buf, "state", facts.state);
		put_json_time(&buf, "state_change", facts.state_since);
		put_json_time(&buf, "query_start", facts.query_start);
		appendStringInfoChar(&buf, '}');
	}
	pgstat_clear_backend_activity_snapshot();
	return psprintf("[%s]", buf.data);
}
