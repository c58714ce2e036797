/*-------------------------------------------------------------------------
 *
 * store.c
 *	  Storing definitions: what becomes of each that register and load bring.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "arrange.h"
#include "compare.h"
#include "foreign.h"
#include "guc.h"
#include "journal.h"
#include "lint_tell.h"
#include "match.h"
#include "plan.h"
#include "store.h"
#include "text.h"

/* How much of a line an error shows. */
#define SHOWN_LINE 60

/* How many files an error lists. */
#define SHOWN_FILES 20

/* Bytes of a project's name and a migration's sort key together. */
#define MAX_KEY 2400

/* Names the migration in errors of reading its text. */
static void
migration_error_context(void *arg)
{
	const MigMigration *m = arg;

	errcontext("migration \"%s\"", mig_label(m->version, m->name));
}

/* The part of a line that an error shows, from about 'start' on. */
static char *
shown_line(const char *line, int start)
{
	int			from = start > SHOWN_LINE / 2 ?
		pg_mbcliplen(line, strlen(line), start - SHOWN_LINE / 3) : 0;
	int			len = strlen(line + from);
	int			shown = len > SHOWN_LINE ?
		pg_mbcliplen(line + from, len, SHOWN_LINE) : len;

	return psprintf("%s%.*s%s", from > 0 ? "..." : "", shown, line + from,
					shown < len ? "..." : "");
}

/* How many bytes two lines have in common at their start. */
static int
common_start(const char *a, const char *b)
{
	int			n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

/* Takes an edited text as what was applied, as was resolved before. */
static void
accept_edit(const MigMigration *m, const char *checksum)
{
	MigEvent	event = {0};

	mig_catalog_accept_edit(m->id, checksum);
	event.action = "resolve";
	event.outcome = "success";
	event.elapsed = -1;
	event.checksum = checksum;
	event.reason = "accept: this is the text";
	mig_journal_add_event(m->project, m, &event);
}

/*
 * An edit of an applied migration: nothing to do if white space and comments
 * are all that differs from what ran; refused, unless it was allowed by hand.
 */
static void
check_edit(const MigMigration *m, const MigDefinition *d, const char *checksum)
{
	char	   *ran = mig_catalog_text(m->checksum);
	MigFile		file = {.path = d->path};
	char	   *was;
	char	   *is;
	int			line_ran;
	int			line_new;
	bool		same;
	ErrorContextCallback callback;

	callback.callback = migration_error_context;
	callback.arg = (void *) m;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	same = mig_compare_same(ran, d->up.text, &line_ran, &line_new);
	error_context_stack = callback.previous;
	if (m->accept)
		accept_edit(m, checksum);
	if (same || m->accept)
		return;
	was = mig_text_line(ran, line_ran);
	is = mig_text_line(d->up.text, line_new);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 m->state == MIG_APPLIED ?
			 errmsg("migration \"%s\" is applied and its text has changed",
					mig_label(m->version, m->name)) :
			 errmsg("migration \"%s\" is partially rolled back and its text has changed",
					mig_label(m->version, m->name)),
			 errdetail("Line %d was \"%s\" and is \"%s\".",
					   d->up.line + line_new - 1,
					   shown_line(was, common_start(was, is)),
					   shown_line(is, common_start(was, is))),
			 d->path == NULL ? 0 :
			 mig_file_errcontext(&file, d->up.line + line_new - 1),
			 m->state != MIG_APPLIED ?
			 errhint("Run %s to finish the rollback, and store it again.",
					 mig_call("rollback", "", m->project)) :
			 errhint("Write a new migration, or run %s and store it again.",
					 mig_call_resolve(mig_argument(m->version, m->name),
									  "accept", m->project))));
}

/* Are both absent or equal? */
static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Does the definition say what is stored, apart from where it stands? */
static bool
is_unchanged(const MigMigration *m, const MigDefinition *d, const char *up)
{
	const char *down = d->down.text ?
		mig_checksum(d->down.text, strlen(d->down.text)) : NULL;

	return strcmp(m->up, up) == 0 && same_text(m->down, down) &&
		same_text(m->version, d->version) && strcmp(m->name, d->name) == 0 &&
		m->up_no_transaction == d->up.no_transaction &&
		m->down_no_transaction == d->down.no_transaction;
}

/* Are two lists of char * alike? */
static bool
equal_strings(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (list_length(a) != list_length(b))
		return false;
	forboth(x, a, y, b)
		if (strcmp(lfirst(x), lfirst(y)) != 0)
			return false;
	return true;
}

/*
 * Other values for the placeholders of a script that ran are no edit of it:
 * what ran stays, with its way back.
 */
static bool
ran_with_other_values(const MigMigration *m, const MigDefinition *d)
{
	if (m->repeatable || m->state == MIG_PENDING || m->state == MIG_FAILED ||
		m->source == NULL || d->source == NULL ||
		strcmp(m->source, mig_checksum(d->source, strlen(d->source))) != 0 ||
		mig_catalog_has_variables(m->id, d->variables))
		return false;
	ereport(NOTICE,
			(errmsg("migration \"%s\" is %s with other values of its placeholders and stays as it is",
					mig_label(m->version, m->name), mig_state_names[m->state])));
	return true;
}

/* Is the script still on the same lines of the same file? */
static bool
stands_as_before(const MigMigration *m, const MigDefinition *d)
{
	return same_text(m->path, d->path) && m->up_line == d->up.line &&
		(d->down.text == NULL || m->down_line == d->down.line) &&
		strcmp(m->layout, d->layout) == 0 &&
		same_text(m->identity, d->identity) &&
		equal_strings(m->checksums, d->checksums);
}

/* A run has read the script already, or is about to. */
static void
check_not_running(const MigMigration *m)
{
	if (!mig_journal_is_running(m->id))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("migration \"%s\" is running",
					mig_label(m->version, m->name)),
			 errhint("Call again when the run has ended; SELECT * FROM migrate.progress; shows it.")));
}

/* What the index on project, kind and key takes. */
static void
check_length(const char *project, const MigDefinition *d)
{
	const char *key = mig_definition_key(d);

	if (strlen(project) + strlen(key) <= MAX_KEY)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NAME_TOO_LONG),
			 d->repeatable ?
			 errmsg("name \"%.60s...\" is too long", key) :
			 errmsg("version \"%.60s...\" is too long", d->version)));
}

/*
 * Two spellings of one version are two migrations that got the same number.
 * What a plan lists may get another name there: its identity tells that it is
 * the same.
 */
static void
check_same_spelling(const MigMigration *m, const MigDefinition *d)
{
	if (same_text(m->version, d->version) ||
		(mig_layout_order(d->layout) == MIG_ORDER_PLAN &&
		 same_text(m->identity, d->identity)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("version \"%s\" of \"%s\" is the same as version \"%s\" of \"%s\"",
					d->version, d->path ? d->path : d->name,
					m->version, m->path ? m->path : m->name),
			 errhint("Rename the later one.")));
}

/* Stores a definition over an existing one; returns the result's word. */
static const char *
store_existing(MigMigration *m, MigDefinition *d)
{
	char	   *up;

	check_same_spelling(m, d);
	if (ran_with_other_values(m, d))
		return "unchanged";
	up = mig_checksum(d->up.text, strlen(d->up.text));
	if (is_unchanged(m, d, up))
	{
		if (!stands_as_before(m, d))
			mig_catalog_replace(m->id, d);
		return "unchanged";
	}
	check_not_running(m);
	if (!m->repeatable && strcmp(up, m->up) != 0 &&
		(m->state == MIG_APPLIED || (m->state == MIG_PARTIAL && m->state_down)))
		check_edit(m, d, up);
	mig_catalog_replace(m->id, d);
	return "replaced";
}

/* Where a definition stands to what is stored. */
static int
compare_definition(const MigDefinition *d, const MigMigration *m)
{
	return mig_order(d->repeatable, mig_definition_key(d),
					 m->repeatable, m->sort_key);
}

static MigStored *
stored_row(const MigDefinition *d, const char *result)
{
	MigStored  *row = palloc0(sizeof(MigStored));

	row->path = d->path;
	row->version = d->version;
	row->name = d->name;
	row->kind = d->repeatable ? "repeatable" : "versioned";
	row->result = result;
	return row;
}

/* A pending migration that the files do not have any more. */
static void
report_missing(const MigMigration *m)
{
	if (m->state == MIG_APPLIED)
		return;
	ereport(NOTICE,
			(errmsg("migration \"%s\" is not applied and not among the files",
					mig_label(m->version, m->name)),
			 errhint("If it was given up, run %s",
					 mig_call("unregister", mig_argument(m->version, m->name),
							  m->project))));
}

/*
 * Stores definitions, which are in order, by walking along the stored ones,
 * which are too.  'complete': they are all that the project has.
 */
static List *
store(const char *project, List *definitions, List *existing)
{
	List	   *result = NIL;
	List	   *added = NIL;
	int			at = 0;
	ListCell   *lc;

	foreach(lc, definitions)
	{
		MigDefinition *d = lfirst(lc);
		int			order = -1;

		CHECK_FOR_INTERRUPTS();
		while (at < list_length(existing) &&
			   (order = compare_definition(d, list_nth(existing, at))) > 0)
			report_missing(list_nth(existing, at++));
		if (at < list_length(existing) && order == 0)
			result = lappend(result, stored_row(d, store_existing(list_nth(existing, at++), d)));
		else
		{
			check_length(project, d);
			added = lappend(added, d);
			result = lappend(result, stored_row(d, "new"));
		}
	}
	while (at < list_length(existing))
		report_missing(list_nth(existing, at++));
	mig_catalog_insert(project, added);
	return result;
}

/* The layout in which the project's files were read before; NULL: none. */
static const char *
previous_layout(List *existing)
{
	const char *layout = NULL;
	ListCell   *lc;

	foreach(lc, existing)
	{
		const MigMigration *m = lfirst(lc);

		if (m->path != NULL)
			layout = m->layout;
	}
	return layout;
}

/* Among migrations that go by other rules, a version says no place. */
static void
check_layout(const char *project)
{
	const char *layout = mig_catalog_layout(project);

	if (layout == NULL || mig_layout_order(layout) == MIG_ORDER_NUMBER)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("project \"%s\" has files of layout \"%s\", which orders migrations by rules of its own",
					project, layout),
			 errhint("Add a file and load it, or register the migration in another project.")));
}

/* Stores one definition; returns the result's word. */
const char *
mig_store_definition(const char *project, MigDefinition *d)
{
	MigMigration *m;

	mig_catalog_lock();
	d->layout = "native";
	check_layout(project);
	m = mig_catalog_find(project, d->repeatable,
						 mig_definition_key(d));
	if (m != NULL)
		return store_existing(m, d);
	check_length(project, d);
	mig_catalog_insert(project, list_make1(d));
	return "new";
}

/*
 * What stands for a file in a host language that its tool has applied.  It
 * runs only if that is not adopted first.
 */
static char *
host_script(const MigDefinition *d)
{
	return psprintf("DO $migrate$ BEGIN\n"
					"RAISE EXCEPTION USING MESSAGE = %s, ERRCODE = 'object_not_in_prerequisite_state',\n"
					"HINT = 'Run SELECT * FROM migrate.adopt(); first.';\nEND $migrate$;\n",
					quote_literal_cstr(psprintf("%s was applied by %s and cannot be run here",
												mig_file_base(d->path), d->layout)));
}

/* Lists files that cannot be run here, for an error's detail. */
static char *
list_paths(List *definitions)
{
	StringInfoData paths;
	ListCell   *lc;

	initStringInfo(&paths);
	foreach(lc, definitions)
	{
		const MigDefinition *d = lfirst(lc);

		if (foreach_current_index(lc) == SHOWN_FILES)
		{
			appendStringInfo(&paths, "\nand %d more",
							 list_length(definitions) - SHOWN_FILES);
			break;
		}
		appendStringInfo(&paths, "%s%s", paths.len > 0 ? "\n" : "", d->path);
		if (d->host_reason != NULL)
			appendStringInfo(&paths, " (%s)", d->host_reason);
	}
	return paths.data;
}

/* The identities of what is applied here. */
static MigIndex
applied_here(List *existing)
{
	MigIndex	index = {0};
	ListCell   *lc;

	foreach(lc, existing)
	{
		const MigMigration *m = lfirst(lc);

		if (m->identity != NULL && m->state == MIG_APPLIED)
			mig_index_add(&index, m->identity, 0);
	}
	mig_index_sort(&index);
	return index;
}

/*
 * Files in a host language are of use only as names for what their tool has
 * applied already, be it that this was adopted and the tool's history is gone.
 */
static void
settle_host_files(const MigLayoutResult *read, List *existing)
{
	MigForeignApplied *applied = NULL;
	MigIndex	here = applied_here(existing);
	List	   *pending = NIL;
	ListCell   *lc;

	foreach(lc, read->definitions)
	{
		MigDefinition *d = lfirst(lc);

		if (!d->host)
			continue;
		if (mig_index_find(&here, d->identity) < 0)
		{
			if (applied == NULL)
				applied = mig_foreign_applied_of(read->layout,
												 read->definitions);
			if (!mig_foreign_contains(applied, d->identity))
			{
				pending = lappend(pending, d);
				continue;
			}
		}
		d->up.text = host_script(d);
	}
	if (pending != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg_plural("%d file is not SQL and is not applied",
							   "%d files are not SQL and are not applied",
							   list_length(pending), list_length(pending)),
				 errdetail("%s", list_paths(pending)),
				 errhint("%s", mig_layout_host_hint(read->layout))));
}

/* What readers may know of this database and project. */
static MigSurroundings
surroundings(List *existing)
{
	MigSurroundings around = {0};
	Oid			owner;
	HeapTuple	tuple = SearchSysCache1(DATABASEOID,
										ObjectIdGetDatum(MyDatabaseId));
	List	   *path = fetch_search_path(false);
	char		now[64];
	pg_time_t	seconds = timestamptz_to_time_t(GetCurrentTimestamp());
	ListCell   *lc;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);	/* cannot happen */
	owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
	ReleaseSysCache(tuple);
	pg_strftime(now, sizeof(now), "%Y-%m-%d %H:%M:%S",
				pg_localtime(&seconds, session_timezone));
	around.database = get_database_name(MyDatabaseId);
	around.owner = GetUserNameFromId(owner, true);
	around.user = GetUserNameFromId(GetUserId(), false);
	around.schema = path != NIL ? get_namespace_name(linitial_oid(path)) : NULL;
	around.timestamp = pstrdup(now);
	foreach(lc, existing)
	{
		const MigMigration *m = lfirst(lc);

		if (m->path != NULL)
			around.stored = lappend(around.stored, m->path);
	}
	around.applied = mig_foreign_applied;
	return around;
}

/*
 * Says that the tool of these files has been at work in this database, unless
 * something was taken over from it, or run here, already.
 */
static void
point_at_history(const char *project, const char *layout, List *existing)
{
	char	   *history;
	ListCell   *lc;

	foreach(lc, existing)
	{
		MigState	state = ((MigMigration *) lfirst(lc))->state;

		if (state != MIG_PENDING && state != MIG_FAILED)
			return;
	}
	if (mig_journal_has_begun(project) ||
		(history = mig_foreign_history(layout)) == NULL)
		return;
	ereport(NOTICE,
			(errmsg("table %s is the history of %s", history, layout),
			 errhint("To take over what it says was applied, run %s",
					 mig_call_rows("adopt", "", project))));
}

/* The labels of what is new or replaced. */
static List *
changed_labels(List *rows)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, rows)
	{
		MigStored  *row = lfirst(lc);

		if (strcmp(row->result, "new") == 0 ||
			strcmp(row->result, "replaced") == 0)
			result = lappend(result,
							 unconstify(char *, mig_label(row->version, row->name)));
	}
	return result;
}

/*
 * Stores the migrations of files; returns a list of MigStored, for the files
 * that are none as well.
 */
List *
mig_store_files(const char *project, MigLayoutRequest *request)
{
	MigLayoutResult *read;
	List	   *existing;
	List	   *result;
	ListCell   *lc;

	mig_catalog_lock();
	existing = mig_catalog_list(project);
	request->previous = previous_layout(existing);
	request->has_history = mig_foreign_has_history;
	request->around = surroundings(existing);
	read = mig_layout_read(request);
	settle_host_files(read, existing);
	mig_arrange(read, existing);
	result = store(project, read->definitions, existing);
	foreach(lc, read->ignored)
	{
		MigStored  *row = palloc0(sizeof(MigStored));

		row->path = lfirst(lc);
		row->result = "ignored";
		result = lappend(result, row);
		ereport(NOTICE,
				(errmsg("file \"%s\" is not a migration", row->path)));
	}
	point_at_history(project, read->layout, existing);
	mig_lint_after_load(project, changed_labels(result));
	return result;
}

/* Removes a migration of which nothing was ever kept. */
void
mig_store_remove(const char *project, const char *version)
{
	MigMigration *m;

	mig_catalog_lock();
	m = mig_plan_find(project, version);
	check_not_running(m);
	if (m->state != MIG_PENDING && m->state != MIG_FAILED)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("migration \"%s\" is %s", mig_label(m->version, m->name),
						m->state == MIG_APPLIED ? "applied" : "partial"),
				 errdetail("Only a pending or failed migration can be removed."),
				 errhint("Undo it first, then run %s",
						 mig_call_resolve(mig_argument(m->version, m->name),
										  "rolled_back", m->project))));
	mig_catalog_delete(m->id);
}
