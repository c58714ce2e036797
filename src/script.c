/*-------------------------------------------------------------------------
 *
 * script.c
 *	  Script text to statements.
 *
 * The scanner cuts the text into segments that the server's grammar can
 * read; each becomes statements here.  Whatever the scanner, the grammar and
 * the modules below find wrong has its position in the text, and gets its
 * line in the file here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "parser/scansup.h"
#include "tcop/utility.h"

#include "meta.h"
#include "scan.h"
#include "script.h"
#include "text.h"

/* A script that is being parsed. */
typedef struct ScriptParse
{
	MigScript  *script;
	MigScan		scan;
	int			allocated;		/* of script->statements */
	int			line;			/* line at 'counted' */
	int			counted;
} ScriptParse;

/* See mig_script_error_line() and mig_script_error_location(). */
static int	error_line;
static int	error_location;

/*
 * Error context callback.  What is raised last is the error that ends the
 * parsing, so a warning's line does not stay.
 */
static void
script_error_context(void *arg)
{
	const MigScript *script = arg;
	int			position = geterrposition();

	error_location = position > 0 ?
		mig_text_location(script->text, position) : -1;
	error_line = mig_text_quote_error(script->text, script->first_line);
}

/* Line in the file of a location; locations must not decrease. */
static int
line_of(ScriptParse *parse, int location)
{
	const char *text = parse->script->text;

	for (; parse->counted < location; parse->counted++)
	{
		if (text[parse->counted] == '\n')
			parse->line++;
	}
	return parse->line;
}

/* Classifies a new statement; an error if a script must not contain it. */
static void
classify(const MigScript *script, MigStatement *statement)
{
	const char *reason;
	const char *hint;
	MigTextPlace place = {script->text, statement->location};
	ErrorContextCallback callback;

	/* the server does not say where a wrong option is */
	callback.callback = mig_text_place_error;
	callback.arg = &place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	statement->class = mig_classify(statement->raw->stmt, &reason, &hint);
	error_context_stack = callback.previous;
	statement->tag = CreateCommandTag(statement->raw->stmt);
	if (statement->class == MIG_STMT_REFUSED)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("%s cannot be part of a migration script", reason),
				errhint("%s", hint),
				errposition(mig_text_position(script->text,
											  statement->location)));
}

/*
 * Appends a statement of the current segment.
 *
 * The grammar's idea of a statement includes what comes before its first
 * token, except in 18, and leaves the end of one without ';' open.  Here it
 * starts with its first token, and ends with its last one or before its ';'.
 */
static void
add_statement(ScriptParse *parse, RawStmt *raw)
{
	MigScript  *script = parse->script;
	MigStatement *statement;
	const char *text = script->text;
	const char *start = text + parse->scan.start + raw->stmt_location;
	const char *end;

	if (raw->stmt_len > 0)
		end = start + raw->stmt_len;
	else
		end = text + parse->scan.token_end;
	start = mig_text_skip_blank(start, end);
	while (end > start && scanner_isspace(end[-1]))
		end--;

	if (script->nstatements == parse->allocated)
	{
		parse->allocated *= 2;
		script->statements =
			repalloc(script->statements,
					 parse->allocated * sizeof(MigStatement));
	}
	statement = &script->statements[script->nstatements++];
	memset(statement, 0, sizeof(*statement));
	statement->number = script->nstatements;
	statement->location = start - text;
	statement->len = end - start;
	statement->line = line_of(parse, statement->location);
	statement->raw = raw;
	statement->base = parse->scan.start;
	classify(script, statement);
	if (statement->class == MIG_STMT_COPY_IN)
		statement->data = end;
}

/* Gives the COPY that ended the segment its data. */
static void
take_copy_data(const MigScript *script, const MigScan *scan)
{
	MigStatement *statement = &script->statements[script->nstatements - 1];

	if (scan->data_misplaced)
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("text after COPY ... FROM stdin on the same line"),
				errhint("Start the data of COPY on the next line."),
				errposition(mig_text_position(script->text, scan->data)));
	/* cannot happen */
	if (script->nstatements == 0 || statement->class != MIG_STMT_COPY_IN)
		elog(ERROR, "data of COPY at byte %d belongs to no statement",
			 scan->data);
	statement->data = script->text + scan->data;
	statement->data_len = scan->data_len;
}

/* Takes one segment of the script; false after the last one. */
static bool
parse_segment(ScriptParse *parse)
{
	MigScript  *script = parse->script;
	MigScan    *scan = &parse->scan;
	MigScanEvent event = mig_scan_segment(scan);
	ListCell   *lc;

	foreach(lc, mig_scan_parse(script->text, scan->start, scan->end,
							   scan->conforming,
							   event == MIG_SCAN_FAILED ? scan : NULL))
	{
		CHECK_FOR_INTERRUPTS();
		add_statement(parse, lfirst_node(RawStmt, lc));
	}

	/* What came before is all right; now for what ended the segment. */
	switch (event)
	{
		case MIG_SCAN_COPY:
			take_copy_data(script, scan);
			break;
		case MIG_SCAN_META:
			mig_meta_refuse(script->text, scan->location);
			break;
		case MIG_SCAN_FAILED:
			/* The grammar should have failed at the same place. */
			ReThrowError(scan->failure);
			break;
		case MIG_SCAN_END:
			return false;
		case MIG_SCAN_SETTING:
		case MIG_SCAN_IGNORED:
		case MIG_SCAN_TOKEN:
			break;
	}
	return true;
}

/*
 * Splits a script into its statements and steps.  'first_line' is the line
 * of the text's first byte in its file, for messages.  With no_transaction,
 * every statement is a step of its own.
 *
 * A script that cannot be migrated is an error, which carries the line and
 * its text.  Everything returned lives in the current memory context and
 * does not depend on the caller's copy of the text.
 */
MigScript *
mig_script_parse(const char *text, int first_line, bool no_transaction)
{
	MigScript  *script = palloc0(sizeof(MigScript));
	ScriptParse parse = {.script = script,.line = first_line,.allocated = 16};
	ErrorContextCallback callback;

	script->text = pstrdup(text);
	script->first_line = first_line;
	script->statements = palloc(parse.allocated * sizeof(MigStatement));

	error_line = 0;
	error_location = -1;
	callback.callback = script_error_context;
	callback.arg = script;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	mig_scan_begin(&parse.scan, script->text);
	while (parse_segment(&parse))
		;
	mig_scan_end(&parse.scan);
	mig_step_build(script, no_transaction);
	error_context_stack = callback.previous;
	return script;
}

/*
 * The line in its file that the error points to with which the last call of
 * mig_script_parse() ended; 0 if it points to none, or there was no error.
 */
int
mig_script_error_line(void)
{
	return error_line;
}

/* The same as an offset in the script's text; -1 if it points to none. */
int
mig_script_error_location(void)
{
	return error_location;
}
