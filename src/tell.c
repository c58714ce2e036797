/*-------------------------------------------------------------------------
 *
 * tell.c
 *	  Telling the world that a migration was applied or rolled back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/async.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/json.h"

#include "runctx.h"
#include "tell.h"

#define CHANNEL "migrate"

/* A payload must be shorter than 8000 bytes, and a character takes six at most */
#define NAME_EXCERPT 400

/* Appends one member of a JSON object; a long value is cut. */
static void
put_member(StringInfo buf, const char *key, const char *value)
{
	char	   *excerpt;

	appendStringInfo(buf, ", \"%s\": ", key);
	if (value == NULL)
	{
		appendStringInfoString(buf, "null");
		return;
	}
	excerpt = pnstrdup(value, pg_mbcliplen(value, strlen(value),
										   NAME_EXCERPT));
	escape_json(buf, excerpt);
	pfree(excerpt);
}

/*
 * Notifies the sessions that listen on channel migrate, when and if this
 * transaction commits.
 */
void
mig_tell_listeners(const MigNews *news)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "{\"run\": %lld", (long long) news->run);
	put_member(&buf, "project", news->project);
	put_member(&buf, "version", news->version);
	put_member(&buf, "name", news->name);
	put_member(&buf, "action", news->down ? "rollback" : "apply");
	appendStringInfo(&buf, ", \"elapsed_ms\": %.3f}", news->elapsed / 1000.0);
	Async_Notify(CHANNEL, buf.data);
	pfree(buf.data);
}

/*
 * Writes a line to the server's log.  It names the database, as the prefix of
 * a background worker's lines cannot.
 */
void
mig_tell_log(const MigNews *news)
{
	ereport(LOG_SERVER_ONLY,
			(errmsg("%s migration \"%s\" of project \"%s\" in database \"%s\" in %.3f ms (run %lld%s)",
					news->down ? "rolled back" : "applied",
					mig_label(news->version, news->name), news->project,
					mig_caller.database, news->elapsed / 1000.0,
					(long long) news->run,
					news->committed ? "" : ", not committed yet"),
			 errhidestmt(true), errhidecontext(true)));
}
