/*-------------------------------------------------------------------------
 *
 * lint_ci.c
 *	  Findings for machines: what CI systems read.
 *
 * GitHub's workflow commands, GitLab's code quality report, and SARIF 2.1.0.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "lint_ci.h"

/* The words of the formats for our severities. */
typedef struct Severity
{
	const char *name;
	const char *gitlab;
	const char *sarif;
} Severity;

static const Severity severities[] = {
	{"error", "major", "error"},
	{"warning", "minor", "warning"},
	{"notice", "info", "note"}
};

static const Severity *
find_severity(const char *name)
{
	for (size_t i = 0; i < lengthof(severities); i++)
	{
		if (strcmp(severities[i].name, name) == 0)
			return &severities[i];
	}
	return &severities[lengthof(severities) - 1];
}

/* The rows as they are. */
void
lint_print_json(const Findings *findings)
{
	print_json(findings->rows);
}

/*
 * What the formats share
 */

/* The path from the root of the repository, if it is one; "./" is no part. */
static const char *
finding_path(const Findings *findings, int row)
{
	const char *path = finding_text(findings, row, FINDING_PATH);

	while (path != NULL && starts_with(path, "./"))
		path += 2;
	return path;
}

/* The consequence, and below it what to write instead. */
static char *
message(const Findings *findings, int row)
{
	const char *consequence = PQgetvalue(findings->rows, row, FINDING_CONSEQUENCE);
	const char *rewrite = finding_text(findings, row, FINDING_REWRITE);

	return rewrite == NULL || *rewrite == '\0' ? mem_copy(consequence) :
		format("%s\n\nInstead:\n%s", consequence, rewrite);
}

/* FNV-1a, of a string with its end. */
static uint64_t
hash_add(uint64_t hash, const char *string)
{
	do
	{
		hash ^= (unsigned char) *string;
		hash *= UINT64_C(0x100000001b3);
	} while (*string++ != '\0');
	return hash;
}

/*
 * A number that stays when lines are added elsewhere in the file: of the rule,
 * the file, the object, and the line without its indentation.
 */
static uint64_t
fingerprint(const Findings *findings, int row)
{
	const char *path = finding_path(findings, row);
	int			number = finding_number(findings, row, FINDING_LINE);
	char	   *line = path && number > 0 ?
		sources_line(&findings->sources,
					 finding_text(findings, row, FINDING_PATH), number) : NULL;
	uint64_t	hash = UINT64_C(0xcbf29ce484222325);

	hash = hash_add(hash, PQgetvalue(findings->rows, row, FINDING_RULE));
	hash = hash_add(hash, path ? path :
					PQgetvalue(findings->rows, row, FINDING_NAME));
	hash = hash_add(hash, PQgetvalue(findings->rows, row, FINDING_OBJECT));
	hash = hash_add(hash, line ? line + strspn(line, " \t") :
					PQgetvalue(findings->rows, row, FINDING_STATEMENT));
	free(line);
	return hash;
}

/* Of those that are alike, each its own: "hash:1", "hash:2". */
static char **
fingerprints(const Findings *findings)
{
	int			count = PQntuples(findings->rows);
	uint64_t   *hashes = mem_alloc((size_t) (count + 1) * sizeof(uint64_t));
	char	  **words = mem_alloc((size_t) (count + 1) * sizeof(char *));

	for (int row = 0; row < count; row++)
	{
		int			number = 1;

		hashes[row] = fingerprint(findings, row);
		for (int before = 0; before < row; before++)
			number += hashes[before] == hashes[row];
		words[row] = format("%016" PRIx64 ":%d", hashes[row], number);
	}
	free(hashes);
	return words;
}

static void
free_fingerprints(char **words, int count)
{
	for (int i = 0; i < count; i++)
		free(words[i]);
	free(words);
}

/*
 * JSON
 */

/* "name": "value", with a comma in front if it is not the first member. */
static void
add_member(Text *text, const char *name, const char *value)
{
	if (text->len > 0 && text->data[text->len - 1] != '{')
		text_add(text, ", ");
	json_quote(text, name);
	text_add(text, ": ");
	json_quote(text, value);
}

/* "name": {"text": "value"} */
static void
add_text_object(Text *text, const char *name, const char *value)
{
	if (text->data[text->len - 1] != '{')
		text_add(text, ", ");
	json_quote(text, name);
	text_add(text, ": {");
	add_member(text, "text", value);
	text_add_char(text, '}');
}

static void
print_member_line(Text *text, bool last)
{
	printf("%s%s\n", text->data, last ? "" : ",");
	text_reset(text);
}

/*
 * GitHub
 */

/* Escapes what would end the message, and in a property also the property. */
static void
add_escaped(Text *text, const char *value, bool property)
{
	for (; *value != '\0'; value++)
	{
		if (strchr("%\r\n", *value) != NULL ||
			(property && strchr(":,", *value) != NULL))
			text_add_format(text, "%%%02X", (unsigned char) *value);
		else
			text_add_char(text, *value);
	}
}

void
lint_print_github(const Findings *findings)
{
	for (int row = 0; row < PQntuples(findings->rows); row++)
	{
		const char *path = finding_path(findings, row);
		int			line = finding_number(findings, row, FINDING_LINE);
		int			column = finding_number(findings, row, FINDING_COL);
		char	   *words = message(findings, row);
		Text		text = {0};

		text_add_format(&text, "::%s ",
						PQgetvalue(findings->rows, row, FINDING_SEVERITY));
		if (path != NULL)
		{
			text_add(&text, "file=");
			add_escaped(&text, path, true);
			text_add(&text, ",");
		}
		if (path != NULL && line > 0)
			text_add_format(&text, "line=%d,", line);
		if (path != NULL && line > 0 && column > 0)
			text_add_format(&text, "col=%d,", column);
		text_add(&text, "title=");
		add_escaped(&text, PQgetvalue(findings->rows, row, FINDING_RULE), true);
		text_add(&text, "::");
		add_escaped(&text, words, false);
		puts(text.data);
		text_free(&text);
		free(words);
	}
}

/*
 * GitLab
 */
void
lint_print_gitlab(const Findings *findings)
{
	int			count = PQntuples(findings->rows);
	char	  **words = fingerprints(findings);
	Text		text = {0};

	puts("[");
	for (int row = 0; row < count; row++)
	{
		const char *path = finding_path(findings, row);
		int			line = finding_number(findings, row, FINDING_LINE);
		const char *severity = PQgetvalue(findings->rows, row, FINDING_SEVERITY);
		char	   *description = message(findings, row);

		text_add_char(&text, '{');
		add_member(&text, "description", description);
		add_member(&text, "check_name",
				   PQgetvalue(findings->rows, row, FINDING_RULE));
		add_member(&text, "fingerprint", words[row]);
		add_member(&text, "severity", find_severity(severity)->gitlab);
		/* without a file, the migration's name is the place */
		text_add(&text, ", \"location\": {");
		add_member(&text, "path", path ? path :
				   PQgetvalue(findings->rows, row, FINDING_NAME));
		text_add_format(&text, ", \"lines\": {\"begin\": %d}}}", line > 0 ? line : 1);
		print_member_line(&text, row == count - 1);
		free(description);
	}
	puts("]");
	text_free(&text);
	free_fingerprints(words, count);
}

/*
 * SARIF
 */

/* A path as a URI: relative to the repository, or a file of this machine. */
static char *
path_uri(const char *path)
{
	static const char *const unreserved =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	Text		uri = {0};

	text_add(&uri, *path == '/' ? "file://" : "");
	for (; *path != '\0'; path++)
	{
		if (strchr(unreserved, *path) != NULL)
			text_add_char(&uri, *path);
		else
			text_add_format(&uri, "%%%02X", (unsigned char) *path);
	}
	return uri.data;
}

static const char *
rule_text(const Findings *findings, int rule, int column)
{
	return PQgetvalue(findings->rules, rule, column);
}

static void
print_sarif_rules(const Findings *findings)
{
	int			count = PQntuples(findings->rules);
	Text		text = {0};

	for (int rule = 0; rule < count; rule++)
	{
		const char *level = find_severity(rule_text(findings, rule, RULE_SEVERITY))->sarif;
		char	   *help = format("%s\n\nSafe: %s\n\nSee %s.",
								  rule_text(findings, rule, RULE_WHY),
								  rule_text(findings, rule, RULE_SAFE),
								  rule_text(findings, rule, RULE_PAGE));

		text_add_char(&text, '{');
		add_member(&text, "id", rule_text(findings, rule, RULE_NAME));
		add_text_object(&text, "shortDescription",
						rule_text(findings, rule, RULE_HELP));
		add_text_object(&text, "fullDescription",
						rule_text(findings, rule, RULE_WHY));
		add_text_object(&text, "help", help);
		text_add(&text, ", \"defaultConfiguration\": {");
		add_member(&text, "level", level);
		text_add_format(&text, ", \"enabled\": %s}, \"properties\": {\"tags\": [",
						*rule_text(findings, rule, RULE_ENABLED) == 't' ? "true" : "false");
		json_quote(&text, rule_text(findings, rule, RULE_SECTION));
		text_add(&text, "]}}");
		print_member_line(&text, rule == count - 1);
		free(help);
	}
	text_free(&text);
}

/* The file and the place in it. */
static void
add_sarif_location(Text *text, const Findings *findings, int row)
{
	const char *path = finding_path(findings, row);
	int			line = finding_number(findings, row, FINDING_LINE);
	int			column = finding_number(findings, row, FINDING_COL);
	char	   *uri;

	if (path == NULL)
		return;
	uri = path_uri(path);
	text_add(text, ", \"locations\": [{\"physicalLocation\": {\"artifactLocation\": {");
	add_member(text, "uri", uri);
	text_add_format(text, "}, \"region\": {\"startLine\": %d", line > 0 ? line : 1);
	if (line > 0 && column > 0)
		text_add_format(text, ", \"startColumn\": %d", column);
	text_add(text, "}}}]");
	free(uri);
}

/* The number of the result's rule in the list of them; -1: it is not there. */
static int
rule_index(const Findings *findings, const char *name)
{
	for (int rule = 0; rule < PQntuples(findings->rules); rule++)
	{
		if (strcmp(rule_text(findings, rule, RULE_NAME), name) == 0)
			return rule;
	}
	return -1;
}

static void
print_sarif_results(const Findings *findings)
{
	int			count = PQntuples(findings->rows);
	char	  **words = fingerprints(findings);
	Text		text = {0};

	for (int row = 0; row < count; row++)
	{
		const char *rule = PQgetvalue(findings->rows, row, FINDING_RULE);
		const char *severity = PQgetvalue(findings->rows, row, FINDING_SEVERITY);
		char	   *description = message(findings, row);
		int			number = rule_index(findings, rule);

		text_add_char(&text, '{');
		add_member(&text, "ruleId", rule);
		if (number >= 0)
			text_add_format(&text, ", \"ruleIndex\": %d", number);
		add_member(&text, "level", find_severity(severity)->sarif);
		add_text_object(&text, "message", description);
		add_sarif_location(&text, findings, row);
		text_add(&text, ", \"partialFingerprints\": {");
		add_member(&text, "primaryLocationLineHash", words[row]);
		text_add(&text, "}}");
		print_member_line(&text, row == count - 1);
		free(description);
	}
	text_free(&text);
	free_fingerprints(words, count);
}

void
lint_print_sarif(const Findings *findings)
{
	puts("{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
		 "\"version\": \"2.1.0\",\n"
		 "\"runs\": [{\"tool\": {\"driver\": {\"name\": \"pg_migrate\", \"version\": \"" CLI_VERSION "\",\n"
		 "\"rules\": [");
	print_sarif_rules(findings);
	puts("]}},\n"
		 "\"columnKind\": \"unicodeCodePoints\",\n"
		 "\"results\": [");
	print_sarif_results(findings);
	puts("]}]}");
}
