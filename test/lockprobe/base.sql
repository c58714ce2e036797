-- What the statements of statements.txt run on: a few tables of which each has
-- something that a lock, a scan or a rewrite depends on.  Goes into an empty
-- database called lab; used by t/084_lockprobe.
create extension if not exists citext;
create type mood as enum ('a','b','c');
create type comp as (x int, y text);
create domain posint as int check (value > 0);
create domain plainint as int;
create table parent (id int primary key, code text unique, extra int);
insert into parent select g, 'c'||g, g from generate_series(1,500) g;
create table t (id int primary key, a int, b text, v varchar(10), n numeric(10,2), ts timestamp, tz timestamptz, pid int, ct citext, m mood, j json, nn int not null, ck int check (ck > 0), dm posint, pd plainint, c10 char(10), iv interval, bt bit varying(10), tm time(3), cd cidr, big bigint, u uuid, ip inet);
insert into t select g, g, 'b'||g, 'v'||g, g, now(), now(), g%500+1, 'x', 'a', '{}', g, g, g, g, 'q', '1 day', B'101', '10:00', '10.0.0.0/8', g, null, '10.0.0.1' from generate_series(1,1000) g;
create index t_a_idx on t(a); create index t_v_idx on t(v); create index t_lowerv_idx on t(lower(v)); create index t_part_idx on t(b) where b is not null; create index t_ts_idx on t(ts);
create unique index t_big_uq on t(big);
alter table t add constraint t_a_nn check (a is not null);
alter table t add constraint t_b_nn_nv check (b is not null) not valid;
alter table t add constraint t_vlen check (length(v) < 100);
alter table t add constraint t_multi check (pid is not null and pid > 0);
create table child (id int primary key, t_id int references t(id), p_id int);
insert into child select g, g, g%500+1 from generate_series(1,800) g;
create index child_tid on child(t_id);
alter table child add constraint child_p_fk foreign key (p_id) references parent(id) not valid;
create table vtp (k varchar(10) primary key); insert into vtp select 'k'||g from generate_series(1,100) g;
create table vtc (id int primary key, k varchar(10) references vtp(k)); insert into vtc select g,'k'||(g%100+1) from generate_series(1,300) g;
create table pt (id int not null, d int, s text) partition by range (id);
create table pt1 partition of pt for values from (1) to (1000);
create table pt2 partition of pt for values from (1000) to (2000);
insert into pt select g,g,'s' from generate_series(1,1999) g;
create table ptx (id int not null, d int, s text) partition by range (id);
create table ptx1 partition of ptx for values from (1) to (1000);
create table ptxdef partition of ptx default;
insert into ptx select g,g,'s' from generate_series(1,999) g; insert into ptx select g,g,'s' from generate_series(5000,5999) g;
create table cand (id int not null, d int, s text); insert into cand select g,g,'s' from generate_series(2000,2999) g;
create table candck (id int not null, d int, s text, constraint candck_ck check (id >= 2000 and id < 3000)); insert into candck select g,g,'s' from generate_series(2000,2999) g;
create index pt_d_idx on pt(d);
create table inhp (id int, a int); create table inhc () inherits (inhp); insert into inhc select g,g from generate_series(1,100) g;
create view tview as select id, a from t;
create materialized view mv as select id, a from t; create unique index mv_uq on mv(id);
create sequence sq; create sequence sqown owned by t.a;
create table dtab (id int, x posint); insert into dtab select g,g from generate_series(1,100) g;
create function trgf() returns trigger language plpgsql as 'begin return new; end';
create trigger t_trg before insert on t for each row execute function trgf();
create function volf() returns int language sql volatile as 'select 1';
create function stabf() returns int language sql stable as 'select 1';
create function immf() returns int language sql immutable as 'select 1';
create table other (id int); create schema s2;
create table empty_t (id int primary key, a int, b text);
create policy pol on t using (true);
create rule rl as on delete to other do instead nothing;
create table compt (id int, c comp); insert into compt values (1,(1,'a'));
create table unl (id int primary key); insert into unl select generate_series(1,100);
create table rt (id int, x t);
drop table rt;
create statistics st1 on a,b from t;
create publication pub for table other;
cluster t using t_pkey;

-- names that have to be quoted, and a column that was dropped
create schema "My ""Schema""";
create table "My ""Schema"""."Ta ble" ("Id" int primary key, gone int, "a;b" varchar(10) check ("a;b" <> ''), n int, constraint "n''n" check (n is not null));
alter table "My ""Schema"""."Ta ble" drop column gone;
insert into "My ""Schema"""."Ta ble" select g, 'x', g from generate_series(1, 10) g;
create index "My Index" on "My ""Schema"""."Ta ble" ("a;b");

-- a child whose columns have other numbers, and one that is there already
create table par (a int, b varchar(10), c int, constraint par_c check (c > 0), constraint par_cn check (c is not null));
create table kid (x int, gone int, c int, b varchar(10), a int, constraint par_c check (c > 0), constraint par_cn check (c is not null));
alter table kid drop column gone;
alter table kid inherit par;
insert into kid select g, g, 'b', g from generate_series(1, 10) g;
create index kid_b on kid (b) where b is not null;
create index kid_a on kid (a);

-- a tree of partitions with foreign keys on both sides
create table ref (id bigint primary key);
insert into ref select g from generate_series(1, 10) g;
create table tree (id int, k int, r bigint references ref(id), v varchar(10), primary key (id, k)) partition by range (id);
create table tree1 partition of tree for values from (1) to (100) partition by list (k);
create table tree11 partition of tree1 for values in (1);
create table tree1d partition of tree1 default;
create table tree2 (v varchar(10), gone int, r bigint, k int not null, id int not null);
alter table tree2 drop column gone;
alter table tree attach partition tree2 for values from (100) to (200);
insert into tree select g, g % 3, g % 10 + 1, 'v' from generate_series(1, 199) g;
create table leaf (tid int, tk int, constraint leaf_fk foreign key (tid, tk) references tree (id, k));
insert into leaf select id, k from tree;
create table treecand (v varchar(10), r bigint, k int not null, id int not null, constraint treecand_b check (id >= 200 and id < 300));
insert into treecand select 'v', 1, 1, g from generate_series(200, 250) g;
create unique index treecand_u on treecand (id, k);
create table emptycand (like tree);

-- what is moved with its table
create role lab_owner;
create access method heap2 type table handler heap_tableam_handler;
create unlogged table ul (id int generated always as identity primary key, s serial, t text);
insert into ul (t) values ('x');
create type comp3 as (a int);
create table typed of comp3;
insert into typed values (1);
create foreign data wrapper nothing;
create server nowhere foreign data wrapper nothing;
create foreign table ft (a int) server nowhere;

-- defaults, domains and proofs
create domain defdom as int default 7;
create function plvol() returns int language plpgsql volatile as 'begin return 1; end';
create function plimm() returns int language plpgsql immutable as 'begin return 1; end';
create function plok(int) returns bool language plpgsql immutable as 'begin return true; end';
create table proof (a int, b int, c int, d int not null, check (a is not null and plok(a)), check (b > 0 and b is not null), check (c is not null or a is null));
insert into proof values (1, 1, 1, 1);
create index proof_a on proof (a);
create table gen (a int, g int generated always as (a * 2) stored, t text);
insert into gen values (1, default, 'x');
create index gen_g on gen (g);
create table self (id int primary key, up int references self(id));
insert into self values (1, 1);
analyze;
