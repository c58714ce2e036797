/*-------------------------------------------------------------------------
 *
 * tools.c
 *	  How other tools keep their history in a database.
 *
 * Each query yields, in the order in which the tool ran them, all text but
 * where it is said:
 *
 *		identity	what the readers store as the migration's identity
 *		other		another name to find it by, or null
 *		version
 *		name
 *		applied_at	timestamptz; a timestamp without zone is taken to be in
 *					the session's TimeZone
 *		applied_by
 *		checksum	or null if the tool has kept none
 *		state		applied, failed (nothing was left), partial (something may
 *					have been), or undone
 *		below		boolean: all that is ordered before it is applied too
 *		words		the tool's own, on what is not the rule
 *		scope		which of several sets in one table, or null
 *
 * Their strings have no backslashes but in constants of their own: they are
 * read under standard_conforming_strings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tools.h"

/* A number as text without its leading zeros. */
#define NUMBER(column) "coalesce(nullif(ltrim(" column "::text, '0'), ''), '0')"

/* The digits in front. */
#define DIGITS(column) "substring(" column " from '^[0-9]+')"

/*
 * A version as Flyway compares it: parts by value, and zeros at the end are
 * none.
 */
#define FLYWAY_VERSION(column) \
	"coalesce(nullif(regexp_replace(regexp_replace(regexp_replace(" \
	"'.' || replace(" column ", '_', '.'), '[.]0+(?=[0-9])', '.', 'g')," \
	" '([.]0)+$', ''), '^[.]', ''), ''), '0')"
#define FLYWAY_IDENTITY \
	"CASE WHEN version IS NULL THEN 'R:' || description" \
	" ELSE " FLYWAY_VERSION("version") " END"

/* A path as Liquibase compares it. */
#define LIQUIBASE_PATH \
	"regexp_replace(regexp_replace(replace(filename, '\\', '/')," \
	" '^(classpath[*]?:|[A-Za-z]:)', ''), '^/+', '')"
/* Versions before 4.22 kept the quotes of the changeset line. */
#define LIQUIBASE_CHANGESET \
	"CASE WHEN author = 'includeAll' AND starts_with(id, 'raw_') THEN 'raw'" \
	" ELSE btrim(id, '\"') END || '::' || btrim(author, '\"')"

/* The columns that most tools say nothing about. */
#define APPLIED "'applied', false"
#define NO_TIME "NULL::timestamptz"

/* A simple row: identity, version, name, time, who, checksum. */
#define ROW(identity, version, name, applied_at, applied_by, checksum) \
	"SELECT " identity ", NULL, " version ", " name ", " applied_at ", " \
	applied_by ", " checksum ", " APPLIED ", NULL, NULL FROM history "

const MigTool mig_tools[] = {
	{
		.name = "flyway",
		.columns = "installed_rank/N version/S description/S type/S script/S"
		" checksum/N installed_by/S installed_on/D success/B",
		.key = MIG_TOOL_NAME,
		.lock = MIG_TOOL_LOCK_FLYWAY,
		.query =
		"SELECT identity, regexp_replace(script, '^.*/', ''), version,"
		" description, installed_on::timestamptz, installed_by, checksum::text,"
		" CASE WHEN type = 'DELETE' OR starts_with(type, 'UNDO') AND success"
		" THEN 'undone'"
		" WHEN success THEN 'applied' ELSE 'partial' END,"
		" right(type, 8) = 'BASELINE' OR type = 'SQL_STATE_SCRIPT',"
		" nullif(concat_ws(', ', nullif(type, 'SQL'),"
		" CASE WHEN NOT success THEN 'success = false' END), ''), NULL"
		" FROM (SELECT *, " FLYWAY_IDENTITY " AS identity, row_number() OVER"
		" (PARTITION BY " FLYWAY_IDENTITY " ORDER BY installed_rank DESC) AS nth"
		" FROM history WHERE type IS DISTINCT FROM 'SCHEMA') h"
		" WHERE nth = 1 ORDER BY installed_rank"
	},
	{
		.name = "sqlx",
		.columns = "installed_on/D version/N description/S success/B"
		" checksum/U execution_time/N",
		.key = MIG_TOOL_NUMBER,
		.lock = MIG_TOOL_LOCK_DATABASE,
		.lock_key = INT64CONST(0x3d32ad9e),
		.query =
		"SELECT " NUMBER("version") ", NULL, version::text, description,"
		" installed_on::timestamptz, NULL, encode(checksum, 'hex'),"
		" CASE WHEN success THEN 'applied' ELSE 'failed' END, false,"
		" CASE WHEN NOT success THEN 'success = false' END, NULL"
		" FROM history ORDER BY installed_on, version"
	},
	{
		.name = "prisma",
		.columns = "migration_name/S checksum/S finished_at/D"
		" rolled_back_at/D started_at/D logs/S applied_steps_count/N",
		.key = MIG_TOOL_NAME,
		.lock = MIG_TOOL_LOCK_KEY,
		.lock_key = 72707369,
		/*
		 * Each attempt has its row: what was finished counts most.  Of one
		 * that has neither an end nor an error nobody knows: Prisma was
		 * killed, perhaps after the script had been committed.
		 */
		.query =
		"SELECT migration_name, NULL, " DIGITS("migration_name") ","
		" migration_name, coalesce(finished_at, started_at)::timestamptz, NULL,"
		" checksum, CASE WHEN rolled_back_at IS NOT NULL THEN 'undone'"
		" WHEN finished_at IS NULL AND coalesce(logs, '') = '' THEN 'partial'"
		" WHEN finished_at IS NULL THEN 'failed' ELSE 'applied' END, false,"
		" CASE WHEN rolled_back_at IS NOT NULL"
		" THEN 'rolled back at ' || rolled_back_at"
		" WHEN finished_at IS NULL"
		" THEN concat_ws(': ', 'finished_at is null', nullif(left(logs, 500), ''))"
		" WHEN applied_steps_count = 0 AND logs = ''"
		" THEN 'resolved as applied' END, NULL"
		" FROM (SELECT *, row_number() OVER (PARTITION BY migration_name"
		" ORDER BY rolled_back_at IS NULL DESC, finished_at IS NOT NULL DESC,"
		" started_at DESC) AS nth FROM history) h"
		" WHERE nth = 1 ORDER BY started_at, migration_name"
	},
	{
		.name = "liquibase",
		.columns = "orderexecuted/N id/S author/S filename/S dateexecuted/D"
		" md5sum/S exectype/S",
		.key = MIG_TOOL_OWN,
		.order = MIG_TOOL_BY_PLAN,
		.lock_columns = "lockgranted/D locked/B lockedby/S",
		.lock_query =
		"SELECT concat('locked since ', lockgranted, ' by ', lockedby)"
		" FROM history WHERE locked",
		.query =
		"SELECT " LIQUIBASE_PATH " || '::' || " LIQUIBASE_CHANGESET ", "
		LIQUIBASE_CHANGESET ", id, " LIQUIBASE_PATH ","
		" dateexecuted::timestamptz, NULL, md5sum, " APPLIED ","
		" nullif(exectype, 'EXECUTED'), NULL FROM history"
		" ORDER BY dateexecuted, orderexecuted"
	},
	{
		.name = "atlas",
		.columns = "partial_hashes/U version/S description/S type/N applied/N"
		" total/N executed_at/D error/S error_stmt/S hash/S operator_version/S",
		.key = MIG_TOOL_NAME,
		.order = MIG_TOOL_BY_TEXT,
		.lock = MIG_TOOL_LOCK_KEY,
		.lock_key = INT64CONST(2686470616),
		/* bits of type: 1 baseline, 2 executed, 4 resolved by hand */
		.query =
		"SELECT version, NULL, version, description, executed_at::timestamptz,"
		" NULL, hash, CASE WHEN type::bigint & 4 <> 0"
		" OR applied IS NOT DISTINCT FROM total AND coalesce(error, '') = ''"
		" THEN 'applied' WHEN coalesce(applied, 0) = 0 THEN 'failed'"
		" ELSE 'partial' END, type::bigint & 1 <> 0,"
		" nullif(concat_ws(', ', CASE WHEN type::bigint & 1 <> 0 THEN 'baseline' END,"
		" CASE WHEN type::bigint & 4 <> 0 THEN 'resolved' END,"
		" CASE WHEN applied IS DISTINCT FROM total"
		" THEN concat(applied, ' of ', total, ' statements') END,"
		" nullif(error, ''), nullif(error_stmt, '')), ''), NULL"
		" FROM history WHERE NOT starts_with(version, '.')"
		" ORDER BY version COLLATE \"C\""
	},
	{
		.name = "goose",
		.columns = "version_id/N id/N is_applied/B tstamp/D",
		.key = MIG_TOOL_NUMBER,
		.lock = MIG_TOOL_LOCK_KEY,
		.lock_key = INT64CONST(4097083626),
		/* early versions took a migration back by another row */
		.query =
		"SELECT " NUMBER("version_id") ", NULL, version_id::text, NULL,"
		" tstamp::timestamptz, NULL, NULL,"
		" CASE WHEN is_applied THEN 'applied' ELSE 'undone' END, false,"
		" CASE WHEN NOT is_applied THEN 'is_applied = false' END, NULL"
		" FROM (SELECT *, row_number() OVER (PARTITION BY version_id"
		" ORDER BY id DESC) AS nth FROM history) h"
		" WHERE nth = 1 AND version_id IS DISTINCT FROM 0 ORDER BY id"
	},
	{
		.name = "knex",
		.columns = "migration_time/D id/N name/S batch/N",
		.key = MIG_TOOL_NAME,
		.lock_columns = "is_locked/N",
		.lock_query =
		"SELECT concat('is_locked = ', is_locked) FROM history"
		" WHERE is_locked <> 0",
		.query =
		"SELECT regexp_replace(name, '[.][^.]*$', ''), NULL, " DIGITS("name") ","
		" name, migration_time::timestamptz, NULL, NULL, " APPLIED ","
		" 'batch ' || batch, NULL FROM history ORDER BY id"
	},
	{
		.name = "node-pg-migrate",
		.columns = "run_on/D id/N name/S",
		.exact = true,
		.key = MIG_TOOL_NAME,
		.lock = MIG_TOOL_LOCK_KEY,
		.lock_key = INT64CONST(7241865325823964),
		.query = ROW("name", DIGITS("name"), "name", "run_on::timestamptz",
					 "NULL", "NULL") "ORDER BY run_on, id"
	},
	{
		.name = "graphile-migrate",
		.columns = "previous_hash/S hash/S filename/S date/D",
		.key = MIG_TOOL_NAME,
		.lock = MIG_TOOL_LOCK_KEY,
		.lock_key = INT64CONST(4727445306447283),
		.query = ROW("filename", DIGITS("filename"), "filename",
					 "date::timestamptz", "NULL", "hash")
		"ORDER BY filename COLLATE \"C\""
	},
	{
		.name = "sqitch",
		.columns = "script_hash/S change_id/S change/S project/S note/S"
		" committed_at/D committer_name/S committer_email/S planned_at/D",
		.key = MIG_TOOL_OWN,
		.order = MIG_TOOL_BY_PLAN,
		.lock = MIG_TOOL_LOCK_KEY,
		.lock_key = 75474063,
		/*
		 * A name that was deployed twice says nothing; registries of before 1.0
		 * have the change_id for the hash.
		 */
		.query =
		"SELECT change_id,"
		" CASE count(*) OVER (PARTITION BY project, change) WHEN 1 THEN change END,"
		" change, note, committed_at::timestamptz,"
		" concat(committer_name, ' <', committer_email, '>'),"
		" nullif(script_hash, change_id), " APPLIED ", NULL, project"
		" FROM history ORDER BY committed_at, change_id"
	},
	{
		.name = "alembic",
		.columns = "version_num/S",
		.exact = true,
		.key = MIG_TOOL_OWN,
		.order = MIG_TOOL_BY_PLAN,
		.query =
		"SELECT version_num, NULL, version_num, NULL, " NO_TIME ", NULL, NULL,"
		" 'applied', true, 'head', NULL FROM history ORDER BY version_num"
	},
	/* the one above that of golang-migrate, which has the same columns */
	{
		.name = "hasura",
		.columns = "dirty/B version/N",
		.exact = true,
		.table = "hdb_catalog.",
		.key = MIG_TOOL_NUMBER,
		.query =
		"SELECT " NUMBER("version") ", NULL, version::text, NULL, " NO_TIME ","
		" NULL, NULL, CASE WHEN dirty THEN 'failed' ELSE 'applied' END, false,"
		" CASE WHEN dirty THEN 'dirty' END, NULL FROM history ORDER BY version"
	},
	{
		.name = "hasura",
		.columns = "cli_state/U hasura_uuid/U",
		.key = MIG_TOOL_NUMBER,
		/* {"migrations": {database: {version: dirty}}} */
		.query =
		"SELECT " NUMBER("number") ", NULL, number, NULL, " NO_TIME ","
		" NULL, NULL, CASE WHEN dirty::text = 'true' THEN 'failed'"
		" ELSE 'applied' END, false,"
		" CASE WHEN dirty::text = 'true' THEN 'dirty' END, source"
		" FROM history, jsonb_each(CASE jsonb_typeof(cli_state::jsonb -> 'migrations')"
		" WHEN 'object' THEN cli_state::jsonb -> 'migrations' ELSE '{}' END)"
		" AS s (source, versions),"
		" jsonb_each(CASE jsonb_typeof(versions) WHEN 'object' THEN versions"
		" ELSE '{}' END) AS v (number, dirty)"
		" ORDER BY source, length(ltrim(number, '0')), ltrim(number, '0')"
	},
	{
		.name = "golang-migrate",
		.columns = "dirty/B version/N",
		.exact = true,
		.key = MIG_TOOL_NUMBER,
		.lock = MIG_TOOL_LOCK_GOLANG_MIGRATE,
		/* version -1, which is always dirty: the first one's way down failed */
		.query =
		"SELECT " NUMBER("version") ", NULL, version::text, NULL, " NO_TIME ","
		" NULL, NULL, CASE WHEN dirty THEN 'partial' ELSE 'applied' END, true,"
		" CASE WHEN dirty THEN 'dirty' END, NULL FROM history ORDER BY version"
	},
	{
		.name = "ecto",
		.columns = "inserted_at/D version/N",
		.exact = true,
		.key = MIG_TOOL_NUMBER,
		.query = ROW(NUMBER("version"), "version::text", "NULL",
					 "inserted_at::timestamptz", "NULL", "NULL")
		"ORDER BY inserted_at, version"
	},
	{
		.name = "diesel",
		.columns = "run_on/D version/S",
		.exact = true,
		.key = MIG_TOOL_NAME,
		.order = MIG_TOOL_BY_TEXT,
		.query = ROW("version", "version", "NULL", "run_on::timestamptz", "NULL",
					 "NULL") "ORDER BY run_on, version COLLATE \"C\""
	},
	{
		.name = "refinery",
		.columns = "applied_on/S version/N name/S checksum/S",
		.exact = true,
		.key = MIG_TOOL_NAME,
		.query = ROW(NUMBER("version"), "version::text", "name",
					 "CASE WHEN applied_on ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T'"
					 " THEN applied_on::timestamptz END", "NULL", "checksum")
		"ORDER BY 5, version"
	},
	{
		.name = "django",
		.columns = "applied/D id/N app/S name/S",
		.exact = true,
		.key = MIG_TOOL_OWN,
		.order = MIG_TOOL_BY_PLAN,
		.query = ROW("app || '.' || name", "app || '.' || name", "name",
					 "applied::timestamptz", "NULL", "NULL")
		"ORDER BY applied, id"
	},
	{
		.name = "efcore",
		.columns = "MigrationId/S ProductVersion/S",
		.exact = true,
		.key = MIG_TOOL_NAME,
		.order = MIG_TOOL_BY_TEXT,
		.query =
		"SELECT \"MigrationId\", NULL, " DIGITS("\"MigrationId\"") ","
		" \"MigrationId\", " NO_TIME ", NULL, NULL, " APPLIED ","
		" 'by EF Core ' || \"ProductVersion\", NULL"
		" FROM history ORDER BY \"MigrationId\" COLLATE \"C\""
	},
	{
		.name = "typeorm",
		.columns = "timestamp/N id/N name/S",
		.exact = true,
		.table = "migration",
		.key = MIG_TOOL_OWN,
		.query = ROW("name", "\"timestamp\"::text", "name", NO_TIME, "NULL",
					 "NULL") "ORDER BY id"
	},
	/* the one with names first: it has the columns of the other */
	{
		.name = "drizzle",
		.columns = "created_at/N hash/S id/N name/S applied_at/D",
		.exact = true,
		.table = "migration",
		.key = MIG_TOOL_OWN,
		.order = MIG_TOOL_BY_PLAN,
		.query =
		"SELECT coalesce(name, created_at::text), created_at::text,"
		" created_at::text, name, applied_at::timestamptz, NULL, hash, "
		APPLIED ", NULL, NULL FROM history ORDER BY id"
	},
	{
		.name = "drizzle",
		.columns = "created_at/N hash/S id/N",
		.exact = true,
		.table = "migration",
		.key = MIG_TOOL_OWN,
		.order = MIG_TOOL_BY_PLAN,
		.query = ROW("created_at::text", "created_at::text", "NULL", NO_TIME,
					 "NULL", "hash") "ORDER BY id"
	},
	{
		.name = "postgrator",
		.columns = "md5/S version/N name/S run_at/D",
		.exact = true,
		.key = MIG_TOOL_NUMBER,
		.query = ROW(NUMBER("version"), "version::text", "name",
					 "run_at::timestamptz", "NULL", "md5")
		"WHERE version IS DISTINCT FROM 0 ORDER BY run_at, version"
	},
	{
		.name = "postgres-migrations",
		.columns = "executed_at/D id/N name/S hash/S",
		.exact = true,
		.key = MIG_TOOL_NUMBER,
		.lock = MIG_TOOL_LOCK_KEY,
		.lock_key = INT64CONST(-8525285245963000605),
		.query = ROW(NUMBER("id"), "id::text", "name",
					 "executed_at::timestamptz", "NULL", "hash")
		"WHERE id IS DISTINCT FROM 0 ORDER BY id"
	},
	{
		.name = "sql-migrate",
		.columns = "applied_at/D id/S",
		.exact = true,
		.table = "migration",
		.key = MIG_TOOL_NAME,
		.query = ROW("id", DIGITS("id"), "id", "applied_at::timestamptz", "NULL",
					 "NULL") "ORDER BY applied_at, id COLLATE \"C\""
	},
	{
		.name = "tern",
		.columns = "version/N",
		.exact = true,
		.table = "version",
		.key = MIG_TOOL_NUMBER,
		.lock = MIG_TOOL_LOCK_KEY,
		.lock_key = INT64CONST(9628173550095224),
		.query =
		"SELECT " NUMBER("version") ", NULL, version::text, NULL, " NO_TIME ","
		" NULL, NULL, 'applied', true, NULL, NULL FROM history"
		" WHERE version IS DISTINCT FROM 0 ORDER BY version"
	},
	/* told from dbmate by another table in its schema: see foreign.c */
	{
		.name = "rails",
		.columns = "version/S",
		.exact = true,
		.table = "migrations",
		.key = MIG_TOOL_NUMBER,
		.lock = MIG_TOOL_LOCK_DATABASE,
		.lock_key = 2053462845,
		.query = ROW(NUMBER("version"), "version", "NULL", NO_TIME, "NULL",
					 "NULL")
		"ORDER BY length(ltrim(version, '0')), ltrim(version, '0')"
	},
	{
		.name = "dbmate",
		.columns = "version/S",
		.exact = true,
		.table = "migrations",
		.key = MIG_TOOL_NAME,
		.order = MIG_TOOL_BY_TEXT,
		.query = ROW("version", "version", "NULL", NO_TIME, "NULL", "NULL")
		"ORDER BY version COLLATE \"C\""
	},
};

const int	mig_tools_count = lengthof(mig_tools);

/* Is there a tool of that name? */
bool
mig_tool_is_known(const char *name)
{
	for (int i = 0; i < mig_tools_count; i++)
		if (strcmp(mig_tools[i].name, name) == 0)
			return true;
	return false;
}
