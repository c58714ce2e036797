/*-------------------------------------------------------------------------
 *
 * rules_fail.c
 *	  Lint rules: statements that the server refuses for what is in the
 *	  database, or for what the transaction did before.
 *
 * A dry run finds all of them, see trace_rules.c; here are those that can be
 * told without.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "utils/lsyscache.h"

#include "changes.h"
#include "rule.h"

/*
 * Pending trigger events
 */

/* A table with rows that are checked at the end of the transaction. */
typedef struct Pending
{
	MigRel	   *rel;
	const char *constraint;
	int			statement;		/* that changed them */
	bool		certain;		/* and did so for sure */
} Pending;

typedef struct Pendings
{
	int			transaction;	/* they are of this one */
	bool		all;			/* SET CONSTRAINTS ALL DEFERRED */
	List	   *list;			/* of Pending * */
} Pendings;

static Pendings *
pendings(MigLint *lint)
{
	Pendings   *memory = mig_lint_memory(lint, sizeof(Pendings));

	if (memory->transaction != lint->shadow->transaction)
		*memory = (Pendings) {.transaction = lint->shadow->transaction};
	return memory;
}

static bool
sets_one_of(MigLint *lint, List *attnums)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, mig_change_sets(lint->change->stmt))
	{
		foreach(each, attnums)
		{
			MigColumn  *column = mig_rel_attribute(lint->rel, lfirst_int(each));

			if (column != NULL && column->name != NULL &&
				strcmp(column->name, lfirst(lc)) == 0)
				return true;
		}
	}
	return false;
}

static bool
is_deferred(const Pendings *memory, const MigConstraint *constraint)
{
	return constraint->type == CONSTRAINT_FOREIGN && constraint->enforced &&
		(constraint->deferred || (memory->all && constraint->deferrable));
}

/* The deferred foreign key that the change has to be checked for; or NULL. */
static MigConstraint *
deferred_key(MigLint *lint, const Pendings *memory)
{
	Node	   *stmt = lint->change->stmt;
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(lint->rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (is_deferred(memory, constraint) && !constraint->dropped &&
			(mig_change_inserts(stmt) || sets_one_of(lint, constraint->columns)))
			return constraint;
	}
	foreach(lc, mig_rel_referencing(lint->rel))
	{
		MigConstraint *constraint = ((MigForeignKey *) lfirst(lc))->constraint;

		/* other actions than this one are taken at once */
		if (is_deferred(memory, constraint) && mig_change_deletes(stmt) &&
			constraint->on_delete == FKCONSTR_ACTION_NOACTION)
			return constraint;
	}
	return NULL;
}

/* Does the change change at least one row, whatever is in the tables? */
static bool
is_certain(MigLint *lint)
{
	Node	   *stmt = lint->change->stmt;

	if (IsA(stmt, InsertStmt))
		return mig_change_is_short(lint->change) &&
			((InsertStmt *) stmt)->onConflictClause == NULL;
	return IsA(stmt, DeleteStmt) && !lint->rel->assumed &&
		!mig_rel_is_new(lint->rel) && !mig_rel_is_empty(lint->rel) &&
		mig_change_condition(lint->change) == NULL;
}

static void
remember_pending(MigLint *lint)
{
	Pendings   *memory = pendings(lint);
	MigConstraint *constraint;
	MemoryContext caller;
	Pending    *pending;

	if (!lint->in_transaction || lint->rel == NULL ||
		lint->rel->kind != RELKIND_RELATION)
		return;
	constraint = deferred_key(lint, memory);
	if (constraint == NULL)
		return;
	caller = MemoryContextSwitchTo(lint->context);
	pending = palloc(sizeof(Pending));
	pending->rel = lint->rel;
	pending->constraint = pstrdup(constraint->name);
	pending->statement = lint->statement->number;
	pending->certain = is_certain(lint) && lint->body == MIG_BODY_NONE;
	memory->list = lappend(memory->list, pending);
	MemoryContextSwitchTo(caller);
}

/* Is this what the server says it cannot do?  Of the changes, a certain one. */
static void
report_pending(MigLint *lint, MigRel *rel, const char *command)
{
	Pending    *found = NULL;
	ListCell   *lc;

	foreach(lc, pendings(lint)->list)
	{
		Pending    *pending = lfirst(lc);

		if (rel != NULL && pending->rel == rel &&
			(found == NULL || (pending->certain && !found->certain)))
			found = pending;
	}
	if (found == NULL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = found->certain ? MIG_SEVERITY_ERROR : MIG_SEVERITY_WARNING,
		.object = mig_rel_label(rel),
		.consequence = psprintf("%s: cannot %s \"%s\" because it has pending trigger events: constraint %s is checked at the end of the transaction, for the rows that statement %d changed",
								found->certain ? "fails" : "fails if a row was changed",
								command, rel->name, found->constraint,
								found->statement),
		.rewrite = psprintf("SET CONSTRAINTS ALL IMMEDIATE;\n%s;",
							mig_lint_text(lint)),
	});
}

static void
check_pending(MigLint *lint)
{
	Node	   *stmt = lint->stmt;
	ListCell   *lc;

	if (IsA(stmt, ConstraintsSetStmt))
	{
		Pendings   *memory = pendings(lint);

		/* one that is named may leave others, but what is left is not certain */
		memory->list = NIL;
		memory->all = ((ConstraintsSetStmt *) stmt)->deferred &&
			((ConstraintsSetStmt *) stmt)->constraints == NIL;
	}
	else if (IsA(stmt, AlterTableStmt) &&
			 ((AlterTableStmt *) stmt)->objtype == OBJECT_TABLE)
		report_pending(lint, lint->rel, "ALTER TABLE");
	else if (IsA(stmt, TruncateStmt))
	{
		foreach(lc, ((TruncateStmt *) stmt)->relations)
			report_pending(lint, mig_shadow_find(lint->shadow, lfirst(lc), 0),
						   "TRUNCATE");
	}
	else if (IsA(stmt, DropStmt) && ((DropStmt *) stmt)->removeType == OBJECT_TABLE)
	{
		foreach(lc, ((DropStmt *) stmt)->objects)
			report_pending(lint, mig_shadow_find_list(lint->shadow, lfirst(lc), 0),
						   "DROP TABLE");
	}
}

/*
 * Row types that columns have
 */

/* Is the column of the row type, or of an array of it? */
static bool
is_of_type(const MigColumn *column, Oid row_type)
{
	return column->name != NULL && OidIsValid(column->type) &&
		(column->type == row_type || get_element_type(column->type) == row_type);
}

/* A stored column with the row type of the relation: "t.c"; NULL: none. */
static const char *
column_with(MigLint *lint, const MigRel *rel)
{
	TypeName	name = {0};
	ListCell   *lc;
	ListCell   *each;

	if (!OidIsValid(rel->row_type))
		return NULL;
	name.names = list_make2(makeString(pstrdup(rel->schema)),
							makeString(pstrdup(rel->name)));
	foreach(lc, mig_shadow_type_users(lint->shadow, &name))
	{
		MigRel	   *user = lfirst(lc);

		if (user->dropped || user == rel ||
			(user->kind != RELKIND_RELATION && user->kind != RELKIND_MATVIEW &&
			 user->kind != RELKIND_PARTITIONED_TABLE))
			continue;
		foreach(each, mig_rel_columns(user))
		{
			if (is_of_type(lfirst(each), rel->row_type))
				return mig_rel_part_label(user,
										  ((MigColumn *) lfirst(each))->name);
		}
	}
	return NULL;
}

/* Does ADD COLUMN give the rows that are there a value? */
static bool
has_value(const ColumnDef *column)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype == CONSTR_IDENTITY)
			return true;
		if (constraint->contype == CONSTR_DEFAULT &&
			!(IsA(constraint->raw_expr, A_Const) &&
			  ((A_Const *) constraint->raw_expr)->isnull))
			return true;
	}
	return false;
}

/* Would values of the row type have to change wherever they are stored? */
static bool
changes_row_type(const MigLint *lint, bool table)
{
	switch (lint->command->subtype)
	{
		case AT_AlterColumnType:
			return true;
		case AT_AddColumn:
			return table && has_value(castNode(ColumnDef, lint->command->def));
		default:
			return false;
	}
}

static void
check_row_type(MigLint *lint)
{
	AlterTableStmt *stmt = (AlterTableStmt *) lint->stmt;
	bool		table = stmt->objtype == OBJECT_TABLE;
	MigRel	   *rel = lint->rel;
	const char *column;

	if ((!table && stmt->objtype != OBJECT_TYPE) || !changes_row_type(lint, table))
		return;
	if (!table)
		rel = mig_shadow_find(lint->shadow, stmt->relation, RELKIND_COMPOSITE_TYPE);
	column = rel ? column_with(lint, rel) : NULL;
	if (column != NULL)
		mig_lint_report(lint, &(MigReport) {
			.object = mig_rel_label(rel),
			.consequence = psprintf("fails: cannot alter %s \"%s\" because column %s %s",
									table ? "table" : "type", rel->name, column,
									table ? "uses its row type" : "uses it"),
		});
}

static void
check_refused(MigLint *lint)
{
	/* what code does is not certain before it runs */
	if (lint->body == MIG_BODY_ROUTINE || lint->body == MIG_BODY_CALLED ||
		lint->unseen)
		return;
	if (lint->moment == MIG_ON_CHANGE)
		remember_pending(lint);
	else if (lint->moment == MIG_ON_COMMAND)
		check_row_type(lint);
	else
		check_pending(lint);
}

const MigRule mig_rules_fail[] = {
	{
		.name = "failing-statement",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COMMAND | MIG_ON_CHANGE,
		.check = check_refused,
		.help = "a statement that the server refuses, here or in a dry run: lint(trace => true)",
		.why = "apply() would fail there, too, and stop. Without a dry run this is about tables with rows that a deferred foreign key has still to check, and about row types that columns have.",
		.safe = "It succeeds. One that may succeed in apply(), as it only met a lock or cannot be part of a dry run, is a notice; one that fails only if an earlier statement found rows is a warning.",
		.bad = "CREATE TABLE n(pid bigint REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO n VALUES (1); ALTER TABLE n ADD COLUMN z int;",
		.good = "CREATE TABLE n(pid bigint REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO n VALUES (1); SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE n ADD COLUMN z int;",
	},
	{0}
};
