/*-------------------------------------------------------------------------
 *
 * liquibase_script.c
 *	  Texts of changesets: placeholders, delimiters, preconditions, checksums.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "digest.h"
#include "liquibase.h"

/* Values that contain placeholders of each other must end somewhere. */
#define MAX_EXPANSION_DEPTH 32

/* What becomes of placeholders without a value, in the caller's variables. */
#define MISSING_MODE "liquibase:missingPropertyMode"

/* ----- placeholders ----- */

/* A text whose placeholders are being replaced. */
typedef struct Expansion
{
	LbState    *state;
	const LbChangelog *changelog;
	MigDefinition *definition;	/* NULL: it is no script */
	const MigFile *file;
	const char *p;
	const char *counted;		/* up to here, lines are counted */
	int			line;			/* of that byte */
	int			depth;
	bool		replaced;		/* any */
} Expansion;

static char *expand_rest(Expansion *x, bool nested, bool *closed);

static const char *
find_property(List *properties, const char *name)
{
	ListCell   *lc;

	foreach(lc, properties)
	{
		const LbProperty *property = lfirst(lc);

		if (pg_strcasecmp(property->name, name) == 0)
			return property->value;
	}
	return NULL;
}

/*
 * What a name stands for: the caller's value, else the first global one, else
 * the last one of this changelog or the nearest that includes it.
 */
static const char *
find_value(const Expansion *x, const char *name)
{
	const char *value;
	ListCell   *lc;

	foreach(lc, x->state->reading->variables)
	{
		const MigVariable *variable = lfirst(lc);

		if (pg_strcasecmp(variable->name, name) == 0)
			return variable->value;
	}
	value = find_property(x->state->properties, name);
	for (const LbChangelog *changelog = x->changelog;
		 value == NULL && changelog != NULL; changelog = changelog->parent)
		value = find_property(changelog->properties, name);
	if (value == NULL && pg_strcasecmp(name, "database.typeName") == 0)
		return "postgresql";
	if (value == NULL && pg_strcasecmp(name, "database.databaseProductName") == 0)
		return "PostgreSQL";
	return value;
}

/* The value of a placeholder whose name ends here. */
static const char *
placeholder_value(Expansion *x, const char *name, int line)
{
	char	   *trimmed = mig_lb_trim(name);
	const char *value = find_value(x, trimmed);
	const char *mode;
	Expansion	inner = *x;
	bool		closed;

	if (value == NULL)
	{
		mode = mig_variable_value(x->state->reading, MISSING_MODE);
		if (mode != NULL && pg_strcasecmp(mode, "preserve") == 0)
			return psprintf("${%s}", name);
		if (mode != NULL && pg_strcasecmp(mode, "empty") == 0)
			return "";
		mig_variable_unset_error(x->file, line, trimmed);
	}
	if (x->depth >= MAX_EXPANSION_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value of placeholder \"%s\" contains itself", trimmed),
				 errhint("Correct the --property lines or the variables."),
				 mig_file_errcontext(x->file, line)));
	inner.p = value;
	inner.line = line;
	inner.depth++;
	value = expand_rest(&inner, false, &closed);
	x->replaced = true;
	if (x->definition != NULL)
		mig_variable_used(x->definition, trimmed, value);
	return value;
}

/* Line of the file that the expansion has come to. */
static int
expansion_line(Expansion *x)
{
	/* a value stands where its placeholder does */
	for (; x->depth == 0 && x->counted < x->p; x->counted++)
		x->line += *x->counted == '\n';
	return x->line;
}

/* Expands the rest of a text; nested: up to the brace that closes a name. */
static char *
expand_rest(Expansion *x, bool nested, bool *closed)
{
	StringInfoData out;

	check_stack_depth();
	initStringInfo(&out);
	*closed = false;
	while (*x->p != '\0')
	{
		int			plain = strcspn(x->p, nested ? "$}" : "$");

		appendBinaryStringInfo(&out, x->p, plain);
		x->p += plain;
		if (*x->p == '}')
		{
			x->p++;
			*closed = true;
			return out.data;
		}
		if (strncmp(x->p, "${", 2) == 0)
		{
			int			line = expansion_line(x);
			char	   *name;
			bool		ended;

			x->p += 2;
			name = expand_rest(x, true, &ended);
			if (!ended || strncmp(name, "${", 2) == 0)
				appendStringInfo(&out, "%s%s", ended ? "" : "${", name);
			else
				appendStringInfoString(&out, placeholder_value(x, name, line));
		}
		else if (*x->p == '$')
			appendStringInfoChar(&out, *x->p++);
	}
	return out.data;
}

/*
 * Replaces the ${name} of a text.  What they stand for is kept with the
 * definition, if one is given; the same pointer comes back if there are none.
 */
char *
mig_lb_expand(LbState *state, const LbChangelog *changelog,
			  MigDefinition *definition, const MigFile *file,
			  const char *text, int line)
{
	Expansion	x = {
		.state = state,.changelog = changelog,.definition = definition,
		.file = file,.p = text,.counted = text,.line = line
	};
	char	   *expanded;
	bool		closed;

	if (text == NULL || strstr(text, "${") == NULL)
		return unconstify(char *, text);
	expanded = expand_rest(&x, false, &closed);
	return x.replaced || strcmp(text, expanded) != 0 ? expanded :
		unconstify(char *, text);
}

/* ----- delimiters ----- */

/* A delimiter, which Liquibase takes for a regular expression. */
typedef struct Delimiter
{
	char	   *text;
	bool		line_start;		/* only there */
	bool		whole_line;		/* and nothing after it */
} Delimiter;

static bool
is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_';
}

/*
 * Understands the few things that are written in delimiters: \n before, $ or
 * \n after, and escaped characters.
 */
static void
parse_delimiter(Delimiter *delimiter, const char *given, const MigFile *file,
				int line)
{
	static const char *const before[] = {"\\r", "\\n", "\\s*", "^", "\n", "\r"};
	const char *p = given;
	StringInfoData text;

	for (int i = 0; i < lengthof(before); i++)
	{
		int			len = strlen(before[i]);

		if (strncmp(p, before[i], len) != 0 || p[len] == '\0')
			continue;
		delimiter->line_start |= strcmp(before[i], "\\s*") != 0;
		p += len;
		i = -1;
	}
	initStringInfo(&text);
	for (; *p != '\0'; p++)
	{
		if (text.len > 0 &&
			(strcmp(p, "\\n") == 0 || strcmp(p, "\\s*$") == 0 ||
			 strcmp(p, "\\s*") == 0 || strcmp(p, "\n") == 0 ||
			 (strcmp(p, "$") == 0 && delimiter->line_start)))
			break;
		if (*p == '\\' && !isalnum((unsigned char) p[1]) && p[1] != '\0')
			p++;
		else if (*p == '\\')
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("endDelimiter \"%s\" is not supported", given),
					 errhint("Write it without regular expressions, such as \"/\" or \"GO\"."),
					 mig_file_errcontext(file, line)));
		appendStringInfoChar(&text, *p);
	}
	delimiter->text = text.data;
	if (strcmp(text.data, "/") == 0)
		delimiter->line_start = true;
}

/* Is nothing but blanks before and, if asked, after the place in its line? */
static bool
is_alone(const char *text, const char *p, int len, bool whole)
{
	const char *before = p;

	while (before > text && (before[-1] == ' ' || before[-1] == '\t'))
		before--;
	if (before > text && before[-1] != '\n')
		return false;
	p += len;
	p += strspn(p, " \t\r");
	return !whole || *p == '\0' || *p == '\n';
}

/* Bytes of the delimiter, if it stands here. */
static int
delimiter_length(const Delimiter *delimiter, const char *text, const char *p)
{
	int			len = strlen(delimiter->text);

	if (pg_strncasecmp(p, delimiter->text, len) != 0 ||
		(is_word(*p) && p > text && is_word(p[-1])) ||
		(is_word(p[len - 1]) && is_word(p[len])) ||
		(*p == '/' && p[len] == '*'))
		return 0;
	if (delimiter->line_start &&
		!is_alone(text, p, len, delimiter->whole_line))
		return 0;
	return len;
}

/* Bytes of what quotes start here: a comment, a name, a text; 0: none. */
static int
quoted_length(const char *text, const char *p)
{
	const char *end = NULL;
	int			n;

	if (p[0] == '-' && p[1] == '-')
		return strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*')
	{
		int			depth = 0;

		for (n = 0; p[n] != '\0'; n++)
		{
			if (p[n] == '/' && p[n + 1] == '*')
				depth++, n++;
			else if (p[n] == '*' && p[n + 1] == '/' && (n++, --depth == 0))
				return n + 1;
		}
		return n;
	}
	if (p[0] == '\'' || p[0] == '"')
	{
		bool		escapes = p[0] == '\'' && p > text &&
			(p[-1] == 'E' || p[-1] == 'e') &&
			(p - 1 == text || !is_word(p[-2]));

		for (n = 1; p[n] != '\0' && p[n] != p[0]; n++)
			if (escapes && p[n] == '\\' && p[n + 1] != '\0')
				n++;
		return p[n] != '\0' ? n + 1 : n;
	}
	if (p[0] == '$' && (p == text || !is_word(p[-1])) &&
		!isdigit((unsigned char) p[1]))
	{
		for (n = 1; is_word(p[n]) || IS_HIGHBIT_SET(p[n]);)
			n++;
		if (p[n] != '$')
			return 0;
		end = strstr(p + n + 1, pnstrdup(p, n + 1));
		return end != NULL ? end - p + n + 1 : strlen(p);
	}
	return 0;
}

/*
 * Puts semicolons in the place of the delimiters that a script is written
 * with, so that the server's grammar can read it.  Lines stay where they are.
 */
char *
mig_lb_delimit(const char *text, const LbSplit *split, const MigFile *file,
			   int line)
{
	Delimiter	go = {.text = "GO",.line_start = true,.whole_line = true};
	Delimiter	slash = {.text = "/",.line_start = true,.whole_line = true};
	StringInfoData out;
	bool		open = false;	/* a statement has begun and not ended */

	if (!split->split)
		return pstrdup(text);
	if (split->delimiter != NULL && *split->delimiter != '\0')
	{
		go = (Delimiter)
		{
			0
		};
		parse_delimiter(&go, split->delimiter, file, line);
		slash = go;
	}
	if (strcmp(go.text, ";") == 0)
		return pstrdup(text);
	initStringInfo(&out);
	for (const char *p = text; *p != '\0';)
	{
		int			len = delimiter_length(&go, text, p);

		CHECK_FOR_INTERRUPTS();
		if (len == 0)
			len = delimiter_length(&slash, text, p);
		if (len > 0)
		{
			appendStringInfoString(&out, open ? ";" : " ");
			open = false;
			p += len;
			continue;
		}
		len = quoted_length(text, p);
		if (*p == ';')
			open = false;
		else if (*p > ' ' && !(len > 0 && (*p == '-' || *p == '/')))
			open = true;
		appendBinaryStringInfo(&out, p, Max(len, 1));
		p += Max(len, 1);
	}
	return out.data;
}

/* ----- preconditions ----- */

/* A dollar quote that does not occur in a text. */
static char *
dollar_quote(const char *text)
{
	char	   *quote = pstrdup("$liquibase$");

	for (int i = 1; strstr(text, quote) != NULL; i++)
		quote = psprintf("$liquibase%d$", i);
	return quote;
}

/*
 * A script that first looks whether its preconditions hold.  What comes
 * before the text is one line, whose end is given.
 */
char *
mig_lb_guard(const LbChangeset *changeset, const char *text, const char *end)
{
	char	   *message = psprintf("precondition of changeset \"%s\" does not hold",
								   changeset->id);
	char	   *detail = psprintf("It is: %s.", changeset->condition.data);
	char	   *check = psprintf("BEGIN IF NOT coalesce(%s, false) THEN RAISE",
								 changeset->condition.data);
	char	   *outer;
	char	   *inner;

	message = psprintf("MESSAGE = %s, DETAIL = %s", quote_literal_cstr(message),
					   quote_literal_cstr(detail));
	outer = dollar_quote(psprintf("%s %s %s", check, message, text));
	if (changeset->on_fail != LB_MARK_RAN)
		return psprintf("DO %s %s %s USING %s%s; END IF; END %s;%s%s",
						outer, check,
						changeset->on_fail == LB_WARN ? "WARNING" : "EXCEPTION",
						message,
						changeset->on_fail == LB_WARN ? "" :
						", ERRCODE = 'object_not_in_prerequisite_state'",
						outer, end, text);
	inner = dollar_quote(psprintf("%s%s", text, outer));
	return psprintf("DO %s %s NOTICE USING %s; ELSE EXECUTE %s%s%s%s; END IF; END %s;\n",
					outer, check, message, inner, end, text, inner, outer);
}

/* ----- checksums ----- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The checksum of one change since 4.22: nothing blank counts. */
char *
mig_lb_digest_v9(const char *text)
{
	StringInfoData normal;

	initStringInfo(&normal);
	for (text = mig_lb_trim(text); *text != '\0'; text++)
		if (!is_space(*text))
			appendStringInfoChar(&normal, *text);
	return psprintf("9:%s", mig_digest_hex(PG_MD5, normal.data, normal.len));
}

/* Before that: each run of blanks is one, and so are some attributes. */
char *
mig_lb_digest_v8(const char *text, const LbSplit *split)
{
	StringInfoData normal;

	initStringInfo(&normal);
	appendStringInfo(&normal, "%s:%s:%s:",
					 split->delimiter ? split->delimiter : "null",
					 split->split ? "true" : "false",
					 split->strip ? "true" : "false");
	for (text = mig_lb_trim(text); *text != '\0'; text++)
	{
		if (!is_space(*text))
			appendStringInfoChar(&normal, *text);
		else if (!is_space(text[1]))
			appendStringInfoChar(&normal, ' ');
	}
	return psprintf("8:%s", mig_digest_hex(PG_MD5, normal.data, normal.len));
}

/* The checksum of a changeset from those of its changes. */
char *
mig_lb_digest_all(int version, List *digests)
{
	StringInfoData all;
	ListCell   *lc;

	initStringInfo(&all);
	foreach(lc, digests)
		appendStringInfo(&all, "%s:", (char *) lfirst(lc));
	return psprintf("%d:%s", version,
					mig_digest_hex(PG_MD5, all.data, all.len));
}
