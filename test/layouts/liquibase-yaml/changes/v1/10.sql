-- LiquiBase  Formatted SQL
--changeset v:1
CREATE TABLE v1 (a int);
--rollback DROP TABLE v1;