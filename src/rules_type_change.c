/*-------------------------------------------------------------------------
 *
 * rules_type_change.c
 *	  Lint rules: type change rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

const MigRule mig_rules_type_change[] = {
	{0}
};
