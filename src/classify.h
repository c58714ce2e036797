/*-------------------------------------------------------------------------
 *
 * classify.h
 *	  What kind of statement this is: may it run in a transaction block?
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_CLASSIFY_H
#define MIG_CLASSIFY_H

#include "nodes/parsenodes.h"
#include "tcop/cmdtag.h"

typedef enum MigStmtClass
{
	MIG_STMT_PLAIN,				/* runs in a transaction block */
	MIG_STMT_TOPLEVEL,			/* refuses a transaction block */
	MIG_STMT_PROCEDURAL,		/* CALL or DO: may commit, if at top level */
	MIG_STMT_COPY_IN,			/* COPY ... FROM stdin, data follows inline */
	MIG_STMT_BEGIN,				/* BEGIN, START TRANSACTION */
	MIG_STMT_COMMIT,			/* COMMIT, END */
	MIG_STMT_REFUSED			/* cannot be part of a script */
} MigStmtClass;

extern MigStmtClass mig_classify(Node *stmt, const char **reason,
								 const char **hint);
extern bool mig_option_is(List *options, const char *name, bool value);

#endif							/* MIG_CLASSIFY_H */
