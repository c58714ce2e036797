/*-------------------------------------------------------------------------
 *
 * sqitch_plan.h
 *	  Sqitch's plan file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SQITCH_PLAN_H
#define MIG_SQITCH_PLAN_H

#include "files.h"

/* A change that another one requires or conflicts with. */
typedef struct MigSqitchDependency
{
	bool		conflict;
	char	   *project;		/* NULL: this one */
	char	   *change;			/* NULL: told by the tag, or by the ID */
	char	   *tag;			/* NULL: none */
	char	   *id;				/* NULL: told by its name */
	char	   *key;			/* as written, without project */
} MigSqitchDependency;

/* A tag, which stands for the change above it. */
typedef struct MigSqitchTag
{
	char	   *name;			/* without its @ */
	int			line;
	int			change;			/* index of the change */
} MigSqitchTag;

typedef struct MigSqitchChange
{
	char	   *name;
	char	   *planner;		/* with e-mail */
	char	   *timestamp;
	char	   *note;			/* "": none */
	char	   *id;
	int			line;
	int			index;			/* place in the plan, from 0 */
	List	   *dependencies;	/* of MigSqitchDependency * */
	List	   *rework_tags;	/* of char *: the tags by which the scripts of an
								 * instance that was reworked since may be
								 * called; the one that Sqitch writes first */
} MigSqitchChange;

typedef struct MigSqitchPlan
{
	const MigFile *file;
	char	   *project;
	char	   *uri;			/* NULL: none */
	List	   *changes;		/* of MigSqitchChange *, in order */
	List	   *tags;			/* of MigSqitchTag *, in order */
	List	   *foreign;		/* of char *: what is required of other projects
								 * or in conflict with them */
} MigSqitchPlan;

extern MigSqitchPlan *mig_sqitch_plan_read(const MigFile *file);

#endif							/* MIG_SQITCH_PLAN_H */
