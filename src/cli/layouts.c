/*-------------------------------------------------------------------------
 *
 * layouts.c
 *	  How new migrations look in the directories of all tools.
 *
 * For writing files only, by simple rules: how files are read is for the
 * server to say.
 *
 *-------------------------------------------------------------------------
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "layouts.h"

#define SECTIONS(up, down) up "\n\n\n" down "\n\n"
#define UP_COMMENT "-- %n\n\n"
#define DOWN_COMMENT "-- undoes %n\n\n"

static const NewLayout layouts[] = {
	{"native", NUMBER_TIME, 0, '_', "%v_%n.sql",
	SECTIONS("-- migrate:up", "-- migrate:down"), NULL, NULL, NULL, NULL},
	{"native-pairs", NUMBER_TIME, 0, '_', "%v_%n.up.sql", UP_COMMENT,
	"%v_%n.down.sql", DOWN_COMMENT, NULL, NULL},
	/* what several tools have: up scripts only */
	{"plain", NUMBER_TIME, 0, '_', "%v_%n.sql", UP_COMMENT, NULL, NULL, NULL, NULL},
	{"atlas", NUMBER_TIME, 0, '_', "%v_%n.sql", UP_COMMENT, NULL, NULL, NULL,
	"If the directory has an atlas.sum, run \"atlas migrate hash\" when the file is written."},
	{"dbmate", NUMBER_TIME, 0, '_', "%v_%n.sql",
	SECTIONS("-- migrate:up", "-- migrate:down"), NULL, NULL, NULL, NULL},
	{"diesel", NUMBER_TIME_DASHES, 0, '_', "%v_%n/up.sql", UP_COMMENT,
	"%v_%n/down.sql", DOWN_COMMENT, NULL, NULL},
	{"flyway", NUMBER_TIME, 0, '_', "V%v__%n.sql", UP_COMMENT, NULL, NULL, NULL, NULL},
	{"flyway-undo", NUMBER_TIME, 0, '_', "V%v__%n.sql", UP_COMMENT,
	"U%v__%n.sql", DOWN_COMMENT, NULL, NULL},
	{"golang-migrate", NUMBER_TIME, 0, '_', "%v_%n.up.sql", UP_COMMENT,
	"%v_%n.down.sql", DOWN_COMMENT, NULL, NULL},
	{"goose", NUMBER_TIME, 0, '_', "%v_%n.sql",
	SECTIONS("-- +goose Up", "-- +goose Down"), NULL, NULL, NULL, NULL},
	{"hasura", NUMBER_EPOCH_MS, 0, '_', "%v_%n/up.sql", UP_COMMENT,
	"%v_%n/down.sql", DOWN_COMMENT, NULL, NULL},
	{"liquibase", NUMBER_TIME, 0, '_', "%v_%n.sql",
		"--liquibase formatted sql\n\n--changeset %a:%v_%n\n\n\n--rollback \n",
	NULL, NULL, NULL, "If a master file lists the changelogs, add this one to it."},
	{"node-pg-migrate", NUMBER_EPOCH_MS, 0, '-', "%v_%n.sql",
	SECTIONS("-- Up Migration", "-- Down Migration"), NULL, NULL, NULL, NULL},
	{"postgrator", NUMBER_COUNT, 3, '-', "%v.do.%n.sql", UP_COMMENT,
	"%v.undo.%n.sql", DOWN_COMMENT, NULL, NULL},
	{"postgres-migrations", NUMBER_COUNT, 4, '_', "%v_%n.sql", UP_COMMENT, NULL,
	NULL, NULL, NULL},
	{"prisma", NUMBER_TIME, 0, '_', "%v_%n/migration.sql", UP_COMMENT, NULL,
	NULL, NULL, NULL},
	/* its versions are 32 bits wide: no timestamps */
	{"refinery", NUMBER_COUNT, 1, '_', "V%v__%n.sql", UP_COMMENT, NULL, NULL,
	NULL, NULL},
	{"sql-migrate", NUMBER_TIME, 0, '_', "%v-%n.sql",
	SECTIONS("-- +migrate Up", "-- +migrate Down"), NULL, NULL, NULL, NULL},
	{"sqlx", NUMBER_TIME, 0, '_', "%v_%n.sql", UP_COMMENT, NULL, NULL, NULL, NULL},
	{"tern", NUMBER_COUNT, 3, '_', "%v_%n.sql",
		"\n\n---- create above / drop below ----\n\n", NULL, NULL,
	NULL, NULL},
	/* those whose directories hold more than files that anybody can write */
	{"drizzle", NUMBER_TIME, 0, '_', NULL, NULL, NULL, NULL,
	"its files come with snapshots: \"drizzle-kit generate --custom\" writes them", NULL},
	{"graphile-migrate", NUMBER_COUNT, 6, '_', NULL, NULL, NULL, NULL,
	"its files name each other's hashes: write current.sql, and \"graphile-migrate commit\"", NULL},
	{"rails", NUMBER_TIME, 0, '_', NULL, NULL, NULL, NULL,
	"its migrations are Ruby: \"rails generate migration\" writes them", NULL},
	{"sqitch", NUMBER_TIME, 0, '_', NULL, NULL, NULL, NULL,
	"its changes stand in sqitch.plan: \"sqitch add\" writes them", NULL},
};

/* NULL: there is none of this name. */
const NewLayout *
layout_named(const char *name)
{
	for (size_t i = 0; i < lengthof(layouts); i++)
	{
		if (strcmp(layouts[i].name, name) == 0)
			return &layouts[i];
	}
	return NULL;
}

/*
 * Looking at a directory
 */

static bool
has(const char *directory, const char *name)
{
	char	   *path = join_path(directory, name);
	bool		there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* How many bytes of a name are the version; where it begins. */
static size_t
find_version(const char *name, const char **start)
{
	size_t		len;
	const char *end;

	*start = name + ((*name == 'V' || *name == 'U') && isdigit((unsigned char) name[1]));
	if (*start > name && (end = strstr(*start, "__")) != NULL)
		return (size_t) (end - *start);
	len = strspn(*start, "0123456789");
	/* 2024-01-31-120000_name */
	if (len == 4 && strspn(*start, "0123456789-") == 17)
		len = 17;
	return len;
}

/* What the names and texts in a directory look like. */
typedef struct Signs
{
	bool		up_sql;			/* a directory with up.sql */
	bool		epoch_directory;
	bool		migration_sql;
	bool		snapshot;
	bool		pairs;
	bool		version_prefix; /* V1__ */
	bool		undo_prefix;
	bool		postgrator;
	bool		ruby;
	char	   *newest;			/* the file with the newest version */
} Signs;

static void
read_sign(Signs *signs, const char *directory, const char *name)
{
	const char *start;
	size_t		len = find_version(name, &start);

	if (len == 0)
		return;
	if (signs->newest == NULL || compare_natural(name, signs->newest) > 0)
	{
		free(signs->newest);
		signs->newest = mem_copy(name);
	}
	if (*name == 'V' || *name == 'U')
	{
		signs->version_prefix = true;
		signs->undo_prefix = signs->undo_prefix || *name == 'U';
	}
	signs->pairs = signs->pairs || ends_with(name, ".up.sql");
	signs->postgrator = signs->postgrator || strstr(name, ".do.") != NULL;
	signs->ruby = signs->ruby || ends_with(name, ".rb");
	if (!ends_with(name, ".sql"))
	{
		char	   *path = join_path(directory, name);

		if (has(path, "up.sql"))
			signs->epoch_directory = len == 13;
		signs->up_sql = signs->up_sql || has(path, "up.sql");
		signs->migration_sql = signs->migration_sql || has(path, "migration.sql");
		signs->snapshot = signs->snapshot || has(path, "snapshot.json");
		free(path);
	}
}

static Signs
read_signs(const char *directory)
{
	Signs		signs = {0};
	DIR		   *dir = opendir(directory);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		read_sign(&signs, directory, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return signs;
}

/* The layout that the text of a file tells. */
static const char *
layout_of_text(const char *directory, const char *name)
{
	static const char *const marks[][2] = {
		{"-- +goose", "goose"}, {"-- +migrate", "sql-migrate"},
		{"liquibase formatted", "liquibase"}, {"-- migrate:up", "native"},
		{"-- Up Migration", "node-pg-migrate"},
		{"-- Down Migration", "node-pg-migrate"},
		{"---- create above", "tern"}, {"-- atlas:", "atlas"}
	};
	char	   *path = join_path(directory, name);
	size_t		len;
	char	   *text = ends_with(name, ".sql") ? read_whole_file(path, &len) : NULL;
	const char *found = NULL;

	for (size_t i = 0; text != NULL && found == NULL && i < lengthof(marks); i++)
	{
		if (strstr(text, marks[i][0]) != NULL)
			found = marks[i][1];
	}
	free(text);
	free(path);
	return found;
}

/* What a directory of this kind is called here. */
static const char *
name_of_signs(const char *directory, const Signs *signs)
{
	const char *by_text;

	if (has(directory, "sqitch.plan"))
		return "sqitch";
	if (has(directory, "committed"))
		return "graphile-migrate";
	if (has(directory, "meta/_journal.json") || signs->snapshot)
		return "drizzle";
	if (has(directory, "migration_lock.toml") || signs->migration_sql)
		return "prisma";
	if (signs->up_sql)
		return signs->epoch_directory ? "hasura" : "diesel";
	if (signs->newest == NULL)
		return "native";
	by_text = layout_of_text(directory, signs->newest);
	if (by_text != NULL)
		return by_text;
	if (signs->postgrator)
		return "postgrator";
	if (signs->pairs)
		return "native-pairs";
	if (signs->version_prefix)
		return has(directory, "../Cargo.toml") ? "refinery" :
			signs->undo_prefix ? "flyway-undo" : "flyway";
	if (signs->ruby)
		return "rails";
	return has(directory, "atlas.sum") ? "atlas" : "plain";
}

/* The layout of a directory: its own, of an empty one ours. */
const NewLayout *
layout_guess(const char *directory)
{
	Signs		signs = read_signs(directory);
	const NewLayout *layout = layout_named(name_of_signs(directory, &signs));

	free(signs.newest);
	return layout;
}

/*
 * May files of a layout stand in a directory of which another is the guess?
 * Plain scripts may be anybody's who names them so.  Rails' may be followed by
 * ours.
 */
bool
layout_fits(const NewLayout *layout, const NewLayout *guess,
			const char *directory)
{
	char	   *newest = layout_newest_version(directory);
	bool		empty = newest == NULL && strcmp(guess->name, "native") == 0;

	free(newest);
	if (layout == guess || empty)
		return true;
	if (guess->up_path == NULL)
		return strcmp(guess->name, "rails") == 0 &&
			strcmp(layout->name, "native") == 0;
	return strcmp(layout->up_path, guess->up_path) == 0 &&
		(strcmp(guess->name, "plain") == 0 ||
		 strcmp(layout->up_text, guess->up_text) == 0);
}

/* The newest version in a directory; NULL if there is none. */
char *
layout_newest_version(const char *directory)
{
	DIR		   *dir = opendir(directory);
	struct dirent *entry;
	char	   *newest = NULL;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		const char *start;
		size_t		len = find_version(entry->d_name, &start);
		char	   *version = len > 0 ? mem_copy_part(start, len) : NULL;

		if (version != NULL &&
			(newest == NULL || compare_natural(version, newest) > 0))
		{
			free(newest);
			newest = version;
		}
		else
			free(version);
	}
	if (dir != NULL)
		closedir(dir);
	return newest;
}

/*
 * Versions
 */

/* The last number in it and one; as wide as it was, if it can be. */
static char *
add_one(const char *version)
{
	Text		text = {0};
	size_t		end = strlen(version);
	size_t		start;
	char	   *digit;

	while (end > 0 && !isdigit((unsigned char) version[end - 1]))
		end--;
	for (start = end; start > 0 && isdigit((unsigned char) version[start - 1]);)
		start--;
	text_add_part(&text, version, end);
	for (digit = text.data + end; digit > text.data + start;)
	{
		if (*--digit != '9')
		{
			(*digit)++;
			return text.data;
		}
		*digit = '0';
	}
	digit = format("%.*s1%s", (int) start, version, text.data + start);
	text_free(&text);
	return digit;
}

static char *
time_now(Numbering numbering)
{
	struct timeval now;
	struct tm	utc;
	char		stamp[64];
	long		ms;

	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &utc);
	ms = (long) now.tv_usec / 1000;
	if (numbering == NUMBER_EPOCH)
		return format("%lld", (long long) now.tv_sec);
	if (numbering == NUMBER_EPOCH_MS)
		return format("%lld%03ld", (long long) now.tv_sec, ms);
	strftime(stamp, sizeof(stamp), numbering == NUMBER_TIME_DASHES ?
			 "%Y-%m-%d-%H%M%S" : "%Y%m%d%H%M%S", &utc);
	return numbering == NUMBER_TIME_MS ? format("%s%03ld", stamp, ms) :
		mem_copy(stamp);
}

/* How a directory that has this version goes on. */
static Numbering
numbering_of(const char *version)
{
	size_t		len = strlen(version);

	if (strchr(version, '-') != NULL)
		return NUMBER_TIME_DASHES;
	if (strspn(version, "0123456789") < len)
		return NUMBER_COUNT;
	return len == 10 ? NUMBER_EPOCH : len == 13 ? NUMBER_EPOCH_MS :
		len == 17 ? NUMBER_TIME_MS : len >= 8 ? NUMBER_TIME : NUMBER_COUNT;
}

/* The version of the next migration: newer than any other. */
char *
layout_next_version(const NewLayout *layout, const char *newest)
{
	Numbering	numbering = newest ? numbering_of(newest) : layout->numbering;
	char	   *version;

	if (numbering == NUMBER_COUNT)
		return newest ? add_one(newest) : format("%0*d", layout->digits, 1);
	version = time_now(numbering);
	if (newest == NULL || compare_natural(version, newest) > 0)
		return version;
	free(version);
	return add_one(newest);
}
