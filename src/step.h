/*-------------------------------------------------------------------------
 *
 * step.h
 *	  A script's statements to steps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STEP_H
#define MIG_STEP_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

#include "classify.h"

/* One statement of a script, as the server's grammar delimits it. */
typedef struct MigStatement
{
	int			number;			/* 1 for the first statement of the script */
	int			line;			/* line of its first token in the file */
	int			location;		/* byte offset of its first token in the text */
	int			len;			/* bytes up to, excluding, the final ';' */
	MigStmtClass class;
	CommandTag	tag;
	RawStmt    *raw;
	int			base;			/* added to a location of the tree: in the text */
	const char *data;			/* MIG_STMT_COPY_IN: first byte of the data */
	int			data_len;		/* bytes up to the line with \. */
} MigStatement;

/*
 * A part of a script that commits on its own.  'first' and 'last' are
 * statement numbers; an empty script is one step with first = 1, last = 0.
 * BEGIN and COMMIT belong to the step they delimit and are not executed.
 */
typedef struct MigStep
{
	int			first;
	int			last;
	bool		toplevel;		/* one statement, outside any transaction block */
	int			origin;			/* first statement before a split; 0: none */
	bool		block;			/* the script itself wrote BEGIN ... COMMIT */
	List	   *begin_options;	/* of BEGIN: DefElems for SET TRANSACTION */
} MigStep;

typedef struct MigScript
{
	const char *text;
	int			first_line;		/* line of the text's first byte in its file */
	int			nstatements;
	MigStatement *statements;
	List	   *steps;			/* of MigStep * */
} MigScript;

extern void mig_step_build(MigScript *script, bool no_transaction);
extern List *mig_step_split(const MigScript *script, const MigStep *step,
							int number, bool toplevel);

#endif							/* MIG_STEP_H */
