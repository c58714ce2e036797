/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  The process of a run: its connection to the caller, its session.
 *
 * What the server would send to a client, notices and errors, goes through
 * the queue to the caller.  When the caller is gone, sending does nothing, and
 * the run goes on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/async.h"
#include "commands/prepare.h"
#include "commands/sequence.h"
#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "libpq/pqmq.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/pmsignal.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "blockers.h"
#include "compat.h"
#include "wire.h"
#include "worker.h"

/* NULL in a process that is no runner, and after mig_worker_close(). */
static dsm_segment *segment;
static MigWire *wire;

/*
 * What is in the segment: written by the caller, read by the runner
 */

/* Read by read_request(). */
static void
put_request(StringInfo buf, const MigRequest *request, const MigCaller *caller)
{
	pq_sendint32(buf, request->action);
	mig_wire_put_string(buf, request->project);
	mig_wire_put_string(buf, request->target);
	pq_sendint32(buf, request->steps);
	pq_sendbyte(buf, request->nowait);
	pq_sendint32(buf, request->lock_timeout);
	pq_sendbyte(buf, request->force);

	mig_wire_put_string(buf, caller->database);
	mig_wire_put_string(buf, caller->session_role);
	mig_wire_put_string(buf, caller->role);
	mig_wire_put_string(buf, caller->application_name);
	mig_wire_put_string(buf, caller->client_addr);
	pq_sendint32(buf, caller->pid);
}

static void
read_request(StringInfo buf, MigRequest *request, MigCaller *caller)
{
	memset(request, 0, sizeof(MigRequest));
	request->action = (MigAction) pq_getmsgint(buf, 4);
	request->project = mig_wire_get_string(buf);
	request->target = mig_wire_get_string(buf);
	request->steps = (int) pq_getmsgint(buf, 4);
	request->nowait = pq_getmsgbyte(buf);
	request->lock_timeout = (int) pq_getmsgint(buf, 4);
	request->force = pq_getmsgbyte(buf);

	memset(caller, 0, sizeof(MigCaller));
	caller->database = mig_wire_get_string(buf);
	caller->session_role = mig_wire_get_string(buf);
	caller->role = mig_wire_get_string(buf);
	caller->application_name = mig_wire_get_string(buf);
	caller->client_addr = mig_wire_get_string(buf);
	caller->pid = (int) pq_getmsgint(buf, 4);
}

/* The value of a setting now. */
static union config_var_val
current_value(struct config_generic *setting)
{
	union config_var_val value = {0};

	switch (setting->vartype)
	{
		case PGC_BOOL:
			value.boolval = *((struct config_bool *) setting)->variable;
			break;
		case PGC_INT:
			value.intval = *((struct config_int *) setting)->variable;
			break;
		case PGC_REAL:
			value.realval = *((struct config_real *) setting)->variable;
			break;
		case PGC_STRING:
			value.stringval = *((struct config_string *) setting)->variable;
			break;
		case PGC_ENUM:
			value.enumval = *((struct config_enum *) setting)->variable;
			break;
	}
	return value;
}

/*
 * The value that a setting will have after the transaction, and where that
 * comes from: SET LOCAL hides it until then.
 */
static union config_var_val
lasting_value(struct config_generic *setting, GucSource *source)
{
	GucStack   *stack = setting->stack;

	*source = setting->source;
	if (stack == NULL)
		return current_value(setting);
	while (stack->prev != NULL)
		stack = stack->prev;
	switch (stack->state)
	{
		case GUC_SET_LOCAL:
			*source = PGC_S_SESSION;
			return stack->masked.val;
		case GUC_LOCAL:
		case GUC_SAVE:
			*source = stack->source;
			return stack->prior.val;
		case GUC_SET:
			break;
	}
	return current_value(setting);
}

/* A value as text, in full precision; NULL if there is none. */
static const char *
value_text(struct config_generic *setting, union config_var_val value)
{
	switch (setting->vartype)
	{
		case PGC_BOOL:
			return value.boolval ? "on" : "off";
		case PGC_INT:
			return psprintf("%d", value.intval);
		case PGC_REAL:
			return psprintf("%.17g", value.realval);
		case PGC_STRING:
			return value.stringval;
		case PGC_ENUM:
			return config_enum_lookup_by_value((struct config_enum *) setting,
											   value.enumval);
	}
	return NULL;
}

/*
 * Does a runner take this setting over?  What this session's client or the
 * session itself has set; a connection of the same role has the rest anyway.
 * Excluded are what is no property of a session (transaction_*, seed), the
 * identity, which goes its own way, and what describes this client.
 */
static bool
setting_can_travel(const struct config_generic *setting)
{
	return (setting->context == PGC_USERSET || setting->context == PGC_SUSET) &&
		!(setting->flags & GUC_NO_RESET_ALL) &&
		strcmp(setting->name, "application_name") != 0 &&
		strcmp(setting->name, "client_encoding") != 0;
}

/*
 * The caller's settings, each with the authority it was set by: a placeholder
 * whose library only the script loads is checked against that one.
 */
static void
put_settings(StringInfo buf)
{
	struct config_generic **settings;
	int			n;
	int			i;

	settings = mig_guc_variables(&n);
	for (i = 0; i < n; i++)
	{
		const char *value;

		if (settings[i]->source <= PGC_S_DATABASE_USER ||
			!setting_can_travel(settings[i]) ||
			(value = value_text(settings[i], current_value(settings[i]))) == NULL)
			continue;
		mig_wire_put_string(buf, settings[i]->name);
		mig_wire_put_string(buf, value);
		pq_sendint32(buf, settings[i]->scontext);
		pq_sendint32(buf, settings[i]->srole);
	}
}

/*
 * Takes the caller's settings over as if its client had sent them when it
 * connected, so a RESET in a script comes back to them.  One that cannot be
 * taken over is a warning: the script may not need it.
 */
static void
restore_settings(StringInfo buf)
{
	while (buf->cursor < buf->len)
	{
		char	   *name = mig_wire_get_string(buf);
		char	   *value = mig_wire_get_string(buf);
		GucContext	context = (GucContext) pq_getmsgint(buf, 4);
		Oid			role = (Oid) pq_getmsgint(buf, 4);

		(void) set_config_option_ext(name, value, context, PGC_S_CLIENT, role,
									 GUC_ACTION_SET, true, WARNING, false);
	}

	/*
	 * How long to wait for locks is for migrate.lock_timeout to say: an index
	 * build that the caller's own setting cut short would start all over.
	 */
	SetConfigOption("lock_timeout", "0", PGC_USERSET, PGC_S_CLIENT);
}

/* A piece of the segment with this content, its length in front. */
static void
insert_piece(shm_toc *toc, uint64 key, StringInfo content)
{
	char	   *piece = shm_toc_allocate(toc, sizeof(int32) + content->len);
	int32		len = content->len;

	memcpy(piece, &len, sizeof(int32));
	memcpy(piece + sizeof(int32), content->data, content->len);
	shm_toc_insert(toc, key, piece);
}

/* What the runner must know before it is connected. */
static void
init_wire(MigWire *shared)
{
	memset(shared, 0, sizeof(MigWire));
	shared->database = MyDatabaseId;
	shared->session_user = GetSessionUserId();
	/* not changed by a SECURITY DEFINER function, as this may be one */
	shared->role = GetOuterUserId();
	pg_atomic_init_u32(&shared->cancelled, 0);
	pg_atomic_init_u32(&shared->ended, 0);
	ConditionVariableInit(&shared->end);
	SpinLockInit(&shared->mutex);
}

/* A piece of the segment, copied. */
static StringInfo
read_piece(shm_toc *toc, uint64 key)
{
	StringInfo	buf = makeStringInfo();
	char	   *piece = shm_toc_lookup(toc, key, false);
	int32		len;

	memcpy(&len, piece, sizeof(int32));
	appendBinaryStringInfo(buf, piece + sizeof(int32), len);
	return buf;
}

/*
 * Makes the segment for a request of this session and attaches its queue.
 * That comes before the runner is registered: a quick one is gone before the
 * caller looks for it.  The queue is not yet bound to the runner's life.
 */
dsm_segment *
mig_wire_create(const MigRequest *request, const MigCaller *caller,
				MigWire **shared, shm_mq_handle **queue)
{
	StringInfoData parts[2];
	shm_toc_estimator estimator;
	dsm_segment *created;
	shm_toc    *toc;
	shm_mq	   *mq;
	Size		size;

	initStringInfo(&parts[0]);
	initStringInfo(&parts[1]);
	put_request(&parts[0], request, caller);
	put_settings(&parts[1]);

	shm_toc_initialize_estimator(&estimator);
	shm_toc_estimate_chunk(&estimator, sizeof(MigWire));
	shm_toc_estimate_chunk(&estimator, sizeof(int32) + parts[0].len);
	shm_toc_estimate_chunk(&estimator, sizeof(int32) + parts[1].len);
	shm_toc_estimate_chunk(&estimator, MIG_WIRE_QUEUE_SIZE);
	shm_toc_estimate_keys(&estimator, 4);
	size = shm_toc_estimate(&estimator);

	created = dsm_create(size, 0);
	toc = shm_toc_create(MIG_WIRE_MAGIC, dsm_segment_address(created), size);

	*shared = shm_toc_allocate(toc, sizeof(MigWire));
	init_wire(*shared);
	shm_toc_insert(toc, MIG_WIRE_KEY_FIXED, *shared);
	insert_piece(toc, MIG_WIRE_KEY_REQUEST, &parts[0]);
	insert_piece(toc, MIG_WIRE_KEY_SETTINGS, &parts[1]);

	mq = shm_mq_create(shm_toc_allocate(toc, MIG_WIRE_QUEUE_SIZE),
					   MIG_WIRE_QUEUE_SIZE);
	shm_toc_insert(toc, MIG_WIRE_KEY_QUEUE, mq);
	shm_mq_set_receiver(mq, MyProc);
	*queue = shm_mq_attach(mq, created, NULL);
	return created;
}

/*
 * What others read of a run's segment, if 'segment' is that of 'run': after
 * its end its handle may be something else's.  NULL if it is not.
 */
MigWire *
mig_wire_open(dsm_segment *segment, int64 run)
{
	shm_toc    *toc = NULL;
	MigWire    *shared;
	int64		found;

	if (dsm_segment_map_length(segment) > sizeof(MigWire) + MIG_WIRE_QUEUE_SIZE)
		toc = shm_toc_attach(MIG_WIRE_MAGIC, dsm_segment_address(segment));
	if (toc == NULL)
		return NULL;
	shared = shm_toc_lookup(toc, MIG_WIRE_KEY_FIXED, false);
	SpinLockAcquire(&shared->mutex);
	found = shared->progress.run;
	SpinLockRelease(&shared->mutex);
	return found == run && shared->database == MyDatabaseId ? shared : NULL;
}

/*
 * Opening
 */

/* This process has let the segment go, and everything else before. */
static void
tell_end(dsm_segment *detached, Datum arg)
{
	MigWire    *shared = (MigWire *) DatumGetPointer(arg);

	pg_atomic_write_u32(&shared->ended, 1);
	ConditionVariableBroadcast(&shared->end);
}

/* A query cancel, as in any backend; or the end of lock_timeout. */
static void
handle_cancel(SIGNAL_ARGS)
{
	mig_blockers_note_lock();
	StatementCancelHandler(postgres_signal_arg);
}

/* Attaches the caller's segment, for as long as this process lives. */
static shm_toc *
attach_segment(Datum main_arg)
{
	shm_toc    *toc;

	segment = dsm_attach(DatumGetUInt32(main_arg));
	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the caller of the run is gone")));
	/* no resource owner may take it away at the end of a transaction */
	dsm_pin_mapping(segment);
	toc = shm_toc_attach(MIG_WIRE_MAGIC, dsm_segment_address(segment));
	if (toc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the caller of the run has another version of the library loaded"),
				 errhint("Connect again.")));
	wire = shm_toc_lookup(toc, MIG_WIRE_KEY_FIXED, false);
	on_dsm_detach(segment, tell_end, PointerGetDatum(wire));
	return toc;
}

/* From here on, notices and errors reach the caller. */
static void
redirect_messages(shm_toc *toc)
{
	shm_mq	   *mq = shm_toc_lookup(toc, MIG_WIRE_KEY_QUEUE, false);

	shm_mq_set_sender(mq, MyProc);
	pq_redirect_to_shm_mq(segment, shm_mq_attach(mq, segment, NULL));
}

/*
 * The client encoding is the database's: it is the one in which the caller
 * takes messages, and scripts are stored.  Being the reset value, it survives
 * RESET ALL.
 */
static void
fix_client_encoding(void)
{
	SetConfigOption("client_encoding", GetDatabaseEncodingName(),
					PGC_BACKEND, PGC_S_OVERRIDE);
}

/* What a reset leaves of the name that mig_worker_set_position() gives. */
static void
fix_application_name(void)
{
	SetConfigOption("application_name", "migrate", PGC_USERSET,
					PGC_S_OVERRIDE);
}

/*
 * Takes the role that the caller's SET ROLE left.  Checked as that is: the
 * session user must be a member of it.
 */
static void
take_role(void)
{
	const char *role = "none";

	if (wire->role != wire->session_user)
		role = GetUserNameFromId(wire->role, false);
	SetConfigOption("role", role, PGC_USERSET, PGC_S_SESSION);
}

/*
 * Waits for the end of the transaction that asked for this run.  Without its
 * commit there is no such run, and never was.
 */
void
mig_worker_await_start(void)
{
	if (!TransactionIdIsValid(wire->start_after))
		return;
	StartTransactionCommand();
	XactLockTableWait(wire->start_after, NULL, NULL, XLTW_None);
	CommitTransactionCommand();
	if (!TransactionIdDidCommit(wire->start_after))
		proc_exit(0);
}

/*
 * Makes this process the runner of the request in the segment: connected as
 * the caller's session user, with its settings and its role.  What is handed
 * out lasts as long as the process.
 */
void
mig_worker_open(Datum main_arg, MigRequest *request, MigCaller *caller)
{
	MemoryContext old_context = MemoryContextSwitchTo(TopMemoryContext);
	shm_toc    *toc;
	StringInfo	settings;

	pqsignal(SIGINT, handle_cancel);
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	toc = attach_segment(main_arg);
	redirect_messages(toc);
	read_request(read_piece(toc, MIG_WIRE_KEY_REQUEST), request, caller);
	settings = read_piece(toc, MIG_WIRE_KEY_SETTINGS);

	/* the caller is connected: who may be is no question any more */
	BackgroundWorkerInitializeConnectionByOid(wire->database,
											  wire->session_user,
											  BGWORKER_BYPASS_ALLOWCONN |
											  BGWORKER_BYPASS_ROLELOGINCHECK);

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	fix_client_encoding();
	fix_application_name();
	restore_settings(settings);
	take_role();
	CommitTransactionCommand();

	SpinLockAcquire(&wire->mutex);
	wire->progress.pid = MyProcPid;
	request->run = wire->progress.run;
	SpinLockRelease(&wire->mutex);
	MemoryContextSwitchTo(old_context);
}

/*
 * The session
 */

/*
 * What DISCARD ALL does besides the settings, cached plans excepted, within
 * the open transaction.  Releases all advisory locks, the run lock's one
 * included.
 */
void
mig_worker_discard(void)
{
	DropAllPreparedStatements();
	Async_UnlistenAll();
	LockReleaseAll(USER_LOCKMETHOD, true);
	ResetTempTableNamespace();
	ResetSequenceCaches();
}

/*
 * Brings the session into the state in which each migration begins: that
 * after DISCARD ALL, with the caller's settings and role.  Only cached plans
 * stay.  Runs its own transaction, without an xid unless there are temporary
 * tables.  Releases all advisory locks, the run lock's one included.
 */
void
mig_worker_clean_session(void)
{
	/* the moment at which a backend reads the configuration, too */
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	/* closing a portal may run code of users, so it comes first */
	PortalHashTableDeleteAll();
	SetPGVariable("session_authorization", NIL, false);
	ResetAllOptions();
	take_role();
	mig_worker_discard();
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Appends a name and a value. */
static List *
add_setting(List *settings, const char *name, const char *value)
{
	settings = lappend(settings, pstrdup(name));
	return lappend(settings, pstrdup(value));
}

/*
 * What a script has set for the rest of its session, as name, value, ...: all
 * that will be set after this transaction and did not come from the caller.
 * The session's user comes first, as it decides what may be set, the role last.
 */
List *
mig_worker_session_settings(void)
{
	const char *user = GetUserNameFromId(wire->session_user, false);
	const char *role = wire->role == wire->session_user ? "none" :
		GetUserNameFromId(wire->role, false);
	List	   *first = NIL;
	List	   *middle = NIL;
	List	   *last = NIL;
	struct config_generic **settings;
	int			n;

	settings = mig_guc_variables(&n);
	for (int i = 0; i < n; i++)
	{
		struct config_generic *setting = settings[i];
		GucSource	source;
		union config_var_val lasting = lasting_value(setting, &source);
		const char *value = value_text(setting, lasting);

		if (source != PGC_S_SESSION || value == NULL)
			continue;
		if (strcmp(setting->name, "session_authorization") == 0)
			first = strcmp(value, user) == 0 ? NIL :
				add_setting(NIL, setting->name, value);
		else if (strcmp(setting->name, "role") == 0)
			last = strcmp(value, role) == 0 ? NIL :
				add_setting(NIL, setting->name, value);
		else if (setting_can_travel(setting))
			middle = add_setting(middle, setting->name, value);
	}
	return list_concat(list_concat(first, middle), last);
}

static bool
contains(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (pg_strcasecmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

/* Is anything set for this transaction only, apart from these? */
bool
mig_worker_has_local_settings(List *except)
{
	struct config_generic **settings;
	int			n;

	settings = mig_guc_variables(&n);
	for (int i = 0; i < n; i++)
	{
		GucStack   *stack = settings[i]->stack;

		while (stack != NULL && stack->prev != NULL)
			stack = stack->prev;
		if (stack != NULL && stack->nest_level == 1 &&
			(stack->state == GUC_LOCAL || stack->state == GUC_SET_LOCAL) &&
			!contains(except, settings[i]->name))
			return true;
	}
	return false;
}

/* Sets again what mig_worker_session_settings() has said; in a transaction. */
void
mig_worker_restore_session(List *settings)
{
	for (int i = 0; i + 1 < list_length(settings); i += 2)
		SetConfigOption(list_nth(settings, i), list_nth(settings, i + 1),
						superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION);
}

/*
 * What the caller and others see
 */

/* Sends a row of the result, as the texts of its columns. */
void
mig_worker_send_texts(List *texts)
{
	StringInfoData buf;

	pq_beginmessage(&buf, MIG_MSG_ROW);
	mig_wire_put_strings(&buf, texts);
	pq_endmessage(&buf);
}

/* Sends a row of a run's result, for mig_launch_run(); a MigRowSink. */
void
mig_worker_send_row(const MigRunRow *row, void *arg)
{
	List	   *texts = list_make3(unconstify(char *, row->version),
								   unconstify(char *, row->name),
								   unconstify(char *, row->state));

	texts = lappend(texts, psprintf("%d", row->steps));
	texts = lappend(texts, psprintf(INT64_FORMAT, row->elapsed));
	mig_worker_send_texts(texts);
	list_free(texts);
}

/* The run's number, by which mig_launch_read_progress() knows its segment. */
void
mig_worker_set_run(int64 run)
{
	if (wire == NULL)
		return;
	SpinLockAcquire(&wire->mutex);
	wire->progress.run = run;
	SpinLockRelease(&wire->mutex);
}

/* Copies a string, NULL as the empty one, cutting it between characters. */
static void
clip_copy(char *target, const char *source, int size)
{
	int			len = 0;

	if (source != NULL)
		len = pg_mbcliplen(source, strlen(source), size - 1);
	if (len > 0)
		memcpy(target, source, len);
	target[len] = '\0';
}

/*
 * Names this process after its migration.  Only if it is not so already: the
 * name is a setting, and changing one within a transaction costs a little.
 */
static void
name_process(const MigPosition *position)
{
	char		full[8 * NAMEDATALEN];
	char		name[NAMEDATALEN];
	bool		versioned = position->version != NULL;

	snprintf(full, sizeof(full), "migrate: %s%s%s",
			 versioned ? position->version : "", versioned ? " " : "",
			 position->name);
	clip_copy(name, full, sizeof(name));
	if (strcmp(name, application_name) != 0)
		SetConfigOption("application_name", name, PGC_USERSET, PGC_S_SESSION);
}

/*
 * The process is about to execute 'query' there, or, if that is NULL, is
 * merely there.  Shows in pg_stat_activity and in the progress view.  Does
 * nothing in a process that is no runner.
 */
void
mig_worker_set_position(const MigPosition *position, const char *query)
{
	MigProgress progress;

	if (wire == NULL)
		return;

	/*
	 * A script that sets client_encoding, as each of pg_dump's does, speaks
	 * of its own file, which has long been read.
	 */
	if (pg_get_client_encoding() != GetDatabaseEncoding())
		SetClientEncoding(GetDatabaseEncoding());

	memset(&progress, 0, sizeof(progress));
	progress.pid = MyProcPid;
	progress.active = position->active;
	progress.down = position->down;
	clip_copy(progress.version, position->version, sizeof(progress.version));
	clip_copy(progress.name, position->name, sizeof(progress.name));
	progress.step = position->step;
	progress.steps = position->steps;
	progress.statement = position->statement;
	progress.line = position->line;
	clip_copy(progress.query, query, sizeof(progress.query));
	clip_copy(progress.phase, position->phase, sizeof(progress.phase));

	if (position->name != NULL)
		name_process(position);
	if (query != NULL)
	{
		SetCurrentStatementStartTimestamp();
		progress.statement_start = GetCurrentStatementStartTimestamp();
		pgstat_report_activity(STATE_RUNNING, query);
	}

	SpinLockAcquire(&wire->mutex);
	progress.run = wire->progress.run;
	wire->progress = progress;
	SpinLockRelease(&wire->mutex);
}

/* A wait for a lock has failed that these hold; of MigBlocker *. */
void
mig_worker_set_blockers(List *blockers)
{
	TimestampTz now = GetCurrentTimestamp();
	int			pids[MIG_WIRE_MAX_BLOCKERS];
	int			n = Min(list_length(blockers), MIG_WIRE_MAX_BLOCKERS);

	if (wire == NULL)
		return;
	for (int i = 0; i < n; i++)
		pids[i] = ((MigBlocker *) list_nth(blockers, i))->pid;
	SpinLockAcquire(&wire->mutex);
	wire->blocked_at = now;
	wire->nblockers = n;
	memcpy(wire->blockers, pids, n * sizeof(int));
	SpinLockRelease(&wire->mutex);
}

/* What to read the progress by; invalid in a process that is no runner. */
dsm_handle
mig_worker_segment(void)
{
	return segment == NULL ? DSM_HANDLE_INVALID : dsm_segment_handle(segment);
}

/* Does the caller wait for the run, so that none of its locks will be freed? */
bool
mig_worker_is_awaited(void)
{
	return wire != NULL && !TransactionIdIsValid(wire->start_after);
}

/*
 * Ends the run if somebody gave up waiting for it.  That one also sends a
 * query cancel, but a script can catch that, or the process not be there yet.
 */
void
mig_worker_check_cancelled(void)
{
	/* the server cannot start again while this process has its memory */
	if (!PostmasterIsAlive())
		ereport(FATAL,
				(errcode(ERRCODE_ADMIN_SHUTDOWN),
				 errmsg("terminating the runner due to unexpected postmaster exit")));
	CHECK_FOR_INTERRUPTS();
	if (wire != NULL && pg_atomic_read_u32(&wire->cancelled) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("canceling statement due to user request")));
}

/*
 * The end
 */

/* The run ended well.  Nothing can be sent afterwards. */
void
mig_worker_close(void)
{
	StringInfoData buf;

	pq_beginmessage(&buf, MIG_MSG_DONE);
	pq_endmessage(&buf);
	/* the end of the process lets the segment go, last of all */
	wire = NULL;
}

/*
 * The run ended with this error, or with the one being handled if it is NULL.
 * Reports it to the caller and ends the process; an open transaction ends
 * with it.
 */
void
mig_worker_fail(ErrorData *error)
{
	if (error != NULL)
	{
		PG_TRY();
		{
			ReThrowError(error);
		}
		PG_CATCH();
		{
			/* now it is the one being handled */
		}
		PG_END_TRY();
	}
	HOLD_INTERRUPTS();
	error_context_stack = NULL;
	EmitErrorReport();
	FlushErrorState();
	proc_exit(0);
}
