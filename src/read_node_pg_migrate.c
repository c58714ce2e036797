/*-------------------------------------------------------------------------
 *
 * read_node_pg_migrate.c
 *	  The layout of node-pg-migrate:
 *
 *		<number>_<name>.sql			up, and down, in sections
 *		<number>_<name>.up.sql		up, and
 *		<number>_<name>.down.sql	down, in a file of its own
 *		<number>_<name>.js			and other languages
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/string.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "parser/scansup.h"
#include "utils/datetime.h"

#include "numbered.h"
#include "readers.h"

/* Numbers of so many digits are dates: YYYYMMDDHHMMSSmmm. */
#define DATE_DIGITS			17

static const char *const endings[] = {
	".up.sql", ".down.sql", ".sql", ".js", ".ts", ".cjs", ".mjs", ".cts",
	".mts", NULL
};

/* The number that some digits of a date are. */
static int
part(const char *digits, int from, int count)
{
	return atoi(pnstrdup(digits + from, count));
}

/*
 * The milliseconds since 1970 that a date means, as JavaScript reads it: there
 * a month has 31 days, and a day may end at 24:00.
 */
static char *
date_number(const MigFile *file, const char *digits)
{
	int			year = part(digits, 0, 4);
	int			month = part(digits, 4, 2);
	int			day = part(digits, 6, 2);
	int			hour = part(digits, 8, 2);
	int			minute = part(digits, 10, 2);
	int			second = part(digits, 12, 2);
	int			ms = part(digits, 14, 3);
	int64		days;

	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 ||
		hour > 24 || minute > 59 || second > 59 ||
		(hour == 24 && (minute > 0 || second > 0 || ms > 0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of file \"%s\" is no date", file->path),
				 errdetail("Numbers of %d digits are read as YYYYMMDDHHMMSS and milliseconds.",
						   DATE_DIGITS),
				 errhint("Rename it.")));
	days = date2j(year, month, 1) - UNIX_EPOCH_JDATE + day - 1;
	return psprintf(INT64_FORMAT,
					((days * 24 + hour) * 60 + minute) * 60000 +
					second * 1000 + ms);
}

/*
 * What puts files of one number in order: their names as people read them,
 * without punctuation, first apart from their case.
 */
static char *
name_key(const char *name)
{
	StringInfoData letters;
	StringInfoData key;

	initStringInfo(&letters);
	for (const char *p = name; *p != '\0'; p++)
		if (strchr(" _-,;:!?.'\"()[]{}@*/\\&#%", *p) == NULL)
			appendStringInfoChar(&letters, pg_ascii_tolower(*p));
	initStringInfo(&key);
	appendStringInfo(&key, "%s ", mig_version_sort_key(letters.data));
	for (const char *p = name; *p != '\0'; p++)
		appendStringInfoChar(&key, *p >= 'A' && *p <= 'Z' ?
							 pg_ascii_tolower(*p) : pg_ascii_toupper(*p));
	return key.data;
}

/*
 * The definition of a file's name.  The ending takes part in the order, that
 * of a pair as if it were one file.
 */
static MigDefinition *
find_definition(MigReading *reading, const MigFile *file, const char *name,
				const char *ending)
{
	int			digits = mig_number_digits(name);
	char	   *version = pnstrdup(name, digits);
	char	   *number = digits == DATE_DIGITS ?
		date_number(file, version) : version;
	char	   *whole = psprintf("%s%s", name,
								 pg_str_endswith(ending, ".sql") ? ".sql" : ending);
	MigDefinition *definition =
		mig_reading_get(reading, psprintf("%s %s", mig_version_sort_key(number),
										  name_key(whole)));

	if (definition->version != NULL)
		return definition;
	definition->version = version;
	definition->identity = pstrdup(name);
	name += digits;
	definition->name = pstrdup(*name == '_' ? name + 1 : name);
	return definition;
}

/* Where a section's comment is. */
typedef struct Marker
{
	const char *start;			/* the line of its first dashes; NULL: none */
	const char *next;			/* the line below it */
} Marker;

static const char *
skip_space(const char *p)
{
	while (scanner_isspace(*p))
		p++;
	return p;
}

/*
 * The first comment that says "up migration" or "down migration" at its
 * beginning, in any case, with any dashes and blanks before and between.
 */
static Marker
find_marker(const char *text, const char *direction)
{
	Marker		marker = {0};
	int			len = strlen(direction);

	for (;;)
	{
		const char *start = skip_space(text);
		const char *p = start;

		if (strncmp(p, "--", 2) == 0)
		{
			while (*p == '-' || scanner_isspace(*p))
				p++;
			if (pg_strncasecmp(p, direction, len) == 0 &&
				scanner_isspace(p[len]) &&
				pg_strncasecmp(skip_space(p + len), "migration", 9) == 0)
			{
				p = skip_space(p + len);
				marker.start = start;
				marker.next = p + strcspn(p, "\n");
				if (*marker.next == '\n')
					marker.next++;
				return marker;
			}
		}
		p += strcspn(p, "\n");
		if (*p == '\0')
			return marker;
		text = p + 1;
	}
}

/* What stands between a marker and the other one, if that is below it. */
static void
set_section(MigSource *source, const char *text, const Marker *marker,
			const Marker *other)
{
	const char *end = other->start != NULL && other->start > marker->start ?
		other->start : marker->next + strlen(marker->next);
	int			line = 1;

	for (; text < marker->next; text++)
		line += *text == '\n';
	mig_source_set(source, marker->next, Max(end, marker->next), line);
}

/* Cuts a file into its sections; without one for up, all of it is that. */
static void
read_sections(MigDefinition *definition, const MigFile *file)
{
	const char *text = mig_file_text(file);
	Marker		up = find_marker(text, "up");
	Marker		down = find_marker(text, "down");

	if (up.start != NULL)
		set_section(&definition->up, text, &up, &down);
	else
		mig_definition_whole_file(definition, file, false);
	if (down.start != NULL)
		set_section(&definition->down, text, &down, &up);
}

/* Two files that cannot both be of one migration. */
pg_noreturn static void
conflict_error(const char *first, const MigFile *file)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("files \"%s\" and \"%s\" have the same name for node-pg-migrate",
					first, file->path),
			 errhint("Keep one file with both sections, or a pair .up.sql and .down.sql.")));
}

/* Adds a file to the migration of its name. */
static void
add_file(MigReading *reading, const MigFile *file, const char *ending)
{
	const char *base = mig_file_base(file->path);
	MigDefinition *definition;
	bool		down = strcmp(ending, ".down.sql") == 0;
	const char *path;

	if (mig_number_digits(base) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file \"%s\" has no number", file->path),
				 errdetail("Each file of the directory is a migration for node-pg-migrate, which stops at this one."),
				 errhint("Name it <number>_<name>%s, or take it out of the directory.",
						 ending)));
	definition = find_definition(reading, file, mig_name_before(base, ending),
								 ending);
	path = down ? definition->down_path : definition->path;
	if (path == NULL && !down && strcmp(ending, ".up.sql") != 0)
		path = definition->down_path;
	else if (path == NULL && down && definition->path != NULL &&
			 !mig_file_ends(definition->path, ".up.sql"))
		path = definition->path;
	if (path != NULL)
		conflict_error(path, file);
	if (down || strcmp(ending, ".up.sql") == 0)
	{
		mig_definition_whole_file(definition, file, down);
		/* an empty file is no way back */
		if (down && *file->content == '\0')
			definition->down.text = NULL;
		return;
	}
	definition->path = pstrdup(file->path);
	definition->host = strcmp(ending, ".sql") != 0;
	if (!definition->host)
		read_sections(definition, file);
}

/* The last look at all: no name twice, no way back alone. */
static void
check_definitions(const MigReading *reading)
{
	MigReading	names = {0};
	ListCell   *lc;

	foreach(lc, reading->definitions)
	{
		const MigDefinition *definition = lfirst(lc);
		MigDefinition *first;
		MigFile		file = {.path = definition->path};

		if (definition->path == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("down script \"%s\" has no up script",
							definition->down_path),
					 errhint("Add the file \"%s.up.sql\".",
							 definition->identity)));
		first = mig_reading_get(&names, definition->identity);
		if (first->path != NULL)
			conflict_error(first->path, &file);
		first->path = definition->path;
	}
}

void
mig_read_node_pg_migrate(MigReading *reading)
{
	ListCell   *lc;

	mig_numbered_depth(reading, endings);
	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		const char *base = mig_file_base(file->path);
		const char *ending = mig_name_ending(base, endings);

		if (mig_file_is_nested(reading, file) || ending == NULL ||
			*base == '.' || mig_file_ends(base, ".d.ts"))
			mig_reading_ignore(reading, file);
		else
			add_file(reading, file, ending);
	}
	check_definitions(reading);
}
