/*-------------------------------------------------------------------------
 *
 * rules_statement.c
 *	  Lint rules: statements, names, what cannot run at all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

/* Found by lint.c itself, before there is a statement to look at. */
static void
check_nothing(MigLint *lint)
{
}

const MigRule mig_rules_statement[] = {
	{
		.name = "syntax-error",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.check = check_nothing,
		.help = "the script cannot be parsed",
		.why = "The server's own grammar refuses the script, so no statement of it would run.",
		.safe = "never",
		.bad = "ALTER TABEL t ADD a int;",
		.good = "ALTER TABLE t ADD a2 int;",
	},
	{
		.name = "refused-statement",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.check = check_nothing,
		.help = "the statement cannot be part of a migration",
		.why = "ROLLBACK, SAVEPOINT, PREPARE TRANSACTION and the like take the transaction out of the runner's hands.",
		.safe = "never",
		.bad = "ROLLBACK;",
		.good = "SELECT 1;",
	},
	{0}
};
