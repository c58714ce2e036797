/*-------------------------------------------------------------------------
 *
 * read_sqitch.c
 *	  The layout of Sqitch: sqitch.plan lists the changes, each with
 *
 *		deploy/<change>.sql, revert/<change>.sql, verify/<change>.sql
 *
 * An instance of a change that was reworked since has <change>@<tag>.sql.
 * sqitch.conf may put all of them elsewhere.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "digest.h"
#include "paths.h"
#include "psql_variables.h"
#include "readers.h"
#include "sqitch_change.h"
#include "sqitch_conf.h"

#define CONF_FILE			"sqitch.conf"
#define PLAN_FILE			"sqitch.plan"

/* How many files or changes a notice lists. */
#define SHOWN_LINES			20

typedef enum Script
{
	SCRIPT_DEPLOY,
	SCRIPT_REVERT,
	SCRIPT_VERIFY
} Script;

static const char *const script_names[] = {
	[SCRIPT_DEPLOY] = "deploy",
	[SCRIPT_REVERT] = "revert",
	[SCRIPT_VERIFY] = "verify",
};

/* Where a project has its files. */
typedef struct Project
{
	MigReading *reading;
	MigPaths   *paths;
	List	   *settings;		/* of MigSqitchSetting * */
	const MigFile *plan_file;
	char	   *directories[lengthof(script_names)];
	char	   *reworked[lengthof(script_names)];
	const char *extension;
	List	   *variables[lengthof(script_names)];	/* of MigVariable * */
	List	   *verify;			/* of const char *: scripts that are not run */
} Project;

/*
 * The configuration
 */

/* A setting for PostgreSQL, or for all engines; NULL: it is not set. */
static const char *
setting(const Project *project, const char *key)
{
	const MigSqitchSetting *found =
		mig_sqitch_conf_find(project->settings, "engine.pg", key);

	if (found == NULL)
		found = mig_sqitch_conf_find(project->settings, "core", key);
	return found != NULL && *found->value != '\0' ? found->value : NULL;
}

/* A project for other databases only is not ours. */
static void
check_engine(const Project *project, const MigFile *conf)
{
	const MigSqitchSetting *engine =
		mig_sqitch_conf_find(project->settings, "core", "engine");

	if (engine == NULL || strcmp(engine->value, "pg") == 0 ||
		mig_sqitch_conf_has(project->settings, "engine.pg"))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the project is for engine \"%s\"", engine->value),
			 errhint("Only changes for engine \"pg\" can be loaded."),
			 mig_file_errcontext(conf, engine->line)));
}

/* A directory that is set, or one of that name in another. */
static char *
find_directory(const Project *project, const char *base, const char *key,
			   const char *parent, const char *name)
{
	const char *value = key != NULL ? setting(project, key) : NULL;

	return value != NULL ? mig_paths_join(base, value) :
		mig_paths_join(parent, name);
}

/* The plan and the directories, as the configuration or the plan has them. */
static void
find_places(Project *project, const char *base)
{
	char	   *top = find_directory(project, base, "top_dir", base, ".");
	char	   *plan = find_directory(project, base, "plan_file", top, PLAN_FILE);
	char	   *reworked;

	project->plan_file = mig_paths_use(project->paths, plan);
	if (project->plan_file == NULL)
	{
		/* these are the files of the top directory alone */
		project->plan_file = mig_paths_nearest(project->paths, PLAN_FILE);
		if (project->plan_file == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there is no file \"%s\"", plan),
					 errhint("Load the directory that has sqitch.conf and all directories below it.")));
		base = top = mig_paths_join("", mig_file_directory(project->plan_file->path));
		mig_paths_use(project->paths, mig_paths_join("", project->plan_file->path));
	}
	reworked = find_directory(project, base, "reworked_dir", top, ".");
	for (int i = 0; i < lengthof(script_names); i++)
	{
		char	   *key = psprintf("%s_dir", script_names[i]);

		project->directories[i] = find_directory(project, base, key, top,
												 script_names[i]);
		project->reworked[i] = find_directory(project, base,
											  psprintf("reworked_%s", key),
											  reworked, script_names[i]);
	}
}

/* What scripts of a kind are given, whatever hides another first. */
static List *
find_variables(const Project *project, Script script)
{
	MigVariable *registry = palloc(sizeof(MigVariable));
	const char *schema = setting(project, "registry");
	List	   *variables;

	registry->name = "registry";
	registry->value = schema != NULL ? schema : "sqitch";
	variables = list_make1(registry);
	variables = mig_sqitch_conf_variables(project->settings, "core.variables",
										  variables);
	variables = mig_sqitch_conf_variables(project->settings, "deploy.variables",
										  variables);
	if (script == SCRIPT_REVERT)
		variables = mig_sqitch_conf_variables(project->settings,
											  "revert.variables", variables);
	variables = mig_sqitch_conf_variables(project->settings,
										  "engine.pg.variables", variables);
	return list_concat_copy(project->reading->variables, variables);
}

static void
read_configuration(Project *project)
{
	const MigFile *conf = mig_paths_nearest(project->paths, CONF_FILE);
	char	   *base = "";

	if (conf != NULL)
	{
		base = mig_paths_join("", mig_file_directory(conf->path));
		mig_paths_use(project->paths, mig_paths_join("", conf->path));
		project->settings = mig_sqitch_conf_read(conf);
		check_engine(project, conf);
	}
	find_places(project, base);
	project->extension = setting(project, "extension");
	if (project->extension == NULL)
		project->extension = "sql";
	for (int i = 0; i < lengthof(script_names); i++)
		project->variables[i] = find_variables(project, i);
}

/*
 * Scripts
 */

/* The path of a script of a change; tag NULL: of its last instance. */
static char *
script_path(const Project *project, Script script, const char *change,
			const char *tag)
{
	const char *directory = tag != NULL ? project->reworked[script] :
		project->directories[script];

	return mig_paths_join(directory,
						  psprintf("%s%s%s.%s", change, tag ? "@" : "",
								   tag ? tag : "", project->extension));
}

/*
 * The tag by which the scripts of an instance are called; NULL: it was not
 * reworked.  If there is no script at all, it is that which Sqitch writes.
 */
static const char *
find_tag(const Project *project, const MigSqitchChange *change)
{
	ListCell   *lc;

	foreach(lc, change->rework_tags)
		if (mig_paths_use(project->paths,
						  script_path(project, SCRIPT_DEPLOY, change->name,
									  lfirst(lc))) != NULL)
			return lfirst(lc);
	return change->rework_tags != NIL ? linitial(change->rework_tags) : NULL;
}

/* One direction's script, with its variables replaced. */
static void
read_script(const Project *project, Script script, const MigFile *file,
			MigDefinition *definition)
{
	MigSource  *source = script == SCRIPT_DEPLOY ?
		&definition->up : &definition->down;
	List	   *used;
	char	   *text;
	ListCell   *lc;

	mig_definition_whole_file(definition, file, script != SCRIPT_DEPLOY);
	text = mig_psql_replace(file, project->variables[script], &used);
	if (text == NULL)
		return;
	if (script == SCRIPT_DEPLOY)
		definition->source = source->text;
	source->text = text;
	foreach(lc, used)
	{
		const MigVariable *variable = lfirst(lc);

		mig_variable_used(definition, variable->name, variable->value);
	}
}

static void
read_change(Project *project, const MigSqitchChange *change)
{
	const char *tag = find_tag(project, change);
	char	   *deploy = script_path(project, SCRIPT_DEPLOY, change->name, tag);
	const MigFile *file = mig_paths_use(project->paths, deploy);
	MigDefinition *definition;

	if (file == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("change \"%s\" has no deploy script", change->name),
				 errhint("Add the file \"%s\", or take the change out of the plan.",
						 deploy),
				 mig_file_errcontext(project->plan_file, change->line)));
	definition = mig_reading_add(project->reading, change->id);
	definition->version = tag == NULL ? change->name :
		psprintf("%s@%s", change->name, tag);
	definition->name = pnstrdup(change->note, strcspn(change->note, "\r\n"));
	definition->identity = change->id;
	definition->checksums = list_make1(mig_digest_hex(PG_SHA1, file->content,
													  strlen(file->content)));
	read_script(project, SCRIPT_DEPLOY, file, definition);
	file = mig_paths_use(project->paths,
						 script_path(project, SCRIPT_REVERT, change->name, tag));
	if (file != NULL)
		read_script(project, SCRIPT_REVERT, file, definition);
	file = mig_paths_use(project->paths,
						 script_path(project, SCRIPT_VERIFY, change->name, tag));
	if (file != NULL)
		project->verify = lappend(project->verify, pstrdup(file->path));
}

/* The first of some lines, for a notice's detail. */
static char *
list_lines(List *lines)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, lines)
	{
		if (foreach_current_index(lc) == SHOWN_LINES)
		{
			appendStringInfo(&list, "\nand %d more",
							 list_length(lines) - SHOWN_LINES);
			break;
		}
		appendStringInfo(&list, "%s%s", list.len > 0 ? "\n" : "",
						 (const char *) lfirst(lc));
	}
	return list.data;
}

/* What Sqitch would look after, and nobody does here. */
static void
report_unchecked(const Project *project, const MigSqitchPlan *plan)
{
	if (project->verify != NIL)
		ereport(NOTICE,
				(errmsg_plural("%d verify script is not run",
							   "%d verify scripts are not run",
							   list_length(project->verify),
							   list_length(project->verify)),
				 errdetail("%s", list_lines(project->verify))));
	if (plan->foreign != NIL)
		ereport(NOTICE,
				(errmsg_plural("%d dependency on another project is not checked",
							   "%d dependencies on other projects are not checked",
							   list_length(plan->foreign),
							   list_length(plan->foreign)),
				 errdetail("%s", list_lines(plan->foreign))));
}

void
mig_read_sqitch(MigReading *reading)
{
	Project		project = {0};
	MigSqitchPlan *plan;
	ListCell   *lc;

	project.reading = reading;
	project.paths = mig_paths(reading);
	read_configuration(&project);
	plan = mig_sqitch_plan_read(project.plan_file);
	mig_sqitch_plan_identify(plan);
	mig_sqitch_plan_check(plan);
	foreach(lc, plan->changes)
	{
		CHECK_FOR_INTERRUPTS();
		read_change(&project, lfirst(lc));
	}
	mig_paths_ignore_rest(reading, project.paths);
	report_unchecked(&project, plan);
}
