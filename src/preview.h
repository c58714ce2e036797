/*-------------------------------------------------------------------------
 *
 * preview.h
 *	  What apply() would do, statement by statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PREVIEW_H
#define MIG_PREVIEW_H

#include "catalog.h"
#include "effect.h"

/* What a statement would do to one relation that is there before it. */
typedef struct MigPreviewTouch
{
	const char *relation;
	int			locks;			/* as MigTouch */
	bool		scans;
	bool		rewrites;
	bool		builds;
	bool		writes;
	int64		bytes;			/* -1: the scripts make it */
	double		rows;			/* estimated */
} MigPreviewTouch;

/* One statement that would run. */
typedef struct MigPreview
{
	const char *version;		/* NULL: of a repeatable */
	const char *name;
	int			script;			/* from 0 */
	int			step;
	int			statement;		/* 0: the script cannot be parsed */
	int			line;			/* 0: not known */
	const char *text;			/* its first line */
	bool		transactional;
	bool		commits;		/* a commit follows it */
	List	   *touches;		/* of MigPreviewTouch * */
	int64		expected;		/* microseconds; -1: not known */
	int			findings;
	const char *note;			/* why it cannot be parsed */
} MigPreview;

extern List *mig_preview(const MigRequest *request);

#endif							/* MIG_PREVIEW_H */
