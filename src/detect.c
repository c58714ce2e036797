/*-------------------------------------------------------------------------
 *
 * detect.c
 *	  Which layout a set of files is in.
 *
 * First every file is looked at once: its name, where it stands, and the
 * lines of its text that are comments.  Then the tools are asked in turn, from
 * those that leave a file of their own to those that only number their files.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "common/string.h"
#include "miscadmin.h"

#include "detect.h"
#include "readers.h"
#include "text.h"

/* Digits of a version that node-pg-migrate makes: of milliseconds, of UTC. */
#define EPOCH_DIGITS	13
#define UTC_DIGITS		17

/* What the files say, each a bit of Evidence.seen. */
typedef enum Sign
{
	/* near the directory */
	NEAR_GMRC = 1 << 0,
	NEAR_SQLX = 1 << 1,
	NEAR_CARGO = 1 << 2,
	NEAR_PACKAGE = 1 << 3,
	NEAR_GO = 1 << 4,
	/* files of a tool's own */
	SQITCH_PLAN = 1 << 5,
	GRAPHILE_FILES = 1 << 6,
	PRISMA_LOCK = 1 << 7,
	DRIZZLE_SNAPSHOT = 1 << 8,
	DRIZZLE_JOURNAL = 1 << 9,
	ATLAS_SUM = 1 << 10,
	SCHEMA_DUMP = 1 << 11,
	RAILS_DUMP = 1 << 12,
	/* lines of a tool's own */
	LIQUIBASE_LINE = 1 << 13,
	GOOSE_LINE = 1 << 14,
	SQL_MIGRATE_LINE = 1 << 15,
	TERN_LINE = 1 << 16,
	ATLAS_LINE = 1 << 17,
	SQLX_LINE = 1 << 18,
	REFINERY_LINE = 1 << 19,
	BEGIN_LINE = 1 << 20,
	/* what only native has, what only dbmate has */
	NATIVE_ONLY = 1 << 21,
	DBMATE_ONLY = 1 << 22,
	/* what Flyway has and refinery has not, and the reverse */
	FLYWAY_ONLY = 1 << 23,
	RUST_FILES = 1 << 24,
	/* names */
	POSTGRATOR_NAME = 1 << 25,
	DIESEL_NAME = 1 << 26,
	HASURA_NAME = 1 << 27
} Sign;

/* Tools whose migrations are programs, each a bit of Evidence.hosts. */
static const char *const host_tools[] = {
	"rails", "alembic", "django", "knex", "node-pg-migrate", "typeorm",
	"efcore", "ecto", "goose"
};

enum HostTool
{
	HOST_RAILS, HOST_ALEMBIC, HOST_DJANGO, HOST_KNEX, HOST_NODE_PG_MIGRATE,
	HOST_TYPEORM, HOST_EFCORE, HOST_ECTO, HOST_GOOSE
};

typedef struct Evidence
{
	int			seen;			/* of Sign */
	int			hosts;			/* of 1 << HostTool */
	int			depth;			/* slashes in the paths of numbered files */

	int			numbered;		/* files <digits>*.sql, of which */
	int			plain;			/* have a name as native knows it, */
	int			pairs;			/* end in .up.sql or .down.sql, */
	int			dashed;			/* are none of native's, */
	int			marked;			/* have dbmate's sections, */
	int			both_marked;	/* have them in pairs, */
	int			commented;		/* have node-pg-migrate's sections, */
	int			npm_digits;		/* have as many digits as it writes */

	int			repeatables;	/* R__<name>.sql */
	int			versioned;		/* V<version>__<name>, or B */
	List	   *v_versions;		/* of char *: of V files */
	List	   *u_versions;		/* of char *: of U files */

	int			migration_sql;	/* directories of each kind */
	int			up_sql;
	List	   *names;			/* of char *: of marked files */
} Evidence;

/* A SQL file that is being looked at. */
typedef struct Look
{
	Evidence   *e;
	bool		numbered;
	bool		leading;		/* in the comments that it starts with */
	bool		first;			/* no line but blank ones yet */
	int			sections;		/* of dbmate: how many lines of either */
	bool		disordered;		/* not up, down, up, down */
	bool		commented;		/* node-pg-migrate's */
} Look;

static int
count_slashes(const char *path)
{
	int			slashes = 0;

	for (; *path != '\0'; path++)
		slashes += *path == '/';
	return slashes;
}

static int
count_digits(const char *p)
{
	return strspn(p, "0123456789");
}

static const char *
skip_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* Does the text start with the word, whatever its case? */
static bool
starts_with(const char *p, const char *end, const char *word)
{
	int			len = strlen(word);

	return end - p >= len && pg_strncasecmp(p, word, len) == 0;
}

/* Is the word somewhere in the line? */
static bool
line_contains(const char *p, const char *end, const char *word)
{
	int			len = strlen(word);

	for (; end - p >= len; p++)
		if (memcmp(p, word, len) == 0)
			return true;
	return false;
}

/* The length of a Flyway name's prefix and version; 0 if it is none. */
static int
flyway_prefix(const char *base)
{
	const char *separator = strstr(base, "__");
	int			len = separator != NULL ? separator - base : 0;

	if (len == 0 || strchr("VRUB", *base) == NULL ||
		(int) strspn(base + 1, "0123456789._") < len - 1 ||
		(*base == 'R') != (len == 1))
		return 0;
	return len;
}

/* Is it one of Flyway's callbacks, or does it configure a script? */
static bool
is_flyway_side_file(const char *base)
{
	static const char *const events[] = {
		"beforeMigrate", "beforeEachMigrate", "afterEachMigrate",
		"beforeRepeatables", "afterMigrate", "afterVersioned",
		"beforeClean", "afterClean", "beforeValidate", "afterValidate",
		"beforeBaseline", "afterBaseline", "beforeRepair", "afterRepair",
		"beforeInfo", "afterInfo", "beforeUndo", "afterUndo",
		"createSchema", "beforeCreateSchema", "beforeConnect", "afterConnect"
	};

	if (pg_str_endswith(base, ".sql.conf"))
		return true;
	for (int i = 0; i < lengthof(events); i++)
		if (pg_str_endswith(base, ".sql") &&
			strncmp(base, events[i], strlen(events[i])) == 0)
			return true;
	return false;
}

/* Is a name like <digits>[-<slug>].sql, as graphile-migrate commits it? */
static bool
is_graphile_name(const char *base)
{
	const char *p = base + count_digits(base);

	if (p > base && *p == '-')
		while (isalnum((unsigned char) *p) || *p == '-' || *p == '_')
			p++;
	return p > base && strcmp(p, ".sql") == 0;
}

/* Notes a file near the directory. */
static void
look_near(Evidence *e, const char *base)
{
	if (strncmp(base, ".gmrc", 5) == 0)
		e->seen |= NEAR_GMRC;
	else if (strcmp(base, "Cargo.toml") == 0)
		e->seen |= NEAR_CARGO;
	else if (strcmp(base, "package.json") == 0)
		e->seen |= NEAR_PACKAGE;
	else if (strcmp(base, "go.mod") == 0)
		e->seen |= NEAR_GO;
	else
		e->seen |= NEAR_SQLX;
}

/* Notes the name of a directory with an up.sql. */
static void
look_at_folder(Evidence *e, const char *name)
{
	int			digits = count_digits(name);

	if (digits == EPOCH_DIGITS && name[digits] == '_')
		e->seen |= HASURA_NAME;
	if ((digits == 4 && name[digits] == '-') ||
		pg_str_endswith(name, "_diesel_initial_setup"))
		e->seen |= DIESEL_NAME;
}

/* Notes a file that a tool keeps beside migrations, or a directory for one. */
static void
look_at_place(Evidence *e, const MigFile *file)
{
	const char *base = mig_file_base(file->path);
	const char *parent = mig_file_parent(file->path);

	if ((strcmp(base, "sqitch.plan") == 0 || strcmp(base, "sqitch.conf") == 0) &&
		count_slashes(file->path) <= e->depth)
		e->seen |= SQITCH_PLAN;
	else if ((strcmp(parent, "committed") == 0 && is_graphile_name(base)) ||
			 (pg_str_endswith(base, ".sql") &&
			  strncmp(mig_file_text(file), "--! Previous:", 13) == 0))
		e->seen |= GRAPHILE_FILES;
	else if (strcmp(base, "current.sql") == 0 && (e->seen & NEAR_GMRC))
		e->seen |= GRAPHILE_FILES;
	else if (strcmp(base, "migration_lock.toml") == 0)
		e->seen |= PRISMA_LOCK;
	else if (strcmp(base, "_journal.json") == 0 && strcmp(parent, "meta") == 0)
		e->seen |= DRIZZLE_JOURNAL;
	else if (strcmp(base, "snapshot.json") == 0 && *parent != '\0')
		e->seen |= DRIZZLE_SNAPSHOT;
	else if (strcmp(base, "migration.sql") == 0 && *parent != '\0')
		e->migration_sql++;
	else if (strcmp(base, "up.sql") == 0 && *parent != '\0')
	{
		e->up_sql++;
		look_at_folder(e, parent);
	}
	else if (strcmp(base, "up.yaml") == 0 || strcmp(base, "down.yaml") == 0)
		e->seen |= HASURA_NAME;
	else if (strcmp(base, "metadata.toml") == 0)
		e->seen |= DIESEL_NAME;
	else if (strcmp(base, "schema.sql") == 0)
		e->seen |= SCHEMA_DUMP;
	else if (strcmp(base, "structure.sql") == 0 &&
			 strstr(file->content, "INSERT INTO \"schema_migrations\"") != NULL)
		e->seen |= RAILS_DUMP;
	else if (strcmp(base, "atlas.sum") == 0 &&
			 strncmp(file->content, "h1:", 3) == 0)
		e->seen |= ATLAS_SUM;
	else if (strcmp(base, "tern.conf") == 0)
		e->seen |= TERN_LINE;
	else if (pg_str_endswith(base, ".rs"))
		e->seen |= RUST_FILES;
}

/* Does the text have the word, not as a part of another one? */
static bool
has_word(const char *text, const char *word)
{
	int			len = strlen(word);

	for (const char *p = text; (p = strstr(p, word)) != NULL; p += len)
	{
		if ((p == text || !(isalnum((unsigned char) p[-1]) || p[-1] == '_')) &&
			!(isalnum((unsigned char) p[len]) || p[len] == '_'))
			return true;
	}
	return false;
}

/* Does the text have a line that starts with the word? */
static bool
has_line(const char *text, const char *word)
{
	int			len = strlen(word);

	for (const char *p = text; (p = strstr(p, word)) != NULL; p += len)
		if (p == text || p[-1] == '\n')
			return true;
	return false;
}

/* Is it a program in that family of languages? */
static bool
is_script(const char *path)
{
	static const char *const endings[] = {
		".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"
	};

	for (int i = 0; i < lengthof(endings); i++)
		if (pg_str_endswith(path, endings[i]))
			return true;
	return false;
}

/* Notes a migration in a host language; 1 << HostTool or 0. */
static int
look_at_program(const MigFile *file)
{
	const char *base = mig_file_base(file->path);
	const char *text = file->content;
	int			digits = count_digits(base);
	bool		numbered = digits > 0 && (base[digits] == '_' || base[digits] == '-');

	if (pg_str_endswith(base, ".py"))
		return has_line(text, "down_revision") ? 1 << HOST_ALEMBIC :
			has_word(text, "class Migration(migrations.Migration)") ?
			1 << HOST_DJANGO : 0;
	if (!numbered)
		return 0;
	if (is_script(base))
		return mig_is_typeorm_program(text) ? 1 << HOST_TYPEORM :
			has_word(text, "pgm") ? 1 << HOST_NODE_PG_MIGRATE :
			has_word(text, "knex") || has_word(text, "Knex") ?
			1 << HOST_KNEX : 0;
	if (pg_str_endswith(base, ".rb"))
		return 1 << HOST_RAILS;
	if (pg_str_endswith(base, ".cs"))
		return strstr(text, "FluentMigrator") == NULL ? 1 << HOST_EFCORE : 0;
	if (pg_str_endswith(base, ".exs"))
		return 1 << HOST_ECTO;
	if (pg_str_endswith(base, ".go"))
		return strstr(text, "goose.Add") != NULL ? 1 << HOST_GOOSE : 0;
	return 0;
}

/* Is it a Liquibase changelog that is not SQL? */
static bool
is_changelog(const MigFile *file)
{
	return (pg_str_endswith(file->path, ".xml") ||
			pg_str_endswith(file->path, ".yaml") ||
			pg_str_endswith(file->path, ".yml") ||
			pg_str_endswith(file->path, ".json")) &&
		has_word(file->content, "databaseChangeLog");
}

/* Notes a name that Flyway or refinery would know. */
static void
look_at_flyway_name(Evidence *e, const char *base, bool nested)
{
	int			prefix = flyway_prefix(base);
	int			len = strlen(base);
	bool		sql = prefix > 0 && len > 4 &&
		pg_strcasecmp(base + len - 4, ".sql") == 0;
	const char *p = base + prefix + 2;

	if (is_flyway_side_file(base))
		e->seen |= FLYWAY_ONLY;
	if (!sql)
		return;
	if (*base == 'R')
	{
		e->repeatables += !nested || e->depth == INT_MAX;
		return;
	}
	e->versioned += !nested;
	while (isalnum((unsigned char) *p) || *p == '_' || IS_HIGHBIT_SET(*p))
		p++;

	/* refinery has numbers and names of one word only */
	if (*base == 'B' || strcspn(base, "._") < prefix || strcmp(p, ".sql") != 0)
		e->seen |= FLYWAY_ONLY;
	p = base + 1 + strspn(base + 1, "0");
	if (*base == 'V')
		e->v_versions = lappend(e->v_versions, pnstrdup(p, base + prefix - p));
	else if (*base == 'U')
		e->u_versions = lappend(e->u_versions, pnstrdup(p, base + prefix - p));
}

/* Notes a name that starts with a number. */
static void
look_at_number(Evidence *e, const char *base)
{
	int			digits = count_digits(base);
	const char *underscore = strchr(base, '_');

	e->numbered++;
	e->npm_digits += digits == EPOCH_DIGITS || digits == UTC_DIGITS;
	if (strncmp(base + digits, ".do.", 4) == 0 ||
		strncmp(base + digits, ".undo.", 6) == 0)
		e->seen |= POSTGRATOR_NAME;
	else if (underscore == NULL || strcmp(underscore, "_.sql") == 0)
		e->dashed++;
	else if (mig_file_ends(underscore, ".up.sql") ||
			 mig_file_ends(underscore, ".down.sql"))
		e->pairs++;
	else
		e->plain++;
	if (base[digits] == '.' && count_digits(base + digits + 1) > 0)
		e->seen |= NATIVE_ONLY;
}

/* Is the comment that starts here a section of node-pg-migrate? */
static bool
is_npm_section(const char *p, const char *end)
{
	while (p < end && (*p == '-' || *p == ' ' || *p == '\t'))
		p++;
	if (starts_with(p, end, "up"))
		p += 2;
	else if (starts_with(p, end, "down"))
		p += 4;
	else
		return false;
	return skip_blank(p, end) > p &&
		starts_with(skip_blank(p, end), end, "migration");
}

/* Notes a directive migrate:..., which is dbmate's or native. */
static void
look_at_migrate(Look *look, const char *start, const char *p, const char *end)
{
	bool		up = starts_with(p, end, "migrate:up");
	const char *rest = p + strlen(up ? "migrate:up" : "migrate:down");

	if (line_contains(p, end, "migrate:no-transaction"))
		look->e->seen |= NATIVE_ONLY;
	if (!up && !starts_with(p, end, "migrate:down"))
		return;
	if (*start != '-' || !look->numbered)
		look->e->seen |= NATIVE_ONLY;
	if (rest < end && *rest != ' ' && *rest != '\t')
		return;
	if (skip_blank(rest, end) < end)
		look->e->seen |= DBMATE_ONLY;
	if (up != (look->sections % 2 == 0))
		look->disordered = true;
	look->sections++;
}

/* Notes what a comment says that starts at p. */
static void
look_at_comment(Look *look, const char *start, const char *p, const char *end)
{
	Evidence   *e = look->e;
	const char *word = skip_blank(p + 2, end);
	const char *word_end = end;

	while (word_end > word && (word_end[-1] == ' ' || word_end[-1] == '\t'))
		word_end--;
	if (look->first && starts_with(word, end, "liquibase") &&
		starts_with(skip_blank(word + 9, end), end, "formatted"))
		e->seen |= LIQUIBASE_LINE;
	if (line_contains(p, end, "+goose"))
		e->seen |= GOOSE_LINE;
	if (line_contains(p, end, "+migrate"))
		e->seen |= SQL_MIGRATE_LINE;
	if (starts_with(word, end, "migrate:") && strncmp(word, "migrate:", 8) == 0)
		look_at_migrate(look, start, word, word_end);
	if (look->numbered && is_npm_section(p, end))
		look->commented = true;
	if (strncmp(p, "---- create above / drop below ----", 35) == 0)
		e->seen |= TERN_LINE;
	if (look->leading && starts_with(word, end, "atlas:"))
		e->seen |= ATLAS_LINE;
	while (word < end && *word == '-')
		word++;
	word = skip_blank(word, end);
	if (word_end - word == 22 && strncmp(word, "refinery:noTransaction", 22) == 0)
		e->seen |= REFINERY_LINE;
}

/* Looks at the lines of a SQL file, most of which say nothing. */
static void
look_at_text(Evidence *e, const MigFile *file, bool numbered)
{
	Look		look = {.e = e,.numbered = numbered,.leading = true,.first = true};
	MigLine		line;

	if (numbered && strncmp(file->content, "-- no-transaction", 17) == 0)
		e->seen |= SQLX_LINE;
	mig_line_first(&line, mig_file_text(file));
	do
	{
		const char *p = skip_blank(line.start, line.end);

		if (p == line.end)
			continue;
		if (line.end - p >= 2 && p[0] == '-' && p[1] == '-')
			look_at_comment(&look, line.start, p, line.end);
		else
			look.leading = false;
		if (*p == 'B' && starts_with(p, line.end, "BEGIN;"))
			e->seen |= BEGIN_LINE;
		look.first = false;
	} while (mig_line_next(&line));

	if (!numbered)
		return;
	e->commented += look.commented;
	if (look.sections == 0)
		return;
	e->marked++;
	if (!look.disordered && look.sections % 2 == 0)
	{
		e->both_marked++;
		if (look.sections > 2)
			e->seen |= DBMATE_ONLY;
	}
	e->names = lappend(e->names, unconstify(char *, mig_file_base(file->path)));
}

/* Looks at a file of the directory. */
static void
look_at_file(Evidence *e, const MigFile *file)
{
	const char *base = mig_file_base(file->path);
	bool		nested = count_slashes(file->path) > e->depth;
	bool		numbered = count_digits(base) > 0;

	look_at_place(e, file);
	look_at_flyway_name(e, base, nested);
	if (!nested || !is_script(base))
		e->hosts |= look_at_program(file);
	if (is_changelog(file))
		e->seen |= LIQUIBASE_LINE;
	if (!pg_str_endswith(base, ".sql") || nested)
		return;
	if (numbered)
		look_at_number(e, base);
	look_at_text(e, file, numbered);
}

/*
 * How deep the files stand that are migrations by their names: what is below
 * them are files of something else.
 */
static int
find_depth(List *files)
{
	int			depth = INT_MAX;
	ListCell   *lc;

	foreach(lc, files)
	{
		const char *path = ((const MigFile *) lfirst(lc))->path;
		const char *base = mig_file_base(path);

		if (pg_str_endswith(base, ".sql") &&
			(count_digits(base) > 0 ||
			 (flyway_prefix(base) > 0 && *base != 'R')))
			depth = Min(depth, count_slashes(path));
	}
	return depth;
}

static List *
one(const char *layout)
{
	return list_make1(unconstify(char *, layout));
}

static List *
add(List *list, const char *layout)
{
	return lappend(list, unconstify(char *, layout));
}

/* Layouts that a directory or a file of the tool's own tells. */
static List *
detect_place(const Evidence *e)
{
	List	   *list = NIL;

	if (e->seen & SQITCH_PLAN)
		return one("sqitch");
	if (e->seen & GRAPHILE_FILES)
		return one("graphile-migrate");
	if (e->migration_sql > 0 && (e->seen & PRISMA_LOCK))
		return one("prisma");
	if (e->seen & DRIZZLE_JOURNAL)
		return one("drizzle");
	if (e->migration_sql > 0)
		list = (e->seen & DRIZZLE_SNAPSHOT) ? one("drizzle") :
			add(one("prisma"), "drizzle");
	else if (e->up_sql > 0)
		list = (e->seen & HASURA_NAME) == 0 ? one("diesel") :
			(e->seen & DIESEL_NAME) == 0 ? one("hasura") :
			add(one("diesel"), "hasura");

	/* they may be something else that stands below */
	if (list != NIL && e->plain + e->pairs > 0 && !(e->seen & HASURA_NAME))
		list = add(list, "native");
	return list;
}

/*
 * Layouts that their own lines or programs tell.  Those of several tools
 * leave a choice.
 */
static List *
detect_marks(const Evidence *e)
{
	List	   *list = NIL;

	if (e->seen & LIQUIBASE_LINE)
		list = add(list, "liquibase");
	if ((e->seen & GOOSE_LINE) || (e->hosts & 1 << HOST_GOOSE))
		list = add(list, "goose");
	if (e->seen & SQL_MIGRATE_LINE)
		list = add(list, "sql-migrate");
	if (e->seen & POSTGRATOR_NAME)
		list = add(list, "postgrator");
	if (e->seen & TERN_LINE)
		list = add(list, "tern");
	if (e->seen & RAILS_DUMP && !(e->hosts & 1 << HOST_RAILS))
		list = add(list, "rails");
	for (int i = 0; i < HOST_GOOSE; i++)
		if (e->hosts & 1 << i)
			list = add(list, host_tools[i]);

	/* SQL beside programs is what a team has made of them, for us */
	if (list != NIL && e->hosts == 0 && e->marked > 0)
		list = add(list, "dbmate");
	return list;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Is the number that a name starts with larger than the other's? */
static bool
is_larger(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	if (count_digits(a) != count_digits(b))
		return count_digits(a) > count_digits(b);
	return strncmp(a, b, count_digits(a)) > 0;
}

/* Are the names, sorted as texts, in the order of their numbers too? */
static bool
orders_agree(List *names)
{
	list_sort(names, compare_names);
	for (int i = 1; i < list_length(names); i++)
		if (is_larger(list_nth(names, i - 1), list_nth(names, i)))
			return false;
	return true;
}

/*
 * Sections as dbmate and native have them.  As long as both put the files in
 * the same order it makes no difference which it is.
 */
static List *
detect_sections(const Evidence *e, const char **likely)
{
	bool		native = (e->seen & NATIVE_ONLY) || e->repeatables > 0 ||
		e->pairs > 0 || e->both_marked < e->numbered;

	if (e->seen & DBMATE_ONLY)
		return native ? add(one("dbmate"), "native") : one("dbmate");
	if (native)
		return one("native");
	if (e->dashed > 0)
		return one("dbmate");
	if (e->seen & (SCHEMA_DUMP | ATLAS_SUM))
		*likely = "dbmate";
	else if (orders_agree(e->names))
		*likely = "native";
	return add(one("dbmate"), "native");
}

/* Does an undo file stand beside the one that it would undo? */
static bool
has_undo_pair(const Evidence *e)
{
	int			v = 0;
	int			u = 0;

	list_sort(e->v_versions, compare_names);
	list_sort(e->u_versions, compare_names);
	while (v < list_length(e->v_versions) && u < list_length(e->u_versions))
	{
		int			order = strcmp(list_nth(e->v_versions, v),
								   list_nth(e->u_versions, u));

		if (order == 0)
			return true;
		if (order < 0)
			v++;
		else
			u++;
	}
	return false;
}

/* Names as Flyway and refinery have them. */
static List *
detect_flyway(const Evidence *e, const char **likely)
{
	/* no two migrations of refinery have one version */
	bool		flyway = (e->seen & FLYWAY_ONLY) || e->repeatables > 0 ||
		has_undo_pair(e);
	bool		refinery = (e->seen & (REFINERY_LINE | RUST_FILES)) != 0;
	List	   *both = add(one("flyway"), "refinery");

	if (e->plain + e->pairs > 0)
		return add(both, "native");
	if (flyway != refinery)
		*likely = flyway ? "flyway" : "refinery";
	else if (!flyway && (e->seen & NEAR_CARGO))
		*likely = "refinery";

	/* whether U undoes or adds is nothing to guess */
	else if (e->u_versions == NIL)
		*likely = "flyway";
	return both;
}

/* Two files per version; which tool has them, what is near may tell. */
static List *
detect_pairs(const Evidence *e, const char **likely)
{
	List	   *list = add(add(one("native"), "sqlx"), "golang-migrate");
	bool		cargo = (e->seen & (NEAR_CARGO | NEAR_SQLX)) != 0;
	bool		go = e->plain == 0 && (e->seen & NEAR_GO);
	bool		npm = e->plain == 0 && (e->seen & NEAR_PACKAGE) &&
		e->npm_digits == e->numbered;

	if (e->seen & SQLX_LINE)
		return one("sqlx");
	list = add(list, "node-pg-migrate");
	if (e->plain == 0 && (e->seen & (ATLAS_SUM | ATLAS_LINE)))
		*likely = "golang-migrate";
	else if (npm)
		*likely = "node-pg-migrate";
	else if (e->seen & NEAR_SQLX)
		*likely = "sqlx";
	else if (cargo && go)
		*likely = (e->seen & BEGIN_LINE) ? "golang-migrate" : NULL;
	else
		*likely = go ? "golang-migrate" : cargo ? "sqlx" : "native";
	return list;
}

/* One file per version, with nothing in it that tells of a tool. */
static List *
detect_plain(const Evidence *e, const char **likely)
{
	List	   *list = add(add(one("native"), "sqlx"), "node-pg-migrate");

	if (e->seen & ATLAS_SUM)
		return one("atlas");
	if (e->seen & SQLX_LINE)
		return one("sqlx");
	list = add(add(list, "postgres-migrations"), "tern");
	list = add(add(list, "atlas"), "liquibase");
	if (e->seen & ATLAS_LINE)
		*likely = "atlas";
	else if ((e->seen & NEAR_PACKAGE) && e->npm_digits == e->numbered)
		*likely = "node-pg-migrate";
	else
		*likely = (e->seen & (NEAR_CARGO | NEAR_SQLX)) ? "sqlx" : "native";
	return list;
}

/* Layouts that only have a number in front of a name. */
static List *
detect_numbered(const Evidence *e, const char **likely)
{
	*likely = "native";
	if ((e->seen & NATIVE_ONLY) ||
		(e->repeatables > 0 && e->plain + e->pairs > 0))
		return one("native");
	if (e->commented > 0)
	{
		bool		all = e->commented == e->numbered ||
			e->npm_digits == e->numbered || (e->seen & NEAR_PACKAGE);

		*likely = all ? "node-pg-migrate" : NULL;
		return add(one("node-pg-migrate"), "native");
	}
	if (e->pairs > 0)
		return detect_pairs(e, likely);
	if (e->plain > 0)
		return detect_plain(e, likely);
	if (e->dashed > 0)
	{
		*likely = (e->seen & NEAR_PACKAGE) ? "postgres-migrations" : NULL;
		return (e->seen & ATLAS_SUM) ? one("atlas") :
			add(one("postgres-migrations"), "atlas");
	}
	if (e->seen & (ATLAS_SUM | ATLAS_LINE))
		return one("atlas");
	if (e->repeatables > 0)
		return (e->seen & FLYWAY_ONLY) ? one("flyway") :
			add(one("native"), "flyway");
	return NIL;
}

/*
 * The layouts that the files may be in, as char *: one if they leave no doubt,
 * several if they leave a choice, none if they say nothing.  Of several,
 * *likely is the one to take if nobody else knows; NULL: none is.
 */
List *
mig_detect(List *files, const char **likely)
{
	Evidence	e = {.depth = find_depth(files)};
	List	   *list;
	ListCell   *lc;

	*likely = NULL;
	foreach(lc, files)
		if (mig_file_is_evidence(((MigFile *) lfirst(lc))->path))
			look_near(&e, mig_file_base(((MigFile *) lfirst(lc))->path));
	foreach(lc, files)
	{
		CHECK_FOR_INTERRUPTS();
		if (!mig_file_is_evidence(((MigFile *) lfirst(lc))->path))
			look_at_file(&e, lfirst(lc));
	}

	list = detect_place(&e);
	if (list == NIL)
		list = detect_marks(&e);
	if (list == NIL && e.marked > 0)
		list = detect_sections(&e, likely);
	if (list == NIL && e.versioned > 0)
		list = detect_flyway(&e, likely);
	if (list == NIL)
		list = detect_numbered(&e, likely);
	return list;
}
