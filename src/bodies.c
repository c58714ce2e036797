/*-------------------------------------------------------------------------
 *
 * bodies.c
 *	  The statements in the bodies of functions, procedures and DO blocks.
 *
 * The grammar of the body's language says what its statements are: the
 * server's own for SQL, PL/pgSQL's for PL/pgSQL.  Nothing of a body is
 * executed, and a question leaves nothing behind: it is asked in a
 * subtransaction that is rolled back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"

#include "bodies.h"
#include "plpgsql_body.h"
#include "scan.h"
#include "text.h"

/* Where in a body the next statement is looked for. */
typedef struct Place
{
	const char *body;
	int			location;
	int			line;			/* of the location, from 1 */
	int			statement;		/* line of the last statement of PL/pgSQL */
} Place;

/* ----------------------------------------------------------------
 * Where the body is
 * ----------------------------------------------------------------
 */

/* The length of what opens a string constant. */
static int
opening(const char *constant)
{
	const char *quote;

	if (*constant == '$')
		return strchr(constant + 1, '$') - constant + 1;
	quote = strchr(constant, '\'');
	return quote != NULL ? quote - constant + 1 : 0;
}

/*
 * The offset of a string's first byte in a statement's text: of the first
 * constant with that value.
 */
static int
string_location(const char *text, const char *value)
{
	MigScan		scan;
	int			found = -1;

	mig_scan_begin(&scan, text);
	while (found < 0)
	{
		MigScanEvent event = mig_scan_next(&scan);

		if (event == MIG_SCAN_END || event == MIG_SCAN_FAILED)
			break;
		if (scan.token == MIG_TOKEN_SCONST &&
			strcmp(scan.value.str, value) == 0)
			found = scan.location + opening(text + scan.location);
	}
	mig_scan_end(&scan);
	return found;
}

/*
 * A body in quotes has its own quotes doubled, or other escapes: the places of
 * its statements are those in the text.
 */
static void
place_escaped(const MigBody *body, const char *text)
{
	const char *written = text + body->body_location;
	bool		escapes = body->body_location > 1 &&
		(written[-2] == 'E' || written[-2] == 'e');
	int			at = 0;
	int			offset = 0;
	ListCell   *lc;

	foreach(lc, body->statements)
	{
		MigBodyStatement *statement = lfirst(lc);
		int			location = statement->location;

		if (location < offset)
			continue;
		for (; offset < location && written[at] != '\0'; offset++)
			at += (written[at] == '\'' || (escapes && written[at] == '\\')) &&
				written[at + 1] != '\0' ? 2 : 1;
		statement->location = at;
		statement->as_written = statement->as_written &&
			strncmp(written + at, body->text + location,
					strlen(statement->text)) == 0;
	}
}

/* ----------------------------------------------------------------
 * Where the statements are
 * ----------------------------------------------------------------
 */

/* Goes on to a later location. */
static void
go_to(Place *place, int location)
{
	for (; place->location < location; place->location++)
	{
		if (place->body[place->location] == '\n')
			place->line++;
	}
}

/*
 * Goes to the line in which a statement of PL/pgSQL starts, unless this is
 * about the same one again.
 */
static void
go_to_line(Place *place, int line)
{
	if (line == place->statement)
		return;
	place->statement = line;
	/* what was found before is not what was meant */
	if (line < place->line)
	{
		place->location = 0;
		place->line = 1;
	}
	while (place->line < line)
	{
		const char *rest = place->body + place->location;
		int			len = strcspn(rest, "\n");

		if (rest[len] == '\0')
			break;
		go_to(place, place->location + len + 1);
	}
}

/*
 * Does the SQL stand here?  Where PL/pgSQL cut an INTO out, it left blanks, so
 * several of them may stand for anything; of PERFORM, it made SELECT.
 */
static bool
stands_at(const char *body, const MigPlSql *sql)
{
	const char *start = sql->text;

	if (sql->kind == MIG_PL_TRANSACTION)
		return pg_strncasecmp(body, start, strlen(start)) == 0;
	if (sql->kind == MIG_PL_PERFORM)
	{
		if (pg_strncasecmp(body, "PERFORM", strlen("PERFORM")) != 0)
			return false;
		body += strlen("PERFORM");
		start += strlen("SELECT");
	}
	for (const char *text = start; *text != '\0'; text++, body++)
	{
		if (*body == *text)
			continue;
		if (*body == '\0' || *text != ' ' || text == start ||
			(text[-1] != ' ' && text[1] != ' '))
			return false;
	}
	return true;
}

/* The location of the SQL from here on, or -1. */
static int
search(const Place *place, const MigPlSql *sql)
{
	for (int i = place->location; place->body[i] != '\0'; i++)
	{
		if (stands_at(place->body + i, sql))
			return i;
	}
	return -1;
}

/* What PL/pgSQL's grammar found in the body, with its place there. */
static MigBodyStatement *
locate(Place *place, const MigPlSql *sql)
{
	MigBodyStatement *statement = palloc0(sizeof(MigBodyStatement));
	int			location;

	/* what does not stand there is looked for to the end of the body */
	CHECK_FOR_INTERRUPTS();
	go_to_line(place, sql->line);
	location = search(place, sql);
	statement->text = sql->text;
	/* as long as what it stands for: the same locations in both */
	if (sql->kind == MIG_PL_PERFORM)
		statement->text = psprintf(" %s", sql->text);
	statement->location = location;
	statement->as_written = location >= 0;
	statement->line = sql->line;
	if (location >= 0)
	{
		go_to(place, location);
		statement->line = place->line;
		go_to(place, location + 1);
	}
	return statement;
}

/* ----------------------------------------------------------------
 * PL/pgSQL
 * ----------------------------------------------------------------
 */

/* The one value that an expression of PL/pgSQL computes; NULL: there are more. */
static Node *
expression_value(const RawStmt *raw)
{
	SelectStmt *select = (SelectStmt *) raw->stmt;

	if (IsA(select, PLAssignStmt))
		select = ((PLAssignStmt *) select)->val;
	if (!IsA(select, SelectStmt) || list_length(select->targetList) != 1 ||
		select->fromClause != NIL || select->whereClause != NULL ||
		select->withClause != NULL || select->op != SETOP_NONE)
		return NULL;
	return linitial_node(ResTarget, select->targetList)->val;
}

/*
 * Collects what a constant is, also if it is written as several.  A generated
 * one may be of very many: they lean to the left.
 */
static bool
collect_constants(Node *node, List **texts)
{
	for (;;)
	{
		A_Expr	   *expr = (A_Expr *) node;

		check_stack_depth();
		if (node == NULL)
			return false;
		if (IsA(node, A_Const) && !((A_Const *) node)->isnull &&
			IsA(&((A_Const *) node)->val, String))
		{
			*texts = lappend(*texts, strVal(&((A_Const *) node)->val));
			return true;
		}
		if (!IsA(node, A_Expr) || expr->kind != AEXPR_OP ||
			list_length(expr->name) != 1 ||
			strcmp(strVal(linitial(expr->name)), "||") != 0 ||
			!collect_constants(expr->rexpr, texts))
			return false;
		node = expr->lexpr;
	}
}

/* The text of a constant; NULL: it is none. */
static char *
constant_text(Node *node)
{
	List	   *texts = NIL;
	StringInfoData result;

	if (!collect_constants(node, &texts))
		return NULL;
	initStringInfo(&result);
	/* the last one came first */
	for (int i = list_length(texts) - 1; i >= 0; i--)
		appendStringInfoString(&result, list_nth(texts, i));
	return result.data;
}

static bool
calls_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall))
		return true;
	return raw_expression_tree_walker(node, calls_function, context);
}

/*
 * The statements of an SQL text that stands at 'location' of the body, on
 * 'line'.  Each gets its own text, as if it stood alone.
 */
static List *
parse_sql(const char *text, int location, int line)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, raw_parser(text, RAW_PARSE_DEFAULT))
	{
		RawStmt    *raw = lfirst_node(RawStmt, lc);
		const char *end = raw->stmt_len > 0 ?
			text + raw->stmt_location + raw->stmt_len : text + strlen(text);
		const char *start = mig_text_skip_blank(text + raw->stmt_location, end);
		MigBodyStatement *statement = palloc0(sizeof(MigBodyStatement));

		while (end > start && scanner_isspace(end[-1]))
			end--;
		statement->text = pnstrdup(start, end - start);
		statement->location = location + (start - text);
		statement->as_written = true;
		statement->line = line + mig_text_line_number(text, start - text) - 1;
		statement->raw = linitial_node(RawStmt, raw_parser(statement->text,
														   RAW_PARSE_DEFAULT));
		result = lappend(result, statement);
	}
	return result;
}

/*
 * EXECUTE: what it runs can be told if it is a constant.  Where each byte of
 * that stands can be told if it has no escapes.
 */
static List *
take_execute(const char *body, MigBodyStatement *statement, RawParseMode mode)
{
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(statement->text, mode));
	char	   *constant = constant_text(expression_value(raw));
	List	   *result;
	ListCell   *lc;

	if (constant == NULL)
	{
		statement->dynamic = true;
		statement->expression = statement->text;
		return list_make1(statement);
	}
	if (statement->location >= 0)
	{
		int			at = statement->location +
			opening(body + statement->location);

		if (strncmp(body + at, constant, strlen(constant)) == 0)
			return parse_sql(constant, at, statement->line);
	}
	result = parse_sql(constant, 0, statement->line);
	foreach(lc, result)
	{
		MigBodyStatement *made = lfirst(lc);

		made->location = statement->location;
		made->line = statement->line;
		made->as_written = false;
	}
	return result;
}

/* The statements that one find of PL/pgSQL's grammar comes to. */
static List *
take_plpgsql(Place *place, const MigPlSql *sql)
{
	MigBodyStatement *statement;

	/* most expressions call nothing, and need not be parsed to know it */
	if (sql->kind == MIG_PL_EXPRESSION && strchr(sql->text, '(') == NULL)
		return NIL;
	statement = locate(place, sql);
	if (sql->kind == MIG_PL_EXECUTE)
		return take_execute(place->body, statement, sql->mode);
	statement->raw = linitial_node(RawStmt,
								   raw_parser(statement->text, sql->mode));
	statement->commits = sql->kind == MIG_PL_TRANSACTION;
	if (sql->kind == MIG_PL_EXPRESSION)
	{
		if (IsA(statement->raw->stmt, PLAssignStmt))
			statement->raw->stmt = (Node *)
				((PLAssignStmt *) statement->raw->stmt)->val;
		if (!calls_function(statement->raw->stmt, NULL))
			return NIL;
	}
	return list_make1(statement);
}

static List *
plpgsql_statements(Node *stmt, const char *body)
{
	Place		place = {.body = body,.line = 1};
	List	   *found;
	List	   *result = NIL;
	ListCell   *lc;

	if (IsA(stmt, DoStmt))
		found = mig_plpgsql_block(body);
	else
		found = mig_plpgsql_routine((CreateFunctionStmt *) stmt, body);
	foreach(lc, found)
		result = list_concat(result, take_plpgsql(&place, lfirst(lc)));
	return result;
}

/* ----------------------------------------------------------------
 * BEGIN ATOMIC
 * ----------------------------------------------------------------
 */

/* One of them; RETURN, which only they may contain, becomes a SELECT. */
static List *
atomic_statement(const char *text, int start, int end)
{
	char	   *sql = pnstrdup(text + start, end - start);
	const char *first = mig_text_skip_blank(sql, sql + (end - start));

	if (pg_strncasecmp(first, "RETURN", strlen("RETURN")) == 0)
		memcpy(sql + (first - sql), "SELECT", strlen("SELECT"));
	return parse_sql(sql, start, mig_text_line_number(text, start));
}

/*
 * The statements of an SQL-standard body, in the text of the whole statement.
 * The grammar has parsed them already, but gives them no places: each starts
 * after BEGIN ATOMIC or a semicolon.
 */
static List *
atomic_statements(const char *text)
{
	List	   *result = NIL;
	MigScan		scan;
	int			start = -1;

	mig_scan_begin(&scan, text);
	for (;;)
	{
		MigScanEvent event = mig_scan_next(&scan);

		if (event == MIG_SCAN_END || event == MIG_SCAN_FAILED)
			break;
		if (scan.statement.bodies == 0)
			continue;
		if (start >= 0 && scan.token == ';')
			result = list_concat(result,
								 atomic_statement(text, start, scan.location));
		if (start < 0 || scan.token == ';')
			start = scan.token_end;
	}
	mig_scan_end(&scan);
	return result;
}

/* ----------------------------------------------------------------
 * Any language
 * ----------------------------------------------------------------
 */

/* What a DO or CREATE FUNCTION says of its language and its body. */
static void
read_options(List *options, MigBody *body)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "language") == 0)
			body->language = defGetString(option);
		else if (strcmp(option->defname, "as") == 0)
			body->text = IsA(option->arg, List) ?
				strVal(linitial((List *) option->arg)) : strVal(option->arg);
	}
}

/* The statements of a body whose language can be read. */
static List *
body_statements(Node *stmt, MigBody *body, const char *text)
{
	bool		atomic = body->text == text;
	List	   *result;
	int			level = mig_scan_begin_quiet();

	body->body_location = atomic ? 0 : string_location(text, body->text);
	if (atomic)
		result = atomic_statements(text);
	else if (strcmp(body->language, "plpgsql") == 0)
		result = plpgsql_statements(stmt, body->text);
	else
		result = parse_sql(body->text, 0, 1);
	mig_scan_end_quiet(level);
	return result;
}

/* Is this what is wrong with the body, and not with the session? */
static bool
is_of_body(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category != ERRCODE_OPERATOR_INTERVENTION &&
		category != ERRCODE_INSUFFICIENT_RESOURCES;
}

/* Looks into a body; a subtransaction takes back what that needs. */
static void
look_into(Node *stmt, MigBody *body, const char *text)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		body->statements = body_statements(stmt, body, text);
		if (body->body_location >= 0 &&
			strncmp(text + body->body_location, body->text,
					strlen(body->text)) != 0)
			place_escaped(body, text);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;

	if (error != NULL && !is_of_body(error))
		ReThrowError(error);
	if (error != NULL)
		body->unseen = error->message;
}

/*
 * The body of a DO or of a CREATE FUNCTION or PROCEDURE, of which 'text' is
 * the source.  Nothing of it runs, and what is wrong with it is no error.
 */
MigBody *
mig_body_of(Node *stmt, const char *text)
{
	MigBody    *body = palloc0(sizeof(MigBody));
	ListCell   *lc;

	body->body_location = -1;
	if (IsA(stmt, DoStmt))
	{
		body->language = "plpgsql";
		read_options(((DoStmt *) stmt)->args, body);
	}
	else
	{
		CreateFunctionStmt *create = castNode(CreateFunctionStmt, stmt);

		body->language = "sql";
		read_options(create->options, body);
		if (create->sql_body != NULL)
			body->text = text;
	}

	if (body->text == NULL)
		body->unseen = "it has no body";
	else if (strcmp(body->language, "plpgsql") != 0 &&
			 strcmp(body->language, "sql") != 0)
		body->unseen = psprintf("it is in language %s", body->language);
	else
		look_into(stmt, body, text);
	foreach(lc, body->statements)
	{
		body->dynamic |= ((MigBodyStatement *) lfirst(lc))->dynamic;
		body->commits |= ((MigBodyStatement *) lfirst(lc))->commits;
	}
	return body;
}

/* Has a procedure of that name, as it is in the catalog, a COMMIT? */
bool
mig_body_call_commits(const CallStmt *stmt)
{
	FuncCandidateList candidate = FuncnameGetCandidates(stmt->funccall->funcname,
														-1, NIL, false, false,
														false, true);

	for (; candidate != NULL; candidate = candidate->next)
	{
		Datum		definition;
		char	   *source;
		RawStmt    *raw;

		if (get_func_prokind(candidate->oid) != PROKIND_PROCEDURE)
			continue;
		definition = DirectFunctionCall1(pg_get_functiondef,
										 ObjectIdGetDatum(candidate->oid));
		source = TextDatumGetCString(definition);
		raw = linitial_node(RawStmt, raw_parser(source, RAW_PARSE_DEFAULT));
		if (mig_body_of(raw->stmt, source)->commits)
			return true;
	}
	return false;
}
