/*-------------------------------------------------------------------------
 *
 * sqitch_change.h
 *	  The changes of Sqitch's plan: their IDs, and what they depend on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SQITCH_CHANGE_H
#define MIG_SQITCH_CHANGE_H

#include "sqitch_plan.h"

extern void mig_sqitch_plan_identify(MigSqitchPlan *plan);
extern void mig_sqitch_plan_check(MigSqitchPlan *plan);

#endif							/* MIG_SQITCH_CHANGE_H */
