/*-------------------------------------------------------------------------
 *
 * runctx.c
 *	  Which run, migration and statement this process is in; who asked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "common/ip.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "guc.h"
#include "runctx.h"

MigPosition mig_position;
MigCaller	mig_caller;

/* How a migration is named everywhere: its version, if any, and its name. */
const char *
mig_label(const char *version, const char *name)
{
	if (version == NULL)
		return name;
	return *name != '\0' ? psprintf("%s %s", version, name) : version;
}

/* How a call that a hint proposes names a migration: as a quoted literal. */
const char *
mig_argument(const char *version, const char *name)
{
	return quote_literal_cstr(version ? version : name);
}

/* A call, with the project unless calls work on that by themselves. */
static const char *
call(const char *select, const char *function, const char *arguments,
	 const char *project)
{
	if (strcmp(project, mig_project) == 0)
		return psprintf("%s migrate.%s(%s);", select, function, arguments);
	return psprintf("%s migrate.%s(%s%sproject => %s);", select, function,
					arguments, *arguments ? ", " : "",
					quote_literal_cstr(project));
}

/* A call for a hint to propose: SELECT migrate.<function>(<arguments>); */
const char *
mig_call(const char *function, const char *arguments, const char *project)
{
	return call("SELECT", function, arguments, project);
}

/* The same of a function whose columns are to be seen. */
const char *
mig_call_rows(const char *function, const char *arguments, const char *project)
{
	return call("SELECT * FROM", function, arguments, project);
}

/* The proposed call of resolve for a migration. */
const char *
mig_call_resolve(const char *argument, const char *outcome,
				 const char *project)
{
	return mig_call("resolve", psprintf("%s, '%s'", argument, outcome),
					project);
}

/* The migration this process is in. */
const char *
mig_position_label(void)
{
	return mig_label(mig_position.version, mig_position.name);
}

/* This process is in no migration any more. */
void
mig_position_clear(void)
{
	memset(&mig_position, 0, sizeof(mig_position));
}

/* A script must not drive the machine that runs it. */
void
mig_refuse_nested(const char *function)
{
	if (!mig_position.active)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migrate.%s() cannot be called by a migration script",
					function),
			 errdetail("Migration \"%s\" is running in this session.",
					   mig_position_label()),
			 errhint("Remove the call from the script.")));
}

/* Runs are on the primary server. */
void
mig_refuse_recovery(const char *function)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute migrate.%s() during recovery", function),
				 errhint("Call it on the primary server.")));
}

/* What changes our tables cannot run during recovery, nor read-only. */
void
mig_refuse_read_only(const char *function)
{
	mig_refuse_recovery(function);
	if (XactReadOnly)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute migrate.%s() in a read-only transaction",
						function),
				 errhint("Begin a READ WRITE transaction, or run SET default_transaction_read_only = off;")));
}

/* The client's address as text; NULL for a local socket or a worker. */
static const char *
client_address(void)
{
	char		host[NI_MAXHOST];
	char	   *zone;

	if (MyProcPort == NULL || MyProcPort->raddr.addr.ss_family == AF_UNIX)
		return NULL;
	if (pg_getnameinfo_all(&MyProcPort->raddr.addr, MyProcPort->raddr.salen,
						   host, sizeof(host), NULL, 0,
						   NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return NULL;
	/* inet knows no zone of a link-local address */
	if ((zone = strchr(host, '%')) != NULL)
		*zone = '\0';
	return pstrdup(host);
}

/*
 * This session itself asked: sets mig_caller.  The strings live in the current
 * context, that is, as long as the call that this is part of.
 */
void
mig_caller_is_self(void)
{
	mig_caller.database = get_database_name(MyDatabaseId);
	mig_caller.session_role = GetUserNameFromId(GetSessionUserId(), false);
	mig_caller.role = GetUserNameFromId(GetUserId(), false);
	mig_caller.application_name = pstrdup(application_name);
	mig_caller.client_addr = client_address();
	mig_caller.pid = MyProcPid;
}
