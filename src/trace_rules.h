/*-------------------------------------------------------------------------
 *
 * trace_rules.h
 *	  Findings that only a rehearsal can give.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TRACE_RULES_H
#define MIG_TRACE_RULES_H

#include "rule.h"
#include "trace.h"

typedef struct MigTraceFinding
{
	const char *rule;			/* as rules() names it */
	MigSeverity severity;		/* MIG_SEVERITY_DEFAULT: the rule's own */
	const MigTrace *trace;		/* of the statement, or of a commit that failed */
	const char *object;			/* NULL: none */
	const char *consequence;
} MigTraceFinding;

extern List *mig_trace_rules(List *traces);
extern bool mig_trace_finds(const char *rule);

#endif							/* MIG_TRACE_RULES_H */
