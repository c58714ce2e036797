/*-------------------------------------------------------------------------
 *
 * lint_text.h
 *	  Findings for people.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_LINT_TEXT_H
#define CLI_LINT_TEXT_H

#include "finding.h"

extern void lint_print_text(const Findings *findings);

#endif							/* CLI_LINT_TEXT_H */
