/*-------------------------------------------------------------------------
 *
 * liquibase_match.c
 *	  Attributes in a line of formatted SQL, and which changesets a filter
 *	  lets pass.
 *
 * Liquibase finds each attribute by a regular expression of its own that
 * starts with ".*": the last place that fits counts, wherever in the line it
 * is, even within the name of another attribute.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "parser/scansup.h"

#include "liquibase.h"

/* What PostgreSQL is called in changelogs. */
#define DBMS "postgresql"

static bool evaluate(const char *text, List *items);

/* A letter, digit or underscore, as \w of Java is. */
static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_';
}

/* As \s of Java is. */
static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes of the value that starts here; -1 if it does not fit the kind. */
static int
value_length(const char *p, const char *kind)
{
	const char *quote;
	int			n = 0;

	switch (*kind)
	{
		case 'w':				/* \w+ */
			while (is_word(p[n]))
				n++;
			return n > 0 ? n : -1;
		case 'd':				/* [^,][\w!,]+ */
			if (p[0] == '\0' || p[0] == ',')
				return -1;
			n = 1;
			while (is_word(p[n]) || p[n] == '!' || p[n] == ',')
				n++;
			return n > 1 ? n : -1;
		case 'q':				/* ".*?" or \S* */
			quote = *p == '"' ? strchr(p + 1, '"') : NULL;
			if (quote != NULL)
				return quote - p + 1;
			/* FALLTHROUGH */
		default:				/* \S* */
			while (p[n] != '\0' && !is_blank(p[n]))
				n++;
			return n == 0 && *kind == '+' ? -1 : n;
	}
}

/*
 * The value of "name:value" in a line, or NULL.  Kinds of value: "w" a word,
 * "s" what is not blank and may be empty, "+" the same but not empty, "q" a
 * quoted text or the same as "s", "d" databases.  A second letter asks for
 * more: "b" the name starts a word, "_" blanks may stand before the value.
 */
char *
mig_lb_attribute(const char *line, const char *name, const char *kind)
{
	int			len = strlen(name);

	for (const char *p = line + strlen(line); p >= line; p--)
	{
		const char *value = p + len + 1;
		int			n;

		if (pg_strncasecmp(p, name, len) != 0 || p[len] != ':')
			continue;
		if (kind[1] == 'b' && p > line && is_word(p[-1]))
			continue;
		while (kind[1] == '_' && is_blank(*value))
			value++;
		n = value_length(value, kind);
		if (n >= 0)
			return pnstrdup(value, n);
	}
	return NULL;
}

/* The same for a word that is true if it is "true". */
bool
mig_lb_boolean(const char *line, const char *name, bool otherwise)
{
	char	   *value = mig_lb_attribute(line, name, "w");

	return value != NULL ? pg_strcasecmp(value, "true") == 0 : otherwise;
}

/* Without the quotes around it, if there are any. */
char *
mig_lb_unquote(char *text)
{
	int			len = text != NULL ? strlen(text) : 0;

	if (len > 1 && (text[0] == '"' || text[0] == '\'') &&
		text[len - 1] == text[0])
		return pnstrdup(text + 1, len - 2);
	return text;
}

/* Without what Java trims: blanks and control characters. */
char *
mig_lb_trim(const char *text)
{
	int			len;

	while (*text != '\0' && (unsigned char) *text <= ' ')
		text++;
	len = strlen(text);
	while (len > 0 && (unsigned char) text[len - 1] <= ' ')
		len--;
	return pnstrdup(text, len);
}

/* Skips blanks and a word, in any case; false if it is not there. */
bool
mig_lb_word(const char **p, const char *word)
{
	const char *at = *p;

	while (is_blank(*at))
		at++;
	if (pg_strncasecmp(at, word, strlen(word)) != 0)
		return false;
	*p = at + strlen(word);
	return true;
}

/*
 * What follows "--word" in a line that starts so, in any case, or NULL;
 * indented: blanks may stand before it.
 */
const char *
mig_lb_directive(const char *line, bool indented, const char *word)
{
	while (indented && is_blank(*line))
		line++;
	if (strncmp(line, "--", 2) != 0)
		return NULL;
	line += 2;
	return mig_lb_word(&line, word) ? line : NULL;
}

/* A text in lower case, cut at commas and trimmed; empty ones are left out. */
List *
mig_lb_split(const char *text, bool parens)
{
	List	   *items = NIL;
	const char *start = text;
	int			depth = 0;

	if (text == NULL)
		return NIL;
	for (const char *p = text;; p++)
	{
		char	   *item;

		if (parens && *p == '(')
			depth++;
		if (parens && *p == ')' && depth > 0)
			depth--;
		if (*p != '\0' && (*p != ',' || depth > 0))
			continue;
		item = mig_lb_trim(pnstrdup(start, p - start));
		if (*item != '\0')
			items = lappend(items, downcase_identifier(item, strlen(item), false, false));
		if (*p == '\0')
			return items;
		start = p + 1;
	}
}

/* Puts the value of what is in parentheses in its place. */
static char *
evaluate_parens(const char *text, List *items)
{
	char	   *now = pstrdup(text);
	char	   *open;

	while ((open = strchr(now, '(')) != NULL)
	{
		char	   *close = strchr(open, ')');
		char	   *inner;

		if (close == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("filter \"%s\" has an unpaired parenthesis", text)));
		for (char *p = open; p < close; p++)
			if (*p == '(')
				open = p;
		inner = pnstrdup(open + 1, close - open - 1);
		now = psprintf("%.*s :%s %s", (int) (open - now), now,
					   evaluate(inner, items) ? "TRUE" : "FALSE", close + 1);
	}
	return now;
}

/* Cuts a text at a word that has blanks around it. */
static List *
split_at_word(const char *text, const char *word)
{
	List	   *parts = NIL;
	const char *start = text;
	int			len = strlen(word);

	for (const char *p = text; *p != '\0'; p++)
	{
		if (p == text || !is_blank(p[-1]) || strncmp(p, word, len) != 0 ||
			!is_blank(p[len]))
			continue;
		parts = lappend(parts, pnstrdup(start, p - start));
		start = p + len;
	}
	return lappend(parts, pstrdup(start));
}

/* Is a single name, with what may stand before it, among the items? */
static bool
evaluate_name(const char *text, List *items)
{
	bool		negated = false;
	bool		required = false;
	ListCell   *lc;

	if (*text == '!')
	{
		negated = true;
		text = mig_lb_trim(text + 1);
	}
	else if (strncmp(text, "not ", 4) == 0)
	{
		negated = true;
		text = mig_lb_trim(text + 4);
	}
	if (*text == '@')
	{
		required = true;
		text = mig_lb_trim(text + 1);
		if (*text == '!' || strncmp(text, "not ", 4) == 0)
		{
			negated = true;
			text = mig_lb_trim(text + (*text == '!' ? 1 : 4));
		}
	}
	if (!required && strcmp(text, "nocontexts") == 0)
		return negated != (items == NIL);
	if (!required && items == NIL)
		return true;
	if (strcmp(text, ":TRUE") == 0)
		return !negated;
	if (strcmp(text, ":FALSE") == 0)
		return negated;
	foreach(lc, items)
	{
		const char *item = lfirst(lc);

		if (strcmp(*item == '@' ? mig_lb_trim(item + 1) : item, text) == 0)
			return !negated;
	}
	return negated;
}

/* Do the items satisfy an expression with and, or, not and parentheses? */
static bool
evaluate(const char *text, List *items)
{
	List	   *parts;
	ListCell   *lc;
	StringInfoData now;

	text = evaluate_parens(mig_lb_trim(text), items);
	initStringInfo(&now);
	for (; *text != '\0'; text++)
		appendStringInfoString(&now, *text == ',' ? " or " : pnstrdup(text, 1));
	parts = split_at_word(now.data, "or");
	if (list_length(parts) > 1)
	{
		foreach(lc, parts)
			if (evaluate(lfirst(lc), items))
				return true;
		return false;
	}
	parts = split_at_word(now.data, "and");
	if (list_length(parts) > 1)
	{
		foreach(lc, parts)
			if (!evaluate(lfirst(lc), items))
				return false;
		return true;
	}
	return evaluate_name(mig_lb_trim(now.data), items);
}

/* Does one of the expressions fit the items?  Without any, it does. */
static bool
evaluate_any(List *expressions, List *items)
{
	ListCell   *lc;

	foreach(lc, expressions)
		if (evaluate(lfirst(lc), items))
			return true;
	return expressions == NIL;
}

/* Is a context that the caller asks for a must, not an offer? */
static bool
is_required(List *given)
{
	ListCell   *lc;

	foreach(lc, given)
	{
		const char *item = lfirst(lc);

		while (*item == '(' || is_blank(*item))
			item++;
		if (*item == '@')
			return true;
	}
	return false;
}

/*
 * Does the context of a changeset fit those that the caller gave?  Either may
 * be an expression, so each is held against the other.
 */
bool
mig_lb_matches_context(const char *wanted, List *given)
{
	List	   *expressions = mig_lb_split(wanted, true);

	if (expressions == NIL && !is_required(given))
		return true;
	if (expressions != NIL && evaluate_any(expressions, given))
		return true;
	return given != NIL && evaluate_any(given, expressions);
}

/* Do the labels of a changeset fit the expression that the caller gave? */
bool
mig_lb_matches_labels(const char *labels, List *given)
{
	return evaluate_any(given, mig_lb_split(labels, false));
}

/* Is that what is for PostgreSQL? */
bool
mig_lb_matches_dbms(const char *wanted)
{
	bool		others = false;
	bool		ours = false;
	ListCell   *lc;
	List	   *names = mig_lb_split(wanted, false);

	foreach(lc, names)
		if (strcmp(lfirst(lc), "all") == 0)
			return true;
	foreach(lc, names)
	{
		const char *name = lfirst(lc);

		if (strcmp(name, "none") == 0 || strcmp(name, "!" DBMS) == 0)
			return false;
		others |= *name != '!';
		ours |= strcmp(name, DBMS) == 0;
	}
	return ours || !others;
}
