/*-------------------------------------------------------------------------
 *
 * read_folders.c
 *	  The layouts of Prisma and diesel, a folder per migration:
 *
 *		prisma		<timestamp>_<name>/migration.sql, migration_lock.toml
 *		diesel		<version>_<name>/up.sql, down.sql, metadata.toml
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "parser/scansup.h"

#include "folders.h"
#include "readers.h"

/* A folder without the one file that it must have. */
static void
check_script(const MigDefinition *definition, const char *folder,
			 const char *script)
{
	if (definition->up.text != NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("directory \"%s\" has no file \"%s\"", folder, script),
			 errdetail("It has the file \"%s\".", definition->path),
			 errhint("Add the file, or remove the directory.")));
}

/* What Prisma once printed: each byte without its leading zero. */
static char *
without_padding(const char *hex)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (; *hex != '\0'; hex += 2)
	{
		if (hex[0] != '0')
			appendStringInfoChar(&buf, hex[0]);
		appendStringInfoChar(&buf, hex[1]);
	}
	return buf.data;
}

/*
 * TOML, as far as the two files have it: keys, "=" and values on one line
 */

/* A value without the comment after it. */
static char *
toml_value_text(const char *start, const char *end)
{
	char		quote = '\0';
	const char *p;

	while (start < end && scanner_isspace(*start))
		start++;
	for (p = start; p < end && (quote != '\0' || *p != '#'); p++)
	{
		if (quote == '\0' && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == quote)
			quote = '\0';
	}
	while (p > start && scanner_isspace(p[-1]))
		p--;
	return pnstrdup(start, p - start);
}

/* The value of a key that is in no table, as written; NULL: it is not there. */
static char *
toml_value(const MigFile *file, const char *key, int *found)
{
	MigLine		line;

	mig_line_first(&line, mig_file_text(file));
	do
	{
		const char *p = line.start;
		const char *name;
		int			len;

		while (p < line.end && scanner_isspace(*p))
			p++;
		if (p == line.end || *p == '#')
			continue;
		if (*p == '[')
			break;
		name = p;
		while (p < line.end && *p != '=' && !scanner_isspace(*p))
			p++;
		len = p - name;
		while (p < line.end && scanner_isspace(*p))
			p++;
		if (p == line.end || *p != '=')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a line of file \"%s\" is not TOML",
							mig_file_base(file->path)),
					 errhint("Write it as \"key = value\"."),
					 mig_file_errcontext(file, line.number)));
		if (len == strlen(key) && strncmp(name, key, len) == 0)
		{
			*found = line.number;
			return toml_value_text(p + 1, line.end);
		}
	} while (mig_line_next(&line));
	return NULL;
}

/*
 * Prisma
 */

/* A directory of migrations for another database is not ours. */
static void
check_provider(const MigFile *file)
{
	int			line = 1;
	char	   *provider = toml_value(file, "provider", &line);

	if (provider != NULL &&
		(strcmp(provider, "\"postgresql\"") == 0 ||
		 strcmp(provider, "'postgresql'") == 0 ||
		 strcmp(provider, "\"postgres\"") == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 provider != NULL ?
			 errmsg("the migrations are for provider %s", provider) :
			 errmsg("file \"%s\" names no provider", mig_file_base(file->path)),
			 errhint("Only those for provider \"postgresql\" can be loaded."),
			 mig_file_errcontext(file, line)));
}

void
mig_read_prisma(MigReading *reading)
{
	MigPaths   *paths = mig_paths(reading);
	char	   *root = mig_folders_root(paths, "migration.sql");
	const MigFile *lock = mig_paths_nearest(paths, "migration_lock.toml");
	ListCell   *lc;

	if (lock != NULL)
	{
		root = mig_paths_join("", mig_file_directory(lock->path));
		mig_paths_use(paths, mig_paths_join("", lock->path));
		check_provider(lock);
	}
	for (int i = 0; root != NULL && i < paths->count; i++)
	{
		MigPath    *path = &paths->paths[i];
		MigFolderFile file;
		MigDefinition *definition;

		if (path->used || !mig_folder_file(root, path, &file))
			continue;
		definition = mig_reading_get(reading, file.folder);
		if (strcmp(file.base, "migration.sql") == 0)
		{
			path->used = true;
			mig_definition_whole_file(definition, path->file, false);
		}
		else if (definition->path == NULL)
			definition->path = pstrdup(path->file->path);
	}
	foreach(lc, reading->definitions)
	{
		MigDefinition *definition = lfirst(lc);
		const char *text = definition->up.text;
		char	   *lf;

		definition->identity = definition->sort_key;
		check_script(definition, definition->identity, "migration.sql");
		mig_folder_split_name(definition, definition->identity);
		lf = mig_with_line_ends(text, "\n");
		mig_folder_add_checksum(definition, mig_folder_sha256(text));
		mig_folder_add_checksum(definition, mig_folder_sha256(lf));
		mig_folder_add_checksum(definition, mig_folder_sha256(mig_with_line_ends(text, "\r\n")));
		mig_folder_add_checksum(definition, without_padding(mig_folder_sha256(text)));
		mig_folder_add_checksum(definition, without_padding(mig_folder_sha256(lf)));
		mig_folder_add_checksum(definition,
					 without_padding(mig_folder_sha256(mig_with_line_ends(text, "\r\n"))));
	}
	mig_paths_ignore_rest(reading, paths);
}

/*
 * diesel
 */

/* Is every statement to be its own step?  A file that does not say, says so. */
static bool
diesel_no_transaction(const MigFile *file)
{
	int			line = 1;
	char	   *value = toml_value(file, "run_in_transaction", &line);

	if (value == NULL)
	{
		ereport(NOTICE,
				(errmsg("file \"%s\" does not say \"run_in_transaction\", which diesel takes for false",
						file->path)));
		return true;
	}
	if (strcmp(value, "true") == 0)
		return false;
	if (strcmp(value, "false") == 0)
		return true;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"run_in_transaction\": %s", value),
			 errhint("Write true or false."),
			 mig_file_errcontext(file, line)));
}

/* What comes before the first underscore, without its dashes. */
static char *
diesel_version(const char *folder)
{
	StringInfoData version;

	initStringInfo(&version);
	for (; *folder != '\0' && *folder != '_'; folder++)
		if (*folder != '-')
			appendStringInfoChar(&version, *folder);
	return version.data;
}

/* One file of a migration; false if it is none. */
static bool
read_diesel_file(MigDefinition *definition, const char *base,
				 const MigFile *file)
{
	if (strcmp(base, "up.sql") == 0)
		mig_definition_whole_file(definition, file, false);
	else if (strcmp(base, "down.sql") == 0)
	{
		/* diesel refuses to run an empty one, so there is no way back */
		if (*file->content != '\0')
			mig_definition_whole_file(definition, file, true);
	}
	else if (strcmp(base, "metadata.toml") == 0)
		definition->up.no_transaction = definition->down.no_transaction =
			diesel_no_transaction(file);
	else
		return false;
	return true;
}

/* A folder whose files have all been read. */
static void
finish_diesel(MigDefinition *definition)
{
	const char *folder = definition->sort_key;
	const char *underscore = strchr(folder, '_');

	check_script(definition, folder, "up.sql");
	if (*definition->up.text == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file \"%s\" is empty", definition->path),
				 errhint("Write the migration, or remove the directory.")));
	definition->version = diesel_version(folder);
	if (*definition->version == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("directory \"%s\" has no version before its first underscore",
						folder),
				 errhint("Name it <version>_<name>.")));
	if (underscore != NULL)
		definition->name = pstrdup(underscore + 1);
	definition->identity = definition->version;
	definition->sort_key = definition->version;
}

void
mig_read_diesel(MigReading *reading)
{
	MigPaths   *paths = mig_paths(reading);
	char	   *root = mig_folders_root(paths, "up.sql");
	ListCell   *lc;

	for (int i = 0; root != NULL && i < paths->count; i++)
	{
		MigPath    *path = &paths->paths[i];
		MigFolderFile file;
		MigDefinition *definition;

		if (path->used || !mig_folder_file(root, path, &file))
			continue;
		definition = mig_reading_get(reading, file.folder);
		path->used = read_diesel_file(definition, file.base, path->file);
		if (definition->path == NULL)
			definition->path = pstrdup(path->file->path);
	}
	foreach(lc, reading->definitions)
		finish_diesel(lfirst(lc));
	mig_paths_ignore_rest(reading, paths);
}
