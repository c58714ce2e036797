/*-------------------------------------------------------------------------
 *
 * push.h
 *	  Sending the files of a directory to the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_PUSH_H
#define CLI_PUSH_H

#include "sources.h"

extern void push_directory(Db *db, const char *directory, Sources *sources);
extern void push_for_a_look(Db *db, const char *directory, Sources *sources);
extern char *push_summary(const PGresult *stored);

#endif							/* CLI_PUSH_H */
