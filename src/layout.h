/*-------------------------------------------------------------------------
 *
 * layout.h
 *	  Files of a migration directory in, migrations out.  Pure text: no
 *	  catalog access, no file access.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LAYOUT_H
#define MIG_LAYOUT_H

#include "files.h"

/* What puts the versioned migrations of a layout in order. */
typedef enum MigOrder
{
	MIG_ORDER_NUMBER,			/* mig_version_sort_key() of the version */
	MIG_ORDER_NAME,				/* a key of the layout's own */
	MIG_ORDER_PLAN				/* the order in which a plan lists them: the
								 * keys are made when they are stored */
} MigOrder;

typedef struct MigLayoutRequest
{
	const char *layout;			/* its name, or "auto" */
	const char *directory;		/* that was read; NULL: a client sent files */
	List	   *files;			/* of MigFile * */
	List	   *variables;		/* of MigVariable * */
	MigSurroundings around;
	const char *previous;		/* the layout in which the project's files were
								 * read before; NULL: none */
	bool		(*has_history) (const char *tool);	/* asked when the files
													 * leave a choice */
} MigLayoutRequest;

/* Result of reading a set of files. */
typedef struct MigLayoutResult
{
	const char *layout;			/* the one they were read in */
	List	   *definitions;	/* of MigDefinition *, in order */
	List	   *ignored;		/* of char *: paths that are no migrations */
} MigLayoutResult;

extern MigLayoutResult *mig_layout_read(const MigLayoutRequest *request);
extern const char *mig_layout_host_hint(const char *layout);
extern MigOrder mig_layout_order(const char *layout);

#endif							/* MIG_LAYOUT_H */
