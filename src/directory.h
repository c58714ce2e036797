/*-------------------------------------------------------------------------
 *
 * directory.h
 *	  The files of a directory on the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_DIRECTORY_H
#define MIG_DIRECTORY_H

#include "nodes/pg_list.h"

extern List *mig_directory_read(const char *directory);

#endif							/* MIG_DIRECTORY_H */
