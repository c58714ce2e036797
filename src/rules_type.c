/*-------------------------------------------------------------------------
 *
 * rules_type.c
 *	  Lint rules: type rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

const MigRule mig_rules_type[] = {
	{0}
};
