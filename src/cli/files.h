/*-------------------------------------------------------------------------
 *
 * files.h
 *	  The files of a directory, as the server wants to have them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "util.h"

typedef struct File
{
	char	   *path;			/* the directory as it was given, and the rest */
	char	   *content;		/* empty if the name is all that counts */
	size_t		len;
} File;

extern Vector files_read(const char *directory);
extern char *join_path(const char *directory, const char *name);
extern char *read_whole_file(const char *path, size_t *len);

/* A text[] in the binary form of the server. */
extern void array_begin(Text *array, int count);
extern void array_add(Text *array, const char *value, size_t len);

#endif							/* CLI_FILES_H */
