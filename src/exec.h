/*-------------------------------------------------------------------------
 *
 * exec.h
 *	  One statement of a script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_EXEC_H
#define MIG_EXEC_H

#include "script.h"

extern char *mig_exec_text(const MigScript *script, const MigStatement *stmt);
extern void mig_exec_statement(const MigScript *script,
							   const MigStatement *stmt, bool toplevel);
extern void mig_exec_sql(const char *sql, bool toplevel);
extern void mig_exec_set_transaction(List *options);
extern void mig_exec_watch_commits(void);
extern bool mig_exec_committed(void);
extern void mig_exec_after_error(void);
extern void mig_exec_after_failure(void);
extern int	mig_exec_error_line(void);

#endif							/* MIG_EXEC_H */
