/*-------------------------------------------------------------------------
 *
 * session.h
 *	  A connection with what was asked for it, whose errors are shown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "sources.h"

extern Db  *session_open(const Options *options);
extern void session_command(Db *db, const char *sql);
extern PGresult *session_rows(Db *db, Query *query, const Sources *sources);

#endif							/* CLI_SESSION_H */
