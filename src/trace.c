/*-------------------------------------------------------------------------
 *
 * trace.c
 *	  What a statement really did: locks, files, scans, rows, objects, WAL.
 *
 * It is looked at before and after the statement, in the same transaction.
 * The catalog as it was before is read afterwards, through a snapshot that was
 * taken before: so nothing has to be remembered of relations that the
 * statement turns out to leave alone, and what it dropped or renamed still has
 * its name.
 *
 * Locks stay until the end of the transaction.  That a statement took one
 * again that was held already shows only in this process's own count of it.
 * So all that are held are looked at after each statement, which has to be
 * cheap: they may be thousands.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/twophase.h"
#include "catalog/catalog.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "held.h"
#include "trace.h"
#include "trace_hooks.h"

/* A lock that this process holds on a relation. */
typedef struct HeldLock
{
	Oid			relation;		/* the key, with 'mode' */
	LOCKMODE	mode;
	LOCALLOCK  *local;			/* this process's count of it; NULL: look it up */
	int64		count;			/* how often it was taken and kept */
	int			commit;			/* transaction that took it last; 0: none */
} HeldLock;

/* What this transaction has done to a relation so far. */
typedef struct RelationCounts
{
	Oid			relation;		/* the key */
	int			commit;			/* transaction that made it; 0: none */
	int64		scans;
	int64		read;
	int64		inserted;
	int64		updated;
	int64		deleted;
} RelationCounts;

/* A row of pg_class. */
typedef struct ClassRow
{
	char	   *name;
	char		kind;
	Oid			namespace;
	Oid			file;
	Oid			tablespace;
} ClassRow;

static struct
{
	MemoryContext context;		/* as long as the rehearsal */
	int			nlocks;			/* that this process held when it last looked */
	bool		stale;			/* more has happened since than a statement */
	bool		rolled_back;	/* and some of it was undone */
	HTAB	   *locks;			/* of HeldLock */
	HTAB	   *counts;			/* of RelationCounts */
	Snapshot	before;
	BufferUsage buffers;
	WalUsage	wal;
	instr_time	start;
}			tracer;

/*
 * The catalog, now or before
 */

/* A relation as the snapshot sees it, or as it is now; false: not there. */
static bool
read_class(Oid relation, Snapshot snapshot, ClassRow *row)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, ClassOidIndexId, true, snapshot, 1,
							  &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		Form_pg_class class = (Form_pg_class) GETSTRUCT(tuple);

		row->name = pstrdup(NameStr(class->relname));
		row->kind = class->relkind;
		row->namespace = class->relnamespace;
		row->file = class->relfilenode;
		row->tablespace = class->reltablespace;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/* How a relation was called; its schema may be gone by now. */
static char *
qualified_name(const ClassRow *row)
{
	char	   *namespace = isTempNamespace(row->namespace) ?
		"pg_temp" : get_namespace_name(row->namespace);

	if (namespace == NULL)
		return pstrdup(quote_identifier(row->name));
	return quote_qualified_identifier(namespace, row->name);
}

/* Relations of the server and of this extension are nobody's concern. */
static bool
is_own(const ClassRow *row)
{
	return IsCatalogNamespace(row->namespace) ||
		IsToastNamespace(row->namespace) ||
		row->namespace == get_namespace_oid("migrate", true);
}

/*
 * Locks
 */

static HeldLock *
find_lock(Oid relation, LOCKMODE mode)
{
	struct
	{
		Oid			relation;
		LOCKMODE	mode;
	}			key = {relation, mode};
	bool		found;
	HeldLock   *lock = hash_search(tracer.locks, &key, HASH_ENTER, &found);

	if (!found)
	{
		lock->local = NULL;
		lock->count = 0;
		lock->commit = 0;
	}
	return lock;
}

/* The locks that this process holds on relations go to 'each'. */
static void
for_each_lock(void (*each) (HeldLock *lock, void *arg), void *arg)
{
	int			count;
	MigHeld    *held = mig_held_relations(&count, &tracer.nlocks);

	for (int i = 0; i < count; i++)
	{
		for (LOCKMODE mode = 1; mode <= MaxLockMode; mode++)
		{
			if (held[i].modes & LOCKBIT_ON(mode))
				each(find_lock(held[i].relation, mode), arg);
		}
	}
	pfree(held);
}

static int64
times_taken(HeldLock *lock)
{
	return mig_held_times(&lock->local, lock->relation, lock->mode);
}

/*
 * The relations that a statement has done something to: it has locked them.
 * All others that are held by now are as they were.
 */
static List *
locked_relations(const MigTrace *trace)
{
	List	   *relations = NIL;
	ListCell   *lc;

	foreach(lc, trace->locks)
		relations = lappend_oid(relations,
								((MigTraceLock *) lfirst(lc))->relation);
	list_sort(relations, list_oid_cmp);
	list_deduplicate_oid(relations);
	return relations;
}

/* Afterwards: which were taken since; appends to a trace. */
static void
note_lock(HeldLock *lock, void *arg)
{
	MigTrace   *trace = arg;
	int64		count = times_taken(lock);
	MemoryContext caller;
	MigTraceLock *taken;

	if (count <= lock->count)
		return;
	caller = MemoryContextSwitchTo(tracer.context);
	taken = palloc0(sizeof(MigTraceLock));
	taken->relation = lock->relation;
	taken->mode = lock->mode;
	/* what an earlier transaction took would have been let go by now */
	taken->held = lock->commit == trace->commit;
	trace->locks = lappend(trace->locks, taken);
	lock->count = count;
	lock->commit = trace->commit;
	MemoryContextSwitchTo(caller);
}

static int
compare_locks(const ListCell *a, const ListCell *b)
{
	const MigTraceLock *x = lfirst(a);
	const MigTraceLock *y = lfirst(b);

	if (x->mode != y->mode)
		return y->mode - x->mode;
	return strcmp(x->name, y->name);
}

static bool
was_truncated(const MigTrace *trace, Oid relation)
{
	ListCell   *lc;

	foreach(lc, trace->objects)
	{
		const MigTraceObject *object = lfirst(lc);

		if (object->change == MIG_TRUNCATED &&
			object->address.objectId == relation)
			return true;
	}
	return false;
}

/*
 * Counters
 */

static RelationCounts *
find_counts(Oid relation)
{
	bool		found;
	RelationCounts *counts = hash_search(tracer.counts, &relation, HASH_ENTER,
										 &found);

	if (!found)
		memset((char *) counts + sizeof(Oid), 0,
			   sizeof(RelationCounts) - sizeof(Oid));
	return counts;
}

static int64
counter(PGFunction function, Oid relation)
{
	return DatumGetInt64(DirectFunctionCall1(function,
											 ObjectIdGetDatum(relation)));
}

/* What the server has counted in this transaction. */
static void
read_counts(Oid relation, RelationCounts *counts)
{
	counts->scans = counter(pg_stat_get_xact_numscans, relation);
	counts->read = counter(pg_stat_get_xact_tuples_returned, relation);
	counts->inserted = counter(pg_stat_get_xact_tuples_inserted, relation);
	counts->updated = counter(pg_stat_get_xact_tuples_updated, relation);
	counts->deleted = counter(pg_stat_get_xact_tuples_deleted, relation);
}

/* Of what was locked since, no matter by what: how things are now. */
static void
count_lock(HeldLock *lock, void *arg)
{
	int64		count = times_taken(lock);

	if (count == lock->count)
		return;
	lock->count = count;
	read_counts(lock->relation, find_counts(lock->relation));
}

/* The next statement begins where all that came before it ended. */
static void
count_anew(void)
{
	HASH_SEQ_STATUS status;
	HeldLock   *lock;

	/* a rollback lets locks go, and leaves no trace of those it keeps */
	if (tracer.rolled_back)
	{
		hash_seq_init(&status, tracer.locks);
		while ((lock = hash_seq_search(&status)) != NULL)
			lock->count = 0;
	}
	for_each_lock(count_lock, NULL);
	tracer.stale = false;
	tracer.rolled_back = false;
}

/* TRUNCATE and DROP set a counter back. */
static int64
gain(int64 before, int64 after)
{
	return after >= before ? after - before : after;
}

/* Adds what was read and changed since the statement began. */
static void
note_counts(MigTrace *trace, Oid relation, const ClassRow *row, bool is_new,
			bool gone)
{
	RelationCounts *counts = find_counts(relation);
	RelationCounts before = *counts;
	MigTraceScan *scan;

	read_counts(relation, counts);
	if (row->kind == RELKIND_INDEX || row->kind == RELKIND_SEQUENCE)
		return;
	if (!gone)
		trace->rows += gain(before.inserted, counts->inserted) +
			gain(before.updated, counts->updated) +
			gain(before.deleted, counts->deleted);
	/* to make or to empty a table is to scan it, as the server counts */
	if (counts->scans <= before.scans ||
		(counts->read == before.read &&
		 (is_new || was_truncated(trace, relation))))
		return;
	scan = palloc0(sizeof(MigTraceScan));
	scan->relation = relation;
	scan->name = qualified_name(row);
	scan->own = is_new || counts->commit == trace->commit;
	scan->scans = counts->scans - before.scans;
	scan->rows = gain(before.read, counts->read);
	trace->scans = lappend(trace->scans, scan);
}

/*
 * Files
 */

/* TRUNCATE makes new files without a row to write, also for indexes. */
static bool
is_emptied(const MigTrace *trace, Oid relation, const ClassRow *row)
{
	if (row->kind == RELKIND_INDEX)
		relation = IndexGetRelation(relation, true);
	return was_truncated(trace, relation);
}

/* A relation that was there before and has another file now was rewritten. */
static void
note_file(MigTrace *trace, Oid relation, const ClassRow *before,
		  const ClassRow *after)
{
	MigTraceFile *file;

	if (before->kind == RELKIND_SEQUENCE ||
		(before->file == after->file &&
		 before->tablespace == after->tablespace) ||
		is_emptied(trace, relation, before))
		return;
	file = palloc0(sizeof(MigTraceFile));
	file->relation = relation;
	file->name = qualified_name(before);
	file->before = before->file;
	file->after = after->file;
	trace->files = lappend(trace->files, file);
}

/*
 * Relations
 */

/* Names the locks on a relation, or removes them if it is none to name. */
static void
name_locks(MigTrace *trace, Oid relation, const ClassRow *before)
{
	ListCell   *lc;

	foreach(lc, trace->locks)
	{
		MigTraceLock *lock = lfirst(lc);

		if (lock->relation != relation)
			continue;
		if (before == NULL)
		{
			trace->locks = foreach_delete_current(trace->locks, lc);
			continue;
		}
		lock->name = qualified_name(before);
		lock->kind = before->kind;
		lock->own = find_counts(relation)->commit == trace->commit;
	}
}

/* All that happened to one relation. */
static void
note_relation(MigTrace *trace, Oid relation)
{
	ClassRow	before;
	ClassRow	after;
	bool		was_there = read_class(relation, tracer.before, &before);
	bool		is_there = read_class(relation, NULL, &after);

	if (!was_there || is_own(&before))
		name_locks(trace, relation, NULL);
	else
		name_locks(trace, relation, &before);
	if ((!was_there && !is_there) || is_own(was_there ? &before : &after))
		return;
	note_counts(trace, relation, was_there ? &before : &after, !was_there,
				!is_there);
	if (!was_there)
		find_counts(relation)->commit = trace->commit;
	else if (is_there)
		note_file(trace, relation, &before, &after);
}

/*
 * A statement
 */

static HTAB *
make_table(const char *name, Size keysize, Size entrysize)
{
	HASHCTL		control = {0};

	control.keysize = keysize;
	control.entrysize = entrysize;
	control.hcxt = tracer.context;
	return hash_create(name, 64, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * A rehearsal begins: all that is traced lives in the current context.  With
 * 'force' statements may do what no rollback undoes.  What they run inside
 * waits for no lock longer than 'lock_timeout' ms.
 */
void
mig_trace_begin(bool force, int lock_timeout)
{
	mig_trace_hooks_install(!force, lock_timeout);
	tracer.context = CurrentMemoryContext;
	tracer.stale = true;
	tracer.locks = make_table("migrate locks", sizeof(Oid) + sizeof(LOCKMODE),
							  sizeof(HeldLock));
	tracer.counts = make_table("migrate counters", sizeof(Oid),
							   sizeof(RelationCounts));
}

/* The statement of this trace is about to run, in the open transaction. */
void
mig_trace_start(MigTrace *trace)
{
	if (tracer.stale)
		count_anew();
	/* it outlives whatever the statement ends */
	tracer.before = RegisterSnapshotOnOwner(GetLatestSnapshot(),
											TopTransactionResourceOwner);
	mig_trace_hooks_listen(tracer.context);
	tracer.buffers = pgBufferUsage;
	tracer.wal = pgWalUsage;
	INSTR_TIME_SET_CURRENT(tracer.start);
}

/* What is measured at once, before looking costs anything itself. */
static void
stop_clock(MigTrace *trace)
{
	BufferUsage buffers = {0};
	WalUsage	wal = {0};
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, tracer.start);
	trace->elapsed = (int64) INSTR_TIME_GET_MICROSEC(now);
	BufferUsageAccumDiff(&buffers, &pgBufferUsage, &tracer.buffers);
	WalUsageAccumDiff(&wal, &pgWalUsage, &tracer.wal);
	trace->buffers_hit = buffers.shared_blks_hit + buffers.local_blks_hit;
	trace->buffers_read = buffers.shared_blks_read + buffers.local_blks_read;
	trace->wal_bytes = (int64) wal.wal_bytes;
}

/*
 * The server has room for so many locks of all its sessions together.  One
 * transaction keeps what apply() would let go of between its own: before the
 * application's sessions find no room, this ends.
 */
void
mig_trace_check_locks(MigTrace *trace)
{
	int64		room = max_locks_per_xact *
		(int64) (MaxBackends + max_prepared_xacts);

	if (tracer.nlocks <= room / 2)
		return;
	trace->refused = "more locks";
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("the dry run holds %d locks, more than half of those that the server has room for",
					tracer.nlocks),
			 errhint("Give dry_run() an earlier target, or raise \"max_locks_per_transaction\".")));
}

/* What the statement came to that is not let pass here. */
static void
note_refused(MigTrace *trace)
{
	const char *refused = mig_trace_hooks_refused();

	if (refused != NULL)
		trace->refused = MemoryContextStrdup(tracer.context, refused);
}

static void
forget_snapshot(void)
{
	UnregisterSnapshotFromOwner(tracer.before, TopTransactionResourceOwner);
	tracer.before = NULL;
}

/* It succeeded. */
void
mig_trace_stop(MigTrace *trace)
{
	MemoryContext caller;
	ListCell   *lc;

	stop_clock(trace);
	caller = MemoryContextSwitchTo(tracer.context);
	trace->outcome = MIG_TRACED;
	note_refused(trace);
	if (trace->refused != NULL)
		trace->note = psprintf("it went on without %s, which cannot be part of a dry run",
							   trace->refused);
	mig_trace_hooks_finish(tracer.before, trace);
	for_each_lock(note_lock, trace);
	foreach(lc, locked_relations(trace))
		note_relation(trace, lfirst_oid(lc));
	list_sort(trace->locks, compare_locks);
	forget_snapshot();
	MemoryContextSwitchTo(caller);
}

/* It failed, and what it did has been rolled back. */
void
mig_trace_abandon(MigTrace *trace)
{
	mig_trace_hooks_stop();
	stop_clock(trace);
	note_refused(trace);
	forget_snapshot();
}

/* What came since the beginning of some subtransaction has been undone. */
void
mig_trace_rolled_back(void)
{
	tracer.stale = true;
	tracer.rolled_back = true;
}

/*
 * The transaction in which apply() would run these statements ends: what each
 * has locked was kept from others until now.
 */
void
mig_trace_end_transaction(List *traces, int commit)
{
	int64		left = 0;

	tracer.stale = true;
	for (int i = list_length(traces) - 1; i >= 0; i--)
	{
		MigTrace   *trace = list_nth(traces, i);
		ListCell   *lc;

		if (trace->commit != commit)
			break;
		left += Max(trace->elapsed, 0);
		foreach(lc, trace->locks)
		{
			MigTraceLock *lock = lfirst(lc);

			if (!lock->held)
				lock->duration = left;
		}
	}
}

/*
 * What sequences hand out they do not take back
 */

static void
note_sequence(HeldLock *lock, void *arg)
{
	List	  **names = arg;
	Oid			relation = lock->relation;
	ClassRow	row;

	/* nextval and setval take this lock, and nothing else does */
	if (lock->mode == RowExclusiveLock &&
		read_class(relation, NULL, &row) && row.kind == RELKIND_SEQUENCE &&
		!is_own(&row) && find_counts(relation)->commit == 0)
		*names = lappend(*names, qualified_name(&row));
}

/* The sequences that were moved and had been there before; of char *. */
List *
mig_trace_sequences(void)
{
	List	   *names = NIL;

	for_each_lock(note_sequence, &names);
	return names;
}
