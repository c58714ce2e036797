/*-------------------------------------------------------------------------
 *
 * rules_partition.c
 *	  Lint rules: partitions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_partitioned_table.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "facts.h"
#include "rule.h"

/*
 * DETACH
 */

/* The partition whose DETACH CONCURRENTLY was not finished; NULL: none. */
static MigRel *
half_detached(MigRel *parent)
{
	Relation	catalog;
	MigRel	   *result = NULL;
	Oid			child = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(parent->oid))
		return NULL;
	catalog = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_inherits_inhparent, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(parent->oid));
	scan = systable_beginscan(catalog, InheritsParentIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_inherits form = (Form_pg_inherits) GETSTRUCT(tuple);

		if (form->inhdetachpending)
			child = form->inhrelid;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (OidIsValid(child))
		result = mig_shadow_of_oid(parent->shadow, child);
	return result;
}

static void
report_concurrent_detach(MigLint *lint, MigRel *other, MigRel *pending)
{
	MigReport	report = {.severity = MIG_SEVERITY_ERROR,
	.object = mig_rel_label(lint->rel)};

	if (other != NULL)
		report.consequence = psprintf("fails, because there is the default partition %s",
									  mig_rel_label(other));
	else if (pending != NULL)
	{
		report.consequence = psprintf("fails, because an earlier DETACH CONCURRENTLY of %s was not finished",
									  mig_rel_label(pending));
		report.rewrite = psprintf("ALTER TABLE %s DETACH PARTITION %s FINALIZE;",
								  mig_rel_label(lint->rel),
								  mig_rel_label(pending));
	}
	else
		return;
	mig_lint_report(lint, &report);
}

static void
check_detach(MigLint *lint)
{
	PartitionCmd *command = (PartitionCmd *) lint->command->def;
	MigRel	   *parent = lint->rel;
	MigRel	   *other;

	if (lint->command->subtype != AT_DetachPartition || parent == NULL ||
		mig_rel_is_invisible(parent))
		return;
	other = mig_rel_default_partition(parent);
	if (command->concurrent)
	{
		report_concurrent_detach(lint, other, half_detached(parent));
		return;
	}
	if (mig_rel_is_new(parent) || mig_lint_is_quiet(lint, parent))
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = other ? MIG_SEVERITY_NOTICE : 0,
		.location = command->name->location,
		.object = mig_rel_label(parent),
		.consequence = other ?
			psprintf("blocks reads and writes of %s until the commit; CONCURRENTLY is refused while there is the default partition %s",
					 mig_rel_label(parent), mig_rel_label(other)) :
			psprintf("blocks reads and writes of %s until the commit",
					 mig_rel_label(parent)),
		.rewrite = other ? NULL : mig_lint_append(lint, "CONCURRENTLY"),
	});
}

/*
 * ATTACH
 */

/*
 * CHECK and its validation before the statements, away with it after.  What
 * takes time, or waits for locks, begins with none held.
 */
static char *
checked_before(MigRel *rel, const char *bound, const char *statements)
{
	const char *table = mig_rel_label(rel);
	const char *name = quote_identifier(mig_lint_suffixed(rel->name, "bound"));

	if (bound == NULL)
		return NULL;
	return psprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s) NOT VALID;\n"
					"COMMIT;\n"
					"ALTER TABLE %s VALIDATE CONSTRAINT %s;\n"
					"COMMIT;\n"
					"%s\n"
					"ALTER TABLE %s DROP CONSTRAINT %s;",
					table, name, bound, table, name, statements, table, name);
}

/* Will the default partition be read for rows of the new bound? */
static bool
scans_default(MigLint *lint, MigRel *parent, PartitionBoundSpec *bound)
{
	MigRel	   *other = mig_rel_default_partition(parent);

	return other != NULL && !bound->is_default &&
		!mig_lint_is_quiet(lint, other) &&
		!mig_fact_default_excludes(parent, other, bound);
}

/* NOT of what the rows of the bound satisfy. */
static char *
negated(const char *bound)
{
	return bound ? psprintf("NOT (%s)", bound) : NULL;
}

static void
report_default_scan(MigLint *lint, MigRel *parent, PartitionBoundSpec *bound,
					const char *statements)
{
	MigRel	   *other = mig_rel_default_partition(parent);

	mig_lint_report(lint, &(MigReport) {
		.severity = mig_rel_is_small(other) ? MIG_SEVERITY_NOTICE :
			MIG_SEVERITY_ERROR,
		.location = bound->location,
		.object = mig_rel_label(other),
		.consequence = psprintf("reads all of the default partition %s under ACCESS EXCLUSIVE",
								mig_rel_sized_label(other)),
		.rewrite = checked_before(other,
								  negated(mig_fact_bound_text(parent, bound)),
								  statements),
	});
}

static void
check_attach(MigLint *lint)
{
	PartitionCmd *command = (PartitionCmd *) lint->command->def;
	MigRel	   *parent = lint->rel;
	MigRel	   *partition;
	const char *statement = psprintf("%s;", mig_lint_text(lint));

	if (lint->command->subtype != AT_AttachPartition || parent == NULL ||
		command->bound == NULL)
		return;
	partition = mig_shadow_find(lint->shadow, command->name, RELKIND_RELATION);
	if (partition != NULL && !mig_lint_is_quiet(lint, partition) &&
		partition->kind != RELKIND_FOREIGN_TABLE &&
		!mig_fact_proves_bound(parent, partition, command->bound))
		mig_lint_report(lint, &(MigReport) {
			.severity = mig_lint_by_size(lint, partition),
			.location = command->name->location,
			.object = mig_rel_label(partition),
			.consequence = psprintf("reads all of %s under ACCESS EXCLUSIVE to check the bound",
									mig_rel_sized_label(partition)),
			.rewrite = checked_before(partition,
									  mig_fact_bound_text(parent, command->bound),
									  statement),
		});
	if (scans_default(lint, parent, command->bound))
		report_default_scan(lint, parent, command->bound, statement);
}

/*
 * CREATE TABLE ... PARTITION OF
 */

/* Where the bound ends: after its parentheses. */
static int
bound_end(MigLint *lint, const PartitionBoundSpec *bound)
{
	int			start = mig_lint_offset(lint, bound->location);
	int			end = start;
	int			n = bound->is_default ? 0 :
		bound->strategy == PARTITION_STRATEGY_RANGE ? 2 : 1;

	if (n == 0)
		return start + (int) strlen("DEFAULT");
	while (n-- > 0)
	{
		int			open;
		int			after;

		/* the partner of the parenthesis that opens next */
		if (!mig_lint_find_word(lint, end, "(", &open, &after) ||
			!mig_lint_find_word(lint, after, ")", &open, &end))
			return start;
	}
	return end;
}

/* A table of its own, then attached: that needs a weaker lock. */
static char *
created_then_attached(MigLint *lint, const CreateStmt *stmt, MigRel *parent)
{
	const PartitionBoundSpec *bound = stmt->partbound;
	const char *name = mig_lint_range(stmt->relation);
	int			start = mig_lint_offset(lint, bound->location);
	int			end = bound_end(lint, bound);
	int			len = strlen(mig_lint_text(lint));

	if (stmt->tableElts != NIL)
		return NULL;
	return psprintf("CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING IDENTITY)%s;\n"
					"ALTER TABLE %s ATTACH PARTITION %s %s%s;",
					name, mig_rel_label(parent),
					mig_lint_between(lint, end, len),
					mig_rel_label(parent), name,
					bound->is_default ? "" : "FOR VALUES ",
					mig_lint_between(lint, start, end));
}

static void
check_partition_of(MigLint *lint)
{
	CreateStmt *stmt = (CreateStmt *) lint->stmt;
	MigRel	   *parent;
	MigRel	   *other;
	char	   *attached;
	bool		scans;

	if (!IsA(stmt, CreateStmt) || stmt->partbound == NULL ||
		stmt->inhRelations == NIL)
		return;
	parent = mig_shadow_find(lint->shadow, linitial_node(RangeVar, stmt->inhRelations),
							 RELKIND_PARTITIONED_TABLE);
	if (parent == NULL || mig_rel_is_new(parent) || mig_rel_is_invisible(parent))
		return;
	other = mig_rel_default_partition(parent);
	scans = scans_default(lint, parent, stmt->partbound);
	attached = created_then_attached(lint, stmt, parent);
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->relation->location,
		.object = mig_rel_label(parent),
		.consequence = psprintf("blocks reads and writes of %s%s%s until the commit",
								mig_rel_label(parent), other ? " and " : "",
								other ? mig_rel_label(other) : ""),
		/* of what else it needs then, the next one tells */
		.rewrite = scans ? NULL : attached,
	});
	if (scans)
		report_default_scan(lint, parent, stmt->partbound, attached ? attached :
							psprintf("%s;", mig_lint_text(lint)));
}

/* A default partition, made or attached. */
static void
check_default_partition(MigLint *lint)
{
	PartitionBoundSpec *bound = NULL;
	const char *parent = NULL;

	if (lint->command == NULL && IsA(lint->stmt, CreateStmt))
	{
		CreateStmt *stmt = (CreateStmt *) lint->stmt;

		bound = stmt->partbound;
		if (bound != NULL && stmt->inhRelations != NIL)
			parent = mig_lint_range(linitial_node(RangeVar, stmt->inhRelations));
	}
	else if (lint->command != NULL &&
			 lint->command->subtype == AT_AttachPartition)
	{
		bound = ((PartitionCmd *) lint->command->def)->bound;
		parent = mig_lint_range(((AlterTableStmt *) lint->stmt)->relation);
	}
	if (bound == NULL || !bound->is_default)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = bound->location,
		.object = parent,
		.consequence = psprintf("each later partition of %s has all of the default partition read under ACCESS EXCLUSIVE, and none can be detached CONCURRENTLY",
								parent),
	});
}

/*
 * Keys
 */

/* The partition key of an existing table: NULL if it has expressions. */
static List *
key_of_relation(MigRel *rel, bool *expressions)
{
	HeapTuple	tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(rel->oid));
	Form_pg_partitioned_table form;
	List	   *names = NIL;

	*expressions = false;
	if (!HeapTupleIsValid(tuple))
		return NIL;
	form = (Form_pg_partitioned_table) GETSTRUCT(tuple);
	for (int i = 0; i < form->partnatts; i++)
	{
		MigColumn  *column = mig_rel_attribute(rel, form->partattrs.values[i]);

		if (form->partattrs.values[i] == 0)
			*expressions = true;
		else if (column != NULL)
			names = lappend(names, makeString(unconstify(char *, column->name)));
	}
	ReleaseSysCache(tuple);
	return names;
}

/* That of the CREATE TABLE being looked at. */
static List *
key_of_statement(const PartitionSpec *spec, bool *expressions)
{
	List	   *names = NIL;
	ListCell   *lc;

	*expressions = false;
	foreach(lc, spec->partParams)
	{
		PartitionElem *element = lfirst_node(PartitionElem, lc);

		if (element->name == NULL)
			*expressions = true;
		else
			names = lappend(names, makeString(element->name));
	}
	return names;
}

/* The partition key that this constraint has to contain. */
static List *
partition_key(MigLint *lint, bool *expressions)
{
	CreateStmt *stmt = (CreateStmt *) lint->stmt;

	*expressions = false;
	if (IsA(stmt, CreateStmt))
		return stmt->partspec ? key_of_statement(stmt->partspec, expressions) : NIL;
	if (lint->rel == NULL || lint->rel->kind != RELKIND_PARTITIONED_TABLE)
		return NIL;
	return key_of_relation(lint->rel, expressions);
}

/* A table constraint with all of the key, instead of the one that is there. */
static char *
with_whole_key(MigLint *lint, List *keys, List *missing)
{
	Constraint *constraint = lint->constraint;
	const char *added = mig_lint_names(missing);
	int			start = mig_lint_offset(lint, constraint->location);
	const char *word = constraint->contype == CONSTR_PRIMARY ?
		"PRIMARY KEY" : "UNIQUE";
	CreateStmt *stmt = (CreateStmt *) lint->stmt;
	List	   *edits;
	int			open;
	int			end;
	ListCell   *lc;

	if (lint->column == NULL)
	{
		if (!mig_lint_find_word(lint, start, "(", &open, &end) ||
			!mig_lint_find_word(lint, end, ")", &open, &end))
			return NULL;
		return mig_lint_edited(lint, mig_lint_edit(NIL, open, open,
												   psprintf(", %s", added)));
	}
	if (!IsA(stmt, CreateStmt) ||
		!mig_lint_find_word(lint, start,
							constraint->contype == CONSTR_PRIMARY ? "KEY" : "UNIQUE",
							&open, &end))
		return NULL;
	edits = mig_lint_edit(NIL, start - 1, end, "");
	end = 0;
	foreach(lc, stmt->tableElts)
	{
		Node	   *element = lfirst(lc);
		int			location = IsA(element, ColumnDef) ?
			((ColumnDef *) element)->location : IsA(element, Constraint) ?
			((Constraint *) element)->location : -1;

		if (location < 0)
			return NULL;
		end = Max(end, mig_lint_source_end(lint, location));
	}
	return mig_lint_edited(lint,
						   mig_lint_edit(edits, end, end,
										 psprintf(", %s (%s, %s)", word,
												  mig_lint_names(keys), added)));
}

static void
check_partition_key(MigLint *lint)
{
	Constraint *constraint = lint->constraint;
	bool		expressions;
	List	   *key;
	List	   *keys = NIL;
	List	   *missing = NIL;
	ListCell   *lc;
	const char *word;

	if (constraint->contype != CONSTR_PRIMARY && constraint->contype != CONSTR_UNIQUE)
		return;
	key = partition_key(lint, &expressions);
	if (key == NIL && !expressions)
		return;
	if (constraint->keys == NIL && lint->column != NULL)
		keys = list_make1(lint->column->colname);
	foreach(lc, constraint->keys)
		keys = lappend(keys, strVal(lfirst(lc)));
	foreach(lc, key)
	{
		ListCell   *each;
		bool		found = false;

		foreach(each, keys)
			found = found || strcmp(lfirst(each), strVal(lfirst(lc))) == 0;
		if (!found)
			missing = lappend(missing, strVal(lfirst(lc)));
	}
	if (missing == NIL && !expressions)
		return;
	word = constraint->contype == CONSTR_PRIMARY ? "primary key" : "unique constraint";
	mig_lint_report(lint, &(MigReport) {
		.location = constraint->location,
		.object = IsA(lint->stmt, CreateStmt) ?
			mig_lint_range(((CreateStmt *) lint->stmt)->relation) :
			mig_rel_label(lint->rel),
		.consequence = expressions ?
			psprintf("fails, because the partition key has an expression, which no %s can have",
					 word) :
			psprintf("fails, because the %s does not have %s of the partition key",
					 word, mig_lint_names(missing)),
		.rewrite = expressions ? NULL : with_whole_key(lint, keys, missing),
	});
}

const MigRule mig_rules_partition[] = {
	{
		.name = "require-concurrent-partition-detach",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_detach,
		.help = "DETACH PARTITION without CONCURRENTLY blocks the whole table",
		.why = "It holds ACCESS EXCLUSIVE on the partitioned table, so all queries of all partitions wait. CONCURRENTLY waits for them instead; it fails if there is a default partition, or if an earlier one was not finished.",
		.safe = "The table is new, temporary or empty; a notice if a default partition rules CONCURRENTLY out.",
		.bad = "ALTER TABLE pt DETACH PARTITION pt1;",
		.good = "ALTER TABLE pt DETACH PARTITION pt1 CONCURRENTLY;",
	},
	{
		.name = "attach-partition-scan",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_COMMAND,
		.check = check_attach,
		.help = "ATTACH PARTITION reads all rows under ACCESS EXCLUSIVE",
		.why = "Every row of the new partition is checked against the bound, and every row of the default partition, while nobody can use them. A valid CHECK that says the same makes that unnecessary; it has to be validated before, in a transaction of its own.",
		.safe = "A CHECK proves the bound, or the table is new, temporary or empty; a small one is a notice.",
		.bad = "ALTER TABLE pt ATTACH PARTITION c1 FOR VALUES FROM (100) TO (200);",
		.good = "ALTER TABLE c1 ADD CHECK (id IS NOT NULL AND id >= 100 AND id < 200) NOT VALID;",
	},
	{
		.name = "create-partition-of",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_partition_of,
		.help = "CREATE TABLE ... PARTITION OF blocks the whole table",
		.why = "It holds ACCESS EXCLUSIVE on the partitioned table and on its default partition, whose rows are all read. ATTACH PARTITION lets reads and writes of the parent go on.",
		.safe = "The partitioned table is new or temporary.",
		.bad = "CREATE TABLE pt9 PARTITION OF pt FOR VALUES FROM (9000) TO (10000);",
		.good = "CREATE TABLE pt9 (LIKE pt INCLUDING ALL); ALTER TABLE pt ATTACH PARTITION pt9 FOR VALUES FROM (9000) TO (10000);",
	},
	{
		.name = "default-partition-growth",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND,
		.check = check_default_partition,
		.help = "a default partition makes later partitions expensive",
		.why = "Whatever fits nowhere else gathers in it, each new partition has it read under ACCESS EXCLUSIVE, and no partition can be detached CONCURRENTLY.",
		.safe = "never",
		.bad = "CREATE TABLE ptd PARTITION OF pt DEFAULT;",
	},
	{
		.name = "partition-key-not-in-pk",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_partition_key,
		.help = "a primary key or unique constraint without the partition key",
		.why = "The server enforces uniqueness within one partition at a time, so it refuses a key that does not decide the partition.",
		.safe = "never",
		.bad = "CREATE TABLE pk(id bigint PRIMARY KEY, d date) PARTITION BY RANGE (d);",
		.good = "CREATE TABLE pk(id bigint, d date, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);",
	},
	{0}
};
