/*-------------------------------------------------------------------------
 *
 * read_goose.c
 *	  The layout of goose:
 *
 *		<number>_<name>.sql		with lines "-- +goose Up", "-- +goose Down"
 *		<number>_<name>.go		in Go
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "parser/scansup.h"

#include "interpolate.h"
#include "numbered.h"
#include "readers.h"

#define MARK				"+goose"

typedef enum Annotation
{
	GOOSE_NONE,					/* a line of the script */
	GOOSE_UP,
	GOOSE_DOWN,
	GOOSE_STATEMENT_BEGIN,
	GOOSE_STATEMENT_END,
	GOOSE_NO_TRANSACTION,
	GOOSE_ENVSUB_ON,
	GOOSE_ENVSUB_OFF
} Annotation;

static const char *const annotations[] = {
	[GOOSE_UP] = "Up",
	[GOOSE_DOWN] = "Down",
	[GOOSE_STATEMENT_BEGIN] = "StatementBegin",
	[GOOSE_STATEMENT_END] = "StatementEnd",
	[GOOSE_NO_TRANSACTION] = "NO TRANSACTION",
	[GOOSE_ENVSUB_ON] = "ENVSUB ON",
	[GOOSE_ENVSUB_OFF] = "ENVSUB OFF",
};

/* A file that is being read line by line. */
typedef struct GooseState
{
	MigReading *reading;
	MigDefinition *definition;
	const MigFile *file;
	MigLine		line;
	MigSource  *section;		/* the one we are in; NULL: before any */
	const char *section_start;
	int			section_line;
	StringInfoData text;		/* of the section, its variables replaced */
	bool		replaced;		/* does that differ from the file? */
	bool		block;			/* between StatementBegin and StatementEnd */
	int			statement;		/* line on which the statement begins that has
								 * not ended yet; 0: none */
	bool		substitute;		/* are variables replaced? */
} GooseState;

pg_noreturn static void
goose_error(const GooseState *state, int line, const char *message,
			const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 errhint("%s", hint),
			 mig_file_errcontext(state->file, line)));
}

/* A copy of some bytes without blanks at either end. */
static char *
trimmed(const char *start, const char *end)
{
	while (start < end && scanner_isspace(*start))
		start++;
	while (end > start && scanner_isspace(end[-1]))
		end--;
	return pnstrdup(start, end - start);
}

/* What the line says to goose. */
static Annotation
find_annotation(const GooseState *state)
{
	char	   *line = pnstrdup(state->line.start,
								state->line.end - state->line.start);
	char	   *p = line;
	char	   *mark = strstr(line, MARK);
	StringInfoData command;

	while (scanner_isspace(*p))
		p++;
	if (mark == NULL || strncmp(p, "--", 2) != 0)
		return GOOSE_NONE;
	if (p > line)
		goose_error(state, state->line.number,
					"a line for goose is indented",
					"Remove the blanks before \"--\".");
	initStringInfo(&command);
	for (p = line; *p != '\0'; p++)
	{
		if (p == mark)
			p += strlen(MARK) - 1;
		else if (p[0] == '-' && p[1] == '-')
			p++;
		else
			appendStringInfoCharMacro(&command, *p);
	}
	p = trimmed(command.data, command.data + command.len);
	for (int i = GOOSE_UP; i < lengthof(annotations); i++)
		if (pg_strcasecmp(p, annotations[i]) == 0)
			return i;
	goose_error(state, state->line.number,
				psprintf("\"%s\" is nothing that goose knows",
						 mig_shown(line)),
				"Known are Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON and ENVSUB OFF.");
}

/* Does a line's last word before a comment end with a semicolon? */
static bool
ends_statement(const MigLine *line)
{
	const char *p = line->start;
	bool		ended = false;

	while (p < line->end)
	{
		while (p < line->end && scanner_isspace(*p))
			p++;
		if (p + 1 < line->end && p[0] == '-' && p[1] == '-')
			break;
		for (; p < line->end && !scanner_isspace(*p); p++)
			ended = *p == ';';
	}
	return ended;
}

/* The section, and all of its statements, end here. */
static void
end_section(GooseState *state, const char *end)
{
	MigSource  *section = state->section;

	if (state->block)
		goose_error(state, state->statement,
					"StatementBegin without StatementEnd",
					"Add a line \"-- +goose StatementEnd\" below the statement.");
	if (state->statement > 0)
		goose_error(state, state->statement, "the statement has no end",
					"End its last line with a semicolon, or put it between lines \"-- +goose StatementBegin\" and \"-- +goose StatementEnd\".");
	mig_source_set(section, state->section_start, end, state->section_line);
	if (!state->replaced)
		return;
	if (state->definition->source == NULL)
		state->definition->source = state->definition->up.text;
	section->text = pstrdup(state->text.data);
}

static void
begin_section(GooseState *state, MigSource *section)
{
	const char *next = state->line.next;

	state->section = section;
	state->section_start = next != NULL ? next : state->line.end;
	state->section_line = state->line.number + 1;
	state->replaced = false;
	resetStringInfo(&state->text);
}

static void
obey(GooseState *state, Annotation annotation)
{
	MigDefinition *definition = state->definition;
	int			line = state->line.number;

	switch (annotation)
	{
		case GOOSE_UP:
			if (state->section != NULL)
				goose_error(state, line, "\"-- +goose Up\" appears twice",
							"Write the second part as a file of its own.");
			begin_section(state, &definition->up);
			break;
		case GOOSE_DOWN:
			if (state->section != &definition->up)
				goose_error(state, line, state->section == NULL ?
							"\"-- +goose Down\" before \"-- +goose Up\"" :
							"\"-- +goose Down\" appears twice",
							"Write one section Up, and one section Down below it.");
			end_section(state, state->line.start);
			begin_section(state, &definition->down);
			break;
		case GOOSE_STATEMENT_BEGIN:
			if (state->section == NULL || state->block)
				goose_error(state, line, "StatementBegin out of place",
							"It belongs below \"-- +goose Up\" or \"-- +goose Down\", and needs its StatementEnd before the next one.");
			state->block = true;
			state->statement = line;
			break;
		case GOOSE_STATEMENT_END:
			if (!state->block)
				goose_error(state, line, "StatementEnd without StatementBegin",
							"Add a line \"-- +goose StatementBegin\" above the statement.");
			state->block = false;
			state->statement = 0;
			break;
		case GOOSE_NO_TRANSACTION:
			definition->up.no_transaction = true;
			definition->down.no_transaction = true;
			break;
		default:
			state->substitute = annotation == GOOSE_ENVSUB_ON;
	}
}

/* A line that is none of goose's; comments between statements stay as they are. */
static void
take_line(GooseState *state)
{
	const MigLine *line = &state->line;
	const char *end = line->next != NULL ? line->next :
		line->start + strlen(line->start);
	char	   *content = trimmed(line->start, line->end);
	bool		blank = *content == '\0' || strncmp(content, "--", 2) == 0;

	if (state->section == NULL && !blank)
		goose_error(state, line->number,
					"text before \"-- +goose Up\"",
					"Move it below that line.");
	if (state->section == NULL)
		return;
	if (state->substitute && (state->statement > 0 || !blank) &&
		memchr(line->start, '$', line->end - line->start) != NULL)
	{
		mig_interpolate(state->reading, state->definition, state->file,
						line->number,
						pnstrdup(line->start, line->end - line->start),
						&state->text);
		appendBinaryStringInfo(&state->text, line->end, end - line->end);
		state->replaced = true;
	}
	else
		appendBinaryStringInfo(&state->text, line->start, end - line->start);
	if (state->block)
		return;
	if (state->statement == 0 && !blank)
		state->statement = line->number;
	if (ends_statement(line))
		state->statement = 0;
}

/* Cuts a file into its sections. */
static void
read_sections(MigReading *reading, MigDefinition *definition,
			  const MigFile *file)
{
	GooseState	state = {.reading = reading,.definition = definition,.file = file};
	const char *text = mig_file_text(file);

	definition->up.text = NULL;
	initStringInfo(&state.text);
	mig_line_first(&state.line, text);
	do
	{
		const MigSource *section = state.section;
		Annotation	annotation = find_annotation(&state);

		if (annotation == GOOSE_NONE)
			take_line(&state);
		else
			obey(&state, annotation);
		/* what is replaced has as many lines as the file */
		if (annotation != GOOSE_NONE && section == state.section)
			appendStringInfoChar(&state.text, '\n');
	} while (mig_line_next(&state.line));
	if (state.section == NULL)
		goose_error(&state, 1, "there is no line \"-- +goose Up\"",
					"Add it above the script.");
	end_section(&state, text + strlen(text));
}

/* <number>_<name>.sql or .go; what else is in the directory is ignored. */
static bool
take_goose(const MigFile *file, MigNumbered *numbered)
{
	static const char *const endings[] = {".sql", ".go", NULL};
	const char *base = mig_file_base(file->path);
	int			digits = mig_number_digits(base);
	const char *ending = mig_name_ending(base, endings);

	if (ending == NULL || digits == 0 || base[digits] != '_' ||
		mig_file_ends(base, "_test.go"))
		return false;
	numbered->version = pnstrdup(base, digits);
	numbered->name = mig_name_before(base + digits + 1, ending);
	numbered->host = strcmp(ending, ".go") == 0;
	return !mig_number_exceeds(numbered->version, MIG_MAX_INT64) &&
		strcmp(mig_number_normal(numbered->version), "0") != 0;
}

void
mig_read_goose(MigReading *reading)
{
	static const char *const endings[] = {".sql", ".go", NULL};
	ListCell   *lc;

	mig_numbered_depth(reading, endings);
	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		MigNumbered numbered = {0};
		MigDefinition *definition;

		if (mig_file_is_nested(reading, file) || !take_goose(file, &numbered))
		{
			mig_reading_ignore(reading, file);
			continue;
		}
		definition = mig_numbered_add(reading, file, &numbered);
		if (!numbered.host)
			read_sections(reading, definition, file);
	}
}
