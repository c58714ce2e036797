/*-------------------------------------------------------------------------
 *
 * rules_index.c
 *	  Lint rules: indexes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"

#include "rule.h"

static void
check_concurrent_creation(MigLint *lint)
{
	IndexStmt  *stmt = (IndexStmt *) lint->stmt;

	if (!IsA(stmt, IndexStmt) || stmt->concurrent || lint->rel == NULL ||
		lint->rel->kind == RELKIND_PARTITIONED_TABLE ||
		mig_lint_is_quiet(lint, lint->rel))
		return;
	mig_lint_report(lint, &(MigReport) {
		.severity = mig_lint_by_size(lint, lint->rel),
		.location = stmt->relation->location,
		.object = mig_rel_label(lint->rel),
		.consequence = psprintf("blocks writes to %s while the index is built",
								mig_rel_sized_label(lint->rel)),
		.rewrite = mig_lint_insert(lint, "INDEX", "CONCURRENTLY"),
	});
}

const MigRule mig_rules_index[] = {
	{
		.name = "require-concurrent-index-creation",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.moments = MIG_ON_STATEMENT,
		.check = check_concurrent_creation,
		.help = "CREATE INDEX without CONCURRENTLY blocks writes",
		.why = "CREATE INDEX holds SHARE on the table until the index is built: every INSERT, UPDATE and DELETE waits.",
		.safe = "The table is new, temporary or empty; a small one is a notice.",
		.bad = "CREATE INDEX i ON t(a);",
		.good = "CREATE INDEX CONCURRENTLY i ON t(a);",
	},
	{0}
};
