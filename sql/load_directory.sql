-- Files in a directory of the server: migrate.load(directory).
\getenv abs_srcdir PG_ABS_SRCDIR
\set shop :abs_srcdir '/examples/shop'
\set file :abs_srcdir '/examples/shop/003_countries.up.sql'
CREATE EXTENSION migrate;
CREATE ROLE regress_load_reader;
GRANT EXECUTE ON FUNCTION migrate.load(text, text, text, jsonb), migrate.status(text) TO regress_load_reader;

SET client_min_messages = warning;
SELECT kind, result, count(*) > 2 AS some, count(*) >= 25 AS many
FROM migrate.load(:'shop') GROUP BY kind, result ORDER BY kind, result;
SELECT DISTINCT result FROM migrate.load(:'shop', 'native');
SELECT count(*) FROM migrate.load(:'shop') WHERE path NOT LIKE :'shop' || '/%';
SELECT kind, min(state), max(state), count(*) > 2 AS some FROM migrate.status() GROUP BY kind ORDER BY kind;
-- the checksum is that of the file
SELECT up = encode(sha256(pg_read_binary_file(:'file')), 'hex') AS whole_file,
       path = :'file' AS path
FROM migrate.migration WHERE version = '003';
RESET client_min_messages;

DO $$
BEGIN
    PERFORM migrate.load('/no such directory');
EXCEPTION WHEN undefined_file THEN
    RAISE NOTICE '%', SQLERRM;
END
$$;
DO $$
BEGIN
    PERFORM migrate.load('');
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '% %', SQLSTATE, SQLERRM;
END
$$;
\set VERBOSITY sqlstate
SELECT * FROM migrate.load(:'file');
\set VERBOSITY default
SELECT * FROM migrate.load(NULL::text);
SELECT * FROM migrate.load(:'shop', 'none');
SELECT * FROM migrate.load(:'shop', NULL);

-- EXECUTE is not enough to read the server's files
SET ROLE regress_load_reader;
SELECT * FROM migrate.load(:'shop', project => 'reader');
SELECT * FROM migrate.load('/no such directory', project => 'reader');
RESET ROLE;
GRANT pg_read_server_files TO regress_load_reader;
SET ROLE regress_load_reader;
SET client_min_messages = warning;
SELECT count(*) > 25 AS loaded FROM migrate.load(:'shop', project => 'reader');
SELECT DISTINCT stored_by = session_user AS stored_by_session FROM migrate.status('reader');
RESET client_min_messages;
RESET ROLE;

-- the other way needs no right to read files
REVOKE ALL ON FUNCTION migrate.load(text, text, text, jsonb) FROM regress_load_reader;
SET ROLE regress_load_reader;
SELECT * FROM migrate.load(:'shop', project => 'reader');
SELECT * FROM migrate.load(ARRAY['1_a.sql'], ARRAY['SELECT 1'], project => 'reader');
RESET ROLE;

DROP EXTENSION migrate;
DROP ROLE regress_load_reader;
