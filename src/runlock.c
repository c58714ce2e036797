/*-------------------------------------------------------------------------
 *
 * runlock.c
 *	  The run lock: runs of one database go one after the other.
 *
 * It is a heavyweight lock on the extension's own object, so waiting shows in
 * pg_locks, deadlocks are detected, and DROP EXTENSION waits for a run.
 *
 * It is taken twice, in both of the server's lock methods, because each is
 * lost at a moment at which the other stays: the abort of a transaction frees
 * the standard locks of a session too, and the clean-up between migrations
 * frees all its advisory locks, the second method.  A run owns the database
 * while it holds either; to enter it takes both.  Whoever finds the second
 * one taken gives the first one back before it waits, so nobody waits for one
 * while holding the other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "runlock.h"
#include "spi_util.h"

/* The extension, remembered for the moments when no catalog can be read. */
static Oid	run_lock_extension;

/* The tag of the extension's object in one of the two lock methods. */
static LOCKTAG
run_lock_tag(uint8 method)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId,
					   run_lock_extension, 0);
	tag.locktag_lockmethodid = method;
	return tag;
}

/* Takes one of the two locks; false if it would have to wait and must not. */
static bool
acquire(uint8 method, bool session, bool wait)
{
	LOCKTAG		tag = run_lock_tag(method);

	return LockAcquire(&tag, ExclusiveLock, session, !wait) !=
		LOCKACQUIRE_NOT_AVAIL;
}

static void
release(uint8 method, bool session)
{
	LOCKTAG		tag = run_lock_tag(method);

	if (mig_lock_held_by_me(&tag, ExclusiveLock))
		(void) LockRelease(&tag, ExclusiveLock, session);
}

/*
 * A process ends: its transaction's abort would free the standard lock, but
 * between transactions nobody else does.
 */
static void
release_at_exit(int code, Datum arg)
{
	if (!IsTransactionOrTransactionBlock())
		mig_runlock_release();
}

/* A session's lock must go with its process. */
static void
prepare_exit(bool session)
{
	static bool exit_registered = false;

	if (session && !exit_registered)
		before_shmem_exit(release_at_exit, (Datum) 0);
	exit_registered |= session;
}

/*
 * Takes the run lock if nobody has it.  'session': until it is released or
 * the process ends; otherwise until the transaction ends.
 */
bool
mig_runlock_try(bool session)
{
	prepare_exit(session);
	run_lock_extension = mig_extension_oid();
	if (!acquire(DEFAULT_LOCKMETHOD, session, false))
		return false;
	if (acquire(USER_LOCKMETHOD, session, false))
		return true;
	release(DEFAULT_LOCKMETHOD, session);
	return false;
}

/*
 * From now on, or no longer, looks for a deadlock again and again while this
 * process waits for a lock.  The server looks once for each wait, but whoever
 * has the run lock may come to need what this transaction holds much later.
 * It would then find the deadlock, pause, keep the run lock, and find it again.
 */
static void
keep_looking_for_deadlocks(bool on)
{
	static TimeoutId timeout = MAX_TIMEOUTS;

	if (timeout == MAX_TIMEOUTS)
		timeout = RegisterTimeout(USER_TIMEOUT, CheckDeadLockAlert);
	if (on)
		enable_timeout_every(timeout,
							 TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
														 DeadlockTimeout),
							 DeadlockTimeout);
	else
		disable_timeout(timeout, false);
}

/* Waits until there is a moment in which both locks are free. */
static void
wait_for_both(bool session)
{
	for (;;)
	{
		(void) acquire(DEFAULT_LOCKMETHOD, session, true);
		if (acquire(USER_LOCKMETHOD, session, false))
			return;
		release(DEFAULT_LOCKMETHOD, session);
		(void) acquire(USER_LOCKMETHOD, session, true);
		release(USER_LOCKMETHOD, session);
	}
}

static LOCKTAG
turn_tag(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId,
					   run_lock_extension, 1);
	return tag;
}

/*
 * Takes the run lock, waiting for whoever has it.  mig_runlock_try() was called
 * before: nothing here looks into the catalogs, as an index build of whoever
 * has the lock would wait for the snapshot of that.
 */
void
mig_runlock_wait(bool session)
{
	InvalidateCatalogSnapshot();
	keep_looking_for_deadlocks(true);
	PG_TRY();
	{
		wait_for_both(session);
	}
	PG_FINALLY();
	{
		keep_looking_for_deadlocks(false);
	}
	PG_END_TRY();
}

/*
 * Takes the turn: of all sessions that are about to launch a runner one does,
 * and the others find out afterwards whether they still have to.  Until the
 * transaction ends.  False if it would have to wait and must not.
 */
bool
mig_runlock_take_turn(bool wait)
{
	LOCKTAG		tag;

	run_lock_extension = mig_extension_oid();
	tag = turn_tag();
	InvalidateCatalogSnapshot();
	return LockAcquire(&tag, ExclusiveLock, false, !wait) !=
		LOCKACQUIRE_NOT_AVAIL;
}

/* Gives the turn to the next one. */
void
mig_runlock_end_turn(void)
{
	LOCKTAG		tag = turn_tag();

	(void) LockRelease(&tag, ExclusiveLock, false);
}

/*
 * The process that holds the run lock or, if nobody does, has the turn; 0 if
 * that is nobody else.
 */
int
mig_runlock_holder(void)
{
	LockData   *locks = GetLockStatusData();
	int			turn = 0;

	for (int i = 0; i < locks->nelements; i++)
	{
		const LockInstanceData *lock = &locks->locks[i];
		const LOCKTAG *tag = &lock->locktag;

		if (lock->holdMask == 0 || lock->pid == MyProcPid ||
			tag->locktag_type != LOCKTAG_OBJECT ||
			tag->locktag_field1 != MyDatabaseId ||
			tag->locktag_field2 != ExtensionRelationId ||
			tag->locktag_field3 != run_lock_extension)
			continue;
		if (tag->locktag_field4 == 0)
			return lock->pid;
		turn = lock->pid;
	}
	return turn;
}

/*
 * The runner's transaction was aborted, which freed its standard lock.  Waits
 * only for one that is about to find the other lock taken.
 */
void
mig_runlock_after_abort(void)
{
	LOCKTAG		tag = run_lock_tag(DEFAULT_LOCKMETHOD);

	if (!mig_lock_held_by_me(&tag, ExclusiveLock))
		(void) acquire(DEFAULT_LOCKMETHOD, true, true);
}

/* The runner's session was cleaned, which freed its advisory locks. */
void
mig_runlock_after_discard(void)
{
	LOCKTAG		tag = run_lock_tag(USER_LOCKMETHOD);

	if (!mig_lock_held_by_me(&tag, ExclusiveLock))
		(void) acquire(USER_LOCKMETHOD, true, true);
}

/* The runner's run is over, or never was. */
void
mig_runlock_release(void)
{
	release(USER_LOCKMETHOD, true);
	release(DEFAULT_LOCKMETHOD, true);
}
