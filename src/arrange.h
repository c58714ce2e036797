/*-------------------------------------------------------------------------
 *
 * arrange.h
 *	  Sort keys that depend on what is stored already.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_ARRANGE_H
#define MIG_ARRANGE_H

#include "layout.h"

extern void mig_arrange(MigLayoutResult *read, List *existing);

#endif							/* MIG_ARRANGE_H */
