/*-------------------------------------------------------------------------
 *
 * rules_data.c
 *	  Lint rules: data rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

const MigRule mig_rules_data[] = {
	{0}
};
