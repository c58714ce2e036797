/*-------------------------------------------------------------------------
 *
 * sqitch_change.c
 *	  The changes of Sqitch's plan: their IDs, and what they depend on.
 *
 * The ID of a change is the SHA-1 of all that the plan says of it, and of the
 * ID of the change before it, as git computes those of its objects.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "digest.h"
#include "sqitch_change.h"

/* Ports that a URI's canonical form leaves out. */
static const struct
{
	const char *scheme;
	const char *port;
}			default_ports[] =
{
	{"http", "80"},
	{"https", "443"},
	{"ftp", "21"},
	{"ssh", "22"},
};

/*
 * The plan's URI
 */

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
		c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void
append_lower(StringInfo out, const char *start, const char *end)
{
	for (; start < end; start++)
		appendStringInfoChar(out, *start >= 'A' && *start <= 'Z' ?
							 *start + 32 : *start);
}

/* Escapes what has to be escaped, and only that, with capital digits. */
static void
append_escaped(StringInfo out, const char *start, const char *end)
{
	while (start < end)
	{
		unsigned char c = *start;
		bool		escape = c == '%' && end - start > 2 &&
			hex_value(start[1]) >= 0 && hex_value(start[2]) >= 0;

		if (escape)
		{
			c = hex_value(start[1]) * 16 + hex_value(start[2]);
			escape = !is_letter_or_digit(c) &&
				(c == '\0' || strchr("-_.!~*'()", c) == NULL);
			start += 2;
		}
		else if (c <= ' ' || c >= 0x7f || strchr("<>\"{}|\\^`", c) != NULL)
			escape = true;
		if (escape)
			appendStringInfo(out, "%%%02X", c);
		else
			appendStringInfoChar(out, c);
		start++;
	}
}

/* The end of a URI's authority without a port that goes without saying. */
static const char *
authority_end(const char *scheme, const char *start, const char *end)
{
	const char *colon = end;

	while (colon > start && colon[-1] >= '0' && colon[-1] <= '9')
		colon--;
	if (colon == start || colon[-1] != ':')
		return end;
	for (int i = 0; i < lengthof(default_ports); i++)
		if (strcmp(scheme, default_ports[i].scheme) == 0 &&
			(colon == end ||
			 (end - colon == strlen(default_ports[i].port) &&
			  strncmp(colon, default_ports[i].port, end - colon) == 0)))
			return colon - 1;
	return end;
}

/* The schemes whose hosts are compared without case. */
static bool
has_host(const char *scheme)
{
	for (int i = 0; i < lengthof(default_ports); i++)
		if (strcmp(scheme, default_ports[i].scheme) == 0)
			return true;
	return false;
}

/* A URI in the form in which Sqitch puts it into IDs, in UTF-8. */
static char *
canonical_uri(const char *uri)
{
	int			len;
	const char *p = mig_digest_utf8(uri, strlen(uri), &len);
	const char *end = p + len;
	const char *colon = strpbrk(p, ":/?#");
	StringInfoData out;

	initStringInfo(&out);
	if (colon != NULL && *colon == ':')
	{
		char	   *scheme;

		append_lower(&out, p, colon);
		scheme = pstrdup(out.data);
		appendStringInfoChar(&out, ':');
		p = colon + 1;
		if (has_host(scheme) && strncmp(p, "//", 2) == 0)
		{
			const char *path = p + 2 + strcspn(p + 2, "/?#");
			const char *host = memchr(p + 2, '@', path - p - 2);

			host = host != NULL ? host + 1 : p + 2;
			append_escaped(&out, p, host);
			append_lower(&out, host, authority_end(scheme, host, path));
			if (strncmp(scheme, "http", 4) == 0 &&
				(*path == '\0' || *path == '#'))
				appendStringInfoChar(&out, '/');
			p = path;
		}
	}
	append_escaped(&out, p, end);
	return out.data;
}

/*
 * IDs
 */

/* A text in UTF-8. */
static void
append_utf8(StringInfo out, const char *text)
{
	int			len;
	char	   *utf8 = mig_digest_utf8(text, strlen(text), &len);

	appendBinaryStringInfo(out, utf8, len);
}

/* A label and a text, on a line of their own. */
static void
append_line(StringInfo out, const char *label, const char *text)
{
	if (out->len > 0)
		appendStringInfoChar(out, '\n');
	appendStringInfoString(out, label);
	append_utf8(out, text);
}

/* The required changes, or those in conflict. */
static void
append_dependencies(StringInfo out, const MigSqitchPlan *plan,
					const MigSqitchChange *change, bool conflict)
{
	bool		first = true;
	ListCell   *lc;

	foreach(lc, change->dependencies)
	{
		const MigSqitchDependency *d = lfirst(lc);

		if (d->conflict != conflict)
			continue;
		if (first)
			append_line(out, conflict ? "conflicts" : "requires", "");
		first = false;
		if (d->project != NULL && strcmp(d->project, plan->project) != 0)
			append_line(out, conflict ? "  - " : "  + ",
						psprintf("%s:%s", d->project, d->key));
		else
			append_line(out, conflict ? "  - " : "  + ", d->key);
	}
}

static char *
change_id(const MigSqitchPlan *plan, const char *uri,
		  const MigSqitchChange *change, const char *parent)
{
	StringInfoData info;
	StringInfoData object;

	initStringInfo(&info);
	append_line(&info, "project ", plan->project);
	if (uri != NULL)
		appendStringInfo(&info, "\nuri %s", uri);
	append_line(&info, "change ", change->name);
	if (parent != NULL)
		append_line(&info, "parent ", parent);
	append_line(&info, "planner ", change->planner);
	append_line(&info, "date ", change->timestamp);
	append_dependencies(&info, plan, change, false);
	append_dependencies(&info, plan, change, true);
	if (*change->note != '\0' && strcmp(change->note, "0") != 0)
	{
		append_line(&info, "", "");
		append_line(&info, "", change->note);
	}
	initStringInfo(&object);
	appendStringInfo(&object, "change %d", info.len);
	appendStringInfoChar(&object, '\0');
	appendBinaryStringInfo(&object, info.data, info.len);
	return mig_digest_hex_bytes(PG_SHA1, object.data, object.len);
}

/* Computes the IDs of all changes. */
void
mig_sqitch_plan_identify(MigSqitchPlan *plan)
{
	char	   *uri = plan->uri ? canonical_uri(plan->uri) : NULL;
	const char *parent = NULL;
	ListCell   *lc;

	foreach(lc, plan->changes)
	{
		MigSqitchChange *change = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		change->id = change_id(plan, uri, change, parent);
		parent = change->id;
	}
}

/*
 * Dependencies
 */

/* What a plan's changes are called: names and IDs to lists of changes. */
static MigReading *
index_changes(const MigSqitchPlan *plan)
{
	MigReading *index = palloc0(sizeof(MigReading));
	ListCell   *lc;

	foreach(lc, plan->changes)
	{
		MigSqitchChange *change = lfirst(lc);
		MigDefinition *name = mig_reading_get(index, change->name);
		MigDefinition *id = mig_reading_get(index, change->id);

		name->variables = lappend(name->variables, change);
		id->variables = lappend(id->variables, change);
	}
	foreach(lc, plan->tags)
	{
		MigSqitchTag *tag = lfirst(lc);
		MigDefinition *name = mig_reading_get(index,
											  psprintf("@%s", tag->name));

		name->variables = list_make1(tag);
	}
	return index;
}

/*
 * The change that a dependency is on: the first of that name, or the last one
 * up to the tag.  NULL: the plan has none.
 */
static const MigSqitchChange *
find_change(const MigSqitchPlan *plan, MigReading *index,
			const MigSqitchDependency *dependency)
{
	const MigSqitchChange *found = NULL;
	int			last = INT_MAX;
	List	   *candidates;
	ListCell   *lc;

	if (dependency->tag != NULL)
	{
		List	   *tags = mig_reading_get(index, psprintf("@%s", dependency->tag))->variables;

		if (tags == NIL)
			return NULL;
		last = ((MigSqitchTag *) linitial(tags))->change;
		if (dependency->change == NULL)
			return list_nth(plan->changes, last);
	}
	candidates = mig_reading_get(index, dependency->id ? dependency->id :
								 dependency->change)->variables;
	foreach(lc, candidates)
	{
		const MigSqitchChange *change = lfirst(lc);

		if (change->index > last)
			break;
		found = change;
		if (dependency->tag == NULL)
			break;
	}
	return found;
}

pg_noreturn static void
dependency_error(const MigSqitchPlan *plan, const MigSqitchChange *change,
				 const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("change \"%s\" %s", change->name, message),
			 errhint("%s", hint),
			 mig_file_errcontext(plan->file, change->line)));
}

static void
check_dependency(MigSqitchPlan *plan, MigReading *index,
				 const MigSqitchChange *change,
				 const MigSqitchDependency *d)
{
	const char *verb = d->conflict ? "conflicts with" : "requires";
	const MigSqitchChange *other = NULL;

	if (d->project == NULL || strcmp(d->project, plan->project) == 0)
		other = find_change(plan, index, d);
	else
	{
		plan->foreign = lappend(plan->foreign,
								psprintf("change \"%s\" %s \"%s:%s\"", change->name,
										 verb, d->project, d->key));
		return;
	}
	if (other == NULL && d->id != NULL)
		plan->foreign = lappend(plan->foreign,
								psprintf("change \"%s\" %s \"%s\"", change->name,
										 verb, d->key));
	else if (other == NULL)
		dependency_error(plan, change,
						 psprintf("%s \"%s\", which is not in the plan", verb, d->key),
						 "Add that change, or take it out of the dependencies.");
	else if (d->conflict && other->index < change->index)
		dependency_error(plan, change,
						 psprintf("conflicts with \"%s\", which stands before it in line %d",
								  d->key, other->line),
						 "Take one of them out of the plan.");
	else if (!d->conflict && other == change)
		dependency_error(plan, change, "requires itself",
						 "Take it out of its own dependencies.");
	else if (!d->conflict && other->index > change->index)
		dependency_error(plan, change,
						 psprintf("requires \"%s\", which stands after it in line %d",
								  d->key, other->line),
						 "Move the required change up in the plan.");
}

/*
 * Whatever a change requires must stand before it, and nothing that it
 * conflicts with.  What other projects have is not known here.
 */
void
mig_sqitch_plan_check(MigSqitchPlan *plan)
{
	MigReading *index = index_changes(plan);
	ListCell   *lc;
	ListCell   *ld;

	foreach(lc, plan->changes)
	{
		const MigSqitchChange *change = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		foreach(ld, change->dependencies)
			check_dependency(plan, index, change, lfirst(ld));
	}
}
