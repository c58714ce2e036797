/*-------------------------------------------------------------------------
 *
 * histories.c
 *	  Finding the history tables of other tools in this database.
 *
 * A history table is recognised by its columns, as every tool lets its users
 * rename it.  It belongs to somebody else and may be made to harm its reader:
 * it is read with the rights of the caller, under a search_path in which no
 * user's object can stand, its columns must be of the server's own types, no
 * policy of it is evaluated, and views and what foreign servers send are not
 * taken.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "histories.h"

/* How many tables an error lists. */
#define SHOWN_TABLES 10

/*
 * Reading as the caller
 */

/* Any role may set these. */
static void
set_for_reading(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/* From here to mig_caller_end the caller's settings cannot turn our SQL around. */
int
mig_caller_begin(void)
{
	int			guc_level = NewGUCNestLevel();

	set_for_reading("search_path", "pg_catalog, pg_temp");
	set_for_reading("standard_conforming_strings", "on");
	/* a part of a history is none, and policies are somebody else's code */
	set_for_reading("row_security", "off");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI"); /* cannot happen */
	return guc_level;
}

void
mig_caller_end(int guc_level)
{
	SPI_finish();
	AtEOXact_GUC(false, guc_level);
}

/* Runs a query, of what is committed now; returns how many rows it found. */
uint64
mig_caller_query(const char *sql, MigParams *params)
{
	MigParams	none = {0};
	int			result;

	if (params == NULL)
		params = &none;
	result = SPI_execute_with_args(sql, params->n, params->types,
								   params->values, params->nulls, false, 0);
	if (result < 0)
		elog(ERROR, "could not execute \"%s\"", sql);	/* cannot happen */
	return SPI_processed;
}

/* A column of the result in another context; NULL stays NULL. */
char *
mig_caller_column(MemoryContext context, uint64 row, int column)
{
	char	   *value = mig_col_text(row, column);

	return value ? MemoryContextStrdup(context, value) : NULL;
}

/*
 * Finding tables
 */

/* A type of somebody's own has no category here. */
#define CANDIDATES \
	"SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text," \
	" array_agg(a.attname || '/' || CASE WHEN t.typtype = 'b'" \
	" AND t.typnamespace = 'pg_catalog'::regnamespace" \
	" THEN t.typcategory::text ELSE '?' END)," \
	" EXISTS (SELECT FROM pg_class r WHERE r.relname = 'ar_internal_metadata'" \
	" AND r.relnamespace = n.oid)" \
	" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" \
	" JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0" \
	" AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid" \
	" WHERE "
#define CANDIDATES_ORDER \
	" GROUP BY c.oid, n.oid ORDER BY n.nspname, c.relname"

/* Runs a query for candidates. */
static List *
find_candidates(const char *sql, MigParams *params)
{
	MemoryContext context = CurrentMemoryContext;
	int			guc_level = mig_caller_begin();
	uint64		rows = mig_caller_query(sql, params);
	List	   *result = NIL;

	for (uint64 i = 0; i < rows; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(context);
		MigCandidate *candidate = palloc0(sizeof(MigCandidate));

		candidate->relid = (Oid) mig_col_int8(i, 1, InvalidOid);
		candidate->schema = mig_caller_column(context, i, 2);
		candidate->table = mig_caller_column(context, i, 3);
		candidate->relkind = *mig_col_text(i, 4);
		candidate->columns = mig_col_text_list(i, 5);
		candidate->beside_rails = mig_col_bool(i, 6);
		result = lappend(result, candidate);
		MemoryContextSwitchTo(spi);
	}
	mig_caller_end(guc_level);
	return result;
}

/* The candidates that have one of the names that tell. */
List *
mig_histories_with(List *names)
{
	MigParams	params = {0};

	mig_param_text_array(&params, names);
	return find_candidates(CANDIDATES
						   "c.oid IN (SELECT attrelid FROM pg_attribute"
						   " WHERE attname = ANY ($1) AND attnum > 0)"
						   " AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
						   " AND c.relpersistence <> 't' AND n.nspname NOT IN"
						   " ('pg_catalog', 'information_schema', 'migrate')"
						   CANDIDATES_ORDER, &params);
}

/* That one table. */
static MigCandidate *
candidate_of(Oid relid)
{
	MigParams	params = {0};
	List	   *found;

	mig_param_int8(&params, relid);
	found = find_candidates(CANDIDATES "c.oid = $1::oid" CANDIDATES_ORDER,
							&params);
	return found ? linitial(found) : NULL;
}

/* Are all of the tool's columns there, and if it says so, no others? */
bool
mig_history_has_columns(const MigCandidate *candidate, const MigTool *tool)
{
	char	   *columns = pstrdup(tool->columns);
	char	   *rest;
	int			count = 0;

	for (char *column = strtok_r(columns, " ", &rest); column != NULL;
		 column = strtok_r(NULL, " ", &rest))
	{
		bool		found = false;
		ListCell   *lc;

		foreach(lc, candidate->columns)
			found |= strcmp(lfirst(lc), column) == 0;
		if (!found)
			return false;
		count++;
	}
	return !tool->exact || count == list_length(candidate->columns);
}

/* Where the columns tell too little, does what is around tell the rest? */
static bool
has_surroundings(const MigCandidate *candidate, const MigTool *tool)
{
	if (tool->table != NULL &&
		strstr(psprintf("%s.%s", candidate->schema, candidate->table),
			   tool->table) == NULL)
		return false;
	return strcmp(tool->name, "rails") != 0 || candidate->beside_rails;
}

static MigForeignTable *
make_table(const MigCandidate *candidate, const MigTool *tool)
{
	MigForeignTable *table = palloc0(sizeof(MigForeignTable));

	table->tool = tool;
	table->relid = candidate->relid;
	table->schema = candidate->schema;
	table->table = candidate->table;
	table->name = quote_qualified_identifier(table->schema, table->table);
	return table;
}

/*
 * The tools whose history a table may be, as tables.  'tool': that one only.
 * 'strict': the one that it is most of all, if its surroundings say so too.
 */
static List *
recognise(const MigCandidate *candidate, const char *tool, bool strict)
{
	List	   *result = NIL;

	for (int i = 0; i < mig_tools_count; i++)
	{
		const MigTool *known = &mig_tools[i];

		if ((!strict && tool != NULL && strcmp(known->name, tool) != 0) ||
			!mig_history_has_columns(candidate, known) ||
			(strict && !has_surroundings(candidate, known)))
			continue;
		if (!strict)
			result = lappend(result, make_table(candidate, known));
		else if (tool == NULL || strcmp(known->name, tool) == 0)
			return list_make1(make_table(candidate, known));
		else
			return NIL;
	}
	return result;
}

/* All tables that may be histories. */
List *
mig_histories_find(const char *tool, bool strict)
{
	List	   *names = NIL;
	List	   *result = NIL;
	ListCell   *lc;

	for (int i = 0; i < mig_tools_count; i++)
		if (tool == NULL || strcmp(mig_tools[i].name, tool) == 0)
			names = lappend(names, pnstrdup(mig_tools[i].columns,
											strcspn(mig_tools[i].columns, "/")));
	if (names == NIL)
		return NIL;
	foreach(lc, mig_histories_with(names))
		result = list_concat(result, recognise(lfirst(lc), tool, strict));
	return result;
}

/*
 * Choosing one
 */

/* The tools by name, for a hint. */
static char *
known_tools(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < mig_tools_count; i++)
		if (i == 0 || strcmp(mig_tools[i].name, mig_tools[i - 1].name) != 0)
			appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "",
							 mig_tools[i].name);
	return names.data;
}

/* What a category of types is called. */
static const char *
category_name(char category)
{
	switch (category)
	{
		case TYPCATEGORY_NUMERIC:
			return "number";
		case TYPCATEGORY_STRING:
			return "text";
		case TYPCATEGORY_DATETIME:
			return "time";
		case TYPCATEGORY_BOOLEAN:
			return "boolean";
		case '?':
			return "a type of its own";
		default:
			return "other";
	}
}

/* Columns as name (kind), ... */
static void
append_columns(StringInfo list, const char *columns)
{
	char	   *copy = pstrdup(columns);
	char	   *rest;
	bool		first = true;

	for (char *column = strtok_r(copy, " ", &rest); column != NULL;
		 column = strtok_r(NULL, " ", &rest))
	{
		char	   *category = strrchr(column, '/');

		appendStringInfo(list, "%s%.*s (%s)", first ? "" : ", ",
						 (int) (category - column), column,
						 category_name(category[1]));
		first = false;
	}
}

/* The columns by which a tool's table is told, for an error's detail. */
static char *
expected_columns(const char *tool)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < mig_tools_count; i++)
	{
		if (strcmp(mig_tools[i].name, tool) != 0)
			continue;
		if (list.len > 0)
			appendStringInfoString(&list, "; or ");
		append_columns(&list, mig_tools[i].columns);
		if (mig_tools[i].exact)
			appendStringInfoString(&list, " and no others");
	}
	return list.data;
}

/* The columns that a table has. */
static char *
present_columns(const MigCandidate *candidate)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, candidate->columns)
	{
		char	   *column = pstrdup(lfirst(lc));
		char	   *category = strrchr(column, '/');

		*category = '\0';
		appendStringInfo(&list, "%s%s (%s)", list.len > 0 ? ", " : "", column,
						 category_name(category[1]));
	}
	return list.data;
}

/* Several tables, or tools for a table; which one is not ours to choose. */
static void
report_ambiguous(List *tables)
{
	const MigForeignTable *first = linitial(tables);
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, tables)
	{
		const MigForeignTable *table = lfirst(lc);

		if (foreach_current_index(lc) == SHOWN_TABLES)
		{
			appendStringInfo(&list, "\nand %d more",
							 list_length(tables) - SHOWN_TABLES);
			break;
		}
		appendStringInfo(&list, "%s%s of %s", list.len > 0 ? "\n" : "",
						 table->name, table->tool->name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
			 errmsg("there are several histories that could be adopted"),
			 errdetail("%s.", list.data),
			 errhint("Say which: SELECT * FROM migrate.adopt('%s', history_table => %s);",
					 first->tool->name, quote_literal_cstr(first->name))));
}

/* No table is that tool's, or any tool's. */
static void
report_no_table(const char *tool)
{
	if (tool == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("no history table of another tool was found in database \"%s\"",
						get_database_name(MyDatabaseId)),
				 errhint("If it has been changed, name it: SELECT * FROM migrate.adopt('tool', history_table => 'schema.table');")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("no history table of %s was found in database \"%s\"", tool,
					get_database_name(MyDatabaseId)),
			 errdetail("A table with these columns is looked for: %s.",
					   expected_columns(tool)),
			 errhint("Connect to the database that %s was used on.", tool)));
}

/*
 * There are tables, but none of the tool of the files: they may be those of
 * other applications, whose versions are not these.
 */
static void
report_other_tools(const char *layout, List *tables)
{
	const MigForeignTable *first = linitial(tables);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("no history table of %s was found in database \"%s\"",
					layout, get_database_name(MyDatabaseId)),
			 errdetail("The files were loaded in layout \"%s\"; table %s is the history of %s.",
					   layout, first->name, first->tool->name),
			 errhint("If it is the history of these files, run SELECT * FROM migrate.adopt('%s');",
					 first->tool->name)));
}

/* The table is not that tool's, or no tool's. */
static void
report_unrecognised(const MigCandidate *candidate, const char *tool)
{
	char	   *name = quote_qualified_identifier(candidate->schema,
												  candidate->table);

	if (tool == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table %s is not the history of a tool that is known here",
						name),
				 errdetail("It has columns %s.", present_columns(candidate)),
				 errhint("The tools are %s.", known_tools())));
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("table %s is not a history of %s", name, tool),
			 errdetail("It has columns %s.", present_columns(candidate)),
			 errhint("The columns that are expected are: %s.",
					 expected_columns(tool))));
}

/* What would run code of somebody else when it is read. */
static void
check_kind(const MigCandidate *candidate)
{
	ListCell   *lc;

	if (candidate->relkind != RELKIND_RELATION &&
		candidate->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is not a table",
						quote_qualified_identifier(candidate->schema,
												   candidate->table)),
				 errdetail("Views, foreign tables and the like are not taken for a history."),
				 errhint("Name the table itself.")));
	foreach(lc, find_all_inheritors(candidate->relid, AccessShareLock, NULL))
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_FOREIGN_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("a part of table %s is a foreign table",
							quote_qualified_identifier(candidate->schema,
													   candidate->table)),
					 errhint("Copy the history into a table and name that.")));
}

/* The table that the caller names. */
static MigForeignTable *
choose_given(const char *tool, Oid relid, const char *layout)
{
	MigCandidate *candidate = candidate_of(relid);
	List	   *tables;

	if (candidate == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table with OID %u does not exist or has no columns",
						relid),
				 errhint("Name the history table: history_table => 'schema.table'.")));
	check_kind(candidate);
	tables = recognise(candidate, tool, false);
	/* of those that it may be, the one of the files, else the likeliest */
	if (list_length(tables) > 1)
	{
		ListCell   *lc;

		foreach(lc, tables)
			if (layout != NULL && strcmp(((MigForeignTable *) lfirst(lc))->tool->name, layout) == 0)
				return lfirst(lc);
		if (recognise(candidate, NULL, true) != NIL)
			tables = recognise(candidate, NULL, true);
	}
	if (tables == NIL)
		report_unrecognised(candidate, tool);
	if (list_length(tables) > 1)
		report_ambiguous(tables);
	return linitial(tables);
}

/*
 * The history table to adopt.  'layout': that of the project's files, whose
 * tool comes first if none is named; NULL: not known.
 */
MigForeignTable *
mig_histories_choose(const char *tool, Oid history_table, const char *layout)
{
	List	   *tables = NIL;
	MigForeignTable *table;

	if (tool != NULL && !mig_tool_is_known(tool))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized tool \"%s\"", tool),
				 errhint("The tools are %s.", known_tools())));
	if (OidIsValid(history_table))
		return choose_given(tool, history_table, layout);
	if (tool != NULL)
	{
		tables = mig_histories_find(tool, true);
		if (tables == NIL)
			tables = mig_histories_find(tool, false);
	}
	else
	{
		if (layout != NULL)
			tables = mig_histories_find(layout, true);
		if (tables == NIL)
		{
			tables = mig_histories_find(NULL, true);
			if (tables != NIL && layout != NULL && mig_tool_is_known(layout))
				report_other_tools(layout, tables);
		}
	}
	if (tables == NIL)
		report_no_table(tool);
	if (list_length(tables) > 1)
		report_ambiguous(tables);
	table = linitial(tables);
	check_kind(candidate_of(table->relid));
	return table;
}
