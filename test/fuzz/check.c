/*-------------------------------------------------------------------------
 *
 * check.c
 *	  What must hold for every input, whatever it is.
 *
 * Where it can be done the answer comes from elsewhere than from the code
 * under test: from the server's grammar on the whole text at once, from a
 * second reading of a statement alone, or from a plain loop.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "compare.h"
#include "fuzz.h"
#include "layout.h"
#include "script.h"
#include "text.h"

#define UTF8_BOM	"\xEF\xBB\xBF"

/* Where a function of the code under test may fail. */
typedef struct Attempt
{
	MemoryContext context;
	int			level;			/* of settings */
	bool		conforming;
	int			client_min_messages;
} Attempt;

static FuzzErrorSeen error_seen;

/* Notes what a failure must not change. */
static void
begin_attempt(Attempt *attempt)
{
	attempt->context = CurrentMemoryContext;
	attempt->conforming = standard_conforming_strings;
	attempt->client_min_messages = client_min_messages;
	attempt->level = NewGUCNestLevel();
}

/*
 * In PG_CATCH: takes the error, and restores the settings as the abort of a
 * transaction would.
 */
static ErrorData *
catch_attempt(const Attempt *attempt)
{
	ErrorData  *error;

	MemoryContextSwitchTo(attempt->context);
	error = CopyErrorData();
	FlushErrorState();
	AtEOXact_GUC(false, attempt->level);
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
		ReThrowError(error);
	if (error_seen)
		error_seen(error->sqlerrcode);
	return error;
}

/* After success: nothing may be left open or changed. */
static const char *
end_attempt(const Attempt *attempt)
{
	bool		level_kept = NewGUCNestLevel() == attempt->level + 1;
	bool		kept = standard_conforming_strings == attempt->conforming &&
		client_min_messages == attempt->client_min_messages;

	AtEOXact_GUC(false, attempt->level);
	if (!level_kept)
		return "a level of settings is left open";
	if (!kept)
		return "a setting has changed";
	if (CurrentMemoryContext != attempt->context)
		return "the memory context has changed";
	return NULL;
}

/* Newlines before a place, plus 1. */
static int
line_at(const char *text, const char *place)
{
	int			line = 1;

	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

/* First byte of a line; NULL if there are not so many. */
static const char *
line_start(const char *text, int line)
{
	for (; line > 1; line--)
	{
		text = strchr(text, '\n');
		if (text == NULL)
			return NULL;
		text++;
	}
	return text;
}

/* Does the text contain this, in whatever case? */
static bool
contains(const char *text, const char *word)
{
	int			len = strlen(word);

	for (; *text; text++)
		if (pg_strncasecmp(text, word, len) == 0)
			return true;
	return false;
}

/*
 * Errors
 */

/* An error of a text must be a user's, name its line and show it. */
static const char *
check_error(const ErrorData *error, const char *text, int first_line)
{
	int			line = mig_script_error_line();
	const char *start;
	int			len;

	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTERNAL_ERROR)
		return psprintf("internal error: %s", error->message);
	if (line < first_line || (start = line_start(text, line - first_line + 1)) == NULL)
		return psprintf("an error with line %d: %s", line, error->message);
	if (error->cursorpos != 0)
		return psprintf("an error with a position in the client's query: %s", error->message);
	if (error->context == NULL ||
		strstr(error->context, psprintf("line %d of the script", line)) == NULL)
		return psprintf("an error whose context is not line %d: %s", line, error->message);
	if (error->internalquery == NULL)
		return psprintf("an error that shows no text: %s", error->message);
	len = strcspn(start, "\n");
	if (strstr(pnstrdup(start, len), error->internalquery) == NULL)
		return psprintf("an error that shows another line: %s", error->internalquery);
	if (error->internalpos < 1 ||
		error->internalpos > pg_mbstrlen(error->internalquery) + 1)
		return psprintf("an error at position %d of \"%s\"", error->internalpos,
						error->internalquery);
	return NULL;
}

/*
 * Statements
 */

/* After white space and comments; a second opinion on mig_text_skip_blank. */
static const char *
after_blank(const char *p, const char *end)
{
	for (;;)
	{
		if (p < end && scanner_isspace(*p))
			p++;
		else if (end - p >= 2 && strncmp(p, "--", 2) == 0)
			while (p < end && *p != '\n' && *p != '\r')
				p++;
		else if (end - p >= 2 && strncmp(p, "/*", 2) == 0)
		{
			int			depth = 0;

			do
			{
				if (end - p >= 2 && strncmp(p, "/*", 2) == 0)
					depth++, p += 2;
				else if (end - p >= 2 && strncmp(p, "*/", 2) == 0)
					depth--, p += 2;
				else
					p++;
			} while (depth > 0 && p < end);
		}
		else
			return p;
	}
}

/* What follows the data of COPY: a line \. or nothing. */
static const char *
after_data(const char *data, int len)
{
	const char *p = data + len;

	if (*p == '\0')
		return p;
	if (len > 0 && p[-1] != '\n')
		return NULL;
	if (strncmp(p, "\\.", 2) != 0)
		return NULL;
	p += 2;
	if (*p == '\r')
		p++;
	if (*p == '\n')
		return p + 1;
	return *p == '\0' ? p : NULL;
}

/* Data of COPY must begin below the statement and have no end inside. */
static const char *
check_data(const char *text, const MigStatement *s, const char **rest)
{
	const char *p = text + s->location + s->len;
	const char *end = text + strlen(text);

	if (s->data < p || s->data_len < 0 || s->data + s->data_len > end)
		return "data of COPY out of bounds";
	/* the last statement, without a semicolon, has none */
	*rest = p;
	if (s->data == p && s->data_len == 0)
		return after_blank(p, end) == end ? NULL : "COPY has no data";
	p = after_blank(p, s->data);
	if (p < s->data && *p == ';')
		p = after_blank(p + 1, s->data);
	if (p != s->data)
		return "there is text between COPY and its data";
	if (s->data > text && s->data[-1] != '\n' && s->data != end && s->data_len > 0)
		return "data of COPY does not start on a line of its own";
	*rest = after_data(s->data, s->data_len);
	if (*rest == NULL)
		return "data of COPY does not end before a line \\.";
	for (p = s->data; p < s->data + s->data_len; p += strcspn(p, "\n") + 1)
		if (strncmp(p, "\\.\n", 3) == 0 || strncmp(p, "\\.\r\n", 4) == 0)
			return "data of COPY contains a line \\.";
	return NULL;
}

/* Between statements there must be nothing that says anything. */
static const char *
check_gap(const char *p, const char *end)
{
	for (;;)
	{
		p = after_blank(p, end);
		if (p < end && *p == ';')
			p++;
		else if (p < end && (strncmp(p, "\\restrict", 9) == 0 ||
							 strncmp(p, "\\unrestrict", 11) == 0))
			while (p < end && *p != '\n')
				p++;
		else
			return p >= end ? NULL : psprintf("text belongs to no statement: %.40s", p);
	}
}

/*
 * Reads a text with the server's grammar under one way of reading strings;
 * the error is returned.
 */
static List *
server_parse(const char *text, bool conforming, ErrorData **error)
{
	Attempt		attempt;
	List	   *volatile trees = NIL;

	*error = NULL;
	begin_attempt(&attempt);
	PG_TRY();
	{
		if (conforming != standard_conforming_strings)
			(void) set_config_option("standard_conforming_strings", conforming ? "on" : "off",
									 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		trees = raw_parser(text, RAW_PARSE_DEFAULT);
		AtEOXact_GUC(true, attempt.level);
	}
	PG_CATCH();
	{
		FuzzErrorSeen seen = error_seen;

		error_seen = NULL;
		*error = catch_attempt(&attempt);
		error_seen = seen;
	}
	PG_END_TRY();
	return trees;
}

/* A statement alone must be the one statement that it is in the script. */
static const char *
check_alone(const char *text, const MigStatement *s, bool settings)
{
	char	   *alone = pnstrdup(text + s->location, s->len);

	for (int conforming = 1; conforming >= (settings ? 0 : 1); conforming--)
	{
		ErrorData  *error;
		List	   *trees = server_parse(alone, conforming, &error);

		if (error == NULL && list_length(trees) == 1 &&
			equal(linitial_node(RawStmt, trees)->stmt, s->raw->stmt))
			return NULL;
	}
	return psprintf("statement %d means something else alone: %s", s->number, alone);
}

/* The statements of a script, one after the other. */
static const char *
check_statements(const MigScript *script, FuzzCounts *counts)
{
	const char *text = script->text;
	const char *end = text + strlen(text);
	const char *p = text + (strncmp(text, UTF8_BOM, 3) == 0 ? 3 : 0);
	bool		settings = contains(text, "standard_conforming_strings");
	const char *wrong;

	for (int i = 0; i < script->nstatements; i++)
	{
		const MigStatement *s = &script->statements[i];
		const char *start = text + s->location;

		if (s->number != i + 1)
			return "statements are not numbered in order";
		if (start < p || s->len <= 0 || start + s->len > end)
			return psprintf("statement %d overlaps or is out of bounds", s->number);
		if (after_blank(start, end) != start || *start == ';' || scanner_isspace(start[s->len - 1]))
			return psprintf("statement %d does not start or end with a token", s->number);
		if (s->line != script->first_line - 1 + line_at(text, start))
			return psprintf("statement %d is said to be in line %d", s->number, s->line);
		if (s->class < MIG_STMT_PLAIN || s->class >= MIG_STMT_REFUSED)
			return psprintf("statement %d has no class", s->number);
		if ((wrong = check_gap(p, start)) != NULL || (wrong = check_alone(text, s, settings)) != NULL)
			return wrong;
		p = start + s->len;
		if (s->class == MIG_STMT_COPY_IN)
		{
			counts->copies++;
			if ((wrong = check_data(text, s, &p)) != NULL)
				return wrong;
		}
		else if (s->data != NULL || s->data_len != 0)
			return psprintf("statement %d has data", s->number);
	}
	counts->statements += script->nstatements;
	return check_gap(p, end);
}

/* Statements of these steps, each once and in order: their count, or -1. */
static int
executed(const MigScript *script, List *steps, int first)
{
	int			count = 0;
	int			next = first;
	ListCell   *lc;

	foreach(lc, steps)
	{
		const MigStep *step = lfirst(lc);

		if (step->first < next || step->last > script->nstatements ||
			step->last < step->first)
			return -1;
		for (int i = step->first; i <= step->last; i++)
		{
			MigStmtClass class = script->statements[i - 1].class;

			if (class == MIG_STMT_BEGIN || class == MIG_STMT_COMMIT)
				continue;
			count++;
			if ((class == MIG_STMT_TOPLEVEL && !step->toplevel) ||
				(step->toplevel && step->first != step->last))
				return -1;
		}
		next = step->last + 1;
	}
	return count;
}

/* Each statement must be in one step; a split step must be what it was. */
static const char *
check_steps(const MigScript *script, bool no_transaction, FuzzCounts *counts)
{
	int			expected = 0;
	bool		one = !no_transaction;
	ListCell   *lc;

	for (int i = 0; i < script->nstatements; i++)
	{
		MigStmtClass class = script->statements[i].class;

		expected += class != MIG_STMT_BEGIN && class != MIG_STMT_COMMIT;
		one = one && (class == MIG_STMT_PLAIN || class == MIG_STMT_COPY_IN ||
					  class == MIG_STMT_PROCEDURAL);
	}
	counts->steps += list_length(script->steps);
	if (expected == 0)
	{
		const MigStep *step = linitial(script->steps);

		return list_length(script->steps) == 1 && step->first == 1 && step->last == 0 ? NULL :
			"an empty script is not one empty step";
	}
	if (one && list_length(script->steps) != 1)
		return "a plain script is not one step";
	if (executed(script, script->steps, 1) != expected)
		return "statements and steps do not match";
	foreach(lc, script->steps)
	{
		const MigStep *step = lfirst(lc);
		int			inside = executed(script, list_make1((void *) step), step->first);
		int			number = step->first + (step->last - step->first) / 2;
		List	   *parts = mig_step_split(script, step, number, false);

		if (!step->toplevel && executed(script, parts, step->first) != inside)
			return psprintf("the step of statements %d to %d, split at %d, is another",
							step->first, step->last, number);
	}
	return NULL;
}

/* An error that the grammar does not have: refused by us. */
static bool
is_ours(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED ||
		error->sqlerrcode == ERRCODE_ACTIVE_SQL_TRANSACTION ||
		error->sqlerrcode == ERRCODE_INVALID_TRANSACTION_INITIATION ||
		error->sqlerrcode == ERRCODE_INVALID_TRANSACTION_STATE ||
		strstr(error->message, "requires a Boolean value") != NULL ||
		strstr(error->message, "psql meta-command") != NULL;
}

/*
 * Where nothing is in the text that only we understand, the server's grammar
 * must find the same statements, or the same error in the same line.
 */
static const char *
check_as_server(const char *text, const MigScript *script, const ErrorData *error,
				int first_line, FuzzCounts *counts)
{
	ErrorData  *its_error;
	const char *start = text + (strncmp(text, UTF8_BOM, 3) == 0 ? 3 : 0);
	List	   *trees;
	int			line;

	if (contains(text, "stdin") || contains(text, "stdout") ||
		contains(text, "standard_conforming_strings") || contains(text, "restrict"))
		return NULL;
	trees = server_parse(start, true, &its_error);
	if (error != NULL && is_ours(error))
		return NULL;
	counts->same_as_server++;
	if (error == NULL)
	{
		if (its_error != NULL)
			return psprintf("the server would say: %s", its_error->message);
		if (list_length(trees) != script->nstatements)
			return psprintf("the server sees %d statements", list_length(trees));
		for (int i = 0; i < script->nstatements; i++)
			if (!equal(list_nth_node(RawStmt, trees, i)->stmt, script->statements[i].raw->stmt))
				return psprintf("the server understands statement %d differently", i + 1);
		return NULL;
	}
	if (its_error == NULL)
		return psprintf("an error where the server sees none: %s", error->message);
	/* a meta-command within a statement ends what the grammar gets to see */
	if (strchr(text, '\\') != NULL && strstr(error->message, "at end of input") != NULL)
		return NULL;
	/* a long message is cut */
	if (its_error->sqlerrcode != error->sqlerrcode ||
		strncmp(its_error->message, error->message, 900) != 0)
		return psprintf("error \"%s\" where the server has \"%s\"", error->message, its_error->message);
	line = line_at(start, start + mig_text_location(start, its_error->cursorpos));
	if (its_error->cursorpos > 0 && line + first_line - 1 != mig_script_error_line())
		return psprintf("the server's error is in line %d", line);
	return NULL;
}

/*
 * Comparing
 */

/* Compares two texts; an error must be in one of them. */
static const char *
compare(const char *a, const char *b, bool *same, int *line_a, int *line_b, ErrorData **error)
{
	Attempt		attempt;
	const char *volatile wrong = NULL;

	*error = NULL;
	begin_attempt(&attempt);
	PG_TRY();
	{
		*same = mig_compare_same(a, b, line_a, line_b);
		wrong = end_attempt(&attempt);
	}
	PG_CATCH();
	{
		*error = catch_attempt(&attempt);
	}
	PG_END_TRY();
	if (*error == NULL)
		return wrong;
	if (ERRCODE_TO_CATEGORY((*error)->sqlerrcode) == ERRCODE_INTERNAL_ERROR)
		return psprintf("internal error of a comparison: %s", (*error)->message);
	if ((*error)->context == NULL || strstr((*error)->context, "of the script") == NULL)
		return psprintf("an error of a comparison without a line: %s", (*error)->message);
	return NULL;
}

/* Comments before its statements make no script another one. */
static const char *
check_same(const MigScript *script)
{
	StringInfoData other;
	bool		same;
	int			line_a;
	int			line_b;
	int			from = 0;
	ErrorData  *error;
	const char *wrong;

	initStringInfo(&other);
	for (int i = 0; i < script->nstatements; i++)
	{
		int			to = script->statements[i].location;

		appendBinaryStringInfo(&other, script->text + from, to - from);
		appendStringInfoString(&other, "-- one\n\t/* /* two */ ; */ ");
		from = to;
	}
	appendStringInfoString(&other, script->text + from);
	if ((wrong = compare(script->text, other.data, &same, &line_a, &line_b, &error)) != NULL)
		return wrong;
	if (error != NULL)
		return psprintf("an error only when compared: %s", error->message);
	return same && line_a == 0 && line_b == 0 ? NULL :
		psprintf("comments make a difference, in lines %d and %d", line_a, line_b);
}

/* A text against one that lacks its middle: the same from both sides. */
static const char *
check_symmetry(const char *text)
{
	int			len = strlen(text);
	int			cut = pg_mbcliplen(text, len, len / 2);
	int			rest = pg_mbcliplen(text, len, Min(len, cut + 1 + len / 8));
	char	   *other = psprintf("%.*s%s", cut, text, text + rest);
	bool		same[2];
	int			a[2];
	int			b[2];
	ErrorData  *error[2];
	const char *wrong;

	if ((wrong = compare(text, other, &same[0], &a[0], &b[0], &error[0])) != NULL ||
		(wrong = compare(other, text, &same[1], &b[1], &a[1], &error[1])) != NULL)
		return wrong;
	if ((error[0] == NULL) != (error[1] == NULL))
		return "a comparison depends on the order";
	if (error[0] != NULL)
		return NULL;
	if (same[0] != same[1] || a[0] != a[1] || b[0] != b[1])
		return "a comparison depends on the order";
	if (!same[0] && (line_start(text, a[0]) == NULL || line_start(other, b[0]) == NULL))
		return psprintf("a difference in lines %d and %d, which are not there", a[0], b[0]);
	if (!same[0] && strlen(mig_text_line(text, a[0])) > strcspn(line_start(text, a[0]), "\n"))
		return "the line of a difference is another";
	return NULL;
}

/* Parses a script; either *script or *error is set. */
static const char *
parse(const char *text, int first_line, bool no_transaction, MigScript **script,
	  ErrorData **error)
{
	Attempt		attempt;
	const char *volatile wrong = NULL;

	*script = NULL;
	*error = NULL;
	begin_attempt(&attempt);
	PG_TRY();
	{
		*script = mig_script_parse(text, first_line, no_transaction);
		wrong = end_attempt(&attempt);
	}
	PG_CATCH();
	{
		*error = catch_attempt(&attempt);
	}
	PG_END_TRY();
	return wrong;
}

/* What a script became must be all of it. */
static const char *
check_parsed(const char *text, const MigScript *script, bool no_transaction,
			 FuzzCounts *counts)
{
	const char *wrong = check_statements(script, counts);

	if (strcmp(script->text, text) != 0)
		wrong = "the text has changed";
	if (wrong == NULL)
		wrong = check_steps(script, no_transaction, counts);
	if (wrong == NULL)
		wrong = check_same(script);
	return wrong;
}

static const char *
check_script(const char *text, int len, FuzzCounts *counts)
{
	int			first_line = 1 + len % 7;
	bool		no_transaction = len % 5 == 0;
	MigScript  *script;
	ErrorData  *error;
	const char *wrong = parse(text, first_line, no_transaction, &script, &error);

	if (wrong != NULL)
		return wrong;
	if (error != NULL)
		counts->refused++;
	else
		counts->accepted++;
	wrong = error != NULL ? check_error(error, text, first_line) :
		check_parsed(text, script, no_transaction, counts);
	if (wrong == NULL)
		wrong = check_as_server(text, script, error, first_line, counts);
	if (wrong == NULL)
		wrong = check_symmetry(text);
	return wrong;
}

/*
 * Files
 */

/* How people order versions; the plain way. */
static int
compare_versions(const char *a, const char *b)
{
	while (*a && *b)
	{
		if (isdigit((unsigned char) *a) && isdigit((unsigned char) *b))
		{
			int			digits_a;
			int			digits_b;
			int			result;

			a += strspn(a, "0");
			b += strspn(b, "0");
			digits_a = strspn(a, "0123456789");
			digits_b = strspn(b, "0123456789");
			if (digits_a != digits_b)
				return digits_a - digits_b;
			if ((result = strncmp(a, b, digits_a)) != 0)
				return result;
			a += digits_a;
			b += digits_b;
		}
		else if (*a != *b)
			return (unsigned char) *a - (unsigned char) *b;
		else
		{
			a++;
			b++;
		}
	}
	return (*a != '\0') - (*b != '\0');
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Takes an input apart; empty files at its end count too. */
static List *
read_input(const char *input)
{
	List	   *files = NIL;

	while (*input != '\0')
	{
		int			path = strcspn(input, "\x1f\x1e");
		MigFile    *file = palloc(sizeof(MigFile));
		int			len;

		file->path = pnstrdup(input, path);
		input += path;
		if (*input == FUZZ_PATH_END)
			input++;
		len = strcspn(input, "\x1e");
		file->content = pnstrdup(input, len);
		input += len;
		if (*input == FUZZ_FILE_END)
			input++;
		files = lappend(files, file);
	}
	return files;
}

/* Is a script what stands from here on, up to a section or the end? */
static bool
stands_at(const char *script, const char *start)
{
	int			len = strlen(script);

	if (strncmp(start, script, len) != 0)
		return false;
	if (start[len] == '\0')
		return true;
	if (len > 0 && start[len - 1] != '\n')
		return false;
	start += len;
	while (scanner_isspace(*start))
		start++;
	return strncmp(start, "--", 2) == 0;
}

/* Does a script stand in some file from its line on? */
static bool
stands_in_a_file(const MigSource *source, List *files)
{
	ListCell   *lc;

	foreach(lc, files)
	{
		const char *content = ((MigFile *) lfirst(lc))->content;
		const char *start = line_start(content, source->line);

		/* the line after the last one is empty */
		if (start == NULL && *source->text == '\0' &&
			line_start(content, source->line - 1) != NULL)
			return true;
		if (start == NULL)
			continue;
		if (stands_at(source->text, start))
			return true;
		/* a file that is one script keeps its BOM */
		if (start == content && strncmp(start, UTF8_BOM, 3) == 0 &&
			stands_at(source->text, start + 3))
			return true;
	}
	return false;
}

static const char *
check_source(const char *which, const MigDefinition *d, const MigSource *source, List *files)
{
	if (source->text == NULL)
		return NULL;
	if (source->line < 1 || !stands_in_a_file(source, files))
		return psprintf("the %s script of \"%s\" does not stand in line %d of a file", which, d->name,
						source->line);
	return NULL;
}

/* One migration of a directory. */
static const char *
check_definition(const MigDefinition *d, const MigDefinition *previous, List *files)
{
	const char *wrong;
	int			order;

	if (d->name == NULL || *d->name == '\0' || d->up.text == NULL || d->path == NULL)
		return "a migration lacks its name, path or script";
	if (d->repeatable != (d->version == NULL) || d->repeatable != (d->sort_key == NULL))
		return psprintf("\"%s\" is and is not repeatable", d->name);
	if (d->repeatable && d->down.text != NULL)
		return psprintf("repeatable \"%s\" has a down script", d->name);
	if (!d->repeatable && strcmp(mig_version_sort_key(d->version), d->sort_key) != 0)
		return psprintf("version \"%s\" has another key", d->version);
	if ((wrong = check_source("up", d, &d->up, files)) != NULL ||
		(wrong = check_source("down", d, &d->down, files)) != NULL)
		return wrong;
	if (previous == NULL)
		return NULL;
	if (d->repeatable != previous->repeatable)
		return d->repeatable ? NULL : "a version after a repeatable";
	if (d->repeatable)
		return strcmp(previous->name, d->name) < 0 ? NULL : "repeatables out of order";
	order = compare_versions(previous->version, d->version);
	if (order >= 0)
		return psprintf("version \"%s\" before \"%s\"", previous->version, d->version);
	return NULL;
}

/* Each pair of what may be a version: the keys order as people do. */
static const char *
check_keys(List *definitions)
{
	ListCell   *x;
	ListCell   *y;

	foreach(x, definitions)
		foreach(y, definitions)
	{
		/* any text without a huge number will do */
		const char *a = ((MigDefinition *) lfirst(x))->path;
		const char *b = ((MigDefinition *) lfirst(y))->path;

		if (strlen(a) < 9999 && strlen(b) < 9999 &&
			sign(strcmp(mig_version_sort_key(a), mig_version_sort_key(b))) !=
			sign(compare_versions(a, b)))
			return psprintf("keys of \"%s\" and \"%s\" are in another order", a, b);
	}
	return NULL;
}

/* What the layouts of other tools may ask of a database that knows none. */
static bool
no_history(const char *tool)
{
	return false;
}

/* Reads files; an error must be a user's and name one of the files. */
static const char *
read_files(const char *layout, List *files, MigLayoutResult **result,
		   ErrorData **error)
{
	MigLayoutRequest request = {
		.layout = layout,
		.files = files,
		.around = {
			.database = "db", .owner = "owner", .user = "user",
			.schema = "public", .timestamp = "2000-01-01 00:00:00"
		},
		.has_history = no_history
	};
	Attempt		attempt;
	const char *volatile wrong = NULL;
	ListCell   *lc;

	*error = NULL;
	begin_attempt(&attempt);
	PG_TRY();
	{
		*result = mig_layout_read(&request);
		wrong = end_attempt(&attempt);
	}
	PG_CATCH();
	{
		*result = NULL;
		*error = catch_attempt(&attempt);
	}
	PG_END_TRY();
	if (*error == NULL || wrong)
		return wrong;
	if (strcmp(layout, "native") != 0)
		files = NIL;			/* others may miss a file, or the layout */
	if (ERRCODE_TO_CATEGORY((*error)->sqlerrcode) == ERRCODE_INTERNAL_ERROR)
		return psprintf("internal error of a layout: %s", (*error)->message);
	foreach(lc, files)
	{
		const char *path = ((MigFile *) lfirst(lc))->path;

		/* a very long one is cut */
		path = pnstrdup(path, pg_mbcliplen(path, strlen(path), 190));
		if (strstr((*error)->message, path) != NULL ||
			((*error)->detail && strstr((*error)->detail, path) != NULL) ||
			((*error)->context && strstr((*error)->context, path) != NULL))
			return NULL;
	}
	if (files == NIL)
		return NULL;
	return psprintf("an error that names no file: %s", (*error)->message);
}

/* Files in another order are the same migrations. */
static const char *
check_order(List *files, const MigLayoutResult *result)
{
	List	   *reversed = NIL;
	MigLayoutResult *other;
	ErrorData  *error;
	const char *wrong;
	ListCell   *x;
	ListCell   *y;

	foreach(x, files)
		reversed = lcons(lfirst(x), reversed);
	if ((wrong = read_files("native", reversed, &other, &error)) != NULL)
		return wrong;
	if ((result == NULL) != (other == NULL))
		return "the order of the files decides whether there is an error";
	if (result == NULL)
		return NULL;
	if (list_length(result->definitions) != list_length(other->definitions))
		return "the order of the files decides how many migrations there are";
	forboth(x, result->definitions, y, other->definitions)
	{
		const MigDefinition *a = lfirst(x);
		const MigDefinition *b = lfirst(y);

		if (strcmp(a->path, b->path) != 0 || strcmp(a->up.text, b->up.text) != 0 ||
			(a->down.text == NULL) != (b->down.text == NULL))
			return psprintf("the order of the files changes \"%s\"", a->name);
	}
	return NULL;
}

/* Another tool's layout: that it is read, or refused as it should be. */
static const char *
check_foreign(List *files)
{
	static const char *const layouts[] = {
		"auto", "golang-migrate", "flyway", "sqlx", "prisma", "dbmate",
		"goose", "node-pg-migrate", "graphile-migrate", "sqitch",
		"liquibase", "atlas", "diesel", "refinery", "drizzle", "tern",
		"sql-migrate", "postgres-migrations", "hasura", "postgrator",
		"rails", "knex", "alembic", "django", "efcore", "typeorm", "ecto"
	};
	static int	next = 0;
	const char *layout = layouts[next++ % lengthof(layouts)];
	MigLayoutResult *result;
	ErrorData  *error;
	const char *wrong = read_files(layout, files, &result, &error);
	ListCell   *lc;

	if (wrong != NULL)
		return psprintf("layout %s: %s", layout, wrong);
	if (result == NULL)
		return NULL;
	foreach(lc, result->definitions)
	{
		const MigDefinition *d = lfirst(lc);

		if (d->name == NULL || d->path == NULL || d->layout == NULL ||
			(d->up.text == NULL) != d->host)
			return psprintf("layout %s: a migration lacks its name, path or script", layout);
		if (d->repeatable != (d->version == NULL) ||
			d->repeatable != (d->sort_key == NULL))
			return psprintf("layout %s: \"%s\" is and is not repeatable", layout, d->name);
	}
	return NULL;
}

static const char *
check_files(const char *input, FuzzCounts *counts)
{
	List	   *files = read_input(input);
	MigLayoutResult *result;
	const MigDefinition *previous = NULL;
	ErrorData  *error;
	const char *wrong;
	int			scripts = 0;
	ListCell   *lc;

	if ((wrong = check_foreign(files)) != NULL)
		return wrong;
	if ((wrong = read_files("native", files, &result, &error)) != NULL)
		return wrong;
	if (error == NULL)
	{
		counts->accepted++;
		foreach(lc, result->definitions)
		{
			const MigDefinition *d = lfirst(lc);

			if ((wrong = check_definition(d, previous, files)) != NULL)
				return wrong;
			/* a down script of its own file, or of its section */
			scripts += d->down.text != NULL &&
				strlen(d->path) > 7 && strcmp(d->path + strlen(d->path) - 7, ".up.sql") == 0 ? 2 : 1;
			previous = d;
		}
		counts->definitions += list_length(result->definitions);
		counts->ignored += list_length(result->ignored);
		if (scripts + list_length(result->ignored) != list_length(files))
			return "a file is neither a migration's nor ignored";
		if ((wrong = check_keys(result->definitions)) != NULL)
			return wrong;
	}
	else
		counts->refused++;
	return check_order(files, result);
}

/*
 * What must hold for this input.  A text that is not in the database's
 * encoding is what the callers of this code refuse; it goes on as one that
 * ends at a zero byte and has nothing but ASCII.
 */
const char *
fuzz_check(FuzzKind kind, const char *input, int len, FuzzCounts *counts,
		   FuzzErrorSeen seen)
{
	char	   *text = pnstrdup(input, len);
	int			valid = strlen(text);

	error_seen = seen;
	if (valid < len)
		counts->not_text++;
	if (!pg_verify_mbstr(GetDatabaseEncoding(), text, valid, true))
	{
		counts->not_text += valid == len;
		for (char *p = text; *p; p++)
			if (IS_HIGHBIT_SET(*p))
				*p = '?';
	}
	return kind == FUZZ_SCRIPT ? check_script(text, valid, counts) : check_files(text, counts);
}
