/*-------------------------------------------------------------------------
 *
 * guc.h
 *	  The settings of migrate.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_GUC_H
#define MIG_GUC_H

typedef enum MigOutOfOrder
{
	MIG_OUT_OF_ORDER_ERROR,
	MIG_OUT_OF_ORDER_WARN,
	MIG_OUT_OF_ORDER_ALLOW
} MigOutOfOrder;

extern char *mig_project;
extern int	mig_out_of_order;

extern void mig_guc_init(void);

#endif							/* MIG_GUC_H */
