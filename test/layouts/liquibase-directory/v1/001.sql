--liquibase formatted sql
--changeset me:1
CREATE TABLE d1 (a int);
--rollback DROP TABLE d1;
