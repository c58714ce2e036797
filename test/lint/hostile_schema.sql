-- The schema of the hostile scripts that the rewrites of lint are tried on.
CREATE SCHEMA "My App";
SET search_path = "My App", public;
CREATE TYPE "Mood" AS ENUM ('so', 'so so');
CREATE DOMAIN "Größe" AS int DEFAULT 1 CHECK (value > 0) CHECK (value < 1000);
CREATE TABLE "Order Items" (
	"Id" bigint PRIMARY KEY,
	"Größe" int,
	"a,b" text,
	"select" timestamp,
	mood "Mood",
	"it's" varchar(20)
);
CREATE TABLE "Kunden_äöü_Ω" ("Nr" int PRIMARY KEY, "Straße" text, "Key" text);
CREATE TABLE parent (id bigint, a int, b text, c text);
CREATE TABLE child (extra int) INHERITS (parent);
CREATE TABLE "P" ("Id" bigint NOT NULL, "D" date NOT NULL, v int, customer int) PARTITION BY RANGE ("Id");
CREATE TABLE "P 1" PARTITION OF "P" FOR VALUES FROM (1) TO (2000);
CREATE TABLE "P 2" PARTITION OF "P" FOR VALUES FROM (2000) TO (9000) PARTITION BY RANGE ("D");
CREATE TABLE "P 2a" PARTITION OF "P 2" FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE "New P" ("Id" bigint NOT NULL, "D" date NOT NULL, v int, customer int);
CREATE TABLE nopk (a int, b text);
CREATE VIEW "Items" AS SELECT "Id", "Größe" FROM "Order Items";
CREATE INDEX "I x" ON "Order Items" ("Größe");
CREATE FUNCTION "Tick"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
INSERT INTO "Order Items" SELECT n, n, 'x' || n, now(), 'so', n FROM generate_series(1, 20000) n;
INSERT INTO "Kunden_äöü_Ω" SELECT n, 's' || n, 'k' || n FROM generate_series(1, 20000) n;
INSERT INTO parent SELECT n, n, 'b', 'c' FROM generate_series(1, 5000) n;
INSERT INTO child SELECT n, n, 'b', 'c', n FROM generate_series(1, 5000) n;
INSERT INTO "P" SELECT n, '2020-05-05', n, n FROM generate_series(1, 5000) n;
INSERT INTO "New P" SELECT n, '2020-05-05', n, n FROM generate_series(9000, 12000) n;
INSERT INTO nopk SELECT n, 'b' FROM generate_series(1, 5000) n;
ANALYZE;
