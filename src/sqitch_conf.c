/*-------------------------------------------------------------------------
 *
 * sqitch_conf.c
 *	  Sqitch's configuration file, in the syntax of git's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "parser/scansup.h"

#include "sqitch_conf.h"

pg_noreturn static void
syntax_error(const MigFile *file, int line, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("syntax error in file \"%s\"", mig_file_base(file->path)),
			 errhint("%s", hint),
			 mig_file_errcontext(file, line)));
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && scanner_isspace(*p))
		p++;
	return p;
}

/* A section's line: [name], [name "sub"] or [name.sub]. */
static char *
read_section(const MigFile *file, const MigLine *line, const char *p)
{
	static const char *const hint = "Write [section] or [section \"subsection\"].";
	StringInfoData section;

	initStringInfo(&section);
	for (p++; p < line->end && *p != ']' && *p != '"'; p++)
		if (!scanner_isspace(*p))
			appendStringInfoChar(&section,
								 *p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	if (p < line->end && *p == '"')
	{
		appendStringInfoChar(&section, '.');
		for (p++; p < line->end && *p != '"'; p++)
		{
			if (*p == '\\' && p + 1 < line->end)
				p++;
			appendStringInfoChar(&section, *p);
		}
		p = skip_space(p + 1, line->end);
	}
	if (p >= line->end || *p != ']' || section.len == 0)
		syntax_error(file, line->number, hint);
	return section.data;
}

/* What a backslash in a value makes of the character after it. */
static char
escaped(const MigFile *file, int line, char c)
{
	switch (c)
	{
		case 'n':
			return '\n';
		case 't':
			return '\t';
		case 'b':
			return '\b';
		case '"':
		case '\\':
			return c;
		default:
			syntax_error(file, line,
						 "A backslash in a value is written as two.");
	}
}

/* A value: quotes keep blanks and the two characters that start a comment. */
static char *
read_value(const MigFile *file, const MigLine *line, const char *p)
{
	StringInfoData value;
	int			kept = 0;		/* length up to the last non-blank */
	bool		quoted = false;

	initStringInfo(&value);
	for (p = skip_space(p, line->end); p < line->end; p++)
	{
		if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '#' || *p == ';'))
			break;
		else if (*p == '\\')
		{
			p++;
			appendStringInfoChar(&value, escaped(file, line->number,
												 p < line->end ? *p : '\0'));
		}
		else
			appendStringInfoChar(&value, *p);
		if (quoted || *p == '"' || !scanner_isspace(*p))
			kept = value.len;
	}
	if (quoted)
		syntax_error(file, line->number, "End the value with a quote.");
	value.data[kept] = '\0';
	return value.data;
}

/* key = value, or a key alone, which is true */
static MigSqitchSetting *
read_setting(const MigFile *file, const MigLine *line, const char *p,
			 char *section)
{
	MigSqitchSetting *setting = palloc0(sizeof(MigSqitchSetting));
	const char *key = p;

	while (p < line->end && *p != '=' && !scanner_isspace(*p) &&
		   *p != '#' && *p != ';')
		p++;
	if (p == key || section == NULL)
		syntax_error(file, line->number,
					 "Write key = value, below a line [section].");
	setting->section = section;
	setting->key = pnstrdup(key, p - key);
	setting->line = line->number;
	p = skip_space(p, line->end);
	if (p < line->end && *p == '=')
		setting->value = read_value(file, line, p + 1);
	else if (p == line->end || *p == '#' || *p == ';')
		setting->value = pstrdup("true");
	else
		syntax_error(file, line->number, "Write key = value.");
	return setting;
}

/* The file's settings, in its order, as MigSqitchSetting. */
List *
mig_sqitch_conf_read(const MigFile *file)
{
	List	   *settings = NIL;
	char	   *section = NULL;
	MigLine		line;

	mig_line_first(&line, mig_file_text(file));
	do
	{
		const char *p = skip_space(line.start, line.end);

		if (p == line.end || *p == '#' || *p == ';')
			continue;
		if (*p == '[')
			section = read_section(file, &line, p);
		else
			settings = lappend(settings, read_setting(file, &line, p, section));
	} while (mig_line_next(&line));
	return settings;
}

/* The setting that counts, which is the last one; NULL: it is not set. */
const MigSqitchSetting *
mig_sqitch_conf_find(List *settings, const char *section, const char *key)
{
	const MigSqitchSetting *found = NULL;
	ListCell   *lc;

	foreach(lc, settings)
	{
		const MigSqitchSetting *setting = lfirst(lc);

		if (strcmp(setting->section, section) == 0 &&
			pg_strcasecmp(setting->key, key) == 0)
			found = setting;
	}
	return found;
}

/* Is anything set in that section? */
bool
mig_sqitch_conf_has(List *settings, const char *section)
{
	ListCell   *lc;

	foreach(lc, settings)
		if (strcmp(((MigSqitchSetting *) lfirst(lc))->section, section) == 0)
			return true;
	return false;
}

/* Puts the variables of a section in front of others, which they hide. */
List *
mig_sqitch_conf_variables(List *settings, const char *section, List *variables)
{
	ListCell   *lc;

	foreach(lc, settings)
	{
		const MigSqitchSetting *setting = lfirst(lc);
		MigVariable *variable;

		if (strcmp(setting->section, section) != 0)
			continue;
		variable = palloc(sizeof(MigVariable));
		variable->name = setting->key;
		variable->value = setting->value;
		variables = lcons(variable, variables);
	}
	return variables;
}
