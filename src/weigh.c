/*-------------------------------------------------------------------------
 *
 * weigh.c
 *	  How large the tables are that a statement goes through: that it scans,
 *	  rewrites or changes.
 *
 * Which ones, its effect tells.  A query that reads or changes some rows of a
 * table is taken to go through it: which rows, only its plan would tell.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "storage/lock.h"

#include "bodies.h"
#include "effect.h"
#include "weigh.h"

/* The tables of a statement, and of those inside. */
typedef struct Weighing
{
	MigShadow  *shadow;
	List	   *rels;			/* of MigRel *: each of them once */
} Weighing;

/* Does the statement go through the relation?  Foreign keys look up rows. */
static bool
goes_through(const MigTouch *touch, Node *stmt)
{
	int			locks = LOCKBIT_ON(AccessShareLock);

	if (touch->scans || touch->rewrites || touch->builds)
		return true;
	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
		case T_CreateTableAsStmt:
			return true;
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			locks |= LOCKBIT_ON(RowExclusiveLock);
			return (touch->locks & locks) != 0;
		case T_InsertStmt:
			return (touch->locks & locks) != 0;
		default:
			return false;
	}
}

/* One statement; afterwards the shadow is as that leaves it. */
static void
weigh(Weighing *weighing, Node *stmt)
{
	MigEffect  *effect = mig_effect_of(weighing->shadow, stmt);
	ListCell   *lc;

	foreach(lc, effect->touches)
	{
		MigTouch   *touch = lfirst(lc);

		if (goes_through(touch, stmt))
			weighing->rels = list_append_unique_ptr(weighing->rels, touch->rel);
	}
	mig_shadow_apply(weighing->shadow, stmt);
}

/* The statements of a DO block, as far as they can be seen. */
static void
weigh_body(Weighing *weighing, Node *stmt, const char *text)
{
	MigBody    *body = mig_body_of(stmt, text);
	ListCell   *lc;

	if (body == NULL)
		return;
	foreach(lc, body->statements)
	{
		const MigBodyStatement *inner = lfirst(lc);

		if (inner->raw != NULL && IsA(inner->raw->stmt, DoStmt))
			weigh_body(weighing, inner->raw->stmt, inner->text);
		if (inner->raw != NULL)
			weigh(weighing, inner->raw->stmt);
	}
}

/*
 * What a statement with this text goes through.  The shadow is as it finds the
 * catalog, and then as it leaves it.
 */
MigWeight
mig_weigh_statement(MigShadow *shadow, Node *stmt, const char *text)
{
	Weighing	weighing = {.shadow = shadow};
	MigWeight	weight = {0};
	int64		largest = -1;
	ListCell   *lc;

	if (IsA(stmt, DoStmt))
		weigh_body(&weighing, stmt, text);
	weigh(&weighing, stmt);
	foreach(lc, weighing.rels)
	{
		MigRel	   *rel = lfirst(lc);
		int64		bytes;

		/* it is its partitions, which are there too */
		if (rel->kind == RELKIND_PARTITIONED_TABLE)
			continue;
		bytes = mig_rel_bytes(rel);
		weight.bytes += bytes;
		if (bytes > largest)
			weight.names = mig_rel_label(rel);
		largest = Max(largest, bytes);
	}
	if (list_length(weighing.rels) > 1)
		weight.names = psprintf("%s and others", weight.names);
	return weight;
}
