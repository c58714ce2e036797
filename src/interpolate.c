/*-------------------------------------------------------------------------
 *
 * interpolate.c
 *	  Variables of a shell in a line of a script:
 *
 *		$NAME, ${NAME}			the value
 *		${NAME:-text}			the text if it is unset or empty
 *		${NAME-text}			the text if it is unset
 *		${NAME?text}			an error with the text if it is unset
 *		${NAME:from}, ${NAME:from:count}	a part of the value, in bytes
 *		$$, \$					a dollar sign
 *
 * Names start with a letter.  The texts may have variables in them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "interpolate.h"
#include "numbered.h"

/* A line that is being read. */
typedef struct Interpolation
{
	const MigReading *reading;
	MigDefinition *definition;
	const MigFile *file;
	int			line;
	const char *text;			/* all of it */
	const char *p;				/* where we are */
} Interpolation;

static void expression(Interpolation *state, char stop, StringInfo out);

pg_noreturn static void
syntax_error(const Interpolation *state, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("%s in \"%s\"", message, mig_shown(state->text)),
			 errhint("Write $$ for a dollar sign, or switch the replacement off above this line."),
			 mig_file_errcontext(state->file, state->line)));
}

static bool
is_letter(char c)
{
	return IS_HIGHBIT_SET(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The name of a variable. */
static char *
scan_name(Interpolation *state)
{
	const char *start = state->p;

	if (!is_letter(*start))
		syntax_error(state, "expected the name of a variable after \"$\"");
	while (is_letter(*state->p) || *state->p == '_' ||
		   (*state->p >= '0' && *state->p <= '9'))
		state->p++;
	return pnstrdup(start, state->p - start);
}

/* A number up to one of the characters that may follow it. */
static int
scan_number(Interpolation *state, const char *stops)
{
	const char *start = state->p;
	char	   *end;
	long		number;

	state->p += strcspn(state->p, stops);
	errno = 0;
	number = strtol(start, &end, 10);
	while (*end == ' ')
		end++;
	if (end != state->p || state->p == start || errno != 0 ||
		number < -(long) MaxAllocSize || number > (long) MaxAllocSize)
		syntax_error(state, "expected a number");
	return (int) number;
}

/* A part of a value, counted from its end if the numbers are negative. */
static void
append_part(Interpolation *state, const char *value, StringInfo out)
{
	int			len = value != NULL ? strlen(value) : 0;
	int			from = scan_number(state, ":}");
	int			to = len;

	if (from < 0)
		from = Max(from + len, 0);
	from = Min(from, len);
	if (*state->p == ':')
	{
		state->p++;
		to = scan_number(state, "}");
		to = to >= 0 ? Min(from + to, len) : Max(to + len, from);
	}
	if (value == NULL || out == NULL)
		return;
	if (!pg_verifymbstr(value + from, to - from, true))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("a part of a value begins or ends within a character"),
				 errdetail("The value is \"%s\"; parts of it are counted in bytes.",
						   mig_shown(value)),
				 errhint("Give that part as a variable of its own."),
				 mig_file_errcontext(state->file, state->line)));
	appendBinaryStringInfo(out, value + from, to - from);
}

/* The value of a variable that must have one. */
static const char *
needed_value(const Interpolation *state, const char *name, const char *value,
			 StringInfo out)
{
	if (value == NULL && out != NULL)
		mig_variable_unset_error(state->file, state->line, name);
	return value;
}

/* ${NAME?text} */
static void
required(Interpolation *state, const char *name, const char *value,
		 StringInfo out)
{
	StringInfoData text;

	initStringInfo(&text);
	expression(state, '}', value == NULL && out != NULL ? &text : NULL);
	if (value != NULL || out == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_PARAMETER),
			 errmsg("no value for placeholder \"%s\"", name),
			 text.len == 0 ? 0 : errdetail("The file says: %s", text.data),
			 errhint("Give it with variables => '{\"%s\": \"...\"}'.", name),
			 mig_file_errcontext(state->file, state->line)));
}

/* What is behind ${; out NULL: it is read, and not asked for. */
static void
braces(Interpolation *state, StringInfo out)
{
	char	   *name = scan_name(state);
	const char *value = mig_variable_value(state->reading, name);
	bool		use_value = true;

	if (value != NULL && out != NULL)
		mig_variable_used(state->definition, name, value);
	if (*state->p == '}')
		needed_value(state, name, value, out);
	else if (strncmp(state->p, ":-", 2) == 0 || *state->p == '-')
	{
		use_value = value != NULL && (*state->p == '-' || *value != '\0');
		state->p += *state->p == ':' ? 2 : 1;
		expression(state, '}', use_value ? NULL : out);
	}
	else if (*state->p == ':')
	{
		state->p++;
		append_part(state, needed_value(state, name, value, out), out);
		use_value = false;
	}
	else if (*state->p == '?')
	{
		state->p++;
		required(state, name, value, out);
	}
	else
		syntax_error(state, "expected \"}\" after the name of a variable");
	if (*state->p != '}')
		syntax_error(state, "expected \"}\"");
	state->p++;
	if (use_value && value != NULL && out != NULL)
		appendStringInfoString(out, value);
}

/* A variable, at its dollar sign. */
static void
variable(Interpolation *state, StringInfo out)
{
	char	   *name;
	const char *value;

	state->p++;
	if (*state->p == '{')
	{
		state->p++;
		braces(state, out);
		return;
	}
	name = scan_name(state);
	value = needed_value(state, name,
						 mig_variable_value(state->reading, name), out);
	if (value == NULL || out == NULL)
		return;
	mig_variable_used(state->definition, name, value);
	appendStringInfoString(out, value);
}

/* Text with variables, up to a character or the end of the line. */
static void
expression(Interpolation *state, char stop, StringInfo out)
{
	check_stack_depth();
	while (*state->p != '\0' && *state->p != stop)
	{
		const char *p = state->p;
		const char *literal = p;
		int			len = 1;

		if (strncmp(p, "\\\\", 2) == 0 || strncmp(p, "$(", 2) == 0)
			len = 2;
		else if (strncmp(p, "\\$", 2) == 0 || strncmp(p, "$$", 2) == 0)
			literal = ++state->p;
		else if (*p == '$' && p[1] != '\0')
		{
			variable(state, out);
			continue;
		}
		if (out != NULL)
			appendBinaryStringInfo(out, literal, len);
		state->p += len;
	}
}

/*
 * Appends a text with its variables replaced by their values, which are kept
 * with the definition.
 */
void
mig_interpolate(const MigReading *reading, MigDefinition *definition,
				const MigFile *file, int line, const char *text,
				StringInfo out)
{
	Interpolation state = {reading, definition, file, line, text, text};

	expression(&state, '\0', out);
}
