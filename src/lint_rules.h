/*-------------------------------------------------------------------------
 *
 * lint_rules.h
 *	  The table of lint rules.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LINT_RULES_H
#define MIG_LINT_RULES_H

#include "rule.h"

extern int	mig_lint_rules_count(void);
extern const MigRule *mig_lint_rule(int number);
extern const MigRule *mig_lint_rule_named(const char *name);
extern const char *mig_lint_rule_nearest(const char *name);
extern const char *mig_lint_rule_section(int number);
extern const char *mig_lint_rule_page(const MigRule *rule);
extern bool *mig_lint_rules_enabled(void);

#endif							/* MIG_LINT_RULES_H */
