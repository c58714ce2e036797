/*-------------------------------------------------------------------------
 *
 * read_atlas.c
 *	  The layout of Atlas: every .sql file, in the order of their names,
 *
 *		<version>_<name>.sql
 *		<version>.sql
 *
 * and atlas.sum with their checksums.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "digest.h"
#include "quote.h"
#include "readers.h"
#include "text.h"

#define SUM_FILE			"atlas.sum"
#define HASH_PREFIX			"h1:"

typedef struct AtlasFile
{
	const MigFile *file;
	const char *base;
	char	   *version;
	char	   *name;
	bool		checkpoint;
	bool		no_transaction;
	bool		ignore_sum;		/* its text is in no checksum */
	char	   *delimiter;		/* of its statements; NULL: a semicolon */
	char	   *hash;			/* of atlas.sum */
} AtlasFile;

/* A line of atlas.sum. */
typedef struct AtlasSum
{
	char	   *name;
	char	   *hash;
	int			line;
} AtlasSum;

typedef struct AtlasDirective
{
	const char *prefix_end;		/* what stands before "atlas:" ends here */
	char	   *name;
	char	   *argument;		/* "" if there is none */
} AtlasDirective;

/*
 * Is there "atlas:<name> <argument>" in the line, after nothing but
 * printable ASCII?
 */
static bool
find_directive(const char *start, const char *end, AtlasDirective *directive)
{
	const char *found = NULL;
	const char *p;

	for (p = start; p < end && *p >= ' ' && *p <= '~'; p++)
		if (end - p > 6 && strncmp(p, "atlas:", 6) == 0 &&
			(isalnum((unsigned char) p[6]) || p[6] == '_'))
			found = p;
	if (found == NULL)
		return false;
	directive->prefix_end = found;
	for (p = found + 6; p < end && (isalnum((unsigned char) *p) || *p == '_');)
		p++;
	directive->name = pnstrdup(found + 6, p - found - 6);
	start = p;
	while (p < end && *p == ' ')
		p++;
	directive->argument = p > start ? pnstrdup(p, end - p) : pstrdup("");
	return true;
}

/* The first line's directive of that name; the line's end may have a \r. */
static bool
first_line_directive(const char *text, const char *name,
					 AtlasDirective *directive)
{
	return find_directive(text, text + strcspn(text, "\n"), directive) &&
		strcmp(directive->name, name) == 0;
}

/* Is the rest of the line blank, or is there none? */
static bool
ends_comments(const char *p)
{
	if (*p == '\0')
		return true;
	p += strspn(p, " \t");
	return *p == '\n';
}

/* What the file says of its transaction. */
static void
set_txmode(AtlasFile *a, const char *mode, int line, int *set)
{
	if (*set > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("directive \"atlas:txmode\" appears twice"),
				 errdetail("The first one is in line %d.", *set),
				 errhint("Remove one of them."),
				 mig_file_errcontext(a->file, line)));
	*set = line;
	if (strcmp(mode, "none") == 0)
		a->no_transaction = true;
	else if (strcmp(mode, "file") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized value \"%s\" of directive \"atlas:txmode\"", mode),
				 errhint("In a file, it is \"none\" or \"file\"."),
				 mig_file_errcontext(a->file, line)));
}

/* Acts on a directive at the head of a file. */
static void
apply_directive(AtlasFile *a, const AtlasDirective *directive, int line,
				int *txmode)
{
	if (strcmp(directive->name, "txmode") == 0)
		set_txmode(a, directive->argument, line, txmode);
	else if (strcmp(directive->name, "checkpoint") == 0)
		a->checkpoint = true;
	else if (strcmp(directive->name, "import") == 0 ||
			 strcmp(directive->name, "txtar") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("directive \"atlas:%s\" is not supported", directive->name),
				 strcmp(directive->name, "import") == 0 ?
				 errhint("Write the text of \"%s\" into this file and run atlas migrate hash.",
						 directive->argument) :
				 errhint("Leave only the section migration.sql in this file and run atlas migrate hash."),
				 mig_file_errcontext(a->file, line)));
}

/* A directive that the tool does not see either. */
static void
report_detached(const AtlasFile *a, const AtlasDirective *directive, int line)
{
	if (strcmp(directive->name, "txmode") != 0 &&
		strcmp(directive->name, "checkpoint") != 0)
		return;
	ereport(NOTICE,
			(errmsg("directive \"atlas:%s\" in line %d of file \"%s\" is ignored",
					directive->name, line, a->file->path),
			 errdetail("It counts only if the comments at the head of the file end with an empty line, in which not even a carriage return is.")));
}

/* Reads the comments at the head of a file. */
static void
read_head(AtlasFile *a)
{
	AtlasDirective directive;
	const char *text = a->file->content;
	const char *p = text;
	int			txmode = 0;
	bool		detached;

	while (*p == '#' || strncmp(p, "--", 2) == 0)
	{
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	detached = ends_comments(p);
	for (int line = 1; text < p; line++)
	{
		const char *end = text + strcspn(text, "\n");
		const char *next = end + (*end == '\n');

		while (end > text && isspace((unsigned char) end[-1]))
			end--;
		if (!find_directive(text, end, &directive))
			 /* a comment */ ;
		else if (detached)
			apply_directive(a, &directive, line, &txmode);
		else
			report_detached(a, &directive, line);
		text = next;
	}
}

/* Reads what is said in the first line, whatever follows it. */
static void
read_first_line(AtlasFile *a)
{
	AtlasDirective directive;
	const char *text = a->file->content;

	if (first_line_directive(text, "sum", &directive))
		a->ignore_sum = strcmp(directive.argument, "ignore") == 0;
	if (!first_line_directive(text, "delimiter", &directive) ||
		directive.prefix_end - text != 3 || strncmp(text, "-- ", 3) != 0)
		return;
	a->delimiter = directive.argument;
	if (*a->delimiter == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("directive \"atlas:delimiter\" names no delimiter"),
				 errhint("Write the delimiter behind it, or remove the line."),
				 mig_file_errcontext(a->file, 1)));
}

/* A file with its name and directives read. */
static AtlasFile *
atlas_file(const MigFile *file)
{
	AtlasFile  *a = palloc0(sizeof(AtlasFile));
	const char *underscore;
	const char *end;

	a->file = file;
	a->base = mig_file_base(file->path);
	end = a->base + strlen(a->base) - 4;
	underscore = strchr(a->base, '_');
	if (underscore == NULL || underscore > end)
		underscore = end;
	a->version = pnstrdup(a->base, underscore - a->base);
	a->name = underscore < end ?
		pnstrdup(underscore + 1, end - underscore - 1) : pstrdup("");
	if (*a->version == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file \"%s\" has no version in its name", file->path),
				 errhint("Rename it to \"<version>%s\" and run atlas migrate hash.",
						 a->base)));
	read_first_line(a);
	read_head(a);
	return a;
}

/* list_sort() comparator: the order of the tool. */
static int
compare_base(const ListCell *a, const ListCell *b)
{
	return strcmp(((const AtlasFile *) lfirst(a))->base,
				  ((const AtlasFile *) lfirst(b))->base);
}

/*
 * The bytes that the checksum of a file is of: names and texts of all files up
 * to it.
 */
static void
append_summed(StringInfo data, const AtlasFile *a)
{
	int			len;
	char	   *utf8 = mig_digest_utf8(a->base, strlen(a->base), &len);

	appendBinaryStringInfo(data, utf8, len);
	if (a->ignore_sum)
		return;
	utf8 = mig_digest_utf8(a->file->content, strlen(a->file->content), &len);
	appendBinaryStringInfo(data, utf8, len);
}

/* Reads atlas.sum; *total: the checksum of all its lines. */
static List *
read_sum(const MigFile *file, char **total)
{
	List	   *sums = NIL;
	MigLine		line;

	mig_line_first(&line, file->content);
	if (strncmp(line.start, HASH_PREFIX, 3) == 0)
		line.start += 3;
	*total = pnstrdup(line.start, line.end - line.start);
	while (mig_line_next(&line))
	{
		char	   *text = pnstrdup(line.start, line.end - line.start);
		char	   *hash = strstr(text, HASH_PREFIX);
		AtlasSum   *sum;

		if (line.next == NULL && *text == '\0')
			break;
		if (hash == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("line %d of file \"%s\" is not a name and a checksum",
							line.number, file->path),
					 errhint("If all files are as they should be, run atlas migrate hash.")));
		sum = palloc(sizeof(AtlasSum));
		sum->hash = hash + 3;
		for (*hash = '\0'; hash > text && isspace((unsigned char) hash[-1]);)
			*--hash = '\0';
		sum->name = text;
		sum->line = line.number;
		sums = lappend(sums, sum);
	}
	return sums;
}

/* Are the lines of atlas.sum those that its first line is of? */
static void
check_total(const MigFile *file, List *sums, const char *total)
{
	StringInfoData data;
	int			len;
	char	   *utf8;
	ListCell   *lc;

	initStringInfo(&data);
	foreach(lc, sums)
	{
		AtlasSum   *sum = lfirst(lc);

		appendStringInfoString(&data, sum->name);
		appendStringInfoString(&data, sum->hash);
	}
	utf8 = mig_digest_utf8(data.data, data.len, &len);
	if (strcmp(mig_digest_base64_bytes(PG_SHA256, utf8, len), total) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the lines of file \"%s\" are not those of its total", file->path),
				 errhint("If all files are as they should be, run atlas migrate hash."),
				 mig_file_errcontext(file, 1)));
}

pg_noreturn static void sum_error(const MigFile *file, int line,
								  const char *name, const char *problem);

/* Reports a file that is not as atlas.sum has it. */
static void
sum_error(const MigFile *file, int line, const char *name, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("checksum mismatch in \"%s\": file \"%s\" %s", file->path,
					name, problem),
			 errhint("If all files are as they should be, run atlas migrate hash."),
			 mig_file_errcontext(file, line)));
}

/* Does atlas.sum have the files that are there?  Gives each its line's hash. */
static void
match_sums(const MigFile *file, List *files, List *sums)
{
	int			at = 0;
	ListCell   *lc;

	foreach(lc, files)
	{
		AtlasFile  *a = lfirst(lc);
		AtlasSum   *sum = at < list_length(sums) ? list_nth(sums, at) : NULL;

		if (a->ignore_sum)
			continue;
		if (sum == NULL || strcmp(a->base, sum->name) < 0)
			sum_error(file, sum ? sum->line : at + 1, a->base, "has no line there");
		if (strcmp(a->base, sum->name) > 0)
			sum_error(file, sum->line, sum->name, "is not among the files");
		a->hash = sum->hash;
		at++;
	}
	if (at < list_length(sums))
	{
		AtlasSum   *sum = list_nth(sums, at);

		sum_error(file, sum->line, sum->name, "is not among the files");
	}
}

/* Does the checksum of a file fit, given where each one's bytes end? */
static bool
hash_fits(const AtlasFile *a, const StringInfoData *data, int end)
{
	return strcmp(mig_digest_base64_bytes(PG_SHA256, data->data, end),
				  a->hash) == 0;
}

/*
 * Verifies the texts.  A checksum is of all files up to its own: the last one
 * speaks for all, and if it does not fit, the first that does not is the one
 * that was edited.
 */
static void
check_texts(const MigFile *file, List *files)
{
	StringInfoData data;
	List	   *summed = NIL;	/* files with a checksum ... */
	List	   *ends = NIL;		/* ... and how far its bytes go */
	int			low = 0;
	int			high;
	ListCell   *lc;

	initStringInfo(&data);
	foreach(lc, files)
	{
		AtlasFile  *a = lfirst(lc);

		append_summed(&data, a);
		if (a->hash == NULL)
			continue;
		summed = lappend(summed, a);
		ends = lappend_int(ends, data.len);
	}
	high = list_length(summed) - 1;
	if (high < 0 || hash_fits(llast(summed), &data, llast_int(ends)))
		return;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		CHECK_FOR_INTERRUPTS();
		if (hash_fits(list_nth(summed, middle), &data, list_nth_int(ends, middle)))
			low = middle + 1;
		else
			high = middle;
	}
	sum_error(file, low + 2, ((AtlasFile *) list_nth(summed, low))->base,
			  "was edited");
}

/* Verifies the files against atlas.sum. */
static void
check_sum(const MigFile *file, List *files)
{
	char	   *total;
	List	   *sums = read_sum(file, &total);

	check_total(file, sums, total);
	match_sums(file, files, sums);
	check_texts(file, files);
}

/* Escapes in a delimiter, which stands in one line. */
static char *
unescape(const char *delimiter)
{
	StringInfoData result;

	initStringInfo(&result);
	for (const char *p = delimiter; *p != '\0'; p++)
	{
		const char *known = *p == '\\' && p[1] != '\0' ? strchr("nrt", p[1]) : NULL;

		appendStringInfoChar(&result, known == NULL ? *p :
							 *known == 'n' ? '\n' : *known == 'r' ? '\r' : '\t');
		p += known != NULL;
	}
	return result.data;
}

/*
 * The text with semicolons for its delimiters.  These count outside of strings
 * and parentheses, and before anything is taken for a comment.  Lines stay.
 */
static char *
replace_delimiters(const AtlasFile *a)
{
	const char *text = a->file->content;
	const char *p = text + strcspn(text, "\n");
	char	   *delimiter = unescape(a->delimiter);
	int			depth = 0;
	StringInfoData result;

	initStringInfo(&result);
	appendBinaryStringInfo(&result, text, p - text);
	while (*p != '\0')
	{
		const char *end;

		if (depth == 0 && *p != '\'' && *p != '"' &&
			strncmp(p, delimiter, strlen(delimiter)) == 0)
		{
			appendStringInfoChar(&result, ';');
			for (const char *d = delimiter; *d != '\0'; d++)
				if (*d == '\n')
					appendStringInfoChar(&result, *d);
			p += strlen(delimiter);
			continue;
		}
		depth += (*p == '(') - (*p == ')');
		end = mig_quote_end(text, p);
		if (end == NULL)
			end = p + 1;
		appendBinaryStringInfo(&result, p, end - p);
		p = end;
	}
	return result.data;
}

/* Adds the migration of a file. */
static void
add_file(MigReading *reading, const AtlasFile *a)
{
	MigDefinition *d;

	/*
	 * Of the name, only what the order depends on: the description is no part
	 * of what the history knows.
	 */
	d = mig_reading_add(reading,
						a->base[strlen(a->version)] == '_' ?
						psprintf("%s_", a->version) : a->base);
	d->version = a->version;
	d->name = a->name;
	d->identity = a->version;
	mig_definition_whole_file(d, a->file, false);
	d->up.no_transaction = a->no_transaction;
	if (a->hash != NULL)
		d->checksums = list_make1(a->hash);
	if (a->delimiter != NULL)
	{
		d->source = d->up.text;
		d->up.text = replace_delimiters(a);
	}
}

/*
 * The newest checkpoint that this database starts from; NULL: it starts from
 * the first file.
 */
static const AtlasFile *
find_start(const MigReading *reading, List *files)
{
	const AtlasFile *start = NULL;
	List	   *before = NIL;
	ListCell   *lc;

	foreach(lc, files)
	{
		const AtlasFile *a = lfirst(lc);

		if (!a->checkpoint)
			before = lappend(before, a->version);
		else if (mig_reading_starts_at(reading, a->file, a->version, before))
			start = a;
	}
	return start;
}

/* Two files of one version would be one row of the history. */
static void
check_version(MigReading *versions, const AtlasFile *a)
{
	MigDefinition *d = mig_reading_get(versions, a->version);
	MigFile		first = {.path = d->path};

	if (d->path != NULL)
		mig_duplicate_error(&first, a->file, a->version);
	d->path = pstrdup(a->file->path);
}

void
mig_read_atlas(MigReading *reading)
{
	MigReading	versions = {0};
	const MigFile *sum = NULL;
	List	   *files = NIL;
	const AtlasFile *start;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		bool		nested = mig_file_is_nested(reading, file);

		CHECK_FOR_INTERRUPTS();
		if (!nested && strcmp(mig_file_base(file->path), SUM_FILE) == 0)
			sum = file;
		else if (!nested && mig_file_ends(file->path, ".sql"))
			files = lappend(files, atlas_file(file));
		else
			mig_reading_ignore(reading, file);
	}
	list_sort(files, compare_base);
	if (sum != NULL)
		check_sum(sum, files);
	start = find_start(reading, files);
	foreach(lc, files)
	{
		const AtlasFile *a = lfirst(lc);

		if (a != start &&
			(a->checkpoint || (start && strcmp(a->base, start->base) < 0)))
		{
			mig_reading_ignore(reading, a->file);
			continue;
		}
		check_version(&versions, a);
		add_file(reading, a);
	}
}
