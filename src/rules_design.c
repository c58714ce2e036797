/*-------------------------------------------------------------------------
 *
 * rules_design.c
 *	  Lint rules: how tables are built.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "facts.h"
#include "facts_expression.h"
#include "guc.h"
#include "rule.h"

/* More than this is wide. */
#define MANY_COLUMNS	100
#define MANY_INDEXES	15

/* The constraint of that type in a column's definition; NULL: none. */
static Constraint *
constraint_of(const ColumnDef *column, ConstrType type)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype == type)
			return constraint;
	}
	return NULL;
}

/* The table whose column is being defined, as the statement names it. */
static RangeVar *
table_of_column(const MigLint *lint)
{
	return IsA(lint->stmt, CreateStmt) ? ((CreateStmt *) lint->stmt)->relation :
		((AlterTableStmt *) lint->stmt)->relation;
}

static bool
is_temporary(const MigLint *lint)
{
	return table_of_column(lint)->relpersistence == RELPERSISTENCE_TEMP ||
		(lint->rel != NULL && lint->rel->persistence == RELPERSISTENCE_TEMP);
}

/* The statement with something more at the end of the column's definition. */
static char *
with_column_constraint(MigLint *lint, const char *added)
{
	int			end = mig_lint_source_end(lint, lint->column->location);

	return mig_lint_edited(lint, mig_lint_edit(NIL, end, end,
											   psprintf(" %s", added)));
}

/*
 * Width
 */

static void
report_width(MigLint *lint, MigSeverity severity, const char *consequence)
{
	mig_lint_report(lint, &(MigReport) {
		.severity = severity,
		.object = lint->rel ? mig_rel_label(lint->rel) :
			mig_lint_range(table_of_column(lint)),
		.consequence = consequence,
	});
}

static void
report_columns(MigLint *lint, int used, int live)
{
	if (used > MaxHeapAttributeNumber)
		report_width(lint, MIG_SEVERITY_ERROR,
					 psprintf("fails, because a table can have %d columns, dropped ones counted",
							  MaxHeapAttributeNumber));
	else if (live > MANY_COLUMNS)
		report_width(lint, 0,
					 psprintf("makes it %d columns, all of which each UPDATE copies",
							  live));
}

static void
check_width_of_alter(MigLint *lint)
{
	int			added = 0;
	int			live = 0;
	ListCell   *lc;

	foreach(lc, ((AlterTableStmt *) lint->stmt)->cmds)
	{
		if (lfirst_node(AlterTableCmd, lc)->subtype == AT_AddColumn)
			added++;
	}
	if (added == 0 || lint->rel->assumed)
		return;
	foreach(lc, mig_rel_columns(lint->rel))
		live += ((MigColumn *) lfirst(lc))->name != NULL;
	report_columns(lint, list_length(mig_rel_columns(lint->rel)) + added,
				   live + added);
}

static void
check_wide_table(MigLint *lint)
{
	if (IsA(lint->stmt, CreateStmt))
	{
		int			n = 0;
		ListCell   *lc;

		foreach(lc, ((CreateStmt *) lint->stmt)->tableElts)
			n += IsA(lfirst(lc), ColumnDef);
		report_columns(lint, n, n);
	}
	else if (lint->rel == NULL)
		return;
	else if (IsA(lint->stmt, AlterTableStmt))
		check_width_of_alter(lint);
	else if (IsA(lint->stmt, IndexStmt) &&
			 list_length(mig_rel_indexes(lint->rel)) >= MANY_INDEXES)
		report_width(lint, 0,
					 psprintf("makes it %d indexes, to all of which each INSERT adds",
							  list_length(mig_rel_indexes(lint->rel)) + 1));
}

/*
 * Order of columns
 */

typedef struct Slot
{
	ColumnDef  *column;
	int			number;
	int			length;			/* -1: varies */
	int			align;
} Slot;

static int
bytes_of_alignment(char align)
{
	switch (align)
	{
		case TYPALIGN_DOUBLE:
			return MAXIMUM_ALIGNOF;
		case TYPALIGN_INT:
			return ALIGNOF_INT;
		case TYPALIGN_SHORT:
			return ALIGNOF_SHORT;
		default:
			return 1;
	}
}

/* The columns of the statement; NIL: the type of one is not known. */
static List *
slots_of(MigLint *lint, const CreateStmt *stmt)
{
	List	   *slots = NIL;
	ListCell   *lc;

	foreach(lc, stmt->tableElts)
	{
		ColumnDef  *column = lfirst(lc);
		Slot	   *slot;
		int16		length;
		bool		by_value;
		char		align;
		int32		typmod;
		Oid			type;

		if (!IsA(column, ColumnDef))
			continue;
		if (column->typeName == NULL)
			return NIL;
		type = mig_fact_type(lint->shadow, column->typeName, &typmod);
		if (!OidIsValid(type))
			return NIL;
		get_typlenbyvalalign(type, &length, &by_value, &align);
		slot = palloc(sizeof(Slot));
		slot->column = column;
		slot->number = list_length(slots);
		slot->length = length;
		slot->align = bytes_of_alignment(align);
		slots = lappend(slots, slot);
	}
	return slots;
}

/* Bytes of the fixed part of a row in this order. */
static int
fixed_bytes(List *slots)
{
	int			bytes = 0;
	ListCell   *lc;

	foreach(lc, slots)
	{
		Slot	   *slot = lfirst(lc);

		if (slot->length < 0)
			continue;
		bytes = TYPEALIGN(slot->align, bytes) + slot->length;
	}
	return MAXALIGN(bytes);
}

/* Large alignments first, what varies last; otherwise as it is. */
static int
compare_slots(const ListCell *a, const ListCell *b)
{
	const Slot *left = lfirst(a);
	const Slot *right = lfirst(b);

	if ((left->length < 0) != (right->length < 0))
		return left->length < 0 ? 1 : -1;
	if (left->length >= 0 && left->align != right->align)
		return right->align - left->align;
	return left->number - right->number;
}

static void
check_column_order(MigLint *lint)
{
	CreateStmt *stmt = (CreateStmt *) lint->stmt;
	List	   *slots;
	List	   *sorted;
	List	   *edits = NIL;
	int			saved;

	if (!IsA(stmt, CreateStmt) || is_temporary(lint))
		return;
	slots = slots_of(lint, stmt);
	sorted = list_copy(slots);
	list_sort(sorted, compare_slots);
	saved = fixed_bytes(slots) - fixed_bytes(sorted);
	if (saved <= 0)
		return;
	for (int i = 0; i < list_length(slots); i++)
	{
		int			here = ((Slot *) list_nth(slots, i))->column->location;
		int			other = ((Slot *) list_nth(sorted, i))->column->location;

		edits = mig_lint_edit(edits, mig_lint_offset(lint, here),
							  mig_lint_source_end(lint, here),
							  mig_lint_source(lint, other));
	}
	mig_lint_report(lint, &(MigReport) {
		.location = stmt->relation->location,
		.object = mig_lint_range(stmt->relation),
		.consequence = psprintf("%d bytes of each row are padding between columns",
								saved),
		.rewrite = mig_lint_edited(lint, edits),
	});
}

/*
 * What a table should have when the set is done
 */

typedef struct Made
{
	MigLintPlace *place;
	const char *schema;
	const char *name;
	const char *rewrite;
} Made;

typedef struct MadeMemory
{
	List	   *made;			/* of Made * */
} MadeMemory;

/* Remembers a table that is created, with what would be proposed. */
static void
remember_made(MigLint *lint, const CreateStmt *stmt, const char *rewrite)
{
	MadeMemory *memory = mig_lint_memory(lint, sizeof(MadeMemory));
	MemoryContext caller = MemoryContextSwitchTo(lint->context);
	Made	   *made = palloc0(sizeof(Made));

	made->place = mig_lint_place(lint, stmt->relation->location);
	made->schema = pstrdup(mig_shadow_creation_schema(lint->shadow,
													  stmt->relation));
	made->name = pstrdup(stmt->relation->relname);
	made->rewrite = rewrite ? pstrdup(rewrite) : NULL;
	memory->made = lappend(memory->made, made);
	MemoryContextSwitchTo(caller);
}

/* May a table of this statement do without a key or comment of its own? */
static bool
is_of_no_interest(MigLint *lint, const CreateStmt *stmt)
{
	return stmt->relation->relpersistence == RELPERSISTENCE_TEMP ||
		stmt->partbound != NULL || stmt->inhRelations != NIL ||
		(stmt->if_not_exists &&
		 mig_shadow_find(lint->shadow, stmt->relation, 0) != NULL);
}

/* The statement with a key. */
static char *
with_primary_key(MigLint *lint, const CreateStmt *stmt)
{
	const char *name = mig_lint_range(stmt->relation);
	int			start;
	int			end;
	ListCell   *lc;

	foreach(lc, stmt->tableElts)
	{
		ColumnDef  *column = lfirst(lc);

		if (IsA(column, ColumnDef) && strcmp(column->colname, "id") == 0)
			return psprintf("%s;\nALTER TABLE %s ADD PRIMARY KEY (id);",
							mig_lint_text(lint), name);
	}
	if (!mig_lint_find_word(lint, 0, "(", &start, &end))
		return NULL;
	return mig_lint_edited(lint, mig_lint_edit(NIL, end, end,
											   psprintf("id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY%s",
														stmt->tableElts ? ", " : "")));
}

static void
check_primary_key(MigLint *lint)
{
	MadeMemory *memory = mig_lint_memory(lint, sizeof(MadeMemory));
	CreateStmt *stmt = (CreateStmt *) lint->stmt;
	ListCell   *lc;

	if (lint->moment != MIG_ON_SET_END)
	{
		if (IsA(stmt, CreateStmt) && !is_of_no_interest(lint, stmt))
			remember_made(lint, stmt, with_primary_key(lint, stmt));
		return;
	}
	foreach(lc, memory->made)
	{
		Made	   *made = lfirst(lc);
		MigRel	   *rel = mig_shadow_find_named(lint->shadow, made->schema,
												made->name);

		if (rel == NULL || mig_rel_primary_key(rel) != NULL)
			continue;
		mig_lint_report(lint, &(MigReport) {
			.place = made->place,
			.object = mig_rel_label(rel),
			.consequence = psprintf("rows of %s cannot be told apart: no foreign key can reference them, and logical replication cannot update them",
									mig_rel_label(rel)),
			.rewrite = made->rewrite,
		});
	}
}

typedef struct CommentMemory
{
	MadeMemory	made;
	List	   *commented;		/* of char *: schema.name */
} CommentMemory;

static void
remember_comment(MigLint *lint, CommentMemory *memory)
{
	CommentStmt *stmt = (CommentStmt *) lint->stmt;
	MigRel	   *rel;
	MemoryContext caller;

	if (stmt->objtype != OBJECT_TABLE || stmt->comment == NULL)
		return;
	rel = mig_shadow_find_list(lint->shadow, castNode(List, stmt->object), 0);
	if (rel == NULL)
		return;
	caller = MemoryContextSwitchTo(lint->context);
	memory->commented = lappend(memory->commented, pstrdup(mig_rel_label(rel)));
	MemoryContextSwitchTo(caller);
}

static bool
is_commented(const CommentMemory *memory, const char *label)
{
	ListCell   *lc;

	foreach(lc, memory->commented)
	{
		if (strcmp(lfirst(lc), label) == 0)
			return true;
	}
	return false;
}

static void
check_comment(MigLint *lint)
{
	CommentMemory *memory = mig_lint_memory(lint, sizeof(CommentMemory));
	CreateStmt *stmt = (CreateStmt *) lint->stmt;
	ListCell   *lc;

	if (lint->moment != MIG_ON_SET_END)
	{
		if (IsA(stmt, CommentStmt))
			remember_comment(lint, memory);
		else if (IsA(stmt, CreateStmt) && !is_of_no_interest(lint, stmt))
			remember_made(lint, stmt,
						  psprintf("%s;\nCOMMENT ON TABLE %s IS 'what a row of it stands for';",
								   mig_lint_text(lint),
								   mig_lint_range(stmt->relation)));
		return;
	}
	foreach(lc, memory->made.made)
	{
		Made	   *made = lfirst(lc);
		MigRel	   *rel = mig_shadow_find_named(lint->shadow, made->schema,
												made->name);

		if (rel == NULL || is_commented(memory, mig_rel_label(rel)))
			continue;
		mig_lint_report(lint, &(MigReport) {
			.place = made->place,
			.object = mig_rel_label(rel),
			.consequence = psprintf("nobody can look up what %s is for",
									mig_rel_label(rel)),
			.rewrite = made->rewrite,
		});
	}
}

/*
 * Columns
 */

/* The type that the server itself has by this name. */
static bool
is_type(MigLint *lint, Oid type)
{
	int32		typmod;

	return lint->column->typeName != NULL &&
		lint->column->typeName->arrayBounds == NIL &&
		mig_fact_type(lint->shadow, lint->column->typeName, &typmod) == type;
}

/* Does a CHECK of the table mention the column?  Its words are looked at. */
static bool
is_checked_by_table(MigLint *lint)
{
	ListCell   *lc;
	List	   *elements = NIL;

	if (IsA(lint->stmt, CreateStmt))
		elements = ((CreateStmt *) lint->stmt)->tableElts;
	else
	{
		foreach(lc, ((AlterTableStmt *) lint->stmt)->cmds)
		{
			AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

			if (command->subtype == AT_AddConstraint)
				elements = lappend(elements, command->def);
		}
	}
	foreach(lc, elements)
	{
		Constraint *constraint = lfirst(lc);

		if (IsA(constraint, Constraint) && constraint->contype == CONSTR_CHECK &&
			strstr(mig_lint_source(lint, constraint->location),
				   lint->column->colname) != NULL)
			return true;
	}
	return false;
}

static void
check_text_limit(MigLint *lint)
{
	const char *limit;

	if (is_temporary(lint) || !is_type(lint, TEXTOID) ||
		constraint_of(lint->column, CONSTR_CHECK) != NULL ||
		constraint_of(lint->column, CONSTR_GENERATED) != NULL ||
		is_checked_by_table(lint))
		return;
	limit = psprintf("CHECK (char_length(%s) <= 255)",
					 quote_identifier(lint->column->colname));
	mig_lint_report(lint, &(MigReport) {
		.location = lint->column->location,
		.object = mig_lint_column_label(lint, lint->column->colname),
		.consequence = psprintf("a value of %s can have up to 1 GB",
								quote_identifier(lint->column->colname)),
		.rewrite = IsA(lint->stmt, CreateStmt) ?
			with_column_constraint(lint, limit) :
			mig_lint_append(lint, psprintf(", ADD %s NOT VALID", limit)),
	});
}

static void
check_boolean(MigLint *lint)
{
	ColumnDef  *column = lint->column;
	bool		required = constraint_of(column, CONSTR_NOTNULL) != NULL ||
		constraint_of(column, CONSTR_PRIMARY) != NULL;

	if (is_temporary(lint) || !is_type(lint, BOOLOID) || required ||
		constraint_of(column, CONSTR_GENERATED) != NULL)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = column->location,
		.object = mig_lint_column_label(lint, column->colname),
		.consequence = psprintf("%s is true, false or null, and conditions take null for neither",
								quote_identifier(column->colname)),
		.rewrite = with_column_constraint(lint,
										  constraint_of(column, CONSTR_DEFAULT) ?
										  "NOT NULL" : "NOT NULL DEFAULT false"),
	});
}

/*
 * Columns that every table has
 */

typedef struct NewTable
{
	const char *schema;
	const char *name;
	MigLintPlace *place;
} NewTable;

typedef struct NewTables
{
	List	   *tables;			/* of NewTable * */
} NewTables;

/* Remembers a table whose columns the script itself says. */
static void
remember_table(MigLint *lint, NewTables *memory)
{
	CreateStmt *stmt = (CreateStmt *) lint->stmt;
	MemoryContext caller;
	NewTable   *table;
	const char *schema;

	if (!IsA(stmt, CreateStmt) || stmt->partbound != NULL ||
		stmt->ofTypename != NULL || lint->body == MIG_BODY_ROUTINE ||
		stmt->relation->relpersistence == RELPERSISTENCE_TEMP)
		return;
	schema = mig_shadow_creation_schema(lint->shadow, stmt->relation);
	if (schema == NULL ||
		mig_shadow_find_named(lint->shadow, schema, stmt->relation->relname))
		return;
	caller = MemoryContextSwitchTo(lint->context);
	table = palloc(sizeof(NewTable));
	table->schema = pstrdup(schema);
	table->name = pstrdup(stmt->relation->relname);
	table->place = mig_lint_place(lint, 0);
	memory->tables = lappend(memory->tables, table);
	MemoryContextSwitchTo(caller);
}

/* A type as a string; what is wrong with it is an error. */
typedef struct TypeText
{
	const char *text;
	TypeName   *type;
} TypeText;

static void
parse_type(void *arg)
{
	TypeText   *text = arg;

	text->type = linitial_node(TypeName, raw_parser(text->text,
													RAW_PARSE_TYPE_NAME));
}

/* What is wrong with the table's column of that name; NULL: nothing. */
static char *
column_complaint(MigLint *lint, MigRel *rel, const char *name, const char *type)
{
	MigColumn  *column = mig_rel_column(rel, name);
	TypeText	text = {.text = type};
	Oid			wanted;
	Oid			is;
	int32		wanted_typmod;
	int32		typmod;

	if (column == NULL)
		return psprintf("has no column %s%s%s", quote_identifier(name),
						type ? " " : "", type ? type : "");
	if (type == NULL || !mig_fact_try(lint->shadow, parse_type, &text))
		return NULL;
	wanted = mig_fact_type(lint->shadow, text.type, &wanted_typmod);
	is = column->type;
	typmod = column->typmod;
	if (!OidIsValid(is) && column->definition != NULL &&
		column->definition->typeName != NULL)
		is = mig_fact_type(lint->shadow, column->definition->typeName, &typmod);
	if (!OidIsValid(wanted) || !OidIsValid(is) ||
		(wanted == is && (wanted_typmod < 0 || wanted_typmod == typmod)))
		return NULL;
	return psprintf("column %s is %s, not %s", quote_identifier(name),
					format_type_with_typemod(is, typmod), type);
}

static void
report_table(MigLint *lint, const NewTable *table, MigRel *rel)
{
	char	   *rest = pstrdup(mig_lint_required_columns);
	char	   *name;
	char	   *type;
	StringInfoData complaints;

	initStringInfo(&complaints);
	while (rest != NULL && mig_guc_required_column(&rest, &name, &type))
	{
		char	   *complaint = column_complaint(lint, rel, name, type);

		if (complaint != NULL)
			appendStringInfo(&complaints, "%s%s",
							 complaints.len > 0 ? ", " : "", complaint);
	}
	if (complaints.len > 0)
		mig_lint_report(lint, &(MigReport) {
			.place = table->place,
			.object = mig_rel_label(rel),
			.consequence = psprintf("differs from migrate.lint_required_columns: %s",
									complaints.data),
		});
}

/* At the end of the script: later statements of it may have added some. */
static void
check_required(MigLint *lint)
{
	NewTables  *memory;
	ListCell   *lc;

	if (mig_lint_required_columns[strspn(mig_lint_required_columns, " \t\r\n")] == '\0')
		return;
	memory = mig_lint_memory(lint, sizeof(NewTables));
	if (lint->moment == MIG_ON_STATEMENT)
	{
		remember_table(lint, memory);
		return;
	}
	foreach(lc, memory->tables)
	{
		NewTable   *table = lfirst(lc);
		MigRel	   *rel = mig_shadow_find_named(lint->shadow, table->schema,
												table->name);

		if (rel != NULL && !rel->open)
			report_table(lint, table, rel);
	}
	memory->tables = NIL;
}

const MigRule mig_rules_design[] = {
	{
		.name = "wide-table",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_wide_table,
		.help = "a table with very many columns or indexes",
		.why = "Each UPDATE copies all columns and most add to all indexes. A table can have 1600 columns, those that were dropped counted.",
		.safe = "It has up to 100 columns and 15 indexes.",
		.bad = "ALTER TABLE wide ADD COLUMN c101 int;",
		.good = "ALTER TABLE t ADD COLUMN c101 int;",
	},
	{
		.name = "suboptimal-column-order",
		.severity = MIG_SEVERITY_NOTICE,
		.moments = MIG_ON_STATEMENT,
		.check = check_column_order,
		.help = "padding between columns that another order would save",
		.why = "A value begins at a multiple of its alignment; what is skipped is stored in each row.",
		.safe = "No other order of the columns makes the rows shorter.",
		.bad = "CREATE TABLE n(f bool, id bigint, g bool, h bigint);",
		.good = "CREATE TABLE n(id bigint, h bigint, f bool, g bool);",
	},
	{
		.name = "require-primary-key",
		.severity = MIG_SEVERITY_NOTICE,
		.moments = MIG_ON_STATEMENT | MIG_ON_SET_END,
		.check = check_primary_key,
		.help = "a table without a primary key",
		.why = "Rows that nothing tells apart cannot be referenced, de-duplicated or replicated.",
		.safe = "A later statement of the set adds one; temporary tables, partitions and inheriting tables.",
		.bad = "CREATE TABLE n(a int);",
		.good = "CREATE TABLE n(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int);",
	},
	{
		.name = "missing-comment",
		.severity = MIG_SEVERITY_NOTICE,
		.moments = MIG_ON_STATEMENT | MIG_ON_SET_END,
		.check = check_comment,
		.help = "a table without a comment",
		.why = "A comment in the catalog is where everybody finds what the table is for.",
		.safe = "A later statement of the set comments on it; temporary tables, partitions and inheriting tables.",
		.bad = "CREATE TABLE n(id bigint PRIMARY KEY);",
		.good = "CREATE TABLE n(id bigint PRIMARY KEY); COMMENT ON TABLE n IS 'what a row of it stands for';",
	},
	{
		.name = "text-without-limit",
		.severity = MIG_SEVERITY_NOTICE,
		.moments = MIG_ON_COLUMN,
		.check = check_text_limit,
		.help = "a text column without a limit of its length",
		.why = "Without a CHECK a client can store a gigabyte in it.",
		.safe = "A CHECK has to do with the column; temporary tables.",
		.bad = "CREATE TABLE n(b text);",
		.good = "CREATE TABLE n(b text CHECK (char_length(b) <= 255));",
	},
	{
		.name = "three-state-boolean",
		.severity = MIG_SEVERITY_NOTICE,
		.moments = MIG_ON_COLUMN,
		.check = check_boolean,
		.help = "a boolean column that can be null",
		.why = "A third state is rarely meant: WHERE NOT f does not find the nulls.",
		.safe = "The column is NOT NULL; temporary tables.",
		.bad = "ALTER TABLE t ADD COLUMN f boolean;",
		.good = "ALTER TABLE t ADD COLUMN f boolean NOT NULL DEFAULT false;",
	},
	{
		.name = "required-columns",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_SCRIPT_END,
		.check = check_required,
		.help = "a new table lacks a column that all tables should have",
		.why = "Audits, replication and generic code rely on columns that every table has; which ones, migrate.lint_required_columns says.",
		.safe = "The setting is empty, as it is by default, or a later statement of the script adds the column; temporary tables and partitions.",
		.bad = "SET migrate.lint_required_columns = 'id, created_at timestamptz'; CREATE TABLE n(id int PRIMARY KEY);",
		.good = "CREATE TABLE n(id int PRIMARY KEY, created_at timestamptz);",
	},
	{0}
};
