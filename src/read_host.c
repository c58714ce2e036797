/*-------------------------------------------------------------------------
 *
 * read_host.c
 *	  The layouts of tools whose migrations are programs, each in a file that
 *	  is named by a number: Knex, Rails, EF Core, TypeORM, Ecto.
 *
 * Such a file is only a name for what its tool has applied.  SQL files beside
 * them are what a team has made of others, named as in the native layout;
 * they have the places, and in the tool's history the names, that the files
 * they stand for would have.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "common/string.h"
#include "miscadmin.h"

#include "readers.h"

/* Digits of the time in milliseconds at which a TypeORM class was made. */
#define EPOCH_DIGITS	13

/* Digits of the time at which a migration of EF Core was made. */
#define EFCORE_DIGITS	14

/* What a tool makes of a version and a name: a key, or an identity. */
typedef char *(*Naming) (const char *version, const char *name);

static int
count_digits(const char *p)
{
	return strspn(p, "0123456789");
}

static int
count_slashes(const char *path)
{
	int			slashes = 0;

	for (; *path != '\0'; path++)
		slashes += *path == '/';
	return slashes;
}

/* A number without its leading zeros. */
static char *
bare_number(const char *digits)
{
	int			zeros = strspn(digits, "0");

	return pstrdup(digits[zeros] == '\0' && zeros > 0 ?
				   digits + zeros - 1 : digits + zeros);
}

/* Names the file in an error of its version. */
static void
file_error_context(void *arg)
{
	errcontext("file \"%s\"", ((const MigFile *) arg)->path);
}

/* The key by the number that a file's name starts with. */
static char *
number_key(const MigFile *file, const char *version)
{
	ErrorContextCallback callback = {
		.callback = file_error_context,
		.arg = unconstify(MigFile *, file),
		.previous = error_context_stack
	};
	char	   *key;

	error_context_stack = &callback;
	key = mig_version_sort_key(version);
	error_context_stack = callback.previous;
	return key;
}

/* Adds the file of a program. */
static void
add_host(MigReading *reading, const MigFile *file, const char *key,
		 const char *version, const char *name, const char *identity)
{
	MigDefinition *definition = mig_reading_add(reading, key);

	definition->host = true;
	definition->path = pstrdup(file->path);
	definition->version = pstrdup(version);
	definition->name = pstrdup(name);
	definition->identity = pstrdup(identity);
}

/*
 * Reads SQL files as native ones, in an order of their own; returns what was
 * added, for those to whom it stands in another place.
 */
List *
mig_read_native_files(MigReading *reading, List *files)
{
	MigReading	native = {0};

	if (files == NIL)
		return NIL;
	native.layout = reading->layout;
	native.files = files;
	native.depth = mig_files_depth(files);
	mig_read_native(&native);
	reading->definitions = list_concat(reading->definitions, native.definitions);
	reading->ignored = list_concat(reading->ignored, native.ignored);
	return native.definitions;
}

/* Reads SQL files that stand for programs. */
static void
read_sql(MigReading *reading, List *files, Naming key, Naming identity)
{
	ListCell   *lc;

	foreach(lc, mig_read_native_files(reading, files))
	{
		MigDefinition *definition = lfirst(lc);

		if (definition->repeatable)
			continue;
		if (key != NULL)
			definition->sort_key = key(definition->version, definition->name);
		definition->identity = identity(definition->version, definition->name);
	}
}

static char *
name_by_number(const char *version, const char *name)
{
	return bare_number(version);
}

static char *
name_by_stem(const char *version, const char *name)
{
	return psprintf("%s_%s", version, name);
}

/*
 * As if all files had one ending: then the order of the stems, each with a
 * dot behind it, is that of the file names, and a new ending is no change.
 */
static char *
name_by_file(const char *version, const char *name)
{
	return psprintf("%s_%s.", version, name);
}

static char *
name_by_class(const char *version, const char *name)
{
	return psprintf("%s%s", name, version);
}

/* The name without its last extension. */
static char *
file_stem(const MigFile *file)
{
	const char *base = mig_file_base(file->path);
	const char *dot = strrchr(base, '.');

	return pnstrdup(base, dot != NULL && dot > base ? dot - base : strlen(base));
}

/* Is it a JavaScript or TypeScript file, one that is a program? */
static bool
is_script(const char *path)
{
	static const char *const endings[] = {
		".js", ".ts", ".cjs", ".mjs", ".cts", ".mts", ".coffee", ".ls",
		".litcoffee", ".iced", ".co", ".eg"
	};

	if (pg_str_endswith(path, ".d.ts"))
		return false;
	for (int i = 0; i < lengthof(endings); i++)
		if (mig_file_ends(path, endings[i]))
			return true;
	return false;
}

/* Does a program of Knex define what Knex calls? */
static bool
is_knex_program(const MigFile *file)
{
	static const char *const ways[] = {
		"exports.up", "function up", "const up", "up:", "up ="
	};

	if (count_digits(mig_file_base(file->path)) > 0)
		return true;
	for (int i = 0; i < lengthof(ways); i++)
		if (strstr(file->content, ways[i]) != NULL)
			return true;
	return false;
}

/* Slashes in the paths of the files that stand in the directory itself. */
static int
find_depth(List *files, bool (*is_program) (const char *path))
{
	int			depth = mig_files_depth(files);
	ListCell   *lc;

	foreach(lc, files)
	{
		const char *path = ((const MigFile *) lfirst(lc))->path;

		if (is_program(path) && !mig_file_is_evidence(path))
			depth = Min(depth, count_slashes(path));
	}
	return depth;
}

/* Knex: <anything>.js, by file name as text. */
void
mig_read_knex(MigReading *reading)
{
	int			depth = find_depth(reading->files, is_script);
	List	   *sql = NIL;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		char	   *stem = file_stem(file);
		int			digits = count_digits(stem);
		bool		numbered = digits > 0 && stem[digits] == '_';

		CHECK_FOR_INTERRUPTS();
		if (pg_str_endswith(file->path, ".sql"))
			sql = lappend(sql, unconstify(MigFile *, file));
		else if (count_slashes(file->path) > depth ||
				 !is_script(file->path) || !is_knex_program(file))
			mig_reading_ignore(reading, file);
		else
			add_host(reading, file, psprintf("%s.", stem),
					 numbered ? pnstrdup(stem, digits) : stem,
					 numbered ? stem + digits + 1 : "", stem);
	}
	read_sql(reading, sql, name_by_file, name_by_stem);
}

/*
 * Programs named <number>_<name>, by that as text or by the number; 'digits':
 * how many of them it has, 0: any.
 */
static void
read_programs(MigReading *reading, const char *ending, int digits,
			  bool by_number)
{
	List	   *sql = NIL;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		char	   *stem = file_stem(file);
		int			found = count_digits(stem);
		char	   *version = pnstrdup(stem, found);

		CHECK_FOR_INTERRUPTS();
		if (pg_str_endswith(file->path, ".sql"))
			sql = lappend(sql, unconstify(MigFile *, file));
		else if (!pg_str_endswith(file->path, ending) || found == 0 ||
				 (digits != 0 && found != digits) || stem[found] != '_')
			mig_reading_ignore(reading, file);
		else
			add_host(reading, file,
					 by_number ? number_key(file, version) : stem,
					 version, stem + found + 1,
					 by_number ? bare_number(version) : stem);
	}
	if (by_number)
		read_sql(reading, sql, NULL, name_by_number);
	else
		read_sql(reading, sql, name_by_stem, name_by_stem);
}

/* What "dotnet ef migrations add" writes beside a migration. */
static bool
is_generated(const char *path)
{
	return mig_file_ends(path, ".Designer.cs") ||
		pg_str_endswith(path, "ModelSnapshot.cs");
}

/* EF Core: <14 digits>_<Name>.cs, by that as text. */
void
mig_read_efcore(MigReading *reading)
{
	List	   *written = NIL;
	ListCell   *lc;

	foreach(lc, reading->files)
		if (!is_generated(((MigFile *) lfirst(lc))->path))
			written = lappend(written, lfirst(lc));
	reading->files = written;
	read_programs(reading, ".cs", EFCORE_DIGITS, false);
}

/* Ecto: <number>_<name>.exs, by number. */
void
mig_read_ecto(MigReading *reading)
{
	read_programs(reading, ".exs", 0, true);
}

/* The word that starts here, of which the end is set. */
static char *
read_word(const char *p, const char **end)
{
	const char *q = p;

	while (isalnum((unsigned char) *q) || *q == '_' || *q == '$' ||
		   IS_HIGHBIT_SET(*q))
		q++;
	*end = q;
	return pnstrdup(p, q - p);
}

/* Does the name of a class end in a time? */
static bool
is_timed(const char *name)
{
	int			len = strlen(name);

	return len > EPOCH_DIGITS &&
		count_digits(name + len - EPOCH_DIGITS) == EPOCH_DIGITS;
}

/* The name that a class says it has: name = '...', between p and end. */
static char *
declared_name(const char *p, const char *end)
{
	for (; (p = strstr(p, "name")) != NULL && p < end; p += 4)
	{
		const char *q = p + 4;
		char	   *name;

		q += strspn(q, " \t");
		if (strncmp(q, ": string", 8) == 0)
			q += 8 + strspn(q + 8, " \t");
		if (*q != '=')
			continue;
		q += 1 + strspn(q + 1, " \t");
		if (*q != '\'' && *q != '"' && *q != '`')
			continue;
		name = read_word(q + 1, &q);
		if (is_timed(name))
			return name;
	}
	return NULL;
}

static void
add_typeorm(MigReading *reading, const MigFile *file, const char *class)
{
	int			len = strlen(class) - EPOCH_DIGITS;

	add_host(reading, file, number_key(file, class + len), class + len,
			 pnstrdup(class, len), class);
}

/*
 * Is it a program with migrations of TypeORM?  What is compiled to JavaScript,
 * or written in it, names no interface.
 */
bool
mig_is_typeorm_program(const char *text)
{
	if (strstr(text, "MigrationInterface") != NULL)
		return true;
	if (strstr(text, "up(queryRunner") == NULL)
		return false;
	while ((text = strstr(text, "class ")) != NULL)
		if (is_timed(read_word(text + 6 + strspn(text + 6, " "), &text)))
			return true;
	return false;
}

/* Adds the classes of a file; how many there are. */
static int
read_classes(MigReading *reading, const MigFile *file)
{
	const char *p = file->content;
	int			found = 0;

	while ((p = strstr(p, "class ")) != NULL)
	{
		const char *end;
		char	   *class = read_word(p + 6 + strspn(p + 6, " "), &p);
		char	   *name;

		end = strstr(p, "class ");
		name = declared_name(p, end != NULL ? end : p + strlen(p));
		if (name == NULL && !is_timed(class))
			continue;
		add_typeorm(reading, file, name != NULL ? name : class);
		found++;
	}
	return found;
}

/* TypeORM: classes <Name><epoch>, in files <epoch>-<Name>.ts, by epoch. */
void
mig_read_typeorm(MigReading *reading)
{
	List	   *sql = NIL;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		char	   *stem = file_stem(file);
		bool		named = count_digits(stem) == EPOCH_DIGITS &&
			stem[EPOCH_DIGITS] == '-';

		CHECK_FOR_INTERRUPTS();
		if (pg_str_endswith(file->path, ".sql"))
			sql = lappend(sql, unconstify(MigFile *, file));
		else if (!is_script(file->path) ||
				 (!named && !mig_is_typeorm_program(file->content)))
			mig_reading_ignore(reading, file);
		else if (named && *file->content == '\0')
			add_typeorm(reading, file,
						psprintf("%s%s", stem + EPOCH_DIGITS + 1,
								 pnstrdup(stem, EPOCH_DIGITS)));
		else if (read_classes(reading, file) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("file \"%s\" has no class whose name ends in the %d digits of a time",
							file->path, EPOCH_DIGITS),
					 errhint("TypeORM refuses such a migration too; name the class as \"typeorm migration:create\" does.")));
	}
	read_sql(reading, sql, NULL, name_by_class);
}

/*
 * The version and the name of db/migrate/<number>_<name>[.<scope>].rb; false
 * if it is not named so.
 */
static bool
rails_name(const char *base, char **version, char **name)
{
	static const char *const word = "abcdefghijklmnopqrstuvwxyz0123456789_";
	int			digits = count_digits(base);
	const char *p = base + digits + 1;

	if (digits == 0 || base[digits] != '_')
		return false;
	p += strspn(p, word);
	if (*p == '.' && strcmp(p, ".rb") != 0)
		p += 1 + strspn(p + 1, word);
	if (strcmp(p, ".rb") != 0)
		return false;
	*version = pnstrdup(base, digits);
	*name = pnstrdup(base + digits + 1, p - base - digits - 1);
	return true;
}

/* Does the file stand below a directory that Rails has for migrations? */
static bool
is_below_migrate(const char *path)
{
	for (const char *p = path; (p = strstr(p, "migrate/")) != NULL; p++)
		if (p == path || p[-1] == '/' || p[-1] == '_')
			return true;
	return false;
}

/*
 * How much all paths have in common, in bytes: names above the directory say
 * nothing.
 */
static int
common_start(List *files)
{
	const char *first = files ? ((const MigFile *) linitial(files))->path : "";
	int			common = strlen(first);
	ListCell   *lc;

	foreach(lc, files)
	{
		const char *path = ((const MigFile *) lfirst(lc))->path;
		int			i = 0;

		while (i < common && path[i] == first[i])
			i++;
		common = i;
	}
	while (common > 0 && first[common - 1] != '/')
		common--;
	return common;
}

/* The versions that a dump of the schema says it has, as bare numbers. */
static List *
dumped_versions(const MigFile *file)
{
	List	   *versions = NIL;
	const char *p = strstr(file->content, "INSERT INTO \"schema_migrations\"");

	while (p != NULL && *p != '\0' && *p != ';')
	{
		int			digits = *p == '\'' ? count_digits(p + 1) : 0;

		if (digits > 0 && p[digits + 1] == '\'')
			versions = lappend(versions, bare_number(pnstrdup(p + 1, digits)));
		p += digits + 1;
	}
	if (versions == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file \"%s\" does not say which migrations it contains",
						file->path),
				 errhint("Write it anew with \"bin/rails db:schema:dump\"; it ends with INSERT INTO \"schema_migrations\".")));
	return versions;
}

static int
compare_number(const ListCell *a, const ListCell *b)
{
	const char *x = lfirst(a);
	const char *y = lfirst(b);

	if (strlen(x) != strlen(y))
		return strlen(x) < strlen(y) ? -1 : 1;
	return strcmp(x, y);
}

/* Is it among these, which are in order? */
static bool
has_number(List *numbers, const char *number)
{
	int			low = 0;
	int			high = list_length(numbers);
	ListCell	wanted = {.ptr_value = unconstify(char *, number)};

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = compare_number(list_nth_cell(numbers, middle), &wanted);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * The dump of the schema is one migration, in the place of the newest that it
 * contains; returns the versions of all.
 */
static List *
read_dump(MigReading *reading)
{
	List	   *versions = NIL;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		List	   *dumped;
		MigDefinition *definition;

		if (strcmp(mig_file_base(file->path), "structure.sql") != 0)
			continue;
		dumped = dumped_versions(file);
		list_sort(dumped, compare_number);
		definition = mig_reading_add(reading, number_key(file, llast(dumped)));
		definition->version = llast(dumped);
		definition->identity = llast(dumped);
		definition->name = "structure";
		mig_definition_whole_file(definition, file, false);
		versions = list_concat(versions, dumped);
	}
	list_sort(versions, compare_number);
	return versions;
}

/* Rails: db/migrate/<number>_<name>.rb, by number, and db/structure.sql. */
void
mig_read_rails(MigReading *reading)
{
	List	   *dumped = read_dump(reading);
	List	   *sql = NIL;
	int			common = common_start(reading->files);
	bool		below = false;
	ListCell   *lc;

	foreach(lc, reading->files)
		below |= is_below_migrate(((const MigFile *) lfirst(lc))->path + common);
	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		const char *base = mig_file_base(file->path);
		char	   *version;
		char	   *name;

		CHECK_FOR_INTERRUPTS();
		if (strcmp(base, "structure.sql") == 0)
			continue;
		if (pg_str_endswith(base, ".sql"))
			sql = lappend(sql, unconstify(MigFile *, file));
		else if (!rails_name(base, &version, &name) ||
				 (below && !is_below_migrate(file->path + common)) ||
				 has_number(dumped, bare_number(version)))
			mig_reading_ignore(reading, file);
		else
			add_host(reading, file, number_key(file, version), version, name,
					 bare_number(version));
	}
	read_sql(reading, sql, NULL, name_by_number);
}
