/*-------------------------------------------------------------------------
 *
 * detect.h
 *	  Which layout a set of files is in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_DETECT_H
#define MIG_DETECT_H

#include "files.h"

extern List *mig_detect(List *files, const char **likely);

#endif							/* MIG_DETECT_H */
