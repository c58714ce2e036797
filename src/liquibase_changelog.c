/*-------------------------------------------------------------------------
 *
 * liquibase_changelog.c
 *	  Changelogs in XML, YAML and JSON.
 *
 * Changesets of SQL (<sql>, <sqlFile>) are taken; whatever else a changeset
 * may do, Liquibase makes SQL of at run time, so it counts as a file in a
 * host language.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/string.h"
#include "utils/builtins.h"

#include "liquibase.h"

#define ROOT "databaseChangeLog"

/* What a changeset may have besides changes. */
static const char *const changeset_attributes[] = {
	"id", "author", "context", "contextFilter", "labels", "dbms", "runAlways",
	"alwaysRun", "runOnChange", "runInTransaction", "failOnError", "ignore",
	"logicalFilePath", "objectQuotingStrategy", "onValidationFail", "created",
	"runOrder", "runWith", "runWithSpoolFile", "comment", "validCheckSum",
	"validCheckSums", "rollback", "preConditions", "preconditions"
};

/* Changes that do nothing to a schema. */
static const char *const idle_changes[] = {"tagDatabase", "empty", "output"};

static char *condition_of(LbState *state, LbChangeset *changeset,
						  const LbNode *node, const char *joint);

static bool
is_one_of(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* The changelog in a document, or NULL if it is none. */
LbNode *
mig_lb_document(const MigFile *file)
{
	LbNode	   *top;

	if (strstr(file->content, ROOT) == NULL)
		return NULL;
	if (!pg_str_endswith(file->path, ".xml"))
		return unconstify(LbNode *, mig_lb_child(mig_lb_parse_yaml(file), ROOT));
	top = mig_lb_parse_xml(file);
	return strcmp(top->name, ROOT) == 0 ? top : NULL;
}

/* May a file be a changelog that is no SQL? */
bool
mig_lb_is_document(const MigFile *file)
{
	return !mig_file_is_evidence(file->path) &&
		(pg_str_endswith(file->path, ".xml") ||
		 pg_str_endswith(file->path, ".yaml") ||
		 pg_str_endswith(file->path, ".yml") ||
		 pg_str_endswith(file->path, ".json"));
}

/* An attribute with its placeholders replaced. */
static const char *
attribute(LbState *state, const LbChangelog *changelog, const LbNode *node,
		  const char *name)
{
	const LbNode *child = mig_lb_child(node, name);

	return child == NULL ? NULL :
		mig_lb_expand(state, changelog, NULL, changelog->file, child->value,
					  child->value_line);
}

/* The same with a second name, if the first is not there. */
static const char *
attribute_or(LbState *state, const LbChangelog *changelog, const LbNode *node,
			 const char *name, const char *other)
{
	const char *value = attribute(state, changelog, node, name);

	return value != NULL && *value != '\0' ? value :
		attribute(state, changelog, node, other);
}

/* ----- changes ----- */

/* <sql> or <sqlFile>; NULL if it is neither. */
static LbChange *
read_change(LbState *state, LbChangelog *changelog, const LbNode *node)
{
	LbChange   *change = palloc0(sizeof(LbChange));
	const LbNode *text = mig_lb_child(node, "sql");
	const char *path = attribute(state, changelog, node, "path");
	const char *name;

	change->expand = true;
	change->split.split = mig_lb_flag(node, "splitStatements", true);
	change->split.strip = mig_lb_flag(node, "stripComments", false);
	change->split.delimiter = attribute(state, changelog, node, "endDelimiter");
	change->elsewhere = !mig_lb_matches_dbms(attribute(state, changelog, node, "dbms"));
	if (strcmp(node->name, "sql") == 0)
	{
		if (text == NULL)
			text = node;
		change->text = text->value != NULL ? text->value : "";
		change->line = text->value_line;
		change->file = changelog->file;
		change->digest_expanded = true;
		return change;
	}
	if (strcmp(node->name, "sqlFile") != 0)
		return NULL;
	change->line = 1;
	change->file = path == NULL ? NULL :
		mig_lb_resolve(state, changelog, path,
					   mig_lb_flag(node, "relativeToChangelogFile", false),
					   &name);
	if (change->file == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("file \"%s\" is not among the files", path ? path : ""),
				 errhint("Load the directory that holds it and the changelog."),
				 mig_file_errcontext(changelog->file, node->line)));
	mig_lb_use_file(state, change->file);
	change->text = mig_file_text(change->file);
	return change;
}

/* A change of a changeset. */
static void
add_change(LbState *state, LbChangeset *changeset, const LbNode *node)
{
	LbChange   *change;

	if (is_one_of(node->name, idle_changes, lengthof(idle_changes)))
	{
		changeset->idle = true;
		return;
	}
	change = read_change(state, changeset->changelog, node);
	if (change != NULL)
		changeset->changes = lappend(changeset->changes, change);
	else if (changeset->host_reason == NULL)
		changeset->host_reason = node->name;
}

/* A rollback: a text, changes or the name of another changeset. */
static void
add_rollback(LbState *state, LbChangeset *changeset, const LbNode *node)
{
	LbChangelog *changelog = changeset->changelog;
	const char *id = attribute(state, changelog, node, "changeSetId");
	ListCell   *lc;

	changeset->has_rollback = true;
	if (id != NULL)
	{
		mig_lb_roll_back_to(state, changeset,
							attribute(state, changelog, node, "changeSetPath"),
							id,
							attribute(state, changelog, node, "changeSetAuthor"),
							node->line);
		return;
	}
	if (node->value != NULL && *mig_lb_trim(node->value) != '\0')
	{
		LbChange   *change = palloc0(sizeof(LbChange));

		change->text = node->value;
		change->line = node->value_line;
		change->file = changelog->file;
		change->expand = true;
		change->split.split = true;
		changeset->rollback = lappend(changeset->rollback, change);
	}
	foreach(lc, node->children)
	{
		const LbNode *child = lfirst(lc);
		LbChange   *change;

		if (is_one_of(child->name, idle_changes, lengthof(idle_changes)) ||
			strcmp(child->name, "comment") == 0)
			continue;
		change = read_change(state, changelog, child);
		if (change != NULL)
		{
			changeset->rollback = lappend(changeset->rollback, change);
			continue;
		}
		changeset->has_rollback = false;
		state->unchecked =
			lappend(state->unchecked,
					psprintf("rollback of changeset \"%s\" by %s",
							 changeset->id, child->name));
		return;
	}
}

/* ----- preconditions ----- */

/* A precondition as an expression in SQL; NULL if it is none. */
static char *
single_condition(LbState *state, LbChangeset *changeset, const LbNode *node)
{
	LbChangelog *changelog = changeset->changelog;
	bool		table = strcmp(node->name, "tableExists") == 0;
	const char *kind = table ? "table" : "view";
	const char *name = attribute(state, changelog, node,
								 table ? "tableName" : "viewName");
	const char *schema = attribute(state, changelog, node, "schemaName");

	if (strcmp(node->name, "dbms") == 0)
		return mig_lb_matches_dbms(attribute(state, changelog, node, "type")) ?
			"true" : "false";
	if (strcmp(node->name, "sqlCheck") == 0)
	{
		const char *result = attribute(state, changelog, node, "expectedResult");
		const char *given = mig_lb_value(node, "sql");
		char	   *query;

		query = mig_lb_trim(mig_lb_expand(state, changelog, NULL, changelog->file,
										  given ? given : node->value ? node->value : "",
										  node->value_line));
		if (strstr(query, "--") != NULL || result == NULL || *query == '\0')
			return NULL;
		for (char *p = query; *p != '\0'; p++)
			if (*p == '\n' || *p == '\r' || (*p == ';' && p[1] == '\0'))
				*p = ' ';
		return psprintf("format('%%s', (%s)) = %s", query,
						quote_literal_cstr(result));
	}
	if (name == NULL || (!table && strcmp(node->name, "viewExists") != 0))
		return NULL;
	return psprintf("EXISTS (SELECT FROM pg_catalog.pg_%ss WHERE lower(%sname) = lower(%s) AND lower(schemaname) = lower(%s))",
					kind, kind, quote_literal_cstr(name),
					schema != NULL ? quote_literal_cstr(schema) :
					"current_schema()");
}

/* Those of a node, joined; "" if there are none. */
static char *
condition_of(LbState *state, LbChangeset *changeset, const LbNode *node,
			 const char *joint)
{
	StringInfoData all;
	ListCell   *lc;

	initStringInfo(&all);
	foreach(lc, node->children)
	{
		const LbNode *child = lfirst(lc);
		char	   *one;

		if (child->value != NULL && !child->element && child->children == NIL)
			continue;			/* onFail and the like */
		if (strcmp(child->name, "and") == 0 || strcmp(child->name, "or") == 0)
			one = condition_of(state, changeset, child, child->name);
		else if (strcmp(child->name, "not") == 0)
		{
			one = condition_of(state, changeset, child, "and");
			if (*one != '\0')
				one = psprintf("NOT (%s)", one);
		}
		else
			one = single_condition(state, changeset, child);
		if (one == NULL)
		{
			changeset->host_reason = psprintf("precondition %s", child->name);
			return "";
		}
		if (*one != '\0')
			appendStringInfo(&all, "%s(%s)", all.len == 0 ? "" :
							 strcmp(joint, "or") == 0 ? " OR " : " AND ", one);
	}
	return all.data;
}

/* What a changeset asks for before it runs. */
static void
read_preconditions(LbState *state, LbChangeset *changeset, const LbNode *node)
{
	static const char *const names[] = {"HALT", "WARN", "MARK_RAN", "CONTINUE"};
	const char *on_fail = mig_lb_value(node, "onFail");
	const char *on_error = mig_lb_value(node, "onError");
	int			i = 0;

	while (on_fail != NULL && i < lengthof(names) &&
		   pg_strcasecmp(names[i], on_fail) != 0)
		i++;
	if (i == lengthof(names))
		changeset->host_reason = psprintf("onFail:%s", on_fail);
	else
		changeset->on_fail = (LbOnFail) i;
	appendStringInfoString(&changeset->condition,
						   condition_of(state, changeset, node, "and"));
	if (on_error != NULL && pg_strcasecmp(on_error, "HALT") != 0)
		changeset->host_reason = psprintf("onError:%s", on_error);
}

/* ----- changesets ----- */

/* A checksum, or a list of them. */
static void
add_checksums(LbChangeset *changeset, const LbNode *node)
{
	ListCell   *lc;

	if (node->value != NULL)
		changeset->checksums = lappend(changeset->checksums,
									   mig_lb_trim(node->value));
	foreach(lc, node->children)
		add_checksums(changeset, lfirst(lc));
}

/* What stands below a changeset. */
static void
read_changeset_child(LbState *state, LbChangeset *changeset,
					 const LbNode *child)
{
	ListCell   *lc;

	if (strcmp(child->name, "changes") == 0)
	{
		foreach(lc, child->children)
			add_change(state, changeset, lfirst(lc));
	}
	else if (strcmp(child->name, "rollback") == 0)
		add_rollback(state, changeset, child);
	else if (pg_strcasecmp(child->name, "preConditions") == 0)
		read_preconditions(state, changeset, child);
	else if (strncmp(child->name, "validCheckSum", 13) == 0)
		add_checksums(changeset, child);
	else if (is_one_of(child->name, changeset_attributes,
					   lengthof(changeset_attributes)))
		return;
	else if (child->element || child->children != NIL)
		add_change(state, changeset, child);
}

static void
read_changeset(LbState *state, LbChangelog *changelog, const LbNode *node)
{
	LbChangeset *changeset = mig_lb_changeset(changelog, node->line);
	ListCell   *lc;

	changeset->id = attribute(state, changelog, node, "id");
	changeset->author = attribute(state, changelog, node, "author");
	if (changeset->id == NULL || changeset->author == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("changeset has no id or no author"),
				 errhint("Give it both."),
				 mig_file_errcontext(changelog->file, node->line)));
	mig_lb_name_path(changeset, attribute(state, changelog, node, "logicalFilePath"));
	changeset->comment = attribute(state, changelog, node, "comment");
	changeset->contexts = attribute_or(state, changelog, node, "contextFilter", "context");
	changeset->labels = attribute(state, changelog, node, "labels");
	changeset->dbms = attribute(state, changelog, node, "dbms");
	changeset->ignore = mig_lb_flag(node, "ignore", false);
	changeset->run_on_change = mig_lb_flag(node, "runOnChange", false);
	changeset->run_always =
		mig_lb_flag(node, "runAlways", mig_lb_flag(node, "alwaysRun", false));
	changeset->in_transaction = mig_lb_flag(node, "runInTransaction", true);
	changeset->fail_on_error = mig_lb_flag(node, "failOnError", true);
	foreach(lc, node->children)
		read_changeset_child(state, changeset, lfirst(lc));
	mig_lb_finish(state, changeset);
}

static void
read_property(LbState *state, LbChangelog *changelog, const LbNode *node)
{
	if (mig_lb_child(node, "file") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("properties of file \"%s\" are not read",
						mig_lb_value(node, "file")),
				 errhint("Give them with variables => '{\"name\": \"value\"}', and leave this out with a dbms attribute for another database."),
				 mig_file_errcontext(changelog->file, node->line)));
	mig_lb_property(state, changelog,
					attribute(state, changelog, node, "name"),
					mig_lb_value(node, "value"),
					mig_lb_flag(node, "global", true),
					attribute_or(state, changelog, node, "contextFilter", "context"),
					attribute(state, changelog, node, "labels"),
					attribute(state, changelog, node, "dbms"));
}

/* Preconditions of a whole changelog: the database is ours, the rest is told. */
static void
skip_preconditions(LbState *state, LbChangelog *changelog, const LbNode *node)
{
	ListCell   *lc;

	foreach(lc, node->children)
	{
		const LbNode *child = lfirst(lc);

		if (strcmp(child->name, "dbms") != 0 &&
			(child->element || child->children != NIL))
			state->unchecked =
				lappend(state->unchecked,
						psprintf("precondition %s of changelog \"%s\"",
								 child->name, changelog->path));
	}
}

/* What these attributes would change is for other programs than Liquibase. */
static void
read_modified(LbState *state, LbChangelog *changelog, const LbNode *node)
{
	ListCell   *lc;

	foreach(lc, node->children)
	{
		const LbNode *child = lfirst(lc);

		if (strcmp(child->name, "include") == 0)
			state->include(state, changelog, child, false);
		else if (strcmp(child->name, "includeAll") == 0)
			state->include(state, changelog, child, true);
	}
}

/* Reads a changelog whose document is parsed. */
void
mig_lb_read_document(LbState *state, LbChangelog *changelog,
					 const LbNode *root)
{
	const char *logical = mig_lb_value(root, "logicalFilePath");
	const char *contexts = attribute_or(state, changelog, root, "contextFilter", "context");
	bool		in_order = pg_str_endswith(changelog->file->path, ".xml");
	ListCell   *lc;

	if (logical != NULL && *logical != '\0')
		changelog->logical = logical;
	if (contexts != NULL)
		changelog->contexts = lappend(changelog->contexts, unconstify(char *, contexts));
	foreach(lc, root->children)
		if (!in_order && strcmp(((LbNode *) lfirst(lc))->name, "property") == 0)
			read_property(state, changelog, lfirst(lc));
	foreach(lc, root->children)
	{
		const LbNode *child = lfirst(lc);

		if (strcmp(child->name, "changeSet") == 0)
			read_changeset(state, changelog, child);
		else if (strcmp(child->name, "include") == 0)
			state->include(state, changelog, child, false);
		else if (strcmp(child->name, "includeAll") == 0)
			state->include(state, changelog, child, true);
		else if (strcmp(child->name, "property") == 0 && in_order)
			read_property(state, changelog, child);
		else if (pg_strcasecmp(child->name, "preConditions") == 0)
			skip_preconditions(state, changelog, child);
		else if (strcmp(child->name, "modifyChangeSets") == 0)
			read_modified(state, changelog, child);
	}
}
