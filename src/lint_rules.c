/*-------------------------------------------------------------------------
 *
 * lint_rules.c
 *	  The table of lint rules: all sections as one, and which are enabled.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/varlena.h"

#include "guc.h"
#include "lint_rules.h"
#include "nearest.h"

typedef struct Section
{
	const char *name;
	const MigRule *rules;
} Section;

static const Section sections[] = {
	{"indexes", mig_rules_index},
	{"indexes", mig_rules_index_key},
	{"constraints", mig_rules_constraint},
	{"constraints", mig_rules_foreign_key},
	{"columns", mig_rules_column},
	{"columns", mig_rules_column_change},
	{"type changes", mig_rules_type_change},
	{"tables", mig_rules_table},
	{"tables", mig_rules_rename},
	{"tables", mig_rules_maintenance},
	{"tables", mig_rules_partition},
	{"tables", mig_rules_object},
	{"tables", mig_rules_design},
	{"types", mig_rules_type},
	{"types", mig_rules_prefer},
	{"transactions", mig_rules_transaction},
	{"statements", mig_rules_statement},
	{"names", mig_rules_name},
	{"code and rights", mig_rules_code},
	{"data", mig_rules_data},
	{"data", mig_rules_after},
	{"data", mig_rules_reference},
	{"data", mig_rules_live},
	{"dry run", mig_rules_fail},
};

typedef struct Entry
{
	const MigRule *rule;
	const char *section;
} Entry;

#define MAX_RULES 256

/* All rules, in the order of their sections; made at first use. */
static Entry entries[MAX_RULES];
static int	nentries;

static void
make_entries(void)
{
	for (int i = 0; i < lengthof(sections); i++)
	{
		for (const MigRule *rule = sections[i].rules; rule->name != NULL; rule++)
		{
			Assert(nentries < MAX_RULES);
			entries[nentries].rule = rule;
			entries[nentries++].section = sections[i].name;
		}
	}
}

int
mig_lint_rules_count(void)
{
	if (nentries == 0)
		make_entries();
	return nentries;
}

/* The rule with that number, from 0. */
const MigRule *
mig_lint_rule(int number)
{
	return entries[number].rule;
}

const char *
mig_lint_rule_section(int number)
{
	return entries[number].section;
}

/* The number of the rule of that name; -1: there is none. */
static int
find_rule(const char *name)
{
	for (int i = 0; i < mig_lint_rules_count(); i++)
	{
		if (strcmp(entries[i].rule->name, name) == 0)
			return i;
	}
	return -1;
}

/* The rule of that name; NULL: there is none. */
const MigRule *
mig_lint_rule_named(const char *name)
{
	int			number = find_rule(name);

	return number < 0 ? NULL : entries[number].rule;
}

/* The rule that may have been meant; NULL: none is called like that. */
const char *
mig_lint_rule_nearest(const char *name)
{
	List	   *names = NIL;

	for (int i = 0; i < mig_lint_rules_count(); i++)
		names = lappend(names, unconstify(char *, entries[i].rule->name));
	return mig_nearest(name, names);
}

/* Where the documents explain it. */
const char *
mig_lint_rule_page(const MigRule *rule)
{
	return psprintf("doc/rules.md#%s", rule->name);
}

static void
report_unknown(const char *setting, const char *name)
{
	const char *nearest = mig_lint_rule_nearest(name);

	ereport(WARNING,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("setting \"%s\" names lint rule \"%s\", which does not exist",
					setting, name),
			 nearest ?
			 errhint("Perhaps you meant \"%s\"; SELECT rule FROM migrate.rules(); lists them all.",
					 nearest) :
			 errhint("SELECT rule FROM migrate.rules(); lists them.")));
}

/* Switches the rules that a setting lists. */
static void
switch_rules(bool *enabled, const char *setting, const char *value, bool on)
{
	List	   *names;
	ListCell   *lc;

	if (!SplitIdentifierString(pstrdup(value), ',', &names))
		return;					/* its check has refused it */
	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		int			number = find_rule(name);

		if (number >= 0)
			enabled[number] = on;
		else
			report_unknown(setting, name);
	}
}

/* Which rules are asked, by their numbers. */
bool *
mig_lint_rules_enabled(void)
{
	int			n = mig_lint_rules_count();
	bool	   *enabled = palloc(n * sizeof(bool));

	for (int i = 0; i < n; i++)
		enabled[i] = entries[i].rule->enabled;
	switch_rules(enabled, "migrate.lint_enable", mig_lint_enable, true);
	switch_rules(enabled, "migrate.lint_disable", mig_lint_disable, false);
	return enabled;
}
