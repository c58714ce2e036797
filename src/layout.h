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

#include "nodes/pg_list.h"

typedef struct MigFile
{
	const char *path;			/* as given; '/' separates directories */
	const char *content;		/* in the database encoding, NUL-terminated */
} MigFile;

/* One direction's script. */
typedef struct MigSource
{
	char	   *text;			/* NULL: there is none */
	int			line;			/* line of its first byte in its file, from 1 */
	bool		no_transaction; /* every statement is its own step */
} MigSource;

typedef struct MigDefinition
{
	char	   *version;		/* NULL for a repeatable */
	char	   *sort_key;		/* NULL for a repeatable */
	char	   *name;
	bool		repeatable;
	char	   *path;			/* of the up script */
	MigSource	up;
	MigSource	down;
} MigDefinition;

/* Result of reading a set of files. */
typedef struct MigLayoutResult
{
	List	   *definitions;	/* of MigDefinition *, in order */
	List	   *ignored;		/* of char *: paths that are no migrations */
} MigLayoutResult;

extern MigLayoutResult *mig_layout_read(const char *layout, List *files);
extern char *mig_version_sort_key(const char *version);

#endif							/* MIG_LAYOUT_H */
