/*-------------------------------------------------------------------------
 *
 * script.h
 *	  Script text to statements.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCRIPT_H
#define MIG_SCRIPT_H

#include "step.h"

extern MigScript *mig_script_parse(const char *text, int first_line,
								   bool no_transaction);
extern int	mig_script_error_line(void);
extern int	mig_script_error_location(void);

#endif							/* MIG_SCRIPT_H */
