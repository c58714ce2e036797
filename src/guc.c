/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  The settings of migrate: variables, definitions, prefix.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "compat.h"
#include "guc.h"

int			mig_lock_retries = 20;
int			mig_lock_retry_max_delay = 30 * 1000;
int			mig_lock_timeout = 2 * 1000;
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
	DefineCustomIntVariable("migrate.lock_retries",
							"Sets how often a step is tried again after a failed wait for a lock.",
							"A deadlock and a serialization failure count as well.",
							&mig_lock_retries,
							20, 0, INT_MAX,
							PGC_USERSET, 0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("migrate.lock_retry_max_delay",
							"Sets the longest pause before a step is tried again.",
							"The pauses begin at 0.1 s and double.",
							&mig_lock_retry_max_delay,
							30 * 1000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("migrate.lock_timeout",
							"Sets how long a transactional step may wait for each lock.",
							"Takes the place of lock_timeout unless the script sets that itself; 0 means without limit.",
							&mig_lock_timeout,
							2 * 1000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

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

/* Has this session, or the script it runs, set lock_timeout itself? */
static bool
lock_timeout_is_set(void)
{
	static struct config_generic *setting = NULL;

	if (setting == NULL)
	{
		int			n;
		struct config_generic **settings = mig_guc_variables(&n);

		for (int i = 0; i < n; i++)
			if (strcmp(settings[i]->name, "lock_timeout") == 0)
				setting = settings[i];
	}
	return setting->source >= PGC_S_SESSION;
}

/* Sets it for the rest of the transaction. */
static void
set_lock_timeout(int ms)
{
	char		value[16];

	snprintf(value, sizeof(value), "%d", ms);
	(void) set_config_option("lock_timeout", value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * For the rest of the transaction no lock is waited for longer than
 * migrate.lock_timeout, unless lock_timeout was set on purpose.
 */
void
mig_guc_limit_lock_waits(void)
{
	if (!lock_timeout_is_set())
		set_lock_timeout(mig_lock_timeout);
}

/* For the rest of the transaction, or of the nest level, locks can take long. */
void
mig_guc_unlimit_lock_waits(void)
{
	set_lock_timeout(0);
}

/*
 * Sets lock_timeout outside any transaction.  Returns what to set it to to have
 * it as it was: NULL if the session began with it.
 */
char *
mig_guc_replace_lock_timeout(const char *value)
{
	char	   *before = NULL;

	if (lock_timeout_is_set())
		before = pstrdup(GetConfigOption("lock_timeout", false, false));
	SetConfigOption("lock_timeout", value, PGC_USERSET, PGC_S_SESSION);
	return before;
}
