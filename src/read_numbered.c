/*-------------------------------------------------------------------------
 *
 * read_numbered.c
 *	  The layouts of golang-migrate, sqlx, postgres-migrations and postgrator:
 *	  numbered files, each of which is one script.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "digest.h"
#include "numbered.h"
#include "readers.h"

/* Integers that JavaScript tells apart. */
#define MAX_SAFE_INTEGER	"9007199254740991"

/* Which file names a reader takes; false: the file is not the tool's. */
typedef bool (*TakeName) (const MigFile *file, MigNumbered *numbered);

/* Reads files that are told by their names; the rest is ignored. */
static void
read_named(MigReading *reading, TakeName take,
		   void (*added) (MigDefinition *definition, const MigFile *file))
{
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		MigNumbered numbered = {0};
		MigDefinition *definition;

		if (mig_file_is_nested(reading, file) || !take(file, &numbered))
		{
			mig_reading_ignore(reading, file);
			continue;
		}
		definition = mig_numbered_add(reading, file, &numbered);
		if (added != NULL && !numbered.down && !numbered.host)
			added(definition, file);
	}
}

static void
add_checksum(MigDefinition *definition, pg_cryptohash_type type,
			 const char *text)
{
	char	   *digest = mig_digest_hex(type, text, strlen(text));
	ListCell   *lc;

	foreach(lc, definition->checksums)
		if (strcmp(lfirst(lc), digest) == 0)
			return;
	definition->checksums = lappend(definition->checksums, digest);
}

/*
 * golang-migrate: <number>_<name>.up.<ending>, .down.<ending>, of which the
 * last ".up." or ".down." in the name counts.
 */
static bool
take_golang_migrate(const MigFile *file, MigNumbered *numbered)
{
	const char *base = mig_file_base(file->path);
	int			digits = mig_number_digits(base);
	const char *name = base + digits + 1;
	const char *dot = NULL;

	if (digits == 0 || base[digits] != '_')
		return false;
	for (const char *p = strchr(name, '.'); p != NULL; p = strchr(p + 1, '.'))
		if (strncmp(p, ".up.", 4) == 0 || strncmp(p, ".down.", 6) == 0)
			dot = p;
	numbered->version = pnstrdup(base, digits);
	if (dot == NULL || mig_number_exceeds(numbered->version, MIG_MAX_UINT64))
		return false;
	numbered->name = pnstrdup(name, dot - name);
	numbered->down = dot[1] == 'd';
	if (strcmp(strchr(dot + 1, '.'), ".sql") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file \"%s\" is a migration by its name, but not an SQL file",
						file->path),
				 errdetail("Behind \".up\" or \".down\" any ending will do for golang-migrate."),
				 errhint("Name it %s.sql, or take it out of the directory.",
						 pnstrdup(base, strchr(dot + 1, '.') - base))));
	return true;
}

void
mig_read_golang_migrate(MigReading *reading)
{
	ListCell   *lc;

	read_named(reading, take_golang_migrate, NULL);
	foreach(lc, reading->definitions)
	{
		MigDefinition *definition = lfirst(lc);

		/* a missing up file is an empty migration */
		if (definition->up.text != NULL)
			continue;
		definition->up.text = pstrdup("");
		definition->path = definition->down_path;
	}
}

/*
 * sqlx: <number>_<description>.sql, .up.sql, .down.sql.  Where it takes the
 * part before the first underscore for a number, it insists on it.
 */
static bool
take_sqlx(const MigFile *file, MigNumbered *numbered)
{
	static const char *const endings[] = {".up.sql", ".down.sql", ".sql", NULL};
	const char *base = mig_file_base(file->path);
	const char *underscore = strchr(base, '_');
	const char *ending = mig_name_ending(base, endings);

	if (underscore == NULL || ending == NULL ||
		strlen(underscore + 1) < strlen(".sql"))
		return false;
	numbered->version = pnstrdup(base, underscore - base);
	if (underscore == base ||
		mig_number_digits(base) != underscore - base ||
		mig_number_exceeds(numbered->version, MIG_MAX_INT64))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file \"%s\" has no number before its first underscore",
						file->path),
				 errdetail("Each file with an underscore and the ending .sql is a migration for sqlx, which stops at this one."),
				 errhint("Name it <number>_<description>.sql, or take it out of the directory.")));
	numbered->name = pstrdup(underscore + 1);
	while (mig_file_ends(psprintf("x%s", numbered->name), ending))
		numbered->name = mig_name_before(numbered->name, ending);
	for (char *p = numbered->name; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	numbered->down = strcmp(ending, ".down.sql") == 0;
	/* the very first bytes: not after a byte order mark or an empty line */
	numbered->no_transaction = strncmp(file->content, "-- no-transaction",
									   strlen("-- no-transaction")) == 0;
	return true;
}

/* A text without some characters, of one byte each, and byte order marks. */
static char *
without(const char *text, const char *characters, bool bom)
{
	StringInfoData rest;

	initStringInfo(&rest);
	while (*text != '\0')
	{
		if (bom && strncmp(text, "\xEF\xBB\xBF", 3) == 0)
			text += 3;
		else if (strchr(characters, *text) != NULL)
			text++;
		else
			appendStringInfoCharMacro(&rest, *text++);
	}
	return rest.data;
}

/*
 * The checksum is that of the file's bytes; or, as sqlx.toml may say, of those
 * without carriage returns or without any white space.
 */
static void
add_sqlx_checksums(MigDefinition *definition, const MigFile *file)
{
	add_checksum(definition, PG_SHA384, file->content);
	if (strchr(file->content, '\r') != NULL)
		add_checksum(definition, PG_SHA384, without(file->content, "\r", false));
	add_checksum(definition, PG_SHA384, without(file->content, " \t\r\n", true));
}

void
mig_read_sqlx(MigReading *reading)
{
	read_named(reading, take_sqlx, add_sqlx_checksums);
	mig_numbered_drop_unpaired(reading);
}

/* postgres-migrations: <number>[-_]<name>.sql or .js, in any case. */
static bool
take_postgres_migrations(const MigFile *file, MigNumbered *numbered)
{
	const char *base = mig_file_base(file->path);
	int			digits = mig_number_digits(base);
	const char *dot = strrchr(base, '.');
	const char *name = base + digits;

	if (dot == NULL || mig_file_is_evidence(file->path) ||
		(pg_strcasecmp(dot, ".sql") != 0 && pg_strcasecmp(dot, ".js") != 0))
		return false;
	if (digits == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file \"%s\" has no number", file->path),
				 errdetail("Each .sql and .js file is a migration for postgres-migrations, which stops at this one."),
				 errhint("Name it <number>_<name>%s, or take it out of the directory.",
						 dot)));
	if (name < dot && (*name == '-' || *name == '_'))
		name++;
	numbered->version = pnstrdup(base, digits);
	numbered->name = name < dot ? pnstrdup(name, dot - name) : pstrdup(base);
	numbered->host = pg_strcasecmp(dot, ".js") == 0;
	numbered->no_transaction =
		strstr(file->content,
			   "-- postgres-migrations disable-transaction") != NULL;
	return true;
}

/* The name of the file counts as well. */
static void
add_postgres_migrations_checksum(MigDefinition *definition,
								 const MigFile *file)
{
	add_checksum(definition, PG_SHA1,
				 psprintf("%s%s", mig_file_base(file->path), file->content));
}

void
mig_read_postgres_migrations(MigReading *reading)
{
	static const char *const endings[] = {".sql", ".js", NULL};

	mig_numbered_depth(reading, endings);
	read_named(reading, take_postgres_migrations,
			   add_postgres_migrations_checksum);
	mig_numbered_check_consecutive(reading);
}

static const char *const postgrator_endings[] = {
	".sql", ".js", ".mjs", ".cjs", NULL
};

/* postgrator: <number>.do.<name>.sql, <number>.undo.<name>.sql, also .js. */
static bool
take_postgrator(const MigFile *file, MigNumbered *numbered)
{
	const char *base = mig_file_base(file->path);
	const char *ending = mig_name_ending(base, postgrator_endings);
	int			digits = mig_number_digits(base);
	const char *action = base + digits + 1;
	const char *end;

	if (ending == NULL || digits == 0 || base[digits] != '.')
		return false;
	end = base + strlen(base) - strlen(ending);
	if (action > end)
		return false;
	action = pnstrdup(action, end - action);
	if (strncmp(action, "undo.", 5) == 0 || strcmp(action, "undo") == 0)
		numbered->down = true;
	else if (strncmp(action, "do.", 3) != 0 && strcmp(action, "do") != 0)
		return false;
	numbered->version = pnstrdup(base, digits);
	numbered->host = strcmp(ending, ".sql") != 0;
	action += strcspn(action, ".");
	if (*action == '.')
		action++;
	numbered->name = pnstrdup(action, strcspn(action, "."));

	/* version 0 is the empty database's: what is numbered so never runs */
	if (strcmp(mig_number_normal(numbered->version), "0") == 0)
		return false;
	if (mig_number_exceeds(numbered->version, MAX_SAFE_INTEGER))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of file \"%s\" is too large", file->path),
				 errdetail("Up to %s, postgrator tells all numbers apart.",
						   MAX_SAFE_INTEGER),
				 errhint("Rename it to a smaller number.")));
	/* a script in a host language that undoes cannot be run */
	return !(numbered->down && numbered->host);
}

/* A text with all its line ends alike. */
static char *
with_line_ends(const char *text, const char *line_end)
{
	StringInfoData converted;

	initStringInfo(&converted);
	for (; *text != '\0'; text++)
	{
		if (*text == '\r' && text[1] == '\n')
			continue;
		if (*text == '\r' || *text == '\n')
			appendStringInfoString(&converted, line_end);
		else
			appendStringInfoCharMacro(&converted, *text);
	}
	return converted.data;
}

/* The option "newline" makes line ends alike first. */
static void
add_postgrator_checksums(MigDefinition *definition, const MigFile *file)
{
	add_checksum(definition, PG_MD5, file->content);
	add_checksum(definition, PG_MD5, with_line_ends(file->content, "\n"));
	add_checksum(definition, PG_MD5, with_line_ends(file->content, "\r\n"));
	add_checksum(definition, PG_MD5, with_line_ends(file->content, "\r"));
}

void
mig_read_postgrator(MigReading *reading)
{
	mig_numbered_depth(reading, postgrator_endings);
	read_named(reading, take_postgrator, add_postgrator_checksums);
	mig_numbered_drop_unpaired(reading);
}
