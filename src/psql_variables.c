/*-------------------------------------------------------------------------
 *
 * psql_variables.c
 *	  psql's variables in a script: :name, :'name', :"name", :{?name}, and
 *	  \set and \unset, which act on the script from there on.
 *
 * The text is taken apart as psql does it: nothing is replaced in quotes,
 * dollar quotes, comments and the data of COPY.  Two things differ.  psql
 * leaves a variable that is not set as it is, which the server cannot read;
 * here it is an error, except where SQL itself has a colon.  And a value is
 * not searched for variables again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "parser/scansup.h"

#include "psql_variables.h"
#include "text.h"

typedef struct Psql
{
	const MigFile *file;
	List	   *given;			/* of MigVariable * */
	List	   *set;			/* of MigVariable *: by the script; a value of
								 * NULL: unset */
	List	   *used;			/* of MigVariable *: given ones */
	const char *p;				/* what comes next */
	StringInfoData out;
	bool		changed;
	int			brackets;		/* open ones */

	/* the statement so far: is it a COPY, and does it read inline data? */
	int			words;
	bool		copy;
	bool		from;
	bool		copy_in;
} Psql;

/* A form in which a variable is asked for. */
typedef struct Reference
{
	char		form;			/* ' or " or ? or, plain, a blank */
	char	   *name;
	const char *end;			/* behind it */
} Reference;

static bool
is_word_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		IS_HIGHBIT_SET(c);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What a variable's name is made of. */
static bool
is_name(char c)
{
	return is_word_start(c) || is_digit(c);
}

static int
line_number(const Psql *psql, const char *p)
{
	return mig_text_line_number(psql->file->content, p - psql->file->content);
}

/* The text up to there stays as it is. */
static void
copy_to(Psql *psql, const char *end)
{
	appendBinaryStringInfo(&psql->out, psql->p, end - psql->p);
	psql->p = end;
}

/*
 * Values
 */

static const MigVariable *
find_variable(List *variables, const char *name)
{
	ListCell   *lc;

	foreach(lc, variables)
		if (strcmp(((MigVariable *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	return NULL;
}

/* What a variable stands for; NULL: nothing. */
static const char *
variable_value(Psql *psql, const char *name)
{
	const MigVariable *variable = find_variable(psql->set, name);

	if (variable != NULL)
		return variable->value;
	variable = find_variable(psql->given, name);
	if (variable == NULL)
		return NULL;
	if (find_variable(psql->used, name) == NULL)
		psql->used = lappend(psql->used, unconstify(MigVariable *, variable));
	return variable->value;
}

/* \set and \unset */
static void
set_variable(Psql *psql, char *name, char *value)
{
	MigVariable *variable = palloc(sizeof(MigVariable));

	variable->name = name;
	variable->value = value;
	psql->set = lcons(variable, psql->set);
}

/* A value as a literal or a quoted identifier, as libpq writes it. */
static void
append_quoted(StringInfo out, const char *value, char quote)
{
	bool		escape = quote == '\'' && strchr(value, '\\') != NULL;

	if (escape)
		appendStringInfoString(out, " E");
	appendStringInfoChar(out, quote);
	for (; *value != '\0'; value++)
	{
		if (*value == quote || (escape && *value == '\\'))
			appendStringInfoChar(out, *value);
		appendStringInfoChar(out, *value);
	}
	appendStringInfoChar(out, quote);
}

static void
append_value(StringInfo out, const char *value, char form)
{
	if (form == '?')
		appendStringInfoString(out, value != NULL ? "TRUE" : "FALSE");
	else if (form == ' ')
		appendStringInfoString(out, value);
	else
		append_quoted(out, value, form);
}

/*
 * References
 */

/* Is there one at this colon? */
static bool
find_reference(const char *colon, Reference *reference)
{
	const char *start = colon + 1;
	const char *p;
	const char *closing = "";

	reference->form = ' ';
	if (*start == '\'' || *start == '"')
	{
		reference->form = *start++;
		closing = reference->form == '"' ? "\"" : "'";
	}
	else if (strncmp(start, "{?", 2) == 0)
	{
		reference->form = '?';
		start += 2;
		closing = "}";
	}
	for (p = start; is_name(*p);)
		p++;
	if (p == start || strncmp(p, closing, strlen(closing)) != 0)
		return false;
	reference->name = pnstrdup(start, p - start);
	reference->end = p + strlen(closing);
	return true;
}

/*
 * May this colon be SQL's own?  It is in a slice of an array, and between a
 * key and a value of JSON, where it follows an expression at once.
 */
static bool
may_be_sql(const Psql *psql, const Reference *reference)
{
	char		before = psql->p > psql->file->content ? psql->p[-1] : ' ';

	if (reference->form != ' ')
		return false;
	return psql->brackets > 0 || is_name(before) || before == '\'' ||
		before == '"' || before == ')' || before == ']' ||
		strspn(reference->name, "0123456789") == strlen(reference->name);
}

static void
read_colon(Psql *psql)
{
	Reference	reference;
	const char *value;

	if (psql->p[1] == ':' || psql->p[1] == '=')
		copy_to(psql, psql->p + 2);
	else if (!find_reference(psql->p, &reference))
		copy_to(psql, psql->p + 1);
	else if ((value = variable_value(psql, reference.name)) != NULL ||
			 reference.form == '?')
	{
		append_value(&psql->out, value, reference.form);
		psql->changed = true;
		psql->p = reference.end;
	}
	else if (may_be_sql(psql, &reference))
		copy_to(psql, reference.end);
	else
		mig_variable_unset_error(psql->file, line_number(psql, psql->p),
								 reference.name);
}

/*
 * What nothing is replaced in
 */

/* Up to the quote that ends it; two in a row are one of it. */
static const char *
skip_quoted(const char *p, bool escapes)
{
	char		quote = *p;

	for (p++; *p != '\0'; p++)
	{
		if (*p == '\\' && escapes && p[1] != '\0')
			p++;
		else if (*p == quote)
		{
			if (p[1] != quote)
				return p + 1;
			p++;
		}
	}
	return p;
}

/* Up to the end of a dollar quote; NULL: this dollar begins none. */
static const char *
skip_dollar_quoted(const char *p)
{
	const char *tag = p++;
	const char *end;

	if (is_word_start(*p))
		while (is_name(*p))
			p++;
	if (*p != '$')
		return NULL;
	p++;
	end = strstr(p, pnstrdup(tag, p - tag));
	return end != NULL ? end + (p - tag) : p + strlen(p);
}

/* Comments nest. */
static const char *
skip_comment(const char *p)
{
	int			depth = 0;

	do
	{
		if (p[0] == '/' && p[1] == '*')
		{
			depth++;
			p += 2;
		}
		else if (p[0] == '*' && p[1] == '/')
		{
			depth--;
			p += 2;
		}
		else
			p++;
	} while (depth > 0 && *p != '\0');
	return p;
}

static const char *
line_end(const char *p)
{
	return p + strcspn(p, "\n");
}

/* The data of a COPY: from the next line on, up to the line \. */
static void
skip_copy_data(Psql *psql)
{
	const char *p = line_end(psql->p);

	while (*p == '\n')
	{
		const char *start = p + 1;

		p = line_end(start);
		if (strncmp(start, "\\.", 2) == 0 &&
			(p == start + 2 || (p == start + 3 && start[2] == '\r')))
			break;
	}
	copy_to(psql, p);
}

/*
 * Words
 */

/* Looks for COPY ... FROM stdin. */
static void
note_word(Psql *psql, const char *word, int len)
{
	if (psql->words++ == 0)
		psql->copy = len == 4 && pg_strncasecmp(word, "copy", len) == 0;
	if (psql->from && len == 5 && pg_strncasecmp(word, "stdin", len) == 0)
		psql->copy_in = true;
	psql->from = psql->copy && len == 4 &&
		pg_strncasecmp(word, "from", len) == 0;
}

static void
end_statement(Psql *psql)
{
	bool		copy_in = psql->copy_in;

	CHECK_FOR_INTERRUPTS();
	copy_to(psql, psql->p + 1);
	psql->words = 0;
	psql->copy = psql->from = psql->copy_in = false;
	if (copy_in)
		skip_copy_data(psql);
}

/* An identifier or keyword, and the string that an E begins. */
static void
read_word(Psql *psql)
{
	const char *p = psql->p;

	while (is_name(*p) || *p == '$')
		p++;
	note_word(psql, psql->p, p - psql->p);
	if (p - psql->p == 1 && (*psql->p == 'e' || *psql->p == 'E') && *p == '\'')
		p = skip_quoted(p, true);
	copy_to(psql, p);
}

/*
 * Meta-commands
 */

pg_noreturn static void
command_error(const Psql *psql, const char *p, const char *message,
			  const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("%s", message),
			 errhint("%s", hint),
			 mig_file_errcontext(psql->file, line_number(psql, p))));
}

/* A character after a backslash in quotes: itself, a letter for it, its code. */
static const char *
append_escaped(StringInfo out, const char *p)
{
	static const char letters[] = "ntbrf";
	static const char meanings[] = "\n\t\b\r\f";
	const char *letter = strchr(letters, *p);
	bool		hexadecimal = *p == 'x';
	const char *digits = p + hexadecimal;
	int			len = hexadecimal ?
		Min(strspn(digits, "0123456789abcdefABCDEF"), 2) :
		Min(strspn(digits, "01234567"), 3);

	if (len > 0)
		appendStringInfoChar(out, (char) strtol(pnstrdup(digits, len), NULL,
												hexadecimal ? 16 : 8));
	else
		appendStringInfoChar(out, letter != NULL ?
							 meanings[letter - letters] : *p);
	return len > 0 ? digits + len : p + 1;
}

/* A part of an argument in single quotes. */
static const char *
read_quoted_argument(Psql *psql, StringInfo out, const char *p)
{
	const char *start = p++;

	for (;;)
	{
		if (*p == '\n' || *p == '\0')
			command_error(psql, start,
						  "unterminated quoted string in a psql meta-command",
						  "End it on the same line.");
		if (*p == '\\' && p[1] != '\0' && p[1] != '\n')
			p = append_escaped(out, p + 1);
		else if (*p == '\'' && p[1] != '\'')
			return p + 1;
		else
		{
			p += *p == '\'';
			appendStringInfoChar(out, *p++);
		}
	}
}

/* An argument of a meta-command; false at the end of the command. */
static bool
read_argument(Psql *psql, StringInfo out)
{
	const char *p = psql->p;
	Reference	reference;
	const char *value;
	const char *end;

	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	psql->p = p;
	if (*p == '\n' || *p == '\0' || *p == '\\')
		return false;
	while (*p != '\0' && *p != '\\' && !scanner_isspace(*p))
	{
		if (*p == '\'')
			p = read_quoted_argument(psql, out, p);
		else if (*p == '`')
			command_error(psql, p,
						  "a psql meta-command runs a program of the client",
						  "Give the value with variables => '{...}'.");
		else if (*p == ':' && find_reference(p, &reference) &&
				 ((value = variable_value(psql, reference.name)) != NULL ||
				  reference.form == '?'))
		{
			append_value(out, value, reference.form);
			p = reference.end;
		}
		else
		{
			end = *p == '"' ? p + 1 + strcspn(p + 1, "\"\n") : p;
			end += *end != '\0' && *end != '\n';
			appendBinaryStringInfo(out, p, end - p);
			p = end;
		}
	}
	psql->p = p;
	return true;
}

/* Does a meta-command of that name stand there? */
static bool
is_command(const char *p, const char *name)
{
	int			len = strlen(name);

	return strncmp(p + 1, name, len) == 0 &&
		(p[1 + len] == '\0' || p[1 + len] == '\\' ||
		 scanner_isspace(p[1 + len]));
}

/* \set name value ..., \unset name; they leave nothing in the script */
static void
read_setting(Psql *psql, bool unset)
{
	const char *start = psql->p;
	StringInfoData name;
	StringInfoData value;

	initStringInfo(&name);
	initStringInfo(&value);
	psql->p += unset ? strlen("\\unset") : strlen("\\set");
	if (!read_argument(psql, &name))
	{
		/* shows the variables, for meta.c to refuse */
		psql->p = start;
		copy_to(psql, line_end(start));
		return;
	}
	while (read_argument(psql, &value))
		;
	if (strncmp(psql->p, "\\\\", 2) == 0)
		psql->p += 2;
	set_variable(psql, name.data, unset ? NULL : value.data);
	psql->changed = true;
}

static void
read_backslash(Psql *psql)
{
	if (is_command(psql->p, "set"))
		read_setting(psql, false);
	else if (is_command(psql->p, "unset"))
		read_setting(psql, true);
	else if (psql->p[1] == ':' || psql->p[1] == ';')
	{
		/* the character itself */
		appendStringInfoChar(&psql->out, psql->p[1]);
		psql->p += 2;
		psql->changed = true;
	}
	else
		copy_to(psql, line_end(psql->p));
}

/*
 * The script
 */

/* One token, or whatever psql takes as one. */
static void
read_token(Psql *psql)
{
	const char *p = psql->p;
	const char *end = NULL;

	switch (*p)
	{
		case ':':
			read_colon(psql);
			return;
		case '\\':
			read_backslash(psql);
			return;
		case ';':
			end_statement(psql);
			return;
		case '\'':
		case '"':
			end = skip_quoted(p, false);
			break;
		case '$':
			end = skip_dollar_quoted(p);
			break;
		case '-':
			end = p[1] == '-' ? line_end(p) : NULL;
			break;
		case '/':
			end = p[1] == '*' ? skip_comment(p) : NULL;
			break;
		case '[':
			psql->brackets++;
			break;
		case ']':
			psql->brackets = Max(psql->brackets - 1, 0);
			break;
		default:
			if (!is_word_start(*p))
				break;
			read_word(psql);
			return;
	}
	copy_to(psql, end != NULL ? end : p + 1);
}

/*
 * The script as psql sends it; NULL if that is what the file has.  'variables'
 * is what is given, of which *used gets what has been used, as MigVariable.
 */
char *
mig_psql_replace(const MigFile *file, List *variables, List **used)
{
	Psql		psql = {0};

	psql.file = file;
	psql.given = variables;
	psql.p = mig_file_text(file);
	initStringInfo(&psql.out);
	appendBinaryStringInfo(&psql.out, file->content, psql.p - file->content);
	while (*psql.p != '\0')
		read_token(&psql);
	*used = psql.used;
	return psql.changed ? psql.out.data : NULL;
}
