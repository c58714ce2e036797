/*-------------------------------------------------------------------------
 *
 * read_graphile.c
 *	  The layout of graphile-migrate:
 *
 *		committed/<number>.sql
 *		committed/<number>-<slug>.sql
 *
 * each with a header that has the hash of its text and that of the file
 * before it.  What is not committed is left out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/value.h"

#include "digest.h"
#include "quote.h"
#include "readers.h"
#include "text.h"

#define HEADER_PREFIX		"--! "
#define ALGORITHM			"sha1:"

/* A committed file with what its header says. */
typedef struct GraphileFile
{
	const MigFile *file;
	char	   *number;
	char	   *slug;			/* "" if there is none */
	char	   *previous;		/* NULL: it is the first one */
	char	   *hash;
	char	   *computed;		/* the hash of the text */
	char	   *message;		/* may be NULL */
	bool		allow_invalid;	/* the hash need not be that of the text */
	int			hash_line;		/* lines of these keys */
	int			previous_line;
	const char *body;			/* the script */
	int			body_line;
} GraphileFile;

/*
 * How many bytes of white space start a text in UTF-8, as JavaScript sees it;
 * 0: none.
 */
static int
space_len(const char *p, const char *end)
{
	static const char *const wide[] = {
		"\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9",
		"\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"
	};

	if (p >= end)
		return 0;
	if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		return 1;
	if (!IS_HIGHBIT_SET(*p))
		return 0;
	for (int i = 0; i < lengthof(wide); i++)
		if (end - p >= strlen(wide[i]) &&
			strncmp(p, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	if (end - p >= 3 && strncmp(p, "\xE2\x80", 2) == 0 &&
		(unsigned char) p[2] >= 0x80 && (unsigned char) p[2] <= 0x8A)
		return 3;
	return 0;
}

/* Takes white space off both ends of a text in UTF-8. */
static void
trim(const char **start, const char **end)
{
	int			len;

	while ((len = space_len(*start, *end)) > 0)
		*start += len;
	do
	{
		for (len = 3; len > 0; len--)
			if (*end - *start >= len && space_len(*end - len, *end) == len)
				break;
		*end -= len;
	} while (len > 0);
}

/* The hash of a text that follows the file with the previous one. */
static char *
compute_hash(const char *body, const char *previous)
{
	StringInfoData data;
	int			len;
	const char *start = mig_digest_utf8(body, strlen(body), &len);
	const char *end = start + len;

	trim(&start, &end);
	initStringInfo(&data);
	if (previous != NULL)
		appendStringInfoString(&data, previous);
	if (previous != NULL && start < end)
		appendStringInfoChar(&data, '\n');
	appendBinaryStringInfo(&data, start, end - start);
	appendStringInfoChar(&data, '\n');
	return psprintf("%s%s", ALGORITHM,
					mig_digest_hex_bytes(PG_SHA1, data.data, data.len));
}

pg_noreturn static void header_error(const GraphileFile *g, int line,
									 const char *problem);

/* Reports a header that the tool has not written so. */
static void
header_error(const GraphileFile *g, int line, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("committed migration \"%s\" %s",
					mig_file_base(g->file->path), problem),
			 errhint("Restore the file as graphile-migrate commit wrote it."),
			 mig_file_errcontext(g->file, line)));
}

/* Git may have put the carriage returns there. */
static void
check_line_end(const GraphileFile *g, const MigLine *line)
{
	if (*line->end == '\r')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("committed migration \"%s\" has line ends of Windows",
						mig_file_base(g->file->path)),
				 errdetail("Its hash is that of the text with line ends of Unix."),
				 errhint("Add \"committed/*.sql -text\" to .gitattributes and check the files out again."),
				 mig_file_errcontext(g->file, line->number)));
}

/* Is this line "--! Key" or "--! Key: value"?  *colon: where the key ends. */
static bool
is_header_line(const MigLine *line, const char **key, const char **colon)
{
	const char *p = line->start + strlen(HEADER_PREFIX);

	if (line->end - line->start <= strlen(HEADER_PREFIX) ||
		strncmp(line->start, HEADER_PREFIX, strlen(HEADER_PREFIX)) != 0 ||
		*p < 'A' || *p > 'Z')
		return false;
	*key = p;
	while (p < line->end && (isalnum((unsigned char) *p) || *p == '_'))
		p++;
	*colon = p;
	return p == line->end || *p == ':';
}

/* Stores a value of the header. */
static void
set_header(GraphileFile *g, const MigLine *line, const char *key, const char *colon)
{
	const char *start = Min(colon + 1, line->end);
	const char *end = line->end;
	char	   *name = pnstrdup(key, colon - key);
	char	   *value;

	trim(&start, &end);
	value = pnstrdup(start, end - start);
	if (strcmp(name, "Previous") == 0)
	{
		g->previous = value;
		g->previous_line = line->number;
	}
	else if (strcmp(name, "Hash") == 0)
	{
		g->hash = value;
		g->hash_line = line->number;
	}
	else if (strcmp(name, "Message") == 0)
		g->message = value;
	else if (strcmp(name, "AllowInvalidHash") == 0)
		g->allow_invalid = true;
}

/* Finds the script, which the tool takes without what is blank around it. */
static void
find_body(GraphileFile *g, const MigLine *line)
{
	const char *start = line->start;
	const char *end = start + strlen(start);

	trim(&start, &end);
	g->body = psprintf("%.*s\n", (int) (end - start), start);
	g->body_line = line->number;
	for (const char *p = line->start; p < start; p++)
		g->body_line += *p == '\n';
}

/* Reads the header and finds the script. */
static void
read_header(GraphileFile *g)
{
	MigLine		line;
	List	   *keys = NIL;
	const char *key;
	const char *colon;
	bool		more = true;

	mig_line_first(&line, g->file->content);
	while (more && is_header_line(&line, &key, &colon))
	{
		String	   *name = makeString(pnstrdup(key, colon - key));

		check_line_end(g, &line);
		if (list_member(keys, name))
			header_error(g, line.number, psprintf("has the key \"%s\" twice", strVal(name)));
		keys = lappend(keys, name);
		set_header(g, &line, key, colon);
		more = mig_line_next(&line);
	}
	if (keys == NIL)
		header_error(g, 1, "has no header");
	check_line_end(g, &line);
	if (!more || line.start < line.end)
		header_error(g, line.number, "has no empty line after its header");
	if (g->previous == NULL || *g->previous == '\0')
		header_error(g, 1, "has no \"--! Previous:\" in its header");
	if (g->hash == NULL || *g->hash == '\0')
		header_error(g, 1, "has no \"--! Hash:\" in its header");
	if (strcmp(g->previous, "-") == 0)
		g->previous = NULL;
	find_body(g, &line);
}

/* Has the text been edited since it was committed? */
static void
check_hash(GraphileFile *g)
{
	bool		valid;

	g->computed = compute_hash(g->body, g->previous);
	valid = strcmp(g->computed, g->hash) == 0;

	if (!valid && !g->allow_invalid)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the text of committed migration \"%s\" is not that of its hash",
						mig_file_base(g->file->path)),
				 errdetail("The header has %s, the text %s.", g->hash, g->computed),
				 errhint("Restore the file and write a new migration, or add the line \"--! AllowInvalidHash\" to its header."),
				 mig_file_errcontext(g->file, g->hash_line)));
	if (valid && g->allow_invalid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("committed migration \"%s\" allows an invalid hash, but its hash is valid",
						mig_file_base(g->file->path)),
				 errhint("Remove the line \"--! AllowInvalidHash\" from its header."),
				 mig_file_errcontext(g->file, g->hash_line)));
}

/* Does the file follow the one before it? */
static void
check_chain(const GraphileFile *g, const GraphileFile *before)
{
	if (before == NULL && g->previous != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("committed migration \"%s\" follows another one, but is the first",
						mig_file_base(g->file->path)),
				 errhint("Load all files of the directory \"committed\"."),
				 mig_file_errcontext(g->file, g->previous_line)));
	if (before != NULL &&
		(g->previous == NULL || strcmp(g->previous, before->hash) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("committed migration \"%s\" does not follow \"%s\"",
						mig_file_base(g->file->path),
						mig_file_base(before->file->path)),
				 errdetail("It names %s as the previous one, which is %s.",
						   g->previous ? g->previous : "none", before->hash),
				 errhint("Commit it again after that one: graphile-migrate uncommit, then graphile-migrate commit."),
				 mig_file_errcontext(g->file, g->previous_line)));
}

/* What a placeholder stands for; NULL if it is none. */
static const char *
placeholder_value(const MigReading *reading, const char *name)
{
	const char *value = mig_variable_value(reading, name);

	if (value == NULL)
		value = mig_variable_value(reading, psprintf(":%s", name));
	if (value == NULL && strcmp(name, "DATABASE_NAME") == 0)
		value = reading->around.database;
	if (value == NULL && strcmp(name, "DATABASE_OWNER") == 0)
		value = reading->around.owner;
	return value;
}

/* The length of a placeholder's name after its colon; 0: there is none. */
static int
placeholder_len(const char *p)
{
	int			len = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	if (len < 2 || *p < 'A' || *p > 'Z' || (p[len] >= 'a' && p[len] <= 'z'))
		return 0;
	return len;
}

/*
 * A placeholder that nothing is known for would be an error of syntax to the
 * server.  The tool does not replace it either; it may be the end of a cast,
 * or an array's bounds.
 */
static void
check_unset(const GraphileFile *g)
{
	int			brackets = 0;

	for (const char *p = g->body; *p != '\0';)
	{
		const char *end = mig_quote_end(g->body, p);

		if (end != NULL)
		{
			p = end;
			continue;
		}
		brackets += (*p == '[') - (*p == ']');
		if (*p == ':' && brackets == 0 && (p == g->body || p[-1] != ':') &&
			placeholder_len(p + 1) > 0)
			mig_variable_unset_error(g->file, g->body_line - 1 +
									 mig_text_line_number(g->body, p - g->body),
									 pnstrdup(p + 1, placeholder_len(p + 1)));
		p++;
	}
}

/* The script with its placeholders replaced; the same pointer if it has none. */
static const char *
replace_placeholders(const MigReading *reading, const GraphileFile *g,
					 MigDefinition *d)
{
	StringInfoData replaced;
	StringInfoData rest;
	GraphileFile unset = *g;
	const char *p = g->body;

	if (strchr(p, ':') == NULL)
		return p;
	initStringInfo(&replaced);
	initStringInfo(&rest);
	while (*p != '\0')
	{
		int			len = *p == ':' ? placeholder_len(p + 1) : 0;
		char	   *name = len > 0 ? pnstrdup(p + 1, len) : NULL;
		const char *value = name ? placeholder_value(reading, name) : NULL;

		if (value == NULL)
		{
			appendStringInfoChar(&replaced, *p);
			appendStringInfoChar(&rest, *p++);
			continue;
		}
		appendStringInfoString(&replaced, value);
		mig_variable_used(d, name, value);
		p += len + 1;
	}
	/* what stands for a value may be quoted itself, so that is left out */
	unset.body = rest.data;
	check_unset(&unset);
	return d->variables != NIL ? replaced.data : g->body;
}

/* Does the script start with the line that says so? */
static bool
has_no_transaction(const char *script)
{
	const char *p = script + 3;

	if (strncmp(script, "--!", 3) != 0)
		return false;
	while (*p == ' ' || *p == '\t')
		p++;
	return strncmp(p, "no-transaction", 14) == 0 &&
		!isalnum((unsigned char) p[14]) && p[14] != '_';
}

/* Adds the migration of a file. */
static void
add_file(MigReading *reading, const GraphileFile *g)
{
	MigDefinition *d = mig_reading_add(reading, psprintf("%s.sql", g->number));
	const char *script = replace_placeholders(reading, g, d);

	d->version = g->number;
	d->name = *g->slug == '\0' && g->message != NULL ? g->message : g->slug;
	d->identity = d->sort_key;
	d->path = pstrdup(g->file->path);
	d->checksums = list_make1(g->hash);
	if (strcmp(g->computed, g->hash) != 0)
		d->checksums = lappend(d->checksums, g->computed);
	d->up.text = pstrdup(script);
	d->up.line = g->body_line;
	d->up.no_transaction = has_no_transaction(script);
	if (script != g->body)
		d->source = pstrdup(g->body);
}

/* Takes a file's name apart; NULL if it is not that of a committed one. */
static GraphileFile *
committed_file(const MigReading *reading, const MigFile *file, bool in_committed)
{
	const char *base = mig_file_base(file->path);
	const char *parent = mig_file_parent(file->path);
	const char *end = base + strlen(base) - 4;
	size_t		digits = strspn(base, "0123456789");
	GraphileFile *g;

	if (!mig_file_ends(base, ".sql") || digits == 0)
		return NULL;
	if (in_committed ? strcmp(parent, "committed") != 0 :
		(mig_file_is_nested(reading, file) || strcmp(parent, "current") == 0 ||
		 strcmp(parent, "fixtures") == 0))
		return NULL;
	if (base + digits != end &&
		(base[digits] != '-' ||
		 strspn(base + digits + 1, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") !=
		 end - base - digits - 1))
		return NULL;
	g = palloc0(sizeof(GraphileFile));
	g->file = file;
	g->number = pnstrdup(base, digits);
	g->slug = base + digits == end ? pstrdup("") :
		pnstrdup(base + digits + 1, end - base - digits - 1);
	return g;
}

/* list_sort() comparator: the order in which the tool applies them. */
static int
compare_number(const ListCell *a, const ListCell *b)
{
	const GraphileFile *x = lfirst(a);
	const GraphileFile *y = lfirst(b);

	return strcmp(x->number, y->number);
}

/* Is there a directory of committed migrations? */
static bool
has_committed(const MigReading *reading)
{
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);

		if (strcmp(mig_file_parent(file->path), "committed") == 0)
			return true;
	}
	return false;
}

void
mig_read_graphile_migrate(MigReading *reading)
{
	bool		in_committed = has_committed(reading);
	List	   *committed = NIL;
	const GraphileFile *before = NULL;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		GraphileFile *g = committed_file(reading, lfirst(lc), in_committed);

		if (g != NULL)
			committed = lappend(committed, g);
		else
			mig_reading_ignore(reading, lfirst(lc));
	}
	list_sort(committed, compare_number);
	foreach(lc, committed)
	{
		GraphileFile *g = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (before != NULL && strcmp(before->number, g->number) == 0)
			mig_duplicate_error(before->file, g->file, g->number);
		read_header(g);
		check_chain(g, before);
		check_hash(g);
		add_file(reading, g);
		before = g;
	}
}
