/*-------------------------------------------------------------------------
 *
 * layout.c
 *	  Files of a migration directory in, migrations out.
 *
 * A layout says how versions, names, kinds and directions are written in
 * file names and in the files themselves.  The readers know these rules; here
 * is which reader is asked, and the order of what it found.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "detect.h"
#include "layout.h"
#include "readers.h"

typedef struct Layout
{
	const char *name;
	void		(*read) (MigReading *reading);
	MigOrder	order;
	const char *host_hint;		/* how the tool prints the SQL of its files in
								 * a host language; NULL: it has none */
} Layout;

/* Every layout that files can be read in, in the order of their names. */
static const Layout layouts[] = {
	{"alembic", mig_read_alembic, MIG_ORDER_PLAN,
		"Run them with Alembic, or save what \"alembic upgrade FROM:TO --sql\" prints as files named <version>_<name>.sql; doc/from-code.md shows how."},
	{"atlas", mig_read_atlas, MIG_ORDER_NAME},
	{"dbmate", mig_read_dbmate, MIG_ORDER_NAME},
	{"diesel", mig_read_diesel, MIG_ORDER_NAME},
	{"django", mig_read_django, MIG_ORDER_PLAN,
		"Run them with Django, or save what \"python manage.py sqlmigrate APP NAME\" prints as files named <version>_<name>.sql; doc/from-code.md shows how."},
	{"drizzle", mig_read_drizzle, MIG_ORDER_PLAN},
	{"ecto", mig_read_ecto, MIG_ORDER_NUMBER,
		"Run them with Ecto, or write what they do as SQL files named <version>_<name>.sql; doc/switch/ecto.md shows how."},
	{"efcore", mig_read_efcore, MIG_ORDER_NAME,
		"Run them with EF Core, or save what \"dotnet ef migrations script FROM TO\" prints, but its INSERT INTO \"__EFMigrationsHistory\", as files named <version>_<name>.sql; doc/switch/efcore.md shows how."},
	{"flyway", mig_read_flyway, MIG_ORDER_NUMBER,
		"Let Flyway apply them and run migrate.adopt(), or write what they do to .sql files of the same versions; flyway migrate -dryRunOutput=FILE prints it."},
	{"golang-migrate", mig_read_golang_migrate, MIG_ORDER_NUMBER},
	{"goose", mig_read_goose, MIG_ORDER_NUMBER,
	"goose cannot print the SQL of files in Go: write it into .sql files of the same numbers, or apply them with goose and then run SELECT * FROM migrate.adopt();"},
	{"graphile-migrate", mig_read_graphile_migrate, MIG_ORDER_NAME},
	{"hasura", mig_read_hasura, MIG_ORDER_NUMBER,
	"Write its SQL to a file \"up.sql\" in place of \"up.yaml\"; what is only metadata stays with Hasura."},
	{"knex", mig_read_knex, MIG_ORDER_NAME,
		"Run them with Knex, or write what they do as SQL files named <version>_<name>.sql; doc/from-code.md shows how."},
	{"liquibase", mig_read_liquibase, MIG_ORDER_PLAN,
	"Print their SQL with \"liquibase update-sql\", or write their changesets with <sql> or as formatted SQL."},
	{"native", mig_read_native, MIG_ORDER_NUMBER},
	{"node-pg-migrate", mig_read_node_pg_migrate, MIG_ORDER_NAME,
	"\"node-pg-migrate up --dry-run\" prints their SQL: write it into .sql files of the same names; or apply them with node-pg-migrate and then run SELECT * FROM migrate.adopt();"},
	{"postgrator", mig_read_postgrator, MIG_ORDER_NUMBER,
	"What their generateSql() returns is the SQL: write it into .sql files of the same numbers; or apply them with postgrator and then run SELECT * FROM migrate.adopt();"},
	{"postgres-migrations", mig_read_postgres_migrations, MIG_ORDER_NUMBER,
	"What their generateSql() returns is the SQL: write it into .sql files of the same numbers; or apply them with postgres-migrations and then run SELECT * FROM migrate.adopt();"},
	{"prisma", mig_read_prisma, MIG_ORDER_NAME},
	{"rails", mig_read_rails, MIG_ORDER_NUMBER,
		"Run them with Rails, or write what they do as SQL files named <version>_<name>.sql; doc/from-code.md shows how."},
	{"refinery", mig_read_refinery, MIG_ORDER_NUMBER,
		"Let refinery apply them and run migrate.adopt(), or write what their migration() returns to .sql files of the same names."},
	{"sqitch", mig_read_sqitch, MIG_ORDER_PLAN},
	{"sql-migrate", mig_read_sql_migrate, MIG_ORDER_NAME},
	{"sqlx", mig_read_sqlx, MIG_ORDER_NUMBER},
	{"tern", mig_read_tern, MIG_ORDER_NUMBER},
	{"typeorm", mig_read_typeorm, MIG_ORDER_NUMBER,
		"Run them with TypeORM, or write what they do as SQL files named <version>_<name>.sql."},
};

/* The layout of that name, or an error. */
static const Layout *
find_layout(const char *name)
{
	StringInfoData known;

	initStringInfo(&known);
	appendStringInfoString(&known, "\"auto\"");
	for (int i = 0; i < lengthof(layouts); i++)
	{
		if (strcmp(layouts[i].name, name) == 0)
			return &layouts[i];
		appendStringInfo(&known, ", \"%s\"", layouts[i].name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized layout \"%s\"", name),
			 errhint("Known layouts are %s.", known.data)));
}

/* What puts the migrations of a layout in order. */
MigOrder
mig_layout_order(const char *layout)
{
	return find_layout(layout)->order;
}

/* How to turn files in a host language into SQL. */
const char *
mig_layout_host_hint(const char *layout)
{
	return find_layout(layout)->host_hint;
}

/* What several layouts are said to be when none is known to be it. */
static void
report_candidates(List *candidates)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, candidates)
		appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
						 (const char *) lfirst(lc));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the files may be of several layouts: %s", names.data),
			 errhint("Say which: migrate.load(..., layout => '%s').",
					 (const char *) linitial(candidates))));
}

/*
 * One of the candidates: that of the project, else that of which the database
 * has the history, else the likely one, or an error.
 */
static const char *
choose_layout(const MigLayoutRequest *request, List *candidates,
			  const char *likely)
{
	const char *found = NULL;
	ListCell   *lc;

	foreach(lc, candidates)
		if (request->previous != NULL && strcmp(request->previous, lfirst(lc)) == 0)
			return request->previous;
	foreach(lc, candidates)
	{
		if (strcmp(lfirst(lc), "native") == 0 ||
			!request->has_history(lfirst(lc)))
			continue;
		if (found != NULL)
			report_candidates(candidates);
		found = lfirst(lc);
	}
	if (found == NULL)
		found = likely;
	if (found == NULL)
		report_candidates(candidates);
	return found;
}

/* Which layout the files are in. */
static const char *
detect_layout(const MigLayoutRequest *request)
{
	const char *layout;
	const char *likely;
	List	   *candidates = mig_detect(request->files, &likely);

	if (candidates == NIL)
		return request->previous != NULL ? request->previous : "native";
	layout = list_length(candidates) == 1 ? linitial(candidates) :
		choose_layout(request, candidates, likely);
	if (strcmp(layout, "native") != 0 ||
		(request->previous != NULL && strcmp(request->previous, layout) != 0))
		ereport(NOTICE,
				(errmsg("the files are read in layout \"%s\"", layout)));
	return layout;
}

/* Reports two definitions that are the same migration. */
static void
report_duplicate(const MigDefinition *first, const MigDefinition *second)
{
	if (first->repeatable)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("files \"%s\" and \"%s\" are the same repeatable migration \"%s\"",
						first->path, second->path, first->name),
				 errhint("Rename one of them.")));
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("files \"%s\" and \"%s\" have the same version \"%s\"",
					first->path, second->path, second->version),
			 strcmp(first->version, second->version) == 0 ? 0 :
			 errdetail("Versions are compared by value: \"%s\" and \"%s\" are equal.",
					   first->version, second->version),
			 errhint("Rename the later one to a version of its own.")));
}

/* Puts the definitions in their order, in which no two are alike. */
static void
sort_definitions(List *definitions)
{
	list_sort(definitions, mig_definition_compare);
	for (int i = 1; i < list_length(definitions); i++)
		if (mig_definition_compare(list_nth_cell(definitions, i - 1),
								   list_nth_cell(definitions, i)) == 0)
			report_duplicate(list_nth(definitions, i - 1),
							list_nth(definitions, i));
}

/*
 * What a plan lists has its position as its key until it is stored, from 1 on:
 * there is room for a key before the first.  That no two are alike is told by
 * their identities.
 */
static void
number_definitions(MigReading *reading)
{
	MigReading	by_identity = {0};
	ListCell   *lc;

	foreach(lc, reading->definitions)
	{
		MigDefinition *definition = lfirst(lc);
		MigDefinition *first;

		if (definition->repeatable)
			continue;
		definition->sort_key = psprintf("%010d", foreach_current_index(lc) + 1);
		first = mig_reading_get(&by_identity, definition->identity);
		if (first->path != NULL)
			report_duplicate(first, definition);
		first->path = definition->path;
		first->version = definition->version;
	}
}

/*
 * Reads a set of files in a layout.
 *
 * The definitions come out complete and without contradictions, versioned
 * ones first, in the order in which they are to be applied.  A file that
 * the layout does not know by its name is ignored, and listed as such; one
 * that it knows but cannot make sense of is an error.
 */
MigLayoutResult *
mig_layout_read(const MigLayoutRequest *request)
{
	const Layout *layout = find_layout(strcmp(request->layout, "auto") == 0 ?
									   detect_layout(request) :
									   request->layout);
	MigReading	reading = {0};
	MigLayoutResult *result = palloc0(sizeof(MigLayoutResult));
	ListCell   *lc;

	reading.layout = layout->name;
	reading.directory = request->directory;
	reading.files = request->files;
	reading.depth = mig_files_depth(request->files);
	reading.variables = request->variables;
	reading.around = request->around;
	layout->read(&reading);
	if (layout->order == MIG_ORDER_PLAN)
		number_definitions(&reading);
	sort_definitions(reading.definitions);
	foreach(lc, reading.definitions)
		((MigDefinition *) lfirst(lc))->layout = layout->name;
	result->layout = layout->name;
	result->definitions = reading.definitions;
	foreach(lc, reading.ignored)
		if (!mig_file_is_evidence(lfirst(lc)))
			result->ignored = lappend(result->ignored, lfirst(lc));
	return result;
}
