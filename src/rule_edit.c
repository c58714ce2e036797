/*-------------------------------------------------------------------------
 *
 * rule_edit.c
 *	  What a statement should say, for lint rules: its text after edits.
 *
 * For the difference between locations and offsets see rule_text.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

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

/*
 * The statement
 */

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

/* The statement with something else between two locations of the tree. */
char *
mig_lint_replace(MigLint *lint, int start, int end, const char *by)
{
	return mig_lint_edited(lint, mig_lint_edit(NIL,
											   mig_lint_offset(lint, start),
											   mig_lint_offset(lint, end), by));
}

/*
 * The statement with a text after its first token of this name; as it is if
 * there is none.
 */
char *
mig_lint_insert(MigLint *lint, const char *after, const char *inserted)
{
	return psprintf("%s;", mig_lint_with(mig_lint_text(lint), after, inserted));
}

/* The statement with a text at its end. */
char *
mig_lint_append(MigLint *lint, const char *appended)
{
	return psprintf("%s %s;", mig_lint_text(lint), appended);
}

/*
 * ALTER TABLE without its current command and the comma that goes with it.
 * NULL: it has no other one.
 */
char *
mig_lint_without_command(MigLint *lint)
{
	int			number = mig_lint_command_number(lint);
	int			count = list_length(castNode(AlterTableStmt, lint->stmt)->cmds);
	int			start;
	int			end;
	int			ignored;

	if (count < 2)
		return NULL;
	if (number + 1 < count)
	{
		mig_lint_command_span(lint, number, &start, &ignored);
		mig_lint_command_span(lint, number + 1, &end, &ignored);
	}
	else
	{
		mig_lint_command_span(lint, number - 1, &ignored, &start);
		mig_lint_command_span(lint, number, &ignored, &end);
	}
	return mig_lint_edited(lint, mig_lint_edit(NIL, start, end, ""));
}

/*
 * Any text
 */

/* The text with something else for each token of this name. */
char *
mig_lint_substitute(const char *text, const char *word, const char *by)
{
	StringInfoData result;
	MigScan		scan;
	int			copied = 0;

	initStringInfo(&result);
	mig_scan_begin(&scan, text);
	while (mig_scan_token(&scan))
	{
		if (!mig_scan_is_word(&scan, word))
			continue;
		appendBinaryStringInfo(&result, text + copied, scan.location - copied);
		appendStringInfoString(&result, by);
		copied = scan.token_end;
	}
	mig_scan_end(&scan);
	appendStringInfoString(&result, text + copied);
	return result.data;
}

/*
 * The text without its first tokens of these names, which follow each other;
 * as it is if they are not there.
 */
char *
mig_lint_without(const char *text, const char *const *words, int nwords)
{
	int			start = -1;
	int			matched = 0;
	int			end = 0;
	MigScan		scan;

	mig_scan_begin(&scan, text);
	while (matched < nwords && mig_scan_token(&scan))
	{
		if (!mig_scan_is_word(&scan, words[matched]))
			matched = 0;
		if (mig_scan_is_word(&scan, words[matched]))
		{
			if (matched++ == 0)
				start = scan.location;
			end = scan.token_end;
		}
	}
	mig_scan_end(&scan);
	if (matched < nwords)
		return pstrdup(text);
	return psprintf("%.*s%s", start, text,
					text + end + strspn(text + end, " "));
}

/* A text with another after its first token of this name, if there is one. */
char *
mig_lint_with(const char *text, const char *after, const char *inserted)
{
	MigScan		scan;
	int			at = -1;

	mig_scan_begin(&scan, text);
	while (at < 0 && mig_scan_token(&scan))
	{
		if (mig_scan_is_word(&scan, after))
			at = scan.token_end;
	}
	mig_scan_end(&scan);
	if (at < 0)
		return pstrdup(text);
	return psprintf("%.*s %s%s", at, text, inserted, text + at);
}
