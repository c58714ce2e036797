/*-------------------------------------------------------------------------
 *
 * copyin.h
 *	  COPY ... FROM stdin with inline data.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_COPYIN_H
#define MIG_COPYIN_H

#include "nodes/parsenodes.h"

extern void mig_copy_in(CopyStmt *stmt, const char *source,
						const char *data, int len);

#endif							/* MIG_COPYIN_H */
