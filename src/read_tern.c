/*-------------------------------------------------------------------------
 *
 * read_tern.c
 *	  The layout of tern:
 *
 *		<number>_<name>.sql		up, and down below a line that says so
 *		<directory>/<name>.sql	for {{ template "<directory>/<name>.sql" . }}
 *
 * The scripts are templates of Go's text/template.  Of that language this
 * knows what migrations are written with: values, files taken in, constants,
 * comments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "parser/scansup.h"

#include "numbered.h"
#include "readers.h"

#define SEPARATOR			"---- create above / drop below ----"
#define DISABLE_TRANSACTION	"---- tern: disable-tx ----"

/* How many files may take in one another. */
#define MAX_DEPTH			50

/* A text that is being evaluated. */
typedef struct Template
{
	MigReading *reading;
	MigDefinition *definition;
	const MigFile *file;		/* that the text is from */
	const char *p;				/* the action being looked at */
	int			line;			/* of that in the file */
	StringInfo	out;
	int			depth;
} Template;

/* On to a later place of the text. */
static void
move_to(Template *template, const char *p)
{
	for (; template->p < p; template->p++)
		template->line += *template->p == '\n';
}

pg_noreturn static void
unknown_action(const Template *template, const char *action)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("template action {{%s}} cannot be evaluated here",
					mig_shown(action)),
			 errdetail("Known are {{.name}}, {{template \"file\" .}}, {{\"constant\"}} and comments."),
			 errhint("Put the SQL that \"tern print-migrations\" prints into the file."),
			 mig_file_errcontext(template->file, template->line)));
}

static const char *
skip_space(const char *p)
{
	while (scanner_isspace(*p))
		p++;
	return p;
}

/* Where a constant in quotes ends, behind the closing one; NULL: nowhere. */
static const char *
constant_end(const char *p)
{
	char		quote = *p;

	for (p++; *p != '\0'; p++)
	{
		if (*p == quote)
			return p + 1;
		if (*p == '\\' && quote == '"' && p[1] != '\0')
			p++;
	}
	return NULL;
}

/* Where an action ends, at its closing braces; NULL: nowhere. */
static const char *
action_end(const char *p)
{
	if (strncmp(p, "/*", 2) == 0)
	{
		p = strstr(p, "*/");
		if (p == NULL)
			return NULL;
		p += 2;
		if (scanner_isspace(*p) && *skip_space(p) == '-')
			p = skip_space(p) + 1;
		return strncmp(p, "}}", 2) == 0 ? p : NULL;
	}
	while (p != NULL && *p != '\0')
	{
		if (strncmp(p, "}}", 2) == 0)
			return p;
		p = *p == '"' || *p == '`' ? constant_end(p) : p + 1;
	}
	return NULL;
}

/* The text of a constant in quotes, or NULL if it is more than that. */
static char *
constant_text(const char *action)
{
	int			len = strlen(action);

	if ((*action != '"' && *action != '`') || len < 2 ||
		constant_end(action) != action + len ||
		(*action == '"' && strchr(action, '\\') != NULL))
		return NULL;
	return pnstrdup(action + 1, len - 2);
}

/* The file that a template names, by its path from the directory. */
static const MigFile *
find_file(const Template *template, const char *name)
{
	const char *directory = mig_file_directory(template->definition->path);
	const char *path = *directory == '\0' ? name :
		psprintf("%s/%s", directory, name);
	ListCell   *lc;

	foreach(lc, template->reading->files)
	{
		const MigFile *file = lfirst(lc);

		if (strcmp(file->path, path) == 0)
			return file;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("there is no file \"%s\" for a template", path),
			 errhint("Add the file, or correct its name."),
			 mig_file_errcontext(template->file, template->line)));
}

static void expand(Template *template, const char *text);

/* {{template "file" .}}: takes in another file. */
static void
take_in(Template *template, const char *action)
{
	const char *name = skip_space(action);
	const char *end = *name == '"' || *name == '`' ? constant_end(name) : NULL;
	char	   *constant = end == NULL ? NULL :
		constant_text(pnstrdup(name, end - name));
	Template	inner = *template;

	if (constant == NULL)
		unknown_action(template, psprintf("template%s", action));
	end = skip_space(end);
	if (*end == '.')
		end++;
	if (*skip_space(end) != '\0')
		unknown_action(template, psprintf("template%s", action));
	inner.file = find_file(template, constant);
	if (++inner.depth > MAX_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("file \"%s\" takes in itself", inner.file->path),
				 errhint("Remove the template that names it."),
				 mig_file_errcontext(template->file, template->line)));
	inner.line = 1;
	expand(&inner, mig_file_text(inner.file));
}

/* What stands between the braces, without blanks around it. */
static void
evaluate(Template *template, const char *action)
{
	const char *value = constant_text(action);

	if (value == NULL && *action == '.')
	{
		const char *name = action + 1;
		int			len = 0;

		while (name[len] == '_' || isalnum((unsigned char) name[len]))
			len++;
		if (len == 0 || name[len] != '\0')
			unknown_action(template, action);
		value = mig_variable_value(template->reading, name);
		if (value == NULL)
			mig_variable_unset_error(template->file, template->line, name);
		mig_variable_used(template->definition, name, value);
	}
	else if (value == NULL)
	{
		if (strncmp(action, "template", 8) != 0)
			unknown_action(template, action);
		take_in(template, action + 8);
		return;
	}
	appendStringInfoString(template->out, value);
}

/* The action at 'open', whose braces close at 'close'. */
static void
run_action(Template *template, const char *open, const char *close)
{
	const char *start = open + 2;
	const char *end = close;

	if (start[0] == '-' && scanner_isspace(start[1]))
		start++;
	if (end - 2 >= start && end[-1] == '-' && scanner_isspace(end[-2]))
		end--;
	start = skip_space(start);
	while (end > start && scanner_isspace(end[-1]))
		end--;
	move_to(template, start);
	evaluate(template, pnstrdup(start, end - start));
}

/* Evaluates a text. */
static void
expand(Template *template, const char *text)
{
	const char *open;

	CHECK_FOR_INTERRUPTS();
	template->p = text;
	while ((open = strstr(text, "{{")) != NULL)
	{
		const char *start = open + 2;
		const char *close;
		const char *end = open;

		if (start[0] == '-' && scanner_isspace(start[1]))
		{
			start = skip_space(start + 1);
			while (end > text && scanner_isspace(end[-1]))
				end--;
		}
		appendBinaryStringInfo(template->out, text, end - text);
		move_to(template, open);
		close = action_end(start);
		if (close == NULL)
			unknown_action(template, open + 2);
		/* a comment follows the braces at once */
		if (strncmp(start, "/*", 2) != 0)
			run_action(template, open, close);
		text = close + 2;
		if (close - 2 >= start && close[-1] == '-' && scanner_isspace(close[-2]))
			text = skip_space(text);
	}
	appendStringInfoString(template->out, text);
}

/* Replaces what is to be replaced in one direction's script. */
static void
evaluate_source(MigReading *reading, MigDefinition *definition,
				const MigFile *file, MigSource *source)
{
	StringInfoData out;
	Template	template = {reading, definition, file};
	MigLine		line;

	if (strstr(source->text, "{{") != NULL)
	{
		initStringInfo(&out);
		template.out = &out;
		template.line = source->line;
		expand(&template, source->text);
		if (definition->source == NULL)
			definition->source = definition->up.text;
		source->text = out.data;
	}
	mig_line_first(&line, source->text);
	do
	{
		int			len = line.end - line.start;

		if (len == strlen(DISABLE_TRANSACTION) &&
			strncmp(line.start, DISABLE_TRANSACTION, len) == 0)
			source->no_transaction = true;
	} while (mig_line_next(&line));
}

/* tern refuses a script of nothing but comments. */
static void
check_not_empty(const MigDefinition *definition, const MigFile *file)
{
	MigLine		line;

	mig_line_first(&line, definition->up.text);
	do
	{
		const char *p = line.start;

		while (p < line.end && scanner_isspace(*p))
			p++;
		if (p < line.end && strncmp(p, "--", 2) != 0)
			return;
	} while (mig_line_next(&line));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("file \"%s\" has no SQL to apply", file->path),
			 errhint("Write it above the line \"%s\".", SEPARATOR),
			 mig_file_errcontext(file, definition->up.line)));
}

/* Cuts a file into its two scripts and evaluates them. */
static void
read_scripts(MigReading *reading, MigDefinition *definition,
			 const MigFile *file)
{
	const char *start = mig_file_text(file);
	const char *separator = strstr(start, SEPARATOR);
	int			line = 1;

	definition->up.no_transaction = false;
	mig_source_set(&definition->up, start,
				   separator != NULL ? separator : start + strlen(start), 1);
	evaluate_source(reading, definition, file, &definition->up);
	check_not_empty(definition, file);
	if (separator == NULL)
		return;
	for (; start < separator; start++)
		line += *start == '\n';
	start += strlen(SEPARATOR);
	/* without SQL below the line there is no way back */
	if (*skip_space(start) == '\0')
		return;
	mig_source_set(&definition->down, start, start + strlen(start), line);
	evaluate_source(reading, definition, file, &definition->down);
}

/* <number>_<name>.sql */
static bool
take_tern(const MigFile *file, MigNumbered *numbered)
{
	const char *base = mig_file_base(file->path);
	int			digits = mig_number_digits(base);
	const char *name = base + digits + 1;

	if (digits == 0 || base[digits] != '_' || !mig_file_ends(name, ".sql"))
		return false;
	numbered->version = pnstrdup(base, digits);
	numbered->name = mig_name_before(name, ".sql");
	if (mig_number_exceeds(numbered->version, MIG_MAX_INT32))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of file \"%s\" is too large", file->path),
				 errdetail("Files are counted from 1, without gaps."),
				 errhint("Rename it, or take it out of the directory.")));
	return true;
}

void
mig_read_tern(MigReading *reading)
{
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		MigNumbered numbered = {0};

		/* its [data] is given as variables */
		if (strcmp(mig_file_base(file->path), "tern.conf") == 0)
			continue;
		if (mig_file_is_nested(reading, file) || !take_tern(file, &numbered))
			mig_reading_ignore(reading, file);
		else
			read_scripts(reading, mig_numbered_add(reading, file, &numbered),
						 file);
	}
	mig_numbered_check_consecutive(reading);
}
