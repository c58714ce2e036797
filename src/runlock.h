/*-------------------------------------------------------------------------
 *
 * runlock.h
 *	  The run lock: runs of one database go one after the other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RUNLOCK_H
#define MIG_RUNLOCK_H

extern bool mig_runlock_try(bool session);
extern void mig_runlock_wait(bool session);
extern bool mig_runlock_take_turn(bool wait);
extern int	mig_runlock_holder(void);
extern void mig_runlock_end_turn(void);
extern void mig_runlock_after_abort(void);
extern void mig_runlock_after_discard(void);
extern void mig_runlock_release(void);

#endif							/* MIG_RUNLOCK_H */
