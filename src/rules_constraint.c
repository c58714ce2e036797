/*-------------------------------------------------------------------------
 *
 * rules_constraint.c
 *	  Lint rules: constraint rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

const MigRule mig_rules_constraint[] = {
	{0}
};
