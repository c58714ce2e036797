/*-------------------------------------------------------------------------
 *
 * catalog.c
 *	  Sole reader and writer of our tables: structs in, structs out.
 *
 * Every query is a constant whose plan is kept, and takes parameters only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "catalog.h"
#include "digest.h"
#include "spi_util.h"

const char *const mig_state_names[MIG_STATES] = {
	[MIG_PENDING] = "pending",
	[MIG_APPLIED] = "applied",
	[MIG_FAILED] = "failed",
	[MIG_PARTIAL] = "partial"
};

/*
 * SHA-256 of a text in UTF-8, in hexadecimal: what sha256sum prints for the
 * file, whatever the encoding of the database.
 */
char *
mig_checksum(const char *text, int len)
{
	return mig_digest_hex(PG_SHA256, text, len);
}

/*
 * Migrations and their states
 */

#define MIGRATION_COLUMNS \
	"m.id, m.version, m.name, m.sort_key, m.kind = 'repeatable', m.stored_by," \
	" m.up, m.up_line, m.up_no_transaction," \
	" m.down, m.down_line, m.down_no_transaction," \
	" s.state, s.direction = 'down', s.checksum, s.accept, m.path, m.project," \
	" m.layout, m.identity, m.checksums, m.source"

#define MIGRATION_TABLES \
	" FROM migrate.migration m" \
	" LEFT JOIN migrate.state s ON s.migration = m.id AND s.target = ''"

#define MIGRATION_ORDER " ORDER BY m.kind DESC, m.sort_key"

/* The state of that name; no row of migrate.state means pending. */
static MigState
state_of(const char *name)
{
	if (name != NULL)
		for (int i = 0; i < MIG_STATES; i++)
			if (strcmp(name, mig_state_names[i]) == 0)
				return (MigState) i;
	return MIG_PENDING;
}

/* A copy in another context; NULL stays NULL. */
static char *
copy_text(MemoryContext context, char *value)
{
	return value ? MemoryContextStrdup(context, value) : NULL;
}

/* Row of MIGRATION_COLUMNS [, out_of_order] to struct. */
static MigMigration *
read_migration(MemoryContext context, uint64 row)
{
	MigMigration *m = MemoryContextAllocZero(context, sizeof(MigMigration));
	MemoryContext spi;

	m->id = mig_col_int8(row, 1, 0);
	m->version = copy_text(context, mig_col_text(row, 2));
	m->name = copy_text(context, mig_col_text(row, 3));
	m->sort_key = copy_text(context, mig_col_text(row, 4));
	m->repeatable = mig_col_bool(row, 5);
	m->stored_by = copy_text(context, mig_col_text(row, 6));
	m->up = copy_text(context, mig_col_text(row, 7));
	m->up_line = mig_col_int8(row, 8, 1);
	m->up_no_transaction = mig_col_bool(row, 9);
	m->down = copy_text(context, mig_col_text(row, 10));
	m->down_line = mig_col_int8(row, 11, 1);
	m->down_no_transaction = mig_col_bool(row, 12);
	m->state = state_of(mig_col_text(row, 13));
	m->state_down = mig_col_bool(row, 14);
	m->checksum = copy_text(context, mig_col_text(row, 15));
	m->accept = mig_col_bool(row, 16);
	m->path = copy_text(context, mig_col_text(row, 17));
	m->project = copy_text(context, mig_col_text(row, 18));
	m->layout = copy_text(context, mig_col_text(row, 19));
	m->identity = copy_text(context, mig_col_text(row, 20));
	spi = MemoryContextSwitchTo(context);
	m->checksums = mig_col_text_list(row, 21);
	MemoryContextSwitchTo(spi);
	m->source = copy_text(context, mig_col_text(row, 22));
	if (SPI_tuptable->tupdesc->natts > 22)
		m->out_of_order = mig_col_bool(row, 23);
	return m;
}

/* Runs a query for MIGRATION_COLUMNS. */
static List *
read_migrations(MigQuery *query, MigParams *params)
{
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	List	   *result = NIL;
	uint64		rows;

	mig_sql_begin(&session);
	rows = mig_sql_run(query, params);
	for (uint64 i = 0; i < rows; i++)
	{
		MigMigration *migration = read_migration(context, i);
		MemoryContext spi = MemoryContextSwitchTo(context);

		result = lappend(result, migration);
		MemoryContextSwitchTo(spi);
	}
	mig_sql_end(&session);
	return result;
}

/* All migrations of a project, in order. */
List *
mig_catalog_list(const char *project)
{
	static MigQuery query = {
		"SELECT " MIGRATION_COLUMNS MIGRATION_TABLES
		" WHERE m.project = $1" MIGRATION_ORDER
	};
	MigParams	params = {0};

	mig_param_text(&params, project);
	return read_migrations(&query, &params);
}

/*
 * What apply has to look at: every migration of a project that is not applied
 * and every repeatable whose text is not the one applied, in order.
 */
List *
mig_catalog_pending(const char *project)
{
	static MigQuery query = {
		"SELECT " MIGRATION_COLUMNS ", m.kind = 'versioned' AND m.sort_key <"
		" (SELECT max(n.sort_key) FROM migrate.migration n"
		"  JOIN migrate.state t ON t.migration = n.id AND t.target = ''"
		"  WHERE n.project = $1 AND n.kind = 'versioned'"
		"  AND t.state = 'applied')" MIGRATION_TABLES
		" WHERE m.project = $1 AND (s.state IS DISTINCT FROM 'applied'"
		" OR m.kind = 'repeatable' AND s.checksum <> m.up)" MIGRATION_ORDER
	};
	MigParams	params = {0};

	mig_param_text(&params, project);
	return read_migrations(&query, &params);
}

/* The migration of that kind and key; NULL if there is none. */
MigMigration *
mig_catalog_find(const char *project, bool repeatable, const char *sort_key)
{
	static MigQuery query = {
		"SELECT " MIGRATION_COLUMNS MIGRATION_TABLES
		" WHERE m.project = $1 AND m.sort_key = $3"
		" AND m.kind = CASE WHEN $2 THEN 'repeatable' ELSE 'versioned' END"
	};
	MigParams	params = {0};
	List	   *found;

	mig_param_text(&params, project);
	mig_param_bool(&params, repeatable);
	mig_param_text(&params, sort_key);
	found = read_migrations(&query, &params);
	return found ? linitial(found) : NULL;
}

/*
 * The migrations that a user may mean by a name: of that version as it is
 * written, of that identity in their tool's history, or of that version and
 * name as they are shown or as files have them.
 */
List *
mig_catalog_find_named(const char *project, const char *name)
{
	static MigQuery query = {
		"SELECT " MIGRATION_COLUMNS MIGRATION_TABLES
		" WHERE m.project = $1 AND m.kind = 'versioned'"
		" AND (m.version = $2 OR m.identity = $2"
		" OR m.version = split_part($2, ' ', 1)"
		" AND m.version || ' ' || m.name = $2"
		" OR m.version = split_part($2, '_', 1)"
		" AND m.version || '_' || m.name = $2)" MIGRATION_ORDER
	};
	MigParams	params = {0};

	mig_param_text(&params, project);
	mig_param_text(&params, name);
	return read_migrations(&query, &params);
}

/* The migration of that number; NULL if it is gone. */
MigMigration *
mig_catalog_get(int64 id)
{
	static MigQuery query = {
		"SELECT " MIGRATION_COLUMNS MIGRATION_TABLES " WHERE m.id = $1"
	};
	MigParams	params = {0};
	List	   *found;

	mig_param_int8(&params, id);
	found = read_migrations(&query, &params);
	return found ? linitial(found) : NULL;
}

/* The one text that a query finds; NULL if it finds none. */
static char *
read_text(MigQuery *query, MigParams *params)
{
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	char	   *text = NULL;

	mig_sql_begin(&session);
	if (mig_sql_run(query, params) == 1)
		text = copy_text(context, mig_col_text(0, 1));
	mig_sql_end(&session);
	return text;
}

/* The layout of a migration of the project, whichever; NULL: it has none. */
char *
mig_catalog_layout(const char *project)
{
	static MigQuery query = {
		"SELECT layout FROM migrate.migration WHERE project = $1 LIMIT 1"
	};
	MigParams	params = {0};

	mig_param_text(&params, project);
	return read_text(&query, &params);
}

/* The text of that checksum. */
char *
mig_catalog_text(const char *checksum)
{
	static MigQuery query = {
		"SELECT body FROM migrate.script WHERE checksum = $1"
	};
	MigParams	params = {0};
	char	   *text;

	mig_param_text(&params, checksum);
	text = read_text(&query, &params);
	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the text of checksum %s is missing", checksum)));
	return text;
}

/*
 * The up or down script of a migration; NULL if its definition is not the
 * stored one any more.
 */
char *
mig_catalog_script(const MigMigration *migration, bool down)
{
	static MigQuery query = {
		"SELECT s.body FROM migrate.migration m JOIN migrate.script s"
		" ON s.checksum = CASE WHEN $4 THEN m.down ELSE m.up END"
		" WHERE m.id = $1 AND m.up = $2 AND m.down IS NOT DISTINCT FROM $3"
	};
	MigParams	params = {0};

	mig_param_int8(&params, migration->id);
	mig_param_text(&params, migration->up);
	mig_param_text(&params, migration->down);
	mig_param_bool(&params, down);
	return read_text(&query, &params);
}

/* Keeps a text; returns its checksum. */
static char *
put_text(const char *text)
{
	static MigQuery query = {
		"INSERT INTO migrate.script (checksum, body) VALUES ($1, $2)"
		" ON CONFLICT DO NOTHING"
	};
	char	   *checksum = mig_checksum(text, strlen(text));
	MigParams	params = {0};

	mig_param_text(&params, checksum);
	mig_param_text(&params, text);
	mig_sql_run(&query, &params);
	return checksum;
}

/* The values of a script's placeholders as a JSON object; NULL: none. */
static char *
variables_json(List *variables)
{
	StringInfoData json;
	ListCell   *lc;

	if (variables == NIL)
		return NULL;
	initStringInfo(&json);
	foreach(lc, variables)
	{
		const MigVariable *variable = lfirst(lc);

		appendStringInfoString(&json, json.len == 0 ? "{" : ", ");
		escape_json(&json, variable->name);
		appendStringInfoString(&json, ": ");
		escape_json(&json, variable->value);
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* Were the placeholders of a migration replaced by these values? */
bool
mig_catalog_has_variables(int64 id, List *variables)
{
	static MigQuery query = {
		"SELECT 1 FROM migrate.migration WHERE id = $1"
		" AND variables IS NOT DISTINCT FROM $2::pg_catalog.jsonb"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	mig_param_text(&params, variables_json(variables));
	return mig_sql_once(&query, &params) > 0;
}

/* Adds the parameters that store_definition's two queries share. */
static void
definition_params(MigParams *params, const MigDefinition *d)
{
	mig_param_text(params, d->version);
	mig_param_text(params, d->name);
	mig_param_text(params, d->path);
	mig_param_text(params, put_text(d->up.text));
	mig_param_int4(params, d->up.line);
	mig_param_bool(params, d->up.no_transaction);
	mig_param_text(params, d->down.text ? put_text(d->down.text) : NULL);
	mig_param_int4(params, d->down.line);
	mig_param_bool(params, d->down.no_transaction);
	mig_param_text(params, GetUserNameFromId(GetSessionUserId(), false));
	mig_param_text(params, d->layout);
	mig_param_text(params, d->identity);
	mig_param_text_array(params, d->checksums);
	mig_param_text(params, d->source ?
				   mig_checksum(d->source, strlen(d->source)) : NULL);
	mig_param_text(params, variables_json(d->variables));
}

/* Stores new migrations. */
void
mig_catalog_insert(const char *project, List *definitions)
{
	static MigQuery query = {
		"INSERT INTO migrate.migration (version, name, path, up, up_line,"
		" up_no_transaction, down, down_line, down_no_transaction, stored_by,"
		" layout, identity, checksums, source, variables,"
		" project, kind, sort_key)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
		" $15::pg_catalog.jsonb, $16, $17, $18)"
	};
	MigSqlSession session;
	ListCell   *lc;

	mig_sql_begin(&session);
	foreach(lc, definitions)
	{
		MigDefinition *d = lfirst(lc);
		MigParams	params = {0};

		CHECK_FOR_INTERRUPTS();
		definition_params(&params, d);
		mig_param_text(&params, project);
		mig_param_text(&params, d->repeatable ? "repeatable" : "versioned");
		mig_param_text(&params, mig_definition_key(d));
		mig_sql_run(&query, &params);
	}
	mig_sql_end(&session);
}

/* Stores another definition of a migration. */
void
mig_catalog_replace(int64 id, const MigDefinition *definition)
{
	static MigQuery query = {
		"UPDATE migrate.migration SET version = $1, name = $2, path = $3,"
		" up = $4, up_line = $5, up_no_transaction = $6, down = $7,"
		" down_line = $8, down_no_transaction = $9, stored_by = $10,"
		" layout = $11, identity = $12, checksums = $13, source = $14,"
		" variables = $15::pg_catalog.jsonb,"
		" stored_at = clock_timestamp() WHERE id = $16"
	};
	MigSqlSession session;
	MigParams	params = {0};

	mig_sql_begin(&session);
	definition_params(&params, definition);
	mig_param_int8(&params, id);
	mig_sql_run(&query, &params);
	mig_sql_end(&session);
}

/*
 * Lets one transaction at a time change definitions, and none while a run
 * records that it ran one (see mig_journal_goes_on).  Readers go on.
 */
void
mig_catalog_lock(void)
{
	static MigQuery query = {
		"LOCK TABLE migrate.migration IN EXCLUSIVE MODE"
	};

	mig_sql_once(&query, NULL);
}

/*
 * Gives migrations, of which each has its new key, these keys.  On the way no
 * two may have the same.
 */
void
mig_catalog_rekey(List *migrations)
{
	static MigQuery make_room = {
		"UPDATE migrate.migration SET sort_key = ' ' || id WHERE id = $1"
	};
	static MigQuery set_key = {
		"UPDATE migrate.migration SET sort_key = $2 WHERE id = $1"
	};
	MigSqlSession session;
	ListCell   *lc;

	mig_sql_begin(&session);
	foreach(lc, migrations)
	{
		MigParams	params = {0};

		mig_param_int8(&params, ((MigMigration *) lfirst(lc))->id);
		mig_sql_run(&make_room, &params);
	}
	foreach(lc, migrations)
	{
		const MigMigration *m = lfirst(lc);
		MigParams	params = {0};

		mig_param_int8(&params, m->id);
		mig_param_text(&params, m->sort_key);
		mig_sql_run(&set_key, &params);
	}
	mig_sql_end(&session);
}

/* Makes a versioned migration repeatable, or the reverse; its state stays. */
void
mig_catalog_change_kind(const MigMigration *migration)
{
	static MigQuery query = {
		"UPDATE migrate.migration SET kind = $2, version = $3, name = $4,"
		" sort_key = $5 WHERE id = $1"
	};
	MigParams	params = {0};

	mig_param_int8(&params, migration->id);
	mig_param_text(&params, migration->repeatable ? "repeatable" : "versioned");
	mig_param_text(&params, migration->version);
	mig_param_text(&params, migration->name);
	mig_param_text(&params, migration->sort_key);
	mig_sql_once(&query, &params);
}

/* Forgets a migration; its texts and its history stay. */
void
mig_catalog_delete(int64 id)
{
	static MigQuery query = {
		"WITH s AS (DELETE FROM migrate.state WHERE migration = $1)"
		" DELETE FROM migrate.migration WHERE id = $1"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	mig_sql_once(&query, &params);
}

/*
 * Sets the state of a migration.  'checksum' is the text that the state
 * speaks of; 'elapsed' in microseconds, -1 if nothing was run.  When and by
 * whom it was applied outlives a failing rollback.  A migration that was
 * removed meanwhile has no state.
 */
void
mig_catalog_set_state(const MigMigration *migration, MigState state,
					  bool down, const char *checksum, int64 elapsed,
					  const char *note)
{
	static MigQuery forget = {
		"DELETE FROM migrate.state WHERE migration = $1 AND target = ''"
	};
	static MigQuery put = {
		"INSERT INTO migrate.state AS s (migration, state, direction, checksum,"
		" applied_at, applied_by, elapsed, note)"
		" SELECT id, $2, CASE WHEN $3 THEN 'down' ELSE 'up' END, $4,"
		" CASE WHEN $2 = 'applied' THEN clock_timestamp() END,"
		" CASE WHEN $2 = 'applied' THEN $5 END,"
		" $6 * interval '1 microsecond', $7"
		" FROM migrate.migration WHERE id = $1"
		" ON CONFLICT (migration, target) DO UPDATE SET state = $2,"
		" direction = excluded.direction, checksum = $4, note = $7,"
		" applied_at = coalesce(excluded.applied_at, s.applied_at),"
		" applied_by = coalesce(excluded.applied_by, s.applied_by),"
		" elapsed = coalesce(excluded.elapsed, s.elapsed), accept = false"
	};
	MigParams	params = {0};

	mig_param_int8(&params, migration->id);
	if (state == MIG_PENDING)
	{
		mig_sql_once(&forget, &params);
		return;
	}
	mig_param_text(&params, mig_state_names[state]);
	mig_param_bool(&params, down);
	mig_param_text(&params, checksum);
	mig_param_text(&params, mig_caller.role);
	if (elapsed >= 0 && state == MIG_APPLIED)
		mig_param_int8(&params, elapsed);
	else
		mig_param_null(&params);
	mig_param_text(&params, note);
	mig_sql_once(&put, &params);
}

/*
 * Sets the state that another tool left a migration in: when and by whom are
 * the tool's, NULL if it does not say.
 */
void
mig_catalog_adopt(const MigMigration *migration, MigState state,
				  const char *applied_at, const char *applied_by,
				  const char *note)
{
	static MigQuery query = {
		"INSERT INTO migrate.state (migration, state, checksum, applied_at,"
		" applied_by, note) VALUES ($1, $2, $3, $4::pg_catalog.timestamptz, $5,"
		" $6) ON CONFLICT (migration, target) DO UPDATE SET state = $2,"
		" direction = 'up', checksum = $3, applied_at = excluded.applied_at,"
		" applied_by = $5, elapsed = NULL, note = $6, accept = false"
	};
	MigParams	params = {0};

	mig_param_int8(&params, migration->id);
	mig_param_text(&params, mig_state_names[state]);
	mig_param_text(&params, migration->up);
	mig_param_text(&params, applied_at);
	mig_param_text(&params, applied_by);
	mig_param_text(&params, note);
	mig_sql_once(&query, &params);
}

/*
 * Repeatables describe the newest schema and may have gone with what a
 * rollback undid: they run again.
 */
void
mig_catalog_repeat_all(const char *project)
{
	static MigQuery query = {
		"DELETE FROM migrate.state s USING migrate.migration m"
		" WHERE m.id = s.migration AND m.project = $1"
		" AND m.kind = 'repeatable' AND s.state = 'applied'"
	};
	MigParams	params = {0};

	mig_param_text(&params, project);
	mig_sql_once(&query, &params);
}

/* A rollback left nothing: the migration is applied as it was. */
void
mig_catalog_still_applied(int64 id, const char *note)
{
	static MigQuery query = {
		"UPDATE migrate.state SET state = 'applied', direction = 'up',"
		" note = $2 WHERE migration = $1 AND target = ''"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	mig_param_text(&params, note);
	mig_sql_once(&query, &params);
}

/* The next edited text of an applied migration will be taken. */
void
mig_catalog_allow_edit(int64 id)
{
	static MigQuery query = {
		"UPDATE migrate.state SET accept = true"
		" WHERE migration = $1 AND target = ''"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	mig_sql_once(&query, &params);
}

/* An edited text is what was applied. */
void
mig_catalog_accept_edit(int64 id, const char *checksum)
{
	static MigQuery query = {
		"UPDATE migrate.state SET accept = false, checksum = $2"
		" WHERE migration = $1 AND target = ''"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	mig_param_text(&params, checksum);
	mig_sql_once(&query, &params);
}

/*
 * The ledger
 */

/* The recorded steps of one direction of a migration, in order. */
List *
mig_catalog_steps(int64 id, bool down)
{
	static MigQuery query = {
		"SELECT first_statement, last_statement, checksum, state = 'done',"
		" before, settings, temporary FROM migrate.step WHERE migration = $1 AND target = ''"
		" AND direction = CASE WHEN $2 THEN 'down' ELSE 'up' END"
		" ORDER BY first_statement"
	};
	MemoryContext context = CurrentMemoryContext;
	MigSqlSession session;
	MigParams	params = {0};
	List	   *result = NIL;
	uint64		rows;

	mig_param_int8(&params, id);
	mig_param_bool(&params, down);
	mig_sql_begin(&session);
	rows = mig_sql_run(&query, &params);
	for (uint64 i = 0; i < rows; i++)
	{
		MemoryContext spi = MemoryContextSwitchTo(context);
		MigLedgerStep *step = palloc0(sizeof(MigLedgerStep));

		step->first = mig_col_int8(i, 1, 0);
		step->last = mig_col_int8(i, 2, 0);
		step->checksum = pstrdup(mig_col_text(i, 3));
		step->done = mig_col_bool(i, 4);
		step->before = mig_col_text_list(i, 5);
		step->settings = mig_col_text_list(i, 6);
		step->temporary = mig_col_bool(i, 7);
		result = lappend(result, step);
		MemoryContextSwitchTo(spi);
	}
	mig_sql_end(&session);
	return result;
}

/* Records a step as started or done. */
void
mig_catalog_put_step(int64 id, bool down, int64 run,
					 const MigLedgerStep *step)
{
	static MigQuery query = {
		"INSERT INTO migrate.step (migration, direction, run, first_statement,"
		" last_statement, checksum, state, before, settings, temporary)"
		" VALUES ($1, CASE WHEN $2 THEN 'down' ELSE 'up' END, $3, $4, $5, $6,"
		" CASE WHEN $7 THEN 'done' ELSE 'started' END, $8, $9,"
		" EXISTS (SELECT FROM pg_catalog.pg_class"
		" WHERE relnamespace = pg_catalog.pg_my_temp_schema()))"
		" ON CONFLICT (migration, target, direction, first_statement)"
		" DO UPDATE SET run = $3, last_statement = $5, checksum = $6,"
		" state = excluded.state, at = clock_timestamp(), before = $8,"
		" settings = $9, temporary = excluded.temporary"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	mig_param_bool(&params, down);
	mig_param_int8(&params, run);
	mig_param_int4(&params, step->first);
	mig_param_int4(&params, step->last);
	mig_param_text(&params, step->checksum);
	mig_param_bool(&params, step->done);
	mig_param_text_array(&params, step->before);
	mig_param_text_array(&params, step->settings);
	mig_sql_once(&query, &params);
}

/* A started step left nothing. */
void
mig_catalog_drop_step(int64 id, bool down, int first)
{
	static MigQuery query = {
		"DELETE FROM migrate.step WHERE migration = $1 AND target = ''"
		" AND direction = CASE WHEN $2 THEN 'down' ELSE 'up' END"
		" AND first_statement = $3"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	mig_param_bool(&params, down);
	mig_param_int4(&params, first);
	mig_sql_once(&query, &params);
}

/* A migration is settled: its ledger has served. */
void
mig_catalog_drop_steps(int64 id)
{
	static MigQuery query = {
		"DELETE FROM migrate.step WHERE migration = $1 AND target = ''"
	};
	MigParams	params = {0};

	mig_param_int8(&params, id);
	mig_sql_once(&query, &params);
}
