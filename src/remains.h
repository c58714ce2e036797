/*-------------------------------------------------------------------------
 *
 * remains.h
 *	  What the abort of a step's transaction leaves in its session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_REMAINS_H
#define MIG_REMAINS_H

extern void mig_remains_begin(bool first);
extern void mig_remains_remove(void);

#endif							/* MIG_REMAINS_H */
