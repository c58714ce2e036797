/*-------------------------------------------------------------------------
 *
 * folders.h
 *	  What layouts share that have a folder per migration.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FOLDERS_H
#define MIG_FOLDERS_H

#include "paths.h"

/* A file of a migration's own folder. */
typedef struct MigFolderFile
{
	char	   *folder;			/* its name */
	const char *base;			/* the file's name in it */
} MigFolderFile;

extern char *mig_folders_root(const MigPaths *paths, const char *script);
extern bool mig_folder_file(const char *root, const MigPath *path,
							MigFolderFile *file);
extern void mig_folder_split_name(MigDefinition *definition, const char *name);

extern char *mig_with_line_ends(const char *text, const char *line_end);
extern char *mig_folder_sha256(const char *text);
extern void mig_folder_add_checksum(MigDefinition *definition,
									const char *checksum);

#endif							/* MIG_FOLDERS_H */
