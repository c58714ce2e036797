/*-------------------------------------------------------------------------
 *
 * lint.c
 *	  lint: judging what is pending before it runs.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "json.h"
#include "lint_ci.h"
#include "lint_text.h"
#include "push.h"
#include "screen.h"
#include "session.h"

typedef struct Format
{
	const char *name;
	bool		machine;		/* nothing else goes to standard output */
	bool		rules;			/* it shows them, too */
	void		(*print) (const Findings *findings);
} Format;

static const Format formats[] = {
	{"text", false, false, lint_print_text},
	{"json", true, false, lint_print_json},
	{"github", true, false, lint_print_github},
	{"gitlab", true, false, lint_print_gitlab},
	{"sarif", true, true, lint_print_sarif}
};

/* From what is shown or fails a build always to what never does. */
static const char *const severities[] = {"error", "warning", "notice", "never"};

#define NEVER 3

/*
 * What was asked for
 */

static const Format *
find_format(const Options *options)
{
	const char *name = options->format ? options->format :
		options->json ? "json" : "text";

	if (options->json && strcmp(name, "json") != 0)
		usage_error(options, "--json is --format=json, not --format=%s", name);
	for (size_t i = 0; i < lengthof(formats); i++)
	{
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	usage_error(options, "there is no format \"%s\"; formats are text, json, github, gitlab and sarif",
				name);
}

/* The severity's number; -1: there is none of that name. */
static int
severity_number(const char *name, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (strcmp(severities[i], name) == 0)
			return i;
	}
	return -1;
}

static int
severity_option(const Options *options, const char *option, const char *value,
				int otherwise, int last)
{
	int			number = value ? severity_number(value, last + 1) : otherwise;

	if (number < 0)
		usage_error(options, "--%s takes error, warning%s notice%s, not \"%s\"",
					option, last == NEVER ? "," : " or",
					last == NEVER ? " or never" : "", value);
	return number;
}

/*
 * What the server says
 */

static PGresult *
ask_for_findings(Db *db)
{
	const Options *options = db->options;
	Query		query;

	query_init(&query,
			   "SELECT rule, severity, version, name, path, statement, line, col,"
			   " object, consequence, rewrite, page, origin"
			   " FROM migrate.lint(target => $1, version => $2, assume => $3, project => $4)");
	query_text(&query, options->target);
	query_text(&query, options->only);
	query_text(&query, options->assume);
	query_text(&query, options->project);
	return session_rows(db, &query, NULL);
}

static PGresult *
ask_for_rules(Db *db)
{
	Query		query;

	query_init(&query,
			   "SELECT rule, section, severity, enabled, help, why, safe, page"
			   " FROM migrate.rules()");
	return session_rows(db, &query, NULL);
}

/* Judges the files of a directory, if one is given, with what is stored. */
static PGresult *
judge(Db *db, Sources *sources)
{
	PGresult   *rows;

	push_for_a_look(db, option_argument(db->options, 0), sources);
	rows = ask_for_findings(db);
	session_command(db, "ROLLBACK");
	return rows;
}

/*
 * What becomes of it
 */

/* How many findings there are of a severity, or from it on upwards. */
static int
count_findings(const PGresult *rows, int from, int to)
{
	int			count = 0;

	for (int row = 0; row < PQntuples(rows); row++)
	{
		int			number = severity_number(PQgetvalue(rows, row, FINDING_SEVERITY), NEVER);

		count += number >= from && number <= to;
	}
	return count;
}

/* The findings of a severity and above. */
static PGresult *
select_findings(const PGresult *rows, int level)
{
	PGresult   *selected = PQcopyResult(rows, PG_COPYRES_ATTRS);

	for (int row = 0; row < PQntuples(rows); row++)
	{
		if (severity_number(PQgetvalue(rows, row, FINDING_SEVERITY), NEVER) <= level)
			result_add_row(selected, rows, row);
	}
	return selected;
}

/* "2 errors, 1 warning; 3 not shown" */
static void
print_summary(const PGresult *rows, int level)
{
	Text		text = {0};
	int			hidden = count_findings(rows, level + 1, NEVER);

	for (int i = 0; i <= level; i++)
	{
		int			count = count_findings(rows, i, i);

		if (count > 0)
			text_add_format(&text, "%s%d %s%s", text.len > 0 ? ", " : "", count,
							severities[i], count == 1 ? "" : "s");
	}
	if (text.len == 0)
		text_add(&text, "nothing found");
	if (hidden > 0)
		text_add_format(&text, "; %d not shown", hidden);
	say("%s", text.data);
	text_free(&text);
}

/* lint --rules */
static int
list_rules(Options *options)
{
	Db		   *db = session_open(options);
	PGresult   *rules = ask_for_rules(db);

	if (options->json)
		print_json(rules);
	print_table(rules, RULE_WHY, -1);
	PQclear(rules);
	db_close(db);
	return EXIT_DONE;
}

/* lint [DIR] */
int
command_lint(Options *options)
{
	const Format *format = find_format(options);
	int			level = severity_option(options, "level", options->level,
										NEVER - 1, NEVER - 1);
	int			fail_on = severity_option(options, "fail-on", options->fail_on,
										  0, NEVER);
	Findings	findings = {0};
	PGresult   *rows;
	Db		   *db;
	bool		failed;

	options_need_directory(options, option_argument(options, 0));
	options->json = strcmp(format->name, "json") == 0;
	screen_init(format->machine);
	if (options->rules)
		return list_rules(options);
	db = session_open(options);
	rows = judge(db, &findings.sources);
	if (format->rules)
		findings.rules = ask_for_rules(db);
	findings.rows = select_findings(rows, level);
	format->print(&findings);
	print_summary(rows, level);
	failed = fail_on < NEVER && count_findings(rows, 0, fail_on) > 0;
	PQclear(rows);
	PQclear(findings.rows);
	PQclear(findings.rules);
	db_close(db);
	return failed ? EXIT_FAILED : EXIT_DONE;
}
