/*-------------------------------------------------------------------------
 *
 * paths.h
 *	  The files of a reading by their paths, for layouts in which one file
 *	  names others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PATHS_H
#define MIG_PATHS_H

#include "files.h"

typedef struct MigPath
{
	const char *path;			/* without ".", ".." and double slashes */
	const MigFile *file;
	bool		used;			/* the layout knows what the file is for */
} MigPath;

typedef struct MigPaths
{
	MigPath    *paths;			/* sorted */
	int			count;
} MigPaths;

extern MigPaths *mig_paths(const MigReading *reading);
extern char *mig_paths_join(const char *directory, const char *path);
extern const MigFile *mig_paths_use(MigPaths *paths, const char *path);
extern const MigFile *mig_paths_nearest(const MigPaths *paths,
										const char *ending);
extern void mig_paths_ignore_rest(MigReading *reading, const MigPaths *paths);

#endif							/* MIG_PATHS_H */
