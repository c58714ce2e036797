/*-------------------------------------------------------------------------
 *
 * sqitch_conf.h
 *	  Sqitch's configuration file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SQITCH_CONF_H
#define MIG_SQITCH_CONF_H

#include "files.h"

typedef struct MigSqitchSetting
{
	char	   *section;		/* in lower case; with its subsection: "a.b" */
	char	   *key;			/* as written */
	char	   *value;
	int			line;
} MigSqitchSetting;

extern List *mig_sqitch_conf_read(const MigFile *file);
extern const MigSqitchSetting *mig_sqitch_conf_find(List *settings,
													const char *section,
													const char *key);
extern bool mig_sqitch_conf_has(List *settings, const char *section);
extern List *mig_sqitch_conf_variables(List *settings, const char *section,
									   List *variables);

#endif							/* MIG_SQITCH_CONF_H */
