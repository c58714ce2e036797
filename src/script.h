/*-------------------------------------------------------------------------
 *
 * script.h
 *	  Script text to statements, statements to steps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCRIPT_H
#define MIG_SCRIPT_H

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
	RawStmt    *raw;			/* locations refer to 'source' */
	const char *source;			/* the NUL-terminated string that was parsed */
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

extern MigScript *mig_script_parse(const char *text, int first_line,
								   bool no_transaction);
extern List *mig_script_split_step(const MigScript *script, const MigStep *step,
								   int statement, bool toplevel);
extern bool mig_script_same_tokens(const char *a, const char *b,
								   int *line_a, int *line_b);
extern char *mig_script_line(const char *text, int line);
extern const char *mig_script_skip_blank(const char *p, const char *end);

#endif							/* MIG_SCRIPT_H */
