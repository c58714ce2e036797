/*-------------------------------------------------------------------------
 *
 * script.c
 *	  Script text to statements, statements to steps.
 *
 * The server's own grammar decides where a statement begins and ends.  It
 * cannot read a whole script, though: inline COPY data is no SQL, a setting
 * of standard_conforming_strings changes how the text after it is scanned,
 * and psql's meta-commands are foreign.  So the server's core scanner runs
 * over the text first and cuts it into segments at exactly these places, and
 * the grammar gets one segment at a time.
 *
 * Both work on byte offsets and pass over the text once, so that the time
 * needed grows with the length of the text only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/keywords.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "parser/scansup.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "script.h"

#define UTF8_BOM		"\xEF\xBB\xBF"
#define UTF8_BOM_LEN	3

/* The scanner's values are thrown away after this many tokens. */
#define TOKENS_KEPT		1000

/* Interrupts are served after this many tokens. */
#define TOKENS_AT_ONCE	10000

/* Longest source line quoted as it is in an error, in bytes. */
#define LINE_QUOTED		1000

/*
 * Codes of the tokens that are neither a keyword nor a single character.
 * parser/scanner.h promises these numbers to every user of the scanner; the
 * header that bison makes of them is not installed any more since 16.
 */
typedef enum TokenCode
{
	TOKEN_IDENT = 258,
	TOKEN_UIDENT,
	TOKEN_FCONST,
	TOKEN_SCONST,
	TOKEN_USCONST,
	TOKEN_BCONST,
	TOKEN_XCONST,
	TOKEN_OP,
	TOKEN_ICONST,
	TOKEN_PARAM
} TokenCode;

/* The keywords that tell where a segment ends. */
typedef enum Keyword
{
	KW_ALL,
	KW_ATOMIC,
	KW_BEGIN,
	KW_COMMIT,
	KW_COPY,
	KW_CREATE,
	KW_DISCARD,
	KW_END,
	KW_FROM,
	KW_FUNCTION,
	KW_PROCEDURE,
	KW_RESET,
	KW_SET,
	KW_STDIN,
	KW_STDOUT
} Keyword;

static const char *const keyword_names[] = {
	[KW_ALL] = "all",
	[KW_ATOMIC] = "atomic",
	[KW_BEGIN] = "begin",
	[KW_COMMIT] = "commit",
	[KW_COPY] = "copy",
	[KW_CREATE] = "create",
	[KW_DISCARD] = "discard",
	[KW_END] = "end",
	[KW_FROM] = "from",
	[KW_FUNCTION] = "function",
	[KW_PROCEDURE] = "procedure",
	[KW_RESET] = "reset",
	[KW_SET] = "set",
	[KW_STDIN] = "stdin",
	[KW_STDOUT] = "stdout",
};

/* What to do instead of a psql meta-command. */
typedef struct MetaCommand
{
	const char *name;
	bool		ignored;		/* means nothing outside psql */
	const char *hint;
} MetaCommand;

#define HINT_INCLUDE \
	"Put the text itself in the migration, " \
	"or load the file as a migration of its own."
#define HINT_CONNECT \
	"Remove it: a migration runs in the database it is stored in."
#define HINT_COPY \
	"Use COPY ... FROM stdin with the data inline."
#define HINT_DATA \
	"Put the data on the lines below COPY ... FROM stdin."
#define HINT_VARIABLE \
	"Write the value itself where the variable is used."
#define HINT_EXECUTE \
	"End the statement with a semicolon; " \
	"use a DO block to run generated statements."
#define HINT_CONDITION \
	"Use a DO block with IF."
#define HINT_OTHER \
	"Remove it: a migration is run by the server, which knows SQL only."

static const MetaCommand meta_commands[] = {
	/* pg_dump writes these two to keep psql from meta-commands in the data */
	{"restrict", true, NULL},
	{"unrestrict", true, NULL},
	{"i", false, HINT_INCLUDE},
	{"include", false, HINT_INCLUDE},
	{"ir", false, HINT_INCLUDE},
	{"include_relative", false, HINT_INCLUDE},
	{"c", false, HINT_CONNECT},
	{"connect", false, HINT_CONNECT},
	{"copy", false, HINT_COPY},
	{".", false, HINT_DATA},
	{"N", false, HINT_DATA},
	{"set", false, HINT_VARIABLE},
	{"unset", false, HINT_VARIABLE},
	{"getenv", false, HINT_VARIABLE},
	{"prompt", false, HINT_VARIABLE},
	{"gset", false, HINT_VARIABLE},
	{"g", false, HINT_EXECUTE},
	{"gx", false, HINT_EXECUTE},
	{"gexec", false, HINT_EXECUTE},
	{"if", false, HINT_CONDITION},
	{"elif", false, HINT_CONDITION},
	{"else", false, HINT_CONDITION},
	{"endif", false, HINT_CONDITION},
};

static const MetaCommand other_meta_command = {"", false, HINT_OTHER};

/* What the scanner has come to. */
typedef enum ScanEvent
{
	SCAN_TOKEN,					/* nothing but a token */
	SCAN_COPY,					/* ';' of a COPY ... FROM stdin */
	SCAN_SETTING,				/* ';' of what may set how text is scanned */
	SCAN_IGNORED,				/* a line that is to be skipped */
	SCAN_META,					/* a psql meta-command */
	SCAN_END,					/* the end of the text */
	SCAN_FAILED					/* not lexable */
} ScanEvent;

/* The server's scanner on its way through a script. */
typedef struct ScriptScan
{
	const char *text;
	int			skip;			/* bytes of the BOM before the scanned text */
	core_yyscan_t scanner;
	core_yy_extra_type extra;
	MemoryContext context;		/* of the scanner */
	MemoryContext values;		/* of the tokens' values */
	int			nvalues;
	int			keywords[lengthof(keyword_names)];	/* their token codes */

	/* The current token; all locations are offsets in 'text'. */
	int			token;
	core_YYSTYPE value;
	YYLTYPE		scanned_location;	/* the scanner keeps a pointer to it */
	int			location;

	/* The statement it belongs to. */
	bool		ended;			/* the next token starts a new one */
	int			start;			/* location of its first token */
	int			first;			/* its first token */
	int			position;		/* of the current token, from 1 */
	int			previous;		/* token before the current one */
	int			parens;			/* open parentheses */
	bool		routine;		/* CREATE FUNCTION or PROCEDURE */
	int			bodies;			/* open BEGIN ATOMIC */
	int			copy_from;		/* position of FROM in COPY */
	bool		copy_in;		/* COPY ... FROM stdin */
	bool		setting;		/* may change how text is scanned */

	int			semicolon;		/* location after the last ';', however deep */
	int			resume;			/* where SQL goes on after COPY, IGNORED */
	int			data;			/* inline data of COPY */
	int			data_len;
	bool		data_misplaced; /* there is text at 'data', on COPY's line */
	bool		local;			/* SET LOCAL is in force until COMMIT */
	bool		conforming;		/* standard_conforming_strings after that */
	ErrorData  *failure;		/* of SCAN_FAILED */
} ScriptScan;

/* A script that is being parsed. */
typedef struct ScriptParse
{
	MigScript  *script;
	ScriptScan	scan;
	int			start;			/* of the current segment */
	int			allocated;		/* of script->statements */
	int			line;			/* line at 'counted' */
	int			counted;
} ScriptParse;

/* Translates error positions in 'source' to the script it is a part of. */
typedef struct ScriptErrorSource
{
	const char *source;
	int			offset;			/* of source in text */
	const char *text;
	int			first_line;
} ScriptErrorSource;

/* A script that is being divided into steps. */
typedef struct StepState
{
	MigScript  *script;
	bool		no_transaction;
	int			first;			/* first statement of the step to come */
	int			begin;			/* statement number of the open BEGIN, or 0 */
	List	   *begin_options;
} StepState;

static void scan_init(ScriptScan *scan, const char *text);
static ScanEvent scan_next(ScriptScan *scan);
static void scan_token(ScriptScan *scan);
static void begin_statement(ScriptScan *scan);
static void track_copy(ScriptScan *scan);
static void track_routine(ScriptScan *scan);
static void track_setting(ScriptScan *scan);
static ScanEvent end_statement(ScriptScan *scan);
static void find_copy_data(ScriptScan *scan);
static ScanEvent scan_backslash(ScriptScan *scan);
static const MetaCommand *find_meta_command(const char *name, int len);
static int	meta_command_length(const char *name);
static void mask(ScriptScan *scan, int start, int end);
static int	line_end(const char *text, int location);
static int	begin_quiet(void);
static void end_quiet(int level);
static ScanEvent scan_segment(ScriptScan *scan);
static int	segment_end(const ScriptParse *parse, ScanEvent event);
static void finish_segment(ScriptParse *parse, ScanEvent event);
static void parse_segment(ScriptParse *parse, int end);
static List *parse_source(const char *source, int offset, const char *text,
						  int first_line, bool conforming);
static void add_statement(ScriptParse *parse, RawStmt *raw,
						  const char *source);
static int	line_of(ScriptParse *parse, int location);
static void refuse_statement(ScriptParse *parse, MigStatement *statement,
							 const char *reason, const char *hint);
static MigStatement *last_statement(const MigScript *script);
static void take_copy_data(ScriptParse *parse);
static void apply_setting(ScriptScan *scan, Node *stmt);
static void apply_variable_set(ScriptScan *scan, VariableSetStmt *stmt);
static void meta_command_error(ScriptParse *parse);
static void script_error_callback(void *arg);
static int	script_errposition(const char *text, int first_line,
							   int location);
static int	script_lineno(const char *text, int location);
static void build_steps(MigScript *script, bool no_transaction);
static void step_statement(StepState *state, MigStatement *statement);
static void step_begin(StepState *state, MigStatement *statement);
static void step_toplevel(StepState *state, MigStatement *statement);
static void close_step(StepState *state, int last);
static List *add_step(const MigScript *script, List *steps,
					  const MigStep *step, int first, int last,
					  bool toplevel);
static int	statement_errposition(const MigScript *script,
								  const MigStatement *statement);
static ScanEvent compare_next(ScriptScan *scan);
static bool same_value(const ScriptScan *a, const ScriptScan *b);
static bool same_data(const ScriptScan *a, const ScriptScan *b,
					  int *location_a, int *location_b);

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
	ScriptParse parse;
	ScanEvent	event;

	memset(&parse, 0, sizeof(parse));
	parse.script = palloc0(sizeof(MigScript));
	parse.script->text = pstrdup(text);
	parse.script->first_line = first_line;
	parse.allocated = 16;
	parse.script->statements = palloc(parse.allocated * sizeof(MigStatement));
	parse.line = first_line;

	scan_init(&parse.scan, parse.script->text);
	parse.start = parse.scan.skip;
	do
	{
		event = scan_segment(&parse.scan);
		parse_segment(&parse, segment_end(&parse, event));
		finish_segment(&parse, event);
	} while (event != SCAN_END);
	MemoryContextDelete(parse.scan.context);

	build_steps(parse.script, no_transaction);
	return parse.script;
}

/* Puts the server's scanner at the start of a text. */
static void
scan_init(ScriptScan *scan, const char *text)
{
	MemoryContext caller = CurrentMemoryContext;
	size_t		i;

	memset(scan, 0, sizeof(*scan));
	scan->text = text;
	if (strncmp(text, UTF8_BOM, UTF8_BOM_LEN) == 0)
		scan->skip = UTF8_BOM_LEN;
	scan->semicolon = scan->skip;
	scan->ended = true;

	for (i = 0; i < lengthof(keyword_names); i++)
	{
		int			keyword = ScanKeywordLookup(keyword_names[i],
												&ScanKeywords);

		Assert(keyword >= 0);
		scan->keywords[i] = ScanKeywordTokens[keyword];
	}

	scan->context = AllocSetContextCreate(CurrentMemoryContext,
										  "migrate script scanner",
										  ALLOCSET_DEFAULT_SIZES);
	scan->values = AllocSetContextCreate(scan->context,
										 "migrate script tokens",
										 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(scan->context);
	scan->scanner = scanner_init(text + scan->skip, &scan->extra,
								 &ScanKeywords, ScanKeywordTokens);
	MemoryContextSwitchTo(caller);

	/* The grammar reads the same literals again and will warn. */
	scan->extra.escape_string_warning = false;
}

/*
 * Advances by one token and says what is special about it.  The values of
 * the token and of those shortly before it stay valid until the next call.
 */
static ScanEvent
scan_next(ScriptScan *scan)
{
	scan_token(scan);
	if (scan->token == 0)
		return SCAN_END;
	if (scan->token == '\\')
		return scan_backslash(scan);
	if (scan->ended)
		begin_statement(scan);

	if (scan->token == ';')
	{
		scan->semicolon = scan->location + 1;
		if (scan->parens == 0 && scan->bodies == 0)
			return end_statement(scan);
	}
	else if (scan->token == '(')
		scan->parens++;
	else if (scan->token == ')' && scan->parens > 0)
		scan->parens--;

	scan->position++;
	if (scan->position == 1)
		scan->first = scan->token;
	if (scan->first == scan->keywords[KW_COPY])
		track_copy(scan);
	else if (scan->first == scan->keywords[KW_CREATE])
		track_routine(scan);
	else
		track_setting(scan);
	scan->previous = scan->token;
	return SCAN_TOKEN;
}

/* Reads one token, whatever it means. */
static void
scan_token(ScriptScan *scan)
{
	MemoryContext caller;

	if (++scan->nvalues > TOKENS_KEPT)
	{
		MemoryContextReset(scan->values);
		scan->nvalues = 0;
	}
	caller = MemoryContextSwitchTo(scan->values);
	scan->token = core_yylex(&scan->value, &scan->scanned_location,
							 scan->scanner);
	MemoryContextSwitchTo(caller);
	scan->location = scan->skip + scan->scanned_location;
}

/* The current token is the first one of a statement. */
static void
begin_statement(ScriptScan *scan)
{
	scan->ended = false;
	scan->start = scan->location;
	scan->first = 0;
	scan->position = 0;
	scan->previous = 0;
	scan->parens = 0;
	scan->routine = false;
	scan->bodies = 0;
	scan->copy_from = 0;
	scan->copy_in = false;
	scan->setting = false;
}

/*
 * In a COPY: is it COPY ... FROM stdin?
 *
 * Only the FROM right after the table counts: it is the first one outside
 * parentheses that is not the name of the table itself, in schema.from.
 * The grammar takes STDOUT for STDIN there.
 */
static void
track_copy(ScriptScan *scan)
{
	if (scan->copy_from == 0)
	{
		if (scan->token == scan->keywords[KW_FROM] && scan->parens == 0 &&
			scan->previous != '.')
			scan->copy_from = scan->position;
	}
	else if (scan->position == scan->copy_from + 1)
		scan->copy_in = scan->token == scan->keywords[KW_STDIN] ||
			scan->token == scan->keywords[KW_STDOUT];
}

/*
 * In a CREATE: are we in the body of a function, where a semicolon does not
 * end the statement?
 *
 * A body is BEGIN ATOMIC, statements that each end with a semicolon, END.
 * No statement starts with END, so the body ends at the first END that
 * follows a semicolon, and CASE ... END needs no attention.
 */
static void
track_routine(ScriptScan *scan)
{
	if (scan->token == scan->keywords[KW_FUNCTION] ||
		scan->token == scan->keywords[KW_PROCEDURE])
	{
		/* CREATE FUNCTION or CREATE OR REPLACE FUNCTION */
		if (scan->position == 2 || scan->position == 4)
			scan->routine = true;
	}
	else if (!scan->routine || scan->parens > 0)
		return;
	else if (scan->token == scan->keywords[KW_ATOMIC] &&
			 scan->previous == scan->keywords[KW_BEGIN])
		scan->bodies++;
	else if (scan->token == scan->keywords[KW_END] && scan->bodies > 0 &&
			 (scan->previous == ';' ||
			  scan->previous == scan->keywords[KW_ATOMIC]))
		scan->bodies--;
}

/*
 * In anything else: may it change standard_conforming_strings?  This only
 * ends a segment; the parse tree will tell.
 */
static void
track_setting(ScriptScan *scan)
{
	int			first = scan->first;

	if (scan->position == 1)
		scan->setting = scan->local &&
			(first == scan->keywords[KW_COMMIT] ||
			 first == scan->keywords[KW_END]);
	else if (scan->position > 3)
		return;
	else if (first == scan->keywords[KW_SET] ||
			 first == scan->keywords[KW_RESET] ||
			 first == scan->keywords[KW_DISCARD])
	{
		if (scan->token == scan->keywords[KW_ALL])
			scan->setting = true;
		else if (scan->token == TOKEN_IDENT &&
				 strcmp(scan->value.str, "standard_conforming_strings") == 0)
			scan->setting = true;
	}
}

/* The current token is the ';' of a statement. */
static ScanEvent
end_statement(ScriptScan *scan)
{
	scan->ended = true;
	if (scan->copy_in)
	{
		find_copy_data(scan);
		return SCAN_COPY;
	}
	return scan->setting ? SCAN_SETTING : SCAN_TOKEN;
}

/*
 * Finds the inline data of the COPY that ends at the current token, and
 * hides it from the scanner.
 *
 * The data starts on the next line and ends before a line that is \. and
 * nothing else, or at the end of the text.
 */
static void
find_copy_data(ScriptScan *scan)
{
	const char *text = scan->text;
	int			location = scan->location + 1;
	int			end = line_end(text, location);

	while (location < end && scanner_isspace(text[location]))
		location++;
	scan->data_misplaced = location < end &&
		strncmp(text + location, "--", 2) != 0;
	if (scan->data_misplaced)
	{
		scan->data = location;
		scan->data_len = 0;
		return;
	}

	location = text[end] == '\n' ? end + 1 : end;
	scan->data = location;
	for (;;)
	{
		int			len;

		end = line_end(text, location);
		len = end - location;
		if (len == 3 && text[end - 1] == '\r')
			len = 2;
		if (len == 2 && strncmp(text + location, "\\.", 2) == 0)
			break;
		if (text[end] == '\0')
		{
			location = end;
			break;
		}
		location = end + 1;
	}
	scan->data_len = location - scan->data;
	scan->resume = end;
	mask(scan, scan->data, end);
}

/*
 * The current token is a backslash, which SQL does not know.  What means
 * nothing outside psql is skipped with its line.
 */
static ScanEvent
scan_backslash(ScriptScan *scan)
{
	const char *name = scan->text + scan->location + 1;
	const MetaCommand *command;

	command = find_meta_command(name, meta_command_length(name));
	if (!command->ignored || !scan->ended)
		return SCAN_META;

	/*
	 * The scanner has put aside the byte after the backslash and is going to
	 * restore it, so that this one byte comes back as a token.
	 */
	scan->resume = line_end(scan->text, scan->location);
	mask(scan, scan->location + 2, scan->resume);
	scan_token(scan);
	return SCAN_IGNORED;
}

/* The entry for a meta-command; there is one for every name. */
static const MetaCommand *
find_meta_command(const char *name, int len)
{
	size_t		i;

	for (i = 0; i < lengthof(meta_commands); i++)
	{
		if ((int) strlen(meta_commands[i].name) == len &&
			strncmp(meta_commands[i].name, name, len) == 0)
			return &meta_commands[i];
	}
	return &other_meta_command;
}

/* How many bytes of this are the name of a meta-command? */
static int
meta_command_length(const char *name)
{
	int			len = 0;

	while (name[len] != '\0' && name[len] != ';' && name[len] != '\\' &&
		   !scanner_isspace(name[len]))
		len++;
	return len;
}

/*
 * Makes a part of the text that is still to be scanned look like spaces.
 *
 * The scanner works in place on its copy of the text.  Starting a new one
 * behind each COPY would copy the rest of the script as often as there are
 * COPYs in it.
 */
static void
mask(ScriptScan *scan, int start, int end)
{
	if (end > start)
		memset(scan->extra.scanbuf + (start - scan->skip), ' ', end - start);
}

/* Offset of the newline, or of the text's end, at or after 'location'. */
static int
line_end(const char *text, int location)
{
	const char *newline = strchr(text + location, '\n');

	if (newline != NULL)
		return newline - text;
	return location + strlen(text + location);
}

/*
 * Until end_quiet(), notices stay away from the client.  What is scanned
 * here is scanned again by the grammar, and once is enough to hear about a
 * truncated identifier.
 */
static int
begin_quiet(void)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("client_min_messages", "error",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	return level;
}

/* Ends what begin_quiet() began. */
static void
end_quiet(int level)
{
	AtEOXact_GUC(true, level);
}

/*
 * Advances to the end of the current segment.
 *
 * An error of the scanner is put by.  An odd quote in line 3 often shows as
 * an unterminated string in the last line; the grammar, which is to read the
 * segment next, finds it in line 3.
 */
static ScanEvent
scan_segment(ScriptScan *scan)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile ScanEvent event = SCAN_TOKEN;
	int			level = begin_quiet();

	while (event == SCAN_TOKEN)
	{
		/* Not inside: the scanner's errors are all that is to be caught. */
		CHECK_FOR_INTERRUPTS();

		PG_TRY();
		{
			int			i;

			for (i = 0; i < TOKENS_AT_ONCE && event == SCAN_TOKEN; i++)
				event = scan_next(scan);
		}
		PG_CATCH();
		{
			MemoryContextSwitchTo(caller);
			scan->failure = CopyErrorData();
			FlushErrorState();
			event = SCAN_FAILED;
		}
		PG_END_TRY();
	}
	end_quiet(level);
	return event;
}

/* Where the segment ends that led to this event. */
static int
segment_end(const ScriptParse *parse, ScanEvent event)
{
	const ScriptScan *scan = &parse->scan;

	switch (event)
	{
		case SCAN_COPY:
		case SCAN_SETTING:
			return scan->location + 1;
		case SCAN_IGNORED:
			/* One token further already, see scan_backslash(). */
			return scan->location - 1;
		case SCAN_META:

			/*
			 * The command may be just what is wrong with the statement it
			 * stands in; what comes before that must be all right.
			 */
			return Max(parse->start, scan->semicolon);
		default:
			return parse->start + strlen(scan->text + parse->start);
	}
}

/* After a segment was parsed: acts on what ended it. */
static void
finish_segment(ScriptParse *parse, ScanEvent event)
{
	ScriptScan *scan = &parse->scan;
	MigScript  *script = parse->script;

	switch (event)
	{
		case SCAN_COPY:
			take_copy_data(parse);
			parse->start = scan->resume;
			break;
		case SCAN_SETTING:
			apply_setting(scan, last_statement(script)->raw->stmt);
			parse->start = scan->location + 1;
			break;
		case SCAN_IGNORED:
			parse->start = scan->resume;
			break;
		case SCAN_META:
			meta_command_error(parse);
			break;
		case SCAN_FAILED:
			/* The grammar should have failed at the same place. */
			ReThrowError(scan->failure);
			break;
		case SCAN_TOKEN:
		case SCAN_END:
			break;
	}
}

/* Lets the grammar read the segment up to 'end'. */
static void
parse_segment(ScriptParse *parse, int end)
{
	MigScript  *script = parse->script;
	char	   *source;
	List	   *tree;
	ListCell   *lc;

	if (end <= parse->start)
		return;
	source = pnstrdup(script->text + parse->start, end - parse->start);
	tree = parse_source(source, parse->start, script->text,
						script->first_line,
						parse->scan.extra.standard_conforming_strings);
	foreach(lc, tree)
	{
		CHECK_FOR_INTERRUPTS();
		add_statement(parse, lfirst_node(RawStmt, lc), source);
	}
}

/*
 * The server's parser under a value of standard_conforming_strings.
 * 'source' starts at 'offset' in 'text'; errors refer to the latter.
 */
static List *
parse_source(const char *source, int offset, const char *text,
			 int first_line, bool conforming)
{
	ScriptErrorSource state = {source, offset, text, first_line};
	ErrorContextCallback callback;
	int			level = NewGUCNestLevel();
	List	   *tree;

	if (conforming != standard_conforming_strings)
		(void) set_config_option("standard_conforming_strings",
								 conforming ? "on" : "off",
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	callback.callback = script_error_callback;
	callback.arg = &state;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	tree = raw_parser(source, RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;
	AtEOXact_GUC(true, level);
	return tree;
}

/*
 * Appends a statement.  'source' is the current segment.
 *
 * The grammar's idea of a statement includes what comes before its first
 * token, except in 18.  Statements here start with their first token, and
 * so does the RawStmt from now on.
 */
static void
add_statement(ScriptParse *parse, RawStmt *raw, const char *source)
{
	MigScript  *script = parse->script;
	MigStatement *statement;
	const char *start = source + raw->stmt_location;
	const char *end;
	const char *reason;
	const char *hint;

	if (raw->stmt_len > 0)
		end = start + raw->stmt_len;
	else
		end = start + strlen(start);
	start = mig_script_skip_blank(start, end);
	while (end > start && scanner_isspace(end[-1]))
		end--;
	raw->stmt_location = start - source;
	raw->stmt_len = end - start;

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
	statement->location = parse->start + raw->stmt_location;
	statement->len = raw->stmt_len;
	statement->line = line_of(parse, statement->location);
	statement->class = mig_classify(raw->stmt, &reason, &hint);
	statement->tag = CreateCommandTag(raw->stmt);
	statement->raw = raw;
	statement->source = source;
	if (statement->class == MIG_STMT_COPY_IN)
		statement->data = script->text + statement->location + statement->len;
	if (statement->class == MIG_STMT_REFUSED)
		refuse_statement(parse, statement, reason, hint);
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

/* Reports a statement that a script must not contain. */
static void
refuse_statement(ScriptParse *parse, MigStatement *statement,
				 const char *reason, const char *hint)
{
	ereport(ERROR,
			errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			errmsg("%s cannot be part of a migration script", reason),
			errhint("%s", hint),
			statement_errposition(parse->script, statement));
}

/* The statement that ended the segment; there is one. */
static MigStatement *
last_statement(const MigScript *script)
{
	Assert(script->nstatements > 0);
	return &script->statements[script->nstatements - 1];
}

/* Gives the COPY that ended the segment its data. */
static void
take_copy_data(ScriptParse *parse)
{
	MigScript  *script = parse->script;
	ScriptScan *scan = &parse->scan;
	MigStatement *statement;

	if (scan->data_misplaced)
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("text after COPY ... FROM stdin on the same line"),
				errhint("Start the data of COPY on the next line."),
				script_errposition(script->text, script->first_line,
								   scan->data));

	statement = last_statement(script);
	if (statement->class != MIG_STMT_COPY_IN)
		elog(ERROR, "data of COPY at byte %d belongs to no statement",
			 scan->data);
	statement->data = script->text + scan->data;
	statement->data_len = scan->data_len;
}

/* After a statement that may change how the text after it is scanned. */
static void
apply_setting(ScriptScan *scan, Node *stmt)
{
	if (IsA(stmt, VariableSetStmt))
		apply_variable_set(scan, (VariableSetStmt *) stmt);
	else if (IsA(stmt, DiscardStmt))
	{
		VariableSetStmt *reset = makeNode(VariableSetStmt);

		reset->kind = VAR_RESET_ALL;
		apply_variable_set(scan, reset);
	}
	else if (scan->local)
	{
		/* COMMIT */
		scan->extra.standard_conforming_strings = scan->conforming;
		scan->local = false;
	}
}

/*
 * After SET or RESET of standard_conforming_strings.  A value that is no
 * Boolean is left for the server to report when it executes the statement.
 */
static void
apply_variable_set(ScriptScan *scan, VariableSetStmt *stmt)
{
	const char *value = NULL;
	bool		conforming;

	if (stmt->kind == VAR_SET_VALUE)
		value = ExtractSetVariableArgs(stmt);
	else if (stmt->kind == VAR_SET_DEFAULT || stmt->kind == VAR_RESET ||
			 stmt->kind == VAR_RESET_ALL)
		value = GetConfigOptionResetString("standard_conforming_strings");
	if (value == NULL || !parse_bool(value, &conforming))
		return;

	if (!stmt->is_local)
		scan->local = false;
	else if (!scan->local)
	{
		scan->local = true;
		scan->conforming = scan->extra.standard_conforming_strings;
	}
	scan->extra.standard_conforming_strings = conforming;
}

/* Reports the psql meta-command that the scanner has come to. */
static void
meta_command_error(ScriptParse *parse)
{
	MigScript  *script = parse->script;
	int			location = parse->scan.location;
	const char *name = script->text + location + 1;
	int			len = meta_command_length(name);
	int			shown = pg_mbcliplen(name, len, NAMEDATALEN);

	ereport(ERROR,
			errcode(ERRCODE_SYNTAX_ERROR),
			errmsg("psql meta-command \"\\%.*s\" cannot be part of a migration script",
				   shown, name),
			errhint("%s", find_meta_command(name, len)->hint),
			script_errposition(script->text, script->first_line, location));
}

/*
 * Error context callback while the server's scanner or grammar is at work:
 * what has a position in a part of a script gets a position in its file.
 */
static void
script_error_callback(void *arg)
{
	ScriptErrorSource *state = arg;
	int			position = geterrposition();
	int			location;

	if (position <= 0)
		return;
	location = pg_mbcharcliplen(state->source, strlen(state->source),
								position - 1);
	errposition(0);
	script_errposition(state->text, state->first_line,
					   state->offset + location);
}

/*
 * Inside ereport(): the error is at this place of a script.
 *
 * The script is not what the client sent, so its line goes out as internal
 * query.  Of a line that is too long to be read, only the part is sent that
 * starts with the error.
 */
static int
script_errposition(const char *text, int first_line, int location)
{
	int			start = location;
	int			len;
	char	   *line;

	while (start > 0 && text[start - 1] != '\n')
		start--;
	if (start == 0 && strncmp(text, UTF8_BOM, UTF8_BOM_LEN) == 0)
		start = Min(location, UTF8_BOM_LEN);
	len = line_end(text, location) - start;
	if (len > LINE_QUOTED)
	{
		start = location;
		len = line_end(text, location) - start;
		len = pg_mbcliplen(text + start, len, LINE_QUOTED);
	}
	line = pnstrdup(text + start, len);
	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	internalerrquery(line);
	internalerrposition(pg_mbstrlen_with_len(text + start,
											 location - start) + 1);
	errcontext("line %d of the script",
			   first_line - 1 + script_lineno(text, location));
	return 0;
}

/* Line of a location, the text's first being 1. */
static int
script_lineno(const char *text, int location)
{
	int			line = 1;
	int			i;

	for (i = 0; i < location; i++)
	{
		if (text[i] == '\n')
			line++;
	}
	return line;
}

/*
 * Divides a script's statements into steps.
 *
 * Guaranteed: the steps are in order, each has something to execute, and
 * every statement but BEGIN and COMMIT is in exactly one.  Only an empty
 * script has a step without statements.
 */
static void
build_steps(MigScript *script, bool no_transaction)
{
	StepState	state = {script, no_transaction, 1, 0, NIL};
	int			i;

	for (i = 0; i < script->nstatements; i++)
		step_statement(&state, &script->statements[i]);

	if (state.begin > 0)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("BEGIN without COMMIT"),
				errhint("End the transaction with COMMIT, or remove BEGIN: a script is a transaction as it is."),
				statement_errposition(script,
									  &script->statements[state.begin - 1]));
	close_step(&state, script->nstatements);

	if (script->steps == NIL)
	{
		MigStep    *step = palloc0(sizeof(MigStep));

		step->first = 1;
		script->steps = list_make1(step);
	}
}

/* Lets one more statement join or delimit the current step. */
static void
step_statement(StepState *state, MigStatement *statement)
{
	switch (statement->class)
	{
		case MIG_STMT_BEGIN:
			step_begin(state, statement);
			break;
		case MIG_STMT_COMMIT:
			if (state->begin > 0)
				close_step(state, statement->number);
			else
			{
				close_step(state, statement->number - 1);
				state->first = statement->number + 1;
			}
			break;
		case MIG_STMT_TOPLEVEL:
			step_toplevel(state, statement);
			break;
		case MIG_STMT_PROCEDURAL:
		case MIG_STMT_PLAIN:
		case MIG_STMT_COPY_IN:
			if (!state->no_transaction || state->begin > 0)
				break;
			if (statement->class == MIG_STMT_PROCEDURAL)
				step_toplevel(state, statement);
			else
				close_step(state, statement->number);
			break;
		case MIG_STMT_REFUSED:
			elog(ERROR, "statement %d should have been refused",
				 statement->number);
			break;
	}
}

/* BEGIN starts a step that ends with the next COMMIT. */
static void
step_begin(StepState *state, MigStatement *statement)
{
	MigScript  *script = state->script;

	if (state->begin > 0)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("BEGIN inside BEGIN ... COMMIT"),
				errdetail("The transaction begins in line %d.",
						  script->statements[state->begin - 1].line),
				errhint("End the first transaction with COMMIT before the second one begins."),
				statement_errposition(script, statement));
	close_step(state, statement->number - 1);
	state->begin = statement->number;
	state->begin_options =
		castNode(TransactionStmt, statement->raw->stmt)->options;
}

/* A statement outside any transaction block is a step of its own. */
static void
step_toplevel(StepState *state, MigStatement *statement)
{
	MigScript  *script = state->script;
	MigStep		step = {0};

	if (state->begin > 0)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("%s cannot run inside a transaction block",
					   GetCommandTagName(statement->tag)),
				errdetail("The statement is in line %d, the transaction block begins in line %d.",
						  statement->line,
						  script->statements[state->begin - 1].line),
				errhint("Move it out of BEGIN ... COMMIT."),
				statement_errposition(script, statement));
	close_step(state, statement->number - 1);
	script->steps = add_step(script, script->steps, &step,
							 statement->number, statement->number, true);
	state->first = statement->number + 1;
}

/* The current step, if there is anything in it, ends with this statement. */
static void
close_step(StepState *state, int last)
{
	MigStep		step = {0};

	step.block = state->begin > 0;
	step.begin_options = state->begin_options;
	state->script->steps = add_step(state->script, state->script->steps,
									&step, state->first, last, false);
	state->first = last + 1;
	state->begin = 0;
	state->begin_options = NIL;
}

/*
 * Appends a step with these statements, in a transaction like that of
 * 'step', unless there is nothing to execute in it.
 */
static List *
add_step(const MigScript *script, List *steps, const MigStep *step,
		 int first, int last, bool toplevel)
{
	MigStep    *result;
	int			i;

	for (i = first; i <= last; i++)
	{
		MigStmtClass class = script->statements[i - 1].class;

		if (class != MIG_STMT_BEGIN && class != MIG_STMT_COMMIT)
			break;
	}
	if (i > last)
		return steps;

	result = palloc0(sizeof(MigStep));
	result->first = first;
	result->last = last;
	result->toplevel = toplevel;
	if (!toplevel)
	{
		result->block = step->block;
		result->begin_options = step->begin_options;
	}
	return lappend(steps, result);
}

/* Inside ereport(): the error is at this statement. */
static int
statement_errposition(const MigScript *script, const MigStatement *statement)
{
	return script_errposition(script->text, script->first_line,
							  statement->location);
}

/*
 * The one to three steps that 'step' becomes when it commits before and
 * after one of its statements.  That statement's step is toplevel as told;
 * the others, and it too otherwise, keep the step's kind of transaction.
 */
List *
mig_script_split_step(const MigScript *script, const MigStep *step,
					  int statement, bool toplevel)
{
	List	   *steps = NIL;

	if (statement < step->first || statement > step->last)
		elog(ERROR, "statement %d is not in the step of statements %d to %d",
			 statement, step->first, step->last);
	steps = add_step(script, steps, step, step->first, statement - 1, false);
	steps = add_step(script, steps, step, statement, statement, toplevel);
	return add_step(script, steps, step, statement + 1, step->last, false);
}

/*
 * Do two scripts differ in nothing but white space and comments?  If they
 * do, *line_a and *line_b are the lines, from 1, of the first difference;
 * otherwise they are 0.
 *
 * A text that the server's scanner cannot read is the scanner's error.
 */
bool
mig_script_same_tokens(const char *a, const char *b, int *line_a, int *line_b)
{
	ScriptScan	scan_a;
	ScriptScan	scan_b;
	ScanEvent	event_a;
	ScanEvent	event_b;
	int			location_a;
	int			location_b;
	int			level = begin_quiet();
	bool		same;

	*line_a = *line_b = 0;
	scan_init(&scan_a, a);
	scan_init(&scan_b, b);
	do
	{
		CHECK_FOR_INTERRUPTS();
		event_a = compare_next(&scan_a);
		event_b = compare_next(&scan_b);
		location_a = scan_a.location;
		location_b = scan_b.location;
		same = event_a == event_b && same_value(&scan_a, &scan_b);
		if (same && event_a == SCAN_COPY)
			same = same_data(&scan_a, &scan_b, &location_a, &location_b);
	} while (same && event_a != SCAN_END);

	if (!same)
	{
		*line_a = script_lineno(a, location_a);
		*line_b = script_lineno(b, location_b);
	}
	MemoryContextDelete(scan_a.context);
	MemoryContextDelete(scan_b.context);
	end_quiet(level);
	return same;
}

/* The next token that counts; follows changes of how text is scanned. */
static ScanEvent
compare_next(ScriptScan *scan)
{
	ScriptErrorSource state = {scan->extra.scanbuf, scan->skip, scan->text, 1};
	ErrorContextCallback callback;
	ScanEvent	event;

	callback.callback = script_error_callback;
	callback.arg = &state;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	do
		event = scan_next(scan);
	while (event == SCAN_IGNORED);
	error_context_stack = callback.previous;

	if (event == SCAN_SETTING)
	{
		char	   *source = pnstrdup(scan->text + scan->start,
									  scan->location - scan->start);
		List	   *tree;

		tree = parse_source(source, scan->start, scan->text, 1,
							scan->extra.standard_conforming_strings);
		if (tree != NIL)
			apply_setting(scan, linitial_node(RawStmt, tree)->stmt);
	}
	return event;
}

/* Are the current tokens of two scripts the same? */
static bool
same_value(const ScriptScan *a, const ScriptScan *b)
{
	if (a->token != b->token)
		return false;
	switch (a->token)
	{
		case TOKEN_IDENT:
		case TOKEN_UIDENT:
		case TOKEN_FCONST:
		case TOKEN_SCONST:
		case TOKEN_USCONST:
		case TOKEN_BCONST:
		case TOKEN_XCONST:
		case TOKEN_OP:
			return strcmp(a->value.str, b->value.str) == 0;
		case TOKEN_ICONST:
		case TOKEN_PARAM:
			return a->value.ival == b->value.ival;
		default:
			/* keywords and characters are their own value */
			return true;
	}
}

/*
 * Is the inline data of two COPYs the same, whatever its line ends?  If it
 * is not, the locations of the first difference are returned.
 */
static bool
same_data(const ScriptScan *a, const ScriptScan *b,
		  int *location_a, int *location_b)
{
	const char *p = a->text + a->data;
	const char *q = b->text + b->data;
	const char *p_end = p + a->data_len;
	const char *q_end = q + b->data_len;

	for (;;)
	{
		if (p + 1 < p_end && p[0] == '\r' && p[1] == '\n')
			p++;
		if (q + 1 < q_end && q[0] == '\r' && q[1] == '\n')
			q++;
		if (p == p_end || q == q_end || *p != *q)
			break;
		p++;
		q++;
	}
	*location_a = p - a->text;
	*location_b = q - b->text;
	return p == p_end && q == q_end;
}

/* A copy of a line of the text, without its line end; "" past the end. */
char *
mig_script_line(const char *text, int line)
{
	int			start = 0;
	int			end = line_end(text, 0);

	while (--line > 0)
	{
		if (text[end] == '\0')
			return pstrdup("");
		start = end + 1;
		end = line_end(text, start);
	}
	if (end > start && text[end - 1] == '\r')
		end--;
	return pnstrdup(text + start, end - start);
}

/*
 * The first byte from 'p' on that is neither white space nor in a comment,
 * or 'end'.  The same text as the server's scanner skips, in one place where
 * that cannot be used: before it is known whether the rest is SQL.
 */
const char *
mig_script_skip_blank(const char *p, const char *end)
{
	int			depth = 0;

	while (p < end)
	{
		bool		pair = p + 1 < end;

		if (pair && p[0] == '/' && p[1] == '*')
		{
			depth++;
			p += 2;
		}
		else if (depth > 0 && pair && p[0] == '*' && p[1] == '/')
		{
			depth--;
			p += 2;
		}
		else if (depth > 0 || scanner_isspace(*p))
			p++;
		else if (pair && p[0] == '-' && p[1] == '-')
		{
			while (p < end && *p != '\n' && *p != '\r')
				p++;
		}
		else
			break;
	}
	return p;
}
