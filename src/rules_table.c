/*-------------------------------------------------------------------------
 *
 * rules_table.c
 *	  Lint rules: table rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

const MigRule mig_rules_table[] = {
	{0}
};
