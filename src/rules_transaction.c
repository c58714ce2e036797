/*-------------------------------------------------------------------------
 *
 * rules_transaction.c
 *	  Lint rules: transaction rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

const MigRule mig_rules_transaction[] = {
	{0}
};
