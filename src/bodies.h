/*-------------------------------------------------------------------------
 *
 * bodies.h
 *	  The statements in the bodies of functions, procedures and DO blocks.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BODIES_H
#define MIG_BODIES_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

/*
 * A statement of a body.  The locations in 'raw' are offsets in 'text'.  If it
 * is written like that, text[i] stands at body_location + location + i of the
 * statement's text, but for a PERFORM, here SELECT, and an INTO, here blanks.
 */
typedef struct MigBodyStatement
{
	const char *text;
	int			location;		/* of the first byte, or of the expression that
								 * makes it, from body_location on; -1: unknown */
	bool		as_written;		/* false: put together, or written with escapes */
	int			line;			/* in the body, from 1 */
	RawStmt    *raw;			/* NULL: dynamic */
	bool		dynamic;		/* its text is made when it runs */
	const char *expression;		/* of dynamic: what makes the text */
	bool		commits;		/* COMMIT or ROLLBACK */
} MigBodyStatement;

typedef struct MigBody
{
	const char *language;
	const char *text;			/* the body */
	int			body_location;	/* of its first byte in the statement's text;
								 * -1: unknown */
	List	   *statements;		/* of MigBodyStatement *, as they stand */
	const char *unseen;			/* why nobody could look; NULL: somebody did */
	bool		dynamic;		/* of one of the statements: see above */
	bool		commits;		/* the same */
} MigBody;

extern MigBody *mig_body_of(Node *stmt, const char *text);
extern bool mig_body_call_commits(const CallStmt *stmt);

#endif							/* MIG_BODIES_H */
