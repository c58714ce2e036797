/*-------------------------------------------------------------------------
 *
 * generate.c
 *	  Makes up scripts and migration files.
 *
 * An input is a sequence of whole statements, or of tokens, or something
 * known, and then damaged a few times.  All comes from the random state, so
 * that a seed stands for its inputs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fuzz.h"

#define MAX_INPUT	16384

/* Statements and what may stand between them. */
static const char *const statements[] = {
	"SELECT 1;", "SELECT ';';\n", "select 'it''s' || E'\\'' || U&'\\0041' || $$;$$ || $a$$$;$a$;\n",
	"CREATE TABLE t (id int, name text);\n", "INSERT INTO t VALUES (1, 'a;b');\n",
	"-- a comment; with a semicolon\n", "/* a /* nested; */ comment */", "/* ' */", "-- '\r\n", "-- '\rSELECT 1;\n",
	"CREATE INDEX CONCURRENTLY ON t (id);\n", "DROP INDEX CONCURRENTLY i;\n", "VACUUM t;\n", "ANALYZE t;\n",
	"REINDEX TABLE CONCURRENTLY t;\n", "REINDEX (CONCURRENTLY true) TABLE t;\n",
	"REINDEX (CONCURRENTLY on, CONCURRENTLY off) INDEX i;\n", "REINDEX DATABASE d;\n", "CLUSTER;\n", "CLUSTER t USING i;\n",
	"ALTER TABLE p DETACH PARTITION c CONCURRENTLY;\n", "ALTER TABLE p DETACH PARTITION c FINALIZE;\n",
	"ALTER TYPE e ADD VALUE 'x';\n", "ALTER SYSTEM SET work_mem = '1MB';\n", "ALTER DATABASE d SET TABLESPACE x;\n",
	"CREATE DATABASE d;\n", "CREATE TABLESPACE s LOCATION '/x';\n",
	"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p;\n",
	"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false);\n",
	"ALTER SUBSCRIPTION s REFRESH PUBLICATION;\n", "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = off);\n",
	"ALTER SUBSCRIPTION s SET (two_phase);\n", "DROP SUBSCRIPTION s;\n",
	"BEGIN;\n", "BEGIN ISOLATION LEVEL SERIALIZABLE;\n", "START TRANSACTION;\n", "COMMIT;\n", "END;\n",
	"COMMIT PREPARED 'x';\n", "ROLLBACK PREPARED 'x';\n",
	"DO $$ BEGIN COMMIT; END; $$;\n", "DO $x$ BEGIN NULL; END $x$ LANGUAGE plpgsql;\n", "CALL p(1);\n",
	"COPY t FROM stdin;\n1\ta;b\n2\t'\n\\.\n", "COPY t (id, name) FROM STDIN WITH (FORMAT csv);\n1,\"a\nb\"\n\\.\n",
	"copy s.from from stdin;\r\n1\t$$\r\n\\.\r\n", "COPY t FROM stdin; -- a comment\n/*\n\\.\n", "COPY t FROM stdin;\n\\.\n",
	"COPY t FROM stdin;\n1\t2\n", "COPY t FROM stdout;\n1\n\\.\n",
	"COPY t TO '/x';\n", "COPY t FROM '/x';\n", "COPY t FROM PROGRAM 'x';\n", "COPY (SELECT a FROM stdin) TO '/x';\n",
	"COPY BINARY t FROM stdin;\n\\.\n", "COPY t FROM stdin WHERE a > 1;\n1\n\\.\n",
	"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END;\n",
	"CREATE FUNCTION f() RETURNS int RETURN CASE 1 WHEN 1 THEN 2 END;\n",
	"CREATE FUNCTION f(a int DEFAULT (1)) RETURNS int BEGIN ATOMIC\n  INSERT INTO t VALUES (';');\n  SELECT $$END;$$;\nEND;\n",
	"CREATE FUNCTION f() RETURNS void BEGIN ATOMIC CREATE FUNCTION g() RETURNS void BEGIN ATOMIC SELECT 1; END; END;\n",
	"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$;\n",
	"CREATE FUNCTION begin() RETURNS int LANGUAGE c AS 'x', 'y';\n", "CREATE TABLE function (\"atomic\" int, \"end\" int);\n",
	"CREATE SCHEMA s CREATE TABLE t (id int) CREATE VIEW v AS SELECT 1;\n",
	"SET standard_conforming_strings = off;\n", "SET standard_conforming_strings = on;\n",
	"SET LOCAL standard_conforming_strings TO 'off';\n", "SET standard_conforming_strings TO DEFAULT;\n",
	"SET standard_conforming_strings = 1;\n", "SET standard_conforming_strings = perhaps;\n",
	"SET standard_conforming_strings FROM CURRENT;\n",
	"SET SESSION standard_conforming_strings TO 0;\n", "SET \"standard_conforming_strings\" = off;\n",
	"RESET standard_conforming_strings;\n", "RESET ALL;\n", "DISCARD ALL;\n", "SET search_path = a, b;\n",
	"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;\n", "SET TIME ZONE INTERVAL '1' HOUR TO MINUTE;\n",
	"SELECT 'a\\';\n", "SELECT 'a\\'';\n", "SELECT E'a\\'';\n", "SELECT N'a' 'b'\n'c';\n", "SELECT B'01', X'1f';\n",
	"\\restrict abc\n", "\\unrestrict abc\r\n",
	"PREPARE q AS SELECT $1;\n", "EXECUTE q(1);\n", "EXPLAIN ANALYZE SELECT 1;\n", "DECLARE c CURSOR FOR SELECT 1;\n",
	"TABLE t;\n", "VALUES (1), (2);\n", "WITH x AS (SELECT 1) SELECT * FROM x;\n", "(SELECT 1);\n", ";", "\n", " ", "\t", "\f",
	"SELECT U&\"d\\0061t\" UESCAPE '!';\n", "SELECT U&'\\D83D\\DE00';\n", "SELECT E'\\ud83d\\ude00';\n",
	"SELECT a.b[1:2] -> 'c' #>> '{d}' @> e::f, :'v', g := 1, h => 2;\n", "SELECT 1.5e10, .5, 0x1F, 1_000, 99999999999999999999;\n",
	"SELECT a NOT BETWEEN 1 AND 2 IS NOT DISTINCT FROM NULL;\n", "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE;\n",
	"NOTIFY c, 'x';\n", "LISTEN c;\n", "LOCK t;\n", "CREATE TEMP TABLE x (a int) ON COMMIT DROP;\n",
	"GRANT SELECT ON t TO PUBLIC;\n", "COMMENT ON TABLE t IS 'x';\n", "SECURITY LABEL ON TABLE t IS 'x';\n", "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c;\n",
};

/* Statements and meta-commands that no script must contain. */
static const char *const refused[] = {
	"ROLLBACK;\n", "SAVEPOINT s;\n", "RELEASE s;\n", "ROLLBACK TO s;\n", "PREPARE TRANSACTION 'x';\n",
	"COMMIT AND CHAIN;\n", "COPY t TO stdout;\n", "COPY (SELECT 1) TO STDOUT;\n", "\\i other.sql\n", "\\connect d\n",
	"\\copy t from x\n", "\\if true\n", "\\;", "SELECT 1 \\gset\n", "SELECT 1 \\restrict a\n",
	"REINDEX (CONCURRENTLY 2) TABLE t;\n",
	"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (create_slot = 3);\n",
	"SET standard_conforming_strings = on, off;\n", "COPY t FROM stdin; SELECT 1;\n", "\\.\n", "SELECT U&'\\D83D';\n",
	"SELECT E'a\\xff';\n", "SELECT 1;\nSELECT E'\\0';\n",
	"CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b;);\n",
	"ALTER DATABASE d WITH TABLESPACE x;\n", "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC END;\n",
};

/* Pieces that mean something to somebody. */
static const char *const tokens[] = {
	"'", "\"", "''", "\"\"", "$$", "$a$", "$b$", "$1", "$", "E'", "e'", "U&'", "U&\"", "u&'", "N'", "B'", "X'", "\\", "\\\\", "\\'",
	"/*", "*/", "--", "-", "/", "*", "+", "(", ")", "[", "]", "{", "}", ";", ",", ".", "..", ":", "::", ":=", "=>", "@", "#", "~", "?", "%", "^", "|", "`", "!", "<", ">", "=",
	" ", "\n", "\r", "\r\n", "\t", "\f", "\v", "\b",
	"BEGIN", "ATOMIC", "BEGIN ATOMIC", "END", "CASE", "WHEN", "THEN", "ELSE", "COMMIT", "CREATE", "OR REPLACE", "FUNCTION", "PROCEDURE",
	"RETURNS", "RETURN", "COPY", "FROM", "TO", "stdin", "STDOUT", "FROM stdin;\n", "\\.", "\n\\.\n", "\r\n\\.\r\n", "SET", "LOCAL", "RESET", "ALL", "DISCARD",
	"standard_conforming_strings", "= off", "= on", "SELECT", "INSERT", "UPDATE", "CONCURRENTLY", "INDEX", "VACUUM", "ROLLBACK",
	"SAVEPOINT", "DO", "CALL", "WITH", "AS", "UESCAPE", "NULL", "true", "a", "t", "x1", "_", "\"a b\"", "'lit'", "$$body;$$", "1", "0", "1.5", "1e5", "1e", "0x", "99999999999999999999999",
	"\\restrict", "\\unrestrict", "\\i", "\\connect", "\\gexec", "\\set x 1\n", "\\;",
	"-- migrate:up\n", "-- migrate:down\n", "-- migrate:no-transaction\n", "--migrate:up\r\n", "  --  migrate:down  \n", "-- migrate:", "-- migrate:x\n", "-- migrate: up\n", "-- MIGRATE:UP\n",
	"\xef\xbb\xbf", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xc2\xa0", "\xe2\x80\xa8", "\xff", "\xc3", "\xf0\x9f", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\x01", "\x7f", "\x80",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

/* Parts of file names. */
static const char *const directories[] = {
	"", "", "", "a/", "/srv/x/", "../", "./", "//", "R__/", "1_a.sql/", "\\", "\xc3\xa9/",
};
static const char *const versions[] = {
	"1", "2", "01", "001", "10", "9", "1.9", "1.10", "1.2.3", "20240101120000", "0", "00", "000", "1a", "1b", "1-2", "1 2", "1.", "1..2",
	"12345678901234567890123456789012345678901234567890", "00000000000000000000000000000000000000000000001", "1\xc3\xa9", "1\xf0\x9f\x98\x80",
	"\xef\xbc\x91", "V1", "", "R__", "R_", "r__", "-1", "1'", "1\"", "1\n", "1\\", "1\xff",
};
static const char *const names[] = {
	"a", "b", "users", "add_column", "_", "__", "a.b", ".", "..", ".up", ".down", "up", "x.up", "a b", "\xc3\xa9", "\xf0\x9f\x98\x80", "a'b", "a\"b", "a\nb", "a\\b", "$$", "%s%n", "", "\x01", "-- migrate:up",
	"a_very_long_name_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on",
};
static const char *const endings[] = {
	".sql", ".sql", ".sql", ".up.sql", ".up.sql", ".down.sql", ".down.sql", ".SQL", ".up", ".sql.bak", ".txt", "", ".up.down.sql", ".sql.sql", "sql",
};

#define ANY(random, array)	((array)[below(random, lengthof(array))])

/* A number from 0 up to, excluding, n. */
static int
below(pg_prng_state *random, int n)
{
	return n > 0 ? (int) (pg_prng_uint64(random) % n) : 0;
}

/* True once in n times. */
static bool
once_in(pg_prng_state *random, int n)
{
	return below(random, n) == 0;
}

/* Puts bytes into the input at a place, as far as it may grow. */
static void
insert(StringInfo input, int at, const char *bytes, int len)
{
	char	   *copy;

	len = Min(len, MAX_INPUT - input->len);
	if (len <= 0)
		return;
	/* they may be the input's own */
	copy = palloc(len);
	memcpy(copy, bytes, len);
	enlargeStringInfo(input, len);
	memmove(input->data + at + len, input->data + at, input->len - at);
	memcpy(input->data + at, copy, len);
	input->len += len;
	input->data[input->len] = '\0';
	pfree(copy);
}

/* Takes bytes out of the input. */
static void
cut(StringInfo input, int at, int len)
{
	memmove(input->data + at, input->data + at + len, input->len - at - len);
	input->len -= len;
	input->data[input->len] = '\0';
}

/* A short range within the input; mostly very short. */
static int
range(pg_prng_state *random, const StringInfo input, int *at)
{
	int			len = 1 + below(random, once_in(random, 4) ? 200 : 8);

	*at = below(random, input->len + 1);
	return Min(len, input->len - *at);
}

/* All line ends of the input as Windows writes them. */
static void
to_crlf(StringInfo input)
{
	for (int i = 0; i < input->len; i++)
		if (input->data[i] == '\n')
			insert(input, i++, "\r", 1);
}

/* Replaces the rest of the input by the rest of a known one. */
static void
cross(pg_prng_state *random, const FuzzCorpus *corpus, StringInfo input)
{
	const StringInfoData *other;
	int			from;
	int			at;

	if (corpus->count == 0)
		return;
	other = corpus->inputs[below(random, corpus->count)];
	from = below(random, other->len);
	at = below(random, input->len + 1);
	cut(input, at, input->len - at);
	insert(input, input->len, other->data + from, other->len - from);
}

/* Damages the input once. */
static void
mutate(pg_prng_state *random, const FuzzCorpus *corpus, StringInfo input)
{
	const char *token = ANY(random, tokens);
	int			at;
	int			len = range(random, input, &at);
	char		byte;

	switch (below(random, 14))
	{
		case 0:
		case 1:
			cut(input, at, len);
			break;
		case 2:
			insert(input, below(random, input->len + 1), input->data + at, len);
			break;
		case 3:
		case 4:
		case 5:
			insert(input, at, token, strlen(token));
			break;
		case 6:
			cut(input, at, len);
			insert(input, at, token, strlen(token));
			break;
		case 7:
			byte = (char) below(random, once_in(random, 4) ? 256 : 128);
			insert(input, at, &byte, 1);
			break;
		case 8:
			if (at < input->len)
				input->data[at] ^= 1 << below(random, 8);
			break;
		case 9:
			for (int n = below(random, once_in(random, 10) ? 300 : 10); n > 0; n--)
				insert(input, at, token, strlen(token));
			break;
		case 10:
			cut(input, at, input->len - at);
			break;
		case 11:
			cross(random, corpus, input);
			break;
		case 12:
			token = ANY(random, statements);
			insert(input, at, token, strlen(token));
			break;
		case 13:
			if (once_in(random, 4))
				to_crlf(input);
			else if (once_in(random, 2))
				insert(input, 0, "\xef\xbb\xbf", 3);
			else
				insert(input, at, "\0", 1);
			break;
	}
}

/* Statements, with a comment or blank here and there. */
static void
add_statements(pg_prng_state *random, StringInfo input)
{
	for (int n = below(random, once_in(random, 10) ? 40 : 8); n >= 0; n--)
		appendStringInfoString(input, once_in(random, 40) ? ANY(random, refused) :
							   ANY(random, statements));
}

/* A script that is not damaged yet. */
static void
make_script(pg_prng_state *random, const FuzzCorpus *corpus, StringInfo input)
{
	int			way = below(random, 10);

	if (way < 5 && corpus->count > 0)
	{
		const StringInfoData *known = corpus->inputs[below(random, corpus->count)];

		appendBinaryStringInfo(input, known->data, known->len);
	}
	else if (way < 9)
		add_statements(random, input);
	else
		for (int n = below(random, 30); n >= 0; n--)
		{
			appendStringInfoString(input, ANY(random, tokens));
			if (once_in(random, 2))
				appendStringInfoChar(input, ' ');
		}
}

/* The text of a migration file. */
static void
add_file_text(pg_prng_state *random, StringInfo input)
{
	if (once_in(random, 10))
		appendStringInfoString(input, "\xef\xbb\xbf");
	for (int n = below(random, 5); n > 0; n--)
		switch (below(random, 6))
		{
			case 0:
				appendStringInfoString(input, "-- migrate:up\n");
				break;
			case 1:
				appendStringInfoString(input, "-- migrate:down\n");
				break;
			case 2:
				if (once_in(random, 4))
					appendStringInfoString(input, "-- migrate:no-transaction\n");
				break;
			case 3:
				appendStringInfoString(input, ANY(random, tokens));
				break;
			default:
				appendStringInfoString(input, ANY(random, statements));
		}
}

/* Files, some of which belong together. */
static void
make_files(pg_prng_state *random, StringInfo input)
{
	const char *version = NULL;
	const char *name = NULL;

	for (int n = below(random, 6); n >= 0; n--)
	{
		bool		again = version != NULL && once_in(random, 3);

		if (!again)
		{
			version = once_in(random, 5) ? "R__" : ANY(random, versions);
			name = ANY(random, names);
		}
		appendStringInfoString(input, ANY(random, directories));
		/* more digits than a sort key can count */
		for (int digits = once_in(random, 1000) ? 10000 : 0; digits > 0; digits--)
			appendStringInfoChar(input, '7');
		appendStringInfo(input, "%s%s%s%s", version, strcmp(version, "R__") == 0 ? "" : "_", name,
						 ANY(random, endings));
		appendStringInfoChar(input, FUZZ_PATH_END);
		add_file_text(random, input);
		appendStringInfoChar(input, FUZZ_FILE_END);
	}
}

/* The next input. */
void
fuzz_generate(FuzzKind kind, pg_prng_state *random, const FuzzCorpus *corpus,
			  StringInfo input)
{
	resetStringInfo(input);
	if (kind == FUZZ_SCRIPT)
		make_script(random, corpus, input);
	else if (corpus->count > 0 && once_in(random, 3))
	{
		const StringInfoData *known = corpus->inputs[below(random, corpus->count)];

		appendBinaryStringInfo(input, known->data, known->len);
	}
	else
		make_files(random, input);
	/* most are damaged a little, some not at all, some beyond recognition */
	for (int n = below(random, once_in(random, 4) ? 12 : 3); n > 0; n--)
		mutate(random, corpus, input);
}
