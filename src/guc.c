/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  The settings of migrate: variables, definitions, prefix.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "guc.h"

char	   *mig_project = NULL;
int			mig_out_of_order = MIG_OUT_OF_ORDER_ERROR;

static const struct config_enum_entry out_of_order_options[] = {
	{"error", MIG_OUT_OF_ORDER_ERROR, false},
	{"warn", MIG_OUT_OF_ORDER_WARN, false},
	{"allow", MIG_OUT_OF_ORDER_ALLOW, false},
	{NULL, 0, false}
};

/* A project is named by something: refuses the empty string. */
static bool
check_project(char **newval, void **extra, GucSource source)
{
	if (**newval != '\0')
		return true;
	GUC_check_errdetail("The name of a project must not be empty.");
	return false;
}

/* Defines the settings, in the order of their names. */
void
mig_guc_init(void)
{
	DefineCustomEnumVariable("migrate.out_of_order",
							 "Sets what happens to a pending migration older than the newest applied one.",
							 NULL,
							 &mig_out_of_order,
							 MIG_OUT_OF_ORDER_ERROR,
							 out_of_order_options,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);

	DefineCustomStringVariable("migrate.project",
							   "Sets the project that functions work on when they are given none.",
							   NULL,
							   &mig_project,
							   "main",
							   PGC_USERSET, 0,
							   check_project, NULL, NULL);

	MarkGUCPrefixReserved("migrate");
}
