--liquibase formatted sql

--changeset alice:1
--comment: the first   table
CREATE TABLE one (id int);

   -- a comment that stays
CREATE INDEX one_id   ON one (id);
--rollback DROP INDEX one_id;
--rollback DROP TABLE one;

--changeset bob:2 splitStatements:false stripComments:false
--comment the second
SELECT 1;   SELECT
	2;
--rollback not required

--changeset "carol smith":"id three" endDelimiter:@@
CREATE FUNCTION three() RETURNS int LANGUAGE sql AS 'SELECT 3 -- @@' @@
SELECT three()
@@
/* liquibase rollback
DROP FUNCTION three();
SELECT 1;
*/

--property name:tab value:four
--property name:loc value:local_one global:false
--changeset alice:4
CREATE TABLE ${tab} (a int); -- ${loc} ${ tab } ${suffix}
--rollback DROP TABLE ${tab};

--changeset alice:5 splitStatements:false rollbackSplitStatements:true
SELECT 'five'
/
SELECT 5;

--changeset alice:6 endDelimiter:\nGO
SELECT 'GO', $go$ GO $go$ -- GO
GO
SELECT 'six and a half'
go

--changeset alice:7 runInTransaction:false context:"prod or test" labels:a,b
VACUUM one;

--changeset alice:8
SELECT 'é' || 'ü';
--ignoreLines:start
this is not SQL
--ignoreLines:end
SELECT 2;
--ignoreLines:2
nor this
nor that
SELECT 3;

--changeset alice:9 runOnChange:true
CREATE OR REPLACE VIEW v AS SELECT 1 AS a;
--rollback DROP VIEW v;

--changeset alice:10
--validCheckSum: 9:00000000000000000000000000000000
--validCheckSum: 8:11111111111111111111111111111111
SELECT 10;

--changeset alice:11
SELECT 11
/
SELECT 12
GO
--rollback changesetId:4 changesetAuthor:alice

--changeset dave:12 dbms:h2
SELECT nothing;

--changeset dave:13 dbms:postgresql,h2
SELECT 13;

--changeset dave:14
--preconditions onFail:MARK_RAN onError:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = 'one';
CREATE TABLE one (never int);

--changeset dave:15
--preconditions onFail:HALT
--precondition-sql-check expectedResult:t SELECT true
--precondition-table-exists table:ONE
SELECT 15;

--changeset dave:16 ignore:true
SELECT broken;

--changeset dave:17 failOnError:false
SELECT 17;
--rollback empty
--changeset dave:18
SELECT 18
/
