/*-------------------------------------------------------------------------
 *
 * trace_rules.c
 *	  Findings that only a rehearsal can give.
 *
 * They are made of the traces of all statements and of the catalog at the end
 * of the rehearsal, before it is rolled back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "lib/stringinfo.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"

#include "spi_util.h"
#include "trace_rules.h"

/* A rule, as lint's table names it, and what looks for it in the traces. */
typedef struct TraceRule
{
	const char *name;
	List	   *(*find) (const struct TraceRule *rule, List *traces,
						 List *findings);
	/* of find_by_query: */
	MigQuery   *query;
	Oid			class;
} TraceRule;

static List *
add_finding(List *findings, const TraceRule *rule, const MigTrace *trace,
			const char *object, const char *consequence)
{
	MigTraceFinding *finding = palloc0(sizeof(MigTraceFinding));

	finding->rule = rule->name;
	finding->trace = trace;
	finding->object = object;
	finding->consequence = consequence;
	return lappend(findings, finding);
}

/*
 * Long work while a table is locked
 */

/* What a statement did that takes as long as a table is large; or NULL. */
static const char *
long_work(const MigTrace *trace, Oid *relation)
{
	ListCell   *lc;

	foreach(lc, trace->files)
	{
		const MigTraceFile *file = lfirst(lc);

		/* an index is a part of its table */
		*relation = IndexGetRelation(file->relation, true);
		if (!OidIsValid(*relation))
			*relation = file->relation;
		return psprintf("rewrites %s", file->name);
	}
	foreach(lc, trace->scans)
	{
		const MigTraceScan *scan = lfirst(lc);

		*relation = scan->relation;
		if (scan->rows > 0 && !scan->own)
			return psprintf("reads " INT64_FORMAT " rows of %s", scan->rows,
							scan->name);
	}
	return NULL;
}

/*
 * The first table that a transaction locks against everyone, and the first one
 * that is another one.
 */
typedef struct LockedTables
{
	int			commit;			/* the transaction */
	const MigTraceLock *first;
	const MigTraceLock *other;
} LockedTables;

/* Adds what one more statement has locked. */
static void
add_locked(LockedTables *locked, const MigTrace *trace)
{
	ListCell   *lc;

	foreach(lc, trace->locks)
	{
		const MigTraceLock *lock = lfirst(lc);

		if (lock->mode != AccessExclusiveLock || lock->own ||
			lock->kind == RELKIND_INDEX)
			continue;
		if (locked->first == NULL)
			locked->first = lock;
		else if (locked->other == NULL &&
				 lock->relation != locked->first->relation)
			locked->other = lock;
	}
}

/* One of them other than that one; or NULL. */
static const MigTraceLock *
locked_besides(const LockedTables *locked, Oid except)
{
	if (locked->first != NULL && locked->first->relation == except)
		return locked->other;
	return locked->first;
}

static List *
find_long_work(const TraceRule *rule, List *traces, List *findings)
{
	LockedTables locked = {0};
	ListCell   *lc;

	foreach(lc, traces)
	{
		const MigTrace *trace = lfirst(lc);
		const MigTraceLock *lock;
		Oid			relation = InvalidOid;
		const char *work = long_work(trace, &relation);

		if (trace->commit != locked.commit)
			locked = (LockedTables) {.commit = trace->commit};
		lock = locked_besides(&locked, relation);
		if (work != NULL && lock != NULL)
			findings = add_finding(findings, rule, trace, lock->name,
								   psprintf("%s for %.1f ms while %s is locked against everyone",
											work, trace->elapsed / 1000.0,
											lock->name));
		add_locked(&locked, trace);
	}
	return findings;
}

/*
 * One table, altered several times
 */

/* The table that an ALTER TABLE was about; InvalidOid if it is none. */
static Oid
altered_table(List *traces, const MigTrace *trace, const char **name)
{
	ListCell   *lc;

	if (trace->statement == NULL || trace->outcome != MIG_TRACED ||
		trace->statement->tag != CMDTAG_ALTER_TABLE)
		return InvalidOid;
	foreach(lc, trace->locks)
	{
		const MigTraceLock *lock = lfirst(lc);

		*name = lock->name;
		if (lock->mode > ShareUpdateExclusiveLock && !lock->own &&
			lock->kind == RELKIND_RELATION)
			return lock->relation;
	}
	return InvalidOid;
}

/* Does it read or write the whole table? */
static bool
is_long(const MigTrace *trace)
{
	return trace->scans != NIL || trace->files != NIL;
}

static List *
find_repeated_alter(const TraceRule *rule, List *traces, List *findings)
{
	for (int i = 0; i < list_length(traces); i++)
	{
		const MigTrace *trace = list_nth(traces, i);
		const char *name;
		Oid			table = altered_table(traces, trace, &name);

		if (!OidIsValid(table) || !is_long(trace))
			continue;
		for (int j = i - 1; j >= 0; j--)
		{
			const MigTrace *earlier = list_nth(traces, j);

			if (earlier->commit != trace->commit)
				break;
			if (altered_table(traces, earlier, &name) != table ||
				!is_long(earlier))
				continue;
			findings = add_finding(findings, rule, trace, name,
								   psprintf("goes through %s once more after statement %d; one ALTER TABLE goes through it once",
											name, earlier->statement->number));
			break;
		}
	}
	return findings;
}

/*
 * A statement that fails
 */

static List *
find_failure(const TraceRule *rule, List *traces, List *findings)
{
	ListCell   *lc;

	foreach(lc, traces)
	{
		const MigTrace *trace = lfirst(lc);
		MigTraceFinding *finding;

		if (trace->outcome != MIG_TRACE_FAILED)
			continue;
		findings = add_finding(findings, rule, trace, NULL,
							   psprintf("%s here, and what follows is not looked at: %s",
										trace->passing ? "cannot be run" : "fails",
										trace->note));
		finding = llast(findings);
		if (trace->passing)
			finding->severity = MIG_SEVERITY_NOTICE;
	}
	return findings;
}

/*
 * The catalog at the end
 */

/* The statement that made an object, or a column; NULL: it was there before. */
static const MigTrace *
maker_of(List *traces, Oid class, Oid object, int sub)
{
	ListCell   *lc;

	foreach(lc, traces)
	{
		MigTrace   *trace = lfirst(lc);
		ListCell   *each;

		foreach(each, trace->objects)
		{
			const MigTraceObject *made = lfirst(each);

			if (made->change == MIG_CREATED && made->address.classId == class &&
				made->address.objectId == object &&
				made->address.objectSubId == sub)
				return trace;
		}
	}
	return NULL;
}

/* The objects of a class that were made, or the columns as "relation.number". */
static List *
made_objects(List *traces, Oid class, bool columns)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, traces)
	{
		ListCell   *each;

		foreach(each, ((MigTrace *) lfirst(lc))->objects)
		{
			const MigTraceObject *made = lfirst(each);
			const ObjectAddress *address = &made->address;

			if (made->change != MIG_CREATED || address->classId != class ||
				(address->objectSubId != 0) != columns)
				continue;
			result = lappend(result, columns ?
							 psprintf("%u.%d", address->objectId, address->objectSubId) :
							 psprintf("%u", address->objectId));
		}
	}
	return result;
}

/*
 * A finding for each row: OIDs of an object and of its table, names, a column
 * that was made.
 */
static List *
find_by_query(const TraceRule *rule, List *traces, List *findings)
{
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	MigParams	params = {0};
	uint64		n;

	mig_param_text_array(&params, made_objects(traces, rule->class, false));
	mig_param_text_array(&params,
						 made_objects(traces, RelationRelationId, false));
	mig_param_text_array(&params,
						 made_objects(traces, RelationRelationId, true));
	mig_sql_begin(&session);
	n = mig_sql_run(rule->query, &params);
	for (uint64 i = 0; i < n; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(context);
		const MigTrace *maker = maker_of(traces, rule->class,
										 (Oid) mig_col_int8(i, 1, 0), 0);

		/* it came with its table, or with a column of it */
		if (maker == NULL)
			maker = maker_of(traces, RelationRelationId,
							 (Oid) mig_col_int8(i, 2, 0), 0);
		if (maker == NULL)
			maker = maker_of(traces, RelationRelationId,
							 (Oid) mig_col_int8(i, 2, 0),
							 (int) mig_col_int8(i, 5, 0));
		findings = add_finding(findings, rule, maker,
							   mig_col_text(i, 3), mig_col_text(i, 4));
		MemoryContextSwitchTo(spi);
	}
	mig_sql_end(&session);
	return findings;
}

/* Constraints that were made, or came with a table or a column. */
#define NEW_CONSTRAINT \
	"(c.oid::pg_catalog.text = ANY ($1) OR c.conrelid::pg_catalog.text = ANY ($2) OR " NEW_COLUMN " IS NOT NULL)"

/* The column of a constraint that was made, by its number. */
#define NEW_COLUMN \
	"(SELECT pg_catalog.min(k)::pg_catalog.int8 FROM pg_catalog.unnest(c.conkey) AS k" \
	" WHERE pg_catalog.concat(c.conrelid, '.', k) = ANY ($3))"

/* Foreign keys whose own columns no index begins with, in any order. */
static MigQuery unindexed_keys = {
	"SELECT c.oid::pg_catalog.int8, c.conrelid::pg_catalog.int8,"
	" pg_catalog.format('%I.%I', n.nspname, t.relname),"
	" pg_catalog.format('a DELETE or UPDATE of %I.%I scans %I.%I for each row, as no index begins with the columns of %I',"
	" rn.nspname, rt.relname, n.nspname, t.relname, c.conname),"
	NEW_COLUMN
	" FROM pg_catalog.pg_constraint c"
	" JOIN pg_catalog.pg_class t ON t.oid = c.conrelid"
	" JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
	" JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid"
	" JOIN pg_catalog.pg_namespace rn ON rn.oid = rt.relnamespace"
	" WHERE " NEW_CONSTRAINT " AND c.contype = 'f'"
	" AND c.conparentid = 0 AND NOT EXISTS"
	" (SELECT FROM pg_catalog.pg_index i"
	"  WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indisready"
	"  AND (i.indisvalid OR t.relkind = 'p')"
	"  AND (SELECT pg_catalog.array_agg(k.attnum ORDER BY k.attnum)"
	"   FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[])"
	"   WITH ORDINALITY AS k(attnum, ord)"
	"   WHERE k.ord <= pg_catalog.cardinality(c.conkey))"
	"  = (SELECT pg_catalog.array_agg(f ORDER BY f)"
	"   FROM pg_catalog.unnest(c.conkey) AS f))"
	" ORDER BY c.oid"
};

static MigQuery unproved_constraints = {
	"SELECT c.oid::pg_catalog.int8, c.conrelid::pg_catalog.int8,"
	" COALESCE(pg_catalog.format('%I.%I', n.nspname, t.relname),"
	"  pg_catalog.format('%I.%I', yn.nspname, y.typname)),"
	" pg_catalog.format('leaves constraint %I NOT VALID: rows that are there already are not checked', c.conname),"
	NEW_COLUMN
	" FROM pg_catalog.pg_constraint c"
	" LEFT JOIN pg_catalog.pg_class t ON t.oid = c.conrelid"
	" LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
	" LEFT JOIN pg_catalog.pg_type y ON y.oid = c.contypid"
	" LEFT JOIN pg_catalog.pg_namespace yn ON yn.oid = y.typnamespace"
	" WHERE " NEW_CONSTRAINT " AND NOT c.convalidated"
	/* 18: one that is not enforced is not meant to be proved */
	" AND COALESCE((pg_catalog.to_jsonb(c) ->> 'conenforced')::pg_catalog.bool, true)"
	" AND c.conparentid = 0"
	" ORDER BY c.oid"
};

static MigQuery invalid_indexes = {
	"SELECT i.indexrelid::pg_catalog.int8, i.indrelid::pg_catalog.int8,"
	" pg_catalog.format('%I.%I', n.nspname, t.relname),"
	" pg_catalog.format('leaves index %I invalid: no query uses it', t.relname), NULL::pg_catalog.int8"
	" FROM pg_catalog.pg_index i"
	" JOIN pg_catalog.pg_class t ON t.oid = i.indexrelid"
	" JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
	" WHERE i.indexrelid::pg_catalog.text = ANY ($1 || $2 || $3) AND NOT i.indisvalid"
	" ORDER BY i.indexrelid"
};

/*
 * All of them
 */

static const TraceRule rules[] = {
	{"failing-statement", find_failure},
	{"running-statement-while-holding-access-exclusive", find_long_work},
	{"multiple-alter-table", find_repeated_alter},
	{"foreign-key-missing-index", find_by_query, &unindexed_keys,
	ConstraintRelationId},
	{"constraint-left-not-valid", find_by_query, &unproved_constraints,
	ConstraintRelationId},
	{"invalid-index-left-behind", find_by_query, &invalid_indexes,
	RelationRelationId},
};

/*
 * All findings, of MigTraceFinding *, in the rehearsal's transaction and
 * before its rollback.
 */
List *
mig_trace_rules(List *traces)
{
	List	   *findings = NIL;

	for (int i = 0; i < lengthof(rules); i++)
		findings = rules[i].find(&rules[i], traces, findings);
	return findings;
}

/* Does a rehearsal look for that rule? */
bool
mig_trace_finds(const char *rule)
{
	for (int i = 0; i < lengthof(rules); i++)
	{
		if (strcmp(rules[i].name, rule) == 0)
			return true;
	}
	return false;
}
