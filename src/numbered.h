/*-------------------------------------------------------------------------
 *
 * numbered.h
 *	  What the layouts of numbered files have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_NUMBERED_H
#define MIG_NUMBERED_H

#include "files.h"

#define MIG_MAX_INT32	"2147483647"
#define MIG_MAX_INT64	"9223372036854775807"
#define MIG_MAX_UINT64	"18446744073709551615"

/* What a file's name says. */
typedef struct MigNumbered
{
	char	   *version;		/* digits, as they are written */
	char	   *name;
	bool		down;			/* the script that undoes */
	bool		host;			/* in a host language */
	bool		no_transaction;
} MigNumbered;

extern int	mig_number_digits(const char *text);
extern char *mig_number_normal(const char *digits);
extern bool mig_number_exceeds(const char *digits, const char *limit);
extern MigDefinition *mig_numbered_add(MigReading *reading,
									   const MigFile *file,
									   const MigNumbered *numbered);
extern void mig_numbered_drop_unpaired(MigReading *reading);
extern void mig_numbered_check_consecutive(const MigReading *reading);
extern void mig_numbered_depth(MigReading *reading,
							   const char *const *endings);
extern const char *mig_name_ending(const char *base,
								   const char *const *endings);
extern char *mig_shown(const char *text);
extern char *mig_name_before(const char *start, const char *ending);

#endif							/* MIG_NUMBERED_H */
