/*-------------------------------------------------------------------------
 *
 * trace_rules.h
 *	  Findings that only a rehearsal can give.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TRACE_RULES_H
#define MIG_TRACE_RULES_H

#include "trace.h"

typedef struct MigTraceFinding
{
	const char *rule;			/* as rules() names it */
	const MigTrace *trace;		/* of the statement; NULL: of none */
	const char *object;
	const char *consequence;
} MigTraceFinding;

extern List *mig_trace_rules(List *traces);

#endif							/* MIG_TRACE_RULES_H */
