/*-------------------------------------------------------------------------
 *
 * read_sections.c
 *	  The layouts of dbmate and sql-migrate: files with an up and a down
 *	  script in sections.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "parser/scansup.h"

#include "numbered.h"
#include "readers.h"

/* A file that is being read line by line. */
typedef struct SectionState
{
	MigDefinition *definition;
	const MigFile *file;
	MigLine		line;
	MigSource  *section;		/* the one we are in; NULL: before any */
	const char *section_start;
	int			section_line;
} SectionState;

pg_noreturn static void
section_error(const SectionState *state, int line, const char *message,
			  const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 errhint("%s", hint),
			 mig_file_errcontext(state->file, line)));
}

static int
count_lines(const char *text)
{
	int			lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

/*
 * The section ends here.  A script of several sections has empty lines for
 * what stands between them, so that its lines are those of the file.
 */
static void
end_section(SectionState *state, const char *end)
{
	MigSource  *section = state->section;
	StringInfoData text;
	int			line;

	if (section == NULL)
		return;
	if (section->text == NULL)
	{
		mig_source_set(section, state->section_start, end, state->section_line);
		return;
	}
	initStringInfo(&text);
	appendStringInfoString(&text, section->text);
	for (line = section->line + count_lines(text.data);
		 line < state->section_line; line++)
		appendStringInfoChar(&text, '\n');
	appendBinaryStringInfo(&text, state->section_start,
						   end - state->section_start);
	section->text = text.data;
}

/* A section begins below this line. */
static void
begin_section(SectionState *state, MigSource *section)
{
	end_section(state, state->line.start);
	state->section = section;
	state->section_start = state->line.next != NULL ? state->line.next :
		state->line.end;
	state->section_line = state->line.number + 1;
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && scanner_isspace(*p))
		p++;
	return p;
}

/* Does a line have nothing but a comment or blanks? */
static bool
is_blank(const MigLine *line)
{
	const char *p = skip_space(line->start, line->end);

	return p == line->end || (p + 1 < line->end && p[0] == '-' && p[1] == '-');
}

/* Is this one of the words of a line's rest? */
static bool
has_word(const char *p, const char *end, const char *word)
{
	int			len = strlen(word);

	while ((p = skip_space(p, end)) < end)
	{
		const char *start = p;

		while (p < end && !scanner_isspace(*p))
			p++;
		if (p - start == len && strncmp(start, word, len) == 0)
			return true;
	}
	return false;
}

/*
 * dbmate: the directive of a line, which stands in its first column; what
 * follows it goes to *options.
 */
static bool
dbmate_directive(const MigLine *line, const char *name, const char **options)
{
	const char *p = line->start;
	int			len = strlen(name);

	if (line->end - p < 2 || strncmp(p, "--", 2) != 0)
		return false;
	p = skip_space(p + 2, line->end);
	if (line->end - p < len || strncmp(p, name, len) != 0 ||
		(p + len < line->end && !scanner_isspace(p[len])))
		return false;
	*options = p + len;
	return true;
}

/* A line "-- migrate:up" or "-- migrate:down". */
static void
dbmate_section(SectionState *state, MigSource *section, const char *options)
{
	bool		no_transaction = has_word(options, state->line.end,
										  "transaction:false");

	if (section == &state->definition->up &&
		state->section == &state->definition->up)
		section_error(state, state->line.number,
					  "\"-- migrate:up\" follows another one",
					  "Write \"-- migrate:down\" and the way back between them.");
	if (section == &state->definition->down &&
		state->section != &state->definition->up)
		section_error(state, state->line.number, state->section == NULL ?
					  "\"-- migrate:down\" before \"-- migrate:up\"" :
					  "\"-- migrate:down\" follows another one",
					  "Write \"-- migrate:up\" above it, with the script that it undoes.");
	/* among several, each has to say so */
	section->no_transaction = no_transaction &&
		(section->no_transaction || section->text == NULL);
	begin_section(state, section);
}

static void
read_dbmate_sections(MigDefinition *definition, const MigFile *file)
{
	SectionState state = {.definition = definition,.file = file};
	const char *text = mig_file_text(file);

	definition->up.text = NULL;
	mig_line_first(&state.line, text);
	do
	{
		const char *options;

		if (dbmate_directive(&state.line, "migrate:up", &options))
			dbmate_section(&state, &definition->up, options);
		else if (dbmate_directive(&state.line, "migrate:down", &options))
			dbmate_section(&state, &definition->down, options);
		else if (state.section == NULL && !is_blank(&state.line))
			section_error(&state, state.line.number,
						  "text before \"-- migrate:up\"",
						  "Move it below that line, which dbmate needs in every file.");
	} while (mig_line_next(&state.line));
	if (state.section != &definition->down)
		section_error(&state, state.line.number, state.section == NULL ?
					  "there is no line \"-- migrate:up\"" :
					  "there is no line \"-- migrate:down\"",
					  "Add it; dbmate needs both, be there a way back or not.");
	end_section(&state, text + strlen(text));
}

/*
 * dbmate: <digits><anything>.sql, in the order of the names' bytes.  The key
 * has no more of the name than decides that: the rest may be renamed.
 */
void
mig_read_dbmate(MigReading *reading)
{
	MigReading	versions = {0};
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		const char *base = mig_file_base(file->path);
		int			digits = mig_number_digits(base);
		char	   *version = pnstrdup(base, digits);
		const char *name = base + digits;
		MigDefinition *definition;
		MigDefinition *first;

		if (mig_file_is_nested(reading, file) || digits == 0 ||
			!mig_file_ends(base, ".sql"))
		{
			mig_reading_ignore(reading, file);
			continue;
		}
		first = mig_reading_get(&versions, version);
		if (first->path != NULL)
		{
			MigFile		other = {.path = first->path};

			mig_duplicate_error(&other, file, version);
		}
		first->path = pstrdup(file->path);
		definition = mig_reading_add(reading,
									 psprintf("%s%c", version,
											  (unsigned char) *name < '0' ? '-' : '_'));
		definition->version = version;
		definition->identity = version;
		if (*name == '_' || *name == '-')
			name++;
		definition->name = mig_name_before(name, ".sql");
		definition->path = pstrdup(file->path);
		read_dbmate_sections(definition, file);
	}
}

/* sql-migrate: a file that is being read. */
typedef struct SqlMigrateState
{
	SectionState base;
	bool		block;			/* between StatementBegin and StatementEnd */
	int			statement;		/* line on which the statement begins that has
								 * not ended yet; 0: none */
} SqlMigrateState;

/* Does a line's last word before a comment end with a semicolon? */
static bool
ends_statement(const MigLine *line)
{
	const char *p = line->start;
	bool		ended = false;

	while ((p = skip_space(p, line->end)) < line->end)
	{
		if (p + 1 < line->end && p[0] == '-' && p[1] == '-')
			break;
		for (; p < line->end && !scanner_isspace(*p); p++)
			ended = *p == ';';
	}
	return ended;
}

/* A section, and all of its statements, end here. */
static void
check_statement_ended(const SqlMigrateState *state)
{
	if (state->statement == 0)
		return;
	if (state->block)
		section_error(&state->base, state->statement,
					  "StatementBegin without StatementEnd",
					  "Add a line \"-- +migrate StatementEnd\" below the statement.");
	section_error(&state->base, state->statement,
				  "the statement has no end",
				  "End its last line with a semicolon, or put it between lines \"-- +migrate StatementBegin\" and \"-- +migrate StatementEnd\".");
}

/* What follows "-- +migrate " in a line; words that it does not know are nothing. */
static void
obey_sql_migrate(SqlMigrateState *state, const char *command)
{
	MigDefinition *definition = state->base.definition;
	const char *end = state->base.line.end;
	MigSource  *section = NULL;
	const char *word;
	int			len = 0;

	word = skip_space(command, end);
	while (word + len < end && !scanner_isspace(word[len]))
		len++;
	if (len == 0)
		section_error(&state->base, state->base.line.number,
					  "\"-- +migrate\" without a command",
					  "Write Up, Down, StatementBegin or StatementEnd behind it.");
	if (len == 2 && strncmp(word, "Up", 2) == 0)
		section = &definition->up;
	else if (len == 4 && strncmp(word, "Down", 4) == 0)
		section = &definition->down;
	else if (state->base.section != NULL && len == 14 &&
			 strncmp(word, "StatementBegin", 14) == 0)
	{
		state->block = true;
		state->statement = state->base.line.number;
	}
	else if (state->block && len == 12 &&
			 strncmp(word, "StatementEnd", 12) == 0)
	{
		state->block = false;
		state->statement = 0;
	}
	if (section == NULL)
		return;
	check_statement_ended(state);
	if (has_word(word + len, end, "notransaction"))
		section->no_transaction = true;
	begin_section(&state->base, section);
}

static void
read_sql_migrate_sections(MigDefinition *definition, const MigFile *file)
{
	static const char prefix[] = "-- +migrate ";
	SqlMigrateState state = {.base = {.definition = definition,.file = file}};
	const char *text = mig_file_text(file);
	MigLine    *line = &state.base.line;

	mig_line_first(line, text);
	do
	{
		if (strncmp(line->start, prefix, strlen(prefix)) == 0)
			obey_sql_migrate(&state, line->start + strlen(prefix));
		else if (state.base.section != NULL && !state.block)
		{
			if (state.statement == 0 && !is_blank(line))
				state.statement = line->number;
			if (ends_statement(line))
				state.statement = 0;
		}
	} while (mig_line_next(line));
	if (state.base.section == NULL)
		section_error(&state.base, line->number,
					  "there is no line \"-- +migrate Up\"",
					  "Add it above the script.");
	check_statement_ended(&state);
	end_section(&state.base, text + strlen(text));
	if (definition->up.text == NULL)
		definition->up.text = pstrdup("");
}

/*
 * sql-migrate: any name that ends in .sql; by the number that it begins with,
 * then by the bytes of the name; those without a number come last.
 */
void
mig_read_sql_migrate(MigReading *reading)
{
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		const char *base = mig_file_base(file->path);
		int			digits = mig_number_digits(base);
		char	   *version = pnstrdup(base, digits);
		MigDefinition *definition;

		if (mig_file_is_nested(reading, file) || !mig_file_ends(base, ".sql"))
		{
			mig_reading_ignore(reading, file);
			continue;
		}
		if (mig_number_exceeds(version, MIG_MAX_INT64))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the number of file \"%s\" is too large", file->path),
					 errdetail("The largest number for sql-migrate is %s.", MIG_MAX_INT64),
					 errhint("Rename it, or take it out of the directory.")));
		definition = mig_reading_add(reading, digits > 0 ?
									 psprintf("0%s %s", mig_version_sort_key(version), base) :
									 psprintf("1%s", base));
		definition->version = digits > 0 ? version :
			mig_name_before(base, ".sql");
		if (digits > 0)
			base += digits + (base[digits] == '_' || base[digits] == '-');
		definition->name = digits > 0 ? mig_name_before(base, ".sql") : "";
		definition->identity = pstrdup(mig_file_base(file->path));
		definition->path = pstrdup(file->path);
		read_sql_migrate_sections(definition, file);
	}
}
