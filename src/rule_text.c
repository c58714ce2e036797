/*-------------------------------------------------------------------------
 *
 * rule_text.c
 *	  What a statement says, for lint rules: pieces of its text and names.
 *
 * The server has no way back from a parse tree to text, so what a rule
 * proposes is made of what the user wrote and of names.  A location is that of
 * a node as the grammar gave it; an offset counts from the start of the
 * statement's text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "compat.h"
#include "rule.h"
#include "scan.h"

/*
 * The statement and its parts
 */

/* Where the last token of a text ends, so that no comment follows it. */
static int
last_token_end(const char *text)
{
	MigScan		scan;
	int			end = 0;

	mig_scan_begin(&scan, text);
	while (mig_scan_token(&scan))
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

/* Where a node of the statement is in its text. */
int
mig_lint_offset(const MigLint *lint, int location)
{
	return lint->base + location - lint->location;
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
	while (mig_scan_token(&scan))
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
	while (mig_scan_token(&scan))
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

/* Where what begins at a node ends: see mig_lint_source(). */
int
mig_lint_source_end(MigLint *lint, int location)
{
	return mig_lint_offset(lint, location) +
		(int) strlen(mig_lint_source(lint, location));
}

/* What stands between two offsets. */
char *
mig_lint_between(MigLint *lint, int start, int end)
{
	return pnstrdup(mig_lint_text(lint) + start, end - start);
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
	while (!found && mig_scan_token(&scan))
	{
		if (scan.token == ')' || scan.token == ']')
			depth--;
		if (depth <= 0 && mig_scan_is_word(&scan, word))
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

/*
 * Goes on to what follows the name of a relation, which comes next; returns
 * where the name ends.
 */
static int
skip_name(MigScan *scan)
{
	int			end = 0;
	bool		name = true;

	while (mig_scan_token(scan) && (name || scan->token == '.' ||
									scan->token == '*' || scan->token == ')'))
	{
		name = scan->token == '.';
		end = scan->token_end;
	}
	return end;
}

/* The number of the current command in its ALTER TABLE, from 0. */
int
mig_lint_command_number(const MigLint *lint)
{
	ListCell   *lc;

	foreach(lc, castNode(AlterTableStmt, lint->stmt)->cmds)
	{
		if (lfirst(lc) == lint->command)
			return foreach_current_index(lc);
	}
	return 0;
}

/*
 * Where the command of that number in an ALTER TABLE is written, as offsets.
 * The grammar does not tell: it is the part between commas that are not within
 * parentheses.
 */
void
mig_lint_command_span(MigLint *lint, int number, int *start, int *end)
{
	RangeVar   *relation = castNode(AlterTableStmt, lint->stmt)->relation;
	int			from = mig_lint_offset(lint, relation->location);
	int			depth = 0;
	MigScan		scan;

	mig_scan_begin(&scan, mig_lint_text(lint) + from);
	*end = from + skip_name(&scan);
	*start = from + scan.location;
	do
	{
		if (scan.token == ',' && depth == 0)
		{
			if (number-- == 0)
				break;
			*start = -1;
			continue;
		}
		if (*start < 0)
			*start = from + scan.location;
		if (scan.token == '(' || scan.token == '[')
			depth++;
		else if (scan.token == ')' || scan.token == ']')
			depth--;
		*end = from + scan.token_end;
	} while (mig_scan_token(&scan));
	mig_scan_end(&scan);
}

/* May this token go on with the name of a type? */
static bool
continues_type(const MigScan *scan)
{
	static const char *const words[] = {"varying", "char", "character",
	"precision", "with", "without", "time", "zone", "."};

	for (int i = 0; i < lengthof(words); i++)
	{
		if (mig_scan_is_word(scan, words[i]))
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
	while (mig_scan_token(&scan) && (depth > 0 || dot || continues_type(&scan)))
	{
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

/*
 * Pieces of a text
 */

/* What follows the first token of this name in a text; NULL: there is none. */
char *
mig_lint_after(const char *text, const char *word)
{
	char	   *result = NULL;
	MigScan		scan;

	mig_scan_begin(&scan, text);
	while (result == NULL && mig_scan_token(&scan))
	{
		if (mig_scan_is_word(&scan, word))
			result = pstrdup(text + scan.token_end +
							 strspn(text + scan.token_end, " "));
	}
	mig_scan_end(&scan);
	return result;
}

/* What follows the name of a relation, at which a text begins. */
char *
mig_lint_after_name(const char *text)
{
	MigScan		scan;
	int			end;

	mig_scan_begin(&scan, text);
	end = skip_name(&scan);
	mig_scan_end(&scan);
	return pstrdup(text + end + strspn(text + end, " "));
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
	while (mig_scan_token(&scan))
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

/*
 * A column of the table that CREATE TABLE or ALTER TABLE is about:
 * "public.t.a".
 */
const char *
mig_lint_column_label(MigLint *lint, const char *column)
{
	RangeVar   *name;
	const char *schema;

	if (lint->rel != NULL)
		return mig_rel_part_label(lint->rel, column);
	name = IsA(lint->stmt, CreateStmt) ? ((CreateStmt *) lint->stmt)->relation :
		castNode(AlterTableStmt, lint->stmt)->relation;
	schema = mig_shadow_creation_schema(lint->shadow, name);
	return psprintf("%s.%s", quote_qualified_identifier(schema, name->relname),
					quote_identifier(column));
}

/* A name as the statement gives it, quoted where it must be. */
const char *
mig_lint_range(const RangeVar *name)
{
	return quote_qualified_identifier(name->schemaname, name->relname);
}

/* A name that is not longer than a name can be: "orders_unused". */
char *
mig_lint_suffixed(const char *name, const char *suffix)
{
	return makeObjectName(name, NULL, suffix);
}
