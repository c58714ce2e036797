/*-------------------------------------------------------------------------
 *
 * rule_edit.c
 *	  Edits of what the user wrote, for lint rules that propose another text.
 *
 * Offsets count from the start of the statement's text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "lib/stringinfo.h"

#include "rule.h"
#include "scan.h"

/* What stands from 'start' up to 'end' becomes this text. */
typedef struct Edit
{
	int			start;
	int			end;
	const char *text;
} Edit;

/* Where a node of the statement is in its text. */
int
mig_lint_offset(const MigLint *lint, int location)
{
	return lint->base + location - lint->location;
}

/* Where what begins at a node ends: see mig_lint_source(). */
int
mig_lint_source_end(MigLint *lint, int location)
{
	return mig_lint_offset(lint, location) +
		(int) strlen(mig_lint_source(lint, location));
}

/* One more edit in a list; in any order, but none within another. */
List *
mig_lint_edit(List *edits, int start, int end, const char *text)
{
	Edit	   *edit = palloc(sizeof(Edit));

	edit->start = start;
	edit->end = end;
	edit->text = text;
	return lappend(edits, edit);
}

static int
compare_edits(const ListCell *a, const ListCell *b)
{
	return ((Edit *) lfirst(a))->start - ((Edit *) lfirst(b))->start;
}

/* The statement after these edits, with its semicolon. */
char *
mig_lint_edited(MigLint *lint, List *edits)
{
	char	   *text = mig_lint_text(lint);
	int			done = 0;
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	list_sort(edits, compare_edits);
	foreach(lc, edits)
	{
		Edit	   *edit = lfirst(lc);

		appendStringInfo(&result, "%.*s%s", edit->start - done, text + done,
						 edit->text);
		done = edit->end;
	}
	appendStringInfo(&result, "%s;", text + done);
	return result.data;
}

/* Is the current token this word, not quoted? */
static bool
is_word(const MigScan *scan, const char *word)
{
	int			len = strlen(word);

	return scan->token_end - scan->location == len &&
		pg_strncasecmp(scan->text + scan->location, word, len) == 0;
}

/*
 * Finds a word or a sign of the statement from an offset on, outside of
 * parentheses that open after that.
 */
bool
mig_lint_find_word(MigLint *lint, int from, const char *word, int *start,
				   int *end)
{
	char	   *text = mig_lint_text(lint);
	int			depth = 0;
	bool		found = false;
	MigScan		scan;

	mig_scan_begin(&scan, text + from);
	while (!found)
	{
		MigScanEvent event = mig_scan_next(&scan);

		if (event == MIG_SCAN_END || event == MIG_SCAN_FAILED)
			break;
		if (scan.token == ')' || scan.token == ']')
			depth--;
		if (depth <= 0 && is_word(&scan, word))
		{
			*start = from + scan.location;
			*end = from + scan.token_end;
			found = true;
		}
		if (scan.token == '(' || scan.token == '[')
			depth++;
	}
	mig_scan_end(&scan);
	return found;
}

/* May this token go on with the name of a type? */
static bool
continues_type(const MigScan *scan)
{
	static const char *const words[] = {"varying", "char", "character",
	"precision", "with", "without", "time", "zone", "."};

	for (int i = 0; i < lengthof(words); i++)
	{
		if (is_word(scan, words[i]))
			return true;
	}
	return scan->token == '(';
}

/* Where the type that begins there ends, without the brackets of an array. */
int
mig_lint_type_end(MigLint *lint, const TypeName *type)
{
	int			start = mig_lint_offset(lint, type->location);
	char	   *text = mig_lint_text(lint) + start;
	int			depth = 0;
	int			end = 0;
	bool		dot = true;		/* what comes first is part of it */
	MigScan		scan;

	mig_scan_begin(&scan, text);
	for (;;)
	{
		MigScanEvent event = mig_scan_next(&scan);

		if (event == MIG_SCAN_END || event == MIG_SCAN_FAILED ||
			(depth == 0 && !dot && !continues_type(&scan)))
			break;
		if (scan.token == '(')
			depth++;
		else if (scan.token == ')')
			depth--;
		dot = scan.token == '.';
		end = scan.token_end;
	}
	mig_scan_end(&scan);
	return start + end;
}

/* The number of the current command among those of its ALTER TABLE. */
static int
command_number(MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, castNode(AlterTableStmt, lint->stmt)->cmds)
	{
		if (lfirst(lc) == lint->command)
			return foreach_current_index(lc);
	}
	return -1;
}

/*
 * The ALTER TABLE without its current command, and the comma that goes with
 * it.  NULL: it has no other one.
 */
char *
mig_lint_without_command(MigLint *lint)
{
	AlterTableStmt *stmt = castNode(AlterTableStmt, lint->stmt);
	int			number = command_number(lint);
	char	   *text = mig_lint_text(lint);
	int			name = mig_lint_offset(lint, stmt->relation->location);
	int			end = strlen(text) - strlen(mig_lint_after_name(text + name));
	int			start = end;

	if (list_length(stmt->cmds) < 2 || number < 0)
		return NULL;
	/* the first one goes with the comma behind it, others with their own */
	for (int i = 0;; i++)
	{
		int			comma = strlen(text);
		int			after = comma;

		(void) mig_lint_find_word(lint, end, ",", &comma, &after);
		if (i == number)
		{
			end = number > 0 ? comma : after + (int) strspn(text + after, " ");
			return mig_lint_edited(lint, mig_lint_edit(NIL, start, end, ""));
		}
		start = comma;
		end = after;
	}
}

/* What stands between two offsets. */
char *
mig_lint_between(MigLint *lint, int start, int end)
{
	return pnstrdup(mig_lint_text(lint) + start, end - start);
}

/* A name that is not longer than a name can be: "orders_unused". */
char *
mig_lint_suffixed(const char *name, const char *suffix)
{
	return makeObjectName(name, NULL, suffix);
}
