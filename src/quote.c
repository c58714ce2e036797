/*-------------------------------------------------------------------------
 *
 * quote.c
 *	  Where strings, quoted names and comments end, in texts that are not SQL
 *	  yet: with placeholders or delimiters of other tools in them.
 *
 * The server's scanner is no help there: what another tool would replace or
 * cut out may be anything to it, an unclosed string as well.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "quote.h"

/* May the character be part of an unquoted name? */
static bool
in_name(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

/*
 * After a string or quoted name; what is doubled in it to stand for itself is
 * a second one right after the first.
 */
static const char *
string_end(const char *text, const char *p)
{
	char		quote = *p;
	bool		escapes = quote == '\'' && p > text &&
		(p[-1] == 'E' || p[-1] == 'e') &&
		(p - 1 == text || !in_name(p[-2]));

	for (p++; *p != '\0' && *p != quote; p++)
		if (escapes && *p == '\\' && p[1] != '\0')
			p++;
	return *p != '\0' ? p + 1 : p;
}

/* After a dollar-quoted string; NULL if none starts here. */
static const char *
dollar_end(const char *text, const char *p)
{
	const char *tag = p + 1;
	const char *end;
	char	   *delimiter;

	if ((p > text && (in_name(p[-1]) || p[-1] == '$')) ||
		isdigit((unsigned char) *tag))
		return NULL;
	while (in_name(*tag))
		tag++;
	if (*tag != '$')
		return NULL;
	delimiter = pnstrdup(p, tag + 1 - p);
	end = strstr(tag + 1, delimiter);
	end = end != NULL ? end + strlen(delimiter) : p + strlen(p);
	pfree(delimiter);
	return end;
}

/* After a block comment, which may have others in it. */
static const char *
comment_end(const char *p)
{
	int			depth = 0;

	while (*p != '\0')
	{
		if (p[0] == '/' && p[1] == '*')
		{
			depth++;
			p += 2;
		}
		else if (p[0] == '*' && p[1] == '/')
		{
			p += 2;
			if (--depth == 0)
				break;
		}
		else
			p++;
	}
	return p;
}

/*
 * Where the string, quoted name or comment ends that starts at 'p', after
 * which none is open; NULL if none does.  One without an end goes up to that of
 * the text.
 */
const char *
mig_quote_end(const char *text, const char *p)
{
	switch (*p)
	{
		case '\'':
		case '"':
			return string_end(text, p);
		case '$':
			return dollar_end(text, p);
		case '-':
			return p[1] == '-' ? p + strcspn(p, "\n") : NULL;
		case '/':
			return p[1] == '*' ? comment_end(p) : NULL;
		default:
			return NULL;
	}
}
