/*-------------------------------------------------------------------------
 *
 * lint.h
 *	  Judging scripts before they run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LINT_H
#define MIG_LINT_H

#include "catalog.h"
#include "rule.h"

typedef struct MigLintRequest
{
	const char *project;
	const char *target;			/* up to this version; NULL: all */
	const char *version;		/* of this one alone; NULL: all */
	bool		assume_large;	/* what does not exist here */
	bool		trace;			/* a dry run was made, too */
	List	   *traced;			/* of MigLintTraced *: what it found */
} MigLintRequest;

/* Something that a dry run found, in words: it came from another process. */
typedef struct MigLintTraced
{
	const char *rule;
	MigSeverity severity;		/* MIG_SEVERITY_DEFAULT: the rule's own */
	const char *version;		/* NULL for a repeatable */
	const char *name;
	int			statement;		/* 0: of none */
	int			line;
	const char *object;
	const char *consequence;
} MigLintTraced;

/*
 * Called for each statement that would run, after the rules; for a script that
 * cannot be parsed once, without a statement.
 */
typedef void (*MigLintVisitor) (const MigLint *lint, void *arg);

typedef struct MigLintResult
{
	List	   *scripts;		/* of MigLintScript * */
	List	   *findings;		/* of MigFinding *, in their order */
} MigLintResult;

extern MigLintResult *mig_lint_pending(const MigLintRequest *request);
extern MigLintResult *mig_lint_migrations(List *migrations,
										  MigLintVisitor visit, void *arg);
extern MigLintResult *mig_lint_sql(const char *text, bool no_transaction,
								   bool assume_large);
extern const MigLintScript *mig_lint_script(const MigLintResult *result,
											const MigFinding *finding);

#endif							/* MIG_LINT_H */
