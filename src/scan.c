/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  The server's core scanner on its way through a script.
 *
 * The server's own grammar decides where a statement begins and ends.  It
 * cannot read a whole script, though: inline COPY data is no SQL, a setting
 * of standard_conforming_strings changes how the text after it is scanned,
 * and psql's meta-commands are foreign.  So the scanner runs over the text
 * first and cuts it into segments at exactly these places, and the grammar
 * gets one segment at a time.
 *
 * Both work on byte offsets and pass over the text once, so that the time
 * needed grows with the length of the text only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/keywords.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "meta.h"
#include "scan.h"
#include "text.h"

#define SETTING			"standard_conforming_strings"

/* Interrupts are served after this many tokens. */
#define TOKENS_AT_ONCE	10000

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

StaticAssertDecl(lengthof(keyword_names) == MIG_SCAN_KEYWORDS,
				 "MIG_SCAN_KEYWORDS is wrong");

/* A part of a text, which is what the server's code sees. */
typedef struct TextPart
{
	const char *text;
	int			offset;			/* of the part in it */
	const char *part;
	const MigScan *scan;		/* NULL, or where errors without position are */
	ErrorContextCallback callback;
} TextPart;

/*
 * Reading
 */

/* Where the token is that the scanner could not read. */
static int
failed_token(const MigScan *scan)
{
	const char *p = scan->text + Max(scan->token_end, scan->resume);

	return mig_text_skip_blank(p, p + strlen(p)) - scan->text;
}

/*
 * Error context callback: a position in the part becomes one in the text.
 * A literal that is not in the database's encoding has none.
 */
static void
part_error_context(void *arg)
{
	const TextPart *part = arg;
	int			position = geterrposition();
	int			location;

	if (position > 0)
		location = part->offset + mig_text_location(part->part, position);
	else if (part->scan != NULL)
		location = failed_token(part->scan);
	else
		return;
	errposition(mig_text_position(part->text, location));
}

/* From here on, errors are in this part of a text. */
static void
begin_part(TextPart *part, const char *text, int offset, const char *source,
		   const MigScan *scan)
{
	part->scan = scan;
	part->text = text;
	part->offset = offset;
	part->part = source;
	part->callback.callback = part_error_context;
	part->callback.arg = part;
	part->callback.previous = error_context_stack;
	error_context_stack = &part->callback;
}

/* Ends what begin_part() began. */
static void
end_part(const TextPart *part)
{
	error_context_stack = part->callback.previous;
}

/*
 * Lets the server's grammar read a part of a text under a value of
 * standard_conforming_strings.  Positions of errors are those in the text;
 * locations in the trees are those in the part.  'failed', if not NULL, is the
 * scanner that has failed in this part.
 */
List *
mig_scan_parse(const char *text, int start, int end, bool conforming,
			   const MigScan *failed)
{
	char	   *source = pnstrdup(text + start, end - start);
	int			level = NewGUCNestLevel();
	MemoryContext caller = CurrentMemoryContext;
	TextPart	part;
	List	   *trees;

	if (conforming != standard_conforming_strings)
		(void) set_config_option(SETTING, conforming ? "on" : "off",
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	/* who runs a statement reads it once more, and warns then */
	(void) set_config_option("escape_string_warning", "off",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	begin_part(&part, text, start, source, failed);
	PG_TRY();
	{
		trees = raw_parser(source, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		mig_text_rethrow(caller);
	}
	PG_END_TRY();
	end_part(&part);
	AtEOXact_GUC(true, level);
	pfree(source);
	return trees;
}

/* Puts the server's scanner at the start of a text. */
void
mig_scan_begin(MigScan *scan, const char *text)
{
	MemoryContext caller = CurrentMemoryContext;

	memset(scan, 0, sizeof(*scan));
	scan->text = text;
	scan->skip = mig_text_bom(text);
	scan->semicolon = scan->resume = scan->skip;
	scan->ended = true;

	for (int i = 0; i < MIG_SCAN_KEYWORDS; i++)
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
										 "migrate script token",
										 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(scan->context);
	scan->scanner = scanner_init(text + scan->skip, &scan->extra,
								 &ScanKeywords, ScanKeywordTokens);
	MemoryContextSwitchTo(caller);

	/* Who runs a statement reads the same literals again and will warn. */
	scan->extra.escape_string_warning = false;
}

/* Gives back what the scanner needed. */
void
mig_scan_end(MigScan *scan)
{
	MemoryContextDelete(scan->context);
}

/* Reads one token, whatever it means. */
static void
read_token(MigScan *scan)
{
	MemoryContext caller;
	TextPart	part;

	MemoryContextReset(scan->values);
	caller = MemoryContextSwitchTo(scan->values);
	begin_part(&part, scan->text, scan->skip, scan->extra.scanbuf, scan);
	scan->token = core_yylex(&scan->value, &scan->scanned_location,
							 scan->scanner);
	end_part(&part);
	MemoryContextSwitchTo(caller);
	scan->location = scan->skip + scan->scanned_location;
}

/*
 * Makes a part of the text that is still to be scanned look like spaces.
 *
 * The scanner works in place on its copy of the text.  Starting a new one
 * behind each COPY would copy the rest of the script as often as there are
 * COPYs in it.
 */
static void
mask(MigScan *scan, int start, int end)
{
	if (end > start)
		memset(scan->extra.scanbuf + (start - scan->skip), ' ', end - start);
}

/*
 * Until mig_scan_end_quiet(), notices stay away from the client.  What is
 * scanned here is scanned again by the grammar, and once is enough to hear
 * about a truncated identifier.
 */
int
mig_scan_begin_quiet(void)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("client_min_messages", "error",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	return level;
}

/* Ends what mig_scan_begin_quiet() began. */
void
mig_scan_end_quiet(int level)
{
	AtEOXact_GUC(true, level);
}

/*
 * Statements
 */

/* Is the current token this keyword? */
static bool
is_keyword(const MigScan *scan, Keyword keyword)
{
	return scan->token == scan->keywords[keyword];
}

/*
 * In a COPY: is it COPY ... FROM stdin?
 *
 * Only the FROM right after the table counts: it is the first one outside
 * parentheses that is not the name of the table itself, in schema.from.
 * The grammar takes STDOUT for STDIN there.
 */
static void
track_copy(MigScan *scan)
{
	MigScanStatement *statement = &scan->statement;

	if (statement->copy_from == 0)
	{
		if (is_keyword(scan, KW_FROM) && statement->parens == 0 &&
			statement->previous != '.')
			statement->copy_from = statement->position;
	}
	else if (statement->position == statement->copy_from + 1)
		statement->copy_in = is_keyword(scan, KW_STDIN) ||
			is_keyword(scan, KW_STDOUT);
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
track_routine(MigScan *scan)
{
	MigScanStatement *statement = &scan->statement;

	if (is_keyword(scan, KW_FUNCTION) || is_keyword(scan, KW_PROCEDURE))
	{
		/* CREATE FUNCTION or CREATE OR REPLACE FUNCTION */
		if (statement->position == 2 || statement->position == 4)
			statement->routine = true;
	}
	else if (!statement->routine || statement->parens > 0)
		return;
	else if (is_keyword(scan, KW_ATOMIC) &&
			 statement->previous == scan->keywords[KW_BEGIN])
		statement->bodies++;
	else if (is_keyword(scan, KW_END) && statement->bodies > 0 &&
			 (statement->previous == ';' ||
			  statement->previous == scan->keywords[KW_ATOMIC]))
		statement->bodies--;
}

/*
 * In anything else: may it change standard_conforming_strings?  The parse
 * tree will tell if it does.
 */
static void
track_setting(MigScan *scan)
{
	MigScanStatement *statement = &scan->statement;

	if (statement->position == 1)
		statement->setting = scan->local &&
			(is_keyword(scan, KW_COMMIT) || is_keyword(scan, KW_END));
	else if (statement->position <= 3 &&
			 (statement->first == scan->keywords[KW_SET] ||
			  statement->first == scan->keywords[KW_RESET] ||
			  statement->first == scan->keywords[KW_DISCARD]) &&
			 (is_keyword(scan, KW_ALL) ||
			  (scan->token == MIG_TOKEN_IDENT &&
			   strcmp(scan->value.str, SETTING) == 0)))
		statement->setting = true;
}

/*
 * SET or RESET.  A value that is no Boolean is left for the server to report
 * when it executes the statement.
 */
static void
follow_variable_set(MigScan *scan, VariableSetStmt *stmt)
{
	const char *value = NULL;
	bool		conforming;

	if (stmt->kind == VAR_SET_VALUE)
		value = ExtractSetVariableArgs(stmt);
	else if (stmt->kind == VAR_SET_DEFAULT || stmt->kind == VAR_RESET ||
			 stmt->kind == VAR_RESET_ALL)
		value = GetConfigOptionResetString(SETTING);
	if (value == NULL || !parse_bool(value, &conforming))
		return;

	if (!stmt->is_local)
		scan->local = false;
	else if (!scan->local)
	{
		scan->local = true;
		scan->conforming_later = scan->extra.standard_conforming_strings;
	}
	scan->extra.standard_conforming_strings = conforming;
}

/* The statement that ends here may change how the text after it is scanned. */
static void
follow_setting(MigScan *scan)
{
	MigTextPlace place = {scan->text, scan->statement.start};
	ErrorContextCallback callback;
	bool		conforming = scan->extra.standard_conforming_strings;
	MemoryContext caller = MemoryContextSwitchTo(scan->values);
	List	   *trees = mig_scan_parse(scan->text, scan->statement.start,
									   scan->location, conforming, NULL);
	Node	   *stmt = linitial_node(RawStmt, trees)->stmt;

	/* a value too many has no position */
	callback.callback = mig_text_place_error;
	callback.arg = &place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	if (IsA(stmt, VariableSetStmt))
		follow_variable_set(scan, (VariableSetStmt *) stmt);
	else if (IsA(stmt, DiscardStmt))
	{
		VariableSetStmt *reset = makeNode(VariableSetStmt);

		reset->kind = VAR_RESET_ALL;
		follow_variable_set(scan, reset);
	}
	else if (IsA(stmt, TransactionStmt))
	{
		/* COMMIT, after SET LOCAL */
		scan->extra.standard_conforming_strings = scan->conforming_later;
		scan->local = false;
	}
	error_context_stack = callback.previous;
	MemoryContextSwitchTo(caller);
}

/*
 * Finds the inline data of the COPY that ends at the current token, and
 * hides it from the scanner.
 *
 * The data starts on the next line and ends before a line that is \. and
 * nothing else, or at the end of the text.
 */
static void
find_copy_data(MigScan *scan)
{
	const char *text = scan->text;
	int			location = scan->location + 1;
	int			end = mig_text_line_end(text, location);

	while (location < end && scanner_isspace(text[location]))
		location++;
	/* a comment ends at a carriage return, too */
	scan->data_misplaced = location < end &&
		(strncmp(text + location, "--", 2) != 0 ||
		 mig_text_skip_blank(text + location, text + end) < text + end);
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

		end = mig_text_line_end(text, location);
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

/* The current token is the ';' of a statement. */
static MigScanEvent
end_statement(MigScan *scan)
{
	scan->ended = true;
	if (scan->statement.copy_in)
	{
		find_copy_data(scan);
		return MIG_SCAN_COPY;
	}
	if (scan->statement.setting)
	{
		follow_setting(scan);
		scan->resume = scan->location + 1;
		return MIG_SCAN_SETTING;
	}
	return MIG_SCAN_TOKEN;
}

/*
 * The current token is a backslash, which SQL does not know.  What means
 * nothing outside psql is skipped with its line.
 */
static MigScanEvent
skip_meta_command(MigScan *scan)
{
	if (!scan->ended || !mig_meta_ignored(scan->text + scan->location))
		return MIG_SCAN_META;

	/*
	 * The scanner has put aside the byte after the backslash and is going to
	 * restore it, so that this one byte comes back as a token.
	 */
	scan->resume = mig_text_line_end(scan->text, scan->location);
	mask(scan, scan->location + 2, scan->resume);
	read_token(scan);
	return MIG_SCAN_IGNORED;
}

/*
 * Advances by one token and says what is special about it.  The value of the
 * token stays valid until the next call.
 */
MigScanEvent
mig_scan_next(MigScan *scan)
{
	MigScanStatement *statement = &scan->statement;

	read_token(scan);
	if (scan->token == 0)
		return MIG_SCAN_END;
	if (scan->token == '\\')
		return skip_meta_command(scan);

	/* The scanner keeps its current token NUL-terminated. */
	scan->token_end = scan->location +
		strlen(scan->extra.scanbuf + scan->scanned_location);

	if (scan->ended)
	{
		memset(statement, 0, sizeof(*statement));
		statement->start = scan->location;
		statement->first = scan->token;
		scan->ended = false;
	}
	statement->position++;

	if (scan->token == ';')
	{
		scan->semicolon = scan->location + 1;
		if (statement->parens == 0 && statement->bodies == 0)
			return end_statement(scan);
	}
	else if (scan->token == '(')
		statement->parens++;
	else if (scan->token == ')' && statement->parens > 0)
		statement->parens--;

	if (statement->first == scan->keywords[KW_COPY])
		track_copy(scan);
	else if (statement->first == scan->keywords[KW_CREATE])
		track_routine(scan);
	else
		track_setting(scan);
	statement->previous = scan->token;
	return MIG_SCAN_TOKEN;
}

/* Advances by one token, whatever it is; false at the end of the text. */
bool
mig_scan_token(MigScan *scan)
{
	MigScanEvent event = mig_scan_next(scan);

	return event != MIG_SCAN_END && event != MIG_SCAN_FAILED;
}

/* Is the current token this word, written without quotes? */
bool
mig_scan_is_word(const MigScan *scan, const char *word)
{
	int			len = strlen(word);

	return scan->token_end - scan->location == len &&
		pg_strncasecmp(scan->text + scan->location, word, len) == 0;
}

/*
 * Segments
 */

/*
 * Advances to the end of the next segment, and says what ended it.
 *
 * An error of the scanner is put by.  An odd quote in line 3 often shows as
 * an unterminated string in the last line; the grammar, which is to read the
 * segment next, finds it in line 3.
 */
MigScanEvent
mig_scan_segment(MigScan *scan)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile MigScanEvent event = MIG_SCAN_TOKEN;
	int			level = mig_scan_begin_quiet();

	scan->start = scan->resume;
	scan->conforming = scan->extra.standard_conforming_strings;
	while (event == MIG_SCAN_TOKEN)
	{
		/* Not inside: the scanner's errors are all that is to be caught. */
		CHECK_FOR_INTERRUPTS();

		PG_TRY();
		{
			for (int i = 0; i < TOKENS_AT_ONCE && event == MIG_SCAN_TOKEN; i++)
				event = mig_scan_next(scan);
		}
		PG_CATCH();
		{
			MemoryContextSwitchTo(caller);
			scan->failure = CopyErrorData();
			FlushErrorState();
			event = MIG_SCAN_FAILED;
		}
		PG_END_TRY();
	}
	mig_scan_end_quiet(level);

	/*
	 * A meta-command may be just what is wrong with the statement it stands
	 * in; only what comes before that must be all right.
	 */
	if (event == MIG_SCAN_END || event == MIG_SCAN_FAILED)
		scan->end = scan->start + strlen(scan->text + scan->start);
	else if (event == MIG_SCAN_META)
		scan->end = Max(scan->start, scan->semicolon);
	else
		scan->end = Max(scan->start, scan->token_end);
	return event;
}
