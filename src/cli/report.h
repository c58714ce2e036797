/*-------------------------------------------------------------------------
 *
 * report.h
 *	  Errors and notices of the server, as a compiler shows its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "db.h"
#include "sources.h"

extern void report_notice(const PGresult *notice);
extern void report_error(Db *db, const PGresult *result, const Sources *sources);
extern bool error_is_of_migration(const PGresult *result);

#endif							/* CLI_REPORT_H */
