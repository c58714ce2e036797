# The shadow of the catalog is the catalog that will be.  Each script runs on a
# server in a transaction that is rolled back; the relations that are there then
# are compared with those that plan() expects to be there after the script: a
# second migration that drops all schemas names them all.  So it is the names that
# are compared, of tables, indexes, sequences, views and composite types, most of
# which the server chooses, and what goes along with what.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use JSON::PP;
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

# thousands of answers
no warnings 'redefine';
*MigrateTest::Session::note = sub { };
use warnings 'redefine';

my $node = new_server('shadow', conf => <<'CONF');
log_min_messages = warning
log_statement = none
fsync = off
CONF

$node->safe_psql('postgres', 'CREATE DATABASE lab');
$node->safe_psql('lab',
	"CREATE EXTENSION migrate;\n" . slurp_file("$FindBin::RealBin/../lockprobe/base.sql"));

my $session = session($node, 'lab');

# What plan() expects to be in these schemas after the script.
sub expected
{
	my ($script) = @_;
	my ($out, $err) = $session->query(<<"SQL");
BEGIN;
SELECT 1 FROM migrate.register('1', 'script', \$script\$$script\$script\$);
SELECT 1 FROM migrate.register('2', 'drop', 'DROP SCHEMA public, s2, s3, s4 CASCADE');
SELECT relations FROM migrate.plan() WHERE version = '2';
ROLLBACK
SQL
	my ($relations) = grep { /^\[/ } split(/\n/, $out);

	return ["plan() failed: $err"] if !$relations;
	return [ sort grep { /^(?:public|s\d)\./ } map { $_->{relation} } @{ decode_json($relations) } ];
}

# What is there when the script has run; undef: it fails here.
sub found
{
	my ($script) = @_;
	my ($out, $err) = $session->query(<<"SQL");
BEGIN;
$script;
SELECT json_agg(n.nspname || '.' || c.relname) FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname ~ '^(public|s[0-9])\$';
ROLLBACK
SQL

	if ($err =~ /^ERROR/m)
	{
		$session->query('ROLLBACK');
		return undef;
	}
	my ($names) = grep { /^\[/ } split(/\n/, $out);
	return [ sort @{ decode_json($names) } ];
}

my @scripts = grep { /\S/ } split(/\n/, join('', <DATA>));
my $judged = 0;

foreach my $script (@scripts)
{
	my $found = found($script);

	if (!$found)
	{
		diag("refused by this server: $script");
		next;
	}
	$judged++;
	is_deeply(expected($script), $found, $script);
}
cmp_ok($judged, '>', @scripts - 5, "$judged scripts were judged");

$session->quit;
done_testing();

__DATA__
create table n1 (id int primary key, a int unique, b text not null default 'x', c int check (c > 0), check (a > c), d serial, e bigint generated always as identity, f int generated always as (a+1) stored)
create table n1 (id int, pid int references parent, pid2 int references parent(id), code text, foreign key (code) references parent(code), foreign key (pid) references parent(id))
create table n1 (a int, b int, unique (a,b), unique (b) include (a), primary key (a, b), exclude using btree (a with =), constraint foo check (a > 0))
create table n1 (like t)
create table n1 (like t including all)
create table n1 (x int, like pt including indexes including constraints including defaults)
create table n1 () inherits (inhp)
create table n1 (z int not null, a int not null) inherits (inhp)
create table pt3 partition of pt for values from (3000) to (4000)
create table pt3 partition of pt (constraint zz check (d > 3), d default 4) default
create table ptx3 partition of ptx for values from (30000) to (40000) partition by range (id); create table ptx31 partition of ptx3 for values from (30000) to (31000)
alter table pt add primary key (id); create table pt3 partition of pt for values from (3000) to (4000)
alter table pt add primary key (id)
alter table pt add unique (id, d)
create table n1 (id int primary key, b int) partition by hash (id); create table n1a partition of n1 for values with (modulus 2, remainder 0); create table n1b partition of n1 for values with (modulus 2, remainder 1); create index on n1(b); create index nn on n1 (b, id)
create table n1 (id int, b int) partition by hash (id); create table n1a partition of n1 for values with (modulus 2, remainder 0); create index ii on only n1(b); create index ia on n1a(b); alter index ii attach partition ia
create table n1 (id int, b int) partition by hash (id); create table n1a (id int, b int); create index on n1a (b); create index on n1(b); alter table n1 attach partition n1a for values with (modulus 2, remainder 0)
create table n1 (id int, b int) partition by range (id); create table n1a (id int, b int); alter table n1 attach partition n1a default; alter table n1 detach partition n1a
alter table pt detach partition pt2
alter table ptx detach partition ptxdef; drop table ptxdef
alter table pt attach partition cand for values from (2000) to (3000)
create table n1 of comp
create table n1 as select * from t
create table n1 (x,y) as select id, a from t
create table n1 as select id, a+1, lower(b), count(*) c, t.v::text from t group by 1,2,3,5 with no data
select id, a into n1 from t
create table n1 as select t.*, p.code from t join parent p on p.id = t.pid
create table n1 as with q as (select id, code from parent) select * from q
create table n1 as values (1,2),(3,4)
create table n1 as select 1 as x union select 2
create view n1 as select * from tview
create view n1 (x) as select id, a from t; create or replace view n1 (x) as select id, a, b from t
create materialized view n1 as select id, a from t; create unique index on n1 (id)
create unlogged table n1 (id serial primary key)
create table if not exists t (zz int)
alter table t add column x int
alter table t add column if not exists a int
alter table t add column x int default 3 not null check (x > 0), add column y serial unique
alter table t add column x int references parent
alter table t add column x int generated always as identity
alter table t drop column if exists nosuch
alter table t drop column pid
alter table parent drop column id cascade
alter table t alter column b set not null, alter column b set default 'q'
alter table t alter column nn drop not null
alter table t alter column nn add generated always as identity; alter table t alter column nn set generated by default; alter table t alter column nn drop identity
alter table t add column g int generated always as (a+1) stored; alter table t alter column g drop expression
alter table t add unique (nn); alter table t add unique (nn)
alter table t add constraint c1 unique using index t_big_uq
alter table t add unique using index t_big_uq
create unique index q on other (id); alter table other add primary key using index q
alter table t add exclude using btree (a with =)
alter table child add foreign key (p_id) references parent not valid; alter table child validate constraint child_p_fk
alter table child validate constraint child_p_fk
alter table child drop constraint child_t_id_fkey
alter table t drop constraint t_pkey cascade
alter table t drop constraint if exists nosuch
alter table t rename to t9; alter table t9 rename column a to aa; alter table t9 rename constraint t_a_nn to zz
alter table t rename constraint t_pkey to zz
alter index t_pkey rename to zz
alter index t_a_idx rename to t_a2
alter table t set schema s2
alter table unl set logged
alter table t replica identity full; alter table parent replica identity using index parent_pkey
alter table t enable row level security; alter table t disable row level security; alter table parent enable row level security
alter table t cluster on t_a_idx
alter table t set without cluster
alter table pt add column z int default 4 check (z > 0)
alter table pt drop column d
alter table pt alter column d set not null; alter table pt rename column d to dd
alter table pt add constraint pck check (d > 0); alter table pt rename constraint pck to pck2
alter table pt add constraint pck check (d > 0); alter table pt drop constraint pck
alter table inhp add column zz int
alter table inhp drop column a
alter table inhp rename column a to b
alter table inhc no inherit inhp; alter table inhc inherit inhp
create index on t (a, b); create index on t (a, b); create index on t (lower(b)); create index on t ((a+1)); create index on t (a, (a+1), (a+2)); create unique index on t (id) include (a) where a > 3
create index if not exists t_a_idx on t (b)
create index on mv (a)
drop index t_a_idx
drop index pt_d_idx
drop index if exists nosuch
drop table child
drop table t cascade
drop table parent cascade
drop table pt
drop table pt2
drop table inhp cascade
drop table if exists nosuch, other
drop view tview
drop materialized view mv
drop sequence sq; drop sequence sqown
drop schema s2
create schema s3; create table s3.n1 (id serial); create view s3.v as select * from s3.n1; drop schema s3 cascade
create schema s3 create table n1 (id int) create view v as select * from n1
create schema s3; alter table t set schema s3; alter schema s3 rename to s4; alter table s4.t add column z int
alter schema s2 rename to s3; create table s3.x (id int)
alter type comp add attribute z int, drop attribute y
alter type comp rename attribute x to xx
create type c2 as (a int, b text); create table n1 of c2; alter type c2 rename to c3
create type c2 as (a int, b text); drop type c2
drop type mood cascade
drop domain posint cascade
create table n1 (id int, id2 int constraint foo not null constraint bar references parent on delete cascade constraint baz unique)
create table abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz (abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz int primary key, b serial, c int unique references parent)
create table n1 (id int); create table n1_pkey (id int); alter table n1 add primary key (id)
create table n1 (a int); create table n1_a (b int, unique (b)); create index on n1_a (b); alter table n1 add unique (a)
create table n1 (id int primary key); create table n2 (id int references n1, id2 int references n2(id), primary key (id)); drop table n1 cascade
create table n1 (id int primary key unique, a int unique, unique(a))
truncate t cascade
alter view tview rename to tv; alter view tv rename column a to aa
alter view tview set schema s2
alter sequence sq rename to sq2; alter sequence sq2 set schema s2
alter materialized view mv rename to mv3
drop index t_v_idx, t_a_idx; create index t_a_idx on parent (code)
alter table vtp alter column k type text
alter table child rename column t_id to tid; alter table t rename column id to idd
create table n1 (a int, b int generated by default as identity (start 3) primary key); alter table n1 drop column b; alter table n1 add column b int
create table n1 (a int) with (fillfactor=50); comment on table n1 is 'x'; alter table n1 set (fillfactor=60); analyze n1; grant select on n1 to public
create table n1 (like t including indexes); create table n2 (like child including all)
create table n1 (a int, b int, primary key (b, a), foreign key (a, b) references n1)
do $$begin end$$; set local lock_timeout = '3s'; lock table t; create table n1 (id int)
create sequence s3; create sequence if not exists s3; alter sequence s3 owned by child.p_id; alter table child drop column p_id
alter table child drop column t_id
alter table child add column x serial, drop column p_id, add column p_id text unique
create schema s3; set search_path = s3, public; create table n1 (id int primary key); create table t (id int); drop table t; create index on t (nn)
create schema s3; select set_config('search_path', 's3', false); create table n1 (id int unique); select pg_catalog.set_config('search_path', '', false); create index on public.t (nn)
create schema s3; set search_path to s3; create table n1 (id serial); reset search_path; create table n2 (id int)
create temp table t (zz int primary key); alter table t add column q int unique; drop table t; create index on t (nn)
do $$begin end$$; create type e1 as enum ('a'); create table n1 (e e1 primary key, s serial); drop type e1 cascade
select id, a into n1 from t; create index on n1 (a)
