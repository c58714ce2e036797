/*-------------------------------------------------------------------------
 *
 * lint_tell.c
 *	  Telling what lint found, and refusing to run it: what migrate.lint asks
 *	  for before a run and after a load.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "gauge.h"
#include "guc.h"
#include "lint.h"
#include "lint_rules.h"
#include "lint_tell.h"
#include "spi_util.h"

/* More findings than these are only counted. */
#define MAX_TOLD	20

/* Judging, as a call that may fail. */
typedef struct LintTry
{
	List	   *migrations;
	MigLintResult *result;		/* NULL: it failed */
	MemoryContext context;		/* of the following */
	List	  **timings;		/* of MigTiming *, for each migration; NULL: not
								 * wanted */
} LintTry;

/* A MigLintVisitor: notes the work of a statement that will be worth timing. */
static void
note_work(const MigLint *lint, void *arg)
{
	LintTry    *try = arg;
	MemoryContext caller;
	MigTiming  *timing;

	if (lint->statement == NULL)
		return;
	caller = MemoryContextSwitchTo(try->context);
	timing = mig_gauge(lint->stmt, lint->effect);
	if (timing != NULL)
	{
		timing->statement = lint->statement->number;
		try->timings[lint->number] = lappend(try->timings[lint->number],
											 timing);
	}
	MemoryContextSwitchTo(caller);
}

static void
judge(void *arg)
{
	LintTry    *try = arg;

	try->result = mig_lint_migrations(try->migrations,
									  try->timings ? note_work : NULL, try);
}

/* That a script cannot be judged is no reason not to run it. */
static void
try_to_judge(LintTry *try)
{
	ErrorData  *error = mig_sql_try(judge, try);

	if (error != NULL)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("could not judge the scripts: %s", error->message)));
}

/* One finding as a notice. */
static void
tell_finding(const MigLintResult *result, const MigFinding *finding)
{
	const MigLintScript *script = mig_lint_script(result, finding);
	const char *label = mig_label(script->version, script->name);

	ereport(NOTICE,
			(errmsg("lint %s, %s: %s",
					mig_severity_names[finding->severity], finding->rule->name,
					finding->consequence),
			 finding->statement > 0 ?
			 errdetail("Migration \"%s\", statement %d, line %d.", label,
					   finding->statement, finding->line) :
			 errdetail("Migration \"%s\", line %d.", label, finding->line),
			 finding->rewrite ?
			 errhint("%s", finding->rewrite) : 0));
}

/*
 * How to see what is not told, of which this finding is the first.  Once a
 * migration has run, only a call that names it judges it.
 */
static const char *
hint_for_more(const MigLintResult *result, const char *project, bool running,
			  const MigFinding *first)
{
	const MigLintScript *script = mig_lint_script(result, first);
	const char *version = script->version ? script->version : script->name;
	const char *elsewhere = strcmp(project, mig_project) == 0 ? "" :
		psprintf("project => %s", quote_literal_cstr(project));

	if (!running)
		return psprintf("SELECT * FROM migrate.lint(%s); shows them.", elsewhere);
	return psprintf("SELECT * FROM migrate.lint(version => %s%s%s); shows those of \"%s\".",
					quote_literal_cstr(version), *elsewhere ? ", " : "",
					elsewhere, mig_label(script->version, script->name));
}

/*
 * The findings as notices.  Those of severity notice are only counted, and
 * before a run not even that.
 */
static void
tell(const MigLintResult *result, const char *project, bool running)
{
	const MigFinding *first = NULL; /* that is not told */
	int			told = 0;
	int			more = 0;
	ListCell   *lc;

	foreach(lc, result->findings)
	{
		MigFinding *finding = lfirst(lc);

		if (finding->severity == MIG_SEVERITY_NOTICE)
			more += !running;
		else if (told == MAX_TOLD)
			more++;
		else
		{
			tell_finding(result, finding);
			told++;
		}
		if (more == 1 && first == NULL)
			first = finding;
	}
	if (more > 0)
		ereport(NOTICE,
				(errmsg_plural("lint has %d %sfinding",
							   "lint has %d %sfindings", more, more,
							   told > 0 ? "more " : ""),
				 errhint("%s", hint_for_more(result, project, running, first))));
}

/* With migrate.lint = error, a finding of that severity ends the run. */
static void
refuse(const MigLintResult *result)
{
	int			errors = 0;
	ListCell   *lc;

	foreach(lc, result->findings)
		errors += ((MigFinding *) lfirst(lc))->severity == MIG_SEVERITY_ERROR;
	if (errors == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg_plural("lint found %d error in what is pending",
						   "lint found %d errors in what is pending",
						   errors, errors),
			 errdetail("Nothing was run, as migrate.lint is \"error\"."),
			 errhint("See SELECT * FROM migrate.lint(); and correct the scripts, write \"-- migrate:ignore rule: reason\" above a statement that is meant, or run SET migrate.lint = 'warn';")));
}

/*
 * What is found in scripts that are about to run.  Returns what is worth timing
 * in each, as a list of MigTiming; NULL: not known.
 */
List **
mig_lint_before_run(List *migrations)
{
	LintTry		try = {migrations};

	if (mig_lint_mode == MIG_LINT_OFF || migrations == NIL)
		return NULL;
	try.context = CurrentMemoryContext;
	try.timings = palloc0(list_length(migrations) * sizeof(List *));
	try_to_judge(&try);
	if (try.result == NULL)
		return NULL;
	tell(try.result, ((MigMigration *) linitial(migrations))->project, true);
	if (mig_lint_mode == MIG_LINT_ERROR)
		refuse(try.result);
	return try.timings;
}

/* Keeps the findings about some migrations only, given by their labels. */
static void
keep_findings(MigLintResult *result, List *labels)
{
	HASHCTL		control = {.keysize = NAMEDATALEN * 4,.entrysize = NAMEDATALEN * 4};
	HTAB	   *wanted = hash_create("migrate labels", list_length(labels),
									 &control, HASH_ELEM | HASH_STRINGS);
	List	   *left = NIL;
	ListCell   *lc;

	foreach(lc, labels)
		(void) hash_search(wanted, lfirst(lc), HASH_ENTER, NULL);
	foreach(lc, result->findings)
	{
		const MigLintScript *script = mig_lint_script(result, lfirst(lc));

		if (hash_search(wanted, mig_label(script->version, script->name),
						HASH_FIND, NULL) != NULL)
			left = lappend(left, lfirst(lc));
	}
	hash_destroy(wanted);
	result->findings = left;
}

/*
 * What is found in scripts that have just been stored; 'labels' names them, as
 * mig_label() does.
 */
void
mig_lint_after_load(const char *project, List *labels)
{
	LintTry		try = {0};

	if (mig_lint_mode == MIG_LINT_OFF || labels == NIL)
		return;
	try.migrations = mig_catalog_pending(project);
	try_to_judge(&try);
	if (try.result == NULL)
		return;
	keep_findings(try.result, labels);
	tell(try.result, project, false);
}
