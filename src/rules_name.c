/*-------------------------------------------------------------------------
 *
 * rules_name.c
 *	  Lint rules: names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "common/keywords.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "rule.h"
#include "scan.h"

/* The names that the current moment defines: of a relation or a column. */
static const char *
defined_name(MigLint *lint, int *location)
{
	Node	   *stmt = lint->stmt;

	*location = 0;
	if (lint->column != NULL)
	{
		*location = lint->column->location;
		return lint->column->colname;
	}
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			*location = ((CreateStmt *) stmt)->relation->location;
			return ((CreateStmt *) stmt)->relation->relname;
		case T_CreateTableAsStmt:
			*location = ((CreateTableAsStmt *) stmt)->into->rel->location;
			return ((CreateTableAsStmt *) stmt)->into->rel->relname;
		case T_ViewStmt:
			*location = ((ViewStmt *) stmt)->view->location;
			return ((ViewStmt *) stmt)->view->relname;
		case T_CreateSeqStmt:
			*location = ((CreateSeqStmt *) stmt)->sequence->location;
			return ((CreateSeqStmt *) stmt)->sequence->relname;
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->idxname;
		case T_CreateSchemaStmt:
			return ((CreateSchemaStmt *) stmt)->schemaname;
		case T_RenameStmt:
			return ((RenameStmt *) stmt)->newname;
		default:
			return NULL;
	}
}

static bool
is_reserved(const char *name)
{
	int			keyword = ScanKeywordLookup(name, &ScanKeywords);

	return keyword >= 0 &&
		ScanKeywordCategories[keyword] != UNRESERVED_KEYWORD;
}

static void
check_reserved(MigLint *lint)
{
	int			location;
	const char *name = defined_name(lint, &location);

	if (name == NULL || !is_reserved(name) ||
		strcmp(quote_identifier(name), name) == 0)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = location,
		.object = quote_identifier(name),
		.consequence = psprintf("the name %s is a key word: every query must write \"%s\"",
								name, name),
	});
}

static void
check_quoting(MigLint *lint)
{
	int			location;
	const char *name = defined_name(lint, &location);

	if (name == NULL || is_reserved(name) ||
		strcmp(quote_identifier(name), name) == 0)
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = location,
		.object = quote_identifier(name),
		.consequence = psprintf("every query must write the name as %s",
								quote_identifier(name)),
	});
}

/* Lower case, digits and underscores, beginning with a letter. */
static void
check_convention(MigLint *lint)
{
	int			location;
	const char *name = defined_name(lint, &location);

	if (name == NULL ||
		(*name >= 'a' && *name <= 'z' &&
		 strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name)))
		return;
	mig_lint_report(lint, &(MigReport) {
		.location = location,
		.object = quote_identifier(name),
		.consequence = psprintf("the name %s is not made of lower case letters, digits and underscores",
								quote_identifier(name)),
	});
}

static void
check_schema_given(MigLint *lint)
{
	Node	   *stmt = lint->stmt;
	char		kind;
	RangeVar   *name = mig_lint_subject(stmt, &kind);
	int			places = 0;
	ListCell   *lc;

	if (IsA(stmt, CreateStmt))
		name = ((CreateStmt *) stmt)->relation;
	if (name == NULL || name->schemaname != NULL ||
		name->relpersistence == RELPERSISTENCE_TEMP ||
		lint->body == MIG_BODY_ROUTINE)
		return;
	foreach(lc, lint->shadow->path)
		places += mig_shadow_find_named(lint->shadow, lfirst(lc),
										name->relname) != NULL;
	mig_lint_report(lint, &(MigReport) {
		.severity = places > 1 ? MIG_SEVERITY_WARNING : MIG_SEVERITY_NOTICE,
		.location = name->location,
		.object = quote_identifier(name->relname),
		.consequence = psprintf("what %s means depends on search_path%s",
								quote_identifier(name->relname),
								places > 1 ? ", in which several schemas have one" : ""),
	});
}

/* Has the text a word that may be too long for a name? */
static bool
has_long_word(const char *text, int len)
{
	int			word = 0;

	for (int i = 0; i < len; i++)
	{
		word = isspace((unsigned char) text[i]) || text[i] == ',' ||
			text[i] == '(' || text[i] == ')' ? 0 : word + 1;
		if (word >= NAMEDATALEN)
			return true;
	}
	/* a quoted name may have anything in it */
	return memchr(text, '"', len) != NULL && len > NAMEDATALEN;
}

typedef struct LongName
{
	const char *full;
	const char *cut;
} LongName;

/* A name that was cut to the same as another one; NULL: there is none. */
static const char *
find_same_cut(MigLint *lint, const char *full, const char *cut)
{
	List	  **names = mig_lint_memory(lint, sizeof(List *));
	MemoryContext caller;
	LongName   *name;
	ListCell   *lc;

	foreach(lc, *names)
	{
		name = lfirst(lc);
		if (strcmp(name->cut, cut) == 0)
			return strcmp(name->full, full) == 0 ? NULL : name->full;
	}
	caller = MemoryContextSwitchTo(lint->context);
	name = palloc(sizeof(LongName));
	name->full = pstrdup(full);
	name->cut = pstrdup(cut);
	*names = lappend(*names, name);
	MemoryContextSwitchTo(caller);
	return NULL;
}

/* The tree holds only what is left of the name: the scanner cuts it. */
static void
check_length(MigLint *lint)
{
	char	   *text;
	MigScan		scan;

	if (lint->body != MIG_BODY_NONE ||
		!has_long_word(lint->source + lint->location, lint->len))
		return;
	text = mig_lint_text(lint);
	mig_scan_begin(&scan, text);
	while (mig_scan_next(&scan) == MIG_SCAN_TOKEN)
	{
		int			end = scan.location;
		char	   *full;
		const char *same;

		if (scan.token != MIG_TOKEN_IDENT)
			continue;
		if (text[end] == '"')
		{
			for (end++; text[end] != '\0' &&
				 (text[end] != '"' || text[end + 1] == '"'); end++)
			{
				if (text[end] == '"')
					end++;
			}
			full = pnstrdup(text + scan.location + 1, end - scan.location - 1);
		}
		else
		{
			while (isalnum((unsigned char) text[end]) || text[end] == '_' ||
				   text[end] == '$' || IS_HIGHBIT_SET(text[end]))
				end++;
			full = pnstrdup(text + scan.location, end - scan.location);
		}
		if (strlen(full) < NAMEDATALEN)
			continue;
		same = find_same_cut(lint, full, scan.value.str);
		mig_lint_report(lint, &(MigReport) {
			.severity = same ? MIG_SEVERITY_ERROR : MIG_SEVERITY_WARNING,
			.location = lint->location - lint->base + scan.location,
			.object = full,
			.consequence = same ?
			psprintf("is cut to %s, like %s", scan.value.str, same) :
			psprintf("is cut to %s: a name can have %d bytes", scan.value.str,
					 NAMEDATALEN - 1),
		});
	}
	mig_scan_end(&scan);
}

const MigRule mig_rules_name[] = {
	{
		.name = "identifier-too-long",
		.severity = MIG_SEVERITY_WARNING,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_length,
		.help = "a name of more than 63 bytes",
		.why = "The server cuts it, so the object has another name than the script says; two names can become the same.",
		.safe = "never",
		.bad = "CREATE INDEX an_index_name_that_is_longer_than_the_sixty_three_bytes_that_fit_here ON t(a);",
		.good = "CREATE INDEX t_a_idx ON t(a);",
	},
	{
		.name = "naming-convention",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = false,
		.moments = MIG_ON_STATEMENT | MIG_ON_COLUMN,
		.check = check_convention,
		.help = "a name that is not lower case with underscores",
		.why = "Names that need no quotes are the same in every tool.",
		.safe = "Letters a to z, digits and underscores, a letter first.",
		.bad = "CREATE TABLE \"BadName\"(a int);",
		.good = "CREATE TABLE bad_name(a int);",
	},
	{
		.name = "reserved-word",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COLUMN,
		.check = check_reserved,
		.help = "a name that is a key word",
		.why = "Every query must quote it, and who forgets gets a syntax error, or another meaning.",
		.safe = "The key word may be a name as it is.",
		.bad = "CREATE TABLE \"order\"(a int);",
		.good = "CREATE TABLE orders(a int);",
	},
	{
		.name = "needs-quoting",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = true,
		.moments = MIG_ON_STATEMENT | MIG_ON_COLUMN,
		.check = check_quoting,
		.help = "a name that must be quoted",
		.why = "Every query must quote it, with the same upper and lower case.",
		.safe = "The name is the same with and without quotes.",
		.bad = "CREATE TABLE \"userAccounts\"(a int);",
		.good = "CREATE TABLE user_accounts(a int);",
	},
	{
		.name = "require-table-schema",
		.severity = MIG_SEVERITY_NOTICE,
		.enabled = false,
		.moments = MIG_ON_STATEMENT,
		.check = check_schema_given,
		.help = "a relation without its schema",
		.why = "What the name means depends on search_path, which is another one in another session.",
		.safe = "The schema is written; or the relation is temporary.",
		.bad = "CREATE TABLE n(a int);",
		.good = "CREATE TABLE app.n(a int);",
	},
	{0}
};
