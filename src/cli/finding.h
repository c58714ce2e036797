/*-------------------------------------------------------------------------
 *
 * finding.h
 *	  What lint found, on its way to the formats.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_FINDING_H
#define CLI_FINDING_H

#include <stdlib.h>

#include "sources.h"

/* Columns of the rows of lint(), as they are asked for. */
enum
{
	FINDING_RULE,
	FINDING_SEVERITY,
	FINDING_VERSION,
	FINDING_NAME,
	FINDING_PATH,
	FINDING_STATEMENT,
	FINDING_LINE,
	FINDING_COL,
	FINDING_OBJECT,
	FINDING_CONSEQUENCE,
	FINDING_REWRITE,
	FINDING_PAGE,
	FINDING_ORIGIN
};

/* Columns of the rows of rules(), as they are asked for. */
enum
{
	RULE_NAME,
	RULE_SECTION,
	RULE_SEVERITY,
	RULE_ENABLED,
	RULE_HELP,
	RULE_WHY,
	RULE_SAFE,
	RULE_PAGE
};

typedef struct Findings
{
	PGresult   *rows;			/* those to be shown */
	PGresult   *rules;			/* all of them; NULL: the format needs none */
	Sources		sources;		/* the files that were judged */
} Findings;

/* A value; NULL if it is null. */
static inline const char *
finding_text(const Findings *findings, int row, int column)
{
	return PQgetisnull(findings->rows, row, column) ? NULL :
		PQgetvalue(findings->rows, row, column);
}

/* A number; 0 if it is null. */
static inline int
finding_number(const Findings *findings, int row, int column)
{
	return atoi(PQgetvalue(findings->rows, row, column));
}

#endif							/* CLI_FINDING_H */
