/*-------------------------------------------------------------------------
 *
 * readers.h
 *	  The readers of all layouts.  Each takes the files of a reading and adds
 *	  definitions to it; layout.c puts them in order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_READERS_H
#define MIG_READERS_H

#include "files.h"

extern void mig_read_native(MigReading *reading);

#endif							/* MIG_READERS_H */
