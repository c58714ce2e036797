/* migrate--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION migrate" to load this file. \quit

-- The schema is created here and not by the control file, so that a planted
-- schema of this name stops the installation.
CREATE SCHEMA migrate;
COMMENT ON SCHEMA migrate IS 'the migrations of this database and their history';
-- EXECUTE on the functions is the one thing to grant.
GRANT USAGE ON SCHEMA migrate TO PUBLIC;

--
-- Tables.  Only the extension's owner has rights on them; catalog.c is their
-- sole reader and writer, apart from the views and functions of this script.
--

CREATE TABLE migrate.script (
    checksum text COLLATE "C" PRIMARY KEY,
    body     text NOT NULL
);
COMMENT ON TABLE migrate.script IS 'every text that was ever stored or ran, kept for ever';
COMMENT ON COLUMN migrate.script.checksum IS 'SHA-256 of the text in UTF-8, as sha256sum prints it';

CREATE TABLE migrate.migration (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project  text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('versioned', 'repeatable')),
    -- the order of versions as an index order, whatever the locale
    sort_key text COLLATE "C" NOT NULL,
    version  text CHECK ((version IS NULL) = (kind = 'repeatable')),
    name     text NOT NULL,
    path     text,
    layout   text NOT NULL,
    identity text COLLATE "C",
    checksums text[] NOT NULL,
    source   text COLLATE "C",
    variables jsonb,
    up       text COLLATE "C" NOT NULL,
    up_line  integer NOT NULL,
    up_no_transaction boolean NOT NULL,
    down     text COLLATE "C",
    down_line integer NOT NULL,
    down_no_transaction boolean NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    stored_by text NOT NULL,
    UNIQUE (project, kind, sort_key)
);
COMMENT ON TABLE migrate.migration IS 'the migrations as stored last; their texts are in migrate.script';
COMMENT ON COLUMN migrate.migration.layout IS 'the layout in which its files were read; it gave the sort key';
COMMENT ON COLUMN migrate.migration.identity IS 'what the tool of that layout calls it in its own history';
COMMENT ON COLUMN migrate.migration.checksums IS 'those that the tool may have recorded for the up script';
COMMENT ON COLUMN migrate.migration.source IS 'checksum of the up script before its placeholders were replaced';
COMMENT ON COLUMN migrate.migration.variables IS 'what the placeholders were replaced by';
COMMENT ON COLUMN migrate.migration.up_line IS 'line of the file on which the up script begins';

-- The tables from here on are written while migrations run.  They have no CHECK
-- constraints: the server would parse each again for each row, and their words
-- come from constants of catalog.c and its callers.

-- Without a row a migration is pending.
CREATE TABLE migrate.state (
    migration bigint NOT NULL,
    -- which schema of many the state speaks of; today there is one, ''
    target    text NOT NULL DEFAULT '',
    state     text NOT NULL,
    direction text NOT NULL DEFAULT 'up',
    checksum  text COLLATE "C" NOT NULL,
    applied_at timestamptz,
    applied_by text,
    elapsed   interval,
    note      text,
    accept    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (migration, target)
);
COMMENT ON TABLE migrate.state IS 'how far each migration that is not pending has got';
COMMENT ON COLUMN migrate.state.checksum IS 'the exact up script that ran';
COMMENT ON COLUMN migrate.state.accept IS 'the next edited text is taken as what was applied';

CREATE TABLE migrate.step (
    migration bigint NOT NULL,
    target    text NOT NULL DEFAULT '',
    direction text NOT NULL,
    first_statement integer NOT NULL,
    last_statement  integer NOT NULL,
    checksum  text COLLATE "C" NOT NULL,
    state     text NOT NULL,
    run       bigint NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- what stood there before, to tell what an interrupted step left behind
    before    text[] NOT NULL DEFAULT '{}',
    -- what the script has set for its session so far: name, value, ...
    settings  text[] NOT NULL DEFAULT '{}',
    temporary boolean NOT NULL DEFAULT false,
    PRIMARY KEY (migration, target, direction, first_statement)
);
COMMENT ON TABLE migrate.step IS 'the ledger: committed and started steps of migrations that are under way';
COMMENT ON COLUMN migrate.step.temporary IS 'the script''s session has temporary objects, which end with it';
COMMENT ON COLUMN migrate.step.before IS 'what was there before a non-transactional statement started: indexes, or the object itself';

CREATE TABLE migrate.run (
    run       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project   text NOT NULL,
    action    text NOT NULL,
    target    text,
    state     text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at  timestamptz,
    started_by text NOT NULL,
    session_role text NOT NULL,
    application_name text,
    client_addr inet,
    pid       integer,
    -- the migration that runs now; a crash leaves it behind
    current   bigint,
    current_checksum text COLLATE "C",
    -- shared memory of the runner, for migrate.progress
    segment   bigint,
    -- what wait() raises again
    error_sqlstate text,
    error_message text,
    error_detail text,
    error_hint text,
    error_context text
);
COMMENT ON TABLE migrate.run IS 'every call of apply and rollback that had something to do, and of start';
COMMENT ON COLUMN migrate.run.state IS 'queued, running, success, failed, cancelled or interrupted';
CREATE INDEX run_open ON migrate.run (run) WHERE ended_at IS NULL;
COMMENT ON INDEX migrate.run_open IS 'finds the run under way among all that ended';

CREATE TABLE migrate.attempt (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    run       bigint NOT NULL,
    project   text NOT NULL,
    version   text,
    name      text NOT NULL,
    action    text NOT NULL,
    step      integer NOT NULL,
    attempt   integer NOT NULL,
    statement integer,
    line      integer,
    sqlstate  text NOT NULL,
    message   text NOT NULL,
    detail    text,
    lock      text,
    blockers  jsonb NOT NULL,
    delay     interval
);
COMMENT ON TABLE migrate.attempt IS 'tries of a step that ended with a failed wait for a lock';
COMMENT ON COLUMN migrate.attempt.lock IS 'what was waited for';
COMMENT ON COLUMN migrate.attempt.blockers IS 'who held it: an array with an object for each, its keys as in pg_stat_activity and pg_prepared_xacts';
COMMENT ON COLUMN migrate.attempt.delay IS 'the pause before the next try; null: there was none';

CREATE TABLE migrate.event (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    run       bigint,
    project   text NOT NULL,
    version   text,
    name      text NOT NULL,
    action    text NOT NULL,
    outcome   text NOT NULL,
    step      integer,
    elapsed   interval,
    checksum  text COLLATE "C",
    stored_by text,
    session_role text NOT NULL,
    role      text NOT NULL,
    application_name text,
    client_addr inet,
    server_version text NOT NULL DEFAULT current_setting('server_version'),
    error_sqlstate text,
    error_message text,
    error_detail text,
    error_hint text,
    error_statement integer,
    error_line integer,
    reason    text
);
COMMENT ON TABLE migrate.event IS 'the append-only log behind the view migrate.history';

CREATE TABLE migrate.timing (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run       bigint NOT NULL,
    project   text NOT NULL,
    version   text,
    name      text NOT NULL,
    statement integer NOT NULL,
    kind      text COLLATE "C" NOT NULL,
    bytes     bigint NOT NULL,
    elapsed   interval NOT NULL
);
COMMENT ON TABLE migrate.timing IS 'how long statements took here that go through whole tables; plan() takes its expectations from it';
COMMENT ON COLUMN migrate.timing.kind IS 'the command, without names';
COMMENT ON COLUMN migrate.timing.bytes IS 'of the tables that it scanned, rewrote or indexed, when its run began';
COMMENT ON COLUMN migrate.timing.elapsed IS 'with the time that it waited for locks';
CREATE INDEX timing_kind ON migrate.timing (kind, id);
COMMENT ON INDEX migrate.timing_kind IS 'finds the newest ones of a kind';

-- What these tables tell is about this database.  A subscription to FOR ALL
-- TABLES brings the rows of another, whose DDL it does not bring.
CREATE FUNCTION migrate.ignore_replicated()
RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'migrate_ignore_replicated';
COMMENT ON FUNCTION migrate.ignore_replicated IS
'keeps out what a subscription brings from the tables of another database';
CREATE TRIGGER ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON migrate.script
    FOR EACH ROW EXECUTE FUNCTION migrate.ignore_replicated();
ALTER TABLE migrate.script ENABLE REPLICA TRIGGER ignore_replicated;
COMMENT ON TRIGGER ignore_replicated ON migrate.script IS 'keeps out the rows of another database';
CREATE TRIGGER ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON migrate.migration
    FOR EACH ROW EXECUTE FUNCTION migrate.ignore_replicated();
ALTER TABLE migrate.migration ENABLE REPLICA TRIGGER ignore_replicated;
COMMENT ON TRIGGER ignore_replicated ON migrate.migration IS 'keeps out the rows of another database';
CREATE TRIGGER ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON migrate.state
    FOR EACH ROW EXECUTE FUNCTION migrate.ignore_replicated();
ALTER TABLE migrate.state ENABLE REPLICA TRIGGER ignore_replicated;
COMMENT ON TRIGGER ignore_replicated ON migrate.state IS 'keeps out the rows of another database';
CREATE TRIGGER ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON migrate.step
    FOR EACH ROW EXECUTE FUNCTION migrate.ignore_replicated();
ALTER TABLE migrate.step ENABLE REPLICA TRIGGER ignore_replicated;
COMMENT ON TRIGGER ignore_replicated ON migrate.step IS 'keeps out the rows of another database';
CREATE TRIGGER ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON migrate.run
    FOR EACH ROW EXECUTE FUNCTION migrate.ignore_replicated();
ALTER TABLE migrate.run ENABLE REPLICA TRIGGER ignore_replicated;
COMMENT ON TRIGGER ignore_replicated ON migrate.run IS 'keeps out the rows of another database';
CREATE TRIGGER ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON migrate.attempt
    FOR EACH ROW EXECUTE FUNCTION migrate.ignore_replicated();
ALTER TABLE migrate.attempt ENABLE REPLICA TRIGGER ignore_replicated;
COMMENT ON TRIGGER ignore_replicated ON migrate.attempt IS 'keeps out the rows of another database';
CREATE TRIGGER ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON migrate.event
    FOR EACH ROW EXECUTE FUNCTION migrate.ignore_replicated();
ALTER TABLE migrate.event ENABLE REPLICA TRIGGER ignore_replicated;
COMMENT ON TRIGGER ignore_replicated ON migrate.event IS 'keeps out the rows of another database';
CREATE TRIGGER ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON migrate.timing
    FOR EACH ROW EXECUTE FUNCTION migrate.ignore_replicated();
ALTER TABLE migrate.timing ENABLE REPLICA TRIGGER ignore_replicated;
COMMENT ON TRIGGER ignore_replicated ON migrate.timing IS 'keeps out the rows of another database';

SELECT pg_catalog.pg_extension_config_dump('migrate.script', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.migration', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.migration_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.state', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.step', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.run', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.run_run_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.attempt', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.attempt_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.event', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.event_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.timing', '');
SELECT pg_catalog.pg_extension_config_dump('migrate.timing_id_seq', '');

COMMENT ON SEQUENCE migrate.migration_id_seq IS 'numbers of migrate.migration';
COMMENT ON SEQUENCE migrate.run_run_seq IS 'numbers of runs';
COMMENT ON SEQUENCE migrate.attempt_id_seq IS 'numbers of the rows of the attempts';
COMMENT ON SEQUENCE migrate.event_id_seq IS 'numbers of the rows of the history';
COMMENT ON SEQUENCE migrate.timing_id_seq IS 'numbers of the rows of the timings';

--
-- Row types.  Composite types and not RETURNS TABLE, whose columns would
-- collide with arguments of the same name.
--

CREATE TYPE migrate.run_row AS (
    version text,
    name    text,
    state   text,
    steps   integer,
    elapsed interval
);
COMMENT ON TYPE migrate.run_row IS 'one migration of a run: what apply and rollback return';

CREATE TYPE migrate.load_row AS (
    path    text,
    version text,
    name    text,
    kind    text,
    result  text
);
COMMENT ON TYPE migrate.load_row IS 'one file that load read, and what became of it';

CREATE TYPE migrate.status_row AS (
    project text,
    version text,
    name    text,
    kind    text,
    state   text,
    applied_at timestamptz,
    applied_by text,
    elapsed interval,
    note    text,
    stored_at timestamptz,
    stored_by text,
    path    text
);
COMMENT ON TYPE migrate.status_row IS 'one migration and where it stands: what status returns';

CREATE TYPE migrate.progress_row AS (
    run       bigint,
    version   text,
    name      text,
    step      integer,
    steps     integer,
    statement integer,
    query     text,
    phase     text,
    percent   numeric,
    elapsed   interval,
    blocked_by integer[],
    statement_elapsed interval
);
COMMENT ON TYPE migrate.progress_row IS 'a run under way and how far it is: what the view migrate.progress returns';
COMMENT ON COLUMN migrate.progress_row.elapsed IS 'since the run began, or was asked for if it has not';

CREATE TYPE migrate.finding AS (
    rule        text,
    severity    text,
    version     text,
    name        text,
    path        text,
    statement   integer,
    line        integer,
    col         integer,
    object      text,
    consequence text,
    rewrite     text,
    page        text,
    origin      text
);
COMMENT ON TYPE migrate.finding IS 'what lint found in a script: what lint and lint_sql return';
COMMENT ON COLUMN migrate.finding.severity IS 'error, warning or notice';
COMMENT ON COLUMN migrate.finding.statement IS 'its number in the script; null: of none';
COMMENT ON COLUMN migrate.finding.col IS 'column in the line, in characters from 1';
COMMENT ON COLUMN migrate.finding.consequence IS 'what would happen in this database';
COMMENT ON COLUMN migrate.finding.rewrite IS 'SQL that is safe; null: there is none to offer';
COMMENT ON COLUMN migrate.finding.page IS 'where the documents explain the rule';
COMMENT ON COLUMN migrate.finding.origin IS 'script: read in the script; trace: seen in a dry run';

CREATE TYPE migrate.plan_row AS (
    version       text,
    name          text,
    step          integer,
    statement     integer,
    line          integer,
    text          text,
    transactional boolean,
    commits       boolean,
    locks         text[],
    scans         text[],
    rewrites      text[],
    bytes         bigint,
    expected      interval,
    findings      integer,
    relations     jsonb,
    note          text
);
COMMENT ON TYPE migrate.plan_row IS 'one statement that apply would run, or a script that cannot be parsed: what plan returns';
COMMENT ON COLUMN migrate.plan_row.text IS 'the first line of the statement';
COMMENT ON COLUMN migrate.plan_row.transactional IS 'false: it cannot run in a transaction block, and commits by itself';
COMMENT ON COLUMN migrate.plan_row.commits IS 'a commit follows it';
COMMENT ON COLUMN migrate.plan_row.locks IS 'the strongest lock on each relation that is there before it; reading alone is left out';
COMMENT ON COLUMN migrate.plan_row.scans IS 'relations that it reads as a whole';
COMMENT ON COLUMN migrate.plan_row.rewrites IS 'relations that get a new file, indexes too';
COMMENT ON COLUMN migrate.plan_row.bytes IS 'size of the largest of its relations that are there; null: there are none';
COMMENT ON COLUMN migrate.plan_row.expected IS 'how long comparable statements took here, scaled to the size of what this one goes through; if none of the script is comparable, how long all of it took when it last ran, told at its first statement; null: not known';
COMMENT ON COLUMN migrate.plan_row.findings IS 'how many rows of lint are about it';
COMMENT ON COLUMN migrate.plan_row.relations IS 'an object per relation: relation, lock, locks, scan, rewrite, builds, writes, bytes, rows';
COMMENT ON COLUMN migrate.plan_row.note IS 'why the script cannot be parsed: it has one row, without a statement';

CREATE TYPE migrate.rule AS (
    rule     text,
    section  text,
    severity text,
    enabled  boolean,
    help     text,
    why      text,
    safe     text,
    bad      text,
    good     text,
    page     text
);
COMMENT ON TYPE migrate.rule IS 'a lint rule: what rules returns';
COMMENT ON COLUMN migrate.rule.enabled IS 'with the settings of this session';
COMMENT ON COLUMN migrate.rule.safe IS 'when what it looks for is safe, and it is silent';
COMMENT ON COLUMN migrate.rule.bad IS 'SQL that it finds';
COMMENT ON COLUMN migrate.rule.good IS 'SQL to use instead';

--
-- Storing
--

CREATE FUNCTION migrate.register(version text, name text, up text,
                                 down text DEFAULT NULL,
                                 project text DEFAULT NULL,
                                 no_transaction boolean DEFAULT false)
RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_register';
COMMENT ON FUNCTION migrate.register IS
'stores one migration, or a repeatable when version is NULL; returns new, replaced or unchanged';

CREATE FUNCTION migrate.unregister(version text, project text DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_unregister';
COMMENT ON FUNCTION migrate.unregister IS
'removes a pending migration; version is the name for a repeatable';

CREATE FUNCTION migrate.load(directory text, layout text DEFAULT 'auto',
                             project text DEFAULT NULL,
                             variables jsonb DEFAULT NULL)
RETURNS SETOF migrate.load_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_load_directory';
COMMENT ON FUNCTION migrate.load(text, text, text, jsonb) IS
'stores the migrations of a directory on the server; needs the rights of pg_read_server_files; variables: an object of the values of placeholders';

CREATE FUNCTION migrate.load(paths text[], contents text[],
                             layout text DEFAULT 'auto',
                             project text DEFAULT NULL,
                             variables jsonb DEFAULT NULL)
RETURNS SETOF migrate.load_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_load_files';
COMMENT ON FUNCTION migrate.load(text[], text[], text, text, jsonb) IS
'stores the migrations of files that the client sends; a content may be null: the file is known by its name only';

--
-- Looking before a run
--

CREATE FUNCTION migrate.lint(target text DEFAULT NULL,
                             version text DEFAULT NULL,
                             assume text DEFAULT NULL,
                             project text DEFAULT NULL,
                             trace boolean DEFAULT false)
RETURNS SETOF migrate.finding
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_lint';
COMMENT ON FUNCTION migrate.lint IS
'judges what is pending, up to and including target, or version alone, against this database; assume ''large'' takes tables that do not exist for large ones; trace adds what a dry run finds, as dry_run makes it';

CREATE FUNCTION migrate.lint_sql(script text, assume text DEFAULT NULL,
                                 no_transaction boolean DEFAULT false)
RETURNS SETOF migrate.finding
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_lint_sql';
COMMENT ON FUNCTION migrate.lint_sql IS
'judges a text that is not stored; assume as in lint';

CREATE FUNCTION migrate.rules()
RETURNS SETOF migrate.rule
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'migrate_rules';
COMMENT ON FUNCTION migrate.rules IS 'the lint rules, with the settings of this session';

CREATE FUNCTION migrate.plan(target text DEFAULT NULL,
                             project text DEFAULT NULL)
RETURNS SETOF migrate.plan_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_plan';
COMMENT ON FUNCTION migrate.plan IS
'what apply would do, a row per statement: steps, locks, scans, rewrites; nothing is executed';

CREATE TYPE migrate.dry_run_row AS (
    version      text,
    name         text,
    step         integer,
    statement    integer,
    line         integer,
    text         text,
    outcome      text,
    elapsed      interval,
    rows         bigint,
    locks        text[],
    exclusive    jsonb,
    rewrites     text[],
    scans        text[],
    objects      text[],
    triggers     text[],
    wal_bytes    bigint,
    buffers_hit  bigint,
    buffers_read bigint,
    note         text,
    unwritable   jsonb
);
COMMENT ON TYPE migrate.dry_run_row IS 'one statement of a dry run, and what it did';
COMMENT ON COLUMN migrate.dry_run_row.statement IS 'null: the commit of the step, which failed';
COMMENT ON COLUMN migrate.dry_run_row.line IS 'line of the statement; of one that failed, of the error';
COMMENT ON COLUMN migrate.dry_run_row.text IS 'the first line of the statement';
COMMENT ON COLUMN migrate.dry_run_row.outcome IS
'traced: it ran; predicted: it cannot run here; skipped: it was not reached, or needs one that cannot run here; failed';
COMMENT ON COLUMN migrate.dry_run_row.rows IS 'inserted, updated and deleted in all tables, also by triggers';
COMMENT ON COLUMN migrate.dry_run_row.locks IS
'that it took and kept, on relations that were there before it; held already: an earlier statement of its transaction took it';
COMMENT ON COLUMN migrate.dry_run_row.exclusive IS
'how long, in milliseconds, apply would keep everyone from a relation: from this statement to the end of its transaction';
COMMENT ON COLUMN migrate.dry_run_row.unwritable IS
'the same of locks that let others read and not write: SHARE, SHARE ROW EXCLUSIVE, EXCLUSIVE';
COMMENT ON COLUMN migrate.dry_run_row.rewrites IS 'tables and indexes that got a new file';
COMMENT ON COLUMN migrate.dry_run_row.scans IS 'tables that were read as a whole, and how many rows';
COMMENT ON COLUMN migrate.dry_run_row.objects IS 'created, changed, dropped, truncated; parts of one are not named';
COMMENT ON COLUMN migrate.dry_run_row.triggers IS 'fired, and how often; those of COPY are not counted';

CREATE FUNCTION migrate.dry_run(target text DEFAULT NULL,
                                lock_timeout interval DEFAULT '100ms',
                                force boolean DEFAULT false,
                                project text DEFAULT NULL)
RETURNS SETOF migrate.dry_run_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_dry_run';
COMMENT ON FUNCTION migrate.dry_run IS
'runs what is pending, up to and including target, in a transaction that is rolled back; a row per statement with what it really did';

CREATE TYPE migrate.verify_row AS (
    version text,
    name    text,
    result  text,
    object  text,
    before  text,
    after   text,
    note    text
);
COMMENT ON TYPE migrate.verify_row IS 'what verify found out about one migration, or one object that its down script does not bring back';
COMMENT ON COLUMN migrate.verify_row.result IS
'reversible; differs: the object is not as it was; not provable: the schema is as it was, but statements change data or could not run here; failed; no down: there is no down script; not run';
COMMENT ON COLUMN migrate.verify_row.object IS 'kind and name of what differs';
COMMENT ON COLUMN migrate.verify_row.before IS 'how the object was; null: it was not there';
COMMENT ON COLUMN migrate.verify_row.after IS 'how the object is; null: it is not there';
COMMENT ON COLUMN migrate.verify_row.note IS 'which comparison, which statement, why';

CREATE FUNCTION migrate.verify(version text DEFAULT NULL,
                               project text DEFAULT NULL)
RETURNS SETOF migrate.verify_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_verify';
COMMENT ON FUNCTION migrate.verify IS
'runs up, down, up and down of a migration, or of each that is pending, in a transaction that is rolled back, and compares the schema: does each down script undo its up script?';

CREATE FUNCTION migrate.fingerprint()
RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_fingerprint';
COMMENT ON FUNCTION migrate.fingerprint IS
'a hash of the schema of this database, of everything that verify compares: the same for the same schema, whatever its OIDs';

--
-- Running
--

CREATE FUNCTION migrate.apply(target text DEFAULT NULL,
                              project text DEFAULT NULL,
                              atomic boolean DEFAULT NULL,
                              wait_for_lock boolean DEFAULT true)
RETURNS SETOF migrate.run_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_apply';
COMMENT ON FUNCTION migrate.apply IS
'runs what is pending, up to and including target; atomic insists on (true) or refuses (false) running within the caller''s transaction; with wait_for_lock false, another run under way is an error';

CREATE FUNCTION migrate.rollback(steps integer DEFAULT 1,
                                 project text DEFAULT NULL,
                                 atomic boolean DEFAULT NULL,
                                 wait_for_lock boolean DEFAULT true)
RETURNS SETOF migrate.run_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_rollback_steps';
COMMENT ON FUNCTION migrate.rollback(integer, text, boolean, boolean) IS
'runs the down scripts of the newest migrations, as many as steps says';

CREATE FUNCTION migrate.rollback(target text,
                                 project text DEFAULT NULL,
                                 atomic boolean DEFAULT NULL,
                                 wait_for_lock boolean DEFAULT true)
RETURNS SETOF migrate.run_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_rollback_target';
COMMENT ON FUNCTION migrate.rollback(text, text, boolean, boolean) IS
'runs the down scripts of every migration newer than target, newest first; target stays applied';

CREATE FUNCTION migrate.start(target text DEFAULT NULL,
                              project text DEFAULT NULL)
RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_start';
COMMENT ON FUNCTION migrate.start IS
'apply without waiting for it; returns the number of the run, which begins when the transaction commits';

CREATE FUNCTION migrate.wait(run bigint)
RETURNS SETOF migrate.run_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_wait';
COMMENT ON FUNCTION migrate.wait IS
'waits for the end of a run and returns its rows, or raises the error it ended with';

CREATE FUNCTION migrate.cancel(run bigint)
RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_cancel';
COMMENT ON FUNCTION migrate.cancel IS
'asks a run to stop, and does not wait until it has; false if it has ended already';

--
-- Settling
--

CREATE FUNCTION migrate.resolve(version text, outcome text,
                                reason text DEFAULT NULL,
                                project text DEFAULT NULL)
RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_resolve';
COMMENT ON FUNCTION migrate.resolve IS
'settles a migration by hand: applied, rolled_back or accept; version is the name for a repeatable; returns the new state';

CREATE FUNCTION migrate.baseline(version text,
                                 reason text DEFAULT NULL,
                                 project text DEFAULT NULL)
RETURNS SETOF migrate.run_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_baseline';
COMMENT ON FUNCTION migrate.baseline IS
'marks every pending migration up to version as applied without running it';

CREATE TYPE migrate.adopt_row AS (
    version text,
    name    text,
    result  text,
    applied_at timestamptz,
    applied_by text,
    note    text
);
COMMENT ON TYPE migrate.adopt_row IS 'one migration of another tool''s history or of the files: what adopt returns';
COMMENT ON COLUMN migrate.adopt_row.result IS 'adopted, unchanged (it is applied already), pending, differs (adopted; the tool ran another text), missing (no file of it is loaded), failed (and left nothing) or partial (and may have left something)';
COMMENT ON COLUMN migrate.adopt_row.applied_at IS 'as the tool has it; a timestamp without zone was read in the session''s TimeZone';
COMMENT ON COLUMN migrate.adopt_row.note IS 'the tool''s own words';

CREATE FUNCTION migrate.adopt(tool text DEFAULT NULL,
                              history_table regclass DEFAULT NULL,
                              dry_run boolean DEFAULT false,
                              project text DEFAULT NULL)
RETURNS SETOF migrate.adopt_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_adopt';
COMMENT ON FUNCTION migrate.adopt IS
'marks as applied what another tool''s history table says was applied, with its times and in its order, and runs nothing; tool and history_table are found if they are not given; the table is read with the caller''s rights and is not changed, but for a comment on it; with dry_run, only says what would be done';

--
-- Looking
--

CREATE FUNCTION migrate.status(project text DEFAULT NULL)
RETURNS SETOF migrate.status_row
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH chosen AS (
        SELECT coalesce(status.project,
                        nullif(current_setting('migrate.project', true), ''),
                        'main') AS project
    ), m AS (
        SELECT m.*, s.state, s.direction, s.checksum, s.applied_at,
               s.applied_by, s.elapsed, s.note, s.accept,
               r.run IS NOT NULL AS current,
               r.run IS NOT NULL AND (pg_is_in_recovery() OR EXISTS (
                   SELECT FROM pg_stat_activity a
                   WHERE a.pid = r.pid AND a.backend_start <= r.started_at
                   AND a.backend_type = 'migrate runner'
                   AND a.datname = current_database())) AS running,
               max(m.sort_key) FILTER (WHERE s.state = 'applied') OVER (PARTITION BY m.kind) AS newest
        FROM chosen
             JOIN migrate.migration m USING (project)
             LEFT JOIN migrate.state s ON s.migration = m.id AND s.target = ''
             LEFT JOIN migrate.run r ON r.current = m.id AND r.state = 'running'
    ), n AS (
        SELECT m.*,
               CASE WHEN running THEN 'running'
                    WHEN m.state IS NULL THEN 'pending'
                    WHEN m.state = 'applied' AND kind = 'repeatable' AND checksum <> up THEN 'pending'
                    ELSE m.state
               END AS shown
        FROM m
    )
    SELECT n.project, version, name, kind, shown, applied_at, applied_by, elapsed,
           nullif(concat_ws('; ',
               CASE WHEN shown = 'pending' AND kind = 'versioned' AND sort_key < newest
                    THEN 'out of order' END,
               CASE WHEN n.state = 'applied' AND checksum <> up
                    THEN 'edited since it was applied'
                    WHEN n.state IN ('failed', 'partial') AND direction = 'up' AND checksum <> up
                    THEN 'edited since it failed' END,
               CASE WHEN current AND NOT running
                    THEN 'interrupted, as the next run will record' END,
               CASE WHEN accept THEN 'the next edited text is accepted' END,
               n.note), ''),
           stored_at, stored_by, path
    FROM n
    ORDER BY n.kind DESC, n.sort_key;
END;
COMMENT ON FUNCTION migrate.status IS 'a row per migration, in order, and where it stands';

-- A view of two tables cannot be written through, whatever is granted on it.
CREATE VIEW migrate.history AS
    SELECT id, at, run, project, version, name, action, outcome, step, elapsed,
           checksum, session_role, role, application_name, client_addr,
           server_version, error_sqlstate, error_message, error_detail,
           error_hint, error_statement, error_line, reason, stored_by
    FROM migrate.event, (VALUES (1)) AS not_updatable;
COMMENT ON VIEW migrate.history IS
'what was done to this database, by whom, and how it ended; rows are only ever added';

CREATE VIEW migrate.runs AS
    SELECT run, project, action, target, state, started_at, ended_at,
           started_by, pid, session_role, application_name, client_addr,
           error_sqlstate, error_message
    FROM migrate.run, (VALUES (1)) AS not_updatable;
COMMENT ON VIEW migrate.runs IS 'the runs: who, when, which target, how they ended';

CREATE VIEW migrate.attempts AS
    SELECT id, at, run, project, version, name, action, step, attempt,
           statement, line, sqlstate, message, detail, lock, blockers, delay
    FROM migrate.attempt, (VALUES (1)) AS not_updatable;
COMMENT ON VIEW migrate.attempts IS
'tries of steps that waited for a lock in vain: what they waited for, and who held it';

CREATE FUNCTION migrate.progress_rows()
RETURNS SETOF migrate.progress_row
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'migrate_progress_rows';
COMMENT ON FUNCTION migrate.progress_rows IS
'the rows of the view migrate.progress; whoever may read the view may call it';

CREATE VIEW migrate.progress AS
    SELECT * FROM migrate.progress_rows();
COMMENT ON VIEW migrate.progress IS 'what is running right now, and how far it is';

--
-- Rights.  Nobody has any before the owner grants them.  A function that a view
-- calls runs with the rights of the reader: progress_rows looks by itself at
-- who may read the view.
--

REVOKE ALL ON FUNCTION migrate.register(text, text, text, text, text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.unregister(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.load(text, text, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.load(text[], text[], text, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.adopt(text, regclass, boolean, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.lint(text, text, text, text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.lint_sql(text, text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.dry_run(text, interval, boolean, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.verify(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.fingerprint() FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.rules() FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.plan(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.apply(text, text, boolean, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.rollback(integer, text, boolean, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.rollback(text, text, boolean, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.start(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.wait(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.cancel(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.resolve(text, text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.baseline(text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.status(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.ignore_replicated() FROM PUBLIC;
REVOKE ALL ON FUNCTION migrate.progress_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION migrate.progress_rows() TO PUBLIC;
