/*-------------------------------------------------------------------------
 *
 * read_flyway.c
 *	  The layout of Flyway, in any directory:
 *
 *		V<version>__<description>.sql	up
 *		U<version>__<description>.sql	down, for that version
 *		B<version>__<description>.sql	all up to that version, for a database
 *										that has none of them
 *		R__<description>.sql			repeatable
 *		<event>__<description>.sql		callback
 *		<any of these>.conf				its settings
 *
 * The same with .java, .py, .sh and the like is a migration in that language.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "digest.h"
#include "readers.h"
#include "text.h"

/* What the history table has room for. */
#define MAX_VERSION			50

#define DEFAULT_TABLE		"flyway_schema_history"
#define DEFAULT_ENVIRONMENT	"default"

/* Settings of the tool that the caller may give as variables. */
#define SETTING_REPLACE		"flyway.placeholderReplacement"
#define SETTING_PREFIX		"flyway.placeholderPrefix"
#define SETTING_SUFFIX		"flyway.placeholderSuffix"

typedef enum FlywayKind
{
	FLYWAY_VERSIONED,
	FLYWAY_UNDO,
	FLYWAY_BASELINE,
	FLYWAY_REPEATABLE,
	FLYWAY_CALLBACK
} FlywayKind;

typedef struct FlywayFile
{
	const MigFile *file;
	FlywayKind	kind;
	bool		host;			/* not SQL */
	char	   *version;		/* as the tool shows it; NULL: none */
	char	   *identity;		/* as the tool compares it */
	char	   *sort_key;
	char	   *description;
	bool		no_transaction;
	bool		replace;		/* placeholders */
} FlywayFile;

/* Names of callbacks; the first one that a name starts with is meant. */
static const char *const events[] = {
	"beforeEachMigrateStatement", "afterEachMigrateStatementError",
	"afterEachMigrateStatement", "beforeEachUndoStatement",
	"afterEachUndoStatementError", "afterEachUndoStatement",
	"afterMigrateOperationFinish", "afterInfoOperationFinish",
	"beforeEachMigrate", "afterEachMigrateError", "afterEachMigrate",
	"beforeRepeatables", "afterVersioned", "afterMigrateApplied",
	"afterMigrateError", "beforeMigrate", "afterMigrate",
	"beforeEachUndo", "afterEachUndoError", "afterEachUndo", "beforeUndo",
	"afterUndoError", "afterUndo", "beforeClean", "afterCleanError",
	"afterClean", "beforeValidate", "afterValidateError", "afterValidate",
	"beforeBaseline", "afterBaselineError", "afterBaseline",
	"beforeRepair", "afterRepairError", "afterRepair", "beforeInfo",
	"afterInfoError", "afterInfo", "beforeCreateSchema", "createSchema",
	"beforeConnect", "afterConnect"
};

static const char *const host_endings[] = {
	".java", ".kt", ".class", ".cmd", ".bat", ".ps1", ".py", ".sh", ".bash"
};

/* Does the name end so, whatever the case, and is it more than that? */
static bool
ends_in(const char *base, const char *ending)
{
	int			more = strlen(base) - strlen(ending);

	return more > 0 && pg_strcasecmp(base + more, ending) == 0;
}

/* The length of a name without its ending; 0: it is none of the tool's. */
static int
stem_len(const char *base, bool *host)
{
	*host = false;
	if (ends_in(base, ".sql"))
		return strlen(base) - 4;
	*host = true;
	for (int i = 0; i < lengthof(host_endings); i++)
		if (ends_in(base, host_endings[i]))
			return strlen(base) - strlen(host_endings[i]);
	return 0;
}

/* What a name is by how it starts; *prefix: so many bytes of it. */
static bool
kind_of(const char *stem, FlywayKind *kind, int *prefix)
{
	for (int i = 0; i < lengthof(events); i++)
		if (strncmp(stem, events[i], strlen(events[i])) == 0)
		{
			*kind = FLYWAY_CALLBACK;
			*prefix = strlen(events[i]);
			return true;
		}
	*prefix = 1;
	switch (*stem)
	{
		case 'V':
			*kind = FLYWAY_VERSIONED;
			return true;
		case 'U':
			*kind = FLYWAY_UNDO;
			return true;
		case 'B':
			*kind = FLYWAY_BASELINE;
			return true;
		case 'R':
			*kind = FLYWAY_REPEATABLE;
			return true;
		default:
			return false;
	}
}

/* Are these numbers with a dot or an underscore between them? */
static bool
is_version(const char *version)
{
	for (;;)
	{
		size_t		digits = strspn(version, "0123456789");

		if (digits == 0)
			return false;
		version += digits;
		if (*version == '\0')
			return true;
		if (*version != '.' && *version != '_')
			return false;
		version++;
	}
}

/* A version without what makes no difference to the tool. */
static char *
normalize_version(const char *version)
{
	StringInfoData result;
	int			significant = 0;

	initStringInfo(&result);
	while (*version != '\0')
	{
		size_t		digits;

		if (result.len > 0)
			appendStringInfoChar(&result, '.');
		version += strspn(version, "0");
		digits = strspn(version, "0123456789");
		if (digits == 0)
			appendStringInfoChar(&result, '0');
		appendBinaryStringInfo(&result, version, digits);
		if (digits > 0 || significant == 0)
			significant = result.len;
		version += digits;
		version += *version == '.';
	}
	result.data[significant] = '\0';
	return result.data;
}

/* Sets what a file has as its version; false if it is no version. */
static bool
set_version(FlywayFile *f, const char *start, int len)
{
	f->version = pnstrdup(start, len);
	if (!is_version(f->version))
		return false;
	if (len > MAX_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("version of file \"%s\" is longer than %d characters",
						f->file->path, MAX_VERSION),
				 errhint("Flyway has no room for it either: rename the file.")));
	for (char *p = f->version; *p != '\0'; p++)
		if (*p == '_')
			*p = '.';
	f->identity = normalize_version(f->version);
	f->sort_key = mig_version_sort_key(f->identity);
	return true;
}

/* A file with its name taken apart, or NULL if it is none of the tool's. */
static FlywayFile *
flyway_file(const MigFile *file)
{
	FlywayFile *f = palloc0(sizeof(FlywayFile));
	const char *base = mig_file_base(file->path);
	char	   *stem;
	char	   *separator;
	int			prefix;

	f->file = file;
	f->replace = true;
	stem = pnstrdup(base, stem_len(base, &f->host));
	if (!kind_of(stem, &f->kind, &prefix))
		return NULL;
	stem += prefix;
	separator = strstr(stem, "__");
	if (separator == NULL)
		separator = stem + strlen(stem);
	f->description = pstrdup(separator + (*separator == '_' ? 2 : 0));
	for (char *p = f->description; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	if (f->kind == FLYWAY_CALLBACK || f->kind == FLYWAY_REPEATABLE)
		return separator == stem && !(f->host && *f->description == '\0' &&
									  f->kind == FLYWAY_REPEATABLE) ? f : NULL;
	return set_version(f, stem, separator - stem) ? f : NULL;
}

/* list_sort() comparator. */
static int
compare_path(const ListCell *a, const ListCell *b)
{
	return strcmp(((const MigFile *) lfirst(a))->path,
				  ((const MigFile *) lfirst(b))->path);
}

/* The file of that path, among files in order; NULL: none. */
static const MigFile *
find_file(List *files, const char *path)
{
	int			low = 0;
	int			high = list_length(files);

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const MigFile *file = list_nth(files, middle);
		int			order = strcmp(path, file->path);

		if (order == 0)
			return file;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* What the caller gave for a placeholder, whose case is no matter. */
static const char *
given_value(const MigReading *reading, const char *name)
{
	ListCell   *lc;

	foreach(lc, reading->variables)
	{
		const MigVariable *variable = lfirst(lc);

		if (pg_strcasecmp(variable->name, name) == 0)
			return variable->value;
	}
	return NULL;
}

/* What a placeholder stands for; NULL: nothing is known. */
static const char *
placeholder_value(const MigReading *reading, const MigFile *file,
				  const char *name)
{
	const struct
	{
		const char *name;
		const char *value;
	}			known[] = {
		{"flyway:defaultSchema", reading->around.schema},
		{"flyway:user", reading->around.user},
		{"flyway:database", reading->around.database},
		{"flyway:timestamp", reading->around.timestamp},
		{"flyway:filename", mig_file_base(file->path)},
		{"flyway:table", DEFAULT_TABLE},
		{"flyway:environment", DEFAULT_ENVIRONMENT},
	};
	const char *value = given_value(reading, name);

	for (int i = 0; value == NULL && i < lengthof(known); i++)
		if (pg_strcasecmp(known[i].name, name) == 0)
			value = known[i].value;
	return value;
}

/* How many bytes of a text are the start of a prefix? */
static int
common_len(const char *text, const char *prefix)
{
	int			len = 0;

	while (prefix[len] != '\0' && text[len] == prefix[len])
		len++;
	return len;
}

/* The line that a text's part is in. */
static int
line_of(const MigFile *file, const char *p)
{
	return mig_text_line_number(file->content, p - file->content);
}

/* The name of the placeholder that starts at 'p', after its prefix. */
static char *
placeholder_name(const MigFile *file, const char *p, const char *suffix)
{
	const char *end = strstr(p, suffix);

	if (end == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("placeholder without its closing \"%s\"", suffix),
				 errhint("Close it, or say \"placeholderReplacement=false\" in file \"%s.conf\".",
						 mig_file_base(file->path)),
				 mig_file_errcontext(file, line_of(file, p))));
	return pnstrdup(p, end - p);
}

/*
 * The text of a file with its placeholders replaced; the file's own text if
 * it has none.  What is only the start of a prefix takes the character after it
 * along, as in the tool: "$${name}" is no placeholder.
 */
static const char *
replace_placeholders(const MigReading *reading, const MigFile *file,
					 MigDefinition *d)
{
	const char *prefix = given_value(reading, SETTING_PREFIX);
	const char *suffix = given_value(reading, SETTING_SUFFIX);
	const char *p = file->content;
	bool		found = false;
	StringInfoData result;

	prefix = prefix && *prefix != '\0' ? prefix : "${";
	suffix = suffix && *suffix != '\0' ? suffix : "}";
	if (strstr(p, prefix) == NULL)
		return p;
	initStringInfo(&result);
	while (*p != '\0')
	{
		int			len = common_len(p, prefix);
		char	   *name;
		const char *value;

		if (prefix[len] != '\0')
		{
			len += p[len] != '\0';
			appendBinaryStringInfo(&result, p, len);
			p += len;
			continue;
		}
		name = placeholder_name(file, p + len, suffix);
		value = placeholder_value(reading, file, name);
		if (value == NULL)
			mig_variable_unset_error(file, line_of(file, p), name);
		found = true;
		if (d != NULL)
			mig_variable_used(d, name, value);
		appendStringInfoString(&result, value);
		p += len + strlen(name) + strlen(suffix);
	}
	return found ? result.data : file->content;
}

/* A setting that is true or false. */
static bool
boolean_setting(const MigFile *file, int line, const char *key,
				const char *value)
{
	if (pg_strcasecmp(value, "true") == 0)
		return true;
	if (pg_strcasecmp(value, "false") == 0)
		return false;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value \"%s\" of key \"%s\"", value, key),
			 errhint("It is \"true\" or \"false\"."),
			 mig_file_errcontext(file, line)));
}

/* Acts on one key of a settings file. */
static void
apply_setting(FlywayFile *f, const MigFile *conf, int line, const char *key,
			  const char *value)
{
	if (strcmp(key, "executeInTransaction") == 0)
		f->no_transaction = !boolean_setting(conf, line, key, value);
	else if (strcmp(key, "placeholderReplacement") == 0)
		f->replace = boolean_setting(conf, line, key, value);
	else if (strcmp(key, "encoding") == 0)
	{
		if (pg_strcasecmp(value, "UTF-8") != 0 &&
			pg_strcasecmp(value, "UTF8") != 0 &&
			pg_strcasecmp(value, "US-ASCII") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("encoding \"%s\" is not supported", value),
					 errhint("Save \"%s\" as UTF-8 and remove the line.",
							 mig_file_base(f->file->path)),
					 mig_file_errcontext(conf, line)));
	}
	else if (strcmp(key, "shouldExecute") == 0)
	{
		if (pg_strcasecmp(value, "true") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("key \"shouldExecute\" is not supported"),
					 errdetail("Flyway evaluates it in its paid editions only."),
					 errhint("Leave \"%s\" out of the files that are loaded, or remove the line.",
							 mig_file_base(f->file->path)),
					 mig_file_errcontext(conf, line)));
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized key \"%s\"", key),
				 errhint("Known keys are \"executeInTransaction\", \"encoding\", \"placeholderReplacement\" and \"shouldExecute\"."),
				 mig_file_errcontext(conf, line)));
}

/* The first byte from 'p' on that is no white space, or 'end'. */
static const char *
skip_spaces(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char) *p))
		p++;
	return p;
}

/* Reads a script's settings, which have placeholders as well. */
static void
read_settings(const MigReading *reading, FlywayFile *f, const MigFile *conf)
{
	MigFile		replaced = *conf;
	MigLine		line;

	replaced.content = replace_placeholders(reading, conf, NULL);
	mig_line_first(&line, mig_file_text(&replaced));
	do
	{
		const char *end = line.end;
		const char *start = skip_spaces(line.start, end);
		const char *key_end;
		const char *value;

		while (end > start && isspace((unsigned char) end[-1]))
			end--;
		if (start == end || *start == '#' || *start == '!')
			continue;
		key_end = start;
		while (key_end < end && strchr("=: \t", *key_end) == NULL)
			key_end++;
		value = skip_spaces(key_end, end);
		if (value < end && (*value == '=' || *value == ':'))
			value = skip_spaces(value + 1, end);
		apply_setting(f, conf, line.number, pnstrdup(start, key_end - start),
					  pnstrdup(value, end - value));
	} while (mig_line_next(&line));
}

/* The tool's checksum of a text: of its lines, without what ends them. */
static char *
checksum(const char *text)
{
	char	   *lines;
	char	   *to;
	int			len;

	text += mig_text_bom(text);
	text = mig_digest_utf8(text, strlen(text), &len);
	lines = to = palloc(len + 1);
	for (int i = 0; i < len; i++)
		if (text[i] != '\n' && text[i] != '\r')
			*to++ = text[i];
	return psprintf("%d", (int32) mig_digest_crc32(lines, to - lines));
}

/* Sets one direction's script; returns the text that runs. */
static const char *
set_script(const MigReading *reading, const FlywayFile *f, MigDefinition *d)
{
	const MigFile *file = f->file;
	bool		down = f->kind == FLYWAY_UNDO;
	MigSource  *source = down ? &d->down : &d->up;
	const char *text = f->replace ?
		replace_placeholders(reading, file, d) : file->content;

	mig_definition_whole_file(d, file, down);
	source->no_transaction = f->no_transaction;
	if (text != file->content)
	{
		if (!down)
			d->source = source->text;
		source->text = pstrdup(text);
	}
	return text;
}

/* Adds the migration of a file that is an up script. */
static void
add_up(MigReading *reading, const FlywayFile *f)
{
	MigDefinition *d = NULL;

	if (f->kind == FLYWAY_REPEATABLE && *f->description == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("repeatable migration \"%s\" has no description",
						f->file->path),
				 errhint("Rename it to \"R__description.sql\".")));
	if (f->sort_key != NULL)
		d = mig_reading_get(reading, f->sort_key);
	if (d == NULL || d->path != NULL)
		d = mig_reading_add(reading, f->sort_key);
	d->version = f->version;
	d->name = f->description;
	d->identity = f->identity ? f->identity : psprintf("R:%s", f->description);
	d->host = f->host;
	d->path = pstrdup(f->file->path);
	if (f->host)
		return;
	d->checksums = list_make1(checksum(f->file->content));
	if (set_script(reading, f, d) != f->file->content && d->repeatable)
		d->checksums = lcons(checksum(d->up.text), d->checksums);
}

/* Joins an undo script to the migration of its version. */
static void
add_down(MigReading *reading, const FlywayFile *f)
{
	MigDefinition *d = mig_reading_get(reading, f->sort_key);

	if (d->path == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("undo script \"%s\" has no migration of version \"%s\"",
						f->file->path, f->version),
				 errhint("Add the file \"V%s__%s.sql\", or remove this one.",
						 f->version, f->description)));
	if (d->down_path != NULL)
	{
		MigFile		first = {.path = d->down_path};

		mig_duplicate_error(&first, f->file, f->version);
	}
	(void) set_script(reading, f, d);
}

/* list_sort() comparator: by version. */
static int
compare_version(const ListCell *a, const ListCell *b)
{
	return strcmp(((const FlywayFile *) lfirst(a))->sort_key,
				  ((const FlywayFile *) lfirst(b))->sort_key);
}

/* The baseline that this database starts from; NULL: none. */
static const FlywayFile *
find_baseline(const MigReading *reading, List *files)
{
	List	   *versioned = NIL;
	const FlywayFile *found = NULL;
	ListCell   *lc;

	foreach(lc, files)
	{
		FlywayFile *f = lfirst(lc);

		if (f->kind == FLYWAY_VERSIONED || f->kind == FLYWAY_BASELINE)
			versioned = lappend(versioned, f);
	}
	list_sort(versioned, compare_version);
	foreach(lc, versioned)
	{
		const FlywayFile *f = lfirst(lc);
		List	   *replaced = NIL;
		ListCell   *older;

		if (f->kind != FLYWAY_BASELINE)
			continue;
		foreach(older, versioned)
		{
			const FlywayFile *o = lfirst(older);

			if (o->kind == FLYWAY_VERSIONED && strcmp(o->sort_key, f->sort_key) <= 0)
				replaced = lappend(replaced, o->identity);
		}
		if (!mig_reading_starts_at(reading, f->file, f->identity, replaced))
			continue;
		if (found != NULL && strcmp(found->sort_key, f->sort_key) == 0)
			mig_duplicate_error(found->file, f->file, f->version);
		found = f;
	}
	return found;
}

/* Is the file left out, for one that stands for it or because it does? */
static bool
is_replaced(const FlywayFile *f, const FlywayFile *baseline)
{
	if (f->kind == FLYWAY_BASELINE)
		return f != baseline;
	return baseline != NULL && f->sort_key != NULL &&
		strcmp(f->sort_key, baseline->sort_key) <= 0;
}

/* Names the callbacks, which nothing runs. */
static void
report_callbacks(List *callbacks)
{
	StringInfoData names;
	ListCell   *lc;

	if (callbacks == NIL)
		return;
	initStringInfo(&names);
	foreach(lc, callbacks)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 mig_file_base(((const FlywayFile *) lfirst(lc))->file->path));
	ereport(NOTICE,
			(errmsg_plural("%d callback is not run: %s",
						   "%d callbacks are not run: %s",
						   list_length(callbacks), list_length(callbacks),
						   names.data),
			 errhint("What they do can be written as a repeatable migration, or be done by whoever calls migrate.apply().")));
}

/* The files that are the tool's, with their settings; the rest is ignored. */
static List *
read_files(MigReading *reading)
{
	List	   *sorted = list_copy(reading->files);
	List	   *files = NIL;
	List	   *callbacks = NIL;
	const char *replace = given_value(reading, SETTING_REPLACE);
	ListCell   *lc;

	list_sort(sorted, compare_path);
	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		const MigFile *conf = find_file(sorted, psprintf("%s.conf", file->path));
		FlywayFile *f;

		CHECK_FOR_INTERRUPTS();
		f = flyway_file(file);
		if (f != NULL && f->kind != FLYWAY_CALLBACK)
		{
			files = lappend(files, f);
			f->replace = replace == NULL || pg_strcasecmp(replace, "false") != 0;
			if (conf != NULL && !f->host)
				read_settings(reading, f, conf);
			continue;
		}
		if (f != NULL)
			callbacks = lappend(callbacks, f);
		/* settings of a script are no file of their own */
		else if (!ends_in(mig_file_base(file->path), ".conf") ||
			find_file(sorted, pnstrdup(file->path, strlen(file->path) - 5)) == NULL)
			mig_reading_ignore(reading, file);
	}
	report_callbacks(callbacks);
	return files;
}

void
mig_read_flyway(MigReading *reading)
{
	List	   *files = read_files(reading);
	const FlywayFile *baseline = find_baseline(reading, files);
	ListCell   *lc;

	foreach(lc, files)
	{
		const FlywayFile *f = lfirst(lc);

		if (is_replaced(f, baseline) || (f->kind == FLYWAY_UNDO && f->host))
			mig_reading_ignore(reading, f->file);
		else if (f->kind != FLYWAY_UNDO)
			add_up(reading, f);
	}
	foreach(lc, files)
	{
		const FlywayFile *f = lfirst(lc);

		if (f->kind == FLYWAY_UNDO && !f->host && !is_replaced(f, baseline))
			add_down(reading, f);
	}
}
