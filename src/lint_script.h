/*-------------------------------------------------------------------------
 *
 * lint_script.h
 *	  A script as lint judges it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LINT_SCRIPT_H
#define MIG_LINT_SCRIPT_H

#include "rule.h"

/* What parsing a script came to. */
typedef struct MigLintParse
{
	const MigLintScript *script;
	MigScript  *result;			/* NULL: it failed */

	/* if it failed */
	ErrorData  *error;
	int			location;		/* of the error, in the text */
	int			line;			/* the same, in the script's file */
	int			statement;		/* number of the statement it is in */
	int			start;			/* of that statement, in the text */
	int			end;
} MigLintParse;

extern void mig_lint_parse(MigLintParse *try, const MigLintScript *script);
extern const MigRule *mig_lint_parse_rule(const MigLintParse *try);
extern const char *mig_lint_parse_rewrite(const MigLintParse *try);

#endif							/* MIG_LINT_SCRIPT_H */
