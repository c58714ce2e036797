/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  The settings of migrate: variables, definitions, prefix.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "parser/scansup.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "compat.h"
#include "guc.h"

int			mig_lint_mode = MIG_LINT_WARN;
char	   *mig_lint_disable = NULL;
char	   *mig_lint_enable = NULL;
char	   *mig_lint_required_columns = NULL;
char	   *mig_lint_start_after = NULL;
double		mig_lint_small_rows;
int64		mig_lint_small_bytes;
int			mig_dry_run_max_size = 1024 * 1024;
int			mig_lock_retries = 20;
int			mig_lock_retry_max_delay = 30 * 1000;
int			mig_lock_timeout = 2 * 1000;
char	   *mig_project = NULL;
int			mig_out_of_order = MIG_OBJECT_ERROR;
int			mig_unadopted_history = MIG_OBJECT_ERROR;

static const struct config_enum_entry objections[] = {
	{"error", MIG_OBJECT_ERROR, false},
	{"warn", MIG_OBJECT_WARN, false},
	{"allow", MIG_OBJECT_ALLOW, false},
	{NULL, 0, false}
};

static const struct config_enum_entry lint_options[] = {
	{"off", MIG_LINT_OFF, false},
	{"warn", MIG_LINT_WARN, false},
	{"error", MIG_LINT_ERROR, false},
	{NULL, 0, false}
};

/* As text, its parts are in check_small_table(). */
static char *lint_small_table = NULL;

/* What migrate.lint_small_table says. */
typedef struct SmallTable
{
	double		rows;
	int64		bytes;
} SmallTable;

/* Names of rules are looked up when they are used. */
static bool
check_rule_list(char **newval, void **extra, GucSource source)
{
	List	   *names;

	if (SplitIdentifierString(pstrdup(*newval), ',', &names))
		return true;
	GUC_check_errdetail("The value must be names of rules with commas between.");
	return false;
}

/* Cuts the text before the next comma outside of parentheses off a list. */
static char *
next_part(char **list)
{
	char	   *part = *list;
	int			depth = 0;
	char	   *end;

	for (end = part; *end != '\0' && (depth > 0 || *end != ','); end++)
		depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
	*list = *end == ',' ? end + 1 : NULL;
	*end = '\0';
	return part;
}

/*
 * Takes the first column off a list like that of migrate.lint_required_columns,
 * which is changed; then '*list' is the rest, or NULL.  The type is NULL if
 * none is given.  False: this is no column.
 */
bool
mig_guc_required_column(char **list, char **name, char **type)
{
	char	   *part = next_part(list);
	char	   *end;
	List	   *names;

	while (scanner_isspace(*part))
		part++;
	end = part;
	if (*end == '"')
		end += strcspn(end + 1, "\"") + 1;
	else
		while (isalnum((unsigned char) *end) || IS_HIGHBIT_SET(*end) ||
			   *end == '_' || *end == '$')
			end++;
	if (*end == '"')
		end++;
	if (*end != '\0' && !scanner_isspace(*end))
		return false;
	*type = *end != '\0' ? end + 1 : end;
	*end = '\0';
	while (scanner_isspace(**type))
		(*type)++;
	if (strspn(*type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ .,()[]\"") != strlen(*type) ||
		!SplitIdentifierString(part, '.', &names) || list_length(names) != 1)
		return false;
	if (**type == '\0')
		*type = NULL;
	*name = linitial(names);
	return true;
}

static bool
check_required_columns(char **newval, void **extra, GucSource source)
{
	char	   *rest = pstrdup(*newval);
	char	   *name;
	char	   *type;

	if (rest[strspn(rest, " \t\r\n")] == '\0')
		return true;
	while (rest != NULL)
	{
		if (mig_guc_required_column(&rest, &name, &type))
			continue;
		GUC_check_errdetail("The value must be columns with commas between, each with or without a type, such as \"id, created_at timestamptz\".");
		return false;
	}
	return true;
}

/* One part of a size: '1000 rows' or '8MB'.  False: it is neither. */
static bool
read_small_part(char *part, SmallTable *small)
{
	char	   *end;
	double		number;
	int			kilobytes;

	while (scanner_isspace(*part))
		part++;
	end = part + strlen(part);
	while (end > part && scanner_isspace(end[-1]))
		*--end = '\0';
	number = strtod(part, &end);
	while (scanner_isspace(*end))
		end++;
	if (end > part && number >= 0 &&
		(strcmp(end, "rows") == 0 || strcmp(end, "row") == 0))
	{
		small->rows = number;
		return true;
	}
	if (!parse_int(part, &kilobytes, GUC_UNIT_KB, NULL) || kilobytes < 0)
		return false;
	small->bytes = (int64) kilobytes * 1024;
	return true;
}

static bool
check_small_table(char **newval, void **extra, GucSource source)
{
	SmallTable	small = {-1, -1};
	char	   *rest = pstrdup(*newval);
	char	   *part;

	while ((part = strsep(&rest, ",")) != NULL)
	{
		if (read_small_part(part, &small))
			continue;
		GUC_check_errdetail("The value must be a number of rows, a size, or both, such as \"1000 rows, 8MB\".");
		return false;
	}
	*extra = mig_guc_malloc(sizeof(SmallTable));
	if (*extra == NULL)
		return false;
	memcpy(*extra, &small, sizeof(SmallTable));
	return true;
}

static void
assign_small_table(const char *newval, void *extra)
{
	SmallTable *small = extra;

	mig_lint_small_rows = small->rows;
	mig_lint_small_bytes = small->bytes;
}

/* A project is named by something: refuses the empty string. */
static bool
check_project(char **newval, void **extra, GucSource source)
{
	if (**newval != '\0')
		return true;
	GUC_check_errdetail("The name of a project must not be empty.");
	return false;
}

/* The settings migrate.lint*. */
static void
define_lint_settings(void)
{
	DefineCustomEnumVariable("migrate.lint",
							 "Sets what becomes of findings about scripts that are stored or about to run.",
							 "off: none are looked for; warn: they are told; error: one of severity error stops apply() before anything runs.",
							 &mig_lint_mode,
							 MIG_LINT_WARN, lint_options,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);

	DefineCustomStringVariable("migrate.lint_disable",
							   "Sets the lint rules that are not asked.",
							   NULL,
							   &mig_lint_disable,
							   "",
							   PGC_USERSET, 0,
							   check_rule_list, NULL, NULL);

	DefineCustomStringVariable("migrate.lint_enable",
							   "Sets the lint rules that are asked although they are not by default.",
							   NULL,
							   &mig_lint_enable,
							   "",
							   PGC_USERSET, 0,
							   check_rule_list, NULL, NULL);

	DefineCustomStringVariable("migrate.lint_required_columns",
							   "Sets the columns that each new table must have, with or without their types.",
							   "Empty: none.",
							   &mig_lint_required_columns,
							   "",
							   PGC_USERSET, 0,
							   check_required_columns, NULL, NULL);

	DefineCustomStringVariable("migrate.lint_small_table",
							   "Sets up to which size a table is small: what takes time in proportion does not matter.",
							   "A number of rows, a size, or both; reaching either is enough.",
							   &lint_small_table,
							   "1000 rows, 8MB",
							   PGC_USERSET, 0,
							   check_small_table, assign_small_table, NULL);

	DefineCustomStringVariable("migrate.lint_start_after",
							   "Sets the newest version that is not judged.",
							   "For a project that begins to use lint with a history.",
							   &mig_lint_start_after,
							   "",
							   PGC_USERSET, 0,
							   NULL, NULL, NULL);
}

/* Defines the settings, in the order of their names. */
void
mig_guc_init(void)
{
	DefineCustomIntVariable("migrate.dry_run_max_size",
							"Sets how large a table may be that a dry run scans, rewrites or changes.",
							"A larger one needs force => true; 0 means without limit.",
							&mig_dry_run_max_size,
							1024 * 1024, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);

	define_lint_settings();

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
							 MIG_OBJECT_ERROR,
							 objections,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);

	DefineCustomStringVariable("migrate.project",
							   "Sets the project that functions work on when they are given none.",
							   NULL,
							   &mig_project,
							   "main",
							   PGC_USERSET, 0,
							   check_project, NULL, NULL);

	DefineCustomEnumVariable("migrate.unadopted_history",
							 "Sets what happens to the first run of a project whose tool has applied something in this database.",
							 "What was taken over with migrate.adopt() does not count.",
							 &mig_unadopted_history,
							 MIG_OBJECT_ERROR,
							 objections,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);

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

/*
 * For the rest of the transaction no lock is waited for longer than that,
 * whatever was set on purpose; 0 means without limit.
 */
void
mig_guc_cap_lock_waits(int ms)
{
	if (ms > 0 && (LockTimeout == 0 || LockTimeout > ms))
		set_lock_timeout(ms);
}
