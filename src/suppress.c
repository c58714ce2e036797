/*-------------------------------------------------------------------------
 *
 * suppress.c
 *	  Comments in a script that suppress lint findings.
 *
 *		-- migrate:ignore rule[, rule]: reason
 *		-- migrate:ignore-file [rule, ...][: reason]
 *		-- squawk-ignore rule[, rule] [-- reason]
 *		-- squawk-ignore-file [rule, ...] [-- reason]
 *
 * A comment is about the statement it stands in, the one that ends in its
 * line, or the next one.  Comments in slashes and asterisks count as well.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "parser/scansup.h"

#include "scan.h"
#include "suppress.h"

/* What a comment starts with. */
typedef struct Marker
{
	const char *text;
	bool		file;			/* about the whole script */
	bool		foreign;
} Marker;

/* Longer ones first: each begins like the next. */
static const Marker markers[] = {
	{"migrate:ignore-file", true, false},
	{"migrate:ignore", false, false},
	{"squawk-ignore-file", true, true},
	{"squawk-ignore", false, true},
};

/* Names of Squawk that are spelled differently here, or stand for two. */
static const struct
{
	const char *theirs;
	const char *ours;
}			aliases[] =
{
	{"prefer-timestamptz", "prefer-timestamp-tz"},
	{"require-timeout-settings", "require-lock-timeout"},
	{"require-timeout-settings", "require-statement-timeout"},
	{"ban-concurrent-index-creation-in-transaction", "non-transactional-statement"},
	{"adding-field-with-default", "adding-stored-generated-column"},
	{"constraint-missing-not-valid", "require-separate-constraint-validation"},
	{"prefer-repack", "ban-vacuum-full-cluster"},
};

typedef struct SuppressRead
{
	const MigScript *script;
	List	   *found;			/* of MigSuppression * */
} SuppressRead;

static const char *
skip_spaces(const char *p, const char *end)
{
	while (p < end && scanner_isspace(*p))
		p++;
	return p;
}

/* The marker with which a comment's text begins, and what follows it. */
static const Marker *
find_marker(const char *p, const char *end, const char **rest)
{
	p = skip_spaces(p, end);
	for (int i = 0; i < lengthof(markers); i++)
	{
		const char *text = markers[i].text;
		const char *q = p;

		/* a blank may follow the colon */
		while (*text != '\0' && q < end && *q == *text)
		{
			if (*q == ':')
				q = skip_spaces(q + 1, end);
			else
				q++;
			text++;
		}
		if (*text == '\0' && (q == end || scanner_isspace(*q) || *q == ':'))
		{
			*rest = q;
			return &markers[i];
		}
	}
	return NULL;
}

/* The statement that a comment is about. */
static int
statement_at(const MigScript *script, int location)
{
	int			below = 0;
	int			above = script->nstatements;

	/* the first statement that ends after it */
	while (below < above)
	{
		int			middle = (below + above) / 2;
		const MigStatement *statement = &script->statements[middle];

		if (statement->location + statement->len > location)
			above = middle;
		else
			below = middle + 1;
	}
	if (below > 0 &&
		(below == script->nstatements ||
		 script->statements[below].location > location))
	{
		const MigStatement *before = &script->statements[below - 1];
		int			end = before->location + before->len;

		if (memchr(script->text + end, '\n', location - end) == NULL)
			return before->number;
	}
	return below < script->nstatements ? below + 1 : script->nstatements;
}

/* Keeps one rule of a comment. */
static void
add_rule(SuppressRead *read, const Marker *marker, int location,
		 const char *rule, const char *written)
{
	MigSuppression *suppression = palloc0(sizeof(MigSuppression));

	suppression->location = location;
	if (!marker->file)
		suppression->statement = statement_at(read->script, location);
	suppression->rule = rule;
	suppression->written = written;
	suppression->foreign = marker->foreign;
	read->found = lappend(read->found, suppression);
}

/* Keeps a name that a comment lists, under our names for it. */
static void
add_name(SuppressRead *read, const Marker *marker, int location,
		 const char *start, const char *end)
{
	char	   *name = pnstrdup(start, end - start);

	add_rule(read, marker, location, name, name);
	if (!marker->foreign)
		return;
	for (int i = 0; i < lengthof(aliases); i++)
	{
		if (strcmp(aliases[i].theirs, name) == 0)
			add_rule(read, marker, location, aliases[i].ours, name);
	}
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The rules that follow a marker: names with commas or blanks between. */
static void
read_rules(SuppressRead *read, const Marker *marker, int location,
		   const char *p, const char *end)
{
	bool		any = false;

	for (;;)
	{
		const char *start;

		while (p < end && (scanner_isspace(*p) || *p == ','))
			p++;
		start = p;
		while (p < end && is_name_char(*p))
			p++;
		/* what is no name is the reason, or what introduces it */
		if (p == start || strncmp(start, "--", 2) == 0)
			break;
		add_name(read, marker, location, start, p);
		any = true;
		start = skip_spaces(p, end);
		if (start == end || *start != ',')
			break;
	}
	if (!any)
		add_rule(read, marker, location, NULL, marker->text);
}

/* One comment, without what makes it one. */
static void
read_comment(SuppressRead *read, const char *start, const char *end)
{
	const char *rest;
	const Marker *marker = find_marker(start, end, &rest);

	if (marker == NULL)
		return;
	read_rules(read, marker, start - read->script->text, rest, end);
}

/* The end of a comment in slashes and asterisks that begins here. */
static const char *
block_end(const char *p, const char *end)
{
	int			depth = 0;

	while (p + 1 < end)
	{
		if (p[0] == '/' && p[1] == '*')
			depth++, p++;
		else if (p[0] == '*' && p[1] == '/')
		{
			p++;
			if (--depth == 0)
				return p + 1;
		}
		p++;
	}
	return end;
}

/* The comments between two tokens. */
static void
read_gap(SuppressRead *read, const char *p, const char *end)
{
	while (p + 1 < end)
	{
		const char *stop;

		if (p[0] == '-' && p[1] == '-')
		{
			stop = p + strcspn(p, "\r\n");
			stop = Min(stop, end);
			read_comment(read, p + 2, stop);
			p = stop;
		}
		else if (p[0] == '/' && p[1] == '*')
		{
			stop = block_end(p, end);
			read_comment(read, p + 2, Max(p + 2, stop - 2));
			p = stop;
		}
		else
			p++;
	}
}

/*
 * The comments of a script that suppress findings, in their order.  The script
 * has been parsed, so its scanner finds nothing wrong.
 */
List *
mig_suppress_read(const MigScript *script)
{
	SuppressRead read = {.script = script};
	const char *text = script->text;
	const char *gap = text;
	MigScanEvent event;
	MigScan		scan;

	/* most scripts have none */
	if (strstr(text, "ignore") == NULL)
		return NIL;
	mig_scan_begin(&scan, text);
	do
	{
		event = mig_scan_next(&scan);
		if (event == MIG_SCAN_FAILED)
			break;
		if (event == MIG_SCAN_END)
			read_gap(&read, gap, text + strlen(text));
		else
			read_gap(&read, gap, text + scan.location);
		/* what COPY reads is no SQL */
		gap = event == MIG_SCAN_COPY ?
			text + scan.data + scan.data_len : text + scan.token_end;
	} while (event != MIG_SCAN_END);
	mig_scan_end(&scan);
	return read.found;
}

/* Is a finding of this rule about this statement suppressed?  Notes the use. */
bool
mig_suppress_covers(List *suppressions, const char *rule, int statement)
{
	bool		result = false;
	ListCell   *lc;

	foreach(lc, suppressions)
	{
		MigSuppression *suppression = lfirst(lc);

		if (suppression->statement != 0 && suppression->statement != statement)
			continue;
		/* only a whole script is spared from all rules */
		if (suppression->rule == NULL ? suppression->statement != 0 :
			strcmp(suppression->rule, rule) != 0)
			continue;
		suppression->used = true;
		result = true;
	}
	return result;
}
