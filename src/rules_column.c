/*-------------------------------------------------------------------------
 *
 * rules_column.c
 *	  Lint rules: column rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

const MigRule mig_rules_column[] = {
	{0}
};
