/*-------------------------------------------------------------------------
 *
 * lint_tell.h
 *	  Telling what lint found, and refusing to run it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LINT_TELL_H
#define MIG_LINT_TELL_H

#include "nodes/pg_list.h"

extern List **mig_lint_before_run(List *migrations);
extern void mig_lint_after_load(const char *project, List *labels);

#endif							/* MIG_LINT_TELL_H */
