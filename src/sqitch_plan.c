/*-------------------------------------------------------------------------
 *
 * sqitch_plan.c
 *	  Sqitch's plan file: pragmas, a blank line, changes and tags.
 *
 *		%syntax-version=1.0.0
 *		%project=shop
 *
 *		users 2024-02-03T04:05:06Z Ann <ann@example.com> # Adds users
 *		orders [users !legacy] 2024-02-03T04:05:07Z Ann <ann@example.com>
 *		@v1 2024-02-03T04:05:08Z Ann <ann@example.com>
 *		users [users@v1] 2024-02-03T04:05:09Z Ann <ann@example.com> # Reworks it
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "sqitch_plan.h"

/* "2024-02-03T04:05:06Z", with the highest value of each number. */
#define TIMESTAMP			"dddd-dd-ddTdd:dd:ddZ"

/* A plan that is being read. */
typedef struct Parser
{
	MigSqitchPlan *plan;
	MigLine		line;
	const char *end;			/* of the line without its note */
	char	   *note;
	int			last_tag;		/* index of the change that the last tag is of;
								 * -1: there is none */
	MigReading	names;			/* by its name: the last change (up.line), and
								 * the line of a tag with an @ */
} Parser;

/* A line taken apart. */
typedef struct Entry
{
	char	   *name;
	const char *dependencies;	/* NULL: none */
	int			dependencies_len;
	char	   *timestamp;
	char	   *planner;
} Entry;

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_punctuation(char c)
{
	return c != '\0' && strchr("-!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~", c) != NULL;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* An error in the current line. */
pg_noreturn static void
plan_error(const Parser *parser, const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("%s", message),
			 errhint("%s", hint),
			 mig_file_errcontext(parser->plan->file, parser->line.number)));
}

/*
 * Names
 */

/* Would a name that ends there look like a reference to another change? */
static bool
ends_as_reference(const char *start, const char *end)
{
	const char *p = end;

	while (p > start && is_digit(p[-1]))
		p--;
	return p < end && p > start && strchr("~/=%^", p[-1]) != NULL;
}

/* Is that a name? */
static bool
is_name(const char *start, const char *end)
{
	if (start >= end || is_punctuation(*start) || is_punctuation(end[-1]))
		return false;
	for (const char *p = start; p < end; p++)
		if (is_blank(*p) || strchr(":@#\\", *p) != NULL)
			return false;
	return !ends_as_reference(start, end);
}

static bool
is_id(const char *start, const char *end)
{
	return end - start == 40 &&
		strspn(start, "0123456789abcdef") >= 40;
}

/* A name that would stand for something else. */
static void
check_name(const Parser *parser, const char *name)
{
	if (strcmp(name, "ROOT") == 0 || strcmp(name, "HEAD") == 0 ||
		strspn(name, "0123456789abcdef") >= 40)
		plan_error(parser, psprintf("\"%s\" cannot be a name", name),
				   "ROOT, HEAD and 40 hexadecimal digits have a meaning of their own.");
}

/*
 * Pragmas
 */

/* Cuts the note off the current line, and the blanks before it. */
static void
read_note(Parser *parser)
{
	const char *hash = parser->line.start;
	const char *p;
	StringInfoData note;

	while (hash < parser->line.end && *hash != '#')
		hash++;
	parser->end = hash;
	while (parser->end > parser->line.start && is_blank(parser->end[-1]))
		parser->end--;
	initStringInfo(&note);
	p = skip_blanks(Min(hash + 1, parser->line.end), parser->line.end);
	for (; p < parser->line.end; p++)
	{
		bool		pair = *p == '\\' && p + 1 < parser->line.end;

		if (pair && strchr("nr\\", p[1]) != NULL)
		{
			p++;
			appendStringInfoChar(&note, *p == 'n' ? '\n' :
								 *p == 'r' ? '\r' : '\\');
		}
		else
			appendStringInfoChar(&note, *p);
	}
	parser->note = note.data;
	p = parser->line.end;
	while (note.len > 0 && p > hash && is_blank(*--p))
		note.data[--note.len] = '\0';
}

/* %name=value */
static void
read_pragma(Parser *parser)
{
	const char *p = skip_blanks(parser->line.start, parser->end);
	const char *name;
	const char *name_end;
	char	   *value = "";

	if (*p != '%')
		plan_error(parser, "a line before the first blank one is no pragma",
				   "Write %name=value, and a blank line before the first change.");
	name = skip_blanks(p + 1, parser->end);
	for (p = name; p < parser->end && *p != '=' && !is_blank(*p);)
		p++;
	name_end = p;
	p = skip_blanks(p, parser->end);
	if (p < parser->end && *p == '=')
	{
		p = skip_blanks(p + 1, parser->end);
		value = pnstrdup(p, parser->end - p);
	}
	else if (p < parser->end || name == name_end)
		plan_error(parser, "the pragma has no name, or no =",
				   "Write %name=value.");
	if (strncmp(name, "project", name_end - name) == 0 &&
		name_end - name == strlen("project"))
	{
		if (!is_name(value, value + strlen(value)))
			plan_error(parser, psprintf("invalid project name \"%s\"", value),
					   "It has no blanks, @, :, # or \\, and no punctuation at its ends.");
		parser->plan->project = value;
	}
	else if (strncmp(name, "uri", name_end - name) == 0 &&
			 name_end - name == strlen("uri") && *value != '\0')
		parser->plan->uri = value;
}

/* The lines up to the first blank one; false if the plan ends with them. */
static bool
read_pragmas(Parser *parser)
{
	bool		more = true;

	for (; more; more = mig_line_next(&parser->line))
	{
		const char *p = skip_blanks(parser->line.start, parser->line.end);

		if (p == parser->line.end)
			break;
		if (*p == '#')
			continue;
		read_note(parser);
		read_pragma(parser);
	}
	if (parser->plan->project == NULL)
		plan_error(parser, "the plan has no pragma %project before its first blank line",
				   "Write %project=<name> into its first lines.");
	return more;
}

/*
 * Changes and tags
 */

/* Does a timestamp stand there?  Its numbers must be those of a time. */
static bool
is_timestamp(const char *p, const char *end)
{
	if (end - p < strlen(TIMESTAMP))
		return false;
	for (int i = 0; i < strlen(TIMESTAMP); i++)
		if (TIMESTAMP[i] == 'd' ? !is_digit(p[i]) : p[i] != TIMESTAMP[i])
			return false;
	return strncmp(p + 5, "01", 2) >= 0 && strncmp(p + 5, "12", 2) <= 0 &&
		strncmp(p + 8, "01", 2) >= 0 && strncmp(p + 8, "31", 2) <= 0 &&
		strncmp(p + 11, "23", 2) <= 0 && strncmp(p + 14, "59", 2) <= 0 &&
		strncmp(p + 17, "61", 2) <= 0;
}

/* A name and <e-mail> up to the end; NULL if that is not what stands there. */
static char *
read_planner(const char *p, const char *end)
{
	const char *open = p;
	const char *name_end;

	while (open < end && *open != '<')
		open++;
	if (open == end || end[-1] != '>' || open + 2 >= end ||
		memchr(open, '>', end - open) != end - 1)
		return NULL;
	name_end = open - 1;
	if (name_end <= p || !is_blank(*name_end))
		return NULL;

	/* one blank is the separator, more than that are the name's */
	return psprintf("%.*s %.*s", (int) (name_end - p), p,
					(int) (end - open), open);
}

/* What follows the name; returns what is wrong with it, or NULL. */
static const char *
read_entry_rest(const Parser *parser, const char *p, Entry *entry)
{
	entry->dependencies = NULL;
	p = skip_blanks(p, parser->end);
	if (p < parser->end && *p == '[')
	{
		const char *close = memchr(p, ']', parser->end - p);

		if (close == NULL || close == p + 1)
			return "its dependencies do not end in \"]\", or there are none";
		entry->dependencies = p + 1;
		entry->dependencies_len = close - p - 1;
		p = skip_blanks(close + 1, parser->end);
	}
	if (!is_timestamp(p, parser->end))
		return "there is no timestamp such as 2024-02-03T04:05:06Z";
	entry->timestamp = pnstrdup(p, strlen(TIMESTAMP));
	p = skip_blanks(p + strlen(TIMESTAMP), parser->end);
	entry->planner = read_planner(p, parser->end);
	return entry->planner != NULL ? NULL :
		"there is no planner such as Ann <ann@example.com>";
}

/* Takes a line apart, from its name on. */
static void
read_entry(const Parser *parser, const char *start, Entry *entry)
{
	const char *problem = "its name is not valid";
	const char *end = start;

	while (end < parser->end && !is_blank(*end))
		end++;
	if (is_name(start, end))
		problem = read_entry_rest(parser, end, entry);
	if (problem != NULL)
		plan_error(parser, psprintf("syntax error in the plan: %s", problem),
				   "Write: name [dependencies] timestamp planner <e-mail> # note.");
	entry->name = pnstrdup(start, end - start);
	check_name(parser, entry->name);
}

/* A part of a dependency that is a name; NULL if it is none. */
static char *
dependency_name(const char *start, const char *end)
{
	return is_name(start, end) ? pnstrdup(start, end - start) : NULL;
}

/* One dependency: [!][project:](change[@tag] | @tag | ID). */
static MigSqitchDependency *
read_dependency(const Parser *parser, const char *start, const char *end)
{
	MigSqitchDependency *dependency = palloc0(sizeof(MigSqitchDependency));
	const char *p = start;
	const char *colon;
	const char *at;
	bool		valid = true;

	dependency->conflict = *p == '!';
	p += dependency->conflict;
	colon = memchr(p, ':', end - p);
	if (colon != NULL)
	{
		dependency->project = dependency_name(p, colon);
		valid = dependency->project != NULL;
		p = colon + 1;
	}
	dependency->key = pnstrdup(p, end - p);
	at = memchr(p, '@', end - p);
	if (is_id(p, end))
		dependency->id = dependency->key;
	else
	{
		if (at != p)
			dependency->change = dependency_name(p, at ? at : end);
		if (at != NULL)
			dependency->tag = dependency_name(at + 1, end);
		valid = valid && (at == p || dependency->change != NULL) &&
			(at == NULL || dependency->tag != NULL);
	}
	if (!valid)
		plan_error(parser, psprintf("\"%.*s\" is not a dependency",
									(int) (end - start), start),
				   "Write change, change@tag, @tag or project:change, with an exclamation mark before it for a conflict.");
	return dependency;
}

/* What stands in brackets. */
static List *
read_dependencies(const Parser *parser, const Entry *entry)
{
	const char *p = entry->dependencies;
	const char *end = p + entry->dependencies_len;
	List	   *result = NIL;
	MigReading	seen = {0};

	for (p = skip_blanks(p, end); p < end; p = skip_blanks(p, end))
	{
		const char *start = p;
		MigDefinition *before;

		while (p < end && !is_blank(*p))
			p++;
		before = mig_reading_get(&seen, pnstrdup(start, p - start));
		if (before->path != NULL)
			plan_error(parser, psprintf("dependency \"%.*s\" is there twice",
										(int) (p - start), start),
					   "Remove one of them.");
		before->path = "";
		result = lappend(result, read_dependency(parser, start, p));
	}
	return result;
}

/* The tags since an instance, by which its scripts are known after a rework. */
static List *
rework_tags(const Parser *parser, int instance)
{
	List	   *result = NIL;
	int			change = -1;
	int			at = 0;

	/* the nearest change first, and its tags in their order */
	for (int i = list_length(parser->plan->tags) - 1; i >= 0; i--)
	{
		const MigSqitchTag *tag = list_nth(parser->plan->tags, i);

		if (tag->change < instance)
			break;
		if (tag->change != change)
			at = list_length(result);
		change = tag->change;
		result = list_insert_nth(result, at, tag->name);
	}
	return result;
}

static void
add_change(Parser *parser, const Entry *entry)
{
	MigSqitchPlan *plan = parser->plan;
	MigSqitchChange *change = palloc0(sizeof(MigSqitchChange));
	MigDefinition *last = mig_reading_get(&parser->names, entry->name);

	change->name = entry->name;
	change->planner = entry->planner;
	change->timestamp = entry->timestamp;
	change->note = parser->note;
	change->line = parser->line.number;
	change->index = list_length(plan->changes);
	if (last->path != NULL)
	{
		MigSqitchChange *before = list_nth(plan->changes, last->down.line);

		if (before->index > parser->last_tag)
			plan_error(parser, psprintf("change \"%s\" is in the plan already, in line %d",
										entry->name, before->line),
					   "A change can be there again only when a tag stands between.");
		before->rework_tags = rework_tags(parser, before->index);
	}
	last->path = entry->name;
	last->down.line = change->index;
	if (entry->dependencies != NULL)
		change->dependencies = read_dependencies(parser, entry);
	plan->changes = lappend(plan->changes, change);
}

static void
add_tag(Parser *parser, const Entry *entry)
{
	MigSqitchPlan *plan = parser->plan;
	MigSqitchTag *tag = palloc0(sizeof(MigSqitchTag));
	MigDefinition *first = mig_reading_get(&parser->names,
										   psprintf("@%s", entry->name));

	if (strchr(entry->name, '/') != NULL)
		plan_error(parser, psprintf("tag \"@%s\" has a slash in it", entry->name),
				   "Only changes may have one.");
	if (plan->changes == NIL)
		plan_error(parser, psprintf("there is no change for tag \"@%s\"", entry->name),
				   "A tag is for the change above it.");
	if (entry->dependencies != NULL)
		plan_error(parser, psprintf("tag \"@%s\" has dependencies", entry->name),
				   "Only changes may have them.");
	if (first->path != NULL)
		plan_error(parser, psprintf("tag \"@%s\" is in the plan already, in line %d",
									entry->name, first->down.line),
				   "Name it otherwise.");
	first->path = entry->name;
	first->down.line = parser->line.number;
	tag->name = entry->name;
	tag->line = parser->line.number;
	tag->change = list_length(plan->changes) - 1;
	parser->last_tag = tag->change;
	plan->tags = lappend(plan->tags, tag);
}

/* A line that is no pragma. */
static void
read_line(Parser *parser)
{
	const char *p = skip_blanks(parser->line.start, parser->line.end);
	bool		is_tag = *p == '@';
	Entry		entry = {0};

	if (p == parser->line.end || *p == '#')
		return;
	read_note(parser);

	/* whether a change is to be deployed or reverted means nothing any more */
	if (*p == '@' || *p == '+' || *p == '-')
		p = is_tag ? p + 1 : skip_blanks(p + 1, parser->end);
	read_entry(parser, p, &entry);
	if (is_tag)
		add_tag(parser, &entry);
	else
		add_change(parser, &entry);
}

/* Takes a plan apart. */
MigSqitchPlan *
mig_sqitch_plan_read(const MigFile *file)
{
	Parser		parser = {.last_tag = -1};

	parser.plan = palloc0(sizeof(MigSqitchPlan));
	parser.plan->file = file;
	mig_line_first(&parser.line, mig_file_text(file));
	if (!read_pragmas(&parser))
		return parser.plan;
	do
	{
		CHECK_FOR_INTERRUPTS();
		read_line(&parser);
	} while (mig_line_next(&parser.line));
	return parser.plan;
}
