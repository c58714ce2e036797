/*-------------------------------------------------------------------------
 *
 * rule_text.c
 *	  Texts for lint rules: pieces of a statement, and edits of it.
 *
 * The server has no way back from a parse tree to text, so what a rule
 * proposes is an edit of what the user wrote, or put together from names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "rule.h"
#include "scan.h"

/* The statement as it is written. */
char *
mig_lint_text(MigLint *lint)
{
	return pnstrdup(lint->source + lint->location, lint->len);
}

/*
 * What is written from a node on: up to the next comma or parenthesis that is
 * not within parentheses of its own, or the statement's end.
 */
char *
mig_lint_source(MigLint *lint, int location)
{
	int			start = lint->base + location;
	char	   *text = pnstrdup(lint->source + start,
								lint->location + lint->len - start);
	int			depth = 0;
	int			end = 0;
	MigScan		scan;

	mig_scan_begin(&scan, text);
	for (;;)
	{
		MigScanEvent event = mig_scan_next(&scan);

		if (event == MIG_SCAN_END || event == MIG_SCAN_FAILED)
			break;
		if (scan.token == '(' || scan.token == '[')
			depth++;
		else if (scan.token == ')' || scan.token == ']')
			depth--;
		if (depth < 0 || (depth == 0 && scan.token == ','))
			break;
		end = scan.token_end;
	}
	mig_scan_end(&scan);
	text[end] = '\0';
	return text;
}

/*
 * The statement with a text after its first token of this name; as it is if
 * there is none.
 */
char *
mig_lint_insert(MigLint *lint, const char *after, const char *inserted)
{
	char	   *text = mig_lint_text(lint);
	int			len = strlen(after);
	StringInfoData result;
	MigScan		scan;
	int			at = -1;

	mig_scan_begin(&scan, text);
	while (at < 0)
	{
		MigScanEvent event = mig_scan_next(&scan);

		if (event == MIG_SCAN_END || event == MIG_SCAN_FAILED)
			break;
		if (pg_strncasecmp(text + scan.location, after, len) == 0)
			at = scan.location + len;
	}
	mig_scan_end(&scan);
	initStringInfo(&result);
	if (at < 0)
		appendStringInfoString(&result, text);
	else
		appendStringInfo(&result, "%.*s %s%s", at, text, inserted, text + at);
	appendStringInfoChar(&result, ';');
	return result.data;
}

/* The statement with a text at its end. */
char *
mig_lint_append(MigLint *lint, const char *appended)
{
	return psprintf("%s %s;", mig_lint_text(lint), appended);
}

/* Names, quoted where they must be, with commas between. */
char *
mig_lint_names(List *names)
{
	StringInfoData result;
	ListCell   *lc;

	initStringInfo(&result);
	foreach(lc, names)
		appendStringInfo(&result, "%s%s", result.len > 0 ? ", " : "",
						 quote_identifier(lfirst(lc)));
	return result.data;
}

/* schema.name, quoted where it must be. */
const char *
mig_lint_quote_rel(const MigRel *rel)
{
	return quote_qualified_identifier(rel->schema, rel->name);
}

/* A name as the statement gives it, quoted where it must be. */
const char *
mig_lint_range(const RangeVar *name)
{
	return quote_qualified_identifier(name->schemaname, name->relname);
}
