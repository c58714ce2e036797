/*-------------------------------------------------------------------------
 *
 * blockers.c
 *	  Who a process waits for, and what that one does.
 *
 * Looks into the lock manager and the activity of backends only: nothing here
 * reads a catalog or takes a snapshot.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/backend_status.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "blockers.h"
#include "compat.h"

/* How far to follow a chain of waiting sessions */
#define MAX_CHAIN			64

/* Of a blocker's query, in a notice */
#define QUERY_EXCERPT		200

/*
 * Adds to 'pids' whom a process waits for; 0 is a prepared transaction.  Asks
 * the lock manager and no catalog.
 */
List *
mig_blockers_add(List *pids, int pid)
{
	ArrayType  *found;
	int32	   *values;
	int			n;
	int			i;

	found = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids,
												   Int32GetDatum(pid)));
	n = ArrayGetNItems(ARR_NDIM(found), ARR_DIMS(found));
	values = (int32 *) ARR_DATA_PTR(found);
	for (i = 0; i < n; i++)
		pids = list_append_unique_int(pids, values[i]);
	return pids;
}

/* Does any of these processes, or one that they wait for, wait for us? */
bool
mig_blockers_include_us(List *pids)
{
	List	   *chain = list_copy(pids);
	int			i;

	for (i = 0; i < list_length(chain) && i < MAX_CHAIN; i++)
	{
		int			pid = list_nth_int(chain, i);

		if (pid == MyProcPid)
			return true;
		if (pid != 0)
			chain = mig_blockers_add(chain, pid);
	}
	return false;
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

/* The entry of a process in pg_stat_activity as it is now, or NULL. */
static PgBackendStatus *
find_activity(int pid)
{
	int			n = pgstat_fetch_stat_numbackends();
	int			i;

	for (i = 1; i <= n; i++)
	{
		LocalPgBackendStatus *entry = mig_local_beentry_by_index(i);

		if (entry != NULL && entry->backendStatus.st_procpid == pid)
			return &entry->backendStatus;
	}
	return NULL;
}

/*
 * One sentence about what a blocker does; as much of it as pg_stat_activity
 * would show.
 */
void
mig_blockers_describe(StringInfo buf, int pid)
{
	PgBackendStatus *entry = pid == 0 ? NULL : find_activity(pid);
	const char *type;
	char	   *query;

	if (buf->len > 0)
		appendStringInfoChar(buf, '\n');
	if (pid == 0)
	{
		appendStringInfoString(buf, "A prepared transaction holds the lock; pg_prepared_xacts shows it.");
		return;
	}
	if (entry == NULL)
	{
		appendStringInfo(buf, "Pid %d is gone by now.", pid);
		return;
	}
	type = GetBackendTypeDesc(entry->st_backendType);
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) &&
		!has_privs_of_role(GetUserId(), entry->st_userid))
	{
		appendStringInfo(buf, "Pid %d is a %s of another role.", pid, type);
		return;
	}

	appendStringInfo(buf, "Pid %d is a %s", pid, type);
	if (entry->st_appname[0] != '\0')
		appendStringInfo(buf, ", application \"%s\"", entry->st_appname);
	if (entry->st_state_start_timestamp != 0)
		appendStringInfo(buf, ", %s for %ld s", state_name(entry->st_state),
						 TimestampDifferenceMilliseconds(entry->st_state_start_timestamp,
														 GetCurrentTimestamp()) / 1000);
	/* another database's text may be in another encoding */
	query = pgstat_clip_activity(entry->st_activity_raw);
	if (entry->st_databaseid == MyDatabaseId && query[0] != '\0')
		appendStringInfo(buf, "; its query: %.*s",
						 pg_mbcliplen(query, strlen(query), QUERY_EXCERPT),
						 query);
	else
		appendStringInfoChar(buf, '.');
}
