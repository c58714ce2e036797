/*-------------------------------------------------------------------------
 *
 * liquibase_sql.c
 *	  Liquibase's formatted SQL: lines with directives, and changesets.
 *
 * Liquibase takes every line by itself, whatever it stands in: a line that
 * is a directive is no part of the script even within a quoted text.  Here
 * such lines become empty ones, so that all others keep their number.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "liquibase.h"
#include "text.h"

/* A file that is being read. */
typedef struct SqlReading
{
	LbState    *state;
	LbChangelog *changelog;
	MigLine		line;
	char	   *text;			/* of the line */
	LbChangeset *changeset;		/* NULL before the first one */
	LbSplit		split;			/* of its script */
	StringInfoData body;		/* the lines below that of the changeset */
	LbSplit		rollback_split;
	StringInfoData rollback;
	int			rollback_line;	/* of its first byte */
	int			rollback_end;	/* of its last byte */
	bool		own_logical;	/* the file says how it wants to be named */
	bool		lost;			/* text before the first changeset was told of */
} SqlReading;

/* A line that Liquibase would not take either, or that needs its paid form. */
pg_noreturn static void
line_error(const SqlReading *r, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("could not read \"%.80s\" as a directive of Liquibase",
					r->text),
			 errhint("Write it as: %s", expected),
			 mig_file_errcontext(r->changelog->file, r->line.number)));
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Does a line start with one dash and a word, where two are meant? */
static bool
has_one_dash(const char *line, bool indented, const char *word)
{
	while (indented && is_blank(*line))
		line++;
	if (line[0] != '-' || line[1] == '-')
		return false;
	line++;
	return mig_lb_word(&line, word);
}

/* Is this "--liquibase formatted ..."? */
static bool
is_header(const char *line)
{
	const char *rest = mig_lb_directive(line, true, "liquibase");

	return rest != NULL && mig_lb_word(&rest, "formatted");
}

/* Is a file formatted SQL?  Its first line that is not blank says so. */
bool
mig_lb_is_formatted(const MigFile *file)
{
	MigLine		line;

	mig_line_first(&line, mig_file_text(file));
	do
	{
		char	   *text = pnstrdup(line.start, line.end - line.start);

		if (*mig_lb_trim(text) != '\0')
			return is_header(text);
	} while (mig_line_next(&line));
	return false;
}

/* ----- changesets ----- */

/* What comes before the first changeset is not run by Liquibase either. */
static void
tell_of_lost_text(SqlReading *r)
{
	const char *end = r->text + strlen(r->text);
	const char *comment = mig_lb_directive(r->text, false, "comment");

	if (comment != NULL && comment[*comment == ':'] == ' ')
		line_error(r, "--comment <text>, below the line of a changeset");
	if (r->lost || mig_text_skip_blank(r->text, end) == end)
		return;
	r->lost = true;
	ereport(NOTICE,
			(errmsg("text before the first changeset is not run"),
			 mig_file_errcontext(r->changelog->file, r->line.number)));
}

/* The rollback of a changeset that ends. */
static void
end_rollback(SqlReading *r)
{
	LbChangeset *changeset = r->changeset;
	char	   *text = mig_lb_trim(r->rollback.data);
	LbChange   *change;

	if (*text == '\0')
		return;
	changeset->has_rollback = true;
	if (strchr(text, '\n') == NULL &&
		(pg_strncasecmp(text, "not required", 12) == 0 ||
		 pg_strncasecmp(text, "empty", 5) == 0))
		return;
	for (const char *p = text; *p != '\0'; p++)
	{
		if (pg_strncasecmp(p, "changesetid", 11) != 0)
			continue;
		for (char *q = text; *q != '\0'; q++)
			if (*q == '\n' || *q == '\r')
				*q = ' ';
		mig_lb_roll_back_to(r->state, changeset,
							mig_lb_attribute(text, "changesetPath", "+"),
							mig_lb_attribute(text, "changesetId", "+"),
							mig_lb_attribute(text, "changesetAuthor", "+"),
							r->rollback_line);
		return;
	}
	change = palloc0(sizeof(LbChange));
	change->text = pstrdup(r->rollback.data);
	change->line = r->rollback_line;
	change->file = r->changelog->file;
	change->expand = true;
	change->split = r->rollback_split;
	changeset->rollback = list_make1(change);
}

/* The current changeset ends, if there is one. */
static void
end_changeset(SqlReading *r, bool last)
{
	LbChangeset *changeset = r->changeset;
	LbChange   *change;
	char	   *text;
	int			len;

	if (changeset == NULL)
		return;
	text = mig_lb_trim(r->body.data);
	len = strlen(text);
	/* the last one of a file may end in a line with nothing but a slash */
	if (last && r->split.delimiter == NULL && len > 1 &&
		strcmp(text + len - 2, "\n/") == 0)
		r->split.delimiter = "\n/$";
	change = palloc0(sizeof(LbChange));
	change->text = pstrdup(r->body.data);
	change->line = changeset->line + 1;
	change->file = r->changelog->file;
	change->expand = change->digest_expanded = true;
	change->split = r->split;
	changeset->changes = list_make1(change);
	end_rollback(r);
	mig_lb_finish(r->state, changeset);
	r->changeset = NULL;
}

/* Text of an attribute whose placeholders are replaced. */
static char *
expanded_attribute(SqlReading *r, const char *name, const char *kind)
{
	return mig_lb_expand(r->state, r->changelog, NULL, r->changelog->file,
						 mig_lb_unquote(mig_lb_attribute(r->text, name, kind)),
						 r->line.number);
}

static const char *
context_attribute(SqlReading *r)
{
	const char *contexts = expanded_attribute(r, "contextFilter", "q");

	return contexts != NULL && *contexts != '\0' ? contexts :
		expanded_attribute(r, "context", "q");
}

/* Bytes of author or id: a quoted text, or up to a colon or a blank. */
static int
name_length(const char *p, bool author)
{
	const char *quote = *p == '"' ? strchr(p + 1, '"') : NULL;
	int			n = 0;

	if (quote != NULL && quote > p + 1 && (!author || quote[1] == ':'))
		return quote - p + 1;
	if (author)
		return strcspn(p, ":");
	while (p[n] != '\0' && !is_blank(p[n]))
		n++;
	return n;
}

/* All that stands in the line of a changeset besides its name. */
static void
read_attributes(SqlReading *r, LbChangeset *changeset)
{
	const char *line = r->text;
	const char *ignore = expanded_attribute(r, "ignore", "w");

	mig_lb_name_path(changeset, expanded_attribute(r, "logicalFilePath", "s"));
	changeset->contexts = context_attribute(r);
	changeset->labels = expanded_attribute(r, "labels", "q");
	changeset->dbms = expanded_attribute(r, "dbms", "d");
	changeset->ignore = ignore != NULL && pg_strcasecmp(ignore, "true") == 0;
	changeset->run_on_change = mig_lb_boolean(line, "runOnChange", false);
	changeset->run_always = mig_lb_boolean(line, "runAlways", false);
	changeset->in_transaction = mig_lb_boolean(line, "runInTransaction", true);
	changeset->fail_on_error = mig_lb_boolean(line, "failOnError", true);
	r->split.split = mig_lb_boolean(line, "splitStatements", true);
	r->split.strip = mig_lb_boolean(line, "stripComments", true);
	r->split.delimiter = mig_lb_attribute(line, "endDelimiter", "sb");
	r->rollback_split.split = mig_lb_boolean(line, "rollbackSplitStatements", true);
	r->rollback_split.delimiter = mig_lb_attribute(line, "rollbackEndDelimiter", "sb");
}

/* "--changeset author:id ..."; false if it is no such line. */
static bool
read_changeset_line(SqlReading *r)
{
	static const char expected[] = "--changeset <author>:<id>";
	const char *p = mig_lb_directive(r->text, true, "changeset");
	LbChangeset *changeset;
	char	   *author;
	char	   *id;
	int			len;

	if (p == NULL)
	{
		if (has_one_dash(r->text, false, "changeset"))
			line_error(r, expected);
		return false;
	}
	if (!is_blank(*p))
		line_error(r, expected);
	while (is_blank(*p))
		p++;
	len = name_length(p, true);
	author = pnstrdup(p, len);
	p += len;
	if (*p != ':' || len == 0)
		line_error(r, expected);
	p++;
	id = pnstrdup(p, name_length(p, false));
	if (strspn(mig_lb_unquote(id), ": ") == strlen(mig_lb_unquote(id)))
		line_error(r, expected);

	end_changeset(r, false);
	changeset = mig_lb_changeset(r->changelog, r->line.number);
	changeset->id = mig_lb_expand(r->state, r->changelog, NULL, r->changelog->file,
								  mig_lb_unquote(id), r->line.number);
	changeset->author = mig_lb_expand(r->state, r->changelog, NULL, r->changelog->file,
									  mig_lb_unquote(author), r->line.number);
	read_attributes(r, changeset);
	r->changeset = changeset;
	resetStringInfo(&r->body);
	resetStringInfo(&r->rollback);
	return true;
}

/* ----- rollback ----- */

/* A line of the rollback, which keeps its number. */
static void
add_rollback(SqlReading *r, const char *text)
{
	if (r->rollback.len == 0)
		r->rollback_line = r->rollback_end = r->line.number;
	for (; r->rollback_end < r->line.number; r->rollback_end++)
		appendStringInfoChar(&r->rollback, '\n');
	appendStringInfoString(&r->rollback, text);
}

/* An empty line in the place of one that is no part of the script. */
static void
blank_line(SqlReading *r)
{
	if (r->changeset != NULL && r->line.next != NULL)
		appendStringInfoChar(&r->body, '\n');
}

/* On to the next line. */
static bool
next_line(SqlReading *r)
{
	if (!mig_line_next(&r->line))
		return false;
	r->text = pnstrdup(r->line.start, r->line.end - r->line.start);
	return true;
}

/* The lines of a comment that starts with "liquibase rollback". */
static void
read_rollback_block(SqlReading *r)
{
	int			first = r->line.number;

	blank_line(r);
	while (next_line(r))
	{
		char	   *end = r->text + strlen(r->text);

		blank_line(r);
		while (end > r->text && is_blank(end[-1]))
			end--;
		if (end - r->text < 2 || strncmp(end - 2, "*/", 2) != 0)
		{
			add_rollback(r, r->text);
			continue;
		}
		end[-2] = '\0';
		if (*mig_lb_trim(r->text) != '\0')
			add_rollback(r, r->text);
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("rollback comment does not end"),
			 errhint("End its last line with \"*/\"."),
			 mig_file_errcontext(r->changelog->file, first)));
}

/* Is this the start of such a comment? */
static bool
is_rollback_block(const char *line)
{
	if (!mig_lb_word(&line, "/*") || !mig_lb_word(&line, "liquibase") ||
		!mig_lb_word(&line, "rollback"))
		return false;
	return *mig_lb_trim(line) == '\0';
}

/* ----- preconditions ----- */

static void
add_condition(LbChangeset *changeset, const char *condition)
{
	appendStringInfo(&changeset->condition, "%s%s",
					 changeset->condition.len > 0 ? " AND " : "", condition);
}

/* "expectedResult:N SELECT ..." */
static void
read_sql_check(SqlReading *r, const char *body)
{
	static const char expected[] = "--precondition-sql-check expectedResult:<value> <query>";
	char	   *result;
	char	   *query;
	int			len;

	if (pg_strncasecmp(body, "expectedResult:", 15) == 0)
		body += 15;
	if (*body == '\'' || *body == '"')
	{
		const char *end = strchr(body + 1, *body);

		if (end == NULL || end == body + 1 || end[1] != ' ')
			line_error(r, expected);
		result = pnstrdup(body + 1, end - body - 1);
		body = end + 2;
	}
	else
	{
		char	   *word = mig_lb_attribute(psprintf("x:%s", body), "x", "w");

		if (word == NULL || body[strlen(word)] != ' ')
			line_error(r, expected);
		result = word;
		body += strlen(word) + 1;
	}
	query = mig_lb_trim(body);
	len = strlen(query);
	if (len > 0 && query[len - 1] == ';')
		query[len - 1] = '\0';
	if (strstr(query, "--") != NULL)
		r->changeset->host_reason = "a precondition with a comment";
	add_condition(r->changeset, psprintf("format('%%s', (%s)) = %s", query,
										 quote_literal_cstr(result)));
}

/* "table:name schema:name", or the same for a view */
static void
read_exists(SqlReading *r, const char *body, const char *kind)
{
	char	   *name = mig_lb_attribute(body, kind, "w");
	char	   *schema = mig_lb_attribute(body, "schema", "w");

	if (name == NULL)
		line_error(r, psprintf("--precondition-%s-exists %s:<name>", kind, kind));
	add_condition(r->changeset,
				  psprintf("EXISTS (SELECT FROM pg_catalog.pg_%ss WHERE lower(%sname) = lower(%s) AND lower(schemaname) = lower(%s))",
						   kind, kind, quote_literal_cstr(name),
						   schema != NULL ? quote_literal_cstr(schema) :
						   "current_schema()"));
}

/* "--preconditions onFail:..." */
static void
read_on_fail(SqlReading *r, const char *body)
{
	static const char *const names[] = {"HALT", "WARN", "MARK_RAN", "CONTINUE"};
	char	   *on_fail = mig_lb_attribute(body, "onFail", "w");
	char	   *on_error = mig_lb_attribute(body, "onError", "w");
	int			i = 0;

	while (on_fail != NULL && i < lengthof(names) &&
		   pg_strcasecmp(names[i], on_fail) != 0)
		i++;
	if (i == lengthof(names))
		line_error(r, "--preconditions onFail:<HALT, WARN, MARK_RAN or CONTINUE>");
	r->changeset->on_fail = (LbOnFail) i;
	if (on_error != NULL && pg_strcasecmp(on_error, "HALT") != 0)
		r->changeset->host_reason = psprintf("onError:%s", on_error);
	resetStringInfo(&r->changeset->condition);
}

/* A line about preconditions; false if it is none. */
static bool
read_precondition(SqlReading *r)
{
	static const char expected[] = "--precondition-sql-check, --precondition-table-exists or --precondition-view-exists";
	const char *body = mig_lb_directive(r->text, true, "preconditions");
	const char *name = mig_lb_directive(r->text, true, "precondition-");
	int			len;

	if (body != NULL)
	{
		read_on_fail(r, body);
		return true;
	}
	if (has_one_dash(r->text, true, "precondition"))
		line_error(r, expected);
	if (name == NULL)
		return false;
	len = strcspn(name, " ");
	body = mig_lb_expand(r->state, r->changelog, NULL, r->changelog->file,
						 mig_lb_trim(name + len), r->line.number);
	if (strncmp(name, "sql-check ", 10) == 0)
		read_sql_check(r, body);
	else if (strncmp(name, "table-exists ", 13) == 0)
		read_exists(r, body, "table");
	else if (strncmp(name, "view-exists ", 12) == 0)
		read_exists(r, body, "view");
	else
		line_error(r, expected);
	return true;
}

/* ----- other directives ----- */

/* "--property name:... value:..."; false if it is no such line. */
static bool
read_property(SqlReading *r)
{
	const char *p = r->text;
	const char *first;
	const char *blank;
	char	   *global;

	while (is_blank(*p))
		p++;
	if (*p != '-')
		return false;
	p += strspn(p, "-");
	if (!mig_lb_word(&p, "property") || !is_blank(*p))
		return false;
	while (is_blank(*p))
		p++;
	first = strchr(p, ':');
	for (blank = first; blank != NULL && *blank != '\0' && !is_blank(*blank);)
		blank++;
	if (mig_lb_directive(r->text, true, "property") == NULL ||
		blank == NULL || strchr(blank, ':') == NULL)
		line_error(r, "--property name:<name> value:<value>");
	global = mig_lb_attribute(r->text, "global", "+");
	mig_lb_property(r->state, r->changelog,
					expanded_attribute(r, "name", "+_"),
					mig_lb_attribute(r->text, "value", "+_"),
					global == NULL || pg_strcasecmp(global, "true") == 0,
					context_attribute(r),
					expanded_attribute(r, "labels", "q"),
					expanded_attribute(r, "dbms", "d"));
	return true;
}

/* The word of "--ignoreLines:word", or NULL. */
static char *
ignored_lines(SqlReading *r)
{
	const char *p = mig_lb_directive(r->text, false, "ignoreLines:");
	char	   *word = p ? mig_lb_attribute(psprintf("x:%s", p), "x", "w") : NULL;

	return word != NULL && p[strlen(word)] == '\0' ? word : NULL;
}

/* "--ignoreLines:start", "end" or a number; false if it is no such line. */
static bool
read_ignore_lines(SqlReading *r)
{
	char	   *word = ignored_lines(r);
	char	   *end;
	long		count;

	if (word == NULL)
	{
		if (has_one_dash(r->text, false, "ignoreLines:") ||
			mig_lb_directive(r->text, false, "ignore:") != NULL)
			line_error(r, "--ignoreLines:<number or start>");
		return false;
	}
	blank_line(r);
	if (strcmp(word, "start") == 0)
	{
		while (next_line(r))
		{
			blank_line(r);
			word = ignored_lines(r);
			if (word != NULL && strcmp(word, "end") == 0)
				break;
		}
		return true;
	}
	errno = 0;
	count = strtol(word, &end, 10);
	if (*end != '\0' || errno != 0)
		line_error(r, "--ignoreLines:<number or start>");
	for (; count > 0 && next_line(r); count--)
		blank_line(r);
	return true;
}

/* What the paid editions know. */
static bool
read_paid(SqlReading *r)
{
	const char *all = mig_lb_directive(r->text, true, "includeAll");
	const char *one = mig_lb_directive(r->text, true, "include");
	const char *tag = mig_lb_directive(r->text, true, "tagDatabase:");
	const char *file = mig_lb_directive(r->text, true, "rollbackSqlFile");
	static const char *const names[] = {
		"file", "path", "relativeToChangelogFile", "errorIfMissing",
		"errorIfMissingOrEmpty", "logicalFilePath", "labels", "contextFilter",
		"context", "ignore", "endsWithFilter", "minDepth", "maxDepth"
	};
	LbNode	   *node;

	if (tag != NULL || (file != NULL && is_blank(*file)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%.80s\" is not supported", r->text),
				 errhint("Remove the line, or write the rollback as --rollback lines."),
				 mig_file_errcontext(r->changelog->file, r->line.number)));
	if (all == NULL && (one == NULL || !is_blank(*one) ||
						!mig_lb_word(&one, "file:")))
		return false;
	if (all != NULL && !is_blank(*all))
		return false;
	node = palloc0(sizeof(LbNode));
	node->name = all != NULL ? "includeAll" : "include";
	node->line = r->line.number;
	for (int i = 0; i < lengthof(names); i++)
	{
		LbNode	   *child = palloc0(sizeof(LbNode));

		child->name = names[i];
		child->value = expanded_attribute(r, names[i], "q");
		node->children = lappend(node->children, child);
	}
	end_changeset(r, false);
	r->state->include(r->state, r->changelog, node, all != NULL);
	return true;
}

/* A comment of a changeset or a checksum that is welcome; false if neither. */
static bool
read_remark(SqlReading *r)
{
	const char *p = mig_lb_directive(r->text, false, "comment");

	if (p != NULL && p[*p == ':'] == ' ')
	{
		r->changeset->comment = pstrdup(p + (*p == ':') + 1);
		return true;
	}
	if (p != NULL && pg_strncasecmp(p, "s", 1) == 0 && p[1 + (p[1] == ':')] == ' ')
		line_error(r, "--comment <text>");
	if (has_one_dash(r->text, false, "comment"))
		line_error(r, "--comment <text>");
	p = mig_lb_directive(r->text, false, "validCheckSum");
	if (p != NULL && p[*p == ':'] == ' ')
	{
		r->changeset->checksums = lappend(r->changeset->checksums,
										  mig_lb_trim(p + (*p == ':') + 1));
		return true;
	}
	if (has_one_dash(r->text, false, "validCheckSum"))
		line_error(r, "--validCheckSum <checksum>");
	return false;
}

/* A line within a changeset. */
static void
read_body_line(SqlReading *r)
{
	const char *rollback;

	if (read_remark(r))
	{
		blank_line(r);
		return;
	}
	rollback = mig_lb_directive(r->text, true, "rollback");
	if (rollback != NULL && *rollback == ' ')
	{
		add_rollback(r, rollback + 1);
		blank_line(r);
	}
	else if (has_one_dash(r->text, true, "rollback"))
		line_error(r, "--rollback <SQL>");
	else if (is_rollback_block(r->text))
		read_rollback_block(r);
	else if (read_precondition(r))
		blank_line(r);
	else if (r->line.next != NULL)
		appendBinaryStringInfo(&r->body, r->line.start,
							   r->line.next - r->line.start);
	else
		appendStringInfoString(&r->body, r->line.start);
}

/* Reads a file of formatted SQL. */
void
mig_lb_read_sql(LbState *state, LbChangelog *changelog)
{
	SqlReading	r = {.state = state,.changelog = changelog};

	initStringInfo(&r.body);
	initStringInfo(&r.rollback);
	mig_line_first(&r.line, mig_file_text(changelog->file));
	r.text = pnstrdup(r.line.start, r.line.end - r.line.start);
	do
	{
		if (is_header(r.text) && !r.own_logical)
		{
			char	   *logical = mig_lb_attribute(r.text, "logicalFilePath", "s");

			r.own_logical = logical != NULL;
			if (logical != NULL && *logical != '\0')
				changelog->logical = logical;
		}
		if (read_property(&r))
			blank_line(&r);
		else if (read_ignore_lines(&r) || read_changeset_line(&r) ||
				 read_paid(&r))
			continue;
		else if (r.changeset != NULL)
			read_body_line(&r);
		else
			tell_of_lost_text(&r);
	} while (next_line(&r));
	end_changeset(&r, true);
}
