/*-------------------------------------------------------------------------
 *
 * rules_foreign_key.c
 *	  Lint rules: foreign keys.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"

#include "compat.h"
#include "facts.h"
#include "rule_sql.h"

/*
 * What several rules ask
 */

/* The referenced table; NULL: it is not here. */
static MigRel *
referenced(MigLint *lint, const Constraint *constraint)
{
	return mig_shadow_find(lint->shadow, constraint->pktable, RELKIND_RELATION);
}

/* The referenced table, if others use it already. */
static MigRel *
referenced_by_others(MigLint *lint, const Constraint *constraint)
{
	MigRel	   *rel = referenced(lint, constraint);

	return rel != NULL && !mig_rel_is_new(rel) &&
		rel->persistence != RELPERSISTENCE_TEMP ? rel : NULL;
}

/* The names of the referencing columns, as String nodes. */
static List *
key_columns(ColumnDef *column, Constraint *constraint)
{
	return column ? list_make1(makeString(column->colname)) :
		constraint->fk_attrs;
}

/* The attnums of columns that are there; NIL: one is not. */
static List *
attnums_of(MigRel *rel, List *names)
{
	List	   *attnums = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		MigColumn  *column = mig_rel_column(rel, strVal(lfirst(lc)));

		if (column == NULL)
			return NIL;
		attnums = lappend_int(attnums, column->attnum);
	}
	return attnums;
}

/* Does ADD COLUMN IF NOT EXISTS find the column? */
static bool
is_skipped(MigLint *lint)
{
	return lint->column != NULL && lint->command != NULL &&
		lint->command->missing_ok && lint->rel != NULL && !lint->rel->assumed &&
		mig_rel_column(lint->rel, lint->column->colname) != NULL;
}

/* The foreign key that the statement defines now; NULL: it is none. */
static Constraint *
foreign_key(MigLint *lint)
{
	return lint->constraint->contype == CONSTR_FOREIGN && !is_skipped(lint) ?
		lint->constraint : NULL;
}

/* The foreign key as a constraint of the table, with a name. */
static char *
table_constraint(MigLint *lint, const char *name)
{
	char	   *text = mig_lint_constraint_text(lint);
	char	   *unnamed = text;

	if (lint->constraint->conname != NULL)
		unnamed = mig_lint_after_name(mig_lint_after(text, "CONSTRAINT"));
	return psprintf("CONSTRAINT %s %s%s", quote_identifier(name),
					lint->column ? psprintf("FOREIGN KEY (%s) ",
											quote_identifier(lint->column->colname)) : "",
					unnamed);
}

/* The constraint's name, or the one that the server would choose. */
static const char *
name_of_key(MigLint *lint)
{
	List	   *columns = key_columns(lint->column, lint->constraint);
	CreateStmt *create = (CreateStmt *) lint->stmt;

	if (lint->constraint->conname != NULL)
		return lint->constraint->conname;
	if (IsA(create, CreateStmt))
		return psprintf("%s_%s_fkey", create->relation->relname,
						mig_sql_joined_columns(columns));
	return mig_sql_constraint_name(lint->rel, mig_sql_joined_columns(columns),
								   "fkey");
}

/*
 * Adding
 */

/* Has the set or the catalog a valid foreign key that says the same? */
static bool
has_same_key(MigRel *rel, List *names, MigRel *foreign)
{
	List	   *attnums = attnums_of(rel, names);
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_FOREIGN && constraint->valid &&
			constraint->enforced && !constraint->dropped &&
			constraint->foreign == foreign && attnums != NIL &&
			equal(constraint->columns, attnums))
			return true;
	}
	return false;
}

/* Have all partitions the key, so that the parent's only takes them over? */
static bool
partitions_have_key(MigRel *rel, List *names, MigRel *foreign)
{
	List	   *children = mig_rel_children(rel, false);
	ListCell   *lc;

	foreach(lc, children)
	{
		MigRel	   *child = lfirst(lc);

		if (!has_same_key(child, names, foreign) &&
			!(child->kind == RELKIND_PARTITIONED_TABLE &&
			  partitions_have_key(child, names, foreign)))
			return false;
	}
	return children != NIL;
}

/* Does a new column get a value that has to be looked up? */
static bool
column_is_checked(ColumnDef *column)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		ConstrType	type = lfirst_node(Constraint, lc)->contype;

		if (type == CONSTR_DEFAULT || type == CONSTR_IDENTITY ||
			type == CONSTR_GENERATED)
			return true;
	}
	return false;
}

/* A partitioned table before 18: the partitions get the key first. */
static void
add_to_partitions(StringInfo sql, MigLint *lint, const char *name)
{
	char	   *constraint = table_constraint(lint, name);
	ListCell   *lc;

	foreach(lc, mig_rel_children(lint->rel, true))
	{
		MigRel	   *child = lfirst(lc);
		const char *table = mig_rel_label(child);

		if (child->kind == RELKIND_PARTITIONED_TABLE)
			continue;
		mig_sql_add(sql, "ALTER TABLE %s ADD %s NOT VALID;", table, constraint);
		mig_sql_validate(sql, table, name);
		mig_sql_add(sql, "COMMIT;");
	}
}

static char *
rewrite_foreign_key(MigLint *lint)
{
	StringInfoData sql;
	const char *table = mig_sql_table(lint);
	const char *name = name_of_key(lint);
	char	   *constraint = table_constraint(lint, name);

	initStringInfo(&sql);
	if (lint->column != NULL)
	{
		int			start = lint->column->location;

		mig_sql_add(&sql, "%s",
					mig_lint_replace(lint, start, mig_lint_end_of(lint, start),
									 mig_lint_column_without(lint, lint->column,
															 1 << CONSTR_FOREIGN)));
		/* what adds the column locks its table more strongly */
		mig_sql_add(&sql, "COMMIT;");
	}
	if (lint->rel->kind == RELKIND_PARTITIONED_TABLE &&
		!mig_partitioned_key_can_wait())
	{
		add_to_partitions(&sql, lint, name);
		mig_sql_add(&sql, "ALTER TABLE %s ADD %s;", table, constraint);
		return sql.data;
	}
	if (lint->column != NULL)
		mig_sql_add(&sql, "ALTER TABLE %s ADD %s NOT VALID;", table, constraint);
	else
		mig_sql_add(&sql, "%s",
					mig_lint_replace(lint, lint->constraint->location,
									 mig_lint_end_of(lint, lint->constraint->location),
									 psprintf("%s NOT VALID", constraint)));
	mig_sql_validate(&sql, table, name);
	return sql.data;
}

static void
check_adding(MigLint *lint)
{
	Constraint *constraint = foreign_key(lint);
	MigRel	   *foreign;
	List	   *columns;
	bool		small;

	if (constraint == NULL || lint->command == NULL || lint->rel == NULL ||
		constraint->skip_validation || !mig_definition_is_enforced(constraint) ||
		(lint->column != NULL && !column_is_checked(lint->column)) ||
		mig_lint_is_quiet(lint, lint->rel))
		return;
	foreign = referenced(lint, constraint);
	columns = key_columns(lint->column, constraint);
	if (foreign == NULL ||
		(lint->rel->kind == RELKIND_PARTITIONED_TABLE &&
		 partitions_have_key(lint->rel, columns, foreign)))
		return;
	small = (mig_rel_is_small(lint->rel) && mig_rel_is_small(foreign)) ||
		has_same_key(lint->rel, columns, foreign);
	mig_lint_report(lint, &(MigReport) {
		.severity = small ? MIG_SEVERITY_NOTICE : MIG_SEVERITY_DEFAULT,
		.location = constraint->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("looks up each row of %s in %s: writes to both wait until it is done",
								mig_rel_sized_label(lint->rel),
								mig_rel_sized_label(foreign)),
		.rewrite = rewrite_foreign_key(lint),
	});
}

/*
 * Locks on tables that the statement does not name
 */

/* Something that keeps locks, should a slow statement follow. */
typedef struct Holder
{
	MigLintPlace *place;
	char	   *object;
	char	   *consequence;
	char	   *rewrite;
} Holder;

typedef struct Holders
{
	int			transaction;
	List	   *holders;		/* of Holder *, not reported yet */
} Holders;

/* Forgets what the transaction before this one held. */
static Holders *
holders_now(MigLint *lint)
{
	Holders    *memory = mig_lint_memory(lint, sizeof(Holders));

	if (memory->transaction != lint->shadow->transaction)
		memory->holders = NIL;
	memory->transaction = lint->shadow->transaction;
	return memory;
}

/* What has been waiting for a slow statement has met it. */
static void
report_holders(MigLint *lint, Holders *memory)
{
	ListCell   *lc;

	foreach(lc, memory->holders)
	{
		Holder	   *holder = lfirst(lc);

		mig_lint_report(lint, &(MigReport) {
			.place = holder->place,
			.object = holder->object,
			.consequence = psprintf("%s until the statement in line %d is done",
									holder->consequence,
									lint->statement->line),
			.rewrite = holder->rewrite,
		});
	}
	memory->holders = NIL;
}

static void
hold(MigLint *lint, Holders *memory, const char *object,
	 const char *consequence, const char *rewrite)
{
	MemoryContext caller = MemoryContextSwitchTo(lint->context);
	Holder	   *holder = palloc0(sizeof(Holder));

	holder->place = mig_lint_place(lint, 0);
	holder->object = pstrdup(object);
	holder->consequence = pstrdup(consequence);
	holder->rewrite = rewrite ? pstrdup(rewrite) : NULL;
	memory->holders = lappend(memory->holders, holder);
	MemoryContextSwitchTo(caller);
}

/* "public.p and public.q" */
static char *
label_list(List *rels)
{
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	foreach(lc, rels)
		appendStringInfo(&result, "%s%s",
						 foreach_current_index(lc) == 0 ? "" :
						 lnext(rels, lc) ? ", " : " and ",
						 mig_rel_label(lfirst(lc)));
	return result.data;
}

/* A foreign key of CREATE TABLE: the column that it is written with, or none. */
typedef struct DefinedKey
{
	ColumnDef  *column;
	Constraint *constraint;
} DefinedKey;

/* The foreign keys that CREATE TABLE defines. */
static List *
defined_keys(CreateStmt *stmt)
{
	List	   *keys = NIL;
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, stmt->tableElts)
	{
		Node	   *element = lfirst(lc);
		List	   *constraints = IsA(element, ColumnDef) ?
			((ColumnDef *) element)->constraints : list_make1(element);

		foreach(each, constraints)
		{
			DefinedKey *key;

			if (!IsA(lfirst(each), Constraint) ||
				lfirst_node(Constraint, each)->contype != CONSTR_FOREIGN)
				continue;
			key = palloc0(sizeof(DefinedKey));
			key->column = IsA(element, ColumnDef) ? (ColumnDef *) element : NULL;
			key->constraint = lfirst(each);
			keys = lappend(keys, key);
		}
	}
	return keys;
}

/* The elements of CREATE TABLE without its foreign keys. */
static char *
elements_without_keys(MigLint *lint, CreateStmt *stmt)
{
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	foreach(lc, stmt->tableElts)
	{
		Node	   *element = lfirst(lc);
		char	   *text;

		if (IsA(element, ColumnDef))
			text = mig_lint_column_without(lint, (ColumnDef *) element,
										   1 << CONSTR_FOREIGN);
		else if (IsA(element, Constraint) &&
				 ((Constraint *) element)->contype != CONSTR_FOREIGN)
			text = mig_lint_source(lint, ((Constraint *) element)->location);
		else if (IsA(element, TableLikeClause))
			return NULL;		/* has no location of its own */
		else
			continue;
		appendStringInfo(&result, "%s%s", result.len > 0 ? ", " : "", text);
	}
	return result.data;
}

/* CREATE TABLE without foreign keys, and each of those by itself. */
static char *
rewrite_create_table(MigLint *lint, CreateStmt *stmt, List *keys)
{
	char	   *elements = elements_without_keys(lint, stmt);
	int			end = lint->location + lint->len - lint->base;
	char	   *tail;
	StringInfoData sql;
	ListCell   *lc;

	if (elements == NULL)
		return NULL;
	tail = mig_lint_after_name(mig_lint_piece(lint, stmt->relation->location,
												end));
	if (*tail != '(')
		return NULL;
	initStringInfo(&sql);
	mig_sql_add(&sql, "%s%s (%s)%s;",
				pnstrdup(lint->source + lint->location,
						 lint->base + stmt->relation->location - lint->location),
				mig_sql_table(lint), elements,
				tail + strlen("()") + strlen(mig_lint_list(tail)));
	foreach(lc, keys)
	{
		DefinedKey *key = lfirst(lc);

		lint->column = key->column;
		lint->constraint = key->constraint;
		mig_sql_add(&sql, "COMMIT;");
		mig_sql_add(&sql, "ALTER TABLE %s ADD %s;", mig_sql_table(lint),
					table_constraint(lint, name_of_key(lint)));
	}
	lint->column = NULL;
	lint->constraint = NULL;
	return sql.data;
}

/* CREATE TABLE ... REFERENCES tables that others use. */
static void
check_create_table(MigLint *lint)
{
	Holders    *memory = holders_now(lint);
	CreateStmt *stmt = (CreateStmt *) lint->stmt;
	List	   *keys;
	List	   *tables = NIL;
	const char *object;
	char	   *consequence;
	ListCell   *lc;

	if (memory->holders != NIL && mig_lint_is_slow(lint))
		report_holders(lint, memory);
	if (!IsA(stmt, CreateStmt) ||
		(stmt->if_not_exists &&
		 mig_shadow_find(lint->shadow, stmt->relation, 0) != NULL))
		return;
	keys = defined_keys(stmt);
	foreach(lc, keys)
	{
		DefinedKey *key = lfirst(lc);
		MigRel	   *rel = referenced_by_others(lint, key->constraint);

		if (rel != NULL)
			tables = list_append_unique_ptr(tables, rel);
	}
	if (tables == NIL)
		return;
	object = quote_qualified_identifier(mig_shadow_creation_schema(lint->shadow,
																   stmt->relation),
										stmt->relation->relname);
	consequence = psprintf("blocks writes to %s", label_list(tables));
	if (list_length(tables) == 1)
		hold(lint, memory, object, consequence,
			 rewrite_create_table(lint, stmt, keys));
	else
		mig_lint_report(lint, &(MigReport) {
			.location = stmt->relation->location,
			.object = object,
			.consequence = psprintf("%s until the commit, and may deadlock with writers that use them in another order",
									consequence),
			.rewrite = rewrite_create_table(lint, stmt, keys),
		});
}

/* Does this foreign key go with a column, or under this name? */
static bool
goes(MigRel *rel, const MigConstraint *constraint, AlterTableCmd *command)
{
	MigColumn  *column;

	if (command->subtype == AT_DropConstraint)
		return constraint->name != NULL &&
			strcmp(constraint->name, command->name) == 0;
	column = rel->assumed ? NULL : mig_rel_column(rel, command->name);
	return column != NULL &&
		list_member_int(constraint->columns, column->attnum);
}

/* The tables referenced by foreign keys that a statement drops. */
static List *
tables_let_go(MigLint *lint, MigRel *rel, AlterTableCmd *command)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->dropped || constraint->type != CONSTRAINT_FOREIGN ||
			constraint->foreign == NULL || constraint->foreign == rel ||
			mig_rel_is_new(constraint->foreign) ||
			(command != NULL && !goes(rel, constraint, command)))
			continue;
		result = list_append_unique_ptr(result, constraint->foreign);
	}
	return result;
}

static void
hold_dropped(MigLint *lint, Holders *memory, MigRel *rel, List *tables)
{
	if (tables != NIL)
		hold(lint, memory, mig_rel_label(rel),
			 psprintf("takes ACCESS EXCLUSIVE on %s as well: reads and writes wait",
					  label_list(tables)),
			 psprintf("%s;\nCOMMIT;", mig_lint_text(lint)));
}

static void
check_dropping(MigLint *lint)
{
	Holders    *memory = holders_now(lint);
	DropStmt   *drop = (DropStmt *) lint->stmt;
	List	   *tables = NIL;
	ListCell   *lc;

	if (memory->holders != NIL && mig_lint_is_slow(lint))
		report_holders(lint, memory);
	if (IsA(drop, DropStmt) && drop->removeType == OBJECT_TABLE)
	{
		foreach(lc, drop->objects)
		{
			MigRel	   *rel = mig_shadow_find_list(lint->shadow, lfirst(lc),
												   RELKIND_RELATION);

			if (rel != NULL)
				hold_dropped(lint, memory, rel, tables_let_go(lint, rel, NULL));
		}
	}
	if (!IsA(lint->stmt, AlterTableStmt) || lint->rel == NULL)
		return;
	foreach(lc, ((AlterTableStmt *) lint->stmt)->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command->subtype == AT_DropConstraint ||
			command->subtype == AT_DropColumn)
			tables = list_concat_unique_ptr(tables,
											tables_let_go(lint, lint->rel, command));
	}
	hold_dropped(lint, memory, lint->rel, tables);
}

/* The tables that foreign keys of a transaction have locked. */
typedef struct LockedTables
{
	int			transaction;
	List	   *tables;			/* of MigRel * */
} LockedTables;

/* The foreign key in a transaction of its own. */
static char *
rewrite_alone(MigLint *lint)
{
	StringInfoData sql;
	char	   *others;

	if (lint->column != NULL)
		return NULL;
	others = mig_lint_without_command(lint);
	initStringInfo(&sql);
	if (others != NULL)
		mig_sql_add(&sql, "%s", others);
	mig_sql_add(&sql, "COMMIT;");
	mig_sql_add(&sql, "ALTER TABLE %s ADD %s;", mig_sql_table(lint),
				mig_lint_constraint_text(lint));
	return sql.data;
}

static void
check_multiple(MigLint *lint)
{
	LockedTables *memory = mig_lint_memory(lint, sizeof(LockedTables));
	Constraint *constraint = foreign_key(lint);
	MigRel	   *foreign;
	MemoryContext caller;

	if (memory->transaction != lint->shadow->transaction)
		memory->tables = NIL;
	memory->transaction = lint->shadow->transaction;
	/* CREATE TABLE has a rule of its own */
	if (constraint == NULL || lint->command == NULL || lint->rel == NULL)
		return;
	foreign = referenced_by_others(lint, constraint);
	if (foreign == NULL || foreign == lint->rel ||
		list_member_ptr(memory->tables, foreign))
		return;
	if (memory->tables != NIL)
		mig_lint_report(lint, &(MigReport) {
			.location = constraint->location,
			.object = mig_rel_label(lint->rel),
			.consequence = psprintf("blocks writes to %s besides %s until the commit, and may deadlock with writers that use them in another order",
									mig_rel_label(foreign),
									label_list(memory->tables)),
			.rewrite = rewrite_alone(lint),
		});
	caller = MemoryContextSwitchTo(lint->context);
	memory->tables = lappend(memory->tables, foreign);
	MemoryContextSwitchTo(caller);
}

/*
 * Indexes
 */

/* A foreign key whose index may still come. */
typedef struct ForeignKey
{
	MigLintPlace *place;
	RangeVar   *table;
	List	   *columns;		/* of String */
	RangeVar   *foreign;
} ForeignKey;

typedef struct ForeignKeys
{
	List	   *keys;			/* of ForeignKey * */
} ForeignKeys;

/* The table of the statement by its full name. */
static RangeVar *
full_name(MigLint *lint)
{
	RangeVar   *name;

	if (lint->rel != NULL)
		return makeRangeVar(pstrdup(lint->rel->schema),
							pstrdup(lint->rel->name), -1);
	name = copyObject(castNode(CreateStmt, lint->stmt)->relation);
	name->schemaname = pstrdup(mig_shadow_creation_schema(lint->shadow, name));
	return name;
}

static void
remember_key(MigLint *lint, ForeignKeys *memory)
{
	Constraint *constraint = foreign_key(lint);
	MigRel	   *foreign;
	MemoryContext caller;
	ForeignKey *key;

	if (constraint == NULL ||
		(lint->rel == NULL && !IsA(lint->stmt, CreateStmt)))
		return;
	foreign = referenced(lint, constraint);
	caller = MemoryContextSwitchTo(lint->context);
	key = palloc0(sizeof(ForeignKey));
	key->place = mig_lint_place(lint, constraint->location);
	key->table = full_name(lint);
	key->columns = copyObject(key_columns(lint->column, constraint));
	if (foreign != NULL)
		key->foreign = makeRangeVar(pstrdup(foreign->schema),
									pstrdup(foreign->name), -1);
	memory->keys = lappend(memory->keys, key);
	MemoryContextSwitchTo(caller);
}

static void
report_missing_index(MigLint *lint, const ForeignKey *key)
{
	MigRel	   *rel = mig_shadow_find(lint->shadow, key->table, 0);
	MigRel	   *foreign = key->foreign ?
		mig_shadow_find(lint->shadow, key->foreign, 0) : NULL;
	List	   *attnums = rel ? attnums_of(rel, key->columns) : NIL;
	StringInfoData sql;

	if (attnums == NIL || rel->assumed ||
		mig_fact_index_supports(rel, attnums))
		return;
	initStringInfo(&sql);
	mig_sql_index(&sql, rel, mig_rel_label(rel), false,
				  mig_sql_index_name(lint, rel,
									 mig_sql_joined_columns(key->columns), "idx"),
				  psprintf("(%s)", mig_sql_column_list(key->columns)));
	mig_lint_report(lint, &(MigReport) {
		.severity = foreign != NULL && !mig_rel_is_new(foreign) &&
			mig_rel_is_small(foreign) ? MIG_SEVERITY_NOTICE : MIG_SEVERITY_DEFAULT,
		.place = key->place,
		.object = mig_rel_label(rel),
		.consequence = psprintf("no index of %s begins with (%s): each DELETE and each change of a key in %s reads all of it",
								mig_rel_label(rel),
								mig_sql_column_list(key->columns),
								foreign ? mig_rel_label(foreign) : "the referenced table"),
		.rewrite = sql.data,
	});
}

/* An index may come with any later statement of the set. */
static void
check_missing_index(MigLint *lint)
{
	ForeignKeys *memory = mig_lint_memory(lint, sizeof(ForeignKeys));
	ListCell   *lc;

	if (lint->moment == MIG_ON_CONSTRAINT)
		remember_key(lint, memory);
	else
	{
		foreach(lc, memory->keys)
			report_missing_index(lint, lfirst(lc));
	}
}

/*
 * ON DELETE
 */

static void
check_on_delete(MigLint *lint)
{
	Constraint *constraint = foreign_key(lint);
	char	   *text;
	char	   *after;

	if (constraint == NULL || constraint->fk_del_action != FKCONSTR_ACTION_NOACTION)
		return;
	text = mig_lint_constraint_text(lint);
	after = mig_lint_after(text, "ON");
	while (after != NULL)
	{
		if (mig_lint_after(after, "DELETE") != NULL)
			return;
		after = mig_lint_after(after, "ON");
	}
	mig_lint_report(lint, &(MigReport) {
		.location = constraint->location,
		.object = lint->rel ? mig_rel_label(lint->rel) :
			mig_lint_range(constraint->pktable),
		.consequence = psprintf("deleting a row of %s that is referenced fails; nothing says that this is meant",
								mig_lint_range(constraint->pktable)),
	});
}

const MigRule mig_rules_foreign_key[] = {
	{
		.name = "adding-foreign-key-constraint",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_adding,
		.help = "a foreign key without NOT VALID blocks writes to both tables while it reads them",
		.why = "Each row of the table is looked up in the other one under SHARE ROW EXCLUSIVE on both. VALIDATE CONSTRAINT does the same without blocking writes.",
		.safe = "The table is new, temporary or empty; it is a new column without a default, which nothing is looked up for; or all partitions have the key already. If both tables are small, or the same key exists, it is a notice.",
		.bad = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p(id);",
		.good = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p(id) NOT VALID;",
	},
	{
		.name = "create-table-with-foreign-key",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_create_table,
		.help = "CREATE TABLE with foreign keys blocks writes to the tables that it references",
		.why = "Each referenced table is locked SHARE ROW EXCLUSIVE until the commit. With several, or with slow statements to follow, that is long, and may deadlock.",
		.safe = "The set creates the referenced tables, or there is one alone and nothing slow follows in the transaction.",
		.bad = "CREATE TABLE n(p_id bigint REFERENCES p, q_id bigint REFERENCES q);",
		.good = "CREATE TABLE n(p_id bigint, q_id bigint);",
	},
	{
		.name = "drop-foreign-key-locks-both",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_dropping,
		.help = "dropping a foreign key locks the referenced table, too",
		.why = "DROP CONSTRAINT of a foreign key, DROP COLUMN and DROP TABLE of what has one take ACCESS EXCLUSIVE on the table that it references, and keep it until the commit.",
		.safe = "Nothing slow follows in the transaction, or the set creates the referenced table.",
		.bad = "ALTER TABLE c DROP CONSTRAINT c_pid_fkey; UPDATE t SET a = 1;",
		.good = "ALTER TABLE c DROP CONSTRAINT c_pid_fkey;",
	},
	{
		.name = "foreign-key-missing-index",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT | MIG_ON_SET_END,
		.check = check_missing_index,
		.help = "a foreign key without an index of its columns",
		.why = "Whoever deletes a row of the referenced table, or changes its key, has the referencing table searched for it: without an index, all of it is read.",
		.safe = "At the end of the set a valid index that is not partial begins with the columns, in any order. If the referenced table is small, it is a notice.",
		.bad = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;",
		.good = "CREATE INDEX CONCURRENTLY c_pid_idx ON c(pid); ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;",
	},
	{
		.name = "multiple-foreign-keys-in-transaction",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_multiple,
		.help = "foreign keys to several tables in one transaction",
		.why = "Writes to all referenced tables are blocked until the commit, and taking such locks one after the other invites deadlocks.",
		.safe = "The set creates the referenced tables, or all keys reference the same one.",
		.bad = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID, ADD FOREIGN KEY (qid) REFERENCES q NOT VALID;",
		.good = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;",
	},
	{
		.name = "foreign-key-without-on-delete",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = false,
		.moments = MIG_ON_CONSTRAINT,
		.check = check_on_delete,
		.help = "a foreign key that does not say what happens ON DELETE",
		.why = "The default refuses to delete what is referenced. Said in so many words, it is a decision.",
		.safe = "There is an ON DELETE clause.",
		.bad = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p NOT VALID;",
		.good = "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p ON DELETE RESTRICT NOT VALID;",
	},
	{0}
};
