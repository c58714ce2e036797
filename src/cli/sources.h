/*-------------------------------------------------------------------------
 *
 * sources.h
 *	  Where the text of a migration stands: its file, and a line of that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "db.h"

typedef struct Sources
{
	Vector		files;			/* of File *: what was pushed, if anything */
	PGresult   *stored;			/* what load() returned for them */
	bool		down;			/* down scripts run */
} Sources;

extern const char *sources_path(const Sources *sources, Db *db, const char *label);
extern const char *sources_script(const Sources *sources, const char *path, int line, const char *text);
extern char *sources_line(const Sources *sources, const char *path, int line);

#endif							/* CLI_SOURCES_H */
