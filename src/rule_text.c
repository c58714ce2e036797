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

#include "compat.h"
#include "rule.h"
#include "scan.h"

/* The next token of a text; false at its end, or where it is not lexable. */
static bool
next_token(MigScan *scan)
{
	MigScanEvent event = mig_scan_next(scan);

	return event != MIG_SCAN_END && event != MIG_SCAN_FAILED;
}

/* Is the current token this word, written without quotes? */
static bool
is_word(const MigScan *scan, const char *word)
{
	int			len = strlen(word);

	return scan->token_end - scan->location == len &&
		pg_strncasecmp(scan->text + scan->location, word, len) == 0;
}

/* Where the last token of a text ends, so that no comment follows it. */
static int
last_token_end(const char *text)
{
	MigScan		scan;
	int			end = 0;

	mig_scan_begin(&scan, text);
	while (next_token(&scan))
		end = scan.token_end;
	mig_scan_end(&scan);
	return end;
}

/* The statement as it is written, without what follows its last token. */
char *
mig_lint_text(MigLint *lint)
{
	char	   *text = pnstrdup(lint->source + lint->location, lint->len);

	text[last_token_end(text)] = '\0';
	return text;
}

/*
 * The statement in a step of its own; NULL: it stands in a body, which a COMMIT
 * of the script does not cut.
 */
char *
mig_lint_after_commit(MigLint *lint)
{
	return lint->body == MIG_BODY_NONE ?
		psprintf("COMMIT;\n%s;", mig_lint_text(lint)) : NULL;
}

/*
 * Where what is written from a node on ends: at the next comma or parenthesis
 * that is not within parentheses of its own, or with the statement.  Both are
 * locations as the grammar gives them.
 */
int
mig_lint_end_of(MigLint *lint, int location)
{
	int			start = lint->base + location;
	char	   *text = pnstrdup(lint->source + start,
								lint->location + lint->len - start);
	int			depth = 0;
	int			end = 0;
	MigScan		scan;

	mig_scan_begin(&scan, text);
	while (next_token(&scan))
	{
		if (scan.token == '(' || scan.token == '[')
			depth++;
		else if (scan.token == ')' || scan.token == ']')
			depth--;
		if (depth < 0 || (depth == 0 && scan.token == ','))
			break;
		end = scan.token_end;
	}
	mig_scan_end(&scan);
	return location + end;
}

/*
 * What is written between two locations of the tree, on one line and without
 * comments, so that it can become a part of another statement.
 */
char *
mig_lint_piece(MigLint *lint, int start, int end)
{
	char	   *text = pnstrdup(lint->source + lint->base + start,
								end - start);
	StringInfoData result;
	MigScan		scan;
	int			previous = 0;

	initStringInfo(&result);
	mig_scan_begin(&scan, text);
	while (next_token(&scan))
	{
		if (scan.location > previous && result.len > 0)
			appendStringInfoChar(&result, ' ');
		appendBinaryStringInfo(&result, text + scan.location,
							   scan.token_end - scan.location);
		previous = scan.token_end;
	}
	mig_scan_end(&scan);
	return result.data;
}

/* What is written from a node on; see mig_lint_end_of(). */
char *
mig_lint_source(MigLint *lint, int location)
{
	return mig_lint_piece(lint, location, mig_lint_end_of(lint, location));
}

/* What follows the first token of this name in a text; NULL: there is none. */
char *
mig_lint_after(const char *text, const char *word)
{
	char	   *result = NULL;
	MigScan		scan;

	mig_scan_begin(&scan, text);
	while (result == NULL && next_token(&scan))
	{
		if (is_word(&scan, word))
			result = pstrdup(text + scan.token_end +
							 strspn(text + scan.token_end, " "));
	}
	mig_scan_end(&scan);
	return result;
}

/* The text with something else for each token of this name. */
char *
mig_lint_substitute(const char *text, const char *word, const char *by)
{
	StringInfoData result;
	MigScan		scan;
	int			copied = 0;

	initStringInfo(&result);
	mig_scan_begin(&scan, text);
	while (next_token(&scan))
	{
		if (!is_word(&scan, word))
			continue;
		appendBinaryStringInfo(&result, text + copied, scan.location - copied);
		appendStringInfoString(&result, by);
		copied = scan.token_end;
	}
	mig_scan_end(&scan);
	appendStringInfoString(&result, text + copied);
	return result.data;
}

/* What is within the parentheses at which a text begins. */
char *
mig_lint_list(const char *text)
{
	MigScan		scan;
	int			depth = 0;
	int			start = 0;
	int			end = 0;

	mig_scan_begin(&scan, text);
	while (next_token(&scan))
	{
		if (scan.token == '(' && depth++ == 0)
			start = scan.token_end;
		else if (scan.token == ')' && --depth == 0)
			end = scan.location;
		if (depth == 0)
			break;
	}
	mig_scan_end(&scan);
	return pnstrdup(text + start, Max(end - start, 0));
}

/* What follows the name of a relation, at which a text begins. */
char *
mig_lint_after_name(const char *text)
{
	MigScan		scan;
	int			end = 0;
	bool		name = true;

	mig_scan_begin(&scan, text);
	while (next_token(&scan) && (name || scan.token == '.' ||
								 scan.token == '*' || scan.token == ')'))
	{
		name = scan.token == '.';
		end = scan.token_end;
	}
	mig_scan_end(&scan);
	return pstrdup(text + end + strspn(text + end, " "));
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
	while (matched < nwords && next_token(&scan))
	{
		if (!is_word(&scan, words[matched]))
			matched = 0;
		if (is_word(&scan, words[matched]))
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
	while (at < 0 && next_token(&scan))
	{
		if (is_word(&scan, after))
			at = scan.token_end;
	}
	mig_scan_end(&scan);
	if (at < 0)
		return pstrdup(text);
	return psprintf("%.*s %s%s", at, text, inserted, text + at);
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

/* The statement with something else between two locations of the tree. */
char *
mig_lint_replace(MigLint *lint, int start, int end, const char *by)
{
	char	   *text = mig_lint_text(lint);
	int			offset = lint->base - lint->location;

	return psprintf("%.*s%s%s;", start + offset, text, by, text + end + offset);
}

/*
 * The statement without the command that adds what begins at this location of
 * the tree, with the comma that goes with it.  NULL: it has no other one.
 */
char *
mig_lint_without_addition(MigLint *lint, int location)
{
	char	   *text = mig_lint_text(lint);
	int			start = lint->base + location - lint->location;
	int			end = lint->base + mig_lint_end_of(lint, location) - lint->location;
	int			previous[2] = {-1, -1}; /* of the last tokens: comma and ADD */
	bool		after_comma = false;
	char	   *result = NULL;
	MigScan		scan;

	mig_scan_begin(&scan, text);
	while (next_token(&scan) && scan.location < start)
	{
		previous[0] = previous[1];
		previous[1] = scan.location;
	}
	while (scan.token != 0 && scan.location < end && next_token(&scan))
		;
	after_comma = previous[0] >= 0 && text[previous[0]] == ',';
	if (after_comma)
		result = psprintf("%.*s%s;", previous[0], text, text + end);
	else if (scan.token == ',')
		result = psprintf("%.*s%s;", previous[1], text,
						  text + scan.token_end + strspn(text + scan.token_end, " \t\n"));
	mig_scan_end(&scan);
	return result;
}

/* The statement with a text at its end. */
char *
mig_lint_append(MigLint *lint, const char *appended)
{
	return psprintf("%s %s;", mig_lint_text(lint), appended);
}

/*
 * Definitions of columns
 */

/* Where the part of a column's definition that begins here ends. */
static int
end_of_part(MigLint *lint, ColumnDef *column, int location)
{
	int			end = mig_lint_end_of(lint, column->location);
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		int			other = lfirst_node(Constraint, lc)->location;

		if (other > location)
			end = Min(end, other);
	}
	if (column->collClause != NULL && column->collClause->location > location)
		end = Min(end, column->collClause->location);
	return end;
}

/* Is this no constraint, but says more of the one before it? */
static bool
is_attribute(const Constraint *constraint)
{
	switch (constraint->contype)
	{
		case CONSTR_ATTR_DEFERRABLE:
		case CONSTR_ATTR_NOT_DEFERRABLE:
		case CONSTR_ATTR_DEFERRED:
		case CONSTR_ATTR_IMMEDIATE:
			return true;
		default:
			return mig_is_enforcement(constraint);
	}
}

/* The current constraint as it is written, with its attributes. */
char *
mig_lint_constraint_text(MigLint *lint)
{
	Constraint *constraint = lint->constraint;
	ListCell   *lc;
	bool		passed = false;
	int			end;

	if (lint->column == NULL)
		return mig_lint_source(lint, constraint->location);
	end = end_of_part(lint, lint->column, constraint->location);
	foreach(lc, lint->column->constraints)
	{
		Constraint *other = lfirst_node(Constraint, lc);

		if (passed && !is_attribute(other))
			break;
		if (passed)
			end = end_of_part(lint, lint->column, other->location);
		passed |= other == constraint;
	}
	return mig_lint_piece(lint, constraint->location, end);
}

/*
 * A column's definition without its constraints of these kinds: the bits
 * 1 << CONSTR_*.
 */
char *
mig_lint_column_without(MigLint *lint, ColumnDef *column, int kinds)
{
	StringInfoData result;
	ListCell   *lc;
	bool		left_out = false;

	initStringInfo(&result);
	appendStringInfoString(&result,
						   mig_lint_piece(lint, column->location,
											end_of_part(lint, column, column->location)));
	if (column->collClause != NULL)
		appendStringInfo(&result, " %s",
						 mig_lint_piece(lint, column->collClause->location,
										  end_of_part(lint, column,
													  column->collClause->location)));
	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (!is_attribute(constraint))
			left_out = (kinds & (1 << constraint->contype)) != 0;
		if (!left_out)
			appendStringInfo(&result, " %s",
							 mig_lint_piece(lint, constraint->location,
											  end_of_part(lint, column,
														  constraint->location)));
	}
	return result.data;
}

/* The constraint of this kind in a column's definition; NULL: there is none. */
Constraint *
mig_lint_column_constraint(ColumnDef *column, ConstrType kind)
{
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		if (lfirst_node(Constraint, lc)->contype == kind)
			return lfirst(lc);
	}
	return NULL;
}

/*
 * Names
 */

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
