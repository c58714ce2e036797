/*-------------------------------------------------------------------------
 *
 * rules_trace.c
 *	  Lint rules: what only a dry run finds.
 *
 * Nothing looks for them in a script; see trace_rules.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule.h"

const MigRule mig_rules_trace[] = {
	{
		.name = "failing-statement",
		.severity = MIG_SEVERITY_ERROR,
		.enabled = true,
		.help = "a statement fails in a dry run: lint(trace => true)",
		.why = "apply() would fail there, too, and stop.",
		.safe = "It succeeds. One that may succeed in apply(), as it only met a lock or cannot be part of a dry run, is a notice.",
	},
	{0}
};
