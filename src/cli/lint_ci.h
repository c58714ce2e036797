/*-------------------------------------------------------------------------
 *
 * lint_ci.h
 *	  Findings for machines: what CI systems read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_LINT_CI_H
#define CLI_LINT_CI_H

#include "finding.h"

extern void lint_print_json(const Findings *findings);
extern void lint_print_github(const Findings *findings);
extern void lint_print_gitlab(const Findings *findings);
extern void lint_print_sarif(const Findings *findings);

#endif							/* CLI_LINT_CI_H */
