/*-------------------------------------------------------------------------
 *
 * interpolate.h
 *	  Variables of a shell in a line of a script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_INTERPOLATE_H
#define MIG_INTERPOLATE_H

#include "lib/stringinfo.h"

#include "files.h"

extern void mig_interpolate(const MigReading *reading,
							MigDefinition *definition, const MigFile *file,
							int line, const char *text, StringInfo out);

#endif							/* MIG_INTERPOLATE_H */
