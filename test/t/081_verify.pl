# verify(): which down scripts undo their up scripts, and what the others leave;
# nothing of it stays.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_server('verify', conf => 'restart_after_crash = on');

# What verify says, as [result, object, before, after, note] lists by name.
sub verified
{
	my ($database, $arguments) = @_;
	my %rows;

	foreach my $line (split /\x1e/, $node->safe_psql($database, <<"SQL"))
SELECT string_agg(concat_ws(E'\\x1f', name, result, coalesce(object, '-'), coalesce(before, '-'), coalesce(after, '-'), coalesce(note, '-')), E'\\x1e')
FROM migrate.verify($arguments);
SQL
	{
		my ($name, @row) = split /\x1f/, $line;

		push @{ $rows{$name} }, \@row;
	}
	return \%rows;
}

# Stores [name, up, down] under the versions 1, 2, ...
sub store
{
	my ($database, @cases) = @_;
	my $n = 0;

	register($node, $database, map { [ ++$n, @$_ ] } @cases);
	return;
}

# All of the schema that pg_dump shows.
sub schema_of
{
	my ($database) = @_;
	my ($out) = run_command([ 'pg_dump', '--schema-only', '-h', $node->host, '-p', $node->port, $database ]);

	# a random word of each dump
	$out =~ s/^\\(un)?restrict .*$//mg;
	return $out;
}

$node->safe_psql('postgres', 'CREATE ROLE app');

# Down scripts that forget something: [name, what is there before, up, down,
# what verify says].  An up script that runs on what its down left should
# succeed, so that what differs is the one thing that is said.
my $forget = 'SELECT 1';
my @forgetful = (
	[
		'an index', 'CREATE TABLE f1 (a int)', 'CREATE INDEX IF NOT EXISTS f1_a ON f1 (a)', $forget,
		[ 'index public.f1_a', '-', 'CREATE INDEX f1_a ON public.f1 USING btree (a)' ]
	],
	[
		'a comment', 'CREATE TABLE f2 (a int)', q(COMMENT ON TABLE f2 IS 'it''s'), $forget,
		[ 'table public.f2', 'comment: (none set)', q(comment: it's) ]
	],
	[
		'a grant', 'CREATE TABLE f3 (a int)', 'GRANT SELECT ON f3 TO app', $forget,
		[
			'table public.f3',
			'privileges: (none set)',
			qr/^privileges: app=r\/postgres, postgres=arwdDxtm?\/postgres$/
		]
	],
	[
		'a grant on a column', 'CREATE TABLE f4 (a int, b int)', 'GRANT UPDATE (b) ON f4 TO app', $forget,
		[ 'table column public.f4.b', 'privileges: (none set)', 'privileges: app=w/postgres' ]
	],
	[
		'a default', 'CREATE TABLE f5 (a int)', 'ALTER TABLE f5 ALTER a SET DEFAULT 5', $forget,
		[ 'table column public.f5.a', 'integer', 'integer DEFAULT 5' ]
	],
	[
		'the order of columns', 'CREATE TABLE f6 (a int, b int, c int)',
		'ALTER TABLE f6 DROP COLUMN b', 'ALTER TABLE f6 ADD COLUMN b int',
		[
			'table public.f6',
			'column order: a, b, c',
			'column order: a, c, b',
			'after down; only the order of its columns differs'
		],
		'statement 1 of up (ALTER TABLE, which drops the data of table column public.f6.b)'
	],
	[
		'a value of an enum', q(CREATE TYPE f7 AS ENUM ('a', 'c')), q(ALTER TYPE f7 ADD VALUE IF NOT EXISTS 'b' BEFORE 'c'),
		$forget, [ 'type public.f7', q[ENUM ('a', 'c')], q[ENUM ('a', 'b', 'c')] ]
	],
	[
		'the body of a function', 'CREATE FUNCTION f8() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
		'CREATE OR REPLACE FUNCTION f8() RETURNS int LANGUAGE sql AS $$SELECT 2$$', $forget,
		[ 'function public.f8()', qr/\$function\$SELECT 1\$function\$/, qr/\$function\$SELECT 2\$function\$/ ]
	],
	[
		'the state of a trigger',
		'CREATE TABLE f9 (a int); CREATE TRIGGER t BEFORE UPDATE ON f9 FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
		'ALTER TABLE f9 DISABLE TRIGGER t', $forget,
		[ 'trigger t on public.f9', 'state: enabled', 'state: disabled' ]
	],
	[
		'an owner', 'CREATE TABLE f10 (a int)', 'ALTER TABLE f10 OWNER TO app', $forget,
		[ 'table public.f10', 'owner: postgres', 'owner: app' ]
	],
	[
		'row security', 'CREATE TABLE f11 (a int)',
		'ALTER TABLE f11 ENABLE ROW LEVEL SECURITY; ALTER TABLE f11 FORCE ROW LEVEL SECURITY',
		'ALTER TABLE f11 NO FORCE ROW LEVEL SECURITY',
		[ 'table public.f11', 'row security: (none set)', 'row security: enabled' ]
	],
	[
		'a policy', 'CREATE TABLE f12 (a int)',
		'DROP POLICY IF EXISTS p ON f12; CREATE POLICY p ON f12 FOR UPDATE TO app USING (a > 1) WITH CHECK (a > 2)', $forget,
		[ 'policy p on public.f12', '-', 'PERMISSIVE FOR UPDATE TO app USING ((a > 1)) WITH CHECK ((a > 2))' ]
	],
	[
		'the owner of a sequence', 'CREATE TABLE f13 (a int); CREATE SEQUENCE f13_s', 'ALTER SEQUENCE f13_s OWNED BY f13.a', $forget,
		[ 'sequence public.f13_s', 'owned by: (none set)', 'owned by: public.f13.a' ]
	],
	[
		'a parameter of a sequence', 'CREATE SEQUENCE f14', 'ALTER SEQUENCE f14 INCREMENT 5', $forget,
		[
			'sequence public.f14',
			'AS bigint START 1 INCREMENT 1 MINVALUE 1 MAXVALUE 9223372036854775807 CACHE 1',
			'AS bigint START 1 INCREMENT 5 MINVALUE 1 MAXVALUE 9223372036854775807 CACHE 1'
		]
	],
	[
		'a partition', 'CREATE TABLE f15 (a int PRIMARY KEY, b text NOT NULL) PARTITION BY RANGE (a); CREATE INDEX ON f15 (b)',
		'CREATE TABLE IF NOT EXISTS f15_1 PARTITION OF f15 FOR VALUES FROM (1) TO (9)', $forget,
		[ 'table public.f15_1', '-', 'table' ]
	],
	[
		'a column of a partitioned table',
		'CREATE TABLE f16 (a int) PARTITION BY LIST (a); CREATE TABLE f16_1 PARTITION OF f16 FOR VALUES IN (1)',
		'ALTER TABLE f16 ADD COLUMN IF NOT EXISTS b int NOT NULL DEFAULT 0', $forget,
		[ 'table column public.f16.b', '-', 'integer NOT NULL DEFAULT 0' ]
	],
	[
		'a trigger of a partitioned table',
		'CREATE TABLE f17 (a int) PARTITION BY LIST (a); CREATE TABLE f17_1 PARTITION OF f17 FOR VALUES IN (1)',
		'CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON f17 FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
		$forget, [ 'trigger t on public.f17', '-', qr/^CREATE TRIGGER t BEFORE UPDATE ON public.f17 / ]
	],
	[
		'a replica identity', 'CREATE TABLE f18 (a int)', 'ALTER TABLE f18 REPLICA IDENTITY FULL', $forget,
		[ 'table public.f18', 'replica identity: (none set)', 'replica identity: full' ]
	],
	[
		'the storage of a column', 'CREATE TABLE f19 (a text)', 'ALTER TABLE f19 ALTER a SET STORAGE EXTERNAL', $forget,
		[ 'table column public.f19.a', 'storage: (none set)', 'storage: external' ]
	],
	[
		'a statistics target', 'CREATE TABLE f20 (a text)', 'ALTER TABLE f20 ALTER a SET STATISTICS 500', $forget,
		[ 'table column public.f20.a', 'statistics target: (none set)', 'statistics target: 500' ]
	],
	[
		'a statistics object', 'CREATE TABLE f21 (a int, b int)', 'CREATE STATISTICS IF NOT EXISTS f21_s ON a, b FROM f21', $forget,
		[ 'statistics object public.f21_s', '-', 'CREATE STATISTICS public.f21_s ON a, b FROM public.f21' ]
	],
	[
		'a table of a publication', 'CREATE TABLE f22 (a int, b int); CREATE PUBLICATION f22_p',
		'ALTER PUBLICATION f22_p SET TABLE f22 (a) WHERE (a > 0)', $forget,
		[ 'publication relation public.f22 in publication f22_p', '-', 'TABLE (a) WHERE (a > 0)' ]
	],
	[
		'a publication', '', 'DROP PUBLICATION IF EXISTS f23; CREATE PUBLICATION f23', $forget,
		[ 'publication f23', '-', qr/"pubinsert": true/ ]
	],
	[
		'NOT NULL', 'CREATE TABLE f24 (a int)', 'ALTER TABLE f24 ALTER a SET NOT NULL', $forget,
		[ 'table column public.f24.a', 'integer', 'integer NOT NULL' ]
	],
	[
		'that a constraint was not validated', 'CREATE TABLE f25 (a int); ALTER TABLE f25 ADD CONSTRAINT c CHECK (a > 0) NOT VALID',
		'ALTER TABLE f25 VALIDATE CONSTRAINT c', $forget,
		[ 'table constraint c on public.f25', 'CHECK ((a > 0)) NOT VALID', 'CHECK ((a > 0))' ]
	],
	[
		'the query of a view', 'CREATE VIEW f26 AS SELECT 1 AS a', 'CREATE OR REPLACE VIEW f26 AS SELECT 2 AS a', $forget,
		[ 'view public.f26', qr/SELECT 1 AS a/, qr/SELECT 2 AS a/ ]
	],
	[
		'an option of a view', 'CREATE VIEW f27 AS SELECT 1 AS a', 'ALTER VIEW f27 SET (security_barrier)', $forget,
		[ 'view public.f27', 'options: (none set)', 'options: security_barrier=true' ]
	],
	[
		'options of a table', 'CREATE TABLE f28 (a text)',
		'ALTER TABLE f28 SET (fillfactor = 50, toast.autovacuum_enabled = off)', $forget,
		[
			'table public.f28',
			"options: (none set)\noptions of the TOAST table: (none set)",
			"options: fillfactor=50\noptions of the TOAST table: autovacuum_enabled=off"
		]
	],
	[
		'a type', 'CREATE TABLE f29 (a varchar(10))', 'ALTER TABLE f29 ALTER a TYPE varchar(20)', $forget,
		[ 'table column public.f29.a', 'character varying(10)', 'character varying(20)' ]
	],
	[
		'that a table was logged', 'CREATE TABLE f30 (a int)', 'ALTER TABLE f30 SET UNLOGGED', $forget,
		[ 'table public.f30', 'persistence: (none set)', 'persistence: unlogged' ]
	],
	[
		'default privileges', '', 'ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO PUBLIC', $forget,
		[ 'default acl for role app on tables', '-', qr/^=r\/app, app=arwdDxtm?\/app$/ ]
	],
	[
		'a constraint of a domain', 'CREATE DOMAIN f32 AS int',
		'ALTER DOMAIN f32 DROP CONSTRAINT IF EXISTS c; ALTER DOMAIN f32 ADD CONSTRAINT c CHECK (VALUE > 0)', $forget,
		[ 'domain constraint c on public.f32', '-', 'CHECK ((VALUE > 0))' ]
	],
	[
		'a schema', '', 'CREATE SCHEMA IF NOT EXISTS f33; CREATE TABLE IF NOT EXISTS f33.t (a int PRIMARY KEY)', 'DROP TABLE f33.t',
		[ 'schema f33', '-', 'schema' ]
	],
	[
		'the compression of a column', 'CREATE TABLE f34 (a text)', 'ALTER TABLE f34 ALTER a SET COMPRESSION pglz', $forget,
		[ 'table column public.f34.a', 'compression: (none set)', 'compression: pglz' ]
	],
	[
		'a rule', 'CREATE TABLE f35 (a int)', 'CREATE OR REPLACE RULE r AS ON DELETE TO f35 DO INSTEAD NOTHING', $forget,
		[ 'rule r on public.f35', '-', qr/^CREATE RULE r AS\s+ON DELETE TO public.f35 DO INSTEAD NOTHING;$/ ]
	],
	[
		'how an identity is generated', 'CREATE TABLE f36 (a int GENERATED BY DEFAULT AS IDENTITY)',
		'ALTER TABLE f36 ALTER a SET GENERATED ALWAYS', $forget,
		[
			'table column public.f36.a',
			'integer NOT NULL GENERATED BY DEFAULT AS IDENTITY',
			'integer NOT NULL GENERATED ALWAYS AS IDENTITY'
		]
	],
	[
		'what to cluster on', 'CREATE TABLE f37 (a int PRIMARY KEY)', 'ALTER TABLE f37 CLUSTER ON f37_pkey', $forget,
		[ 'index public.f37_pkey', 'clustered: (none set)', 'clustered: yes' ]
	],
	[
		'the triggers of a foreign key', 'CREATE TABLE f38 (a int PRIMARY KEY, b int CONSTRAINT fk REFERENCES f38)',
		'ALTER TABLE f38 DISABLE TRIGGER ALL', $forget,
		[ 'table constraint fk on public.f38', 'state of its triggers: (none set)', 'state of its triggers: disabled' ]
	],
	[
		'an option of a server', q(CREATE FOREIGN DATA WRAPPER f39; CREATE SERVER f39_s FOREIGN DATA WRAPPER f39 OPTIONS (host 'a')),
		q(ALTER SERVER f39_s OPTIONS (SET host 'b')), $forget, [ 'server f39_s', 'options: host=a', 'options: host=b' ]
	],
	[
		'a setting of the database', '', 'ALTER DATABASE forgetful SET work_mem = 12345', $forget,
		[ 'settings of the database', '-', 'work_mem=12345' ]
	],
	[
		'a mapping of text search', 'CREATE TEXT SEARCH CONFIGURATION f41 (COPY = simple)',
		'ALTER TEXT SEARCH CONFIGURATION f41 DROP MAPPING IF EXISTS FOR word', $forget,
		[ 'text search configuration public.f41', qr/^mapping: .*, 2: simple, /, qr/^mapping: 1: simple, 3: simple/ ]
	],
	[
		'a type of an attribute', 'CREATE TYPE f42 AS (a int, b int)', 'ALTER TYPE f42 ALTER ATTRIBUTE b TYPE bigint', $forget,
		[ 'composite type column public.f42.b', 'integer', 'bigint' ]
	],
	[
		'a name', 'CREATE TABLE f43 (a int)', 'ALTER TABLE IF EXISTS f43 RENAME TO "F43"', $forget,
		[ 'table public."F43"', '-',     'table' ],
		[ 'table public.f43',   'table', '-' ]
	],
	[
		'which index is the replica identity', 'CREATE TABLE f44 (a int NOT NULL); CREATE UNIQUE INDEX f44_a ON f44 (a)',
		'ALTER TABLE f44 REPLICA IDENTITY USING INDEX f44_a', 'ALTER TABLE f44 REPLICA IDENTITY NOTHING',
		[ 'table public.f44', 'replica identity: (none set)', 'replica identity: nothing' ]
	]);

# Down scripts that undo all of it: [name, what is there before, up, down].
my @faithful = (
	[
		'a table with all that belongs to it', 'CREATE TABLE g1_o (id int PRIMARY KEY)',
		'CREATE TABLE g1 (id bigserial PRIMARY KEY, o int REFERENCES g1_o, t text UNIQUE CHECK (t <> \'\')); CREATE INDEX ON g1 (lower(t));'
		  . ' CREATE TRIGGER t BEFORE UPDATE ON g1 FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();'
		  . q( COMMENT ON COLUMN g1.t IS 'text'; GRANT SELECT ON g1 TO app; INSERT INTO g1 (t) VALUES ('seed')),
		'DROP TABLE g1'
	],
	[
		'views with dependents', 'CREATE TABLE g2 (a int); CREATE VIEW g2_v AS SELECT a FROM g2; CREATE VIEW g2_w AS SELECT a FROM g2_v; GRANT SELECT ON g2_w TO app',
		'DROP VIEW g2_w; DROP VIEW g2_v; ALTER TABLE g2 ADD COLUMN b int; CREATE VIEW g2_v AS SELECT a, b FROM g2',
		'DROP VIEW g2_v; ALTER TABLE g2 DROP COLUMN b; CREATE VIEW g2_v AS SELECT a FROM g2; CREATE VIEW g2_w AS SELECT a FROM g2_v; GRANT SELECT ON g2_w TO app'
	],
	[
		'names that need quotes', 'CREATE SCHEMA "G 3"; CREATE TABLE "G 3"."a, ""b""" ("x y" int, "sel,ect" int)',
		'ALTER TABLE "G 3"."a, ""b""" ADD COLUMN "Z, z" int; CREATE INDEX "i ""1""" ON "G 3"."a, ""b""" ("x y")',
		'DROP INDEX "G 3"."i ""1"""; ALTER TABLE "G 3"."a, ""b""" DROP COLUMN "Z, z"'
	],
	[ 'a grant',   'CREATE TABLE g4 (a int)', 'GRANT SELECT, INSERT (a) ON g4 TO app', 'REVOKE ALL ON g4 FROM app' ],
	[ 'a comment', 'CREATE TABLE g5 (a int)', q(COMMENT ON COLUMN g5.a IS 'x'), 'COMMENT ON COLUMN g5.a IS NULL' ],
	[
		'types', '',
		q[CREATE TYPE g6 AS ENUM ('a'); CREATE DOMAIN g6_d AS text CHECK (VALUE <> ''); CREATE TYPE g6_c AS (e g6, d g6_d); CREATE TYPE g6_r AS RANGE (subtype = float8)],
		'DROP TYPE g6_r, g6_c; DROP DOMAIN g6_d; DROP TYPE g6'
	],
	[
		'a function', 'CREATE FUNCTION g7(a int) RETURNS int LANGUAGE sql RETURN a',
		'CREATE OR REPLACE FUNCTION g7(a int) RETURNS int LANGUAGE sql RETURN a + 1; CREATE AGGREGATE g7_sum(int) (sfunc = int4pl, stype = int)',
		'DROP AGGREGATE g7_sum(int); CREATE OR REPLACE FUNCTION g7(a int) RETURNS int LANGUAGE sql RETURN a'
	],
	[
		'a name', 'CREATE TABLE g8 (id serial PRIMARY KEY, a int); CREATE VIEW g8_v AS SELECT a FROM g8',
		'ALTER TABLE g8 RENAME TO g8_new; ALTER TABLE g8_new RENAME a TO b', 'ALTER TABLE g8_new RENAME b TO a; ALTER TABLE g8_new RENAME TO g8'
	],
	[ 'an index made concurrently', 'CREATE TABLE g9 (a int)', 'CREATE INDEX CONCURRENTLY g9_a ON g9 (a)', 'DROP INDEX CONCURRENTLY g9_a' ],
	[
		'constraints', 'CREATE TABLE g10 (a int, b int)',
		'ALTER TABLE g10 ADD CONSTRAINT c CHECK (a > 0) NOT VALID, ADD CONSTRAINT u UNIQUE (a) DEFERRABLE, ALTER b SET NOT NULL',
		'ALTER TABLE g10 DROP CONSTRAINT c, DROP CONSTRAINT u, ALTER b DROP NOT NULL'
	],
	[
		'row security', 'CREATE TABLE g11 (a int)', 'ALTER TABLE g11 ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON g11 USING (true)',
		'DROP POLICY p ON g11; ALTER TABLE g11 DISABLE ROW LEVEL SECURITY'
	],
	[
		'the owner of a sequence', 'CREATE TABLE g12 (a int); CREATE SEQUENCE g12_s',
		q(ALTER SEQUENCE g12_s OWNED BY g12.a; ALTER TABLE g12 ALTER a SET DEFAULT nextval('g12_s')),
		'ALTER TABLE g12 ALTER a DROP DEFAULT; ALTER SEQUENCE g12_s OWNED BY NONE'
	],
	[
		'partitions', 'CREATE TABLE g13 (a int, b int) PARTITION BY RANGE (a); CREATE TABLE g13_1 (a int, b int)',
		'CREATE TABLE g13_2 PARTITION OF g13 FOR VALUES FROM (10) TO (20); ALTER TABLE g13 ATTACH PARTITION g13_1 FOR VALUES FROM (1) TO (10)',
		'ALTER TABLE g13 DETACH PARTITION g13_1; DROP TABLE g13_2'
	],
	[
		'a partition detached concurrently', 'CREATE TABLE g14 (a int) PARTITION BY LIST (a); CREATE TABLE g14_1 PARTITION OF g14 FOR VALUES IN (1)',
		'ALTER TABLE g14 DETACH PARTITION g14_1 CONCURRENTLY',
		# of a partition detached concurrently, its bound stays as a constraint
		'ALTER TABLE g14_1 DROP CONSTRAINT IF EXISTS g14_1_a_check; ALTER TABLE g14 ATTACH PARTITION g14_1 FOR VALUES IN (1)'
	],
	[
		'a publication', 'CREATE TABLE g15 (a int PRIMARY KEY)', 'CREATE PUBLICATION g15_p FOR TABLE g15 WHERE (a > 0)',
		'DROP PUBLICATION g15_p'
	],
	[
		'default privileges', '', 'ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON SEQUENCES TO PUBLIC',
		'ALTER DEFAULT PRIVILEGES FOR ROLE app REVOKE SELECT ON SEQUENCES FROM PUBLIC'
	],
	[
		'what columns are like', 'CREATE TABLE g17 (a text, b varchar(10))',
		'ALTER TABLE g17 ALTER a SET STORAGE EXTERNAL, ALTER a SET STATISTICS 5, ALTER b TYPE varchar(20), ALTER b SET (n_distinct = 5)',
		'ALTER TABLE g17 ALTER a SET STORAGE EXTENDED, ALTER a SET STATISTICS -1, ALTER b TYPE varchar(10), ALTER b RESET (n_distinct)'
	],
	[ 'two transactions', 'CREATE TABLE g18 (a int)', 'BEGIN; ALTER TABLE g18 ADD b int; COMMIT; BEGIN; CREATE INDEX g18_b ON g18 (b); COMMIT', 'ALTER TABLE g18 DROP b' ],
	[ 'settings of its own', 'CREATE TABLE g19 (a date)', q(SET datestyle = 'German'; SET quote_all_identifiers = on; SELECT set_config('search_path', 'public', false); ALTER TABLE g19 ADD b date DEFAULT '1.2.2003'), 'ALTER TABLE g19 DROP b' ],
	[ 'columns that others use', 'CREATE TABLE g20 (a int, b int)', 'ALTER TABLE g20 ADD c int; REINDEX TABLE CONCURRENTLY g20; VACUUM g20', 'ALTER TABLE g20 DROP c' ]);

# What is forgotten is found, and nothing else
new_database($node, 'forgetful');
$node->safe_psql('forgetful', join ";\n", map { $_->[1] } @forgetful);
store('forgetful', map { [ @$_[ 0, 2, 3 ] ] } @forgetful);
{
	my $before = schema_of('forgetful');
	my $rows = verified('forgetful', '');

	foreach my $case (@forgetful)
	{
		my ($name, undef, undef, undef, @expected) = @$case;
		my $unproved = ref $expected[-1] ? undef : pop @expected;

		@expected = map { [ 'differs', @$_[ 0 .. 2 ], $_->[3] // 'after down' ] } @expected;
		push @expected, [ 'not provable', '-', '-', '-', "the schema does not show what these do: $unproved" ] if $unproved;
		is_like($rows->{$name}, \@expected, "forgotten: $name");
	}
	is(schema_of('forgetful'), $before, 'nothing of all that stays');
	is_clean($node, 'forgetful', 'verify');
	is_sql($node, 'forgetful', 'SELECT count(*) FROM migrate.history', '0', 'and nothing is recorded');
}

# Rows of verify, where expected values may be patterns.
sub is_like
{
	my ($got, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @patched;

	foreach my $i (0 .. $#$expected)
	{
		push @patched, [
			map {
				my $have = $got->[$i][$_];
				my $want = $expected->[$i][$_];

				ref $want && defined $have && $have =~ $want ? $have : $want
			} 0 .. 4
		];
	}
	return is_deeply($got, \@patched, $name) || diag(explain($got));
}

# What is undone is reversible
new_database($node, 'faithful');
$node->safe_psql('faithful', join ";\n", map { $_->[1] } @faithful);
store('faithful', map { [ @$_[ 0, 2, 3 ] ] } @faithful);
{
	my $before = schema_of('faithful');
	my $rows = verified('faithful', '');

	foreach my $case (@faithful)
	{
		my $note = $case->[0] =~ /concurrently/ ? qr/statement 1 of up ran without CONCURRENTLY/ :
		  $case->[0] eq 'columns that others use' ? 'statement 2 of up ran without CONCURRENTLY' : '-';

		is_like($rows->{ $case->[0] }, [ [ 'reversible', '-', '-', '-', $note ] ], "undone: $case->[0]");
	}
	is(schema_of('faithful'), $before, 'nothing of that stays either');
}

# Every object that can have a comment has the same name there as elsewhere:
# a comment on something that has no row would be lost.
new_database($node, 'named');
my @commented = (
	[ 'TABLE t',                   'table public.t' ],
	[ 'COLUMN t.a',                'table column public.t.a' ],
	[ 'CONSTRAINT c ON t',         'table constraint c on public.t' ],
	[ 'INDEX t_pkey',              'index public.t_pkey' ],
	[ 'TRIGGER r ON t',            'trigger r on public.t' ],
	[ 'RULE u ON t',               'rule u on public.t' ],
	[ 'POLICY p ON t',             'policy p on public.t' ],
	[ 'TABLE parted',              'table public.parted' ],
	[ 'INDEX parted_a_idx',        'index public.parted_a_idx' ],
	[ 'VIEW v',                    'view public.v' ],
	[ 'COLUMN v.a',                'view column public.v.a' ],
	[ 'MATERIALIZED VIEW m',       'materialized view public.m' ],
	[ 'COLUMN m.a',                'materialized view column public.m.a' ],
	[ 'SEQUENCE s',                'sequence public.s' ],
	[ 'FOREIGN TABLE f',           'foreign table public.f' ],
	[ 'COLUMN f.a',                'foreign table column public.f.a' ],
	[ 'FOREIGN DATA WRAPPER w',    'foreign-data wrapper w' ],
	[ 'SERVER w_s',                'server w_s' ],
	[ 'TYPE y',                    'type public.y' ],
	[ 'COLUMN y.a',                'composite type column public.y.a' ],
	[ 'TYPE e',                    'type public.e' ],
	[ 'TYPE g',                    'type public.g' ],
	[ 'DOMAIN d',                  'type public.d' ],
	[ 'CONSTRAINT dc ON DOMAIN d', 'domain constraint dc on public.d' ],
	[ 'FUNCTION fn(int)',          'function public.fn(integer)' ],
	[ 'PROCEDURE pr()',            'procedure public.pr()' ],
	[ 'AGGREGATE ag(int)',         'aggregate public.ag(integer)' ],
	[ 'OPERATOR ===(int, int)',    'operator public.===(integer,integer)' ],
	[ 'OPERATOR FAMILY of USING btree', 'operator family public.of USING btree' ],
	[ 'OPERATOR CLASS oc USING btree',  'operator class public.oc USING btree' ],
	[ 'CAST (y AS int)',           'cast (public.y AS integer)' ],
	[ 'COLLATION co',              'collation public.co' ],
	[ 'CONVERSION cv',             'conversion public.cv' ],
	[ 'STATISTICS st',             'statistics object public.st' ],
	[ 'TEXT SEARCH CONFIGURATION tc', 'text search configuration public.tc' ],
	[ 'TEXT SEARCH DICTIONARY td', 'text search dictionary public.td' ],
	[ 'PUBLICATION pu',            'publication pu' ],
	[ 'SUBSCRIPTION su',           'subscription su' ],
	[ 'EVENT TRIGGER et',          'event trigger et' ],
	[ 'SCHEMA "S"',                'schema "S"' ],
	[ 'SCHEMA public',             'schema public' ],
	[ 'DATABASE named',            'database' ],
	[ 'EXTENSION plpgsql',         'extension plpgsql' ],
	[ 'LANGUAGE la',               'language la' ],
	[ 'ACCESS METHOD acc',         'access method acc' ]);
$node->safe_psql('named', <<'SQL');
CREATE TABLE t (a int PRIMARY KEY, b int CONSTRAINT c CHECK (b > 0));
CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE RULE u AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE POLICY p ON t USING (true);
CREATE TABLE parted (a int) PARTITION BY LIST (a); CREATE INDEX ON parted (a);
CREATE VIEW v AS SELECT a FROM t; CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE SEQUENCE s;
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER w_s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (a int) SERVER w_s;
CREATE USER MAPPING FOR app SERVER w_s OPTIONS (password 'secret', "user" 'u');
CREATE TYPE y AS (a int); CREATE TYPE e AS ENUM (); CREATE TYPE g AS RANGE (subtype = float8);
CREATE DOMAIN d AS int CONSTRAINT dc CHECK (VALUE > 0);
CREATE FUNCTION fn(int) RETURNS int LANGUAGE sql RETURN 1; CREATE PROCEDURE pr() LANGUAGE sql AS '';
CREATE AGGREGATE ag(int) (sfunc = int4pl, stype = int);
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq);
CREATE OPERATOR FAMILY of USING btree;
CREATE OPERATOR CLASS oc FOR TYPE int USING btree AS OPERATOR 3 =, FUNCTION 1 btint4cmp(int, int);
CREATE FUNCTION y_int(y) RETURNS int LANGUAGE sql RETURN 1; CREATE CAST (y AS int) WITH FUNCTION y_int(y);
CREATE COLLATION co FROM "C"; CREATE CONVERSION cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE STATISTICS st ON a, b FROM t;
CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple); CREATE TEXT SEARCH DICTIONARY td (TEMPLATE = simple);
CREATE PUBLICATION pu; CREATE SUBSCRIPTION su CONNECTION 'password=secret' PUBLICATION pu WITH (connect = false, slot_name = NONE);
CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION ef();
CREATE SCHEMA "S"; CREATE LANGUAGE la HANDLER plpgsql_call_handler; CREATE ACCESS METHOD acc TYPE TABLE HANDLER heap_tableam_handler;
SQL
register($node, 'named', [ 1, 'comments', join(";\n", map { "COMMENT ON $_->[0] IS 'said'" } @commented), 'SELECT 1' ]);
{
	my $rows = verified('named', '')->{comments};
	my %found = map { $_->[1] => $_->[3] } @$rows;

	foreach my $case (@commented)
	{
		is($found{ $case->[1] }, 'comment: said', "a comment on $case->[0] is found");
	}
	is(scalar(@$rows), scalar(@commented), 'and nothing else differs');
}

# What a comparison of schemas does not prove
new_database($node, 'limits');
$node->safe_psql('limits', 'CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t SELECT i, i FROM generate_series(1, 9) i; CREATE SEQUENCE s');
store(
	'limits',
	[ 'writes',    "UPDATE t SET b = 0 WHERE a > 100;\nDELETE FROM t;", 'INSERT INTO t VALUES (1)' ],
	[ 'calls',     q(SELECT set_config('work_mem', '1MB', false); SELECT now(); SELECT nextval('s'); DO 'BEGIN END'), '' ],
	[ 'drops',     'CREATE TABLE u (); ALTER TABLE t DROP COLUMN b', 'ALTER TABLE t ADD b int; DROP TABLE u' ],
	[ 'converts',  'ALTER TABLE t ALTER a TYPE bigint', 'ALTER TABLE t ALTER a TYPE int' ],
	[ 'no down',   'CREATE TABLE v ()' ],
	[ 'bad down',  'CREATE TABLE w ()', "SELECT 1;\nDROP TABLE x;" ],
	[ 'not SQL',   'CREATE TABLE y ()', "SELECT 1;\nDORP TABLE y;" ],
	[ 'no rerun',  'CREATE INDEX c ON t (a)', '' ],
	[ 'good',      'CREATE TABLE z ()', 'DROP TABLE z' ],
	[ 'bad up',    'CREATE TABLE t ()', '' ],
	[ 'after it',  'CREATE TABLE aa ()', 'DROP TABLE aa' ]);
{
	my $unproved = 'the schema does not show what these do: ';
	my $rows = verified('limits', '');
	my @limits = (
		[ 'writes', [ 'not provable', '-', '-', '-', $unproved . 'statement 1 of up (UPDATE); statement 2 of up (DELETE); statement 1 of down (INSERT)' ] ],
		[ 'calls',  [ 'not provable', '-', '-', '-', $unproved . 'statement 3 of up (SELECT); statement 4 of up (DO)' ] ],
		[ 'drops',  [ 'not provable', '-', '-', '-', $unproved . 'statement 2 of up (ALTER TABLE, which drops the data of table column public.t.b)' ] ],
		[ 'converts', [ 'not provable', '-', '-', '-', $unproved . 'statement 1 of up (ALTER TABLE, which converts data of table public.t)' ] ],
		[ 'no down', [ 'no down', '-', '-', '-', '-' ] ],
		[ 'bad down', [ 'failed', '-', '-', '-', qr/^down, statement 2, line 2: 42P01: table "x" does not exist/ ] ],
		[ 'good', [ 'not run', '-', '-', '-', 'migration "7 not SQL" before it could not be run' ] ],
		[ 'not SQL',  [ 'failed', '-', '-', '-', qr/^down, line 2: 42601: syntax error at or near "DORP"/ ] ]);
	is_like($rows->{ $_->[0] }, [ @$_[ 1 .. $#$_ ] ], $_->[0]) foreach @limits;

	$node->safe_psql('limits', q(SELECT migrate.unregister('7')));
	$rows = verified('limits', '');
	is($rows->{'no rerun'}[0][1], 'index public.c', 'what is forgotten is told before the failure that it leads to');
	like($rows->{'no rerun'}[1][4], qr/^second up, statement 1, line 1: 42P07: relation "c" already exists/, 'and that failure too');
	is($rows->{good}[0][0], 'reversible', 'one after them is verified all the same');
	like($rows->{'bad up'}[0][4], qr/^up, statement 1, line 1: 42P07: relation "t" already exists/, 'an up that fails');
	is($rows->{'after it'}[0][4], 'migration "10 bad up" before it could not be run', 'what comes after it is not run');

	# one alone, on top of what is pending before it
	is_deeply(verified('limits', q('9')), { good => [ [ 'reversible', '-', '-', '-', '-' ] ] }, 'one version');
	is($node->safe_psql('limits', 'SELECT count(*) FROM t'), '9', 'the data is as it was');

	# of one that is applied, down comes first
	$node->safe_psql('limits', q(SELECT migrate.apply('5')));
	is_deeply(verified('limits', q('4')), { converts => [ [ 'not provable', '-', '-', '-', $unproved . 'statement 1 of up (ALTER TABLE, which converts data of table public.t)' ] ] },
		'one that is applied');
	is_deeply(verified('limits', q('5')), { 'no down' => [ [ 'no down', '-', '-', '-', '-' ] ] }, 'one that is applied and has no down script');
	like(($node->psql('limits', 'BEGIN; SELECT * FROM migrate.verify()'))[2],
		qr/migrate.verify\(\) needs a transaction of its own/, 'not in a transaction block');
}

# Without the rights of a superuser
new_database($node, 'rights');
$node->safe_psql('rights', 'CREATE SCHEMA AUTHORIZATION app; GRANT EXECUTE ON FUNCTION migrate.verify TO app; GRANT USAGE ON SCHEMA migrate TO app; REVOKE CONNECT ON DATABASE rights FROM PUBLIC');
store('rights', [ 'own', 'CREATE TABLE app.t (a int); COMMENT ON TABLE app.t IS $$x$$', 'DROP TABLE app.t' ], [ 'not own', 'CREATE TABLE public.t ()', 'DROP TABLE public.t' ]);
$node->safe_psql('rights', 'REVOKE CREATE ON SCHEMA public FROM PUBLIC');
is_sql($node, 'rights', q(SET ROLE app; SELECT name, result, coalesce(note, '-') FROM migrate.verify()),
	"own|reversible|-\nnot own|failed|up, statement 1, line 1: 42501: permission denied for schema public", 'scripts run as the caller');

# Locks of others, changes of others, and the end of its process
new_database($node, 'others');
$node->safe_psql('others', 'CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t');
store('others', [ 'locked', 'ALTER TABLE t ADD b int', 'ALTER TABLE t DROP b' ]);
{
	my $other = session($node, 'others');
	my $started = time;

	$other->query('BEGIN; LOCK t IN ROW EXCLUSIVE MODE');
	like(verified('others', '')->{locked}[0][4], qr/^up, statement 1, line 1: 55P03: canceling statement due to lock timeout/, 'it waits for no lock');
	cmp_ok(time - $started, '<', 30, 'not for long');
	$other->query('COMMIT');

	# the definition of a view cannot be read while its table is kept from all
	my $pid = $other->pid;
	my $asks = session($node, 'others');
	$other->query('BEGIN; LOCK t IN ACCESS EXCLUSIVE MODE');
	my ($rows, $error) = $asks->query('SELECT * FROM migrate.verify()');
	like($error, qr/^ERROR:  55P03: canceling statement due to lock timeout\nDETAIL:  Waited for AccessShareLock on relation public\.t, held by pid $pid\.\n.*^HINT:  Call it again when that is done\.$/ms,
		'who is in the way of reading the schema');
	is($rows, '', 'and no rows');
	is_clean($node, 'others', 'and nothing is left');
	$other->query('COMMIT');
	is(verified('others', '')->{locked}[0][0], 'reversible', 'afterwards it can be read');
	$asks->quit;

	# its script goes on when a table is there that another session makes
	my $wait = q(DO $$BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'meanwhile') LOOP PERFORM pg_sleep(0.01); END LOOP; END$$);
	my $caller = session($node, 'others');

	register($node, 'others', [ 2, 'waits', $wait, 'SELECT 1' ]);
	$caller->start('SELECT name, result, object, note FROM migrate.verify()');
	wait_until($node, 'others', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'migrate runner' AND query LIKE '%meanwhile%'));
	$other->query('CREATE TABLE meanwhile (a int)');
	is(scalar($caller->finish), "locked|reversible||\n"
		  . 'waits|not provable||the schema does not show what these do: statement 1 of up (DO); another session changed table public.meanwhile meanwhile',
		'what another session changes is not taken for the work of a script');

	$other->query('DROP TABLE meanwhile');
	$caller->start('SELECT name, result, object, note FROM migrate.verify()');
	wait_until($node, 'others', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'migrate runner' AND query LIKE '%meanwhile%'));
	crash($node, $node->safe_psql('others', q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'migrate runner')));
	$_->quit foreach $caller, $other;
	is_sql($node, 'others', q(SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0), 'a', 'a crash leaves nothing of it');
	is_clean($node, 'others', 'after a crash');
}

done_testing();
