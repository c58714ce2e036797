/*-------------------------------------------------------------------------
 *
 * guc.h
 *	  The settings of migrate.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_GUC_H
#define MIG_GUC_H

/* What is done about something that should not be. */
typedef enum MigObjection
{
	MIG_OBJECT_ERROR,
	MIG_OBJECT_WARN,
	MIG_OBJECT_ALLOW
} MigObjection;

typedef enum MigLintMode
{
	MIG_LINT_OFF,
	MIG_LINT_WARN,
	MIG_LINT_ERROR
} MigLintMode;

extern int	mig_lint_mode;
extern char *mig_lint_disable;
extern char *mig_lint_enable;
extern char *mig_lint_required_columns;
extern char *mig_lint_start_after;

/* migrate.lint_small_table */
extern double mig_lint_small_rows;
extern int64 mig_lint_small_bytes;

extern int	mig_dry_run_max_size;	/* kilobytes; 0: none */
extern int	mig_lock_retries;
extern int	mig_lock_retry_max_delay;	/* milliseconds */
extern int	mig_lock_timeout;	/* milliseconds; 0: none */
extern char *mig_project;
extern int	mig_out_of_order;	/* MigObjection */
extern int	mig_unadopted_history;	/* the same */

extern void mig_guc_init(void);
extern bool mig_guc_required_column(char **list, char **name, char **type);
extern void mig_guc_limit_lock_waits(void);
extern void mig_guc_unlimit_lock_waits(void);
extern void mig_guc_cap_lock_waits(int ms);
extern char *mig_guc_replace_lock_timeout(const char *value);

#endif							/* MIG_GUC_H */
